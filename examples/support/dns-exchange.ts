// How messages of DNS go over TCP, and a client that asks over UDP and TCP.

import { createConnection, type InetSocketAddress, Socket, type SocketConnection, SOCK_DGRAM } from "berkeley";
import * as dns from "./dns-message.ts";

/** For one message over TCP, in milliseconds. */
export const PATIENCE = 10_000;

/** Two bytes say how long a message is: RFC 1035 section 4.2.2. In one piece with it: RFC 7766 section 8. */
export function withLength(message: Uint8Array): Uint8Array {
  return Uint8Array.of(message.length >>> 8, message.length & 0xff, ...message);
}

/** The next message of a stream; undefined at its end. @throws SocketError kind "timed-out" for one that takes too long */
export async function readMessage(stream: SocketConnection): Promise<Uint8Array | undefined> {
  const deadline = performance.now() + PATIENCE; // for all of it: one byte each nine seconds is not enough
  const fill = async (buffer: Uint8Array): Promise<boolean> => {
    for (let filled = 0; filled < buffer.length;) {
      const timeout = Math.max(deadline - performance.now(), 0);
      const size = await stream.read(buffer.subarray(filled), { timeout });
      if (size === 0) return false;
      filled += size;
    }
    return true;
  };
  const head = new Uint8Array(2);
  if (!(await fill(head))) return undefined;
  const message = new Uint8Array(new DataView(head.buffer).getUint16(0));
  return (await fill(message)) ? message : undefined;
}

/** A client: asks over UDP first, and over TCP if that was too short; what it has learned, in a line. */
export async function ask(server: InetSocketAddress, name: string, type: number): Promise<string> {
  const id = crypto.getRandomValues(new Uint16Array(1))[0] as number;
  const question = dns.encodeMessage({ id, flags: dns.RECURSION_DESIRED, questions: [{ name, type, class: dns.IN }] });
  using socket = new Socket(server.family, SOCK_DGRAM);
  socket.connect(server);
  socket.send(question);
  let message = dns.decodeMessage(await socket.receiveBytesAsync(512, { timeout: 2000 }));
  let way = "UDP";
  if (message !== undefined && (message.flags & dns.TRUNCATED) !== 0) {
    await using stream = await createConnection({ hostname: `${server.address}`, port: server.port, timeout: 2000 });
    await stream.write(withLength(question));
    message = dns.decodeMessage((await readMessage(stream)) ?? new Uint8Array());
    way = "TCP, because it does not fit a datagram";
  }
  if (message?.id !== id) throw new Error("that is no answer to the question");
  const code = message.flags & 0xf;
  const all = message.answers.map(({ data }) => `${data}`);
  const shown = all.length > 3 ? `${all.slice(0, 2).join(" ")} and ${all.length - 2} more` : all.join(" ");
  return `${name}: ${code === dns.NO_SUCH_NAME ? "no such name" : shown || "nothing of that type"} (${way})`;
}
