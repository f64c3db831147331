// Windows: read by a compiler from mingw-w64's headers; three values from Microsoft's documentation of UDP segmentation and SO_REUSE_UNICASTPORT

export * from "./windows-calls.ts";
export * from "./windows-core.ts";

// Address and protocol families: socket(2)
export const AF_MAX = 33;
export const AF_IRDA = 26;
export const PF_UNSPEC = 0;
export const PF_UNIX = 1;
export const PF_INET = 2;
export const PF_INET6 = 23;

// listen(2), shutdown(2)
export const SD_RECEIVE = 0;
export const SD_SEND = 1;
export const SD_BOTH = 2;

// Socket-level options: socket(7)
export const SO_TIMESTAMP = 12298;
export const SO_USELOOPBACK = 64;
export const SO_CONDITIONAL_ACCEPT = 12290;
export const SO_MAX_MSG_SIZE = 8195;
export const SO_MAXDG = 28681;
export const SO_MAXPATHDG = 28682;
export const SO_UPDATE_ACCEPT_CONTEXT = 28683;
export const SO_UPDATE_CONNECT_CONTEXT = 28688;
export const SO_CONNECT_TIME = 28684;
export const SO_CONNDATA = 28672;
export const SO_OPENTYPE = 28680;
export const SO_GROUP_ID = 8193;
export const SO_GROUP_PRIORITY = 8194;
export const SO_PROTOCOL_INFOA = 8196;
export const SO_PROTOCOL_INFO = 8196;
export const SO_SYNCHRONOUS_ALERT = 16;
export const SO_SYNCHRONOUS_NONALERT = 32;
export const SO_DONTLINGER = -129;
export const SO_REUSE_UNICASTPORT = 12295;

// IP protocols: protocols(5)
export const IPPROTO_HOPOPTS = 0;
export const IPPROTO_EGP = 8;
export const IPPROTO_PUP = 12;
export const IPPROTO_IDP = 22;
export const IPPROTO_ROUTING = 43;
export const IPPROTO_FRAGMENT = 44;
export const IPPROTO_ESP = 50;
export const IPPROTO_AH = 51;
export const IPPROTO_NONE = 59;
export const IPPROTO_DSTOPTS = 60;
export const IPPROTO_PIM = 103;
export const IPPROTO_MAX = 256;
export const IPPROTO_ND = 77;
export const IPPROTO_GGP = 3;
export const IPPROTO_ST = 5;
export const IPPROTO_L2TP = 115;

// IPv4 options: ip(7)
export const IP_OPTIONS = 1;
export const IP_PKTINFO = 19;
export const IP_MTU_DISCOVER = 71;
export const IP_RECVERR = 75;
export const IP_RECVTTL = 21;
export const IP_RECVTOS = 40;
export const IP_MTU = 73;
export const IP_PMTUDISC_DONT = 2;
export const IP_PMTUDISC_DO = 1;
export const IP_PMTUDISC_PROBE = 3;
export const IP_PMTUDISC_NOT_SET = 0;
export const IP_PMTUDISC_MAX = 4;
export const IP_UNBLOCK_SOURCE = 18;
export const IP_BLOCK_SOURCE = 17;
export const IP_ADD_SOURCE_MEMBERSHIP = 15;
export const IP_DROP_SOURCE_MEMBERSHIP = 16;
export const IP_UNICAST_IF = 31;
export const IP_RECVDSTADDR = 25;
export const IP_RECVIF = 24;
export const IP_DONTFRAGMENT = 14;
export const IP_RECEIVE_BROADCAST = 22;
export const IP_IFLIST = 28;
export const IP_ADD_IFLIST = 29;
export const IP_DEL_IFLIST = 30;
export const IP_RTHDR = 32;
export const IP_WFP_REDIRECT_RECORDS = 60;
export const IP_WFP_REDIRECT_CONTEXT = 70;
export const IP_HOPLIMIT = 21;
export const IP_ECN = 50;
export const IP_ORIGINAL_ARRIVAL_IF = 47;
export const IP_RECVRTHDR = 38;
export const IP_UNSPECIFIED_TYPE_OF_SERVICE = -1;
export const IP_RECVTCLASS = 40;
export const IP_USER_MTU = 76;

