// Sending: send(2), sendto(2), and all of something in as many calls as it takes.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { networkInterfaces } from "node:os";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  dontWait,
  MSG_MORE,
  POLLOUT,
  SO_RCVBUF,
  SO_SNDBUF,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
} from "./support/constants.ts";
import {
  Cancellable,
  type InetSocketAddress,
  InetAddress,
  Socket,
  SocketError,
  UnixSocketAddress,
} from "../src/index.ts";
import { libc, runChild } from "./support/child.ts";
import {
  connectedPair,
  addressOf,
  families,
  Folder,
  haveIPv6,
  SOON,
  TcpPair,
  UdpPair,
  udpSocket,
} from "./support/sockets.ts";
import { Thread } from "./support/thread.ts";
import { throwsKind, throwsNaming, wrong } from "./support/throws.ts";

let thread: Thread;
beforeAll(async () => {
  thread = await Thread.start();
});
afterAll(() => thread.terminate());

const soon = { timeout: SOON };
const now = { timeout: 0 };

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** Fills a stream until it would block: how many bytes that took. */
function fill(socket: Socket, piece = new Uint8Array(65_536)): number {
  let total = 0;
  for (let size = 0; size !== -1; size = socket.trySend(piece)) total += size;
  return total;
}

/** Everything that can be read without waiting, or until the end where the other side has closed. */
function drained(socket: Socket, options: { timeout: number } = now): number {
  const buffer = new Uint8Array(65_536);
  let total = 0;
  try {
    for (let size = -1; size !== 0;) {
      size = socket.receive(buffer, options);
      total += size;
    }
  } catch (error) {
    if (!(error instanceof SocketError) || error.kind !== "would-block") throw error;
  }
  return total;
}

interface Ends extends Disposable {
  readonly a: Socket;
  readonly b: Socket;
}

function streamPair(kind: string): Ends {
  let a: Socket;
  let b: Socket;
  if (kind === "TCP") ({ client: a, server: b } = new TcpPair());
  else [a, b] = Socket.pair();
  return {
    a,
    b,
    [Symbol.dispose](): void {
      a.close();
      b.close();
    },
  };
}

describe.each(["TCP", "unix"])("send on a %s stream", (kind) => {
  test("sends a part when the rest does not fit, and tells how much", () => {
    using pair = streamPair(kind);
    const large = new Uint8Array(32 * 1024 * 1024);
    const size = pair.a.send(large);
    expect(size).toBeGreaterThan(0);
    expect(size).toBeLessThan(large.length);
    const more = fill(pair.a);
    pair.a.shutdown({ write: true });
    expect(drained(pair.b, soon)).toBe(size + more);
  });

  test("is would-block when nothing fits and it must not wait; trySend says WOULD_BLOCK", () => {
    using pair = streamPair(kind);
    fill(pair.a);
    const piece = new Uint8Array(65_536);
    const error = throwsKind(() => pair.a.send(piece, now), "would-block");
    expect(error).toMatchObject({ code: "EAGAIN", syscall: "send" });
    expect(error.bytesWritten).toBeUndefined();
    throwsKind(() => pair.a.send(piece, dontWait), "would-block");
    throwsKind(() => pair.a.send(piece, { timeout: 10 }), "timed-out");
    expect(pair.a.trySend(piece)).toBe(-1);
  });

  test("waits for room", async () => {
    using pair = streamPair(kind);
    const filled = fill(pair.a);
    const reading = thread.drain(pair.b);
    const size = pair.a.send(new Uint8Array(1000), soon);
    expect(size).toBeGreaterThan(0);
    pair.a.close();
    expect(await reading).toBe(filled + size);
  });

  test("takes bytes only: a part of a text may end inside a character", () => {
    using pair = streamPair(kind);
    throwsNaming(() => pair.a.send("text"), TypeError, "sendAll");
    throwsNaming(() => pair.a.trySend("text"), TypeError, "sendAll");
    throwsNaming(() => pair.a.sendTo("text", "127.0.0.1:9"), TypeError, "sendAll");
    throwsKind(() => pair.b.receive(new Uint8Array(1), now), "would-block");
  });

  test("of no bytes sends nothing", () => {
    using pair = streamPair(kind);
    expect(pair.a.send(new Uint8Array(0))).toBe(0);
    throwsKind(() => pair.b.receive(new Uint8Array(1), now), "would-block");
  });

  test("is connection-closed after shutdown and when the peer is gone, and never a signal", () => {
    using pair = streamPair(kind);
    pair.a.shutdown({ write: true });
    expect(throwsKind(() => pair.a.send(new Uint8Array(1)), "connection-closed")).toMatchObject({
      code: "EPIPE",
      syscall: "send",
    });
    throwsKind(() => pair.a.trySend(new Uint8Array(1)), "connection-closed");
    pair.a.close();
    throwsKind(() => {
      // TCP takes some until it is told that nobody reads
      for (;;) pair.b.send(new Uint8Array(1000), soon);
    }, "connection-closed");
  });
});

