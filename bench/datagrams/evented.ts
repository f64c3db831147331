/** The columns that live on the event loop: Bun.udpSocket and node:dgram. Each sends the next batch when all of one has come. */

import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { Column } from "../harness.ts";
import { expectEqual, LOOPBACK, rounds } from "../support.ts";
import { enlarge } from "./berkeley.ts";
import { type Cell, payloads, RECEIVE_BUFFER, Tally, wrongSender, wrongSize } from "./cell.ts";

/** What looks at a datagram as all columns do. */
export function looker(
  size: number,
  tally: Tally,
  port: number,
): (data: Uint8Array, port: number, host: string) => void {
  return (data, fromPort, fromHost) => {
    if (fromPort !== port || fromHost !== LOOPBACK) wrongSender(`${fromHost}:${fromPort}`, `${LOOPBACK}:${port}`);
    if (data.length !== size) wrongSize(data.length, size);
    tally.sum += data[0]! + data[size - 1]!;
    if (tally.expected !== undefined) tally.compare(data);
  };
}

/** Rounds of a batch, with the same proof as the other columns have. `look` is called for each datagram that came. */
function batches(cell: Cell, tally: Tally, sendBatch: () => void) {
  let left = 0;
  let each = 0;
  const way = rounds(
    () => {
      left = cell.batch;
      sendBatch();
    },
    () => {
      each = tally.prove();
    },
  );
  return {
    /** One datagram more has come. */
    arrived(): void {
      if (--left === 0) way.next();
    },
    fail: way.fail,
    subject: {
      async check() {
        tally.expected = payloads(cell);
        await way.check();
      },
      async run(iterations: number) {
        tally.sum = 0;
        await way.run(iterations);
        expectEqual(tally.sum, iterations * each);
      },
    },
  };
}

/** Connected, because sendMany is fastest so, with an array that is made once. */
export const bunUdpSocket = (cell: Cell): Column => ({
  name: "Bun.udpSocket",
  async setup(resources) {
    const data = payloads(cell);
    const tally = new Tally();
    let look: ReturnType<typeof looker> | undefined;
    const receiver = await Bun.udpSocket({
      hostname: LOOPBACK,
      socket: {
        data(_socket, datagram, port, host) {
          try {
            look!(datagram, port, host);
            way.arrived();
          } catch (error) {
            way.fail(error);
          }
        },
        error: (_socket, error) => way.fail(error),
      },
    });
    resources.defer(() => receiver.close());
    enlarge(receiver as unknown as { fd: number }); // it has one, of which its types do not tell
    const sender = await Bun.udpSocket({ connect: { hostname: LOOPBACK, port: receiver.port }, hostname: LOOPBACK });
    resources.defer(() => sender.close());
    look = looker(cell.size, tally, sender.port);
    const way = batches(cell, tally, () => expectEqual(sender.sendMany(data), cell.batch));
    return way.subject;
  },
});

/** Connected too, or each datagram would look its host up. */
export const nodeDgram = (cell: Cell): Column => ({
  name: "node:dgram",
  async setup(resources) {
    const data = payloads(cell);
    const tally = new Tally();
    const receiver = createSocket("udp4");
    resources.defer(() => void receiver.close());
    const sender = createSocket("udp4");
    resources.defer(() => void sender.close());
    receiver.bind(0, LOOPBACK);
    sender.bind(0, LOOPBACK);
    await Promise.all([once(receiver, "listening"), once(sender, "listening")]);
    receiver.setRecvBufferSize(RECEIVE_BUFFER);
    sender.connect(receiver.address().port, LOOPBACK);
    await once(sender, "connect");
    const look = looker(cell.size, tally, sender.address().port);
    const way = batches(cell, tally, () => {
      for (const datagram of data) sender.send(datagram);
    });
    receiver.on("message", (datagram, { port, address }) => {
      try {
        look(datagram, port, address);
        way.arrived();
      } catch (error) {
        way.fail(error);
      }
    });
    receiver.on("error", way.fail);
    sender.on("error", way.fail);
    return way.subject;
  },
});
