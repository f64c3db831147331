// What the header codecs share: the checks of their arguments, and big-endian fields of 8, 16 and 32 bits.

import { bytesOf, InetAddress } from "../address/inet-address.ts";
import { integer, record, show } from "../arguments.ts";

/** Checks the bytes that a header is read from or written to. */
export function bufferOf(bytes: unknown, name = "bytes"): Uint8Array {
  if (bytes instanceof Uint8Array) return bytes;
  throw new TypeError(`${name} must be a Uint8Array, not ${show(bytes)}`);
}

/** Whether there are so many bytes from an offset on: a header that is cut off is none. The offset is within the bytes. */
export function holds(bytes: unknown, offset: unknown, size: number): boolean {
  const { length } = bufferOf(bytes);
  return integer(offset, "offset", 0, length) + size <= length;
}

/** Checks that what is to be written has room. */
export function roomFor(bytes: unknown, offset: unknown, size: number, what: string): void {
  const { length } = bufferOf(bytes);
  if (integer(offset, "offset", 0, length) + size > length) {
    throw new RangeError(`bytes must have room for ${what}: ${size} bytes from offset ${offset}, not ${length}`);
  }
}

/** Checks that fields are an object at all. */
export function fieldsOf<Fields extends object>(fields: Fields, what: string, name = "fields"): Fields {
  return record(fields, name, `an object: ${what}`);
}

/** The 16 bits at an offset; the caller has seen to it that they are there. */
export function get16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

/** The 32 bits at an offset, unsigned. */
export function get32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** Writes 16 bits. */
export function put16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

/** Writes 32 bits. */
export function put32(bytes: Uint8Array, at: number, value: number): void {
  put16(bytes, at, value >>> 16);
  put16(bytes, at + 2, value);
}

/** A field of 8 bits. */
export const uint8 = (value: unknown, name: string): number => integer(value, name, 0, 0xff);

/** A field of 16 bits. */
export const uint16 = (value: unknown, name: string): number => integer(value, name, 0, 0xffff);

/** A field of 32 bits. */
export const uint32 = (value: unknown, name: string): number => integer(value, name, 0, 0xffff_ffff);

/** A field of one bit: absent is false. */
export function flag(value: unknown, name: string): boolean {
  if (value === undefined || typeof value === "boolean") return value ?? false;
  throw new TypeError(`${name} must be true or false, not ${show(value)}`);
}

const NOTHING = new Uint8Array(new ArrayBuffer(0));

/** Bytes that may be absent, and no more than `maximum` of them. */
export function bytesIn(value: unknown, name: string, maximum: number): Uint8Array {
  if (value === undefined) return NOTHING;
  const bytes = bufferOf(value, name);
  if (bytes.length > maximum)
    throw new RangeError(`${name} must be at most ${maximum} bytes long, not ${bytes.length}`);
  return bytes;
}

/**
 * A copy of bytes that are written beside others: what was read from a buffer is views of it, and may be written into the same one,
 * where each would be overwritten by the one before.
 */
export function copied(bytes: Uint8Array): Uint8Array {
  return bytes.length === 0 ? bytes : new Uint8Array(bytes); // slice() of a Buffer is no copy
}

/** An address of 4 or 16 bytes, or its text. */
export function addressBytes(value: unknown, name: string, length: 4 | 16): Uint8Array {
  const address = typeof value === "string" ? InetAddress.tryParse(value) : value;
  if (address instanceof InetAddress) {
    const bytes = bytesOf(address);
    if (bytes.length === length) return bytes;
  }
  const shown = address instanceof InetAddress ? String(address) : show(value);
  throw new TypeError(`${name} must be an IPv${length === 4 ? 4 : 6} address, not ${shown}`);
}

/** The address that these bytes are. */
export function addressAt(bytes: Uint8Array, at: number, length: 4 | 16): InetAddress {
  return InetAddress.fromBytes(bytes.subarray(at, at + length));
}
