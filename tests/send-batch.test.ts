// SendBatch: what push takes and keeps, and what a send does with it.

import { describe, expect, test } from "bun:test";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  MSG_CONFIRM,
  MSG_DONTROUTE,
  MSG_MORE,
  MSG_NOSIGNAL,
  MSG_ZEROCOPY,
  SCM_RIGHTS,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOL_SOCKET,
} from "./support/constants.ts";
import {
  Credentials,
  HopLimit,
  InetAddress,
  InetSocketAddress,
  NativeSocketAddress,
  PacketInfo,
  ReceiveBatch,
  Rights,
  SendBatch,
  Socket,
  TrafficClass,
  UnixSocketAddress,
  UnknownControl,
  WOULD_BLOCK,
  ZeroCopyDone,
} from "../src/index.ts";
import { outgoing } from "../src/message/send-batch.ts";
import { arriving, batchOf, fill, nothingCame, numbered, text, WatchedCalls } from "./support/batches.ts";
import { openedBy } from "./support/descriptors.ts";
import {
  connectedPair,
  addressOf,
  families,
  Folder,
  haveIPv6,
  SOON,
  TcpPair,
  UdpPair,
  udpSocket,
} from "./support/sockets.ts";
import { thrownBy, throwsKind, throwsNaming, wrong } from "./support/throws.ts";

const soon = { timeout: SOON };
const bytes = (...values: number[]): Uint8Array<ArrayBuffer> => Uint8Array.from(values);

/** A socket that is not connected, and another that is bound: where the first one sends to. */
class Unconnected implements Disposable {
  readonly from: Socket;
  readonly to: Socket;
  readonly address: InetSocketAddress;

  constructor(family: number = AF_INET) {
    this.from = new Socket(family, SOCK_DGRAM);
    this.to = udpSocket(family);
    this.address = addressOf(this.to) as InetSocketAddress;
  }

  [Symbol.dispose](): void {
    this.from.close();
    this.to.close();
  }
}

describe.each(families)("sendMessages over UDP of %s", (_name, family) => {
  test("sends all datagrams, in order, and returns how many", () => {
    using pair = new Unconnected(family);
    const datagrams = numbered(100);
    const batch = batchOf(datagrams, pair.address);
    expect(batch.length).toBe(100);
    expect(pair.from.sendMessages(batch)).toBe(100);
    expect(batch.length).toBe(100);
    expect(batch.pendingError).toBeUndefined();
    expect(arriving(pair.to, 100)).toEqual(datagrams);
  });

  test("needs no addresses on a connected socket", () => {
    using pair = new UdpPair(family);
    const batch = batchOf(numbered(5));
    expect(pair.a.sendMessages(batch)).toBe(5);
    expect(arriving(pair.b, 5)).toEqual(numbered(5));
  });

  test("takes datagrams with and without addresses together on a connected socket", () => {
    using pair = new UdpPair(family);
    using other = udpSocket(family);
    const batch = new SendBatch({ capacity: 4, size: 10 });
    batch.push("peer", undefined);
    batch.push("other", other.localAddress);
    batch.push("peer too", null);
    batch.push("other too", other.localAddress);
    expect(pair.a.sendMessages(batch)).toBe(4);
    expect(arriving(pair.b, 2)).toEqual(["peer", "peer too"]);
    expect(arriving(other, 2)).toEqual(["other", "other too"]);
  });

  test("sends to many addresses in one call", () => {
    using from = new Socket(family, SOCK_DGRAM);
    using to = new DisposableStack();
    const sockets = Array.from({ length: 10 }, () => to.use(udpSocket(family)));
    const batch = new SendBatch({ capacity: 20, size: 10 });
    const watched = new WatchedCalls(batch);
    for (const round of [0, 1]) sockets.forEach((socket, n) => batch.push(`${round} to ${n}`, socket.localAddress));
    expect(from.sendMessages(batch)).toBe(20);
    expect(watched.sends).toEqual([Array<number>(20).fill(1)]);
    sockets.forEach((socket, n) => expect(arriving(socket, 2)).toEqual([`0 to ${n}`, `1 to ${n}`]));
  });

  test("sends a batch again as it is", () => {
    using pair = new UdpPair(family);
    const batch = batchOf(numbered(3));
    for (let round = 0; round < 3; round++) {
      expect(pair.a.sendMessages(batch)).toBe(3);
      expect(arriving(pair.b, 3)).toEqual(numbered(3));
    }
    expect(pair.b.trySendMessages(batch)).toBe(3);
    expect(arriving(pair.a, 3)).toEqual(numbered(3));
  });

  test("sends what was pushed since along with the rest, when a batch is not cleared", () => {
    using pair = new UdpPair(family);
    const batch = new SendBatch({ capacity: 3, size: 10 });
    batch.push("one");
    pair.a.sendMessages(batch);
    batch.push("two");
    expect(pair.a.sendMessages(batch)).toBe(2);
    expect(arriving(pair.b, 3)).toEqual(["one", "one", "two"]);
  });

  test("of an empty batch sends nothing and is 0", () => {
    using pair = new UdpPair(family);
    const batch = new SendBatch({ capacity: 3, size: 10 });
    expect(pair.a.sendMessages(batch)).toBe(0);
    expect(pair.a.trySendMessages(batch)).toBe(0);
    expect(pair.a.sendMessages(batch, { timeout: 0 })).toBe(0);
    nothingCame(pair.b, (marker) => pair.a.send(marker));
  });

  test("sends empty datagrams too", () => {
    using pair = new UdpPair(family);
    expect(pair.a.sendMessages(batchOf(["", "x", new Uint8Array(0), ""]))).toBe(4);
    expect(arriving(pair.b, 4)).toEqual(["", "x", "", ""]);
  });

  test("sends the largest datagram that there is", () => {
    using pair = new UdpPair(family);
    const batch = new SendBatch({ capacity: 2, size: 65_535 });
    const large = new Uint8Array(65_507).fill(7);
    batch.push(large);
    batch.push("and");
    expect(pair.a.sendMessages(batch)).toBe(2);
    expect(pair.b.receiveBytes(65_535, soon)).toEqual(large);
    expect(arriving(pair.b, 1)).toEqual(["and"]);
  });
});

