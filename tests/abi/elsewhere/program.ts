// What the library hands to the C library of another system: run with preload.ts, it prints one JSON object, by scenario. What the
// bytes must be is in ../elsewhere.test.ts.

import { type Pointer, ptr, toArrayBuffer } from "bun:ffi";
import type { ReceiveBatchOptions } from "../../../src/index.ts";
import { answers, fillMessage, type Found, listInterface, messageAt, recorded, type Recorded } from "./library.ts";

const berkeley = await import("../../../src/index.ts");
const option = await import("../../../src/options.ts");
const { platform } = await import("../../../ffi/platform/index.ts");
const { PacketInfo, HopLimit, TrafficClass, Rights, InetSocketAddress, Socket, UnixSocketAddress } = berkeley;
const { AF_INET, AF_INET6, AF_UNIX, SOCK_DGRAM, SOCK_STREAM } = berkeley;

type View = NodeJS.TypedArray;
const again = platform.errnos["EAGAIN"] ?? 0;

/** The calls of these names that an action makes. */
function callsOf(names: readonly string[], action: () => void): Recorded[] {
  const before = recorded.length;
  action();
  return recorded.slice(before).filter(({ name }) => names.includes(name));
}

/** What the header of sendmsg(2) points at. */
function sent(action: () => void): Found[] {
  const found: Found[] = [];
  answers.set("sendmsg", (_, header) => {
    found.push(messageAt(ptr(header as View)));
    return 5;
  });
  action();
  answers.delete("sendmsg");
  return found;
}

const SOURCE = new InetSocketAddress("192.0.2.9", 4242);

/** The messages of a batch of two, by call. */
function sentBatch(segmentation: "auto" | undefined): Found[][] {
  const found: Found[][] = [];
  const take = (size: number) => (_: unknown, first: unknown, count: unknown) => {
    found.push(Array.from({ length: Number(count) }, (__, index) => messageAt(Number(first) + index * size)));
    return Number(count);
  };
  answers.set("sendmmsg", take(platform.structs.mmsghdr?.size ?? 0));
  answers.set("sendmsg_x", take(Number((process.env["BERKELEY_MMSGHDR"] ?? "").split(",")[0])));
  answers.set("sendmsgAt", (_, at) => {
    found.push([messageAt(Number(at))]);
    return 3;
  });
  const batch = new berkeley.SendBatch({ capacity: 4, size: 100, segmentation });
  for (const text of ["one", "two"]) batch.push(Buffer.from(text), SOURCE);
  new Socket(AF_INET, SOCK_DGRAM).sendMessages(batch);
  return found;
}

/** What a batch gets of two messages: data and sender. */
function received(options: ReceiveBatchOptions, control: string): unknown {
  const fill = (at: number, data: string): number =>
    fillMessage(at, { data, name: process.env["BERKELEY_NAME"] ?? "", control, flags: 0 });
  const take = (size: number, lengthAt: number) => (_: unknown, first: unknown, count: unknown) => {
    for (const [index, data] of ["0102", "030405"].entries()) {
      const at = Number(first) + index * size;
      new DataView(toArrayBuffer((at + lengthAt) as Pointer, 0, 4)).setUint32(0, fill(at, data), true);
    }
    return Math.min(Number(count), 2);
  };
  const [size, lengthAt] = (process.env["BERKELEY_MMSGHDR"] ?? "").split(",").map(Number);
  answers.set("recvmmsg", take(size ?? 0, lengthAt ?? 0));
  answers.set("recvmsg_x", take(size ?? 0, lengthAt ?? 0));
  let one = 0;
  answers.set("recvmsgAt", (_, at) => (one++ < 2 ? fill(Number(at), ["0102", "030405"][one - 1] ?? "") : -again));
  const batch = new berkeley.ReceiveBatch(options);
  new Socket(AF_INET6, SOCK_DGRAM).receiveMessages(batch);
  return Array.from({ length: batch.length }, (_, index) => [
    Buffer.from(batch.data(index)).toString("hex"),
    batch.address(index)?.toString(),
  ]);
}

