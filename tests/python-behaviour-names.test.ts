// How Python's socket module looks up names, one behaviour after the other: B11 of
// ../shared/facts/python-socket.md. Where berkeley does otherwise on purpose, the test says "unlike Python".

import { describe, expect, test } from "bun:test";
import { AF_INET, AF_INET6, AF_UNSPEC, SOCK_DGRAM, SOCK_RAW, SOCK_STREAM } from "./support/constants.ts";
import * as all from "../src/constants.ts";
import {
  type AddressInfo,
  getAddressInfo,
  getFullyQualifiedName,
  getHostByAddress,
  getHostByName,
  getNameInfo,
  getProtocolByName,
  getServiceByName,
  getServiceByPort,
  InetSocketAddress,
  interfaceIndex,
  interfaceName,
  type SocketError,
} from "../src/index.ts";
import { haveIPv6 } from "./support/sockets.ts";
import { havePython } from "./support/peers.ts";
import { noPython, pythonSays } from "./support/python-behaviour.ts";
import { noGlibc, onMusl } from "./support/c-library.ts";
import { throwsKind, throwsNaming } from "./support/throws.ts";

const linux = process.platform === "linux";
const noIPv6 = haveIPv6 ? "" : " (needs IPv6)";
const noLinux = linux ? "" : " (needs Linux)";
const haveServices = await Bun.file("/etc/services").exists();

describe("B11 getAddressInfo", () => {
  /** A question with all of its answers, or its error, as Python sees it and as we do. */
  type Question = readonly [
    host: string | null,
    service: string | number | null,
    family: number,
    type: number,
    flags: string[],
  ];

  const theirAnswers = `
module = sys.modules["socket"]
codes = {getattr(module, name): name for name in dir(module) if name.startswith("EAI_")}
def ask(host, service, family, type, flags):
    bits = 0
    for name in flags: bits |= getattr(module, name)
    try: found = getaddrinfo(host, service, family, type, 0, bits)
    except gaierror as error: return codes[error.errno]
    return [[int(f), int(t), p, name, address[0], address[1]] for f, t, p, name, address in found]
result = [ask(*question) for question in json.loads(sys.argv[1])]`;

  function shown({ family, type, protocol, address, canonicalName }: AddressInfo): unknown[] {
    const { address: host, port } = address as InetSocketAddress;
    return [family, type, protocol, canonicalName ?? "", host.toString(), port];
  }

  function ask([host, service, family, type, flags]: Question): unknown {
    const bits = flags.reduce((sum, name) => sum | Number((all as Record<string, unknown>)[name]), 0);
    try {
      return getAddressInfo(host, service, { family, type, flags: bits }).map(shown);
    } catch (error) {
      return (error as SocketError).code;
    }
  }

  test.skipIf(!havePython)(`B11 each flag does what it does in Python${noPython}`, async () => {
    const questions: Question[] = [
      [null, 80, AF_INET, SOCK_STREAM, []],
      [null, 80, AF_INET, SOCK_STREAM, ["AI_PASSIVE"]],
      [null, 80, AF_INET6, SOCK_STREAM, ["AI_PASSIVE"]],
      ["127.0.0.1", 80, AF_INET, SOCK_STREAM, ["AI_PASSIVE"]],
      ["127.0.0.1", 80, AF_UNSPEC, SOCK_STREAM, ["AI_CANONNAME"]],
      [null, 80, AF_INET, SOCK_STREAM, ["AI_CANONNAME"]],
      ["localhost", 80, AF_INET, SOCK_STREAM, ["AI_NUMERICHOST"]],
      ["::1", 80, AF_UNSPEC, SOCK_STREAM, ["AI_NUMERICHOST"]],
      ["127.0.0.1", "http", AF_INET, SOCK_STREAM, ["AI_NUMERICSERV"]],
      ["127.0.0.1", "80", AF_INET, SOCK_STREAM, ["AI_NUMERICSERV"]],
      ["127.0.0.1", 80, AF_INET6, SOCK_STREAM, []],
      ["127.0.0.1", 80, AF_INET6, SOCK_STREAM, ["AI_V4MAPPED"]],
      ["127.0.0.1", 80, AF_INET6, SOCK_STREAM, ["AI_V4MAPPED", "AI_ALL"]],
      ["::1", 80, AF_INET, SOCK_STREAM, []],
      ["127.0.0.1", 80, AF_UNSPEC, SOCK_STREAM, ["AI_ADDRCONFIG"]],
    ];
    const theirs = await pythonSays(theirAnswers, JSON.stringify(questions));
    expect(questions.map((question) => [question, ask(question)])).toEqual(
      questions.map((question, index) => [question, (theirs as unknown[])[index]]),
    );
  });

  test.skipIf(!havePython)(
    `B11 without a type each address comes for each of them, in the C library's order${noPython}`,
    async () => {
      const questions: Question[] = [
        ["127.0.0.1", 9, AF_INET, 0, []],
        ["127.0.0.1", null, AF_UNSPEC, 0, []],
        ["localhost", 9, AF_INET, 0, ["AI_CANONNAME"]],
      ];
      const ours = questions.map(ask) as unknown[][][];
      expect(await pythonSays(theirAnswers, JSON.stringify(questions))).toEqual(ours);
      if (linux && !onMusl) expect(ours[0]?.map(([, type]) => type)).toEqual([SOCK_STREAM, SOCK_DGRAM, SOCK_RAW]);
      // the real name comes with the first only
      expect(ours[2]?.map(([, , , name]) => name !== "")).toEqual(ours[2]?.map((_, index) => index === 0) as boolean[]);
    },
  );

  test.skipIf(!havePython)(
    `B11 the empty name is asked for as it is, null is none; parts that are empty or too long are refused${noPython}`,
    async () => {
      const names = ["a..b", `${"x".repeat(64)}.org`];
      const theirs = await pythonSays(
        `result = [fails(lambda: getaddrinfo(name, 1))[0] for name in json.loads(sys.argv[1])]`,
        JSON.stringify(names),
      );
      expect(theirs).toEqual(["UnicodeError", "UnicodeError"]);
      for (const name of names) throwsNaming(() => getAddressInfo(name, 1), RangeError, "hostname");
      const questions: Question[] = [
        ["", 1, AF_INET, SOCK_STREAM, []],
        [null, null, AF_INET, SOCK_STREAM, []],
      ];
      const ours = questions.map(ask);
      expect(await pythonSays(theirAnswers, JSON.stringify(questions))).toEqual(ours);
      expect(ours).toEqual(["EAI_NONAME", "EAI_NONAME"]);
    },
  );

  test.skipIf(!havePython || !linux || onMusl)(
    `B11 unlike Python and glibc, which go round, a port beyond 65535 is refused, and one below 0${noPython}${noLinux}${noGlibc}`,
    async () => {
      const code = `result = [getaddrinfo("127.0.0.1", 65536 + 7)[0][4][1], fails(lambda: getaddrinfo("127.0.0.1", -1))[0]]`;
      expect(await pythonSays(code)).toEqual([7, "gaierror"]);
      for (const port of [65_536 + 7, "65543", -1, "-1"]) {
        throwsNaming(() => getAddressInfo("127.0.0.1", port), RangeError, "service");
      }
    },
  );
});

