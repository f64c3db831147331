// shutdown(2): one direction after the other, and what poll(2) tells of it.

import { describe, expect, test } from "bun:test";
import { AF_INET, POLLHUP, POLLIN, POLLOUT, POLLRDHUP, SOCK_SEQPACKET, SOCK_STREAM } from "./support/constants.ts";
import { platform } from "../ffi/platform/index.ts";
import { SendBatch, Socket, type ShutdownDirections } from "../src/index.ts";
import { connectedPair, families, SOON, Sockets, tcpListener, TcpPair, UdpPair, udpSocket } from "./support/sockets.ts";
import { throwsKind, throwsNaming, wrong } from "./support/throws.ts";

const WITHIN = { timeout: SOON };
const buffer = new Uint8Array(100);
const ALL = POLLIN | POLLOUT;

/** What it is ready for, once the other side's doings have arrived. */
function readiness(socket: Socket): number {
  socket.conditionWait(POLLIN, WITHIN);
  return socket.conditionCheck(ALL | POLLRDHUP) & ~POLLRDHUP;
}

function text(socket: Socket): string {
  return new TextDecoder().decode(socket.receiveBytes(100, WITHIN));
}

describe.each(families)("shutdown of a connection over %s", (_, family) => {
  test("for writing tells the peer the end of the stream, and lets data flow the other way", () => {
    using pair = new TcpPair(family);
    const { client, server } = pair;
    client.sendAll("question");
    client.shutdown({ write: true });
    expect(text(server)).toBe("question");
    expect(server.receive(buffer, WITHIN)).toBe(0);
    server.sendAll("answer");
    expect(text(client)).toBe("answer");
    server.sendAll("and more");
    expect(text(client)).toBe("and more");
    server.shutdown({ write: true });
    expect(client.receive(buffer, WITHIN)).toBe(0);
  });

  test("ends the stream for good: 0 each time, by every way to receive", () => {
    using pair = new TcpPair(family);
    pair.client.shutdown({ write: true });
    const { server } = pair;
    server.conditionWait(POLLIN, WITHIN);
    expect(server.receive(buffer)).toBe(0);
    expect(server.tryReceive(buffer)).toBe(0);
    expect(server.receiveFrom(buffer)).toMatchObject({ size: 0 });
    expect(server.tryReceiveFrom(buffer)).toMatchObject({ size: 0 });
    expect(server.receiveBytes(10)).toHaveLength(0);
    expect(server.receiveBytesFrom(10).data).toHaveLength(0);
    expect(server.availableBytes).toBe(0);
  });

  test("for writing makes sending fail, and raises no signal", () => {
    using pair = new TcpPair(family);
    pair.client.shutdown({ write: true });
    for (const send of [
      () => pair.client.send(buffer),
      () => pair.client.trySend(buffer),
      () => pair.client.sendAll("more"),
    ]) {
      const error = throwsKind(send, "connection-closed");
      expect(error.code).toBe("EPIPE");
      expect(error.message).toContain("this side was shut down for writing (EPIPE)");
      expect(error.message).toContain("nothing can be sent after that: send first, or make a new connection");
    }
  });

  test("for reading ends our receiving, and lets us send", () => {
    using pair = new TcpPair(family);
    pair.client.shutdown({ read: true });
    expect(pair.client.receive(buffer, WITHIN)).toBe(0);
    pair.client.sendAll("still");
    expect(text(pair.server)).toBe("still");
  });

  test("without directions means both", () => {
    using pair = new TcpPair(family);
    pair.client.shutdown();
    expect(pair.client.receive(buffer, WITHIN)).toBe(0);
    throwsKind(() => pair.client.send(buffer), "connection-closed");
    expect(pair.server.receive(buffer, WITHIN)).toBe(0);
    expect(pair.client.closed).toBe(false); // the descriptor stays
  });
});

describe("connected, after shutdown", () => {
  test.each<[string, readonly (ShutdownDirections | undefined)[], readonly boolean[]]>([
    ["read", [{ read: true }], [true]],
    ["write", [{ write: true }], [true]],
    ["read, then write", [{ read: true }, { write: true }], [true, false]],
    ["write, then read", [{ write: true }, { read: true }], [true, false]],
    ["read twice", [{ read: true }, { read: true }], [true, true]],
    ["both at once", [{ read: true, write: true }], [false]],
    ["both by default", [undefined], [false]],
    ["write, the other said to be false", [{ read: false, write: true }], [true]],
  ])("of %s, is what is left", (_, steps, expected) => {
    using pair = new TcpPair();
    const found = steps.map((directions) => {
      if (directions === undefined) pair.client.shutdown();
      else pair.client.shutdown(directions);
      return pair.client.connected;
    });
    expect(found).toEqual([...expected]);
    expect(pair.server.connected).toBe(true); // the peer's doings do not count
  });
});

