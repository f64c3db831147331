// Each class of control messages on real sockets: asked for, sent, received, and made wrongly.

import { describe, expect, test } from "bun:test";
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  IP_PKTINFO,
  IP_RECVERR,
  IP_RECVORIGDSTADDR,
  IP_RECVTOS,
  IP_RECVTTL,
  IP_TOS,
  IP_TTL,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPV6_HOPLIMIT,
  IPV6_PKTINFO,
  IPV6_RECVERR,
  IPV6_RECVHOPLIMIT,
  IPV6_RECVORIGDSTADDR,
  IPV6_RECVPKTINFO,
  IPV6_RECVTCLASS,
  IPV6_TCLASS,
  MSG_ZEROCOPY,
  SCM_CREDENTIALS,
  SCM_PIDFD,
  SCM_RIGHTS,
  SCM_TIMESTAMP,
  SCM_TIMESTAMPING,
  SCM_TIMESTAMPNS,
  SCM_TXTIME,
  SO_PASSCRED,
  SO_PASSPIDFD,
  SO_RCVBUF,
  SO_RXQ_OVFL,
  SO_TIMESTAMP,
  SO_TIMESTAMPING,
  SO_TIMESTAMPNS,
  SO_TXTIME,
  SO_ZEROCOPY,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOF_TIMESTAMPING_OPT_ID,
  SOF_TIMESTAMPING_RX_SOFTWARE,
  SOF_TIMESTAMPING_SOFTWARE,
  SOF_TIMESTAMPING_TX_SOFTWARE,
  SOL_SOCKET,
  TCP_INQ,
  UDP_GRO,
  UDP_SEGMENT,
} from "./support/constants.ts";
import {
  ControlMessage,
  type ControlMessageClass,
  Credentials,
  DropCount,
  HopLimit,
  InetAddress,
  InetSocketAddress,
  interfaceIndex,
  type OutgoingMessage,
  OriginalDestination,
  PacketInfo,
  ProcessFd,
  QueuedError,
  type ReceivedMessage,
  Rights,
  SegmentSize,
  Socket,
  SocketRef,
  Timestamp,
  TrafficClass,
  TransmitTime,
  UnknownControl,
  ZeroCopyDone,
} from "../src/index.ts";
import { runChild } from "./support/child.ts";
import { kernelSince } from "./support/option-places.ts";
import {
  loopbackName,
  connectedPair,
  addressOf,
  families,
  haveIPv6,
  loopback,
  RefusingUdp,
  SOON,
  TcpPair,
  udpSocket,
} from "./support/sockets.ts";
import { throwsKind, throwsNaming, wrong } from "./support/throws.ts";

const soon = { timeout: SOON };
const root = process.getuid?.() === 0;
// a namespace of its own for a program, with an interface that multicast goes out of; it is gone with the program
const inNamespace = [
  ...["unshare", "-n", "sh", "-c"],
  `ip link set lo up && ip link add v0 type veth peer name v1 && ip -6 addr add fd00:b::1/64 dev v0 nodad &&
    ip link set v0 up && ip link set v1 up && exec "$0" "$@"`,
];
const canUnshare =
  root && Bun.which("ip") !== null && Bun.which("unshare") !== null && Bun.spawnSync(["unshare", "-n", "true"]).success;
const lo = interfaceIndex(loopbackName);

function int(value: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Int32Array.of(value).buffer);
}

/** Rows of a table, each with its first value in words. */
function said<Row extends readonly [unknown, ...unknown[]]>(rows: readonly Row[]): (readonly [string, ...Row])[] {
  const strange = (_: string, value: unknown): unknown =>
    typeof value === "bigint" || value === undefined || Number.isNaN(value) ? String(value) : value;
  return rows.map((row) => [JSON.stringify(row[0], strange).slice(0, 60), ...row] as const);
}

function portOf(socket: Socket): number {
  return (addressOf(socket) as InetSocketAddress).port;
}

/** The next message, with its control messages. */
function received(socket: Socket, size = 2000): ReceivedMessage {
  return socket.receiveMessage({ buffers: [new Uint8Array(size)] }, soon);
}

/** What a message must have that the kernel gave: the message itself, for a closer look. */
function must<T extends ControlMessage>(message: ReceivedMessage, type: ControlMessageClass<T>): T {
  const found = message.control.get(type);
  if (found === undefined) throw new Error(`there is none among ${Bun.inspect([...message.control])}`);
  return found;
}

/** Sends with control messages to a socket that asks for some: what arrives. */
function exchange(
  from: Socket,
  to: Socket,
  control: NonNullable<OutgoingMessage["control"]>,
  address: OutgoingMessage["address"] = addressOf(to),
): ReceivedMessage {
  from.sendMessage({ buffers: ["hello"], address, control }, soon);
  return received(to);
}

/** A dual-stack socket, and one that speaks IPv4 only; both know what they receive. */
class TwoStacks implements Disposable {
  readonly six = new Socket(AF_INET6, SOCK_DGRAM);
  readonly four = udpSocket();

  constructor(...kinds: ControlMessageClass<ControlMessage>[]) {
    this.six.bind("[::]:0");
    this.six.receiveControl(...kinds);
    this.four.receiveControl(...kinds);
  }

  /** To reach the dual-stack socket over IPv4. */
  get address(): string {
    return `127.0.0.1:${portOf(this.six)}`;
  }

  [Symbol.dispose](): void {
    this.six.close();
    this.four.close();
  }
}

const noIPv6 = haveIPv6 ? "" : " (skipped: no IPv6 here)";

