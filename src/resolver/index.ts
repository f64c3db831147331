// Names, services and interfaces. What answers is loaded when it is first asked.

import { platform } from "../../ffi/platform/index.ts";
import type { InetAddress, SocketAddressLike } from "../address/index.ts";
import { forCaller } from "../at-caller.ts";
import { later } from "../later.ts";
import { Socket } from "../socket/socket.ts";
import { SocketError } from "../errors.ts";
import type { EndOptions } from "../wait/end.ts";
import type { AddressInfo, AddressInfoAsyncOptions, AddressInfoOptions, NameInfo } from "./address-info.ts";
import type { BindHostOptions, ConnectHostOptions } from "./connect-host.ts";
import type { HostEntry } from "./host-entry.ts";
import type { Interface } from "./interfaces.ts";
import type { Protocol, Service } from "./services.ts";

export type { EndOptions } from "../wait/end.ts";
export type { AddressInfo, AddressInfoAsyncOptions, AddressInfoOptions, NameInfo } from "./address-info.ts";
export { htonl, htons, inetAton, inetNtoa, inetNtop, inetPton, ntohl, ntohs } from "./byte-order.ts";
export type { BindHostOptions, ConnectHostOptions } from "./connect-host.ts";
export type { HostEntry } from "./host-entry.ts";
export type { Interface, InterfaceAddress, InterfaceCounters } from "./interfaces.ts";
export type { Protocol, Service } from "./services.ts";

const addresses: () => typeof import("./address-info.ts") = later(
  () => require("./address-info.ts") as typeof import("./address-info.ts"),
);
const hosts: () => typeof import("./host-entry.ts") = later(
  () => require("./host-entry.ts") as typeof import("./host-entry.ts"),
);
const services: () => typeof import("./services.ts") = later(
  () => require("./services.ts") as typeof import("./services.ts"),
);
const network: () => typeof import("./interfaces.ts") = later(
  () => require("./interfaces.ts") as typeof import("./interfaces.ts"),
);
const connecting: () => typeof import("./connect-host.ts") = later(
  () => require("./connect-host.ts") as typeof import("./connect-host.ts"),
);

/**
 * The addresses of a host and a service: `getaddrinfo(3)`, in the C library's order. It may wait for a name server for many seconds;
 * the event loop stands still meanwhile. Names beyond ASCII are sent as IDNA; no hostname means this host (all of its addresses with
 * AI_PASSIVE); a service is a name or a port from 0 to 65535.
 *
 * @throws TypeError, RangeError
 * @throws SocketError kind "host-not-found" with code "EAI_NONAME", "EAI_AGAIN", ...
 *
 * @example
 * const [first] = getAddressInfo("localhost", "https", { type: SOCK_STREAM });
 */
export function getAddressInfo(
  hostname: string | null | undefined,
  service?: string | number | null,
  options?: AddressInfoOptions,
): AddressInfo[] {
  return addresses().lookUp(hostname, service, options);
}

/**
 * The same as `getAddressInfo` without holding up the event loop: another thread asks, unless there is no name to ask for.
 *
 * @throws (rejects) TypeError, RangeError
 * @throws (rejects) SocketError kind "host-not-found", "timed-out", "cancelled"
 *
 * @example
 * const found = await getAddressInfoAsync("example.org", 443, { type: SOCK_STREAM, timeout: 3000 });
 */
export function getAddressInfoAsync(
  hostname: string | null | undefined,
  service?: string | number | null,
  options?: AddressInfoAsyncOptions,
): Promise<AddressInfo[]> {
  return forCaller(() => addresses().lookUpAsync(hostname, service, options));
}

/**
 * The names of a host and a service: `getnameinfo(3)`; numbers where nobody has given them names. `flags` are NI_*: with
 * NI_NUMERICHOST | NI_NUMERICSERV no name server is asked.
 *
 * @throws TypeError, RangeError
 * @throws SocketError kind "host-not-found" with code "EAI_NONAME" (NI_NAMEREQD), "EAI_AGAIN", ...
 *
 * @example
 * getNameInfo("127.0.0.1:443") // { hostname: "localhost", service: "https" }
 */
export function getNameInfo(address: SocketAddressLike, flags?: number): NameInfo {
  return addresses().nameFor(address, flags);
}

/**
 * The same as `getNameInfo` without holding up the event loop.
 *
 * @throws (rejects) TypeError, RangeError
 * @throws (rejects) SocketError kind "host-not-found", "timed-out", "cancelled"
 */
export function getNameInfoAsync(address: SocketAddressLike, flags?: number, options?: EndOptions): Promise<NameInfo> {
  return forCaller(() => addresses().nameForAsync(address, flags, options));
}

/**
 * A host with its real name, other names and addresses: `gethostbyname(3)`. `family` is AF_INET (the default) or AF_INET6. New programs
 * use `getAddressInfo`.
 *
 * @throws TypeError, RangeError
 * @throws SocketError kind "host-not-found" with code "HOST_NOT_FOUND", "TRY_AGAIN", ... ("EAI_..." on macOS and Windows)
 */
export function getHostByName(hostname: string, family?: number): HostEntry {
  return hosts().hostByName(hostname, family);
}

/**
 * The same as `getHostByName` without holding up the event loop.
 *
 * @throws (rejects) as `getHostByName`; SocketError kind "timed-out", "cancelled"
 */
export function getHostByNameAsync(hostname: string, family?: number, options?: EndOptions): Promise<HostEntry> {
  return forCaller(() => hosts().hostByNameAsync(hostname, family, options));
}

