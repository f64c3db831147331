// The header of IPv6 and its extension headers: RFC 8200.

import type { InetAddress } from "../address/inet-address.ts";
import { integer, show } from "../arguments.ts";
import {
  addressAt,
  addressBytes,
  bufferOf,
  bytesIn,
  copied,
  fieldsOf,
  get16,
  get32,
  holds,
  put16,
  put32,
  roomFor,
  uint16,
  uint8,
} from "./fields.ts";

const HEADER = 40;
const LARGEST = 0xffff;
const FRAGMENT = 44;
const AUTHENTICATION = 51;
// What has another header behind it, iana.org "IPv6 Extension Header Types": hop-by-hop, routing, fragment, authentication,
// destination options, mobility, host identity, shim6. Encapsulating security (50) hides what follows, so it ends the walk.
const EXTENSIONS: ReadonlySet<number> = new Set([0, 43, FRAGMENT, AUTHENTICATION, 60, 135, 139, 140]);

/** An extension header: RFC 8200 section 4. */
export interface IPv6Extension {
  /** 0 hop-by-hop, 43 routing, 44 fragment, 51 authentication, 60 destination options, ... */
  readonly type: number;
  /** All of it: a view that begins with the type of the next header. Writing puts the right one there. */
  readonly bytes: Uint8Array;
}

/** What a fragment header says: RFC 8200 section 4.5. */
export interface IPv6Fragment {
  /** In bytes, a multiple of 8. If it is not 0, `payload` does not begin with the header of the protocol. */
  readonly offset: number;
  readonly moreFragments: boolean;
  readonly identification: number;
}

/** The headers of an IPv6 packet that was read. */
export interface IPv6Header {
  /** In bytes, extension headers included: 40 or more. */
  readonly headerLength: number;
  /** 0 to 63: RFC 2474. */
  readonly dscp: number;
  /** 0 to 3: RFC 3168. */
  readonly ecn: number;
  /** 0 to 2^20-1: RFC 6437. */
  readonly flowLabel: number;
  /** Extension headers and data, as the header says; what was captured may be less. */
  readonly payloadLength: number;
  readonly hopLimit: number;
  readonly source: InetAddress;
  readonly destination: InetAddress;
  /** In the order of the packet. */
  readonly extensions: readonly IPv6Extension[];
  /** What the last header says is next, IPPROTO_*; 59 for nothing. */
  readonly protocol: number;
  /** That of the fragment header among the extensions, if there is one. */
  readonly fragment: IPv6Fragment | undefined;
  /** A view of the data behind all headers, as far as it is there; without what pads a short Ethernet frame. */
  readonly payload: Uint8Array;
}

/** The headers of an IPv6 packet to write. What has a default may be left out. */
export interface IPv6Fields {
  readonly dscp?: number | undefined;
  readonly ecn?: number | undefined;
  readonly flowLabel?: number | undefined;
  /** Default: extension headers and payload. */
  readonly payloadLength?: number | undefined;
  /** Default 64. */
  readonly hopLimit?: number | undefined;
  readonly source: InetAddress | string;
  readonly destination: InetAddress | string;
  readonly extensions?: readonly IPv6Extension[] | undefined;
  /** What comes behind the last header, IPPROTO_*. */
  readonly protocol: number;
  /** Copied behind the headers. */
  readonly payload?: Uint8Array | undefined;
}

/**
 * Reads the header of an IPv6 packet and walks its extension headers: RFC 8200. `undefined` when one of them is not whole, or the
 * version is not 6.
 *
 * @throws {TypeError | RangeError} when `bytes` is no Uint8Array, or `offset` not within it
 */
export function parseIPv6(bytes: Uint8Array, offset = 0): IPv6Header | undefined {
  if (!holds(bytes, offset, HEADER) || bytes[offset]! >>> 4 !== 6) return undefined;
  const first = get32(bytes, offset);
  const trafficClass = (first >>> 20) & 0xff;
  const payloadLength = get16(bytes, offset + 4);
  const nextHeader = bytes[offset + 6]!;
  // 0 before hop-by-hop options is a jumbogram (RFC 2675), and what Linux says of a packet that is yet to be cut (BIG TCP)
  const jumbo = payloadLength === 0 && nextHeader === 0;
  const end = jumbo ? bytes.length : Math.min(bytes.length, offset + HEADER + payloadLength);
  const chain = walk(bytes, offset + HEADER, end, nextHeader);
  if (chain === undefined) return undefined;
  const { extensions, protocol, at } = chain;
  const fragment = extensions.find(({ type }) => type === FRAGMENT);
  return Object.freeze({
    headerLength: at - offset,
    dscp: trafficClass >>> 2,
    ecn: trafficClass & 3,
    flowLabel: first & 0xf_ffff,
    payloadLength,
    hopLimit: bytes[offset + 7]!,
    source: addressAt(bytes, offset + 8, 16),
    destination: addressAt(bytes, offset + 24, 16),
    extensions,
    protocol,
    fragment: fragment && fragmentIn(fragment.bytes),
    payload: bytes.subarray(at, end),
  });
}

