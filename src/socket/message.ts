// Whole messages: sendmsg(2), recvmsg(2), the error queue, and answers from the right address.

import { getsockname, type View } from "../../ffi/calls.ts";
import { EAGAIN } from "../../ffi/errno.ts";
import { byteLengthOf, Region } from "../../ffi/memory.ts";
import { MAXIMUM_VECTORS, MessageHeader } from "../../ffi/message.ts";
import { platform } from "../../ffi/platform/index.ts";
import { InetSocketAddress, type SocketAddress, type SocketAddressLike, toSocketAddress } from "../address/index.ts";
import { reportedAddress } from "../address/sender.ts";
import { type Data, integer, show, view as checkView } from "../arguments.ts";
import {
  checkControl,
  type ControlMessage,
  type ControlPayload,
  controlSpace,
  writeControl,
} from "../message/control.ts";
import { notSupported } from "../errors.ts";
import { answeringInfo } from "../message/packet-info.ts";
import { ZeroCopyDone } from "../message/queued-error.ts";
import { controlBuffer, ReceivedMessage } from "../message/received.ts";
import { checkDescriptors } from "../message/rights.ts";
import { type Handle, open } from "./handle.ts";
import { attemptNow, complete, gate, Operation, type OperationOptions, type Terms, WOULD_BLOCK } from "./operation.ts";
import { conditionOf } from "./receive.ts";
import { refusePlain } from "./segmentation.ts";
import { checkData, QUIET, targetBytes } from "./send.ts";
import { lend, releaseZeroCopy, retainZeroCopy } from "./zero-copy.ts";

const {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  SOCK_STREAM,
  POLLOUT,
  MSG_CMSG_CLOEXEC = 0,
  MSG_ERRQUEUE,
  MSG_WAITALL,
} = platform.core;

/** What `sendMessage` sends. */
export interface OutgoingMessage {
  /** The parts of the message, sent as one; none: one NUL byte, because control messages need something to ride on. */
  readonly buffers: readonly (Data | string)[];
  /** To whom; absent on a connected socket. */
  readonly address?: SocketAddressLike | undefined;
  /** Control messages that go with it. */
  readonly control?: Iterable<ControlMessage> | undefined;
}

/** Where `receiveMessage` puts what it receives. */
export interface IncomingMessage {
  /** The parts are filled one after the other; none: one byte is received and thrown away. */
  readonly buffers: readonly Data[];
  /** Room for control messages in bytes, 0 to 131,072; see CMSG_SPACE. Default 512. */
  readonly controlSize?: number | undefined;
}

// What stands in for buffers that are not there: the NUL byte that is sent is never one that was received and thrown away.
const NUL: View = new Uint8Array(new ArrayBuffer(8), 0, 1);
const THROWN_AWAY: View = new Uint8Array(new ArrayBuffer(8), 0, 1);
const DEFAULT_CONTROL = 512;

const header = new MessageHeader();
let controlRegion = new Region(DEFAULT_CONTROL);

function buffersOf(message: unknown): readonly unknown[] {
  const buffers = typeof message === "object" && message !== null && "buffers" in message ? message.buffers : undefined;
  if (!Array.isArray(buffers)) throw new TypeError(`message must have an array of buffers, not ${show(buffers)}`);
  if (buffers.length > MAXIMUM_VECTORS) {
    throw new RangeError(`buffers must be at most ${MAXIMUM_VECTORS} (IOV_MAX), not ${buffers.length}`);
  }
  return [...(buffers as unknown[])]; // a control generator of the user's may change the array
}

/** Whether control messages for a destination must have the form of IPv6: v4-mapped ones go out as IPv4. */
export function speaksIPv6(
  handle: { readonly family: number },
  destination: SocketAddress | null | undefined,
): boolean {
  if (handle.family !== AF_INET6) return false;
  return !(destination instanceof InetSocketAddress) || destination.unmapped().family !== AF_INET;
}

/** The payloads of control messages, checked, as a socket sends them to a destination. */
export function payloadsFor(
  handle: { readonly family: number },
  destination: SocketAddress | null | undefined,
  control: Iterable<ControlMessage>,
  name: string,
): ControlPayload[] {
  const ipv6 = speaksIPv6(handle, destination);
  const payloads = checkControl(control, name).map((message) => message.payloadFor(ipv6));
  checkDescriptors(payloads, name);
  return payloads;
}

interface Prepared {
  readonly views: readonly View[];
  readonly control: Region | undefined;
  readonly controlLength: number;
  readonly address: SocketAddress | undefined;
  readonly target: Uint8Array<ArrayBuffer> | undefined;
}

