// Addresses of AF_ALG: Documentation/crypto/userspace-if.rst of the kernel.

import { show } from "../arguments.ts";
import { codecOf, fieldsOf, hex, uint32 } from "./family.ts";
import { Encoded, nativeBytes, SocketAddress } from "./socket-address.ts";

const codec = codecOf("sockaddr_alg", "AF_ALG");
const encoder = new TextEncoder();

/** What an AF_ALG address is made of. */
export interface AlgSocketAddressFields {
  /** "hash", "skcipher", "aead", "rng": at most 13 bytes. */
  readonly type: string;
  /** "sha256", "cbc(aes)": at most 63 bytes. */
  readonly name: string;
  /** salg_feat: 32 bits. Default 0. */
  readonly feature?: number | undefined;
  /** salg_mask: 32 bits. Default 0. */
  readonly mask?: number | undefined;
}

/**
 * The address of a socket to the kernel's cryptography: `struct sockaddr_alg` of <linux/if_alg.h>. Linux.
 *
 * @example
 * const algorithm = new Socket(AF_ALG, SOCK_SEQPACKET);
 * algorithm.bind(new AlgSocketAddress({ type: "hash", name: "sha256" }));
 */
export class AlgSocketAddress extends SocketAddress {
  /** @throws TypeError, RangeError naming the field; SocketError kind "not-supported" elsewhere */
  constructor(fields: AlgSocketAddressFields | Encoded) {
    super(fields instanceof Encoded ? fields : encode(fields));
  }

  /** What the algorithm is for: "hash". */
  get type(): string {
    return text(codec.slice(nativeBytes(this), "salg_type"));
  }

  /** The algorithm: "sha256". */
  get name(): string {
    return text(codec.slice(nativeBytes(this), "salg_name"));
  }

  /** salg_feat. */
  get feature(): number {
    return codec.get(nativeBytes(this), "salg_feat");
  }

  /** salg_mask. */
  get mask(): number {
    return codec.get(nativeBytes(this), "salg_mask");
  }

  /** `alg hash sha256` */
  override toString(): string {
    const extra = this.feature === 0 && this.mask === 0 ? "" : ` ${hex(this.feature)}/${hex(this.mask)}`;
    return `alg ${this.type} ${this.name}${extra}`;
  }
}

function text(bytes: Uint8Array<ArrayBuffer>): string {
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
}

function nulTerminated(value: unknown, name: string, largest: number): Uint8Array {
  if (typeof value !== "string") throw new TypeError(`${name} must be a string, not ${show(value)}`);
  if (value.includes("\0")) throw new TypeError(`${name} must not have a NUL inside: ${show(value)}`);
  const bytes = encoder.encode(value);
  if (bytes.length > largest) throw new RangeError(`${name} must have at most ${largest} bytes, not ${bytes.length}`);
  return bytes;
}

function encode(fields: AlgSocketAddressFields): Encoded {
  const { type, name, feature = 0, mask = 0 } = fieldsOf(fields, '{ type: "hash", name: "sha256" }');
  return new Encoded(
    codec.encode({
      salg_type: nulTerminated(type, "type", 13),
      salg_name: nulTerminated(name, "name", 63),
      salg_feat: uint32(feature, "feature"),
      salg_mask: uint32(mask, "mask"),
    }),
  );
}

/** The address in these bytes: internal. */
export function decode(bytes: Uint8Array<ArrayBuffer>): SocketAddress | undefined {
  if (bytes.length !== codec.size) return undefined; // longer ones have a longer name
  const terminated = ["salg_type", "salg_name"].every((field) => codec.slice(bytes, field).includes(0));
  return terminated ? new AlgSocketAddress(new Encoded(bytes)) : undefined;
}
