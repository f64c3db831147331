// Addresses of the rarer families: fields, bytes, what the kernel says of them.

import { describe, expect, test } from "bun:test";
import { familyStructs } from "../ffi/structs/families.ts";
import { platform } from "../ffi/platform/index.ts";
import * as berkeley from "../src/index.ts";
import {
  AF_INET,
  AF_INET6,
  AlgSocketAddress,
  BluetoothHciSocketAddress,
  BluetoothL2capSocketAddress,
  BluetoothRfcommSocketAddress,
  BluetoothScoSocketAddress,
  BluetoothSocketAddress,
  CanSocketAddress,
  HypervSocketAddress,
  InetSocketAddress,
  interfaceIndex,
  MctpSocketAddress,
  NativeSocketAddress,
  NetlinkSocketAddress,
  PacketSocketAddress,
  QipcrtrSocketAddress,
  SocketAddress,
  SocketError,
  SystemSocketAddress,
  TipcSocketAddress,
  VsockSocketAddress,
  XdpSocketAddress,
} from "../src/index.ts";
import { random } from "./support/random.ts";

const onLinux = process.platform === "linux";
const core = platform.core;

/** Bytes in hexadecimal, as C lays them out: what a little-endian machine has. */
const hex = (address: SocketAddress): string => address.toBytes().toHex();

