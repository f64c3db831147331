// Packets, netlink, names and addresses: what is passed wrongly is refused by the name of the argument or the field, never with an
// engine's words, and never taken for something else.

import { describe, expect, test } from "bun:test";
import * as berkeley from "../src/index.ts";
import * as netlink from "../src/netlink.ts";
import * as packet from "../src/packet.ts";
import { thrownBy, throwsNaming, wrong } from "./support/throws.ts";

// what is no object with fields
const odd: readonly unknown[] = [null, true, 7, 1.5, Number.NaN, "x", 5n, Symbol("s"), [], [1], () => 1];
const bytesLike: readonly unknown[] = [new Uint8Array(3), new ArrayBuffer(4), new DataView(new ArrayBuffer(4))];
const notBytes: readonly unknown[] = [...odd, {}, new ArrayBuffer(4), new Map()];

/** Every value is refused with a TypeError or RangeError that has the name in it, and begins with no engine's complaint. */
function refuses(name: string, values: readonly unknown[], call: (value: never) => unknown): void {
  for (const value of values) {
    const error = throwsNaming(() => call(wrong(value)), Error, name);
    expect(error instanceof TypeError || error instanceof RangeError).toBe(true);
    expect(error.message).not.toMatch(/is not (a function|an object|iterable)|destructur|Cannot convert|BigInt/);
  }
}

async function rejects(
  name: string,
  values: readonly unknown[],
  call: (value: never) => Promise<unknown>,
): Promise<void> {
  for (const value of values) {
    const error: unknown = await call(wrong(value)).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).toContain(`${name} must be`);
  }
}

describe("packets", () => {
  const memory = new Uint8Array(100);

  test("ranges and sums of a checksum", () => {
    const numbers = [...odd.filter((value) => value !== 7), {}];
    refuses("start", numbers, (value) => packet.checksum(memory, value));
    refuses("end", numbers, (value) => packet.checksumSum(memory, 0, value));
    refuses("initial", numbers, (value) => packet.checksum(memory, 0, 10, value));
  });

  test("options of TCP, whole, by name, and in a header: a list is none, and neither are bytes of another sort", () => {
    refuses("options", [...odd, ...bytesLike], packet.encodeTcpOptions);
    const fields = { sourcePort: 1, destinationPort: 2, flags: packet.TH_SYN, checksum: 0 };
    refuses("options", [...odd, new ArrayBuffer(4), new DataView(new ArrayBuffer(4))], (options) =>
      packet.writeTcp(memory, 0, { ...fields, options }),
    );
    refuses("timestamps", odd, (timestamps) => packet.encodeTcpOptions({ timestamps }));
    refuses("sack[0]", [undefined, ...odd], (block) => packet.encodeTcpOptions({ sack: [block] }));
    refuses("others", [null, true, 7, "x", {}, new Map()], (others) => packet.encodeTcpOptions({ others }));
    refuses("others[0]", [undefined, ...odd], (other) => packet.encodeTcpOptions({ others: [other] }));
    expect(memory.every((byte) => byte === 0)).toBe(true);
  });

  test("labels of a filter", () => {
    refuses("label", [undefined, null, 7, {}], (name) => packet.assemble([{ label: name }, packet.keep(1)]));
  });

  test("what goes into a capture file", () => {
    refuses("section", odd, (section) => new packet.PcapngWriter(undefined, section));
    const writer = new packet.PcapngWriter();
    refuses("fields", odd, (fields) => writer.addInterface(fields));
    writer.addInterface();
    const whole = { bytes: memory, epochNanoseconds: 0n };
    writer.take();
    refuses("packet", [undefined, ...odd], (given) => writer.writePacket(given));
    refuses("details", odd, (details) => writer.writePacket(whole, details));
    const lengths = [null, "200", [1], 5n, Symbol("s"), Number.NaN, 99, 2 ** 32];
    refuses("length", lengths, (length) => writer.writePacket({ ...whole, length }));
    refuses("statistics", [undefined, ...odd], (statistics) => writer.writeStatistics(statistics));
    expect(writer.take()).toHaveLength(0); // nothing was written
  });

  test.skipIf(process.platform !== "linux")("a ring's options, before it is made (needs Linux)", () => {
    refuses("options", odd, (options) => new packet.CaptureRing(options));
    refuses("filter", [null, true, 7, "x", {}, [], () => 1], (filter) => new packet.CaptureRing({ filter }));
    refuses("fanout", odd, (fanout) => new packet.CaptureRing({ interface: 1, fanout }));
  });
});

