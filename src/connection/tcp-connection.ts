// A TCP connection.

import { platform } from "../../ffi/platform/index.ts";
import { duration } from "../arguments.ts";
import { checkConnected, SocketConnection } from "./socket-connection.ts";
import type { Socket } from "../socket/socket.ts";

const { AF_INET, AF_INET6, SOCK_STREAM, IPPROTO_TCP, TCP_NODELAY } = platform.core;

/** Whether a socket is TCP (or MPTCP, which is used in the same way). Internal. */
export function isTcp({ family, type }: Socket): boolean {
  return type === SOCK_STREAM && (family === AF_INET || family === AF_INET6);
}

/** A TCP connection on the event loop: tcp(7). */
export class TcpConnection extends SocketConnection {
  /** @throws TypeError for any other socket; SocketError kind "closed", "not-connected" */
  static override from(socket: Socket): TcpConnection {
    if (!isTcp(checkConnected(socket))) throw new TypeError("socket must be a TCP socket");
    return new TcpConnection(socket);
  }

  /** Whether small writes go out at once, as they do at first: TCP_NODELAY of tcp(7). @throws SocketError kind "closed" */
  get noDelay(): boolean {
    return this.socket.getOption(IPPROTO_TCP, TCP_NODELAY) !== 0;
  }
  set noDelay(value: boolean) {
    this.socket.setOption(IPPROTO_TCP, TCP_NODELAY, value);
  }

  /** Ends the connection at once, as an error: the peer is reset (SO_LINGER 0 of socket(7)), and what was not sent is lost. */
  reset(): void {
    const { SOL_SOCKET, SO_LINGER } = platform.core;
    this.socket.setOption(SOL_SOCKET, SO_LINGER, new Uint8Array(Int32Array.of(1, duration(0)).buffer));
    this.socket.close();
  }
}
