// Deadlines on the monotonic clock, in milliseconds: a clock that is set does not move them.

/** When a budget of so many milliseconds ends; Infinity never does. */
export function deadlineIn(milliseconds: number): number {
  return performance.now() + milliseconds;
}

/** What is left until a deadline, 0 when it has passed. */
export function remaining(deadline: number): number {
  return deadline === Infinity ? Infinity : Math.max(0, deadline - performance.now());
}
