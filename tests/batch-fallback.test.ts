// Systems without sendmmsg(2) and recvmmsg(2) make one call for each message, and the results are the same. Which it is the
// platform record says; here both are tried on the same scenarios.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type BatchCalls, batchCalls, batchCallsFor, extendedCalls, loopedCalls } from "../ffi/batch.ts";
import { optional, required } from "../ffi/library.ts";
import { darwin } from "../ffi/platform/darwin.ts";
import { freebsd } from "../ffi/platform/freebsd.ts";
import { platform } from "../ffi/platform/index.ts";
import { linux } from "../ffi/platform/linux.ts";
import { windows } from "../ffi/platform/windows.ts";
import {
  AF_INET,
  AF_UNIX,
  MSG_CONFIRM,
  MSG_PEEK,
  MSG_TRUNC,
  POLLERR,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
} from "./support/constants.ts";
import {
  Cancellable,
  CMSG_SPACE,
  HopLimit,
  PacketInfo,
  ReceiveBatch,
  type ReceiveBatchOptions,
  Rights,
  SendBatch,
  type SendBatchOptions,
  Socket,
  SocketError,
  TrafficClass,
  UnixSocketAddress,
} from "../src/index.ts";
import { incoming } from "../src/message/receive-batch.ts";
import { outgoing } from "../src/message/send-batch.ts";
import { arriving, fill, numbered, text, texts } from "./support/batches.ts";
import { openedBy } from "./support/descriptors.ts";
import { connectedPair, families, RefusingUdp, SOON, UdpPair, udpSocket } from "./support/sockets.ts";
import { Thread } from "./support/thread.ts";

let thread: Thread;
beforeAll(async () => {
  thread = await Thread.start();
});
afterAll(() => thread.terminate());

const soon = { timeout: SOON };
const now = { timeout: 0 };

/** Makes batches that use some calls, whatever the system has. */
class Using {
  readonly calls: BatchCalls;

  constructor(calls: BatchCalls) {
    this.calls = calls;
  }

  send(options: Partial<SendBatchOptions> = {}): SendBatch {
    const batch = new SendBatch({ capacity: 64, size: 2000, ...options });
    outgoing(batch).calls = this.calls;
    return batch;
  }

  receive(options: Partial<ReceiveBatchOptions> = {}): ReceiveBatch {
    const batch = new ReceiveBatch({ capacity: 64, size: 2000, ...options });
    incoming(batch).calls = this.calls;
    return batch;
  }

  /** A batch of so many numbered datagrams. */
  numbered(count: number, options: Partial<SendBatchOptions> = {}): SendBatch {
    const batch = this.send({ capacity: count, ...options });
    fill(batch, numbered(count));
    return batch;
  }
}

/** What an action returns, or what it throws, in a form that can be compared. */
function outcome(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    if (error instanceof SocketError) return `${error.kind} of ${error.syscall}`;
    if (error instanceof Error) return `${error.name}: ${error.message}`;
    throw error;
  }
}

/** All that a batch tells of its datagrams. */
function contents(batch: ReceiveBatch): unknown[] {
  return texts(batch).map((each, index) => [
    each,
    batch.size(index),
    batch.offset(index),
    batch.flags(index),
    batch.truncated(index),
    [...batch.control(index)].map(({ kind }) => kind),
  ]);
}

function pendingKind(batch: { readonly pendingError: SocketError | undefined }): string | undefined {
  return batch.pendingError?.kind;
}

/** Unix sockets whose queue is short. */
function shortQueue(): { a: Socket; b: Socket } & Disposable {
  const a = new Socket(AF_UNIX, SOCK_DGRAM);
  const b = new Socket(AF_UNIX, SOCK_DGRAM);
  b.bind(new UnixSocketAddress());
  a.connect(b.localAddress);
  return {
    a,
    b,
    [Symbol.dispose](): void {
      a.close();
      b.close();
    },
  };
}

interface Scenario {
  readonly name: string;
  /** What happened, which must be the same with both calls. */
  readonly run: (calls: Using) => unknown;
  /** What that must be. */
  readonly expected: unknown;
}

