// The end of a socket: close(2), detach, duplicates, and what happens to one that nobody closed.

import { describe, expect, test } from "bun:test";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  FIONREAD,
  IPPROTO_TCP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  SO_RCVBUF,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
} from "./support/constants.ts";
import {
  Cancellable,
  PacketInfo,
  ReceiveBatch,
  type ReceivedMessage,
  SendBatch,
  Socket,
  SocketRef,
} from "../src/index.ts";
import { closeBehind, flagsOf, openDescriptors } from "./support/descriptors.ts";
import { runScript } from "./support/script.ts";
import { haveIPv6, reset, SOON, tcpListener, TcpPair, UdpPair, udpSocket } from "./support/sockets.ts";
import { throwsKind, wrong } from "./support/throws.ts";

const WITHIN = { timeout: SOON };
const buffer = new Uint8Array(100);

function closedSocket(family: number = AF_INET, type: number = SOCK_STREAM): Socket {
  const socket = new Socket(family, type);
  socket.close();
  return socket;
}

describe("close", () => {
  test("gives the descriptor back, and forgets what the socket was", () => {
    using pair = new TcpPair();
    const { client } = pair;
    const { fd } = client;
    const socket = openDescriptors().get(fd);
    expect(socket).toStartWith("socket:");
    client.close();
    expect([...openDescriptors().values()]).not.toContain(socket);
    expect(client).toMatchObject({ fd: -1, closed: true, connected: false, listening: false });
    using listener = tcpListener();
    listener.close();
    expect(listener.listening).toBe(false);
  });

  test("may be called again, and is nothing then", () => {
    const socket = new Socket(AF_INET);
    socket.close();
    using other = new Socket(AF_INET); // takes the number
    socket.close();
    socket[Symbol.dispose]();
    expect(other.keepalive).toBe(false); // and is still there
  });

  test("tells the peer the end of the stream", () => {
    using pair = new TcpPair();
    pair.client.sendAll("bye");
    pair.client.close();
    expect(pair.server.receive(buffer, WITHIN)).toBe(3);
    expect(pair.server.receive(buffer, WITHIN)).toBe(0);
  });

  test("with data unread tells the peer a reset, as the kernel does", () => {
    using pair = new TcpPair();
    pair.client.sendAll("never read");
    pair.server.conditionWait(POLLIN, WITHIN);
    pair.server.close();
    throwsKind(() => pair.client.receive(buffer, WITHIN), "connection-closed");
  });

  test("gives a connect that is under way up", () => {
    using listener = tcpListener(AF_INET, 0);
    const client = new Socket(AF_INET);
    throwsKind(() => client.connect(listener.localAddress, { timeout: 0 }), "pending");
    client.close();
    expect(client.closed).toBe(true);
  });
});

/** A message that somebody sent. */
function received(): ReceivedMessage {
  using pair = new UdpPair();
  pair.a.send("x");
  return pair.b.receiveMessage({ buffers: [buffer] }, WITHIN);
}

