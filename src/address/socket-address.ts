// What all socket addresses have in common: they are bytes for the kernel, and plain values for us.

import { sockaddr } from "../../ffi/structs/sockaddr.ts";
import { platform } from "../../ffi/platform/index.ts";
import { show } from "../arguments.ts";
import { inspectAsText } from "../inspect.ts";

/** Bytes that are a struct sockaddr of this OS already: what the decoders of the families are made from. */
export class Encoded {
  readonly bytes: Uint8Array<ArrayBuffer>;
  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.bytes = bytes;
  }
}

let bytesInside: (address: SocketAddress) => Uint8Array<ArrayBuffer>;
const decoders = new Map<number, (bytes: Uint8Array<ArrayBuffer>) => SocketAddress | undefined>();
let decodeOther: ((bytes: Uint8Array<ArrayBuffer>) => SocketAddress) | undefined;

/** An address of any family: immutable, made of the bytes that the kernel takes. */
export abstract class SocketAddress {
  readonly #bytes: Uint8Array<ArrayBuffer>;

  /** AF_* */
  readonly family: number;

  constructor({ bytes }: Encoded) {
    this.#bytes = bytes;
    this.family = sockaddr.family(bytes) ?? platform.core.AF_UNSPEC;
  }

  static {
    bytesInside = (address) => address.#bytes;
  }

  /** The address that a struct sockaddr holds; families that berkeley does not know become a NativeSocketAddress. */
  static fromBytes(bytes: Uint8Array): SocketAddress {
    if (!(bytes instanceof Uint8Array)) throw new TypeError(`bytes must be a Uint8Array, not ${show(bytes)}`);
    const copy = new Uint8Array(new ArrayBuffer(bytes.length));
    copy.set(bytes);
    const family = sockaddr.family(copy);
    if (family === undefined) {
      throw new RangeError(`bytes must hold at least the header of a struct sockaddr, not ${bytes.length} bytes`);
    }
    const address = decodeSocketAddress(copy);
    if (address === null) throw new RangeError("bytes hold no address: the family is AF_UNSPEC");
    return address;
  }

  /** struct sockaddr of this OS: a copy. */
  toBytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice();
  }

  /** Whether the other is the same address, byte by byte. */
  equals(other: SocketAddress): boolean {
    if (!(other instanceof SocketAddress)) return false;
    const theirs = bytesInside(other);
    return this.#bytes.length === theirs.length && this.#bytes.every((byte, index) => byte === theirs[index]);
  }

  /** The address as people write it; what `"127.0.0.1:53"` or `"[::1]:53"` gives can be parsed again. */
  abstract toString(): string;

  /** The text. */
  toJSON(): string {
    return this.toString();
  }
}

inspectAsText(SocketAddress.prototype);

/** The bytes of an address without a copy, to hand to the kernel: never write to them. Internal. */
export function nativeBytes(address: SocketAddress): Uint8Array<ArrayBuffer> {
  return bytesInside(address);
}

/** Teaches `fromBytes` a family: each module of a family calls it once, so that this one need not know them. */
export function registerFamily(
  family: number,
  decode: (bytes: Uint8Array<ArrayBuffer>) => SocketAddress | undefined,
): void {
  decoders.set(family, decode);
}

/** Teaches `fromBytes` what to do with all other families. */
export function registerOther(decode: (bytes: Uint8Array<ArrayBuffer>) => SocketAddress): void {
  decodeOther = decode;
}

/** The address in these bytes, which become its own; null where the kernel gave none (no bytes, or AF_UNSPEC). */
export function decodeSocketAddress(bytes: Uint8Array<ArrayBuffer>): SocketAddress | null {
  const family = sockaddr.family(bytes);
  if (family === undefined || family === platform.core.AF_UNSPEC) return null;
  return decoders.get(family)?.(bytes) ?? (decodeOther as NonNullable<typeof decodeOther>)(bytes);
}
