/** What rows share: the bytes that they send, the proof that they arrived, and counting rounds on the event loop. */

import type { Subject } from "./harness.ts";

/** The loopback address that every row uses. */
export const LOOPBACK = "127.0.0.1";

/** `size` bytes that are not all alike. */
export function payload(size: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: size }, (_, index) => index * 7 + 1);
}

/** Throws unless `received` is, byte for byte, what was sent. */
export function expectSame(received: Uint8Array, sent: Uint8Array): void {
  if (Buffer.compare(received, sent) !== 0) throw new Error("received other bytes than were sent");
}

/** Throws unless `actual` is `wanted`; cheap enough for a timed loop. */
export function expectEqual(actual: unknown, wanted: unknown): void {
  if (actual !== wanted) throw new Error(`got ${actual}, not ${wanted}`);
}

/** A subject that lives on callbacks: one promise for a whole run, none for each round. */
export interface Rounds extends Subject {
  /** To be called at the end of each round. */
  next(): void;
  /** To be called on an error: ends the run with it. */
  fail(error: unknown): void;
}

/** Makes a subject of `begin`, which starts one round and leaves the rest to callbacks; `prove` checks the first. */
export function rounds(begin: () => void, prove: () => void): Rounds {
  let left = 0;
  let ended: PromiseWithResolvers<void> | undefined;
  const run = (iterations: number) => {
    left = iterations;
    ended = Promise.withResolvers<void>();
    begin();
    return ended.promise;
  };
  return {
    async check() {
      await run(1);
      prove();
    },
    run,
    next() {
      if (--left > 0) begin();
      else ended?.resolve();
    },
    fail: (error) => ended?.reject(error),
  };
}
