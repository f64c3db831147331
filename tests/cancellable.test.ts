// Cancellable: what ends an operation from outside, also one that blocks another thread.

import { afterAll, beforeAll, describe, expect, spyOn, test } from "bun:test";
import { readFileSync } from "node:fs";
import { POLLIN, SOCK_STREAM } from "./support/constants.ts";
import { AF_INET, Cancellable, type CancellableHandle, poll, Socket } from "../src/index.ts";
import { moduleOf, runChild } from "./support/child.ts";
import { haveProc, openDescriptors } from "./support/descriptors.ts";
import { addressOf, SOON, tcpListener, UdpPair } from "./support/sockets.ts";
import { Thread } from "./support/thread.ts";
import { throwsKind, throwsNaming, wrong } from "./support/throws.ts";
import { waits } from "./support/waits.ts";

let thread: Thread;
beforeAll(async () => {
  thread = await Thread.start();
});
afterAll(() => thread.terminate());

const buffer = new Uint8Array(10);

/**
 * The wake-up of a handle: its descriptor, and what tells it from others that get the same number later (eventfd-id of
 * proc_pid_fdinfo(5)). Workers that come and go have such descriptors too.
 */
function wakeOf(handle: CancellableHandle): { readonly fd: number; readonly id: string | undefined } {
  const fd = new Int32Array(handle.cancellable)[2] ?? -1;
  return { fd, id: identity(fd) };
}

function identity(fd: number): string | undefined {
  try {
    return /^eventfd-id:.*$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "latin1"))?.[0];
  } catch {
    return undefined; // closed
  }
}

function isOpen({ fd, id }: { readonly fd: number; readonly id: string | undefined }): boolean {
  return id !== undefined && identity(fd) === id;
}

describe("a Cancellable", () => {
  test("is not cancelled, until it is; again is nothing, and there is no way back", () => {
    using cancellable = new Cancellable();
    expect(cancellable.cancelled).toBe(false);
    cancellable.throwIfCancelled();
    cancellable.cancel();
    cancellable.cancel();
    expect(cancellable.cancelled).toBe(true);
    expect(throwsKind(() => cancellable.throwIfCancelled(), "cancelled").code).toBe("ECANCELED");
  });

  test("ends no operation that has succeeded before", () => {
    using pair = new UdpPair();
    using cancellable = new Cancellable();
    pair.a.send("x");
    expect(pair.b.receive(buffer, { cancellable, timeout: SOON })).toBe(1);
    cancellable.cancel();
    throwsKind(() => pair.b.receive(buffer, { cancellable, timeout: SOON }), "cancelled");
  });

  test("may be given to many operations, one after the other, and its handle does not end them", () => {
    using pair = new UdpPair();
    using cancellable = new Cancellable();
    expect(cancellable.handle.cancellable).toBeInstanceOf(SharedArrayBuffer);
    for (let time = 0; time < 3; time++) {
      throwsKind(() => pair.b.receive(buffer, { cancellable, timeout: 1 }), "timed-out");
      pair.a.send("x", { cancellable });
      expect(pair.b.receive(buffer, { cancellable, timeout: SOON })).toBe(1);
    }
  });
});

