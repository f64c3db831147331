// Options of IPv4, IPPROTO_IP: ip(7) of Linux, ip(4) of FreeBSD and macOS, "IPPROTO_IP socket options" of Windows.
// IPv4 options work on an AF_INET6 socket too on Linux, for what it sends to and gets from v4-mapped addresses.

import type { InetAddress, InterfaceLike } from "../address/index.ts";
import {
  bool,
  type Bytes,
  byteOnBsd,
  bytes,
  int,
  interfaceByIndex,
  interfaceByIndexInNetworkOrder,
  multicastInterface,
  uint,
} from "./codecs.ts";
import {
  type GroupMembership,
  groupFilter,
  groupRequest,
  groupSourceRequest,
  ipv4Membership,
  ipv4SourceMembership,
  type SourceFilter,
  type SourceMembership,
} from "./membership.ts";
import { option, type Option, readable, type ReadableOption, writable, type WritableOption } from "./option.ts";
import { type PortRange, portRange } from "./values.ts";

const IP = "IPPROTO_IP";

// What is sent

/** The type-of-service byte, 0 to 255: DSCP in the upper six bits, ECN in the lower two, which TCP keeps for itself. */
export const IP_TOS: Option<number> = option(IP, "IP_TOS", int(0, 255));
/** The time to live, 1 to 255; -1 for the system's default on Linux. */
export const IP_TTL: Option<number> = option(IP, "IP_TTL", int(-1, 255));
/** The program writes the IP header itself: raw sockets, raw(7). */
export const IP_HDRINCL: Option<boolean> = option(IP, "IP_HDRINCL", bool);
/** Options for the header of every packet, at most 40 bytes; none takes them away. Not on datagram sockets of Windows. */
export const IP_OPTIONS: Option<Bytes, Uint8Array> = option(IP, "IP_OPTIONS", bytes(40));
/** IP_PMTUDISC_*: whether packets may be fragmented, and who finds the path MTU; 0 to 5. Linux, Windows. */
export const IP_MTU_DISCOVER: Option<number> = option(IP, "IP_MTU_DISCOVER", int(0, 5));
/** The path MTU of a connected socket, in bytes; else "not-connected". Linux, Windows. */
export const IP_MTU: ReadableOption<number> = readable(IP, "IP_MTU", int());
/** An upper bound for the MTU, in bytes. Windows. */
export const IP_USER_MTU: Option<number> = option(IP, "IP_USER_MTU", uint);
/** Never fragment. macOS, FreeBSD. */
export const IP_DONTFRAG: Option<boolean> = option(IP, "IP_DONTFRAG", bool);
/** Never fragment. Windows. */
export const IP_DONTFRAGMENT: Option<boolean> = option(IP, "IP_DONTFRAGMENT", bool);
/** Raw sockets: packets are not fragmented on their way out, however large. Linux. */
export const IP_NODEFRAG: Option<boolean> = option(IP, "IP_NODEFRAG", bool);
/** Broadcasts go to 255.255.255.255 rather than to the subnet's address. FreeBSD. */
export const IP_ONESBCAST: Option<boolean> = option(IP, "IP_ONESBCAST", bool);
/** The priority in the VLAN tag, 0 to 7; -1 for the interface's. FreeBSD. */
export const IP_VLAN_PCP: Option<number> = option(IP, "IP_VLAN_PCP", int(-1, 7));
/** The interface of unicast packets, without binding the socket: by name, index or address, 0 for none. Linux, Windows. */
export const IP_UNICAST_IF: Option<number, InterfaceLike> = option(IP, "IP_UNICAST_IF", interfaceByIndexInNetworkOrder);
/** The interface that the socket is bound to: by name, index or address, 0 for none. macOS. */
export const IP_BOUND_IF: Option<number, InterfaceLike> = option(IP, "IP_BOUND_IF", interfaceByIndex);
/** Send out through so many more interfaces: add one. Windows, with IP_IFLIST. */
export const IP_ADD_IFLIST: WritableOption<InterfaceLike> = writable(IP, "IP_ADD_IFLIST", interfaceByIndex);
/** Take one away again. Windows, with IP_IFLIST. */
export const IP_DEL_IFLIST: WritableOption<InterfaceLike> = writable(IP, "IP_DEL_IFLIST", interfaceByIndex);
/** Whether the interfaces are limited to the list of IP_ADD_IFLIST. Windows. */
export const IP_IFLIST: Option<boolean> = option(IP, "IP_IFLIST", bool);
/** IPsec policy of the socket as the system's struct, not decoded; CAP_NET_ADMIN. Not Windows. */
export const IP_IPSEC_POLICY: WritableOption<Uint8Array> = writable(IP, "IP_IPSEC_POLICY", bytes(4096));
/** The same as struct xfrm_userpolicy_info and its templates; CAP_NET_ADMIN. Linux. */
export const IP_XFRM_POLICY: WritableOption<Uint8Array> = writable(IP, "IP_XFRM_POLICY", bytes(4096));
/** What a proxy of the Windows Filtering Platform passes on from the connection that it redirected. Windows. */
export const IP_WFP_REDIRECT_RECORDS: WritableOption<Uint8Array> = writable(IP, "IP_WFP_REDIRECT_RECORDS", bytes(4096));

