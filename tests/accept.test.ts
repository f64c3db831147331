// accept(2): the next connection of a listener, who it comes from, and what there is when there is none.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  AF_INET,
  AF_UNIX,
  IPPROTO_MPTCP,
  IPPROTO_TCP,
  dontWait,
  POLLIN,
  SO_PROTOCOL,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
} from "./support/constants.ts";
import { Cancellable, Socket, UnixSocketAddress } from "../src/index.ts";
import { Thread } from "./support/thread.ts";
import { flagsOf } from "./support/descriptors.ts";
import { runScript } from "./support/script.ts";
import { canMake, families, loopback, reset, SOON, Sockets, tcpListener, udpSocket } from "./support/sockets.ts";
import { throwsKind, throwsNaming, wrong } from "./support/throws.ts";

let other: Thread;
beforeAll(async () => {
  other = await Thread.start();
});
afterAll(() => other[Symbol.asyncDispose]());

function connected(listener: Socket): Socket {
  const client = new Socket(listener.family, listener.type);
  client.connect(listener.localAddress, { timeout: SOON });
  return client;
}

describe.each(families)("accept over %s", (_, family) => {
  test("gives a connected socket of the listener's kind, ready for use", () => {
    using listener = tcpListener(family);
    using client = connected(listener);
    using server = listener.accept({ timeout: SOON });
    expect(server).toMatchObject({
      family,
      type: SOCK_STREAM,
      protocol: IPPROTO_TCP,
      connected: true,
      listening: false,
      closed: false,
    });
    expect(flagsOf(server.fd)).toEqual({ nonblocking: true, closeOnExec: true });
    client.sendAll("hello");
    expect(new TextDecoder().decode(server.receiveBytes(10, { timeout: SOON }))).toBe("hello");
  });

  test("tells the peer", () => {
    using listener = tcpListener(family);
    using client = connected(listener);
    using server = listener.accept({ timeout: SOON });
    expect(server.remoteAddress?.equals(client.localAddress)).toBe(true);
    expect(server.localAddress.equals(listener.localAddress)).toBe(true);
  });

  test("gives a connection that was reset while it was queued too: its peer is known, and reading it tells", () => {
    using listener = tcpListener(family);
    const client = connected(listener);
    const address = client.localAddress;
    reset(client);
    using server = listener.accept({ timeout: SOON });
    // getpeername(2) says ENOTCONN by now; accept4(2) had told
    expect(server.remoteAddress?.equals(address)).toBe(true);
    const error = throwsKind(() => server.receive(new Uint8Array(1), { timeout: SOON }), "connection-closed");
    expect(error.code).toBe("ECONNRESET");
    expect(server.remoteAddress?.equals(address)).toBe(true);
  });

  test("gives a connection that was ended while it was queued too, with what was sent on it", () => {
    using listener = tcpListener(family);
    const client = connected(listener);
    client.sendAll("bye");
    client.close();
    using server = listener.accept({ timeout: SOON });
    expect(server.receiveBytes(10, { timeout: SOON })).toHaveLength(3);
    expect(server.receive(new Uint8Array(10), { timeout: SOON })).toBe(0);
  });

  test("gives connections in the order in which they came", () => {
    using listener = tcpListener(family);
    using sockets = new Sockets();
    const clients = [1, 2, 3].map(() => sockets.add(connected(listener)));
    const servers = clients.map(() => sockets.add(listener.accept({ timeout: SOON })));
    expect(servers.map((server) => String(server.remoteAddress))).toEqual(
      clients.map((client) => String(client.localAddress)),
    );
  });
});

describe("accept on a unix socket", () => {
  test.each([
    ["stream", SOCK_STREAM],
    ["seqpacket", SOCK_SEQPACKET],
  ])("tells the name of a %s client that has one, and an anonymous address otherwise", (_, type) => {
    using listener = new Socket(AF_UNIX, type);
    listener.bind(new UnixSocketAddress());
    listener.listen();
    using unnamed = connected(listener);
    using named = new Socket(AF_UNIX, type);
    named.bind(new UnixSocketAddress());
    named.connect(listener.localAddress);
    using first = listener.accept({ timeout: SOON });
    expect(first.remoteAddress).toMatchObject({ anonymous: true });
    expect(unnamed.remoteAddress?.equals(listener.localAddress)).toBe(true);
    using second = listener.accept({ timeout: SOON });
    expect(second.remoteAddress?.equals(named.localAddress)).toBe(true);
    expect(second.type).toBe(type);
  });
});

