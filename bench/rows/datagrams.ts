/** Datagrams in bulk, one thread: a batch is sent, then received. The matrix of ways to send and ways to receive. */

import { berkeley } from "../datagrams/berkeley.ts";
import { BATCHES, type Cell, nameOf, RECEIVERS, type ReceiverName, SENDERS, SIZES } from "../datagrams/cell.ts";
import { bunUdpSocket, nodeDgram } from "../datagrams/evented.ts";
import { inC, python } from "../datagrams/programs.ts";
import type { Experiment, Target } from "../harness.ts";

const PLAIN: Cell = { sender: "sendMessages", receiver: "receiveMessages", size: 64, batch: 64 };
const JOINED: Cell = { sender: "sendMessages+GSO", receiver: "receiveMessages+GRO", size: 1400, batch: 32 };

/** The cells that have targets, and are measured in two processes too. */
export const MAIN: readonly Cell[] = [PLAIN, JOINED];

const TARGETS: ReadonlyMap<string, readonly Target[]> = new Map([
  [nameOf(PLAIN), [atLeast(0.97), atLeast(1.12, "Bun.udpSocket")]],
  [nameOf(JOINED), [atLeast(0.92), atLeast(20, "Bun.udpSocket")]],
]);

function atLeast(rate: number, against?: string): Target {
  return { column: "berkeley", rate, ...(against !== undefined && { against }) };
}

/** The way to receive that is to a way to send what recv(2) is to send(2). */
const COUNTERPART: Readonly<Record<Cell["sender"], ReceiverName>> = {
  send: "receive",
  sendTo: "receiveFrom",
  sendMessage: "receiveFrom",
  sendMessages: "receiveMessages",
  "sendMessages+GSO": "receiveMessages+GRO",
};

/** The race in one cell. */
function race(cell: Cell): Experiment {
  return {
    name: nameOf(cell),
    unit: "ns",
    things: cell.batch,
    columns: [inC(cell), berkeley(cell), bunUdpSocket(cell), nodeDgram(cell), python(cell)],
    targets: TARGETS.get(nameOf(cell)) ?? [],
  };
}

/** The diagonal of the matrix, from the smallest to the largest: what `--quick` measures. */
const DIAGONAL: readonly Cell[] = [
  { sender: "send", receiver: "receive", size: 64, batch: 1 },
  { sender: "sendTo", receiver: "receiveFrom", size: 1200, batch: 8 },
  PLAIN,
  JOINED,
];

/** What is measured by default: each way with its counterpart, and the two main cells with other batches, sizes and ways. */
const USUAL: readonly Cell[] = [
  ...SENDERS.flatMap((sender) => [64, 1400].map((size) => cell(sender, COUNTERPART[sender], size, 32))),
  ...BATCHES.filter((batch) => batch !== 32).map((batch) => ({ ...PLAIN, batch })),
  ...BATCHES.filter((batch) => batch !== 32).map((batch) => ({ ...JOINED, batch })),
  { ...JOINED, size: 1200 },
  { ...JOINED, receiver: "receiveMessages" },
  { ...JOINED, sender: "sendMessages" },
];

/** Every cell of the matrix. */
const ALL: readonly Cell[] = SENDERS.flatMap((sender) =>
  RECEIVERS.flatMap((receiver) => SIZES.flatMap((size) => BATCHES.map((batch) => cell(sender, receiver, size, batch)))),
);

function cell(sender: Cell["sender"], receiver: ReceiverName, size: number, batch: number): Cell {
  return { sender, receiver, size, batch };
}

/** The rows of the matrix: a diagonal of it, a sensible part, or all. */
export const datagrams: Readonly<Record<"diagonal" | "usual" | "all", readonly Experiment[]>> = {
  diagonal: DIAGONAL.map(race),
  usual: USUAL.map(race),
  all: ALL.map(race),
};