describe("send", () => {
  test("on TCP that was never connected is connection-closed, as the kernel says (EPIPE)", () => {
    using socket = new Socket(AF_INET, SOCK_STREAM);
    expect(throwsKind(() => socket.send(new Uint8Array(1)), "connection-closed").code).toBe("EPIPE");
  });

  test("on UDP without a peer is destination-unset, and says what to do", () => {
    using socket = udpSocket();
    const error = throwsKind(() => socket.send("to whom?"), "destination-unset");
    expect(error).toMatchObject({ code: "EDESTADDRREQ", syscall: "send" });
    expect(error.message).toContain("sendTo()");
    throwsKind(() => socket.trySend("to whom?"), "destination-unset");
  });

  test("passes flags on: MSG_MORE joins what is sent to one datagram", () => {
    using pair = new UdpPair();
    pair.a.send("one ", { flags: MSG_MORE });
    pair.a.send("two ", { flags: MSG_MORE });
    pair.a.send("three");
    expect(text(pair.b.receiveBytes(100, soon))).toBe("one two three");
  });

  test("takes any view, ArrayBuffer and SharedArrayBuffer, and of a view only its part", () => {
    using pair = new UdpPair();
    const octets = new TextEncoder().encode("0123456789abcdef");
    const shared = new Uint8Array(new SharedArrayBuffer(16));
    shared.set(octets);
    const views: (ArrayBufferView | ArrayBuffer)[] = [
      octets,
      octets.buffer,
      shared,
      wrong(shared.buffer),
      new DataView(octets.buffer),
      Buffer.from(octets),
      new Float64Array(octets.buffer),
      new BigUint64Array(octets.buffer),
      new Uint16Array(octets.buffer),
    ];
    for (const view of views) {
      expect(pair.a.send(view)).toBe(16);
      expect(text(pair.b.receiveBytes(100, soon))).toBe("0123456789abcdef");
    }
    expect(pair.a.send(octets.subarray(4, 8))).toBe(4);
    expect(text(pair.b.receiveBytes(100, soon))).toBe("4567");
    expect(pair.a.send(new DataView(octets.buffer, 10))).toBe(6);
    expect(text(pair.b.receiveBytes(100, soon))).toBe("abcdef");
  });

  test("refuses what is no data, and memory that is gone", () => {
    using pair = new UdpPair();
    const gone = new Uint8Array(8);
    gone.buffer.transfer();
    for (const data of [undefined, null, 5, ["text"], {}, gone]) {
      throwsNaming(() => pair.a.send(wrong(data)), TypeError, "data");
      throwsNaming(() => pair.a.trySend(wrong(data)), TypeError, "data");
      throwsNaming(() => pair.a.sendTo(wrong(data), addressOf(pair.b)), TypeError, "data");
      throwsNaming(() => pair.a.trySendTo(wrong(data), addressOf(pair.b)), TypeError, "data");
      throwsNaming(() => pair.a.sendAll(wrong(data)), TypeError, "data");
    }
    throwsKind(() => pair.b.receive(new Uint8Array(1), now), "would-block");
  });

  test("and its kin are closed after close", () => {
    const socket = udpSocket();
    const address = addressOf(socket);
    socket.close();
    throwsKind(() => socket.send("x"), "closed");
    throwsKind(() => socket.trySend("x"), "closed");
    throwsKind(() => socket.sendAll("x"), "closed");
    throwsKind(() => socket.sendTo("x", address), "closed");
    throwsKind(() => socket.trySendTo("x", address), "closed");
  });

  test("does not end a process that would die of SIGPIPE", async () => {
    const { exitCode, report } = await runChild(`
      import { dlopen } from "bun:ffi";
      import { openSync } from "node:fs";
      const libc = dlopen(${libc}, { signal: { args: ["i32", "usize"], returns: "usize" } });
      const deadly = () => libc.symbols.signal(13, 0); // SIGPIPE, SIG_DFL
      const [a, b] = Socket.pair();
      b.close();
      const bytes = new Uint8Array(10);
      const kinds = [() => a.send(bytes), () => a.trySend(bytes), () => a.sendAll(bytes), () => a.sendFile(openSync(process.execPath, "r"))]
        .map((call) => { deadly(); return kindOf(call); });
      report(kinds);
    `);
    expect(report).toEqual(Array(4).fill("connection-closed"));
    expect(exitCode).toBe(0);
  });
});

