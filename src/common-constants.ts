// The constants that most programs need, exported by "berkeley" itself. All others: "berkeley/constants".

import { platform } from "../ffi/platform/index.ts";

const c = platform.core;

// Address families
export const AF_UNSPEC: number = c.AF_UNSPEC;
export const AF_UNIX: number = c.AF_UNIX;
export const AF_INET: number = c.AF_INET;
export const AF_INET6: number = c.AF_INET6;
export const AF_NETLINK: number | undefined = c.AF_NETLINK;
export const AF_PACKET: number | undefined = c.AF_PACKET;
export const AF_VSOCK: number | undefined = c.AF_VSOCK;

// Socket types
export const SOCK_STREAM: number = c.SOCK_STREAM;
export const SOCK_DGRAM: number = c.SOCK_DGRAM;
export const SOCK_RAW: number = c.SOCK_RAW;
export const SOCK_RDM: number = c.SOCK_RDM;
export const SOCK_SEQPACKET: number = c.SOCK_SEQPACKET;

// Option levels
export const SOL_SOCKET: number = c.SOL_SOCKET;

// listen(2), shutdown(2)
export const SOMAXCONN: number = c.SOMAXCONN;
export const SHUT_RD: number = c.SHUT_RD;
export const SHUT_WR: number = c.SHUT_WR;
export const SHUT_RDWR: number = c.SHUT_RDWR;

// Socket options: socket(7)
export const SO_DEBUG: number = c.SO_DEBUG;
export const SO_REUSEADDR: number = c.SO_REUSEADDR;
export const SO_TYPE: number = c.SO_TYPE;
export const SO_ERROR: number = c.SO_ERROR;
export const SO_DONTROUTE: number = c.SO_DONTROUTE;
export const SO_BROADCAST: number = c.SO_BROADCAST;
export const SO_SNDBUF: number = c.SO_SNDBUF;
export const SO_RCVBUF: number = c.SO_RCVBUF;
export const SO_KEEPALIVE: number = c.SO_KEEPALIVE;
export const SO_OOBINLINE: number = c.SO_OOBINLINE;
export const SO_LINGER: number = c.SO_LINGER;
export const SO_REUSEPORT: number | undefined = c.SO_REUSEPORT;
export const SO_RCVLOWAT: number = c.SO_RCVLOWAT;
export const SO_SNDLOWAT: number = c.SO_SNDLOWAT;
export const SO_RCVTIMEO: number = c.SO_RCVTIMEO;
export const SO_SNDTIMEO: number = c.SO_SNDTIMEO;
export const SO_ACCEPTCONN: number = c.SO_ACCEPTCONN;

// Protocols
export const IPPROTO_IP: number = c.IPPROTO_IP;
export const IPPROTO_ICMP: number = c.IPPROTO_ICMP;
export const IPPROTO_IGMP: number = c.IPPROTO_IGMP;
export const IPPROTO_TCP: number = c.IPPROTO_TCP;
export const IPPROTO_UDP: number = c.IPPROTO_UDP;
export const IPPROTO_IPV6: number = c.IPPROTO_IPV6;
export const IPPROTO_ICMPV6: number = c.IPPROTO_ICMPV6;
export const IPPROTO_SCTP: number = c.IPPROTO_SCTP;
export const IPPROTO_RAW: number = c.IPPROTO_RAW;

// IPv4: ip(7)
export const IP_TOS: number = c.IP_TOS;
export const IP_TTL: number = c.IP_TTL;
export const IP_HDRINCL: number = c.IP_HDRINCL;
export const IP_MULTICAST_IF: number = c.IP_MULTICAST_IF;
export const IP_MULTICAST_TTL: number = c.IP_MULTICAST_TTL;
export const IP_MULTICAST_LOOP: number = c.IP_MULTICAST_LOOP;
export const IP_ADD_MEMBERSHIP: number = c.IP_ADD_MEMBERSHIP;
export const IP_DROP_MEMBERSHIP: number = c.IP_DROP_MEMBERSHIP;

// IPv6: ipv6(7)
export const IPV6_UNICAST_HOPS: number = c.IPV6_UNICAST_HOPS;
export const IPV6_MULTICAST_IF: number = c.IPV6_MULTICAST_IF;
export const IPV6_MULTICAST_HOPS: number = c.IPV6_MULTICAST_HOPS;
export const IPV6_MULTICAST_LOOP: number = c.IPV6_MULTICAST_LOOP;
export const IPV6_JOIN_GROUP: number = c.IPV6_JOIN_GROUP;
export const IPV6_LEAVE_GROUP: number = c.IPV6_LEAVE_GROUP;
export const IPV6_V6ONLY: number = c.IPV6_V6ONLY;
export const IPV6_TCLASS: number = c.IPV6_TCLASS;

// TCP: tcp(7)
export const TCP_NODELAY: number = c.TCP_NODELAY;
export const TCP_MAXSEG: number = c.TCP_MAXSEG;
export const TCP_KEEPINTVL: number = c.TCP_KEEPINTVL;
export const TCP_KEEPCNT: number = c.TCP_KEEPCNT;
export const TCP_FASTOPEN: number = c.TCP_FASTOPEN;

// Message flags: recv(2), send(2)
export const MSG_OOB: number = c.MSG_OOB;
export const MSG_PEEK: number = c.MSG_PEEK;
export const MSG_DONTROUTE: number = c.MSG_DONTROUTE;
export const MSG_CTRUNC: number = c.MSG_CTRUNC;
export const MSG_TRUNC: number = c.MSG_TRUNC;
export const MSG_DONTWAIT: number | undefined = c.MSG_DONTWAIT;
export const MSG_EOR: number | undefined = c.MSG_EOR;
export const MSG_WAITALL: number = c.MSG_WAITALL;
export const MSG_ERRQUEUE: number | undefined = c.MSG_ERRQUEUE;
export const MSG_NOSIGNAL: number | undefined = c.MSG_NOSIGNAL;
export const MSG_MORE: number | undefined = c.MSG_MORE;
export const MSG_ZEROCOPY: number | undefined = c.MSG_ZEROCOPY;

// poll(2)
export const POLLIN: number = c.POLLIN;
export const POLLPRI: number = c.POLLPRI;
export const POLLOUT: number = c.POLLOUT;
export const POLLERR: number = c.POLLERR;
export const POLLHUP: number = c.POLLHUP;
export const POLLNVAL: number = c.POLLNVAL;
export const POLLRDHUP: number | undefined = c.POLLRDHUP;

// Everything else
export const INADDR_ANY: number = c.INADDR_ANY;
export const INADDR_BROADCAST: number = c.INADDR_BROADCAST;
export const INADDR_LOOPBACK: number = c.INADDR_LOOPBACK;
export const INADDR_NONE: number = c.INADDR_NONE;
