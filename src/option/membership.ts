// Multicast membership as options: ip(7), ipv6(7), RFC 3678. The struct differs by option, family and system.

import { setUint } from "../../ffi/layout.ts";
import type { Field, Platform } from "../../ffi/platform/platform.ts";
import { linuxGroupFilter } from "../../ffi/structs/option-values.ts";
import { sockaddrCodec } from "../../ffi/structs/sockaddr.ts";
import { InetAddress, type InterfaceLike, resolveInterface } from "../address/index.ts";
import { bytesOf } from "../address/inet-address.ts";
import { integer, show } from "../arguments.ts";
import { allocate, type Bytes, interfaceAsAddress, record, type WriteCodec } from "./codecs.ts";

/** A group, and the interface on which to hear it. */
export interface GroupMembership {
  /** A multicast address of the option's family, or its text. */
  readonly group: InetAddress | string;
  /** By name, index or address. If absent: the zone of an IPv6 group, or what the kernel's routes say. */
  readonly interface?: InterfaceLike | undefined;
}

/** The same for what one sender sends to the group. */
export interface SourceMembership extends GroupMembership {
  /** The sender: a unicast address of the group's family, or its text. */
  readonly source: InetAddress | string;
}

/** The whole filter of a group that was joined: from whom to hear it. */
export interface SourceFilter extends GroupMembership {
  /** "include": these sources only. "exclude": all but these. */
  readonly mode: "include" | "exclude";
  readonly sources: readonly (InetAddress | string)[];
}

/** An anycast address and the interface that gets it. */
export interface AnycastMembership {
  /** An IPv6 unicast address, or its text. */
  readonly address: InetAddress | string;
  /** By name, index or address; if absent the kernel's routes decide. */
  readonly interface?: InterfaceLike | undefined;
}

/** Which family an option is for. */
export type Family = "AF_INET" | "AF_INET6";

/** An address of the family, or TypeError naming the field. */
export function addressIn(value: InetAddress | string | undefined, name: string, family: Family): InetAddress {
  const address = typeof value === "string" ? InetAddress.tryParse(value) : value;
  if (address instanceof InetAddress && (bytesOf(address).length === 4) === (family === "AF_INET")) return address;
  const version = family === "AF_INET" ? "IPv4" : "IPv6";
  const hint = address instanceof InetAddress ? `; for ${address} there is an option of the other family` : "";
  throw new TypeError(`${name} must be an ${version} address, not ${describe(value)}${hint}`);
}

function describe(value: unknown): string {
  return value instanceof InetAddress ? String(value) : show(value);
}

function groupIn(value: InetAddress | string, name: string, family: Family): InetAddress {
  const group = addressIn(value, `${name}.group`, family);
  if (group.isMulticast) return group;
  const range = family === "AF_INET" ? "224.0.0.0 to 239.255.255.255" : "ff00::/8";
  throw new RangeError(`${name}.group must be a multicast address (${range}), not ${group}`);
}

function sourceIn(value: InetAddress | string | undefined, name: string, family: Family): InetAddress {
  const source = addressIn(value, name, family);
  if (!source.isMulticast && !source.isAny) return source;
  throw new RangeError(`${name} must be the address of one sender, not ${source}`);
}

/** The interface of a membership: the one named, or that of the group's zone; 0 leaves it to the kernel. */
function interfaceOf(given: InterfaceLike | undefined, address: InetAddress, name: string): number {
  const zone = address.zone === undefined ? 0 : resolveInterface(address.zone, `${name}.group`);
  const index = given === undefined ? 0 : resolveInterface(given, `${name}.interface`);
  if (zone !== 0 && index !== 0 && zone !== index) {
    throw new RangeError(`${name}.interface is ${index}, but the zone of ${address} is interface ${zone}`);
  }
  return index || zone;
}

const MEMBERSHIP = "{ group, interface? }";
const SOURCE_MEMBERSHIP = "{ group, source, interface? }";

function put(bytes: Bytes, [offset]: Field, part: Uint8Array): void {
  bytes.set(part, offset);
}

/** The address as a struct sockaddr of that platform, without port. */
export function sockaddrOf(address: InetAddress, platform: Platform): Bytes {
  const bytes = bytesOf(address);
  const codec = sockaddrCodec(platform);
  if (bytes.length === 4) return codec.encodeInet(bytes, 0);
  return codec.encodeInet6({ address: bytes, port: 0, flowInfo: 0, scopeId: 0 });
}

/** IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP: struct ip_mreqn with an index, or struct ip_mreq with what stands for it. */
export const ipv4Membership: WriteCodec<GroupMembership> = {
  encode(value, name, platform) {
    const { group: given, interface: on } = record(value, name, MEMBERSHIP);
    const group = groupIn(given, name, "AF_INET");
    const index = interfaceOf(on, group, name);
    const { ip_mreq, ip_mreqn } = platform.structs;
    if (platform.membership === "ip_mreqn" && ip_mreqn !== undefined) {
      const { bytes, view } = allocate(ip_mreqn.size);
      put(bytes, ip_mreqn.fields.imr_multiaddr, bytesOf(group));
      setUint(view, 0, ip_mreqn.fields.imr_ifindex, index);
      return bytes;
    }
    const { bytes } = allocate(ip_mreq.size);
    put(bytes, ip_mreq.fields.imr_multiaddr, bytesOf(group));
    put(bytes, ip_mreq.fields.imr_interface, interfaceAsAddress(index, platform));
    return bytes;
  },
};

