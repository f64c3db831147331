// Rule 3 of the design: after k > 0 messages an error, a timeout or a cancel returns k, exactly, and is kept for the next call
// with the batch, which throws it; a send then goes on at k. A would-block is not kept. With k = 0 all is thrown.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { AF_INET, AF_UNIX, MSG_CONFIRM, dontWait, POLLERR, SOCK_DGRAM, SOCK_SEQPACKET } from "./support/constants.ts";
import {
  Cancellable,
  ReceiveBatch,
  SendBatch,
  Socket,
  SocketError,
  type SocketErrorKind,
  UnixSocketAddress,
  WOULD_BLOCK,
} from "../src/index.ts";
import { incoming } from "../src/message/receive-batch.ts";
import { answer, arriving, batchOf, fill, nothingCame, numbered, texts, WatchedCalls } from "./support/batches.ts";
import { connectedPair, addressOf, RefusingUdp, SOON, UdpPair, udpSocket } from "./support/sockets.ts";
import { Thread } from "./support/thread.ts";
import { throwsKind } from "./support/throws.ts";

let thread: Thread;
beforeAll(async () => {
  thread = await Thread.start();
});
afterAll(() => thread.terminate());

const soon = { timeout: SOON };
const now = { timeout: 0 };
const MANY = 40; // more than the queue of a unix socket takes: net.unix.max_dgram_qlen is 10

/** Unix sockets, of which the queue is short (of a socketpair it would not be), and not emptied until somebody receives. */
class ShortQueue implements Disposable {
  readonly a: Socket;
  readonly b: Socket;

  constructor(type: number = SOCK_DGRAM) {
    if (type === SOCK_DGRAM) {
      this.a = new Socket(AF_UNIX, type);
      this.b = new Socket(AF_UNIX, type);
      this.b.bind(new UnixSocketAddress());
      this.a.connect(this.b.localAddress);
    } else [this.a, this.b] = connectedPair(type);
    this.a.timeout = SOON;
    this.b.timeout = SOON;
  }

  /** Takes everything that is queued. */
  drain(): string[] {
    return arriving(this.b, 0);
  }

  [Symbol.dispose](): void {
    this.a.close();
    this.b.close();
  }
}

/** Watches the receives of a batch. */
function watched(batch: ReceiveBatch): WatchedCalls {
  return (incoming(batch).calls = new WatchedCalls(undefined));
}

