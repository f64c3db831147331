// Options of TCP and UDP: src/option/tcp.ts, udp.ts.

import { expect } from "bun:test";
import * as option from "../../../src/options.ts";
import type { Socket } from "../../../src/index.ts";
import { throwsKind } from "../throws.ts";
import {
  accepts,
  admin,
  becomes,
  does,
  flips,
  linkedTcp,
  natural,
  refuses,
  takes,
  tcp,
  tells,
  udp,
  type Row,
} from "./builders.ts";

const seconds = [1, 32_767];

/** IPPROTO_TCP. */
export const tcpRows: readonly Row[] = [
  flips(option.TCP_NODELAY, [...tcp, ...linkedTcp]),
  flips(option.TCP_CORK, [...tcp, ...linkedTcp]),
  becomes(
    option.TCP_MAXSEG,
    [
      [1000, 1000],
      [0, 536],
    ],
    ["tcp4"],
  ),
  tells(option.TCP_MAXSEG, linkedTcp, (bytes) => expect(bytes).toBeGreaterThan(500)),
  takes(option.TCP_NOTSENT_LOWAT, [16_384, 0xffff_ffff], tcp),
  takes(option.TCP_CONGESTION, ["reno"], [...tcp, ...linkedTcp]),
  refuses(option.TCP_CONGESTION, "nosuch", "not-found", tcp),
  tells(option.TCP_CC_INFO, linkedTcp, ({ length }) => expect(length).toBeLessThanOrEqual(20)),
  tells(option.TCP_ULP, linkedTcp, (name) => expect(name).toBe("")),
  refuses(option.TCP_ULP, "nosuch", "not-found", linkedTcp),
  takes(option.TCP_TX_DELAY, [1000, 0], tcp),
  flips(option.TCP_QUICKACK, linkedTcp),
  does(option.TCP_WINDOW_CLAMP, linkedTcp, {}, (socket) => {
    socket.setOption(option.TCP_WINDOW_CLAMP, 30_000);
    expect(socket.getOption(option.TCP_WINDOW_CLAMP)).toBeGreaterThanOrEqual(1000);
  }),
  flips(option.TCP_INQ, tcp),
  takes(option.TCP_KEEPIDLE, seconds, [...tcp, ...linkedTcp]),
  takes(option.TCP_KEEPINTVL, seconds, tcp),
  takes(option.TCP_KEEPCNT, [1, 127], tcp),
  refuses(option.TCP_KEEPIDLE, 32_768, "invalid-argument", tcp),
  takes(option.TCP_USER_TIMEOUT, [1234, 0], tcp),
  takes(option.TCP_RTO_MAX_MS, [1000, 120_000], tcp, { since: "6.15" }),
  does(option.TCP_RTO_MIN_US, tcp, { since: "6.15" }, (socket) => {
    socket.setOption(option.TCP_RTO_MIN_US, 100_000);
    expect(socket.getOption(option.TCP_RTO_MIN_US)).toBe(100_000);
    throwsKind(() => socket.setOption(option.TCP_RTO_MIN_US, 1), "invalid-argument"); // less than two ticks
  }),
  takes(option.TCP_DELACK_MAX_US, [100_000], tcp, { since: "6.15" }),
  flips(option.TCP_THIN_LINEAR_TIMEOUTS, tcp),
  takes(option.TCP_LINGER2, [10, -1], tcp),
  takes(option.TCP_SYNCNT, [1, 127], tcp),
  becomes(
    option.TCP_DEFER_ACCEPT,
    [
      [1, 1],
      [0, 0],
    ],
    tcp,
  ),
  takes(option.TCP_FASTOPEN, [5], ["listener4", "listener6"]),
  flips(option.TCP_FASTOPEN_CONNECT, tcp),
  takes(
    option.TCP_FASTOPEN_KEY,
    [new Uint8Array(new ArrayBuffer(16)).fill(7), new Uint8Array(new ArrayBuffer(32)).fill(8)],
    tcp,
  ),
  refuses(option.TCP_FASTOPEN_KEY, new Uint8Array(15), "invalid-argument", tcp),
  flips(option.TCP_FASTOPEN_NO_COOKIE, tcp),
  takes(option.TCP_SAVE_SYN, [1, 0], tcp),
  tells(option.TCP_SAVED_SYN, linkedTcp, ({ length }) => expect(length).toBe(0)),
  tells(option.TCP_INFO, [...tcp, ...linkedTcp], ({ state, rto }, socket) => {
    expect(state).toBe(socket.connected ? 1 : 7); // TCP_ESTABLISHED, TCP_CLOSE
    expect(rto).toBeGreaterThanOrEqual(1);
  }),
  does(option.TCP_INFO, linkedTcp, {}, (socket) => {
    socket.sendAll(new Uint8Array(1000));
    const info = socket.getOption(option.TCP_INFO);
    expect(info).toMatchObject({ bytesSent: 1000, bytesRetransmitted: 0, maximumPacingRate: Infinity });
    expect(info.rtt).toBeLessThan(1000); // milliseconds
  }),
  tells(option.TCP_TIMESTAMP, linkedTcp, natural),
  refuses(option.TCP_TIMESTAMP, 1, "permission-denied", tcp), // TCP_REPAIR is off
  tells(option.TCP_IS_MPTCP, linkedTcp, (mptcp) => expect(mptcp).toBe(false), { since: "5.16" }),
  tells(option.MPTCP_INFO, ["mptcp"], ({ length }) => expect(length).toBeGreaterThanOrEqual(0), { since: "5.16" }),
  accepts(
    option.TCP_MD5SIG,
    [
      { address: "192.0.2.1", key: "secret" },
      { address: "192.0.2.1", key: "" },
    ],
    ["tcp4"],
    {
      config: "CONFIG_TCP_MD5SIG",
    },
  ),
  accepts(
    option.TCP_MD5SIG,
    [
      { address: "::ffff:192.0.2.1", key: "secret" },
      { address: "2001:db8::1", key: "x" },
    ],
    ["tcp6"],
    {
      config: "CONFIG_TCP_MD5SIG",
    },
  ),
  accepts(option.TCP_MD5SIG_EXT, [{ address: "192.0.2.0", key: "secret", prefixLength: 24 }], ["tcp4"], {
    config: "CONFIG_TCP_MD5SIG",
  }),
  refuses(option.TCP_AO_ADD_KEY, new Uint8Array(8), "invalid-argument", tcp, { since: "6.7", config: "CONFIG_TCP_AO" }),
  refuses(option.TCP_AO_DEL_KEY, new Uint8Array(8), "invalid-argument", tcp, { since: "6.7", config: "CONFIG_TCP_AO" }),
  refuses(option.TCP_AO_INFO, new Uint8Array(8), "invalid-argument", tcp, { since: "6.7", config: "CONFIG_TCP_AO" }),
  refuses(option.TCP_AO_REPAIR, new Uint8Array(8), "invalid-argument", tcp, {
    ...admin,
    since: "6.7",
    config: "CONFIG_TCP_AO",
  }),
  becomes(
    option.TCP_REPAIR,
    [
      [1, 1],
      [-1, 0],
    ],
    tcp,
    admin,
  ),
  does(
    option.TCP_REPAIR_QUEUE,
    tcp,
    admin,
    repaired((socket) => {
      for (const queue of [1, 2]) {
        socket.setOption(option.TCP_REPAIR_QUEUE, queue);
        socket.setOption(option.TCP_QUEUE_SEQ, 0xdead_beef);
        expect(socket.getOption(option.TCP_REPAIR_QUEUE)).toBe(queue);
      }
    }),
  ),
  does(
    option.TCP_QUEUE_SEQ,
    tcp,
    admin,
    repaired((socket) => {
      socket.setOption(option.TCP_REPAIR_QUEUE, 2);
      socket.setOption(option.TCP_QUEUE_SEQ, 0xdead_beef);
      expect(socket.getOption(option.TCP_QUEUE_SEQ)).toBe(0xdead_beef);
    }),
  ),
  does(
    option.TCP_REPAIR_OPTIONS,
    linkedTcp,
    admin,
    repaired((socket) => {
      socket.setOption(option.TCP_REPAIR_OPTIONS, [
        { code: 2, value: 1000 },
        { code: 4, value: 0 },
      ]); // MSS, SACK
      expect(socket.getOption(option.TCP_MAXSEG)).toBeGreaterThan(500);
    }),
  ),
  does(
    option.TCP_REPAIR_WINDOW,
    linkedTcp,
    admin,
    repaired((socket) => {
      const window = socket.getOption(option.TCP_REPAIR_WINDOW);
      expect(window.rcvWindow).toBeGreaterThan(0);
      socket.setOption(option.TCP_REPAIR_WINDOW, window);
      expect(socket.getOption(option.TCP_REPAIR_WINDOW)).toEqual(window);
    }),
  ),
];

/** IPPROTO_UDP, IPPROTO_UDPLITE. */
export const udpRows: readonly Row[] = [
  flips(option.UDP_CORK, udp),
  takes(option.UDP_SEGMENT, [1200, 0], udp),
  flips(option.UDP_GRO, udp),
  takes(option.UDP_ENCAP, [0], udp),
  flips(option.UDP_NO_CHECK6_TX, ["udp6"]),
  flips(option.UDP_NO_CHECK6_RX, ["udp6"]),
  becomes(
    option.UDPLITE_SEND_CSCOV,
    [
      [20, 20],
      [1, 8],
      [0, 0],
    ],
    ["udplite4", "udplite6"],
  ),
  becomes(
    option.UDPLITE_RECV_CSCOV,
    [
      [20, 20],
      [1, 8],
      [0, 0],
    ],
    ["udplite4", "udplite6"],
  ),
];

/** In repair mode, and out of it again without a word to the peer. */
function repaired(run: (socket: Socket) => void): (socket: Socket) => void {
  return (socket) => {
    socket.setOption(option.TCP_REPAIR, 1);
    run(socket);
    socket.setOption(option.TCP_REPAIR, -1);
  };
}