describe("PacketInfo", () => {
  test("tells where an IPv4 packet was sent to, the address to answer from, and the interface", () => {
    using receiver = new Socket(AF_INET, SOCK_DGRAM);
    receiver.bind("0.0.0.0:0");
    receiver.receiveControl(PacketInfo);
    using sender = udpSocket();
    for (const host of ["127.0.0.1", "127.0.0.5"]) {
      const info = must(exchange(sender, receiver, [], `${host}:${portOf(receiver)}`), PacketInfo);
      expect(info).toMatchObject({ kind: "packet-info", level: IPPROTO_IP, type: IP_PKTINFO, interfaceIndex: lo });
      expect([String(info.destination), String(info.source)]).toEqual([host, host]);
      const address = InetAddress.parse(host).toBytes();
      expect(info.bytes).toEqual(Uint8Array.of(...int(lo), ...address, ...address)); // struct in_pktinfo
    }
  });

  test.skipIf(!haveIPv6)(`tells the same of an IPv6 packet${noIPv6}`, () => {
    using receiver = new Socket(AF_INET6, SOCK_DGRAM);
    receiver.bind("[::]:0");
    receiver.receiveControl(PacketInfo);
    using sender = udpSocket(AF_INET6);
    const info = must(exchange(sender, receiver, [], `[::1]:${portOf(receiver)}`), PacketInfo);
    expect(info).toMatchObject({ kind: "packet-info", level: IPPROTO_IPV6, type: IPV6_PKTINFO, interfaceIndex: lo });
    expect([String(info.destination), String(info.source)]).toEqual(["::1", "::1"]);
    expect(info.bytes).toEqual(Uint8Array.of(...InetAddress.parse("::1").toBytes(), ...int(lo)));
  });

  test("of a multicast packet names the group, and an address of this host to answer from", () => {
    using receiver = new Socket(AF_INET, SOCK_DGRAM);
    receiver.bind("0.0.0.0:0");
    receiver.receiveControl(PacketInfo);
    receiver.joinMulticastGroup("239.192.7.7", { interface: loopbackName });
    using sender = udpSocket();
    sender.multicastInterface = loopbackName;
    const info = must(exchange(sender, receiver, [], `239.192.7.7:${portOf(receiver)}`), PacketInfo);
    expect([String(info.destination), String(info.source)]).toEqual(["239.192.7.7", "127.0.0.1"]);
    expect(info.interfaceIndex).toBe(lo);
  });

  test.skipIf(!haveIPv6)(
    `of an IPv4 multicast packet on a dual-stack socket does not name the group as source${noIPv6}`,
    () => {
      using sockets = new TwoStacks(PacketInfo);
      sockets.six.joinMulticastGroup("239.192.7.8", { interface: loopbackName });
      sockets.four.multicastInterface = loopbackName;
      const message = exchange(sockets.four, sockets.six, [], `239.192.7.8:${portOf(sockets.six)}`);
      const infos = [...message.control].filter((each) => each instanceof PacketInfo);
      expect(infos.map(({ destination, source }) => `${destination} ${source}`)).toEqual([
        "::ffff:239.192.7.8 ::", // IPV6_PKTINFO
        "239.192.7.8 127.0.0.1", // IP_PKTINFO
      ]);
    },
  );

  const namespaceNote = canUnshare && haveIPv6 ? "" : " (skipped: needs root, unshare, ip and IPv6)";
  test.skipIf(!canUnshare || !haveIPv6)(
    `of an IPv6 multicast packet has no source of its own${namespaceNote}`,
    async () => {
      const { report, stderr } = await runChild(
        `
      using receiver = new Socket(AF_INET6, SOCK_DGRAM);
      receiver.bind("[::]:0");
      receiver.receiveControl(berkeley.PacketInfo);
      receiver.joinMulticastGroup("ff02::7:7", { interface: "v0" });
      using sender = new Socket(AF_INET6, SOCK_DGRAM);
      sender.multicastInterface = "v0";
      sender.sendTo("x", { address: "ff02::7:7", port: receiver.localAddress.port });
      const message = receiver.receiveMessage({ buffers: [new Uint8Array(9)] }, { timeout: 4000 });
      const info = message.control.get(berkeley.PacketInfo);
      report([String(info.destination), String(info.source), info.interfaceIndex === berkeley.interfaceIndex("v0")]);
      `,
        { through: inNamespace },
      );
      expect({ report, stderr }).toEqual({ report: ["ff02::7:7", "::", true], stderr: "" });
    },
  );

  test("chooses the address that an IPv4 packet comes from", () => {
    using sender = new Socket(AF_INET, SOCK_DGRAM);
    sender.bind("0.0.0.0:0");
    using receiver = udpSocket();
    for (const source of ["127.0.0.9", InetAddress.parse("127.0.0.10"), "::ffff:127.0.0.11"]) {
      const { address } = exchange(sender, receiver, [new PacketInfo({ source, interfaceIndex: lo })]);
      const unmapped = typeof source === "string" ? source.replace("::ffff:", "") : String(source);
      expect(String(address)).toBe(`${unmapped}:${portOf(sender)}`);
    }
  });

  test.skipIf(!haveIPv6)(`chooses it for IPv6, and for IPv4 from a dual-stack socket${noIPv6}`, () => {
    using sender = new Socket(AF_INET6, SOCK_DGRAM);
    sender.bind("[::]:0");
    using six = udpSocket(AF_INET6);
    using four = udpSocket();
    const port = portOf(sender);
    expect(String(exchange(sender, six, [new PacketInfo({ source: "::1" })]).address)).toBe(`[::1]:${port}`);
    for (const source of ["127.0.0.9", "::ffff:127.0.0.9"]) {
      expect(String(exchange(sender, four, [new PacketInfo({ source })]).address)).toBe(`127.0.0.9:${port}`);
    }
    // connected: the peer tells which form it takes
    sender.connect(addressOf(four));
    sender.sendMessage({ buffers: ["hello"], control: [new PacketInfo({ source: "127.0.0.9" })] });
    expect(String(received(four).address)).toBe(`127.0.0.9:${port}`);
  });

  test("leaves to the kernel what it does not say, over IPv4 and IPv6", () => {
    for (const [, family] of families) {
      using sender = udpSocket(family);
      using receiver = udpSocket(family);
      for (const control of [
        new PacketInfo({}),
        new PacketInfo({ interfaceIndex: lo }),
        new PacketInfo({ source: "::" }),
      ]) {
        expect(exchange(sender, receiver, [control]).address).toEqual(addressOf(sender));
      }
    }
  });

  test("with an address of another family is a TypeError that names the source", () => {
    using four = udpSocket();
    throwsNaming(() => exchange(four, four, [new PacketInfo({ source: "::1" })]), TypeError, "source ::1");
    expect(four.tryReceiveMessage({ buffers: [] })).toBeNull(); // nothing was sent
  });

  test.skipIf(!haveIPv6)(`with an IPv4 address is no IPv6 source${noIPv6}`, () => {
    using six = udpSocket(AF_INET6);
    for (const source of ["127.0.0.1", "::ffff:127.0.0.1"]) {
      throwsNaming(() => exchange(six, six, [new PacketInfo({ source })]), TypeError, "source ");
    }
  });

  test("with an address or an interface that this host has not got is refused by the kernel", () => {
    using socket = udpSocket();
    throwsKind(() => exchange(socket, socket, [new PacketInfo({ source: "203.0.113.9" })]), "network-unreachable");
    throwsKind(() => exchange(socket, socket, [new PacketInfo({ interfaceIndex: 0x7fff_fff0 })]), "no-such-device");
  });

  test("has level, type and bytes before it is sent", () => {
    const four = new PacketInfo({ source: "127.0.0.9", interfaceIndex: 3 });
    expect(four).toMatchObject({ level: IPPROTO_IP, type: IP_PKTINFO, interfaceIndex: 3 });
    expect(four.bytes).toEqual(Uint8Array.of(3, 0, 0, 0, 127, 0, 0, 9, 0, 0, 0, 0));
    const six = new PacketInfo({ source: "::1" });
    expect(six).toMatchObject({ level: IPPROTO_IPV6, type: IPV6_PKTINFO, interfaceIndex: 0 });
    expect(six.bytes).toEqual(Uint8Array.of(...new Uint8Array(15), 1, 0, 0, 0, 0));
  });

  test.each<[what: string, fields: unknown, type: ErrorConstructor, named: string]>([
    ["nothing", undefined, TypeError, "source"],
    ["a name", { source: "localhost" }, TypeError, "source"],
    ["no address", { source: 5 }, TypeError, "source"],
    ["null", { source: null }, TypeError, "source"],
    ["an interface by name", { interfaceIndex: loopbackName }, TypeError, "interfaceIndex"],
    ["a negative interface", { interfaceIndex: -1 }, RangeError, "interfaceIndex"],
    ["an interface beyond an int", { interfaceIndex: 2 ** 31 }, RangeError, "interfaceIndex"],
  ])("of %s names the field", (_, fields, type, named) => {
    throwsNaming(() => new PacketInfo(wrong(fields)), type, named);
  });
});

