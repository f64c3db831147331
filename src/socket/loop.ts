// A socket on the event loop: who watches it, and the operations that wait for it, first in, first out, per direction. The
// one loop of all `...Async` methods is here: try, wait for readiness, try again.

import { EAGAIN, EINTR, errnoNumber } from "../../ffi/errno.ts";
import { platform } from "../../ffi/platform/index.ts";
import type { SocketAddress } from "../address/index.ts";
import { duration, int32, integer, show } from "../arguments.ts";
import { cancelled, closed, failed, timedOut } from "../errors.ts";
import { currentReactor, Target, type Watcher } from "../reactor/reactor.ts";
import { Cancellable, isCancelled } from "../wait/cancellable.ts";
import { type Handle, open } from "./handle.ts";

const MSG_DONTWAIT = platform.core.MSG_DONTWAIT ?? 0;
const ENOBUFS = errnoNumber("ENOBUFS");
const LONGEST_TIMER = 0x7fff_ffff;

/** What every `...Async` method takes. */
export interface AsyncOptions {
  /** Milliseconds for the whole call, fractions allowed: 0 never waits, Infinity for ever. Default: `socket.timeout`. */
  readonly timeout?: number | undefined;
  /** Ends the wait when it is cancelled, from another Worker too. */
  readonly cancellable?: Cancellable | undefined;
  /** MSG_*; MSG_DONTWAIT is `timeout: 0`. */
  readonly flags?: number | undefined;
  /** Ends the wait when it aborts: the promise is rejected with its reason, unchanged. */
  readonly signal?: AbortSignal | undefined;
}

/** Which queue an operation stands in. */
export type Direction = "read" | "write" | "error" | "alone";

/** An operation as the loop sees it. `attempt` makes one call, and its result is the call's or a negative error number. */
export interface LoopOperation<Result> {
  readonly syscall: string;
  readonly direction: Direction;
  /** What to wait for. */
  condition: number;
  attempt(): number;
  /** What the caller gets; asked for right after the attempt that was the last. */
  finish(size: number): Result;
  /** Whether after this result there is more to do; counts what was done. */
  continues?(size: number): boolean;
  /** What an error becomes when something was done before it: a result, or (thrown) the error. */
  fail?(error: unknown): Result;
  /** The result to fail with where it must not wait; default EAGAIN. */
  readonly refusal?: number | undefined;
  /** Done before it waits: taking what must not change meanwhile. */
  waits?(): void;
  /** Done whatever the end is. */
  settled?(): void;
  readonly address?: SocketAddress | undefined;
  /** How much was sent so far. */
  readonly bytesWritten?: number | undefined;
  /** Whether the budget counts anew from each progress. */
  readonly restarts?: boolean | undefined;
  /** Whether a lack of buffers is waited for. */
  readonly patient?: boolean | undefined;
}

/** Options after the checks. */
export interface AsyncTerms {
  readonly budget: number;
  readonly flags: number;
  readonly cancellable: Cancellable | undefined;
  readonly signal: AbortSignal | undefined;
}

function termsOf(handle: Handle, options: AsyncOptions | undefined): AsyncTerms {
  if (options === undefined) return { budget: handle.timeout, flags: 0, cancellable: undefined, signal: undefined };
  if (typeof options !== "object" || options === null)
    throw new TypeError(`options must be an object, not ${show(options)}`);
  const { timeout, cancellable, flags, signal } = options;
  if (cancellable !== undefined && !(cancellable instanceof Cancellable))
    throw new TypeError(`cancellable must be a Cancellable, not ${show(cancellable)}`);
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw new TypeError(`signal must be an AbortSignal, not ${show(signal)}`);
  const bits = flags === undefined ? 0 : int32(flags, "flags");
  const wanted = timeout === undefined ? handle.timeout : duration(timeout);
  return { budget: (bits & MSG_DONTWAIT) === 0 ? wanted : 0, flags: bits, cancellable, signal };
}

/**
 * Runs an operation on the event loop. Tries at once, if nobody stands in the queue before it. Never throws: what `prepare`
 * throws, wrong arguments, rejects as well.
 */
