// Addresses of AF_MCTP: Documentation/networking/mctp.rst of the kernel.

import { codecOf, fieldsOf, uint32, uint8 } from "./family.ts";
import { Encoded, nativeBytes, SocketAddress } from "./socket-address.ts";

const codec = codecOf("sockaddr_mctp", "AF_MCTP");
const ANY = 0xff;

/** What an MCTP address is made of. */
export interface MctpSocketAddressFields {
  /** 32 bits. Default MCTP_NET_ANY, 0. */
  readonly network?: number | undefined;
  /** The endpoint ID, 0 to 255. Default MCTP_ADDR_ANY, 255. */
  readonly address?: number | undefined;
  /** The message type, 0 to 255. */
  readonly type: number;
  /** The tag, with MCTP_TAG_OWNER (8) in it for a request. Default 0. */
  readonly tag?: number | undefined;
}

/** The address of a Management Component Transport Protocol socket: `struct sockaddr_mctp` of <linux/mctp.h>. Linux 5.15. */
export class MctpSocketAddress extends SocketAddress {
  /** @throws TypeError, RangeError naming the field; SocketError kind "not-supported" elsewhere */
  constructor(fields: MctpSocketAddressFields | Encoded) {
    super(fields instanceof Encoded ? fields : encode(fields));
  }

  /** The network; 0 for any. */
  get network(): number {
    return codec.get(nativeBytes(this), "smctp_network");
  }

  /** The endpoint ID; 255 for any. */
  get address(): number {
    return codec.get(nativeBytes(this), "smctp_addr");
  }

  /** The message type. */
  get type(): number {
    return codec.get(nativeBytes(this), "smctp_type");
  }

  /** The tag. */
  get tag(): number {
    return codec.get(nativeBytes(this), "smctp_tag");
  }

  /** `mctp network 1 address 8 type 1` */
  override toString(): string {
    return `mctp network ${this.network} address ${this.address} type ${this.type}`;
  }
}

function encode(fields: MctpSocketAddressFields): Encoded {
  const { network = 0, address = ANY, type, tag = 0 } = fieldsOf(fields, "{ type }");
  return new Encoded(
    codec.encode({
      smctp_network: uint32(network, "network"),
      smctp_addr: uint8(address, "address"),
      smctp_type: uint8(type, "type"),
      smctp_tag: uint8(tag, "tag"),
    }),
  );
}

/** The address in these bytes: internal. */
export function decode(bytes: Uint8Array<ArrayBuffer>): SocketAddress | undefined {
  return bytes.length < codec.size ? undefined : new MctpSocketAddress(new Encoded(bytes.slice(0, codec.size)));
}
