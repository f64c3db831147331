// Netlink: the codec on any bytes, lists beside those of ip(8) and ss(8), changes in a network namespace of the test's own.

import { describe, expect, test } from "bun:test";
import {
  AF_INET,
  AF_INET6,
  InetAddress,
  type InetSocketAddress,
  NetlinkSocketAddress,
  Socket,
  SocketError,
} from "../src/index.ts";
import {
  attributeMap,
  attributeNumber,
  attributeText,
  encodeAttributes,
  encodeMessage,
  listAddresses,
  listLinks,
  listRoutes,
  listTcpSockets,
  type NetlinkMessage,
  NetlinkSocket,
  type NetworkChange,
  NLM_F_ACK_TLVS,
  NLM_F_CAPPED,
  NLM_F_CREATE,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_EXCL,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSG_OVERRUN,
  parseAttributes,
  parseLink,
  parseLinkAddress,
  parseMessages,
  parseRoute,
  parseTcpSocket,
  RT_TABLE_LOCAL,
  RT_TABLE_UNSPEC,
  RTM_DELADDR,
  RTM_GETLINK,
  RTM_NEWADDR,
  RTM_NEWLINK,
  watchNetwork,
} from "../src/netlink.ts";
import { messageError } from "../src/netlink/message.ts";
import { ask, type NetlinkTransport } from "../src/netlink/netlink-socket.ts";
import { Namespace } from "./abi/namespace.ts";
import { random } from "./support/random.ts";
import { SOON, TcpPair } from "./support/sockets.ts";
import { throwsKind, throwsNaming, wrong } from "./support/throws.ts";

const onLinux = process.platform === "linux";
const linuxOnly = onLinux ? "" : " (needs Linux)";
const withIp = !onLinux ? linuxOnly : Bun.which("ip") === null ? " (no ip(8))" : "";
const withNamespace = Namespace.available ? "" : " (needs root and ip(8))";

/** What ip(8) says, as JSON. */
function ip(command: string): Record<string, unknown>[] {
  const { stdout } = Bun.spawnSync(["ip", "-j", ...command.split(" ")]);
  return JSON.parse(stdout.toString() || "[]") as Record<string, unknown>[];
}

const u32 = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);
const message = (type: number, body: Uint8Array, flags = 0): NetlinkMessage => ({
  type,
  flags,
  sequence: 1,
  pid: 7,
  body,
});

