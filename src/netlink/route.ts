// Links, addresses and routes as rtnetlink(7) tells them: their messages read, their lists asked for.

import { LITTLE_ENDIAN } from "../../ffi/memory.ts";
import { platform } from "../../ffi/platform/index.ts";
import { InetAddress, InetAddressMask } from "../address/index.ts";
import { integer, record } from "../arguments.ts";
import { malformed } from "./message.ts";
import { attributeMap, attributeNumber, attributeText, bytesOf, parseAttributes } from "./attribute.ts";
import { NetlinkSocket } from "./netlink-socket.ts";
import { RT_TABLE_MAIN, RT_TABLE_UNSPEC, RTM_GETADDR, RTM_GETLINK, RTM_GETROUTE } from "./numbers.ts";

const { AF_INET, AF_INET6, AF_UNSPEC } = platform.core;
const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

type Values = ReadonlyMap<number, Uint8Array>;

/** RFC 2863: what a link can do now, which its flags tell less exactly. */
export type OperationalState = "unknown" | "not-present" | "down" | "lower-layer-down" | "testing" | "dormant" | "up";

const states: readonly OperationalState[] = [
  ...(["unknown", "not-present", "down", "lower-layer-down", "testing", "dormant", "up"] as const),
];

/** What a link has counted: struct rtnl_link_stats64. */
export interface LinkStatistics {
  readonly receivedPackets: number;
  readonly sentPackets: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly receiveErrors: number;
  readonly sendErrors: number;
  readonly receiveDrops: number;
  readonly sendDrops: number;
}

/** A network interface: RTM_NEWLINK of rtnetlink(7). */
export interface Link {
  readonly index: number;
  readonly name: string;
  /** Other names that it answers to. */
  readonly alternativeNames: readonly string[];
  /** ARPHRD_*: 1 Ethernet, 772 loopback. */
  readonly hardwareType: number;
  /** IFF_*: 1 up, 2 broadcast, 8 loopback, 0x10000 carrier. */
  readonly flags: number;
  /** Whether it is switched on: IFF_UP. */
  readonly up: boolean;
  readonly operationalState: OperationalState;
  readonly mtu: number;
  /** The hardware address; empty where it has none. */
  readonly address: Uint8Array;
  /** "veth", "bridge", "vlan", ...; undefined for hardware and loopback. */
  readonly kind: string | undefined;
  /** The index of the bridge or bond that it belongs to. */
  readonly masterIndex: number | undefined;
  /** The index of what it stands on: the other end of a veth, the link under a VLAN. */
  readonly lowerIndex: number | undefined;
  readonly queueDiscipline: string | undefined;
  readonly statistics: LinkStatistics | undefined;
}

/** Where an address or a route is good: rtm_scope. */
export type RouteScope = "global" | "site" | "link" | "host" | "nowhere" | number;

/** An address of an interface: RTM_NEWADDR of rtnetlink(7). */
export interface LinkAddress {
  readonly interfaceIndex: number;
  readonly address: InetAddress;
  readonly prefixLength: number;
  /** The other end of a point-to-point link. */
  readonly peer: InetAddress | undefined;
  readonly broadcast: InetAddress | undefined;
  /** "eth0:1": IPv4 only. */
  readonly label: string | undefined;
  readonly scope: RouteScope;
  /** IFA_F_*: 1 secondary, 0x40 tentative, 0x80 permanent. */
  readonly flags: number;
  /** Seconds that it is still good, Infinity for ever. */
  readonly validLifetime: number;
  /** Seconds that new connections still use it, Infinity for ever. */
  readonly preferredLifetime: number;
}

/** One of the ways that a route goes. */
export interface NextHop {
  readonly gateway: InetAddress | undefined;
  readonly interfaceIndex: number;
  /** Its share: 1 to 256. */
  readonly weight: number;
}

/** A route: RTM_NEWROUTE of rtnetlink(7). */
export interface Route {
  /** What it leads to; 0.0.0.0/0 or ::/0 is the default route. */
  readonly destination: InetAddressMask;
  readonly gateway: InetAddress | undefined;
  /** The index of the interface that it goes out of. */
  readonly interfaceIndex: number | undefined;
  /** The address to send from. */
  readonly preferredSource: InetAddress | undefined;
  /** The less the better. Default 0. */
  readonly metric: number;
  /** RT_TABLE_MAIN is 254. */
  readonly table: number;
  /** Who made it: 2 the kernel, 3 boot, 4 an administrator, 16 DHCP, ... */
  readonly protocol: number;
  readonly scope: RouteScope;
  /** RTN_*: 1 unicast, 2 local, 3 broadcast, 6 blackhole, 7 unreachable, 8 prohibit. */
  readonly type: number;
  /** All ways that it goes, where there are several: RTA_MULTIPATH. */
  readonly nextHops: readonly NextHop[];
}

