// recvmsg(2): messages into several buffers, what is lost of them and how that shows, and descriptors that nobody loses.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { closeSync } from "node:fs";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  MSG_CMSG_CLOEXEC,
  MSG_CTRUNC,
  dontWait,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  POLLIN,
  SO_PASSCRED,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
} from "./support/constants.ts";
import {
  Cancellable,
  CMSG_LEN,
  CMSG_SPACE,
  Credentials,
  HopLimit,
  type IncomingMessage,
  InetSocketAddress,
  PacketInfo,
  type ReceivedMessage,
  Rights,
  Socket,
  Timestamp,
  TrafficClass,
  UnixSocketAddress,
} from "../src/index.ts";
import { flagsOf, haveProc, openDescriptors, openedBy } from "./support/descriptors.ts";
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
import { Thread } from "./support/thread.ts";
import { throwsKind, throwsNaming, wrong, thrownBy } from "./support/throws.ts";

let thread: Thread;
beforeAll(async () => {
  thread = await Thread.start();
});
afterAll(() => thread.terminate());

const soon = { timeout: SOON };
const now = { timeout: 0 };
const bytes = (...values: number[]): Uint8Array<ArrayBuffer> => Uint8Array.from(values);

/** Two sockets that are connected to each other. */
class Ends implements Disposable {
  readonly a: Socket;
  readonly b: Socket;

  constructor([a, b]: readonly [Socket, Socket]) {
    this.a = a;
    this.b = b;
  }

  [Symbol.dispose](): void {
    this.a.close();
    this.b.close();
  }
}

function udpEnds(family: number): Ends {
  const { a, b } = new UdpPair(family);
  return new Ends([a, b]);
}

function tcpEnds(): Ends {
  const { client, server } = new TcpPair();
  return new Ends([client, server]);
}

function unixEnds(type: number): Ends {
  return new Ends(connectedPair(type));
}

const kinds: readonly (readonly [string, { readonly make: () => Ends; readonly stream: boolean }])[] = [
  ["a TCP", { make: tcpEnds, stream: true }],
  ["a unix stream", { make: () => unixEnds(SOCK_STREAM), stream: true }],
  ...families.map(([name, family]) => [`a UDP over ${name}`, { make: () => udpEnds(family), stream: false }] as const),
  ["a unix datagram", { make: () => unixEnds(SOCK_DGRAM), stream: false }],
  ["a unix seqpacket", { make: () => unixEnds(SOCK_SEQPACKET), stream: false }],
];

