// The memory into which the kernel writes a socket address and its length: one per thread. Every call here is
// synchronous, so a name is read before the next one is written.

import type { Pointer } from "bun:ffi";
import { Region } from "./memory.ts";

/** Room for any address: sockaddr_storage is 128 bytes, but AF_UNIX on some systems and AF_ALG may report more. */
export const NAME_CAPACITY = 256;

const region = new Region(NAME_CAPACITY);
const length = new Uint32Array(new ArrayBuffer(4));

/** The bytes of the name that the last call reported. */
export const nameBytes: Uint8Array<ArrayBuffer> = region.bytes;
/** Where they are. */
export const nameAddress: Pointer = region.address;
/** The same, in words, to compare with. */
export const nameWords: Uint32Array<ArrayBuffer> = new Uint32Array(region.bytes.buffer);
/** The socklen_t cell of the call: pass it as the length argument. */
export const nameLengthCell: Uint32Array<ArrayBuffer> = length;

/** Makes ready for a call that reports a name. */
export function expectName(): void {
  length[0] = NAME_CAPACITY;
}

/** How many bytes of name the last call reported, never more than there is room for; 0 when it gave none. */
export function nameLength(): number {
  return Math.min(length[0] as number, NAME_CAPACITY);
}
