// What the errors say: that the advice can be followed, and that what was meant is named.

import { describe, expect, test } from "bun:test";
import {
  bindHost,
  connectHost,
  createConnection,
  createServer,
  getAddressInfo,
  InetSocketAddress,
  SendBatch,
  Socket,
  SocketError,
} from "../src/index.ts";
import { AF_INET, AF_UNIX, IPPROTO_TCP, SOCK_DGRAM, SOCK_STREAM, TCP_NODELAY } from "../src/constants.ts";
import { throwsKind, throwsNaming, wrong } from "./support/throws.ts";

const posix = process.platform !== "win32";
const linux = process.platform === "linux";

async function rejectionOf(promise: Promise<unknown>): Promise<Error> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Error);
  return error as Error;
}

function portOf({ localAddress }: Socket): number {
  expect(localAddress).toBeInstanceOf(InetSocketAddress);
  return (localAddress as InetSocketAddress).port;
}

function bound(type: number): Socket {
  const socket = new Socket(AF_INET, type);
  socket.bind("127.0.0.1:0");
  return socket;
}

describe("an address in use", () => {
  test.skipIf(!posix)(
    "of a server: no advice to set what is set, and the advice works (needs SO_REUSEPORT)",
    async () => {
      await using first = await createServer({ hostname: "127.0.0.1", port: 0 });
      const port = portOf(first.socket);
      const { message } = await rejectionOf(createServer({ hostname: "127.0.0.1", port }));
      expect(message).toContain(
        "a TCP listener has that address: stop it, pick another port, or set reusePort on both sockets",
      );
      expect(message).not.toContain("allowReuse");
      await using shared = await createServer({ hostname: "127.0.0.1", port: 0, reusePort: true });
      await using other = await createServer({ hostname: "127.0.0.1", port: portOf(shared.socket), reusePort: true });
      expect(other.socket.listening).toBe(true);
    },
  );

  test.skipIf(!posix)("of a socket without SO_REUSEADDR: what that is good for (needs POSIX)", () => {
    using first = bound(SOCK_STREAM);
    first.listen();
    using second = new Socket(AF_INET);
    const { message } = throwsKind(() => second.bind(first.localAddress), "address-in-use");
    expect(message).toContain("where only old connections are left there, { allowReuse: true } helps");
  });
});

describe("what cannot be sent to, be made or be had", () => {
  test.skipIf(!linux)("port 0, with the datagram's index and address (needs Linux)", async () => {
    using socket = bound(SOCK_DGRAM);
    const to = "127.0.0.1:0";
    const advice = "nothing can be sent to port 0";
    expect(throwsKind(() => socket.sendTo("x", to), "invalid-argument").message).toContain(advice);
    expect((await rejectionOf(socket.sendToAsync("x", to))).message).toContain(advice);
    expect(throwsKind(() => socket.sendMessage({ buffers: ["x"], address: to }), "invalid-argument").message).toContain(
      advice,
    );
    const batch = new SendBatch({ capacity: 2, size: 1 });
    batch.push("x", socket.localAddress);
    batch.push("y", to);
    const text = `sendmmsg, datagram 1 to ${to}: invalid argument (EINVAL); ${advice}`;
    expect(socket.sendMessages(batch)).toBe(1);
    expect(batch.pendingError?.message).toStartWith(text);
    expect(`${batch.pendingError?.address}`).toBe(to);
    throwsKind(() => socket.sendMessages(batch), "invalid-argument");
    expect(throwsKind(() => socket.sendMessages(batch), "invalid-argument").message).toStartWith(text);
    expect(throwsKind(() => socket.trySendMessages(batch), "invalid-argument").message).toStartWith(text);
    expect((await rejectionOf(socket.sendMessagesAsync(batch))).message).toStartWith(text);
  });

  test.skipIf(!linux)("a type that is unknown (needs Linux)", () => {
    const error = throwsKind(() => new Socket(AF_INET, 77), "invalid-argument");
    expect(error.message).toContain("the type or the protocol is unknown");
  });

  test.skipIf(!linux)("an option of TCP, on UDP (needs Linux)", () => {
    using socket = bound(SOCK_DGRAM);
    const text = "this socket does not have that option";
    expect(throwsKind(() => socket.getOption(IPPROTO_TCP, TCP_NODELAY), "not-supported").message).toContain(text);
    expect(throwsKind(() => socket.setOption(IPPROTO_TCP, TCP_NODELAY, 1), "not-supported").message).toContain(text);
  });

  test.skipIf(!posix)("a path in a folder that is not there (needs POSIX)", async () => {
    using socket = new Socket(AF_UNIX);
    const path = "/nowhere/at/all";
    expect(throwsKind(() => socket.bind({ path }), "not-found").message).toContain("a folder of that path is missing");
    expect((await rejectionOf(createServer({ path }))).message).toContain("a folder of that path is missing");
  });
});

