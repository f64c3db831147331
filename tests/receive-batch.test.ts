// ReceiveBatch: what a receive puts into it, and how long that stays.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  AF_INET,
  AF_UNIX,
  MSG_CTRUNC,
  MSG_PEEK,
  MSG_TRUNC,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOL_SOCKET,
} from "./support/constants.ts";
import {
  CMSG_SPACE,
  type ControlMessage,
  HopLimit,
  PacketInfo,
  ReceiveBatch,
  Rights,
  SendBatch,
  Socket,
  type SocketAddress,
  SocketError,
  Timestamp,
  TrafficClass,
  UnixSocketAddress,
  UnknownControl,
  WOULD_BLOCK,
} from "../src/index.ts";
import { incoming } from "../src/message/receive-batch.ts";
import { arriving, batchOf, numbered, text, texts, WatchedCalls } from "./support/batches.ts";
import { flagsOf, openDescriptors, openedBy, openedSince } from "./support/descriptors.ts";
import { connectedPair, families, SOON, TcpPair, UdpPair, udpSocket } from "./support/sockets.ts";
import { Thread } from "./support/thread.ts";
import { throwsKind, throwsNaming, wrong } from "./support/throws.ts";

let thread: Thread;
beforeAll(async () => {
  thread = await Thread.start();
});
afterAll(() => thread.terminate());

const soon = { timeout: SOON };
const now = { timeout: 0 };
const all = { ...soon, waitAll: true };

/** A pair of sockets of a type that is not UDP. */
class UnixPair implements Disposable {
  readonly a: Socket;
  readonly b: Socket;

  constructor(type: number = SOCK_DGRAM) {
    [this.a, this.b] = connectedPair(type);
  }

  [Symbol.dispose](): void {
    this.a.close();
    this.b.close();
  }
}

const kinds: readonly (readonly [name: string, make: () => UdpPair | UnixPair])[] = [
  ...families.map(([name, family]) => [`UDP over ${name}`, () => new UdpPair(family)] as const),
  ["unix datagram", () => new UnixPair(SOCK_DGRAM)],
  ["unix seqpacket", () => new UnixPair(SOCK_SEQPACKET)],
];

