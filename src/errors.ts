// The one error class, and the one place where an error number becomes it.

import { errnoName, errnoNumber } from "../ffi/errno.ts";
import { advice, describe } from "./errno-text.ts";

/** What went wrong, in GIO's vocabulary: stable across operating systems, made for `switch`. */
export type SocketErrorKind =
  | "address-in-use"
  | "address-not-available"
  | "busy"
  | "cancelled"
  | "closed"
  | "connection-closed"
  | "connection-refused"
  | "destination-unset"
  | "exists"
  | "failed"
  | "filename-too-long"
  | "host-not-found"
  | "host-unreachable"
  | "invalid-argument"
  | "invalid-data"
  | "is-directory"
  | "message-too-large"
  | "network-unreachable"
  | "no-buffers"
  | "no-space"
  | "no-such-device"
  | "not-connected"
  | "not-directory"
  | "not-empty"
  | "not-found"
  | "not-regular-file"
  | "not-supported"
  | "pending"
  | "permission-denied"
  | "read-only"
  | "timed-out"
  | "too-many-links"
  | "too-many-open-files"
  | "would-block";

// GIO's map, facts A2, with these better: EADDRNOTAVAIL and ENOBUFS have kinds of their own, a connect under way is
// "pending", an option or protocol that is not there is "not-supported", an aborted connection is "connection-closed".
const kinds: Readonly<Record<string, SocketErrorKind>> = {
  EACCES: "permission-denied",
  EADDRINUSE: "address-in-use",
  EADDRNOTAVAIL: "address-not-available",
  EAFNOSUPPORT: "not-supported",
  EAGAIN: "would-block",
  EALREADY: "pending",
  EBADF: "invalid-argument",
  EBADMSG: "invalid-data",
  EBUSY: "busy",
  ECANCELED: "cancelled",
  ECONNABORTED: "connection-closed",
  ECONNREFUSED: "connection-refused",
  ECONNRESET: "connection-closed",
  EDESTADDRREQ: "destination-unset",
  EDISCON: "connection-closed",
  EEXIST: "exists",
  EHOSTDOWN: "host-unreachable",
  EHOSTUNREACH: "host-unreachable",
  EINPROGRESS: "pending",
  EINVAL: "invalid-argument",
  EISDIR: "is-directory",
  ELOOP: "too-many-links",
  EMFILE: "too-many-open-files",
  EMLINK: "too-many-links",
  EMSGSIZE: "message-too-large",
  ENAMETOOLONG: "filename-too-long",
  ENETDOWN: "network-unreachable",
  ENETRESET: "connection-closed",
  ENETUNREACH: "network-unreachable",
  ENFILE: "too-many-open-files",
  ENOBUFS: "no-buffers",
  ENODATA: "invalid-data",
  ENODEV: "no-such-device",
  ENOENT: "not-found",
  ENOMEM: "no-space",
  ENOMSG: "invalid-data",
  ENOPROTOOPT: "not-supported",
  ENOSPC: "no-space",
  ENOSYS: "not-supported",
  ENOTCONN: "not-connected",
  ENOTDIR: "not-directory",
  ENOTEMPTY: "not-empty",
  ENOTSOCK: "invalid-argument",
  ENOTSUP: "not-supported",
  ENXIO: "not-regular-file",
  EOPNOTSUPP: "not-supported",
  EPERM: "permission-denied",
  EPFNOSUPPORT: "not-supported",
  EPIPE: "connection-closed",
  EPROTONOSUPPORT: "not-supported",
  EPROTOTYPE: "not-supported",
  EROFS: "read-only",
  ESHUTDOWN: "connection-closed",
  ESOCKTNOSUPPORT: "not-supported",
  ETIMEDOUT: "timed-out",
  ETXTBSY: "busy",
  EWOULDBLOCK: "would-block",
  WSA_INVALID_HANDLE: "invalid-argument",
  WSA_INVALID_PARAMETER: "invalid-argument",
};

/** What an error carries beside its text. */
export interface SocketErrorFields {
  readonly code: string;
  /** Negative, as Node and Bun have it; 0 for an error that no call reported. */
  readonly errno?: number | undefined;
  readonly syscall: string;
  readonly kind: SocketErrorKind;
  /** The address that the call was about: a SocketAddress, or text. */
  readonly address?: { toString(): string } | undefined;
  /** How much had been sent before. */
  readonly bytesWritten?: number | undefined;
  readonly cause?: unknown;
}

/**
 * What every failing socket call throws: errno(3) with a name, a kind to switch on, and a text that tells what to do.
 * Wrong arguments are TypeError or RangeError instead, before anything is sent.
 *
 * @example
 * try { socket.connect("127.0.0.1:1"); } catch (error) {
 *   if (error instanceof SocketError && error.kind === "connection-refused") console.log(error.code, error.message);
 * }
 */
export class SocketError extends Error {
  /** The name of the error: "ECONNREFUSED"; "ERR_SOCKET_CLOSED" for a socket of ours that is closed. */
  readonly code: string;
  /** The negative error number of this OS; 0 where no call failed (a timeout of ours). */
  readonly errno: number;
  /** The call that failed: "connect", "sendto", "poll" for a timeout of ours. */
  readonly syscall: string;
  /** What went wrong, the same word on every OS. */
  readonly kind: SocketErrorKind;
  /** The address that the call was about, where there was one. */
  declare readonly address?: { toString(): string };
  /** How many bytes had been sent before the failure: only `sendAll`, `sendFile` and stream writes. */
  declare readonly bytesWritten?: number;

