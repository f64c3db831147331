// Socket: how one is made, what it is at first, and the properties that it has.

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import {
  AF_BLUETOOTH,
  AF_INET,
  AF_INET6,
  AF_NETLINK,
  AF_PACKET,
  AF_UNIX,
  AF_UNSPEC,
  IPPROTO_ICMP,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_MPTCP,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
  IPV6_MULTICAST_HOPS,
  IPV6_TCLASS,
  IPV6_UNICAST_HOPS,
  IPV6_V6ONLY,
  IP_MULTICAST_TTL,
  IP_TOS,
  IP_TTL,
  SO_BROADCAST,
  SO_KEEPALIVE,
  SO_PROTOCOL,
  SO_TYPE,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_NODELAY,
} from "./support/constants.ts";
import { InetAddress, interfaceIndex, Socket, type SocketErrorKind, UnixSocketAddress } from "../src/index.ts";
import { flagsOf } from "./support/descriptors.ts";
import {
  loopbackName,
  canMake,
  families,
  haveIPv6,
  loopback,
  SOON,
  TcpPair,
  tcpListener,
  udpSocket,
} from "./support/sockets.ts";
import { throwsKind, throwsNaming, wrong } from "./support/throws.ts";

const root = process.getuid?.() === 0;

describe("new Socket", () => {
  test("makes a stream socket unless told otherwise", () => {
    using socket = new Socket(AF_INET);
    expect(socket.type).toBe(SOCK_STREAM);
    expect(socket.family).toBe(AF_INET);
    expect(socket.getOption(SOL_SOCKET, SO_TYPE)).toBe(SOCK_STREAM);
  });

  const kinds: [string, number, number, number, number][] = [
    ["TCP over IPv4", AF_INET, SOCK_STREAM, 0, IPPROTO_TCP],
    ["UDP over IPv4", AF_INET, SOCK_DGRAM, 0, IPPROTO_UDP],
    ["TCP over IPv6", AF_INET6, SOCK_STREAM, 0, IPPROTO_TCP],
    ["UDP over IPv6", AF_INET6, SOCK_DGRAM, 0, IPPROTO_UDP],
    ["TCP asked for by number", AF_INET, SOCK_STREAM, IPPROTO_TCP, IPPROTO_TCP],
    ["a unix stream", AF_UNIX, SOCK_STREAM, 0, 0],
    ["a unix datagram socket", AF_UNIX, SOCK_DGRAM, 0, 0],
    ["a unix seqpacket socket", AF_UNIX, SOCK_SEQPACKET, 0, 0],
  ];
  const known = kinds.filter(([, family]) => family !== AF_INET6 || haveIPv6);
  test.each(known)("%s has the protocol that the kernel gave it", (_, family, type, protocol, kernels) => {
    using socket = new Socket(family, type, protocol);
    expect(socket).toMatchObject({ family, type, protocol: kernels });
    expect(socket.getOption(SOL_SOCKET, SO_PROTOCOL)).toBe(kernels);
    expect(socket.fd).toBeGreaterThan(2);
  });

  test.skipIf(!canMake(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE))("makes UDP-Lite (needs a kernel with it)", () => {
    using socket = new Socket(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE);
    expect(socket.protocol).toBe(IPPROTO_UDPLITE);
  });

  test.skipIf(!canMake(AF_INET, SOCK_STREAM, IPPROTO_MPTCP))("makes MPTCP (needs a kernel with it)", () => {
    using socket = new Socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);
    expect(socket.protocol).toBe(IPPROTO_MPTCP);
  });

  test.skipIf(!canMake(AF_NETLINK, SOCK_RAW))(
    "makes families that it has no address class for: netlink (needs a kernel with it)",
    () => {
      using socket = new Socket(AF_NETLINK, SOCK_RAW);
      expect(socket.localAddress.family).toBe(AF_NETLINK);
    },
  );

  test.skipIf(!root)("makes raw and packet sockets (needs root)", () => {
    using raw = new Socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    expect(raw).toMatchObject({ type: SOCK_RAW, protocol: IPPROTO_ICMP, connected: false });
    using packet = new Socket(AF_PACKET, SOCK_RAW);
    expect(packet).toMatchObject({ family: AF_PACKET, protocol: 0, remoteAddress: null });
  });

  test("is non-blocking and close-on-exec for the kernel, whatever `blocking` says", () => {
    using socket = new Socket(AF_INET);
    expect(flagsOf(socket.fd)).toEqual({ nonblocking: true, closeOnExec: true });
    socket.blocking = true;
    expect(flagsOf(socket.fd)).toEqual({ nonblocking: true, closeOnExec: true });
  });

  test("takes SOCK_NONBLOCK and SOCK_CLOEXEC in the type, and does not show them", () => {
    using socket = new Socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC);
    expect(socket.type).toBe(SOCK_DGRAM);
    expect(socket.blocking).toBe(true); // blocking is ours, and not the descriptor's
    expect(flagsOf(socket.fd)).toEqual({ nonblocking: true, closeOnExec: true });
  });

  test("starts with the defaults of GSocket, and those of the kernel", () => {
    using socket = new Socket(AF_INET, SOCK_DGRAM);
    expect(socket).toMatchObject({
      blocking: true,
      timeout: Infinity,
      listenBacklog: 10,
      closed: false,
      connected: false,
      listening: false,
      speaksIPv4: true,
      availableBytes: 0,
      keepalive: false,
      broadcast: false,
      multicastTtl: 1,
      multicastLoopback: true,
      multicastInterface: 0,
      dscp: 0,
      remoteAddress: null,
    });
    expect(socket.ttl).toBe(Number(readFileSync("/proc/sys/net/ipv4/ip_default_ttl", "latin1")));
    expect(String(socket.localAddress)).toBe("0.0.0.0:0");
  });

  test("an unbound unix socket has an anonymous address, and no peer", () => {
    using socket = new Socket(AF_UNIX);
    expect(socket.localAddress).toBeInstanceOf(UnixSocketAddress);
    expect(socket.localAddress).toMatchObject({ anonymous: true, path: undefined, abstractName: undefined });
    expect(socket.remoteAddress).toBeNull();
  });

  test.each(families)("turns TCP_NODELAY on for TCP over %s: made, accepted and adopted", (_, family) => {
    const noDelay = (socket: Socket): number => socket.getOption(IPPROTO_TCP, TCP_NODELAY);
    using pair = new TcpPair(family);
    expect(noDelay(pair.client)).toBe(1);
    expect(noDelay(pair.server)).toBe(1);
    pair.client.setOption(IPPROTO_TCP, TCP_NODELAY, 0);
    using adopted = Socket.fromFd(pair.client.detach());
    expect(noDelay(adopted)).toBe(1);
  });

  test.each<[string, () => Socket, string]>([
    ["the family", () => new Socket(wrong(undefined)), "family must be a number, not undefined"],
    ["the type", () => new Socket(AF_INET, wrong(undefined)), "type must be a number, not undefined"],
    ["the protocol", () => new Socket(AF_INET, SOCK_DGRAM, wrong(undefined)), "protocol must be a number"],
  ])("refuses an explicit undefined for %s: a constant that this OS lacks is no default", (_, make, text) => {
    expect(throwsNaming(make, TypeError, text).message).toContain("a constant that this OS lacks is undefined");
  });

  test.each<[string, () => Socket, ErrorConstructor, string]>([
    ["no family", () => new (Socket as unknown as new () => Socket)(), TypeError, "family"],
    ["a family by name", () => new Socket(wrong("AF_INET")), TypeError, "family"],
    ["NaN", () => new Socket(Number.NaN), RangeError, "family"],
    ["a fraction", () => new Socket(AF_INET, 1.5), RangeError, "type"],
    ["2^32+2, which must not become 2", () => new Socket(2 ** 32 + AF_INET), RangeError, "family"],
    ["a protocol of 2^32+6", () => new Socket(AF_INET, SOCK_STREAM, 2 ** 32 + 6), RangeError, "protocol"],
    ["null", () => new Socket(AF_INET, SOCK_STREAM, wrong(null)), TypeError, "protocol"],
  ])("refuses %s before any call", (_, make, type, name) => {
    throwsNaming(make, type, name);
  });

  test.each<[string, () => Socket, SocketErrorKind, string]>([
    ["AF_UNSPEC", () => new Socket(AF_UNSPEC), "not-supported", "EAFNOSUPPORT"],
    ["a family that nobody has", () => new Socket(9999), "not-supported", "EAFNOSUPPORT"],
    ["a negative family", () => new Socket(-1), "not-supported", "EAFNOSUPPORT"],
    ["a type that nobody has", () => new Socket(AF_INET, 99), "invalid-argument", "EINVAL"],
    ["a type of another family", () => new Socket(AF_INET, SOCK_SEQPACKET), "not-supported", "ESOCKTNOSUPPORT"],
    ["a protocol of another type", () => new Socket(AF_INET, SOCK_STREAM, IPPROTO_UDP), "not-supported", ""],
  ])("passes on what the kernel says of %s", (_, make, kind, code) => {
    const error = throwsKind(make, kind);
    expect(error).toMatchObject({ name: "SocketError", syscall: "socket" });
    expect(error.errno).toBeLessThan(0);
    expect(error.message).toStartWith("socket: ");
    if (code !== "") expect(error.code).toBe(code);
  });

  test.skipIf(canMake(AF_INET, SOCK_STREAM, IPPROTO_SCTP))(
    "says what a kernel lacks (skipped where it has SCTP)",
    () => {
      const error = throwsKind(() => new Socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP), "not-supported");
      expect(error.message).toContain("this kernel lacks it");
    },
  );

  test.skipIf(canMake(AF_BLUETOOTH, SOCK_RAW, 1))(
    "says that a kernel lacks a family (skipped where it has Bluetooth)",
    () => {
      const error = throwsKind(() => new Socket(AF_BLUETOOTH, SOCK_RAW, 1), "not-supported");
      expect(error.message).toContain("this kernel was built or started without that family");
    },
  );
});