describe.each([...waits])("%s", (_, make) => {
  test("does not begin when it was cancelled before, even when it must not wait", () => {
    for (const withWake of [false, true]) {
      using waiting = make();
      using cancellable = new Cancellable();
      if (withWake) void cancellable.handle;
      cancellable.cancel();
      const error = throwsKind(() => waiting.call({ cancellable }), "cancelled");
      expect(error).toMatchObject({ code: "ECANCELED" });
      expect(error.errno).toBeLessThan(0);
      throwsKind(() => waiting.call({ cancellable, timeout: 0 }), "cancelled");
    }
  });

  test("ends when another thread cancels it", async () => {
    using waiting = make();
    using cancellable = new Cancellable();
    const cancelling = thread.cancel(cancellable);
    throwsKind(() => waiting.call({ cancellable }), "cancelled");
    expect(cancellable.cancelled).toBe(true);
    await cancelling;
  });

  test("does not know of another's Cancellable", () => {
    using waiting = make();
    using cancellable = new Cancellable();
    using other = new Cancellable();
    void other.handle;
    other.cancel();
    throwsKind(() => waiting.call({ cancellable, timeout: 2 }), "timed-out");
  });

  test("is closed before it is cancelled, and its options are checked before", () => {
    using waiting = make();
    using cancellable = new Cancellable();
    cancellable.cancel();
    throwsNaming(() => waiting.call({ cancellable, timeout: -1 }), RangeError, "timeout");
    waiting.socket.close();
    throwsKind(() => waiting.call({ cancellable }), "closed");
  });
});

describe("cancelled wins", () => {
  test("over data that is there, and the data stays", () => {
    using pair = new UdpPair();
    using cancellable = new Cancellable();
    pair.a.send("kept");
    pair.b.conditionWait(POLLIN, { timeout: SOON });
    cancellable.cancel();
    const options = { cancellable, timeout: SOON };
    throwsKind(() => pair.b.receive(buffer, options), "cancelled");
    throwsKind(() => pair.b.receiveFrom(buffer, options), "cancelled");
    throwsKind(() => pair.b.receiveBytes(10, options), "cancelled");
    throwsKind(() => pair.b.conditionWait(POLLIN, options), "cancelled");
    throwsKind(() => poll([{ socket: pair.b, condition: POLLIN }], { cancellable }), "cancelled");
    expect(pair.b.conditionCheck(POLLIN)).toBe(POLLIN);
    expect(pair.b.receive(buffer, { timeout: 0 })).toBe(4);
  });

  test("over room to send, and nothing is sent", () => {
    using pair = new UdpPair();
    using cancellable = new Cancellable();
    cancellable.cancel();
    throwsKind(() => pair.a.send("x", { cancellable }), "cancelled");
    throwsKind(() => pair.a.sendTo("x", addressOf(pair.b), { cancellable }), "cancelled");
    throwsKind(() => pair.a.sendAll("x", { cancellable }), "cancelled");
    throwsKind(() => pair.b.receive(buffer, { timeout: 0 }), "would-block");
  });

  test("over a connection that is queued, and over a listener that would take one", () => {
    using listener = tcpListener();
    using client = new Socket(AF_INET, SOCK_STREAM);
    using cancellable = new Cancellable();
    client.connect(addressOf(listener), { timeout: SOON });
    listener.conditionWait(POLLIN, { timeout: SOON });
    cancellable.cancel();
    throwsKind(() => listener.accept({ cancellable }), "cancelled");
    using late = new Socket(AF_INET, SOCK_STREAM);
    throwsKind(() => late.connect(addressOf(listener), { cancellable }), "cancelled");
    expect(late.connected).toBe(false);
    listener.accept({ timeout: 0 }).close();
  });
});

describe("poll over many sockets", () => {
  test("ends when another thread cancels it", async () => {
    using pair = new UdpPair();
    using cancellable = new Cancellable();
    const cancelling = thread.cancel(cancellable);
    const entries = [pair.a, pair.b].map((socket) => ({ socket, condition: POLLIN }));
    throwsKind(() => poll(entries, { cancellable, timeout: SOON }), "cancelled");
    await cancelling;
  });
});

describe("cancelling here", () => {
  test("ends what blocks other threads, however many", async () => {
    await using other = await Thread.start();
    using pair = new UdpPair();
    using cancellable = new Cancellable();
    const waiting = [thread, other].map((blocked, index) => {
      const socket = index === 0 ? pair.a : pair.b;
      return blocked.order({ wait: socket.duplicate().detach(), until: cancellable.handle });
    });
    await Bun.sleep(1); // whether they are blocked by now or not: both must end
    cancellable.cancel();
    for (const ended of await Promise.allSettled(waiting)) {
      expect(ended).toMatchObject({ status: "rejected", reason: { message: expect.stringContaining("cancelled") } });
    }
  });
});

