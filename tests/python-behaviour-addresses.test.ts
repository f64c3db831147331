// How Python's socket module reads, writes and takes addresses, one behaviour after the other: B11 of
// ../shared/facts/python-socket.md. Where berkeley does otherwise on purpose, the test says "unlike Python".

import { describe, expect, test } from "bun:test";
import { AF_INET, AF_INET6, AF_UNIX, SOCK_DGRAM } from "./support/constants.ts";
import {
  getAddressInfo,
  inetAton,
  inetNtoa,
  inetNtop,
  inetPton,
  InetSocketAddress,
  interfaceIndex,
  Socket,
  UnixSocketAddress,
} from "../src/index.ts";
import { Namespace } from "./abi/namespace.ts";
import { haveIPv6, SOON, udpSocket } from "./support/sockets.ts";
import { havePython, Python } from "./support/peers.ts";
import { noPython, pythonSays } from "./support/python-behaviour.ts";
import { noGlibc, onMusl } from "./support/c-library.ts";
import { thrownBy, throwsKind, throwsNaming } from "./support/throws.ts";

const soon = { timeout: SOON };
const linux = process.platform === "linux";
const noIPv6 = haveIPv6 ? "" : " (needs IPv6)";
const noLinux = linux ? "" : " (needs Linux)";
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe("B11 addresses of sockets", () => {
  test.skipIf(!havePython)(
    `B11 unlike Python's, a socket call looks nothing up: names, '' and short forms are refused${noPython}`,
    async () => {
      const hosts = ["localhost", "127.1", "0x7f000001", "2130706433", ""];
      const theirs = await pythonSays(
        `
s = socket(AF_INET, SOCK_DGRAM)
def reaches(host): s.connect((host, 9)); return s.getpeername()[0]
result = [fails(lambda: reaches(host)) for host in json.loads(sys.argv[1])]`,
        JSON.stringify(hosts),
      );
      expect(theirs).toEqual(["127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.1"]);
      using socket = udpSocket();
      for (const address of hosts) throwsNaming(() => socket.connect({ address, port: 9 }), TypeError, "address");
      for (const host of [...hosts, "<broadcast>"])
        throwsNaming(() => socket.sendTo("x", `${host}:9`), TypeError, "address");
      throwsNaming(() => socket.connect({ address: "127.0.0.1\0", port: 9 }), TypeError, "NUL");
    },
  );

  test.skipIf(!havePython || !haveIPv6)(
    `B11 IPv6 on a socket of IPv4 is refused; unlike in Python, IPv4 on one of IPv6 is mapped${noPython}${noIPv6}`,
    async () => {
      const theirs = await pythonSays(`
v4, v6 = socket(AF_INET, SOCK_DGRAM), socket(AF_INET6, SOCK_DGRAM)
result = [fails(lambda: v4.connect(("::1", 9)))[0], fails(lambda: v6.connect(("127.0.0.1", 9)))[0]]`);
      expect(theirs).toEqual(["gaierror", "gaierror"]);
      using four = new Socket(AF_INET, SOCK_DGRAM);
      using six = new Socket(AF_INET6, SOCK_DGRAM);
      throwsKind(() => four.connect("[::1]:9"), "not-supported");
      six.connect("127.0.0.1:9");
      expect(String(six.remoteAddress)).toBe("[::ffff:127.0.0.1]:9");
    },
  );
});

