// A DNS server over UDP and TCP for the names of a table like /etc/hosts: A, AAAA, and PTR the other way round. Datagrams are
// taken and answered in batches, each from the address that was asked; what does not fit one is told to come again over TCP.
//
//   bun examples/24-dns-server.ts [-a address] [-p port] table        e.g. -a :: -p 5300 /etc/hosts, then dig @::1 -p 5300 name
//
// Without a table it serves one of its own on loopback, asks itself, and ends.

import { parseArgs } from "node:util";
import {
  AF_INET,
  createServer,
  InetAddress,
  InetSocketAddress,
  type Listener,
  PacketInfo,
  SendBatch,
  Socket,
  type SocketConnection,
  SocketError,
  SOCK_DGRAM,
} from "berkeley";
import { ask, PATIENCE, readMessage, withLength } from "./support/dns-exchange.ts";
import * as dns from "./support/dns-message.ts";

const LARGEST_DATAGRAM = 1232; // passes everywhere without fragments: the flag day of 2020
const MOST_CONNECTIONS = 100;
const SECONDS_TO_LIVE = 300;

type Table = ReadonlyMap<string, readonly Pick<dns.DnsRecord, "type" | "data">[]>;

/** Reads lines of "address name name ... # comment". */
function readTable(text: string): Table {
  const table = new Map<string, Pick<dns.DnsRecord, "type" | "data">[]>();
  const add = (name: string, type: number, data: InetAddress | string): void => {
    const key = dns.lowerCase(name);
    table.set(key, [...(table.get(key) ?? []), { type, data }]);
  };
  for (const line of text.split("\n")) {
    const [first = "", ...names] = line.replace(/#.*/, "").trim().split(/\s+/);
    const address = first.includes("%") ? undefined : InetAddress.tryParse(first);
    if (address === undefined) continue;
    for (const name of names) add(name, address.family === AF_INET ? dns.A : dns.AAAA, address);
    if (names[0] !== undefined) add(reverseName(address), dns.PTR, names[0]);
  }
  return table;
}

/** UDP and TCP on one port; where the kernel is to choose it, one that is free for both. */
async function bindBoth(wanted: InetSocketAddress): Promise<{ socket: Socket; listener: Listener }> {
  for (let tries = 1; ; tries++) {
    const listener = await createServer({ hostname: `${wanted.address}`, port: wanted.port });
    const socket = new Socket(wanted.family, SOCK_DGRAM);
    try {
      socket.bind(new InetSocketAddress(wanted.address, listener.port));
      return { socket, listener };
    } catch (error) {
      socket.close();
      await listener.close();
      const taken = error instanceof SocketError && error.kind === "address-in-use";
      if (!taken || wanted.port !== 0 || tries === 20) throw error;
    }
  }
}

/** 192.0.2.1: "1.2.0.192.in-addr.arpa". */
function reverseName(address: InetAddress): string {
  const bytes = address.toBytes();
  if (bytes.length === 4) return `${bytes.reverse().join(".")}.in-addr.arpa`;
  return `${[...bytes.toHex()].reverse().join(".")}.ip6.arpa`;
}

/** The answer to a query, of at most so many bytes; undefined for what is to have none. */
function answer(table: Table, bytes: Uint8Array, overUdp: boolean): Uint8Array | undefined {
  if (bytes.length < 12) return undefined;
  const header = new DataView(bytes.buffer, bytes.byteOffset, 12);
  const [id, flags] = [header.getUint16(0), header.getUint16(2)];
  if ((flags & dns.RESPONSE) !== 0) return undefined; // two servers would go on for ever
  const kept = dns.RESPONSE | (flags & (dns.OPCODE | dns.RECURSION_DESIRED));
  if ((flags & dns.OPCODE) !== 0) return dns.encodeMessage({ id, flags: kept | dns.NOT_IMPLEMENTED });
  // looked at before the rest is: a query is short, and one that only seems long is not worth our time
  const plausible = header.getUint16(4) === 1 && header.getUint32(6) === 0 && header.getUint16(10) <= 2;
  const query = plausible ? dns.decodeMessage(bytes) : undefined;
  const [question] = query?.questions ?? [];
  if (query === undefined || question === undefined) return dns.encodeMessage({ id, flags: kept | dns.FORMAT_ERROR });

  const edns = query.additionals.find(({ type }) => type === dns.OPT); // RFC 6891; its class is how much the client can take
  const tooNew = edns !== undefined && ((edns.ttl >>> 16) & 0xff) > 0;
  const opt = { name: "", type: dns.OPT, class: LARGEST_DATAGRAM, ttl: tooNew ? 1 << 24 : 0, data: new Uint8Array() };
  const found = table.get(dns.lowerCase(question.name));
  const inClass = question.class === dns.IN || question.class === dns.ANY;
  const code = tooNew ? 0 : !inClass ? dns.REFUSED : found === undefined ? dns.NO_SUCH_NAME : 0;
  const records = code === 0 && !tooNew && found !== undefined ? found : [];
  const reply = {
    id,
    flags: kept | dns.AUTHORITATIVE | code,
    questions: [question],
    answers: records
      .filter(({ type }) => type === question.type || question.type === dns.ANY)
      .map((record) => ({ ...record, name: question.name, class: dns.IN, ttl: SECONDS_TO_LIVE })),
    additionals: edns === undefined ? [] : [opt],
  };
  const whole = dns.encodeMessage(reply);
  const room = overUdp ? Math.min(Math.max(edns?.class ?? 512, 512), LARGEST_DATAGRAM) : 0xffff;
  return whole.length <= room
    ? whole
    : dns.encodeMessage({ ...reply, flags: reply.flags | dns.TRUNCATED, answers: [] });
}

async function serveUdp(table: Table, socket: Socket): Promise<void> {
  const out = new SendBatch({ capacity: 64, size: LARGEST_DATAGRAM });
  for await (const batch of socket.batches({ capacity: 64, size: 4096 })) {
    for (let index = 0; index < batch.length; index++) {
      const reply = answer(table, batch.data(index), true);
      if (reply !== undefined) out.reply(batch, index, reply);
    }
    // who sends a false address (port 0, a network without a route) shall not cost the others their answers
    do await socket.sendMessagesAsync(out).catch(() => 0);
    while (out.skip());
    out.clear();
  }
}

async function serveTcp(table: Table, listener: Listener): Promise<void> {
  let count = 0;
  for await (const connection of listener) {
    if (++count <= MOST_CONNECTIONS) void talk(table, connection).finally(() => count--);
    else {
      count--;
      connection.socket.close();
    }
  }
}

async function talk(table: Table, connection: SocketConnection): Promise<void> {
  await using stream = connection;
  try {
    for (let query; (query = await readMessage(stream)) !== undefined;) {
      const reply = answer(table, query, false);
      if (reply === undefined) return;
      await stream.write(withLength(reply), { timeout: PATIENCE });
    }
  } catch (error) {
    if (!(error instanceof SocketError)) throw error; // else it is gone, or too slow
  }
}

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    address: { type: "string", short: "a", default: "127.0.0.1" },
    port: { type: "string", short: "p", default: "53" },
  },
});
const own = Array.from({ length: 50 }, (_, index) => `192.0.2.${index + 1} many.test`).join("\n");
const file = positionals[0];
const table = readTable(
  file === undefined ? `192.0.2.77 router.test gw\n2001:db8::77 router.test\n${own}` : await Bun.file(file).text(),
);
try {
  const wanted = new InetSocketAddress(flags.address, file === undefined ? 0 : Number(flags.port));
  const servers = await bindBoth(wanted);
  using socket = servers.socket;
  await using listener = servers.listener;
  socket.receiveControl(PacketInfo);
  const bound = socket.localAddress as InetSocketAddress;
  const serving = [serveUdp(table, socket), serveTcp(table, listener)];
  console.log(`${table.size} names, served at ${bound} over UDP and TCP`);
  if (file === undefined) {
    console.log(await ask(bound, "Router.TEST", dns.A));
    console.log(await ask(bound, "router.test", dns.AAAA));
    console.log(await ask(bound, "77.2.0.192.in-addr.arpa", dns.PTR));
    console.log(await ask(bound, "many.test", dns.A));
    console.log(await ask(bound, "nobody.test", dns.A));
    socket.close();
    listener.close();
  }
  await Promise.all(serving);
} catch (error) {
  if (!(error instanceof SocketError) || error.kind !== "permission-denied") throw error;
  console.log(`needs CAP_NET_BIND_SERVICE: ${error.message}`);
}
