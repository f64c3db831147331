// A datagram to ourselves: the shortest program that uses the operating system's sockets.

import { AF_INET, Socket, SOCK_DGRAM } from "berkeley";

using server = new Socket(AF_INET, SOCK_DGRAM);
server.bind("127.0.0.1:0"); // port 0: the kernel chooses
using client = new Socket(AF_INET, SOCK_DGRAM);
client.sendTo("hello, kernel", server.localAddress);

const buffer = new Uint8Array(1500);
const { size, address } = server.receiveFrom(buffer, { timeout: 1000 });
console.log(`${address} says: ${new TextDecoder().decode(buffer.subarray(0, size))}`);
