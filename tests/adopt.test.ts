// Descriptors that others have made: taken over with Socket.fromFd, looked at with SocketRef.borrow.

import { describe, expect, test } from "bun:test";
import { closeSync, openSync } from "node:fs";
import { createServer } from "node:net";
import { fcntl, ioctl } from "../ffi/descriptors.ts";
import { platform } from "../ffi/platform/index.ts";
import {
  AF_INET,
  AF_INET6,
  AF_NETLINK,
  AF_PACKET,
  AF_UNIX,
  AF_VSOCK,
  F_GETFD,
  F_GETFL,
  F_SETFD,
  F_SETFL,
  FD_CLOEXEC,
  IPPROTO_ICMP,
  IPPROTO_MPTCP,
  IPPROTO_RAW,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
  O_NONBLOCK,
  POLLOUT,
  SO_KEEPALIVE,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
} from "./support/constants.ts";
import { InetSocketAddress, Socket, SocketRef, UnixSocketAddress } from "../src/index.ts";
import { closeBehind, flagsOf, openDescriptors } from "./support/descriptors.ts";
import {
  loopbackName,
  canMake,
  families,
  haveIPv6,
  reset,
  SOON,
  tcpListener,
  TcpPair,
  UdpPair,
  udpSocket,
} from "./support/sockets.ts";
import { throwsKind, throwsNaming, wrong } from "./support/throws.ts";

// <linux/netlink.h>
const NETLINK_ROUTE = 0;
const NETLINK_GENERIC = 16;

const buffer = new Uint8Array(100);

/** A descriptor as another program would hand it over: blocking, and not close-on-exec. */
function plain(socket: Socket): number {
  const fd = socket.detach();
  if (F_SETFL === undefined) {
    ioctl(fd, platform.core.FIONBIO, new Int32Array(1)); // Windows, where a SOCKET is not inherited as a rule
    return fd;
  }
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL, 0) & ~O_NONBLOCK);
  fcntl(fd, F_SETFD, fcntl(fd, F_GETFD, 0) & ~FD_CLOEXEC);
  return fd;
}

