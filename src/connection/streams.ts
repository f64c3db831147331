// The web streams of a connection.

import type { ReadableByteStreamController, UnderlyingByteSource } from "node:stream/web";
import { SocketError } from "../errors.ts";
import { twins } from "../socket/async-socket.ts";
import type { AsyncOptions } from "../socket/loop-operation.ts";
import { handleOf } from "../socket/ref.ts";
import type { Socket } from "../socket/socket.ts";

const CHUNK = 65_536;

/** What a writable stream writes to. */
export interface Writer {
  readonly socket: Socket;
  write(data: Uint8Array, options: AsyncOptions): Promise<number>;
}

/** The stream of what a socket receives. */
export interface ConnectionReadable {
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Whether it holds bytes that nobody has read: of a read that its reader has left. */
  readonly holds: boolean;
}

/** Makes it. */
export function makeReadable(socket: Socket): ConnectionReadable {
  const cancelled = new AbortController();
  let control: ReadableByteStreamController | undefined;
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      type: "bytes",
      start(controller: ReadableByteStreamController) {
        control = controller;
      },
      autoAllocateChunkSize: CHUNK,
      async pull(controller: ReadableByteStreamController) {
        const request = controller.byobRequest;
        const view = request?.view;
        if (request === null || view === null || view === undefined) return;
        const size = await socket.receiveAsync(view, { signal: cancelled.signal, timeout: Infinity });
        if (size === 0) {
          controller.close();
          end(socket, { read: true });
        }
        request.respond(size);
      },
      cancel(reason: unknown) {
        cancelled.abort(reason);
        end(socket, { read: true });
      },
    } satisfies UnderlyingByteSource,
    { highWaterMark: 0 },
  );
  return {
    stream,
    get holds() {
      return (control?.desiredSize ?? 0) < 0;
    },
  };
}

/** The stream of what goes to a connection. */
export function makeWritable(connection: Writer): WritableStream<Uint8Array> {
  const { socket } = connection;
  // an abort does not wait for a peer that does not read
  let signal: AbortSignal | undefined;
  return new WritableStream<Uint8Array>({
    start(controller) {
      // `signal` is there, and not in the types (Bun 1.4)
      ({ signal } = controller as unknown as { readonly signal: AbortSignal });
    },
    async write(chunk) {
      await connection.write(chunk, { signal });
    },
    async close() {
      if (socket.closed) return;
      try {
        await twins().endWriting(handleOf(socket), { signal, timeout: Infinity }); // the writes before it have their own ends
        if (!socket.connected) socket.close();
      } catch (error) {
        end(socket, { write: true });
        // aborted, or closed: what waited to be written is lost
        if (!(error instanceof SocketError) || error.kind !== "not-connected") throw error;
      }
    },
    abort: () => end(socket, { write: true }),
  });
}

// Ends one direction, and with the second of them the connection. One that is gone has ended in both.
function end(socket: Socket, direction: { read?: boolean; write?: boolean }): void {
  try {
    if (!socket.closed) socket.shutdown(direction);
    if (!socket.connected) socket.close();
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
    socket.close();
  }
}
