// GUIDs as Windows lays them out: the first three parts little endian, the rest as written.

import { show } from "../arguments.ts";

const ORDER = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15] as const;
const GUID = /^\{?([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})\}?$/i;

/** The 16 bytes of a GUID in text, braces or not. */
export function guidBytes(text: unknown, name: string): Uint8Array<ArrayBuffer> {
  const match = typeof text === "string" ? GUID.exec(text) : null;
  if (match === null) {
    throw new TypeError(`${name} must be a GUID such as "00000000-facb-11e6-bd58-64006a7986d3", not ${show(text)}`);
  }
  const written = Uint8Array.fromHex(match.slice(1).join(""));
  const bytes = new Uint8Array(new ArrayBuffer(16));
  ORDER.forEach((from, index) => (bytes[index] = written[from] as number));
  return bytes;
}

/** A GUID as text: small letters, no braces. */
export function guidText(bytes: Uint8Array): string {
  const hex = Uint8Array.from(ORDER, (from) => bytes[from] as number).toHex();
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