// Local addresses and ports

/** Bind to an address that this host does not have (yet). Linux. */
export const IP_FREEBIND: Option<boolean> = option(IP, "IP_FREEBIND", bool);
/** A transparent proxy: bind to and take foreign addresses; CAP_NET_ADMIN or CAP_NET_RAW, else "permission-denied". Linux. */
export const IP_TRANSPARENT: Option<boolean> = option(IP, "IP_TRANSPARENT", bool);
/** The same on FreeBSD; PRIV_NETINET_BINDANY. */
export const IP_BINDANY: Option<boolean> = option(IP, "IP_BINDANY", bool);
/** bind(2) with port 0 leaves the choice of the port to connect(2), so that ports can be used twice. Linux. */
export const IP_BIND_ADDRESS_NO_PORT: Option<boolean> = option(IP, "IP_BIND_ADDRESS_NO_PORT", bool);
/** From which ports the kernel chooses one for this socket. Linux 6.3; for AF_INET6 sockets too. */
export const IP_LOCAL_PORT_RANGE: Option<PortRange> = option(IP, "IP_LOCAL_PORT_RANGE", portRange);
/** IP_PORTRANGE_*: which of the system's ranges of ports to choose from, 0 to 2. macOS, FreeBSD. */
export const IP_PORTRANGE: Option<number> = option(IP, "IP_PORTRANGE", int(0, 2));

// What is told of received packets, as control messages

/** Destination and interface: struct in_pktinfo, `PacketInfo`. Linux, macOS, Windows. */
export const IP_PKTINFO: Option<boolean> = option(IP, "IP_PKTINFO", bool);
/** IP_PKTINFO by another name. macOS. */
export const IP_RECVPKTINFO: Option<boolean> = option(IP, "IP_RECVPKTINFO", bool);
/** The destination. macOS, FreeBSD, Windows. */
export const IP_RECVDSTADDR: Option<boolean> = option(IP, "IP_RECVDSTADDR", bool);
/** The interface. macOS, FreeBSD, Windows. */
export const IP_RECVIF: Option<boolean> = option(IP, "IP_RECVIF", bool);
/** The interface through which the packet came to this host, also after tunnels. Windows. */
export const IP_ORIGINAL_ARRIVAL_IF: Option<boolean> = option(IP, "IP_ORIGINAL_ARRIVAL_IF", bool);
/** The destination before a transparent proxy took the packet (TPROXY, ipfw fwd), `OriginalDestination`. Linux, FreeBSD. */
export const IP_RECVORIGDSTADDR: Option<boolean> = option(IP, "IP_RECVORIGDSTADDR", bool);
/** The time to live: `HopLimit`. */
export const IP_RECVTTL: Option<boolean> = option(IP, "IP_RECVTTL", bool);
/** The type-of-service byte: `TrafficClass`. */
export const IP_RECVTOS: Option<boolean> = option(IP, "IP_RECVTOS", bool);
/** The ECN bits. Windows. */
export const IP_ECN: Option<boolean> = option(IP, "IP_ECN", bool);
/** The options of the header. Not Windows. */
export const IP_RECVOPTS: Option<boolean> = option(IP, "IP_RECVOPTS", bool);
/** The options of the header as they are to be sent back. Not Windows. */
export const IP_RECVRETOPTS: Option<boolean> = option(IP, "IP_RECVRETOPTS", bool);
/** The routing header. Windows. */
export const IP_RECVRTHDR: Option<boolean> = option(IP, "IP_RECVRTHDR", bool);
/** The checksum over the datagram's data: struct udphdr excluded. Linux, UDP. */
export const IP_CHECKSUM: Option<boolean> = option(IP, "IP_CHECKSUM", bool);
/** How large the largest fragment was. Linux, datagram and raw sockets. */
export const IP_RECVFRAGSIZE: Option<boolean> = option(IP, "IP_RECVFRAGSIZE", bool);
/** The security context of the sender's association: SCM_SECURITY. Linux. */
export const IP_PASSSEC: Option<boolean> = option(IP, "IP_PASSSEC", bool);
/** The flow's hash and its type. FreeBSD. */
export const IP_RECVFLOWID: Option<boolean> = option(IP, "IP_RECVFLOWID", bool);
/** The bucket of receive-side scaling. FreeBSD. */
export const IP_RECVRSSBUCKETID: Option<boolean> = option(IP, "IP_RECVRSSBUCKETID", bool);
/** ICMP and local errors go to the error queue, `socket.receiveError()`, and nowhere else. Linux, Windows. */
export const IP_RECVERR: Option<boolean> = option(IP, "IP_RECVERR", bool);
/** Errors in the queue carry where the ICMP extensions begin (RFC 4884). Linux. */
export const IP_RECVERR_RFC4884: Option<boolean> = option(IP, "IP_RECVERR_RFC4884", bool);
/** The control messages that a stream socket would get, for want of recvmsg(2) that tells: not decoded. Linux, TCP. */
export const IP_PKTOPTIONS: ReadableOption<Bytes> = readable(IP, "IP_PKTOPTIONS", bytes(1024));

