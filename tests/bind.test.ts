// bind(2): which addresses a socket can have, how they are given, and who may share them.

import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, lstatSync, writeFileSync } from "node:fs";
import { createSocket } from "node:dgram";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
} from "./support/constants.ts";
import {
  InetAddress,
  InetSocketAddress,
  Socket,
  type SocketAddress,
  type SocketAddressLike,
  UnixSocketAddress,
} from "../src/index.ts";
import {
  families,
  Folder,
  haveIPv6,
  loopback,
  SOON,
  Sockets,
  tcpListener,
  TcpPair,
  udpSocket,
} from "./support/sockets.ts";
import { throwsKind, throwsNaming, wrong } from "./support/throws.ts";

const folder = new Folder();
afterAll(() => folder[Symbol.dispose]());

const portOf = (socket: Socket): number => (socket.localAddress as InetSocketAddress).port;
const option = (socket: Socket, name: number): number => socket.getOption(SOL_SOCKET, name);

describe.each(families)("bind over %s", (_, family) => {
  test.each([
    ["stream", SOCK_STREAM],
    ["datagram", SOCK_DGRAM],
  ])("to port 0 lets the kernel choose one: a %s socket", (_kind, type) => {
    using socket = new Socket(family, type);
    expect(portOf(socket)).toBe(0);
    socket.bind(loopback(family));
    expect(portOf(socket)).toBeGreaterThan(0);
    expect(socket.localAddress).toBeInstanceOf(InetSocketAddress);
    expect((socket.localAddress as InetSocketAddress).address.isLoopback).toBe(true);
  });

  test("twice is an error of the kernel, and the first address stays", () => {
    using socket = udpSocket(family);
    const address = socket.localAddress;
    const error = throwsKind(() => socket.bind(loopback(family)), "invalid-argument");
    expect(error).toMatchObject({ code: "EINVAL", syscall: "bind" });
    expect(error.message).toContain("a socket is bound once");
    expect(socket.localAddress.equals(address)).toBe(true);
  });

  test("to an address that another socket has is address-in-use, and the error tells which and what to do", () => {
    using first = udpSocket(family);
    using second = new Socket(family, SOCK_DGRAM);
    const address = first.localAddress;
    const error = throwsKind(() => second.bind(address), "address-in-use");
    expect(error).toMatchObject({ code: "EADDRINUSE", syscall: "bind", address });
    expect(error.message).toBe(
      `bind ${address}: address already in use (EADDRINUSE); another socket has it: pick another address, or ` +
        `set ${SO_REUSEPORT === undefined ? "allowReuse on both" : "reusePort on both sockets"}`,
    );
  });

  test("to an address that this host has not is address-not-available", () => {
    using socket = new Socket(family, SOCK_STREAM);
    const address = family === AF_INET ? "203.0.113.77:0" : "[2001:db8::77]:0";
    const error = throwsKind(() => socket.bind(address), "address-not-available");
    expect(error.message).toContain(`bind ${address}`);
    expect(error.message).toContain("use an address of this host");
  });
});

