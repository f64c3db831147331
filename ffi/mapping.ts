// Memory that the kernel shares with us. Its owner is the ArrayBuffer: munmap(2) itself is what the engine calls when the memory
// is done with, so no view can outlive it, and what was forgotten is given back by the collector.

import { type Pointer, toArrayBuffer } from "bun:ffi";
import { errnoNumber } from "./errno.ts";
import { failure, type NativeFunction, optional } from "./library.ts";

const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;

// The last two arguments are not in its types: a context, and a JSTypedArrayBytesDeallocator that is called with address and
// context.
const adopt = toArrayBuffer as (at: Pointer, from: number, size: number, context: number, free: Pointer) => ArrayBuffer;

/** `mmap(2)` of a descriptor from its beginning, to read and to write: the memory, or a negative error number. */
export function mapShared(fd: number, size: number): ArrayBuffer | number {
  const [map, unmap] = [optional("mmap"), optional("munmap")];
  if (map === undefined || unmap === undefined) return -errnoNumber("ENOSYS");
  const address = map(null, size, PROT_READ_WRITE, MAP_SHARED, fd, 0);
  // MAP_FAILED is -1, which as a pointer is 2^64 - 1; null would be a success that nobody can use
  if (address === null || address === 0 || address > Number.MAX_SAFE_INTEGER) return failure();
  const { ptr } = unmap as NativeFunction & { readonly ptr: Pointer };
  return adopt(address as Pointer, 0, size, size, ptr); // munmap(address, size)
}

/** `munmap(2)`: every view of the memory has length 0 from then on. */
export function unmap(memory: ArrayBuffer): void {
  if (!memory.detached) memory.transfer(0);
}
