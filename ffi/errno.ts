// Error numbers and their names. Numbers differ by OS, names do not: everything above this floor speaks names.

import { platform } from "./platform/index.ts";

// Where one number has several names, the one that socket(7) and its neighbours use.
const preferred = new Set(["EAGAIN", "EOPNOTSUPP", "EDEADLK"]);

let names: Map<number, string> | undefined;

function nameTable(): Map<number, string> {
  const table = new Map<number, string>();
  for (const [name, number] of Object.entries(platform.errnos)) {
    if (number === undefined || !/^(E(?!POLL)[A-Z0-9]+|WSA\w+)$/.test(name)) continue;
    if (!table.has(number) || preferred.has(name)) table.set(number, name);
  }
  return table;
}

/** The POSIX name of an error number of this OS ("ECONNREFUSED"); undefined for a number that it does not define. */
export function errnoName(errno: number): string | undefined {
  names ??= nameTable();
  return names.get(errno);
}

/** The number of a POSIX error name on this OS, 0 where it has none: 0 is no error, so a comparison never matches. */
export function errnoNumber(name: string): number {
  return platform.errnos[name] ?? 0;
}

/** The number of this OS, negative, for what Bun's own file calls throw, whose numbers on Windows are libuv's; 0 for all else. */
export function errnoThrown(error: unknown): number {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? -errnoNumber(code) : 0;
}

/** EAGAIN, with which every hot path compares. */
export const EAGAIN: number = errnoNumber("EAGAIN");
/** EINTR. */
export const EINTR: number = errnoNumber("EINTR");
/** EINPROGRESS. */
export const EINPROGRESS: number = errnoNumber("EINPROGRESS");
