// What the error queue tells: struct sock_extended_err of ip(7), and completions of MSG_ZEROCOPY
// (Documentation/networking/msg_zerocopy.rst), which come by the same way.

import { errnoName } from "../../ffi/errno.ts";
import { getUint } from "../../ffi/layout.ts";
import { platform } from "../../ffi/platform/index.ts";
import { decodeSocketAddress, type SocketAddress } from "../address/index.ts";
import { ControlMessage, type ControlPayload, payloadView, registerControl } from "./control.ts";

const layout = platform.structs.sock_extended_err;

/** Where an error came from. */
export type ErrorOrigin =
  "none" | "local" | "icmp" | "icmp6" | "timestamping" | "zero-copy" | "transmit-time" | "unknown";

// SO_EE_ORIGIN_*: include/uapi/linux/errqueue.h
const origins: readonly ErrorOrigin[] = [
  "none",
  "local",
  "icmp",
  "icmp6",
  "timestamping",
  "zero-copy",
  "transmit-time",
];

interface ExtendedError {
  readonly errno: number;
  readonly origin: ErrorOrigin;
  readonly type: number;
  readonly code: number;
  readonly info: number;
  readonly data: number;
}

/**
 * An error that a packet sent earlier has met, read with `socket.receiveError()`: an ICMP answer, or one of this host's own. Ask
 * for them with `socket.receiveControl(QueuedError)` (IP_RECVERR, IPV6_RECVERR). Linux.
 */
export class QueuedError extends ControlMessage {
  readonly kind = "queued-error" as const;
  /** The name of the error: "ECONNREFUSED". */
  readonly code: string;
  /** Negative, as in SocketError. */
  readonly errno: number;
  readonly origin: ErrorOrigin;
  /** The type of the ICMP message. */
  readonly icmpType: number;
  /** The code of the ICMP message. */
  readonly icmpCode: number;
  /** More, depending on the error: the path's MTU for EMSGSIZE. */
  readonly info: number;
  /** More, depending on the origin: the number of the packet for a time stamp. */
  readonly data: number;
  /** Who has sent the ICMP message: a router perhaps; null for an error of this host. */
  readonly offender: SocketAddress | null;

  /** Received, never made. Internal. */
  constructor(payload: ControlPayload, error: ExtendedError, offender: SocketAddress | null) {
    super(payload);
    this.code = errnoName(error.errno) ?? `E${error.errno}`;
    this.errno = -error.errno;
    this.origin = error.origin;
    this.icmpType = error.type;
    this.icmpCode = error.code;
    this.info = error.info;
    this.data = error.data;
    this.offender = offender;
  }

  /** `ECONNREFUSED, icmp type 3 code 3, from 127.0.0.1:0` */
  override toString(): string {
    const icmp = this.origin.startsWith("icmp") ? ` type ${this.icmpType} code ${this.icmpCode}` : "";
    return `${this.code}, ${this.origin}${icmp}${this.offender === null ? "" : `, from ${this.offender}`}`;
  }
}

/**
 * The kernel is done with the memory of sends with MSG_ZEROCOPY, those numbered `first` to `last` (each such send on a socket
 * counts one, from 0). Read with `socket.receiveError()`. Linux.
 */
export class ZeroCopyDone extends ControlMessage {
  readonly kind = "zero-copy-done" as const;
  readonly first: number;
  readonly last: number;
  /** Whether the kernel has copied all the same, as it does on loopback: then MSG_ZEROCOPY only costs. */
  readonly copied: boolean;

  /** Received, never made. Internal. */
  constructor(payload: ControlPayload, { info, data, code }: ExtendedError) {
    super(payload);
    this.first = info;
    this.last = data;
    this.copied = code === 1; // SO_EE_CODE_ZEROCOPY_COPIED
  }
}

function decode(payload: ControlPayload): QueuedError | ZeroCopyDone | undefined {
  if (layout === undefined || payload.bytes.length < layout.size) return undefined;
  const view = payloadView(payload.bytes);
  const { ee_errno, ee_origin, ee_type, ee_code, ee_info, ee_data } = layout.fields;
  const error: ExtendedError = {
    errno: getUint(view, 0, ee_errno),
    origin: origins[getUint(view, 0, ee_origin)] ?? "unknown",
    type: getUint(view, 0, ee_type),
    code: getUint(view, 0, ee_code),
    info: getUint(view, 0, ee_info),
    data: getUint(view, 0, ee_data),
  };
  if (error.origin === "zero-copy") return new ZeroCopyDone(payload, error);
  // SO_EE_OFFENDER: a sockaddr follows, of family AF_UNSPEC where there is none
  return new QueuedError(payload, error, decodeSocketAddress(payload.bytes.slice(layout.size)));
}

// One payload, two classes: which it is, the decoder tells.
registerControl([QueuedError, ZeroCopyDone], "IPPROTO_IP", "IP_RECVERR", decode);
registerControl([QueuedError, ZeroCopyDone], "IPPROTO_IPV6", "IPV6_RECVERR", decode);
