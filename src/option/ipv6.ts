// Options of IPv6, IPPROTO_IPV6: ipv6(7) of Linux, ip6(4) of FreeBSD and macOS, RFC 3493, RFC 3542, "IPPROTO_IPV6 socket
// options" of Windows.

import type { InetSocketAddress, InterfaceLike } from "../address/index.ts";
import {
  bool,
  type Bytes,
  bySystem,
  bytes,
  type Codec,
  int,
  interfaceByIndex,
  interfaceByIndexInNetworkOrder,
  uint,
  uints,
} from "./codecs.ts";
import {
  anycastMembership,
  type AnycastMembership,
  type GroupMembership,
  groupFilter,
  groupRequest,
  groupSourceRequest,
  ipv6Membership,
  type SourceFilter,
  type SourceMembership,
} from "./membership.ts";
import { option, type Option, readable, type ReadableOption, writable, type WritableOption } from "./option.ts";
import {
  flowLabel,
  type FlowLabelRequest,
  inet6SocketAddress,
  pathMtu,
  type StickyPacketInfo,
  stickyPacketInfo,
  type StickyPacketInfoLike,
} from "./values.ts";

const IPV6 = "IPPROTO_IPV6";
const BSD = { systems: ["darwin", "freebsd"] } as const;
const WINDOWS = { systems: ["windows"] } as const;

// What is a header of all packets sent elsewhere (RFC 3542, section 6) is on Windows whether received ones are told of.
const header: Codec<Bytes | boolean, Uint8Array | boolean> = bySystem<Bytes | boolean, Uint8Array | boolean>(
  { windows: bool },
  bytes(2048),
);
const packetInfo: Codec<StickyPacketInfo | boolean, StickyPacketInfoLike | boolean> = bySystem<
  StickyPacketInfo | boolean,
  StickyPacketInfoLike | boolean
>({ windows: bool }, stickyPacketInfo);

// The socket

/** IPv6 only: no v4-mapped addresses. To be set before bind(2); true at first on Windows and FreeBSD. */
export const IPV6_V6ONLY: Option<boolean> = option(IPV6, "IPV6_V6ONLY", bool);
/** Bind to an address that this host does not have (yet). Linux. */
export const IPV6_FREEBIND: Option<boolean> = option(IPV6, "IPV6_FREEBIND", bool);
/** A transparent proxy: bind to and take foreign addresses; CAP_NET_ADMIN or CAP_NET_RAW. Linux. */
export const IPV6_TRANSPARENT: Option<boolean> = option(IPV6, "IPV6_TRANSPARENT", bool);
/** The same on FreeBSD; PRIV_NETINET_BINDANY. */
export const IPV6_BINDANY: Option<boolean> = option(IPV6, "IPV6_BINDANY", bool);
/** IPV6_PORTRANGE_*: which of the system's ranges of ports to choose from, 0 to 2. macOS, FreeBSD. */
export const IPV6_PORTRANGE: Option<number> = option(IPV6, "IPV6_PORTRANGE", int(0, 2));
/** IPV6_PREFER_SRC_*: flags of RFC 5014 for the choice of the source address. Linux. */
export const IPV6_ADDR_PREFERENCES: Option<number> = option(IPV6, "IPV6_ADDR_PREFERENCES", uint);
/** Temporary addresses as source: 1 yes, 0 no, -1 as the system prefers. macOS, FreeBSD. */
export const IPV6_PREFER_TEMPADDR: Option<number> = option(IPV6, "IPV6_PREFER_TEMPADDR", int(-1, 1));
/** Who may reach the socket: 10 anybody, 20 this site, 30 no Teredo; -1 the system's default. Windows. */
export const IPV6_PROTECTION_LEVEL: Option<number> = option(IPV6, "IPV6_PROTECTION_LEVEL", int(-1, 30));
/** IPsec policy of the socket as the system's struct, not decoded; CAP_NET_ADMIN. Not Windows. */
export const IPV6_IPSEC_POLICY: WritableOption<Uint8Array> = writable(IPV6, "IPV6_IPSEC_POLICY", bytes(4096));
/** The same as struct xfrm_userpolicy_info and its templates; CAP_NET_ADMIN. Linux. */
export const IPV6_XFRM_POLICY: WritableOption<Uint8Array> = writable(IPV6, "IPV6_XFRM_POLICY", bytes(4096));
/** What a proxy of the Windows Filtering Platform passes on from the connection that it redirected. Windows. */
export const IPV6_WFP_REDIRECT_RECORDS: WritableOption<Uint8Array> = writable(
  IPV6,
  "IPV6_WFP_REDIRECT_RECORDS",
  bytes(4096),
);

