// A wake-up without a thread: io_uring(7) polls one descriptor and, once that is readable, sends a byte to another. The two
// requests are linked, so that the kernel does the second when the first has ended.

import { type Pointer, toArrayBuffer } from "bun:ffi";
import { close } from "./descriptors.ts";
import { EINTR, errnoNumber } from "./errno.ts";
import { failure, type NativeFunction, optional } from "./library.ts";
import { LITTLE_ENDIAN, Region, setAddress } from "./memory.ts";
import { platform } from "./platform/index.ts";

// <linux/io_uring.h>, io_uring_setup(2), io_uring_enter(2); the numbers of the calls are the same on all architectures
const SYS_io_uring_setup = 425;
const SYS_io_uring_enter = 426;
const ENTRIES = 4;
const IORING_FEAT_SINGLE_MMAP = 1;
const IORING_OFF_SQES = 0x1000_0000;
const [IORING_OP_POLL_ADD, IORING_OP_SEND] = [6, 26] as const;
const IOSQE_IO_LINK = 1 << 2;
const SQE_SIZE = 64;
const CQE_SIZE = 16;
// struct io_uring_params, in words: sq_entries, cq_entries, flags, ..., features at 5, sq_off at 10, cq_off at 20
const PARAMS = { size: 120, cqEntries: 1, features: 5, sqOff: 10, cqOff: 20 } as const;
// struct io_sqring_offsets and io_cqring_offsets, in words
const OFFSETS = { head: 0, tail: 1, mask: 2, array: 6, cqes: 5 } as const;
const PROT_READ_WRITE = 3;
const MAP_SHARED_POPULATE = 0x8001;

/** One ring, for one pair of descriptors. */
export class UringWake {
  readonly #ring: number;
  readonly #enter: NativeFunction;
  readonly #words: Uint32Array;
  readonly #entries: DataView;
  readonly #offsets: { readonly [K in "sqTail" | "sqMask" | "sqArray" | "cqHead" | "cqTail"]: number };
  readonly #byte = new Region(8);
  readonly #polled: number;
  readonly #told: number;

  /** Made by `makeUringWake`. */
  constructor(
    ring: number,
    call: NativeFunction,
    map: NativeFunction,
    params: Uint32Array,
    polled: number,
    told: number,
  ) {
    const { sqOff, cqOff } = PARAMS;
    const at = (word: number): number => params[word] as number;
    const size = Math.max(
      at(sqOff + OFFSETS.array) + ENTRIES * 4,
      at(cqOff + OFFSETS.cqes) + at(PARAMS.cqEntries) * CQE_SIZE,
    );
    const mapped = (length: number, offset: number): ArrayBuffer => {
      const address = map(null, length, PROT_READ_WRITE, MAP_SHARED_POPULATE, ring, offset);
      // MAP_FAILED is -1, which as a pointer is 2^64 - 1; null would be a success that nobody can use
      if (address === null || address === 0 || address > Number.MAX_SAFE_INTEGER) throw new Refusal(failure());
      return toArrayBuffer(address as Pointer, 0, length);
    };
    this.#ring = ring;
    this.#enter = call;
    this.#words = new Uint32Array(mapped(size & ~3, 0));
    this.#entries = new DataView(mapped(ENTRIES * SQE_SIZE, IORING_OFF_SQES));
    this.#offsets = {
      sqTail: at(sqOff + OFFSETS.tail) >> 2,
      sqMask: at(sqOff + OFFSETS.mask) >> 2,
      sqArray: at(sqOff + OFFSETS.array) >> 2,
      cqHead: at(cqOff + OFFSETS.head) >> 2,
      cqTail: at(cqOff + OFFSETS.tail) >> 2,
    };
    this.#polled = polled;
    this.#told = told;
  }

  /** Asks for one byte when the descriptor is readable: 0, or a negative error number. Once at a time. */
  arm(): number {
    const words = this.#words;
    const { sqTail, cqHead, cqTail } = this.#offsets;
    words[cqHead] = words[cqTail] as number; // how the requests before went does not matter: the byte has told
    const tail = words[sqTail] as number;
    this.#put(tail, IORING_OP_POLL_ADD, IOSQE_IO_LINK, this.#polled, platform.core.POLLIN);
    const { address } = this.#byte;
    const send = this.#put(tail + 1, IORING_OP_SEND, 0, this.#told, platform.core.MSG_NOSIGNAL ?? 0);
    setAddress(this.#entries, send + 16, address);
    this.#entries.setUint32(send + 24, 1, LITTLE_ENDIAN);
    words[sqTail] = tail + 2;
    let submitted: number;
    do submitted = this.#submit();
    while (submitted === -EINTR);
    if (submitted < 0) words[sqTail] = tail; // nothing was taken
    return submitted < 0 ? submitted : submitted === 2 ? 0 : -errnoNumber("EBUSY");
  }

  #submit(): number {
    const submitted = this.#enter(SYS_io_uring_enter, this.#ring, 2, 0, 0, 0, 0);
    return submitted === -1 ? failure() : submitted;
  }

  // struct io_uring_sqe: opcode, flags, ioprio, fd, off, addr at 16, len at 24, flags of the operation at 28, user_data
  #put(position: number, opcode: number, flags: number, fd: number, operationFlags: number): number {
    const index = position & (this.#words[this.#offsets.sqMask] as number);
    const base = index * SQE_SIZE;
    for (let offset = 0; offset < SQE_SIZE; offset += 4) this.#entries.setUint32(base + offset, 0, LITTLE_ENDIAN);
    this.#entries.setUint8(base, opcode);
    this.#entries.setUint8(base + 1, flags);
    this.#entries.setInt32(base + 4, fd, LITTLE_ENDIAN);
    this.#entries.setUint32(base + 28, operationFlags, LITTLE_ENDIAN);
    this.#words[this.#offsets.sqArray + index] = index;
    return base;
  }

  /** Gives the ring back; its requests end unanswered. */
  close(): void {
    close(this.#ring);
  }
}

class Refusal extends Error {
  readonly result: number;

  constructor(result: number) {
    super("io_uring");
    this.result = result;
  }
}

/** A ring that tells `told` of `polled`, or a negative error number: containers and administrators often forbid io_uring. */
export function makeUringWake(polled: number, told: number): UringWake | number {
  const [call, map] = [optional("syscall"), optional("mmap")];
  if (call === undefined || map === undefined) return -errnoNumber("ENOSYS");
  const params = new Uint32Array(new ArrayBuffer(PARAMS.size));
  const region = new Region(PARAMS.size);
  const ring = call(SYS_io_uring_setup, ENTRIES, region.address, 0, 0, 0, 0);
  if (ring === -1) return failure();
  params.set(new Uint32Array(region.bytes.buffer));
  try {
    // without it (Linux before 5.4) the two rings are two mappings; linked sends are younger than that anyway
    if (((params[PARAMS.features] as number) & IORING_FEAT_SINGLE_MMAP) === 0)
      throw new Refusal(-errnoNumber("ENOSYS"));
    return new UringWake(ring, call, map, params, polled, told);
  } catch (error) {
    close(ring);
    if (error instanceof Refusal) return error.result;
    throw error;
  }
}
