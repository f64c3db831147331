// sendmsg(2): messages of several buffers, with control messages, on sockets of every kind.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { closeSync, openSync } from "node:fs";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  IPPROTO_IP,
  IP_TOS,
  dontWait,
  MSG_EOR,
  MSG_MORE,
  MSG_OOB,
  SCM_RIGHTS,
  SO_SNDBUF,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
} from "./support/constants.ts";
import {
  Cancellable,
  type ControlMessage,
  HopLimit,
  InetSocketAddress,
  type OperationOptions,
  type OutgoingMessage,
  PacketInfo,
  Rights,
  Socket,
  TrafficClass,
  UnixSocketAddress,
  UnknownControl,
} from "../src/index.ts";
import { haveProc, openedBy } from "./support/descriptors.ts";
import { connectedPair, addressOf, Folder, haveIPv6, SOON, TcpPair, udpSocket } from "./support/sockets.ts";
import { Thread } from "./support/thread.ts";
import { throwsKind, throwsNaming, thrownBy, wrong } from "./support/throws.ts";

let thread: Thread;
beforeAll(async () => {
  thread = await Thread.start();
});
afterAll(() => thread.terminate());

const soon = { timeout: SOON };
const now = { timeout: 0 };
const bytes = (...values: number[]): Uint8Array<ArrayBuffer> => Uint8Array.from(values);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);

function int(...values: number[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Int32Array.from(values).buffer);
}

/** Two sockets that are connected to each other. */
interface Ends extends Disposable {
  readonly a: Socket;
  readonly b: Socket;
}

function ends(a: Socket, b: Socket): Ends {
  return {
    a,
    b,
    [Symbol.dispose](): void {
      a.close();
      b.close();
    },
  };
}

function udpEnds(family: number): Ends {
  const [a, b] = [udpSocket(family), udpSocket(family)];
  a.connect(addressOf(b));
  b.connect(addressOf(a));
  return ends(a, b);
}

function tcpEnds(): Ends {
  const { client, server } = new TcpPair();
  return ends(client, server);
}

/** Calls it when there is no room: what it throws. TCP moves on what it has, and may have room again just then. */
function whenFull(socket: Socket, message: OutgoingMessage, call: () => unknown): () => never {
  return () => {
    for (let time = 0; time < 100; time++) {
      while (socket.trySendMessage(message) !== -1);
      call();
    }
    throw new Error("there was always room");
  };
}

// `endless`: it always has room, what does not fit is lost
const kinds = {
  "a TCP": { make: tcpEnds, stream: true, endless: false },
  "a unix stream": { make: () => ends(...Socket.pair()), stream: true, endless: false },
  "a UDP": { make: () => udpEnds(AF_INET), stream: false, endless: true },
  ...(haveIPv6 ? { "a UDP/IPv6": { make: () => udpEnds(AF_INET6), stream: false, endless: true } } : {}),
  "a unix datagram": { make: () => ends(...connectedPair(SOCK_DGRAM)), stream: false, endless: false },
  "a unix seqpacket": { make: () => ends(...Socket.pair(AF_UNIX, SOCK_SEQPACKET)), stream: false, endless: false },
} as const;

