// Another thread, for what has to happen while this one is blocked in a call.

import type { Cancellable, Socket, SocketAddress } from "../../src/index.ts";
import type { Answer, Order } from "./thread-worker.ts";

/** What a drain is told: bytes at a time, a pause in milliseconds after each, and how many bytes at most. */
export interface DrainOptions {
  readonly piece?: number;
  readonly pause?: number;
  readonly limit?: number;
}

/**
 * A thread that waits until the main one is blocked, and then does what it was told. Orders are given before the call that
 * blocks, and are carried out one after the other; their promises are for after it.
 */
export class Thread implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #waiting: PromiseWithResolvers<number>[] = [];

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<Answer>): void => {
      const order = this.#waiting.shift();
      if ("failed" in data) order?.reject(new Error(data.failed));
      else order?.resolve("done" in data ? data.done : 0);
    };
    worker.onerror = ({ message }): void => this.#waiting.shift()?.reject(new Error(message));
  }

  /** Starts the thread; it is up and listening when the promise ends. */
  static async start(): Promise<Thread> {
    const thread = new Thread(new Worker(new URL("thread-worker.ts", import.meta.url).href));
    const started = Promise.withResolvers<number>();
    thread.#waiting.push(started);
    await started.promise;
    return thread;
  }

  /** Gives any order. */
  order(order: Order): Promise<number> {
    const answer = Promise.withResolvers<number>();
    answer.promise.catch(() => {}); // whoever wants to know awaits it
    this.#waiting.push(answer);
    this.#worker.postMessage(order);
    return answer.promise;
  }

  /** Cancels once the main thread is blocked. */
  cancel(cancellable: Cancellable): Promise<number> {
    return this.order({ cancel: cancellable.handle });
  }

  /** Sends the pieces, each once the main thread is blocked, over a duplicate of the socket. */
  send(socket: Socket, ...pieces: (Uint8Array | string)[]): Promise<number> {
    return this.trickle(socket, 0, pieces);
  }

  /** Sends the pieces, each a while after the main thread is blocked: milliseconds, at least. */
  trickle(socket: Socket, pause: number, pieces: readonly (Uint8Array | string)[]): Promise<number> {
    const bytes = pieces.map((piece) => (typeof piece === "string" ? new TextEncoder().encode(piece) : piece));
    return this.order({ send: socket.duplicate().detach(), pieces: bytes, pause });
  }

  /** Accepts a connection and closes it, once the main thread is blocked. */
  accept(listener: Socket): Promise<number> {
    return this.order({ accept: listener.duplicate().detach() });
  }

  /** Connects to a TCP address, says hello and closes, once the main thread is blocked. */
  connect(address: SocketAddress): Promise<number> {
    return this.order({ connect: String(address) });
  }

  /** Closes the socket once the main thread is blocked: it is the thread's from now on. */
  close(socket: Socket): Promise<number> {
    return this.order({ close: socket.detach() });
  }

  /** Reads from the socket, which is the thread's from now on, and tells how many bytes that were. */
  drain(socket: Socket, { piece = 65_536, pause = 0, limit = Infinity }: DrainOptions = {}): Promise<number> {
    return this.order({ drain: socket.detach(), piece, pause, limit });
  }

  /** Blocks the thread for good, in a receive without a timeout; the promise ends just before it. */
  block(socket: Socket): Promise<number> {
    return this.order({ block: socket.duplicate().detach() });
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.terminate();
  }
}
