// sendmmsg(2) and recvmmsg(2): an array of struct mmsghdr; what macOS has in their place, and loops of sendmsg and recvmsg
// with the same results where there is neither. Fields are written as 32-bit words, because this is the hottest path of all; their upper halves
// stay zero.

import type { Pointer } from "bun:ffi";
import { DONTWAIT } from "./calls.ts";
import { errnoNumber } from "./errno.ts";
import { failure, type NativeFunction, optional } from "./library.ts";
import { Region, setAddress } from "./memory.ts";
import { platform } from "./platform/index.ts";
import type { BatchForm, Platform } from "./platform/platform.ts";

const { msghdr, iovec, sockaddr_storage } = platform.structs;
// where the system has no struct mmsghdr, ours is the same: a msghdr, then a length
const alignedHeader = Math.ceil(msghdr.size / 8) * 8;
const mmsghdr = platform.structs.mmsghdr ?? {
  size: alignedHeader + 8,
  fields: { msg_hdr: [0, msghdr.size], msg_len: [alignedHeader, 4] },
};

const STRIDE = mmsghdr.size >> 2;
const NAMELEN = msghdr.fields.msg_namelen[0] >> 2;
const CONTROLLEN = msghdr.fields.msg_controllen[0] >> 2;
const FLAGS = msghdr.fields.msg_flags[0] >> 2;
const LENGTH = mmsghdr.fields.msg_len[0] >> 2;
const VECTOR_STRIDE = iovec.size >> 2;
const VECTOR_BASE = iovec.fields.iov_base[0] >> 2;
const VECTOR_LENGTH = iovec.fields.iov_len[0] >> 2;

/** How much room each message has for a name. */
export const NAME_SLOT: number = sockaddr_storage.size;
const NAME_WORDS = NAME_SLOT >> 2;

/** An array of struct mmsghdr with one vector, one name and some control space each. */
export class MessageArray {
  readonly capacity: number;
  /** Room for control messages of each. */
  readonly controlSize: number;
  readonly names: Region;
  readonly nameWords: Uint32Array<ArrayBuffer>;
  readonly controls: Region;
  /** What ended a loop after some messages, negative, or 0: recvmmsg(2) leaves such an error to the socket's next call. */
  ended = 0;
  /** Whether the calls for many messages have refused those of this array, which are then sent one by one. */
  singly = false;
  readonly #headers: Region;
  readonly #vectors: Region;
  readonly #words: Uint32Array<ArrayBuffer>;
  readonly #vectorWords: Uint32Array<ArrayBuffer>;

