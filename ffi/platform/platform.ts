// The shape of a platform record: everything that differs between operating systems, as data.

/** One symbol of the C library: its argument and result types in the vocabulary of bun:ffi. */
export interface SymbolSignature {
  /** The name in the library, where it is not the name of the call (`closesocket` for `close`). */
  readonly symbol?: string;
  /** The library that has it, where that is not the C library. */
  readonly library?: string;
  readonly args: readonly string[];
  readonly returns: string;
}

/** Where the C library is, and what is taken from it. */
export interface Library {
  /** Names or absolute paths, tried in order; never user text, never a name that falls to the current directory first. */
  readonly names: readonly string[];
  /** Symbols without which nothing works: opened in one table. */
  readonly required: Readonly<Record<string, SymbolSignature>>;
  /** Symbols that an older or smaller system may lack: opened each on its own. */
  readonly optional: Readonly<Record<string, SymbolSignature>>;
  /** Whose calls are made into those of POSIX (`ffi/winsock.ts`). */
  readonly composed?: "winsock";
  /** Calls that are made by number, through `syscall`, by a library that lacks a symbol. */
  readonly direct?: { readonly unless: string; readonly numbers: Readonly<Record<string, number>> };
}

/** Offset and size of a field, in bytes. */
export type Field = readonly [offset: number, size: number];

/** A C struct as the headers of this OS lay it out. */
export interface Layout<Required extends string = string, Optional extends string = never> {
  readonly size: number;
  readonly fields: Readonly<Record<Required, Field>> & Readonly<Partial<Record<Optional, Field>>>;
}

/** The structs that every supported OS has. Names are those of POSIX; Windows' WSAMSG, WSABUF and WSACMSGHDR appear under them. */
export interface CommonStructs {
  readonly sockaddr: Layout<"sa_family" | "sa_data", "sa_len">;
  readonly sockaddr_in: Layout<"sin_family" | "sin_port" | "sin_addr" | "sin_zero", "sin_len">;
  readonly sockaddr_in6: Layout<
    "sin6_family" | "sin6_port" | "sin6_flowinfo" | "sin6_addr" | "sin6_scope_id",
    "sin6_len"
  >;
  readonly sockaddr_un: Layout<"sun_family" | "sun_path", "sun_len">;
  readonly sockaddr_storage: Layout<"ss_family", "ss_len">;
  readonly msghdr: Layout<
    "msg_name" | "msg_namelen" | "msg_iov" | "msg_iovlen" | "msg_control" | "msg_controllen" | "msg_flags"
  >;
  readonly cmsghdr: Layout<"cmsg_len" | "cmsg_level" | "cmsg_type">;
  readonly iovec: Layout<"iov_base" | "iov_len">;
  readonly pollfd: Layout<"fd" | "events" | "revents">;
  readonly addrinfo: Layout<
    "ai_flags" | "ai_family" | "ai_socktype" | "ai_protocol" | "ai_addrlen" | "ai_addr" | "ai_canonname" | "ai_next"
  >;
  readonly ip_mreq: Layout<"imr_multiaddr" | "imr_interface">;
  readonly ip_mreq_source: Layout<"imr_multiaddr" | "imr_interface" | "imr_sourceaddr">;
  readonly ipv6_mreq: Layout<"ipv6mr_multiaddr" | "ipv6mr_interface">;
  readonly group_req: Layout<"gr_interface" | "gr_group">;
  readonly group_source_req: Layout<"gsr_interface" | "gsr_group" | "gsr_source">;
  readonly in6_pktinfo: Layout<"ipi6_addr" | "ipi6_ifindex">;
  readonly linger: Layout<"l_onoff" | "l_linger">;
  readonly timeval: Layout<"tv_sec" | "tv_usec">;
  readonly timespec: Layout<"tv_sec" | "tv_nsec">;
  readonly hostent: Layout<"h_name" | "h_aliases" | "h_addrtype" | "h_length" | "h_addr_list">;
  readonly servent: Layout<"s_name" | "s_aliases" | "s_port" | "s_proto">;
  readonly protoent: Layout<"p_name" | "p_aliases" | "p_proto">;
}

