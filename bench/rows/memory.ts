/** What survives a collection after millions of calls: nothing should. */

import { fullGC, heapStats } from "bun:jsc";
import { AF_INET, SOCK_DGRAM, Socket, WOULD_BLOCK } from "../../src/index.ts";
import { makeRound } from "../datagrams/berkeley.ts";
import { nameOf } from "../datagrams/cell.ts";
import type { Observation, Row } from "../harness.ts";
import { LOOPBACK, expectEqual, payload } from "../support.ts";
import { MAIN } from "./datagrams.ts";

/** What the JIT makes lives in the heap too, so a few bytes come and go whatever the calls do. */
const NOISE_BYTES = 65_536;

/** The allocator returns and takes pages when it pleases: KiB that are no growth. */
const NOISE_PAGES = 2048;

const refused = observation("memory: tryReceive that would block", () => {
  const socket = new Socket(AF_INET, SOCK_DGRAM);
  const buffer = payload(64);
  return {
    work(calls) {
      for (let i = 0; i < calls; i++) expectEqual(socket.tryReceive(buffer), WOULD_BLOCK);
    },
    [Symbol.dispose]: () => socket.close(),
  };
});

const carried = observation("memory: trySend and tryReceive of a datagram", () => {
  using resources = new DisposableStack();
  const sender = resources.use(new Socket(AF_INET, SOCK_DGRAM));
  const receiver = resources.use(new Socket(AF_INET, SOCK_DGRAM));
  receiver.bind({ address: LOOPBACK, port: 0 });
  sender.connect(receiver.localAddress!);
  const data = payload(64);
  const buffer = new Uint8Array(64);
  const sockets = resources.move();
  return {
    work(calls) {
      for (let i = 0; i < calls; i += 2) {
        expectEqual(sender.trySend(data), 64);
        expectEqual(receiver.tryReceive(buffer), 64);
      }
    },
    [Symbol.dispose]: () => sockets.dispose(),
  };
});

/** Batches: a call is a datagram here. */
const batched = MAIN.map((cell) =>
  observation(`memory: ${nameOf(cell)}`, () => {
    const resources = new AsyncDisposableStack();
    const { round } = makeRound(cell, resources);
    return {
      work(datagrams) {
        for (let moved = 0; moved < datagrams; moved += cell.batch) round();
      },
      [Symbol.asyncDispose]: () => resources.disposeAsync(),
    };
  }),
);

/** Rows about memory. */
export const memory: readonly Row[] = [refused, carried, ...batched];

interface Worker {
  work(calls: number): void;
}

/** How long to warm up at least: as long as the columns of a race, for until then the JIT takes memory. */
const WARM_UP_MS = 1000;

/** Reads the heap before and after many calls; the warm-up does the same, so that what is made once is made already. */
function observation(name: string, make: () => Worker & (Disposable | AsyncDisposable)): Observation {
  return {
    name,
    async observe(quick) {
      const calls = quick ? 1_000_000 : 10_000_000;
      await using worker = make();
      const end = performance.now() + WARM_UP_MS;
      do worker.work(calls / 10);
      while (performance.now() < end);
      const before = readHeap();
      worker.work(calls);
      const after = readHeap();
      return [
        { name: "calls", value: calls, unit: "" },
        { name: "heap growth", value: after.bytes - before.bytes, unit: "bytes", atMost: NOISE_BYTES },
        { name: "live objects more", value: after.objects - before.objects, unit: "" },
        { name: "resident growth", value: (after.resident - before.resident) / 1024, unit: "KiB", atMost: NOISE_PAGES },
      ];
    },
  };
}

function readHeap(): { bytes: number; objects: number; resident: number } {
  // Twice: what the first releases through finalizers, the second collects.
  fullGC();
  fullGC();
  const { heapSize, objectCount } = heapStats();
  return { bytes: heapSize, objects: objectCount, resident: process.memoryUsage.rss() };
}
