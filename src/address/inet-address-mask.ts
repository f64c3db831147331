import { integer, show } from "../arguments.ts";
import { bytesOf, InetAddress } from "./inet-address.ts";
import { inspectAsText } from "../inspect.ts";

/**
 * A range of addresses by their leading bits, a prefix of RFC 4632: `10.0.0.0/8`. Immutable.
 *
 * @example
 * const lan = InetAddressMask.parse("192.168.0.0/16");
 * lan.matches(InetAddress.parse("192.168.7.1")); // true
 */
export class InetAddressMask {
  readonly #address: InetAddress;
  readonly #length: number;

  static {
    inspectAsText(this.prototype);
  }

  /**
   * Makes the range of the addresses that share the first `length` bits of `address`, RFC 4632; all bits when left out.
   *
   * @throws {RangeError} when `length` is not a whole number from 0 to 32 (IPv4) or 128 (IPv6), when `address` has bits
   *   set after the first `length`, or has a zone
   * @throws {TypeError} when `address` is not an InetAddress, `length` not a number
   */
  constructor(address: InetAddress, length?: number) {
    checkAddress(address);
    const full = fullLength(address);
    this.#address = address;
    this.#length = length === undefined ? full : integer(length, "length", 0, full);
    const flaw = flawOf(address, this.#length);
    if (flaw !== undefined) throw new RangeError(flaw);
  }

  /**
   * Reads `"address/length"`, RFC 4632, or an address alone, which is a range of one; the address as inet_pton(3) does.
   *
   * @throws {TypeError} when the text is no address or the length no decimal number; when `text` is not a string
   * @throws {RangeError} as the constructor does
   */
  static parse(text: string): InetAddressMask {
    const [address, length] = split(text);
    const parsed = InetAddress.parse(address);
    if (!Number.isNaN(length)) return new InetAddressMask(parsed, length);
    throw new TypeError(`text must have a decimal prefix length after the slash, such as "${parsed}/8"`);
  }

  /**
   * Reads a range as `parse` does, RFC 4632, and gives `undefined` where that would refuse the text.
   *
   * @throws {TypeError} when `text` is not a string
   */
  static tryParse(text: string): InetAddressMask | undefined {
    const [address, length] = split(text);
    const parsed = InetAddress.tryParse(address);
    if (parsed === undefined) return undefined;
    const full = fullLength(parsed);
    const bits = length ?? full; // NaN and too many bits: no range
    return bits <= full && flawOf(parsed, bits) === undefined ? new InetAddressMask(parsed, bits) : undefined;
  }

  /** The first address of the range, inet(3). */
  get address(): InetAddress {
    return this.#address;
  }

  /** How many leading bits count, RFC 4632: 0 to 32 for IPv4, to 128 for IPv6. */
  get length(): number {
    return this.#length;
  }

  /**
   * Whether `address` is in the range: of the same family, with the same leading bits (RFC 4632). Its zone does not
   * count, and a v4-mapped address is an IPv6 one: ask with its `unmapped()`.
   *
   * @throws {TypeError} when `address` is not an InetAddress
   */
  matches(address: InetAddress): boolean {
    checkAddress(address);
    const bytes = bytesOf(address);
    const prefix = bytesOf(this.#address);
    if (bytes.length !== prefix.length) return false;
    return prefix.every((byte, index) => ((byte ^ bytes[index]!) & maskByte(this.#length, index)) === 0);
  }

  /** `"address/length"`, RFC 4632, without `/length` where all bits count. `parse` reads it back. */
  toString(): string {
    return this.#length === fullLength(this.#address) ? this.#address.toString() : `${this.#address}/${this.#length}`;
  }

  /** The text of `toString`, RFC 4632, for JSON.stringify. */
  toJSON(): string {
    return this.toString();
  }
}

/** The text before the slash and the number after it: NaN where that is no number, undefined without a slash. */
function split(text: string): [address: string, length: number | undefined] {
  const slash = typeof text === "string" ? text.indexOf("/") : -1; // InetAddress refuses what is not text
  if (slash < 0) return [text, undefined];
  const length = text.slice(slash + 1);
  return [text.slice(0, slash), /^(?:0|[1-9][0-9]*)$/.test(length) ? Number(length) : Number.NaN];
}

/** Why these bits of this address are no range. */
function flawOf(address: InetAddress, length: number): string | undefined {
  if (address.zone !== undefined) return `address must have no zone in a mask, not ${address}`;
  const network = InetAddress.fromBytes(address.toBytes().map((byte, index) => byte & maskByte(length, index)));
  if (network.equals(address)) return undefined;
  const advice = `write ${network}/${length} instead of ${address}/${length}`;
  return `address must have no bits set after the first ${length}: ${advice}`;
}

function checkAddress(address: unknown): void {
  if (address instanceof InetAddress) return;
  throw new TypeError(`address must be an InetAddress, not ${show(address)}: InetAddress.parse() makes one from text`);
}

function fullLength(address: InetAddress): number {
  return bytesOf(address).length * 8;
}

/** The bits of byte `index` that the first `length` bits of an address cover. */
function maskByte(length: number, index: number): number {
  return (0xff00 >> Math.min(Math.max(length - index * 8, 0), 8)) & 0xff;
}