describe("TrafficClass", () => {
  const some = [
    [0, 0],
    [46, 0],
    [0, 3],
    [63, 3],
    [8, 2],
    [10, 1],
  ] as const;

  test.each(families.map(([name, family]) => ({ name, family })))(
    "is set for one packet and read from it over $name",
    ({ family }) => {
      using sender = udpSocket(family);
      using receiver = udpSocket(family);
      receiver.receiveControl(TrafficClass);
      for (const [dscp, ecn] of some) {
        const found = must(exchange(sender, receiver, [new TrafficClass({ dscp, ecn })]), TrafficClass);
        expect(found).toMatchObject({ kind: "traffic-class", dscp, ecn });
        // one byte over IPv4, an int over IPv6
        const four = { level: IPPROTO_IP, type: IP_TOS, bytes: Uint8Array.of((dscp << 2) | ecn) };
        const six = { level: IPPROTO_IPV6, type: IPV6_TCLASS, bytes: int((dscp << 2) | ecn) };
        expect(found).toMatchObject(family === AF_INET ? four : six);
      }
      // the next packet has the socket's own again
      expect(must(exchange(sender, receiver, []), TrafficClass)).toMatchObject({ dscp: 0, ecn: 0 });
      sender.dscp = 8;
      expect(must(exchange(sender, receiver, []), TrafficClass).dscp).toBe(8);
    },
  );

  test.skipIf(!haveIPv6)(`goes between a dual-stack socket and IPv4 both ways${noIPv6}`, () => {
    using sockets = new TwoStacks(TrafficClass);
    const control = [new TrafficClass({ dscp: 46, ecn: 2 })];
    const there = must(exchange(sockets.six, sockets.four, control), TrafficClass);
    expect(there).toMatchObject({ level: IPPROTO_IP, dscp: 46, ecn: 2 });
    const back = must(exchange(sockets.four, sockets.six, control, sockets.address), TrafficClass);
    expect(back).toMatchObject({ level: IPPROTO_IP, dscp: 46, ecn: 2 });
    // connected to a v4-mapped peer
    sockets.six.connect(addressOf(sockets.four));
    sockets.six.sendMessage({ buffers: ["x"], control });
    expect(must(received(sockets.four), TrafficClass)).toMatchObject({ dscp: 46, ecn: 2 });
  });

  test("that was received can be sent on, whatever family it came by", () => {
    for (const [, first] of families) {
      for (const [, second] of families) {
        using a = udpSocket(first);
        using b = udpSocket(second);
        a.receiveControl(TrafficClass);
        b.receiveControl(TrafficClass);
        const came = must(exchange(a, a, [new TrafficClass({ dscp: 12, ecn: 1 })]), TrafficClass);
        expect(must(exchange(b, b, [came]), TrafficClass)).toMatchObject({ dscp: 12, ecn: 1 });
      }
    }
  });

  test("has level, type and bytes before it is sent; what is absent is 0", () => {
    const both = new TrafficClass({ dscp: 46, ecn: 1 });
    expect(both).toMatchObject({ level: IPPROTO_IP, type: IP_TOS, bytes: int(185) });
    expect(new TrafficClass({})).toMatchObject({ dscp: 0, ecn: 0, bytes: int(0) });
    expect(new TrafficClass({ dscp: undefined, ecn: 3 })).toMatchObject({ dscp: 0, ecn: 3 });
  });

  test.each(
    said<[fields: unknown, type: ErrorConstructor, named: string]>([
      [undefined, TypeError, "dscp"],
      [{ dscp: 64 }, RangeError, "dscp"],
      [{ dscp: -1 }, RangeError, "dscp"],
      [{ dscp: 1.5 }, RangeError, "dscp"],
      [{ dscp: "46" }, TypeError, "dscp"],
      [{ dscp: null }, TypeError, "dscp"],
      [{ ecn: 4 }, RangeError, "ecn"],
      [{ ecn: NaN }, RangeError, "ecn"],
      [{ ecn: null }, TypeError, "ecn"],
    ]),
  )("of %s names the field", (_, fields, type, named) => {
    throwsNaming(() => new TrafficClass(wrong(fields)), type, named);
  });
});

describe("HopLimit", () => {
  test.each(families.map(([name, family]) => ({ name, family })))(
    "is set for one packet and read from it over $name",
    ({ family }) => {
      using sender = udpSocket(family);
      using receiver = udpSocket(family);
      receiver.receiveControl(HopLimit);
      for (const value of [1, 2, 64, 255]) {
        const found = must(exchange(sender, receiver, [new HopLimit(value)]), HopLimit);
        expect(found).toMatchObject({ kind: "hop-limit", value, bytes: int(value) });
        expect([found.level, found.type]).toEqual(
          family === AF_INET ? [IPPROTO_IP, IP_TTL] : [IPPROTO_IPV6, IPV6_HOPLIMIT],
        );
      }
      sender.ttl = 33;
      expect(must(exchange(sender, receiver, []), HopLimit).value).toBe(33);
    },
  );

  test.skipIf(!haveIPv6)(`goes between a dual-stack socket and IPv4 both ways${noIPv6}`, () => {
    using sockets = new TwoStacks(HopLimit);
    const control = [new HopLimit(7)];
    expect(must(exchange(sockets.six, sockets.four, control), HopLimit).value).toBe(7);
    expect(must(exchange(sockets.four, sockets.six, control, sockets.address), HopLimit).value).toBe(7);
  });

  test("of 0 over IPv4 is refused by the kernel", () => {
    using socket = udpSocket();
    throwsKind(() => exchange(socket, socket, [new HopLimit(0)]), "invalid-argument");
  });

  test.each(
    said<[value: unknown, type: ErrorConstructor]>([
      [undefined, TypeError],
      ["1", TypeError],
      [-1, RangeError],
      [256, RangeError],
      [1.5, RangeError],
    ]),
  )("of %s names the value", (_, value, type) => {
    throwsNaming(() => new HopLimit(wrong(value)), type, "value");
  });
});