describe("a send that a full queue ends", () => {
  test("without waiting returns how many went, keeps no error, and goes on there", () => {
    using pair = new ShortQueue();
    const batch = batchOf(numbered(MANY));
    const came: string[] = [];
    for (const send of [
      () => pair.a.trySendMessages(batch),
      () => pair.a.sendMessages(batch, now),
      () => pair.a.sendMessages(batch, { blocking: false }),
      () => pair.a.sendMessages(batch, dontWait),
    ]) {
      const count = send();
      expect(count).toBeGreaterThan(0);
      expect(batch.pendingError).toBeUndefined();
      expect(batch.length).toBe(MANY);
      const drained = pair.drain();
      expect(drained).toHaveLength(count);
      came.push(...drained);
    }
    expect(came).toEqual(numbered(MANY).slice(0, came.length));
    while (came.length < MANY) {
      pair.a.trySendMessages(batch);
      came.push(...pair.drain());
    }
    expect(came).toEqual(numbered(MANY));
    expect(pair.a.trySendMessages(batch)).toBeGreaterThan(0); // anew, from the first on
    expect(pair.drain()[0]).toBe("d0");
  });

  test("with nothing sent is WOULD_BLOCK, would-block or timed-out, again and again, and nothing is lost", () => {
    using pair = new ShortQueue();
    const batch = batchOf(numbered(MANY));
    const count = pair.a.trySendMessages(batch);
    for (let round = 0; round < 3; round++) {
      expect(pair.a.trySendMessages(batch)).toBe(WOULD_BLOCK);
      throwsKind(() => pair.a.sendMessages(batch, now), "would-block");
      throwsKind(() => pair.a.sendMessages(batch, { timeout: 5 }), "timed-out");
      expect(batch.pendingError).toBeUndefined();
    }
    expect(pair.drain()).toEqual(numbered(count));
    const next = pair.a.trySendMessages(batch);
    expect(pair.drain()).toEqual(numbered(next, count));
  });

  test("by a timeout returns how many went, the next call throws it, and the one after goes on there", () => {
    using pair = new ShortQueue();
    const batch = batchOf(numbered(MANY));
    const start = performance.now();
    const count = pair.a.sendMessages(batch, { timeout: 30 });
    expect(performance.now() - start).toBeGreaterThanOrEqual(29);
    expect(count).toBeGreaterThan(0);
    expect(count).toBeLessThan(MANY);
    const kept = batch.pendingError;
    expect(kept).toMatchObject({ kind: "timed-out", code: "ETIMEDOUT" });
    expect(pair.drain()).toEqual(numbered(count));
    expect(throwsKind(() => pair.a.sendMessages(batch, soon), "timed-out")).toBe(kept as SocketError);
    expect(batch.pendingError).toBeUndefined();
    expect(pair.drain()).toEqual([]);
    const next = pair.a.sendMessages(batch, now);
    expect(pair.drain()).toEqual(numbered(next, count));
  });

  test("is thrown by trySendMessages too", () => {
    using pair = new ShortQueue();
    const batch = batchOf(numbered(MANY));
    const count = pair.a.sendMessages(batch, { timeout: 5 });
    pair.drain();
    throwsKind(() => pair.a.trySendMessages(batch), "timed-out");
    expect(batch.pendingError).toBeUndefined();
    const next = pair.a.trySendMessages(batch);
    expect(pair.drain()).toEqual(numbered(next, count));
  });

  test("goes on while somebody drains it, and sends all", async () => {
    using pair = new ShortQueue();
    const bytes = numbered(MANY).join("").length;
    const drained = thread.drain(pair.b.duplicate(), { limit: bytes });
    expect(pair.a.sendMessages(batchOf(numbered(MANY)))).toBe(MANY);
    expect(await drained).toBe(bytes);
    expect(pair.drain()).toEqual([]);
  });

  test("goes on while somebody drains it, to an address", async () => {
    using from = new Socket(AF_UNIX, SOCK_DGRAM);
    using to = new Socket(AF_UNIX, SOCK_DGRAM);
    to.bind(new UnixSocketAddress());
    const bytes = numbered(MANY).join("").length;
    const drained = thread.drain(to.duplicate(), { limit: bytes });
    expect(from.sendMessages(batchOf(numbered(MANY), to.localAddress), soon)).toBe(MANY);
    expect(await drained).toBe(bytes);
  });

  test("over seqpacket, where the send buffer is what is full", () => {
    using pair = new ShortQueue(SOCK_SEQPACKET);
    const batch = new SendBatch({ capacity: 1000, size: 1000 });
    fill(
      batch,
      numbered(1000).map((each) => each.padEnd(1000)),
    );
    const came: string[] = [];
    while (came.length < 1000) {
      const count = pair.a.sendMessages(batch, now);
      expect(batch.pendingError).toBeUndefined();
      const drained = pair.drain();
      expect(drained).toHaveLength(count);
      came.push(...drained);
    }
    expect(came.map((each) => each.trim())).toEqual(numbered(1000));
  });

  test("clear forgets where it was, and the error", () => {
    using pair = new ShortQueue();
    const batch = batchOf(numbered(MANY));
    pair.a.sendMessages(batch, { timeout: 5 });
    expect(batch.pendingError).toBeDefined();
    batch.clear();
    expect(batch.pendingError).toBeUndefined();
    pair.drain();
    fill(batch, ["anew"]);
    expect(pair.a.sendMessages(batch)).toBe(1);
    expect(pair.drain()).toEqual(["anew"]);
  });

  test("what is pushed meanwhile is sent after the rest", () => {
    using pair = new ShortQueue();
    const batch = new SendBatch({ capacity: MANY + 1, size: 10 });
    fill(batch, numbered(MANY));
    const came: string[] = [];
    expect(pair.a.trySendMessages(batch)).toBeLessThan(MANY);
    expect(batch.push("last")).toBe(true);
    for (let rounds = 0; came.length < MANY + 1 && rounds < 100; rounds++) {
      came.push(...pair.drain());
      if (came.length < MANY + 1) pair.a.trySendMessages(batch);
    }
    expect(came).toEqual([...numbered(MANY), "last"]);
  });

  test("the rest may go over another socket", () => {
    using pair = new ShortQueue();
    using other = new UdpPair();
    const batch = batchOf(numbered(MANY));
    const count = pair.a.sendMessages(batch, now);
    expect(other.a.sendMessages(batch)).toBe(MANY - count);
    expect(arriving(other.b, MANY - count)).toEqual(numbered(MANY - count, count));
  });

  test("the error belongs to its batch: another one on the same socket does not meet it", () => {
    using pair = new ShortQueue();
    const batch = batchOf(numbered(MANY));
    pair.a.sendMessages(batch, { timeout: 5 });
    pair.drain();
    expect(pair.a.sendMessages(batchOf(["other"]))).toBe(1);
    pair.a.send("plain");
    expect(pair.drain()).toEqual(["other", "plain"]);
    throwsKind(() => pair.a.sendMessages(batch), "timed-out");
  });
});

