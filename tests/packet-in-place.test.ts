// Headers that are written into the buffer which their fields are views of: a tunnel's header taken off, a frame sent back.

import { expect, test } from "bun:test";
import * as packet from "../src/packet.ts";

type Written = Record<string, unknown>;

interface Codec {
  readonly write: (bytes: Uint8Array, offset: number, fields: never) => number;
  readonly parse: (bytes: Uint8Array, offset?: number) => object | undefined;
  readonly fields: Written;
}

const payload = Uint8Array.from({ length: 60 }, (_, index) => 100 + index);
const options = Uint8Array.of(30, 8, 1, 2, 3, 4, 5, 6);
const extension = Uint8Array.from({ length: 16 }, (_, index) => (index === 1 ? 1 : index));
const [v4, v6] = [
  { source: "192.0.2.1", destination: "192.0.2.2" },
  { source: "::1", destination: "::2" },
];
const [one, two] = ["02:00:00:00:00:01", "02:00:00:00:00:02"];
const extensions = [
  { type: 0, bytes: extension },
  { type: 60, bytes: extension },
];
const arp = {
  senderHardwareAddress: one,
  targetHardwareAddress: two,
  senderAddress: v4.source,
  targetAddress: v4.destination,
};

const codecs: Readonly<Record<string, Codec>> = {
  Ethernet: {
    write: packet.writeEthernet,
    parse: packet.parseEthernet,
    fields: { type: 8, source: one, destination: two, payload },
  },
  ARP: { write: packet.writeArp, parse: packet.parseArp, fields: { operation: 1, ...arp } },
  IPv4: { write: packet.writeIPv4, parse: packet.parseIPv4, fields: { protocol: 17, ...v4, options, payload } },
  IPv6: { write: packet.writeIPv6, parse: packet.parseIPv6, fields: { protocol: 17, ...v6, extensions, payload } },
  ICMP: { write: packet.writeIcmp, parse: packet.parseIcmp, fields: { type: 8, identifier: 2, payload } },
  UDP: {
    write: packet.writeUdp,
    parse: packet.parseUdp,
    fields: { sourcePort: 1, destinationPort: 2, checksum: 7, payload },
  },
  TCP: {
    write: packet.writeTcp,
    parse: packet.parseTcp,
    fields: { sourcePort: 1, destinationPort: 2, flags: packet.TH_SYN, checksum: 7, options, payload },
  },
};

const places = [0, 1, 2, 4, 6, 8, 12, 14, 18, 20, 28, 40, 48];

const flat = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) => (inner instanceof Uint8Array ? inner.toHex() : inner));

test.each(Object.entries(codecs))("%s is moved within its buffer, to both sides, near and far", (_, codec) => {
  const { write, parse, fields } = codec;
  for (const make of [(size: number) => new Uint8Array(size), (size: number) => Buffer.alloc(size)]) {
    for (const from of places) {
      for (const to of places) {
        const bytes = make(300);
        const whole = parse(bytes.subarray(0, from + write(bytes, from, fields as never)), from);
        const before = flat(whole);
        const length = write(bytes, to, whole as never);
        expect([from, to, flat(parse(bytes.subarray(0, to + length), to))]).toEqual([from, to, before]);
      }
    }
  }
});

test("a frame goes back where it came from: its addresses are views of it", () => {
  const frame = new Uint8Array(60);
  packet.writeEthernet(frame, 0, { destination: two, source: one, type: 0x88b5, payload: payload.subarray(0, 46) });
  packet.writeEthernet(frame, 0, { destination: frame.subarray(6, 12), source: frame.subarray(0, 6), type: 0x88b5 });
  expect(packet.parseEthernet(frame)).toMatchObject({
    destination: one,
    source: two,
    payload: payload.subarray(0, 46),
  });
  packet.writeArp(frame, 0, { operation: 1, ...arp });
  const [sender, target] = [frame.subarray(8, 14), frame.subarray(18, 24)];
  packet.writeArp(frame, 0, { operation: 2, ...arp, senderHardwareAddress: target, targetHardwareAddress: sender });
  expect(packet.parseArp(frame)).toMatchObject({ senderHardwareAddress: two, targetHardwareAddress: one });
});
