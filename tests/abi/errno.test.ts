// errno is read as memory, right after the call and in the same function: no allocation, no collection and no other thread
// may come in between. Three million failing calls are looked at here, because a wrong one would be rare.

import { describe, expect, test } from "bun:test";
import { close, fcntl, makeWake } from "../../ffi/descriptors.ts";
import { errnoName, errnoNumber } from "../../ffi/errno.ts";
import { required } from "../../ffi/library.ts";
import { storm, type Storm } from "./errno-storm.ts";

const reason = process.platform === "win32" ? " (skipped: Winsock has a call of its own for it)" : "";

/** A thread that runs a storm: `started` when it is at it, `ended` with what it saw. */
function stormInWorker(calls: number): { started: Promise<void>; ended: Promise<Storm> } {
  const worker = new Worker(new URL("errno-storm.ts", import.meta.url).href);
  const started = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<Storm>();
  worker.onmessage = ({ data }: MessageEvent<"started" | Storm>): void => {
    if (data === "started") return started.resolve();
    ended.resolve(data);
    worker.terminate();
  };
  worker.onerror = ({ message }): void => {
    started.reject(new Error(message));
    ended.reject(new Error(message));
  };
  worker.postMessage(calls);
  return { started: started.promise, ended: ended.promise };
}

describe.skipIf(process.platform === "win32")(`errno${reason}`, () => {
  test("is right after each of two million failing calls of a dozen sorts, with memory collected in between", () => {
    const { calls, errnos, wrong } = storm(2_000_000);
    expect(wrong).toEqual([]);
    expect(calls).toBe(2_000_000);
    expect(new Set(errnos.map(errnoNumber)).size).toBeGreaterThanOrEqual(12);
  }, 30_000);

  test("is each thread's own: two threads that fail differently at the same time do not see each other's", async () => {
    const { started, ended } = stormInWorker(500_000);
    await started;
    const here = storm(500_000);
    const there = await ended;
    expect(here.wrong).toEqual([]);
    expect(there.wrong).toEqual([]);
    expect(there.calls).toBe(500_000);
  }, 30_000);

  test("is the last call's: one that succeeded in between leaves no trace", () => {
    const { readEnd } = makeWake();
    expect(fcntl(readEnd, 0x7fff, 0)).toBe(-errnoNumber("EINVAL"));
    expect(close(readEnd)).toBe(0);
    expect(close(readEnd)).toBe(-errnoNumber("EBADF"));
  });

  test("is given as the negative number of a call that tells -1, under the name that errno(3) has for it", () => {
    const result = close(-1);
    expect(errnoName(-result)).toBe("EBADF");
    expect(required("close")(-1)).toBe(-1);
  });
});
