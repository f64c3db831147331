// Headers by the letter: packets from the wire, options, extension headers, checksums on request.

import { describe, expect, test } from "bun:test";
import * as packet from "../src/packet.ts";
import { throwsNaming, wrong } from "./support/throws.ts";

const hex = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.fromHex(text.replaceAll(/\s/g, ""));
const buffer = (size = 200): Uint8Array<ArrayBuffer> => new Uint8Array(new ArrayBuffer(size));
const source = "192.0.2.1";
const destination = "192.0.2.2";

describe("IPv4", () => {
  // en.wikipedia.org/wiki/Internet_checksum
  const header = hex("4500 0073 0000 4000 4011 b861 c0a8 0001 c0a8 00c7");

  test("a header of which the checksum is known", () => {
    const read = packet.parseIPv4(header)!;
    expect(read).toMatchObject({ headerLength: 20, totalLength: 0x73, ttl: 64, protocol: 17, checksum: 0xb861 });
    expect([String(read.source), String(read.destination), read.dontFragment]).toEqual([
      "192.168.0.1",
      "192.168.0.199",
      true,
    ]);
    expect(packet.checksum(header)).toBe(0);
    const written = buffer(20);
    packet.writeIPv4(written, 0, { ...read, checksum: undefined });
    expect(written.toHex()).toBe(header.toHex());
  });

  test("views, not copies; padding of a short frame is no payload", () => {
    const bytes = buffer(60);
    packet.writeIPv4(bytes, 0, { protocol: 17, source, destination, payload: hex("0102030405") });
    const { payload } = packet.parseIPv4(bytes)!;
    expect([payload.length, payload.buffer === bytes.buffer]).toEqual([5, true]);
  });

  test("what was not all captured", () => {
    const bytes = buffer(60);
    const size = packet.writeIPv4(bytes, 0, { protocol: 17, source, destination, payload: buffer(30) });
    const { totalLength, payload } = packet.parseIPv4(bytes.subarray(0, 40))!;
    expect([size, totalLength, payload.length]).toEqual([50, 50, 20]);
  });

  test("options", () => {
    const list = packet.parseIPv4Options(hex("94 04 0000 01 07 07 04 c0000201 00 99"))!;
    expect(list.map(({ type, data }) => [type, data.toHex()])).toEqual([
      [148, "0000"],
      [7, "04c0000201"],
    ]);
    for (const broken of ["94", "9401", "9400", "9405 0000", "07 ff"]) {
      expect([broken, packet.parseIPv4Options(hex(broken))]).toEqual([broken, undefined]);
    }
  });
});

describe("IPv6", () => {
  test("extension headers, and a fragment", () => {
    const bytes = buffer();
    const extensions = [
      { type: 0, bytes: hex("ff00 0104 00000000") },
      { type: 43, bytes: hex("ff02 0000" + "00000000".repeat(5)) },
      { type: 44, bytes: hex("ff00 0001 01020304") },
      { type: 51, bytes: hex("ff04 0000" + "00000000".repeat(5)) },
    ];
    const size = packet.writeIPv6(bytes, 0, {
      source: "::1",
      destination: "::2",
      protocol: 17,
      extensions,
      payload: hex("aabb"),
    });
    expect(size).toBe(40 + 8 + 24 + 8 + 24 + 2);
    const read = packet.parseIPv6(bytes)!;
    expect(read).toMatchObject({ headerLength: 104, protocol: 17, payloadLength: size - 40 });
    expect(read.fragment).toEqual({ offset: 0, moreFragments: true, identification: 0x01020304 });
    expect(read.extensions.map(({ type }) => type)).toEqual([0, 43, 44, 51]);
    expect(read.extensions.map(({ bytes: [next] }) => next)).toEqual([43, 44, 51, 17]);
    expect(read.payload.toHex()).toBe("aabb");
  });

  test("the walk ends at a later fragment, and where a header is cut off", () => {
    const bytes = buffer();
    const fields = { source: "::1", destination: "::2", protocol: 60, payload: hex("ff") };
    const later = packet.writeIPv6(bytes, 0, {
      ...fields,
      extensions: [{ type: 44, bytes: hex("0000 0008 00000001") }],
    });
    expect(packet.parseIPv6(bytes.subarray(0, later))).toMatchObject({ protocol: 60, fragment: { offset: 8 } });
    const cut = packet.writeIPv6(bytes, 0, { ...fields, payload: hex("11 05 0000 00000000") });
    expect(packet.parseIPv6(bytes.subarray(0, cut))).toBeUndefined();
  });
});

