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

/** All names of an options type, each once: the compiler misses what is not listed. */
export type OptionNames<Options extends object> = { readonly [Name in keyof Required<Options>]: true };

// what others call the same thing: node:net, Python, Bun, GIO
const synonyms: ReadonlyMap<string, string> = new Map([
  ["abortSignal", "signal"],
  ["address", "hostname"],
  ["bufferSize", "size"],
  ["device", "interface"],
  ["host", "hostname"],
  ["iface", "interface"],
  ["ifname", "interface"],
  ["ip", "hostname"],
  ["length", "capacity"],
  ["localHost", "localAddress"],
  ["name", "hostname"],
  ["promisc", "promiscuous"],
  ["reuseAddr", "allowReuse"],
  ["reuseAddress", "allowReuse"],
  ["reuse_port", "reusePort"],
  ["servname", "port"],
  ["service", "port"],
  ["socktype", "type"],
  ["unix", "path"],
]);

/**
 * Refuses options that nobody would read: a misspelt one would be its default, and nothing would say so. Only own and inherited
 * names that `for in` sees count; undefined is no excuse.
 *
 * @throws TypeError such as: unknown option "host": did you mean hostname?
 */
export function refuseUnknown<Options extends object>(options: Options, names: OptionNames<Options>): void {
  for (const name in options) {
    if (Object.hasOwn(names, name)) continue;
    const known = Object.keys(names);
    const synonym = synonyms.get(name) ?? "";
    const meant = Object.hasOwn(names, synonym) ? synonym : known.find((other) => isNear(name, other));
    const hint = meant === undefined ? `the options are ${known.join(", ")}` : `did you mean ${meant}?`;
    throw new TypeError(`unknown option ${show(name)}: ${hint}`);
  }
}

// The same but for case, dashes and underscores, or for one letter that is wrong, missing, too many or has changed places.
function isNear(given: string, known: string): boolean {
  const first = given.toLowerCase().replaceAll(/[-_]/g, "");
  const second = known.toLowerCase();
  if (first === second) return true;
  if (Math.min(first.length, second.length) < 3 || Math.abs(first.length - second.length) > 1) return false;
  let start = 0;
  while (start < first.length && first[start] === second[start]) start++;
  const [a, b] = [first.slice(start), second.slice(start)];
  const swapped = a.length > 1 && a[0] === b[1] && a[1] === b[0] && a.slice(2) === b.slice(2);
  return swapped || a.slice(1) === b.slice(1) || a.slice(1) === b || a === b.slice(1);
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
