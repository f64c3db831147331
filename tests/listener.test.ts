// createServer, createConnection and Listener: names, races, limits, ends.

import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { AF_INET, AF_INET6 } from "./support/constants.ts";
import { race } from "../src/connection/race.ts";
import { interleave } from "../src/connection/resolve.ts";
import {
  Cancellable,
  createConnection,
  createServer,
  InetSocketAddress,
  Listener,
  Socket,
  SocketError,
  type TcpConnection,
  UnixConnection,
} from "../src/index.ts";
import { haveProc, openDescriptors, openedSince } from "./support/descriptors.ts";
import { runScript } from "./support/script.ts";
import { Folder, haveIPv6 } from "./support/sockets.ts";

const hostname = "127.0.0.1";

async function failure(work: Promise<unknown>): Promise<SocketError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof SocketError) return error;
  throw error ?? new Error("nothing failed");
}

/** A port of loopback at which nobody listens, though it is taken. */
function deadAddress(): { address: InetSocketAddress; socket: Socket } {
  const socket = new Socket(AF_INET);
  socket.bind("127.0.0.1:0");
  return { address: socket.localAddress as InetSocketAddress, socket };
}

/** A listener whose queue is full: a connect to it gets no answer. */
async function silentAddress(stack: DisposableStack): Promise<InetSocketAddress> {
  const listener = stack.use(new Socket(AF_INET));
  listener.bind("127.0.0.1:0");
  listener.listen(0);
  const address = listener.localAddress as InetSocketAddress;
  for (let index = 0; index < 4; index++) {
    const socket = stack.use(new Socket(AF_INET));
    await socket.connectAsync(address, { timeout: 30 }).catch(() => undefined);
  }
  return address;
}

describe("createServer and createConnection", () => {
  test("by name, by address, and dual stack without a name", async () => {
    await using listener = await createServer({ port: 0 });
    const port = listener.port;
    const hosts = haveIPv6 ? ["localhost", hostname, "::1"] : ["localhost", hostname];
    for (const host of hosts) {
      await using client = await createConnection({ hostname: host, port, timeout: 5000 });
      await using server = await listener.accept({ timeout: 5000 });
      await client.write("hello");
      expect(await server.read(new Uint8Array(10), { timeout: 5000 })).toBe(5);
      await client.close({ timeout: 0 });
    }
  });

  test("over a unix path, which is gone with the listener, and an abstract name", async () => {
    using folder = new Folder();
    const path = folder.file("server");
    const listener = await createServer({ path, mode: 0o600 });
    await using client = await createConnection({ path });
    await using server = await listener.accept({ timeout: 5000 });
    const typed: UnixConnection = client; // by its path, without a cast
    expect(typed).toBeInstanceOf(UnixConnection);
    expect(listener.port).toBe(0);
    expect(client.remoteAddress?.toString()).toContain("server");
    await server.close({ timeout: 0 });
    listener.close();
    expect(existsSync(path)).toBe(false);
    const name = `\0berkeley-${process.pid}`;
    await using abstract = await createServer({ path: name });
    await using other = await createConnection({ path: name });
    expect(other.connected && abstract.socket.listening).toBe(true);
    await other.close({ timeout: 0 });
  });

  test("from a local address, which also chooses the family", async () => {
    await using listener = await createServer({ hostname, port: 0 });
    const port = listener.port;
    await using client = await createConnection({ hostname: "localhost", port, localAddress: "127.0.0.1:0" });
    const typed: TcpConnection = client; // by its hostname, without a cast
    expect(typed.noDelay).toBe(true);
    expect(client.localAddress).toBeInstanceOf(InetSocketAddress);
    expect((await failure(createConnection({ hostname: "127.0.0.1", port, family: AF_INET6 }))).kind).toBe(
      "host-not-found",
    );
    await client.close({ timeout: 0 });
  });

  test("wrong arguments reject, and name the argument", async () => {
    const refused = (work: Promise<unknown>): Promise<string> => work.then(String, (error: Error) => error.message);
    expect(await refused(createConnection({ hostname: "localhost", port: 70_000 }))).toContain("port");
    expect(await refused(createConnection({ hostname: "", port: 1 }))).toContain("hostname");
    expect(await refused(createConnection({ port: 1 }))).toContain("hostname");
    expect(await refused(createConnection(undefined as never))).toContain("options");
    expect(await refused(createConnection({ hostname, port: 1, family: 77 }))).toContain("family");
    expect(await refused(createConnection({ hostname, port: 1, timeout: -1 }))).toContain("timeout");
    expect(await refused(createConnection({ hostname, port: 1, signal: 5 as never }))).toContain("signal");
    expect(await refused(createServer({ port: -1 }))).toContain("port");
    expect(await refused(createServer({ port: 0, backlog: 1.5 }))).toContain("backlog");
    expect(await refused(createServer({ port: 0, dualStack: 1 as never }))).toContain("dualStack");
  });

  test("a port that is taken, a host without an address of the family, nobody who listens", async () => {
    await using listener = await createServer({ hostname, port: 0 });
    expect((await failure(createServer({ hostname, port: listener.port }))).kind).toBe("address-in-use");
    // a number of the other family: no name server is asked, which may not be there
    const unknown = createConnection({ hostname: "::1", family: AF_INET, port: 1 });
    expect((await failure(unknown)).kind).toBe("host-not-found");
    const { address, socket } = deadAddress();
    using _ = socket;
    expect((await failure(createConnection({ hostname, port: address.port }))).kind).toBe("connection-refused");
  });

  test("a timeout, a signal and a Cancellable end it, and leave no descriptor behind", async () => {
    using stack = new DisposableStack();
    const { port } = await silentAddress(stack);
    const before = openDescriptors();
    expect((await failure(createConnection({ hostname, port, timeout: 20 }))).kind).toBe("timed-out");
    const abort = new AbortController();
    const aborted = createConnection({ hostname, port, signal: abort.signal }).catch((reason: unknown) => reason);
    setImmediate(() => abort.abort("enough"));
    expect(await aborted).toBe("enough");
    expect(await createConnection({ hostname, port, signal: abort.signal }).catch((reason: unknown) => reason)).toBe(
      "enough",
    );
    using cancellable = new Cancellable();
    const cancelled = failure(createConnection({ hostname, port, cancellable }));
    setImmediate(() => cancellable.cancel());
    expect((await cancelled).kind).toBe("cancelled");
    expect(openedSince(before)).toEqual([]);
  });
});

