// The internet checksum against its definition, against C, and against what the kernel puts into packets.

import { describe, expect, test } from "bun:test";
import { checksum, checksumSum, pseudoHeaderSum, updateChecksum } from "../src/packet.ts";
import { compileC, haveCC } from "./support/c.ts";
import { random } from "./support/random.ts";
import { throwsNaming, wrong } from "./support/throws.ts";

/** RFC 1071 section 4.1, word for word. */
function defined(bytes: Uint8Array, start: number, end: number, initial = 0): number {
  let sum = initial;
  for (let at = start; at < end; at += 2) sum += bytes[at]! * 256 + (at + 1 < end ? bytes[at + 1]! : 0);
  while (sum > 0xffff) sum = (sum % 65_536) + Math.floor(sum / 65_536);
  return sum;
}

test("the example of RFC 1071 section 3", () => {
  expect(checksumSum(Uint8Array.fromHex("0001f203f4f5f6f7"))).toBe(0xddf2);
  expect(checksum(Uint8Array.fromHex("0001f203f4f5f6f7"))).toBe(0xffff - 0xddf2);
});

test("every range of a buffer, short and long, at every alignment", () => {
  const { int, bytes } = random(1);
  const whole = bytes(5000);
  for (let turn = 0; turn < 20_000; turn++) {
    const shift = int(8);
    const view = whole.subarray(shift, shift + 1500 + int(3000));
    const start = int(view.length);
    const end = start + int(view.length - start + 1);
    const initial = int(65_536);
    if (checksumSum(view, start, end, initial) !== defined(view, start, end, initial)) {
      throw new Error(`differs: ${JSON.stringify({ turn, shift, start, end, initial })}`);
    }
  }
});

test("all ones, zeros and huge ranges carry all the way", () => {
  for (const size of [0, 1, 2, 3, 511, 512, 1001, 65_535, (1 << 23) + 3]) {
    const ones = new Uint8Array(new ArrayBuffer(size)).fill(0xff);
    expect([size, checksumSum(ones)]).toEqual([size, defined(ones, 0, size)]);
    expect(checksumSum(new Uint8Array(new ArrayBuffer(size)))).toBe(0);
  }
});

test("in pieces as in one", () => {
  const data = random(2).bytes(3001);
  for (const cut of [0, 2, 510, 1024, 2998, 3000]) {
    expect(checksumSum(data, cut, 3001, checksumSum(data, 0, cut))).toBe(checksumSum(data));
  }
});

test("a range that holds its own checksum gives 0", () => {
  const data = random(3).bytes(1500);
  data[100] = data[101] = 0;
  new DataView(data.buffer).setUint16(100, checksum(data));
  expect(checksum(data)).toBe(0);
});

test("a changed field: RFC 1624 section 4, and random ones", () => {
  expect(updateChecksum(0xdd2f, 0x5555, 0x3285)).toBe(0x0000);
  const { int, bytes } = random(4);
  for (let turn = 0; turn < 10_000; turn++) {
    const data = bytes(40);
    const before = checksum(data);
    const [old, next] = [(data[8]! << 8) | data[9]!, int(65_536)];
    data[8] = next >> 8;
    data[9] = next;
    expect(updateChecksum(before, old, next)).toBe(checksum(data));
  }
});

test("the memory of small views stays where it is, and shared memory may be summed", () => {
  const shared = new Uint8Array(new SharedArrayBuffer(2000)).fill(7);
  expect(checksumSum(shared)).toBe(defined(shared, 0, 2000));
  expect(checksumSum(new Uint8Array(600).fill(7))).toBe(defined(new Uint8Array(600).fill(7), 0, 600));
});

test("wrong arguments are named", () => {
  const data = new Uint8Array(10);
  throwsNaming(() => checksum(wrong([1, 2])), TypeError, "bytes");
  throwsNaming(() => checksum(data, 0, 11), RangeError, "end");
  throwsNaming(() => checksum(data, 6, 5), RangeError, "start");
  throwsNaming(() => checksum(data, -1), RangeError, "start");
  throwsNaming(() => checksum(data, 0, 10, 65_536), RangeError, "initial");
  throwsNaming(() => pseudoHeaderSum("::1", "127.0.0.1", 6, 20), TypeError, "one family");
  throwsNaming(() => pseudoHeaderSum("localhost", "127.0.0.1", 6, 20), TypeError, "source");
  throwsNaming(() => pseudoHeaderSum("127.0.0.1", "127.0.0.1", 256, 20), RangeError, "protocol");
  throwsNaming(() => pseudoHeaderSum("127.0.0.1", "127.0.0.1", 6, 65_536), RangeError, "length");
  throwsNaming(() => updateChecksum(0, 65_536, 0), RangeError, "before");
});

describe("against C", () => {
  // RFC 1071 section 4.1, on host words; each line of input is hex
  const source = `
    #include <stdint.h>
    #include <stdio.h>
    #include <string.h>
    int main(void) {
      static char line[8192]; static unsigned char data[4096];
      while (fgets(line, sizeof line, stdin)) {
        size_t n = strcspn(line, "\\n") / 2; uint32_t sum = 0; uint16_t word;
        for (size_t i = 0; i < n; i++) { unsigned byte; sscanf(line + 2 * i, "%2x", &byte); data[i] = byte; }
        data[n] = 0;
        for (size_t i = 0; i < n; i += 2) { memcpy(&word, data + i, 2); sum += word; }
        while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
        word = ~sum; memcpy(data, &word, 2);
        printf("%u\\n", data[0] << 8 | data[1]);
      }
    }`;

  test.skipIf(!haveCC)(haveCC ? "random packets" : "random packets (no C compiler)", () => {
    const { int, bytes } = random(5);
    const packets = Array.from({ length: 500 }, () => bytes(int(1600)));
    const stdin = Buffer.from(packets.map((packet) => `${packet.toHex()}\n`).join(""));
    const { stdout } = Bun.spawnSync([compileC(source)], { stdin });
    expect(packets.map((packet) => checksum(packet))).toEqual(stdout.toString().trim().split("\n").map(Number));
  });
});
