// Network interfaces as users name them: by name, index or address.

import { errnoName, errnoNumber } from "../../ffi/errno.ts";
import { platform } from "../../ffi/platform/index.ts";
import { sockaddr } from "../../ffi/structs/sockaddr.ts";
import { integer, show } from "../arguments.ts";
import { failed, SocketError } from "../errors.ts";
import { later } from "../later.ts";
import { InetAddress } from "./inet-address.ts";

const native: () => typeof import("../../ffi/interfaces.ts") = later(
  () => require("../../ffi/interfaces.ts") as typeof import("../../ffi/interfaces.ts"),
);

const { AF_INET, AF_INET6, IF_NAMESIZE } = platform.core;

/** An interface by name ("eth0"), index (2) or one of its addresses; always reported as an index. */
export type InterfaceLike = string | number | InetAddress;

/**
 * The index of a network interface: `if_nametoindex(3)`.
 *
 * @throws SocketError kind "no-such-device" for a name that no interface has
 */
export function interfaceIndex(name: string): number {
  return indexOfName(name, "name");
}

function indexOfName(name: unknown, argument: string): number {
  if (typeof name !== "string" || name === "" || name.includes("\0")) {
    throw new TypeError(`${argument} must be the name of an interface, not ${show(name)}`);
  }
  const index = name.length >= IF_NAMESIZE ? -errnoNumber("ENODEV") : native().nameToIndex(name);
  if (index < 0) {
    throw errnoName(-index) === "ENODEV" ? unknown(`"${name}"`) : failed(index, { syscall: "if_nametoindex" });
  }
  return index;
}

/**
 * The name of a network interface: `if_indextoname(3)`.
 *
 * @throws SocketError kind "no-such-device" for an index that no interface has
 */
export function interfaceName(index: number): string {
  const name = native().indexToName(integer(index, "index", 0, 0xffff_ffff));
  if (name === undefined) throw unknown(String(index));
  return name;
}

function unknown(which: string): SocketError {
  return new SocketError(`there is no network interface ${which} on this host`, {
    code: "ENODEV",
    errno: -errnoNumber("ENODEV"),
    syscall: "if_nametoindex",
    kind: "no-such-device",
  });
}

/** The index that the zone of an address stands for. */
export function scopeIndex(zone: string | number): number {
  return typeof zone === "number" ? zone : interfaceIndex(zone);
}

/** The index of an interface given by name, index or address; an index of 0 leaves the choice to the kernel. */
export function resolveInterface(value: InterfaceLike, name = "interface"): number {
  if (typeof value === "number") {
    const index = integer(value, name, 0, 0x7fff_ffff);
    if (index !== 0) interfaceName(index); // an index that nobody has must not be taken silently
    return index;
  }
  if (value instanceof InetAddress) return indexOfAddress(value);
  if (typeof value !== "string") {
    throw new TypeError(`${name} must be an interface name, an index or an address, not ${show(value)}`);
  }
  const address = InetAddress.tryParse(value);
  return address === undefined ? indexOfName(value, name) : indexOfAddress(address);
}

function listed(): { name: string; address: InetAddress }[] {
  const found = native().interfaceRows();
  if (typeof found === "number") throw failed(found, { syscall: "getifaddrs" });
  return found.flatMap(({ name, family, address }) => {
    if (family === AF_INET) return { name, address: InetAddress.fromBytes(sockaddr.inetAddress(address)) };
    if (family === AF_INET6) return { name, address: InetAddress.fromBytes(sockaddr.inet6Address(address)) };
    return [];
  });
}

function indexOfAddress(address: InetAddress): number {
  if (address.isAny) return 0;
  if (typeof address.zone === "number") return resolveInterface(address.zone);
  if (address.zone !== undefined) return interfaceIndex(address.zone);
  const found = listed().find((entry) => entry.address.equals(address));
  if (found === undefined) throw unknown(`with the address ${address}`);
  return interfaceIndex(found.name);
}

/**
 * An IPv4 address of an interface, for the options that know interfaces by address only; 0.0.0.0 for index 0.
 *
 * @throws SocketError kind "address-not-available" when it has none
 */
export function addressOfInterface(index: number): InetAddress {
  if (index === 0) return InetAddress.any(AF_INET);
  const name = interfaceName(index);
  const found = listed().find((entry) => entry.name === name && entry.address.family !== AF_INET6);
  if (found === undefined) {
    throw failed(-errnoNumber("EADDRNOTAVAIL"), {
      syscall: "getifaddrs",
      advice: `the interface ${name} has no IPv4 address; give it one, or use another interface`,
    });
  }
  return found.address;
}