describe.each(kinds)("receiveMessages over %s", (_name, make) => {
  test("takes all that is queued, in order", () => {
    using pair = make();
    for (const datagram of numbered(7)) pair.a.send(datagram);
    const batch = new ReceiveBatch({ capacity: 10, size: 100 });
    expect(batch.length).toBe(0);
    expect(pair.b.receiveMessages(batch, soon)).toBe(7);
    expect(batch.length).toBe(7);
    expect(batch.capacity).toBe(10);
    expect(batch.pendingError).toBeUndefined();
    expect(texts(batch)).toEqual(numbered(7));
    expect(numbered(7).map((_, index) => batch.size(index))).toEqual(Array(7).fill(2));
    expect(numbered(7).map((_, index) => batch.flags(index))).toEqual(Array(7).fill(0));
    expect(numbered(7).map((_, index) => batch.truncated(index))).toEqual(Array(7).fill(false));
  });

  test("leaves what does not fit in the queue", () => {
    using pair = make();
    for (const datagram of numbered(7)) pair.a.send(datagram);
    const batch = new ReceiveBatch({ capacity: 3, size: 100 });
    expect(pair.b.receiveMessages(batch, soon)).toBe(3);
    expect(texts(batch)).toEqual(numbered(3));
    expect(pair.b.receiveMessages(batch, soon)).toBe(3);
    expect(texts(batch)).toEqual(numbered(3, 3));
    expect(pair.b.tryReceiveMessages(batch)).toBe(1);
    expect(texts(batch)).toEqual(numbered(1, 6));
    expect(pair.b.tryReceiveMessages(batch)).toBe(WOULD_BLOCK);
    expect(batch.length).toBe(0);
  });

  test("of capacity 1 takes one", () => {
    using pair = make();
    for (const datagram of numbered(2)) pair.a.send(datagram);
    const batch = new ReceiveBatch({ capacity: 1, size: 2 });
    for (const datagram of numbered(2)) {
      expect(pair.b.receiveMessages(batch, soon)).toBe(1);
      expect(texts(batch)).toEqual([datagram]);
    }
  });

  test("counts empty datagrams", () => {
    using pair = make();
    for (const datagram of ["", "x", "", ""]) pair.a.send(datagram);
    const batch = new ReceiveBatch({ capacity: 8, size: 10 });
    expect(pair.b.receiveMessages(batch, soon)).toBe(4);
    expect(texts(batch)).toEqual(["", "x", "", ""]);
    expect(batch.data(0)).toHaveLength(0);
    expect(batch.truncated(0)).toBe(false);
  });

  test("cuts what is longer than a slot, and tells so, of each", () => {
    using pair = make();
    for (const datagram of ["abc", "abcdef", "ab"]) pair.a.send(datagram);
    const batch = new ReceiveBatch({ capacity: 8, size: 3 });
    for (const flags of [MSG_PEEK, MSG_PEEK | MSG_TRUNC, 0]) {
      expect(pair.b.receiveMessages(batch, { ...soon, flags })).toBe(flags === 0 ? 3 : 8);
      if (flags !== 0) continue; // a peek sees the first one again and again
      expect(texts(batch)).toEqual(["abc", "abc", "ab"]);
      expect([0, 1, 2].map((index) => batch.size(index))).toEqual([3, 3, 2]);
      expect([0, 1, 2].map((index) => batch.truncated(index))).toEqual([false, true, false]);
      expect([0, 1, 2].map((index) => (batch.flags(index) & MSG_TRUNC) !== 0)).toEqual([false, true, false]);
    }
  });

  test("never tells more than a slot holds, whatever MSG_TRUNC says", () => {
    using pair = make();
    for (const datagram of ["abcdef", "ab"]) pair.a.send(datagram);
    const batch = new ReceiveBatch({ capacity: 8, size: 3 });
    expect(pair.b.receiveMessages(batch, { ...soon, flags: MSG_TRUNC })).toBe(2);
    expect(texts(batch)).toEqual(["abc", "ab"]);
    expect([batch.size(0), batch.size(1)]).toEqual([3, 2]);
    expect(batch.truncated(0)).toBe(true);
  });

  test("of size 0 keeps no bytes, and counts all the same", () => {
    using pair = make();
    for (const datagram of ["abc", ""]) pair.a.send(datagram);
    const batch = new ReceiveBatch({ capacity: 8, size: 0 });
    expect(pair.b.receiveMessages(batch, soon)).toBe(2);
    expect(texts(batch)).toEqual(["", ""]);
    expect([batch.truncated(0), batch.truncated(1)]).toEqual([true, false]);
  });

  test("waits for the first, and then takes what is queued", async () => {
    using pair = make();
    const sent = thread.send(pair.a, "first");
    const batch = new ReceiveBatch({ capacity: 8, size: 10 });
    expect(pair.b.receiveMessages(batch, soon)).toBe(1);
    expect(texts(batch)).toEqual(["first"]);
    await sent;
  });

  test("with waitAll waits until the batch is full", async () => {
    using pair = make();
    pair.a.send("first");
    const sent = thread.send(pair.a, "second", "", "fourth");
    const batch = new ReceiveBatch({ capacity: 4, size: 10 });
    expect(pair.b.receiveMessages(batch, all)).toBe(4);
    expect(texts(batch)).toEqual(["first", "second", "", "fourth"]);
    await sent;
  });

  test("when nothing comes is timed out, would-block or WOULD_BLOCK, and the batch is empty", () => {
    using pair = make();
    const batch = new ReceiveBatch({ capacity: 4, size: 10 });
    pair.a.send("x");
    expect(pair.b.receiveMessages(batch, soon)).toBe(1);
    for (const waitAll of [false, true]) {
      throwsKind(() => pair.b.receiveMessages(batch, { timeout: 10, waitAll }), "timed-out");
      throwsKind(() => pair.b.receiveMessages(batch, { ...now, waitAll }), "would-block");
    }
    expect(pair.b.tryReceiveMessages(batch)).toBe(WOULD_BLOCK);
    expect(batch.length).toBe(0);
    expect(batch.pendingError).toBeUndefined();
  });
});

/** Sends datagrams and receives them: the batch is the one that was given. */
function exchange(pair: UdpPair | UnixPair, batch: ReceiveBatch, ...datagrams: readonly (string | Uint8Array)[]): void {
  for (const datagram of datagrams) pair.a.send(datagram);
  const count = pair.b.receiveMessages(batch, soon);
  expect(count).toBe(datagrams.length);
}

