// The other thread of `Thread`: what it can be told to do. One order is done after the other.

import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { AF_INET, Cancellable, type CancellableHandle, Socket, SocketError } from "../../src/index.ts";

declare const self: Worker;

/** What the thread can be told to do with a descriptor, which it owns from then on, or with a Cancellable. */
export type Order =
  /** Cancels as soon as the main thread is blocked. */
  | { readonly cancel: CancellableHandle }
  /** Opens it and keeps it open; or closes what it keeps. */
  | { readonly hold: CancellableHandle | null }
  /** Receives until it is cancelled: fails with what the receive throws. */
  | { readonly wait: number; readonly until: CancellableHandle }
  /** Sends each piece as soon as the main thread is blocked and a pause has passed, and then closes. */
  | { readonly send: number; readonly pieces: readonly Uint8Array[]; readonly pause: number }
  /** Appends to a file as soon as the main thread is blocked. */
  | { readonly append: string; readonly bytes: Uint8Array }
  /** Closes as soon as the main thread is blocked. */
  | { readonly close: number }
  /** Accepts a connection and closes it, as soon as the main thread is blocked. */
  | { readonly accept: number }
  /** Connects to a TCP address, says hello and closes, as soon as the main thread is blocked. */
  | { readonly connect: string }
  /** Reads pieces until the end, or until it has so many bytes, with a pause after each; tells how many it got. */
  | { readonly drain: number; readonly piece: number; readonly pause: number; readonly limit: number }
  /** Waits for data that never comes. */
  | { readonly block: number };

/** What it answers: "ready" once, and then a number for each order, or what went wrong. */
export type Answer = { readonly ready: true } | { readonly done: number } | { readonly failed: string };

const mainThread = `/proc/self/task/${process.pid}`;
const tells = existsSync(`${mainThread}/stat`);

// proc_pid_stat(5): the state comes after the name in parentheses. proc_pid_wchan(5): the kernel's function that it sleeps in,
// do_sys_poll's part if it is poll(2), and not a lock that it waits for on its way there; "0" where nobody may know.
function sleeps(): boolean {
  const text = readFileSync(`${mainThread}/stat`, "latin1");
  const place = existsSync(`${mainThread}/wchan`) ? readFileSync(`${mainThread}/wchan`, "latin1") : "0";
  return text.charAt(text.lastIndexOf(")") + 2) === "S" && (place === "0" || place.includes("poll"));
}

/** Until the main thread sleeps in poll(2), seen twice, in case that nobody says where it sleeps. */
function untilMainSleeps(): void {
  // where nobody tells, it gets a while; a call that begins later finds done what it would have waited for
  if (!tells) Bun.sleepSync(30);
  if (!tells) return;
  const latest = performance.now() + 4000;
  for (let seen = 0; seen < 2 && performance.now() < latest; seen = sleeps() ? seen + 1 : 0) Bun.sleepSync(1);
}

function drain(socket: Socket, piece: number, pause: number, limit: number): number {
  const buffer = new Uint8Array(piece);
  let total = 0;
  while (total < limit) {
    const size = socket.receive(buffer);
    if (size === 0) break;
    total += size;
    if (pause > 0) Bun.sleepSync(pause);
  }
  return total;
}

let held: Cancellable | undefined;

function obey(order: Order): number {
  if ("cancel" in order) {
    using cancellable = Cancellable.open(order.cancel);
    untilMainSleeps();
    cancellable.cancel();
    return 0;
  }
  if ("hold" in order) {
    held?.[Symbol.dispose]();
    held = order.hold === null ? undefined : Cancellable.open(order.hold);
    return 0;
  }
  if ("wait" in order) {
    using socket = Socket.fromFd(order.wait);
    using cancellable = Cancellable.open(order.until);
    return socket.receive(new Uint8Array(1), { cancellable });
  }
  if ("send" in order) {
    using socket = Socket.fromFd(order.send);
    for (const piece of order.pieces) {
      untilMainSleeps();
      if (order.pause > 0) Bun.sleepSync(order.pause);
      socket.sendAll(piece);
    }
    return order.pieces.length;
  }
  if ("close" in order) {
    using _ = Socket.fromFd(order.close);
    untilMainSleeps();
    return 0;
  }
  if ("accept" in order) {
    using listener = Socket.fromFd(order.accept);
    untilMainSleeps();
    listener.accept({ timeout: 4000 }).close();
    return 0;
  }
  if ("connect" in order) {
    using client = new Socket(AF_INET);
    untilMainSleeps();
    client.connect(order.connect, { timeout: 4000 });
    return client.sendAll("hello");
  }
  if ("append" in order) {
    untilMainSleeps();
    appendFileSync(order.append, order.bytes);
    return order.bytes.length;
  }
  if ("drain" in order) {
    using socket = Socket.fromFd(order.drain);
    return drain(socket, order.piece, order.pause, order.limit);
  }
  const socket = Socket.fromFd(order.block);
  self.postMessage({ done: 0 } satisfies Answer);
  return socket.receive(new Uint8Array(1));
}

self.onmessage = ({ data }: MessageEvent<Order>): void => {
  let answer: Answer;
  try {
    answer = { done: obey(data) };
  } catch (error) {
    answer = { failed: error instanceof SocketError ? `${error.kind}: ${error.message}` : String(error) };
  }
  self.postMessage(answer);
};

self.postMessage({ ready: true } satisfies Answer);
