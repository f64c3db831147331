import { platform } from "../../ffi/platform/index.ts";
import { integer, show } from "../arguments.ts";
import { formatIPv4, formatIPv6, parseIPv4, parseIPv6 } from "./inet-text.ts";
import { inspectAsText } from "../inspect.ts";

const { AF_INET, AF_INET6 } = platform.core;
const MAXIMUM_INDEX = 0xffffffff;
// What if_nametoindex(3) could know on any OS; "%" and "]" end a zone in text, ":" starts a port.
const ZONE = /^[^\s\p{Cc}/:%[\]]+$/u;

const ours = Symbol("InetAddress");
let bytesWithin: (address: InetAddress) => Uint8Array<ArrayBuffer>;

/**
 * An IPv4 or IPv6 address, inet(3), the latter with a zone where it has one: `fe80::1%eth0`. Immutable.
 *
 * The predicates take an address as it is: `::ffff:127.0.0.1` is not a loopback address, its `unmapped()` is.
 *
 * @example
 * const address = InetAddress.parse("fe80::1%eth0");
 * address.isLinkLocal; // true
 * address.zone; // "eth0"
 */
export class InetAddress {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #zone: string | number | undefined;
  #text: string | undefined;

  static {
    bytesWithin = (address) => address.#bytes;
    inspectAsText(this.prototype);
  }

  private constructor(key: symbol, bytes: Uint8Array<ArrayBuffer>, zone?: string | number) {
    if (key !== ours) {
      throw new TypeError(
        "InetAddress has no public constructor: use InetAddress.parse(), fromBytes(), any(), loopback()",
      );
    }
    this.#bytes = bytes;
    this.#zone = zone;
  }

  /**
   * Reads an address as inet_pton(3) does, and after an IPv6 one its zone: `%` and an interface name or index
   * (RFC 4007, section 11). No names, brackets or ports; no `127.1` (that is `inetAton`).
   *
   * @throws {TypeError} when the text is no address, saying why; when `text` is not a string
   */
  static parse(text: string): InetAddress {
    const address = InetAddress.tryParse(text);
    if (address !== undefined) return address;
    throw new TypeError(`text must be an IP address ("192.0.2.1", "fe80::1%eth0"), not ${show(text)}: ${flawOf(text)}`);
  }

  /**
   * Reads an address as `parse` does, inet_pton(3), and gives `undefined` where that would refuse the text.
   *
   * @throws {TypeError} when `text` is not a string
   */
  static tryParse(text: string): InetAddress | undefined {
    if (typeof text !== "string") throw new TypeError(`text must be a string, not ${show(text)}`);
    if (!text.includes(":")) {
      const bytes = parseIPv4(text);
      return bytes && new InetAddress(ours, bytes);
    }
    const percent = text.indexOf("%");
    const bytes = parseIPv6(percent < 0 ? text : text.slice(0, percent));
    if (bytes === undefined || percent < 0) return bytes && new InetAddress(ours, bytes);
    const zone = text.slice(percent + 1);
    return ZONE.test(zone) ? new InetAddress(ours, bytes, zoneFromText(zone)) : undefined;
  }

  /**
   * Makes an address from a copy of its bytes in network order, struct in_addr or in6_addr of inet(3).
   *
   * `zone` is an interface name or index, for IPv6 only; index 0 is no zone, as in `sin6_scope_id`.
   *
   * @throws {RangeError} when there are not 4 or 16 bytes, or `zone` is a number that is no index (0 to 2^32-1)
   * @throws {TypeError} when `bytes` is not a Uint8Array, `zone` is no name, or an IPv4 address is given one
   */
  static fromBytes(bytes: Uint8Array, zone?: string | number): InetAddress {
    if (!(bytes instanceof Uint8Array)) throw new TypeError(`bytes must be a Uint8Array, not ${show(bytes)}`);
    const { length } = bytes;
    if (length !== 4 && length !== 16) {
      throw new RangeError(`bytes must be 4 bytes long for IPv4 or 16 for IPv6, not ${length}`);
    }
    if (length === 4 && zone !== undefined) throw new TypeError("zone must be left out for an IPv4 address");
    return new InetAddress(ours, copyOf(bytes), zone === undefined ? undefined : checkZone(zone));
  }

  /**
   * The address that stands for all of this host: `0.0.0.0` or `::`, INADDR_ANY of ip(7) and in6addr_any of ipv6(7).
   *
   * @throws {RangeError} when `family` is not AF_INET or AF_INET6
   */
  static any(family: number): InetAddress {
    return new InetAddress(ours, zeros(family));
  }

