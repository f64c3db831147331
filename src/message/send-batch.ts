// Many datagrams to be sent in one call.

import { type Data, show } from "../arguments.ts";
import type { SocketAddressLike } from "../address/index.ts";
import type { SocketError } from "../errors.ts";
import { inspectAs } from "../inspect.ts";
import { Outgoing, type PushOptions, type SendBatchOptions } from "./outgoing.ts";
import type { ReceiveBatch } from "./receive-batch.ts";

export type { PushOptions, SendBatchOptions } from "./outgoing.ts";

let inside: (batch: SendBatch) => Outgoing;

/**
 * Datagrams to be sent together: `sendmmsg(2)`, and with segmentation joined ones as well. It copies what is pushed into memory
 * of its own, which is made once. After `sendMessages` it can be sent again as it is, or cleared and filled anew.
 *
 * @example
 * const batch = new SendBatch({ capacity: 64, size: 1400, segmentation: "auto" });
 * for (const packet of packets) if (!batch.push(packet, address)) break;
 * socket.sendMessages(batch);
 * batch.clear();
 */
export class SendBatch {
  readonly #outgoing: Outgoing;

  /** @throws TypeError, RangeError */
  constructor(options: SendBatchOptions) {
    this.#outgoing = new Outgoing(options);
  }

  static {
    inside = (batch) => batch.#outgoing;
    inspectAs(this.prototype, ({ length, capacity }) => `${length} of ${capacity}`);
  }

  /** How many datagrams were pushed. */
  get length(): number {
    return this.#outgoing.length;
  }

  /** How many it can hold. */
  get capacity(): number {
    return this.#outgoing.capacity;
  }

  /** The error that ended a send after some datagrams had gone; the next send with this batch throws it, and then resumes. */
  get pendingError(): SocketError | undefined {
    return this.#outgoing.pendingError;
  }

  /**
   * Adds a datagram: data, or parts of it, or text (UTF-8), which is copied. Without an address it goes to the peer. Returns
   * false, and takes nothing, when the batch is full.
   *
   * @throws TypeError, RangeError naming the index, for a datagram larger than `size` or wrong control messages
   * @throws SocketError kind "pending" while an asynchronous operation uses the batch
   */
  push(
    data: Data | string | readonly (Data | string)[],
    address?: SocketAddressLike | null,
    options?: PushOptions,
  ): boolean {
    return this.#outgoing.push(data, address, options);
  }

  /**
   * Adds an answer to datagram `index` of a batch that was received: to its sender, from the address and interface that it came
   * to where PacketInfo is received with it. The address is copied as the kernel gave it.
   *
   * @throws TypeError, RangeError
   */
  reply(from: ReceiveBatch, index: number, data: Data | string): boolean {
    if (typeof from !== "object" || from === null || !("replyControl" in from)) {
      throw new TypeError(`from must be a ReceiveBatch, not ${show(from)}`);
    }
    const address = from.address(index);
    if (address === null) throw new TypeError(`from has no sender for datagram ${index}`);
    const control = from.replyControl(index);
    if (control !== undefined) return this.#outgoing.push(data, address, { control: [control] });
    const at = this.#outgoing.length;
    const taken = this.#outgoing.push(data, address, undefined);
    if (taken) this.#outgoing.unsourced = at;
    return taken;
  }

  /**
   * Passes over the datagram that the kernel has refused, with its error: an answer to port 0, which any sender can provoke, shall not
   * cost the others theirs. Returns whether there is more to be sent; false too when nothing was refused.
   *
   * @throws SocketError kind "pending" while an asynchronous operation uses the batch
   *
   * @example
   * do await socket.sendMessagesAsync(batch).catch(() => 0);
   * while (batch.skip());
   */
  skip(): boolean {
    return this.#outgoing.skip();
  }

  /** Forgets all datagrams, and a pending error. */
  clear(): void {
    this.#outgoing.clear();
  }
}

/** The contents of a batch, for the operation that sends them. Internal. */
export function outgoing(batch: unknown): Outgoing {
  if (batch instanceof SendBatch) return inside(batch);
  throw new TypeError(`batch must be a SendBatch, not ${show(batch)}`);
}
