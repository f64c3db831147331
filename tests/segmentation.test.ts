// UDP segmentation offload: datagrams that travel joined, and are datagrams all the same.

import { describe, expect, test } from "bun:test";
import { loopedCalls } from "../ffi/batch.ts";
import {
  AF_INET,
  AF_INET6,
  IPPROTO_IPV6,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
  IPV6_V6ONLY,
  MSG_CONFIRM,
  MSG_TRUNC,
  SO_NO_CHECK,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SOCK_DGRAM,
  SOL_SOCKET,
  UDP_GRO,
  UDP_SEGMENT,
} from "./support/constants.ts";
import {
  HopLimit,
  PacketInfo,
  ReceiveBatch,
  SegmentSize,
  SendBatch,
  Socket,
  type SocketAddress,
  SocketError,
  Timestamp,
  TrafficClass,
  WOULD_BLOCK,
} from "../src/index.ts";
import * as option from "../src/options.ts";
import { incoming } from "../src/message/receive-batch.ts";
import { answer, arriving, fill, text, texts, WatchedCalls } from "./support/batches.ts";
import { runChild } from "./support/child.ts";
import { connectedPair, canMake, families, haveIPv6, SOON, UdpPair, udpSocket } from "./support/sockets.ts";
import { throwsKind, throwsNaming } from "./support/throws.ts";

const soon = { timeout: SOON };
const LARGEST = 65_507; // of a message, joined or not

const haveSegmentation = ((): boolean => {
  using socket = new Socket(AF_INET, SOCK_DGRAM);
  return socket.supports("segmentation") && socket.supports("gro");
})();
const needs = "(needs UDP_SEGMENT and UDP_GRO, Linux 5.0)";
const joins128 =
  haveSegmentation &&
  ((): boolean => {
    using pair = new UdpPair();
    try {
      return pair.a.sendMessage({ buffers: [new Uint8Array(128)], control: [new SegmentSize(1)] }) === 128;
    } catch {
      return false;
    }
  })();
const needs128 = "(needs 128 segments, Linux 6.9)";

/** Makes room for what these tests send. */
function roomy(socket: Socket): Socket {
  try {
    socket.setOption(SOL_SOCKET, SO_RCVBUFFORCE, 4_000_000);
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
    socket.setOption(SOL_SOCKET, SO_RCVBUF, 4_000_000); // as much as net.core.rmem_max allows
  }
  return socket;
}

/** A datagram of this size that tells its number. */
function sized(size: number, number = 0): string {
  return `${number}:`.padEnd(size, "abcdefghij").slice(0, size);
}

/** Datagrams of these sizes, numbered. */
function ofSizes(...sizes: number[]): string[] {
  return sizes.map((size, index) => sized(size, index));
}

/** So many datagrams of one size. */
function equal(count: number, size: number): string[] {
  return ofSizes(...Array<number>(count).fill(size));
}

/** A batch that joins, and what watches it. */
function joining(
  datagrams: readonly string[],
  address?: SocketAddress,
  size = 65_535,
): { batch: SendBatch; watched: WatchedCalls } {
  const batch = new SendBatch({ capacity: Math.max(datagrams.length, 1), size, segmentation: "auto" });
  fill(batch, datagrams, address);
  return { batch, watched: new WatchedCalls(batch) };
}

function joinedBatch(capacity = 64, controlSize?: number): ReceiveBatch {
  return new ReceiveBatch({ capacity, size: 1500, controlSize, segmentation: "auto" });
}

