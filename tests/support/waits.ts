// Every call that waits, on a socket where nothing ever happens.

import { closeSync, openSync } from "node:fs";
import { AF_INET, AF_UNIX, MSG_WAITALL, POLLIN, SOCK_STREAM } from "./constants.ts";
import { type OperationOptions, Socket, type SocketErrorKind } from "../../src/index.ts";
import { fillQueue } from "./loop.ts";
import { connectedPair, FullTcpListener, FullUnixListener, SOON, tcpListener } from "./sockets.ts";

const buffer = new Uint8Array(10);

/** Such a call, and its socket. */
export interface Waiting extends Disposable {
  readonly socket: Socket;
  call(options?: OperationOptions): unknown;
}

function onPair(call: (socket: Socket, options?: OperationOptions) => unknown, full = false): () => Waiting {
  return () => {
    const [socket, other] = connectedPair();
    socket.timeout = SOON; // a test that goes wrong shall not hang
    if (full) fillQueue(socket);
    return {
      socket,
      call: (options) => call(socket, options),
      [Symbol.dispose](): void {
        socket.close();
        other.close();
      },
    };
  };
}

function onFullPair(call: (socket: Socket, options?: OperationOptions) => unknown): () => Waiting {
  return onPair(call, true);
}

function connecting(make: () => FullTcpListener | FullUnixListener, family: number): () => Waiting {
  return () => {
    const full = make();
    const socket = new Socket(family, SOCK_STREAM);
    socket.timeout = SOON;
    return {
      socket,
      call: (options) => socket.connect(full.address, options),
      [Symbol.dispose](): void {
        socket.close();
        full[Symbol.dispose]();
      },
    };
  };
}

function accepting(): Waiting {
  const socket = tcpListener();
  socket.timeout = SOON;
  return { socket, call: (options) => socket.accept(options), [Symbol.dispose]: () => socket.close() };
}

// What is no object of options stays what it is.
function waitAll(options: OperationOptions | undefined): OperationOptions {
  if (options === undefined) return { flags: MSG_WAITALL };
  return typeof options === "object" && options !== null ? { ...options, flags: MSG_WAITALL } : options;
}

const large = new Uint8Array(65_536);
function sendExecutable(socket: Socket, options?: OperationOptions): number {
  const fd = openSync(process.execPath, "r");
  try {
    return socket.sendFile(fd, options);
  } finally {
    closeSync(fd);
  }
}

/** Everything that waits, and the kind of its error when it must not. */
export const waits: readonly (readonly [name: string, make: () => Waiting, atOnce: SocketErrorKind])[] = [
  ["receive", onPair((socket, options) => socket.receive(buffer, options)), "would-block"],
  ["receiveBytes", onPair((socket, options) => socket.receiveBytes(10, options)), "would-block"],
  ["receiveFrom", onPair((socket, options) => socket.receiveFrom(buffer, options)), "would-block"],
  ["receiveBytesFrom", onPair((socket, options) => socket.receiveBytesFrom(10, options)), "would-block"],
  ["receive with MSG_WAITALL", onPair((socket, options) => socket.receive(buffer, waitAll(options))), "would-block"],
  ["send", onFullPair((socket, options) => socket.send(large, options)), "would-block"],
  ["sendAll", onFullPair((socket, options) => socket.sendAll(large, options)), "would-block"],
  ["sendFile", onFullPair(sendExecutable), "would-block"],
  ["accept", accepting, "would-block"],
  ["connect over TCP", connecting(() => new FullTcpListener(), AF_INET), "pending"],
  ["connect over unix", connecting(() => new FullUnixListener(), AF_UNIX), "would-block"],
  ["conditionWait", onPair((socket, options) => socket.conditionWait(POLLIN, options)), "timed-out"],
];
