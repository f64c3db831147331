/** The C column: programs of baseline.c, in a child process that lives as long as the experiment. */

import { createHash } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startChild } from "./child.ts";
import { Unavailable, type Column } from "./harness.ts";

const SOURCES = ["baseline.c", "datagrams.c", "load.c"].map((name) => join(import.meta.dir, name));
const HEADER = join(import.meta.dir, "baseline.h");

/**
 * The column "C": runs the named program of `baseline.c`, which keeps the time itself and checks what it receives. `words`
 * are what the program takes beside the number of iterations.
 */
export function c(program: string, ...words: readonly (string | number)[]): Column {
  return {
    name: "C",
    setup(resources) {
      const child = startChild([cProgram()], resources);
      const run = async (iterations: number) => {
        const [nanoseconds] = await child.ask([program, iterations, ...words].join(" "));
        return nanoseconds!;
      };
      return { check: async () => void (await run(1)), run };
    },
  };
}

/** Compiles the C baseline, once for each version of it, and gives the path of the program. */
export function cProgram(): string {
  const compiler = Bun.which("cc");
  if (compiler === null) throw new Unavailable("no C compiler (cc) on PATH");
  const hash = createHash("sha256");
  for (const file of [HEADER, ...SOURCES]) hash.update(readFileSync(file));
  const program = join(cacheDirectory(), `baseline-${hash.digest("hex").slice(0, 16)}`);
  if (existsSync(program)) return program;
  // Compiled aside and renamed, so that two runs at once cannot start half a program.
  const unfinished = `${program}.${process.pid}`;
  const { success, stderr } = Bun.spawnSync([compiler, "-O2", "-pthread", "-o", unfinished, ...SOURCES]);
  if (!success) throw new Error(`cc could not build the baseline: ${stderr.toString().trim()}`);
  renameSync(unfinished, program);
  return program;
}

/** The temporary directory is everybody's: a program in it is run only if nobody else can have put it there. */
function cacheDirectory(): string {
  const user = process.getuid?.() ?? 0;
  const path = join(tmpdir(), `berkeley-bench-${user}`);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const found = lstatSync(path);
  const ours = found.isDirectory() && found.uid === user && (found.mode & 0o022) === 0;
  if (!ours) throw new Unavailable(`${path} can be written by others: remove it`);
  return path;
}
