// poll(2) over memory that is made once and used again. ppoll(2) where there is one, because poll counts in whole
// milliseconds and a budget of 900 microseconds would be none.

import { setUint } from "./layout.ts";
import { failure, optional, required } from "./library.ts";
import { LITTLE_ENDIAN, Region } from "./memory.ts";
import { platform } from "./platform/index.ts";

const { pollfd, timespec } = platform.structs;
const [eventsOffset] = pollfd.fields.events;
const [reventsOffset] = pollfd.fields.revents;
const cPoll = required("poll");
const cPpoll = optional("ppoll");

/** An array of descriptors to wait for, that grows and is used again. */
export interface PollArray {
  /** Forgets all entries. */
  clear(): void;
  /** How many entries there are. */
  readonly length: number;
  /** Adds an entry; a negative descriptor is passed over. */
  add(fd: number, events: number): void;
  /** What entry `index` was found ready for. */
  ready(index: number): number;
  /** `poll(2)` for at most so many milliseconds (fractions count where ppoll exists): how many entries are ready. */
  poll(milliseconds: number): number;
}

/** Of struct pollfd. */
class PosixPollArray implements PollArray {
  #region = new Region(pollfd.size * 4);
  #timeout = new Region(timespec.size);
  #length = 0;

  clear(): void {
    this.#length = 0;
  }

  get length(): number {
    return this.#length;
  }

  add(fd: number, events: number): void {
    const base = this.#length * pollfd.size;
    if (base + pollfd.size > this.#region.bytes.length) {
      const grown = new Region(this.#region.bytes.length * 2);
      grown.bytes.set(this.#region.bytes);
      this.#region = grown;
    }
    const { view } = this.#region;
    setUint(view, base, pollfd.fields.fd, fd);
    view.setUint16(base + eventsOffset, events, LITTLE_ENDIAN);
    view.setUint16(base + reventsOffset, 0, LITTLE_ENDIAN);
    this.#length++;
  }

  ready(index: number): number {
    return this.#region.view.getUint16(index * pollfd.size + reventsOffset, LITTLE_ENDIAN);
  }

  poll(milliseconds: number): number {
    if (cPpoll === undefined) {
      const ready = cPoll(this.#region.bytes, this.#length, Math.ceil(milliseconds));
      return ready === -1 ? failure() : ready;
    }
    const seconds = Math.floor(milliseconds / 1000);
    const { view } = this.#timeout;
    setUint(view, 0, timespec.fields.tv_sec, seconds);
    setUint(view, 0, timespec.fields.tv_nsec, Math.min(Math.ceil((milliseconds - seconds * 1000) * 1e6), 999_999_999));
    const ready = cPpoll(this.#region.bytes, this.#length, this.#timeout.bytes, 0);
    return ready === -1 ? failure() : ready;
  }
}

/** The bits by which this system is asked for a condition of POLL* bits. */
export const askedOf: (events: number) => number =
  platform.polls === "poll"
    ? (events) => events
    : (require("./winsock-poll.ts") as typeof import("./winsock-poll.ts")).askedOfWinsock;

/** Of this system. */
export const PollArray: new () => PollArray =
  platform.polls === "poll"
    ? PosixPollArray
    : (require("./winsock-poll.ts") as typeof import("./winsock-poll.ts")).WinsockPollArray;
