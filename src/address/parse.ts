// Addresses as users may give them, made into a SocketAddress. Names are never resolved here.

import { platform } from "../../ffi/platform/index.ts";
import { port as portNumber, show } from "../arguments.ts";
import { InetAddress } from "./inet-address.ts";
import { InetSocketAddress } from "./inet-socket-address.ts";
import { SocketAddress } from "./socket-address.ts";
import { UnixSocketAddress } from "./unix-socket-address.ts";

/**
 * Where a method takes an address it takes a SocketAddress, `"127.0.0.1:53"`, `"[fe80::1%eth0]:53"`,
 * `{ address, port }` (so what node:dgram reports fits) and `{ path }` (a leading NUL: an abstract name).
 */
export type SocketAddressLike =
  | SocketAddress
  | string
  | { readonly address: string | InetAddress; readonly port: number }
  | { readonly path: string | Uint8Array };

/** The SocketAddress that a user means, or TypeError, RangeError naming the argument. */
export function toSocketAddress(value: SocketAddressLike, name = "address"): SocketAddress {
  if (value instanceof SocketAddress) return value;
  if (typeof value === "string") return parseEndpoint(value, name);
  if (typeof value === "object" && value !== null) {
    if ("path" in value) {
      // without a path it would be the anonymous address, which nobody means who writes { path }
      if (value.path === undefined) throw new TypeError(`${name}.path must be a string or a Uint8Array, not undefined`);
      return new UnixSocketAddress(value.path);
    }
    if ("address" in value && "port" in value) {
      const { address, port } = value; // once: they may be getters
      if (port !== undefined) return new InetSocketAddress(address, port);
    }
  }
  throw new TypeError(
    `${name} must be a SocketAddress, "1.2.3.4:80", "[::1]:80", { address, port } or { path }, not ${shape(value)}`,
  );
}

// What was given, with what is missing: an object's class says nothing.
function shape(value: unknown): string {
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return show(value);
  const fields = Object.entries(value).flatMap(([field, given]) => (given === undefined ? [] : [field]));
  const has = `an object with ${fields.length === 0 ? "no fields" : fields.join(" and ")}`;
  if ("address" in value) return `${has}: port is missing`;
  if ("host" in value || "hostname" in value)
    return `${has}: address is missing, an IP address (names are not resolved here)`;
  return "port" in value ? `${has}: address is missing` : has;
}

const bracketed = /^\[([^\]]*)\](?::(.*))?$/s;
const plain = /^([^:]*)(?::([^:]*))?$/s; // with two colons it is IPv6 without brackets

function parseEndpoint(text: string, name: string): InetSocketAddress {
  const match = bracketed.exec(text) ?? plain.exec(text);
  if (match === null) {
    const bare = InetAddress.tryParse(text) !== undefined;
    const [, host = "", service] = /^(.*):(\d{1,5})$/s.exec(text) ?? [];
    if (InetAddress.tryParse(host)?.family === platform.core.AF_INET6 && Number(service) <= 65_535) {
      const orNot = bare ? `, or "[${text}]:80" where that is the address` : "";
      throw new TypeError(`${name} ${show(text)} needs brackets: write "[${host}]:${service}"${orNot}`);
    }
    throw new TypeError(
      bare
        ? `${name} ${show(text)} needs a port: write "[${text}]:80"`
        : `${name} ${show(text)} is no address: write "1.2.3.4:80" or "[::1]:80"`,
    );
  }
  const [, host = "", service] = match;
  if (host.includes("/"))
    throw new TypeError(`${name} ${show(text)} looks like a unix path: write { path: ${show(text)} }`);
  const address = InetAddress.tryParse(host);
  if (address === undefined) {
    throw new TypeError(
      `${name} ${show(text)}: ${show(host)} is no IP address, and names are not resolved here; ` +
        `resolve it first, for example with getAddressInfo()`,
    );
  }
  if (service === undefined) throw new TypeError(`${name} ${show(text)} needs a port: write "${text}:80"`);
  if (!/^[0-9]+$/.test(service)) throw new TypeError(`${name} ${show(text)}: the port ${show(service)} is no number`);
  return new InetSocketAddress(address, portNumber(Number(service), `${name} ${show(text)}: port`));
}
