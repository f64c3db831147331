// Sending files: sendfile(2), and read(2) with send(2) for what it cannot read.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { appendFileSync, closeSync, constants, openSync, readSync, writeFileSync, writeSync } from "node:fs";
import { open } from "node:fs/promises";
import {
  AF_INET,
  AF_UNIX,
  dontWait,
  MSG_MORE,
  MSG_WAITALL,
  POLLIN,
  SO_RCVBUF,
  SO_SNDBUF,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
} from "./support/constants.ts";
import { Cancellable, Socket } from "../src/index.ts";
import { Folder, SOON, TcpPair, udpSocket } from "./support/sockets.ts";
import { Thread } from "./support/thread.ts";
import { throwsKind, throwsNaming, wrong } from "./support/throws.ts";

const SIZE = 8 * 1024 * 1024;
const pattern = new Uint8Array(new Uint32Array(SIZE / 4).map((_, index) => index * 2_654_435_761).buffer);
const alphabet = "abcdefghijklmnopqrstuvwxyz";
const soon = { timeout: SOON };

let thread: Thread;
let folder: Folder;
let large: string;
let small: string;
beforeAll(async () => {
  thread = await Thread.start();
  folder = new Folder();
  large = folder.file("large");
  small = folder.file("small");
  writeFileSync(large, pattern);
  writeFileSync(small, alphabet);
});
afterAll(async () => {
  folder[Symbol.dispose]();
  await thread.terminate();
});

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** An open file that is closed with the test. */
function opened(path: string, flags: string | number = "r"): { readonly fd: number; [Symbol.dispose](): void } {
  const fd = openSync(path, flags);
  return { fd, [Symbol.dispose]: () => closeSync(fd) };
}

/** A stream of little memory, so that a large file does not fit: `a` sends, `b` receives. */
class Pair implements Disposable {
  readonly a: Socket;
  readonly b: Socket;

  constructor(kind: string) {
    if (kind === "TCP") ({ client: this.a, server: this.b } = new TcpPair());
    else [this.a, this.b] = Socket.pair();
    this.a.setOption(SOL_SOCKET, SO_SNDBUF, 65_536);
    this.b.setOption(SOL_SOCKET, SO_RCVBUF, 65_536);
  }

  /** What has arrived; it ends with the stream. */
  rest(): Uint8Array {
    this.a.close();
    const parts: Uint8Array[] = [];
    for (;;) {
      const part = this.b.receiveBytes(65_536, soon);
      if (part.length === 0) return new Uint8Array(Buffer.concat(parts));
      parts.push(part);
    }
  }

  [Symbol.dispose](): void {
    this.a.close();
    this.b.close();
  }
}

/** A pipe with a name: what sendfile(2) cannot read. */
class Fifo implements Disposable {
  readonly #path = folder.file(`fifo-${Math.random()}`);
  readonly reader: number;
  writer: number;