  /**
   * The address of this host for itself: `127.0.0.1` or `::1`, INADDR_LOOPBACK of ip(7), in6addr_loopback of ipv6(7).
   *
   * @throws {RangeError} when `family` is not AF_INET or AF_INET6
   */
  static loopback(family: number): InetAddress {
    const bytes = zeros(family);
    if (family === AF_INET) bytes[0] = 127;
    bytes[bytes.length - 1] = 1;
    return new InetAddress(ours, bytes);
  }

  /** AF_INET or AF_INET6, address_families(7): the number of this OS. */
  get family(): number {
    return this.#isIPv4 ? AF_INET : AF_INET6;
  }

  /** The zone of an IPv6 address, `sin6_scope_id` of ipv6(7): an interface index or a name not looked up yet. */
  get zone(): string | number | undefined {
    return this.#zone;
  }

  /** `0.0.0.0` or `::`: INADDR_ANY of ip(7). */
  get isAny(): boolean {
    return this.#isAll(0, 0, this.#bytes.length);
  }

  /** `127.0.0.0/8` or `::1`: ip(7), RFC 4291 section 2.5.3. */
  get isLoopback(): boolean {
    if (this.#isIPv4) return this.#bytes[0] === 127;
    return this.#isAll(0, 0, 15) && this.#bytes[15] === 1;
  }

  /** `169.254.0.0/16` (RFC 3927) or `fe80::/10` (RFC 4291): good on one link only, so IPv6 ones want a zone. */
  get isLinkLocal(): boolean {
    const [first, second] = this.#start;
    return this.#isIPv4 ? first === 169 && second === 254 : first === 0xfe && (second & 0xc0) === 0x80;
  }

  /** `10.0.0.0/8`, `172.16.0.0/12`, `192.168.0.0/16` (RFC 1918) or `fec0::/10` (which RFC 3879 retires). */
  get isSiteLocal(): boolean {
    const [first, second] = this.#start;
    if (!this.#isIPv4) return first === 0xfe && (second & 0xc0) === 0xc0;
    return first === 10 || (first === 172 && (second & 0xf0) === 16) || (first === 192 && second === 168);
  }

  /** `224.0.0.0/4` or `ff00::/8`: IN_MULTICAST of inet(3), RFC 4291 section 2.7. */
  get isMulticast(): boolean {
    const [first] = this.#start;
    return this.#isIPv4 ? (first & 0xf0) === 0xe0 : first === 0xff;
  }

  /** IPv6 multicast of global scope, `ffxe::`: RFC 4291 section 2.7. Always false for IPv4. */
  get isMulticastGlobal(): boolean {
    return this.#hasMulticastScope(0xe);
  }

  /** IPv6 multicast of link-local scope, `ffx2::`: RFC 4291 section 2.7. Always false for IPv4. */
  get isMulticastLinkLocal(): boolean {
    return this.#hasMulticastScope(0x2);
  }

  /** IPv6 multicast of node-local (interface-local) scope, `ffx1::`: RFC 4291 section 2.7. Always false for IPv4. */
  get isMulticastNodeLocal(): boolean {
    return this.#hasMulticastScope(0x1);
  }

  /** IPv6 multicast of organization-local scope, `ffx8::`: RFC 4291 section 2.7. Always false for IPv4. */
  get isMulticastOrganizationLocal(): boolean {
    return this.#hasMulticastScope(0x8);
  }

  /** IPv6 multicast of site-local scope, `ffx5::`: RFC 4291 section 2.7. Always false for IPv4. */
  get isMulticastSiteLocal(): boolean {
    return this.#hasMulticastScope(0x5);
  }

  /** `255.255.255.255`: INADDR_BROADCAST of ip(7). A subnet's own broadcast address cannot be told from its bytes. */
  get isBroadcast(): boolean {
    return this.#isIPv4 && this.#isAll(0xff, 0, 4);
  }

  /** `::ffff:0:0/96`, an IPv4 address as an AF_INET6 socket sees it: ipv6(7). */
  get isV4Mapped(): boolean {
    return !this.#isIPv4 && this.#isAll(0, 0, 10) && this.#isAll(0xff, 10, 12);
  }

  /** The v4-mapped IPv6 address of an IPv4 one, `::ffff:192.0.2.1`, ipv6(7); an IPv6 address itself. */
  mapped(): InetAddress {
    if (!this.#isIPv4) return this;
    const bytes = zeros(AF_INET6).fill(0xff, 10, 12);
    bytes.set(this.#bytes, 12);
    return new InetAddress(ours, bytes);
  }

  /** The IPv4 address within a v4-mapped IPv6 one, ipv6(7); any other address itself. */
  unmapped(): InetAddress {
    return this.isV4Mapped ? new InetAddress(ours, copyOf(this.#bytes.subarray(12))) : this;
  }

  /** A copy of the 4 or 16 bytes in network order, struct in_addr or in6_addr of inet(3). */
  toBytes(): Uint8Array<ArrayBuffer> {
    return copyOf(this.#bytes);
  }

  /**
   * Whether family, bytes and zone are the same. A zone given by name and one given by index differ: nothing is looked
   * up here (if_nametoindex(3)).
   *
   * @throws {TypeError} when `other` is not an InetAddress
   */
  equals(other: InetAddress): boolean {
    if (!(other instanceof InetAddress)) {
      throw new TypeError(`other must be an InetAddress, not ${show(other)}: InetAddress.parse() makes one from text`);
    }
    const bytes = this.#bytes;
    if (other.#bytes.length !== bytes.length || other.#zone !== this.#zone) return false;
    for (let index = 0; index < bytes.length; index++) if (other.#bytes[index] !== bytes[index]) return false;
    return true;
  }

  /** The address as text, inet_ntop(3) of glibc on every OS, with `%zone` where there is one. `parse` reads it back. */
  toString(): string {
    if (this.#text !== undefined) return this.#text;
    const text = this.#isIPv4 ? formatIPv4(this.#bytes) : formatIPv6(this.#bytes);
    return (this.#text = this.#zone === undefined ? text : `${text}%${this.#zone}`);
  }

  /** The text of `toString`, inet_ntop(3), for JSON.stringify. */
  toJSON(): string {
    return this.toString();
  }

  get #isIPv4(): boolean {
    return this.#bytes.length === 4;
  }

  get #start(): readonly [number, number] {
    return [this.#bytes[0]!, this.#bytes[1]!];
  }

  // loops: `every` of a typed array takes 200 ns, these are asked for each datagram
  #isAll(value: number, start: number, end: number): boolean {
    for (let index = start; index < end; index++) if (this.#bytes[index] !== value) return false;
    return true;
  }

  #hasMulticastScope(scope: number): boolean {
    const [first, second] = this.#start;
    return !this.#isIPv4 && first === 0xff && (second & 0xf) === scope;
  }
}

/** @internal The bytes of an address without a copy, inet(3): for reading only, by neighbours that write a sockaddr. */
export function bytesOf(address: InetAddress): Uint8Array<ArrayBuffer> {
  return bytesWithin(address);
}

function zeros(family: number): Uint8Array<ArrayBuffer> {
  if (family === AF_INET) return new Uint8Array(new ArrayBuffer(4));
  if (family === AF_INET6) return new Uint8Array(new ArrayBuffer(16));
  throw new RangeError(`family must be AF_INET (${AF_INET}) or AF_INET6 (${AF_INET6}), not ${show(family)}`);
}

function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(new ArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}

function checkZone(zone: string | number): string | number | undefined {
  if (typeof zone === "number") return integer(zone, "zone", 0, MAXIMUM_INDEX) || undefined;
  if (typeof zone === "string" && ZONE.test(zone)) return zoneFromText(zone);
  throw new TypeError(`zone must be an interface name or index, not ${show(zone)}`);
}

/** A zone that is all digits is an index; index 0 is the default zone, which is to have none (RFC 4007, section 6). */
function zoneFromText(text: string): string | number | undefined {
  const index = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  return index <= MAXIMUM_INDEX ? index || undefined : text;
}

/** Why `text` is no address: the first thing that its writer would want to hear. */
function flawOf(text: string): string {
  if (text === "") return "it is empty";
  if (text.includes("\0")) return "it holds a NUL character";
  if (/\s/.test(text)) return "it holds white space";
  if (/[[\]]/.test(text)) return "brackets and ports belong to a socket address, give the address alone";
  if (text.includes("/")) return "a prefix length is for InetAddressMask.parse()";
  const percent = text.indexOf("%");
  const address = percent < 0 ? text : text.slice(0, percent);
  if (percent >= 0 && parseIPv4(address)) return "only an IPv6 address has a zone";
  if (percent >= 0 && parseIPv6(address)) {
    return percent === text.length - 1
      ? "the zone after % is empty"
      : "the zone after % must be an interface name or index, and no port may follow";
  }
  if (/^[^:]+:[^:]*$/.test(text)) return "a port belongs to a socket address, give the address alone";
  if (text.includes(":")) return "it is not IPv6 as inet_pton(3) reads it";
  if (text.split(".").every((part) => /^(?:0x[0-9a-f]*|[0-9]*)$/i.test(part))) {
    return "IPv4 is four decimal parts of 0 to 255 without leading zeros";
  }
  if (/^[\p{L}\p{N}_.-]+$/u.test(text)) {
    return "names are not resolved here: resolve it first, for example with getAddressInfo()";
  }
  return "it is neither IPv4 nor IPv6";
}
