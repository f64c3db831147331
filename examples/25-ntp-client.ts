// How wrong is this clock? Asks an NTP server (RFC 5905) for the time, and takes the times of sending and receiving from the kernel,
// so that it does not matter when this program gets round to it. It only tells; it sets no clock.
//
//   bun examples/25-ntp-client.ts [-4|-6] [-c samples] [-p port] server
//
// Without a server it asks one of its own on loopback, whose clock is one and a half seconds ahead.

import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { AF_INET, InetSocketAddress, POLLIN, Socket, SOCK_DGRAM, SocketError, Timestamp } from "berkeley";
import { resolve } from "./support/host.ts";
import { askForTimes, now, sendTime } from "./support/kernel-time.ts";

const SECOND = 1_000_000_000n;
const UNIX = 2_208_988_800n; // 1970, in seconds since 1900
const [CLIENT, SERVER, VERSION] = [3, 4, 4 << 3];
const PATIENCE = 2000;
const LATIN = new TextDecoder("latin1");

class Refusal extends Error {}

interface Sample {
  /** What to add to this clock, in nanoseconds. */
  readonly offset: bigint;
  /** How long the packets were under way, there and back. */
  readonly delay: bigint;
  readonly stratum: number;
}

/** 32 bits of seconds since 1900, 32 of fraction. */
function toNtp(time: bigint): bigint {
  return BigInt.asUintN(32, time / SECOND + UNIX) * 0x1_0000_0000n + ((time % SECOND) << 32n) / SECOND;
}

/** The seconds begin again in 2036: of the times that look so, the one that is next to ours. */
function fromNtp(stamp: bigint, near: bigint): bigint {
  const time = ((stamp >> 32n) - UNIX) * SECOND + (((stamp & 0xffff_ffffn) * SECOND) >> 32n);
  const era = 0x1_0000_0000n * SECOND;
  return time + ((near - time + (near > time ? era / 2n : -era / 2n)) / era) * era;
}

async function ask(server: InetSocketAddress): Promise<Sample> {
  using socket = new Socket(server.family, SOCK_DGRAM);
  askForTimes(socket);
  socket.connect(server); // only it may answer
  const request = new Uint8Array(48);
  request[0] = VERSION | CLIENT;
  crypto.getRandomValues(request.subarray(40)); // it comes back, from the server only; our time is nobody's business
  let sent = now();
  socket.send(request);

  const buffer = new Uint8Array(1024);
  for (const deadline = performance.now() + PATIENCE; ;) {
    await socket.conditionWaitAsync(POLLIN, { timeout: Math.max(deadline - performance.now(), 0) });
    for (let error; (error = socket.tryReceiveError()) !== null;) sent = sendTime(error)?.time ?? sent;
    const message = socket.tryReceiveMessage({ buffers: [buffer] });
    if (message === null || message.size < 48) continue;
    const view = new DataView(buffer.buffer);
    const [mode, leap, stratum] = [view.getUint8(0) & 7, view.getUint8(0) >> 6, view.getUint8(1)];
    if (mode !== SERVER || !buffer.subarray(24, 32).every((byte, index) => byte === request[40 + index])) continue;
    if (stratum === 0)
      throw new Refusal(`${server} refuses: ${LATIN.decode(buffer.subarray(12, 16)).replace(/\W/g, "?")}`);
    if (leap === 3 || stratum > 15) throw new Refusal(`${server} does not know the time itself`);

    const received = message.control.get(Timestamp)?.epochNanoseconds ?? now();
    const [arrived, left] = [fromNtp(view.getBigUint64(32), sent), fromNtp(view.getBigUint64(40), sent)];
    return { offset: (arrived - sent + left - received) / 2n, delay: received - sent - (left - arrived), stratum };
  }
}

/** A server whose clock is so much ahead, until its socket is closed. */
async function serve(socket: Socket, ahead: bigint): Promise<void> {
  socket.receiveControl(Timestamp);
  for await (const batch of socket.batches({ capacity: 16, size: 128 })) {
    for (let index = 0; index < batch.length; index++) {
      const [request, address] = [batch.data(index), batch.address(index)];
      if (request.length < 48 || ((request[0] as number) & 7) !== CLIENT || address === null) continue;
      const arrived = batch.control(index, Timestamp)?.epochNanoseconds ?? now();
      const reply = new Uint8Array(48);
      reply.set([VERSION | SERVER, 1, 0, 0xec]); // stratum 1
      reply.set(request.subarray(40, 48), 24);
      new DataView(reply.buffer).setBigUint64(32, toNtp(arrived + ahead));
      new DataView(reply.buffer).setBigUint64(40, toNtp(now() + ahead));
      await socket.sendToAsync(reply, address);
    }
  }
}

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    4: { type: "boolean", short: "4" },
    6: { type: "boolean", short: "6" },
    count: { type: "string", short: "c" },
    port: { type: "string", short: "p", default: "123" },
  },
});
const seconds = (time: bigint): string => `${(Number(time) / 1e9).toFixed(6)} s`;
const own = new Socket(AF_INET, SOCK_DGRAM);
try {
  const name = positionals[0];
  if (name === undefined) own.bind("127.0.0.1:0");
  const serving = name === undefined ? serve(own, (3n * SECOND) / 2n) : undefined;
  const server =
    name === undefined ? (own.localAddress as InetSocketAddress) : resolve(name, flags, Number(flags.port));
  const samples: Sample[] = [];
  for (let left = Number(flags.count ?? (serving ? 4 : 1)); left > 0; left--) {
    const { offset, delay, stratum } = await ask(server);
    samples.push({ offset, delay, stratum });
    console.log(
      `${server}: stratum ${stratum}, offset ${offset > 0n ? "+" : ""}${seconds(offset)}, delay ${seconds(delay)}`,
    );
    if (serving === undefined && left > 1) await sleep(2000); // servers want to be asked slowly
  }
  const best = samples.reduce((one, other) => (other.delay < one.delay ? other : one)); // the less delay, the less doubt
  const direction = best.offset > 0n ? "behind" : "ahead";
  console.log(
    `this clock is ${seconds(best.offset).replace("-", "")} ${direction}, give or take ${seconds(best.delay / 2n)}`,
  );
  own.close();
  await serving;
} catch (error) {
  if (!(error instanceof SocketError || error instanceof Refusal)) throw error;
  console.log(error.message);
  process.exitCode = 1;
} finally {
  own.close();
}