// What is received

/** Packets with a smaller time to live are dropped (RFC 5082), 0 to 255; 0 for none. Linux, FreeBSD. */
export const IP_MINTTL: Option<number> = option(IP, "IP_MINTTL", int(0, 255));
/** Raw sockets: this one gets every packet with the router alert option, and the kernel forwards none. Linux. */
export const IP_ROUTER_ALERT: Option<boolean> = option(IP, "IP_ROUTER_ALERT", bool);
/** Raw sockets: packets come without their IP header. macOS. */
export const IP_STRIPHDR: Option<boolean> = option(IP, "IP_STRIPHDR", bool);
/** Whether datagrams sent to a broadcast address are received. Windows. */
export const IP_RECEIVE_BROADCAST: Option<boolean> = option(IP, "IP_RECEIVE_BROADCAST", bool);
/** The protocol of a raw socket, of 255 too where SO_PROTOCOL has but eight bits. Linux. */
export const IP_PROTOCOL: ReadableOption<number> = readable(IP, "IP_PROTOCOL", int());
/** The hash of the connection's flow. FreeBSD. */
export const IP_FLOWID: ReadableOption<number> = readable(IP, "IP_FLOWID", uint);
/** What the hash was made of: M_HASHTYPE_*. FreeBSD. */
export const IP_FLOWTYPE: ReadableOption<number> = readable(IP, "IP_FLOWTYPE", uint);
/** The connection's bucket of receive-side scaling. FreeBSD with options RSS. */
export const IP_RSSBUCKETID: ReadableOption<number> = readable(IP, "IP_RSSBUCKETID", uint);

// Multicast

/**
 * The interface of multicast packets, set by name, index or address; 0 for the kernel's choice. Read as the address that it was
 * set to: 0.0.0.0 for one set by name or index, except on macOS, which knows addresses only.
 */
export const IP_MULTICAST_IF: Option<InetAddress, InterfaceLike> = option(IP, "IP_MULTICAST_IF", multicastInterface);
/** The same, by index and read as such. macOS. */
export const IP_MULTICAST_IFINDEX: Option<number, InterfaceLike> = option(IP, "IP_MULTICAST_IFINDEX", interfaceByIndex);
/** The virtual interface of multicast routing, -1 for none. macOS, FreeBSD. */
export const IP_MULTICAST_VIF: Option<number> = option(IP, "IP_MULTICAST_VIF", int(-1));
/** The time to live of multicast packets, 0 to 255; 1 at first: they stay in the local network. */
export const IP_MULTICAST_TTL: Option<number> = option(IP, "IP_MULTICAST_TTL", byteOnBsd(int(0, 255)));
/** Whether this host gets what it sends itself; true at first. On Windows the receiver's option decides. */
export const IP_MULTICAST_LOOP: Option<boolean> = option(IP, "IP_MULTICAST_LOOP", byteOnBsd(bool));
/** Whether the socket hears groups that only others have joined: true at first, and it should not be. Linux. */
export const IP_MULTICAST_ALL: Option<boolean> = option(IP, "IP_MULTICAST_ALL", bool);
/**
 * Join a group: `{ group, interface? }`. Twice is "address-in-use", an unknown interface "no-such-device", too many groups
 * "no-buffers". `socket.joinMulticastGroup()` does this and clears IP_MULTICAST_ALL.
 */
