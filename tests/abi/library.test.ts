// Finding and opening the C library: which one it is, what happens when a part of it is missing, and what opening it costs.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { hasCall } from "../../ffi/features.ts";
import { optional, required } from "../../ffi/library.ts";
import { platform } from "../../ffi/platform/index.ts";
import { onMusl } from "../support/c-library.ts";
import { compileC, haveCC } from "../support/c.ts";
import { Folder } from "../support/sockets.ts";

const root = join(import.meta.dir, "../..");
const berkeley = JSON.stringify(join(root, "src/index.ts"));
const onLinux = process.platform === "linux";

interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program in a folder, with nothing in its environment that points the loader elsewhere. */
async function run(command: readonly string[], cwd: string, env: Record<string, string> = {}): Promise<Outcome> {
  const { LD_LIBRARY_PATH: _path, LD_PRELOAD: _preload, ...inherited } = process.env;
  const child = Bun.spawn([...command], {
    ...{ cwd, stdin: "ignore", stdout: "pipe", stderr: "pipe" },
    env: { ...inherited, ...env },
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { exitCode, stdout: stdout.trim(), stderr: stderr.trim() };
}

/** Runs TypeScript in a bun of its own, in a folder. */
function runScript(code: string, folder: Folder, flags: readonly string[] = []): Promise<Outcome> {
  const script = folder.file("script.ts");
  writeFileSync(script, code);
  return run([process.execPath, ...flags, script], folder.path);
}

describe("symbols", () => {
  test("that every system must have are there, each of them", () => {
    for (const name of Object.keys(platform.library.required)) {
      expect([name, typeof required(name), hasCall(name)]).toEqual([name, "function", true]);
    }
  });

  test("that a system may lack are functions or undefined, and hasCall knows which", () => {
    for (const name of Object.keys(platform.library.optional)) {
      expect([name, optional(name) !== undefined]).toEqual([name, hasCall(name)]);
    }
  });

  test.skipIf(!onLinux)(
    "that may be missing are all there on this system, where they are as old as Linux 3 (needs Linux)",
    () => {
      const missing = Object.keys(platform.library.optional).filter((name) => optional(name) === undefined);
      expect(missing).toEqual(onMusl ? ["getprotobyname_r", "getprotobynumber_r"] : []);
    },
  );

  test("that nobody has described are undefined, and as calls that are required an error that names them", () => {
    expect(optional("no_such_call")).toBeUndefined();
    expect(hasCall("no_such_call")).toBe(false);
    expect(() => required("no_such_call")()).toThrow(`no_such_call is not in the symbol table of ${platform.name}`);
  });
});

/** Lets a script see another platform record: `change` is an expression over `linux`. */
function withRecord(folder: Folder, change: string): readonly string[] {
  const preload = folder.file("preload.ts");
  writeFileSync(
    preload,
    `import { plugin } from "bun";
     plugin({
       name: "another platform record",
       setup(build) {
         build.onLoad({ filter: /ffi[/\\\\]platform[/\\\\]index\\.ts$/ }, () => ({
           loader: "ts",
           contents: ${JSON.stringify(
             `import { linux } from ${JSON.stringify(join(root, "ffi/platform/linux.ts"))};
              const { library, core } = linux;
              export const platform = Object.freeze({ ...linux, ...(${change}) });`,
           )},
         }));
       },
     });`,
  );
  return ["--preload", preload];
}

describe.skipIf(!onLinux)(`a C library that lacks something${onLinux ? "" : " (skipped: no Linux)"}`, () => {
  /** Uses whatever has an optional call under it, and prints what came of it. */
  const everything = `
    import { openSync, readFileSync, writeFileSync } from "node:fs";
    import { Cancellable, poll, POLLIN, Socket, AF_INET, SOCK_STREAM } from ${berkeley};
    import { flagsOf } from ${JSON.stringify(join(root, "tests/support/descriptors.ts"))};
    import { wakeDescriptor } from ${JSON.stringify(join(root, "src/wait/cancellable.ts"))};
    const told: unknown[] = [];
    const listener = new Socket(AF_INET, SOCK_STREAM);
    listener.bind("127.0.0.1:0");
    listener.listen();
    const client = new Socket(AF_INET, SOCK_STREAM);
    client.connect(listener.localAddress!, { timeout: 4000 });
    const server = listener.accept({ timeout: 4000 });
    const pair = Socket.pair();
    for (const socket of [listener, client, server, ...pair]) told.push(flagsOf(socket.fd));
    told.push(String(server.remoteAddress) === String(client.localAddress));
    writeFileSync("file", "from a file");
    told.push(client.sendFile(openSync("file", "r")), new TextDecoder().decode(server.receiveBytes(100)));
    try { server.receive(new Uint8Array(1), { timeout: 0.5 }); } catch (error) { told.push(error.kind); }
    const cancellable = new Cancellable();
    void cancellable.handle;
    told.push(flagsOf(wakeDescriptor(cancellable)));
    told.push(poll([{ socket: { fd: wakeDescriptor(cancellable) }, condition: POLLIN }], { timeout: 0 }));
    cancellable.cancel();
    told.push(poll([{ socket: { fd: wakeDescriptor(cancellable) }, condition: POLLIN }], { timeout: 0 }));
    console.log(JSON.stringify({ told, capabilities: server.capabilities }));`;
  const ready = { nonblocking: true, closeOnExec: true };
  const asEver = [
    ...[ready, ready, ready, ready, ready, true],
    ...["from a file".length, "from a file", "timed-out", ready, 0, 1],
  ];

  interface Told {
    readonly told: readonly unknown[];
    readonly capabilities: Readonly<Record<string, boolean>>;
  }

  test("everything optional: sockets work by other means, and the capabilities say what is missing", async () => {
    using folder = new Folder();
    const nowhere = `{ library: { ...library, optional: Object.fromEntries(Object.entries(library.optional).map(
      ([name, signature]) => [name, { ...signature, symbol: name + "_of_nowhere" }])) } }`;
    const { exitCode, stdout, stderr } = await runScript(everything, folder, withRecord(folder, nowhere));
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const { told, capabilities } = JSON.parse(stdout) as Told;
    expect(told).toEqual(asEver);
    expect(capabilities).toMatchObject({
      accept4: false,
      ppoll: false,
      recvmmsg: false,
      sendmmsg: false,
      sendfile: false,
    });
  });

  test("SOCK_NONBLOCK and SOCK_CLOEXEC as well, as on macOS: descriptors are made ready afterwards", async () => {
    using folder = new Folder();
    const bare = `{ core: { ...core, SOCK_NONBLOCK: undefined, SOCK_CLOEXEC: undefined },
      library: { ...library, optional: {} } }`;
    const { exitCode, stdout, stderr } = await runScript(everything, folder, withRecord(folder, bare));
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect((JSON.parse(stdout) as Told).told).toEqual(asEver);
  });

  test("nothing: the same script says the same", async () => {
    using folder = new Folder();
    const { exitCode, stdout, stderr } = await runScript(everything, folder, withRecord(folder, "{}"));
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const { told, capabilities } = JSON.parse(stdout) as Told;
    expect(told).toEqual(asEver);
    expect(capabilities).toMatchObject({ accept4: true, ppoll: true, recvmmsg: true, sendmmsg: true, sendfile: true });
  });

  test("a required call: the import fails, and names the library and what it lacks", async () => {
    using folder = new Folder();
    const incomplete = `{ library: { ...library, required: { ...library.required, socket_of_nowhere: { args: [], returns: "i32" } } } }`;
    const { exitCode, stderr } = await runScript(`import ${berkeley};`, folder, withRecord(folder, incomplete));
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain("berkeley could not open the C library");
    expect(stderr).toContain("socket_of_nowhere");
  });

  test("itself: the import fails, and says what this library runs on", async () => {
    using folder = new Folder();
    const none = `{ library: { ...library, names: ["libnowhere.so.6", "/nowhere/libc.so"] } }`;
    const { exitCode, stderr } = await runScript(`import ${berkeley};`, folder, withRecord(folder, none));
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain("berkeley could not open the C library");
    expect(stderr).toContain("libnowhere.so.6");
    expect(stderr).toContain("Bun >= 1.4");
  });

  test("the second name is tried when the first is not there", async () => {
    using folder = new Folder();
    const second = `{ library: { ...library, names: ["libnowhere.so.6", ...library.names] } }`;
    const { exitCode, stderr } = await runScript(`import ${berkeley};`, folder, withRecord(folder, second));
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  });
});

const canPlant = onLinux && haveCC;
const plantNote = onLinux ? (haveCC ? "" : " (skipped: no C compiler)") : " (skipped: no Linux)";
describe.skipIf(!canPlant)(`a C library that somebody has planted in the current directory${plantNote}`, () => {
  // what would be done by whoever is loaded, before any of its functions is asked for
  const trap = `
    #include <stdio.h>
    #include <stdlib.h>
    __attribute__((constructor)) static void sprung(void) {
      const char *path = getenv("BERKELEY_TRAP");
      FILE *file = path ? fopen(path, "a") : 0;
      if (file) fclose(file);
    }
    int getpid(void) { return -4711; }`;
  let library = "";
  beforeAll(() => {
    library = compileC(trap, ["-shared", "-fPIC"]);
  });

  function plant(folder: Folder, name: string): void {
    const path = folder.file(name);
    mkdirSync(dirname(path), { recursive: true });
    if (!existsSync(path)) copyFileSync(library, path);
  }

  test("would be loaded, if its name were nobody else's: this trap works", async () => {
    using folder = new Folder();
    plant(folder, "libplanted.so.6");
    const script = folder.file("script.ts");
    writeFileSync(
      script,
      `import { dlopen } from "bun:ffi";
       dlopen("libplanted.so.6", { getpid: { args: [], returns: "i32" } });`,
    );
    const { exitCode } = await run([process.execPath, script], folder.path, { BERKELEY_TRAP: folder.file("sprung") });
    expect(exitCode).toBe(0);
    expect(existsSync(folder.file("sprung"))).toBe(true);
  });

  test("is not loaded, under whatever name the library is looked for", async () => {
    using folder = new Folder();
    const names = ["libc.so.6", "libc.so", "libc.so.7", "libSystem.B.dylib", "ws2_32.dll", ...platform.library.names];
    for (const name of names) {
      plant(folder, basename(name));
      if (name.startsWith("/")) plant(folder, name.slice(1));
    }
    const script = folder.file("script.ts");
    writeFileSync(
      script,
      `import { Socket } from ${berkeley};
       import { optional } from ${JSON.stringify(join(root, "ffi/library.ts"))};
       optional("eventfd");
       const [left, right] = Socket.pair();
       left.send(Uint8Array.of(1, 2, 3));
       console.log(right.receiveBytes(10).length, right.credentials.pid === process.pid);`,
    );
    const { exitCode, stdout } = await run([process.execPath, script], folder.path, {
      BERKELEY_TRAP: folder.file("sprung"),
    });
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "3 true" });
    expect(existsSync(folder.file("sprung"))).toBe(false);
  });
});

