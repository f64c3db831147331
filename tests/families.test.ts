// Sockets of the rarer families and protocols, for real: what this kernel has, and lets this user have.

import { describe, expect, test } from "bun:test";
import {
  AF_INET,
  AF_INET6,
  AF_NETLINK,
  AF_PACKET,
  AF_VSOCK,
  InetSocketAddress,
  interfaceIndex,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_SCTP,
  IPPROTO_UDP,
  NetlinkSocketAddress,
  PacketSocketAddress,
  poll,
  POLLIN,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  Socket,
  type SocketAddress,
  UnixSocketAddress,
  VsockSocketAddress,
  XdpSocketAddress,
} from "../src/index.ts";
import * as c from "../src/constants.ts";
import { checksum } from "../src/packet.ts";
import { Namespace } from "./abi/namespace.ts";
import { canMake, haveIPv6, loopback, SOON } from "./support/sockets.ts";
import { throwsKind } from "./support/throws.ts";

/** Why such a socket cannot be made here; empty when it can. */
function lacking(family: number | undefined, type: number, protocol: number | undefined = 0): string {
  return protocol !== undefined && canMake(family, type, protocol) ? "" : " (this kernel or user cannot make one)";
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const versions = haveIPv6 ? [AF_INET, AF_INET6] : [AF_INET];
const nameOf = (family: number): string => (family === AF_INET ? "IPv4" : "IPv6");

describe("netlink", () => {
  const why = lacking(AF_NETLINK, SOCK_RAW);
  test.skipIf(why !== "")(`is bound to a port ID and groups, and talks to the kernel${why}`, () => {
    using socket = new Socket(AF_NETLINK as number, SOCK_RAW, 0);
    expect((socket.localAddress as SocketAddress).equals(new NetlinkSocketAddress())).toBe(true);
    socket.bind(new NetlinkSocketAddress({ groups: 1 }));
    const local = socket.localAddress as unknown as NetlinkSocketAddress;
    expect(local).toBeInstanceOf(NetlinkSocketAddress);
    expect([local.pid > 0, local.groups]).toEqual([true, 1]);
    const request = new Uint8Array(32); // struct nlmsghdr, struct ifinfomsg: RTM_GETLINK, a list
    new Uint32Array(request.buffer).set([32, 18 | (0x301 << 16), 1, 0]);
    socket.sendTo(request, new NetlinkSocketAddress());
    const { data, address } = socket.receiveBytesFrom(32_768, { timeout: SOON });
    expect(address).toEqual(new NetlinkSocketAddress());
    expect(new Uint32Array(data.slice(0, 4).buffer)[0]).toBeGreaterThan(32);
    using taken = new Socket(AF_NETLINK as number, SOCK_RAW, 0);
    throwsKind(() => taken.bind(new NetlinkSocketAddress({ pid: local.pid })), "address-in-use");
  });
});

describe("packet", () => {
  const why = lacking(AF_PACKET, SOCK_DGRAM);
  test.skipIf(why !== "")(`sees a datagram on the loopback, with who and what it was for${why}`, () => {
    using sniffer = new Socket(AF_PACKET as number, SOCK_DGRAM);
    sniffer.bind(new PacketSocketAddress({ interface: "lo", protocol: 0x0800 }));
    const local = sniffer.localAddress as unknown as PacketSocketAddress;
    expect([local.interfaceIndex, local.protocol, local.hardwareType]).toEqual([interfaceIndex("lo"), 0x0800, 772]);
    expect(local.address).toEqual(new Uint8Array(6));
    using udp = new Socket(AF_INET, SOCK_DGRAM);
    udp.bind("127.0.0.1:0");
    const mark = crypto.randomUUID();
    udp.sendTo(mark, udp.localAddress);
    for (;;) {
      const { data, address } = sniffer.receiveBytesFrom(2000, { timeout: SOON });
      if (!text(data).endsWith(mark)) continue; // the loopback has other traffic
      const sender = address as unknown as PacketSocketAddress;
      expect(sender).toBeInstanceOf(PacketSocketAddress);
      expect([sender.interfaceIndex, sender.protocol]).toEqual([interfaceIndex("lo"), 0x0800]);
      expect([0, 4]).toContain(sender.packetType); // PACKET_HOST, and PACKET_OUTGOING before it
      break;
    }
  });

  test.skipIf(!Namespace.available)(
    `carries a protocol of one's own over a veth${Namespace.available ? "" : " (needs root and ip(8))"}`,
    () => {
      using _ = new Namespace([
        ...["link add one address 02:00:00:00:00:01 type veth peer name two address 02:00:00:00:00:02"],
        ...["link set one up", "link set two up"],
      ]);
      using sender = new Socket(AF_PACKET as number, SOCK_DGRAM);
      using receiver = new Socket(AF_PACKET as number, SOCK_DGRAM);
      receiver.bind(new PacketSocketAddress({ interface: "two", protocol: 0x88b5 }));
      const to = new PacketSocketAddress({ interface: "one", protocol: 0x88b5, address: "02:00:00:00:00:02" });
      // a link that was just set up loses what comes before its carrier is there
      for (let time = 0; time < 100; time++) {
        sender.sendTo("hello", to);
        if (poll([{ socket: receiver, condition: POLLIN }], { timeout: 20 }) > 0) break;
      }
      const { data, address } = receiver.receiveBytesFrom(100, { timeout: SOON });
      const from = address as unknown as PacketSocketAddress;
      expect([text(data), from.address.toHex(), from.packetType]).toEqual(["hello", "020000000001", 0]);
    },
  );
});

// Bound, and no more: a connect would reach whatever runs beside this machine.
describe.each([
  ["stream", SOCK_STREAM],
  ["seqpacket", SOCK_SEQPACKET],
])("vsock %s", (_, type) => {
  const why = lacking(AF_VSOCK, type);
  test.skipIf(why !== "")(`is bound to a port${why}`, () => {
    using socket = new Socket(AF_VSOCK as number, type);
    const [anyCid, anyPort] = [c.VMADDR_CID_ANY as number, c.VMADDR_PORT_ANY as number];
    socket.bind(new VsockSocketAddress({ cid: anyCid, port: anyPort }));
    const local = socket.localAddress as unknown as VsockSocketAddress;
    expect(local).toBeInstanceOf(VsockSocketAddress);
    expect([local.cid, local.port === anyPort]).toEqual([anyCid, false]);
    socket.listen();
    expect(socket.tryAccept()).toBeNull();
    using other = new Socket(AF_VSOCK as number, type);
    throwsKind(() => other.bind(new VsockSocketAddress({ cid: anyCid, port: local.port })), "address-in-use");
  });
});

describe("XDP", () => {
  const why = lacking(c.AF_XDP, SOCK_RAW);
  test.skipIf(why !== "")(
    `is made, refuses to be bound without memory, and names an address of its family${why}`,
    () => {
      using socket = new Socket(c.AF_XDP as number, SOCK_RAW);
      expect(socket.family).toBe(c.AF_XDP as number);
      throwsKind(() => socket.bind(new XdpSocketAddress({ interface: "lo" })), "invalid-argument");
      throwsKind(() => socket.bind(new UnixSocketAddress("/tmp/x")), "invalid-argument");
    },
  );
});

describe.each(versions.map((family) => [nameOf(family), family] as const))("%s", (_, family) => {
  const liteWhy = lacking(family, SOCK_DGRAM, c.IPPROTO_UDPLITE);
  test.skipIf(liteWhy !== "")(`UDP-Lite carries datagrams, with a checksum over a part of them${liteWhy}`, () => {
    const [a, b] = [0, 1].map(() => {
      const socket = new Socket(family, SOCK_DGRAM, c.IPPROTO_UDPLITE);
      socket.bind(loopback(family));
      return socket;
    }) as [Socket, Socket];
    try {
      expect(a.protocol).toBe(c.IPPROTO_UDPLITE as number);
      a.setOption(c.SOL_UDPLITE as number, c.UDPLITE_SEND_CSCOV as number, 8);
      b.setOption(c.SOL_UDPLITE as number, c.UDPLITE_RECV_CSCOV as number, 8);
      a.sendTo("hello", b.localAddress);
      const { data, address } = b.receiveBytesFrom(100, { timeout: SOON });
      expect([text(data), String(address)]).toEqual(["hello", String(a.localAddress)]);
    } finally {
      a.close();
      b.close();
    }
  });

  const mptcpWhy = lacking(family, SOCK_STREAM, c.IPPROTO_MPTCP);
  test.skipIf(mptcpWhy !== "")(`MPTCP connects to MPTCP${mptcpWhy}`, () => {
    using listener = new Socket(family, SOCK_STREAM, c.IPPROTO_MPTCP);
    listener.bind(loopback(family));
    listener.listen();
    using client = new Socket(family, SOCK_STREAM, c.IPPROTO_MPTCP);
    client.connect(listener.localAddress, { timeout: SOON });
    using server = listener.accept({ timeout: SOON });
    client.sendAll("hello");
    expect(text(server.receiveBytes(100, { timeout: SOON }))).toBe("hello");
    expect(client.protocol).toBe(c.IPPROTO_MPTCP as number);
  });

  for (const [name, type] of [
    ["stream", SOCK_STREAM],
    ["seqpacket", SOCK_SEQPACKET],
  ] as const) {
    const why = lacking(family, type, IPPROTO_SCTP);
    test.skipIf(why !== "")(`SCTP ${name} connects to SCTP${why}`, () => {
      using listener = new Socket(family, type, IPPROTO_SCTP);
      listener.bind(loopback(family));
      listener.listen();
      using client = new Socket(family, type, IPPROTO_SCTP);
      client.connect(listener.localAddress, { timeout: SOON });
      client.sendAll("hello");
      using server = type === SOCK_STREAM ? listener.accept({ timeout: SOON }) : listener.duplicate();
      expect(text(server.receiveBytes(100, { timeout: SOON }))).toBe("hello");
    });
  }

  const host = family === AF_INET ? "127.0.0.1" : "::1";
  const icmp = family === AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;

  /** An echo request, RFC 792 and RFC 4443, with its checksum; of ICMPv6 the kernel makes it. */
  function echo(identifier: number, payload: string): Uint8Array {
    const bytes = Uint8Array.from([
      family === AF_INET ? 8 : 128,
      0,
      0,
      0,
      identifier >> 8,
      identifier & 255,
      0,
      1,
      ...Buffer.from(payload),
    ]);
    if (family === AF_INET) new DataView(bytes.buffer).setUint16(2, checksum(bytes));
    return bytes;
  }

  const rawWhy = lacking(family, SOCK_RAW, icmp);
  test.skipIf(rawWhy !== "")(`a raw socket sends an echo request and gets the answer${rawWhy}`, () => {
    using socket = new Socket(family, SOCK_RAW, icmp);
    const payload = crypto.randomUUID();
    socket.sendTo(echo(0x4711, payload), new InetSocketAddress(host, 0));
    for (;;) {
      const { data, address } = socket.receiveBytesFrom(2000, { timeout: SOON });
      const message = family === AF_INET ? data.subarray(((data[0] as number) & 15) * 4) : data; // the IPv4 header comes too
      if (message[0] !== (family === AF_INET ? 0 : 129) || !text(message).endsWith(payload)) continue;
      expect((address as unknown as InetSocketAddress).address.toString()).toBe(host);
      break;
    }
  });

  const udpWhy = lacking(family, SOCK_RAW, IPPROTO_UDP);
  test.skipIf(udpWhy !== "")(`a raw UDP socket sees the header${udpWhy}`, () => {
    using raw = new Socket(family, SOCK_RAW, IPPROTO_UDP);
    raw.bind(loopback(family));
    using udp = new Socket(family, SOCK_DGRAM);
    udp.bind(loopback(family));
    const mark = crypto.randomUUID();
    udp.sendTo(mark, udp.localAddress);
    for (;;) {
      const data = raw.receiveBytes(2000, { timeout: SOON });
      if (!text(data).endsWith(mark)) continue;
      const header = data.subarray(data.length - mark.length - 8);
      const { port } = udp.localAddress as InetSocketAddress;
      expect([header[0]! * 256 + header[1]!, header[2]! * 256 + header[3]!]).toEqual([port, port]);
      break;
    }
  });

  test.skipIf(!Namespace.available)(
    `an ICMP datagram socket pings without a privilege${Namespace.available ? "" : " (needs root and ip(8))"}`,
    () => {
      using _ = new Namespace(["sysctl net.ipv4.ping_group_range 0\t2147483647"]);
      using socket = new Socket(family, SOCK_DGRAM, icmp);
      socket.sendTo(echo(0, "are you there?"), new InetSocketAddress(host, 0));
      const { data, address } = socket.receiveBytesFrom(2000, { timeout: SOON });
      expect([data[0], text(data.subarray(8))]).toEqual([family === AF_INET ? 0 : 129, "are you there?"]);
      // the identifier is the socket's port
      expect(data[4]! * 256 + data[5]!).toBe((socket.localAddress as InetSocketAddress).port);
      expect((address as unknown as InetSocketAddress).address.toString()).toBe(host);
    },
  );
});

// Families that few kernels have.
describe("families that a kernel may have", () => {
  const samples: readonly (readonly [string, number | undefined, number, number | undefined])[] = [
    ["CAN_RAW", c.AF_CAN, SOCK_RAW, c.CAN_RAW],
    ["TIPC", c.AF_TIPC, SOCK_DGRAM, 0],
    ["AF_ALG", c.AF_ALG, SOCK_SEQPACKET, 0],
    ["QIPCRTR", c.AF_QIPCRTR, SOCK_DGRAM, 0],
    ["RDS", c.AF_RDS, SOCK_SEQPACKET, 0],
  ];
  for (const [name, family, type, protocol] of samples) {
    const why = lacking(family, type, protocol);
    test.skipIf(why !== "")(`${name} sockets can be made${why}`, () => {
      using socket = new Socket(family as number, type, protocol as number);
      expect(socket.family).toBe(family as number);
    });
  }
});