describe("Timestamp", () => {
  const SLACK = 5000; // milliseconds: the clock may be set meanwhile

  // The first packets after the very first stamp of a system may have none: the kernel is patched meanwhile.
  function stamped(sender: Socket, receiver: Socket): Timestamp {
    for (let time = 0; time < 500; time++) {
      const found = exchange(sender, receiver, []).control.get(Timestamp);
      if (found !== undefined && found.epochNanoseconds !== 0n) return found;
      Bun.sleepSync(2);
    }
    throw new Error("500 packets without a time");
  }

  function expectNow({ epochNanoseconds }: Timestamp): void {
    expect(Number(epochNanoseconds / 1_000_000n)).toBeWithin(Date.now() - SLACK, Date.now() + SLACK);
  }

  test.each(families.map(([name, family]) => ({ name, family })))(
    "of SO_TIMESTAMPNS, which receiveControl turns on, over $name",
    ({ family }) => {
      using sender = udpSocket(family);
      using receiver = udpSocket(family);
      receiver.receiveControl(Timestamp);
      const found = stamped(sender, receiver);
      expect(found).toMatchObject({ kind: "timestamp", level: SOL_SOCKET, type: SCM_TIMESTAMPNS, hardware: undefined });
      expect(found.bytes.length).toBe(16);
      const [seconds, rest] = new BigInt64Array(found.bytes.buffer, 0, 2) as unknown as [bigint, bigint];
      expect(found.epochNanoseconds).toBe(seconds * 1_000_000_000n + rest);
      expectNow(found);
    },
  );

  test("of SO_TIMESTAMP, in microseconds", () => {
    using sender = udpSocket();
    using receiver = udpSocket();
    receiver.setOption(SOL_SOCKET, SO_TIMESTAMP, 1);
    const found = stamped(sender, receiver);
    expect(found).toMatchObject({ level: SOL_SOCKET, type: SCM_TIMESTAMP });
    expect(found.epochNanoseconds % 1000n).toBe(0n);
    expectNow(found);
  });

  test("of SO_TIMESTAMPING, by software", () => {
    using sender = udpSocket();
    using receiver = udpSocket();
    receiver.setOption(SOL_SOCKET, SO_TIMESTAMPING, SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE);
    const found = stamped(sender, receiver);
    expect(found).toMatchObject({ level: SOL_SOCKET, type: SCM_TIMESTAMPING, hardware: undefined });
    expect(found.bytes.length).toBe(48);
    expectNow(found);
  });

  test("of what was sent comes by the error queue, with the number of the packet", () => {
    using sender = udpSocket();
    using receiver = udpSocket();
    sender.setOption(
      SOL_SOCKET,
      SO_TIMESTAMPING,
      SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_ID,
    );
    for (let number = 0; number < 3; number++) {
      sender.sendTo("hello", addressOf(receiver));
      const message = sender.receiveError(new Uint8Array(100), soon);
      expectNow(must(message, Timestamp));
      expect(must(message, QueuedError)).toMatchObject({ code: "ENOMSG", origin: "timestamping", data: number });
    }
  });

  test("comes with a unix datagram too", () => {
    const [a, b] = connectedPair(SOCK_DGRAM);
    using _a = a;
    using _b = b;
    b.receiveControl(Timestamp);
    a.send("x");
    expectNow(must(received(b), Timestamp));
  });
});

describe("SegmentSize", () => {
  test.each(families.map(([name, family]) => ({ name, family })))(
    "cuts one message into datagrams over $name, of which the last may be shorter",
    ({ family }) => {
      using sender = udpSocket(family);
      using receiver = udpSocket(family);
      const data = new Uint8Array(2500).map((_, index) => index);
      const control = [new SegmentSize(1000)];
      expect(sender.sendMessage({ buffers: [data], address: addressOf(receiver), control }, soon)).toBe(2500);
      const datagrams = [1000, 1000, 500].map(() => receiver.receiveBytes(2500, soon));
      expect(datagrams.map(({ length }) => length)).toEqual([1000, 1000, 500]);
      expect(Buffer.concat(datagrams)).toEqual(Buffer.from(data));
      expect(receiver.tryReceive(data)).toBe(-1);
    },
  );

  test.each(families.map(([name, family]) => ({ name, family })))(
    "tells the size of datagrams that came joined over $name",
    ({ family }) => {
      using sender = udpSocket(family);
      using receiver = udpSocket(family);
      receiver.receiveControl(SegmentSize);
      const address = addressOf(receiver);
      sender.sendMessage({ buffers: [new Uint8Array(2500)], address, control: [new SegmentSize(1000)] }, soon);
      const message = received(receiver, 65_535);
      expect(message.size).toBe(2500);
      const found = must(message, SegmentSize);
      expect(found).toMatchObject({ kind: "segment-size", size: 1000, level: IPPROTO_UDP, type: UDP_GRO });
      expect(found.bytes).toEqual(int(1000));
      // a datagram that came alone says nothing, or its own size
      sender.sendTo(new Uint8Array(77), address);
      const alone = received(receiver, 65_535);
      expect([alone.size, alone.control.get(SegmentSize)?.size ?? 77]).toEqual([77, 77]);
    },
  );

  test.skipIf(!haveIPv6)(`goes from a dual-stack socket to IPv4${noIPv6}`, () => {
    using sockets = new TwoStacks(SegmentSize);
    const control = [new SegmentSize(100)];
    sockets.six.sendMessage({ buffers: [new Uint8Array(300)], address: addressOf(sockets.four), control });
    const message = received(sockets.four, 65_535);
    expect([message.size, must(message, SegmentSize).size]).toEqual([300, 100]);
  });

  test("turns plain receives off while it is on, because they could lose joined datagrams", () => {
    using socket = udpSocket();
    socket.receiveControl(SegmentSize);
    throwsNaming(() => socket.tryReceive(new Uint8Array(10)), TypeError, "UDP_GRO");
    socket.setOption(IPPROTO_UDP, UDP_GRO, 0);
  });

  test("of more datagrams than the kernel takes in one message is refused by it", () => {
    using socket = udpSocket();
    const data = new Uint8Array(10_000);
    const control = [new SegmentSize(1)];
    throwsKind(() => socket.sendMessage({ buffers: [data], address: addressOf(socket), control }), "invalid-argument");
  });

  test("has level, type and bytes before it is sent", () => {
    const found = new SegmentSize(1400);
    expect(found).toMatchObject({ level: IPPROTO_UDP, type: UDP_SEGMENT, size: 1400 });
    expect(found.bytes).toEqual(new Uint8Array(Uint16Array.of(1400).buffer));
  });

  test.each(
    said<[size: unknown, type: ErrorConstructor]>([
      [undefined, TypeError],
      [0, RangeError],
      [65_536, RangeError],
      [1.5, RangeError],
      [-1, RangeError],
    ]),
  )("of %s names the size", (_, size, type) => {
    throwsNaming(() => new SegmentSize(wrong(size)), type, "size");
  });
});

