// Readiness on Bun's event loop: which of the watched descriptors are ready, told to those who watch. One reactor per thread,
// made at its first use.
//
// While something happens it looks again in each turn of the loop (setImmediate), for a bounded time after the last event and
// where that pays (patience.ts); then it sleeps, and costs nothing until its wake-up is rung. Measured with and without: design.md section 4.

import { PollSet } from "../../ffi/poll-set.ts";
import { makeReadinessSet, type ReadinessSet, type Token } from "../../ffi/readiness.ts";
import { close } from "../../ffi/descriptors.ts";
import { EINTR, errnoNumber } from "../../ffi/errno.ts";
import { platform } from "../../ffi/platform/index.ts";
import { failed, notSupported } from "../errors.ts";
import { Patience } from "./patience.ts";
import { makePollWake, makeWake, type Wake, type WakeKind } from "./wake.ts";

const { POLLERR, POLLHUP, POLLNVAL } = platform.core;
const UNASKED = POLLERR | POLLHUP | POLLNVAL;

/** How long it goes on looking after the last event, in milliseconds. */
const HOT = 0.2;

/** Called with what a descriptor is ready for, of what is watched, and POLLERR, POLLHUP, POLLNVAL unasked. */
export type ReadyCallback = (ready: number) => void;

/** One who watches a descriptor. Active at first; the callback is called, again and again, as long as it is ready. */
export class Watcher {
  readonly #target: Target;
  readonly callback: ReadyCallback;
  condition: number;
  active = false;
  closed = false;
  #alive: boolean;

  constructor(target: Target, condition: number, alive: boolean, callback: ReadyCallback) {
    this.#target = target;
    this.condition = condition;
    this.callback = callback;
    this.#alive = alive;
  }

  /** The descriptor that is watched. */
  get fd(): number {
    return this.#target.fd;
  }

  /** Whether it keeps the program alive while it is active. */
  get alive(): boolean {
    return this.#alive;
  }
  set alive(on: boolean) {
    if (on === this.#alive) return;
    this.#alive = on;
    if (this.active) this.#target.reactor.count(0, on ? 1 : -1);
  }

  /** Is called from now on. @throws SocketError when the system refuses to watch the descriptor */
  resume(condition: number = this.condition): void {
    this.condition = condition;
    if (this.closed) return;
    if (!this.active) {
      this.active = true;
      this.#target.reactor.count(1, this.#alive ? 1 : 0);
    }
    try {
      this.#target.arm();
    } catch (error) {
      this.pause();
      throw error;
    }
  }

  /** Is not called until it is resumed. What the kernel was told stays: mostly it is resumed soon. */
  pause(): void {
    if (!this.active) return;
    this.active = false;
    this.#target.reactor.count(-1, this.#alive ? -1 : 0);
  }

  /** Is not called any more. */
  close(): void {
    if (this.closed) return;
    this.pause();
    this.closed = true;
    this.#target.remove(this);
  }
}

/** A descriptor in a reactor, with those who watch it. */
export class Target implements Token {
  readonly reactor: Reactor;
  readonly fd: number;
  index = -1;
  generation = 0;
  /** What the kernel was told to look for; undefined: it is not in the set. */
  #told: number | undefined;
  #watchers: readonly Watcher[] = [];

  constructor(reactor: Reactor, fd: number) {
    this.reactor = reactor;
    this.fd = fd;
  }

  /** Adds a watcher, which is not active yet. */
  add(condition: number, alive: boolean, callback: ReadyCallback): Watcher {
    const watcher = new Watcher(this, condition, alive, callback);
    this.#watchers = [...this.#watchers, watcher];
    if (this.index === -1) this.reactor.keep(this);
    return watcher;
  }

  // The list is made anew, so that one who is called may remove himself, or others.
  remove(watcher: Watcher): void {
    this.#watchers = this.#watchers.filter((other) => other !== watcher);
    if (this.#watchers.length > 0) return;
    this.#tell(undefined);
    this.reactor.forget(this);
  }

  /** Tells the kernel what is wanted, if it has not been told. */
  arm(): void {
    const wanted = this.#wanted() ?? 0;
    if (this.#told === undefined || (wanted & ~this.#told) !== 0) this.#tell(wanted | (this.#told ?? 0));
    this.reactor.start();
  }

  #wanted(): number | undefined {
    let wanted: number | undefined;
    for (const { active, condition } of this.#watchers) if (active) wanted = (wanted ?? 0) | condition;
    return wanted;
  }

  #tell(now: number | undefined): void {
    if (now === this.#told) return;
    const result = this.reactor.set.update(this.fd, this, this.#told, now);
    // what somebody else has closed behind our back is out of the set already
    if (result < 0 && now !== undefined) throw failed(result, { syscall: "epoll_ctl", address: `fd ${this.fd}` });
    this.#told = now;
  }

  /** Tells those who watch what there is. What nobody wanted the kernel looks for no more. */
  dispatch(bits: number): void {
    let taken = false;
    for (const watcher of this.#watchers) {
      const ready = bits & (watcher.condition | UNASKED);
      if (!watcher.active || ready === 0) continue;
      taken = true;
      notify(watcher, ready);
    }
    if (!taken && this.index !== -1) this.#narrow();
  }

  // Somebody else may have closed it behind our back: it is in the set no more then, and the others must not suffer for it.
  #narrow(): void {
    const wanted = this.#wanted();
    if (wanted === this.#told) return;
    this.#told = this.reactor.set.update(this.fd, this, this.#told, wanted) < 0 ? undefined : wanted;
  }

  /** The descriptor is about to be closed or given away: takes it out of the set, and tells those who watch, once. */
  end(): void {
    if (this.index === -1) return;
    this.#tell(undefined);
    this.reactor.forget(this);
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const watcher of watchers) {
      watcher.pause();
      queueMicrotask(() => {
        if (watcher.closed) return;
        watcher.closed = true;
        notify(watcher, POLLNVAL);
      });
    }
  }
}

// What a user's callback throws is not the loop's.
function notify({ callback }: Watcher, ready: number): void {
  try {
    callback(ready);
  } catch (error) {
    reportError(error);
  }
}

// What the kernel keeps, where it does.
function makeSet(kind: WakeKind | undefined): ReadinessSet {
  const set = makeReadinessSet();
  if (typeof set !== "number") return set;
  if (set === -errnoNumber("EOPNOTSUPP") && kind === undefined) return new PollSet();
  throw failed(set, { syscall: "epoll_create1" });
}

/** The reactor of one thread. */
export class Reactor {
  readonly set: ReadinessSet;
  #wake: Wake;
  readonly #targets: (Target | undefined)[] = [];
  readonly #free: number[] = [];
  #generation = 0;
  #active = 0;
  #alive = 0;
  #scheduled = false;
  #asleep = false;
  #hotUntil = 0;
  /** When the last event was found. */
  #last = 0;
  readonly #patience = new Patience(HOT);
  readonly #turn = (): void => {
    this.#scheduled = false;
    this.#look();
  };
  readonly #woken = (): void => {
    this.#asleep = false;
    this.#look();
  };

