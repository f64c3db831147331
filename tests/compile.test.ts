// `bun build --compile` and bundles work as they are: nothing of the library is looked for beside the program when it runs, neither
// the modules that are loaded late nor the Workers.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { Folder } from "./support/sockets.ts";

const moduleOf = (name: string): string => JSON.stringify(join(import.meta.dir, "../src", name));
const program = `
import { connectHost, createServer, getAddressInfoAsync, interfaces, reactor, Socket, AF_INET, SOCK_DGRAM, POLLIN } from ${moduleOf("index.ts")};
import { listLinks } from ${moduleOf("netlink.ts")};
import { SO_REUSEADDR } from ${moduleOf("options.ts")};
if (process.argv[2] === "worker") reactor.choose("worker");
const socket = new Socket(AF_INET, SOCK_DGRAM);
socket.bind("127.0.0.1:0");
socket.setOption(SO_REUSEADDR, true);
const arrives = socket.receiveAsync(new Uint8Array(9), { timeout: 5000 });
socket.sendTo("hello", socket.localAddress);
const [first] = await getAddressInfoAsync("localhost", 80); // another thread asks
const listener = await createServer({ hostname: "127.0.0.1", port: 0 });
const client = connectHost({ hostname: "127.0.0.1", port: listener.localAddress.port, timeout: 5000 });
const kind = reactor.kind;
console.log(JSON.stringify([await arrives, first.family, interfaces().length > 0, listLinks().length > 0, kind]));
for (const each of [socket, client]) each.close();
await listener.close();
`;

const emulated = (process.env["BERKELEY_PLATFORM"] ?? "linux-x64") !== "linux-x64";
const note = process.platform !== "linux" || emulated ? " (skipped: only on Linux itself, not emulated)" : "";

let folder: Folder;
beforeAll(() => {
  folder = new Folder();
});
afterAll(() => folder[Symbol.dispose]());

async function build(...options: readonly string[]): Promise<void> {
  await Bun.write(folder.file("program.ts"), program);
  const command = [process.execPath, "build", ...options, folder.file("program.ts")];
  const { exitCode, stderr } = Bun.spawnSync(command, { stderr: "pipe" });
  if (exitCode !== 0) throw new Error(stderr.toString());
}

function run(command: readonly string[], wake: string): unknown {
  const { stdout, stderr } = Bun.spawnSync([...command, wake], { stderr: "pipe", cwd: "/", timeout: 20_000 });
  if (stderr.length > 0) throw new Error(stderr.toString());
  return JSON.parse(stdout.toString());
}

test.skipIf(note !== "")(
  `compiled into one executable, minified, from a folder without the sources${note}`,
  async () => {
    await build("--compile", "--minify", `--outfile=${folder.file("program")}`);
    const expected = [5, expect.any(Number), true, true];
    expect(run([folder.file("program")], "")).toEqual([...expected, expect.any(String)]);
    expect(run([folder.file("program")], "worker")).toEqual([...expected, "worker"]);
  },
  30_000,
);

test.skipIf(note !== "")(
  `bundled into one file${note}`,
  async () => {
    await build("--target=bun", `--outfile=${folder.file("bundle.js")}`);
    const result = run([process.execPath, folder.file("bundle.js")], "");
    expect(result).toEqual([5, expect.any(Number), true, true, expect.any(String)]);
  },
  30_000,
);