/** The structs that only some have. */
export interface OptionalStructs {
  readonly mmsghdr?: Layout<"msg_hdr" | "msg_len">;
  readonly ip_mreqn?: Layout<"imr_multiaddr" | "imr_address" | "imr_ifindex">;
  readonly in_pktinfo?: Layout<"ipi_addr" | "ipi_ifindex", "ipi_spec_dst">;
  readonly sockaddr_ll?: Layout<
    "sll_family" | "sll_protocol" | "sll_ifindex" | "sll_hatype" | "sll_pkttype" | "sll_halen" | "sll_addr"
  >;
  readonly sockaddr_dl?: Layout<
    "sdl_family" | "sdl_index" | "sdl_type" | "sdl_nlen" | "sdl_alen" | "sdl_slen" | "sdl_data",
    "sdl_len"
  >;
  readonly ifaddrs?: Layout<
    "ifa_next" | "ifa_name" | "ifa_flags" | "ifa_addr" | "ifa_netmask" | "ifa_dstaddr" | "ifa_data",
    "ifa_broadaddr"
  >;
  readonly ucred?: Layout<"pid" | "uid" | "gid">;
  readonly cmsgcred?: Layout<
    "cmcred_pid" | "cmcred_uid" | "cmcred_euid" | "cmcred_gid" | "cmcred_ngroups" | "cmcred_groups"
  >;
  readonly xucred?: Layout<"cr_version" | "cr_uid" | "cr_ngroups" | "cr_groups", "cr_pid">;
  readonly sock_extended_err?: Layout<
    "ee_errno" | "ee_origin" | "ee_type" | "ee_code" | "ee_pad" | "ee_info" | "ee_data"
  >;
  readonly ip6_mtuinfo?: Layout<"ip6m_addr" | "ip6m_mtu">;
  readonly sock_fprog?: Layout<"len" | "filter">;
  readonly sock_filter?: Layout<"code" | "jt" | "jf" | "k">;
  readonly epoll_event?: Layout<"events" | "data">;
  readonly kevent?: Layout<"ident" | "filter" | "flags" | "fflags" | "data" | "udata", "ext">;
}

/** The layouts of one OS, by the header's name. */
export type Structs = CommonStructs & OptionalStructs & Readonly<Record<string, Layout>>;

type LinuxConstants = typeof import("./constants/linux.ts");
type DarwinConstants = typeof import("./constants/darwin.ts");
type FreebsdConstants = typeof import("./constants/freebsd.ts");
type WindowsConstants = typeof import("./constants/windows.ts");

/** The name of any constant that any supported OS defines. */
export type ConstantName =
  keyof LinuxConstants | keyof DarwinConstants | keyof FreebsdConstants | keyof WindowsConstants;

/** The name of a constant that every supported OS defines. */
export type CommonConstantName = keyof LinuxConstants &
  keyof DarwinConstants &
  keyof FreebsdConstants &
  keyof WindowsConstants;

/** The constants of one OS: those that all have are numbers, the rest may be undefined. */
export type Constants = { readonly [Name in CommonConstantName]: number } & {
  readonly [Name in Exclude<ConstantName, CommonConstantName>]?: number;
};

type CoreName =
  | keyof typeof import("./constants/linux-core.ts")
  | keyof typeof import("./constants/darwin-core.ts")
  | keyof typeof import("./constants/freebsd-core.ts")
  | keyof typeof import("./constants/windows-core.ts");

/** The constants that the library itself goes by. */
export type CoreConstants = Pick<Constants, CoreName>;

/** How the credentials of a unix socket's peer are asked for. */
export type PeerCredentials = "SO_PEERCRED" | "LOCAL_PEERCRED" | "SIO_AF_UNIX_GETPEERPID";

/** How an IPv4 group is joined by interface: with struct ip_mreqn, struct group_req, or the index in imr_interface (0.0.0.n). */
export type MembershipForm = "ip_mreqn" | "group_req" | "ip_mreq";

