// Many datagrams received in one call.

import { type BatchCalls, batchCalls, MessageArray, NAME_SLOT } from "../../ffi/batch.ts";
import { Region } from "../../ffi/memory.ts";
import { platform } from "../../ffi/platform/index.ts";
import { cmsg } from "../../ffi/structs/cmsg.ts";
import { addressAt } from "../address/sender.ts";
import type { SocketAddress } from "../address/index.ts";
import { integer, type OptionNames, refuseUnknown, show } from "../arguments.ts";
import { pending, type SocketError } from "../errors.ts";
import { inspectAs } from "../inspect.ts";
import {
  type ControlBuffer,
  type ControlMessage,
  type ControlMessageClass,
  ControlMessages,
  findControl,
} from "./control.ts";
import { answeringInfo, type PacketInfo } from "./packet-info.ts";
import { ownAll } from "./received.ts";
import type { ProcessFd, Rights } from "./rights.ts";
import { receivedSegmentSize } from "./segment-size.ts";
import { checkSegmentation } from "./outgoing.ts";

const { MSG_TRUNC, MSG_CMSG_CLOEXEC = 0 } = platform.core;

/** What `new ReceiveBatch` takes. */
export interface ReceiveBatchOptions {
  /** How many messages one receive takes at most: 1 to 65,536. With segmentation they may hold more datagrams. */
  readonly capacity: number;
  /** The largest datagram, in bytes: 0 to 65,535. A longer one is truncated. With segmentation each slot has 65,535. */
  readonly size: number;
  /** Room for control messages of each, 0 to 131,072; see CMSG_SPACE. Default 256. */
  readonly controlSize?: number | undefined;
  /** "auto": the kernel joins datagrams of one sender (UDP_GRO), and the batch gives them back one by one. */
  readonly segmentation?: "auto" | undefined;
}

/** Their names: internal. */
export const RECEIVE_BATCH_OPTIONS: OptionNames<ReceiveBatchOptions> = {
  capacity: true,
  size: true,
  controlSize: true,
  segmentation: true,
};

const LARGEST_MESSAGE = 65_535;
const DEFAULT_CONTROL = 256;
/** As many messages as one recvmmsg(2) takes: UIO_MAXIOV. */
export const LARGEST_CALL = 1024;

let inside: (batch: ReceiveBatch) => Incoming;

/**
 * Datagrams that were received together: `recvmmsg(2)`. It owns its memory, which is made once, and allocates nothing for a
 * datagram: views are kept and handed out again. **A view is valid until the batch is used again**: copy what you keep.
 *
 * @example
 * const batch = new ReceiveBatch({ capacity: 64, size: 1500 });
 * const count = socket.receiveMessages(batch);
 * for (let i = 0; i < count; i++) handle(batch.data(i), batch.address(i));
 */
export class ReceiveBatch {
  readonly #incoming: Incoming;

  /** @throws TypeError, RangeError */
  constructor(options: ReceiveBatchOptions) {
    this.#incoming = new Incoming(options);
  }

  static {
    inside = (batch) => batch.#incoming;
    inspectAs(this.prototype, ({ length, capacity }) => `${length} of ${capacity}`);
  }

  /** How many datagrams the last receive has brought. */
  get length(): number {
    return this.#incoming.length;
  }

  /** How many messages one receive takes. */
  get capacity(): number {
    return this.#incoming.capacity;
  }

  /** The error that ended a receive after some datagrams had come; the next receive with this batch throws it. */
  get pendingError(): SocketError | undefined {
    return this.#incoming.pendingError;
  }

  /** The memory in which all datagrams lie: datagram `i` is `size(i)` bytes at `offset(i)`. */
  get buffer(): ArrayBuffer {
    return this.#incoming.arena.bytes.buffer;
  }

  /** The bytes of a datagram: the same view again while offset and length stay the same. Valid until the batch is used again. */
  data(index: number): Uint8Array<ArrayBuffer> {
    return this.#incoming.data(index);
  }

  /** How many bytes were stored of a datagram. */
  size(index: number): number {
    return this.#incoming.size(index);
  }

  /** Where a datagram begins in `buffer`. */
  offset(index: number): number {
    return this.#incoming.offset(index);
  }

  /** The sender of a datagram; null where the kernel gave none. */
  address(index: number): SocketAddress | null {
    return this.#incoming.address(index);
  }

  /**
   * The first control message of a class that came with a datagram, or all of them. Descriptors among them that nobody takes are
   * closed when the batch is used again.
   */
  control<T extends ControlMessage>(index: number, type: ControlMessageClass<T>): T | undefined;
  control(index: number): ControlMessages;
  control(index: number, type?: ControlMessageClass<ControlMessage>): ControlMessages | ControlMessage | undefined {
    const buffer = this.#incoming.control(index);
    return type === undefined ? new ControlMessages(buffer) : findControl(buffer, type);
  }

