// What the tables of options are written with: each row says what an option is set to, on what, and what the kernel then says.

import { expect } from "bun:test";
import type { Option, ReadableOption, WritableOption } from "../../../src/options.ts";
import type { Socket, SocketErrorKind } from "../../../src/index.ts";
import type { Capability, Place } from "../option-places.ts";
import { throwsKind } from "../throws.ts";

/** One option on some kinds of sockets. */
export interface Row {
  readonly option: ReadableOption<unknown> | WritableOption<never>;
  readonly on: readonly Place[];
  run(socket: Socket): void;
  readonly needs?: Capability | undefined;
  /** The version of Linux that brought it, where that is not old. */
  readonly since?: string | undefined;
  /** What the kernel must have been built or set up with. */
  readonly config?: string | undefined;
}

/** When a row can be tried. */
export type Details = Pick<Row, "needs" | "since" | "config">;

/** Set to true and false, and read back. */
export function flips(what: Option<boolean>, on: readonly Place[], details: Details = {}): Row {
  return takes(what, [true, false], on, details);
}

/** Set to each value, and read back as it was set. */
export function takes<Value>(
  what: Option<Value, Value>,
  values: readonly Value[],
  on: readonly Place[],
  details?: Details,
): Row {
  return becomes(
    what,
    values.map((value) => [value, value] as const),
    on,
    details,
  );
}

/** Set to each first value, and read back as the second. */
export function becomes<Get, Set>(
  what: Option<Get, Set>,
  pairs: readonly (readonly [set: Set, get: Get])[],
  on: readonly Place[],
  details: Details = {},
): Row {
  return does(what, on, details, (socket) => {
    for (const [set, get] of pairs) {
      socket.setOption(what, set);
      expect(socket.getOption(what)).toEqual(get);
    }
  });
}

/** Read. */
export function tells<Get>(
  what: ReadableOption<Get>,
  on: readonly Place[],
  check: (value: Get, socket: Socket) => void,
  details: Details = {},
): Row {
  return does(what, on, details, (socket) => check(socket.getOption(what), socket));
}

/** Set; it cannot be read, or what is read says nothing. */
export function accepts<Set>(
  what: WritableOption<Set>,
  values: readonly Set[],
  on: readonly Place[],
  details: Details = {},
): Row {
  return does(what, on, details, (socket) => {
    for (const value of values) socket.setOption(what, value);
  });
}

/** Anything else. */
export function does(what: Row["option"], on: readonly Place[], details: Details, run: (socket: Socket) => void): Row {
  return { option: what, on, run, ...details };
}

/** The kernel says no to the value. */
export function refuses<Set>(
  what: WritableOption<Set>,
  value: Set,
  kind: SocketErrorKind,
  on: readonly Place[],
  details: Details = {},
): Row {
  return does(what, on, details, (socket) => {
    const { message } = throwsKind(() => socket.setOption(what, value), kind);
    expect(message).toContain(kind === "no-such-device" ? "nosuchdevice" : what.name);
  });
}

/** The kernel does not tell the value. */
export function unread(
  what: ReadableOption<unknown>,
  kind: SocketErrorKind,
  on: readonly Place[],
  details: Details = {},
): Row {
  return does(what, on, details, (socket) => {
    expect(throwsKind(() => socket.getOption(what), kind).message).toContain(what.name);
  });
}

/** Kinds of sockets. */
export const udp: readonly Place[] = ["udp4", "udp6"];
/** Kinds of sockets. */
export const tcp: readonly Place[] = ["tcp4", "tcp6"];
/** Kinds of sockets. */
export const linkedTcp: readonly Place[] = ["linkedTcp4", "linkedTcp6"];
/** Kinds of sockets. */
export const inet: readonly Place[] = [...udp, ...tcp];
/** Kinds of sockets. */
export const any: readonly Place[] = [...inet, "unix", "unixDatagrams"];
/** Kinds of sockets. */
export const four: readonly Place[] = ["udp4", "tcp4"];
/** Kinds of sockets. */
export const six: readonly Place[] = ["udp6", "tcp6"];
/** Root only. */
export const admin: Details = { needs: "CAP_NET_ADMIN" };
/** Root only. */
export const raw: Details = { needs: "CAP_NET_RAW" };
/** A check: 0 or more. */
export const natural = (value: number): void => expect(value).toBeGreaterThanOrEqual(0);