describe.each(kinds)("receiveMessage on %s socket", (_, { make, stream }) => {
  test("fills seven buffers, one of them empty, one after the other", () => {
    using pair = make();
    pair.a.send(bytes(1, 2, 3, 4, 5, 6, 7, 8, 9));
    const buffers = [2, 1, 0, 3, 1, 1, 5].map((size) => new Uint8Array(size).fill(0xee));
    const message = pair.b.receiveMessage({ buffers }, soon);
    expect(message).toMatchObject({ size: 9, flags: 0, truncated: false, controlTruncated: false });
    expect(buffers.map((buffer) => [...buffer])).toEqual([
      [1, 2],
      [3],
      [],
      [4, 5, 6],
      [7],
      [8],
      [9, 238, 238, 238, 238],
    ]);
    expect([...message.control]).toEqual([]);
  });

  test("fills any view, and of a view only its part", () => {
    using pair = make();
    pair.a.send(Uint8Array.from({ length: 12 }, (_unused, index) => index + 1));
    const memory = new Uint8Array(16);
    const shared = new Uint8Array(new SharedArrayBuffer(2));
    const whole = new ArrayBuffer(4);
    pair.b.receiveMessage({ buffers: [memory.subarray(1, 3), new DataView(memory.buffer, 8, 4), shared, whole] }, soon);
    expect([...memory]).toEqual([0, 1, 2, 0, 0, 0, 0, 0, 3, 4, 5, 6, 0, 0, 0, 0]);
    expect([...shared, ...new Uint8Array(whole)]).toEqual([7, 8, 9, 10, 11, 12]);
  });

  test(`without buffers throws one byte away${stream ? "" : ", and with it the rest of the datagram"}`, () => {
    using pair = make();
    pair.a.send(bytes(1, 2, 3, 4));
    const message = pair.b.receiveMessage({ buffers: [] }, soon);
    expect(message).toMatchObject({ size: 1, truncated: !stream, flags: stream ? 0 : MSG_TRUNC });
    if (stream) expect(pair.b.receiveBytes(10, soon)).toEqual(bytes(2, 3, 4));
    else expect(pair.b.tryReceiveMessage({ buffers: [] })).toBeNull();
  });

  test("takes 1024 buffers, and no more", () => {
    using pair = make();
    const data = Uint8Array.from({ length: 1024 }, (_unused, index) => index * 7);
    pair.a.send(data);
    const buffers = Array.from({ length: 1024 }, () => new Uint8Array(1));
    expect(pair.b.receiveMessage({ buffers }, soon).size).toBe(1024);
    expect(Uint8Array.from(buffers, ([byte]) => byte as number)).toEqual(data);
    buffers.push(new Uint8Array(1));
    throwsNaming(() => pair.b.receiveMessage({ buffers }), RangeError, "buffers must be at most 1024");
    throwsNaming(() => pair.b.tryReceiveMessage({ buffers }), RangeError, "buffers must be at most 1024");
  });

  test("refuses what is no place for a message, and takes nothing", () => {
    using pair = make();
    pair.a.send(bytes(1));
    const good = new Uint8Array(1);
    const detached = new Uint8Array(8);
    detached.buffer.transfer();
    const cases: readonly (readonly [message: unknown, type: ErrorConstructor, named: string])[] = [
      [undefined, TypeError, "buffers"],
      [null, TypeError, "buffers"],
      [good, TypeError, "buffers"],
      [{}, TypeError, "buffers"],
      [{ buffers: good }, TypeError, "buffers"],
      [{ buffers: ["text"] }, TypeError, "buffers[0]"],
      [{ buffers: [good, 5] }, TypeError, "buffers[1]"],
      [{ buffers: [good, detached] }, TypeError, "buffers[1]"],
      [{ buffers: [good, undefined] }, TypeError, "buffers[1]"],
      [{ buffers: Array(2) }, TypeError, "buffers[0]"],
      [{ buffers: [good], controlSize: -1 }, RangeError, "controlSize"],
      [{ buffers: [good], controlSize: 0.5 }, RangeError, "controlSize"],
      [{ buffers: [good], controlSize: 131_073 }, RangeError, "controlSize"],
      [{ buffers: [good], controlSize: "512" }, TypeError, "controlSize"],
      [{ buffers: [good], controlSize: null }, TypeError, "controlSize"],
    ];
    for (const [message, type, named] of cases) {
      throwsNaming(() => pair.b.receiveMessage(message as IncomingMessage), type, named);
      throwsNaming(() => pair.b.tryReceiveMessage(message as IncomingMessage), type, named);
    }
    expect(pair.b.receiveMessage({ buffers: [good] }, soon).size).toBe(1);
  });

  test("waits in one budget; would-block, timed-out and cancelled take nothing", async () => {
    using pair = make();
    const place = { buffers: [new Uint8Array(10)] };
    expect(pair.b.tryReceiveMessage(place)).toBeNull();
    expect(throwsKind(() => pair.b.receiveMessage(place, now), "would-block")).toMatchObject({
      code: "EAGAIN",
      syscall: "recvmsg",
    });
    throwsKind(() => pair.b.receiveMessage(place, dontWait), "would-block");
    throwsKind(() => pair.b.receiveMessage(place, { blocking: false }), "would-block");
    throwsKind(() => pair.b.receiveMessage(place, { timeout: 15 }), "timed-out");
    pair.b.timeout = 15;
    throwsKind(() => pair.b.receiveMessage(place), "timed-out");
    using cancellable = new Cancellable();
    const done = thread.cancel(cancellable);
    throwsKind(() => pair.b.receiveMessage(place, { timeout: SOON, cancellable }), "cancelled");
    await done;
    // a cancel wins, even when data is there
    pair.a.send(bytes(1, 2));
    pair.b.conditionWait(POLLIN, soon);
    throwsKind(() => pair.b.receiveMessage(place, { cancellable }), "cancelled");
    expect(pair.b.receiveMessage(place, soon).size).toBe(2);
  });

  test("waits for what comes later", async () => {
    using pair = make();
    const sent = thread.send(pair.a, "later");
    const buffer = new Uint8Array(10);
    expect(pair.b.receiveMessage({ buffers: [buffer] }, soon).size).toBe(5);
    expect(new TextDecoder().decode(buffer.subarray(0, 5))).toBe("later");
    await sent;
  });

  test("looks without taking: MSG_PEEK", () => {
    using pair = make();
    pair.a.send(bytes(1, 2, 3));
    const buffer = new Uint8Array(3);
    for (const flags of [MSG_PEEK, MSG_PEEK, 0]) {
      expect(pair.b.receiveMessage({ buffers: [buffer.fill(0)] }, { ...soon, flags }).size).toBe(3);
      expect(buffer).toEqual(bytes(1, 2, 3));
    }
    expect(pair.b.tryReceiveMessage({ buffers: [buffer] })).toBeNull();
  });

  test("is closed after close", () => {
    using pair = make();
    pair.b.close();
    throwsKind(() => pair.b.receiveMessage({ buffers: [] }), "closed");
    throwsKind(() => pair.b.tryReceiveMessage({ buffers: [] }), "closed");
    throwsKind(() => pair.b.receiveMessage(wrong(undefined)), "closed");
  });
});

