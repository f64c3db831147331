// Who is at the other end: credentials that are sent and received, and those that the kernel keeps of a connection.

import { afterAll, describe, expect, test } from "bun:test";
import { darwin } from "../ffi/platform/darwin.ts";
import { freebsd } from "../ffi/platform/freebsd.ts";
import { linux } from "../ffi/platform/linux.ts";
import { windows } from "../ffi/platform/windows.ts";
import { credentialsCodec } from "../ffi/structs/credentials.ts";
import { closeSync, readFileSync } from "node:fs";
import {
  AF_INET,
  AF_UNIX,
  SO_PASSCRED,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
} from "./support/constants.ts";
import {
  Credentials,
  receiveCredentials,
  Rights,
  sendCredentials,
  sendFd,
  Socket,
  SocketRef,
  UnixSocketAddress,
} from "../src/index.ts";
import * as option from "../src/options.ts";
import { flagsOf, haveProc, openedBy } from "./support/descriptors.ts";
import { havePython, Python } from "./support/peers.ts";
import { runScript } from "./support/script.ts";
import { Folder, SOON, TcpPair, udpSocket } from "./support/sockets.ts";
import { throwsKind, throwsNaming, wrong } from "./support/throws.ts";

const soon = { timeout: SOON };
const root = process.geteuid?.() === 0;
const own = { pid: process.pid, uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
const folder = new Folder();
afterAll(() => folder[Symbol.dispose]());

function fieldsOf({ pid, uid, gid }: Credentials): { pid: number; uid: number; gid: number } {
  return { pid, uid, gid };
}

/** Two connected unix sockets, which give up when nothing comes. */
class Pair implements Disposable {
  readonly a: Socket;
  readonly b: Socket;

  constructor(type: number = SOCK_STREAM) {
    [this.a, this.b] = Socket.pair(AF_UNIX, type);
    this.a.timeout = this.b.timeout = SOON;
  }

  get passes(): boolean {
    return this.b.getOption(option.SO_PASSCRED);
  }

  [Symbol.dispose](): void {
    this.a.close();
    this.b.close();
  }
}

const types = [
  ["stream", SOCK_STREAM],
  ["datagram", SOCK_DGRAM],
  ["seqpacket", SOCK_SEQPACKET],
] as const;

describe("Credentials", () => {
  test("current() is this process with its effective user and group", () => {
    expect(fieldsOf(Credentials.current())).toEqual(own);
    expect(String(Credentials.current())).toBe(`pid ${own.pid}, uid ${own.uid}, gid ${own.gid}`);
  });

  test("isSameUser compares users, and nothing else", () => {
    const one = new Credentials({ pid: 1, uid: 1000, gid: 1 });
    expect(one.isSameUser(new Credentials({ pid: 2, uid: 1000, gid: 2 }))).toBe(true);
    expect(one.isSameUser(new Credentials({ pid: 1, uid: 1001, gid: 1 }))).toBe(false);
    expect(Credentials.current().isSameUser(Credentials.current())).toBe(true);
    for (const value of [undefined, null, { pid: 1, uid: 1000, gid: 1 }, 1000]) {
      throwsNaming(() => one.isSameUser(wrong(value)), TypeError, "other must be Credentials");
    }
  });

  test.each([
    ["pid", -1],
    ["pid", 2 ** 31],
    ["uid", -1],
    ["uid", 2 ** 32 - 1], // (uid_t) -1: nobody
    ["gid", 2 ** 32 - 1],
    ["gid", 0.5],
  ])("with %s %p cannot be made", (name, value) => {
    throwsNaming(() => new Credentials({ pid: 1, uid: 1, gid: 1, [name]: value }), RangeError, name);
  });

  test("take the largest numbers that there are", () => {
    const fields = { pid: 2 ** 31 - 1, uid: 2 ** 32 - 2, gid: 2 ** 32 - 2 };
    expect(fieldsOf(new Credentials(fields))).toEqual(fields);
  });
});

describe("sendCredentials and receiveCredentials", () => {
  test.each(types)("tell who sent (%s), with one NUL byte", (_, type) => {
    using pair = new Pair(type);
    sendCredentials(pair.a);
    expect(fieldsOf(receiveCredentials(pair.b))).toEqual(own);
    sendCredentials(pair.a);
    const buffer = new Uint8Array(10).fill(7);
    expect(pair.b.receive(buffer)).toBe(1);
    expect(buffer.subarray(0, 2)).toEqual(Uint8Array.of(0, 7));
    throwsKind(() => pair.b.receive(buffer, { timeout: 0 }), "would-block");
  });

  test.each(types)("know the sender of any byte that carries nothing (%s)", (_, type) => {
    using pair = new Pair(type);
    pair.a.send(Uint8Array.of(1)); // before SO_PASSCRED is on
    expect(fieldsOf(receiveCredentials(pair.b))).toEqual(own);
    pair.b.setOption(option.SO_PASSCRED, true);
    pair.a.send(Uint8Array.of(1));
    expect(fieldsOf(receiveCredentials(pair.b))).toEqual(own);
  });

  test("read one byte, and leave what follows", () => {
    using pair = new Pair();
    pair.a.sendAll("abc");
    receiveCredentials(pair.b);
    expect(pair.b.receiveBytes(10)).toEqual(new TextEncoder().encode("bc"));
  });

  test("leave SO_PASSCRED as it was: off, and on", () => {
    using pair = new Pair();
    sendCredentials(pair.a);
    receiveCredentials(pair.b);
    expect(pair.passes).toBe(false);
    pair.b.setOption(option.SO_PASSCRED, true);
    sendCredentials(pair.a);
    receiveCredentials(pair.b);
    expect(pair.passes).toBe(true);
  });

  const failures: readonly (readonly [
    string,
    "would-block" | "timed-out" | "connection-closed" | "invalid-data",
    (pair: Pair) => unknown,
  ])[] = [
    ["nothing is there", "would-block", ({ b }) => receiveCredentials(b, { timeout: 0 })],
    ["nothing comes", "timed-out", ({ b }) => receiveCredentials(b, { timeout: 2 })],
    [
      "the peer is gone",
      "connection-closed",
      ({ a, b }) => {
        a.close();
        receiveCredentials(b);
      },
    ],
    [
      "a descriptor comes",
      "invalid-data",
      ({ a, b }) => {
        sendFd(a, a);
        receiveCredentials(b);
      },
    ],
  ];
  test.each(failures)("put SO_PASSCRED back when %s (%s), and leave nothing open", (_, kind, call) => {
    const act = (): void => {
      using pair = new Pair();
      throwsKind(() => call(pair), kind);
      expect(pair.passes).toBe(false);
    };
    act();
    expect(haveProc ? openedBy(act) : []).toEqual([]);
  });

  test("a descriptor beside credentials is one message too many, and is closed", () => {
    const act = (): void => {
      using pair = new Pair();
      pair.a.sendMessage({ buffers: [], control: [new Rights([pair.a]), Credentials.current()] });
      const error = throwsKind(() => receiveCredentials(pair.b), "invalid-data");
      expect(error.message).toContain("one control message was expected, and 2 came");
    };
    act();
    expect(haveProc ? openedBy(act) : []).toEqual([]);
  });

  test("credentials of datagrams from one who is not connected", () => {
    using receiver = new Socket(AF_UNIX, SOCK_DGRAM);
    receiver.bind(new UnixSocketAddress());
    using sender = new Socket(AF_UNIX, SOCK_DGRAM);
    sender.connect(receiver.localAddress);
    sendCredentials(sender);
    expect(fieldsOf(receiveCredentials(receiver, soon))).toEqual(own);
  });

  test.skipIf(!root)("root may say that it is somebody else (needs root)", () => {
    using pair = new Pair();
    pair.b.setOption(option.SO_PASSCRED, true);
    const claimed = { pid: process.ppid === 0 ? own.pid : 1, uid: 1234, gid: 4321 };
    pair.a.sendMessage({ buffers: [], control: [new Credentials(claimed)] });
    expect(fieldsOf(receiveCredentials(pair.b))).toEqual(claimed);
    expect(fieldsOf(pair.b.credentials)).toEqual(own); // the kernel's own record cannot be bent
  });

  test.skipIf(!root)("a process that is not there cannot be named, even by root (needs root)", () => {
    using pair = new Pair();
    const nobody = new Credentials({ pid: 0x3fff_ffff, uid: 0, gid: 0 });
    const error = throwsKind(() => pair.a.sendMessage({ buffers: [], control: [nobody] }), "failed");
    expect(error.code).toBe("ESRCH");
    throwsKind(() => pair.b.receive(new Uint8Array(1), { timeout: 0 }), "would-block");
  });

  test("an ordinary user is refused what is not its own, told why, and may say who it is", async () => {
    const { result } = await runScript(`
      if (process.getuid?.() === 0) {
        process.setgroups?.([]);
        process.setgid?.(65534);
        process.setuid?.(65534);
      }
      const { Credentials, receiveCredentials, sendCredentials } = berkeley;
      const [a, b] = Socket.pair(AF_UNIX, SOCK_STREAM);
      const { pid, uid, gid } = Credentials.current();
      const before = descriptors();
      const claim = (fields: object) =>
        thrown(() => a.sendMessage({ buffers: [], control: [new Credentials({ pid, uid, gid, ...fields })] }));
      const refused = [claim({ uid: 0 }), claim({ gid: 0 }), claim({ pid: process.ppid })];
      const nothing = b.tryReceive(new Uint8Array(1));
      sendCredentials(a);
      const { pid: p, uid: u, gid: g } = receiveCredentials(b);
      report({ uid: process.getuid?.(), refused, nothing, honest: p === pid && u === uid && g === gid, leaked: descriptors() - before });
    `);
    const found = result as { uid: number; refused: ({ kind: string; code: string; message: string } | null)[] };
    expect(found.uid).not.toBe(0);
    for (const failure of found.refused) {
      expect(failure).toMatchObject({ kind: "permission-denied", code: "EPERM" });
      expect(failure?.message).toContain("credentials of another process or user need root");
    }
    expect(result).toMatchObject({ nothing: -1, honest: true, leaked: 0 });
  });

  const namespaces =
    root &&
    havePython &&
    Bun.which("unshare") !== null &&
    Bun.spawnSync(["unshare", "--pid", "--fork", "true"]).exitCode === 0;
  test.skipIf(!namespaces)(
    "a sender that has no number here is not-supported, and no data (needs root, python3 and pid namespaces)",
    async () => {
      const path = folder.file("outside.sock");
      await using python = new Python(
        `l = socket(AF_UNIX); l.bind(sys.argv[1]); l.listen(); say("listening")
s, _ = l.accept(); s.send(b"xy"); say("sent", len(s.recv(1)))`,
        path,
      );
      expect(await python.line()).toBe("listening");
      const { result } = await runScript(
        `
        const socket = new Socket(AF_UNIX);
        socket.timeout = 4000;
        socket.connect({ path: ${JSON.stringify(path)} });
        const received = thrown(() => berkeley.receiveCredentials(socket));
        const kept = thrown(() => socket.credentials);
        report({ received: received?.kind, kept: kept?.kind, passes: socket.getOption(1, 16), left: socket.receive(new Uint8Array(9)) });
      `,
        { through: ["unshare", "--pid", "--fork"] },
      );
      expect(result).toEqual({ received: "not-supported", kept: "not-supported", passes: 0, left: 1 });
    },
  );
});

describe("socket.credentials", () => {
  test.each(types)("of a pair are those of who made it (%s)", (_, type) => {
    using pair = new Pair(type);
    expect(fieldsOf(pair.a.credentials)).toEqual(own);
    expect(fieldsOf(pair.b.credentials)).toEqual(own);
  });

  test.each([
    ["stream", SOCK_STREAM],
    ["seqpacket", SOCK_SEQPACKET],
  ] as const)("of a connection are those of the peer, on both sides (%s)", (_, type) => {
    using listener = new Socket(AF_UNIX, type);
    listener.bind(new UnixSocketAddress());
    listener.listen();
    using client = new Socket(AF_UNIX, type);
    client.connect(listener.localAddress);
    using server = listener.accept(soon);
    expect(fieldsOf(client.credentials)).toEqual(own);
    expect(fieldsOf(server.credentials)).toEqual(own);
    expect(server.credentials.isSameUser(Credentials.current())).toBe(true);
  });

  test("outlive the peer's end, and can be read through a borrowed descriptor", () => {
    using pair = new Pair();
    pair.a.close();
    expect(fieldsOf(pair.b.credentials)).toEqual(own);
    expect(fieldsOf(SocketRef.borrow(pair.b.fd).credentials)).toEqual(own);
  });

  const without: readonly (readonly [string, () => Socket])[] = [
    ["a unix stream that is not connected", () => new Socket(AF_UNIX)],
    ["a unix datagram socket that is not connected", () => new Socket(AF_UNIX, SOCK_DGRAM)],
    [
      "a unix datagram socket that is connected: the kernel keeps none",
      () => {
        using other = new Socket(AF_UNIX, SOCK_DGRAM);
        other.bind(new UnixSocketAddress());
        const socket = new Socket(AF_UNIX, SOCK_DGRAM);
        socket.connect(other.localAddress);
        return socket;
      },
    ],
    [
      "a unix listener, which has no peer",
      () => {
        const socket = new Socket(AF_UNIX);
        socket.bind(new UnixSocketAddress());
        socket.listen();
        return socket;
      },
    ],
    [
      "a TCP connection",
      () => {
        const pair = new TcpPair();
        pair.server.close();
        return pair.client;
      },
    ],
    ["a TCP socket that is not connected", () => new Socket(AF_INET)],
    ["a UDP socket", () => udpSocket()],
  ];
  test.each(without)("of %s are not-supported", (_, make) => {
    using socket = make();
    const error = throwsKind(() => socket.credentials, "not-supported");
    expect(error.message).toContain("only a connected unix socket has credentials");
  });

  test("of a closed socket are closed", () => {
    const pair = new Pair();
    pair[Symbol.dispose]();
    throwsKind(() => pair.a.credentials, "closed");
  });

  test.skipIf(!havePython)("are another process's, with its user and group (needs python3)", async () => {
    using listener = new Socket(AF_UNIX);
    const path = folder.file("peer.sock");
    listener.bind({ path });
    listener.listen();
    await using python = new Python(
      `s = socket(AF_UNIX); s.connect(sys.argv[1])
if os.getuid() == 0: os.setgroups([7, 8]); os.setresgid(4321, 4321, 4321); os.setresuid(1234, 1234, 1234)
s.send(b"x"); s.recv(1)`,
      path,
    );
    using socket = listener.accept(soon);
    socket.receiveBytes(1, soon);
    expect(fieldsOf(socket.credentials)).toEqual({ ...own, pid: python.pid }); // as it was when it connected
  });
});

describe("options of the peer", () => {
  test("SO_PEERGROUPS tells its supplementary groups", () => {
    using pair = new Pair();
    const groups = [...(process.getgroups?.() ?? [])].sort((a, b) => a - b);
    // getgroups(2) may or may not tell the effective group
    const found = [...pair.a.getOption(option.SO_PEERGROUPS)].sort((a, b) => a - b);
    expect(found).toEqual(groups);
  });

  test.skipIf(!root || !havePython)(
    "SO_PEERGROUPS of a process with many groups (needs root and python3)",
    async () => {
      using listener = new Socket(AF_UNIX);
      const path = folder.file("groups.sock");
      listener.bind({ path });
      listener.listen();
      await using _python = new Python(
        `os.setgroups(range(1000, 1300)); s = socket(AF_UNIX); s.connect(sys.argv[1]); s.recv(1)`,
        path,
      );
      using socket = listener.accept(soon);
      expect(socket.getOption(option.SO_PEERGROUPS)).toEqual(Array.from({ length: 300 }, (_, index) => 1000 + index));
    },
  );

  test("SO_PEERCRED is the same as credentials, in bytes", () => {
    using pair = new Pair();
    expect(pair.a.getOption(option.SO_PEERCRED)).toEqual(pair.a.credentials.bytes);
  });

  const label = ((): string | undefined => {
    try {
      return readFileSync("/proc/self/attr/current", "latin1");
    } catch {
      return undefined;
    }
  })();
  test.skipIf(label !== undefined)(
    "SO_PEERSEC is not-supported (skipped where a security module labels processes)",
    () => {
      using pair = new Pair();
      throwsKind(() => pair.a.getOption(option.SO_PEERSEC), "not-supported");
    },
  );

  const pidfd = ((): boolean => {
    try {
      using pair = new Pair();
      closeSync(pair.a.getOption(option.SO_PEERPIDFD));
      return true;
    } catch {
      return false;
    }
  })();
  test.skipIf(!pidfd || !haveProc)("SO_PEERPIDFD is a descriptor of the peer's process (needs Linux 6.5)", () => {
    using pair = new Pair();
    const opened = openedBy(() => {
      const fd = pair.a.getOption(option.SO_PEERPIDFD);
      expect(/^Pid:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "latin1"))?.[1]).toBe(String(own.pid));
      expect(flagsOf(fd).closeOnExec).toBe(true);
      closeSync(fd);
    });
    expect(opened).toEqual([]);
  });

  test.skipIf(!pidfd || !havePython)(
    "SO_PEERPIDFD tells when the peer ends (needs Linux 6.5 and python3)",
    async () => {
      using listener = new Socket(AF_UNIX);
      const path = folder.file("pidfd.sock");
      listener.bind({ path });
      listener.listen();
      const python = new Python(`s = socket(AF_UNIX); s.connect(sys.argv[1]); s.recv(1)`, path);
      using socket = listener.accept(soon);
      const fd = socket.getOption(option.SO_PEERPIDFD);
      expect(/^Pid:\s+(-?\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "latin1"))?.[1]).toBe(String(python.pid));
      await python[Symbol.asyncDispose]();
      expect(/^Pid:\s+(-?\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "latin1"))?.[1]).toBe("-1");
      closeSync(fd);
    },
  );

  test.each(["SO_PEERGROUPS", "SO_PEERPIDFD"] as const)("%s of a socket without a peer is an error", (name) => {
    using socket = new Socket(AF_UNIX);
    expect(() => socket.getOption<unknown>(option[name])).toThrow();
  });

  test("SO_PASSCRED is off at first, and stays as it is set", () => {
    using pair = new Pair();
    expect(pair.passes).toBe(false);
    pair.b.setOption(option.SO_PASSCRED, true);
    expect(pair.b.getOption(SOL_SOCKET, SO_PASSCRED)).toBe(1);
  });
});

describe("the payload that carries credentials", () => {
  const fields = { pid: 0x01020304, uid: 5, gid: 6 };

  test("is struct ucred on Linux", () => {
    const codec = credentialsCodec(linux);
    const bytes = codec?.encode(fields) ?? new Uint8Array();
    expect(bytes.toHex()).toBe("04030201" + "05000000" + "06000000");
    expect(codec?.decode(new DataView(bytes.buffer))).toEqual(fields);
    expect(codec?.decode(new DataView(bytes.buffer, 0, 11))).toBeUndefined();
  });

  test("is struct cmsgcred on FreeBSD, which the kernel fills in: effective user, and the first of the groups", () => {
    const codec = credentialsCodec(freebsd);
    const bytes = codec?.encode(fields) ?? new Uint8Array();
    expect(bytes).toEqual(new Uint8Array(84));
    const view = new DataView(bytes.buffer);
    [0x01020304, 99, 5, 98, 1, 6].forEach((value, index) => view.setUint32(index * 4, value, true));
    expect(codec?.decode(view)).toEqual(fields);
  });

  test("is not there on macOS and Windows", () => {
    expect(credentialsCodec(darwin)).toBeUndefined();
    expect(credentialsCodec(windows)).toBeUndefined();
  });
});