describe.skipIf(!haveSegmentation).each(families)(
  `a send batch of segmentation "auto", %s ${needs}`,
  (_name, family) => {
    test("joins neighbours of one size to one destination, and they arrive as they were pushed", () => {
      using pair = new UdpPair(family);
      const datagrams = equal(20, 100);
      const { batch, watched } = joining(datagrams);
      expect(pair.a.sendMessages(batch)).toBe(20);
      expect(watched.sends).toEqual([[20]]);
      expect(arriving(pair.b, 20)).toEqual(datagrams);
      expect(pair.a.capabilities.segmentation).toBe(true);
    });

    test("joins them for an address as well, and over a socket that is not connected", () => {
      using from = new Socket(family, SOCK_DGRAM);
      using to = udpSocket(family);
      const datagrams = equal(20, 100);
      const { batch, watched } = joining(datagrams, to.localAddress);
      expect(from.sendMessages(batch)).toBe(20);
      expect(watched.sends).toEqual([[20]]);
      expect(arriving(to, 20)).toEqual(datagrams);
    });

    test("puts them into one packet: a receiver with UDP_GRO sees them joined, with their size", () => {
      using pair = new UdpPair(family);
      pair.b.setOption(option.UDP_GRO, true);
      const datagrams = ofSizes(100, 100, 100, 40);
      expect(pair.a.sendMessages(joining(datagrams).batch)).toBe(4);
      const buffer = new Uint8Array(1000);
      const message = pair.b.receiveMessage({ buffers: [buffer] }, soon);
      expect(message.size).toBe(340);
      expect(message.control.get(SegmentSize)?.size).toBe(100);
      expect(text(buffer.subarray(0, 340))).toBe(datagrams.join(""));
    });

    const runs: readonly (readonly [name: string, sizes: readonly number[], runs: readonly number[]])[] = [
      ["a shorter one ends a run, and belongs to it", [100, 100, 60, 60, 60], [3, 2]],
      ["a shorter one ends a run, also as its second", [100, 60, 100], [2, 1]],
      ["a longer one begins a new run", [100, 100, 101, 101, 100], [2, 3]],
      ["ever longer ones are not joined", [1, 2, 3, 4], [1, 1, 1, 1]],
      ["ever shorter ones are joined in twos", [4, 3, 2, 1], [2, 2]],
      ["an empty one is joined with none", [100, 0, 100, 100, 0, 0, 100], [1, 1, 2, 1, 1, 1]],
      ["empty ones only", [0, 0, 0], [1, 1, 1]],
      ["one alone", [100], [1]],
      ["one byte each", Array<number>(128).fill(1), [128]],
      ["at most 128 in one message", Array<number>(300).fill(10), [128, 128, 44]],
      ["at most 65,507 bytes in one message", Array<number>(100).fill(1400), [46, 46, 8]],
      ["65,507 bytes exactly", [32_753, 32_753, 1, 5], [3, 1]],
      ["a byte more than 65,507", [32_754, 32_754, 5], [1, 2]],
      ["the largest there is is joined with none", [LARGEST, LARGEST, 1], [1, 1, 1]],
    ];
    for (const [name, sizes, expected] of runs) {
      const many = Math.max(...expected) > 64;
      test.skipIf(many && !joins128)(many ? `${name} ${needs128}` : name, () => {
        using pair = new UdpPair(family);
        roomy(pair.b);
        const datagrams = ofSizes(...sizes);
        const { batch, watched } = joining(datagrams);
        expect(pair.a.sendMessages(batch, soon)).toBe(sizes.length);
        expect(watched.sends).toEqual([[...expected]]);
        expect(arriving(pair.b, sizes.length)).toEqual(datagrams);
      });
    }

    test("another destination begins a new run, the same one in other words does not", () => {
      using from = new Socket(family, SOCK_DGRAM);
      using first = udpSocket(family);
      using second = udpSocket(family);
      const batch = new SendBatch({ capacity: 10, size: 100, segmentation: "auto" });
      const watched = new WatchedCalls(batch);
      fill(batch, ["a0", "a1"], first.localAddress);
      fill(batch, ["b0"], second.localAddress);
      fill(batch, ["a2"], first.localAddress);
      fill(batch, ["a3"], String(first.localAddress));
      fill(batch, ["b1"], second.localAddress);
      fill(batch, ["b2"], second.localAddress);
      expect(from.sendMessages(batch)).toBe(7);
      expect(watched.sends).toEqual([[2, 1, 2, 2]]);
      expect(arriving(first, 4)).toEqual(["a0", "a1", "a2", "a3"]);
      expect(arriving(second, 3)).toEqual(["b0", "b1", "b2"]);
    });

    test("on a connected socket the peer and an address are two destinations", () => {
      using pair = new UdpPair(family);
      using other = udpSocket(family);
      const batch = new SendBatch({ capacity: 10, size: 100, segmentation: "auto" });
      const watched = new WatchedCalls(batch);
      fill(batch, ["p0", "p1"]);
      fill(batch, ["o0", "o1"], other.localAddress);
      fill(batch, ["p2"], pair.b.localAddress);
      fill(batch, ["p3"], null);
      expect(pair.a.sendMessages(batch)).toBe(6);
      expect(watched.sends).toEqual([[2, 2, 1, 1]]);
      expect(arriving(pair.b, 4)).toEqual(["p0", "p1", "p2", "p3"]);
      expect(arriving(other, 2)).toEqual(["o0", "o1"]);
    });

    test("control messages and flags of a datagram keep it apart", () => {
      using pair = new UdpPair(family);
      pair.b.receiveControl(TrafficClass);
      const batch = new SendBatch({ capacity: 10, size: 100, segmentation: "auto" });
      const watched = new WatchedCalls(batch);
      fill(batch, ["0", "1"]);
      batch.push("2", null, { control: [new TrafficClass({ dscp: 10 })] });
      batch.push("3", null, { control: [new TrafficClass({ dscp: 10 })] });
      fill(batch, ["4", "5"]);
      batch.push("6", null, { flags: MSG_CONFIRM });
      fill(batch, ["7", "8"]);
      expect(pair.a.sendMessages(batch)).toBe(9);
      expect(watched.sends).toEqual([[2, 1, 1, 2], [1], [2]]);
      const got = new ReceiveBatch({ capacity: 10, size: 100 });
      expect(pair.b.receiveMessages(got, { ...soon, waitAll: false })).toBe(9);
      expect(texts(got)).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "8"]);
      expect(texts(got).map((_, index) => got.control(index, TrafficClass)?.dscp)).toEqual([
        0, 0, 10, 10, 0, 0, 0, 0, 0,
      ]);
    });

    test("is sent again as it is", () => {
      using pair = new UdpPair(family);
      const datagrams = ofSizes(50, 50, 20, 50);
      const { batch, watched } = joining(datagrams);
      for (let round = 0; round < 3; round++) {
        expect(pair.a.sendMessages(batch)).toBe(4);
        expect(arriving(pair.b, 4)).toEqual(datagrams);
      }
      expect(watched.sends).toEqual([
        [3, 1],
        [3, 1],
        [3, 1],
      ]);
    });

    test.skipIf(!joins128)(`counts datagrams when only some messages went, and goes on behind them ${needs128}`, () => {
      using pair = new UdpPair(family);
      roomy(pair.b);
      const datagrams = equal(300, 10);
      const { batch, watched } = joining(datagrams);
      watched.limit = 1;
      watched.refuse = (_run, call) => (call === 1 ? answer("EAGAIN") : undefined);
      expect(pair.a.sendMessages(batch, { timeout: 0 })).toBe(128);
      expect(batch.pendingError).toBeUndefined();
      expect(pair.a.trySendMessages(batch)).toBe(172);
      expect(watched.sends).toEqual([[128, 128, 44], [128, 44], [128, 44], [44]]);
      expect(arriving(pair.b, 300)).toEqual(datagrams);
      watched.refuse = (_run, call) => (call === 5 ? answer("ENOBUFS") : undefined);
      expect(pair.a.sendMessages(batch)).toBe(128);
      throwsKind(() => pair.a.sendMessages(batch), "no-buffers");
      expect(pair.a.sendMessages(batch)).toBe(172);
      expect(arriving(pair.b, 300)).toEqual(datagrams);
    });
  },
);

