// How much could be received now: FIONREAD of ioctl(2), SO_NREAD on macOS.

import { describe, expect, test } from "bun:test";
import { AF_INET, AF_UNIX, POLLERR, POLLIN, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM } from "./support/constants.ts";
import { Socket } from "../src/index.ts";
import { addressOf, families, RefusingUdp, SOON, tcpListener, TcpPair, UdpPair, udpSocket } from "./support/sockets.ts";
import { throwsKind } from "./support/throws.ts";

const soon = { timeout: SOON };

describe("availableBytes", () => {
  test.each(families)("of TCP over %s are all that have come and were not received", (_, family) => {
    using pair = new TcpPair(family);
    expect(pair.server.availableBytes).toBe(0);
    pair.client.sendAll("hello ");
    pair.client.sendAll("world");
    pair.client.shutdown({ write: true });
    expect(pair.server.receiveBytes(1, soon)).toHaveLength(1);
    while ((pair.server.conditionCheck(POLLIN) & POLLIN) !== 0 && pair.server.availableBytes < 10);
    expect(pair.server.availableBytes).toBe(10);
    pair.server.receiveBytes(4, soon);
    expect(pair.server.availableBytes).toBe(6);
    pair.server.receiveBytes(100, soon);
    expect(pair.server.availableBytes).toBe(0); // at the end of the stream as well
    expect(pair.client.availableBytes).toBe(0);
  });

  test("of a unix stream are all that have come", () => {
    const [a, b] = Socket.pair();
    a.sendAll("hello ");
    a.sendAll("world");
    expect(b.availableBytes).toBe(11);
    a.close();
    expect(b.availableBytes).toBe(11);
    expect(b.receiveBytes(100)).toHaveLength(11);
    expect(b.availableBytes).toBe(0);
    b.close();
  });

  test.each(families)("of UDP over %s are those of the next datagram", (_, family) => {
    using pair = new UdpPair(family);
    expect(pair.b.availableBytes).toBe(0);
    pair.a.send("first");
    pair.a.send("the second");
    pair.a.send("");
    pair.a.send(new Uint8Array(60_000));
    for (const size of [5, 10, 0, 60_000]) {
      pair.b.conditionWait(POLLIN, soon);
      expect(pair.b.availableBytes).toBe(size);
      expect(pair.b.receiveBytes(65_536, soon)).toHaveLength(size);
    }
    expect(pair.b.availableBytes).toBe(0);
  });

  test("of unix datagrams are those of the next one", () => {
    const [a, b] = Socket.pair(AF_UNIX, SOCK_DGRAM);
    for (const text of ["first", "the second", ""]) a.send(text);
    for (const size of [5, 10, 0]) {
      expect(b.availableBytes).toBe(size);
      b.receiveBytes(100, soon);
    }
    a.close();
    b.close();
  });

  test("of unix seqpacket are all that are queued, as the kernel counts them", () => {
    const [a, b] = Socket.pair(AF_UNIX, SOCK_SEQPACKET);
    a.send("first");
    a.send("the second");
    expect(b.availableBytes).toBe(15);
    b.receiveBytes(100, soon);
    expect(b.availableBytes).toBe(10);
    a.close();
    b.close();
  });

  test("lets what is there be received whole, without a guess", () => {
    using pair = new UdpPair();
    pair.a.send(new Uint8Array(1234));
    pair.b.conditionWait(POLLIN, soon);
    const { data, truncated } = pair.b.receiveBytesFrom(pair.b.availableBytes, soon);
    expect([data.length, truncated]).toEqual([1234, false]);
  });

  test("is -1 for a listener and for a closed socket", () => {
    using listener = tcpListener();
    expect(listener.availableBytes).toBe(-1);
    using client = new Socket(AF_INET, SOCK_STREAM);
    client.connect(addressOf(listener), soon);
    expect(listener.availableBytes).toBe(-1);
    const closed = udpSocket();
    closed.close();
    expect(closed.availableBytes).toBe(-1);
  });

  test("is 0 for a socket that was never connected", () => {
    using tcp = new Socket(AF_INET, SOCK_STREAM);
    using udp = new Socket(AF_INET, SOCK_DGRAM);
    expect([tcp.availableBytes, udp.availableBytes]).toEqual([0, 0]);
  });

  test("does not take a pending ICMP error, as a peek would", () => {
    using refusing = new RefusingUdp();
    using socket = udpSocket();
    socket.connect(refusing.address);
    socket.send("to nobody");
    expect(socket.conditionWait(0, soon)).toBe(POLLERR);
    for (let time = 0; time < 3; time++) expect(socket.availableBytes).toBe(0);
    throwsKind(() => socket.receive(new Uint8Array(1), soon), "connection-refused");
  });
});
