// Running the examples, and peers for them, in a network of namespaces that the test makes with `ip netns`: ip-netns(8).

import { join } from "node:path";
import { havePython } from "./peers.ts";
import { Program } from "./program.ts";

const folder = join(import.meta.dir, "../../examples");

/** An example, by the beginning of its name; `through`: a program that starts it. */
export function example(name: string, words: readonly string[] = [], through: readonly string[] = []): Program {
  const [file] = [...new Bun.Glob(`${name}*.ts`).scanSync(folder)];
  return new Program([...through, process.execPath, join(folder, file ?? name), ...words]);
}

/** A Python program; it knows everything of `socket`, and `say(...)` for a line to us. */
export function python(code: string, words: readonly string[] = [], through: readonly string[] = []): Program {
  const preamble = "import json, os, struct, sys\nfrom socket import *\ndef say(*words): print(*words, flush=True)\n";
  return new Program([...through, "python3", "-c", preamble + code, ...words]);
}

function run(command: readonly string[], input = ""): void {
  const { success, stderr } = Bun.spawnSync([...command], { stdin: Buffer.from(input), stderr: "pipe" });
  if (!success) throw new Error(`${command.join(" ")}: ${stderr.toString()}`);
}

/**
 * Three namespaces in a row, from which nothing leads outside:
 *
 *     here (10.77.1.2, fd77:1::2) h0 -- r0 (10.77.1.1, fd77:1::1) router (10.77.2.1, fd77:2::1) r1 -- t0 (10.77.2.2, fd77:2::2) there
 *     here (without an address)   h1 -- r2 (10.77.9.1)            router
 */
export class Network implements Disposable {
  readonly #prefix = `berkeley-${process.pid}`;

  /** Why there can be none here; "" when there can. */
  static readonly hindrance: string = ((): string => {
    if (process.platform !== "linux") return "needs Linux";
    if (Bun.which("ip") === null) return "needs ip(8)";
    if (!havePython) return "needs python3";
    const name = `berkeley-probe-${process.pid}`;
    try {
      run(["ip", "netns", "add", name]);
      run(["ip", "netns", "exec", name, "ip", "link", "add", "one", "type", "veth", "peer", "name", "other"]);
      return "";
    } catch {
      return "needs root, and namespaces";
    } finally {
      Bun.spawnSync(["ip", "netns", "del", name], { stderr: "ignore" });
    }
  })();

  constructor() {
    try {
      for (const name of ["here", "router", "there"]) {
        run(["ip", "netns", "add", this.#name(name)]);
        run([...this.in(name), "sh", "-c", SETTINGS]);
      }
      const cable = (one: string, place: string, other: string, otherPlace: string): string =>
        `link add ${one} netns ${this.#name(place)} type veth peer name ${other} netns ${this.#name(otherPlace)}\n`;
      const cables = [
        cable("h0", "here", "r0", "router"),
        cable("h1", "here", "r2", "router"),
        cable("r1", "router", "t0", "there"),
      ];
      run(["ip", "-batch", "-"], cables.join(""));
      run(["ip", "-n", this.#name("here"), "-batch", "-"], HERE);
      run(["ip", "-n", this.#name("router"), "-batch", "-"], ROUTER);
      run(["ip", "-n", this.#name("there"), "-batch", "-"], THERE);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  #name(name: string): string {
    return `${this.#prefix}-${name}`;
  }

  /** What starts a program in one of the namespaces. */
  in(name: string): string[] {
    return ["ip", "netns", "exec", this.#name(name)];
  }

  /** Writes a setting of one of them, a file in /proc/sys. */
  write(name: string, setting: string, value: string): void {
    run([...this.in(name), "sh", "-c", `echo ${value} > /proc/sys/${setting}`]);
  }

  [Symbol.dispose](): void {
    for (const name of ["here", "router", "there"]) {
      Bun.spawnSync(["ip", "netns", "del", this.#name(name)], { stderr: "ignore" });
    }
  }
}

// no waiting for duplicate addresses, ICMP as often as it is due, nothing dropped for where it comes from
const SETTINGS = `
cd /proc/sys/net
echo 1 > ipv4/ip_forward
echo 0 > ipv4/icmp_ratelimit
echo 0 > ipv4/conf/all/rp_filter
echo 0 > ipv4/conf/default/rp_filter
if [ -d ipv6 ]; then
  echo 0 > ipv6/conf/default/accept_dad
  echo 0 > ipv6/conf/all/accept_dad
  echo 1 > ipv6/conf/all/forwarding
  echo 0 > ipv6/icmp/ratelimit
fi
ip link set lo up
`;
const HERE = `addr add 10.77.1.2/24 brd + dev h0
addr add fd77:1::2/64 dev h0 nodad
link set h0 up
link set h1 up
route add default via 10.77.1.1
route add default via fd77:1::1
`;
const ROUTER = `addr add 10.77.1.1/24 brd + dev r0
addr add fd77:1::1/64 dev r0 nodad
addr add 10.77.2.1/24 brd + dev r1
addr add fd77:2::1/64 dev r1 nodad
addr add 10.77.9.1/24 brd + dev r2
link set r0 up
link set r1 up
link set r2 up
`;
const THERE = `addr add 10.77.2.2/24 brd + dev t0
addr add fd77:2::2/64 dev t0 nodad
link set t0 up
route add default via 10.77.2.1
route add default via fd77:2::1
`;
