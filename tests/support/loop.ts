// The event loop in tests: what is ready is waited for, never slept for.

import { expect } from "bun:test";
import { AF_UNIX, POLLIN, POLLOUT, Socket, SOCK_STREAM, SocketError, type SocketErrorKind } from "../../src/index.ts";
import { moduleOf } from "./child.ts";
import { connectedPair, SOON } from "./sockets.ts";

/** How a reactor can be woken here, for `describe.each`. */
export const wakes: readonly ("io_uring" | "worker" | "poll")[] =
  process.platform === "linux"
    ? ["io_uring", "worker", "poll"]
    : process.platform === "win32"
      ? ["poll"]
      : ["worker", "poll"];

/** The first line of a program (`child.ts`) whose reactor is woken so. */
export function wokenBy(kind: string): string {
  return `const { reactor } = await import(${moduleOf("src/reactor/index.ts")}); reactor.choose(${JSON.stringify(kind)});\n`;
}

/** Two connected streams, unix where there are some. */
export class Pair implements Disposable {
  readonly a: Socket;
  readonly b: Socket;

  constructor(type: number = SOCK_STREAM) {
    [this.a, this.b] = connectedPair(type);
  }

  [Symbol.dispose](): void {
    this.a.close();
    this.b.close();
  }
}

const byte = new Uint8Array(1);

/** More than any queue here holds: datagrams that are thrown away never fill one. */
const ENDLESS = 1 << 26;

/** Sends until there is no room: how many bytes. Of TCP there may be some a moment later. */
export function sendUntilFull(socket: Socket, size = 65_536): number {
  const piece = new Uint8Array(size);
  let total = 0;
  for (let sent = socket.trySend(piece); sent !== -1; sent = socket.trySend(piece)) {
    total += sent;
    if (total > ENDLESS) throw new Error("this queue is never full");
  }
  return total;
}

/** Fills the queue of a socket: what is sent next has to wait. */
export function fillQueue(socket: Socket, size = 65_536): number {
  let total = sendUntilFull(socket, size);
  if (socket.family === AF_UNIX) return total;
  // TCP moves bytes from its queue to that of the receiver, the last of them when an acknowledgement comes: after 40 ms on Linux
  for (let more = 1; more > 0; total += more) {
    pauseForRoom(socket);
    more = sendUntilFull(socket, size);
  }
  return total;
}

function pauseForRoom(socket: Socket): void {
  try {
    socket.conditionWait(POLLOUT, { timeout: 60 });
  } catch (error) {
    if (!(error instanceof SocketError && error.kind === "timed-out")) throw error;
  }
}

/** Takes all that is there: how many bytes. It waits for no more than is told to be under way. */
export function drain(socket: Socket, underWay = 0): number {
  const piece = new Uint8Array(65_536);
  let total = 0;
  for (;;) {
    const size = socket.tryReceive(piece);
    if (size > 0) total += size;
    else if (size === 0 || total >= underWay) return total;
    else socket.conditionWait(POLLIN, { timeout: SOON });
  }
}

/** Ends when the reactor has told all that was ready before: two sockets that become ready after it are told later. */
export async function looked(): Promise<void> {
  for (let time = 0; time < 2; time++) {
    using pair = new Pair();
    const told = Promise.withResolvers<void>();
    pair.a.send(byte);
    using _ = pair.b.watch(POLLIN, () => told.resolve());
    await told.promise;
  }
}

/** What a promise is rejected with. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`it was not rejected, and gave ${Bun.inspect(value)}`);
}

/** The SocketError of this kind that a promise is rejected with. */
export async function rejectsKind(promise: Promise<unknown>, kind: SocketErrorKind): Promise<SocketError> {
  const error = await rejectionOf(promise);
  if (!(error instanceof SocketError)) {
    throw new Error(`a SocketError of kind "${kind}" was expected, not ${Bun.inspect(error)}`, { cause: error });
  }
  if (error.kind !== kind) throw new Error(`kind "${kind}" was expected, not "${error.kind}"`, { cause: error });
  return error;
}

/** Whether a promise is still waiting, after the reactor has told all that was ready. */
export async function waits(...promises: readonly Promise<unknown>[]): Promise<void> {
  let settled = 0;
  for (const promise of promises) {
    const count = (): void => void settled++;
    promise.then(count, count);
  }
  await looked();
  expect(settled).toBe(0);
}