describe("checksums on request", () => {
  const payload = hex("0102030405");

  test("UDP over IPv4 and IPv6, and that 0 is sent as 0xffff", () => {
    for (const addresses of [
      { source, destination },
      { source: "2001:db8::1", destination: "2001:db8::2" },
    ]) {
      const bytes = buffer(13);
      packet.writeUdp(bytes, 0, { sourcePort: 1, destinationPort: 2, payload, checksum: addresses });
      const sum = packet.pseudoHeaderSum(addresses.source, addresses.destination, 17, 13);
      expect(packet.checksum(bytes, 0, 13, sum)).toBe(0);
      const { checksum } = packet.parseUdp(bytes)!;
      const zero = { sourcePort: 1, destinationPort: 2 + checksum, payload, checksum: addresses };
      packet.writeUdp(bytes, 0, zero);
      expect(packet.parseUdp(bytes)!.checksum).toBe(0xffff);
    }
  });

  test("TCP with a payload of an odd length", () => {
    const bytes = buffer(25);
    packet.writeTcp(bytes, 0, {
      sourcePort: 1,
      destinationPort: 2,
      flags: packet.TH_ACK,
      payload,
      checksum: { source, destination },
    });
    expect(packet.checksum(bytes, 0, 25, packet.pseudoHeaderSum(source, destination, 6, 25))).toBe(0);
  });

  test("ICMP, whose checksum is always computed unless it is given", () => {
    const bytes = buffer(13);
    expect(packet.writeIcmp(bytes, 0, { type: packet.ICMP_ECHO, identifier: 7, sequence: 9, payload })).toBe(13);
    expect(packet.checksum(bytes)).toBe(0);
    expect(packet.parseIcmp(bytes)).toMatchObject({ type: 8, code: 0, identifier: 7, sequence: 9, rest: 0x7_0009 });
  });

  test("none is silently left out where there is no default", () => {
    const fields = { sourcePort: 1, destinationPort: 2, flags: 0 };
    throwsNaming(() => packet.writeTcp(buffer(), 0, wrong(fields)), TypeError, "checksum");
    throwsNaming(() => packet.writeUdp(buffer(), 0, wrong(fields)), TypeError, "checksum");
    throwsNaming(() => packet.writeIcmpv6(buffer(), 0, wrong({ type: 128 })), TypeError, "checksum");
  });
});

describe("TCP options", () => {
  test("those of a SYN from the wire", () => {
    const options = packet.parseTcpOptions(hex("0204 05b4 0402 080a 00112233 00000000 01 0303 07"));
    expect(options).toEqual({
      maximumSegmentSize: 1460,
      sackPermitted: true,
      timestamps: { value: 0x112233, echo: 0 },
      windowScale: 7,
    });
  });

  test("there and back", () => {
    const options: packet.TcpOptions = {
      maximumSegmentSize: 9000,
      windowScale: 14,
      sackPermitted: true,
      sack: [{ left: 1, right: 0xffff_ffff }],
      timestamps: { value: 0xffff_ffff, echo: 1 },
      others: [{ type: 34, data: hex("0102") }],
    };
    const bytes = buffer();
    packet.writeTcp(bytes, 0, { sourcePort: 1, destinationPort: 2, flags: packet.TH_SYN, checksum: 0, options });
    const read = packet.parseTcpOptions(packet.parseTcp(bytes)!.options)!;
    expect({ ...read, others: read.others?.map(({ type, data }) => [type, data.toHex()]) }).toEqual({
      ...options,
      others: [[34, "0102"]],
    } as never);
  });

  test("lengths that are wrong", () => {
    for (const broken of ["02", "0203 05", "0204 05", "0303", "0500", "0503 00", "080a 00"]) {
      expect([broken, packet.parseTcpOptions(hex(broken))]).toEqual([broken, undefined]);
    }
    expect(packet.parseTcpOptions(hex("0303 ff"))).toEqual({ windowScale: 14 }); // RFC 7323 section 2.3
  });

  test.each([
    ["maximumSegmentSize", { maximumSegmentSize: 65_536 }],
    ["windowScale", { windowScale: 15 }],
    ["sackPermitted", { sackPermitted: 1 }],
    [
      "sack[1].right",
      {
        sack: [
          { left: 0, right: 0 },
          { left: 0, right: -1 },
        ],
      },
    ],
    ["timestamps.echo", { timestamps: { value: 0, echo: 2 ** 32 } }],
    ["others[0].type", { others: [{ type: 1, data: buffer(0) }] }],
    ["options", { others: [{ type: 9, data: buffer(39) }] }],
    ["options", { sack: Array.from({ length: 5 }, () => ({ left: 0, right: 0 })) }],
  ])("%s that does not fit", (field, options) => {
    throwsNaming(() => packet.encodeTcpOptions(wrong(options)), Error, field);
  });
});

test("headers of a whole frame, one behind the other", () => {
  const bytes = buffer(100);
  const vlans = [{ id: 100, priority: 5 }];
  let at = packet.writeEthernet(bytes, 0, {
    destination: "ff:ff:ff:ff:ff:ff",
    source: hex("020000000001"),
    vlans,
    type: packet.ETHERTYPE_ARP,
  });
  at += packet.writeArp(bytes, at, {
    operation: packet.ARPOP_REQUEST,
    senderHardwareAddress: "02:00:00:00:00:01",
    senderAddress: source,
    targetHardwareAddress: "00:00:00:00:00:00",
    targetAddress: destination,
  });
  expect(at).toBe(18 + 28);
  expect(bytes.subarray(0, at).toHex()).toBe(
    "ffffffffffff" +
      "020000000001" +
      "8100a064" +
      "0806" +
      "0001080006040001" +
      "020000000001" +
      "c0000201" +
      "000000000000" +
      "c0000202",
  );
  const frame = packet.parseEthernet(bytes.subarray(0, at))!;
  expect(frame.vlans).toEqual([{ tpid: 0x8100, priority: 5, dropEligible: false, id: 100 }]);
  expect(String(packet.parseArp(frame.payload)!.targetAddress)).toBe(destination);
});

test("hardware addresses go from text to bytes and back", () => {
  expect([...packet.etherAton("02-00-5E-10-00-ff")]).toEqual([2, 0, 0x5e, 16, 0, 255]);
  expect(packet.etherNtoa(packet.etherAton("02:00:5e:10:00:ff"))).toBe("02:00:5e:10:00:ff");
  for (const text of ["", "02:00:5e:10:00", "02:00-5e:10:00:ff", "2:0:5e:10:0:ff"]) {
    throwsNaming(() => packet.etherAton(text), TypeError, "address");
  }
  throwsNaming(() => packet.etherNtoa(new Uint8Array(5)), TypeError, "bytes");
});
