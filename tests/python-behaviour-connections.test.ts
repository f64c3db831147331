// How Python's socket module connects and listens, one behaviour after the other: B2 and B7 of ../shared/facts/python-socket.md.
// Where berkeley does otherwise on purpose, the test says "unlike Python".

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { errnoNumber } from "../ffi/errno.ts";
import {
  AF_INET,
  AF_UNIX,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  POLLOUT,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
} from "./support/constants.ts";
import {
  createServer,
  type CreateServerOptions,
  hasDualStackIPv6,
  InetSocketAddress,
  Socket,
  type SocketAddressLike,
  type SocketError,
  type UnixSocketAddress,
} from "../src/index.ts";
import * as option from "../src/options.ts";
import { moduleOf, runChild } from "./support/child.ts";
import { haveProc, openDescriptors, openedSince } from "./support/descriptors.ts";
import { rejectsKind } from "./support/loop.ts";
import { havePython } from "./support/peers.ts";
import { noPython, pythonSays } from "./support/python-behaviour.ts";
import {
  Folder,
  FullTcpListener,
  FullUnixListener,
  haveIPv6,
  RefusingTcp,
  SOON,
  UdpPair,
  udpSocket,
} from "./support/sockets.ts";
import { thrownBy, throwsKind } from "./support/throws.ts";

setDefaultTimeout(30_000); // of work, not of waiting: there may be machines that are slow, or busy

const soon = { timeout: SOON };
const EADDRINUSE = errnoNumber("EADDRINUSE");
let folder: Folder;
beforeAll(() => {
  folder = new Folder();
});
afterAll(() => folder[Symbol.dispose]());

/** How long something took, in milliseconds. */
function took(action: () => unknown): number {
  const start = performance.now();
  action();
  return performance.now() - start;
}

function portOf(socket: { readonly localAddress: unknown }): number {
  return (socket.localAddress as InetSocketAddress).port;
}

describe("B2 connect", () => {
  test.skipIf(!havePython)(`B2 errors have the numbers that Python's connect_ex gives${noPython}`, async () => {
    using dead = new RefusingTcp();
    const { port } = dead.address as unknown as { port: number };
    const file = folder.file("no socket");
    writeFileSync(file, "");
    const attempts: readonly (readonly [family: number, type: number, address: SocketAddressLike])[] = [
      [AF_INET, SOCK_STREAM, dead.address],
      [AF_UNIX, SOCK_STREAM, { path: folder.file("nothing") }],
      [AF_UNIX, SOCK_STREAM, { path: file }],
      [AF_INET, SOCK_DGRAM, "255.255.255.255:9"],
    ];
    const ours = attempts.map(([family, type, address]) => {
      using socket = new Socket(family, type);
      return -(thrownBy(() => socket.connect(address)) as SocketError).errno;
    });
    const theirs = await pythonSays(
      `
port, missing, file = int(sys.argv[1]), sys.argv[2], sys.argv[3]
result = [socket().connect_ex(("127.0.0.1", port)), socket(AF_UNIX).connect_ex(missing), socket(AF_UNIX).connect_ex(file),
    socket(AF_INET, SOCK_DGRAM).connect_ex(("255.255.255.255", 9))]`,
      ...[port, folder.file("nothing"), file],
    );
    expect(ours).toEqual(theirs as number[]);
  });

  test("B2 a connect that times out goes on in the kernel, and its end can be asked for", () => {
    using full = new FullTcpListener();
    using socket = new Socket(AF_INET);
    throwsKind(() => socket.connect(full.address, { timeout: 20 }), "timed-out");
    throwsKind(() => socket.checkConnectResult(), "pending");
    throwsKind(() => socket.connect(full.address, { timeout: 0 }), "pending"); // not another one
    full.accept();
    expect(socket.conditionWait(POLLOUT, soon) & POLLOUT).toBe(POLLOUT);
    socket.checkConnectResult();
    expect(socket.connected).toBe(true);
    expect(thrownBy(() => socket.connect(full.address))).toMatchObject({ code: "EISCONN" });
  });

  test.skipIf(!havePython)(
    `B2 unlike Python, which fails at once, a unix listener whose queue is full is waited for${noPython}`,
    async () => {
      using full = new FullUnixListener();
      const name = (full.address as unknown as UnixSocketAddress).abstractName as Uint8Array;
      const theirs = await pythonSays(
        `s = socket(AF_UNIX); s.settimeout(5); result = fails(lambda: s.connect(b"\\0" + bytes.fromhex(sys.argv[1])))`,
        name.toHex(),
      );
      expect(theirs).toEqual(["BlockingIOError", errnoNumber("EAGAIN")]);
      using socket = new Socket(AF_UNIX);
      throwsKind(() => socket.connect(full.address, { timeout: 0 }), "would-block");
      const elapsed = took(() => throwsKind(() => socket.connect(full.address, { timeout: 40 }), "timed-out"));
      expect(elapsed).toBeGreaterThanOrEqual(39.9);
      const connecting = socket.connectAsync(full.address, soon);
      full.listener.accept(soon).close();
      await connecting;
      expect(socket.connected).toBe(true);
    },
  );

  test("B2 a peer can be forgotten, which Python cannot express: disconnect is connect(2) to AF_UNSPEC", () => {
    using pair = new UdpPair();
    using other = udpSocket();
    other.sendTo("dropped: not from the peer", pair.a.localAddress);
    pair.a.disconnect();
    expect(pair.a.remoteAddress).toBeNull();
    pair.a.bind("127.0.0.1:0"); // Linux has taken the port back, because it had chosen it
    other.sendTo("taken", pair.a.localAddress);
    expect(new TextDecoder().decode(pair.a.receiveBytes(99, soon))).toBe("taken");
  });
});