const scenarios: readonly Scenario[] = [
  ...families.map(([name, family]) => ({
    name: `a batch over UDP of ${name}, with senders`,
    run: (calls: Using): unknown => {
      using pair = new UdpPair(family);
      using other = udpSocket(family);
      const out = calls.numbered(5);
      const inn = calls.receive();
      const counts = [pair.a.sendMessages(out), pair.a.trySendMessages(out)];
      counts.push(pair.b.receiveMessages(inn, soon));
      const from = String(inn.address(7)) === String(pair.a.localAddress);
      counts.push(other.sendMessages(calls.send(), soon), Number(outcome(() => pair.b.tryReceiveMessages(inn))));
      return [counts, from, texts(inn).length];
    },
    expected: [[5, 5, 10, 0, -1], true, 0],
  })),
  {
    name: "many addresses in one batch",
    run: (calls) => {
      using from = new Socket(AF_INET, SOCK_DGRAM);
      using first = udpSocket();
      using second = udpSocket();
      const out = calls.send();
      for (const [index, to] of [first, second, second, first].entries()) out.push(`${index}`, to.localAddress);
      return [from.sendMessages(out), arriving(first, 2), arriving(second, 2)];
    },
    expected: [4, ["0", "3"], ["1", "2"]],
  },
  {
    name: "empty datagrams, which count and end nothing",
    run: (calls) => {
      using pair = new UdpPair();
      const out = calls.send();
      fill(out, ["", "x", "", ""]);
      const inn = calls.receive();
      return [pair.a.sendMessages(out), pair.b.receiveMessages(inn, soon), contents(inn)];
    },
    expected: [
      4,
      4,
      [
        ["", 0, 0, 0, false, []],
        ["x", 1, 2000, 0, false, []],
        ["", 0, 4000, 0, false, []],
        ["", 0, 6000, 0, false, []],
      ],
    ],
  },
  {
    name: "truncation, of data and of control messages",
    run: (calls) => {
      using pair = new UdpPair();
      pair.b.receiveControl(TrafficClass, HopLimit);
      const out = calls.send();
      fill(out, ["abc", "abcdef", "ab"]);
      pair.a.sendMessages(out);
      const inn = calls.receive({ size: 3, controlSize: CMSG_SPACE(4) });
      return [
        pair.b.receiveMessages(inn, { ...soon, flags: MSG_TRUNC }),
        texts(inn).map((each, index) => [each, inn.size(index), inn.truncated(index), (inn.flags(index) & 8) !== 0]),
      ];
    },
    expected: [
      3,
      [
        ["abc", 3, false, true],
        ["abc", 3, true, true],
        ["ab", 2, false, true],
      ],
    ],
  },
  {
    name: "control messages of each datagram, both ways",
    run: (calls) => {
      using pair = new UdpPair();
      pair.b.receiveControl(TrafficClass);
      const out = calls.send();
      for (const dscp of [1, 2, 3]) out.push("x", null, { control: [new TrafficClass({ dscp })] });
      const inn = calls.receive();
      pair.a.sendMessages(out);
      return [pair.b.receiveMessages(inn, soon), [0, 1, 2].map((index) => inn.control(index, TrafficClass)?.dscp)];
    },
    expected: [3, [1, 2, 3]],
  },
  {
    name: "flags of each datagram, and of the receive",
    run: (calls) => {
      using pair = new UdpPair();
      const out = calls.send();
      for (const flags of [0, MSG_CONFIRM, MSG_CONFIRM, 0]) out.push(`${flags}`, null, { flags });
      const inn = calls.receive({ capacity: 3 });
      return [
        pair.a.sendMessages(out),
        pair.b.receiveMessages(inn, { ...soon, flags: MSG_PEEK }),
        texts(inn),
        arriving(pair.b, 4),
      ];
    },
    expected: [4, 3, ["0", "0", "0"], ["0", "2048", "2048", "0"]],
  },
  {
    name: "descriptors, closed when the slots are used again",
    run: (calls) => {
      const [a, b] = connectedPair(SOCK_DGRAM);
      using _a = a;
      using _b = b;
      const lengths: unknown[] = [];
      const opened = openedBy(() => {
        const out = calls.send();
        for (const count of [1, 3]) {
          out.push("x", null, { control: [new Rights(Array<Socket>(count).fill(a))] });
        }
        using inn = calls.receive();
        for (let round = 0; round < 3; round++) {
          lengths.push(a.sendMessages(out), b.receiveMessages(inn, soon));
          lengths.push(inn.control(0, Rights)?.length, inn.control(1, Rights)?.length);
        }
      });
      return [lengths, opened];
    },
    expected: [[2, 2, 1, 3, 2, 2, 1, 3, 2, 2, 1, 3], []],
  },
  {
    name: "a full queue, without waiting: how many went, and on from there",
    run: (calls) => {
      using pair = shortQueue();
      const out = calls.numbered(40);
      const came: string[] = [];
      const kept: unknown[] = [];
      const sent = (count: number): void => {
        kept.push(pendingKind(out), count > 0);
        const drained = arriving(pair.b, 0);
        kept.push(drained.length === count);
        came.push(...drained);
      };
      sent(pair.a.trySendMessages(out));
      sent(pair.a.sendMessages(out, now));
      while (came.length < 40) sent(pair.a.trySendMessages(out));
      return [came, kept.every((each) => each === undefined || each === true)];
    },
    expected: [numbered(40), true],
  },
  {
    name: "a full queue, at its first datagram",
    run: (calls) => {
      using pair = shortQueue();
      const out = calls.numbered(40);
      while (pair.a.trySend("fill") !== -1);
      return [
        outcome(() => pair.a.trySendMessages(out)),
        outcome(() => pair.a.sendMessages(out, now)),
        outcome(() => pair.a.sendMessages(out, { timeout: 5 })),
        pendingKind(out),
      ];
    },
    expected: [-1, "would-block of sendmmsg", "timed-out of poll", undefined],
  },
  {
    name: "a timeout in the middle of a send: kept, thrown once, and on from there",
    run: (calls) => {
      using pair = shortQueue();
      const out = calls.numbered(40);
      const count = pair.a.sendMessages(out, { timeout: 5 });
      const kept = pendingKind(out);
      const first = arriving(pair.b, count);
      const thrown = outcome(() => pair.a.sendMessages(out, soon));
      const next = pair.a.sendMessages(out, now);
      const second = arriving(pair.b, next);
      return [kept, thrown, first.length === count, [...first, ...second].join() === numbered(count + next).join()];
    },
    expected: ["timed-out", "timed-out of poll", true, true],
  },
  {
    name: "a datagram that is too large in the middle",
    run: (calls) => {
      using pair = new UdpPair();
      const out = calls.send({ size: 65_535 });
      fill(out, ["d0", "d1", new Uint8Array(65_508), "d3"]);
      const results = [1, 2, 3].flatMap(() => [outcome(() => pair.a.sendMessages(out)), pendingKind(out)]);
      return [results, arriving(pair.b, 2)];
    },
    expected: [
      [2, "message-too-large", "message-too-large of sendmmsg", undefined, "message-too-large of sendmmsg", undefined],
      ["d0", "d1"],
    ],
  },
  {
    name: "an address of the wrong family in the middle",
    run: (calls) => {
      using pair = new UdpPair();
      const out = calls.send();
      fill(out, ["d0", "d1"]);
      out.push("d2", "[::1]:9");
      return [
        String(outcome(() => pair.a.sendMessages(out))).includes("datagram 2"),
        pair.b.tryReceiveFrom(new Uint8Array(9)),
      ];
    },
    expected: [true, null],
  },
  {
    name: "ICMP errors between two calls",
    run: (calls) => {
      using refusing = new RefusingUdp();
      using socket = udpSocket();
      socket.connect(refusing.address);
      const out = calls.send();
      out.push("d0");
      const results: unknown[] = [socket.sendMessages(out)];
      socket.conditionWait(POLLERR, soon);
      results.push(
        outcome(() => socket.sendMessages(out)),
        pendingKind(out),
        outcome(() => socket.sendMessages(out)),
      );
      socket.conditionWait(POLLERR, soon);
      results.push(outcome(() => socket.receiveMessages(calls.receive(), soon)));
      return results;
    },
    expected: [1, "connection-refused of sendmmsg", undefined, 1, "connection-refused of recvmmsg"],
  },
  {
    name: "a full batch that a timeout ends (waitAll)",
    run: (calls) => {
      using pair = new UdpPair();
      for (const datagram of numbered(3)) pair.a.send(datagram);
      const inn = calls.receive({ capacity: 5 });
      const results: unknown[] = [pair.b.receiveMessages(inn, { timeout: 5, waitAll: true }), texts(inn)];
      results.push(
        pendingKind(inn),
        outcome(() => pair.b.receiveMessages(inn, soon)),
        pendingKind(inn),
      );
      results.push(outcome(() => pair.b.receiveMessages(inn, { ...now, waitAll: true })));
      return results;
    },
    expected: [3, numbered(3), "timed-out", "timed-out of poll", undefined, "would-block of recvmmsg"],
  },
  {
    name: "an error in the middle of a receive: what came is counted, and the next call throws it",
    run: (calls) => {
      using pair = new UdpPair();
      for (const datagram of numbered(5)) pair.a.send(datagram);
      const inn = calls.receive({ capacity: 5 });
      incoming(inn).messages.setVector(2, 8, 100); // an address that is nobody's: EFAULT
      const results: unknown[] = [pair.b.receiveMessages(inn, soon), texts(inn)];
      results.push(String(outcome(() => pair.b.receiveMessages(inn, soon))).includes("failed"), pendingKind(inn));
      const next = calls.receive();
      results.push(pair.b.receiveMessages(next, soon), texts(next));
      return results;
    },
    expected: [2, ["d0", "d1"], true, undefined, 2, ["d3", "d4"]],
  },
  {
    name: "a cancel before the first",
    run: (calls) => {
      using pair = new UdpPair();
      using cancellable = new Cancellable();
      cancellable.cancel();
      const out = calls.numbered(2);
      pair.b.send("x");
      return [
        outcome(() => pair.a.sendMessages(out, { cancellable })),
        outcome(() => pair.a.receiveMessages(calls.receive(), { cancellable })),
        pair.b.tryReceiveFrom(new Uint8Array(9)),
      ];
    },
    expected: ["cancelled of sendmmsg", "cancelled of recvmmsg", null],
  },
  {
    name: "unix seqpacket, to its end",
    run: (calls) => {
      const [a, b] = Socket.pair(AF_UNIX, SOCK_SEQPACKET);
      using _b = b;
      const out = calls.send();
      fill(out, ["one", "", "two"]);
      const inn = calls.receive({ capacity: 5 });
      a.sendMessages(out);
      a.close();
      const results: unknown[] = [b.receiveMessages(inn, soon), texts(inn)];
      for (const waitAll of [false, true]) results.push(b.receiveMessages(inn, { ...soon, waitAll }), inn.length);
      return [...results, b.tryReceiveMessages(inn), outcome(() => b.sendMessages(out))];
    },
    expected: [3, ["one", "", "two"], 0, 0, 0, 0, 0, "connection-closed of sendmmsg"],
  },
  {
    name: "1500 messages",
    run: (calls) => {
      const [a, b] = connectedPair(SOCK_DGRAM); // a queue that only the send buffer limits
      using _a = a;
      using _b = b;
      const out = calls.numbered(1500);
      const inn = calls.receive({ capacity: 1500, size: 10 });
      const got: string[] = [];
      let sent = 0;
      while (sent < 1500) {
        sent += a.sendMessages(out, now);
        b.receiveMessages(inn, soon);
        got.push(...texts(inn));
      }
      return [sent, got.join() === numbered(1500).join()];
    },
    expected: [1500, true],
  },
  {
    name: "answers from the address each datagram came to",
    run: (calls) => {
      using server = new Socket(AF_INET, SOCK_DGRAM);
      server.bind("0.0.0.0:0");
      server.receiveControl(PacketInfo);
      using client = udpSocket();
      const { port } = server.localAddress as unknown as { port: number };
      for (const last of [2, 3, 4]) client.sendTo(`${last}`, `127.0.0.${last}:${port}`);
      const inn = calls.receive();
      const out = calls.send();
      const count = server.receiveMessages(inn, soon);
      for (let index = 0; index < count; index++) out.reply(inn, index, inn.data(index));
      const sent = server.sendMessages(out);
      const answers = [2, 3, 4].map(() => client.receiveBytesFrom(10, soon));
      return [count, sent, answers.map(({ data, address }) => [text(data), String(address).split(":")[0]])];
    },
    expected: [
      3,
      3,
      [
        ["2", "127.0.0.2"],
        ["3", "127.0.0.3"],
        ["4", "127.0.0.4"],
      ],
    ],
  },
  {
    name: "joined datagrams, both ways",
    run: (calls) => {
      using pair = new UdpPair();
      const out = calls.send({ segmentation: "auto" });
      const datagrams = [...numbered(9), "longer", "longer", "", "end"];
      fill(out, datagrams);
      const inn = calls.receive({ segmentation: "auto" });
      pair.b.tryReceiveMessages(inn);
      const sent = pair.a.sendMessages(out);
      return [sent, pair.b.receiveMessages(inn, soon), texts(inn)];
    },
    expected: [13, 13, [...numbered(9), "longer", "longer", "", "end"]],
  },
];

