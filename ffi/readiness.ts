// Which of many descriptors are ready, at a cost that grows with those that are: epoll(7) or kqueue(2).

import { errnoNumber } from "./errno.ts";
import { getUint, setUint } from "./layout.ts";
import { failure, type NativeFunction, optional } from "./library.ts";
import { LITTLE_ENDIAN, Region } from "./memory.ts";
import { platform } from "./platform/index.ts";
import type { Layout } from "./platform/platform.ts";

/** A set of descriptors, each with a token of two 32-bit numbers that comes back with what it is ready for, in POLL* bits. */
export interface ReadinessSet {
  /** Becomes readable when one of the set is ready; -1 where it has none (`poll-set.ts`). */
  readonly fd: number;
  /** Whether whoever waits for the set must be told of changes. */
  readonly stale: boolean;
  /** Adds a descriptor, changes what it is watched for, or (undefined) removes it: 0 or a negative error number. */
  update(fd: number, token: Token, before: number | undefined, now: number | undefined): number;
  /** Looks, without waiting: how many are ready, or a negative error number. */
  look(): number;
  /** The token's index of what was found ready. */
  index(found: number): number;
  /** The token's generation of what was found ready. */
  generation(found: number): number;
  /** What it was found ready for. */
  bits(found: number): number;
}

/** Where its owner keeps it, and which of those that were kept there. */
export interface Token {
  readonly index: number;
  readonly generation: number;
}

const LARGEST_LOOK = 512;
const { POLLIN, POLLOUT, POLLERR, POLLHUP } = platform.core;

const [EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD] = [1, 2, 3] as const; // epoll_ctl(2); POLL* and EPOLL* are the same bits
const EPOLL_CLOEXEC = 0o2000000;

class Epoll implements ReadinessSet {
  readonly fd: number;
  readonly stale = false; // epoll_ctl(2) and kevent(2) reach those who wait
  readonly #control: NativeFunction;
  readonly #wait: NativeFunction;
  readonly #size: number;
  readonly #events: number;
  readonly #data: number;
  readonly #one: Region;
  readonly #found: Region;