  constructor(kind: WakeKind | undefined) {
    const set = kind === "poll" ? new PollSet() : makeSet(kind);
    this.set = set;
    try {
      this.#wake = set instanceof PollSet ? makePollWake(set, this.#woken) : makeWake(set.fd, kind, this.#woken);
    } catch (error) {
      if (set.fd !== -1) close(set.fd);
      throw error;
    }
  }

  /** How it is woken. */
  get kind(): WakeKind {
    return this.#wake.kind;
  }

  /** Gives a target its place. */
  keep(target: Target): void {
    const index = this.#free.pop() ?? this.#targets.length;
    this.#generation = (this.#generation + 1) >>> 0;
    target.index = index;
    target.generation = this.#generation;
    this.#targets[index] = target;
  }

  /** Takes it back: events for it that are under way find another generation there. */
  forget(target: Target): void {
    if (target.index === -1) return;
    this.#targets[target.index] = undefined;
    this.#free.push(target.index);
    target.index = -1;
  }

  /** Counts watchers that are active, and those of them that keep the program alive. */
  count(active: number, alive: number): void {
    this.#active += active;
    this.#alive += alive;
    if (this.#asleep) this.#wake.keepAlive(this.#alive > 0);
  }

  /** Somebody waits: looks for a while, because answers are often near. */
  start(): void {
    if (this.#scheduled) return;
    this.#hotUntil = performance.now() + HOT;
    this.#schedule();
  }

  #schedule(): void {
    this.#scheduled = true;
    setImmediate(this.#turn);
  }

  /** Looks, tells, and decides whether to look again or to sleep. */
  #look(): void {
    const found = this.set.look();
    if (found < 0 && found !== -EINTR) throw failed(found, { syscall: "epoll_wait" });
    for (let index = 0; index < found; index++) {
      const target = this.#targets[this.set.index(index)];
      // one that was closed meanwhile, or whose place another one has
      if (target?.generation === this.set.generation(index)) target.dispatch(this.set.bits(index));
    }
    if (this.#scheduled) return;
    const now = performance.now();
    if (found > 0) {
      this.#patience.came(now - this.#last);
      this.#last = now;
      this.#hotUntil = now + HOT;
    }
    if (this.#alive > 0 && now < this.#hotUntil && this.#patience.looks) this.#schedule();
    else this.#sleep();
  }

  #sleep(): void {
    this.#wake.keepAlive(this.#alive > 0);
    if (this.#active === 0 || (this.#asleep && !this.set.stale)) return;
    try {
      this.#wake.arm();
    } catch (error) {
      this.#fallBack(error);
    }
    this.#asleep = true;
  }

  // A ring that was allowed may be refused later: by a sandbox that the program has entered, by a lack of memory.
  #fallBack(error: unknown): void {
    if (this.kind !== "io_uring") throw error;
    this.#wake.keepAlive(false);
    this.#wake = makeWake(this.set.fd, "worker", this.#woken);
    this.#wake.keepAlive(this.#alive > 0);
    this.#wake.arm();
  }
}

let current: Reactor | undefined;
let wanted: WakeKind | undefined;

/** The reactor of this thread, made now if there is none. */
export function currentReactor(): Reactor {
  current ??= new Reactor(wanted);
  return current;
}

/** How the reactor of this thread is woken, if there is one. */
export function kindInUse(): WakeKind | undefined {
  return current?.kind;
}

/** Chooses how the reactor of this thread will be woken. @throws SocketError kind "not-supported" when there is one already */
export function chooseWake(kind: WakeKind): void {
  if (kind !== "io_uring" && kind !== "worker" && kind !== "poll") {
    throw new TypeError(`kind must be "io_uring", "worker" or "poll", not ${JSON.stringify(kind)}`);
  }
  if (current !== undefined)
    throw notSupported("reactor.choose", "this thread has its reactor already; choose before the first watch");
  wanted = kind;
}
