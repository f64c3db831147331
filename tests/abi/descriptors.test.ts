// Every descriptor that the library makes or adopts is non-blocking and closes on exec, and no write to a peer that has gone
// ends the process: SIGPIPE is never raised, or ignored where it cannot be helped.

import { afterAll, describe, expect, test } from "bun:test";
import { dlopen } from "bun:ffi";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pairOf, socket as rawSocket, socketpair } from "../../ffi/calls.ts";
import { close, makeWake } from "../../ffi/descriptors.ts";
import { platform } from "../../ffi/platform/index.ts";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  Cancellable,
  POLLIN,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  Socket,
  SocketRef,
} from "../../src/index.ts";
import { wakeDescriptor } from "../../src/wait/cancellable.ts";
import { compileC, haveCC } from "../support/c.ts";
import { flagsOf, haveProc, openDescriptors, openedBy } from "../support/descriptors.ts";
import { addressOf, canMake, Folder, haveIPv6, tcpListener, TcpPair } from "../support/sockets.ts";
import { throwsKind } from "../support/throws.ts";

const root = join(import.meta.dir, "../..");
const { SOCK_NONBLOCK = 0, SOCK_CLOEXEC = 0 } = platform.constants;
const note = haveProc ? "" : " (skipped: no /proc)";

const ready = { nonblocking: true, closeOnExec: true };
const bare = { nonblocking: false, closeOnExec: false };

/** A descriptor of each origin; what else is open meanwhile is closed by the stack. */
const origins: readonly (readonly [name: string, make: (stack: DisposableStack) => number])[] = [
  ["new Socket, TCP", (stack) => stack.use(new Socket(AF_INET)).fd],
  ["new Socket, UDP", (stack) => stack.use(new Socket(AF_INET, SOCK_DGRAM)).fd],
  ["new Socket, unix", (stack) => stack.use(new Socket(AF_UNIX, SOCK_SEQPACKET)).fd],
  ["new Socket, flags given", (stack) => stack.use(new Socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC)).fd],
  ["the first of a pair", (stack) => stack.use(Socket.pair().map((socket) => stack.use(socket))[0] as Socket).fd],
  ["the second of a pair", (stack) => stack.use(Socket.pair().map((socket) => stack.use(socket))[1] as Socket).fd],
  ["accept", (stack) => stack.use(new TcpPair()).server.fd],
  ["tryAccept", tryAccepted],
  ["duplicate", (stack) => stack.use(stack.use(new Socket(AF_INET)).duplicate()).fd],
  [
    "duplicate of a duplicate",
    (stack) => stack.use(stack.use(stack.use(new Socket(AF_INET)).duplicate()).duplicate()).fd,
  ],
  ["fromFd", (stack) => stack.use(Socket.fromFd(rawSocket(AF_INET, SOCK_DGRAM, 0))).fd],
  ["fromFd of what was detached", (stack) => stack.use(Socket.fromFd(new Socket(AF_INET).detach())).fd],
  ["detach", (stack) => stack.adopt(new Socket(AF_INET).detach(), (fd) => void close(fd))],
  ["the wake-up of a Cancellable", (stack) => wakeOf(stack.use(new Cancellable()))],
  ["the wake-up of an opened Cancellable", openedWake],
  ["makeWake", (stack) => stack.adopt(makeWake().readEnd, (fd) => void close(fd))],
];

function tryAccepted(stack: DisposableStack): number {
  const listener = stack.use(tcpListener());
  stack.use(new Socket(AF_INET)).connect(addressOf(listener), { timeout: 4000 });
  listener.conditionWait(POLLIN, { timeout: 4000 });
  return stack.use(listener.tryAccept() as Socket).fd;
}

function wakeOf(cancellable: Cancellable): number {
  void cancellable.handle;
  return wakeDescriptor(cancellable);
}

function openedWake(stack: DisposableStack): number {
  const { handle } = stack.use(new Cancellable());
  return wakeDescriptor(stack.use(Cancellable.open(handle)));
}

