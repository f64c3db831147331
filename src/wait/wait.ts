// The condition engine: poll(2) with a deadline, a Cancellable and EINTR, in one loop.

import { EINTR } from "../../ffi/errno.ts";
import { platform } from "../../ffi/platform/index.ts";
import { PollArray } from "../../ffi/poll.ts";
import { failed } from "../errors.ts";
import { type Cancellable, isCancelled, wakeDescriptor } from "./cancellable.ts";
import { remaining } from "./deadline.ts";

/** The longest single poll. A Worker that is terminated while it blocks stays in the kernel until poll returns. */
const LONGEST_POLL = 1000;

const one = new PollArray();

/** What a wait returns when its Cancellable was cancelled. */
export const CANCELLED = -1;

/**
 * Polls until an entry is ready, the deadline passes or the Cancellable is cancelled: how many are ready, 0 for the
 * deadline, or CANCELLED, which wins over ready. With a deadline that has passed it looks once.
 */
export function pollUntil(entries: PollArray, deadline: number, cancellable: Cancellable | undefined): number {
  const wake = cancellable === undefined ? -1 : wakeDescriptor(cancellable);
  if (wake !== -1) entries.add(wake, platform.core.POLLIN);
  for (;;) {
    const left = remaining(deadline);
    const ready = entries.poll(Math.min(left, LONGEST_POLL));
    if (isCancelled(cancellable)) return CANCELLED;
    if (ready > 0) return ready;
    if (ready === 0 && left <= LONGEST_POLL) return 0;
    if (ready < 0 && ready !== -EINTR) throw failed(ready, { syscall: "poll" });
  }
}

/**
 * Waits for one descriptor: the bits that it is ready for, ERR, HUP and NVAL among them unasked; 0 for the deadline;
 * CANCELLED. Without a descriptor (-1) it sleeps.
 */
export function waitFor(fd: number, condition: number, deadline: number, cancellable: Cancellable | undefined): number {
  one.clear();
  one.add(fd, condition);
  const ready = pollUntil(one, deadline, cancellable);
  return ready > 0 ? one.ready(0) : ready;
}