describe("the end of a connection", () => {
  test.each([
    ["a TCP", tcpEnds],
    ["a unix stream", () => unixEnds(SOCK_STREAM)],
    ["a unix seqpacket", () => unixEnds(SOCK_SEQPACKET)],
  ] as const)("of %s socket is a message of no bytes, again and again", (_, make) => {
    using pair = make();
    pair.a.send(bytes(1));
    pair.a.close();
    const place = { buffers: [new Uint8Array(4), new Uint8Array(4)] };
    expect(pair.b.receiveMessage(place, soon).size).toBe(1);
    for (let time = 0; time < 3; time++) {
      const end = pair.b.receiveMessage(place, soon);
      expect(end).toMatchObject({ size: 0, address: null, flags: 0, truncated: false });
      expect([...end.control]).toEqual([]);
    }
    expect(pair.b.tryReceiveMessage(place)?.size).toBe(0);
    expect(pair.b.receiveMessage({ buffers: [] }, soon).size).toBe(0);
  });

  test("that was reset is connection-closed, once", () => {
    using pair = tcpEnds();
    pair.b.send(bytes(1)); // closing with unread data is a reset
    pair.a.conditionWait(POLLIN, soon);
    pair.a.close();
    expect(throwsKind(() => pair.b.receiveMessage({ buffers: [] }, soon), "connection-closed")).toMatchObject({
      code: "ECONNRESET",
      syscall: "recvmsg",
    });
    expect(pair.b.receiveMessage({ buffers: [] }, soon).size).toBe(0);
  });

  test("is not-connected where there was none", () => {
    using socket = new Socket(AF_INET, SOCK_STREAM);
    throwsKind(() => socket.receiveMessage({ buffers: [] }, soon), "not-connected");
    throwsKind(() => socket.tryReceiveMessage({ buffers: [] }), "not-connected");
  });
});

