// The event loop's half of Socket: a twin that returns a promise for every method that may wait, and `watch` under them. What
// they do is in twins.ts and loop.ts; here is what they promise.

import { platform } from "../../ffi/platform/index.ts";
import type { SocketAddressLike } from "../address/index.ts";
import { type Data, type Descriptor, type OptionNames, refuseUnknown, show } from "../arguments.ts";
import { SocketError } from "../errors.ts";
import { later, laterAsync } from "../later.ts";
import { RECEIVE_BATCH_OPTIONS, ReceiveBatch, type ReceiveBatchOptions } from "../message/receive-batch.ts";
import type { ReceivedMessage } from "../message/received.ts";
import type { SendBatch } from "../message/send-batch.ts";
import { type Handle, open } from "./handle.ts";
import type { Watch } from "./loop.ts";
import type { AsyncOptions } from "./loop-operation.ts";
import type { IncomingMessage, OutgoingMessage } from "./message.ts";
import type { ReceivedBytes, ReceivedFrom } from "./receive.ts";
import { TransferSocket } from "./transfer.ts";
import type { SendFileAsyncOptions } from "./send-file-async.ts";
import type { ReceiveMessagesAsyncOptions } from "./twins.ts";

const { SOCK_SEQPACKET } = platform.core;

/** The twins, loaded when the first of them is used: internal. */
export const twins: () => typeof import("./twins.ts") = laterAsync(
  () => require("./twins.ts") as typeof import("./twins.ts"),
);
const sendFile: () => typeof import("./send-file-async.ts") = laterAsync(
  () => require("./send-file-async.ts") as typeof import("./send-file-async.ts"),
);
const loop: () => typeof import("./loop.ts") = later(() => require("./loop.ts") as typeof import("./loop.ts"));

/** What `socket.batches` takes: the batch's own options, and what ends the iteration. */
export interface BatchesOptions extends ReceiveBatchOptions {
  /** Ends the iteration with its reason when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

const BATCHES_OPTIONS: OptionNames<BatchesOptions> = { ...RECEIVE_BATCH_OPTIONS, signal: true };

/**
 * The half of Socket that waits on Bun's event loop: see there. All `...Async` methods try at once, queue first in, first out per
 * direction, never throw synchronously, ignore `socket.blocking`, and are rejected with kind "closed" when the socket is closed
 * or detached. What they are given (buffers, data, batches) must be left alone until the promise settles.
 */
export abstract class AsyncSocket extends TransferSocket {
  readonly #handle: Handle;

  /** Made by Socket only. */
  protected constructor(handle: Handle) {
    super(handle);
    this.#handle = handle;
  }

