// macOS: the constants that the library itself goes by, loaded with it. The rest, and where they come from: darwin.ts

// Address and protocol families: socket(2)
export const AF_UNSPEC = 0;
export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 30;
export const AF_VSOCK = 40;
export const AF_SYSTEM = 32;

// Socket types and flags: socket(2)
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_RDM = 4;
export const SOCK_SEQPACKET = 5;

// Option levels: getsockopt(2)
export const SOL_SOCKET = 65535;
export const SOL_LOCAL = 0;

// listen(2), shutdown(2)
export const SOMAXCONN = 128;
export const SHUT_RD = 0;
export const SHUT_WR = 1;
export const SHUT_RDWR = 2;

// Socket-level options: socket(7)
export const SO_DEBUG = 1;
export const SO_REUSEADDR = 4;
export const SO_TYPE = 4104;
export const SO_ERROR = 4103;
export const SO_DONTROUTE = 16;
export const SO_BROADCAST = 32;
export const SO_SNDBUF = 4097;
export const SO_RCVBUF = 4098;
export const SO_KEEPALIVE = 8;
export const SO_OOBINLINE = 256;
export const SO_LINGER = 128;
export const SO_REUSEPORT = 512;
export const SO_RCVLOWAT = 4100;
export const SO_SNDLOWAT = 4099;
export const SO_RCVTIMEO = 4102;
export const SO_SNDTIMEO = 4101;
export const SO_ACCEPTCONN = 2;
export const SO_NREAD = 4128;
export const SO_NOSIGPIPE = 4130;

// Peer credentials of a unix socket: unix(4)
export const LOCAL_PEERCRED = 1;
export const LOCAL_PEERPID = 2;

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
export const IP_TOS = 3;
export const IP_TTL = 4;
export const IP_HDRINCL = 2;
export const IP_MULTICAST_IF = 9;
export const IP_MULTICAST_TTL = 10;
export const IP_MULTICAST_LOOP = 11;
export const IP_ADD_MEMBERSHIP = 12;
export const IP_DROP_MEMBERSHIP = 13;

// IPv6 options: ipv6(7), RFC 3493, RFC 3542
export const IPV6_UNICAST_HOPS = 4;
export const IPV6_MULTICAST_IF = 9;
export const IPV6_MULTICAST_HOPS = 10;
export const IPV6_MULTICAST_LOOP = 11;
export const IPV6_JOIN_GROUP = 12;
export const IPV6_LEAVE_GROUP = 13;
export const IPV6_V6ONLY = 27;
export const IPV6_TCLASS = 36;

// TCP options: tcp(7)
export const TCP_NODELAY = 1;
export const TCP_MAXSEG = 2;
export const TCP_KEEPINTVL = 257;
export const TCP_KEEPCNT = 258;
export const TCP_FASTOPEN = 261;

// Message flags: recv(2), send(2)
export const MSG_OOB = 1;
export const MSG_PEEK = 2;
export const MSG_DONTROUTE = 4;
export const MSG_CTRUNC = 32;
export const MSG_TRUNC = 16;
export const MSG_DONTWAIT = 128;
export const MSG_EOR = 8;
export const MSG_WAITALL = 64;
export const MSG_NOSIGNAL = 524288;

// Control messages: cmsg(3)
export const SCM_RIGHTS = 1;
export const SCM_CREDS = 3;

// poll(2)
export const POLLIN = 1;
export const POLLPRI = 2;
export const POLLOUT = 4;
export const POLLERR = 8;
export const POLLHUP = 16;
export const POLLNVAL = 32;

// open(2), fcntl(2)
export const FD_CLOEXEC = 1;
export const O_NONBLOCK = 4;
export const F_DUPFD_CLOEXEC = 67;
export const F_SETFD = 2;
export const F_GETFL = 3;
export const F_SETFL = 4;

// ioctl(2)
export const FIONREAD = 1074030207;
export const FIONBIO = 2147772030;

// Interfaces: netdevice(7)
export const IF_NAMESIZE = 16;