describe("netlink", () => {
  test("bytes that are none", () => {
    const { parseAttributes, attributeMap, parseMessages } = netlink;
    for (const parse of [parseAttributes, attributeMap, parseMessages]) refuses("bytes", notBytes, parse);
    const { parseLink, parseLinkAddress, parseRoute, parseTcpSocket } = netlink;
    for (const parse of [parseLink, parseLinkAddress, parseRoute, parseTcpSocket]) refuses("body", notBytes, parse);
    const values = notBytes.filter((value) => value !== undefined);
    for (const read of [netlink.attributeNumber, netlink.attributeText]) refuses("value", values, read);
  });

  test("messages and attributes that are none", () => {
    refuses("fields", [undefined, ...odd], netlink.encodeMessage);
    refuses("attributes", [undefined, ...odd.filter((value) => !Array.isArray(value))], netlink.encodeAttributes);
    refuses("attributes[1]", [undefined, null, 7, "ab", [1], [1, 2, 3], {}, Uint8Array.of(1, 2)], (pair) =>
      netlink.encodeAttributes([[1, 2], pair]),
    );
  });

  test.skipIf(process.platform !== "linux")("options of lists, requests and news (needs Linux)", () => {
    const { listAddresses, listRoutes, listTcpSockets, watchNetwork } = netlink;
    for (const ask of [listAddresses, listRoutes, listTcpSockets, watchNetwork]) refuses("options", odd, ask);
    for (const ask of [listAddresses, listRoutes]) {
      refuses("family", [1, 7, 17, "inet", null], (family) => ask({ family }));
      expect(ask({ family: berkeley.AF_UNSPEC }).length).toBe(ask().length);
    }
    refuses("signal", odd, (signal) => watchNetwork({ signal }));
    using socket = new netlink.NetlinkSocket();
    for (const value of [undefined, ...odd.filter((each) => each !== 7)]) {
      expect(thrownBy(() => socket.request(wrong(value)))).toHaveProperty(
        "message",
        expect.stringContaining("type must"),
      );
    }
    refuses("timeout", [null, true, -1, Number.NaN, "1", 5n, Symbol("s"), []], (timeout) =>
      socket.dump(netlink.RTM_GETLINK, { body: new Uint8Array(16), timeout }),
    );
  });
});

describe("names and addresses", () => {
  test("options that are none", async () => {
    const { getAddressInfo, getAddressInfoAsync, getNameInfoAsync, getHostByNameAsync, getHostByAddressAsync } =
      berkeley;
    refuses("options", odd, (options) => getAddressInfo("127.0.0.1", 1, options));
    await rejects("options", odd, (options) => getAddressInfoAsync("127.0.0.1", 1, options));
    await rejects("options", odd, (options) => getNameInfoAsync("127.0.0.1:1", berkeley.AF_UNSPEC, options));
    await rejects("options", odd, (options) => getHostByNameAsync("127.0.0.1", berkeley.AF_INET, options));
    await rejects("options", odd, (options) => getHostByAddressAsync("127.0.0.1", options));
    await rejects("options", odd, (options) => berkeley.getFullyQualifiedNameAsync("127.0.0.1", options));
    refuses("options", odd, (options) => new berkeley.InetSocketAddress("127.0.0.1", 1, options));
  });

  test("connectHost and bindHost speak of the port, which an empty text is not", () => {
    for (const make of [berkeley.connectHost, berkeley.bindHost]) {
      refuses("options", [undefined, ...odd], make);
      refuses("port", [undefined, null, "", -1, 65_536, "65536", 1.5, "\0", {}, true], (port) =>
        make({ hostname: "127.0.0.1", port }),
      );
    }
  });
});
