// What a SendBatch holds: every datagram as it was pushed; the messages that the kernel is given are laid out from that at each
// send, because only then is known which family the socket has, whether it joins datagrams (UDP_SEGMENT), and from which
// datagram on is sent.

import { type BatchCalls, batchCalls, MessageArray, NAME_SLOT } from "../../ffi/batch.ts";
import type { View } from "../../ffi/calls.ts";
import { copyInto } from "../../ffi/copy.ts";
import { byteLengthOf, Region } from "../../ffi/memory.ts";
import { platform } from "../../ffi/platform/index.ts";
import { sockaddr } from "../../ffi/structs/sockaddr.ts";
import { SocketAddress, type SocketAddressLike, toSocketAddress } from "../address/index.ts";
import { int32, integer, type OptionNames, refuseUnknown, show, textOrView } from "../arguments.ts";
import { pending, type SocketError } from "../errors.ts";
import { checkControl, type ControlMessage, type ControlPayload, controlSpace, writeControl } from "./control.ts";
import { Duplicates } from "./rights.ts";
import { SEGMENT_CONTROL, writeSegmentSize } from "./segment-size.ts";

/** What `new SendBatch` takes. */
export interface SendBatchOptions {
  /** How many datagrams it holds at most: 1 to 65,536. */
  readonly capacity: number;
  /** The largest datagram, in bytes: 0 to 65,535. */
  readonly size: number;
  /** "auto": neighbours of equal size for one destination go out joined (UDP_SEGMENT), where the system can. */
  readonly segmentation?: "auto" | undefined;
}

const OPTIONS: OptionNames<SendBatchOptions> = { capacity: true, size: true, segmentation: true };

/** What `push` takes beside data and address. */
export interface PushOptions {
  /** Control messages for this datagram. */
  readonly control?: Iterable<ControlMessage> | undefined;
  /** MSG_* for this datagram. */
  readonly flags?: number | undefined;
}

/** How a socket wants its messages laid out. */
export interface SendTerms {
  readonly family: number;
  /** The bytes of an address as this socket is told it. */
  target(address: SocketAddress): Uint8Array<ArrayBuffer>;
  /** The payloads of control messages for a destination. */
  payloads(address: SocketAddress | null, control: readonly ControlMessage[], name: string): ControlPayload[];
  /** Throws where the socket has several addresses, and an answer must say from which of them it goes out. */
  refuseUnsourced(index: number): void;
}

/** The largest message of joined datagrams: 65,535 less the headers of IPv4 and UDP. */
const LARGEST_JOINED = 65_507;
/** As many messages as one sendmmsg(2) takes: UIO_MAXIOV. */
const LARGEST_CALL = 1024;

/** What a SendBatch holds. */
export class Outgoing {
  readonly capacity: number;
  readonly size: number;
  readonly joins: boolean;
  calls: BatchCalls = batchCalls;
  pendingError: SocketError | undefined;
  /** Where the next send begins: after the datagrams that a send before has brought on their way. */
  cursor = 0;
  /** Whether an asynchronous operation uses it. */
  busy = false;
  /** Whether the kernel has refused the datagram at the cursor. */
  refused = false;
  length = 0;
  /** The last answer that does not say which address it goes out from; -1 for none. */
  unsourced = -1;
  readonly #arena: Region;
  #filled = 0;
  readonly #offsets: Uint32Array;
  readonly #sizes: Uint32Array;
  readonly #addresses: (SocketAddress | null)[] = [];
  readonly #extras: ((PushOptions & { readonly control?: readonly ControlMessage[] | undefined }) | undefined)[] = [];
  #plain = true;
  readonly messages: MessageArray;
  #controls: (Region | undefined)[] = [];
  #duplicates: Duplicates | undefined;
  /** How many datagrams lie in each message of the last layout. */
  readonly #counts: Uint32Array;
  /** What was last written as the name of each message: mostly the same again. */
  readonly #targets: (Uint8Array<ArrayBuffer> | undefined)[] = [];
  /** Whether all datagrams have one address, the very same object. */
  #uniform = true;
  // neighbours that can be joined are a run: of each datagram where its run begins, and there where it ends
  readonly #runStarts: Uint32Array;
  readonly #runEnds: Uint32Array;