describe("sendMessages over unix sockets", () => {
  test.each([
    ["datagram", SOCK_DGRAM],
    ["seqpacket", SOCK_SEQPACKET],
  ])("sends over a %s pair", (_name, type) => {
    const [a, b] = connectedPair(type);
    using _a = a;
    using _b = b;
    expect(a.sendMessages(batchOf(["one", "", "three"]))).toBe(3);
    const batch = new ReceiveBatch({ capacity: 4, size: 10 });
    expect(b.receiveMessages(batch)).toBe(3);
    expect([0, 1, 2].map((index) => text(batch.data(index)))).toEqual(["one", "", "three"]);
  });

  test("sends to paths and to abstract names", () => {
    using folder = new Folder();
    using from = new Socket(AF_UNIX, SOCK_DGRAM);
    using first = new Socket(AF_UNIX, SOCK_DGRAM);
    using second = new Socket(AF_UNIX, SOCK_DGRAM);
    first.bind({ path: folder.file("first") });
    second.bind(new UnixSocketAddress());
    const batch = new SendBatch({ capacity: 3, size: 10 });
    batch.push("a", { path: folder.file("first") });
    batch.push("b", second.localAddress);
    batch.push("c", new UnixSocketAddress(folder.file("first")));
    expect(from.sendMessages(batch)).toBe(3);
    expect(arriving(first, 2)).toEqual(["a", "c"]);
    expect(arriving(second, 1)).toEqual(["b"]);
  });
});

