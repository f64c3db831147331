// Connections on the event loop: connectionFor, reading and writing, web streams, the graceful end, and going over to Bun.

import { describe, expect, test } from "bun:test";
import { AF_INET, AF_UNIX, SOCK_DGRAM, SOCK_SEQPACKET } from "./support/constants.ts";
import { connectionFor, Socket, SocketConnection, SocketError, TcpConnection, UnixConnection } from "../src/index.ts";
import { openDescriptors, openedSince } from "./support/descriptors.ts";
import { tcpListener, TcpPair } from "./support/sockets.ts";

function pair(): [SocketConnection, SocketConnection] {
  const { client, server } = new TcpPair();
  return [connectionFor(client), connectionFor(server)];
}

async function kindOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof SocketError ? error.kind : String(error);
}

async function readText(connection: SocketConnection): Promise<string> {
  const buffer = new Uint8Array(1000);
  const size = await connection.read(buffer, { timeout: 5000 });
  return new TextDecoder().decode(buffer.subarray(0, size));
}

describe("connectionFor", () => {
  test("gives a class by the kind of socket, and for the same socket the same connection", () => {
    using tcp = new TcpPair();
    expect(connectionFor(tcp.client)).toBeInstanceOf(TcpConnection);
    expect(connectionFor(tcp.client)).toBe(connectionFor(tcp.client));
    const [a, b] = Socket.pair();
    expect(connectionFor(a)).toBeInstanceOf(UnixConnection);
    const [c, d] = Socket.pair(AF_UNIX, SOCK_SEQPACKET);
    expect(connectionFor(c)).toBeInstanceOf(UnixConnection);
    for (const socket of [a, b, c, d]) socket.close();
  });

  test("refuses what is no connected stream", () => {
    using datagrams = new Socket(AF_INET, SOCK_DGRAM);
    expect(() => connectionFor(datagrams)).toThrow("datagrams have no connection");
    using fresh = new Socket(AF_INET);
    expect(() => connectionFor(fresh)).toThrow("connect() it first");
    expect(() => connectionFor({} as Socket)).toThrow("socket must be a Socket");
    const [a, b] = Socket.pair();
    expect(() => TcpConnection.from(a)).toThrow("socket must be a TCP socket");
    a.close();
    b.close();
    expect(() => connectionFor(a)).toThrow("closed");
    using tcp = new TcpPair();
    expect(() => UnixConnection.from(tcp.client)).toThrow("socket must be a unix socket");
    SocketConnection.from(tcp.client);
    expect(() => SocketConnection.from(tcp.client)).toThrow("has a connection already");
  });
});

describe("reading and writing", () => {
  test("bytes and text, in order, with the addresses of both ends", async () => {
    const [a, b] = pair();
    const writes = Promise.all([a.write("one "), a.write(new TextEncoder().encode("two "), {}), a.write("three")]);
    let text = "";
    while (text.length < 13) text += await readText(b);
    expect(text).toBe("one two three");
    expect(await writes).toEqual([4, 4, 5]);
    expect(String(a.remoteAddress)).toBe(String(b.localAddress));
    await Promise.all([a.close(), b.close()]);
    expect(a.connected).toBe(false);
  });

  test("the end of the stream is 0, and a signal ends a read", async () => {
    const [a, b] = pair();
    const abort = new AbortController();
    const reading = b.read(new Uint8Array(1), { signal: abort.signal });
    abort.abort("enough");
    expect(await reading.catch((reason: unknown) => reason)).toBe("enough");
    const ended = b.read(new Uint8Array(1));
    void a.close();
    expect(await ended).toBe(0);
    await b.close();
  });
});

describe("web streams", () => {
  test("megabytes go through a pipe, and nothing is read before somebody asks", async () => {
    const [a, b] = pair();
    const data = Uint8Array.from({ length: 3_000_000 }, (_, index) => index * 7);
    void b.readable.pipeTo(b.writable);
    const received = new Response(a.readable).bytes();
    const writer = a.writable.getWriter();
    await writer.write(data);
    await writer.close();
    expect(Buffer.compare(await received, data)).toBe(0);
    // both directions of both ends have ended: so have the sockets
    await Bun.sleep(0);
    expect([a.socket.closed, b.socket.closed]).toEqual([true, true]);
  });

  test("a BYOB reader gets its own memory filled", async () => {
    const [a, b] = pair();
    await a.write("hello");
    const reader = b.readable.getReader({ mode: "byob" });
    const { value, done } = await reader.read(new Uint8Array(100));
    expect([new TextDecoder().decode(value), done]).toEqual(["hello", false]);
    await a.close({ timeout: 0 });
    expect((await reader.read(new Uint8Array(100))).done).toBe(true);
    await b.close();
  });

  test("cancelling the one shuts the direction down, and a reset of the peer errors them", async () => {
    const [a, b] = pair();
    const reader = b.readable.getReader();
    const pending = reader.read();
    await reader.cancel("no more");
    expect((await pending).done).toBe(true);
    await b.close();
    await a.close();
    const [c, d] = pair();
    const reading = d.readable.getReader().read();
    (c as TcpConnection).reset();
    expect(await kindOf(reading)).toBe("connection-closed");
    await d.close();
  });
});

