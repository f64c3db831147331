// A C int in a view of its own: the value of most socket options.

import { getInt, setUint } from "../layout.ts";
import type { Field } from "../platform/platform.ts";

const INT: Field = [0, 4];

function viewOf(bytes: Uint8Array<ArrayBuffer>): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The bytes of an int, signed or unsigned. */
export function encodeInt(value: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(new ArrayBuffer(4));
  setUint(viewOf(bytes), 0, INT, value);
  return bytes;
}

/** The value of an int; the kernel may answer with one byte only (IP_MULTICAST_TTL on BSD). */
export function decodeInt(bytes: Uint8Array<ArrayBuffer>): number {
  return bytes.length >= 4 ? getInt(viewOf(bytes), 0, INT) : (bytes[0] ?? 0);
}
