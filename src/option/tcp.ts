// Options of TCP, IPPROTO_TCP: tcp(7) of Linux, tcp(4) of FreeBSD and macOS, "IPPROTO_TCP socket options" of Windows. Ints
// that are times keep the unit of the manual page, which each tells.

import { bool, type Bytes, bytes, type Codec, int, listOf, text, uint, words } from "./codecs.ts";
import { option, type Option, readable, type ReadableOption, writable, type WritableOption } from "./option.ts";
import { tcpConnectionInfo, type TcpConnectionInfo, tcpInfo, type TcpInfo } from "./tcp-info.ts";
import {
  tcpMd5ExtendedKey,
  type TcpMd5ExtendedKey,
  tcpMd5Key,
  type TcpMd5Key,
  tcpStack,
  type TcpStack,
} from "./values.ts";

const TCP = "IPPROTO_TCP";

// Sending

/** Send small segments at once rather than wait for an acknowledgement. berkeley turns it on. */
export const TCP_NODELAY: Option<boolean> = option(TCP, "TCP_NODELAY", bool);
/** Send full segments only, for 200 ms at most, until it is turned off. Linux. */
export const TCP_CORK: Option<boolean> = option(TCP, "TCP_CORK", bool);
/** Send full segments only, until it is turned off. macOS, FreeBSD. */
export const TCP_NOPUSH: Option<boolean> = option(TCP, "TCP_NOPUSH", bool);
/** The largest segment in bytes, 0 for the path's; before the connection is made. Windows does not let it be set. */
export const TCP_MAXSEG: Option<number> = option(TCP, "TCP_MAXSEG", int(0, 0xffff));
/** Below how many unsent bytes the socket counts as writable; 2^32-1 for any. Linux, macOS. */
export const TCP_NOTSENT_LOWAT: Option<number> = option(TCP, "TCP_NOTSENT_LOWAT", uint);
/** The algorithm that finds the speed of the path, "cubic"; unknown is "not-found", restricted "permission-denied". */
export const TCP_CONGESTION: Option<string> = option(TCP, "TCP_CONGESTION", text(16));
/** What that algorithm knows: union tcp_cc_info, not decoded; none for most. Linux. */
export const TCP_CC_INFO: ReadableOption<Bytes> = readable(TCP, "TCP_CC_INFO", bytes(64));
/** Parameters of that algorithm, not decoded. FreeBSD. */
export const TCP_CCALGOOPT: Option<Bytes, Uint8Array> = option(TCP, "TCP_CCALGOOPT", bytes(1024));
/** CONGESTION_ALGORITHM of the header: 1 to 6. Windows. */
export const TCP_CONGESTION_ALGORITHM: Option<number> = option(TCP, "TCP_CONGESTION_ALGORITHM", int(0));
/** The protocol on top, "tls" or "espintcp", "" for none; unknown is "not-found". Not to be taken back. Linux. */
export const TCP_ULP: Option<string> = option(TCP, "TCP_ULP", text(16));
/** Delay what is sent by so many microseconds, less than 2^28. Linux. */
export const TCP_TX_DELAY: Option<number> = option(TCP, "TCP_TX_DELAY", int(0, 0x0fff_ffff));
/** The stack that serves the connection. FreeBSD. */
export const TCP_FUNCTION_BLK: Option<TcpStack> = option(TCP, "TCP_FUNCTION_BLK", tcpStack);
/** 0 no preference, 1 not to leave the connection to the card, 2 to do so. Windows. */
export const TCP_OFFLOAD_PREFERENCE: Option<number> = option(TCP, "TCP_OFFLOAD_PREFERENCE", int(0, 2));
/** Ask for explicit congestion notification: 0 no, 1 yes, 2 as the system has it. macOS. */
export const TCP_ENABLE_ECN: Option<number> = option(TCP, "TCP_ENABLE_ECN", int(0, 2));
/** Urgent data as RFC 1122 has it, rather than as BSD. Windows. */
export const TCP_EXPEDITED_1122: Option<boolean> = option(TCP, "TCP_EXPEDITED_1122", bool);
/** Urgent data as BSD has it, rather than as RFC 1122. Windows. */
export const TCP_BSDURGENT: Option<boolean> = option(TCP, "TCP_BSDURGENT", bool);

// Receiving