describe("a send that a cancel ends", () => {
  test("after some returns how many, the next call throws it, and the one after goes on there", async () => {
    using pair = new ShortQueue();
    const batch = batchOf(numbered(MANY));
    using cancellable = new Cancellable();
    const done = thread.cancel(cancellable);
    const count = pair.a.sendMessages(batch, { cancellable, ...soon });
    expect(count).toBeGreaterThan(0);
    expect(count).toBeLessThan(MANY);
    await done;
    const kept = batch.pendingError;
    expect(kept).toMatchObject({ kind: "cancelled", code: "ECANCELED" });
    expect(pair.drain()).toEqual(numbered(count));
    expect(throwsKind(() => pair.a.sendMessages(batch, soon), "cancelled")).toBe(kept as SocketError);
    expect(batch.pendingError).toBeUndefined();
    const next = pair.a.sendMessages(batch, now);
    expect(pair.drain()).toEqual(numbered(next, count));
  });

  test("before the first throws it, though all could go", () => {
    using pair = new UdpPair();
    using cancellable = new Cancellable();
    cancellable.cancel();
    const batch = batchOf(numbered(3));
    throwsKind(() => pair.a.sendMessages(batch, { cancellable }), "cancelled");
    expect(batch.pendingError).toBeUndefined();
    nothingCame(pair.b, (marker) => pair.a.send(marker));
    expect(pair.a.sendMessages(batch)).toBe(3);
  });

  test("while it waits for the first throws it", async () => {
    using pair = new ShortQueue();
    const batch = batchOf(numbered(MANY));
    const count = pair.a.sendMessages(batch, now);
    using cancellable = new Cancellable();
    const done = thread.cancel(cancellable);
    throwsKind(() => pair.a.sendMessages(batch, { cancellable, ...soon }), "cancelled");
    await done;
    expect(batch.pendingError).toBeUndefined();
    expect(pair.drain()).toEqual(numbered(count));
    const next = pair.a.sendMessages(batch, now);
    expect(pair.drain()).toEqual(numbered(next, count));
  });

  test("is seen between two calls that both succeed", () => {
    using pair = new UdpPair();
    using cancellable = new Cancellable();
    const batch = batchOf(numbered(9));
    const calls = new WatchedCalls(batch);
    calls.limit = 4;
    calls.after = (call) => {
      if (call === 0) cancellable.cancel();
    };
    expect(pair.a.sendMessages(batch, { cancellable })).toBe(4);
    expect(batch.pendingError?.kind).toBe("cancelled");
    expect(arriving(pair.b, 4)).toEqual(numbered(4));
    throwsKind(() => pair.a.sendMessages(batch), "cancelled");
    expect(pair.a.sendMessages(batch)).toBe(5);
    expect(arriving(pair.b, 5)).toEqual(numbered(5, 4));
  });
});

