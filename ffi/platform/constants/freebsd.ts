// FreeBSD 15: read by a compiler from its own headers; error numbers from <sys/errno.h>

export * from "./freebsd-core.ts";

// Address and protocol families: socket(2)
export const AF_LOCAL = 1;
export const AF_LINK = 18;
export const AF_HYPERV = 43;
export const AF_ROUTE = 17;
export const AF_MAX = 46;
export const PF_UNSPEC = 0;
export const PF_UNIX = 1;
export const PF_LOCAL = 1;
export const PF_INET = 2;
export const PF_INET6 = 28;
export const PF_ROUTE = 17;
export const PF_LINK = 18;

// Socket types and flags: socket(2)
export const SOCK_CLOFORK = 1073741824;
export const SOCK_MAXADDRLEN = 255;

// Socket-level options: socket(7)
export const SO_REUSEPORT_LB = 65536;
export const SO_TIMESTAMP = 1024;
export const SO_PROTOTYPE = 4118;
export const SO_MAX_PACING_RATE = 4120;
export const SO_RERROR = 131072;
export const SO_USELOOPBACK = 64;
export const SO_LABEL = 4105;
export const SO_PEERLABEL = 4112;
export const SO_ACCEPTFILTER = 4096;
export const SO_NO_OFFLOAD = 16384;
export const SO_NO_DDP = 32768;
export const SO_BINTIME = 8192;
export const SO_LISTENQLIMIT = 4113;
export const SO_LISTENQLEN = 4114;
export const SO_LISTENINCQLEN = 4115;
export const SO_SETFIB = 4116;
export const SO_USER_COOKIE = 4117;
export const SO_TS_CLOCK = 4119;
export const SO_TS_REALTIME_MICRO = 0;
export const SO_TS_BINTIME = 1;
export const SO_TS_REALTIME = 2;
export const SO_TS_MONOTONIC = 3;
export const SO_SPLICE = 4131;

// Peer credentials of a unix socket: unix(4)
export const LOCAL_CREDS = 2;
export const LOCAL_CREDS_PERSISTENT = 3;
export const LOCAL_VENDOR = 2147483648;
export const XUCRED_VERSION = 0;
export const CMGROUP_MAX = 16;
export const XU_NGROUPS = 16;

// IP protocols: protocols(5)
export const IPPROTO_HOPOPTS = 0;
export const IPPROTO_IPIP = 4;
export const IPPROTO_EGP = 8;
export const IPPROTO_PUP = 12;
export const IPPROTO_IDP = 22;
export const IPPROTO_TP = 29;
export const IPPROTO_DCCP = 33;
export const IPPROTO_ROUTING = 43;
export const IPPROTO_FRAGMENT = 44;
export const IPPROTO_RSVP = 46;
export const IPPROTO_GRE = 47;
export const IPPROTO_ESP = 50;
export const IPPROTO_AH = 51;
export const IPPROTO_NONE = 59;
export const IPPROTO_DSTOPTS = 60;
export const IPPROTO_MTP = 92;
export const IPPROTO_ENCAP = 98;
export const IPPROTO_PIM = 103;
export const IPPROTO_MH = 135;
export const IPPROTO_UDPLITE = 136;
export const IPPROTO_MPLS = 137;
export const IPPROTO_MAX = 256;
export const IPPROTO_ND = 77;
export const IPPROTO_GGP = 3;
export const IPPROTO_ST = 7;
export const IPPROTO_CARP = 112;
export const IPPROTO_DIVERT = 258;

