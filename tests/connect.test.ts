// connect(2): waiting for it, not waiting for it, and how it ended.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import {
  AF_INET,
  AF_UNIX,
  MSG_DONTWAIT,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  SOCK_DGRAM,
  SOCK_STREAM,
} from "./support/constants.ts";
import { Cancellable, Socket, UnixSocketAddress } from "../src/index.ts";
import { Thread } from "./support/thread.ts";
import {
  families,
  Folder,
  FullTcpListener,
  FullUnixListener,
  RefusingTcp,
  RefusingUdp,
  reset,
  SOON,
  tcpListener,
  TcpPair,
  UdpPair,
  udpSocket,
} from "./support/sockets.ts";
import { throwsKind, throwsNaming, wrong } from "./support/throws.ts";

const folder = new Folder();
let other: Thread;
beforeAll(async () => {
  other = await Thread.start();
});
afterAll(async () => {
  folder[Symbol.dispose]();
  await other[Symbol.asyncDispose]();
});

const UNCONNECTED = { connected: false, remoteAddress: null };
const buffer = new Uint8Array(100);

describe.each(families)("connect over %s", (_, family) => {
  test("waits until it is connected", () => {
    using listener = tcpListener(family);
    using client = new Socket(family);
    expect(client).toMatchObject(UNCONNECTED);
    client.connect(listener.localAddress, { timeout: SOON });
    expect(client.connected).toBe(true);
    expect(client.remoteAddress?.equals(listener.localAddress)).toBe(true);
    expect(client.conditionCheck(POLLIN | POLLOUT)).toBe(POLLOUT);
  });

  test("to a port where nobody listens is connection-refused, with the address, and leaves none", () => {
    using refusing = new RefusingTcp(family);
    using client = new Socket(family);
    const error = throwsKind(() => client.connect(refusing.address, { timeout: SOON }), "connection-refused");
    expect(error).toMatchObject({ code: "ECONNREFUSED", syscall: "connect", address: refusing.address });
    expect(error.errno).toBeLessThan(0);
    expect(error.message).toBe(`connect ${refusing.address}: connection refused (ECONNREFUSED); nobody listens there`);
    expect(client).toMatchObject(UNCONNECTED);
  });

  test("may be tried again with the same socket after a refusal", () => {
    using refusing = new RefusingTcp(family);
    using listener = tcpListener(family);
    using client = new Socket(family);
    throwsKind(() => client.connect(refusing.address, { timeout: SOON }), "connection-refused");
    client.connect(listener.localAddress, { timeout: SOON });
    expect(client.remoteAddress?.equals(listener.localAddress)).toBe(true);
  });

  test.each<[string, { timeout?: number; blocking?: boolean; flags?: number }]>([
    ["timeout: 0", { timeout: 0 }],
    ["blocking: false", { blocking: false }],
    ["MSG_DONTWAIT", { flags: MSG_DONTWAIT }],
  ])("that may not wait (%s) is pending, and checkConnectResult tells its success", (_how, options) => {
    using listener = tcpListener(family);
    using client = new Socket(family);
    const error = throwsKind(() => client.connect(listener.localAddress, options), "pending");
    expect(error).toMatchObject({ code: "EINPROGRESS", syscall: "connect" });
    expect(error.message).toContain("wait for POLLOUT, then call checkConnectResult()");
    expect(client.connected).toBe(false);
    expect(client.conditionWait(POLLOUT, { timeout: SOON })).toBe(POLLOUT);
    client.checkConnectResult();
    expect(client.connected).toBe(true);
    expect(client.remoteAddress?.equals(listener.localAddress)).toBe(true);
  });

  test("that may not wait tells its failure by checkConnectResult, once", () => {
    using refusing = new RefusingTcp(family);
    using client = new Socket(family);
    client.blocking = false;
    throwsKind(() => client.connect(refusing.address), "pending");
    client.conditionWait(POLLOUT, { timeout: SOON });
    const error = throwsKind(() => client.checkConnectResult(), "connection-refused");
    expect(error).toMatchObject({ syscall: "connect", address: refusing.address });
    expect(client).toMatchObject(UNCONNECTED);
    throwsKind(() => client.checkConnectResult(), "not-connected");
  });

  test("on a connected stream is an error (EISCONN), and the peer stays", () => {
    using listener = tcpListener(family);
    using second = tcpListener(family);
    using client = new Socket(family);
    client.connect(listener.localAddress, { timeout: SOON });
    for (const address of [second.localAddress, listener.localAddress, second.localAddress]) {
      const error = throwsKind(() => client.connect(address, { timeout: SOON }), "failed");
      expect(error.code).toBe("EISCONN");
      expect(error.message).toContain("use a new socket");
    }
    expect(client.remoteAddress?.equals(listener.localAddress)).toBe(true);
    using server = listener.accept({ timeout: SOON });
    reset(server);
    client.conditionWait(POLLIN, { timeout: SOON });
    expect(client.remoteAddress?.equals(listener.localAddress)).toBe(true);
    expect(second.tryAccept()).toBeNull();
  });
});

