// Network interfaces: names, indexes, and the addresses that getifaddrs(3) lists.

import { CString, type Pointer, read, toArrayBuffer } from "bun:ffi";
import { errnoNumber } from "./errno.ts";
import { failure, optional, required } from "./library.ts";
import { Region } from "./memory.ts";
import { platform } from "./platform/index.ts";
import type { Field } from "./platform/platform.ts";

const { structs, core } = platform;
const cNametoindex = required("if_nametoindex");
const cIndextoname = required("if_indextoname");
const cGetifaddrs = optional("getifaddrs");
const cFreeifaddrs = optional("freeifaddrs");
const name = new Uint8Array(new ArrayBuffer(core.IF_NAMESIZE));
const decoder = new TextDecoder();

/** `if_nametoindex(3)`: the index, or a negative error number (ENODEV for a name that nobody has). */
export function nameToIndex(text: string): number {
  return cNametoindex(text) || failure() || -errnoNumber("ENODEV");
}

/** `if_indextoname(3)`: the name, or undefined for an index that nobody has. */
export function indexToName(index: number): string | undefined {
  if (!cIndextoname(index, name)) return undefined;
  return decoder.decode(name.subarray(0, name.indexOf(0)));
}

/** One address of one interface. */
export interface InterfaceAddress {
  readonly name: string;
  /** struct sockaddr, as the system gave it. */
  readonly address: Uint8Array<ArrayBuffer>;
}

/** Every IPv4 and IPv6 address of every interface: getifaddrs(3); or a negative error number. */
export function interfaceAddresses(): InterfaceAddress[] | number {
  const layout = structs.ifaddrs;
  if (cGetifaddrs === undefined || cFreeifaddrs === undefined || layout === undefined) {
    return -errnoNumber("EOPNOTSUPP");
  }
  const head = new Region(8);
  if (cGetifaddrs(head.bytes) === -1) return failure();
  const pointer = (at: Pointer, [offset]: Field): Pointer => read.ptr(at, offset) as Pointer;
  const first = read.ptr(head.address, 0) as Pointer;
  const found: InterfaceAddress[] = [];
  for (let entry = first; entry; entry = pointer(entry, layout.fields.ifa_next)) {
    const address = pointer(entry, layout.fields.ifa_addr);
    if (!address) continue;
    const size = sizeOf(address);
    if (size === 0) continue;
    found.push({
      name: String(new CString(pointer(entry, layout.fields.ifa_name))),
      address: new Uint8Array(toArrayBuffer(address, 0, size)).slice(),
    });
  }
  cFreeifaddrs(first);
  return found;
}

function sizeOf(address: Pointer): number {
  const [offset, width] = structs.sockaddr.fields.sa_family;
  const family = width === 1 ? read.u8(address, offset) : read.u16(address, offset);
  if (family === core.AF_INET) return structs.sockaddr_in.size;
  return family === core.AF_INET6 ? structs.sockaddr_in6.size : 0;
}
