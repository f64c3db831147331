// Values of options and their bytes, for the records of all systems: no socket is asked here.

import { describe, expect, test } from "bun:test";
import { darwin } from "../ffi/platform/darwin.ts";
import { freebsd } from "../ffi/platform/freebsd.ts";
import { linux } from "../ffi/platform/linux.ts";
import type { Platform } from "../ffi/platform/platform.ts";
import { windows } from "../ffi/platform/windows.ts";
import { linuxTcpInfo } from "../ffi/structs/option-values.ts";
import { InetAddress, SocketError } from "../src/index.ts";
import {
  bigUint,
  bool,
  byteOnBsd,
  bytes,
  type Codec,
  int,
  listOf,
  text,
  timeval,
  uint,
  words,
} from "../src/option/codecs.ts";
import { option as makeOption, readable, writable } from "../src/option/option.ts";
import type { Option, WritableOption } from "../src/options.ts";
import * as option from "../src/options.ts";
import { compileC, haveCC } from "./support/c.ts";
import { samples } from "./support/option-samples.ts";
import { random } from "./support/random.ts";
import { throwsKind, throwsNaming, wrong } from "./support/throws.ts";

const systems: readonly Platform[] = [linux, darwin, freebsd, windows];
const loopback = process.platform === "linux" ? 1 : 0;

const hex = (data: Uint8Array): string => Buffer.from(data).toString("hex");
const unhex = (data: string): Uint8Array<ArrayBuffer> => Uint8Array.fromHex(data) as Uint8Array<ArrayBuffer>;
const zeros = (count: number): string => "00".repeat(count);

/** What a system's kernel is given for the value. */
function made<Set>({ set, name }: WritableOption<Set>, value: Set, system: Platform): string {
  return hex(set.encode(value, name, system));
}

describe("samples of other systems", () => {
  for (const { option: what, system, value, bytes: expected } of samples) {
    test(`${what.name} of ${system.name}`, () => {
      if (what.set !== undefined) expect(made(what, wrong(value), system)).toBe(expected);
      if (what.get !== undefined) {
        expect(what.get.decode(unhex(expected), system)).toEqual(value);
        expect(what.get.size(system)).toBeGreaterThanOrEqual(expected.length / 2);
      }
    });
  }
});

describe("values come back", () => {
  const cases: readonly [string, Codec<never>, (from: ReturnType<typeof random>) => unknown][] = [
    ["int", int() as Codec<never>, (from) => from.int(2 ** 32) - 2 ** 31],
    ["uint", uint as Codec<never>, (from) => from.int(2 ** 32)],
    ["bool", bool as Codec<never>, (from) => from.int(2) === 1],
    ["a byte on BSD", byteOnBsd(int(0, 255)) as Codec<never>, (from) => from.int(256)],
    ["64 bits", bigUint(64) as Codec<never>, (from) => (BigInt(from.int(2 ** 32)) << 32n) | BigInt(from.int(2 ** 32))],
    [
      "words",
      words("a", "b", "c") as Codec<never>,
      (from) => ({ a: from.int(2 ** 32), b: from.int(2), c: from.int(9) }),
    ],
    ["text", text(40) as Codec<never>, (from) => ["", "x", "é", "ß𝄞", "x\u{1f600}"].slice(from.int(5)).join("")],
    ["bytes", bytes(64) as Codec<never>, (from) => from.bytes(from.int(65))],
    ["linger", option.SO_LINGER.get as Codec<never>, (from) => (from.int(4) === 0 ? false : from.int(328))],
    ["a time", timeval as Codec<never>, (from) => (from.int(8) === 0 ? Infinity : 1 + from.int(1e9))],
    [
      "ports",
      option.IP_LOCAL_PORT_RANGE.get as Codec<never>,
      (from) => ({ lower: from.int(32_768), upper: 32_768 + from.int(32_768) }),
    ],
  ];
  for (const [title, codec, value] of cases) {
    test(title, () => {
      const from = random(title.length);
      for (let round = 0; round < 300; round++) {
        const system = from.pick(systems);
        const given = value(from) as never;
        expect<unknown>(codec.decode(codec.encode(given, title, system), system)).toEqual(given);
      }
    });
  }

  test("fractions of a millisecond are rounded up to what the system can hold", () => {
    expect(timeval.decode(timeval.encode(1.0001, "t", linux), linux)).toBe(1.001);
    expect(timeval.decode(timeval.encode(1.5, "t", windows), windows)).toBe(2);
  });

  test("an int that the kernel wrote as one byte", () => {
    expect(int().decode(Uint8Array.of(200), freebsd)).toBe(200);
    expect(bool.decode(Uint8Array.of(1), windows)).toBe(true);
  });
});