/** Acknowledge at once; the kernel falls back by itself. Linux. */
export const TCP_QUICKACK: Option<boolean> = option(TCP, "TCP_QUICKACK", bool);
/** Whether acknowledgements are delayed. FreeBSD. */
export const TCP_DELACK: Option<number> = option(TCP, "TCP_DELACK", int(0));
/** Acknowledge every other segment always. macOS. */
export const TCP_SENDMOREACKS: Option<boolean> = option(TCP, "TCP_SENDMOREACKS", bool);
/** Delay the acknowledgement of the peer's end. Windows. */
export const TCP_DELAY_FIN_ACK: Option<boolean> = option(TCP, "TCP_DELAY_FIN_ACK", bool);
/** The window never grows beyond so many bytes; 0 only while not connected. Linux. */
export const TCP_WINDOW_CLAMP: Option<number> = option(TCP, "TCP_WINDOW_CLAMP", int(0));
/** Control messages tell how many bytes are left: TCP_CM_INQ. Linux. */
export const TCP_INQ: Option<boolean> = option(TCP, "TCP_INQ", bool);

// Silence and loss

/** After how many seconds of silence to probe (SO_KEEPALIVE); 1 to 32767 on Linux. macOS: TCP_KEEPALIVE. */
export const TCP_KEEPIDLE: Option<number> = option(TCP, "TCP_KEEPIDLE", int(1));
/** The same on macOS, and on Windows by another name; seconds. */
export const TCP_KEEPALIVE: Option<number> = option(TCP, "TCP_KEEPALIVE", int(0));
/** How many seconds between probes; 1 to 32767 on Linux. */
export const TCP_KEEPINTVL: Option<number> = option(TCP, "TCP_KEEPINTVL", int(1));
/** After how many probes without an answer the connection is "timed-out"; 1 to 127 on Linux. */
export const TCP_KEEPCNT: Option<number> = option(TCP, "TCP_KEEPCNT", int(1));
/** For how many milliseconds data may stay unacknowledged; 0 for the system's limit. Linux. */
export const TCP_USER_TIMEOUT: Option<number> = option(TCP, "TCP_USER_TIMEOUT", int(0));
/** The same in seconds. macOS. */
export const TCP_RXT_CONNDROPTIME: Option<number> = option(TCP, "TCP_RXT_CONNDROPTIME", int(0));
/** Drop the connection when our end was retransmitted three times. macOS. */
export const TCP_RXT_FINDROP: Option<boolean> = option(TCP, "TCP_RXT_FINDROP", bool);
/** For how many seconds to retransmit, -1 for ever. Windows. */
export const TCP_MAXRT: Option<number> = option(TCP, "TCP_MAXRT", int(-1));
/** The same in milliseconds. Windows. */
export const TCP_MAXRTMS: Option<number> = option(TCP, "TCP_MAXRTMS", uint);
/** The longest retransmission timeout, 1000 to 120000 ms. Linux 6.15. */
export const TCP_RTO_MAX_MS: Option<number> = option(TCP, "TCP_RTO_MAX_MS", int(1000, 120_000));
/** The shortest retransmission timeout, up to 200000 us. Linux 6.15. */
export const TCP_RTO_MIN_US: Option<number> = option(TCP, "TCP_RTO_MIN_US", int(1, 200_000));
/** The longest delay of an acknowledgement, up to 200000 us. Linux 6.15. */
export const TCP_DELACK_MAX_US: Option<number> = option(TCP, "TCP_DELACK_MAX_US", int(1, 200_000));
/** Streams of few packets: timeouts do not double. Linux. */
export const TCP_THIN_LINEAR_TIMEOUTS: Option<boolean> = option(TCP, "TCP_THIN_LINEAR_TIMEOUTS", bool);
/** For how many seconds a closed connection waits for the peer's end; -1 not at all, 0 as the system has it. Linux. */
export const TCP_LINGER2: Option<number> = option(TCP, "TCP_LINGER2", int(-1));

// Making connections

