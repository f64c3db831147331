// What is used for the first time when descriptors have run out: parts of berkeley cannot be read then, and the reactor needs
// some of its own.

import { expect, test } from "bun:test";
import { haveProc } from "./support/descriptors.ts";
import { runScript } from "./support/script.ts";

const through = ["sh", "-c", 'ulimit -n 100 && exec "$0" "$@"'];
const unless = haveProc ? "" : " (skipped without a limit and /proc)";

const short = `
  import { closeSync, openSync } from "node:fs";
  const taken: number[] = [];
  function take(left: number): void {
    try { for (;;) taken.push(openSync("/dev/null", "r")); } catch {}
    for (; left > 0; left--) closeSync(taken.pop()!);
  }
  function giveBack(): void {
    for (const fd of taken.splice(0)) closeSync(fd);
  }
  const kindOf = (work: Promise<unknown>) => work.then((value) => value, (error) => error.kind ?? String(error));
`;

test.skipIf(!haveProc).each([0, 1, 2, 3, 4])(
  `the first wait with %d descriptors left waits or rejects, and the next one is served${unless}`,
  async (left) => {
    const { result, stderr } = await runScript(
      `${short}
      const [a, b] = Socket.pair();
      const before = descriptors();
      take(${left});
      const first = kindOf(a.receiveAsync(new Uint8Array(5)));
      await new Promise(setImmediate);
      const fails = await Promise.race([first, "waits"]);
      giveBack();
      const leaked = fails === "waits" ? 0 : descriptors() - before;
      const second = kindOf(a.receiveAsync(new Uint8Array(5)));
      b.send(new Uint8Array(5));
      const ends = [await Promise.race([first, second])];
      if (fails === "waits") b.send(new Uint8Array(5));
      ends.push(await first, await second);
      report({ fails, leaked, ends });
      process.exit(0);`,
      { through },
    );
    expect(stderr).toBe("");
    const { fails, leaked, ends } = result as { fails: string; leaked: number; ends: unknown[] };
    expect(leaked).toBe(0);
    if (fails === "waits") expect(ends).toEqual([5, 5, 5]);
    else expect([fails, ends]).toEqual(["too-many-open-files", ["too-many-open-files", "too-many-open-files", 5]]);
  },
);

test.skipIf(!haveProc)(`without any left nothing that returns a promise throws${unless}`, async () => {
  const { result } = await runScript(
    `${short}
    const [a, b] = Socket.pair();
    const connection = berkeley.connectionFor(b) as InstanceType<typeof berkeley.UnixConnection>;
    take(0);
    const calls = {
      receiveAsync: () => a.receiveAsync(new Uint8Array(1)),
      sendAsync: () => a.sendAsync(new Uint8Array(1)),
      acceptAsync: () => a.acceptAsync(),
      conditionWaitAsync: () => a.conditionWaitAsync(1),
      sendFileAsync: () => a.sendFileAsync(0),
      batches: () => a.batches({ capacity: 1, size: 1 }).next(),
      read: () => connection.read(new Uint8Array(1)),
      write: () => connection.write("x"),
      receiveFd: () => connection.receiveFd(),
      createServer: () => berkeley.createServer({ port: 0 }),
      createConnection: () => berkeley.createConnection({ hostname: "127.0.0.1", port: 1 }),
      getAddressInfoAsync: () => berkeley.getAddressInfoAsync("127.0.0.1", 1),
    };
    const found: Record<string, unknown> = {};
    for (const [name, call] of Object.entries(calls)) {
      try { found[name] = await kindOf(call()); } catch (error) { found[name] = "thrown: " + error; }
    }
    await connection.close(); // what frees a descriptor must not need one
    report({ found, closed: b.closed });
    process.exit(0);`,
    { through },
  );
  const { found, closed } = result as { found: Record<string, unknown>; closed: boolean };
  expect(new Set(Object.values(found))).toEqual(new Set(["too-many-open-files"]));
  expect(closed).toBe(true);
});

test.skipIf(!haveProc)(`a listener whose first wait finds none left goes on when there are some${unless}`, async () => {
  const { result } = await runScript(
    `${short}
    process.on("warning", () => {});
    const socket = new Socket(AF_INET);
    socket.bind("127.0.0.1:0");
    socket.listen();
    const listener = berkeley.Listener.from(socket);
    using client = new Socket(AF_INET);
    take(0);
    const accepting = kindOf(listener.accept().then(() => "accepted"));
    await new Promise(setImmediate);
    client.connect(socket.localAddress);
    giveBack();
    report(await accepting);
    process.exit(0);`,
    { through },
  );
  expect(result).toBe("accepted");
});