describe.skipIf(!onLinux)(`threads${onLinux ? "" : " (skipped: no /proc)"}`, () => {
  // Bun starts threads of its own as it likes (compilers, helpers of the collector, a pool that reads files), so that counting
  // them tells nothing; but it names them. A Worker has another name, and a thread that a C library starts has that of the
  // process, as Bun's own have for the moment until they are named.
  const engine = /^(Bun Pool \d+|JITWorker|JSCWarmUp|HeapHelper|mi-scavenger)$/;
  const threads = `
    import { readdirSync, readFileSync } from "node:fs";
    const own = readFileSync("/proc/self/comm", "utf8").trim();
    function look() {
      const names = readdirSync("/proc/self/task").map((id) => readFileSync("/proc/self/task/" + id + "/comm", "utf8").trim());
      names.splice(names.indexOf(own), 1);
      return names;
    }
    async function threads() {
      const latest = performance.now() + 2000;
      while (look().includes(own) && performance.now() < latest) await Bun.sleep(1);
      return look();
    }`;

  async function namesOf(code: string): Promise<string[]> {
    using folder = new Folder();
    const { exitCode, stdout, stderr } = await runScript(`${threads}\n${code}`, folder);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    return (JSON.parse(stdout) as string[]).filter((name) => !engine.test(name));
  }

  test("are seen by this test when a program starts one", async () => {
    const names = await namesOf(`
      const worker = new Worker(URL.createObjectURL(new Blob(["onmessage = () => {}; postMessage(1)"])));
      await new Promise((resolve) => { worker.onmessage = resolve; });
      console.log(JSON.stringify(await threads()));
      worker.terminate();`);
    expect(names).toContain("Worker");
  });

  test("are not started by importing berkeley", async () => {
    expect(await namesOf(`require(${berkeley});\nconsole.log(JSON.stringify(await threads()));`)).toEqual([]);
    expect(await namesOf(`await import(${berkeley});\nconsole.log(JSON.stringify(await threads()));`)).toEqual([]);
  });

  test("are not started by its sockets, waits and cancellables either", async () => {
    const names = await namesOf(`
      import { Cancellable, Socket } from ${berkeley};
      const [left, right] = Socket.pair();
      left.send(new Uint8Array(4));
      right.receive(new Uint8Array(4));
      const cancellable = new Cancellable();
      void cancellable.handle;
      try { left.receive(new Uint8Array(4), { timeout: 5, cancellable }); } catch {}
      console.log(JSON.stringify(await threads()));
      left.close();
      right.close();`);
    expect(names).toEqual([]);
  });
});

