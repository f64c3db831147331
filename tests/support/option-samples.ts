// One value, with its bytes, for every option that Linux lacks: what its codec makes of the record of a system that has it.

import { darwin } from "../../ffi/platform/darwin.ts";
import { freebsd } from "../../ffi/platform/freebsd.ts";
import type { Platform } from "../../ffi/platform/platform.ts";
import { windows } from "../../ffi/platform/windows.ts";
import { InetAddress, InetSocketAddress } from "../../src/index.ts";
import type { Option, ReadableOption, WritableOption } from "../../src/options.ts";
import * as option from "../../src/options.ts";

/** What the program says, and what the kernel does. */
export interface Sample {
  readonly option: Option<unknown, never>;
  readonly system: Platform;
  readonly value: unknown;
  /** The same in hexadecimal. */
  readonly bytes: string;
}

type Some<Get, Set> = Partial<ReadableOption<Get>> & Partial<WritableOption<Set>>;

function sample<Value>(system: Platform, what: Some<Value, Value>, value: Value, bytes: string): Sample {
  return { option: what as Option<unknown, never>, system, value, bytes };
}

/** Booleans: true is an int of 1. */
function flags(system: Platform, ...all: readonly Some<boolean, boolean>[]): readonly Sample[] {
  return all.map((what) => sample(system, what, true, "01000000"));
}

/** Numbers: 2 is an int of 2. */
function numbers(system: Platform, ...all: readonly Some<number, number>[]): readonly Sample[] {
  return all.map((what) => sample(system, what, 2, "02000000"));
}

/** An interface by index: 1 is an int of 1. */
function interfaces(system: Platform, ...all: readonly Some<number, InterfaceIndex>[]): readonly Sample[] {
  return all.map((what) => sample<never>(system, what as never, 1 as never, "01000000"));
}

type InterfaceIndex = string | number | InetAddress;

/** Bytes as they are. */
function raws(system: Platform, ...all: readonly Some<Uint8Array, Uint8Array>[]): readonly Sample[] {
  return all.map((what) => sample(system, what, Uint8Array.of(1, 2, 3), "010203"));
}

const zeros = (count: number): string => "00".repeat(count);
const text = (value: string, size: number): string =>
  Buffer.from(value)
    .toString("hex")
    .padEnd(size * 2, "0");

// prettier-ignore
const macos: readonly Sample[] = [
  ...flags(
    darwin,
    option.SO_TIMESTAMP_MONOTONIC, option.SO_NOADDRERR, option.SO_REUSESHAREUID, option.SO_NOTIFYCONFLICT, option.SO_UPCALLCLOSEWAIT,
    option.SO_RANDOMPORT, option.SO_DONTTRUNC, option.SO_WANTMORE, option.SO_WANTOOBFLAG, option.SO_USELOOPBACK, option.SO_NOSIGPIPE,
    option.IP_DONTFRAG, option.IP_RECVPKTINFO, option.IP_RECVDSTADDR, option.IP_RECVIF, option.IP_STRIPHDR, option.TCP_NOPUSH,
    option.TCP_SENDMOREACKS, option.TCP_RXT_FINDROP, option.TCP_NOOPT, option.UDP_NOCKSUM,
  ),
  ...numbers(
    darwin,
    option.SO_NREAD, option.SO_NWRITE, option.SO_NUMRCVPKT, option.SO_NET_SERVICE_TYPE, option.SO_NETSVC_MARKING_LEVEL,
    option.LOCAL_PEERPID, option.LOCAL_PEEREPID, option.IP_PORTRANGE, option.IP_MULTICAST_VIF, option.IPV6_PORTRANGE,
    option.TCP_ENABLE_ECN, option.TCP_KEEPALIVE, option.TCP_RXT_CONNDROPTIME, option.TCP_CONNECTIONTIMEOUT,
  ),
  ...interfaces(darwin, option.IP_BOUND_IF, option.IP_MULTICAST_IFINDEX, option.IPV6_BOUND_IF),
  ...raws(
    darwin,
    option.SO_RESOLVER_SIGNATURE, option.LOCAL_PEERCRED, option.LOCAL_PEERUUID, option.LOCAL_PEEREUUID, option.LOCAL_PEERTOKEN,
  ),
  sample(darwin, option.SO_LINGER_SEC, 5, "0100000005000000"),
  sample(darwin, option.SO_LINGER, 5, "01000000f4010000"), // in ticks of 10 ms
  sample(darwin, option.SO_NP_EXTENSIONS, { flags: 1, mask: 3 }, "0100000003000000"),
  sample(darwin, option.IPV6_USE_MIN_MTU, -1, "ffffffff"),
  sample(darwin, option.IPV6_PREFER_TEMPADDR, -1, "ffffffff"),
  sample(darwin, option.IPV6_NEXTHOP, new InetSocketAddress("2001:db8::1", 0), `1c1e0000${zeros(4)}20010db8${zeros(11)}01${zeros(4)}`),
  {
    option: option.TCP_CONNECTION_INFO as unknown as Sample["option"],
    system: darwin,
    value: { state: 4, rto: 230, rtt: 12, bytes: new Uint8Array(Buffer.from(`04${zeros(11)}e6000000${zeros(28)}0c000000${zeros(64)}`, "hex")) },
    bytes: `04${zeros(11)}e6000000${zeros(28)}0c000000${zeros(64)}`,
  },
];