describe("bytes for each system", () => {
  const each = (expected: Readonly<Record<Platform["name"], string>>, of: (system: Platform) => string): void => {
    for (const system of systems)
      expect(`${system.name} ${of(system)}`).toBe(`${system.name} ${expected[system.name]}`);
  };

  test("struct linger", () => {
    each(
      { linux: "0100000005000000", darwin: "01000000f4010000", freebsd: "0100000005000000", windows: "01000500" },
      (system) => made(option.SO_LINGER, 5, system),
    );
    each({ linux: zeros(8), darwin: zeros(8), freebsd: zeros(8), windows: zeros(4) }, (system) =>
      made(option.SO_LINGER, false, system),
    );
    throwsNaming(() => option.SO_LINGER.set.encode(328, "SO_LINGER", darwin), RangeError, "SO_LINGER");
    throwsNaming(() => option.SO_LINGER.set.encode(32_768, "SO_LINGER", windows), RangeError, "SO_LINGER");
  });

  test("struct timeval", () => {
    const wide = `01${zeros(7)}30750000${zeros(4)}`;
    each({ linux: wide, darwin: wide, freebsd: wide, windows: "06040000" }, (system) =>
      made(option.SO_RCVTIMEO, 1030, system),
    );
    each({ linux: zeros(16), darwin: zeros(16), freebsd: zeros(16), windows: zeros(4) }, (system) =>
      made(option.SO_SNDTIMEO, Infinity, system),
    );
  });

  test("IP_MULTICAST_TTL and IP_MULTICAST_LOOP are a byte on BSD", () => {
    each({ linux: "07000000", darwin: "07", freebsd: "07", windows: "07000000" }, (system) =>
      made(option.IP_MULTICAST_TTL, 7, system),
    );
    each({ linux: "01000000", darwin: "01", freebsd: "01", windows: "01000000" }, (system) =>
      made(option.IP_MULTICAST_LOOP, true, system),
    );
    each({ linux: "07000000", darwin: "07000000", freebsd: "07000000", windows: "07000000" }, (system) =>
      made(option.IPV6_MULTICAST_HOPS, 7, system),
    );
  });

  test("interfaces by index, in host and in network order", () => {
    const lo = loopback === 1 ? "01" : "00";
    each({ linux: `000000${lo}`, darwin: `000000${lo}`, freebsd: `000000${lo}`, windows: `000000${lo}` }, (system) =>
      made(option.IP_UNICAST_IF, loopback, system),
    );
    expect(made(option.IPV6_UNICAST_IF, loopback, linux)).toBe(`000000${lo}`);
    expect(made(option.IPV6_UNICAST_IF, loopback, windows)).toBe(`${lo}000000`);
    each({ linux: zeros(12), darwin: zeros(4), freebsd: zeros(12), windows: zeros(4) }, (system) =>
      made(option.IP_MULTICAST_IF, 0, system),
    );
  });

  test.skipIf(loopback === 0)(
    "an interface in the options that know it by index, by address or as 0.0.0.n (needs Linux)",
    () => {
      const index = `${zeros(8)}01000000`;
      each({ linux: index, darwin: "7f000001", freebsd: index, windows: "00000001" }, (system) =>
        made(option.IP_MULTICAST_IF, "lo", system),
      );
      // an address that is given is kept, because packets are sent from it: ip(7)
      const address = `${zeros(4)}7f00000101000000`;
      each({ linux: address, darwin: "7f000001", freebsd: address, windows: "00000001" }, (system) =>
        made(option.IP_MULTICAST_IF, "127.0.0.1", system),
      );
      each(
        {
          linux: `e8010203${zeros(4)}01000000`,
          darwin: "e80102037f000001",
          freebsd: `e8010203${zeros(4)}01000000`,
          windows: "e801020300000001",
        },
        (system) => made(option.IP_ADD_MEMBERSHIP, { group: "232.1.2.3", interface: "lo" }, system),
      );
    },
  );

  test.skipIf(loopback === 0)("struct ip_mreq_source: every system has its own order (needs Linux)", () => {
    const bsd = "e80102030a0000097f000001";
    each(
      { linux: "e80102037f0000010a000009", darwin: bsd, freebsd: bsd, windows: "e80102030a00000900000001" },
      (system) =>
        made(option.IP_ADD_SOURCE_MEMBERSHIP, { group: "232.1.2.3", source: "10.0.0.9", interface: loopback }, system),
    );
  });

  test("struct ip_mreq and ip_mreqn without an interface", () => {
    const group = InetAddress.parse("239.1.2.3");
    each(
      {
        linux: `ef010203${zeros(8)}`,
        darwin: `ef010203${zeros(4)}`,
        freebsd: `ef010203${zeros(8)}`,
        windows: `ef010203${zeros(4)}`,
      },
      (system) => made(option.IP_DROP_MEMBERSHIP, { group }, system),
    );
  });

  test("struct ipv6_mreq", () => {
    const expected = `ff12${zeros(13)}01${loopback === 1 ? "01" : "00"}000000`;
    each({ linux: expected, darwin: expected, freebsd: expected, windows: expected }, (system) =>
      made(option.IPV6_JOIN_GROUP, { group: "ff12::1", interface: loopback }, system),
    );
  });

  const four = "0000e8010203"; // port and address
  const sender = "00000a000009";
  const six = `0000${zeros(4)}ff12${zeros(13)}01${zeros(4)}`;
  const index = `0${loopback}000000`;

  test("struct group_req: macOS packs it, the BSDs begin with the length of the address", () => {
    each(
      {
        linux: `${index}${zeros(4)}0200${four}${zeros(120)}`,
        darwin: `${index}1002${four}${zeros(120)}`,
        freebsd: `${index}${zeros(4)}1002${four}${zeros(120)}`,
        windows: `${index}${zeros(4)}0200${four}${zeros(120)}`,
      },
      (system) => made(option.MCAST_JOIN_GROUP, { group: "232.1.2.3", interface: loopback }, system),
    );
    each(
      {
        linux: `${index}${zeros(4)}0a00${six}${zeros(100)}`,
        darwin: `${index}1c1e${six}${zeros(100)}`,
        freebsd: `${index}${zeros(4)}1c1c${six}${zeros(100)}`,
        windows: `${index}${zeros(4)}1700${six}${zeros(100)}`,
      },
      (system) => made(option.IPV6_MCAST_LEAVE_GROUP, { group: "ff12::1", interface: loopback }, system),
    );
  });

  test("struct group_source_req", () => {
    const member = { group: "232.1.2.3", source: "10.0.0.9", interface: loopback };
    each(
      {
        linux: `${index}${zeros(4)}0200${four}${zeros(120)}0200${sender}${zeros(120)}`,
        darwin: `${index}1002${four}${zeros(120)}1002${sender}${zeros(120)}`,
        freebsd: `${index}${zeros(4)}1002${four}${zeros(120)}1002${sender}${zeros(120)}`,
        windows: `${index}${zeros(4)}0200${four}${zeros(120)}0200${sender}${zeros(120)}`,
      },
      (system) => made(option.MCAST_JOIN_SOURCE_GROUP, member, system),
    );
  });

  test("struct group_filter", () => {
    const filter = {
      group: "232.1.2.3",
      mode: "include",
      sources: ["10.0.0.9", "10.0.0.9"],
      interface: loopback,
    } as const;
    expect(made(option.MCAST_MSFILTER, filter, linux)).toBe(
      `${index}${zeros(4)}0200${four}${zeros(120)}0100000002000000${`0200${sender}${zeros(120)}`.repeat(2)}`,
    );
    expect(made(option.MCAST_MSFILTER, { ...filter, mode: "exclude", sources: [] }, linux)).toBe(
      `${index}${zeros(4)}0200${four}${zeros(120)}${zeros(8)}`,
    );
  });

  test("struct in6_pktinfo, in6_flowlabel_req, tcp_md5sig, sock_txtime, two ports", () => {
    expect(made(option.IPV6_PKTINFO, { source: "2001:db8::1" }, linux)).toBe(`20010db8${zeros(11)}01${zeros(4)}`);
    expect(
      made(
        option.IPV6_FLOWLABEL_MGR,
        { label: 0x12345, destination: "::1", action: "lease", share: "any", linger: 1500 },
        linux,
      ),
    ).toBe(`${zeros(15)}010001234500ff010000000200${zeros(4)}`.padEnd(64, "0"));
    expect(made(option.TCP_MD5SIG, { address: "10.0.0.9", key: "key" }, linux)).toBe(
      `0200${sender}${zeros(120)}0000030000000000${Buffer.from("key").toString("hex")}${zeros(77)}`,
    );
    expect(made(option.TCP_MD5SIG_EXT, { address: "10.0.0.9", key: "", prefixLength: 24 }, linux)).toBe(
      `0200${sender}${zeros(120)}0118${zeros(86)}`,
    );
    expect(made(option.SO_TXTIME, { clockId: 1, flags: 3 }, linux)).toBe("0100000003000000");
    expect(made(option.IP_LOCAL_PORT_RANGE, { lower: 1, upper: 0xffff }, linux)).toBe("0100ffff");
    expect(
      made(
        option.TCP_REPAIR_OPTIONS,
        [
          { code: 2, value: 5 },
          { code: 4, value: 0 },
        ],
        linux,
      ),
    ).toBe("02000000050000000400000000000000");
  });
});