describe("the views of a batch", () => {
  test("lie in its buffer, at offset and size, and do not overlap", () => {
    using pair = new UdpPair();
    const batch = new ReceiveBatch({ capacity: 4, size: 100 });
    exchange(pair, batch, "a", new Uint8Array(100).fill(1), "ccc");
    const { buffer } = batch;
    expect(buffer).toBeInstanceOf(ArrayBuffer);
    let end = 0;
    for (const [index, size] of [1, 100, 3].entries()) {
      const view = batch.data(index);
      expect(view.buffer).toBe(buffer);
      expect([view.byteOffset, view.length]).toEqual([batch.offset(index), batch.size(index)]);
      expect(view.length).toBe(size);
      expect(view.byteOffset).toBeGreaterThanOrEqual(end);
      end = view.byteOffset + view.length;
    }
    expect(end).toBeLessThanOrEqual(buffer.byteLength);
    expect(batch.buffer).toBe(buffer);
  });

  test("are the same objects again while offset and length stay the same, and others when these change", () => {
    using pair = new UdpPair();
    const batch = new ReceiveBatch({ capacity: 4, size: 100 });
    exchange(pair, batch, "one", "two", "");
    const first = [0, 1, 2].map((index) => batch.data(index));
    expect([0, 1, 2].map((index) => batch.data(index))).toEqual(first);
    for (const index of [0, 1, 2]) expect(batch.data(index)).toBe(first[index] as Uint8Array<ArrayBuffer>);
    exchange(pair, batch, "ONE", "other", "");
    expect(batch.data(0)).toBe(first[0] as Uint8Array<ArrayBuffer>);
    expect(text(batch.data(0))).toBe("ONE");
    expect(batch.data(1)).not.toBe(first[1] as Uint8Array<ArrayBuffer>);
    expect(text(batch.data(1))).toBe("other");
    expect(batch.data(2)).toBe(first[2] as Uint8Array<ArrayBuffer>);
    batch.clear();
    exchange(pair, batch, "uno");
    expect(batch.data(0)).toBe(first[0] as Uint8Array<ArrayBuffer>);
    exchange(pair, batch, "quattro");
    expect(batch.data(0)).not.toBe(first[0] as Uint8Array<ArrayBuffer>);
    exchange(pair, batch, "due");
    expect(text(batch.data(0))).toBe("due");
  });

  test("stay as they are until the batch is used again", () => {
    using pair = new UdpPair();
    const batch = new ReceiveBatch({ capacity: 4, size: 100 });
    exchange(pair, batch, "one", "two");
    const kept = [batch.data(0), batch.data(1)];
    pair.a.send("three");
    expect(text(pair.b.receiveBytes(100, soon))).toBe("three");
    Bun.gc(true);
    expect(kept.map(text)).toEqual(["one", "two"]);
    expect(texts(batch)).toEqual(["one", "two"]);
  });

  test("are refused memory that was transferred away: the kernel must not write to where it was", () => {
    using pair = new UdpPair();
    const batch = new ReceiveBatch({ capacity: 4, size: 100 });
    exchange(pair, batch, "one");
    structuredClone(batch.data(0), { transfer: [batch.buffer] });
    pair.a.send("two");
    throwsNaming(() => pair.b.receiveMessages(batch, soon), TypeError, "transferred");
    throwsNaming(() => pair.b.tryReceiveMessages(batch), TypeError, "transferred");
    expect(arriving(pair.b, 1)).toEqual(["two"]);
  });
});

