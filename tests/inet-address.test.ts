// InetAddress and InetAddressMask: values made of text or bytes, and what can be asked of them.

import { describe, expect, test } from "bun:test";
import { platform } from "../ffi/platform/index.ts";
import { bytesOf, InetAddress } from "../src/address/inet-address.ts";
import { InetAddressMask } from "../src/address/inet-address-mask.ts";
import { random } from "./support/random.ts";

const { AF_INET, AF_INET6, AF_UNIX } = platform.constants;
const parse = InetAddress.parse;
/** What the types forbid, and JavaScript allows. */
const wrong = (value: unknown): never => value as never;

describe("InetAddress.parse", () => {
  test("reads IPv4", () => {
    const address = parse("192.0.2.1");
    expect(address.family).toBe(AF_INET);
    expect(address.zone).toBeUndefined();
    expect([...address.toBytes()]).toEqual([192, 0, 2, 1]);
    expect(address.toString()).toBe("192.0.2.1");
  });

  test("reads IPv6, and writes it as inet_ntop(3) does", () => {
    const address = parse("2001:DB8:0:0:0:0:0:01");
    expect(address.family).toBe(AF_INET6);
    expect(address.toBytes().toHex()).toBe("20010db8000000000000000000000001");
    expect(address.toString()).toBe("2001:db8::1");
    expect(parse("::ffff:1.2.3.4").toString()).toBe("::ffff:1.2.3.4");
  });

  test("keeps a zone: an interface's name as text, its index as a number", () => {
    expect(parse("fe80::1%eth0").zone).toBe("eth0");
    expect(parse("fe80::1%eth0.100").zone).toBe("eth0.100");
    expect(parse("fe80::1%7").zone).toBe(7);
    expect(parse("fe80::1%4294967295").zone).toBe(4294967295);
    expect(parse("fe80::1%4294967296").zone).toBe("4294967296"); // no index: some interface may be called so
    expect(parse("fe80::1%eth0").toString()).toBe("fe80::1%eth0");
    expect(parse("FE80::1%007").toString()).toBe("fe80::1%7");
  });

  test("index 0 is no zone, as in sin6_scope_id", () => {
    expect(parse("fe80::1%0").zone).toBeUndefined();
    expect(parse("fe80::1%0").equals(parse("fe80::1"))).toBe(true);
  });

  test.each([
    ["", "it is empty"],
    ["127.0.0.1\0", "it holds a NUL character"],
    [" 127.0.0.1", "it holds white space"],
    ["::1\n", "it holds white space"],
    ["fe80::1%eth 0", "it holds white space"],
    ["[::1]", "brackets and ports belong to a socket address, give the address alone"],
    ["[::1]:53", "brackets and ports belong to a socket address, give the address alone"],
    ["127.0.0.1:53", "a port belongs to a socket address, give the address alone"],
    ["localhost:53", "a port belongs to a socket address, give the address alone"],
    ["10.0.0.0/8", "a prefix length is for InetAddressMask.parse()"],
    ["127.0.0.1%lo", "only an IPv6 address has a zone"],
    ["fe80::1%", "the zone after % is empty"],
    ["fe80::1%eth0:53", "the zone after % must be an interface name or index, and no port may follow"],
    ["fe80::1%a%b", "the zone after % must be an interface name or index, and no port may follow"],
    ["1::2::3", "it is not IPv6 as inet_pton(3) reads it"],
    ["fe80::g%eth0", "it is not IPv6 as inet_pton(3) reads it"],
    ["127.1", "IPv4 is four decimal parts of 0 to 255 without leading zeros"],
    ["127.0.0.01", "IPv4 is four decimal parts of 0 to 255 without leading zeros"],
    ["256.0.0.1", "IPv4 is four decimal parts of 0 to 255 without leading zeros"],
    ["0x7f.0.0.1", "IPv4 is four decimal parts of 0 to 255 without leading zeros"],
    ["2130706433", "IPv4 is four decimal parts of 0 to 255 without leading zeros"],
    ["localhost", "names are not resolved here: resolve it first, for example with getAddressInfo()"],
    ["www.example.com.", "names are not resolved here: resolve it first, for example with getAddressInfo()"],
    ["bücher.example", "names are not resolved here: resolve it first, for example with getAddressInfo()"],
    ["/run/socket", "a prefix length is for InetAddressMask.parse()"],
    ["*", "it is neither IPv4 nor IPv6"],
  ])("refuses %p: %s", (text, reason) => {
    expect(() => parse(text)).toThrow(
      new TypeError(`text must be an IP address ("192.0.2.1", "fe80::1%eth0"), not ${JSON.stringify(text)}: ${reason}`),
    );
    expect(InetAddress.tryParse(text)).toBeUndefined();
  });

  test("shows only the start of a long text", () => {
    expect(() => parse("a".repeat(100_000))).toThrow(/, not "a{9,99}\.\.\.": names are not resolved here/);
  });

  test.each([
    [undefined, "undefined"],
    [null, "null"],
    [2130706433, "2130706433"],
    [Uint8Array.of(1), "Uint8Array"],
  ])("what is not text is a TypeError, also of tryParse: %p", (value, shown) => {
    const error = new TypeError(`text must be a string, not ${shown}`);
    expect(() => parse(wrong(value))).toThrow(error);
    expect(() => InetAddress.tryParse(wrong(value))).toThrow(error);
  });
});

