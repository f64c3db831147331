// Moving data: the methods of Socket that receive and send. What they do is in the modules of the operations; here is what
// they promise.

import { platform } from "../../ffi/platform/index.ts";
import type { SocketAddressLike } from "../address/index.ts";
import type { Data, Descriptor } from "../arguments.ts";
import { later } from "../later.ts";
import type { ReceiveBatch } from "../message/receive-batch.ts";
import type { ReceivedMessage } from "../message/received.ts";
import type { SendBatch } from "../message/send-batch.ts";
import type { ReceiveMessagesOptions } from "./batch.ts";
import type { Handle } from "./handle.ts";
import type { IncomingMessage, OutgoingMessage } from "./message.ts";
import type { OperationOptions } from "./operation.ts";
import * as receiving from "./receive.ts";
import { SocketRef } from "./ref.ts";
import * as sending from "./send.ts";
import type { SendFileOptions } from "./send-file.ts";

const messages: () => typeof import("./message.ts") = later(
  () => require("./message.ts") as typeof import("./message.ts"),
);
const batches: () => typeof import("./batch.ts") = later(() => require("./batch.ts") as typeof import("./batch.ts"));
const sendFile: () => typeof import("./send-file.ts") = later(
  () => require("./send-file.ts") as typeof import("./send-file.ts"),
);

const { MSG_ZEROCOPY = 0 } = platform.core;

// Memory that the kernel reads after the call has returned must be kept: the message operations do that.
function lendsMemory(options: OperationOptions | undefined): boolean {
  return options?.flags !== undefined && (options.flags & MSG_ZEROCOPY) !== 0;
}

/** The half of Socket that receives and sends: see there. */
export abstract class TransferSocket extends SocketRef {
  readonly #handle: Handle;

  /** Made by Socket only. */
  protected constructor(handle: Handle) {
    super(handle);
    this.#handle = handle;
  }

