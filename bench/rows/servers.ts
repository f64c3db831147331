/**
 * Servers on the event loop, each in a process of its own, under load from C: round trips, latency, bulk, accepts; and what idle
 * sockets cost. Beside each rate the CPU time of the server for one round trip: looking again costs some.
 */

import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { cProgram } from "../c.ts";
import { type Child, startChild } from "../child.ts";
import { Unavailable, type Column, type Observation, type Row, type Target } from "../harness.ts";
import { median } from "../statistics.ts";

const SERVERS = join(import.meta.dir, "../servers");

/** The rivals, by the command that starts one. */
const COMMANDS = {
  berkeley: () => [process.execPath, join(SERVERS, "berkeley.ts")],
  Bun: () => [process.execPath, join(SERVERS, "bun.ts")],
  "node: in Bun": () => [process.execPath, join(SERVERS, "node.mjs")],
  "node: in Node": () => {
    const node = Bun.which("node");
    if (node === null) throw new Unavailable("no node on PATH");
    return [node, join(SERVERS, "node.mjs")];
  },
} as const satisfies Record<string, () => readonly string[]>;

type Rival = keyof typeof COMMANDS;

/** The CPU time of a process so far, in nanoseconds: all its threads. */
function cpuTime(pid: number): number {
  let total = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    total += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
  }
  return total;
}

function startServer(rival: Rival, resources: AsyncDisposableStack): Child {
  if (process.platform !== "linux") throw new Unavailable("the load is for Linux");
  cProgram(); // says why where there is none, before anything is started
  return startChild(COMMANDS[rival](), resources);
}

/**
 * Gives the main thread of a process a core of its own: the server one, the load the other, as if it came from another machine. Left
 * alone, the scheduler puts both on one core in some runs and not in others, and the times of one round trip differ by four.
 */
function pin({ pid }: Child, core: number): void {
  if (availableParallelism() > 1 && Bun.which("taskset") !== null) {
    Bun.spawnSync(["taskset", "-p", "-c", String(core), String(pid)]);
  }
}

interface Work {
  /** What the server is asked for. */
  readonly server: string;
  /** What the load is told after the number and the port. */
  readonly words: readonly (string | number)[];
  /** What the load is told to do, and how many of it are an iteration. */
  readonly load: string;
  readonly each: number;
  /** How many idle sockets berkeley's server watches beside. */
  readonly idle?: number;
  /** Whether the load answers with p50 and p99 as well; then the time of an iteration is p50. */
  readonly latency?: boolean;
}

const column = (name: string, rival: Rival, work: Work): Column => ({
  name,
  async setup(resources) {
    const server = startServer(rival, resources);
    const load = startChild([cProgram()], resources);
    pin(server, 0);
    pin(load, 1);
    const [port] = await server.ask(`${work.server} 0`);
    if (work.idle !== undefined) await server.ask(`idle ${work.idle}`);
    const cpu: number[] = [];
    const latencies: [number, number][] = [];
    async function run(iterations: number): Promise<number> {
      const rounds = iterations * work.each;
      const before = cpuTime(server.pid);
      const [taken, p50, p99] = await load.ask([work.load, rounds, port, ...work.words].join(" "));
      cpu.push((cpuTime(server.pid) - before) / rounds);
      if (!work.latency) return taken!;
      latencies.push([p50!, p99!]);
      return p50! * iterations;
    }
    return {
      check: async () => void (await run(1)),
      run,
      remark() {
        const used = `CPU ${(median(cpu) / 1e3).toFixed(1)} us`;
        if (!work.latency) return used;
        return `p99 ${(median(latencies.map(([, p99]) => p99)) / 1e3).toFixed(1)} us; ${used}`;
      },
    };
  },
});

const THEIRS: readonly Rival[] = ["node: in Bun", "node: in Node"];

/** Bun's own first: it is what we want to be measured against. */
function columns(bun: string, work: Work): readonly [Column, ...Column[]] {
  return [
    column(bun, "Bun", work),
    column("berkeley", "berkeley", work),
    ...THEIRS.map((rival) => column(rival, rival, work)),
  ];
}

const rate = (atLeast: number, against?: string): Target =>
  against === undefined ? { column: "berkeley", rate: atLeast } : { column: "berkeley", rate: atLeast, against };