describe("Socket.pair", () => {
  test("gives two unix stream sockets that are connected to each other", () => {
    const [a, b] = Socket.pair();
    using _a = a;
    using _b = b;
    for (const socket of [a, b]) {
      expect(socket).toMatchObject({ family: AF_UNIX, type: SOCK_STREAM, protocol: 0, connected: true });
      expect(socket.localAddress).toMatchObject({ anonymous: true });
      expect(socket.remoteAddress).toMatchObject({ anonymous: true });
      expect(flagsOf(socket.fd)).toEqual({ nonblocking: true, closeOnExec: true });
    }
    a.sendAll("there");
    b.sendAll("and back");
    expect(new TextDecoder().decode(b.receiveBytes(100))).toBe("there");
    expect(new TextDecoder().decode(a.receiveBytes(100))).toBe("and back");
  });

  test.each([
    ["datagrams", SOCK_DGRAM],
    ["packets", SOCK_SEQPACKET],
  ])("of %s keeps the borders between messages", (_, type) => {
    const [a, b] = Socket.pair(AF_UNIX, type);
    using _a = a;
    using _b = b;
    a.send("one");
    a.send("two");
    expect(b.type).toBe(type);
    expect(b.receiveBytes(100)).toHaveLength(3);
    expect(b.receiveBytes(100)).toHaveLength(3);
  });

  test("takes SOCK_NONBLOCK and SOCK_CLOEXEC in the type, and does not show them", () => {
    const [a, b] = Socket.pair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC);
    using _a = a;
    using _b = b;
    expect([a.type, b.type]).toEqual([SOCK_DGRAM, SOCK_DGRAM]);
  });

  test("is not to be had of AF_INET: the kernel knows unix pairs only", () => {
    expect(throwsKind(() => Socket.pair(AF_INET), "not-supported").syscall).toBe("socketpair");
  });

  test("refuses an explicit undefined, as the constructor does", () => {
    throwsNaming(() => Socket.pair(wrong(undefined)), TypeError, "family");
    throwsNaming(() => Socket.pair(AF_UNIX, wrong(undefined)), TypeError, "type");
    throwsNaming(() => Socket.pair(AF_UNIX, SOCK_STREAM, wrong(undefined)), TypeError, "protocol");
  });
});

