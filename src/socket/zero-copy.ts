// MSG_ZEROCOPY: the kernel reads the user's memory after the call has returned, until the error queue says that it is done
// (Documentation/networking/msg_zerocopy.rst). So the memory is kept, also when the socket is closed first.

import type { View } from "../../ffi/calls.ts";
import { copyInto } from "../../ffi/copy.ts";
import { errnoNumber } from "../../ffi/errno.ts";
import { byteLengthOf, Region } from "../../ffi/memory.ts";
import { platform } from "../../ffi/platform/index.ts";
import type { Handle, Learned } from "./handle.ts";
import { socketInt } from "./make.ts";

const { MSG_ZEROCOPY = 0, SOCK_STREAM } = platform.core;

/** What one socket has lent to the kernel: by the number that the completion will name. */
export interface ZeroCopy {
  /** The number of the next send. */
  next: number;
  readonly lent: Map<number, readonly View[]>;
}

// A small view lives in the collected heap and may move; the kernel copies that little anyway.
const SMALLEST_LENT = 4096;

// Duplicates of a descriptor are one socket to the kernel, which counts their sends together. They have `learned` in common.
const bySocket = new WeakMap<Learned, ZeroCopy>();

function zeroCopyOf({ learned }: Handle): ZeroCopy {
  const zeroCopy = bySocket.get(learned) ?? { next: 0, lent: new Map() };
  bySocket.set(learned, zeroCopy);
  return zeroCopy;
}

/** The memory to lend for a send with MSG_ZEROCOPY: the user's own, or a copy of what is small. */
export function lend(handle: Handle, views: readonly View[], flags: number): readonly View[] {
  if (MSG_ZEROCOPY === 0 || (flags & MSG_ZEROCOPY) === 0) return views;
  // without the option the flag is ignored, and no completion ever comes: tcp(7) and msg_zerocopy.rst
  if (socketInt(handle.fd, platform.constants.SO_ZEROCOPY) !== 1) {
    throw new TypeError("MSG_ZEROCOPY needs the option SO_ZEROCOPY: call socket.receiveControl(ZeroCopyDone) first");
  }
  handle.zeroCopy ??= zeroCopyOf(handle);
  return views.map((view) => {
    const size = byteLengthOf(view);
    if (size === 0 || size >= SMALLEST_LENT) return view;
    const copy = new Region(size);
    copyInto(copy, 0, view, size);
    return copy.bytes;
  });
}

// A datagram that is refused after it was put together has a number all the same: too many segments (EINVAL), no checksum
// offload (EIO), a filter (EPERM), a full queue with IP_RECVERR on (ENOBUFS). Others that fail so have none, and then we are
// ahead of the kernel: memory is kept longer.
const maybeCounted: readonly number[] = ["EINVAL", "EIO", "EPERM", "ENOBUFS"].map((name) => -errnoNumber(name));

/** Notes a send, by its result; gives that on. */
export function retainZeroCopy(handle: Handle, views: readonly View[], flags: number, result: number): number {
  const { type, zeroCopy } = handle;
  if ((flags & MSG_ZEROCOPY) === 0 || zeroCopy === undefined) return result;
  // an empty datagram has a number, because its header counts; an empty send on a stream has none
  const counted = type === SOCK_STREAM ? result > 0 : result >= 0 || maybeCounted.includes(result);
  if (!counted) return result;
  if (result >= 0) zeroCopy.lent.set(zeroCopy.next, views);
  zeroCopy.next = (zeroCopy.next + 1) >>> 0; // a __u32 in the kernel
  return result;
}

/** Gives back what the sends numbered `first` to `last` have lent; both may have wrapped. */
export function releaseZeroCopy(handle: Handle, first: number, last: number): void {
  const lent = (handle.zeroCopy ?? bySocket.get(handle.learned))?.lent;
  if (lent === undefined) return;
  for (const number of lent.keys()) {
    if ((number - first) >>> 0 <= (last - first) >>> 0) lent.delete(number);
  }
}

// TCP gives up a connection after 15 minutes of retransmissions at the latest (tcp_retries2 of tcp(7)).
const LONGEST_TRANSMISSION = 16 * 60_000;
const orphans = new Set<ZeroCopy>();

/** Keeps what a socket that is being closed has lent, because nobody will read its completions any more. */
export function keepZeroCopy(handle: Handle): void {
  const { zeroCopy } = handle;
  if (zeroCopy === undefined || zeroCopy.lent.size === 0) return;
  orphans.add(zeroCopy);
  setTimeout(() => orphans.delete(zeroCopy), LONGEST_TRANSMISSION).unref();
}
