// Started and watched by systemd: sockets that are passed at the start, and what is told to the service manager.

import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test";
import { closeSync, fstatSync, openSync } from "node:fs";
import { AF_INET, AF_UNIX, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM } from "./support/constants.ts";
import {
  InetSocketAddress,
  listenFds,
  notify,
  receiveFds,
  Rights,
  Socket,
  UnixSocketAddress,
  watchdogInterval,
} from "../src/index.ts";
import { haveProc, openedBy } from "./support/descriptors.ts";
import { havePython, Python } from "./support/peers.ts";
import { Folder, SOON, tcpListener, udpSocket } from "./support/sockets.ts";
import { throwsKind, throwsNaming, wrong } from "./support/throws.ts";

const soon = { timeout: SOON };
const text = (data: Uint8Array): string => new TextDecoder().decode(data);
const folder = new Folder();
afterAll(() => folder[Symbol.dispose]());

const variables = [
  "LISTEN_PID",
  "LISTEN_FDS",
  "LISTEN_FDNAMES",
  "LISTEN_PIDFDID",
  "NOTIFY_SOCKET",
  "WATCHDOG_USEC",
  "WATCHDOG_PID",
] as const;
type Variables = { readonly [name in (typeof variables)[number]]?: string };

/** Sets these variables of the environment, and removes the others of systemd's. */
function set(values: Variables): void {
  for (const name of variables) {
    if (values[name] === undefined) delete process.env[name];
    else process.env[name] = values[name];
  }
}

let before: Variables = {};
beforeEach(() => {
  before = Object.fromEntries(variables.map((name) => [name, process.env[name]]));
  set({});
});
afterEach(() => set(before));

const source = JSON.stringify(import.meta.resolve("../src/index.ts").replace("file://", ""));
/** What an activated program begins with. */
const preamble = `
import * as berkeley from ${source};
import { readFileSync } from "node:fs";
const { listenFds, Socket } = berkeley;
const { ownProcessId } = require(${JSON.stringify(import.meta.resolve("../src/unix/process-id.ts").replace("file://", ""))});
const report = (value: unknown): void => console.log(JSON.stringify(value));
const closeOnExec = (fd: number): boolean => (parseInt(/^flags:\\s+(\\d+)$/m.exec(readFileSync("/proc/self/fdinfo/" + fd, "latin1"))![1]!, 8) & 0o2000000) !== 0;
const look = ({ socket, name }) => ({
  name, fd: socket.fd, family: socket.family, type: socket.type, listening: socket.listening, connected: socket.connected,
  cloexec: closeOnExec(socket.fd),
});
function failure(action: () => unknown): unknown {
  try { return { nothing: action() }; } catch (error) { return { name: error.name, kind: error.kind, code: error.code, message: error.message }; }
}
`;

/** Runs a program to which descriptors are passed as systemd does it: from 3 on, with LISTEN_PID its own number. */
async function activate(code: string, fds: readonly number[], env: Variables, pid = "$$"): Promise<unknown> {
  const exported = pid === "" ? "" : `export LISTEN_PID=${pid}; `;
  const child = Bun.spawn(["sh", "-c", `${exported}exec "$0" "$@"`, process.execPath, "-e", preamble + code], {
    stdio: ["ignore", "pipe", "pipe", ...fds],
    env: { ...process.env, ...env },
    timeout: 10_000,
    killSignal: "SIGKILL",
  });
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout as ReadableStream).text(),
    new Response(child.stderr as ReadableStream).text(),
  ]);
  const last = stdout.trim().split("\n").at(-1) ?? "";
  if (last === "") throw new Error(`the program told nothing:\n${stderr}`);
  return JSON.parse(last);
}

/** A unix socket with a name of the kernel's; listening where it can. */
function unixServer(type: number): Socket {
  const socket = new Socket(AF_UNIX, type);
  socket.bind(new UnixSocketAddress());
  if (type !== SOCK_DGRAM) socket.listen();
  return socket;
}