export async function onLoop<Result>(
  handle: Handle,
  syscall: string,
  options: AsyncOptions | undefined,
  prepare: (terms: AsyncTerms) => LoopOperation<Result>,
): Promise<Result> {
  open(handle, syscall);
  const terms = termsOf(handle, options);
  if (terms.signal?.aborted === true) throw terms.signal.reason;
  if (isCancelled(terms.cancellable)) throw cancelled(syscall);
  const operation = prepare(terms);
  try {
    open(handle, syscall); // a getter of the user's may have closed it
  } catch (error) {
    operation.settled?.();
    throw error;
  }
  const queue = handle.loop?.queue(operation.direction);
  if (queue === undefined || queue.idle) {
    const outcome = step(operation);
    if (outcome.done) {
      operation.settled?.();
      if ("error" in outcome) throw outcome.error;
      return outcome.result;
    }
  }
  if (terms.budget === 0) return refuse(operation, failed(operation.refusal ?? -EAGAIN, operation));
  try {
    operation.waits?.();
    const loop = loopOf(handle);
    return await (loop.queue(operation.direction) ?? loop.alone()).add(operation, terms);
  } catch (error) {
    operation.settled?.();
    throw error;
  }
}

function refuse<Result>(operation: LoopOperation<Result>, error: Error): Result {
  operation.settled?.();
  if (operation.fail === undefined) throw error;
  return operation.fail(error);
}

type Outcome<Result> =
  | { readonly done: true; readonly result: Result }
  | { readonly done: true; readonly error: unknown }
  | { readonly done: false; readonly result: number; readonly progress: boolean };

// Attempts until the operation has ended or would block.
function step<Result>(operation: LoopOperation<Result>): Outcome<Result> {
  let progress = false;
  try {
    for (;;) {
      const size = operation.attempt();
      if (size >= 0) {
        if (operation.continues === undefined || !operation.continues(size)) {
          return { done: true, result: operation.finish(size) };
        }
        progress = true;
      } else if (size === -EAGAIN || (operation.patient === true && size === -ENOBUFS)) {
        return { done: false, result: size, progress };
      } else if (size !== -EINTR) throw failed(size, operation);
    }
  } catch (error) {
    return concluded(operation, error);
  }
}

function concluded<Result>(operation: LoopOperation<Result>, error: unknown): Outcome<Result> {
  if (operation.fail === undefined) return { done: true, error };
  try {
    return { done: true, result: operation.fail(error) };
  } catch (thrown) {
    return { done: true, error: thrown };
  }
}

/** An operation that waits. */
class Waiting<Result> {
  readonly operation: LoopOperation<Result>;
  readonly #terms: AsyncTerms;
  readonly #queue: Queue;
  readonly #settle: PromiseWithResolvers<Result> = Promise.withResolvers<Result>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #deadline = Infinity;
  #cancellation: Disposable | undefined;
  #abort: (() => void) | undefined;

