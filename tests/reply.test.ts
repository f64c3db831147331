// Answers leave from the address and interface that the question came to.

import { beforeAll, describe, expect, test } from "bun:test";
import { AF_INET, AF_INET6, AF_UNIX, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM } from "./support/constants.ts";
import {
  Cancellable,
  InetSocketAddress,
  PacketInfo,
  type ReceivedMessage,
  Socket,
  UnixSocketAddress,
} from "../src/index.ts";
import { type Ending, runChild } from "./support/child.ts";
import {
  loopbackName,
  connectedPair,
  addressOf,
  families,
  Folder,
  haveIPv6,
  SOON,
  TcpPair,
  UdpPair,
  udpSocket,
} from "./support/sockets.ts";
import { throwsKind, throwsNaming, wrong } from "./support/throws.ts";

const soon = { timeout: SOON };
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const noIPv6 = haveIPv6 ? "" : " (skipped: no IPv6 here)";

function portOf(socket: Socket): number {
  return (addressOf(socket) as InetSocketAddress).port;
}

function receive(socket: Socket): ReceivedMessage {
  return socket.receiveMessage({ buffers: [new Uint8Array(100)] }, soon);
}

/** A socket that may be reached by every address of this host, and is told by which. */
function server(family: number, told = true): Socket {
  const socket = new Socket(family, SOCK_DGRAM);
  socket.bind(family === AF_INET ? "0.0.0.0:0" : "[::]:0");
  if (told) socket.receiveControl(PacketInfo);
  return socket;
}

/** Asks over one address, and lets the server reply: from where the answer comes. */
function answerFrom(client: Socket, asked: Socket, host: string): string {
  client.sendTo("question", { address: host, port: portOf(asked) });
  expect(asked.reply(receive(asked), "answer")).toBe(6);
  const { data, address } = client.receiveBytesFrom(100, soon);
  expect(text(data)).toBe("answer");
  const from = address as InetSocketAddress;
  expect(from.port).toBe(portOf(asked));
  return String(from.address);
}

const hosts = [2, 3, 4, 5, 6, 7, 8, 9].map((last) => `127.0.0.${last}`);

