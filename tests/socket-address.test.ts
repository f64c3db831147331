// Socket addresses: immutable values, made of the bytes that the kernel takes.

import { describe, expect, test } from "bun:test";
import { darwin } from "../ffi/platform/darwin.ts";
import { freebsd } from "../ffi/platform/freebsd.ts";
import { linux } from "../ffi/platform/linux.ts";
import { windows } from "../ffi/platform/windows.ts";
import { sockaddrCodec } from "../ffi/structs/sockaddr.ts";
import { toSocketAddress } from "../src/address/index.ts";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  InetAddress,
  InetSocketAddress,
  interfaceIndex,
  NativeSocketAddress,
  SocketAddress,
  SocketError,
  UnixSocketAddress,
} from "../src/index.ts";
import { random } from "./support/random.ts";
import { loopbackName } from "./support/sockets.ts";

const onLinux = process.platform === "linux";

describe("InetSocketAddress", () => {
  test("takes an address or its text, and a port", () => {
    const address = new InetSocketAddress("127.0.0.1", 53);
    expect(address.family).toBe(AF_INET);
    expect(String(address.address)).toBe("127.0.0.1");
    expect(address.port).toBe(53);
    expect(String(address)).toBe("127.0.0.1:53");
    expect(new InetSocketAddress(InetAddress.parse("127.0.0.1"), 53).equals(address)).toBe(true);
  });

  test("keeps flow info and scope of IPv6", () => {
    const address = new InetSocketAddress("fe80::1", 5353, { flowInfo: 0x12345, scopeId: 7 });
    expect([address.flowInfo, address.scopeId]).toEqual([0x12345, 7]);
    expect(String(address)).toBe("[fe80::1%7]:5353");
    expect(SocketAddress.fromBytes(address.toBytes()).equals(address)).toBe(true);
  });

  test("resolves the zone of its address to an index", () => {
    const name = loopbackName;
    expect(new InetSocketAddress(`fe80::1%${name}`, 1).scopeId).toBe(interfaceIndex(name));
    expect(() => new InetSocketAddress("fe80::1%nosuch0", 1)).toThrow(/no network interface "nosuch0"/);
  });

  test("unmapped gives the IPv4 address in a v4-mapped one, and any other as it is", () => {
    const mapped = new InetSocketAddress("::ffff:1.2.3.4", 80);
    expect(String(mapped)).toBe("[::ffff:1.2.3.4]:80");
    expect(String(mapped.unmapped())).toBe("1.2.3.4:80");
    const plain = new InetSocketAddress("::1", 80);
    expect(plain.unmapped()).toBe(plain);
  });

  test("refuses what it cannot be, naming the argument", () => {
    expect(() => new InetSocketAddress("127.0.0.1", 70_000)).toThrow(
      RangeError("port must be an integer from 0 to 65535, not 70000"),
    );
    expect(() => new InetSocketAddress("127.0.0.1", Number.NaN)).toThrow(/port must be an integer/);
    expect(() => new InetSocketAddress("127.0.0.1", "53" as unknown as number)).toThrow(TypeError);
    expect(() => new InetSocketAddress("localhost", 53)).toThrow(TypeError);
    expect(() => new InetSocketAddress("127.0.0.1", 53, { scopeId: 1 })).toThrow(/IPv6 addresses only/);
    expect(() => new InetSocketAddress(5 as unknown as string, 53)).toThrow(/address must be an InetAddress/);
  });
});

