// What user-mode qemu (10.0) cannot do. It translates system calls one by one: what it does not know is ENOPROTOOPT or ENOSYS.

import type { Limit } from "./limits.ts";

const limit = (file: string, tests: RegExp, reason: string): Limit => ({
  file: `tests/${file}.test.ts`,
  tests,
  reason,
});
const unknown = (what: string): string => `qemu does not know ${what}`;

const uring = unknown("io_uring");
const zeroCopy = unknown("SO_ZEROCOPY");
const timestamp = unknown("SO_TIMESTAMPNS and SO_TIMESTAMPING");
const pidfd = unknown("SO_PASSPIDFD");
const multicastInterface = unknown("IP_MULTICAST_IF and IPV6_MULTICAST_IF");
const sources = unknown("the multicast options of protocol-independent form");
const filter = unknown("SO_DETACH_FILTER and SO_ATTACH_REUSEPORT_CBPF");
const shape = "qemu takes it for an int";
const truncation = "qemu cuts control messages by rules of its own";
const slow = "takes minutes under qemu";
const deadline = "has a deadline that is too short for qemu";
const cpu = "measures CPU time, which under qemu is the translator's";

/** By file. */
export const qemuLimits: readonly Limit[] = [
  // io_uring
  limit("reactor", /^woken by .*\[io_uring\]/, uring),
  limit("reactor", /^a ring that is refused later|^in a compiled program|^without descriptors a reactor/, uring),
  limit("watch", /^woken by .*\[io_uring\]/, uring),
  limit("async-operations", /^woken by .*\[io_uring\]/, uring),
  limit("async-stress", /woken by .*\[io_uring\]/, uring),

  // options
  limit("adopt", /the right option, of an IPv6 socket/, multicastInterface),
  limit("async-operations", /MSG_ZEROCOPY/, zeroCopy),
  limit(
    "capture-ring",
    /^(a ring|its memory) > |nothing is left open when the kernel refuses/,
    unknown("PACKET_RX_RING"),
  ),
  limit("control-messages", /^Timestamp > |\(%s\) on %s \[Timestamp\]/, timestamp),
  limit("control-messages", /^receiveControl > turns several on at once/, timestamp),
  limit("control-messages", /^ZeroCopyDone > |\(%s\) on %s \[ZeroCopyDone\]/, zeroCopy),
  limit("control-messages", /ProcessFd is the sender|all of them come together|\[ProcessFd\]/, pidfd),
  limit("control-messages", /^OriginalDestination > names|\[OriginalDestination\]/, unknown("IP_RECVORIGDSTADDR")),
  limit("control-messages", /^DropCount > tells|\[DropCount\]/, unknown("SO_RXQ_OVFL")),
  limit("control-messages", /^TransmitTime > is refused by the kernel/, unknown("SO_TXTIME")),
  limit("control-messages", /\[HopLimit\]/, unknown("how to read IP_RECVTTL")),
  limit("control-messages", /of an IPv6 multicast packet has no source/, multicastInterface),
  limit("credentials", /SO_PEERGROUPS of a process with many groups/, unknown("SO_PEERGROUPS")),
  limit("examples", /over cables > .* > (ping|traceroute)|over cables > (ping|mDNS)/, unknown("SO_TIMESTAMPING")),
  limit("examples", /^without arguments/, unknown("SO_TIMESTAMPING")),
  limit("inspect", /of a process descriptor/, pidfd),
  limit("inspect", /of a ring/, unknown("PACKET_RX_RING")),
  limit("examples", /^over cables > capture/, unknown("PACKET_RX_RING")),
  limit("examples", /NTP client/, timestamp),
  limit("families", /UDP-Lite carries/, unknown("UDPLITE_SEND_CSCOV")),
  limit("multicast", /cannot be left: address-not-available|with a source hears|with several sources hears/, sources),
  limit("multicast", /hears the groups of this very socket/, unknown("IP_MULTICAST_ALL")),
  limit("multicast", /multicastInterface (is read|says)|without an interface the kernel/, multicastInterface),
  limit("multicast", /^IPv6 in a namespace|^both families/, multicastInterface),
  limit("netlink", /another process may send too/, unknown("NETLINK_USERSOCK")),
  limit("netlink", /^lists.* > of TCP sockets have ours/, unknown("NETLINK_SOCK_DIAG")),
  limit("option-filter", /^a filter.* > (drops what it does not want|chooses among sockets)/, filter),
  limit("python-behaviour-sockets", /a number may be of 32 bits without a sign/, unknown("SO_MAX_PACING_RATE")),
  limit("python-behaviour-sockets", /options of vsock/, unknown("the options of vsock")),
  limit("python-behaviour-sockets", /listen queues 10/, unknown("TCP_INFO")),
  limit("python-behaviour-connections", /a backlog that is not given is 511/, unknown("TCP_INFO")),
  limit("receive-batch", /^the control messages of a batch > belong each to its datagram/, timestamp),
  limit("receive-message", /for which there is no room are lost/, truncation),
  limit("receive-message", /that find room come, and those after them/, timestamp),
  limit("reply", /^on a host with several IPv6 addresses/, multicastInterface),
  limit("rights", /closes descriptors of processes|^a process descriptor/, pidfd),
  limit("rights", /a process descriptor that could not be made/, pidfd),
  limit("segmentation", /splits whatever other control messages come before/, timestamp),
  limit("send-batch", /^MSG_ZEROCOPY/, zeroCopy),
  limit("socket", /starts with the defaults of GSocket/, multicastInterface),
  limit("socket", /multicastInterface (is set|as well)|an interface that is not there/, multicastInterface),
  limit(
    "option-table",
    /^options of Linux.* > (SO_BINDTODEVICE|SO_(RCV|SND)TIMEO|SO_(NETNS_)?COOKIE|SO_MEMINFO) on/,
    shape,
  ),
  limit("option-table", /^options of Linux.* > TCP_(FASTOPEN_KEY|INFO|MD5SIG|MD5SIG_EXT|REPAIR_WINDOW) on/, shape),
  limit("socket", /passes on what the kernel says.*\[a type that nobody has\]/, "qemu answers EINVAL to a type itself"),
  limit("socket", /^listenBacklog > (is 10 at first|listen\(backlog\))/, unknown("TCP_INFO")),
  limit("unprivileged", /option of the administrator's/, unknown("SO_MARK")),
  limit("zero-copy", /^a (large|small) buffer > |^MSG_ZEROCOPY > |^what is kept > /, zeroCopy),

  // control messages that find no room
  limit("batch-fallback", /^(truncation|an error in the middle of a receive)/, truncation),
  limit("passing", /close all, and fail, when one more|so do failures/, truncation),
  limit("python-behaviour-messages", /three descriptors in room for two|room for exactly so many/, truncation),
  limit("receive-batch", /that do not fit are cut|that did not fit are closed/, truncation),
  limit("receive-message", /that find no room are closed|behind other control messages/, truncation),
  limit("rights", /that find no room in their slot/, truncation),
  limit("unix-connection", /what was not expected is an error/, truncation),

  // pace
  limit("abi/library", /^threads/, "qemu has threads of its own"),
  limit("address-families", /a million times/, slow),
  limit("cmsg", /^a million buffers/, slow),
  limit("async-operations", /costs little CPU/, cpu),
  limit("async-stress", /^random operations/, "counts operations in a second"),
  limit("listener", /without spinning/, cpu),
  limit("reactor", /keeps the program alive .*\[poll\]|\[poll\].* > keeps the program alive/, slow),
  limit("python-behaviour-connections", /when all addresses fail|there is one for all|a silent address/, deadline),
  limit("send", /^send on a .* stream \[TCP\] > is would-block when nothing fits/, deadline),
  limit("reactor", /is woken from idle by another process|until what is unref'd has still been told/, deadline),

  // what there is only for this machine's own processor
  limit("passing-peers", /^GLib's GUnixConnection/, "there is no GLib for arm64 here"),
];
