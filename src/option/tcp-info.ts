// What TCP knows of a connection: TCP_INFO of Linux and FreeBSD, TCP_CONNECTION_INFO of macOS.

import { getUint } from "../../ffi/layout.ts";
import type { Field } from "../../ffi/platform/platform.ts";
import { linuxTcpInfo } from "../../ffi/structs/option-values.ts";
import { type BySystem, type Bytes, copyOf, type ReadCodec, viewOf } from "./codecs.ts";

/**
 * struct tcp_info, tcp(7). **Every time is in milliseconds**, as everywhere in berkeley; the kernel's own unit is in
 * brackets. A field that the kernel did not write, because it is older or another system, is undefined; FreeBSD has
 * `state`, `options`, `rto`, `rtt`, `rttVariance` and `sndMss` here, and the rest in `bytes`.
 */
export interface TcpInfo {
  /** The struct as the kernel wrote it. */
  readonly bytes: Bytes;
  /** TCP_ESTABLISHED is 1 on Linux: include/net/tcp_states.h. */
  readonly state: number;
  /** TCPI_OPT_*: 1 timestamps, 2 SACK, 4 window scaling, 8 ECN, 16 ECN seen, 32 data in the SYN was acknowledged. */
  readonly options: number;
  /** The retransmission timeout [us]. */
  readonly rto: number;
  /** The smoothed round trip time [us]. */
  readonly rtt: number;
  /** Its mean deviation [us]. */
  readonly rttVariance: number;
  /** The largest segment to send, in bytes. */
  readonly sndMss: number;
  /** Congestion state: 0 open, 1 disorder, 2 CWR, 3 recovery, 4 loss. */
  readonly caState?: number;
  /** Timeouts in a row of the segment that is being retransmitted. */
  readonly retransmits?: number;
  /** Zero-window probes without an answer. */
  readonly probes?: number;
  /** How often the timeout has been doubled. */
  readonly backoff?: number;
  /** The peer's window scale. */
  readonly sndWscale?: number;
  /** Our window scale. */
  readonly rcvWscale?: number;
  /** Whether `deliveryRate` was measured while the program had too little to send. */
  readonly deliveryRateAppLimited?: boolean;
  /** Why TCP Fast Open failed: TFO_STATUS_UNSPEC 0 to TFO_SYN_RETRANSMITTED 3. */
  readonly fastopenClientFail?: number;
  /** The delayed-acknowledgement timeout [us]. */
  readonly ato?: number;
  /** An estimate of the peer's segment size, in bytes. */
  readonly rcvMss?: number;
  /** Segments sent and not acknowledged; the length of the accept queue of a listening socket. */
  readonly unacked?: number;
  /** Segments acknowledged selectively; the backlog of a listening socket. */
  readonly sacked?: number;
  /** Segments held to be lost. */
  readonly lost?: number;
  /** Retransmitted segments that are on their way. */
  readonly retransmitted?: number;
  /** Always 0 since Linux 4.15. */
  readonly fackets?: number;
  /** Time since data was last sent [ms]. */
  readonly lastDataSent?: number;
  /** Never filled [ms]. */
  readonly lastAckSent?: number;
  /** Time since data was last received [ms]. */
  readonly lastDataReceived?: number;
  /** Time since an acknowledgement was last received [ms]. */
  readonly lastAckReceived?: number;
  /** The path MTU, in bytes. */
  readonly pathMtu?: number;
  /** The limit of our window's growth, in bytes. */
  readonly rcvSsthresh?: number;
  /** The slow start threshold, in segments; 2147483647 for none yet. */
  readonly sndSsthresh?: number;
  /** The congestion window, in segments. */
  readonly sndCwnd?: number;
  /** The segment size that we told the peer, in bytes. */
  readonly advertisedMss?: number;
  /** By how many segments packets may be out of order before they are held to be lost. */
  readonly reordering?: number;
  /** The round trip time seen by the receiver [us]. */
  readonly rcvRtt?: number;
  /** The receive buffer that the program keeps up with in a round trip, in bytes. */
  readonly rcvSpace?: number;
  /** Segments retransmitted in all. */
  readonly totalRetransmits?: number;
  /** Bytes per second at which segments are paced; Infinity for unpaced. */
  readonly pacingRate?: number;
  /** SO_MAX_PACING_RATE: bytes per second; Infinity for none. */
  readonly maximumPacingRate?: number;
  /** Bytes that the peer acknowledged. */
  readonly bytesAcked?: number;
  /** Bytes received in order. */
  readonly bytesReceived?: number;
  /** Segments sent. */
  readonly segmentsOut?: number;
  /** Segments received. */
  readonly segmentsIn?: number;
  /** Bytes in the send queue that were not sent. */
  readonly notSentBytes?: number;
  /** The smallest round trip time lately seen [us]; Infinity before the first sample. */
  readonly minRtt?: number;
  /** Segments with data received. */
  readonly dataSegmentsIn?: number;
  /** Segments with data sent. */
  readonly dataSegmentsOut?: number;
  /** The latest delivery rate, in bytes per second. */
  readonly deliveryRate?: number;
  /** Time during which there was data to send [us]. */
  readonly busyTime?: number;
  /** Part of it that the peer's window was full [us]. */
  readonly receiveWindowLimited?: number;
  /** Part of it that our send buffer was full [us]. */
  readonly sendBufferLimited?: number;
  /** Segments delivered, retransmitted ones among them. */
  readonly delivered?: number;
  /** Segments delivered with a congestion mark. */
  readonly deliveredCe?: number;
  /** Bytes of data sent, retransmitted ones among them. */
  readonly bytesSent?: number;
  /** Bytes of data retransmitted. */
  readonly bytesRetransmitted?: number;
  /** Duplicates that the peer reported by DSACK. */
  readonly dsackDuplicates?: number;
  /** How often packets were seen out of order by what was acknowledged. */
  readonly reorderingSeen?: number;
  /** Packets received out of order. */
  readonly receivedOutOfOrder?: number;
  /** The peer's window, in bytes. */
  readonly sndWindow?: number;
  /** Our window, in bytes (Linux 6.2). */
  readonly rcvWindow?: number;
  /** How often the flow's hash was changed to get another path (Linux 6.2). */
  readonly rehash?: number;
  /** Retransmission timeouts in all (Linux 6.7). */
  readonly totalRtos?: number;
  /** Recoveries from them (Linux 6.7). */
  readonly totalRtoRecoveries?: number;
  /** Time spent in them [ms] (Linux 6.7). */
  readonly totalRtoTime?: number;
  /** Congestion marks received (Linux 6.18, Accurate ECN: RFC 9768). */
  readonly receivedCe?: number;
  /** Bytes that the peer got marked ECT(1) (Linux 6.18). */
  readonly deliveredE1Bytes?: number;
  /** Bytes that the peer got marked ECT(0) (Linux 6.18). */
  readonly deliveredE0Bytes?: number;
  /** Bytes that the peer got marked CE (Linux 6.18). */
  readonly deliveredCeBytes?: number;
  /** Bytes received marked ECT(1) (Linux 6.18). */
  readonly receivedE1Bytes?: number;
  /** Bytes received marked ECT(0) (Linux 6.18). */
  readonly receivedE0Bytes?: number;
  /** Bytes received marked CE (Linux 6.18). */
  readonly receivedCeBytes?: number;
  /** tcpi_accecn_fail_mode (Linux 6.18; kernels after it have put other bits here). */
  readonly accEcnFailMode?: number;
  /** tcpi_accecn_opt_seen (Linux 6.18; kernels after it have put other bits here). */
  readonly accEcnOptionSeen?: number;
}

