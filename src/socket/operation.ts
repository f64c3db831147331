// The one loop of all operations: try first, then wait, then try again.

import { EAGAIN, EINTR } from "../../ffi/errno.ts";
import type { SocketAddress } from "../address/index.ts";
import { duration, int32, show } from "../arguments.ts";
import { cancelled, timedOut } from "../errors.ts";
import { Cancellable, isCancelled } from "../wait/cancellable.ts";
import { deadlineIn } from "../wait/deadline.ts";
import { CANCELLED, waitFor } from "../wait/wait.ts";
import { platform } from "../../ffi/platform/index.ts";
import { failedOn } from "./failure.ts";
import { type Handle, open } from "./handle.ts";

/** What every operation that may wait takes. */
export interface OperationOptions {
  /** Milliseconds for the whole call, fractions allowed: 0 never waits, Infinity for ever. Default: `socket.timeout`. */
  readonly timeout?: number | undefined;
  /** false is `timeout: 0`. Default: `socket.blocking`. */
  readonly blocking?: boolean | undefined;
  /** Ends the wait when it is cancelled, from another Worker too. */
  readonly cancellable?: Cancellable | undefined;
  /** MSG_*; MSG_DONTWAIT is `timeout: 0`. */
  readonly flags?: number | undefined;
}

const MSG_DONTWAIT = platform.core.MSG_DONTWAIT ?? 0;

/** Options after the checks: what an operation goes by. */
export interface Terms {
  readonly budget: number;
  readonly cancellable: Cancellable | undefined;
  readonly flags: number;
}

/**
 * The gates that every operation passes before its call, in GSocket's order: closed, wrong options, cancelled. Returns
 * undefined for no options, so that the usual call allocates nothing.
 */
export function gate(handle: Handle, syscall: string, options: OperationOptions | undefined): Terms | undefined {
  open(handle, syscall);
  if (options === undefined) return undefined;
  const terms = read(handle, options);
  open(handle, syscall); // a getter of the options may have closed it
  if (isCancelled(terms.cancellable)) throw cancelled(syscall);
  return terms;
}

function read(handle: Handle, options: OperationOptions): Terms {
  if (typeof options !== "object" || options === null)
    throw new TypeError(`options must be an object, not ${show(options)}`);
  const { timeout, blocking, cancellable, flags } = options;
  if ("signal" in options && options.signal !== undefined) {
    throw new TypeError(
      "a call that blocks cannot see a signal: use a Cancellable from a Worker, or the ...Async method",
    );
  }
  if (cancellable !== undefined && !(cancellable instanceof Cancellable)) {
    throw new TypeError(`cancellable must be a Cancellable, not ${show(cancellable)}`);
  }
  if (blocking !== undefined && typeof blocking !== "boolean") {
    throw new TypeError(`blocking must be true or false, not ${show(blocking)}`);
  }
  const bits = flags === undefined ? 0 : int32(flags, "flags");
  if (timeout !== undefined) {
    duration(timeout);
    if (blocking !== undefined && blocking === (timeout === 0)) {
      throw new TypeError(`blocking: ${blocking} and timeout: ${timeout} contradict each other; give one of them`);
    }
  }
  const wanted = timeout ?? ((blocking ?? handle.blocking) ? handle.timeout : 0);
  return { budget: (bits & MSG_DONTWAIT) !== 0 ? 0 : wanted, cancellable, flags: bits };
}

/** How long an operation may wait. */
export function budgetOf(handle: Handle, terms: Terms | undefined): number {
  return terms === undefined ? (handle.blocking ? handle.timeout : 0) : terms.budget;
}

/** An operation under way: made when its first try did not succeed, or when it takes several calls. */
export class Operation {
  readonly handle: Handle;
  readonly syscall: string;
  readonly condition: number;
  readonly address: SocketAddress | undefined;
  readonly #budget: number;
  readonly #cancellable: Cancellable | undefined;
  #deadline: number | undefined;
  #waited = false;
  /** How much was sent so far; undefined for an operation that sends in one call. */
  bytesWritten: number | undefined;