  constructor(message: string, fields: SocketErrorFields) {
    super(message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.name = "SocketError";
    this.code = fields.code;
    this.errno = fields.errno ?? 0;
    this.syscall = fields.syscall;
    this.kind = fields.kind;
    // not listed: what Bun prints of an uncaught error would be every getter of it, and the message has its text
    if (fields.address !== undefined) Object.defineProperty(this, "address", { value: fields.address, writable: true });
    if (fields.bytesWritten !== undefined) this.bytesWritten = fields.bytesWritten;
  }
}

/** What is known of a failed call. */
export interface Failure {
  readonly syscall: string;
  readonly address?: { toString(): string } | undefined;
  readonly bytesWritten?: number | undefined;
  /** Which one of a batch it was. */
  readonly datagram?: number | undefined;
  /** What it means, where the caller knows better than the table does. */
  readonly text?: string | undefined;
  /** What to do about it, where the caller knows better than the table does. */
  readonly advice?: string | undefined;
}

/** The SocketError of a call that returned this result: a negative error number, as the calls of `ffi/` give it. */
export function failed(result: number, failure: Failure): SocketError {
  const { syscall, address, bytesWritten, datagram, text } = failure;
  const code = errnoName(-result) ?? `E${-result}`;
  const partly = bytesWritten === undefined ? "" : ` after ${bytesWritten} bytes`;
  const hint = failure.advice ?? advice(code, syscall, address);
  const what = datagram === undefined ? aimed(syscall, address) : inBatch(syscall, datagram, address);
  return new SocketError(`${what}: ${text ?? describe(code)} (${code})${partly}${hint === "" ? "" : `; ${hint}`}`, {
    code,
    errno: result,
    syscall,
    kind: kinds[code] ?? "failed",
    address,
    bytesWritten,
  });
}

/** The error of using a socket, or something like it, after its end. */
export function closed(syscall: string, what = "socket", bytesWritten?: number): SocketError {
  const partly = bytesWritten === undefined ? "" : ` after ${bytesWritten} bytes`;
  return new SocketError(`${syscall}: the ${what} is closed${partly}; make a new one`, {
    code: "ERR_SOCKET_CLOSED",
    syscall,
    kind: "closed",
    bytesWritten,
  });
}

/** What is thrown when several addresses of a host were tried in vain: the last error, with all of them in its `cause`. */
export function noneWorked(errors: readonly unknown[], hostname: string | undefined): unknown {
  const last = errors.at(-1);
  if (!(last instanceof SocketError) || last.cause !== undefined) return last;
  const named = hostname === undefined || last.message.includes(hostname) ? "" : ` of ${hostname}`;
  const several = errors.length > 1;
  if (!several && named === "") return last;
  const { message, code, errno, syscall, kind, address, bytesWritten } = last;
  const which = several ? `the last of ${errors.length} addresses${named} that were tried` : `an address${named}`;
  const cause = several ? new AggregateError(errors, `all ${errors.length} addresses were tried`) : undefined;
  return new SocketError(`${message} (${which})`, { code, errno, syscall, kind, address, bytesWritten, cause });
}

function inBatch(syscall: string, datagram: number, address: Target): string {
  return `${syscall}, datagram ${datagram}${address === undefined ? "" : ` to ${address}`}`;
}

type Target = { toString(): string } | undefined;

function aimed(syscall: string, address: Target): string {
  return address === undefined ? syscall : `${syscall} ${address}`;
}

/** The error of a budget that ended: ours, and so without an error number. */
export function timedOut(syscall: string, milliseconds: number, bytesWritten?: number, address?: Target): SocketError {
  const partly = bytesWritten === undefined ? "" : ` after ${bytesWritten} bytes`;
  return new SocketError(
    `${aimed(syscall, address)}: nothing happened within ${milliseconds} ms (ETIMEDOUT)${partly}; ` +
      `raise or drop the timeout, or look why the peer is silent`,
    { code: "ETIMEDOUT", syscall: "poll", kind: "timed-out", bytesWritten, address },
  );
}

/** The error of a Cancellable that was cancelled. */
export function cancelled(syscall: string, bytesWritten?: number, address?: Target): SocketError {
  return new SocketError(`${aimed(syscall, address)}: the operation was cancelled`, {
    code: "ECANCELED",
    errno: -errnoNumber("ECANCELED"),
    syscall,
    kind: "cancelled",
    bytesWritten,
    address,
  });
}

/** The error of changing something that an operation under way uses. */
export function pending(syscall: string, what: string): SocketError {
  return new SocketError(`${syscall}: the ${what} is in use by an operation that has not ended; await it first`, {
    code: "EALREADY",
    errno: -errnoNumber("EALREADY"),
    syscall,
    kind: "pending",
  });
}

/** The error of something that this OS, or this socket, has not got. */
export function notSupported(syscall: string, message: string): SocketError {
  return new SocketError(`${syscall}: ${message}`, { code: "EOPNOTSUPP", syscall, kind: "not-supported" });
}
