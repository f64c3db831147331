// What fails leaves nothing open: every way to fail, a hundred times over.

import { afterAll, describe, expect, test } from "bun:test";
import { closeSync, openSync } from "node:fs";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  IPPROTO_SCTP,
  IPPROTO_UDP,
  POLLIN,
  POLLOUT,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
} from "./support/constants.ts";
import { Cancellable, Socket, SocketRef, UnixSocketAddress } from "../src/index.ts";
import { haveProc, openedBy } from "./support/descriptors.ts";
import { runScript } from "./support/script.ts";
import {
  FullTcpListener,
  FullUnixListener,
  RefusingTcp,
  RefusingUdp,
  reset,
  SOON,
  tcpListener,
  TcpPair,
  udpSocket,
} from "./support/sockets.ts";
import { thrownBy, wrong } from "./support/throws.ts";

const TIMES = 100;
const buffer = new Uint8Array(100);
const WITHIN = { timeout: SOON };

// made once, so that only what fails is counted
const shared = new DisposableStack();
afterAll(() => shared.dispose());
const stream = shared.use(new Socket(AF_INET));
const datagram = shared.use(udpSocket());
const unix = shared.use(new Socket(AF_UNIX));
const listener = shared.use(tcpListener());
const unixListener = shared.use(new Socket(AF_UNIX));
unixListener.bind(new UnixSocketAddress());
unixListener.listen();
const fullTcp = shared.use(new FullTcpListener());
const fullUnix = shared.use(new FullUnixListener());
const refusingTcp = shared.use(new RefusingTcp());
const refusingUdp = shared.use(new RefusingUdp());
const cancelled = shared.use(new Cancellable());
cancelled.cancel();

/** A socket of its own for what can be tried only once with each. */
function withSocket(family: number, type: number, use: (socket: Socket) => unknown): () => unknown {
  return () => {
    using socket = new Socket(family, type);
    return use(socket);
  };
}

const failures: Readonly<Record<string, () => unknown>> = {
  "new Socket of an unknown family": () => new Socket(9999),
  "new Socket of an unknown type": () => new Socket(AF_INET, 99),
  "new Socket of a type that the family lacks": () => new Socket(AF_INET, SOCK_SEQPACKET),
  "new Socket of a protocol that the type lacks": () => new Socket(AF_INET, SOCK_STREAM, IPPROTO_UDP),
  "new Socket of undefined": () => new Socket(wrong(undefined)),
  "Socket.pair of AF_INET": () => Socket.pair(AF_INET),
  "Socket.pair of a protocol that is none": () => Socket.pair(AF_UNIX, SOCK_STREAM, IPPROTO_SCTP),
  "Socket.fromFd of a closed number": () => Socket.fromFd(0x7fff_ffff),
  "Socket.fromFd of a file": () => {
    const fd = openSync("/dev/null", "r");
    try {
      return Socket.fromFd(fd);
    } finally {
      closeSync(fd);
    }
  },
  "Socket.fromFd of 2^32+n": () => Socket.fromFd(2 ** 32 + stream.fd),
  "SocketRef.borrow of a closed number": () => SocketRef.borrow(0x7fff_ffff),
  "bind to an address in use": withSocket(AF_INET, SOCK_DGRAM, (socket) => socket.bind(datagram.localAddress)),
  "bind to somebody else's address": withSocket(AF_INET, SOCK_STREAM, (socket) => socket.bind("203.0.113.77:0")),
  "bind twice": () => datagram.bind("127.0.0.1:0"),
  "bind to a folder that is not there": withSocket(AF_UNIX, SOCK_STREAM, (socket) =>
    socket.bind({ path: "/nowhere/at/all" }),
  ),
  "bind to a path that is too long": () => unix.bind({ path: "x".repeat(108) }),
  "bind to a host name": () => stream.bind("localhost:0"),
  "listen on a datagram socket": () => datagram.listen(),
  "accept when nobody is there": () => listener.accept({ timeout: 0 }),
  "accept that times out": () => listener.accept({ timeout: 0.1 }),
  "accept that is cancelled": () => listener.accept({ cancellable: cancelled }),
  "accept of a socket that does not listen": () => stream.accept(),
  "tryAccept of a socket that does not listen": () => stream.tryAccept(),
  "accept on a unix listener when nobody is there": () => unixListener.accept({ timeout: 0 }),
  "connect that is refused": withSocket(AF_INET, SOCK_STREAM, (socket) => socket.connect(refusingTcp.address, WITHIN)),
  "connect that is pending": withSocket(AF_INET, SOCK_STREAM, (socket) =>
    socket.connect(fullTcp.address, { timeout: 0 }),
  ),
  "connect that times out": withSocket(AF_INET, SOCK_STREAM, (socket) =>
    socket.connect(fullTcp.address, { timeout: 0.1 }),
  ),
  "connect that is cancelled": () => stream.connect(fullTcp.address, { cancellable: cancelled }),
  "connect that fails later": withSocket(AF_INET, SOCK_STREAM, (socket) => {
    thrownBy(() => socket.connect(refusingTcp.address, { timeout: 0 }));
    socket.conditionWait(POLLOUT, WITHIN);
    socket.checkConnectResult();
  }),
  "connect to a unix path that is not there": () => unix.connect({ path: "/nowhere/at/all" }),
  "connect to a full unix listener": () => unix.connect(fullUnix.address, { timeout: 0 }),
  "connect to a full unix listener that times out": () => unix.connect(fullUnix.address, { timeout: 0.1 }),
  "connect to an address of another family": withSocket(AF_INET, SOCK_DGRAM, (socket) => socket.connect("[::1]:9")),
  "checkConnectResult without a connect": () => stream.checkConnectResult(),
  "shutdown without a connection": withSocket(AF_INET, SOCK_STREAM, (socket) => socket.shutdown()),
  "shutdown of nothing": withSocket(AF_INET, SOCK_STREAM, (socket) => socket.shutdown({})),
  "receive when nothing is there": () => datagram.receive(buffer, { timeout: 0 }),
  "receive that times out": () => datagram.receive(buffer, { timeout: 0.1 }),
  "receive that is cancelled": () => datagram.receive(buffer, { cancellable: cancelled }),
  "receive without a connection": () => stream.receive(buffer),
  "receiveFrom when nothing is there": () => datagram.receiveFrom(buffer, { timeout: 0 }),
  "receive of an ICMP answer": withSocket(AF_INET, SOCK_DGRAM, (socket) => {
    socket.connect(refusingUdp.address);
    socket.send("anybody?");
    socket.conditionWait(POLLIN, WITHIN);
    return socket.receive(buffer);
  }),
  "receive of a connection that was reset": () => {
    using pair = new TcpPair();
    reset(pair.client);
    return pair.server.receive(buffer, WITHIN);
  },
  "send without a peer": () => datagram.send("x"),
  "send after the end": () => {
    const [a, b] = Socket.pair();
    using _a = a;
    b.close();
    return a.send(buffer);
  },
  "sendTo of a datagram that is too long": () => datagram.sendTo(new Uint8Array(65_536), datagram.localAddress),
  "sendTo with a family that is not the socket's": () => datagram.sendTo("x", "[::1]:9"),
  "sendAll that times out": () => {
    const [a, b] = Socket.pair();
    using _a = a;
    using _b = b;
    return a.sendAll(new Uint8Array(1 << 20), { timeout: 0 });
  },
  "sendFile of a descriptor that is not open": () => {
    const [a, b] = Socket.pair();
    using _a = a;
    using _b = b;
    return a.sendFile(0x7fff_ffff);
  },
  "conditionWait that times out": () => datagram.conditionWait(POLLIN, { timeout: 0.1 }),
  "conditionWait that is cancelled": () => datagram.conditionWait(POLLIN, { cancellable: cancelled }),
  "getOption of an option that is not there": () => datagram.getOption(SOL_SOCKET, 9999),
  "setOption of an option that is not there": () => datagram.setOption(SOL_SOCKET, 9999, 1),
  "setOption with too few bytes": () => datagram.setOption(SOL_SOCKET, 8, new Uint8Array(1)),
  "an interface that is not there": () => (datagram.multicastInterface = "nope0"),
  "a group on an interface that is not there": () => datagram.joinMulticastGroup("239.1.2.3", { interface: "nope0" }),
  "leaving a group that was not joined": () => datagram.leaveMulticastGroup("239.1.2.3", { interface: "lo" }),
  "ioctl that is none": () => datagram.ioctl(0x8fff),
  "credentials of a socket that has none": () => datagram.credentials,
  "ttl of a unix socket": () => unix.ttl,
  "any call after close": () => {
    const socket = new Socket(AF_INET6, SOCK_DGRAM);
    socket.close();
    return socket.receive(buffer);
  },
  "Cancellable.open of what is no handle": () => Cancellable.open({}),
};

