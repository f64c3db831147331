// Random operations on the event loop, against a model that knows what must come out of them.

import { Cancellable, POLLIN, POLLNVAL, POLLOUT, SOCK_DGRAM, Socket, SocketError } from "../../src/index.ts";
import { openDescriptors } from "./descriptors.ts";
import { Pair, sendUntilFull } from "./loop.ts";
import { type Random, random } from "./random.ts";
import { TcpPair } from "./sockets.ts";

/** What a run has seen. */
export interface StressReport {
  readonly operations: number;
  readonly outcomes: Readonly<Record<string, number>>;
  /** What must not be. */
  readonly problems: readonly string[];
}

/** A receive, in the order of the calls. */
interface Read {
  /** What it gave, or "nothing" when it was rejected; undefined while it waits. */
  result: Uint8Array | "nothing" | undefined;
}

class Abort {
  readonly number: number;

  constructor(number: number) {
    this.number = number;
  }
}

/** One direction of a connection: what was sent, and who reads it. */
class Flow {
  readonly datagrams: boolean;
  sent = 0;
  received = 0;
  reads: Read[] = [];
  sending = false;

  constructor(datagrams: boolean) {
    this.datagrams = datagrams;
  }

  /** The data that comes next. */
  next(size: number): Uint8Array<ArrayBuffer> {
    if (this.datagrams) return new Uint8Array(Uint32Array.of(this.sent).buffer);
    return new Uint8Array(size).map((_, index) => (this.sent + index) % 251);
  }

  /** Compares what was read with what was sent, in the order of the calls. */
  check(): string | undefined {
    while (this.reads[0]?.result !== undefined) {
      const result = this.reads.shift()?.result;
      if (result === undefined || result === "nothing") continue;
      if (this.datagrams) {
        const [number] = new Uint32Array(result.slice(0, 4).buffer);
        if (number !== this.received++) return `datagram ${number} instead of ${this.received - 1}`;
        continue;
      }
      for (const byte of result) {
        if (byte !== this.received++ % 251) return `byte ${byte} at position ${this.received - 1}`;
      }
    }
    return undefined;
  }
}

/** Two sockets, and what is known of them. */
class Link {
  readonly sockets: readonly [Socket, Socket];
  readonly flows: readonly [Flow, Flow];
  readonly watches: Disposable[] = [];
  over = false;

  constructor(kind: number) {
    if (kind === 0) {
      const { client, server } = new TcpPair();
      this.sockets = [client, server];
    } else {
      const { a, b } = new Pair(kind === 1 ? undefined : SOCK_DGRAM);
      this.sockets = [a, b];
    }
    this.flows = [new Flow(kind === 2), new Flow(kind === 2)];
  }
}

/** So many operations at least, on a machine that is busy with something else as well: all sorts come among them. */
export const LEAST = 2000;

/** Runs for so many seconds. */
export async function stress(seed: number, seconds: number): Promise<StressReport> {
  const run = new Run(random(seed));
  await wokenOnce();
  const before = openDescriptors();
  const unhandled = (error: unknown): void => void run.problems.push(`unhandled: ${String(error)}`);
  process.on("unhandledRejection", unhandled);
  process.on("uncaughtException", unhandled);
  try {
    await run.go(performance.now() + seconds * 1000);
  } finally {
    process.off("unhandledRejection", unhandled);
    process.off("uncaughtException", unhandled);
  }
  // a Worker that wakes the reactor makes the loop of its own thread when it gets to it: an epoll, an eventfd, a timerfd
  const ours = (what: string): boolean => !what.startsWith("anon_inode:");
  const left = [...openDescriptors()].filter(([fd, what]) => before.get(fd) !== what && ours(what));
  if (left.length > 0) run.problems.push(`left open: ${left.map(([fd, what]) => `${fd} ${what}`).join(", ")}`);
  const { operations, outcomes, problems } = run;
  return { operations, outcomes, problems: problems.slice(0, 20) };
}

// What sleeps was woken: a Worker that does it is up then, with descriptors of its own, which are Bun's.
async function wokenOnce(): Promise<void> {
  using pair = new Pair();
  const received = pair.b.receiveBytesAsync(1);
  await Bun.sleep(5); // it looks for 0.2 ms
  pair.a.send(new Uint8Array(1));
  await received;
}

