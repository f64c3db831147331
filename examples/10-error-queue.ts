// What became of a datagram: the ICMP answer, with who sent it, instead of an error out of nowhere.

import { AF_INET, QueuedError, Socket, SOCK_DGRAM } from "berkeley";

using socket = new Socket(AF_INET, SOCK_DGRAM);
socket.receiveControl(QueuedError);

using closed = new Socket(AF_INET, SOCK_DGRAM);
closed.bind("127.0.0.1:0");
const nobody = closed.localAddress;
closed.close();

socket.sendTo("is anybody there?", nobody);
const message = socket.receiveError(new Uint8Array(1500), { timeout: 1000 });
const error = message.control.get(QueuedError);
console.log(`${message.address}: ${error?.code} from ${error?.origin}, says ${error?.offender}`);