describe("push", () => {
  test("is false on a full batch, which takes nothing", () => {
    using pair = new UdpPair();
    const batch = new SendBatch({ capacity: 2, size: 3 });
    expect(batch.capacity).toBe(2);
    expect([batch.push("1"), batch.push("2"), batch.push("3"), batch.push("too large"), batch.push(wrong(5))]).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
    expect(batch.length).toBe(2);
    expect(pair.a.sendMessages(batch)).toBe(2);
    expect(arriving(pair.b, 2)).toEqual(["1", "2"]);
    expect(batch.push("4")).toBe(false); // sent, but not cleared
  });

  const memory = bytes(...Array.from({ length: 32 }, (_, index) => index + 1));
  const shared = new Uint8Array(new SharedArrayBuffer(32));
  shared.set(memory);
  const resizable = new Uint8Array(new ArrayBuffer(32, { maxByteLength: 64 }));
  resizable.set(memory);
  const kinds: readonly (readonly [name: string, data: ArrayBufferView | ArrayBuffer])[] = [
    ["Int8Array", new Int8Array(memory.buffer)],
    ["Uint8Array", memory],
    ["Uint8ClampedArray", new Uint8ClampedArray(memory.buffer)],
    ["Int16Array", new Int16Array(memory.buffer)],
    ["Uint16Array", new Uint16Array(memory.buffer)],
    ["Int32Array", new Int32Array(memory.buffer)],
    ["Uint32Array", new Uint32Array(memory.buffer)],
    ["Float32Array", new Float32Array(memory.buffer)],
    ["Float64Array", new Float64Array(memory.buffer)],
    ["BigInt64Array", new BigInt64Array(memory.buffer)],
    ["BigUint64Array", new BigUint64Array(memory.buffer)],
    ["DataView", new DataView(memory.buffer)],
    ["ArrayBuffer", memory.buffer],
    ["Buffer", Buffer.from(memory)],
    ["view on a SharedArrayBuffer", shared],
    ["view on a resizable ArrayBuffer", resizable],
    ["view of which the class is the user's", new (class extends Uint8Array {})(memory)],
  ];

  test.each(kinds)("takes the bytes of a(n) %s", (_name, data) => {
    using pair = new UdpPair();
    const batch = new SendBatch({ capacity: 1, size: 32 });
    batch.push(data);
    pair.a.sendMessages(batch);
    expect(pair.b.receiveBytes(100, soon)).toEqual(memory);
  });

  test("takes the part of the memory that a view is of", () => {
    using pair = new UdpPair();
    const batch = new SendBatch({ capacity: 3, size: 32 });
    batch.push(memory.subarray(3, 5));
    batch.push(new DataView(memory.buffer, 30));
    batch.push(new Uint16Array(memory.buffer, 8, 2));
    pair.a.sendMessages(batch);
    expect([0, 1, 2].map(() => [...pair.b.receiveBytes(100, soon)])).toEqual([
      [4, 5],
      [31, 32],
      [9, 10, 11, 12],
    ]);
  });

  test("joins the parts of an array, of any kind, to one datagram", () => {
    using pair = new UdpPair();
    const parts = ["héad ", bytes(65, 66), "", new Uint8Array(0), new DataView(bytes(67).buffer), bytes(68).buffer];
    const batch = new SendBatch({ capacity: 3, size: 10 });
    expect(batch.push(parts)).toBe(true);
    expect(batch.push([])).toBe(true);
    expect(batch.push(["only"])).toBe(true);
    expect(pair.a.sendMessages(batch)).toBe(3);
    expect(arriving(pair.b, 3)).toEqual(["héad ABCD", "", "only"]);
  });

  test("takes text as UTF-8, and counts its bytes", () => {
    using pair = new UdpPair();
    const batch = new SendBatch({ capacity: 3, size: 4 });
    expect(batch.push("🦊")).toBe(true);
    throwsNaming(() => batch.push("ééé"), RangeError, "data of datagram 1 has 6 bytes");
    expect(batch.push("éé")).toBe(true);
    expect(batch.push("")).toBe(true);
    pair.a.sendMessages(batch);
    expect(arriving(pair.b, 3)).toEqual(["🦊", "éé", ""]);
  });

  test("refuses what is larger than the batch was made for, naming it, and has not taken half of it", () => {
    using pair = new UdpPair();
    const batch = new SendBatch({ capacity: 3, size: 5 });
    batch.push("12345");
    throwsNaming(() => batch.push("123456"), RangeError, "datagram 1");
    throwsNaming(() => batch.push(new Uint8Array(6)), RangeError, "datagram 1");
    throwsNaming(() => batch.push(["123", "45", "6"]), RangeError, "datagram 1");
    throwsNaming(() => batch.push(["123", new Uint8Array(3), "6"]), RangeError, "made for 5");
    expect(batch.length).toBe(1);
    batch.push(["ab", "cde"]);
    batch.push("x");
    expect(pair.a.sendMessages(batch)).toBe(3);
    expect(arriving(pair.b, 3)).toEqual(["12345", "abcde", "x"]);
  });

  test("of size 0 takes empty datagrams only", () => {
    using pair = new UdpPair();
    const batch = new SendBatch({ capacity: 2, size: 0 });
    throwsNaming(() => batch.push("x"), RangeError, "datagram 0");
    batch.push("");
    batch.push([]);
    expect(pair.a.sendMessages(batch)).toBe(2);
    expect(arriving(pair.b, 2)).toEqual(["", ""]);
  });

  const detached = (): Uint8Array<ArrayBuffer> => {
    const view = new Uint8Array(10);
    view.buffer.transfer();
    return view;
  };
  const outOfBounds = (): Uint8Array => {
    const buffer = new ArrayBuffer(20, { maxByteLength: 20 });
    const view = new Uint8Array(buffer, 10, 10);
    buffer.resize(15);
    return view;
  };
  test.each([
    ["a detached view", detached],
    ["a detached ArrayBuffer", () => detached().buffer],
    ["a view that is out of bounds", outOfBounds],
  ])("refuses %s, naming the datagram, also as a part", (_name, gone) => {
    using pair = new UdpPair();
    const batch = new SendBatch({ capacity: 3, size: 10 });
    batch.push("first");
    throwsNaming(() => batch.push(gone()), TypeError, "data of datagram 1");
    throwsNaming(() => batch.push(["a", gone()]), TypeError, "data of datagram 1");
    expect(batch.length).toBe(1);
    batch.push("second");
    expect(pair.a.sendMessages(batch)).toBe(2);
    expect(arriving(pair.b, 2)).toEqual(["first", "second"]);
  });

  test.each([
    ["undefined", undefined],
    ["null", null],
    ["a number", 5],
    ["an array of numbers", [1, 2]],
    ["an object", {}],
    ["an array in an array", [["a"]]],
    ["a Proxy of a view", new Proxy(new Uint8Array(3), {})],
  ])("refuses %s as data, naming the datagram", (_name, data) => {
    const batch = new SendBatch({ capacity: 3, size: 10 });
    throwsNaming(() => batch.push(wrong(data)), TypeError, "data of datagram 0");
    expect(batch.length).toBe(0);
  });

  test("takes every form of an address", () => {
    using pair = new Unconnected();
    const { port } = pair.address;
    const forms = [
      pair.address,
      `127.0.0.1:${port}`,
      { address: "127.0.0.1", port },
      { address: InetAddress.parse("127.0.0.1"), port },
      new NativeSocketAddress(pair.address.toBytes()),
    ];
    const batch = new SendBatch({ capacity: forms.length, size: 10 });
    forms.forEach((form, index) => batch.push(`form ${index}`, form));
    expect(pair.from.sendMessages(batch)).toBe(forms.length);
    expect(arriving(pair.to, forms.length)).toEqual(forms.map((_, index) => `form ${index}`));
  });

  test.each([
    ["a name", "localhost:53", TypeError],
    ["no port", "127.0.0.1", TypeError],
    ["a number", 53, TypeError],
    ["an empty object", {}, TypeError],
    ["a port that is none", "127.0.0.1:65536", RangeError],
  ])("refuses %s for an address, naming the datagram", (_name, address, type) => {
    const batch = new SendBatch({ capacity: 3, size: 10 });
    batch.push("first", "127.0.0.1:9");
    throwsNaming(() => batch.push("second", wrong(address)), type, "address of datagram 1");
    expect(batch.length).toBe(1);
  });

  test("copies: what happens to data, parts, address and control messages afterwards changes nothing", () => {
    using pair = new Unconnected();
    pair.to.receiveControl(TrafficClass);
    const data = new Uint8Array(new ArrayBuffer(5));
    data.set([1, 2, 3, 4, 5]);
    const moved = Uint8Array.from([6, 7]);
    const parts = [bytes(8), bytes(9)];
    const address = { address: "127.0.0.1", port: pair.address.port };
    const control = [new TrafficClass({ dscp: 10 })];
    const batch = new SendBatch({ capacity: 3, size: 10 });
    batch.push(data, address, { control });
    batch.push(moved, address);
    batch.push(parts, address);
    data.fill(0);
    moved.buffer.transfer();
    parts[0]?.fill(0);
    parts.length = 0;
    address.port = 9;
    control.length = 0;
    expect(pair.from.sendMessages(batch)).toBe(3);
    const first = new ReceiveBatch({ capacity: 3, size: 10 });
    expect(pair.to.receiveMessages(first, { ...soon, waitAll: true })).toBe(3);
    expect([0, 1, 2].map((index) => [...first.data(index)])).toEqual([
      [1, 2, 3, 4, 5],
      [6, 7],
      [8, 9],
    ]);
    expect(first.control(0, TrafficClass)?.dscp).toBe(10);
  });

  test("is pending when a getter or generator of the caller's uses the batch meanwhile, and loses nothing", () => {
    using pair = new UdpPair();
    const batch = new SendBatch({ capacity: 4, size: 10 });
    const inner = (): void => void batch.push("inner");
    const part = Object.defineProperty(["a", "b"], 1, {
      get() {
        inner();
        return "b";
      },
    });
    const control = (function* (): Generator<TrafficClass> {
      inner();
      yield new TrafficClass({ dscp: 1 });
    })();
    const address = {
      port: 9,
      get address(): string {
        inner();
        return "127.0.0.1";
      },
    };
    throwsKind(() => batch.push(part), "pending");
    throwsKind(() => batch.push("outer", null, { control }), "pending");
    throwsKind(() => batch.push("outer", address), "pending");
    expect(batch.length).toBe(3);
    expect(pair.a.sendMessages(batch)).toBe(3);
    expect(arriving(pair.b, 3)).toEqual(["inner", "inner", "inner"]);
  });
});

