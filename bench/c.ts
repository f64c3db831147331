/** The C column: programs of baseline.c, in a child process that lives as long as the experiment. */

import { createHash } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Unavailable, type Column, type Subject } from "./harness.ts";

const SOURCE = join(import.meta.dir, "baseline.c");

/** The column "C": runs the named program of `baseline.c`, which keeps the time itself and checks what it receives. */
export function c(program: string): Column {
  return { name: "C", setup: (resources) => start(program, resources) };
}

function start(program: string, resources: AsyncDisposableStack): Subject {
  const child = Bun.spawn([build()], { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
  resources.defer(async () => {
    child.kill();
    await child.exited;
  });
  const answers = lines(child.stdout);
  async function run(iterations: number): Promise<number> {
    child.stdin.write(`${program} ${iterations}\n`);
    child.stdin.flush();
    const { value: answer } = await answers.next();
    if (!/^\d+$/.test(answer ?? "")) throw new Error(`baseline.c ${program}: ${answer ?? "ended without an answer"}`);
    return Number(answer);
  }
  return { check: async () => void (await run(1)), run };
}

/** Compiles baseline.c, once for each version of it, and gives the path of the program. */
function build(): string {
  const compiler = Bun.which("cc");
  if (compiler === null) throw new Unavailable("no C compiler (cc) on PATH");
  const hash = createHash("sha256").update(readFileSync(SOURCE)).digest("hex").slice(0, 16);
  const program = join(cacheDirectory(), `baseline-${hash}`);
  if (existsSync(program)) return program;
  // Compiled aside and renamed, so that two runs at once cannot start half a program.
  const unfinished = `${program}.${process.pid}`;
  const { success, stderr } = Bun.spawnSync([compiler, "-O2", "-pthread", "-o", unfinished, SOURCE]);
  if (!success) throw new Error(`cc could not build baseline.c: ${stderr.toString().trim()}`);
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

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop()!;
    yield* parts;
  }
  return undefined;
}