/** How often to send the first segment again, 1 to 127. Linux. */
export const TCP_SYNCNT: Option<number> = option(TCP, "TCP_SYNCNT", int(1, 127));
/** After how many seconds to give up connecting. macOS. */
export const TCP_CONNECTIONTIMEOUT: Option<number> = option(TCP, "TCP_CONNECTIONTIMEOUT", int(0));
/** The same on FreeBSD. */
export const TCP_KEEPINIT: Option<number> = option(TCP, "TCP_KEEPINIT", int(1));
/** Never send the first segment again. Windows. */
export const TCP_NOSYNRETRIES: Option<boolean> = option(TCP, "TCP_NOSYNRETRIES", bool);
/** ICMP errors end a connection attempt. Windows. */
export const TCP_FAIL_CONNECT_ON_ICMP_ERROR: Option<boolean> = option(TCP, "TCP_FAIL_CONNECT_ON_ICMP_ERROR", bool);
/** The ICMP error that did: ICMP_ERROR_INFO, not decoded. Windows. */
export const TCP_ICMP_ERROR_INFO: ReadableOption<Bytes> = readable(TCP, "TCP_ICMP_ERROR_INFO", bytes(64));
/** Accept a connection only when data has come, for so many seconds at most (made up to a retransmission). Linux. */
export const TCP_DEFER_ACCEPT: Option<number> = option(TCP, "TCP_DEFER_ACCEPT", int(0));
/** Send no options in segments. macOS, FreeBSD. */
export const TCP_NOOPT: Option<boolean> = option(TCP, "TCP_NOOPT", bool);
/** Whether segments carry time stamps: RFC 7323. Windows. */
export const TCP_TIMESTAMPS: Option<boolean> = option(TCP, "TCP_TIMESTAMPS", bool);
/** Which NUMA domain a SO_REUSEPORT_LB socket serves, -1 for this CPU's, -2 for any. FreeBSD. */
export const TCP_REUSPORT_LB_NUMA: Option<number> = option(TCP, "TCP_REUSPORT_LB_NUMA", int(-2));
/** Data in the first segment, RFC 7413: on Linux how many such connections may wait, of a listener; elsewhere 1 or 0. */
export const TCP_FASTOPEN: Option<number> = option(TCP, "TCP_FASTOPEN", int(0));
/** connect(2) leaves the first segment to the first send. Linux. */
export const TCP_FASTOPEN_CONNECT: Option<boolean> = option(TCP, "TCP_FASTOPEN_CONNECT", bool);
/** The key of the cookies, 16 bytes, or 32 for a second one that is still accepted; none if unset. Linux. */
export const TCP_FASTOPEN_KEY: Option<Bytes, Uint8Array> = option(TCP, "TCP_FASTOPEN_KEY", bytes(32));
/** Data in the first segment without a cookie. Linux. */
export const TCP_FASTOPEN_NO_COOKIE: Option<boolean> = option(TCP, "TCP_FASTOPEN_NO_COOKIE", bool);
/** A listener keeps the first segments of connections: 1 from the IP header on, 2 from the Ethernet header on. Linux. */
export const TCP_SAVE_SYN: Option<number> = option(TCP, "TCP_SAVE_SYN", int(0, 2));
/** That segment, of an accepted connection; reading throws it away, and then there are no bytes. Linux. */
export const TCP_SAVED_SYN: ReadableOption<Bytes> = readable(TCP, "TCP_SAVED_SYN", bytes(1024));

// Looking inside

/** What TCP knows of the connection, every time in milliseconds. Linux, FreeBSD. */
export const TCP_INFO: ReadableOption<TcpInfo> = readable(TCP, "TCP_INFO", tcpInfo);
/** The same, shorter. macOS. */
export const TCP_CONNECTION_INFO: ReadableOption<TcpConnectionInfo> = readable(
  TCP,
  "TCP_CONNECTION_INFO",
  tcpConnectionInfo,
);
/** The clock of the time stamps, in ms. Set: CAP_NET_ADMIN and TCP_REPAIR. Linux. */
export const TCP_TIMESTAMP: Option<number> = option(TCP, "TCP_TIMESTAMP", uint);
/** Whether MPTCP serves this connection. Linux 5.16. */
export const TCP_IS_MPTCP: ReadableOption<boolean> = readable(TCP, "TCP_IS_MPTCP", bool);
/** Whether statistics are gathered; read: struct statsblob, not decoded. FreeBSD. */
export const TCP_STATS: Option<Bytes, boolean> = option(
  TCP,
  "TCP_STATS",
  { ...bytes(8192), encode: bool.encode },
  {
    systems: ["freebsd"],
  },
);
/** TCP_LOG_STATE_*: what is kept for tcp_log. FreeBSD. */
export const TCP_LOG: Option<number> = option(TCP, "TCP_LOG", int());
/** struct mptcp_info of an MPTCP socket (level SOL_MPTCP), not decoded. Linux 5.16. */
export const MPTCP_INFO: ReadableOption<Bytes> = readable("SOL_MPTCP", "MPTCP_INFO", bytes(512));