describe("clear", () => {
  test("forgets all datagrams, and the batch holds as many as before", () => {
    using pair = new UdpPair();
    const batch = new SendBatch({ capacity: 3, size: 10 });
    for (let round = 0; round < 20; round++) {
      fill(batch, ["0123456789", "abcdefghij", `round ${round}`]);
      expect(batch.push("no more")).toBe(false);
      expect(pair.a.sendMessages(batch)).toBe(3);
      batch.clear();
      expect(batch.length).toBe(0);
      expect(pair.a.sendMessages(batch)).toBe(0);
      expect(arriving(pair.b, 3)).toEqual(["0123456789", "abcdefghij", `round ${round}`]);
    }
  });

  test("forgets flags, control messages and addresses", () => {
    using pair = new UdpPair();
    pair.b.receiveControl(TrafficClass);
    const batch = new SendBatch({ capacity: 2, size: 10 });
    const watched = new WatchedCalls(batch);
    batch.push("first", "127.0.0.1:9", { control: [new TrafficClass({ dscp: 10 })], flags: MSG_CONFIRM });
    batch.clear();
    batch.push("second");
    expect(pair.a.sendMessages(batch)).toBe(1);
    expect(watched.flags.map((flags) => flags & MSG_CONFIRM)).toEqual([0]);
    const got = new ReceiveBatch({ capacity: 2, size: 10 });
    expect(pair.b.receiveMessages(got, soon)).toBe(1);
    expect(text(got.data(0))).toBe("second");
    expect(got.control(0, TrafficClass)?.dscp).toBe(0);
  });
});

