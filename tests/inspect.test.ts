// What console.log shows: what somebody who looks for a fault wants to know, in a line.

import { describe, expect, test } from "bun:test";
import { inspect } from "node:util";
import {
  Cancellable,
  ControlMessage,
  createConnection,
  createServer,
  Credentials,
  DropCount,
  HopLimit,
  InetAddress,
  InetSocketAddress,
  OriginalDestination,
  PacketInfo,
  POLLIN,
  POLLOUT,
  ProcessFd,
  QueuedError,
  reactor,
  ReceiveBatch,
  ReceivedMessage,
  Rights,
  SegmentSize,
  SendBatch,
  Socket,
  SocketRef,
  Timestamp,
  TrafficClass,
  TransmitTime,
  UnknownControl,
  ZeroCopyDone,
} from "../src/index.ts";
import * as berkeley from "../src/index.ts";
import { errnoNumber } from "../ffi/errno.ts";
import { watchNetwork } from "../src/netlink.ts";
import * as options from "../src/options.ts";
import { CaptureRing, PcapngWriter } from "../src/packet.ts";
import { AF_INET, AF_UNIX, SOCK_DGRAM, SOCK_RAW } from "./support/constants.ts";
import { canMake, SOON, udpSocket } from "./support/sockets.ts";

const soon = { timeout: SOON };
const linux = process.platform === "linux";
const notLinux = linux ? "" : " (needs Linux)";

describe("what console.log shows", () => {
  test("of a socket: descriptor, family, type, addresses and state, and nothing that throws", () => {
    const socket = new Socket(AF_INET);
    socket.bind("127.0.0.1:0");
    const name = `fd ${socket.fd}, AF_INET, SOCK_STREAM, ${socket.localAddress}`;
    expect(Bun.inspect(socket)).toBe(`Socket(${name})`);
    expect(inspect(socket)).toBe(`Socket(${name})`);
    expect(Bun.inspect(SocketRef.borrow(socket))).toBe(`SocketRef(${name})`);
    socket.listen();
    expect(Bun.inspect(socket)).toBe(`Socket(${name}, listening)`);
    socket.close();
    expect(Bun.inspect(socket)).toBe("Socket(closed)");
  });

  test("of a connected one also where it goes to", () => {
    using server = new Socket(AF_INET, SOCK_DGRAM);
    server.bind("127.0.0.1:0");
    using client = new Socket(AF_INET, SOCK_DGRAM);
    client.connect(server.localAddress);
    const name = `fd ${client.fd}, AF_INET, SOCK_DGRAM, ${client.localAddress} to ${server.localAddress}`;
    expect(Bun.inspect(client)).toBe(`Socket(${name})`);
  });

  test("of listeners and connections the same", async () => {
    await using listener = await createServer({ hostname: "127.0.0.1", port: 0 });
    const { localAddress } = listener;
    expect(Bun.inspect(listener)).toBe(
      `Listener(fd ${listener.socket.fd}, AF_INET, SOCK_STREAM, ${localAddress}, listening)`,
    );
    expect(`${listener}`).toBe(Bun.inspect(listener));
    const connection = await createConnection({ hostname: "127.0.0.1", port: listener.port });
    using _ = connection.socket; // closed at once: nobody is there to say good-bye
    expect(Bun.inspect(connection)).toBe(
      `TcpConnection(fd ${connection.socket.fd}, AF_INET, SOCK_STREAM, ${connection.localAddress} to ${localAddress})`,
    );
    expect(`${connection}`).toBe(Bun.inspect(connection));
    connection.socket.close();
    expect(`${connection}`).toBe("TcpConnection(closed)");
  });

  test("of batches, addresses and a Cancellable", () => {
    const batch = new SendBatch({ capacity: 4, size: 10 });
    batch.push("one");
    expect(Bun.inspect(batch)).toBe("SendBatch(1 of 4)");
    expect(Bun.inspect(new ReceiveBatch({ capacity: 4, size: 10 }))).toBe("ReceiveBatch(0 of 4)");
    expect(Bun.inspect(InetAddress.parse("::1"))).toBe("InetAddress(::1)");
    using cancellable = new Cancellable();
    expect(Bun.inspect(cancellable)).toBe("Cancellable(not cancelled)");
    cancellable.cancel();
    expect(Bun.inspect(cancellable)).toBe("Cancellable(cancelled)");
  });
});

const payload = (bytes: Uint8Array = new Uint8Array(4)) => ({ level: 1, type: 2, bytes: new Uint8Array(bytes) });
const extended = { errno: errnoNumber("ECONNREFUSED"), origin: "icmp", type: 3, code: 1, info: 4, data: 9 } as const;
const somebody = new InetSocketAddress("192.0.2.1", 80);

/** What is sent, made where this system can send it. */
function made<T>(make: () => T): T[] {
  try {
    return [make()];
  } catch {
    return [];
  }
}

