// A new version of a server takes over from the old one, with clients hammering it: the old one passes its listening socket to
// its successor over a unix socket. The queue of connections belongs to the socket, so not one of them is refused or lost.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AF_INET, AF_UNIX, bindPath, poll, POLLIN, receiveFd, sendFd, Socket, SocketError } from "berkeley";

const GENERATIONS = 3;
const ENOUGH = 300; // answers of each generation
const BURST = 16; // connections at a time
const [generation, door] = process.argv.slice(2);
if (generation === undefined || door === undefined) await hammer();
else serve(Number(generation), door);

/** The listening socket: the predecessor's, or for the first of all a new one. */
function takeOver(generation: number, door: string): Socket {
  if (generation === 1) {
    const listener = new Socket(AF_INET);
    listener.bind("127.0.0.1:0");
    listener.listen(1024);
    console.log(String(listener.localAddress));
    return listener;
  }
  using predecessor = new Socket(AF_UNIX);
  predecessor.timeout = 5000;
  predecessor.connect({ path: door });
  const listener = Socket.fromFd(receiveFd(predecessor));
  predecessor.sendAll("!"); // thank you: it stops accepting, and closes its door
  predecessor.receiveBytes(1); // it has closed it
  return listener;
}

function serve(generation: number, path: string): void {
  using listener = takeOver(generation, path);
  using door = new Socket(AF_UNIX);
  bindPath(door, path, { mode: 0o600 }); // nobody else may take our socket
  door.listen();
  for (;;) {
    poll([
      { socket: listener, condition: POLLIN },
      { socket: door, condition: POLLIN },
    ]);
    const successor = door.tryAccept();
    if (successor !== null) {
      using connection = successor;
      sendFd(connection, listener);
      connection.receiveBytes(1, { timeout: 5000 });
      door.close();
      return; // everything that was accepted is answered; what is in the queue is the successor's
    }
    using client = listener.tryAccept();
    client?.sendAll(String(generation));
  }
}

async function hammer(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "berkeley-"));
  const door = join(folder, "door");
  const start = (generation: number) =>
    Bun.spawn([process.execPath, import.meta.path, String(generation), door], {
      stdio: ["ignore", generation === 1 ? "pipe" : "inherit", "inherit"],
    });
  try {
    const first = start(1).stdout;
    if (first === undefined) throw new Error("no pipe");
    const { value } = await first.getReader().read();
    const address = new TextDecoder().decode(value).trim();

    const answers = Array.from({ length: GENERATIONS + 1 }, () => 0);
    let [started, refused] = [1, 0];
    const end = performance.now() + 15_000;
    while ((answers[GENERATIONS] ?? 0) < ENOUGH && performance.now() < end) {
      using clients = new DisposableStack();
      try {
        const burst = Array.from({ length: BURST }, () => clients.use(new Socket(AF_INET)));
        for (const client of burst) client.connect(address, { timeout: 5000 });
        for (const client of burst) {
          const answer = Number(new TextDecoder().decode(client.receiveBytes(10, { timeout: 5000 })));
          answers[answer] = (answers[answer] ?? 0) + 1; // an end without an answer is 0
        }
      } catch (error) {
        if (!(error instanceof SocketError)) throw error;
        refused++;
      }
      if (started < GENERATIONS && (answers[started] ?? 0) >= ENOUGH) start(++started);
    }
    const [lost, ...byGeneration] = answers;
    console.log(`answered by generation 1, 2, 3: ${byGeneration.join(", ")}; refused ${refused}, lost ${lost}`);
    takeOver(GENERATIONS + 1, door).close(); // the last one hands over to us, and ends
    if (refused > 0 || lost !== 0 || byGeneration.includes(0)) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
