// A wake-up by a thread of its own, for systems without io_uring: a Worker that blocks in poll(2). Its program is one
// self-contained text, because a Worker by URL fails in what `bun build --compile` makes.

import { platform } from "./platform/index.ts";

/** What the Worker is told when it starts: names of the C library to try, and the descriptors. */
export interface WorkerWakeOrders {
  readonly libraries: readonly string[];
  /** Becomes readable when something is ready. */
  readonly polled: number;
  /** One byte read from here is one order to poll; blocking. */
  readonly orders: number;
  /** Gets one byte for each order, when `polled` is readable. */
  readonly told: number;
}

// poll(2) here waits for at most a second at a time: a thread stays in the kernel until its call returns. Each pollfd is
// { int fd; short events, revents } on all systems. An order that can be read no more is the end.
const program = `
import { dlopen } from "bun:ffi";
function open(names) {
  for (const name of names) {
    try {
      return dlopen(name, {
        poll: { args: ["buffer", "u64", "i32"], returns: "i32" },
        read: { args: ["i32", "buffer", "u64"], returns: "i64_fast" },
        write: { args: ["i32", "buffer", "u64"], returns: "i64_fast" },
      }).symbols;
    } catch {}
  }
}
self.onmessage = ({ data: { libraries, polled, orders, told } }) => {
  const { poll, read, write } = open(libraries);
  const byte = new Uint8Array(new ArrayBuffer(8));
  const fds = new Int32Array(new ArrayBuffer(16));
  const wait = (fd) => {
    fds[0] = fd;
    fds[1] = ${platform.core.POLLIN};
    while (poll(fds, 1, 1000) <= 0);
  };
  for (;;) {
    wait(orders);
    if (read(orders, byte, 1) !== 1) return;
    wait(polled);
    write(told, byte, 1);
  }
};`;

/** Starts the Worker, which does not keep the program alive. */
export function startWorkerWake(polled: number, orders: number, told: number): Worker {
  const url = URL.createObjectURL(new Blob([program], { type: "application/javascript" }));
  const worker = new Worker(url, { smol: true, ref: false } as WorkerOptions);
  worker.postMessage({ libraries: platform.library.names, polled, orders, told } satisfies WorkerWakeOrders);
  return worker;
}
