// What console.log shows of a socket: the descriptor, the constants' names, the addresses and what state it is in.

import { platform } from "../../ffi/platform/index.ts";
import { SocketError } from "../errors.ts";
import type { Socket } from "./socket.ts";
import type { SocketRef } from "./ref.ts";

function nameOf(prefix: string, value: number): string {
  const found = Object.entries(platform.core).find(([name, number]) => name.startsWith(prefix) && number === value);
  return found?.[0] ?? `${prefix.slice(0, -1)} ${value}`;
}

// Somebody who looks must not be told an error for it.
function known(ask: () => string | null): string | null {
  try {
    return ask();
  } catch (error) {
    if (error instanceof SocketError) return null;
    throw error;
  }
}

/** `fd 3, AF_INET, SOCK_STREAM, 127.0.0.1:4000 to 127.0.0.1:80`; `closed` when it is. Internal. */
export function describe(socket: SocketRef & Partial<Pick<Socket, "listening">>): string {
  if (socket.fd === -1) return "closed";
  const local = known(() => String(socket.localAddress));
  const remote = known(() => (socket.remoteAddress === null ? null : String(socket.remoteAddress)));
  return [
    `fd ${socket.fd}`,
    nameOf("AF_", socket.family),
    nameOf("SOCK_", socket.type),
    remote === null ? local : `${local ?? "?"} to ${remote}`,
    socket.listening === true ? "listening" : null,
  ]
    .filter((part) => part !== null && part !== "")
    .join(", ");
}
