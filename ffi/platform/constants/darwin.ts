// macOS: read by a compiler from Apple's headers with __APPLE_USE_RFC_3542; error numbers from <sys/errno.h>

export * from "./darwin-core.ts";

// Address and protocol families: socket(2)
export const AF_LOCAL = 1;
export const AF_LINK = 18;
export const AF_ROUTE = 17;
export const AF_MAX = 41;
export const PF_UNSPEC = 0;
export const PF_UNIX = 1;
export const PF_LOCAL = 1;
export const PF_INET = 2;
export const PF_INET6 = 30;
export const PF_ROUTE = 17;
export const PF_LINK = 18;

// Socket types and flags: socket(2)
export const SOCK_MAXADDRLEN = 255;

// Socket-level options: socket(7)
export const SO_LINGER_SEC = 4224;
export const SO_BINDTODEVICE = 4404;
export const SO_TIMESTAMP = 1024;
export const SO_TIMESTAMP_MONOTONIC = 2048;
export const SO_USELOOPBACK = 64;
export const SO_NKE = 4129;
export const SO_NOADDRERR = 4131;
export const SO_NWRITE = 4132;
export const SO_REUSESHAREUID = 4133;
export const SO_NOTIFYCONFLICT = 4134;
export const SO_UPCALLCLOSEWAIT = 4135;
export const SO_RANDOMPORT = 4226;
export const SO_NP_EXTENSIONS = 4227;
export const SO_NUMRCVPKT = 4370;
export const SO_NET_SERVICE_TYPE = 4374;
export const SO_NETSVC_MARKING_LEVEL = 4377;
export const SO_LABEL = 4112;
export const SO_PEERLABEL = 4113;
export const SO_DONTTRUNC = 8192;
export const SO_WANTMORE = 16384;
export const SO_WANTOOBFLAG = 32768;
export const SO_RESOLVER_SIGNATURE = 4401;

// Peer credentials of a unix socket: unix(4)
export const LOCAL_PEEREPID = 3;
export const LOCAL_PEERUUID = 4;
export const LOCAL_PEEREUUID = 5;
export const LOCAL_PEERTOKEN = 6;
export const XUCRED_VERSION = 0;
export const SAE_ASSOCID_ANY = 0;
export const SAE_CONNID_ANY = 0;

// IP protocols: protocols(5)
export const IPPROTO_HOPOPTS = 0;
export const IPPROTO_IPIP = 4;
export const IPPROTO_EGP = 8;
export const IPPROTO_PUP = 12;
export const IPPROTO_IDP = 22;
export const IPPROTO_TP = 29;
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
export const IPPROTO_MAX = 256;
export const IPPROTO_ND = 77;
export const IPPROTO_GGP = 3;
export const IPPROTO_ST = 7;
export const IPPROTO_DIVERT = 254;

// IPv4 options: ip(7)
export const IP_OPTIONS = 1;
export const IP_RECVOPTS = 5;
export const IP_RETOPTS = 8;
export const IP_PKTINFO = 26;
export const IP_RECVTTL = 24;
export const IP_RECVTOS = 27;
export const IP_IPSEC_POLICY = 21;
export const IP_UNBLOCK_SOURCE = 73;
export const IP_BLOCK_SOURCE = 72;
export const IP_ADD_SOURCE_MEMBERSHIP = 70;
export const IP_DROP_SOURCE_MEMBERSHIP = 71;
export const IP_MSFILTER = 74;
export const IP_DEFAULT_MULTICAST_TTL = 1;
export const IP_DEFAULT_MULTICAST_LOOP = 1;
export const IP_MAX_MEMBERSHIPS = 4095;
export const IP_MIN_MEMBERSHIPS = 31;
export const IP_RECVRETOPTS = 6;
export const IP_RECVDSTADDR = 7;
export const IP_RECVIF = 20;
export const IP_RECVPKTINFO = 26;
export const IP_PORTRANGE = 19;
export const IP_PORTRANGE_DEFAULT = 0;
export const IP_PORTRANGE_HIGH = 1;
export const IP_PORTRANGE_LOW = 2;
export const IP_BOUND_IF = 25;
export const IP_DONTFRAG = 28;
export const IP_MULTICAST_VIF = 14;
export const IP_MULTICAST_IFINDEX = 66;
export const IP_STRIPHDR = 23;
export const IP_MAX_GROUP_SRC_FILTER = 512;
export const IP_MAX_SOCK_SRC_FILTER = 128;

