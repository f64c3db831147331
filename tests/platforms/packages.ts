// Fetching packages into a folder, without installing them: Debian's, and Bun's own binaries from npm.
//
// Each step is done once: a folder or file gets its final name when it is complete.

import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { NotSetUp } from "./platform.ts";

/** The version of Bun that is tested: that of the Bun which runs this. */
export const bunVersion: string = Bun.version;

/** Runs a program and gives what it printed. @throws {NotSetUp} when there is no such program, or it fails */
export async function run(
  command: readonly string[],
  { cwd, env = {} }: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  const [program = ""] = command;
  if (Bun.which(program) === null) throw new NotSetUp(`there is no ${program}`);
  const child = Bun.spawn([...command], {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (exitCode === 0) return stdout;
  const last = (stderr.trim() || stdout.trim()).split("\n").at(-1) ?? "";
  throw new NotSetUp(`${program} failed with ${exitCode}: ${last}`);
}

/** A folder that `fill` fills when it is not there yet; a fill that fails leaves nothing behind. */
export async function folder(path: string, fill: (path: string) => Promise<void>): Promise<string> {
  if (existsSync(path)) return path;
  const unfinished = `${path}.${process.pid}`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  try {
    await fill(unfinished);
    renameSync(unfinished, path);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return path;
}

/** Where packages come from. */
export interface Source {
  /** Debian's name of a processor: "amd64", "arm64". */
  readonly cpu?: string;
  /** A release of Debian, whatever this machine's is: names and versions of packages are those that this was tried with. */
  readonly release?: string;
}

const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
const stamp = "updated";

// apt with lists of its own: no architecture or release has to be added to this machine, and nobody has to be root.
async function apt(cache: string, cpu: string, release: string): Promise<readonly string[]> {
  if (!existsSync(keyring)) throw new NotSetUp("no Debian here, from whose packages it would be made");
  const home = join(cache, `apt-${release}-${cpu}`);
  const options = [
    `APT::Architecture=${cpu}`,
    `APT::Architectures=${cpu}`,
    `Dir::State=${home}`,
    "Dir::State::status=/dev/null",
    `Dir::Cache=${home}`,
    `Dir::Etc::sourcelist=${join(home, "sources.list")}`,
    "Dir::Etc::sourceparts=-",
    "APT::Get::List-Cleanup=0",
    "APT::Sandbox::User=", // apt's own user may not write to a home folder
  ].flatMap((option) => ["-o", option]);
  await folder(home, async (unfinished) => {
    mkdirSync(join(unfinished, "lists/partial"), { recursive: true });
    const source = `deb [signed-by=${keyring}] http://deb.debian.org/debian ${release} main\n`;
    writeFileSync(join(unfinished, "sources.list"), source);
  });
  if (!existsSync(join(home, stamp))) {
    await run(["apt-get", "-q", ...options, "update"]);
    writeFileSync(join(home, stamp), "");
  }
  return options;
}

/** Unpacks Debian packages into one folder of the cache, which is given: `debian(cache, "sysroot", ["libc6"])`. */
export async function debian(
  cache: string,
  into: string,
  names: readonly string[],
  { cpu = "amd64", release = "bookworm" }: Source = {},
): Promise<string> {
  return folder(join(cache, into), async (unfinished) => {
    const options = await apt(cache, cpu, release);
    const packages = `${unfinished}.packages`;
    mkdirSync(packages, { recursive: true });
    try {
      await run(["apt-get", "-q", ...options, "download", ...names], { cwd: packages });
      for (const name of readdirSync(packages)) await run(["dpkg", "-x", join(packages, name), unfinished]);
    } finally {
      rmSync(packages, { recursive: true, force: true });
    }
  });
}

/** Bun's own binary for another system: `bunFor(cache, "linux-aarch64")`, of the npm package `@oven/bun-linux-aarch64`. */
export async function bunFor(cache: string, target: string): Promise<string> {
  const into = await folder(join(cache, `bun-${target}-${bunVersion}`), async (unfinished) => {
    await run(["npm", "pack", "--silent", `@oven/bun-${target}@${bunVersion}`], { cwd: unfinished });
    for (const archive of readdirSync(unfinished)) {
      await run(["tar", "-xzf", archive, "--strip-components=1"], { cwd: unfinished });
      rmSync(join(unfinished, archive));
    }
  });
  return join(into, "bin", target.startsWith("windows") ? "bun.exe" : "bun");
}

/**
 * A copy of a Bun that starts with that loader, and looks for libraries in those folders first: no environment and no
 * place in /lib is needed, so what it starts is as it itself.
 */
export async function withLibraries(
  cache: string,
  binary: string,
  { loader, folders }: { readonly loader: string; readonly folders: readonly string[] },
): Promise<string> {
  const patchelf = join(await debian(cache, "patchelf", ["patchelf"]), "usr/bin/patchelf");
  const into = await folder(`${dirname(dirname(binary))}-patched`, async (unfinished) => {
    const copy = join(unfinished, "bun");
    for (let padding = 0; ; padding += 8) {
      // DT_RPATH and not DT_RUNPATH: for the libraries of libraries too
      const search = ["--force-rpath", "--set-rpath", folders.join(":") + "/".repeat(padding)];
      // the pages of this machine: with the 64 KB that arm64 may have, the copy does not start
      const pages = ["--page-size", "4096"];
      await run([patchelf, ...pages, "--set-interpreter", loader, ...search, "--output", copy, binary]);
      try {
        await run([copy, "-e", "1"]);
        return;
      } catch (error) {
        // with some lengths of that list patchelf 0.14 writes what crashes at its start: longer by 8, it does not
        if (padding === 32) throw error;
      }
    }
  });
  return join(into, "bun");
}
