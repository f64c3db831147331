// A TCP server and its client, in one thread: each call waits only for what the kernel already has under way.

import { AF_INET, Socket } from "berkeley";

using listener = new Socket(AF_INET);
listener.bind("127.0.0.1:0", { allowReuse: true });
listener.listen();

using client = new Socket(AF_INET);
client.connect(listener.localAddress, { timeout: 1000 });
using connection = listener.accept({ timeout: 1000 });
console.log(`${connection.remoteAddress} is connected`);

client.sendAll("some text");
client.shutdown({ write: true }); // the server reads the end, and can still answer

for (let bytes; (bytes = connection.receiveBytes(1024, { timeout: 1000 })).length > 0;) connection.sendAll(bytes);
connection.close();
console.log(`echoed: ${new TextDecoder().decode(client.receiveBytes(1024, { timeout: 1000 }))}`);