describe("the handle", () => {
  test("can be cloned and posted, and opens the same Cancellable", () => {
    using cancellable = new Cancellable();
    using opened = Cancellable.open(cancellable.handle);
    using again = Cancellable.open(structuredClone(cancellable.handle));
    expect([opened.cancelled, again.cancelled]).toEqual([false, false]);
    opened.cancel();
    expect([cancellable.cancelled, again.cancelled]).toEqual([true, true]);
  });

  test("of one that was cancelled opens as cancelled", () => {
    using pair = new UdpPair();
    using cancellable = new Cancellable();
    cancellable.cancel();
    using opened = Cancellable.open(cancellable.handle);
    expect(opened.cancelled).toBe(true);
    throwsKind(() => pair.a.receive(buffer, { cancellable: opened }), "cancelled");
  });

  test("of anybody else's making is a TypeError", () => {
    const size = new Cancellable();
    const { byteLength } = size.handle.cancellable;
    size[Symbol.dispose]();
    const forged = [
      undefined,
      null,
      5,
      "handle",
      {},
      [],
      new SharedArrayBuffer(byteLength),
      { cancellable: null },
      { cancellable: new ArrayBuffer(byteLength) },
      { cancellable: new Int32Array(new SharedArrayBuffer(byteLength)) },
      { cancellable: new SharedArrayBuffer(byteLength) },
      { cancellable: new SharedArrayBuffer(byteLength + 4) },
      { cancellable: new SharedArrayBuffer(0) },
      new Cancellable(),
    ];
    for (const handle of forged) throwsNaming(() => Cancellable.open(handle), TypeError, "handle");
  });
});

describe.skipIf(!haveProc)("the wake-up descriptor (skipped without /proc)", () => {
  test("is made when the handle is first asked for, once, and closed on dispose", () => {
    const before = openDescriptors().size;
    const many = Array.from({ length: 100 }, () => new Cancellable());
    expect(openDescriptors().size).toBeLessThan(before + 50);
    const [cancellable] = many as [Cancellable];
    const { handle } = cancellable;
    const wake = wakeOf(handle);
    expect(isOpen(wake)).toBe(true);
    expect(wakeOf(cancellable.handle)).toEqual(wake);
    cancellable[Symbol.dispose]();
    expect(isOpen(wake)).toBe(false);
    for (const other of many) other[Symbol.dispose]();
  });

  test("is not closed twice: its number may be somebody else's by then", () => {
    const cancellable = new Cancellable();
    void cancellable.handle;
    cancellable[Symbol.dispose]();
    using other = new Cancellable();
    const next = wakeOf(other.handle); // takes the number that has become free, or not: a thread may have been faster
    cancellable[Symbol.dispose]();
    expect(isOpen(next)).toBe(true);
  });

  test("is closed by the last that holds it, in whatever order", () => {
    const first = new Cancellable();
    const wake = wakeOf(first.handle);
    const others = [Cancellable.open(first.handle), Cancellable.open(first.handle)] as const;
    first[Symbol.dispose]();
    for (const cancellable of [...others, Cancellable.open(others[0].handle)]) {
      expect(isOpen(wake)).toBe(true);
      cancellable[Symbol.dispose]();
    }
    expect(isOpen(wake)).toBe(false);
  });

  test("is closed by the last that holds it, in whatever thread", async () => {
    await using other = await Thread.start();
    const cancellable = new Cancellable();
    const wake = wakeOf(cancellable.handle);
    await thread.order({ hold: cancellable.handle });
    await other.order({ hold: cancellable.handle });
    cancellable[Symbol.dispose]();
    expect(isOpen(wake)).toBe(true);
    await thread.order({ hold: null });
    expect(isOpen(wake)).toBe(true);
    await other.order({ hold: null });
    expect(isOpen(wake)).toBe(false);
  });

  test("is closed when a Cancellable is collected that nobody disposed", async () => {
    const handles = (function forget() {
      return Array.from({ length: 20 }, () => new Cancellable().handle);
    })();
    const open = (): number =>
      handles.filter((handle) => {
        try {
          using _ = Cancellable.open(handle);
          return true;
        } catch {
          return false;
        }
      }).length;
    expect(open()).toBe(20);
    for (let time = 0; time < 200 && open() > 2; time++) {
      Bun.gc(true);
      await Bun.sleep(1);
    }
    expect(open()).toBeLessThanOrEqual(2); // the collector may still see one or two on the stack
  });

  test("is gone when all have disposed: the handle opens no more", async () => {
    const cancellable = new Cancellable();
    const { handle } = cancellable;
    cancellable[Symbol.dispose]();
    expect(throwsKind(() => Cancellable.open(handle), "closed").message).toContain("cancellable");
    throwsKind(() => cancellable.handle, "closed");
    await expect(thread.order({ hold: handle })).rejects.toThrow("closed");
  });
});