function prepare(handle: Handle, message: OutgoingMessage): Prepared {
  const buffers = buffersOf(message);
  const { address: to, control } = message;
  const address = to === undefined ? undefined : toSocketAddress(to);
  const payloads = control === undefined ? [] : payloadsFor(handle, address ?? handle.peer, control, "control");
  const space = controlSpace(payloads);
  const region = space === 0 ? undefined : new Region(space);
  if (region !== undefined) writeControl(region, 0, payloads);
  const views = buffers.map((buffer, index) => checkData(handle, buffer, `buffers[${index}]`));
  if (
    region !== undefined &&
    handle.type === SOCK_STREAM &&
    views.length > 0 &&
    views.every((v) => byteLengthOf(v) === 0)
  ) {
    throw new TypeError("on a stream control messages need at least one byte; without buffers a NUL byte is sent");
  }
  open(handle, "sendmsg"); // a control generator of the user's may have closed it
  return {
    views: views.length === 0 ? [NUL] : views,
    control: region,
    controlLength: space,
    address,
    target: address === undefined ? undefined : targetBytes(handle, address),
  };
}

// The addresses are taken at each attempt: between two of them a view may have moved.
function sendPrepared(handle: Handle, { views, control, controlLength, target }: Prepared, flags: number): number {
  header.setVectors(views);
  header.setControl(control, controlLength);
  const size = header.send(handle.fd, flags, target);
  header.setControl(undefined, 0);
  return size;
}

/** `sendmsg(2)` in single tries, for the event loop. */
export function sendTries(
  handle: Handle,
  message: OutgoingMessage,
  flags: number,
): { readonly address: SocketAddress | undefined; readonly control: Region | undefined; attempt(): number } {
  const given = prepare(handle, message);
  const prepared = { ...given, views: lend(handle, given.views, flags | QUIET) };
  return {
    address: given.address,
    control: given.control,
    attempt: () => retainZeroCopy(handle, prepared.views, flags | QUIET, sendPrepared(handle, prepared, flags | QUIET)),
  };
}

/** `sendmsg(2)` that waits. */
export function sendMessage(handle: Handle, message: OutgoingMessage, options: OperationOptions | undefined): number {
  const terms = gate(handle, "sendmsg", options);
  const { attempt, address } = sendTries(handle, message, terms?.flags ?? 0);
  const size = attempt();
  return size >= 0 ? size : complete(size, handle, "sendmsg", POLLOUT, terms, attempt, address);
}

/** `sendmsg(2)` that never waits. */
export function trySendMessage(handle: Handle, message: OutgoingMessage): number {
  open(handle, "sendmsg");
  const prepared = prepare(handle, message);
  const attempt = (): number => sendPrepared(handle, prepared, QUIET);
  return attemptNow(attempt(), handle, "sendmsg", attempt, prepared.address);
}

class Receiving {
  readonly #handle: Handle;
  readonly #views: readonly View[];
  readonly #controlSize: number;
  readonly #flags: number;
  #tried = false;

  constructor(handle: Handle, message: IncomingMessage, flags: number) {
    const buffers = buffersOf(message);
    const { controlSize } = message;
    // with UDP_GRO off the kernel does not tell the size of joined datagrams that are still queued
    if (handle.gro === "draining" && (flags & (MSG_ERRQUEUE ?? 0)) === 0) refusePlain(handle);
    if ((flags & MSG_WAITALL) !== 0 && handle.type === SOCK_STREAM) {
      throw new TypeError(
        "MSG_WAITALL is for receive and receiveFrom: a later part may have control messages of its own",
      );
    }
    this.#handle = handle;
    this.#controlSize = controlSize === undefined ? DEFAULT_CONTROL : integer(controlSize, "controlSize", 0, 1 << 17);
    this.#flags = flags | MSG_CMSG_CLOEXEC;
    const views = buffers.map((buffer, index) => checkView(buffer, `buffers[${index}]`));
    this.#views = views.length === 0 ? [THROWN_AWAY] : views;
  }