  constructor() {
    Bun.spawnSync(["mkfifo", this.#path]);
    const first = openSync(this.#path, constants.O_RDONLY | constants.O_NONBLOCK);
    this.writer = openSync(this.#path, "w");
    this.reader = openSync(this.#path, "r"); // a reader that blocks
    closeSync(first);
  }

  write(data: string): void {
    writeSync(this.writer, data);
  }

  end(): void {
    if (this.writer !== -1) closeSync(this.writer);
    this.writer = -1;
  }

  [Symbol.dispose](): void {
    this.end();
    closeSync(this.reader);
  }
}

describe.each(["TCP", "unix"])("sendFile over a %s stream", (kind) => {
  test("sends the whole file, and returns how much that was", async () => {
    using pair = new Pair(kind);
    using file = opened(large);
    const received = thread.drain(pair.b);
    expect(pair.a.sendFile(file.fd, soon)).toBe(SIZE);
    pair.a.close();
    expect(await received).toBe(SIZE);
  });

  test("sends it in order, byte by byte", () => {
    using pair = new Pair(kind);
    using file = opened(large);
    const part = new Uint8Array(20_000);
    for (let offset = 0; offset < 400_000; offset += part.length) {
      expect(pair.a.sendFile(file, { ...soon, count: part.length })).toBe(part.length);
      expect(pair.b.receive(part, { ...soon, flags: MSG_WAITALL })).toBe(part.length);
      if (Bun.hash(part) !== Bun.hash(pattern.subarray(offset, offset + part.length))) throw new Error(`at ${offset}`);
    }
  });

  test("starts at the offset, and ends after the count or at the end of the file", () => {
    using pair = new Pair(kind);
    using file = opened(small);
    expect(pair.a.sendFile(file, { offset: 20 })).toBe(6);
    expect(pair.a.sendFile(file, { offset: 0, count: 3 })).toBe(3);
    expect(pair.a.sendFile(file, { offset: 24, count: 100 })).toBe(2);
    expect(pair.a.sendFile(file, { offset: 26 })).toBe(0);
    expect(pair.a.sendFile(file, { offset: 1000, count: 5 })).toBe(0);
    expect(pair.a.sendFile(file, { count: 0 })).toBe(0);
    expect(text(pair.rest())).toBe("uvwxyzabcyz");
  });

  test("moves the file's position without an offset, and not with one", () => {
    using pair = new Pair(kind);
    using file = opened(small);
    const next = (): string => {
      const byte = new Uint8Array(1);
      readSync(file.fd, byte, 0, 1, null);
      return text(byte);
    };
    expect(next()).toBe("a");
    expect(pair.a.sendFile(file, { offset: 10, count: 5 })).toBe(5);
    expect(next()).toBe("b");
    expect(pair.a.sendFile(file, { count: 3 })).toBe(3);
    expect(next()).toBe("f");
    expect(pair.a.sendFile(file)).toBe(20);
    expect(pair.a.sendFile(file)).toBe(0);
    expect(text(pair.rest())).toBe(`klmnocde${alphabet.slice(6)}`);
  });

  test("sends what was appended since, when called again", () => {
    using pair = new Pair(kind);
    const path = folder.file(`log-${kind}`);
    writeFileSync(path, "one ");
    using file = opened(path);
    expect(pair.a.sendFile(file)).toBe(4);
    appendFileSync(path, "two");
    expect(pair.a.sendFile(file)).toBe(3);
    expect(text(pair.rest())).toBe("one two");
  });

  test("follows a file that grows meanwhile", async () => {
    using pair = new Pair(kind);
    const path = folder.file(`growing-${kind}`);
    writeFileSync(path, pattern);
    using file = opened(path);
    const growth = thread.order({ append: path, bytes: new Uint8Array(1000) });
    const received = thread.drain(pair.b);
    expect(pair.a.sendFile(file, soon)).toBe(SIZE + 1000);
    pair.a.close();
    await growth;
    expect(await received).toBe(SIZE + 1000);
  });

  test("of an empty file sends nothing", () => {
    using pair = new Pair(kind);
    const path = folder.file("empty");
    writeFileSync(path, "");
    using file = opened(path);
    expect(pair.a.sendFile(file)).toBe(0);
    expect(pair.rest()).toHaveLength(0);
  });

  test("has a budget for each progress, not for the whole", async () => {
    using pair = new Pair(kind);
    using file = opened(large);
    const received = thread.drain(pair.b, { piece: 131_072, pause: 20, limit: 2_000_000 });
    const start = performance.now();
    expect(pair.a.sendFile(file, { count: 2_000_000, timeout: 150 })).toBe(2_000_000);
    expect(performance.now() - start).toBeGreaterThan(150); // or the test proves nothing
    pair.a.close();
    await received;
  });

  test("that makes no progress is timed-out, tells how much was sent, and can be continued", () => {
    using pair = new Pair(kind);
    using file = opened(large);
    const start = performance.now();
    const error = throwsKind(() => pair.a.sendFile(file, { timeout: 50 }), "timed-out");
    expect(performance.now() - start).toBeGreaterThanOrEqual(49);
    expect(error).toMatchObject({ code: "ETIMEDOUT", errno: 0, syscall: "poll" });
    const sent = error.bytesWritten as number;
    expect(sent).toBeGreaterThan(0);
    const first = pair.b.receiveBytes(sent, { ...soon, flags: MSG_WAITALL });
    const more = pair.a.sendFile(file, { count: 1000, ...soon });
    const received = Buffer.concat([first, pair.rest()]);
    expect(received.length).toBe(sent + more);
    expect(Bun.hash(received)).toBe(Bun.hash(pattern.subarray(0, sent + more)));
  });

  test("is would-block when it must not wait, and tells how much was sent", () => {
    using pair = new Pair(kind);
    using file = opened(large);
    const error = throwsKind(() => pair.a.sendFile(file, { timeout: 0 }), "would-block");
    expect(error.bytesWritten).toBeGreaterThan(0);
    const again = throwsKind(() => pair.a.sendFile(file, dontWait), "would-block");
    expect(pair.rest()).toHaveLength((error.bytesWritten as number) + (again.bytesWritten as number));
  });

  test("can be cancelled, and tells how much was sent", async () => {
    using pair = new Pair(kind);
    using file = opened(large);
    using cancellable = new Cancellable();
    const cancelling = thread.cancel(cancellable);
    const error = throwsKind(() => pair.a.sendFile(file, { ...soon, cancellable }), "cancelled");
    await cancelling;
    expect(error.bytesWritten).toBeGreaterThan(0);
    expect(pair.rest()).toHaveLength(error.bytesWritten as number);
  });

  test("is connection-closed when the peer goes away, and tells how much was sent", async () => {
    using pair = new Pair(kind);
    using file = opened(large);
    const closing = thread.close(pair.b);
    const error = throwsKind(() => pair.a.sendFile(file, soon), "connection-closed");
    await closing;
    expect(error.syscall).toBe("sendfile");
    expect(error.bytesWritten).toBeGreaterThan(0);
    expect(error.bytesWritten).toBeLessThan(SIZE);
  });
});

describe("what sendfile(2) cannot read is copied", () => {
  test("a pipe, to its end", () => {
    using pair = new Pair("TCP");
    using fifo = new Fifo();
    fifo.write(alphabet);
    fifo.end();
    expect(pair.a.sendFile(fifo.reader, soon)).toBe(26);
    expect(text(pair.rest())).toBe(alphabet);
  });

  test("a pipe, up to the count: the rest stays in it", () => {
    using pair = new Pair("TCP");
    using fifo = new Fifo();
    fifo.write(alphabet);
    expect(pair.a.sendFile(fifo.reader, { ...soon, count: 10 })).toBe(10);
    expect(pair.a.sendFile(fifo.reader, { ...soon, count: 16 })).toBe(16);
    expect(text(pair.rest())).toBe(alphabet);
  });

  test("a pipe that is silent is waited for within the budget, and tells how much was sent", async () => {
    using pair = new Pair("TCP");
    using fifo = new Fifo();
    expect(throwsKind(() => pair.a.sendFile(fifo.reader, { timeout: 0 }), "would-block").bytesWritten).toBe(0);
    fifo.write("some");
    const error = throwsKind(() => pair.a.sendFile(fifo.reader, { timeout: 30 }), "timed-out");
    expect(error.bytesWritten).toBe(4);
    using cancellable = new Cancellable();
    fifo.write("more");
    const cancelling = thread.cancel(cancellable);
    expect(throwsKind(() => pair.a.sendFile(fifo.reader, { ...soon, cancellable }), "cancelled").bytesWritten).toBe(4);
    await cancelling;
    expect(text(pair.rest())).toBe("somemore");
  });

  test("a file of /proc, also from an offset", () => {
    using pair = new Pair("TCP");
    using file = opened("/proc/self/status");
    const size = pair.a.sendFile(file);
    const later = pair.a.sendFile(file, { offset: 6, count: 10 });
    const sent = text(pair.rest());
    expect(sent).toStartWith("Name:\t");
    expect(sent).toHaveLength(size + later);
    expect(later).toBe(10);
    expect(sent.slice(size)).toBe(sent.slice(6, 16));
  });

  test("another socket", () => {
    using pair = new Pair("TCP");
    using source = new Pair("unix");
    source.a.sendAll(alphabet);
    source.a.shutdown({ write: true });
    expect(pair.a.sendFile(source.b, soon)).toBe(26);
    expect(text(pair.rest())).toBe(alphabet);
  });

  test("a device", () => {
    using pair = new Pair("TCP");
    using zero = opened("/dev/zero");
    expect(pair.a.sendFile(zero, { ...soon, count: 5000 })).toBe(5000);
    expect(pair.rest()).toEqual(new Uint8Array(5000));
  });

  test("any file when there are flags, which sendfile(2) does not take", () => {
    using pair = new Pair("TCP");
    using file = opened(small);
    expect(pair.a.sendFile(file, { flags: MSG_MORE })).toBe(26);
    expect(pair.b.conditionCheck(POLLIN)).toBe(0); // the kernel keeps it for 200 ms, because more is to come
    pair.a.sendAll("!");
    expect(text(pair.b.receiveBytes(100, { ...soon, flags: MSG_WAITALL, timeout: 30 }))).toBe(`${alphabet}!`);
  });

  test("with a budget for each progress, also in the middle of what was read at once", async () => {
    using pair = new Pair("unix");
    pair.a.setOption(SOL_SOCKET, SO_SNDBUF, 4096);
    pair.b.setOption(SOL_SOCKET, SO_RCVBUF, 4096);
    using zero = opened("/dev/zero");
    const received = thread.drain(pair.b, { piece: 4096, pause: 15, limit: 131_072 });
    const start = performance.now();
    expect(pair.a.sendFile(zero, { count: 131_072, timeout: 250, flags: MSG_MORE })).toBe(131_072);
    expect(performance.now() - start).toBeGreaterThan(250);
    pair.a.close();
    await received;
  });

  test("and tells exactly how much was sent when it fails in the middle of what was read at once", () => {
    using pair = new Pair("unix");
    using zero = opened("/dev/zero");
    const error = throwsKind(() => pair.a.sendFile(zero, { timeout: 30, flags: MSG_MORE }), "timed-out");
    expect(error.bytesWritten).toBeGreaterThan(0);
    expect(pair.rest()).toHaveLength(error.bytesWritten as number);
  });

  test("but not what cannot be read at all", () => {
    using pair = new Pair("TCP");
    using directory = opened(folder.path);
    expect(throwsKind(() => pair.a.sendFile(directory), "is-directory").syscall).toBe("read");
    using unreadable = opened(folder.file("written"), "w");
    expect(throwsKind(() => pair.a.sendFile(unreadable), "invalid-argument").code).toBe("EBADF");
    using fifo = new Fifo();
    fifo.write(alphabet);
    expect(throwsKind(() => pair.a.sendFile(fifo.reader, { ...soon, offset: 3 }), "failed").code).toBe("ESPIPE");
    expect(pair.rest()).toHaveLength(0);
  });
});

describe("sendFile", () => {
  test("takes whatever has an fd", async () => {
    using pair = new Pair("TCP");
    const handle = await open(small);
    expect(pair.a.sendFile(handle)).toBe(26);
    await handle.close();
    expect(text(pair.rest())).toBe(alphabet);
  });

  test("needs a stream: a datagram has no parts", () => {
    using file = opened(small);
    using udp = udpSocket();
    throwsNaming(() => udp.sendFile(file), TypeError, "stream");
    for (const type of [SOCK_DGRAM, SOCK_SEQPACKET]) {
      const [a, b] = Socket.pair(AF_UNIX, type);
      throwsNaming(() => a.sendFile(file), TypeError, "stream");
      a.close();
      b.close();
    }
  });

  test("of a closed descriptor is invalid-argument", () => {
    using pair = new Pair("TCP");
    const fd = openSync(small, "r");
    closeSync(fd);
    expect(throwsKind(() => pair.a.sendFile(fd), "invalid-argument")).toMatchObject({
      code: "EBADF",
      syscall: "sendfile",
    });
  });

  test("refuses what is no descriptor, offset or count", () => {
    using pair = new Pair("TCP");
    using file = opened(small);
    for (const value of [undefined, null, "file", small, {}, { fd: "3" }]) {
      throwsNaming(() => pair.a.sendFile(wrong(value)), TypeError, "file");
    }
    for (const value of [-1, 1.5, NaN, 2 ** 32]) {
      throwsNaming(() => pair.a.sendFile(value), RangeError, "file");
    }
    for (const value of [-1, 1.5, NaN, Infinity, 2 ** 53]) {
      throwsNaming(() => pair.a.sendFile(file, { offset: value }), RangeError, "offset");
      throwsNaming(() => pair.a.sendFile(file, { count: value }), RangeError, "count");
    }
    throwsNaming(() => pair.a.sendFile(file, { offset: wrong("1") }), TypeError, "offset");
    throwsNaming(() => pair.a.sendFile(file, { count: wrong(null) }), TypeError, "count");
    throwsNaming(() => pair.a.sendFile(file, wrong(5)), TypeError, "options");
    expect(pair.rest()).toHaveLength(0);
  });

  test("needs a connection", () => {
    using file = opened(small);
    using socket = new Socket(AF_INET, SOCK_STREAM);
    throwsKind(() => socket.sendFile(file), "connection-closed"); // EPIPE, as send
    socket.close();
    throwsKind(() => socket.sendFile(file), "closed");
  });

  test("does not begin when it was cancelled before", () => {
    using pair = new Pair("TCP");
    using file = opened(small);
    using cancellable = new Cancellable();
    cancellable.cancel();
    throwsKind(() => pair.a.sendFile(file, { cancellable }), "cancelled");
    expect(pair.rest()).toHaveLength(0);
  });
});
