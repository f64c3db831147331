// Capture files: pcapng, draft-ietf-opsawg-pcapng. Everything is in little-endian order; the magic number says so to the reader.

import { integer, record, show } from "../arguments.ts";
import { inspectAs } from "../inspect.ts";
import { type VlanTag, withVlanTag } from "../packet/ethernet.ts";
import { bufferOf } from "../packet/fields.ts";
import { PcapngBlock } from "./pcapng-block.ts";

/** Link type: Ethernet. */
export const LINKTYPE_ETHERNET = 1;
/** Link type: IPv4 or IPv6 without a header of the link (`cooked`). */
export const LINKTYPE_RAW = 101;

const [SECTION_HEADER, INTERFACE, STATISTICS, ENHANCED_PACKET] = [0x0a0d_0d0a, 1, 5, 6] as const;
const BYTE_ORDER_MAGIC = 0x1a2b_3c4d;
const NANOSECONDS = 9; // if_tsresol: 10^-9 s
const MOST_BYTES = 0x7fff_fff0;

/** Where a writer puts blocks: `Bun.file(path).writer()`, or anything that takes bytes and may keep them. */
export interface PcapngSink {
  write(bytes: Uint8Array<ArrayBuffer>): unknown;
}

/** What a file says of itself. */
export interface PcapngSection {
  readonly comment?: string | undefined;
  /** The machine. */
  readonly hardware?: string | undefined;
  readonly os?: string | undefined;
  /** The program that wrote the file. Default "berkeley". */
  readonly application?: string | undefined;
}

/** An interface that packets are from. */
export interface PcapngInterface {
  /** LINKTYPE_*. Default LINKTYPE_ETHERNET. */
  readonly linkType?: number | undefined;
  /** How many bytes of a packet are captured at most; default 0, which is without limit. */
  readonly snapLength?: number | undefined;
  /** "eth0" */
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly comment?: string | undefined;
  readonly os?: string | undefined;
  /** Six bytes. */
  readonly hardwareAddress?: Uint8Array | undefined;
  /** Bits per second. */
  readonly speed?: bigint | undefined;
}

/** A packet to write: a CapturedPacket is one. */
export interface PcapngPacket {
  readonly bytes: Uint8Array;
  /** How long it was before it was cut. Default: as many bytes as there are. */
  readonly length?: number | undefined;
  /** Since 1970 in UTC, 0 to 2^64-1. */
  readonly epochNanoseconds: bigint;
  /** A tag that has been taken out of `bytes`; on an interface of LINKTYPE_ETHERNET it is put back where it was. */
  readonly vlan?: VlanTag | undefined;
}

/** What may be said of a packet besides. */
export interface PcapngPacketDetails {
  /** A number that `addInterface` gave. Default 0. */
  readonly interface?: number | undefined;
  readonly comment?: string | undefined;
  /** Whether it came in or went out. */
  readonly direction?: "inbound" | "outbound" | undefined;
  /** How many packets were lost between the one before and this. */
  readonly dropCount?: number | bigint | undefined;
}

/** What an interface has counted. */
export interface PcapngStatistics {
  /** When, since 1970 in UTC. */
  readonly epochNanoseconds: bigint;
  readonly received?: number | bigint | undefined;
  readonly dropped?: number | bigint | undefined;
}

/**
 * Writes a capture file block by block: a section header, interfaces, packets with times in nanoseconds. tcpdump,
 * Wireshark and all that use libpcap read it.
 *
 * The sink is the caller's: flush and end it. Without one the file is kept in memory until `take()`.
 *
 * @example
 * const sink = Bun.file("capture.pcapng").writer();
 * const writer = new PcapngWriter(sink);
 * writer.addInterface({ name: "eth0" });
 * for (const packet of ring.packets()) writer.writePacket(packet);
 * await sink.end();
 */
export class PcapngWriter {
  readonly #sink: PcapngSink | undefined;
  readonly #kept: Uint8Array<ArrayBuffer>[] = [];
  readonly #linkTypes: number[] = [];

  /**
   * Begins a section.
   *
   * @throws TypeError when the sink has no `write`, or an option is no text
   */
  constructor(sink?: PcapngSink, section: PcapngSection = {}) {
    const { comment, hardware, os, application = "berkeley" } = record(section, "section");
    if (sink !== undefined && typeof sink?.write !== "function") {
      throw new TypeError(`sink must have a write(bytes), as Bun.file(path).writer() has, not ${show(sink)}`);
    }
    this.#sink = sink;
    const block = new PcapngBlock(SECTION_HEADER);
    block.uint32(BYTE_ORDER_MAGIC);
    block.uint16(1);
    block.uint16(0);
    block.uint64(0xffff_ffff_ffff_ffffn); // the length of the section is not known
    block.text(1, comment, "comment");
    block.text(2, hardware, "hardware");
    block.text(3, os, "os");
    block.text(4, application, "application");
    this.#put(block);
  }

