// poll(2) over many sockets.

import { PollArray } from "../../ffi/poll.ts";
import { platform } from "../../ffi/platform/index.ts";
import { type Descriptor, descriptor, duration, integer, show } from "../arguments.ts";
import { cancelled } from "../errors.ts";
import { Cancellable, isCancelled } from "../wait/cancellable.ts";
import { deadlineIn } from "../wait/deadline.ts";
import { CANCELLED, pollUntil } from "../wait/wait.ts";

/** One socket to wait for. */
export interface PollEntry {
  /** A Socket, anything else with an fd, or a descriptor; one that is closed is reported as POLLNVAL. */
  readonly socket: Descriptor;
  /** POLLIN, POLLOUT, POLLPRI, or'ed. */
  readonly condition: number;
  /** Written by `poll`: what it is ready for, POLLERR, POLLHUP and POLLNVAL among it unasked; 0 for nothing. */
  ready?: number;
}

/** What `poll` takes beside the entries. */
export interface PollOptions {
  /** Milliseconds, fractions allowed: 0 looks once, Infinity (the default) waits for ever. */
  readonly timeout?: number | undefined;
  /** Ends the wait when it is cancelled, from another Worker too. */
  readonly cancellable?: Cancellable | undefined;
}

const polled = new PollArray();

/**
 * `poll(2)`: waits until at least one of many sockets is ready, writes into each entry what it is ready for, and returns
 * how many are; 0 when the timeout passed first. Without entries it sleeps.
 *
 * @throws TypeError, RangeError
 * @throws SocketError kind "cancelled"
 *
 * @example
 * const entries = [{ socket: a, condition: POLLIN }, { socket: b, condition: POLLIN | POLLOUT }];
 * if (poll(entries, { timeout: 100 }) > 0) for (const { socket, ready } of entries) if (ready) handle(socket, ready);
 */
export function poll(entries: readonly PollEntry[], options?: PollOptions): number {
  if (!Array.isArray(entries)) throw new TypeError(`entries must be an array, not ${show(entries)}`);
  const { timeout = Infinity, cancellable } = checkOptions(options);
  if (cancellable !== undefined && !(cancellable instanceof Cancellable)) {
    throw new TypeError(`cancellable must be a Cancellable, not ${show(cancellable)}`);
  }
  const deadline = duration(timeout) === Infinity ? Infinity : deadlineIn(timeout);
  if (isCancelled(cancellable)) throw cancelled("poll");
  const closed = fill(entries);
  const ready = pollUntil(polled, closed === 0 ? deadline : 0, cancellable);
  if (ready === CANCELLED) throw cancelled("poll");
  // read out before anything is written: a setter of the user's may poll
  const found = entries.map((entry: PollEntry, index) => (isClosed(entry.socket) ? POLLNVAL : polled.ready(index)));
  let count = 0;
  entries.forEach((entry: PollEntry, index) => {
    entry.ready = found[index] as number;
    if (entry.ready !== 0) count++;
  });
  return count;
}

function checkOptions(options: PollOptions | undefined): PollOptions {
  if (options === undefined) return {};
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`options must be { timeout, cancellable }, not ${show(options)}`);
  }
  if ("signal" in options && options.signal !== undefined) {
    throw new TypeError("a call that blocks cannot see a signal: use a Cancellable from a Worker");
  }
  return options;
}

const { POLLNVAL } = platform.core;

// poll(2) passes over a negative descriptor in silence; a socket that is closed is news.
function isClosed(socket: Descriptor): boolean {
  return typeof socket === "object" && socket !== null && "fd" in socket && socket.fd === -1;
}

function fill(entries: readonly PollEntry[]): number {
  polled.clear();
  let closed = 0;
  for (let index = 0; index < entries.length; index++) {
    const entry = entries[index];
    if (typeof entry !== "object" || entry === null) {
      throw new TypeError(`entries[${index}] must be { socket, condition }, not ${show(entry)}`);
    }
    const { socket, condition } = entry;
    const gone = isClosed(socket);
    if (gone) closed++;
    polled.add(gone ? -1 : fdOf(socket, index), bitsOf(condition, index));
  }
  return closed;
}

// The names of the arguments are made only where they are needed: this is a loop that servers run.

function bitsOf(condition: number, index: number): number {
  if ((condition & 0xffff) === condition) return condition;
  return integer(condition, `entries[${index}].condition`, 0, 0xffff);
}

function fdOf(socket: Descriptor, index: number): number {
  const fd = typeof socket === "object" && socket !== null && "fd" in socket ? socket.fd : socket;
  if (typeof fd === "number" && (fd & 0x7fff_ffff) === fd) return fd;
  return descriptor(socket, `entries[${index}].socket`);
}
