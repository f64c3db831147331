// traceroute: which routers are between here and there. UDP datagrams that may pass one router, two, three, ...; each that has
// passed its last comes back as an ICMP error, which the error queue of its socket gives us, with who sent it. No privilege needed.
//
//   bun examples/21-traceroute.ts [-4|-6] [-m hops] [-q probes] [-w seconds] [-p port] host        without a host: loopback

import { parseArgs } from "node:util";
import {
  AF_INET,
  HopLimit,
  InetSocketAddress,
  QueuedError,
  Socket,
  SOCK_DGRAM,
  SocketError,
  Timestamp,
} from "berkeley";
import { resolve } from "./support/host.ts";
import { askForTimes, now, sendTime } from "./support/kernel-time.ts";

interface Answer {
  readonly from: string;
  readonly milliseconds: number;
  /** "!H" and so on, where it was no ordinary answer. */
  readonly mark: string;
  /** Whether there is nothing behind. */
  readonly last: boolean;
}

/** One probe, on a socket of its own: what is in its error queue is the answer to it, and to nothing else. */
async function probe(target: InetSocketAddress, hops: number, timeout: number): Promise<Answer | undefined> {
  using socket = new Socket(target.family, SOCK_DGRAM);
  socket.receiveControl(QueuedError);
  askForTimes(socket);
  let sent = now();
  socket.sendMessage({ buffers: ["who is there?"], address: target, control: [new HopLimit(hops)] });
  try {
    for (;;) {
      const message = await socket.receiveErrorAsync(undefined, { timeout });
      const stamp = sendTime(message); // first comes when it was sent
      if (stamp !== undefined) sent = stamp.time;
      const error = message.control.get(QueuedError);
      if (!(error?.offender instanceof InetSocketAddress)) continue;
      const received = message.control.get(Timestamp)?.epochNanoseconds ?? now();
      const mark = markOf(error, target.family === AF_INET);
      const milliseconds = Number(received - sent) / 1e6;
      return { from: `${error.offender.address}`, milliseconds, mark: mark ?? "", last: mark !== undefined };
    }
  } catch (error) {
    if (error instanceof SocketError && error.kind === "timed-out") return undefined;
    throw error;
  }
}

/** What traceroute(8) says: undefined for a router that has counted to zero, nothing for the host itself. */
function markOf({ icmpType, icmpCode }: QueuedError, ipv4: boolean): string | undefined {
  const [timeExceeded, unreachable] = ipv4 ? [11, 3] : [3, 1];
  if (icmpType === timeExceeded) return undefined;
  if (icmpType !== unreachable) return `!<${icmpType}-${icmpCode}>`;
  const marks: Record<number, string> = ipv4
    ? { 0: "!N", 1: "!H", 2: "!P", 3: "", 4: "!F", 9: "!X", 10: "!X", 13: "!X" }
    : { 0: "!N", 1: "!X", 2: "!S", 3: "!H", 4: "", 5: "!X", 6: "!X" };
  return marks[icmpCode] ?? `!<${icmpCode}>`;
}

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    4: { type: "boolean", short: "4" },
    6: { type: "boolean", short: "6" },
    hops: { type: "string", short: "m", default: "30" },
    probes: { type: "string", short: "q", default: "3" },
    wait: { type: "string", short: "w", default: "1" },
    port: { type: "string", short: "p", default: "33434" }, // from here on there should be no server
  },
});
const [hops, probes, port, timeout] = [+flags.hops, +flags.probes, +flags.port, +flags.wait * 1000];
const host = positionals[0] ?? "127.0.0.1";
try {
  const { address } = resolve(host, flags);
  console.log(`traceroute to ${host} (${address}), ${hops} hops at most`);
  for (let hop = 1, arrived = false; hop <= hops && !arrived; hop++) {
    // all probes of a hop at once; each to a port of its own, because routers may choose among ways by it
    const ports = Array.from({ length: probes }, (_, index) => port + (hop - 1) * probes + index);
    const answers = await Promise.all(ports.map((to) => probe(new InetSocketAddress(address, to), hop, timeout)));
    let before = "";
    const shown = answers.map((answer) => {
      if (answer === undefined) return "*";
      const { from, milliseconds, mark } = answer;
      const name = from === before ? "" : `${from} `;
      before = from;
      return `${name}${milliseconds.toFixed(3)} ms${mark && ` ${mark}`}`;
    });
    console.log(`${`${hop}`.padStart(2)}  ${shown.join("  ")}`);
    arrived = answers.some((answer) => answer?.last);
  }
} catch (error) {
  if (!(error instanceof SocketError)) throw error;
  console.log(error.message);
  process.exitCode = 1;
}