describe("a second connect, when the first has ended and nobody has asked", () => {
  test("concludes it, where the address is the same", () => {
    using listener = tcpListener();
    using client = new Socket(AF_INET);
    throwsKind(() => client.connect(listener.localAddress, { timeout: 0 }), "pending");
    client.conditionWait(POLLOUT, { timeout: SOON });
    client.connect(listener.localAddress);
    expect(client.connected).toBe(true);
  });

  test("is EISCONN where it is another one: it goes nowhere", () => {
    using listener = tcpListener();
    using another = tcpListener();
    using client = new Socket(AF_INET);
    throwsKind(() => client.connect(listener.localAddress, { timeout: 0 }), "pending");
    client.conditionWait(POLLOUT, { timeout: SOON });
    expect(throwsKind(() => client.connect(another.localAddress), "failed").code).toBe("EISCONN");
    expect(client.connected).toBe(true);
    expect(client.remoteAddress?.equals(listener.localAddress)).toBe(true);
    expect(another.tryAccept()).toBeNull();
  });
});

describe("a connect that the other side does not answer", () => {
  test("is timed-out at the end of its budget, goes on in the kernel, and may succeed yet", () => {
    using full = new FullTcpListener();
    using client = new Socket(AF_INET);
    const start = performance.now();
    const error = throwsKind(() => client.connect(full.address, { timeout: 20 }), "timed-out");
    expect(performance.now() - start).toBeGreaterThanOrEqual(20);
    expect(error).toMatchObject({ code: "ETIMEDOUT", errno: 0, syscall: "poll" }); // ours, and not the kernel's
    expect(error.message).toContain(`connect ${full.address}: nothing happened within 20 ms`);
    expect(String(error.address)).toBe(String(full.address));
    // under way
    expect(client).toMatchObject(UNCONNECTED);
    expect(client.conditionCheck(POLLIN | POLLOUT)).toBe(0);
    throwsKind(() => client.checkConnectResult(), "pending");
    throwsKind(() => client.checkConnectResult(), "pending");
    expect(throwsKind(() => client.connect(full.address, { timeout: SOON }), "pending").code).toBe("EALREADY");
    expect(client).toMatchObject(UNCONNECTED);
    // ended
    full.accept();
    client.conditionWait(POLLOUT, { timeout: SOON }); // the kernel knocks again after a second
    client.checkConnectResult();
    expect(client.connected).toBe(true);
    expect(client.remoteAddress?.equals(full.address)).toBe(true);
  });

  test("honours the timeout of the socket", () => {
    using full = new FullTcpListener();
    using client = new Socket(AF_INET);
    client.timeout = 5;
    throwsKind(() => client.connect(full.address), "timed-out");
  });

  test("that is pending says so to a second connect: EALREADY", () => {
    using full = new FullTcpListener();
    using client = new Socket(AF_INET);
    expect(throwsKind(() => client.connect(full.address, { timeout: 0 }), "pending").code).toBe("EINPROGRESS");
    const error = throwsKind(() => client.connect(full.address, { timeout: 0 }), "pending");
    expect(error.code).toBe("EALREADY");
    expect(error.message).toContain("checkConnectResult()");
  });
});

