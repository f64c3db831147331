// Looking at, and waiting for, what a socket is ready for.

import { integer } from "../arguments.ts";
import { waitFor } from "../wait/wait.ts";
import type { Handle } from "./handle.ts";
import { budgetOf, gate, Operation, type OperationOptions } from "./operation.ts";
import { timedOut } from "../errors.ts";

function check(condition: unknown): number {
  return integer(condition, "condition (POLLIN, POLLOUT, POLLPRI)", 0, 0xffff);
}

/** `poll(2)` without waiting: the bits it is ready for; 0 when closed. */
export function conditionCheck(handle: Handle, condition: number): number {
  const bits = check(condition);
  return handle.fd === -1 ? 0 : waitFor(handle.fd, bits, 0, undefined);
}

/** `poll(2)` until ready. */
export function conditionWait(handle: Handle, condition: number, options: OperationOptions | undefined): number {
  const terms = gate(handle, "poll", options);
  const bits = check(condition);
  const ready = waitFor(handle.fd, bits, 0, undefined);
  if (ready !== 0) return ready;
  if (budgetOf(handle, terms) === 0) throw timedOut("poll", 0);
  return new Operation(handle, "poll", bits, terms).wait(0);
}