// Addresses and ports
export const INADDR_ANY = 0;
export const INADDR_BROADCAST = 4294967295;
export const INADDR_LOOPBACK = 2130706433;
export const INADDR_NONE = 4294967295;

// Everything else
export const SIGPIPE = 13;

// Error numbers: errno(3)
export const EPERM = 1;
export const ENOENT = 2;
export const ESRCH = 3;
export const EINTR = 4;
export const EIO = 5;
export const ENXIO = 6;
export const E2BIG = 7;
export const ENOEXEC = 8;
export const EBADF = 9;
export const ECHILD = 10;
export const EDEADLK = 11;
export const ENOMEM = 12;
export const EACCES = 13;
export const EFAULT = 14;
export const ENOTBLK = 15;
export const EBUSY = 16;
export const EEXIST = 17;
export const EXDEV = 18;
export const ENODEV = 19;
export const ENOTDIR = 20;
export const EISDIR = 21;
export const EINVAL = 22;
export const ENFILE = 23;
export const EMFILE = 24;
export const ENOTTY = 25;
export const ETXTBSY = 26;
export const EFBIG = 27;
export const ENOSPC = 28;
export const ESPIPE = 29;
export const EROFS = 30;
export const EMLINK = 31;
export const EPIPE = 32;
export const EDOM = 33;
export const ERANGE = 34;
export const EWOULDBLOCK = 35;
export const EAGAIN = 35;
export const EINPROGRESS = 36;
export const EALREADY = 37;
export const ENOTSOCK = 38;
export const EDESTADDRREQ = 39;
export const EMSGSIZE = 40;
export const EPROTOTYPE = 41;
export const ENOPROTOOPT = 42;
export const EPROTONOSUPPORT = 43;
export const ESOCKTNOSUPPORT = 44;
export const ENOTSUP = 45;
export const EPFNOSUPPORT = 46;
export const EAFNOSUPPORT = 47;
export const EADDRINUSE = 48;
export const EADDRNOTAVAIL = 49;
export const ENETDOWN = 50;
export const ENETUNREACH = 51;
export const ENETRESET = 52;
export const ECONNABORTED = 53;
export const ECONNRESET = 54;
export const ENOBUFS = 55;
export const EISCONN = 56;
export const ENOTCONN = 57;
export const ESHUTDOWN = 58;
export const ETOOMANYREFS = 59;
export const ETIMEDOUT = 60;
export const ECONNREFUSED = 61;
export const ELOOP = 62;
export const ENAMETOOLONG = 63;
export const EHOSTDOWN = 64;
export const EHOSTUNREACH = 65;
export const ENOTEMPTY = 66;
export const EPROCLIM = 67;
export const EUSERS = 68;
export const EDQUOT = 69;
export const ESTALE = 70;
export const EREMOTE = 71;
export const EBADRPC = 72;
export const ERPCMISMATCH = 73;
export const EPROGUNAVAIL = 74;
export const EPROGMISMATCH = 75;
export const EPROCUNAVAIL = 76;
export const ENOLCK = 77;
export const ENOSYS = 78;
export const EFTYPE = 79;
export const EAUTH = 80;
export const ENEEDAUTH = 81;
export const EPWROFF = 82;
export const EDEVERR = 83;
export const EOVERFLOW = 84;
export const EBADEXEC = 85;
export const EBADARCH = 86;
export const ESHLIBVERS = 87;
export const EBADMACHO = 88;
export const ECANCELED = 89;
export const EIDRM = 90;
export const ENOMSG = 91;
export const EILSEQ = 92;
export const ENOATTR = 93;
export const EBADMSG = 94;
export const EMULTIHOP = 95;
export const ENODATA = 96;
export const ENOLINK = 97;
export const ENOSR = 98;
export const ENOSTR = 99;
export const EPROTO = 100;
export const ETIME = 101;
export const EOPNOTSUPP = 102;
export const ENOPOLICY = 103;
export const ENOTRECOVERABLE = 104;
export const EOWNERDEAD = 105;
export const EQFULL = 106;
export const ENOTCAPABLE = 107;
