// bindPath: a path for a server, over a dead one, never over a live one, and gone when the server is.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { lock } from "../ffi/descriptors.ts";
import { AF_INET, AF_UNIX, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM } from "./support/constants.ts";
import { bindPath, type BindPathOptions, Socket, SocketError } from "../src/index.ts";
import { haveProc, openedBy } from "./support/descriptors.ts";
import { havePython, Python } from "./support/peers.ts";
import { runScript } from "./support/script.ts";
import { Folder, SOON, Sockets } from "./support/sockets.ts";
import { throwsKind, throwsNaming, wrong } from "./support/throws.ts";

const soon = { timeout: SOON };
const root = process.getuid?.() === 0;
const text = (data: Uint8Array): string => new TextDecoder().decode(data);

const types = [
  ["stream", SOCK_STREAM],
  ["datagram", SOCK_DGRAM],
  ["seqpacket", SOCK_SEQPACKET],
] as const;

/** A path in a folder of its own, which tells what is left in it. */
class Place implements Disposable {
  readonly #folder = new Folder();
  readonly folder: string = this.#folder.path;
  readonly path: string = this.#folder.file("server.sock");
  readonly #sockets = new Sockets();

  /** Everything in the folder. */
  get names(): string[] {
    return readdirSync(this.folder).sort();
  }

  /** A socket that is closed with the place. */
  make(type: number = SOCK_STREAM): Socket {
    return this.#sockets.add(new Socket(AF_UNIX, type));
  }

  /** A socket that is bound there as everybody does it, and, if it can, listens. */
  live(type: number = SOCK_STREAM, backlog = 10): Socket {
    const socket = this.make(type);
    socket.bind({ path: this.path });
    if (type !== SOCK_DGRAM) socket.listen(backlog);
    return socket;
  }

  /** What a server leaves behind that was killed. */
  dead(type: number = SOCK_STREAM): void {
    this.live(type).close();
  }

  /** A server on the path, with bindPath. */
  serve(type: number = SOCK_STREAM, options?: BindPathOptions): Socket {
    const socket = this.make(type);
    bindPath(socket, this.path, options);
    if (type !== SOCK_DGRAM) socket.listen();
    return socket;
  }

  [Symbol.dispose](): void {
    this.#sockets[Symbol.dispose]();
    this.#folder[Symbol.dispose]();
  }
}

/** Whether what is sent to the path comes to this socket. */
function expectReachable(path: string, server: Socket): void {
  using client = new Socket(AF_UNIX, server.type);
  client.connect({ path }, soon);
  client.send(Buffer.from("hello"));
  using accepted = server.type === SOCK_DGRAM ? server.duplicate() : server.accept(soon);
  expect(text(accepted.receiveBytes(10, soon))).toBe("hello");
}

function modeOf(path: string): number {
  return lstatSync(path).mode & 0o7777;
}

function withUmask<Result>(mask: number, action: () => Result): Result {
  const before = process.umask(mask);
  try {
    return action();
  } finally {
    process.umask(before);
  }
}