describe.each([...families.map(([name, family]) => ({ name: `UDP over ${name}`, family }))])(
  "a datagram of $name",
  ({ family }) => {
    test("is text or bytes, and sent whole", () => {
      using pair = new UdpPair(family);
      expect(pair.a.send("grüße")).toBe(7);
      expect(text(pair.b.receiveBytes(100, soon))).toBe("grüße");
      expect(pair.a.trySend("grüße")).toBe(7);
      expect(text(pair.b.receiveBytes(100, soon))).toBe("grüße");
      const largest = new Uint8Array(60_000).map((_, index) => index);
      expect(pair.a.send(largest)).toBe(60_000);
      expect(pair.b.receiveBytes(65_536, soon)).toEqual(largest);
    });

    test("may be empty", () => {
      using pair = new UdpPair(family);
      expect(pair.a.send("")).toBe(0);
      expect(pair.a.send(new Uint8Array(0))).toBe(0);
      expect(pair.a.sendTo("", addressOf(pair.b))).toBe(0);
      for (let time = 0; time < 3; time++) {
        expect(pair.b.receiveFrom(new Uint8Array(10), soon)).toMatchObject({ size: 0, truncated: false });
      }
    });

    test("that is too long is message-too-large, and says what fits", () => {
      using pair = new UdpPair(family);
      const error = throwsKind(() => pair.a.send(new Uint8Array(65_536)), "message-too-large");
      expect(error).toMatchObject({ code: "EMSGSIZE", syscall: "send" });
      expect(error.message).toContain("65,507");
      throwsKind(() => pair.a.sendTo(new Uint8Array(65_536), addressOf(pair.b)), "message-too-large");
      throwsKind(() => pair.a.trySend(new Uint8Array(65_536)), "message-too-large");
      throwsKind(() => pair.a.sendAll(new Uint8Array(65_536)), "message-too-large");
    });

    test("goes to an address in all its forms", () => {
      using sender = udpSocket(family);
      using receiver = udpSocket(family);
      const address = addressOf(receiver) as InetSocketAddress;
      const host = String(address.address);
      const forms = [
        address,
        String(address),
        { address: host, port: address.port },
        { address: address.address, port: address.port },
      ];
      for (const form of forms) {
        expect(sender.sendTo("x", form)).toBe(1);
        expect(sender.trySendTo("x", form)).toBe(1);
        for (let time = 0; time < 2; time++) {
          expect(receiver.receiveFrom(new Uint8Array(1), soon).address?.equals(addressOf(sender))).toBe(true);
        }
      }
    });

    test("goes to the address given, though the socket has a peer", () => {
      using pair = new UdpPair(family);
      using other = udpSocket(family);
      pair.a.sendTo("x", addressOf(other));
      expect(text(other.receiveBytes(10, soon))).toBe("x");
      throwsKind(() => pair.b.receive(new Uint8Array(1), now), "would-block");
    });

    test("does not go to port 0, nor to a family that the socket has not", () => {
      using socket = udpSocket(family);
      const zero = family === AF_INET ? "127.0.0.1:0" : "[::1]:0";
      expect(throwsKind(() => socket.sendTo("x", zero), "invalid-argument").syscall).toBe("sendto");
      const unix = new UnixSocketAddress("/nowhere/to/be/found");
      const error = throwsKind(
        () => socket.sendTo("x", unix),
        family === AF_INET ? "not-supported" : "invalid-argument",
      );
      expect(String(error.address)).toBe("/nowhere/to/be/found");
    });
  },
);

