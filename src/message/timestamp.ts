// When a packet came or went: SO_TIMESTAMP, SO_TIMESTAMPNS, SO_TIMESTAMPING of socket(7), Documentation/networking/timestamping.rst.

import { getInt } from "../../ffi/layout.ts";
import { platform } from "../../ffi/platform/index.ts";
import type { Field } from "../../ffi/platform/platform.ts";
import { timeText } from "../inspect.ts";
import { ControlMessage, type ControlPayload, payloadView, registerControl } from "./control.ts";

const { timeval, timespec } = platform.structs;

/**
 * When the kernel (or the network card) had the packet, in nanoseconds since the epoch; ask with
 * `socket.receiveControl(Timestamp)`, or for stamps of what is sent and of the hardware with the option SO_TIMESTAMPING.
 */
export class Timestamp extends ControlMessage {
  readonly kind = "timestamp" as const;
  /** The software stamp; the hardware's where there is no other. Nanoseconds since 1970 in UTC. */
  readonly epochNanoseconds: bigint;
  /** The stamp of the network card, on its own clock; undefined where there is none. */
  readonly hardware: bigint | undefined;

  /** Received, never made. Internal. */
  constructor(payload: ControlPayload, epochNanoseconds: bigint, hardware?: bigint) {
    super(payload);
    this.epochNanoseconds = epochNanoseconds;
    this.hardware = hardware;
  }

  /** `2026-01-02T03:04:05.123456789Z` */
  override toString(): string {
    return timeText(this.epochNanoseconds);
  }
}

function seconds(view: DataView, base: number, field: Field): bigint {
  return BigInt(getInt(view, base, field)) * 1_000_000_000n;
}

function nanosecondsAt(view: DataView, base: number): bigint {
  const { tv_sec, tv_nsec } = timespec.fields;
  return seconds(view, base, tv_sec) + BigInt(getInt(view, base, tv_nsec));
}

function decodeTimeval(payload: ControlPayload): Timestamp | undefined {
  if (payload.bytes.length < timeval.size) return undefined;
  const view = payloadView(payload.bytes);
  const { tv_sec, tv_usec } = timeval.fields;
  return new Timestamp(payload, seconds(view, 0, tv_sec) + BigInt(getInt(view, 0, tv_usec)) * 1000n);
}

function decodeTimespec(payload: ControlPayload): Timestamp | undefined {
  if (payload.bytes.length < timespec.size) return undefined;
  return new Timestamp(payload, nanosecondsAt(payloadView(payload.bytes), 0));
}

// struct scm_timestamping: software, nothing, hardware; each zero where there is none.
function decodeTimestamping(payload: ControlPayload): Timestamp | undefined {
  if (payload.bytes.length < timespec.size * 3) return undefined;
  const view = payloadView(payload.bytes);
  const [software, hardware] = [nanosecondsAt(view, 0), nanosecondsAt(view, timespec.size * 2)];
  return new Timestamp(payload, software || hardware, hardware || undefined);
}

registerControl(Timestamp, "SOL_SOCKET", "SCM_TIMESTAMP", decodeTimeval);
registerControl(Timestamp, "SOL_SOCKET", "SCM_TIMESTAMPNS", decodeTimespec);
registerControl(Timestamp, "SOL_SOCKET", "SCM_REALTIME", decodeTimespec); // FreeBSD, SO_TS_CLOCK
registerControl(Timestamp, "SOL_SOCKET", "SCM_TIMESTAMPING", decodeTimestamping);
// the variants with 64-bit fields on every architecture, which 64-bit systems lay out alike
registerControl(Timestamp, "SOL_SOCKET", "SO_TIMESTAMP_NEW", decodeTimeval);
registerControl(Timestamp, "SOL_SOCKET", "SO_TIMESTAMPNS_NEW", decodeTimespec);
registerControl(Timestamp, "SOL_SOCKET", "SO_TIMESTAMPING_NEW", decodeTimestamping);
