// batch.reply: answers leave from the address that each datagram came to.

import { describe, expect, test } from "bun:test";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  SO_RCVBUF,
  SOCK_DGRAM,
  SOL_SOCKET,
} from "./support/constants.ts";
import {
  InetAddress,
  InetSocketAddress,
  PacketInfo,
  ReceiveBatch,
  SendBatch,
  Socket,
  TrafficClass,
  UnixSocketAddress,
} from "../src/index.ts";
import { arriving, nothingCame, text, texts } from "./support/batches.ts";
import { connectedPair, addressOf, families, haveIPv6, SOON, UdpPair, udpSocket } from "./support/sockets.ts";
import { throwsNaming, wrong } from "./support/throws.ts";

const soon = { timeout: SOON };
const all = { ...soon, waitAll: true };

/** A socket that many addresses of this host reach. */
function wildcard(family: number = AF_INET): { socket: Socket; port: number } {
  const socket = new Socket(family, SOCK_DGRAM);
  socket.setOption(SOL_SOCKET, SO_RCVBUF, 1 << 20); // for hundreds of datagrams
  if (family === AF_INET6) socket.setOption(IPPROTO_IPV6, IPV6_V6ONLY, false);
  socket.bind(family === AF_INET6 ? "[::]:0" : "0.0.0.0:0");
  return { socket, port: portOf(socket) };
}

function portOf(socket: Socket): number {
  return (addressOf(socket) as InetSocketAddress).port;
}

/** The host of an address, v4-mapped or not. */
function hostOf(address: unknown): string {
  return String((address as InetSocketAddress).unmapped().address);
}

/** Answers everything in a batch with the same data. */
function answerAll(from: ReceiveBatch): SendBatch {
  const out = new SendBatch({ capacity: Math.max(from.length, 1), size: 100 });
  for (let index = 0; index < from.length; index++) expect(out.reply(from, index, from.data(index))).toBe(true);
  return out;
}

const hosts = Array.from({ length: 8 }, (_, index) => `127.0.0.${index + 2}`);