describe("QueuedError", () => {
  const closedPorts = [
    ["IPv4", AF_INET, { origin: "icmp", icmpType: 3, icmpCode: 3, level: IPPROTO_IP, type: IP_RECVERR }, "127.0.0.1"],
    ["IPv6", AF_INET6, { origin: "icmp6", icmpType: 1, icmpCode: 4, level: IPPROTO_IPV6, type: IPV6_RECVERR }, "::1"],
  ] as const;
  test.each(closedPorts.filter(([, family]) => haveIPv6 || family === AF_INET))(
    "tells of a closed port over %s, and who has said so",
    (_, family, wanted, offender) => {
      using refusing = new RefusingUdp(family);
      using socket = udpSocket(family);
      socket.receiveControl(QueuedError);
      expect(socket.tryReceiveError()).toBeNull();
      socket.sendTo("anybody?", refusing.address);
      const buffer = new Uint8Array(100);
      const message = socket.receiveError(buffer, soon);
      // the packet itself comes back, and where it was going
      expect(new TextDecoder().decode(buffer.subarray(0, message.size))).toBe("anybody?");
      expect(message.address).toEqual(refusing.address);
      const error = must(message, QueuedError);
      expect(error).toMatchObject({
        kind: "queued-error",
        code: "ECONNREFUSED",
        errno: -111,
        info: 0,
        data: 0,
        ...wanted,
      });
      expect((error.offender as InetSocketAddress).address).toEqual(InetAddress.parse(offender));
      expect(error.bytes.length).toBe(family === AF_INET ? 32 : 44);
      expect(socket.tryReceiveError()).toBeNull();
    },
  );

  test.skipIf(!haveIPv6)(`comes to a dual-stack socket over IPv4 too${noIPv6}`, () => {
    using refusing = new RefusingUdp();
    using socket = new Socket(AF_INET6, SOCK_DGRAM);
    socket.receiveControl(QueuedError);
    socket.sendTo("anybody?", refusing.address);
    const error = must(socket.receiveError(undefined, soon), QueuedError);
    expect(error).toMatchObject({ code: "ECONNREFUSED", origin: "icmp", icmpType: 3, icmpCode: 3 });
    expect(String((error.offender as InetSocketAddress).address.unmapped())).toBe("127.0.0.1");
  });

  test("comes through receiveMessage with MSG_ERRQUEUE as well, cut as its buffers are", () => {
    using refusing = new RefusingUdp();
    using socket = udpSocket();
    socket.receiveControl(QueuedError);
    socket.sendTo("anybody?", refusing.address);
    socket.conditionWait(0, soon);
    const MSG_ERRQUEUE = 0x2000;
    const message = socket.receiveMessage({ buffers: [new Uint8Array(3)] }, { ...soon, flags: MSG_ERRQUEUE });
    expect([message.size, message.truncated, message.flags & MSG_ERRQUEUE]).toEqual([3, true, MSG_ERRQUEUE]);
    expect(must(message, QueuedError).code).toBe("ECONNREFUSED");
  });

  test("is waited for in one budget, and would-block or null when there is none", () => {
    using socket = udpSocket();
    socket.receiveControl(QueuedError);
    throwsKind(() => socket.receiveError(undefined, { timeout: 20 }), "timed-out");
    throwsKind(() => socket.receiveError(undefined, { timeout: 0 }), "would-block");
    throwsKind(() => socket.receiveError(new Uint8Array(1), { blocking: false }), "would-block");
    expect(socket.tryReceiveError(new Uint8Array(1))).toBeNull();
    throwsNaming(() => socket.receiveError(wrong("text")), TypeError, "buffer");
    socket.close();
    throwsKind(() => socket.receiveError(), "closed");
    throwsKind(() => socket.tryReceiveError(), "closed");
  });

  test("that waits does not burn a CPU on a socket that is in error for another reason", () => {
    using socket = new Socket(AF_INET, SOCK_STREAM); // POLLHUP, for as long as it is not connected
    const before = process.cpuUsage();
    throwsKind(() => socket.receiveError(undefined, { timeout: 150 }), "timed-out");
    const { user, system } = process.cpuUsage(before);
    expect(user + system).toBeLessThan(100_000);
  });

  const note = canUnshare ? "" : " (skipped: needs root, unshare and ip)";
  test.skipIf(!canUnshare)(`of this host itself has no offender, and tells the path's MTU${note}`, async () => {
    const { report, stderr } = await runChild(
      `
      Bun.spawnSync(["ip", "link", "set", "lo", "mtu", "1500"]);
      using socket = new Socket(AF_INET, SOCK_DGRAM);
      socket.bind("127.0.0.1:0");
      socket.setOption(0, 10, 2); // IP_MTU_DISCOVER, IP_PMTUDISC_DO
      socket.receiveControl(berkeley.QueuedError);
      const kind = kindOf(() => socket.sendTo(new Uint8Array(3000), socket.localAddress));
      const error = socket.receiveError(undefined, { timeout: 4000 }).control.get(berkeley.QueuedError);
      report([kind, error.code, error.origin, error.info, error.offender]);
      `,
      { through: inNamespace },
    );
    expect({ report, stderr }).toEqual({
      report: ["message-too-large", "EMSGSIZE", "local", 1500, null],
      stderr: "",
    });
  });
});

describe("OriginalDestination", () => {
  test.each(families.map(([name, family]) => ({ name, family })))("names address and port over $name", ({ family }) => {
    using receiver = udpSocket(family);
    receiver.receiveControl(OriginalDestination);
    using sender = udpSocket(family);
    const found = must(exchange(sender, receiver, []), OriginalDestination);
    expect(found).toMatchObject({
      kind: "original-destination",
      level: family === AF_INET ? IPPROTO_IP : IPPROTO_IPV6,
      type: family === AF_INET ? IP_RECVORIGDSTADDR : IPV6_RECVORIGDSTADDR,
    });
    expect(found.address).toEqual(addressOf(receiver));
    expect(found.bytes).toEqual(addressOf(receiver).toBytes());
  });
});

describe("DropCount", () => {
  test("tells how many datagrams a full queue has cost", () => {
    using sender = udpSocket();
    using receiver = udpSocket();
    receiver.setOption(SOL_SOCKET, SO_RCVBUF, 2048);
    receiver.receiveControl(DropCount);
    const address = addressOf(receiver);
    const flood = 200;
    for (let count = 0; count < flood; count++) sender.sendTo(new Uint8Array(500), address);
    // the last one finds room, because those before it are taken out first
    let came = 0;
    for (let time = 0; time < 100; time++) {
      while (receiver.tryReceiveMessage({ buffers: [new Uint8Array(500)] }) !== null) came++;
      sender.sendTo("last", address);
      const message = received(receiver);
      if (message.size !== 4) {
        came++;
        continue;
      }
      const found = must(message, DropCount);
      expect(found).toMatchObject({
        kind: "drop-count",
        level: SOL_SOCKET,
        type: SO_RXQ_OVFL,
        count: flood - came + time,
      });
      expect(found.bytes).toEqual(int(flood - came + time));
      return;
    }
    throw new Error("the queue never had room");
  });
});

