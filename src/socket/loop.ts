// A socket on the event loop: who watches it, and the operations that wait for it.

import { integer, show } from "../arguments.ts";
import { atCaller } from "../at-caller.ts";
import { cancelled } from "../errors.ts";
import { bitNames, inspectAs } from "../inspect.ts";
import { currentReactor, Target, type Watcher } from "../reactor/reactor.ts";
import { isCancelled } from "../wait/cancellable.ts";
import { type Handle, open } from "./handle.ts";
import {
  type AsyncOptions,
  type AsyncTerms,
  type Direction,
  type LoopOperation,
  refuse,
  step,
  termsOf,
} from "./loop-operation.ts";
import { Queue, type QueueOwner } from "./loop-queue.ts";

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
  try {
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
      const outcome = step(operation, handle);
      if (outcome.done) {
        operation.settled?.();
        if ("error" in outcome) throw outcome.error;
        return outcome.result;
      }
    }
    if (terms.budget === 0) return refuse(operation);
    return await enqueue(handle, operation, terms);
  } catch (error) {
    throw atCaller(error, onLoop);
  }
}

// Once it is in the queue it is settled there, and only there: what it held may be in other hands by the time we hear of it.
function enqueue<Result>(
  handle: Handle,
  operation: LoopOperation<Result>,
  terms: AsyncTerms,
): Promise<Result> | Result {
  try {
    operation.waits?.();
    const loop = loopOf(handle);
    return (loop.queue(operation.direction) ?? loop.alone()).add(operation, terms);
  } catch (error) {
    operation.settled?.();
    if (operation.fail === undefined) throw error;
    return operation.fail(error); // what was done before is not lost
  }
}

/** What a socket has on the event loop. */
export class Loop implements QueueOwner {
  readonly handle: Handle;
  readonly target: Target;
  readonly #queues: { readonly [K in Exclude<Direction, "alone">]: Queue };
  /** Queues of operations that wait for nobody else's end. */
  readonly #alone = new Set<Queue>();
  readonly #watches = new Set<Watch>();
  #whenIdle: (() => void) | undefined;
  alive: boolean;

  constructor(handle: Handle) {
    this.handle = handle;
    this.target = new Target(currentReactor(), handle.fd);
    this.alive = handle.alive;
    const rests = (): void => this.#rests();
    this.#queues = { read: new Queue(this, rests), write: new Queue(this, rests), error: new Queue(this, rests) };
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
      this.#rests();
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

  /** Does it as soon as nothing waits any more: now, perhaps. */
  whenIdle(action: () => void): void {
    this.#whenIdle = action;
    this.#rests();
  }

  #rests(): void {
    if (this.#whenIdle === undefined || this.busy) return;
    const action = this.#whenIdle;
    this.#whenIdle = undefined;
    action();
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
    const watch = new Watch(watcher, () => {
      this.#watches.delete(watch);
      this.#rests();
    });
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

  static {
    inspectAs(this.prototype, (watch) => {
      const { closed, fd, condition } = watch.#watcher;
      return closed ? "closed" : `fd ${fd}, ${bitNames("POLL", condition)}`;
    });
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