describe("the addresses of a batch", () => {
  test.each(families)("are the senders, the same object for the same sender: %s", (_name, family) => {
    using to = udpSocket(family);
    using first = udpSocket(family);
    using second = udpSocket(family);
    const batch = new ReceiveBatch({ capacity: 8, size: 100 });
    for (let round = 0; round < 3; round++) {
      for (const [index, from] of [first, second, first, first, second].entries()) {
        from.sendTo(`${index}`, to.localAddress);
      }
      expect(to.receiveMessages(batch, soon)).toBe(5);
      expect(texts(batch)).toEqual(["0", "1", "2", "3", "4"]);
      const addresses = [0, 1, 2, 3, 4].map((index) => batch.address(index));
      expect(addresses.map(String)).toEqual(
        [first, second, first, first, second].map(({ localAddress }) => String(localAddress)),
      );
      expect(addresses[2]).toBe(addresses[0] as SocketAddress);
      expect(addresses[3]).toBe(addresses[0] as SocketAddress);
      expect(addresses[4]).toBe(addresses[1] as SocketAddress);
      expect(batch.address(0)).toBe(addresses[0] as SocketAddress);
    }
  });

  test("are those of this receive, not of the one before", () => {
    using to = udpSocket();
    using first = udpSocket();
    using second = udpSocket();
    const batch = new ReceiveBatch({ capacity: 8, size: 100 });
    for (const from of [first, second, second, first]) {
      from.sendTo("x", to.localAddress);
      expect(to.receiveMessages(batch, soon)).toBe(1);
      expect(String(batch.address(0))).toBe(String(from.localAddress));
    }
    first.sendTo("x", to.localAddress);
    second.sendTo("x", to.localAddress);
    expect(to.receiveMessages(batch, soon)).toBe(2);
    batch.clear();
    second.sendTo("x", to.localAddress);
    expect(to.receiveMessages(batch, soon)).toBe(1);
    expect(String(batch.address(0))).toBe(String(second.localAddress));
  });

  test("are more than are remembered, and right all the same", () => {
    using to = udpSocket();
    using stack = new DisposableStack();
    const senders = Array.from({ length: 300 }, () => stack.use(udpSocket()));
    const batch = new ReceiveBatch({ capacity: 100, size: 10 });
    for (let from = 0; from < 300; from += 100) {
      for (const sender of senders.slice(from, from + 100)) sender.sendTo("x", to.localAddress);
      expect(to.receiveMessages(batch, all)).toBe(100);
      const expected = senders.slice(from, from + 100).map(({ localAddress }) => String(localAddress));
      expect(expected.map((_, index) => String(batch.address(index)))).toEqual(expected);
    }
  });

  test("are null where the kernel gives none, and names of unix sockets of any length", () => {
    using to = new Socket(AF_UNIX, SOCK_DGRAM);
    to.bind(new UnixSocketAddress());
    using nameless = new Socket(AF_UNIX, SOCK_DGRAM);
    using abstract = new Socket(AF_UNIX, SOCK_DGRAM);
    abstract.bind(new UnixSocketAddress(`\0berkeley-${process.pid}-${"n".repeat(70)}`));
    using short = new Socket(AF_UNIX, SOCK_DGRAM);
    short.bind(new UnixSocketAddress(`\0b${process.pid}`));
    for (const from of [nameless, abstract, short, nameless, short]) from.sendTo("x", to.localAddress);
    const batch = new ReceiveBatch({ capacity: 8, size: 100 });
    expect(to.receiveMessages(batch, soon)).toBe(5);
    expect([0, 1, 2, 3, 4].map((index) => batch.address(index)?.toString() ?? null)).toEqual(
      [null, abstract, short, null, short].map((socket) => socket && String(socket.localAddress)),
    );
  });
});

describe("the control messages of a batch", () => {
  test.each(families)("belong each to its datagram: %s", (_name, family) => {
    using pair = new UdpPair(family);
    pair.b.receiveControl(TrafficClass, HopLimit, PacketInfo, Timestamp);
    for (const dscp of [1, 2, 3]) pair.a.sendMessage({ buffers: ["x"], control: [new TrafficClass({ dscp })] });
    const batch = new ReceiveBatch({ capacity: 8, size: 100 });
    expect(pair.b.receiveMessages(batch, soon)).toBe(3);
    for (const index of [0, 1, 2]) {
      expect(batch.control(index, TrafficClass)?.dscp).toBe(index + 1);
      const kindsFound = [...batch.control(index)].map(({ kind }) => kind);
      expect(kindsFound).toContain("packet-info");
      expect(kindsFound).toContain("hop-limit");
      expect(batch.control(index).get(TrafficClass)?.dscp).toBe(index + 1);
      expect(batch.control(index, Rights)).toBeUndefined();
      expect(batch.control(index, UnknownControl)).toBeUndefined();
      expect(batch.flags(index) & MSG_CTRUNC).toBe(0);
    }
  });

  test("are those of this receive, and none where none came", () => {
    using pair = new UdpPair();
    const batch = new ReceiveBatch({ capacity: 8, size: 100 });
    exchange(pair, batch, "without");
    expect([...batch.control(0)]).toEqual([]);
    pair.b.receiveControl(TrafficClass);
    exchange(pair, batch, "with", "with");
    expect([...batch.control(1)]).toHaveLength(1);
    using other = new UdpPair();
    exchange(other, batch, "without", "without", "without");
    expect([0, 1, 2].map((index) => [...batch.control(index)].length)).toEqual([0, 0, 0]);
  });

  test("that do not fit are cut, and MSG_CTRUNC tells so", () => {
    using pair = new UdpPair();
    pair.b.receiveControl(TrafficClass, PacketInfo);
    for (const [controlSize, expected] of [
      [0, 0],
      [CMSG_SPACE(12), 1],
      [CMSG_SPACE(12) + CMSG_SPACE(4), 2],
    ] as const) {
      const batch = new ReceiveBatch({ capacity: 2, size: 100, controlSize });
      exchange(pair, batch, "x", "y");
      for (const index of [0, 1]) {
        const found: ControlMessage[] = [...batch.control(index)];
        expect(found.filter(({ kind }) => kind !== "unknown")).toHaveLength(expected);
        expect((batch.flags(index) & MSG_CTRUNC) !== 0).toBe(expected < 2);
      }
      expect(texts(batch)).toEqual(["x", "y"]);
    }
  });
});