  constructor(
    handle: Handle,
    syscall: string,
    condition: number,
    terms: Terms | undefined,
    address?: SocketAddress,
    bytesWritten?: number,
  ) {
    this.handle = handle;
    this.syscall = syscall;
    this.condition = condition;
    this.address = address;
    this.#budget = budgetOf(handle, terms);
    this.#cancellable = terms?.cancellable;
    this.bytesWritten = bytesWritten;
    if (bytesWritten !== undefined) this.restart(); // one budget for all its calls, from the first on
  }

  /** Gives it its whole budget anew. */
  restart(): void {
    this.#deadline = this.#budget === Infinity ? Infinity : deadlineIn(this.#budget);
    this.#waited = false;
  }

  /**
   * Takes the result of a first try to its end: EINTR is tried again at once, would-block when the socket is ready, all
   * else is thrown.
   */
  settle(result: number, attempt: () => number): number {
    for (let futile = 0; result < 0; result = attempt()) {
      if (result === -EINTR) continue;
      if (result !== -EAGAIN) throw this.error(result);
      // poll(2) may say "ready" at once, again and again, when the call cannot be made: for a unix datagram to a full queue,
      // and as long as something is in the error queue. Then naps of 1 to 20 ms, instead of a whole CPU.
      if (futile > 2) this.pause(Math.min(2 ** (futile - 3), 20), result);
      const before = performance.now();
      this.wait(result);
      futile = performance.now() - before < 1 ? futile + 1 : 0;
    }
    return result;
  }

  /**
   * Waits until the socket, or another descriptor that the operation depends on, is ready; the result is what to fail with
   * where it must not wait.
   */
  wait(result: number, fd: number = this.handle.fd, condition: number = this.condition): number {
    // after a first look "ready" does not count any more once the budget has ended: a peer that drains would extend it
    if (this.#waited && performance.now() >= (this.#deadline as number)) {
      throw timedOut(this.syscall, this.#budget, this.bytesWritten, this.address);
    }
    const ready = this.#sleep(result, fd, condition, Infinity);
    this.#waited = true;
    if (ready === 0) throw timedOut(this.syscall, this.#budget, this.bytesWritten, this.address);
    return ready;
  }

  /** Sleeps a little, for what poll(2) cannot wait for: room in the backlog of a unix listener, or in a full queue. */
  pause(milliseconds: number, result: number): void {
    this.#sleep(result, -1, 0, deadlineIn(milliseconds));
    if (performance.now() >= (this.#deadline as number))
      throw timedOut(this.syscall, this.#budget, this.bytesWritten, this.address);
  }

  #sleep(result: number, fd: number, condition: number, latest: number): number {
    if (this.#budget === 0) throw this.error(result);
    if (this.#deadline === undefined) this.restart();
    const until = Math.min(latest, this.#deadline as number);
    const ready = waitFor(fd, condition, until, this.#cancellable);
    if (ready === CANCELLED) throw cancelled(this.syscall, this.bytesWritten, this.address);
    return ready;
  }

  /** Looks at the Cancellable between two calls that both succeed. */
  checkCancelled(): void {
    if (isCancelled(this.#cancellable)) throw cancelled(this.syscall, this.bytesWritten, this.address);
  }

  /** The error of a result of this operation's call. */
  error(result: number): Error {
    const { syscall, address, bytesWritten } = this;
    return failedOn(this.handle, result, { syscall, address, bytesWritten });
  }
}

/** Takes a first try that failed to its end. Operations call it only then, so that a success allocates nothing. */
export function complete(
  result: number,
  handle: Handle,
  syscall: string,
  condition: number,
  terms: Terms | undefined,
  attempt: () => number,
  address?: SocketAddress,
): number {
  return new Operation(handle, syscall, condition, terms, address).settle(result, attempt);
}

/** The result of a call that must not wait: EINTR is tried again, would-block is -1, all else is thrown. */
export function attemptNow(
  result: number,
  handle: Handle,
  syscall: string,
  attempt: () => number,
  address?: SocketAddress,
): number {
  while (result === -EINTR) result = attempt();
  if (result === -EAGAIN) return WOULD_BLOCK;
  if (result < 0) throw failedOn(handle, result, { syscall, address });
  return result;
}

/** What the `try...` methods return when the socket is not ready. */
export const WOULD_BLOCK = -1;