describe("wrong values name the option before any call", () => {
  const odd = [Symbol("odd"), NaN, 1.5, 2 ** 40, -(2 ** 40), null, { group: 1 }, [[]], -5n];
  const commands = ["SO_DETACH_FILTER", "SO_DETACH_BPF", "SO_DETACH_REUSEPORT_BPF", "SO_UPDATE_CONNECT_CONTEXT"];
  const all = Object.entries(option) as [string, Partial<Option<unknown, never>>][];

  for (const [name, { set }] of all) {
    if (set === undefined || commands.includes(name)) continue;
    test(name, () => {
      let refused = 0;
      for (const system of systems) {
        for (const value of odd) {
          try {
            set.encode(wrong(value), name, system);
          } catch (error) {
            if (!(error instanceof TypeError || error instanceof RangeError || error instanceof SocketError))
              throw error;
            if (!(error instanceof SocketError))
              expect(error.message).toContain(name.replace(/^SO_LINGER_SEC$/, "SO_LINGER"));
            refused++;
          }
        }
      }
      expect(refused).toBeGreaterThanOrEqual(systems.length * 5);
    });
  }

  test("ranges", () => {
    const out: readonly [WritableOption<never>, unknown, string][] = [
      [option.IP_TOS as WritableOption<never>, 256, "IP_TOS must be an integer from 0 to 255, not 256"],
      [option.IP_MULTICAST_TTL as WritableOption<never>, -1, "IP_MULTICAST_TTL"],
      [option.SO_MARK as WritableOption<never>, -1, "SO_MARK"],
      [option.SO_MAX_PACING_RATE as WritableOption<never>, 1n << 64n, "SO_MAX_PACING_RATE must be from 0 to 2^64-1"],
      [option.SO_RCVTIMEO as WritableOption<never>, 0, "SO_RCVTIMEO must be more than 0 ms; Infinity turns it off"],
      [option.TCP_CONGESTION as WritableOption<never>, "a".repeat(16), "TCP_CONGESTION must have at most 15 bytes"],
      [option.UDP_SEGMENT as WritableOption<never>, 65_536, "UDP_SEGMENT"],
      [option.TCP_REPAIR_OPTIONS as WritableOption<never>, [], "TCP_REPAIR_OPTIONS.length"],
      [option.TCP_REPAIR_OPTIONS as WritableOption<never>, Array(1), "TCP_REPAIR_OPTIONS[0]"],
      [
        option.IP_LOCAL_PORT_RANGE as WritableOption<never>,
        { lower: 9, upper: 8 },
        "IP_LOCAL_PORT_RANGE.lower 9 is above",
      ],
      [option.TCP_MD5SIG as WritableOption<never>, { address: "::1", key: "k".repeat(81) }, "TCP_MD5SIG.key.length"],
    ];
    for (const [what, value, message] of out) {
      throwsNaming(
        () => what.set.encode(wrong(value), what.name, linux),
        value instanceof Array && value.length === 1 ? TypeError : RangeError,
        message,
      );
    }
  });

  test("groups", () => {
    const join = (value: unknown) => (): unknown =>
      option.IP_ADD_MEMBERSHIP.set.encode(wrong(value), "IP_ADD_MEMBERSHIP", linux);
    throwsNaming(join("239.1.2.3"), TypeError, "IP_ADD_MEMBERSHIP must be { group, interface? }");
    throwsNaming(join({}), TypeError, "IP_ADD_MEMBERSHIP.group must be an IPv4 address, not undefined");
    throwsNaming(join({ group: "name" }), TypeError, 'IP_ADD_MEMBERSHIP.group must be an IPv4 address, not "name"');
    throwsNaming(join({ group: "ff02::1" }), TypeError, "IP_ADD_MEMBERSHIP.group must be an IPv4 address");
    throwsNaming(join({ group: "192.0.2.1" }), RangeError, "IP_ADD_MEMBERSHIP.group must be a multicast address");
    throwsNaming(join({ group: "239.1.2.3", interface: {} }), TypeError, "IP_ADD_MEMBERSHIP.interface");
    expect(throwsKind(join({ group: "239.1.2.3", interface: "nosuchdevice" }), "no-such-device").message).toContain(
      "nosuchdevice",
    );
    throwsKind(join({ group: "239.1.2.3", interface: 0x7fff_ffff }), "no-such-device");

    const join6 = (value: unknown) => (): unknown =>
      option.IPV6_JOIN_GROUP.set.encode(wrong(value), "IPV6_JOIN_GROUP", linux);
    throwsNaming(join6({ group: "239.1.2.3" }), TypeError, "IPV6_JOIN_GROUP.group must be an IPv6 address");
    throwsNaming(join6({ group: "::ffff:239.1.2.3" }), RangeError, "IPV6_JOIN_GROUP.group");
    throwsKind(join6({ group: "ff02::1%nosuchdevice" }), "no-such-device");

    const source = (value: unknown) => (): unknown =>
      option.MCAST_JOIN_SOURCE_GROUP.set.encode(wrong(value), "MCAST_JOIN_SOURCE_GROUP", linux);
    throwsNaming(source({ group: "232.1.2.3" }), TypeError, "MCAST_JOIN_SOURCE_GROUP.source");
    throwsNaming(source({ group: "232.1.2.3", source: "::1" }), TypeError, "MCAST_JOIN_SOURCE_GROUP.source");
    throwsNaming(source({ group: "232.1.2.3", source: "232.1.2.3" }), RangeError, "MCAST_JOIN_SOURCE_GROUP.source");
    throwsNaming(source({ group: "232.1.2.3", source: "0.0.0.0" }), RangeError, "MCAST_JOIN_SOURCE_GROUP.source");

    const filter = (value: object) => (): unknown =>
      option.MCAST_MSFILTER.set.encode(
        wrong({ group: "232.1.2.3", mode: "include", sources: [], ...value }),
        "MCAST_MSFILTER",
        linux,
      );
    throwsNaming(filter({ mode: "both" }), TypeError, "MCAST_MSFILTER.mode");
    throwsNaming(filter({ sources: "10.0.0.1" }), TypeError, "MCAST_MSFILTER.sources");
    throwsNaming(filter({ sources: ["10.0.0.1", "ff02::1"] }), TypeError, "MCAST_MSFILTER.sources[1]");
    throwsNaming(filter({ sources: Array(1) }), TypeError, "MCAST_MSFILTER.sources[0]");
  });

  test.skipIf(loopback === 0)("the zone of a group and the interface must agree (needs Linux)", () => {
    expect(made(option.IPV6_JOIN_GROUP, { group: "ff12::1%lo" }, linux)).toEndWith("01000000");
    expect(made(option.IPV6_JOIN_GROUP, { group: "ff12::1%lo", interface: "lo" }, linux)).toEndWith("01000000");
    expect(made(option.IPV6_MCAST_JOIN_GROUP, { group: "ff12::1%lo" }, linux)).toStartWith("01000000");
    const other = Object.keys(require("node:os").networkInterfaces()).find((name) => name !== "lo");
    if (other === undefined) return;
    throwsNaming(
      () => made(option.IPV6_JOIN_GROUP, { group: "ff12::1%lo", interface: other }, linux),
      RangeError,
      "the zone of",
    );
  });
});

