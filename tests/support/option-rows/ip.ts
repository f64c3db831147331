// Options of IPv4: src/option/ip.ts.

import { expect } from "bun:test";
import * as option from "../../../src/options.ts";
import { throwsKind } from "../throws.ts";
import { admin, becomes, does, flips, four, inet, refuses, takes, tells, udp, unread, type Row } from "./builders.ts";
import { blocking, membership, SENDERS } from "./membership.ts";

const MEMBER = { group: "239.1.2.3", interface: "lo" } as const;
const SENDER = { ...MEMBER, source: "127.0.0.9" } as const;

/** IPPROTO_IP. */
export const ipRows: readonly Row[] = [
  takes(option.IP_TOS, [0xb8, 0], inet),
  becomes(
    option.IP_TTL,
    [
      [5, 5],
      [-1, 64],
    ],
    inet,
  ),
  refuses(option.IP_TTL, 0, "invalid-argument", four),
  flips(option.IP_HDRINCL, ["raw4"]),
  refuses(option.IP_HDRINCL, true, "not-supported", ["udp4"]),
  takes(option.IP_OPTIONS, [Uint8Array.of(7, 7, 4, 0, 0, 0, 0, 0), new Uint8Array(new ArrayBuffer(0))], four),
  takes(option.IP_MTU_DISCOVER, [0, 1, 2, 3, 4, 5], inet),
  tells(option.IP_MTU, ["linkedUdp4", "linkedTcp4"], (mtu) => expect(mtu).toBeGreaterThan(1000)),
  unread(option.IP_MTU, "not-connected", four),
  flips(option.IP_NODEFRAG, ["raw4"]),
  becomes(
    option.IP_UNICAST_IF,
    [
      ["lo", 1],
      [0, 0],
    ],
    inet,
  ),
  refuses(option.IP_IPSEC_POLICY, new Uint8Array(8), "invalid-argument", ["udp4"], {
    ...admin,
    config: "CONFIG_NET_KEY",
  }),
  refuses(option.IP_XFRM_POLICY, new Uint8Array(8), "invalid-argument", ["udp4"], { ...admin, config: "CONFIG_XFRM" }),
  flips(option.IP_FREEBIND, inet),
  flips(option.IP_TRANSPARENT, inet, admin),
  flips(option.IP_BIND_ADDRESS_NO_PORT, inet),
  takes(
    option.IP_LOCAL_PORT_RANGE,
    [
      { lower: 40_000, upper: 60_000 },
      { lower: 0, upper: 0 },
    ],
    inet,
    { since: "6.3" },
  ),
  flips(option.IP_PKTINFO, inet),
  flips(option.IP_RECVORIGDSTADDR, inet),
  flips(option.IP_RECVTTL, inet),
  flips(option.IP_RECVTOS, inet),
  flips(option.IP_RECVOPTS, inet),
  flips(option.IP_RECVRETOPTS, inet),
  flips(option.IP_CHECKSUM, inet),
  flips(option.IP_RECVFRAGSIZE, ["udp4", "raw4"]),
  refuses(option.IP_RECVFRAGSIZE, true, "invalid-argument", ["tcp4"]),
  flips(option.IP_PASSSEC, inet),
  flips(option.IP_RECVERR, inet),
  flips(option.IP_RECVERR_RFC4884, inet, { since: "5.9" }),
  tells(option.IP_PKTOPTIONS, ["linkedTcp4"], (bytes) => expect(bytes.length).toBe(0)),
  unread(option.IP_PKTOPTIONS, "not-supported", ["udp4"]),
  takes(option.IP_MINTTL, [200, 0], inet),
  flips(option.IP_ROUTER_ALERT, ["raw4"], { since: "6.9" }),
  tells(option.IP_PROTOCOL, ["raw4"], (protocol) => expect(protocol).toBe(1), { since: "6.2" }),
  does(option.IP_MULTICAST_IF, [...udp, "raw4"], {}, (socket) => {
    for (const [set, get] of [
      ["lo", "0.0.0.0"],
      [1, "0.0.0.0"],
      ["127.0.0.1", "127.0.0.1"],
      [0, "0.0.0.0"],
    ] as const) {
      socket.setOption(option.IP_MULTICAST_IF, set);
      expect(String(socket.getOption(option.IP_MULTICAST_IF))).toBe(get);
    }
    throwsKind(() => socket.setOption(option.IP_MULTICAST_IF, "nosuchdevice"), "no-such-device");
  }),
  takes(option.IP_MULTICAST_TTL, [0, 32, 255, 1], udp),
  flips(option.IP_MULTICAST_LOOP, udp),
  flips(option.IP_MULTICAST_ALL, inet),
  ...membership(option.IP_ADD_MEMBERSHIP, option.IP_DROP_MEMBERSHIP, MEMBER, ["udp4", "udp6", "raw4"]),
  ...membership(option.IP_ADD_SOURCE_MEMBERSHIP, option.IP_DROP_SOURCE_MEMBERSHIP, SENDER, udp, ...SENDERS),
  ...blocking(option.IP_ADD_MEMBERSHIP, option.IP_BLOCK_SOURCE, option.IP_UNBLOCK_SOURCE, SENDER, udp),
  ...membership(option.MCAST_JOIN_GROUP, option.MCAST_LEAVE_GROUP, MEMBER, udp),
  ...membership(option.MCAST_JOIN_SOURCE_GROUP, option.MCAST_LEAVE_SOURCE_GROUP, SENDER, udp, ...SENDERS),
  ...blocking(option.MCAST_JOIN_GROUP, option.MCAST_BLOCK_SOURCE, option.MCAST_UNBLOCK_SOURCE, SENDER, udp),
  does(option.MCAST_MSFILTER, udp, {}, (socket) => {
    socket.setOption(option.MCAST_JOIN_GROUP, MEMBER);
    socket.setOption(option.MCAST_MSFILTER, { ...MEMBER, mode: "include", sources: ["127.0.0.9", "127.0.0.10"] });
    // a source that the filter has is not there to be added again
    throwsKind(() => socket.setOption(option.MCAST_JOIN_SOURCE_GROUP, SENDER), "address-not-available");
    socket.setOption(option.MCAST_MSFILTER, { ...MEMBER, mode: "exclude", sources: [] });
    const many = Array.from({ length: 200 }, (_, index) => `10.0.0.${index}`);
    throwsKind(
      () => socket.setOption(option.MCAST_MSFILTER, { ...MEMBER, mode: "include", sources: many }),
      "no-buffers",
    );
  }),
];