/** How many descriptors are waited for: poll(2), or WSAPoll, whose bits mean something else (`ffi/winsock-poll.ts`). */
export type PollForm = "poll" | "WSAPoll";

/** How many messages go at once: sendmmsg(2) and recvmmsg(2), sendmsg_x and recvmsg_x of macOS, or one call for each. */
export type BatchForm = "mmsg" | "msg_x" | "loop";

/** UDP segmentation offload. */
export interface SegmentationOptions {
  /** The option, and the type of the control message, that sends joined datagrams: UDP_SEGMENT, UDP_SEND_MSG_SIZE. */
  readonly send: number;
  /** Bytes of that control message: a __u16 or a DWORD. */
  readonly sendSize: 2 | 4;
  /** The option that lets joined datagrams in, and the type of the control message with them: UDP_GRO, UDP_RECV_MAX_COALESCED_SIZE. */
  readonly receive: number;
  /** What turns it on: a flag, or how many bytes may be joined. */
  readonly receiveOn: number;
}

/** One operating system, as data. Frozen; chosen once at load (`ffi/platform/index.ts`). */
export interface Platform {
  readonly name: "linux" | "darwin" | "freebsd" | "windows";
  /** The constants that the library itself goes by: in memory from the start. */
  readonly core: CoreConstants;
  /** All constants of the OS's headers: a big table, loaded when it is first asked for. */
  readonly constants: Constants;
  readonly structs: Structs;
  /**
   * Error numbers as the socket calls report them, by POSIX name: errno(3), or WSAGetLastError() numbers on Windows. Other
   * constants may be among them. In memory from the start: with no descriptor left, no file can be read for an error.
   */
  readonly errnos: Readonly<Record<string, number | undefined>>;
  /** The function that tells the last error: an address of an int (`"cell"`) or the number itself (`"call"`). */
  readonly lastError: { readonly symbol: string; readonly kind: "cell" | "call" };
  readonly library: Library;
  /** The largest descriptor: an int, or what of a SOCKET a number can hold. 2^32+n must not become n. */
  readonly largestDescriptor: number;
  /** Arguments to add before a variadic one, so that it lands on the stack: 6 on Apple arm64, else 0. */
  readonly variadicPadding: number;
  /** Alignment of control messages: CMSG_ALIGN of cmsg(3). */
  readonly cmsgAlign: number;
  /** Whether a unix address may be an abstract name: unix(7). */
  readonly abstractNames: boolean;
  /** recvfrom(2) with MSG_TRUNC tells a datagram's real length (Linux); elsewhere recvmsg(2) must be asked. */
  readonly truncTellsLength: boolean;
  readonly batches: BatchForm;
  readonly segmentation: SegmentationOptions | undefined;
  readonly polls: PollForm;
  /** The family of a pair of sockets, where nobody says: AF_UNIX, or AF_INET where a pair is made through the loopback. */
  readonly pairFamily: "AF_UNIX" | "AF_INET";
  /**
   * What SO_REUSEADDR does: to streams it gives an address that only old connections use (`"old"`), or one that somebody else
   * listens on (`"stolen"`, Windows, where the former is the default and SO_EXCLUSIVEADDRUSE forbids the latter).
   */
  readonly reuse: "old" | "stolen";
  /** Whether a new AF_INET6 socket takes no IPv4 unless it is told so: FreeBSD (net.inet6.ip6.v6only), Windows. */
  readonly ipv6Only: boolean;
  /** IP_MULTICAST_TTL and IP_MULTICAST_LOOP take one byte (BSD) and not an int. */
  readonly multicastByteOptions: boolean;
  readonly membership: MembershipForm;
  readonly peerCredentials: PeerCredentials;
  /** Whether `Bun.connect({ fd })` takes a socket of ours over: Bun 1.4 does not do so on Windows. */
  readonly bunAdopts: boolean;
  /** The argument order of sendfile(2), which every system has invented anew. */
  readonly sendfile: "linux" | "darwin" | "freebsd" | undefined;
}