  constructor(operation: LoopOperation<Result>, terms: AsyncTerms, queue: Queue) {
    this.operation = operation;
    this.#terms = terms;
    this.#queue = queue;
    const { signal, cancellable } = terms;
    if (signal !== undefined) {
      this.#abort = (): void => this.#queue.drop(this, signal.reason);
      signal.addEventListener("abort", this.#abort, { once: true });
    }
    const { syscall, bytesWritten, address } = operation;
    this.#cancellation = cancellable?.onCancel(() => queue.drop(this, cancelled(syscall, bytesWritten, address)));
    this.restart();
  }

  get promise(): Promise<Result> {
    return this.#settle.promise;
  }

  /** Gives it its whole budget anew. */
  restart(): void {
    if (this.#terms.budget === Infinity) return;
    this.#deadline = performance.now() + this.#terms.budget;
    clearTimeout(this.#timer);
    this.#arm(this.#terms.budget);
  }

  // Timers count in whole milliseconds, and to 2^31 of them.
  #arm(milliseconds: number): void {
    this.#timer = setTimeout(
      () => {
        const left = this.#deadline - performance.now();
        if (left <= 0) this.#expire();
        else this.#arm(left);
      },
      Math.min(Math.ceil(milliseconds), LONGEST_TIMER),
    );
    if (!this.#queue.alive) this.#timer.unref();
  }

  #expire(): void {
    const { syscall, bytesWritten, address } = this.operation;
    this.#queue.drop(this, timedOut(syscall, this.#terms.budget, bytesWritten, address));
  }

  /** Whether it keeps the program alive while it waits. */
  set alive(on: boolean) {
    if (on) this.#timer?.ref();
    else this.#timer?.unref();
  }

  /** Tries: whether it has ended. */
  step(): { readonly ended: boolean; readonly progress: boolean; readonly starved: boolean } {
    const outcome = step(this.operation);
    if (!outcome.done) {
      if (outcome.progress && this.operation.restarts === true) this.restart();
      return { ended: false, progress: outcome.progress, starved: outcome.result !== -EAGAIN };
    }
    this.#end();
    if ("error" in outcome) this.#settle.reject(outcome.error);
    else this.#settle.resolve(outcome.result);
    return ENDED;
  }

  /** Ends it with an error. */
  reject(error: unknown): void {
    this.#end();
    const outcome = concluded(this.operation, error);
    if (!outcome.done) return;
    if ("error" in outcome) this.#settle.reject(outcome.error);
    else this.#settle.resolve(outcome.result);
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#cancellation?.[Symbol.dispose]();
    if (this.#abort !== undefined) this.#terms.signal?.removeEventListener("abort", this.#abort);
    this.operation.settled?.();
  }
}

const ENDED = { ended: true, progress: true, starved: false } as const;

/** The operations of one direction, first in, first out. */
class Queue {
  readonly #loop: Loop;
  readonly #rests: (() => void) | undefined;
  #waiting: Waiting<unknown>[] = [];
  #watcher: Watcher | undefined;
  // how often it was ready in vain, and when it has begun to wait for that
  #futile = 0;
  #since = 0;
  #nap: ReturnType<typeof setTimeout> | undefined;

  constructor(loop: Loop, rests?: () => void) {
    this.#loop = loop;
    this.#rests = rests;
  }

  get idle(): boolean {
    return this.#waiting.length === 0;
  }

  get alive(): boolean {
    return this.#loop.alive;
  }

  add<Result>(operation: LoopOperation<Result>, terms: AsyncTerms): Promise<Result> {
    const waiting = new Waiting(operation, terms, this);
    this.#waiting.push(waiting as Waiting<unknown>);
    // what is cancelled, or out of time, while it is made has not found itself in the queue
    if (isCancelled(terms.cancellable)) this.drop(waiting, cancelled(operation.syscall, operation.bytesWritten));
    else if (this.#waiting.length === 1) this.#watch();
    return waiting.promise;
  }

  #watch(): void {
    const [head] = this.#waiting;
    if (head === undefined) {
      this.#rest();
      return;
    }
    const { condition } = head.operation;
    try {
      this.#watcher ??= this.#loop.target.add(condition, this.#loop.alive, () => this.#ready());
      this.#since = performance.now();
      this.#watcher.resume(condition);
    } catch (error) {
      this.drop(head, error);
    }
  }

  #ready(): void {
    const { progress, starved } = this.#run();
    if (this.idle) {
      this.#rest();
      return;
    }
    // As in a call that waits: "ready" may come at once, again and again, when the call cannot be made (operation.ts, settle).
    const futile = !progress && (starved || performance.now() - this.#since < 1);
    this.#futile = futile ? this.#futile + 1 : 0;
    if (starved || this.#futile > 2) this.#sleep();
    else this.#watch();
  }

  // What the kernel was told stays for the next operation, which mostly comes soon.
  #rest(): void {
    this.#futile = 0;
    this.#watcher?.pause();
    this.#rests?.();
  }

  #sleep(): void {
    this.#watcher?.pause();
    clearTimeout(this.#nap);
    this.#nap = setTimeout(() => this.#awake(), Math.min(2 ** Math.max(this.#futile - 3, 0), 20));
    if (!this.#loop.alive) this.#nap.unref();
  }

  #awake(): void {
    const { starved } = this.#run();
    if (!starved) this.#watch();
    else {
      this.#futile++;
      this.#sleep();
    }
  }

  #run(): { readonly progress: boolean; readonly starved: boolean } {
    let progress = false;
    for (let head = this.#waiting[0]; head !== undefined; head = this.#waiting[0]) {
      const outcome = head.step();
      progress ||= outcome.progress;
      if (!outcome.ended) return { progress, starved: outcome.starved };
      if (this.#waiting[0] === head) this.#waiting.shift();
    }
    return { progress, starved: false };
  }

  /** Ends one before its time. */
  drop<Result>(waiting: Waiting<Result>, error: unknown): void {
    const index = this.#waiting.indexOf(waiting as Waiting<unknown>);
    if (index === -1) return;
    this.#waiting.splice(index, 1);
    waiting.reject(error);
    if (index === 0) this.#restart();
  }

  #restart(): void {
    clearTimeout(this.#nap);
    this.#futile = 0;
    this.#watch();
  }

  set alive(on: boolean) {
    if (this.#watcher !== undefined) this.#watcher.alive = on;
    for (const waiting of this.#waiting) waiting.alive = on;
    if (on) this.#nap?.ref();
    else this.#nap?.unref();
  }

  /** The socket is closed: so is what waits. */
  end(): void {
    clearTimeout(this.#nap);
    this.#watcher?.close();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const one of waiting) one.reject(closed(one.operation.syscall));
  }
}

/** What a socket has on the event loop. */
export class Loop {
  readonly target: Target;
  readonly #queues: { readonly [K in Exclude<Direction, "alone">]: Queue };
  /** Queues of operations that wait for nobody else's end. */
  readonly #alone = new Set<Queue>();
  readonly #watches = new Set<Watch>();
  alive: boolean;

  constructor(handle: Handle) {
    this.target = new Target(currentReactor(), handle.fd);
    this.alive = handle.alive;
    this.#queues = { read: new Queue(this), write: new Queue(this), error: new Queue(this) };
  }

  /** The queue of a direction; those who stand alone have none. */
  queue(direction: Direction): Queue | undefined {
    return direction === "alone" ? undefined : this.#queues[direction];
  }

  /** A queue for one operation. */
  alone(): Queue {
    const queue = new Queue(this, () => {
      this.#alone.delete(queue);
      queue.end();
    });
    this.#alone.add(queue);
    return queue;
  }

  get #all(): readonly Queue[] {
    return [...Object.values(this.#queues), ...this.#alone];
  }

  /** Whether operations wait on it. */
  get busy(): boolean {
    return this.#watches.size > 0 || this.#all.some((queue) => !queue.idle);
  }

  /** Whether what waits on the socket keeps the program alive. */
  setAlive(on: boolean): void {
    this.alive = on;
    for (const queue of this.#all) queue.alive = on;
    for (const watch of this.#watches) {
      if (on) watch.ref();
      else watch.unref();
    }
  }

  watch(condition: number, callback: (ready: number) => void): Watch {
    const watcher = this.target.add(condition, this.alive, callback);
    try {
      watcher.resume();
    } catch (error) {
      watcher.close();
      throw error;
    }
    const watch = new Watch(watcher, () => this.#watches.delete(watch));
    this.#watches.add(watch);
    return watch;
  }

  /** The descriptor is about to be closed or given away; what waits is told once the socket is closed. */
  detach(): () => void {
    const queues = this.#all;
    this.target.end();
    this.#watches.clear();
    return () => {
      for (const queue of queues) queue.end();
    };
  }
}

/** A watch on a socket, until `close()`. While it is there it keeps the program alive, unless `unref()`. */
export class Watch {
  readonly #watcher: Watcher;
  readonly #forget: () => void;

  /** Made by `socket.watch`. */
  constructor(watcher: Watcher, forget: () => void) {
    this.#watcher = watcher;
    this.#forget = forget;
  }

  /** Ends it: the callback is not called any more. Again is nothing. */
  close(): void {
    this.#watcher.close();
    this.#forget();
  }

  /** Lets it keep the program alive, as it does at first. */
  ref(): this {
    this.#watcher.alive = true;
    return this;
  }

  /** Lets the program end although it is there. */
  unref(): this {
    this.#watcher.alive = false;
    return this;
  }

  /** The same as `close`, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }
}

function loopOf(handle: Handle): Loop {
  handle.loop ??= new Loop(handle);
  return handle.loop;
}

/** `poll(2)` on the event loop: calls back as long as the socket is ready, until it is closed. */
export function watch(handle: Handle, condition: unknown, callback: unknown): Watch {
  open(handle, "watch");
  const bits = integer(condition, "condition (POLLIN, POLLOUT, POLLPRI)", 0, 0xffff);
  if (typeof callback !== "function") throw new TypeError(`callback must be a function, not ${show(callback)}`);
  return loopOf(handle).watch(bits, callback as (ready: number) => void);
}

/** Whether what waits on the socket keeps the program alive. */
export function setAlive(handle: Handle, on: boolean): void {
  handle.alive = on;
  handle.loop?.setAlive(on);
}