/** Those of macOS, which are not here: their place is taken by sendmmsg(2) and recvmmsg(2), or by a call that says EINVAL. */
function extended(refuses: boolean): BatchCalls {
  const [sendmmsg, recvmmsg] = [optional("sendmmsg"), optional("recvmmsg")];
  const refuse = (): number => required("socket")(AF_INET, 99, 0);
  if (refuses || sendmmsg === undefined || recvmmsg === undefined) return extendedCalls(refuse, refuse);
  return extendedCalls(sendmmsg, (fd, at, count, flags) => recvmmsg(fd, at, count, flags, 0));
}

const variants: readonly (readonly [name: string, calls: BatchCalls])[] = [
  ["the system's calls", batchCalls],
  ["one call for each message", loopedCalls],
  ["the calls of macOS", extended(false)],
  ["the calls of macOS when they refuse", extended(true)],
];

for (const { name, run, expected } of scenarios) {
  describe(name, () => {
    test.each(variants)("with %s", (_name, calls) => {
      expect(run(new Using(calls))).toEqual(expected);
    });
  });
}

describe.each(variants)("what needs another thread, with %s", (_name, calls) => {
  const using = new Using(calls);

  test("a receive waits for the first, with waitAll for all", async () => {
    using pair = new UdpPair();
    const inn = using.receive({ capacity: 3 });
    const first = thread.send(pair.a, "one");
    expect(pair.b.receiveMessages(inn, soon)).toBe(1);
    await first;
    const rest = thread.send(pair.a, "two", "three", "four");
    expect(pair.b.receiveMessages(inn, { ...soon, waitAll: true })).toBe(3);
    expect(texts(inn)).toEqual(["two", "three", "four"]);
    await rest;
  });

  test("a cancel in the middle is kept, thrown once, and the send goes on there", async () => {
    using pair = shortQueue();
    const out = using.numbered(40);
    using cancellable = new Cancellable();
    const done = thread.cancel(cancellable);
    const count = pair.a.sendMessages(out, { cancellable, ...soon });
    await done;
    expect(arriving(pair.b, count)).toEqual(numbered(count));
    expect(outcome(() => pair.a.sendMessages(out, soon))).toBe("cancelled of sendmmsg");
    const next = pair.a.sendMessages(out, now);
    expect(arriving(pair.b, next)).toEqual(numbered(next, count));
  });

  test("a send waits while somebody drains the queue", async () => {
    using pair = shortQueue();
    const bytes = numbered(40).join("").length;
    const drained = thread.drain(pair.b.duplicate(), { limit: bytes });
    expect(pair.a.sendMessages(using.numbered(40), soon)).toBe(40);
    expect(await drained).toBe(bytes);
  });
});

describe("the platform record", () => {
  test("says how many messages go at once", () => {
    expect([linux, freebsd, darwin, windows].map(({ batches }) => batches)).toEqual(["mmsg", "mmsg", "msg_x", "loop"]);
  });

  test("decides which calls a batch makes", () => {
    expect(batchCallsFor(darwin) === loopedCalls).toBe(optional("sendmsg_x") === undefined);
    expect(batchCallsFor(windows)).toBe(loopedCalls);
    expect(batchCallsFor({ batches: "loop" })).toBe(loopedCalls);
    expect(batchCallsFor(platform)).toBe(batchCalls);
    expect(outgoing(new SendBatch({ capacity: 1, size: 1 })).calls).toBe(batchCalls);
    expect(incoming(new ReceiveBatch({ capacity: 1, size: 1 })).calls).toBe(batchCalls);
  });

  test("is believed only where the library has the calls", () => {
    const has = new Socket(AF_INET, SOCK_DGRAM);
    using _has = has;
    const both = has.capabilities.sendmmsg && has.capabilities.recvmmsg;
    expect(batchCallsFor({ batches: "mmsg" }) === loopedCalls).toBe(!both);
  });
});