describe("descriptors in a batch", () => {
  /** Sends so many datagrams, each with a descriptor of this socket. */
  function sendRights(from: Socket, passed: Socket, count: number): void {
    for (let index = 0; index < count; index++) {
      from.sendMessage({ buffers: [`${index}`], control: [new Rights([passed])] });
    }
  }

  const endings: readonly (readonly [name: string, end: (batch: ReceiveBatch, pair: UnixPair) => unknown])[] = [
    ["the next receive", (batch, pair) => exchange(pair, batch, "next")],
    ["the next receive, though it brings nothing", (batch, pair) => pair.b.tryReceiveMessages(batch)],
    [
      "the next receive, though it fails",
      (batch, pair) => throwsKind(() => pair.b.receiveMessages(batch, now), "would-block"),
    ],
    ["clear", (batch) => batch.clear()],
    ["dispose", (batch) => batch[Symbol.dispose]()],
  ];

  test.each(endings)("are closed by %s, unless they were taken", (_name, end) => {
    using pair = new UnixPair();
    using passed = udpSocket();
    const batch = new ReceiveBatch({ capacity: 4, size: 10 });
    let taken = -1;
    const opened = openedBy(() => {
      const before = openDescriptors();
      sendRights(pair.a, passed, 3);
      expect(pair.b.receiveMessages(batch, soon)).toBe(3);
      expect(openedSince(before)).toHaveLength(3); // whether anybody looks or not
      [taken = -1] = batch.control(1, Rights)?.take() ?? [];
      expect(flagsOf(taken).closeOnExec).toBe(true);
      end(batch, pair);
      expect(openedSince(before)).toHaveLength(1);
    });
    expect(opened).toHaveLength(1);
    using socket = Socket.fromFd(taken);
    expect(socket.localAddress.equals(passed.localAddress)).toBe(true);
  });

  test("are given out once, and the same object is found again", () => {
    using pair = new UnixPair();
    using passed = udpSocket();
    using batch = new ReceiveBatch({ capacity: 4, size: 10 });
    sendRights(pair.a, passed, 2);
    expect(pair.b.receiveMessages(batch, soon)).toBe(2);
    const rights = batch.control(0, Rights);
    expect(rights).toBeInstanceOf(Rights);
    expect(batch.control(0, Rights)).toBe(rights as Rights);
    expect(batch.control(0).get(Rights)).toBe(rights as Rights);
    expect([...batch.control(0)]).toEqual([rights as Rights]);
    const [fd = -1] = rights?.take() ?? [];
    Socket.fromFd(fd).close();
    expect(batch.control(0, Rights)?.take()).toEqual([]);
    expect(batch.control(1, Rights)?.length).toBe(1);
  });

  test("that did not fit are closed by the kernel, and the rest is ours", () => {
    using pair = new UnixPair();
    using passed = udpSocket();
    const opened = openedBy(() => {
      using batch = new ReceiveBatch({ capacity: 2, size: 10, controlSize: CMSG_SPACE(8) });
      pair.a.sendMessage({ buffers: ["x"], control: [new Rights([passed, passed, passed, passed, passed])] });
      expect(pair.b.receiveMessages(batch, soon)).toBe(1);
      expect(batch.control(0, Rights)?.length).toBe(2);
      expect(batch.flags(0) & MSG_CTRUNC).toBe(MSG_CTRUNC);
    });
    expect(opened).toEqual([]);
  });

  test("do not pile up when nobody looks at them", () => {
    using pair = new UnixPair();
    using passed = udpSocket();
    const opened = openedBy(() => {
      using batch = new ReceiveBatch({ capacity: 4, size: 10 });
      for (let round = 0; round < 100; round++) {
        sendRights(pair.a, passed, 4);
        expect(pair.b.receiveMessages(batch, soon)).toBe(4);
      }
    });
    expect(opened).toEqual([]);
  });
});

