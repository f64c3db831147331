/** What survives a collection after millions of calls: nothing should. */

import { fullGC, heapStats } from "bun:jsc";
import { AF_INET, SOCK_DGRAM, Socket, WOULD_BLOCK } from "../../src/index.ts";
import type { Observation, Row } from "../harness.ts";
import { LOOPBACK, expectEqual, payload } from "../support.ts";

/** What the JIT makes lives in the heap too, so a few bytes come and go whatever the calls do. */
const NOISE_BYTES = 65_536;

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

/** Rows about memory. */
export const memory: readonly Row[] = [refused, carried];

interface Worker extends Disposable {
  work(calls: number): void;
}

/** Reads the heap before and after many calls; the warm-up does the same, so that what is made once is made already. */
function observation(name: string, make: () => Worker): Observation {
  return {
    name,
    async observe(quick) {
      const calls = quick ? 1_000_000 : 10_000_000;
      using worker = make();
      worker.work(calls / 10);
      const before = readHeap();
      worker.work(calls);
      const after = readHeap();
      return [
        { name: "calls", value: calls, unit: "" },
        { name: "heap growth", value: after.bytes - before.bytes, unit: "bytes", atMost: NOISE_BYTES },
        { name: "live objects more", value: after.objects - before.objects, unit: "" },
        { name: "resident growth", value: (after.resident - before.resident) / 1024, unit: "KiB" },
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