describe.skipIf(!haveProc)("fails a hundred times and leaves nothing open (needs /proc)", () => {
  test.each(Object.entries(failures))("%s", (_, fail) => {
    thrownBy(fail); // once for what is loaded or made at first use
    const opened = openedBy(() => {
      for (let count = 0; count < TIMES; count++) thrownBy(fail);
    });
    expect(opened).toEqual([]);
  });
});

describe.skipIf(!haveProc)("works a hundred times and leaves nothing open (needs /proc)", () => {
  test.each<[string, () => void]>([
    ["a connection from its begin to its end", () => new TcpPair()[Symbol.dispose]()],
    ["a pair", () => Socket.pair().forEach((socket) => socket.close())],
    ["a duplicate", () => datagram.duplicate().close()],
    ["detach and fromFd", () => Socket.fromFd(udpSocket().detach()).close()],
    ["borrow", () => void SocketRef.borrow(datagram).localAddress],
    [
      "a Cancellable that was handed out",
      () => {
        using cancellable = new Cancellable();
        using _there = Cancellable.open(cancellable.handle);
      },
    ],
  ])("%s", (_, use) => {
    use();
    const opened = openedBy(() => {
      for (let count = 0; count < TIMES; count++) use();
    });
    expect(opened).toEqual([]);
  });
});

// Parts of the library are files that are loaded at their first use, which takes a descriptor.
test("with no descriptor left, what was never used before works or is too-many-open-files", async () => {
  const { result } = await runScript(
    `
    const all: InstanceType<typeof Socket>[] = [];
    while (thrown(() => all.push(new Socket(AF_INET, SOCK_DGRAM))) === null);
    const first = all[0];
    report([
      thrown(() => first?.keepalive),
      thrown(() => first?.availableBytes),
      thrown(() => first?.getOption(1, 3)),
      thrown(() => first?.supports("sendmmsg")),
    ]);
  `,
    { through: ["sh", "-c", 'ulimit -n 80 && exec "$0" "$@"'] },
  );
  for (const failure of result as ({ kind?: string } | null)[]) {
    if (failure !== null) expect(failure.kind).toBe("too-many-open-files");
  }
});
