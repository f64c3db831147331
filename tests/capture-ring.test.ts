// Capturing on loopback. It wants CAP_NET_RAW, so an ordinary user's run skips it.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { AF_INET, AF_PACKET, SOCK_DGRAM, SOCK_RAW, Socket, SocketError } from "../src/index.ts";
import {
  allOf,
  type CapturedPacket,
  type CaptureOptions,
  CaptureRing,
  checksum,
  ETHERTYPE_IP,
  hostIs,
  packetFilter,
  parseEthernet,
  parseIPv4,
  parseUdp,
  PcapngWriter,
  portIs,
} from "../src/packet.ts";
import { canMake, SOON } from "./support/sockets.ts";
import { throwsKind, throwsNaming, wrong } from "./support/throws.ts";

setDefaultTimeout(30_000); // of work, not of waiting: there may be machines that are slow, or busy

const reason = process.platform !== "linux" ? "needs Linux" : canMake(AF_PACKET, SOCK_RAW) ? "" : "needs CAP_NET_RAW";
const capturing = describe.skipIf(reason !== "");
const because = reason === "" ? "" : ` (${reason})`;

/** A socket that sends to itself, and a ring that sees only that: once going out, once coming in. */
class Scene implements Disposable {
  readonly socket = new Socket(AF_INET, SOCK_DGRAM);
  readonly port: number;
  readonly ring: CaptureRing;

  constructor(options: CaptureOptions | ((port: number) => CaptureOptions) = {}) {
    this.socket.bind("127.0.0.1:0");
    this.port = (this.socket.localAddress as unknown as { port: number }).port;
    const filter = packetFilter(allOf(hostIs("127.0.0.1"), portIs(this.port, "destination")));
    const given = typeof options === "function" ? options(this.port) : options;
    this.ring = new CaptureRing({ interface: "lo", filter, blockTimeout: 1, ignoreOutgoing: true, ...given });
  }

  send(text: string): void {
    this.socket.sendTo(text, this.socket.localAddress);
  }

  [Symbol.dispose](): void {
    this.ring.close();
    this.socket.close();
  }
}

const payloadOf = (packet: CapturedPacket): string => {
  const frame = parseEthernet(packet.bytes)!;
  return Buffer.from(parseUdp(parseIPv4(frame.payload)!.payload)!.payload).toString();
};

const mappedAt = (): number =>
  readFileSync("/proc/self/maps", "utf8")
    .split("\n")
    .filter((line) => line.includes("socket:")).length;