describe("messages", () => {
  test("are a header of 16 bytes in host order, and what follows, aligned", () => {
    const bytes = encodeMessage({
      type: 0x1234,
      flags: 0x301,
      sequence: 7,
      pid: 9,
      body: Uint8Array.of(1, 2, 3, 4, 5),
    });
    expect(bytes.toHex()).toBe("15000000" + "3412" + "0103" + "07000000" + "09000000" + "0102030405" + "000000");
    const [first, second] = parseMessages(Uint8Array.from([...bytes, ...encodeMessage({ type: 1 })])) ?? [];
    expect(first).toEqual({ type: 0x1234, flags: 0x301, sequence: 7, pid: 9, body: Uint8Array.of(1, 2, 3, 4, 5) });
    expect(second).toEqual({ type: 1, flags: 0, sequence: 0, pid: 0, body: new Uint8Array() });
  });

  test("that are cut off, or shorter than their header, are none", () => {
    const bytes = encodeMessage({ type: 1, body: new Uint8Array(8) });
    for (let length = 1; length < bytes.length; length++)
      expect(parseMessages(bytes.subarray(0, length))).toBeUndefined();
    for (const length of [0, 15, 25, 0x7fff_ffff, 0xffff_ffff]) {
      const broken = bytes.slice();
      new DataView(broken.buffer).setUint32(0, length, true);
      expect([length, parseMessages(broken)]).toEqual([length, undefined]);
    }
    expect(parseMessages(new Uint8Array())).toEqual([]);
  });

  test("refuse what does not fit, naming the field", () => {
    throwsNaming(() => encodeMessage({ type: 65_536 }), RangeError, "type");
    throwsNaming(() => encodeMessage({ type: 1, flags: -1 }), RangeError, "flags");
    throwsNaming(() => encodeMessage({ type: 1, sequence: 2 ** 32 }), RangeError, "sequence");
    throwsNaming(() => encodeMessage({ type: 1, pid: 0.5 }), RangeError, "pid");
    throwsNaming(() => encodeMessage({ type: 1, body: wrong("x") }), TypeError, "body");
    throwsNaming(() => parseMessages(wrong([1])), TypeError, "bytes");
  });

  test("tell errors, with the kernel's own words where there are any", () => {
    expect(messageError(message(NLMSG_ERROR, u32(0)), "x")).toBeUndefined();
    expect(messageError(message(NLMSG_DONE, new Uint8Array()), "x")).toBeUndefined();
    expect(messageError(message(NLMSG_ERROR, new Uint8Array(3)), "x")?.kind).toBe("invalid-data");
    const said = encodeAttributes([[1, "not like that"]]);
    const capped = Uint8Array.from([...u32(-17), ...new Uint8Array(16), ...said]);
    const error = messageError(message(NLMSG_ERROR, capped, NLM_F_CAPPED | NLM_F_ACK_TLVS), "x");
    expect(error?.message).toContain("the kernel says: not like that");
    expect(error?.code).toBe("EEXIST");
    // the whole request comes before them
    const request = encodeMessage({ type: 5, body: new Uint8Array(5) });
    const whole = Uint8Array.from([...u32(-17), ...request, ...said]);
    expect(messageError(message(NLMSG_ERROR, whole, NLM_F_ACK_TLVS), "x")?.message).toContain("not like that");
    // and of a length that is a lie
    new DataView(whole.buffer).setUint32(4, 0xffff_fff0, true);
    expect(messageError(message(NLMSG_ERROR, whole, NLM_F_ACK_TLVS), "x")?.code).toBe("EEXIST");
    const done = Uint8Array.from([...u32(-17), ...said]);
    expect(messageError(message(NLMSG_DONE, done, NLM_F_ACK_TLVS), "x")?.message).toContain("not like that");
  });
});

describe("attributes", () => {
  test("are type, length and value, aligned; lists are nested", () => {
    const bytes = encodeAttributes([
      [1, "lo"],
      [2, 0x1_0203],
      [3, 1n],
      [4, true],
      [5, Uint8Array.of(9)],
      [6, [[7, "x"]]],
    ]);
    expect(bytes.toHex()).toBe(
      "07000100" +
        "6c6f0000" +
        "08000200" +
        "03020100" +
        "0c000300" +
        "0100000000000000" +
        "04000400" +
        "05000500" +
        "09000000" +
        "0c000680" +
        "06000700" +
        "78000000",
    );
    const found = parseAttributes(bytes) ?? [];
    expect(found.map(({ type, nested }) => [type, nested])).toEqual([
      [1, false],
      [2, false],
      [3, false],
      [4, false],
      [5, false],
      [6, true],
    ]);
    const map = attributeMap(bytes);
    expect(attributeText(map?.get(1))).toBe("lo");
    expect([2, 3, 4, 5].map((type) => attributeNumber(map?.get(type)))).toEqual([0x1_0203, 1, undefined, 9]);
    expect(attributeText(attributeMap(map?.get(6) as Uint8Array)?.get(7))).toBe("x");
    expect([attributeText(undefined), attributeNumber(undefined)]).toEqual([undefined, undefined]);
  });

  test("that are cut off, or shorter than their header, are none", () => {
    const bytes = encodeAttributes([[1, u32(1, 2)]]);
    for (let length = 1; length < bytes.length; length++)
      expect(parseAttributes(bytes.subarray(0, length))).toBeUndefined();
    for (const length of [0, 3, 13, 0xffff]) {
      const broken = bytes.slice();
      new DataView(broken.buffer).setUint16(0, length, true);
      expect([length, parseAttributes(broken), attributeMap(broken)]).toEqual([length, undefined, undefined]);
    }
    expect(parseAttributes(bytes, bytes.length + 100)).toEqual([]);
  });

  test("refuse what does not fit, naming the attribute", () => {
    throwsNaming(() => encodeAttributes([[0x4000, true]]), RangeError, "type of an attribute");
    throwsNaming(() => encodeAttributes([[5, new Uint8Array(65_532)]]), RangeError, "attribute 5");
    throwsNaming(() => encodeAttributes([[5, 2 ** 32]]), RangeError, "attribute 5");
    throwsNaming(() => encodeAttributes([[5, 2n ** 64n]]), RangeError, "attribute 5");
    throwsNaming(() => encodeAttributes([[5, "a\0b"]]), TypeError, "attribute 5");
    throwsNaming(() => encodeAttributes([[5, wrong(false)]]), TypeError, "attribute 5");
    throwsNaming(() => encodeAttributes(wrong({})), TypeError, "attributes");
  });

  test("come back as they were given, whatever they are", () => {
    const { int, bytes } = random(1);
    for (let round = 0; round < 20_000; round++) {
      const given = Array.from({ length: int(6) }, () => [int(0x4000), bytes(int(20))] as const);
      const found = parseAttributes(encodeAttributes(given)) ?? [];
      expect(found.map(({ type, value }) => [type, value] as const)).toEqual(given);
    }
  });
});