describe("addresses and families", () => {
  test.skipIf(!haveIPv6)("an IPv4 address on an AF_INET6 socket goes out as v4-mapped (needs IPv6)", () => {
    using from = new Socket(AF_INET6, SOCK_DGRAM);
    using four = udpSocket(AF_INET);
    using six = udpSocket(AF_INET6);
    const batch = new SendBatch({ capacity: 4, size: 10 });
    batch.push("four", four.localAddress);
    batch.push("six", six.localAddress);
    batch.push("four", four.localAddress);
    batch.push("mapped", `[::ffff:127.0.0.1]:${(four.localAddress as InetSocketAddress).port}`);
    expect(from.sendMessages(batch)).toBe(4);
    expect(arriving(four, 3)).toEqual(["four", "four", "mapped"]);
    expect(arriving(six, 1)).toEqual(["six"]);
  });

  const elsewhere: Readonly<
    Record<string, readonly [family: number, type: number, address: string | { path: string }]>
  > = {
    "an IPv6 address on an AF_INET socket": [AF_INET, SOCK_DGRAM, "[::1]:9"],
    "a v4-mapped address on an AF_INET socket": [AF_INET, SOCK_DGRAM, "[::ffff:127.0.0.1]:9"],
    "a unix address on an AF_INET socket": [AF_INET, SOCK_DGRAM, { path: "/nowhere" }],
    "a unix address on an AF_INET6 socket": [AF_INET6, SOCK_DGRAM, { path: "/nowhere" }],
    "an IPv4 address on an AF_UNIX socket": [AF_UNIX, SOCK_DGRAM, "127.0.0.1:9"],
    "an IPv6 address on an AF_UNIX socket": [AF_UNIX, SOCK_DGRAM, "[::1]:9"],
  };
  for (const [name, [family, type, address]] of Object.entries(elsewhere)) {
    test.skipIf(family === AF_INET6 && !haveIPv6)(
      `${name} in the middle of a batch is refused before the first datagram, naming it`,
      () => {
        using from = new Socket(family, type);
        using to = family === AF_UNIX ? new Socket(AF_UNIX, SOCK_DGRAM) : udpSocket(family);
        if (family === AF_UNIX) to.bind(new UnixSocketAddress());
        const right = to.localAddress;
        const batch = new SendBatch({ capacity: 4, size: 10 });
        const watched = new WatchedCalls(batch);
        fill(batch, ["0", "1"], right);
        batch.push("2", address);
        batch.push("3", right);
        const error = throwsNaming(() => from.sendMessages(batch), TypeError, "address of datagram 2");
        expect(error.message).toContain(String(family));
        throwsNaming(() => from.trySendMessages(batch), TypeError, "address of datagram 2");
        expect(watched.sends).toEqual([]);
        expect(batch.length).toBe(4);
        expect(batch.pendingError).toBeUndefined();
        nothingCame(to, (marker) => from.sendTo(marker, right));
        batch.clear();
        batch.push("again", right);
        expect(from.sendMessages(batch)).toBe(1);
        expect(arriving(to, 1)).toEqual(["again"]);
      },
    );
  }

  test("a native address of another family is refused as well, and an overlong one", () => {
    using pair = new Unconnected();
    const foreign = new Uint8Array(20);
    foreign.set([38, 0]); // AF_ALG
    const overlong = new Uint8Array(200);
    overlong.set([AF_INET, 0]);
    const batch = new SendBatch({ capacity: 2, size: 10 });
    batch.push("0", pair.address);
    batch.push("1", new NativeSocketAddress(foreign));
    throwsNaming(() => pair.from.sendMessages(batch), TypeError, "address of datagram 1");
    batch.clear();
    batch.push("0", pair.address);
    batch.push("1", new NativeSocketAddress(overlong));
    throwsNaming(() => pair.from.sendMessages(batch), RangeError, "address of datagram 1");
    nothingCame(pair.to, (marker) => pair.from.sendTo(marker, pair.address));
  });

  test("what one socket refuses another may send", () => {
    using pair = new Unconnected();
    using unix = new Socket(AF_UNIX, SOCK_DGRAM);
    const batch = batchOf(["x"], pair.address);
    throwsNaming(() => unix.sendMessages(batch), TypeError, "datagram 0");
    expect(pair.from.sendMessages(batch)).toBe(1);
    expect(arriving(pair.to, 1)).toEqual(["x"]);
  });
});