describe("a send that an error ends", () => {
  /** A datagram that is too large stands at index 2 of 4. */
  function withTooLarge(): SendBatch {
    const batch = new SendBatch({ capacity: 4, size: 65_535 });
    fill(batch, ["d0", "d1", new Uint8Array(65_508), "d3"]);
    return batch;
  }

  test.each([
    ["sendMessages", (socket: Socket, batch: SendBatch): number => socket.sendMessages(batch)],
    ["trySendMessages", (socket: Socket, batch: SendBatch): number => socket.trySendMessages(batch)],
  ])("%s: a datagram that is too large in the middle", (_name, send) => {
    using pair = new UdpPair();
    const batch = withTooLarge();
    expect(send(pair.a, batch)).toBe(2);
    expect(batch.pendingError).toMatchObject({ kind: "message-too-large", code: "EMSGSIZE", syscall: "sendmmsg" });
    expect(arriving(pair.b, 2)).toEqual(["d0", "d1"]);
    throwsKind(() => send(pair.a, batch), "message-too-large");
    expect(batch.pendingError).toBeUndefined();
    // it goes on there, and meets it again: now it is the first
    throwsKind(() => send(pair.a, batch), "message-too-large");
    throwsKind(() => send(pair.a, batch), "message-too-large");
    expect(batch.pendingError).toBeUndefined();
    nothingCame(pair.b, (marker) => pair.a.send(marker));
    batch.clear();
    fill(batch, ["new"]);
    expect(send(pair.a, batch)).toBe(1);
    expect(arriving(pair.b, 1)).toEqual(["new"]);
  });

  test("as the first is thrown, and nothing is sent", () => {
    using pair = new UdpPair();
    const batch = new SendBatch({ capacity: 2, size: 65_535 });
    fill(batch, [new Uint8Array(65_508), "d1"]);
    throwsKind(() => pair.a.sendMessages(batch), "message-too-large");
    throwsKind(() => pair.a.trySendMessages(batch), "message-too-large");
    expect(batch.pendingError).toBeUndefined();
    nothingCame(pair.b, (marker) => pair.a.send(marker));
  });

  const others: readonly (readonly [
    name: string,
    kind: SocketErrorKind,
    family: number,
    wrong: (right: unknown) => Parameters<SendBatch["push"]>[1],
  ])[] = [
    ["no address where one is needed", "destination-unset", AF_INET, () => undefined],
    ["a broadcast address without SO_BROADCAST", "permission-denied", AF_INET, () => "255.255.255.255:9"],
    ["port 0", "invalid-argument", AF_INET, () => "127.0.0.1:0"],
    ["a unix path where nobody is", "not-found", AF_UNIX, () => ({ path: "/nowhere/at/all" })],
    ["an abstract name that nobody has", "connection-refused", AF_UNIX, () => ({ path: `\0nobody-${process.pid}` })],
  ];
  test.each(others)("%s in the middle", (_name, kind, family, wrong) => {
    using from = new Socket(family, SOCK_DGRAM);
    using to = family === AF_UNIX ? new Socket(AF_UNIX, SOCK_DGRAM) : udpSocket(family);
    if (family === AF_UNIX) to.bind(new UnixSocketAddress());
    const right = addressOf(to);
    const batch = new SendBatch({ capacity: 4, size: 10 });
    fill(batch, ["d0", "d1"], right);
    fill(batch, ["d2"], wrong(right) ?? null);
    fill(batch, ["d3"], right);
    expect(from.sendMessages(batch)).toBe(2);
    expect(batch.pendingError?.kind).toBe(kind);
    expect(arriving(to, 2)).toEqual(["d0", "d1"]);
    throwsKind(() => from.sendMessages(batch), kind);
    throwsKind(() => from.sendMessages(batch), kind);
    expect(arriving(to, 0)).toEqual([]);
  });

  test("by the ICMP answer to its first datagram: 1, and the rest later", () => {
    using refusing = new RefusingUdp();
    using socket = udpSocket();
    socket.connect(refusing.address);
    const batch = new SendBatch({ capacity: 3, size: 10 });
    batch.push("d0");
    batch.push("d1", null, { flags: MSG_CONFIRM }); // other flags: a call of its own, which meets the answer to the first
    batch.push("d2", null, { flags: MSG_CONFIRM });
    const calls = new WatchedCalls(batch);
    calls.after = (call) => {
      if (call === 0) socket.conditionWait(POLLERR, soon); // until the answer is there: POLLERR comes unasked
    };
    expect(socket.sendMessages(batch)).toBe(1);
    expect(batch.pendingError).toMatchObject({ kind: "connection-refused", syscall: "sendmmsg" });
    throwsKind(() => socket.sendMessages(batch), "connection-refused");
    expect(batch.pendingError).toBeUndefined();
    expect(calls.sends.map((run) => run.length)).toEqual([1, 2]);
    expect(socket.sendMessages(batch)).toBeGreaterThan(0);
    expect(calls.sends[2]).toEqual([1, 1]);
  });

  // sendmmsg(2), BUGS: an error after some messages is lost, and the caller goes on at the first that did not go
  test("by ICMP answers that the kernel swallows: every datagram is counted once", () => {
    using refusing = new RefusingUdp();
    using socket = udpSocket();
    socket.connect(refusing.address);
    const batch = batchOf(numbered(20));
    const calls = new WatchedCalls(batch);
    let total = 0;
    for (let errors = 0; total < 20;) {
      try {
        total += socket.sendMessages(batch, soon);
      } catch (error) {
        if (!(error instanceof SocketError) || error.kind !== "connection-refused") throw error;
        expect(++errors).toBeLessThanOrEqual(40);
      }
    }
    expect(total).toBe(20);
    const last = calls.sends.at(-1) as number[];
    expect(last.length).toBeGreaterThan(0);
    // what was left for each call is what the calls before had not sent
    const left = calls.sends.map((run) => run.length);
    expect(left).toEqual(left.toSorted((x, y) => y - x));
  });

  test.each(["EPERM", "ENOBUFS", "ENETUNREACH", "EIO", "EINVAL"])("%s after two calls that went well", (code) => {
    using pair = new UdpPair();
    const batch = batchOf(numbered(9));
    const calls = new WatchedCalls(batch);
    calls.limit = 3;
    calls.refuse = (_run, call) => (call === 2 ? answer(code) : undefined);
    expect(pair.a.sendMessages(batch)).toBe(6);
    expect(batch.pendingError).toMatchObject({ code });
    expect(throwsKind(() => pair.a.sendMessages(batch), batch.pendingError?.kind ?? "failed").code).toBe(code);
    expect(pair.a.sendMessages(batch)).toBe(3);
    expect(arriving(pair.b, 9)).toEqual(numbered(9));
  });

  test("EINTR is none: the call is made again", () => {
    using pair = new UdpPair();
    const batch = batchOf(numbered(9));
    const calls = new WatchedCalls(batch);
    calls.limit = 3;
    calls.refuse = (_run, call) => (call % 2 === 0 ? answer("EINTR") : undefined);
    expect(pair.a.sendMessages(batch, now)).toBe(9);
    expect(pair.a.trySendMessages(batch)).toBe(9);
    expect(arriving(pair.b, 18)).toEqual([...numbered(9), ...numbered(9)]);
  });

  test("by closing the socket leaves the batch as it is", () => {
    using pair = new ShortQueue();
    using other = new UdpPair();
    const batch = batchOf(numbered(MANY));
    const count = pair.a.sendMessages(batch, now);
    pair.a.close();
    throwsKind(() => pair.a.sendMessages(batch), "closed");
    throwsKind(() => pair.a.trySendMessages(batch), "closed");
    expect(other.a.sendMessages(batch)).toBe(MANY - count);
    expect(arriving(other.b, MANY - count)).toEqual(numbered(MANY - count, count));
  });

  test("when the peer of a seqpacket pair is gone: connection-closed, and no signal", () => {
    using pair = new ShortQueue(SOCK_SEQPACKET);
    pair.b.close();
    throwsKind(() => pair.a.sendMessages(batchOf(["x"])), "connection-closed");
    throwsKind(() => pair.a.trySendMessages(batchOf(["x"])), "connection-closed");
  });
});