describe("an accepted socket", () => {
  test("has the defaults for blocking, timeout and backlog, not the listener's", () => {
    using listener = tcpListener();
    listener.blocking = false;
    listener.timeout = 1;
    listener.listenBacklog = 3;
    using _client = connected(listener);
    listener.conditionWait(POLLIN, { timeout: SOON });
    using server = listener.accept();
    expect(server).toMatchObject({ blocking: true, timeout: Infinity, listenBacklog: 10 });
  });

  test.skipIf(!canMake(AF_INET, SOCK_STREAM, IPPROTO_MPTCP))(
    "has the kernel's protocol: TCP, when a TCP client comes to an MPTCP listener (needs MPTCP)",
    () => {
      using listener = new Socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);
      listener.bind(loopback(AF_INET));
      listener.listen();
      expect(listener.protocol).toBe(IPPROTO_MPTCP); // asked for, and so known
      for (const protocol of [IPPROTO_TCP, IPPROTO_MPTCP]) {
        using client = new Socket(AF_INET, SOCK_STREAM, protocol);
        client.connect(listener.localAddress, { timeout: SOON });
        using server = listener.accept({ timeout: SOON });
        expect(server.protocol).toBe(protocol);
        expect(server.getOption(SOL_SOCKET, SO_PROTOCOL)).toBe(protocol);
      }
    },
  );
});

describe("accept when nobody is there", () => {
  test("waits until somebody comes", () => {
    using listener = tcpListener();
    other.connect(listener.localAddress);
    using server = listener.accept({ timeout: SOON });
    expect(new TextDecoder().decode(server.receiveBytes(10, { timeout: SOON }))).toBe("hello");
    expect(server.receiveBytes(10, { timeout: SOON })).toHaveLength(0);
  });

  test("fails with would-block where it may not wait", () => {
    using listener = tcpListener();
    for (const options of [{ timeout: 0 }, { blocking: false }, dontWait]) {
      const error = throwsKind(() => listener.accept(options), "would-block");
      expect(error).toMatchObject({ code: "EAGAIN", syscall: "accept" });
    }
    listener.blocking = false;
    throwsKind(() => listener.accept(), "would-block");
  });

  test("fails with timed-out at the end of its budget", () => {
    using listener = tcpListener();
    const start = performance.now();
    const error = throwsKind(() => listener.accept({ timeout: 20 }), "timed-out");
    expect(performance.now() - start).toBeGreaterThanOrEqual(20);
    expect(error).toMatchObject({ code: "ETIMEDOUT", errno: 0, syscall: "poll" });
    expect(error.message).toContain("accept: nothing happened within 20 ms");
    listener.timeout = 5;
    throwsKind(() => listener.accept(), "timed-out");
  });

  test("tryAccept gives null, and the connection once there is one", () => {
    using listener = tcpListener();
    expect(listener.tryAccept()).toBeNull();
    using client = connected(listener);
    listener.conditionWait(POLLIN, { timeout: SOON });
    using server = listener.tryAccept();
    expect(server?.remoteAddress?.equals(client.localAddress)).toBe(true);
    expect(server?.connected).toBe(true);
    expect(listener.tryAccept()).toBeNull();
  });
});

describe("a Cancellable", () => {
  test("that is cancelled wins over a connection that waits, which stays in the queue", () => {
    using listener = tcpListener();
    using _client = connected(listener);
    using cancellable = new Cancellable();
    cancellable.cancel();
    const error = throwsKind(() => listener.accept({ cancellable }), "cancelled");
    expect(error).toMatchObject({ code: "ECANCELED", syscall: "accept" });
    listener.accept({ timeout: SOON }).close();
  });

  test("that another thread cancels ends a wait", () => {
    using listener = tcpListener();
    using cancellable = new Cancellable();
    other.cancel(cancellable);
    throwsKind(() => listener.accept({ cancellable, timeout: SOON }), "cancelled");
  });
});

