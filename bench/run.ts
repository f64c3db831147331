/** `bun run bench`: runs the rows and prints what they find. See README.md. */

import { parseArgs } from "node:util";
import { BRIEF, FULL, QUICK, excuse, measure, type Effort, type Row } from "./harness.ts";
import { hasFailed, headline, judgeAll, readEnvironment, table, type RowReport } from "./report.ts";
import { calls } from "./rows/calls.ts";
import { checksums } from "./rows/checksum.ts";
import { datagrams } from "./rows/datagrams.ts";
import { memory } from "./rows/memory.ts";
import { passing } from "./rows/passing.ts";
import { processes } from "./rows/processes.ts";
import { manyServers, servers } from "./rows/servers.ts";
import { startup } from "./rows/startup.ts";
import { tcp } from "./rows/tcp.ts";
import { udp } from "./rows/udp.ts";

/** How much is measured, and how well. */
const MODES = {
  full: {
    effort: FULL,
    rows: [
      ...calls,
      ...checksums,
      ...udp,
      ...datagrams.usual,
      ...processes,
      ...tcp,
      ...servers,
      ...manyServers,
      ...passing,
      ...memory,
      ...startup,
    ],
  },
  quick: {
    effort: QUICK,
    rows: [
      ...calls,
      ...checksums,
      ...udp,
      ...datagrams.diagonal,
      ...processes,
      ...tcp,
      ...servers,
      ...passing,
      ...memory,
      ...startup,
    ],
  },
  matrix: { effort: BRIEF, rows: datagrams.all },
} as const satisfies Record<string, { effort: Effort; rows: readonly Row[] }>;

type Mode = keyof typeof MODES;

const USAGE = `usage: bun run bench [--quick | --matrix] [--json] [--only <text>]
  --quick        about a minute, for CI
  --matrix       every way to send with every way to receive, and nothing else: about a quarter of an hour
  --json         JSON on stdout, the table on stderr
  --only <text>  only the rows with <text> in their name`;

process.exitCode = await main(process.argv.slice(2));

/** 0: it ran, even if a target was missed, for machines are shared. 1: a row broke. 2: wrong use. */
async function main(words: readonly string[]): Promise<number> {
  const options = readOptions(words);
  if ("problem" in options) {
    console.error(`${options.problem}\n${USAGE}`);
    return 2;
  }
  const { mode, json, rows } = options;
  const environment = readEnvironment();
  const say = json ? console.error : console.log;
  say(headline(environment, mode));
  const reports: RowReport[] = [];
  for (const row of rows) {
    const report = await runRow(row, mode);
    reports.push(report);
    say(table(report));
  }
  if (json) console.log(JSON.stringify({ environment, effort: mode, rows: reports }, null, 2));
  return reports.some(hasFailed) ? 1 : 0;
}

async function runRow(row: Row, mode: Mode): Promise<RowReport> {
  const { name } = row;
  try {
    if ("observe" in row) return { name, figures: await row.observe(mode === "quick") };
    const { unit, things, targets } = row;
    return { name, unit, things, results: judgeAll(await measure(row, MODES[mode].effort), targets) };
  } catch (error) {
    return { name, ...excuse(error) };
  }
}

type Options = { readonly mode: Mode; readonly json: boolean; readonly rows: readonly Row[] };

function readOptions(words: readonly string[]): Options | { readonly problem: string } {
  try {
    const { quick, matrix, json, only } = parseArgs({
      args: [...words],
      options: {
        quick: { type: "boolean" },
        matrix: { type: "boolean" },
        json: { type: "boolean" },
        only: { type: "string" },
      },
    }).values;
    if (quick && matrix) return { problem: "--quick and --matrix: one of them" };
    const mode = matrix ? "matrix" : quick ? "quick" : "full";
    const all: readonly Row[] = MODES[mode].rows;
    const rows = all.filter(({ name }) => name.toLowerCase().includes(only?.toLowerCase() ?? ""));
    if (rows.length > 0) return { mode, json: json ?? false, rows };
    return { problem: `no row has "${only}" in its name; there are:\n  ${all.map(({ name }) => name).join("\n  ")}` };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}
