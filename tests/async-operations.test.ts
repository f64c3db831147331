// What single `...Async` methods do: queues, parts, files, batches, descriptors, connections.

import { describe, expect, test } from "bun:test";
import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import {
  IP_RECVERR,
  IPPROTO_IP,
  MSG_ERRQUEUE,
  MSG_OOB,
  MSG_WAITALL,
  MSG_ZEROCOPY,
  POLLPRI,
  SOCK_SEQPACKET,
  SOL_SOCKET,
  SO_ZEROCOPY,
} from "./support/constants.ts";
import {
  AF_INET,
  AF_UNIX,
  Cancellable,
  POLLHUP,
  POLLIN,
  POLLOUT,
  QueuedError,
  ReceiveBatch,
  Rights,
  SendBatch,
  SOCK_DGRAM,
  SOCK_STREAM,
  Socket,
  SocketError,
} from "../src/index.ts";
import { batchOf, numbered, text, texts } from "./support/batches.ts";
import { runChild } from "./support/child.ts";
import { openAs, openDescriptors, openedSince } from "./support/descriptors.ts";
import { drain, fillQueue, looked, Pair, rejectionOf, rejectsKind, waits, wakes, wokenBy } from "./support/loop.ts";
import {
  Folder,
  FullUnixListener,
  RefusingTcp,
  RefusingUdp,
  reset,
  SOON,
  TcpPair,
  tcpListener,
  UdpPair,
  udpSocket,
} from "./support/sockets.ts";
import { throwsKind, wrong } from "./support/throws.ts";

const soon = { timeout: SOON };

/** Reads from a socket until so many bytes have come, turn by turn. */
async function take(socket: Socket, count: number): Promise<Uint8Array> {
  const buffer = new Uint8Array(count);
  for (let size = 0; size < count;) {
    const got = await socket.receiveAsync(buffer.subarray(size), soon);
    if (got === 0) throw new Error(`the stream has ended after ${size} of ${count} bytes`);
    size += got;
  }
  return buffer;
}