test("hostile bytes are never read outside of, and break nothing: a million times", () => {
  const { int } = random(20_261_121);
  const memory = new Uint8Array(new ArrayBuffer(256));
  const readers = [parseLink, parseLinkAddress, parseRoute, parseTcpSocket];
  let messages = 0;
  for (let round = 0; round < 1_000_000; round++) {
    if ((round & 31) === 0) {
      crypto.getRandomValues(memory);
      for (let at = 0; at < 256; at += 4 + 4 * int(6)) {
        const place = new DataView(memory.buffer, at); // small lengths, so that some are whole
        place.setUint16(0, int(40), true);
        place.setUint16(2, int(64), true);
      }
    }
    const start = int(64) & ~3;
    const bytes = memory.subarray(start, start + int(192));
    memory[start + int(16)] = int(48);
    if (int(2) === 0) memory.set([16 + int(60), 0, 0, 0], start); // the length of a message that may be whole
    const found = parseMessages(bytes);
    messages += found?.length ?? 0;
    for (const { body } of found ?? []) {
      // a view never reaches beyond what was given
      if (body.byteOffset < bytes.byteOffset || body.byteOffset + body.length > bytes.byteOffset + bytes.length) {
        throw new Error(`outside: ${bytes.toHex()}`);
      }
    }
    for (const { value } of parseAttributes(bytes) ?? []) {
      if (value.byteOffset + value.length > bytes.byteOffset + bytes.length)
        throw new Error(`outside: ${bytes.toHex()}`);
    }
    if ((round & 3) === 0) for (const read of readers) read(bytes);
    if ((round & 15) === 0) messageError(message(2 + int(2), bytes, int(0x400)), "x");
  }
  expect(messages).toBeGreaterThan(100);
}, 30_000);

describe("asking", () => {
  /** Answers with what is given, one list of datagrams for each request. */
  function transport(
    ...scripts: ((sequence: number) => NetlinkMessage[])[]
  ): NetlinkTransport & { kept: NetlinkMessage[]; sent: number } {
    let sequence = 100;
    const fake = {
      pid: 7,
      sent: 0,
      kept: [] as NetlinkMessage[],
      send: () => void fake.sent++,
      receive: () => (scripts[fake.sent - 1] ?? scripts.at(-1))?.(sequence) ?? [],
      keep: (kept: NetlinkMessage) => void fake.kept.push(kept),
      nextSequence: () => ++sequence,
    };
    return fake;
  }
  const part = (sequence: number, type: number, flags = 0, body = u32(0)): NetlinkMessage => ({
    type,
    flags,
    sequence,
    pid: 7,
    body,
  });

  test("a list that was told while it changed is asked for again", () => {
    const twice = transport(
      (sequence) => [part(sequence, 16), part(sequence, 16, NLM_F_DUMP_INTR), part(sequence, NLMSG_DONE)],
      (sequence) => [part(sequence, 17), part(sequence, NLMSG_DONE)],
    );
    expect(ask(twice, 18, NLM_F_DUMP, {}).map(({ type }) => type)).toEqual([17]);
    expect(twice.sent).toBe(2);
    // the flag may be on the last part alone
    const always = transport((sequence) => [part(sequence, 16), part(sequence, NLMSG_DONE, NLM_F_DUMP_INTR)]);
    expect(throwsKind(() => ask(always, 18, NLM_F_DUMP, {}), "busy").message).toContain("NLM_F_DUMP_INTR");
    expect(always.sent).toBe(16);
  });

  test("what answers nothing that was asked is kept apart", () => {
    const fake = transport((sequence) => [
      { ...part(sequence, 20), sequence: 0, pid: 0 },
      { ...part(sequence, 20), pid: 4711 }, // another's request happens to have the same number
      part(sequence, 16),
      part(sequence, NLMSG_ERROR),
    ]);
    expect(ask(fake, 18, 0, {})).toHaveLength(1);
    expect(fake.kept).toHaveLength(2);
  });

  test("errors in a list and an overrun are thrown", () => {
    const failing = transport((sequence) => [part(sequence, 16), part(sequence, NLMSG_DONE, 0, u32(-1))]);
    throwsKind(() => ask(failing, 18, NLM_F_DUMP, {}), "permission-denied");
    throwsKind(
      () =>
        ask(
          transport((sequence) => [part(sequence, NLMSG_OVERRUN)]),
          18,
          NLM_F_DUMP,
          {},
        ),
      "no-buffers",
    );
  });
});