describe("four Workers that import berkeley at once", () => {
  const source = `
    import { AF_INET, SOCK_STREAM, Socket, SocketError } from ${berkeley};
    onmessage = () => {
      const listener = new Socket(AF_INET, SOCK_STREAM);
      listener.bind("127.0.0.1:0");
      listener.listen();
      const sizes: unknown[] = [];
      for (let round = 0; round < 20; round++) {
        using client = new Socket(AF_INET, SOCK_STREAM);
        client.connect(listener.localAddress!, { timeout: 4000 });
        using server = listener.accept({ timeout: 4000 });
        client.sendAll(new Uint8Array(1000 + round));
        client.shutdown({ write: true });
        let size = 0;
        for (let part; (part = server.receive(new Uint8Array(4096), { timeout: 4000 })) > 0; ) size += part;
        sizes.push(size);
        try { client.sendTo("?", "127.0.0.1:1"); } catch (error) { sizes.push(error instanceof SocketError || error instanceof TypeError); }
      }
      listener.close();
      try { listener.accept(); } catch (error) { sizes.push(error.kind); }
      postMessage(sizes);
    };
    postMessage("ready");`;
  const url = URL.createObjectURL(new Blob([source], { type: "application/typescript" }));
  afterAll(() => URL.revokeObjectURL(url));

  test("all get a library of their own that works", async () => {
    const workers = Array.from({ length: 4 }, () => new Worker(url));
    const answers = await Promise.all(
      workers.map((worker) => {
        const { promise, resolve, reject } = Promise.withResolvers<unknown>();
        worker.onmessage = ({ data }: MessageEvent<unknown>): void => {
          if (data === "ready") worker.postMessage("go");
          else resolve(data);
        };
        worker.onerror = ({ message }): void => reject(new Error(message));
        return promise;
      }),
    );
    for (const worker of workers) worker.terminate();
    const expected = [...Array.from({ length: 20 }, (_, round) => [1000 + round, true]).flat(), "closed"];
    expect(answers).toEqual([expected, expected, expected, expected]);
  }, 20_000);
});