describe("what poll(2) tells", () => {
  test("of a new TCP socket: POLLOUT and POLLHUP", () => {
    using socket = new Socket(AF_INET);
    expect(socket.conditionCheck(ALL)).toBe(POLLOUT | POLLHUP);
    expect(socket.conditionCheck(POLLIN)).toBe(POLLHUP);
    expect(socket.conditionCheck(0)).toBe(POLLHUP); // unasked
  });

  test("of a connection: POLLOUT, and POLLIN when there is something to receive", () => {
    using pair = new TcpPair();
    expect(pair.server.conditionCheck(ALL)).toBe(POLLOUT);
    pair.client.sendAll("x");
    expect(readiness(pair.server)).toBe(POLLIN | POLLOUT);
    expect(pair.server.conditionCheck(POLLIN)).toBe(POLLIN);
    expect(pair.server.conditionCheck(POLLOUT)).toBe(POLLOUT);
  });

  test("after each step of an orderly end: POLLHUP comes with the second direction only", () => {
    using pair = new TcpPair();
    const { client, server } = pair;
    client.shutdown({ write: true });
    expect(client.conditionCheck(ALL)).toBe(POLLOUT);
    expect(readiness(server)).toBe(POLLIN | POLLOUT);
    expect(server.conditionCheck(POLLRDHUP)).toBe(POLLRDHUP);
    expect(server.receive(buffer)).toBe(0);
    expect(server.conditionCheck(ALL)).toBe(POLLIN | POLLOUT); // the end of the stream stays readable
    server.shutdown({ write: true });
    expect(server.conditionCheck(ALL)).toBe(POLLIN | POLLOUT | POLLHUP);
    expect(readiness(client)).toBe(POLLIN | POLLOUT | POLLHUP);
  });

  test("after both directions at once: POLLIN, POLLOUT and POLLHUP here", () => {
    using pair = new TcpPair();
    pair.client.shutdown();
    expect(pair.client.conditionCheck(ALL)).toBe(POLLIN | POLLOUT | POLLHUP);
    expect(readiness(pair.server)).toBe(POLLIN | POLLOUT);
  });

  test("after shutdown for reading: POLLIN, because receiving would not wait", () => {
    using pair = new TcpPair();
    pair.client.shutdown({ read: true });
    expect(pair.client.conditionCheck(ALL)).toBe(POLLIN | POLLOUT);
    expect(pair.server.conditionCheck(ALL)).toBe(POLLOUT); // the peer does not learn of it
  });

  test("when the peer is closed with data still to be read: no POLLHUP yet", () => {
    using pair = new TcpPair();
    pair.client.sendAll("the last words");
    pair.client.close();
    expect(readiness(pair.server)).toBe(POLLIN | POLLOUT);
    throwsKind(() => pair.server.conditionWait(0, { timeout: 5 }), "timed-out");
    expect(text(pair.server)).toBe("the last words");
    expect(pair.server.receive(buffer, WITHIN)).toBe(0);
  });

  test("a wait for something else ends with POLLHUP", () => {
    using socket = new Socket(AF_INET);
    expect(socket.conditionWait(POLLIN, { timeout: 0 })).toBe(POLLHUP);
  });
});