describe("a socket declared with `using`", () => {
  test("is closed at the end of its block", () => {
    let escaped: Socket;
    {
      using socket = new Socket(AF_INET);
      escaped = socket;
      expect(socket.closed).toBe(false);
    }
    expect(escaped.closed).toBe(true);
    expect(escaped.fd).toBe(-1);
  });

  test("is closed when the block throws", () => {
    const made: Socket[] = [];
    const work = (): void => {
      using socket = new Socket(AF_INET);
      made.push(socket);
      throw new Error("on the way");
    };
    expect(work).toThrow("on the way");
    expect(made[0]?.closed).toBe(true);
  });

  test("may have been closed before", () => {
    using socket = new Socket(AF_INET);
    socket.close();
  });
});

test("String(socket) tells the descriptor, and -1 once it is closed", () => {
  const socket = new Socket(AF_INET);
  expect(String(socket)).toBe(`Socket(fd ${socket.fd})`);
  socket.close();
  expect(String(socket)).toBe("Socket(fd -1)");
});

describe.each(families)("the properties of a socket over %s", (_, family) => {
  const make = (): Socket => new Socket(family, SOCK_DGRAM);
  const isIPv4 = family === AF_INET;
  const level = isIPv4 ? IPPROTO_IP : IPPROTO_IPV6;

  test("keepalive and broadcast are set and read back, and are the kernel's", () => {
    using socket = make();
    for (const value of [true, false, true]) {
      socket.keepalive = value;
      socket.broadcast = value;
      expect([socket.keepalive, socket.broadcast]).toEqual([value, value]);
      expect(socket.getOption(SOL_SOCKET, SO_KEEPALIVE)).toBe(Number(value));
      expect(socket.getOption(SOL_SOCKET, SO_BROADCAST)).toBe(Number(value));
    }
  });

  test("what somebody else sets is what the properties tell: nothing is cached", () => {
    using socket = make();
    socket.setOption(SOL_SOCKET, SO_KEEPALIVE, 1);
    socket.setOption(level, isIPv4 ? IP_TTL : IPV6_UNICAST_HOPS, 7);
    expect(socket.keepalive).toBe(true);
    expect(socket.ttl).toBe(7);
  });

  test.each([1, 2, 64, 255])("ttl %d is set and read back", (value) => {
    using socket = make();
    socket.ttl = value;
    expect(socket.ttl).toBe(value);
    expect(socket.getOption(level, isIPv4 ? IP_TTL : IPV6_UNICAST_HOPS)).toBe(value);
  });

  test.each([0, 1, 32, 255])("multicastTtl %d is set and read back", (value) => {
    using socket = make();
    socket.multicastTtl = value;
    expect(socket.multicastTtl).toBe(value);
    expect(socket.getOption(level, isIPv4 ? IP_MULTICAST_TTL : IPV6_MULTICAST_HOPS)).toBe(value);
  });

  test("multicastLoopback is on at first, set and read back", () => {
    using socket = make();
    expect(socket.multicastLoopback).toBe(true);
    socket.multicastLoopback = false;
    expect(socket.multicastLoopback).toBe(false);
    socket.multicastLoopback = true;
    expect(socket.multicastLoopback).toBe(true);
  });

  test("multicastInterface is set by name, index or address, and read as an index", () => {
    using socket = make();
    const lo = interfaceIndex(loopbackName);
    for (const value of [loopbackName, lo, InetAddress.loopback(family), String(InetAddress.loopback(family))]) {
      socket.multicastInterface = 0;
      expect(socket.multicastInterface).toBe(0);
      socket.multicastInterface = value;
      expect(socket.multicastInterface).toBe(lo);
    }
  });

  test("a duplicate knows the multicastInterface as well: it is the same socket to the kernel", () => {
    using socket = make();
    socket.multicastInterface = "lo";
    using copy = socket.duplicate();
    expect(copy.multicastInterface).toBe(interfaceIndex(loopbackName));
    copy.multicastInterface = 0;
    expect(socket.multicastInterface).toBe(0);
  });

  test("an interface that is not there is an error, and changes nothing", () => {
    using socket = make();
    socket.multicastInterface = "lo";
    for (const value of ["nope0", 0x7fff_fff0, "192.0.2.254", InetAddress.parse("2001:db8::9")]) {
      expect(throwsKind(() => (socket.multicastInterface = value), "no-such-device").code).toBe("ENODEV");
    }
    expect(socket.multicastInterface).toBe(interfaceIndex(loopbackName));
  });

  test.each([0, 10, 46, 63])("dscp %d is set and read back, in the upper six bits of the traffic class", (value) => {
    using socket = make();
    socket.dscp = value;
    expect(socket.dscp).toBe(value);
    expect(socket.getOption(level, isIPv4 ? IP_TOS : IPV6_TCLASS)).toBe(value << 2);
  });

  test("dscp leaves the two bits of ECN alone", () => {
    using socket = make();
    socket.setOption(level, isIPv4 ? IP_TOS : IPV6_TCLASS, 2);
    expect(socket.dscp).toBe(0);
    socket.dscp = 46;
    expect(socket.getOption(level, isIPv4 ? IP_TOS : IPV6_TCLASS)).toBe((46 << 2) | 2);
  });

  test.each<[string, "ttl" | "multicastTtl" | "dscp", number]>([
    ["ttl", "ttl", 0],
    ["ttl", "ttl", -1],
    ["ttl", "ttl", 256],
    ["ttl", "ttl", 1.5],
    ["ttl", "ttl", Number.NaN],
    ["multicastTtl", "multicastTtl", -1],
    ["multicastTtl", "multicastTtl", 256],
    ["dscp", "dscp", -1],
    ["dscp", "dscp", 64],
    ["dscp", "dscp", 2 ** 32],
  ])("%s refuses what is out of its range, and keeps what it was (%s = %d)", (name, property, value) => {
    using socket = make();
    socket[property] = 3;
    throwsNaming(() => (socket[property] = value), RangeError, `${name} must be`);
    expect(socket[property]).toBe(3);
  });

  test("a value of the wrong type is a TypeError, and changes nothing", () => {
    using socket = make();
    throwsNaming(() => (socket.keepalive = wrong("yes")), TypeError, "KEEPALIVE");
    throwsNaming(() => (socket.broadcast = wrong(1)), TypeError, "BROADCAST");
    throwsNaming(() => (socket.multicastLoopback = wrong(0)), TypeError, "MULTICAST_LOOP");
    throwsNaming(() => (socket.multicastInterface = wrong(true)), TypeError, "multicastInterface");
    throwsNaming(() => (socket.multicastInterface = wrong(undefined)), TypeError, "multicastInterface");
    for (const name of ["ttl", "multicastTtl", "dscp"] as const) {
      throwsNaming(() => (socket[name] = wrong("1")), TypeError, name);
      throwsNaming(() => (socket[name] = wrong(undefined)), TypeError, name);
    }
    expect(socket).toMatchObject({ keepalive: false, broadcast: false, multicastLoopback: true, dscp: 0 });
  });

  test("can be set on a stream socket too", () => {
    using socket = new Socket(family, SOCK_STREAM);
    socket.ttl = 9;
    socket.dscp = 10;
    socket.keepalive = true;
    expect(socket).toMatchObject({ ttl: 9, dscp: 10, keepalive: true });
  });
});

