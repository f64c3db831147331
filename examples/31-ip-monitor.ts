// `ip monitor`: tells when links, addresses and routes change, until ^C: bun examples/31-ip-monitor.ts watch
// Without "watch" it gives the loopback an address, takes it back, and ends; an ordinary user may watch, and not change.

import { AF_INET, interfaceIndex, SocketError } from "berkeley";
import * as netlink from "berkeley/netlink";

function show(event: netlink.NetworkChange): string {
  if (event.kind === "lost") return "some news were lost";
  if (event.kind === "link") return `${event.change} link ${event.link.name} ${event.link.operationalState}`;
  if (event.kind === "route") return `${event.change} route ${event.route.destination}`;
  return `${event.change} address ${event.address.address}/${event.address.prefixLength}`;
}

using changes = netlink.watchNetwork({ links: true, addresses: true, routes: true });
if (process.argv[2] !== "watch") {
  const header = [AF_INET, 32, 0, 254, interfaceIndex("lo"), 0, 0, 0]; // struct ifaddrmsg, of this host only
  const body = Uint8Array.from([...header, ...netlink.encodeAttributes([[2, Uint8Array.of(127, 77, 77, 77)]])]);
  try {
    using socket = new netlink.NetlinkSocket();
    socket.request(netlink.RTM_NEWADDR, { flags: netlink.NLM_F_CREATE, body });
    socket.request(netlink.RTM_DELADDR, { body });
  } catch (error) {
    if (!(error instanceof SocketError) || error.kind !== "permission-denied") throw error;
    console.log("an ordinary user may watch, and not change");
  }
  setTimeout(() => changes.close(), 500); // what has happened until now is in its queue
}
for await (const event of changes) console.log(show(event));
