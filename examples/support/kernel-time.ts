// When the kernel sent a datagram and when it received one, both on its own clock: SO_TIMESTAMPING, timestamping.rst.

import { QueuedError, type ReceivedMessage, type Socket, Timestamp } from "berkeley";
import * as option from "berkeley/options";

const [TX_SOFTWARE, RX_SOFTWARE, SOFTWARE, OPT_ID, OPT_TSONLY] = [0x2, 0x8, 0x10, 0x80, 0x800]; // SOF_TIMESTAMPING_*

/** Asks for both times; where a system knows only the second, for that. */
export function askForTimes(socket: Socket): void {
  const { supported } = option.SO_TIMESTAMPING;
  if (!supported) socket.receiveControl(Timestamp);
  else socket.setOption(option.SO_TIMESTAMPING, TX_SOFTWARE | RX_SOFTWARE | SOFTWARE | OPT_ID | OPT_TSONLY);
}

/** The time of sending that a message of the error queue tells, and of which datagram: they are counted from 0. */
export function sendTime({ control }: ReceivedMessage): { number: number; time: bigint } | undefined {
  const [about, stamp] = [control.get(QueuedError), control.get(Timestamp)];
  if (about?.origin !== "timestamping" || stamp === undefined) return undefined;
  return { number: about.data, time: stamp.epochNanoseconds };
}

/** The same clock as this program reads it, a little later than the kernel: nanoseconds since 1970. */
export function now(): bigint {
  return BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n;
}