describe("on an AF_INET6 socket", () => {
  test.skipIf(!haveIPv6)("ttl, multicastTtl and dscp hold for v4-mapped peers as well (needs IPv6)", () => {
    using socket = new Socket(AF_INET6, SOCK_DGRAM);
    socket.ttl = 5;
    socket.multicastTtl = 6;
    socket.dscp = 46;
    expect(socket.getOption(IPPROTO_IP, IP_TTL)).toBe(5);
    expect(socket.getOption(IPPROTO_IP, IP_MULTICAST_TTL)).toBe(6);
    expect(socket.getOption(IPPROTO_IP, IP_TOS)).toBe(46 << 2);
  });
});

describe("the properties of IP on a unix socket", () => {
  test.each(["ttl", "multicastTtl", "multicastLoopback", "multicastInterface", "dscp"] as const)(
    "%s is not supported, to read and to set",
    (name) => {
      using socket = new Socket(AF_UNIX);
      const get = throwsKind(() => socket[name], "not-supported");
      expect(get.message).toBe(`${name}: only AF_INET and AF_INET6 sockets have it`);
      const value = name === "multicastLoopback" ? true : 1;
      const set = throwsKind(() => (socket[name] = wrong(value)), "not-supported");
      expect(set.message).toBe(`${name}: only AF_INET and AF_INET6 sockets have it`);
    },
  );

  test("while keepalive and broadcast are every socket's", () => {
    using socket = new Socket(AF_UNIX);
    socket.keepalive = true;
    socket.broadcast = true;
    expect([socket.keepalive, socket.broadcast]).toEqual([true, true]);
  });
});