describe("after dispose", () => {
  test("it cannot be cancelled any more, and ends nothing", () => {
    using pair = new UdpPair();
    const cancellable = new Cancellable();
    void cancellable.handle;
    cancellable[Symbol.dispose]();
    cancellable.cancel();
    expect(cancellable.cancelled).toBe(false);
    throwsKind(() => pair.a.receive(buffer, { cancellable, timeout: 1 }), "timed-out");
  });

  test("it stays cancelled when it was", () => {
    using pair = new UdpPair();
    const cancellable = new Cancellable();
    cancellable.cancel();
    cancellable[Symbol.dispose]();
    expect(cancellable.cancelled).toBe(true);
    throwsKind(() => pair.a.receive(buffer, { cancellable }), "cancelled");
  });

  test("others that hold it go on", async () => {
    using pair = new UdpPair();
    const cancellable = new Cancellable();
    using opened = Cancellable.open(cancellable.handle);
    cancellable[Symbol.dispose]();
    const cancelling = thread.cancel(opened);
    throwsKind(() => pair.a.receive(buffer, { cancellable: opened, timeout: SOON }), "cancelled");
    await cancelling;
  });
});

describe("onCancel", () => {
  test("calls back before cancel returns, once, in order", () => {
    using cancellable = new Cancellable();
    const calls: number[] = [];
    cancellable.onCancel(() => calls.push(1));
    cancellable.onCancel(() => calls.push(2));
    expect(calls).toEqual([]);
    cancellable.cancel();
    expect(calls).toEqual([1, 2]);
    cancellable.cancel();
    expect(calls).toEqual([1, 2]);
  });

  test("calls back at once when it is cancelled already", () => {
    using cancellable = new Cancellable();
    cancellable.cancel();
    let calls = 0;
    cancellable.onCancel(() => calls++);
    expect(calls).toBe(1);
  });

  test("calls no more what was disposed, and the same callback as often as it was given", () => {
    using cancellable = new Cancellable();
    let calls = 0;
    const callback = (): void => void calls++;
    const first = cancellable.onCancel(callback);
    cancellable.onCancel(callback);
    cancellable.onCancel(callback);
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    cancellable.cancel();
    expect(calls).toBe(2);
  });

  test("reports what a callback throws, and calls the others all the same", () => {
    using cancellable = new Cancellable();
    const reported = spyOn(globalThis, "reportError").mockImplementation(() => {});
    try {
      const error = new Error("of the callback");
      let calls = 0;
      cancellable.onCancel(() => {
        throw error;
      });
      cancellable.onCancel(() => calls++);
      cancellable.cancel();
      expect(calls).toBe(1);
      expect(reported.mock.calls).toEqual([[error]]);
    } finally {
      reported.mockRestore();
    }
  });

  test("may be used in a callback", () => {
    using cancellable = new Cancellable();
    const calls: string[] = [];
    const last = cancellable.onCancel(() => {
      calls.push("first");
      cancellable.onCancel(() => calls.push("inner"));
      cancellable.cancel();
      cancellable[Symbol.dispose]();
      last[Symbol.dispose]();
    });
    cancellable.cancel();
    expect(calls).toEqual(["first", "inner"]);
  });

  test("calls nobody after dispose", () => {
    const cancellable = new Cancellable();
    using opened = Cancellable.open(cancellable.handle);
    let calls = 0;
    cancellable.onCancel(() => calls++);
    cancellable[Symbol.dispose]();
    opened.cancel();
    expect(calls).toBe(0);
  });

  test("of others is called though one that listened too was disposed", async () => {
    const first = new Cancellable();
    using second = Cancellable.open(first.handle);
    using third = Cancellable.open(first.handle);
    const called = [second, third].map(
      (cancellable) => new Promise<void>((resolve) => void cancellable.onCancel(resolve)),
    );
    first.onCancel(() => {
      throw new Error("of one that was disposed");
    });
    first[Symbol.dispose]();
    await Bun.sleep(1);
    const cancelling = thread.order({ cancel: third.handle });
    await Promise.all(called);
    await cancelling;
  });

  test("holds no memory after dispose", async () => {
    const references = (function dispose() {
      return Array.from({ length: 20 }, () => {
        using cancellable = new Cancellable();
        void cancellable.handle;
        cancellable.onCancel(() => {});
        return new WeakRef(cancellable);
      });
    })();
    const alive = (): number => references.filter((reference) => reference.deref() !== undefined).length;
    for (let time = 0; time < 200 && alive() > 2; time++) {
      await Bun.sleep(1);
      Bun.gc(true);
    }
    expect(alive()).toBeLessThanOrEqual(2); // the collector may still see one or two on the stack
  });

  test("takes a function", () => {
    using cancellable = new Cancellable();
    for (const callback of [undefined, null, {}, "function"]) {
      throwsNaming(() => cancellable.onCancel(wrong(callback)), TypeError, "callback");
    }
  });

  test.each([
    [
      "before the handle was asked for",
      (cancellable: Cancellable, callback: () => void) => {
        cancellable.onCancel(callback);
        return cancellable.handle;
      },
    ],
    [
      "after it",
      (cancellable: Cancellable, callback: () => void) => {
        const { handle } = cancellable;
        cancellable.onCancel(callback);
        return handle;
      },
    ],
  ])("given %s, calls back on this event loop when another thread cancels", async (_, prepare) => {
    using cancellable = new Cancellable();
    const { promise, resolve } = Promise.withResolvers<void>();
    let calls = 0;
    const handle: CancellableHandle = prepare(cancellable, () => {
      calls++;
      resolve();
    });
    const done = thread.order({ cancel: handle });
    await promise;
    await done;
    await Bun.sleep(1);
    expect(calls).toBe(1);
    expect(cancellable.cancelled).toBe(true);
    cancellable.cancel();
    expect(calls).toBe(1);
  });

  test("of an opened one calls back too, when the other is cancelled in the same thread: on the event loop", async () => {
    using cancellable = new Cancellable();
    using opened = Cancellable.open(cancellable.handle);
    const { promise, resolve } = Promise.withResolvers<void>();
    opened.onCancel(resolve);
    cancellable.cancel();
    await promise;
  });

  test("is called in time though the thread was blocked when it was cancelled", async () => {
    using pair = new UdpPair();
    using cancellable = new Cancellable();
    const { promise, resolve } = Promise.withResolvers<void>();
    cancellable.onCancel(resolve);
    const cancelling = thread.cancel(cancellable);
    throwsKind(() => pair.a.receive(buffer, { cancellable, timeout: SOON }), "cancelled");
    await promise;
    await cancelling;
  });

  test("that waits does not keep a program alive, nor does its dispose", async () => {
    const { exitCode, elapsed, report, stderr } = await runChild(`
      const cancellable = new Cancellable();
      cancellable.onCancel(() => report("called"));
      void cancellable.handle;
      const disposed = new Cancellable();
      void disposed.handle;
      disposed.onCancel(() => report("called"));
      disposed[Symbol.dispose]();
      report("end");
    `);
    expect({ exitCode, report, stderr }).toEqual({ exitCode: 0, report: "end", stderr: "" });
    expect(elapsed).toBeLessThan(5000);
  });
});

