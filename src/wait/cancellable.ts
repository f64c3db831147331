// Cancellation that reaches a thread blocked in poll(2): a flag in shared memory and a wake-up descriptor.

import { close, makeWake, wake } from "../../ffi/descriptors.ts";
import { show } from "../arguments.ts";
import { cancelled, closed, failed } from "../errors.ts";
import { inspectAs } from "../inspect.ts";

// What the shared memory holds, as 32-bit integers.
const CANCELLED = 0; // 1 once cancelled
const HOLDERS = 1; // how many Cancellables, in all threads, use the wake-up: the last one closes it
const READ_END = 2;
const WRITE_END = 3;
const MARK = 4; // tells our memory from somebody else's
const MARK_VALUE = 0x6265726b; // "berk"
const CELLS = 5;

/** What `postMessage` carries to another Worker. */
export interface CancellableHandle {
  readonly cancellable: SharedArrayBuffer;
}

// Held apart from the Cancellable, so that its collection can give back what it held.
class Hold {
  readonly cells: Int32Array<SharedArrayBuffer>;
  released = false;

  constructor(cells: Int32Array<SharedArrayBuffer>) {
    this.cells = cells;
  }

  release(): void {
    if (this.released) return;
    this.released = true;
    if (Atomics.sub(this.cells, HOLDERS, 1) !== 1) return;
    const readEnd = this.cells[READ_END] as number;
    const writeEnd = this.cells[WRITE_END] as number;
    if (readEnd === -1) return;
    close(readEnd);
    if (writeEnd !== readEnd) close(writeEnd);
  }
}

const collected = new FinalizationRegistry<Hold>((hold) => hold.release());

let wakeEnd: (cancellable: Cancellable) => number;
let flag: (cancellable: Cancellable) => boolean;

/**
 * Ends the operations that it was given to. Cancelling it here ends those of this thread's event loop; cancelling it in
 * another Worker, which has opened it from its `handle`, also ends one that blocks this thread. There is no reset.
 *
 * @example
 * using cancellable = new Cancellable();
 * worker.postMessage(cancellable.handle);                  // there: Cancellable.open(event.data).cancel()
 * socket.receive(buffer, { cancellable });                 // throws kind "cancelled"
 */
export class Cancellable {
  readonly #hold: Hold;
  readonly #callbacks = new Set<() => void>();
  #listening = false;
  #unlink: (() => void) | undefined;

