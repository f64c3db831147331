// Small programs in processes of their own: for limits, users, and forgotten sockets.

import { withoutWine } from "./child.ts";
import { join } from "node:path";

const source = join(import.meta.dir, "../../src");

/** What a program has left behind. */
export interface Outcome {
  readonly exitCode: number | null;
  /** What it printed, as JSON. */
  readonly result: unknown;
  readonly stderr: string;
}

/** How to start it. */
export interface ScriptOptions {
  /** A program that starts bun, with its arguments. */
  readonly through?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** The first lines of every script: the library, and a way to tell what a call threw. */
const preamble = `
import * as berkeley from ${JSON.stringify(join(source, "index.ts"))};
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
const { Socket, SocketRef, SocketError, UnixSocketAddress, Cancellable } = berkeley;
const { AF_INET, AF_INET6, AF_UNIX, SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, IPPROTO_ICMP } = berkeley;
const descriptors = (): number => readdirSync("/proc/self/fd").length;
const sockets = (): string[] => readdirSync("/proc/self/fd").flatMap((fd) => {
  try { return [readlinkSync("/proc/self/fd/" + fd)]; } catch { return []; }
}).filter((what) => what.startsWith("socket:"));
const report = (value: unknown): void => console.log(JSON.stringify(value));
function thrown(action: () => unknown): { kind?: string; code?: string; name: string; message: string } | null {
  try { action(); } catch (error) {
    const { kind, code, name, message } = error as InstanceType<typeof SocketError>;
    return { kind, code, name, message };
  }
  return null;
}
`;

/** Runs TypeScript in a bun of its own, after the preamble above; what it gives to \`report\` is the result. */
export async function runScript(code: string, { through = [], env = {} }: ScriptOptions = {}): Promise<Outcome> {
  const child = Bun.spawn([...through, process.execPath, "-e", preamble + code], {
    stdout: "pipe",
    stderr: "pipe",
    stdin: "ignore",
    env: { ...process.env, ...env },
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  const last = stdout.trim().split("\n").at(-1) ?? "";
  let result: unknown;
  try {
    result = JSON.parse(last);
  } catch {
    throw new Error(`the script told no result (exit code ${exitCode}):\n${stdout}\n${stderr}`);
  }
  return { exitCode, result, stderr: withoutWine(stderr) };
}
