// sendmsg(2) and recvmsg(2) on a part of one view: struct msghdr with one struct iovec, made once for each thread.

import { ptr } from "bun:ffi";
import type { View } from "./calls.ts";
import { getUint, setUint } from "./layout.ts";
import { failure, required } from "./library.ts";
import { byteLengthOf, Region, setAddress } from "./memory.ts";
import { expectName, NAME_CAPACITY, nameAddress, nameLengthCell } from "./name.ts";
import { platform } from "./platform/index.ts";

const { msghdr, iovec } = platform.structs;
const cSendmsg = required("sendmsg");
const cRecvmsg = required("recvmsg");
const message = new Region(msghdr.size);
const vector = new Region(iovec.size);
setAddress(message.view, msghdr.fields.msg_iov[0], vector.address);
setUint(message.view, 0, msghdr.fields.msg_iovlen, 1);

// The address is taken here, for this call: a small view of the user's may have moved since the last one.
function point(view: View, offset: number): void {
  setAddress(vector.view, iovec.fields.iov_base[0], ptr(view, offset));
  setUint(vector.view, 0, iovec.fields.iov_len, byteLengthOf(view) - offset);
}

function name(capacity: number): void {
  setAddress(message.view, msghdr.fields.msg_name[0], capacity === 0 ? 0 : nameAddress);
  setUint(message.view, 0, msghdr.fields.msg_namelen, capacity);
}

/** `sendmsg(2)` of a view from an offset on, without a destination: bytes sent. */
export function sendFrom(fd: number, view: View, offset: number, flags: number): number {
  point(view, offset);
  name(0);
  const size = cSendmsg(fd, message.bytes, flags);
  return size === -1 ? failure() : size;
}

/** `recvmsg(2)` into a view from an offset on: bytes received, then the sender's name (`name.ts`) and `messageFlags`. */
export function receiveInto(fd: number, view: View, offset: number, flags: number): number {
  point(view, offset);
  name(NAME_CAPACITY);
  expectName();
  const size = cRecvmsg(fd, message.bytes, flags);
  if (size === -1) return failure();
  nameLengthCell[0] = getUint(message.view, 0, msghdr.fields.msg_namelen);
  return size;
}

/** The flags that the last `receiveInto` reported: MSG_TRUNC and others. */
export function messageFlags(): number {
  return getUint(message.view, 0, msghdr.fields.msg_flags);
}