describe.each(types)("a path for a %s server", (_, type) => {
  test("that is free is bound, tells its name, and is removed on close", () => {
    using place = new Place();
    const server = place.serve(type);
    expect(String(server.localAddress)).toBe(place.path);
    expectReachable(place.path, server);
    expect(place.names).toEqual(["server.sock"]);
    server.close();
    expect(place.names).toEqual([]);
  });

  test("that a dead server has left is replaced, and nothing else is left in the folder", () => {
    for (const [, dead] of types) {
      using place = new Place();
      place.dead(dead);
      const server = place.serve(type);
      expect(String(server.localAddress)).toBe(place.path);
      expectReachable(place.path, server);
      expect(place.names).toEqual(["server.sock"]);
      server.close();
      expect(place.names).toEqual([]);
    }
  });

  test.each(types)("is not taken from a live %s server, which is not even disturbed", (_, other) => {
    using place = new Place();
    const live = place.live(other);
    const before = lstatSync(place.path);
    const error = throwsKind(() => place.serve(type), "address-in-use");
    expect(error.message).toContain(`bind ${place.path}: another socket`);
    expect(error).toMatchObject({ code: "EADDRINUSE", syscall: "bind", address: place.path });
    expect(lstatSync(place.path)).toMatchObject({ ino: before.ino, mode: before.mode });
    expect(place.names).toEqual(["server.sock"]);
    if (other !== SOCK_DGRAM) expect(live.tryAccept()).toBeNull();
    expectReachable(place.path, live);
  });

  test("is not taken from a server that is about to listen", () => {
    using place = new Place();
    const first = place.make();
    bindPath(first, place.path);
    throwsKind(() => place.serve(type), "address-in-use");
    first.listen();
    expectReachable(place.path, first);
  });

  test.each([
    ["free", false],
    ["replaced", true],
  ])("has exactly the mode that was asked for, whatever the umask (%s)", (_, dead) => {
    for (const mask of [0, 0o022, 0o077, 0o777]) {
      for (const mode of [0o600, 0o660, 0o666, 0o777, 0o000]) {
        using place = new Place();
        if (dead) place.dead();
        withUmask(mask, () => place.serve(type, { mode }));
        expect([mask, modeOf(place.path)]).toEqual([mask, mode]);
      }
    }
  });

  test("has without a mode what the umask leaves", () => {
    for (const dead of [false, true]) {
      for (const mask of [0, 0o022, 0o077]) {
        using place = new Place();
        if (dead) place.dead();
        withUmask(mask, () => place.serve(type));
        expect([mask, modeOf(place.path)]).toEqual([mask, 0o777 & ~mask]);
      }
    }
  });

  test("may be the longest that there is, also when a dead one is replaced", () => {
    using place = new Place();
    const path = join(place.folder, "x".repeat(107 - place.folder.length - 1));
    for (const dead of [false, true]) {
      if (dead) {
        using socket = new Socket(AF_UNIX, type);
        socket.bind({ path });
      }
      const server = place.make(type);
      bindPath(server, path);
      if (type !== SOCK_DGRAM) server.listen();
      expectReachable(path, server);
      server.close();
      expect(place.names).toEqual([]);
    }
  });

  test("may be short in a long folder, where no other name would fit, also when a dead one is replaced", () => {
    using place = new Place();
    const folder = join(place.folder, "x".repeat(107 - place.folder.length - 3));
    mkdirSync(folder);
    const path = join(folder, "s");
    for (const dead of [false, true]) {
      if (dead) {
        using socket = new Socket(AF_UNIX, type);
        socket.bind({ path });
      }
      const server = place.make(type);
      bindPath(server, path, { mode: 0o600 });
      if (type !== SOCK_DGRAM) server.listen();
      expect(modeOf(path)).toBe(0o600);
      expectReachable(path, server);
      server.close();
      expect(readdirSync(folder)).toEqual([]);
    }
  });
});

describe("what is never touched", () => {
  const others: readonly (readonly [string, (place: Place) => void])[] = [
    ["a file", ({ path }) => writeFileSync(path, "precious")],
    ["an empty file", ({ path }) => writeFileSync(path, "")],
    ["a folder", ({ path }) => mkdirSync(path)],
    ["a link to nothing", ({ path }) => symlinkSync("nowhere", path)],
    [
      "a link to a file",
      ({ path, folder }) => {
        writeFileSync(join(folder, "target"), "precious");
        symlinkSync("target", path);
      },
    ],
    [
      "a link to a dead socket",
      (place) => {
        place.dead();
        renameSync(place.path, join(place.folder, "target"));
        symlinkSync("target", place.path);
      },
    ],
    ["a pipe", ({ path }) => void Bun.spawnSync(["mkfifo", path])],
  ];
  test.each(others)("%s", (_, make) => {
    using place = new Place();
    make(place);
    const before = lstatSync(place.path);
    const names = place.names;
    const error = throwsKind(() => place.serve(), "address-in-use");
    expect(error.message).toContain("something that is no socket is there");
    expect(lstatSync(place.path)).toEqual(before);
    expect(place.names).toEqual(names);
  });

  test("a server whose backlog is full: it is busy, not dead", () => {
    using place = new Place();
    const live = place.live(SOCK_STREAM, 0);
    for (let room = true; room;) {
      try {
        place.make().connect({ path: place.path }, { timeout: 0 });
      } catch (error) {
        room = !(error instanceof SocketError && error.kind === "would-block");
      }
    }
    throwsKind(() => place.serve(), "address-in-use");
    expect(place.names).toEqual(["server.sock"]);
    live.accept(soon).close();
  });

  test("a datagram socket that speaks with somebody else alone", () => {
    using place = new Place();
    const live = place.live(SOCK_DGRAM);
    const other = place.make(SOCK_DGRAM);
    other.bind({ path: join(place.folder, "other.sock") });
    live.connect({ path: join(place.folder, "other.sock") });
    for (const [, type] of types) throwsKind(() => place.serve(type), "address-in-use");
    expect(place.names).toEqual(["other.sock", "server.sock"]);
  });
});

