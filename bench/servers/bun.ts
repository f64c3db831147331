/** Bun's own servers, as a program that takes the orders of berkeley.ts: `Bun.listen` and `Bun.udpSocket`. */

import { LOOPBACK } from "../support.ts";

function listen(handlers: Bun.SocketHandler<undefined>): number {
  return Bun.listen<undefined>({ hostname: LOOPBACK, port: 0, socket: handlers }).port;
}

// As much as the kernel takes, again whenever there is room.
const chunk = new Uint8Array(1 << 18);
function flood(socket: Bun.Socket<undefined>): void {
  while (socket.write(chunk) === chunk.length);
}

const servers: Readonly<Record<string, () => number | Promise<number>>> = {
  "tcp-echo": () =>
    listen({
      open: (socket) => void socket.setNoDelay(true),
      data: (socket, data) => void socket.write(data),
    }),
  "tcp-discard": () => listen({ data() {}, end: (socket) => void socket.end() }),
  "tcp-flood": () => listen({ open: flood, drain: flood, data() {} }),
  "tcp-accept": () => listen({ open: (socket) => void socket.end(), data() {} }),
  "udp-echo": async () => {
    const socket = await Bun.udpSocket({
      hostname: LOOPBACK,
      socket: { data: (udp, data, port, address) => void udp.send(data, port, address) },
    });
    return socket.port;
  },
};

for await (const line of console) {
  const [kind = ""] = line.split(" ");
  console.log((await servers[kind]?.()) ?? `no order: ${line}`);
}
process.exit(); // its sockets would keep it alive when the bench has been killed
