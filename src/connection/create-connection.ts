// Connecting to a host by name, and listening by name.

import { platform } from "../../ffi/platform/index.ts";
import { InetSocketAddress, type SocketAddressLike, toSocketAddress, UnixSocketAddress } from "../address/index.ts";
import { boolean, integer, type OptionNames, port as portNumber, refuseUnknown, show } from "../arguments.ts";
import { SocketError } from "../errors.ts";
import { Socket } from "../socket/socket.ts";
import { bindPath } from "../unix/index.ts";
import type { Cancellable } from "../wait/cancellable.ts";
import { End } from "../wait/end.ts";
import { connectionFor } from "./connection-for.ts";
import { Listener } from "./listener.ts";
import { race } from "./race.ts";
import { interleave, resolveHost } from "./resolve.ts";
import type { SocketConnection } from "./socket-connection.ts";

const { AF_INET, AF_INET6, AF_UNIX, SOCK_STREAM, IPPROTO_IPV6, IPV6_V6ONLY } = platform.core;
const HEAD_START = 250; // RFC 8305, section 8: Connection Attempt Delay

/** What `createConnection` takes. */
export interface CreateConnectionOptions {
  /** A name, or an IPv4 or IPv6 address. */
  readonly hostname?: string | undefined;
  /** 1 to 65535. */
  readonly port?: number | undefined;
  /** Instead of those: a unix socket. A leading NUL: abstract. */
  readonly path?: string | Uint8Array | undefined;
  /** An address of this host to connect from; hosts are then asked for addresses of its family only. */
  readonly localAddress?: SocketAddressLike | undefined;
  /** AF_INET or AF_INET6: only addresses of that family. Default: both. */
  readonly family?: number | undefined;
  /** Milliseconds for everything, the lookup too. Default: no end. */
  readonly timeout?: number | undefined;
  /** Milliseconds of head start that one address has before the next is tried as well: 10 or more. Default 250. */
  readonly attemptDelay?: number | undefined;
  /** Ends it: rejected with its reason, unchanged. */
  readonly signal?: AbortSignal | undefined;
  /** Ends it: kind "cancelled". */
  readonly cancellable?: Cancellable | undefined;
}

/** What `createServer` takes. */
export interface CreateServerOptions {
  /** A name or address of this host. Default: all addresses, IPv6 and IPv4 in one socket where the system can. */
  readonly hostname?: string | undefined;
  /** 0 to 65535; 0: the kernel chooses, see `listener.localAddress`. */
  readonly port?: number | undefined;
  /** Instead of those: a unix socket, bound with `bindPath`. A leading NUL: abstract. */
  readonly path?: string | undefined;
  /** The permissions of the path. */
  readonly mode?: number | undefined;
  /** How many connections may be queued. Default 511. */
  readonly backlog?: number | undefined;
  /** SO_REUSEPORT: several processes or Workers listen on one port. Default false. */
  readonly reusePort?: boolean | undefined;
  /** false: an IPv6 address takes no IPv4 (IPV6_V6ONLY). Default true. */
  readonly dualStack?: boolean | undefined;
}

const CONNECTION_OPTIONS: OptionNames<CreateConnectionOptions> = {
  hostname: true,
  port: true,
  path: true,
  localAddress: true,
  family: true,
  timeout: true,
  attemptDelay: true,
  signal: true,
  cancellable: true,
};

const SERVER_OPTIONS: OptionNames<CreateServerOptions> = {
  hostname: true,
  port: true,
  path: true,
  mode: true,
  backlog: true,
  reusePort: true,
  dualStack: true,
};

/** `createConnection` of the public face. */
export async function connectTo(options: CreateConnectionOptions): Promise<SocketConnection> {
  checkObject(options, "{ hostname, port } or { path }");
  refuseUnknown(options, CONNECTION_OPTIONS);
  const target = targetOf(options);
  // one signal for all that may end it
  using end = new End(options, "connect", target.name);
  const socket = await target.connect(end);
  return connectionFor(socket);
}

function checkObject(options: unknown, wanted: string): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`options must be ${wanted}, not ${show(options)}`);
  }
}

/** No option is ignored: those that say nothing about such an address are refused. */
function refuse(options: object, names: readonly string[], why: string): void {
  for (const name of names) {
    const value: unknown = Reflect.get(options, name);
    if (value !== undefined) throw new TypeError(`${name} ${why}; leave it out`);
  }
}

interface Goal {
  readonly name: string;
  connect(end: End): Promise<Socket>;
}