// Signed segments: RFC 2385, RFC 5925

/** A key for segments from and to a peer, `{ address, key }`; before the connection. FreeBSD: whether setkey(8)'s is used. */
export const TCP_MD5SIG: WritableOption<TcpMd5Key | boolean> = writable(TCP, "TCP_MD5SIG", tcpMd5Key);
/** The same for a network, `prefixLength`, or one interface. Linux 4.13. */
export const TCP_MD5SIG_EXT: WritableOption<TcpMd5ExtendedKey> = writable(TCP, "TCP_MD5SIG_EXT", tcpMd5ExtendedKey);
/** struct tcp_ao_add, not decoded. Linux 6.7. */
export const TCP_AO_ADD_KEY: WritableOption<Uint8Array> = writable(TCP, "TCP_AO_ADD_KEY", bytes(1024));
/** struct tcp_ao_del, not decoded. Linux 6.7. */
export const TCP_AO_DEL_KEY: WritableOption<Uint8Array> = writable(TCP, "TCP_AO_DEL_KEY", bytes(1024));
/** struct tcp_ao_info_opt, not decoded. Linux 6.7. */
export const TCP_AO_INFO: Option<Bytes, Uint8Array> = option(TCP, "TCP_AO_INFO", bytes(256));
/** struct tcp_ao_repair, not decoded; TCP_REPAIR. Linux 6.7. */
export const TCP_AO_REPAIR: Option<Bytes, Uint8Array> = option(TCP, "TCP_AO_REPAIR", bytes(256));

// Moving a connection to another process: Linux, CAP_NET_ADMIN, else "permission-denied"

/** Nothing is sent on its own: 1 on, 0 off, -1 off without asking the peer for its window. */
export const TCP_REPAIR: Option<number> = option(TCP, "TCP_REPAIR", int(-1, 1));
/** Which queue is meant: 0 none, 1 received, 2 sent. */
export const TCP_REPAIR_QUEUE: Option<number> = option(TCP, "TCP_REPAIR_QUEUE", int(0, 2));
/** The next sequence number of that queue. */
export const TCP_QUEUE_SEQ: Option<number> = option(TCP, "TCP_QUEUE_SEQ", uint);
/** What was agreed on when the connection was made: TCPOPT_* and its value. */
export const TCP_REPAIR_OPTIONS: WritableOption<readonly Readonly<Record<"code" | "value", number>>[]> = writable(
  TCP,
  "TCP_REPAIR_OPTIONS",
  listOf(words("code", "value"), 64),
);

type RepairWindow = Readonly<Record<"sndWl1" | "sndWindow" | "maximumWindow" | "rcvWindow" | "rcvWup", number>>;
const repairWindow: Codec<RepairWindow> = words("sndWl1", "sndWindow", "maximumWindow", "rcvWindow", "rcvWup");

/** Both windows: struct tcp_repair_window. */
export const TCP_REPAIR_WINDOW: Option<RepairWindow> = option(TCP, "TCP_REPAIR_WINDOW", repairWindow);

// Left out:
// - limits: TCP_MAXWIN, TCP_MSS, TCP_MINMSS
// - a type of control message: TCP_CM_INQ (the option is TCP_INQ)
// - without effect: TCP_THIN_DUPACK (since Linux 4.11), TCP_COOKIE_TRANSACTIONS (since Linux 3.10)
// - without documentation: TCP_STDURG, TCP_NOURG, TCP_ATMARK
// - their value holds a pointer: TCP_ZEROCOPY_RECEIVE, TCP_TXTLS_ENABLE, TCP_RXTLS_ENABLE, MPTCP_FULL_INFO
// - TCP_AO_GET_KEYS: the kernel takes the size of one of many structs for the size of the buffer
// - MPTCP_TCPINFO, MPTCP_SUBFLOW_ADDRS: the kernel wants to be asked with a header in the buffer