// IPv6 options: ipv6(7), RFC 3493, RFC 3542
export const IPV6_2292PKTINFO = 19;
export const IPV6_2292HOPOPTS = 22;
export const IPV6_2292DSTOPTS = 23;
export const IPV6_2292RTHDR = 24;
export const IPV6_2292PKTOPTIONS = 25;
export const IPV6_CHECKSUM = 26;
export const IPV6_2292HOPLIMIT = 20;
export const IPV6_NEXTHOP = 48;
export const IPV6_IPSEC_POLICY = 28;
export const IPV6_RECVPKTINFO = 61;
export const IPV6_PKTINFO = 46;
export const IPV6_RECVHOPLIMIT = 37;
export const IPV6_HOPLIMIT = 47;
export const IPV6_RECVHOPOPTS = 39;
export const IPV6_HOPOPTS = 49;
export const IPV6_RTHDRDSTOPTS = 57;
export const IPV6_RECVRTHDR = 38;
export const IPV6_RTHDR = 51;
export const IPV6_RECVDSTOPTS = 40;
export const IPV6_DSTOPTS = 50;
export const IPV6_RECVPATHMTU = 43;
export const IPV6_PATHMTU = 44;
export const IPV6_DONTFRAG = 62;
export const IPV6_RECVTCLASS = 35;
export const IPV6_AUTOFLOWLABEL = 59;
export const IPV6_USE_MIN_MTU = 42;
export const IPV6_PORTRANGE = 14;
export const IPV6_PORTRANGE_DEFAULT = 0;
export const IPV6_PORTRANGE_HIGH = 1;
export const IPV6_PORTRANGE_LOW = 2;
export const IPV6_BINDV6ONLY = 27;
export const IPV6_FAITH = 29;
export const IPV6_PREFER_TEMPADDR = 63;
export const IPV6_MSFILTER = 74;
export const IPV6_BOUND_IF = 125;
export const IPV6_3542PKTINFO = 46;
export const IPV6_3542HOPLIMIT = 47;
export const IPV6_3542NEXTHOP = 48;
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
export const TCP_NOTSENT_LOWAT = 513;
export const TCP_KEEPALIVE = 16;
export const TCP_NOOPT = 8;
export const TCP_NOPUSH = 4;
export const TCP_RXT_CONNDROPTIME = 128;
export const TCP_RXT_FINDROP = 256;
export const TCP_CONNECTIONTIMEOUT = 32;
export const TCP_SENDMOREACKS = 259;
export const TCP_ENABLE_ECN = 260;
export const TCP_CONNECTION_INFO = 262;
export const TCP_MAXWIN = 65535;
export const TCP_MSS = 512;
export const TCP_MINMSS = 216;

// UDP and UDP-Lite options: udp(7), udplite(7)
export const UDP_NOCKSUM = 1;

// Message flags: recv(2), send(2)
export const MSG_EOF = 256;
export const MSG_WAITSTREAM = 512;
export const MSG_FLUSH = 1024;
export const MSG_HOLD = 2048;
export const MSG_SEND = 4096;
export const MSG_HAVEMORE = 8192;
export const MSG_RCVMORE = 16384;
export const MSG_NEEDSA = 65536;

// Control messages: cmsg(3)
export const SCM_TIMESTAMP = 2;
export const SCM_TIMESTAMP_MONOTONIC = 4;

// poll(2)
export const POLLRDNORM = 64;
export const POLLRDBAND = 128;
export const POLLWRNORM = 4;
export const POLLWRBAND = 256;
export const POLLEXTEND = 512;
export const POLLATTRIB = 1024;
export const POLLNLINK = 2048;
export const POLLWRITE = 4096;
export const POLLSTANDARD = 511;

// kqueue(2)
export const EVFILT_READ = -1;
export const EVFILT_WRITE = -2;
export const EVFILT_AIO = -3;
export const EVFILT_VNODE = -4;
export const EVFILT_PROC = -5;
export const EVFILT_SIGNAL = -6;
export const EVFILT_TIMER = -7;
export const EVFILT_USER = -10;
export const EVFILT_EXCEPT = -15;
export const EVFILT_FS = -9;
export const EVFILT_MACHPORT = -8;
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
export const EV_OOBAND = 8192;
export const EV_UDATA_SPECIFIC = 256;
export const NOTE_TRIGGER = 16777216;
export const NOTE_LOWAT = 1;
export const NOTE_FFNOP = 0;
export const NOTE_OOB = 2;

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
export const AI_NUMERICSERV = 4096;
export const AI_V4MAPPED_CFG = 512;
export const AI_DEFAULT = 1536;
export const AI_MASK = 5127;
export const AI_UNUSABLE = 268435456;
export const NI_NUMERICHOST = 2;
export const NI_NUMERICSERV = 8;
export const NI_NOFQDN = 1;
export const NI_NAMEREQD = 4;
export const NI_DGRAM = 16;
export const NI_NUMERICSCOPE = 256;
export const NI_MAXHOST = 1025;
export const NI_MAXSERV = 32;
export const NI_WITHSCOPEID = 32;