describe.skipIf(!haveSegmentation)(`joined datagrams and families ${needs}`, () => {
  test.skipIf(!haveIPv6)("an AF_INET6 socket joins for IPv4 peers too (needs IPv6)", () => {
    using from = new Socket(AF_INET6, SOCK_DGRAM);
    from.setOption(IPPROTO_IPV6, IPV6_V6ONLY, false);
    using to = udpSocket(AF_INET);
    const datagrams = equal(20, 100);
    const { batch, watched } = joining(datagrams, to.localAddress);
    expect(from.sendMessages(batch)).toBe(20);
    expect(watched.sends).toEqual([[20]]);
    expect(arriving(to, 20)).toEqual(datagrams);
  });

  test("sockets that are not UDP join nothing", () => {
    const [a, b] = connectedPair(SOCK_DGRAM);
    using _a = a;
    using _b = b;
    const datagrams = equal(5, 100);
    const { batch, watched } = joining(datagrams);
    expect(a.sendMessages(batch)).toBe(5);
    expect(watched.sends).toEqual([[1, 1, 1, 1, 1]]);
    expect(arriving(b, 5)).toEqual(datagrams);
    expect(a.capabilities.segmentation).toBe(false);
  });

  test("a batch without segmentation joins nothing", () => {
    using pair = new UdpPair();
    const batch = new SendBatch({ capacity: 5, size: 100 });
    const watched = new WatchedCalls(batch);
    fill(batch, equal(5, 100));
    expect(pair.a.sendMessages(batch)).toBe(5);
    expect(watched.sends).toEqual([[1, 1, 1, 1, 1]]);
  });

  test("one batch over several sockets is laid out for each", () => {
    using udp = new UdpPair();
    const [a, b] = connectedPair(SOCK_DGRAM);
    using _a = a;
    using _b = b;
    const { batch, watched } = joining(equal(5, 100));
    for (const socket of [udp.a, a, udp.b, b, udp.a]) expect(socket.sendMessages(batch)).toBe(5);
    const ones = [1, 1, 1, 1, 1];
    expect(watched.sends).toEqual([[5], ones, [5], ones, [5]]);
    for (const socket of [a, b, udp.a]) expect(arriving(socket, 5)).toEqual(equal(5, 100));
    expect(arriving(udp.b, 10)).toEqual([...equal(5, 100), ...equal(5, 100)]);
  });
});