const noIPv6 = haveIPv6 ? "" : " (needs IPv6)";

describe("B7 createServer", () => {
  const flag = (socket: Socket, name: number): boolean => socket.getOption(SOL_SOCKET, name) !== 0;

  test("B7 SO_REUSEADDR is on, SO_REUSEPORT only when it is asked for", async () => {
    for (const reusePort of [undefined, false, true]) {
      await using server = await createServer({ hostname: "127.0.0.1", port: 0, reusePort });
      expect(flag(server.socket, SO_REUSEADDR)).toBe(true);
      expect(flag(server.socket, SO_REUSEPORT)).toBe(reusePort === true);
    }
  });

  test("B7 a server can be started again while connections of the last one are being forgotten (TIME_WAIT)", async () => {
    const first = await createServer({ hostname: "127.0.0.1", port: 0 });
    const port = portOf(first);
    using client = new Socket(AF_INET);
    client.connect({ address: "127.0.0.1", port }, soon);
    const served = first.socket.accept(soon);
    served.close(); // the server closes first: the port stays in TIME_WAIT
    expect(client.receive(new Uint8Array(1), soon)).toBe(0);
    client.close();
    first.close();
    using plain = new Socket(AF_INET);
    throwsKind(() => plain.bind({ address: "127.0.0.1", port }), "address-in-use");
    await using again = await createServer({ hostname: "127.0.0.1", port });
    expect(portOf(again)).toBe(port);
  });

  test.skipIf(!havePython)(
    `B7 two on one port need SO_REUSEPORT, both of them, Python's as ours${noPython}`,
    async () => {
      const together = async (ours: boolean): Promise<unknown> => {
        await using server = await createServer({ hostname: "127.0.0.1", port: 0, reusePort: ours });
        return await pythonSays(
          `
def shared(reuse):
    with create_server(("127.0.0.1", int(sys.argv[1])), reuse_port=reuse): return "shared"
result = [fails(lambda: shared(False)), fails(lambda: shared(True))]`,
          portOf(server),
        );
      };
      const refused = ["OSError", EADDRINUSE];
      expect([await together(false), await together(true)]).toEqual([
        [refused, refused],
        [refused, "shared"],
      ]);
    },
  );

  test.skipIf(!havePython)(
    `B7 an error of bind keeps its number and tells the address, and closes the socket${noPython}`,
    async () => {
      await using server = await createServer({ hostname: "127.0.0.1", port: 0 });
      const port = portOf(server);
      const before = haveProc ? openDescriptors() : new Map<number, string>();
      const error = await rejectsKind(createServer({ hostname: "127.0.0.1", port }), "address-in-use");
      if (haveProc) expect(openedSince(before)).toEqual([]);
      expect(error).toMatchObject({ code: "EADDRINUSE", syscall: "bind" });
      expect(error.message).toContain(`127.0.0.1:${port}`);
      const theirs = await pythonSays(`result = fails(lambda: create_server(("127.0.0.1", int(sys.argv[1]))))`, port);
      expect(theirs).toEqual(["OSError", -error.errno]);
    },
  );

  test.skipIf(process.platform !== "linux")(
    "B7 a backlog that is not given is 511, unlike Python's 128; the kernel cuts it (needs Linux)",
    async () => {
      const somaxconn = Number(await Bun.file("/proc/sys/net/core/somaxconn").text());
      for (const [backlog, expected] of [
        [undefined, 511],
        [7, 7],
        [0, 0],
      ] as const) {
        await using server = await createServer({ hostname: "127.0.0.1", port: 0, backlog });
        // of a listener TCP_INFO tells the queue's limit in tcpi_sacked: tcp_get_info() of net/ipv4/tcp.c
        expect(server.socket.getOption(option.TCP_INFO).sacked).toBe(Math.min(expected, somaxconn));
      }
    },
  );
});

