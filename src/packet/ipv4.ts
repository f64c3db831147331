// The header of IPv4: RFC 791, RFC 2474 and 3168 for what was the type of service.

import type { InetAddress } from "../address/inet-address.ts";
import { integer } from "../arguments.ts";
import { sumRange } from "./checksum.ts";
import {
  addressAt,
  addressBytes,
  bytesIn,
  copied,
  fieldsOf,
  flag,
  get16,
  holds,
  put16,
  roomFor,
  uint16,
  uint8,
} from "./fields.ts";

const HEADER = 20;
const MOST_OPTIONS = 40;
const LARGEST = 0xffff;
const [RESERVED, DONT_FRAGMENT, MORE_FRAGMENTS] = [0x8000, 0x4000, 0x2000] as const;

/** The header of an IPv4 packet that was read. */
export interface IPv4Header {
  /** In bytes, options included: 20 to 60. */
  readonly headerLength: number;
  /** 0 to 63: RFC 2474. */
  readonly dscp: number;
  /** 0 to 3: RFC 3168. */
  readonly ecn: number;
  /** Header and data, as the header says; what was captured may be less. */
  readonly totalLength: number;
  readonly identification: number;
  /** The bit that must be zero. */
  readonly reserved: boolean;
  readonly dontFragment: boolean;
  readonly moreFragments: boolean;
  /** In bytes, a multiple of 8. If it is not 0, `payload` does not begin with the header of the protocol. */
  readonly fragmentOffset: number;
  readonly ttl: number;
  /** IPPROTO_* */
  readonly protocol: number;
  readonly checksum: number;
  readonly source: InetAddress;
  readonly destination: InetAddress;
  /** A view of the options, padding included: `parseIPv4Options`. */
  readonly options: Uint8Array;
  /** A view of the data, as far as it is there; without what pads a short Ethernet frame. */
  readonly payload: Uint8Array;
}

/** The header of an IPv4 packet to write. What has a default may be left out. */
export interface IPv4Fields {
  readonly dscp?: number | undefined;
  readonly ecn?: number | undefined;
  /** Default: header and payload. */
  readonly totalLength?: number | undefined;
  readonly identification?: number | undefined;
  readonly reserved?: boolean | undefined;
  readonly dontFragment?: boolean | undefined;
  readonly moreFragments?: boolean | undefined;
  /** In bytes, a multiple of 8. */
  readonly fragmentOffset?: number | undefined;
  /** Default 64: RFC 1700. */
  readonly ttl?: number | undefined;
  /** IPPROTO_* */
  readonly protocol: number;
  /** Default: computed. */
  readonly checksum?: number | undefined;
  readonly source: InetAddress | string;
  readonly destination: InetAddress | string;
  /** At most 40 bytes, a multiple of 4. */
  readonly options?: Uint8Array | undefined;
  /** Copied behind the header. */
  readonly payload?: Uint8Array | undefined;
}

/** One option of an IPv4 header: RFC 791 section 3.1. */
export interface IPv4Option {
  /** 0 to 255, copied flag and class included: 7 is record route, 148 router alert. */
  readonly type: number;
  /** A view of its data, without type and length. */
  readonly data: Uint8Array;
}

/**
 * Reads the header of an IPv4 packet: RFC 791. `undefined` when it is not whole, or not of version 4. The checksum is not looked
 * at: `checksum(bytes, offset, offset + header.headerLength)` is 0 where it is right.
 *
 * @throws {TypeError | RangeError} when `bytes` is no Uint8Array, or `offset` not within it
 */
export function parseIPv4(bytes: Uint8Array, offset = 0): IPv4Header | undefined {
  if (!holds(bytes, offset, HEADER) || bytes[offset]! >>> 4 !== 4) return undefined;
  const headerLength = (bytes[offset]! & 15) * 4;
  const totalLength = get16(bytes, offset + 2);
  if (headerLength < HEADER || offset + headerLength > bytes.length) return undefined;
  // 0 is what Linux says of a packet that the card is yet to cut, when it is longer than the field can tell (BIG TCP)
  if (totalLength < headerLength && totalLength !== 0) return undefined;
  const trafficClass = bytes[offset + 1]!;
  const fragment = get16(bytes, offset + 6);
  return Object.freeze({
    headerLength,
    dscp: trafficClass >>> 2,
    ecn: trafficClass & 3,
    totalLength,
    identification: get16(bytes, offset + 4),
    reserved: (fragment & RESERVED) !== 0,
    dontFragment: (fragment & DONT_FRAGMENT) !== 0,
    moreFragments: (fragment & MORE_FRAGMENTS) !== 0,
    fragmentOffset: (fragment & 0x1fff) * 8,
    ttl: bytes[offset + 8]!,
    protocol: bytes[offset + 9]!,
    checksum: get16(bytes, offset + 10),
    source: addressAt(bytes, offset + 12, 4),
    destination: addressAt(bytes, offset + 16, 4),
    options: bytes.subarray(offset + HEADER, offset + headerLength),
    payload: bytes.subarray(offset + headerLength, totalLength === 0 ? bytes.length : offset + totalLength),
  });
}

