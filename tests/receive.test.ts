// Receiving: recv(2), recvfrom(2). It tries first, and waits only when nothing is there.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  IPV6_V6ONLY,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IP_RECVERR,
  MSG_DONTWAIT,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
  POLLIN,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
} from "./support/constants.ts";
import { reportedAddress } from "../src/address/sender.ts";
import { Cancellable, InetSocketAddress, Socket, UnixSocketAddress } from "../src/index.ts";
import { byRecvfrom, byRecvmsg, wasTruncated } from "../src/socket/receive.ts";
import { handleOf } from "../src/socket/ref.ts";
import {
  addressOf,
  families,
  Folder,
  haveIPv6,
  RefusingUdp,
  reset,
  SOON,
  TcpPair,
  UdpPair,
  udpSocket,
} from "./support/sockets.ts";
import { Thread } from "./support/thread.ts";
import { throwsKind, throwsNaming, wrong } from "./support/throws.ts";

let thread: Thread;
beforeAll(async () => {
  thread = await Thread.start();
});
afterAll(() => thread.terminate());

const soon = { timeout: SOON };

function text(bytes: Uint8Array, size = bytes.length): string {
  return new TextDecoder().decode(bytes.subarray(0, size));
}

/** Whatever stream there is: TCP, and unix. */
function streamPair(kind: string): { a: Socket; b: Socket; [Symbol.dispose](): void } {
  if (kind === "TCP") {
    const pair = new TcpPair();
    return { a: pair.client, b: pair.server, [Symbol.dispose]: () => pair[Symbol.dispose]() };
  }
  const [a, b] = Socket.pair();
  return {
    a,
    b,
    [Symbol.dispose](): void {
      a.close();
      b.close();
    },
  };
}

describe.each(["TCP", "unix"])("receive on a %s stream", (kind) => {
  test("gives what is there at once, and no more than fits", () => {
    using pair = streamPair(kind);
    pair.a.sendAll("hello");
    pair.b.conditionWait(POLLIN, soon);
    const buffer = new Uint8Array(3);
    expect(pair.b.receive(buffer, { timeout: 0 })).toBe(3);
    expect(text(buffer)).toBe("hel");
    expect(pair.b.receive(buffer, { timeout: 0 })).toBe(2);
    expect(text(buffer, 2)).toBe("lo");
  });

  test("waits for data of another thread", async () => {
    using pair = streamPair(kind);
    const sent = thread.send(pair.a, "late");
    expect(text(pair.b.receiveBytes(10, soon))).toBe("late");
    await sent;
  });

  test("gives 0 at the end of the stream, again and again", () => {
    using pair = streamPair(kind);
    pair.a.sendAll("last");
    pair.a.shutdown({ write: true });
    expect(text(pair.b.receiveBytes(10, soon))).toBe("last");
    for (let time = 0; time < 3; time++) expect(pair.b.receive(new Uint8Array(10), soon)).toBe(0);
    expect(pair.b.receiveBytes(10, soon)).toHaveLength(0);
    expect(pair.b.tryReceive(new Uint8Array(10))).toBe(0);
  });

  test("into no bytes gives 0, and keeps the data", () => {
    using pair = streamPair(kind);
    pair.a.sendAll("kept");
    pair.b.conditionWait(POLLIN, soon);
    expect(pair.b.receive(new Uint8Array(0), soon)).toBe(0);
    expect(pair.b.receiveBytes(0, soon)).toHaveLength(0);
    expect(pair.b.receiveFrom(new Uint8Array(0), soon)).toEqual({ size: 0, address: null, truncated: false });
    expect(text(pair.b.receiveBytes(10, soon))).toBe("kept");
  });

  test("MSG_PEEK leaves the data where it is", () => {
    using pair = streamPair(kind);
    pair.a.sendAll("seen");
    expect(text(pair.b.receiveBytes(10, { ...soon, flags: MSG_PEEK }))).toBe("seen");
    expect(text(pair.b.receiveBytes(10, { ...soon, flags: MSG_PEEK }))).toBe("seen");
    expect(text(pair.b.receiveBytes(10, soon))).toBe("seen");
    throwsKind(() => pair.b.receiveBytes(10, { timeout: 0 }), "would-block");
  });

  test("MSG_DONTWAIT does not wait, on a socket that does", () => {
    using pair = streamPair(kind);
    const error = throwsKind(() => pair.b.receive(new Uint8Array(1), { flags: MSG_DONTWAIT }), "would-block");
    expect(error).toMatchObject({ code: "EAGAIN", syscall: "recv" });
    pair.a.sendAll("x");
    pair.b.conditionWait(POLLIN, soon);
    expect(pair.b.receive(new Uint8Array(1), { flags: MSG_DONTWAIT })).toBe(1);
  });

  test("tells no sender", () => {
    using pair = streamPair(kind);
    pair.a.sendAll("hello");
    const buffer = new Uint8Array(10);
    expect(pair.b.receiveFrom(buffer, soon)).toEqual({ size: 5, address: null, truncated: false });
    pair.a.sendAll("again");
    expect(pair.b.receiveBytesFrom(3, soon)).toEqual({
      data: new TextEncoder().encode("aga"),
      address: null,
      truncated: false, // the rest is still there
    });
    expect(text(pair.b.receiveBytes(10, soon))).toBe("in");
  });
});