// Every member of Socket, once it is closed. A new method belongs in this table: the test below it counts.
const members: readonly (readonly [name: string, expected: unknown, use: (socket: Socket) => unknown])[] = [
  // these say what it was, or what it is now
  ["fd", -1, (socket) => socket.fd],
  ["family", AF_INET, (socket) => socket.family],
  ["type", SOCK_STREAM, (socket) => socket.type],
  ["protocol", -1, (socket) => socket.protocol], // nobody had asked while the kernel could tell
  ["closed", true, (socket) => socket.closed],
  ["connected", false, (socket) => socket.connected],
  ["listening", false, (socket) => socket.listening],
  ["speaksIPv4", true, (socket) => socket.speaksIPv4], // of AF_INET no question; AF_INET6 would have to ask the kernel
  ["availableBytes", -1, (socket) => socket.availableBytes],
  ["conditionCheck", 0, (socket) => socket.conditionCheck(POLLIN | POLLOUT)],
  ["toString", "Socket(fd -1)", (socket) => socket.toString()],
  ["close", undefined, (socket) => socket.close()],
  ["Symbol(Symbol.dispose)", undefined, (socket) => socket[Symbol.dispose]()],
  // these are ours and may be set all the same
  ["blocking", true, (socket) => (socket.blocking = true)],
  ["timeout", 5, (socket) => (socket.timeout = 5)],
  ["listenBacklog", 3, (socket) => (socket.listenBacklog = 3)],
  // and all others are kind "closed"
  ["localAddress", "closed", (socket) => socket.localAddress],
  ["remoteAddress", "closed", (socket) => socket.remoteAddress],
  ["credentials", "closed", (socket) => socket.credentials],
  ["keepalive", "closed", (socket) => socket.keepalive],
  ["broadcast", "closed", (socket) => socket.broadcast],
  ["ttl", "closed", (socket) => socket.ttl],
  ["multicastTtl", "closed", (socket) => socket.multicastTtl],
  ["multicastLoopback", "closed", (socket) => socket.multicastLoopback],
  ["multicastInterface", "closed", (socket) => socket.multicastInterface],
  ["dscp", "closed", (socket) => socket.dscp],
  ["getOption", "closed", (socket) => socket.getOption(SOL_SOCKET, SO_RCVBUF)],
  ["setOption", "closed", (socket) => socket.setOption(SOL_SOCKET, SO_RCVBUF, 1000)],
  ["ioctl", "closed", (socket) => socket.ioctl(FIONREAD)],
  ["capabilities", "closed", (socket) => socket.capabilities], // of this socket, too
  ["supports", "closed", (socket) => socket.supports("sendmmsg")],
  ["joinMulticastGroup", "closed", (socket) => socket.joinMulticastGroup("239.1.2.3")],
  ["leaveMulticastGroup", "closed", (socket) => socket.leaveMulticastGroup("239.1.2.3")],
  ["bind", "closed", (socket) => socket.bind("127.0.0.1:0")],
  ["listen", "closed", (socket) => socket.listen()],
  ["accept", "closed", (socket) => socket.accept()],
  ["tryAccept", "closed", (socket) => socket.tryAccept()],
  ["connect", "closed", (socket) => socket.connect("127.0.0.1:9")],
  ["checkConnectResult", "closed", (socket) => socket.checkConnectResult()],
  ["disconnect", "closed", (socket) => socket.disconnect()],
  ["shutdown", "closed", (socket) => socket.shutdown()],
  ["detach", "closed", (socket) => socket.detach()],
  ["duplicate", "closed", (socket) => socket.duplicate()],
  ["share", "closed", (socket) => socket.share(process.pid)],
  ["receive", "closed", (socket) => socket.receive(buffer)],
  ["tryReceive", "closed", (socket) => socket.tryReceive(buffer)],
  ["receiveBytes", "closed", (socket) => socket.receiveBytes(1)],
  ["receiveFrom", "closed", (socket) => socket.receiveFrom(buffer)],
  ["tryReceiveFrom", "closed", (socket) => socket.tryReceiveFrom(buffer)],
  ["receiveBytesFrom", "closed", (socket) => socket.receiveBytesFrom(1)],
  ["send", "closed", (socket) => socket.send(buffer)],
  ["trySend", "closed", (socket) => socket.trySend(buffer)],
  ["sendAll", "closed", (socket) => socket.sendAll("x")],
  ["sendTo", "closed", (socket) => socket.sendTo(buffer, "127.0.0.1:9")],
  ["trySendTo", "closed", (socket) => socket.trySendTo(buffer, "127.0.0.1:9")],
  ["sendFile", "closed", (socket) => socket.sendFile(0)],
  ["receiveControl", "closed", (socket) => socket.receiveControl(PacketInfo)],
  ["receiveMessage", "closed", (socket) => socket.receiveMessage({ buffers: [buffer] })],
  ["tryReceiveMessage", "closed", (socket) => socket.tryReceiveMessage({ buffers: [buffer] })],
  ["sendMessage", "closed", (socket) => socket.sendMessage({ buffers: [buffer] })],
  ["trySendMessage", "closed", (socket) => socket.trySendMessage({ buffers: [buffer] })],
  ["receiveMessages", "closed", (socket) => socket.receiveMessages(new ReceiveBatch({ capacity: 1, size: 9 }))],
  ["tryReceiveMessages", "closed", (socket) => socket.tryReceiveMessages(new ReceiveBatch({ capacity: 1, size: 9 }))],
  ["sendMessages", "closed", (socket) => socket.sendMessages(new SendBatch({ capacity: 1, size: 9 }))],
  ["trySendMessages", "closed", (socket) => socket.trySendMessages(new SendBatch({ capacity: 1, size: 9 }))],
  ["receiveError", "closed", (socket) => socket.receiveError()],
  ["tryReceiveError", "closed", (socket) => socket.tryReceiveError()],
  ["reply", "closed", (socket) => socket.reply(received(), buffer)],
  ["conditionWait", "closed", (socket) => socket.conditionWait(POLLIN)],
  // on the event loop: ref and unref are only noted, all else is closed
  ["ref", "Socket(fd -1)", (socket) => socket.ref().toString()],
  ["unref", "Socket(fd -1)", (socket) => socket.unref().toString()],
  ["watch", "closed", (socket) => socket.watch(POLLIN, () => {})],
  ["acceptAsync", "closed", (socket) => socket.acceptAsync()],
  ["connectAsync", "closed", (socket) => socket.connectAsync("127.0.0.1:9")],
  ["receiveAsync", "closed", (socket) => socket.receiveAsync(buffer)],
  ["receiveBytesAsync", "closed", (socket) => socket.receiveBytesAsync(1)],
  ["receiveFromAsync", "closed", (socket) => socket.receiveFromAsync(buffer)],
  ["receiveBytesFromAsync", "closed", (socket) => socket.receiveBytesFromAsync(1)],
  ["receiveMessageAsync", "closed", (socket) => socket.receiveMessageAsync({ buffers: [buffer] })],
  [
    "receiveMessagesAsync",
    "closed",
    (socket) => socket.receiveMessagesAsync(new ReceiveBatch({ capacity: 1, size: 9 })),
  ],
  ["receiveErrorAsync", "closed", (socket) => socket.receiveErrorAsync()],
  ["sendAsync", "closed", (socket) => socket.sendAsync(buffer)],
  ["sendAllAsync", "closed", (socket) => socket.sendAllAsync("x")],
  ["sendToAsync", "closed", (socket) => socket.sendToAsync(buffer, "127.0.0.1:9")],
  ["sendMessageAsync", "closed", (socket) => socket.sendMessageAsync({ buffers: [buffer] })],
  ["sendMessagesAsync", "closed", (socket) => socket.sendMessagesAsync(new SendBatch({ capacity: 1, size: 9 }))],
  ["sendFileAsync", "closed", (socket) => socket.sendFileAsync(0)],
  ["conditionWaitAsync", "closed", (socket) => socket.conditionWaitAsync(POLLIN)],
  ["batches", "closed", (socket) => socket.batches({ capacity: 1, size: 9 }).next()],
];

