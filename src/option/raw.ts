// What may not be asked for by number. The kernel would follow a pointer in the value, or write more than the buffer holds:
// "nothing that a user passes may read or write outside a buffer". A raw number means what this system takes it for, so the
// tables are by system and number; names that the constants lack are those of the headers.

import { platform } from "../../ffi/platform/index.ts";
import type { Platform } from "../../ffi/platform/platform.ts";

type System = Platform["name"];
type Direction = "get" | "set";

const POINTER = "its value holds a pointer, and the kernel would follow it";
const LENGTH = "the kernel does not keep to the size of the buffer";

interface OptionRule {
  readonly level: number;
  /** The first number, and the last where there are several. */
  readonly numbers: readonly [first: number, last?: number];
  /** Absent: both. */
  readonly direction?: Direction;
  readonly name: string;
  readonly why: string;
  /** What does it safely. */
  readonly instead?: string;
}

const descriptor = (name: string): string => `use option.${name} of "berkeley/options"`;
const MULTICAST = `use option.MCAST_JOIN_SOURCE_GROUP, MCAST_BLOCK_SOURCE and their kin of "berkeley/options"`;

// Levels by number, because most have no constant on every system.
const [IP, TCP, IPV6, SCTP] = [0, 6, 41, 132];

// prettier-ignore
const bsdOptions: readonly OptionRule[] = [
  // netinet/in.h: struct __msfilterreq, msfr_srcs
  { level: IP, numbers: [74], name: "IP_MSFILTER", why: POINTER, instead: MULTICAST },
  { level: IPV6, numbers: [74], name: "IPV6_MSFILTER", why: POINTER, instead: MULTICAST },
];

// prettier-ignore
const optionRules: Readonly<Record<System, readonly OptionRule[]>> = {
  linux: [
    // net/core/filter.c: struct sock_fprog; sk_get_filter takes the length in instructions
    { level: 1, numbers: [26], direction: "set", name: "SO_ATTACH_FILTER", why: POINTER, instead: descriptor("SO_ATTACH_FILTER") },
    { level: 1, numbers: [26], direction: "get", name: "SO_GET_FILTER", why: "the kernel counts the buffer in instructions, not in bytes" },
    { level: 1, numbers: [51], direction: "set", name: "SO_ATTACH_REUSEPORT_CBPF", why: POINTER, instead: descriptor("SO_ATTACH_REUSEPORT_CBPF") },
    // net/ipv4/ip_sockglue.c, igmp.c, net/ipv6/mcast.c: the list is as long as the value in the buffer says
    { level: IP, numbers: [41], direction: "get", name: "IP_MSFILTER", why: LENGTH },
    { level: IP, numbers: [48], direction: "get", name: "MCAST_MSFILTER", why: LENGTH },
    { level: IPV6, numbers: [48], direction: "get", name: "MCAST_MSFILTER", why: LENGTH },
    // net/ipv4/netfilter, net/ipv6/netfilter: counters of struct ipt_replace; net/bridge/netfilter/ebtables.c: all of struct ebt_replace
    { level: IP, numbers: [64], direction: "set", name: "IPT_SO_SET_REPLACE", why: POINTER },
    { level: IP, numbers: [96], direction: "set", name: "ARPT_SO_SET_REPLACE", why: POINTER },
    { level: IP, numbers: [128, 131], name: "EBT_SO_SET_ENTRIES and its kin", why: POINTER },
    { level: IPV6, numbers: [64], direction: "set", name: "IP6T_SO_SET_REPLACE", why: POINTER },
    // net/ipv4/tcp.c: address and copybuf_address; tcp_ao.c: the length is that of one struct of many
    { level: TCP, numbers: [35], direction: "get", name: "TCP_ZEROCOPY_RECEIVE", why: POINTER },
    { level: TCP, numbers: [41], direction: "get", name: "TCP_AO_GET_KEYS", why: LENGTH },
    // net/sctp/socket.c: struct sctp_getaddrs_old; 103 to 106 are its users in old kernels
    { level: SCTP, numbers: [103, 106], direction: "get", name: "SCTP_GET_PEER_ADDRS_OLD and its kin", why: POINTER },
    { level: SCTP, numbers: [111], direction: "get", name: "SCTP_SOCKOPT_CONNECTX3", why: POINTER, instead: "set SCTP_SOCKOPT_CONNECTX (110)" },
    // net/packet/af_packet.c: struct sock_fprog
    { level: 263, numbers: [22], direction: "set", name: "PACKET_FANOUT_DATA", why: POINTER },
    // net/rds/rdma.c: struct rds_iovec and cookie_addr
    { level: 276, numbers: [2], direction: "set", name: "RDS_GET_MR", why: POINTER },
    { level: 276, numbers: [7], direction: "set", name: "RDS_GET_MR_FOR_DEST", why: POINTER },
    // net/xdp/xsk.c: struct xdp_umem_reg
    { level: 283, numbers: [4], direction: "set", name: "XDP_UMEM_REG", why: POINTER },
    // net/mptcp/sockopt.c: tcp_info and subflow_info of struct mptcp_full_info
    { level: 284, numbers: [4], direction: "get", name: "MPTCP_FULL_INFO", why: POINTER },
  ],
  darwin: [
    ...bsdOptions,
    // sys/socket.h, security/mac.h: m_string of struct mac
    { level: 0xffff, numbers: [0x1010], name: "SO_LABEL", why: POINTER },
    { level: 0xffff, numbers: [0x1011], name: "SO_PEERLABEL", why: POINTER },
  ],
  freebsd: [
    ...bsdOptions,
    { level: 0xffff, numbers: [0x1009], name: "SO_LABEL", why: POINTER },
    { level: 0xffff, numbers: [0x1010], name: "SO_PEERLABEL", why: POINTER },
    // sys/ktls.h: the keys of struct tls_enable
    { level: TCP, numbers: [39], direction: "set", name: "TCP_TXTLS_ENABLE", why: POINTER },
    { level: TCP, numbers: [41], direction: "set", name: "TCP_RXTLS_ENABLE", why: POINTER },
  ],
  // Winsock checks lengths, and no option of its providers has a pointer to follow
  windows: [],
};

