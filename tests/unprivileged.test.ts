// What an ordinary user can do, and what the errors say where root is wanted. Started by root, the scripts of this file
// first become nobody; started by an ordinary user, they are one already.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, readFileSync } from "node:fs";
import { AF_UNIX, SOCK_DGRAM } from "./support/constants.ts";
import { Socket } from "../src/index.ts";
import { type Outcome, runScript } from "./support/script.ts";
import { Folder } from "./support/sockets.ts";

const root = process.getuid?.() === 0;
const NOBODY = 65_534;

const index = import.meta.resolve("../src/index.ts").replace("file://", "");

// Whether an ordinary user can start this bun and read our sources: both may lie in a folder of root's.
const startable = ((): boolean => {
  const setpriv = Bun.which("setpriv");
  if (!root || setpriv === null) return false;
  const identity = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
  const { exitCode } = Bun.spawnSync([setpriv, ...identity, process.execPath, "-e", `import "${index}"`]);
  return exitCode === 0;
})();
/** The numbers in a file of /proc/sys; none where there is no such file. */
function sysctl(name: string): number[] {
  try {
    return readFileSync(`/proc/sys/${name}`, "latin1").trim().split(/\s+/).map(Number);
  } catch {
    return [];
  }
}

const [portStart = 0] = sysctl("net/ipv4/ip_unprivileged_port_start");
const [firstGroup = 1, lastGroup = 0] = sysctl("net/ipv4/ping_group_range");
const group = root ? NOBODY : (process.getgid?.() ?? 0);
const mayPing = firstGroup <= group && group <= lastGroup;

interface Thrown {
  readonly kind: string;
  readonly code: string;
  readonly message: string;
}