describe("Happy Eyeballs", () => {
  const signal = new AbortController().signal;
  const localAddress = undefined;

  test("families in turn, IPv6 first, each in its own order", () => {
    const four = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map((text) => new InetSocketAddress(text, 1));
    const six = ["2001:db8::1", "2001:db8::2"].map((text) => new InetSocketAddress(text, 1));
    expect(interleave([...four, ...six]).map(({ address }) => address.toString())).toEqual([
      "2001:db8::1",
      "192.0.2.1",
      "2001:db8::2",
      "192.0.2.2",
      "192.0.2.3",
    ]);
  });

  test("an address that gives no answer does not hold up the next, one that refuses not at all", async () => {
    using stack = new DisposableStack();
    await using listener = await createServer({ hostname, port: 0 });
    const alive = listener.localAddress as InetSocketAddress;
    const silent = await silentAddress(stack);
    const { address: dead, socket } = deadAddress();
    stack.use(socket);
    const before = openDescriptors();
    using first = await race({ addresses: [silent, alive], delay: 20, localAddress, signal });
    expect(first.remoteAddress?.toString()).toBe(alive.toString());
    using second = await race({ addresses: [dead, alive], delay: 60_000, localAddress, signal });
    expect(second.remoteAddress?.toString()).toBe(alive.toString());
    expect(openedSince(before)).toHaveLength(2);
  });

  test("when all fail the last error is thrown, with all of them as its cause", async () => {
    const one = deadAddress();
    const two = deadAddress();
    const addresses = [one.address, two.address];
    const error = await failure(race({ addresses, delay: 250, localAddress, signal }));
    expect(error.kind).toBe("connection-refused");
    expect(error.address?.toString()).toBe(two.address.toString());
    expect((error.cause as AggregateError).errors).toHaveLength(2);
    one.socket.close();
    two.socket.close();
  });
});

