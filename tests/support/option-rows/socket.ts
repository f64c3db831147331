// Options of every socket: src/option/socket.ts, socket-linux.ts.

import { expect } from "bun:test";
import * as option from "../../../src/options.ts";
import type { Socket } from "../../../src/index.ts";
import { throwsKind } from "../throws.ts";
import {
  accepts,
  admin,
  any,
  becomes,
  does,
  flips,
  inet,
  linkedTcp,
  natural,
  raw,
  refuses,
  takes,
  tcp,
  tells,
  udp,
  unread,
  type Row,
} from "./builders.ts";

const ret = (k: number) => ({ code: 6, jt: 0, jf: 0, k }); // BPF_RET | BPF_K

/** SOL_SOCKET. */
export const socketRows: readonly Row[] = [
  tells(option.SO_TYPE, any, (type, { type: own }) => expect(type).toBe(own)),
  tells(option.SO_DOMAIN, any, (domain, { family }) => expect(domain).toBe(family)),
  tells(option.SO_PROTOCOL, any, (protocol, socket) => expect(protocol).toBe(socket.protocol)),
  tells(option.SO_ACCEPTCONN, any, (listening) => expect(listening).toBe(false)),
  tells(option.SO_ACCEPTCONN, ["listener4", "listener6"], (listening) => expect(listening).toBe(true)),
  tells(option.SO_ERROR, any, (error) => expect(error).toBe(0)),
  flips(option.SO_REUSEADDR, any),
  flips(option.SO_REUSEPORT, inet),
  refuses(option.SO_REUSEPORT, true, "not-supported", ["unix"], { since: "6.13" }),
  becomes(
    option.SO_BINDTODEVICE,
    [
      ["lo", "lo"],
      ["", ""],
    ],
    inet,
    raw,
  ),
  becomes(
    option.SO_BINDTODEVICE,
    [
      [1, "lo"],
      [0, ""],
    ],
    inet,
    raw,
  ),
  refuses(option.SO_BINDTODEVICE, "nosuchdevice", "no-such-device", inet),
  flips(option.SO_DONTROUTE, any),
  becomes(option.SO_SNDBUF, [[65_536, 131_072]], any),
  becomes(option.SO_RCVBUF, [[65_536, 131_072]], any),
  takes(option.SO_RCVLOWAT, [100, 1], [...tcp, "unix"]),
  tells(option.SO_SNDLOWAT, any, (bytes) => expect(bytes).toBe(1)),
  refuses(option.SO_SNDLOWAT, 100, "not-supported", any),
  flips(option.SO_BROADCAST, inet),
  flips(option.SO_KEEPALIVE, [...any, ...linkedTcp]),
  takes(option.SO_LINGER, [5, false, 0], any),
  flips(option.SO_OOBINLINE, any),
  takes(option.SO_RCVTIMEO, [1000, Infinity], any),
  takes(option.SO_SNDTIMEO, [2000, Infinity], any),
  flips(option.SO_DEBUG, inet, admin),
  flips(option.SO_TIMESTAMP, any),
  takes(option.SO_MAX_PACING_RATE, [1_000_000n, 10n ** 12n, 2n ** 64n - 1n], tcp),
];

