// Hardware addresses of six bytes, as text.

import { show } from "../arguments.ts";

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const TEXT = /^[0-9a-f]{2}(?:([:-])[0-9a-f]{2})(?:\1[0-9a-f]{2}){4}$/i;

/** The length of an EUI-48: IEEE 802. */
export const MAC_LENGTH = 6;

/** `02:00:5e:10:00:ff`: the text of the hardware address at an offset. */
export function macAt(bytes: Uint8Array, at: number): string {
  return `${HEX[bytes[at]!]}:${HEX[bytes[at + 1]!]}:${HEX[bytes[at + 2]!]}:${HEX[bytes[at + 3]!]}:${HEX[bytes[at + 4]!]}:${HEX[bytes[at + 5]!]}`;
}

/**
 * The six bytes of a hardware address from its text, with colons or hyphens: `ether_aton(3)`.
 *
 * @throws TypeError for text that is no such address
 *
 * @example etherAton("02:00:5e:10:00:ff")
 */
export function etherAton(address: string): Uint8Array<ArrayBuffer> {
  return macBytes(address, "address");
}

/**
 * The text of the six bytes of a hardware address: `ether_ntoa(3)`, with two digits each.
 *
 * @throws TypeError for anything but six bytes
 */
export function etherNtoa(bytes: Uint8Array): string {
  if (typeof bytes === "string") throw new TypeError(`bytes must be a hardware address in 6 bytes, not ${show(bytes)}`);
  return macAt(macBytes(bytes, "bytes"), 0);
}

/** Reads a hardware address: a copy of six bytes, which may lie where is written, or their text with colons or hyphens. */
export function macBytes(value: unknown, name: string): Uint8Array<ArrayBuffer> {
  if (value instanceof Uint8Array && value.length === MAC_LENGTH) return new Uint8Array(value);
  if (typeof value === "string" && TEXT.test(value)) return Uint8Array.fromHex(value.replaceAll(/[:-]/g, ""));
  const shown = value instanceof Uint8Array ? `${value.length} bytes` : show(value);
  throw new TypeError(`${name} must be a hardware address ("02:00:5e:10:00:ff", or 6 bytes), not ${shown}`);
}