describe.skipIf(!haveProc)(`a descriptor${note}`, () => {
  test.each(origins)("from %s is non-blocking and closes on exec", (_, make) => {
    using stack = new DisposableStack();
    expect(flagsOf(make(stack))).toEqual(ready);
  });

  test.skipIf(!haveIPv6)("of IPv6 is so as well (needs IPv6)", () => {
    using socket = new Socket(AF_INET6);
    expect(flagsOf(socket.fd)).toEqual(ready);
  });

  const packet = platform.constants.AF_PACKET;
  const raw = canMake(packet, SOCK_DGRAM);
  test.skipIf(!raw)(`of AF_PACKET is so as well${raw ? "" : " (skipped: needs CAP_NET_RAW)"}`, () => {
    using socket = new Socket(packet as number, SOCK_DGRAM);
    expect(flagsOf(socket.fd)).toEqual(ready);
  });

  test("that is adopted was neither before", () => {
    const fd = rawSocket(AF_INET, SOCK_DGRAM, 0);
    expect(flagsOf(fd)).toEqual(bare);
    using socket = Socket.fromFd(fd);
    expect(socket.fd).toBe(fd);
    expect(flagsOf(fd)).toEqual(ready);
  });

  test("that is refused is left as it was, and open", () => {
    using folder = new Folder();
    const fd = openSync(folder.file("no-socket"), "w");
    const before = flagsOf(fd);
    throwsKind(() => Socket.fromFd(fd), "invalid-argument");
    expect(flagsOf(fd)).toEqual(before);
    closeSync(fd);
  });

  test("that is borrowed is left as it is", () => {
    const fd = rawSocket(AF_INET, SOCK_STREAM, 0);
    const ref = SocketRef.borrow(fd);
    ref.keepalive = true;
    expect(ref.localAddress).not.toBeNull();
    expect(flagsOf(fd)).toEqual(bare);
    close(fd);
  });

  test("stays what it is through everything that is done with it", () => {
    using pair = new TcpPair();
    const { client, server } = pair;
    client.blocking = false;
    client.blocking = true;
    client.timeout = 10;
    server.sendAll("x");
    client.receive(new Uint8Array(1));
    throwsKind(() => client.receive(new Uint8Array(1)), "timed-out");
    client.shutdown({ write: true });
    expect(flagsOf(client.fd)).toEqual(ready);
  });

  test("is closed by dispose, of all origins, and nothing else is left open", () => {
    for (const [name, make] of origins) {
      const left = openedBy(() => {
        using stack = new DisposableStack();
        make(stack);
      });
      expect([name, left]).toEqual([name, []]);
    }
  });
});

const system = haveProc
  ? dlopen(platform.library.names[0] as string, { system: { args: ["cstring"], returns: "i32" } } as const)
  : undefined;
afterAll(() => system?.close());

/** What a program that is started now finds of these descriptors: system(3), because Bun's own spawn closes all of them. */
function inherited(descriptors: readonly number[]): number[] {
  using folder = new Folder();
  const list = folder.file("list");
  const each = `[ -e /proc/$$/fd/$n ] && echo $n`;
  // not `for ... done > list`: dash would save its stdout as descriptor 10, which may be one that is looked for
  const command = `exec > '${list}'; for n in ${descriptors.join(" ")}; do ${each}; done; true\0`;
  expect(system?.symbols.system(Buffer.from(command) as unknown as string)).toBe(0);
  return readFileSync(list, "utf8").split("\n").filter(Boolean).map(Number);
}

describe.skipIf(!haveProc)(`a child process${note}`, () => {
  test("inherits what does not close on exec: this test can see it", () => {
    const fd = rawSocket(AF_INET, SOCK_DGRAM, 0);
    expect(inherited([fd])).toEqual([fd]);
    close(fd);
  });

  test("inherits none of ours", () => {
    using stack = new DisposableStack();
    const descriptors = origins.map(([, make]) => make(stack));
    expect(descriptors.filter((fd) => openDescriptors().has(fd))).toEqual(descriptors);
    expect(inherited(descriptors)).toEqual([]);
  });

  test("inherits a descriptor until it is adopted, and no longer", () => {
    expect(socketpair(AF_UNIX, SOCK_STREAM, 0)).toBe(0);
    const [first, second] = pairOf();
    expect(inherited([first, second])).toEqual([first, second]);
    using socket = Socket.fromFd(first);
    expect(inherited([socket.fd, second])).toEqual([second]);
    close(second);
  });
});

interface Outcome {
  readonly exitCode: number | null;
  readonly signal: string | number | null;
  readonly lines: readonly string[];
}

/** Runs a script in a bun of its own, in which SIGPIPE would be death: the default, which Bun ignores when it starts. */
async function withDefaultSigpipe(code: string, through: readonly string[] = []): Promise<Outcome> {
  using folder = new Folder();
  const script = folder.file("script.ts");
  const from = (path: string): string => JSON.stringify(join(root, path));
  writeFileSync(
    script,
    `import { openSync, writeFileSync } from "node:fs";
     import { Socket, SocketError } from ${from("src/index.ts")};
     import { send as rawSend } from ${from("ffi/calls.ts")};
     import { required } from ${from("ffi/library.ts")};
     import { TcpPair } from ${from("tests/support/sockets.ts")};
     const SIGPIPE = ${platform.constants.SIGPIPE};
     const resetSigpipe = () => required("signal")(SIGPIPE, 0);
     const told = (what: string, action: () => unknown) => {
       try { console.log(what, "returned", action()); }
       catch (error) { console.log(what, error instanceof SocketError ? error.kind : error); }
     };
     /** A pair of which one end can only be written to in vain. */
     function unixPair() {
       const [left, right] = Socket.pair();
       right.close();
       return left;
     }
     function tcpPair() {
       const { client } = new TcpPair();
       client.shutdown({ write: true });
       return client;
     }
     const byte = Uint8Array.of(1);
     writeFileSync("file", "twelve bytes");
     ${code}`,
  );
  const child = Bun.spawn([...through, process.execPath, script], {
    ...{ cwd: folder.path, stdin: "ignore", stdout: "pipe", stderr: "pipe" },
  });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  const exitCode = await child.exited;
  if (exitCode !== 0 && child.signalCode === null) throw new Error(stderr);
  return { exitCode, signal: child.signalCode, lines: stdout.trim().split("\n").filter(Boolean) };
}