// What is sent

/** The hop limit, 0 to 255; -1 for the route's. */
export const IPV6_UNICAST_HOPS: Option<number> = option(IPV6, "IPV6_UNICAST_HOPS", int(-1, 255));
/** The traffic class, 0 to 255: DSCP in the upper six bits, ECN in the lower two; -1 for the default. */
export const IPV6_TCLASS: Option<number> = option(IPV6, "IPV6_TCLASS", int(-1, 255));
/** The program writes the IPv6 header itself: raw sockets. Linux 4.5, Windows. */
export const IPV6_HDRINCL: Option<boolean> = option(IPV6, "IPV6_HDRINCL", bool);
/** Raw sockets: where in the data the kernel puts a checksum, in bytes and even; -1 for nowhere. */
export const IPV6_CHECKSUM: Option<number> = option(IPV6, "IPV6_CHECKSUM", int(-1));
/** IPV6_PMTUDISC_*: whether packets may be fragmented, and who finds the path MTU; 0 to 5. Linux, Windows. */
export const IPV6_MTU_DISCOVER: Option<number> = option(IPV6, "IPV6_MTU_DISCOVER", int(0, 5));
/** Read: the path MTU of a connected socket, in bytes, else "not-connected". Set: an upper bound, 1280 or more, 0 for none. */
export const IPV6_MTU: Option<number> = option(IPV6, "IPV6_MTU", int(0));
/** An upper bound for the MTU, in bytes. Windows. */
export const IPV6_USER_MTU: Option<number> = option(IPV6, "IPV6_USER_MTU", uint);
/** Packets of 1280 bytes at most: 1 always, 0 never, -1 for multicast only. macOS, FreeBSD. */
export const IPV6_USE_MIN_MTU: Option<number> = option(IPV6, "IPV6_USE_MIN_MTU", int(-1, 1));
/** The path MTU of a connected socket, in bytes, else "not-connected". Not Windows. */
export const IPV6_PATHMTU: ReadableOption<number> = readable(IPV6, "IPV6_PATHMTU", pathMtu);
/** Never fragment. */
export const IPV6_DONTFRAG: Option<boolean> = option(IPV6, "IPV6_DONTFRAG", bool);
/** Whether flows get a label by themselves. Not Windows. */
export const IPV6_AUTOFLOWLABEL: Option<boolean> = option(IPV6, "IPV6_AUTOFLOWLABEL", bool);
/** Lease, renew or release a flow label: `{ label, destination, action }`; another's is "permission-denied". Linux. */
export const IPV6_FLOWLABEL_MGR: WritableOption<FlowLabelRequest> = writable(IPV6, "IPV6_FLOWLABEL_MGR", flowLabel);
/** Whether `flowInfo` of the address is sent; the label must have been leased. Linux. */
export const IPV6_FLOWINFO_SEND: Option<boolean> = option(IPV6, "IPV6_FLOWINFO_SEND", bool);
/** The priority in the VLAN tag, 0 to 7; -1 for the interface's. FreeBSD. */
export const IPV6_VLAN_PCP: Option<number> = option(IPV6, "IPV6_VLAN_PCP", int(-1, 7));
/** The interface of unicast packets, without binding the socket: by name, index or address, 0 for none. Linux, Windows. */
export const IPV6_UNICAST_IF: Option<number, InterfaceLike> = option(
  IPV6,
  "IPV6_UNICAST_IF",
  bySystem({ windows: interfaceByIndex }, interfaceByIndexInNetworkOrder), // "host byte order", unlike IP_UNICAST_IF
);
/** The interface that the socket is bound to: by name, index or address, 0 for none. macOS. */
export const IPV6_BOUND_IF: Option<number, InterfaceLike> = option(IPV6, "IPV6_BOUND_IF", interfaceByIndex);
/** Send out through so many more interfaces: add one. Windows, with IPV6_IFLIST. */
export const IPV6_ADD_IFLIST: WritableOption<InterfaceLike> = writable(IPV6, "IPV6_ADD_IFLIST", interfaceByIndex);
/** Take one away again. Windows, with IPV6_IFLIST. */
export const IPV6_DEL_IFLIST: WritableOption<InterfaceLike> = writable(IPV6, "IPV6_DEL_IFLIST", interfaceByIndex);
/** Whether the interfaces are limited to the list of IPV6_ADD_IFLIST. Windows. */
export const IPV6_IFLIST: Option<boolean> = option(IPV6, "IPV6_IFLIST", bool);
/** The indexes on that list. Windows. */
export const IPV6_GET_IFLIST: ReadableOption<number[]> = readable(IPV6, "IPV6_GET_IFLIST", uints(1024));

