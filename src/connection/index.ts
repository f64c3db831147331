// Connections and servers on the event loop.

import { later } from "../later.ts";
import type { CreateConnectionOptions, CreateServerOptions } from "./create-connection.ts";
import type { Listener } from "./listener.ts";
import type { SocketConnection } from "./socket-connection.ts";

export { connectionFor } from "./connection-for.ts";
export type { CreateConnectionOptions, CreateServerOptions } from "./create-connection.ts";
export { Listener } from "./listener.ts";
export { type BunHandlers, type CloseOptions, SocketConnection } from "./socket-connection.ts";
export { TcpConnection } from "./tcp-connection.ts";
export { UnixConnection } from "./unix-connection.ts";

const creating: () => typeof import("./create-connection.ts") = later(
  () => require("./create-connection.ts") as typeof import("./create-connection.ts"),
);

/**
 * Connects to a host by name, or to a unix socket by path. Of several addresses IPv6 and IPv4 are tried in turn, each 250 ms after
 * the one before or as soon as that has failed, and the first that answers wins (Happy Eyeballs, RFC 8305).
 *
 * @throws (rejects) TypeError, RangeError
 * @throws (rejects) SocketError kind "host-not-found", "connection-refused", "timed-out", "cancelled", ...: that of the last address,
 * with all in its `cause`
 *
 * @example
 * await using connection = await createConnection({ hostname: "localhost", port: 8080, timeout: 3000 });
 */
export async function createConnection(options: CreateConnectionOptions): Promise<SocketConnection> {
  return creating().connectTo(options);
}

/**
 * Listens at a port of this host, or at a unix path. Without a hostname at all addresses, IPv6 and IPv4. SO_REUSEADDR is on.
 *
 * @throws (rejects) TypeError, RangeError
 * @throws (rejects) SocketError kind "address-in-use", "address-not-available", "permission-denied", "host-not-found"
 *
 * @example
 * await using listener = await createServer({ port: 8080 });
 * for await (const connection of listener) void serve(connection);
 */
export async function createServer(options: CreateServerOptions): Promise<Listener> {
  return creating().listenAt(options);
}