/**
 * The host that has an address: `gethostbyaddr(3)`.
 *
 * @throws TypeError for text that is no address
 * @throws SocketError kind "host-not-found"
 */
export function getHostByAddress(address: InetAddress | string): HostEntry {
  return hosts().hostByAddress(address);
}

/**
 * The same as `getHostByAddress` without holding up the event loop.
 *
 * @throws (rejects) as `getHostByAddress`; SocketError kind "timed-out", "cancelled"
 */
export function getHostByAddressAsync(address: InetAddress | string, options?: EndOptions): Promise<HostEntry> {
  return forCaller(() => hosts().hostByAddressAsync(address, options));
}

/**
 * The name of a host with its domain: of all its names the first with a dot in it, as Python's `getfqdn`. The name as it is where
 * nobody knows a longer one. Default: this host.
 *
 * @throws TypeError, RangeError
 */
export function getFullyQualifiedName(hostname?: string): string {
  return hosts().qualifiedName(hostname);
}

/**
 * The same as `getFullyQualifiedName` without holding up the event loop.
 *
 * @throws (rejects) TypeError, RangeError; SocketError kind "timed-out", "cancelled"
 */
export function getFullyQualifiedNameAsync(hostname?: string, options?: EndOptions): Promise<string> {
  return forCaller(() => hosts().qualifiedNameAsync(hostname, options));
}

/**
 * A service by its name, as services(5) has it: `getservbyname(3)`. `protocol` is "tcp" or "udp"; without it the first that matches.
 *
 * @throws TypeError
 * @throws SocketError kind "not-found"
 *
 * @example
 * getServiceByName("https", "tcp").port // 443
 */
export function getServiceByName(name: string, protocol?: string): Service {
  return services().serviceNamed(name, protocol);
}

/**
 * A service by its port from 0 to 65535: `getservbyport(3)`.
 *
 * @throws TypeError, RangeError
 * @throws SocketError kind "not-found"
 */
export function getServiceByPort(port: number, protocol?: string): Service {
  return services().serviceAt(port, protocol);
}

/**
 * A protocol by its name, as protocols(5) has it: `getprotobyname(3)`.
 *
 * @throws TypeError
 * @throws SocketError kind "not-found"
 *
 * @example
 * getProtocolByName("icmp").number // 1
 */
export function getProtocolByName(name: string): Protocol {
  return services().protocolNamed(name);
}

/**
 * A protocol by its number: `getprotobynumber(3)`.
 *
 * @throws TypeError, RangeError
 * @throws SocketError kind "not-found"
 */
export function getProtocolByNumber(number: number): Protocol {
  return services().protocolNumbered(number);
}

/** The name of this host: `gethostname(2)`. @throws SocketError */
export function hostname(): string {
  return services().localName();
}

/**
 * Gives this host (on Linux: this UTS namespace) another name: `sethostname(2)`.
 *
 * @throws TypeError
 * @throws SocketError kind "permission-denied" without CAP_SYS_ADMIN; "invalid-argument" for more than 64 bytes; "not-supported" on Windows
 */
export function setHostname(name: string): void {
  services().renameHost(name);
}

/**
 * The network interfaces of this host with their addresses, netmasks, flags, hardware addresses and counters: `getifaddrs(3)`, on Windows
 * `GetAdaptersAddresses`.
 *
 * @throws SocketError when the system cannot list them
 *
 * @example
 * for (const { name, addresses } of interfaces()) console.log(name, addresses.map(({ address }) => `${address}`));
 */
export function interfaces(): Interface[] {
  return network().listInterfaces();
}

/**
 * Every interface by index and name: `if_nameindex(3)`.
 *
 * @throws SocketError when the system cannot list them
 */
export function interfaceNameIndex(): { index: number; name: string }[] {
  return network().listNames();
}

/**
 * A socket connected to a host by name: each of its addresses is tried, in the resolver's order, until one answers. It blocks;
 * `createConnection` does not.
 *
 * @throws TypeError, RangeError
 * @throws SocketError kind "host-not-found"; of the last address "connection-refused", "timed-out", ..., with all in its `cause`
 *
 * @example
 * using socket = connectHost({ hostname: "localhost", port: "http", timeout: 3000 });
 */
export function connectHost(options: ConnectHostOptions): Socket {
  return connecting().connectByName(options);
}

/**
 * A socket bound to an address of this host by name: each address is tried, in the resolver's order, until one can be had.
 *
 * @throws TypeError, RangeError
 * @throws SocketError kind "host-not-found"; of the last address "address-in-use", "address-not-available", ..., with all in its `cause`
 *
 * @example
 * using socket = bindHost({ hostname: "localhost", port: 0 });
 * socket.listen();
 */
export function bindHost(options: BindHostOptions): Socket {
  return connecting().bindByName(options);
}

function trySocket(use: (socket: Socket) => void): boolean {
  const { AF_INET6, SOCK_DGRAM } = platform.core;
  try {
    using socket = new Socket(AF_INET6, SOCK_DGRAM);
    use(socket);
    return true;
  } catch (error) {
    if (error instanceof SocketError) return false;
    throw error;
  }
}

/** Whether this host can make IPv6 sockets, as it was when berkeley was imported. */
export const hasIPv6: boolean = trySocket(() => {});

/** Whether one IPv6 socket can serve IPv4 as well: IPV6_V6ONLY can be switched off. */
export function hasDualStackIPv6(): boolean {
  const { IPPROTO_IPV6, IPV6_V6ONLY } = platform.core;
  return trySocket((socket) => socket.setOption(IPPROTO_IPV6, IPV6_V6ONLY, false));
}
