// Ending one direction of a connection: behind all writes under way, by `end()` and by its writable stream, over TCP and unix.

import { describe, expect, test } from "bun:test";
import { connectionFor, type SocketConnection, SocketError } from "../src/index.ts";
import { AF_UNIX, SOCK_SEQPACKET } from "./support/constants.ts";
import { canMake, connectedPair, TcpPair } from "./support/sockets.ts";

const SIZE = 20_000_000; // more than the kernel takes at once
const WITHIN = { timeout: 20_000 };

type Pair = [SocketConnection, SocketConnection];

const pairs: readonly (readonly [string, () => Pair])[] = [
  [
    "TCP",
    () => {
      const { client, server } = new TcpPair();
      return [connectionFor(client), connectionFor(server)];
    },
  ],
  ["a unix stream", () => connectedPair().map((socket) => connectionFor(socket)) as Pair],
];

async function reasonOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (reason: unknown) => (reason instanceof SocketError ? reason.kind : reason),
  );
}

/** Reads to the end: how much there was. */
async function drain(connection: SocketConnection): Promise<number> {
  const buffer = new Uint8Array(1 << 16);
  let received = 0;
  for (let part = 1; part > 0; received += part) part = await connection.read(buffer, WITHIN);
  return received;
}

async function closeAll(...connections: readonly SocketConnection[]): Promise<void> {
  for (const connection of connections) await connection.close({ timeout: 0 });
}

describe.each(pairs)("over %s", (_, pair) => {
  test("end comes behind the writes under way, and reading goes on", async () => {
    const [a, b] = pair();
    const writing = [a.write(new Uint8Array(SIZE), WITHIN), a.write("the last words", WITHIN)];
    const ending = a.end(WITHIN);
    const late = reasonOf(a.write("too late", WITHIN));
    expect(await drain(b)).toBe(SIZE + 14);
    expect(await Promise.all(writing)).toEqual([SIZE, 14]);
    await ending;
    expect(await late).toBe("connection-closed");
    await b.write("answer");
    const buffer = new Uint8Array(100);
    expect(new TextDecoder().decode(buffer.subarray(0, await a.read(buffer, WITHIN)))).toBe("answer");
    expect(a.connected).toBe(true);
    await b.end();
    expect(await a.read(buffer, WITHIN)).toBe(0);
    await closeAll(a, b);
  });

  test("end again is nothing, whether the first has ended or not", async () => {
    const [a, b] = pair();
    const writing = a.write(new Uint8Array(SIZE), WITHIN);
    const endings = [a.end(WITHIN), a.end(WITHIN)];
    expect(await drain(b)).toBe(SIZE);
    await Promise.all([writing, ...endings]);
    await a.end();
    a.socket.shutdown({ write: true }); // nor is it one by the socket
    await a.end();
    await closeAll(a, b);
    expect(await reasonOf(a.end())).toBe("closed");
  });

  test("an end that its options have ended has not happened", async () => {
    const [a, b] = pair();
    const writing = a.write(new Uint8Array(SIZE), WITHIN);
    const abort = new AbortController();
    const aborted = reasonOf(a.end({ signal: abort.signal }));
    abort.abort("enough");
    expect(await aborted).toBe("enough");
    expect(await reasonOf(a.end({ timeout: 0 }))).toBe("would-block");
    const last = a.write("still open", WITHIN);
    const ending = a.end(WITHIN);
    expect(await drain(b)).toBe(SIZE + 10);
    await Promise.all([writing, last, ending]);
    await closeAll(a, b);
  });

  test("the closing of the writable stream comes behind the writes of the connection", async () => {
    const [a, b] = pair();
    const writing = a.write(new Uint8Array(SIZE), WITHIN);
    const writer = a.writable.getWriter();
    const chunk = writer.write(new TextEncoder().encode("chunk"));
    const closing = writer.close();
    expect(await drain(b)).toBe(SIZE + 5);
    expect(await writing).toBe(SIZE);
    await Promise.all([chunk, closing]);
    expect(a.socket.closed).toBe(false);
    await closeAll(a, b);
  });

  test("the closing of the writable stream is rejected when what waits is lost", async () => {
    const [a, b] = pair();
    const lost = reasonOf(a.write(new Uint8Array(SIZE)));
    const closing = reasonOf(a.writable.getWriter().close());
    await new Promise(setImmediate); // the stream has begun to close
    await a.close({ timeout: 0 });
    expect([await lost, await closing]).toEqual(["closed", "closed"]);
    await closeAll(b);
  });

  test("an abort of the writable stream does not wait for the writes that its closing waits for", async () => {
    const [a, b] = pair();
    const lost = reasonOf(a.write(new Uint8Array(SIZE)));
    const writer = a.writable.getWriter();
    const closing = reasonOf(writer.close());
    await new Promise(setImmediate); // the stream has begun to close
    await reasonOf(writer.abort("enough"));
    expect(await closing).toBe("enough");
    expect(await lost).toBe("connection-closed");
    expect(await drain(b)).toBeLessThan(SIZE);
    await closeAll(a, b);
  });

  test("close comes behind the writes that end has waited for", async () => {
    const [a, b] = pair();
    const writing = a.write(new Uint8Array(SIZE), WITHIN);
    const ends = Promise.all([a.end(WITHIN), a.close(WITHIN)]);
    expect(await drain(b)).toBe(SIZE);
    await writing;
    await b.close();
    await ends;
    expect(a.socket.closed).toBe(true);
  });

  test("end closes the connection when its readable stream has ended before", async () => {
    const [a, b] = pair();
    await b.end();
    expect(await new Response(a.readable).text()).toBe("");
    expect(a.socket.closed).toBe(false);
    await a.end();
    expect(a.socket.closed).toBe(true);
    await b.close();
  });
});

const seqpacket = canMake(AF_UNIX, SOCK_SEQPACKET);
test.skipIf(!seqpacket)("end of a seqpacket connection (where there are any)", async () => {
  const [a, b] = connectedPair(SOCK_SEQPACKET).map((socket) => connectionFor(socket)) as Pair;
  await a.write("one");
  await a.end();
  expect(await drain(b)).toBe(3);
  await closeAll(a, b);
});

test("end of a connection whose peer is gone is no error, and wrong options are refused", async () => {
  const { client, server } = new TcpPair();
  const [a, b] = [connectionFor(client), connectionFor(server)];
  expect(await reasonOf(a.end({ timeout: -1 }))).toBeInstanceOf(RangeError);
  await b.write("unread");
  await a.close({ timeout: 0 });
  expect(await reasonOf(b.read(new Uint8Array(1), WITHIN))).toBe("connection-closed");
  await b.end();
  await closeAll(b);
});
