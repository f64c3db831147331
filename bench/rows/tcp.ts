/**
 * TCP over loopback, both ends in one process and one thread. TCP_NODELAY is on everywhere: Bun turns it on for its own
 * sockets and for those of node:net (strace shows it), so asking for it again would only cost them a syscall.
 */

import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { AF_INET, Socket, type SocketAddress } from "../../src/index.ts";
import { c } from "../c.ts";
import type { Column, Row } from "../harness.ts";
import { LOOPBACK, expectEqual, expectSame, payload, rounds } from "../support.ts";

const SIZE = 64;

function listen(resources: AsyncDisposableStack): { listener: Socket; address: SocketAddress } {
  const listener = resources.use(new Socket(AF_INET));
  listener.bind({ address: LOOPBACK, port: 0 });
  listener.listen();
  return { listener, address: listener.localAddress! };
}

const berkeleyPingPong: Column = {
  name: "berkeley",
  setup(resources) {
    const { listener, address } = listen(resources);
    const client = resources.use(new Socket(AF_INET));
    client.connect(address);
    const server = resources.use(listener.accept());
    const data = payload(SIZE);
    const buffer = new Uint8Array(SIZE);
    const run = (iterations: number) => {
      for (let i = 0; i < iterations; i++) {
        expectEqual(client.send(data), SIZE);
        expectEqual(server.receive(buffer), SIZE);
        expectEqual(server.send(buffer), SIZE);
        expectEqual(client.receive(buffer), SIZE);
      }
    };
    return {
      check() {
        run(1);
        expectSame(buffer, data);
      },
      run,
    };
  },
};

const bunPingPong: Column = {
  name: "Bun.listen, Bun.connect",
  async setup(resources) {
    const data = payload(SIZE);
    let received: Uint8Array = new Uint8Array();
    const server = Bun.listen({
      hostname: LOOPBACK,
      port: 0,
      socket: {
        data: (socket, bytes) => void socket.write(bytes),
        error: (_socket, error) => trip.fail(error),
      },
    });
    resources.defer(() => server.stop(true));
    const client = await Bun.connect({
      hostname: LOOPBACK,
      port: server.port,
      socket: {
        data(_socket, bytes) {
          received = bytes;
          trip.next();
        },
        error: (_socket, error) => trip.fail(error),
      },
    });
    resources.defer(() => client.terminate());
    const trip = rounds(
      () => void client.write(data),
      () => expectSame(received, data),
    );
    return trip;
  },
};

const nodePingPong: Column = {
  name: "node:net",
  async setup(resources) {
    const data = payload(SIZE);
    let received: Uint8Array = new Uint8Array();
    const server = createServer((socket) => socket.on("data", (bytes) => socket.write(bytes)));
    resources.defer(() => void server.close());
    server.listen(0, LOOPBACK);
    await once(server, "listening");
    const client = connect({ host: LOOPBACK, port: (server.address() as AddressInfo).port });
    resources.defer(() => void client.destroy());
    await once(client, "connect");
    const trip = rounds(
      () => void client.write(data),
      () => expectSame(received, data),
    );
    client.on("data", (bytes: Buffer) => {
      received = bytes;
      trip.next();
    });
    client.on("error", trip.fail);
    return trip;
  },
};

// In every column the accepting side closes first: TIME_WAIT then holds no ephemeral port, and they never run out.

const berkeleyConnect: Column = {
  name: "berkeley",
  setup(resources) {
    const { listener, address } = listen(resources);
    const run = (iterations: number) => {
      for (let i = 0; i < iterations; i++) {
        const client = new Socket(AF_INET);
        client.connect(address);
        const server = listener.accept();
        server.close();
        client.close();
      }
    };
    return {
      check() {
        using client = new Socket(AF_INET);
        client.connect(address);
        using server = listener.accept();
        expectEqual(server.remoteAddress?.equals(client.localAddress!), true);
      },
      run,
    };
  },
};

const bunConnect: Column = {
  name: "Bun.listen, Bun.connect",
  setup(resources) {
    let opened = 0;
    const server = Bun.listen({
      hostname: LOOPBACK,
      port: 0,
      socket: {
        open(socket) {
          opened++;
          socket.end();
        },
        data() {},
      },
    });
    resources.defer(() => server.stop(true));
    const { port } = server;
    const socket = { data() {}, close: () => trip.next() };
    const trip = rounds(
      () => void Bun.connect({ hostname: LOOPBACK, port, socket }).catch(trip.fail),
      () => expectEqual(opened, 1),
    );
    return trip;
  },
};

const nodeConnect: Column = {
  name: "node:net",
  async setup(resources) {
    let opened = 0;
    const server = createServer((socket) => {
      opened++;
      socket.end();
    });
    resources.defer(() => void server.close());
    server.listen(0, LOOPBACK);
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const dial = () => {
      const client = connect({ host: LOOPBACK, port });
      client.on("error", trip.fail);
      client.on("close", trip.next);
      client.resume();
    };
    const trip = rounds(dial, () => expectEqual(opened, 1));
    return trip;
  },
};

/** Rows about TCP. */
export const tcp: readonly Row[] = [
  {
    name: "TCP ping-pong, 64 bytes each way",
    unit: "us",
    columns: [c("tcp-ping-pong-64"), berkeleyPingPong, bunPingPong, nodePingPong],
  },
  {
    name: "TCP connect, accept, close",
    unit: "us",
    columns: [c("tcp-connect"), berkeleyConnect, bunConnect, nodeConnect],
  },
];
