// What all `...Async` methods have in common: they try at once, wait on the event loop, and end when they are told to.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { dontWait } from "./support/constants.ts";
import { Cancellable, SocketError } from "../src/index.ts";
import { asyncWaits } from "./support/async-waits.ts";
import { openDescriptors } from "./support/descriptors.ts";
import { rejectionOf, rejectsKind, waits } from "./support/loop.ts";
import { SOON } from "./support/sockets.ts";
import { Thread } from "./support/thread.ts";
import { wrong } from "./support/throws.ts";

let thread: Thread;
beforeAll(async () => {
  thread = await Thread.start();
});
afterAll(() => thread.terminate());

describe.each(asyncWaits)("$name", ({ name, make, atOnce }) => {
  // the kernel tries again only after a second
  const slow = name === "connectAsync over TCP";

  test("waits until it can be done", async () => {
    using waiting = make();
    const promise = waiting.call({ timeout: SOON });
    await waits(promise);
    waiting.ready();
    expect(waiting.fits(await promise)).toBe(true);
  });

  test.skipIf(slow)(`ends at once when it can${slow ? " (skipped: takes a second)" : ""}`, async () => {
    using waiting = make();
    waiting.ready();
    expect(waiting.fits(await waiting.call({ timeout: SOON }))).toBe(true);
  });

  test("ignores blocking", async () => {
    using waiting = make();
    waiting.socket.blocking = false;
    const promise = waiting.call();
    await waits(promise);
    waiting.socket.close();
    await rejectsKind(promise, "closed");
  });

  test("times out, by its own timeout or the socket's", async () => {
    using waiting = make();
    for (const options of [{ timeout: 3 }, { timeout: 0.5 }, undefined]) {
      if (options === undefined) waiting.socket.timeout = 3;
      const start = performance.now();
      const error = await rejectsKind(waiting.call(options), "timed-out");
      expect(performance.now() - start).toBeGreaterThanOrEqual(options?.timeout ?? 3);
      expect(error).toMatchObject({ code: "ETIMEDOUT", errno: 0, syscall: "poll" });
      // that TCP connect goes on in the kernel, and a second one would be told so
      if (slow) return;
    }
  });

  test.each([{ timeout: 0 }, dontWait])(`with %j does not wait: ${atOnce}`, async (options) => {
    using waiting = make();
    await rejectsKind(waiting.call(options), atOnce);
  });

  test("with a socket whose timeout is 0 does not wait", async () => {
    using waiting = make();
    waiting.socket.timeout = 0;
    await rejectsKind(waiting.call(), atOnce);
  });

  test("is cancelled by a Cancellable that is cancelled before, though it could be done", async () => {
    using waiting = make();
    using cancellable = new Cancellable();
    cancellable.cancel();
    if (!slow) waiting.ready();
    await rejectsKind(waiting.call({ cancellable }), "cancelled");
  });

  test("is cancelled while it waits", async () => {
    using waiting = make();
    using cancellable = new Cancellable();
    const promise = waiting.call({ cancellable });
    await waits(promise);
    cancellable.cancel();
    expect(await rejectsKind(promise, "cancelled")).toMatchObject({ code: "ECANCELED" });
  });

  test("is cancelled by another thread", async () => {
    using waiting = make();
    using cancellable = new Cancellable();
    const promise = waiting.call({ cancellable });
    const done = thread.order({ cancel: cancellable.handle });
    await rejectsKind(promise, "cancelled");
    await done;
  });

  test("is rejected with the very reason of a signal that has aborted before", async () => {
    using waiting = make();
    if (!slow) waiting.ready();
    for (const reason of [new Error("mine"), "a text", { any: "thing" }]) {
      expect(await rejectionOf(waiting.call({ signal: AbortSignal.abort(reason) }))).toBe(reason);
    }
  });

  test("is rejected with the very reason of a signal that aborts while it waits", async () => {
    using waiting = make();
    const controller = new AbortController();
    const promise = waiting.call({ signal: controller.signal });
    await waits(promise);
    const reason = new Error("mine");
    controller.abort(reason);
    expect(await rejectionOf(promise)).toBe(reason);
  });

  test("is rejected when the signal aborts while its own options are read", async () => {
    using waiting = make();
    const controller = new AbortController();
    const options = {
      get timeout(): number {
        controller.abort("in time");
        return SOON;
      },
      signal: controller.signal,
    };
    expect(await rejectionOf(waiting.call(options))).toBe("in time");
  });

  test("is closed with its socket while it waits", async () => {
    using waiting = make();
    const promise = waiting.call();
    await waits(promise);
    waiting.socket.close();
    expect(await rejectsKind(promise, "closed")).toMatchObject({ code: "ERR_SOCKET_CLOSED" });
  });

  test("is closed when its socket is detached while it waits", async () => {
    using waiting = make();
    const promise = waiting.call();
    await waits(promise);
    const { Socket } = await import("../src/index.ts");
    using _ = Socket.fromFd(waiting.socket.detach());
    await rejectsKind(promise, "closed");
  });

  test("on a closed socket is rejected, and before anything else", async () => {
    using waiting = make();
    waiting.socket.close();
    await rejectsKind(waiting.call({ signal: AbortSignal.abort() }), "closed");
  });

  test("never throws synchronously: wrong options reject", async () => {
    using waiting = make();
    const cases: readonly (readonly [options: unknown, type: ErrorConstructor])[] = [
      [5, TypeError],
      ["text", TypeError],
      [{ timeout: -1 }, RangeError],
      [{ timeout: "1" }, TypeError],
      [{ timeout: Number.NaN }, RangeError],
      [{ cancellable: {} }, TypeError],
      [{ signal: {} }, TypeError],
      [{ flags: "1" }, TypeError],
      [{ flags: 2 ** 40 }, RangeError],
    ];
    for (const [options, type] of cases) {
      // what the table itself makes of options keeps no primitive
      if (typeof options !== "object" && /WAITALL|sendFile/.test(name)) continue;
      if (typeof options === "object" && "flags" in (options as object) && /WAITALL/.test(name)) continue;
      const promise = waiting.call(wrong(options));
      const error = await rejectionOf(promise);
      expect([options, (error as Error).name]).toEqual([options, type.name]);
      expect(error).not.toBeInstanceOf(SocketError);
    }
    const mine = new Error("from a getter");
    const options = {
      get timeout(): number {
        throw mine;
      },
    };
    expect(await rejectionOf(waiting.call(options))).toBe(mine);
    const flags = {
      get flags(): number {
        throw mine;
      },
    };
    expect(await rejectionOf(waiting.call(flags))).toBe(mine);
  });

  test("leaves nothing behind: no listener of a signal, no timer, no descriptor", async () => {
    using waiting = make();
    await waits(); // the reactor is there
    const before = openDescriptors();
    const controller = new AbortController();
    const { signal } = controller;
    let listeners = 0;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listeners++;
      addEventListener.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listeners--;
      removeEventListener.apply(signal, args);
    };
    const promise = waiting.call({ signal, timeout: 5 });
    expect(listeners).toBe(1);
    await rejectsKind(promise, "timed-out");
    expect(listeners).toBe(0);
    const left = [...openDescriptors()].filter(([fd, what]) => before.get(fd) !== what);
    expect(left.filter(([, what]) => !what.includes("/"))).toEqual([]);
  });

  test("with a timeout beyond 2^31 ms goes on waiting", async () => {
    using waiting = make();
    const promise = waiting.call({ timeout: 2 ** 33 });
    await waits(promise);
    waiting.socket.close();
    await rejectsKind(promise, "closed");
  });
});