describe.each(["TCP", "unix"])("MSG_WAITALL on a %s stream", (kind) => {
  const all = { ...soon, flags: MSG_WAITALL };

  test("fills the buffer from several sends", async () => {
    using pair = streamPair(kind);
    const sent = thread.send(pair.a, "one", " two", " three");
    const buffer = new Uint8Array(13);
    expect(pair.b.receive(buffer, all)).toBe(13);
    expect(text(buffer)).toBe("one two three");
    await sent;
  });

  test("takes no more than fits", () => {
    using pair = streamPair(kind);
    pair.a.sendAll("one two");
    expect(text(pair.b.receiveBytes(3, all))).toBe("one");
    expect(text(pair.b.receiveBytes(10, soon))).toBe(" two");
  });

  test("gives what came before the stream ended", async () => {
    using pair = streamPair(kind);
    pair.a.sendAll("be");
    const closed = thread.close(pair.a);
    expect(text(pair.b.receiveBytes(10, all))).toBe("be");
    await closed;
    expect(pair.b.receive(new Uint8Array(10), all)).toBe(0);
  });

  test("gives what came before the budget ended; with nothing it is timed-out", () => {
    using pair = streamPair(kind);
    pair.a.sendAll("some");
    expect(text(pair.b.receiveBytes(10, { flags: MSG_WAITALL, timeout: 30 }))).toBe("some");
    throwsKind(() => pair.b.receiveBytes(10, { flags: MSG_WAITALL, timeout: 30 }), "timed-out");
  });

  test("gives what came before it was cancelled", async () => {
    using pair = streamPair(kind);
    using cancellable = new Cancellable();
    pair.a.sendAll("some");
    const done = thread.cancel(cancellable);
    expect(text(pair.b.receiveBytes(10, { ...all, cancellable }))).toBe("some");
    await done;
    throwsKind(() => pair.b.receiveBytes(10, { ...all, cancellable }), "cancelled");
  });

  test("gives what is there when it must not wait", () => {
    using pair = streamPair(kind);
    pair.a.sendAll("some");
    pair.b.conditionWait(POLLIN, soon);
    expect(text(pair.b.receiveBytes(10, { flags: MSG_WAITALL, timeout: 0 }))).toBe("some");
    throwsKind(
      () => pair.b.receiveBytes(10, { ...(MSG_DONTWAIT ? {} : { timeout: 0 }), flags: MSG_WAITALL | MSG_DONTWAIT }),
      "would-block",
    );
  });

  test("with MSG_PEEK it looks once at what is there", () => {
    using pair = streamPair(kind);
    pair.a.sendAll("some");
    expect(text(pair.b.receiveBytes(10, { ...soon, flags: MSG_WAITALL | MSG_PEEK }))).toBe("some");
    expect(text(pair.b.receiveBytes(4, all))).toBe("some");
  });

  test("fills the buffer of receiveFrom and receiveBytesFrom too", async () => {
    using pair = streamPair(kind);
    const first = thread.send(pair.a, "ab", "cd");
    const buffer = new Uint8Array(4);
    expect(pair.b.receiveFrom(buffer, all)).toEqual({ size: 4, address: null, truncated: false });
    expect(text(buffer)).toBe("abcd");
    await first;
    const second = thread.send(pair.a, "ef", "gh");
    expect(text(pair.b.receiveBytesFrom(4, all).data)).toBe("efgh");
    await second;
  });

  test("into no bytes gives 0", () => {
    using pair = streamPair(kind);
    expect(pair.b.receive(new Uint8Array(0), all)).toBe(0);
  });
});

