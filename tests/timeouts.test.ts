// How long a call may wait: options, defaults, and what ends a wait. One monotonic budget for each call.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { AF_INET, MSG_DONTWAIT, MSG_PEEK, MSG_WAITALL, POLLIN, POLLOUT } from "./support/constants.ts";
import { type OperationOptions, Socket } from "../src/index.ts";
import { libc, moduleOf, runChild } from "./support/child.ts";
import { SOON, tcpListener, UdpPair } from "./support/sockets.ts";
import { Thread } from "./support/thread.ts";
import { throwsKind, throwsNaming, wrong } from "./support/throws.ts";
import { waits } from "./support/waits.ts";

let thread: Thread;
beforeAll(async () => {
  thread = await Thread.start();
});
afterAll(() => thread.terminate());

const buffer = new Uint8Array(10);

/** How long something took, in milliseconds. */
function took(action: () => unknown): number {
  const start = performance.now();
  action();
  return performance.now() - start;
}

describe.each([...waits])("%s", (_, make, atOnce) => {
  test("with timeout 0 never waits", () => {
    using waiting = make();
    const elapsed = took(() => {
      throwsKind(() => waiting.call({ timeout: 0 }), atOnce);
    });
    expect(elapsed).toBeLessThan(500);
  });

  test("with a timeout waits that long, and then is timed-out: an error of ours, not of the kernel", () => {
    using waiting = make();
    const elapsed = took(() => {
      const error = throwsKind(() => waiting.call({ timeout: 30 }), "timed-out");
      expect(error).toMatchObject({ code: "ETIMEDOUT", errno: 0, syscall: "poll" });
      expect(error.message).toContain("30 ms");
    });
    expect(elapsed).toBeGreaterThanOrEqual(29.9);
    expect(elapsed).toBeLessThan(1000);
  });

  test("with blocking: false, or socket.blocking = false, never waits", () => {
    using waiting = make();
    throwsKind(() => waiting.call({ blocking: false }), atOnce);
    using other = make();
    other.socket.blocking = false;
    throwsKind(() => other.call(), atOnce);
    throwsKind(() => other.call({}), atOnce);
  });

  test("goes by socket.timeout where its options do not say", () => {
    using waiting = make();
    waiting.socket.timeout = 20;
    expect(took(() => throwsKind(() => waiting.call(), "timed-out"))).toBeGreaterThanOrEqual(19.9);
    using other = make();
    other.socket.timeout = 20;
    throwsKind(() => other.call({ blocking: true }), "timed-out");
    using third = make();
    third.socket.timeout = 0;
    throwsKind(() => third.call(), atOnce);
  });

  test("goes by its own timeout before socket.timeout and socket.blocking", () => {
    using waiting = make();
    waiting.socket.timeout = 3_600_000;
    throwsKind(() => waiting.call({ timeout: 5 }), "timed-out");
    using other = make();
    other.socket.blocking = false;
    expect(took(() => throwsKind(() => other.call({ timeout: 20 }), "timed-out"))).toBeGreaterThanOrEqual(19.9);
  });

  test("waits also when the timeout is less than a millisecond", () => {
    using waiting = make();
    const elapsed = took(() => {
      throwsKind(() => waiting.call({ timeout: 0.9 }), "timed-out");
    });
    expect(elapsed).toBeGreaterThanOrEqual(0.9);
    expect(elapsed).toBeLessThan(500);
  });

  test("refuses options that contradict each other, and values that make no sense", () => {
    using waiting = make();
    throwsNaming(() => waiting.call({ blocking: true, timeout: 0 }), TypeError, "contradict");
    throwsNaming(() => waiting.call({ blocking: false, timeout: 5 }), TypeError, "contradict");
    throwsNaming(() => waiting.call({ blocking: false, timeout: Infinity }), TypeError, "contradict");
    for (const timeout of [-1, -0.001, NaN, -Infinity]) {
      throwsNaming(() => waiting.call({ timeout }), RangeError, "timeout");
    }
    for (const timeout of ["5", null, 5n, {}, true, new Date()]) {
      throwsNaming(() => waiting.call({ timeout: wrong(timeout) }), TypeError, "timeout");
    }
    for (const blocking of [0, 1, "false", null]) {
      throwsNaming(() => waiting.call({ blocking: wrong(blocking) }), TypeError, "blocking");
    }
    for (const cancellable of [null, 5, {}, new AbortController().signal]) {
      throwsNaming(() => waiting.call({ cancellable: wrong(cancellable) }), TypeError, "cancellable");
    }
    for (const options of [5, "timeout", null, true]) {
      throwsNaming(() => waiting.call(wrong(options)), TypeError, "options");
    }
  });

  test("refuses a signal, which a blocked thread cannot see; undefined is none", () => {
    using waiting = make();
    const signal = new AbortController().signal;
    throwsNaming(() => waiting.call(wrong({ signal, timeout: 0 })), TypeError, "signal");
    throwsKind(() => waiting.call(wrong({ signal: undefined, timeout: 0 })), atOnce);
    throwsKind(
      () =>
        waiting.call({ timeout: 0, blocking: undefined, cancellable: undefined, flags: undefined } as OperationOptions),
      waiting.socket.family === AF_INET && atOnce === "pending" ? "pending" : atOnce,
    );
  });
});