describe("B11 getNameInfo", () => {
  test.skipIf(!havePython)(
    `B11 an address that is none is refused; a name that is wanted and forbidden is EAI_NONAME, as in Python${noPython}`,
    async () => {
      const theirs = await pythonSays(`
codes = {getattr(sys.modules["socket"], name): name for name in dir(sys.modules["socket"]) if name.startswith("EAI_")}
def code(address, flags):
    try: getnameinfo(address, flags)
    except gaierror as error: return codes[error.errno]
result = [code(("127.0.0.1", 9), NI_NAMEREQD | NI_NUMERICHOST), code(("localhost", 9), NI_NUMERICHOST) is not None]`);
      const { NI_NAMEREQD, NI_NUMERICHOST } = all;
      const error = throwsKind(() => getNameInfo("127.0.0.1:9", NI_NAMEREQD | NI_NUMERICHOST), "host-not-found");
      expect(theirs).toEqual([error.code, true]);
      throwsNaming(() => getNameInfo("localhost:9"), TypeError, "address");
    },
  );

  test.skipIf(!havePython || !haveIPv6 || !linux)(
    `B11 a zone is told as a name; unlike in Python a port is checked, and a flow may have a traffic class${noPython}${noIPv6}${noLinux}`,
    async () => {
      const theirs = await pythonSays(`
numeric = NI_NUMERICHOST | NI_NUMERICSERV
result = [getnameinfo(("fe80::1", 9, 0, 1), numeric), getnameinfo(("127.0.0.1", 70000), numeric)[1],
    fails(lambda: getnameinfo(("::1", 9, 0x100000, 0), numeric))[0]]`);
      expect(theirs).toEqual([["fe80::1%lo", "9"], "4464", "OverflowError"]);
      const numeric = all.NI_NUMERICHOST | all.NI_NUMERICSERV;
      expect(getNameInfo("[fe80::1%lo]:9", numeric)).toEqual({ hostname: "fe80::1%lo", service: "9" });
      throwsNaming(() => getNameInfo({ address: "127.0.0.1", port: 70_000 }, numeric), RangeError, "port");
      const flow = new InetSocketAddress("::1", 9, { flowInfo: 0x0ff_fffff }); // ipv6(7): class and label
      expect(getNameInfo(flow, numeric)).toEqual({ hostname: "::1", service: "9" });
      throwsNaming(() => new InetSocketAddress("::1", 9, { flowInfo: 2 ** 32 }), RangeError, "flowInfo");
    },
  );
});