describe.skipIf(!haveSegmentation)(`what refuses joined datagrams ${needs}`, () => {
  test("EIO turns joining off for the socket, once; all datagrams go, once each and in order", () => {
    using pair = new UdpPair();
    roomy(pair.b);
    const datagrams = equal(300, 10);
    const { batch, watched } = joining(datagrams);
    watched.refuse = (run) => ((run[0] ?? 0) > 1 ? answer("EIO") : undefined);
    expect(pair.a.capabilities.segmentation).toBe(true);
    expect(pair.a.sendMessages(batch)).toBe(300);
    expect(batch.pendingError).toBeUndefined();
    expect(watched.sends.map((run) => Math.max(...run))).toEqual([128, 1]);
    expect(arriving(pair.b, 300)).toEqual(datagrams);
    expect(pair.a.capabilities.segmentation).toBe(false);
    expect(pair.a.supports("segmentation")).toBe(false);
    expect(pair.a.sendMessages(batch)).toBe(300);
    expect(watched.sends.map((run) => Math.max(...run))).toEqual([128, 1, 1]);
    expect(arriving(pair.b, 300)).toEqual(datagrams);
    // learned of this socket only, and for every batch
    expect(pair.b.capabilities.segmentation).toBe(true);
    const other = joining(equal(3, 10));
    expect(pair.a.trySendMessages(other.batch)).toBe(3);
    expect(other.watched.sends).toEqual([[1, 1, 1]]);
  });

  test.skipIf(!joins128)(`EIO after some messages loses none and repeats none ${needs128}`, () => {
    using pair = new UdpPair();
    roomy(pair.b);
    const datagrams = equal(300, 10);
    const { batch, watched } = joining(datagrams);
    watched.limit = 1;
    watched.refuse = (_run, call) => (call === 1 ? answer("EIO") : undefined);
    watched.after = (call) => {
      if (call === 1) watched.limit = Infinity;
    };
    expect(pair.a.sendMessages(batch)).toBe(300);
    expect(watched.sends.map(([first = 0, ...rest]) => [first, rest.length])).toEqual([
      [128, 2],
      [128, 1],
      [1, 171],
    ]);
    expect(arriving(pair.b, 300)).toEqual(datagrams);
    expect(pair.a.capabilities.segmentation).toBe(false);
  });

  test.each(["EINVAL", "EMSGSIZE"])("%s of more than 64 sends 64 each, and joining stays on", (code) => {
    using pair = new UdpPair();
    roomy(pair.b);
    const datagrams = equal(300, 10);
    const { batch, watched } = joining(datagrams);
    watched.refuse = (run) => ((run[0] ?? 0) > 64 ? answer(code) : undefined); // a kernel before 6.9
    for (let round = 0; round < 2; round++) {
      expect(pair.a.sendMessages(batch)).toBe(300);
      expect(batch.pendingError).toBeUndefined();
      expect(arriving(pair.b, 300)).toEqual(datagrams);
      expect(pair.a.capabilities.segmentation).toBe(true);
    }
    expect(watched.sends.slice(0, 5)).toEqual([[128, 128, 44], [64, 64], [128, 44], [64, 64], [44]]);
  });

  test.skipIf(!joins128).each(["EINVAL", "EMSGSIZE"])(
    `%s of any joined message sends that one unjoined, and the next joined ${needs128}`,
    (code) => {
      using pair = new UdpPair();
      roomy(pair.b);
      const datagrams = [...equal(200, 10), ...equal(3, 20), ...equal(5, 40)];
      const { batch, watched } = joining(datagrams);
      // the second run is refused, in any form but one by one
      watched.refuse = (run, call) => ((run[0] ?? 0) > 1 && call >= 1 && call <= 2 ? answer(code) : undefined);
      watched.limit = 1;
      watched.after = (call) => {
        if (call === 2) watched.limit = Infinity;
      };
      expect(pair.a.sendMessages(batch)).toBe(208);
      expect(arriving(pair.b, 208)).toEqual(datagrams);
      expect(pair.a.capabilities.segmentation).toBe(true);
      expect(watched.sends).toEqual([[128, 72, 3, 5], [72, 3, 5], [64, 8], Array<number>(72).fill(1), [3, 5]]);
    },
  );

  test("one by one, and refused still: the error is told, after what went", () => {
    using pair = new UdpPair();
    const datagrams = ofSizes(10, 10, 10, 20, 20);
    const { batch, watched } = joining(datagrams);
    watched.refuse = (_run, call) => (call > 0 ? answer("EINVAL") : undefined);
    watched.limit = 1;
    expect(pair.a.sendMessages(batch)).toBe(3);
    expect(batch.pendingError).toMatchObject({ code: "EINVAL" });
    expect(watched.sends).toEqual([[3, 2], [2], [1, 1]]);
    throwsKind(() => pair.a.sendMessages(batch), "invalid-argument");
    watched.refuse = () => undefined;
    expect(pair.a.sendMessages(batch)).toBe(2);
    expect(arriving(pair.b, 5)).toEqual(datagrams);
  });

  test("other errors are not met by sending unjoined", () => {
    using pair = new UdpPair();
    for (const code of ["ENOBUFS", "EPERM", "ECONNREFUSED", "ENETUNREACH"]) {
      const { batch, watched } = joining(equal(5, 10));
      watched.refuse = () => answer(code);
      expect(throwsKind(() => pair.a.sendMessages(batch), kindOf(code)).code).toBe(code);
      expect(watched.sends).toEqual([[5]]);
    }
    expect(pair.a.capabilities.segmentation).toBe(true);
  });

  function kindOf(code: string): SocketError["kind"] {
    const kinds: Record<string, SocketError["kind"]> = { ENOBUFS: "no-buffers", EPERM: "permission-denied" };
    return kinds[code] ?? (code === "ECONNREFUSED" ? "connection-refused" : "network-unreachable");
  }

  test("a waiting send meets a refusal behind a would-block as well", () => {
    using pair = new UdpPair();
    const datagrams = equal(5, 10);
    const { batch, watched } = joining(datagrams);
    watched.refuse = (run, call) => (call === 0 ? answer("EAGAIN") : (run[0] ?? 0) > 1 ? answer("EIO") : undefined);
    expect(pair.a.sendMessages(batch, soon)).toBe(5);
    expect(watched.sends).toEqual([[5], [5], [1, 1, 1, 1, 1]]);
    expect(arriving(pair.b, 5)).toEqual(datagrams);
  });

  // net/ipv4/udp.c, udp_send_skb: EINVAL for a socket without checksums
  test.skipIf(!joins128)(`the kernel's own EINVAL, for a socket that sends no checksums ${needs128}`, () => {
    using pair = new UdpPair();
    pair.a.setOption(SOL_SOCKET, SO_NO_CHECK, 1);
    const datagrams = equal(200, 100);
    const { batch, watched } = joining(datagrams);
    expect(pair.a.sendMessages(batch)).toBe(200);
    expect(arriving(pair.b, 200)).toEqual(datagrams);
    expect(pair.a.capabilities.segmentation).toBe(true);
    expect(watched.sends.map((run) => run[0])).toEqual([128, 64, 1, 72, 64, 1]);
    pair.a.setOption(SOL_SOCKET, SO_NO_CHECK, 0);
    expect(pair.a.sendMessages(batch)).toBe(200);
    expect(watched.sends.at(-1)).toEqual([128, 72]);
  });

  test.skipIf(!canMake(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE))(
    "the kernel's own EIO, for UDP-Lite (needs CONFIG of UDP-Lite)",
    () => {
      using from = new Socket(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE);
      using to = new Socket(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE);
      to.bind("127.0.0.1:0");
      const datagrams = equal(20, 100);
      const { batch } = joining(datagrams, to.localAddress);
      expect(from.sendMessages(batch)).toBe(20);
      expect(arriving(to, 20)).toEqual(datagrams);
      expect(from.capabilities.segmentation).toBe(false);
    },
  );

  const haveNamespaces =
    process.getuid?.() === 0 && Bun.which("unshare") !== null && Bun.which("ip") !== null && Bun.which("sh") !== null;
  const namespace = (setup: string): { through: string[] } => ({
    through: ["unshare", "-n", "sh", "-c", `ip link set lo up && ${setup} && exec "$@"`, "sh"],
  });

  test.skipIf(!haveNamespaces)(
    "datagrams larger than the MTU go unjoined, in fragments (needs root, unshare, ip)",
    async () => {
      const { report, stderr } = await runChild(
        `
      const { SendBatch } = berkeley;
      using to = new Socket(AF_INET, SOCK_DGRAM);
      to.bind("127.0.0.1:0");
      using from = new Socket(AF_INET, SOCK_DGRAM);
      const batch = new SendBatch({ capacity: 20, size: 2000, segmentation: "auto" });
      for (let i = 0; i < 10; i++) batch.push(new Uint8Array(2000).fill(i), to.localAddress);
      for (let i = 0; i < 10; i++) batch.push(new Uint8Array(1000).fill(i), to.localAddress);
      const sent = from.sendMessages(batch);
      const got = [];
      for (let i = 0; i < 20; i++) { const d = to.receiveBytes(3000, { timeout: 2000 }); got.push([d.length, d[0], d.at(-1)]); }
      report({ sent, got, more: to.tryReceive(new Uint8Array(1)), segmentation: from.capabilities.segmentation });
    `,
        namespace("ip link set lo mtu 1500"),
      );
      expect(stderr).toBe("");
      const expected = [2000, 1000].flatMap((size) => Array.from({ length: 10 }, (_, index) => [size, index, index]));
      expect(report).toEqual({ sent: 20, got: expected, more: -1, segmentation: true });
    },
  );

  test.skipIf(!haveNamespaces)(
    "an ICMP socket, which would make one message of them, joins nothing (needs root, unshare, ip)",
    async () => {
      const { report, stderr } = await runChild(
        `
      const { SendBatch, ReceiveBatch, IPPROTO_ICMP } = berkeley;
      using socket = new Socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
      socket.connect("127.0.0.1:0");
      const batch = new SendBatch({ capacity: 3, size: 100, segmentation: "auto" });
      for (let i = 0; i < 3; i++) batch.push(Uint8Array.of(8, 0, 0, 0, 0, 0, 0, i, 1, 2, 3, 4));
      const sent = socket.sendMessages(batch);
      const inn = new ReceiveBatch({ capacity: 3, size: 100, segmentation: "auto" });
      const received = socket.receiveMessages(inn, { timeout: 2000, waitAll: true });
      report({ sent, received, got: [0, 1, 2].map((i) => [inn.size(i), inn.data(i)[0], inn.data(i)[7]]),
        segmentation: socket.capabilities.segmentation, gro: socket.capabilities.gro });
    `,
        namespace('echo "0 2147483647" > /proc/sys/net/ipv4/ping_group_range'),
      );
      expect(stderr).toBe("");
      const got = [0, 1, 2].map((index) => [12, 0, index]);
      expect(report).toEqual({ sent: 3, received: 3, got, segmentation: false, gro: false });
    },
  );
});

