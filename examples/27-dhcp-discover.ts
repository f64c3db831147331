// Which DHCP servers are there, and what would they give? Sends one DHCPDISCOVER (RFC 2131) out of one interface and prints what is
// offered, until the time is over. It never requests: no address is taken. More than one server is a finding.
// It needs CAP_NET_BIND_SERVICE: the port is 68.
//
//   bun examples/27-dhcp-discover.ts [-s seconds] [-m hardware address] interface
//
// Without an interface it asks on loopback, where a server of its own makes one offer.

import { parseArgs } from "node:util";
import { AF_INET, InetAddress, InetSocketAddress, Socket, SOCK_DGRAM, SocketError } from "berkeley";
import { listLinks } from "berkeley/netlink";
import * as option from "berkeley/options";
import { etherAton } from "berkeley/packet";

const [CLIENT_PORT, SERVER_PORT] = [68, 67];
const [REQUEST, REPLY, ETHERNET, BROADCAST, COOKIE] = [1, 2, 1, 0x8000, 0x6382_5363];
const [DISCOVER, OFFER] = [1, 2];
const [PAD, SUBNET_MASK, ROUTER, DNS, DOMAIN, LEASE_TIME, TYPE, SERVER, PARAMETERS, END] = [
  0, 1, 3, 6, 15, 51, 53, 54, 55, 255,
];

type Options = ReadonlyMap<number, Uint8Array>;

interface Message {
  readonly operation: number;
  readonly transaction: number;
  /** What is offered. */
  readonly address: InetAddress;
  readonly hardware: Uint8Array;
  readonly options: Options;
}

function encode({ operation, transaction, address, hardware, options }: Message): Uint8Array {
  const bytes = new Uint8Array(240);
  const view = new DataView(bytes.buffer);
  bytes.set([operation, ETHERNET, hardware.length]);
  view.setUint32(4, transaction);
  view.setUint16(10, BROADCAST); // answer to all: we have no address yet
  bytes.set(address.toBytes(), 16);
  bytes.set(hardware, 28);
  view.setUint32(236, COOKIE);
  const parts = Array.from(options, ([code, value]) => [code, value.length, ...value]).flat();
  const packet = Uint8Array.of(...bytes, ...parts, END);
  const padded = new Uint8Array(Math.max(packet.length, 300)); // RFC 1542 section 2.1
  padded.set(packet);
  return padded;
}

/** Reads a message; undefined for what is none. An option that comes twice is one in two parts: RFC 3396. */
function decode(bytes: Uint8Array): Message | undefined {
  if (bytes.length < 240) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(236) !== COOKIE || bytes[1] !== ETHERNET || bytes[2] !== 6) return undefined;
  const options = new Map<number, Uint8Array>();
  for (let at = 240; at < bytes.length && bytes[at] !== END;) {
    const [code = 0, length = 0] = bytes.subarray(at, at + 2);
    const next = code === PAD ? at + 1 : at + 2 + length;
    if (next > bytes.length) return undefined;
    if (code !== PAD) options.set(code, Uint8Array.of(...(options.get(code) ?? []), ...bytes.subarray(at + 2, next)));
    at = next;
  }
  return {
    operation: bytes[0] as number,
    transaction: view.getUint32(4),
    address: InetAddress.fromBytes(bytes.subarray(16, 20)),
    hardware: bytes.slice(28, 34),
    options,
  };
}

/** Addresses in an option, as many as are whole. */
function addresses(value: Uint8Array | undefined): string {
  const list = Array.from({ length: Math.floor((value?.length ?? 0) / 4) }, (_, index) =>
    InetAddress.fromBytes((value as Uint8Array).subarray(index * 4, index * 4 + 4)),
  );
  return list.join(" ");
}