  attempt(): number {
    // after a wait: a buffer may have been detached meanwhile, and a message would be lost in no bytes
    if (this.#tried) this.#views.forEach((view, index) => checkView(view, `buffers[${index}]`));
    this.#tried = true;
    if (this.#controlSize > controlRegion.bytes.length) controlRegion = new Region(this.#controlSize);
    header.setVectors(this.#views);
    header.setControl(this.#controlSize === 0 ? undefined : controlRegion, this.#controlSize);
    return header.receive(this.#handle.fd, this.#flags);
  }

  result(size: number): ReceivedMessage {
    const length = Math.min(header.controlLength, this.#controlSize);
    const control = controlBuffer(controlRegion.bytes, length, this.#handle.family === AF_UNIX);
    return new ReceivedMessage(size, reportedAddress(), header.flags, control);
  }
}

/** `recvmsg(2)` in single tries, for the event loop; of the error queue with MSG_ERRQUEUE in the flags. */
export function receiveTries(
  handle: Handle,
  message: IncomingMessage,
  flags: number,
): { attempt(): number; finish(size: number): ReceivedMessage } {
  const receiving = new Receiving(handle, message, flags);
  return { attempt: () => receiving.attempt(), finish: (size) => concluded(handle, receiving, flags, size) };
}

/** The same of the error queue. */
export function errorTries(
  handle: Handle,
  buffer: Data | undefined,
  flags: number,
): { attempt(): number; finish(size: number): ReceivedMessage } {
  const receiving = errorQueue(handle, buffer, flags);
  return { attempt: () => receiving.attempt(), finish: (size) => queuedError(handle, receiving, size) };
}

/** `recvmsg(2)` that waits. */
export function receiveMessage(
  handle: Handle,
  message: IncomingMessage,
  options: OperationOptions | undefined,
): ReceivedMessage {
  const terms = gate(handle, "recvmsg", options);
  const flags = terms?.flags ?? 0;
  const { attempt, finish } = receiveTries(handle, message, flags);
  const size = attempt();
  return finish(size >= 0 ? size : complete(size, handle, "recvmsg", conditionOf(flags), terms, attempt));
}

function concluded(handle: Handle, receiving: Receiving, flags: number, size: number): ReceivedMessage {
  const received = receiving.result(size);
  if (MSG_ERRQUEUE !== undefined && (flags & MSG_ERRQUEUE) !== 0) releaseDone(handle, received);
  return received;
}

/** `recvmsg(2)` that never waits. */
export function tryReceiveMessage(handle: Handle, message: IncomingMessage): ReceivedMessage | null {
  open(handle, "recvmsg");
  const receiving = new Receiving(handle, message, 0);
  const attempt = (): number => receiving.attempt();
  const size = attemptNow(attempt(), handle, "recvmsg", attempt);
  return size === WOULD_BLOCK ? null : receiving.result(size);
}

function errorQueue(handle: Handle, buffer: Data | undefined, flags: number): Receiving {
  if (MSG_ERRQUEUE === undefined) throw notSupported("recvmsg", `${platform.name} has no error queue`);
  return new Receiving(handle, { buffers: buffer === undefined ? [] : [buffer] }, flags | MSG_ERRQUEUE);
}

function queuedError(handle: Handle, receiving: Receiving, size: number): ReceivedMessage {
  const message = receiving.result(size);
  releaseDone(handle, message);
  return message;
}

function releaseDone(handle: Handle, message: ReceivedMessage): void {
  for (const control of message.control) {
    if (control instanceof ZeroCopyDone) releaseZeroCopy(handle, control.first, control.last);
  }
}

/** `recvmsg(2)` with MSG_ERRQUEUE that waits for POLLERR. */
export function receiveError(
  handle: Handle,
  buffer: Data | undefined,
  options: OperationOptions | undefined,
): ReceivedMessage {
  const terms = gate(handle, "recvmsg", options);
  const receiving = errorQueue(handle, buffer, terms?.flags ?? 0);
  let size = receiving.attempt();
  if (size < 0) size = waitForError(handle, terms, receiving, size);
  return queuedError(handle, receiving, size);
}

// POLLERR, which poll(2) reports unasked, also tells of an error that is not queued, and POLLHUP of a socket that is not
// connected; both stay. So a wake-up that brings nothing is followed by a nap.
function waitForError(handle: Handle, terms: Terms | undefined, receiving: Receiving, first: number): number {
  const operation = new Operation(handle, "recvmsg", 0, terms);
  let result = first;
  for (let nap = 1; result === -EAGAIN; nap = Math.min(nap * 2, 20)) {
    operation.wait(result);
    result = receiving.attempt();
    if (result !== -EAGAIN) break;
    operation.pause(nap, result);
    result = receiving.attempt();
  }
  return operation.settle(result, () => receiving.attempt());
}

/** `recvmsg(2)` with MSG_ERRQUEUE that never waits. */
export function tryReceiveError(handle: Handle, buffer: Data | undefined): ReceivedMessage | null {
  open(handle, "recvmsg");
  const receiving = errorQueue(handle, buffer, 0);
  const attempt = (): number => receiving.attempt();
  const size = attemptNow(attempt(), handle, "recvmsg", attempt);
  return size === WOULD_BLOCK ? null : queuedError(handle, receiving, size);
}

/** Answers a message: to its sender, from the address and interface that it came to. */
export function reply(
  handle: Handle,
  message: ReceivedMessage,
  data: Data | string,
  options: OperationOptions | undefined,
): number {
  if (!(message instanceof ReceivedMessage)) {
    throw new TypeError(`message must be what receiveMessage() returned, not ${show(message)}`);
  }
  const { address } = message;
  if (address === null) {
    const why = handle.connectedWrite ? "the socket is connected, use send()" : "its socket is not bound to a name";
    throw new TypeError(`message has no sender to answer: ${why}`);
  }
  const info = answeringInfo(message.control);
  if (info === undefined && needsPacketInfo(handle)) throw missingPacketInfo();
  const control = info === undefined ? undefined : [info];
  return sendMessage(handle, { buffers: [data], address, control }, options);
}

/** The error of answering a message that does not tell where it came to. */
export function missingPacketInfo(): TypeError {
  return new TypeError(
    "the message does not tell which address it came to; call socket.receiveControl(PacketInfo) before it is received",
  );
}

/** Whether a socket may have been reached by more than one address: bound to 0.0.0.0 or ::. */
export function needsPacketInfo(handle: Handle): boolean {
  if (handle.family !== AF_INET && handle.family !== AF_INET6) return false;
  if (getsockname(open(handle, "getsockname")) < 0) return false;
  const local = reportedAddress();
  return local instanceof InetSocketAddress && local.unmapped().address.isAny;
}
