// C programs for tests: what the system's own headers and libc say is the reference.

import { existsSync, lstatSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const compiler = Bun.which(process.env["CC"] ?? "cc");

/** Whether there is a C compiler: `cc`, or what the environment variable CC names. */
export const haveCC: boolean = compiler !== null;

/**
 * Compiles a C program, cc(1), and gives the path of the binary. `flags` come after the source (`-lpthread`, `-O2`).
 * The same source and flags are compiled once: the binary stays under `os.tmpdir()`.
 *
 * @throws {Error} when there is no compiler, or with its messages when it refuses the source
 */
export function compileC(source: string, flags: readonly string[] = []): string {
  if (compiler === null) throw new Error("there is no C compiler: look at haveCC first");
  const hash = new Bun.CryptoHasher("sha256").update(JSON.stringify([compiler, flags, source])).digest("hex");
  const binary = join(ownDirectory(), hash.slice(0, 32));
  if (existsSync(binary)) return binary;
  // Renamed when complete: tests that run at the same time may want the same program.
  const unfinished = `${binary}.${process.pid}`;
  try {
    const { exitCode, stderr } = Bun.spawnSync([compiler, "-x", "c", "-", "-o", unfinished, ...flags], {
      stdin: Buffer.from(source),
      stderr: "pipe",
    });
    if (exitCode !== 0) throw new Error(`${compiler} refused the program:\n${stderr.toString()}`);
    renameSync(unfinished, binary);
  } finally {
    rmSync(unfinished, { force: true });
  }
  return binary;
}

/** A directory that nobody else could have filled: what is in it will be run. */
function ownDirectory(): string {
  const uid = process.getuid?.() ?? 0;
  const directory = join(tmpdir(), `berkeley-test-c-${uid}`);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const found = lstatSync(directory);
  const mine = process.platform === "win32" || (found.uid === uid && (found.mode & 0o022) === 0);
  if (!found.isDirectory() || !mine) throw new Error(`${directory} belongs to somebody else: remove it`);
  return directory;
}
