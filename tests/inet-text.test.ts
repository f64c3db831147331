// What glibc's inet_pton(3), inet_aton(3) and inet_ntop(3) do, src/address/inet-text.ts does, input by input. The few
// written cases stand for themselves on every OS; the many random ones are asked of the real libc by a C program.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { formatIPv4, formatIPv6, parseIPv4, parseIPv4Lenient, parseIPv6 } from "../src/address/inet-text.ts";
import { compileC, haveCC } from "./support/c.ts";
import { random } from "./support/random.ts";

setDefaultTimeout(30_000); // of work, not of waiting: there may be machines that are slow, or busy

const SEED = 0x1e7_5eed;
const CASES = 240_000;

const hex = (bytes: Uint8Array | undefined): string => bytes?.toHex() ?? "-";

describe("parseIPv4", () => {
  test.each([
    ["0.0.0.0", "00000000"],
    ["127.0.0.1", "7f000001"],
    ["255.255.255.255", "ffffffff"],
  ])("takes %p", (text, bytes) => expect(hex(parseIPv4(text))).toBe(bytes));

  test.each(["", ".", "1.2.3", "1.2.3.4.", ".1.2.3.4", "1..3.4", "1.2.3.4.5", "256.0.0.1", "01.2.3.4", "1.2.3.00"])(
    "refuses %p",
    (text) => expect(parseIPv4(text)).toBeUndefined(),
  );

  test.each(["0x7f.0.0.1", "127.1", " 1.2.3.4", "1.2.3.4 ", "1.2.3.4:5", "+1.2.3.4", "1.2.3.4\0", "１.2.3.4"])(
    "refuses %p",
    (text) => expect(parseIPv4(text)).toBeUndefined(),
  );
});

describe("parseIPv4Lenient", () => {
  test.each([
    ["127.1", "7f000001"],
    ["1.2.65535", "0102ffff"],
    ["1.16777215", "01ffffff"],
    ["4294967295", "ffffffff"],
    ["0x7f000001", "7f000001"],
    ["0X7F.0377.010.1", "7fff0801"],
    ["00000000000000000000001", "00000001"],
    ["1.2.3.4 and anything else", "01020304"],
    ["1.2.3.4\v", "01020304"],
  ])("takes %p", (text, bytes) => expect(hex(parseIPv4Lenient(text))).toBe(bytes));

  test.each(["", " 1.2.3.4", "08", "0x", "0x.1", "1.", "1.2.3.4.", "1.2.3.4.5", "256.1", "1.2.65536", "1.16777216"])(
    "refuses %p",
    (text) => expect(parseIPv4Lenient(text)).toBeUndefined(),
  );

  test.each(["4294967296", "99999999999999999999999", "-1", "+1", "1.2.3.4x", "1.2.3.4\u00a0", "1.2.3.4\0", "1 \0"])(
    "refuses %p",
    (text) => expect(parseIPv4Lenient(text)).toBeUndefined(),
  );
});