describe("after close", () => {
  test.each(members)("%s", async (_, expected, use) => {
    const socket = closedSocket();
    if (expected !== "closed") {
      expect(use(socket)).toEqual(expected);
      return;
    }
    const error: unknown = await Promise.try(() => use(socket)).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "SocketError", kind: "closed", code: "ERR_SOCKET_CLOSED", errno: 0 });
    expect((error as Error).message).toEndWith("the socket is closed; make a new one");
  });

  test("the table above has every member there is", () => {
    const asynchronous = Object.getPrototypeOf(Socket.prototype) as object;
    const names = [SocketRef.prototype, Object.getPrototypeOf(asynchronous), asynchronous, Socket.prototype]
      .flatMap((prototype) => Reflect.ownKeys(prototype))
      .filter((name) => name !== "constructor" && !String(name).startsWith("Symbol(nodejs"))
      .map(String);
    expect([...new Set(names)].filter((name) => !members.some(([known]) => known === name))).toEqual([]);
  });

  test.each([
    "keepalive",
    "broadcast",
    "ttl",
    "multicastTtl",
    "multicastLoopback",
    "multicastInterface",
    "dscp",
  ] as const)("setting %s is kind closed too", (name) => {
    const value = name === "keepalive" || name === "broadcast" || name === "multicastLoopback" ? true : 1;
    throwsKind(() => (closedSocket()[name] = wrong(value)), "closed");
  });

  test("the kernel's protocol is remembered where it was known", () => {
    const socket = new Socket(AF_INET);
    expect(socket.protocol).toBe(IPPROTO_TCP);
    socket.close();
    expect(socket.protocol).toBe(IPPROTO_TCP);
  });

  test.skipIf(!haveIPv6)("speaksIPv4 of AF_INET6 is the kernel's to tell, and so closed (needs IPv6)", () => {
    throwsKind(() => closedSocket(AF_INET6).speaksIPv4, "closed");
  });

  test("closed wins over a Cancellable and over wrong options", () => {
    using cancellable = new Cancellable();
    cancellable.cancel();
    const socket = closedSocket();
    throwsKind(() => socket.receive(buffer, { cancellable }), "closed");
    throwsKind(() => socket.receive(buffer, { timeout: -1 }), "closed");
    throwsKind(() => socket.send(wrong(undefined)), "closed");
  });
});