  constructor(capacity: number, controlSize: number) {
    this.capacity = capacity;
    this.controlSize = controlSize;
    this.#headers = new Region(capacity * mmsghdr.size);
    this.#vectors = new Region(capacity * iovec.size);
    this.names = new Region(capacity * NAME_SLOT);
    this.nameWords = new Uint32Array(this.names.bytes.buffer);
    this.controls = new Region(capacity * controlSize);
    this.#words = new Uint32Array(this.#headers.bytes.buffer);
    this.#vectorWords = new Uint32Array(this.#vectors.bytes.buffer);
    const { msg_name, msg_iov, msg_iovlen, msg_control } = msghdr.fields;
    for (let index = 0; index < capacity; index++) {
      const base = index * mmsghdr.size;
      const { view } = this.#headers;
      setAddress(view, base + msg_name[0], (this.names.address + index * NAME_SLOT) as Pointer);
      setAddress(view, base + msg_iov[0], (this.#vectors.address + index * iovec.size) as Pointer);
      if (controlSize > 0) {
        setAddress(view, base + msg_control[0], (this.controls.address + index * controlSize) as Pointer);
      }
      this.#words[index * STRIDE + (msg_iovlen[0] >> 2)] = 1;
    }
  }

  /** Where the header of a message is. */
  address(index: number): Pointer {
    return (this.#headers.address + index * mmsghdr.size) as Pointer;
  }

  /** Points the vector of a message at memory of ours, whose owner must be a live field. */
  setVector(index: number, address: number, length: number): void {
    const base = index * VECTOR_STRIDE;
    this.#vectorWords[base + VECTOR_BASE] = address >>> 0;
    this.#vectorWords[base + VECTOR_BASE + 1] = (address - (address >>> 0)) / 0x1_0000_0000;
    this.#vectorWords[base + VECTOR_LENGTH] = length;
  }

  /** How long the name of a message is: what is sent, what there is room for, what was received. */
  setNameLength(index: number, length: number): void {
    this.#words[index * STRIDE + NAMELEN] = length;
  }

  nameLength(index: number): number {
    return Math.min(this.#words[index * STRIDE + NAMELEN] as number, NAME_SLOT);
  }

  /** Where the name of a message begins, in words of `nameWords`. */
  nameStart(index: number): number {
    return index * NAME_WORDS;
  }

  /** Whether two messages have the same name, as datagrams of one sender do. */
  sameName(index: number, other: number): boolean {
    const length = this.nameLength(index);
    if (length !== this.nameLength(other) || (length & 3) !== 0) return false;
    const [start, from] = [index * NAME_WORDS, other * NAME_WORDS];
    for (let word = 0; word < length >> 2; word++) {
      if (this.nameWords[start + word] !== this.nameWords[from + word]) return false;
    }
    return true;
  }

  /** How much control data a message has, or has room for. */
  setControlLength(index: number, length: number): void {
    this.#words[index * STRIDE + CONTROLLEN] = length;
  }

  controlLength(index: number): number {
    return Math.min(this.#words[index * STRIDE + CONTROLLEN] as number, this.controlSize);
  }

  /** Where the control data of a message begins, in bytes of `controls`. */
  controlStart(index: number): number {
    return index * this.controlSize;
  }

  /** Makes a message use another block of control data; `null` its own again. The owner must be a live field. */
  useControl(index: number, control: Region | null): void {
    const address = control === null ? this.controls.address + index * this.controlSize : control.address;
    setAddress(this.#headers.view, index * mmsghdr.size + msghdr.fields.msg_control[0], address as Pointer);
  }

  /** The flags that recvmsg(2) reported. */
  flags(index: number): number {
    return this.#words[index * STRIDE + FLAGS] as number;
  }

  setFlags(index: number, flags: number): void {
    this.#words[index * STRIDE + FLAGS] = flags;
  }

  /** Bytes sent or received. */
  length(index: number): number {
    return this.#words[index * STRIDE + LENGTH] as number;
  }

  setLength(index: number, length: number): void {
    this.#words[index * STRIDE + LENGTH] = length;
  }
}

/** The two calls: how many messages went, or a negative error number when the first one failed. */
export interface BatchCalls {
  send(fd: number, messages: MessageArray, start: number, count: number, flags: number): number;
  receive(fd: number, messages: MessageArray, start: number, count: number, flags: number): number;
}

const cSendmmsg = optional("sendmmsg");
const cRecvmmsg = optional("recvmmsg");
const cSendmsgAt = optional("sendmsgAt");
const cRecvmsgAt = optional("recvmsgAt");

type OneCall = NativeFunction | undefined;

// One call after the other, with the rules of sendmmsg(2): an error counts only when nothing went before it.
function loop(call: OneCall, fd: number, messages: MessageArray, start: number, count: number, flags: number): number {
  if (call === undefined) return -errnoNumber("EOPNOTSUPP");
  messages.ended = 0;
  for (let done = 0; done < count; done++) {
    const size = call(fd, messages.address(start + done), flags | DONTWAIT);
    if (size === -1) {
      const error = failure();
      if (done === 0) return error;
      messages.ended = error;
      return done;
    }
    messages.setLength(start + done, size);
  }
  return count;
}

/** One call for each message: Windows, and wherever the others are refused; in tests, everywhere. */
export const loopedCalls: BatchCalls = {
  send: (fd, messages, start, count, flags) => loop(cSendmsgAt, fd, messages, start, count, flags),
  receive: (fd, messages, start, count, flags) => loop(cRecvmsgAt, fd, messages, start, count, flags),
};

const mmsgCalls: BatchCalls | undefined =
  cSendmmsg === undefined || cRecvmmsg === undefined
    ? undefined
    : {
        send(fd, messages, start, count, flags) {
          const sent = cSendmmsg(fd, messages.address(start), count, flags | DONTWAIT);
          return sent === -1 ? failure() : sent;
        },
        receive(fd, messages, start, count, flags) {
          const received = cRecvmmsg(fd, messages.address(start), count, flags | DONTWAIT, 0);
          return received === -1 ? failure() : received;
        },
      };

// What says "not with this call" and not "not this message": then the loop tells which of the two it was.
const REFUSALS = ["EINVAL", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EPROTONOSUPPORT"].map((name) => -errnoNumber(name));

/**
 * sendmsg_x and recvmsg_x of macOS (XNU, bsd/sys/socket_private.h): `struct msghdr_x` is a msghdr and then a length, as ours. They know
 * no flag but MSG_DONTWAIT, want msg_flags to be 0, and serve datagrams of the internet families; for all else the loop does.
 */
export function extendedCalls(sendmsgX: NativeFunction, recvmsgX: NativeFunction): BatchCalls {
  function call(one: NativeFunction, looped: BatchCalls["send"]): BatchCalls["send"] {
    return (fd, messages, start, count, flags) => {
      if (messages.singly || count === 1 || (flags & ~DONTWAIT) !== 0) return looped(fd, messages, start, count, flags);
      messages.ended = 0;
      for (let index = start; index < start + count; index++) messages.setFlags(index, 0);
      const done = one(fd, messages.address(start), count, flags | DONTWAIT);
      if (done !== -1) return done;
      const error = failure();
      if (!REFUSALS.includes(error)) return error;
      const alone = looped(fd, messages, start, count, flags);
      if (alone >= 0) messages.singly = true;
      return alone;
    };
  }
  return { send: call(sendmsgX, loopedCalls.send), receive: call(recvmsgX, loopedCalls.receive) };
}

function findCalls(batches: BatchForm): BatchCalls | undefined {
  if (batches === "mmsg") return mmsgCalls;
  const [sendmsgX, recvmsgX] = [optional("sendmsg_x"), optional("recvmsg_x")];
  return batches === "loop" || sendmsgX === undefined || recvmsgX === undefined
    ? undefined
    : extendedCalls(sendmsgX, recvmsgX);
}

/** The calls of a platform: for many messages where its record says so and the library has them, or the loops. */
export function batchCallsFor({ batches }: Pick<Platform, "batches">): BatchCalls {
  return findCalls(batches) ?? loopedCalls;
}

/** The calls of this OS. */
export const batchCalls: BatchCalls = batchCallsFor(platform);