describe.skipIf(!haveSegmentation)(`SegmentSize on one message ${needs}`, () => {
  test.each(families)("cuts it into datagrams, of which the last may be shorter: %s", (_name, family) => {
    using pair = new UdpPair(family);
    const data = sized(2500);
    expect(pair.a.sendMessage({ buffers: [data], control: [new SegmentSize(1000)] })).toBe(2500);
    expect(arriving(pair.b, 3)).toEqual([data.slice(0, 1000), data.slice(1000, 2000), data.slice(2000)]);
    expect(pair.a.sendMessage({ buffers: [data, data], control: [new SegmentSize(2500)] })).toBe(5000);
    expect(arriving(pair.b, 2)).toEqual([data, data]);
  });

  test("goes in a batch, joined by the caller", () => {
    using pair = new UdpPair();
    const batch = new SendBatch({ capacity: 3, size: 65_507 });
    const data = sized(250);
    batch.push(data, null, { control: [new SegmentSize(100)] });
    batch.push("alone");
    batch.push(data, null, { control: [new SegmentSize(200), new TrafficClass({ dscp: 8 })] });
    expect(pair.a.sendMessages(batch)).toBe(3);
    expect(arriving(pair.b, 6).map(({ length }) => length)).toEqual([100, 100, 50, 5, 200, 50]);
  });

  test("goes in a batch of segmentation auto, and is left alone there", () => {
    using pair = new UdpPair();
    const batch = new SendBatch({ capacity: 5, size: 65_507, segmentation: "auto" });
    const watched = new WatchedCalls(batch);
    batch.push(sized(10));
    batch.push(sized(10), null, { control: [new SegmentSize(4)] });
    batch.push(sized(10));
    batch.push(sized(10));
    expect(pair.a.sendMessages(batch)).toBe(4);
    expect(watched.sends).toEqual([[1, 1, 2]]);
    expect(arriving(pair.b, 6).map(({ length }) => length)).toEqual([10, 4, 4, 2, 10, 10]);
  });

  test("that the kernel refuses is an error of its own, and teaches nothing", () => {
    using pair = new UdpPair();
    const control = [new SegmentSize(1)];
    expect(() => pair.a.sendMessage({ buffers: [sized(2000)], control })).toThrow(SocketError); // 2000 segments
    expect(pair.a.capabilities.segmentation).toBe(true);
  });

  test.each([0, -1, 65_536, 1.5, NaN])("of %d is a RangeError", (size) => {
    throwsNaming(() => new SegmentSize(size), RangeError, "size");
  });

  test("may be an option of the socket instead: UDP_SEGMENT", () => {
    using pair = new UdpPair();
    pair.a.setOption(option.UDP_SEGMENT, 100);
    expect(pair.a.getOption(IPPROTO_UDP, UDP_SEGMENT)).toBe(100);
    pair.a.send(sized(250));
    expect(arriving(pair.b, 3).map(({ length }) => length)).toEqual([100, 100, 50]);
  });
});