describe("sendTo", () => {
  test("does not resolve names, and says so", () => {
    using socket = udpSocket();
    throwsNaming(() => socket.sendTo("x", "localhost:53"), TypeError, "localhost");
    throwsNaming(() => socket.sendTo("x", { address: "localhost", port: 53 }), TypeError, "localhost");
    throwsNaming(() => socket.sendTo("x", "127.0.0.1"), TypeError, "port");
    throwsNaming(() => socket.sendTo("x", wrong(undefined)), TypeError, "address");
    throwsNaming(() => socket.trySendTo("x", wrong(53)), TypeError, "address");
  });

  test("a broadcast address without SO_BROADCAST is permission-denied, and says what to set", () => {
    using socket = new Socket(AF_INET, SOCK_DGRAM);
    const error = throwsKind(() => socket.sendTo("all", "127.255.255.255:9"), "permission-denied");
    expect(error).toMatchObject({ code: "EACCES", syscall: "sendto" });
    expect(String(error.address)).toBe("127.255.255.255:9");
    expect(error.message).toContain("127.255.255.255:9");
    expect(error.message).toContain("socket.broadcast = true");
    throwsKind(() => socket.trySendTo("all", "127.255.255.255:9"), "permission-denied");
  });

  test("with broadcast reaches who is bound to all addresses", () => {
    using receiver = new Socket(AF_INET, SOCK_DGRAM);
    receiver.bind("0.0.0.0:0");
    const { port } = addressOf(receiver) as InetSocketAddress;
    using socket = new Socket(AF_INET, SOCK_DGRAM);
    socket.broadcast = true;
    expect(socket.sendTo("all", `127.255.255.255:${port}`)).toBe(3);
    expect(text(receiver.receiveBytes(10, soon))).toBe("all");
  });

  test.skipIf(!haveIPv6)("an IPv4 address goes from an AF_INET6 socket as v4-mapped (needs IPv6)", () => {
    using receiver = udpSocket();
    using sender = new Socket(AF_INET6, SOCK_DGRAM);
    const { port } = addressOf(receiver) as InetSocketAddress;
    for (const address of [`127.0.0.1:${port}`, `[::ffff:127.0.0.1]:${port}`]) {
      sender.sendTo("x", address);
      sender.trySendTo("x", address);
      for (let time = 0; time < 2; time++) {
        const from = receiver.receiveFrom(new Uint8Array(1), soon).address as InetSocketAddress;
        expect(from.port).toBe((addressOf(sender) as InetSocketAddress).port);
        expect(String(from.address)).toBe("127.0.0.1");
      }
    }
    using only = new Socket(AF_INET6, SOCK_DGRAM);
    only.setOption(IPPROTO_IPV6, IPV6_V6ONLY, 1);
    const error = throwsKind(() => only.sendTo("x", `127.0.0.1:${port}`), "network-unreachable");
    expect(String(error.address)).toBe(`127.0.0.1:${port}`);
  });

  test.skipIf(!haveIPv6)("an IPv6 address from an AF_INET socket is not-supported (needs IPv6)", () => {
    using socket = udpSocket();
    const error = throwsKind(() => socket.sendTo("x", "[::1]:9"), "not-supported");
    expect(error).toMatchObject({ code: "EAFNOSUPPORT" });
    expect(error.message).toContain("another family");
  });

  const linkLocal = Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
    (addresses ?? []).filter(({ address }) => address.startsWith("fe80:")).map((found) => ({ name, ...found })),
  )[0];
  test.skipIf(linkLocal === undefined)(
    "a link-local address needs its zone, by name or by index (skipped without one)",
    () => {
      const { name = "", address = "" } = linkLocal ?? {};
      using receiver = new Socket(AF_INET6, SOCK_DGRAM);
      receiver.bind(`[${address}%${name}]:0`);
      const own = addressOf(receiver) as InetSocketAddress;
      expect(own.scopeId).toBeGreaterThan(0);
      using sender = new Socket(AF_INET6, SOCK_DGRAM);
      const forms = [
        `[${address}%${name}]:${own.port}`,
        `[${address}%${own.scopeId}]:${own.port}`,
        String(own),
        { address: `${address}%${name}`, port: own.port },
        { address: InetAddress.parse(`${address}%${own.scopeId}`), port: own.port },
        own,
      ];
      for (const form of forms) {
        sender.sendTo("x", form);
        const from = receiver.receiveFrom(new Uint8Array(1), soon).address as InetSocketAddress;
        expect(from.scopeId).toBe(own.scopeId);
      }
      expect(throwsKind(() => sender.sendTo("x", `[${address}%nowhere0]:9`), "no-such-device").message).toContain(
        "nowhere0",
      );
    },
  );
});