// IPv4 options: ip(7)
export const IP_OPTIONS = 1;
export const IP_RECVOPTS = 5;
export const IP_RETOPTS = 8;
export const IP_RECVTTL = 65;
export const IP_RECVTOS = 68;
export const IP_IPSEC_POLICY = 21;
export const IP_ORIGDSTADDR = 27;
export const IP_RECVORIGDSTADDR = 27;
export const IP_MINTTL = 66;
export const IP_UNBLOCK_SOURCE = 73;
export const IP_BLOCK_SOURCE = 72;
export const IP_ADD_SOURCE_MEMBERSHIP = 70;
export const IP_DROP_SOURCE_MEMBERSHIP = 71;
export const IP_MSFILTER = 74;
export const IP_DEFAULT_MULTICAST_TTL = 1;
export const IP_DEFAULT_MULTICAST_LOOP = 1;
export const IP_MAX_MEMBERSHIPS = 4095;
export const IP_RECVRETOPTS = 6;
export const IP_RECVDSTADDR = 7;
export const IP_SENDSRCADDR = 7;
export const IP_RECVIF = 20;
export const IP_PORTRANGE = 19;
export const IP_PORTRANGE_DEFAULT = 0;
export const IP_PORTRANGE_HIGH = 1;
export const IP_PORTRANGE_LOW = 2;
export const IP_DONTFRAG = 67;
export const IP_BINDANY = 24;
export const IP_RSSBUCKETID = 92;
export const IP_ONESBCAST = 23;
export const IP_MULTICAST_VIF = 14;
export const IP_FLOWID = 90;
export const IP_FLOWTYPE = 91;
export const IP_RECVFLOWID = 93;
export const IP_RECVRSSBUCKETID = 94;
export const IP_VLAN_PCP = 75;
export const IP_MAX_GROUP_SRC_FILTER = 512;
export const IP_MAX_SOCK_SRC_FILTER = 128;

// IPv6 options: ipv6(7), RFC 3493, RFC 3542
export const IPV6_CHECKSUM = 26;
export const IPV6_NEXTHOP = 48;
export const IPV6_IPSEC_POLICY = 28;
export const IPV6_RECVPKTINFO = 36;
export const IPV6_PKTINFO = 46;
export const IPV6_RECVHOPLIMIT = 37;
export const IPV6_HOPLIMIT = 47;
export const IPV6_RECVHOPOPTS = 39;
export const IPV6_HOPOPTS = 49;
export const IPV6_RTHDRDSTOPTS = 35;
export const IPV6_RECVRTHDR = 38;
export const IPV6_RTHDR = 51;
export const IPV6_RECVDSTOPTS = 40;
export const IPV6_DSTOPTS = 50;
export const IPV6_RECVPATHMTU = 43;
export const IPV6_PATHMTU = 44;
export const IPV6_DONTFRAG = 62;
export const IPV6_RECVTCLASS = 57;
export const IPV6_AUTOFLOWLABEL = 59;
export const IPV6_ORIGDSTADDR = 72;
export const IPV6_RECVORIGDSTADDR = 72;
export const IPV6_USE_MIN_MTU = 42;
export const IPV6_PORTRANGE = 14;
export const IPV6_PORTRANGE_DEFAULT = 0;
export const IPV6_PORTRANGE_HIGH = 1;
export const IPV6_PORTRANGE_LOW = 2;
export const IPV6_BINDV6ONLY = 27;
export const IPV6_PREFER_TEMPADDR = 63;
export const IPV6_MSFILTER = 74;
export const IPV6_BINDANY = 64;
export const IPV6_RSSBUCKETID = 69;
export const IPV6_FLOWID = 67;
export const IPV6_FLOWTYPE = 68;
export const IPV6_RECVFLOWID = 70;
export const IPV6_RECVRSSBUCKETID = 71;
export const IPV6_VLAN_PCP = 75;
export const IPV6_DEFAULT_MULTICAST_HOPS = 1;
export const IPV6_DEFAULT_MULTICAST_LOOP = 1;

// Protocol-independent multicast: RFC 3678
export const MCAST_JOIN_GROUP = 80;
export const MCAST_LEAVE_GROUP = 81;
export const MCAST_BLOCK_SOURCE = 84;
export const MCAST_UNBLOCK_SOURCE = 85;
export const MCAST_JOIN_SOURCE_GROUP = 82;
export const MCAST_LEAVE_SOURCE_GROUP = 83;
export const MCAST_INCLUDE = 1;
export const MCAST_EXCLUDE = 2;
export const MCAST_UNDEFINED = 0;

// TCP options: tcp(7)
export const TCP_KEEPIDLE = 256;
export const TCP_INFO = 32;
export const TCP_CONGESTION = 64;
export const TCP_MD5SIG = 16;
export const TCP_KEEPINIT = 128;
export const TCP_NOOPT = 8;
export const TCP_NOPUSH = 4;
export const TCP_MAXWIN = 65535;
export const TCP_MSS = 536;
export const TCP_MINMSS = 216;
export const TCP_CCALGOOPT = 65;
export const TCP_FUNCTION_BLK = 8192;
export const TCP_LOG = 34;
export const TCP_STATS = 33;
export const TCP_TXTLS_ENABLE = 39;
export const TCP_RXTLS_ENABLE = 41;
export const TCP_REUSPORT_LB_NUMA = 1026;
export const TCP_DELACK = 72;

