/**
 * Servers on the event loop, each in a process of its own, under load from C: round trips, latency, bulk, accepts; and what idle
 * sockets cost. Beside each rate the CPU time of the server for one of them: looking again costs some.
 */

import { join } from "node:path";
import { cProgram } from "../c.ts";
import { startChild, type Child } from "../child.ts";
import { Unavailable, type Column, type Figure, type Observation, type Row, type Target } from "../harness.ts";
import { cpuTime, memoryOf, pinApart, requireDescriptors, threadsOf } from "../server-process.ts";
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

function startServer(rival: Rival, resources: AsyncDisposableStack): Child {
  if (process.platform !== "linux") throw new Unavailable("the load is for Linux");
  cProgram(); // says why where there is none, before anything is started
  return startChild(COMMANDS[rival](), resources);
}

/**
 * Where the server and its load run: on a core each, or where the scheduler puts them. Both are shown, for they say different things: the
 * one is a client elsewhere, the other a client beside the server, which it mostly puts on the same core.
 */
type Placement = "apart" | "unpinned";

interface Work {
  /** What the server is asked for. */
  readonly server: string;
  /** What the load is told to do, and after the number and the port. */
  readonly load: string;
  readonly words: readonly (string | number)[];
  /** How many of it are an iteration. */
  readonly each: number;
  readonly placement?: Placement;
  /** How many idle sockets berkeley's server watches beside. */
  readonly idle?: number;
  /** How many descriptors a process needs. */
  readonly descriptors?: number;
  /** What the load's further numbers are: latencies, whose median is the time then, or how many were lost. */
  readonly further?: "latencies" | "lost";
  /** What the time is shown as too, from the nanoseconds for one. */
  readonly shown?: (nanoseconds: number) => Figure;
}

/** What one column has seen since it was warm. */
class Seen {
  readonly latencies: number[] = [];
  rounds = 0;
  taken = 0;
  lost = 0;
  cpu: number | undefined = 0;

  figures({ further, shown }: Work): readonly Figure[] {
    const figures: Figure[] = [];
    if (shown !== undefined) figures.push(shown(this.taken / this.rounds));
    if (further === "latencies") {
      const sorted = this.latencies.toSorted((a, b) => a - b);
      figures.push({ name: "p99", value: sorted[Math.ceil(sorted.length * 0.99) - 1]! / 1e3, unit: "us" });
    }
    if (this.cpu !== undefined) figures.push({ name: "CPU", value: this.cpu / this.rounds / 1e3, unit: "us" });
    if (this.lost > 0) figures.push({ name: "lost", value: this.lost, unit: "" });
    return figures;
  }
}

const column = (name: string, rival: Rival, work: Work): Column => ({
  name,
  async setup(resources) {
    requireDescriptors(work.descriptors ?? 0);
    const server = startServer(rival, resources);
    const load = startChild([cProgram()], resources);
    if (work.placement !== "unpinned") pinApart(server.pid, load.pid);
    const [port] = await server.ask(work.server);
    if (work.idle !== undefined) await server.ask(`idle ${work.idle}`);
    let seen = new Seen();
    async function run(iterations: number): Promise<number> {
      const rounds = iterations * work.each;
      const before = cpuTime(server.pid);
      const [taken, ...further] = await load.ask([work.load, rounds, port, ...work.words].join(" "));
      const after = cpuTime(server.pid);
      seen.rounds += rounds;
      seen.taken += taken!;
      seen.cpu =
        seen.cpu === undefined || before === undefined || after === undefined ? undefined : seen.cpu + after - before;
      if (work.further === "lost") seen.lost += further[0]!;
      if (work.further !== "latencies") return taken!;
      for (const latency of further) seen.latencies.push(latency);
      return median(further) * iterations;
    }
    return {
      check: async () => void (await run(1)),
      run,
      warmed: () => void (seen = new Seen()),
      figures: () => seen.figures(work),
    };
  },
});