describe("a queue", () => {
  test("serves readers first in, first out", async () => {
    using pair = new Pair(SOCK_DGRAM);
    const order: string[] = [];
    const readers = numbered(5).map(async (name) => {
      order.push(`${name}: ${text(await pair.b.receiveBytesAsync(10, soon))}`);
    });
    await looked();
    for (const name of numbered(5)) pair.a.send(name);
    await Promise.all(readers);
    expect(order).toEqual(numbered(5).map((name) => `${name}: ${name}`));
  });

  test("lets nobody pass those who wait, though there is something", async () => {
    using pair = new Pair(SOCK_DGRAM);
    const first = pair.b.receiveBytesAsync(10, soon);
    await looked();
    pair.a.send("one");
    pair.a.send("two");
    const second = pair.b.receiveBytesAsync(10, soon); // "one" is there, and not for this one
    await rejectsKind(pair.b.receiveBytesAsync(10, { timeout: 0 }), "would-block");
    expect([text(await first), text(await second)]).toEqual(["one", "two"]);
  });

  test("serves writers first in, first out, and does not mix what they send", async () => {
    using pair = new TcpPair();
    const pieces = [1, 2, 3].map((value) => new Uint8Array(8_000_000).fill(value));
    const sent = pieces.map((piece) => pair.client.sendAllAsync(piece, soon));
    const got = await take(pair.server, 24_000_000);
    expect(await Promise.all(sent)).toEqual([8_000_000, 8_000_000, 8_000_000]);
    for (const [index, piece] of pieces.entries()) {
      expect(Buffer.compare(got.subarray(index * piece.length, (index + 1) * piece.length), piece)).toBe(0);
    }
  });

  test("of readers does not hold up writers, nor the other way round", async () => {
    using pair = new Pair();
    const reading = pair.a.receiveBytesAsync(10);
    expect(await pair.a.sendAsync(new Uint8Array(3), soon)).toBe(3);
    const size = fillQueue(pair.a);
    const writing = pair.a.sendAllAsync(new Uint8Array(10));
    pair.b.send(new Uint8Array(2));
    expect(await reading).toHaveLength(2);
    drain(pair.b, size);
    expect(await writing).toBe(10);
  });

  test.each([0, 1, 2])("goes on when number %d of three is cancelled", async (which) => {
    using pair = new Pair(SOCK_DGRAM);
    using cancellable = new Cancellable();
    const readers = [0, 1, 2].map((index) =>
      pair.b.receiveBytesAsync(10, index === which ? { cancellable } : soon).then(text),
    );
    await looked();
    cancellable.cancel();
    await rejectsKind(readers[which] as Promise<string>, "cancelled");
    pair.a.send("one");
    pair.a.send("two");
    expect(await Promise.all(readers.filter((_, index) => index !== which))).toEqual(["one", "two"]);
  });

  test("goes on when the first one times out", async () => {
    using pair = new Pair(SOCK_DGRAM);
    const first = pair.b.receiveBytesAsync(10, { timeout: 2 });
    const second = pair.b.receiveBytesAsync(10, soon);
    await rejectsKind(first, "timed-out");
    pair.a.send("x");
    expect(text(await second)).toBe("x");
  });

  test("is settled as a whole by close", async () => {
    using pair = new Pair();
    fillQueue(pair.a);
    const all = [
      ...[1, 2, 3].map(() => pair.a.receiveBytesAsync(1)),
      ...[1, 2, 3].map(() => pair.a.sendAllAsync("x")),
      ...[1, 2, 3].map(() => pair.a.conditionWaitAsync(POLLIN)),
    ];
    await waits(...all);
    pair.a.close();
    for (const one of all) await rejectsKind(one, "closed");
  });

  test("takes what is added by those that it has just served", async () => {
    using pair = new Pair(SOCK_DGRAM);
    const got: string[] = [];
    const reader = async (): Promise<void> => {
      while (got.length < 50) got.push(text(await pair.b.receiveBytesAsync(10, soon)));
    };
    const reading = reader();
    for (const name of numbered(50)) await pair.a.sendAsync(name, soon);
    await reading;
    expect(got).toEqual(numbered(50));
  });

  test("of urgent data, and of the error queue, does not stand behind those who wait for data", async () => {
    using pair = new TcpPair();
    const reading = pair.server.receiveBytesAsync(1);
    pair.client.send(new Uint8Array(1), { flags: MSG_OOB });
    await pair.server.conditionWaitAsync(POLLPRI, soon);
    expect(await pair.server.receiveAsync(new Uint8Array(1), { ...soon, flags: MSG_OOB })).toBe(1);
    await waits(reading);

    using refusing = new RefusingUdp();
    using socket = udpSocket();
    socket.setOption(IPPROTO_IP, IP_RECVERR, 1);
    const message = socket.receiveMessageAsync({ buffers: [new Uint8Array(10)] }, { ...soon, flags: MSG_ERRQUEUE });
    socket.sendTo("x", refusing.address);
    expect((await message).control.get(QueuedError)?.code).toBe("ECONNREFUSED");
    pair.server.close();
    await rejectsKind(reading, "closed");
  });

  test("is not disturbed by a signal that aborts while the arguments are read", async () => {
    using pair = new Pair();
    const controller = new AbortController();
    const message = {
      get buffers(): Uint8Array[] {
        controller.abort("mine");
        return [new Uint8Array(1)];
      },
    };
    expect(await rejectionOf(pair.b.receiveMessageAsync(message, { signal: controller.signal }))).toBe("mine");
  });

  test("whose socket is closed while the arguments are read is closed", async () => {
    using pair = new Pair();
    const message = {
      get buffers(): Uint8Array[] {
        pair.b.close();
        return [new Uint8Array(1)];
      },
    };
    await rejectsKind(pair.b.receiveMessageAsync(message), "closed");
  });
});

