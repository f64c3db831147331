// Filters that most captures need, made of conditions. They look at a packet from its network header on and take its EtherType
// from the kernel (SKF_NET_OFF, SKF_AD_PROTOCOL), so that they work on every link, with and without the link's header.

import { bytesOf, InetAddress } from "../address/inet-address.ts";
import { integer, port as checkPort, show } from "../arguments.ts";
import {
  assemble,
  BPF_ABS,
  BPF_B,
  BPF_H,
  BPF_IND,
  BPF_JEQ,
  BPF_JGE,
  BPF_JGT,
  BPF_JSET,
  BPF_K,
  BPF_LD,
  BPF_LDX,
  BPF_MSH,
  BPF_W,
  type BpfInstruction,
  type BpfLine,
  jump,
  keep,
  label,
  SKF_AD_OFF,
  SKF_AD_PROTOCOL,
  SKF_NET_OFF,
  statement,
} from "./bpf.ts";
import { withFarJumps } from "./bpf-far.ts";
import { ETHERTYPE_IP, ETHERTYPE_IPV6 } from "./ethernet.ts";
import { get32 } from "./fields.ts";

/** What packets a filter lets through: `portIs(53)`, `allOf(hostIs("192.0.2.1"), noneOf(portIs(22)))`; for `packetFilter`. */
export interface BpfCondition {
  /** @internal The lines that go to the label `yes` if it holds, and to `no` if not. */
  readonly lines: (yes: string, no: string, name: () => string) => readonly BpfLine[];
}

/** Which of its two ends to look at. */
export type BpfDirection = "source" | "destination";

const EVERYTHING = 0x4_0000;
const [TCP, UDP, SCTP, UDPLITE] = [6, 17, 132, 136] as const;

/**
 * The program of a condition: classic BPF, Documentation/networking/filter.rst of Linux. `snapLength` is how many bytes of a
 * packet are kept, default 262,144.
 *
 * @throws {TypeError | RangeError} naming the argument that is wrong, or when it takes more than 4096 instructions
 *
 * @example
 * socket.setOption(option.SO_ATTACH_FILTER, packetFilter(allOf(protocolIs(IPPROTO_UDP), anyOf(portIs(53), portIs(5353)))));
 */
export function packetFilter(condition: BpfCondition, snapLength: number = EVERYTHING): readonly BpfInstruction[] {
  checkConditions([condition]);
  integer(snapLength, "snapLength", 1, 0xffff_ffff);
  let count = 0;
  const lines = condition.lines("accept", "drop", () => `${++count}`);
  return assemble(withFarJumps([...lines, label("accept"), keep(snapLength), label("drop"), keep(0)]));
}

/** Packets of an EtherType, 0 to 65535: ETHERTYPE_ARP, ... @throws {TypeError | RangeError} naming `type` */
export function etherTypeIs(type: number): BpfCondition {
  integer(type, "type", 0, 0xffff);
  return { lines: (yes, no) => [loadEtherType, jump(BPF_JEQ | BPF_K, type, yes, no)] };
}

/**
 * IPv4 and IPv6 packets of a protocol, IPPROTO_*, 0 to 255; of IPv6 those without extension headers.
 *
 * @throws {TypeError | RangeError} naming `protocol`
 */
export function protocolIs(number: number): BpfCondition {
  integer(number, "protocol", 0, 0xff);
  const is = jump(BPF_JEQ | BPF_K, number, "yes", "no");
  return perVersion([loadNetwork(BPF_B, 9), is], [loadNetwork(BPF_B, 6), is]);
}

/**
 * IPv4 or IPv6 packets that an address sends or gets; with a direction only one of both.
 *
 * @throws {TypeError} when the address is none, or the direction neither "source" nor "destination"
 */
export function hostIs(address: InetAddress | string, direction?: BpfDirection): BpfCondition {
  const parsed = typeof address === "string" ? InetAddress.tryParse(address) : address;
  if (!(parsed instanceof InetAddress)) throw new TypeError(`address must be an IP address, not ${show(address)}`);
  const bytes = bytesOf(parsed);
  const is4 = bytes.length === 4;
  const places = inDirection(direction, is4 ? 12 : 8, is4 ? 16 : 24);
  const lines = places.flatMap((place, index): BpfLine[] => {
    const otherwise = index === places.length - 1 ? "no" : `other ${index}`;
    const words = Array.from({ length: bytes.length / 4 }, (_, word) => word * 4).flatMap((at): BpfLine[] => [
      loadNetwork(BPF_W, place + at),
      jump(BPF_JEQ | BPF_K, get32(bytes, at), at + 4 === bytes.length ? "yes" : 0, otherwise),
    ]);
    return [...words, label(`other ${index}`)];
  });
  return is4 ? perVersion(lines, undefined) : perVersion(undefined, lines);
}

/**
 * TCP, UDP, UDP-Lite and SCTP packets from or to a port; with a direction only one of both. Later fragments have no ports and are
 * left out; of IPv6 only packets without extension headers.
 *
 * @throws {TypeError | RangeError} naming `port`, which is from 0 to 65535, or `direction`
 */
export function portIs(number: number, direction?: BpfDirection): BpfCondition {
  checkPort(number);
  return portInRange(number, number, direction);
}

