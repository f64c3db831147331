// A wake-up for a set without a descriptor of its own: a Worker that blocks in poll(2) or WSAPoll over a copy of the set, which it
// takes from shared memory. Its program is one self-contained text, because a Worker by URL fails in what `bun build --compile`
// makes.

import { platform } from "./platform/index.ts";

// What the shared memory begins with, as 32-bit integers; the copy of the set comes after it.
const ROUND = 0; // counts the orders to wait
const LOCK = 1; // 1 while somebody reads or writes the copy
const COUNT = 2; // how many entries it has, that of the interruption first
const NAP = 3; // milliseconds for which only the interruption counts
const RETIRED = 4; // 1: there is other memory now
const CELLS = 8;

// poll waits for at most a second at a time: a thread stays in the kernel until its call returns. What is ready is not told, only
// that something is: the thread of the set looks itself.
const program = `
import { dlopen } from "bun:ffi";
function open({ libraries, poll, recv }) {
  const table = { [poll.name]: poll, [recv.name]: recv };
  for (const name of libraries) {
    try {
      const { symbols } = dlopen(name, table);
      return { poll: symbols[poll.name], recv: symbols[recv.name] };
    } catch {}
  }
}
let calls, stride, at, interruption;
const drained = new Uint8Array(new ArrayBuffer(64));
let own = new Uint8Array(new ArrayBuffer(1024));
function run(memory, seen) {
  const cells = new Int32Array(memory, 0, ${CELLS});
  const entries = new Uint8Array(memory, ${CELLS * 4});
  for (;;) {
    Atomics.wait(cells, ${ROUND}, seen);
    if (Atomics.load(cells, ${RETIRED}) === 1) return;
    while (Atomics.compareExchange(cells, ${LOCK}, 0, 1) !== 0);
    seen = cells[${ROUND}];
    const count = cells[${COUNT}];
    let nap = cells[${NAP}];
    if (count * stride > own.length) own = new Uint8Array(new ArrayBuffer(2 * count * stride));
    own.set(entries.subarray(0, count * stride));
    Atomics.store(cells, ${LOCK}, 0);
    const bits = new DataView(own.buffer);
    while (Atomics.load(cells, ${ROUND}) === seen) {
      const ready = nap > 0 ? calls.poll(own, 1, nap) : calls.poll(own, count, 1000);
      const slept = nap > 0;
      nap = 0;
      if (ready < 0) Atomics.wait(cells, ${ROUND}, seen, 1);
      if (ready <= 0) continue;
      const interrupted = bits.getUint16(at, true) !== 0;
      if (interrupted) calls.recv(interruption, drained, drained, 0);
      if (slept || (interrupted && ready === 1)) continue;
      postMessage(seen);
      break;
    }
  }
}
self.onmessage = ({ data }) => {
  if (data.libraries !== undefined) {
    calls = open(data);
    ({ stride, at, interruption } = data);
  }
  run(data.memory, data.seen);
};`;

interface Symbol {
  readonly name: string;
  readonly args: readonly string[];
  readonly returns: string;
}

function symbol(name: string): Symbol {
  const { symbol: own = name, args, returns } = platform.library.required[name] ?? { args: [], returns: "void" };
  return { name: own, args, returns };
}

/** The Worker, and the memory that it shares with us. */
export class PollWake {
  readonly #worker: Worker;
  #memory: SharedArrayBuffer;
  #cells: Int32Array<SharedArrayBuffer>;
  #round = 0;
  #answered = 0;

  /** `interruption`: a socket of which it reads, so that it can be told of changes; `woken` is called in this thread. */
  constructor(interruption: number, woken: () => void) {
    const url = URL.createObjectURL(new Blob([program], { type: "application/javascript" }));
    this.#worker = new Worker(url, { smol: true, ref: false } as WorkerOptions);
    this.#memory = allocate(1024);
    this.#cells = new Int32Array(this.#memory, 0, CELLS);
    this.#worker.onmessage = ({ data }: MessageEvent<number>): void => {
      this.#answered = data;
      woken();
    };
    const { pollfd } = platform.structs;
    this.#worker.postMessage({
      ...{ libraries: platform.library.names, poll: symbol("poll"), recv: symbol("recv"), interruption },
      ...{ stride: pollfd.size, at: pollfd.fields.revents[0], memory: this.#memory, seen: 0 },
    });
  }

  /** Whether it waits for an order that was given before: then it has to be interrupted. */
  get waits(): boolean {
    return this.#answered !== this.#round;
  }

  /** Whether being asleep keeps the program alive. */
  keepAlive(on: boolean): void {
    if (on) this.#worker.ref();
    else this.#worker.unref();
  }

  /** Has it wait, once, for a set, after a pause in which only an interruption counts. */
  order(set: Uint8Array, nap: number): void {
    if (CELLS * 4 + set.length > this.#memory.byteLength) this.#grow(set.length * 2);
    const cells = this.#cells;
    while (Atomics.compareExchange(cells, LOCK, 0, 1) !== 0); // it holds the lock for a copy, no longer
    new Uint8Array(this.#memory, CELLS * 4).set(set);
    cells[COUNT] = set.length / platform.structs.pollfd.size;
    cells[NAP] = nap;
    this.#round = (this.#round + 1) | 0;
    cells[ROUND] = this.#round;
    Atomics.store(cells, LOCK, 0);
    Atomics.notify(cells, ROUND);
  }

  #grow(size: number): void {
    const [before, seen] = [this.#cells, this.#round];
    this.#memory = allocate(size);
    this.#cells = new Int32Array(this.#memory, 0, CELLS);
    this.#cells[ROUND] = seen;
    Atomics.store(before, RETIRED, 1);
    Atomics.store(before, ROUND, (seen + 1) | 0);
    Atomics.notify(before, ROUND);
    this.#worker.postMessage({ memory: this.#memory, seen });
  }
}

function allocate(size: number): SharedArrayBuffer {
  return new SharedArrayBuffer(CELLS * 4 + size);
}
