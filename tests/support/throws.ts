// What a call throws, checked and handed out for a closer look.

import { expect } from "bun:test";
import { SocketError, type SocketErrorKind } from "../../src/index.ts";

/** What the call throws; a failure of the test when it does not throw. */
export function thrownBy(action: () => unknown): unknown {
  let returned: unknown;
  try {
    returned = action();
  } catch (error) {
    return error;
  }
  throw new Error(`nothing was thrown, and ${Bun.inspect(returned)} returned`);
}

/** The SocketError that the call throws, which must be of this kind. */
export function throwsKind(action: () => unknown, kind: SocketErrorKind): SocketError {
  const error = thrownBy(action);
  if (!(error instanceof SocketError)) {
    throw new Error(`a SocketError of kind "${kind}" was expected, not ${Bun.inspect(error)}`, { cause: error });
  }
  if (error.kind !== kind) throw new Error(`kind "${kind}" was expected, not "${error.kind}"`, { cause: error });
  return error;
}

/** The TypeError or RangeError that the call throws, whose message must hold the text: the name of the argument. */
export function throwsNaming(action: () => unknown, type: ErrorConstructor, text: string): Error {
  const error = thrownBy(action);
  if (!(error instanceof type)) {
    throw new Error(`a ${type.name} naming ${text} was expected, not ${Bun.inspect(error)}`, { cause: error });
  }
  expect(error.message).toContain(text);
  return error;
}

/** What the types forbid, and JavaScript allows. */
export const wrong = (value: unknown): never => value as never;
