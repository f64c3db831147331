// Header codecs: packets that others made, a million random ones, and fields that do not fit.

import { describe, expect, test } from "bun:test";
import { InetAddress } from "../src/index.ts";
import * as packet from "../src/packet.ts";
import { type Random, random } from "./support/random.ts";
import { throwsNaming, wrong } from "./support/throws.ts";

type Parsed = Record<string, unknown> & { readonly payload?: Uint8Array };

interface Codec {
  readonly parse: (bytes: Uint8Array, offset?: number) => Parsed | undefined;
  readonly write: (bytes: Uint8Array, offset: number, fields: never) => number;
  /** The shortest header. */
  readonly least: number;
  /** Makes random bytes likely to be a header. */
  readonly shape: (bytes: Uint8Array, random: Random) => void;
  /** Fields that are right, and values that are wrong in each of them. */
  readonly fields: Record<string, unknown>;
  readonly bad: Record<string, readonly unknown[]>;
}

const [v4, v6] = [
  { source: "192.0.2.1", destination: "192.0.2.2" },
  { source: "::1", destination: "::2" },
];
const u8 = [-1, 256, 1.5, Number.NaN, "1", null, 2 ** 32];
const u16 = [-1, 65_536, 0.5, Infinity, "80", 2 ** 32 + 80];
const u32 = [-1, 2 ** 32, 0.1, Number.NaN, 5n];
const mac = ["", "02:00:00:00:00", "02:00:00:00:00:0g", "02:00-00:00:00:00", new Uint8Array(5), 7, undefined];
const ip4 = ["::1", "300.0.0.1", "localhost", 1, undefined, InetAddress.parse("::1")];
const ip6 = ["127.0.0.1", "", null, InetAddress.parse("127.0.0.1")];
const flags = [1, "true", null];
const data = [[1], "text", new ArrayBuffer(4), new Uint8Array(65_536)];
const sum = [-1, 65_536, undefined, null, "0", {}, { source: "::1", destination: "127.0.0.1" }];

