// The reactor: what wakes it, what keeps a program alive, and what it costs.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { haveProc } from "./support/descriptors.ts";
import { libc, moduleOf, runChild } from "./support/child.ts";
import { wakes, wokenBy } from "./support/loop.ts";
import { removeFolder } from "./support/sockets.ts";

setDefaultTimeout(30_000); // of work, not of waiting: there may be machines that are slow, or busy

const REACTOR = moduleOf("src/reactor/index.ts");

/** What programs here share: pairs of sockets, and a receive that another turn of the loop answers. */
const tools = `
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
const byte = new Uint8Array(1);
const descriptors = () => readdirSync("/proc/self/fd").length;
const threads = () => readdirSync("/proc/self/task").map((id) => readFileSync("/proc/self/task/" + id + "/comm", "utf8").trim());
async function exchange(a, b) {
  const received = b.receiveBytesAsync(10);
  const timer = setTimeout(() => a.send(byte), 2); // by then it sleeps: it looks for 0.2 ms
  await received;
}
`;

/** Runs a program whose reactor is woken so; it must end by itself, quietly. */
async function run(kind: string, code: string): Promise<unknown> {
  const { report, stderr, exitCode, signal } = await runChild(wokenBy(kind) + tools + code);
  expect({ stderr, exitCode, signal }).toEqual({ stderr: "", exitCode: 0, signal: null });
  return report;
}

