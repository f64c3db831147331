// htons and friends, inetPton and friends: Python is the judge.

import { describe, expect, test } from "bun:test";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  htonl,
  htons,
  InetAddress,
  inetAton,
  inetNtoa,
  inetNtop,
  inetPton,
  ntohl,
  ntohs,
} from "../src/index.ts";
import { havePython, Python } from "./support/peers.ts";
import { throwsKind, throwsNaming, wrong } from "./support/throws.ts";

describe("htons, htonl, ntohs, ntohl", () => {
  test("turn the bytes of a number round, on every supported machine", () => {
    expect([htons(0x1234), ntohs(0x1234), htons(80)]).toEqual([0x3412, 0x3412, 0x5000]);
    expect([htonl(0x1234_5678), ntohl(0x1234_5678), htonl(0xff)]).toEqual([0x7856_3412, 0x7856_3412, 0xff00_0000]);
  });

  test("twice is once back, and the result is never negative", () => {
    for (let count = 0; count < 1000; count++) {
      const value = Math.floor(Math.random() * 2 ** 32);
      expect(ntohl(htonl(value))).toBe(value);
      expect(htonl(value)).toBeGreaterThanOrEqual(0);
      expect(ntohs(htons(value & 0xffff))).toBe(value & 0xffff);
    }
  });

  test("what does not fit is a RangeError, what is no number a TypeError", () => {
    for (const convert of [htons, ntohs]) throwsNaming(() => convert(65_536), RangeError, "value");
    for (const convert of [htonl, ntohl]) throwsNaming(() => convert(2 ** 32), RangeError, "value");
    for (const convert of [htons, ntohs, htonl, ntohl]) {
      throwsNaming(() => convert(-1), RangeError, "value");
      throwsNaming(() => convert(0.5), RangeError, "value");
      throwsNaming(() => convert(wrong("1")), TypeError, "value");
    }
  });
});

describe("inetPton, inetNtop, inetAton, inetNtoa", () => {
  test("go there and back", () => {
    expect([...inetPton(AF_INET, "192.0.2.1")]).toEqual([192, 0, 2, 1]);
    expect(inetNtop(AF_INET6, inetPton(AF_INET6, "2001:DB8:0:0::1"))).toBe("2001:db8::1");
    expect(inetNtoa(inetAton("127.1"))).toBe("127.0.0.1");
  });

  test("inetPton is strict: no leading zeros, no zone, no parts left out", () => {
    for (const text of ["127.1", "01.2.3.4", "1.2.3.4 ", "", "1.2.3.256", "::1"]) {
      throwsNaming(() => inetPton(AF_INET, text), TypeError, "text");
    }
    for (const text of ["fe80::1%lo", "1.2.3.4", ":::", "[::1]", "1::2::3"]) {
      throwsNaming(() => inetPton(AF_INET6, text), TypeError, "text");
    }
  });

  const lenient = ["1.2.3.4", "127.1", "1.2.3", "0x7f.1", "017.1", "4294967295", "1.2.3.4 x", "0", "1.65536"];
  const refused = ["", " 1.2.3.4", "08", "1.2.3.256", "4294967296", "1.2.3.4.5", "x", "1..2"];
  test.skipIf(!havePython)("inetAton takes and refuses what Python does (needs python3)", async () => {
    await using python = new Python(
      `
import json
for text in json.loads(sys.argv[1]):
    try: say(inet_aton(text).hex())
    except OSError: say("no")`,
      JSON.stringify([...lenient, ...refused]),
    );
    for (const text of lenient) expect(inetAton(text).toHex()).toBe(await python.line());
    for (const text of refused) {
      throwsNaming(() => inetAton(text), TypeError, "text");
      expect(await python.line()).toBe("no");
    }
  });

  test("wrong lengths are a RangeError that says how many bytes there must be", () => {
    throwsNaming(() => inetNtop(AF_INET, new Uint8Array(16)), RangeError, "4 bytes");
    throwsNaming(() => inetNtop(AF_INET6, new Uint8Array(4)), RangeError, "16 bytes");
    throwsNaming(() => inetNtoa(new Uint8Array(0)), RangeError, "4 bytes");
    throwsNaming(() => inetNtop(AF_INET, wrong([1, 2, 3, 4])), TypeError, "bytes");
  });

  test("another family is not supported", () => {
    throwsKind(() => inetPton(AF_UNIX, "x"), "not-supported");
    throwsKind(() => inetNtop(AF_UNIX, new Uint8Array(4)), "not-supported");
    throwsNaming(() => inetPton(wrong(undefined), "x"), TypeError, "family");
  });

  test("they and InetAddress agree on random addresses", () => {
    for (let count = 0; count < 10_000; count++) {
      const bytes = crypto.getRandomValues(new Uint8Array(count % 2 === 0 ? 4 : 16));
      for (let index = 0; index < bytes.length; index++) if (Math.random() < 0.5) bytes[index] = 0;
      const family = bytes.length === 4 ? AF_INET : AF_INET6;
      const text = inetNtop(family, bytes);
      expect(text).toBe(InetAddress.fromBytes(bytes).toString());
      expect(inetPton(family, text)).toEqual(bytes);
    }
  });
});
