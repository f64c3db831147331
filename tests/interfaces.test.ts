// The interfaces of this host: interfaces, interfaceNameIndex, interfaceIndex, interfaceName. ip(8) and Python are the judges.

import { describe, expect, test } from "bun:test";
import {
  AF_INET,
  hasDualStackIPv6,
  hasIPv6,
  InetAddress,
  interfaceIndex,
  interfaceName,
  interfaceNameIndex,
  interfaces,
} from "../src/index.ts";
import { Namespace } from "./abi/namespace.ts";
import { havePython, Python } from "./support/peers.ts";
import { haveIPv6 } from "./support/sockets.ts";
import { throwsKind } from "./support/throws.ts";

describe("interfaces", () => {
  test("loopback is there, up, with its address", () => {
    const loopback = interfaces().find((entry) => entry.loopback);
    expect(loopback).toMatchObject({ up: true, index: interfaceIndex(loopback?.name ?? "") });
    const address = loopback?.addresses.find((entry) => entry.address.equals(InetAddress.loopback(AF_INET)));
    expect(address).toMatchObject({ prefixLength: 8, broadcast: undefined, peer: undefined });
    expect(String(address?.netmask)).toBe("255.0.0.0");
  });

  test("name and index belong together, as interfaceIndex and interfaceName say", () => {
    for (const { name, index } of interfaces()) {
      expect([interfaceIndex(name), interfaceName(index)]).toEqual([index, name]);
    }
  });

  test.skipIf(!havePython)("interfaceNameIndex gives what Python gets (needs python3)", async () => {
    await using python = new Python("say(if_nameindex())");
    const shown = interfaceNameIndex().map(({ index, name }) => `(${index}, '${name}')`);
    expect(`[${shown.join(", ")}]`).toBe(await python.line());
  });

  test("an index and a name that nobody has: no-such-device", () => {
    throwsKind(() => interfaceIndex("nosuch0"), "no-such-device");
    throwsKind(() => interfaceName(0), "no-such-device");
    throwsKind(() => interfaceName(0xffff_fff0), "no-such-device");
  });

  const note = Namespace.available ? "" : " (skipped: needs root and ip(8))";
  test.skipIf(!Namespace.available)(
    `addresses, netmasks, hardware addresses and flags are as ip(8) set them${note}`,
    () => {
      using _ = new Namespace([
        "link add berkeley0 address 02:00:00:00:00:05 type veth peer name berkeley1",
        "link set berkeley0 up",
        "address add 192.0.2.5/28 broadcast 192.0.2.15 dev berkeley0",
        "address add 2001:db8::5/56 dev berkeley0 nodad",
        "address add 198.51.100.1 peer 198.51.100.2/32 dev berkeley0",
      ]);
      const found = interfaces().find(({ name }) => name === "berkeley0");
      expect(found).toMatchObject({ up: true, loopback: false, index: interfaceIndex("berkeley0") });
      expect([...(found?.hardwareAddress ?? [])]).toEqual([2, 0, 0, 0, 0, 5]);
      const lines = found?.addresses.map(
        ({ address, netmask, prefixLength, broadcast }) => `${address} ${netmask} ${prefixLength} ${broadcast}`,
      );
      expect(lines).toContain("192.0.2.5 255.255.255.240 28 192.0.2.15");
      const pointToPoint = found?.addresses.find(({ address }) => address.toString() === "198.51.100.1");
      expect([pointToPoint?.peer?.toString(), pointToPoint?.broadcast]).toEqual(["198.51.100.2", undefined]);
      expect(lines).toContain("2001:db8::5 ffff:ffff:ffff:ff00:: 56 undefined");
      expect(interfaces().find(({ name }) => name === "berkeley1")?.up).toBe(false);
    },
  );

  test.skipIf(!Namespace.available)(`counters count what was sent${note}`, async () => {
    using _ = new Namespace([]);
    const { Socket, SOCK_DGRAM } = await import("../src/index.ts");
    using socket = new Socket(AF_INET, SOCK_DGRAM);
    const before = interfaces()[0]?.counters;
    for (let count = 0; count < 10; count++) socket.sendTo(new Uint8Array(100), "127.0.0.1:9");
    const after = interfaces()[0]?.counters;
    expect((after?.sentBytes ?? 0) - (before?.sentBytes ?? 0)).toBeGreaterThanOrEqual(1280);
  });
});

describe("IPv6", () => {
  test("hasIPv6 and hasDualStackIPv6 say what sockets can do", () => {
    expect(hasIPv6).toBe(haveIPv6);
    expect(hasDualStackIPv6()).toBe(haveIPv6);
  });
});
