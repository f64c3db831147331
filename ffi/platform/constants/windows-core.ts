// Windows: the constants that the library itself goes by, loaded with it. The rest, and where they come from: windows.ts

// Address and protocol families: socket(2)
export const AF_UNSPEC = 0;
export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 23;
export const AF_BTH = 32;
export const AF_HYPERV = 34;

// Socket types and flags: socket(2)
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_RDM = 4;
export const SOCK_SEQPACKET = 5;

// Option levels: getsockopt(2)
export const SOL_SOCKET = 65535;

// listen(2), shutdown(2)
export const SOMAXCONN = 2147483647;
// SD_RECEIVE, SD_SEND and SD_BOTH, by the names of POSIX
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
export const SO_RCVLOWAT = 4100;
export const SO_SNDLOWAT = 4099;
export const SO_RCVTIMEO = 4102;
export const SO_SNDTIMEO = 4101;
export const SO_ACCEPTCONN = 2;
export const SO_EXCLUSIVEADDRUSE = -5;
export const SO_PROTOCOL_INFOW = 8197;

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
export const IPV6_TCLASS = 39;

// TCP options: tcp(7)
export const TCP_NODELAY = 1;
export const TCP_MAXSEG = 4;
export const TCP_KEEPINTVL = 17;
export const TCP_KEEPCNT = 16;
export const TCP_FASTOPEN = 15;

// Message flags: recv(2), send(2)
export const MSG_OOB = 1;
export const MSG_PEEK = 2;
export const MSG_DONTROUTE = 4;
export const MSG_CTRUNC = 512;
export const MSG_TRUNC = 256;
export const MSG_WAITALL = 8;

// poll(2)
export const POLLIN = 768;
export const POLLPRI = 1024;
export const POLLOUT = 16;
export const POLLERR = 1;
export const POLLHUP = 2;
export const POLLNVAL = 4;

// Error numbers: errno(3)
export const EINTR = 4;
export const EAGAIN = 11;
export const ECONNABORTED = 106;
export const EINPROGRESS = 112;
export const ENOTCONN = 126;

// ioctl(2)
export const FIONREAD = 1074030207;
export const FIONBIO = 2147772030;
export const SIO_GET_EXTENSION_FUNCTION_POINTER = 3355443206;
export const SIO_UDP_CONNRESET = 2550136844;
export const SIO_AF_UNIX_GETPEERPID = 1476395264;

// Interfaces: netdevice(7)
export const IF_NAMESIZE = 256;

// Addresses and ports
export const INADDR_ANY = 0;
export const INADDR_BROADCAST = 4294967295;
export const INADDR_LOOPBACK = 2130706433;
export const INADDR_NONE = 4294967295;

// Error numbers of Windows
export const ERROR_FILE_NOT_FOUND = 2;
export const ERROR_DEV_NOT_EXIST = 55;

