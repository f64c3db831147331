/** One datagram over loopback, one thread: sent to an address, received with the sender's. */

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { AF_INET, InetSocketAddress, SOCK_DGRAM, Socket } from "../../src/index.ts";
import { c } from "../c.ts";
import type { Column, Row } from "../harness.ts";
import { LOOPBACK, expectEqual, expectSame, payload, rounds } from "../support.ts";

/** Two bound sockets, and the address of the second. */
function pair(resources: AsyncDisposableStack): { sender: Socket; receiver: Socket; address: InetSocketAddress } {
  const sender = resources.use(new Socket(AF_INET, SOCK_DGRAM));
  const receiver = resources.use(new Socket(AF_INET, SOCK_DGRAM));
  sender.bind({ address: LOOPBACK, port: 0 });
  receiver.bind({ address: LOOPBACK, port: 0 });
  const address = receiver.localAddress;
  if (!(address instanceof InetSocketAddress)) throw new Error(`bound to ${address}`);
  return { sender, receiver, address };
}

const waiting = (size: number): Column => ({
  name: "berkeley sendTo, receiveFrom",
  setup(resources) {
    const { sender, receiver, address } = pair(resources);
    const data = payload(size);
    const buffer = new Uint8Array(2048);
    return {
      check() {
        sender.sendTo(data, address);
        const received = receiver.receiveFrom(buffer, { timeout: 1000 });
        expectSame(buffer.subarray(0, received.size), data);
        expectEqual(received.address?.equals(sender.localAddress!), true);
      },
      run(iterations) {
        for (let i = 0; i < iterations; i++) {
          expectEqual(sender.sendTo(data, address), size);
          expectEqual(receiver.receiveFrom(buffer).size, size);
        }
      },
    };
  },
});

const trying = (size: number): Column => ({
  name: "berkeley trySendTo, tryReceiveFrom",
  setup(resources) {
    const { sender, receiver, address } = pair(resources);
    const data = payload(size);
    const buffer = new Uint8Array(2048);
    return {
      check() {
        expectEqual(sender.trySendTo(data, address), size);
        const received = receiver.tryReceiveFrom(buffer);
        expectSame(buffer.subarray(0, received?.size ?? 0), data);
        expectEqual(received?.address?.equals(sender.localAddress!), true);
      },
      run(iterations) {
        for (let i = 0; i < iterations; i++) {
          expectEqual(sender.trySendTo(data, address), size);
          expectEqual(receiver.tryReceiveFrom(buffer)?.size, size);
        }
      },
    };
  },
});

/** The next datagram is sent from the data callback of the one before. */
const bunUdpSocket = (size: number): Column => ({
  name: "Bun.udpSocket",
  async setup(resources) {
    const data = payload(size);
    let received: Uint8Array = new Uint8Array();
    const receiver = await Bun.udpSocket({
      hostname: LOOPBACK,
      socket: {
        data(_socket, datagram) {
          received = datagram;
          way.next();
        },
        error: (_socket, error) => way.fail(error),
      },
    });
    resources.defer(() => receiver.close());
    const sender = await Bun.udpSocket({ hostname: LOOPBACK });
    resources.defer(() => sender.close());
    const { port } = receiver;
    const way = rounds(
      () => void sender.send(data, port, LOOPBACK),
      () => expectSame(received, data),
    );
    return way;
  },
});

/** As above. The lookup is given, because the default one looks the address up again for each datagram. */
const nodeDgram = (size: number): Column => ({
  name: "node:dgram",
  async setup(resources) {
    const data = payload(size);
    let received: Uint8Array = new Uint8Array();
    const receiver = createSocket({ type: "udp4", lookup });
    resources.defer(() => void receiver.close());
    const sender = createSocket({ type: "udp4", lookup });
    resources.defer(() => void sender.close());
    receiver.bind(0, LOOPBACK);
    sender.bind(0, LOOPBACK);
    await Promise.all([once(receiver, "listening"), once(sender, "listening")]);
    const { port } = receiver.address();
    const way = rounds(
      () => sender.send(data, port, LOOPBACK),
      () => expectSame(received, data),
    );
    receiver.on("message", (datagram) => {
      received = datagram;
      way.next();
    });
    receiver.on("error", way.fail);
    sender.on("error", way.fail);
    return way;
  },
});

function lookup(
  hostname: string,
  _options: unknown,
  found: (error: null, address: string, family: number) => void,
): void {
  found(null, hostname, 4);
}

const oneDatagram = (size: number): Row => ({
  name: `one datagram there, ${size} bytes`,
  unit: "ns",
  columns: [c(`udp-${size}`), waiting(size), trying(size), bunUdpSocket(size), nodeDgram(size)],
  targets: size === 64 ? [{ column: "berkeley sendTo, receiveFrom", ratio: 1.1 }] : [],
});

/** Rows about single datagrams. */
export const udp: readonly Row[] = [oneDatagram(64), oneDatagram(1400)];