describe.each(Object.entries(kinds))("sendMessage on %s socket", (_, { make, stream, endless }) => {
  test("joins seven buffers, one of them empty, in their order", () => {
    using pair = make();
    const parts = [[1], [2, 3], [], [4, 5, 6], [7], [8, 9, 10, 11], [12]];
    expect(pair.a.sendMessage({ buffers: parts.map((part) => bytes(...part)) }, soon)).toBe(12);
    expect(pair.b.receiveBytes(100, soon)).toEqual(bytes(...parts.flat()));
  });

  test("without buffers sends one NUL byte, whatever was thrown away before", () => {
    using pair = make();
    pair.b.send(bytes(0xaa));
    pair.a.receiveMessage({ buffers: [] }, soon);
    expect(pair.a.sendMessage({ buffers: [] })).toBe(1);
    expect(pair.b.receiveBytes(100, soon)).toEqual(bytes(0));
    expect(pair.a.trySendMessage({ buffers: [] })).toBe(1);
    expect(pair.b.receiveBytes(100, soon)).toEqual(bytes(0));
  });

  test("takes 1024 buffers, and no more", () => {
    using pair = make();
    const buffers = Array.from({ length: 1024 }, (_unused, index) => bytes(index & 0xff, index >> 8));
    expect(pair.a.sendMessage({ buffers })).toBe(2048);
    expect(pair.b.receiveBytes(4000, soon)).toEqual(bytes(...buffers.flatMap((part) => [...part])));
    buffers.push(bytes(1));
    for (const call of [
      (): unknown => pair.a.sendMessage({ buffers }),
      (): unknown => pair.a.trySendMessage({ buffers }),
    ]) {
      throwsNaming(call, RangeError, "buffers must be at most 1024");
    }
    throwsKind(() => pair.b.receiveBytes(1, now), "would-block");
  });

  test("takes any view, and of a view only its part", () => {
    using pair = make();
    const memory = new TextEncoder().encode("0123456789abcdef");
    const shared = new Uint8Array(new SharedArrayBuffer(2));
    shared.set([33, 34]);
    const buffers = [
      memory.subarray(2, 4),
      new DataView(memory.buffer, 4, 2),
      new Float64Array(memory.buffer, 8, 1),
      Buffer.from("xyz"),
      new Uint16Array([0x3130]).buffer,
      shared,
    ];
    pair.a.sendMessage({ buffers });
    expect(text(pair.b.receiveBytes(100, soon))).toBe('234589abcdefxyz01!"');
  });

  test("reads each property of the message once", () => {
    using pair = make();
    const reads: string[] = [];
    const message = new Proxy<OutgoingMessage>(
      { buffers: [bytes(1)], control: [] },
      {
        get(target, name) {
          reads.push(String(name));
          return Reflect.get(target, name) as unknown;
        },
      },
    );
    expect(pair.a.sendMessage(message)).toBe(1);
    expect(reads.sort()).toEqual(["address", "buffers", "control"]);
  });

  test(`takes text ${stream ? "in no buffer: a part of it may be sent" : "as UTF-8, beside bytes"}`, () => {
    using pair = make();
    const message = { buffers: [bytes(33), "grüße", ""] };
    if (stream) {
      throwsNaming(() => pair.a.sendMessage(message), TypeError, "buffers[1]");
      throwsNaming(() => pair.a.trySendMessage(message), TypeError, "buffers[1]");
      throwsKind(() => pair.b.receiveBytes(1, now), "would-block");
    } else {
      expect(pair.a.sendMessage(message)).toBe(8);
      expect(text(pair.b.receiveBytes(100, soon))).toBe("!grüße");
    }
  });

  test("refuses what is no message, before anything is sent", () => {
    using pair = make();
    const good = bytes(1);
    const detached = new Uint8Array(8);
    detached.buffer.transfer();
    const resizable = new ArrayBuffer(8, { maxByteLength: 8 });
    const outside = new Uint8Array(resizable, 4);
    resizable.resize(2);
    const cases: readonly (readonly [message: unknown, named: string])[] = [
      [undefined, "buffers"],
      [null, "buffers"],
      [5, "buffers"],
      [{}, "buffers"],
      [{ buffers: "text" }, "buffers"],
      [{ buffers: good }, "buffers"],
      [{ buffers: new Set([good]) }, "buffers"],
      [{ buffers: [good, undefined] }, "buffers[1]"],
      [{ buffers: [good, 5] }, "buffers[1]"],
      [{ buffers: [good, [1]] }, "buffers[1]"],
      [{ buffers: Array(3) }, "buffers[0]"],
      [{ buffers: [good, detached] }, "buffers[1]"],
      [{ buffers: [detached.buffer] }, "buffers[0]"],
      [{ buffers: [good, good, outside] }, "buffers[2]"],
      [{ buffers: [good], control: 5 }, "control"],
      [{ buffers: [good], control: null }, "control"],
      [{ buffers: [good], control: "text" }, "control"],
      [{ buffers: [good], control: {} }, "control"],
      [{ buffers: [good], control: [undefined] }, "control[0]"],
      [{ buffers: [good], control: [new TrafficClass({}), { level: 0, type: 1, bytes: good }] }, "control[1]"],
      [{ buffers: [good], address: 5 }, "address"],
    ];
    for (const [message, named] of cases) {
      throwsNaming(() => pair.a.sendMessage(wrong(message)), TypeError, named);
      throwsNaming(() => pair.a.trySendMessage(wrong(message)), TypeError, named);
    }
    throwsKind(() => pair.b.receiveBytes(1, now), "would-block");
  });

  const note = endless ? " (skipped: UDP always has room)" : "";
  test.skipIf(endless)(
    `is would-block, timed-out or cancelled when there is no room; trySendMessage says WOULD_BLOCK${note}`,
    async () => {
      using pair = make();
      const message = { buffers: [new Uint8Array(stream ? 65_536 : 1000)] };
      const send = (options?: OperationOptions): (() => never) =>
        whenFull(pair.a, message, () => pair.a.sendMessage(message, options));
      expect(throwsKind(send(now), "would-block")).toMatchObject({ code: "EAGAIN", syscall: "sendmsg" });
      throwsKind(send(dontWait), "would-block");
      throwsKind(send({ blocking: false }), "would-block");
      throwsKind(send({ timeout: 15 }), "timed-out");
      pair.a.timeout = 15;
      throwsKind(send(), "timed-out");
      using cancellable = new Cancellable();
      const done = thread.cancel(cancellable);
      throwsKind(send({ timeout: SOON, cancellable }), "cancelled");
      await done;
      throwsKind(() => pair.a.sendMessage(message, { cancellable }), "cancelled"); // at once, from now on
    },
  );

  test("is closed after close", () => {
    using pair = make();
    pair.a.close();
    throwsKind(() => pair.a.sendMessage({ buffers: [bytes(1)] }), "closed");
    throwsKind(() => pair.a.trySendMessage({ buffers: [bytes(1)] }), "closed");
    throwsKind(() => pair.a.sendMessage(wrong(undefined)), "closed");
  });

  test("that a control generator closes is closed, and sends nothing", () => {
    using pair = make();
    function* closing(): Generator<ControlMessage> {
      pair.a.close();
    }
    throwsKind(() => pair.a.sendMessage({ buffers: [bytes(1)], control: closing() }), "closed");
    expect(stream ? pair.b.receiveBytes(10, soon).length : 0).toBe(0);
  });

  test("lets through what a control generator throws, and sends nothing", () => {
    using pair = make();
    const error = new Error("mine");
    function* failing(): Generator<ControlMessage> {
      throw error;
    }
    expect(thrownBy(() => pair.a.sendMessage({ buffers: [bytes(1)], control: failing() }))).toBe(error);
    throwsKind(() => pair.b.receiveBytes(1, now), "would-block");
  });

  test("takes the buffers as they were given: a control generator that changes them does so for the next time", () => {
    using pair = make();
    const buffers = [bytes(1), bytes(2)];
    function* changing(): Generator<ControlMessage> {
      for (let count = 0; count < 2000; count++) buffers.push(bytes(9));
      buffers[0] = bytes(9);
    }
    expect(pair.a.sendMessage({ buffers, control: changing() })).toBe(2);
    expect(pair.b.receiveBytes(100, soon)).toEqual(bytes(1, 2));
  });

  test("finds out that a control generator has detached a buffer", () => {
    using pair = make();
    const buffers = [bytes(1), bytes(2)];
    function* detaching(): Generator<ControlMessage> {
      buffers[1]?.buffer.transfer();
    }
    throwsNaming(() => pair.a.sendMessage({ buffers, control: detaching() }), TypeError, "buffers[1]");
    throwsKind(() => pair.b.receiveBytes(1, now), "would-block");
  });
});

