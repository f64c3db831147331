// Options have types: what is read and set is a boolean, a number, an object - not four bytes.

import { AF_INET, Socket } from "berkeley";
import * as option from "berkeley/options";

using listener = new Socket(AF_INET);
listener.bind("127.0.0.1:0");
listener.listen();
using client = new Socket(AF_INET);
client.connect(listener.localAddress);

client.setOption(option.SO_LINGER, 5); // seconds; false turns it off
client.keepalive = true;
client.setOption(option.SO_RCVBUF, 65_536);

console.log("TCP_NODELAY", client.getOption(option.TCP_NODELAY)); // berkeley turns it on
console.log("SO_RCVBUF", client.getOption(option.SO_RCVBUF)); // Linux doubles what it is given
console.log("SO_LINGER", client.getOption(option.SO_LINGER));
if (client.supports(option.TCP_INFO)) console.log("round trip", client.getOption(option.TCP_INFO).rtt, "ms");
console.log("on this system:", client.capabilities);