describe("listenFds, in a program that was started by hand", () => {
  test("takes sockets of every kind, each as it is, with their names, close-on-exec", async () => {
    using stack = new DisposableStack();
    const [one, other] = Socket.pair();
    const sockets = [
      tcpListener(),
      udpSocket(),
      unixServer(SOCK_STREAM),
      unixServer(SOCK_DGRAM),
      unixServer(SOCK_SEQPACKET),
      one,
    ].map((socket) => stack.use(socket));
    stack.use(other);
    const found = await activate(
      `report(listenFds().map(look))`,
      sockets.map(({ fd }) => fd),
      { LISTEN_FDS: "6", LISTEN_FDNAMES: "web:dns:::two words:" },
    );
    const kind = (family: number, type: number, listening: boolean, connected = false): object => ({
      family,
      type,
      listening,
      connected,
      cloexec: true,
    });
    expect(found).toEqual([
      { name: "web", fd: 3, ...kind(AF_INET, SOCK_STREAM, true) },
      { name: "dns", fd: 4, ...kind(AF_INET, SOCK_DGRAM, false) },
      { name: "", fd: 5, ...kind(AF_UNIX, SOCK_STREAM, true) },
      { name: "", fd: 6, ...kind(AF_UNIX, SOCK_DGRAM, false) },
      { name: "two words", fd: 7, ...kind(AF_UNIX, SOCK_SEQPACKET, true) },
      { name: "", fd: 8, ...kind(AF_UNIX, SOCK_STREAM, false, true) },
    ]);
  });

  test('names them "unknown" without names, and what is passed works', async () => {
    using listener = tcpListener();
    using client = new Socket(AF_INET);
    client.connect(listener.localAddress, soon);
    const found = await activate(
      `
      const [{ socket, name }] = listenFds();
      const accepted = socket.accept({ timeout: 4000 });
      accepted.sendAll("from the activated one");
      accepted.close();
      report(name);
    `,
      [listener.fd],
      { LISTEN_FDS: "1" },
    );
    expect(found).toBe("unknown");
    expect(text(client.receiveBytes(100, soon))).toBe("from the activated one");
  });

  test("removes the variables on request, so that children and a second call find none", async () => {
    using listener = tcpListener();
    const code = (options: string): string => `
      process.env.LISTEN_PIDFDID = String(ownProcessId() ?? 1); // where the kernel has none it is not looked at
      const first = listenFds(${options}).length;
      const environment = Bun.spawnSync(["env"], { env: process.env }).stdout.toString();
      report({ first, second: ${options === "" ? "null" : "listenFds().length"}, left: environment.split("\\n").filter((line) => line.startsWith("LISTEN_")).length });
    `;
    const env = { LISTEN_FDS: "1", LISTEN_FDNAMES: "web" };
    const removed = await activate(code("{ unsetEnvironment: true }"), [listener.fd], env);
    expect(removed).toEqual({ first: 1, second: 0, left: 0 });
    const kept = await activate(code(""), [listener.fd], env);
    expect(kept).toEqual({ first: 1, second: null, left: 4 });
  });

  test("gives the very same sockets again; a closed one keeps its place, and its number is whose it is by then", async () => {
    using stack = new DisposableStack();
    const fds = [tcpListener(), udpSocket(), tcpListener()].map((socket) => stack.use(socket).fd);
    const code = `
      const first = listenFds();
      const same = (others) => others.map(({ socket, name }, at) => socket === first[at]?.socket && name === first[at]?.name);
      const second = same(listenFds());
      first[0].socket.close();
      first[1].socket.detach(); // given away: not ours to take again
      const others = []; // Bun may have taken the number of the closed one, or not yet
      do others.push(Socket.fromFd(new Socket(berkeley.AF_INET).detach())); while (others.length < 20 && others.at(-1).fd !== 3);
      const third = listenFds();
      const closed = third.map(({ socket }) => socket.closed);
      process.env.LISTEN_FDS = "4000"; // not open
      const refused = failure(() => listenFds()).name;
      process.env.LISTEN_FDS = "3";
      const [third2, last] = [same(third), same(listenFds({ unsetEnvironment: true }))];
      report({ second, third: third2, closed, refused, last, none: listenFds(), open: first[2].socket.listening && others.every(({ family }) => family === berkeley.AF_INET) });
    `;
    const same = [true, true, true];
    expect(await activate(code, fds, { LISTEN_FDS: "3", LISTEN_FDNAMES: "web:dns:more" })).toEqual({
      second: same,
      third: same,
      closed: [true, true, false],
      refused: "SocketError",
      last: same,
      none: [],
      open: true,
    });
  });

  test.each(["", "{ unsetEnvironment: true }"])(
    "listenFds(%s) keeps those that nobody holds from being collected",
    async (options) => {
      using stack = new DisposableStack();
      const fds = [tcpListener(), tcpListener(), udpSocket()].map((socket) => stack.use(socket).fd);
      const code = `
      const take = () => { const [first] = listenFds(${options}); return first.socket; };
      const socket = take();
      for (let turn = 0; turn < 20; turn++) { Bun.gc(true); await Bun.sleep(1); }
      report([3, 4, 5].map((fd) => failure(() => closeOnExec(fd))));
    `;
      expect(await activate(code, fds, { LISTEN_FDS: "3" })).toEqual(Array(3).fill({ nothing: true }));
    },
  );

  test("leaves alone what was passed to an earlier process of the same number (LISTEN_PIDFDID)", async () => {
    using listener = tcpListener();
    const found = await activate(
      `
      const own = ownProcessId();
      process.env.LISTEN_PIDFDID = String((own ?? 1n) + 1n);
      const other = listenFds().length;
      process.env.LISTEN_PIDFDID = String(own ?? 1n);
      report({ other: own === undefined ? 0 : other, own: listenFds().length });
    `,
      [listener.fd],
      { LISTEN_FDS: "1" },
    );
    expect(found).toEqual({ other: 0, own: 1 });
  });

  test("leaves alone what was passed to another process", async () => {
    using listener = tcpListener();
    for (const [pid, env] of [
      ["1", { LISTEN_FDS: "1" }],
      ["", { LISTEN_FDS: "1" }],
    ] as const) {
      const found = await activate(
        `report({ found: listenFds({ unsetEnvironment: true }).length, pid: process.env.LISTEN_PID ?? null, open: failure(() => closeOnExec(3)) })`,
        [listener.fd],
        env,
        pid,
      );
      expect(found).toEqual({ found: 0, pid: null, open: { nothing: false } });
    }
  });

  test("says what contradicts what, and leaves the descriptors to whoever calls again", async () => {
    using listener = tcpListener();
    const found = (await activate(
      `
      const first = failure(() => listenFds());
      process.env.LISTEN_FDNAMES = "web";
      report([first, listenFds().map(look)[0].name]);
    `,
      [listener.fd],
      { LISTEN_FDS: "1", LISTEN_FDNAMES: "web:dns" },
    )) as [{ message: string }, string];
    expect(found[0]).toMatchObject({ name: "SocketError", kind: "invalid-argument", code: "EINVAL" });
    expect(found[0].message).toContain("LISTEN_FDNAMES");
    expect(found[1]).toBe("web");
  });

  test("refuses what is no socket, and a number that is not open; the others stay open", async () => {
    using listener = tcpListener();
    const file = openSync("/dev/null", "r");
    const code = `
      const first = failure(() => listenFds());
      process.env.LISTEN_FDS = "1";
      report([first, listenFds().length]);
    `;
    const [noSocket, rest] = (await activate(code, [listener.fd, file], { LISTEN_FDS: "2" })) as [object, number];
    closeSync(file);
    expect(noSocket).toMatchObject({ name: "SocketError", kind: "invalid-argument", code: "ENOTSOCK" });
    expect(rest).toBe(1);
    const [notOpen] = (await activate(code, [listener.fd], { LISTEN_FDS: "4000" })) as [object];
    expect(notOpen).toMatchObject({ name: "SocketError", kind: "invalid-argument" });
  });

  test.each(["x", "-1", "1.5", " 1", "0x1", "", "4294967297", "9".repeat(30)])(
    "refuses LISTEN_FDS %p",
    async (count) => {
      using listener = tcpListener();
      const found = await activate(`report(failure(() => listenFds()))`, [listener.fd], { LISTEN_FDS: count });
      expect(found).toMatchObject({ name: "SocketError", kind: "invalid-argument" });
      expect((found as { message: string }).message).toContain("LISTEN_FDS");
    },
  );
});

