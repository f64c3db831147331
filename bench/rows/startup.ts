/** What `import "berkeley"` costs: time of a process, time inside it, memory, and threads (none). */

import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Unavailable, type Column, type Observation, type Row } from "../harness.ts";
import { median } from "../statistics.ts";

const LIBRARY = join(import.meta.dir, "../../src/index.ts");

/** The time of a whole process, by our clock. */
const wholeProcess = (name: string, source: string): Column => ({
  name,
  setup(resources) {
    const file = write(source, resources);
    const run = (iterations: number) => {
      for (let i = 0; i < iterations; i++) execute(file);
    };
    return { check: () => run(1), run };
  },
});

/** The time of an import alone, by the clock of the process that imports. */
const insideProcess = (name: string, module?: string): Column => ({
  name,
  setup(resources) {
    const file = write(
      `const start = Bun.nanoseconds();
       await import(${JSON.stringify(module ?? write("export {};", resources))});
       console.log(Bun.nanoseconds() - start);`,
      resources,
    );
    const run = (iterations: number) => {
      let nanoseconds = 0;
      for (let i = 0; i < iterations; i++) nanoseconds += Number(execute(file));
      return nanoseconds;
    };
    return { check: () => void run(1), run };
  },
});

/** Threads of Bun itself, which start as it pleases: to transpile modules, to compile, to collect. */
const ENGINE_THREADS = /^(Bun Pool \d+|JITWorker|JSCWarmUp|HeapHelper|mi-scavenger)$/;

/** What a process has after it imported the library, against one that imported nothing. */
const footprint: Observation = {
  name: "import: threads and memory",
  async observe(quick) {
    if (!existsSync("/proc/self/task")) throw new Unavailable("needs /proc/self/task");
    await using resources = new AsyncDisposableStack();
    const programs = ["", `import ${JSON.stringify(LIBRARY)};`].map((source) => write(source + PROBE, resources));
    const runs = Array.from({ length: quick ? 5 : 15 }, () => programs.map(readFootprint));
    const more = (of: (footprint: Footprint) => number) => median(runs.map(([empty, full]) => of(full!) - of(empty!)));
    return [
      { name: "threads of berkeley", value: more(({ others }) => others), unit: "", atMost: 0 },
      { name: "more threads of Bun's own pools", value: more(({ engine }) => engine), unit: "" },
      { name: "more resident memory", value: more(({ kibibytes }) => kibibytes), unit: "KiB" },
    ];
  },
};

/** Prints the name of each thread, and the resident memory; the wait lets threads that are starting show up. */
const PROBE = `
  import { readdirSync, readFileSync } from "node:fs";
  await Bun.sleep(50);
  const threads = readdirSync("/proc/self/task").map((id) => readFileSync(\`/proc/self/task/\${id}/comm\`, "utf8").trim());
  console.log(JSON.stringify({ threads, bytes: process.memoryUsage.rss() }));`;

interface Footprint {
  readonly engine: number;
  readonly others: number;
  readonly kibibytes: number;
}

function readFootprint(file: string): Footprint {
  const { threads, bytes } = JSON.parse(execute(file)) as { threads: string[]; bytes: number };
  const engine = threads.filter((name) => ENGINE_THREADS.test(name)).length;
  return { engine, others: threads.length - engine, kibibytes: bytes / 1024 };
}

/** Rows about starting up. */
export const startup: readonly Row[] = [
  {
    name: "import: a whole process",
    unit: "ms",
    columns: [wholeProcess("empty", ""), wholeProcess("berkeley", `import ${JSON.stringify(LIBRARY)};`)],
    targets: [{ column: "berkeley", more: 5 }],
  },
  {
    name: "import: inside a process",
    unit: "ms",
    columns: [
      insideProcess("empty"),
      insideProcess("berkeley", LIBRARY),
      insideProcess("node:dgram", "node:dgram"),
      insideProcess("node:net", "node:net"),
    ],
  },
  footprint,
];

/** Writes a program into a directory of its own. */
function write(source: string, resources: AsyncDisposableStack): string {
  const directory = mkdtempSync(join(tmpdir(), "berkeley-startup-"));
  resources.defer(() => rmSync(directory, { recursive: true }));
  const file = join(directory, "program.ts");
  writeFileSync(file, source);
  return file;
}

/** Runs a program to its end, and gives what it printed. */
function execute(file: string): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, file], { cwd: tmpdir(), timeout: 10_000 });
  if (exitCode !== 0) throw new Error(`${file} ended with ${exitCode}: ${stderr}`);
  return stdout.toString();
}
