// Every operation that waits on the event loop, on a socket where nothing happens until it is told to.

import { closeSync, openSync } from "node:fs";
import { IP_RECVERR, IPPROTO_IP } from "./constants.ts";
import {
  AF_INET,
  AF_UNIX,
  type AsyncOptions,
  MSG_WAITALL,
  POLLIN,
  ReceiveBatch,
  SOCK_DGRAM,
  SOCK_STREAM,
  Socket,
  type SocketErrorKind,
} from "../../src/index.ts";
import { batchOf } from "./batches.ts";
import { drain, fillQueue } from "./loop.ts";
import { connectedPair, FullTcpListener, FullUnixListener, RefusingUdp, tcpListener, udpSocket } from "./sockets.ts";

/** One operation on one socket. */
export interface Waiting extends Disposable {
  readonly socket: Socket;
  call(options?: AsyncOptions): Promise<unknown>;
  /** Lets it succeed; calls under way and later ones. */
  ready(): void;
  /** Whether the result is the one that is expected. */
  fits(result: unknown): boolean;
}

/** What an operation is on such a socket. */
export interface AsyncWait {
  readonly name: string;
  readonly make: () => Waiting;
  /** The kind of its error when it must not wait. */
  readonly atOnce: SocketErrorKind;
}

type Call = (socket: Socket, options?: AsyncOptions) => Promise<unknown>;

function receiving(call: Call, fits: (result: unknown) => boolean, type: number = SOCK_STREAM): () => Waiting {
  return () => {
    const [socket, other] = connectedPair(type);
    return {
      socket,
      call: (options) => call(socket, options),
      ready: () => void other.send(new Uint8Array(3)),
      fits,
      [Symbol.dispose](): void {
        socket.close();
        other.close();
      },
    };
  };
}

function sending(call: Call, fits: (result: unknown) => boolean, type: number = SOCK_STREAM): () => Waiting {
  return () => {
    const [socket, other] = connectedPair(type);
    fillQueue(socket, type === SOCK_STREAM ? 65_536 : 1000);
    return {
      socket,
      call: (options) => call(socket, options),
      ready: () => void other.watch(POLLIN, () => other.closed || drain(other)),
      fits,
      [Symbol.dispose](): void {
        socket.close();
        other.close();
      },
    };
  };
}

function accepting(): Waiting {
  const socket = tcpListener();
  const client = new Socket(AF_INET);
  return {
    socket,
    async call(options): Promise<unknown> {
      using accepted = await socket.acceptAsync(options);
      return accepted.connected;
    },
    ready: () => client.connect(socket.localAddress),
    fits: (result) => result === true,
    [Symbol.dispose](): void {
      client.close();
      socket.close();
    },
  };
}

function connecting(make: () => FullTcpListener | FullUnixListener, family: number): () => Waiting {
  return () => {
    const full = make();
    const socket = new Socket(family, SOCK_STREAM);
    return {
      socket,
      call: (options) => socket.connectAsync(full.address, options),
      ready: () => full.listener.accept().close(),
      fits: (result) => result === undefined && socket.connected,
      [Symbol.dispose](): void {
        socket.close();
        full[Symbol.dispose]();
      },
    };
  };
}

function meetingError(): Waiting {
  const refusing = new RefusingUdp();
  const socket = udpSocket();
  socket.setOption(IPPROTO_IP, IP_RECVERR, 1);
  return {
    socket,
    call: async (options) => (await socket.receiveErrorAsync(undefined, options)).flags,
    ready: () => void socket.sendTo("x", refusing.address),
    fits: (flags) => typeof flags === "number",
    [Symbol.dispose](): void {
      socket.close();
      refusing[Symbol.dispose]();
    },
  };
}

const large = new Uint8Array(1 << 20);
const three = (size: unknown): boolean => size === 3;
const bytes = (result: unknown): boolean => result instanceof Uint8Array && result.length === 3;
const structured = (result: unknown): boolean => (result as { readonly size: number }).size === 3;

async function sendExecutable(socket: Socket, options?: AsyncOptions): Promise<unknown> {
  const fd = openSync(process.execPath, "r");
  try {
    return await socket.sendFileAsync(fd, { ...options, count: large.length });
  } finally {
    closeSync(fd);
  }
}

function wait(name: string, make: () => Waiting, atOnce: SocketErrorKind = "would-block"): AsyncWait {
  return { name, make, atOnce };
}

/** Everything that waits. */
export const asyncWaits: readonly AsyncWait[] = [
  wait(
    "receiveAsync",
    receiving((socket, options) => socket.receiveAsync(new Uint8Array(10), options), three),
  ),
  wait(
    "receiveAsync with MSG_WAITALL",
    receiving(
      async (socket, options) =>
        socket.receiveAsync(new Uint8Array(3), { ...options, flags: MSG_WAITALL | (options?.flags ?? 0) }),
      three,
    ),
  ),
  wait(
    "receiveBytesAsync",
    receiving((socket, options) => socket.receiveBytesAsync(10, options), bytes),
  ),
  wait(
    "receiveFromAsync",
    receiving((socket, options) => socket.receiveFromAsync(new Uint8Array(10), options), structured),
  ),
  wait(
    "receiveBytesFromAsync",
    receiving(async (socket, options) => (await socket.receiveBytesFromAsync(10, options)).data, bytes, SOCK_DGRAM),
  ),
  wait(
    "receiveMessageAsync",
    receiving((socket, options) => socket.receiveMessageAsync({ buffers: [new Uint8Array(10)] }, options), structured),
  ),
  wait(
    "receiveMessagesAsync",
    receiving(
      (socket, options) => socket.receiveMessagesAsync(new ReceiveBatch({ capacity: 4, size: 100 }), options),
      (count) => count === 1,
      SOCK_DGRAM,
    ),
  ),
  wait("receiveErrorAsync", meetingError),
  wait(
    "sendAsync",
    sending(
      (socket, options) => socket.sendAsync(large, options),
      (size) => (size as number) > 0,
    ),
  ),
  wait(
    "sendAsync of a datagram",
    sending((socket, options) => socket.sendAsync(new Uint8Array(3), options), three, SOCK_DGRAM),
  ),
  wait(
    "sendAllAsync",
    sending(
      (socket, options) => socket.sendAllAsync(large, options),
      (size) => size === large.length,
    ),
  ),
  wait(
    "sendMessageAsync",
    sending((socket, options) => socket.sendMessageAsync({ buffers: ["one"] }, options), three, SOCK_DGRAM),
  ),
  wait(
    "sendMessagesAsync",
    sending(
      (socket, options) => socket.sendMessagesAsync(batchOf(["a", "b"]), options),
      (count) => count === 2,
      SOCK_DGRAM,
    ),
  ),
  wait(
    "sendFileAsync",
    sending(sendExecutable, (size) => size === large.length),
  ),
  wait("acceptAsync", accepting),
  wait(
    "connectAsync over TCP",
    connecting(() => new FullTcpListener(), AF_INET),
    "pending",
  ),
  wait(
    "connectAsync over unix",
    connecting(() => new FullUnixListener(), AF_UNIX),
  ),
  wait(
    "conditionWaitAsync",
    receiving(
      (socket, options) => socket.conditionWaitAsync(POLLIN, options),
      (ready) => ready === POLLIN,
    ),
    "timed-out",
  ),
];
