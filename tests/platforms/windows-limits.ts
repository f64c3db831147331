// What Windows lacks, and what Wine (8.0) lacks of Windows: two lists, because only the second is no matter of the system's.

import type { Limit } from "./limits.ts";

const limit = (file: string, tests: RegExp, reason: string): Limit => ({
  file: `tests/${file}.test.ts`,
  tests,
  reason,
});
const anywhere = (tests: RegExp, reason: string): Limit => ({ file: ".test.ts", tests, reason });
const ALL = /^/;
const lacks = (what: string): string => `Windows has no ${what}`;
const wine = (what: string): string => `Wine has no ${what}`;

const descriptors = lacks("passing of descriptors");
const unix = wine("unix sockets, and Windows itself no datagrams, abstract names and pairs of them");

/** Windows itself. */
const windows: readonly Limit[] = [
  anywhere(/MSG_DONTWAIT/, lacks("MSG_DONTWAIT")),
  limit("passing", ALL, descriptors),
  limit("passing-peers", ALL, descriptors),
  limit("rights", ALL, descriptors),
  limit("credentials", ALL, lacks("credentials over unix sockets")),
  limit("unix-connection", ALL, descriptors),
  limit("activation", ALL, lacks("socket activation")),
  limit("capture-ring", ALL, lacks("AF_PACKET")),
  limit("netlink", /NetlinkSocket|lists|namespace/, lacks("AF_NETLINK")),
  limit("zero-copy", ALL, lacks("MSG_ZEROCOPY")),
  limit("unprivileged", ALL, lacks("users by number")),
  anywhere(/reusePort|SO_REUSEPORT/, lacks("SO_REUSEPORT")),
  anywhere(/ICMP answer/, "ICMP answers do not reach a UDP socket, by SIO_UDP_CONNRESET"),
];

/** Wine. */
const emulator: readonly Limit[] = [
  limit("bind-path", ALL, unix),
  anywhere(/\bunix\b|\bAF_UNIX\b|\bseqpacket\b|abstract name/i, unix),
];

/** Both. */
export const windowsLimits: readonly Limit[] = [...windows, ...emulator];
