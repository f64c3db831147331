// The header of TCP: RFC 9293. Its options: tcp-options.ts.

import { integer } from "../arguments.ts";
import { type PseudoHeader, checksumRequest, sumRange } from "./checksum.ts";
import { bytesIn, copied, fieldsOf, get16, get32, holds, put16, put32, roomFor, uint16, uint32 } from "./fields.ts";
import { encodeTcpOptions, type TcpOptions } from "./tcp-options.ts";

/** TCP flag: no more data from the sender. RFC 9293 section 3.1. */
export const TH_FIN = 0x01;
/** TCP flag: synchronize sequence numbers. */
export const TH_SYN = 0x02;
/** TCP flag: reset the connection. */
export const TH_RST = 0x04;
/** TCP flag: push. */
export const TH_PUSH = 0x08;
/** TCP flag: the acknowledgment number counts. */
export const TH_ACK = 0x10;
/** TCP flag: the urgent pointer counts. */
export const TH_URG = 0x20;
/** TCP flag: congestion was experienced. RFC 3168. */
export const TH_ECE = 0x40;
/** TCP flag: the congestion window was reduced. RFC 3168. */
export const TH_CWR = 0x80;

const HEADER = 20;
const MOST_OPTIONS = 40;
const LARGEST = 0xffff;
const IPPROTO_TCP = 6;

/** A TCP header that was read. */
export interface TcpHeader {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly acknowledgment: number;
  /** In bytes, options included: 20 to 60. */
  readonly headerLength: number;
  /** The bits before the flags, 0 to 15: reserved; the lowest is accurate ECN's (RFC 9768). */
  readonly reserved: number;
  /** TH_SYN | TH_ACK, ... */
  readonly flags: number;
  readonly window: number;
  readonly checksum: number;
  readonly urgentPointer: number;
  /** A view of the options, padding included: `parseTcpOptions`. */
  readonly options: Uint8Array;
  /** A view of the data, to the end of the bytes: TCP has no length of its own, so parse the payload of the IP packet. */
  readonly payload: Uint8Array;
}

/** A TCP header to write. What has a default may be left out. */
export interface TcpFields {
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Default 0. */
  readonly sequence?: number | undefined;
  /** Default 0. */
  readonly acknowledgment?: number | undefined;
  /** Default 0. */
  readonly reserved?: number | undefined;
  /** TH_SYN | TH_ACK, ... */
  readonly flags: number;
  /** Default 65535. */
  readonly window?: number | undefined;
  /** A number is written as it is; or computed for the addresses of the packet. */
  readonly checksum: number | PseudoHeader;
  /** Default 0. */
  readonly urgentPointer?: number | undefined;
  /** By name, or at most 40 bytes, a multiple of 4. */
  readonly options?: TcpOptions | Uint8Array | undefined;
  /** Copied behind the header. */
  readonly payload?: Uint8Array | undefined;
}

/**
 * Reads a TCP header: RFC 9293. `undefined` when it is not whole.
 *
 * @throws {TypeError | RangeError} when `bytes` is no Uint8Array, or `offset` not within it
 */
export function parseTcp(bytes: Uint8Array, offset = 0): TcpHeader | undefined {
  if (!holds(bytes, offset, HEADER)) return undefined;
  const headerLength = (bytes[offset + 12]! >>> 4) * 4;
  if (headerLength < HEADER || offset + headerLength > bytes.length) return undefined;
  return Object.freeze({
    sourcePort: get16(bytes, offset),
    destinationPort: get16(bytes, offset + 2),
    sequence: get32(bytes, offset + 4),
    acknowledgment: get32(bytes, offset + 8),
    headerLength,
    reserved: bytes[offset + 12]! & 15,
    flags: bytes[offset + 13]!,
    window: get16(bytes, offset + 14),
    checksum: get16(bytes, offset + 16),
    urgentPointer: get16(bytes, offset + 18),
    options: bytes.subarray(offset + HEADER, offset + headerLength),
    payload: bytes.subarray(offset + headerLength),
  });
}

/**
 * Writes a TCP header, and the payload behind it: RFC 9293. Returns how many bytes that were.
 *
 * @throws {TypeError | RangeError} naming the field that is wrong, or when there is no room; nothing is written then
 *
 * @example
 * writeTcp(bytes, 20, {
 *   sourcePort: 40000, destinationPort: 80, flags: TH_SYN,
 *   options: { maximumSegmentSize: 1460, sackPermitted: true }, checksum: { source, destination },
 * });
 */
export function writeTcp(bytes: Uint8Array, offset: number, fields: TcpFields): number {
  const f = fieldsOf(fields, "a TCP header");
  const sourcePort = uint16(f.sourcePort, "sourcePort");
  const destinationPort = uint16(f.destinationPort, "destinationPort");
  const sequence = uint32(f.sequence ?? 0, "sequence");
  const acknowledgment = uint32(f.acknowledgment ?? 0, "acknowledgment");
  const reserved = integer(f.reserved ?? 0, "reserved", 0, 15);
  const flags = integer(f.flags, "flags", 0, 0xff);
  const window = uint16(f.window ?? 0xffff, "window");
  const urgentPointer = uint16(f.urgentPointer ?? 0, "urgentPointer");
  const options = optionBytes(f.options);
  const headerLength = HEADER + options.length;
  const payload = bytesIn(f.payload, "payload", LARGEST - headerLength);
  const size = headerLength + payload.length;
  const checksum = checksumRequest(f.checksum, IPPROTO_TCP, size);
  roomFor(bytes, offset, size, "a TCP segment");

  bytes.set(payload, offset + headerLength);
  bytes.set(options, offset + HEADER);
  put16(bytes, offset, sourcePort);
  put16(bytes, offset + 2, destinationPort);
  put32(bytes, offset + 4, sequence);
  put32(bytes, offset + 8, acknowledgment);
  bytes[offset + 12] = (headerLength << 2) | reserved;
  bytes[offset + 13] = flags;
  put16(bytes, offset + 14, window);
  put16(bytes, offset + 16, "value" in checksum ? checksum.value : 0);
  put16(bytes, offset + 18, urgentPointer);
  if ("sum" in checksum) put16(bytes, offset + 16, ~sumRange(bytes, offset, offset + size, checksum.sum) & 0xffff);
  return size;
}

function optionBytes(options: TcpFields["options"]): Uint8Array {
  const raw = options === undefined || options instanceof Uint8Array;
  const bytes = bytesIn(raw ? options : encodeTcpOptions(options), "options", MOST_OPTIONS);
  if (bytes.length % 4 === 0) return raw ? copied(bytes) : bytes;
  throw new RangeError(`options must be padded to a multiple of 4 bytes (with zeros), not ${bytes.length}`);
}