const alive = (...lines: string[]): Outcome => ({ exitCode: 0, signal: null, lines });

describe.skipIf(!haveProc)(`with SIGPIPE at its default, death${haveProc ? "" : " (skipped: no Linux)"}`, () => {
  test("a bare send(2) to a peer that has gone is just that", async () => {
    const { signal, lines } = await withDefaultSigpipe(`
      const left = unixPair();
      resetSigpipe();
      console.log("here");
      rawSend(left.fd, byte, 0);
      console.log("not here");`);
    expect({ signal, lines }).toEqual({ signal: "SIGPIPE", lines: ["here"] });
  });

  test.each(["unixPair", "tcpPair"])("no way of sending dies: kind is connection-closed (%s)", async (pair) => {
    const outcome = await withDefaultSigpipe(`
      const left = ${pair}();
      resetSigpipe();
      told("send", () => left.send(byte));
      told("trySend", () => left.trySend(byte));
      told("sendAll", () => left.sendAll("text"));
      told("sendAll of much", () => left.sendAll(new Uint8Array(1 << 20)));
      told("sendFile", () => left.sendFile(openSync("file", "r")));
      left.close();`);
    const ways = ["send", "trySend", "sendAll", "sendAll of much", "sendFile"];
    expect(outcome).toEqual(alive(...ways.map((way) => `${way} connection-closed`)));
  });

  test("sendTo on a socket without connection-less peers does not die either", async () => {
    const outcome = await withDefaultSigpipe(`
      const left = tcpPair();
      resetSigpipe();
      told("sendTo", () => left.sendTo(byte, "127.0.0.1:1"));
      told("trySendTo", () => left.trySendTo(byte, "127.0.0.1:1"));`);
    expect(outcome).toEqual(alive("sendTo connection-closed", "trySendTo connection-closed"));
  });

  test("sendFile of what sendfile(2) cannot read, a pipe, does not die", async () => {
    const outcome = await withDefaultSigpipe(`
      const left = unixPair();
      const [end, other] = [new Int32Array(2), 0];
      required("pipe")(end);
      const bytes = new Uint8Array(10);
      required("write")(end[1]!, bytes, bytes);
      resetSigpipe();
      told("sendFile", () => left.sendFile(end[0]!, { count: 10 }));`);
    expect(outcome).toEqual(alive("sendFile connection-closed"));
  });

  test("sendFile does not die when the default has come back since the last one: process.off does that", async () => {
    const outcome = await withDefaultSigpipe(`
      const left = unixPair();
      told("first", () => left.sendFile(openSync("file", "r")));
      const handler = () => {};
      process.on("SIGPIPE", handler);
      process.off("SIGPIPE", handler);
      told("second", () => left.sendFile(openSync("file", "r")));
      resetSigpipe();
      told("third", () => left.sendFile(openSync("file", "r")));`);
    expect(outcome).toEqual(alive(...["first", "second", "third"].map((which) => `${which} connection-closed`)));
  });

  test("a handler that somebody has set is left in place by sendFile, and not called by send", async () => {
    const outcome = await withDefaultSigpipe(`
      const left = unixPair();
      let called = 0;
      let wait = Promise.withResolvers<void>();
      process.on("SIGPIPE", () => { called++; wait.resolve(); });
      told("send", () => left.send(byte));
      told("trySend", () => left.trySend(byte));
      await new Promise((resolve) => setImmediate(resolve));
      console.log("called by send:", called);
      told("sendFile", () => left.sendFile(openSync("file", "r")));
      await wait.promise; // sendfile(2) raises it: the handler hears of it
      wait = Promise.withResolvers<void>();
      const before = called;
      rawSend(left.fd, byte, 0);
      await wait.promise;
      console.log("called by others:", called - before);`);
    expect(outcome).toEqual(
      alive(
        "send connection-closed",
        "trySend connection-closed",
        "called by send: 0",
        "sendFile connection-closed",
        "called by others: 1",
      ),
    );
  });

  test.skipIf(!haveCC)(
    `also in a bun that was started with it${haveCC ? "" : " (skipped: no C compiler)"}`,
    async () => {
      const launcher = compileC(`
      #include <signal.h>
      #include <unistd.h>
      int main(int count, char **arguments) {
        sigset_t all;
        signal(SIGPIPE, SIG_DFL);
        sigfillset(&all);
        sigprocmask(SIG_UNBLOCK, &all, 0);
        return execv(arguments[1], arguments + 1);
      }`);
      const outcome = await withDefaultSigpipe(
        `
      const left = unixPair();
      told("send", () => left.send(byte));
      told("sendAll", () => left.sendAll(byte));
      told("sendFile", () => left.sendFile(openSync("file", "r")));`,
        [launcher],
      );
      expect(outcome).toEqual(alive(...["send", "sendAll", "sendFile"].map((way) => `${way} connection-closed`)));
    },
  );
});