/** A program that touches what a bundle could lose: tables that are loaded late, errors, options, waiting. */
const program = `
  import { AF_INET, Cancellable, interfaceIndex, SOCK_DGRAM, SOCK_STREAM, Socket, SocketError } from ${berkeley};
  import * as constants from ${JSON.stringify(join(root, "src/constants.ts"))};
  const listener = new Socket(AF_INET, SOCK_STREAM);
  listener.bind("127.0.0.1:0");
  listener.listen();
  using client = new Socket(AF_INET, SOCK_STREAM);
  client.connect(listener.localAddress!, { timeout: 4000 });
  using server = listener.accept({ timeout: 4000 });
  client.keepalive = true;
  client.sendAll("hello");
  const told: unknown[] = [client.keepalive, new TextDecoder().decode(server.receiveBytes(100, { timeout: 4000 }))];
  try { listener.accept({ timeout: 0 }); } catch (error) { told.push(error instanceof SocketError, error.code, error.kind); }
  try { new Socket(AF_INET, SOCK_DGRAM).bind("203.0.113.77:0"); } catch (error) { told.push(error.code); }
  using cancellable = new Cancellable();
  cancellable.cancel();
  try { server.receive(new Uint8Array(1), { cancellable }); } catch (error) { told.push(error.kind); }
  told.push(constants.SOCK_STREAM === SOCK_STREAM, (interfaceIndex("lo") ?? 0) > 0, server.capabilities.socketpair);
  console.log(JSON.stringify(told));`;