const controls: readonly (readonly [ControlMessage, string])[] = [
  [new PacketInfo({ source: "239.9.9.9", interfaceIndex: 1 }), "239.9.9.9 on 1"],
  [new PacketInfo({ source: "::1" }), "::1"],
  [new HopLimit(64), "64"],
  [new TrafficClass({ dscp: 46, ecn: 1 }), "dscp 46, ecn 1"],
  [new DropCount(payload(Uint8Array.of(7, 0, 0, 0))), "7"],
  [new OriginalDestination(payload(), somebody), "192.0.2.1:80"],
  [new Timestamp(payload(), 1_767_323_045_123_456_789n), "2026-01-02T03:04:05.123456789Z"],
  [new Timestamp(payload(), -1n), "-1 ns"],
  [new Timestamp(payload(), 1n << 90n), `${1n << 90n} ns`],
  [new QueuedError(payload(), extended, somebody), "ECONNREFUSED, icmp type 3 code 1, from 192.0.2.1:80"],
  [new QueuedError(payload(), { ...extended, origin: "local" }, null), "ECONNREFUSED, local"],
  [new ZeroCopyDone(payload(), extended), "first 4, last 9, copied true"],
  [new UnknownControl(1, 2, new Uint8Array(3)), "level 1, type 2, 3 bytes"],
  [new Credentials({ pid: 1, uid: 2, gid: 3 }), "pid 1, uid 2, gid 3"],
  ...made(() => [new Rights([5, 6]), "fd 5, fd 6"] as const),
  ...made(() => [new SegmentSize(1200), "1200"] as const),
  ...made(() => [new TransmitTime(5n), "5"] as const),
];

describe("what console.log shows of messages", () => {
  test.each(controls.map(([message, text]) => [message.constructor.name, text, message] as const))(
    "%s(%s)",
    (name, text, message) => {
      expect(Bun.inspect(message)).toBe(`${name}(${text})`);
      expect(inspect(message)).toBe(`${name}(${text})`);
      expect(`${message}`).toBe(text);
    },
  );

  test("of every class of control messages there is, a line", () => {
    const classes = Object.values(berkeley).filter(
      (value) => typeof value === "function" && value.prototype instanceof ControlMessage,
    );
    const seen = new Set<unknown>([...controls.map(([message]) => message.constructor), Rights, SegmentSize]);
    expect(classes.filter((one) => !seen.has(one) && one !== TransmitTime)).toEqual([ProcessFd]); // of the kernel only
  });

  test.skipIf(!linux)(`of what was received: size, sender, flags, and what came with it${notLinux}`, () => {
    using socket = udpSocket();
    socket.receiveControl(PacketInfo);
    socket.receiveControl(HopLimit);
    const address = socket.localAddress;
    socket.sendTo("hello", address);
    const message = socket.receiveMessage({ buffers: [new Uint8Array(3)] }, soon);
    const control = "PacketInfo(127.0.0.1 on 1), HopLimit(64)";
    expect(Bun.inspect(message)).toBe(`ReceivedMessage(3 bytes, from ${address}, MSG_TRUNC, ${control})`);
    expect(Bun.inspect(message.control)).toBe(`ControlMessages(${control})`);
    expect(`${message.control}`).toBe(control);
    const flags = 0x40 | 0x10; // one that has no name here
    const none = { bytes: new Uint8Array(0), view: new DataView(new ArrayBuffer(0)), start: 0, end: 0 };
    expect(Bun.inspect(new ReceivedMessage(1, null, flags, none))).toBe("ReceivedMessage(1 bytes, MSG_DONTWAIT|0x10)");
  });

  test.skipIf(!linux)(`of a process descriptor, and of rights that were taken or closed${notLinux}`, () => {
    const [a, b] = Socket.pair(AF_UNIX, SOCK_DGRAM);
    using stack = new DisposableStack();
    for (const socket of [a, b]) stack.use(socket);
    a.sendMessage({ buffers: ["x"], control: [new Rights([a.fd, b.fd])] });
    using message = b.receiveMessage({ buffers: [new Uint8Array(1)] }, soon);
    const text = Bun.inspect(message.control);
    expect(text).toMatch(/^ControlMessages\(Rights\(fd \d+, fd \d+\)\)$/);
    message[Symbol.dispose]();
    expect(Bun.inspect(message.control)).toBe(text);
    b.receiveControl(ProcessFd);
    a.send("x");
    using other = b.receiveMessage({ buffers: [new Uint8Array(1)] }, soon);
    const pidfd = other.control.get(ProcessFd);
    if (pidfd === undefined) return; // Linux before 6.5
    expect(Bun.inspect(pidfd)).toMatch(/^ProcessFd\(fd \d+\)$/);
  });

  test.skipIf(!linux)(`of control messages whose batch was used again: nothing that throws${notLinux}`, () => {
    using socket = udpSocket();
    socket.receiveControl(PacketInfo);
    const batch = new ReceiveBatch({ capacity: 2, size: 10 });
    socket.sendTo("one", socket.localAddress);
    socket.receiveMessages(batch, soon);
    const control = batch.control(0);
    expect(Bun.inspect(control)).toBe("ControlMessages(PacketInfo(127.0.0.1 on 1))");
    socket.receiveControl(TrafficClass);
    socket.sendTo("two", socket.localAddress);
    socket.receiveMessages(batch, soon);
    expect(Bun.inspect(control)).toStartWith("ControlMessages(");
    batch.clear();
    expect(Bun.inspect(control)).toStartWith("ControlMessages(");
  });

  test("of a buffer that was given away, the name", () => {
    const bytes = new Uint8Array(64).fill(0xff);
    const view = new DataView(bytes.buffer);
    const message = new ReceivedMessage(1, null, 0, { bytes, view, start: 0, end: 64 });
    expect(Bun.inspect(message)).toStartWith("ReceivedMessage(1 bytes");
    bytes.buffer.transfer();
    expect(Bun.inspect(message)).toBe("ReceivedMessage");
    expect(Bun.inspect(message.control)).toBe("ControlMessages");
  });

  test("of the credentials of a peer", () => {
    const [a, b] = Socket.pair();
    using stack = new DisposableStack();
    for (const socket of [a, b]) stack.use(socket);
    if (process.platform === "win32") return;
    expect(Bun.inspect(a.credentials)).toBe(`Credentials(${a.credentials})`);
  });

  test("of the prototypes of all classes, nothing that throws", () => {
    for (const value of Object.values(berkeley)) {
      if (typeof value !== "function" || value.prototype === undefined) continue;
      expect(Bun.inspect(value.prototype)).toBeString();
      expect(inspect(value.prototype)).toBeString();
    }
  });
});

