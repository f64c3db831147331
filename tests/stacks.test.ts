// What rejects a promise has the stack of those who await it: the event loop, which has found out, is nobody's line.

import { describe, expect, test } from "bun:test";
import {
  connectionFor,
  createConnection,
  createServer,
  getAddressInfoAsync,
  Listener,
  Socket,
  SocketError,
} from "../src/index.ts";
import { AF_INET, SOCK_DGRAM } from "../src/constants.ts";

/** The frames of what an operation rejects with, when it is awaited in `mine`. */
async function framesOf(operation: () => Promise<unknown>): Promise<readonly string[]> {
  async function mine(): Promise<void> {
    await operation();
  }
  try {
    await mine();
  } catch (error) {
    expect(error).toBeInstanceOf(SocketError);
    return ((error as SocketError).stack ?? "").split("\n").filter((line) => line.trimStart().startsWith("at "));
  }
  throw new Error("nothing was rejected");
}

/** A port of this host that nobody listens at. */
function refusing(): string {
  using socket = new Socket(AF_INET);
  socket.bind("127.0.0.1:0");
  return `${socket.localAddress}`;
}

function datagrams(): Socket {
  const socket = new Socket(AF_INET, SOCK_DGRAM);
  socket.bind("127.0.0.1:0");
  return socket;
}

describe("the stack of a rejected promise begins with who awaits it", () => {
  const memory = new Uint8Array(3);
  const timeout = 5;

  test("a connect that is refused, with all of its properties", async () => {
    const address = refusing();
    async function mine(): Promise<void> {
      using socket = new Socket(AF_INET);
      await socket.connectAsync(address);
    }
    const error = await mine().then(
      () => undefined,
      (reason: unknown) => reason as SocketError,
    );
    expect(error).toMatchObject({ kind: "connection-refused", code: "ECONNREFUSED", syscall: "connect" });
    expect(`${error?.address}`).toBe(address);
    const [text, first] = error?.stack?.split("\n") ?? [];
    expect(text).toContain(address);
    expect(first).toMatch(/ mine .*stacks\.test\.ts:\d+:\d+/);
  });

  test("at once, and when it has waited", async () => {
    using socket = datagrams();
    using unconnected = new Socket(AF_INET);
    using listening = new Socket(AF_INET);
    listening.bind("127.0.0.1:0");
    listening.listen();
    const operations: readonly (() => Promise<unknown>)[] = [
      () => unconnected.receiveAsync(memory),
      () => unconnected.sendAllAsync(memory),
      () => unconnected.acceptAsync(),
      () => listening.acceptAsync({ timeout }),
      () => listening.acceptAsync({ timeout: 0 }),
      () => socket.receiveAsync(memory, { timeout }),
      () => socket.receiveBytesAsync(3, { timeout }),
      () => socket.receiveFromAsync(memory, { timeout }),
      () => socket.receiveBytesFromAsync(3, { timeout }),
      () => socket.receiveMessageAsync({ buffers: [memory] }, { timeout }),
      () => socket.sendAsync(memory),
      () => socket.sendMessageAsync({ buffers: [memory] }),
      () => socket.conditionWaitAsync(1, { timeout }),
      () => getAddressInfoAsync("host.invalid", "nosuchservice"),
      () => createConnection({ hostname: "127.0.0.1", port: Number(refusing().split(":")[1]) }),
      () => createServer({ path: "/nowhere/at/all" }),
      () => Listener.from(listening).accept({ timeout }),
    ];
    for (const operation of operations) {
      const [first, second] = await framesOf(operation);
      // a promise that is handed on by an arrow function may leave that as a frame of its own
      expect(`${operation}: ${first?.includes("mine") ? first : second}`).toMatch(/ mine .*stacks\.test\.ts/);
    }
  });

  test("of a connection", async () => {
    const [first, second] = Socket.pair();
    await using connection = connectionFor(first);
    using _other = second;
    expect((await framesOf(() => connection.read(memory, { timeout })))[0]).toMatch(/ mine .*stacks\.test\.ts/);
    while (first.trySend(new Uint8Array(100_000)) >= 0);
    expect((await framesOf(() => connection.write(memory, { timeout })))[0]).toMatch(/ mine .*stacks\.test\.ts/);
    second.close();
  });

  test("where nobody awaits it the error keeps its own", async () => {
    using socket = new Socket(AF_INET);
    const error = await new Promise<SocketError>((resolve) => {
      setTimeout(() => void socket.receiveAsync(memory).catch(resolve));
    });
    expect(error.stack).toContain("\n    at ");
  });

  test("and what is no SocketError is left alone", async () => {
    using socket = datagrams();
    const reason = new Error("enough");
    const { stack } = reason;
    const signal = AbortSignal.abort(reason);
    const error: unknown = await socket.receiveAsync(memory, { signal }).catch((thrown: unknown) => thrown);
    expect(error).toBe(reason);
    expect(reason.stack).toBe(stack ?? "");
  });
});
