// MSG_ZEROCOPY: the kernel reads the user's memory after the call has returned, and that stays until it says that it is done.

import { describe, expect, test } from "bun:test";
import {
  AF_INET,
  AF_UNIX,
  MSG_ERRQUEUE,
  MSG_ZEROCOPY,
  SO_RCVBUF,
  SO_SNDBUF,
  SO_ZEROCOPY,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
} from "./support/constants.ts";
import {
  type ControlMessage,
  type ReceivedMessage,
  SegmentSize,
  SendBatch,
  Socket,
  ZeroCopyDone,
} from "../src/index.ts";
import { duplicate } from "../src/socket/connect.ts";
import { Handle } from "../src/socket/handle.ts";
import { adopt } from "../src/socket/make.ts";
import { receiveError, receiveMessage, sendMessage, tryReceiveError } from "../src/socket/message.ts";
import { releaseZeroCopy, retainZeroCopy } from "../src/socket/zero-copy.ts";
import { runChild } from "./support/child.ts";
import { addressOf, families, SOON, TcpPair, udpSocket } from "./support/sockets.ts";
import { throwsKind, throwsNaming } from "./support/throws.ts";

const soon = { timeout: SOON };
const zeroCopy = { ...soon, flags: MSG_ZEROCOPY };
const MIB = 1 << 20;

/** A connection whose server reads nothing until it is told to, so that what is sent stays in the client's memory. */
class Stuck implements Disposable {
  readonly client: Socket;
  readonly server: Socket;
  filled = 0;

  constructor() {
    ({ client: this.client, server: this.server } = new TcpPair());
    this.client.setOption(SOL_SOCKET, SO_SNDBUF, 4 * MIB);
    this.client.receiveControl(ZeroCopyDone);
    // fills what the other end takes, until something stays here: SIOCOUTQ of tcp(7)
    while (this.client.ioctl(0x5411) < 131_072) this.filled += this.client.send(new Uint8Array(65_536), soon);
  }

  /** Everything that comes until there are so many bytes, without the filling. */
  drain(count: number): Uint8Array {
    const all = new Uint8Array(this.filled + count);
    for (let filled = 0; filled < all.length;) {
      const size = this.server.receive(all.subarray(filled), soon);
      if (size === 0) throw new Error(`the end came after ${filled} of ${all.length} bytes`);
      filled += size;
    }
    return all.subarray(this.filled);
  }

  [Symbol.dispose](): void {
    this.client.close();
    this.server.close();
  }
}

/** Bytes that tell themselves from others. */
function pattern(size: number, seed: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(new ArrayBuffer(size));
  for (let index = 0; index < size; index++) bytes[index] = (index * 31 + (index >> 8) * 7 + seed * 101) & 0xff;
  return bytes;
}

/** Collects, and lets other memory take the room of what was freed. */
function churn(size: number): void {
  for (let round = 0; round < 3; round++) {
    Bun.gc(true);
    const junk = Array.from({ length: 24 }, () => new Uint8Array(new ArrayBuffer(size)).fill(0xee));
    if (junk.length === 0) throw new Error("never");
  }
  Bun.gc(true);
}

/** Collects until that many of them are gone, so often at most; how many are. */
async function gone(buffers: readonly WeakRef<object>[], wanted: number, times = 50): Promise<number> {
  const count = (): number => buffers.filter((buffer) => buffer.deref() === undefined).length;
  for (let time = 0; time < times && count() < wanted; time++) {
    await new Promise((resolve) => setImmediate(resolve)); // what deref has shown lives until then
    Bun.gc(true);
  }
  return count();
}

/** Reads completions until the last of so many sends is done. */
function complete(socket: Socket, count: number): ZeroCopyDone[] {
  const all: ZeroCopyDone[] = [];
  while (all.length === 0 || (all.at(-1)?.last ?? 0) + 1 < count) {
    const done = socket.receiveError(undefined, soon).control.get(ZeroCopyDone);
    if (done !== undefined) all.push(done);
  }
  return all;
}