describe.skipIf(!haveIPv6)(`B7 dual stack${noIPv6}`, () => {
  const six = (options: CreateServerOptions): CreateServerOptions => ({ hostname: "::", ...options });

  test.skipIf(!havePython)(`B7 hasDualStackIPv6 is Python's has_dualstack_ipv6${noPython}`, async () => {
    expect(await pythonSays(`result = has_dualstack_ipv6()`)).toBe(hasDualStackIPv6());
  });

  test("B7 IPV6_V6ONLY is set to the one or the other; unlike Python's, a server is dual stack unless told otherwise", async () => {
    for (const [dualStack, only] of [
      [undefined, 0],
      [true, 0],
      [false, 1],
    ] as const) {
      await using server = await createServer(six({ port: 0, dualStack }));
      expect(server.socket.getOption(IPPROTO_IPV6, IPV6_V6ONLY)).toBe(only);
      expect(server.socket.speaksIPv4).toBe(only === 0);
    }
  });

  test.skipIf(!havePython)(
    `B7 a client of IPv4 reaches a dual-stack server, from a v4-mapped address, and no other${noPython}`,
    async () => {
      const connect = `result = fails(lambda: create_connection(("127.0.0.1", int(sys.argv[1]))).getpeername()[0])`;
      await using server = await createServer(six({ port: 0 }));
      expect(await pythonSays(connect, portOf(server))).toBe("127.0.0.1");
      const accepted = server.socket.accept(soon);
      const peer = accepted.remoteAddress as InetSocketAddress;
      accepted.close();
      expect([peer.address.toString(), peer.unmapped().address.toString()]).toEqual(["::ffff:127.0.0.1", "127.0.0.1"]);
      await using alone = await createServer(six({ port: 0, dualStack: false }));
      expect(await pythonSays(connect, portOf(alone))).toEqual(["ConnectionRefusedError", errnoNumber("ECONNREFUSED")]);
    },
  );

  test.skipIf(!havePython)(
    `B7 the port of a dual-stack server is taken for IPv4 too, that of another is not${noPython}`,
    async () => {
      const code = `
def serve():
    with create_server(("", int(sys.argv[1]))): return "served"
result = fails(serve)`;
      await using server = await createServer(six({ port: 0 }));
      expect(await pythonSays(code, portOf(server))).toEqual(["OSError", EADDRINUSE]);
      await using alone = await createServer(six({ port: 0, dualStack: false }));
      expect(await pythonSays(code, portOf(alone))).toBe("served");
    },
  );
});

// In namespaces of its own a program has a name with two addresses, ::1 and 127.0.0.1.
const hosts = String.raw`::1 both\n127.0.0.1 both\n`;
const setUp = `ip link set lo up && mount -t tmpfs none /mnt && printf '${hosts}' > /mnt/hosts && mount --bind /mnt/hosts /etc/hosts && exec "$0" "$@"`;
const through = ["unshare", "-n", "-m", "sh", "-c", setUp];
const twoAddresses =
  haveIPv6 &&
  havePython &&
  Bun.which("unshare") !== null &&
  Bun.which("ip") !== null &&
  Bun.spawnSync([...through, "true"]).success;