describe("receive on a stream", () => {
  test("that was never connected is not-connected", () => {
    using socket = new Socket(AF_INET, SOCK_STREAM);
    expect(throwsKind(() => socket.receive(new Uint8Array(1), soon), "not-connected")).toMatchObject({
      code: "ENOTCONN",
      syscall: "recv",
    });
    expect(throwsKind(() => socket.receiveFrom(new Uint8Array(1), soon), "not-connected").syscall).toBe("recvfrom");
  });

  test("that the peer has reset is connection-closed, once; then it has ended", () => {
    using pair = new TcpPair();
    pair.server.sendAll("lost");
    reset(pair.server);
    const error = throwsKind(() => {
      while (pair.client.receive(new Uint8Array(10), soon) > 0);
    }, "connection-closed");
    expect(error).toMatchObject({ code: "ECONNRESET", syscall: "recv" });
    expect(pair.client.receive(new Uint8Array(10), soon)).toBe(0);
  });

  test("MSG_OOB takes the urgent byte, and waits for it", async () => {
    using pair = new TcpPair();
    throwsKind(() => pair.server.receive(new Uint8Array(1), { timeout: 0, flags: MSG_OOB }), "invalid-argument");
    expect(pair.client.send(new TextEncoder().encode("normal!"), { flags: MSG_OOB })).toBe(7);
    const urgent = new Uint8Array(2);
    pair.server.conditionWait(POLLIN, soon);
    expect(pair.server.receive(urgent, { ...soon, flags: MSG_OOB })).toBe(1);
    expect(text(urgent, 1)).toBe("!");
    expect(text(pair.server.receiveBytes(10, soon))).toBe("normal");
  });

  test("of a unix listener with a path tells that path, for the kernel knows it", () => {
    using folder = new Folder();
    using listener = new Socket(AF_UNIX, SOCK_STREAM);
    listener.bind({ path: folder.file("socket") });
    listener.listen();
    using client = new Socket(AF_UNIX, SOCK_STREAM);
    client.connect(addressOf(listener), soon);
    using server = listener.accept(soon);
    server.sendAll("hello");
    const { address } = client.receiveFrom(new Uint8Array(10), soon);
    expect(address).toBeInstanceOf(UnixSocketAddress);
    expect((address as UnixSocketAddress).path).toBe(folder.file("socket"));
    client.sendAll("hello");
    expect(server.receiveFrom(new Uint8Array(10), soon).address).toBeNull();
  });
});

interface Datagrams {
  readonly name: string;
  /** Two sockets that are connected to each other. */
  make(): [Socket, Socket];
}

const datagrams: readonly Datagrams[] = [
  ...families.map(([name, family]) => ({
    name: `UDP over ${name}`,
    make(): [Socket, Socket] {
      const { a, b } = new UdpPair(family);
      return [a, b];
    },
  })),
  { name: "unix datagrams", make: (): [Socket, Socket] => Socket.pair(AF_UNIX, SOCK_DGRAM) },
  { name: "unix seqpacket", make: (): [Socket, Socket] => Socket.pair(AF_UNIX, SOCK_SEQPACKET) },
];

