// A connected stream on the event loop: all methods are promises. How it ends is in a file of its own, and the web streams, which
// not every program needs, in one that is loaded when they are asked for.

import { platform } from "../../ffi/platform/index.ts";
import type { SocketAddress } from "../address/index.ts";
import { type Data, duration, show } from "../arguments.ts";
import { closed, failed, pending } from "../errors.ts";
import { errnoNumber } from "../../ffi/errno.ts";
import { inspectAs } from "../inspect.ts";
import { later } from "../later.ts";
import type { AsyncOptions } from "../socket/loop-operation.ts";
import { describeSocket, handleOf } from "../socket/ref.ts";
import { Socket } from "../socket/socket.ts";
import { closeGracefully, endWriting, handOver } from "./ending.ts";
import type { ConnectionReadable } from "./streams.ts";

const { SOCK_STREAM, SOCK_SEQPACKET } = platform.core;

const streams: () => typeof import("./streams.ts") = later(
  () => require("./streams.ts") as typeof import("./streams.ts"),
);

/** What `close` takes. */
export interface CloseOptions {
  /** How many milliseconds it waits at most for writes under way and for the peer's end. Default 1000; 0 closes at once. */
  readonly timeout?: number | undefined;
}

/** What Bun calls back for a stream that `toBun` has handed over. */
export type BunHandlers = Bun.SocketHandler<undefined>;

const DEFAULT_PATIENCE = 1000;

// A socket has one connection: two would read each other's bytes.
const connections = new WeakMap<Socket, SocketConnection>();

/** The connection of a socket, if it has one. Internal. */
export function connectionOf(socket: Socket): SocketConnection | undefined {
  return connections.get(socket);
}

/** Checks that a socket can be taken over as a connection. Internal. */
export function checkConnected(socket: unknown): Socket {
  if (!(socket instanceof Socket)) throw new TypeError(`socket must be a Socket, not ${show(socket)}`);
  if (socket.closed) throw closed("connection");
  if (socket.type !== SOCK_STREAM && socket.type !== SOCK_SEQPACKET) {
    throw new TypeError("socket must be a stream or seqpacket socket: datagrams have no connection");
  }
  if (!socket.connected)
    throw failed(-errnoNumber("ENOTCONN"), { syscall: "connection", advice: "connect() it first" });
  return socket;
}

/**
 * A connected stream on Bun's event loop. It takes the socket over. Made by `connectionFor`, `createConnection`, a `Listener`, or
 * `SocketConnection.from`.
 *
 * @example
 * await using connection = await createConnection({ hostname: "localhost", port: 7 });
 * await connection.write("hello");
 * const size = await connection.read(buffer);
 */
export class SocketConnection {
  /** The socket below. */
  readonly socket: Socket;
  #readable: ConnectionReadable | undefined;
  #writable: WritableStream<Uint8Array> | undefined;
  #closing: Promise<void> | undefined;

  static {
    inspectAs(this.prototype, ({ socket }) => describeSocket(socket));
  }

  /** Use `from`. */
  protected constructor(socket: Socket) {
    if (connections.has(socket)) throw new TypeError("socket has a connection already: connectionFor(socket) gives it");
    this.socket = socket;
    connections.set(socket, this);
  }

  /**
   * Takes a connected stream or seqpacket socket over.
   *
   * @throws TypeError for any other; SocketError kind "closed", "not-connected"
   */
  static from(socket: Socket): SocketConnection {
    return new SocketConnection(checkConnected(socket));
  }

  /** The address of this end. @throws SocketError kind "closed" */
  get localAddress(): SocketAddress | null {
    return this.socket.localAddress;
  }

  /** The address of the peer. @throws SocketError kind "closed" */
  get remoteAddress(): SocketAddress | null {
    return this.socket.remoteAddress;
  }

  /** Whether it was not closed, nor shut down in both directions; the peer may be gone all the same. */
  get connected(): boolean {
    return this.socket.connected;
  }

  /** What console.log shows: `TcpConnection(fd 3, AF_INET, SOCK_STREAM, 127.0.0.1:4000 to 127.0.0.1:80)`. */
  toString(): string {
    return `${this.constructor.name}(${describeSocket(this.socket)})`;
  }

