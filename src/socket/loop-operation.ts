// An operation on the event loop: what it is made of, its options, and the loop that tries it until it has ended or would
// block.

import { EAGAIN, EINTR, errnoNumber } from "../../ffi/errno.ts";
import { platform } from "../../ffi/platform/index.ts";
import type { SocketAddress } from "../address/index.ts";
import { duration, int32, show } from "../arguments.ts";
import { failed } from "../errors.ts";
import { Cancellable } from "../wait/cancellable.ts";
import { failedOn } from "./failure.ts";
import type { Handle } from "./handle.ts";

const MSG_DONTWAIT = platform.core.MSG_DONTWAIT ?? 0;
const ENOBUFS = errnoNumber("ENOBUFS");

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
  /** The error where it must not wait; default EAGAIN. */
  refusal?(): Error;
  /** Done before it waits: taking what must not change meanwhile. */
  waits?(): void;
  /** Done whatever the end is. */
  settled?(): void;
  readonly address?: SocketAddress | undefined;
  /** How much was sent so far. */
  readonly bytesWritten?: number | undefined;
  /** Whether the budget counts anew from each progress. */
  readonly restarts?: boolean | undefined;
  /** After a would-block: another descriptor to wait for, until it is readable; what is to be sent comes from there. */
  readonly source?: number | undefined;
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

/** Checks options. */
export function termsOf(handle: Handle, options: AsyncOptions | undefined): AsyncTerms {
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

/** Ends an operation that must not wait. */
export function refuse<Result>(operation: LoopOperation<Result>): Result {
  const error = operation.refusal?.() ?? failed(-EAGAIN, operation);
  operation.settled?.();
  if (operation.fail === undefined) throw error;
  return operation.fail(error);
}

/** How far an operation has come. */
export type Outcome<Result> =
  | { readonly done: true; readonly result: Result }
  | { readonly done: true; readonly error: unknown }
  | { readonly done: false; readonly result: number; readonly progress: boolean };

/** Attempts until the operation has ended or would block. */
export function step<Result>(operation: LoopOperation<Result>, handle: Handle): Outcome<Result> {
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
      } else if (size !== -EINTR) throw failedOn(handle, size, operation);
    }
  } catch (error) {
    return concluded(operation, error);
  }
}

/** What an error makes of an operation. */
export function concluded<Result>(operation: LoopOperation<Result>, error: unknown): Outcome<Result> {
  if (operation.fail === undefined) return { done: true, error };
  try {
    return { done: true, result: operation.fail(error) };
  } catch (thrown) {
    return { done: true, error: thrown };
  }
}
