// Addresses of AF_NETLINK: netlink(7).

import { codecOf, fieldsOf, hex, uint32 } from "./family.ts";
import { Encoded, nativeBytes, SocketAddress } from "./socket-address.ts";

const codec = codecOf("sockaddr_nl", "AF_NETLINK");

/** What a netlink address is made of. */
export interface NetlinkSocketAddressFields {
  /** The port ID: 0 is the kernel, and for bind(2) a free one, at first the process ID. Default 0. */
  readonly pid?: number | undefined;
  /** Multicast groups as a mask, group 1 the lowest bit. Default 0. Groups above 32: NETLINK_ADD_MEMBERSHIP. */
  readonly groups?: number | undefined;
}

/**
 * The address of a netlink socket: `struct sockaddr_nl` of netlink(7). Linux, FreeBSD.
 *
 * @example
 * socket.bind(new NetlinkSocketAddress({ groups: 1 })); // RTMGRP_LINK: told when a link changes
 */
export class NetlinkSocketAddress extends SocketAddress {
  /** @throws TypeError, RangeError naming the field; SocketError kind "not-supported" elsewhere */
  constructor(fields: NetlinkSocketAddressFields | Encoded = {}) {
    super(fields instanceof Encoded ? fields : encode(fields));
  }

  /** The port ID, 0 to 2^32-1; the kernel's is 0. */
  get pid(): number {
    return codec.get(nativeBytes(this), "nl_pid");
  }

  /** The multicast groups as a mask, 0 to 2^32-1. */
  get groups(): number {
    return codec.get(nativeBytes(this), "nl_groups");
  }

  /** `netlink pid 4711 groups 0x1` */
  override toString(): string {
    return `netlink pid ${this.pid} groups ${hex(this.groups)}`;
  }
}

function encode(fields: NetlinkSocketAddressFields): Encoded {
  const { pid = 0, groups = 0 } = fieldsOf(fields, "{ pid, groups }");
  return new Encoded(codec.encode({ nl_pid: uint32(pid, "pid"), nl_groups: uint32(groups, "groups") }));
}

/** The address in these bytes: internal. */
export function decode(bytes: Uint8Array<ArrayBuffer>): SocketAddress | undefined {
  return bytes.length < codec.size ? undefined : new NetlinkSocketAddress(new Encoded(bytes.slice(0, codec.size)));
}
