// Options of TCP and IPv4, and what is written into capture files: random ones, read, written and read again. BERKELEY_CASES says
// how many.

import { expect, test } from "bun:test";
import { parseIPv4Options, parseTcpOptions, encodeTcpOptions, PcapngWriter, type TcpOptions } from "../src/packet.ts";
import { random } from "./support/random.ts";

const TIMES = Number(process.env["BERKELEY_CASES"] ?? 200_000);
const GUARD = 8;

/** Views as text, so that two can be compared. */
function flat(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => (inner instanceof Uint8Array ? inner.toHex() : inner));
}

/** Random options: types and lengths that are often right, with 0x5a around them. */
function* hostile(seed: number): Generator<Uint8Array<ArrayBuffer>> {
  const { int, pick } = random(seed);
  const memory = new Uint8Array(new ArrayBuffer(GUARD + 48 + GUARD));
  const lengths: Readonly<Record<number, number>> = { 2: 4, 3: 3, 4: 2, 5: 10, 8: 10 };
  for (let turn = 0; turn < TIMES; turn++) {
    memory.fill(0x5a);
    const size = int(45);
    const bytes = memory.subarray(GUARD, GUARD + size);
    for (let at = 0; at < size;) {
      const type = pick([0, 1, 1, 2, 3, 4, 5, 5, 8, 30, int(256)]);
      const length = int(12) === 0 ? int(256) : (lengths[type] ?? 2 + int(6));
      bytes[at] = type;
      if (type > 1 && at + 1 < size) bytes[at + 1] = length;
      for (let data = at + 2; data < Math.min(at + length, size); data++) bytes[data] = int(256);
      at += type > 1 ? Math.max(length, 1) : 1;
    }
    yield bytes;
  }
}

test("options of TCP: nothing outside is read, and what was read comes back", () => {
  let whole = 0;
  let long = 0;
  for (const bytes of hostile(1)) {
    const options = parseTcpOptions(bytes);
    if (options === undefined) continue;
    whole++;
    for (const { data } of options.others ?? []) {
      if (data.byteOffset < GUARD || data.byteOffset + data.length > GUARD + bytes.length) throw new Error("outside");
    }
    let written: Uint8Array;
    try {
      written = encodeTcpOptions(options);
    } catch (error) {
      if (!(error instanceof RangeError) || !error.message.includes("40 bytes")) throw error;
      long++; // 44 bytes of them, which a header cannot have
      continue;
    }
    if (written.length % 4 !== 0) throw new Error(`not padded: ${written.toHex()}`);
    const again = parseTcpOptions(written) as TcpOptions;
    const [before, after] = [flat(Object.entries(options).toSorted()), flat(Object.entries(again).toSorted())];
    if (before !== after) throw new Error(`${bytes.toHex()} became ${written.toHex()}: ${before}, ${after}`);
  }
  expect(whole).toBeGreaterThan(TIMES / 20);
  expect(long).toBeLessThan(whole / 2);
}, 60_000);

test("options of IPv4: nothing outside is read, and every byte is in its option", () => {
  let whole = 0;
  for (const bytes of hostile(2)) {
    const options = parseIPv4Options(bytes);
    if (options === undefined) continue;
    whole++;
    let last = GUARD;
    for (const { type, data } of options) {
      const start = data.byteOffset - 2;
      const header = [bytes[start - GUARD], bytes[start - GUARD + 1]];
      if (start < last || data.byteOffset + data.length > GUARD + bytes.length) throw new Error(bytes.toHex());
      if (header[0] !== type || header[1] !== data.length + 2) throw new Error(bytes.toHex());
      last = data.byteOffset + data.length;
    }
  }
  expect(whole).toBeGreaterThan(TIMES / 20);
}, 60_000);

test("blocks of a capture file are whole, padded and in their order, whatever is in them", () => {
  const { int, bytes } = random(3);
  const writer = new PcapngWriter();
  const interfaces = writer.addInterface({ name: "lo" }) + 1;
  writer.take();
  for (let turn = 0; turn < TIMES / 10; turn++) {
    const packet = bytes(int(40));
    const length = packet.length + int(1000);
    const epochNanoseconds = (BigInt(int(2 ** 32)) << 32n) | BigInt(int(2 ** 32));
    const comment = int(3) === 0 ? bytes(int(9)).toHex() : undefined;
    const dropCount = int(3) === 0 ? int(2 ** 32) : undefined;
    writer.writePacket({ bytes: packet, length, epochNanoseconds }, { comment, dropCount, interface: int(interfaces) });
    const block = writer.take();
    const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
    const u32 = (at: number): number => view.getUint32(at, true);
    expect([u32(0), u32(4), u32(block.length - 4), block.length % 4]).toEqual([6, block.length, block.length, 0]);
    expect([(BigInt(u32(12)) << 32n) | BigInt(u32(16)), u32(20), u32(24)]).toEqual([
      epochNanoseconds,
      packet.length,
      length,
    ]);
    const padded = (packet.length + 3) & ~3;
    expect(block.subarray(28, 28 + packet.length)).toEqual(packet);
    expect(block.subarray(28 + packet.length, 28 + padded).every((byte) => byte === 0)).toBe(true);
    const options: [number, Uint8Array][] = [];
    for (let at = 28 + padded; at < block.length - 4;) {
      const [code, size] = [view.getUint16(at, true), view.getUint16(at + 2, true)];
      if (code !== 0) options.push([code, block.subarray(at + 4, at + 4 + size)]);
      at += 4 + ((size + 3) & ~3);
    }
    expect(options.map(([code]) => code)).toEqual([
      ...(comment === undefined ? [] : [1]),
      ...(dropCount === undefined ? [] : [4]),
    ]);
    if (comment !== undefined) expect(Buffer.from(options[0]?.[1] ?? []).toString()).toBe(comment);
    if (dropCount !== undefined) {
      expect(new DataView(options.at(-1)![1].slice().buffer).getBigUint64(0, true)).toBe(BigInt(dropCount));
    }
  }
}, 60_000);
