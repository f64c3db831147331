// Memory whose address is kept. A small typed array lives inside the garbage-collected heap and moves when somebody
// touches its `.buffer`; memory made as `new ArrayBuffer(n)` first never moves (facts/bun-ffi.md, measured on 1.4.5).

import { type Pointer, ptr } from "bun:ffi";

/** A block of memory with an address that holds as long as the region is referenced: keep it in a live field. */
export class Region {
  /** The memory itself. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The same memory for fields of other sizes. */
  readonly view: DataView<ArrayBuffer>;
  /** Where it is; valid only while this object is alive. */
  readonly address: Pointer;

  /** Allocates `size` zeroed bytes (at least one, so that there is an address). */
  constructor(size: number) {
    const buffer = new ArrayBuffer(Math.max(size, 1));
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    this.address = ptr(this.bytes);
  }
}

/** A view of no bytes that has an address all the same: an empty view of the user's has none. */
export const EMPTY: Uint8Array<ArrayBuffer> = new Uint8Array(new ArrayBuffer(8), 0, 0);

/** Whether this machine stores the least significant byte first; all supported ones do, and `DataView` must be told. */
export const LITTLE_ENDIAN: boolean = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Writes an address into a struct as two halves: a quarter of the cost of a BigInt (design.md section 4). */
export function setAddress(view: DataView, offset: number, address: Pointer | 0): void {
  view.setUint32(offset, address >>> 0, LITTLE_ENDIAN);
  view.setUint32(offset + 4, Math.floor(address / 0x1_0000_0000), LITTLE_ENDIAN);
}

const typedByteLength = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), "byteLength")
  ?.get as (this: unknown) => number;
const dataViewByteLength = Object.getOwnPropertyDescriptor(DataView.prototype, "byteLength")?.get as (
  this: unknown,
) => number;

/** The length of a view as the engine knows it: a `byteLength` that somebody has put on the view itself is not believed. */
export function byteLengthOf(view: NodeJS.TypedArray | DataView): number {
  return (view instanceof DataView ? dataViewByteLength : typedByteLength).call(view);
}