// Error numbers of Winsock
export const WSA_INVALID_HANDLE = 6;
export const WSA_NOT_ENOUGH_MEMORY = 8;
export const WSA_INVALID_PARAMETER = 87;
export const WSA_OPERATION_ABORTED = 995;
export const WSA_IO_PENDING = 997;
export const WSAEINTR = 10004;
export const WSAEBADF = 10009;
export const WSAEACCES = 10013;
export const WSAEFAULT = 10014;
export const WSAEINVAL = 10022;
export const WSAEMFILE = 10024;
export const WSAEWOULDBLOCK = 10035;
export const WSAEINPROGRESS = 10036;
export const WSAEALREADY = 10037;
export const WSAENOTSOCK = 10038;
export const WSAEDESTADDRREQ = 10039;
export const WSAEMSGSIZE = 10040;
export const WSAEPROTOTYPE = 10041;
export const WSAENOPROTOOPT = 10042;
export const WSAEPROTONOSUPPORT = 10043;
export const WSAESOCKTNOSUPPORT = 10044;
export const WSAEOPNOTSUPP = 10045;
export const WSAEPFNOSUPPORT = 10046;
export const WSAEAFNOSUPPORT = 10047;
export const WSAEADDRINUSE = 10048;
export const WSAEADDRNOTAVAIL = 10049;
export const WSAENETDOWN = 10050;
export const WSAENETUNREACH = 10051;
export const WSAENETRESET = 10052;
export const WSAECONNABORTED = 10053;
export const WSAECONNRESET = 10054;
export const WSAENOBUFS = 10055;
export const WSAEISCONN = 10056;
export const WSAENOTCONN = 10057;
export const WSAESHUTDOWN = 10058;
export const WSAETOOMANYREFS = 10059;
export const WSAETIMEDOUT = 10060;
export const WSAECONNREFUSED = 10061;
export const WSAELOOP = 10062;
export const WSAENAMETOOLONG = 10063;
export const WSAEHOSTDOWN = 10064;
export const WSAEHOSTUNREACH = 10065;
export const WSAENOTEMPTY = 10066;
export const WSAEPROCLIM = 10067;
export const WSAEUSERS = 10068;
export const WSAEDQUOT = 10069;
export const WSAESTALE = 10070;
export const WSAEREMOTE = 10071;
export const WSASYSNOTREADY = 10091;
export const WSAVERNOTSUPPORTED = 10092;
export const WSANOTINITIALISED = 10093;
export const WSAEDISCON = 10101;
export const WSAENOMORE = 10102;
export const WSAECANCELLED = 10103;
export const WSAEINVALIDPROCTABLE = 10104;
export const WSAEINVALIDPROVIDER = 10105;
export const WSAEPROVIDERFAILEDINIT = 10106;
export const WSASYSCALLFAILURE = 10107;
export const WSAEREFUSED = 10112;

// Error numbers of the C runtime: socket calls report Winsock's
export const EPERM = 1;
export const ENOENT = 2;
export const ESRCH = 3;
export const EIO = 5;
export const ENXIO = 6;
export const E2BIG = 7;
export const EBADF = 9;
export const ECHILD = 10;
export const ENOMEM = 12;
export const EACCES = 13;
export const EFAULT = 14;
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
export const ENOSPC = 28;
export const ESPIPE = 29;
export const EROFS = 30;
export const EPIPE = 32;
export const EDOM = 33;
export const ERANGE = 34;
export const EDEADLK = 36;
export const ENAMETOOLONG = 38;
export const ENOSYS = 40;
export const ENOTEMPTY = 41;
export const EILSEQ = 42;
export const EADDRINUSE = 100;
export const EADDRNOTAVAIL = 101;
export const EAFNOSUPPORT = 102;
export const EALREADY = 103;
export const EBADMSG = 104;
export const ECANCELED = 105;
export const ECONNREFUSED = 107;
export const ECONNRESET = 108;
export const EDESTADDRREQ = 109;
export const EHOSTUNREACH = 110;
export const EIDRM = 111;
export const EISCONN = 113;
export const ELOOP = 114;
export const EMSGSIZE = 115;
export const ENETDOWN = 116;
export const ENETRESET = 117;
export const ENETUNREACH = 118;
export const ENOBUFS = 119;
export const ENODATA = 120;
export const ENOLINK = 121;
export const ENOMSG = 122;
export const ENOPROTOOPT = 123;
export const ENOTRECOVERABLE = 127;
export const ENOTSOCK = 128;
export const ENOTSUP = 129;
export const EOPNOTSUPP = 130;
export const EOVERFLOW = 132;
export const EOWNERDEAD = 133;
export const EPROTO = 134;
export const EPROTONOSUPPORT = 135;
export const EPROTOTYPE = 136;
export const ETIME = 137;
export const ETIMEDOUT = 138;
export const ETXTBSY = 139;
export const EWOULDBLOCK = 140;

// WSASocketW
export const WSA_FLAG_OVERLAPPED = 1;
export const WSA_FLAG_NO_HANDLE_INHERIT = 128;

// UDP and UDP-Lite options: udp(7), udplite(7)
export const UDP_SEND_MSG_SIZE = 2;
export const UDP_RECV_MAX_COALESCED_SIZE = 3;