test("InetAddress.tryParse gives what parse gives", () => {
  expect(InetAddress.tryParse("fe80::1%eth0")?.toString()).toBe("fe80::1%eth0");
  expect(InetAddress.tryParse("1.2.3.4")?.toString()).toBe("1.2.3.4");
});

describe("InetAddress.fromBytes", () => {
  test("takes 4 or 16 bytes, and a zone for IPv6", () => {
    expect(InetAddress.fromBytes(Uint8Array.of(10, 0, 0, 1)).toString()).toBe("10.0.0.1");
    const bytes = parse("fe80::1").toBytes();
    expect(InetAddress.fromBytes(bytes, "eth0").toString()).toBe("fe80::1%eth0");
    expect(InetAddress.fromBytes(bytes, 7).zone).toBe(7);
    expect(InetAddress.fromBytes(bytes, "7").zone).toBe(7);
    expect(InetAddress.fromBytes(bytes, 0).zone).toBeUndefined();
    expect(InetAddress.fromBytes(Buffer.from([1, 2, 3, 4])).toString()).toBe("1.2.3.4");
  });

  test.each([0, 3, 5, 15, 17])("refuses %p bytes", (length) => {
    expect(() => InetAddress.fromBytes(new Uint8Array(length))).toThrow(
      new RangeError(`bytes must be 4 bytes long for IPv4 or 16 for IPv6, not ${length}`),
    );
  });

  test("refuses what is not bytes", () => {
    const error = new TypeError("bytes must be a Uint8Array, not Array");
    expect(() => InetAddress.fromBytes(wrong([1, 2, 3, 4]))).toThrow(error);
  });

  test("refuses a zone that is none", () => {
    const bytes = new Uint8Array(16);
    const index = "zone must be an integer from 0 to 4294967295, not ";
    expect(() => InetAddress.fromBytes(bytes, -1)).toThrow(new RangeError(`${index}-1`));
    expect(() => InetAddress.fromBytes(bytes, 2 ** 32)).toThrow(new RangeError(`${index}4294967296`));
    expect(() => InetAddress.fromBytes(bytes, 1.5)).toThrow(new RangeError(`${index}1.5`));
    const name = "zone must be an interface name or index, not ";
    expect(() => InetAddress.fromBytes(bytes, "")).toThrow(new TypeError(`${name}""`));
    expect(() => InetAddress.fromBytes(bytes, "a/b")).toThrow(new TypeError(`${name}"a/b"`));
    expect(() => InetAddress.fromBytes(bytes, "a\0")).toThrow(new TypeError(`${name}"a\\u0000"`));
    expect(() => InetAddress.fromBytes(bytes, wrong(null))).toThrow(new TypeError(`${name}null`));
    expect(() => InetAddress.fromBytes(new Uint8Array(4), 1)).toThrow(
      new TypeError("zone must be left out for an IPv4 address"),
    );
  });
});

describe("InetAddress.any and loopback", () => {
  test("of each family", () => {
    expect(InetAddress.any(AF_INET).toString()).toBe("0.0.0.0");
    expect(InetAddress.any(AF_INET6).toString()).toBe("::");
    expect(InetAddress.loopback(AF_INET).toString()).toBe("127.0.0.1");
    expect(InetAddress.loopback(AF_INET6).toString()).toBe("::1");
  });

  test.each([AF_UNIX, 0, -1, 4, 6, wrong("2"), wrong(undefined)])("refuse family %p", (family) => {
    const message = `family must be AF_INET (${AF_INET}) or AF_INET6 (${AF_INET6}), not ${JSON.stringify(family)}`;
    expect(() => InetAddress.any(family)).toThrow(new RangeError(message));
    expect(() => InetAddress.loopback(family)).toThrow(new RangeError(message));
  });
});

