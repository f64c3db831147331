// Sockets of every kind that options are for, and what this host lets a program do with them.

import { readFileSync } from "node:fs";
import { release } from "node:os";
import * as linux from "../../src/constants.ts";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  IPPROTO_ICMP,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
  Socket,
} from "../../src/index.ts";
import { canMake, haveIPv6, TcpPair, tcpListener, UdpPair } from "./sockets.ts";

const IPPROTO_UDPLITE = linux.IPPROTO_UDPLITE ?? 136;
const IPPROTO_ICMPV6 = linux.IPPROTO_ICMPV6 ?? 58;
const IPPROTO_MPTCP = linux.IPPROTO_MPTCP ?? 262;
const AF_PACKET = linux.AF_PACKET;

type Maker = (stack: DisposableStack) => Socket;
const bare =
  (...kind: [family: number, type: number, protocol?: number]): Maker =>
  (stack) =>
    stack.use(new Socket(...kind));

/** A kind of socket; `linked` ones are connected. */
export type Place =
  | `${"udp" | "tcp" | "linkedUdp" | "linkedTcp" | "listener" | "raw" | "udplite"}${4 | 6}`
  | "header6"
  | "mptcp"
  | "packet"
  | "unix"
  | "unixDatagrams";

const makers: Readonly<Record<Place, Maker>> = {
  udp4: bare(AF_INET, SOCK_DGRAM),
  udp6: bare(AF_INET6, SOCK_DGRAM),
  tcp4: bare(AF_INET, SOCK_STREAM),
  tcp6: bare(AF_INET6, SOCK_STREAM),
  linkedUdp4: (stack) => stack.use(new UdpPair(AF_INET)).a,
  linkedUdp6: (stack) => stack.use(new UdpPair(AF_INET6)).a,
  linkedTcp4: (stack) => stack.use(new TcpPair(AF_INET)).client,
  linkedTcp6: (stack) => stack.use(new TcpPair(AF_INET6)).client,
  listener4: (stack) => stack.use(tcpListener(AF_INET)),
  listener6: (stack) => stack.use(tcpListener(AF_INET6)),
  unix: (stack) => {
    const [one, other] = Socket.pair(AF_UNIX, SOCK_STREAM);
    stack.use(other);
    return stack.use(one);
  },
  unixDatagrams: bare(AF_UNIX, SOCK_DGRAM),
  raw4: bare(AF_INET, SOCK_RAW, IPPROTO_ICMP),
  raw6: bare(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6),
  header6: bare(AF_INET6, SOCK_RAW, linux.IPPROTO_RAW ?? 255),
  packet: bare(AF_PACKET ?? 0, SOCK_RAW),
  udplite4: bare(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE),
  udplite6: bare(AF_INET6, SOCK_DGRAM, IPPROTO_UDPLITE),
  mptcp: bare(AF_INET, SOCK_STREAM, IPPROTO_MPTCP),
};

/** A socket of that kind; what belongs to it is closed with the stack. */
export function makePlace(place: Place, stack: DisposableStack): Socket {
  return makers[place](stack);
}

/** What root may do and others may not: the bits of capabilities(7). */
const bits = { CAP_NET_ADMIN: 12, CAP_NET_RAW: 13 } as const;

/** The name of a capability. */
export type Capability = keyof typeof bits;

const effective = ((): bigint => {
  if (process.platform !== "linux") return 0n;
  const hex = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1];
  return hex === undefined ? 0n : BigInt(`0x${hex}`);
})();

/** Whether this process may do what only root may otherwise. */
export function have(capability: Capability): boolean {
  return ((effective >> BigInt(bits[capability])) & 1n) === 1n;
}

/** Whether the kernel is at least of this version: "6.14". */
export function kernelSince(version: string): boolean {
  const numbers = (text: string): number[] => text.split(/[.-]/, 2).map(Number);
  const [major = 0, minor = 0] = numbers(release());
  const [wantMajor = 0, wantMinor = 0] = numbers(version);
  return major > wantMajor || (major === wantMajor && minor >= wantMinor);
}

/** Whether a program translates our system calls, and may know fewer options than the kernel: user-mode qemu. */
export const translated: boolean = process.env["BERKELEY_TRANSLATED"] !== undefined;

/** Why there can be no such socket here; undefined if there can. */
export function absent(place: Place): string | undefined {
  if (/6$/.test(place) && !haveIPv6) return "no IPv6 here";
  if (/^(raw|header|packet)/.test(place) && !have("CAP_NET_RAW")) return "needs CAP_NET_RAW";
  if (place === "mptcp" && !canMake(AF_INET, SOCK_STREAM, IPPROTO_MPTCP)) return "no MPTCP in this kernel";
  if (/^udplite/.test(place) && !canMake(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE)) return "no UDP-Lite in this kernel";
  return undefined;
}