describe("clear", () => {
  test("forgets what was received, and the batch can be used again", () => {
    using pair = new UdpPair();
    const batch = new ReceiveBatch({ capacity: 4, size: 10 });
    exchange(pair, batch, "one", "two");
    batch.clear();
    expect(batch.length).toBe(0);
    throwsNaming(() => batch.data(0), RangeError, "index");
    batch.clear();
    exchange(pair, batch, "three");
    expect(texts(batch)).toEqual(["three"]);
  });

  test("is what `using` does at the end", () => {
    using pair = new UdpPair();
    let kept: ReceiveBatch;
    {
      using batch = new ReceiveBatch({ capacity: 4, size: 10 });
      exchange(pair, batch, "one");
      kept = batch;
    }
    expect(kept.length).toBe(0);
  });
});

describe("large batches", () => {
  /** A pair whose receiver holds so many small datagrams; undefined where the system's limit is below. */
  function roomyPair(count: number): UdpPair | undefined {
    const pair = new UdpPair();
    const wanted = count * 1000;
    try {
      pair.b.setOption(SOL_SOCKET, SO_RCVBUFFORCE ?? SO_RCVBUF, wanted);
    } catch (error) {
      if (!(error instanceof SocketError)) throw error;
      pair.b.setOption(SOL_SOCKET, SO_RCVBUF, wanted);
    }
    if (pair.b.getOption(SOL_SOCKET, SO_RCVBUF) >= wanted) return pair;
    pair[Symbol.dispose]();
    return undefined;
  }

  const probe = roomyPair(3000);
  probe?.[Symbol.dispose]();
  const cannot = probe === undefined;

  test.skipIf(cannot).each([
    [1024, 1024, [1024], [1024]],
    [1500, 1500, [1024, 476], [1024, 476]],
    [2048, 2048, [1024, 1024], [1024, 1024]],
    [3000, 1500, [1024, 476], [1024, 1024]],
    [1025, 1024, [1024], [1024, 1]],
  ])(
    "of capacity %i take %i datagrams, at most 1024 in one call (needs net.core.rmem_max or CAP_NET_ADMIN)",
    (capacity, count, sends, receives) => {
      using pair = roomyPair(3000) as UdpPair;
      const out = batchOf(numbered(count));
      const sent = new WatchedCalls(out);
      expect(pair.a.sendMessages(out, soon)).toBe(count);
      expect(sent.sends.map((run) => run.length)).toEqual(sends);
      const batch = new ReceiveBatch({ capacity, size: 10 });
      const received = new WatchedCalls(undefined);
      incoming(batch).calls = received;
      expect(pair.b.receiveMessages(batch, soon)).toBe(count);
      expect(received.receives).toEqual(receives);
      expect(texts(batch)).toEqual(numbered(count));
      expect(batch.pendingError).toBeUndefined();
      pair.a.sendMessages(out, soon);
      expect(pair.b.tryReceiveMessages(batch)).toBe(count);
      expect(texts(batch)).toEqual(numbered(count));
    },
  );

  test.skipIf(cannot)("with waitAll take more than one call holds (needs net.core.rmem_max or CAP_NET_ADMIN)", () => {
    using pair = roomyPair(3000) as UdpPair;
    const batch = new ReceiveBatch({ capacity: 1500, size: 10 });
    expect(pair.a.sendMessages(batchOf(numbered(1500)), soon)).toBe(1500);
    expect(pair.b.receiveMessages(batch, all)).toBe(1500);
    expect(texts(batch)).toEqual(numbered(1500));
  });
});

