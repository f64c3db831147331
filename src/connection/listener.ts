// A socket that listens, on the event loop.

import { EAGAIN } from "../../ffi/errno.ts";
import { platform } from "../../ffi/platform/index.ts";
import { InetSocketAddress, type SocketAddress, VsockSocketAddress } from "../address/index.ts";
import { show } from "../arguments.ts";
import { atCaller } from "../at-caller.ts";
import { closed, failed, SocketError, timedOut } from "../errors.ts";
import { inspectAs } from "../inspect.ts";
import type { AsyncOptions } from "../socket/loop-operation.ts";
import { describeSocket, handleOf } from "../socket/ref.ts";
import { Socket } from "../socket/socket.ts";
import { connectionFor } from "./connection-for.ts";
import type { SocketConnection } from "./socket-connection.ts";

// What accept(2) says of one connection, or of a system that is short of something: the next may be better.
const PASSING = new Set(
  "EMFILE ENFILE ENOBUFS ENOMEM ECONNABORTED EPERM ENETDOWN EPROTO ENOPROTOOPT EHOSTDOWN ENONET EHOSTUNREACH ENETUNREACH".split(
    " ",
  ),
);
const MSG_DONTWAIT = platform.core.MSG_DONTWAIT ?? 0;
const SHORTEST_NAP = 5;
const LONGEST_NAP = 500;

// The first wait needs descriptors too, for the reactor and to read parts of berkeley.
function passes(error: unknown): error is SocketError {
  if (!(error instanceof SocketError) || !PASSING.has(error.code)) return false;
  return error.syscall === "accept" || error.kind === "too-many-open-files";
}

/**
 * A socket that listens: `for await (const connection of listener)`. Errors of accept(2) that pass, such as EMFILE, are waited out,
 * with naps of 5 to 500 ms, and reported once with `process.emitWarning`. Several loops may iterate; each connection goes to one of
 * them. Leaving a loop does not close it.
 *
 * @example
 * await using listener = await createServer({ port: 8080 });
 * for await (const connection of listener) void serve(connection);
 */
export class Listener implements AsyncIterable<SocketConnection> {
  /** The socket below. */
  readonly socket: Socket;
  readonly #naps = new Set<() => void>();
  #warned = false;

  static {
    inspectAs(this.prototype, ({ socket }) => describeSocket(socket));
  }

  private constructor(socket: Socket) {
    this.socket = socket;
  }

  /** Takes a listening socket over. @throws TypeError when it is none; SocketError kind "closed" */
  static from(socket: Socket): Listener {
    if (!(socket instanceof Socket)) throw new TypeError(`socket must be a Socket, not ${show(socket)}`);
    if (socket.closed) throw closed("listener");
    if (!socket.listening) throw new TypeError("socket must listen: call listen() first");
    return new Listener(socket);
  }

  /** Where it listens. @throws SocketError kind "closed" */
  get localAddress(): SocketAddress | null {
    return this.socket.localAddress;
  }

  /**
   * The port at which it listens, which the kernel has chosen where it was 0; 0 for a unix socket.
   *
   * @throws SocketError kind "closed"
   *
   * @example
   * await using listener = await createServer({ port: 0 });
   * await using connection = await createConnection({ hostname: "localhost", port: listener.port });
   */
  get port(): number {
    const { localAddress } = this.socket;
    return localAddress instanceof InetSocketAddress || localAddress instanceof VsockSocketAddress
      ? localAddress.port
      : 0;
  }

  /** What console.log shows: `Listener(fd 3, AF_INET6, SOCK_STREAM, [::]:8080, listening)`. */
  toString(): string {
    return `${this.constructor.name}(${describeSocket(this.socket)})`;
  }

  /** The next connection, in one budget with all naps. Rejects as `socket.acceptAsync`; kind "closed" when it is closed. */
  async accept(options?: AsyncOptions): Promise<SocketConnection> {
    const start = performance.now();
    let terms = options;
    for (let nap = SHORTEST_NAP; ; nap = Math.min(nap * 2, LONGEST_NAP)) {
      try {
        return connectionFor(await this.socket.acceptAsync(terms));
      } catch (error) {
        if (!passes(error)) throw atCaller(error, Listener.prototype.accept);
        this.#warn(error);
      }
      const waits = ((options?.flags ?? 0) & MSG_DONTWAIT) === 0;
      const budget = waits ? (options?.timeout ?? this.socket.timeout) : 0;
      const left = budget - (performance.now() - start);
      if (budget === 0) throw failed(-EAGAIN, { syscall: "accept" });
      if (left <= 0) throw timedOut("accept", budget);
      await this.#nap(Math.min(nap, left), options);
      terms = { ...options, timeout: Math.max(budget - (performance.now() - start), 0.001) };
    }
  }

  #warn(error: SocketError): void {
    if (this.#warned) return;
    this.#warned = true;
    process.emitWarning(`connections cannot be accepted for a while: ${error.message}`, {
      type: "ResourceWarning",
      code: "BERKELEY_ACCEPT",
    });
  }

  // Ends early when the listener is closed or the wait is ended: the next accept says so.
  #nap(milliseconds: number, options: AsyncOptions | undefined): Promise<void> {
    const { signal, cancellable } = options ?? {};
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", wake);
        cancellation?.[Symbol.dispose]();
        this.#naps.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, Math.ceil(milliseconds));
      if (!handleOf(this.socket).alive) timer.unref();
      this.#naps.add(wake);
      signal?.addEventListener("abort", wake, { once: true });
      const cancellation = cancellable?.onCancel(() => setTimeout(wake)); // it may be called before it returns
    });
  }

  /** Connections as they come, until it is closed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<SocketConnection, void, undefined> {
    for (;;) {
      const connection = await this.#next();
      if (connection === undefined) return;
      yield connection;
    }
  }

  async #next(): Promise<SocketConnection | undefined> {
    try {
      return await this.accept({ timeout: Infinity });
    } catch (error) {
      if (error instanceof SocketError && error.kind === "closed") return undefined;
      throw error;
    }
  }

  /** Stops listening. Connections that were accepted live on. */
  close(): void {
    this.socket.close();
    for (const wake of this.#naps) wake();
  }

  /** The same as `close`, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** The same as `close`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}
