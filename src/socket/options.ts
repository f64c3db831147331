// Getting and setting options of a descriptor: typed ones, and raw ones by number.

import { getsockopt, setsockopt } from "../../ffi/calls.ts";
import { int32, integer, show, view } from "../arguments.ts";
import { failed } from "../errors.ts";
import { decodeInt, encodeInt } from "../../ffi/structs/int.ts";
import { isOption, type ReadableOption, type WritableOption } from "../option/option.ts";
import { refuseRaw } from "../option/raw.ts";
import { platform } from "../../ffi/platform/index.ts";
import { Handle, open } from "./handle.ts";
import { noteOption } from "./segmentation.ts";

interface Descriptor {
  readonly fd: number;
}

/** Reads a typed option. */
export function getTyped<Get>(handle: Descriptor, option: ReadableOption<Get>): Get {
  if (!("get" in option)) throw new TypeError(`${(option as { name: string }).name} can only be set`);
  const fd = open(handle, "getsockopt");
  const value = new Uint8Array(new ArrayBuffer(option.get.size(platform)));
  const size = getsockopt(fd, option.level, option.number, value);
  if (size < 0) throw failed(size, { syscall: "getsockopt", address: option.name });
  return option.get.decode(value.subarray(0, size), platform);
}

/** Sets a typed option. */
export function setTyped<Set>(handle: Descriptor, option: WritableOption<Set>, value: Set): void {
  if (!("set" in option)) throw new TypeError(`${(option as { name: string }).name} can only be read`);
  open(handle, "setsockopt");
  const { level, number } = option;
  const bytes = option.set.encode(value, option.name, platform);
  // the descriptor last: encoding may run code of the user's, who may close the socket in it
  const result = setsockopt(open(handle, "setsockopt"), level, number, bytes);
  if (result < 0) throw failed(result, { syscall: "setsockopt", address: option.name });
}

const LARGEST_VALUE = 1 << 20;
const SMALLEST_MEMORY = 16;

/** Reads a raw option: an int without a size, so many bytes with one. */
export function getRaw(
  handle: Descriptor,
  level: number,
  name: number,
  size?: number,
): number | Uint8Array<ArrayBuffer> {
  const fd = open(handle, "getsockopt");
  refuseRaw(int32(level, "level"), int32(name, "name"), "get");
  const room = size === undefined ? 4 : integer(size, "size", 1, LARGEST_VALUE);
  // old protocols write an int whatever the length says (net/bluetooth/l2cap_sock.c): the memory has room for it
  const value = new Uint8Array(new ArrayBuffer(Math.max(room, SMALLEST_MEMORY)), 0, room);
  const length = getsockopt(fd, level, name, value);
  if (length < 0) throw failed(length, { syscall: "getsockopt", address: `level ${level} name ${name}` });
  return size === undefined ? decodeInt(value.subarray(0, length)) : value.slice(0, length);
}

/** Sets a raw option: an int, a boolean, or bytes as they are. */
export function setRaw(handle: Descriptor, level: number, name: number, value: unknown): void {
  open(handle, "setsockopt");
  refuseRaw(int32(level, "level"), int32(name, "name"), "set");
  const bytes = rawValue(value);
  const result = setsockopt(open(handle, "setsockopt"), level, name, bytes);
  if (result < 0) throw failed(result, { syscall: "setsockopt", address: `level ${level} name ${name}` });
}

function rawValue(value: unknown): NodeJS.TypedArray | DataView {
  if (typeof value === "boolean") return encodeInt(value ? 1 : 0);
  if (typeof value === "number") return encodeInt(int32(value, "value"));
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return view(value, "value");
  throw new TypeError(`value must be an integer, a boolean or bytes, not ${show(value)}`);
}

/** Reads either. */
export function get(
  handle: Descriptor,
  first: ReadableOption<unknown> | number,
  name?: number,
  size?: number,
): unknown {
  return isOption(first) ? getTyped(handle, first) : getRaw(handle, first as number, name as number, size);
}

/** Sets either. */
export function set(
  handle: Descriptor,
  first: WritableOption<unknown> | number,
  second: unknown,
  value: unknown,
): void {
  if (isOption(first)) setTyped(handle, first, second);
  else setRaw(handle, first as number, second as number, value);
  if (!(handle instanceof Handle)) return;
  if (isOption(first)) noteOption(handle, first.level, first.number);
  else noteOption(handle, first as number, second as number);
}