describe("the end of a seqpacket connection", () => {
  test("is 0 messages, again and again, and not a batch full of empty ones", () => {
    using pair = new UnixPair(SOCK_SEQPACKET);
    const batch = new ReceiveBatch({ capacity: 5, size: 10 });
    for (const message of ["one", "", "two"]) pair.a.send(message);
    pair.a.close();
    expect(pair.b.receiveMessages(batch, soon)).toBe(3);
    expect(texts(batch)).toEqual(["one", "", "two"]);
    for (const waitAll of [false, true]) {
      expect(pair.b.receiveMessages(batch, { ...soon, waitAll })).toBe(0);
      expect(batch.length).toBe(0);
      expect(batch.pendingError).toBeUndefined();
    }
    expect(pair.b.tryReceiveMessages(batch)).toBe(0);
  });

  test("ends a wait for a full batch", async () => {
    using pair = new UnixPair(SOCK_SEQPACKET);
    const batch = new ReceiveBatch({ capacity: 5, size: 10 });
    for (const message of ["one", "two"]) pair.a.send(message);
    const closed = thread.close(pair.a);
    expect(pair.b.receiveMessages(batch, all)).toBe(2);
    expect(texts(batch)).toEqual(["one", "two"]);
    await closed;
  });

  test("is not seen in empty messages while the peer is there", () => {
    using pair = new UnixPair(SOCK_SEQPACKET);
    const batch = new ReceiveBatch({ capacity: 3, size: 10 });
    for (let index = 0; index < 4; index++) pair.a.send("");
    expect(pair.b.receiveMessages(batch, soon)).toBe(3);
    expect(pair.b.receiveMessages(batch, soon)).toBe(1);
    pair.a.shutdown({ write: true });
    expect(pair.b.receiveMessages(batch, soon)).toBe(0);
  });
});

describe("batches and plain receives", () => {
  test("take turns on one socket, and neither loses a datagram", () => {
    using pair = new UdpPair();
    for (const datagram of numbered(9)) pair.a.send(datagram);
    const batch = new ReceiveBatch({ capacity: 2, size: 10 });
    expect(text(pair.b.receiveBytes(10, soon))).toBe("d0");
    expect(pair.b.receiveMessages(batch, soon)).toBe(2);
    expect(pair.b.receiveFrom(new Uint8Array(10), soon).size).toBe(2);
    expect(texts(batch)).toEqual(["d1", "d2"]);
    expect(pair.b.tryReceiveMessages(batch)).toBe(2);
    expect(texts(batch)).toEqual(["d4", "d5"]);
    const message = pair.b.receiveMessage({ buffers: [new Uint8Array(10)] }, soon);
    expect(message.size).toBe(2);
    expect(pair.b.receiveMessages(batch, { ...soon, flags: MSG_PEEK })).toBe(2);
    expect(texts(batch)).toEqual(["d7", "d7"]);
    expect(pair.b.receiveMessages(batch, soon)).toBe(2);
    expect(texts(batch)).toEqual(["d7", "d8"]);
  });

  test("of several batches and sockets do not mix", () => {
    using one = new UdpPair();
    using two = new UdpPair();
    const first = new ReceiveBatch({ capacity: 4, size: 10 });
    const second = new ReceiveBatch({ capacity: 4, size: 10 });
    exchange(one, first, "1", "2");
    exchange(two, second, "3");
    expect(texts(first)).toEqual(["1", "2"]);
    expect(texts(second)).toEqual(["3"]);
    exchange(two, first, "4");
    expect([texts(first), texts(second)]).toEqual([["4"], ["3"]]);
  });
});