describe("a datagram", () => {
  test("may be empty, and is a message all the same", () => {
    for (const make of [() => udpEnds(AF_INET), () => unixEnds(SOCK_DGRAM)]) {
      using pair = make();
      for (const data of ["", "x", ""]) pair.a.send(data);
      const place = { buffers: [new Uint8Array(9)] };
      expect([0, 1, 2].map(() => pair.b.receiveMessage(place, soon).size)).toEqual([0, 1, 0]);
      expect(pair.b.tryReceiveMessage(place)).toBeNull();
      pair.a.send("");
      pair.b.conditionWait(POLLIN, soon);
      expect(pair.b.tryReceiveMessage({ buffers: [] })).toMatchObject({ size: 0, truncated: false });
    }
  });

  test("that is longer than the buffers shows it, and its rest is lost", () => {
    for (const make of [() => udpEnds(AF_INET), () => unixEnds(SOCK_DGRAM), () => unixEnds(SOCK_SEQPACKET)]) {
      using pair = make();
      pair.a.send(bytes(1, 2, 3, 4, 5, 6));
      pair.a.send(bytes(7));
      const buffers = [new Uint8Array(1), new Uint8Array(2)];
      const message = pair.b.receiveMessage({ buffers }, soon);
      expect(message).toMatchObject({ size: 3, truncated: true, controlTruncated: false, flags: MSG_TRUNC });
      expect(buffers).toEqual([bytes(1), bytes(2, 3)]);
      const next = pair.b.receiveMessage({ buffers }, soon);
      expect(next).toMatchObject({ size: 1, truncated: false, flags: 0 });
    }
  });

  test("tells its real size when it is asked for with MSG_TRUNC", () => {
    for (const make of [() => udpEnds(AF_INET), () => unixEnds(SOCK_DGRAM), () => unixEnds(SOCK_SEQPACKET)]) {
      using pair = make();
      pair.a.send(bytes(1, 2, 3, 4, 5, 6));
      const peek = pair.b.receiveMessage({ buffers: [new Uint8Array(2)] }, { ...soon, flags: MSG_TRUNC | MSG_PEEK });
      expect(peek).toMatchObject({ size: 6, truncated: true });
      const message = pair.b.receiveMessage({ buffers: [new Uint8Array(2)] }, { ...soon, flags: MSG_TRUNC });
      expect(message).toMatchObject({ size: 6, truncated: true });
    }
  });

  test("comes with its sender's address: IPv4, IPv6, mapped, by path, by name, and none", () => {
    const from = (sender: Socket, receiver: Socket, to = addressOf(receiver)): string => {
      sender.sendTo("x", to);
      return String(receiver.receiveMessage({ buffers: [] }, soon).address);
    };
    for (const [, family] of families) {
      using sender = udpSocket(family);
      using receiver = udpSocket(family);
      expect(from(sender, receiver)).toBe(String(addressOf(sender)));
    }
    if (haveIPv6) {
      using sender = udpSocket();
      using receiver = new Socket(AF_INET6, SOCK_DGRAM);
      receiver.bind("[::]:0");
      const { port } = addressOf(receiver) as InetSocketAddress;
      expect(from(sender, receiver, new InetSocketAddress("127.0.0.1", port))).toBe(
        `[::ffff:127.0.0.1]:${(addressOf(sender) as InetSocketAddress).port}`,
      );
    }
    using folder = new Folder();
    using receiver = new Socket(AF_UNIX, SOCK_DGRAM);
    receiver.bind({ path: folder.file("receiver") });
    using named = new Socket(AF_UNIX, SOCK_DGRAM);
    named.bind({ path: folder.file("sender") });
    using abstract = new Socket(AF_UNIX, SOCK_DGRAM);
    abstract.bind(new UnixSocketAddress());
    using nameless = new Socket(AF_UNIX, SOCK_DGRAM);
    expect(from(named, receiver)).toBe(folder.file("sender"));
    expect(from(abstract, receiver)).toBe(String(addressOf(abstract)));
    expect(from(nameless, receiver)).toBe("null");
  });

  test("with an ICMP answer to an earlier one is connection-refused, once", () => {
    using pair = udpEnds(AF_INET);
    pair.b.close();
    pair.a.send("anybody?");
    pair.a.conditionWait(POLLIN, soon);
    throwsKind(() => pair.a.receiveMessage({ buffers: [] }, soon), "connection-refused");
    expect(pair.a.tryReceiveMessage({ buffers: [] })).toBeNull();
  });
});

