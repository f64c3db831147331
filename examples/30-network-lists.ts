// The links, addresses and routes of this host, and who listens: netlink, without a privilege.

import { listAddresses, listLinks, listRoutes, listTcpSockets } from "berkeley/netlink";

const links = listLinks();
const addresses = listAddresses();
for (const { index, name, mtu, operationalState } of links) {
  console.log(`${index}: ${name} mtu ${mtu} ${operationalState}`);
  for (const { address, prefixLength, interfaceIndex } of addresses) {
    if (interfaceIndex === index) console.log(`    ${address}/${prefixLength}`);
  }
}
for (const { destination, gateway, interfaceIndex } of listRoutes()) {
  const name = links.find(({ index }) => index === interfaceIndex)?.name;
  console.log(
    `${destination}${gateway === undefined ? "" : ` via ${gateway}`}${name === undefined ? "" : ` on ${name}`}`,
  );
}
for (const { localAddress, uid } of listTcpSockets({ states: ["listen"] }))
  console.log(`${localAddress} of user ${uid}`);
if (!links.some(({ name }) => name === "lo")) throw new Error("there is always a loopback");