describe("UnixSocketAddress", () => {
  test("is a path", () => {
    const address = new UnixSocketAddress("/run/app.sock");
    expect(address.family).toBe(AF_UNIX);
    expect([address.path, address.abstractName, address.anonymous]).toEqual(["/run/app.sock", undefined, false]);
    expect(String(address)).toBe("/run/app.sock");
  });

  test.skipIf(!onLinux)("is an abstract name, NULs and all (Linux)", () => {
    const address = new UnixSocketAddress("\0a\0b\0");
    expect(address.path).toBeUndefined();
    expect(address.abstractName).toEqual(Uint8Array.of(97, 0, 98, 0));
    expect(String(address)).toBe("@a\\x00b\\x00");
    expect(SocketAddress.fromBytes(address.toBytes()).equals(address)).toBe(true);
  });

  test("is nothing at all", () => {
    const address = new UnixSocketAddress();
    expect([address.anonymous, address.path, address.abstractName]).toEqual([true, undefined, undefined]);
    expect(String(address)).toBe("anonymous");
  });

  test("keeps bytes that are no UTF-8", () => {
    const raw = Uint8Array.of(0x2f, 0xff, 0xfe);
    expect(new UnixSocketAddress(raw).pathBytes).toEqual(raw);
  });

  test("takes 107 bytes of path and 108 of name, and no more", () => {
    const capacity = sockaddrCodec(linux).unixPathCapacity;
    if (onLinux) {
      expect(new UnixSocketAddress("x".repeat(capacity - 1)).pathBytes?.length).toBe(107);
      expect(new UnixSocketAddress(`\0${"x".repeat(capacity - 1)}`).abstractName?.length).toBe(107);
    }
    for (const long of ["x".repeat(108), `\0${"x".repeat(108)}`, "ü".repeat(54)]) {
      const error = caught(() => new UnixSocketAddress(long));
      expect(error).toBeInstanceOf(SocketError);
      expect((error as SocketError).kind).toBe("filename-too-long");
    }
  });

  test("reads a path of the kernel's that fills sun_path without a NUL", () => {
    const bytes = sockaddrCodec(linux).encodeUnix(new Uint8Array(108).fill(0x61));
    if (onLinux) expect((SocketAddress.fromBytes(bytes) as UnixSocketAddress).path).toBe("a".repeat(108));
  });

  test("refuses a NUL in a path, and what is no text", () => {
    expect(() => new UnixSocketAddress("a\0b")).toThrow(/NUL inside/);
    expect(() => new UnixSocketAddress(5 as unknown as string)).toThrow(TypeError);
  });
});

describe("SocketAddress.fromBytes", () => {
  test("gives a NativeSocketAddress for a family without a class", () => {
    const bytes = new NativeSocketAddress(Uint8Array.of(77, 0, 1, 2, 3)).toBytes();
    const address = SocketAddress.fromBytes(bytes);
    expect(address).toBeInstanceOf(NativeSocketAddress);
    expect(address.family).toBe(onLinux ? 77 : address.family);
    expect(address.toBytes()).toEqual(bytes);
  });

  test("gives a NativeSocketAddress for an IPv4 one that is too short, and reads no further", () => {
    const bytes = new InetSocketAddress("1.2.3.4", 5).toBytes().subarray(0, 9);
    expect(SocketAddress.fromBytes(bytes)).toBeInstanceOf(NativeSocketAddress);
  });

  test("refuses what has no header, no family or is no Uint8Array", () => {
    expect(() => SocketAddress.fromBytes(new Uint8Array(1))).toThrow(RangeError);
    expect(() => SocketAddress.fromBytes(new Uint8Array(16))).toThrow(/AF_UNSPEC/);
    expect(() => SocketAddress.fromBytes("127.0.0.1" as unknown as Uint8Array)).toThrow(TypeError);
  });

  test("takes any random bytes without harm, and gives them back", () => {
    const { bytes, int } = random(1);
    for (let round = 0; round < 20_000; round++) {
      const given = bytes(2 + int(140));
      given[1] = 0; // a family of one byte, so that known ones come up
      given[0] = [AF_UNIX, AF_INET, AF_INET6, int(256)][int(4)] as number;
      if (given[0] === 0) continue;
      const address = SocketAddress.fromBytes(given);
      String(address);
      expect(SocketAddress.fromBytes(address.toBytes()).equals(address)).toBe(true);
    }
  });
});

describe("an address is a value", () => {
  test("its bytes are a copy", () => {
    const address = new InetSocketAddress("127.0.0.1", 53);
    address.toBytes().fill(0);
    expect(String(address)).toBe("127.0.0.1:53");
  });

  test("it is equal to another with the same bytes, and to nothing else", () => {
    expect(new InetSocketAddress("::1", 1).equals(new InetSocketAddress("::1", 1))).toBe(true);
    expect(new InetSocketAddress("::1", 1).equals(new InetSocketAddress("::1", 2))).toBe(false);
    expect(new InetSocketAddress("::1", 1).equals("[::1]:1" as unknown as SocketAddress)).toBe(false);
  });

  test("it shows itself in console.log and in JSON", () => {
    expect(Bun.inspect(new InetSocketAddress("127.0.0.1", 53))).toBe("InetSocketAddress(127.0.0.1:53)");
    expect(JSON.stringify({ at: new UnixSocketAddress("/x") })).toBe('{"at":"/x"}');
  });
});