describe("parseIPv6", () => {
  test.each([
    ["::", "00000000000000000000000000000000"],
    ["::1", "00000000000000000000000000000001"],
    ["1::", "00010000000000000000000000000000"],
    ["fE80::aB:1", "fe8000000000000000000000" + "00ab0001"],
    ["1:2:3:4:5:6:7:8", "00010002000300040005000600070008"],
    ["1:2:3:4:5:6:7::", "00010002000300040005000600070000"],
    ["::2:3:4:5:6:7:8", "00000002000300040005000600070008"],
    ["::ffff:1.2.3.4", "00000000000000000000ffff01020304"],
    ["1:2:3:4:5:6:1.2.3.4", "00010002000300040005000601020304"],
    ["1:2:3:4:5::1.2.3.4", "00010002000300040005000001020304"],
  ])("takes %p", (text, bytes) => expect(hex(parseIPv6(text))).toBe(bytes));

  test.each(["", ":", ":::", "::1:", ":1::", "1::2::3", "::12345", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "::g"])(
    "refuses %p",
    (text) => expect(parseIPv6(text)).toBeUndefined(),
  );

  test.each(["1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "1:2:3:4::5:6:7:8", "1:2:3:4:5:6::1.2.3.4"])(
    "refuses %p: nothing is left for the double colon",
    (text) => expect(parseIPv6(text)).toBeUndefined(),
  );

  test.each(["1.2.3.4", "1.2.3.4::", "::1.2.3", "::1.2.3.04", "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", "::a.1.1.1"])(
    "refuses %p",
    (text) => expect(parseIPv6(text)).toBeUndefined(),
  );

  test.each(["fe80::1%eth0", "[::1]", " ::1", "::1 ", "::1/128", "::1\0"])("refuses %p", (text) =>
    expect(parseIPv6(text)).toBeUndefined(),
  );
});

describe("formatIPv4 and formatIPv6", () => {
  test("write IPv4", () => expect(formatIPv4(Uint8Array.of(127, 0, 0, 1))).toBe("127.0.0.1"));

  test.each([
    ["0:0:0:0:0:0:0:0", "::"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["0:0:0:0:0:0:0:100", "::100"],
    ["0:0:0:0:0:0:102:304", "::1.2.3.4"],
    ["0:0:0:0:0:0:1:0", "::0.1.0.0"],
    ["0:0:0:0:0:ffff:102:304", "::ffff:1.2.3.4"],
    ["0:0:0:0:0:fffe:102:304", "::fffe:102:304"],
    ["1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"],
    ["0:1:0:0:2:0:0:3", "0:1::2:0:0:3"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["ABCD:0:0:0:0:0:0:0", "abcd::"],
  ])("write %p as %p", (text, written) => expect(formatIPv6(parseIPv6(text)!)).toBe(written));

  test("write from an offset", () => {
    const bytes = Uint8Array.of(9, 9, ...parseIPv6("1::2")!, 9);
    expect(formatIPv6(bytes, 2)).toBe("1::2");
    expect(formatIPv4(bytes, 14)).toBe("0.0.0.2");
  });

  test("refuse to read past the end", () => {
    const message = /bytes must hold 4 bytes at offset 1; its length is 4/;
    expect(() => formatIPv4(new Uint8Array(4), 1)).toThrow(message);
    expect(() => formatIPv6(new Uint8Array(15))).toThrow(RangeError);
    expect(() => formatIPv6(new Uint8Array(32), -1)).toThrow(RangeError);
    expect(() => formatIPv6(new Uint8Array(32), Number.NaN)).toThrow(RangeError);
  });
});

test("bytes are on an ArrayBuffer of their own", () => {
  expect(parseIPv4("1.2.3.4")!.buffer.byteLength).toBe(4);
  expect(parseIPv4Lenient("1")!.buffer.byteLength).toBe(4);
  expect(parseIPv6("::")!.buffer.byteLength).toBe(16);
});

test(`what is written is read back (seed ${SEED})`, () => {
  const source = random(SEED);
  for (let round = 0; round < 50_000; round++) {
    const bytes = sparse(source.bytes(16));
    expect(hex(parseIPv6(formatIPv6(bytes)))).toBe(hex(bytes));
    const text = formatIPv4(bytes, 12);
    expect(hex(parseIPv4(text))).toBe(hex(bytes.subarray(12)));
    expect(hex(parseIPv4Lenient(text))).toBe(hex(bytes.subarray(12)));
  }

  /** Half of all groups zero, so that there are runs to find; sometimes the prefix of a v4-mapped address. */
  function sparse(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    for (let group = 0; group < 8; group++) if (source.int(2) === 0) bytes.fill(0, group * 2, group * 2 + 2);
    if (source.int(4) === 0) bytes.fill(0, 0, 10).fill(source.pick([0, 0xff]), 10, 12);
    return bytes;
  }
});

// -------------------------------------------------------------------------------------------- against the real libc

// Reads "t HEX" (a text) and "b HEX" (16 bytes) a line; answers with what libc makes of it. "-" is a refusal.
const ORACLE = `
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static void answer(const unsigned char *bytes, int size, char end) {
  if (size == 0) putchar('-');
  for (int i = 0; i < size; i++) printf("%02x", bytes[i]);
  putchar(end);
}

int main(int argc, char **argv) {
#ifdef __GLIBC__
  if (argc > 1) return puts("glibc") < 0;
#else
  if (argc > 1) return puts("another libc") < 0;
#endif
  (void)argv;
  static char line[4096];
  while (fgets(line, sizeof line, stdin)) {
    unsigned char data[2048] = {0}, bytes[16];
    char text[64];
    unsigned int byte;
    for (int i = 0; sscanf(line + 2 + 2 * i, "%2x", &byte) == 1; i++) data[i] = (unsigned char)byte;
    if (line[0] == 'b') {
      printf("%s ", inet_ntop(AF_INET, data, text, sizeof text));
      printf("%s\\n", inet_ntop(AF_INET6, data, text, sizeof text));
      continue;
    }
    struct in_addr lenient;
    answer(bytes, inet_pton(AF_INET, (char *)data, bytes) == 1 ? 4 : 0, ' ');
    answer(bytes, inet_pton(AF_INET6, (char *)data, bytes) == 1 ? 16 : 0, ' ');
    int taken = inet_aton((char *)data, &lenient);
    answer((unsigned char *)&lenient, taken ? 4 : 0, '\\n');
  }
  return 0;
}
`;

const oracle = haveCC && process.platform === "linux" ? compileC(ORACLE) : undefined;
const glibc = oracle !== undefined && Bun.spawnSync([oracle, "name"]).stdout.toString() === "glibc\n";
const unless = glibc ? "" : haveCC ? " (skipped: this libc is not glibc)" : " (skipped: no cc)";

describe.skipIf(!glibc)(`the same answers as glibc, seed ${SEED}${unless}`, () => {
  test(`to ${CASES} texts, near-valid and random`, () => {
    // inputs that are all refused, or all taken, would prove little
    for (const count of compare([...inputs(CASES)])) expect(count / CASES).toBeWithin(0.05, 0.5);
  });

  test("to 60000 addresses", () => {
    const source = random(SEED + 1);
    const addresses = Array.from({ length: 60_000 }, () => {
      const bytes = source.bytes(16);
      for (let group = 0; group < 8; group++) {
        const value = source.pick([undefined, 0, 0, 0, 0xffff, 1, 0x10, 0x100]);
        if (value !== undefined) new DataView(bytes.buffer).setUint16(group * 2, value);
      }
      return source.int(4) === 0 ? bytes.fill(0, 0, source.int(17)) : bytes;
    });
    const answers = ask(addresses.map((bytes) => `b ${hex(bytes)}`));
    for (const [index, bytes] of addresses.entries()) {
      const found = `${formatIPv4(bytes)} ${formatIPv6(bytes)}`;
      const expected = answers[index]!;
      if (found !== expected) expect({ bytes: hex(bytes), text: found }).toEqual({ bytes: hex(bytes), text: expected });
    }
  });

  test("to every text of up to four characters that addresses are made of", () => {
    const alphabet = [..."01689afgxX:. \t"];
    let texts = [""];
    const all = [""];
    for (let length = 1; length <= 4; length++) {
      texts = texts.flatMap((text) => alphabet.map((character) => text + character));
      all.push(...texts);
    }
    compare(all);
  });

  /** Asks for each text what it is to inet_pton (IPv4, IPv6) and inet_aton, and counts how many each of them takes. */
  function compare(texts: readonly string[]): readonly number[] {
    const taken = [0, 0, 0];
    const answers = ask(texts.map((text) => `t ${Buffer.from(text).toString("hex")}`));
    for (const [index, text] of texts.entries()) {
      // the one difference: C does not see what comes after a NUL, we refuse it
      const expected = text.includes("\0") ? "- - -" : answers[index]!;
      const found = `${hex(parseIPv4(text))} ${hex(parseIPv6(text))} ${hex(parseIPv4Lenient(text))}`;
      if (found !== expected) expect({ text, bytes: found }).toEqual({ text, bytes: expected });
      for (const [kind, bytes] of expected.split(" ").entries()) if (bytes !== "-") taken[kind]!++;
    }
    return taken;
  }
});

function ask(lines: readonly string[]): string[] {
  const { stdout, exitCode } = Bun.spawnSync([oracle!], { stdin: Buffer.from(`${lines.join("\n")}\n`) });
  expect(exitCode).toBe(0);
  const answers = stdout.toString().trimEnd().split("\n");
  expect(answers.length).toBe(lines.length);
  return answers;
}

/** Texts by grammar, the same with a few random changes, and plain noise. */
function* inputs(count: number): Generator<string> {
  const source = random(SEED + 2);
  const { int, pick } = source;
  const alphabet = [..."0123456789abcdefABCDEF:.%/ x\0", ..."gXo-+\t\n\v\f\r\u0085\u00a0é１ı"];
  const some = (least: number, most: number, make: () => string): string[] =>
    Array.from({ length: least + int(most - least + 1) }, make);

  const group = (): string => {
    const text = int(pick([2, 0x100, 0x10000, 0x10000, 0x12000])).toString(16);
    return pick([text, text, text.toUpperCase(), text.padStart(4, "0"), text.padStart(1 + int(5), "0")]);
  };
  const part = (): string => String(int(pick([2, 10, 256, 256, 256, 260])));
  const dotted = (): string => Array.from({ length: pick([4, 4, 4, 4, 3, 5]) }, part).join(".");
  const ipv6 = (): string => {
    const tail = int(3) === 0 ? [dotted()] : [];
    const wanted = tail.length === 0 ? 8 : 6;
    if (int(3) === 0) return [...some(wanted - (int(4) === 0 ? 1 : 0), wanted, group), ...tail].join(":");
    const groups = some(0, wanted, group);
    const cut = int(groups.length + 1);
    return `${groups.slice(0, cut).join(":")}::${[...groups.slice(cut), ...tail].join(":")}`;
  };
  const number = (limit: number): string => {
    const value = Math.floor((int(2 ** 32) / 2 ** 32) * limit * pick([1, 1, 1, 1.01])) + pick([0, 0, 0, -1, 1]);
    const radix = pick([8, 10, 10, 16]);
    const prefix = radix === 8 ? "0" : radix === 16 ? pick(["0x", "0X"]) : "";
    return prefix + "0".repeat(radix !== 10 && int(8) === 0 ? int(24) : 0) + value.toString(radix);
  };
  const lenient = (): string => {
    const parts = 1 + int(4);
    const last = pick([256 ** (5 - parts), 256 ** (5 - parts), 256]);
    const text = [...Array.from({ length: parts - 1 }, () => number(256)), number(last)].join(".");
    return int(4) === 0 ? text + pick([" ", "\t", "\n", "\v", "\f", "\r", " x", " \0", "é"]) + noise(3) : text;
  };
  const noise = (length: number): string => some(0, length, () => pick(alphabet)).join("");
  const change = (text: string): string => {
    const at = int(text.length + 1);
    const [before, after] = [text.slice(0, at), text.slice(at)];
    return pick([
      () => before + pick(alphabet) + after,
      () => before + after.slice(1),
      () => before + pick(alphabet) + after.slice(1),
      () => before + pick([":", ".", "::", "%eth0", "/64", "0", "ffff"]) + after,
      () => before + after + after,
      () => before,
      () => after + before,
      () => before + after.slice(1, 2) + after.slice(0, 1) + after.slice(2),
    ])();
  };

  for (let made = 0; made < count; made++) {
    let text = pick([dotted, ipv6, ipv6, lenient, lenient])();
    const kind = int(10);
    if (kind === 0) text = noise(pick([4, 8, 16, 45]));
    else if (kind < 5) for (let changes = 1 + int(3); changes > 0; changes--) text = change(text);
    yield text;
  }
}