  /** The flags of a datagram: MSG_TRUNC, MSG_CTRUNC, MSG_EOR, ... */
  flags(index: number): number {
    return this.#incoming.flags(index);
  }

  /** Whether a datagram was longer than its slot, and its rest is lost. */
  truncated(index: number): boolean {
    return (this.#incoming.flags(index) & MSG_TRUNC) !== 0;
  }

  /** What to send with an answer to a datagram, so that it leaves from the address it came to. Internal, for SendBatch.reply. */
  replyControl(index: number): PacketInfo | undefined {
    return answeringInfo(new ControlMessages(this.#incoming.control(index)));
  }

  /** Forgets what was received, closes descriptors that nobody took, and drops a pending error. */
  clear(): void {
    this.#incoming.clear();
  }

  /** The same as `clear`, for `using`. */
  [Symbol.dispose](): void {
    this.#incoming.clear();
  }
}

/** The contents of a batch, for the operation that fills them. Internal. */
export function incoming(batch: unknown): Incoming {
  if (batch instanceof ReceiveBatch) return inside(batch);
  throw new TypeError(`batch must be a ReceiveBatch, not ${show(batch)}`);
}

// With segmentation the datagrams lie in fewer messages; this many are kept ready at first.
const FIRST_PARTS = 64;

/** What a ReceiveBatch holds. */
export class Incoming {
  readonly capacity: number;
  readonly splits: boolean;
  readonly arena: Region;
  readonly messages: MessageArray;
  calls: BatchCalls = batchCalls;
  pendingError: SocketError | undefined;
  /** Whether an asynchronous operation uses it. */
  busy = false;
  /** Datagrams. */
  length = 0;
  /** Messages of the kernel. */
  #received = 0;
  /** Messages whose lengths recvmmsg(2) has overwritten. */
  #used: number;
  readonly #slot: number;
  readonly #views: (Uint8Array<ArrayBuffer> | undefined)[] = [];
  // what the kept views are: asking a view for its byteOffset costs ten times as much
  #viewOffsets = new Uint32Array(FIRST_PARTS);
  #viewSizes = new Uint32Array(FIRST_PARTS);
  // the senders that have been asked for since the last receive; undefined: not yet
  readonly #addresses: (SocketAddress | null | undefined)[] = [];
  // of each datagram, with segmentation: the message it lies in, where, and how long it is
  #owners = new Uint32Array(0);
  #offsets = new Uint32Array(0);
  #sizes = new Uint32Array(0);
  readonly #owned = new Map<number, ReadonlyMap<number, Rights | ProcessFd>>();

  constructor(options: ReceiveBatchOptions) {
    if (typeof options !== "object" || options === null) {
      throw new TypeError(`options must be { capacity, size }, not ${show(options)}`);
    }
    refuseUnknown(options, RECEIVE_BATCH_OPTIONS);
    const { capacity, size, controlSize = DEFAULT_CONTROL, segmentation } = options;
    this.capacity = integer(capacity, "capacity", 1, 65_536);
    integer(size, "size", 0, LARGEST_MESSAGE);
    this.splits = checkSegmentation(segmentation) && platform.segmentation !== undefined;
    this.#slot = this.splits ? LARGEST_MESSAGE + 1 : size; // an even stride keeps the slots aligned
    const control = integer(controlSize, "controlSize", 0, 1 << 17);
    // the size of joined datagrams comes behind other control messages, and must not be cut off
    const aligned = Math.ceil((this.splits ? Math.max(control, DEFAULT_CONTROL) + cmsg.space(4) : control) / 8) * 8;
    this.arena = new Region(this.capacity * this.#slot);
    this.messages = new MessageArray(this.capacity, aligned);
    for (let index = 0; index < this.capacity; index++) {
      this.messages.setVector(index, this.arena.address + index * this.#slot, this.splits ? LARGEST_MESSAGE : size);
    }
    this.#used = this.capacity;
    if (this.splits) this.#growParts(this.capacity * FIRST_PARTS);
  }

  /** Makes ready for a receive: what was there is gone. */
  prepare(): void {
    if (this.busy) throw pending("receiveMessages", "batch");
    // the kernel would write to where it was, which may be somebody else's by now
    if (this.arena.bytes.length === 0)
      throw new TypeError("batch has lost its memory: its buffer was transferred away");
    this.#release();
    const { messages } = this;
    for (let index = 0; index < this.#used; index++) {
      messages.setNameLength(index, NAME_SLOT);
      messages.setControlLength(index, messages.controlSize);
    }
    this.#used = 0;
    this.#forget();
  }

  #forget(): void {
    this.#addresses.fill(undefined, 0, this.#received);
    this.#received = 0;
    this.length = 0;
  }

  clear(): void {
    if (this.busy) throw pending("clear", "batch");
    this.#release();
    this.#forget();
    this.pendingError = undefined;
  }

  #release(): void {
    if (this.#owned.size === 0) return;
    for (const owned of this.#owned.values()) for (const message of owned.values()) message[Symbol.dispose]();
    this.#owned.clear();
  }

  /** How many messages have come since `prepare`. */
  get received(): number {
    return this.#received;
  }

  /** Notes that so many more messages have come. */
  add(count: number, mayOwn: boolean): void {
    const first = this.#received;
    this.#received = first + count;
    this.#used = this.#received;
    if (mayOwn) this.#own(first);
    if (this.splits) this.#split(first);
    else this.length = this.#received;
  }

  #own(first: number): void {
    for (let index = first; index < this.#received; index++) {
      if (this.messages.controlLength(index) === 0) continue;
      const owned = ownAll(this.#buffer(index));
      if (owned !== undefined) this.#owned.set(index, owned);
    }
  }

  // Joined datagrams are told apart by the size that the kernel gives with them; without one there is only one.
  #split(first: number): void {
    for (let message = first; message < this.#received; message++) {
      const total = Math.min(this.messages.length(message), LARGEST_MESSAGE); // with MSG_TRUNC it may be more
      const size = Math.max(this.#segmentSize(message) || total, 1);
      const parts = Math.max(Math.ceil(total / size), 1);
      while (this.length + parts > this.#owners.length) this.#growParts(this.#owners.length * 2);
      this.#addParts(message, total, size, parts);
    }
  }

  #addParts(message: number, total: number, size: number, parts: number): void {
    const owners = this.#owners;
    const offsets = this.#offsets;
    const sizes = this.#sizes;
    const first = this.length;
    for (let part = 0, offset = message * this.#slot; part < parts; part++, offset += size) {
      owners[first + part] = message;
      offsets[first + part] = offset;
      sizes[first + part] = size;
    }
    this.length = first + parts;
    sizes[this.length - 1] = total - (parts - 1) * size;
  }

  #growParts(count: number): void {
    this.#owners = enlarged(this.#owners, count);
    this.#offsets = enlarged(this.#offsets, count);
    this.#sizes = enlarged(this.#sizes, count);
  }

  #segmentSize(message: number): number {
    return this.messages.controlLength(message) === 0 ? 0 : receivedSegmentSize(this.#buffer(message));
  }

  #check(index: number): void {
    if (typeof index !== "number" || index >>> 0 !== index || index >= this.length)
      integer(index, "index", 0, this.length - 1);
  }

  #message(index: number): number {
    this.#check(index);
    return this.splits ? (this.#owners[index] as number) : index;
  }

  size(index: number): number {
    this.#check(index);
    if (this.splits) return this.#sizes[index] as number;
    return Math.min(this.messages.length(index), this.#slot); // MSG_TRUNC in the flags tells the real size
  }

  offset(index: number): number {
    this.#check(index);
    return this.splits ? (this.#offsets[index] as number) : index * this.#slot;
  }

  data(index: number): Uint8Array<ArrayBuffer> {
    const size = this.size(index);
    const offset = this.splits ? (this.#offsets[index] as number) : index * this.#slot;
    const kept = this.#views[index];
    if (kept !== undefined && this.#viewSizes[index] === size && this.#viewOffsets[index] === offset) return kept;
    return this.#makeView(index, offset, size);
  }

  #makeView(index: number, offset: number, size: number): Uint8Array<ArrayBuffer> {
    const view = new Uint8Array(this.arena.bytes.buffer, offset, size);
    if (index >= this.#viewSizes.length) {
      const length = Math.max(index + 1, this.#viewSizes.length * 2);
      this.#viewOffsets = enlarged(this.#viewOffsets, length);
      this.#viewSizes = enlarged(this.#viewSizes, length);
    }
    this.#views[index] = view;
    this.#viewOffsets[index] = offset;
    this.#viewSizes[index] = size;
    return view;
  }

  address(index: number): SocketAddress | null {
    const message = this.#message(index);
    const known = this.#addresses[message];
    return known === undefined ? this.#readAddress(message) : known;
  }

  #readAddress(message: number): SocketAddress | null {
    const { messages } = this;
    const before = message === 0 ? undefined : this.#addresses[message - 1];
    const address =
      before !== undefined && messages.sameName(message, message - 1)
        ? before
        : addressAt(
            messages.names.bytes,
            messages.nameWords,
            messages.nameStart(message),
            messages.nameLength(message),
          );
    this.#addresses[message] = address;
    return address;
  }

  control(index: number): ControlBuffer {
    return this.#buffer(this.#message(index));
  }

  #buffer(message: number): ControlBuffer {
    const { bytes, view } = this.messages.controls;
    const start = this.messages.controlStart(message);
    const end = start + this.messages.controlLength(message);
    return { bytes, view, start, end, owned: this.#owned.get(message) };
  }

  flags(index: number): number {
    return this.messages.flags(this.#message(index)) & ~MSG_CMSG_CLOEXEC;
  }
}

function enlarged(old: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  const grown = new Uint32Array(length);
  grown.set(old);
  return grown;
}