// That of a pipe does: the standard lets it wait until every chunk that it has read is written.
test("the abort of a writable stream does not wait for a peer that does not read", async () => {
  const [a, b] = pair();
  const writer = a.writable.getWriter();
  const writing = kindOf(writer.write(new Uint8Array(50_000_000)));
  await new Promise(setImmediate);
  await writer.abort("enough");
  expect(await writing).toContain("enough");
  expect(a.connected).toBe(true); // in the other direction
  await Promise.all([a.close({ timeout: 0 }), b.close({ timeout: 0 })]);
});

describe("close", () => {
  test("ends writes under way first, tells the peer the end, and waits for its", async () => {
    const [a, b] = pair();
    const size = 4_000_000;
    void a.write(new Uint8Array(size));
    const closing = a.close({ timeout: 5000 });
    let received = 0;
    const buffer = new Uint8Array(1 << 16);
    for (let part = 1; part > 0; received += part) part = await b.read(buffer, { timeout: 5000 });
    expect(received).toBe(size);
    expect(a.socket.closed).toBe(false); // we have not ended yet
    await b.close();
    await closing;
    expect(a.socket.closed).toBe(true);
    await a.close(); // again is nothing
  });

  test("waits for all writes under way, though the last of them was ended before the others", async () => {
    const [a, b] = pair();
    const size = 8_000_000;
    const first = a.write(new Uint8Array(size), { timeout: 10_000 });
    const ended = kindOf(a.write("x", { signal: AbortSignal.abort("enough") }));
    const closing = a.close({ timeout: 10_000 });
    expect(await ended).toBe("enough");
    let received = 0;
    const buffer = new Uint8Array(1 << 16);
    for (let part = 1; part > 0; received += part) part = await b.read(buffer, { timeout: 5000 });
    expect([await first, received]).toEqual([size, size]);
    await b.close();
    await closing;
  });

  test("does not wait for ever for a peer that stays, and not at all with timeout 0", async () => {
    const [a, b] = pair();
    const reading = kindOf(a.read(new Uint8Array(1)));
    await a.close({ timeout: 20 });
    expect(a.socket.closed).toBe(true);
    expect(await reading).toBe("closed");
    await b.close({ timeout: 0 });
    expect(await kindOf(b.write("x"))).toBe("closed");
  });

  test("is no error when the peer is gone, refuses a wrong timeout, and disposes", async () => {
    const [a, b] = pair();
    (b as TcpConnection).reset();
    await a.close();
    const [c, d] = pair();
    expect(await kindOf(c.close({ timeout: -1 }))).toContain("RangeError");
    {
      await using one = c;
      await using other = d;
      expect(one.connected && other.connected).toBe(true);
      await d.close({ timeout: 0 });
    }
    expect(c.socket.closed).toBe(true);
  });
});

describe("toBun", () => {
  test("goes on in Bun's own loop", async () => {
    const [a, b] = pair();
    const { promise, resolve } = Promise.withResolvers<string>();
    const socket = await b.toBun({ data: (bun, data) => (resolve(String(data)), void bun.end("bye")) });
    expect(b.socket.closed).toBe(true);
    await a.write("hello");
    expect(await promise).toBe("hello");
    expect(await readText(a)).toBe("bye");
    socket.terminate();
    await a.close();
  });

  test("is refused while an operation waits, a write is under way or a stream is in use", async () => {
    const [a, b] = pair();
    const reading = a.read(new Uint8Array(10));
    expect(await kindOf(a.toBun({ data() {} }))).toBe("pending");
    await b.write("x");
    await reading;
    const reader = a.readable.getReader();
    expect(await kindOf(a.toBun({ data() {} }))).toBe("pending");
    reader.releaseLock();
    await b.close({ timeout: 0 });
    await a.close();
  });
});

test("toBun with wrong handlers leaves the connection as it is", async () => {
  const [a, b] = pair();
  for (const handlers of [undefined, null, {}, { data: 5 }]) {
    expect(await kindOf(a.toBun(handlers as never))).toContain("TypeError");
  }
  await b.write("still here");
  expect(await readText(a)).toBe("still here");
  await b.close({ timeout: 0 });
  await a.close();
  expect(await kindOf(a.toBun({ data() {} }))).toBe("closed");
});

test("toBun is refused while the readable stream holds bytes that nobody has read", async () => {
  const [a, b] = Socket.pair().map((socket) => connectionFor(socket)) as [SocketConnection, SocketConnection];
  const reader = a.readable.getReader();
  const left = kindOf(reader.read());
  await new Promise(setImmediate); // the stream has asked for bytes
  reader.releaseLock();
  expect(await left).toContain("TypeError");
  await b.write("early");
  while (a.socket.availableBytes > 0) await new Promise(setImmediate);
  expect(await kindOf(a.toBun({ data() {} }))).toBe("pending");
  const again = a.readable.getReader();
  expect(new TextDecoder().decode((await again.read()).value)).toBe("early");
  again.releaseLock();
  const socket = await a.toBun({ data() {} });
  socket.terminate();
  await b.close();
});

test("no descriptor is left behind", async () => {
  using listener = tcpListener();
  const before = openDescriptors();
  for (let index = 0; index < 20; index++) {
    const [a, b] = pair();
    await a.write("x");
    await Promise.all([a.close(), b.close()]);
  }
  expect(listener.listening).toBe(true);
  expect(openedSince(before)).toEqual([]);
});
