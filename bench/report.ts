/** What a run found, for people (a table) and for programs (JSON). */

import { cpus, release, type } from "node:os";
import {
  judge,
  UNITS,
  type Figure,
  type Judgement,
  type Result,
  type Target,
  type Untimed,
  type Unit,
} from "./harness.ts";

/** Where and with what the figures were taken: they mean little elsewhere. */
export interface Environment {
  readonly date: string;
  readonly kernel: string;
  readonly cpu: string;
  readonly cores: number;
  readonly bun: string;
}

/** A column's result with the targets set for it. */
export type Judged = Result & { readonly targets: readonly Judgement[] };

/** What became of a row. */
export type RowReport = { readonly name: string } & (
  | { readonly unit: Unit; readonly things?: number | undefined; readonly results: readonly Judged[] }
  | { readonly figures: readonly Figure[] }
  | Omit<Untimed, "column">
);

/** Reads the environment of this process. */
export function readEnvironment(): Environment {
  const processors = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    kernel: `${type()} ${release()}`,
    cpu: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    bun: `${Bun.version} (${Bun.revision.slice(0, 9)})`,
  };
}

/** Joins results with the targets set for them. */
export function judgeAll(results: readonly Result[], targets: readonly Target[] = []): readonly Judged[] {
  return results.map((result) => ({
    ...result,
    targets: targets.filter(({ column }) => column === result.column).map((target) => judge(target, result, results)),
  }));
}

/** Whether something broke; a missed target is no failure. */
export function hasFailed(report: RowReport): boolean {
  const parts = "results" in report ? report.results : [report];
  return parts.some((part) => "failed" in part && part.failed);
}

/** The head of the table. */
export function headline({ date, kernel, cpu, cores, bun }: Environment, effort: string): string {
  return `berkeley bench (${effort}), ${date}
kernel ${kernel} | cpu ${cpu}, ${cores} cores | bun ${bun}
Medians, each ± the median distance from it; ratios are taken within each round.`;
}

/** The part of the table that shows one row. */
export function table(report: RowReport): string {
  if ("reason" in report) return `\n${report.name}\n  ${excuse(report)}`;
  if ("figures" in report) return ["", report.name, ...report.figures.map(figureLine)].join("\n");
  const { name, unit, things, results } = report;
  const title = name.length > NAME_WIDTH ? [name, ""] : [name];
  const head = line(
    title.pop()!,
    unit,
    "±",
    `x ${results[0]?.column ?? ""}`,
    "±",
    things === undefined ? "" : "a second",
  );
  return ["", ...title, head, ...results.map((result) => resultLine(result, unit, things !== undefined))].join("\n");
}

function resultLine(result: Judged, unit: Unit, withRate: boolean): string {
  const name = `  ${result.column}`;
  if (!("time" in result)) return line(name, "-", "", "-", "", excuse(result));
  const { time, ratio, remark, figures = [], targets } = result;
  const rate = withRate ? aSecond(1e9 / UNITS[unit] / time.median) : undefined;
  const short = targets.filter((target) => !("rate" in target)).map((target) => note(target, unit));
  const beside = figures.map(({ name, value, unit }) => `${name} ${digits(value)} ${unit}`.trimEnd());
  const notes = [rate, remark, ...beside, ...short].filter((text) => text !== undefined);
  const against = ratio ? [ratio.median.toFixed(2), ratio.deviation.toFixed(2)] : ["-", ""];
  const first = line(name, digits(time.median), digits(time.deviation), against[0]!, against[1]!, notes.join("; "));
  const rates = targets.filter((target) => "rate" in target).map((target) => `    ${note(target, unit)}`);
  return [first, ...rates].join("\n");
}

function note(target: Judgement, unit: Unit): string {
  const { against, found, met } = target;
  if ("ratio" in target) return `at most ${target.ratio} x ${against}: ${verdict(met)}`;
  if ("rate" in target) {
    const rate = found ? `${digits(found.median)} ± ${digits(found.deviation)} x the rate of ${against}, ` : "";
    return `${rate}at least ${target.rate}: ${verdict(met)}`;
  }
  const more = found ? `${digits(found.median)} ± ${digits(found.deviation)} ${unit} more, ` : "";
  return `${more}at most ${target.more} ${unit}: ${verdict(met)}`;
}

function figureLine({ name, value, unit, atMost }: Figure): string {
  const note = atMost === undefined ? "" : `at most ${digits(atMost)}: ${verdict(value <= atMost)}`;
  return line(`  ${name}`, digits(value), unit, "", "", note);
}

function excuse({ failed, reason }: Omit<Untimed, "column">): string {
  return failed ? `FAILED: ${reason}` : reason;
}

function verdict(met: boolean | undefined): string {
  return met === undefined ? "not compared" : met ? "met" : "MISSED";
}

function aSecond(rate: number): string {
  return rate < 1e5 ? `${digits(rate / 1e3)} k` : `${digits(rate / 1e6)} M`;
}

/** A longer name has a line of its own. */
const NAME_WIDTH = 46;

function line(name: string, value: string, deviation: string, ratio: string, spread: string, note: string): string {
  const cells = [
    name.padEnd(NAME_WIDTH),
    value.padStart(10),
    deviation.padStart(8),
    ratio.padStart(10),
    spread.padStart(6),
  ];
  return `${cells.join(" ")}  ${note}`.trimEnd();
}

/** Three digits that say something, and thousands that can be read. */
function digits(value: number): string {
  const size = Math.abs(value);
  const decimals = Number.isInteger(value) || size >= 100 ? 0 : size >= 10 ? 1 : 2;
  return value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}
