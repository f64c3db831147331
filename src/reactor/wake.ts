// How Bun's event loop learns that something in a reactor's set is ready while it sleeps. In all cases a byte comes out of a
// socket pair, one end of which Bun's own loop reads: that end can be ref'd and unref'd as any of Bun's sockets. Who sends
// the byte is what differs.

import { pairOf, socketpair, send } from "../../ffi/calls.ts";
import { close, makeReady, SOCK_READY } from "../../ffi/descriptors.ts";
import { platform } from "../../ffi/platform/index.ts";
import type { PollSet } from "../../ffi/poll-set.ts";
import { PollWake } from "../../ffi/poll-wake.ts";
import { makeUringWake } from "../../ffi/uring.ts";
import { startWorkerWake } from "../../ffi/worker-wake.ts";
import { failed } from "../errors.ts";

const { SOCK_STREAM, MSG_NOSIGNAL = 0 } = platform.core;

/**
 * Who sends the byte: the kernel (io_uring), or a Worker that blocks in poll(2). `"poll"`, all that Windows has, does without a set
 * in the kernel: the Worker blocks in poll(2), or WSAPoll, over all that is watched, and its message is the wake-up.
 */
export type WakeKind = "io_uring" | "worker" | "poll";

/** A wake-up. */
export interface Wake {
  readonly kind: WakeKind;
  /** Asks to be woken, once, when the set is ready: at once if it is already. */
  arm(): void;
  /** Whether being asleep keeps the program alive. */
  keepAlive(on: boolean): void;
}

function makePair(): [number, number] {
  const result = socketpair(platform.core[platform.pairFamily], SOCK_STREAM | SOCK_READY, 0);
  if (result < 0) throw failed(result, { syscall: "socketpair" });
  const [one, other] = pairOf();
  makeReady(one);
  makeReady(other);
  return [one, other];
}

/** The end that Bun reads. */
class Bell {
  #socket: Bun.Socket<undefined> | undefined;
  #alive = false; // it is there before anybody waits

  constructor(fd: number, woken: () => void) {
    const socket = {
      open: (opened: Bun.Socket<undefined>): void => {
        this.#socket = opened;
        if (!this.#alive) opened.unref();
      },
      data: woken,
    };
    // `fd` is there, and not in the types (Bun 1.4)
    void Bun.connect<undefined>({ fd, socket } as unknown as Bun.TCPSocketConnectOptions<undefined>);
  }

  keepAlive(on: boolean): void {
    if (on === this.#alive) return;
    this.#alive = on;
    if (on) this.#socket?.ref();
    else this.#socket?.unref();
  }
}

/** Makes the wake-up for a set with a descriptor: without a thread where the system allows it, unless one is asked for. */
export function makeWake(polled: number, wanted: WakeKind | undefined, woken: () => void): Wake {
  const [heard, told] = makePair();
  try {
    const ring = wanted === "worker" ? undefined : armByRing(polled, told, wanted === "io_uring");
    const kind = ring === undefined ? "worker" : "io_uring";
    const arm = ring ?? armByWorker(polled, told);
    const bell = new Bell(heard, woken); // last: from then on the descriptor is Bun's
    return { kind, arm, keepAlive: (on) => bell.keepAlive(on) };
  } catch (error) {
    close(heard);
    close(told);
    throw error;
  }
}

function armByRing(polled: number, told: number, required: boolean): (() => void) | undefined {
  const ring = makeUringWake(polled, told);
  if (typeof ring === "number") {
    if (required) throw failed(ring, { syscall: "io_uring_setup" });
    return undefined;
  }
  return () => {
    const result = ring.arm();
    if (result < 0) throw failed(result, { syscall: "io_uring_enter" });
  };
}

function armByWorker(polled: number, told: number): () => void {
  const [orders, ordering] = makePair();
  const worker = startWorkerWake(polled, orders, told);
  const order = new Uint8Array(new ArrayBuffer(8), 0, 1);
  return () => {
    void worker; // held here: nobody else does
    const result = send(ordering, order, MSG_NOSIGNAL);
    if (result < 0) throw failed(result, { syscall: "send" });
  };
}

/** Makes the wake-up for a set of our own. */
export function makePollWake(set: PollSet, woken: () => void): Wake {
  const [heard, interrupting] = makePair();
  let futile = false;
  let nap = 0;
  const wake = new PollWake(heard, () => {
    futile = true;
    woken();
  });
  const order = new Uint8Array(new ArrayBuffer(8), 0, 1);
  return {
    kind: "poll",
    arm() {
      // "ready" that nobody can use, the end of a stream of which nobody reads, would come again at once
      nap = futile && !set.fruitful ? Math.min(nap * 2 || 1, 20) : 0;
      futile = false;
      const waits = wake.waits;
      wake.order(set.copy(heard).bytes, nap);
      if (waits) send(interrupting, order, MSG_NOSIGNAL); // would-block: it is interrupted already
    },
    keepAlive: (on) => wake.keepAlive(on),
  };
}
