// How Python's socket module makes, closes and configures sockets, one behaviour after the other: B4, B5, B6, B12 and B16 of
// ../shared/facts/python-socket.md. Where berkeley does otherwise on purpose, the test says "unlike Python".

import { describe, expect, test } from "bun:test";
import { closeSync, openSync } from "node:fs";
import { errnoNumber } from "../ffi/errno.ts";
import {
  AF_INET,
  AF_UNIX,
  AF_VSOCK,
  IP_MULTICAST_TTL,
  IPPROTO_IP,
  SO_KEEPALIVE,
  SO_RCVBUF,
  SO_TYPE,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
} from "./support/constants.ts";
import * as all from "../src/constants.ts";
import {
  createConnection,
  createServer,
  type InetSocketAddress,
  receiveFds,
  sendFds,
  Socket,
  SocketRef,
} from "../src/index.ts";
import * as option from "../src/options.ts";
import { libc, runChild } from "./support/child.ts";
import { flagsOf, haveProc, openAs, openDescriptors, openNull } from "./support/descriptors.ts";
import { Pair } from "./support/loop.ts";
import { havePython } from "./support/peers.ts";
import { noPython, pythonSays } from "./support/python-behaviour.ts";
import { canMake, SOON, tcpListener, TcpPair, udpSocket } from "./support/sockets.ts";
import { runScript } from "./support/script.ts";
import { throwsKind, throwsNaming, wrong } from "./support/throws.ts";

const soon = { timeout: SOON };
const buffer = new Uint8Array(100);
const linux = process.platform === "linux";
const noProc = haveProc ? "" : " (needs /proc)";
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe("B4 closing", () => {
  test.skipIf(!havePython)(
    `B4 close may be repeated, and what is asked for after it is refused; the number is -1${noPython}`,
    async () => {
      const theirs = await pythonSays(`
s = socket(); s.close(); s.close()
calls = [s.getsockname, lambda: s.recv(9), lambda: s.settimeout(1), s.listen, lambda: s.shutdown(2)]
result = [s.fileno(), s.detach(), *[fails(call)[1] for call in calls]]`);
      const EBADF = errnoNumber("EBADF");
      expect(theirs).toEqual([-1, -1, EBADF, EBADF, EBADF, EBADF, EBADF]);
      const socket = new Socket(AF_INET);
      socket.close();
      socket.close();
      expect(socket.fd).toBe(-1);
      for (const call of [
        () => socket.localAddress,
        () => socket.receive(buffer),
        () => socket.listen(),
        () => socket.shutdown(),
      ]) {
        throwsKind(call, "closed"); // a kind of its own: EBADF is somebody else's doing
      }
      throwsKind(() => socket.detach(), "closed"); // unlike Python, which gives -1
      socket.timeout = 1; // unlike Python: this asks no kernel
    },
  );

  test.skipIf(!haveProc)(
    `B4 close is for one number: whoever has it next is not closed by a second close${noProc}`,
    () => {
      const socket = udpSocket();
      const { fd } = socket;
      socket.close();
      const file = openAs(fd, openNull);
      socket.close();
      expect(openDescriptors().get(fd)).toBe("/dev/null");
      file.close();
    },
  );

  test("B4 the file objects of a connection are its two web streams: it is closed when both have ended", async () => {
    await using server = await createServer({ hostname: "127.0.0.1", port: 0 });
    const { port } = server.localAddress as InetSocketAddress;
    await using client = await createConnection({ hostname: "127.0.0.1", port });
    await using served = await server.accept(soon);
    const writer = client.writable.getWriter();
    await writer.write(new TextEncoder().encode("last words"));
    await writer.close();
    expect(client.socket.closed).toBe(false); // it can still be read from
    const read = await new Response(served.readable).text();
    expect(read).toBe("last words");
    await served.writable.close();
    expect(served.socket.closed).toBe(true);
    expect(await new Response(client.readable).text()).toBe("");
    expect(client.socket.closed).toBe(true);
  });

  test("B4 a socket that is collected without close is closed, with a warning", async () => {
    const { result } = await runScript(`
      const codes = [];
      process.on("warning", ({ code }) => codes.push(code));
      const before = sockets().length;
      (() => { for (let count = 0; count < 20; count++) new Socket(AF_INET, SOCK_DGRAM); })();
      for (let round = 0; round < 200 && codes.length < 15; round++) {
        Bun.gc(true);
        await new Promise((resolve) => setImmediate(resolve));
      }
      report([codes.length >= 15, [...new Set(codes)], sockets().length - before <= 5]);
    `);
    expect(result).toEqual([true, ["BERKELEY_SOCKET_LEAK"], true]);
  });
});