describe("receiving", () => {
  test("gives 0 at the end of a stream, again and again", async () => {
    using pair = new TcpPair();
    const waiting = pair.server.receiveAsync(new Uint8Array(10), soon);
    await looked();
    pair.client.shutdown({ write: true });
    expect(await waiting).toBe(0);
    expect(await pair.server.receiveAsync(new Uint8Array(10), soon)).toBe(0);
    expect(await pair.server.receiveBytesAsync(10, soon)).toHaveLength(0);
  });

  test("ends with the error of the connection", async () => {
    using pair = new TcpPair();
    const waiting = pair.server.receiveAsync(new Uint8Array(10), soon);
    await looked();
    reset(pair.client);
    expect(await rejectsKind(waiting, "connection-closed")).toMatchObject({ code: "ECONNRESET", syscall: "recv" });
  });

  test("tells an ICMP answer, once", async () => {
    using refusing = new RefusingUdp();
    using socket = udpSocket();
    socket.connect(refusing.address);
    const waiting = socket.receiveBytesAsync(10, soon);
    await socket.sendAsync("x");
    await rejectsKind(waiting, "connection-refused");
    await rejectsKind(socket.receiveBytesAsync(10, { timeout: 0 }), "would-block");
  });

  test("with MSG_WAITALL fills the buffer from many pieces", async () => {
    using pair = new Pair();
    const buffer = new Uint8Array(6);
    const waiting = pair.b.receiveAsync(buffer, { ...soon, flags: MSG_WAITALL });
    for (const part of ["ab", "cd", "ef"]) {
      await waits(waiting);
      pair.a.sendAll(part);
    }
    expect([await waiting, text(buffer)]).toEqual([6, "abcdef"]);
  });

  test("with MSG_WAITALL gives what came before the end, the timeout and the close", async () => {
    const ends: ((pair: Pair) => void)[] = [(pair) => pair.a.close(), (pair) => pair.b.close(), () => {}];
    for (const end of ends) {
      using pair = new Pair();
      pair.a.sendAll("abc");
      const waiting = pair.b.receiveAsync(new Uint8Array(6), { timeout: 50, flags: MSG_WAITALL });
      await looked();
      end(pair);
      expect(await waiting).toBe(3);
    }
  });

  test("into a buffer that is detached meanwhile is a TypeError, and loses nothing", async () => {
    using pair = new Pair(SOCK_DGRAM);
    const calls = [
      (buffer: Uint8Array) => pair.b.receiveAsync(buffer, soon),
      (buffer: Uint8Array) => pair.b.receiveFromAsync(buffer, soon),
      (buffer: Uint8Array) => pair.b.receiveMessageAsync({ buffers: [buffer] }, soon),
    ];
    for (const call of calls) {
      const buffer = new Uint8Array(10);
      const waiting = call(buffer);
      await looked();
      buffer.buffer.transfer();
      pair.a.send("kept");
      expect(await rejectionOf(waiting)).toBeInstanceOf(TypeError);
      expect(text(pair.b.receiveBytes(10, { timeout: 0 }))).toBe("kept");
    }
  });

  test("into a buffer that was made smaller writes no further", async () => {
    using pair = new Pair();
    const memory = new ArrayBuffer(8, { maxByteLength: 8 });
    const view = new Uint8Array(memory);
    const waiting = pair.b.receiveAsync(view, soon);
    await looked();
    memory.resize(3);
    pair.a.send(new TextEncoder().encode("abcdef"));
    expect(await waiting).toBe(3);
    memory.resize(8);
    expect([...view]).toEqual([97, 98, 99, 0, 0, 0, 0, 0]);
  });

  test("of errors tells what was queued", async () => {
    using refusing = new RefusingUdp();
    using socket = udpSocket();
    socket.setOption(IPPROTO_IP, IP_RECVERR, 1);
    const waiting = socket.receiveErrorAsync(undefined, soon);
    await waits(waiting);
    socket.sendTo("x", refusing.address);
    const message = await waiting;
    expect(message.control.get(QueuedError)?.code).toBe("ECONNREFUSED");
  });

  test("at the end of a seqpacket connection gives 0", async () => {
    using pair = new Pair(SOCK_SEQPACKET);
    const plain = pair.b.receiveAsync(new Uint8Array(10), soon);
    const many = pair.b.receiveMessagesAsync(new ReceiveBatch({ capacity: 3, size: 10 }), soon);
    await looked();
    pair.a.close();
    expect([await plain, await many]).toEqual([0, 0]);
  });
});

describe("sendAllAsync", () => {
  test("tells with a timeout how much was sent", async () => {
    using pair = new Pair();
    const error = await rejectsKind(pair.a.sendAllAsync(new Uint8Array(8_000_000), { timeout: 5 }), "timed-out");
    expect(error.bytesWritten).toBe(drain(pair.b, error.bytesWritten));
    expect(error.bytesWritten).toBeGreaterThan(0);
  });

  test("tells with a close, a cancel and a reset how much was sent", async () => {
    using cancellable = new Cancellable();
    const cases: readonly (readonly [kind: "closed" | "cancelled" | "connection-closed", end: (pair: Pair) => void])[] =
      [
        ["cancelled", () => cancellable.cancel()],
        ["connection-closed", (pair) => pair.b.close()],
      ];
    for (const [kind, end] of cases) {
      using pair = new Pair();
      const waiting = pair.a.sendAllAsync(new Uint8Array(8_000_000), { cancellable });
      await waits(waiting);
      end(pair);
      const error = await rejectsKind(waiting, kind);
      expect(error.bytesWritten).toBeGreaterThan(0);
      if (kind === "cancelled") break;
    }
    using pair = new Pair();
    const waiting = pair.a.sendAllAsync(new Uint8Array(8_000_000));
    await waits(waiting);
    pair.a.close();
    const { bytesWritten } = await rejectsKind(waiting, "closed");
    expect(bytesWritten).toBe(drain(pair.b, bytesWritten));
  });

  test("with timeout 0 sends what goes, and tells how much", async () => {
    using pair = new Pair();
    const error = await rejectsKind(pair.a.sendAllAsync(new Uint8Array(8_000_000), { timeout: 0 }), "would-block");
    expect(error.bytesWritten).toBe(drain(pair.b, error.bytesWritten));
  });

  test("takes text", async () => {
    using pair = new Pair();
    expect(await pair.a.sendAllAsync("größer")).toBe(8);
    expect(text(pair.b.receiveBytes(20))).toBe("größer");
  });

  test("of data that is detached meanwhile is a TypeError", async () => {
    using pair = new Pair();
    const data = new Uint8Array(8_000_000);
    const waiting = pair.a.sendAllAsync(data, soon);
    await waits(waiting);
    data.buffer.transfer();
    drain(pair.b);
    expect(await rejectionOf(waiting)).toBeInstanceOf(TypeError);
  });

  test("to a peer that is gone is connection-closed, and no SIGPIPE", async () => {
    using pair = new Pair();
    pair.b.close();
    await rejectsKind(pair.a.sendAllAsync("x"), "connection-closed");
  });
});