describe("who may share an address", () => {
  test("absent options leave SO_REUSEADDR and SO_REUSEPORT as they are", () => {
    for (const value of [0, 1]) {
      for (const options of [undefined, {}, { allowReuse: undefined, reusePort: undefined }]) {
        using socket = new Socket(AF_INET, SOCK_DGRAM);
        socket.setOption(SOL_SOCKET, SO_REUSEADDR, value);
        socket.setOption(SOL_SOCKET, SO_REUSEPORT, value);
        if (options === undefined) socket.bind("127.0.0.1:0");
        else socket.bind("127.0.0.1:0", options);
        expect([option(socket, SO_REUSEADDR), option(socket, SO_REUSEPORT)]).toEqual([value, value]);
      }
    }
  });

  test.each([SOCK_STREAM, SOCK_DGRAM])("given options set and clear them, one by one: type %d", (type) => {
    for (const [allowReuse, reusePort] of [
      [true, true],
      [true, false],
      [false, true],
      [false, false],
    ] as const) {
      using socket = new Socket(AF_INET, type);
      socket.setOption(SOL_SOCKET, SO_REUSEADDR, !allowReuse);
      socket.setOption(SOL_SOCKET, SO_REUSEPORT, !reusePort);
      socket.bind("127.0.0.1:0", { allowReuse, reusePort });
      expect(option(socket, SO_REUSEADDR)).toBe(Number(allowReuse));
      expect(option(socket, SO_REUSEPORT)).toBe(Number(reusePort));
    }
  });

  test("two datagram sockets share a port when both allow reuse", () => {
    using first = new Socket(AF_INET, SOCK_DGRAM);
    using second = new Socket(AF_INET, SOCK_DGRAM);
    first.bind("127.0.0.1:0", { allowReuse: true });
    second.bind(first.localAddress, { allowReuse: true });
    expect(portOf(second)).toBe(portOf(first));
  });

  test("and not when one of them does not", () => {
    using first = new Socket(AF_INET, SOCK_DGRAM);
    using second = new Socket(AF_INET, SOCK_DGRAM);
    first.bind("127.0.0.1:0", { allowReuse: true });
    throwsKind(() => second.bind(first.localAddress), "address-in-use");
  });

  test("a listening TCP port is not to be had again, with allowReuse neither", () => {
    using first = new Socket(AF_INET);
    using second = new Socket(AF_INET);
    first.bind("127.0.0.1:0", { allowReuse: true });
    first.listen();
    throwsKind(() => second.bind(first.localAddress, { allowReuse: true }), "address-in-use");
  });

  test("allowReuse is for a server that starts again while its old connections wait for their end (TIME_WAIT)", () => {
    const first = new Socket(AF_INET);
    first.bind("127.0.0.1:0", { allowReuse: true });
    first.listen();
    const address = first.localAddress;
    {
      using client = new Socket(AF_INET);
      client.connect(address, { timeout: SOON });
      first.accept({ timeout: SOON }).close(); // who closes first keeps the port
      expect(client.receive(new Uint8Array(1), { timeout: SOON })).toBe(0);
    }
    first.close();
    using plain = new Socket(AF_INET);
    throwsKind(() => plain.bind(address), "address-in-use");
    using reusing = new Socket(AF_INET);
    reusing.bind(address, { allowReuse: true });
    reusing.listen();
    expect(reusing.localAddress.equals(address)).toBe(true);
  });

  test.each([
    ["TCP listeners", SOCK_STREAM],
    ["UDP sockets", SOCK_DGRAM],
  ])("with reusePort several %s have one port, and the kernel deals out what comes", (_, type) => {
    using sockets = new Sockets();
    let address: SocketAddressLike = "127.0.0.1:0";
    for (let count = 0; count < 3; count++) {
      const socket = sockets.add(new Socket(AF_INET, type));
      socket.bind(address, { reusePort: true });
      if (type === SOCK_STREAM) socket.listen();
      address = socket.localAddress;
    }
    using client = new Socket(AF_INET, type);
    client.connect(address, { timeout: SOON });
    if (type === SOCK_DGRAM) client.send("hello");
    const reached = sockets.all.filter((socket) => {
      if (type === SOCK_DGRAM) return socket.tryReceiveFrom(new Uint8Array(10)) !== null;
      using accepted = socket.tryAccept();
      return accepted !== null;
    });
    expect(reached).toHaveLength(1);
  });

  test("reusePort wants all of them to say so", () => {
    using first = new Socket(AF_INET);
    using second = new Socket(AF_INET);
    first.bind("127.0.0.1:0", { reusePort: true });
    throwsKind(() => second.bind(first.localAddress), "address-in-use");
    throwsKind(() => second.bind(first.localAddress, { allowReuse: true, reusePort: false }), "address-in-use");
  });

  test.each<[string, unknown, string]>([
    ["allowReuse: 1", { allowReuse: 1 }, "allowReuse must be true or false"],
    ["reusePort: null", { reusePort: null }, "reusePort must be true or false"],
    ["true, as GSocket has it", true, "options must be an object"],
    ["null", null, "options must be an object"],
    ["a number", 1, "options must be an object"],
  ])("refuses %s before it binds", (_, options, text) => {
    using socket = new Socket(AF_INET, SOCK_DGRAM);
    throwsNaming(() => socket.bind("127.0.0.1:0", wrong(options)), TypeError, text);
    expect(portOf(socket)).toBe(0);
  });
});