describe.skipIf(!haveSegmentation).each(families)(
  `a receive batch of segmentation "auto", %s ${needs}`,
  (_name, family) => {
    test("turns UDP_GRO on at its first use, and not before", () => {
      using pair = new UdpPair(family);
      const batch = joinedBatch();
      expect(pair.b.getOption(option.UDP_GRO)).toBe(false);
      expect(pair.b.tryReceiveMessages(batch)).toBe(WOULD_BLOCK);
      expect(pair.b.getOption(option.UDP_GRO)).toBe(true);
      expect(pair.b.capabilities.gro).toBe(true);
      expect(pair.a.getOption(option.UDP_GRO)).toBe(false);
    });

    test("gives joined datagrams back one by one, as views on its buffer, with address and control of each", () => {
      using pair = new UdpPair(family);
      const batch = joinedBatch();
      pair.b.receiveControl(TrafficClass);
      pair.b.tryReceiveMessages(batch);
      const datagrams = ofSizes(100, 100, 100, 30);
      pair.a.sendMessages(joining(datagrams).batch);
      const watched = (incoming(batch).calls = new WatchedCalls(undefined));
      expect(pair.b.receiveMessages(batch, soon)).toBe(4);
      expect(watched.receives).toEqual([64]);
      expect(batch.length).toBe(4);
      expect(texts(batch)).toEqual(datagrams);
      for (const [index, datagram] of datagrams.entries()) {
        const view = batch.data(index);
        expect(view.buffer).toBe(batch.buffer);
        expect([view.byteOffset, view.length]).toEqual([batch.offset(index), batch.size(index)]);
        expect(batch.size(index)).toBe(datagram.length);
        expect(batch.offset(index)).toBe(batch.offset(0) + index * 100);
        expect(String(batch.address(index))).toBe(String(pair.a.localAddress));
        expect(batch.address(index)).toBe(batch.address(0) as SocketAddress);
        expect(batch.control(index, TrafficClass)?.dscp).toBe(0);
        expect(batch.control(index, SegmentSize)?.size).toBe(100);
        expect(batch.truncated(index)).toBe(false);
        expect(batch.flags(index)).toBe(0);
      }
      throwsNaming(() => batch.data(4), RangeError, "index");
    });

    test("hands the same views out again while offset and length stay the same", () => {
      using pair = new UdpPair(family);
      const batch = joinedBatch();
      pair.b.tryReceiveMessages(batch);
      pair.a.sendMessages(joining(equal(10, 100)).batch);
      expect(pair.b.receiveMessages(batch, soon)).toBe(10);
      const first = texts(batch).map((_, index) => batch.data(index));
      pair.a.sendMessages(joining(ofSizes(100, 100, 100, 50)).batch);
      expect(pair.b.receiveMessages(batch, soon)).toBe(4);
      for (const index of [0, 1, 2]) expect(batch.data(index)).toBe(first[index] as Uint8Array<ArrayBuffer>);
      expect(batch.data(3)).not.toBe(first[3] as Uint8Array<ArrayBuffer>);
      expect(texts(batch)).toEqual(ofSizes(100, 100, 100, 50));
    });

    test.skipIf(!joins128)(
      `has more datagrams than its capacity, and every count speaks of datagrams ${needs128}`,
      () => {
        using pair = new UdpPair(family);
        roomy(pair.b);
        const batch = joinedBatch(2);
        expect(batch.capacity).toBe(2);
        pair.b.tryReceiveMessages(batch);
        const datagrams = equal(300, 10);
        expect(pair.a.sendMessages(joining(datagrams).batch)).toBe(300); // three messages: 128, 128, 44
        expect(pair.b.receiveMessages(batch, soon)).toBe(256);
        expect(batch.length).toBe(256);
        expect(texts(batch)).toEqual(datagrams.slice(0, 256));
        expect(String(batch.address(255))).toBe(String(pair.a.localAddress));
        expect(pair.b.tryReceiveMessages(batch)).toBe(44);
        expect(texts(batch)).toEqual(datagrams.slice(256));
        throwsNaming(() => batch.data(44), RangeError, "index");
      },
    );

    test("keeps single and empty datagrams as they are, among joined ones", () => {
      using pair = new UdpPair(family);
      const batch = joinedBatch();
      pair.b.tryReceiveMessages(batch);
      const datagrams = ofSizes(0, 10, 10, 5, 0, 0, 7, 8, 8, 1500, 0);
      expect(pair.a.sendMessages(joining(datagrams).batch)).toBe(datagrams.length);
      expect(pair.b.receiveMessages(batch, soon)).toBe(datagrams.length);
      expect(texts(batch)).toEqual(datagrams);
    });

    test("holds the largest datagrams whatever its size says", () => {
      using pair = new UdpPair(family);
      roomy(pair.b);
      const batch = new ReceiveBatch({ capacity: 3, size: 10, segmentation: "auto" });
      pair.b.tryReceiveMessages(batch);
      const datagrams = ofSizes(LARGEST, 30_000, 30_000);
      expect(pair.a.sendMessages(joining(datagrams).batch)).toBe(3);
      expect(pair.b.receiveMessages(batch, soon)).toBe(3);
      expect(texts(batch)).toEqual(datagrams);
      expect([0, 1, 2].map((index) => batch.truncated(index))).toEqual([false, false, false]);
    });

    test("tells several senders apart, whose joined datagrams come interleaved", () => {
      using to = roomy(udpSocket(family));
      using stack = new DisposableStack();
      const senders = [0, 1, 2].map(() => stack.use(udpSocket(family)));
      const batch = joinedBatch();
      to.tryReceiveMessages(batch);
      const expected: [string, string][] = [];
      for (let round = 0; round < 4; round++) {
        for (const [number, sender] of senders.entries()) {
          const datagrams = Array.from({ length: 5 + number }, (_, index) => `${round}/${number}/${index}`.padEnd(50));
          sender.sendMessages(joining(datagrams, to.localAddress).batch);
          for (const datagram of datagrams) expected.push([datagram, String(sender.localAddress)]);
        }
      }
      expect(to.receiveMessages(batch, soon)).toBe(expected.length);
      expect(texts(batch).map((each, index) => [each, String(batch.address(index))])).toEqual(expected);
    });

    test("takes 1500 datagrams of many messages in several calls", () => {
      using pair = new UdpPair(family);
      roomy(pair.b);
      const batch = joinedBatch(3);
      pair.b.tryReceiveMessages(batch);
      const datagrams = equal(1500, 12);
      expect(pair.a.sendMessages(joining(datagrams).batch, soon)).toBe(1500);
      const got: string[] = [];
      while (got.length < 1500) {
        expect(pair.b.receiveMessages(batch, soon)).toBe(batch.length);
        got.push(...texts(batch));
      }
      expect(got).toEqual(datagrams);
    });

    test("splits whatever other control messages come before the size, and however little room was asked for", () => {
      using pair = new UdpPair(family);
      pair.b.receiveControl(Timestamp, PacketInfo, HopLimit, TrafficClass);
      for (const controlSize of [0, 24, 100, 1000]) {
        const batch = joinedBatch(4, controlSize);
        pair.b.tryReceiveMessages(batch);
        const datagrams = ofSizes(100, 100, 100, 30);
        pair.a.sendMessages(joining(datagrams).batch);
        expect(pair.b.receiveMessages(batch, soon)).toBe(4);
        expect(texts(batch)).toEqual(datagrams);
      }
    });

    test("works alike with calls that take one message each", () => {
      using pair = new UdpPair(family);
      roomy(pair.b);
      const batch = joinedBatch();
      incoming(batch).calls = loopedCalls;
      pair.b.tryReceiveMessages(batch);
      const datagrams = [...equal(200, 10), ...ofSizes(0, 50, 50, 20)];
      expect(pair.a.sendMessages(joining(datagrams).batch)).toBe(204);
      expect(pair.b.receiveMessages(batch, soon)).toBe(204);
      expect(texts(batch)).toEqual(datagrams);
    });
  },
);