describe("B11 what this host knows", () => {
  test.skipIf(!havePython)(
    `B11 getFullyQualifiedName strips, and has the host's own name for '', 0.0.0.0 and ::${noPython}`,
    async () => {
      const names = ["", " localhost ", "0.0.0.0", "::", "127.0.0.1"];
      const theirs = await pythonSays(
        `result = [getfqdn(name) for name in json.loads(sys.argv[1])]`,
        JSON.stringify(names),
      );
      expect(names.map((name) => getFullyQualifiedName(name))).toEqual(theirs as string[]);
    },
  );

  test.skipIf(!havePython)(
    `B11 hosts by address and name are those of Python; unlike in Python an address is no name${noPython}`,
    async () => {
      const theirs = await pythonSays(
        `result = [gethostbyaddr("127.0.0.1"), gethostbyname_ex("localhost"), gethostbyaddr("localhost")[0]]`,
      );
      const ours = [getHostByAddress("127.0.0.1"), getHostByName("localhost")].map(({ name, aliases, addresses }) => [
        name,
        [...aliases],
        addresses.map(String),
      ]);
      expect((theirs as unknown[]).slice(0, 2)).toEqual(ours);
      throwsNaming(() => getHostByAddress("localhost"), TypeError, "localhost");
    },
  );

  test.skipIf(!havePython || !haveServices)(
    `B11 what is in no file is not found, and no port is beyond 65535${noPython}${haveServices ? "" : " (needs /etc/services)"}`,
    async () => {
      const theirs = await pythonSays(`
result = [getservbyname("http", "tcp"), getservbyport(80), fails(lambda: getservbyname("no-such")), fails(lambda: getservbyport(1, "no-such")),
    fails(lambda: getprotobyname("no-such")), fails(lambda: getservbyport(65536))[0]]`);
      const missing = ["OSError", null];
      expect(theirs).toEqual([
        getServiceByName("http", "tcp").port,
        getServiceByPort(80).name,
        missing,
        missing,
        missing,
        "OverflowError",
      ]);
      for (const look of [
        () => getServiceByName("no-such"),
        () => getServiceByPort(1, "no-such"),
        () => getProtocolByName("no-such"),
      ]) {
        throwsKind(look, "not-found");
      }
      throwsNaming(() => getServiceByPort(65_536), RangeError, "port");
    },
  );

  test.skipIf(!havePython)(
    `B11 an interface that is not there has an error number; a number that none can have is refused${noPython}`,
    async () => {
      const theirs = await pythonSays(`
index, name = if_nameindex()[0]
result = [index, name, fails(lambda: if_indextoname(0))[0], fails(lambda: if_nametoindex("nosuch0"))[0]]`);
      const [index = 0, name = "", ...errors] = theirs as [number, string, ...string[]];
      expect([interfaceName(index), interfaceIndex(name), errors]).toEqual([name, index, ["OSError", "OSError"]]);
      for (const look of [() => interfaceName(0), () => interfaceIndex("nosuch0")]) {
        expect(throwsKind(look, "no-such-device").errno).toBeLessThan(0); // unlike in Python before 3.14, where it is None
      }
      for (const number of [-1, 2 ** 32]) throwsNaming(() => interfaceName(number), RangeError, "index");
    },
  );
});
