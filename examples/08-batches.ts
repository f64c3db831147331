// 64 datagrams in one call each way; and joined, so that the kernel handles them as one until they are there.

import { AF_INET, ReceiveBatch, SendBatch, Socket, SOCK_DGRAM } from "berkeley";

using receiver = new Socket(AF_INET, SOCK_DGRAM);
receiver.bind("127.0.0.1:0");
using sender = new Socket(AF_INET, SOCK_DGRAM);

for (const segmentation of [undefined, "auto"] as const) {
  const outgoing = new SendBatch({ capacity: 64, size: 1200, segmentation });
  const incoming = new ReceiveBatch({ capacity: 64, size: 1200, segmentation });
  const payload = new Uint8Array(1200);
  const rounds = 2000;
  const start = performance.now();
  for (let round = 0; round < rounds; round++) {
    outgoing.clear();
    for (let i = 0; i < 64; i++) outgoing.push(payload, receiver.localAddress);
    sender.sendMessages(outgoing);
    let received = 0;
    while (received < 64) {
      const count = receiver.receiveMessages(incoming, { timeout: 1000 });
      for (let i = 0; i < count; i++) if (incoming.data(i).length !== 1200) throw new Error("cut");
      received += count;
    }
  }
  const perSecond = (rounds * 64) / ((performance.now() - start) / 1000);
  console.log(`${segmentation ?? "plain"}: ${Math.round(perSecond).toLocaleString("en")} datagrams a second`);
}
console.log("joined ones can be sent here:", sender.capabilities.segmentation);