describe("Cancellable.from", () => {
  test("is cancelled when the signal aborts", () => {
    const controller = new AbortController();
    using cancellable = Cancellable.from(controller.signal);
    let calls = 0;
    cancellable.onCancel(() => calls++);
    expect(cancellable.cancelled).toBe(false);
    controller.abort();
    expect(cancellable.cancelled).toBe(true);
    expect(calls).toBe(1);
  });

  test("is cancelled when it was aborted before, and by a timeout", async () => {
    using cancellable = Cancellable.from(AbortSignal.abort());
    expect(cancellable.cancelled).toBe(true);
    using timed = Cancellable.from(AbortSignal.timeout(1));
    await new Promise<void>((resolve) => void timed.onCancel(resolve));
    expect(timed.cancelled).toBe(true);
  });

  test("does not abort the signal, and lets go of it on dispose", () => {
    const controller = new AbortController();
    const cancellable = Cancellable.from(controller.signal);
    const other = Cancellable.from(controller.signal);
    other.cancel();
    expect(controller.signal.aborted).toBe(false);
    cancellable[Symbol.dispose]();
    controller.abort();
    expect(cancellable.cancelled).toBe(false);
    other[Symbol.dispose]();
  });

  test("takes an AbortSignal", () => {
    for (const signal of [undefined, null, {}, new AbortController(), new EventTarget()]) {
      throwsNaming(() => Cancellable.from(wrong(signal)), TypeError, "signal");
    }
  });
});