describe("listenFds in this process", () => {
  test("is empty where nobody has passed anything", () => {
    expect(listenFds()).toEqual([]);
    set({ LISTEN_FDS: "3" });
    expect(listenFds()).toEqual([]);
    set({ LISTEN_FDS: "3", LISTEN_PID: "1" });
    expect(listenFds({ unsetEnvironment: true })).toEqual([]);
    expect(process.env["LISTEN_FDS"]).toBeUndefined();
    set({ LISTEN_FDS: "0", LISTEN_PID: String(process.pid) });
    expect(listenFds()).toEqual([]);
  });

  test.each(["x", "-1", "1e3", ""])("refuses LISTEN_PID %p, and removes it on request nevertheless", (pid) => {
    set({ LISTEN_FDS: "1", LISTEN_PID: pid });
    const error = throwsKind(() => listenFds({ unsetEnvironment: true }), "invalid-argument");
    expect(error.message).toContain("LISTEN_PID");
    expect(process.env["LISTEN_PID"]).toBeUndefined();
  });
});

/** A program that runs until the test ends. */
class Running implements AsyncDisposable {
  readonly #child: Bun.Subprocess<"ignore", "pipe", "pipe">;

  constructor(command: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#child = Bun.spawn([...command], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      env: { ...process.env, ...env },
      timeout: 10_000,
      killSignal: "SIGKILL",
    });
  }

  /** Until it has said this on stderr so many times. */
  async untilItSays(what: string, times = 1): Promise<void> {
    const reader = this.#child.stderr.getReader();
    for (let all = ""; all.split(what).length <= times;) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`it ended, and said only: ${all}`);
      all += text(value);
    }
    reader.releaseLock();
  }

  /** The first line on stdout. */
  async line(): Promise<unknown> {
    const reader = this.#child.stdout.getReader();
    let all = "";
    while (!all.includes("\n")) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`it said nothing: ${await new Response(this.#child.stderr).text()}`);
      all += text(value);
    }
    reader.releaseLock();
    return JSON.parse(all.split("\n")[0] ?? "");
  }

  get exited(): Promise<number> {
    return this.#child.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }
}

