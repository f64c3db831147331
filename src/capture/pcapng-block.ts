// One block of a pcapng file: draft-ietf-opsawg-pcapng section 3. Type, length, body, options, and the length again, all padded
// to 4 bytes.

import { integer, show } from "../arguments.ts";

const END_OF_OPTIONS = 0;
const LONGEST_OPTION = 0xffff;
const encoder = new TextEncoder();

/** A block that is being written. */
export class PcapngBlock {
  #memory: Uint8Array<ArrayBuffer>;
  #view: DataView<ArrayBuffer>;
  #at = 8;
  #hasOptions = false;

  /** `size`: how many bytes it will probably take. */
  constructor(type: number, size = 192) {
    this.#memory = new Uint8Array(new ArrayBuffer((size + 3) & ~3));
    this.#view = new DataView(this.#memory.buffer);
    this.#view.setUint32(0, type, true);
  }

  uint16(value: number): void {
    this.#reserve(2);
    this.#view.setUint16(this.#at, value, true);
    this.#at += 2;
  }

  uint32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.#at, value, true);
    this.#at += 4;
  }

  uint64(value: bigint): void {
    this.#reserve(8);
    this.#view.setBigUint64(this.#at, value, true);
    this.#at += 8;
  }

  /** A time: the upper half of 64 bits comes first, whatever the order of bytes. */
  time(value: bigint, name: string): void {
    const checked = unsigned(value, name);
    this.uint32(Number(checked >> 32n));
    this.uint32(Number(checked & 0xffff_ffffn));
  }

  /** Bytes, padded with zeros. */
  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length + 3);
    this.#memory.set(bytes, this.#at);
    this.#at += (bytes.length + 3) & ~3;
  }

  option(code: number, value: Uint8Array): void {
    this.#hasOptions = true;
    this.uint16(code);
    this.uint16(value.length);
    this.bytes(value);
  }

  option64(code: number, value: number | bigint, name: string): void {
    const bytes = new Uint8Array(new ArrayBuffer(8));
    new DataView(bytes.buffer).setBigUint64(0, unsigned(value, name), true);
    this.option(code, bytes);
  }

  /** UTF-8 without a NUL; undefined writes nothing. */
  text(code: number, value: string | undefined, name: string): void {
    if (value === undefined) return;
    if (typeof value !== "string") throw new TypeError(`${name} must be a string, not ${show(value)}`);
    const bytes = encoder.encode(value);
    if (bytes.length > LONGEST_OPTION) {
      throw new RangeError(`${name} must be at most ${LONGEST_OPTION} bytes long, not ${bytes.length}`);
    }
    this.option(code, bytes);
  }

  /** The whole block. */
  finish(): Uint8Array<ArrayBuffer> {
    if (this.#hasOptions) this.uint32(END_OF_OPTIONS);
    this.uint32(this.#at + 4);
    this.#view.setUint32(4, this.#at, true);
    return this.#memory.subarray(0, this.#at);
  }

  // New memory is zeros, which is what pads.
  #reserve(size: number): void {
    const needed = this.#at + size;
    if (needed <= this.#memory.length) return;
    const larger = new Uint8Array(new ArrayBuffer(Math.max(needed, 2 * this.#memory.length)));
    larger.set(this.#memory.subarray(0, this.#at));
    this.#memory = larger;
    this.#view = new DataView(larger.buffer);
  }
}

function unsigned(value: unknown, name: string): bigint {
  const checked = typeof value === "bigint" ? value : BigInt(integer(value, name, 0, Number.MAX_SAFE_INTEGER));
  if (checked >= 0n && checked < 1n << 64n) return checked;
  throw new RangeError(`${name} must be from 0 to 2^64-1, not ${checked}`);
}