  /** A new one, not cancelled. Its wake-up descriptor is made when `handle` is first asked for. */
  constructor(handle?: CancellableHandle) {
    this.#hold = new Hold(handle === undefined ? newCells() : join(handle));
    collected.register(this, this.#hold, this.#hold);
  }

  static {
    inspectAs(this.prototype, (cancellable) => (cancellable.cancelled ? "cancelled" : "not cancelled"));
    flag = (cancellable) => Atomics.load(cancellable.#hold.cells, CANCELLED) === 1;
    wakeEnd = (cancellable) => (cancellable.#hold.released ? -1 : (cancellable.#hold.cells[READ_END] as number));
  }

  /**
   * The Cancellable behind a handle that another Worker has posted.
   *
   * @throws TypeError when it is no handle
   * @throws SocketError kind "closed" when all that held it are gone
   */
  static open(handle: unknown): Cancellable {
    // without one the constructor would make a new Cancellable, which nobody else could cancel
    if (handle === undefined) throw new TypeError("handle must be the handle of a Cancellable, not undefined");
    return new Cancellable(handle as CancellableHandle);
  }

  /** One that is cancelled when the signal aborts. A thread that blocks sees no signal: use it on the event loop. */
  static from(signal: AbortSignal): Cancellable {
    if (!(signal instanceof AbortSignal)) throw new TypeError(`signal must be an AbortSignal, not ${show(signal)}`);
    const cancellable = new Cancellable();
    if (signal.aborted) {
      cancellable.cancel();
      return cancellable;
    }
    const listener = (): void => cancellable.cancel();
    signal.addEventListener("abort", listener, { once: true });
    cancellable.#unlink = (): void => signal.removeEventListener("abort", listener);
    return cancellable;
  }

  /**
   * What to post to another Worker, which opens it with `Cancellable.open`. Keep this Cancellable until it has.
   *
   * @throws SocketError kind "closed" after dispose, "too-many-open-files"
   */
  get handle(): CancellableHandle {
    const { cells, released } = this.#hold;
    if (released) throw closed("handle", "cancellable");
    if (cells[READ_END] === -1) {
      const { result, readEnd, writeEnd } = makeWake();
      if (result < 0) throw failed(result, { syscall: "eventfd" });
      cells[WRITE_END] = writeEnd;
      cells[READ_END] = readEnd;
      if (this.cancelled) wake(writeEnd); // a wake-up of what is cancelled already is born readable
      if (this.#callbacks.size > 0) this.#listen();
    }
    return { cancellable: cells.buffer };
  }

  /** Whether it was cancelled, by whatever thread. */
  get cancelled(): boolean {
    return Atomics.load(this.#hold.cells, CANCELLED) === 1;
  }

  /** Cancels. Again is nothing; after dispose too. The callbacks of this thread run before it returns. */
  cancel(): void {
    const { cells, released } = this.#hold;
    if (released || Atomics.exchange(cells, CANCELLED, 1) === 1) return;
    Atomics.notify(cells, CANCELLED);
    const writeEnd = cells[WRITE_END] as number;
    if (writeEnd !== -1) wake(writeEnd);
    this.#run();
  }

  /** @throws SocketError kind "cancelled" */
  throwIfCancelled(): void {
    if (this.cancelled) throw cancelled("throwIfCancelled");
  }

  /**
   * Calls back once, when it is cancelled; at once if it is already. From another thread's `cancel` it is called on this
   * one's event loop. What it throws goes to `reportError`. Dispose what is returned to be called no more.
   */
  onCancel(callback: () => void): Disposable {
    if (typeof callback !== "function") throw new TypeError(`callback must be a function, not ${show(callback)}`);
    const once = (): void => callback(); // the same callback may be given twice
    this.#callbacks.add(once);
    if (this.cancelled) this.#run();
    else if (this.#hold.cells[READ_END] !== -1) this.#listen();
    return { [Symbol.dispose]: (): void => void this.#callbacks.delete(once) };
  }

  #run(): void {
    for (const callback of this.#callbacks) {
      this.#callbacks.delete(callback);
      try {
        callback();
      } catch (error) {
        reportError(error);
      }
    }
  }

  #listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    const { async: isAsync, value } = Atomics.waitAsync(this.#hold.cells, CANCELLED, 0);
    if (isAsync) void value.then(() => this.#woken());
    else this.#run();
  }

  // Woken by a cancel, or by the dispose of somebody who listened too.
  #woken(): void {
    this.#listening = false;
    if (this.cancelled) this.#run();
    else if (this.#callbacks.size > 0) this.#listen();
  }

  /** Gives up its share of the wake-up descriptor; the last to do so, in all threads, closes it. */
  [Symbol.dispose](): void {
    this.#unlink?.();
    this.#callbacks.clear();
    if (this.#listening) Atomics.notify(this.#hold.cells, CANCELLED); // a wait that nobody ends holds its memory for good
    collected.unregister(this.#hold);
    this.#hold.release();
  }
}

function newCells(): Int32Array<SharedArrayBuffer> {
  const cells = new Int32Array(new SharedArrayBuffer(CELLS * Int32Array.BYTES_PER_ELEMENT));
  cells.set([0, 1, -1, -1, MARK_VALUE]);
  return cells;
}

function join(handle: unknown): Int32Array<SharedArrayBuffer> {
  const shared =
    typeof handle === "object" && handle !== null && "cancellable" in handle ? handle.cancellable : undefined;
  if (!(shared instanceof SharedArrayBuffer) || shared.byteLength !== CELLS * Int32Array.BYTES_PER_ELEMENT) {
    throw new TypeError(`handle must be the handle of a Cancellable, not ${show(handle)}`);
  }
  const cells = new Int32Array(shared);
  if (cells[MARK] !== MARK_VALUE) throw new TypeError("handle must be the handle of a Cancellable");
  for (;;) {
    const holders = Atomics.load(cells, HOLDERS);
    if (holders <= 0) throw closed("Cancellable.open", "cancellable");
    if (Atomics.compareExchange(cells, HOLDERS, holders, holders + 1) === holders) return cells;
  }
}

/** Whether it was cancelled, without running code of an heir's: for the loops that wait. Internal. */
export function isCancelled(cancellable: Cancellable | undefined): boolean {
  return cancellable !== undefined && flag(cancellable);
}

/** The descriptor that becomes readable when it is cancelled; -1 where no other thread can know of it. Internal. */
export function wakeDescriptor(cancellable: Cancellable): number {
  return wakeEnd(cancellable);
}