describe("closing", () => {
  test("leaves the path to whoever has taken it over meanwhile", () => {
    using place = new Place();
    const first = place.serve();
    unlinkSync(place.path);
    const second = place.live();
    first.close();
    expect(place.names).toEqual(["server.sock"]);
    expectReachable(place.path, second);
  });

  test("leaves alone what is no socket any more, and does not mind when nothing is there", () => {
    using place = new Place();
    const first = place.serve();
    unlinkSync(place.path);
    writeFileSync(place.path, "precious");
    first.close();
    expect(readFileSync(place.path, "utf8")).toBe("precious");
    unlinkSync(place.path);
    const second = place.serve();
    unlinkSync(place.path);
    second.close();
    expect(place.names).toEqual([]);
  });

  test("does not mind when the folder is gone", () => {
    using place = new Place();
    const folder = join(place.folder, "inner");
    mkdirSync(folder);
    const socket = place.make();
    bindPath(socket, join(folder, "server.sock"));
    renameSync(folder, join(place.folder, "moved"));
    socket.close();
    expect(socket.closed).toBe(true);
  });

  test("twice is once: a successor's path is not removed by the second", () => {
    using place = new Place();
    const first = place.serve();
    first.close();
    const second = place.serve();
    first.close();
    expectReachable(place.path, second);
  });

  test("of a duplicate keeps the path, and so does detach: it goes with the descriptor", () => {
    using place = new Place();
    const server = place.serve();
    server.duplicate().close();
    expectReachable(place.path, server);
    using adopted = Socket.fromFd(server.detach());
    expect(place.names).toEqual(["server.sock"]);
    expectReachable(place.path, adopted);
    adopted.close();
    expect(place.names).toEqual(["server.sock"]); // whoever takes a descriptor over removes its path
  });

  test("with `using` removes it, also when something is thrown", () => {
    using place = new Place();
    expect(() => {
      using server = new Socket(AF_UNIX);
      bindPath(server, place.path);
      throw new Error("on the way");
    }).toThrow("on the way");
    expect(place.names).toEqual([]);
  });

  test("by the collector of a server that was forgotten removes it too", async () => {
    using place = new Place();
    const { result } = await runScript(`
      import { existsSync } from "node:fs";
      const path = ${JSON.stringify(place.path)};
      (() => berkeley.bindPath(new Socket(AF_UNIX), path))();
      const deadline = performance.now() + 4000;
      while (existsSync(path) && performance.now() < deadline) {
        Bun.gc(true);
        await new Promise((resolve) => setImmediate(resolve));
      }
      report(existsSync(path));
    `);
    expect(result).toBe(false);
  });
});