/** The same for all ports from `first` to `last`. @throws {TypeError | RangeError} naming `first`, `last` or `direction` */
export function portInRange(first: number, last: number, direction?: BpfDirection): BpfCondition {
  checkPort(first, "first");
  integer(last, "last", first, 65_535);
  const places = inDirection(direction, 0, 2);
  const hasPorts = [TCP, UDP, UDPLITE, SCTP].map((number, index, all) =>
    jump(BPF_JEQ | BPF_K, number, "ports", index === all.length - 1 ? "no" : 0),
  );
  const compare = (load: (at: number) => BpfInstruction): BpfLine[] =>
    places.flatMap((at, index): BpfLine[] => {
      const otherwise = index === places.length - 1 ? "no" : `other ${index}`;
      const next = label(`other ${index}`);
      if (first === last) return [load(at), jump(BPF_JEQ | BPF_K, first, "yes", otherwise), next];
      return [
        load(at),
        jump(BPF_JGE | BPF_K, first, 0, otherwise),
        jump(BPF_JGT | BPF_K, last, otherwise, "yes"),
        next,
      ];
    });
  return perVersion(
    [
      loadNetwork(BPF_B, 9),
      ...hasPorts,
      label("ports"),
      loadNetwork(BPF_H, 6),
      jump(BPF_JSET | BPF_K, 0x1fff, "no", 0), // a later fragment
      statement(BPF_LDX | BPF_B | BPF_MSH, SKF_NET_OFF),
      ...compare((at) => statement(BPF_LD | BPF_H | BPF_IND, SKF_NET_OFF + at)),
    ],
    [loadNetwork(BPF_B, 6), ...hasPorts, label("ports"), ...compare((at) => loadNetwork(BPF_H, 40 + at))],
  );
}

/** All of them hold. @throws {TypeError} when there is none, or one is no condition */
export function allOf(...conditions: readonly BpfCondition[]): BpfCondition {
  checkConditions(conditions);
  return {
    lines: (yes, no, name) =>
      conditions.flatMap((condition, index) => {
        const next = index === conditions.length - 1 ? yes : name();
        return [...condition.lines(next, no, name), ...(next === yes ? [] : [label(next)])];
      }),
  };
}

/** At least one of them holds. @throws {TypeError} when there is none, or one is no condition */
export function anyOf(...conditions: readonly BpfCondition[]): BpfCondition {
  checkConditions(conditions);
  return {
    lines: (yes, no, name) =>
      conditions.flatMap((condition, index) => {
        const next = index === conditions.length - 1 ? no : name();
        return [...condition.lines(yes, next, name), ...(next === no ? [] : [label(next)])];
      }),
  };
}

/** None of them holds. @throws {TypeError} when there is none, or one is no condition */
export function noneOf(...conditions: readonly BpfCondition[]): BpfCondition {
  const any = anyOf(...conditions);
  return { lines: (yes, no, name) => any.lines(no, yes, name) };
}

function checkConditions(conditions: readonly BpfCondition[]): void {
  if (conditions.length === 0) throw new TypeError("conditions must be at least one");
  for (const condition of conditions) {
    if (typeof condition?.lines === "function") continue;
    throw new TypeError(
      `condition must be one of these functions' (portIs(53), hostIs("192.0.2.1")), not ${show(condition)}`,
    );
  }
}

const loadEtherType = statement(BPF_LD | BPF_H | BPF_ABS, SKF_AD_OFF + SKF_AD_PROTOCOL);

function loadNetwork(size: number, at: number): BpfInstruction {
  return statement(BPF_LD | size | BPF_ABS, SKF_NET_OFF + at);
}

function inDirection(direction: BpfDirection | undefined, source: number, destination: number): readonly number[] {
  if (direction === undefined) return [source, destination];
  if (direction === "source" || direction === "destination") return [direction === "source" ? source : destination];
  throw new TypeError(`direction must be "source" or "destination", not ${show(direction)}`);
}

/** Lines for IPv4 and for IPv6, whose labels are their own but for "yes" and "no"; undefined: does not hold. */
function perVersion(ipv4: readonly BpfLine[] | undefined, ipv6: readonly BpfLine[] | undefined): BpfCondition {
  return {
    lines(yes, no, name) {
      const versions = [[ETHERTYPE_IP, ipv4] as const, [ETHERTYPE_IPV6, ipv6] as const].filter(([, lines]) => lines);
      return [
        loadEtherType,
        ...versions.flatMap(([type, lines = []], index): BpfLine[] => {
          const next = index === versions.length - 1 ? no : name();
          const renamed = rename(lines, yes, no, name);
          return [jump(BPF_JEQ | BPF_K, type, 0, next), ...renamed, ...(next === no ? [] : [label(next)])];
        }),
      ];
    },
  };
}

function rename(lines: readonly BpfLine[], yes: string, no: string, name: () => string): BpfLine[] {
  const names = new Map([
    ["yes", yes],
    ["no", no],
  ]);
  const renamed = <T>(value: T): T | string => {
    if (typeof value !== "string") return value;
    if (!names.has(value)) names.set(value, name());
    return names.get(value) as string;
  };
  return lines.map((line) =>
    "label" in line
      ? label(renamed(line.label))
      : { code: line.code, jt: renamed(line.jt), jf: renamed(line.jf), k: line.k },
  );
}
