// WSAPoll with the meaning of poll(2): its bits are others, some that are asked for are an error, the end of a stream is
// "hung up", and it will not wait for nothing.

import { exported, failure, required } from "./library.ts";
import { LITTLE_ENDIAN, Region } from "./memory.ts";
import { POLLRDBAND, POLLRDNORM, POLLWRNORM } from "./platform/constants/windows-calls.ts";
import * as windows from "./platform/constants/windows-core.ts";
import { platform } from "./platform/index.ts";
import { setUint } from "./layout.ts";

const { POLLIN, POLLOUT, POLLPRI, POLLERR, POLLHUP, POLLNVAL } = windows;
const { MSG_PEEK, WSAENOTSOCK, WSAESHUTDOWN, WSAEMSGSIZE, WSAENOTCONN, WSAEWOULDBLOCK } = windows;
const { pollfd } = platform.structs;
const [eventsOffset] = pollfd.fields.events;
const [reventsOffset] = pollfd.fields.revents;

/** What to ask WSAPoll for: it answers WSAEINVAL to any other bit, and knows urgent data as POLLRDBAND. */
export function askedOfWinsock(events: number): number {
  return (
    ((events & POLLIN) === 0 ? 0 : POLLRDNORM) |
    ((events & POLLPRI) === 0 ? 0 : POLLRDBAND) |
    ((events & POLLOUT) === 0 ? 0 : POLLWRNORM)
  );
}

/** What is known of a stream that has "hung up": whether there is more to read, and whether we have ended our side too. */
export interface HungUp {
  readonly peeked: "data" | "end" | "error";
  readonly shut: boolean;
}

/**
 * The bits of poll(2) for those of WSAPoll. The end of what the peer sends is POLLIN, and POLLHUP only once both directions have
 * ended; a connection that was reset, or refused, is all of it.
 */
export function bitsOfWinsock(events: number, revents: number, hungUp: () => HungUp): number {
  let bits = revents & (POLLERR | POLLNVAL);
  if ((revents & POLLRDNORM) !== 0) bits |= POLLIN & events;
  if ((revents & POLLRDBAND) !== 0) bits |= POLLPRI & events;
  if ((revents & POLLWRNORM) !== 0) bits |= POLLOUT & events;
  if ((revents & (POLLHUP | POLLERR)) === 0) return bits;
  const all = bits | POLLERR | POLLHUP | ((POLLIN | POLLOUT) & events);
  if ((revents & POLLERR) !== 0) return all;
  const { peeked, shut } = hungUp();
  if (peeked === "error") return all;
  return bits | (POLLIN & events) | (peeked === "end" && shut ? POLLHUP : 0);
}

const cPoll = required("poll");
const cRecv = exported("recv");
const cSend = exported("send");

const byte = new Uint8Array(new ArrayBuffer(8), 0, 1);
const nothing = new Uint8Array(new ArrayBuffer(8), 0, 0);
const asleep = new Int32Array(new SharedArrayBuffer(4));

/** An array of WSAPOLLFD that grows and is used again: the same as PollArray of poll.ts. */
export class WinsockPollArray {
  #region = new Region(pollfd.size * 4);
  // what was asked for, and found; entries that are passed over have no place among those of WSAPoll
  #fds: number[] = [];
  #events: number[] = [];
  #ready: number[] = [];
  #places: number[] = [];
  #length = 0;
  #polled = 0;

  clear(): void {
    this.#length = 0;
    this.#polled = 0;
  }

  get length(): number {
    return this.#length;
  }

  add(fd: number, events: number): void {
    const index = this.#length++;
    this.#fds[index] = fd;
    this.#events[index] = events;
    this.#ready[index] = 0;
    this.#places[index] = fd < 0 ? -1 : this.#polled;
    if (fd < 0) return;
    const base = this.#polled++ * pollfd.size;
    if (base + pollfd.size > this.#region.bytes.length) {
      const grown = new Region(this.#region.bytes.length * 2);
      grown.bytes.set(this.#region.bytes);
      this.#region = grown;
    }
    setUint(this.#region.view, base, pollfd.fields.fd, fd);
    this.#region.view.setUint16(base + eventsOffset, askedOfWinsock(events), LITTLE_ENDIAN);
  }

  ready(index: number): number {
    return this.#ready[index] as number;
  }

  poll(milliseconds: number): number {
    const whole = Math.ceil(milliseconds);
    if (this.#polled === 0) {
      Atomics.wait(asleep, 0, 0, whole);
      return 0;
    }
    const until = performance.now() + whole;
    for (let nap = 1, left = whole; ; nap = Math.min(nap * 2, 20)) {
      const result = cPoll(this.#region.bytes, this.#polled, left);
      if (result === 0) return this.#none();
      if (result === -1) {
        const error = failure();
        if (error !== -WSAENOTSOCK) return error;
        this.#eachAlone(); // it says so when none of them is a socket
      }
      const count = this.#count();
      left = Math.ceil(until - performance.now());
      if (count > 0 || left <= 0) return count;
      // the peer has ended its side, which WSAPoll goes on telling, and nobody waits to read
      Atomics.wait(asleep, 0, 0, Math.min(nap, left));
    }
  }

  #none(): 0 {
    this.#ready.fill(0);
    return 0;
  }

  #eachAlone(): void {
    const one = new Region(pollfd.size);
    for (let place = 0; place < this.#polled; place++) {
      one.bytes.set(this.#region.bytes.subarray(place * pollfd.size, (place + 1) * pollfd.size));
      const alone = cPoll(one.bytes, 1, 0);
      const revents = alone === -1 ? POLLNVAL : one.view.getUint16(reventsOffset, LITTLE_ENDIAN);
      this.#region.view.setUint16(place * pollfd.size + reventsOffset, revents, LITTLE_ENDIAN);
    }
  }

  #count(): number {
    let count = 0;
    for (let index = 0; index < this.#length; index++) {
      const place = this.#places[index] as number;
      const revents =
        place === -1 ? 0 : this.#region.view.getUint16(place * pollfd.size + reventsOffset, LITTLE_ENDIAN);
      const fd = this.#fds[index] as number;
      const bits = revents === 0 ? 0 : bitsOfWinsock(this.#events[index] as number, revents, () => hungUp(fd));
      this.#ready[index] = bits;
      if (bits !== 0) count++;
    }
    return count;
  }
}

// asked of the calls themselves: those of this floor have made an end of what is an error here
function hungUp(fd: number): HungUp {
  const size = cRecv?.(fd, byte, byte, MSG_PEEK) ?? 0;
  const error = size === -1 ? -failure() : 0;
  // one's own end of reading, and a socket that was never connected, are no errors of the connection
  const ended = size === 0 || error === WSAESHUTDOWN || error === WSAENOTCONN || error === WSAEWOULDBLOCK;
  const peeked = size > 0 || error === WSAEMSGSIZE ? "data" : ended ? "end" : "error";
  // sending nothing puts nothing on the wire of a stream
  return { peeked, shut: peeked === "end" && cSend?.(fd, nothing, nothing, 0) === -1 };
}