// UDP and UDP-Lite options: udp(7), udplite(7)
export const UDP_ENCAP = 1;
export const UDP_ENCAP_ESPINUDP = 2;

// Message flags: recv(2), send(2)
export const MSG_WAITFORONE = 524288;
export const MSG_CMSG_CLOFORK = 4194304;
export const MSG_EOF = 256;
export const MSG_NBIO = 16384;
export const MSG_COMPAT = 32768;
export const MSG_NOTIFICATION = 8192;

// Control messages: cmsg(3)
export const SCM_CREDS2 = 8;
export const SCM_TIMESTAMP = 2;
export const SCM_BINTIME = 4;
export const SCM_REALTIME = 5;
export const SCM_MONOTONIC = 6;
export const SCM_TIME_INFO = 7;

// poll(2)
export const POLLRDNORM = 64;
export const POLLRDBAND = 128;
export const POLLWRNORM = 4;
export const POLLWRBAND = 256;
export const POLLINIGNEOF = 8192;
export const POLLSTANDARD = 511;
export const INFTIM = -1;

// kqueue(2)
export const EVFILT_READ = -1;
export const EVFILT_WRITE = -2;
export const EVFILT_AIO = -3;
export const EVFILT_VNODE = -4;
export const EVFILT_PROC = -5;
export const EVFILT_SIGNAL = -6;
export const EVFILT_TIMER = -7;
export const EVFILT_USER = -11;
export const EVFILT_FS = -9;
export const EVFILT_EMPTY = -13;
export const EV_ADD = 1;
export const EV_DELETE = 2;
export const EV_ENABLE = 4;
export const EV_DISABLE = 8;
export const EV_ONESHOT = 16;
export const EV_CLEAR = 32;
export const EV_RECEIPT = 64;
export const EV_DISPATCH = 128;
export const EV_EOF = 32768;
export const EV_ERROR = 16384;
export const EV_FLAG1 = 8192;
export const NOTE_TRIGGER = 16777216;
export const NOTE_LOWAT = 1;
export const NOTE_FFNOP = 0;

// Resolver: getaddrinfo(3), getnameinfo(3)
export const EAI_BADFLAGS = 3;
export const EAI_NONAME = 8;
export const EAI_AGAIN = 2;
export const EAI_FAIL = 4;
export const EAI_FAMILY = 5;
export const EAI_SOCKTYPE = 10;
export const EAI_SERVICE = 9;
export const EAI_MEMORY = 6;
export const EAI_SYSTEM = 11;
export const EAI_OVERFLOW = 14;
export const EAI_NODATA = 7;
export const EAI_ADDRFAMILY = 1;
export const EAI_BADHINTS = 12;
export const EAI_PROTOCOL = 13;
export const EAI_MAX = 15;
export const AI_PASSIVE = 1;
export const AI_CANONNAME = 2;
export const AI_NUMERICHOST = 4;
export const AI_V4MAPPED = 2048;
export const AI_ALL = 256;
export const AI_ADDRCONFIG = 1024;
export const AI_NUMERICSERV = 8;
export const AI_V4MAPPED_CFG = 512;
export const AI_DEFAULT = 1536;
export const AI_MASK = 3343;
export const NI_NUMERICHOST = 2;
export const NI_NUMERICSERV = 8;
export const NI_NOFQDN = 1;
export const NI_NAMEREQD = 4;
export const NI_DGRAM = 16;
export const NI_NUMERICSCOPE = 32;
export const NI_MAXHOST = 1025;
export const NI_MAXSERV = 32;

// open(2), fcntl(2)
export const FD_SETSIZE = 1024;
export const FD_CLOFORK = 4;
export const O_RDONLY = 0;
export const O_WRONLY = 1;
export const O_RDWR = 2;
export const O_CLOEXEC = 1048576;
export const O_ASYNC = 64;
export const O_APPEND = 8;
export const O_CREAT = 512;
export const O_EXCL = 2048;
export const O_TRUNC = 1024;
export const O_NDELAY = 4;
export const O_CLOFORK = 134217728;
export const F_DUPFD = 0;
export const F_GETFD = 1;
export const F_GETOWN = 5;
export const F_SETOWN = 6;
export const F_GETLK = 11;
export const F_SETLK = 12;
export const F_SETLKW = 13;
export const F_DUP2FD = 10;
export const F_ISUNIONSTACK = 21;
export const F_KINFO = 22;

