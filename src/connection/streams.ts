// The web streams of a connection.

import type { ReadableByteStreamController, UnderlyingByteSource } from "node:stream/web";
import { platform } from "../../ffi/platform/index.ts";
import { SocketError } from "../errors.ts";
import type { Socket } from "../socket/socket.ts";

const { SOCK_STREAM } = platform.core;
const CHUNK = 65_536;

/** What a writable stream writes to. */
export interface Writer {
  readonly socket: Socket;
  write(data: Uint8Array): Promise<number>;
}

/** The stream of what a socket receives. */
export function makeReadable(socket: Socket): ReadableStream<Uint8Array<ArrayBuffer>> {
  const cancelled = new AbortController();
  return new ReadableStream(
    {
      type: "bytes",
      autoAllocateChunkSize: CHUNK,
      async pull(controller: ReadableByteStreamController) {
        const request = controller.byobRequest;
        const view = request?.view;
        if (request === null || view === null || view === undefined) return;
        const size = await socket.receiveAsync(view, { signal: cancelled.signal, timeout: Infinity });
        if (size === 0) controller.close();
        request.respond(size);
      },
      cancel(reason: unknown) {
        cancelled.abort(reason);
        end(socket, { read: true });
      },
    } satisfies UnderlyingByteSource,
    { highWaterMark: 0 },
  );
}

/** The stream of what goes to a connection. */
export function makeWritable(connection: Writer): WritableStream<Uint8Array> {
  return new WritableStream<Uint8Array>({
    async write(chunk) {
      await connection.write(chunk);
    },
    close: () => end(connection.socket, { write: true }),
    abort: () => end(connection.socket, { write: true }),
  });
}

// A connection that is gone has ended in both directions.
function end(socket: Socket, direction: { read?: boolean; write?: boolean }): void {
  try {
    if (!socket.closed && socket.type === SOCK_STREAM) socket.shutdown(direction);
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
  }
}
