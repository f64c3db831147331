// A server and a client on Bun's event loop: each connection's input goes back out, as web streams.

import { createConnection, createServer, InetSocketAddress } from "berkeley";

await using listener = await createServer({ hostname: "127.0.0.1", port: 0 });
const address = listener.localAddress;
if (!(address instanceof InetSocketAddress)) throw new Error(`listening at ${address}`);

void (async () => {
  for await (const connection of listener) {
    connection.readable.pipeTo(connection.writable).catch(() => {}); // a peer may reset it
  }
})();

const hostname = "localhost"; // resolved, and each address tried: Happy Eyeballs
const answers = await Promise.all(
  ["one", "two", "three"].map(async (word) => {
    await using connection = await createConnection({ hostname, port: address.port, timeout: 5000 });
    await connection.write(word);
    const buffer = new Uint8Array(100);
    const size = await connection.read(buffer, { timeout: 5000 });
    return `${connection.localAddress} got back "${new TextDecoder().decode(buffer.subarray(0, size))}"`;
  }),
);
for (const answer of answers) console.log(answer);
