// The internet checksum: RFC 1071, RFC 1624. Bytes are read two ways. Short ranges byte by byte: for a view of up to 1000 bytes
// `.buffer` would move it (facts/bun-ffi.md), and making another view costs 30 ns. Long ones as words of 32 bits in host
// order, which RFC 1071 section 2 (B) allows: the sum of swapped bytes is the swapped sum.

import { bytesOf, InetAddress } from "../address/inet-address.ts";
import { integer, show } from "../arguments.ts";
import { bufferOf, uint16, uint32 } from "./fields.ts";

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
const LONG = 512;
const UNMOVED = 1000;
/** Words whose sum is still exact in a double: 2^32 x 2^20 is less than 2^53. */
const CHUNK = 1 << 20;

/**
 * The internet checksum of `bytes` from `start` to `end`: RFC 1071. As it is written into a header, in network order; over a
 * range that holds a right checksum, and the pseudo header's sum as `initial` where there is one, it is 0.
 *
 * `initial` is a sum to go on from: `checksumSum`, `pseudoHeaderSum`.
 *
 * @throws {TypeError | RangeError} when the range is not within the bytes, or `initial` is no sum of 16 bits
 *
 * @example
 * packet[2] = packet[3] = 0;
 * new DataView(packet.buffer).setUint16(2, checksum(packet));
 */
export function checksum(bytes: Uint8Array, start = 0, end: number = bytes.length, initial = 0): number {
  return ~checksumSum(bytes, start, end, initial) & 0xffff;
}

/**
 * The sum that a checksum is the complement of: RFC 1071, 0 to 65535. For data in several pieces: the sum of one is the
 * `initial` of the next, and all but the last have an even length.
 *
 * @throws {TypeError | RangeError} when the range is not within the bytes, or `initial` is no sum of 16 bits
 */
export function checksumSum(bytes: Uint8Array, start = 0, end: number = bytes.length, initial = 0): number {
  checkRange(bytes, start, end, initial);
  return sumRange(bytes, start, end, initial);
}

function checkRange(bytes: Uint8Array, start: number, end: number, initial: number): void {
  const { length } = bufferOf(bytes);
  // all at once what is nearly always right: small integers
  const numbers = typeof end === "number" && typeof start === "number" && typeof initial === "number";
  if (
    numbers &&
    end >>> 0 === end &&
    start >>> 0 === start &&
    start <= end &&
    end <= length &&
    (initial & 0xffff) === initial
  )
    return;
  integer(end, "end", 0, length);
  integer(start, "start", 0, end);
  uint16(initial, "initial");
}

/** @internal `checksumSum` without the checks. */
export function sumRange(bytes: Uint8Array, start: number, end: number, initial: number): number {
  if (end - start < LONG || bytes.length <= UNMOVED) {
    const sum = sumBytes(bytes, start, end, initial) | 0; // of at most 1000 bytes: far below 2^31
    const folded = (sum & 0xffff) + (sum >>> 16);
    return (folded & 0xffff) + (folded >>> 16);
  }
  return sumLong(bytes, start, end, initial);
}

// High and low bytes apart: one load and one addition for each, and alignment does not matter.
function sumBytes(bytes: Uint8Array, start: number, end: number, initial: number): number {
  let high1 = 0;
  let high2 = 0;
  let low1 = initial;
  let low2 = 0;
  let at = start;
  for (; at < end - 7; at += 8) {
    high1 = (high1 + bytes[at]! + bytes[at + 2]!) | 0;
    low1 = (low1 + bytes[at + 1]! + bytes[at + 3]!) | 0;
    high2 = (high2 + bytes[at + 4]! + bytes[at + 6]!) | 0;
    low2 = (low2 + bytes[at + 5]! + bytes[at + 7]!) | 0;
  }
  for (; at < end - 1; at += 2) {
    high1 = (high1 + bytes[at]!) | 0;
    low1 = (low1 + bytes[at + 1]!) | 0;
  }
  if (at < end) high1 = (high1 + bytes[at]!) | 0; // an odd byte is the high one of a last pair
  return (high1 + high2) * 256 + low1 + low2;
}