describe("sendFileAsync", () => {
  const content = new Uint8Array(3_000_000).map((_, index) => index * 7);

  /** A file with that content. */
  class Source implements Disposable {
    readonly #folder = new Folder();
    readonly fd: number;

    constructor() {
      const path = this.#folder.file("content");
      writeFileSync(path, content);
      this.fd = openSync(path, "r");
    }

    [Symbol.dispose](): void {
      closeSync(this.fd);
      this.#folder[Symbol.dispose]();
    }
  }

  test.each([
    [{}, 0, 3_000_000],
    [{ offset: 1000 }, 1000, 3_000_000],
    [{ offset: 1000, count: 2_000_000 }, 1000, 2_001_000],
    [{ count: 5 }, 0, 5],
    [{ count: 0 }, 0, 0],
    [{ offset: 5_000_000 }, 0, 0],
  ] as const)("with %j sends that part of the file", async (options, start, end) => {
    using pair = new TcpPair();
    using source = new Source();
    const sending = pair.client.sendFileAsync(source.fd, { ...soon, ...options });
    const got = await take(pair.server, end - start);
    expect(await sending).toBe(end - start);
    expect(Buffer.compare(got, content.subarray(start, end))).toBe(0);
  });

  test("keeps its place among those who send", async () => {
    using pair = new Pair();
    using source = new Source();
    const first = pair.a.sendAllAsync(new Uint8Array(500_000).fill(1), soon);
    const file = pair.a.sendFileAsync(source.fd, soon);
    const last = pair.a.sendAllAsync(new Uint8Array(10).fill(2), soon);
    const got = await take(pair.b, 3_500_010);
    await Promise.all([first, file, last]);
    expect(Buffer.compare(got.subarray(500_000, 3_500_000), content)).toBe(0);
    expect([...got.subarray(-10)]).toEqual(Array<number>(10).fill(2));
  });

  test("tells with a timeout, a close how much was sent; its timeout is for each progress", async () => {
    using source = new Source();
    using pair = new Pair();
    const error = await rejectsKind(pair.a.sendFileAsync(source.fd, { timeout: 5 }), "timed-out");
    expect(error.bytesWritten).toBe(drain(pair.b, error.bytesWritten));
    const sending = pair.a.sendFileAsync(source.fd, { offset: 0, ...soon });
    await waits(sending);
    pair.a.close();
    const { bytesWritten } = await rejectsKind(sending, "closed");
    expect(bytesWritten).toBe(drain(pair.b, bytesWritten));
  });

  describe("from a pipe", () => {
    /** The two ends of a pipe. */
    function pipe(): { read: number; write: number; [Symbol.dispose](): void } {
      using folder = new Folder();
      const path = folder.file("pipe");
      if (Bun.spawnSync(["mkfifo", path]).exitCode !== 0) throw new Error("mkfifo failed");
      const both = openSync(path, "r+"); // so that neither of the two opens waits for the other
      const [read, write] = [openSync(path, "r"), openSync(path, "w")];
      closeSync(both);
      return {
        read,
        write,
        [Symbol.dispose](): void {
          for (const fd of [this.read, this.write]) if (fd !== -1) closeSync(fd);
        },
      };
    }

    test("sends what comes, until its end", async () => {
      using pair = new Pair();
      using ends = pipe();
      const sending = pair.a.sendFileAsync(ends.read, soon);
      const late = pair.a.sendAllAsync("after", soon); // keeps its place, though the pipe has nothing yet
      for (const part of ["one", "two", "three"]) {
        await waits(sending, late);
        writeSync(ends.write, part);
        expect(text(await take(pair.b, part.length))).toBe(part);
      }
      closeSync(ends.write);
      ends.write = -1;
      expect(await sending).toBe(11);
      expect(await late).toBe(5);
      expect(text(await take(pair.b, 5))).toBe("after");
    });

    test("that has nothing is would-block, timed-out, cancelled, aborted, closed", async () => {
      using pair = new Pair();
      using ends = pipe();
      const before = openDescriptors();
      await rejectsKind(pair.a.sendFileAsync(ends.read, { timeout: 0 }), "would-block");
      await rejectsKind(pair.a.sendFileAsync(ends.read, { timeout: 3 }), "timed-out");
      using cancellable = new Cancellable();
      const controller = new AbortController();
      const first = pair.a.sendFileAsync(ends.read, { cancellable });
      await waits(first);
      cancellable.cancel();
      await rejectsKind(first, "cancelled");
      const second = pair.a.sendFileAsync(ends.read, { signal: controller.signal });
      await waits(second);
      controller.abort("mine");
      expect(await rejectionOf(second)).toBe("mine");
      expect(openedSince(before)).toEqual([]);
      const third = pair.a.sendFileAsync(ends.read);
      await waits(third);
      pair.a.close();
      await rejectsKind(third, "closed");
      expect(openedSince(before)).toEqual([]);
    });
  });

  test("of what is no file, or into what is no stream, is refused", async () => {
    using pair = new Pair(SOCK_DGRAM);
    expect(await rejectionOf(pair.a.sendFileAsync(0))).toBeInstanceOf(TypeError);
    using stream = new Pair();
    expect(await rejectionOf(stream.a.sendFileAsync(wrong("x")))).toBeInstanceOf(TypeError);
    expect(await rejectionOf(stream.a.sendFileAsync(0, { offset: -1 }))).toBeInstanceOf(RangeError);
    expect(await rejectionOf(stream.a.sendFileAsync(0, { count: 0.5 }))).toBeInstanceOf(RangeError);
    expect(await rejectionOf(stream.a.sendFileAsync(2 ** 30))).toMatchObject({ code: "EBADF" });
  });
});