describe.each([...datagrams])("receive of $name", ({ make }) => {
  function ends(): { a: Socket; b: Socket; [Symbol.dispose](): void } {
    const [a, b] = make();
    return {
      a,
      b,
      [Symbol.dispose](): void {
        a.close();
        b.close();
      },
    };
  }

  test("gives one datagram a call, whatever would fit", () => {
    using pair = ends();
    pair.a.send("one");
    pair.a.send("two");
    expect(text(pair.b.receiveBytes(100, soon))).toBe("one");
    expect(text(pair.b.receiveBytes(100, soon))).toBe("two");
    throwsKind(() => pair.b.receiveBytes(100, { timeout: 0 }), "would-block");
  });

  test("gives 0 for an empty datagram, which is no end", () => {
    using pair = ends();
    pair.a.send("");
    pair.a.send("after");
    expect(pair.b.receive(new Uint8Array(10), soon)).toBe(0);
    expect(text(pair.b.receiveBytes(10, soon))).toBe("after");
    pair.a.send(new Uint8Array(0));
    expect(pair.b.receiveFrom(new Uint8Array(10), soon)).toMatchObject({ size: 0, truncated: false });
  });

  test("into no bytes takes a datagram all the same", () => {
    using pair = ends();
    pair.a.send("lost");
    pair.a.send("next");
    expect(pair.b.receiveFrom(new Uint8Array(0), soon)).toMatchObject({ size: 0, truncated: true });
    expect(text(pair.b.receiveBytes(10, soon))).toBe("next");
  });

  test("loses what does not fit, and receiveFrom tells so", () => {
    using pair = ends();
    pair.a.send("too long");
    pair.a.send("too long");
    pair.a.send("too long");
    pair.a.send("fits");
    expect(text(pair.b.receiveBytes(3, soon))).toBe("too");
    const buffer = new Uint8Array(3);
    expect(pair.b.receiveFrom(buffer, soon)).toMatchObject({ size: 3, truncated: true });
    expect(text(buffer)).toBe("too");
    const { data, truncated } = pair.b.receiveBytesFrom(7, soon);
    expect([text(data), truncated]).toEqual(["too lon", true]);
    expect(pair.b.receiveFrom(new Uint8Array(4), soon)).toMatchObject({ size: 4, truncated: false });
  });

  test("MSG_TRUNC tells the real size", () => {
    using pair = ends();
    pair.a.send("too long");
    pair.a.send("too long");
    const buffer = new Uint8Array(4);
    expect(pair.b.receive(buffer, { ...soon, flags: MSG_TRUNC })).toBe(8);
    expect(text(buffer, 3)).toBe("too");
    expect(buffer[3]).toBe(" ".charCodeAt(0));
    expect(pair.b.receiveFrom(buffer, { ...soon, flags: MSG_TRUNC })).toMatchObject({ size: 8, truncated: true });
  });

  test("receiveBytes with MSG_TRUNC gives what it has, not what there was", () => {
    using pair = ends();
    pair.a.send("too long");
    expect(text(pair.b.receiveBytes(3, { ...soon, flags: MSG_TRUNC }))).toBe("too");
  });

  test("MSG_PEEK leaves the datagram, and with MSG_TRUNC tells how large a buffer it needs", () => {
    using pair = ends();
    pair.a.send(new Uint8Array(777));
    const needed = pair.b.receive(new Uint8Array(1), { ...soon, flags: MSG_PEEK | MSG_TRUNC });
    expect(needed).toBe(777);
    expect(pair.b.receiveFrom(new Uint8Array(1), { ...soon, flags: MSG_PEEK })).toMatchObject({
      size: 1,
      truncated: true,
    });
    expect(pair.b.receiveBytes(needed, soon)).toHaveLength(777);
  });

  test("MSG_WAITALL does not join datagrams", () => {
    using pair = ends();
    pair.a.send("one");
    pair.a.send("two");
    expect(text(pair.b.receiveBytes(10, { ...soon, flags: MSG_WAITALL }))).toBe("one");
  });

  test("waits for data of another thread", async () => {
    using pair = ends();
    const sent = thread.send(pair.a, "late");
    expect(text(pair.b.receiveBytesFrom(10, soon).data)).toBe("late");
    await sent;
  });

  test("by recvfrom(2) and by recvmsg(2) is the same", () => {
    using pair = ends();
    const handle = handleOf(pair.b);
    for (const capacity of [0, 1, 7, 8, 9, 100]) {
      for (const flags of [0, MSG_TRUNC, MSG_PEEK, MSG_PEEK | MSG_TRUNC]) {
        const results = [byRecvfrom, byRecvmsg].map((way) => {
          pair.a.send("8 octets");
          pair.b.conditionWait(POLLIN, soon);
          const buffer = new Uint8Array(capacity);
          const size = way(handle, buffer, flags);
          const result = { size, truncated: wasTruncated(), address: reportedAddress(), text: text(buffer) };
          if ((flags & MSG_PEEK) !== 0) pair.b.receive(buffer, soon);
          return result;
        });
        expect(results[1]).toEqual(results[0] as (typeof results)[0]);
        expect(results[0]).toMatchObject({
          size: (flags & MSG_TRUNC) === 0 ? Math.min(capacity, 8) : 8,
          truncated: capacity < 8,
          text: "8 octets".slice(0, capacity).padEnd(capacity, "\0"),
        });
      }
    }
    for (const way of [byRecvfrom, byRecvmsg]) {
      expect(way(handle, new Uint8Array(1), 0)).toBeLessThan(0);
      expect(wasTruncated()).toBe(false);
    }
  });
});