function sumLong(bytes: Uint8Array, start: number, end: number, initial: number): number {
  const { buffer, byteOffset } = bytes;
  const lead = -(byteOffset + start) & 3; // to the next word; an odd lead puts all that follows into the other half of a pair
  const count = (end - start - lead) >>> 2;
  const tail = start + lead + count * 4;
  let sum = 0;
  for (let done = 0; done < count; done += CHUNK) {
    const words = new Uint32Array(buffer, byteOffset + start + lead + done * 4, Math.min(CHUNK, count - done));
    sum = fold(sum + sumWords(words));
  }
  if (LITTLE_ENDIAN) sum = swap(sum);
  const rest = fold(sum + sumBytes(bytes, tail, end, 0)); // of fewer than 4 bytes, which pair as the words before them do
  return fold(sumBytes(bytes, start, start + lead, initial) + ((lead & 1) === 0 ? rest : swap(rest)));
}

function sumWords(words: Uint32Array): number {
  const { length } = words;
  let sum1 = 0;
  let sum2 = 0;
  let sum3 = 0;
  let sum4 = 0;
  let at = 0;
  for (; at < length - 7; at += 8) {
    sum1 += words[at]! + words[at + 4]!;
    sum2 += words[at + 1]! + words[at + 5]!;
    sum3 += words[at + 2]! + words[at + 6]!;
    sum4 += words[at + 3]! + words[at + 7]!;
  }
  for (; at < length; at++) sum1 += words[at]!;
  return sum1 + sum2 + sum3 + sum4;
}

function swap(sum: number): number {
  return ((sum & 0xff) << 8) | (sum >>> 8);
}

/** Adds the carries in, until 16 bits are left. */
function fold(sum: number): number {
  while (sum > 0xffff) sum = (sum % 0x1_0000) + Math.floor(sum / 0x1_0000);
  return sum;
}

/**
 * The sum of the pseudo header that TCP, UDP and ICMPv6 checksums begin with: RFC 9293 section 3.1, RFC 8200 section 8.1.
 * `length` is that of the upper-layer packet, header and data; for `initial` of `checksum`.
 *
 * @throws {TypeError} when the addresses are no addresses, or not of one family
 * @throws {RangeError} when protocol or length is out of range
 */
export function pseudoHeaderSum(
  source: InetAddress | string,
  destination: InetAddress | string,
  protocol: number,
  length: number,
): number {
  return pseudoSum({ source, destination }, protocol, length, "");
}

function pseudoSum({ source, destination }: PseudoHeader, protocol: number, length: number, prefix: string): number {
  const from = inetBytes(source, `${prefix}source`);
  const to = inetBytes(destination, `${prefix}destination`);
  if (from.length !== to.length) {
    throw new TypeError(
      `${prefix}source and ${prefix}destination must be of one family, not ${source} and ${destination}`,
    );
  }
  integer(protocol, "protocol", 0, 0xff);
  const checked = from.length === 4 ? uint16(length, "length") : uint32(length, "length");
  return fold(sumBytes(from, 0, from.length, 0) + sumBytes(to, 0, to.length, 0) + protocol + fold(checked));
}

function inetBytes(value: unknown, name: string): Uint8Array {
  const address = typeof value === "string" ? InetAddress.tryParse(value) : value;
  if (address instanceof InetAddress) return bytesOf(address);
  throw new TypeError(`${name} must be an IP address, not ${show(value)}`);
}

/**
 * The checksum of a header of which one field of 16 bits has changed: RFC 1624, equation 3. A field of 32 bits is two.
 *
 * @throws {TypeError | RangeError} naming `checksum`, `before` or `after`: each is from 0 to 65535
 *
 * @example
 * header.checksum = updateChecksum(header.checksum, (ttl << 8) | protocol, ((ttl - 1) << 8) | protocol);
 */
export function updateChecksum(checksum: number, before: number, after: number): number {
  const sum = (~uint16(checksum, "checksum") & 0xffff) + (~uint16(before, "before") & 0xffff) + uint16(after, "after");
  return ~fold(sum) & 0xffff;
}

/** The addresses whose pseudo header a checksum covers: those of the IP header around. */
export interface PseudoHeader {
  readonly source: InetAddress | string;
  readonly destination: InetAddress | string;
}

/**
 * @internal What a `checksum` field over a pseudo header asks for: a number to be written as it is, or the sum of the pseudo
 * header that the checksum is to be computed from.
 */
export function checksumRequest(given: unknown, protocol: number, length: number): { value: number } | { sum: number } {
  if (typeof given === "number") return { value: uint16(given, "checksum") };
  if (typeof given !== "object" || given === null) {
    throw new TypeError(
      `checksum must be a number, or { source, destination } to have it computed for these addresses, not ${show(given)}`,
    );
  }
  return { sum: pseudoSum(given as PseudoHeader, protocol, length, "checksum.") };
}
