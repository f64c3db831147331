// Many datagrams in one call: sendmmsg(2) and recvmmsg(2), with the segmentation of UDP.

import { EAGAIN, EINTR, errnoName, errnoNumber } from "../../ffi/errno.ts";
import { platform } from "../../ffi/platform/index.ts";
import type { SocketAddress } from "../address/index.ts";
import { show } from "../arguments.ts";
import { cancelled, failed, pending, SocketError } from "../errors.ts";
import type { ControlMessage, ControlPayload } from "../message/control.ts";
import { type Incoming, incoming, LARGEST_CALL } from "../message/receive-batch.ts";
import type { Outgoing, SendTerms } from "../message/outgoing.ts";
import { outgoing } from "../message/send-batch.ts";
import { isCancelled } from "../wait/cancellable.ts";
import { failedOn } from "./failure.ts";
import { type Handle, open } from "./handle.ts";
import { missingPacketInfo, needsPacketInfo, payloadsFor } from "./message.ts";
import { gate, Operation, type OperationOptions, type Terms, WOULD_BLOCK } from "./operation.ts";
import { beginDrain, endDrain, isUdp, refusePlain, segmentsOf, turnGroOn } from "./segmentation.ts";
import { waitFor } from "../wait/wait.ts";
import { QUIET, targetBytes } from "./send.ts";

const { AF_UNIX, SOCK_STREAM, SOCK_SEQPACKET, POLLIN, POLLOUT, POLLHUP } = platform.core;
const { MSG_CMSG_CLOEXEC = 0, MSG_ZEROCOPY = 0 } = platform.core;
const ENOBUFS = errnoNumber("ENOBUFS");

function refuseStream(handle: Handle): void {
  if (handle.type === SOCK_STREAM) {
    throw new TypeError("a batch is for datagram and seqpacket sockets: a stream has no messages");
  }
}

/** Throws, once, the error that ended the operation before with this batch. */
function meetPending(batch: { pendingError: SocketError | undefined }): void {
  const { pendingError } = batch;
  batch.pendingError = undefined;
  if (pendingError !== undefined) throw pendingError;
}

// After some messages an error is not thrown but kept: the count must not be lost, nor the error.
function keep(batch: { pendingError: SocketError | undefined }, done: number, error: unknown): void {
  if (done === 0 || !(error instanceof SocketError)) throw error;
  if (error.kind !== "would-block") batch.pendingError = error;
}

/** Sends what is left in a batch, call by call. `advance` does one call: datagrams sent, or a negative error number. */
class Sending implements SendTerms {
  readonly #handle: Handle;
  readonly #batch: Outgoing;
  readonly #flags: number;
  // how many datagrams may be joined, and up to which datagram that is so
  #segments: number;
  #limitedUntil = 0;

  constructor(handle: Handle, batch: Outgoing, flags: number) {
    this.#handle = handle;
    this.#batch = batch;
    this.#flags = flags;
    this.#segments = batch.joins ? segmentsOf(handle) : 1;
    batch.check(batch.cursor, this);
  }

  get family(): number {
    return this.#handle.family;
  }

