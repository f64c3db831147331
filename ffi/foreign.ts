// Reading what the C library has allocated: structs, text and lists at an address.

import { CString, type Pointer, ptr, read, toArrayBuffer } from "bun:ffi";
import type { Field } from "./platform/platform.ts";

/** The address in a field of a struct; 0 is NULL. */
export function pointerAt(struct: number, [offset]: Field): number {
  return read.ptr(struct as Pointer, offset);
}

/** The unsigned integer in a field of a struct, of 1, 2, 4 or 8 bytes. */
export function uintAt(struct: number, [offset, size]: Field): number {
  const at = struct as Pointer;
  if (size === 1) return read.u8(at, offset);
  if (size === 2) return read.u16(at, offset);
  return size === 4 ? read.u32(at, offset) : read.ptr(at, offset);
}

/** The text at an address, which ends at its NUL. */
export function textAt(address: number): string {
  return String(new CString(address as Pointer));
}

/** The elements of an array of addresses that ends with NULL. */
export function listAt(address: number): number[] {
  const found: number[] = [];
  if (address === 0) return found;
  for (let at = address; ; at += 8) {
    const element = read.ptr(at as Pointer, 0);
    if (element === 0) return found;
    found.push(element);
  }
}

/** A copy of the bytes at an address. */
export function bytesAt(address: number, size: number): Uint8Array<ArrayBuffer> {
  if (size === 0) return new Uint8Array(0);
  return new Uint8Array(toArrayBuffer(address as Pointer, 0, size)).slice();
}

/** The address of memory of ours; valid as long as the caller holds the memory. */
export function addressOf(memory: Uint8Array<ArrayBuffer>): number {
  return ptr(memory);
}
