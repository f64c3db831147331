// Receiving: recv(2), recvfrom(2).

import { recv, recvfrom, type View } from "../../ffi/calls.ts";
import { EAGAIN } from "../../ffi/errno.ts";
import { protocolOf } from "../../ffi/identity.ts";
import { byteLengthOf } from "../../ffi/memory.ts";
import { messageFlags, receiveInto } from "../../ffi/message.ts";
import { platform } from "../../ffi/platform/index.ts";
import type { SocketAddress } from "../address/index.ts";
import { reportedAddress } from "../address/sender.ts";
import { integer, view as checkView } from "../arguments.ts";
import { SocketError } from "../errors.ts";
import { type Handle, open } from "./handle.ts";
import { refusePlain } from "./segmentation.ts";
import { attemptNow, complete, gate, Operation, type OperationOptions, type Terms, WOULD_BLOCK } from "./operation.ts";

const {
  IPPROTO_UDP,
  SOCK_RAW,
  AF_PACKET,
  AF_NETLINK,
  AF_INET6,
  AF_INET,
  AF_UNIX,
  SOCK_STREAM,
  MSG_TRUNC,
  MSG_WAITALL,
  MSG_PEEK,
  POLLIN,
  POLLPRI,
  MSG_OOB,
} = platform.core;

/** What `receiveFrom` returns. */
export interface ReceivedFrom {
  /** Bytes stored; with MSG_TRUNC in the flags the datagram's real size. */
  readonly size: number;
  /** The sender; null where the kernel gave none (a connected stream). */
  readonly address: SocketAddress | null;
  /** Whether the datagram was longer than the buffer, and its rest is lost. */
  readonly truncated: boolean;
}

/** `receiveFrom` with a buffer of its own. */
export interface ReceivedBytes {
  readonly data: Uint8Array<ArrayBuffer>;
  readonly address: SocketAddress | null;
  readonly truncated: boolean;
}

/** What to wait for: urgent data has a bit of its own. */
export function conditionOf(flags: number): number {
  return (flags & MSG_OOB) === 0 ? POLLIN : POLLPRI;
}

/** Throws what stands against a plain receive: joined datagrams, or an error that the receive before has left. */
export function meetHindrance(handle: Handle): void {
  if (handle.gro !== "off") refusePlain(handle);
  if (handle.pendingError !== undefined) throwPending(handle);
}

function throwPending(handle: Handle): never {
  const error = handle.pendingError;
  handle.pendingError = undefined;
  throw error;
}

// Ends of a wait, which the next call will meet by itself.
const waitEnded: ReadonlySet<string> = new Set(["would-block", "timed-out", "cancelled"]);

// In this file and send.ts the first try of an operation is made in a function without closures, and all that follows a
// failure in another: a variable that a closure captures is allocated at each call, whether the closure is made or not.

/** `recv(2)` that waits. */
export function receive(handle: Handle, buffer: unknown, options: OperationOptions | undefined): number {
  const terms = gate(handle, "recv", options);
  const flags = terms === undefined ? 0 : terms.flags;
  meetHindrance(handle);
  const view = checkView(buffer, "buffer");
  if ((flags & MSG_WAITALL) !== 0 && handle.type === SOCK_STREAM) return receiveAll(handle, view, terms as Terms);
  const size = recv(handle.fd, view, flags);
  return size >= 0 ? size : receiveLater(size, handle, view, flags, terms);
}

function receiveLater(size: number, handle: Handle, view: View, flags: number, terms: Terms | undefined): number {
  return complete(size, handle, "recv", conditionOf(flags), terms, () => recv(handle.fd, view, flags));
}

// The kernel's own MSG_WAITALL does not wait on a non-blocking descriptor.
function receiveAll(handle: Handle, view: View, terms: Terms): number {
  const flags = terms.flags;
  const capacity = byteLengthOf(view);
  const operation = new Operation(handle, "recv", conditionOf(flags), terms);
  let filled = 0;
  while (filled < capacity) {
    const attempt = (): number => receiveInto(handle.fd, view, filled, flags);
    let size: number;
    try {
      size = operation.settle(attempt(), attempt);
    } catch (error) {
      // what came is not lost: the next call meets the end of the budget again, or the error that is kept for it
      if (filled > 0 && error instanceof SocketError) {
        if (!waitEnded.has(error.kind)) handle.pendingError = error;
        return filled;
      }
      throw error;
    }
    if (size === 0) break;
    if ((flags & MSG_PEEK) !== 0) return size; // a peek begins at the front each time
    filled += size;
  }
  return filled;
}

/** `recv(2)` that never waits. */
export function tryReceive(handle: Handle, buffer: unknown): number {
  const fd = open(handle, "recv");
  meetHindrance(handle);
  const view = checkView(buffer, "buffer");
  const size = recv(fd, view, 0);
  return size >= 0 ? size : tryReceiveAgain(size, handle, view);
}