describe("flags", () => {
  test("never show MSG_CMSG_CLOEXEC, which Linux gives back, asked for or not", () => {
    for (const [, { make }] of kinds) {
      using pair = make();
      for (const flags of [0, MSG_CMSG_CLOEXEC]) {
        pair.a.send(bytes(1));
        expect(pair.b.receiveMessage({ buffers: [new Uint8Array(1)] }, { ...soon, flags }).flags).toBe(0);
      }
      pair.a.send(bytes(1));
      pair.b.conditionWait(POLLIN, soon);
      expect(pair.b.tryReceiveMessage({ buffers: [new Uint8Array(1)] })?.flags).toBe(0);
    }
  });

  test("of urgent data are MSG_OOB", () => {
    using pair = tcpEnds();
    pair.a.send(bytes(1, 2), { flags: MSG_OOB });
    const urgent = pair.b.receiveMessage({ buffers: [new Uint8Array(4)] }, { ...soon, flags: MSG_OOB });
    expect(urgent).toMatchObject({ size: 1, flags: MSG_OOB });
    const rest = pair.b.receiveMessage({ buffers: [new Uint8Array(4)] }, soon);
    expect(rest).toMatchObject({ size: 1, flags: 0 });
  });

  // design.md, section 2: MSG_WAITALL on a stream fills the buffer; of receiveMessage it is what the kernel makes of it on a
  // descriptor that never blocks
  test("refuses MSG_WAITALL on a stream: what comes later may have control messages of its own", () => {
    using pair = tcpEnds();
    pair.a.sendAll("one");
    const error = thrownBy(() => pair.b.receiveMessage({ buffers: [new Uint8Array(6)] }, { ...soon, flags: 0x100 }));
    expect(error).toBeInstanceOf(TypeError);
    expect((error as TypeError).message).toContain("MSG_WAITALL");
    expect(pair.b.availableBytes).toBe(3);
  });
});