/** IP_ADD_SOURCE_MEMBERSHIP and its kin: struct ip_mreq_source, whose fields every system orders as it likes. */
export const ipv4SourceMembership: WriteCodec<SourceMembership> = {
  encode(value, name, platform) {
    const { group: given, source, interface: on } = record(value, name, SOURCE_MEMBERSHIP);
    const group = groupIn(given, name, "AF_INET");
    const sender = sourceIn(source, `${name}.source`, "AF_INET");
    const { size, fields } = platform.structs.ip_mreq_source;
    const { bytes } = allocate(size);
    put(bytes, fields.imr_multiaddr, bytesOf(group));
    put(bytes, fields.imr_sourceaddr, bytesOf(sender));
    put(bytes, fields.imr_interface, interfaceAsAddress(interfaceOf(on, group, name), platform));
    return bytes;
  },
};

function ipv6Mreq(address: InetAddress, index: number, { structs: { ipv6_mreq } }: Platform): Bytes {
  const { bytes, view } = allocate(ipv6_mreq.size);
  put(bytes, ipv6_mreq.fields.ipv6mr_multiaddr, bytesOf(address));
  setUint(view, 0, ipv6_mreq.fields.ipv6mr_interface, index);
  return bytes;
}

/** IPV6_JOIN_GROUP, IPV6_LEAVE_GROUP: struct ipv6_mreq. */
export const ipv6Membership: WriteCodec<GroupMembership> = {
  encode(value, name, platform) {
    const { group: given, interface: on } = record(value, name, MEMBERSHIP);
    const group = groupIn(given, name, "AF_INET6");
    return ipv6Mreq(group, interfaceOf(on, group, name), platform);
  },
};

/** IPV6_JOIN_ANYCAST, IPV6_LEAVE_ANYCAST: struct ipv6_mreq with a unicast address. */
export const anycastMembership: WriteCodec<AnycastMembership> = {
  encode(value, name, platform) {
    const { address: given, interface: on } = record(value, name, "{ address, interface? }");
    const address = sourceIn(given, `${name}.address`, "AF_INET6");
    return ipv6Mreq(address, interfaceOf(on, address, name), platform);
  },
};

/** MCAST_JOIN_GROUP, MCAST_LEAVE_GROUP: struct group_req. */
export function groupRequest(family: Family): WriteCodec<GroupMembership> {
  return {
    encode(value, name, platform) {
      const { group: given, interface: on } = record(value, name, MEMBERSHIP);
      const group = groupIn(given, name, family);
      const { size, fields } = platform.structs.group_req;
      const { bytes, view } = allocate(size);
      setUint(view, 0, fields.gr_interface, interfaceOf(on, group, name));
      put(bytes, fields.gr_group, sockaddrOf(group, platform));
      return bytes;
    },
  };
}

/** MCAST_JOIN_SOURCE_GROUP and its kin: struct group_source_req. */
export function groupSourceRequest(family: Family): WriteCodec<SourceMembership> {
  return {
    encode(value, name, platform) {
      const { group: given, source, interface: on } = record(value, name, SOURCE_MEMBERSHIP);
      const group = groupIn(given, name, family);
      const sender = sourceIn(source, `${name}.source`, family);
      const { size, fields } = platform.structs.group_source_req;
      const { bytes, view } = allocate(size);
      setUint(view, 0, fields.gsr_interface, interfaceOf(on, group, name));
      put(bytes, fields.gsr_group, sockaddrOf(group, platform));
      put(bytes, fields.gsr_source, sockaddrOf(sender, platform));
      return bytes;
    },
  };
}

// As much as optmem_max could ever let in: the kernel's own limit is igmp_max_msf, or mld_max_msf (10 and 64).
const MAXIMUM_SOURCES = 8192;

/** MCAST_MSFILTER of Linux: struct group_filter with its list. */
export function groupFilter(family: Family): WriteCodec<SourceFilter> {
  return {
    encode(value, name, platform) {
      const {
        group: given,
        mode,
        sources,
        interface: on,
      } = record(value, name, "{ group, mode, sources, interface? }");
      const group = groupIn(given, name, family);
      const { MCAST_INCLUDE, MCAST_EXCLUDE } = platform.constants;
      if (mode !== "include" && mode !== "exclude") {
        throw new TypeError(`${name}.mode must be "include" or "exclude", not ${show(mode)}`);
      }
      if (!Array.isArray(sources)) throw new TypeError(`${name}.sources must be an array, not ${show(sources)}`);
      integer(sources.length, `${name}.sources.length`, 0, MAXIMUM_SOURCES);
      const { fields } = linuxGroupFilter;
      const [start, step] = fields.gf_slist;
      const { bytes, view } = allocate(start + step * sources.length);
      setUint(view, 0, fields.gf_interface, interfaceOf(on, group, name));
      setUint(view, 0, fields.gf_fmode, mode === "include" ? MCAST_INCLUDE : MCAST_EXCLUDE);
      setUint(view, 0, fields.gf_numsrc, sources.length);
      put(bytes, fields.gf_group, sockaddrOf(group, platform));
      for (let index = 0; index < sources.length; index++) {
        const sender = sourceIn((sources as SourceFilter["sources"])[index], `${name}.sources[${index}]`, family);
        bytes.set(sockaddrOf(sender, platform), start + index * step);
      }
      return bytes;
    },
  };
}