describe("speaksIPv4", () => {
  test("is true for AF_INET and false for AF_UNIX", () => {
    using inet = new Socket(AF_INET);
    using unix = new Socket(AF_UNIX);
    expect([inet.speaksIPv4, unix.speaksIPv4]).toEqual([true, false]);
  });

  test.skipIf(!haveIPv6)("is for AF_INET6 what IPV6_V6ONLY leaves (needs IPv6)", () => {
    using socket = new Socket(AF_INET6);
    socket.setOption(IPPROTO_IPV6, IPV6_V6ONLY, 0);
    expect(socket.speaksIPv4).toBe(true);
    socket.setOption(IPPROTO_IPV6, IPV6_V6ONLY, 1);
    expect(socket.speaksIPv4).toBe(false);
  });
});

describe("blocking", () => {
  test("is true at first, and only ours: the descriptor stays non-blocking", () => {
    using socket = new Socket(AF_INET);
    for (const value of [false, true]) {
      socket.blocking = value;
      expect(socket.blocking).toBe(value);
      expect(flagsOf(socket.fd).nonblocking).toBe(true);
    }
  });

  test("when false, what would wait fails with would-block", () => {
    using socket = udpSocket();
    socket.blocking = false;
    throwsKind(() => socket.receive(new Uint8Array(1)), "would-block");
  });

  test.each([0, 1, "true", null, undefined])("refuses %p", (value) => {
    using socket = new Socket(AF_INET);
    throwsNaming(() => (socket.blocking = wrong(value)), TypeError, "blocking must be true or false");
    expect(socket.blocking).toBe(true);
  });
});

