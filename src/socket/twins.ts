// The `...Async` twins: each is its operation in single tries, run by the loop of loop.ts.

import { recv, send as sendCall, sendto } from "../../ffi/calls.ts";
import { EAGAIN } from "../../ffi/errno.ts";
import { byteLengthOf } from "../../ffi/memory.ts";
import { receiveInto, sendFrom } from "../../ffi/message.ts";
import { platform } from "../../ffi/platform/index.ts";
import { type SocketAddressLike, toSocketAddress } from "../address/index.ts";
import { reportedAddress } from "../address/sender.ts";
import { type Data, integer, textOrView, view as checkView } from "../arguments.ts";
import { atCaller } from "../at-caller.ts";
import { SocketError, timedOut } from "../errors.ts";
import type { ReceiveBatch } from "../message/receive-batch.ts";
import type { ReceivedMessage } from "../message/received.ts";
import { Duplicates } from "../message/rights.ts";
import type { SendBatch } from "../message/send-batch.ts";
import { waitFor } from "../wait/wait.ts";
import * as batches from "./batch.ts";
import { acceptTries, connectTries, shutdownCall } from "./connect.ts";
import type { Handle } from "./handle.ts";
import { onLoop } from "./loop.ts";
import type { AsyncOptions, Direction, LoopOperation } from "./loop-operation.ts";
import { errorTries, type IncomingMessage, type OutgoingMessage, receiveTries, sendTries } from "./message.ts";
import {
  allocate,
  conditionOf,
  meetHindrance,
  receiveNamed,
  type ReceivedBytes,
  type ReceivedFrom,
  wasTruncated,
} from "./receive.ts";
import { checkData, QUIET, refuseLending, targetBytes } from "./send.ts";

const {
  POLLIN,
  POLLOUT,
  SOCK_STREAM,
  MSG_WAITALL,
  MSG_PEEK,
  MSG_OOB,
  MSG_ERRQUEUE = 0,
  MSG_ZEROCOPY = 0,
} = platform.core;

/** What `receiveMessagesAsync` takes. */
export interface ReceiveMessagesAsyncOptions extends AsyncOptions {
  /** Waits until the batch is full. Default false: waits for the first, then takes what is queued. */
  readonly waitAll?: boolean | undefined;
}

/** `accept(2)`. */
export function accept(handle: Handle, options: AsyncOptions | undefined): Promise<Handle> {
  return onLoop(handle, "accept", options, () => ({
    syscall: "accept",
    direction: "read",
    condition: POLLIN,
    ...acceptTries(handle),
  }));
}

/** `connect(2)`. */
export function connect(handle: Handle, to: SocketAddressLike, options: AsyncOptions | undefined): Promise<void> {
  return onLoop<void>(handle, "connect", options, () => {
    const address = toSocketAddress(to);
    return {
      syscall: "connect",
      direction: "write",
      condition: POLLOUT,
      address,
      ...connectTries(handle, address),
      finish: () => undefined,
    };
  });
}

// What comes beside the data does not wait behind those who wait for data.
function directionOf(flags: number): Direction {
  return (flags & MSG_ERRQUEUE) !== 0 ? "error" : (flags & MSG_OOB) !== 0 ? "alone" : "read";
}

const same = (size: number): number => size;

/** `recv(2)`. */
export function receive(handle: Handle, buffer: unknown, options: AsyncOptions | undefined): Promise<number> {
  return onLoop(handle, "recv", options, ({ flags }): LoopOperation<number> => {
    const view = checkView(buffer, "buffer");
    const base = { syscall: "recv", direction: directionOf(flags), condition: conditionOf(flags) } as const;
    if ((flags & MSG_WAITALL) !== 0 && handle.type === SOCK_STREAM) return { ...base, ...fill(handle, view, flags) };
    const attempt = (): number => {
      meetHindrance(handle);
      return recv(handle.fd, checkView(buffer, "buffer"), flags); // it may have been detached meanwhile
    };
    return { ...base, attempt, finish: same };
  });
}