  static {
    inspectAs(this.prototype, (writer) => {
      const kept = writer.#kept.reduce((sum, { length }) => sum + length, 0);
      return `${writer.#linkTypes.length} interfaces, ${writer.#sink === undefined ? `${kept} bytes` : "to a sink"}`;
    });
  }

  /**
   * Writes an interface description, and returns its number: 0 for the first.
   *
   * @throws {TypeError | RangeError} naming what is wrong
   */
  addInterface(fields: PcapngInterface = {}): number {
    const {
      linkType = LINKTYPE_ETHERNET,
      snapLength = 0,
      name,
      description,
      comment,
      os,
      speed,
    } = record(fields, "fields");
    const block = new PcapngBlock(INTERFACE);
    block.uint16(integer(linkType, "linkType", 0, 0xffff));
    block.uint16(0);
    block.uint32(integer(snapLength, "snapLength", 0, 0xffff_ffff));
    block.text(1, comment, "comment");
    block.text(2, name, "name");
    block.text(3, description, "description");
    if (fields.hardwareAddress !== undefined) {
      const bytes = bufferOf(fields.hardwareAddress, "hardwareAddress");
      if (bytes.length !== 6) throw new RangeError(`hardwareAddress must be 6 bytes long, not ${bytes.length}`);
      block.option(6, bytes);
    }
    if (speed !== undefined) block.option64(8, speed, "speed");
    block.option(9, Uint8Array.of(NANOSECONDS));
    block.text(12, os, "os");
    this.#put(block);
    return this.#linkTypes.push(linkType) - 1;
  }

  /**
   * Writes a packet.
   *
   * @throws {TypeError | RangeError} naming what is wrong; when no interface has that number
   */
  writePacket(packet: PcapngPacket, details: PcapngPacketDetails = {}): void {
    const { interface: number = 0, comment, direction, dropCount } = record(details, "details");
    this.#expectInterface(number);
    const { vlan, length } = record(packet, "packet");
    const captured = bufferOf(packet.bytes);
    const tagged = vlan !== undefined && this.#linkTypes[number] === LINKTYPE_ETHERNET;
    const bytes = tagged ? withVlanTag(captured, vlan) : captured;
    integer(bytes.length, "bytes.length", 0, MOST_BYTES);
    const before = length === undefined ? captured.length : integer(length, "length", captured.length, 0xffff_fff0);
    const block = new PcapngBlock(ENHANCED_PACKET, bytes.length + 64);
    block.uint32(number);
    block.time(packet.epochNanoseconds, "epochNanoseconds");
    block.uint32(bytes.length);
    block.uint32(before + bytes.length - captured.length);
    block.bytes(bytes);
    block.text(1, comment, "comment");
    if (direction !== undefined) block.option(2, Uint8Array.of(directionBits(direction), 0, 0, 0));
    if (dropCount !== undefined) block.option64(4, dropCount, "dropCount");
    this.#put(block);
  }

  /**
   * Writes what an interface has counted: at the end of a capture.
   *
   * @throws {TypeError | RangeError} naming what is wrong; when no interface has that number
   */
  writeStatistics(statistics: PcapngStatistics, number = 0): void {
    const { epochNanoseconds, received, dropped } = record(statistics, "statistics");
    this.#expectInterface(number);
    const block = new PcapngBlock(STATISTICS);
    block.uint32(number);
    block.time(epochNanoseconds, "epochNanoseconds");
    if (received !== undefined) block.option64(4, received, "received");
    if (dropped !== undefined) block.option64(5, dropped, "dropped");
    this.#put(block);
  }

  /** What was written since the last call, when there is no sink. @throws TypeError when there is one, which has it */
  take(): Uint8Array<ArrayBuffer> {
    if (this.#sink !== undefined) throw new TypeError("sink has what was written: make the writer without one");
    return new Uint8Array(Bun.concatArrayBuffers(this.#kept.splice(0)));
  }

  #expectInterface(number: unknown): void {
    if (this.#linkTypes.length === 0) throw new RangeError("interface must be added first: addInterface()");
    integer(number, "interface", 0, this.#linkTypes.length - 1);
  }

  #put(block: PcapngBlock): void {
    const bytes = block.finish();
    if (this.#sink === undefined) this.#kept.push(bytes);
    else this.#sink.write(bytes);
  }
}

function directionBits(direction: unknown): number {
  if (direction === "inbound") return 1;
  if (direction === "outbound") return 2;
  throw new TypeError(`direction must be "inbound" or "outbound", not ${show(direction)}`);
}
