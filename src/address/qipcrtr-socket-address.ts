// Addresses of AF_QIPCRTR: <linux/qrtr.h>.

import { codecOf, fieldsOf, uint32 } from "./family.ts";
import { Encoded, nativeBytes, SocketAddress } from "./socket-address.ts";

const codec = codecOf("sockaddr_qrtr", "AF_QIPCRTR");

/** What a Qualcomm IPC router address is made of. */
export interface QipcrtrSocketAddressFields {
  /** 32 bits. */
  readonly node: number;
  /** 32 bits. */
  readonly port: number;
}

/** The address of a socket to Qualcomm's IPC router: `struct sockaddr_qrtr` of <linux/qrtr.h>. Linux. */
export class QipcrtrSocketAddress extends SocketAddress {
  /** @throws TypeError, RangeError naming the field; SocketError kind "not-supported" elsewhere */
  constructor(fields: QipcrtrSocketAddressFields | Encoded) {
    super(fields instanceof Encoded ? fields : encode(fields));
  }

  /** The node, 0 to 2^32-1. */
  get node(): number {
    return codec.get(nativeBytes(this), "sq_node");
  }

  /** The port, 0 to 2^32-1. */
  get port(): number {
    return codec.get(nativeBytes(this), "sq_port");
  }

  /** `qipcrtr 1:2` */
  override toString(): string {
    return `qipcrtr ${this.node}:${this.port}`;
  }
}

function encode(fields: QipcrtrSocketAddressFields): Encoded {
  const { node, port } = fieldsOf(fields, "{ node, port }");
  return new Encoded(codec.encode({ sq_node: uint32(node, "node"), sq_port: uint32(port, "port") }));
}

/** The address in these bytes: internal. */
export function decode(bytes: Uint8Array<ArrayBuffer>): SocketAddress | undefined {
  return bytes.length < codec.size ? undefined : new QipcrtrSocketAddress(new Encoded(bytes.slice(0, codec.size)));
}