const tcpEcho = (connections: number, target: number): Row => {
  const each = connections === 1 ? 1 : connections * 4;
  const work: Work = { server: "tcp-echo", load: "tcp-echo", words: [connections], each };
  return {
    name: `TCP echo of 64 bytes, ${connections.toLocaleString("en-US")} connection${connections === 1 ? "" : "s"}`,
    unit: "us",
    things: each,
    columns: columns("Bun.listen", work),
    targets: [rate(target), rate(1.5, "node: in Node")],
  };
};

const udpEcho = (window: number, target: number): Row => {
  const each = window === 1 ? 1 : window * 4;
  return {
    name: `UDP echo of 64 bytes, ${window} under way`,
    unit: "us",
    things: each,
    columns: columns("Bun.udpSocket", { server: "udp-echo", load: "udp-echo", words: [window], each }),
    targets: [rate(target)],
  };
};

const latency = (kind: "tcp" | "udp", pause: number): Row => ({
  name: `${kind.toUpperCase()} echo latency (p50), ${pause === 0 ? "one client" : "one request each 2 ms"}`,
  unit: "us",
  columns: columns(kind === "tcp" ? "Bun.listen" : "Bun.udpSocket", {
    server: `${kind}-echo`,
    load: "paced",
    words: [pause, kind],
    each: pause === 0 ? 200 : 10,
    latency: true,
  }),
  targets: kind === "udp" && pause === 0 ? [{ column: "berkeley", ratio: 0.6 }] : [],
});

const upload: Row = {
  name: "TCP echo server's bulk: a MiB received",
  unit: "us",
  columns: columns("Bun.listen", { server: "tcp-discard", load: "tcp-upload", words: [], each: 4 }),
};

const accepts: Row = {
  name: "TCP accept and close, for the echo's server",
  unit: "us",
  columns: columns("Bun.listen", { server: "tcp-accept", load: "tcp-accept", words: [], each: 1 }),
};

const idleEvents: Row = {
  name: "TCP echo, 64 connections, beside idle sockets",
  unit: "us",
  things: 256,
  columns: [10, 10_000].map((idle) =>
    column(`${idle.toLocaleString("en-US")} idle`, "berkeley", {
      server: "tcp-echo",
      load: "tcp-echo",
      words: [64],
      each: 256,
      idle,
    }),
  ) as [Column, Column],
  targets: [{ column: "10,000 idle", ratio: 1.1 }],
};

/** Memory and threads of a reactor, and the CPU of 10,000 sockets to which nothing comes. */
const idleCost: Observation = {
  name: "idle: a reactor with 10,000 sockets (echo)",
  async observe() {
    await using resources = new AsyncDisposableStack();
    const plain = startServer("berkeley", resources);
    const watching = startServer("berkeley", resources);
    await plain.ask("nothing 0").catch(() => undefined);
    const before = memoryOf(watching.pid);
    const threads = threadsOf(watching.pid);
    await watching.ask("idle 1");
    await Bun.sleep(300); // until what Bun itself does after a start is over
    const reactor = memoryOf(watching.pid) - before;
    const more = threadsOf(watching.pid) - threads;
    await watching.ask("idle 9999");
    await Bun.sleep(500);
    const cpu = cpuTime(watching.pid);
    await Bun.sleep(1000);
    return [
      { name: "resident memory of a reactor", value: reactor, unit: "KiB", atMost: 2048 },
      { name: "threads more", value: more, unit: "", atMost: 0 },
      { name: "CPU in an idle second", value: (cpuTime(watching.pid) - cpu) / 1e3, unit: "us", atMost: 1000 },
      { name: "resident memory with 10,000 sockets", value: memoryOf(watching.pid) - before, unit: "KiB" },
    ];
  },
};

function memoryOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}

// Bun's own pools start threads as they please.
function threadsOf(pid: number): number {
  const names = readdirSync(`/proc/${pid}/task`).map((id) =>
    readFileSync(`/proc/${pid}/task/${id}/comm`, "utf8").trim(),
  );
  return names.filter((name) => !/^(Bun Pool|JITWorker|JSCWarmUp|HeapHelper|mi-scavenger)/.test(name)).length;
}

/** What takes a few seconds. */
export const servers: readonly Row[] = [
  tcpEcho(1, 2),
  tcpEcho(64, 1.1),
  tcpEcho(1000, 1.05),
  udpEcho(1, 2),
  udpEcho(64, 1.4),
  latency("udp", 0),
  latency("tcp", 2000),
  idleEvents,
  idleCost,
];

/** What takes longer. */
export const manyServers: readonly Row[] = [tcpEcho(10_000, 1), latency("udp", 2000), upload, accepts];