describe("failing", () => {
  test("for a path that is too long leaves nothing, and the socket can be bound elsewhere", () => {
    using place = new Place();
    const socket = place.make();
    const long = join(place.folder, "x".repeat(120));
    throwsKind(() => bindPath(socket, long), "filename-too-long");
    throwsKind(() => bindPath(socket, long, { mode: 0o600 }), "filename-too-long");
    expect(place.names).toEqual([]);
    bindPath(socket, place.path);
    expect(place.names).toEqual(["server.sock"]);
  });

  test("for a folder that is not there, or is none, says so", () => {
    using place = new Place();
    throwsKind(() => bindPath(place.make(), join(place.folder, "missing/server.sock")), "not-found");
    writeFileSync(place.path, "");
    throwsKind(() => bindPath(place.make(), join(place.path, "server.sock")), "not-directory");
  });

  test("for a live server, and then binding another path, is no problem", () => {
    using place = new Place();
    place.live();
    const socket = place.make();
    throwsKind(() => bindPath(socket, place.path, { mode: 0o600 }), "address-in-use");
    bindPath(socket, join(place.folder, "other.sock"));
    expect(place.names).toEqual(["other.sock", "server.sock"]);
  });

  test("of a socket that is closed or bound does not harm what is there", () => {
    for (const [, type] of types) {
      using place = new Place();
      place.dead(type);
      const closed = place.make(type);
      closed.close();
      throwsKind(() => bindPath(closed, place.path), "closed");
      expect(place.names).toEqual(["server.sock"]);
      const bound = place.make(type);
      bindPath(bound, join(place.folder, "first.sock"));
      throwsKind(() => bindPath(bound, join(place.folder, "second.sock")), "invalid-argument");
      expect(place.names).toEqual(["first.sock", "server.sock"]);
      bound.close();
      expect(place.names).toEqual(["server.sock"]);
    }
  });

  test("leaves no descriptor open", () => {
    using place = new Place();
    place.live();
    const fail = (): void => {
      using socket = new Socket(AF_UNIX);
      throwsKind(() => bindPath(socket, place.path), "address-in-use");
      throwsKind(() => bindPath(socket, join(place.folder, "missing/server.sock")), "not-found");
      throwsKind(() => bindPath(socket, join(place.folder, "x".repeat(120))), "filename-too-long");
    };
    fail();
    expect(haveProc ? openedBy(fail) : []).toEqual([]);
  });

  test("wrong arguments are refused before anything is done", () => {
    using place = new Place();
    const { path } = place;
    using tcp = new Socket(AF_INET);
    for (const socket of [tcp, undefined, null, {}, 3]) {
      throwsNaming(() => bindPath(wrong(socket), path), TypeError, "socket must be a unix Socket");
    }
    for (const value of ["", "\0abstract", undefined, null, 3, { path }, Buffer.from(path)]) {
      throwsNaming(() => bindPath(place.make(), wrong(value)), TypeError, "path must be a path");
    }
    for (const mode of [-1, 0o10000, 0.5, Number.NaN]) {
      throwsNaming(() => bindPath(place.make(), path, { mode }), RangeError, "mode");
    }
    expect(() => bindPath(place.make(), path, { mode: wrong("600") })).toThrow(/mode/);
    expect(place.names).toEqual([]);
  });

  test.skipIf(!root)(
    "an ordinary user is told where it may not bind, or not replace (needs root to set up)",
    async () => {
      using place = new Place();
      place.dead();
      chmodSync(place.folder, 0o755);
      const { result } = await runScript(`
      process.setgroups?.([]);
      process.setgid?.(65534);
      process.setuid?.(65534);
      const socket = new Socket(AF_UNIX);
      const attempt = (name: string, options?: object) =>
        thrown(() => berkeley.bindPath(socket, ${JSON.stringify(place.folder)} + "/" + name, options))?.kind;
      report([attempt("new.sock"), attempt("new.sock", { mode: 0o600 }), attempt("server.sock")]);
    `);
      const [fresh, withMode, replaced] = result as string[];
      expect([fresh, withMode]).toEqual(["permission-denied", "permission-denied"]);
      expect(["permission-denied", "address-in-use"]).toContain(replaced ?? ""); // it cannot even look whether it is alive
      expect(place.names).toEqual(["server.sock"]);
    },
  );
});

test("a datagram socket on a path that was replaced can be answered", () => {
  using place = new Place();
  place.dead(SOCK_DGRAM);
  const server = place.serve(SOCK_DGRAM);
  const client = place.make(SOCK_DGRAM);
  bindPath(client, join(place.folder, "client.sock"));
  server.sendTo("who are you?", { path: join(place.folder, "client.sock") });
  const buffer = new Uint8Array(100);
  const { address } = client.receiveFrom(buffer, soon);
  expect(String(address)).toBe(place.path);
  client.sendTo("a client", { path: place.path });
  expect(text(server.receiveBytes(100, soon))).toBe("a client");
});

test("a relative path is bound where the process is, and removed from there", async () => {
  using place = new Place();
  const { result } = await runScript(`
    import { mkdirSync, readdirSync } from "node:fs";
    process.chdir(${JSON.stringify(place.folder)});
    const before = new Socket(AF_UNIX);
    before.bind({ path: "server.sock" });
    before.close();
    const server = new Socket(AF_UNIX);
    berkeley.bindPath(server, "server.sock", { mode: 0o600 });
    server.listen();
    const client = new Socket(AF_UNIX);
    client.connect({ path: ${JSON.stringify(place.path)} }, { timeout: 1000 });
    const names = readdirSync(".");
    server.close();
    report({ names, after: readdirSync(".") });
  `);
  expect(result).toEqual({ names: ["server.sock"], after: [] });
});

test("a link in the way to the folder is followed", () => {
  using place = new Place();
  mkdirSync(join(place.folder, "real"));
  symlinkSync("real", join(place.folder, "link"));
  const socket = place.make();
  bindPath(socket, join(place.folder, "link/server.sock"));
  expect(readlinkSync(join(place.folder, "link"))).toBe("real");
  expect(existsSync(join(place.folder, "real/server.sock"))).toBe(true);
});