describe("a unix datagram", () => {
  test("goes to a path and to an abstract name, given as { path }", () => {
    using folder = new Folder();
    const path = folder.file("socket");
    using sender = new Socket(AF_UNIX, SOCK_DGRAM);
    for (const name of [path, `\0berkeley-send-${process.pid}`]) {
      using receiver = new Socket(AF_UNIX, SOCK_DGRAM);
      receiver.bind({ path: name });
      sender.sendTo("text", { path: name });
      sender.sendTo(new Uint8Array(3), new UnixSocketAddress(name));
      expect(text(receiver.receiveBytes(10, soon))).toBe("text");
      expect(receiver.receiveBytes(10, soon)).toHaveLength(3);
    }
    expect(String(throwsKind(() => sender.sendTo("x", { path: folder.file("none") }), "not-found").address)).toBe(
      folder.file("none"),
    );
    // the file is still there, its socket is not
    throwsKind(() => sender.sendTo("x", { path }), "connection-refused");
  });

  test("that is longer than the send buffer is message-too-large", () => {
    const [a, b] = connectedPair(SOCK_DGRAM);
    using _a = a;
    using _b = b;
    a.setOption(SOL_SOCKET, SO_SNDBUF, 8192);
    throwsKind(() => a.send(new Uint8Array(100_000)), "message-too-large");
  });

  describe.each([
    ["to a connected peer", true],
    ["to an address, which poll(2) says nothing about,", false],
  ])("%s whose queue is full", (_, connected) => {
    function full(): { sender: Socket; receiver: Socket; queued: number; send: (options: object) => number } {
      const receiver = new Socket(AF_UNIX, SOCK_DGRAM);
      receiver.bind(new UnixSocketAddress());
      const address = addressOf(receiver);
      const sender = new Socket(AF_UNIX, SOCK_DGRAM);
      if (connected) sender.connect(address);
      const send = (options: object): number =>
        connected ? sender.send("x", options) : sender.sendTo("x", address, options);
      let queued = 0;
      while ((connected ? sender.trySend("x") : sender.trySendTo("x", address)) !== -1) queued++;
      return { sender, receiver, queued, send };
    }

    test("is would-block, or timed-out, without a whole CPU", () => {
      const { sender, receiver, send } = full();
      throwsKind(() => send(now), "would-block");
      const start = performance.now();
      const cpu = process.cpuUsage();
      throwsKind(() => send({ timeout: 200 }), "timed-out");
      const { user, system } = process.cpuUsage(cpu);
      expect(performance.now() - start).toBeGreaterThanOrEqual(199);
      expect((user + system) / 1000).toBeLessThan(100);
      sender.close();
      receiver.close();
    });

    test("waits until the receiver has taken one", async () => {
      const { sender, receiver, queued, send } = full();
      const taken = thread.drain(receiver, { limit: queued + 1 });
      expect(send(soon)).toBe(1);
      expect(await taken).toBe(queued + 1);
      sender.close();
    });

    test("can be cancelled", async () => {
      const { sender, receiver, send } = full();
      using cancellable = new Cancellable();
      const done = thread.cancel(cancellable);
      throwsKind(() => send({ cancellable, timeout: SOON }), "cancelled");
      await done;
      sender.close();
      receiver.close();
    });
  });
});