// ioctl(2)
export const FIOASYNC = 2147772029;
export const FIOCLEX = 536897025;
export const FIONCLEX = 536897026;
export const FIONWRITE = 1074030199;
export const FIONSPACE = 1074030198;
export const FIOSETOWN = 2147772028;
export const FIOGETOWN = 1074030203;
export const SIOCATMARK = 1074033415;
export const SIOCGIFCONF = 3222300964;
export const SIOCGIFFLAGS = 3223349521;
export const SIOCGIFADDR = 3223349537;
export const SIOCGIFMTU = 3223349555;
export const SIOCGIFINDEX = 3223349536;
export const TIOCOUTQ = 1074033779;

// Interfaces: netdevice(7)
export const IFF_UP = 1;
export const IFF_BROADCAST = 2;
export const IFF_DEBUG = 4;
export const IFF_LOOPBACK = 8;
export const IFF_POINTOPOINT = 16;
export const IFF_RUNNING = 64;
export const IFF_NOARP = 128;
export const IFF_PROMISC = 256;
export const IFF_ALLMULTI = 512;
export const IFF_MULTICAST = 32768;
export const IFF_SIMPLEX = 2048;
export const IFF_LINK0 = 4096;
export const IFF_LINK1 = 8192;
export const IFF_LINK2 = 16384;
export const IFF_DRV_RUNNING = 64;
export const IFF_DRV_OACTIVE = 1024;
export const IFF_OACTIVE = 1024;
export const IFNAMSIZ = 16;

// Addresses and ports
export const INET_ADDRSTRLEN = 16;
export const INET6_ADDRSTRLEN = 46;
export const IPPORT_RESERVED = 1024;
export const IPPORT_USERRESERVED = 5000; // of no header: Python has it everywhere

// Everything else
export const IOV_MAX = 1024;
export const MAXHOSTNAMELEN = 256;
export const SF_NODISKIO = 1;
export const SF_MNOWAIT = 2;
export const SF_SYNC = 4;
export const SF_NOCACHE = 16;
export const SIGIO = 23;
export const SIGURG = 16;
export const _SC_PAGESIZE = 47;
export const _SC_IOV_MAX = 56;

// Address and protocol families: socket(2)
export const AF_SNA = 11;
export const AF_DECnet = 12;
export const AF_APPLETALK = 16;
export const AF_IPX = 23;
export const AF_DIVERT = 44;
export const PF_DIVERT = 44;

// Option levels: getsockopt(2)
export const SOL_HCI = 2050;
export const SOL_L2CAP = 5641;
export const SOL_RFCOMM = 2070;
export const SOL_SCO = 521;

// IP protocols: protocols(5)
export const IPPROTO_IPV4 = 4;
export const IPPROTO_XTP = 36;
export const IPPROTO_MOBILE = 55;
export const IPPROTO_HELLO = 63;
export const IPPROTO_EON = 80;
export const IPPROTO_IPCOMP = 108;
export const IPPROTO_PGM = 113;

// Multicast addresses in host order
export const INADDR_UNSPEC_GROUP = 3758096384;
export const INADDR_ALLHOSTS_GROUP = 3758096385;
export const INADDR_MAX_LOCAL_GROUP = 3758096639;

// Bluetooth: BlueZ's lib/bluetooth.h, hci.h, l2cap.h; ng_btsocket.h; ws2bth.h
export const BTPROTO_HCI = 134;
export const BTPROTO_L2CAP = 135;
export const BTPROTO_RFCOMM = 136;
export const BTPROTO_SCO = 137;
export const SO_L2CAP_IMTU = 1;
export const SO_L2CAP_OMTU = 2;
export const SO_L2CAP_IFLOW = 3;
export const SO_L2CAP_OFLOW = 4;
export const SO_L2CAP_FLUSH = 5;
export const SO_L2CAP_ENCRYPTED = 6;
export const SO_RFCOMM_MTU = 1;
export const SO_RFCOMM_FC_INFO = 2;
export const SO_SCO_MTU = 1;
export const SO_SCO_CONNINFO = 2;

// More of them: ip(7), ipv6(7)
export const IPV6_RTHDR_TYPE_0 = 0;

// Option levels as Linux calls them; elsewhere they are the protocols, and Python has them everywhere
export const SOL_IP = 0;
export const SOL_TCP = 6;
export const SOL_UDP = 17;
