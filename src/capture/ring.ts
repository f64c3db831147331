// Capturing packets through memory that is shared with the kernel: packet(7), Documentation/networking/packet_mmap.rst.

import { errnoNumber } from "../../ffi/errno.ts";
import { mapShared, unmap } from "../../ffi/mapping.ts";
import { platform } from "../../ffi/platform/index.ts";
import { fanoutModes, packetAddress, ring, ringStruct, ringStructs } from "../../ffi/structs/packet-ring.ts";
import { getUint } from "../../ffi/layout.ts";
import { type InterfaceLike, NativeSocketAddress, resolveInterface } from "../address/index.ts";
import { boolean, integer, type OptionNames, record, refuseUnknown, show } from "../arguments.ts";
import { closed, failed, notSupported, pending, SocketError } from "../errors.ts";
import { inspectAs } from "../inspect.ts";
import { SO_ATTACH_FILTER } from "../option/socket-linux.ts";
import type { BpfInstruction } from "../packet/bpf.ts";
import type { AsyncOptions } from "../socket/loop-operation.ts";
import type { OperationOptions } from "../socket/operation.ts";
import { describeSocket } from "../socket/ref.ts";
import { Socket } from "../socket/socket.ts";
import { deadlineIn, remaining } from "../wait/deadline.ts";
import { CaptureBlock, type CapturedPacket, type RingMemory } from "./block.ts";

const { POLLIN, POLLERR, SOCK_RAW, SOCK_DGRAM, SOL_SOCKET, SO_ERROR } = platform.core;
const STATUS = ringStructs.tpacket_block_desc.fields.hdr[0] + ringStructs.tpacket_hdr_v1.fields.block_status[0];
const ETH_P_ALL = 3;
const PAGE = 4096;
const FRAME = 2048; // no frame is so long or short: version 3 uses it for its arithmetic only

/** How packets are spread over the rings of one fanout group: PACKET_FANOUT of packet(7). */
export interface FanoutOptions {
  /** 0 to 65535: the rings of this host that name the same group share its packets. */
  readonly group: number;
  /** Default "hash": packets of one flow to one ring. */
  readonly mode?: keyof typeof fanoutModes | undefined;
  /** Whether fragments are put together first. Default false. */
  readonly defragment?: boolean | undefined;
}

/** What a ring captures, and how. */
export interface CaptureOptions {
  /** By name, index or address. Default: all interfaces. */
  readonly interface?: InterfaceLike | undefined;
  /** An EtherType, in host order. Default: all, those that this host sends too. */
  readonly protocol?: number | undefined;
  /** What the kernel lets through: `packetFilter(portIs(53))`, or a program of `assemble`. Default: everything. */
  readonly filter?: readonly BpfInstruction[] | undefined;
  /** Whether packets for other hosts are captured too; needs `interface`. Default false. */
  readonly promiscuous?: boolean | undefined;
  /** Whether what this host sends is left out. Default false. Linux 4.20. */
  readonly ignoreOutgoing?: boolean | undefined;
  /** Whether packets come without the header of the link: SOCK_DGRAM. Default false. */
  readonly cooked?: boolean | undefined;
  /** Bytes of a block, a multiple of 4096, which bounds how much of a packet is captured. Default 262,144. */
  readonly blockSize?: number | undefined;
  /** How many blocks there are. Default 16: 4 MiB in all. */
  readonly blockCount?: number | undefined;
  /** After how many milliseconds a block is handed over that is not full: an integer from 1. Default 10. */
  readonly blockTimeout?: number | undefined;
  /** Shares the packets with other rings. */
  readonly fanout?: FanoutOptions | undefined;
}

/** What a ring has counted since it was made: PACKET_STATISTICS of packet(7). */
export interface CaptureStatistics {
  /** Packets that the filter let through, dropped ones included. */
  readonly packets: number;
  /** Packets for which there was no room. */
  readonly drops: number;
  /** How often the kernel has found all blocks full. */
  readonly freezes: number;
}

/**
 * A ring of blocks that the kernel fills with packets, without a copy and without a call for each: AF_PACKET, TPACKET_V3. It wants
 * CAP_NET_RAW. Linux only.
 *
 * Packets are views on the ring. They are good until the next block is asked for: `packet.copy()` what you keep. `close()` gives the
 * memory back, and views of it are empty from then on.
 *
 * @example
 * using ring = new CaptureRing({ interface: "eth0", filter: packetFilter(portIs(53)) });
 * for (const packet of ring.packets({ timeout: 5000 })) console.log(packet.epochNanoseconds, packet.bytes.toHex());
 *
 * @example
 * for await (const packet of ring) console.log(parseEthernet(packet.bytes));
 */
