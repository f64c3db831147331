// Addresses of families that have no class of their own.

import { sockaddr } from "../../ffi/structs/sockaddr.ts";
import { show } from "../arguments.ts";
import { Encoded, registerOther, SocketAddress } from "./socket-address.ts";

/** An address of any family as raw bytes: struct sockaddr of this OS, header included. */
export class NativeSocketAddress extends SocketAddress {
  /**
   * Takes a copy of the bytes.
   *
   * @throws TypeError, RangeError when they do not even hold a header
   */
  constructor(bytes: Uint8Array | Encoded) {
    super(bytes instanceof Encoded ? bytes : copyOf(bytes));
  }

  /** `family 38 [26 00 ...]` */
  override toString(): string {
    return `family ${this.family} [${this.toBytes().toHex()}]`;
  }
}

function copyOf(bytes: unknown): Encoded {
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`bytes must be a Uint8Array, not ${show(bytes)}`);
  const copy = new Uint8Array(new ArrayBuffer(bytes.length));
  copy.set(bytes);
  if (sockaddr.family(copy) === undefined) {
    throw new RangeError(`bytes must hold at least the header of a struct sockaddr, not ${bytes.length} bytes`);
  }
  return new Encoded(copy);
}

registerOther((bytes) => new NativeSocketAddress(new Encoded(bytes)));