describe("the forms of an address", () => {
  const accepted: readonly (readonly [string, SocketAddressLike, string])[] = [
    ["text", "127.0.0.1:0", "127.0.0.1"],
    ["{ address, port }", { address: "127.0.0.1", port: 0 }, "127.0.0.1"],
    ["{ address: InetAddress, port }", { address: InetAddress.parse("127.0.0.1"), port: 0 }, "127.0.0.1"],
    ["InetSocketAddress", new InetSocketAddress("127.0.0.1", 0), "127.0.0.1"],
    ["the address for all", "0.0.0.0:0", "0.0.0.0"],
  ];

  test.each(accepted)("%s will do for IPv4", (_, address, host) => {
    using socket = new Socket(AF_INET, SOCK_DGRAM);
    socket.bind(address);
    expect(String((socket.localAddress as InetSocketAddress).address)).toBe(host);
  });

  test.skipIf(!haveIPv6).each<[string, SocketAddressLike]>([
    ["text in brackets", "[::1]:0"],
    ["{ address, port }", { address: "::1", port: 0 }],
    ["InetSocketAddress", new InetSocketAddress(InetAddress.parse("::1"), 0)],
  ])("%s will do for IPv6 (needs IPv6)", (_, address) => {
    using socket = new Socket(AF_INET6, SOCK_DGRAM);
    socket.bind(address);
    expect(String(socket.localAddress)).toMatch(/^\[::1\]:[1-9][0-9]*$/);
  });

  test("what node:dgram reports of a sender fits as it is", async () => {
    using socket = udpSocket();
    const theirs = createSocket("udp4");
    try {
      const came = new Promise<{ address: string; family: string; port: number; size: number }>((resolve) =>
        theirs.once("message", (_, rinfo) => resolve(rinfo)),
      );
      await new Promise<void>((resolve) => theirs.bind(0, "127.0.0.1", resolve));
      socket.sendTo("hello", theirs.address());
      const rinfo = await came;
      using other = new Socket(AF_INET, SOCK_DGRAM);
      other.connect(rinfo);
      expect(other.remoteAddress?.equals(socket.localAddress)).toBe(true);
    } finally {
      theirs.close();
    }
  });

  test.each<[string, unknown, ErrorConstructor, RegExp]>([
    ["a host name", "localhost:80", TypeError, /"localhost" is no IP address, and names are not resolved here/],
    ["a host name in an object", { address: "localhost", port: 80 }, TypeError, /not "localhost"/],
    ["an address without a port", "1.2.3.4", TypeError, /address "1\.2\.3\.4" needs a port: write "1\.2\.3\.4:80"/],
    ["IPv6 without brackets", "::1", TypeError, /needs a port: write "\[::1\]:80"/],
    ["IPv6 in brackets without a port", "[::1]", TypeError, /needs a port/],
    ["port 70000", "127.0.0.1:70000", RangeError, /port must be an integer from 0 to 65535, not 70000/],
    ["port 65536 in an object", { address: "127.0.0.1", port: 65_536 }, RangeError, /port must be an integer/],
    ["port -1", { address: "127.0.0.1", port: -1 }, RangeError, /port must be/],
    ["port 1.5", { address: "127.0.0.1", port: 1.5 }, RangeError, /port must be/],
    ["a port as text", { address: "127.0.0.1", port: "80" }, TypeError, /port must be a number/],
    ["a port by name", "127.0.0.1:http", TypeError, /the port "http" is no number/],
    ["a negative port", "127.0.0.1:-1", TypeError, /the port "-1" is no number/],
    ["an empty port", "127.0.0.1:", TypeError, /the port "" is no number/],
    ["an address that is short of a part", "127.1:80", TypeError, /"127\.1" is no IP address/],
    ["an empty text", "", TypeError, /address ""/],
    ["a path as text", "/run/app.sock", TypeError, /looks like a unix path: write \{ path: "\/run\/app\.sock" \}/],
    ["a port alone", 80, TypeError, /address must be a SocketAddress, .* not 80/],
    ["{ port } alone", { port: 80 }, TypeError, /address must be a SocketAddress/],
    ["{ hostname, port }", { hostname: "127.0.0.1", port: 80 }, TypeError, /address must be a SocketAddress/],
    ["null", null, TypeError, /address must be a SocketAddress, .* not null/],
    ["nothing", undefined, TypeError, /address must be a SocketAddress, .* not undefined/],
    ["{ path } of nothing, as of an unset variable", { path: undefined }, TypeError, /path must be/],
    ["{ path } of a number", { path: 7 }, TypeError, /path must be a string or a Uint8Array, not 7/],
    ["a path with a NUL inside", { path: "/run/a\0b" }, TypeError, /path must not have a NUL inside/],
  ])("%s is refused, by bind, connect and sendTo alike", (_, address, type, text) => {
    using socket = new Socket(AF_INET, SOCK_DGRAM);
    for (const use of [
      () => socket.bind(wrong(address)),
      () => socket.connect(wrong(address)),
      () => socket.sendTo("x", wrong(address)),
      () => socket.trySendTo("x", wrong(address)),
    ]) {
      expect(throwsNaming(use, type, "").message).toMatch(text);
    }
    expect(portOf(socket)).toBe(0);
  });

  test("a family that is not the socket's is for the kernel to refuse", () => {
    using ipv4 = new Socket(AF_INET, SOCK_DGRAM);
    const error = throwsKind(() => ipv4.bind("[::1]:0"), "not-supported");
    expect(error.message).toContain("the address is of another family than the socket");
    throwsKind(() => ipv4.bind({ path: folder.file("a-path-that-is-long-enough") }), "not-supported");
    using unix = new Socket(AF_UNIX);
    throwsKind(() => unix.bind("127.0.0.1:0"), "invalid-argument");
  });
});