describe("reply on a socket that is bound to all addresses, with PacketInfo", () => {
  test("answers from 127.0.0.2 to 127.0.0.9, whichever each datagram came to", () => {
    const { socket: server, port } = wildcard();
    using _server = server;
    server.receiveControl(PacketInfo);
    using client = udpSocket();
    for (const host of hosts) client.sendTo(`to ${host}`, new InetSocketAddress(host, port));
    const inn = new ReceiveBatch({ capacity: 8, size: 100 });
    expect(server.receiveMessages(inn, all)).toBe(8);
    expect(server.sendMessages(answerAll(inn))).toBe(8);
    const answers = new ReceiveBatch({ capacity: 8, size: 100 });
    expect(client.receiveMessages(answers, all)).toBe(8);
    expect(hosts.map((_, index) => [text(answers.data(index)), hostOf(answers.address(index))])).toEqual(
      hosts.map((host) => [`to ${host}`, host]),
    );
  });

  test("answers hundreds at once, of many clients", () => {
    const { socket: server, port } = wildcard();
    using _server = server;
    server.receiveControl(PacketInfo);
    using stack = new DisposableStack();
    const clients = Array.from({ length: 20 }, () => stack.use(udpSocket()));
    for (let round = 0; round < 2; round++) {
      for (const [number, client] of clients.entries()) {
        for (const host of hosts) client.sendTo(`${round}/${number}/${host}`, new InetSocketAddress(host, port));
      }
    }
    const inn = new ReceiveBatch({ capacity: 320, size: 100 });
    expect(server.receiveMessages(inn, all)).toBe(320);
    expect(server.sendMessages(answerAll(inn), soon)).toBe(320);
    for (const [number, client] of clients.entries()) {
      const answers = new ReceiveBatch({ capacity: 16, size: 100 });
      expect(client.receiveMessages(answers, all)).toBe(16);
      expect(texts(answers).map((each, index) => [each, hostOf(answers.address(index))])).toEqual(
        [0, 1].flatMap((round) => hosts.map((host) => [`${round}/${number}/${host}`, host])),
      );
    }
  });

  test("is a connected client's answer: it takes nothing from anywhere else", () => {
    const { socket: server, port } = wildcard();
    using _server = server;
    server.receiveControl(PacketInfo);
    using client = udpSocket();
    client.connect(new InetSocketAddress("127.0.0.7", port));
    client.send("question");
    const inn = new ReceiveBatch({ capacity: 1, size: 100 });
    server.receiveMessages(inn, soon);
    expect(server.sendMessages(answerAll(inn))).toBe(1);
    expect(arriving(client, 1)).toEqual(["question"]);
  });

  test.skipIf(!haveIPv6)("answers over IPv6 (needs IPv6)", () => {
    const { socket: server, port } = wildcard(AF_INET6);
    using _server = server;
    server.receiveControl(PacketInfo);
    using client = udpSocket(AF_INET6);
    client.connect(new InetSocketAddress("::1", port));
    for (const each of ["one", "two"]) client.send(each);
    const inn = new ReceiveBatch({ capacity: 2, size: 100 });
    expect(server.receiveMessages(inn, all)).toBe(2);
    expect(String(inn.control(0, PacketInfo)?.destination)).toBe("::1");
    expect(server.sendMessages(answerAll(inn))).toBe(2);
    expect(arriving(client, 2)).toEqual(["one", "two"]);
  });

  test.skipIf(!haveIPv6)(
    "answers IPv4 peers of a dual-stack socket from the IPv4 address they asked (needs IPv6)",
    () => {
      const { socket: server, port } = wildcard(AF_INET6);
      using _server = server;
      server.receiveControl(PacketInfo);
      using four = udpSocket(AF_INET);
      using six = udpSocket(AF_INET6);
      for (const host of hosts) four.sendTo(`to ${host}`, new InetSocketAddress(host, port));
      six.sendTo("to ::1", new InetSocketAddress("::1", port));
      const inn = new ReceiveBatch({ capacity: 9, size: 100 });
      expect(server.receiveMessages(inn, all)).toBe(9);
      expect(server.sendMessages(answerAll(inn))).toBe(9);
      const answers = new ReceiveBatch({ capacity: 8, size: 100 });
      expect(four.receiveMessages(answers, all)).toBe(8);
      expect(texts(answers).map((each, index) => [each, hostOf(answers.address(index))])).toEqual(
        hosts.map((host) => [`to ${host}`, host]),
      );
      const { data, address } = six.receiveBytesFrom(100, soon);
      expect([text(data), hostOf(address)]).toEqual(["to ::1", "::1"]);
    },
  );

  test("goes with joined datagrams received, each answered", () => {
    const { socket: server, port } = wildcard();
    using _server = server;
    server.receiveControl(PacketInfo);
    using client = udpSocket();
    const inn = new ReceiveBatch({ capacity: 4, size: 100, segmentation: "auto" });
    server.tryReceiveMessages(inn);
    const questions = new SendBatch({ capacity: 20, size: 10, segmentation: "auto" });
    const expected = Array.from({ length: 20 }, (_, index) => `q${index}`.padEnd(5));
    for (const each of expected) questions.push(each, new InetSocketAddress("127.0.0.6", port));
    expect(client.sendMessages(questions)).toBe(20);
    expect(server.receiveMessages(inn, soon)).toBe(20);
    expect(server.sendMessages(answerAll(inn))).toBe(20);
    const answers = new ReceiveBatch({ capacity: 20, size: 100 });
    expect(client.receiveMessages(answers, all)).toBe(20);
    expect(texts(answers)).toEqual(expected);
    expect(expected.map((_, index) => hostOf(answers.address(index)))).toEqual(Array(20).fill("127.0.0.6"));
  });

  test("copies what it needs: the batch of questions may be used again before the answers go", () => {
    const { socket: server, port } = wildcard();
    using _server = server;
    server.receiveControl(PacketInfo);
    using first = udpSocket();
    using second = udpSocket();
    const inn = new ReceiveBatch({ capacity: 1, size: 100 });
    const out = new SendBatch({ capacity: 2, size: 100 });
    first.sendTo("first", new InetSocketAddress("127.0.0.2", port));
    server.receiveMessages(inn, soon);
    out.reply(inn, 0, inn.data(0));
    second.sendTo("second", new InetSocketAddress("127.0.0.3", port));
    server.receiveMessages(inn, soon);
    out.reply(inn, 0, inn.data(0));
    inn.clear();
    expect(server.sendMessages(out)).toBe(2);
    const one = first.receiveBytesFrom(100, soon);
    const two = second.receiveBytesFrom(100, soon);
    expect([text(one.data), hostOf(one.address)]).toEqual(["first", "127.0.0.2"]);
    expect([text(two.data), hostOf(two.address)]).toEqual(["second", "127.0.0.3"]);
  });
});