const PROMISES = "berkeley's promises";

/** The same with what is built upon it: connections that are read and written, batches that are awaited. */
function withPromises(bun: string, work: Work): readonly [Column, ...Column[]] {
  const [first, ours, ...theirs] = columns(bun, work);
  const promises = column(PROMISES, "berkeley", { ...work, server: `${work.server}-promises` });
  return [first, ...(ours === undefined ? [] : [ours]), promises, ...theirs];
}

const THEIRS: readonly Rival[] = ["node: in Bun", "node: in Node"];

/** Bun's own first: it is what we want to be measured against. */
function columns(bun: string, work: Work): readonly [Column, ...Column[]] {
  return [
    column(bun, "Bun", work),
    column("berkeley", "berkeley", work),
    ...(work.placement === "unpinned" ? (["node: in Node"] as const) : THEIRS).map((rival) =>
      column(rival, rival, work),
    ),
  ];
}

const MOST_ROUNDS = 21;

const rate = (atLeast: number, against?: string): Target =>
  against === undefined ? { column: "berkeley", rate: atLeast } : { column: "berkeley", rate: atLeast, against };

const placed = (placement: Placement): string => (placement === "unpinned" ? ", unpinned" : "");
const count = (number: number): string => number.toLocaleString("en-US");

const tcpEcho = (connections: number, target: number, placement: Placement = "apart"): Row => {
  const each = connections === 1 ? 1 : connections * (connections < 10_000 ? 4 : 1);
  const work: Work = {
    server: "tcp-echo",
    load: "tcp-echo",
    words: [connections],
    each,
    placement,
    descriptors: connections + 100,
  };
  return {
    name: `TCP echo of 64 bytes, ${count(connections)} connection${connections === 1 ? "" : "s"}${placed(placement)}`,
    unit: "us",
    things: each,
    mostRounds: connections < 10_000 ? MOST_ROUNDS : 11,
    columns: withPromises("Bun.listen", work),
    targets: [rate(target), rate(1.5, "node: in Node")],
  };
};

const udpEcho = (window: number, target: number, placement: Placement = "apart"): Row => {
  const each = window === 1 ? 1 : window * 4;
  const work: Work = { server: "udp-echo", load: "udp-echo", words: [window], each, placement, further: "lost" };
  return {
    name: `UDP echo of 64 bytes, ${window} under way${placed(placement)}`,
    unit: "us",
    things: each,
    mostRounds: MOST_ROUNDS,
    columns: withPromises("Bun.udpSocket", work),
    targets: [rate(target)],
  };
};

const latency = (kind: "tcp" | "udp", pause: number, placement: Placement = "apart"): Row => ({
  name: `${kind.toUpperCase()} echo latency (p50), ${pause === 0 ? "one client" : "one request each 2 ms"}${placed(placement)}`,
  unit: "us",
  mostRounds: MOST_ROUNDS,
  columns: columns(kind === "tcp" ? "Bun.listen" : "Bun.udpSocket", {
    server: `${kind}-echo`,
    load: "paced",
    words: [pause, kind],
    each: pause === 0 ? 200 : 40,
    placement,
    further: "latencies",
  }),
  targets: kind === "udp" && pause === 0 ? [{ column: "berkeley", ratio: 0.6 }] : [],
});

const megabytes = (nanoseconds: number): Figure => ({
  name: "",
  value: (2 ** 18 / nanoseconds) * 1e3, // a round is a quarter of a MiB
  unit: "MB/s",
});

const bulk = (way: "received" | "sent"): Row => ({
  name: `TCP echo server's bulk: a MiB ${way}`,
  unit: "us",
  mostRounds: MOST_ROUNDS,
  columns: columns("Bun.listen", {
    ...(way === "received"
      ? { server: "tcp-discard", load: "tcp-upload" }
      : { server: "tcp-flood", load: "tcp-download" }),
    words: [],
    each: 4,
    shown: megabytes,
  }),
});