describe("B11 texts of addresses", () => {
  const hex = (work: () => Uint8Array): string | null => {
    try {
      return work().toHex();
    } catch (error) {
      if (error instanceof TypeError) return null;
      throw error;
    }
  };
  const theirTexts = `
def read(work, text):
    try: return work(text).hex()
    except OSError as error: return None
`;

  test.skipIf(!havePython)(
    `B11 inetAton takes one to four parts, octal, hex, and anything after white space${noPython}`,
    async () => {
      const texts = [
        ...[
          "127.0.0.1",
          "127.1",
          "1.2.3",
          "1",
          "0x7f000001",
          "0x7f.1",
          "017.1",
          "0",
          "1.2.3.4 x",
          "1.2.3.4\t",
          "1.2.65535",
          "1.16777215",
        ],
        ...[
          "",
          " 1.2.3.4",
          "08",
          "256.1.1.1",
          "1.2.3.256",
          "1.2.65536",
          "4294967295",
          "4294967296",
          "1.2.3.4.5",
          "1.2.3.4x",
          "1..2",
          "0x",
          "-1",
        ],
      ];
      const theirs = await pythonSays(
        `${theirTexts}result = [read(inet_aton, text) for text in json.loads(sys.argv[1])]`,
        JSON.stringify(texts),
      );
      expect(texts.map((each) => [each, hex(() => inetAton(each))])).toEqual(
        texts.map((each, index) => [each, (theirs as (string | null)[])[index] ?? null]),
      );
    },
  );

  test.skipIf(!havePython)(`B11 inetPton is strict: no leading zeros, no zone, no spaces${noPython}`, async () => {
    const fours = [
      "127.0.0.1",
      "127.1",
      "01.2.3.4",
      "1.2.3.4 ",
      " 1.2.3.4",
      "0x7f.0.0.1",
      "256.0.0.1",
      "1.2.3.4.5",
      "",
    ];
    const sixes = [
      "::1",
      "::",
      "::ffff:1.2.3.4",
      "1:2:3:4:5:6:7:8",
      "1:2:3:4:5:6:7::",
      "fe80::1%lo",
      "::1 ",
      "[::1]",
      "1::2::3",
      "::12345",
      "::01.2.3.4",
      "1.2.3.4",
      "",
    ];
    const theirs = await pythonSays(
      `${theirTexts}
fours, sixes = json.loads(sys.argv[1])
result = [[read(lambda t: inet_pton(AF_INET, t), text) for text in fours], [read(lambda t: inet_pton(AF_INET6, t), text) for text in sixes]]`,
      JSON.stringify([fours, sixes]),
    );
    expect([
      fours.map((each) => hex(() => inetPton(AF_INET, each))),
      sixes.map((each) => hex(() => inetPton(AF_INET6, each))),
    ]).toEqual(theirs as never);
  });

  test.skipIf(!havePython || onMusl)(
    `B11 inetNtop writes as the C library does: RFC 5952, and dotted what looks like IPv4${noPython}${noGlibc}`,
    async () => {
      const sixes = [
        ...["00000000000000000000000000000000", "00000000000000000000000000000001", "00000000000000000000000000000100"],
        ...["00000000000000000000ffff01020304", "00000000000000000000000001020304", "00010000000200030004000500060007"],
        ...["00010000000000020000000000000003", "20010db8000000000000000000000001", "00010002000300040005000600000000"],
      ];
      const theirs = await pythonSays(
        `result = [inet_ntop(AF_INET6, bytes.fromhex(text)) for text in json.loads(sys.argv[1])]`,
        JSON.stringify(sixes),
      );
      expect(sixes.map((each) => inetNtop(AF_INET6, Uint8Array.fromHex(each)))).toEqual(theirs as string[]);
    },
  );

  test.skipIf(!havePython)(`B11 a wrong length and an unknown family have errors of their own${noPython}`, async () => {
    const theirs = await pythonSays(`
result = [fails(lambda: inet_ntoa(b"123"))[0], fails(lambda: inet_ntop(AF_INET, b"123"))[0], fails(lambda: inet_ntop(99, b"1234"))[0],
    fails(lambda: inet_pton(99, "1.2.3.4"))[0]]`);
    expect(theirs).toEqual(["OSError", "ValueError", "ValueError", "OSError"]);
    for (const size of [0, 3, 5, 16]) {
      throwsNaming(() => inetNtoa(new Uint8Array(size)), RangeError, "bytes");
      throwsNaming(() => inetNtop(AF_INET, new Uint8Array(size)), RangeError, "bytes");
    }
    throwsKind(() => inetNtop(99, new Uint8Array(4)), "not-supported");
    throwsKind(() => inetPton(99, "1.2.3.4"), "not-supported");
  });
});