export class CaptureRing implements Disposable, Iterable<CapturedPacket>, AsyncIterable<CapturedPacket> {
  /** The socket under it, for its options. Close the ring, not the socket. */
  readonly socket: Socket;
  readonly #memory: RingMemory;
  readonly #status: Int32Array<ArrayBuffer>;
  readonly #count: number;
  #index = 0;
  #block: CaptureBlock | undefined;
  #packets: Iterator<CapturedPacket, void> | undefined;
  #waiting = false;
  #counted: CaptureStatistics = { packets: 0, drops: 0, freezes: 0 };

  /**
   * Makes a ring, and begins to capture.
   *
   * @throws TypeError, RangeError naming the option that is wrong
   * @throws SocketError kind "not-supported" where this is not Linux, "permission-denied", "no-such-device", "no-space" (ENOMEM)
   */
  constructor(options: CaptureOptions = {}) {
    const { AF_PACKET } = platform.core;
    if (platform.name !== "linux" || AF_PACKET === undefined) {
      throw notSupported("CaptureRing", `AF_PACKET is Linux's, and this is ${platform.name}`);
    }
    const terms = check(options);
    this.#count = terms.blockCount;
    // protocol 0 receives nothing until bind(2): neither of other interfaces, nor past the filter
    this.socket = new Socket(AF_PACKET, terms.cooked ? SOCK_DGRAM : SOCK_RAW, 0);
    try {
      configure(this.socket, terms);
      const size = terms.blockSize * terms.blockCount;
      const memory = mapShared(this.socket.fd, size);
      if (typeof memory === "number") throw failed(memory, { syscall: "mmap" });
      this.#memory = { bytes: new Uint8Array(memory), view: new DataView(memory), blockSize: terms.blockSize };
      this.#status = new Int32Array(memory);
      this.socket.bind(new NativeSocketAddress(packetAddress(terms.interfaceIndex, terms.protocol)));
      if (terms.fanout !== undefined) this.socket.setOption(ring.SOL_PACKET, ring.PACKET_FANOUT, terms.fanout);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  static {
    inspectAs(this.prototype, ({ socket }) => describeSocket(socket));
  }

  /** Whether it was closed. */
  get closed(): boolean {
    return this.socket.closed;
  }

  /**
   * The next block, without waiting: null when none is full or old enough. Gives the one before back.
   *
   * @throws SocketError kind "closed"
   */
  tryNextBlock(): CaptureBlock | null {
    if (this.closed) throw closed("CaptureRing.nextBlock", "ring");
    this.#packets = undefined;
    this.#block?.release();
    for (;;) {
      const start = this.#index * this.#memory.blockSize;
      const word = (start + STATUS) >>> 2;
      // the kernel writes the block first and its status last: this load is the other half of that order
      if ((Atomics.load(this.#status, word) & ring.TP_STATUS_USER) === 0) return null;
      const status = this.#status;
      const block = new CaptureBlock(this.#memory, start, () => {
        if (this.#block === block) this.#block = undefined;
        if (status.length > 0) Atomics.store(status, word, ring.TP_STATUS_KERNEL);
      });
      this.#block = block;
      this.#index = (this.#index + 1) % this.#count;
      if (block.length > 0) return block;
      block.release();
    }
  }

  /**
   * The next block; gives the one before back.
   *
   * @throws SocketError kind "timed-out", "cancelled", "closed", "network-unreachable" (ENETDOWN: the interface went down)
   */
  nextBlock(options?: OperationOptions): CaptureBlock {
    let block = this.tryNextBlock();
    let terms = options;
    const deadline = deadlineIn(options?.timeout ?? this.socket.timeout);
    while (block === null) {
      this.#meet(this.socket.conditionWait(POLLIN, terms));
      block = this.tryNextBlock();
      // woken for nothing: what is left of the budget
      if (block === null && deadline !== Infinity) terms = { ...options, timeout: remaining(deadline) };
    }
    return block;
  }

  /** `nextBlock` on the event loop; one at a time. @throws SocketError kind "pending" while another waits, and as `nextBlock` */
  async nextBlockAsync(options?: AsyncOptions): Promise<CaptureBlock> {
    if (this.#waiting) throw pending("CaptureRing.nextBlockAsync", "ring");
    this.#waiting = true;
    try {
      let block = this.tryNextBlock();
      let terms = options;
      const deadline = deadlineIn(options?.timeout ?? this.socket.timeout);
      while (block === null) {
        this.#meet(await this.socket.conditionWaitAsync(POLLIN, terms));
        block = this.tryNextBlock();
        if (block === null && deadline !== Infinity) terms = { ...options, timeout: remaining(deadline) };
      }
      return block;
    } finally {
      this.#waiting = false;
    }
  }

  /** The next packet, without waiting; null when there is none. @throws SocketError kind "closed" */
  tryNext(): CapturedPacket | null {
    return this.#nextInBlock() ?? (this.tryNextBlock() === null ? null : this.#firstInBlock());
  }

  /** The next packet; when its block has no more, that is given back. @throws SocketError as `nextBlock` */
  next(options?: OperationOptions): CapturedPacket {
    const packet = this.#nextInBlock();
    if (packet !== undefined) return packet;
    this.nextBlock(options);
    return this.#firstInBlock();
  }

  /** `next` on the event loop; one at a time. @throws SocketError as `nextBlockAsync` */
  async nextAsync(options?: AsyncOptions): Promise<CapturedPacket> {
    const packet = this.#nextInBlock();
    if (packet !== undefined) return packet;
    await this.nextBlockAsync(options);
    return this.#firstInBlock();
  }

  /** All packets from now on, waiting for each as `next` does. Ends when the ring is closed. */
  *packets(options?: OperationOptions): Generator<CapturedPacket, void, undefined> {
    while (!this.closed) yield this.next(options);
  }

  /** All packets from now on, on the event loop. Ends when the ring is closed. */
  async *packetsAsync(options?: AsyncOptions): AsyncGenerator<CapturedPacket, void, undefined> {
    while (!this.closed) {
      try {
        yield await this.nextAsync(options);
      } catch (error) {
        if (this.closed && error instanceof SocketError && error.kind === "closed") return;
        throw error;
      }
    }
  }

  /** `packets()`: waits for each as long as `socket.timeout` says. */
  [Symbol.iterator](): Generator<CapturedPacket, void, undefined> {
    return this.packets();
  }

  /** `packetsAsync()`. */
  [Symbol.asyncIterator](): AsyncGenerator<CapturedPacket, void, undefined> {
    return this.packetsAsync();
  }

  /** What was captured and what was lost since the ring was made: PACKET_STATISTICS. @throws SocketError kind "closed" */
  statistics(): CaptureStatistics {
    const { size, fields } = ringStructs.tpacket_stats_v3;
    const view = new DataView(this.socket.getOption(ring.SOL_PACKET, ring.PACKET_STATISTICS, size).buffer);
    const before = this.#counted; // the kernel begins again from 0 when it is asked
    this.#counted = Object.freeze({
      packets: before.packets + getUint(view, 0, fields.tp_packets),
      drops: before.drops + getUint(view, 0, fields.tp_drops),
      freezes: before.freezes + getUint(view, 0, fields.tp_freeze_q_cnt),
    });
    return this.#counted;
  }

  /** Ends the capture: munmap(2), close(2). Views of the ring are empty from then on. Again is nothing. */
  close(): void {
    this.#block?.release();
    this.#packets = undefined;
    // the mapping holds the kernel's socket too, so it goes first; it is not there when the constructor has failed
    const memory = this.#memory as RingMemory | undefined;
    if (memory !== undefined) unmap(memory.bytes.buffer);
    this.socket.close();
  }

  /** The same as `close`, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  #nextInBlock(): CapturedPacket | undefined {
    if (this.closed) throw closed("CaptureRing.next", "ring");
    if (this.#block === undefined) return undefined;
    const next = this.#packets?.next();
    return next?.done === false ? next.value : undefined;
  }

  // There is a block, and no block is empty.
  #firstInBlock(): CapturedPacket {
    this.#packets = (this.#block as CaptureBlock)[Symbol.iterator]();
    return (this.#packets.next() as IteratorYieldResult<CapturedPacket>).value;
  }

  // An error of the socket ends the wait as well; it is told once.
  #meet(ready: number): void {
    if ((ready & POLLERR) === 0) return;
    const error = this.socket.getOption(SOL_SOCKET, SO_ERROR);
    if (error !== 0) throw failed(-error, { syscall: "poll", advice: adviceOn(error) });
  }
}

function adviceOn(error: number): string | undefined {
  return error === errnoNumber("ENETDOWN")
    ? "the interface is down, or gone: bring it up and make a new ring"
    : undefined;
}

interface Terms {
  readonly interfaceIndex: number;
  readonly protocol: number;
  readonly filter: readonly BpfInstruction[] | undefined;
  readonly promiscuous: boolean;
  readonly ignoreOutgoing: boolean;
  readonly cooked: boolean;
  readonly blockSize: number;
  readonly blockCount: number;
  readonly blockTimeout: number;
  readonly fanout: number | undefined;
}

const OPTIONS: OptionNames<CaptureOptions> = {
  interface: true,
  protocol: true,
  filter: true,
  promiscuous: true,
  ignoreOutgoing: true,
  cooked: true,
  blockSize: true,
  blockCount: true,
  blockTimeout: true,
  fanout: true,
};
const FANOUT_OPTIONS: OptionNames<FanoutOptions> = { group: true, mode: true, defragment: true };

function check(options: CaptureOptions): Terms {
  const { protocol, filter, promiscuous, ignoreOutgoing, cooked, blockTimeout, fanout } = record(options, "options");
  refuseUnknown(options, OPTIONS);
  const blockSize = integer(options.blockSize ?? 262_144, "blockSize", PAGE, 0x4000_0000);
  if (blockSize % PAGE !== 0) throw new RangeError(`blockSize must be a multiple of ${PAGE}, not ${blockSize}`);
  const interfaceIndex = options.interface === undefined ? 0 : resolveInterface(options.interface);
  const listening = promiscuous !== undefined && boolean(promiscuous, "promiscuous");
  if (listening && interfaceIndex === 0) {
    throw new TypeError("interface must be given with promiscuous: it is a mode of one interface");
  }
  if (filter !== undefined && (!Array.isArray(filter) || filter.length === 0)) {
    throw new TypeError(`filter must be instructions, as packetFilter() and assemble() make them, not ${show(filter)}`);
  }
  return {
    interfaceIndex,
    protocol: protocol === undefined ? ETH_P_ALL : integer(protocol, "protocol", 1, 0xffff),
    filter,
    promiscuous: listening,
    ignoreOutgoing: ignoreOutgoing !== undefined && boolean(ignoreOutgoing, "ignoreOutgoing"),
    cooked: cooked !== undefined && boolean(cooked, "cooked"),
    blockSize,
    blockCount: integer(options.blockCount ?? 16, "blockCount", 1, Math.floor(0x7fff_ffff / blockSize)),
    blockTimeout: integer(blockTimeout ?? 10, "blockTimeout", 1, 0x7fff_ffff),
    fanout: fanout === undefined ? undefined : fanoutValue(fanout, ignoreOutgoing ?? false),
  };
}

function fanoutValue(fanout: FanoutOptions, ignoreOutgoing: boolean): number {
  const { group, mode = "hash", defragment = false } = record(fanout, "fanout");
  refuseUnknown(fanout, FANOUT_OPTIONS);
  if (!Object.hasOwn(fanoutModes, mode)) {
    throw new TypeError(`fanout.mode must be one of ${Object.keys(fanoutModes).join(", ")}, not ${show(mode)}`);
  }
  const flags =
    (boolean(defragment, "fanout.defragment") ? ring.PACKET_FANOUT_FLAG_DEFRAG : 0) |
    // a group has its own hook in the kernel, which does not look at what its sockets have asked for
    (ignoreOutgoing ? ring.PACKET_FANOUT_FLAG_IGNORE_OUTGOING : 0);
  return integer(group, "fanout.group", 0, 0xffff) | ((fanoutModes[mode] | flags) << 16);
}

function configure(socket: Socket, terms: Terms): void {
  const { blockSize, blockCount } = terms;
  const set = (name: number, value: number | Uint8Array): void => socket.setOption(ring.SOL_PACKET, name, value);
  set(ring.PACKET_VERSION, ring.TPACKET_V3);
  if (terms.filter !== undefined) socket.setOption(SO_ATTACH_FILTER, terms.filter);
  if (terms.ignoreOutgoing) set(ring.PACKET_IGNORE_OUTGOING, 1);
  const request = ringStruct("tpacket_req3", {
    tp_block_size: blockSize,
    tp_block_nr: blockCount,
    tp_frame_size: FRAME,
    tp_frame_nr: (blockSize / FRAME) * blockCount,
    tp_retire_blk_tov: terms.blockTimeout,
  });
  set(ring.PACKET_RX_RING, request);
  if (terms.promiscuous) {
    const membership = { mr_ifindex: terms.interfaceIndex, mr_type: ring.PACKET_MR_PROMISC };
    set(ring.PACKET_ADD_MEMBERSHIP, ringStruct("packet_mreq", membership));
  }
}