type LinuxField = keyof typeof linuxTcpInfo.fields;
type Numeric = Exclude<
  keyof TcpInfo,
  "bytes" | "sndWscale" | "rcvWscale" | "deliveryRateAppLimited" | "fastopenClientFail"
>;

const MICROSECONDS = 1000; // in a millisecond

/** Which field it is, and by what to divide it. */
const sources: Readonly<Record<Numeric, LinuxField | readonly [LinuxField, number]>> = {
  state: "tcpi_state",
  options: "tcpi_options",
  rto: ["tcpi_rto", MICROSECONDS],
  rtt: ["tcpi_rtt", MICROSECONDS],
  rttVariance: ["tcpi_rttvar", MICROSECONDS],
  sndMss: "tcpi_snd_mss",
  caState: "tcpi_ca_state",
  retransmits: "tcpi_retransmits",
  probes: "tcpi_probes",
  backoff: "tcpi_backoff",
  ato: ["tcpi_ato", MICROSECONDS],
  rcvMss: "tcpi_rcv_mss",
  unacked: "tcpi_unacked",
  sacked: "tcpi_sacked",
  lost: "tcpi_lost",
  retransmitted: "tcpi_retrans",
  fackets: "tcpi_fackets",
  lastDataSent: "tcpi_last_data_sent",
  lastAckSent: "tcpi_last_ack_sent",
  lastDataReceived: "tcpi_last_data_recv",
  lastAckReceived: "tcpi_last_ack_recv",
  pathMtu: "tcpi_pmtu",
  rcvSsthresh: "tcpi_rcv_ssthresh",
  sndSsthresh: "tcpi_snd_ssthresh",
  sndCwnd: "tcpi_snd_cwnd",
  advertisedMss: "tcpi_advmss",
  reordering: "tcpi_reordering",
  rcvRtt: ["tcpi_rcv_rtt", MICROSECONDS],
  rcvSpace: "tcpi_rcv_space",
  totalRetransmits: "tcpi_total_retrans",
  pacingRate: "tcpi_pacing_rate",
  maximumPacingRate: "tcpi_max_pacing_rate",
  bytesAcked: "tcpi_bytes_acked",
  bytesReceived: "tcpi_bytes_received",
  segmentsOut: "tcpi_segs_out",
  segmentsIn: "tcpi_segs_in",
  notSentBytes: "tcpi_notsent_bytes",
  minRtt: ["tcpi_min_rtt", MICROSECONDS],
  dataSegmentsIn: "tcpi_data_segs_in",
  dataSegmentsOut: "tcpi_data_segs_out",
  deliveryRate: "tcpi_delivery_rate",
  busyTime: ["tcpi_busy_time", MICROSECONDS],
  receiveWindowLimited: ["tcpi_rwnd_limited", MICROSECONDS],
  sendBufferLimited: ["tcpi_sndbuf_limited", MICROSECONDS],
  delivered: "tcpi_delivered",
  deliveredCe: "tcpi_delivered_ce",
  bytesSent: "tcpi_bytes_sent",
  bytesRetransmitted: "tcpi_bytes_retrans",
  dsackDuplicates: "tcpi_dsack_dups",
  reorderingSeen: "tcpi_reord_seen",
  receivedOutOfOrder: "tcpi_rcv_ooopack",
  sndWindow: "tcpi_snd_wnd",
  rcvWindow: "tcpi_rcv_wnd",
  rehash: "tcpi_rehash",
  totalRtos: "tcpi_total_rto",
  totalRtoRecoveries: "tcpi_total_rto_recoveries",
  totalRtoTime: "tcpi_total_rto_time",
  receivedCe: "tcpi_received_ce",
  deliveredE1Bytes: "tcpi_delivered_e1_bytes",
  deliveredE0Bytes: "tcpi_delivered_e0_bytes",
  deliveredCeBytes: "tcpi_delivered_ce_bytes",
  receivedE1Bytes: "tcpi_received_e1_bytes",
  receivedE0Bytes: "tcpi_received_e0_bytes",
  receivedCeBytes: "tcpi_received_ce_bytes",
  accEcnFailMode: "tcpi_accecn_fail_mode",
  accEcnOptionSeen: "tcpi_accecn_opt_seen",
};