const scopes: Readonly<Record<number, RouteScope>> = {
  0: "global",
  200: "site",
  253: "link",
  254: "host",
  255: "nowhere",
};
const scopeOf = (value: number): RouteScope => scopes[value] ?? value;

function inet(value: Uint8Array | undefined): InetAddress | undefined {
  return value?.length === 4 || value?.length === 16 ? InetAddress.fromBytes(value) : undefined;
}

/**
 * The link in the body of an RTM_NEWLINK or RTM_DELLINK, rtnetlink(7); `undefined` for what is none.
 *
 * @throws TypeError when `body` is no Uint8Array
 */
export function parseLink(body: Uint8Array): Link | undefined {
  const values = bytesOf(body, "body").length < 16 ? undefined : attributeMap(body, 16); // struct ifinfomsg
  const name = attributeText(values?.get(3)); // IFLA_IFNAME
  if (values === undefined || name === undefined) return undefined;
  const view = viewOf(body);
  const flags = view.getUint32(8, LITTLE_ENDIAN);
  const info = values.get(18); // IFLA_LINKINFO
  const names = values.get(52); // IFLA_PROP_LIST
  return {
    index: view.getInt32(4, LITTLE_ENDIAN),
    name,
    alternativeNames:
      (names && parseAttributes(names))?.flatMap(
        ({ type, value }) => (type === 53 ? [attributeText(value) ?? ""] : []), // IFLA_ALT_IFNAME
      ) ?? [],
    hardwareType: view.getUint16(2, LITTLE_ENDIAN),
    flags,
    up: (flags & 1) !== 0,
    operationalState: states[attributeNumber(values.get(16)) ?? 0] ?? "unknown", // IFLA_OPERSTATE
    mtu: attributeNumber(values.get(4)) ?? 0, // IFLA_MTU
    address: values.get(1) ?? new Uint8Array(), // IFLA_ADDRESS
    kind: info && attributeText(attributeMap(info)?.get(1)), // IFLA_INFO_KIND
    masterIndex: attributeNumber(values.get(10)), // IFLA_MASTER
    lowerIndex: attributeNumber(values.get(5)), // IFLA_LINK
    queueDiscipline: attributeText(values.get(6)), // IFLA_QDISC
    statistics: statisticsOf(values.get(23)), // IFLA_STATS64
  };
}

function statisticsOf(value: Uint8Array | undefined): LinkStatistics | undefined {
  if (value === undefined || value.length < 64) return undefined;
  const at = (index: number): number => attributeNumber(value.subarray(index * 8, index * 8 + 8)) as number;
  return {
    ...{ receivedPackets: at(0), sentPackets: at(1), receivedBytes: at(2), sentBytes: at(3) },
    ...{ receiveErrors: at(4), sendErrors: at(5), receiveDrops: at(6), sendDrops: at(7) },
  };
}

/**
 * The address in the body of an RTM_NEWADDR or RTM_DELADDR, rtnetlink(7); `undefined` for what is none.
 *
 * @throws TypeError when `body` is no Uint8Array
 */
export function parseLinkAddress(body: Uint8Array): LinkAddress | undefined {
  const values = bytesOf(body, "body").length < 8 ? undefined : attributeMap(body, 8); // struct ifaddrmsg
  if (values === undefined) return undefined;
  const [, prefixLength = 0, flags = 0, scope = 0] = body;
  const far = inet(values.get(1)); // IFA_ADDRESS: the peer's, where there is one
  const address = inet(values.get(2)) ?? far; // IFA_LOCAL
  if (address === undefined) return undefined;
  const times = values.get(6); // IFA_CACHEINFO
  const seconds = (index: number): number => {
    const value = attributeNumber(times?.subarray(index * 4, index * 4 + 4));
    return value === undefined || value === 0xffff_ffff ? Infinity : value;
  };
  return {
    interfaceIndex: viewOf(body).getUint32(4, LITTLE_ENDIAN),
    address,
    prefixLength,
    peer: far?.equals(address) === false ? far : undefined,
    broadcast: inet(values.get(4)), // IFA_BROADCAST
    label: attributeText(values.get(3)), // IFA_LABEL
    scope: scopeOf(scope),
    flags: attributeNumber(values.get(8)) ?? flags, // IFA_FLAGS has 32 bits
    validLifetime: seconds(1),
    preferredLifetime: seconds(0),
  };
}

/**
 * The route in the body of an RTM_NEWROUTE or RTM_DELROUTE of IPv4 or IPv6, rtnetlink(7); `undefined` for what is none.
 *
 * @throws TypeError when `body` is no Uint8Array
 */
