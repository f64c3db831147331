// A network namespace of the test's own, which nothing can leave: network_namespaces(7), veth(4). It is in this folder because
// it calls what only bun:ffi can: unshare(2) and setns(2).

import { dlopen } from "bun:ffi";
import { closeSync, openSync } from "node:fs";
import { libc } from "../support/child.ts";

const CLONE_NEWNET = 0x4000_0000;

function open(): { unshare(flags: number): number; setns(fd: number, type: number): number } | undefined {
  if (process.platform !== "linux" || Bun.which("ip") === null) return undefined;
  return dlopen(JSON.parse(libc) as string, {
    unshare: { args: ["i32"], returns: "i32" },
    setns: { args: ["i32", "i32"], returns: "i32" },
  }).symbols;
}

const calls = open();

/**
 * Puts this thread into a new network namespace, with the links that ip(8) is told to make, until it is disposed: what is
 * done synchronously in between happens there. It ends with the last socket in it.
 */
export class Namespace implements Disposable {
  readonly #home: number;

  /** Whether this can be done here: it takes root (CAP_SYS_ADMIN) and ip(8). */
  static readonly available: boolean = ((): boolean => {
    try {
      new Namespace(["link add one type veth peer name other"])[Symbol.dispose]();
      return true;
    } catch {
      return false;
    }
  })();

  /** `commands`: for ip(8), or with "sysctl" first a name and a value. */
  constructor(commands: readonly string[]) {
    if (calls === undefined) throw new Error("there are no namespaces, or no ip(8), here");
    this.#home = openSync("/proc/thread-self/ns/net", "r");
    try {
      if (calls.unshare(CLONE_NEWNET) !== 0) throw new Error("unshare(2) failed: it takes CAP_SYS_ADMIN");
      for (const command of ["link set lo up", ...commands]) run(command);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    const left = calls?.setns(this.#home, CLONE_NEWNET);
    closeSync(this.#home);
    if (left !== 0) throw new Error("setns(2) failed: this thread is left in a namespace of its own");
  }
}

function run(command: string): void {
  const words = command.split(" ");
  const line =
    words[0] === "sysctl"
      ? ["sh", "-c", `echo ${words[2]} > /proc/sys/${words[1]?.replaceAll(".", "/")}`]
      : ["ip", ...words];
  // spawned by this thread, and so in its namespace
  const { success, stderr } = Bun.spawnSync(line, { stderr: "pipe" });
  if (!success) throw new Error(`${line.join(" ")}: ${stderr.toString()}`);
}
