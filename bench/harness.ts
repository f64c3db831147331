/**
 * Measures one experiment: columns (rivals) that do the same work, timed in turns within one run.
 *
 * A shared machine is noisy, so no absolute figure is trusted: every round times each column once, the ratio to the
 * baseline is taken within the round, and what is reported is the median of those ratios.
 */

import { spread, type Spread } from "./statistics.ts";

/** What a column has set up: ready to be proven right, then to be timed. */
export interface Subject {
  /** Throws unless the work is done correctly. Runs once, before any timing. */
  check(): void | Promise<void>;
  /** Does the work `iterations` times. A number returned is the nanoseconds that it took by its own clock. */
  run(iterations: number): number | void | Promise<number | void>;
  /** Called when it is warm: what was seen so far does not count. */
  warmed?(): void;
  /** What a time alone does not tell, such as how much was lost; asked for at the end. */
  remark?(): string;
  /** The same as numbers. */
  figures?(): readonly Figure[];
}

/** One rival. What `setup` gives to `resources` is released when the experiment ends. */
export interface Column {
  readonly name: string;
  setup(resources: AsyncDisposableStack): Subject | Promise<Subject>;
}

/**
 * A promise about one column against another, by default the baseline: at most `ratio` times its time, at most `more` units
 * above it, or at least `rate` times its throughput.
 */
export type Target = { readonly column: string; readonly against?: string } & (
  { readonly ratio: number } | { readonly more: number } | { readonly rate: number }
);

/** Rivals that do the same work. Times are per iteration, and the first column is the baseline of the others. */
export interface Experiment {
  readonly name: string;
  readonly unit: Unit;
  /** How many things an iteration does, such as datagrams that it moves: times are for one then, and the rate is shown too. */
  readonly things?: number;
  readonly columns: readonly [Column, ...Column[]];
  readonly targets?: readonly Target[];
  /** Fewer rounds than the effort has, for what takes long. */
  readonly mostRounds?: number;
}

/** A value that is read and not timed, such as bytes of heap, and the most that it should be. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly atMost?: number;
}

/** A row without rivals: it hands back figures. */
export interface Observation {
  readonly name: string;
  observe(quick: boolean): Promise<readonly Figure[]>;
}

/** What the bench is made of. */
export type Row = Experiment | Observation;

/** The units that a time may be shown in, as nanoseconds. */
export const UNITS = { ns: 1, us: 1e3, ms: 1e6 } as const;

/** The name of a unit of time. */
export type Unit = keyof typeof UNITS;

/** Thrown by what this machine cannot run: it is shown as "-" with the reason, and nothing failed. */
export class Unavailable extends Error {
  override readonly name = "Unavailable";
}

/** How long to measure: milliseconds that a sample takes, milliseconds of warm-up for a column, and rounds. */
export interface Effort {
  readonly sample: number;
  readonly warmUp: number;
  readonly rounds: number;
}

/** For figures that are published. */
export const FULL: Effort = { sample: 50, warmUp: 1000, rounds: 51 };

/** For CI: shows that everything runs, and a ratio that is far off. */
export const QUICK: Effort = { sample: 25, warmUp: 500, rounds: 11 };

/** For hundreds of experiments in a row. */
export const BRIEF: Effort = { sample: 20, warmUp: 200, rounds: 11 };

/** A column that was timed, in the unit of its experiment; `ratio` is against the baseline. */
export interface Timed {
  readonly column: string;
  readonly time: Spread;
  readonly ratio?: Spread;
  readonly iterations: number;
  readonly samples: readonly number[];
  readonly remark?: string;
  readonly figures?: readonly Figure[];
}

/** A column that was not timed. */
export interface Untimed {
  readonly column: string;
  readonly reason: string;
  /** False where the machine cannot run it. */
  readonly failed: boolean;
}

/** What became of a column. */
export type Result = Timed | Untimed;

interface Racer {
  readonly column: string;
  readonly subject: Subject;
  readonly iterations: number;
  readonly samples: number[];
}

/** A sample that takes longer has lost something: its column fails, and the bench goes on. */
const SAMPLE_LIMIT_MS = 40_000;