describe("Listener", () => {
  test("tells its port, until it is closed", async () => {
    const listener = await createServer({ hostname, port: 0 });
    const { localAddress } = listener.socket;
    expect(listener.port).toBe((localAddress as InetSocketAddress).port);
    expect(listener.port).toBeGreaterThan(0);
    listener.close();
    expect(() => listener.port).toThrow("closed");
  });

  test("of both families gives v4-mapped addresses, one of IPv4 only does not", async () => {
    for (const [host, expected] of [
      [undefined, haveIPv6 ? "[::ffff:127.0.0.1]" : hostname] as const,
      ["0.0.0.0", hostname] as const,
    ]) {
      await using listener = await createServer({ hostname: host, port: 0 });
      await using client = await createConnection({ hostname, port: listener.port });
      await using server = await listener.accept({ timeout: 5000 });
      expect(String(server.remoteAddress)).toBe(`${expected}:${(client.localAddress as InetSocketAddress).port}`);
      await client.close({ timeout: 0 });
    }
  });

  test("iterates until it is closed; leaving a loop does not close it", async () => {
    const listener = await createServer({ hostname, port: 0 });
    const port = listener.port;
    const clients = await Promise.all([1, 2, 3].map(() => createConnection({ hostname, port })));
    for await (const connection of listener) {
      await connection.close({ timeout: 0 });
      break;
    }
    expect(listener.socket.closed).toBe(false);
    let count = 0;
    for await (const connection of listener) {
      await connection.close({ timeout: 0 });
      if (++count === 2) listener.close();
    }
    expect(count).toBe(2);
    expect((await failure(listener.accept())).kind).toBe("closed");
    for (const client of clients) await client.close({ timeout: 0 });
  });

  test("is made of a listening socket only", () => {
    using socket = new Socket(AF_INET);
    expect(() => Listener.from(socket)).toThrow("call listen() first");
    expect(() => Listener.from(5 as never)).toThrow("socket must be a Socket");
  });

  test("survives the exhaustion of descriptors without spinning, and accepts when there are some again", async () => {
    const { result } = await runScript(`
      import { openSync, closeSync } from "node:fs";
      const listener = await berkeley.createServer({ hostname: "127.0.0.1", port: 0 });
      const port = listener.localAddress.port;
      const client = new Socket(AF_INET); // made while there are some left
      await client.connectAsync("127.0.0.1:" + port);
      const taken = [];
      process.on("warning", () => {});
      try { for (;;) taken.push(openSync("/dev/null")); } catch {}
      const accepting = listener.accept();
      const before = process.cpuUsage();
      await Bun.sleep(200);
      const { user, system } = process.cpuUsage(before);
      taken.forEach((fd) => closeSync(fd));
      const connection = await accepting;
      report({ accepted: connection.connected, calm: user + system < 100_000 });
      process.exit(0);
    `);
    expect(result).toEqual({ accepted: true, calm: true });
  });

  test.skipIf(!haveProc)(
    "waits for descriptors as long as it may, and no longer (skipped where there is no limit)",
    async () => {
      const { result } = await runScript(`
      import { openSync } from "node:fs";
      const listener = await berkeley.createServer({ hostname: "127.0.0.1", port: 0 });
      using client = new Socket(AF_INET);
      await client.connectAsync("127.0.0.1:" + listener.localAddress.port);
      process.on("warning", () => {});
      const taken = [];
      try { for (;;) taken.push(openSync("/dev/null")); } catch {}
      const ended = (options) => listener.accept(options).then(() => "accepted", (error) => error.kind ?? error);
      const found = [
        await ended({ timeout: 50 }),
        await ended({ timeout: 0 }),
        await ended({ flags: berkeley.MSG_DONTWAIT }),
      ];
      using cancellable = new berkeley.Cancellable();
      setTimeout(() => cancellable.cancel(), 20);
      found.push(await ended({ cancellable }));
      found.push(await ended({ cancellable }));
      const controller = new AbortController();
      setTimeout(() => controller.abort("enough"), 20);
      found.push(await ended({ signal: controller.signal }));
      listener.socket.unref();
      void listener.accept(); // keeps nobody from ending
      report({ found });
    `);
      expect(result).toEqual({
        found: ["timed-out", "would-block", "would-block", "cancelled", "cancelled", "enough"],
      });
    },
  );
});

describe("options that say nothing about an address", () => {
  const unix = { path: "/nowhere/berkeley-refused" };
  const cases: readonly (readonly [string, () => Promise<unknown>])[] = [
    ["hostname", () => createServer({ ...unix, hostname })],
    ["port", () => createServer({ ...unix, port: 9 })],
    ["reusePort", () => createServer({ ...unix, reusePort: true })],
    ["dualStack", () => createServer({ ...unix, dualStack: false })],
    ["mode", () => createServer({ path: "\0berkeley-refused", mode: 0o600 })],
    ["mode", () => createServer({ hostname, port: 0, mode: 0o600 })],
    ["dualStack", () => createServer({ hostname, port: 0, dualStack: true })],
    ["hostname", () => createConnection({ ...unix, hostname: "nosuch.invalid" })],
    ["port", () => createConnection({ ...unix, port: 70_000 })],
    ["localAddress", () => createConnection({ ...unix, localAddress: "garbage" })],
    ["family", () => createConnection({ ...unix, family: 99 })],
    ["attemptDelay", () => createConnection({ ...unix, attemptDelay: 100 })],
  ];

  test.each(cases.map(([name, action], index) => [`${name} (${index})`, name, action] as const))(
    "are refused, not ignored: %s",
    async (_, name, action) => {
      const error: unknown = await action().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(TypeError);
      expect((error as TypeError).message).toStartWith(`${name} `);
    },
  );
});