describe("IPv4 on an AF_INET6 socket", () => {
  test.skipIf(!haveIPv6)("is bound as v4-mapped, and reached over IPv4 (needs IPv6)", () => {
    using listener = new Socket(AF_INET6);
    listener.setOption(IPPROTO_IPV6, IPV6_V6ONLY, false);
    listener.bind("127.0.0.1:0");
    listener.listen();
    expect(String(listener.localAddress)).toBe(`[::ffff:127.0.0.1]:${portOf(listener)}`);
    using client = new Socket(AF_INET);
    client.connect({ address: "127.0.0.1", port: portOf(listener) }, { timeout: SOON });
    using server = listener.accept({ timeout: SOON });
    const peer = server.remoteAddress as InetSocketAddress;
    expect(peer.family).toBe(AF_INET6); // as the kernel gave it
    expect(peer.unmapped().equals(client.localAddress)).toBe(true);
  });

  test.skipIf(!haveIPv6)("[::] takes both families, unless IPV6_V6ONLY (needs IPv6)", () => {
    for (const only of [false, true]) {
      using listener = new Socket(AF_INET6);
      listener.setOption(IPPROTO_IPV6, IPV6_V6ONLY, only);
      listener.bind("[::]:0");
      listener.listen();
      using overIPv6 = new Socket(AF_INET6);
      overIPv6.connect({ address: "::1", port: portOf(listener) }, { timeout: SOON });
      using overIPv4 = new Socket(AF_INET);
      const connect = (): void => overIPv4.connect({ address: "127.0.0.1", port: portOf(listener) }, { timeout: SOON });
      if (only) throwsKind(connect, "connection-refused");
      else connect();
      expect(overIPv4.connected).toBe(!only);
    }
  });

  test.skipIf(!haveIPv6)("connects and sends over IPv4, given as such (needs IPv6)", () => {
    using listener = tcpListener();
    using client = new Socket(AF_INET6);
    client.connect(listener.localAddress, { timeout: SOON });
    expect(String(client.remoteAddress)).toBe(`[::ffff:127.0.0.1]:${portOf(listener)}`);
    using receiver = udpSocket();
    using sender = new Socket(AF_INET6, SOCK_DGRAM);
    sender.sendTo("x", receiver.localAddress);
    expect(receiver.receive(new Uint8Array(9), { timeout: SOON })).toBe(1);
  });
});