describe("a Worker that is terminated while it is blocked", () => {
  test("ends at once, and the sockets of the others work", async () => {
    const other = await Thread.start();
    using pair = new UdpPair();
    await other.block(pair.a);
    const start = performance.now();
    await other.terminate();
    expect(performance.now() - start).toBeLessThan(900);
    pair.b.send("x");
    expect(pair.a.receive(buffer, { timeout: SOON })).toBe(1);
    pair.a.send("y");
    expect(pair.b.receive(buffer, { timeout: SOON })).toBe(1);
  });

  const blocked = (ending: string): string => `
    const code = 'import { Socket } from ${moduleOf("src/index.ts").replaceAll("'", "\\'")};' +
      'const [a, b] = Socket.pair(); postMessage("blocked"); a.receive(new Uint8Array(1));';
    const worker = new Worker(URL.createObjectURL(new Blob([code], { type: "application/typescript" })));
    await new Promise((resolve, reject) => { worker.onmessage = resolve; worker.onerror = (event) => reject(event.message); });
    const [a, b] = Socket.pair();
    a.sendAll("x");
    report(b.receive(new Uint8Array(10), { timeout: 1000 }));
    a.close();
    b.close();
    ${ending}
  `;
  test.each([
    ["terminated", "await worker.terminate();"],
    ["unref'd", "worker.unref();"],
    ["left where it is, with process.exit()", "process.exit(0);"],
  ])("or %s, does not keep the program from its end", async (_, ending) => {
    const { exitCode, report, elapsed, stderr, signal } = await runChild(blocked(ending));
    expect({ exitCode, report, signal, stderr }).toEqual({ exitCode: 0, report: 1, signal: null, stderr: "" });
    expect(elapsed).toBeLessThan(5000);
  });
});
