// Random operations on the event loop, for a few seconds; for longer with BERKELEY_STRESS_SECONDS, and again with
// BERKELEY_STRESS_SEED.

import { expect, setDefaultTimeout, test } from "bun:test";
import { moduleOf, runChild } from "./support/child.ts";
import { wakes, wokenBy } from "./support/loop.ts";
import { LEAST, type StressReport } from "./support/stress.ts";

setDefaultTimeout(30_000); // of work, not of waiting: there may be machines that are slow, or busy

const seconds = Number(process.env["BERKELEY_STRESS_SECONDS"] ?? 2);
const seed = Number(process.env["BERKELEY_STRESS_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const timeout = seconds * 1000 + 15_000;

test.each(wakes)(
  `random operations, woken by %s: nothing is lost, stuck or left behind (seed ${seed})`,
  async (kind) => {
    const { report, stderr, signal } = await runChild(
      `${wokenBy(kind)}
      const { stress } = await import(${moduleOf("tests/support/stress.ts")});
      report(await stress(${seed}, ${seconds}));`,
      { timeout },
    );
    expect({ signal, stderr }).toEqual({ signal: null, stderr: "" });
    const { operations, outcomes, problems } = report as StressReport;
    expect({ seed, problems }).toEqual({ seed, problems: [] });
    expect(operations).toBeGreaterThanOrEqual(LEAST);
    for (const what of ["read", "write", "look", "watch", "close"]) expect(Object.keys(outcomes)).toContain(what);
  },
  timeout + 1000,
);

test.each(wakes)("an end at every point of an operation, woken by %s, is the end that it has", async (kind) => {
  const { report, stderr } = await runChild(
    `${wokenBy(kind)}
    const { endAtEveryPoint } = await import(${moduleOf("tests/support/stress.ts")});
    report(await endAtEveryPoint());`,
  );
  expect([report, stderr]).toEqual([[], ""]);
});
