// Batches: filling them, reading them, and watching the calls that they lead to.

import { expect } from "bun:test";
import { type BatchCalls, batchCalls, type MessageArray } from "../../ffi/batch.ts";
import { errnoNumber } from "../../ffi/errno.ts";
import { type ReceiveBatch, SendBatch, type Socket, type SocketAddressLike, WOULD_BLOCK } from "../../src/index.ts";
import { outgoing } from "../../src/message/send-batch.ts";
import { SOON } from "./sockets.ts";

const decoder = new TextDecoder();

/** Bytes as text. */
export function text(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** The texts of all datagrams that a batch holds. */
export function texts(batch: ReceiveBatch): string[] {
  return Array.from({ length: batch.length }, (_, index) => text(batch.data(index)));
}

/** "d0", "d1", ... : so many datagrams that tell their place. */
export function numbered(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, index) => `d${from + index}`);
}

/** A batch of these datagrams, all for one address. */
export function batchOf(datagrams: readonly (string | Uint8Array)[], address?: SocketAddressLike): SendBatch {
  const batch = new SendBatch({ capacity: Math.max(datagrams.length, 1), size: 2000 });
  fill(batch, datagrams, address);
  return batch;
}

/** Pushes datagrams, which must all fit. */
export function fill(
  batch: SendBatch,
  datagrams: readonly (string | Uint8Array)[],
  address?: SocketAddressLike | null,
): void {
  for (const datagram of datagrams) expect(batch.push(datagram, address)).toBe(true);
}

const buffer = new Uint8Array(65_536);

/** What comes to a socket, one datagram after the other: so many, which are waited for, and then no more. */
export function arriving(socket: Socket, count: number): string[] {
  const found: string[] = [];
  while (found.length < count) {
    found.push(text(buffer.subarray(0, socket.receive(buffer, { timeout: SOON }))));
  }
  for (let size = socket.tryReceive(buffer); size !== WOULD_BLOCK; size = socket.tryReceive(buffer)) {
    found.push(text(buffer.subarray(0, size)));
  }
  return found;
}

/** Whether nothing has come to a socket: what this sends itself is the first that comes. */
export function nothingCame(socket: Socket, send: (marker: string) => unknown): void {
  send("marker");
  expect(arriving(socket, 1)).toEqual(["marker"]);
}

/** Batch calls that tell what they were asked for, and may answer themselves. */
export class WatchedCalls implements BatchCalls {
  /** Of each send: how many datagrams each of its messages held. */
  readonly sends: number[][] = [];
  /** Of each send: its flags. */
  readonly flags: number[] = [];
  /** Of each receive: how many messages it asked for. */
  readonly receives: number[] = [];
  /** Answers a send itself: a negative error number, or undefined for the real call. */
  refuse: (run: readonly number[], call: number) => number | undefined = () => undefined;
  /** Called before and after each call, with its number. */
  before: (call: number) => void = () => {};
  after: (call: number) => void = () => {};
  /** At most so many messages go in one call, as when a queue is full or an error comes after them. */
  limit: number = Infinity;
  readonly #batch: SendBatch | undefined;
  readonly #calls: BatchCalls;

  /** Watches a send batch from now on. */
  constructor(batch: SendBatch | undefined, calls: BatchCalls = batchCalls) {
    this.#batch = batch;
    this.#calls = calls;
    if (batch !== undefined) outgoing(batch).calls = this;
  }

  send(fd: number, messages: MessageArray, start: number, count: number, flags: number): number {
    const call = this.sends.length;
    const out = outgoing(this.#batch);
    const run = Array.from({ length: count }, (_, index) => out.datagramsIn(index + 1) - out.datagramsIn(index));
    this.sends.push(run);
    this.flags.push(flags);
    this.before(call);
    const result = this.refuse(run, call) ?? this.#calls.send(fd, messages, start, Math.min(count, this.limit), flags);
    this.after(call);
    return result;
  }

  receive(fd: number, messages: MessageArray, start: number, count: number, flags: number): number {
    const call = this.receives.length;
    this.receives.push(count);
    this.before(call);
    const result = this.#calls.receive(fd, messages, start, Math.min(count, this.limit), flags);
    this.after(call);
    return result;
  }
}

/** The negative number of an error, as the calls answer it. */
export function answer(code: string): number {
  return -errnoNumber(code);
}