/** Every predicate, with addresses on both sides of its edges. */
const predicates = {
  isAny: { yes: ["0.0.0.0", "::"], no: ["0.0.0.1", "127.0.0.1", "::1", "1::", "::ffff:0.0.0.0"] },
  isLoopback: {
    yes: ["127.0.0.0", "127.0.0.1", "127.255.255.255", "::1"],
    no: ["126.255.255.255", "128.0.0.0", "::", "::2", "1::1", "::ffff:127.0.0.1"],
  },
  isLinkLocal: {
    yes: ["169.254.0.0", "169.254.255.255", "fe80::", "fe80::1%eth0", "febf:ffff::"],
    no: ["169.253.255.255", "169.255.0.0", "168.254.0.0", "fe7f::", "fec0::", "ff80::", "::ffff:169.254.0.1"],
  },
  isSiteLocal: {
    yes: [
      "10.0.0.0",
      "10.255.255.255",
      "172.16.0.0",
      "172.31.255.255",
      "192.168.0.0",
      "192.168.255.255",
      "fec0::",
      "feff::",
    ],
    no: [
      "9.255.255.255",
      "11.0.0.0",
      "172.15.0.0",
      "172.32.0.0",
      "192.167.0.0",
      "192.169.0.0",
      "febf::",
      "ff00::",
      "a00::",
      "fc00::1",
    ],
  },
  isMulticast: {
    yes: ["224.0.0.0", "239.255.255.255", "ff00::", "ff02::1", "ffff::"],
    no: ["223.255.255.255", "240.0.0.0", "feff::", "e000::", "::ffff:224.0.0.1"],
  },
  isMulticastGlobal: {
    yes: ["ff0e::1", "ff1e::", "fffe::"],
    no: ["224.0.0.1", "255.14.0.0", "ff0f::", "ff0d::", "fe0e::"],
  },
  isMulticastLinkLocal: {
    yes: ["ff02::1", "ff32::", "ff02::1%eth0"],
    no: ["224.0.0.1", "255.2.0.0", "ff01::", "ff20::", "fe02::"],
  },
  isMulticastNodeLocal: { yes: ["ff01::1", "fff1::"], no: ["224.0.0.1", "255.1.0.0", "ff02::", "ff10::"] },
  isMulticastOrganizationLocal: { yes: ["ff08::1", "ff18::"], no: ["239.192.0.1", "255.8.0.0", "ff05::", "ff80::"] },
  isMulticastSiteLocal: { yes: ["ff05::1", "ff15::"], no: ["239.255.0.1", "255.5.0.0", "ff08::", "ff50::"] },
  isBroadcast: {
    yes: ["255.255.255.255"],
    no: ["255.255.255.254", "192.168.1.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
  },
  isV4Mapped: {
    yes: ["::ffff:0.0.0.0", "::ffff:1.2.3.4"],
    no: ["1.2.3.4", "::1.2.3.4", "::fffe:1.2.3.4", "::1:ffff:1.2.3.4", "::"],
  },
} satisfies Record<`is${string}` & keyof InetAddress, { yes: readonly string[]; no: readonly string[] }>;

describe.each(Object.keys(predicates) as (keyof typeof predicates)[])("%s", (predicate) => {
  test.each(predicates[predicate].yes)("%s is", (text) => expect(parse(text)[predicate]).toBe(true));
  test.each(predicates[predicate].no)("%s is not", (text) => expect(parse(text)[predicate]).toBe(false));
});

describe("mapped and unmapped", () => {
  test("go to and fro between IPv4 and v4-mapped IPv6", () => {
    const address = parse("192.0.2.1");
    expect(address.mapped().toString()).toBe("::ffff:192.0.2.1");
    expect(address.mapped().family).toBe(AF_INET6);
    expect(address.mapped().unmapped().equals(address)).toBe(true);
  });

  test("leave other addresses as they are", () => {
    const address = parse("fe80::1%eth0");
    expect(address.mapped()).toBe(address);
    expect(address.unmapped()).toBe(address);
    const compatible = parse("::1.2.3.4");
    expect(compatible.unmapped()).toBe(compatible);
    const plain = parse("1.2.3.4");
    expect(plain.unmapped()).toBe(plain);
  });
});

describe("equals", () => {
  test("compares family, bytes and zone", () => {
    expect(parse("1.2.3.4").equals(parse("1.2.3.4"))).toBe(true);
    expect(parse("1.2.3.4").equals(parse("1.2.3.5"))).toBe(false);
    expect(parse("1.2.3.4").equals(parse("::ffff:1.2.3.4"))).toBe(false);
    expect(parse("::").equals(parse("0.0.0.0"))).toBe(false);
    expect(parse("FE80:0::1%eth0").equals(parse("fe80::1%eth0"))).toBe(true);
    expect(parse("fe80::1%eth0").equals(parse("fe80::1%eth1"))).toBe(false);
    expect(parse("fe80::1%1").equals(parse("fe80::1"))).toBe(false);
  });

  test("refuses what is not an address", () => {
    expect(() => parse("1.2.3.4").equals(wrong("1.2.3.4"))).toThrow(
      new TypeError('other must be an InetAddress, not "1.2.3.4": InetAddress.parse() makes one from text'),
    );
  });
});

describe("as text", () => {
  test("in JSON, templates and console.log", () => {
    const address = parse("fe80::1%eth0");
    expect(JSON.stringify({ address })).toBe('{"address":"fe80::1%eth0"}');
    expect(`${address}`).toBe("fe80::1%eth0");
    expect(Bun.inspect(address)).toBe("InetAddress(fe80::1%eth0)");
    expect(Bun.inspect([parse("::1")])).toContain("InetAddress(::1)");
  });

  test("is read back as the same address (seed 7)", () => {
    const source = random(7);
    for (let round = 0; round < 2_000; round++) {
      const zone = source.pick([undefined, "eth0", source.int(2 ** 32)]);
      const six = InetAddress.fromBytes(source.bytes(16), zone);
      const four = InetAddress.fromBytes(source.bytes(4));
      expect(parse(six.toString()).equals(six)).toBe(true);
      expect(parse(four.toString()).equals(four)).toBe(true);
      expect(parse(four.mapped().toString()).unmapped().equals(four)).toBe(true);
    }
  });
});

describe("an address never changes", () => {
  test("neither through the bytes it was made of nor through those it gives", () => {
    const bytes = Uint8Array.of(1, 2, 3, 4);
    const address = InetAddress.fromBytes(bytes);
    bytes[0] = 99;
    address.toBytes()[1] = 99;
    expect(address.toString()).toBe("1.2.3.4");
    const unmapped = address.mapped().unmapped();
    expect(unmapped.toBytes().buffer.byteLength).toBe(4); // on its own, not on a window of the mapped one
  });

  test("nor by assignment", () => {
    const address = parse("1.2.3.4");
    expect(() => Object.assign(address, { family: AF_INET6 })).toThrow(TypeError);
    expect(() => Object.assign(address, { zone: "eth0" })).toThrow(TypeError);
    expect(Object.keys(address)).toEqual([]);
  });

  test("and comes from the static methods only", () => {
    const construct = (): unknown => Reflect.construct(InetAddress, [Uint8Array.of(1)]);
    expect(construct).toThrow(/InetAddress has no public constructor: use InetAddress.parse\(\), fromBytes\(\)/);
  });

  test("within src/address the bytes are read without a copy", () => {
    const address = parse("1.2.3.4");
    expect(bytesOf(address)).toBe(bytesOf(address));
    expect([...bytesOf(address)]).toEqual([1, 2, 3, 4]);
    expect(() => bytesOf(wrong({}))).toThrow(TypeError);
  });
});

describe("InetAddressMask", () => {
  test("reads address and length", () => {
    const mask = InetAddressMask.parse("10.0.0.0/8");
    expect(mask.address.toString()).toBe("10.0.0.0");
    expect(mask.length).toBe(8);
    expect(mask.toString()).toBe("10.0.0.0/8");
    expect(InetAddressMask.tryParse("fe80::/10")?.toString()).toBe("fe80::/10");
    expect(InetAddressMask.parse("0.0.0.0/0").length).toBe(0);
  });

  test("an address alone is a range of one, and written so", () => {
    expect(InetAddressMask.parse("192.0.2.1").length).toBe(32);
    expect(InetAddressMask.parse("::1").length).toBe(128);
    expect(InetAddressMask.parse("192.0.2.1/32").toString()).toBe("192.0.2.1");
    expect(InetAddressMask.parse("::1/128").toString()).toBe("::1");
    expect(new InetAddressMask(parse("::1")).length).toBe(128);
  });

  test.each([
    ["0.0.0.0/0", "255.1.2.3", true],
    ["10.0.0.0/8", "10.255.1.2", true],
    ["10.0.0.0/8", "11.0.0.0", false],
    ["172.16.0.0/12", "172.31.255.255", true],
    ["172.16.0.0/12", "172.32.0.0", false],
    ["192.0.2.1", "192.0.2.1", true],
    ["192.0.2.1", "192.0.2.0", false],
    ["192.0.2.0/31", "192.0.2.1", true],
    ["::/0", "2001:db8::1", true],
    ["fe80::/10", "febf::1%eth0", true],
    ["fe80::/10", "fec0::1", false],
    ["2001:db8::/33", "2001:db8:7fff::", true],
    ["2001:db8::/33", "2001:db8:8000::", false],
    ["::/0", "1.2.3.4", false],
    ["0.0.0.0/0", "::", false],
    ["10.0.0.0/8", "::ffff:10.0.0.1", false],
    ["::ffff:10.0.0.0/104", "::ffff:10.0.0.1", true],
  ])("%s matches %s: %p", (mask, address, matches) => {
    expect(InetAddressMask.parse(mask).matches(parse(address))).toBe(matches);
  });

  test.each([
    ["10.0.0.0/33", RangeError, "length must be an integer from 0 to 32, not 33"],
    ["::/129", RangeError, "length must be an integer from 0 to 128, not 129"],
    [
      "10.1.2.3/8",
      RangeError,
      "address must have no bits set after the first 8: write 10.0.0.0/8 instead of 10.1.2.3/8",
    ],
    ["192.0.2.1/31", RangeError, "write 192.0.2.0/31 instead of 192.0.2.1/31"],
    ["fe80::1/10", RangeError, "write fe80::/10 instead of fe80::1/10"],
    ["fe80::%eth0/10", RangeError, "address must have no zone in a mask, not fe80::%eth0"],
    ["10.0.0.0/", TypeError, 'text must have a decimal prefix length after the slash, such as "10.0.0.0/8"'],
    ["10.0.0.0/x", TypeError, "text must have a decimal prefix length"],
    ["10.0.0.0/ 8", TypeError, "text must have a decimal prefix length"],
    ["10.0.0.0/-8", TypeError, "text must have a decimal prefix length"],
    ["10.0.0.0/08", TypeError, "text must have a decimal prefix length"],
    ["10.0.0.0/8.0", TypeError, "text must have a decimal prefix length"],
    ["10.0.0.0/8/8", TypeError, "text must have a decimal prefix length"],
    ["10.0.0.0/255.0.0.0", TypeError, "text must have a decimal prefix length"],
    ["10.0.0/8", TypeError, "IPv4 is four decimal parts"],
    ["localhost/8", TypeError, "names are not resolved here"],
    ["/8", TypeError, "it is empty"],
    ["", TypeError, "it is empty"],
  ] as const)("refuses %p", (text, type, message) => {
    expect(() => InetAddressMask.parse(text)).toThrow(type);
    expect(() => InetAddressMask.parse(text)).toThrow(message);
    expect(InetAddressMask.tryParse(text)).toBeUndefined();
  });

  test("refuses arguments of another kind", () => {
    const text = new TypeError("text must be a string, not 8");
    expect(() => InetAddressMask.parse(wrong(8))).toThrow(text);
    expect(() => InetAddressMask.tryParse(wrong(8))).toThrow(text);
    const address = new TypeError('address must be an InetAddress, not "::1": InetAddress.parse() makes one from text');
    expect(() => new InetAddressMask(wrong("::1"), 8)).toThrow(address);
    expect(() => InetAddressMask.parse("::/0").matches(wrong("::1"))).toThrow(address);
    expect(() => new InetAddressMask(parse("::"), wrong("8"))).toThrow(
      new TypeError('length must be a number, not "8"'),
    );
    expect(() => new InetAddressMask(parse("::"), Number.NaN)).toThrow(RangeError);
  });

  test("is text in JSON and console.log, and never changes", () => {
    const mask = InetAddressMask.parse("10.0.0.0/8");
    expect(JSON.stringify([mask])).toBe('["10.0.0.0/8"]');
    expect(Bun.inspect(mask)).toBe("InetAddressMask(10.0.0.0/8)");
    expect(() => Object.assign(mask, { length: 0 })).toThrow(TypeError);
    expect(() => Object.assign(mask, { address: parse("::") })).toThrow(TypeError);
  });
});
