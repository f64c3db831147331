// A server on all addresses of the host that answers from the one it was asked at: what a UDP server with several addresses
// must do, and cannot without control messages.

import { AF_INET, type InetSocketAddress, PacketInfo, Socket, SOCK_DGRAM } from "berkeley";

using server = new Socket(AF_INET, SOCK_DGRAM);
server.bind("0.0.0.0:0");
server.receiveControl(PacketInfo);
const { port } = server.localAddress as InetSocketAddress;

using client = new Socket(AF_INET, SOCK_DGRAM);
client.connect({ address: "127.0.0.5", port }); // takes answers from 127.0.0.5 only
client.send("who are you?");

const question = server.receiveMessage({ buffers: [new Uint8Array(1500)] }, { timeout: 1000 });
const info = question.control.get(PacketInfo);
console.log(`${question.address} asked ${info?.destination} on interface ${info?.interfaceIndex}`);
server.reply(question, "127.0.0.5, at your service");

console.log(new TextDecoder().decode(client.receiveBytes(1500, { timeout: 1000 })));