// As `receive` with MSG_WAITALL does it: what came is not lost when an error comes after it.
function fill(
  handle: Handle,
  view: NodeJS.TypedArray | DataView,
  flags: number,
): Pick<Required<LoopOperation<number>>, "attempt" | "continues" | "finish" | "fail"> {
  let filled = 0;
  return {
    attempt() {
      if (filled === 0) meetHindrance(handle);
      return filled < byteLengthOf(view) ? receiveInto(handle.fd, view, filled, flags) : 0;
    },
    continues(size) {
      filled += size;
      return size > 0 && (flags & MSG_PEEK) === 0 && filled < byteLengthOf(view);
    },
    finish: () => filled,
    fail(error) {
      if (filled === 0 || !(error instanceof SocketError)) throw error;
      if (error.kind === "connection-closed") handle.pendingError = error;
      return filled;
    },
  };
}

/** `recv(2)` into a buffer of its own. */
export async function receiveBytes(
  handle: Handle,
  size: unknown,
  options: AsyncOptions | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const bytes = allocate(size);
    const received = await receive(handle, bytes, options);
    return received >= bytes.length ? bytes : bytes.slice(0, received);
  } catch (error) {
    throw atCaller(error, receiveBytes);
  }
}

/** `recvfrom(2)`. */
export function receiveFrom(handle: Handle, buffer: unknown, options: AsyncOptions | undefined): Promise<ReceivedFrom> {
  return onLoop(handle, "recvfrom", options, ({ flags }) => {
    checkView(buffer, "buffer");
    return {
      syscall: "recvfrom",
      direction: directionOf(flags),
      condition: conditionOf(flags),
      attempt() {
        meetHindrance(handle);
        return receiveNamed(handle, checkView(buffer, "buffer"), flags);
      },
      finish: (size) => ({ size, address: reportedAddress(), truncated: wasTruncated() }),
    };
  });
}

/** `recvfrom(2)` into a buffer of its own. */
export async function receiveBytesFrom(
  handle: Handle,
  size: unknown,
  options: AsyncOptions | undefined,
): Promise<ReceivedBytes> {
  try {
    const bytes = allocate(size);
    const { size: received, address, truncated } = await receiveFrom(handle, bytes, options);
    return { data: received >= bytes.length ? bytes : bytes.slice(0, received), address, truncated };
  } catch (error) {
    throw atCaller(error, receiveBytesFrom);
  }
}

/** `recvmsg(2)`. */
export function receiveMessage(
  handle: Handle,
  message: IncomingMessage,
  options: AsyncOptions | undefined,
): Promise<ReceivedMessage> {
  return onLoop(handle, "recvmsg", options, ({ flags }) => ({
    syscall: "recvmsg",
    direction: directionOf(flags),
    condition: conditionOf(flags),
    ...receiveTries(handle, message, flags),
  }));
}

/** `recvmsg(2)` with MSG_ERRQUEUE. */
export function receiveError(
  handle: Handle,
  buffer: Data | undefined,
  options: AsyncOptions | undefined,
): Promise<ReceivedMessage> {
  return onLoop(handle, "recvmsg", options, ({ flags }) => ({
    syscall: "recvmsg",
    direction: "error",
    condition: 0, // POLLERR comes unasked
    ...errorTries(handle, buffer, flags),
  }));
}

/** `recvmmsg(2)`. */
export function receiveMessages(
  handle: Handle,
  batch: ReceiveBatch,
  options: ReceiveMessagesAsyncOptions | undefined,
): Promise<number> {
  return onLoop(handle, "recvmmsg", options, ({ flags }) => ({
    syscall: "recvmmsg",
    direction: "read",
    condition: POLLIN,
    ...batches.receiveTries(handle, batch, flags, options?.waitAll),
  }));
}

/** `send(2)`. */
export async function send(handle: Handle, data: Data | string, options: AsyncOptions | undefined): Promise<number> {
  try {
    if (lends(options)) return await sendMessage(handle, { buffers: [data] }, options);
    return await onLoop(handle, "send", options, ({ flags }) => {
      const view = checkData(handle, data);
      return {
        syscall: "send",
        direction: "write",
        condition: POLLOUT,
        attempt: () => sendCall(handle.fd, checkView(view, "data"), flags | QUIET),
        finish: same,
      };
    });
  } catch (error) {
    throw atCaller(error, send);
  }
}