describe("sendMessage with control messages", () => {
  test("asks a generator once, at the call, and keeps what it said while it waits", async () => {
    const [a, b] = connectedPair(SOCK_DGRAM);
    using _a = a;
    const piece = { buffers: [new Uint8Array(1000)] };
    let filled = 0;
    while (a.trySendMessage(piece) !== -1) filled += 1000;
    let asked = 0;
    const file = openSync("/dev/null", "r");
    function* rights(): Generator<ControlMessage> {
      asked++;
      yield new Rights([file]);
    }
    const reading = thread.drain(b, { piece: 1000, limit: filled + 2000 });
    expect(a.sendMessage({ buffers: [new Uint8Array(1000)], control: rights() }, soon)).toBe(1000);
    closeSync(file);
    a.sendMessage(piece, soon);
    expect(await reading).toBe(filled + 2000);
    expect(asked).toBe(1);
  });

  test("takes any iterable, and is not moved by what happens to an array meanwhile", () => {
    using pair = udpEnds(AF_INET);
    pair.b.receiveControl(TrafficClass, HopLimit);
    const control: ControlMessage[] = [new TrafficClass({ dscp: 1 }), new HopLimit(9)];
    const first = control[0] as TrafficClass;
    // asked for its level and bytes it empties the list it is in
    Object.defineProperty(first, "payloadFor", {
      value: (ipv6: boolean) => {
        control.length = 0;
        control.push(...Array<ControlMessage>(1000).fill(first));
        return TrafficClass.prototype.payloadFor.call(first, ipv6);
      },
    });
    for (const given of [control, new Set([new TrafficClass({ dscp: 1 }), new HopLimit(9)])]) {
      pair.a.sendMessage({ buffers: ["x"], control: given });
      const message = pair.b.receiveMessage({ buffers: [new Uint8Array(9)] }, soon);
      expect(message.control.get(TrafficClass)?.dscp).toBe(1);
      expect(message.control.get(HopLimit)?.value).toBe(9);
    }
  });

  test("on a stream needs a byte to ride on: without buffers it has one, with empty ones it is a TypeError", () => {
    for (const make of [kinds["a TCP"].make, kinds["a unix stream"].make]) {
      using pair = make();
      const control = [new UnknownControl(IPPROTO_IP, IP_TOS, int(4))];
      for (const buffers of [[new Uint8Array(0)], [new Uint8Array(0), new ArrayBuffer(0)]]) {
        throwsNaming(() => pair.a.sendMessage({ buffers, control }), TypeError, "at least one byte");
        throwsNaming(() => pair.a.trySendMessage({ buffers, control }), TypeError, "at least one byte");
        expect(pair.a.sendMessage({ buffers })).toBe(0); // nothing to lose
        expect(pair.a.sendMessage({ buffers, control: [] })).toBe(0);
      }
    }
  });

  test("carries descriptors with a NUL byte over a stream, and with an empty datagram", () => {
    for (const [type, buffers] of [
      [SOCK_STREAM, []],
      [SOCK_DGRAM, [new Uint8Array(0)]],
    ] as const) {
      using pair = ends(...connectedPair(type));
      pair.a.sendMessage({ buffers, control: [new Rights([pair.a])] });
      using message = pair.b.receiveMessage({ buffers: [new Uint8Array(10)] }, soon);
      expect(message.size).toBe(type === SOCK_STREAM ? 1 : 0);
      expect(message.control.get(Rights)?.length).toBe(1);
    }
  });

  test("of a message that is sent in part go with its first byte", () => {
    using pair = ends(...Socket.pair());
    pair.a.setOption(SOL_SOCKET, SO_SNDBUF, 8192);
    const data = new Uint8Array(1 << 20);
    const size = pair.a.sendMessage({ buffers: [data], control: [new Rights([pair.a])] }, soon);
    expect(size).toBeWithin(1, data.length);
    using message = pair.b.receiveMessage({ buffers: [new Uint8Array(1)] }, soon);
    expect(message.control.get(Rights)?.length).toBe(1);
    let rest = 0;
    while (rest < size - 1) {
      const more = pair.b.receiveMessage({ buffers: [data] }, soon);
      rest += more.size;
      expect([...more.control]).toEqual([]);
    }
  });

  test("that are too many for one message are refused before the call: more than 131,072 bytes", () => {
    using pair = udpEnds(AF_INET);
    const large = (size: number): UnknownControl => new UnknownControl(IPPROTO_IP, 0x7777, new Uint8Array(size));
    throwsNaming(() => pair.a.sendMessage({ buffers: ["x"], control: [large(131_073)] }), RangeError, "control");
    throwsNaming(
      () => pair.a.trySendMessage({ buffers: ["x"], control: Array(9).fill(large(20_000)) }),
      RangeError,
      "control",
    );
    // as many as that may be sent; what the kernel takes of it is net.core.optmem_max
    throwsKind(() => pair.a.sendMessage({ buffers: ["x"], control: [large(131_072 - 16)] }), "no-buffers");
    throwsKind(() => pair.b.receiveBytes(1, now), "would-block");
  });

  test("takes 253 descriptors, and not one more, whoever has packed them", () => {
    using pair = ends(...Socket.pair());
    const rights = (count: number): Rights => new Rights(Array<number>(count).fill(0));
    const raw = (count: number): UnknownControl =>
      new UnknownControl(SOL_SOCKET, SCM_RIGHTS, int(...Array<number>(count).fill(0)));
    const send = (control: ControlMessage[]): number => pair.a.sendMessage({ buffers: [], control });
    for (const control of [[rights(253)], [rights(200), raw(53)]]) {
      expect(send(control)).toBe(1);
      using message = pair.b.receiveMessage({ buffers: [], controlSize: 2048 }, soon);
      expect(message.control.get(Rights)?.length).toBe(253);
    }
    throwsNaming(() => send([rights(253), rights(1)]), RangeError, "control has 254 descriptors");
    throwsNaming(() => send([rights(200), raw(54)]), RangeError, "control has 254 descriptors");
    throwsNaming(() => send([new TrafficClass({}), raw(254)]), RangeError, "control[1]");
    throwsKind(() => pair.b.receiveBytes(1, now), "would-block");
  });

  test.each<[what: string, payload: Uint8Array, named: string]>([
    ["nothing", new Uint8Array(0), "control[1]"],
    ["half a descriptor", new Uint8Array(2), "control[1]"],
    ["three and a half", new Uint8Array(14), "control[1]"],
    ["254", new Uint8Array(254 * 4), "control[1]"],
    ["a negative one", int(0, -1), "control[1]: descriptor 1"],
    ["the smallest int", int(-(2 ** 31)), "control[1]: descriptor 0"],
  ])("of SCM_RIGHTS made by hand with %s is refused before the call, and names itself", (_, payload, named) => {
    using pair = ends(...Socket.pair());
    const control = [new Rights([0]), new UnknownControl(SOL_SOCKET, SCM_RIGHTS, payload)];
    throwsNaming(() => pair.a.sendMessage({ buffers: [], control }), RangeError, named);
    throwsNaming(() => pair.a.trySendMessage({ buffers: [], control }), RangeError, named);
    throwsKind(() => pair.b.receiveBytes(1, now), "would-block");
  });

  test("checks descriptors as they are when they are sent", () => {
    using pair = ends(...Socket.pair());
    const rights = new Rights([0]);
    rights.bytes.set(int(-7));
    throwsNaming(() => pair.a.sendMessage({ buffers: [], control: [rights] }), RangeError, "control[0]: descriptor 0");
    // a number that is open nowhere only the kernel knows
    throwsKind(() => pair.a.sendMessage({ buffers: [], control: [new Rights([0x7fff_ffff])] }), "invalid-argument");
  });

  test.skipIf(!haveProc)("leaves nothing open, whatever goes wrong (needs /proc)", () => {
    using pair = ends(...Socket.pair());
    const attempts: readonly (() => unknown)[] = [
      (): unknown => pair.a.sendMessage({ buffers: [], control: [new Rights([0, 0x7fff_ffff])] }),
      (): unknown => pair.a.sendMessage({ buffers: [wrong(5)], control: [new Rights([0])] }),
      (): unknown => pair.a.sendMessage({ buffers: [], control: [new UnknownControl(SOL_SOCKET, 9999, int(1))] }),
    ];
    const opened = openedBy(() => {
      for (const attempt of attempts) thrownBy(attempt);
      // borrowed, and not taken
      pair.a.sendMessage({ buffers: [], control: [new Rights([0])] });
      pair.b.receiveMessage({ buffers: [] }, soon)[Symbol.dispose]();
    });
    expect(opened).toEqual([]);
  });
});