export function parseRoute(body: Uint8Array): Route | undefined {
  const values = bytesOf(body, "body").length < 12 ? undefined : attributeMap(body, 12); // struct rtmsg
  if (values === undefined) return undefined;
  const [family = 0, length = 0, , , table = 0, protocol = 0, scope = 0, type = 0] = body;
  if (family !== AF_INET && family !== AF_INET6) return undefined;
  const start = inet(values.get(1)) ?? InetAddress.any(family); // RTA_DST
  if (start.family !== family || length > start.toBytes().length * 8) return undefined;
  const network = start.toBytes().map((byte, index) => byte & (0xff00 >> Math.min(Math.max(length - index * 8, 0), 8)));
  return {
    destination: new InetAddressMask(InetAddress.fromBytes(network), length),
    gateway: gatewayOf(values),
    interfaceIndex: attributeNumber(values.get(4)), // RTA_OIF
    preferredSource: inet(values.get(7)), // RTA_PREFSRC
    metric: attributeNumber(values.get(6)) ?? 0, // RTA_PRIORITY
    table: attributeNumber(values.get(15)) ?? table, // RTA_TABLE has 32 bits
    protocol,
    scope: scopeOf(scope),
    type,
    nextHops: nextHopsOf(values.get(9)), // RTA_MULTIPATH
  };
}

function gatewayOf(values: Values): InetAddress | undefined {
  return inet(values.get(5)) ?? inet(values.get(18)?.subarray(2)); // RTA_GATEWAY, RTA_VIA: of the other family
}

// struct rtnexthop, one after the other, each with attributes of its own
function nextHopsOf(bytes: Uint8Array | undefined): NextHop[] {
  const found: NextHop[] = [];
  const rest = bytes ?? new Uint8Array();
  const view = viewOf(rest);
  for (let at = 0; at + 8 <= rest.length;) {
    const length = view.getUint16(at, LITTLE_ENDIAN);
    const values =
      length < 8 || at + length > rest.length ? undefined : attributeMap(rest.subarray(at, at + length), 8);
    if (values === undefined) break;
    const interfaceIndex = view.getInt32(at + 4, LITTLE_ENDIAN);
    found.push({ gateway: gatewayOf(values), interfaceIndex, weight: (rest[at + 3] as number) + 1 });
    at += (length + 3) & ~3;
  }
  return found;
}

/** Asks for a list, and reads it. */
function list<Item>(type: number, body: Uint8Array, parse: (body: Uint8Array) => Item | undefined): Item[] {
  using netlink = new NetlinkSocket();
  return netlink.dump(type, { body }).map((message) => {
    const item = parse(message.body);
    if (item === undefined) throw malformed(`netlink request ${type}`);
    return item;
  });
}

/**
 * All network interfaces: RTM_GETLINK of rtnetlink(7), what `ip link` shows.
 *
 * @throws SocketError kind "not-supported" where there is no netlink
 */
export function listLinks(): Link[] {
  return list(RTM_GETLINK, new Uint8Array(16), parseLink);
}

/** What a list is restricted to. */
export interface ListOptions {
  /** AF_INET or AF_INET6. Default AF_UNSPEC: both. */
  readonly family?: number | undefined;
}

function familyOf(options: ListOptions): number {
  const { family = AF_UNSPEC } = record(options, "options");
  const number = integer(family, "family", 0, 255);
  if ([AF_UNSPEC, AF_INET, AF_INET6].includes(number)) return number;
  throw new RangeError(
    `family must be AF_INET (${AF_INET}), AF_INET6 (${AF_INET6}) or AF_UNSPEC (both), not ${number}`,
  );
}

/**
 * All addresses of all interfaces: RTM_GETADDR of rtnetlink(7), what `ip address` shows.
 *
 * @throws TypeError, RangeError; SocketError kind "not-supported" where there is no netlink
 */
export function listAddresses(options: ListOptions = {}): LinkAddress[] {
  const body = new Uint8Array(8);
  body[0] = familyOf(options);
  return list(RTM_GETADDR, body, parseLinkAddress);
}

/** Which routes are listed. */
export interface ListRoutesOptions extends ListOptions {
  /** RT_TABLE_MAIN (254), the default, or another; RT_TABLE_UNSPEC (0): all. */
  readonly table?: number | undefined;
}

/**
 * The routes of IPv4 and IPv6: RTM_GETROUTE of rtnetlink(7), what `ip route` and `ip -6 route` show.
 *
 * @throws TypeError, RangeError; SocketError kind "not-supported" where there is no netlink
 */
export function listRoutes(options: ListRoutesOptions = {}): Route[] {
  const family = familyOf(options);
  const table = integer(options.table ?? RT_TABLE_MAIN, "table", 0, 0xffff_ffff);
  return (family === AF_UNSPEC ? [AF_INET, AF_INET6] : [family])
    .flatMap((each) => {
      const body = new Uint8Array(12);
      body[0] = each;
      return list(RTM_GETROUTE, body, parseRoute);
    })
    .filter((route) => table === RT_TABLE_UNSPEC || route.table === table);
}
