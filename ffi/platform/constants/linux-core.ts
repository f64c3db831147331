// Linux: the constants that the library itself goes by, loaded with it. The rest, and where they come from: linux.ts

// Address and protocol families: socket(2)
export const AF_UNSPEC = 0;
export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_NETLINK = 16;
export const AF_PACKET = 17;
export const AF_VSOCK = 40;

// Socket types and flags: socket(2)
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_RDM = 4;
export const SOCK_SEQPACKET = 5;
export const SOCK_CLOEXEC = 524288;
export const SOCK_NONBLOCK = 2048;

// Option levels: getsockopt(2)
export const SOL_SOCKET = 1;

// listen(2), shutdown(2)
export const SOMAXCONN = 4096;
export const SHUT_RD = 0;
export const SHUT_WR = 1;
export const SHUT_RDWR = 2;

// Socket-level options: socket(7)
export const SO_DEBUG = 1;
export const SO_REUSEADDR = 2;
export const SO_TYPE = 3;
export const SO_ERROR = 4;
export const SO_DONTROUTE = 5;
export const SO_BROADCAST = 6;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_KEEPALIVE = 9;
export const SO_OOBINLINE = 10;
export const SO_LINGER = 13;
export const SO_REUSEPORT = 15;
export const SO_PEERCRED = 17;
export const SO_RCVLOWAT = 18;
export const SO_SNDLOWAT = 19;
export const SO_RCVTIMEO = 20;
export const SO_SNDTIMEO = 21;
export const SO_ACCEPTCONN = 30;
export const SO_PROTOCOL = 38;
export const SO_DOMAIN = 39;

// IP protocols: protocols(5)
export const IPPROTO_IP = 0;
export const IPPROTO_ICMP = 1;
export const IPPROTO_IGMP = 2;
export const IPPROTO_TCP = 6;
export const IPPROTO_UDP = 17;
export const IPPROTO_IPV6 = 41;
export const IPPROTO_ICMPV6 = 58;
export const IPPROTO_SCTP = 132;
export const IPPROTO_RAW = 255;

// IPv4 options: ip(7)
export const IP_TOS = 1;
export const IP_TTL = 2;
export const IP_HDRINCL = 3;
export const IP_MULTICAST_IF = 32;
export const IP_MULTICAST_TTL = 33;
export const IP_MULTICAST_LOOP = 34;
export const IP_ADD_MEMBERSHIP = 35;
export const IP_DROP_MEMBERSHIP = 36;

// IPv6 options: ipv6(7), RFC 3493, RFC 3542
export const IPV6_UNICAST_HOPS = 16;
export const IPV6_MULTICAST_IF = 17;
export const IPV6_MULTICAST_HOPS = 18;
export const IPV6_MULTICAST_LOOP = 19;
export const IPV6_JOIN_GROUP = 20;
export const IPV6_LEAVE_GROUP = 21;
export const IPV6_V6ONLY = 26;
export const IPV6_TCLASS = 67;

// TCP options: tcp(7)
export const TCP_NODELAY = 1;
export const TCP_MAXSEG = 2;
export const TCP_KEEPINTVL = 5;
export const TCP_KEEPCNT = 6;
export const TCP_FASTOPEN = 23;

// Message flags: recv(2), send(2)
export const MSG_OOB = 1;
export const MSG_PEEK = 2;
export const MSG_DONTROUTE = 4;
export const MSG_CTRUNC = 8;
export const MSG_TRUNC = 32;
export const MSG_DONTWAIT = 64;
export const MSG_EOR = 128;
export const MSG_WAITALL = 256;
export const MSG_ERRQUEUE = 8192;
export const MSG_NOSIGNAL = 16384;
export const MSG_MORE = 32768;
export const MSG_ZEROCOPY = 67108864;
export const MSG_CMSG_CLOEXEC = 1073741824;

// Control messages: cmsg(3)
export const SCM_CREDENTIALS = 2;

// poll(2)
export const POLLIN = 1;
export const POLLPRI = 2;
export const POLLOUT = 4;
export const POLLERR = 8;
export const POLLHUP = 16;
export const POLLNVAL = 32;
export const POLLRDHUP = 8192;

// epoll(7), eventfd(2)
export const EFD_CLOEXEC = 524288;
export const EFD_NONBLOCK = 2048;

// Error numbers: errno(3)
export const EINTR = 4;
export const EAGAIN = 11;
export const ECONNABORTED = 103;
export const ENOTCONN = 107;
export const EINPROGRESS = 115;

// open(2), fcntl(2)
export const FD_CLOEXEC = 1;
export const O_NONBLOCK = 2048;
export const F_DUPFD_CLOEXEC = 1030;
export const F_SETFD = 2;
export const F_GETFL = 3;
export const F_SETFL = 4;

// ioctl(2)
export const FIONREAD = 21531;
export const FIONBIO = 21537;

// Interfaces: netdevice(7)
export const IF_NAMESIZE = 16;

// Addresses and ports
export const INADDR_ANY = 0;
export const INADDR_BROADCAST = 4294967295;
export const INADDR_LOOPBACK = 2130706433;
export const INADDR_NONE = 4294967295;

// Everything else
export const SIGPIPE = 13;