describe("1500 messages", () => {
  test("go in calls of 1024 at most, and a partial one in the second goes on there", () => {
    using pair = new UdpPair();
    const batch = batchOf(numbered(1500));
    const calls = new WatchedCalls(batch);
    let drained: string[] = [];
    calls.after = (call) => {
      drained = [...drained, ...arriving(pair.b, 0)];
      if (call === 0) calls.limit = 100;
    };
    calls.limit = 200; // what the peer's queue surely holds
    calls.refuse = (_run, call) => (call === 3 ? answer("ENOBUFS") : undefined);
    expect(pair.a.sendMessages(batch)).toBe(400);
    expect(batch.pendingError?.kind).toBe("no-buffers");
    throwsKind(() => pair.a.sendMessages(batch), "no-buffers");
    expect(pair.a.sendMessages(batch)).toBe(1100);
    expect(calls.sends.map((run) => run.length).slice(0, 6)).toEqual([1024, 1024, 1024, 1024, 1024, 1000]);
    expect([...drained, ...arriving(pair.b, 0)]).toEqual(numbered(1500));
  });
});

describe("a receive of a full batch (waitAll)", () => {
  const waitAll = true;

  test("that a timeout ends returns how many came, and the next call throws it", () => {
    using pair = new UdpPair();
    for (const datagram of numbered(3)) pair.a.send(datagram);
    const batch = new ReceiveBatch({ capacity: 5, size: 10 });
    const start = performance.now();
    expect(pair.b.receiveMessages(batch, { timeout: 30, waitAll })).toBe(3);
    expect(performance.now() - start).toBeGreaterThanOrEqual(29);
    expect(texts(batch)).toEqual(numbered(3));
    const kept = batch.pendingError;
    expect(kept).toMatchObject({ kind: "timed-out" });
    pair.a.send("d3");
    expect(throwsKind(() => pair.b.receiveMessages(batch, soon), "timed-out")).toBe(kept as SocketError);
    expect(batch.pendingError).toBeUndefined();
    expect(pair.b.receiveMessages(batch, soon)).toBe(1);
    expect(texts(batch)).toEqual(["d3"]);
  });

  test("that must not wait returns how many came, and keeps no error", () => {
    using pair = new UdpPair();
    for (const datagram of numbered(3)) pair.a.send(datagram);
    const batch = new ReceiveBatch({ capacity: 5, size: 10 });
    expect(pair.b.receiveMessages(batch, { ...now, waitAll })).toBe(3);
    expect(texts(batch)).toEqual(numbered(3));
    expect(batch.pendingError).toBeUndefined();
    throwsKind(() => pair.b.receiveMessages(batch, { ...now, waitAll }), "would-block");
    throwsKind(() => pair.b.receiveMessages(batch, { waitAll, ...dontWait }), "would-block");
    expect(batch.pendingError).toBeUndefined();
  });

  test("with nothing throws the timeout, and keeps none", () => {
    using pair = new UdpPair();
    const batch = new ReceiveBatch({ capacity: 5, size: 10 });
    throwsKind(() => pair.b.receiveMessages(batch, { timeout: 5, waitAll }), "timed-out");
    expect(batch.pendingError).toBeUndefined();
  });

  test("that a cancel from another thread ends returns how many came, and the next call throws it", async () => {
    using pair = new UdpPair();
    for (const datagram of numbered(2)) pair.a.send(datagram);
    const batch = new ReceiveBatch({ capacity: 5, size: 10 });
    using cancellable = new Cancellable();
    const done = thread.cancel(cancellable);
    expect(pair.b.receiveMessages(batch, { cancellable, waitAll, ...soon })).toBe(2);
    await done;
    expect(texts(batch)).toEqual(numbered(2));
    expect(batch.pendingError?.kind).toBe("cancelled");
    throwsKind(() => pair.b.receiveMessages(batch, { cancellable, waitAll, ...soon }), "cancelled"); // the gate's own
    throwsKind(() => pair.b.receiveMessages(batch, soon), "cancelled");
    expect(batch.pendingError).toBeUndefined();
    pair.a.send("d2");
    expect(pair.b.receiveMessages(batch, soon)).toBe(1);
    expect(texts(batch)).toEqual(["d2"]);
  });

  test("that a cancel ends before the first throws it, though datagrams are there", async () => {
    using pair = new UdpPair();
    const batch = new ReceiveBatch({ capacity: 5, size: 10 });
    using cancellable = new Cancellable();
    const done = thread.cancel(cancellable);
    throwsKind(() => pair.b.receiveMessages(batch, { cancellable, waitAll, ...soon }), "cancelled");
    await done;
    expect(batch.pendingError).toBeUndefined();
    pair.a.send("d0");
    throwsKind(() => pair.b.receiveMessages(batch, { cancellable }), "cancelled");
    expect(pair.b.tryReceiveMessages(batch)).toBe(1);
  });

  test("that the ICMP answer to an earlier datagram ends returns how many came", () => {
    using pair = new UdpPair();
    for (const datagram of numbered(3)) pair.a.send(datagram);
    pair.a.close(); // from now on its port refuses
    const batch = new ReceiveBatch({ capacity: 5, size: 10 });
    const calls = watched(batch);
    calls.after = (call) => {
      if (call === 0) pair.b.send("to nobody");
    };
    expect(pair.b.receiveMessages(batch, { waitAll, ...soon })).toBe(3);
    expect(texts(batch)).toEqual(numbered(3));
    expect(batch.pendingError).toMatchObject({ kind: "connection-refused", syscall: "recvmmsg" });
    throwsKind(() => pair.b.receiveMessages(batch, now), "connection-refused");
    throwsKind(() => pair.b.receiveMessages(batch, now), "would-block");
  });

  test("clear forgets the error", () => {
    using pair = new UdpPair();
    pair.a.send("d0");
    const batch = new ReceiveBatch({ capacity: 5, size: 10 });
    pair.b.receiveMessages(batch, { timeout: 5, waitAll });
    expect(batch.pendingError).toBeDefined();
    batch.clear();
    expect(batch.pendingError).toBeUndefined();
    pair.a.send("d1");
    expect(pair.b.receiveMessages(batch, soon)).toBe(1);
  });
});

