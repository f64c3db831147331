// poll(entries): many sockets at once.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT } from "./support/constants.ts";
import { Cancellable, poll, type PollEntry, Socket } from "../src/index.ts";
import { addressOf, RefusingUdp, SOON, Sockets, tcpListener, UdpPair, udpSocket } from "./support/sockets.ts";
import { closeBehind } from "./support/descriptors.ts";
import { Thread } from "./support/thread.ts";
import { throwsKind, throwsNaming, wrong } from "./support/throws.ts";

let thread: Thread;
beforeAll(async () => {
  thread = await Thread.start();
});
afterAll(() => thread.terminate());

const soon = { timeout: SOON };
const now = { timeout: 0 };

function took(action: () => unknown): number {
  const start = performance.now();
  action();
  return performance.now() - start;
}

/** What was found, in order. */
function found(entries: readonly PollEntry[]): (number | undefined)[] {
  return entries.map(({ ready }) => ready);
}

describe("poll", () => {
  test("tells how many are ready, and writes into each entry what for", () => {
    using pair = new UdpPair();
    using silent = udpSocket();
    pair.a.send("x");
    pair.b.conditionWait(POLLIN, soon);
    const entries: PollEntry[] = [
      { socket: pair.b, condition: POLLIN },
      { socket: silent, condition: POLLIN },
      { socket: pair.a, condition: POLLIN | POLLOUT },
      { socket: pair.b, condition: POLLIN | POLLOUT },
      { socket: pair.b, condition: 0 },
    ];
    expect(poll(entries, soon)).toBe(3);
    expect(found(entries)).toEqual([POLLIN, 0, POLLOUT, POLLIN | POLLOUT, 0]);
  });

  test("takes sockets, whatever has an fd, and descriptors", async () => {
    using pair = new UdpPair();
    const bun = await Bun.udpSocket({ hostname: "127.0.0.1" });
    const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const entries: PollEntry[] = [
      { socket: pair.a.fd, condition: POLLOUT },
      { socket: { fd: pair.a.fd }, condition: POLLOUT },
      { socket: bun as unknown as { fd: number }, condition: POLLOUT },
      { socket: listener as unknown as { fd: number }, condition: POLLIN },
    ];
    expect(poll(entries, soon)).toBe(3);
    expect(found(entries)).toEqual([POLLOUT, POLLOUT, POLLOUT, 0]);
    bun.close();
    listener.stop(true);
  });

  test("waits for the first that is ready", async () => {
    using one = new UdpPair();
    using two = new UdpPair();
    const entries: PollEntry[] = [one.a, two.a].map((socket) => ({ socket, condition: POLLIN }));
    const sent = thread.send(two.b, "x");
    expect(poll(entries)).toBe(1);
    expect(found(entries)).toEqual([0, POLLIN]);
    await sent;
  });

  test("knows many sockets, and may be called with few and many in turn", () => {
    using sockets = new Sockets();
    const pairs = Array.from({ length: 500 }, () => {
      const [a, b] = Socket.pair();
      return [sockets.add(a), sockets.add(b)] as const;
    });
    const entries = pairs.map(([socket]): PollEntry => ({ socket, condition: POLLIN }));
    expect(poll(entries, now)).toBe(0);
    const some = [0, 7, 77, 250, 498, 499];
    for (const index of some) pairs[index]?.[1].sendAll("x");
    expect(poll(entries, soon)).toBe(some.length);
    expect(found(entries).flatMap((ready, index) => (ready === 0 ? [] : [index]))).toEqual(some);
    const few = entries.slice(7, 9);
    expect(poll(few, soon)).toBe(1);
    expect(found(few)).toEqual([POLLIN, 0]);
    for (const index of some) pairs[index]?.[0].receiveBytes(1);
    expect(poll(entries, now)).toBe(0);
    expect(new Set(found(entries))).toEqual(new Set([0]));
  });

  test("mixes kinds of sockets, and tells of errors and hang-ups that nobody asked for", () => {
    using refusing = new RefusingUdp();
    using refused = udpSocket();
    refused.connect(refusing.address);
    refused.send("to nobody");
    refused.conditionWait(0, soon);
    using listener = tcpListener();
    using client = new Socket(listener.family);
    client.connect(addressOf(listener), soon);
    listener.conditionWait(POLLIN, soon);
    const [a, b] = Socket.pair();
    b.close();
    const entries: PollEntry[] = [refused, listener, client, a].map((socket) => ({ socket, condition: POLLIN }));
    expect(poll(entries, soon)).toBe(3);
    expect(found(entries)).toEqual([POLLERR, POLLIN, 0, POLLIN | POLLHUP]);
    a.close();
  });

  test("reports a socket that is closed as POLLNVAL, at once, beside what is ready", () => {
    using pair = new UdpPair();
    const closed = udpSocket();
    closed.close();
    const entries: PollEntry[] = [
      { socket: closed, condition: POLLIN },
      { socket: pair.a, condition: POLLOUT },
      { socket: pair.a, condition: POLLIN },
      { socket: { fd: -1 }, condition: 0 },
    ];
    expect(poll(entries)).toBe(3);
    expect(found(entries)).toEqual([POLLNVAL, POLLOUT, 0, POLLNVAL]);
    const stale = udpSocket();
    closeBehind(stale.fd);
    const other: PollEntry[] = [{ socket: stale, condition: POLLIN }];
    expect(poll(other)).toBe(1);
    expect(found(other)).toEqual([POLLNVAL]);
    throwsKind(() => stale.close(), "invalid-argument");
  });

  test("gives 0 when none is ready in time, and clears what an earlier call has found", () => {
    using pair = new UdpPair();
    pair.a.send("x");
    const entries: PollEntry[] = [
      { socket: pair.b, condition: POLLIN },
      { socket: pair.a, condition: POLLIN, ready: POLLIN },
    ];
    expect(poll(entries, soon)).toBe(1);
    expect(found(entries)).toEqual([POLLIN, 0]);
    pair.b.receiveBytes(1, now);
    expect(poll(entries, now)).toBe(0);
    expect(found(entries)).toEqual([0, 0]);
    (entries[0] as PollEntry).ready = POLLIN;
    const elapsed = took(() => expect(poll(entries, { timeout: 20 })).toBe(0));
    expect(elapsed).toBeGreaterThanOrEqual(19.9);
    expect(elapsed).toBeLessThan(1000);
    expect(found(entries)).toEqual([0, 0]);
  });

  test("waits also for less than a millisecond", () => {
    using pair = new UdpPair();
    const elapsed = took(() => {
      for (let time = 0; time < 20; time++) poll([{ socket: pair.a, condition: POLLIN }], { timeout: 0.7 });
    });
    expect(elapsed).toBeGreaterThanOrEqual(14);
    expect(elapsed).toBeLessThan(1000);
  });

  test("sleeps without entries", () => {
    const elapsed = took(() => expect(poll([], { timeout: 20 })).toBe(0));
    expect(elapsed).toBeGreaterThanOrEqual(19.9);
    expect(elapsed).toBeLessThan(1000);
    expect(poll([], now)).toBe(0);
  });

  test("can be cancelled by another thread, with entries and without", async () => {
    using pair = new UdpPair();
    for (const entries of [[{ socket: pair.a, condition: POLLIN }], []]) {
      using cancellable = new Cancellable();
      const cancelling = thread.cancel(cancellable);
      const error = throwsKind(() => poll(entries, { cancellable, timeout: SOON }), "cancelled");
      expect(error).toMatchObject({ code: "ECANCELED", syscall: "poll" });
      await cancelling;
    }
  });

  test("is cancelled when it was before, also when something is ready", () => {
    using pair = new UdpPair();
    using cancellable = new Cancellable();
    cancellable.cancel();
    throwsKind(() => poll([{ socket: pair.a, condition: POLLOUT }], { cancellable }), "cancelled");
    throwsKind(() => poll([], { cancellable, timeout: 0 }), "cancelled");
  });

  test("does not count the wake-up of a Cancellable", () => {
    using pair = new UdpPair();
    using cancellable = new Cancellable();
    void cancellable.handle;
    const entries: PollEntry[] = [{ socket: pair.a, condition: POLLOUT }];
    expect(poll(entries, { cancellable })).toBe(1);
    expect(poll([{ socket: pair.a, condition: POLLIN }], { cancellable, timeout: 1 })).toBe(0);
    expect(poll([], { cancellable, timeout: 1 })).toBe(0);
  });

  test("refuses what is no list of entries", () => {
    using socket = udpSocket();
    for (const entries of [undefined, null, 5, {}, "entries", new Set()]) {
      throwsNaming(() => poll(wrong(entries), now), TypeError, "entries");
    }
    for (const entry of [undefined, null, 5, socket]) {
      throwsNaming(() => poll([wrong(entry)], now), TypeError, "entries[0]");
    }
    for (const wrongSocket of ["3", undefined, null, {}, { fd: "3" }]) {
      throwsNaming(
        () => poll([{ socket: wrong(wrongSocket), condition: POLLIN }], now),
        TypeError,
        "entries[0].socket",
      );
    }
    for (const fd of [-1, 1.5, NaN, 2 ** 32]) {
      throwsNaming(() => poll([{ socket: fd, condition: POLLIN }], now), RangeError, "entries[0].socket");
    }
    const good = { socket, condition: POLLIN };
    throwsNaming(() => poll([good, { socket, condition: wrong("IN") }], now), TypeError, "entries[1].condition");
    throwsNaming(() => poll([good, { socket, condition: -1 }], now), RangeError, "entries[1].condition");
    throwsNaming(() => poll([good, { socket, condition: 0x1_0000 }], now), RangeError, "entries[1].condition");
    // eslint-disable-next-line no-sparse-arrays
    throwsNaming(() => poll(wrong([good, , good]), now), TypeError, "entries[1]");
  });

  test("refuses wrong options: nixio's second number, too", () => {
    for (const options of [5, "5", null, true]) throwsNaming(() => poll([], wrong(options)), TypeError, "options");
    for (const timeout of [-1, NaN]) throwsNaming(() => poll([], { timeout }), RangeError, "timeout");
    for (const timeout of ["5", null]) throwsNaming(() => poll([], { timeout: wrong(timeout) }), TypeError, "timeout");
    for (const cancellable of [null, 5, {}]) {
      throwsNaming(() => poll([], { timeout: 0, cancellable: wrong(cancellable) }), TypeError, "cancellable");
    }
    const { signal } = new AbortController();
    throwsNaming(() => poll([], wrong({ timeout: 0, signal })), TypeError, "signal");
    expect(poll([], wrong({ timeout: 0, signal: undefined, cancellable: undefined }))).toBe(0);
  });
});