describe("a cancelled connect", () => {
  test("is not even begun when its Cancellable was cancelled before", () => {
    using listener = tcpListener();
    using client = new Socket(AF_INET);
    using cancellable = new Cancellable();
    cancellable.cancel();
    throwsKind(() => client.connect(listener.localAddress, { cancellable }), "cancelled");
    throwsKind(() => client.connect(listener.localAddress, { cancellable, timeout: 0 }), "cancelled");
    expect(listener.tryAccept()).toBeNull();
    expect(client).toMatchObject(UNCONNECTED);
    client.connect(listener.localAddress, { timeout: SOON });
    expect(client.connected).toBe(true);
  });

  test("ends its wait when another thread cancels; the kernel goes on", () => {
    using full = new FullTcpListener();
    using client = new Socket(AF_INET);
    using cancellable = new Cancellable();
    other.cancel(cancellable);
    const error = throwsKind(() => client.connect(full.address, { cancellable, timeout: SOON }), "cancelled");
    expect(error).toMatchObject({ code: "ECANCELED", syscall: "connect" });
    expect(client).toMatchObject(UNCONNECTED);
    throwsKind(() => client.checkConnectResult(), "pending");
  });

  test("ends the wait for room in the backlog of a unix listener as well", () => {
    using full = new FullUnixListener();
    using client = new Socket(AF_UNIX);
    using cancellable = new Cancellable();
    other.cancel(cancellable);
    throwsKind(() => client.connect(full.address, { cancellable, timeout: SOON }), "cancelled");
    expect(client).toMatchObject(UNCONNECTED);
  });

  test("is refused for a wrong address before the Cancellable is looked at", () => {
    using client = new Socket(AF_INET);
    using cancellable = new Cancellable();
    cancellable.cancel();
    throwsNaming(() => client.connect("nowhere:1", { cancellable }), TypeError, "nowhere");
  });
});

describe("connect on a unix socket", () => {
  test("succeeds at once, and the peer is the listener", () => {
    using listener = new Socket(AF_UNIX);
    const path = folder.file("listener");
    listener.bind({ path });
    listener.listen();
    using client = new Socket(AF_UNIX);
    client.connect({ path }, { timeout: 0 });
    expect(client.connected).toBe(true);
    expect(client.remoteAddress).toMatchObject({ path });
    expect(client.credentials.pid).toBe(process.pid);
    const error = throwsKind(() => client.connect({ path }), "failed");
    expect(error.code).toBe("EISCONN");
  });

  test("to a path that is not there is not-found, and leaves no address", () => {
    using client = new Socket(AF_UNIX);
    const path = folder.file("nothing");
    const error = throwsKind(() => client.connect({ path }), "not-found");
    expect(error).toMatchObject({ code: "ENOENT", syscall: "connect" });
    expect(error.message).toBe(
      `connect ${path}: no such file or directory (ENOENT); there is no socket at that path; is the server running?`,
    );
    expect(client).toMatchObject(UNCONNECTED);
  });

  test("is refused where nobody listens: a socket that is left over, a file that is none, an abstract name", () => {
    const left = folder.file("left");
    {
      using before = new Socket(AF_UNIX);
      before.bind({ path: left });
    }
    const file = folder.file("file");
    writeFileSync(file, "");
    using client = new Socket(AF_UNIX);
    for (const path of [left, file, `\0berkeley-nobody-${process.pid}`]) {
      throwsKind(() => client.connect({ path }), "connection-refused");
      expect(client).toMatchObject(UNCONNECTED);
    }
  });

  test("of another type than the listener is not-supported", () => {
    using listener = new Socket(AF_UNIX);
    const path = folder.file("stream");
    listener.bind({ path });
    listener.listen();
    using client = new Socket(AF_UNIX, SOCK_DGRAM);
    expect(throwsKind(() => client.connect({ path }), "not-supported").code).toBe("EPROTOTYPE");
  });

  test("to a full backlog waits, where it may: until there is room", () => {
    using full = new FullUnixListener();
    using client = new Socket(AF_UNIX);
    other.accept(full.listener);
    client.connect(full.address, { timeout: SOON });
    expect(client.connected).toBe(true);
    expect(client.remoteAddress?.equals(full.address)).toBe(true);
  });

  test("to a full backlog waits, where it may: to the end of its budget", () => {
    using full = new FullUnixListener();
    using client = new Socket(AF_UNIX);
    const start = performance.now();
    const error = throwsKind(() => client.connect(full.address, { timeout: 15 }), "timed-out");
    expect(performance.now() - start).toBeGreaterThanOrEqual(15);
    expect(error).toMatchObject({ errno: 0, syscall: "poll" });
    expect(client).toMatchObject(UNCONNECTED);
  });

  test("to a full backlog is would-block where it may not wait, and nothing is under way", () => {
    using full = new FullUnixListener();
    using client = new Socket(AF_UNIX);
    const error = throwsKind(() => client.connect(full.address, { timeout: 0 }), "would-block");
    expect(error).toMatchObject({ code: "EAGAIN", syscall: "connect" });
    client.blocking = false;
    throwsKind(() => client.connect(full.address), "would-block");
    expect(client).toMatchObject(UNCONNECTED);
    throwsKind(() => client.checkConnectResult(), "not-connected");
    full.listener.accept({ timeout: SOON }).close();
    client.connect(full.address);
    expect(client.connected).toBe(true);
  });
});

