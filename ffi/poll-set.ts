// A readiness set without the kernel's help: poll(2) or WSAPoll over all of it, at each look. Where there is neither epoll(7) nor
// kqueue(2), and where it is asked for. A Worker that waits for it gets a copy (`poll-wake.ts`).

import { LITTLE_ENDIAN, Region } from "./memory.ts";
import { setUint } from "./layout.ts";
import { askedOf, PollArray } from "./poll.ts";
import { platform } from "./platform/index.ts";
import type { ReadinessSet, Token } from "./readiness.ts";

const { POLLNVAL } = platform.core;
const { pollfd } = platform.structs;

interface Entry {
  readonly fd: number;
  events: number;
  index: number;
  generation: number;
}

/** Descriptors in an array of our own. */
export class PollSet implements ReadinessSet {
  /** There is no descriptor for the whole of it. */
  readonly fd = -1;
  readonly #entries: Entry[] = [];
  readonly #places = new Map<number, number>();
  readonly #array = new PollArray();
  #changed = true;
  #stale = true;
  #found: { readonly entry: Entry; readonly bits: number }[] = [];
  #fruitful = false;

  /** Whether something was added, or is wanted, that the last copy does not have. */
  get stale(): boolean {
    return this.#stale;
  }

  /** Whether a look has found something since the last copy: not the last look alone, which may come after all was taken. */
  get fruitful(): boolean {
    return this.#fruitful;
  }

  update(fd: number, { index, generation }: Token, _before: number | undefined, now: number | undefined): number {
    const place = this.#places.get(fd);
    this.#changed = true;
    if (now === undefined) {
      if (place !== undefined) this.#remove(place);
      return 0;
    }
    if (place === undefined) {
      this.#places.set(fd, this.#entries.length);
      this.#entries.push({ fd, events: now, index, generation });
      this.#stale = true;
      return 0;
    }
    const entry = this.#entries[place] as Entry;
    if ((now & ~entry.events) !== 0 || generation !== entry.generation) this.#stale = true;
    Object.assign(entry, { events: now, index, generation });
    return 0;
  }

  #remove(place: number): void {
    const last = this.#entries.pop() as Entry;
    const removed = this.#entries[place] ?? last;
    this.#places.delete(removed.fd);
    if (removed === last) return;
    this.#entries[place] = last;
    this.#places.set(last.fd, place);
  }

  look(): number {
    if (this.#changed) {
      this.#array.clear();
      for (const { fd, events } of this.#entries) this.#array.add(fd, events);
      this.#changed = false;
    }
    this.#found = [];
    const count = this.#entries.length === 0 ? 0 : this.#array.poll(0);
    if (count <= 0) return count;
    const gone: number[] = [];
    for (let place = 0; place < this.#entries.length; place++) {
      const bits = this.#array.ready(place);
      if (bits === 0) continue;
      if ((bits & POLLNVAL) !== 0) gone.unshift(place);
      else this.#found.push({ entry: this.#entries[place] as Entry, bits });
    }
    // closed behind our back: epoll(7) forgets such a descriptor in silence, and so must this, or it would be "ready" for ever
    for (const place of gone) this.#remove(place);
    if (gone.length > 0) this.#changed = true;
    if (this.#found.length > 0) this.#fruitful = true;
    return this.#found.length;
  }

  bits(found: number): number {
    return this.#found[found]?.bits ?? 0;
  }

  index(found: number): number {
    return this.#found[found]?.entry.index ?? 0;
  }

  generation(found: number): number {
    return this.#found[found]?.entry.generation ?? 0;
  }

  /** All of it as the array that poll(2) takes, behind one entry more. */
  copy(first: number): Region {
    const region = new Region((this.#entries.length + 1) * pollfd.size);
    const put = (place: number, fd: number, events: number): void => {
      setUint(region.view, place * pollfd.size, pollfd.fields.fd, fd);
      region.view.setUint16(place * pollfd.size + pollfd.fields.events[0], askedOf(events), LITTLE_ENDIAN);
    };
    put(0, first, platform.core.POLLIN);
    this.#entries.forEach(({ fd, events }, place) => put(place + 1, fd, events));
    this.#stale = false;
    this.#fruitful = false;
    return region;
  }
}