describe.each(wakes)("woken by %s, a reactor", (kind) => {
  test("tells its kind, which cannot be chosen any more once it is there", async () => {
    const report = await run(
      kind,
      `
      const { kind } = reactor;
      report([kind, kindOf(() => reactor.choose("worker")), kindOf(() => reactor.choose("epoll"))]);
    `,
    );
    expect(report).toEqual([kind, "not-supported", expect.stringContaining("TypeError")]);
  });

  test("is woken from idle, 200 times in a row", async () => {
    const report = await run(
      kind,
      `
      const [a, b] = Socket.pair();
      let longest = 0;
      for (let time = 0; time < 200; time++) {
        const received = b.receiveBytesAsync(10);
        await Bun.sleep(1);
        const start = performance.now();
        a.send(byte);
        await received;
        longest = Math.max(longest, performance.now() - start);
      }
      a.close(); b.close();
      report(longest < 500);
    `,
    );
    expect(report).toBe(true);
  });

  test("is woken from idle by another process", async () => {
    const report = await run(
      kind,
      `
      const listener = new Socket(AF_INET);
      listener.bind("127.0.0.1:0");
      listener.listen();
      const { port } = listener.localAddress as berkeley.InetSocketAddress;
      const child = Bun.spawn([process.execPath, "-e", 'require("net").connect(' + port + ', "127.0.0.1").end("hello")']);
      const socket = await listener.acceptAsync();
      report(new TextDecoder().decode(await socket.receiveBytesAsync(10)));
      socket.close();
      await child.exited;
      listener.close();
    `,
    );
    expect(report).toBe("hello");
  });

  test("that is idle uses no CPU, though 100 sockets are watched", async () => {
    const report = await run(
      kind,
      `
      const pairs = Array.from({ length: 100 }, () => Socket.pair());
      for (const [, b] of pairs) b.watch(POLLIN, () => {});
      pairs.push(Socket.pair());
      await exchange(...pairs.at(-1));
      await Bun.sleep(50); // what starting up leaves to do
      const before = process.cpuUsage();
      await Bun.sleep(300);
      const { user, system } = process.cpuUsage(before);
      pairs.flat().forEach((socket) => socket.close());
      report((user + system) / 1000);
    `,
    );
    expect(report as number).toBeLessThan(30);
  });

  test.skipIf(!haveProc)(
    `has ${kind === "io_uring" ? "no thread" : "one thread"} of its own${haveProc ? "" : " (skipped: no /proc)"}`,
    async () => {
      const report = await run(
        kind,
        `
      const own = () => threads().filter((name) => name === "Worker" || name.startsWith("iou-"));
      const before = own();
      const [a, b] = Socket.pair();
      for (let time = 0; time < 5; time++) await exchange(a, b);
      report([before, own()]);
      a.close(); b.close();
    `,
      );
      expect(report).toEqual([[], kind === "io_uring" ? [] : ["Worker"]]);
    },
  );

  test.skipIf(!haveProc)("leaves no descriptor and no heap after 100,000 watches (needs /proc)", async () => {
    const report = await run(
      kind,
      `
      const { heapStats } = await import("bun:jsc");
      const [a, b] = Socket.pair();
      a.send(byte);
      await exchange(a, b);
      const objects = () => { Bun.gc(true); return heapStats().objectCount; };
      const cycle = async (count) => {
        for (let time = 0; time < count; time++) {
          const watch = b.watch(POLLIN | POLLOUT, () => {});
          watch.close();
          if (time % 1000 === 0) await new Promise(setImmediate);
        }
      };
      await cycle(2000);
      const before = [descriptors(), objects()];
      await cycle(100_000);
      const after = [descriptors(), objects()];
      a.close(); b.close();
      report([after[0] - before[0], after[1] - before[1]]);
    `,
    );
    const [leaked, objects] = report as [number, number];
    expect(leaked).toBe(0);
    expect(objects).toBeLessThan(2000);
  });

  test("tells 1000 sockets that are ready at once, each as often as the others", async () => {
    const report = await run(
      kind,
      `
      const pairs = Array.from({ length: 1000 }, () => Socket.pair());
      const calls = pairs.map(() => 0);
      const done = Promise.withResolvers<void>();
      let left = pairs.length;
      pairs.forEach(([, b], index) => b.watch(POLLIN, (ready) => {
        if ((ready & POLLIN) === 0) return;
        if (++calls[index] === 3) { b.tryReceive(new Uint8Array(10)); if (--left === 0) done.resolve(); }
      }));
      await Bun.sleep(5);
      for (const [a] of pairs) a.send(byte); // more than one look takes
      await done.promise;
      report([Math.min(...calls), Math.max(...calls)]);
      pairs.flat().forEach((socket) => socket.close());
    `,
    );
    expect(report).toEqual([3, 3]);
  });

  test("goes on while garbage is collected: the addresses that the kernel has stay", async () => {
    const report = await run(
      kind,
      `
      const [a, b] = Socket.pair();
      let received = 0;
      for (let time = 0; time < 50; time++) {
        const waiting = b.receiveBytesAsync(10);
        await Bun.sleep(1);
        Bun.gc(true);
        void Array.from({ length: 2000 }, (_, size) => new ArrayBuffer(size)); // what was freed is used again
        a.send(byte);
        received += (await waiting).length;
      }
      a.close(); b.close();
      report(received);
    `,
    );
    expect(report).toBe(50);
  });

  test("of a Worker ends with it in mid-wait, and the others go on", async () => {
    const report = await run(
      kind,
      `
      const code = \`
        const { Socket, POLLIN } = await import(${moduleOf("src/index.ts").replaceAll("\\", "\\\\")});
        const { reactor } = await import(${REACTOR});
        reactor.choose(${JSON.stringify(kind)});
        const [a, b] = Socket.pair();
        b.watch(POLLIN, () => postMessage(b.receiveBytes(10).length));
        void b.receiveBytesAsync(10, { timeout: 60000 });
        postMessage("up");
        self.onmessage = () => a.send(new Uint8Array(7));
      \`;
      const url = URL.createObjectURL(new Blob([code], { type: "application/javascript" }));
      const [a, b] = Socket.pair();
      for (let time = 0; time < 5; time++) {
        const worker = new Worker(url);
        await new Promise((resolve) => worker.onmessage = resolve);
        await Bun.sleep(2);
        await worker.terminate();
        await exchange(a, b);
      }
      a.close(); b.close();
      report("fine");
    `,
    );
    expect(report).toBe("fine");
  });

  describe("keeps the program alive", () => {
    /** Whether the program was still there when its unref'd timer had run. */
    // A program that should end may take its time on a busy machine.
    async function alive(code: string, patience: number): Promise<unknown> {
      const { report, exitCode } = await runChild(`${wokenBy(kind)}
        const [a, b] = Socket.pair();
        Object.assign(globalThis, { a, b }); // a program that has run to its end forgets them, and collects them
        setTimeout(() => { report("alive"); process.exit(0); }, ${patience}).unref();
        ${code}
      `);
      expect(exitCode).toBe(0);
      return report ?? "ended";
    }

    test.each([
      ["a watch", "b.watch(POLLIN, () => {});"],
      ["a receive that waits", "void b.receiveBytesAsync(1);"],
      ["one of two watches, when the other is closed", "b.watch(POLLIN, () => {}); b.watch(POLLIN, () => {}).close();"],
      ["a watch after unref() and ref()", "b.watch(POLLIN, () => {}).unref().ref();"],
      ["a socket after unref() and ref()", "b.unref(); b.watch(POLLIN, () => {}); b.ref();"],
      [
        "a watch on another socket than the one that is unref'd",
        "b.unref().watch(POLLIN, () => {}); a.watch(POLLIN, () => {});",
      ],
      [
        "ref() of a watch that sleeps already",
        "const w = b.watch(POLLIN, () => {}).unref(); setTimeout(() => w.ref(), 20);",
      ],
      ["a watch that is made late", "setTimeout(() => b.watch(POLLIN, () => {}), 20);"],
      [
        "a receive that waits, though a watch is unref'd",
        "void b.receiveBytesAsync(1); b.watch(POLLIN, () => {}).unref();",
      ],
    ])("%s", async (_, code) => {
      expect(await alive(code, 80)).toBe("alive");
    });

    test.each([
      ["a socket that nobody waits for", ""],
      ["a watch that is closed", "b.watch(POLLIN, () => {}).close();"],
      ["a watch that is closed later", "const w = b.watch(POLLIN, () => {}); setTimeout(() => w.close(), 20);"],
      ["a watch whose socket is closed", "b.watch(POLLIN, () => {}); b.close();"],
      ["a watch whose socket is closed later", "b.watch(POLLIN, () => {}); setTimeout(() => b.close(), 20);"],
      ["a watch whose socket is detached", "b.watch(POLLIN, () => {}); b.detach();"],
      ["a watch that is unref'd", "b.watch(POLLIN, () => {}).unref();"],
      ["a watch that is unref'd later", "const w = b.watch(POLLIN, () => {}); setTimeout(() => w.unref(), 20);"],
      ["a socket that was unref'd before", "b.unref(); b.watch(POLLIN, () => {}); void b.receiveBytesAsync(1);"],
      ["a socket that was unref'd after", "b.watch(POLLIN, () => {}); void b.receiveBytesAsync(1); b.unref();"],
      ["a timeout of an unref'd socket", "b.unref(); void b.receiveBytesAsync(1, { timeout: 60000 });"],
      ["a timeout of a socket that is unref'd after", "void b.receiveBytesAsync(1, { timeout: 60000 }); b.unref();"],
      ["a receive that has ended", "const p = b.receiveBytesAsync(1); a.send(new Uint8Array(1)); await p;"],
      [
        "a receive that was cancelled",
        "using c = new Cancellable(); const p = b.receiveBytesAsync(1, { cancellable: c }); c.cancel(); await p.catch(() => {});",
      ],
      ["a receive that has timed out", "await b.receiveBytesAsync(1, { timeout: 5 }).catch(() => {});"],
      [
        "a condition that was waited for",
        "await b.conditionWaitAsync(POLLOUT); await b.conditionWaitAsync(POLLIN, { timeout: 5 }).catch(() => {});",
      ],
    ])("but not %s", async (_, code) => {
      expect(await alive(code, 3000)).toBe("ended");
    });

    test("until what is unref'd has still been told while something else keeps it", async () => {
      const report = await run(
        kind,
        `
        const [a, b] = Socket.pair();
        b.unref().watch(POLLIN, () => { report("told"); b.close(); });
        setTimeout(() => a.send(byte), 20);
        setTimeout(() => {}, 100);
      `,
      );
      expect(report).toBe("told");
    });
  });
});

