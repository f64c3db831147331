/** The berkeley column of the matrix: every way to send and to receive, with the methods that wait. */

import {
  AF_INET,
  ReceiveBatch,
  SendBatch,
  SOCK_DGRAM,
  Socket,
  SocketRef,
  WOULD_BLOCK,
  type Descriptor,
  type SocketAddress,
} from "../../src/index.ts";
import { SO_RCVBUF, SO_RCVBUFFORCE } from "../../src/options.ts";
import type { Column } from "../harness.ts";
import { expectEqual, LOOPBACK } from "../support.ts";
import {
  type Cell,
  LOST_MILLISECONDS,
  payloads,
  RECEIVE_BUFFER,
  type ReceiverName,
  type SenderName,
  Tally,
  wrongSender,
  wrongSize,
} from "./cell.ts";

/** Sends one batch: how many datagrams went. */
export type Send = () => number;
/** Makes one call, and looks at what it brought: how many datagrams. */
export type Take = () => number;

/** Gives a socket room for everything that is under way; without the privilege the limit of the system holds. */
export function enlarge(socket: Descriptor): void {
  const ref = SocketRef.borrow(socket);
  try {
    ref.setOption(SO_RCVBUFFORCE, RECEIVE_BUFFER);
  } catch {
    ref.setOption(SO_RCVBUF, RECEIVE_BUFFER);
  }
}

/** A bound socket that receives. */
export function makeReceivingSocket(resources: AsyncDisposableStack): Socket {
  const socket = resources.use(new Socket(AF_INET, SOCK_DGRAM));
  socket.timeout = LOST_MILLISECONDS;
  enlarge(socket);
  socket.bind({ address: LOOPBACK, port: 0 });
  return socket;
}

/** A bound socket that sends. */
export function makeSendingSocket(resources: AsyncDisposableStack): Socket {
  const socket = resources.use(new Socket(AF_INET, SOCK_DGRAM));
  socket.bind({ address: LOOPBACK, port: 0 });
  return socket;
}

function sendEach(data: readonly Uint8Array[], size: number, call: (data: Uint8Array) => number): Send {
  return () => {
    for (let index = 0; index < data.length; index++) expectEqual(call(data[index]!), size);
    return data.length;
  };
}

function sendBatch(
  socket: Socket,
  { size, batch }: Cell,
  data: readonly Uint8Array[],
  to: SocketAddress,
  segmentation?: "auto",
): Send {
  const out = new SendBatch({ capacity: batch, size, segmentation });
  return () => {
    out.clear();
    for (let index = 0; index < data.length; index++) out.push(data[index]!, to);
    const sent = socket.sendMessages(out);
    expectEqual(sent, batch);
    return sent;
  };
}

/** The ways to send, by name. */
export const senders: Readonly<Record<SenderName, (socket: Socket, cell: Cell, to: SocketAddress) => Send>> = {
  send(socket, cell, to) {
    socket.connect(to);
    return sendEach(payloads(cell), cell.size, (data) => socket.send(data));
  },
  sendTo: (socket, cell, to) => sendEach(payloads(cell), cell.size, (data) => socket.sendTo(data, to)),
  sendMessage: (socket, cell, to) =>
    sendEach(payloads(cell), cell.size, (data) => socket.sendMessage({ buffers: [data], address: to })),
  sendMessages: (socket, cell, to) => sendBatch(socket, cell, payloads(cell), to),
  "sendMessages+GSO": (socket, cell, to) => sendBatch(socket, cell, payloads(cell), to, "auto"),
};

/** The address is one object as long as the sender is the same: another object may be another sender. */
function senderCheck(wanted: SocketAddress | undefined): (address: SocketAddress | null) => SocketAddress {
  let expected = wanted;
  return (address) => {
    expected ??= address ?? undefined; // in two processes the first one tells
    if (address === null || expected === undefined || !address.equals(expected)) wrongSender(address, expected);
    return address;
  };
}

function takeBatch(
  socket: Socket,
  { size, batch }: Cell,
  tally: Tally,
  from: SocketAddress | undefined,
  segmentation?: "auto",
): Take {
  const inn = new ReceiveBatch({ capacity: batch, size, segmentation });
  expectEqual(socket.tryReceiveMessages(inn), WOULD_BLOCK); // its first use turns UDP_GRO on
  const check = senderCheck(from);
  let known: SocketAddress | undefined;
  return () => {
    const count = socket.receiveMessages(inn);
    let sum = 0;
    for (let index = 0; index < count; index++) {
      const data = inn.data(index);
      const address = inn.address(index);
      if (address !== known) known = check(address);
      if (data.length !== size) wrongSize(data.length, size);
      sum += data[0]! + data[size - 1]!;
      if (tally.expected !== undefined) tally.compare(data);
    }
    tally.sum += sum;
    return count;
  };
}

type MakeTake = (socket: Socket, cell: Cell, tally: Tally, from: SocketAddress | undefined) => Take;

/** The ways to receive, by name. */
export const receivers: Readonly<Record<ReceiverName, MakeTake>> = {
  receive(socket, { size }, tally) {
    const buffer = new Uint8Array(2048);
    return () => {
      const received = socket.receive(buffer);
      if (received !== size) wrongSize(received, size);
      tally.sum += buffer[0]! + buffer[size - 1]!;
      if (tally.expected !== undefined) tally.compare(buffer.subarray(0, size));
      return 1;
    };
  },
  receiveFrom(socket, { size }, tally, from) {
    const buffer = new Uint8Array(2048);
    const check = senderCheck(from);
    let known: SocketAddress | undefined;
    return () => {
      const received = socket.receiveFrom(buffer);
      if (received.address !== known) known = check(received.address);
      if (received.size !== size) wrongSize(received.size, size);
      tally.sum += buffer[0]! + buffer[size - 1]!;
      if (tally.expected !== undefined) tally.compare(buffer.subarray(0, size));
      return 1;
    };
  },
  receiveMessages: (socket, cell, tally, from) => takeBatch(socket, cell, tally, from),
  "receiveMessages+GRO": (socket, cell, tally, from) => takeBatch(socket, cell, tally, from, "auto"),
};

/** The column "berkeley": one batch there for each iteration. */
export function berkeley(cell: Cell): Column {
  return {
    name: "berkeley",
    setup(resources) {
      const { round, tally } = makeRound(cell, resources);
      let each = 0;
      return {
        check() {
          tally.expected = payloads(cell);
          round();
          each = tally.prove();
        },
        run(iterations) {
          tally.sum = 0;
          for (let index = 0; index < iterations; index++) round();
          expectEqual(tally.sum, iterations * each);
        },
      };
    },
  };
}

/** Both ends of a cell in this process: `round` sends a batch and receives it. */
export function makeRound(cell: Cell, resources: AsyncDisposableStack): { round: () => void; tally: Tally } {
  const receiver = makeReceivingSocket(resources);
  const sender = makeSendingSocket(resources);
  const tally = new Tally();
  const take = receivers[cell.receiver](receiver, cell, tally, sender.localAddress!);
  const send = senders[cell.sender](sender, cell, receiver.localAddress!);
  const round = (): void => {
    send();
    for (let left = cell.batch; left > 0;) left -= take();
  };
  return { round, tally };
}