function targetOf(options: CreateConnectionOptions): Goal {
  const { hostname, path, localAddress, attemptDelay } = options;
  if (path !== undefined) {
    const address = new UnixSocketAddress(path);
    const others = ["hostname", "port", "localAddress", "family", "attemptDelay"];
    refuse(options, others, "says nothing about a unix socket, which has a path");
    return { name: address.toString(), connect: ({ signal }) => connectUnix(address, signal) };
  }
  if (typeof hostname !== "string" || hostname === "")
    throw new TypeError(`hostname must be a name or an address, not ${show(hostname)}`);
  const port = integer(options.port, "port", 1, 65_535);
  const delay = attemptDelay === undefined ? HEAD_START : integer(attemptDelay, "attemptDelay", 10, 60_000);
  const local = localAddress === undefined ? undefined : toSocketAddress(localAddress, "localAddress");
  if (local !== undefined && !(local instanceof InetSocketAddress))
    throw new TypeError(`localAddress must be an IPv4 or IPv6 address, not ${local}`);
  const family = checkFamily(options.family) ?? local?.family;
  return {
    name: `${hostname}:${port}`,
    async connect(end) {
      const found = await end.orEnded(resolveHost(hostname, port, family));
      return race({ addresses: interleave(found), hostname, delay, localAddress: local, signal: end.signal });
    },
  };
}

function checkFamily(family: unknown): number | undefined {
  if (family === undefined || family === AF_INET || family === AF_INET6) return family;
  throw new TypeError(`family must be AF_INET or AF_INET6, not ${show(family)}`);
}

async function connectUnix(address: UnixSocketAddress, signal: AbortSignal): Promise<Socket> {
  const socket = new Socket(AF_UNIX, SOCK_STREAM);
  try {
    await socket.connectAsync(address, { signal, timeout: Infinity });
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}

/** `createServer` of the public face. */
export async function listenAt(options: CreateServerOptions): Promise<Listener> {
  checkObject(options, "{ port } or { path }");
  refuseUnknown(options, SERVER_OPTIONS);
  const backlog = options.backlog === undefined ? 511 : integer(options.backlog, "backlog", 0, 0x7fff_ffff);
  const socket = options.path === undefined ? await bindServer(options) : bindUnix(options, options.path);
  try {
    socket.listen(backlog);
    return Listener.from(socket);
  } catch (error) {
    socket.close();
    throw error;
  }
}

function bindUnix(options: CreateServerOptions, path: string): Socket {
  refuse(options, ["hostname", "port", "reusePort", "dualStack"], "says nothing about a unix socket, which has a path");
  const abstract = typeof path === "string" && path.startsWith("\0");
  if (abstract) refuse(options, ["mode"], "is for a file, and an abstract name is none");
  const socket = new Socket(AF_UNIX, SOCK_STREAM);
  try {
    if (abstract) socket.bind(new UnixSocketAddress(path));
    else bindPath(socket, path, { mode: options.mode });
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}

async function bindServer(options: CreateServerOptions): Promise<Socket> {
  const { hostname, port, reusePort, dualStack } = options;
  refuse(options, ["mode"], "is for the path of a unix socket");
  const number = portNumber(port);
  const both = dualStack === undefined || boolean(dualStack, "dualStack");
  const share = reusePort === undefined ? undefined : boolean(reusePort, "reusePort");
  if (hostname !== undefined && typeof hostname !== "string")
    throw new TypeError(`hostname must be a name or an address, not ${show(hostname)}`);
  const addresses =
    hostname === undefined
      ? [new InetSocketAddress("::", number), new InetSocketAddress("0.0.0.0", number)]
      : await resolveHost(hostname, number, undefined);
  if (dualStack === true && addresses.every(({ family }) => family === AF_INET))
    throw new TypeError(`dualStack is for IPv6, and ${show(hostname)} has IPv4 addresses only; leave it out`);
  const errors: unknown[] = [];
  for (const address of addresses) {
    try {
      return bindAddress(address, both, share);
    } catch (error) {
      errors.push(error);
      // all addresses: the second is for systems without IPv6, and no way around a port that is taken
      if (hostname === undefined && !isLacking(error)) throw error;
    }
  }
  throw errors.at(-1);
}

function isLacking(error: unknown): boolean {
  return error instanceof SocketError && (error.kind === "not-supported" || error.kind === "address-not-available");
}

function bindAddress(address: InetSocketAddress, both: boolean, reusePort: boolean | undefined): Socket {
  const socket = new Socket(address.family, SOCK_STREAM);
  try {
    if (address.family === AF_INET6) socket.setOption(IPPROTO_IPV6, IPV6_V6ONLY, !both);
    socket.bind(address, { allowReuse: true, reusePort });
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}