  constructor(fd: number, control: NativeFunction, wait: NativeFunction, layout: Layout<"events" | "data">) {
    this.fd = fd;
    this.#control = control;
    this.#wait = wait;
    this.#size = layout.size;
    [this.#events] = layout.fields.events;
    [this.#data] = layout.fields.data;
    this.#one = new Region(layout.size);
    this.#found = new Region(layout.size * LARGEST_LOOK);
  }

  update(fd: number, { index, generation }: Token, before: number | undefined, now: number | undefined): number {
    const { view, bytes } = this.#one;
    view.setUint32(this.#events, now ?? 0, LITTLE_ENDIAN);
    view.setUint32(this.#data, index, LITTLE_ENDIAN);
    view.setUint32(this.#data + 4, generation, LITTLE_ENDIAN);
    const operation = before === undefined ? EPOLL_CTL_ADD : now === undefined ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
    return this.#control(this.fd, operation, fd, bytes) === -1 ? failure() : 0;
  }

  look(): number {
    const found = this.#wait(this.fd, this.#found.bytes, LARGEST_LOOK, 0);
    return found === -1 ? failure() : found;
  }

  bits(found: number): number {
    return this.#found.view.getUint32(found * this.#size + this.#events, LITTLE_ENDIAN);
  }

  index(found: number): number {
    return this.#found.view.getUint32(found * this.#size + this.#data, LITTLE_ENDIAN);
  }

  generation(found: number): number {
    return this.#found.view.getUint32(found * this.#size + this.#data + 4, LITTLE_ENDIAN);
  }
}

// Filters and flags of <sys/event.h>, the same on macOS and FreeBSD.
const [EVFILT_READ, EVFILT_WRITE] = [-1, -2] as const;
const [EV_ADD, EV_DELETE, EV_EOF, EV_ERROR] = [0x1, 0x2, 0x8000, 0x4000] as const;

type KeventLayout = Layout<"ident" | "filter" | "flags" | "fflags" | "data" | "udata", "ext">;

/**
 * Writes into `view` what changes a descriptor's filters from one condition to another: how many changes that are. Apart, so
 * that it can be tested where there is no kqueue.
 */
export function writeChanges(
  view: DataView,
  { size, fields }: KeventLayout,
  fd: number,
  { index, generation }: Token,
  before: number | undefined,
  now: number | undefined,
): number {
  let count = 0;
  for (const [filter, bit] of [
    [EVFILT_READ, POLLIN],
    [EVFILT_WRITE, POLLOUT],
  ] as const) {
    const [was, is] = [((before ?? 0) & bit) !== 0, ((now ?? 0) & bit) !== 0];
    if (was === is) continue;
    const base = count * size;
    for (let offset = 0; offset < size; offset += 4) view.setUint32(base + offset, 0);
    setUint(view, base, fields.ident, fd);
    view.setInt16(base + fields.filter[0], filter, LITTLE_ENDIAN);
    setUint(view, base, fields.flags, is ? EV_ADD : EV_DELETE);
    view.setUint32(base + fields.udata[0], index, LITTLE_ENDIAN);
    view.setUint32(base + fields.udata[0] + 4, generation, LITTLE_ENDIAN);
    count++;
  }
  return count;
}

/** The POLL* bits of an event of kqueue(2): the end of a stream is readable, and its writer has hung up. */
export function bitsOfEvent(view: DataView, base: number, fields: KeventLayout["fields"]): number {
  const writes = view.getInt16(base + fields.filter[0], LITTLE_ENDIAN) === EVFILT_WRITE;
  const flags = getUint(view, base, fields.flags);
  const failed = (flags & EV_ERROR) !== 0 || ((flags & EV_EOF) !== 0 && getUint(view, base, fields.fflags) !== 0);
  const ended = writes && (flags & EV_EOF) !== 0;
  return (writes ? POLLOUT : POLLIN) | (failed ? POLLERR : 0) | (ended ? POLLHUP : 0);
}

class Kqueue implements ReadinessSet {
  readonly fd: number;
  readonly stale = false;
  readonly #call: NativeFunction;
  readonly #layout: KeventLayout;
  readonly #changes: Region;
  readonly #found: Region;
  readonly #now = new Region(16); // a struct timespec of zero

  constructor(fd: number, call: NativeFunction, layout: KeventLayout) {
    this.fd = fd;
    this.#call = call;
    this.#layout = layout;
    this.#changes = new Region(layout.size * 2);
    this.#found = new Region(layout.size * LARGEST_LOOK);
  }

  update(fd: number, token: Token, before: number | undefined, now: number | undefined): number {
    const count = writeChanges(this.#changes.view, this.#layout, fd, token, before, now);
    if (count === 0) return 0;
    return this.#call(this.fd, this.#changes.bytes, count, null, 0, this.#now.bytes) === -1 ? failure() : 0;
  }

  look(): number {
    const found = this.#call(this.fd, null, 0, this.#found.bytes, LARGEST_LOOK, this.#now.bytes);
    return found === -1 ? failure() : found;
  }

  bits(found: number): number {
    return bitsOfEvent(this.#found.view, found * this.#layout.size, this.#layout.fields);
  }

  index(found: number): number {
    return this.#found.view.getUint32(found * this.#layout.size + this.#layout.fields.udata[0], LITTLE_ENDIAN);
  }

  generation(found: number): number {
    return this.#found.view.getUint32(found * this.#layout.size + this.#layout.fields.udata[0] + 4, LITTLE_ENDIAN);
  }
}

/** The set of this system, or a negative error number: EOPNOTSUPP where it has neither. */
export function makeReadinessSet(): ReadinessSet | number {
  const { epoll_event, kevent } = platform.structs;
  const [create, control, wait] = [optional("epoll_create1"), optional("epoll_ctl"), optional("epoll_wait")];
  if (create !== undefined && control !== undefined && wait !== undefined && epoll_event !== undefined) {
    const fd = create(EPOLL_CLOEXEC);
    return fd === -1 ? failure() : new Epoll(fd, control, wait, epoll_event);
  }
  const [queue, call] = [optional("kqueue"), optional("kevent")];
  if (queue === undefined || call === undefined || kevent === undefined) return -errnoNumber("EOPNOTSUPP");
  const fd = queue();
  return fd === -1 ? failure() : new Kqueue(fd, call, kevent);
}