describe("batches", () => {
  const options = { capacity: 4, size: 100 };

  test("are received as many at once as there are", async () => {
    using pair = new Pair(SOCK_DGRAM);
    const batch = new ReceiveBatch(options);
    const waiting = pair.b.receiveMessagesAsync(batch, soon);
    await waits(waiting);
    for (const name of numbered(3)) pair.a.send(name);
    expect(await waiting).toBe(3);
    expect(texts(batch)).toEqual(numbered(3));
  });

  test("with waitAll wait until they are full; a timeout gives what came, and keeps the error", async () => {
    using pair = new Pair(SOCK_DGRAM);
    const batch = new ReceiveBatch(options);
    const waiting = pair.b.receiveMessagesAsync(batch, { ...soon, waitAll: true });
    for (const name of numbered(4)) {
      await waits(waiting);
      pair.a.send(name);
    }
    expect([await waiting, texts(batch)]).toEqual([4, numbered(4)]);
    pair.a.send("x");
    expect(await pair.b.receiveMessagesAsync(batch, { timeout: 5, waitAll: true })).toBe(1);
    expect(batch.pendingError?.kind).toBe("timed-out");
    await rejectsKind(pair.b.receiveMessagesAsync(batch, soon), "timed-out");
    expect(batch.pendingError).toBeUndefined();
  });

  test("refuse every change while they are in use, and take them after", async () => {
    using pair = new Pair(SOCK_DGRAM);
    const inn = new ReceiveBatch(options);
    const receiving = pair.b.receiveMessagesAsync(inn, soon);
    await rejectsKind(pair.b.receiveMessagesAsync(inn, soon), "pending");
    throwsKind(() => pair.b.tryReceiveMessages(inn), "pending");
    fillQueue(pair.a, 50);
    await receiving;
    const out = batchOf(["a", "b"]);
    fillQueue(pair.a, 50);
    const sending = pair.a.sendMessagesAsync(out, soon);
    throwsKind(() => out.push("c"), "pending");
    throwsKind(() => out.clear(), "pending");
    await rejectsKind(pair.a.sendMessagesAsync(out, soon), "pending");
    drain(pair.b);
    expect(await sending).toBe(2);
    out.clear();
    expect(out.push("c")).toBe(true);
  });

  test("stay in use when the next operation begins in the turn in which the last one has ended", async () => {
    using pair = new Pair(SOCK_DGRAM);
    using other = new Pair(SOCK_DGRAM);
    const batch = new ReceiveBatch(options);
    const first = pair.b.receiveMessagesAsync(batch);
    await looked();
    pair.b.close();
    const second = other.b.receiveMessagesAsync(batch, soon);
    await rejectsKind(first, "closed");
    await looked();
    throwsKind(() => other.b.tryReceiveMessages(batch), "pending");
    other.a.send("x");
    expect(await second).toBe(1);
  });

  test("are sent as a whole, part by part; a close in between tells how many", async () => {
    using pair = new Pair(SOCK_DGRAM);
    const out = batchOf(numbered(50));
    fillQueue(pair.a, 10);
    const sending = pair.a.sendMessagesAsync(out, soon);
    await waits(sending);
    const buffer = new Uint8Array(100);
    while (text(buffer.subarray(0, 2)) !== "d0") await pair.b.receiveAsync(buffer, soon);
    for (let index = 1; index < 50; index++) {
      expect(text(await pair.b.receiveBytesAsync(10, soon))).toBe(`d${index}`);
    }
    expect(await sending).toBe(50);
    const many = batchOf(numbered(2000));
    const more = pair.a.sendMessagesAsync(many, soon);
    await waits(more);
    pair.a.close();
    const sent = await more;
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThan(2000);
    expect(many.pendingError?.kind).toBe("closed");
  });

  test("of a stream are a TypeError", async () => {
    using pair = new Pair();
    expect(await rejectionOf(pair.b.receiveMessagesAsync(new ReceiveBatch(options)))).toBeInstanceOf(TypeError);
    expect(await rejectionOf(pair.a.sendMessagesAsync(batchOf(["x"])))).toBeInstanceOf(TypeError);
  });
});

