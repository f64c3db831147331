// Descriptors and credentials as promises: the same form on the wire as the functions that block.

import { describe, expect, test } from "bun:test";
import { closeSync, fstatSync } from "node:fs";
import { SO_PASSCRED, SOL_SOCKET } from "./support/constants.ts";
import {
  connectionFor,
  receiveFd,
  Rights,
  sendCredentials,
  sendFd,
  Socket,
  SocketError,
  type UnixConnection,
} from "../src/index.ts";
import { openDescriptors, openedSince } from "./support/descriptors.ts";

const WITHIN = { timeout: 5000 };

function pair(): [UnixConnection, UnixConnection] {
  const [a, b] = Socket.pair();
  return [connectionFor(a) as UnixConnection, connectionFor(b) as UnixConnection];
}

async function failure(work: Promise<unknown>): Promise<SocketError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof SocketError) return error;
    throw error;
  }
  throw new Error("nothing failed");
}

describe("descriptors", () => {
  test("one, with either side blocking or not", async () => {
    const [a, b] = pair();
    const waiting = b.receiveFd(WITHIN);
    await a.sendFd(0);
    const first = await waiting;
    sendFd(a.socket, 0);
    const second = await b.receiveFd(WITHIN);
    await a.sendFd(0);
    const third = receiveFd(b.socket, WITHIN);
    for (const fd of [first, second, third]) {
      expect(fstatSync(fd).ino).toBe(fstatSync(0).ino);
      closeSync(fd);
    }
    await Promise.all([a.close(), b.close()]);
  });

  test("several with data", async () => {
    const [a, b] = pair();
    expect(await a.sendFds([0, 1, 2], "three")).toBe(5);
    const buffer = new Uint8Array(10);
    const { size, fds } = await b.receiveFds(3, buffer, WITHIN);
    expect([size, fds.length, new TextDecoder().decode(buffer.subarray(0, size))]).toEqual([5, 3, "three"]);
    fds.forEach((fd) => closeSync(fd));
    await Promise.all([a.close(), b.close()]);
  });

  test("what was not expected is an error, and every descriptor of it is closed", async () => {
    const [a, b] = pair();
    const before = openDescriptors();
    await a.sendFds([0, 1]);
    expect((await failure(b.receiveFd(WITHIN))).kind).toBe("invalid-data");
    await a.write("x");
    expect((await failure(b.receiveFd(WITHIN))).kind).toBe("invalid-data");
    await a.sendFds([0, 1, 2]);
    expect((await failure(b.receiveFds(1, undefined, WITHIN))).kind).toBe("invalid-data");
    expect(openedSince(before)).toEqual([]);
    const waiting = b.receiveFd(WITHIN);
    await a.close({ timeout: 0 });
    expect((await failure(waiting)).kind).toBe("connection-closed");
    await b.close();
  });

  test("that wait to be sent are duplicated: their owner may close them", async () => {
    const [a, b] = pair();
    const full = new Uint8Array(1 << 16);
    while (a.socket.trySend(full) > 0);
    const [mine, other] = Socket.pair();
    const sending = a.socket.sendMessageAsync({ buffers: [Uint8Array.of(120)], control: [new Rights([mine])] });
    mine.close();
    const buffer = new Uint8Array(1 << 17);
    let fd: number | undefined;
    for (let turn = 0; turn < 1000 && fd === undefined; turn++) {
      const message = await b.socket.receiveMessageAsync({ buffers: [buffer] }, WITHIN);
      fd = message.control.get(Rights)?.take()[0];
    }
    await sending;
    using received = Socket.fromFd(fd ?? -1);
    other.sendAll("still there");
    expect(new TextDecoder().decode(received.receiveBytes(100, WITHIN))).toBe("still there");
    other.close();
    await Promise.all([a.close({ timeout: 0 }), b.close({ timeout: 0 })]);
  });
});

describe("credentials", () => {
  test("of the sender, also of several that are asked for at once; SO_PASSCRED is as it was afterwards", async () => {
    const [a, b] = pair();
    const waiting = [b.receiveCredentials(WITHIN), b.receiveCredentials(WITHIN)];
    await a.sendCredentials();
    sendCredentials(a.socket);
    for (const credentials of await Promise.all(waiting)) expect(credentials.pid).toBe(process.pid);
    expect(b.socket.getOption(SOL_SOCKET, SO_PASSCRED)).toBe(0);
    await Promise.all([a.close(), b.close()]);
  });

  test("a peer that ends before is an error", async () => {
    const [a, b] = pair();
    const waiting = failure(b.receiveCredentials(WITHIN));
    await a.close({ timeout: 0 });
    expect((await waiting).kind).toBe("connection-closed");
    await b.close();
  });
});