const codecs: Record<string, Codec> = {
  Ethernet: {
    parse: packet.parseEthernet as unknown as Codec["parse"],
    write: packet.writeEthernet,
    least: 14,
    shape: (bytes, { int }) => {
      if (int(3) === 0) bytes.set([0x81, 0], 12);
      if (int(6) === 0 && bytes.length >= 18) bytes.set([0x88, 0xa8], 16);
    },
    fields: { destination: "ff:ff:ff:ff:ff:ff", source: "02-00-5e-10-00-ff", type: 0x800, vlans: [{ id: 7 }] },
    bad: {
      destination: mac,
      source: mac,
      type: u16,
      vlans: [7, [7], [{ id: 4096 }], [{ id: 1, priority: 8 }]],
      payload: data,
    },
  },
  ARP: {
    parse: packet.parseArp as unknown as Codec["parse"],
    write: packet.writeArp,
    least: 28,
    shape: (bytes, { int }) => {
      if (int(8) !== 0) bytes.set([0, 1, 8, 0, 6, 4]);
    },
    fields: {
      operation: packet.ARPOP_REQUEST,
      senderHardwareAddress: "02:00:00:00:00:01",
      senderAddress: "192.0.2.1",
      targetHardwareAddress: "00:00:00:00:00:00",
      targetAddress: InetAddress.parse("192.0.2.2"),
    },
    bad: {
      operation: u16,
      senderHardwareAddress: mac,
      senderAddress: ip4,
      targetHardwareAddress: mac,
      targetAddress: ip4,
    },
  },
  IPv4: {
    parse: packet.parseIPv4 as unknown as Codec["parse"],
    write: packet.writeIPv4,
    least: 20,
    shape: (bytes, { int }) => {
      bytes[0] = 0x40 | (int(8) === 0 ? int(16) : 5 + int(3));
      if (int(4) !== 0) bytes[2] = 0;
    },
    fields: { protocol: 17, ...v4 },
    bad: {
      dscp: [-1, 64, 1.5],
      ecn: [-1, 4],
      totalLength: [...u16, 19],
      identification: u16,
      reserved: flags,
      dontFragment: flags,
      moreFragments: flags,
      fragmentOffset: [-8, 1, 65_536, "8"],
      ttl: u8.filter((value) => value !== null),
      protocol: u8,
      checksum: u16,
      source: ip4,
      destination: ip4,
      options: [new Uint8Array(3), new Uint8Array(44), "no"],
      payload: data,
    },
  },
  IPv6: {
    parse: packet.parseIPv6 as unknown as Codec["parse"],
    write: packet.writeIPv6,
    least: 40,
    shape: (bytes, { int, pick }) => {
      bytes[0] = 0x60 | (bytes[0]! & 15);
      bytes[4] = 0;
      const chain = [0, 43, 44, 51, 60, 17, 58, 59];
      bytes[6] = pick(chain);
      for (let at = 40; at + 1 < bytes.length; at += 8) [bytes[at], bytes[at + 1]] = [pick(chain), int(3)];
    },
    fields: { protocol: 17, ...v6 },
    bad: {
      dscp: [64, "0"],
      ecn: [4],
      flowLabel: [-1, 0x10_0000],
      payloadLength: u16,
      hopLimit: u8.filter((value) => value !== null),
      protocol: u8,
      source: ip6,
      destination: ip6,
      extensions: [1, [1], [{ type: 17, bytes: new Uint8Array(8) }], [{ type: 0, bytes: new Uint8Array(9) }]],
      payload: data,
    },
  },
  ICMP: {
    parse: packet.parseIcmp as unknown as Codec["parse"],
    write: packet.writeIcmp,
    least: 8,
    shape: () => {},
    fields: { type: packet.ICMP_ECHO, identifier: 1, sequence: 2 },
    bad: { type: u8, code: [-1, 256], checksum: u16, rest: [...u32, 7], identifier: u16, sequence: u16, payload: data },
  },
  ICMPv6: {
    parse: packet.parseIcmpv6 as unknown as Codec["parse"],
    write: packet.writeIcmpv6,
    least: 8,
    shape: () => {},
    fields: { type: packet.ICMPV6_ECHO_REQUEST, checksum: v6 },
    bad: {
      type: u8,
      code: [-1, 256],
      checksum: sum,
      rest: u32,
      identifier: u16,
      sequence: u16,
      payload: data,
    },
  },
  UDP: {
    parse: packet.parseUdp as unknown as Codec["parse"],
    write: packet.writeUdp,
    least: 8,
    shape: (bytes, { int }) => {
      if (int(8) !== 0) bytes[4] = 0;
    },
    fields: { sourcePort: 53, destinationPort: 1024, checksum: v4 },
    bad: { sourcePort: u16, destinationPort: u16, length: [...u16, 7], checksum: sum, payload: data },
  },
  TCP: {
    parse: packet.parseTcp as unknown as Codec["parse"],
    write: packet.writeTcp,
    least: 20,
    shape: (bytes, { int }) => {
      if (int(8) !== 0) bytes[12] = ((5 + int(4)) << 4) | int(16);
    },
    fields: { sourcePort: 80, destinationPort: 1024, flags: packet.TH_SYN, checksum: v6 },
    bad: {
      sourcePort: u16,
      destinationPort: u16,
      sequence: u32,
      acknowledgment: u32,
      reserved: [-1, 16],
      flags: u8,
      window: u16,
      checksum: sum,
      urgentPointer: u16,
      options: [new Uint8Array(3), new Uint8Array(44), 7],
      payload: data,
    },
  },
};

const CASES = 63_000; // of each codec and each of the two kinds: a million in all
const GUARD = 16;

/** Random bytes to cut packets from: filling each packet anew would be most of the time. */
const pool = random(99).bytes(1 << 18);

/** The same with views and addresses as text, so that two can be compared. */
function flat(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => (inner instanceof Uint8Array ? inner.toHex() : inner));
}