describe("a large buffer", () => {
  test("is not copied: what is written into it after the call is what arrives", () => {
    using stuck = new Stuck();
    const data = pattern(65_536, 1);
    expect(stuck.client.send(data, zeroCopy)).toBe(data.length);
    const later = pattern(65_536, 2);
    data.set(later);
    expect(stuck.drain(data.length)).toEqual(later);
  });

  test("that nobody else holds stays until it has been sent, whatever is collected meanwhile", () => {
    using stuck = new Stuck();
    const SIZE = 131_072;
    const COUNT = 8;
    (() => {
      for (let seed = 0; seed < COUNT; seed++) expect(stuck.client.send(pattern(SIZE, seed), zeroCopy)).toBe(SIZE);
    })();
    churn(SIZE);
    const all = stuck.drain(SIZE * COUNT);
    for (let seed = 0; seed < COUNT; seed++) {
      expect(Buffer.compare(all.subarray(seed * SIZE, (seed + 1) * SIZE), pattern(SIZE, seed))).toBe(0);
    }
  });

  test("may be many, in one message", () => {
    using stuck = new Stuck();
    (() => {
      const buffers = [4096, 10_000, 50_000].map((size, seed) => pattern(size, seed));
      expect(stuck.client.sendMessage({ buffers }, zeroCopy)).toBe(64_096);
    })();
    churn(10_000);
    const all = stuck.drain(64_096);
    const wanted = Buffer.concat([4096, 10_000, 50_000].map((size, seed) => pattern(size, seed)));
    expect(Buffer.compare(all, wanted)).toBe(0);
  });

  test("is given back when its completion has been read, and not before", async () => {
    using stuck = new Stuck();
    const SIZE = 65_536;
    const COUNT = 10;
    const buffers = (() =>
      Array.from({ length: COUNT }, (_, seed) => {
        const data = pattern(SIZE, seed);
        stuck.client.send(data, zeroCopy);
        return new WeakRef(data);
      }))();
    expect(await gone(buffers, 1, 5)).toBe(0);
    stuck.drain(SIZE * COUNT);
    // sent, and the completions are there: but nobody has read them
    stuck.client.conditionWait(0, soon);
    expect(await gone(buffers, 1, 5)).toBe(0);
    complete(stuck.client, COUNT);
    // not all: the collector reads stacks and registers cautiously, and takes an old address there for a use
    expect(await gone(buffers, COUNT)).toBeGreaterThan(COUNT / 2);
  });

  test("arrives whole though the socket was closed before it was sent", () => {
    const stuck = new Stuck();
    using _ = stuck;
    const SIZE = 131_072;
    const COUNT = 6;
    (() => {
      for (let seed = 0; seed < COUNT; seed++) stuck.client.send(pattern(SIZE, seed), zeroCopy);
    })();
    stuck.client.close();
    churn(SIZE);
    const all = stuck.drain(SIZE * COUNT);
    for (let seed = 0; seed < COUNT; seed++) {
      expect(Buffer.compare(all.subarray(seed * SIZE, (seed + 1) * SIZE), pattern(SIZE, seed))).toBe(0);
    }
    expect(stuck.server.receiveBytes(1, soon).length).toBe(0);
  });

  test.each([
    ["closed", "close"],
    ["detached", "detach"],
    ["forgotten and collected", "forget"],
  ])(
    "arrives whole from a socket that was %s, and the program ends all the same",
    async (_, end) => {
      const { report, exitCode } = await runChild(`
        const { ZeroCopyDone, MSG_ZEROCOPY, SOL_SOCKET, SO_SNDBUF } = berkeley;
        const SIZE = 131072, COUNT = 12; // more than the other end takes
        const end = ${JSON.stringify(end)};
        process.on("warning", () => {}); // of the socket that is forgotten
        const listener = new Socket(AF_INET);
        listener.bind("127.0.0.1:0");
        listener.listen();
        function pattern(seed) {
          const bytes = new Uint8Array(new ArrayBuffer(SIZE));
          for (let index = 0; index < SIZE; index++) bytes[index] = index * 31 + (index >> 8) * 7 + seed * 101;
          return bytes;
        }
        const { readdirSync, readlinkSync } = await import("node:fs");
        const isOpen = (socket) => readdirSync("/proc/self/fd").some((fd) => {
          try { return readlinkSync("/proc/self/fd/" + fd) === socket; } catch { return false; }
        });
        let socket = "";
        (() => {
          const client = new Socket(AF_INET);
          client.setOption(SOL_SOCKET, SO_SNDBUF, 1 << 22);
          client.connect(listener.localAddress);
          client.receiveControl(ZeroCopyDone);
          for (let seed = 0; seed < COUNT; seed++) {
            if (client.send(pattern(seed), { flags: MSG_ZEROCOPY }) !== SIZE) throw new Error("sent in part");
          }
          socket = readlinkSync("/proc/self/fd/" + client.fd);
          if (end === "close") client.close();
          if (end === "detach") client.detach();
        })();
        const server = listener.accept();
        // first the socket goes, then what knows it, then what that has lent; one that is forgotten is closed meanwhile
        for (let time = 0; time < 40 || (end === "forget" && isOpen(socket) && time < 400); time++) {
          Bun.gc(true);
          await new Promise((resolve) => setImmediate(resolve));
        }
        const closed = !isOpen(socket);
        for (let round = 0; round < 3; round++) {
          const junk = Array.from({ length: 30 }, () => new Uint8Array(new ArrayBuffer(SIZE)).fill(0xee));
          if (junk.length > 0) await new Promise((resolve) => setImmediate(resolve));
          Bun.gc(true);
        }
        const all = new Uint8Array(SIZE * COUNT);
        for (let filled = 0; filled < all.length;) filled += server.receive(all.subarray(filled), { timeout: 4000 });
        const whole = Array.from({ length: COUNT }, (_, seed) => Buffer.compare(all.subarray(seed * SIZE, (seed + 1) * SIZE), pattern(seed)) === 0);
        report({ closed, whole });
      `);
      expect({ end, report, exitCode }).toEqual({
        end,
        report: { closed: end !== "detach", whole: Array<boolean>(12).fill(true) },
        exitCode: 0,
      });
    },
    15_000,
  );

  test.each(families.map(([name, family]) => ({ name, family })))("goes over UDP, $name", ({ family }) => {
    using sender = udpSocket(family);
    using receiver = udpSocket(family);
    sender.receiveControl(ZeroCopyDone);
    receiver.setOption(SOL_SOCKET, SO_RCVBUF, MIB);
    const SIZE = 50_000;
    (() => {
      for (let seed = 0; seed < 4; seed++) sender.sendTo(pattern(SIZE, seed), addressOf(receiver), zeroCopy);
    })();
    churn(SIZE);
    for (let seed = 0; seed < 4; seed++) {
      expect(Buffer.compare(receiver.receiveBytes(SIZE, soon), pattern(SIZE, seed))).toBe(0);
    }
    expect(complete(sender, 4).at(-1)?.last).toBe(3);
  });
});