describe("an ordinary user", () => {
  const folder = new Folder();
  let result: Readonly<Record<string, unknown>>;
  beforeAll(async () => {
    const becomeNobody = `
      if (process.getuid?.() === 0) {
        process.setgroups?.([]);
        process.setgid?.(${NOBODY});
        process.setuid?.(${NOBODY});
      }
    `;
    // sockets that the user may not reach: one whose file forbids it, and one in a folder that does
    using locked = new Socket(AF_UNIX, SOCK_DGRAM);
    locked.bind({ path: folder.file("locked.sock") });
    chmodSync(folder.file("locked.sock"), 0o600);
    chmodSync(folder.path, 0o755);
    const outcome: Outcome = await runScript(`
      ${becomeNobody}
      const AF_NETLINK = 16, AF_PACKET = 17, SO_MARK = 36, SO_PRIORITY = 12, SO_RCVBUFFORCE = 33, SO_BINDTODEVICE = 25;
      const buffer = new Uint8Array(100);
      const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

      const works: Record<string, unknown> = {};
      {
        using listener = new Socket(AF_INET);
        listener.bind("127.0.0.1:0");
        listener.listen();
        using client = new Socket(AF_INET);
        client.connect(listener.localAddress, { timeout: 4000 });
        using server = listener.accept({ timeout: 4000 });
        client.sendAll("over TCP");
        works.tcp = text(server.receiveBytes(100, { timeout: 4000 }));
      }
      {
        using receiver = new Socket(AF_INET, SOCK_DGRAM);
        receiver.bind("127.0.0.1:0");
        using sender = new Socket(AF_INET, SOCK_DGRAM);
        sender.sendTo("over UDP", receiver.localAddress);
        works.udp = text(receiver.receiveBytes(100, { timeout: 4000 }));
      }
      {
        const [a, b] = Socket.pair();
        a.sendAll("over a pair");
        works.pair = text(b.receiveBytes(100, { timeout: 4000 }));
        works.uid = b.credentials.uid === process.getuid?.();
        a.close();
        b.close();
      }
      {
        using abstract = new Socket(AF_UNIX, SOCK_DGRAM);
        abstract.bind({ path: "\\0berkeley-unprivileged-" + process.pid });
        works.abstract = abstract.localAddress.toString();
        using netlink = new Socket(AF_NETLINK, SOCK_RAW, 0);
        works.netlink = netlink.localAddress.family;
        netlink.setOption(1, SO_PRIORITY, 6);
        works.priority = netlink.getOption(1, SO_PRIORITY);
      }

      using stream = new Socket(AF_INET);
      using datagram = new Socket(AF_INET, SOCK_DGRAM);
      using unix = new Socket(AF_UNIX, SOCK_DGRAM);
      const before = descriptors();
      report({
        uid: process.getuid?.(),
        works,
        raw: thrown(() => new Socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)),
        raw6: thrown(() => new Socket(AF_INET6, SOCK_RAW, 58)),
        packet: thrown(() => new Socket(AF_PACKET, SOCK_RAW)),
        ping: thrown(() => new Socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP).close()),
        port80: thrown(() => stream.bind("127.0.0.1:80")),
        port53: thrown(() => datagram.bind("127.0.0.1:53")),
        broadcast: thrown(() => datagram.sendTo("x", "127.255.255.255:9")),
        mark: thrown(() => datagram.setOption(1, SO_MARK, 1)),
        force: thrown(() => datagram.setOption(1, SO_RCVBUFFORCE, 1000)),
        path: thrown(() => unix.bind({ path: "/berkeley-no-such-right.sock" })),
        locked: thrown(() => unix.connect({ path: ${JSON.stringify(folder.file("locked.sock"))} })),
        lockedTo: thrown(() => unix.sendTo("x", { path: ${JSON.stringify(folder.file("locked.sock"))} })),
        leaked: descriptors() - before,
      });
    `);
    result = outcome.result as typeof result;
    if (root && locked.tryReceive(new Uint8Array(1)) !== -1) throw new Error("something came through the locked door");
  });
  afterAll(() => folder[Symbol.dispose]());

  const failure = (name: string): Thrown => result[name] as Thrown;

  test("is not root here", () => {
    expect(result["uid"]).not.toBe(0);
  });

  test("uses TCP, UDP, unix and netlink sockets as root does", () => {
    expect(result["works"]).toMatchObject({
      tcp: "over TCP",
      udp: "over UDP",
      pair: "over a pair",
      uid: true,
      netlink: 16,
      priority: 6,
    });
  });

  test.each(["raw", "raw6", "packet"])("is refused a raw socket (%s), and told of CAP_NET_RAW", (name) => {
    expect(failure(name)).toMatchObject({ kind: "permission-denied", code: "EPERM" });
    expect(failure(name).message).toBe(
      "socket: operation not permitted (EPERM); raw and packet sockets need root or CAP_NET_RAW",
    );
  });

  test.skipIf(mayPing)(
    "is refused an ICMP datagram socket, and told why (skipped where ping_group_range lets it)",
    () => {
      expect(failure("ping")).toMatchObject({ kind: "permission-denied", code: "EACCES" });
      expect(failure("ping").message).toContain("net.ipv4.ping_group_range");
    },
  );

  for (const [name, port] of [
    ["port80", 80],
    ["port53", 53],
  ] as const) {
    test.skipIf(portStart <= port)(
      `is refused port ${port}, and told why (skipped where everybody may have it)`,
      () => {
        expect(failure(name)).toMatchObject({ kind: "permission-denied", code: "EACCES" });
        expect(failure(name).message).toBe(
          `bind 127.0.0.1:${port}: permission denied (EACCES); ports below 1024 need root or CAP_NET_BIND_SERVICE; ` +
            "for a path, look at the folder's permissions",
        );
      },
    );
  }

  test("is refused a broadcast without SO_BROADCAST, and told to set it", () => {
    expect(failure("broadcast")).toMatchObject({ kind: "permission-denied", code: "EACCES" });
    expect(failure("broadcast").message).toContain("socket.broadcast = true");
  });

  test.each(["mark", "force"])(
    "is refused an option of the administrator's (%s), and told of CAP_NET_ADMIN",
    (name) => {
      expect(failure(name)).toMatchObject({ kind: "permission-denied", code: "EPERM" });
      expect(failure(name).message).toContain("this option needs root or CAP_NET_ADMIN");
    },
  );

  test("is refused a path where it may not write, and told to look there", () => {
    expect(failure("path")).toMatchObject({ kind: "permission-denied", code: "EACCES" });
    expect(failure("path").message).toContain("/berkeley-no-such-right.sock");
    expect(failure("path").message).toContain("look at the folder's permissions");
  });

  test.skipIf(!root)("is refused a unix socket of root's, and told to look there (needs root to make one)", () => {
    for (const name of ["locked", "lockedTo"]) {
      expect(failure(name)).toMatchObject({ kind: "permission-denied", code: "EACCES" });
      expect(failure(name).message).toContain("locked.sock");
    }
    expect(failure("locked").message).toContain("for a unix path, look at its permissions");
  });

  test("leaks no descriptor by all that", () => {
    expect(result["leaked"]).toBe(0);
  });
});

test.skipIf(!startable)(
  "the library loads and works in a bun that an ordinary user starts (needs root, setpriv, and a bun that user can reach)",
  async () => {
    const { result } = await runScript(
      `
      using socket = new Socket(AF_INET, SOCK_DGRAM);
      socket.bind("127.0.0.1:0");
      socket.sendTo("hello", socket.localAddress);
      report({ uid: process.getuid?.(), size: socket.receive(new Uint8Array(10), { timeout: 4000 }) });
    `,
      { through: ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"] },
    );
    expect(result).toEqual({ uid: NOBODY, size: 5 });
  },
);