test.skipIf(!havePython)(
  "nobody ever sees a mode that is wider than asked for, with umask 0 (needs python3)",
  async () => {
    using place = new Place();
    const rounds = 200;
    await using python = new Python(
      `say("looking"); seen = set(); folder = sys.argv[1]
while True:
    names = os.listdir(folder)
    for name in names:
        try: mode = os.stat(folder + "/" + name).st_mode & 0o777
        except FileNotFoundError: continue
        if name != "end": seen.add(mode)
    if "end" in names: break
say(*map(oct, sorted(seen)))`,
      place.folder,
    );
    expect(await python.line()).toBe("looking");
    withUmask(0, () => {
      for (let round = 0; round < rounds; round++) {
        const path = join(place.folder, `${round}.sock`);
        const socket = place.make();
        bindPath(socket, path, { mode: 0o600 });
        if (round < rounds - 1) socket.close();
      }
    });
    writeFileSync(join(place.folder, "end"), "");
    expect(await python.line()).toBe("0o600");
  },
);

test("a folder that somebody else keeps locked is no reason to wait for ever", () => {
  using place = new Place();
  const fd = openSync(place.folder, "r");
  expect(lock(fd)).toBe(0);
  expectReachable(place.path, place.serve());
  closeSync(fd);
});

describe("several processes that want one path", () => {
  const RACERS = 3;
  const ROUNDS = 30;

  /** Starts them together, and hands out who has won which path; they live until `use` has ended. */
  async function race(paths: readonly string[], use: (winners: number[][]) => void): Promise<void> {
    using gate = new Place();
    const listener = gate.live();
    const racers = Array.from({ length: RACERS }, () =>
      runScript(`
        const gate = new Socket(AF_UNIX);
        const warm = new Socket(AF_UNIX);
        berkeley.bindPath(warm, ${JSON.stringify(gate.folder)} + "/" + process.pid);
        warm.close();
        gate.timeout = 10000;
        gate.connect({ path: ${JSON.stringify(gate.path)} });
        gate.receiveBytes(1);
        const won: number[] = [];
        const servers: unknown[] = [];
        const kinds = new Set<string>();
        for (const [index, path] of (${JSON.stringify(paths)} as string[]).entries()) {
          const server = new Socket(AF_UNIX);
          const failure = thrown(() => berkeley.bindPath(server, path));
          if (failure === null) {
            server.listen();
            won.push(index);
            servers.push(server);
          } else {
            kinds.add(failure.kind ?? failure.message);
            server.close();
          }
        }
        gate.sendAll(JSON.stringify({ pid: process.pid, won, kinds: [...kinds] }));
        gate.receiveBytes(1); // until the end
        report(servers.length);
      `),
    );
    const connections = new Sockets();
    try {
      for (let index = 0; index < RACERS; index++) connections.add(listener.accept({ timeout: 8000 }));
      for (const connection of connections.all) connection.sendAll("!");
      const winners: number[][] = paths.map(() => []);
      for (const connection of connections.all) {
        const answer = JSON.parse(text(connection.receiveBytes(65_536, { timeout: 8000 }))) as {
          readonly pid: number;
          readonly won: readonly number[];
          readonly kinds: readonly string[];
        };
        for (const index of answer.won) winners[index]?.push(answer.pid);
        expect(answer.kinds.filter((kind) => kind !== "address-in-use")).toEqual([]);
      }
      use(winners);
    } finally {
      connections[Symbol.dispose]();
    }
    await Promise.all(racers);
  }

  let ours: Folder;
  beforeAll(() => {
    ours = new Folder();
  });
  afterAll(() => ours[Symbol.dispose]());

  test.each([
    ["dead", true],
    ["free", false],
  ])(
    "when it is %s, exactly one gets it, and is the one that is reached",
    async (name, dead) => {
      const paths = Array.from({ length: ROUNDS }, (_, index) => ours.file(`${name}-${index}.sock`));
      if (dead) {
        for (const path of paths) {
          using socket = new Socket(AF_UNIX);
          socket.bind({ path });
        }
      }
      await race(paths, (winners) => {
        expect(winners.map(({ length }) => length)).toEqual(paths.map(() => 1));
        for (const [index, path] of paths.entries()) {
          using client = new Socket(AF_UNIX);
          client.connect({ path }, soon);
          expect([client.credentials.pid]).toEqual(winners[index] ?? []);
        }
      });
      expect(readdirSync(ours.path).filter((file) => file.startsWith("."))).toEqual([]);
    },
    20_000,
  );
});
