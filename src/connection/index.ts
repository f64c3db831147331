// Connections and servers on the event loop.

import { forCaller } from "../at-caller.ts";
import { later } from "../later.ts";
import type { CreateConnectionOptions, CreateServerOptions } from "./create-connection.ts";
import type { Listener } from "./listener.ts";
import type { SocketConnection } from "./socket-connection.ts";
import type { TcpConnection } from "./tcp-connection.ts";
import type { UnixConnection } from "./unix-connection.ts";

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
 * the one before or as soon as that has failed, and the first that answers wins (Happy Eyeballs, RFC 8305). With a hostname it is a
 * TcpConnection, with a path a UnixConnection.
 *
 * @throws (rejects) TypeError, RangeError
 * @throws (rejects) SocketError kind "host-not-found", "connection-refused", "timed-out", "cancelled", ...: that of the last address,
 * with all in its `cause`
 *
 * @example
 * await using connection = await createConnection({ hostname: "localhost", port: 8080, timeout: 3000 });
 */
export function createConnection(
  options: CreateConnectionOptions & { readonly path: string | Uint8Array },
): Promise<UnixConnection>;
export function createConnection(
  options: CreateConnectionOptions & { readonly hostname: string; readonly path?: undefined },
): Promise<TcpConnection>;
export function createConnection(options: CreateConnectionOptions): Promise<SocketConnection>;
export function createConnection(options: CreateConnectionOptions): Promise<SocketConnection> {
  return forCaller(() => creating().connectTo(options));
}

/**
 * Listens at a port of this host, or at a unix path. Without a hostname at all addresses, IPv6 and IPv4, in one socket of IPv6: the
 * addresses of clients that come by IPv4 are v4-mapped then, as [::ffff:127.0.0.1]:4000. A server of IPv4 only, with addresses as
 * 127.0.0.1:4000, is one with an IPv4 address for its hostname: "0.0.0.0" for all; `address.unmapped()` gives the IPv4 address of a v4-mapped one. SO_REUSEADDR is on.
 *
 * @throws (rejects) TypeError, RangeError
 * @throws (rejects) SocketError kind "address-in-use", "address-not-available", "permission-denied", "host-not-found"
 *
 * @example
 * await using listener = await createServer({ port: 8080 });
 * for await (const connection of listener) void serve(connection);
 */
export function createServer(options: CreateServerOptions): Promise<Listener> {
  return forCaller(() => creating().listenAt(options));
}