const scenarios: Record<string, () => unknown> = {
  "a new stream": () =>
    callsOf(["socket", "setsockopt", "fcntl", "ioctl"], () => new Socket(AF_INET, SOCK_STREAM).close()),
  "a new datagram socket": () =>
    callsOf(["socket", "setsockopt", "fcntl", "ioctl"], () => new Socket(AF_INET, SOCK_DGRAM).close()),
  "bind IPv4": () => callsOf(["bind"], () => new Socket(AF_INET).bind("192.0.2.1:53")),
  "bind IPv6": () =>
    callsOf(["bind"], () =>
      new Socket(AF_INET6).bind(new InetSocketAddress("2001:db8::1", 53, { flowInfo: 0x12345, scopeId: 7 })),
    ),
  "connect an IPv6 socket to an IPv4 address": () =>
    callsOf(["connect"], () => new Socket(AF_INET6).connect("192.0.2.1:80")),
  "accept of AF_ALG": () => {
    const { AF_ALG } = platform.core;
    if (AF_ALG === undefined) return null;
    return callsOf(["accept4"], () => new Socket(AF_ALG, berkeley.SOCK_SEQPACKET).tryAccept());
  },
  "connect unix": () => callsOf(["connect"], () => new Socket(AF_UNIX).connect(new UnixSocketAddress("/tmp/s"))),
  "the name of a peer": () => {
    answers.set("getpeername", (_, name, length) => {
      const bytes = Uint8Array.fromHex(process.env["BERKELEY_NAME"] ?? "");
      (name as Uint8Array).set(bytes);
      (length as Uint32Array)[0] = bytes.length;
      return 0;
    });
    const socket = new Socket(AF_INET6);
    socket.connect("[2001:db8::1]:1");
    const { family, port, address, scopeId } = socket.remoteAddress as InstanceType<typeof InetSocketAddress>;
    answers.delete("getpeername");
    return [family, port, address.toString(), scopeId];
  },
  "sendMessage with two buffers": () =>
    sent(() => {
      const socket = new Socket(AF_INET, SOCK_DGRAM);
      socket.sendMessage({ buffers: [Uint8Array.of(1, 2), Uint8Array.of(3, 4, 5)], address: SOURCE });
    }),
  "sendMessage with control messages, IPv6": () =>
    sent(() => {
      const socket = new Socket(AF_INET6, SOCK_DGRAM);
      const control = [
        new PacketInfo({ source: "2001:db8::5", interfaceIndex: 3 }),
        new HopLimit(9),
        new TrafficClass({ dscp: 10, ecn: 1 }),
      ];
      socket.sendMessage({ buffers: [Uint8Array.of(1)], address: "[2001:db8::1]:53", control });
    }),
  "sendMessage with a source, IPv4": () =>
    sent(() => {
      const control = [new PacketInfo({ source: "192.0.2.5", interfaceIndex: 3 })];
      new Socket(AF_INET, SOCK_DGRAM).sendMessage({ buffers: [Uint8Array.of(1)], address: SOURCE, control });
    }),
  "sendMessage with descriptors": () => {
    if (platform.name === "windows") return null;
    return sent(() => {
      const [socket] = Socket.pair(AF_UNIX, SOCK_STREAM);
      socket.sendMessage({ buffers: [Uint8Array.of(1)], control: [new Rights([3, 4, 5])] });
    });
  },
  receiveMessage: () => {
    answers.set("recvmsg", (_, header) =>
      fillMessage(ptr(header as View), {
        data: "0102030405",
        name: process.env["BERKELEY_NAME"] ?? "",
        control: process.env["BERKELEY_CONTROL"] ?? "",
        flags: Number(process.env["BERKELEY_FLAGS"]),
      }),
    );
    const message = new Socket(AF_INET6, SOCK_DGRAM).receiveMessage({
      buffers: [new Uint8Array(new ArrayBuffer(64))],
      controlSize: 256,
    });
    answers.delete("recvmsg");
    const info = message.control.get(PacketInfo);
    return {
      size: message.size,
      address: message.address?.toString(),
      info: [info?.destination.toString(), info?.interfaceIndex],
      hopLimit: message.control.get(HopLimit)?.value,
      truncated: message.truncated,
      controlTruncated: message.controlTruncated,
    };
  },
  sendMessages: () => sentBatch(undefined),
  "sendMessages, joined": () => sentBatch("auto"),
  receiveMessages: () => received({ capacity: 4, size: 100 }, ""),
  "receiveMessages, joined": () =>
    received({ capacity: 4, size: 100, segmentation: "auto" }, process.env["BERKELEY_JOINED"] ?? ""),
  "receiveControl(SegmentSize)": () =>
    callsOf(["setsockopt"], () => new Socket(AF_INET, SOCK_DGRAM).receiveControl(berkeley.SegmentSize))
      .at(-1)
      ?.args.slice(0, 4),
  options: () => {
    const stream = new Socket(AF_INET, SOCK_STREAM);
    const datagram = new Socket(AF_INET, SOCK_DGRAM);
    const six = new Socket(AF_INET6, SOCK_DGRAM);
    return callsOf(["setsockopt"], () => {
      stream.keepalive = true;
      stream.setOption(option.SO_LINGER, 3);
      stream.setOption(option.SO_RCVTIMEO, 1500);
      datagram.broadcast = true;
      datagram.ttl = 9;
      datagram.multicastTtl = 2;
      datagram.multicastLoopback = false;
      six.multicastTtl = 3;
      six.setOption(option.IPV6_V6ONLY, true);
    }).map(({ args }) => args.slice(1, 4));
  },
  "multicast by interface": () => {
    answers.set("if_indextoname", (_, name) => {
      (name as Uint8Array).set(Buffer.from("lo0\0"));
      return 1;
    });
    answers.set("if_nametoindex", () => 1);
    answers.set("getifaddrs", (head) => listInterface(head as View, "lo0", "127.0.0.1"));
    const datagram = new Socket(AF_INET, SOCK_DGRAM);
    const six = new Socket(AF_INET6, SOCK_DGRAM);
    return callsOf(["setsockopt"], () => {
      datagram.joinMulticastGroup("239.1.2.3", { interface: 1 });
      six.joinMulticastGroup("ff02::1234", { interface: 1 });
      six.joinMulticastGroup("ff32::1234", { interface: 1, source: "fe80::9" });
    }).map(({ args }) => args.slice(1, 4));
  },
  poll: () => {
    const seen: string[] = [];
    const look = (fds: unknown): number => {
      const bytes = typeof fds === "number" ? null : (fds as Uint8Array);
      if (bytes !== null) seen.push(bytes.toHex());
      return 0;
    };
    answers.set("poll", look);
    answers.set("ppoll", look);
    new Socket(AF_INET, SOCK_DGRAM).conditionCheck(berkeley.POLLIN | berkeley.POLLOUT);
    return seen.map((bytes) => bytes.slice(0, 32));
  },
  "the credentials of a peer": () => {
    answers.set("getsockopt", (_, level, name, value, length) => {
      recorded.push({ name: "asked", args: [Number(level), Number(name)] });
      const bytes = Uint8Array.fromHex(process.env["BERKELEY_CREDENTIALS"] ?? "");
      (value as Uint8Array).set(bytes.subarray(0, (value as Uint8Array).length));
      (length as Uint32Array)[0] = bytes.length;
      return 0;
    });
    if (platform.name === "windows") return null;
    const [socket] = Socket.pair(AF_UNIX, SOCK_STREAM);
    const asked: Recorded[] = [];
    let told: unknown;
    asked.push(
      ...callsOf(["asked"], () => {
        const { uid, gid } = socket.credentials;
        told = [uid, gid];
      }),
    );
    answers.delete("getsockopt");
    return { asked: asked.map(({ args }) => args)[0], told };
  },
};

const results: Record<string, unknown> = {};
for (const [name, run] of Object.entries(scenarios)) {
  try {
    results[name] = run();
  } catch (error) {
    results[name] = String(error instanceof Error ? error.stack : error);
  }
}
console.log(JSON.stringify(results));
process.exit(0); // sockets that never were need no closing