describe("TransmitTime", () => {
  test("is refused by the kernel until SO_TXTIME is set, and then goes with the packet", () => {
    using socket = udpSocket();
    const control = [new TransmitTime(BigInt(Math.round(performance.now() * 1e6)))];
    throwsKind(() => exchange(socket, socket, control), "invalid-argument");
    socket.setOption(SOL_SOCKET, SO_TXTIME, new Uint8Array(Uint32Array.of(1, 0).buffer)); // CLOCK_MONOTONIC
    expect(exchange(socket, socket, control).size).toBe(5);
  });

  test("has level, type and bytes before it is sent: 64 bits without a sign", () => {
    for (const nanoseconds of [0n, 1n, 1_763_680_000_000_000_000n, (1n << 63n) + 1n, (1n << 64n) - 1n]) {
      const found = new TransmitTime(nanoseconds);
      expect(found).toMatchObject({ kind: "transmit-time", level: SOL_SOCKET, type: SCM_TXTIME, nanoseconds });
      expect(found.bytes).toEqual(new Uint8Array(BigUint64Array.of(nanoseconds).buffer));
    }
  });

  test.each(
    said<[value: unknown, type: ErrorConstructor]>([
      [5, TypeError],
      [undefined, TypeError],
      [-1n, RangeError],
      [1n << 64n, RangeError],
    ]),
  )("of %s names the nanoseconds", (_, value, type) => {
    throwsNaming(() => new TransmitTime(wrong(value)), type, "nanoseconds");
  });
});

describe("ZeroCopyDone", () => {
  const size = 20_000;

  /** Reads completions until the last of so many sends is done: their ranges. */
  function completions(socket: Socket, count: number): ZeroCopyDone[] {
    const all: ZeroCopyDone[] = [];
    for (let next = 0; next < count;) {
      const done = must(socket.receiveError(undefined, soon), ZeroCopyDone);
      all.push(done);
      next = Math.max(next, done.last + 1);
    }
    return all;
  }

  test.each(families.map(([name, family]) => ({ name, family })))(
    "numbers the sends of a TCP socket over $name",
    ({ family }) => {
      using pair = new TcpPair(family);
      const { client, server } = pair;
      client.receiveControl(ZeroCopyDone);
      const data = new Uint8Array(size).fill(7);
      for (let number = 0; number < 5; number++) {
        expect(client.send(data, { ...soon, flags: MSG_ZEROCOPY })).toBe(size);
        expect(server.receiveBytes(size, { ...soon, flags: 0x100 })).toEqual(data); // MSG_WAITALL
      }
      const all = completions(client, 5);
      // each number once, and in order
      expect(all.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, n) => first + n))).toEqual([
        0, 1, 2, 3, 4,
      ]);
      for (const done of all) {
        expect(done).toMatchObject({ kind: "zero-copy-done", copied: true }); // loopback always copies
        const four = [IPPROTO_IP, IP_RECVERR];
        expect([done.level, done.type]).toEqual(family === AF_INET ? four : [IPPROTO_IPV6, IPV6_RECVERR]);
        expect(done.bytes.length).toBeGreaterThanOrEqual(16);
      }
      expect(client.tryReceiveError()).toBeNull();
    },
  );

  test.each(families.map(([name, family]) => ({ name, family })))(
    "numbers the sends of a UDP socket over $name, by send, sendTo and sendMessage",
    ({ family }) => {
      using sender = udpSocket(family);
      using receiver = udpSocket(family);
      sender.receiveControl(ZeroCopyDone);
      const data = new Uint8Array(size).fill(9);
      const options = { ...soon, flags: MSG_ZEROCOPY };
      sender.sendTo(data, addressOf(receiver), options);
      sender.sendMessage(
        { buffers: [data.subarray(0, 10_000), data.subarray(10_000)], address: addressOf(receiver) },
        options,
      );
      sender.connect(addressOf(receiver));
      sender.send(data, options);
      for (let count = 0; count < 3; count++) expect(receiver.receiveBytes(size + 1, soon)).toEqual(data);
      const all = completions(sender, 3);
      expect([all[0]?.first, all.at(-1)?.last]).toEqual([0, 2]);
      expect(all.every(({ copied }) => copied)).toBeTrue();
    },
  );

  test("is not a QueuedError, though it comes by the same way", () => {
    using pair = new TcpPair();
    pair.client.receiveControl(ZeroCopyDone);
    pair.client.send(new Uint8Array(size), { flags: MSG_ZEROCOPY });
    pair.server.receiveBytes(size, soon);
    const message = pair.client.receiveError(undefined, soon);
    expect(message.control.get(QueuedError)).toBeUndefined();
    expect(message.control.get(ZeroCopyDone)).toMatchObject({ first: 0, last: 0 });
  });
});

const unixTypes = [
  ["stream", SOCK_STREAM],
  ["datagram", SOCK_DGRAM],
  ["seqpacket", SOCK_SEQPACKET],
] as const;

/** Two unix sockets that are connected to each other. */
class UnixPair implements Disposable {
  readonly a: Socket;
  readonly b: Socket;

  constructor(type: number, ...kinds: ControlMessageClass<ControlMessage>[]) {
    [this.a, this.b] = connectedPair(type);
    if (kinds.length > 0) this.b.receiveControl(...kinds);
  }

  /** Sends from one to the other. */
  exchange(control: readonly ControlMessage[]): ReceivedMessage {
    this.a.sendMessage({ buffers: [Uint8Array.of(1)], control }, soon);
    return received(this.b);
  }

  [Symbol.dispose](): void {
    this.a.close();
    this.b.close();
  }
}

