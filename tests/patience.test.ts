// Whether the reactor looks again for the next event or sleeps at once: it learns which of the two makes it come sooner.

import { describe, expect, test } from "bun:test";
import { Patience } from "../src/reactor/patience.ts";

const LONGEST = 0.2;

/** Lets so many events come, each after the time that the way of waiting takes, and tells how many of them were looked for. */
function events(patience: Patience, count: number, looked: number, slept: number): number {
  let looks = 0;
  for (let event = 0; event < count; event++) {
    if (patience.looks) looks++;
    patience.came(patience.looks ? looked : slept);
  }
  return looks;
}

describe("Patience", () => {
  test("looks at first", () => {
    expect(new Patience(LONGEST).looks).toBe(true);
  });

  test("goes on looking where that is sooner, and sleeps for less than a hundredth of the events", () => {
    const patience = new Patience(LONGEST);
    events(patience, 5000, 0.025, 0.07);
    expect(events(patience, 10_000, 0.025, 0.07)).toBeGreaterThan(9900);
  });

  test("stops where the peer waits for the core that looks", () => {
    const patience = new Patience(LONGEST);
    events(patience, 5000, 0.11, 0.065);
    expect(events(patience, 10_000, 0.11, 0.065)).toBeLessThan(100);
  });

  test("stops where the next event is far away, whichever way it waits", () => {
    const patience = new Patience(LONGEST);
    expect(events(patience, 1000, 2, 2)).toBeLessThan(60);
    expect(events(patience, 10_000, 2, 2)).toBeLessThan(20); // a trial that was in vain ends at once
  });

  test("does not pay with CPU time for what is hardly sooner", () => {
    const patience = new Patience(LONGEST);
    events(patience, 5000, 0.048, 0.05);
    expect(events(patience, 10_000, 0.048, 0.05)).toBeLessThan(100);
  });

  test("learns anew when the peer changes, both ways", () => {
    const patience = new Patience(LONGEST);
    events(patience, 5000, 2, 2);
    expect(patience.looks).toBe(false);
    events(patience, 3000, 0.025, 0.07);
    expect(events(patience, 1000, 0.025, 0.07)).toBeGreaterThan(950);
    events(patience, 3000, 2, 2);
    expect(events(patience, 1000, 2, 2)).toBeLessThan(50);
  });
});