// Headers of all packets sent, RFC 3542 section 6: bytes, none takes them away. Those that routers look at need CAP_NET_RAW.

/** Source and interface, `{ source?, interface? }`; Linux does not read it. On Windows a boolean: IPV6_RECVPKTINFO. */
export const IPV6_PKTINFO: Option<StickyPacketInfo | boolean, StickyPacketInfoLike | boolean> = option(
  IPV6,
  "IPV6_PKTINFO",
  packetInfo,
);
/** The hop-by-hop options header; CAP_NET_RAW. On Windows a boolean: IPV6_RECVHOPOPTS. */
export const IPV6_HOPOPTS: Option<Bytes | boolean, Uint8Array | boolean> = option(IPV6, "IPV6_HOPOPTS", header);
/** The routing header; CAP_NET_RAW. On Windows a type of control message. */
export const IPV6_RTHDR: Option<Bytes | boolean, Uint8Array | boolean> = option(IPV6, "IPV6_RTHDR", header);
/** The destination options header before the routing header; CAP_NET_RAW. Not Windows. */
export const IPV6_RTHDRDSTOPTS: Option<Bytes, Uint8Array> = option(IPV6, "IPV6_RTHDRDSTOPTS", bytes(2048));
/** The destination options header; CAP_NET_RAW. Not Windows. */
export const IPV6_DSTOPTS: Option<Bytes, Uint8Array> = option(IPV6, "IPV6_DSTOPTS", bytes(2048));
/** The next hop. macOS, FreeBSD; on Linux a type of control message. */
export const IPV6_NEXTHOP: WritableOption<InetSocketAddress> = writable(IPV6, "IPV6_NEXTHOP", inet6SocketAddress, BSD);

// What is told of received packets, as control messages