describe.skipIf(!haveSegmentation)(`a socket with UDP_GRO on ${needs}`, () => {
  /** Everything that could lose joined datagrams. */
  const plain: readonly (readonly [name: string, receive: (socket: Socket) => unknown])[] = [
    ["receive", (socket) => socket.receive(new Uint8Array(10), { timeout: 0 })],
    ["tryReceive", (socket) => socket.tryReceive(new Uint8Array(10))],
    ["receiveBytes", (socket) => socket.receiveBytes(10, { timeout: 0 })],
    ["receiveFrom", (socket) => socket.receiveFrom(new Uint8Array(10), { timeout: 0 })],
    ["tryReceiveFrom", (socket) => socket.tryReceiveFrom(new Uint8Array(10))],
    ["receiveBytesFrom", (socket) => socket.receiveBytesFrom(10, { timeout: 0 })],
    [
      "receiveMessages without segmentation",
      (socket) => socket.receiveMessages(new ReceiveBatch({ capacity: 2, size: 10 }), { timeout: 0 }),
    ],
    [
      "tryReceiveMessages without segmentation",
      (socket) => socket.tryReceiveMessages(new ReceiveBatch({ capacity: 2, size: 10 })),
    ],
  ];

  const ways: readonly (readonly [name: string, turnOn: (socket: Socket) => unknown])[] = [
    ["a batch", (socket) => socket.tryReceiveMessages(joinedBatch())],
    ["the typed option", (socket) => socket.setOption(option.UDP_GRO, true)],
    ["the raw option", (socket) => socket.setOption(IPPROTO_UDP, UDP_GRO, 1)],
    ["receiveControl(SegmentSize)", (socket) => socket.receiveControl(SegmentSize)],
  ];

  for (const [way, turnOn] of ways) {
    test.each(plain)(`by ${way} refuses %s, and loses nothing`, (_name, receive) => {
      using pair = new UdpPair();
      turnOn(pair.b);
      pair.a.sendMessages(joining(equal(5, 10)).batch);
      throwsNaming(() => receive(pair.b), TypeError, "UDP_GRO");
      const batch = joinedBatch();
      expect(pair.b.receiveMessages(batch, soon)).toBe(5);
      expect(texts(batch)).toEqual(equal(5, 10));
    });
  }

  test("gives joined datagrams to receiveMessage, with their size", () => {
    using pair = new UdpPair();
    pair.b.tryReceiveMessages(joinedBatch());
    pair.a.sendMessages(joining(equal(5, 10)).batch);
    const message = pair.b.receiveMessage({ buffers: [new Uint8Array(100)] }, soon);
    expect([message.size, message.control.get(SegmentSize)?.size]).toEqual([50, 10]);
  });

  const offs: readonly (readonly [name: string, turnOff: (socket: Socket) => unknown])[] = [
    ["typed", (socket) => socket.setOption(option.UDP_GRO, false)],
    ["raw, as a number", (socket) => socket.setOption(IPPROTO_UDP, UDP_GRO, 0)],
    ["raw, as a boolean", (socket) => socket.setOption(IPPROTO_UDP, UDP_GRO, false)],
  ];
  test.each(offs)(
    "that is turned off (%s) is drained first; after would-block plain receives work again",
    (_how, off) => {
      using pair = new UdpPair();
      const batch = joinedBatch(2);
      pair.b.tryReceiveMessages(batch);
      const datagrams = [...equal(10, 20), ...equal(3, 30), ...equal(4, 40)];
      pair.a.sendMessages(joining(datagrams).batch); // three messages
      off(pair.b);
      expect(pair.b.getOption(option.UDP_GRO)).toBe(false);
      for (const [, receive] of plain) throwsNaming(() => receive(pair.b), TypeError, "drain");
      const got: string[] = [];
      expect(pair.b.receiveMessages(batch, soon)).toBe(13);
      got.push(...texts(batch));
      for (const [, receive] of plain) throwsNaming(() => receive(pair.b), TypeError, "drain");
      expect(pair.b.tryReceiveMessages(batch)).toBe(4);
      got.push(...texts(batch));
      expect(got).toEqual(datagrams);
      for (const [, receive] of plain) throwsNaming(() => receive(pair.b), TypeError, "drain");
      expect(pair.b.tryReceiveMessages(batch)).toBe(WOULD_BLOCK);
      // now they come one by one, whoever receives
      pair.a.sendMessages(joining(datagrams).batch);
      expect(arriving(pair.b, 17)).toEqual(datagrams);
      pair.a.sendMessages(joining(datagrams).batch);
      const simple = new ReceiveBatch({ capacity: 20, size: 50 });
      expect(pair.b.receiveMessages(simple, soon)).toBe(17);
      expect(texts(simple)).toEqual(datagrams);
    },
  );

  test("that is drained while more comes tells all datagrams apart", () => {
    using pair = new UdpPair();
    const batch = joinedBatch(1);
    pair.b.tryReceiveMessages(batch);
    const expected: string[] = [];
    const send = (size: number): void => {
      const datagrams = equal(5, size);
      pair.a.sendMessages(joining(datagrams).batch);
      expected.push(...datagrams);
    };
    const got: string[] = [];
    for (let size = 10; size < 15; size++) send(size);
    pair.b.setOption(option.UDP_GRO, false);
    for (let size = 20; size < 25; size++) {
      expect(pair.b.receiveMessages(batch, soon)).toBe(batch.length);
      got.push(...texts(batch));
      send(size);
    }
    while (pair.b.tryReceiveMessages(batch) !== WOULD_BLOCK) got.push(...texts(batch));
    expect(got).toEqual(expected);
    expect(pair.b.getOption(option.UDP_GRO)).toBe(false);
    expect(pair.b.tryReceive(new Uint8Array(1))).toBe(WOULD_BLOCK);
  });

  test("that drains refuses receiveMessage: the kernel tells no size any more", () => {
    using pair = new UdpPair();
    const batch = joinedBatch();
    pair.b.tryReceiveMessages(batch);
    pair.a.sendMessages(joining(equal(5, 10)).batch);
    pair.b.setOption(option.UDP_GRO, false);
    const message = { buffers: [new Uint8Array(100)] };
    throwsNaming(() => pair.b.receiveMessage(message, { timeout: 0 }), TypeError, "drain");
    throwsNaming(() => pair.b.tryReceiveMessage(message), TypeError, "drain");
    expect(pair.b.receiveMessages(batch, soon)).toBe(5);
    expect(texts(batch)).toEqual(equal(5, 10));
    expect(pair.b.tryReceiveMessages(batch)).toBe(WOULD_BLOCK);
    expect(pair.b.tryReceiveMessage(message)).toBeNull();
  });

  test("that is turned off stays off: a batch turns it on at its first use only", () => {
    using pair = new UdpPair();
    const batch = joinedBatch();
    pair.b.tryReceiveMessages(batch);
    pair.b.setOption(option.UDP_GRO, false);
    expect(pair.b.tryReceiveMessages(batch)).toBe(WOULD_BLOCK);
    pair.a.sendMessages(joining(equal(5, 20)).batch);
    expect(pair.b.receiveMessages(batch, soon)).toBe(5);
    expect(pair.b.getOption(option.UDP_GRO)).toBe(false);
    expect(pair.b.tryReceiveMessages(joinedBatch())).toBe(WOULD_BLOCK);
    expect(pair.b.getOption(option.UDP_GRO)).toBe(false);
    pair.a.send("plain");
    expect(arriving(pair.b, 1)).toEqual(["plain"]);
    pair.b.setOption(option.UDP_GRO, true);
    throwsNaming(() => pair.b.tryReceive(new Uint8Array(1)), TypeError, "UDP_GRO");
  });

  test("that waits while it drains is plain once the queue was empty", () => {
    using pair = new UdpPair();
    const batch = joinedBatch();
    pair.b.tryReceiveMessages(batch);
    pair.b.setOption(option.UDP_GRO, false);
    throwsKind(() => pair.b.receiveMessages(batch, { timeout: 5 }), "timed-out");
    expect(pair.b.tryReceive(new Uint8Array(1))).toBe(WOULD_BLOCK);
  });

  test("that was turned off before it was ever on has nothing to drain", () => {
    using pair = new UdpPair();
    pair.b.setOption(option.UDP_GRO, false);
    expect(pair.b.tryReceive(new Uint8Array(1))).toBe(WOULD_BLOCK);
    expect(pair.b.tryReceiveMessages(joinedBatch())).toBe(WOULD_BLOCK);
    expect(pair.b.getOption(option.UDP_GRO)).toBe(true);
  });

  test("that is adopted is known to have it on", () => {
    using pair = new UdpPair();
    using from = pair.b.duplicate();
    from.setOption(option.UDP_GRO, true);
    using adopted = Socket.fromFd(from.duplicate().detach());
    throwsNaming(() => adopted.tryReceive(new Uint8Array(1)), TypeError, "UDP_GRO");
    pair.a.sendMessages(joining(equal(5, 20)).batch);
    const batch = joinedBatch();
    expect(adopted.receiveMessages(batch, soon)).toBe(5);
    expect(texts(batch)).toEqual(equal(5, 20));
    adopted.setOption(option.UDP_GRO, false);
    throwsNaming(() => adopted.tryReceive(new Uint8Array(1)), TypeError, "drain");
    expect(adopted.tryReceiveMessages(batch)).toBe(WOULD_BLOCK);
    expect(adopted.tryReceive(new Uint8Array(1))).toBe(WOULD_BLOCK);
    expect(adopted.getOption(option.UDP_GRO)).toBe(false);
  });

  test("shares that with its duplicates, to the kernel they are one socket", () => {
    using pair = new UdpPair();
    using before = pair.b.duplicate();
    pair.b.tryReceiveMessages(joinedBatch());
    using after = pair.b.duplicate();
    pair.a.sendMessages(joining(equal(5, 20)).batch);
    throwsNaming(() => after.tryReceive(new Uint8Array(1)), TypeError, "UDP_GRO");
    throwsNaming(() => before.tryReceive(new Uint8Array(1)), TypeError, "UDP_GRO");
  });
});

describe(`batches of segmentation "auto" on other sockets`, () => {
  test("receive unix datagrams as they are, and never tell more than a slot holds", () => {
    const [a, b] = connectedPair(SOCK_DGRAM);
    using _a = a;
    using _b = b;
    const batch = joinedBatch(4);
    for (const datagram of ["one", "", "three"]) a.send(datagram);
    expect(b.receiveMessages(batch, soon)).toBe(3);
    expect(texts(batch)).toEqual(["one", "", "three"]);
    expect(b.capabilities.gro).toBe(false);
    a.send(new Uint8Array(70_000).fill(1));
    a.send(new Uint8Array(70_000).fill(2));
    expect(b.receiveMessages(batch, { ...soon, flags: MSG_TRUNC })).toBe(2);
    for (const index of [0, 1]) {
      expect(batch.size(index)).toBe(65_535);
      expect(batch.data(index).every((byte) => byte === index + 1)).toBe(true);
      expect(batch.truncated(index)).toBe(true);
    }
  });
});
