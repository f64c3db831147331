// Which class of connection a socket gets.

import { platform } from "../../ffi/platform/index.ts";
import type { Socket } from "../socket/socket.ts";
import { checkConnected, connectionOf, SocketConnection } from "./socket-connection.ts";
import { isTcp, TcpConnection } from "./tcp-connection.ts";
import { UnixConnection } from "./unix-connection.ts";

/**
 * The connection of a connected socket, which it takes over: a TcpConnection, a UnixConnection, or a SocketConnection of any other
 * family. Asked again for the same socket it is the same.
 *
 * @throws TypeError for a datagram socket; SocketError kind "closed", "not-connected"
 *
 * @example
 * const connection = connectionFor(listener.accept());
 */
export function connectionFor(socket: Socket): SocketConnection {
  const known = connectionOf(checkConnected(socket));
  if (known !== undefined) return known;
  if (isTcp(socket)) return TcpConnection.from(socket);
  return socket.family === platform.core.AF_UNIX ? UnixConnection.from(socket) : SocketConnection.from(socket);
}