describe("flags", () => {
  test("take MSG_DONTWAIT, which is timeout 0, on every operation", () => {
    for (const [name, make, atOnce] of waits) {
      using waiting = make();
      if (name === "receive with MSG_WAITALL") continue; // it has flags of its own
      const error = throwsKind(() => waiting.call({ flags: MSG_DONTWAIT }), atOnce);
      expect(error.message).not.toBe("");
    }
  });

  test("are integers of 32 bits", () => {
    using pair = new UdpPair();
    for (const flags of [1.5, NaN, 2 ** 32]) {
      throwsNaming(() => pair.a.receive(buffer, { flags, timeout: 0 }), RangeError, "flags");
    }
    throwsNaming(() => pair.a.receive(buffer, { flags: wrong("MSG_PEEK"), timeout: 0 }), TypeError, "flags");
    throwsKind(() => pair.a.receive(buffer, { flags: 0x8000_0000 | MSG_PEEK, timeout: 0 }), "would-block");
  });
});

describe("a call that need not wait", () => {
  test("does not, whatever the timeout, and timed-out or not the data is not touched", () => {
    using pair = new UdpPair();
    throwsKind(() => pair.b.receive(buffer, { timeout: 1 }), "timed-out");
    pair.a.send("here");
    expect(pair.b.conditionWait(POLLIN, { timeout: SOON })).toBe(POLLIN);
    expect(took(() => pair.b.receive(buffer, { timeout: SOON }))).toBeLessThan(500);
  });

  test("refuses wrong options all the same, before anything is received or sent", () => {
    using pair = new UdpPair();
    pair.a.send("kept");
    pair.b.conditionWait(POLLIN, { timeout: SOON });
    throwsNaming(() => pair.b.receive(buffer, { timeout: -1 }), RangeError, "timeout");
    throwsNaming(() => pair.b.send("not sent", { timeout: wrong("1") }), TypeError, "timeout");
    expect(pair.b.receive(buffer, { timeout: 0 })).toBe(4);
    throwsKind(() => pair.a.receive(buffer, { timeout: 0 }), "would-block");
  });
});

describe("a long timeout", () => {
  test.each([2 ** 31, 2 ** 32 + 1, 2 ** 53, Number.MAX_VALUE, Infinity])(
    "of %d ms waits, and the call ends when data comes",
    async (timeout) => {
      using pair = new UdpPair();
      const sent = thread.send(pair.a, "x");
      expect(pair.b.receive(buffer, { timeout })).toBe(1);
      await sent;
    },
  );

  test("is waited for in pieces, of which nobody sees anything", () => {
    using pair = new UdpPair();
    const elapsed = took(() => throwsKind(() => pair.b.receive(buffer, { timeout: 1100 }), "timed-out"));
    expect(elapsed).toBeGreaterThanOrEqual(1099.9);
    expect(elapsed).toBeLessThan(3000);
  });
});

describe("a short timeout", () => {
  test("is neither dropped nor rounded up to something long", () => {
    using pair = new UdpPair();
    const elapsed = took(() => {
      for (let time = 0; time < 40; time++) throwsKind(() => pair.b.receive(buffer, { timeout: 0.5 }), "timed-out");
    });
    expect(elapsed).toBeGreaterThanOrEqual(20);
    expect(elapsed).toBeLessThan(1000);
    throwsKind(() => pair.b.receive(buffer, { timeout: Number.MIN_VALUE }), "timed-out");
  });
});

