/** `bun run bench`: runs the rows and prints what they find. See README.md. */

import { parseArgs } from "node:util";
import { FULL, QUICK, excuse, measure, type Row } from "./harness.ts";
import { hasFailed, headline, judge, readEnvironment, table, type RowReport } from "./report.ts";
import { calls } from "./rows/calls.ts";
import { memory } from "./rows/memory.ts";
import { startup } from "./rows/startup.ts";
import { tcp } from "./rows/tcp.ts";
import { udp } from "./rows/udp.ts";

const ROWS: readonly Row[] = [...calls, ...udp, ...tcp, ...memory, ...startup];

const USAGE = `usage: bun run bench [--quick] [--json] [--only <text>]
  --quick        less than a minute, for CI
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
  const { quick, json, rows } = options;
  const effort = quick ? "quick" : "full";
  const environment = readEnvironment();
  const say = json ? console.error : console.log;
  say(headline(environment, effort));
  const reports: RowReport[] = [];
  for (const row of rows) {
    const report = await runRow(row, quick);
    reports.push(report);
    say(table(report));
  }
  if (json) console.log(JSON.stringify({ environment, effort, rows: reports }, null, 2));
  return reports.some(hasFailed) ? 1 : 0;
}

async function runRow(row: Row, quick: boolean): Promise<RowReport> {
  const { name } = row;
  try {
    if ("observe" in row) return { name, figures: await row.observe(quick) };
    return { name, unit: row.unit, results: judge(await measure(row, quick ? QUICK : FULL), row.targets) };
  } catch (error) {
    return { name, ...excuse(error) };
  }
}

type Options = { readonly quick: boolean; readonly json: boolean; readonly rows: readonly Row[] };

function readOptions(words: readonly string[]): Options | { readonly problem: string } {
  try {
    const { quick, json, only } = parseArgs({
      args: [...words],
      options: { quick: { type: "boolean" }, json: { type: "boolean" }, only: { type: "string" } },
    }).values;
    const rows = ROWS.filter(({ name }) => name.toLowerCase().includes(only?.toLowerCase() ?? ""));
    if (rows.length > 0) return { quick: quick ?? false, json: json ?? false, rows };
    return { problem: `no row has "${only}" in its name; there are:\n  ${ROWS.map(({ name }) => name).join("\n  ")}` };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}
