// A UDP server that takes and answers datagrams many at a time, as they come.

import { AF_INET, InetSocketAddress, SendBatch, Socket, SOCK_DGRAM } from "berkeley";

const COUNT = 200;
using server = new Socket(AF_INET, SOCK_DGRAM);
server.bind("127.0.0.1:0");
const serving = serve(server);

using client = new Socket(AF_INET, SOCK_DGRAM);
client.bind("127.0.0.1:0");
if (!(server.localAddress instanceof InetSocketAddress)) throw new Error("not an address of the internet");
const requests = new SendBatch({ capacity: COUNT, size: 64 });
for (let index = 0; index < COUNT; index++) requests.push(`request ${index}`, server.localAddress);
await client.sendMessagesAsync(requests);

let answers = 0;
for await (const batch of client.batches({ capacity: 64, size: 64 })) {
  answers += batch.length;
  if (answers === COUNT) break;
}
server.close(); // ends its loop
const batches = await serving;
console.log(
  `${answers} answers, from a server that took them in ${batches < COUNT ? "fewer batches" : "as many turns"}`,
);

async function serve(socket: Socket): Promise<number> {
  const replies = new SendBatch({ capacity: 64, size: 64 });
  let count = 0;
  for await (const batch of socket.batches({ capacity: 64, size: 64 })) {
    count++;
    for (let index = 0; index < batch.length; index++) replies.reply(batch, index, batch.data(index));
    do
      await socket.sendMessagesAsync(replies).catch(() => 0); // waits for room
    while (replies.skip()); // what the kernel refuses: anybody can send from port 0
    replies.clear();
  }
  return count;
}
