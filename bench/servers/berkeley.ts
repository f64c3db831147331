/**
 * berkeley's servers, as a program: `bun berkeley.ts`. Orders on stdin, each answered with a port or a number:
 *
 *     tcp-echo | udp-echo | tcp-discard | tcp-flood | tcp-accept      a server of that kind, by callbacks: its port
 *     tcp-echo-promises | udp-echo-promises                           the same with createServer, connections and batches()
 *     idle <count>         watches so many more sockets, to which nothing comes
 *     unwatched <count>    makes so many, and no reactor
 */

import {
  AF_INET,
  createServer,
  InetSocketAddress,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  ReceiveBatch,
  SendBatch,
  SOCK_DGRAM,
  SOCK_STREAM,
  Socket,
  type SocketConnection,
  WOULD_BLOCK,
} from "../../src/index.ts";
import { LOOPBACK } from "../support.ts";

const ENDED = POLLNVAL | POLLERR | POLLHUP;
const buffer = new Uint8Array(1 << 18);
// a view of the usual length: making one for each message is what a server of small messages would not do either
const usual = buffer.subarray(0, 64);

const kept: Socket[] = [];

function listen(each: (socket: Socket) => void): number {
  const listener = new Socket(AF_INET, SOCK_STREAM);
  listener.bind({ address: LOOPBACK, port: 0 }, { allowReuse: true });
  listener.listen(4096);
  listener.watch(POLLIN, () => {
    for (let socket = listener.tryAccept(); socket !== null; socket = listener.tryAccept()) each(socket);
  });
  kept.push(listener);
  return portOf(listener);
}

function portOf({ localAddress }: Socket): number {
  if (localAddress instanceof InetSocketAddress) return localAddress.port;
  throw new Error(`bound to ${localAddress}`);
}

function echo(socket: Socket): void {
  socket.watch(POLLIN, (ready) => {
    if ((ready & ENDED) !== 0) return socket.close();
    const size = socket.tryReceive(buffer);
    if (size === WOULD_BLOCK) return;
    if (size === 0) return socket.close();
    const data = size === usual.length ? usual : buffer.subarray(0, size);
    const sent = socket.trySend(data);
    if (sent !== size) void socket.sendAllAsync(data.slice(Math.max(sent, 0)));
  });
}

function discard(socket: Socket): void {
  socket.watch(POLLIN, () => {
    if (!socket.closed && socket.tryReceive(buffer) === 0) socket.close();
  });
}

function flood(socket: Socket): void {
  socket.watch(POLLOUT, (ready) => {
    if ((ready & ENDED) !== 0) return socket.close();
    socket.trySend(buffer);
  });
}

function datagrams(): number {
  const socket = new Socket(AF_INET, SOCK_DGRAM);
  socket.bind({ address: LOOPBACK, port: 0 });
  const incoming = new ReceiveBatch({ capacity: 64, size: 2048, controlSize: 0 });
  const outgoing = new SendBatch({ capacity: 64, size: 2048, segmentation: "auto" });
  socket.watch(POLLIN, () => {
    const count = socket.tryReceiveMessages(incoming);
    for (let index = 0; index < count; index++) outgoing.reply(incoming, index, incoming.data(index));
    if (count > 0) socket.trySendMessages(outgoing); // what has no room is lost, as datagrams are
    outgoing.clear();
  });
  kept.push(socket);
  return portOf(socket);
}

async function echoTo(connection: SocketConnection): Promise<void> {
  await using _ = connection;
  const own = new Uint8Array(4096);
  for (let size; (size = await connection.read(own)) > 0;) await connection.write(own.subarray(0, size));
}

async function connections(): Promise<number> {
  const listener = await createServer({ hostname: LOOPBACK, port: 0, backlog: 4096 });
  kept.push(listener.socket);
  void (async () => {
    for await (const connection of listener) echoTo(connection).catch(() => {}); // the load may be gone before it was answered
  })();
  return portOf(listener.socket);
}

function batches(): number {
  const socket = new Socket(AF_INET, SOCK_DGRAM);
  socket.bind({ address: LOOPBACK, port: 0 });
  kept.push(socket);
  const outgoing = new SendBatch({ capacity: 64, size: 2048, segmentation: "auto" });
  void (async () => {
    for await (const batch of socket.batches({ capacity: 64, size: 2048, controlSize: 0 })) {
      for (let index = 0; index < batch.length; index++) outgoing.reply(batch, index, batch.data(index));
      await socket.sendMessagesAsync(outgoing).catch(() => {});
      outgoing.clear();
    }
  })();
  return portOf(socket);
}

function silent(count: number, watched: boolean): number {
  for (let index = 0; index < count; index++) {
    const socket = new Socket(AF_INET, SOCK_DGRAM);
    socket.bind({ address: LOOPBACK, port: 0 });
    if (watched) socket.watch(POLLIN, () => {});
    kept.push(socket);
  }
  return count;
}

const servers: Readonly<Record<string, (count: number) => number | Promise<number>>> = {
  "tcp-echo": () => listen(echo),
  "tcp-discard": () => listen(discard),
  "tcp-flood": () => listen(flood),
  "tcp-accept": () => listen((socket) => socket.close()),
  "udp-echo": datagrams,
  "tcp-echo-promises": connections,
  "udp-echo-promises": batches,
  idle: (count) => silent(count, true),
  unwatched: (count) => silent(count, false),
};

for await (const line of console) {
  const [kind = "", count] = line.split(" ");
  console.log((await servers[kind]?.(Number(count))) ?? `no order: ${line}`);
}
process.exit(); // its sockets would keep it alive when the bench has been killed