describe("timeout", () => {
  test("is Infinity at first, in milliseconds, and may be a fraction", () => {
    using socket = udpSocket();
    expect(socket.timeout).toBe(Infinity);
    socket.timeout = 0.5;
    expect(socket.timeout).toBe(0.5);
    const start = performance.now();
    const error = throwsKind(() => socket.receive(new Uint8Array(1)), "timed-out");
    expect(performance.now() - start).toBeGreaterThanOrEqual(0.5);
    expect(error).toMatchObject({ code: "ETIMEDOUT", errno: 0, syscall: "poll" });
  });

  test("0 never waits", () => {
    using socket = udpSocket();
    socket.timeout = 0;
    throwsKind(() => socket.receive(new Uint8Array(1)), "would-block");
  });

  test("is kept while `blocking` is false, and counts for nothing then", () => {
    using socket = udpSocket();
    socket.timeout = SOON;
    socket.blocking = false;
    throwsKind(() => socket.receive(new Uint8Array(1)), "would-block");
    expect(socket.timeout).toBe(SOON);
  });

  test.each<[unknown, ErrorConstructor]>([
    [-1, RangeError],
    [Number.NaN, RangeError],
    [-Infinity, RangeError],
    ["10", TypeError],
    [null, TypeError],
    [undefined, TypeError],
    [10n, TypeError],
  ])("refuses %p", (value, type) => {
    using socket = new Socket(AF_INET);
    throwsNaming(() => (socket.timeout = wrong(value)), type, "timeout must be");
    expect(socket.timeout).toBe(Infinity);
  });
});

describe("listenBacklog", () => {
  test("is 10 at first, and is what listen() takes", () => {
    using socket = new Socket(AF_INET);
    expect(socket.listenBacklog).toBe(10);
    socket.listenBacklog = 3;
    socket.bind(loopback(AF_INET));
    socket.listen();
    expect(backlogOf(socket)).toBe(3);
  });

  test("listen(backlog) says otherwise for once, and may be called again", () => {
    using socket = tcpListener(AF_INET, 7);
    expect(backlogOf(socket)).toBe(7);
    socket.listen(2);
    expect(backlogOf(socket)).toBe(2);
    expect(socket.listenBacklog).toBe(10);
  });

  test.each<[unknown, ErrorConstructor]>([
    [-1, RangeError],
    [2 ** 31, RangeError],
    [1.5, RangeError],
    [Number.NaN, RangeError],
    ["5", TypeError],
    [undefined, TypeError],
  ])("refuses %p, and so does listen()", (value, type) => {
    using socket = new Socket(AF_INET);
    throwsNaming(() => (socket.listenBacklog = wrong(value)), type, "listenBacklog must be");
    throwsNaming(() => socket.listen(wrong(value)), type, "backlog must be");
    expect(socket).toMatchObject({ listenBacklog: 10, listening: false });
  });

  test("listen() makes a socket a listener, which a datagram socket cannot be", () => {
    using socket = tcpListener();
    expect(socket.listening).toBe(true);
    using udp = udpSocket();
    const error = throwsKind(() => udp.listen(), "not-supported");
    expect(error).toMatchObject({ code: "EOPNOTSUPP", syscall: "listen" });
    expect(error.message).toContain("only stream and seqpacket sockets listen");
    expect(udp.listening).toBe(false);
  });
});

// What the kernel was told: tcpi_sacked of struct tcp_info is the backlog of a listener (tcp(7): TCP_INFO).
function backlogOf(listener: Socket): number {
  const TCP_INFO = 11;
  const info = listener.getOption(IPPROTO_TCP, TCP_INFO, 232);
  return new DataView(info.buffer).getUint32(28, true);
}

test("what the kernel decides cannot be set", () => {
  using socket = new Socket(AF_INET);
  for (const name of ["fd", "family", "type", "protocol", "closed", "connected", "listening", "availableBytes"]) {
    expect(Reflect.set(socket, name, 1)).toBe(false);
  }
});
