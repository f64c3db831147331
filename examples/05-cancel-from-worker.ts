// A thread that blocks in the kernel, and another that ends it: a Cancellable works across Workers.

import { AF_INET, Cancellable, Socket, SOCK_DGRAM, SocketError } from "berkeley";

const code = `
  import { Cancellable } from ${JSON.stringify(import.meta.resolve("berkeley"))};
  onmessage = ({ data }) => { using cancellable = Cancellable.open(data); cancellable.cancel(); };
`;

using cancellable = new Cancellable();
const worker = new Worker(URL.createObjectURL(new Blob([code], { type: "application/typescript" })));
worker.postMessage(cancellable.handle);

using socket = new Socket(AF_INET, SOCK_DGRAM);
socket.bind("127.0.0.1:0");
try {
  socket.receiveBytes(1500, { cancellable, timeout: 10_000 }); // blocks this thread
} catch (error) {
  console.log(error instanceof SocketError ? `ended by the other thread: ${error.kind}` : error);
}
worker.terminate();
