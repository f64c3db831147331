// Checks of what users pass: one wording for each mistake, before any call is made.

import type { View } from "../ffi/calls.ts";
import { byteLengthOf, EMPTY } from "../ffi/memory.ts";
import { platform } from "../ffi/platform/index.ts";

/** A descriptor: a number, or anything that has one (`Bun.udpSocket(...)`, `Bun.listen(...)`, a Socket). */
export type Descriptor = number | { readonly fd: number } | BunSocket;

/** Bun's own sockets, which have an `fd` that their types do not tell. */
export type BunSocket = Bun.udp.BaseUDPSocket | Bun.SocketListener<unknown> | Bun.Socket<unknown>;

/** Binary data: any view, or an ArrayBuffer. Views on a SharedArrayBuffer are welcome. */
export type Data = ArrayBufferView | ArrayBuffer;

/** How a value is shown in an error: short, and telling its type. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}...` : value);
  if (typeof value === "object" && value !== null) return value.constructor?.name ?? "an object";
  return typeof value === "function" ? "a function" : String(value);
}

/** An integer in a range, or TypeError (no number) or RangeError (NaN, fraction, out of range), naming the argument. */
export function integer(value: unknown, name: string, minimum: number, maximum: number): number {
  if (typeof value !== "number") {
    const hint = value === undefined ? "; a constant that this OS lacks is undefined" : "";
    throw new TypeError(`${name} must be a number, not ${show(value)}${hint}`);
  }
  if (!Number.isInteger(value) || value < minimum || value > maximum) {
    throw new RangeError(`${name} must be an integer from ${minimum} to ${maximum}, not ${value}`);
  }
  return value;
}

/** A constant or another int of C: 32 bits, signed or unsigned. */
export function int32(value: unknown, name: string): number {
  return integer(value, name, -0x8000_0000, 0xffff_ffff) | 0;
}

/** A port. */
export function port(value: unknown, name = "port"): number {
  return integer(value, name, 0, 65_535);
}

/** A duration in milliseconds: fractions and Infinity are welcome. */
export function duration(value: unknown, name = "timeout"): number {
  if (typeof value !== "number") throw new TypeError(`${name} must be a number of milliseconds, not ${show(value)}`);
  if (Number.isNaN(value) || value < 0) {
    throw new RangeError(`${name} must be 0 or more milliseconds (Infinity for ever), not ${value}`);
  }
  return value;
}

/** An object whose fields are read by name. What has none (a list, bytes) is refused: all of its fields would be their defaults. */
export function record<Fields extends object>(value: Fields, name: string, what = "an object"): Fields {
  const plain = typeof value === "object" && value !== null && !Array.isArray(value);
  if (plain && !ArrayBuffer.isView(value) && !(value instanceof ArrayBuffer)) return value;
  throw new TypeError(`${name} must be ${what}, not ${show(value)}`);
}

/** A boolean. */
export function boolean(value: unknown, name: string): boolean {
  if (typeof value !== "boolean") throw new TypeError(`${name} must be true or false, not ${show(value)}`);
  return value;
}

/** The number of a descriptor. */
export function descriptor(value: unknown, name = "fd"): number {
  const fd = typeof value === "object" && value !== null && "fd" in value ? value.fd : value;
  if (typeof fd !== "number") throw new TypeError(`${name} must be a descriptor or have an fd, not ${show(value)}`);
  return integer(fd, name, 0, platform.largestDescriptor);
}

/**
 * The view through which memory is handed to a call. Detached memory and views that a resize has put out of bounds are a
 * TypeError; a view of no bytes becomes one that has an address.
 */
export function view(data: unknown, name: string): NodeJS.TypedArray | DataView {
  if (ArrayBuffer.isView(data)) {
    try {
      // a DataView without its memory throws here, a typed array says 0
      return byteLengthOf(data as View) === 0 ? emptyView(data) : (data as View);
    } catch {
      throw gone(name);
    }
  }
  if (data instanceof ArrayBuffer || data instanceof SharedArrayBuffer) {
    if (data instanceof ArrayBuffer && data.detached) throw gone(name);
    return data.byteLength === 0 ? EMPTY : new Uint8Array(data);
  }
  throw new TypeError(`${name} must be a typed array, DataView or ArrayBuffer, not ${show(data)}`);
}

const at = Object.getPrototypeOf(Uint8Array.prototype).at as (this: unknown, index: number) => unknown;

// `at` of a typed array throws when the memory under it is gone; asking it for its `.buffer` would move a small one.
function emptyView(data: ArrayBufferView): NodeJS.TypedArray {
  if (!(data instanceof DataView)) at.call(data, 0);
  return EMPTY;
}

function gone(name: string): TypeError {
  return new TypeError(`${name} is detached or out of bounds: its memory was transferred or resized away`);
}

const encoder = new TextEncoder();

/** Text as UTF-8, or binary data as it is. */
export function textOrView(data: unknown, name: string): NodeJS.TypedArray | DataView {
  if (typeof data === "string") return data === "" ? EMPTY : encoder.encode(data);
  return view(data, name);
}