  /** The error of a result of `advance`, about the datagram that the kernel has refused. */
  error(result: number): SocketError {
    const { cursor } = this.#batch;
    const address = this.#batch.addressOf(cursor) ?? undefined;
    return failedOn(this.#handle, result, { syscall: "sendmmsg", address, datagram: cursor });
  }

  /** One call: datagrams sent, or a negative error number when it is no datagram's fault; what is thrown else. */
  attempt(): number {
    const sent = this.advance();
    if (sent < 0 && this.#batch.refused) throw this.error(sent);
    return sent;
  }

  target(address: SocketAddress): Uint8Array<ArrayBuffer> {
    return targetBytes(this.#handle, address);
  }

  payloads(address: SocketAddress | null, control: readonly ControlMessage[], name: string): ControlPayload[] {
    return payloadsFor(this.#handle, address ?? this.#handle.peer, control, name);
  }

  refuseUnsourced(index: number): void {
    if (needsPacketInfo(this.#handle)) throw new TypeError(`datagram ${index}: ${missingPacketInfo().message}`);
  }

  /** One call. */
  advance(): number {
    const batch = this.#batch;
    for (;;) {
      const limited = batch.cursor < this.#limitedUntil;
      if (!limited && batch.joins) this.#segments = segmentsOf(this.#handle);
      const end = limited ? this.#limitedUntil : batch.length;
      const count = batch.layOut(batch.cursor, end, this, this.#segments);
      const flags = this.#flags | batch.flagsOf(batch.cursor);
      const sent = batch.calls.send(this.#handle.fd, batch.messages, 0, count, flags);
      if (sent >= 0) {
        const datagrams = batch.datagramsIn(sent);
        batch.cursor += datagrams;
        batch.refused = false;
        return datagrams;
      }
      if (this.#retreat(sent)) continue;
      batch.refused = sent !== -EAGAIN && sent !== -EINTR && sent !== -ENOBUFS;
      return sent;
    }
  }

  // Rule 11 of the design: EIO turns segmentation off for the socket; EINVAL and EMSGSIZE send this one message with 64
  // segments, as kernels before 6.9 allow, then unjoined.
  #retreat(result: number): boolean {
    const joined = this.#batch.datagramsIn(1);
    if (joined < 2) return false;
    const code = errnoName(-result);
    if (code === "EIO") {
      this.#handle.learned.segmentation = false;
      this.#segments = 1;
      return true;
    }
    if (code !== "EINVAL" && code !== "EMSGSIZE") return false;
    this.#segments = joined > 64 ? 64 : 1;
    this.#limitedUntil = Math.max(this.#limitedUntil, this.#batch.cursor + joined);
    return true;
  }
}

// While it is sent a batch refuses every change: laying it out may run code of the user's (an address, a control message of
// a class of their own), with the addresses of its memory already in the messages.
function whileBusy(
  handle: Handle,
  given: unknown,
  terms: Terms | undefined,
  action: (batch: Outgoing, sending: Sending) => number,
): number {
  const out = take(handle, given, terms?.flags ?? 0);
  try {
    return action(out, new Sending(handle, out, (terms?.flags ?? 0) | QUIET));
  } finally {
    out.busy = false;
  }
}

function take(handle: Handle, given: unknown, flags: number): Outgoing {
  refuseStream(handle);
  if ((flags & MSG_ZEROCOPY) !== 0) {
    throw new TypeError("flags: a batch copies, MSG_ZEROCOPY is for send, sendTo, sendMessage");
  }
  const out = outgoing(given);
  if (out.busy) throw pending("sendmmsg", "batch");
  meetPending(out);
  out.busy = true;
  return out;
}

// A batch that has gone as a whole starts anew, so that it can be sent again.
function endSend(batch: Outgoing, done: number): number {
  if (batch.cursor === batch.length) batch.cursor = 0;
  return done;
}

/** `sendmmsg(2)` that waits: datagrams sent, all of them unless an error, a timeout or a cancel came between. */
export function sendMessages(handle: Handle, given: unknown, options: OperationOptions | undefined): number {
  const terms = gate(handle, "sendmmsg", options);
  return whileBusy(handle, given, terms, (batch, sending) => sendAndWait(handle, batch, sending, terms));
}

function sendAndWait(handle: Handle, batch: Outgoing, sending: Sending, terms: Terms | undefined): number {
  const attempt = (): number => sending.attempt();
  let done = 0;
  let operation: Operation | undefined;
  try {
    while (batch.cursor < batch.length) {
      const sent = attempt();
      if (sent >= 0) done += sent;
      else {
        operation ??= new Operation(handle, "sendmmsg", POLLOUT, terms);
        done += operation.settle(sent, attempt);
      }
      if (batch.cursor < batch.length && isCancelled(terms?.cancellable)) throw cancelled("sendmmsg");
    }
  } catch (error) {
    keep(batch, done, error);
  }
  return endSend(batch, done);
}

/** `sendmmsg(2)` that never waits: WOULD_BLOCK when not one datagram could go. */
export function trySendMessages(handle: Handle, given: unknown): number {
  open(handle, "sendmmsg");
  return whileBusy(handle, given, undefined, sendNow);
}

/** What a batch does on the event loop: single tries. The batch is in use until it has ended. */
export interface BatchTries {
  attempt(): number;
  continues(size: number): boolean;
  finish(): number;
  fail(error: unknown): number;
  waits?(): void;
  settled(): void;
}

/** `sendmmsg(2)` in single tries, for the event loop. */
export function sendTries(handle: Handle, given: unknown, flags: number): BatchTries {
  const batch = take(handle, given, flags);
  let sending: Sending;
  try {
    sending = new Sending(handle, batch, flags | QUIET);
  } catch (error) {
    batch.busy = false;
    throw error;
  }
  let done = 0;
  return {
    attempt: () => (batch.cursor < batch.length ? sending.attempt() : 0),
    continues(sent) {
      done += sent;
      return batch.cursor < batch.length;
    },
    finish: () => endSend(batch, done),
    fail(error) {
      keep(batch, done, error);
      return endSend(batch, done);
    },
    waits: () => batch.keepRights(sending),
    settled() {
      batch.releaseRights();
      batch.busy = false;
    },
  };
}

function sendNow(batch: Outgoing, sending: Sending): number {
  let done = 0;
  while (batch.cursor < batch.length) {
    const sent = sending.advance();
    if (sent >= 0) done += sent;
    else if (sent === -EAGAIN) return done === 0 ? WOULD_BLOCK : done;
    else if (sent !== -EINTR) {
      keep(batch, done, sending.error(sent));
      return done;
    }
  }
  return endSend(batch, done);
}

/** What `receiveMessages` takes. */
export interface ReceiveMessagesOptions extends OperationOptions {
  /** Waits until the batch is full, as GSocket does. Default false: waits for the first, then takes what is queued. */
  readonly waitAll?: boolean | undefined;
}

function beginReceive(handle: Handle, given: unknown): Incoming {
  refuseStream(handle);
  const batch = incoming(given);
  if (batch.busy) throw pending("recvmmsg", "batch");
  meetPending(batch);
  if (batch.splits && isUdp(handle)) turnGroOn(handle);
  else if (handle.gro !== "off") refusePlain(handle);
  batch.prepare();
  return batch;
}

// One call: how many messages more, or a negative error number.
function advance(handle: Handle, batch: Incoming, flags: number): number {
  const { received } = batch;
  const { messages } = batch;
  const count = Math.min(batch.capacity - received, LARGEST_CALL);
  const draining = handle.gro === "draining";
  if (draining) beginDrain(handle);
  let result: number;
  do result = batch.calls.receive(handle.fd, messages, received, count, flags | MSG_CMSG_CLOEXEC);
  while (result === -EINTR);
  if (draining) endDrain(handle, result === -EAGAIN);
  if (result === count && handle.type === SOCK_SEQPACKET) result = withoutEnd(handle, batch, result);
  if (result > 0) batch.add(result, handle.family === AF_UNIX);
  if (result > 0 && messages.ended < 0 && messages.ended !== -EAGAIN) {
    batch.pendingError = failed(messages.ended, { syscall: "recvmmsg" });
  }
  return result;
}

// At the end of a seqpacket connection recvmmsg(2) fills all that is left with empty messages. They do not count, and those
// that the peer sent last cannot be told from them.
function withoutEnd(handle: Handle, batch: Incoming, count: number): number {
  const { messages, received } = batch;
  let kept = count;
  // the end carries no control data: what does is a message, with descriptors perhaps
  const isEmpty = (index: number): boolean => messages.length(index) === 0 && messages.controlLength(index) === 0;
  while (kept > 0 && isEmpty(received + kept - 1)) kept--;
  if (kept === count) return count;
  const { POLLRDHUP = 0 } = platform.constants;
  const ended = waitFor(handle.fd, POLLIN | POLLRDHUP, 0, undefined) & (POLLRDHUP | POLLHUP);
  return ended === 0 ? count : kept;
}

/** `recvmmsg(2)` that waits: datagrams received; 0 at the end of a seqpacket connection. */
export function receiveMessages(handle: Handle, given: unknown, options: ReceiveMessagesOptions | undefined): number {
  const terms = gate(handle, "recvmmsg", options);
  const waitAll = checkWaitAll(options?.waitAll);
  const batch = beginReceive(handle, given);
  const flags = terms?.flags ?? 0;
  const first = advance(handle, batch, flags);
  if (first < 0 || (batch.received < batch.capacity && waitAll) || first === LARGEST_CALL) {
    receiveMore(handle, batch, flags, terms, first, waitAll);
  }
  return batch.length;
}

function receiveMore(
  handle: Handle,
  batch: Incoming,
  flags: number,
  terms: Terms | undefined,
  first: number,
  waitAll: boolean,
): void {
  const operation = new Operation(handle, "recvmmsg", POLLIN, terms);
  const attempt = (): number => advance(handle, batch, flags);
  try {
    let got = operation.settle(first, attempt);
    while (goesOn(batch, got) && (waitAll || got === LARGEST_CALL)) {
      operation.checkCancelled();
      const more = attempt();
      if (more === -EAGAIN && !waitAll) return;
      got = operation.settle(more, attempt);
    }
  } catch (error) {
    keep(batch, batch.received, error);
  }
}

/** `recvmmsg(2)` in single tries, for the event loop. */
export function receiveTries(handle: Handle, given: unknown, flags: number, waitAllGiven: unknown): BatchTries {
  const waitAll = checkWaitAll(waitAllGiven);
  const batch = beginReceive(handle, given);
  batch.busy = true;
  return {
    attempt() {
      const got = advance(handle, batch, flags);
      return got === -EAGAIN && batch.received > 0 && !waitAll ? 0 : got;
    },
    continues: (got) => goesOn(batch, got) && (waitAll || got === LARGEST_CALL),
    finish: () => batch.length,
    fail(error) {
      keep(batch, batch.received, error);
      return batch.length;
    },
    settled() {
      batch.busy = false;
    },
  };
}

// Not after the end of a connection, nor after an error.
function goesOn(batch: Incoming, got: number): boolean {
  return got > 0 && batch.received < batch.capacity && batch.pendingError === undefined;
}

function checkWaitAll(waitAll: unknown): boolean {
  if (waitAll !== undefined && typeof waitAll !== "boolean") {
    throw new TypeError(`waitAll must be true or false, not ${show(waitAll)}`);
  }
  return waitAll === true;
}

/** `recvmmsg(2)` that never waits: WOULD_BLOCK when nothing was there. */
export function tryReceiveMessages(handle: Handle, given: unknown): number {
  open(handle, "recvmmsg");
  const batch = beginReceive(handle, given);
  for (;;) {
    const got = advance(handle, batch, 0);
    if (got < 0 && batch.received === 0) {
      if (got === -EAGAIN) return WOULD_BLOCK;
      throw failed(got, { syscall: "recvmmsg" });
    }
    if (got < 0 && got !== -EAGAIN) keep(batch, batch.received, failed(got, { syscall: "recvmmsg" }));
    if (got < LARGEST_CALL || !goesOn(batch, got)) return batch.length;
  }
}
