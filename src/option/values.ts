// Codecs of single options whose value is a struct of its own.

import { decodeInt, encodeInt } from "../../ffi/structs/int.ts";
import { getInt, getUint, setUint } from "../../ffi/layout.ts";
import type { Field } from "../../ffi/platform/platform.ts";
import {
  freebsdSplice,
  freebsdTcpFunctionSet,
  linuxFlowlabelReq,
  linuxTcpMd5sig,
} from "../../ffi/structs/option-values.ts";
import { sockaddrCodec } from "../../ffi/structs/sockaddr.ts";
import { InetAddress, InetSocketAddress, type InterfaceLike, resolveInterface } from "../address/index.ts";
import { bytesOf } from "../address/inet-address.ts";
import { descriptor, type Descriptor, integer, port, show } from "../arguments.ts";
import {
  allocate,
  bool,
  type Bytes,
  type Codec,
  decodeText,
  type ReadCodec,
  record,
  text,
  timeval,
  viewOf,
  type WriteCodec,
  writtenBySystem,
} from "./codecs.ts";
import { addressIn, sockaddrOf } from "./membership.ts";

/** Local ports from which the kernel chooses: both ends belong to it. */
export interface PortRange {
  /** The lowest port; 0 for no limit of this socket's own. */
  readonly lower: number;
  /** The highest port; 0 for no limit of this socket's own. */
  readonly upper: number;
}

/** IP_LOCAL_PORT_RANGE: two ports in an int. */
export const portRange: Codec<PortRange> = {
  size: () => 4,
  decode(bytes) {
    const both = decodeInt(bytes);
    return { lower: both & 0xffff, upper: both >>> 16 };
  },
  encode(value, name) {
    const { lower, upper } = record(value, name, "{ lower, upper }");
    const [low, high] = [port(lower, `${name}.lower`), port(upper, `${name}.upper`)];
    if (low !== 0 && high !== 0 && low > high) throw new RangeError(`${name}.lower ${low} is above upper ${high}`);
    return encodeInt(low + high * 0x1_0000);
  },
};

/** The source address and interface of what an IPv6 socket sends: struct in6_pktinfo, RFC 3542 section 6. */
export interface StickyPacketInfo {
  /** Where packets come from; `::` leaves it to the kernel. */
  readonly source: InetAddress;
  /** Where they leave; 0 leaves it to the kernel. */
  readonly interfaceIndex: number;
}

/** The same as it is set. */
export interface StickyPacketInfoLike {
  /** An IPv6 address of this host, or its text. */
  readonly source?: InetAddress | string | undefined;
  /** By name, index or address. */
  readonly interface?: InterfaceLike | undefined;
}

/** IPV6_PKTINFO as an option; {} for none. */
export const stickyPacketInfo: Codec<StickyPacketInfo, StickyPacketInfoLike> = {
  size: ({ structs }) => structs.in6_pktinfo.size,
  decode(bytes, { structs: { in6_pktinfo: layout } }) {
    const [start, size] = layout.fields.ipi6_addr;
    return {
      source: InetAddress.fromBytes(bytes.subarray(start, start + size)),
      interfaceIndex: getUint(viewOf(bytes), 0, layout.fields.ipi6_ifindex),
    };
  },
  encode(value, name, { structs: { in6_pktinfo: layout } }) {
    const { source, interface: on } = record(value, name, "{ source?, interface? }");
    const { bytes, view } = allocate(layout.size);
    if (source !== undefined) {
      bytes.set(bytesOf(addressIn(source, `${name}.source`, "AF_INET6")), layout.fields.ipi6_addr[0]);
    }
    if (on !== undefined) {
      setUint(view, 0, layout.fields.ipi6_ifindex, resolveInterface(on, `${name}.interface`));
    }
    return bytes;
  },
};

/** IPV6_PATHMTU: the MTU of struct ip6_mtuinfo, in bytes. */
export const pathMtu: ReadCodec<number> = {
  size: ({ structs }) => structs["ip6_mtuinfo"]?.size ?? 0,
  decode(bytes, { structs: { ip6_mtuinfo: layout } }) {
    return layout === undefined ? 0 : getUint(viewOf(bytes), 0, layout.fields.ip6m_mtu);
  },
};

/** An IPv6 socket address: IPV6_NEXTHOP. */
export const inet6SocketAddress: WriteCodec<InetSocketAddress> = {
  encode(value, name, platform) {
    if (!(value instanceof InetSocketAddress)) {
      throw new TypeError(`${name} must be an InetSocketAddress, not ${show(value)}`);
    }
    const { port: number, flowInfo, scopeId } = value;
    const address = bytesOf(addressIn(value.address, name, "AF_INET6"));
    return sockaddrCodec(platform).encodeInet6({ address, port: number, flowInfo, scopeId });
  },
};