describe("where a method takes an address", () => {
  const accepted: readonly [Parameters<typeof toSocketAddress>[0], string][] = [
    ["127.0.0.1:53", "127.0.0.1:53"],
    ["[::1]:53", "[::1]:53"],
    [onLinux ? "[fe80::1%lo]:53" : "[fe80::1%lo0]:53", "[fe80::1%1]:53"],
    [{ address: "::1", port: 5 }, "[::1]:5"],
    [{ address: InetAddress.parse("1.2.3.4"), port: 5 }, "1.2.3.4:5"],
    [{ address: "1.2.3.4", family: "IPv4", port: 5, size: 3 } as { address: string; port: number }, "1.2.3.4:5"],
    [{ path: "/tmp/x" }, "/tmp/x"],
    [new InetSocketAddress("1.2.3.4", 5), "1.2.3.4:5"],
  ];
  for (const [given, text] of accepted) {
    test(`it takes ${Bun.inspect(given)}`, () => expect(String(toSocketAddress(given))).toBe(text));
  }

  const refused: readonly [unknown, RegExp][] = [
    ["localhost:80", /names are not resolved here/],
    ["127.0.0.1", /needs a port/],
    ["::1", /needs a port: write "\[::1\]:80"/],
    ["[::1]", /needs a port/],
    ["::1:80:", /is no address/],
    ["127.0.0.1:x", /the port "x" is no number/],
    ["127.0.0.1:", /is no number/],
    ["127.0.0.1:70000", /from 0 to 65535/],
    ["127.0.0.1:-1", /is no number/],
    ["/tmp/x.sock", /looks like a unix path: write \{ path/],
    ["", /names are not resolved|no IP address/],
    [80, /address must be a SocketAddress/],
    [null, /address must be a SocketAddress/],
    [{ port: 80 }, /address must be a SocketAddress/],
    [{ address: "127.0.0.1", port: 1e6 }, /port must be an integer/],
  ];
  for (const [given, message] of refused) {
    test(`it refuses ${Bun.inspect(given)}`, () => {
      const error = caught(() => toSocketAddress(given as string));
      expect(error).toBeInstanceOf(Error);
      expect([TypeError, RangeError].some((type) => error instanceof type)).toBe(true);
      expect((error as Error).message).toMatch(message);
    });
  }
});

describe("the bytes of an address are those of the system", () => {
  const address = Uint8Array.of(1, 2, 3, 4);
  const address6 = Uint8Array.from({ length: 16 }, (_, index) => index);
  const inet6 = { address: address6, port: 0x1234, flowInfo: 0x0005_6789, scopeId: 3 };

  test("Linux: the family first, in two bytes", () => {
    const codec = sockaddrCodec(linux);
    expect(codec.encodeInet(address, 0x1234).toHex()).toBe("0200" + "1234" + "01020304" + "0000000000000000");
    expect(codec.encodeInet6(inet6).toHex()).toBe(
      "0a00" + "1234" + "00056789" + "000102030405060708090a0b0c0d0e0f" + "03000000",
    );
    expect(codec.encodeUnix(Uint8Array.of(0x61, 0)).toHex()).toBe("0100" + "6100");
  });

  for (const [platform, af] of [
    [darwin, "1e"],
    [freebsd, "1c"],
  ] as const) {
    test(`${platform.name}: the length first, then the family`, () => {
      const codec = sockaddrCodec(platform);
      expect(codec.encodeInet(address, 0x1234).toHex()).toBe("1002" + "1234" + "01020304" + "0000000000000000");
      expect(codec.encodeInet6(inet6).toHex()).toBe(
        `1c${af}` + "1234" + "00056789" + "000102030405060708090a0b0c0d0e0f" + "03000000",
      );
      expect(codec.encodeUnix(Uint8Array.of(0x61, 0)).toHex()).toBe("0401" + "6100");
      expect(codec.unixPathCapacity).toBe(104);
    });
  }

  test("Windows: as Linux, with another number for AF_INET6", () => {
    expect(sockaddrCodec(windows).encodeInet6(inet6).toHex().slice(0, 8)).toBe("1700" + "1234");
  });

  test("random fields come back from every system's layout", () => {
    const { bytes, int } = random(2);
    for (const platform of [linux, darwin, freebsd, windows]) {
      const codec = sockaddrCodec(platform);
      for (let round = 0; round < 5_000; round++) {
        const fields = { address: bytes(16), port: int(65_536), flowInfo: int(2 ** 32), scopeId: int(2 ** 32) };
        const encoded = codec.encodeInet6(fields);
        expect({
          address: codec.inet6Address(encoded),
          port: codec.inet6Port(encoded),
          flowInfo: codec.inet6FlowInfo(encoded),
          scopeId: codec.inet6ScopeId(encoded),
        }).toEqual({ ...fields, address: new Uint8Array(fields.address) });
        expect(codec.family(encoded)).toBe(platform.core.AF_INET6);
        const port = int(65_536);
        const inet = codec.encodeInet(fields.address.subarray(0, 4), port);
        expect([codec.inetPort(inet), codec.inetAddress(inet).toHex()]).toEqual([
          port,
          fields.address.subarray(0, 4).toHex(),
        ]);
      }
    }
  });
});

function caught(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}