/**
 * Writes the header of an IPv4 packet, and the payload behind it: RFC 791. Returns how many bytes that were.
 *
 * @throws {TypeError | RangeError} naming the field that is wrong, or when there is no room; nothing is written then
 *
 * @example
 * writeIPv4(bytes, 0, { protocol: IPPROTO_UDP, source: "192.0.2.1", destination: "192.0.2.2", payload });
 */
export function writeIPv4(bytes: Uint8Array, offset: number, fields: IPv4Fields): number {
  const f = fieldsOf(fields, "an IPv4 header");
  const options = copied(bytesIn(f.options, "options", MOST_OPTIONS));
  if (options.length % 4 !== 0) {
    throw new RangeError(`options must be padded to a multiple of 4 bytes (with zeros), not ${options.length}`);
  }
  const headerLength = HEADER + options.length;
  const payload = bytesIn(f.payload, "payload", LARGEST - headerLength);
  const size = headerLength + payload.length;
  const trafficClass = (integer(f.dscp ?? 0, "dscp", 0, 63) << 2) | integer(f.ecn ?? 0, "ecn", 0, 3);
  const totalLength = uint16(f.totalLength ?? size, "totalLength");
  if (totalLength < headerLength && totalLength !== 0) {
    throw new RangeError(`totalLength must be at least the header's ${headerLength}, not ${totalLength}`);
  }
  const identification = uint16(f.identification ?? 0, "identification");
  const fragment =
    (flag(f.reserved, "reserved") ? RESERVED : 0) |
    (flag(f.dontFragment, "dontFragment") ? DONT_FRAGMENT : 0) |
    (flag(f.moreFragments, "moreFragments") ? MORE_FRAGMENTS : 0) |
    (fragmentOffsetOf(f.fragmentOffset) / 8);
  const ttl = uint8(f.ttl ?? 64, "ttl");
  const protocol = uint8(f.protocol, "protocol");
  const given = f.checksum === undefined ? 0 : uint16(f.checksum, "checksum");
  const source = addressBytes(f.source, "source", 4);
  const destination = addressBytes(f.destination, "destination", 4);
  roomFor(bytes, offset, size, "an IPv4 packet");

  bytes.set(payload, offset + headerLength);
  bytes.set(options, offset + HEADER);
  bytes[offset] = 0x40 | (headerLength / 4);
  bytes[offset + 1] = trafficClass;
  put16(bytes, offset + 2, totalLength);
  put16(bytes, offset + 4, identification);
  put16(bytes, offset + 6, fragment);
  bytes[offset + 8] = ttl;
  bytes[offset + 9] = protocol;
  put16(bytes, offset + 10, given);
  bytes.set(source, offset + 12);
  bytes.set(destination, offset + 16);
  if (f.checksum === undefined) put16(bytes, offset + 10, ~sumRange(bytes, offset, offset + headerLength, 0) & 0xffff);
  return size;
}

/** @internal An offset of a fragment, in bytes. */
export function fragmentOffsetOf(value: number | undefined): number {
  const bytes = integer(value ?? 0, "fragmentOffset", 0, 0x1fff * 8);
  if (bytes % 8 === 0) return bytes;
  throw new RangeError(`fragmentOffset must be a multiple of 8 bytes, not ${bytes}`);
}

/**
 * Takes the options of an IPv4 header apart, up to the end of the list and without what pads: RFC 791 section 3.1. `undefined`
 * when a length is wrong.
 *
 * @throws {TypeError} when `options` is no Uint8Array
 */
export function parseIPv4Options(options: Uint8Array): readonly IPv4Option[] | undefined {
  return optionsOf(options)?.map(({ type, at, end }) => ({ type, data: options.subarray(at, end) }));
}

/** @internal The options of IPv4 and TCP: 0 ends the list, 1 pads, the others have a length that counts type and length. */
export function optionsOf(options: Uint8Array): { type: number; at: number; end: number }[] | undefined {
  if (!holds(options, 0, 0)) return undefined;
  const found: { type: number; at: number; end: number }[] = [];
  for (let at = 0; at < options.length;) {
    const type = options[at]!;
    if (type === 0) break;
    const length = type === 1 ? 1 : options[at + 1];
    if (length === undefined || length < (type === 1 ? 1 : 2) || at + length > options.length) return undefined;
    if (type !== 1) found.push({ type, at: at + 2, end: at + length });
    at += length;
  }
  return found;
}