describe("wrong use", () => {
  test("an index that is none is a RangeError, and no number a TypeError, of every method", () => {
    using pair = new UdpPair();
    const batch = new ReceiveBatch({ capacity: 4, size: 10 });
    const methods = ["data", "size", "offset", "address", "control", "flags", "truncated"] as const;
    for (const method of methods) throwsNaming(() => batch[method](0), RangeError, "index");
    exchange(pair, batch, "one", "two");
    for (const method of methods) {
      for (const index of [-1, 2, 4, 0.5, NaN, Infinity, 2 ** 32, 2 ** 32 + 1]) {
        throwsNaming(() => batch[method](index), RangeError, "index");
      }
      for (const index of ["0", undefined, null, {}, 0n]) {
        throwsNaming(() => batch[method](wrong(index)), TypeError, "index");
      }
      batch[method](1);
    }
    throwsNaming(() => batch.control(2, TrafficClass), RangeError, "index");
  });

  test("the slots beyond length are out of reach, though they were filled before", () => {
    using pair = new UdpPair();
    const batch = new ReceiveBatch({ capacity: 4, size: 10 });
    exchange(pair, batch, "one", "two", "three");
    exchange(pair, batch, "four");
    expect(texts(batch)).toEqual(["four"]);
    throwsNaming(() => batch.data(1), RangeError, "index");
    throwsNaming(() => batch.address(2), RangeError, "index");
  });

  test("a stream is a TypeError", () => {
    using tcp = new TcpPair();
    const [a, b] = Socket.pair();
    using _a = a;
    using _b = b;
    const batch = new ReceiveBatch({ capacity: 4, size: 10 });
    for (const [from, to] of [
      [tcp.client, tcp.server],
      [a, b],
    ] as const) {
      from.sendAll("x");
      throwsNaming(() => to.receiveMessages(batch), TypeError, "stream");
      throwsNaming(() => to.tryReceiveMessages(batch), TypeError, "stream");
      expect(text(to.receiveBytes(1, soon))).toBe("x");
    }
  });

  test("what is no ReceiveBatch is a TypeError, and so are wrong options", () => {
    using pair = new UdpPair();
    const cases: readonly unknown[] = [undefined, null, {}, [], "x", new SendBatch({ capacity: 1, size: 1 })];
    for (const batch of cases) {
      throwsNaming(() => pair.a.receiveMessages(wrong(batch), now), TypeError, "ReceiveBatch");
      throwsNaming(() => pair.a.tryReceiveMessages(wrong(batch)), TypeError, "ReceiveBatch");
    }
    const batch = new ReceiveBatch({ capacity: 1, size: 1 });
    throwsNaming(() => pair.a.receiveMessages(batch, { waitAll: wrong(1) }), TypeError, "waitAll");
    throwsNaming(() => pair.a.receiveMessages(batch, wrong(5)), TypeError, "options");
    throwsNaming(() => pair.a.receiveMessages(batch, { flags: wrong("x") }), TypeError, "flags");
    throwsNaming(() => pair.a.receiveMessages(batch, { timeout: -1 }), RangeError, "timeout");
  });

  const options: readonly (readonly [options: unknown, type: ErrorConstructor, name: string])[] = [
    [undefined, TypeError, "options"],
    [null, TypeError, "options"],
    [{}, TypeError, "capacity"],
    [{ capacity: 1 }, TypeError, "size"],
    [{ capacity: 0, size: 1 }, RangeError, "capacity"],
    [{ capacity: 65_537, size: 1 }, RangeError, "capacity"],
    [{ capacity: 1, size: -1 }, RangeError, "size"],
    [{ capacity: 1, size: 65_536 }, RangeError, "size"],
    [{ capacity: 1, size: 1, controlSize: -1 }, RangeError, "controlSize"],
    [{ capacity: 1, size: 1, controlSize: 131_073 }, RangeError, "controlSize"],
    [{ capacity: 1, size: 1, controlSize: "1" }, TypeError, "controlSize"],
    [{ capacity: 1, size: 1, segmentation: "on" }, TypeError, "segmentation"],
    [{ capacity: 1, size: 1, segmentation: false }, TypeError, "segmentation"],
  ];
  test.each(options.map((each) => [Bun.inspect(each[0], { compact: true }), ...each] as const))(
    "new ReceiveBatch(%s) names what is wrong",
    (_name, given, type, name) => {
      throwsNaming(() => new ReceiveBatch(wrong(given)), type, name);
    },
  );

  test("a closed socket is kind closed", () => {
    const socket = new Socket(AF_INET, SOCK_DGRAM);
    socket.close();
    throwsKind(() => socket.receiveMessages(new ReceiveBatch({ capacity: 1, size: 1 })), "closed");
    throwsKind(() => socket.tryReceiveMessages(new ReceiveBatch({ capacity: 1, size: 1 })), "closed");
  });

  test("a batch in use by an asynchronous operation refuses every change with kind pending", () => {
    using pair = new UdpPair();
    const batch = new ReceiveBatch({ capacity: 4, size: 10 });
    exchange(pair, batch, "one");
    pair.a.send("two");
    incoming(batch).busy = true;
    throwsKind(() => pair.b.receiveMessages(batch, soon), "pending");
    throwsKind(() => pair.b.tryReceiveMessages(batch), "pending");
    throwsKind(() => batch.clear(), "pending");
    throwsKind(() => batch[Symbol.dispose](), "pending");
    expect(batch.length).toBe(1);
    incoming(batch).busy = false;
    expect(pair.b.receiveMessages(batch, soon)).toBe(1);
    expect(texts(batch)).toEqual(["two"]);
  });
});