describe.skipIf(!onLinux)(`on Linux${onLinux ? "" : " (skipped: another system)"}`, () => {
  const lo = onLinux ? interfaceIndex("lo") : 0;

  test("netlink", () => {
    const address = new NetlinkSocketAddress({ pid: 4711, groups: 0x8000_0001 });
    expect([address.family, address.pid, address.groups]).toEqual([16, 4711, 0x8000_0001]);
    expect(hex(address)).toBe("10000000" + "67120000" + "01000080");
    expect(String(address)).toBe("netlink pid 4711 groups 0x80000001");
    expect(new NetlinkSocketAddress()).toEqual(new NetlinkSocketAddress({ pid: 0 }));
    expect(() => new NetlinkSocketAddress({ pid: -1 })).toThrow(/^pid must be an integer from 0 to 4294967295, not -1/);
    expect(() => new NetlinkSocketAddress({ groups: 2 ** 32 })).toThrow(/^groups must be/);
    expect(() => new NetlinkSocketAddress(5 as never)).toThrow(/^fields must be an object such as/);
  });

  test("packet: protocol in host order, the hardware address as bytes or text", () => {
    const fields = { interface: "lo", protocol: 0x0800, hardwareType: 772, packetType: 4 };
    const address = new PacketSocketAddress({ ...fields, address: "02:0:0:0:0:fE" });
    expect([address.interfaceIndex, address.protocol, address.hardwareType, address.packetType]).toEqual([
      lo,
      0x0800,
      772,
      4,
    ]);
    expect(address.address).toEqual(Uint8Array.of(2, 0, 0, 0, 0, 0xfe));
    expect(hex(address)).toBe("1100" + "0800" + "01000000" + "0403" + "04" + "06" + "0200000000fe0000");
    expect(String(address)).toBe(`packet interface ${lo} protocol 0x0800 02:00:00:00:00:fe`);
    expect(new PacketSocketAddress({ address: address.address }).address).toEqual(address.address);
    expect(() => new PacketSocketAddress({ protocol: 65_536 })).toThrow(/^protocol must be/);
    expect(() => new PacketSocketAddress({ hardwareType: -1 })).toThrow(/^hardwareType must be/);
    expect(() => new PacketSocketAddress({ packetType: 256 })).toThrow(/^packetType must be/);
    expect(() => new PacketSocketAddress({ address: new Uint8Array(9) })).toThrow(/^address must have at most 8 bytes/);
    expect(() => new PacketSocketAddress({ address: "02-00" })).toThrow(/^address must be a Uint8Array or text/);
    expect(() => new PacketSocketAddress({ interface: "nosuch0" })).toThrow(SocketError);
    expect(() => new PacketSocketAddress({ interface: 99_999 })).toThrow(/99999/);
  });

  test("packet: a name that getsockname(2) has cut after the hardware address is the same address", () => {
    const whole = new PacketSocketAddress({ interface: "lo", address: "1:2:3:4:5:6" });
    expect(SocketAddress.fromBytes(whole.toBytes().subarray(0, 18)).equals(whole)).toBe(true);
    expect(SocketAddress.fromBytes(whole.toBytes().subarray(0, 17))).toBeInstanceOf(NativeSocketAddress);
    // 20 bytes of InfiniBand reach beyond the struct
    const long = new Uint8Array(32).map((_, index) => index);
    long.set([core.AF_PACKET as number, 0]);
    long[11] = 20;
    const infiniband = SocketAddress.fromBytes(long) as PacketSocketAddress;
    expect(infiniband.address).toEqual(long.slice(12));
    expect(infiniband.toBytes()).toEqual(long);
  });

  test("vsock: port before cid in memory", () => {
    const address = new VsockSocketAddress({ cid: 3, port: 5000, flags: 1 });
    expect([address.cid, address.port, address.flags]).toEqual([3, 5000, 1]);
    expect(hex(address)).toBe("2800" + "0000" + "88130000" + "03000000" + "01000000");
    expect(String(new VsockSocketAddress({ cid: 0xffff_ffff, port: 1 }))).toBe("vsock any:1");
    expect(() => new VsockSocketAddress({ cid: -1, port: 0 })).toThrow(/^cid must be/);
    expect(() => new VsockSocketAddress({ cid: 0, port: 1.5 })).toThrow(/^port must be/);
    expect(() => new VsockSocketAddress({ cid: 0, port: 0, flags: 256 })).toThrow(/^flags must be/);
    expect(() => new VsockSocketAddress({ cid: 0 } as never)).toThrow(/^port must be a number, not undefined/);
  });

  test("can: raw, ISO-TP and J1939, each as long as its protocol needs", () => {
    const raw = new CanSocketAddress({ interface: "lo" });
    expect([raw.form, raw.interfaceIndex, raw.rxId, raw.pgn]).toEqual(["raw", lo, undefined, undefined]);
    expect(hex(raw)).toBe("1d000000" + "01000000");
    const isotp = new CanSocketAddress({ rxId: 0x8000_07e8, txId: 0x7e0 });
    expect([isotp.form, isotp.rxId, isotp.txId, isotp.name]).toEqual(["isotp", 0x8000_07e8, 0x7e0, undefined]);
    expect(hex(isotp)).toBe("1d000000" + "00000000" + "e8070080" + "e0070000");
    const j1939 = new CanSocketAddress({ name: 0x1122_3344_5566_7788n, pgn: 0xea00, address: 0x20 });
    expect([j1939.form, j1939.name, j1939.pgn, j1939.address]).toEqual(["j1939", 0x1122_3344_5566_7788n, 0xea00, 0x20]);
    expect(hex(j1939)).toBe("1d000000" + "00000000" + "8877665544332211" + "00ea0000" + "20000000");
    const other = new CanSocketAddress({ address: 1 });
    expect([other.name, other.pgn]).toEqual([0n, 0x40000]);
    expect(() => new CanSocketAddress({ rxId: 1 } as never)).toThrow(/^txId must be/);
    expect(() => new CanSocketAddress({ rxId: 2 ** 32, txId: 1 })).toThrow(/^rxId must be/);
    expect(() => new CanSocketAddress({ rxId: 1, txId: 1, pgn: 1 } as never)).toThrow(/do not go with/);
    expect(() => new CanSocketAddress({ pgn: 0x40001 })).toThrow(/^pgn must be/);
    expect(() => new CanSocketAddress({ address: 256 })).toThrow(/^address must be/);
    expect(() => new CanSocketAddress({ name: 2n ** 64n })).toThrow(/^name must be from 0/);
    expect(() => new CanSocketAddress({ name: -1 })).toThrow(/^name must be/);
    expect(() => new CanSocketAddress({ name: "x" as never })).toThrow(/^name must be a bigint/);
  });

  test("tipc: ranges, services and sockets; the reference of a socket comes first in memory", () => {
    const range = new TipcSocketAddress({ type: 18_888, lower: 1, upper: 9, scope: 3 });
    expect([range.form, range.type, range.lower, range.upper, range.scope]).toEqual(["range", 18_888, 1, 9, 3]);
    expect([range.instance, range.domain, range.node, range.ref]).toEqual([undefined, undefined, undefined, undefined]);
    expect(hex(range)).toBe("1e00" + "01" + "03" + "c8490000" + "01000000" + "09000000");
    const service = new TipcSocketAddress({ type: 18_888, instance: 17, domain: 5 });
    expect([service.form, service.type, service.instance, service.domain]).toEqual(["service", 18_888, 17, 5]);
    expect(hex(service)).toBe("1e00" + "02" + "02" + "c8490000" + "11000000" + "05000000");
    const id = new TipcSocketAddress({ node: 5, ref: 7, scope: -2 });
    expect([id.form, id.type, id.node, id.ref, id.scope]).toEqual(["id", undefined, 5, 7, -2]);
    expect(hex(id)).toBe("1e00" + "03" + "fe" + "07000000" + "05000000" + "00000000");
    expect(() => new TipcSocketAddress({ type: 1, lower: 5, upper: 4 })).toThrow(/^upper must be an integer from 5/);
    expect(() => new TipcSocketAddress({ type: -1, instance: 4 })).toThrow(/^type must be/);
    expect(() => new TipcSocketAddress({ type: 1, instance: 4, domain: -1 })).toThrow(/^domain must be/);
    expect(() => new TipcSocketAddress({ node: 1, ref: 4, scope: 128 })).toThrow(/^scope must be/);
    expect(() => new TipcSocketAddress({ node: 1 } as never)).toThrow(/^ref must be/);
  });

  test("bluetooth: devices are stored backwards, and the length tells the protocol", () => {
    const l2cap = new BluetoothL2capSocketAddress({
      address: "01:23:45:67:89:ab",
      psm: 0x1001,
      cid: 4,
      addressType: 2,
    });
    expect([l2cap.address, l2cap.psm, l2cap.cid, l2cap.addressType]).toEqual(["01:23:45:67:89:AB", 0x1001, 4, 2]);
    expect(hex(l2cap)).toBe("1f00" + "0110" + "ab8967452301" + "0400" + "02" + "00");
    const rfcomm = new BluetoothRfcommSocketAddress({ address: "1:2:3:4:5:6", channel: 30 });
    expect([rfcomm.address, rfcomm.channel, rfcomm.serviceClassId]).toEqual(["01:02:03:04:05:06", 30, undefined]);
    expect(hex(rfcomm)).toBe("1f00" + "060504030201" + "1e" + "00");
    const hci = new BluetoothHciSocketAddress({ device: 0xffff, channel: 3 });
    expect([hci.device, hci.channel, hex(hci)]).toEqual([0xffff, 3, "1f00" + "ffff" + "0300"]);
    const sco = new BluetoothScoSocketAddress({ address: "00:00:00:00:00:00" });
    expect([sco.address, hex(sco)]).toEqual(["00:00:00:00:00:00", "1f00000000000000"]);
    for (const address of [l2cap, rfcomm, hci, sco]) {
      expect(address).toBeInstanceOf(BluetoothSocketAddress);
      const back = SocketAddress.fromBytes(address.toBytes());
      expect([back.constructor, back.equals(address)]).toEqual([address.constructor, true]);
    }
    expect(() => new BluetoothL2capSocketAddress({ address: "01:23", psm: 1 })).toThrow(/^address must be/);
    expect(() => new BluetoothL2capSocketAddress({ address: "1:2:3:4:5:6", psm: 65_536 })).toThrow(/^psm must be/);
    expect(() => new BluetoothL2capSocketAddress({ address: "1:2:3:4:5:6", psm: 1, cid: -1 })).toThrow(/^cid must be/);
    expect(() => new BluetoothRfcommSocketAddress({ address: "1:2:3:4:5:6", channel: 256 })).toThrow(
      /^channel must be/,
    );
    expect(() => new BluetoothRfcommSocketAddress({ address: "1:2:3:4:5:6", channel: 0, serviceClassId: "x" })).toThrow(
      /serviceClassId/,
    );
    expect(() => new BluetoothHciSocketAddress({ device: 65_536 })).toThrow(/^device must be/);
    expect(() => new BluetoothScoSocketAddress({ address: 5 as never })).toThrow(/^address must be/);
  });

  test("alg: 32-bit feature and mask, names that end with a NUL", () => {
    const address = new AlgSocketAddress({ type: "skcipher", name: "cbc(aes)", feature: 0x1_0000, mask: 0x8000_0000 });
    expect([address.type, address.name, address.feature, address.mask]).toEqual([
      "skcipher",
      "cbc(aes)",
      0x1_0000,
      0x8000_0000,
    ]);
    expect(address.toBytes()).toHaveLength(88);
    expect(String(new AlgSocketAddress({ type: "hash", name: "sha256" }))).toBe("alg hash sha256");
    expect(() => new AlgSocketAddress({ type: "x".repeat(14), name: "" })).toThrow(/^type must have at most 13 bytes/);
    expect(() => new AlgSocketAddress({ type: "", name: "ä".repeat(32) })).toThrow(/^name must have at most 63 bytes/);
    expect(() => new AlgSocketAddress({ type: "a\0b", name: "" })).toThrow(/^type must not have a NUL/);
    expect(() => new AlgSocketAddress({ type: "a", name: 1 as never })).toThrow(/^name must be a string/);
    const unterminated = address.toBytes();
    unterminated.fill(0x61, 24);
    expect(SocketAddress.fromBytes(unterminated)).toBeInstanceOf(NativeSocketAddress);
  });

  test("qipcrtr, xdp, mctp", () => {
    expect(hex(new QipcrtrSocketAddress({ node: 1, port: 0xffff_fffe }))).toBe("2a000000" + "01000000" + "feffffff");
    const xdp = new XdpSocketAddress({ interface: "lo", queue: 2, flags: 1, sharedUmemFd: { fd: 9 } });
    expect([xdp.interfaceIndex, xdp.queue, xdp.flags, xdp.sharedUmemFd]).toEqual([lo, 2, 1, 9]);
    expect(hex(xdp)).toBe("2c00" + "0100" + "01000000" + "02000000" + "09000000");
    const mctp = new MctpSocketAddress({ network: 1, address: 8, type: 5, tag: 0xf });
    expect([mctp.network, mctp.address, mctp.type, mctp.tag]).toEqual([1, 8, 5, 0xf]);
    expect(hex(mctp)).toBe("2d000000" + "01000000" + "08" + "05" + "0f" + "00");
    expect(() => new QipcrtrSocketAddress({ node: -1, port: 0 })).toThrow(/^node must be/);
    expect(() => new XdpSocketAddress({ interface: "lo", flags: 65_536 })).toThrow(/^flags must be/);
    expect(() => new XdpSocketAddress({} as never)).toThrow(/^interface must be/);
    expect(() => new MctpSocketAddress({ type: 256 })).toThrow(/^type must be/);
    expect(() => new MctpSocketAddress({ type: 1, address: -1 })).toThrow(/^address must be/);
  });

  test("what another system has refuses, and says so", () => {
    const guid = "a42e7cda-d03f-480c-9cc2-a4de20abb878";
    for (const make of [
      () => new HypervSocketAddress({ vmId: guid, serviceId: guid }),
      () => new SystemSocketAddress({ id: 1 }),
    ]) {
      expect(make).toThrow(SocketError);
      expect(make).toThrow(/linux has no AF_/);
    }
    expect(() => new HypervSocketAddress({ vmId: "x", serviceId: guid })).toThrow(/^vmId must be a GUID/);
  });

  test("RDS goes with internet addresses: it has none of its own", () => {
    expect(new InetSocketAddress("127.0.0.1", 4000).family).toBe(AF_INET);
    expect(new InetSocketAddress("::1", 4000).family).toBe(AF_INET6);
  });
});