describe("the ways of receiving on a stream", () => {
  test("by recvfrom(2) and by recvmsg(2) is the same, and MSG_TRUNC is not asked for: it would throw data away", () => {
    for (const way of [byRecvfrom, byRecvmsg]) {
      using pair = new TcpPair();
      pair.client.sendAll("12345678");
      pair.server.conditionWait(POLLIN, soon);
      const buffer = new Uint8Array(5);
      expect(way(handleOf(pair.server), buffer, 0)).toBe(5);
      expect([text(buffer), wasTruncated(), reportedAddress()]).toEqual(["12345", false, null]);
      expect(text(pair.server.receiveBytes(10, soon))).toBe("678");
    }
  });
});

describe("an ICMP answer to an earlier datagram", () => {
  test.each(families)("is connection-refused, once, and then the socket goes on over %s", (_, family) => {
    using refusing = new RefusingUdp(family);
    using socket = udpSocket(family);
    socket.connect(refusing.address);
    socket.send("to nobody");
    const error = throwsKind(() => socket.receive(new Uint8Array(10), soon), "connection-refused");
    expect(error).toMatchObject({ code: "ECONNREFUSED", syscall: "recv" });
    throwsKind(() => socket.receive(new Uint8Array(10), { timeout: 0 }), "would-block");
    socket.send("again");
    throwsKind(() => socket.receiveFrom(new Uint8Array(10), soon), "connection-refused");
  });

  test("that stays in the error queue does not keep a receive from its timeout, nor take a whole CPU", () => {
    using refusing = new RefusingUdp();
    using socket = udpSocket();
    socket.setOption(IPPROTO_IP, IP_RECVERR, 1);
    socket.sendTo("to nobody", refusing.address);
    throwsKind(() => socket.receive(new Uint8Array(10), soon), "connection-refused");
    const start = performance.now();
    const cpu = process.cpuUsage();
    throwsKind(() => socket.receive(new Uint8Array(10), { timeout: 500 }), "timed-out");
    const { user, system } = process.cpuUsage(cpu);
    expect(performance.now() - start).toBeGreaterThanOrEqual(499);
    expect((user + system) / 1000).toBeLessThan(400);
    // and what comes is received, if a little later
    using peer = udpSocket();
    peer.sendTo("data", addressOf(socket));
    expect(text(socket.receiveBytes(10, soon))).toBe("data");
  });
});

describe("receiveBytes", () => {
  test("gives bytes of exactly the length that came, in a buffer of their own", () => {
    using pair = new UdpPair();
    pair.a.send("hello");
    const bytes = pair.b.receiveBytes(1500, soon);
    expect(bytes).toBeInstanceOf(Uint8Array);
    expect(bytes.byteOffset).toBe(0);
    expect(bytes.buffer.byteLength).toBe(5);
    pair.a.send("again");
    expect(pair.b.receiveBytes(5, soon)).not.toBe(bytes);
    expect(text(bytes)).toBe("hello");
    pair.a.send("");
    expect(pair.b.receiveBytes(1500, soon)).toHaveLength(0);
  });

  test("takes a size, and nothing else", () => {
    using socket = udpSocket();
    for (const size of [-1, 1.5, NaN, Infinity, 2 ** 31]) {
      throwsNaming(() => socket.receiveBytes(size), RangeError, "size");
      throwsNaming(() => socket.receiveBytesFrom(size), RangeError, "size");
    }
    throwsNaming(() => socket.receiveBytes(wrong("10")), TypeError, "size");
    throwsNaming(() => socket.receiveBytes(wrong(new Uint8Array(10))), TypeError, "size");
  });
});