describe("a receive that takes what is queued", () => {
  test("meets an error as the first: it is thrown, once, and the datagrams behind it stay", () => {
    using pair = new UdpPair();
    for (const datagram of numbered(3)) pair.a.send(datagram);
    pair.a.close();
    pair.b.send("to nobody");
    pair.b.conditionWait(POLLERR, soon); // until the answer is there: POLLERR
    const batch = new ReceiveBatch({ capacity: 5, size: 10 });
    throwsKind(() => pair.b.receiveMessages(batch, soon), "connection-refused");
    expect(batch.pendingError).toBeUndefined();
    expect(pair.b.receiveMessages(batch, soon)).toBe(3);
    pair.b.send("to nobody");
    pair.b.conditionWait(POLLERR, soon);
    throwsKind(() => pair.b.tryReceiveMessages(batch), "connection-refused");
    expect(pair.b.tryReceiveMessages(batch)).toBe(WOULD_BLOCK);
  });

  const receives: readonly (readonly [name: string, receive: (socket: Socket, batch: ReceiveBatch) => number])[] = [
    ["receiveMessages", (socket, batch) => socket.receiveMessages(batch, soon)],
    ["tryReceiveMessages", (socket, batch) => socket.tryReceiveMessages(batch)],
  ];

  /** A batch of which the calls answer one of these after the other. */
  function scripted(...answers: number[]): ReceiveBatch {
    const batch = new ReceiveBatch({ capacity: 2000, size: 10 });
    incoming(batch).calls = {
      send: () => 0,
      receive: () => answers.shift() ?? answer("EIO"),
    };
    return batch;
  }

  test.each(receives)("%s keeps the error of a call after one that took 1024", (_name, receive) => {
    using pair = new UdpPair();
    const batch = scripted(1024, answer("ENOMEM"), 5);
    expect(receive(pair.b, batch)).toBe(1024);
    expect(batch.length).toBe(1024);
    expect(batch.pendingError).toMatchObject({ code: "ENOMEM", syscall: "recvmmsg" });
    throwsKind(() => receive(pair.b, batch), "no-space");
    expect(batch.pendingError).toBeUndefined();
    expect(receive(pair.b, batch)).toBe(5);
  });

  test.each(receives)("%s is not stopped by EINTR, nor made to wait once it has something", (_name, receive) => {
    using pair = new UdpPair();
    const [eintr, eagain] = [answer("EINTR"), answer("EAGAIN")];
    const batch = scripted(eintr, eintr, 3, eintr, 1024, eintr, eagain, eintr, 1024, eintr, 7);
    expect(receive(pair.b, batch)).toBe(3);
    expect(receive(pair.b, batch)).toBe(1024); // would-block comes only then, and is none
    expect(batch.pendingError).toBeUndefined();
    expect(receive(pair.b, batch)).toBe(1031);
    expect(batch.pendingError).toBeUndefined();
  });
});

describe("a batch that was cleared", () => {
  test("has nothing to send, and no error", () => {
    using pair = new ShortQueue();
    const batch = batchOf(numbered(MANY));
    pair.a.sendMessages(batch, { timeout: 5 });
    batch.clear();
    expect(pair.a.sendMessages(batch)).toBe(0);
    expect(pair.a.trySendMessages(batch)).toBe(0);
  });
});
