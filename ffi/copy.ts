// Copying from a user's view into memory of ours.

import type { Pointer } from "bun:ffi";
import type { View } from "./calls.ts";
import { optional } from "./library.ts";
import type { Region } from "./memory.ts";

const cMemcpy = optional("memcpy");

/**
 * Copies the first `size` bytes of a view into a region at an offset: memcpy(3), a third of the cost of `set`, and the view's
 * `.buffer` is not touched. The caller has counted them once and seen to it that there is room: a view on a growable
 * SharedArrayBuffer may grow meanwhile, in another thread, but cannot shrink.
 */
export function copyInto(region: Region, offset: number, view: View, size: number): void {
  if (cMemcpy !== undefined) cMemcpy((region.address + offset) as Pointer, view, size);
  else region.bytes.set(new Uint8Array(view.buffer, view.byteOffset, size), offset);
}