describe("sendMessage to an address", () => {
  test("takes every form of one, and the one of the message before the peer", () => {
    using sender = udpSocket();
    using receiver = udpSocket();
    using peer = udpSocket();
    const address = addressOf(receiver) as InetSocketAddress;
    sender.connect(addressOf(peer));
    for (const to of [address, String(address), { address: "127.0.0.1", port: address.port }]) {
      sender.sendMessage({ buffers: ["to ", "you"], address: to });
      expect(text(receiver.receiveBytes(100, soon))).toBe("to you");
      sender.trySendMessage({ buffers: ["to you"], address: to });
      expect(text(receiver.receiveBytes(100, soon))).toBe("to you");
    }
    sender.sendMessage({ buffers: ["to the peer"], address: undefined });
    expect(text(peer.receiveBytes(100, soon))).toBe("to the peer");
  });

  test.skipIf(!haveIPv6)("maps an IPv4 address on an AF_INET6 socket (needs IPv6)", () => {
    using sender = new Socket(AF_INET6, SOCK_DGRAM);
    using receiver = udpSocket();
    sender.sendMessage({ buffers: ["x"], address: addressOf(receiver) });
    expect(receiver.receiveFrom(new Uint8Array(9), soon).size).toBe(1);
  });

  test("goes to unix sockets by path and by name", () => {
    using folder = new Folder();
    using sender = new Socket(AF_UNIX, SOCK_DGRAM);
    for (const address of [new UnixSocketAddress(folder.file("s")), new UnixSocketAddress()]) {
      using receiver = new Socket(AF_UNIX, SOCK_DGRAM);
      receiver.bind(address);
      sender.sendMessage({ buffers: ["one", "two"], address: addressOf(receiver) });
      expect(text(receiver.receiveBytes(100, soon))).toBe("onetwo");
    }
    sender.close();
  });

  test("names it in the error, and refuses names of hosts", () => {
    using socket = udpSocket();
    throwsNaming(() => socket.sendMessage({ buffers: ["x"], address: "localhost:1" }), TypeError, "localhost");
    throwsKind(() => socket.sendMessage({ buffers: ["x"] }), "destination-unset");
    throwsKind(() => socket.trySendMessage({ buffers: ["x"] }), "destination-unset");
    const broadcast = throwsKind(
      () => socket.sendMessage({ buffers: ["x"], address: "255.255.255.255:9" }),
      "permission-denied",
    );
    expect(broadcast.message).toContain("255.255.255.255:9");
    const unix = new Socket(AF_UNIX, SOCK_DGRAM);
    using _ = unix;
    throwsKind(() => unix.sendMessage({ buffers: ["x"], address: { path: "/nowhere/at/all" } }), "not-found");
  });

  test("of a datagram that is too long is message-too-large", () => {
    using socket = udpSocket();
    const message = { buffers: [new Uint8Array(60_000), new Uint8Array(5508)], address: addressOf(socket) };
    throwsKind(() => socket.sendMessage(message), "message-too-large");
    throwsKind(() => socket.trySendMessage(message), "message-too-large");
  });
});