  constructor(options: SendBatchOptions) {
    if (typeof options !== "object" || options === null) {
      throw new TypeError(`options must be { capacity, size }, not ${show(options)}`);
    }
    refuseUnknown(options, OPTIONS);
    this.capacity = integer(options.capacity, "capacity", 1, 65_536);
    this.size = integer(options.size, "size", 0, 65_535);
    this.joins = checkSegmentation(options.segmentation) && platform.segmentation !== undefined;
    this.#arena = new Region(this.capacity * this.size);
    this.#offsets = new Uint32Array(this.capacity);
    this.#sizes = new Uint32Array(this.capacity);
    this.#runStarts = new Uint32Array(this.joins ? this.capacity : 0);
    this.#runEnds = new Uint32Array(this.joins ? this.capacity : 0);
    const messages = Math.min(this.capacity, LARGEST_CALL);
    this.messages = new MessageArray(messages, SEGMENT_CONTROL);
    this.#counts = new Uint32Array(messages);
  }

  push(data: unknown, address: SocketAddressLike | null | undefined, options: PushOptions | undefined): boolean {
    if (this.busy) throw pending("push", "batch");
    if (this.length === this.capacity) return false;
    const index = this.length;
    const to = address instanceof SocketAddress ? address : addressOf(address, index);
    const extra = options === undefined ? undefined : checkExtra(options, index);
    const views = Array.isArray(data) ? partsOf(data, index) : viewOf(data, index);
    // a getter or generator of the user's may have used the batch meanwhile
    if (this.busy || this.length !== index) throw pending("push", "batch");
    const size = Array.isArray(views) ? this.#copyParts(views, index) : this.#copy(views, index, 0);
    this.#offsets[index] = this.#filled;
    this.#sizes[index] = size;
    if (this.joins) this.#joinRun(index, size, to, extra);
    if (index > 0 && to !== this.#addresses[index - 1]) this.#uniform = false;
    this.#addresses[index] = to;
    if (extra !== undefined || !this.#plain) this.#extras[index] = extra;
    if (extra !== undefined) this.#plain = false;
    this.#filled += size;
    this.length = index + 1;
    return true;
  }

  /** Where a datagram goes to; null: to the peer. */
  addressOf(index: number): SocketAddress | null {
    return this.#addresses[index] ?? null;
  }

  // The copy is made before anything is noted, so that a failure leaves the batch as it was.
  #copy(view: View, index: number, before: number): number {
    const size = byteLengthOf(view);
    if (before + size > this.size) {
      throw new RangeError(
        `data of datagram ${index} has ${before + size} bytes, and the batch was made for ${this.size}`,
      );
    }
    copyInto(this.#arena, this.#filled + before, view, size);
    return before + size;
  }

  #copyParts(parts: readonly View[], index: number): number {
    let size = 0;
    for (const part of parts) size = this.#copy(part, index, size);
    return size;
  }

  skip(): boolean {
    if (this.busy) throw pending("skip", "batch");
    if (!this.refused) return false;
    this.refused = false;
    this.pendingError = undefined;
    this.cursor += 1;
    if (this.cursor < this.length) return true;
    this.cursor = 0; // it has gone as a whole, and may be sent again
    return false;
  }

  clear(): void {
    if (this.busy) throw pending("clear", "batch");
    this.length = 0;
    this.cursor = 0;
    this.refused = false;
    this.#filled = 0;
    this.unsourced = -1;
    this.pendingError = undefined;
    this.#uniform = true;
    if (this.#plain) return;
    this.#plain = true;
    this.#extras.fill(undefined);
    this.#controls = [];
  }

  /** The flags of a datagram. */
  flagsOf(index: number): number {
    return this.#extras[index]?.flags ?? 0;
  }

  /** Checks every datagram from one on against a socket, before any is sent. */
  check(start: number, terms: SendTerms): void {
    let last: SocketAddress | null = null;
    if (this.unsourced >= start) terms.refuseUnsourced(this.unsourced);
    const end = this.#plain && this.#uniform ? Math.min(start + 1, this.length) : this.length;
    for (let index = start; index < end; index++) {
      const address = this.#addresses[index] as SocketAddress | null;
      if (address !== null && address !== last) {
        last = address;
        checkTarget(terms.target(address), address, terms.family, `address of datagram ${index}`);
      }
      const control = this.#extras[index]?.control;
      if (control === undefined) continue;
      const name = `control of datagram ${index}`;
      controlSpace(terms.payloads(address, control, name), name);
    }
  }

  /**
   * Lays out messages for the kernel from datagram `start` on, joining at most so many datagrams in each, up to datagram `end`
   * or a change of flags: how many messages.
   */
  layOut(start: number, end: number, terms: SendTerms, segments: number): number {
    const { messages } = this;
    const flags = this.flagsOf(start);
    let count = 0;
    let target: Uint8Array<ArrayBuffer> | undefined;
    let last: SocketAddress | null = null;
    for (let index = start; index < end && count < messages.capacity; count++) {
      if (!this.#plain && this.flagsOf(index) !== flags) break;
      const address = this.#addresses[index] as SocketAddress | null;
      const joined = segments > 1 ? this.#run(index, end, segments) : 1;
      messages.setVector(count, this.#arena.address + (this.#offsets[index] as number), this.#extent(index, joined));
      if (address === null) messages.setNameLength(count, 0);
      else {
        if (address !== last || target === undefined) target = terms.target(address);
        if (this.#targets[count] !== target) {
          messages.names.bytes.set(target, count * NAME_SLOT);
          this.#targets[count] = target;
        }
        messages.setNameLength(count, target.length);
      }
      last = address;
      const control = this.#plain ? undefined : this.#extras[index]?.control;
      if (control !== undefined)
        this.#setControl(count, terms.payloads(address, control, `control of datagram ${index}`));
      else if (joined > 1) this.#setSegmentSize(count, this.#sizes[index] as number);
      else messages.setControlLength(count, 0);
      this.#counts[count] = joined;
      index += joined;
    }
    return count;
  }

  /** The batch has to wait: descriptors that are still to be sent are duplicated, until it is released. */
  keepRights(terms: SendTerms): void {
    if (this.#plain) return;
    this.#duplicates = new Duplicates();
    for (let index = this.cursor; index < this.length; index++) {
      const control = this.#extras[index]?.control;
      if (control === undefined) continue;
      const address = this.#addresses[index] as SocketAddress | null;
      this.#duplicates.substitute(controlRegion(terms.payloads(address, control, `control of datagram ${index}`)));
    }
  }

  /** Gives those duplicates back. */
  releaseRights(): void {
    this.#duplicates?.release();
    this.#duplicates = undefined;
  }

  /** How many datagrams lie in the first messages of the last layout. */
  datagramsIn(messages: number): number {
    let total = 0;
    for (let index = 0; index < messages; index++) total += this.#counts[index] as number;
    return total;
  }

  // Neighbours for one destination, of equal size but for a shorter last one (udp(7), UDP_SEGMENT).
  #joinRun(index: number, size: number, address: SocketAddress | null, extra: PushOptions | undefined): void {
    const start = index === 0 ? 0 : (this.#runStarts[index - 1] as number);
    const first = this.#sizes[start] as number;
    const joins =
      index > 0 &&
      extra === undefined &&
      this.#extras[start] === undefined &&
      size > 0 &&
      size <= first &&
      this.#sizes[index - 1] === first &&
      sameAddress(address, this.#addresses[index - 1] as SocketAddress | null);
    this.#runStarts[index] = joins ? start : index;
    this.#runEnds[joins ? start : index] = index + 1;
  }

  /** How many datagrams from one on can be joined in a message. */
  #run(start: number, end: number, segments: number): number {
    const most = Math.min(this.#runEnds[this.#runStarts[start] as number] as number, end) - start;
    if (most === 1) return 1;
    const fitting = Math.floor(LARGEST_JOINED / (this.#sizes[start] as number));
    const joined = Math.min(most, segments, Math.max(fitting, 1));
    // the shorter last one may fit where another whole one does not
    const one = joined < most && joined < segments && this.#extent(start, joined + 1) <= LARGEST_JOINED;
    return one ? joined + 1 : joined;
  }

  /** How many bytes so many datagrams have. */
  #extent(start: number, count: number): number {
    const last = start + count - 1;
    return (this.#offsets[last] as number) + (this.#sizes[last] as number) - (this.#offsets[start] as number);
  }

  #setSegmentSize(index: number, size: number): void {
    const { messages } = this;
    writeSegmentSize(messages.controls.view, messages.controlStart(index), size);
    messages.useControl(index, null);
    messages.setControlLength(index, SEGMENT_CONTROL);
  }

  #setControl(index: number, payloads: readonly ControlPayload[]): void {
    const region = controlRegion(payloads);
    this.#duplicates?.substitute(region);
    this.#controls[index] = region; // its address is in the message: it must stay
    this.messages.useControl(index, region);
    this.messages.setControlLength(index, region.bytes.length);
  }
}

function controlRegion(payloads: readonly ControlPayload[]): Region {
  const region = new Region(controlSpace(payloads));
  writeControl(region, 0, payloads);
  return region;
}

// Names of arguments are made only where there is something to say about them: a string for each datagram would be garbage.

function addressOf(address: SocketAddressLike | null | undefined, index: number): SocketAddress | null {
  if (address === undefined || address === null) return null;
  return address instanceof SocketAddress ? address : toSocketAddress(address, `address of datagram ${index}`);
}

function sameAddress(one: SocketAddress | null, other: SocketAddress | null): boolean {
  return one === other || (one !== null && other !== null && one.equals(other));
}

function viewOf(data: unknown, index: number): View {
  const plain = ArrayBuffer.isView(data) && data instanceof Uint8Array && data.byteLength > 0; // and no Proxy of one
  return plain ? data : textOrView(data, `data of datagram ${index}`);
}

/** Checks the option of both batches. */
export function checkSegmentation(segmentation: unknown): boolean {
  if (segmentation === undefined || segmentation === "auto") return segmentation === "auto";
  throw new TypeError(`segmentation must be "auto" or absent, not ${show(segmentation)}`);
}

function partsOf(parts: readonly unknown[], index: number): View[] {
  return Array.from(parts, (part) => textOrView(part, `data of datagram ${index}`));
}

function checkTarget(bytes: Uint8Array<ArrayBuffer>, address: SocketAddress, family: number, name: string): void {
  if (bytes.length > NAME_SLOT) throw new RangeError(`${name} is too long`);
  const theirs = sockaddr.family(bytes);
  if (theirs === family || family === platform.core.AF_UNSPEC) return;
  throw new TypeError(`${name}, ${address}, is of family ${theirs}, and the socket is of family ${family}`);
}

function checkExtra(
  options: PushOptions,
  index: number,
): (PushOptions & { control?: readonly ControlMessage[] }) | undefined {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`options of datagram ${index} must be { control, flags }, not ${show(options)}`);
  }
  const flags = options.flags === undefined ? 0 : int32(options.flags, `flags of datagram ${index}`);
  const { MSG_ZEROCOPY = 0 } = platform.core;
  if ((flags & MSG_ZEROCOPY) !== 0)
    throw new TypeError(`flags of datagram ${index}: a batch copies, MSG_ZEROCOPY is for send, sendTo, sendMessage`);
  const control = options.control === undefined ? [] : checkControl(options.control, `control of datagram ${index}`);
  if (control.length > 0) return { flags, control };
  return flags === 0 ? undefined : { flags };
}
