// sendmsg(2) and recvmsg(2): struct msghdr with its vectors, made once and pointed anew at each call.

import { type Pointer, ptr } from "bun:ffi";
import { DONTWAIT, type View } from "./calls.ts";
import { getUint, setUint } from "./layout.ts";
import { failure, required } from "./library.ts";
import { byteLengthOf, Region, setAddress } from "./memory.ts";
import { expectName, NAME_CAPACITY, nameAddress, nameLengthCell } from "./name.ts";
import { platform } from "./platform/index.ts";

const { msghdr, iovec } = platform.structs;
const cSendmsg = required("sendmsg");
const cRecvmsg = required("recvmsg");

/** How many vectors a message may have: IOV_MAX of writev(2). */
export const MAXIMUM_VECTORS = 1024;

/** A struct msghdr with room for vectors. What it points at must be held by whoever sets it, until the call has returned. */
export class MessageHeader {
  readonly #header = new Region(msghdr.size);
  #vectors = new Region(iovec.size * 8);
  #control: Region | undefined;

  constructor() {
    setAddress(this.#header.view, msghdr.fields.msg_iov[0], this.#vectors.address);
  }

  /** Points at one view from an offset on. The address is taken here: a small view may have moved since the last call. */
  setVector(view: View, offset: number): void {
    this.#count(1);
    this.#point(0, view, offset);
  }

  /** Points at many views. */
  setVectors(views: readonly View[]): void {
    this.#count(views.length);
    for (let index = 0; index < views.length; index++) this.#point(index, views[index] as View, 0);
  }

  #count(count: number): void {
    if (count * iovec.size > this.#vectors.bytes.length) {
      this.#vectors = new Region(count * iovec.size);
      setAddress(this.#header.view, msghdr.fields.msg_iov[0], this.#vectors.address);
    }
    setUint(this.#header.view, 0, msghdr.fields.msg_iovlen, count);
  }

  #point(index: number, view: View, offset: number): void {
    const base = index * iovec.size;
    const size = byteLengthOf(view);
    setAddress(this.#vectors.view, base + iovec.fields.iov_base[0], size === 0 ? 0 : (ptr(view, offset) as Pointer));
    setUint(this.#vectors.view, base, iovec.fields.iov_len, size - offset);
  }

  /** Points at a buffer of control messages, which is held here; without one there are none. */
  setControl(control: Region | undefined, length: number): void {
    this.#control = control;
    setAddress(this.#header.view, msghdr.fields.msg_control[0], this.#control?.address ?? 0);
    setUint(this.#header.view, 0, msghdr.fields.msg_controllen, control === undefined ? 0 : length);
  }

  /** `sendmsg(2)` to the address in these bytes, or to the peer: bytes sent. */
  send(fd: number, flags: number, name: Uint8Array<ArrayBuffer> | undefined): number {
    setAddress(this.#header.view, msghdr.fields.msg_name[0], name === undefined ? 0 : ptr(name));
    setUint(this.#header.view, 0, msghdr.fields.msg_namelen, name === undefined ? 0 : name.length);
    const size = cSendmsg(fd, this.#header.bytes, flags | DONTWAIT);
    return size === -1 ? failure() : size;
  }

  /** `recvmsg(2)`: bytes received, and then the sender's name (`name.ts`), `flags` and `controlLength`. */
  receive(fd: number, flags: number): number {
    setAddress(this.#header.view, msghdr.fields.msg_name[0], nameAddress);
    setUint(this.#header.view, 0, msghdr.fields.msg_namelen, NAME_CAPACITY);
    expectName();
    const size = cRecvmsg(fd, this.#header.bytes, flags | DONTWAIT);
    if (size === -1) return failure();
    nameLengthCell[0] = getUint(this.#header.view, 0, msghdr.fields.msg_namelen);
    return size;
  }

  /** The flags that the last `receive` reported: MSG_TRUNC and others. */
  get flags(): number {
    return getUint(this.#header.view, 0, msghdr.fields.msg_flags);
  }

  /** How many bytes of control messages the last `receive` stored. */
  get controlLength(): number {
    return getUint(this.#header.view, 0, msghdr.fields.msg_controllen);
  }
}

const part = new MessageHeader();

/** `sendmsg(2)` of a view from an offset on, without a destination: bytes sent. */
export function sendFrom(fd: number, view: View, offset: number, flags: number): number {
  part.setVector(view, offset);
  return part.send(fd, flags, undefined);
}

/** `recvmsg(2)` into a view from an offset on: bytes received, then the sender's name (`name.ts`) and `messageFlags`. */
export function receiveInto(fd: number, view: View, offset: number, flags: number): number {
  part.setVector(view, offset);
  return part.receive(fd, flags);
}

/** The flags that the last `receiveInto` reported. */
export function messageFlags(): number {
  return part.flags;
}