const programTells = [true, "hello", true, "EAGAIN", "would-block", "EADDRNOTAVAIL", "cancelled", true, true, true];

describe.skipIf(!onLinux)(`as one file${onLinux ? "" : " (skipped: the program below is for Linux)"}`, () => {
  async function build(folder: Folder, flags: readonly string[]): Promise<Outcome> {
    const script = folder.file("program.ts");
    writeFileSync(script, program);
    return run([process.execPath, "build", ...flags, script], folder.path);
  }

  test("from source it tells what the bundles below must tell as well", async () => {
    using folder = new Folder();
    const { stdout } = await runScript(program, folder);
    expect(JSON.parse(stdout)).toEqual(programTells);
  });

  test.each([[[]], [["--minify"]]])("bundled with %j the program runs", async (flags: string[]) => {
    using folder = new Folder();
    const bundle = folder.file("bundle.js");
    const { exitCode, stderr } = await build(folder, ["--target=bun", `--outfile=${bundle}`, ...flags]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const { stdout } = await run([process.execPath, bundle], folder.path);
    expect(JSON.parse(stdout)).toEqual(programTells);
  });
});

// Whether a program can be compiled here is known when it has been tried: no more than 20 seconds, and room for 100 MB.
const COMPILE_TIME = 20_000;
async function compileAndRun(): Promise<Outcome | string> {
  if (!onLinux) return "the program is for Linux";
  using folder = new Folder();
  using elsewhere = new Folder();
  const script = folder.file("program.ts");
  const binary = folder.file("program");
  writeFileSync(script, program);
  const child = Bun.spawn([process.execPath, "build", "--compile", script, "--outfile", binary], {
    ...{ cwd: folder.path, stdin: "ignore", stdout: "ignore", stderr: "pipe", timeout: COMPILE_TIME },
  });
  const stderr = await new Response(child.stderr).text();
  const exitCode = await child.exited;
  if (child.signalCode !== null) return `it took more than ${COMPILE_TIME} ms`;
  if (exitCode !== 0 || !existsSync(binary)) return `bun refused: ${stderr.trim().split("\n")[0]}`;
  return await run([binary], elsewhere.path); // awaited here: the folders go when this function returns
}
const compiled = await compileAndRun();
const compileNote = typeof compiled === "string" ? ` (skipped: ${compiled})` : "";

test.skipIf(typeof compiled === "string")(
  `bun build --compile makes one binary that opens the C library of the system it runs on${compileNote}`,
  () => {
    const { exitCode, stdout, stderr } = compiled as Outcome;
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(JSON.parse(stdout)).toEqual(programTells);
  },
);