// IPv6 options: ipv6(7), RFC 3493, RFC 3542
export const IPV6_CHECKSUM = 26;
export const IPV6_ADD_MEMBERSHIP = 12;
export const IPV6_DROP_MEMBERSHIP = 13;
export const IPV6_MTU_DISCOVER = 71;
export const IPV6_MTU = 72;
export const IPV6_RECVERR = 75;
export const IPV6_HDRINCL = 2;
export const IPV6_PKTINFO = 19;
export const IPV6_HOPLIMIT = 21;
export const IPV6_HOPOPTS = 1;
export const IPV6_RECVRTHDR = 38;
export const IPV6_RTHDR = 32;
export const IPV6_DONTFRAG = 14;
export const IPV6_RECVTCLASS = 40;
export const IPV6_UNICAST_IF = 31;
export const IPV6_PROTECTION_LEVEL = 23;
export const IPV6_RECVIF = 24;
export const IPV6_RECVDSTADDR = 25;
export const IPV6_ECN = 50;
export const IPV6_IFLIST = 28;
export const IPV6_USER_MTU = 76;
export const IPV6_GET_IFLIST = 33;
export const IPV6_ADD_IFLIST = 29;
export const IPV6_DEL_IFLIST = 30;
export const IPV6_WFP_REDIRECT_RECORDS = 60;

// Protocol-independent multicast: RFC 3678
export const MCAST_JOIN_GROUP = 41;
export const MCAST_LEAVE_GROUP = 42;
export const MCAST_BLOCK_SOURCE = 43;
export const MCAST_UNBLOCK_SOURCE = 44;
export const MCAST_JOIN_SOURCE_GROUP = 45;
export const MCAST_LEAVE_SOURCE_GROUP = 46;
export const MCAST_INCLUDE = 0;
export const MCAST_EXCLUDE = 1;

// TCP options: tcp(7)
export const TCP_KEEPIDLE = 3;
export const TCP_KEEPALIVE = 3;
export const TCP_STATS = 12;
export const TCP_BSDURGENT = 28672;
export const TCP_EXPEDITED_1122 = 2;
export const TCP_MAXRT = 5;
export const TCP_STDURG = 6;
export const TCP_NOURG = 7;
export const TCP_ATMARK = 8;
export const TCP_NOSYNRETRIES = 9;
export const TCP_TIMESTAMPS = 10;
export const TCP_OFFLOAD_PREFERENCE = 11;
export const TCP_CONGESTION_ALGORITHM = 12;
export const TCP_DELAY_FIN_ACK = 13;
export const TCP_MAXRTMS = 14;
export const TCP_FAIL_CONNECT_ON_ICMP_ERROR = 18;
export const TCP_ICMP_ERROR_INFO = 19;

// UDP and UDP-Lite options: udp(7), udplite(7)
export const UDP_CHECKSUM_COVERAGE = 20;
export const UDP_NOCHECKSUM = 1;

// Message flags: recv(2), send(2)
export const MSG_PUSH_IMMEDIATE = 32;
export const MSG_PARTIAL = 32768;
export const MSG_INTERRUPT = 16;
export const MSG_BCAST = 1024;
export const MSG_MCAST = 2048;
export const MSG_MAXIOVLEN = 16;

// poll(2)
export const POLLWRBAND = 32;

