/** Statistics that a few disturbed samples do not move. */

/** A median, and the median distance from it. */
export interface Spread {
  readonly median: number;
  readonly deviation: number;
}

/** The median and the median absolute deviation of `values`. */
export function spread(values: readonly number[]): Spread {
  const middle = median(values);
  return { median: middle, deviation: median(values.map((value) => Math.abs(value - middle))) };
}

/** The median of `values`, of which there is at least one. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
