// Join a group on the loopback interface, and hear ourselves.

import { AF_INET, type InetSocketAddress, Socket, SOCK_DGRAM } from "berkeley";

using receiver = new Socket(AF_INET, SOCK_DGRAM);
receiver.bind("0.0.0.0:0", { allowReuse: true });
receiver.joinMulticastGroup("239.1.2.3", { interface: "127.0.0.1" });

using sender = new Socket(AF_INET, SOCK_DGRAM);
sender.multicastInterface = "127.0.0.1";
const { port } = receiver.localAddress as InetSocketAddress;
sender.sendTo("to everybody who listens", { address: "239.1.2.3", port });

const { data, address } = receiver.receiveBytesFrom(1500, { timeout: 1000 });
console.log(`${address} to 239.1.2.3:${port}: ${new TextDecoder().decode(data)}`);