capturing(`a ring${because}`, () => {
  test("hands out packets as they came, where the kernel put them", () => {
    using scene = new Scene();
    const before = BigInt(Date.now() - 1000) * 1_000_000n;
    scene.send("hello");
    const packet = scene.ring.next({ timeout: SOON });
    const frame = parseEthernet(packet.bytes)!;
    const ip = parseIPv4(frame.payload)!;
    expect(frame.type).toBe(ETHERTYPE_IP);
    expect(checksum(frame.payload, 0, ip.headerLength)).toBe(0);
    expect(payloadOf(packet)).toBe("hello");
    expect(packet).toMatchObject({
      length: 47,
      truncated: false,
      interfaceIndex: 1,
      protocol: 0x800,
      networkOffset: 14,
    });
    expect([packet.packetType, packet.vlan]).toEqual(["host", undefined]);
    expect(packet.epochNanoseconds > before && packet.epochNanoseconds < before + 60_000_000_000n).toBe(true);
    expect(packet.bytes.buffer.byteLength).toBe(16 * 262_144);
    expect(packet.copy().buffer.byteLength).toBe(47);
  });

  test("keeps their order through many turns of a small ring", () => {
    using scene = new Scene({ blockSize: 4096, blockCount: 4 });
    for (let turn = 0; turn < 200; turn++) {
      for (const part of ["a", "b", "c"]) scene.send(`${turn}${part}`);
      for (const part of ["a", "b", "c"]) expect(payloadOf(scene.ring.next({ timeout: SOON }))).toBe(`${turn}${part}`);
    }
    expect(scene.ring.statistics()).toEqual({ packets: 600, drops: 0, freezes: 0 });
  });

  test("blocks: what is in them, and that they end", () => {
    using scene = new Scene();
    for (const text of ["1", "2", "3"]) scene.send(text);
    const seen: string[] = [];
    let last: CapturedPacket | undefined;
    while (seen.length < 3) {
      using block = scene.ring.nextBlock({ timeout: SOON });
      for (const packet of block) seen.push(payloadOf((last = packet)));
      expect(block.released).toBe(false);
    }
    expect(seen).toEqual(["1", "2", "3"]);
    expect(scene.ring.tryNextBlock()).toBeNull();
    expect(throwsKind(() => last!.bytes, "closed").message).toContain("copy()");
    throwsKind(() => last!.length, "closed");
    throwsKind(() => last!.interfaceIndex, "closed");
  });

  test("cuts what a filter cuts, and counts what it drops", () => {
    using scene = new Scene((port) => ({ filter: packetFilter(portIs(port, "destination"), 60) }));
    scene.send("x".repeat(500));
    const packet = scene.ring.next({ timeout: SOON });
    expect([packet.bytes.length, packet.length, packet.truncated]).toEqual([60, 542, true]);
    expect(parseIPv4(parseEthernet(packet.bytes)!.payload)).toMatchObject({ totalLength: 528 });

    using small = new Scene({ blockSize: 4096, blockCount: 2 });
    for (let turn = 0; turn < 300; turn++) small.send("y".repeat(500));
    const { packets, drops } = small.ring.statistics();
    expect(packets).toBe(300);
    expect(drops).toBeGreaterThan(200);
    expect(small.ring.statistics().drops).toBe(drops);
  });

  test("cooked: without the header of the link; promiscuous; outgoing", () => {
    using scene = new Scene({ cooked: true, promiscuous: true, ignoreOutgoing: false });
    scene.send("hello");
    const types = [scene.ring.next({ timeout: SOON }), scene.ring.next({ timeout: SOON })].map((packet) => {
      expect(parseIPv4(packet.bytes)!.totalLength).toBe(33);
      return packet.packetType;
    });
    expect(types).toEqual(["outgoing", "host"]);
  });

  test("shares packets with its fanout group", () => {
    const fanout = { group: process.pid & 0xffff, mode: "balance" } as const;
    using scene = new Scene({ fanout });
    using other = new CaptureRing({
      interface: "lo",
      ignoreOutgoing: true,
      fanout,
      filter: packetFilter(portIs(scene.port, "destination")),
    });
    for (let turn = 0; turn < 100; turn++) scene.send("z");
    // in turn, and what others send on the loopback takes its turns too
    const [here, there] = [scene.ring.statistics().packets, other.statistics().packets];
    expect([here + there, Math.min(here, there) > 0]).toEqual([100, true]);
  });

  test("on the event loop, and one wait at a time", async () => {
    using scene = new Scene();
    const first = scene.ring.nextAsync({ timeout: SOON });
    await expect(scene.ring.nextAsync()).rejects.toMatchObject({ kind: "pending" });
    scene.send("late");
    expect(payloadOf(await first)).toBe("late");
    const seen: string[] = [];
    scene.send("1");
    for await (const packet of scene.ring.packetsAsync({ timeout: SOON })) {
      seen.push(payloadOf(packet));
      if (seen.length === 3) break;
      scene.send(`${seen.length + 1}`);
    }
    expect(seen).toEqual(["1", "2", "3"]);
  });

  test("iteration ends with the ring; waits end in time", async () => {
    using scene = new Scene();
    throwsKind(() => scene.ring.next({ timeout: 5 }), "timed-out");
    throwsKind(() => scene.ring.nextBlock({ blocking: false }), "timed-out");
    expect(scene.ring.tryNext()).toBeNull();
    const iteration = (async () => {
      for await (const packet of scene.ring) expect(packet).toBeUndefined();
    })();
    scene.ring.close();
    await iteration;
    expect([...scene.ring]).toEqual([]);
    throwsKind(() => scene.ring.tryNext(), "closed");
    throwsKind(() => scene.ring.statistics(), "closed");
    await expect(scene.ring.nextAsync()).rejects.toMatchObject({ kind: "closed" });
  });

  test("into a capture file", () => {
    using scene = new Scene();
    const chunks: Uint8Array[] = [];
    const writer = new PcapngWriter({ write: (bytes) => chunks.push(bytes) });
    writer.addInterface({ name: "lo" });
    scene.send("kept");
    writer.writePacket(scene.ring.next({ timeout: SOON }));
    scene.ring.close();
    expect(Buffer.concat(chunks).includes("kept")).toBe(true);
  });
});

