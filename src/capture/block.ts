// What a ring holds: blocks of packets, which are the program's until it gives them back, and then the kernel's again.

import { getInt, getUint } from "../../ffi/layout.ts";
import { platform } from "../../ffi/platform/index.ts";
import { ring, ringStructs } from "../../ffi/structs/packet-ring.ts";
import { SocketError } from "../errors.ts";
import { inspectAs, timeText } from "../inspect.ts";
import { ETHERTYPE_VLAN, type VlanTag } from "../packet/ethernet.ts";

const block = ringStructs.tpacket_hdr_v1.fields;
const header = ringStructs.tpacket3_hdr.fields;
const GIVEN_BACK = "given back";
const BLOCK_HEADER = ringStructs.tpacket_block_desc.fields.hdr[0];

/** How a packet came by: sll_pkttype of packet(7). */
export type PacketType = "host" | "broadcast" | "multicast" | "other-host" | "outgoing" | "other";

const types: readonly PacketType[] = ["host", "broadcast", "multicast", "other-host", "outgoing"];

/** What is known of the checksum of what is in a packet; "pending": the network card is yet to write it, so it is wrong here. */
export type ChecksumState = "valid" | "pending" | "unknown";

/** The memory of a ring, as its blocks see it. */
export interface RingMemory {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
  readonly blockSize: number;
}

/**
 * A packet in the ring: packet(7). It is read where the kernel put it, so everything here is good only until the block is given
 * back, which the next call for a block does (and that for a packet, when there is no more in the block): `copy()` what you keep.
 */
export class CapturedPacket {
  readonly #block: CaptureBlock;
  readonly #memory: RingMemory;
  readonly #at: number;
  #bytes: Uint8Array<ArrayBuffer> | undefined;

  /** Made by its block. Internal. */
  constructor(inside: CaptureBlock, memory: RingMemory, at: number) {
    this.#block = inside;
    this.#memory = memory;
    this.#at = at;
  }