/** Destination and interface: struct in6_pktinfo, `PacketInfo`. On Windows it is IPV6_PKTINFO. */
export const IPV6_RECVPKTINFO: Option<boolean> = option(IPV6, "IPV6_RECVPKTINFO", bool);
/** The destination. Windows. */
export const IPV6_RECVDSTADDR: Option<boolean> = option(IPV6, "IPV6_RECVDSTADDR", bool);
/** The interface. Windows. */
export const IPV6_RECVIF: Option<boolean> = option(IPV6, "IPV6_RECVIF", bool);
/** The destination before a transparent proxy took the packet, `OriginalDestination`. Linux, FreeBSD. */
export const IPV6_RECVORIGDSTADDR: Option<boolean> = option(IPV6, "IPV6_RECVORIGDSTADDR", bool);
/** The hop limit: `HopLimit`. On Windows it is IPV6_HOPLIMIT. */
export const IPV6_RECVHOPLIMIT: Option<boolean> = option(IPV6, "IPV6_RECVHOPLIMIT", bool);
/** The hop limit: `HopLimit`. Windows; elsewhere a type of control message. */
export const IPV6_HOPLIMIT: Option<boolean> = option(IPV6, "IPV6_HOPLIMIT", bool, WINDOWS);
/** The traffic class: `TrafficClass`. */
export const IPV6_RECVTCLASS: Option<boolean> = option(IPV6, "IPV6_RECVTCLASS", bool);
/** The ECN bits. Windows. */
export const IPV6_ECN: Option<boolean> = option(IPV6, "IPV6_ECN", bool);
/** Traffic class and flow label together. Linux. */
export const IPV6_FLOWINFO: Option<boolean> = option(IPV6, "IPV6_FLOWINFO", bool);
/** The hop-by-hop options header. Not Windows. */
export const IPV6_RECVHOPOPTS: Option<boolean> = option(IPV6, "IPV6_RECVHOPOPTS", bool);
/** The routing header. */
export const IPV6_RECVRTHDR: Option<boolean> = option(IPV6, "IPV6_RECVRTHDR", bool);
/** The destination options headers. Not Windows. */
export const IPV6_RECVDSTOPTS: Option<boolean> = option(IPV6, "IPV6_RECVDSTOPTS", bool);
/** A new path MTU. Not Windows. */
export const IPV6_RECVPATHMTU: Option<boolean> = option(IPV6, "IPV6_RECVPATHMTU", bool);
/** How large the largest fragment was. Linux, datagram and raw sockets. */
export const IPV6_RECVFRAGSIZE: Option<boolean> = option(IPV6, "IPV6_RECVFRAGSIZE", bool);
/** The flow's hash and its type. FreeBSD. */
export const IPV6_RECVFLOWID: Option<boolean> = option(IPV6, "IPV6_RECVFLOWID", bool);
/** The bucket of receive-side scaling. FreeBSD. */
export const IPV6_RECVRSSBUCKETID: Option<boolean> = option(IPV6, "IPV6_RECVRSSBUCKETID", bool);
/** ICMPv6 and local errors go to the error queue, `socket.receiveError()`, and nowhere else. Linux, Windows. */
export const IPV6_RECVERR: Option<boolean> = option(IPV6, "IPV6_RECVERR", bool);
/** Errors in the queue carry where the ICMPv6 extensions begin (RFC 4884). Linux. */
export const IPV6_RECVERR_RFC4884: Option<boolean> = option(IPV6, "IPV6_RECVERR_RFC4884", bool);
/** IPV6_RECVPKTINFO as RFC 2292 had it: other numbers of control messages. Linux, macOS. */
export const IPV6_2292PKTINFO: Option<boolean> = option(IPV6, "IPV6_2292PKTINFO", bool);
/** IPV6_RECVHOPLIMIT as RFC 2292 had it. Linux, macOS. */
export const IPV6_2292HOPLIMIT: Option<boolean> = option(IPV6, "IPV6_2292HOPLIMIT", bool);
/** IPV6_RECVHOPOPTS as RFC 2292 had it. Linux, macOS. */
export const IPV6_2292HOPOPTS: Option<boolean> = option(IPV6, "IPV6_2292HOPOPTS", bool);
/** IPV6_RECVDSTOPTS as RFC 2292 had it. Linux, macOS. */
export const IPV6_2292DSTOPTS: Option<boolean> = option(IPV6, "IPV6_2292DSTOPTS", bool);
/** IPV6_RECVRTHDR as RFC 2292 had it. Linux, macOS. */
export const IPV6_2292RTHDR: Option<boolean> = option(IPV6, "IPV6_2292RTHDR", bool);