describe("reply without PacketInfo", () => {
  test.each(families)("answers from the one address that the socket is bound to: %s", (_name, family) => {
    using server = udpSocket(family);
    using client = udpSocket(family);
    for (const each of ["one", "two"]) client.sendTo(each, server.localAddress);
    const inn = new ReceiveBatch({ capacity: 2, size: 100 });
    expect(server.receiveMessages(inn, all)).toBe(2);
    expect(server.sendMessages(answerAll(inn))).toBe(2);
    const { data, address } = client.receiveBytesFrom(100, soon);
    expect([text(data), String(address)]).toEqual(["one", String(server.localAddress)]);
    expect(arriving(client, 1)).toEqual(["two"]);
  });

  test("answers over unix datagram sockets", () => {
    using server = new Socket(AF_UNIX, SOCK_DGRAM);
    using client = new Socket(AF_UNIX, SOCK_DGRAM);
    server.bind(new UnixSocketAddress());
    client.bind(new UnixSocketAddress());
    client.sendTo("question", server.localAddress);
    const inn = new ReceiveBatch({ capacity: 2, size: 100 });
    server.receiveMessages(inn, soon);
    expect(server.sendMessages(answerAll(inn))).toBe(1);
    expect(arriving(client, 1)).toEqual(["question"]);
  });

  test.each(families)(
    "on a socket that is bound to all addresses is refused before anything is sent, naming the datagram: %s",
    (_name, family) => {
      const { socket: server, port } = wildcard(family);
      using _server = server;
      using client = udpSocket(family);
      client.sendTo("question", new InetSocketAddress(family === AF_INET6 ? "::1" : "127.0.0.1", port));
      const inn = new ReceiveBatch({ capacity: 2, size: 100 });
      server.receiveMessages(inn, soon);
      const out = new SendBatch({ capacity: 2, size: 100 });
      out.push("pushed", client.localAddress);
      out.reply(inn, 0, "answer");
      throwsNaming(() => server.sendMessages(out), TypeError, "datagram 1");
      throwsNaming(() => server.trySendMessages(out), TypeError, "receiveControl(PacketInfo)");
      nothingCame(client, (marker) => server.sendTo(marker, client.localAddress));
      out.clear();
      out.push("pushed", client.localAddress);
      expect(server.sendMessages(out)).toBe(1);
      expect(arriving(client, 1)).toEqual(["pushed"]);
    },
  );

  test("may go out over another socket, that has one address", () => {
    const { socket: server, port } = wildcard();
    using _server = server;
    using client = udpSocket();
    using other = udpSocket();
    client.sendTo("question", new InetSocketAddress("127.0.0.1", port));
    const inn = new ReceiveBatch({ capacity: 2, size: 100 });
    server.receiveMessages(inn, soon);
    expect(other.sendMessages(answerAll(inn))).toBe(1);
    expect(arriving(client, 1)).toEqual(["question"]);
  });
});

describe("reply", () => {
  test("is false on a full batch, which takes nothing", () => {
    using pair = new UdpPair();
    pair.a.send("question");
    const inn = new ReceiveBatch({ capacity: 2, size: 100 });
    pair.b.receiveMessages(inn, soon);
    const out = new SendBatch({ capacity: 1, size: 10 });
    expect(out.reply(inn, 0, "one")).toBe(true);
    expect(out.reply(inn, 0, "two")).toBe(false);
    expect(out.length).toBe(1);
    expect(pair.b.sendMessages(out)).toBe(1);
    expect(arriving(pair.a, 1)).toEqual(["one"]);
  });

  test("stands beside pushed datagrams, with other control messages", () => {
    const { socket: server, port } = wildcard();
    using _server = server;
    server.receiveControl(PacketInfo);
    using client = udpSocket();
    client.receiveControl(TrafficClass);
    client.sendTo("question", new InetSocketAddress("127.0.0.5", port));
    const inn = new ReceiveBatch({ capacity: 2, size: 100 });
    server.receiveMessages(inn, soon);
    const out = new SendBatch({ capacity: 3, size: 10 });
    const control = [new TrafficClass({ dscp: 8 }), new PacketInfo({ source: InetAddress.parse("127.0.0.8") })];
    out.push("pushed", client.localAddress, { control });
    out.reply(inn, 0, "answer");
    expect(server.sendMessages(out)).toBe(2);
    const got = new ReceiveBatch({ capacity: 2, size: 100 });
    client.receiveMessages(got, all);
    const seen = [0, 1].map((index) => [
      text(got.data(index)),
      hostOf(got.address(index)),
      got.control(index, TrafficClass)?.dscp,
    ]);
    expect(seen).toEqual([
      ["pushed", "127.0.0.8", 8],
      ["answer", "127.0.0.5", 0],
    ]);
  });

  test("of wrong arguments is an error that names them, and takes nothing", () => {
    using pair = new UdpPair();
    pair.a.send("question");
    const inn = new ReceiveBatch({ capacity: 4, size: 100 });
    const out = new SendBatch({ capacity: 4, size: 5 });
    throwsNaming(() => out.reply(inn, 0, "x"), RangeError, "index");
    pair.b.receiveMessages(inn, soon);
    for (const index of [-1, 1, 4, 0.5, NaN]) throwsNaming(() => out.reply(inn, index, "x"), RangeError, "index");
    for (const index of ["0", undefined, null, 0n]) {
      throwsNaming(() => out.reply(inn, wrong(index), "x"), TypeError, "index");
    }
    for (const from of [undefined, null, {}, [], 5, out, pair.b]) {
      throwsNaming(() => out.reply(wrong(from), 0, "x"), TypeError, "from");
    }
    throwsNaming(() => out.reply(inn, 0, wrong(5)), TypeError, "data of datagram 0");
    throwsNaming(() => out.reply(inn, 0, "too large"), RangeError, "data of datagram 0");
    expect(out.length).toBe(0);
    expect(pair.b.sendMessages(out)).toBe(0);
  });

  test("to a datagram that has no sender is a TypeError", () => {
    const [a, b] = connectedPair(SOCK_DGRAM);
    using _a = a;
    using _b = b;
    a.send("question");
    const inn = new ReceiveBatch({ capacity: 1, size: 100 });
    b.receiveMessages(inn, soon);
    throwsNaming(() => new SendBatch({ capacity: 1, size: 10 }).reply(inn, 0, "x"), TypeError, "no sender");
  });
});