// prettier-ignore
const bsd: readonly Sample[] = [
  ...flags(
    freebsd,
    option.SO_REUSEPORT_LB, option.SO_RERROR, option.SO_NO_OFFLOAD, option.SO_NO_DDP, option.SO_BINTIME, option.LOCAL_CREDS,
    option.LOCAL_CREDS_PERSISTENT, option.IP_ONESBCAST, option.IP_BINDANY, option.IP_RECVFLOWID, option.IP_RECVRSSBUCKETID,
    option.IPV6_BINDANY, option.IPV6_RECVFLOWID, option.IPV6_RECVRSSBUCKETID,
  ),
  ...numbers(
    freebsd,
    option.SO_TS_CLOCK, option.SO_LISTENQLIMIT, option.SO_LISTENQLEN, option.SO_LISTENINCQLEN, option.SO_SETFIB, option.SO_USER_COOKIE,
    option.IP_VLAN_PCP, option.IP_FLOWID, option.IP_FLOWTYPE, option.IP_RSSBUCKETID, option.IPV6_VLAN_PCP, option.IPV6_FLOWID,
    option.IPV6_FLOWTYPE, option.IPV6_RSSBUCKETID, option.TCP_DELACK, option.TCP_KEEPINIT, option.TCP_LOG,
  ),
  ...raws(freebsd, option.TCP_CCALGOOPT),
  sample(freebsd, option.TCP_REUSPORT_LB_NUMA, -2, "feffffff"),
  sample(freebsd, option.SO_MAX_PACING_RATE, 4_000_000_000n, "00286bee"),
  sample(freebsd, option.SO_ACCEPTFILTER, { name: "httpready", argument: "" }, text("httpready", 256)),
  sample(freebsd, { set: option.SO_SPLICE.set, name: "SO_SPLICE" }, { socket: 9, maximum: 1000, idle: 1500 }, `09000000${zeros(4)}e803${zeros(6)}01${zeros(7)}20a10700${zeros(4)}`),
  sample(freebsd, { get: option.SO_SPLICE.get, name: "SO_SPLICE" }, 258, `0201${zeros(6)}`),
  sample(freebsd, option.TCP_FUNCTION_BLK, { name: "rack", connections: 0 }, text("rack", 36)),
  sample(freebsd, { set: option.TCP_STATS.set, name: "TCP_STATS" }, true, "01000000"),
  sample(freebsd, { get: option.TCP_STATS.get, name: "TCP_STATS" }, Uint8Array.of(1, 2, 3), "010203"),
  sample(freebsd, option.TCP_MD5SIG, true, "01000000"),
];

// prettier-ignore
const winsock: readonly Sample[] = [
  ...flags(
    windows,
    option.SO_EXCLUSIVEADDRUSE, option.SO_REUSE_UNICASTPORT, option.SO_CONDITIONAL_ACCEPT, option.SO_DONTLINGER, option.IP_DONTFRAGMENT,
    option.IP_IFLIST, option.IP_ORIGINAL_ARRIVAL_IF, option.IP_ECN, option.IP_RECVRTHDR, option.IP_RECEIVE_BROADCAST, option.IPV6_IFLIST,
    option.IPV6_RECVDSTADDR, option.IPV6_RECVIF, option.IPV6_HOPLIMIT, option.IPV6_ECN, option.IPV6_PKTINFO as Some<boolean, boolean>, option.IPV6_HOPOPTS as Some<boolean, boolean>,
    option.TCP_EXPEDITED_1122, option.TCP_BSDURGENT, option.TCP_DELAY_FIN_ACK, option.TCP_NOSYNRETRIES,
    option.TCP_FAIL_CONNECT_ON_ICMP_ERROR, option.TCP_TIMESTAMPS, option.UDP_NOCHECKSUM,
  ),
  ...numbers(
    windows,
    option.SO_MAX_MSG_SIZE, option.SO_MAXDG, option.SO_MAXPATHDG, option.SO_CONNECT_TIME, option.IP_USER_MTU, option.IPV6_USER_MTU,
    option.TCP_CONGESTION_ALGORITHM, option.TCP_OFFLOAD_PREFERENCE, option.TCP_MAXRTMS, option.UDP_SEND_MSG_SIZE,
    option.UDP_RECV_MAX_COALESCED_SIZE, option.UDP_CHECKSUM_COVERAGE,
  ),
  ...interfaces(
    windows,
    option.IP_ADD_IFLIST as Some<number, InterfaceIndex>, option.IP_DEL_IFLIST as Some<number, InterfaceIndex>,
    option.IPV6_ADD_IFLIST as Some<number, InterfaceIndex>, option.IPV6_DEL_IFLIST as Some<number, InterfaceIndex>, option.IPV6_UNICAST_IF,
  ),
  ...raws(windows, option.IP_WFP_REDIRECT_RECORDS, option.IPV6_WFP_REDIRECT_RECORDS, option.TCP_ICMP_ERROR_INFO),
  sample(windows, option.TCP_MAXRT, -1, "ffffffff"),
  sample(windows, option.IPV6_PROTECTION_LEVEL, -1, "ffffffff"),
  sample(windows, option.IPV6_GET_IFLIST, [1, 7], "0100000007000000"),
  sample(windows, option.SO_UPDATE_ACCEPT_CONTEXT, 0x0102_0304, "0403020100000000"),
  sample(windows, option.SO_UPDATE_CONNECT_CONTEXT, undefined, "00000000"),
  sample(windows, option.SO_PROTOCOL_INFOW, { family: 2, type: 1, protocol: 6 }, `${zeros(76)}02000000${zeros(8)}0100000006000000${zeros(532)}`),
  sample(windows, option.SO_LINGER, 5, "01000500"),
  sample(windows, option.SO_RCVTIMEO, 1500, "dc050000"),
];

/** All of them. */
export const samples: readonly Sample[] = [...macos, ...bsd, ...winsock];