describe("a budget", () => {
  test("is one for the whole call: what comes in between does not renew it", async () => {
    const [a, b] = Socket.pair();
    const sending = thread.trickle(a, 20, Array<string>(30).fill("x"));
    const elapsed = took(() => {
      const size = b.receive(new Uint8Array(30), { timeout: 100, flags: MSG_WAITALL });
      expect(size).toBeLessThan(30);
    });
    expect(elapsed).toBeGreaterThanOrEqual(99.9);
    expect(elapsed).toBeLessThan(500);
    await sending;
    a.close();
    b.close();
  });

  test("is neither shortened nor extended by signals: real ones, every 2 ms", async () => {
    const { report, stderr } = await runChild(`
      import { dlopen } from "bun:ffi";
      import { openSync } from "node:fs";
      import { PollArray } from ${moduleOf("ffi/poll.ts")};
      const libc = dlopen(${libc}, { setitimer: { args: ["i32", "buffer", "usize"], returns: "i32" } });
      process.on("SIGALRM", () => {});
      const every2ms = BigInt64Array.of(0n, 2000n, 0n, 2000n);
      if (libc.symbols.setitimer(0, every2ms, 0) !== 0) throw new Error("setitimer"); // ITIMER_REAL
      const array = new PollArray();
      let interrupted = 0;
      for (let time = 0; time < 20; time++) if (array.poll(1000) === -4) interrupted++; // EINTR
      function took(action: () => unknown): { elapsed: number; kind: string } {
        const start = performance.now();
        const kind = kindOf(action);
        return { elapsed: performance.now() - start, kind };
      }
      const [a] = Socket.pair();
      const buffer = new Uint8Array(10);
      const listener = new Socket(AF_INET, SOCK_STREAM);
      listener.bind("127.0.0.1:0");
      listener.listen(0);
      const timeout = 60;
      const results = {
        receive: took(() => a.receive(buffer, { timeout })),
        receiveFrom: took(() => a.receiveFrom(buffer, { timeout })),
        conditionWait: took(() => a.conditionWait(POLLIN, { timeout })),
        accept: took(() => listener.accept({ timeout })),
        poll: took(() => { if (berkeley.poll([{ socket: a, condition: POLLIN }], { timeout }) === 0) throw "timed-out"; }),
        sendAll: took(() => a.sendAll(new Uint8Array(8_000_000), { timeout })),
        sendFile: took(() => a.sendFile(openSync(process.execPath, "r"), { timeout })),
      };
      report({ interrupted, results });
      process.exit();
    `);
    expect(stderr).toBe("");
    const { interrupted, results } = report as {
      interrupted: number;
      results: Record<string, { elapsed: number; kind: string }>;
    };
    expect(interrupted).toBe(20); // or the test proves nothing
    expect(Object.keys(results)).toHaveLength(7);
    for (const [name, { elapsed, kind }] of Object.entries(results)) {
      expect({ name, kind }).toEqual({ name, kind: "timed-out" });
      expect(elapsed).toBeGreaterThanOrEqual(59.9);
      expect(elapsed).toBeLessThan(1000);
    }
  });
});

describe("socket.timeout and socket.blocking", () => {
  test("are Infinity and true, and each socket has its own", () => {
    using listener = tcpListener();
    expect(listener.timeout).toBe(Infinity);
    expect(listener.blocking).toBe(true);
    listener.timeout = 1234.5;
    listener.blocking = false;
    expect([listener.timeout, listener.blocking]).toEqual([1234.5, false]);
    using other = tcpListener();
    expect([other.timeout, other.blocking]).toEqual([Infinity, true]);
    using copy = listener.duplicate();
    expect([copy.timeout, copy.blocking]).toEqual([1234.5, false]);
  });

  test("refuse what makes no sense, and stay what they were", () => {
    using socket = tcpListener();
    socket.timeout = 5;
    for (const value of [-1, NaN]) throwsNaming(() => (socket.timeout = value), RangeError, "timeout");
    for (const value of ["5", null, undefined, 5n]) {
      throwsNaming(() => (socket.timeout = wrong(value)), TypeError, "timeout");
    }
    for (const value of [0, "", null, undefined]) {
      throwsNaming(() => (socket.blocking = wrong(value)), TypeError, "blocking");
    }
    expect([socket.timeout, socket.blocking]).toEqual([5, true]);
  });

  test("do not concern conditionCheck, the try... methods, nor what never waits", () => {
    const [a, b] = Socket.pair();
    a.timeout = 3_600_000;
    expect(a.conditionCheck(POLLIN | POLLOUT)).toBe(POLLOUT);
    expect(a.tryReceive(buffer)).toBe(-1);
    expect(a.tryReceiveFrom(buffer)).toBeNull();
    using listener = tcpListener();
    listener.timeout = 3_600_000;
    expect(listener.tryAccept()).toBeNull();
    a.close();
    b.close();
  });
});