// Resolver: getaddrinfo(3), getnameinfo(3)
export const EAI_BADFLAGS = 10022;
export const EAI_NONAME = 11001;
export const EAI_AGAIN = 11002;
export const EAI_FAIL = 11003;
export const EAI_FAMILY = 10047;
export const EAI_SOCKTYPE = 10044;
export const EAI_SERVICE = 10109;
export const EAI_MEMORY = 8;
export const EAI_NODATA = 11004;
export const AI_PASSIVE = 1;
export const AI_CANONNAME = 2;
export const AI_NUMERICHOST = 4;
export const AI_V4MAPPED = 2048;
export const AI_ALL = 256;
export const AI_ADDRCONFIG = 1024;
export const AI_NUMERICSERV = 8;
export const AI_NON_AUTHORITATIVE = 16384;
export const AI_SECURE = 32768;
export const AI_RETURN_PREFERRED_NAMES = 65536;
export const AI_FQDN = 131072;
export const AI_FILESERVER = 262144;
export const AI_DISABLE_IDN_ENCODING = 524288;
export const NI_NUMERICHOST = 2;
export const NI_NUMERICSERV = 8;
export const NI_NOFQDN = 1;
export const NI_NAMEREQD = 4;
export const NI_DGRAM = 16;
export const NI_MAXHOST = 1025;
export const NI_MAXSERV = 32;

// Error numbers of Winsock
export const WSAHOST_NOT_FOUND = 11001;
export const WSATRY_AGAIN = 11002;
export const WSANO_RECOVERY = 11003;
export const WSANO_DATA = 11004;
export const WSA_IO_INCOMPLETE = 996;
export const WSATYPE_NOT_FOUND = 10109;
export const WSASERVICE_NOT_FOUND = 10108;
export const WSA_QOS_RECEIVERS = 11005;
export const WSADESCRIPTION_LEN = 256;
export const WSASYS_STATUS_LEN = 128;
export const WSAPROTOCOL_LEN = 255;
export const WSA_FLAG_REGISTERED_IO = 256;
export const WSA_INFINITE = 4294967295;
export const WSA_WAIT_FAILED = 4294967295;
export const WSA_WAIT_EVENT_0 = 0;
export const WSA_WAIT_TIMEOUT = 258;
export const WSA_WAIT_IO_COMPLETION = 192;
export const WSA_MAXIMUM_WAIT_EVENTS = 64;
export const WSA_E_NO_MORE = 10110;
export const WSA_E_CANCELLED = 10111;

// open(2), fcntl(2)
export const FD_READ = 1;
export const FD_WRITE = 2;
export const FD_OOB = 4;
export const FD_ACCEPT = 8;
export const FD_CONNECT = 16;
export const FD_CLOSE = 32;
export const FD_QOS = 64;
export const FD_GROUP_QOS = 128;
export const FD_ROUTING_INTERFACE_CHANGE = 256;
export const FD_ADDRESS_LIST_CHANGE = 512;
export const FD_ALL_EVENTS = 1023;
export const FD_MAX_EVENTS = 10;
export const FD_SETSIZE = 64;
export const O_RDONLY = 0;
export const O_WRONLY = 1;
export const O_RDWR = 2;
export const O_APPEND = 8;
export const O_CREAT = 256;
export const O_EXCL = 1024;
export const O_TRUNC = 512;