describe("connect on a datagram socket", () => {
  test("sets the peer, and may be repeated to change it", () => {
    using socket = udpSocket();
    using first = udpSocket();
    using second = udpSocket();
    for (const peer of [first, second, first]) {
      socket.connect(peer.localAddress);
      expect(socket.connected).toBe(true);
      expect(socket.remoteAddress?.equals(peer.localAddress)).toBe(true);
      socket.send("x");
      expect(peer.receive(buffer, { timeout: SOON })).toBe(1);
    }
  });

  test("keeps out what others send", () => {
    using socket = udpSocket();
    using peer = udpSocket();
    using stranger = udpSocket();
    socket.connect(peer.localAddress);
    stranger.sendTo("from a stranger", socket.localAddress);
    peer.sendTo("from the peer", socket.localAddress);
    expect(socket.receiveFrom(buffer, { timeout: SOON })).toMatchObject({ size: 13, address: peer.localAddress });
    throwsKind(() => socket.receive(buffer, { timeout: 0 }), "would-block");
  });

  test("disconnect() forgets the peer, and lets everybody in again", () => {
    using socket = udpSocket();
    using peer = udpSocket();
    socket.connect(peer.localAddress);
    socket.disconnect();
    expect(socket).toMatchObject(UNCONNECTED);
    throwsKind(() => socket.send("x"), "destination-unset");
    using stranger = udpSocket();
    stranger.sendTo("from a stranger", socket.localAddress);
    expect(socket.receive(buffer, { timeout: SOON })).toBe(15);
  });

  test("disconnect() gives back the port that connect() had taken", () => {
    using socket = new Socket(AF_INET, SOCK_DGRAM);
    using peer = udpSocket();
    socket.connect(peer.localAddress);
    expect(String(socket.localAddress)).not.toBe("0.0.0.0:0");
    socket.disconnect();
    expect(String(socket.localAddress)).toBe("0.0.0.0:0");
  });

  test("disconnect() without a peer is nothing", () => {
    using socket = udpSocket();
    socket.disconnect();
    expect(socket).toMatchObject(UNCONNECTED);
  });

  test("disconnect() works on a unix datagram socket", () => {
    using receiver = new Socket(AF_UNIX, SOCK_DGRAM);
    receiver.bind(new UnixSocketAddress());
    using sender = new Socket(AF_UNIX, SOCK_DGRAM);
    sender.connect(receiver.localAddress);
    expect(sender.remoteAddress?.equals(receiver.localAddress)).toBe(true);
    sender.disconnect();
    expect(sender).toMatchObject(UNCONNECTED);
  });

  test.each<[string, (socket: Socket) => unknown]>([
    ["checkConnectResult", (socket) => socket.checkConnectResult()],
    ["receive", (socket) => socket.receive(buffer, { timeout: SOON })],
    ["receiveFrom", (socket) => socket.receiveFrom(buffer, { timeout: SOON })],
    ["tryReceive", (socket) => socket.tryReceive(buffer)],
    ["send", (socket) => socket.send("again")],
  ])("an ICMP answer to what was sent is told once: by %s", (_, fetch) => {
    using refusing = new RefusingUdp();
    using socket = new Socket(AF_INET, SOCK_DGRAM);
    socket.connect(refusing.address);
    socket.send("anybody there?");
    expect(socket.conditionWait(POLLIN, { timeout: SOON })).toBe(POLLERR); // unasked, and alone
    expect(socket.availableBytes).toBe(0); // a look does not take it away
    expect(throwsKind(() => fetch(socket), "connection-refused").code).toBe("ECONNREFUSED");
    socket.checkConnectResult();
    expect(socket.tryReceive(buffer)).toBe(-1);
    expect(socket.connected).toBe(true);
    expect(socket.remoteAddress?.equals(refusing.address)).toBe(true);
  });
});

