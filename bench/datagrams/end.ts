/**
 * One end of two processes, as a program: `bun end.ts <berkeley | Bun.udpSocket>`. It takes the orders of `datagrams.c`:
 *
 *     listen 0 <sender> <receiver> <size> <batch>          answered with the port at which it receives
 *     receive <batches>                                    how many datagrams came, nanoseconds from the first to the last
 *     aim 0 <sender> <receiver> <size> <batch> <port>      the port from which it sends to that one
 *     send <batches>                                       how many datagrams went, nanoseconds
 */

import { InetSocketAddress, type Socket, SocketError } from "../../src/index.ts";
import { LOOPBACK } from "../support.ts";
import { enlarge, makeReceivingSocket, makeSendingSocket, receivers, type Send, senders } from "./berkeley.ts";
import { type Cell, IDLE_MILLISECONDS, LOST_MILLISECONDS, parseCell, payloads, Tally } from "./cell.ts";
import { looker } from "./evented.ts";

type Answer = readonly [datagrams: number, nanoseconds: number];

/** What receives: at a port, until so many datagrams have come or nothing more comes. */
interface Listener {
  readonly port: number;
  receive(datagrams: number): Answer | Promise<Answer>;
}

/** What sends: from a port, one batch. */
interface Aimed {
  readonly port: number;
  readonly send: Send;
}

/** How one library does both ends. */
interface Ends {
  listen(cell: Cell, resources: AsyncDisposableStack): Promise<Listener>;
  aim(cell: Cell, port: number, resources: AsyncDisposableStack): Promise<Aimed>;
}

/** When datagrams came: the clock runs from the first to the last. */
class Arrivals {
  count = 0;
  #first = 0;
  #last = 0;

  add(datagrams: number): void {
    this.#last = Bun.nanoseconds();
    if (this.count === 0) this.#first = this.#last;
    this.count += datagrams;
  }

  get answer(): Answer {
    return [this.count, Math.round(this.#last - this.#first)];
  }
}

const berkeley: Ends = {
  async listen(cell, resources) {
    const socket = makeReceivingSocket(resources);
    const take = receivers[cell.receiver](socket, cell, new Tally(), undefined);
    return {
      port: portOf(socket),
      receive(datagrams) {
        const arrivals = new Arrivals();
        socket.timeout = LOST_MILLISECONDS;
        try {
          while (arrivals.count < datagrams) {
            arrivals.add(take());
            socket.timeout = IDLE_MILLISECONDS;
          }
        } catch (error) {
          if (!(error instanceof SocketError && error.kind === "timed-out")) throw error;
        }
        return arrivals.answer;
      },
    };
  },
  async aim(cell, port, resources) {
    const socket = makeSendingSocket(resources);
    return { port: portOf(socket), send: senders[cell.sender](socket, cell, new InetSocketAddress(LOOPBACK, port)) };
  },
};

function portOf({ localAddress }: Socket): number {
  if (localAddress instanceof InetSocketAddress) return localAddress.port;
  throw new Error(`bound to ${localAddress}`);
}

const bun: Ends = {
  async listen({ size }, resources) {
    const tally = new Tally();
    let look: ReturnType<typeof looker> | undefined;
    let arrivals = new Arrivals();
    let wanted = 0;
    let ended = Promise.withResolvers<void>();
    const socket = await Bun.udpSocket({
      hostname: LOOPBACK,
      socket: {
        data(_socket, data, port, host) {
          try {
            look ??= looker(size, tally, port); // the first one tells who sends
            look(data, port, host);
            arrivals.add(1);
            if (arrivals.count === wanted) ended.resolve();
          } catch (error) {
            ended.reject(error);
          }
        },
      },
    });
    resources.defer(() => socket.close());
    enlarge(socket as unknown as { fd: number });
    return {
      port: socket.port,
      async receive(datagrams) {
        wanted = datagrams;
        arrivals = new Arrivals();
        ended = Promise.withResolvers();
        const deadline = Bun.nanoseconds() + LOST_MILLISECONDS * 1e6;
        let before = 0;
        const timer = setInterval(() => {
          if (arrivals.count === before && (before > 0 || Bun.nanoseconds() > deadline)) ended.resolve();
          before = arrivals.count;
        }, IDLE_MILLISECONDS);
        await ended.promise;
        clearInterval(timer);
        return arrivals.answer;
      },
    };
  },
  async aim(cell, port, resources) {
    const socket = await Bun.udpSocket({ hostname: LOOPBACK, connect: { hostname: LOOPBACK, port } });
    resources.defer(() => socket.close());
    const data = payloads(cell);
    return { port: socket.port, send: () => socket.sendMany(data) };
  },
};

const LIBRARIES: Readonly<Record<string, Ends>> = { berkeley, "Bun.udpSocket": bun };

await main(process.argv[2] ?? "");

async function main(library: string): Promise<void> {
  const ends = LIBRARIES[library];
  if (ends === undefined) throw new Error(`one of ${Object.keys(LIBRARIES).join(", ")}, not ${library}`);
  await using resources = new AsyncDisposableStack();
  const answer = makeOrders(ends, resources);
  for await (const line of console) console.log((await answer(line.split(" "))).join(" "));
}

function makeOrders(
  ends: Ends,
  resources: AsyncDisposableStack,
): (words: readonly string[]) => Promise<readonly number[]> {
  let batch = 0;
  let listener: Listener | undefined;
  let aimed: Aimed | undefined;
  return async ([order, count, ...words]) => {
    if (order === "listen" || order === "aim") {
      const cell = parseCell(words);
      batch = cell.batch;
      if (order === "listen") return [(listener = await ends.listen(cell, resources)).port];
      return [(aimed = await ends.aim(cell, Number(words[4]), resources)).port];
    }
    if (order === "receive" && listener !== undefined) return listener.receive(Number(count) * batch);
    if (order === "send" && aimed !== undefined) return sendBatches(aimed.send, Number(count));
    throw new Error(`no order: ${order}`);
  };
}

function sendBatches(send: Send, batches: number): Answer {
  const start = Bun.nanoseconds();
  let sent = 0;
  for (let index = 0; index < batches; index++) sent += send();
  return [sent, Math.round(Bun.nanoseconds() - start)];
}
