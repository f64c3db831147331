// Sockets by name: the names are resolved, and each address is tried in order until one works, as nixio and Python do it.

import { platform } from "../../ffi/platform/index.ts";
import { type SocketAddressLike, toSocketAddress } from "../address/index.ts";
import { boolean, duration, int32, type OptionNames, record, refuseUnknown, show } from "../arguments.ts";
import { cancelled, noneWorked, SocketError, timedOut } from "../errors.ts";
import { Socket } from "../socket/socket.ts";
import type { Cancellable } from "../wait/cancellable.ts";
import { deadlineIn, remaining } from "../wait/deadline.ts";
import { type AddressInfo, lookUp } from "./address-info.ts";

const { SOCK_STREAM, AF_UNSPEC } = platform.core;
const { AI_PASSIVE } = platform.constants;

/** What `connectHost` takes. */
export interface ConnectHostOptions {
  /** A name or an address. Default: this host (the loopback addresses). */
  readonly hostname?: string | undefined;
  /** A port, or the name of a service. */
  readonly port: number | string;
  /** SOCK_*. Default SOCK_STREAM. */
  readonly type?: number | undefined;
  /** AF_INET or AF_INET6. Default: both, in the resolver's order. */
  readonly family?: number | undefined;
  /** Milliseconds for all attempts together; the lookup is not counted, because nothing can end it. Default: no end. */
  readonly timeout?: number | undefined;
  /** Ends the attempts: kind "cancelled". */
  readonly cancellable?: Cancellable | undefined;
  /** An address of this host to connect from. */
  readonly localAddress?: SocketAddressLike | undefined;
}

/** What `bindHost` takes. */
export interface BindHostOptions {
  /** A name or address of this host. Default: all addresses. */
  readonly hostname?: string | undefined;
  /** A port (0: the kernel chooses), or the name of a service. */
  readonly port: number | string;
  /** SOCK_*. Default SOCK_STREAM. */
  readonly type?: number | undefined;
  /** AF_INET or AF_INET6. Default: both, in the resolver's order. */
  readonly family?: number | undefined;
  /** SO_REUSEADDR. Default: true for SOCK_STREAM; for datagrams it would let others take them. */
  readonly allowReuse?: boolean | undefined;
  /** SO_REUSEPORT. Default: as the system has it. */
  readonly reusePort?: boolean | undefined;
}

interface Wanted {
  readonly hostname?: string | undefined;
  readonly port: number | string;
  readonly type?: number | undefined;
  readonly family?: number | undefined;
}

const COMMON = { hostname: true, port: true, type: true, family: true } as const;
const CONNECT_OPTIONS: OptionNames<ConnectHostOptions> = {
  ...COMMON,
  timeout: true,
  cancellable: true,
  localAddress: true,
};
const BIND_OPTIONS: OptionNames<BindHostOptions> = { ...COMMON, allowReuse: true, reusePort: true };

function find<Options extends Wanted>(
  options: Options,
  names: OptionNames<Options>,
  flags: number,
): readonly AddressInfo[] {
  const { hostname, port, type, family } = record<Wanted>(options, "options", "{ hostname, port }");
  refuseUnknown(options, names);
  // the C library takes "" for no service at all, which is any port
  if (port === undefined || port === null || port === "")
    throw new TypeError(`port must be a number or the name of a service, not ${show(port)}`);
  const hints = {
    type: type === undefined ? SOCK_STREAM : int32(type, "type"),
    family: family === undefined ? AF_UNSPEC : int32(family, "family"),
    flags,
  };
  return lookUp(hostname, port, hints, "port");
}

// The first that works; else the last error, with all of them in its cause.
function tryEach(
  found: readonly AddressInfo[],
  hostname: string | undefined,
  attempt: (socket: Socket, info: AddressInfo) => void,
): Socket {
  const errors: unknown[] = [];
  for (const info of found) {
    let socket: Socket | undefined;
    try {
      socket = new Socket(info.family, info.type, info.protocol);
      attempt(socket, info);
      return socket;
    } catch (error) {
      socket?.close();
      if (!(error instanceof SocketError) || error.kind === "cancelled") throw error;
      errors.push(error);
    }
  }
  throw noneWorked(errors, hostname);
}

/** `connectHost` of the public face. */
export function connectByName(options: ConnectHostOptions): Socket {
  const found = find(options, CONNECT_OPTIONS, 0);
  const { timeout, cancellable, localAddress } = options;
  const budget = timeout === undefined ? Infinity : duration(timeout);
  const local = localAddress === undefined ? undefined : toSocketAddress(localAddress, "localAddress");
  const deadline = budget === Infinity ? Infinity : deadlineIn(budget);
  let tried = false;
  return tryEach(found, options.hostname, (socket, { address }) => {
    if (cancellable?.cancelled === true) throw cancelled("connect", undefined, address);
    const left = remaining(deadline);
    if (tried && left === 0) throw timedOut("connect", budget, undefined, address);
    tried = true;
    if (local !== undefined) socket.bind(local);
    socket.connect(address, { timeout: left, cancellable });
  });
}

/** `bindHost` of the public face. */
export function bindByName(options: BindHostOptions): Socket {
  const found = find(options, BIND_OPTIONS, AI_PASSIVE);
  const { allowReuse, reusePort } = options;
  const share = reusePort === undefined ? undefined : boolean(reusePort, "reusePort");
  const reuse = allowReuse === undefined ? undefined : boolean(allowReuse, "allowReuse");
  return tryEach(found, options.hostname, (socket, { address, type }) => {
    socket.bind(address, { allowReuse: reuse ?? type === SOCK_STREAM, reusePort: share });
  });
}