describe("checkConnectResult", () => {
  test("is not-connected where nothing was begun", () => {
    using stream = new Socket(AF_INET);
    using datagram = udpSocket();
    throwsKind(() => stream.checkConnectResult(), "not-connected");
    throwsKind(() => datagram.checkConnectResult(), "not-connected");
    expect(stream.connected).toBe(false);
  });

  test("of a socket that is connected is nothing, again and again", () => {
    using pair = new TcpPair();
    using datagrams = new UdpPair();
    for (const socket of [pair.client, pair.server, datagrams.a]) {
      socket.checkConnectResult();
      socket.checkConnectResult();
      expect(socket.connected).toBe(true);
    }
  });

  test("is not pending because there is no room to send: the connect has ended all the same", () => {
    const [full, peer] = Socket.pair();
    using _full = full;
    using _peer = peer;
    const data = new Uint8Array(65_536);
    while (full.trySend(data) > 0);
    expect(full.conditionCheck(POLLOUT)).toBe(0);
    full.checkConnectResult();
  });

  test("does not make up for a shutdown", () => {
    using pair = new TcpPair();
    pair.client.shutdown({ read: true });
    pair.client.shutdown({ write: true });
    pair.client.checkConnectResult();
    expect(pair.client.connected).toBe(false);
  });

  test("tells a reset, and does not forget who the peer was", () => {
    using pair = new TcpPair();
    const peer = pair.client.localAddress;
    pair.server.checkConnectResult();
    reset(pair.client);
    pair.server.conditionWait(POLLIN, { timeout: SOON });
    expect(throwsKind(() => pair.server.checkConnectResult(), "connection-closed").code).toBe("ECONNRESET");
    expect(pair.server.remoteAddress?.equals(peer)).toBe(true);
  });
});

describe("remoteAddress", () => {
  test("is null before a connect, while it is under way, and after it failed", () => {
    using full = new FullTcpListener();
    using client = new Socket(AF_INET);
    expect(client.remoteAddress).toBeNull();
    throwsKind(() => client.connect(full.address, { timeout: 0 }), "pending");
    expect(client.remoteAddress).toBeNull();
  });

  test("is remembered of a connection that was reset: the kernel has no peer any more", () => {
    using pair = new TcpPair();
    const peer = pair.server.localAddress;
    reset(pair.server);
    expect(pair.client.conditionWait(POLLIN, { timeout: SOON }) & (POLLERR | POLLHUP)).toBe(POLLERR | POLLHUP);
    expect(pair.client.remoteAddress?.equals(peer)).toBe(true);
    expect(pair.client.connected).toBe(true); // what we did, and not what the peer did
    throwsKind(() => pair.client.receive(buffer), "connection-closed");
    expect(pair.client.remoteAddress?.equals(peer)).toBe(true);
  });

  test("stays while the peer has only ended its side", () => {
    using pair = new TcpPair();
    const peer = pair.server.localAddress;
    pair.server.close();
    expect(pair.client.receive(buffer, { timeout: SOON })).toBe(0);
    expect(pair.client.remoteAddress?.equals(peer)).toBe(true);
    expect(pair.client.connected).toBe(true);
  });
});

test("wrong options are refused before anything is sent", () => {
  using listener = tcpListener();
  using client = new Socket(AF_INET, SOCK_STREAM);
  const address = listener.localAddress;
  throwsNaming(() => client.connect(address, wrong(5)), TypeError, "options");
  throwsNaming(() => client.connect(address, { timeout: Number.NaN }), RangeError, "timeout");
  throwsNaming(() => client.connect(address, { blocking: wrong("no") }), TypeError, "blocking");
  throwsNaming(() => client.connect(address, { cancellable: wrong(true) }), TypeError, "cancellable");
  throwsNaming(() => client.connect(address, { flags: wrong("x") }), TypeError, "flags");
  throwsNaming(() => client.connect(address, wrong({ signal: new AbortController().signal })), TypeError, "signal");
  expect(listener.tryAccept()).toBeNull();
  expect(client).toMatchObject(UNCONNECTED);
});
