// The header of UDP: RFC 768.

import { type PseudoHeader, checksumRequest, sumRange } from "./checksum.ts";
import { bytesIn, fieldsOf, get16, holds, put16, roomFor, uint16 } from "./fields.ts";

const HEADER = 8;
const LARGEST = 0xffff;
const IPPROTO_UDP = 17;

/** A UDP header that was read. */
export interface UdpHeader {
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Header and data, as the header says; what was captured may be less. */
  readonly length: number;
  /** 0: there is none (IPv4). */
  readonly checksum: number;
  /** A view of the data, as far as it is there. */
  readonly payload: Uint8Array;
}

/** A UDP header to write. */
export interface UdpFields {
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Default: header and payload. */
  readonly length?: number | undefined;
  /** A number is written as it is, 0 for none; or computed for the addresses of the packet. */
  readonly checksum: number | PseudoHeader;
  /** Copied behind the header. */
  readonly payload?: Uint8Array | undefined;
}

/**
 * Reads a UDP header: RFC 768. `undefined` when it is not whole, or its length is less than its own 8 bytes.
 *
 * @throws {TypeError | RangeError} when `bytes` is no Uint8Array, or `offset` not within it
 */
export function parseUdp(bytes: Uint8Array, offset = 0): UdpHeader | undefined {
  if (!holds(bytes, offset, HEADER)) return undefined;
  const length = get16(bytes, offset + 4);
  if (length < HEADER && length !== 0) return undefined;
  return Object.freeze({
    sourcePort: get16(bytes, offset),
    destinationPort: get16(bytes, offset + 2),
    length,
    checksum: get16(bytes, offset + 6),
    // 0 is the length of a jumbogram: RFC 2675 section 4
    payload: bytes.subarray(offset + HEADER, length === 0 ? bytes.length : offset + length),
  });
}

/**
 * Writes a UDP header, and the payload behind it: RFC 768. Returns how many bytes that were.
 *
 * @throws {TypeError | RangeError} naming the field that is wrong, or when there is no room; nothing is written then
 *
 * @example
 * writeUdp(bytes, 20, { sourcePort: 68, destinationPort: 67, payload, checksum: { source, destination } });
 */
export function writeUdp(bytes: Uint8Array, offset: number, fields: UdpFields): number {
  const f = fieldsOf(fields, "a UDP header");
  const sourcePort = uint16(f.sourcePort, "sourcePort");
  const destinationPort = uint16(f.destinationPort, "destinationPort");
  const payload = bytesIn(f.payload, "payload", LARGEST - HEADER);
  const size = HEADER + payload.length;
  const length = uint16(f.length ?? size, "length");
  if (length < HEADER && length !== 0) throw new RangeError(`length must be at least the header's 8, not ${length}`);
  const checksum = checksumRequest(f.checksum, IPPROTO_UDP, size);
  roomFor(bytes, offset, size, "a UDP datagram");
  bytes.set(payload, offset + HEADER);
  put16(bytes, offset, sourcePort);
  put16(bytes, offset + 2, destinationPort);
  put16(bytes, offset + 4, length);
  put16(bytes, offset + 6, "value" in checksum ? checksum.value : 0);
  // a sum of 0 is sent as its other form, because 0 says that there is none
  if ("sum" in checksum)
    put16(bytes, offset + 6, ~sumRange(bytes, offset, offset + size, checksum.sum) & 0xffff || 0xffff);
  return size;
}