describe.each(["TCP", "unix"])("sendAll on a %s stream", (kind) => {
  const large = new Uint8Array(8 * 1024 * 1024);

  test("sends all of it through a slow reader, and returns how much that was", async () => {
    using pair = streamPair(kind);
    const reading = thread.drain(pair.b, { piece: 256 * 1024, pause: 1 });
    expect(pair.a.sendAll(large, soon)).toBe(large.length);
    pair.a.close();
    expect(await reading).toBe(large.length);
  });

  test("sends it in order, byte by byte", async () => {
    using pair = streamPair(kind);
    const pattern = new Uint8Array(new Uint32Array(500_000).map((_, index) => index * 2_654_435_761).buffer);
    const sending = thread.send(pair.a, pattern); // in the thread it is sendAll
    const received = new Uint8Array(pattern.length);
    let total = 0;
    while (total < received.length) {
      const size = pair.b.receive(received.subarray(total), soon);
      if (size === 0) break;
      total += size;
    }
    expect(total).toBe(pattern.length);
    expect(Bun.hash(received)).toBe(Bun.hash(pattern));
    await sending;
  });

  test("has one budget for the whole call, and a peer that reads slowly does not extend it", async () => {
    using pair = streamPair(kind);
    pair.a.setOption(SOL_SOCKET, SO_SNDBUF, 65_536); // so that the reader is soon done with what is in the buffers
    pair.b.setOption(SOL_SOCKET, SO_RCVBUF, 65_536);
    const reading = thread.drain(pair.b, { piece: 65_536, pause: 20 }); // 2.5 s for all
    const start = performance.now();
    const error = throwsKind(() => pair.a.sendAll(large, { timeout: 200 }), "timed-out");
    const elapsed = performance.now() - start;
    expect(elapsed).toBeGreaterThanOrEqual(199);
    expect(elapsed).toBeLessThan(1500);
    expect(error).toMatchObject({ code: "ETIMEDOUT", errno: 0, syscall: "poll" });
    expect(error.message).toContain(`after ${error.bytesWritten} bytes`);
    pair.a.close();
    expect(error.bytesWritten).toBe(await reading);
  });

  test("tells how much was sent when it was cancelled", async () => {
    using pair = streamPair(kind);
    using cancellable = new Cancellable();
    const cancelling = thread.cancel(cancellable);
    const error = throwsKind(() => pair.a.sendAll(large, { ...soon, cancellable }), "cancelled");
    await cancelling;
    expect(error.code).toBe("ECANCELED");
    pair.a.close();
    expect(error.bytesWritten).toBeGreaterThan(0);
    expect(drained(pair.b, soon)).toBe(error.bytesWritten as number);
  });

  test("tells how much was sent when it must not wait", () => {
    using pair = streamPair(kind);
    const error = throwsKind(() => pair.a.sendAll(large, now), "would-block");
    expect(error.bytesWritten).toBeGreaterThan(0);
    expect(error.bytesWritten).toBeLessThan(large.length);
    const again = throwsKind(() => pair.a.sendAll(large, { blocking: false }), "would-block");
    pair.a.shutdown({ write: true });
    expect(drained(pair.b, soon)).toBe((error.bytesWritten as number) + (again.bytesWritten as number));
  });

  test("tells how much was sent when the peer went away", async () => {
    using pair = streamPair(kind);
    const closing = thread.close(pair.b);
    const error = throwsKind(() => pair.a.sendAll(large, soon), "connection-closed");
    await closing;
    expect(error.bytesWritten).toBeGreaterThan(0);
    expect(error.bytesWritten).toBeLessThan(large.length);
    if (kind !== "unix") return; // TCP's buffers grow as they like, those of unix do not
    using other = streamPair(kind);
    expect(error.bytesWritten).toBe(other.a.send(large));
  });

  test("goes by socket.timeout and socket.blocking where its options do not say", () => {
    using pair = streamPair(kind);
    pair.a.timeout = 30;
    throwsKind(() => pair.a.sendAll(large), "timed-out");
    pair.a.blocking = false;
    throwsKind(() => pair.a.sendAll(large), "would-block");
  });

  test("takes text, as UTF-8", () => {
    using pair = streamPair(kind);
    const words = "grüße, 世界 🌍 ".repeat(1000);
    const size = Buffer.byteLength(words);
    expect(pair.a.sendAll(words, soon)).toBe(size);
    pair.a.close();
    let received = "";
    const decoder = new TextDecoder();
    for (let bytes = pair.b.receiveBytes(7777, soon); bytes.length > 0; bytes = pair.b.receiveBytes(7777, soon)) {
      received += decoder.decode(bytes, { stream: true });
    }
    expect(received).toBe(words);
  });

  test("makes one call even for nothing, and so tells of a closed connection", () => {
    using pair = streamPair(kind);
    expect(pair.a.sendAll("")).toBe(0);
    expect(pair.a.sendAll(new Uint8Array(0))).toBe(0);
    pair.a.shutdown({ write: true });
    const error = throwsKind(() => pair.a.sendAll(""), "connection-closed");
    expect(error.bytesWritten ?? 0).toBe(0);
  });

  test("does not begin when it was cancelled before", () => {
    using pair = streamPair(kind);
    using cancellable = new Cancellable();
    cancellable.cancel();
    throwsKind(() => pair.a.sendAll("x", { cancellable }), "cancelled");
    expect(pair.a.conditionCheck(POLLOUT)).toBe(POLLOUT);
    throwsKind(() => pair.b.receive(new Uint8Array(1), now), "would-block");
  });
});

describe("sendAll", () => {
  test("of a datagram is send: it goes whole, or not", () => {
    using pair = new UdpPair();
    expect(pair.a.sendAll("datagram")).toBe(8);
    expect(text(pair.b.receiveBytes(100, soon))).toBe("datagram");
    expect(pair.a.sendAll("")).toBe(0);
    expect(pair.b.receiveFrom(new Uint8Array(1), soon)).toMatchObject({ size: 0, truncated: false });
    const [a, b] = Socket.pair(AF_UNIX, SOCK_SEQPACKET);
    expect(a.sendAll("packet")).toBe(6);
    expect(text(b.receiveBytes(100, soon))).toBe("packet");
    a.close();
    b.close();
  });

  test("after a reset is connection-closed, with what was sent before", async () => {
    using pair = new TcpPair();
    pair.client.sendAll("unread"); // closing with data unread is a reset
    const closing = thread.close(pair.server);
    const error = throwsKind(() => pair.client.sendAll(new Uint8Array(32 * 1024 * 1024), soon), "connection-closed");
    await closing;
    expect(["ECONNRESET", "EPIPE"]).toContain(error.code);
    expect(error.bytesWritten).toBeGreaterThan(0);
  });
});
