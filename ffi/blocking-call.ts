// Calls of the C library that may block for seconds: made here, or on the thread of a Worker.

import { addressOf } from "./foreign.ts";
import { failure, optional } from "./library.ts";
import { platform } from "./platform/index.ts";

/** A number, or memory that the call reads or fills and that is handed to it by address. */
export type Parameter = number | Uint8Array<ArrayBuffer>;

/** What a call left behind. */
export interface Outcome {
  readonly result: number;
  /** The last error after the call, as a positive number. */
  readonly errno: number;
  /** The memory of the parameters, in their order, as the call left it... */
  readonly memory: readonly Uint8Array<ArrayBuffer>[];
  /** ...and where each piece was when the call was made, which is what addresses inside of it refer to. */
  readonly addresses: readonly number[];
}

/** Makes the call on this thread; undefined where the C library has no such function. */
export function callHere(name: string, parameters: readonly Parameter[]): Outcome | undefined {
  const call = optional(name);
  if (call === undefined) return undefined;
  const memory: Uint8Array<ArrayBuffer>[] = [];
  const addresses: number[] = [];
  const given = parameters.map((parameter) => {
    if (typeof parameter === "number") return parameter;
    const address = addressOf(parameter);
    memory.push(parameter);
    addresses.push(address);
    return address;
  });
  const result = call(...given);
  return { result, errno: -failure(), memory, addresses };
}

/** Whether the C library has this function. */
export function hasCall(name: string): boolean {
  return optional(name) !== undefined;
}

/** What the Worker answers. */
export interface Answer extends Outcome {
  readonly id: number;
}

// The memory is the Worker's own: when the thread that asked is ended in mid-call, the C library goes on writing, and must
// have something to write to. One self-contained text, because a Worker by URL fails in what `bun build --compile` makes.
const program = `
import { dlopen, ptr, read } from "bun:ffi";
function open({ libraries, table }) {
  for (const name of libraries) {
    try { return dlopen(name, table).symbols; } catch {}
  }
}
let calls, lastError;
self.onmessage = ({ data }) => {
  if (data.table !== undefined) {
    calls = open(data);
    const tell = calls[data.lastError.symbol];
    lastError = data.lastError.kind === "cell" ? () => read.i32(tell(), 0) : tell;
    return;
  }
  const memory = [];
  const addresses = [];
  const given = data.parameters.map((parameter) => {
    if (typeof parameter === "number") return parameter;
    const own = new Uint8Array(new ArrayBuffer(parameter.length));
    own.set(parameter);
    memory.push(own);
    return addresses[addresses.push(ptr(own)) - 1];
  });
  const result = calls[data.name](...given);
  postMessage({ id: data.id, result, errno: lastError(), memory, addresses });
};`;

let programUrl: string | undefined; // one for all: it may not be revoked before a Worker has read it

/** A thread that makes calls, one after the other. It does not keep the program alive until it is `ref`'d. */
export class CallingThread {
  readonly #worker: Worker;

  /** Starts it; `answered` is called for each call, `ended` when the thread is no more. */
  constructor(names: readonly string[], answered: (answer: Answer) => void, ended: (reason: string) => void) {
    programUrl ??= URL.createObjectURL(new Blob([program], { type: "application/javascript" }));
    this.#worker = new Worker(programUrl, { smol: true, ref: false } as WorkerOptions);
    this.#worker.onmessage = ({ data }: MessageEvent<Answer>) => answered(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      ended(event.message);
    };
    const { library, lastError } = platform;
    const table = Object.fromEntries(
      names.flatMap((name) => {
        const signature = library.optional[name];
        return signature === undefined || !hasCall(name)
          ? []
          : [[name, { args: signature.args, returns: signature.returns }]];
      }),
    );
    table[lastError.symbol] = { args: [], returns: lastError.kind === "cell" ? "ptr" : "i32" };
    this.#worker.postMessage({ libraries: library.names, table, lastError });
  }

  /** Has a call made. */
  call(id: number, name: string, parameters: readonly Parameter[]): void {
    this.#worker.postMessage({ id, name, parameters });
  }

  /** Whether an unanswered call keeps the program alive. */
  keepAlive(on: boolean): void {
    if (on) this.#worker.ref();
    else this.#worker.unref();
  }

  /** Ends the thread. */
  end(): void {
    this.#worker.terminate();
  }
}
