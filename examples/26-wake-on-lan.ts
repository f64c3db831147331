// Wakes a sleeping machine: the magic packet, which is six bytes of ones and its hardware address sixteen times, as a UDP broadcast.
//
//   bun examples/26-wake-on-lan.ts [-p port] 02:00:5e:10:00:ff [interface | broadcast address ...]
//
// Without a place it goes out of every interface that can broadcast; without anything it goes to the broadcast address of the
// loopback, where nobody sleeps and a socket of ours looks at it.

import { parseArgs } from "node:util";
import { AF_INET, InetAddress, InetSocketAddress, interfaceIndex, Socket, SOCK_DGRAM, SocketError } from "berkeley";
import { listAddresses, listLinks } from "berkeley/netlink";
import * as option from "berkeley/options";
import { etherAton } from "berkeley/packet";

const EVERYBODY = InetAddress.parse("255.255.255.255");
const IFF_BROADCAST = 2;

interface Place {
  readonly interface: string | undefined;
  readonly address: InetAddress;
}

function magicPacket(text: string): Uint8Array {
  const address = etherAton(text);
  const packet = new Uint8Array(6 + 16 * 6).fill(0xff, 0, 6);
  for (let at = 6; at < packet.length; at += 6) packet.set(address, at);
  return packet;
}

/** Where a broadcast can go: out of one interface, or of all, to the broadcast addresses that they have. */
function broadcasts(only?: string): Place[] {
  if (only !== undefined) interfaceIndex(only); // throws if there is none
  const addresses = listAddresses();
  const places = listLinks().flatMap(({ index, name, up, flags }): Place[] => {
    if (!up || (flags & IFF_BROADCAST) === 0 || (only !== undefined && name !== only)) return [];
    const own = addresses.flatMap((each) => (each.interfaceIndex === index ? (each.broadcast ?? []) : []));
    return (own.length === 0 ? [EVERYBODY] : own).map((address) => ({ interface: name, address }));
  });
  if (places.length === 0) throw new Error(`${only ?? "no interface here"} cannot broadcast, or is down`);
  return places;
}

function send(packet: Uint8Array, { interface: name, address }: Place, port: number): void {
  using socket = new Socket(AF_INET, SOCK_DGRAM);
  socket.broadcast = true; // without it the kernel says EACCES: nobody shall do this by mistake
  if (name !== undefined) socket.setOption(option.SO_BINDTODEVICE, name);
  const target = new InetSocketAddress(address, port);
  socket.sendTo(packet, target);
  console.log(`${packet.length} bytes to ${target}${name === undefined ? "" : ` on ${name}`}`);
}

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { port: { type: "string", short: "p", default: "9" } }, // discard, RFC 863
});
const [hardware, ...where] = positionals;
try {
  if (hardware !== undefined) {
    const places = where.flatMap((place): Place[] => {
      const address = InetAddress.tryParse(place);
      return address === undefined ? broadcasts(place) : [{ interface: undefined, address }];
    });
    for (const place of where.length === 0 ? broadcasts() : places)
      send(magicPacket(hardware), place, Number(flags.port));
  } else {
    using sleeper = new Socket(AF_INET, SOCK_DGRAM);
    sleeper.bind("127.255.255.255:0"); // a socket that is bound to it gets what is broadcast
    const { port } = sleeper.localAddress as InetSocketAddress;
    send(
      magicPacket("02:00:5e:10:00:ff"),
      { interface: undefined, address: InetAddress.parse("127.255.255.255") },
      port,
    );
    const { data, address } = sleeper.receiveBytesFrom(200, { timeout: 1000 });
    console.log(
      `${data.length} bytes came from ${address}: ${data.subarray(0, 12).toHex()} and 15 times the same address`,
    );
  }
} catch (error) {
  if (!(error instanceof SocketError)) throw error;
  console.log(error.message);
  process.exitCode = 1;
}
