/** What a run found, for people (a table) and for programs (JSON). */

import { cpus, release, type } from "node:os";
import { isMet, type Figure, type Result, type Target, type Unit, type Untimed } from "./harness.ts";

/** Where and with what the figures were taken: they mean little elsewhere. */
export interface Environment {
  readonly date: string;
  readonly kernel: string;
  readonly cpu: string;
  readonly cores: number;
  readonly bun: string;
}

/** A target and what became of it; `met` is undefined where there was nothing to compare. */
export type Judgement = Target & { readonly met: boolean | undefined };

/** A column's result with the targets set for it. */
export type Judged = Result & { readonly targets: readonly Judgement[] };

/** What became of a row. */
export type RowReport = { readonly name: string } & (
  | { readonly unit: Unit; readonly results: readonly Judged[] }
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
export function judge(results: readonly Result[], targets: readonly Target[] = []): readonly Judged[] {
  return results.map((result) => ({
    ...result,
    targets: targets
      .filter(({ column }) => column === result.column)
      .map((target) => ({ ...target, met: isMet(target, result) })),
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
  const { name, unit, results } = report;
  const head = line(name, unit, "±", `x ${results[0]?.column ?? ""}`, "±", "");
  return ["", head, ...results.map((result) => resultLine(result, unit))].join("\n");
}

function resultLine(result: Judged, unit: Unit): string {
  const name = `  ${result.column}`;
  if (!("time" in result)) return line(name, "-", "", "-", "", excuse(result));
  const { time, ratio, more, targets } = result;
  const notes = targets.map((target) => {
    if ("ratio" in target) return `at most ${target.ratio} x: ${verdict(target.met)}`;
    const found = more ? `${digits(more.median)} ± ${digits(more.deviation)} ${unit} more, ` : "";
    return `${found}at most ${target.more} ${unit}: ${verdict(target.met)}`;
  });
  const against = ratio ? [ratio.median.toFixed(2), ratio.deviation.toFixed(2)] : ["-", ""];
  return line(name, digits(time.median), digits(time.deviation), against[0]!, against[1]!, notes.join("; "));
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

function line(name: string, value: string, deviation: string, ratio: string, spread: string, note: string): string {
  const cells = [name.padEnd(46), value.padStart(10), deviation.padStart(8), ratio.padStart(10), spread.padStart(6)];
  return `${cells.join(" ")}  ${note}`.trimEnd();
}

/** Three digits that say something, and thousands that can be read. */
function digits(value: number): string {
  const size = Math.abs(value);
  const decimals = Number.isInteger(value) || size >= 100 ? 0 : size >= 10 ? 1 : 2;
  return value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}