describe("the classes", () => {
  const classes = {
    ...{ AlgSocketAddress, BluetoothHciSocketAddress, BluetoothL2capSocketAddress, BluetoothRfcommSocketAddress },
    ...{ BluetoothScoSocketAddress, BluetoothSocketAddress, CanSocketAddress, HypervSocketAddress, MctpSocketAddress },
    ...{ NetlinkSocketAddress, PacketSocketAddress, QipcrtrSocketAddress, SystemSocketAddress, TipcSocketAddress },
    ...{ VsockSocketAddress, XdpSocketAddress },
  };

  test("are loaded when they are first used", () => {
    const program = `
      await import(${JSON.stringify(import.meta.resolve("../src/index.ts"))});
      console.log(Object.keys(require.cache).filter((path) => /(netlink|can|tipc|bluetooth|packet|vsock)-socket-address|address.family|structs.families/.test(path)).length);
    `;
    const { stdout } = Bun.spawnSync([process.execPath, "-e", program]);
    expect(stdout.toString().trim()).toBe("0");
  });

  test.each(Object.entries(classes))("%s is a class like any other", (name, Class) => {
    expect(Class.name).toBe(name);
    expect(Object.getPrototypeOf(Class.prototype) === SocketAddress.prototype || name.startsWith("Bluetooth")).toBe(
      true,
    );
    expect(Class.prototype).toBeInstanceOf(SocketAddress);
    expect(Class.prototype.constructor).toBe(Class);
    expect(Class.fromBytes).toBe(SocketAddress.fromBytes);
    expect(new InetSocketAddress("127.0.0.1", 1)).not.toBeInstanceOf(Class);
    expect((berkeley as unknown as Record<string, unknown>)[name]).toBe(Class);
  });

  test.skipIf(!onLinux)("can be extended, inspected and compared (needs Linux)", () => {
    class Own extends NetlinkSocketAddress {
      get double(): number {
        return this.pid * 2;
      }
    }
    const own = new Own({ pid: 21 });
    expect([own.double, own.constructor, own instanceof NetlinkSocketAddress]).toEqual([42, Own, true]);
    const address = new NetlinkSocketAddress({ pid: 21 });
    expect(address.equals(own)).toBe(true);
    expect(address.constructor).toBe(NetlinkSocketAddress);
    expect(Bun.inspect(address)).toBe("NetlinkSocketAddress(netlink pid 21 groups 0x0)");
    expect(JSON.stringify(address)).toBe('"netlink pid 21 groups 0x0"');
  });
});