describe.skipIf(!onLinux)(`NetlinkSocket${linuxOnly}`, () => {
  test("throws what the kernel answers, in its words", () => {
    using netlink = new NetlinkSocket();
    expect(netlink.pid).toBe((netlink.socket.localAddress as NetlinkSocketAddress).pid);
    const error = throwsKind(() => netlink.request(RTM_GETLINK, { body: new Uint8Array(3) }), "invalid-argument");
    expect(error.code).toBe("EINVAL");
    const body = new Uint8Array(16);
    body.set(u32(2_000_000_000), 4);
    throwsKind(() => netlink.request(RTM_GETLINK, { body }), "no-such-device");
    // and works on
    body.set(u32(1), 4);
    const [lo] = netlink.request(RTM_GETLINK, { body });
    expect(parseLink(lo?.body as Uint8Array)?.name).toBe("lo");
  });

  test("refuses wrong arguments", () => {
    throwsNaming(() => new NetlinkSocket(32), RangeError, "protocol");
    using netlink = new NetlinkSocket();
    throwsNaming(() => netlink.join(0), RangeError, "group");
    throwsNaming(() => netlink.request(65_536), RangeError, "type");
    throwsNaming(() => netlink.request(18, wrong(null)), TypeError, "options");
  });

  test("listens to the kernel only: another process may send too", () => {
    using netlink = new NetlinkSocket(2); // NETLINK_USERSOCK, where ordinary users may send to each other
    using other = new NetlinkSocket(2);
    const fake = encodeMessage({ type: NLMSG_ERROR, sequence: 1, pid: netlink.pid, body: u32(0) });
    other.socket.sendTo(fake, new NetlinkSocketAddress({ pid: netlink.pid }));
    const error = thrownKind(() => netlink.request(100, { timeout: 50 }));
    expect(["timed-out", "connection-refused"]).toContain(error);
  });

  test("closes with `using`, and ends its news", async () => {
    const netlink = new NetlinkSocket();
    const news = netlink.messages();
    const next = news.next();
    netlink.close();
    expect(await next).toEqual({ done: true, value: undefined });
    throwsKind(() => netlink.dump(RTM_GETLINK), "closed");
  });
});

function thrownKind(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof SocketError) return error.kind;
    throw error;
  }
  return "nothing";
}

const hexOf = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(":");