describe("descriptors", () => {
  test("exist on every system, and say which has them", () => {
    const onMac = makeOption("SOL_SOCKET", "SO_NREAD", int(), { platform: darwin });
    expect([onMac.supported, onMac.level, onMac.number]).toEqual([true, 0xffff, 0x1020]);
    const onLinux = readable("SOL_SOCKET", "SO_NREAD", int(), { platform: linux });
    expect([onLinux.supported, onLinux.level]).toEqual([false, 1]);
    expect(throwsKind(() => onLinux.number, "not-supported").message).toBe(
      "SO_NREAD: linux has no such option; see option.supported",
    );
    const local = writable("SOL_LOCAL", "LOCAL_CREDS", bool, { platform: linux });
    expect(throwsKind(() => local.level, "not-supported").message).toContain("linux has no SOL_LOCAL");
  });

  test("may be for some systems only, and have a name of their own", () => {
    const hops = (system: Platform): Option<boolean> =>
      makeOption("IPPROTO_IPV6", "IPV6_HOPLIMIT", bool, { systems: ["windows"], name: "HOPS", platform: system });
    expect(systems.map((system) => hops(system).supported)).toEqual([false, false, false, true]);
    expect(hops(windows).number).toBe(21);
    expect(hops(linux).name).toBe("HOPS");
    expect(throwsKind(() => hops(linux).number, "not-supported").message).toContain("HOPS: linux has no such option");
  });
});