/**
 * Throws if an option may not be read, or set, by number.
 *
 * @throws TypeError naming the option, and what to use instead where there is something
 */
export function refuseRaw(level: number, number: number, direction: Direction, system: System = platform.name): void {
  const rule = optionRules[system].find(
    ({ level: at, numbers: [first, last = first], direction: only = direction }) =>
      at === level && number >= first && number <= last && only === direction,
  );
  if (rule === undefined) return;
  const deed = direction === "get" ? "read" : "set";
  const instead = rule.instead ?? "berkeley has no safe form of it";
  throw new TypeError(
    `${rule.name} (level ${level}, number ${number}) may not be ${deed} by number: ${rule.why}; ${instead}`,
  );
}

const MODE = "berkeley's sockets never block in the kernel and raise no signals; use socket.blocking";
const INHERITED = "berkeley's descriptors are always close-on-exec; pass them with sendFd, or through spawn";
const AMOUNT = "how much the kernel writes is told by the value, not by the size of the buffer";

/** Requests of one group, which is the second byte of the number: _IOC_TYPE of Linux, IOCGROUP of the BSDs. */
interface IoctlRule {
  readonly group: number | string;
  readonly numbers: readonly [first: number, last?: number];
  readonly name: string;
  readonly why: string;
}

// sys/sockio.h: of its many requests those on a struct ifreq by value are let through - addresses, flags, metric, mask,
// multicast, MTU - and FreeBSD's capabilities and index; the rest has, or may have, a pointer: ifr_data, ifc_buf,
// ifm_ulist, ifgr_groups, ifd_data, ifcr_buffer
const bsdInterface: readonly IoctlRule[] = (
  [
    [0, 11],
    [20, 20],
    [27, 29],
    [36, 36],
    [38, 48],
    [55, 255],
  ] as const
).map((numbers) => ({
  group: "i",
  numbers,
  name: "an interface request other than on plain struct ifreq",
  why: POINTER,
}));

// prettier-ignore
const bsdIoctls: readonly IoctlRule[] = [
  { group: "f", numbers: [2], name: "FIONCLEX", why: INHERITED },
  { group: "f", numbers: [125], name: "FIOASYNC", why: MODE },
  { group: "f", numbers: [126], name: "FIONBIO", why: MODE },
  { group: "B", numbers: [103], name: "BIOCSETF", why: POINTER },
  { group: "B", numbers: [121], name: "BIOCGDLTLIST", why: POINTER },
  ...bsdInterface,
];