describe("socket.batches()", () => {
  const options = { capacity: 4, size: 100 };

  test("gives datagrams as they come, and answers go back; ends with the socket", async () => {
    using pair = new UdpPair();
    using server = udpSocket();
    const serving = (async (): Promise<number> => {
      const out = new SendBatch(options);
      let count = 0;
      for await (const batch of server.batches(options)) {
        for (let index = 0; index < batch.length; index++) out.reply(batch, index, batch.data(index));
        await server.sendMessagesAsync(out);
        count += batch.length;
        out.clear();
      }
      return count;
    })();
    pair.a.disconnect();
    for (const name of numbered(10)) {
      pair.a.sendTo(name, server.localAddress);
      expect(text(await pair.a.receiveBytesAsync(10, soon))).toBe(name);
    }
    server.close();
    expect(await serving).toBe(10);
  });

  test("ends with the very reason of its signal", async () => {
    using server = udpSocket();
    const controller = new AbortController();
    const next = server.batches({ ...options, signal: controller.signal }).next();
    await waits(next);
    controller.abort("mine");
    expect(await rejectionOf(next)).toBe("mine");
  });

  test("ends at the end of a seqpacket connection", async () => {
    using pair = new Pair(SOCK_SEQPACKET);
    pair.a.send("x");
    const counts: number[] = [];
    for await (const batch of pair.b.batches(options)) {
      counts.push(batch.length);
      pair.a.close();
    }
    expect(counts).toEqual([1]);
  });

  test("that is left by break leaves the socket open and nothing waiting", async () => {
    using pair = new Pair(SOCK_DGRAM);
    pair.a.send("x");
    for await (const batch of pair.b.batches(options)) {
      expect(texts(batch)).toEqual(["x"]);
      break;
    }
    pair.a.send("y");
    expect(text(await pair.b.receiveBytesAsync(10, soon))).toBe("y");
  });

  test("of a closed socket, and with wrong options, is rejected", async () => {
    const socket = udpSocket();
    expect(await rejectionOf(socket.batches(wrong(5)).next())).toBeInstanceOf(TypeError);
    socket.close();
    await rejectsKind(socket.batches(options).next(), "closed");
  });
});

describe("descriptors that are sent", () => {
  test("are duplicated when the message has to wait, and given back when it has gone", async () => {
    using pair = new Pair();
    using cargo = new Pair();
    fillQueue(pair.a);
    const before = openDescriptors();
    const number = cargo.a.fd;
    const sending = pair.a.sendMessageAsync({ buffers: [new Uint8Array(1)], control: [new Rights([number])] }, soon);
    expect(openedSince(before)).toHaveLength(1);
    cargo.a.close();
    using _impostor = openAs(number, udpSocket); // takes the number, as somebody might who has nothing to do with it
    let received: number | undefined;
    while (received === undefined) {
      using message = await pair.b.receiveMessageAsync({ buffers: [new Uint8Array(65_536)] }, soon);
      received = message.control.get(Rights)?.take()[0];
    }
    await sending;
    using arrived = Socket.fromFd(received);
    arrived.send(new Uint8Array(3));
    expect(cargo.b.receiveBytes(10, soon)).toHaveLength(3);
  });

  test("in a batch are duplicated as well", async () => {
    using pair = new Pair(SOCK_DGRAM);
    using cargo = new Pair();
    fillQueue(pair.a, 10);
    await waits();
    const before = openDescriptors();
    const batch = new SendBatch({ capacity: 4, size: 10 });
    for (const name of ["one", "two"]) batch.push(name, undefined, { control: [new Rights([cargo.a.fd])] });
    const sending = pair.a.sendMessagesAsync(batch, soon);
    expect(openedSince(before)).toHaveLength(1); // one is enough for both
    const number = cargo.a.fd;
    cargo.a.close();
    using _impostor = openAs(number, udpSocket);
    const received: number[] = [];
    while (received.length < 2) {
      using message = await pair.b.receiveMessageAsync({ buffers: [new Uint8Array(100)] }, soon);
      received.push(...(message.control.get(Rights)?.take() ?? []));
    }
    expect(await sending).toBe(2);
    for (const fd of received) {
      using arrived = Socket.fromFd(fd);
      arrived.send(new Uint8Array(3));
      expect(cargo.b.receiveBytes(10, soon)).toHaveLength(3);
    }
    expect(openedSince(before)).toHaveLength(1); // the impostor, in the place of what was closed
  });

  test.each(["cancelled", "closed", "timed-out"] as const)("are given back when the message is %s", async (kind) => {
    using pair = new Pair();
    using cargo = new Pair();
    using cancellable = new Cancellable();
    fillQueue(pair.a);
    await waits();
    const before = openDescriptors();
    const sending = pair.a.sendMessageAsync(
      { buffers: [new Uint8Array(1)], control: [new Rights([cargo.a.fd])] },
      { cancellable, timeout: kind === "timed-out" ? 2 : SOON },
    );
    if (kind === "cancelled") cancellable.cancel();
    if (kind === "closed") pair.a.close();
    await rejectsKind(sending, kind);
    expect(openedSince(before)).toEqual([]);
  });
});