describe("a small buffer", () => {
  test("is copied at the call, so that it may move and be used again", () => {
    using stuck = new Stuck();
    const wanted: Uint8Array[] = [];
    const buffer = new Uint8Array(1000); // in the collected heap
    for (let seed = 0; seed < 50; seed++) {
      buffer.set(pattern(1000, seed));
      wanted.push(buffer.slice());
      expect(stuck.client.send(buffer, zeroCopy)).toBe(1000);
    }
    buffer.fill(0xee);
    churn(1000);
    expect(Buffer.compare(stuck.drain(50_000), Buffer.concat(wanted))).toBe(0);
    expect(complete(stuck.client, 50).at(-1)?.last).toBe(49);
  });

  test("beside large ones is copied alone", () => {
    using stuck = new Stuck();
    const small = pattern(4095, 1);
    const large = pattern(4096, 2);
    stuck.client.sendMessage({ buffers: [small, large, new Uint8Array(0)] }, zeroCopy);
    small.fill(0xee);
    large.fill(0xdd);
    const all = stuck.drain(8191);
    expect(Buffer.compare(all.subarray(0, 4095), pattern(4095, 1))).toBe(0);
    expect(all.subarray(4095).every((byte) => byte === 0xdd)).toBeTrue();
  });

  test("may be text, of a datagram", () => {
    using sender = udpSocket();
    using receiver = udpSocket();
    sender.receiveControl(ZeroCopyDone);
    sender.sendTo("grüße", addressOf(receiver), zeroCopy);
    expect(new TextDecoder().decode(receiver.receiveBytes(100, soon))).toBe("grüße");
    expect(complete(sender, 1)).toMatchObject([{ first: 0, last: 0 }]);
  });
});