function show({ address, options }: Message, sender: string): string {
  const lease = options.get(LEASE_TIME);
  const domain = options.get(DOMAIN);
  const facts = [
    ["netmask", addresses(options.get(SUBNET_MASK))],
    ["router", addresses(options.get(ROUTER))],
    ["DNS", addresses(options.get(DNS))],
    [
      "domain",
      domain === undefined
        ? ""
        : Buffer.from(domain)
            .toString("latin1")
            .replace(/[^\w.-]/g, "?"),
    ],
    ["lease", lease?.length === 4 ? `${new DataView(lease.buffer).getUint32(0)} s` : ""],
  ];
  const shown = facts.flatMap(([name, value]) => (value === "" ? [] : [`${name} ${value}`]));
  return `${addresses(options.get(SERVER)) || "?"} (from ${sender}) offers ${address}: ${shown.join(", ")}`;
}

/** A socket on one interface and no other, whatever addresses it has, or none. */
function bound(on: string, port: number): Socket {
  const socket = new Socket(AF_INET, SOCK_DGRAM);
  try {
    socket.setOption(option.SO_BINDTODEVICE, on);
    socket.broadcast = true;
    socket.bind(`0.0.0.0:${port}`, { allowReuse: true }); // beside a DHCP client that runs here
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}

/** A server for want of another: one offer to the first that discovers. */
async function offerOne(server: Socket): Promise<void> {
  const discover = decode(await server.receiveBytesAsync(1500, { timeout: 1000 }));
  if (discover?.options.get(TYPE)?.[0] !== DISCOVER) return;
  const [mask, here] = [Uint8Array.of(255, 255, 255, 0), Uint8Array.of(192, 0, 2, 1)];
  const options = new Map([
    [TYPE, Uint8Array.of(OFFER)],
    [SERVER, here],
    [LEASE_TIME, Uint8Array.of(0, 0, 14, 16)],
    [SUBNET_MASK, mask],
    [ROUTER, here],
  ]);
  const offer = { ...discover, operation: REPLY, address: InetAddress.parse("192.0.2.100"), options };
  await server.sendToAsync(encode(offer), `255.255.255.255:${CLIENT_PORT}`);
}

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: "string", short: "s" }, mac: { type: "string", short: "m" } },
});
const demonstration = positionals.length === 0;
const on = positionals[0] ?? "lo";
const link = listLinks().find(({ name }) => name === on);
if (link?.address.length !== 6) throw new Error(`${on} is no interface with a hardware address of six bytes`);
const hardware = flags.mac === undefined ? link.address : etherAton(flags.mac);
const transaction = crypto.getRandomValues(new Uint32Array(1))[0] as number;
const seconds = Number(flags.seconds ?? (demonstration ? 0.3 : 5));
try {
  using socket = bound(on, CLIENT_PORT);
  using server = demonstration ? bound(on, SERVER_PORT) : undefined;
  const offering = server && offerOne(server);
  const options = new Map([
    [TYPE, Uint8Array.of(DISCOVER)],
    [PARAMETERS, Uint8Array.of(SUBNET_MASK, ROUTER, DNS, DOMAIN, LEASE_TIME)],
  ]);
  const discover = { operation: REQUEST, transaction, address: InetAddress.any(AF_INET), hardware, options };
  socket.sendTo(encode(discover), `255.255.255.255:${SERVER_PORT}`);
  console.log(`DHCPDISCOVER sent out of ${on}, as ${hardware.toHex()}`);
  setTimeout(() => socket.close(), seconds * 1000); // which ends the loop
  let count = 0;
  for await (const batch of socket.batches({ capacity: 8, size: 1500 })) {
    for (let index = 0; index < batch.length; index++) {
      const [message, sender] = [decode(batch.data(index)), batch.address(index)];
      if (message?.operation !== REPLY || message.transaction !== transaction) continue;
      if (message.options.get(TYPE)?.[0] !== OFFER || Buffer.compare(message.hardware, hardware) !== 0) continue;
      console.log(show(message, sender instanceof InetSocketAddress ? `${sender.address}` : "?"));
      count++;
    }
  }
  await offering;
  console.log(`${count === 0 ? "no" : count} offer${count === 1 ? "" : "s"} in ${seconds} s`);
} catch (error) {
  if (!(error instanceof SocketError)) throw error;
  if (error.kind === "permission-denied") console.log(`needs CAP_NET_BIND_SERVICE: ${error.message}`);
  else console.log(error.message);
  if (!demonstration) process.exitCode = 1;
}
