// Which services do the hosts of this network offer? Multicast DNS (RFC 6762, 6763): asks 224.0.0.251 and ff02::fb for the types of
// services that there are, for each type who has it, and prints what is answered, until the time is over.
//
//   bun examples/23-mdns-browser.ts -i eth0 [-s seconds] [_ipp._tcp.local ...]
//
// Without an interface it browses the loopback for a second, where a little responder of its own has something to offer.

import { parseArgs } from "node:util";
import {
  AF_INET,
  AF_INET6,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  InetAddress,
  InetSocketAddress,
  Socket,
  SOCK_DGRAM,
  SocketError,
} from "berkeley";
import * as option from "berkeley/options";
import * as dns from "./support/dns-message.ts";

const PORT = 5353;
const TYPES = "_services._dns-sd._udp.local";
const MOST = 1000; // questions to ask and things to tell: a network may say anything

interface Place {
  readonly socket: Socket;
  readonly group: InetSocketAddress;
}

/** A socket that speaks mDNS on one interface; undefined where that has no address of the family. */
function join(family: number, on: string): Place | undefined {
  const group = new InetSocketAddress(family === AF_INET ? "224.0.0.251" : `ff02::fb%${on}`, PORT);
  let socket: Socket | undefined;
  try {
    socket = new Socket(family, SOCK_DGRAM);
    if (family === AF_INET6) socket.setOption(IPPROTO_IPV6, IPV6_V6ONLY, true);
    socket.bind(new InetSocketAddress(InetAddress.any(family), PORT), { allowReuse: true }); // beside the system's own, if any
    socket.joinMulticastGroup(group.address, { interface: on });
    socket.multicastInterface = on;
    socket.multicastTtl = 255;
    if (option.SO_BINDTODEVICE.supported) socket.setOption(option.SO_BINDTODEVICE, on);
    return { socket, group };
  } catch (error) {
    socket?.close();
    if (!(error instanceof SocketError)) throw error;
    console.log(`not over IPv${family === AF_INET ? 4 : 6}: ${error.message}`);
    return undefined;
  }
}

class Browser {
  readonly #places: readonly Place[];
  readonly #asked = new Set<string>();
  readonly #told = new Set<string>();

  constructor(places: readonly Place[]) {
    this.#places = places;
  }

  /** Asks everybody; what was asked before only if `again`. */
  async ask(name: string, type: number, again = false): Promise<void> {
    const key = `${dns.lowerCase(name)} ${type}`;
    if ((this.#asked.has(key) && !again) || this.#asked.size >= MOST) return;
    this.#asked.add(key);
    const query = dns.encodeMessage({ questions: [{ name, type, class: dns.IN }] });
    for (const { socket, group } of this.#places) {
      if (!socket.closed) await socket.sendToAsync(query, group).catch((error) => console.log(`${error}`));
    }
  }

  /** Hears answers until its socket is closed. */
  async listen({ socket }: Place): Promise<void> {
    for await (const batch of socket.batches({ capacity: 16, size: 9000 })) {
      for (let index = 0; index < batch.length; index++) {
        const message = dns.decodeMessage(batch.data(index));
        if (message === undefined || (message.flags & dns.RESPONSE) === 0) continue;
        const sender = batch.address(index);
        if (!(sender instanceof InetSocketAddress) || sender.port !== PORT) continue; // RFC 6762 section 6
        for (const record of [...message.answers, ...message.additionals]) await this.#learn(record);
      }
    }
  }

  async #learn({ name, type, class: kind, ttl, data }: dns.DnsRecord): Promise<void> {
    if ((kind & ~dns.CACHE_FLUSH) !== dns.IN) return;
    const line = lineOf(name, type, data);
    if (line === undefined || this.#told.has(line) || this.#told.size >= MOST) return;
    this.#told.add(line);
    console.log(ttl === 0 ? `${line} (gone)` : line);
    if (type === dns.PTR && typeof data === "string") {
      if (dns.lowerCase(name) === TYPES) return this.ask(data, dns.PTR); // a type: who has it?
      await this.ask(data, dns.SRV); // an instance: where is it, and what does it say of itself?
      await this.ask(data, dns.TXT);
    } else if (type === dns.SRV && typeof data === "object" && "target" in data) {
      await this.ask(data.target, dns.A);
      await this.ask(data.target, dns.AAAA);
    }
  }
}

/** What a record says, if it is of those that tell of services. */
function lineOf(name: string, type: number, data: dns.DnsRecord["data"]): string | undefined {
  if (data instanceof InetAddress) return `    ${name} has address ${data}`;
  if (type === dns.PTR) return dns.lowerCase(name) === TYPES ? `there is ${data}` : `  ${name}: ${data}`;
  if (Array.isArray(data)) return `    ${name} says ${data.filter((text) => text !== "").join(", ") || "nothing"}`;
  return typeof data === "object" && "target" in data
    ? `    ${name} is at ${data.target}, port ${data.port}`
    : undefined;
}

/** A responder with one service, for want of others on loopback. */
async function offer({ socket, group }: Place): Promise<void> {
  const [type, instance, host] = ["_ssh._tcp.local", "Example (v1\\.2)._ssh._tcp.local", "example.local"];
  const record = (name: string, type: number, data: dns.DnsRecord["data"]): dns.DnsRecord => {
    return { name, type, class: dns.IN, ttl: 120, data };
  };
  const records = [
    record(TYPES, dns.PTR, type),
    record(type, dns.PTR, instance),
    record(instance, dns.SRV, { priority: 0, weight: 0, port: 22, target: host }),
    record(instance, dns.TXT, ["for=example"]),
    record(host, dns.A, InetAddress.loopback(AF_INET)),
  ];
  for await (const batch of socket.batches({ capacity: 16, size: 9000 })) {
    for (let index = 0; index < batch.length; index++) {
      const message = dns.decodeMessage(batch.data(index));
      if (message === undefined || (message.flags & dns.RESPONSE) !== 0) continue;
      const asked = ({ name, type }: dns.DnsRecord): boolean =>
        message.questions.some(
          (question) => dns.lowerCase(question.name) === dns.lowerCase(name) && question.type === type,
        );
      const answers = records.filter(asked);
      if (answers.length === 0) continue;
      await socket.sendToAsync(dns.encodeMessage({ flags: dns.RESPONSE | dns.AUTHORITATIVE, answers }), group);
    }
  }
}

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { interface: { type: "string", short: "i" }, seconds: { type: "string", short: "s", default: "5" } },
});
const demonstration = flags.interface === undefined;
const on = flags.interface ?? "lo";
const families = demonstration ? [AF_INET] : [AF_INET, AF_INET6];
const places = families.map((family) => join(family, on)).filter((place) => place !== undefined);
const responder = demonstration ? join(AF_INET, on) : undefined;
const end = setTimeout(
  () => places.forEach(({ socket }) => socket.close()),
  demonstration ? 1000 : Number(flags.seconds) * 1000,
);
if (places.length === 0) clearTimeout(end);

const browser = new Browser(places);
const listening = places.map((place) => browser.listen(place));
const offering = responder && offer(responder);
const questions = positionals.length === 0 ? [TYPES] : positionals;
for (const name of questions) await browser.ask(name, dns.PTR);
const again = setTimeout(() => questions.forEach((name) => void browser.ask(name, dns.PTR, true)), 1000); // one may be lost
await Promise.all(listening);
clearTimeout(again);
responder?.socket.close();
await offering;