describe("detach", () => {
  test("gives the descriptor away open, connected and non-blocking, and closes the Socket", () => {
    using pair = new TcpPair();
    const { client, server } = pair;
    const before = client.fd;
    const fd = client.detach();
    expect(fd).toBe(before);
    expect(client).toMatchObject({ closed: true, fd: -1, connected: false });
    throwsKind(() => client.send(buffer), "closed");
    client.close(); // nothing any more
    expect(flagsOf(fd)).toEqual({ nonblocking: true, closeOnExec: true });
    using again = Socket.fromFd(fd);
    again.sendAll("still connected");
    expect(server.receive(buffer, WITHIN)).toBe(15);
  });
});

describe("duplicate", () => {
  test("is another descriptor of the same socket, close-on-exec and with the same settings", () => {
    using pair = new TcpPair();
    const { client, server } = pair;
    client.blocking = false;
    client.timeout = 7;
    client.listenBacklog = 8;
    using copy = client.duplicate();
    expect(copy.fd).not.toBe(client.fd);
    expect(flagsOf(copy.fd)).toEqual({ nonblocking: true, closeOnExec: true });
    expect(copy).toMatchObject({
      blocking: false,
      timeout: 7,
      listenBacklog: 8,
      connected: true,
      family: AF_INET,
      type: SOCK_STREAM,
      protocol: IPPROTO_TCP,
    });
    expect(copy.remoteAddress?.equals(server.localAddress)).toBe(true);
    copy.sendAll("by the copy");
    expect(server.receive(buffer, WITHIN)).toBe(11);
  });

  test("lives on when the first is closed, and the peer sees the end when both are", () => {
    using pair = new TcpPair();
    const { client, server } = pair;
    const copy = client.duplicate();
    client.close();
    copy.sendAll("alive");
    expect(server.receive(buffer, WITHIN)).toBe(5);
    throwsKind(() => server.receive(buffer, { timeout: 0 }), "would-block");
    copy.close();
    expect(server.receive(buffer, WITHIN)).toBe(0);
  });

  test("has settings of its own from then on", () => {
    using socket = udpSocket();
    using copy = socket.duplicate();
    copy.timeout = 1;
    copy.blocking = false;
    expect(socket).toMatchObject({ timeout: Infinity, blocking: true });
  });

  test("of a listener listens, and remembers the peer of a connection that was reset", () => {
    using listener = tcpListener();
    using copy = listener.duplicate();
    expect(copy.listening).toBe(true);
    using pair = new TcpPair();
    using server = pair.server.duplicate();
    const peer = pair.client.localAddress;
    reset(pair.client);
    server.conditionWait(POLLIN, WITHIN);
    expect(server.remoteAddress?.equals(peer)).toBe(true);
  });
});

describe("a descriptor that somebody else has closed behind our back", () => {
  test("is EBADF for every call, POLLNVAL for poll(2), and -1 bytes", () => {
    const socket = udpSocket();
    closeBehind(socket.fd);
    const calls: readonly (() => unknown)[] = [
      () => socket.receive(buffer),
      () => socket.tryReceive(buffer),
      () => socket.sendTo("x", "127.0.0.1:9"),
      () => socket.localAddress,
      () => socket.remoteAddress,
      () => socket.checkConnectResult(),
      () => socket.keepalive,
      () => socket.duplicate(),
      () => socket.bind("127.0.0.1:0"),
      () => socket.listen(),
    ];
    for (const call of calls) {
      const error = throwsKind(call, "invalid-argument");
      expect(error.code).toBe("EBADF");
    }
    expect(socket.conditionCheck(POLLIN)).toBe(POLLNVAL);
    expect(socket.conditionWait(POLLIN)).toBe(POLLNVAL);
    expect(socket.availableBytes).toBe(-1);
    throwsKind(() => socket.close(), "invalid-argument");
  });

  test("makes close throw once, and closed all the same", () => {
    const socket = new Socket(AF_INET);
    const { fd } = socket;
    closeBehind(fd);
    const error = throwsKind(() => socket.close(), "invalid-argument");
    expect(error).toMatchObject({ code: "EBADF", syscall: "close" });
    expect(error.message).toBe(`close fd ${fd}: bad descriptor (EBADF); somebody else has closed it behind our back`);
    expect(socket.closed).toBe(true);
    socket.close();
  });
});