describe("Socket.fromFd", () => {
  const kinds: readonly (readonly [name: string, family: number, type: number, asked: number, protocol: number])[] = [
    ["TCP", AF_INET, SOCK_STREAM, 0, IPPROTO_TCP],
    ["TCP over IPv6", AF_INET6, SOCK_STREAM, 0, IPPROTO_TCP],
    ["UDP", AF_INET, SOCK_DGRAM, 0, IPPROTO_UDP],
    ["UDP over IPv6", AF_INET6, SOCK_DGRAM, 0, IPPROTO_UDP],
    ["UDP-Lite, which is not taken for UDP", AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE, IPPROTO_UDPLITE],
    ["MPTCP, which is not taken for TCP", AF_INET, SOCK_STREAM, IPPROTO_MPTCP, IPPROTO_MPTCP],
    ["a unix stream", AF_UNIX, SOCK_STREAM, 0, 0],
    ["unix datagrams", AF_UNIX, SOCK_DGRAM, 0, 0],
    ["unix packets", AF_UNIX, SOCK_SEQPACKET, 0, 0],
    ["netlink", AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, NETLINK_ROUTE],
    ["generic netlink", AF_NETLINK, SOCK_DGRAM, NETLINK_GENERIC, NETLINK_GENERIC],
    ["packets of an interface (needs root)", AF_PACKET, SOCK_RAW, 0, 0],
    ["cooked packets of an interface (needs root)", AF_PACKET, SOCK_DGRAM, 0, 0],
    ["raw ICMP (needs root)", AF_INET, SOCK_RAW, IPPROTO_ICMP, IPPROTO_ICMP],
    ["raw IP (needs root)", AF_INET, SOCK_RAW, IPPROTO_RAW, IPPROTO_RAW],
    ["vsock, which is not connected here", AF_VSOCK, SOCK_STREAM, 0, 0],
  ];

  for (const [name, family, type, asked, protocol] of kinds) {
    const made = canMake(family, type, asked);
    test.skipIf(!made)(
      `reads from the kernel what a descriptor is: ${name}${made ? "" : " (the kernel lacks it)"}`,
      () => {
        const fd = plain(new Socket(family, type, asked));
        using socket = Socket.fromFd(fd);
        expect(socket).toMatchObject({ fd, family, type, protocol, listening: false, closed: false });
        expect(socket.localAddress.family).toBe(family);
        // netlink has a peer from the start, the kernel: send(2) needs no more
        expect(socket.connected).toBe(family === AF_NETLINK);
      },
    );
  }

  test("makes the descriptor non-blocking and close-on-exec", () => {
    const fd = plain(new Socket(AF_INET));
    expect(flagsOf(fd)).toEqual({ nonblocking: false, closeOnExec: false });
    using socket = Socket.fromFd(fd);
    expect(flagsOf(socket.fd)).toEqual({ nonblocking: true, closeOnExec: true });
    expect(socket).toMatchObject({ blocking: true, timeout: Infinity, listenBacklog: 10 });
  });

  test("owns it: close closes it", () => {
    const socket = Socket.fromFd(plain(new Socket(AF_INET)));
    const what = openDescriptors().get(socket.fd);
    socket.close();
    expect([...openDescriptors().values()]).not.toContain(what);
  });

  test.each(families)("knows a listener over %s, and accepts from it", (_, family) => {
    using listener = Socket.fromFd(plain(tcpListener(family)));
    expect(listener).toMatchObject({ listening: true, connected: false, remoteAddress: null });
    using client = new Socket(family);
    client.connect(listener.localAddress, { timeout: SOON });
    using server = listener.accept({ timeout: SOON });
    expect(server.connected).toBe(true);
  });

  test("knows a unix listener", () => {
    const made = new Socket(AF_UNIX, SOCK_SEQPACKET);
    made.bind(new UnixSocketAddress());
    made.listen();
    using listener = Socket.fromFd(plain(made));
    expect(listener.listening).toBe(true);
  });

  test("knows a connection, its peer and its end", () => {
    using pair = new TcpPair();
    const peer = pair.server.localAddress;
    using client = Socket.fromFd(plain(pair.client));
    expect(client.connected).toBe(true);
    expect(client.remoteAddress?.equals(peer)).toBe(true);
    throwsKind(() => client.receive(buffer, { timeout: 0 }), "would-block");
    pair.server.close();
    expect(client.receive(buffer, { timeout: SOON })).toBe(0);
  });

  test("remembers the peer of a connection that is reset later", () => {
    using pair = new TcpPair();
    const peer = pair.server.localAddress;
    using client = Socket.fromFd(pair.client.detach());
    reset(pair.server);
    throwsKind(() => client.receive(buffer, { timeout: SOON }), "connection-closed");
    expect(client.remoteAddress?.equals(peer)).toBe(true);
  });

  test("knows a UDP socket with a peer, and one end of a pair", () => {
    using udp = new UdpPair();
    using a = Socket.fromFd(plain(udp.a));
    expect(a).toMatchObject({ connected: true, remoteAddress: udp.b.localAddress });
    const [left, right] = Socket.pair();
    using _right = right;
    using end = Socket.fromFd(plain(left));
    expect(end).toMatchObject({ connected: true });
    expect(end.remoteAddress).toMatchObject({ anonymous: true });
  });

  test("takes a connect that is under way, and tells how it ended", () => {
    using listener = tcpListener();
    const made = new Socket(AF_INET);
    throwsKind(() => made.connect(listener.localAddress, { timeout: 0 }), "pending");
    using client = Socket.fromFd(made.detach());
    client.conditionWait(POLLOUT, { timeout: SOON });
    client.checkConnectResult();
    expect(client.connected).toBe(true);
    expect(client.remoteAddress?.equals(listener.localAddress)).toBe(true);
  });

  test("takes anything that has an fd", () => {
    const fd = plain(new Socket(AF_INET, SOCK_DGRAM));
    using socket = Socket.fromFd({ fd });
    expect(socket.fd).toBe(fd);
  });

  test("refuses what is no socket: ENOTSOCK, with its number, and leaves it alone", () => {
    const fd = openSync("/dev/null", "r");
    const before = flagsOf(fd);
    const error = throwsKind(() => Socket.fromFd(fd), "invalid-argument");
    expect(error).toMatchObject({ code: "ENOTSOCK", syscall: "getsockopt" });
    expect(error.message).toContain(`fd ${fd}: not a socket`);
    expect(flagsOf(fd)).toEqual(before);
    closeSync(fd); // it was not taken, and so is still there to close
  });

  test("refuses what is not open: EBADF", () => {
    const error = throwsKind(() => Socket.fromFd(0x7fff_ffff), "invalid-argument");
    expect(error.code).toBe("EBADF");
  });

  const noDescriptors: readonly (readonly [unknown, ErrorConstructor])[] = [
    [-1, RangeError],
    [Number.NaN, RangeError],
    [1.5, RangeError],
    [Infinity, RangeError],
    [2 ** 31, RangeError],
    ["3", TypeError],
    [3n, TypeError],
    [null, TypeError],
    [undefined, TypeError],
    [{}, TypeError],
    [{ fd: "3" }, TypeError],
    [{ fd: -1 }, RangeError],
  ];
  const named = noDescriptors.map(([value, type]) => [Bun.inspect(value).replace(/\s+/g, " "), value, type] as const);
  test.each(named)("refuses %s before any call", (_, value, type) => {
    throwsNaming(() => Socket.fromFd(wrong(value)), type, "fd must");
    throwsNaming(() => SocketRef.borrow(wrong(value)), type, "fd must");
  });

  test("refuses 2^32+n, which must not become n", () => {
    using socket = new Socket(AF_INET);
    throwsNaming(() => Socket.fromFd(2 ** 32 + socket.fd), RangeError, "fd must be an integer");
    throwsNaming(() => Socket.fromFd({ fd: 2 ** 32 + socket.fd }), RangeError, "fd must be an integer");
    Bun.gc(true);
    expect(socket.localAddress.family).toBe(AF_INET);
  });

  test("refuses a Socket of ours: its descriptor would have two owners", () => {
    using socket = new Socket(AF_INET);
    throwsNaming(() => Socket.fromFd(socket), TypeError, "two owners");
    expect(socket.closed).toBe(false);
  });
});