  /** Receives into a buffer: bytes received, 0 at the end of the stream. Rejects as `socket.receiveAsync`. */
  read(buffer: Data, options?: AsyncOptions): Promise<number> {
    return this.socket.receiveAsync(buffer, options);
  }

  /**
   * Sends all of it, text (UTF-8) or bytes; writes go out in their order. Rejects as `socket.sendAllAsync`. One that its signal,
   * timeout or Cancellable has ended while it waited leaves the stream cut at an unknown place, in the middle of what was given:
   * the peer cannot tell, and the connection is good for nothing any more but to be closed.
   */
  write(data: Data | string, options?: AsyncOptions): Promise<number> {
    return this.socket.sendAllAsync(data, options);
  }

  /**
   * What comes, as a byte stream (BYOB readers too). It reads only when somebody asks, so that the peer is held back by TCP
   * itself. Cancelling it shuts the direction down.
   */
  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    this.#readable ??= streams().makeReadable(this.socket);
    return this.#readable.stream;
  }

  /**
   * What goes: each chunk is written before the next is taken. Closing it is `end()`: it waits for all writes under way, those of
   * `write` too, and then the peer reads the end. Aborting it ends this direction at once. When both streams have ended the
   * connection is closed.
   */
  get writable(): WritableStream<Uint8Array> {
    this.#writable ??= streams().makeWritable(this);
    return this.#writable;
  }

  /**
   * Ends this direction, once all writes under way have gone out or failed: `shutdown(2)`. The peer reads the end of the stream;
   * reading goes on, and `close` is still to be called. Writes that come after it are rejected (EPIPE). Again is nothing, and so is
   * a peer that is gone: the writes tell of that. When it was ended by its options, nothing has happened, and the connection can
   * still be written to. Where `readable` has ended before, it closes the connection.
   *
   * @throws (rejects) SocketError kind "closed", "timed-out", "cancelled", or the reason of its signal; TypeError, RangeError
   *
   * @example
   * void connection.write(request);
   * await connection.end(); // the request is complete
   * const answer = await new Response(connection.readable).text();
   */
  end(options?: AsyncOptions): Promise<void> {
    return endWriting(this.socket, options);
  }

  /**
   * Ends the connection so that nothing is lost: writes under way are finished, the peer is told the end (`shutdown(2)`), what it
   * still sends is read away until it has ended too, then the socket is closed. After `timeout` milliseconds (default 1000) it is
   * closed in any case, and what was not sent by then is lost: give it longer where much is under way. A peer that is gone is no error. Again is the same promise.
   *
   * @throws (rejects) TypeError, RangeError for a wrong timeout
   */
  async close(options?: CloseOptions): Promise<void> {
    const patience = options?.timeout === undefined ? DEFAULT_PATIENCE : duration(options.timeout);
    this.#closing ??= closeGracefully(this.socket, patience);
    return this.#closing;
  }

  /**
   * The same as `close()`, for `await using`: the block is left once the peer has ended too, or after 1000 ms when it does not, as
   * a peer that keeps its connections does. Where there is nothing to wait for, `close({ timeout: 0 })` inside of the block spares
   * that.
   *
   * @example
   * await using connection = await createConnection({ hostname: "localhost", port: 8080 });
   * const answer = await ask(connection);
   * await connection.close({ timeout: 0 }); // the answer is here: no good-bye
   */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Hands the stream over to Bun's own event loop: `Bun.connect({ fd, socket: handlers })`. This connection and its socket are
   * closed then.
   *
   * @throws (rejects) SocketError kind "pending" while operations wait, a web stream of it is in use, or `readable` holds bytes
   * that nobody has read; "not-supported" on Windows, where Bun takes no sockets over; what Bun says of wrong handlers. The connection
   * stays as it is then
   */
  async toBun(handlers: BunHandlers): Promise<Bun.Socket<undefined>> {
    const inUse = this.#readable?.stream.locked === true || this.#writable?.locked === true;
    const ahead = this.#readable?.holds === true;
    if (inUse || ahead || handleOf(this.socket).loop?.busy === true) throw pending("toBun", "connection");
    return handOver(this.socket, handlers);
  }
}