/** What to do with an IPv6 flow label: struct in6_flowlabel_req, RFC 6437. */
export interface FlowLabelRequest {
  /** 1 to 0xfffff. */
  readonly label: number;
  /** Where the flow goes: an IPv6 address, or its text. */
  readonly destination: InetAddress | string;
  /** "lease" (IPV6_FL_A_GET): take the label, making it. "release" (_PUT): give it up. "renew" (_RENEW): keep it. */
  readonly action: "lease" | "release" | "renew";
  /** Who may use it too: nobody ("exclusive"), this "process", this "user" or "any". Default "exclusive". */
  readonly share?: "exclusive" | "process" | "user" | "any" | undefined;
  /** How long to keep it after the last use, in milliseconds; the kernel counts whole seconds. Default 0: 6 seconds. */
  readonly linger?: number | undefined;
}

const flowLabelActions = { lease: 0, release: 1, renew: 2 } as const;
const flowLabelShares = { exclusive: 1, process: 2, user: 3, any: 255 } as const;
const FLOW_LABEL_CREATE = 1; // IPV6_FL_F_CREATE: include/uapi/linux/in6.h

function choice<Names extends Readonly<Record<string, number>>>(value: unknown, name: string, names: Names): number {
  const number = typeof value === "string" && Object.hasOwn(names, value) ? names[value] : undefined;
  if (number !== undefined) return number;
  throw new TypeError(`${name} must be one of ${Object.keys(names).join(", ")}, not ${show(value)}`);
}

/** IPV6_FLOWLABEL_MGR. */
export const flowLabel: WriteCodec<FlowLabelRequest> = {
  encode(value, name) {
    const { fields, size } = linuxFlowlabelReq;
    const { label, destination, action, share, linger } = record(value, name, "{ label, destination, action }");
    const { bytes, view } = allocate(size);
    bytes.set(bytesOf(addressIn(destination, `${name}.destination`, "AF_INET6")), fields.flr_dst[0]);
    view.setUint32(fields.flr_label[0], integer(label, `${name}.label`, 1, 0xf_ffff)); // network order
    setUint(view, 0, fields.flr_action, choice(action, `${name}.action`, flowLabelActions));
    setUint(view, 0, fields.flr_share, choice(share ?? "exclusive", `${name}.share`, flowLabelShares));
    setUint(view, 0, fields.flr_flags, action === "lease" ? FLOW_LABEL_CREATE : 0);
    setUint(view, 0, fields.flr_linger, Math.ceil(integer(linger ?? 0, `${name}.linger`, 0, 65_535_000) / 1000));
    return bytes;
  },
};

/** A key with which TCP segments from and to a peer are signed: RFC 2385. */
export interface TcpMd5Key {
  /** The peer: of the socket's family, so v4-mapped for an IPv4 peer of an AF_INET6 socket. */
  readonly address: InetAddress | string;
  /** 1 to 80 bytes or text (UTF-8); none removes the key. */
  readonly key: Uint8Array | string;
}

/** The same for a network of peers, or for those on one interface. */
export interface TcpMd5ExtendedKey extends TcpMd5Key {
  /** All peers that have so many bits of `address` in common. */
  readonly prefixLength?: number | undefined;
  /** Peers on this interface (a VRF) only: by name, index or address. */
  readonly interface?: InterfaceLike | undefined;
}

const MD5_PREFIX = 1; // TCP_MD5SIG_FLAG_PREFIX
const MD5_INTERFACE = 2; // TCP_MD5SIG_FLAG_IFINDEX

/** TCP_MD5SIG_EXT: struct tcp_md5sig. */
export const tcpMd5ExtendedKey: WriteCodec<TcpMd5ExtendedKey> = {
  encode(value, name, platform) {
    const { fields, size } = linuxTcpMd5sig;
    const { address: given, key, prefixLength, interface: on } = record(value, name, "{ address, key }");
    const address = typeof given === "string" ? InetAddress.parse(given) : given;
    if (!(address instanceof InetAddress))
      throw new TypeError(`${name}.address must be an address, not ${show(given)}`);
    const secret = typeof key === "string" ? new TextEncoder().encode(key) : key;
    if (!(secret instanceof Uint8Array)) throw new TypeError(`${name}.key must be bytes or text, not ${show(key)}`);
    const { bytes, view } = allocate(size);
    bytes.set(sockaddrOf(address, platform), fields.tcpm_addr[0]);
    setUint(view, 0, fields.tcpm_keylen, integer(secret.length, `${name}.key.length`, 0, fields.tcpm_key[1]));
    bytes.set(secret, fields.tcpm_key[0]);
    if (prefixLength !== undefined) {
      const length = integer(prefixLength, `${name}.prefixLength`, 0, bytesOf(address).length * 8);
      setUint(view, 0, fields.tcpm_prefixlen, length);
    }
    if (on !== undefined) setUint(view, 0, fields.tcpm_ifindex, resolveInterface(on, `${name}.interface`));
    const flags = (prefixLength === undefined ? 0 : MD5_PREFIX) | (on === undefined ? 0 : MD5_INTERFACE);
    setUint(view, 0, fields.tcpm_flags, flags);
    return bytes;
  },
};

