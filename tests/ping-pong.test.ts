// Real peers: Python's socket module at the other end, over every kind of socket that both know.

import { describe, expect, test } from "bun:test";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  MSG_WAITALL,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
} from "./support/constants.ts";
import { type InetSocketAddress, Socket, UnixSocketAddress } from "../src/index.ts";
import { havePython, Python } from "./support/peers.ts";
import { addressOf, families, Folder, haveIPv6, loopback, SOON, tcpListener, udpSocket } from "./support/sockets.ts";
import { throwsKind } from "./support/throws.ts";

const soon = { timeout: SOON };

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function portOf(socket: Socket): number {
  return (addressOf(socket) as InetSocketAddress).port;
}

function sha256(bytes: Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}

const pattern = new Uint8Array(new Uint32Array(500_000).map((_, index) => index * 2_654_435_761).buffer);

describe.skipIf(!havePython)("with Python as the peer (skipped without python3)", () => {
  describe.each(families)("TCP over %s", (_, family) => {
    const host = family === AF_INET ? "127.0.0.1" : "::1";
    const pythonFamily = family === AF_INET ? "AF_INET" : "AF_INET6";

    test("as a client: sends all, ends its half, and reads the answer to its end", async () => {
      await using python = new Python(`
s = socket(${pythonFamily}, SOCK_STREAM); s.bind(("${host}", 0)); s.listen()
say(s.getsockname()[1])
c, peer = s.accept()
data = read_all(c)
say(peer[0], peer[1])
c.sendall(f"{len(data)} {hashlib.sha256(data).hexdigest()}".encode())
c.close()
`);
      using client = new Socket(family, SOCK_STREAM);
      client.connect({ address: host, port: await python.number() }, soon);
      expect(client.sendAll(pattern, soon)).toBe(pattern.length);
      client.shutdown({ write: true });
      const answer = client.receiveBytes(1000, { ...soon, flags: MSG_WAITALL });
      expect(text(answer)).toBe(`${pattern.length} ${sha256(pattern)}`);
      expect(client.receive(new Uint8Array(1), soon)).toBe(0);
      expect(await python.line()).toBe(`${host} ${portOf(client)}`);
    });

    test("as a server: reads until the client has ended its half, and answers", async () => {
      using listener = tcpListener(family);
      await using python = new Python(
        `
s = create_connection((sys.argv[1], int(sys.argv[2])))
say(s.getsockname()[1])
s.sendall(bytes(range(256)) * 4000)
s.shutdown(SHUT_WR)
say(read_all(s).decode())
`,
        host,
        portOf(listener),
      );
      using server = listener.accept(soon);
      expect((server.remoteAddress as InetSocketAddress).port).toBe(await python.number());
      const data = server.receiveBytes(2_000_000, { ...soon, flags: MSG_WAITALL });
      expect(data).toHaveLength(1_024_000);
      expect(data.every((byte, index) => byte === (index & 0xff))).toBe(true);
      expect(server.receive(new Uint8Array(1), soon)).toBe(0);
      server.sendAll("grüße", soon);
      server.close();
      expect(await python.line()).toBe("grüße");
    });

    test("plays ping-pong, a thousand times", async () => {
      await using python = new Python(`
s = socket(${pythonFamily}, SOCK_STREAM); s.bind(("${host}", 0)); s.listen()
say(s.getsockname()[1])
c, _ = s.accept()
while ball := c.recv(100, MSG_WAITALL): c.sendall(ball[::-1])
say("over")
`);
      using client = new Socket(family, SOCK_STREAM);
      client.connect({ address: host, port: await python.number() }, soon);
      const ball = new Uint8Array(100).map((_, index) => index);
      const back = new Uint8Array(100);
      for (let round = 0; round < 1000; round++) {
        client.sendAll(ball, soon);
        if (client.receive(back, { ...soon, flags: MSG_WAITALL }) !== 100) throw new Error(`lost in round ${round}`);
      }
      expect(back).toEqual(ball.toReversed());
      client.shutdown({ write: true });
      expect(await python.line()).toBe("over");
    });
  });

  describe("TCP", () => {
    test("that Python resets is connection-closed", async () => {
      using listener = tcpListener();
      await using _python = new Python(
        `
s = create_connection(("127.0.0.1", int(sys.argv[1])))
s.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
s.recv(1)
s.close()
`,
        portOf(listener),
      );
      using server = listener.accept(soon);
      server.sendAll("x");
      expect(throwsKind(() => server.receive(new Uint8Array(1), soon), "connection-closed").code).toBe("ECONNRESET");
      expect(server.remoteAddress).not.toBeNull(); // who it was is remembered
    });

    test("has no credentials", async () => {
      using listener = tcpListener();
      await using python = new Python(
        `s = create_connection(("127.0.0.1", int(sys.argv[1]))); say("there"); s.recv(1)`,
        portOf(listener),
      );
      using server = listener.accept(soon);
      expect(await python.line()).toBe("there");
      throwsKind(() => server.credentials, "not-supported");
    });

    test.skipIf(!haveIPv6)("over IPv4 reaches a dual-stack listener, as v4-mapped (needs IPv6)", async () => {
      using listener = new Socket(AF_INET6, SOCK_STREAM);
      listener.setOption(IPPROTO_IPV6, IPV6_V6ONLY, 0);
      listener.bind("[::]:0");
      listener.listen();
      await using python = new Python(
        `s = create_connection(("127.0.0.1", int(sys.argv[1]))); say(s.getsockname()[1]); s.recv(1)`,
        portOf(listener),
      );
      using server = listener.accept(soon);
      const peer = server.remoteAddress as InetSocketAddress;
      expect(String(peer)).toBe(`[::ffff:127.0.0.1]:${await python.line()}`);
      expect(String(peer.unmapped().address)).toBe("127.0.0.1");
    });
  });

  describe.each(families)("UDP over %s", (_, family) => {
    const host = family === AF_INET ? "127.0.0.1" : "::1";
    const pythonFamily = family === AF_INET ? "AF_INET" : "AF_INET6";

    test("goes there and back, large and empty, and both know who sent it", async () => {
      await using python = new Python(`
s = socket(${pythonFamily}, SOCK_DGRAM); s.bind(("${host}", 0))
say(s.getsockname()[1])
for _ in range(4):
    data, peer = s.recvfrom(65536)
    say(len(data), peer[0], peer[1])
    s.sendto(data[::-1], peer)
`);
      const there = { address: host, port: await python.number() };
      using socket = udpSocket(family);
      for (const data of ["ping", "", "x".repeat(60_000), "pong"]) {
        socket.sendTo(data, there);
        const { data: back, address, truncated } = socket.receiveBytesFrom(65_536, soon);
        expect(text(back)).toBe([...data].toReversed().join(""));
        expect(truncated).toBe(false);
        expect((address as InetSocketAddress).port).toBe(there.port);
        expect(await python.line()).toBe(`${data.length} ${host} ${portOf(socket)}`);
      }
    });

    test("connected, hears of nobody else", async () => {
      await using python = new Python(
        `
s, other = [socket(${pythonFamily}, SOCK_DGRAM) for _ in range(2)]
s.bind(("${host}", 0))
say(s.getsockname()[1])
data, peer = s.recvfrom(100)
other.sendto(b"spoofed", peer)
s.sendto(b"answer", peer)
say("sent")
`,
      );
      using socket = new Socket(family, SOCK_DGRAM);
      socket.bind(loopback(family));
      socket.connect({ address: host, port: await python.number() });
      socket.send("question");
      expect(await python.line()).toBe("sent");
      expect(text(socket.receiveBytes(100, soon))).toBe("answer");
      throwsKind(() => socket.receiveBytes(100, { timeout: 0 }), "would-block");
    });
  });

  const unixNames = [
    ["a path", (folder: Folder) => folder.file("socket")],
    ["an abstract name", (folder: Folder) => `\0${folder.path}`],
  ] as const;
  describe.each([...unixNames])("unix, at %s", (kind, nameIn) => {
    // python takes a NUL neither in its program nor in its arguments
    const pythonName = kind === "a path" ? "sys.argv[1]" : `b"\\0" + os.fsencode(sys.argv[1])`;
    const argument = (name: string): string => name.replace("\0", "");

    test.each([
      ["stream", SOCK_STREAM],
      ["seqpacket", SOCK_SEQPACKET],
    ])("%s to a Python server: who it is, is known on both sides", async (kindName, type) => {
      using folder = new Folder();
      const name = nameIn(folder);
      await using python = new Python(
        `
s = socket(AF_UNIX, SOCK_${kindName.toUpperCase()}); s.bind(${pythonName}); s.listen()
say("listening")
c, _ = s.accept()
say(*struct.unpack("3i", c.getsockopt(SOL_SOCKET, SO_PEERCRED, 12)))
c.send(c.recv(100)[::-1])
c.recv(100)
`,
        argument(name),
      );
      expect(await python.line()).toBe("listening");
      using client = new Socket(AF_UNIX, type);
      client.connect({ path: name }, soon);
      expect(client.remoteAddress?.equals(new UnixSocketAddress(name))).toBe(true);
      const { pid, uid, gid } = client.credentials;
      expect({ pid, uid, gid }).toEqual({
        pid: python.pid,
        uid: process.getuid?.() ?? -1,
        gid: process.getgid?.() ?? -1,
      });
      expect(await python.line()).toBe([process.pid, uid, gid].join(" "));
      client.send(new TextEncoder().encode("ping"));
      expect(text(client.receiveBytes(100, soon))).toBe("gnip");
    });

    test.each([
      ["stream", SOCK_STREAM],
      ["seqpacket", SOCK_SEQPACKET],
    ])("%s from a Python client: who it is, is known", async (kindName, type) => {
      using folder = new Folder();
      const name = nameIn(folder);
      using listener = new Socket(AF_UNIX, type);
      listener.bind({ path: name });
      listener.listen();
      await using python = new Python(
        `
s = socket(AF_UNIX, SOCK_${kindName.toUpperCase()}); s.connect(${pythonName})
s.send(b"first"); s.send(b"second")
s.shutdown(SHUT_WR)
say(s.recv(100).decode())
`,
        argument(name),
      );
      using server = listener.accept(soon);
      expect(server.credentials.pid).toBe(python.pid);
      expect((server.remoteAddress as UnixSocketAddress).anonymous).toBe(true);
      if (type === SOCK_STREAM) {
        expect(text(server.receiveBytes(100, { ...soon, flags: MSG_WAITALL }))).toBe("firstsecond");
      } else {
        expect(text(server.receiveBytes(100, soon))).toBe("first");
        expect(text(server.receiveBytes(100, soon))).toBe("second");
      }
      expect(server.receiveBytes(100, soon)).toHaveLength(0);
      server.sendAll("bye", soon);
      expect(await python.line()).toBe("bye");
    });

    test("datagrams, there and back", async () => {
      using folder = new Folder();
      const name = nameIn(folder);
      await using python = new Python(
        `
s = socket(AF_UNIX, SOCK_DGRAM); s.bind(${pythonName})
say("bound")
for _ in range(2):
    data, peer = s.recvfrom(1000)
    say(repr(peer))
    s.sendto(data[::-1], peer)
`,
        argument(name),
      );
      expect(await python.line()).toBe("bound");
      for (const own of [{ path: folder.file("own") }, new UnixSocketAddress()]) {
        using socket = new Socket(AF_UNIX, SOCK_DGRAM);
        socket.bind(own);
        socket.sendTo("ping", { path: name });
        const { data, address, truncated } = socket.receiveBytesFrom(3, soon);
        expect([text(data), truncated]).toEqual(["gni", true]);
        expect(address?.equals(new UnixSocketAddress(name))).toBe(true);
        const seen = await python.line();
        expect(seen).toStartWith("path" in own && own.path !== undefined ? `'${own.path}'` : "b'\\x00");
      }
    });
  });
});