describe.each(Object.entries(codecs))("%s", (name, codec) => {
  const { parse, write, least, shape, fields, bad } = codec;

  test("hostile bytes: nothing is thrown, and what is outside does not matter", () => {
    const dice = random(name.length * 7 + least);
    const around = new Uint8Array(new ArrayBuffer(256));
    let headers = 0;
    for (let turn = 0; turn < CASES; turn++) {
      const size = dice.int(3) === 0 ? dice.int(least + 1) : least + dice.int(100);
      const cut = dice.int(pool.length - size);
      around.fill(turn & 1 ? 0xff : 0);
      const inside = around.subarray(GUARD, GUARD + size);
      inside.set(pool.subarray(cut, cut + size));
      if (size >= least) shape(inside, dice);
      const offset = dice.int(10) === 0 ? dice.int(size + 1) : 0;
      const parsed = parse(inside, offset);
      if (parsed === undefined) continue;
      headers++;
      const { payload } = parsed;
      if (payload !== undefined && payload.byteOffset + payload.length > GUARD + size) throw new Error("reads outside");
      if (turn % 16 !== 0) continue;
      const seen = flat(parsed);
      around.subarray(0, GUARD).fill(0x5a);
      around.subarray(GUARD + size).fill(0x5a);
      expect(flat(parse(inside, offset))).toBe(seen);
    }
    expect(headers).toBeGreaterThan(CASES / 10);
  });

  test("what was read is written back, bit by bit", () => {
    const dice = random(name.length * 11 + least);
    const source = new Uint8Array(new ArrayBuffer(200));
    const target = new Uint8Array(new ArrayBuffer(256));
    let written = 0;
    for (let turn = 0; turn < CASES; turn++) {
      const size = least + dice.int(80);
      const cut = dice.int(pool.length - size);
      const bytes = source.subarray(0, size);
      bytes.set(pool.subarray(cut, cut + size));
      shape(bytes, dice);
      const parsed = parse(bytes);
      if (parsed === undefined) continue;
      written++;
      const offset = dice.int(20);
      const length = write(target, offset, parsed as never);
      for (let at = 0; at < length; at++) {
        if (target[offset + at] === bytes[at]) continue;
        throw new Error(`byte ${at} of ${bytes.toHex()} became ${target.subarray(offset, offset + length).toHex()}`);
      }
    }
    expect(written).toBeGreaterThan(CASES / 10);
  });

  test("what is not whole is no header", () => {
    const bytes = new Uint8Array(200);
    const length = write(bytes, 0, fields as never);
    const whole = name === "ARP" ? least : length;
    for (let size = 0; size < whole; size++) expect([size, parse(bytes.subarray(0, size))]).toEqual([size, undefined]);
    expect(parse(bytes.subarray(0, length))).toBeDefined();
  });

  test("a field that does not fit is named, and nothing is written", () => {
    for (const [field, values] of Object.entries(bad)) {
      for (const value of values) {
        const bytes = new Uint8Array(70_000).fill(0xee);
        throwsNaming(() => write(bytes, 3, { ...fields, [field]: value } as never), Error, field.replace(/^rest$/, ""));
        expect(bytes.every((byte) => byte === 0xee)).toBe(true);
      }
    }
  });

  test("no room, no buffer, no fields", () => {
    const need = write(new Uint8Array(200), 0, fields as never);
    for (const size of [0, 1, need - 1]) {
      const bytes = new Uint8Array(size);
      throwsNaming(() => write(bytes, 0, fields as never), RangeError, `${need} bytes`);
      expect(bytes.every((byte) => byte === 0)).toBe(true);
    }
    throwsNaming(() => write(new Uint8Array(need), 1, fields as never), RangeError, "room");
    throwsNaming(() => write(new Uint8Array(need), need + 1, fields as never), RangeError, "offset");
    throwsNaming(() => write(wrong(new ArrayBuffer(200)), 0, fields as never), TypeError, "bytes");
    for (const none of [undefined, null, 7]) {
      throwsNaming(() => write(new Uint8Array(200), 0, wrong(none)), TypeError, "fields");
    }
    throwsNaming(() => parse(wrong("text")), TypeError, "bytes");
    throwsNaming(() => parse(new Uint8Array(40), 41), RangeError, "offset");
    throwsNaming(() => parse(new Uint8Array(40), -1), RangeError, "offset");
    throwsNaming(() => parse(new Uint8Array(40), 0.5), RangeError, "offset");
  });
});
