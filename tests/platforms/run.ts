// Runs the tests on every platform that this machine can be, and prints what each came to:
//   bun tests/platforms/run.ts [--write-readme] [--verbose] [platforms] [parts of the names of test files]
// What is set up for it stays in $BERKELEY_PLATFORMS, or else in ~/.cache/berkeley-platforms. Nothing is installed.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { limits } from "./limits.ts";
import { linuxArm64 } from "./linux-arm64.ts";
import { linuxMuslX64 } from "./linux-musl-x64.ts";
import { linuxX64 } from "./linux-x64.ts";
import { NotSetUp, type Platform, type Runner } from "./platform.ts";
import { addReport, addResults, addSkipped, grid, noResults, type Results, withGrid } from "./results.ts";
import { windowsX64 } from "./windows-x64.ts";

const platforms: readonly Platform[] = [linuxX64, linuxArm64, linuxMuslX64, windowsX64];
const root = join(import.meta.dir, "../..");
const reports = mkdtempSync(join(tmpdir(), "berkeley-reports-"));
/** Milliseconds after which a file that does not end has failed. */
const LIMIT = 240_000;

const options = process.argv.slice(2).filter((word) => word.startsWith("--"));
const words = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const names = words.filter((word) => platforms.some(({ name }) => name === word));
const filters = words.filter((word) => !names.includes(word));
const verbose = options.includes("--verbose");

/** One test file on one platform. */
interface Job {
  readonly results: Results;
  readonly runner: Runner;
  readonly file: string;
}

async function setUp(platform: Platform, cache: string): Promise<{ results: Results; runner?: Runner }> {
  try {
    const runner = await platform.setUp(cache);
    return { results: noResults(platform.name), runner };
  } catch (error) {
    if (!(error instanceof NotSetUp)) throw error;
    return { results: noResults(platform.name, error.message) };
  }
}

function testFiles(): string[] {
  const all = [...new Bun.Glob("**/*.test.ts").scanSync({ cwd: join(root, "tests") })].map((file) =>
    `tests/${file}`.replaceAll("\\", "/"),
  );
  return all.filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter))).sort();
}

async function runFile({ results: { name }, runner, file }: Job): Promise<Results> {
  const results = noResults(name);
  const report = join(reports, `${name}-${file.replaceAll("/", "-")}.xml`);
  rmSync(report, { force: true });
  const known = limits[name]?.map(({ reason }) => reason) ?? [];
  const limited = known.length === 0 ? [] : ["--preload", "./tests/platforms/preload.ts"];
  // a file of its own for each process: a crash is one file's, and says which
  const child = Bun.spawn(
    [
      ...[
        ...runner.command,
        "test",
        ...limited,
        "--reporter=junit",
        `--reporter-outfile=${runner.path?.(report) ?? report}`,
      ],
      ...(runner.timeout === undefined ? [] : [`--timeout=${runner.timeout}`]),
      `./${file}`,
    ],
    {
      cwd: root,
      env: { ...process.env, CI: "true", ...runner.environment, BERKELEY_PLATFORM: name },
      stdin: "ignore",
      stdout: Bun.file(`${report}.out`), // no pipes: what Wine leaves running holds them open
      stderr: Bun.file(`${report}.err`),
      timeout: LIMIT,
      killSignal: "SIGKILL",
    },
  );
  const start = performance.now();
  const exitCode = await child.exited;
  if (child.signalCode !== null && runner.end !== undefined) {
    Bun.spawnSync([...runner.end], { env: { ...process.env, ...runner.environment } });
  }
  const failed = existsSync(report) ? addReport(results, readFileSync(report, "utf8"), file, known) : 0;
  if (exitCode !== 0 && failed === 0) {
    results.failed += 1;
    results.failures.push(`${file}: ended with ${child.signalCode ?? exitCode}, outside of a test`);
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.error(`${name} ${file}: ${exitCode === 0 ? "ok" : "FAILED"} (${seconds} s)`);
  if (exitCode !== 0 || verbose) {
    console.error(withoutPasses(readFileSync(`${report}.out`, "utf8") + readFileSync(`${report}.err`, "utf8")));
  }
  return results;
}

function withoutPasses(output: string): string {
  return output.replace(/^\((?:pass|skip)\).*\n/gm, "");
}

/** Runs all of them, so many at a time, and gives those that failed. */
async function runAll(jobs: readonly Job[], count: number): Promise<Job[]> {
  const left = [...jobs];
  const failed: Job[] = [];
  const worker = async (): Promise<void> => {
    for (let job = left.shift(); job !== undefined; job = left.shift()) {
      const results = await runFile(job);
      if (results.failed > 0) failed.push(job);
      else addResults(job.results, results);
    }
  };
  await Promise.all(Array.from({ length: count }, worker));
  return failed;
}

/** Once more, alone: an emulator that shares its cores can be too slow for a deadline. What fails then has failed. */
async function runAgain(job: Job): Promise<void> {
  const results = await runFile(job);
  addResults(job.results, results);
  if (results.failed === 0) job.results.again.push(job.file);
}

if (testFiles().length === 0) {
  const there = platforms.map(({ name }) => name).join(", ");
  console.error(`no test file has ${filters.join(" or ")} in its name; the platforms are ${there}`);
  process.exit(2);
}
const cache = process.env["BERKELEY_PLATFORMS"] ?? join(homedir(), ".cache/berkeley-platforms");
mkdirSync(cache, { recursive: true });
const all: Results[] = [];
const jobs: Job[] = [];
for (const platform of platforms.filter(({ name }) => names.length === 0 || names.includes(name))) {
  const { results, runner } = await setUp(platform, cache);
  all.push(results);
  if (runner === undefined) continue;
  for (const file of testFiles()) {
    const reason = runner.leftOut?.[file];
    if (reason === undefined) jobs.push({ results, runner, file });
    else addSkipped(results, `${reason} (all of ${file})`);
  }
}
try {
  // this machine's own last: short files keep all cores busy to the end
  for (const job of await runAll(jobs.reverse(), availableParallelism())) await runAgain(job);
} finally {
  rmSync(reports, { recursive: true, force: true });
}
for (const { name, failures } of all) {
  for (const failure of failures) console.error(`failed on ${name}: ${failure}`);
}
console.log(grid(all));
if (options.includes("--write-readme")) {
  const readme = join(root, "README.md");
  writeFileSync(readme, withGrid(readFileSync(readme, "utf8"), grid(all, true)));
  Bun.spawnSync([process.execPath, "fmt", readme], { cwd: root });
}
process.exitCode = all.some(({ failed }) => failed > 0) ? 1 : 0;
