// Captures packets into a pcapng file, which tcpdump and Wireshark read: a ring that the kernel fills, behind a filter that the
// kernel runs. It needs CAP_NET_RAW.
//
//   bun examples/22-capture.ts [-w file] [-c packets] [-s seconds] [--host address] [--port number] [--protocol number] interface
//
// It ends after so many packets or seconds, or by ^C. Without an interface it captures three datagrams of its own on loopback.

import { parseArgs } from "node:util";
import {
  AF_INET,
  InetSocketAddress,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_TCP,
  IPPROTO_UDP,
  Socket,
  SOCK_DGRAM,
  SocketError,
} from "berkeley";
import { listLinks } from "berkeley/netlink";
import * as packet from "berkeley/packet";

const [ARPHRD_ETHER, ARPHRD_LOOPBACK] = [1, 772];

/** One line about a packet. */
function describe({ bytes, networkOffset, protocol, length }: packet.CapturedPacket): string {
  const network = bytes.subarray(networkOffset);
  if (protocol === packet.ETHERTYPE_ARP) {
    const arp = packet.parseArp(network);
    return `ARP ${arp?.operation === 1 ? "who has" : "reply to"} ${arp?.targetAddress}, from ${arp?.senderAddress}`;
  }
  const ip = protocol === packet.ETHERTYPE_IP ? packet.parseIPv4(network) : packet.parseIPv6(network);
  if (ip === undefined) return `EtherType 0x${protocol.toString(16).padStart(4, "0")}, ${length} bytes`;
  const ends = (ports?: { sourcePort: number; destinationPort: number }): string =>
    `${ip.source}${ports ? `:${ports.sourcePort}` : ""} > ${ip.destination}${ports ? `:${ports.destinationPort}` : ""}`;
  const first = "fragmentOffset" in ip ? ip.fragmentOffset === 0 : (ip.fragment?.offset ?? 0) === 0;
  const udp = first && ip.protocol === IPPROTO_UDP ? packet.parseUdp(ip.payload) : undefined;
  if (udp !== undefined) return `UDP ${ends(udp)}, ${udp.length - 8} bytes`;
  const tcp = first && ip.protocol === IPPROTO_TCP ? packet.parseTcp(ip.payload) : undefined;
  if (tcp !== undefined) return `TCP ${ends(tcp)}, ${tcp.payload.length} bytes`;
  const isIcmp = ip.protocol === IPPROTO_ICMP || ip.protocol === IPPROTO_ICMPV6;
  return `${isIcmp ? `ICMP type ${ip.payload[0]}` : `protocol ${ip.protocol}`} ${ends()}, ${ip.payload.length} bytes`;
}

/** As much of the time as a day has, in microseconds: "12:34:56.123456". */
function clock(epochNanoseconds: bigint): string {
  const [date, microseconds] = [
    new Date(Number(epochNanoseconds / 1_000_000n)),
    (epochNanoseconds / 1000n) % 1_000_000n,
  ];
  return `${date.toTimeString().slice(0, 8)}.${`${microseconds}`.padStart(6, "0")}`;
}

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    write: { type: "string", short: "w" },
    count: { type: "string", short: "c" },
    seconds: { type: "string", short: "s" },
    host: { type: "string" },
    port: { type: "string" },
    protocol: { type: "string" },
  },
});

// without arguments: datagrams to ourselves
using self = new Socket(AF_INET, SOCK_DGRAM);
self.bind("127.0.0.1:0");
const demonstration = positionals.length === 0;
const own = self.localAddress instanceof InetSocketAddress ? `${self.localAddress.port}` : undefined;
const { host, protocol, count, seconds, port } = demonstration ? { port: own, count: "3", seconds: "2" } : flags;

const conditions = [
  ...(host === undefined ? [] : [packet.hostIs(host)]),
  ...(port === undefined ? [] : [packet.portIs(Number(port))]),
  ...(protocol === undefined ? [] : [packet.protocolIs(Number(protocol))]),
];
const link = listLinks().find(({ name }) => name === (positionals[0] ?? "lo"));
if (link === undefined) throw new Error(`there is no interface ${positionals[0]}`);
const { name, hardwareType, address } = link;
const cooked = hardwareType !== ARPHRD_ETHER && hardwareType !== ARPHRD_LOOPBACK; // a tunnel: packets begin with IP
try {
  using ring = new packet.CaptureRing({
    interface: name,
    cooked,
    ignoreOutgoing: hardwareType === ARPHRD_LOOPBACK, // where all that goes out comes in
    ...(conditions.length === 0 ? {} : { filter: packet.packetFilter(packet.allOf(...conditions)) }),
  });
  const sink = flags.write === undefined ? undefined : Bun.file(flags.write).writer();
  const writer = new packet.PcapngWriter(sink, { application: "berkeley/examples/22-capture.ts" });
  writer.addInterface({
    name,
    linkType: cooked ? packet.LINKTYPE_RAW : packet.LINKTYPE_ETHERNET,
    hardwareAddress: address.length === 6 ? address : undefined,
  });
  console.log(`capturing on ${name}`);
  if (demonstration) for (const word of ["one", "two", "three"]) self.sendTo(word, self.localAddress);

  const end = new AbortController();
  process.once("SIGINT", () => end.abort());
  const timer = seconds === undefined ? undefined : setTimeout(() => end.abort(), Number(seconds) * 1000);
  let left = Number(count ?? Infinity);
  try {
    for await (const captured of ring.packetsAsync({ signal: end.signal })) {
      const outgoing = captured.packetType === "outgoing";
      writer.writePacket(captured, { direction: outgoing ? "outbound" : "inbound" });
      console.log(`${clock(captured.epochNanoseconds)} ${outgoing ? "out" : "in "} ${describe(captured)}`);
      if (--left === 0) break;
    }
  } catch (error) {
    if (!end.signal.aborted) throw error;
  }
  clearTimeout(timer);
  const { packets, drops } = ring.statistics();
  writer.writeStatistics({ epochNanoseconds: BigInt(Date.now()) * 1_000_000n, received: packets, dropped: drops });
  await sink?.end();
  const size = sink === undefined ? writer.take().length : Bun.file(flags.write ?? "").size;
  console.log(
    `${packets} packets passed the filter, ${drops} were lost; ${size} bytes of pcapng${sink ? ` in ${flags.write}` : ""}`,
  );
} catch (error) {
  if (!(error instanceof SocketError) || error.kind !== "permission-denied") throw error;
  console.log(`needs CAP_NET_RAW: ${error.message}`);
}