describe.skipIf(Bun.which("systemd-socket-activate") === null)(
  "systemd-socket-activate (needs systemd's package)",
  () => {
    /** Starts it, and waits until it listens at so many addresses. */
    async function start(words: readonly string[], code: string, listening = 1): Promise<Running> {
      const running = new Running(["systemd-socket-activate", ...words, process.execPath, "-e", preamble + code]);
      await running.untilItSays("Listening on", listening);
      return running;
    }

    const serve = `
    const activated = listenFds({ unsetEnvironment: true });
    const seen = activated.map(look);
    const { socket } = activated[0];
    const connection = socket.listening ? socket.accept({ timeout: 4000 }) : socket;
    const said = new TextDecoder().decode(connection.receiveBytes(100, { timeout: 4000 }));
    if (connection.connected) connection.send(Buffer.from("hello " + said));
    report({ seen, said, left: Object.keys(process.env).filter((name) => name.startsWith("LISTEN_")) });
  `;

    test("passes a TCP listener, and the client that woke it is served", async () => {
      const free = tcpListener();
      const { port } = free.localAddress as InetSocketAddress;
      free.close();
      await using running = await start(["-l", `127.0.0.1:${port}`], serve);
      using client = new Socket(AF_INET);
      client.connect(`127.0.0.1:${port}`, soon);
      client.sendAll("tcp");
      expect(await running.line()).toMatchObject({
        seen: [{ fd: 3, family: AF_INET, type: SOCK_STREAM, listening: true, cloexec: true, name: "unknown" }],
        said: "tcp",
        left: [],
      });
      expect(text(client.receiveBytes(100, soon))).toBe("hello tcp");
    });

    test.each([
      ["a unix stream", [], SOCK_STREAM],
      ["a unix seqpacket", ["--seqpacket"], SOCK_SEQPACKET],
      ["a unix datagram", ["--datagram"], SOCK_DGRAM],
    ] as const)("passes %s socket on a path", async (_, words, type) => {
      const path = folder.file(`activated-${type}.sock`);
      await using running = await start([...words, "-l", path], serve);
      using client = new Socket(AF_UNIX, type);
      client.connect({ path }, soon);
      client.send(Buffer.from("unix"));
      expect(await running.line()).toMatchObject({
        seen: [{ fd: 3, family: AF_UNIX, type, listening: type !== SOCK_DGRAM, cloexec: true }],
        said: "unix",
      });
      if (type !== SOCK_DGRAM) expect(text(client.receiveBytes(100, soon))).toBe("hello unix");
    });

    test("passes several with their names, abstract ones among them", async () => {
      const path = folder.file("several.sock");
      const name = `berkeley-activated-${process.pid}`;
      await using running = await start(["-l", path, "-l", `@${name}`, "--fdname=path:abstract"], serve, 2);
      using client = new Socket(AF_UNIX);
      client.connect({ path }, soon);
      client.sendAll(Buffer.from("several"));
      expect(await running.line()).toMatchObject({
        seen: [
          { fd: 3, name: "path" },
          { fd: 4, name: "abstract", family: AF_UNIX, listening: true },
        ],
      });
    });

    test("passes a connection with --accept", async () => {
      const path = folder.file("accepted.sock");
      await using running = await start(["--accept", "-l", path], serve);
      using client = new Socket(AF_UNIX);
      client.connect({ path }, soon);
      client.sendAll(Buffer.from("accepted"));
      expect(await running.line()).toMatchObject({
        seen: [{ fd: 3, family: AF_UNIX, type: SOCK_STREAM, listening: false, connected: true }],
        said: "accepted",
      });
      expect(text(client.receiveBytes(100, soon))).toBe("hello accepted");
    });
  },
);