capturing(`its memory${because}`, () => {
  test("is given back by close, and views of it are empty then", () => {
    const before = mappedAt();
    const scene = new Scene();
    scene.send("hello");
    const packet = scene.ring.next({ timeout: SOON });
    const { bytes } = packet;
    expect(mappedAt()).toBe(before + 1);
    scene[Symbol.dispose]();
    expect([mappedAt(), bytes.length, bytes[0]]).toEqual([before, 0, undefined]);
    throwsKind(() => packet.bytes, "closed");
    scene.ring.close();
  });

  test("stays while somebody has it, whatever the collector does", async () => {
    const before = mappedAt();
    const taken: ArrayBuffer[] = [];
    for (let turn = 0; turn < 20; turn++) {
      using scene = new Scene({ blockSize: 4096, blockCount: 4 });
      scene.send(`turn ${turn}`);
      Bun.gc(true);
      const packet = scene.ring.next({ timeout: SOON });
      expect(payloadOf(packet)).toBe(`turn ${turn}`);
      // what takes the memory away from us owns it, and may use it after the ring is closed
      if (turn % 4 === 0) taken.push(packet.bytes.buffer.transfer());
    }
    Bun.gc(true);
    for (const memory of taken) expect(new Uint8Array(memory).includes(0x74)).toBe(true);
    expect(mappedAt()).toBe(before + taken.length);
    taken.length = 0;
    for (let turn = 0; turn < 50 && mappedAt() > before; turn++) {
      Bun.gc(true);
      await new Promise(setImmediate);
    }
    expect(mappedAt()).toBeLessThanOrEqual(before + 1); // the stack may still hold one
  });

  test("a ring that somebody has written to tells so, and reads nothing outside", () => {
    for (const garbage of [0xff, 0x7f, 0x01]) {
      using scene = new Scene({ blockSize: 4096, blockCount: 2 });
      scene.send("a");
      using block = scene.ring.nextBlock({ timeout: SOON });
      const [packet] = block;
      const { buffer } = packet!.bytes;
      // all but the block's own status
      const memory = new Uint8Array(buffer);
      memory.fill(garbage, 12);
      try {
        for (const one of block) expect(one.bytes.length).toBeLessThanOrEqual(4096);
      } catch (error) {
        expect(error).toBeInstanceOf(SocketError);
        expect((error as SocketError).kind).toBe("invalid-data");
      }
      memory.fill(0);
    }
  });
});

describe("wrong options are named", () => {
  test.skipIf(process.platform !== "linux")("before anything is made (needs Linux)", () => {
    const make = (options: CaptureOptions) => () => new CaptureRing(options);
    throwsNaming(() => new CaptureRing(wrong(7)), TypeError, "options");
    throwsNaming(make({ blockSize: 5000 }), RangeError, "blockSize");
    throwsNaming(make({ blockSize: 0 }), RangeError, "blockSize");
    throwsNaming(make({ blockCount: 0 }), RangeError, "blockCount");
    throwsNaming(make({ blockCount: 1e6 }), RangeError, "blockCount");
    throwsNaming(make({ blockTimeout: 0 }), RangeError, "blockTimeout");
    throwsNaming(make({ protocol: 65_536 }), RangeError, "protocol");
    throwsNaming(make({ promiscuous: true }), TypeError, "interface");
    throwsNaming(make({ cooked: wrong(1) }), TypeError, "cooked");
    throwsNaming(make({ ignoreOutgoing: wrong(1) }), TypeError, "ignoreOutgoing");
    throwsNaming(make({ fanout: { group: 65_536 } }), RangeError, "fanout.group");
    throwsNaming(make({ fanout: { group: 1, mode: wrong("most") } }), TypeError, "fanout.mode");
    throwsKind(make({ interface: "no-such-device" }), "no-such-device");
  });

  test.skipIf(reason !== "")(`and nothing is left open when the kernel refuses${because}`, () => {
    const before = mappedAt();
    throwsKind(() => new CaptureRing({ filter: [{ code: 0xffff, jt: 0, jf: 0, k: 0 }] }), "invalid-argument");
    expect(mappedAt()).toBe(before);
  });
});