describe("addresses that are no addresses", () => {
  const refused: readonly (readonly [given: unknown, text: string])[] = [
    ["::1:80", 'needs brackets: write "[::1]:80", or "[::1:80]:80" where that is the address'],
    ["1:2:3:4:5:6:7:8:80", 'needs brackets: write "[1:2:3:4:5:6:7:8]:80"'],
    ["2001:db8::1", 'needs a port: write "[2001:db8::1]:80"'],
    [{ address: "127.0.0.1" }, "not an object with address: port is missing"],
    [{ address: "127.0.0.1", port: undefined }, "not an object with address: port is missing"],
    [{ host: "localhost", port: 80 }, "not an object with host and port: address is missing"],
    [{ port: 80 }, "not an object with port: address is missing"],
    [{}, "not an object with no fields"],
  ];
  test.each(refused)("%p", (given, text) => {
    using socket = new Socket(AF_INET);
    throwsNaming(() => socket.connect(wrong(given)), TypeError, text);
  });
});

describe("hostnames", () => {
  test("in brackets, as URL.hostname gives them", async () => {
    const { hostname } = new URL("http://[::ffff:127.0.0.1]:80/");
    expect(hostname).toStartWith("[");
    const [found] = getAddressInfo(hostname, 80, { type: SOCK_STREAM });
    expect(`${found?.address}`).toBe("[::ffff:127.0.0.1]:80");
    using socket = bindHost({ hostname, port: 0 });
    expect(socket.listen()).toBeUndefined();
    const port = portOf(socket);
    using _connected = connectHost({ hostname, port });
    await using _connection = await createConnection({ hostname, port });
    await using listener = await createServer({ hostname, port: 0 });
    expect(listener.socket.listening).toBe(true);
  });

  test.each(["127.0.0.1:80", "[::1]:80", "localhost:80"])("with a port in them: %s", async (hostname) => {
    const text = `hostname "${hostname}" has a port in it: give "${hostname.replace(/:80$/, "")}" and 80 apart`;
    throwsNaming(() => getAddressInfo(hostname), TypeError, text);
    throwsNaming(() => bindHost({ hostname, port: 0 }), TypeError, text);
    throwsNaming(() => connectHost({ hostname, port: 1 }), TypeError, text);
    for (const promise of [createConnection({ hostname, port: 1 }), createServer({ hostname, port: 0 })]) {
      const error = await rejectionOf(promise);
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toBe(text);
    }
  });

  test("are named when all of their addresses refuse", async () => {
    const [hostname, family] = ["localhost", AF_INET];
    using free = bound(SOCK_STREAM);
    const port = portOf(free);
    free.close();
    for (const error of [
      throwsKind(() => connectHost({ hostname, port, family }), "connection-refused"),
      await rejectionOf(createConnection({ hostname, port, family })),
    ]) {
      expect(error).toBeInstanceOf(SocketError);
      expect(error).toMatchObject({ code: "ECONNREFUSED", syscall: "connect" });
      expect(error.message).toContain(`connect 127.0.0.1:${port}: connection refused`);
      expect(error.message).toContain("of localhost");
    }
    const literal = throwsKind(() => connectHost({ hostname: "127.0.0.1", port }), "connection-refused");
    expect(literal.message).toEndWith("nobody listens there");
  });
});