const accepts: Row = {
  name: "TCP accept and close, for the echo's server",
  unit: "us",
  mostRounds: MOST_ROUNDS,
  columns: columns("Bun.listen", {
    server: "tcp-accept",
    load: "tcp-accept",
    words: [],
    each: 1,
    shown: (nanoseconds) => ({ name: "", value: 1e9 / nanoseconds, unit: "a second" }),
  }),
};

const besideIdle = (idle: number): Column =>
  column(`${count(idle)} idle`, "berkeley", {
    server: "tcp-echo",
    load: "tcp-echo",
    words: [64],
    each: 256,
    idle,
    descriptors: idle + 200,
  });

const idleEvents: Row = {
  name: "TCP echo, 64 connections, beside idle sockets",
  unit: "us",
  things: 256,
  columns: [besideIdle(10), besideIdle(10_000)],
  targets: [{ column: "10,000 idle", ratio: 1.1 }],
};

/** Memory and threads of a reactor, and the CPU of 10,000 sockets to which nothing comes. */
const idleCost: Observation = {
  name: "idle: a reactor with 10,000 sockets (echo)",
  async observe() {
    requireDescriptors(10_200);
    await using resources = new AsyncDisposableStack();
    const pairs = Array.from({ length: 3 }, () => ({
      plain: startServer("berkeley", resources),
      watching: startServer("berkeley", resources),
    }));
    const { plain, watching } = pairs[0]!;
    const both = pairs.flatMap((pair) => [pair.plain, pair.watching]);
    await Promise.all(both.map((server) => server.ask("unwatched 0")));
    await Bun.sleep(500); // what Bun itself does after a start moves megabytes
    const start = new Map(both.map(({ pid }) => [pid, memoryOf(pid)]));
    const growth = ({ pid }: Child) => memoryOf(pid) - start.get(pid)!;
    const threads = threadsOf(watching.pid);
    await Promise.all(pairs.flatMap((pair) => [pair.plain.ask("unwatched 1"), pair.watching.ask("idle 1")]));
    await Bun.sleep(300);
    const memory = median(pairs.map((pair) => growth(pair.watching) - growth(pair.plain)));
    const more = threadsOf(watching.pid) - threads;
    await plain.ask("unwatched 9999");
    await watching.ask("idle 9999");
    await Bun.sleep(2000); // the garbage of making them is collected then
    const [cpuBefore, cpuPlain] = [cpuTime(watching.pid), cpuTime(plain.pid)];
    await Bun.sleep(1000);
    const spent = (pid: number, before = 0) => ((cpuTime(pid) ?? NaN) - before) / 1e3;
    return [
      { name: "resident memory of a reactor", value: memory, unit: "KiB", atMost: 2048 },
      { name: "threads more", value: more, unit: "", atMost: 0 },
      { name: "CPU in an idle second", value: spent(watching.pid, cpuBefore), unit: "us", atMost: 1000 },
      { name: "the same without a reactor: Bun's own timers", value: spent(plain.pid, cpuPlain), unit: "us" },
      {
        name: "10,000 watched, beside 10,000 that are not",
        value: memoryOf(watching.pid) - memoryOf(plain.pid),
        unit: "KiB",
      },
    ];
  },
};

/** What takes half a minute. */
export const servers: readonly Row[] = [
  tcpEcho(1, 2),
  tcpEcho(1, 2, "unpinned"),
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
export const manyServers: readonly Row[] = [
  tcpEcho(64, 1.1, "unpinned"),
  tcpEcho(1000, 1.05, "unpinned"),
  tcpEcho(10_000, 1),
  udpEcho(1, 2, "unpinned"),
  udpEcho(64, 1.4, "unpinned"),
  latency("udp", 0, "unpinned"),
  latency("udp", 2000),
  bulk("received"),
  bulk("sent"),
  accepts,
];
