// Reading and writing a field of a struct by the layout data of the platform record.

import { LITTLE_ENDIAN } from "./memory.ts";
import type { Field } from "./platform/platform.ts";

/** Reads an unsigned integer field of 1, 2, 4 or 8 bytes in host order; above 2^53 the result is not exact. */
export function getUint(view: DataView, base: number, [offset, size]: Field): number {
  const at = base + offset;
  if (size === 1) return view.getUint8(at);
  if (size === 2) return view.getUint16(at, LITTLE_ENDIAN);
  if (size === 4) return view.getUint32(at, LITTLE_ENDIAN);
  const low = view.getUint32(LITTLE_ENDIAN ? at : at + 4, LITTLE_ENDIAN);
  const high = view.getUint32(LITTLE_ENDIAN ? at + 4 : at, LITTLE_ENDIAN);
  return high * 0x1_0000_0000 + low;
}

/** Writes an unsigned integer field of 1, 2, 4 or 8 bytes in host order. */
export function setUint(view: DataView, base: number, [offset, size]: Field, value: number): void {
  const at = base + offset;
  if (size === 1) view.setUint8(at, value);
  else if (size === 2) view.setUint16(at, value, LITTLE_ENDIAN);
  else if (size === 4) view.setUint32(at, value, LITTLE_ENDIAN);
  else {
    view.setUint32(LITTLE_ENDIAN ? at : at + 4, value >>> 0, LITTLE_ENDIAN);
    view.setUint32(LITTLE_ENDIAN ? at + 4 : at, Math.floor(value / 0x1_0000_0000), LITTLE_ENDIAN);
  }
}

/** Reads a signed integer field of 2, 4 or 8 bytes in host order. */
export function getInt(view: DataView, base: number, [offset, size]: Field): number {
  const at = base + offset;
  if (size === 2) return view.getInt16(at, LITTLE_ENDIAN);
  return size === 4 ? view.getInt32(at, LITTLE_ENDIAN) : Number(view.getBigInt64(at, LITTLE_ENDIAN));
}