describe("a socket that was forgotten", () => {
  // what is still on the stack of the machine may keep the last one or two alive
  const ALIVE = 3;

  test("is closed when it is collected, and reported once", async () => {
    const { result, stderr, exitCode } = await runScript(`
      const warnings: { name: string; code?: string; message: string }[] = [];
      process.on("warning", (warning) => {
        const { name, message, code } = warning as Error & { code?: string };
        warnings.push({ name, message, code });
      });
      const before = sockets();
      (() => {
        for (let count = 0; count < 30; count++) new Socket(AF_INET, SOCK_DGRAM);
        for (let count = 0; count < 10; count++) Socket.pair();
      })();
      const forgotten = sockets().filter((socket) => !before.includes(socket));
      const left = () => sockets().filter((socket) => forgotten.includes(socket)).length;
      for (let round = 0; round < 200 && left() > ${ALIVE}; round++) {
        Bun.gc(true);
        await new Promise((resolve) => setImmediate(resolve));
      }
      await new Promise((resolve) => setImmediate(resolve));
      report({ forgotten: forgotten.length, left: left(), warnings });
    `);
    const { forgotten, left, warnings } = result as {
      forgotten: number;
      left: number;
      warnings: { name: string; code?: string; message: string }[];
    };
    expect(exitCode).toBe(0);
    expect(forgotten).toBe(50);
    expect(left).toBeLessThanOrEqual(ALIVE);
    expect(warnings).toHaveLength(forgotten - left); // one for each
    expect(new Set(warnings.map(({ message }) => message)).size).toBe(warnings.length);
    for (const warning of warnings) {
      expect(warning).toMatchObject({ name: "ResourceWarning", code: "BERKELEY_SOCKET_LEAK" });
      expect(warning.message).toMatch(/^a socket \(fd [0-9]+\) was collected without close\(\)/);
    }
    expect(stderr.match(/was collected without close/g)).toHaveLength(warnings.length);
  });

  test("is of no interest when it was closed, detached or disposed: whose number it had stays open", async () => {
    const { result, stderr } = await runScript(`
      const numbers: number[] = [];
      (() => {
        for (let count = 0; count < 30; count++) {
          const socket = new Socket(AF_INET, SOCK_DGRAM);
          numbers.push(socket.fd);
          if (count % 3 === 0) socket.close();
          else if (count % 3 === 1) numbers[numbers.length - 1] = socket.detach();
          else { using gone = socket; }
        }
      })();
      const heirs = numbers.map(() => new Socket(AF_INET, SOCK_DGRAM)); // they take the numbers that are free again
      const reused = heirs.filter(({ fd }) => numbers.includes(fd)).length;
      const inodes = () => heirs.map(({ fd }) => readlinkSync("/proc/self/fd/" + fd));
      const before = inodes();
      for (let round = 0; round < 30; round++) {
        Bun.gc(true);
        await new Promise((resolve) => setImmediate(resolve));
      }
      report({ reused, same: JSON.stringify(inodes()) === JSON.stringify(before) });
      for (const heir of heirs) heir.close();
    `);
    const { reused, same } = result as { reused: number; same: boolean };
    expect(reused).toBeGreaterThan(0);
    expect(same).toBe(true);
    expect(stderr).toBe("");
  });

  test("is not one that is still in use", () => {
    using socket = new Socket(AF_UNIX, SOCK_DGRAM);
    Bun.gc(true);
    expect(socket.closed).toBe(false);
    expect(socket.localAddress).not.toBeNull();
  });
});
