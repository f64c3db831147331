// Options of IPv6: src/option/ipv6.ts.

import { expect } from "bun:test";
import * as option from "../../../src/options.ts";
import { throwsKind } from "../throws.ts";
import { accepts, admin, becomes, does, flips, raw, refuses, six, takes, tells, unread, type Row } from "./builders.ts";
import { blocking, membership, SENDERS } from "./membership.ts";

const MEMBER6 = { group: "ff12::1:2", interface: "lo" } as const;
const SENDER6 = { ...MEMBER6, source: "fd00::9" } as const;

const nothing = new Uint8Array(new ArrayBuffer(0));
const padding = Uint8Array.of(59, 0, 1, 4, 0, 0, 0, 0); // an options header of PadN only

/** IPPROTO_IPV6. */
export const ipv6Rows: readonly Row[] = [
  flips(option.IPV6_V6ONLY, six),
  flips(option.IPV6_FREEBIND, six),
  flips(option.IPV6_TRANSPARENT, six, admin),
  becomes(
    option.IPV6_ADDR_PREFERENCES,
    [
      [1, 0x401],
      [2, 0x402],
    ],
    six,
  ),
  refuses(option.IPV6_IPSEC_POLICY, new Uint8Array(8), "invalid-argument", ["udp6"], {
    ...admin,
    config: "CONFIG_NET_KEY",
  }),
  refuses(option.IPV6_XFRM_POLICY, new Uint8Array(8), "invalid-argument", ["udp6"], {
    ...admin,
    config: "CONFIG_XFRM",
  }),
  becomes(
    option.IPV6_UNICAST_HOPS,
    [
      [5, 5],
      [-1, 64],
    ],
    six,
  ),
  becomes(
    option.IPV6_TCLASS,
    [
      [0xb8, 0xb8],
      [-1, 0],
    ],
    six,
  ),
  flips(option.IPV6_HDRINCL, ["raw6", "header6"]),
  becomes(
    option.IPV6_CHECKSUM,
    [
      [4, 4],
      [-1, -1],
    ],
    ["header6"],
  ),
  takes(option.IPV6_MTU_DISCOVER, [0, 1, 2, 3, 4, 5], six),
  tells(option.IPV6_MTU, ["linkedUdp6", "linkedTcp6"], (mtu) => expect(mtu).toBeGreaterThan(1000)),
  accepts(option.IPV6_MTU, [1280, 0], six),
  refuses(option.IPV6_MTU, 100, "invalid-argument", six),
  unread(option.IPV6_MTU, "not-connected", six),
  tells(option.IPV6_PATHMTU, ["linkedUdp6", "linkedTcp6"], (mtu) => expect(mtu).toBeGreaterThan(1000)),
  unread(option.IPV6_PATHMTU, "not-connected", six),
  flips(option.IPV6_DONTFRAG, six),
  flips(option.IPV6_AUTOFLOWLABEL, six),
  does(option.IPV6_FLOWLABEL_MGR, six, {}, (socket) => {
    const flow = { label: 1 + Math.floor(Math.random() * 0xf_fffe), destination: "::1" } as const; // nobody else's
    socket.setOption(option.IPV6_FLOWLABEL_MGR, { ...flow, action: "lease" });
    socket.setOption(option.IPV6_FLOWLABEL_MGR, { ...flow, action: "renew", linger: 6000 });
    socket.setOption(option.IPV6_FLOWLABEL_MGR, { ...flow, action: "release" });
    throwsKind(() => socket.setOption(option.IPV6_FLOWLABEL_MGR, { ...flow, action: "release" }), "failed"); // ESRCH
  }),
  flips(option.IPV6_FLOWINFO_SEND, six),
  becomes(
    option.IPV6_UNICAST_IF,
    [
      ["lo", 1],
      [0, 0],
    ],
    six,
  ),
  accepts(option.IPV6_PKTINFO, [{ source: "::1", interface: "lo" }, {}], ["udp6"]),
  unread(option.IPV6_PKTINFO, "not-supported", ["udp6"]),
  takes(option.IPV6_HOPOPTS, [padding, nothing], ["udp6"], raw),
  takes(option.IPV6_DSTOPTS, [padding, nothing], ["udp6"], raw),
  takes(option.IPV6_RTHDRDSTOPTS, [padding, nothing], ["udp6"], raw),
  accepts(option.IPV6_RTHDR, [nothing], ["udp6"], raw),
  flips(option.IPV6_RECVPKTINFO, six),
  flips(option.IPV6_RECVORIGDSTADDR, six),
  flips(option.IPV6_RECVHOPLIMIT, six),
  flips(option.IPV6_RECVTCLASS, six),
  flips(option.IPV6_FLOWINFO, six),
  flips(option.IPV6_RECVHOPOPTS, six),
  flips(option.IPV6_RECVRTHDR, six),
  flips(option.IPV6_RECVDSTOPTS, six),
  flips(option.IPV6_RECVPATHMTU, six),
  flips(option.IPV6_RECVFRAGSIZE, six),
  flips(option.IPV6_RECVERR, six),
  flips(option.IPV6_RECVERR_RFC4884, six, { since: "5.9" }),
  flips(option.IPV6_2292PKTINFO, six),
  flips(option.IPV6_2292HOPLIMIT, six),
  flips(option.IPV6_2292HOPOPTS, six),
  flips(option.IPV6_2292DSTOPTS, six),
  flips(option.IPV6_2292RTHDR, six),
  takes(option.IPV6_MINHOPCOUNT, [200, 0], six),
  accepts(option.IPV6_ROUTER_ALERT, [0, -1], ["header6"]),
  flips(option.IPV6_ROUTER_ALERT_ISOLATE, six),
  becomes(
    option.IPV6_MULTICAST_IF,
    [
      ["lo", 1],
      [0, 0],
      ["::1", 1],
    ],
    ["udp6"],
  ),
  refuses(option.IPV6_MULTICAST_IF, "nosuchdevice", "no-such-device", ["udp6"]),
  becomes(
    option.IPV6_MULTICAST_HOPS,
    [
      [0, 0],
      [32, 32],
      [-1, 1],
    ],
    ["udp6"],
  ),
  flips(option.IPV6_MULTICAST_LOOP, ["udp6"]),
  flips(option.IPV6_MULTICAST_ALL, ["udp6"]),
  ...membership(option.IPV6_JOIN_GROUP, option.IPV6_LEAVE_GROUP, MEMBER6, ["udp6", "raw6"]),
  ...membership(option.IPV6_JOIN_GROUP, option.IPV6_LEAVE_GROUP, { group: "ff12::3%lo" }, ["udp6"]),
  ...membership(option.IPV6_MCAST_JOIN_GROUP, option.IPV6_MCAST_LEAVE_GROUP, MEMBER6, ["udp6"]),
  ...membership(
    option.IPV6_MCAST_JOIN_SOURCE_GROUP,
    option.IPV6_MCAST_LEAVE_SOURCE_GROUP,
    SENDER6,
    ["udp6"],
    ...SENDERS,
  ),
  ...blocking(option.IPV6_MCAST_JOIN_GROUP, option.IPV6_MCAST_BLOCK_SOURCE, option.IPV6_MCAST_UNBLOCK_SOURCE, SENDER6, [
    "udp6",
  ]),
  does(option.IPV6_MCAST_MSFILTER, ["udp6"], {}, (socket) => {
    socket.setOption(option.IPV6_MCAST_JOIN_GROUP, MEMBER6);
    socket.setOption(option.IPV6_MCAST_MSFILTER, { ...MEMBER6, mode: "include", sources: ["fd00::9", "fd00::10"] });
    throwsKind(() => socket.setOption(option.IPV6_MCAST_JOIN_SOURCE_GROUP, SENDER6), "address-not-available");
    socket.setOption(option.IPV6_MCAST_MSFILTER, { ...MEMBER6, mode: "exclude", sources: [] });
  }),
  refuses(
    option.IPV6_JOIN_ANYCAST,
    { address: "2001:db8::5", interface: "lo" },
    "address-not-available",
    ["udp6"],
    admin,
  ),
  refuses(option.IPV6_LEAVE_ANYCAST, { address: "fd00::5", interface: "lo" }, "not-found", ["udp6"]),
];
