// Capture files, read by others: tcpdump or tshark where there is one, and Python's struct.

import { describe, expect, test } from "bun:test";
import { PcapngWriter } from "../src/packet.ts";
import { Folder } from "./support/sockets.ts";
import { throwsNaming, wrong } from "./support/throws.ts";

const frame = Uint8Array.fromHex(
  "ffffffffffff020000000001080045000021000040004011b6c8c0000201c00002020035003500 0d0000".replaceAll(" ", "") +
    "68656c6c6f",
);
const at = 1_795_234_113_503_987_195n;

/** Every kind of block there is. */
function fill(writer: PcapngWriter): void {
  writer.addInterface({
    name: "eth0",
    description: "first",
    comment: "c",
    os: "Linux",
    hardwareAddress: Uint8Array.fromHex("020000000001"),
    speed: 10_000_000_000n,
    snapLength: 262_144,
  });
  expect(writer.addInterface({ linkType: 101 })).toBe(1);
  for (let size = 0; size < 8; size++) {
    writer.writePacket({
      bytes: frame.subarray(0, 42 - size),
      length: frame.length,
      epochNanoseconds: at + BigInt(size),
    });
  }
  writer.writePacket({ bytes: frame, epochNanoseconds: at }, { comment: "größer", direction: "inbound", dropCount: 3 });
  writer.writePacket(
    { bytes: frame.subarray(14), epochNanoseconds: 2n ** 64n - 1n },
    { interface: 1, direction: "outbound" },
  );
  writer.writeStatistics({ epochNanoseconds: at, received: 10n, dropped: 3 });
}

test("a tag that was taken out of a frame is put back behind its addresses", () => {
  const writer = new PcapngWriter();
  writer.addInterface();
  writer.addInterface({ linkType: 101 });
  writer.take();
  const vlan = { tpid: 0x8100, priority: 5, dropEligible: false, id: 100 };
  writer.writePacket({ bytes: frame.subarray(0, 20), length: 47, epochNanoseconds: at, vlan });
  const block = writer.take();
  const view = new DataView(block.buffer);
  expect([view.getUint32(20, true), view.getUint32(24, true)]).toEqual([24, 51]);
  expect(block.subarray(28, 52).toHex()).toBe("ffffffffffff0200000000018100a06408004500" + "00210000");
  writer.writePacket({ bytes: frame.subarray(14), epochNanoseconds: at, vlan }, { interface: 1 });
  expect(new DataView(writer.take().buffer).getUint32(20, true)).toBe(frame.length - 14);
  throwsNaming(
    () => writer.writePacket({ bytes: frame.subarray(0, 11), epochNanoseconds: at, vlan }),
    RangeError,
    "frame",
  );
});

function file(): Uint8Array<ArrayBuffer> {
  const writer = new PcapngWriter(undefined, { hardware: "test", os: "Linux", comment: "a file" });
  fill(writer);
  return writer.take();
}

// An independent reader: prints blocks as JSON, one a line.
const READER = `
import json, struct, sys
data = sys.stdin.buffer.read()
at = 0
while at < len(data):
    kind, length = struct.unpack_from("<II", data, at)
    assert length % 4 == 0 and struct.unpack_from("<I", data, at + length - 4)[0] == length, (at, length)
    body = data[at + 8 : at + length - 4]
    block = {"kind": kind}
    if kind == 0x0A0D0D0A:
        magic, major, minor, size = struct.unpack_from("<IHHq", body)
        block.update(magic=magic, version=[major, minor], size=size); rest = body[16:]
    elif kind == 1:
        link, reserved, snap = struct.unpack_from("<HHI", body)
        block.update(link=link, snap=snap); rest = body[8:]
    elif kind == 6:
        interface, high, low, captured, original = struct.unpack_from("<IIIII", body)
        block.update(interface=interface, time=str(high << 32 | low), length=original, bytes=body[20 : 20 + captured].hex())
        rest = body[20 + (captured + 3) // 4 * 4 :]
    else:
        interface, high, low = struct.unpack_from("<III", body)
        block.update(interface=interface, time=str(high << 32 | low)); rest = body[12:]
    options, place = {}, 0
    while place < len(rest):
        code, size = struct.unpack_from("<HH", rest, place)
        if code == 0:
            assert place + 4 == len(rest)
            break
        options[code] = rest[place + 4 : place + 4 + size].hex()
        place += 4 + (size + 3) // 4 * 4
    block["options"] = options
    print(json.dumps(block))
    at += length
`;