describe.each(unixTypes)("over a unix %s socket", (_, type) => {
  test("Credentials come with every message, sent or not", () => {
    using pair = new UnixPair(type, Credentials);
    const own = { pid: process.pid, uid: process.geteuid?.() ?? -1, gid: process.getegid?.() ?? -1 };
    for (const control of [[], [Credentials.current()], [new Credentials(own)]]) {
      const found = must(pair.exchange(control), Credentials);
      expect(found).toMatchObject({ kind: "credentials", level: SOL_SOCKET, type: SCM_CREDENTIALS, ...own });
      expect(found.bytes).toEqual(new Uint8Array(Int32Array.of(own.pid, own.uid, own.gid).buffer));
      expect(found.isSameUser(Credentials.current())).toBeTrue();
    }
  });

  const rootNote = root ? "" : " (skipped: needs root)";
  test.skipIf(!root)(`Credentials may be another user's, for root${rootNote}`, () => {
    using pair = new UnixPair(type, Credentials);
    const found = must(pair.exchange([new Credentials({ pid: 1, uid: 65_534, gid: 4_294_967_294 })]), Credentials);
    expect(found).toMatchObject({ pid: 1, uid: 65_534, gid: 4_294_967_294 });
    expect(found.isSameUser(Credentials.current())).toBeFalse();
    throwsKind(() => pair.exchange([new Credentials({ pid: 0x7fff_fff0, uid: 0, gid: 0 })]), "failed"); // ESRCH
  });

  const pidfdNote = kernelSince("6.5") ? "" : " (skipped: needs Linux 6.5)";
  test.skipIf(!kernelSince("6.5"))(`ProcessFd is the sender's process, and is taken once${pidfdNote}`, () => {
    using pair = new UnixPair(type, ProcessFd);
    using message = pair.exchange([]);
    const found = must(message, ProcessFd);
    expect(found).toMatchObject({ kind: "process-fd", level: SOL_SOCKET, type: SCM_PIDFD });
    const fd = found.take();
    try {
      expect(found.bytes).toEqual(int(fd));
      expect(readFileSync(`/proc/self/fdinfo/${fd}`, "latin1")).toContain(`Pid:\t${process.pid}\n`);
      throwsKind(() => found.take(), "closed");
    } finally {
      closeSync(fd);
    }
  });

  test("Rights arrive as other descriptors of the same files", () => {
    using pair = new UnixPair(type);
    const files = ["/dev/null", "/dev/zero", "/proc/self/stat"].map((path) => openSync(path, "r"));
    try {
      using message = pair.exchange([new Rights(files)]);
      const found = must(message, Rights);
      expect(found).toMatchObject({ kind: "rights", level: SOL_SOCKET, type: SCM_RIGHTS, length: 3 });
      const fds = found.take();
      expect(found.bytes).toEqual(new Uint8Array(Int32Array.from(fds).buffer));
      for (const [index, fd] of fds.entries()) {
        expect(files).not.toContain(fd);
        expect(fstatSync(fd).ino).toBe(fstatSync(files[index] as number).ino);
        closeSync(fd);
      }
    } finally {
      files.forEach((fd) => closeSync(fd));
    }
  });

  test("all of them come together, in one message", () => {
    using pair = new UnixPair(type, Credentials, Timestamp, ...(kernelSince("6.5") ? [ProcessFd] : []));
    using message = pair.exchange([new Rights([pair.a])]);
    const kinds = [...message.control].map(({ kind }) => kind as string).sort();
    const wanted = ["credentials", "rights", ...(kernelSince("6.5") ? ["process-fd"] : [])];
    // a stream has no time
    expect(kinds).toEqual([...wanted, ...(type === SOCK_STREAM ? [] : ["timestamp"])].sort());
    expect(message.controlTruncated).toBeFalse();
  });
});

describe("Credentials", () => {
  test.each(
    said<[fields: unknown, type: ErrorConstructor, named: string]>([
      [undefined, TypeError, "pid"],
      [{ uid: 0, gid: 0 }, TypeError, "pid"],
      [{ pid: -1, uid: 0, gid: 0 }, RangeError, "pid"],
      [{ pid: 2 ** 31, uid: 0, gid: 0 }, RangeError, "pid"],
      [{ pid: 1, uid: -1, gid: 0 }, RangeError, "uid"],
      [{ pid: 1, uid: 2 ** 32 - 1, gid: 0 }, RangeError, "uid"],
      [{ pid: 1, uid: 0, gid: "0" }, TypeError, "gid"],
    ]),
  )("of %s names the field", (_, fields, type, named) => {
    throwsNaming(() => new Credentials(wrong(fields)), type, named);
  });
});

describe("Rights", () => {
  test("have level, type and bytes before they are sent, and are not the message's to give away", () => {
    using socket = udpSocket();
    const rights = new Rights([socket, 1]);
    expect(rights).toMatchObject({ kind: "rights", level: SOL_SOCKET, type: SCM_RIGHTS, length: 2 });
    expect(rights.bytes).toEqual(new Uint8Array(Int32Array.of(socket.fd, 1).buffer));
    expect(rights.take()).toEqual([]);
    rights[Symbol.dispose]();
    expect(portOf(socket)).toBeGreaterThan(0); // still open
  });

  test.each(
    said<[descriptors: unknown, type: ErrorConstructor, named: string]>([
      [undefined, TypeError, "descriptors"],
      ["012", TypeError, "descriptors"],
      [3, TypeError, "descriptors"],
      [[], RangeError, "descriptors"],
      [Array(254).fill(0), RangeError, "253"],
      [[0, -1], RangeError, "descriptors[1]"],
      [[2 ** 32], RangeError, "descriptors[0]"],
      [[0, 0.5], RangeError, "descriptors[1]"],
      [["1"], TypeError, "descriptors[0]"],
      [[{}], TypeError, "descriptors[0]"],
      [[undefined], TypeError, "descriptors[0]"],
      [[{ fd: -1 }], RangeError, "descriptors[0]"],
    ]),
  )("of %s name the descriptor", (_, descriptors, type, named) => {
    throwsNaming(() => new Rights(wrong(descriptors)), type, named);
  });
});

describe("UnknownControl", () => {
  test("is sent as it is", () => {
    using sender = udpSocket();
    using receiver = udpSocket();
    receiver.receiveControl(HopLimit);
    const raw = new UnknownControl(IPPROTO_IP, IP_TTL, int(7));
    expect(raw).toMatchObject({ kind: "unknown", level: IPPROTO_IP, type: IP_TTL, bytes: int(7) });
    expect(must(exchange(sender, receiver, [raw]), HopLimit).value).toBe(7);
    // what the kernel does not know of its own it refuses
    throwsKind(() => exchange(sender, receiver, [new UnknownControl(SOL_SOCKET, 9999, int(1))]), "invalid-argument");
  });

  test("is what was received and has no class: nothing is dropped", () => {
    using pair = new TcpPair();
    pair.server.setOption(IPPROTO_TCP, TCP_INQ, 1);
    pair.client.send(Uint8Array.of(1, 2, 3, 4, 5));
    const message = received(pair.server, 2);
    expect([...message.control]).toHaveLength(1);
    // how much is left to be read
    expect(must(message, UnknownControl)).toMatchObject({ level: IPPROTO_TCP, type: TCP_INQ, bytes: int(3) });
  });

  test("keeps a copy of its bytes", () => {
    const bytes = int(7);
    const raw = new UnknownControl(-1, -2, bytes);
    bytes.fill(0xff);
    expect(raw).toMatchObject({ level: -1, type: -2, bytes: int(7) });
    expect(new UnknownControl(0, 0, Buffer.from("abc")).bytes).toEqual(Uint8Array.of(97, 98, 99));
    expect(new UnknownControl(0xffff_ffff, 0xffff_fffe, bytes)).toMatchObject({ level: -1, type: -2 });
  });

  test.each(
    said<[values: readonly unknown[], type: ErrorConstructor, named: string]>([
      [[undefined, 1, int(1)], TypeError, "level"],
      [[2 ** 32, 1, int(1)], RangeError, "level"],
      [[1, "1", int(1)], TypeError, "type"],
      [[1, -(2 ** 31) - 1, int(1)], RangeError, "type"],
      [[1, 1, undefined], TypeError, "bytes"],
      [[1, 1, [1]], TypeError, "bytes"],
      [[1, 1, int(1).buffer], TypeError, "bytes"],
    ]),
  )("of %s names the field", (_, values, type, named) => {
    throwsNaming(() => Reflect.construct(UnknownControl, values), type, named);
  });
});

