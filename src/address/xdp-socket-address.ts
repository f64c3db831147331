// Addresses of AF_XDP: Documentation/networking/af_xdp.rst of the kernel.

import { descriptor, type Descriptor } from "../arguments.ts";
import { codecOf, fieldsOf, hex, uint16, uint32 } from "./family.ts";
import { type InterfaceLike, resolveInterface } from "./interface.ts";
import { Encoded, nativeBytes, SocketAddress } from "./socket-address.ts";

const codec = codecOf("sockaddr_xdp", "AF_XDP");

/** What an XDP address is made of. */
export interface XdpSocketAddressFields {
  /** By name, index or address. */
  readonly interface: InterfaceLike;
  /** The queue of the interface. Default 0. */
  readonly queue?: number | undefined;
  /** XDP_SHARED_UMEM (1), XDP_COPY (2), XDP_ZEROCOPY (4), XDP_USE_NEED_WAKEUP (8). Default 0. */
  readonly flags?: number | undefined;
  /** The socket whose memory is shared, with XDP_SHARED_UMEM. Default 0. */
  readonly sharedUmemFd?: Descriptor | undefined;
}

/** The address of an XDP socket: `struct sockaddr_xdp` of <linux/if_xdp.h>. Linux. */
export class XdpSocketAddress extends SocketAddress {
  /**
   * @throws TypeError, RangeError naming the field
   * @throws SocketError kind "no-such-device" for an interface that is not there; "not-supported" elsewhere
   */
  constructor(fields: XdpSocketAddressFields | Encoded) {
    super(fields instanceof Encoded ? fields : encode(fields));
  }

  /** The index of the interface. */
  get interfaceIndex(): number {
    return codec.get(nativeBytes(this), "sxdp_ifindex");
  }

  /** The queue of the interface. */
  get queue(): number {
    return codec.get(nativeBytes(this), "sxdp_queue_id");
  }

  /** XDP_* flags. */
  get flags(): number {
    return codec.get(nativeBytes(this), "sxdp_flags");
  }

  /** The descriptor whose memory is shared. */
  get sharedUmemFd(): number {
    return codec.get(nativeBytes(this), "sxdp_shared_umem_fd");
  }

  /** `xdp interface 2 queue 0 flags 0x0` */
  override toString(): string {
    return `xdp interface ${this.interfaceIndex} queue ${this.queue} flags ${hex(this.flags)}`;
  }
}

function encode(fields: XdpSocketAddressFields): Encoded {
  const given = fieldsOf(fields, '{ interface: "eth0", queue: 0 }');
  const { queue = 0, flags = 0, sharedUmemFd } = given;
  return new Encoded(
    codec.encode({
      sxdp_queue_id: uint32(queue, "queue"),
      sxdp_flags: uint16(flags, "flags"),
      sxdp_shared_umem_fd: sharedUmemFd === undefined ? 0 : descriptor(sharedUmemFd, "sharedUmemFd"),
      sxdp_ifindex: resolveInterface(given.interface),
    }),
  );
}

/** The address in these bytes: internal. */
export function decode(bytes: Uint8Array<ArrayBuffer>): SocketAddress | undefined {
  return bytes.length < codec.size ? undefined : new XdpSocketAddress(new Encoded(bytes.slice(0, codec.size)));
}