/** TCP_MD5SIG: struct tcp_md5sig on Linux; a boolean on FreeBSD, where the keys are in the SADB (setkey(8)). */
export const tcpMd5Key: WriteCodec<TcpMd5Key | boolean> = writtenBySystem<TcpMd5Key | boolean>(
  { freebsd: bool },
  {
    encode(value, name, platform) {
      const { address, key } = record(value as TcpMd5Key, name, "{ address, key }");
      return tcpMd5ExtendedKey.encode({ address, key }, name, platform);
    },
  },
);

/** A filter that holds back connections until there is something to accept them for: accept_filter(9). */
export interface AcceptFilter {
  /** "httpready", "dataready", "dnsready". */
  readonly name: string;
  /** What the filter is told. */
  readonly argument: string;
}

/** A text in a field of a struct. */
function readText(bytes: Bytes, [offset, size]: Field): string {
  return decodeText(bytes.subarray(offset, offset + size));
}

/** SO_ACCEPTFILTER: struct accept_filter_arg. */
export const acceptFilter: Codec<AcceptFilter> = {
  size: ({ structs }) => structs["accept_filter_arg"]?.size ?? 0,
  decode(bytes, { structs }) {
    const fields = structs["accept_filter_arg"]?.fields;
    const read = (name: string): string => readText(bytes, fields?.[name] ?? [0, 0]);
    return { name: read("af_name"), argument: read("af_arg") };
  },
  encode(value, option, platform) {
    const { name, argument } = record(value, option, "{ name, argument }");
    const layout = platform.structs["accept_filter_arg"];
    const { bytes } = allocate(layout?.size ?? 0);
    const write = (field: string, what: string, given: string): void => {
      const [offset, size] = layout?.fields[field] ?? [0, 0];
      bytes.set(text(size).encode(given, `${option}.${what}`, platform), offset);
    };
    write("af_name", "name", name);
    write("af_arg", "argument", argument);
    return bytes;
  },
};

/** A TCP stack of FreeBSD: tcp_functions(9). */
export interface TcpStack {
  /** "freebsd", "rack", "bbr". */
  readonly name: string;
  /** How many connections use it; not looked at when set. */
  readonly connections?: number;
}

/** TCP_FUNCTION_BLK: struct tcp_function_set. */
export const tcpStack: Codec<TcpStack> = {
  size: () => freebsdTcpFunctionSet.size,
  decode(bytes) {
    const { function_set_name: name, pcbcnt } = freebsdTcpFunctionSet.fields;
    return { name: readText(bytes, name), connections: getUint(viewOf(bytes), 0, pcbcnt) };
  },
  encode(value, option, platform) {
    const { name } = record(value, option, "{ name }");
    const { size, fields } = freebsdTcpFunctionSet;
    const { bytes } = allocate(size);
    const [offset, capacity] = fields.function_set_name;
    bytes.set(text(capacity).encode(name, `${option}.name`, platform), offset);
    return bytes;
  },
};

/** Two TCP sockets of FreeBSD joined within the kernel: SO_SPLICE of setsockopt(2). */
export interface Splice {
  /** The socket to which what this one receives goes. */
  readonly socket: Descriptor;
  /** After how many bytes to part again; no limit if absent. */
  readonly maximum?: number | undefined;
  /** After how many milliseconds without data to part again; Infinity (the default) for never. */
  readonly idle?: number | undefined;
}

/** SO_SPLICE: struct splice; read as how many bytes have gone through. */
export const splice: Codec<number, Splice> = {
  size: () => 8,
  decode: (bytes) => getInt(viewOf(bytes), 0, [0, 8]),
  encode(value, name, platform) {
    const { socket, maximum, idle } = record(value, name, "{ socket, maximum?, idle? }");
    const { size, fields } = freebsdSplice;
    const { bytes, view } = allocate(size);
    setUint(view, 0, fields.sp_fd, descriptor(socket, `${name}.socket`));
    setUint(view, 0, fields.sp_max, integer(maximum ?? 0, `${name}.maximum`, 0, Number.MAX_SAFE_INTEGER));
    bytes.set(timeval.encode(idle ?? Infinity, `${name}.idle`, platform), fields.sp_idle[0]);
    return bytes;
  },
};

/** What a socket of Windows is: WSAPROTOCOL_INFOW. */
export interface ProtocolInfo {
  readonly family: number;
  readonly type: number;
  readonly protocol: number;
}

/** SO_PROTOCOL_INFOW. */
export const protocolInfo: ReadCodec<ProtocolInfo> = {
  size: ({ structs }) => structs["WSAPROTOCOL_INFOW"]?.size ?? 0,
  decode(bytes, { structs }) {
    const fields = structs["WSAPROTOCOL_INFOW"]?.fields;
    const read = (name: string): number => getInt(viewOf(bytes), 0, fields?.[name] ?? [0, 4]);
    return { family: read("iAddressFamily"), type: read("iSocketType"), protocol: read("iProtocol") };
  },
};

/** A socket as a handle of 64 bits: SO_UPDATE_ACCEPT_CONTEXT. */
export const handle: WriteCodec<Descriptor> = {
  encode(value, name) {
    const { bytes, view } = allocate(8);
    setUint(view, 0, [0, 8], descriptor(value, name));
    return bytes;
  },
};