describe.skipIf(!linux)(`abstract names${noLinux}`, () => {
  // NULs at the beginning, in the middle and at the end: the name is as long as it is given
  const names = ["", "\0", "\0\0", "\0middle", "mid\0dle", "end\0", "end\0\0", "\0both\0"].map(
    (name) => `\0berkeley-${process.pid}-${name}`,
  );

  test.skipIf(!havePython)(
    `B11 an abstract name with NULs is exact, bound by Python and reached by us${noPython}`,
    async () => {
      await using python = new Python(
        `
import json
servers = []
for name in json.loads(sys.argv[1]):
    s = socket(AF_UNIX, SOCK_DGRAM); s.bind(name.encode()); servers.append(s)
say("bound")
for s in servers: say(s.recv(99).hex() == s.getsockname().hex())`,
        JSON.stringify(names),
      );
      expect(await python.line()).toBe("bound");
      using socket = new Socket(AF_UNIX, SOCK_DGRAM);
      for (const name of names) socket.sendTo(name, { path: name });
      for (const _ of names) expect(await python.line()).toBe("True");
      throwsKind(() => socket.sendTo("x", { path: `${names[1]}\0\0\0` }), "connection-refused");
    },
  );

  test.skipIf(!havePython)(
    `B11 an abstract name with NULs is exact, bound by us and reached by Python${noPython}`,
    async () => {
      const stack = new DisposableStack();
      const sockets = names.map((name) => {
        const socket = stack.use(new Socket(AF_UNIX, SOCK_DGRAM));
        socket.bind(new UnixSocketAddress(name));
        return socket;
      });
      const refused = await pythonSays(
        `
s = socket(AF_UNIX, SOCK_DGRAM)
s.bind("") # a name of the kernel's choice
for name in json.loads(sys.argv[1]): s.sendto(s.getsockname(), name.encode())
result = fails(lambda: s.sendto(b"x", json.loads(sys.argv[1])[1].encode() + b"\\0\\0"))[0]`,
        JSON.stringify(names),
      );
      expect(refused).toBe("ConnectionRefusedError");
      for (const [index, socket] of sockets.entries()) {
        const { data, address } = socket.receiveBytesFrom(99, soon);
        expect(data.slice(1)).toEqual((address as UnixSocketAddress).abstractName as Uint8Array<ArrayBuffer>);
        expect((socket.localAddress as UnixSocketAddress).abstractName).toEqual(
          new TextEncoder().encode(names[index]).slice(1),
        );
      }
      stack.dispose();
    },
  );

  test("B11 an abstract name may be 108 bytes with its NUL, where a path may be 107; no path has a NUL in it", () => {
    using socket = new Socket(AF_UNIX, SOCK_DGRAM);
    const longest = `\0${process.pid}${"\0".repeat(107 - String(process.pid).length)}`;
    socket.bind({ path: longest });
    expect((socket.localAddress as UnixSocketAddress).abstractName).toHaveLength(107);
    throwsKind(() => new UnixSocketAddress(`${longest}\0`), "filename-too-long");
    throwsNaming(() => new UnixSocketAddress("/tmp/a\0b"), TypeError, "NUL");
  });
});

const canNamespace = Namespace.available && haveIPv6;
describe.skipIf(!canNamespace)(`zones${canNamespace ? "" : " (needs root, ip(8) and IPv6)"}`, () => {
  const space: readonly string[] = [
    ...["link add one type veth peer name two", "link add three type veth peer name four"],
    ...["-6 addr add fe80::1/64 dev one nodad", "-6 addr add fe80::2/64 dev two nodad"],
    ...["-6 addr add fe80::1/64 dev three nodad", "link set one up", "link set two up"],
    ...["link set three up", "link set four up"],
  ];

  test("B11 a zone by name or number is a scope id, and comes back as one: the same address on two interfaces", () => {
    using _ = new Namespace(space);
    for (const zone of ["one", "three"]) {
      const index = interfaceIndex(zone);
      for (const written of [`[fe80::1%${zone}]:0`, `[fe80::1%${index}]:0`]) {
        using socket = new Socket(AF_INET6, SOCK_DGRAM);
        socket.bind(written);
        expect((socket.localAddress as InetSocketAddress).scopeId).toBe(index);
      }
    }
    using lost = new Socket(AF_INET6, SOCK_DGRAM);
    throwsKind(() => lost.bind("[fe80::1%nosuch0]:0"), "no-such-device");
    expect(thrownBy(() => lost.bind("[fe80::1]:0"))).toMatchObject({ code: "EINVAL" }); // link-local without a zone
  });

  test.skipIf(!havePython)(`B11 a zone that Python's getaddrinfo resolves is the same as ours${noPython}`, () => {
    using _ = new Namespace(space);
    const code = `import socket; print(socket.getaddrinfo("fe80::1%three", 9, 0, socket.SOCK_DGRAM)[0][4][3])`;
    const theirs = Number(Bun.spawnSync(["python3", "-c", code]).stdout.toString());
    const [ours] = getAddressInfo("fe80::1%three", 9, { type: SOCK_DGRAM });
    expect([theirs, (ours?.address as InetSocketAddress).scopeId]).toEqual([
      interfaceIndex("three"),
      interfaceIndex("three"),
    ]);
  });

  test("B11 a datagram goes out by its zone, and its sender is told with one", () => {
    using _ = new Namespace(space);
    using two = new Socket(AF_INET6, SOCK_DGRAM);
    two.bind("[::]:0");
    const { port } = two.localAddress as InetSocketAddress;
    using one = new Socket(AF_INET6, SOCK_DGRAM);
    one.bind("[fe80::1%one]:0");
    one.sendTo("over the link", `[fe80::2%one]:${port}`);
    const { data, address } = two.receiveBytesFrom(99, soon);
    expect(text(data)).toBe("over the link");
    expect((address as InetSocketAddress).scopeId).toBe(interfaceIndex("two"));
    two.sendTo("and back", address as InetSocketAddress);
    expect(text(one.receiveBytes(99, soon))).toBe("and back");
  });
});