// What is received

/** Packets with a smaller hop limit are dropped (RFC 5082), 0 to 255; 0 for none. Linux. */
export const IPV6_MINHOPCOUNT: Option<number> = option(IPV6, "IPV6_MINHOPCOUNT", int(0, 255));
/** IPPROTO_RAW sockets: this one gets the packets with this value of the router alert option; -1 for none. Linux. */
export const IPV6_ROUTER_ALERT: WritableOption<number> = writable(IPV6, "IPV6_ROUTER_ALERT", int(-1, 0xffff));
/** The same, but only packets of its own network namespace. Linux. */
export const IPV6_ROUTER_ALERT_ISOLATE: Option<boolean> = option(IPV6, "IPV6_ROUTER_ALERT_ISOLATE", bool);
/** The hash of the connection's flow. FreeBSD. */
export const IPV6_FLOWID: ReadableOption<number> = readable(IPV6, "IPV6_FLOWID", uint);
/** What the hash was made of: M_HASHTYPE_*. FreeBSD. */
export const IPV6_FLOWTYPE: ReadableOption<number> = readable(IPV6, "IPV6_FLOWTYPE", uint);
/** The connection's bucket of receive-side scaling. FreeBSD with options RSS. */
export const IPV6_RSSBUCKETID: ReadableOption<number> = readable(IPV6, "IPV6_RSSBUCKETID", uint);

// Multicast and anycast

/** The interface of multicast packets: by name, index or address, 0 for the kernel's choice. */
export const IPV6_MULTICAST_IF: Option<number, InterfaceLike> = option(IPV6, "IPV6_MULTICAST_IF", interfaceByIndex);
/** The hop limit of multicast packets, 0 to 255; -1 for the default, 1: they stay in the local network. */
export const IPV6_MULTICAST_HOPS: Option<number> = option(IPV6, "IPV6_MULTICAST_HOPS", int(-1, 255));
/** Whether this host gets what it sends itself; true at first. On Windows the receiver's option decides. */
export const IPV6_MULTICAST_LOOP: Option<boolean> = option(IPV6, "IPV6_MULTICAST_LOOP", bool);
/** Whether the socket hears groups that only others have joined: true at first, and it should not be. Linux 4.20. */
export const IPV6_MULTICAST_ALL: Option<boolean> = option(IPV6, "IPV6_MULTICAST_ALL", bool);
/**
 * Join a group: `{ group, interface? }`, the interface being the zone of the group if absent. Twice is "address-in-use", an
 * unknown interface "no-such-device". `socket.joinMulticastGroup()` does this and clears IPV6_MULTICAST_ALL.
 */
export const IPV6_JOIN_GROUP: WritableOption<GroupMembership> = writable(IPV6, "IPV6_JOIN_GROUP", ipv6Membership);
/** Leave a group; one that was not joined is "address-not-available". */
export const IPV6_LEAVE_GROUP: WritableOption<GroupMembership> = writable(IPV6, "IPV6_LEAVE_GROUP", ipv6Membership);
/** Take an anycast address: `{ address, interface? }`; CAP_NET_ADMIN. Linux. */
export const IPV6_JOIN_ANYCAST: WritableOption<AnycastMembership> = writable(
  IPV6,
  "IPV6_JOIN_ANYCAST",
  anycastMembership,
);
/** Give it up. Linux. */
export const IPV6_LEAVE_ANYCAST: WritableOption<AnycastMembership> = writable(
  IPV6,
  "IPV6_LEAVE_ANYCAST",
  anycastMembership,
);

const group = groupRequest("AF_INET6");
const sourceGroup = groupSourceRequest("AF_INET6");