test.skipIf(!haveProc)(
  "a ring that is refused later is replaced by a Worker, and nothing is lost (needs /proc)",
  async () => {
    const report = await run(
      "io_uring",
      `
    const { dlopen } = await import("bun:ffi");
    const { close } = dlopen(${libc}, { close: { args: ["i32"], returns: "i32" } }).symbols;
    const [a, b] = Socket.pair();
    await exchange(a, b);
    const kinds = [reactor.kind];
    for (const fd of readdirSync("/proc/self/fd")) {
      let what = "";
      try { what = readlinkSync("/proc/self/fd/" + fd); } catch {}
      // io_uring_enter(2) says EBADF from now on; Bun may have rings of its own, which it does not use here
      if (what === "anon_inode:[io_uring]") close(Number(fd));
    }
    for (let time = 0; time < 20; time++) await exchange(a, b);
    kinds.push(reactor.kind);
    a.close(); b.close();
    report(kinds);
  `,
    );
    expect(report).toEqual(["io_uring", "worker"]);
  },
);

test.skipIf(!haveProc)(
  "without descriptors a reactor cannot be made, leaks none, and is made when there are some (needs /proc)",
  async () => {
    const report = await run(
      wakes[0] as string,
      `
    const { openSync, closeSync } = await import("node:fs");
    const [a, b] = Socket.pair();
    await b.receiveAsync(byte, { timeout: 0 }).catch(() => {}); // loads the modules; needs no reactor
    await b.receiveAsync(byte, { timeout: 0 }).catch(() => {});
    const taken = [];
    try { for (;;) taken.push(openSync("/dev/null")); } catch {}
    const kinds = [];
    // one more each time: every step of making it fails once
    for (let free = 0; free < 12; free++) {
      const before = taken.length;
      try { b.watch(POLLIN, () => {}).close(); kinds.push("made"); break; } catch (error) { kinds.push(error.kind ?? String(error)); }
      const spare = [];
      try { for (;;) spare.push(openSync("/dev/null")); } catch {}
      if (spare.length !== free) kinds.push("leaked " + (free - spare.length));
      spare.forEach((fd) => closeSync(fd));
      closeSync(taken.pop());
    }
    taken.forEach((fd) => closeSync(fd));
    await exchange(a, b);
    a.close(); b.close();
    report(kinds);
  `,
    );
    const kinds = report as string[];
    expect(kinds.at(-1)).toBe("made");
    expect(new Set(kinds.slice(0, -1))).toEqual(new Set(["too-many-open-files"]));
  },
);

test("in a compiled program both wake-ups work", async () => {
  const folder = mkdtempSync(join(tmpdir(), "berkeley-"));
  try {
    const source = join(folder, "program.ts");
    const program = join(folder, "program");
    await Bun.write(
      source,
      `import { Socket } from ${moduleOf("src/index.ts")};
      import { reactor } from ${REACTOR};
      reactor.choose(process.argv[2] as "worker");
      const [a, b] = Socket.pair();
      const received = b.receiveBytesAsync(10);
      setTimeout(() => a.send(new Uint8Array(3)), 5);
      console.log(reactor.kind, (await received).length);
      a.close(); b.close();`,
    );
    const built = Bun.spawnSync([process.execPath, "build", "--compile", source, "--outfile", program], {
      cwd: folder,
    });
    expect(built.stderr.toString()).not.toContain("error");
    for (const kind of wakes) {
      const { stdout, exitCode } = Bun.spawnSync([program, kind], { timeout: 10_000 });
      expect([stdout.toString().trim(), exitCode]).toEqual([`${kind} 3`, 0]);
    }
  } finally {
    removeFolder(folder);
  }
}, 20_000);