describe("accept on a socket that does not listen", () => {
  test("is invalid-argument, and says to listen", () => {
    using socket = new Socket(AF_INET);
    socket.bind("127.0.0.1:0");
    for (const accept of [() => socket.accept(), () => socket.tryAccept()]) {
      const error = throwsKind(accept, "invalid-argument");
      expect(error).toMatchObject({ code: "EINVAL", syscall: "accept" });
      expect(error.message).toBe("accept: invalid argument (EINVAL); call listen() first");
    }
  });

  test("is not-supported where none could listen", () => {
    using socket = udpSocket();
    for (const accept of [() => socket.accept(), () => socket.tryAccept()]) {
      expect(throwsKind(accept, "not-supported").message).toContain("only stream and seqpacket sockets accept");
    }
  });
});

test("wrong options are a TypeError, and the connection stays in the queue", () => {
  using listener = tcpListener();
  using _client = connected(listener);
  listener.conditionWait(POLLIN, { timeout: SOON });
  throwsNaming(() => listener.accept(wrong(null)), TypeError, "options must be an object");
  throwsNaming(() => listener.accept({ timeout: wrong("5") }), TypeError, "timeout");
  throwsNaming(() => listener.accept({ timeout: -1 }), RangeError, "timeout");
  throwsNaming(() => listener.accept({ blocking: wrong(1) }), TypeError, "blocking");
  throwsNaming(() => listener.accept({ cancellable: wrong({}) }), TypeError, "cancellable");
  throwsNaming(() => listener.accept({ blocking: true, timeout: 0 }), TypeError, "contradict");
  throwsNaming(() => listener.accept({ blocking: false, timeout: 5 }), TypeError, "contradict");
  throwsNaming(() => listener.accept(wrong({ signal: AbortSignal.abort() })), TypeError, "signal");
  listener.accept({ timeout: SOON }).close();
});

test("with no descriptor left it is too-many-open-files; nothing leaks, and the connection can be taken later", async () => {
  const { result } = await runScript(
    `
    const listener = new Socket(AF_INET);
    listener.bind("127.0.0.1:0");
    listener.listen();
    const client = new Socket(AF_INET);
    client.connect(listener.localAddress);
    using cancellable = new Cancellable();
    const before = descriptors();
    const fillers: InstanceType<typeof Socket>[] = [];
    let made;
    while ((made = thrown(() => fillers.push(new Socket(AF_INET, SOCK_DGRAM)))) === null);
    const waiting = thrown(() => fillers[0]?.receive(new Uint8Array(1), { timeout: 0 }));
    const failures = {
      made,
      accept: thrown(() => listener.accept({ timeout: 1000 })),
      tryAccept: thrown(() => listener.tryAccept()),
      duplicate: thrown(() => listener.duplicate()),
      pair: thrown(() => Socket.pair()),
      handle: thrown(() => cancellable.handle),
    };
    for (let round = 0; round < 50; round++) thrown(() => listener.accept({ timeout: 1000 }));
    fillers.pop()?.close();
    const halfPair = thrown(() => Socket.pair()); // one is left, two are wanted
    fillers.push(new Socket(AF_INET, SOCK_DGRAM)); // the one is still there
    for (const filler of fillers) filler.close();
    const accepted = listener.accept({ timeout: 1000 });
    report({
      failures: { ...failures, halfPair },
      accepted: String(accepted.remoteAddress) === String(client.localAddress),
      leaked: descriptors() - before - 1,
      waiting,
    });
  `,
    { through: ["sh", "-c", 'ulimit -n 80 && exec "$0" "$@"'] },
  );
  const { failures, accepted, leaked, waiting } = result as {
    failures: Record<string, { kind: string; code: string; message: string } | null>;
    accepted: boolean;
    leaked: number;
    waiting: unknown;
  };
  for (const [what, failure] of Object.entries(failures)) {
    expect([what, failure]).toMatchObject([what, { kind: "too-many-open-files", code: "EMFILE" }]);
    expect(failure?.message).toContain("raise the limit (ulimit -n)");
  }
  expect(waiting).toMatchObject({ kind: "would-block", code: "EAGAIN" }); // errors keep their names all the same
  expect(accepted).toBe(true);
  expect(leaked).toBe(0);
});