  static {
    inspectAs(this.prototype, (packet) => {
      if (packet.#block.released) return GIVEN_BACK;
      const { length, interfaceIndex, packetType, epochNanoseconds } = packet;
      return `${length} bytes on ${interfaceIndex}, ${packetType}, ${timeText(epochNanoseconds)}`;
    });
  }

  /** What was captured: a view on the ring, from the link's header on; without it with `cooked`. */
  get bytes(): Uint8Array<ArrayBuffer> {
    const mac = this.#field(header.tp_mac);
    const captured = this.#field(header.tp_snaplen);
    const start = this.#at + mac;
    this.#block.expectInside(start, captured);
    return (this.#bytes ??= this.#memory.bytes.subarray(start, start + captured));
  }

  /** A copy of `bytes`, to keep. */
  copy(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice();
  }

  /** How long the packet was, in bytes. */
  get length(): number {
    return this.#field(header.tp_len);
  }

  /** Whether only its beginning was captured. */
  get truncated(): boolean {
    return this.#field(header.tp_snaplen) < this.length;
  }

  /** When the kernel had it, in nanoseconds since 1970 in UTC. */
  get epochNanoseconds(): bigint {
    return BigInt(this.#field(header.tp_sec)) * 1_000_000_000n + BigInt(this.#field(header.tp_nsec));
  }

  /** Where it came or went. */
  get interfaceIndex(): number {
    return getInt(this.#memory.view, this.#address(), sockaddr().sll_ifindex);
  }

  /** Whom it was for. */
  get packetType(): PacketType {
    return types[getUint(this.#memory.view, this.#address(), sockaddr().sll_pkttype)] ?? "other";
  }

  /** The EtherType, ETHERTYPE_*, behind all tags. */
  get protocol(): number {
    return this.#memory.view.getUint16(this.#address() + sockaddr().sll_protocol[0]);
  }

  /** Where in `bytes` the network header begins: 14 on Ethernet. */
  get networkOffset(): number {
    return this.#field(header.tp_net) - this.#field(header.tp_mac);
  }

  /** The tag of its virtual LAN, which the kernel has taken out of `bytes`. */
  get vlan(): VlanTag | undefined {
    const status = this.#field(header.tp_status);
    if ((status & ring.TP_STATUS_VLAN_VALID) === 0) return undefined;
    const control = this.#field(header["hv1.tp_vlan_tci"]);
    const told = (status & ring.TP_STATUS_VLAN_TPID_VALID) !== 0;
    return {
      tpid: told ? this.#field(header["hv1.tp_vlan_tpid"]) : ETHERTYPE_VLAN,
      priority: (control >>> 13) & 7,
      dropEligible: (control & 0x1000) !== 0,
      id: control & 0xfff,
    };
  }

  /** What the kernel knows of its checksum. */
  get checksum(): ChecksumState {
    const status = this.#field(header.tp_status);
    if ((status & ring.TP_STATUS_CSUMNOTREADY) !== 0) return "pending";
    return (status & ring.TP_STATUS_CSUM_VALID) !== 0 ? "valid" : "unknown";
  }

  #field(field: readonly [number, number]): number {
    this.#block.expectOwned();
    return getUint(this.#memory.view, this.#at, field);
  }

  #address(): number {
    this.#block.expectOwned();
    return this.#at + ring.ADDRESS_OFFSET;
  }
}

type AddressFields = NonNullable<(typeof platform.structs)["sockaddr_ll"]>["fields"];

// There is a ring, so there is the struct.
function sockaddr(): AddressFields {
  return (platform.structs.sockaddr_ll as NonNullable<(typeof platform.structs)["sockaddr_ll"]>).fields;
}

/** Some packets that came together, in the order in which they came: Documentation/networking/packet_mmap.rst. */
export class CaptureBlock implements Iterable<CapturedPacket> {
  /** How many packets it holds. */
  readonly length: number;
  /** How many blocks were filled before it. */
  readonly sequence: number;
  readonly #memory: RingMemory;
  readonly #start: number;
  #release: (() => void) | undefined;

  /** Made by its ring. Internal. */
  constructor(memory: RingMemory, start: number, release: () => void) {
    this.#memory = memory;
    this.#start = start;
    this.#release = release;
    this.length = getUint(memory.view, start + BLOCK_HEADER, block.num_pkts);
    this.sequence = getUint(memory.view, start + BLOCK_HEADER, block.seq_num);
  }

  static {
    inspectAs(this.prototype, ({ released, length }) => (released ? GIVEN_BACK : `${length} packets`));
  }

  /** Whether it was given back to the kernel. */
  get released(): boolean {
    return this.#release === undefined;
  }

  /** Gives it back to the kernel: nothing in it may be used any more. Again is nothing. */
  release(): void {
    const release = this.#release;
    this.#release = undefined;
    release?.();
  }

  /** The same as `release`, for `using`. */
  [Symbol.dispose](): void {
    this.release();
  }

  /** Its packets. @throws SocketError kind "closed" once it was released */
  *[Symbol.iterator](): Generator<CapturedPacket, void, undefined> {
    const { view } = this.#memory;
    this.expectOwned();
    let at = this.#start + getUint(view, this.#start + BLOCK_HEADER, block.offset_to_first_pkt);
    for (let index = 0; index < this.length; index++) {
      this.expectInside(at, ringStructs.tpacket3_hdr.size);
      const next = at + getUint(view, at, header.tp_next_offset);
      yield new CapturedPacket(this, this.#memory, at);
      this.expectOwned();
      at = next;
    }
  }

  /** Throws once it was given back. Internal. */
  expectOwned(): void {
    if (this.#release !== undefined) return;
    throw new SocketError("the block of this packet was given back to the kernel; copy() what you keep", {
      code: "ERR_BLOCK_RELEASED",
      syscall: "mmap",
      kind: "closed",
    });
  }

  /** Throws for what is not within the block: `bytes.buffer` is the whole ring, and somebody may have written to it. Internal. */
  expectInside(at: number, size: number): void {
    this.expectOwned();
    if (at >= this.#start && at + size <= this.#start + this.#memory.blockSize) return;
    throw new SocketError(
      "the ring says of a packet that it is outside of its block: somebody has written to the ring",
      {
        code: "ERR_RING_DAMAGED",
        syscall: "mmap",
        kind: "invalid-data",
      },
    );
  }
}