describe("MSG_ZEROCOPY", () => {
  test("without SO_ZEROCOPY is a TypeError: the kernel would ignore it, and never say when it is done", () => {
    using pair = new TcpPair();
    using udp = udpSocket();
    const [unix, other] = Socket.pair(AF_UNIX, SOCK_STREAM);
    using _unix = unix;
    using _other = other;
    const data = new Uint8Array(10_000);
    for (const socket of [pair.client, unix]) {
      throwsNaming(() => socket.send(data, zeroCopy), TypeError, "SO_ZEROCOPY");
      throwsNaming(() => socket.sendMessage({ buffers: [data] }, zeroCopy), TypeError, "receiveControl(ZeroCopyDone)");
    }
    throwsNaming(() => udp.sendTo(data, addressOf(udp), zeroCopy), TypeError, "SO_ZEROCOPY");
    // turned on, and off again
    pair.client.receiveControl(ZeroCopyDone);
    expect(pair.client.send(data, zeroCopy)).toBe(10_000);
    pair.client.setOption(SOL_SOCKET, SO_ZEROCOPY, 0);
    throwsNaming(() => pair.client.send(data, zeroCopy), TypeError, "SO_ZEROCOPY");
    expect(pair.server.receiveBytes(20_000, { ...soon }).length).toBe(10_000);
    throwsKind(() => unix.receiveControl(ZeroCopyDone), "not-supported");
  });

  test("is refused where memory cannot be lent: sendAll, which says what can, and batches, which copy", () => {
    using pair = new TcpPair();
    pair.client.receiveControl(ZeroCopyDone);
    throwsNaming(() => pair.client.sendAll(new Uint8Array(10_000), zeroCopy), TypeError, "MSG_ZEROCOPY");
    const batch = new SendBatch({ capacity: 1, size: 100 });
    throwsNaming(() => batch.push("x", undefined, { flags: MSG_ZEROCOPY }), TypeError, "MSG_ZEROCOPY");
  });

  test("is accepted once the option is set by whatever means", () => {
    using pair = new TcpPair();
    pair.client.setOption(SOL_SOCKET, SO_ZEROCOPY, 1);
    pair.client.send(new Uint8Array(10_000), zeroCopy);
    pair.server.receiveBytes(10_000, soon);
    expect(complete(pair.client, 1)).toMatchObject([{ first: 0, last: 0 }]);
  });
});

// The numbers that the kernel gives to sends, and the memory that is kept for each: seen on the handles under the sockets.

/** Two ends of a connection as handles, of which one lends. */
class Handles implements Disposable {
  readonly client: Handle;
  readonly server: Socket;

  constructor() {
    const pair = new TcpPair();
    pair.client.receiveControl(ZeroCopyDone);
    this.client = adopt(pair.client.detach());
    this.server = pair.server;
  }

  [Symbol.dispose](): void {
    Socket.fromFd(this.client.fd).close();
    this.server.close();
  }
}

function lent(handle: Handle): number[] {
  return [...(handle.zeroCopy?.lent.keys() ?? [])];
}

const buffers = [new Uint8Array(5000)];

