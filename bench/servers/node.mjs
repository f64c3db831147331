/** node:net and node:dgram, as a program that takes the orders of berkeley.ts; for Bun and for Node. */

import dgram from "node:dgram";
import net from "node:net";
import readline from "node:readline";

const LOOPBACK = "127.0.0.1";
const chunk = new Uint8Array(1 << 18);

function listen(each) {
  const { promise, resolve } = Promise.withResolvers?.() ?? defer();
  const server = net.createServer({ noDelay: true }, each);
  server.listen({ host: LOOPBACK, port: 0, backlog: 4096 }, () => resolve(server.address().port));
  return promise;
}

// Node 20 has no Promise.withResolvers
function defer() {
  let resolve;
  const promise = new Promise((settle) => (resolve = settle));
  return { promise, resolve };
}

const servers = {
  "tcp-echo": () =>
    listen((socket) => {
      socket.on("error", () => {});
      socket.on("data", (data) => socket.write(data));
    }),
  "tcp-discard": () =>
    listen((socket) => {
      socket.on("error", () => {});
      socket.on("data", () => {});
    }),
  "tcp-flood": () =>
    listen((socket) => {
      const flood = () => {
        while (socket.write(chunk));
      };
      socket.on("error", () => {});
      socket.on("drain", flood);
      flood();
    }),
  "tcp-accept": () =>
    listen((socket) => {
      socket.on("error", () => {});
      socket.end();
      socket.resume();
    }),
  "udp-echo": () => {
    const { promise, resolve } = defer();
    const socket = dgram.createSocket("udp4");
    socket.on("message", (data, { address, port }) => socket.send(data, port, address));
    socket.bind(0, LOOPBACK, () => resolve(socket.address().port));
    return promise;
  },
};

for await (const line of readline.createInterface({ input: process.stdin })) {
  const [kind] = line.split(" ");
  console.log((await servers[kind]?.()) ?? `no order: ${line}`);
}
process.exit(); // its sockets would keep it alive when the bench has been killed
