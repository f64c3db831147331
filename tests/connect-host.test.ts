// connectHost and bindHost: names resolved, each address tried in order.

import { describe, expect, test } from "bun:test";
import {
  AF_INET,
  AF_INET6,
  bindHost,
  Cancellable,
  connectHost,
  getAddressInfo,
  InetSocketAddress,
  Socket,
  SOCK_DGRAM,
  SOCK_STREAM,
  SO_REUSEADDR,
  SOL_SOCKET,
} from "../src/index.ts";
import { openDescriptors, openedSince } from "./support/descriptors.ts";
import { runChild } from "./support/child.ts";
import { haveIPv6 } from "./support/sockets.ts";
import { throwsKind, throwsNaming, wrong } from "./support/throws.ts";

function portOf(socket: Socket): number {
  return (socket.localAddress as InetSocketAddress).port;
}

/** A port of 127.0.0.1 that is taken, and at which nobody listens. */
function deadSocket(): Socket {
  const socket = new Socket(AF_INET);
  socket.bind("127.0.0.1:0");
  return socket;
}

describe("bindHost and connectHost", () => {
  test("a server and a client by name", () => {
    using server = bindHost({ hostname: "localhost", port: 0 });
    server.listen();
    using client = connectHost({ hostname: "localhost", port: portOf(server), family: server.family, timeout: 3000 });
    using accepted = server.accept({ timeout: 3000 });
    client.sendAll("hello");
    expect(accepted.receiveBytes(100, { timeout: 3000 }).length).toBe(5);
    expect(client.type).toBe(SOCK_STREAM);
  });

  test("datagram sockets too, with a port as text", () => {
    using server = bindHost({ hostname: "127.0.0.1", port: "0", type: SOCK_DGRAM });
    using client = connectHost({ hostname: "127.0.0.1", port: String(portOf(server)), type: SOCK_DGRAM });
    client.send("x");
    expect(server.receive(new Uint8Array(9), { timeout: 3000 })).toBe(1);
  });

  test("without a hostname: bound to all addresses, connected to this host", () => {
    using server = bindHost({ port: 0, family: AF_INET });
    expect((server.localAddress as InetSocketAddress).address.isAny).toBe(true);
    server.listen();
    using client = connectHost({ port: portOf(server), family: AF_INET, timeout: 3000 });
    expect((client.remoteAddress as InetSocketAddress).address.isLoopback).toBe(true);
  });

  test("the first address that works is taken, in the resolver's order", () => {
    const [first] = getAddressInfo(null, 0, { type: SOCK_STREAM, flags: 1 });
    using server = bindHost({ port: 0 });
    expect(server.family).toBe(first?.family ?? 0);
  });

  test("SO_REUSEADDR is on for streams only, unless it is said otherwise", () => {
    const reuse = (type: number, allowReuse?: boolean): boolean => {
      using socket = bindHost({ hostname: "127.0.0.1", port: 0, type, allowReuse });
      return Number(socket.getOption(SOL_SOCKET, SO_REUSEADDR)) !== 0;
    };
    expect([reuse(SOCK_STREAM), reuse(SOCK_DGRAM), reuse(SOCK_STREAM, false), reuse(SOCK_DGRAM, true)]).toEqual([
      ...[true, false, false, true],
    ]);
  });

  test("localAddress is what the connection comes from", () => {
    using server = bindHost({ hostname: "127.0.0.1", port: 0 });
    server.listen();
    using client = connectHost({
      ...{ hostname: "127.0.0.1", port: portOf(server), timeout: 3000 },
      localAddress: "127.0.0.1:0",
    });
    expect(portOf(client)).not.toBe(portOf(server));
  });

  test("nobody listens: the error of the last address, and nothing is left open", () => {
    using dead = deadSocket();
    const before = openDescriptors();
    const attempt = (): unknown => connectHost({ hostname: "127.0.0.1", port: portOf(dead), timeout: 3000 });
    expect(throwsKind(attempt, "connection-refused").address?.toString()).toBe(`127.0.0.1:${portOf(dead)}`);
    expect(openedSince(before)).toEqual([]);
  });

  test("a port that is taken: address-in-use; an address that is not ours: address-not-available", () => {
    using dead = deadSocket();
    throwsKind(() => bindHost({ hostname: "127.0.0.1", port: portOf(dead), allowReuse: false }), "address-in-use");
    throwsKind(() => bindHost({ hostname: "192.0.2.1", port: 0 }), "address-not-available");
  });

  test("an unknown name: host-not-found", () => {
    throwsKind(() => connectHost({ hostname: "", port: 80 }), "host-not-found");
  });

  test("one budget for all attempts; a cancelled Cancellable wins", () => {
    using full = new Socket(AF_INET); // takes no more connections: connects to it are not answered
    full.bind("127.0.0.1:0");
    full.listen(0);
    using first = new Socket(AF_INET);
    first.connect(full.localAddress);
    const goal = { hostname: "127.0.0.1", port: portOf(full) };
    throwsKind(() => connectHost({ ...goal, timeout: 20 }), "timed-out");
    using cancellable = new Cancellable();
    cancellable.cancel();
    throwsKind(() => connectHost({ ...goal, cancellable }), "cancelled");
  });

  test("wrong arguments are refused", () => {
    throwsNaming(() => connectHost(wrong(undefined)), TypeError, "options");
    throwsNaming(() => connectHost(wrong({ hostname: "localhost" })), TypeError, "port");
    throwsNaming(() => connectHost({ hostname: "localhost", port: 65_536 }), RangeError, "port");
    throwsNaming(() => connectHost({ port: 1, timeout: -1 }), RangeError, "timeout");
    throwsNaming(() => bindHost({ port: 0, allowReuse: wrong(1) }), TypeError, "allowReuse");
    throwsNaming(() => bindHost({ port: 0, type: wrong("stream") }), TypeError, "type");
  });

  const canUnshare =
    process.platform === "linux" && Bun.spawnSync(["unshare", "-n", "-m", "mount", "--make-rprivate", "/"]).success;
  test.skipIf(!canUnshare || !haveIPv6)(
    "of two addresses the second is tried when the first refuses, and both errors are told when both do (needs root, unshare(1) and IPv6)",
    async () => {
      const hosts = String.raw`::1 both\n127.0.0.1 both\n`;
      const setUp = `ip link set lo up && mount -t tmpfs none /mnt && printf '${hosts}' > /mnt/hosts && mount --bind /mnt/hosts /etc/hosts && exec "$0" "$@"`;
      const { report } = await runChild(
        `
        const server = berkeley.bindHost({ hostname: "127.0.0.1", port: 0 });
        const port = server.localAddress.port;
        let cause;
        try { berkeley.connectHost({ hostname: "both", port }); } catch (error) { cause = error.cause; }
        server.listen();
        const client = berkeley.connectHost({ hostname: "both", port, timeout: 3000 });
        report([cause.errors.map((error) => error.kind), client.family === AF_INET]);`,
        { through: ["unshare", "-n", "-m", "sh", "-c", setUp] },
      );
      expect(report).toEqual([["connection-refused", "connection-refused"], true]);
    },
  );

  test("an IPv6 literal makes an IPv6 socket", () => {
    if (!haveIPv6) return;
    using server = bindHost({ hostname: "::1", port: 0 });
    expect(server.family).toBe(AF_INET6);
  });
});
