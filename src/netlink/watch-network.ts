// News of links, addresses and routes: the groups of rtnetlink(7).

import { platform } from "../../ffi/platform/index.ts";
import { boolean, record, show } from "../arguments.ts";
import { SocketError } from "../errors.ts";
import { inspectAs } from "../inspect.ts";
import { describeSocket } from "../socket/ref.ts";
import type { NetlinkMessage } from "./message.ts";
import { NetlinkSocket } from "./netlink-socket.ts";
import * as rtm from "./numbers.ts";
import { type Link, type LinkAddress, parseLink, parseLinkAddress, parseRoute, type Route } from "./route.ts";

const { SOL_SOCKET, SO_RCVBUF } = platform.core;
const QUEUE = 1 << 20; // bytes: a bridge that goes down tells of hundreds of routes at once

/** What has changed. "set" is new or different, "removed" gone. */
export type NetworkChange =
  | { readonly kind: "link"; readonly change: "set" | "removed"; readonly link: Link }
  | { readonly kind: "address"; readonly change: "set" | "removed"; readonly address: LinkAddress }
  | { readonly kind: "route"; readonly change: "set" | "removed"; readonly route: Route }
  /** The kernel had to drop news: list again what you keep. */
  | { readonly kind: "lost" };

/** What is watched. Without any: addresses. */
export interface WatchNetworkOptions {
  readonly links?: boolean | undefined;
  readonly addresses?: boolean | undefined;
  readonly routes?: boolean | undefined;
  /** Ends the iteration with its reason when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

/** Changes of the network as they come, until `close()`: made by `watchNetwork`. */
export class NetworkChanges implements AsyncIterable<NetworkChange>, Disposable {
  readonly #netlink: NetlinkSocket;
  readonly #signal: AbortSignal | undefined;

  /** Use `watchNetwork`. */
  constructor(netlink: NetlinkSocket, signal: AbortSignal | undefined) {
    this.#netlink = netlink;
    this.#signal = signal;
  }

  static {
    inspectAs(this.prototype, ({ socket }) => describeSocket(socket));
  }

  /** The socket under it: for `ref`, `unref` and `watch`. */
  get socket(): NetlinkSocket["socket"] {
    return this.#netlink.socket;
  }

  /** The changes. Leaving the loop closes. @throws the signal's reason; SocketError */
  async *[Symbol.asyncIterator](): AsyncGenerator<NetworkChange, void, undefined> {
    using _ = this;
    while (!this.socket.closed) {
      try {
        for await (const message of this.#netlink.messages({ signal: this.#signal })) {
          const change = changeOf(message);
          if (change !== undefined) yield change;
        }
      } catch (error) {
        if (!(error instanceof SocketError) || error.kind !== "no-buffers") throw error;
        yield { kind: "lost" };
      }
    }
  }

  /** Ends the iteration. */
  close(): void {
    this.#netlink.close();
  }

  /** The same as `close`, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }
}

function changeOf({ type, body }: NetlinkMessage): NetworkChange | undefined {
  if (type === rtm.RTM_NEWLINK || type === rtm.RTM_DELLINK) {
    const link = parseLink(body);
    return link && { kind: "link", change: type === rtm.RTM_NEWLINK ? "set" : "removed", link };
  }
  if (type === rtm.RTM_NEWADDR || type === rtm.RTM_DELADDR) {
    const address = parseLinkAddress(body);
    return address && { kind: "address", change: type === rtm.RTM_NEWADDR ? "set" : "removed", address };
  }
  if (type === rtm.RTM_NEWROUTE || type === rtm.RTM_DELROUTE) {
    const route = parseRoute(body);
    return route && { kind: "route", change: type === rtm.RTM_NEWROUTE ? "set" : "removed", route };
  }
  return undefined;
}

/**
 * Tells when links, addresses or routes change, from this call on: what `ip monitor` shows. It wants no privilege. Linux.
 *
 * @throws TypeError; SocketError kind "not-supported" where there is no netlink
 *
 * @example
 * for await (const event of watchNetwork({ addresses: true })) {
 *   if (event.kind === "address") console.log(event.change, `${event.address.address}`);
 * }
 */
export function watchNetwork(options: WatchNetworkOptions = {}): NetworkChanges {
  const { signal } = record(options, "options");
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(`signal must be an AbortSignal, not ${show(signal)}`);
  }
  const links = boolean(options.links ?? false, "links");
  const routes = boolean(options.routes ?? false, "routes");
  const addresses = boolean(options.addresses ?? (!links && !routes), "addresses");
  if (!links && !routes && !addresses) throw new TypeError("links, addresses or routes must be true");
  const groups = [
    ...(links ? [rtm.RTNLGRP_LINK] : []),
    ...(addresses ? [rtm.RTNLGRP_IPV4_IFADDR, rtm.RTNLGRP_IPV6_IFADDR] : []),
    ...(routes ? [rtm.RTNLGRP_IPV4_ROUTE, rtm.RTNLGRP_IPV6_ROUTE] : []),
  ];
  const netlink = new NetlinkSocket();
  try {
    netlink.socket.setOption(SOL_SOCKET, SO_RCVBUF, QUEUE);
    for (const group of groups) netlink.join(group);
  } catch (error) {
    netlink.close();
    throw error;
  }
  return new NetworkChanges(netlink, signal);
}