describe("B5 creation", () => {
  test.skipIf(!haveProc)(
    `B5 nothing is inherited by other programs: made, paired, accepted, copied, adopted, received${noProc}`,
    () => {
      using pair = new TcpPair();
      using passing = new Pair();
      using made = new Socket(AF_INET);
      using copy = made.duplicate();
      using adopted = Socket.fromFd(udpSocket().detach());
      sendFds(passing.a, [pair.client]);
      const [received = -1] = receiveFds(passing.b, 1, undefined, soon).fds;
      for (const fd of [made.fd, passing.a.fd, passing.b.fd, pair.server.fd, copy.fd, adopted.fd, received]) {
        expect(flagsOf(fd)).toEqual({ nonblocking: true, closeOnExec: true });
      }
      closeSync(received);
    },
  );

  test("B5 the type hides SOCK_CLOEXEC and SOCK_NONBLOCK", () => {
    using socket = new Socket(AF_INET, SOCK_DGRAM | (SOCK_CLOEXEC ?? 0) | (SOCK_NONBLOCK ?? 0));
    expect(socket.type).toBe(SOCK_DGRAM);
    expect(socket.getOption(SOL_SOCKET, SO_TYPE)).toBe(SOCK_DGRAM);
  });

  test.skipIf(!havePython)(
    `B5 what is no socket cannot be adopted, and the errors are Python's${noPython}`,
    async () => {
      const theirs = await pythonSays(`
file = os.open("/dev/null", os.O_RDONLY)
result = [fails(lambda: socket(fileno=n)) for n in (file, 9999, -1, "1", 1.5)]`);
      const file = openSync("/dev/null", "r");
      const errors = [file, 9999].map((fd) => throwsKind(() => Socket.fromFd(fd), "invalid-argument"));
      expect(theirs).toEqual([
        ...errors.map(({ errno }) => ["OSError", -errno]),
        ["ValueError", null],
        ["TypeError", null],
        ["TypeError", null],
      ]);
      throwsNaming(() => Socket.fromFd(-1), RangeError, "fd");
      throwsNaming(() => Socket.fromFd(wrong("1")), TypeError, "fd");
      throwsNaming(() => Socket.fromFd(1.5), RangeError, "fd");
      closeSync(file); // not taken
    },
  );

  test.skipIf(!havePython)(
    `B5 unlike Python's, a socket that was made with protocol 0 says what the kernel says${noPython}`,
    async () => {
      expect(await pythonSays(`s = socket(); result = [s.proto, socket(fileno=s.detach()).proto]`)).toEqual([0, 6]);
      using socket = new Socket(AF_INET, SOCK_STREAM, 0);
      using copy = Socket.fromFd(socket.duplicate().detach());
      expect([socket.protocol, copy.protocol]).toEqual([6, 6]);
    },
  );

  test("B5 fromFd adopts, as fileno= does; fromfd(), which copies, is duplicate, and to look only is borrow", () => {
    const socket = udpSocket();
    const { fd } = socket;
    const copy = socket.duplicate();
    expect(copy.fd).not.toBe(fd);
    expect(SocketRef.borrow(fd).localAddress.equals(copy.localAddress)).toBe(true);
    using adopted = Socket.fromFd(socket.detach());
    expect(adopted.fd).toBe(fd);
    copy.close();
    adopted.sendTo("still there", adopted.localAddress);
    expect(adopted.receive(buffer, soon)).toBe(11);
  });

  test("B5 no call ends the program by SIGPIPE, also where that has not been ignored", async () => {
    const { report, signal } = await runChild(`
      import { dlopen } from "bun:ffi";
      import { openSync } from "node:fs";
      const c = dlopen(${libc}, { signal: { args: ["i32", "usize"], returns: "usize" } }).symbols;
      const [a, b] = Socket.pair();
      b.close();
      const bytes = new Uint8Array(9);
      const file = openSync(process.execPath, "r");
      const calls = [() => a.send(bytes), () => a.sendAll(bytes), () => a.sendMessage({ buffers: [bytes] }), () => a.sendFile(file)];
      report(calls.map((call) => { c.signal(13, 0); return kindOf(call); })); // SIGPIPE, SIG_DFL
    `);
    expect({ report, signal }).toEqual({ report: Array(4).fill("connection-closed"), signal: null });
  });
});

