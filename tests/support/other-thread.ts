// Another thread, to do what ends a wait of this one: by the time a test can act, the wait would be over.

import { type Cancellable, type CancellableHandle, Socket } from "../../src/index.ts";

/** What the thread is to do, once this one is blocked. */
export type Order =
  | { readonly what: "cancel"; readonly handle: CancellableHandle }
  | { readonly what: "accept"; readonly fd: number }
  | { readonly what: "connect"; readonly address: string };

/** A thread that waits until the main thread is asleep, and then does what it was told. */
export class OtherThread implements AsyncDisposable {
  readonly #worker: Worker;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  /** Starts it; it is up and listening when the promise ends. */
  static async start(): Promise<OtherThread> {
    const worker = new Worker(new URL("other-thread-worker.ts", import.meta.url).href);
    await new Promise<void>((resolve, reject) => {
      worker.onmessage = (): void => resolve();
      worker.onerror = (event): void => reject(new Error(event.message));
    });
    return new OtherThread(worker);
  }

  #order(order: Order): void {
    this.#worker.postMessage(order);
  }

  /** Cancels, once this thread is blocked. */
  cancel(cancellable: Cancellable): void {
    this.#order({ what: "cancel", handle: cancellable.handle });
  }

  /** Accepts a connection and closes it, once this thread is blocked. */
  accept(listener: Socket): void {
    this.#order({ what: "accept", fd: listener.fd });
  }

  /** Connects to a TCP address, says hello and closes, once this thread is blocked. */
  connect(address: { toString(): string }): void {
    this.#order({ what: "connect", address: String(address) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}
