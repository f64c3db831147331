// Operations that wait for a socket, first in, first out, per direction.

import { close, duplicate } from "../../ffi/descriptors.ts";
import { EAGAIN } from "../../ffi/errno.ts";
import { platform } from "../../ffi/platform/index.ts";
import { cancelled, closed, failed, timedOut } from "../errors.ts";
import { Target, type Watcher } from "../reactor/reactor.ts";
import { isCancelled } from "../wait/cancellable.ts";
import type { Handle } from "./handle.ts";
import { type AsyncTerms, concluded, type LoopOperation, step } from "./loop-operation.ts";

const LONGEST_TIMER = 0x7fff_ffff;

/** What a queue belongs to. */
export interface QueueOwner {
  readonly handle: Handle;
  readonly target: Target;
  /** Whether what waits keeps the program alive. */
  readonly alive: boolean;
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
    const outcome = step(this.operation, this.#queue.handle);
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

/** Waits for a descriptor of the user's: for a duplicate, which is ours to close, and in the set only once. */
class SourceWatch {
  readonly #fd: number;
  readonly #watcher: Watcher;

  constructor({ reactor }: Target, fd: number, alive: boolean, ready: () => void) {
    this.#fd = duplicate(fd);
    if (this.#fd < 0) throw failed(this.#fd, { syscall: "fcntl", address: `fd ${fd}` });
    this.#watcher = new Target(reactor, this.#fd).add(platform.core.POLLIN, alive, ready);
    try {
      this.#watcher.resume();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  set alive(on: boolean) {
    this.#watcher.alive = on;
  }

  close(): void {
    this.#watcher.close();
    close(this.#fd);
  }
}

const ENDED = { ended: true, progress: true, starved: false } as const;

/** The operations of one direction, first in, first out. */
export class Queue {
  readonly #loop: QueueOwner;
  readonly #rests: (() => void) | undefined;
  #waiting: Waiting<unknown>[] = [];
  #watcher: Watcher | undefined;
  #source: SourceWatch | undefined;
  // how often it was ready in vain, and when it has begun to wait for that
  #futile = 0;
  #since = 0;
  #nap: ReturnType<typeof setTimeout> | undefined;

  constructor(loop: QueueOwner, rests?: () => void) {
    this.#loop = loop;
    this.#rests = rests;
  }

  get idle(): boolean {
    return this.#waiting.length === 0;
  }

  get handle(): Handle {
    return this.#loop.handle;
  }

  get alive(): boolean {
    return this.#loop.alive;
  }

  add<Result>(operation: LoopOperation<Result>, terms: AsyncTerms): Promise<Result> {
    const waiting = new Waiting(operation, terms, this);
    this.#waiting.push(waiting as Waiting<unknown>);
    // what is cancelled, or out of time, while it is made has not found itself in the queue
    const { syscall, bytesWritten, address } = operation;
    if (terms.signal?.aborted === true) this.drop(waiting, terms.signal.reason);
    else if (isCancelled(terms.cancellable)) this.drop(waiting, cancelled(syscall, bytesWritten, address));
    else if (this.#waiting.length === 1) this.#watch();
    return waiting.promise;
  }

  #watch(): void {
    const [head] = this.#waiting;
    if (head === undefined) {
      this.#rest();
      return;
    }
    const { condition, source } = head.operation;
    try {
      if (source !== undefined) {
        this.#watchSource(source);
        return;
      }
      this.#watcher ??= this.#loop.target.add(condition, this.#loop.alive, () => this.#ready());
      this.#since = performance.now();
      this.#watcher.resume(condition);
    } catch (error) {
      this.drop(head, error);
    }
  }

  #watchSource(fd: number): void {
    this.#watcher?.pause();
    this.#leaveSource();
    this.#since = performance.now();
    this.#source = new SourceWatch(this.#loop.target, fd, this.#loop.alive, () => this.#ready());
  }

  #leaveSource(): void {
    this.#source?.close();
    this.#source = undefined;
  }

  #ready(): void {
    this.#leaveSource();
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
    this.#leaveSource();
    this.#futile = 0;
    this.#watch();
  }

  /** Tries again at once, after something of which the kernel does not tell. */
  retry(): void {
    if (this.idle) return;
    clearTimeout(this.#nap);
    this.#ready();
  }

  set alive(on: boolean) {
    if (this.#watcher !== undefined) this.#watcher.alive = on;
    if (this.#source !== undefined) this.#source.alive = on;
    for (const waiting of this.#waiting) waiting.alive = on;
    if (on) this.#nap?.ref();
    else this.#nap?.unref();
  }

  /** The socket is closed: so is what waits. */
  end(): void {
    clearTimeout(this.#nap);
    this.#leaveSource();
    this.#watcher?.close();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const one of waiting) one.reject(closed(one.operation.syscall, "socket", one.operation.bytesWritten));
  }
}