class Run {
  operations = 0;
  readonly outcomes: Record<string, number> = {};
  readonly problems: string[] = [];
  readonly #random: Random;
  readonly #links: Link[] = [];
  readonly #pending = new Map<Promise<void>, string>();
  readonly #enders: (() => void)[] = [];
  readonly #cancellables: Cancellable[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  async go(end: number): Promise<void> {
    for (let index = 0; index < 24; index++) this.#links.push(new Link(index % 3));
    while ((performance.now() < end || this.operations < LEAST) && this.problems.length === 0) {
      const burst = 1 + this.#random.int(30);
      for (let index = 0; index < burst; index++) this.#act();
      await this.#pause();
    }
    await this.#finish();
  }

  // All the ways in which a turn can pass: none, a microtask, a turn of the loop, and one long enough for it to fall asleep.
  async #pause(): Promise<void> {
    switch (this.#random.int(8)) {
      case 0:
        return;
      case 1:
        return await Promise.resolve();
      case 2:
        return await Bun.sleep(1 + this.#random.int(3));
      default:
        return await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #act(): void {
    const { int, pick } = this.#random;
    const number = int(this.#links.length);
    const link = this.#links[number] as Link;
    const side = int(2) as 0 | 1;
    this.operations++;
    const what = int(100);
    if (what < 35) this.#read(link, side);
    else if (what < 70) this.#write(link, side);
    else if (what < 78) this.#look(link, side);
    else if (what < 86) this.#watch(link, side);
    else if (what < 97) this.#enders.length > 0 ? pick(this.#enders)() : undefined;
    else if (what < 98) link.sockets[side].duplicate().close();
    else if (int(3) === 0) this.#links[number] = this.#replace(link, side);
  }

  /** Options of all kinds, some of which end the operation later. */
  #options(): { readonly timeout?: number; readonly cancellable?: Cancellable; readonly signal?: AbortSignal } {
    const { int } = this.#random;
    switch (int(6)) {
      case 0:
        return { timeout: int(4) };
      case 1: {
        const cancellable = new Cancellable();
        this.#cancellables.push(cancellable);
        if (int(4) === 0) void cancellable.handle; // then others may cancel it too
        this.#enders.push(() => cancellable.cancel());
        return { cancellable };
      }
      case 2: {
        const controller = new AbortController();
        this.#enders.push(() => controller.abort(new Abort(1)));
        return { signal: controller.signal };
      }
      default:
        return {};
    }
  }

  #track(what: string, promise: Promise<void>): void {
    this.#pending.set(promise, what);
    void promise.finally(() => this.#pending.delete(promise));
    if (this.#enders.length > 200) this.#enders.splice(0, 100);
    // each may have a descriptor, and there are hundreds of thousands in an hour; some are disposed while they are waited with
    if (this.#cancellables.length > 200) this.#dispose(100);
  }

  #dispose(count: number): void {
    for (const cancellable of this.#cancellables.splice(0, count)) cancellable[Symbol.dispose]();
  }

  #count(outcome: string): void {
    this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + 1;
  }

  // Errors that may be: of a peer that is gone as well.
  #expected(what: string, error: unknown): SocketError | undefined {
    const kind = error instanceof SocketError ? error.kind : error instanceof Abort ? "aborted" : String(error);
    this.#count(`${what}: ${kind}`);
    const known: readonly string[] = [
      "would-block",
      "timed-out",
      "cancelled",
      "aborted",
      "closed",
      "connection-closed",
      "connection-refused",
      "not-connected",
    ];
    if (!known.includes(kind)) this.problems.push(`${what}: ${String(error)}`);
    return error instanceof SocketError ? error : undefined;
  }

  #read(link: Link, side: 0 | 1): void {
    const flow = link.flows[side];
    const socket = link.sockets[side];
    const read: Read = { result: undefined };
    flow.reads.push(read);
    const size = flow.datagrams ? 8 : 1 + this.#random.int(20_000);
    const call = async (): Promise<void> => {
      try {
        read.result = await socket.receiveBytesAsync(size, this.#options());
        this.#count("read");
      } catch (error) {
        read.result = "nothing";
        this.#expected("read", error);
      }
      if (link.over) return;
      const wrong = flow.check();
      if (wrong !== undefined) this.problems.push(wrong);
    };
    this.#track("read", call());
  }

  // One sender at a time: what was sent is known before the next.
  #write(link: Link, side: 0 | 1): void {
    const flow = link.flows[1 - side] as Flow;
    if (flow.sending) return;
    flow.sending = true;
    const socket = link.sockets[side];
    const data = flow.next(1 + this.#random.int(60_000));
    const all = !flow.datagrams && this.#random.int(2) === 0;
    const call = async (): Promise<void> => {
      const unit = (bytes: number): number => (flow.datagrams ? Math.min(bytes, 1) : bytes);
      try {
        if (all) {
          const { signal: _, ...options } = this.#options(); // a signal's reason does not tell how much was sent
          flow.sent += await socket.sendAllAsync(data, options);
        } else flow.sent += unit(await socket.sendAsync(data, this.#options()));
        this.#count("write");
      } catch (error) {
        flow.sent += this.#expected("write", error)?.bytesWritten ?? 0;
      }
      flow.sending = false;
    };
    this.#track("write", call());
  }

  #look(link: Link, side: 0 | 1): void {
    const call = async (): Promise<void> => {
      try {
        await link.sockets[side].conditionWaitAsync(
          this.#random.pick([POLLIN, POLLOUT, POLLIN | POLLOUT, 0]),
          this.#options(),
        );
        this.#count("look");
      } catch (error) {
        this.#expected("look", error);
      }
    };
    this.#track("look", call());
  }

  #watch(link: Link, side: 0 | 1): void {
    const { watches } = link;
    if (watches.length > 3) {
      watches.splice(this.#random.int(watches.length), 1)[0]?.[Symbol.dispose]();
      return;
    }
    let left = 1 + this.#random.int(5);
    const watch = link.sockets[side].watch(this.#random.pick([POLLIN, POLLOUT]), (ready) => {
      if ((ready & POLLNVAL) !== 0 && !link.over) this.problems.push("POLLNVAL of an open socket");
      if (left === 0) this.problems.push("a closed watch was called");
      if (--left === 0 || (ready & POLLNVAL) !== 0) {
        left = 0;
        watch.close();
      }
      if (this.#random.int(20) === 0) this.#act();
    });
    watches.push({
      [Symbol.dispose](): void {
        left = 0;
        watch.close();
      },
    });
    this.#count("watch");
  }

  #replace(link: Link, side: 0 | 1): Link {
    link.over = true;
    for (const index of [side, 1 - side] as const) {
      const socket = link.sockets[index] as Socket;
      if (this.#random.int(4) === 0) Socket.fromFd(socket.detach()).close();
      else socket.close();
    }
    this.#count("close");
    return new Link(this.#random.int(3));
  }

  /** What waits must end when it can: a wake-up that was lost would show here. Then everything is closed. */
  async #finish(): Promise<void> {
    for (const link of this.#links) for (const watch of link.watches.splice(0)) watch[Symbol.dispose]();
    for (let round = 0; round < 200 && this.#pending.size > 0; round++) {
      for (const link of this.#links) {
        for (const side of [0, 1] as const) {
          const flow = link.flows[side];
          if (flow.reads.length > 0) this.#write(link, (1 - side) as 0 | 1);
          else if (flow.sending) this.#read(link, side);
        }
      }
      await Bun.sleep(round < 10 ? 0 : 2);
      if (round > 20 && [...this.#pending.values()].every((what) => what === "look")) break; // may wait for what never comes
    }
    for (const link of this.#links) {
      link.over = true;
      for (const socket of link.sockets) socket.close();
    }
    const settled = Promise.all(this.#pending.keys()).then(() => true);
    const late = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => late.resolve(false), 3000);
    const inTime = await Promise.race([settled, late.promise]);
    clearTimeout(timer);
    this.#dispose(Infinity);
    if (!inTime) this.problems.push(`stuck: ${[...this.#pending.values()].join(", ")}`);
  }
}

/** Ends that are tried at every point of one operation: after so many microtasks or turns. */
export async function endAtEveryPoint(): Promise<string[]> {
  const problems: string[] = [];
  for (let steps = 0; steps < 30; steps++) {
    for (const end of ["abort", "cancel", "close", "detach", "data"] as const) {
      using pair = new Pair();
      sendUntilFull(pair.b);
      const controller = new AbortController();
      using cancellable = new Cancellable();
      const options = { signal: controller.signal, cancellable, timeout: 2000 };
      const all = [
        pair.b.receiveBytesAsync(5, options),
        pair.b.receiveBytesAsync(5, options),
        pair.b.sendAllAsync(new Uint8Array(100_000), options),
        pair.b.conditionWaitAsync(POLLIN, options),
      ];
      const ends = Promise.allSettled(all);
      for (let step = 0; step < steps; step++) await (step < 15 ? Promise.resolve() : new Promise(setImmediate));
      if (end === "abort") controller.abort(new Abort(steps));
      else if (end === "cancel") cancellable.cancel();
      else if (end === "close") pair.b.close();
      else if (end === "detach") Socket.fromFd(pair.b.detach()).close();
      else {
        pair.a.send(new Uint8Array(11)); // one byte more than is read
        const waiting = Promise.withResolvers<void>();
        using _ = pair.a.watch(POLLIN, () => {
          pair.a.tryReceive(new Uint8Array(65_536));
          void ends.then(() => waiting.resolve());
        });
        await waiting.promise;
      }
      for (const outcome of await ends) {
        const reason: unknown = outcome.status === "rejected" ? outcome.reason : undefined;
        const got = reason instanceof SocketError ? reason.kind : reason instanceof Abort ? "aborted" : "done";
        const wanted = { abort: "aborted", cancel: "cancelled", close: "closed", detach: "closed", data: "done" }[end];
        if (got !== wanted) problems.push(`${end} after ${steps}: ${got}`);
      }
    }
  }
  return problems;
}