describe("a unix address", () => {
  test.each([
    ["stream", SOCK_STREAM],
    ["datagram", SOCK_DGRAM],
    ["seqpacket", SOCK_SEQPACKET],
  ])("may be a path: a %s socket makes a file there, and close leaves it", (kind, type) => {
    const path = folder.file(`path-${kind}`);
    const socket = new Socket(AF_UNIX, type);
    socket.bind({ path });
    expect(lstatSync(path).isSocket()).toBe(true);
    expect(socket.localAddress).toMatchObject({ path, anonymous: false, abstractName: undefined });
    socket.close();
    expect(existsSync(path)).toBe(true);
  });

  test("may be a UnixSocketAddress, or bytes", () => {
    using a = new Socket(AF_UNIX);
    a.bind(new UnixSocketAddress(folder.file("as-object")));
    using b = new Socket(AF_UNIX);
    b.bind({ path: new TextEncoder().encode(folder.file("as-bytes")) });
    expect(b.localAddress).toMatchObject({ path: folder.file("as-bytes") });
  });

  test.each(["a socket that is left over", "a file"])("is in use where there is %s: nothing is unlinked", (what) => {
    const path = folder.file(`existing ${what}`);
    if (what === "a file") writeFileSync(path, "precious");
    else {
      using before = new Socket(AF_UNIX);
      before.bind({ path });
    }
    using socket = new Socket(AF_UNIX);
    const error = throwsKind(() => socket.bind({ path }), "address-in-use");
    expect(error.message).toContain(path);
    expect(existsSync(path)).toBe(true);
  });

  test("in a folder that is not there is not-found", () => {
    using socket = new Socket(AF_UNIX);
    expect(throwsKind(() => socket.bind({ path: folder.file("none/socket") }), "not-found").code).toBe("ENOENT");
  });

  test("of 107 bytes fits; one of 108 is refused, and never cut", () => {
    const longest = `${folder.path}/${"x".repeat(107 - folder.path.length - 1)}`;
    using socket = new Socket(AF_UNIX);
    const error = throwsKind(() => socket.bind({ path: `${longest}y` }), "filename-too-long");
    expect(error.message).toContain("has 108 bytes, and linux allows 107");
    expect(existsSync(longest)).toBe(false);
    socket.bind({ path: longest });
    expect(socket.localAddress).toMatchObject({ path: longest });
    expect(existsSync(longest)).toBe(true);
  });

  test("counts in bytes: letters of two bytes fill it with half as many", () => {
    using socket = new Socket(AF_UNIX);
    throwsKind(() => socket.bind({ path: "é".repeat(54) }), "filename-too-long");
  });

  test("without a name makes Linux choose an abstract one: autobind", () => {
    using socket = new Socket(AF_UNIX, SOCK_DGRAM);
    socket.bind(new UnixSocketAddress());
    const { abstractName, path } = socket.localAddress as UnixSocketAddress;
    expect(path).toBeUndefined();
    expect(new TextDecoder().decode(abstractName)).toMatch(/^[0-9a-f]{5}$/);
  });

  test("with a leading NUL is an abstract name: exact, with NULs where they are, and no file", () => {
    const unique = `berkeley-${process.pid}`;
    using sockets = new Sockets();
    const names = [unique, `${unique}\0`, `${unique}\0tail`, `\0${unique}`];
    for (const name of names) sockets.add(new Socket(AF_UNIX, SOCK_DGRAM)).bind({ path: `\0${name}` });
    expect(sockets.all.map((socket) => new TextDecoder().decode(abstractName(socket.localAddress)))).toEqual(names);
    using again = new Socket(AF_UNIX, SOCK_DGRAM);
    throwsKind(() => again.bind({ path: `\0${unique}\0tail` }), "address-in-use");
    again.connect({ path: `\0${unique}\0` });
    again.send("for the second");
    expect(sockets.all.map((socket) => socket.availableBytes)).toEqual([0, 14, 0, 0]);
  });

  test("that is abstract may have one byte more than a path, and is free again after close", () => {
    const name = `\0${"n".repeat(107)}`;
    for (let round = 0; round < 2; round++) {
      using socket = new Socket(AF_UNIX);
      socket.bind({ path: name });
      expect(abstractName(socket.localAddress)).toHaveLength(107);
    }
    using socket = new Socket(AF_UNIX);
    throwsKind(() => socket.bind({ path: `${name}n` }), "filename-too-long");
  });

  function abstractName(address: SocketAddress): Uint8Array {
    return (address as UnixSocketAddress).abstractName ?? new Uint8Array();
  }
});

describe("localAddress", () => {
  test("is what the kernel chose when a socket connects unbound", () => {
    using pair = new TcpPair();
    expect(pair.client.localAddress.equals(pair.client.localAddress)).toBe(true);
    expect(pair.server.remoteAddress?.equals(pair.client.localAddress)).toBe(true);
  });

  test("tells the one address of a socket that was bound to all, once it is connected", () => {
    using receiver = udpSocket();
    using sender = new Socket(AF_INET, SOCK_DGRAM);
    sender.bind("0.0.0.0:0");
    expect(String(sender.localAddress)).toStartWith("0.0.0.0:");
    sender.connect(receiver.localAddress);
    expect(String(sender.localAddress)).toStartWith("127.0.0.1:");
  });
});
