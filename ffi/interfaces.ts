// Network interfaces: names, indexes, and the addresses that getifaddrs(3) lists.

import { adapterRows } from "./adapters.ts";
import { errnoNumber } from "./errno.ts";
import { bytesAt, pointerAt, textAt, uintAt } from "./foreign.ts";
import { failure, optional, required } from "./library.ts";
import { Region } from "./memory.ts";
import { platform } from "./platform/index.ts";

const { structs, core } = platform;
const cNametoindex = required("if_nametoindex");
const cIndextoname = required("if_indextoname");
const cGetifaddrs = optional("getifaddrs");
const cFreeifaddrs = optional("freeifaddrs");
const cGetAdaptersAddresses = optional("GetAdaptersAddresses");
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

/** Every interface that is there: if_nameindex(3), on Windows what GetAdaptersAddresses lists; or a negative error number. */
export function nameIndex(): { index: number; name: string }[] | number {
  if (cGetAdaptersAddresses !== undefined) {
    const rows = interfaceRows();
    if (typeof rows === "number") return rows;
    const names = new Set(rows.map((row) => row.name));
    return [...names].map((each) => ({ index: nameToIndex(each), name: each })).filter(({ index }) => index > 0);
  }
  const cNameindex = optional("if_nameindex");
  const cFreenameindex = optional("if_freenameindex");
  const layout = structs["if_nameindex"];
  const if_index = layout?.fields["if_index"];
  const if_name = layout?.fields["if_name"];
  if (cNameindex === undefined || cFreenameindex === undefined || layout === undefined || !if_index || !if_name) {
    return -errnoNumber("EOPNOTSUPP");
  }
  const first = cNameindex();
  if (first === 0) return failure();
  const found: { index: number; name: string }[] = [];
  for (let at = first; uintAt(at, if_index) !== 0; at += layout.size) {
    found.push({ index: uintAt(at, if_index), name: textAt(pointerAt(at, if_name)) });
  }
  cFreenameindex(first);
  return found;
}

/** One address of one interface, as getifaddrs(3) lists it. */
export interface InterfaceRow {
  readonly name: string;
  /** IFF_*. */
  readonly flags: number;
  readonly family: number;
  /** struct sockaddr, as the system gave it; empty in a row that is about the link alone. */
  readonly address: Uint8Array<ArrayBuffer>;
  /** Of the row that is about the link: AF_PACKET, AF_LINK. */
  readonly hardwareAddress: Uint8Array<ArrayBuffer> | undefined;
  readonly netmask: Uint8Array<ArrayBuffer> | undefined;
  /** The broadcast address, or the other end of a point-to-point link: by the flags. */
  readonly broadcast: Uint8Array<ArrayBuffer> | undefined;
  /** What the link has counted: struct rtnl_link_stats, AF_PACKET on Linux only. */
  readonly counters: Uint32Array | undefined;
}

/** Every address of every interface: getifaddrs(3), GetAdaptersAddresses on Windows; or a negative error number. */
export function interfaceRows(): InterfaceRow[] | number {
  if (cGetAdaptersAddresses !== undefined) return adapterRows(cGetAdaptersAddresses, indexToName);
  const layout = structs.ifaddrs;
  if (cGetifaddrs === undefined || cFreeifaddrs === undefined || layout === undefined) {
    return -errnoNumber("EOPNOTSUPP");
  }
  const head = new Region(8);
  if (cGetifaddrs(head.bytes) === -1) return failure();
  const { fields } = layout;
  const first = pointerAt(head.address, [0, 8]);
  const found: InterfaceRow[] = [];
  for (let entry = first; entry !== 0; entry = pointerAt(entry, fields.ifa_next)) {
    const at = pointerAt(entry, fields.ifa_addr);
    if (at === 0) continue; // a tunnel without an address: it has an entry of family AF_PACKET or AF_LINK as well, or none
    const family = uintAt(at, structs.sockaddr.fields.sa_family);
    const counted = family === core.AF_PACKET ? pointerAt(entry, fields.ifa_data) : 0;
    const address = nameAt(at, family);
    found.push({
      name: textAt(pointerAt(entry, fields.ifa_name)),
      flags: uintAt(entry, fields.ifa_flags),
      family,
      address,
      hardwareAddress: isInternet(family) ? undefined : linkAddress(address),
      netmask: optionalName(pointerAt(entry, fields.ifa_netmask), family),
      broadcast: optionalName(pointerAt(entry, fields.ifa_broadaddr ?? fields.ifa_dstaddr), family),
      counters: counted === 0 ? undefined : new Uint32Array(bytesAt(counted, COUNTERS * 4).buffer),
    });
  }
  cFreeifaddrs(first);
  return found;
}

const COUNTERS = 8; // the first of <linux/if_link.h>: packets, bytes, errors and drops, each received and sent

function isInternet(family: number): boolean {
  return family === core.AF_INET || family === core.AF_INET6;
}

// sockaddr_ll has the address at a fixed place, sockaddr_dl behind the interface's name
function linkAddress(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | undefined {
  const { sockaddr_ll, sockaddr_dl } = structs;
  const part = (at: number, size = 0): Uint8Array<ArrayBuffer> => bytes.slice(at, at + size);
  if (sockaddr_ll !== undefined) {
    return part(sockaddr_ll.fields.sll_addr[0], bytes[sockaddr_ll.fields.sll_halen[0]]);
  }
  if (sockaddr_dl === undefined) return undefined;
  const { sdl_data, sdl_nlen, sdl_alen } = sockaddr_dl.fields;
  return part(sdl_data[0] + (bytes[sdl_nlen[0]] ?? 0), bytes[sdl_alen[0]]);
}

function optionalName(at: number, family: number): Uint8Array<ArrayBuffer> | undefined {
  return at === 0 ? undefined : nameAt(at, family);
}

function nameAt(at: number, family: number): Uint8Array<ArrayBuffer> {
  const size = sizeOf(at, family);
  const { sa_len } = structs.sockaddr.fields;
  if (sa_len === undefined) return bytesAt(at, size);
  // BSD cuts the zeros off the end of a netmask, and says so in sa_len
  const bytes = new Uint8Array(new ArrayBuffer(Math.max(size, uintAt(at, sa_len))));
  bytes.set(bytesAt(at, uintAt(at, sa_len)));
  return bytes;
}

function sizeOf(at: number, family: number): number {
  if (family === core.AF_INET) return structs.sockaddr_in.size;
  if (family === core.AF_INET6) return structs.sockaddr_in6.size;
  const { sockaddr_ll } = structs;
  if (family !== core.AF_PACKET || sockaddr_ll === undefined) return structs.sockaddr.size;
  return sockaddr_ll.fields.sll_addr[0] + uintAt(at, sockaddr_ll.fields.sll_halen); // 20 on InfiniBand
}