describe("what is kept", () => {
  test("is what was sent: an attempt that would block, or fails, has no number", () => {
    using ends = new Handles();
    const { client, server } = ends;
    const large = [new Uint8Array(MIB)];
    let sent = 0;
    let count = 0;
    const send = (): number => sendMessage(client, { buffers: large }, { timeout: 0, flags: MSG_ZEROCOPY });
    throwsKind(() => {
      for (; ; count++) sent += send();
    }, "would-block");
    expect(lent(client)).toEqual([...Array(count).keys()]);
    for (let time = 0; time < 5; time++) throwsKind(send, "would-block");
    expect(lent(client).length).toBe(count);
    while (sent > 0) sent -= server.receive(large[0] as Uint8Array, soon);
    sendMessage(client, { buffers }, zeroCopy);
    server.receiveBytes(5000, soon);
    let last = -1;
    while (last < count) {
      for (const done of receiveError(client, undefined, soon).control)
        if (done instanceof ZeroCopyDone) last = done.last;
    }
    expect([last, lent(client)]).toEqual([count, []]);
  });

  test("has the kernel's numbers over UDP: an empty datagram has one, one that is too long has none", () => {
    const socket = udpSocket();
    socket.receiveControl(ZeroCopyDone);
    using receiver = udpSocket();
    const address = addressOf(receiver);
    const handle = adopt(socket.detach());
    using _ = Socket.fromFd(handle.fd);
    const send = (size: number, to = address): number =>
      sendMessage(handle, { buffers: [new Uint8Array(size)], address: to }, zeroCopy);
    send(5000);
    send(0);
    throwsKind(() => send(65_508), "message-too-large");
    send(5000);
    expect(lent(handle)).toEqual([0, 1, 2]);
    let last = -1;
    while (last < 2) {
      for (const done of receiveError(handle, undefined, soon).control)
        if (done instanceof ZeroCopyDone) last = done.last;
    }
    expect([last, lent(handle)]).toEqual([2, []]);
    expect(tryReceiveError(handle, undefined)).toBeNull();
  });

  test("has a number over UDP that a refused datagram took with it, and is not given back by its completion", () => {
    const socket = udpSocket();
    socket.receiveControl(ZeroCopyDone);
    using receiver = udpSocket();
    const address = addressOf(receiver);
    const handle = adopt(socket.detach());
    using _ = Socket.fromFd(handle.fd);
    const send = (control: ControlMessage[]): number => sendMessage(handle, { buffers, address, control }, zeroCopy);
    throwsKind(() => send([new SegmentSize(1)]), "invalid-argument"); // 5000 segments: the kernel has counted it
    send([]);
    expect(lent(handle)).toEqual([1]);
    receiver.receiveBytes(5000, soon);
    for (let last = -1; last < 1;) {
      for (const done of receiveError(handle, undefined, soon).control)
        if (done instanceof ZeroCopyDone) last = done.last;
    }
    expect(lent(handle)).toEqual([]);
  });

  test("is released by every way to read the error queue", () => {
    using ends = new Handles();
    const { client, server } = ends;
    const reads: readonly (() => ReceivedMessage | null)[] = [
      (): ReceivedMessage => receiveError(client, undefined, soon),
      (): ReceivedMessage => receiveError(client, new Uint8Array(9), soon),
      (): ReceivedMessage | null => tryReceiveError(client, undefined),
      (): ReceivedMessage => receiveMessage(client, { buffers: [] }, { ...soon, flags: MSG_ERRQUEUE }),
    ];
    using waiting = Socket.fromFd(duplicate(client).fd);
    for (const [number, read] of reads.entries()) {
      sendMessage(client, { buffers }, zeroCopy);
      expect(lent(client)).toEqual([number]);
      server.receiveBytes(5000, soon);
      waiting.conditionWait(0, soon); // POLLERR
      expect(read()?.control.get(ZeroCopyDone)).toMatchObject({ first: number, last: number });
      expect(lent(client)).toEqual([]);
    }
  });

  test("is counted together for duplicates of a descriptor, which are one socket to the kernel", () => {
    using ends = new Handles();
    const { client, server } = ends;
    const early = duplicate(client);
    sendMessage(client, { buffers }, zeroCopy);
    const late = duplicate(client);
    sendMessage(early, { buffers }, zeroCopy);
    sendMessage(late, { buffers }, zeroCopy);
    sendMessage(client, { buffers }, zeroCopy);
    expect([client, early, late].map(lent)).toEqual([
      [0, 1, 2, 3],
      [0, 1, 2, 3],
      [0, 1, 2, 3],
    ]);
    let received = 0;
    while (received < 20_000) received += server.receive(new Uint8Array(20_000), soon);
    // read by one that has sent nothing itself
    const reader = duplicate(client);
    for (let last = -1; last < 3;) {
      for (const done of receiveError(reader, undefined, soon).control)
        if (done instanceof ZeroCopyDone) last = done.last;
    }
    expect([client, early, late].map(lent)).toEqual([[], [], []]);
    for (const handle of [early, late, reader]) Socket.fromFd(handle.fd).close();
  });
});