describe("B6 options", () => {
  test.skipIf(!havePython)(`B6 an int without a size, with one the bytes that the kernel gave${noPython}`, async () => {
    using socket = new Socket(AF_INET);
    const theirs = await pythonSays(`
s = socket()
s.setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1)
result = [s.getsockopt(SOL_SOCKET, SO_KEEPALIVE), s.getsockopt(SOL_SOCKET, SO_KEEPALIVE, 100).hex(),
    s.getsockopt(SOL_SOCKET, SO_KEEPALIVE, 1).hex()]`);
    socket.setOption(SOL_SOCKET, SO_KEEPALIVE, true);
    const hex = (size: number): string => socket.getOption(SOL_SOCKET, SO_KEEPALIVE, size).toHex();
    expect([socket.getOption(SOL_SOCKET, SO_KEEPALIVE), hex(100), hex(1)]).toEqual(theirs as never);
  });

  test.skipIf(!havePython || !linux)(
    `B6 unlike Python's 1024 bytes, a value may be as long as a mebibyte (needs Linux)${noPython}`,
    async () => {
      const theirs = await pythonSays(`result = fails(lambda: socket().getsockopt(SOL_SOCKET, SO_KEEPALIVE, 1025))`);
      expect(theirs).toEqual(["OSError", null]);
      using pair = new Pair();
      expect(pair.a.getOption(SOL_SOCKET, all.SO_PEERGROUPS ?? 0, 1 << 20)).toHaveLength(
        4 * (process.getgroups?.().length ?? 0),
      );
      for (const size of [0, -1, (1 << 20) + 1])
        throwsNaming(() => pair.a.getOption(SOL_SOCKET, SO_RCVBUF, size), RangeError, "size");
    },
  );

  test.skipIf(!havePython || !linux)(
    `B6 and B16: unlike in Python a number may be of 32 bits without a sign (needs Linux)${noPython}`,
    async () => {
      expect(await pythonSays(`result = fails(lambda: socket().setsockopt(SOL_SOCKET, 47, 0x80000001))[0]`)).toBe(
        "TypeError",
      );
      using socket = new Socket(AF_INET);
      const SO_MAX_PACING_RATE = all.SO_MAX_PACING_RATE ?? 0;
      socket.setOption(SOL_SOCKET, SO_MAX_PACING_RATE, 0x8000_0001);
      expect(socket.getOption(SOL_SOCKET, SO_MAX_PACING_RATE) >>> 0).toBe(0x8000_0001);
      socket.setOption(SOL_SOCKET, SO_MAX_PACING_RATE, -1); // no limit
      for (const value of [2 ** 32, -(2 ** 31) - 1, 0.5]) {
        throwsNaming(() => socket.setOption(SOL_SOCKET, SO_KEEPALIVE, value), RangeError, "value");
      }
    },
  );

  test("B6 a value may be an int, a boolean or bytes, and is never taken for nothing", () => {
    using socket = udpSocket();
    for (const value of [7, Uint8Array.of(7), Int32Array.of(7)]) {
      socket.multicastTtl = 1;
      socket.setOption(IPPROTO_IP, IP_MULTICAST_TTL, value); // one byte or an int, as the kernel takes it
      expect(socket.multicastTtl).toBe(7);
    }
    for (const value of [null, undefined, "7"]) {
      throwsNaming(() => socket.setOption(IPPROTO_IP, IP_MULTICAST_TTL, wrong(value)), TypeError, "value");
    }
  });

  const vsock = linux && canMake(AF_VSOCK, SOCK_STREAM);
  test.skipIf(!vsock)(
    `B6 and B16: unlike in Python the options of vsock take whatever they are${vsock ? "" : " (needs a kernel with vsock)"}`,
    () => {
      using socket = new Socket(AF_VSOCK, SOCK_STREAM);
      const { SO_VM_SOCKETS_BUFFER_SIZE = 0, SO_VM_SOCKETS_CONNECT_TIMEOUT = 0 } = all;
      const seconds = new Uint8Array(BigInt64Array.of(3n, 0n).buffer); // struct timeval
      socket.setOption(AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT, seconds);
      expect(socket.getOption(AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT, 16)).toEqual(seconds);
      const size = new Uint8Array(BigUint64Array.of(65_536n).buffer);
      socket.setOption(AF_VSOCK, SO_VM_SOCKETS_BUFFER_SIZE, size);
      expect(socket.getOption(AF_VSOCK, SO_VM_SOCKETS_BUFFER_SIZE, 8)).toEqual(size);
    },
  );

  test.skipIf(!linux)(
    "B6 listen queues 10 unless told otherwise; unlike in Python a negative number is refused (needs Linux)",
    () => {
      using listener = tcpListener();
      const queue = (...backlog: [] | [number]): number | undefined => {
        listener.listen(...backlog);
        return listener.getOption(option.TCP_INFO).sacked; // of a listener the queue's limit: net/ipv4/tcp.c
      };
      expect([queue(), queue(3), queue(0)]).toEqual([10, 3, 0]);
      listener.listenBacklog = 4;
      expect(queue()).toBe(4);
      for (const backlog of [-1, 2 ** 31, 1.5]) throwsNaming(() => listener.listen(backlog), RangeError, "backlog");
      throwsNaming(() => listener.listen(wrong(undefined)), TypeError, "backlog");
    },
  );
});

describe("B12 pairs", () => {
  test.skipIf(!havePython)(
    `B12 where there is socketpair(2) it is not imitated: AF_INET is refused, as by Python${noPython}`,
    async () => {
      const { errno } = throwsKind(() => Socket.pair(AF_INET, SOCK_STREAM), "not-supported");
      expect(await pythonSays(`result = fails(lambda: socketpair(AF_INET))`)).toEqual(["OSError", -errno]);
    },
  );

  test("B12 the two ends are each other's, of every type", () => {
    for (const type of [SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET]) {
      const [a, b] = Socket.pair(AF_UNIX, type);
      expect([a.type, b.type, a.connected, b.connected]).toEqual([type, type, true, true]);
      a.send(new TextEncoder().encode("to b"));
      b.send(new TextEncoder().encode("to a"));
      expect([text(a.receiveBytes(9, soon)), text(b.receiveBytes(9, soon))]).toEqual(["to a", "to b"]);
      a.close();
      b.close();
    }
  });
});