interface Block {
  readonly kind: number;
  readonly options: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

const text = (value: string): string => Buffer.from(value).toString("hex");
const python = Bun.which("python3");

describe.skipIf(python === null)(`read by Python's struct${python === null ? " (no python3)" : ""}`, () => {
  const read = (bytes: Uint8Array): Block[] => {
    const { stdout, stderr } = Bun.spawnSync([python!, "-c", READER], { stdin: bytes });
    expect(stderr.toString()).toBe("");
    return stdout
      .toString()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Block);
  };

  test("every block and every option", () => {
    const [section, first, second, ...packets] = read(file());
    expect(section).toMatchObject({ kind: 0x0a0d0d0a, magic: 0x1a2b3c4d, version: [1, 0], size: -1 });
    expect(section!.options).toEqual({ 1: text("a file"), 2: text("test"), 3: text("Linux"), 4: text("berkeley") });
    expect(first).toMatchObject({ kind: 1, link: 1, snap: 262_144 });
    const speed = "00e40b5402000000";
    const named = {
      1: text("c"),
      2: text("eth0"),
      3: text("first"),
      6: "020000000001",
      8: speed,
      9: "09",
      12: text("Linux"),
    };
    expect(first!.options).toEqual(named);
    expect(second).toMatchObject({ kind: 1, link: 101, options: { 9: "09" } });
    const statistics = packets.pop()!;
    expect(statistics).toEqual({
      kind: 5,
      interface: 0,
      time: `${at}`,
      options: { 4: "0a00000000000000", 5: "0300000000000000" },
    });
    expect(packets.map(({ time }) => time)).toEqual([
      ...Array.from({ length: 8 }, (_, size) => `${at + BigInt(size)}`),
      `${at}`,
      `${2n ** 64n - 1n}`,
    ]);
    packets.slice(0, 8).forEach((packet, size) => {
      expect(packet).toMatchObject({
        kind: 6,
        interface: 0,
        length: frame.length,
        bytes: frame.subarray(0, 42 - size).toHex(),
      });
    });
    expect(packets[8]!.options).toEqual({ 1: text("größer"), 2: "01000000", 4: "0300000000000000" });
    expect(packets[9]).toMatchObject({ interface: 1, bytes: frame.subarray(14).toHex(), options: { 2: "02000000" } });
  });

  test("through the writer of a Bun.file", async () => {
    using folder = new Folder();
    const path = folder.file("capture.pcapng");
    const sink = Bun.file(path).writer({ highWaterMark: 64 });
    fill(new PcapngWriter(sink, { hardware: "test", os: "Linux", comment: "a file" }));
    await sink.end();
    expect(await Bun.file(path).bytes()).toEqual(file());
  });
});

const reader = Bun.which("tcpdump") ?? Bun.which("tshark");

test.skipIf(reader === null)(`read by tcpdump or tshark${reader === null ? " (needs one of them)" : ""}`, async () => {
  using folder = new Folder();
  const path = folder.file("capture.pcapng");
  const writer = new PcapngWriter();
  writer.addInterface({ name: "eth0" });
  writer.writePacket({ bytes: frame, epochNanoseconds: at });
  await Bun.write(path, writer.take());
  const { exitCode, stdout } = Bun.spawnSync([reader!, "-n", "-r", path]);
  expect(exitCode).toBe(0);
  expect(stdout.toString()).toContain("192.0.2.1");
});

test("wrong arguments are named", () => {
  throwsNaming(() => new PcapngWriter(wrong({})), TypeError, "sink");
  throwsNaming(() => new PcapngWriter(undefined, { os: wrong(7) }), TypeError, "os");
  throwsNaming(() => new PcapngWriter(undefined, { comment: "x".repeat(65_536) }), RangeError, "comment");
  const packet = { bytes: frame, epochNanoseconds: at };
  throwsNaming(() => new PcapngWriter().writePacket(packet), RangeError, "addInterface");
  const writer = new PcapngWriter();
  writer.addInterface();
  throwsNaming(() => writer.writePacket(packet, { interface: 1 }), RangeError, "interface");
  throwsNaming(() => writer.writePacket({ ...packet, length: 10 }), RangeError, "length");
  throwsNaming(() => writer.writePacket({ ...packet, bytes: wrong("x") }), TypeError, "bytes");
  throwsNaming(() => writer.writePacket({ ...packet, epochNanoseconds: -1n }), RangeError, "epochNanoseconds");
  throwsNaming(() => writer.writePacket({ ...packet, epochNanoseconds: 2n ** 64n }), RangeError, "epochNanoseconds");
  throwsNaming(() => writer.writePacket(packet, { direction: wrong("up") }), TypeError, "direction");
  throwsNaming(() => writer.writePacket(packet, { dropCount: -1 }), RangeError, "dropCount");
  throwsNaming(() => writer.addInterface({ linkType: 65_536 }), RangeError, "linkType");
  throwsNaming(() => writer.addInterface({ hardwareAddress: frame }), RangeError, "hardwareAddress");
  throwsNaming(() => new PcapngWriter({ write: () => 0 }).take(), TypeError, "sink");
});