describe("control messages", () => {
  test("are there again each time they are looked at", () => {
    using pair = udpEnds(AF_INET);
    pair.b.receiveControl(PacketInfo, TrafficClass, HopLimit);
    pair.a.send("x");
    const { control } = pair.b.receiveMessage({ buffers: [] }, soon);
    expect([...control].map(({ kind }) => kind)).toEqual([...control].map(({ kind }) => kind));
    expect([...control]).toHaveLength(3);
    expect(control.get(PacketInfo)).toEqual(control.get(PacketInfo) as PacketInfo);
    for (const first of control) {
      expect([...control]).toHaveLength(3); // while another walk is under way
      expect(first.bytes.length).toBeGreaterThan(0);
    }
  });

  test("belong to their message, whatever is received after it", () => {
    using pair = udpEnds(AF_INET);
    pair.b.receiveControl(TrafficClass);
    const messages: ReceivedMessage[] = [];
    for (let dscp = 0; dscp < 64; dscp++) {
      pair.a.sendMessage({ buffers: ["x"], control: [new TrafficClass({ dscp })] });
      messages.push(pair.b.receiveMessage({ buffers: [] }, soon));
    }
    expect(messages.map(({ control }) => control.get(TrafficClass)?.dscp)).toEqual([...messages.keys()]);
  });

  test("for which there is no room are lost, and that shows", () => {
    using pair = udpEnds(AF_INET);
    pair.b.receiveControl(PacketInfo);
    const need = CMSG_LEN(12);
    for (const controlSize of [0, 1, CMSG_LEN(0) - 1, need - 1, need, CMSG_SPACE(12), 1000]) {
      pair.a.send("x");
      const message = pair.b.receiveMessage({ buffers: [new Uint8Array(1)], controlSize }, soon);
      expect(message.size).toBe(1);
      expect(message.controlTruncated).toBe(controlSize < need);
      expect(message.flags).toBe(controlSize < need ? MSG_CTRUNC : 0);
      expect(message.control.get(PacketInfo) !== undefined).toBe(controlSize >= need);
      expect(message.truncated).toBeFalse();
    }
  });

  test("that find room come, and those after them are lost", () => {
    using pair = udpEnds(AF_INET);
    pair.b.receiveControl(Timestamp, PacketInfo);
    pair.a.send("x");
    const all = [...pair.b.receiveMessage({ buffers: [] }, soon).control];
    pair.a.send("x");
    const controlSize = CMSG_SPACE(all[0]?.bytes.length ?? 0);
    const message = pair.b.receiveMessage({ buffers: [], controlSize }, soon);
    expect([...message.control].map(({ kind }) => kind)).toEqual([all[0]?.kind ?? "unknown"]);
    expect(message.controlTruncated).toBeTrue();
  });

  test("have as much room as they are given, up to 131,072 bytes", () => {
    using pair = udpEnds(AF_INET);
    pair.b.receiveControl(PacketInfo);
    for (const controlSize of [131_072, 512, 131_072, undefined]) {
      pair.a.send("x");
      const message = pair.b.receiveMessage({ buffers: [], controlSize }, soon);
      expect(message.control.get(PacketInfo)).toBeDefined();
    }
  });

  test("and data may be cut in one message", () => {
    using pair = udpEnds(AF_INET);
    pair.b.receiveControl(PacketInfo);
    pair.a.send("longer");
    const message = pair.b.receiveMessage({ buffers: [new Uint8Array(2)], controlSize: 0 }, soon);
    expect(message).toMatchObject({ size: 2, truncated: true, controlTruncated: true, flags: MSG_TRUNC | MSG_CTRUNC });
  });
});

const needsProc = haveProc ? "" : " (skipped: needs /proc)";

