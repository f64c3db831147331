// The properties of a socket that are options of the kernel: read from it and set in it each time, errors thrown.

import { platform } from "../../ffi/platform/index.ts";
import { type InterfaceLike, resolveInterface } from "../address/index.ts";
import { integer } from "../arguments.ts";
import { notSupported, SocketError } from "../errors.ts";
import { IP_MULTICAST_IF, IP_MULTICAST_LOOP, IP_MULTICAST_TTL, IP_TOS, IP_TTL } from "../option/ip.ts";
import {
  IPV6_MULTICAST_HOPS,
  IPV6_MULTICAST_IF,
  IPV6_MULTICAST_LOOP,
  IPV6_TCLASS,
  IPV6_UNICAST_HOPS,
  IPV6_V6ONLY,
} from "../option/ipv6.ts";
import { SO_BROADCAST, SO_KEEPALIVE } from "../option/socket.ts";
import type { Option, ReadableOption, WritableOption } from "../option/option.ts";
import type { Learned } from "./handle.ts";
import { getTyped, setTyped } from "./options.ts";

const { AF_INET, AF_INET6 } = platform.core;

/** What a property needs of a socket. */
export interface Subject {
  readonly fd: number;
  readonly family: number;
  readonly learned: Learned;
}

/** The option of the socket's family. */
function byFamily<T>({ family }: Subject, name: string, ipv4: T, ipv6: T): T {
  if (family === AF_INET) return ipv4;
  if (family === AF_INET6) return ipv6;
  throw notSupported(name, "only AF_INET and AF_INET6 sockets have it");
}

/** Sets the option of the socket's family; on AF_INET6 that of IPv4 as well, for what it sends to v4-mapped addresses. */
function setBoth<T>(subject: Subject, name: string, ipv4: WritableOption<T>, ipv6: WritableOption<T>, value: T): void {
  setTyped(subject, byFamily(subject, name, ipv4, ipv6), value);
  if (subject.family !== AF_INET6) return;
  try {
    setTyped(subject, ipv4, value);
  } catch (error) {
    // IPV6_V6ONLY, or a system that keeps the families apart
    if (!(error instanceof SocketError)) throw error;
  }
}

/** A property of a socket. */
export interface Property<T> {
  get(subject: Subject): T;
  set(subject: Subject, value: T): void;
}

function plain(option: Option<boolean>): Property<boolean> {
  return { get: (subject) => getTyped(subject, option), set: (subject, value) => setTyped(subject, option, value) };
}

/** SO_KEEPALIVE. */
export const keepalive: Property<boolean> = plain(SO_KEEPALIVE);
/** SO_BROADCAST. */
export const broadcast: Property<boolean> = plain(SO_BROADCAST);

function byFamilyProperty<T>(name: string, ipv4: Option<T>, ipv6: Option<T>): Property<T> {
  return {
    get: (subject) => getTyped(subject, byFamily<ReadableOption<T>>(subject, name, ipv4, ipv6)),
    set: (subject, value) => setBoth(subject, name, ipv4, ipv6, value),
  };
}

// The options of IPv6 take -1 for the default as well, and 0; as a property of both families they have one range.
function hops(name: string, minimum: number, ipv4: Option<number>, ipv6: Option<number>): Property<number> {
  const { get, set } = byFamilyProperty(name, ipv4, ipv6);
  return { get, set: (subject, value) => set(subject, integer(value, name, minimum, 255)) };
}

/** IP_TTL or IPV6_UNICAST_HOPS. */
export const ttl: Property<number> = hops("ttl", 1, IP_TTL, IPV6_UNICAST_HOPS);
/** IP_MULTICAST_TTL or IPV6_MULTICAST_HOPS. */
export const multicastTtl: Property<number> = hops("multicastTtl", 0, IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS);
/** IP_MULTICAST_LOOP or IPV6_MULTICAST_LOOP. */
export const multicastLoopback: Property<boolean> = byFamilyProperty(
  "multicastLoopback",
  IP_MULTICAST_LOOP,
  IPV6_MULTICAST_LOOP,
);

const trafficClass: Property<number> = byFamilyProperty("dscp", IP_TOS, IPV6_TCLASS);

/** The upper six bits of IP_TOS or IPV6_TCLASS (RFC 2474); the two of ECN stay as they are. */
export const dscp: Property<number> = {
  get: (subject) => (trafficClass.get(subject) & 0xff) >> 2,
  set: (subject, value) =>
    trafficClass.set(subject, (integer(value, "dscp", 0, 63) << 2) | (trafficClass.get(subject) & 3)),
};

/** IP_MULTICAST_IF or IPV6_MULTICAST_IF, as an index; for IPv4 what was set here, for the kernel does not tell. */
export const multicastInterface: { get(subject: Subject): number; set(subject: Subject, value: InterfaceLike): void } =
  {
    get(subject: Subject): number {
      const option = byFamily<ReadableOption<unknown>>(
        subject,
        "multicastInterface",
        IP_MULTICAST_IF,
        IPV6_MULTICAST_IF,
      );
      const value = getTyped(subject, option);
      return typeof value === "number" ? value : (subject.learned.multicastInterface ?? 0);
    },
    set(subject: Subject, value: InterfaceLike): void {
      const index = resolveInterface(value, "multicastInterface");
      setBoth<InterfaceLike>(subject, "multicastInterface", IP_MULTICAST_IF, IPV6_MULTICAST_IF, value);
      subject.learned.multicastInterface = index;
    },
  };

/** Whether the socket takes and reaches IPv4: an AF_INET one, or AF_INET6 without IPV6_V6ONLY. */
export function speaksIPv4(subject: Subject): boolean {
  if (subject.family === AF_INET) return true;
  return subject.family === AF_INET6 && !getTyped(subject, IPV6_V6ONLY);
}
