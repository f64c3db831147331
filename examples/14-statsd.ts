// StatsD over a unix datagram socket: metrics that cost a system call each, or one for 64, and that never hold up the program.

import { AF_UNIX, ReceiveBatch, SendBatch, Socket, SOCK_DGRAM, UnixSocketAddress, WOULD_BLOCK } from "berkeley";

// the agent's socket: an address that the kernel chooses, where a real one has a path like /var/run/datadog/dsd.socket
using agent = new Socket(AF_UNIX, SOCK_DGRAM);
agent.bind(new UnixSocketAddress());

using metrics = new Socket(AF_UNIX, SOCK_DGRAM);
metrics.connect(agent.localAddress);

// one by one: what does not fit into the agent's queue is dropped, as over UDP, but here it is known
const before = metrics.trySend("requests:1|c");
if (before === WOULD_BLOCK) console.log("the agent is busy: dropped");

// many at once: sendmmsg(2)
const batch = new SendBatch({ capacity: 8, size: 512 });
for (let request = 1; request < 8; request++) batch.push(`latency:${request * 1.5}|ms\nrequests:1|c`);
metrics.sendMessages(batch);

// the agent: all that is queued in one call
const received = new ReceiveBatch({ capacity: 64, size: 512 });
const counters = new Map<string, number>();
const timings: number[] = [];
agent.receiveMessages(received, { timeout: 1000 });
for (let index = 0; index < received.length; index++) {
  for (const line of new TextDecoder().decode(received.data(index)).split("\n")) {
    const [, name = "", value = "", kind] = /^(.*):(.*)\|(\w+)$/.exec(line) ?? [];
    if (kind === "c") counters.set(name, (counters.get(name) ?? 0) + Number(value));
    else timings.push(Number(value));
  }
}
console.log(`${received.length} datagrams: requests ${counters.get("requests")}, latencies ${timings.join(" ")} ms`);