describe("receiveControl", () => {
  const makers = {
    "UDP over IPv4": () => new Socket(AF_INET, SOCK_DGRAM),
    "UDP over IPv6": () => new Socket(AF_INET6, SOCK_DGRAM),
    "TCP over IPv4": () => new Socket(AF_INET, SOCK_STREAM),
    "TCP over IPv6": () => new Socket(AF_INET6, SOCK_STREAM),
    "unix streams": () => new Socket(AF_UNIX, SOCK_STREAM),
    "unix datagrams": () => new Socket(AF_UNIX, SOCK_DGRAM),
  } as const;
  type Place = keyof typeof makers;

  const FOUR = IPPROTO_IP;
  const SIX = IPPROTO_IPV6;
  const OWN = SOL_SOCKET;
  const inet: readonly Place[] = ["UDP over IPv4", "UDP over IPv6", "TCP over IPv4", "TCP over IPv6"];
  const unix: readonly Place[] = ["unix streams", "unix datagrams"];
  const all = [...inet, ...unix];
  const places = Object.keys(makers) as Place[];
  const kinds: readonly {
    readonly type: ControlMessageClass<ControlMessage>;
    readonly on: readonly Place[];
    readonly options: readonly (readonly [level: number, name: number])[];
    readonly six?: readonly (readonly [level: number, name: number])[];
    readonly since?: string;
  }[] = [
    { type: PacketInfo, on: inet, options: [[FOUR, IP_PKTINFO]], six: [[SIX, IPV6_RECVPKTINFO]] },
    { type: TrafficClass, on: inet, options: [[FOUR, IP_RECVTOS]], six: [[SIX, IPV6_RECVTCLASS]] },
    { type: HopLimit, on: inet, options: [[FOUR, IP_RECVTTL]], six: [[SIX, IPV6_RECVHOPLIMIT]] },
    { type: QueuedError, on: inet, options: [[FOUR, IP_RECVERR]], six: [[SIX, IPV6_RECVERR]] },
    { type: OriginalDestination, on: inet, options: [[FOUR, IP_RECVORIGDSTADDR]], six: [[SIX, IPV6_RECVORIGDSTADDR]] },
    { type: Timestamp, on: all, options: [[OWN, SO_TIMESTAMPNS]] },
    { type: DropCount, on: all, options: [[OWN, SO_RXQ_OVFL]] },
    { type: ZeroCopyDone, on: inet, options: [[OWN, SO_ZEROCOPY]] },
    { type: SegmentSize, on: ["UDP over IPv4", "UDP over IPv6"], options: [[IPPROTO_UDP, UDP_GRO]] },
    // other sockets than unix ones refuse these since Linux 6.16
    { type: Credentials, on: kernelSince("6.16") ? unix : all, options: [[OWN, SO_PASSCRED]] },
    { type: ProcessFd, on: kernelSince("6.16") ? unix : all, options: [[OWN, SO_PASSPIDFD]], since: "6.5" },
    { type: Rights, on: all, options: [] }, // come unasked
  ];
  const nameOf = (type: unknown): string => (type as { name: string }).name;
  const rows = kinds
    .filter(({ since = "0.0" }) => kernelSince(since))
    .flatMap((row) => places.map((place) => [nameOf(row.type), place, row] as const))
    .filter(([, place]) => haveIPv6 || !place.endsWith("6"));

  test.each(rows)("(%s) on %s", (_, place, { type, on, options, six = [] }) => {
    using socket = makers[place]();
    if (!on.includes(place)) {
      const error = throwsKind(() => socket.receiveControl(type), "not-supported");
      expect(error.message).toContain(nameOf(type));
      return;
    }
    // a dual-stack socket hears from IPv4 peers too
    const wanted = place.endsWith("6") ? [...six, ...options] : options;
    expect(wanted.map(([level, name]) => socket.getOption(level, name))).toEqual(wanted.map(() => 0));
    socket.receiveControl(type);
    socket.receiveControl(type); // again is nothing
    expect(wanted.map(([level, name]) => socket.getOption(level, name))).toEqual(wanted.map(() => 1));
  });

  test("turns several on at once, and they come in one message", () => {
    for (const [, family] of families) {
      using receiver = udpSocket(family);
      receiver.receiveControl(PacketInfo, TrafficClass, HopLimit, Timestamp, OriginalDestination);
      using sender = udpSocket(family);
      const kindsThatCame = [...exchange(sender, receiver, []).control].map(({ kind }) => kind as string);
      expect(kindsThatCame.sort()).toEqual([
        "hop-limit",
        "original-destination",
        "packet-info",
        "timestamp",
        "traffic-class",
      ]);
    }
  });

  test("works on somebody else's socket", async () => {
    const theirs = await Bun.udpSocket({ hostname: "127.0.0.1", port: 0 });
    try {
      const borrowed = SocketRef.borrow(wrong(theirs)); // bun-types do not know its fd
      borrowed.receiveControl(TrafficClass);
      expect(borrowed.getOption(IPPROTO_IP, IP_RECVTOS)).toBe(1);
    } finally {
      theirs.close();
    }
  });

  test("refuses what cannot be asked for before it turns anything on", () => {
    using socket = new Socket(AF_INET, SOCK_DGRAM);
    for (const type of [TransmitTime, UnknownControl, ControlMessage, Socket, undefined, null, "PacketInfo", {}]) {
      throwsNaming(() => socket.receiveControl(PacketInfo, wrong(type)), TypeError, "control message");
    }
    expect(socket.getOption(IPPROTO_IP, IP_PKTINFO)).toBe(0);
    throwsNaming(() => socket.receiveControl(), TypeError, "receiveControl(PacketInfo)");
    socket.close();
    throwsKind(() => socket.receiveControl(PacketInfo), "closed");
  });

  test("leaves a socket without it as it was: nothing comes unasked", () => {
    for (const [, family] of families) {
      using receiver = new Socket(family, SOCK_DGRAM);
      receiver.bind(loopback(family));
      using sender = udpSocket(family);
      const message = exchange(sender, receiver, [new TrafficClass({ dscp: 46 })]);
      expect([...message.control]).toEqual([]);
      expect(message.control.get(TrafficClass)).toBeUndefined();
    }
  });
});