describe("reply", () => {
  test("comes from the IPv4 address that was asked, of many", () => {
    using asked = server(AF_INET);
    using client = udpSocket();
    expect(hosts.map((host) => answerFrom(client, asked, host))).toEqual(hosts);
    expect(answerFrom(client, asked, "127.0.0.1")).toBe("127.0.0.1");
  });

  test.skipIf(!haveIPv6)(`comes from it on a dual-stack socket too, over IPv4 and IPv6${noIPv6}`, () => {
    using asked = server(AF_INET6);
    using four = udpSocket();
    using six = udpSocket(AF_INET6);
    expect(hosts.map((host) => answerFrom(four, asked, host))).toEqual(hosts);
    expect(answerFrom(six, asked, "::1")).toBe("::1");
  });

  test("reaches a client that is connected, and so hears from nobody else", () => {
    using asked = server(AF_INET);
    for (const host of hosts) {
      using client = new Socket(AF_INET, SOCK_DGRAM);
      client.connect({ address: host, port: portOf(asked) });
      client.send("question");
      asked.reply(receive(asked), `from ${host}`);
      expect(text(client.receiveBytes(100, soon))).toBe(`from ${host}`);
    }
  });

  test.each(families.map(([name, family]) => ({ name, family })))(
    "to a multicast or broadcast question comes from an address of this host, on an $name socket",
    ({ family }) => {
      using asked = server(family);
      asked.joinMulticastGroup("239.192.9.9", { interface: loopbackName });
      using client = udpSocket();
      client.multicastInterface = loopbackName;
      client.broadcast = true;
      expect(answerFrom(client, asked, "239.192.9.9")).toBe("127.0.0.1");
      expect(answerFrom(client, asked, "127.255.255.255")).toBe("127.0.0.1");
    },
  );

  test("is to the message that it is given, whatever was received after it", () => {
    using asked = server(AF_INET);
    const clients = hosts.map(() => udpSocket());
    const messages = clients.map((client, index) => {
      client.sendTo(`${index}`, { address: hosts[index] as string, port: portOf(asked) });
      return receive(asked);
    });
    for (const [index, message] of [...messages.entries()].reverse()) asked.reply(message, `to ${index}`);
    for (const [index, client] of clients.entries()) {
      const { data, address } = client.receiveBytesFrom(100, soon);
      expect([text(data), String(address)]).toEqual([`to ${index}`, `${hosts[index]}:${portOf(asked)}`]);
      client.close();
    }
  });

  test("may be bytes, text, or nothing at all, and be sent twice", () => {
    using asked = server(AF_INET);
    using client = udpSocket();
    client.sendTo("question", { address: "127.0.0.3", port: portOf(asked) });
    const message = receive(asked);
    expect([
      asked.reply(message, Uint8Array.of(1, 2)),
      asked.reply(message, ""),
      asked.reply(message, "grüße"),
    ]).toEqual([2, 0, 7]);
    expect([0, 1, 2].map(() => client.receiveFrom(new Uint8Array(9), soon).size)).toEqual([2, 0, 7]);
  });

  test.each(families.map(([name, family]) => ({ name, family })))(
    "needs PacketInfo on a socket that is bound to no address, over $name, and says how to get it",
    ({ family }) => {
      using asked = server(family, false);
      using client = udpSocket(family);
      const address = { address: family === AF_INET ? "127.0.0.1" : "::1", port: portOf(asked) };
      client.sendTo("question", address);
      const message = receive(asked);
      throwsNaming(() => asked.reply(message, "answer"), TypeError, "receiveControl(PacketInfo)");
      // asked for after it came it is too late for this one
      asked.receiveControl(PacketInfo);
      throwsNaming(() => asked.reply(message, "answer"), TypeError, "receiveControl(PacketInfo)");
      // and without room for control messages it is lost
      client.sendTo("question", address);
      const cut = asked.receiveMessage({ buffers: [new Uint8Array(9)], controlSize: 0 }, soon);
      throwsNaming(() => asked.reply(cut, "answer"), TypeError, "receiveControl(PacketInfo)");
      expect(client.tryReceive(new Uint8Array(9))).toBe(-1);
    },
  );

  test.each(families.map(([name, family]) => ({ name, family })))(
    "needs none on a socket that is bound to one address, over $name, and uses it when it is there",
    ({ family }) => {
      using asked = udpSocket(family);
      using client = udpSocket(family);
      const host = family === AF_INET ? "127.0.0.1" : "::1";
      expect(answerFrom(client, asked, host)).toBe(host);
      asked.receiveControl(PacketInfo);
      expect(answerFrom(client, asked, host)).toBe(host);
    },
  );

  test("works on a socket that is connected", () => {
    using pair = new UdpPair();
    pair.a.send("question");
    pair.b.reply(receive(pair.b), "answer");
    expect(text(pair.a.receiveBytes(100, soon))).toBe("answer");
  });

  test("goes to a unix datagram socket by its path, or its name", () => {
    using folder = new Folder();
    using asked = new Socket(AF_UNIX, SOCK_DGRAM);
    asked.bind(new UnixSocketAddress(folder.file("server")));
    for (const own of [new UnixSocketAddress(folder.file("client")), new UnixSocketAddress()]) {
      using client = new Socket(AF_UNIX, SOCK_DGRAM);
      client.bind(own);
      client.sendTo("question", addressOf(asked));
      asked.reply(receive(asked), "answer");
      expect(text(client.receiveBytes(100, soon))).toBe("answer");
    }
  });

  test("cannot go to a unix socket without a name, and says so", () => {
    using asked = new Socket(AF_UNIX, SOCK_DGRAM);
    asked.bind(new UnixSocketAddress());
    using client = new Socket(AF_UNIX, SOCK_DGRAM);
    client.sendTo("question", addressOf(asked));
    const message = receive(asked);
    throwsNaming(() => asked.reply(message, "answer"), TypeError, "not bound to a name");
  });

  test("is not for connections: they have send", () => {
    using tcp = new TcpPair();
    tcp.client.send(Uint8Array.of(1));
    const overTcp = receive(tcp.server);
    throwsNaming(() => tcp.server.reply(overTcp, "answer"), TypeError, "send()");
    for (const type of [SOCK_STREAM, SOCK_SEQPACKET]) {
      const [a, b] = connectedPair(type);
      using _a = a;
      using _b = b;
      a.send(Uint8Array.of(1));
      const message = receive(b);
      throwsNaming(() => b.reply(message, "answer"), TypeError, "send()");
    }
  });

  test("refuses what is no message, no data and no option, and sends nothing", () => {
    using asked = server(AF_INET);
    using client = udpSocket();
    client.sendTo("question", { address: "127.0.0.2", port: portOf(asked) });
    const message = receive(asked);
    for (const none of [undefined, null, 5, {}, { address: message.address, control: message.control }]) {
      throwsNaming(
        () => asked.reply(wrong(none), "answer"),
        TypeError,
        "message must be what receiveMessage() returned",
      );
    }
    for (const none of [undefined, null, 5, ["answer"]]) {
      throwsNaming(() => asked.reply(message, wrong(none)), TypeError, "buffers[0]");
    }
    throwsNaming(() => asked.reply(message, "answer", wrong(5)), TypeError, "options");
    using cancellable = new Cancellable();
    cancellable.cancel();
    throwsKind(() => asked.reply(message, "answer", { cancellable }), "cancelled");
    throwsKind(() => asked.reply(message, new Uint8Array(65_508)), "message-too-large");
    expect(client.tryReceive(new Uint8Array(9))).toBe(-1);
    asked.close();
    throwsKind(() => asked.reply(message, "answer"), "closed");
  });

  test.skipIf(!haveIPv6)(
    `may leave by another socket, of another family even, and comes from the address all the same${noIPv6}`,
    () => {
      using asked = server(AF_INET);
      using other = new Socket(AF_INET6, SOCK_DGRAM);
      using client = udpSocket();
      client.sendTo("question", { address: "127.0.0.2", port: portOf(asked) });
      const message = receive(asked);
      other.bind("[::]:0");
      other.reply(message, "answer");
      expect(String(client.receiveBytesFrom(9, soon).address)).toBe(`127.0.0.2:${portOf(other)}`);
    },
  );
});

