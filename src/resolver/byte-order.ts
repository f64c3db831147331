// Numbers and addresses as C programs write them: byteorder(3), inet(3).

import { LITTLE_ENDIAN } from "../../ffi/memory.ts";
import { platform } from "../../ffi/platform/index.ts";
import { formatIPv4, formatIPv6, parseIPv4, parseIPv4Lenient, parseIPv6 } from "../address/inet-text.ts";
import { int32, integer, show } from "../arguments.ts";
import { notSupported } from "../errors.ts";

const { AF_INET, AF_INET6 } = platform.core;

function swap16(value: number): number {
  return ((value & 0xff) << 8) | (value >>> 8);
}

function swap32(value: number): number {
  return ((value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}

/**
 * A 16-bit number from host to network order: `htons(3)`.
 *
 * @throws TypeError, RangeError for anything but an integer from 0 to 65535
 */
export function htons(value: number): number {
  const checked = integer(value, "value", 0, 0xffff);
  return LITTLE_ENDIAN ? swap16(checked) : checked;
}

/**
 * A 32-bit number from host to network order: `htonl(3)`. The result is unsigned.
 *
 * @throws TypeError, RangeError for anything but an integer from 0 to 2^32 - 1
 */
export function htonl(value: number): number {
  const checked = integer(value, "value", 0, 0xffff_ffff);
  return LITTLE_ENDIAN ? swap32(checked) : checked;
}

/**
 * A 16-bit number from network to host order: `ntohs(3)`.
 *
 * @throws TypeError, RangeError for anything but an integer from 0 to 65535
 */
export function ntohs(value: number): number {
  return htons(value);
}

/**
 * A 32-bit number from network to host order: `ntohl(3)`. The result is unsigned.
 *
 * @throws TypeError, RangeError for anything but an integer from 0 to 2^32 - 1
 */
export function ntohl(value: number): number {
  return htonl(value);
}

function text(value: unknown): string {
  if (typeof value !== "string") throw new TypeError(`text must be an IP address, not ${show(value)}`);
  return value;
}

function bytesOf(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TypeError(`bytes must be a Uint8Array, not ${show(value)}`);
  return value;
}

function refuse(syscall: string, family: number): Error {
  return notSupported(syscall, `family ${family} has no such text; give AF_INET or AF_INET6`);
}

/**
 * The bytes of an address, strictly read: `inet_pton(3)` of glibc on every OS: no leading zeros, no zone.
 *
 * @throws TypeError for text that is no such address
 * @throws SocketError kind "not-supported" for another family than AF_INET and AF_INET6
 */
export function inetPton(family: number, address: string): Uint8Array<ArrayBuffer> {
  const wanted = int32(family, "family");
  if (wanted !== AF_INET && wanted !== AF_INET6) throw refuse("inet_pton", wanted);
  const bytes = wanted === AF_INET ? parseIPv4(text(address)) : parseIPv6(text(address));
  if (bytes !== undefined) return bytes;
  const example = wanted === AF_INET ? "192.0.2.1" : "2001:db8::1";
  throw new TypeError(`text must be an IPv${wanted === AF_INET ? 4 : 6} address ("${example}"), not ${show(address)}`);
}

/**
 * The text of the 4 or 16 bytes of an address: `inet_ntop(3)` of glibc on every OS.
 *
 * @throws TypeError, RangeError for anything but 4 (AF_INET) or 16 (AF_INET6) bytes
 * @throws SocketError kind "not-supported" for another family
 */
export function inetNtop(family: number, bytes: Uint8Array): string {
  const wanted = int32(family, "family");
  if (wanted !== AF_INET && wanted !== AF_INET6) throw refuse("inet_ntop", wanted);
  const size = wanted === AF_INET ? 4 : 16;
  const given = bytesOf(bytes);
  if (given.length !== size) throw new RangeError(`bytes must be ${size} bytes long, not ${given.length}`);
  return wanted === AF_INET ? formatIPv4(given) : formatIPv6(given);
}

/**
 * The four bytes of an IPv4 address, leniently read: `inet_aton(3)`. One to four parts, decimal, octal or hexadecimal, of which the
 * last fills what is left: "127.1", "0x7f000001".
 *
 * @throws TypeError for text that is no such address
 */
export function inetAton(address: string): Uint8Array<ArrayBuffer> {
  const bytes = parseIPv4Lenient(text(address));
  if (bytes !== undefined) return bytes;
  throw new TypeError(`text must be an IPv4 address ("192.0.2.1", "127.1", "0x7f000001"), not ${show(address)}`);
}

/**
 * The text of the four bytes of an IPv4 address: `inet_ntoa(3)`.
 *
 * @throws TypeError, RangeError for anything but 4 bytes
 */
export function inetNtoa(bytes: Uint8Array): string {
  return inetNtop(AF_INET, bytes);
}