describe("the sender's address", () => {
  test.each(families)("is that of the sender over %s, and can be answered to", (_, family) => {
    using a = udpSocket(family);
    using b = udpSocket(family);
    a.sendTo("ping", addressOf(b));
    const { address } = b.receiveFrom(new Uint8Array(10), soon);
    expect(address).toBeInstanceOf(InetSocketAddress);
    expect(address?.family).toBe(family);
    expect(address?.equals(addressOf(a))).toBe(true);
    b.sendTo("pong", address as InetSocketAddress);
    expect(text(a.receiveBytesFrom(10, soon).data)).toBe("pong");
  });

  test("is the same object for the same sender, also when several take turns", () => {
    using receiver = udpSocket();
    using one = udpSocket();
    using two = udpSocket();
    const seen = [one, two, one, one, two, two, one].map((sender) => {
      sender.sendTo("x", addressOf(receiver));
      return receiver.receiveFrom(new Uint8Array(10), soon).address;
    });
    const [first, second] = seen;
    expect(first?.equals(addressOf(one))).toBe(true);
    expect(second?.equals(addressOf(two))).toBe(true);
    expect(first?.equals(addressOf(two))).toBe(false);
    expect(seen.map((address) => (address === first ? 1 : address === second ? 2 : 0))).toEqual([1, 2, 1, 1, 2, 2, 1]);
  });

  test("of many senders is right for each", () => {
    using receiver = udpSocket();
    const senders = Array.from({ length: 300 }, () => udpSocket());
    try {
      for (let round = 0; round < 2; round++) {
        for (const sender of senders) {
          sender.sendTo("x", addressOf(receiver));
          const { address } = receiver.receiveFrom(new Uint8Array(1), soon);
          if (address?.equals(addressOf(sender)) !== true) throw new Error(`${address}, not ${addressOf(sender)}`);
        }
      }
    } finally {
      for (const sender of senders) sender.close();
    }
  });

  test.skipIf(!haveIPv6)("of IPv4 on a dual-stack socket stays v4-mapped, and unmapped() is IPv4", () => {
    using both = new Socket(AF_INET6, SOCK_DGRAM);
    both.setOption(IPPROTO_IPV6, IPV6_V6ONLY, 0);
    both.bind("[::]:0");
    using sender = udpSocket();
    const { port } = addressOf(both) as InetSocketAddress;
    sender.sendTo("hello", `127.0.0.1:${port}`);
    const address = both.receiveFrom(new Uint8Array(10), soon).address as InetSocketAddress;
    const own = addressOf(sender) as InetSocketAddress;
    expect(address.family).toBe(AF_INET6);
    expect(address.address.isV4Mapped).toBe(true);
    expect(String(address)).toBe(`[::ffff:127.0.0.1]:${own.port}`);
    expect(address.unmapped().family).toBe(AF_INET);
    expect(address.unmapped().equals(own)).toBe(true);
    both.sendTo("answer", address);
    expect(text(sender.receiveBytes(10, soon))).toBe("answer");
    both.sendTo("answer", address.unmapped());
    expect(text(sender.receiveBytes(10, soon))).toBe("answer");
  });

  test("of a unix datagram is a path, an abstract name, or null for a sender without a name", () => {
    using folder = new Folder();
    using receiver = new Socket(AF_UNIX, SOCK_DGRAM);
    receiver.bind({ path: folder.file("receiver") });
    using named = new Socket(AF_UNIX, SOCK_DGRAM);
    named.bind({ path: folder.file("sender") });
    using abstract = new Socket(AF_UNIX, SOCK_DGRAM);
    const name = `\0berkeley\0${process.pid}\x80`;
    abstract.bind({ path: name });
    using automatic = new Socket(AF_UNIX, SOCK_DGRAM);
    automatic.bind(new UnixSocketAddress());
    using nameless = new Socket(AF_UNIX, SOCK_DGRAM);
    const senders = [named, abstract, automatic, nameless].map((sender) => {
      sender.sendTo("x", addressOf(receiver));
      return receiver.receiveFrom(new Uint8Array(1), soon).address as UnixSocketAddress | null;
    });
    expect(senders[0]?.path).toBe(folder.file("sender"));
    expect(senders[1]?.abstractName).toEqual(new TextEncoder().encode(name.slice(1)));
    expect(senders[2]?.equals(addressOf(automatic))).toBe(true);
    expect(senders[2]?.abstractName).toHaveLength(5);
    expect(senders[3]).toBeNull();
    receiver.sendTo("answer", senders[1] as UnixSocketAddress);
    expect(text(abstract.receiveBytes(10, soon))).toBe("answer");
  });
});