describe("connectAsync", () => {
  test("connects, and queues what is sent meanwhile", async () => {
    using listener = tcpListener();
    using socket = new Socket(AF_INET);
    const connected = socket.connectAsync(listener.localAddress, soon);
    const sent = socket.sendAllAsync("hello", soon);
    await connected;
    expect([socket.connected, String(socket.remoteAddress)]).toEqual([true, String(listener.localAddress)]);
    using accepted = await listener.acceptAsync(soon);
    expect(await sent).toBe(5);
    expect(text(await accepted.receiveBytesAsync(10, soon))).toBe("hello");
    expect(String(accepted.remoteAddress)).toBe(String(socket.localAddress));
  });

  test("is refused, leaves no remote address, and may be tried again", async () => {
    using refusing = new RefusingTcp();
    using socket = new Socket(AF_INET);
    const error = await rejectsKind(socket.connectAsync(refusing.address, soon), "connection-refused");
    expect(error.address).toBe(refusing.address);
    expect([socket.connected, socket.remoteAddress]).toEqual([false, null]);
    using listener = tcpListener();
    await socket.connectAsync(listener.localAddress, soon);
    expect(socket.connected).toBe(true);
  });

  test("to a path that is not there is not-found; to a name that is none a TypeError", async () => {
    using socket = new Socket(AF_UNIX);
    await rejectsKind(socket.connectAsync({ path: "/nowhere/at/all" }), "not-found");
    expect(await rejectionOf(socket.connectAsync(wrong("localhost:80")))).toBeInstanceOf(TypeError);
    expect(await rejectionOf(socket.connectAsync(wrong(undefined)))).toBeInstanceOf(TypeError);
  });

  test("of a datagram socket sets the peer at once", async () => {
    using socket = udpSocket();
    await socket.connectAsync("127.0.0.1:9", { timeout: 0 });
    expect(String(socket.remoteAddress)).toBe("127.0.0.1:9");
  });

  test("of one that is connected is refused", async () => {
    using pair = new TcpPair();
    expect(await rejectionOf(pair.client.connectAsync(pair.client.remoteAddress ?? "", soon))).toMatchObject({
      code: "EISCONN",
    });
  });
});

describe("conditionWaitAsync", () => {
  test("may be called many times at once, and each is told its own", async () => {
    using pair = new Pair();
    const size = fillQueue(pair.b);
    const readers = [1, 2, 3].map(() => pair.b.conditionWaitAsync(POLLIN, soon));
    const writer = pair.b.conditionWaitAsync(POLLOUT, soon);
    const both = pair.b.conditionWaitAsync(POLLIN | POLLOUT, soon);
    await waits(...readers, writer, both);
    pair.a.send(new Uint8Array(1));
    expect(await Promise.all([...readers, both])).toEqual([POLLIN, POLLIN, POLLIN, POLLIN]);
    await waits(writer);
    drain(pair.a, size);
    expect(await writer).toBe(POLLOUT);
  });

  test("for nothing is told of a hang-up, and of nothing else", async () => {
    using pair = new Pair();
    const hangUp = pair.b.conditionWaitAsync(0, soon);
    pair.a.send(new Uint8Array(1));
    await waits(hangUp);
    drain(pair.b, 1);
    pair.a.close();
    expect(await hangUp).toBe(POLLHUP);
  });

  test("takes no data, and does not stand behind those who do", async () => {
    using pair = new Pair();
    const reading = pair.b.receiveBytesAsync(1);
    const looking = pair.b.conditionWaitAsync(POLLIN, soon);
    pair.a.send(new Uint8Array(2));
    expect(await reading).toHaveLength(1);
    expect(await looking).toBe(POLLIN);
  });

  test("for a condition that is none is rejected", async () => {
    using pair = new Pair();
    expect(await rejectionOf(pair.b.conditionWaitAsync(wrong("1")))).toBeInstanceOf(TypeError);
    expect(await rejectionOf(pair.b.conditionWaitAsync(-1))).toBeInstanceOf(RangeError);
  });
});

