/** What is seen of a server's process from outside: CPU time, memory, threads, limits; and which core it is on. Linux. */

import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { Unavailable } from "./harness.ts";

// Of what may end while it is looked at, such as a thread.
function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** The CPU time of a process so far, in nanoseconds: all its threads that are alive. Undefined where the kernel does not tell. */
export function cpuTime(pid: number): number | undefined {
  let total = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const schedstat = read(`/proc/${pid}/task/${thread}/schedstat`);
    total += Number(schedstat?.split(" ")[0] ?? 0);
  }
  return total > 0 ? total : undefined;
}

/** The resident memory of a process, in KiB. */
export function memoryOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(read(`/proc/${pid}/status`) ?? "")?.[1]);
}

/** The threads of a process without those of Bun's own pools, which it starts as it pleases. */
export function threadsOf(pid: number): number {
  const names = readdirSync(`/proc/${pid}/task`).map((id) => read(`/proc/${pid}/task/${id}/comm`)?.trim() ?? "");
  return names.filter((name) => !/^(Bun Pool|JITWorker|JSCWarmUp|HeapHelper|mi-scavenger)/.test(name)).length;
}

/** Throws Unavailable unless a process may have so many descriptors. */
export function requireDescriptors(count: number): void {
  const limit = /^Max open files\s+\d+\s+(\d+)/m.exec(read("/proc/self/limits") ?? "")?.[1]; // absent: unlimited
  if (Number(limit ?? Infinity) < count)
    throw new Unavailable(`needs ${count} descriptors, the hard limit is ${limit}`);
}

/**
 * Gives the main threads of a server and of its load a core each, as if the load came from another machine. A scheduler that is left
 * alone puts both on one core more often than not when there is one message under way, which suits a server that sleeps.
 */
export function pinApart(server: number, load: number): void {
  if (availableParallelism() < 2) throw new Unavailable("there is one core");
  if (Bun.which("taskset") === null) throw new Unavailable("no taskset on PATH");
  for (const [core, pid] of [server, load].entries()) {
    const { success, stderr } = Bun.spawnSync(["taskset", "-p", "-c", String(core), String(pid)]);
    if (!success) throw new Unavailable(`cannot choose cores: ${stderr.toString().trim()}`);
  }
}