// Memory that the kernel reads after the call must be kept: the message operations do that.
function lends(options: AsyncOptions | undefined): boolean {
  return options?.flags !== undefined && (options.flags & MSG_ZEROCOPY) !== 0;
}

/** `sendto(2)`. */
export async function sendTo(
  handle: Handle,
  data: Data | string,
  to: SocketAddressLike,
  options: AsyncOptions | undefined,
): Promise<number> {
  try {
    if (lends(options)) return await sendMessage(handle, { buffers: [data], address: to }, options);
    return await onLoop(handle, "sendto", options, ({ flags }) => {
      const address = toSocketAddress(to);
      const target = targetBytes(handle, address);
      const view = checkData(handle, data);
      return {
        syscall: "sendto",
        direction: "write",
        condition: POLLOUT,
        address,
        attempt: () => sendto(handle.fd, checkView(view, "data"), flags | QUIET, target),
        finish: same,
      };
    });
  } catch (error) {
    throw atCaller(error, sendTo);
  }
}

/** `send(2)` until everything is sent. */
export function sendAll(handle: Handle, data: Data | string, options: AsyncOptions | undefined): Promise<number> {
  return onLoop(handle, "send", options, ({ flags }) => {
    refuseLending(flags, "sendAllAsync");
    const view = textOrView(data, "data");
    const total = byteLengthOf(view);
    let written = 0;
    return {
      syscall: "send",
      direction: "write",
      condition: POLLOUT,
      get bytesWritten() {
        return written;
      },
      attempt() {
        if (byteLengthOf(view) < total) checkShrunk();
        return written === 0
          ? sendCall(handle.fd, view, flags | QUIET)
          : sendFrom(handle.fd, view, written, flags | QUIET);
      },
      continues(size) {
        written += size;
        return written < total;
      },
      finish: () => total,
    };
  });
}

function checkShrunk(): never {
  throw new TypeError(
    "data was detached or made smaller while it was being sent: leave it alone until the promise settles",
  );
}

/** `sendmsg(2)`. */
export function sendMessage(
  handle: Handle,
  message: OutgoingMessage,
  options: AsyncOptions | undefined,
): Promise<number> {
  return onLoop(handle, "sendmsg", options, ({ flags }) => {
    const { address, control, attempt } = sendTries(handle, message, flags);
    const duplicates = new Duplicates();
    return {
      syscall: "sendmsg",
      direction: "write",
      condition: POLLOUT,
      address,
      attempt,
      finish: same,
      waits() {
        if (control !== undefined) duplicates.substitute(control);
      },
      settled: () => duplicates.release(),
    };
  });
}

/** `sendmmsg(2)`. A lack of buffers (ENOBUFS) is waited for. */
export function sendMessages(handle: Handle, batch: SendBatch, options: AsyncOptions | undefined): Promise<number> {
  return onLoop(handle, "sendmmsg", options, ({ flags }) => ({
    syscall: "sendmmsg",
    direction: "write",
    condition: POLLOUT,
    patient: true,
    ...batches.sendTries(handle, batch, flags),
  }));
}

/** `poll(2)`. Does not stand in a queue. */
export function conditionWait(handle: Handle, condition: unknown, options: AsyncOptions | undefined): Promise<number> {
  return onLoop(handle, "poll", options, () => {
    const bits = integer(condition, "condition (POLLIN, POLLOUT, POLLPRI)", 0, 0xffff);
    return {
      syscall: "poll",
      direction: "alone",
      condition: bits,
      refusal: () => timedOut("poll", 0),
      attempt: () => waitFor(handle.fd, bits, 0, undefined) || -EAGAIN,
      finish: same,
    };
  });
}

/** `shutdown(2)` for writing, once all that was to be sent before has gone or has failed: it stands in the queue of those who send. */
export function endWriting(handle: Handle, options: AsyncOptions | undefined): Promise<void> {
  return onLoop<void>(handle, "shutdown", options, () => ({
    syscall: "shutdown",
    direction: "write",
    condition: POLLOUT,
    attempt: () => (handle.connectedWrite ? shutdownCall(handle, { read: false, write: true }) : 0),
    finish: () => undefined,
  }));
}