test("sendAsync with MSG_ZEROCOPY keeps the memory, in whatever method it is", async () => {
  using pair = new TcpPair();
  pair.client.setOption(SOL_SOCKET, SO_ZEROCOPY, 1);
  expect(
    await pair.client.sendAsync(new Uint8Array(100_000).fill(7), { ...soon, flags: MSG_ZEROCOPY }),
  ).toBeGreaterThan(0);
  expect(await pair.client.receiveErrorAsync(undefined, soon)).toBeDefined();
  // an option that is no number rejects as well
  expect(await rejectionOf(pair.client.sendAsync(new Uint8Array(1), { flags: wrong(1n) }))).toBeInstanceOf(TypeError);
  expect(
    await rejectionOf(pair.client.sendToAsync(new Uint8Array(1), "127.0.0.1:9", { flags: wrong(1n) })),
  ).toBeInstanceOf(TypeError);
});

describe.each(wakes)("woken by %s", (kind) => {
  test("waiting for what poll(2) cannot wait for costs little CPU: a full backlog, a full unix queue", async () => {
    const { report, stderr } = await runChild(`${wokenBy(kind)}
      const listener = new Socket(AF_UNIX);
      listener.bind({ path: "\\0berkeley-" + process.pid });
      listener.listen(0);
      const filling = [];
      try { for (;;) { const one = new Socket(AF_UNIX); filling.push(one); one.connect(listener.localAddress, { timeout: 0 }); } } catch {}
      const late = new Socket(AF_UNIX);
      const connecting = late.connectAsync(listener.localAddress);
      const receiver = new Socket(AF_UNIX, SOCK_DGRAM);
      receiver.bind({ path: "\\0berkeley-queue-" + process.pid });
      const sender = new Socket(AF_UNIX, SOCK_DGRAM);
      try { for (;;) sender.sendTo("x", receiver.localAddress, { timeout: 0 }); } catch {}
      const sending = sender.sendToAsync("last", receiver.localAddress);
      await Bun.sleep(50);
      const before = process.cpuUsage();
      await Bun.sleep(300);
      const { user, system } = process.cpuUsage(before);
      for (;;) { try { listener.accept({ timeout: 0 }).close(); } catch { break; } }
      await connecting;
      while (await receiver.receiveAsync(new Uint8Array(10)) !== 4);
      report([await sending, (user + system) / 1000 < 60]);
      process.exit(0);
    `);
    expect([report, stderr]).toEqual([[4, true], ""]);
  });

  test("what waits goes on when its socket is forgotten, which is closed after that", async () => {
    const { report } = await runChild(`${wokenBy(kind)}
      const warnings = [];
      process.on("warning", ({ code }) => warnings.push(code));
      const { readdirSync } = await import("node:fs");
      const [a, b] = Socket.pair();
      const count = () => readdirSync("/proc/self/fd").length;
      const received = await (async () => {
        const before = count();
        const promise = (() => Socket.fromFd(b.detach()).receiveBytesAsync(10))();
        for (let time = 0; time < 20; time++) { Bun.gc(true); await Bun.sleep(1); }
        a.send(new Uint8Array(3));
        return (await promise).length;
      })();
      for (let time = 0; time < 20 && warnings.length === 0; time++) { Bun.gc(true); await Bun.sleep(1); }
      report([received, warnings, a.receive(new Uint8Array(1))]);
      a.close();
    `);
    expect(report).toEqual([3, ["BERKELEY_SOCKET_LEAK"], 0]);
  });
});

test("an unhandled rejection is never the library's own: what nobody awaits is all the user's", async () => {
  const { report, stderr } = await runChild(`
    const unhandled = [];
    process.on("unhandledRejection", (error) => unhandled.push(error.kind));
    const [a, b] = Socket.pair();
    const caught = [b.receiveBytesAsync(1), b.conditionWaitAsync(POLLIN), a.watch(POLLIN, () => {})];
    for (const promise of caught.slice(0, 2)) promise.catch(() => {});
    await new Promise(setImmediate);
    a.close(); b.close();
    await Bun.sleep(5);
    report(unhandled);
  `);
  expect([report, stderr]).toEqual([[], ""]);
});

test("errors are SocketErrors with the call that failed", async () => {
  using socket = new Socket(AF_INET);
  const error = await rejectionOf(socket.receiveAsync(new Uint8Array(1)));
  expect(error).toBeInstanceOf(SocketError);
  expect(error).toMatchObject({ kind: "not-connected", code: "ENOTCONN", syscall: "recv" });
  using full = new FullUnixListener();
  using client = new Socket(AF_UNIX, SOCK_STREAM);
  expect(await rejectsKind(client.connectAsync(full.address, { timeout: 3 }), "timed-out")).toMatchObject({
    address: full.address,
  });
});
