// Attributes of netlink messages: struct nlattr of netlink(7), type, length and value, one after the other.

import { LITTLE_ENDIAN } from "../../ffi/memory.ts";
import { integer, show } from "../arguments.ts";

const HEADER = 4; // sizeof(struct nlattr)
const LARGEST = 0xffff - HEADER; // nla_len is 16 bits and counts the header
const NESTED = 0x8000; // NLA_F_NESTED
const NETWORK_ORDER = 0x4000; // NLA_F_NET_BYTEORDER
const TYPE = 0x3fff; // NLA_TYPE_MASK
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** One attribute, as it was received. */
export interface NetlinkAttribute {
  /** 0 to 16383. */
  readonly type: number;
  /** NLA_F_NESTED was set: the value is attributes. Old ones are nested without saying so. */
  readonly nested: boolean;
  /** NLA_F_NET_BYTEORDER was set. */
  readonly networkOrder: boolean;
  /** A view on the message. */
  readonly value: Uint8Array;
}

/**
 * What an attribute is given: bytes as they are, text (a NUL is added), a number of 32 bits, a bigint of 64, true (no value at all), or
 * attributes, which are nested.
 */
export type AttributeValue = Uint8Array | string | number | bigint | true | Attributes;

/** Attributes to send, in their order: `[[IFLA_IFNAME, "veth0"], [IFLA_MTU, 1400]]`. */
export type Attributes = readonly (readonly [type: number, value: AttributeValue])[];

/** How many bytes a part takes: NLMSG_ALIGN of netlink(3). */
export const aligned = (length: number): number => (length + 3) & ~3;

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Checks the bytes that something is read from. */
export function bytesOf(value: unknown, name: string): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new TypeError(`${name} must be a Uint8Array, not ${show(value)}`);
}

/**
 * The attributes that stand in these bytes from an offset on, netlink(7); `undefined` when one of them is cut off or shorter than its
 * header. Nothing outside is read.
 *
 * @throws TypeError, RangeError when `bytes` is no Uint8Array or `offset` no integer from 0 on
 */
export function parseAttributes(bytes: Uint8Array, offset = 0): NetlinkAttribute[] | undefined {
  bytesOf(bytes, "bytes");
  integer(offset, "offset", 0, Number.MAX_SAFE_INTEGER);
  const found: NetlinkAttribute[] = [];
  const view = viewOf(bytes);
  for (let at = offset; at < bytes.length;) {
    if (at + HEADER > bytes.length) return undefined;
    const length = view.getUint16(at, LITTLE_ENDIAN);
    const type = view.getUint16(at + 2, LITTLE_ENDIAN);
    if (length < HEADER || at + length > bytes.length) return undefined;
    found.push({
      type: type & TYPE,
      nested: (type & NESTED) !== 0,
      networkOrder: (type & NETWORK_ORDER) !== 0,
      value: bytes.subarray(at + HEADER, at + length),
    });
    at += aligned(length);
  }
  return found;
}

/**
 * The same by type: of several with one type the last one, as the kernel takes them. `undefined` for what is malformed.
 *
 * @throws as `parseAttributes`
 */
export function attributeMap(bytes: Uint8Array, offset = 0): ReadonlyMap<number, Uint8Array> | undefined {
  const found = parseAttributes(bytes, offset);
  return found && new Map(found.map(({ type, value }) => [type, value]));
}

/**
 * The number in an attribute of 1, 2, 4 or 8 bytes in host order; above 2^53 it is not exact. `undefined` for another length.
 *
 * @throws TypeError for what is neither bytes nor undefined
 */
export function attributeNumber(value: Uint8Array | undefined): number | undefined {
  const bytes = value === undefined ? undefined : bytesOf(value, "value");
  switch (bytes?.length) {
    case 1:
      return bytes[0];
    case 2:
      return viewOf(bytes).getUint16(0, LITTLE_ENDIAN);
    case 4:
      return viewOf(bytes).getUint32(0, LITTLE_ENDIAN);
    case 8:
      return Number(viewOf(bytes).getBigUint64(0, LITTLE_ENDIAN));
    default:
      return undefined;
  }
}

/** The text in an attribute, UTF-8 up to its NUL. @throws TypeError for what is neither bytes nor undefined */
export function attributeText(value: Uint8Array | undefined): string | undefined {
  if (value === undefined) return undefined;
  const bytes = bytesOf(value, "value");
  const end = bytes.indexOf(0);
  return decoder.decode(end === -1 ? bytes : bytes.subarray(0, end));
}

/**
 * The bytes of attributes, aligned as the kernel wants them: netlink(7).
 *
 * @throws TypeError, RangeError naming the attribute: a type beyond 0 to 16383, a value of more than 65,531 bytes
 */
export function encodeAttributes(attributes: Attributes): Uint8Array<ArrayBuffer> {
  if (!Array.isArray(attributes)) throw new TypeError(`attributes must be a list of pairs, not ${show(attributes)}`);
  const parts = (attributes as readonly unknown[]).map((pair, index) => {
    if (!Array.isArray(pair) || pair.length !== 2) {
      throw new TypeError(`attributes[${index}] must be a pair, [type, value], not ${show(pair)}`);
    }
    const [type, value] = pair as [number, AttributeValue];
    integer(type, "type of an attribute", 0, TYPE);
    const bytes = valueBytes(type, value);
    if (bytes.length > LARGEST) {
      throw new RangeError(`attribute ${type} must have at most ${LARGEST} bytes, not ${bytes.length}`);
    }
    return { type: Array.isArray(value) ? type | NESTED : type, bytes };
  });
  const size = parts.reduce((sum, { bytes }) => sum + aligned(HEADER + bytes.length), 0);
  const whole = new Uint8Array(new ArrayBuffer(size));
  const view = viewOf(whole);
  let at = 0;
  for (const { type, bytes } of parts) {
    view.setUint16(at, HEADER + bytes.length, LITTLE_ENDIAN);
    view.setUint16(at + 2, type, LITTLE_ENDIAN);
    whole.set(bytes, at + HEADER);
    at += aligned(HEADER + bytes.length);
  }
  return whole;
}

function valueBytes(type: number, value: AttributeValue): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (value === true) return new Uint8Array();
  if (typeof value === "string") {
    if (value.includes("\0")) throw new TypeError(`attribute ${type} must not have a NUL inside`);
    return encoder.encode(`${value}\0`);
  }
  if (typeof value === "number") {
    const bytes = new Uint8Array(4);
    viewOf(bytes).setUint32(0, integer(value, `attribute ${type}`, -0x8000_0000, 0xffff_ffff) >>> 0, LITTLE_ENDIAN);
    return bytes;
  }
  if (typeof value === "bigint") {
    if (BigInt.asUintN(64, value) !== value) throw new RangeError(`attribute ${type} must be from 0 to 2^64-1`);
    const bytes = new Uint8Array(8);
    viewOf(bytes).setBigUint64(0, value, LITTLE_ENDIAN);
    return bytes;
  }
  if (Array.isArray(value)) return encodeAttributes(value as Attributes);
  throw new TypeError(
    `attribute ${type} must be bytes, text, a number, a bigint, true or attributes, not ${show(value)}`,
  );
}