const root = process.getuid?.() === 0;
const canUnshare =
  root && Bun.which("ip") !== null && Bun.which("unshare") !== null && Bun.spawnSync(["unshare", "-n", "true"]).success;
const note = canUnshare && haveIPv6 ? "" : " (skipped: needs root, unshare, ip and IPv6)";

describe.skipIf(!canUnshare || !haveIPv6)(`on a host with several IPv6 addresses${note}`, () => {
  const addresses = ["fd00:b::1", "fd00:b::2", "fd00:b::3", "fe80::b", "fe80::c"];
  // gone with the program; one end of the pair is enough for the kernel to deliver to its own addresses
  const through = [
    ...["unshare", "-n", "sh", "-c"],
    `ip link set lo up && ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up &&
      for a in ${addresses.join(" ")}; do ip -6 addr add $a/64 dev v0 nodad; done && exec "$0" "$@"`,
  ];

  let ending: Ending;
  beforeAll(async () => {
    ending = await runChild(
      `
      const { PacketInfo, ReceiveBatch, SendBatch } = berkeley;
      const soon = { timeout: 4000 };
      const asked = new Socket(AF_INET6, SOCK_DGRAM);
      asked.bind("[::]:0");
      asked.receiveControl(PacketInfo);
      asked.joinMulticastGroup("ff02::9:9", { interface: "v0" });
      const { port } = asked.localAddress;
      const client = new Socket(AF_INET6, SOCK_DGRAM);
      client.bind("[::]:0");
      client.multicastInterface = "v0";
      const inn = new ReceiveBatch({ capacity: 4, size: 100 });
      const out = new SendBatch({ capacity: 4, size: 100 });
      const answers = {};
      for (const host of [...${JSON.stringify(addresses)}, "::1", "ff02::9:9"]) {
        const scoped = host.startsWith("fe80") ? host + "%v0" : host;
        client.sendTo("question", { address: scoped, port });
        asked.reply(asked.receiveMessage({ buffers: [new Uint8Array(100)] }, soon), "answer");
        const alone = client.receiveBytesFrom(100, soon).address.address;
        client.sendTo("question", { address: scoped, port });
        asked.receiveMessages(inn, soon);
        out.clear();
        out.reply(inn, 0, "answer");
        asked.sendMessages(out, soon);
        const batched = client.receiveBytesFrom(100, soon).address.address;
        answers[host] = [String(alone), String(batched)];
      }
      report(answers);
      `,
      { through },
    );
  });

  test.each([...addresses, "::1"])("a reply comes from the one that was asked: %s", (host) => {
    const answers = ending.report as Readonly<Record<string, readonly string[]>> | undefined;
    if (answers === undefined) throw new Error(ending.stderr);
    const from = host.startsWith("fe80") ? `${host}%v0` : host;
    expect(answers[host]?.map((each) => each.replace(/%\d+$/, "%v0"))).toEqual([from, from]);
  });

  test("a reply to a multicast question comes from an address of this host", () => {
    const answers = ending.report as Readonly<Record<string, readonly string[]>>;
    for (const from of answers["ff02::9:9"] ?? ["none"]) expect(addresses).toContain(from.replace(/%.*$/, ""));
  });
});