describe.skipIf(!twoAddresses)(
  `B7 createConnection and connectHost${twoAddresses ? "" : " (needs Linux, root, unshare(1), ip(8), IPv6 and python3)"}`,
  () => {
    /** What a program reports in which \`both\` has two addresses, and \`nobody(listen, address)\` is a port where nobody answers. */
    async function within(code: string): Promise<unknown> {
      const { report, stderr } = await runChild(
        `
        const { connectHost, createConnection, createServer } = berkeley;
        const { pythonSays } = await import(${moduleOf("tests/support/python-behaviour.ts")});
        const hostname = "both";
        const stack = new DisposableStack();
        function nobody(listen, address = "::") {
          const family = address.includes(":") ? AF_INET6 : AF_INET;
          const socket = stack.use(new Socket(family));
          socket.bind({ address, port: 0 });
          const { port } = socket.localAddress;
          if (!listen) return port; // refused
          socket.listen(0); // silent, once its queue is full
          stack.use(new Socket(family)).connect({ address: address === "::" ? "::1" : address, port }, { timeout: 5000 });
          socket.conditionWait(POLLIN, { timeout: 5000 });
          return port;
        }
        const errorOf = (work) => Promise.try(work).then(() => undefined, (error) => error);
        async function took(work) {
          const start = performance.now();
          const error = await errorOf(work);
          return [error?.kind, performance.now() - start];
        }
        ${code}
        stack.dispose();`,
        { through },
      );
      if (report === undefined) throw new Error(stderr);
      return report;
    }

    test("B7 when all addresses fail, all errors are told, as with Python's all_errors", async () => {
      const [theirs, ...ours] = (await within(`
        const port = nobody(false);
        const theirs = await pythonSays(\`
try: create_connection(("both", \${port}), all_errors=True)
except BaseException as group: result = [error.errno for error in group.exceptions]\`);
        const errors = [
          await errorOf(() => createConnection({ hostname, port })),
          await errorOf(() => connectHost({ hostname, port })),
        ];
        report([theirs, ...errors.map(({ kind, cause }) => [kind, cause.errors.map((each) => -each.errno)])]);`)) as unknown[];
      expect(theirs).toEqual([errnoNumber("ECONNREFUSED"), errnoNumber("ECONNREFUSED")]);
      expect(ours).toEqual([
        ["connection-refused", theirs],
        ["connection-refused", theirs],
      ]);
    });

    test("B7 unlike Python, where each attempt has its timeout, there is one for all", async () => {
      const timeout = 150;
      const report = (await within(`
        const port = nobody(true);
        const theirs = await pythonSays(\`
start = time.monotonic()
kind = fails(lambda: create_connection(("both", \${port}), timeout=${timeout / 1000}))[0]
result = [kind, (time.monotonic() - start) * 1000]\`);
        report([
          theirs,
          await took(() => connectHost({ hostname, port, timeout: ${timeout} })),
          await took(() => createConnection({ hostname, port, timeout: ${timeout} })),
        ]);`)) as [string, number][];
      expect(report.map(([kind]) => kind)).toEqual(["TimeoutError", "timed-out", "timed-out"]);
      const [theirs = 0, one = 0, other = 0] = report.map(([, elapsed]) => elapsed);
      expect(theirs).toBeGreaterThanOrEqual(timeout * 2);
      expect(Math.min(one, other)).toBeGreaterThanOrEqual(timeout - 1);
      expect(Math.max(one, other)).toBeLessThan(timeout * 10);
      expect(Math.min(one, other)).toBeLessThan(timeout * 2);
    });

    test("B7 unlike Python's, a silent address does not hold createConnection up; connectHost has no time left for the next", async () => {
      const report = (await within(`
        const port = nobody(true, "::1");
        const server = stack.use(berkeley.bindHost({ hostname: "127.0.0.1", port }));
        server.listen();
        const theirs = await pythonSays(\`
start = time.monotonic()
c = create_connection(("both", \${port}), timeout=0.2)
result = [c.getpeername()[0], time.monotonic() - start >= 0.2]\`);
        const late = await took(() => connectHost({ hostname, port, timeout: 50 }));
        const start = performance.now();
        const connection = await createConnection({ hostname, port, attemptDelay: 10, timeout: 5000 });
        const soon = performance.now() - start < 900; // a SYN is sent again after a second
        report([theirs, late[0], String(connection.remoteAddress) === "127.0.0.1:" + port, soon]);
        await connection.close({ timeout: 0 });`)) as unknown[];
      expect(report).toEqual([["127.0.0.1", true], "timed-out", true, true]);
    });

    test("B7 what it comes from is bound first, and addresses of another family do not hold it up, as in Python", async () => {
      const report = (await within(`
        const server = await createServer({ port: 0 });
        const { port } = server.localAddress;
        const theirs = await pythonSays(
          \`result = create_connection(("both", \${port}), source_address=("127.0.0.1", 0)).getpeername()[0]\`);
        const options = { hostname, port, localAddress: "127.0.0.1:0", timeout: 5000 };
        const socket = stack.use(connectHost(options));
        const connection = await createConnection(options);
        report([theirs, ...[socket, connection].map(({ remoteAddress }) => String(remoteAddress.address))]);
        await connection.close({ timeout: 0 });
        server.close();`)) as unknown[];
      expect(report).toEqual(["127.0.0.1", "127.0.0.1", "127.0.0.1"]);
    });
  },
);