/** Compares all lists with what ip(8) says now. */
function compareWithIp(): void {
  const links = listLinks();
  const nameOf = (index: number | undefined): string | undefined => links.find((link) => link.index === index)?.name;
  expect(
    links.map((link) => [
      link.index,
      link.name,
      link.mtu,
      link.operationalState.replaceAll("-", ""),
      hexOf(link.address),
      link.up,
      link.kind,
      nameOf(link.masterIndex),
      link.queueDiscipline,
    ]),
  ).toEqual(
    ip("-d link").map(
      (link) =>
        [
          ...[
            link["ifindex"],
            link["ifname"],
            link["mtu"],
            String(link["operstate"]).toLowerCase().replace("lowerlayerdown", "lowerlayerdown"),
          ],
          ...[link["address"] ?? "", (link["flags"] as string[]).includes("UP")],
          ...[(link["linkinfo"] as Record<string, unknown> | undefined)?.["info_kind"], link["master"], link["qdisc"]],
        ] as never,
    ),
  );
  const lasting = (seconds: unknown): unknown => (seconds === 0xffff_ffff ? Infinity : seconds);
  expect(
    listAddresses()
      .map((entry) => [
        entry.interfaceIndex,
        String(entry.address),
        entry.prefixLength,
        entry.scope,
        entry.label,
        entry.broadcast && String(entry.broadcast),
        entry.peer && String(entry.peer),
        entry.validLifetime,
      ])
      .toSorted(),
  ).toEqual(
    ip("addr")
      .flatMap((link) =>
        (link["addr_info"] as Record<string, unknown>[]).map((entry) => [
          ...[link["ifindex"], entry["local"], entry["prefixlen"], entry["scope"], entry["label"], entry["broadcast"]],
          ...[entry["address"], lasting(entry["valid_life_time"])],
        ]),
      )
      .toSorted() as never,
  );
  for (const [family, option] of [
    [AF_INET, "-4"],
    [AF_INET6, "-6"],
  ] as const) {
    const any = family === AF_INET ? "0.0.0.0/0" : "::/0";
    expect(
      listRoutes({ family })
        .filter(({ type }) => type === 1)
        .map((route) => [
          String(route.destination),
          route.gateway && String(route.gateway),
          nameOf(route.interfaceIndex),
          route.metric,
          route.preferredSource && String(route.preferredSource),
        ]),
    ).toEqual(
      ip(`${option} route show type unicast`).map(
        (route) =>
          [
            ...[
              route["dst"] === "default" ? any : route["dst"],
              route["gateway"] ?? (route["via"] as { host: string } | undefined)?.host,
            ],
            ...[route["dev"], route["metric"] ?? 0, route["prefsrc"]],
          ] as never,
      ),
    );
  }
}

describe.skipIf(withIp !== "")(`lists${withIp}`, () => {
  test("of links, addresses and routes are those of ip(8)", compareWithIp);

  test("of TCP sockets have ours, with what ss(8) says of them", () => {
    using pair = new TcpPair();
    using listener = new Socket(AF_INET6);
    listener.bind("[::1]:0");
    listener.listen(7);
    pair.client.sendAll("12345");
    const all = listTcpSockets();
    const local = (socket: Socket): string => String(socket.localAddress);
    const client = all.find(
      (info) => String(info.localAddress) === local(pair.client) && String(info.remoteAddress) === local(pair.server),
    );
    const from = (info: { remoteAddress: InetSocketAddress | null }): string => String(info.remoteAddress);
    const server = all.find(
      (info) => from(info) === local(pair.client) && String(info.localAddress) === local(pair.server),
    );
    const listening = all.find(({ localAddress }) => String(localAddress) === local(listener));
    expect([client?.state, String(client?.remoteAddress), client?.uid]).toEqual([
      "established",
      local(pair.server),
      process.getuid?.(),
    ]);
    expect([server?.state, server?.receiveQueue]).toEqual(["established", 5]);
    expect([listening?.state, listening?.remoteAddress, listening?.sendQueue]).toEqual(["listen", null, 7]);
    expect(client?.cookie).not.toBe(server?.cookie);
    expect(client?.inode).toBeGreaterThan(0);
    expect(listTcpSockets({ family: AF_INET6 }).every(({ localAddress }) => localAddress.family === AF_INET6)).toBe(
      true,
    );
    const states = listTcpSockets({ states: ["listen"] });
    expect(states.length).toBeGreaterThan(0);
    expect(states.every(({ state }) => state === "listen")).toBe(true);
    if (Bun.which("ss") === null) return;
    const port = (pair.client.localAddress as InetSocketAddress).port;
    const shown = Bun.spawnSync([
      "ss",
      "-tneH",
      `sport = :${port} and dport = :${(pair.server.localAddress as InetSocketAddress).port}`,
    ]).stdout.toString();
    expect(shown).toContain(`ino:${client?.inode} sk:${client?.cookie.toString(16)}`);
  });

  test("refuse wrong arguments", () => {
    throwsNaming(() => listAddresses({ family: 256 }), RangeError, "family");
    throwsNaming(() => listRoutes({ table: -1 }), RangeError, "table");
    throwsNaming(() => listTcpSockets({ family: 1 }), RangeError, "family");
    throwsNaming(() => listTcpSockets({ states: wrong(["open"]) }), TypeError, "states");
    throwsNaming(() => listTcpSockets({ states: wrong("listen") }), TypeError, "states");
    throwsNaming(() => watchNetwork({ links: false, addresses: false }), TypeError, "links, addresses or routes");
    throwsNaming(() => watchNetwork({ links: wrong(1) }), TypeError, "links");
  });
});