// prettier-ignore
const ioctlRules: Readonly<Record<Exclude<System, "windows">, readonly IoctlRule[]>> = {
  linux: [
    { group: "T", numbers: [0x21], name: "FIONBIO", why: MODE },
    { group: "T", numbers: [0x50], name: "FIONCLEX", why: INHERITED },
    { group: "T", numbers: [0x52], name: "FIOASYNC", why: MODE },
    { group: "T", numbers: [0xd1], name: "TUNSETTXFILTER", why: AMOUNT },
    { group: "T", numbers: [0xd5, 0xd6], name: "TUNATTACHFILTER, TUNDETACHFILTER", why: POINTER },
    { group: "T", numbers: [0xdb], name: "TUNGETFILTER", why: POINTER },
    { group: 0x89, numbers: [0x0b, 0x0c], name: "SIOCADDRT, SIOCDELRT", why: POINTER }, // rt_dev
    { group: 0x89, numbers: [0x12], name: "SIOCGIFCONF", why: POINTER }, // ifc_buf; getifaddrs(3) does it
    { group: 0x89, numbers: [0x40, 0x41], name: "SIOCGIFBR, SIOCSIFBR", why: POINTER },
    { group: 0x89, numbers: [0x46], name: "SIOCETHTOOL", why: POINTER }, // ifr_data, as the next four
    { group: 0x89, numbers: [0x4a], name: "SIOCWANDEV", why: POINTER },
    { group: 0x89, numbers: [0x90, 0x95], name: "SIOCBONDENSLAVE and its kin", why: POINTER },
    { group: 0x89, numbers: [0xb0, 0xb1], name: "SIOCSHWTSTAMP, SIOCGHWTSTAMP", why: POINTER },
    { group: 0x89, numbers: [0xf0, 0xff], name: "SIOCDEVPRIVATE", why: POINTER },
    { group: 0x8b, numbers: [0, 0xff], name: "a wireless extension", why: POINTER }, // struct iw_point
    { group: "a", numbers: [0, 0xff], name: "an ATM request", why: POINTER }, // arg of struct atmif_sioc
    { group: "B", numbers: [210], name: "BNEPGETCONNLIST", why: POINTER },
    { group: "C", numbers: [210], name: "CMTPGETCONNLIST", why: POINTER },
    { group: "H", numbers: [200], name: "HIDPCONNADD", why: POINTER },
    { group: "H", numbers: [210], name: "HCIGETDEVLIST, HIDPGETCONNLIST", why: AMOUNT },
    { group: "H", numbers: [212], name: "HCIGETCONNLIST", why: AMOUNT },
    { group: "H", numbers: [240], name: "HCIINQUIRY", why: AMOUNT },
    { group: "R", numbers: [210], name: "RFCOMMGETDEVLIST", why: AMOUNT },
    { group: "t", numbers: [0x46, 0x47], name: "PPPIOCSACTIVE, PPPIOCSPASS", why: POINTER },
    { group: "t", numbers: [0x4d], name: "PPPIOCSCOMPRESS", why: POINTER },
  ],
  darwin: [
    ...bsdIoctls,
    { group: "i", numbers: [30, 32], name: "an interface request other than on plain struct ifreq", why: POINTER },
    { group: "s", numbers: [150, 152], name: "SIOCGASSOCIDS, SIOCGCONNIDS, SIOCGCONNINFO", why: POINTER },
    { group: "B", numbers: [126], name: "BIOCSETFNR", why: POINTER },
  ],
  freebsd: [
    ...bsdIoctls,
    { group: "B", numbers: [123], name: "BIOCSETWF", why: POINTER },
    { group: "B", numbers: [130], name: "BIOCSETFNR", why: POINTER },
  ],
};

// Winsock's numbers are not made of a group and a number in it.
const windowsIoctls: Readonly<Record<number, readonly [name: string, why: string]>> = {
  0x8004_667d: ["FIOASYNC", MODE],
  0x8004_667e: ["FIONBIO", MODE],
  0xc800_0006: ["SIO_GET_EXTENSION_FUNCTION_POINTER", POINTER],
  0xc800_0024: ["SIO_GET_MULTIPLE_EXTENSION_FUNCTION_POINTER", POINTER],
  0xc800_0007: ["SIO_GET_QOS", POINTER],
  0xc800_0008: ["SIO_GET_GROUP_QOS", POINTER],
  0x8800_000b: ["SIO_SET_QOS", POINTER],
  0x8800_000c: ["SIO_SET_GROUP_QOS", POINTER],
  0xc800_0019: ["SIO_ADDRESS_LIST_SORT", POINTER],
};

function ioctlRule(request: number, system: System): readonly [name: string, why: string] | undefined {
  if (system === "windows") return windowsIoctls[request];
  const [group, number] = [(request >>> 8) & 0xff, request & 0xff];
  const rule = ioctlRules[system].find(
    ({ group: of, numbers: [first, last = first] }) =>
      (typeof of === "string" ? of.charCodeAt(0) : of) === group && number >= first && number <= last,
  );
  return rule && [rule.name, rule.why];
}

/**
 * Throws if an ioctl may not be made: ioctl_netdevice(2).
 *
 * @throws TypeError naming the request
 */
export function refuseRawIoctl(request: number, system: System = platform.name): void {
  const rule = ioctlRule(request >>> 0, system);
  if (rule === undefined) return;
  throw new TypeError(`${rule[0]} (0x${(request >>> 0).toString(16)}) may not be made as a raw ioctl: ${rule[1]}`);
}
