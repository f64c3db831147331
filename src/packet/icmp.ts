// ICMP and ICMPv6, which share a form: RFC 792, RFC 4443.

import { show } from "../arguments.ts";
import { type PseudoHeader, checksumRequest, sumRange } from "./checksum.ts";
import { bytesIn, fieldsOf, get16, get32, holds, put16, put32, roomFor, uint16, uint32, uint8 } from "./fields.ts";

/** Answer to a ping: RFC 792. */
export const ICMP_ECHOREPLY = 0;
/** A packet did not arrive: RFC 792. */
export const ICMP_DEST_UNREACH = 3;
/** There is a better router: RFC 792. */
export const ICMP_REDIRECT = 5;
/** A ping: RFC 792. */
export const ICMP_ECHO = 8;
/** A packet has passed too many routers: RFC 792. */
export const ICMP_TIME_EXCEEDED = 11;
/** A header is wrong: RFC 792. */
export const ICMP_PARAMETERPROB = 12;
/** A packet did not arrive: RFC 4443. */
export const ICMPV6_DEST_UNREACH = 1;
/** A packet does not fit a link; `rest` is the link's MTU: RFC 4443. */
export const ICMPV6_PKT_TOOBIG = 2;
/** A packet has passed too many routers: RFC 4443. */
export const ICMPV6_TIME_EXCEED = 3;
/** A header is wrong: RFC 4443. */
export const ICMPV6_PARAMPROB = 4;
/** A ping: RFC 4443. */
export const ICMPV6_ECHO_REQUEST = 128;
/** Answer to a ping: RFC 4443. */
export const ICMPV6_ECHO_REPLY = 129;

const HEADER = 8;
const LARGEST = 0xffff;
const IPPROTO_ICMPV6 = 58;

/** An ICMP or ICMPv6 message that was read. */
export interface IcmpMessage {
  /** ICMP_*, ICMPV6_* */
  readonly type: number;
  readonly code: number;
  readonly checksum: number;
  /** The second four bytes, which mean something else in each type: a gateway, an MTU, a pointer. */
  readonly rest: number;
  /** The upper half of `rest`: of echo messages. */
  readonly identifier: number;
  /** The lower half of `rest`: of echo messages; the MTU of an ICMP_DEST_UNREACH with code 4 (RFC 1191). */
  readonly sequence: number;
  /** A view of what follows; in errors the packet that met them, as much as there was room for. */
  readonly payload: Uint8Array;
}

/** What ICMP and ICMPv6 messages to write have in common. */
export interface IcmpFieldsBase {
  readonly type: number;
  /** Default 0. */
  readonly code?: number | undefined;
  /** All of the second four bytes; default: `identifier` and `sequence`. Where all are given they must agree. */
  readonly rest?: number | undefined;
  /** Default 0. */
  readonly identifier?: number | undefined;
  /** Default 0. */
  readonly sequence?: number | undefined;
  /** Copied behind the header. */
  readonly payload?: Uint8Array | undefined;
}

/** An ICMP message to write. */
export interface IcmpFields extends IcmpFieldsBase {
  /** Default: computed. */
  readonly checksum?: number | undefined;
}

/** An ICMPv6 message to write. */
export interface Icmpv6Fields extends IcmpFieldsBase {
  /** A number is written as it is; computed for the addresses of the packet. A raw socket's kernel puts its own there: 0. */
  readonly checksum: number | PseudoHeader;
}

/**
 * Reads an ICMP message: RFC 792. `undefined` when its 8 bytes of header are not whole.
 *
 * @throws {TypeError | RangeError} when `bytes` is no Uint8Array, or `offset` not within it
 */
export function parseIcmp(bytes: Uint8Array, offset = 0): IcmpMessage | undefined {
  if (!holds(bytes, offset, HEADER)) return undefined;
  return Object.freeze({
    type: bytes[offset]!,
    code: bytes[offset + 1]!,
    checksum: get16(bytes, offset + 2),
    rest: get32(bytes, offset + 4),
    identifier: get16(bytes, offset + 4),
    sequence: get16(bytes, offset + 6),
    payload: bytes.subarray(offset + HEADER),
  });
}

/**
 * Reads an ICMPv6 message: RFC 4443. `undefined` when its 8 bytes of header are not whole.
 *
 * @throws {TypeError | RangeError} when `bytes` is no Uint8Array, or `offset` not within it
 */
export function parseIcmpv6(bytes: Uint8Array, offset = 0): IcmpMessage | undefined {
  return parseIcmp(bytes, offset);
}

/**
 * Writes an ICMP message: RFC 792. Returns how many bytes that were.
 *
 * @throws {TypeError | RangeError} naming the field that is wrong, or when there is no room; nothing is written then
 *
 * @example
 * writeIcmp(bytes, 0, { type: ICMP_ECHO, identifier: 7, sequence: 1, payload });
 */
export function writeIcmp(bytes: Uint8Array, offset: number, fields: IcmpFields): number {
  const { checksum } = fieldsOf(fields, "an ICMP message");
  return write(bytes, offset, fields, () => (checksum === undefined ? { sum: 0 } : checksumRequest(checksum, 0, 0)));
}

/**
 * Writes an ICMPv6 message: RFC 4443. Returns how many bytes that were.
 *
 * @throws {TypeError | RangeError} naming the field that is wrong, or when there is no room; nothing is written then
 */
export function writeIcmpv6(bytes: Uint8Array, offset: number, fields: Icmpv6Fields): number {
  const { checksum } = fieldsOf(fields, "an ICMPv6 message");
  return write(bytes, offset, fields, (length) => checksumRequest(checksum, IPPROTO_ICMPV6, length));
}

function write(
  bytes: Uint8Array,
  offset: number,
  fields: IcmpFieldsBase,
  request: (length: number) => { value: number } | { sum: number },
): number {
  const type = uint8(fields.type, "type");
  const code = uint8(fields.code ?? 0, "code");
  const rest = restOf(fields);
  const payload = bytesIn(fields.payload, "payload", LARGEST - HEADER);
  const size = HEADER + payload.length;
  const checksum = request(size);
  roomFor(bytes, offset, size, "an ICMP message");
  bytes.set(payload, offset + HEADER);
  bytes[offset] = type;
  bytes[offset + 1] = code;
  put16(bytes, offset + 2, "value" in checksum ? checksum.value : 0);
  put32(bytes, offset + 4, rest);
  if ("sum" in checksum) put16(bytes, offset + 2, ~sumRange(bytes, offset, offset + size, checksum.sum) & 0xffff);
  return size;
}

function restOf({ rest, identifier, sequence }: IcmpFieldsBase): number {
  const whole = rest === undefined ? undefined : uint32(rest, "rest");
  const upper = uint16(identifier ?? (whole ?? 0) >>> 16, "identifier");
  const lower = uint16(sequence ?? (whole ?? 0) & 0xffff, "sequence");
  const halves = upper * 0x1_0000 + lower;
  if (whole === undefined || whole === halves) return halves;
  throw new RangeError(
    `rest must be left out beside identifier and sequence, or agree with ${halves}, not ${show(rest)}`,
  );
}
