// How a connection ends: in one direction, gracefully in both, or by going over to Bun's own event loop.

import { close as closeDescriptor } from "../../ffi/descriptors.ts";
import { platform } from "../../ffi/platform/index.ts";
import { notSupported, SocketError } from "../errors.ts";
import { twins } from "../socket/async-socket.ts";
import { open } from "../socket/handle.ts";
import type { AsyncOptions } from "../socket/loop-operation.ts";
import { handleOf } from "../socket/ref.ts";
import type { Socket } from "../socket/socket.ts";

/** Finishes writes, tells the peer the end, waits for its end, and closes: within so many milliseconds. */
export async function closeGracefully(socket: Socket, patience: number): Promise<void> {
  if (socket.closed) return;
  const signal = AbortSignal.timeout(Math.min(patience, 0x7fff_ffff));
  try {
    if (patience === 0) return;
    await twins().endWriting(handleOf(socket), { signal, timeout: Infinity });
    const away = new Uint8Array(65_536);
    // a socket that is closed with bytes unread resets the connection, and what was sent last may be lost with it
    while ((await socket.receiveAsync(away, { signal, timeout: Infinity })) > 0);
  } catch (error) {
    // a peer that is gone, or takes too long
    if (!(error instanceof SocketError) && error !== signal.reason) throw error;
  } finally {
    socket.close();
  }
}

/** Ends writing behind all writes under way; with both directions ended nothing is left to do, and it closes. */
export async function endWriting(socket: Socket, options: AsyncOptions | undefined): Promise<void> {
  try {
    await twins().endWriting(handleOf(socket), options);
  } catch (error) {
    // a peer that is gone leaves nothing to end
    if (!(error instanceof SocketError) || error.kind !== "not-connected") throw error;
  }
  if (!socket.connected) socket.close();
}

/** Gives the descriptor to Bun. */
export async function handOver(socket: Socket, handlers: Bun.SocketHandler<undefined>): Promise<Bun.Socket<undefined>> {
  if (!platform.bunAdopts) throw notSupported("toBun", `Bun takes no sockets over on ${platform.name}`);
  const fd = open(handleOf(socket), "toBun");
  // `fd` is there, and not in the types (Bun 1.4)
  const options = { fd, socket: handlers } as unknown as Bun.TCPSocketConnectOptions<undefined>;
  const taken = Bun.connect<undefined>(options); // wrong handlers are thrown at once: nothing has happened then
  if (!socket.closed) socket.detach(); // its `open` has been called, and may have closed it
  try {
    return await taken;
  } catch (error) {
    closeDescriptor(fd);
    throw error;
  }
}
