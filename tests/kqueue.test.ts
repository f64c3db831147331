// What kqueue(2) is told and tells, byte by byte: macOS and FreeBSD, tested where there is no kqueue.

import { describe, expect, test } from "bun:test";
import { darwin } from "../ffi/platform/darwin.ts";
import { freebsd } from "../ffi/platform/freebsd.ts";
import { bitsOfEvent, writeChanges } from "../ffi/readiness.ts";
import { POLLERR, POLLHUP, POLLIN, POLLOUT } from "../src/index.ts";

// <sys/event.h> of both
const [READ, WRITE] = ["ffff", "feff"]; // EVFILT_READ -1, EVFILT_WRITE -2
const [ADD, DELETE, EOF_, ERROR] = ["0100", "0200", "0080", "0040"];

/** A struct kevent as its bytes: ident, filter, flags, fflags, data, udata; `tail` is FreeBSD's ext[4]. */
function kevent(parts: readonly [ident: string, filter: string, flags: string, fflags: string, udata: string]): string {
  const [ident, filter, flags, fflags, udata] = parts;
  return `${ident.padEnd(16, "0")}${filter}${flags}${fflags.padEnd(8, "0")}${"".padEnd(16, "0")}${udata}`;
}

const token = { index: 0x01020304, generation: 0xa1b2c3d4 };
const TOKEN = "04030201d4c3b2a1";

describe.each([
  ["macOS", darwin.structs.kevent, ""],
  ["FreeBSD", freebsd.structs.kevent, "".padEnd(64, "0")],
] as const)("on %s", (_, layout, tail) => {
  if (layout === undefined) throw new Error("the record has no struct kevent");
  const { size, fields } = layout;

  /** What is written into memory that held something else before. */
  function changes(before: number | undefined, now: number | undefined, fd = 0x1234): string[] {
    const bytes = new Uint8Array(size * 2).fill(0x55);
    const count = writeChanges(new DataView(bytes.buffer), layout as never, fd, token, before, now);
    return Array.from({ length: count }, (_, index) => bytes.subarray(index * size, (index + 1) * size).toHex());
  }

  const change = (filter: string, flags: string): string => kevent(["3412", filter, flags, "", TOKEN]) + tail;

  test("what is wanted is added, filter by filter", () => {
    expect(changes(undefined, POLLIN)).toEqual([change(READ, ADD)]);
    expect(changes(undefined, POLLOUT)).toEqual([change(WRITE, ADD)]);
    expect(changes(undefined, POLLIN | POLLOUT)).toEqual([change(READ, ADD), change(WRITE, ADD)]);
  });

  test("only what changes is told", () => {
    expect(changes(POLLIN, POLLIN)).toEqual([]);
    expect(changes(POLLIN, POLLIN | POLLOUT)).toEqual([change(WRITE, ADD)]);
    expect(changes(POLLIN | POLLOUT, POLLIN)).toEqual([change(WRITE, DELETE)]);
    expect(changes(POLLIN, POLLOUT)).toEqual([change(READ, DELETE), change(WRITE, ADD)]);
  });

  test("what is not wanted any more is deleted", () => {
    expect(changes(POLLIN, undefined)).toEqual([change(READ, DELETE)]);
    expect(changes(POLLIN | POLLOUT, undefined)).toEqual([change(READ, DELETE), change(WRITE, DELETE)]);
    expect(changes(POLLIN, 0)).toEqual([change(READ, DELETE)]);
    expect(changes(0, undefined)).toEqual([]);
    expect(changes(undefined, 0)).toEqual([]);
  });

  test("the largest descriptor keeps its number", () => {
    expect(changes(undefined, POLLIN, 0x7fffffff)).toEqual([kevent(["ffffff7f", READ, ADD, "", TOKEN]) + tail]);
  });

  /** The bits of an event that stands behind another one. */
  function bits(filter: string, flags: string, fflags = ""): number {
    const bytes = Uint8Array.fromHex("aa".repeat(size) + kevent(["3412", filter, flags, fflags, TOKEN]) + tail);
    return bitsOfEvent(new DataView(bytes.buffer), size, fields as never);
  }

  test("an event is what can be done", () => {
    expect(bits(READ, ADD)).toBe(POLLIN);
    expect(bits(WRITE, ADD)).toBe(POLLOUT);
  });

  test("the end of what the peer sends is readable; of a writer it is a hang-up", () => {
    expect(bits(READ, EOF_)).toBe(POLLIN);
    expect(bits(WRITE, EOF_)).toBe(POLLOUT | POLLHUP);
  });

  test("an end with an error number in fflags, and EV_ERROR, are POLLERR too", () => {
    expect(bits(READ, EOF_, "36000000")).toBe(POLLIN | POLLERR); // ECONNRESET
    expect(bits(WRITE, EOF_, "36000000")).toBe(POLLOUT | POLLERR | POLLHUP);
    expect(bits(READ, ERROR)).toBe(POLLIN | POLLERR);
  });

  test("flags that are no error are none", () => {
    expect(bits(READ, "2100")).toBe(POLLIN); // EV_ADD | EV_CLEAR
    expect(bits(READ, ADD, "36000000")).toBe(POLLIN);
  });
});