// What the kernel writes for "no limit" and "no sample": all bits set.
const unlimited: readonly (readonly [Numeric, number])[] = [
  ["pacingRate", 2 ** 64],
  ["maximumPacingRate", 2 ** 64],
  ["minRtt", 0xffff_ffff / MICROSECONDS],
];

type Fields = Readonly<Record<string, Field>>;
const fieldsBySystem: BySystem<Fields> = { linux: linuxTcpInfo.fields };

/** TCP_INFO: struct tcp_info as far as the kernel wrote it. */
export const tcpInfo: ReadCodec<TcpInfo> = {
  size: () => 512, // 280 in Linux 6.18, and it grows
  decode(bytes, { name, structs }) {
    const fields = fieldsBySystem[name] ?? structs["tcp_info"]?.fields ?? {};
    const view = viewOf(bytes);
    const read = (field: LinuxField, divisor = 1): number | undefined => {
      const where: Field | undefined = (fields as Fields)[field];
      return where === undefined || where[0] + where[1] > bytes.length ? undefined : getUint(view, 0, where) / divisor;
    };
    const info: Record<string, unknown> = { bytes: copyOf(bytes) };
    for (const [name, source] of Object.entries(sources)) {
      const value = typeof source === "string" ? read(source) : read(...source);
      if (value !== undefined) info[name] = value;
    }
    for (const [name, value] of unlimited) if (info[name] === value) info[name] = Infinity;
    const scales = read("tcpi_wscale"); // two bit fields of a byte each: the first is in the low bits on little endian
    if (scales !== undefined) Object.assign(info, { sndWscale: scales & 15, rcvWscale: scales >> 4 });
    const bits = read("tcpi_bits");
    if (bits !== undefined) {
      Object.assign(info, { deliveryRateAppLimited: (bits & 1) !== 0, fastopenClientFail: (bits >> 1) & 3 });
    }
    return info as unknown as TcpInfo;
  },
};

/** struct tcp_connection_info of macOS: what berkeley reads of it, times in milliseconds, and all of it as bytes. */
export interface TcpConnectionInfo {
  /** TCPS_*: netinet/tcp_fsm.h. */
  readonly state: number;
  /** The retransmission timeout. */
  readonly rto: number;
  /** The smoothed round trip time. */
  readonly rtt: number;
  /** The struct as the kernel wrote it. */
  readonly bytes: Bytes;
}

/** TCP_CONNECTION_INFO of macOS. */
export const tcpConnectionInfo: ReadCodec<TcpConnectionInfo> = {
  size: ({ structs }) => structs["tcp_connection_info"]?.size ?? 0,
  decode(bytes, { structs }) {
    const view = viewOf(bytes);
    const read = (name: string): number => {
      const field = structs["tcp_connection_info"]?.fields[name];
      return field === undefined ? 0 : getUint(view, 0, field);
    };
    return { state: read("tcpi_state"), rto: read("tcpi_rto"), rtt: read("tcpi_srtt"), bytes: copyOf(bytes) };
  },
};