// ioctl(2)
export const SIO_KEEPALIVE_VALS = 2550136836;
export const SIO_RCVALL = 2550136833;
export const SIO_RCVALL_MCAST = 2550136834;
export const SIO_ROUTING_INTERFACE_QUERY = 3355443220;
export const SIO_ROUTING_INTERFACE_CHANGE = 2281701397;
export const SIO_ADDRESS_LIST_QUERY = 1207959574;
export const SIO_ADDRESS_LIST_CHANGE = 671088663;
export const SIO_ADDRESS_LIST_SORT = 3355443225;
export const SIO_LOOPBACK_FAST_PATH = 2550136848;
export const SIO_TCP_INFO = 3623878695;
export const SIO_TCP_INITIAL_RTO = 2550136849;
export const SIO_BASE_HANDLE = 1207959586;
export const SIO_GET_INTERFACE_LIST = 1074033791;
export const SIO_GET_QOS = 3355443207;
export const SIO_SET_QOS = 2281701387;
export const SIO_FLUSH = 671088644;
export const SIO_ENABLE_CIRCULAR_QUEUEING = 671088642;
export const SIO_FIND_ROUTE = 1207959555;
export const SIO_GET_BROADCAST_ADDRESS = 1207959557;
export const SIO_MULTIPOINT_LOOPBACK = 2281701385;
export const SIO_MULTICAST_SCOPE = 2281701386;
export const SIO_TIMESTAMPING = 2550137067;
export const SIO_GET_TX_TIMESTAMP = 2550137066;
export const SIO_BSP_HANDLE = 1207959579;
export const SIO_BSP_HANDLE_POLL = 1207959581;
export const SIO_CPU_AFFINITY = 2550136853;
export const SIO_TRANSLATE_HANDLE = 3355443213;
export const SIO_ASSOCIATE_HANDLE = 2281701377;
export const SIO_IDEAL_SEND_BACKLOG_QUERY = 1074033787;
export const FIOASYNC = 2147772029;

// Interfaces: netdevice(7)
export const IFF_UP = 1;
export const IFF_BROADCAST = 2;
export const IFF_LOOPBACK = 4;
export const IFF_MULTICAST = 16;

// Addresses and ports
export const INET_ADDRSTRLEN = 22;
export const INET6_ADDRSTRLEN = 65;
export const IPPORT_RESERVED = 1024;
export const IPPORT_USERRESERVED = 5000; // of no header: Python has it everywhere

// Everything else
export const INVALID_SOCKET = -1;
export const SOCKET_ERROR = -1;
export const UNIX_PATH_MAX = 108;

// Address and protocol families: socket(2)
export const AF_IPX = 6;
export const AF_SNA = 11;
export const AF_DECnet = 12;
export const AF_APPLETALK = 16;
export const AF_LINK = 33;

// Option levels: getsockopt(2)
export const SOL_RFCOMM = 3;
export const SOL_L2CAP = 256;

// IP protocols: protocols(5)
export const IPPROTO_IPV4 = 4;
export const IPPROTO_CBT = 7;
export const IPPROTO_IGP = 9;
export const IPPROTO_RDP = 27;
export const IPPROTO_ICLFXBM = 78;
export const IPPROTO_PGM = 113;

// Multicast addresses in host order
export const INADDR_UNSPEC_GROUP = 3758096384;
export const INADDR_ALLHOSTS_GROUP = 3758096385;
export const INADDR_MAX_LOCAL_GROUP = 3758096639;

// Virtual machines: vsock(7)
export const HV_PROTOCOL_RAW = 1;
export const HVSOCKET_CONNECT_TIMEOUT = 1;
export const HVSOCKET_CONNECT_TIMEOUT_MAX = 300000;
export const HVSOCKET_CONNECTED_SUSPEND = 4;
export const HVSOCKET_ADDRESS_FLAG_PASSTHRU = 1;

// Bluetooth: BlueZ's lib/bluetooth.h, hci.h, l2cap.h; ng_btsocket.h; ws2bth.h
export const BTPROTO_RFCOMM = 3;
export const SO_BTH_AUTHENTICATE = 2147483649;
export const SO_BTH_ENCRYPT = 2;
export const SO_BTH_MTU = 2147483655;
export const SO_BTH_MTU_MAX = 2147483656;
export const SO_BTH_MTU_MIN = 2147483658;

// SIO_RCVALL: mstcpip.h
export const RCVALL_OFF = 0;
export const RCVALL_ON = 1;
export const RCVALL_SOCKETLEVELONLY = 2;
export const RCVALL_IPLEVEL = 3;
export const RCVALL_MAX = 3;

// Option levels as Linux calls them; elsewhere they are the protocols, and Python has them everywhere
export const SOL_IP = 0;
export const SOL_TCP = 6;
export const SOL_UDP = 17;