describe("control messages and flags of each datagram", () => {
  test.each(families)("go with the datagram they were pushed with: %s", (_name, family) => {
    using pair = new Unconnected(family);
    pair.to.receiveControl(TrafficClass, HopLimit);
    const batch = new SendBatch({ capacity: 5, size: 10 });
    batch.push("0", pair.address, { control: [new TrafficClass({ dscp: 46, ecn: 1 })] });
    batch.push("1", pair.address);
    batch.push("2", pair.address, { control: [new HopLimit(7), new TrafficClass({ dscp: 8 })] });
    batch.push("3", pair.address, { control: [] });
    batch.push("4", pair.address, {
      control: new Set([new HopLimit(9)]),
    });
    expect(pair.from.sendMessages(batch)).toBe(5);
    const got = new ReceiveBatch({ capacity: 5, size: 10 });
    expect(pair.to.receiveMessages(got, { ...soon, waitAll: true })).toBe(5);
    const usual = got.control(1, HopLimit)?.value;
    const found = [0, 1, 2, 3, 4].map((index) => {
      const { dscp, ecn } = got.control(index, TrafficClass) ?? {};
      return [text(got.data(index)), dscp, ecn, got.control(index, HopLimit)?.value];
    });
    expect(found).toEqual([
      ["0", 46, 1, usual],
      ["1", 0, 0, usual],
      ["2", 8, 0, 7],
      ["3", 0, 0, usual],
      ["4", 0, 0, 9],
    ]);
  });

  test("choose the source address of each datagram", () => {
    using from = new Socket(AF_INET, SOCK_DGRAM);
    from.bind("0.0.0.0:0");
    using to = udpSocket();
    const batch = new SendBatch({ capacity: 8, size: 10 });
    const sources = Array.from({ length: 8 }, (_, index) => `127.0.0.${index + 2}`);
    for (const source of sources) batch.push(source, to.localAddress, { control: [new PacketInfo({ source })] });
    expect(from.sendMessages(batch)).toBe(8);
    const got = new ReceiveBatch({ capacity: 8, size: 10 });
    expect(to.receiveMessages(got, { ...soon, waitAll: true })).toBe(8);
    const seen = sources.map((_, index) => String((got.address(index) as InetSocketAddress).address));
    expect(seen).toEqual(sources);
    expect(sources.map((_, index) => text(got.data(index)))).toEqual(sources);
  });

  test("are sent again with a batch that is sent again", () => {
    using pair = new Unconnected();
    pair.to.receiveControl(TrafficClass);
    const batch = new SendBatch({ capacity: 1, size: 10 });
    batch.push("x", pair.address, { control: [new TrafficClass({ dscp: 46 })] });
    for (let round = 0; round < 3; round++) {
      expect(pair.from.sendMessages(batch)).toBe(1);
      const message = pair.to.receiveMessage({ buffers: [new Uint8Array(10)] }, soon);
      expect(message.control.get(TrafficClass)?.dscp).toBe(46);
    }
  });

  test("pass descriptors, credentials, and both", () => {
    const [a, b] = connectedPair(SOCK_DGRAM);
    using _a = a;
    using _b = b;
    b.receiveControl(Credentials);
    using passed = udpSocket();
    const batch = new SendBatch({ capacity: 3, size: 10 });
    batch.push("rights", null, { control: [new Rights([passed])] });
    batch.push("none");
    batch.push("both", null, { control: [Credentials.current(), new Rights([passed, passed])] });
    const opened = openedBy(() => {
      expect(a.sendMessages(batch)).toBe(3);
      using got = new ReceiveBatch({ capacity: 3, size: 10 });
      expect(b.receiveMessages(got, soon)).toBe(3);
      expect([0, 1, 2].map((index) => got.control(index, Rights)?.length)).toEqual([1, undefined, 2]);
      expect(got.control(2, Credentials)?.pid).toBe(process.pid);
      const [fd = -1] = got.control(0, Rights)?.take() ?? [];
      using taken = Socket.fromFd(fd);
      expect(taken.localAddress.equals(passed.localAddress)).toBe(true);
    });
    expect(opened).toEqual([]);
  });

  test("split the batch into calls where the flags change, and go with the flags of the operation", () => {
    using pair = new Unconnected();
    const batch = new SendBatch({ capacity: 6, size: 10 });
    const watched = new WatchedCalls(batch);
    const flags = [0, 0, MSG_CONFIRM, MSG_CONFIRM, 0, MSG_DONTROUTE];
    flags.forEach((each, index) => batch.push(`d${index}`, pair.address, { flags: each }));
    expect(pair.from.sendMessages(batch)).toBe(6);
    expect(watched.sends.map((run) => run.length)).toEqual([2, 2, 1, 1]);
    expect(watched.flags).toEqual([0, MSG_CONFIRM, 0, MSG_DONTROUTE].map((each) => each | MSG_NOSIGNAL));
    expect(arriving(pair.to, 6)).toEqual(numbered(6));
    expect(pair.from.sendMessages(batch, { flags: MSG_DONTROUTE })).toBe(6);
    expect(watched.flags.slice(4).every((each) => (each & MSG_DONTROUTE) !== 0)).toBe(true);
    expect(arriving(pair.to, 6)).toEqual(numbered(6));
  });

  test("have the kernel's meaning: with MSG_MORE two make one datagram", () => {
    using pair = new UdpPair();
    const batch = new SendBatch({ capacity: 3, size: 10 });
    batch.push("one ");
    batch.push("two ", null, { flags: MSG_MORE });
    batch.push("three");
    expect(pair.a.sendMessages(batch)).toBe(3);
    expect(arriving(pair.b, 2)).toEqual(["one ", "two three"]);
  });

  test("refuse what is no control message, naming the datagram", () => {
    const batch = new SendBatch({ capacity: 3, size: 10 });
    batch.push("0");
    const cases: readonly unknown[] = [[5], 5, "text", { control: 5 }, [new TrafficClass({ dscp: 1 }), {}]];
    for (const control of cases) {
      throwsNaming(() => batch.push("1", null, { control: wrong(control) }), TypeError, "control of datagram 1");
    }
    throwsNaming(() => batch.push("1", null, wrong(5)), TypeError, "options of datagram 1");
    throwsNaming(() => batch.push("1", null, wrong(null)), TypeError, "options of datagram 1");
    throwsNaming(() => batch.push("1", null, { flags: wrong("x") }), TypeError, "flags of datagram 1");
    throwsNaming(() => batch.push("1", null, { flags: 2 ** 32 }), RangeError, "flags of datagram 1");
    throwsNaming(() => batch.push("1", null, { flags: 0.5 }), RangeError, "flags of datagram 1");
    expect(batch.length).toBe(1);
  });

  test("that are too large are refused before the first datagram, naming theirs", () => {
    using pair = new Unconnected();
    const batch = new SendBatch({ capacity: 3, size: 10 });
    batch.push("0", pair.address);
    batch.push("1", pair.address, { control: [new UnknownControl(0x7777, 1, new Uint8Array(140_000))] });
    throwsNaming(() => pair.from.sendMessages(batch), RangeError, "control of datagram 1");
    throwsNaming(() => pair.from.trySendMessages(batch), RangeError, "control of datagram 1");
    batch.clear();
    const half = new UnknownControl(0x7777, 1, new Uint8Array(70_000));
    batch.push("0", pair.address);
    batch.push("1", pair.address);
    batch.push("2", pair.address, { control: [half, half] });
    throwsNaming(() => pair.from.sendMessages(batch), RangeError, "control of datagram 2");
    nothingCame(pair.to, (marker) => pair.from.sendTo(marker, pair.address));
  });

  test("with more than 253 descriptors are refused before the first datagram, naming theirs", () => {
    const [a, b] = connectedPair(SOCK_DGRAM);
    using _a = a;
    using _b = b;
    expect(() => new Rights(Array<Socket>(254).fill(a))).toThrow(RangeError);
    const many = new Int32Array(254).fill(a.fd);
    const cases = [
      [new UnknownControl(SOL_SOCKET, SCM_RIGHTS, new Uint8Array(many.buffer))],
      [new Rights(Array<Socket>(200).fill(a)), new Rights(Array<Socket>(54).fill(a))],
      [new UnknownControl(SOL_SOCKET, SCM_RIGHTS, new Uint8Array(3))],
      [new UnknownControl(SOL_SOCKET, SCM_RIGHTS, new Uint8Array(0))],
    ];
    for (const control of cases) {
      const batch = new SendBatch({ capacity: 3, size: 10 });
      batch.push("0");
      batch.push("1", null, { control });
      throwsNaming(() => a.sendMessages(batch), RangeError, "control of datagram 1");
    }
    nothingCame(b, (marker) => a.send(marker));
  });

  test("pass 253 descriptors in each of several datagrams", () => {
    const [a, b] = connectedPair(SOCK_DGRAM);
    using _a = a;
    using _b = b;
    const batch = new SendBatch({ capacity: 3, size: 10 });
    for (let index = 0; index < 3; index++) {
      batch.push(`d${index}`, null, { control: [new Rights(Array<Socket>(253).fill(a))] });
    }
    const opened = openedBy(() => {
      expect(a.sendMessages(batch)).toBe(3);
      using got = new ReceiveBatch({ capacity: 3, size: 10, controlSize: 2000 });
      expect(b.receiveMessages(got, soon)).toBe(3);
      expect([0, 1, 2].map((index) => got.control(index, Rights)?.length)).toEqual([253, 253, 253]);
    });
    expect(opened).toEqual([]);
  });
});

