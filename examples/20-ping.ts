// ping: ICMP echo over IPv4 and IPv6, with the times that the kernel took, the hop limit of each answer, and who said why not.
// It needs no privilege where net.ipv4.ping_group_range lets you have ICMP datagram sockets, else a raw socket's (CAP_NET_RAW).
//
//   bun examples/20-ping.ts [-4|-6] [-c count] [-i seconds] host        without a host: loopback, three times each

import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import {
  AF_INET,
  AF_INET6,
  HopLimit,
  InetSocketAddress,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  POLLIN,
  POLLNVAL,
  QueuedError,
  type ReceivedMessage,
  SOCK_DGRAM,
  SOCK_RAW,
  Socket,
  SocketError,
  Timestamp,
} from "berkeley";
import * as packet from "berkeley/packet";
import { resolve } from "./support/host.ts";
import { askForTimes, now, sendTime } from "./support/kernel-time.ts";

const PAYLOAD = Uint8Array.from({ length: 56 }, (_, index) => index);
const LAST_PATIENCE = 1000; // for the last answer, in milliseconds

function openSocket(family: number): Socket {
  const protocol = family === AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
  try {
    return new Socket(family, SOCK_DGRAM, protocol);
  } catch (error) {
    if (!(error instanceof SocketError) || error.kind !== "permission-denied") throw error;
    return new Socket(family, SOCK_RAW, protocol);
  }
}

/** Sends `count` echo requests, one each `interval` milliseconds, and returns how many were answered. */
async function ping(host: InetSocketAddress, count: number, interval: number): Promise<number> {
  using socket = openSocket(host.family);
  const [ipv4, raw] = [host.family === AF_INET, socket.type === SOCK_RAW];
  socket.receiveControl(HopLimit, QueuedError);
  askForTimes(socket);
  socket.connect(host); // a raw socket would hear the whole world
  console.log(`ping ${host.address}: ${PAYLOAD.length} bytes of data, ${raw ? "raw" : "ICMP datagram"} socket`);

  const identifier = process.pid & 0xffff; // of a datagram socket the kernel writes its own
  const sent: bigint[] = []; // by sequence: our time, or the kernel's, which is better
  const order: number[] = []; // the sequences in the order in which the kernel counts them
  const answered = new Map<number, number>(); // sequence: milliseconds
  const end = new AbortController(); // all are answered, or ^C
  const buffer = new Uint8Array(65_536);

  function onError(message: ReceivedMessage): void {
    const stamp = sendTime(message);
    const stamped = stamp && order[stamp.number];
    if (stamp !== undefined && stamped !== undefined) sent[stamped] = stamp.time;
    if (stamp !== undefined) return;
    const error = message.control.get(QueuedError);
    const who = error?.offender instanceof InetSocketAddress ? error.offender.address : "this host";
    console.log(`from ${who}: ${error?.code} (ICMP type ${error?.icmpType}, code ${error?.icmpCode})`);
  }

  function onMessage({ size, control }: ReceivedMessage): void {
    const came = control.get(Timestamp)?.epochNanoseconds ?? now();
    const bytes = buffer.subarray(0, size);
    const echo = packet.parseIcmp(raw && ipv4 ? (packet.parseIPv4(bytes)?.payload ?? new Uint8Array()) : bytes);
    if (echo?.type !== (ipv4 ? packet.ICMP_ECHOREPLY : packet.ICMPV6_ECHO_REPLY)) return;
    const went = sent[echo.sequence];
    if (went === undefined || (raw && echo.identifier !== identifier)) return;
    const elapsed = Number(came - went) / 1e6;
    const again = answered.has(echo.sequence) ? " (once more)" : "";
    const hops = control.get(HopLimit)?.value;
    console.log(`from ${host.address}: sequence ${echo.sequence}, hop limit ${hops}, ${elapsed.toFixed(3)} ms${again}`);
    if (again === "") answered.set(echo.sequence, elapsed);
    if (answered.size === count) end.abort();
  }

  const watch = socket.watch(POLLIN, (ready) => {
    if ((ready & POLLNVAL) !== 0) return;
    for (let error; (error = socket.tryReceiveError()) !== null;) onError(error); // when it went, before what it got
    try {
      for (let message; (message = socket.tryReceiveMessage({ buffers: [buffer] })) !== null;) onMessage(message);
    } catch (error) {
      if (!(error instanceof SocketError)) throw error; // else an error has just come: it is in the queue
    }
  });
  process.once("SIGINT", () => end.abort());
  const request = new Uint8Array(8 + PAYLOAD.length);
  for (let sequence = 0; sequence < count && !end.signal.aborted; sequence++) {
    const fields = { identifier, sequence, payload: PAYLOAD };
    if (ipv4) packet.writeIcmp(request, 0, { ...fields, type: packet.ICMP_ECHO });
    else packet.writeIcmpv6(request, 0, { ...fields, type: packet.ICMPV6_ECHO_REQUEST, checksum: 0 }); // the kernel's
    sent[sequence] = now();
    try {
      socket.send(request);
      order.push(sequence);
    } catch (error) {
      console.log(`${error}`); // no route, or what an ICMP message has said before
    }
    const patience = sequence === count - 1 ? LAST_PATIENCE : interval;
    await sleep(patience, undefined, { signal: end.signal }).catch(() => undefined);
  }
  watch.close();

  const times = [...answered.values()];
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const average = mean(times);
  const deviation = Math.sqrt(mean(times.map((time) => (time - average) ** 2)));
  const loss = (1 - times.length / sent.length) * 100;
  console.log(`${sent.length} sent, ${times.length} received, ${loss.toFixed(0)} % lost`);
  const figures = [Math.min(...times), average, Math.max(...times), deviation].map((time) => time.toFixed(3));
  if (times.length > 0) console.log(`min/avg/max/mdev ${figures.join("/")} ms`);
  return times.length;
}

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    4: { type: "boolean", short: "4" },
    6: { type: "boolean", short: "6" },
    count: { type: "string", short: "c" },
    interval: { type: "string", short: "i" },
  },
});
const demonstration = positionals.length === 0;
const count = Number(flags.count ?? (demonstration ? 3 : 4));
const interval = Number(flags.interval ?? (demonstration ? 0.1 : 1)) * 1000;
for (const host of demonstration ? ["127.0.0.1", "::1"] : positionals) {
  let answers = 0;
  try {
    answers = await ping(resolve(host, flags), count, interval);
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
    console.log(`${error.kind === "permission-denied" ? "needs CAP_NET_RAW: " : ""}${error.message}`);
  }
  if (answers === 0 && !demonstration) process.exitCode = 1;
}