describe("sendMessage", () => {
  test("passes flags on: MSG_MORE joins datagrams, MSG_OOB is urgent, MSG_EOR is a record's", () => {
    {
      using pair = udpEnds(AF_INET);
      pair.a.sendMessage({ buffers: ["one ", "two "] }, { flags: MSG_MORE });
      pair.a.sendMessage({ buffers: ["three"] });
      expect(text(pair.b.receiveBytes(100, soon))).toBe("one two three");
    }
    {
      using pair = ends(...Socket.pair(AF_UNIX, SOCK_SEQPACKET));
      // every message is a record, and Linux reports no end of it
      pair.a.sendMessage({ buffers: ["one ", "record"] }, { flags: MSG_EOR });
      pair.a.sendMessage({ buffers: ["another"] });
      expect([9, 99].map((size) => text(pair.b.receiveBytes(size, soon)))).toEqual(["one recor", "another"]);
    }
    using pair = tcpEnds();
    pair.a.sendMessage({ buffers: [bytes(1, 2, 3)] }, { flags: MSG_OOB });
    const urgent = pair.b.receiveMessage({ buffers: [new Uint8Array(1)] }, { ...soon, flags: MSG_OOB });
    expect([urgent.size, urgent.flags & MSG_OOB]).toEqual([1, MSG_OOB]);
  });

  test("waits for room", async () => {
    const [a, b] = Socket.pair();
    using _a = a;
    let filled = 0;
    for (let size = 0; size !== -1; size = a.trySend(new Uint8Array(65_536))) filled += size;
    const reading = thread.drain(b);
    const size = a.sendMessage({ buffers: [new Uint8Array(500), new Uint8Array(500)] }, soon);
    expect(size).toBeWithin(1, 1001);
    a.close();
    expect(await reading).toBe(filled + size);
  });

  test("waits for the room of another unix datagram socket, whose queue POLLOUT does not speak of", async () => {
    const receiver = new Socket(AF_UNIX, SOCK_DGRAM);
    receiver.bind(new UnixSocketAddress());
    const address = addressOf(receiver);
    using sender = new Socket(AF_UNIX, SOCK_DGRAM);
    let filled = 0;
    while (sender.trySendMessage({ buffers: ["x"], address }) === 1) filled++;
    const reading = thread.drain(receiver, { piece: 1, limit: filled + 1 });
    expect(sender.sendMessage({ buffers: ["x"], address }, soon)).toBe(1);
    expect(await reading).toBe(filled + 1);
  });

  test("is connection-closed when the peer is gone, and never a signal", () => {
    const [a, b] = Socket.pair();
    using _a = a;
    b.close();
    expect(throwsKind(() => a.sendMessage({ buffers: [bytes(1)] }), "connection-closed")).toMatchObject({
      code: "EPIPE",
      syscall: "sendmsg",
    });
    throwsKind(() => a.trySendMessage({ buffers: [bytes(1)] }), "connection-closed");
  });

  test.each<[what: string, options: unknown, named: string]>([
    ["a number", 5, "options"],
    ["null", null, "options"],
    ["a signal", { signal: new AbortController().signal }, "Cancellable"],
    ["a timeout that is no number", { timeout: "1" }, "timeout"],
    ["a contradiction", { timeout: 0, blocking: true }, "contradict"],
    ["a cancellable that is none", { cancellable: {} }, "cancellable"],
    ["flags that are none", { flags: "MSG_OOB" }, "flags"],
  ])("refuses options of %s", (_, options, named) => {
    const [a, b] = Socket.pair();
    using _a = a;
    using _b = b;
    throwsNaming(() => a.sendMessage({ buffers: [bytes(1)] }, options as OperationOptions), TypeError, named);
    throwsKind(() => b.receiveBytes(1, now), "would-block");
  });

  test("does not keep what was sent before: a message without control messages has none", () => {
    using pair = udpEnds(AF_INET);
    pair.b.receiveControl(TrafficClass);
    const dscp = (): number | undefined =>
      pair.b.receiveMessage({ buffers: [new Uint8Array(9)] }, soon).control.get(TrafficClass)?.dscp;
    pair.a.sendMessage({ buffers: ["x"], control: [new TrafficClass({ dscp: 10 }), new PacketInfo({})] });
    expect(dscp()).toBe(10);
    pair.a.sendMessage({ buffers: ["x"] });
    expect(dscp()).toBe(0);
    pair.a.sendAll("x");
    expect(dscp()).toBe(0);
    // and one that failed leaves none to the next
    const refused = [new TrafficClass({ dscp: 10 }), new HopLimit(0)];
    throwsKind(() => pair.a.sendMessage({ buffers: ["x"], control: refused }), "invalid-argument");
    pair.a.sendMessage({ buffers: ["x"] });
    expect(dscp()).toBe(0);
  });
});
