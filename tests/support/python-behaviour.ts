// For tests/python-behaviour*: what Python's socket module does in the same place.

import { havePython, Python } from "./peers.ts";

/** Why Python cannot be asked here, for the name of a test; empty when it can. */
export const noPython: string = havePython ? "" : " (needs python3)";

const helpers = `
import json
import os, time
def fails(work):
    "the class and the errno of what this raises; its result when it raises nothing"
    try: return work()
    except Exception as error: return [type(error).__name__, getattr(error, "errno", None)]
`;

/** What a Python program leaves in \`result\`, by way of JSON; \`fails(lambda: ...)\` is what a call raises. */
export async function pythonSays(code: string, ...words: (string | number)[]): Promise<unknown> {
  await using python = new Python(`${helpers}${code}\nsay(json.dumps(result))`, ...words);
  return JSON.parse(await python.line());
}

/** A program of our own that is interrupted by a signal every 2 ms: the first lines of it, and \`interrupted\`, which proves it. */
export function signalled(libc: string): string {
  return `
    import { dlopen } from "bun:ffi";
    const c = dlopen(${libc}, {
      setitimer: { args: ["i32", "buffer", "usize"], returns: "i32" },
      poll: { args: ["usize", "u64", "i32"], returns: "i32" },
    }).symbols;
    process.on("SIGALRM", () => {});
    if (c.setitimer(0, BigInt64Array.of(0n, 2000n, 0n, 2000n), 0) !== 0) throw new Error("setitimer"); // ITIMER_REAL
    let interrupted = 0;
    for (let time = 0; time < 5; time++) if (c.poll(0, 0, 1000) === -1) interrupted++; // EINTR
  `;
}
