// Programs of their own: where signals, exits and namespaces must not be those of the tests.

import { existsSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "../..");

/** Where a module of this project is, to import it in a program: `moduleOf("ffi/poll.ts")`, quoted. */
export function moduleOf(path: string): string {
  return JSON.stringify(join(root, path).replaceAll("\\", "/")); // a backslash would not outlive a text in a text
}

const musl = `/lib/libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`;

/** The C library, for a program that calls what this one does not: quoted. */
export const libc: string = JSON.stringify(existsSync(musl) ? musl : "libc.so.6");

/** How many times longer a program may take here than on a machine's own processor. */
const PATIENCE = Number(process.env["BERKELEY_PATIENCE"] ?? 1);

const preamble = `
import * as berkeley from ${moduleOf("src/index.ts")};
const { AF_INET, AF_INET6, AF_UNIX, Cancellable, POLLIN, POLLOUT, Socket, SocketError, SOCK_DGRAM, SOCK_STREAM } = berkeley;
const report = (value: unknown): void => console.log(JSON.stringify(value));
function kindOf(action: () => unknown): string {
  try { action(); } catch (error) {
    return error instanceof SocketError ? error.kind : String(error);
  }
  return "nothing";
}
`;

/** How a program ended. */
export interface Ending {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | number | null;
  /** What it gave to `report` last; undefined when it did not. */
  readonly report: unknown;
  readonly stderr: string;
  /** How long it ran, in milliseconds. */
  readonly elapsed: number;
}

/** How to start a program. */
export interface ChildOptions {
  /** A program that starts bun, with its arguments. */
  readonly through?: readonly string[];
  /** Milliseconds after which it is killed. */
  readonly timeout?: number;
}

/** What a program said: Bun's Windows build says that of folders of Wine's, each time it starts. */
export function withoutWine(stderr: string): string {
  return stderr.replace(/^Internal error: directory mismatch for directory .*\n/gm, "");
}

/**
 * Runs TypeScript in a bun of its own. It knows \`berkeley\` (the library), the usual constants and classes, \`report(value)\`,
 * and \`kindOf(action)\`, the kind of what that throws.
 */
export async function runChild(
  code: string,
  { through = [], timeout = 10_000 * PATIENCE }: ChildOptions = {},
): Promise<Ending> {
  const start = performance.now();
  const child = Bun.spawn([...through, process.execPath, "-e", preamble + code], {
    stdout: "pipe",
    stderr: "pipe",
    stdin: "ignore",
    timeout,
    killSignal: "SIGKILL",
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  const last = stdout.trim().split("\n").at(-1) ?? "";
  return {
    exitCode,
    signal: child.signalCode,
    report: last === "" ? undefined : JSON.parse(last),
    stderr: withoutWine(stderr),
    elapsed: performance.now() - start,
  };
}