/** Times the columns of an experiment in turns, and releases what they set up. */
export async function measure(experiment: Experiment, effort: Effort): Promise<readonly Result[]> {
  const { columns, unit, things = 1, mostRounds = Infinity } = experiment;
  await using resources = new AsyncDisposableStack();
  const entrants: (Racer | Untimed)[] = [];
  for (const column of columns) entrants.push(await prepare(column, resources, effort));
  const racers = entrants.filter((entrant) => "subject" in entrant);
  for (let round = 0; round < Math.min(effort.rounds, mostRounds); round++) {
    for (let turn = 0; turn < racers.length; turn++) {
      const { subject, iterations, samples } = racers[(round + turn) % racers.length]!;
      samples.push((await time(subject, iterations)).taken / iterations / things / UNITS[unit]);
    }
  }
  const baseline = racers.find(({ column }) => column === columns[0].name)?.samples;
  return entrants.map((entrant) => ("subject" in entrant ? summarize(entrant, baseline) : entrant));
}

/** A target, and what was found of it: a ratio, a difference or a rate; nothing where there was nothing to compare. */
export type Judgement = Target & { readonly against: string; readonly found?: Spread; readonly met?: boolean };

/** Compares a result with the column that the target is against, round by round as ratios are. */
export function judge(target: Target, result: Result, results: readonly Result[]): Judgement {
  const judgement = { ...target, against: target.against ?? results[0]?.column ?? "" };
  const rival = results.find(({ column }) => column === judgement.against);
  if (!("time" in result) || rival === undefined || !("time" in rival)) return judgement;
  const compare = (by: (ours: number, theirs: number) => number) =>
    spread(result.samples.map((sample, round) => by(sample, rival.samples[round]!)));
  if ("rate" in target) {
    const found = compare((ours, theirs) => theirs / ours);
    return { ...judgement, found, met: found.median >= target.rate };
  }
  if ("ratio" in target) {
    const found = compare((ours, theirs) => ours / theirs);
    return { ...judgement, found, met: found.median <= target.ratio };
  }
  const found = compare((ours, theirs) => ours - theirs);
  return { ...judgement, found, met: found.median <= target.more };
}

/** Why something has no figures, from what was thrown. */
export function excuse(error: unknown): Omit<Untimed, "column"> {
  return { reason: error instanceof Error ? error.message : String(error), failed: !(error instanceof Unavailable) };
}

/** Sets a column up, proves that it is right, warms it, and finds how many iterations make a sample. */
async function prepare(column: Column, resources: AsyncDisposableStack, effort: Effort): Promise<Racer | Untimed> {
  try {
    const subject = await column.setup(resources);
    await subject.check();
    const wanted = effort.sample * UNITS.ms;
    let iterations = 1;
    let warmed = 0;
    // Bounded: 40 doublings are a million million iterations.
    for (let attempt = 0; attempt < 40 && warmed < effort.warmUp * UNITS.ms; attempt++) {
      // by our own clock: what a subject reports may be a latency, which is a small part of the time
      const { passed } = await time(subject, iterations);
      warmed += passed;
      iterations = Math.max(1, Math.round(Math.min(iterations * 10, (iterations * wanted) / Math.max(passed, 1))));
    }
    subject.warmed?.();
    return { column: column.name, subject, iterations, samples: [] };
  } catch (error) {
    return { column: column.name, ...excuse(error) };
  }
}

/** The nanoseconds that a run takes, by its own clock if it has one, and by ours. */
async function time(subject: Subject, iterations: number): Promise<{ taken: number; passed: number }> {
  const start = Bun.nanoseconds();
  const running = subject.run(iterations);
  const reported = running instanceof Promise ? await within(SAMPLE_LIMIT_MS, running) : running;
  const passed = Bun.nanoseconds() - start;
  return { taken: reported ?? passed, passed };
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no end after ${milliseconds} ms`)), milliseconds);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function summarize({ column, subject, samples, iterations }: Racer, baseline: readonly number[] | undefined): Timed {
  const ratio = baseline && { ratio: spread(samples.map((sample, round) => sample / baseline[round]!)) };
  const remark = subject.remark && { remark: subject.remark() };
  const figures = subject.figures && { figures: subject.figures() };
  return { column, time: spread(samples), ...ratio, ...remark, ...figures, iterations, samples };
}