function tryReceiveAgain(size: number, handle: Handle, view: View): number {
  return size === -EAGAIN ? WOULD_BLOCK : attemptNow(size, handle, "recv", () => recv(handle.fd, view, 0));
}

/** `recv(2)` into a buffer of its own. */
export function receiveBytes(
  handle: Handle,
  size: number,
  options: OperationOptions | undefined,
): Uint8Array<ArrayBuffer> {
  const bytes = allocate(size);
  const received = receive(handle, bytes, options);
  return received >= bytes.length ? bytes : bytes.slice(0, received);
}

/** Memory of a size that a user gives. */
export function allocate(size: unknown): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new ArrayBuffer(integer(size, "size", 0, 0x7fff_ffff)));
}

// Whether a datagram was cut: Linux's recvfrom tells its real size when asked (MSG_TRUNC), elsewhere recvmsg tells a flag.
// On a stream MSG_TRUNC would throw the data away: tcp(7).
let truncated = false;

/** Whether what was received last was cut. */
export function wasTruncated(): boolean {
  return truncated;
}

/** Internal, for tests: one datagram by recvfrom(2), for Linux. */
export function byRecvfrom(handle: Handle, view: View, flags: number): number {
  if (handle.type === SOCK_STREAM) {
    truncated = false;
    return recvfrom(handle.fd, view, flags);
  }
  const size = recvfrom(handle.fd, view, flags | MSG_TRUNC);
  const capacity = byteLengthOf(view);
  truncated = size > capacity;
  return truncated && (flags & MSG_TRUNC) === 0 ? capacity : size;
}

/** Internal, for tests: one datagram by recvmsg(2), for all other systems. */
export function byRecvmsg(handle: Handle, view: View, flags: number): number {
  const size = receiveInto(handle.fd, view, 0, flags);
  truncated = size >= 0 && (messageFlags() & MSG_TRUNC) !== 0;
  return size;
}

/** `recvfrom(2)`, and then `wasTruncated` and the reported address. */
export function receiveNamed(handle: Handle, view: View, flags: number): number {
  // not of every protocol does Linux tell the real size: ICMP sockets and others do not
  const tells = platform.truncTellsLength && (handle.type === SOCK_STREAM || tellsLength(handle));
  return tells ? byRecvfrom(handle, view, flags) : byRecvmsg(handle, view, flags);
}

function tellsLength(handle: Handle): boolean {
  if (handle.family === AF_UNIX || handle.family === AF_NETLINK || handle.family === AF_PACKET) return true;
  if (handle.family !== AF_INET && handle.family !== AF_INET6) return false;
  handle.protocol ??= protocolOf(handle.fd) ?? -1;
  return handle.type === SOCK_RAW || handle.protocol === IPPROTO_UDP;
}

/** `recvfrom(2)` that waits. */
export function receiveFrom(handle: Handle, buffer: unknown, options: OperationOptions | undefined): ReceivedFrom {
  const terms = gate(handle, "recvfrom", options);
  const flags = terms === undefined ? 0 : terms.flags;
  meetHindrance(handle);
  const view = checkView(buffer, "buffer");
  if ((flags & MSG_WAITALL) !== 0 && handle.type === SOCK_STREAM) {
    return { size: receiveAll(handle, view, terms as Terms), address: null, truncated: false };
  }
  const first = receiveNamed(handle, view, flags);
  const size = first >= 0 ? first : receiveFromLater(first, handle, view, flags, terms);
  return { size, address: reportedAddress(), truncated };
}

function receiveFromLater(size: number, handle: Handle, view: View, flags: number, terms: Terms | undefined): number {
  return complete(size, handle, "recvfrom", conditionOf(flags), terms, () => receiveNamed(handle, view, flags));
}

/** `recvfrom(2)` that never waits: null for would-block. */
export function tryReceiveFrom(handle: Handle, buffer: unknown): ReceivedFrom | null {
  open(handle, "recvfrom");
  meetHindrance(handle);
  const view = checkView(buffer, "buffer");
  const first = receiveNamed(handle, view, 0);
  const size = first >= 0 ? first : tryReceiveFromAgain(first, handle, view);
  return size === WOULD_BLOCK ? null : { size, address: reportedAddress(), truncated };
}

function tryReceiveFromAgain(size: number, handle: Handle, view: View): number {
  return size === -EAGAIN ? WOULD_BLOCK : attemptNow(size, handle, "recvfrom", () => receiveNamed(handle, view, 0));
}

/** `recvfrom(2)` into a buffer of its own. */
export function receiveBytesFrom(handle: Handle, size: number, options: OperationOptions | undefined): ReceivedBytes {
  const bytes = allocate(size);
  const { size: received, address, truncated: cut } = receiveFrom(handle, bytes, options);
  return { data: received >= bytes.length ? bytes : bytes.slice(0, received), address, truncated: cut };
}