/** SOL_SOCKET, Linux only. */
export const linuxRows: readonly Row[] = [
  tells(option.SO_COOKIE, any, (cookie) => expect(cookie > 0n).toBe(true)),
  tells(option.SO_NETNS_COOKIE, any, (cookie) => expect(cookie >= 0n).toBe(true), { since: "5.14" }),
  takes(option.SO_MARK, [7, 0xffff_ffff, 0], inet, admin),
  becomes(
    option.SO_BINDTOIFINDEX,
    [
      ["lo", 1],
      [0, 0],
      ["127.0.0.1", 1],
    ],
    inet,
    raw,
  ),
  tells(option.SO_INCOMING_CPU, any, (cpu) => expect(cpu).toBeGreaterThanOrEqual(-1)),
  takes(option.SO_INCOMING_CPU, [0], udp),
  tells(option.SO_INCOMING_NAPI_ID, inet, natural),
  tells(option.SO_PEERCRED, ["unix"], (bytes) => {
    expect(new Int32Array(bytes.buffer)[0]).toBe(process.pid);
    expect(bytes.length).toBe(12);
  }),
  tells(option.SO_PEERGROUPS, ["unix"], (groups) =>
    expect(groups.toSorted()).toEqual((process.getgroups?.() ?? []).toSorted()),
  ),
  does(option.SO_PEERPIDFD, ["unix"], { since: "6.5" }, closesPidfd),
  unread(option.SO_PEERSEC, "not-supported", inet),
  tells(option.SO_PEERSEC, ["unix"], (label) => expect(label).not.toContain("\0"), {
    config: "a security module with labels",
  }),
  flips(option.SO_PASSCRED, ["unix", "unixDatagrams"]),
  flips(option.SO_PASSPIDFD, ["unix", "unixDatagrams"], { since: "6.5" }),
  flips(option.SO_PASSSEC, ["unix", "unixDatagrams"]),
  flips(option.SO_PASSRIGHTS, ["unix", "unixDatagrams"], { since: "6.16" }),
  accepts(option.SO_INQ, [true, false], ["unix"], { since: "6.16" }),
  does(option.SO_SNDBUFFORCE, any, admin, (socket) => {
    socket.setOption(option.SO_SNDBUFFORCE, 10_000_000);
    expect(socket.getOption(option.SO_SNDBUF)).toBe(20_000_000);
  }),
  does(option.SO_RCVBUFFORCE, any, admin, (socket) => {
    socket.setOption(option.SO_RCVBUFFORCE, 10_000_000);
    expect(socket.getOption(option.SO_RCVBUF)).toBe(20_000_000);
  }),
  takes(option.SO_BUF_LOCK, [3, 1, 0], any, { since: "5.15" }),
  does(
    option.SO_RESERVE_MEM,
    tcp,
    { since: "5.16", config: "memory accounting of sockets in a memory cgroup" },
    (socket) => {
      socket.setOption(option.SO_RESERVE_MEM, 65_536);
      natural(socket.getOption(option.SO_RESERVE_MEM));
    },
  ),
  takes(option.SO_PEEK_OFF, [8, -1], [...udp, "unix", "unixDatagrams"]),
  tells(option.SO_MEMINFO, any, (memory, socket) => {
    expect(memory.receiveBuffer).toBe(socket.getOption(option.SO_RCVBUF));
    expect(memory.sendBuffer).toBe(socket.getOption(option.SO_SNDBUF));
    expect(memory.drops).toBe(0);
  }),
  flips(option.SO_TIMESTAMPNS, any),
  takes(option.SO_TIMESTAMPING, [16 | 8, 0], any), // SOF_TIMESTAMPING_SOFTWARE, _RX_SOFTWARE
  flips(option.SO_RXQ_OVFL, any),
  flips(option.SO_RCVMARK, any, { since: "6.0" }),
  flips(option.SO_RCVPRIORITY, any, { since: "6.14" }),
  flips(option.SO_WIFI_STATUS, any),
  flips(option.SO_SELECT_ERR_QUEUE, any),
  takes(option.SO_PRIORITY, [6, 0], any),
  takes(option.SO_PRIORITY, [0x8001_0002], any, admin),
  flips(option.SO_ZEROCOPY, inet),
  refuses(option.SO_ZEROCOPY, true, "not-supported", ["unix"]),
  takes(option.SO_TXTIME, [{ clockId: 1, flags: 2 }], udp), // CLOCK_MONOTONIC, SOF_TXTIME_REPORT_ERRORS
  takes(option.SO_TXREHASH, [1, 0], tcp, { since: "6.0" }),
  flips(option.SO_NO_CHECK, any),
  flips(option.SO_NOFCS, any),
  accepts(option.SO_CNX_ADVICE, [1], linkedTcp),
  takes(option.SO_BUSY_POLL, [50, 0], any, { ...admin, config: "CONFIG_NET_RX_BUSY_POLL" }),
  flips(option.SO_PREFER_BUSY_POLL, any, { ...admin, since: "5.11", config: "CONFIG_NET_RX_BUSY_POLL" }),
  accepts(option.SO_BUSY_POLL_BUDGET, [64], any, { ...admin, since: "5.11", config: "CONFIG_NET_RX_BUSY_POLL" }),
  does(option.SO_ATTACH_FILTER, [...udp, "unix", "packet"], {}, (socket) => {
    socket.setOption(option.SO_ATTACH_FILTER, [ret(0xffff_ffff)]);
    socket.setOption(option.SO_DETACH_FILTER, undefined);
  }),
  refuses(option.SO_ATTACH_FILTER, [{ code: 0xffff, jt: 0, jf: 0, k: 0 }], "invalid-argument", udp),
  refuses(option.SO_DETACH_FILTER, undefined, "not-found", udp),
  refuses(option.SO_DETACH_BPF, undefined, "not-found", udp),
  refuses(option.SO_ATTACH_BPF, 0, "invalid-argument", udp),
  refuses(option.SO_ATTACH_BPF, 0x7fff_ffff, "invalid-argument", udp), // EBADF
  does(option.SO_LOCK_FILTER, udp, {}, (socket) => {
    socket.setOption(option.SO_LOCK_FILTER, true);
    expect(socket.getOption(option.SO_LOCK_FILTER)).toBe(true);
    throwsKind(() => socket.setOption(option.SO_LOCK_FILTER, false), "permission-denied");
    throwsKind(() => socket.setOption(option.SO_ATTACH_FILTER, [ret(0)]), "permission-denied");
  }),
  does(option.SO_ATTACH_REUSEPORT_CBPF, inet, {}, (socket) => {
    socket.setOption(option.SO_REUSEPORT, true);
    socket.setOption(option.SO_ATTACH_REUSEPORT_CBPF, [ret(0)]);
  }),
  refuses(option.SO_ATTACH_REUSEPORT_EBPF, 0, "invalid-argument", udp),
  refuses(option.SO_DETACH_REUSEPORT_BPF, undefined, "invalid-argument", udp),
  does(option.SO_DETACH_REUSEPORT_BPF, udp, {}, (socket) => {
    socket.setOption(option.SO_REUSEPORT, true);
    throwsKind(() => socket.setOption(option.SO_DETACH_REUSEPORT_BPF, undefined), "not-found");
    socket.setOption(option.SO_ATTACH_REUSEPORT_CBPF, [ret(0)]);
    socket.setOption(option.SO_DETACH_REUSEPORT_BPF, undefined);
  }),
  tells(option.SO_BPF_EXTENSIONS, any, (extensions) => expect(extensions).toBeGreaterThanOrEqual(64)),
  refuses(option.SO_DEVMEM_DONTNEED, [{ start: 0, count: 1 }], "invalid-argument", ["udp4"], {
    since: "6.12",
    config: "CONFIG_PAGE_POOL",
  }),
];

function closesPidfd(socket: Socket): void {
  const pidfd = socket.getOption(option.SO_PEERPIDFD);
  using owned = { [Symbol.dispose]: () => require("node:fs").closeSync(pidfd) };
  expect(owned).toBeDefined();
  expect(pidfd).toBeGreaterThan(2);
}
