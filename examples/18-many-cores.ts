// One port, several Workers: SO_REUSEPORT gives each a queue of its own, for TCP and UDP. Which of them gets a packet the kernel
// chooses by a hash of the addresses, or a filter of ours (SO_ATTACH_REUSEPORT_CBPF): here for UDP, by the first byte.

import { AF_INET, InetSocketAddress, POLLIN, POLLNVAL, Socket, SOCK_DGRAM } from "berkeley";
import * as option from "berkeley/options";

const WORKERS = 3;

if (Bun.isMainThread) await main();
else serve();

async function main(): Promise<void> {
  const workers: Worker[] = [];
  let ports = { tcp: 0, udp: 0 };
  for (let index = 0; index < WORKERS; index++) {
    const worker = new Worker(import.meta.path);
    workers.push(worker);
    ports = await ask(worker, { ...ports, index });
  }
  try {
    using client = new Socket(AF_INET, SOCK_DGRAM);
    client.connect({ address: "127.0.0.1", port: ports.udp });
    for (let byte = 0; byte < WORKERS; byte++) {
      client.send(Uint8Array.of(byte));
      console.log(`UDP, first byte ${byte}: answered by ${await answer(client)}`);
    }
    const seen = new Set<string>();
    for (let tries = 0; tries < 100 && seen.size < 2; tries++) {
      using connection = new Socket(AF_INET);
      connection.connect({ address: "127.0.0.1", port: ports.tcp });
      seen.add(await answer(connection));
    }
    console.log(`TCP: connections came to ${seen.size > 1 ? "several workers" : "one worker"}`);
  } finally {
    for (const worker of workers) worker.terminate();
  }
}

async function answer(socket: Socket): Promise<string> {
  return new TextDecoder().decode(await socket.receiveBytesAsync(100, { timeout: 5000 }));
}

function ask(worker: Worker, orders: unknown): Promise<{ tcp: number; udp: number }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ tcp: number; udp: number }>();
  worker.onmessage = (event) => resolve(event.data);
  worker.onerror = (event) => reject(new Error(event.message));
  worker.postMessage(orders);
  return promise;
}

function serve(): void {
  addEventListener("message", (event) => {
    const { tcp, udp, index } = (event as MessageEvent<{ tcp: number; udp: number; index: number }>).data;
    const name = new TextEncoder().encode(`worker ${index}`);
    const listener = new Socket(AF_INET);
    listener.bind({ address: "127.0.0.1", port: tcp }, { reusePort: true });
    listener.listen();
    listener.watch(POLLIN, (ready) => {
      if ((ready & POLLNVAL) !== 0) return;
      using connection = listener.tryAccept();
      connection?.trySend(name);
    });

    const socket = new Socket(AF_INET, SOCK_DGRAM);
    socket.bind({ address: "127.0.0.1", port: udp }, { reusePort: true });
    // the socket that joined the group first is 0; the filter's answer is the number of the one that gets the datagram
    socket.setOption(option.SO_ATTACH_REUSEPORT_CBPF, [
      { code: 0x30, jt: 0, jf: 0, k: 0 }, // BPF_LD | BPF_B | BPF_ABS: the first byte of the payload
      { code: 0x94, jt: 0, jf: 0, k: WORKERS }, // BPF_ALU | BPF_MOD
      { code: 0x16, jt: 0, jf: 0, k: 0 }, // BPF_RET | BPF_A
    ]);
    const buffer = new Uint8Array(100);
    socket.watch(POLLIN, (ready) => {
      if ((ready & POLLNVAL) !== 0) return;
      const received = socket.tryReceiveFrom(buffer);
      if (received?.address != null) socket.trySendTo(name, received.address);
    });
    postMessage({ tcp: portOf(listener), udp: portOf(socket) });
  });
}

function portOf({ localAddress }: Socket): number {
  if (localAddress instanceof InetSocketAddress) return localAddress.port;
  throw new Error(`bound to ${localAddress}`);
}