describe("struct tcp_info", () => {
  const { get } = option.TCP_INFO;

  test.skipIf(!haveCC || process.platform !== "linux")(
    "is as the headers of this system have it, as far as they go (needs a C compiler and Linux)",
    () => {
      const fields = Object.keys(linuxTcpInfo.fields).filter((name) => !["tcpi_wscale", "tcpi_bits"].includes(name));
      const known = fields.filter((name) => headerFields().includes(name));
      expect(known.length).toBeGreaterThan(50);
      const lines = known.map((name) => `P(${name})`).join("\n");
      const program = `#include <stddef.h>\n#include <stdio.h>\n#include <linux/tcp.h>
#define P(f) printf("%s %zu %zu\\n", #f, offsetof(struct tcp_info, f), sizeof(((struct tcp_info *)0)->f));
int main(void) { ${lines} return 0; }`;
      const { stdout } = Bun.spawnSync([compileC(program)]);
      const layout: Readonly<Record<string, readonly number[]>> = linuxTcpInfo.fields;
      expect(stdout.toString().trim().split("\n")).toEqual(known.map((name) => `${name} ${layout[name]?.join(" ")}`));
    },
  );

  test("has every time in milliseconds", () => {
    const raw = new Uint8Array(new ArrayBuffer(280));
    const view = new DataView(raw.buffer);
    raw.set([1, 0, 2, 3, 4, 0x27, 0x87, 0b101]);
    for (let offset = 8; offset < 104; offset += 4) view.setUint32(offset, offset * 1000, true);
    for (let offset = 104; offset < 136; offset += 8) view.setBigUint64(offset, BigInt(offset) << 32n, true);
    view.setBigUint64(104, 2n ** 64n - 1n, true);
    view.setUint32(148, 0xffff_ffff, true);
    view.setBigUint64(168, 1_500_000n, true);
    const info = get.decode(raw, linux);
    expect(info).toMatchObject({ state: 1, retransmits: 2, probes: 3, backoff: 4, options: 0x27 });
    expect(info).toMatchObject({ sndWscale: 7, rcvWscale: 8, deliveryRateAppLimited: true, fastopenClientFail: 2 });
    expect(info).toMatchObject({
      rto: 8,
      ato: 12,
      sndMss: 16_000,
      lastDataSent: 44_000,
      rtt: 68,
      rttVariance: 72,
      rcvRtt: 92,
    });
    expect(info).toMatchObject({
      pacingRate: Infinity,
      maximumPacingRate: 112 * 2 ** 32,
      minRtt: Infinity,
      busyTime: 1500,
    });
    expect(info.bytes).toEqual(raw);
    expect(Object.keys(info).length).toBe(Object.keys(linuxTcpInfo.fields).length + 3);
  });

  test("has what the kernel wrote, and no more: older kernels write less, newer ones more", () => {
    const counts = [8, 104, 136, 160, 192, 232, 248, 280, 512].map((size) => {
      const info = get.decode(new Uint8Array(new ArrayBuffer(size)), linux);
      expect(info.bytes.length).toBe(size);
      return Object.keys(info).length;
    });
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    expect(new Set(counts).size).toBe(counts.length - 1);
    expect(get.decode(new Uint8Array(new ArrayBuffer(104)), linux).pacingRate).toBeUndefined();
    expect(get.decode(new Uint8Array(new ArrayBuffer(150)), linux).minRtt).toBeUndefined();
  });

  test("has six fields on FreeBSD, and the rest in bytes", () => {
    const raw = new Uint8Array(new ArrayBuffer(256));
    const view = new DataView(raw.buffer);
    raw[0] = 4;
    for (const [offset, value] of [
      [8, 230_000],
      [16, 1448],
      [68, 1500],
      [72, 250],
    ] as const)
      view.setUint32(offset, value, true);
    expect(get.decode(raw, freebsd)).toEqual({
      bytes: raw,
      state: 4,
      options: 0,
      rto: 230,
      sndMss: 1448,
      rtt: 1.5,
      rttVariance: 0.25,
    });
  });
});

function headerFields(): string[] {
  return (
    require("node:fs")
      .readFileSync("/usr/include/linux/tcp.h", "utf8")
      .match(/\btcpi_\w+/g) ?? []
  );
}

describe("arrays", () => {
  test("are checked item by item", () => {
    const codec = listOf(words("a"), 3);
    expect(hex(codec.encode([{ a: 1 }, { a: 2 }], "LIST", linux))).toBe("0100000002000000");
    throwsNaming(() => codec.encode(wrong({}), "LIST", linux), TypeError, "LIST must be an array");
    throwsNaming(() => codec.encode(Array(4).fill({ a: 1 }), "LIST", linux), RangeError, "LIST.length");
    throwsNaming(() => codec.encode([{ a: 1 }, wrong({ a: "x" })], "LIST", linux), TypeError, "LIST[1].a");
  });
});
