// Joining and leaving multicast groups: ip(7), ipv6(7), RFC 3678. The level is that of the group's family: an IPv4 group may
// be joined on an AF_INET6 socket.

import { platform } from "../../ffi/platform/index.ts";
import { InetAddress, type InterfaceLike } from "../address/index.ts";
import { show } from "../arguments.ts";
import { SocketError } from "../errors.ts";
import { bool } from "../option/codecs.ts";
import {
  type GroupMembership,
  groupSourceRequest,
  ipv4Membership,
  ipv6Membership,
  type SourceMembership,
} from "../option/membership.ts";
import { type Option, option, writable, type WritableOption } from "../option/option.ts";
import { setTyped } from "./options.ts";

const { AF_INET } = platform.core;

/** What joining and leaving take beside the group. */
export interface MembershipOptions {
  /** On which interface, by name, index or address. Default: the zone of the group, or the kernel's choice. */
  readonly interface?: InterfaceLike | undefined;
  /** Only what this sender sends: source-specific multicast (RFC 4607). Default: any sender. */
  readonly source?: string | InetAddress | undefined;
}

interface Family {
  readonly join: WritableOption<GroupMembership>;
  readonly leave: WritableOption<GroupMembership>;
  readonly joinSource: WritableOption<SourceMembership>;
  readonly leaveSource: WritableOption<SourceMembership>;
  /** Whether the socket hears all groups that anybody on this host has joined: on by default, Linux only. */
  readonly all: Option<boolean>;
}

const ipv4: Family = {
  join: writable("IPPROTO_IP", "IP_ADD_MEMBERSHIP", ipv4Membership),
  leave: writable("IPPROTO_IP", "IP_DROP_MEMBERSHIP", ipv4Membership),
  joinSource: writable("IPPROTO_IP", "MCAST_JOIN_SOURCE_GROUP", groupSourceRequest("AF_INET")),
  leaveSource: writable("IPPROTO_IP", "MCAST_LEAVE_SOURCE_GROUP", groupSourceRequest("AF_INET")),
  all: option("IPPROTO_IP", "IP_MULTICAST_ALL", bool),
};

const ipv6: Family = {
  join: writable("IPPROTO_IPV6", "IPV6_JOIN_GROUP", ipv6Membership),
  leave: writable("IPPROTO_IPV6", "IPV6_LEAVE_GROUP", ipv6Membership),
  joinSource: writable("IPPROTO_IPV6", "MCAST_JOIN_SOURCE_GROUP", groupSourceRequest("AF_INET6")),
  leaveSource: writable("IPPROTO_IPV6", "MCAST_LEAVE_SOURCE_GROUP", groupSourceRequest("AF_INET6")),
  all: option("IPPROTO_IPV6", "IPV6_MULTICAST_ALL", bool),
};

interface Subject {
  readonly fd: number;
  readonly family: number;
}

function groupOf(group: unknown): InetAddress {
  if (group instanceof InetAddress) return group;
  if (typeof group === "string") return InetAddress.parse(group);
  throw new TypeError(`group must be an InetAddress or its text, not ${show(group)}`);
}

function checkOptions(options: MembershipOptions | undefined): MembershipOptions {
  if (options === undefined) return {};
  if (typeof options === "object" && options !== null) return options;
  throw new TypeError(`options must be { interface, source }, not ${show(options)}`);
}

/** Joins or leaves a group: the options of its family. */
function change(
  socket: Subject,
  way: "join" | "leave",
  group: string | InetAddress,
  given?: MembershipOptions,
): Family {
  const address = groupOf(group);
  const { interface: on, source } = checkOptions(given);
  const family = address.family === AF_INET ? ipv4 : ipv6;
  if (source === undefined) setTyped(socket, family[way], { group: address, interface: on });
  else setTyped(socket, family[`${way}Source`], { group: address, interface: on, source });
  return family;
}

/** Joins a group, and hears from then on only groups that this socket has joined. */
export function joinMulticastGroup(socket: Subject, group: string | InetAddress, options?: MembershipOptions): void {
  const { all } = change(socket, "join", group, options);
  if (!all.supported) return;
  try {
    setTyped(socket, all, false);
  } catch (error) {
    // IPV6_MULTICAST_ALL came with Linux 4.20; before it there is no way
    if (!(error instanceof SocketError) || error.kind !== "not-supported") throw error;
  }
}

/** Leaves a group. */
export function leaveMulticastGroup(socket: Subject, group: string | InetAddress, options?: MembershipOptions): void {
  change(socket, "leave", group, options);
}