describe("SocketRef.borrow", () => {
  test("looks at, and sets, the options and addresses of a raw descriptor", () => {
    using owner = udpSocket();
    const ref = SocketRef.borrow(owner.fd);
    expect(ref).toMatchObject({ fd: owner.fd, family: AF_INET, type: SOCK_DGRAM, protocol: IPPROTO_UDP });
    expect(ref.localAddress.equals(owner.localAddress)).toBe(true);
    expect(ref.remoteAddress).toBeNull();
    ref.ttl = 9;
    ref.keepalive = true;
    ref.dscp = 46;
    expect(owner).toMatchObject({ ttl: 9, keepalive: true, dscp: 46 });
    expect(ref.getOption(SOL_SOCKET, SO_KEEPALIVE)).toBe(1);
    expect(String(ref)).toBe(`SocketRef(fd ${owner.fd})`);
  });

  test("changes no flag of the descriptor", () => {
    const fd = plain(new Socket(AF_INET));
    const ref = SocketRef.borrow(fd);
    ref.keepalive = true;
    expect(flagsOf(fd)).toEqual({ nonblocking: false, closeOnExec: false });
    closeBehind(fd);
  });

  test("never closes: it has no close, and is forgotten in silence", async () => {
    using owner = udpSocket();
    const before = openDescriptors().get(owner.fd);
    for (let count = 0; count < 50; count++) SocketRef.borrow(owner);
    expect("close" in SocketRef.prototype).toBe(false);
    expect(Symbol.dispose in SocketRef.prototype).toBe(false);
    for (let round = 0; round < 3; round++) {
      Bun.gc(true);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(openDescriptors().get(owner.fd)).toBe(before);
  });

  test("borrows a Socket of ours; when that is closed, the borrowed one is too", () => {
    const owner = udpSocket();
    const ref = SocketRef.borrow(owner);
    owner.close();
    using _heir = udpSocket(); // has the number now, and is not touched
    expect(ref.fd).toBe(-1);
    throwsKind(() => ref.localAddress, "closed");
    throwsKind(() => ref.keepalive, "closed");
    throwsKind(() => (ref.keepalive = true), "closed");
    expect(String(ref)).toBe("SocketRef(fd -1)");
    expect(ref).toMatchObject({ family: AF_INET, type: SOCK_DGRAM, protocol: IPPROTO_UDP });
  });

  test("borrows the socket of Bun.udpSocket, until that is closed", async () => {
    const lender = await Bun.udpSocket({ hostname: "127.0.0.1" });
    try {
      const ref = SocketRef.borrow(lender as unknown as { fd: number });
      expect(ref).toMatchObject({ family: AF_INET, type: SOCK_DGRAM, protocol: IPPROTO_UDP });
      expect(String(ref.localAddress)).toBe(`127.0.0.1:${lender.port}`);
      ref.dscp = 46;
      expect(ref.dscp).toBe(46);
      lender.close();
      expect(ref.fd).toBe(-1);
      throwsKind(() => ref.dscp, "closed");
    } finally {
      lender.close();
    }
  });

  test("borrows the socket of Bun.listen, until that is stopped", () => {
    const lender = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const ref = SocketRef.borrow(lender as unknown as { fd: number });
    expect(ref).toMatchObject({ family: AF_INET, type: SOCK_STREAM, protocol: IPPROTO_TCP, remoteAddress: null });
    expect((ref.localAddress as InetSocketAddress).port).toBe(lender.port);
    lender.stop(true);
    throwsKind(() => ref.localAddress, "closed");
  });

  test("borrows a unix listener of Bun as well", () => {
    const path = `/tmp/berkeley-adopt-${process.pid}.sock`;
    const lender = Bun.listen({ unix: path, socket: { data() {} } });
    try {
      const ref = SocketRef.borrow(lender as unknown as { fd: number });
      expect(ref.family).toBe(AF_UNIX);
      expect(ref.localAddress).toMatchObject({ path });
    } finally {
      lender.stop(true);
    }
  });

  test("says what node:net lacks: its server has no fd to borrow", () => {
    const server = createServer();
    throwsNaming(() => SocketRef.borrow(wrong(server)), TypeError, "fd must be a descriptor or have an fd, not Server");
  });

  test("refuses what is no socket, and what is not open", () => {
    const fd = openSync("/dev/null", "r");
    expect(throwsKind(() => SocketRef.borrow(fd), "invalid-argument").code).toBe("ENOTSOCK");
    closeSync(fd);
    expect(throwsKind(() => SocketRef.borrow(0x7fff_ffff), "invalid-argument").code).toBe("EBADF");
  });

  test.skipIf(!haveIPv6)("knows the family, and so the right option, of an IPv6 socket (needs IPv6)", () => {
    using owner = udpSocket(AF_INET6);
    const ref = SocketRef.borrow(owner);
    ref.ttl = 3;
    ref.multicastInterface = loopbackName;
    expect(owner.ttl).toBe(3);
    expect(owner.multicastInterface).toBe(ref.multicastInterface);
  });

  test("tells the peer and the credentials of one that is connected", () => {
    using pair = new TcpPair();
    expect(SocketRef.borrow(pair.client).remoteAddress?.equals(pair.server.localAddress)).toBe(true);
    const [a, b] = Socket.pair();
    using _a = a;
    using _b = b;
    expect(SocketRef.borrow(a).credentials).toMatchObject({ pid: process.pid, uid: process.getuid?.() });
    expect(SocketRef.borrow(a).remoteAddress).toMatchObject({ anonymous: true });
  });

  test("is made by borrow only", () => {
    expect(() => new (SocketRef as unknown as new (fd: number) => SocketRef)(1)).toThrow(TypeError);
  });
});