/** struct ifaddrmsg of an IPv4 address on an interface, with the address. */
function addressBody(index: number, text: string): Uint8Array {
  const bytes = InetAddress.parse(text).toBytes();
  return Uint8Array.from([
    AF_INET,
    24,
    0,
    0,
    ...u32(index),
    ...encodeAttributes([
      [2, bytes],
      [1, bytes],
    ]),
  ]);
}

describe.skipIf(withNamespace !== "")(`in a network namespace of its own${withNamespace}`, () => {
  test("links, addresses and routes of every sort are those of ip(8)", () => {
    using _ = new Namespace([
      ...["link add one type veth peer name two", "link add bridge type bridge", "link set two master bridge"],
      ...["link property add dev one altname a-second-name", "link set one mtu 1400 up", "link set two up"],
      ...["addr add 10.1.2.3/24 broadcast + dev one label one:x", "addr add 10.9.0.1 peer 10.9.0.2 dev one"],
      ...[
        "addr add fd11::1/64 dev one nodad valid_lft 5000 preferred_lft 4000",
        "route add 10.5.0.0/16 via 10.1.2.9 metric 5",
      ],
      ...["route add default via 10.1.2.1", "route add 10.6.0.0/16 nexthop via 10.1.2.7 weight 3 nexthop via 10.1.2.8"],
      ...[
        "route add blackhole 10.7.0.0/16",
        "route add 10.8.0.0/16 via inet6 fd11::9 dev one",
        "route add 10.4.0.0/16 dev one table 700",
      ],
    ]);
    compareWithIp();
    const one = listLinks().find(({ name }) => name === "one");
    expect([one?.alternativeNames, one?.kind, one?.mtu]).toEqual([["a-second-name"], "veth", 1400]);
    expect(one?.lowerIndex).toBe(listLinks().find(({ name }) => name === "two")?.index as number);
    const routes = listRoutes({ family: AF_INET });
    const to = (destination: string) => routes.find((route) => String(route.destination) === destination);
    expect(to("10.6.0.0/16")?.nextHops.map(({ gateway, weight }) => [String(gateway), weight])).toEqual([
      ["10.1.2.7", 3],
      ["10.1.2.8", 1],
    ]);
    expect(to("10.7.0.0/16")?.type).toBe(6);
    expect(String(to("10.8.0.0/16")?.gateway)).toBe("fd11::9");
    expect(to("10.4.0.0/16")).toBeUndefined();
    expect(listRoutes({ table: 700 }).map(({ destination }) => String(destination))).toEqual(["10.4.0.0/16"]);
    expect(listRoutes({ table: RT_TABLE_LOCAL }).length).toBeGreaterThan(3);
    expect(listRoutes({ table: RT_TABLE_UNSPEC }).length).toBeGreaterThan(listRoutes().length);
    const limited = listAddresses({ family: AF_INET6 }).find(({ address }) => String(address) === "fd11::1");
    expect([limited?.validLifetime, limited?.preferredLifetime]).toEqual([5000, 4000]);
  });

  test("changes are made by request, errors told in the kernel's words", () => {
    using _ = new Namespace(["link add one type veth peer name two"]);
    using netlink = new NetlinkSocket();
    const index = listLinks().find(({ name }) => name === "one")?.index as number;
    const flags = NLM_F_CREATE | NLM_F_EXCL;
    netlink.request(RTM_NEWADDR, { flags, body: addressBody(index, "10.3.0.1") });
    expect(listAddresses({ family: AF_INET }).map(({ address }) => String(address))).toContain("10.3.0.1");
    throwsKind(() => netlink.request(RTM_NEWADDR, { flags, body: addressBody(index, "10.3.0.1") }), "exists");
    netlink.request(RTM_DELADDR, { body: addressBody(index, "10.3.0.1") });
    const gone = throwsKind(
      () => netlink.request(RTM_DELADDR, { body: addressBody(index, "10.3.0.1") }),
      "address-not-available",
    );
    expect(gone.message).toContain("the kernel says");
    const body = Uint8Array.from([
      ...new Uint8Array(16),
      ...encodeAttributes([
        [3, "three"],
        [18, [[1, "nosuchkind"]]],
      ]),
    ]);
    const unknown = throwsKind(() => netlink.request(RTM_NEWLINK, { flags, body }), "not-supported");
    expect(unknown.message).toContain("the kernel says: Unknown device type");
  });

  test("changes are told as they come", async () => {
    const open = (): { changes: ReturnType<typeof watchNetwork>; namespace: Namespace } => {
      const namespace = new Namespace(["link add one type veth peer name two"]);
      try {
        return { changes: watchNetwork({ links: true, addresses: true, routes: true }), namespace };
      } catch (error) {
        namespace[Symbol.dispose]();
        throw error;
      }
    };
    const { changes, namespace } = open();
    try {
      // in the namespace, before anybody asks: nothing is lost
      for (const command of [
        ...["link set one up", "addr add 10.3.0.1/24 dev one", "addr del 10.3.0.1/24 dev one", "link del one"],
      ]) {
        Bun.spawnSync(["ip", ...command.split(" ")]);
      }
    } finally {
      namespace[Symbol.dispose]();
    }
    const seen: NetworkChange[] = [];
    const timer = setTimeout(() => changes.close(), SOON);
    for await (const change of changes) {
      seen.push(change);
      if (change.kind === "link" && change.change === "removed" && change.link.name === "one") break;
    }
    clearTimeout(timer);
    expect(changes.socket.closed).toBe(true);
    const texts = seen.map((change) => {
      if (change.kind === "address") return `${change.change} ${change.address.address}`;
      if (change.kind === "link") return `${change.change} ${change.link.name}`;
      return change.kind === "route" ? `${change.change} ${change.route.destination}` : change.kind;
    });
    for (const text of ["set one", "set 10.3.0.1", "set 10.3.0.0/24", "removed 10.3.0.1", "removed one"]) {
      expect(texts).toContain(text);
    }
    expect(texts.indexOf("set 10.3.0.1")).toBeLessThan(texts.indexOf("removed 10.3.0.1"));
  });

  test("lost news are told, and do not end it", async () => {
    const namespace = new Namespace(["link add one type veth peer name two"]);
    let changes: ReturnType<typeof watchNetwork>;
    try {
      changes = watchNetwork({ addresses: true });
      changes.socket.setOption(1, 8, 1); // SO_RCVBUF: the smallest
      using netlink = new NetlinkSocket();
      const index = listLinks().find(({ name }) => name === "one")?.index as number;
      for (let host = 1; host < 60; host++)
        netlink.request(RTM_NEWADDR, { body: addressBody(index, `10.3.0.${host}`), flags: NLM_F_CREATE });
    } finally {
      namespace[Symbol.dispose]();
    }
    const kinds: string[] = [];
    const timer = setTimeout(() => changes.close(), SOON);
    for await (const { kind } of changes) {
      kinds.push(kind);
      if (kind === "lost" && kinds.includes("address")) break;
      if (kinds.length > 1 && kinds[0] === "lost") break;
    }
    clearTimeout(timer);
    expect(kinds).toContain("lost");
    expect(kinds).toContain("address");
  });

  test("a signal ends it with its reason", async () => {
    const stop = new AbortController();
    const changes = watchNetwork({ signal: stop.signal });
    const next = changes[Symbol.asyncIterator]().next();
    const reason = new Error("enough");
    stop.abort(reason);
    expect(await next.catch((error: unknown) => error)).toBe(reason);
    expect(changes.socket.closed).toBe(true);
  });
});