describe("what cannot be sent", () => {
  const message = (thrown: unknown): string => (thrown as Error).message;
  const ours = "this side was shut down for writing (";
  const theirs = "the other end is closed (EPIPE)";

  const batchOf = (): SendBatch => {
    const batch = new SendBatch({ capacity: 1, size: 10 });
    batch.push("x");
    return batch;
  };

  test.each<[string, (socket: Socket) => unknown]>([
    ["send", (socket) => socket.send(buffer)],
    ["trySend", (socket) => socket.trySend(buffer)],
    ["sendAll", (socket) => socket.sendAll("x")],
    ["sendMessage", (socket) => socket.sendMessage({ buffers: [buffer] })],
    ["trySendMessage", (socket) => socket.trySendMessage({ buffers: [buffer] })],
    ["sendAsync", (socket) => socket.sendAsync(buffer)],
    ["sendAllAsync", (socket) => socket.sendAllAsync("x")],
    ["sendMessageAsync", (socket) => socket.sendMessageAsync({ buffers: [buffer] })],
  ])("by %s is said to be so because of this side, or of the other", async (_, send) => {
    const [a, b] = connectedPair();
    using _a = a;
    using _b = b;
    const sent = (socket: Socket): Promise<string> => Promise.try(() => send(socket)).then(String, message);
    a.shutdown({ write: true });
    expect(await sent(a)).toContain(ours);
    using copy = a.duplicate(); // to the kernel it is the same socket
    expect(await sent(copy)).toContain(ours);
    if (platform.pairFamily !== "AF_UNIX") return; // TCP takes some until it is told that nobody reads
    const [c, d] = connectedPair();
    using _c = c;
    d.close();
    expect(await sent(c)).toContain(theirs);
  });

  // elsewhere such a socket is not connected, and is not shut down
  test.skipIf(process.platform !== "linux")(
    `a connect that was given up is begun anew, and ended by the other${process.platform === "linux" ? "" : " (needs Linux)"}`,
    async () => {
      using full = tcpListener(AF_INET, 0);
      using sockets = new Sockets();
      const connecting = Array.from({ length: 5 }, () => {
        const socket = sockets.add(new Socket(AF_INET));
        return { socket, ended: socket.connectAsync(full.localAddress).then(String, message) };
      });
      const { socket, ended } = connecting.pop() as (typeof connecting)[number];
      expect(socket.connected).toBe(false);
      socket.shutdown({ write: true });
      expect(await ended).toContain("ECONNRESET");
      using listener = tcpListener();
      await socket.connectAsync(listener.localAddress, WITHIN);
      using peer = listener.accept(WITHIN);
      peer.close();
      throwsKind(() => {
        for (;;) socket.send(buffer, WITHIN);
      }, "connection-closed");
      expect(throwsKind(() => socket.send(buffer), "connection-closed").message).toContain(theirs);
    },
  );

  test("by a batch, and what waited when this side was shut down, say the same", async () => {
    using pair = new UdpPair();
    pair.a.shutdown({ write: true });
    expect(throwsKind(() => pair.a.sendMessages(batchOf()), "connection-closed").message).toContain(ours);
    expect(throwsKind(() => pair.a.trySendMessages(batchOf()), "connection-closed").message).toContain(ours);
    const [a, b] = connectedPair();
    using _a = a;
    using _b = b;
    const waiting = a.sendAllAsync(new Uint8Array(20_000_000), WITHIN).then(String, message);
    a.shutdown({ write: true });
    expect(await waiting).toContain(ours);
  });
});

describe("shutdown of other sockets", () => {
  test.each([
    ["stream", SOCK_STREAM],
    ["seqpacket", SOCK_SEQPACKET],
  ])("works on a unix pair: %s", (_, type) => {
    const [a, b] = connectedPair(type);
    using _a = a;
    using _b = b;
    a.send(buffer.subarray(0, 4));
    a.shutdown({ write: true });
    expect(b.receive(buffer)).toBe(4);
    expect(b.receive(buffer)).toBe(0);
    b.send(buffer.subarray(0, 5));
    expect(a.receive(buffer)).toBe(5);
    throwsKind(() => a.send(buffer), "connection-closed");
    b.shutdown({ write: true });
    expect(a.conditionCheck(ALL) & POLLHUP).toBe(POLLHUP);
    expect([a.connected, b.connected]).toEqual([true, true]);
  });

  test("works on a connected UDP socket, on this side only", () => {
    using pair = new UdpPair();
    pair.a.shutdown({ write: true });
    expect(throwsKind(() => pair.a.send("x"), "connection-closed").code).toBe("EPIPE");
    pair.b.send("x");
    expect(pair.a.receive(buffer, WITHIN)).toBe(1);
    pair.a.shutdown({ read: true });
    expect(pair.a.connected).toBe(false);
  });

  test("ends a TCP listener: it does not listen any more", () => {
    using listener = tcpListener();
    listener.shutdown({ read: true });
    expect(listener.listening).toBe(false);
    throwsKind(() => listener.accept(), "invalid-argument");
    listener.listen();
    expect(listener.listening).toBe(true);
  });
});

describe("shutdown refuses", () => {
  test.each<[string, unknown]>([
    ["no direction", {}],
    ["both false", { read: false, write: false }],
    ["a direction that is no boolean", { read: 1 }],
    ["a direction by text", { write: "yes" }],
    ["how, as libc has it", 2],
    ["how by name", { how: "write" }],
    ["null", null],
    ["true", true],
  ])("%s: TypeError, and nothing is shut down", (_, directions) => {
    using pair = new TcpPair();
    throwsNaming(() => pair.client.shutdown(wrong(directions)), TypeError, "");
    expect(pair.client.connected).toBe(true);
    pair.client.sendAll("x");
    expect(pair.server.receive(buffer, WITHIN)).toBe(1);
  });

  test("a socket that is not connected: not-connected, with advice", () => {
    using stream = new Socket(AF_INET);
    using datagram = udpSocket();
    for (const socket of [stream, datagram]) {
      for (const directions of [undefined, { read: true }, { write: true }]) {
        const error = throwsKind(() => socket.shutdown(directions), "not-connected");
        expect(error).toMatchObject({ code: "ENOTCONN", syscall: "shutdown" });
        expect(error.message).toContain("connect() first");
      }
    }
  });
});