describe("the buffer", () => {
  const octets = "0123456789abcdef";
  const kinds: readonly (readonly [name: string, make: () => ArrayBufferView | ArrayBuffer])[] = [
    ["Uint8Array", () => new Uint8Array(16)],
    ["Int8Array", () => new Int8Array(16)],
    ["Uint8ClampedArray", () => new Uint8ClampedArray(16)],
    ["Uint16Array", () => new Uint16Array(8)],
    ["Int16Array", () => new Int16Array(8)],
    ["Uint32Array", () => new Uint32Array(4)],
    ["Int32Array", () => new Int32Array(4)],
    ["Float16Array", () => new Float16Array(8)],
    ["Float32Array", () => new Float32Array(4)],
    ["Float64Array", () => new Float64Array(2)],
    ["BigInt64Array", () => new BigInt64Array(2)],
    ["BigUint64Array", () => new BigUint64Array(2)],
    ["DataView", () => new DataView(new ArrayBuffer(16))],
    ["Buffer", () => Buffer.alloc(16)],
    ["Buffer from the pool", () => Buffer.allocUnsafe(16).fill(0)],
    ["ArrayBuffer", () => new ArrayBuffer(16)],
    ["view on a SharedArrayBuffer", () => new Uint8Array(new SharedArrayBuffer(16))],
    ["DataView on a SharedArrayBuffer", () => new DataView(new SharedArrayBuffer(16))],
    ["SharedArrayBuffer", () => wrong(new SharedArrayBuffer(16))],
    ["view on a resizable ArrayBuffer", () => new Uint8Array(new ArrayBuffer(16, { maxByteLength: 64 }))],
    ["view on WebAssembly memory", () => new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer, 8, 16)],
    ["large Uint8Array", () => new Uint8Array(16 + 100_000)],
  ];

  function contents(buffer: ArrayBufferView | ArrayBuffer): string {
    const bytes = ArrayBuffer.isView(buffer)
      ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
      : new Uint8Array(buffer);
    return text(bytes.slice(0, 16));
  }

  test.each([...kinds])("may be a %s", (_, make) => {
    using pair = new UdpPair();
    const ways = [
      (buffer: ArrayBufferView | ArrayBuffer): number => pair.b.receive(buffer, soon),
      (buffer: ArrayBufferView | ArrayBuffer): number => pair.b.tryReceive(buffer),
      (buffer: ArrayBufferView | ArrayBuffer): number => pair.b.receiveFrom(buffer, soon).size,
      (buffer: ArrayBufferView | ArrayBuffer): number => pair.b.tryReceiveFrom(buffer)?.size ?? -1,
      (buffer: ArrayBufferView | ArrayBuffer): number => byRecvmsg(handleOf(pair.b), buffer as Uint8Array, 0),
    ];
    for (const way of ways.slice(0, make() instanceof ArrayBuffer || !ArrayBuffer.isView(make()) ? 4 : 5)) {
      pair.a.send(octets);
      pair.b.conditionWait(POLLIN, soon);
      const buffer = make();
      expect(way(buffer)).toBe(16);
      expect(contents(buffer)).toBe(octets);
    }
  });

  test("MSG_WAITALL fills any of them, part by part", () => {
    for (const [, make] of kinds.slice(0, -1)) {
      const [a, b] = Socket.pair();
      a.sendAll(octets.slice(0, 5));
      const buffer = make();
      a.sendAll(octets.slice(5));
      expect(b.receive(buffer, { ...soon, flags: MSG_WAITALL })).toBe(16);
      expect(contents(buffer)).toBe(octets);
      a.close();
      b.close();
    }
  });

  test("is written where the view says, and nowhere else", () => {
    using pair = new UdpPair();
    const whole = new Uint8Array(12).fill(0x2e);
    pair.a.send("longer than that");
    pair.a.send("longer than that");
    expect(pair.b.receive(whole.subarray(4, 8), soon)).toBe(4);
    expect(text(whole)).toBe("....long....");
    whole.fill(0x2e);
    expect(pair.b.receiveFrom(new DataView(whole.buffer, 2, 3), soon).size).toBe(3);
    expect(text(whole)).toBe("..lon.......");
  });

  test("follows its memory when that has grown or shrunk", () => {
    using pair = new UdpPair();
    const memory = new ArrayBuffer(4, { maxByteLength: 64 });
    const view = new Uint8Array(memory);
    memory.resize(16);
    pair.a.send(octets);
    expect(pair.b.receive(view, soon)).toBe(16);
    memory.resize(2);
    pair.a.send(octets);
    expect(pair.b.receive(view, soon)).toBe(2);
  });

  test("that lost its memory is a TypeError, and takes nothing from the socket", () => {
    using pair = new UdpPair();
    pair.a.send("kept");
    const transferred = new Uint8Array(8);
    transferred.buffer.transfer();
    const shrunk = new ArrayBuffer(8, { maxByteLength: 8 });
    const outside = new Uint8Array(shrunk, 4, 4);
    const outsideToo = new DataView(shrunk, 4, 4);
    shrunk.resize(2);
    const detached = new ArrayBuffer(8);
    detached.transfer();
    for (const buffer of [transferred, outside, outsideToo, detached]) {
      throwsNaming(() => pair.b.receive(buffer, soon), TypeError, "buffer");
      throwsNaming(() => pair.b.receiveFrom(buffer, soon), TypeError, "buffer");
      throwsNaming(() => pair.b.tryReceive(buffer), TypeError, "buffer");
    }
    expect(text(pair.b.receiveBytes(10, soon))).toBe("kept");
  });

  test("is no text, no array, no number, and not left out", () => {
    using socket = udpSocket();
    for (const buffer of ["text", [0, 0], 10, undefined, null, {}]) {
      throwsNaming(() => socket.receive(wrong(buffer), soon), TypeError, "buffer");
      throwsNaming(() => socket.receiveFrom(wrong(buffer), soon), TypeError, "buffer");
      throwsNaming(() => socket.tryReceive(wrong(buffer)), TypeError, "buffer");
      throwsNaming(() => socket.tryReceiveFrom(wrong(buffer)), TypeError, "buffer");
    }
  });

  test("may have a byteLength of the user's own: what the engine knows counts", () => {
    using pair = new UdpPair();
    const buffer = new Uint8Array(4);
    Object.defineProperty(buffer, "byteLength", { value: 1000 });
    pair.a.send(octets);
    expect(pair.b.receive(buffer, soon)).toBe(4);
    pair.a.send(octets);
    expect(pair.b.receiveFrom(buffer, soon)).toMatchObject({ size: 4, truncated: true });
  });
});

