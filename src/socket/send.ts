// Sending: send(2), sendto(2), and whole messages or files in as many calls as it takes.

import { send as sendCall, sendto, type View } from "../../ffi/calls.ts";
import { EAGAIN } from "../../ffi/errno.ts";
import { byteLengthOf } from "../../ffi/memory.ts";
import { sendFrom } from "../../ffi/message.ts";
import { platform } from "../../ffi/platform/index.ts";
import { InetSocketAddress, mappedBytes, nativeBytes, SocketAddress, toSocketAddress } from "../address/index.ts";
import type { SocketAddressLike } from "../address/index.ts";
import { type Data, textOrView, view as checkView } from "../arguments.ts";
import { type Handle, open } from "./handle.ts";
import { attemptNow, complete, gate, Operation, type OperationOptions, type Terms, WOULD_BLOCK } from "./operation.ts";

const { SOCK_STREAM, AF_INET, AF_INET6, POLLOUT, MSG_NOSIGNAL, MSG_ZEROCOPY = 0, SO_NOSIGPIPE } = platform.core;

/** The flag of every call that sends. */
// No SIGPIPE, ever: where a socket can be told once (SO_NOSIGPIPE) it was at its making, elsewhere each call is.
export const QUIET: number = SO_NOSIGPIPE === undefined ? (MSG_NOSIGNAL ?? 0) : 0;

/** Data to send. On a stream a text might be cut in the middle of a character: only sendAll, which sends the whole, takes it. */
export function checkData(handle: Handle, data: unknown, name = "data"): View {
  if (typeof data !== "string") return checkView(data, name);
  if (handle.type === SOCK_STREAM) {
    throw new TypeError(`${name} must be bytes: a part of it may be sent; on a stream only sendAll() takes text`);
  }
  return textOrView(data, name);
}

/** Refuses MSG_ZEROCOPY where the memory would not be kept. */
export function refuseLending(flags: number, what: string): void {
  if ((flags & MSG_ZEROCOPY) !== 0) {
    throw new TypeError(`${what} cannot lend memory: MSG_ZEROCOPY is for send, sendTo and sendMessage`);
  }
}

/** The bytes by which this socket is told an address: IPv4 goes to an AF_INET6 socket as v4-mapped. */
export function targetBytes(handle: { readonly family: number }, address: SocketAddress): Uint8Array<ArrayBuffer> {
  if (handle.family === AF_INET6 && address.family === AF_INET && address instanceof InetSocketAddress) {
    return mappedBytes(address);
  }
  return nativeBytes(address);
}

/** `send(2)` that waits. */
export function send(handle: Handle, data: Data | string, options: OperationOptions | undefined): number {
  const terms = gate(handle, "send", options);
  const flags = terms === undefined ? QUIET : terms.flags | QUIET;
  refuseLending(flags, "flags that change while they are read"); // Socket.send has looked before
  const view = checkData(handle, data);
  const size = sendCall(handle.fd, view, flags);
  return size >= 0 ? size : sendLater(size, handle, view, flags, terms);
}

function sendLater(size: number, handle: Handle, view: View, flags: number, terms: Terms | undefined): number {
  return complete(size, handle, "send", POLLOUT, terms, () => sendCall(handle.fd, view, flags));
}

/** `send(2)` that never waits. */
export function trySend(handle: Handle, data: Data | string): number {
  const fd = open(handle, "send");
  const view = checkData(handle, data);
  const size = sendCall(fd, view, QUIET);
  return size >= 0 ? size : trySendAgain(size, handle, view);
}

function trySendAgain(size: number, handle: Handle, view: View): number {
  return size === -EAGAIN ? WOULD_BLOCK : attemptNow(size, handle, "send", () => sendCall(handle.fd, view, QUIET));
}

/** `sendto(2)` that waits. */
export function sendTo(
  handle: Handle,
  data: Data | string,
  to: SocketAddressLike,
  options: OperationOptions | undefined,
): number {
  const terms = gate(handle, "sendto", options);
  const flags = terms === undefined ? QUIET : terms.flags | QUIET;
  refuseLending(flags, "flags that change while they are read"); // Socket.sendTo has looked before
  const address = toSocketAddress(to);
  const target = targetBytes(handle, address);
  const view = checkData(handle, data);
  const size = sendto(open(handle, "sendto"), view, flags, target);
  return size >= 0 ? size : sendToLater(size, handle, view, flags, address, terms);
}

function sendToLater(
  size: number,
  handle: Handle,
  view: View,
  flags: number,
  address: SocketAddress,
  terms: Terms | undefined,
): number {
  const attempt = (): number => sendto(handle.fd, view, flags, targetBytes(handle, address));
  return complete(size, handle, "sendto", POLLOUT, terms, attempt, address);
}

/** `sendto(2)` that never waits. */
export function trySendTo(handle: Handle, data: Data | string, to: SocketAddressLike): number {
  open(handle, "sendto");
  const address = toSocketAddress(to);
  const target = targetBytes(handle, address);
  const view = checkData(handle, data);
  const size = sendto(open(handle, "sendto"), view, QUIET, target);
  return size >= 0 ? size : trySendToAgain(size, handle, view, address);
}

function trySendToAgain(size: number, handle: Handle, view: View, address: SocketAddress): number {
  if (size === -EAGAIN) return WOULD_BLOCK;
  return attemptNow(
    size,
    handle,
    "sendto",
    () => sendto(handle.fd, view, QUIET, targetBytes(handle, address)),
    address,
  );
}

/** `send(2)` until everything is sent, in one budget. */
export function sendAll(handle: Handle, data: Data | string, options: OperationOptions | undefined): number {
  const terms = gate(handle, "send", options);
  const flags = terms === undefined ? QUIET : terms.flags | QUIET;
  refuseLending(flags, "sendAll");
  const view = textOrView(data, "data");
  const total = byteLengthOf(view);
  let written = sendCall(handle.fd, view, flags);
  if (written >= total) return total;
  const operation = new Operation(handle, "send", POLLOUT, terms, undefined, 0);
  const attempt = (): number => sendFrom(handle.fd, view, operation.bytesWritten as number, flags);
  if (written < 0) written = operation.settle(written, attempt);
  operation.bytesWritten = written;
  while (operation.bytesWritten < total) {
    operation.checkCancelled();
    operation.bytesWritten += operation.settle(attempt(), attempt);
  }
  return total;
}