describe("the numbers of sends", () => {
  function handle(next: number, type: number = SOCK_DGRAM): Handle {
    const made = new Handle(-1, AF_INET, type);
    made.zeroCopy = { next, lent: new Map() };
    return made;
  }

  const retain = (to: Handle, result = 1): number => retainZeroCopy(to, buffers, MSG_ZEROCOPY, result);

  test("are those of sends that lent something, and succeeded", () => {
    const results = [5000, 0, -11, -90, -111, 1]; // EAGAIN, EMSGSIZE, ECONNREFUSED
    const [stream, datagrams] = [handle(0, SOCK_STREAM), handle(0)];
    for (const made of [stream, datagrams]) {
      expect(results.map((result) => retain(made, result))).toEqual(results);
      expect(retainZeroCopy(made, buffers, 0, 7)).toBe(7);
    }
    // an empty datagram has one, nothing on a stream has none
    expect([lent(stream), lent(datagrams)]).toEqual([
      [0, 1],
      [0, 1, 2],
    ]);
    const other = new Handle(-1, AF_INET, SOCK_DGRAM);
    expect(retain(other, 5)).toBe(5);
    releaseZeroCopy(other, 0, 0xffff_ffff);
    expect(lent(other)).toEqual([]);
  });

  test("are released by ranges, in any order, each range with both its ends", () => {
    const made = handle(0);
    for (let count = 0; count < 10; count++) retain(made);
    releaseZeroCopy(made, 3, 5);
    expect(lent(made)).toEqual([0, 1, 2, 6, 7, 8, 9]);
    releaseZeroCopy(made, 9, 9);
    releaseZeroCopy(made, 0, 0);
    expect(lent(made)).toEqual([1, 2, 6, 7, 8]);
    releaseZeroCopy(made, 3, 5); // again is nothing
    releaseZeroCopy(made, 100, 200);
    expect(lent(made)).toEqual([1, 2, 6, 7, 8]);
    releaseZeroCopy(made, 1, 8);
    expect(lent(made)).toEqual([]);
  });

  test("wrap at 2^32, and so may a range", () => {
    const made = handle(0xffff_fffd);
    for (let count = 0; count < 6; count++) retain(made);
    expect(lent(made)).toEqual([0xffff_fffd, 0xffff_fffe, 0xffff_ffff, 0, 1, 2]);
    expect(made.zeroCopy?.next).toBe(3);
    releaseZeroCopy(made, 0xffff_ffff, 0);
    expect(lent(made)).toEqual([0xffff_fffd, 0xffff_fffe, 1, 2]);
    releaseZeroCopy(made, 0xffff_fff0, 0xffff_fffd);
    expect(lent(made)).toEqual([0xffff_fffe, 1, 2]);
    releaseZeroCopy(made, 0xffff_fffe, 2);
    expect(lent(made)).toEqual([]);
  });
});