describe.each([
  ["stream", SOCK_STREAM],
  ["datagram", SOCK_DGRAM],
  ["seqpacket", SOCK_SEQPACKET],
] as const)(`descriptors over a unix %s socket${needsProc}`, (_, type) => {
  const many = (count: number): Rights[] => [new Rights(Array<number>(count).fill(0))];
  const send = (socket: Socket, count: number): number =>
    socket.sendMessage({ buffers: [bytes(1)], control: many(count) }, soon);

  test.skipIf(!haveProc)("are close-on-exec from their first moment (needs /proc)", () => {
    using pair = unixEnds(type);
    send(pair.a, 2);
    using message = pair.b.receiveMessage({ buffers: [new Uint8Array(1)] }, soon);
    const fds = message.control.get(Rights)?.take() ?? [];
    expect(fds.map((fd) => flagsOf(fd).closeOnExec)).toEqual([true, true]);
    fds.forEach((fd) => closeSync(fd));
  });

  test.skipIf(!haveProc)(
    "that find no room are closed by the kernel, and none is lost: room of every size (needs /proc)",
    () => {
      using pair = unixEnds(type);
      const count = 5;
      for (let controlSize = 0; controlSize <= CMSG_SPACE(count * 4) + 8; controlSize++) {
        send(pair.a, count);
        let came = -1;
        const opened = openedBy(() => {
          const message = pair.b.receiveMessage({ buffers: [new Uint8Array(1)], controlSize }, soon);
          const room = Math.max(0, Math.floor((controlSize - CMSG_LEN(0)) / 4));
          const rights = message.control.get(Rights);
          came = rights?.length ?? 0;
          expect(came).toBe(Math.min(room, count));
          expect(message.controlTruncated).toBe(room < count);
          expect(message.flags).toBe(room < count ? MSG_CTRUNC : 0);
          expect(openDescriptors().size).toBeGreaterThanOrEqual(came);
          message[Symbol.dispose]();
        });
        expect([controlSize, opened]).toEqual([controlSize, []]);
      }
    },
  );

  test.skipIf(!haveProc)("behind other control messages: room of every size, and none is lost (needs /proc)", () => {
    using pair = unixEnds(type);
    pair.b.setOption(SOL_SOCKET, SO_PASSCRED, 1);
    const opened = openedBy(() => {
      for (let controlSize = 0; controlSize <= CMSG_SPACE(12) + CMSG_SPACE(12) + 8; controlSize++) {
        send(pair.a, 3);
        using message = pair.b.receiveMessage({ buffers: [new Uint8Array(1)], controlSize }, soon);
        const room = Math.floor((controlSize - CMSG_SPACE(12) - CMSG_LEN(0)) / 4);
        expect([controlSize, message.control.get(Rights)?.length ?? 0]).toEqual([
          controlSize,
          Math.min(Math.max(room, 0), 3),
        ]);
        if (controlSize >= CMSG_LEN(12)) expect(message.control.get(Credentials)?.pid).toBe(process.pid);
      }
    });
    expect(opened).toEqual([]);
  });

  test.skipIf(!haveProc)(
    "that are looked at with MSG_PEEK are others each time, and are closed like others (needs /proc)",
    () => {
      using pair = unixEnds(type);
      send(pair.a, 2);
      const opened = openedBy(() => {
        const numbers = new Set<number>();
        const messages = [MSG_PEEK, MSG_PEEK, 0].map((flags) =>
          pair.b.receiveMessage({ buffers: [new Uint8Array(1)] }, { ...soon, flags }),
        );
        for (const message of messages) {
          const rights = message.control.get(Rights);
          expect(rights?.length).toBe(2);
          new Int32Array(rights?.bytes.slice().buffer ?? new ArrayBuffer(0)).forEach((fd) => numbers.add(fd));
        }
        expect(numbers.size).toBe(6);
        for (const message of messages) message[Symbol.dispose]();
      });
      expect(opened).toEqual([]);
      expect(pair.b.tryReceiveMessage({ buffers: [] })).toBeNull();
    },
  );

  test.skipIf(!haveProc)("come with a message of which not all is taken (needs /proc)", () => {
    using pair = unixEnds(type);
    pair.a.sendMessage({ buffers: [bytes(1, 2, 3)], control: many(1) }, soon);
    const opened = openedBy(() => {
      using message = pair.b.receiveMessage({ buffers: [] }, soon);
      expect(message.control.get(Rights)?.length).toBe(1);
      expect(message.truncated).toBe(type !== SOCK_STREAM);
    });
    expect(opened).toEqual([]);
  });

  test.skipIf(!haveProc)("that a plain receive meets are closed by the kernel (needs /proc)", () => {
    using pair = unixEnds(type);
    const opened = openedBy(() => {
      for (const receive of [
        (): unknown => pair.b.receive(new Uint8Array(1), soon),
        (): unknown => pair.b.receiveFrom(new Uint8Array(1), soon),
        (): unknown => pair.b.receiveBytes(1, soon),
      ]) {
        send(pair.a, 3);
        receive();
      }
    });
    expect(opened).toEqual([]);
  });
});

test("a stream keeps descriptors apart: one message never has those of two sends", () => {
  using pair = unixEnds(SOCK_STREAM);
  for (const count of [1, 2, 3]) {
    const control = [new Rights(Array<number>(count).fill(0))];
    pair.a.sendMessage({ buffers: [new Uint8Array(count)], control });
  }
  for (const count of [1, 2, 3]) {
    using message = pair.b.receiveMessage({ buffers: [new Uint8Array(100)] }, soon);
    expect([message.size, message.control.get(Rights)?.length]).toEqual([count, count]);
  }
});
