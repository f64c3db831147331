/** A cell of the matrix: one way to send with one way to receive, for one size and one batch; and what all columns share. */

import { payload } from "../support.ts";

/** The ways to send a batch of datagrams; with GSO the kernel is given them joined. */
export const SENDERS = ["send", "sendTo", "sendMessage", "sendMessages", "sendMessages+GSO"] as const;
/** The ways to receive them; with GRO the kernel may give them joined. */
export const RECEIVERS = ["receive", "receiveFrom", "receiveMessages", "receiveMessages+GRO"] as const;
/** Bytes of a datagram. */
export const SIZES = [64, 1200, 1400] as const;
/** Datagrams that are sent before they are received. */
export const BATCHES = [1, 8, 32, 64, 256] as const;

/** The name of a way to send. */
export type SenderName = (typeof SENDERS)[number];
/** The name of a way to receive. */
export type ReceiverName = (typeof RECEIVERS)[number];

/** One cell. */
export interface Cell {
  readonly sender: SenderName;
  readonly receiver: ReceiverName;
  readonly size: number;
  readonly batch: number;
}

/** What a cell is called. */
export function nameOf({ sender, receiver, size, batch }: Cell): string {
  return `${sender} + ${receiver}, ${size} bytes x ${batch}`;
}

/** The words of an order about a cell, for a child. */
export function wordsOf({ sender, receiver, size, batch }: Cell): readonly [string, string, number, number] {
  return [sender, receiver, size, batch];
}

/** The cell that words of an order are about. */
export function parseCell(words: readonly string[]): Cell {
  const sender = SENDERS.find((name) => name === words[0]);
  const receiver = RECEIVERS.find((name) => name === words[1]);
  if (sender === undefined || receiver === undefined) throw new Error(`no cell: ${words.join(" ")}`);
  return { sender, receiver, size: Number(words[2]), batch: Number(words[3]) };
}

/** Room for everything that is under way: nothing is to be dropped. */
export const RECEIVE_BUFFER: number = 8 << 20;

/** A blocking receive that waits for so many milliseconds has lost something. */
export const LOST_MILLISECONDS = 5000;

/** Of two processes: after so many milliseconds of silence nothing more comes. */
export const IDLE_MILLISECONDS = 100;

/** The datagrams of a batch, no two alike. */
export function payloads({ size, batch }: Cell): readonly Uint8Array<ArrayBuffer>[] {
  return Array.from({ length: batch }, (_, index) => payload(size).map((byte) => byte + index));
}

/**
 * What has arrived. Every column looks at the length and the sender of every datagram, and adds up first and last bytes; in
 * the first round, before any timing, `expected` is set and each is compared, byte for byte and in order.
 */
export class Tally {
  /** The sum of the first and the last byte of all datagrams. */
  sum = 0;
  /** In the first round: the datagrams that must come. */
  expected: readonly Uint8Array[] | undefined;
  /** How many came in the first round. */
  count = 0;

  /** Compares one datagram with what must come. */
  compare(data: Uint8Array): void {
    const wanted = this.expected?.[this.count];
    if (wanted === undefined) throw new Error(`received more than ${this.count} datagrams`);
    if (Buffer.compare(data, wanted) !== 0) throw new Error(`datagram ${this.count} has other bytes than were sent`);
    this.count++;
  }

  /** Ends the first round: all must have come, and each round is to add so much to `sum`. */
  prove(): number {
    if (this.count !== this.expected?.length) throw new Error(`${this.count} of ${this.expected?.length} came`);
    const wanted = this.expected.reduce((sum, data) => sum + data[0]! + data.at(-1)!, 0);
    if (this.sum !== wanted) throw new Error(`first and last bytes add up to ${this.sum}, not ${wanted}`);
    this.expected = undefined;
    this.sum = 0;
    return wanted;
  }
}

/** Throws: what came has another length. */
export function wrongSize(size: number, wanted: number): never {
  throw new Error(`received ${size} bytes, not ${wanted}`);
}

/** Throws: what came has another sender. */
export function wrongSender(sender: unknown, wanted: unknown): never {
  throw new Error(`the datagram came from ${sender}, not ${wanted}`);
}