export const IP_ADD_MEMBERSHIP: WritableOption<GroupMembership> = writable(IP, "IP_ADD_MEMBERSHIP", ipv4Membership);
/** Leave a group; one that was not joined is "address-not-available". */
export const IP_DROP_MEMBERSHIP: WritableOption<GroupMembership> = writable(IP, "IP_DROP_MEMBERSHIP", ipv4Membership);
/** Join a group for one sender, RFC 4607: `{ group, source, interface? }`; the interface must have an IPv4 address. */
export const IP_ADD_SOURCE_MEMBERSHIP: WritableOption<SourceMembership> = writable(
  IP,
  "IP_ADD_SOURCE_MEMBERSHIP",
  ipv4SourceMembership,
);
/** Leave it for that sender. */
export const IP_DROP_SOURCE_MEMBERSHIP: WritableOption<SourceMembership> = writable(
  IP,
  "IP_DROP_SOURCE_MEMBERSHIP",
  ipv4SourceMembership,
);
/** Hear all senders of a joined group but this one. */
export const IP_BLOCK_SOURCE: WritableOption<SourceMembership> = writable(IP, "IP_BLOCK_SOURCE", ipv4SourceMembership);
/** Hear it again. */
export const IP_UNBLOCK_SOURCE: WritableOption<SourceMembership> = writable(
  IP,
  "IP_UNBLOCK_SOURCE",
  ipv4SourceMembership,
);

// The same by interface index, RFC 3678 section 5. One number serves both families: these are for IPv4 groups, those of
// ipv6.ts for IPv6 groups, because the level must be that of the group.

const group = groupRequest("AF_INET");
const sourceGroup = groupSourceRequest("AF_INET");

/** Join an IPv4 group: `{ group, interface? }`. */
export const MCAST_JOIN_GROUP: WritableOption<GroupMembership> = writable(IP, "MCAST_JOIN_GROUP", group);
/** Leave an IPv4 group. */
export const MCAST_LEAVE_GROUP: WritableOption<GroupMembership> = writable(IP, "MCAST_LEAVE_GROUP", group);
/** Join an IPv4 group for one sender: `{ group, source, interface? }`. */
export const MCAST_JOIN_SOURCE_GROUP: WritableOption<SourceMembership> = writable(
  IP,
  "MCAST_JOIN_SOURCE_GROUP",
  sourceGroup,
);
/** Leave it for that sender. */
export const MCAST_LEAVE_SOURCE_GROUP: WritableOption<SourceMembership> = writable(
  IP,
  "MCAST_LEAVE_SOURCE_GROUP",
  sourceGroup,
);
/** Hear all senders of a joined IPv4 group but this one. */
export const MCAST_BLOCK_SOURCE: WritableOption<SourceMembership> = writable(IP, "MCAST_BLOCK_SOURCE", sourceGroup);
/** Hear it again. */
export const MCAST_UNBLOCK_SOURCE: WritableOption<SourceMembership> = writable(IP, "MCAST_UNBLOCK_SOURCE", sourceGroup);
/** The whole filter of a joined IPv4 group: `{ group, mode, sources, interface? }`; too long is "no-buffers". Linux. */
export const MCAST_MSFILTER: WritableOption<SourceFilter> = writable(IP, "MCAST_MSFILTER", groupFilter("AF_INET"));

// Left out:
// - values of options: IP_PMTUDISC_DONT, IP_PMTUDISC_WANT, IP_PMTUDISC_DO, IP_PMTUDISC_PROBE, IP_PMTUDISC_INTERFACE,
//   IP_PMTUDISC_OMIT, IP_PMTUDISC_NOT_SET, IP_PMTUDISC_MAX, IP_PORTRANGE_DEFAULT, IP_PORTRANGE_HIGH, IP_PORTRANGE_LOW,
//   IP_UNSPECIFIED_TYPE_OF_SERVICE, MCAST_INCLUDE, MCAST_EXCLUDE, MCAST_UNDEFINED
// - limits and defaults: IP_DEFAULT_MULTICAST_TTL, IP_DEFAULT_MULTICAST_LOOP, IP_MAX_MEMBERSHIPS, IP_MIN_MEMBERSHIPS,
//   IP_MAX_GROUP_SRC_FILTER, IP_MAX_SOCK_SRC_FILTER
// - types of control messages: IP_ORIGDSTADDR (the option is IP_RECVORIGDSTADDR), IP_SENDSRCADDR (IP_RECVDSTADDR), IP_RTHDR
//   (IP_RECVRTHDR), IP_WFP_REDIRECT_CONTEXT
// - second names: IP_RETOPTS (IP_RECVRETOPTS on Linux, IP_OPTIONS elsewhere), IP_HOPLIMIT (IP_RECVTTL), IP_RECVTCLASS
//   (IP_RECVTOS)
// - IP_MSFILTER: MCAST_MSFILTER does it; its value holds a pointer on macOS and FreeBSD
// - reading MCAST_MSFILTER: the kernel takes the length of the list from the value, not from the size of the buffer