describe("random bytes", () => {
  const families = [
    ...[core.AF_NETLINK, core.AF_PACKET, core.AF_VSOCK, core.AF_CAN, core.AF_TIPC, core.AF_BLUETOOTH, core.AF_BTH],
    ...[core.AF_ALG, core.AF_QIPCRTR, core.AF_XDP, core.AF_MCTP, core.AF_HYPERV, core.AF_SYSTEM],
  ].filter((family) => family !== undefined);
  const sizes = Object.values(familyStructs[platform.name]).map(({ size }) => size);

  /** Every getter, and what the text says: nothing may throw, nothing may read outside. */
  function readAll(address: SocketAddress): Record<string, unknown> {
    const found: Record<string, unknown> = { text: String(address) };
    for (let prototype = Object.getPrototypeOf(address) as object; prototype !== Object.prototype;) {
      for (const [name, { get }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
        if (get !== undefined) found[name] = get.call(address);
      }
      prototype = Object.getPrototypeOf(prototype) as object;
    }
    return found;
  }

  test("of any length decode, read and come back, a million times", () => {
    const seed = 20_261_121;
    const { int, pick } = random(seed);
    const memory = new Uint8Array(new ArrayBuffer(128));
    let known = 0;
    for (let round = 0; round < 1_000_000; round++) {
      if ((round & 15) === 0) crypto.getRandomValues(memory);
      const length = int(4) === 0 ? 2 + int(100) : pick(sizes);
      const bytes = memory.subarray(0, length);
      bytes[int(length)] = int(256);
      const family = pick(families) as number;
      if (platform.structs.sockaddr.fields.sa_len === undefined) bytes.set([family & 0xff, family >> 8]);
      else bytes.set([length, family]);
      if (length > 11 && int(2) === 0) bytes[11] = int(12); // a hardware address that may fit
      if (length > 2 && int(2) === 0) bytes[2] = int(5); // a kind of TIPC address
      const address = SocketAddress.fromBytes(bytes);
      const back = address.toBytes();
      if (address instanceof NativeSocketAddress) {
        if (!Buffer.from(back.buffer).equals(bytes)) throw new Error(`changed: ${bytes.toHex()}`);
        continue;
      }
      known++;
      const common = Math.min(back.length, length);
      for (let index = 0; index < common; index++) {
        if (back[index] !== bytes[index]) throw new Error(`byte ${index} changed: ${bytes.toHex()}`);
      }
      if ((round & 63) !== 0) continue; // the rest is slow
      readAll(address);
      if (!SocketAddress.fromBytes(back).equals(address)) throw new Error(`not the same again: ${bytes.toHex()}`);
    }
    expect(known).toBeGreaterThan(50_000);
  }, 30_000);

  test.skipIf(!onLinux)(
    "fields come back as they were given (needs Linux)",
    () => {
      const { int, bytes, pick } = random(4711);
      const u32 = (): number => int(2 ** 32);
      const device = (): string =>
        bytes(6)
          .toHex()
          .toUpperCase()
          .replace(/..(?=.)/g, "$&:");
      const text = (most: number): string =>
        bytes(int(most + 1))
          .toHex()
          .slice(0, most);
      for (let round = 0; round < 20_000; round++) {
        const cases: [new (fields: never) => SocketAddress, Record<string, unknown>][] = [
          [NetlinkSocketAddress, { pid: u32(), groups: u32() }],
          [
            PacketSocketAddress,
            { protocol: int(65_536), hardwareType: int(65_536), packetType: int(256), address: bytes(int(9)) },
          ],
          [VsockSocketAddress, { cid: u32(), port: u32(), flags: int(256) }],
          [CanSocketAddress, { rxId: u32(), txId: u32() }],
          [
            CanSocketAddress,
            { name: new DataView(bytes(8).buffer).getBigUint64(0), pgn: int(0x40001), address: int(256) },
          ],
          [TipcSocketAddress, { type: u32(), lower: int(1000), upper: 1000 + int(1000), scope: int(256) - 128 }],
          [TipcSocketAddress, { type: u32(), instance: u32(), domain: u32() }],
          [TipcSocketAddress, { node: u32(), ref: u32() }],
          [
            BluetoothL2capSocketAddress,
            { address: device(), psm: int(65_536), cid: int(65_536), addressType: int(256) },
          ],
          [BluetoothRfcommSocketAddress, { address: device(), channel: int(256) }],
          [BluetoothHciSocketAddress, { device: int(65_536), channel: int(65_536) }],
          [BluetoothScoSocketAddress, { address: device() }],
          [AlgSocketAddress, { type: text(13), name: text(63), feature: u32(), mask: u32() }],
          [QipcrtrSocketAddress, { node: u32(), port: u32() }],
          [MctpSocketAddress, { network: u32(), address: int(256), type: int(256), tag: int(256) }],
        ];
        const [Class, fields] = pick(cases);
        const address = new Class(fields as never);
        const again = SocketAddress.fromBytes(address.toBytes());
        const read = readAll(again);
        expect(Object.fromEntries(Object.keys(fields).map((name) => [name, read[name]]))).toEqual(fields);
        expect([again.constructor, again.equals(address)]).toEqual([Class, true]);
      }
    },
    20_000,
  );
});
