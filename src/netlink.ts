/**
 * Netlink: what the kernel knows of links, addresses, routes and TCP sockets, and word of their changes; and under it messages,
 * attributes and sockets for any other protocol of it.
 *
 * Reading gives `undefined` for bytes that are no such message, or not all of it. Wrong arguments throw.
 *
 * @example
 * import { listLinks, watchNetwork } from "berkeley/netlink";
 * for (const { index, name, up } of listLinks()) console.log(index, name, up);
 * for await (const change of watchNetwork({ addresses: true })) console.log(change);
 *
 * @module
 */

export {
  attributeMap,
  attributeNumber,
  type Attributes,
  attributeText,
  type AttributeValue,
  encodeAttributes,
  type NetlinkAttribute,
  parseAttributes,
} from "./netlink/attribute.ts";
export { encodeMessage, type NetlinkMessage, type NetlinkMessageFields, parseMessages } from "./netlink/message.ts";
export { type NetlinkRequestOptions, NetlinkSocket } from "./netlink/netlink-socket.ts";
export * from "./netlink/numbers.ts";
export {
  type Link,
  type LinkAddress,
  type LinkStatistics,
  listAddresses,
  listLinks,
  type ListOptions,
  listRoutes,
  type ListRoutesOptions,
  type NextHop,
  type OperationalState,
  parseLink,
  parseLinkAddress,
  parseRoute,
  type Route,
  type RouteScope,
} from "./netlink/route.ts";
export {
  listTcpSockets,
  type ListTcpSocketsOptions,
  parseTcpSocket,
  type TcpSocketInfo,
  type TcpState,
  type TcpTimer,
} from "./netlink/tcp-sockets.ts";
export { type NetworkChange, NetworkChanges, watchNetwork, type WatchNetworkOptions } from "./netlink/watch-network.ts";