  /**
   * Receives into a buffer: `recv(2)`. Returns the bytes received; 0 is the end of a stream, or an empty datagram. What does not
   * fit of a datagram is lost: see `receiveFrom`. MSG_WAITALL in `flags` fills the buffer from a stream, and returns what came
   * when that ends or fails before.
   *
   * @throws SocketError kind "would-block", "timed-out", "cancelled", "not-connected", "connection-closed" (reset),
   * "connection-refused" (an ICMP answer to an earlier datagram, once)
   */
  receive(buffer: Data, options?: OperationOptions): number {
    return receiving.receive(this.#handle, buffer, options);
  }

  /** `receive` that never waits and allocates nothing: WOULD_BLOCK (-1) when nothing is there; other errors are thrown. */
  tryReceive(buffer: Data): number {
    return receiving.tryReceive(this.#handle, buffer);
  }

  /** Receives at most `size` bytes into a buffer of its own, which is as long as what came. */
  receiveBytes(size: number, options?: OperationOptions): Uint8Array<ArrayBuffer> {
    return receiving.receiveBytes(this.#handle, size, options);
  }

  /**
   * Receives into a buffer, and tells from whom: `recvfrom(2)`. `address` is null on a stream (a unix one may tell its
   * listener's path); `truncated` tells that a datagram was longer than the buffer.
   */
  receiveFrom(buffer: Data, options?: OperationOptions): receiving.ReceivedFrom {
    return receiving.receiveFrom(this.#handle, buffer, options);
  }

  /** `receiveFrom` that never waits: null when nothing is there. */
  tryReceiveFrom(buffer: Data): receiving.ReceivedFrom | null {
    return receiving.tryReceiveFrom(this.#handle, buffer);
  }

  /** `receiveFrom` with a buffer of its own, `data`, which is as long as what came. */
  receiveBytesFrom(size: number, options?: OperationOptions): receiving.ReceivedBytes {
    return receiving.receiveBytesFrom(this.#handle, size, options);
  }

  /**
   * Sends to the peer: `send(2)`. Returns the bytes sent, on a stream perhaps not all. A datagram may be text (UTF-8). There is
   * no SIGPIPE.
   *
   * @throws SocketError kind "would-block", "timed-out", "cancelled", "connection-closed", "destination-unset",
   * "message-too-large", "no-buffers"
   */
  send(data: Data | string, options?: OperationOptions): number {
    if (lendsMemory(options)) return messages().sendMessage(this.#handle, { buffers: [data] }, options);
    return sending.send(this.#handle, data, options);
  }

  /** `send` that never waits and allocates nothing: WOULD_BLOCK (-1) when there is no room; other errors are thrown. */
  trySend(data: Data | string): number {
    return sending.trySend(this.#handle, data);
  }

  /**
   * Sends all of it, text (UTF-8) or bytes, in one budget of time, and returns how much that was.
   *
   * @throws SocketError as `send`, with `bytesWritten` when a part was sent
   */
  sendAll(data: Data | string, options?: OperationOptions): number {
    return sending.sendAll(this.#handle, data, options);
  }

  /**
   * Sends a datagram to an address: `sendto(2)`. An IPv4 address on an AF_INET6 socket goes out as v4-mapped.
   *
   * @throws SocketError as `send`, and "permission-denied" (a broadcast address without `broadcast`), "network-unreachable"
   */
  sendTo(data: Data | string, address: SocketAddressLike, options?: OperationOptions): number {
    if (lendsMemory(options)) return messages().sendMessage(this.#handle, { buffers: [data], address }, options);
    return sending.sendTo(this.#handle, data, address, options);
  }

  /** `sendTo` that never waits: WOULD_BLOCK (-1) when there is no room; other errors are thrown. */
  trySendTo(data: Data | string, address: SocketAddressLike): number {
    return sending.trySendTo(this.#handle, data, address);
  }

  /**
   * Sends a file over a stream: `sendfile(2)`, or read(2) and send(2) where that cannot. From `offset`, or from the file's own
   * position, which then moves; `count` bytes, or to its end. `timeout` is the budget for each progress. Returns the bytes sent.
   *
   * @throws TypeError on a datagram socket
   * @throws SocketError as `send`, with `bytesWritten` when a part was sent
   *
   * @example
   * socket.sendFile(openSync("index.html", "r"));
   */
  sendFile(file: Descriptor, options?: SendFileOptions): number {
    return sendFile().sendFile(this.#handle, file, options);
  }

  /**
   * Receives a message into several buffers, with its control messages: `recvmsg(2)`. Truncation shows in `truncated` and
   * `controlTruncated`. Without buffers one byte is received and thrown away. MSG_CMSG_CLOEXEC is always on.
   *
   * @throws SocketError as `receive`
   *
   * @example
   * socket.receiveControl(PacketInfo);
   * const message = socket.receiveMessage({ buffers: [buffer] });
   * message.control.get(PacketInfo)?.destination;
   */
  receiveMessage(message: IncomingMessage, options?: OperationOptions): ReceivedMessage {
    return messages().receiveMessage(this.#handle, message, options);
  }

  /** `receiveMessage` that never waits: null when nothing is there. */
  tryReceiveMessage(message: IncomingMessage): ReceivedMessage | null {
    return messages().tryReceiveMessage(this.#handle, message);
  }

  /**
   * Sends a message of several buffers, with control messages: `sendmsg(2)`. Returns the bytes sent. Without buffers one NUL byte
   * is sent, because control messages need something to ride on. With MSG_ZEROCOPY in the flags (and SO_ZEROCOPY on) the buffers
   * are kept until their completion has been read with `receiveError`; do not change them before.
   *
   * @throws TypeError, RangeError naming the buffer or control message
   * @throws SocketError as `sendTo`
   *
   * @example
   * socket.sendMessage({ buffers: [head, body], address, control: [new TrafficClass({ dscp: 46 })] });
   */
  sendMessage(message: OutgoingMessage, options?: OperationOptions): number {
    return messages().sendMessage(this.#handle, message, options);
  }

  /** `sendMessage` that never waits: WOULD_BLOCK (-1) when there is no room. */
  trySendMessage(message: OutgoingMessage): number {
    return messages().trySendMessage(this.#handle, message);
  }

  /**
   * Receives many datagrams: `recvmmsg(2)`. Waits for the first, then takes what is queued, up to the batch's capacity; with
   * `waitAll` until it is full (counted in messages of the kernel). Returns how many datagrams there are; 0 is the end of a
   * seqpacket connection. When an error, a timeout or a cancel comes after some, they
   * are returned, the error is in `batch.pendingError`, and the next call with the batch throws it.
   *
   * @throws TypeError on a stream; SocketError as `receive`
   */
  receiveMessages(batch: ReceiveBatch, options?: ReceiveMessagesOptions): number {
    return batches().receiveMessages(this.#handle, batch, options);
  }

  /** `receiveMessages` that never waits: WOULD_BLOCK (-1) when nothing is there. */
  tryReceiveMessages(batch: ReceiveBatch): number {
    return batches().tryReceiveMessages(this.#handle, batch);
  }

  /**
   * Sends all datagrams of a batch: `sendmmsg(2)`, joined with UDP_SEGMENT where the batch says so. Returns how many went. When an
   * error, a timeout or a cancel comes after some, their number is returned, the error is in `batch.pendingError`, the next call
   * with the batch throws it, and the one after that resumes behind them.
   *
   * @throws TypeError on a stream, or naming a datagram that this socket cannot send, before any is sent
   * @throws SocketError as `sendTo`
   */
  sendMessages(batch: SendBatch, options?: OperationOptions): number {
    return batches().sendMessages(this.#handle, batch, options);
  }

  /** `sendMessages` that never waits: WOULD_BLOCK (-1) when not one datagram could go. */
  trySendMessages(batch: SendBatch): number {
    return batches().trySendMessages(this.#handle, batch);
  }

  /**
   * Receives from the error queue: `recvmsg(2)` with MSG_ERRQUEUE, after waiting for POLLERR. The control messages tell what
   * happened (QueuedError, ZeroCopyDone, Timestamp); `address` is where the packet was going, and the buffer gets its data. Linux.
   *
   * @throws SocketError kind "timed-out", "would-block", "not-supported"
   */
  receiveError(buffer?: Data, options?: OperationOptions): ReceivedMessage {
    return messages().receiveError(this.#handle, buffer, options);
  }

  /** `receiveError` that never waits: null when the queue is empty. */
  tryReceiveError(buffer?: Data): ReceivedMessage | null {
    return messages().tryReceiveError(this.#handle, buffer);
  }

  /**
   * Answers a message: to its sender, from the address and interface that it came to, which PacketInfo tells; a socket that is
   * bound to one address needs none.
   *
   * @throws TypeError when the message does not tell where it came to: `receiveControl(PacketInfo)` first
   */
  reply(message: ReceivedMessage, data: Data | string, options?: OperationOptions): number {
    return messages().reply(this.#handle, message, data, options);
  }
}