  /**
   * Calls back on the event loop as long as the socket is ready for the condition (POLLIN, POLLOUT, POLLPRI), with the bits it is
   * ready for; POLLERR and POLLHUP unasked. Level-triggered: again and again, until `close()` of the watch. When the socket is
   * closed it is called once with POLLNVAL, and ends. What the callback throws goes to `reportError`.
   *
   * @throws TypeError, RangeError; SocketError kind "closed", "too-many-open-files"
   *
   * @example
   * const watch = socket.watch(POLLIN, (ready) => {
   *   if ((ready & POLLNVAL) !== 0) return; // closed
   *   const size = socket.tryReceive(buffer);
   *   if (size === 0) socket.close();
   * });
   */
  watch(condition: number, callback: (ready: number) => void): Watch {
    return loop().watch(this.#handle, condition, callback);
  }

  /** Lets what waits on this socket keep the program alive, as it does at first. */
  ref(): this {
    setAlive(this.#handle, true);
    return this;
  }

  /** Lets the program end although something waits on this socket. */
  unref(): this {
    setAlive(this.#handle, false);
    return this;
  }

  /** `connect` on the event loop. @throws (rejects) as `connect`; kind "pending" with `timeout: 0` */
  connectAsync(address: SocketAddressLike, options?: AsyncOptions): Promise<void> {
    return twins().connect(this.#handle, address, options);
  }

  /** `receive` on the event loop: bytes received, 0 at the end of a stream. */
  receiveAsync(buffer: Data, options?: AsyncOptions): Promise<number> {
    return twins().receive(this.#handle, buffer, options);
  }

  /** `receiveBytes` on the event loop. */
  receiveBytesAsync(size: number, options?: AsyncOptions): Promise<Uint8Array<ArrayBuffer>> {
    return twins().receiveBytes(this.#handle, size, options);
  }

  /** `receiveFrom` on the event loop. */
  receiveFromAsync(buffer: Data, options?: AsyncOptions): Promise<ReceivedFrom> {
    return twins().receiveFrom(this.#handle, buffer, options);
  }

  /** `receiveBytesFrom` on the event loop. */
  receiveBytesFromAsync(size: number, options?: AsyncOptions): Promise<ReceivedBytes> {
    return twins().receiveBytesFrom(this.#handle, size, options);
  }

  /** `receiveMessage` on the event loop. */
  receiveMessageAsync(message: IncomingMessage, options?: AsyncOptions): Promise<ReceivedMessage> {
    return twins().receiveMessage(this.#handle, message, options);
  }

  /** `receiveMessages` on the event loop. Until it settles the batch refuses every change with kind "pending". */
  receiveMessagesAsync(batch: ReceiveBatch, options?: ReceiveMessagesAsyncOptions): Promise<number> {
    return twins().receiveMessages(this.#handle, batch, options);
  }

  /** `receiveError` on the event loop. */
  receiveErrorAsync(buffer?: Data, options?: AsyncOptions): Promise<ReceivedMessage> {
    return twins().receiveError(this.#handle, buffer, options);
  }

  /** `send` on the event loop: bytes sent, on a stream perhaps not all. */
  sendAsync(data: Data | string, options?: AsyncOptions): Promise<number> {
    return twins().send(this.#handle, data, options);
  }

  /** `sendAll` on the event loop: all of it, in one budget. @throws (rejects) with `bytesWritten` when a part was sent */
  sendAllAsync(data: Data | string, options?: AsyncOptions): Promise<number> {
    return twins().sendAll(this.#handle, data, options);
  }

  /** `sendTo` on the event loop. */
  sendToAsync(data: Data | string, address: SocketAddressLike, options?: AsyncOptions): Promise<number> {
    return twins().sendTo(this.#handle, data, address, options);
  }

  /** `sendMessage` on the event loop. Descriptors that go with it are duplicated when it has to wait. */
  sendMessageAsync(message: OutgoingMessage, options?: AsyncOptions): Promise<number> {
    return twins().sendMessage(this.#handle, message, options);
  }

  /** `sendMessages` on the event loop; it waits for buffers (ENOBUFS) as well. Until it settles the batch refuses every change. */
  sendMessagesAsync(batch: SendBatch, options?: AsyncOptions): Promise<number> {
    return twins().sendMessages(this.#handle, batch, options);
  }

  /** `sendFile` on the event loop; `timeout` is the budget for each progress. */
  sendFileAsync(file: Descriptor, options?: SendFileAsyncOptions): Promise<number> {
    return sendFile().sendFile(this.#handle, file, options);
  }

  /** `conditionWait` on the event loop. Several may wait at once. */
  conditionWaitAsync(condition: number, options?: AsyncOptions): Promise<number> {
    return twins().conditionWait(this.#handle, condition, options);
  }

  /**
   * Datagrams as they come, as many at once as there are: `recvmmsg(2)` on the event loop. The same batch is given each time, and
   * what is in it is valid until the next turn of the loop. Ends when the socket is closed.
   *
   * @example
   * const out = new SendBatch({ capacity: 64, size: 1500 });
   * for await (const batch of socket.batches({ capacity: 64, size: 1500 })) {
   *   for (let i = 0; i < batch.length; i++) out.reply(batch, i, batch.data(i));
   *   do await socket.sendMessagesAsync(out).catch(() => 0);
   *   while (out.skip()); // what the kernel refuses
   *   out.clear();
   * }
   */
  async *batches(options: BatchesOptions): AsyncGenerator<ReceiveBatch, void, undefined> {
    open(this.#handle, "recvmmsg");
    if (typeof options !== "object" || options === null) {
      throw new TypeError(`options must be { capacity, size }, not ${show(options)}`);
    }
    refuseUnknown(options, BATCHES_OPTIONS);
    const { signal, capacity, size, controlSize, segmentation } = options;
    const batch = new ReceiveBatch({ capacity, size, controlSize, segmentation });
    for (;;) {
      const count = await this.#nextBatch(batch, signal);
      if (count === undefined || (count === 0 && this.#handle.type === SOCK_SEQPACKET)) return;
      yield batch;
    }
  }

  async #nextBatch(batch: ReceiveBatch, signal: AbortSignal | undefined): Promise<number | undefined> {
    try {
      return await twins().receiveMessages(this.#handle, batch, { signal, timeout: Infinity });
    } catch (error) {
      if (error instanceof SocketError && error.kind === "closed") return undefined;
      throw error;
    }
  }
}

// Without anything on the event loop there is nothing to load.
function setAlive(handle: Handle, on: boolean): void {
  if (handle.loop === undefined) handle.alive = on;
  else loop().setAlive(handle, on);
}
