// When a packet is to leave: SO_TXTIME and SCM_TXTIME, tc-etf(8).

import { LITTLE_ENDIAN } from "../../ffi/memory.ts";
import { platform } from "../../ffi/platform/index.ts";
import { show } from "../arguments.ts";
import { notSupported } from "../errors.ts";
import { ControlMessage, type ControlPayload, payloadView, registerControl } from "./control.ts";

function encode(nanoseconds: unknown): ControlPayload {
  if (typeof nanoseconds !== "bigint") throw new TypeError(`nanoseconds must be a bigint, not ${show(nanoseconds)}`);
  if (nanoseconds < 0n || nanoseconds >= 1n << 64n) {
    throw new RangeError(`nanoseconds must be from 0 to 2^64-1, not ${nanoseconds}`);
  }
  const type = platform.constants.SCM_TXTIME;
  if (type === undefined) throw notSupported("TransmitTime", `${platform.name} has no SCM_TXTIME`);
  const bytes = new Uint8Array(new ArrayBuffer(8));
  payloadView(bytes).setBigUint64(0, nanoseconds, LITTLE_ENDIAN);
  return { level: platform.core.SOL_SOCKET, type, bytes };
}

/**
 * The time at which a packet is to leave, on the clock that the option SO_TXTIME names; needs the etf or fq queueing discipline
 * on the interface. Linux 4.19 and later.
 */
export class TransmitTime extends ControlMessage {
  readonly kind = "transmit-time" as const;
  /** Nanoseconds on the clock of SO_TXTIME. */
  readonly nanoseconds: bigint;

  /** @throws TypeError, RangeError; SocketError kind "not-supported" */
  constructor(nanoseconds: bigint, received?: ControlPayload) {
    super(received ?? encode(nanoseconds));
    this.nanoseconds = nanoseconds;
  }
}

function decode(payload: ControlPayload): TransmitTime | undefined {
  if (payload.bytes.length < 8) return undefined;
  return new TransmitTime(payloadView(payload.bytes).getBigUint64(0, LITTLE_ENDIAN), payload);
}

registerControl(TransmitTime, "SOL_SOCKET", "SCM_TXTIME", decode);