interface Chain {
  readonly extensions: IPv6Extension[];
  readonly protocol: number;
  readonly at: number;
}

// Ends: every header is at least 8 bytes long.
function walk(bytes: Uint8Array, start: number, end: number, nextHeader: number): Chain | undefined {
  const extensions: IPv6Extension[] = [];
  let [at, protocol, later] = [start, nextHeader, false];
  while (EXTENSIONS.has(protocol) && !later) {
    if (at + 8 > end) return undefined;
    const length = extensionLength(protocol, bytes[at + 1]!);
    if (at + length > end) return undefined;
    const extension = { type: protocol, bytes: bytes.subarray(at, at + length) };
    extensions.push(extension);
    // what follows a later fragment's header is the middle of something
    later = protocol === FRAGMENT && fragmentIn(extension.bytes).offset > 0;
    protocol = bytes[at]!;
    at += length;
  }
  return { extensions, protocol, at };
}

/** In units of 8 bytes beyond the first; of 4 beyond the first two for authentication (RFC 4302); fragments have no length. */
function extensionLength(type: number, units: number): number {
  if (type === FRAGMENT) return 8;
  return type === AUTHENTICATION ? (units + 2) * 4 : (units + 1) * 8;
}

function fragmentIn(bytes: Uint8Array): IPv6Fragment {
  const word = get16(bytes, 2);
  return { offset: word & 0xfff8, moreFragments: (word & 1) !== 0, identification: get32(bytes, 4) };
}

/**
 * Writes the headers of an IPv6 packet, and the payload behind them: RFC 8200. Returns how many bytes that were.
 *
 * @throws {TypeError | RangeError} naming the field that is wrong, or when there is no room; nothing is written then
 */
export function writeIPv6(bytes: Uint8Array, offset: number, fields: IPv6Fields): number {
  const f = fieldsOf(fields, "an IPv6 header");
  const extensions = (f.extensions ?? []) as unknown;
  if (!Array.isArray(extensions)) throw new TypeError(`extensions must be an array, not ${show(extensions)}`);
  const chain = extensions.map((extension, index) => checkExtension(extension, `extensions[${index}]`));
  const extra = chain.reduce((sum, extension) => sum + extension.bytes.length, 0);
  const payload = bytesIn(f.payload, "payload", LARGEST - Math.min(extra, LARGEST));
  const size = HEADER + extra + payload.length;
  const trafficClass = (integer(f.dscp ?? 0, "dscp", 0, 63) << 2) | integer(f.ecn ?? 0, "ecn", 0, 3);
  const flowLabel = integer(f.flowLabel ?? 0, "flowLabel", 0, 0xf_ffff);
  const payloadLength = uint16(f.payloadLength ?? size - HEADER, "payloadLength");
  const hopLimit = uint8(f.hopLimit ?? 64, "hopLimit");
  const protocol = uint8(f.protocol, "protocol");
  const source = addressBytes(f.source, "source", 16);
  const destination = addressBytes(f.destination, "destination", 16);
  roomFor(bytes, offset, size, "an IPv6 packet");

  bytes.set(payload, offset + HEADER + extra);
  let at = offset + HEADER;
  chain.forEach((extension, index) => {
    bytes.set(extension.bytes, at);
    bytes[at] = chain[index + 1]?.type ?? protocol;
    at += extension.bytes.length;
  });
  put32(bytes, offset, ((6 << 28) | (trafficClass << 20) | flowLabel) >>> 0);
  put16(bytes, offset + 4, payloadLength);
  bytes[offset + 6] = chain[0]?.type ?? protocol;
  bytes[offset + 7] = hopLimit;
  bytes.set(source, offset + 8);
  bytes.set(destination, offset + 24);
  return size;
}

function checkExtension(extension: unknown, name: string): IPv6Extension {
  if (typeof extension !== "object" || extension === null) {
    throw new TypeError(`${name} must be { type, bytes }, not ${show(extension)}`);
  }
  const { type, bytes } = extension as IPv6Extension;
  if (!EXTENSIONS.has(uint8(type, `${name}.type`))) {
    throw new RangeError(`${name}.type must be one of ${[...EXTENSIONS].join(", ")}, not ${type}`);
  }
  const { length } = bufferOf(bytes, `${name}.bytes`);
  const wanted = length < 8 ? 8 : extensionLength(type, bytes[1]!);
  if (length === wanted) return { type, bytes: copied(bytes) };
  throw new RangeError(`${name}.bytes must be as long as its length field says, ${wanted} bytes, not ${length}`);
}
