// Stacks of what rejects a promise: those who await it, not the event loop that has found out, which says nothing to anybody.

import { SocketError } from "./errors.ts";

/**
 * The same error, with the stack of those who await it, if it is a SocketError. For the `catch` of an async function, which is `below`:
 * the stack begins with its caller. Where nobody awaits there is no such stack, and the error keeps its own.
 */
export function atCaller(error: unknown, below: (...parameters: never[]) => unknown): unknown {
  if (!(error instanceof SocketError)) return error;
  const { stack } = error;
  Error.captureStackTrace(error, below);
  if (stack !== undefined && !/\n +at /.test(error.stack ?? "")) error.stack = stack;
  return error;
}

/** A promise of some work; what rejects it has the stack of those who await it. For work that is dear enough for one promise more. */
export async function forCaller<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw atCaller(error, forCaller);
  }
}