describe("tryReceive and tryReceiveFrom", () => {
  test("say WOULD_BLOCK (-1) and null, and nothing else is swallowed", () => {
    using pair = new UdpPair();
    expect(pair.b.tryReceive(new Uint8Array(10))).toBe(-1);
    expect(pair.b.tryReceiveFrom(new Uint8Array(10))).toBeNull();
    pair.a.send("one");
    pair.b.conditionWait(POLLIN, soon);
    expect(pair.b.tryReceive(new Uint8Array(10))).toBe(3);
    pair.a.send("two");
    pair.b.conditionWait(POLLIN, soon);
    const found = pair.b.tryReceiveFrom(new Uint8Array(2));
    expect(found).toMatchObject({ size: 2, truncated: true });
    expect(found?.address?.equals(addressOf(pair.a))).toBe(true);
    using unconnected = new Socket(AF_INET, SOCK_STREAM);
    throwsKind(() => unconnected.tryReceive(new Uint8Array(1)), "not-connected");
    throwsKind(() => unconnected.tryReceiveFrom(new Uint8Array(1)), "not-connected");
  });

  test("and the others are closed after close", () => {
    using pair = new UdpPair();
    pair.b.close();
    throwsKind(() => pair.b.receive(new Uint8Array(1)), "closed");
    throwsKind(() => pair.b.receiveFrom(new Uint8Array(1)), "closed");
    throwsKind(() => pair.b.receiveBytes(1), "closed");
    throwsKind(() => pair.b.receiveBytesFrom(1), "closed");
    throwsKind(() => pair.b.tryReceive(new Uint8Array(1)), "closed");
    throwsKind(() => pair.b.tryReceiveFrom(new Uint8Array(1)), "closed");
  });
});