/** Join an IPv6 group: `{ group, interface? }`. MCAST_JOIN_GROUP at IPPROTO_IPV6, as all of these. */
export const IPV6_MCAST_JOIN_GROUP: WritableOption<GroupMembership> = writable(IPV6, "MCAST_JOIN_GROUP", group, {
  name: "IPV6_MCAST_JOIN_GROUP",
});
/** Leave an IPv6 group. */
export const IPV6_MCAST_LEAVE_GROUP: WritableOption<GroupMembership> = writable(IPV6, "MCAST_LEAVE_GROUP", group, {
  name: "IPV6_MCAST_LEAVE_GROUP",
});
/** Join an IPv6 group for one sender: `{ group, source, interface? }`. */
export const IPV6_MCAST_JOIN_SOURCE_GROUP: WritableOption<SourceMembership> = writable(
  IPV6,
  "MCAST_JOIN_SOURCE_GROUP",
  sourceGroup,
  { name: "IPV6_MCAST_JOIN_SOURCE_GROUP" },
);
/** Leave it for that sender. */
export const IPV6_MCAST_LEAVE_SOURCE_GROUP: WritableOption<SourceMembership> = writable(
  IPV6,
  "MCAST_LEAVE_SOURCE_GROUP",
  sourceGroup,
  { name: "IPV6_MCAST_LEAVE_SOURCE_GROUP" },
);
/** Hear all senders of a joined IPv6 group but this one. */
export const IPV6_MCAST_BLOCK_SOURCE: WritableOption<SourceMembership> = writable(
  IPV6,
  "MCAST_BLOCK_SOURCE",
  sourceGroup,
  { name: "IPV6_MCAST_BLOCK_SOURCE" },
);
/** Hear it again. */
export const IPV6_MCAST_UNBLOCK_SOURCE: WritableOption<SourceMembership> = writable(
  IPV6,
  "MCAST_UNBLOCK_SOURCE",
  sourceGroup,
  { name: "IPV6_MCAST_UNBLOCK_SOURCE" },
);
/** The whole filter of a joined IPv6 group: `{ group, mode, sources, interface? }`; too long is "no-buffers". Linux. */
export const IPV6_MCAST_MSFILTER: WritableOption<SourceFilter> = writable(
  IPV6,
  "MCAST_MSFILTER",
  groupFilter("AF_INET6"),
  { name: "IPV6_MCAST_MSFILTER" },
);

// Left out:
// - values of options: IPV6_PMTUDISC_DONT, IPV6_PMTUDISC_WANT, IPV6_PMTUDISC_DO, IPV6_PMTUDISC_PROBE,
//   IPV6_PMTUDISC_INTERFACE, IPV6_PMTUDISC_OMIT, IPV6_PORTRANGE_DEFAULT, IPV6_PORTRANGE_HIGH, IPV6_PORTRANGE_LOW,
//   IPV6_DEFAULT_MULTICAST_HOPS, IPV6_DEFAULT_MULTICAST_LOOP
// - a type of control message: IPV6_ORIGDSTADDR (the option is IPV6_RECVORIGDSTADDR)
// - second names: IPV6_ADD_MEMBERSHIP (IPV6_JOIN_GROUP), IPV6_DROP_MEMBERSHIP (IPV6_LEAVE_GROUP), IPV6_BINDV6ONLY
//   (IPV6_V6ONLY), IPV6_3542PKTINFO (IPV6_PKTINFO), IPV6_3542HOPLIMIT (IPV6_HOPLIMIT), IPV6_3542NEXTHOP (IPV6_NEXTHOP)
// - gone from the kernels: IPV6_AUTHHDR, IPV6_FAITH, IPV6_2292PKTOPTIONS (the headers above)
// - IPV6_ADDRFORM: makes the socket an AF_INET one, and `socket.family` wrong
// - IPV6_MSFILTER: its value holds a pointer
// - reading MCAST_MSFILTER and IPV6_FLOWLABEL_MGR: the kernel wants to be asked with a value
// - a type of routing header: IPV6_RTHDR_TYPE_0