describe("what console.log shows of the rest", () => {
  test("of options their name", () => {
    expect(Bun.inspect(options.SO_RCVBUF)).toBe("Option(SO_RCVBUF)");
    expect(Bun.inspect(options.TCP_INFO)).toBe("Option(TCP_INFO)"); // to be read only
    for (const [name, option] of Object.entries(options)) {
      if (typeof option === "object") expect([name, Bun.inspect(option)]).toEqual([name, `Option(${option.name})`]);
    }
  });

  test("of a watch what is watched, and of the reactor how it is woken, without making one", () => {
    using socket = udpSocket();
    const { exitCode, stdout } = Bun.spawnSync([
      process.execPath,
      "-e",
      `import { reactor } from ${JSON.stringify(import.meta.resolve("../src/index.ts"))};
      console.log(reactor); reactor.choose("poll"); console.log(reactor); reactor.kind; console.log(reactor);`,
    ]);
    expect(exitCode).toBe(0);
    expect(stdout.toString()).toBe("reactor(not made yet)\nreactor(not made yet)\nreactor(poll)\n");
    const watch = socket.watch(POLLIN | POLLOUT, () => {});
    expect(Bun.inspect(watch)).toBe(`Watch(fd ${socket.fd}, POLLIN|POLLOUT)`);
    watch.close();
    expect(Bun.inspect(watch)).toBe("Watch(closed)");
    expect(Bun.inspect(reactor)).toBe(`reactor(${reactor.kind})`);
    expect(Object.keys(reactor)).toEqual(["kind", "choose"]);
  });

  test("of the writer of a capture file", () => {
    const writer = new PcapngWriter();
    writer.addInterface();
    const shown = Bun.inspect(writer);
    expect(shown).toBe(`PcapngWriter(1 interfaces, ${writer.take().length} bytes)`);
    expect(Bun.inspect(new PcapngWriter({ write() {} }))).toBe("PcapngWriter(0 interfaces, to a sink)");
  });

  test.skipIf(!linux)(`of changes of the network their socket${notLinux}`, () => {
    const changes = watchNetwork();
    expect(Bun.inspect(changes)).toStartWith(`NetworkChanges(fd ${changes.socket.fd}, AF_NETLINK, SOCK_RAW`);
    changes.close();
    expect(Bun.inspect(changes)).toBe("NetworkChanges(closed)");
  });

  const canCapture = linux && canMake(berkeley.AF_PACKET as number, SOCK_RAW);
  test.skipIf(!canCapture)(`of a ring, its blocks and packets, also when they were given back${notLinux}`, () => {
    using socket = udpSocket();
    const ring = new CaptureRing({ interface: "lo", blockTimeout: 1 });
    expect(Bun.inspect(ring)).toStartWith(`CaptureRing(fd ${ring.socket.fd}, AF_PACKET, SOCK_RAW`);
    socket.sendTo("hello", socket.localAddress);
    const block = ring.nextBlock(soon);
    const [packet] = block;
    expect(Bun.inspect(block)).toBe(`CaptureBlock(${block.length} packets)`);
    expect(Bun.inspect(packet)).toMatch(/^CapturedPacket\(\d+ bytes on 1, [a-z-]+, 20\d\d-\d\d-\d\dT[\d:]+\.\d{9}Z\)$/);
    block.release();
    const shown = (): string[] => [packet, block].map((value) => Bun.inspect(value));
    expect(shown()).toEqual(["CapturedPacket(given back)", "CaptureBlock(given back)"]);
    ring.close();
    expect(shown()).toEqual(["CapturedPacket(given back)", "CaptureBlock(given back)"]);
    expect(Bun.inspect(ring)).toBe("CaptureRing(closed)");
  });
});