let managers = 0;

/** A socket that stands for the service manager; NOTIFY_SOCKET names it. */
class Manager implements Disposable {
  readonly socket = new Socket(AF_UNIX, SOCK_DGRAM);

  constructor(abstract = false) {
    const name = abstract ? `@berkeley-manager-${process.pid}-${managers++}` : folder.file(`manager-${managers++}`);
    this.socket.bind({ path: abstract ? `\0${name.slice(1)}` : name });
    this.socket.timeout = SOON;
    set({ NOTIFY_SOCKET: name });
  }

  /** The next that it was told. */
  get told(): string {
    return text(this.socket.receiveBytes(10_000));
  }

  [Symbol.dispose](): void {
    this.socket.close();
  }
}

describe("notify", () => {
  test.each([
    ["a path", false],
    ["an abstract name", true],
  ])("tells the manager at %s, word for word", (_, abstract) => {
    using manager = new Manager(abstract);
    for (const state of ["READY=1", "STATUS=näher\nMAINPID=1", "WATCHDOG=1", "STOPPING=1\n"]) {
      expect(notify(state)).toBe(true);
      expect(manager.told).toBe(state);
    }
  });

  test("is false without NOTIFY_SOCKET", () => {
    expect(notify("READY=1")).toBe(false);
    set({ NOTIFY_SOCKET: "" });
    expect(notify("READY=1")).toBe(false);
    expect(notify("BARRIER=1")).toBe(false);
  });

  test("passes descriptors for the store: the manager gets them, and ours stay", () => {
    using manager = new Manager();
    using listener = tcpListener();
    expect(notify("FDSTORE=1\nFDNAME=listener", { fds: [listener, listener.fd] })).toBe(true);
    const buffer = new Uint8Array(100);
    const { size, fds } = receiveFds(manager.socket, 253, buffer);
    expect(text(buffer.subarray(0, size))).toBe("FDSTORE=1\nFDNAME=listener");
    expect(fds.map((fd) => fstatSync(fd).ino)).toEqual(Array(2).fill(fstatSync(listener.fd).ino));
    for (const fd of fds) closeSync(fd);
    expect(listener.listening).toBe(true);
  });

  test("comes from this process", () => {
    using manager = new Manager();
    manager.socket.setOption(1, 16, true); // SO_PASSCRED, as systemd has it
    notify("READY=1");
    const message = manager.socket.receiveMessage({ buffers: [new Uint8Array(100)] });
    expect([...message.control].map(String)).toEqual([
      `pid ${process.pid}, uid ${process.geteuid?.()}, gid ${process.getegid?.()}`,
    ]);
  });

  test.skipIf(!havePython)("BARRIER=1 waits until the manager has come to it (needs python3)", async () => {
    const path = folder.file("barrier.sock");
    await using python = new Python(
      `s = socket(AF_UNIX, SOCK_DGRAM); s.bind(sys.argv[1]); say("listening")
data, fds, _, _ = recv_fds(s, 100, 5); first = (data, len(fds))
data, fds, _, _ = recv_fds(s, 100, 5)
say(first, data, len(fds)); os.close(fds[0]); s.recv(1)`,
      path,
    );
    expect(await python.line()).toBe("listening");
    set({ NOTIFY_SOCKET: path });
    expect(notify("READY=1")).toBe(true);
    expect(notify("BARRIER=1", soon)).toBe(true);
    expect(await python.line()).toBe("(b'READY=1', 0) b'BARRIER=1' 1");
  });

  test("BARRIER=1 gives up when the manager does not come to it, and leaves nothing open", () => {
    using manager = new Manager();
    const act = (): void => {
      const error = throwsKind(() => notify("BARRIER=1", { timeout: 5 }), "timed-out");
      expect(error.message).toContain("notify");
      const { fds } = receiveFds(manager.socket, 5);
      expect(fds).toHaveLength(1);
      for (const fd of fds) closeSync(fd);
    };
    act();
    expect(haveProc ? openedBy(act) : []).toEqual([]);
  });

  test("BARRIER=1 has a descriptor of its own, and takes no others", () => {
    using _manager = new Manager();
    const act = (): void => void throwsNaming(() => notify("BARRIER=1", { fds: [1] }), TypeError, "BARRIER=1");
    act();
    expect(haveProc ? openedBy(act) : []).toEqual([]);
  });

  test("to nobody is an error, and leaves nothing open", () => {
    const act = (): void => {
      set({ NOTIFY_SOCKET: folder.file("nobody.sock") });
      throwsKind(() => notify("READY=1"), "not-found");
      throwsKind(() => notify("BARRIER=1"), "not-found");
      set({ NOTIFY_SOCKET: "@berkeley-nobody" });
      throwsKind(() => notify("READY=1"), "connection-refused");
    };
    act();
    expect(haveProc ? openedBy(act) : []).toEqual([]);
  });

  test("to a manager whose queue is full gives up in time", () => {
    using manager = new Manager();
    using sender = new Socket(AF_UNIX, SOCK_DGRAM);
    sender.connect(manager.socket.localAddress);
    while (sender.trySend("x") !== -1);
    throwsKind(() => notify("READY=1", { timeout: 5 }), "timed-out");
    throwsKind(() => notify("READY=1", { timeout: 0 }), "would-block");
  });

  test.each(["relative/path", "vsockless", "unix:/run/x", "\0abstract"])("refuses NOTIFY_SOCKET %p", (target) => {
    set({ NOTIFY_SOCKET: target });
    if (process.env["NOTIFY_SOCKET"] !== target) return; // the environment itself refused it
    throwsKind(() => notify("READY=1"), target.startsWith("vsock") ? "not-supported" : "invalid-argument");
  });

  test("does not speak vsock, and a name that is too long is filename-too-long", () => {
    set({ NOTIFY_SOCKET: "vsock:2:1234" });
    throwsKind(() => notify("READY=1"), "not-supported");
    set({ NOTIFY_SOCKET: `/${"x".repeat(200)}` });
    throwsKind(() => notify("READY=1"), "filename-too-long");
  });

  test("wrong arguments are refused, whether there is a manager or not", () => {
    for (const state of ["", undefined, null, 1, Buffer.from("READY=1")]) {
      throwsNaming(() => notify(wrong(state)), TypeError, "state must be text");
    }
    for (const timeout of [-1, Number.NaN]) {
      expect(() => notify("READY=1", { timeout })).toThrow(RangeError);
    }
    using _manager = new Manager();
    throwsNaming(() => notify("FDSTORE=1", { fds: Array<number>(254).fill(1) }), RangeError, "1 to 253");
    expect(() => notify("FDSTORE=1", { fds: [-1] })).toThrow(/descriptors\[0\]/);
  });
});

