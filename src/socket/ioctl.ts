// ioctl(2): on a copy of the user's bytes in a roomy block, because most requests do not say how much they write.

import { ioctl as ioctlCall } from "../../ffi/descriptors.ts";
import { getInt, setUint } from "../../ffi/layout.ts";
import { byteLengthOf, Region } from "../../ffi/memory.ts";
import { int32, integer, show, view } from "../arguments.ts";
import { failed } from "../errors.ts";
import { refuseRawIoctl } from "../option/raw.ts";
import { open } from "./handle.ts";

// The largest size that a request number can tell (14 bits: include/uapi/asm-generic/ioctl.h).
const CAPACITY = 1 << 14;
const region = new Region(CAPACITY);

/**
 * `ioctl(2)`: without an argument or with a number it is done on an int, which is returned; bytes are handed over as a copy
 * and what the kernel has made of them is written back, and its result returned.
 */
export function ioctl(handle: { readonly fd: number }, request: number, argument?: unknown): number {
  const fd = open(handle, "ioctl");
  refuseRawIoctl(integer(request, "request", 0, 0xffff_ffff));
  region.bytes.fill(0);
  if (argument === undefined || typeof argument === "number") {
    setUint(region.view, 0, [0, 4], argument === undefined ? 0 : int32(argument, "argument"));
    const result = call(fd, request, 4);
    return result > 0 ? result : getInt(region.view, 0, [0, 4]); // SIOCGSKNS and others return a descriptor
  }
  if (!ArrayBuffer.isView(argument) && !(argument instanceof ArrayBuffer)) {
    throw new TypeError(`argument must be an integer or bytes, not ${show(argument)}`);
  }
  const given = view(argument, "argument");
  const size = byteLengthOf(given);
  if (size > CAPACITY) throw new RangeError(`argument must have at most ${CAPACITY} bytes, not ${size}`);
  const users = bytesOf(given);
  region.bytes.set(users);
  const result = call(fd, request, size);
  users.set(region.bytes.subarray(0, size));
  return result;
}

// Not a hot path: here alone the buffer under a user's view is named, to read and write its bytes one by one. What somebody
// has put on the view itself is not believed: the getters are those of its kind.
function bytesOf(given: NodeJS.TypedArray | DataView): Uint8Array {
  const kind = given instanceof DataView ? DataView.prototype : (Object.getPrototypeOf(Uint8Array.prototype) as object);
  const buffer = Reflect.get(kind, "buffer", given) as ArrayBufferLike;
  return new Uint8Array(buffer, Reflect.get(kind, "byteOffset", given) as number, byteLengthOf(given));
}

function call(fd: number, request: number, size: number): number {
  const result = ioctlCall(fd, request, region.bytes, size);
  if (result < 0) throw failed(result, { syscall: "ioctl", address: `0x${request.toString(16)}` });
  return result;
}

/** FIONREAD and its kin: an int that the kernel tells, or the negative error number. */
export function ioctlInt(fd: number, request: number): number {
  const result = ioctlCall(fd, request, region.bytes);
  return result < 0 ? result : getInt(region.view, 0, [0, 4]);
}
