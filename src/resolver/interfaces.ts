// The network interfaces of this host: getifaddrs(3), if_nameindex(3), GetAdaptersAddresses.

import { interfaceRows, type InterfaceRow, nameIndex, nameToIndex } from "../../ffi/interfaces.ts";
import { platform } from "../../ffi/platform/index.ts";
import { decodeSocketAddress, InetAddress, InetSocketAddress } from "../address/index.ts";
import { failed } from "../errors.ts";

const { AF_INET, AF_INET6 } = platform.core;
const { IFF_UP, IFF_LOOPBACK, IFF_BROADCAST, IFF_POINTOPOINT } = platform.constants;

/** One address of an interface. */
export interface InterfaceAddress {
  /** With its zone where it is link-local. */
  readonly address: InetAddress;
  readonly netmask: InetAddress | undefined;
  /** How many leading bits of the netmask are set: 24 in 192.0.2.1/24. */
  readonly prefixLength: number | undefined;
  /** IPv4 only. */
  readonly broadcast: InetAddress | undefined;
  /** The other end of a point-to-point link. */
  readonly peer: InetAddress | undefined;
}

/**
 * What an interface has counted, as getifaddrs(3) tells it: 32 bits, which go on from 0 after 2^32. `listLinks()`
 * of "berkeley/netlink" has 64.
 */
export interface InterfaceCounters {
  readonly receivedPackets: number;
  readonly sentPackets: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly receiveErrors: number;
  readonly sendErrors: number;
  readonly receiveDrops: number;
  readonly sendDrops: number;
}

/** A network interface. */
export interface Interface {
  readonly name: string;
  readonly index: number;
  /** IFF_*. */
  readonly flags: number;
  /** Whether it is switched on: IFF_UP. */
  readonly up: boolean;
  readonly loopback: boolean;
  readonly addresses: readonly InterfaceAddress[];
  /** 6 bytes on Ethernet and WLAN; undefined where there is none. */
  readonly hardwareAddress: Uint8Array<ArrayBuffer> | undefined;
  /** Linux only. */
  readonly counters: InterfaceCounters | undefined;
}

function rowsOrThrow(): InterfaceRow[] {
  const found = interfaceRows();
  if (typeof found !== "number") return found;
  throw failed(found, { syscall: "getifaddrs" });
}

/** `interfaces` of the public face. */
export function listInterfaces(): Interface[] {
  const byName = Map.groupBy(rowsOrThrow(), ({ name }) => name);
  return [...byName].map(([name, rows]) => describe(name, rows));
}

function describe(name: string, rows: readonly InterfaceRow[]): Interface {
  const flags = rows[0]?.flags ?? 0;
  const link = rows.find(({ family }) => family !== AF_INET && family !== AF_INET6); // the row of the link
  return {
    name,
    index: Math.max(nameToIndex(name), 0), // 0 when it has gone meanwhile
    flags,
    up: (flags & IFF_UP) !== 0,
    loopback: (flags & IFF_LOOPBACK) !== 0,
    addresses: rows.filter(({ family }) => family === AF_INET || family === AF_INET6).map(addressOf),
    hardwareAddress: some(link?.hardwareAddress),
    counters: link?.counters === undefined ? undefined : countersOf(link.counters),
  };
}

function addressOf(row: InterfaceRow): InterfaceAddress {
  const address = inet(row.address, row.family) ?? InetAddress.any(row.family);
  const netmask = inet(row.netmask, row.family);
  const prefixLength = netmask === undefined ? undefined : leadingBits(netmask.toBytes());
  const other = inet(row.broadcast, row.family);
  // one field for both: with a netmask of all ones there is nothing to broadcast to, and `ip address add ... peer` was meant
  const alone = prefixLength === 32 && other !== undefined && !other.equals(address);
  const pointToPoint = (row.flags & (IFF_POINTOPOINT ?? 0)) !== 0 || alone;
  const broadcasts = (row.flags & (IFF_BROADCAST ?? 0)) !== 0 && row.family === AF_INET && !pointToPoint;
  return {
    address,
    netmask,
    prefixLength,
    broadcast: broadcasts ? other : undefined,
    peer: pointToPoint ? other : undefined,
  };
}

function inet(bytes: Uint8Array<ArrayBuffer> | undefined, family: number): InetAddress | undefined {
  if (bytes === undefined) return undefined;
  // the kernel of BSD leaves the family out of netmasks
  const { sa_family } = platform.structs.sockaddr.fields;
  bytes[sa_family[0]] = family;
  const address = decodeSocketAddress(bytes);
  return address instanceof InetSocketAddress ? address.address : undefined;
}

function leadingBits(mask: Uint8Array): number {
  let bits = 0;
  for (const byte of mask) {
    bits += Math.clz32(byte ^ 0xff) - 24;
    if (byte !== 0xff) break;
  }
  return bits;
}

// loopback has six zeros
function some(bytes: Uint8Array<ArrayBuffer> | undefined): Uint8Array<ArrayBuffer> | undefined {
  return bytes?.some((byte) => byte !== 0) === true ? bytes : undefined;
}

function countersOf(counted: Uint32Array): InterfaceCounters {
  const [
    receivedPackets = 0,
    sentPackets = 0,
    receivedBytes = 0,
    sentBytes = 0,
    receiveErrors = 0,
    sendErrors = 0,
    receiveDrops = 0,
    sendDrops = 0,
  ] = counted;
  return {
    receivedPackets,
    sentPackets,
    receivedBytes,
    sentBytes,
    receiveErrors,
    sendErrors,
    receiveDrops,
    sendDrops,
  };
}

/** `interfaceNameIndex` of the public face. */
export function listNames(): { index: number; name: string }[] {
  const found = nameIndex();
  if (typeof found !== "number") return found;
  throw failed(found, { syscall: "if_nameindex" });
}