// open(2), fcntl(2)
export const FD_SETSIZE = 1024;
export const O_RDONLY = 0;
export const O_WRONLY = 1;
export const O_RDWR = 2;
export const O_CLOEXEC = 16777216;
export const O_ASYNC = 64;
export const O_APPEND = 8;
export const O_CREAT = 512;
export const O_EXCL = 2048;
export const O_TRUNC = 1024;
export const O_NDELAY = 4;
export const F_DUPFD = 0;
export const F_GETFD = 1;
export const F_GETOWN = 5;
export const F_SETOWN = 6;
export const F_SETNOSIGPIPE = 73;
export const F_GETNOSIGPIPE = 74;
export const F_GETLK = 7;
export const F_SETLK = 8;
export const F_SETLKW = 9;

// ioctl(2)
export const FIOASYNC = 2147772029;
export const FIOCLEX = 536897025;
export const FIONCLEX = 536897026;
export const FIOSETOWN = 2147772028;
export const FIOGETOWN = 1074030203;
export const SIOCATMARK = 1074033415;
export const SIOCGIFCONF = 3222038820;
export const SIOCGIFFLAGS = 3223349521;
export const SIOCGIFADDR = 3223349537;
export const SIOCGIFMTU = 3223349555;
export const TIOCOUTQ = 1074033779;

// Interfaces: netdevice(7)
export const IFF_UP = 1;
export const IFF_BROADCAST = 2;
export const IFF_DEBUG = 4;
export const IFF_LOOPBACK = 8;
export const IFF_POINTOPOINT = 16;
export const IFF_NOTRAILERS = 32;
export const IFF_RUNNING = 64;
export const IFF_NOARP = 128;
export const IFF_PROMISC = 256;
export const IFF_ALLMULTI = 512;
export const IFF_MULTICAST = 32768;
export const IFF_SIMPLEX = 2048;
export const IFF_LINK0 = 4096;
export const IFF_LINK1 = 8192;
export const IFF_LINK2 = 16384;
export const IFF_OACTIVE = 1024;
export const IFNAMSIZ = 16;

// Addresses and ports
export const INET_ADDRSTRLEN = 16;
export const INET6_ADDRSTRLEN = 46;
export const IPPORT_RESERVED = 1024;
export const IPPORT_USERRESERVED = 5000;

// Everything else
export const IOV_MAX = 1024;
export const MAXHOSTNAMELEN = 256;
export const CONNECT_RESUME_ON_READ_WRITE = 1;
export const CONNECT_DATA_IDEMPOTENT = 2;
export const CONNECT_DATA_AUTHENTICATED = 4;
export const SIGIO = 23;
export const SIGURG = 16;
export const _SC_PAGESIZE = 29;
export const _SC_IOV_MAX = 56;

// Address and protocol families: socket(2)
export const AF_SNA = 11;
export const AF_DECnet = 12;
export const AF_APPLETALK = 16;
export const AF_IPX = 23;
export const PF_SYSTEM = 32;
export const AF_SYS_CONTROL = 2;

// IP protocols: protocols(5)
export const IPPROTO_IPV4 = 4;
export const IPPROTO_XTP = 36;
export const IPPROTO_HELLO = 63;
export const IPPROTO_EON = 80;
export const IPPROTO_IPCOMP = 108;

// Multicast addresses in host order
export const INADDR_UNSPEC_GROUP = 3758096384;
export const INADDR_ALLHOSTS_GROUP = 3758096385;
export const INADDR_MAX_LOCAL_GROUP = 3758096639;

// Virtual machines: vsock(7)
export const VMADDR_CID_ANY = 4294967295;
export const VMADDR_CID_HYPERVISOR = 0;
export const VMADDR_CID_HOST = 2;
export const VMADDR_PORT_ANY = 4294967295;
export const IOCTL_VM_SOCKETS_GET_LOCAL_CID = 1074033617;

// Kernel controls: sys/kern_control.h
export const SYSPROTO_EVENT = 1;
export const SYSPROTO_CONTROL = 2;
export const CTLIOCGINFO = 3227799043;

// More of them: ip(7), ipv6(7)
export const IPV6_RTHDR_TYPE_0 = 0;

// Option levels as Linux calls them; elsewhere they are the protocols, and Python has them everywhere
export const SOL_IP = 0;
export const SOL_TCP = 6;
export const SOL_UDP = 17;