describe("MSG_ZEROCOPY", () => {
  test("is refused for a datagram, and for the whole batch: a batch copies", () => {
    using pair = new UdpPair();
    pair.a.receiveControl(ZeroCopyDone);
    const batch = new SendBatch({ capacity: 3, size: 10 });
    batch.push("x");
    throwsNaming(() => batch.push("y", null, { flags: MSG_ZEROCOPY }), TypeError, "datagram 1");
    throwsNaming(() => batch.push("y", null, { flags: MSG_ZEROCOPY | MSG_CONFIRM }), TypeError, "MSG_ZEROCOPY");
    throwsNaming(() => pair.a.sendMessages(batch, { flags: MSG_ZEROCOPY }), TypeError, "MSG_ZEROCOPY");
    expect(batch.length).toBe(1);
    nothingCame(pair.b, (marker) => pair.a.send(marker));
  });
});

describe("wrong use", () => {
  test("a stream has no datagrams: TypeError", () => {
    using tcp = new TcpPair();
    const [a, b] = Socket.pair();
    using _a = a;
    using _b = b;
    const batch = batchOf(["x"]);
    for (const socket of [tcp.client, a]) {
      throwsNaming(() => socket.sendMessages(batch), TypeError, "stream");
      throwsNaming(() => socket.trySendMessages(batch), TypeError, "stream");
    }
    expect(tcp.server.tryReceive(new Uint8Array(1))).toBe(WOULD_BLOCK);
    expect(b.tryReceive(new Uint8Array(1))).toBe(WOULD_BLOCK);
  });

  test("what is no SendBatch is a TypeError", () => {
    using pair = new UdpPair();
    const cases: readonly unknown[] = [undefined, null, {}, [], "x", new ReceiveBatch({ capacity: 1, size: 1 })];
    for (const batch of cases) {
      throwsNaming(() => pair.a.sendMessages(wrong(batch)), TypeError, "SendBatch");
      throwsNaming(() => pair.a.trySendMessages(wrong(batch)), TypeError, "SendBatch");
    }
  });

  test("a closed socket is kind closed, whatever the batch", () => {
    const pair = new UdpPair();
    pair[Symbol.dispose]();
    throwsKind(() => pair.a.sendMessages(batchOf(["x"])), "closed");
    throwsKind(() => pair.a.trySendMessages(batchOf(["x"])), "closed");
    throwsKind(() => pair.a.sendMessages(wrong(5)), "closed");
  });

  const options: readonly (readonly [options: unknown, type: ErrorConstructor, name: string])[] = [
    [undefined, TypeError, "options"],
    [null, TypeError, "options"],
    [{}, TypeError, "capacity"],
    [{ capacity: 1 }, TypeError, "size"],
    [{ capacity: 0, size: 1 }, RangeError, "capacity"],
    [{ capacity: 65_537, size: 1 }, RangeError, "capacity"],
    [{ capacity: 1.5, size: 1 }, RangeError, "capacity"],
    [{ capacity: "1", size: 1 }, TypeError, "capacity"],
    [{ capacity: 1, size: -1 }, RangeError, "size"],
    [{ capacity: 1, size: 65_536 }, RangeError, "size"],
    [{ capacity: 1, size: NaN }, RangeError, "size"],
    [{ capacity: 1, size: 1, segmentation: "on" }, TypeError, "segmentation"],
    [{ capacity: 1, size: 1, segmentation: true }, TypeError, "segmentation"],
    [{ capacity: 1, size: 1, segmentation: null }, TypeError, "segmentation"],
  ];
  test.each(options.map((each) => [Bun.inspect(each[0], { compact: true }), ...each] as const))(
    "new SendBatch(%s) names what is wrong",
    (_name, given, type, name) => {
      throwsNaming(() => new SendBatch(wrong(given)), type, name);
    },
  );

  test("a batch in use by an asynchronous operation refuses every change with kind pending", () => {
    using pair = new UdpPair();
    const received = new ReceiveBatch({ capacity: 1, size: 10 });
    pair.b.sendTo("question", pair.a.localAddress);
    pair.a.receiveMessages(received, soon);
    const batch = new SendBatch({ capacity: 2, size: 10 });
    batch.push("x");
    outgoing(batch).busy = true;
    throwsKind(() => batch.push("y"), "pending");
    throwsKind(() => batch.push(wrong(5)), "pending");
    throwsKind(() => batch.reply(received, 0, "y"), "pending");
    throwsKind(() => batch.clear(), "pending");
    throwsKind(() => pair.a.sendMessages(batch), "pending");
    throwsKind(() => pair.a.trySendMessages(batch), "pending");
    expect(batch.length).toBe(1);
    expect(batch.pendingError).toBeUndefined();
    outgoing(batch).busy = false;
    batch.push("y");
    expect(pair.a.sendMessages(batch)).toBe(2);
    expect(arriving(pair.b, 2)).toEqual(["x", "y"]);
  });
});

describe("while a batch is sent", () => {
  test("it refuses changes from code that runs meanwhile", () => {
    using receiver = new Socket(AF_INET, SOCK_DGRAM);
    receiver.bind("127.0.0.1:0");
    using sender = new Socket(AF_INET, SOCK_DGRAM);
    const batch = new SendBatch({ capacity: 4, size: 10 });
    const refusals: unknown[] = [];
    class Meddling extends UnknownControl {
      override payloadFor(): UnknownControl {
        for (const change of [() => batch.clear(), () => batch.push("x")]) refusals.push(thrownBy(change));
        return this;
      }
    }
    const control = [new Meddling(0, 2, new Uint8Array(Int32Array.of(9).buffer))]; // IP_TTL
    batch.push("x", receiver.localAddress, { control });
    expect(sender.sendMessages(batch)).toBe(1);
    expect(refusals.length).toBeGreaterThan(0);
    for (const refusal of refusals) expect((refusal as { kind?: string }).kind).toBe("pending");
    batch.clear(); // afterwards it is free again
    expect(batch.length).toBe(0);
  });
});