describe.skipIf(Bun.which("systemd-notify") === null)("systemd-notify (needs systemd's package)", () => {
  test("tells a socket of ours, and waits at the barrier until we close its descriptor", async () => {
    using manager = new Manager();
    await using running = new Running(["systemd-notify", "--ready", "--status=on its way"], {
      NOTIFY_SOCKET: process.env["NOTIFY_SOCKET"] ?? "",
    });
    const lines = manager.told.split("\n").sort();
    expect(lines).toEqual(expect.arrayContaining(["READY=1", "STATUS=on its way"]));
    const buffer = new Uint8Array(100);
    using message = manager.socket.receiveMessage({ buffers: [buffer] });
    expect(text(buffer.subarray(0, message.size))).toBe("BARRIER=1");
    expect(message.control.get(Rights)).toHaveLength(1);
    message[Symbol.dispose](); // closes it
    expect(await running.exited).toBe(0);
  });

  test("and notify say the same", async () => {
    using manager = new Manager(true);
    await using running = new Running(["systemd-notify", "--no-block", "STATUS=same", "X_BERKELEY=1"], {
      NOTIFY_SOCKET: process.env["NOTIFY_SOCKET"] ?? "",
    });
    const theirs = manager.told;
    expect(await running.exited).toBe(0);
    notify("STATUS=same\nX_BERKELEY=1");
    expect(manager.told).toBe(theirs.trimEnd());
  });
});

describe("watchdogInterval", () => {
  test("is in milliseconds, and undefined where nobody watches this process", () => {
    expect(watchdogInterval()).toBeUndefined();
    set({ WATCHDOG_USEC: "30000000" });
    expect(watchdogInterval()).toBe(30_000);
    set({ WATCHDOG_USEC: "1500", WATCHDOG_PID: String(process.pid) });
    expect(watchdogInterval()).toBe(1.5);
    set({ WATCHDOG_USEC: "1500", WATCHDOG_PID: "1" });
    expect(watchdogInterval()).toBeUndefined();
    set({ WATCHDOG_USEC: "0" });
    expect(watchdogInterval()).toBeUndefined();
  });

  test.each([
    { WATCHDOG_USEC: "soon" },
    { WATCHDOG_USEC: "-1" },
    { WATCHDOG_USEC: "" },
    { WATCHDOG_USEC: "1000", WATCHDOG_PID: "me" },
  ])("refuses %p", (values) => {
    set(values);
    expect(throwsKind(() => watchdogInterval(), "invalid-argument").message).toContain("WATCHDOG_");
  });
});
