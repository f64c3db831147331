// Whatever may end what a promise waits for, as one signal.

import { duration, record, show } from "../arguments.ts";
import { cancelled, timedOut } from "../errors.ts";
import { Cancellable } from "./cancellable.ts";

/** What ends a wait that is no socket's. */
export interface EndOptions {
  /** Milliseconds for everything. Default: no end. */
  readonly timeout?: number | undefined;
  /** Ends it: rejected with its reason, unchanged. */
  readonly signal?: AbortSignal | undefined;
  /** Ends it: kind "cancelled". */
  readonly cancellable?: Cancellable | undefined;
}

/** One signal for a timeout, a Cancellable and the caller's own signal; nothing of it is left behind once it is disposed. */
export class End implements Disposable {
  readonly #controller = new AbortController();
  readonly #stack = new DisposableStack();

  /**
   * Checks the options; what has ended already is thrown. `syscall` and `target` are for the errors.
   *
   * @throws TypeError, RangeError, what the signal aborts with, SocketError kind "cancelled"
   */
  constructor(options: EndOptions, syscall: string, target: string) {
    const { timeout, signal, cancellable } = record(options, "options");
    if (signal !== undefined && !(signal instanceof AbortSignal))
      throw new TypeError(`signal must be an AbortSignal, not ${show(signal)}`);
    if (cancellable !== undefined && !(cancellable instanceof Cancellable))
      throw new TypeError(`cancellable must be a Cancellable, not ${show(cancellable)}`);
    const budget = timeout === undefined ? Infinity : duration(timeout);
    signal?.throwIfAborted();
    if (signal !== undefined) {
      const abort = (): void => this.#controller.abort(signal.reason);
      signal.addEventListener("abort", abort, { once: true });
      this.#stack.defer(() => signal.removeEventListener("abort", abort));
    }
    if (cancellable !== undefined) {
      this.#stack.use(cancellable.onCancel(() => this.#controller.abort(cancelled(syscall, undefined, target))));
    }
    if (budget < Infinity) {
      const late = (): void => this.#controller.abort(timedOut(syscall, budget, undefined, target));
      const timer = setTimeout(late, Math.min(Math.ceil(budget), 0x7fff_ffff));
      this.#stack.defer(() => clearTimeout(timer));
    }
    if (this.signal.aborted) this.#stack.dispose();
    this.signal.throwIfAborted();
  }

  /** Aborts with what the promise is to be rejected with. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The result of some work that cannot be ended: it is not waited for any more. */
  orEnded<Result>(work: Promise<Result>): Promise<Result> {
    const { signal } = this;
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    const abort = (): void => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
    return promise;
  }

  /** Lets go of the timer, the signal and the Cancellable. */
  [Symbol.dispose](): void {
    this.#stack.dispose();
  }
}
