// Names and services: getAddressInfo and its neighbours ask the C library, and Python, which asks the same one, is the judge.

import { describe, expect, test } from "bun:test";
import * as constants from "../src/constants.ts";
import {
  AF_INET,
  AF_INET6,
  AF_UNSPEC,
  Cancellable,
  getAddressInfo,
  type AddressInfo,
  getAddressInfoAsync,
  getFullyQualifiedName,
  getFullyQualifiedNameAsync,
  getHostByAddress,
  getHostByAddressAsync,
  getHostByName,
  getHostByNameAsync,
  getNameInfo,
  getNameInfoAsync,
  getProtocolByName,
  getProtocolByNumber,
  getServiceByName,
  getServiceByPort,
  hostname,
  InetSocketAddress,
  setHostname,
  SOCK_DGRAM,
  SOCK_STREAM,
  SocketError,
} from "../src/index.ts";
import { runChild } from "./support/child.ts";
import { havePython, Python } from "./support/peers.ts";
import { haveIPv6 } from "./support/sockets.ts";
import { throwsKind, throwsNaming, wrong } from "./support/throws.ts";

const {
  AI_CANONNAME,
  AI_NUMERICHOST,
  AI_NUMERICSERV,
  AI_PASSIVE,
  NI_DGRAM,
  NI_NAMEREQD,
  NI_NUMERICHOST,
  NI_NUMERICSERV,
} = constants;
const linux = process.platform === "linux";
const haveServices = await Bun.file("/etc/services").exists();
const haveProtocols = await Bun.file("/etc/protocols").exists();

/** A lookup as one line of text: what Python prints as well. */
function shown({ family, type, protocol, address, canonicalName }: AddressInfo): string {
  if (!(address instanceof InetSocketAddress)) throw new Error(`what is ${address}?`);
  return [family, type, protocol, canonicalName ?? "", address.address.toString(), address.port].join(" ");
}

async function rejection(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    (value) => {
      throw new Error(`resolved with ${Bun.inspect(value)}`);
    },
    (error: unknown) => error,
  );
}

describe("getAddressInfo", () => {
  const questions: readonly (readonly [string | null, string | number | null, number, number, number])[] = [
    ["localhost", 80, AF_UNSPEC, SOCK_STREAM, 0],
    ["localhost", "80", AF_INET, SOCK_DGRAM, 0],
    ["localhost", null, AF_INET, 0, 0],
    ["127.0.0.1", 0, AF_UNSPEC, 0, 0],
    ["127.0.0.1", 65_535, AF_INET, SOCK_STREAM, AI_NUMERICHOST | AI_NUMERICSERV],
    ["127.1", 1, AF_INET, SOCK_STREAM, 0],
    ["0x7f000001", 1, AF_INET, SOCK_STREAM, AI_NUMERICHOST],
    ["::1", 443, AF_UNSPEC, SOCK_STREAM, 0],
    ["::ffff:1.2.3.4", 443, AF_INET6, SOCK_STREAM, AI_NUMERICHOST],
    [null, 80, AF_UNSPEC, SOCK_STREAM, AI_PASSIVE],
    [null, 80, AF_UNSPEC, SOCK_STREAM, 0],
    [null, "http", AF_INET, SOCK_STREAM, AI_PASSIVE],
    ["localhost", "domain", AF_INET, 0, 0],
    ["localhost", 9, AF_INET, SOCK_STREAM, AI_CANONNAME],
    ["localhost.", 9, AF_INET, SOCK_STREAM, 0],
  ];

  for (const [host, service, family, type, flags] of questions) {
    const label = `${host} ${service} family ${family} type ${type} flags ${flags}`;
    test.skipIf(!havePython || !haveServices)(
      `${label}: what Python gets, here and from another thread (needs python3 and /etc/services)`,
      async () => {
        await using python = new Python(
          `
import json
host, service, family, type, flags = json.loads(sys.argv[1])
try:
    for f, t, p, name, address in getaddrinfo(host, service, family, type, 0, flags):
        say(int(f), int(t), p, name, address[0], address[1])
except gaierror as error:
    module = sys.modules["socket"]
    say({getattr(module, n): n for n in dir(module) if n.startswith("EAI_")}[error.errno])
say("end")`,
          JSON.stringify([host, service, family, type, flags]),
        );
        const expected: string[] = [];
        for (let line = await python.line(); line !== "end"; line = await python.line()) expected.push(line);
        const options = { family, type, flags };
        const ours = ((): string[] => {
          try {
            return getAddressInfo(host, service, options).map(shown);
          } catch (error) {
            return [(error as SocketError).code];
          }
        })();
        expect(ours).toEqual(expected);
        const theirs = await getAddressInfoAsync(host, service, options).then(
          (found) => found.map(shown),
          (error: SocketError) => [error.code],
        );
        expect(theirs).toEqual(expected);
      },
    );
  }

  test("without a type an address comes once for each type", () => {
    const types = new Set(getAddressInfo("127.0.0.1", 9).map(({ type }) => type));
    expect(types.has(SOCK_STREAM) && types.has(SOCK_DGRAM)).toBe(true);
  });

  test("what it gives fits into a Socket and its connect", () => {
    const [found] = getAddressInfo("127.0.0.1", 9, { type: SOCK_DGRAM });
    expect(found).toMatchObject({ family: AF_INET, type: SOCK_DGRAM, protocol: 17 });
    expect(found?.address.equals(new InetSocketAddress("127.0.0.1", 9))).toBe(true);
    expect(found).not.toHaveProperty("canonicalName");
  });

  test.skipIf(!haveIPv6 || !linux)(
    "a zone becomes the scope id, and an unknown one is an error (needs IPv6 and Linux)",
    () => {
      const [found] = getAddressInfo("fe80::1%lo", 9, { type: SOCK_DGRAM });
      expect((found?.address as InetSocketAddress).scopeId).toBe(1);
      throwsKind(() => getAddressInfo("fe80::1%nosuch0", 9, { flags: AI_NUMERICHOST }), "host-not-found");
    },
  );

  test("a family that a literal is not of: EAI_ADDRFAMILY or EAI_NONAME", () => {
    const error = throwsKind(() => getAddressInfo("::1", 1, { family: AF_INET }), "host-not-found");
    expect(["EAI_ADDRFAMILY", "EAI_NONAME", "EAI_NODATA"]).toContain(error.code);
    expect(error).toMatchObject({ syscall: "getaddrinfo", errno: 0 });
  });

  test("a name with AI_NUMERICHOST, the empty name, and nothing at all: EAI_NONAME", () => {
    for (const ask of [
      () => getAddressInfo("localhost", 1, { flags: AI_NUMERICHOST }),
      () => getAddressInfo("", 1),
      () => getAddressInfo(null, null),
    ]) {
      expect(throwsKind(ask, "host-not-found").code).toBe("EAI_NONAME");
    }
  });

  test("the text of an error says what was asked for and what to do", () => {
    const error = throwsKind(() => getAddressInfo("localhost", 1, { flags: AI_NUMERICHOST }), "host-not-found");
    expect(error.message).toContain("getaddrinfo localhost:1");
    expect(error.message).toContain("check the spelling");
  });

  test("a port that glibc would cut to 16 bits is refused, as number and as text", async () => {
    for (const port of [65_536, -1, 1.5, NaN, "65536", "-1", " 65536", "4294967376"]) {
      throwsNaming(() => getAddressInfo("127.0.0.1", port), RangeError, "service");
      expect(await rejection(getAddressInfoAsync("127.0.0.1", port))).toBeInstanceOf(RangeError);
    }
  });

  test("names beyond ASCII are asked for as IDNA", () => {
    const error = throwsKind(() => getAddressInfo("bücher.invalid", 1, { flags: AI_NUMERICHOST }), "host-not-found");
    expect(error.message).toContain("xn--bcher-kva.invalid");
  });

  test("names that DNS cannot carry, and wrong types, are refused before anybody is asked", () => {
    throwsNaming(() => getAddressInfo("a..b", 1), RangeError, "hostname");
    throwsNaming(() => getAddressInfo(`${"x".repeat(64)}.org`, 1), RangeError, "hostname");
    throwsNaming(() => getAddressInfo("a\0b", 1), TypeError, "hostname");
    throwsNaming(() => getAddressInfo("a", "b\0"), TypeError, "service");
    throwsNaming(() => getAddressInfo(wrong(7), 1), TypeError, "hostname");
    throwsNaming(() => getAddressInfo("a", wrong({})), TypeError, "service");
    throwsNaming(() => getAddressInfo("a", 1, wrong(7)), TypeError, "options");
    throwsNaming(() => getAddressInfo("a", 1, wrong({ family: "inet" })), TypeError, "family");
    throwsNaming(() => getAddressInfo("a", 1, wrong({ flags: undefined })), TypeError, "flags");
    throwsNaming(() => getAddressInfo("a", 1, { type: 2 ** 33 }), RangeError, "type");
  });

  test("a cancelled Cancellable, an aborted signal and wrong options end the twin before it asks", async () => {
    using cancellable = new Cancellable();
    cancellable.cancel();
    expect(await rejection(getAddressInfoAsync("localhost", 1, { cancellable }))).toMatchObject({ kind: "cancelled" });
    const reason = new Error("enough");
    const signal = AbortSignal.abort(reason);
    expect(await rejection(getAddressInfoAsync("localhost", 1, { signal }))).toBe(reason);
    expect(await rejection(getAddressInfoAsync("localhost", 1, { timeout: -1 }))).toBeInstanceOf(RangeError);
  });

  test("many lookups at once are all answered, each with its own", async () => {
    const ports = Array.from({ length: 64 }, (_, index) => index + 1);
    const found = await Promise.all(ports.map((port) => getAddressInfoAsync("localhost", port, { type: SOCK_DGRAM })));
    expect(found.map(([first]) => (first?.address as InetSocketAddress).port)).toEqual(ports);
  });
});

describe("getNameInfo", () => {
  const flags: readonly number[] = [0, NI_NUMERICHOST, NI_NUMERICSERV, NI_NUMERICHOST | NI_NUMERICSERV, NI_DGRAM];

  for (const flag of flags) {
    test.skipIf(!havePython || !haveServices)(
      `flags ${flag}: what Python gets, here and from another thread (needs python3 and /etc/services)`,
      async () => {
        await using python = new Python(`say("|".join(getnameinfo(("127.0.0.1", 53), int(sys.argv[1]))))`, flag);
        const [host = "", service = ""] = (await python.line()).split("|");
        expect(getNameInfo("127.0.0.1:53", flag)).toEqual({ hostname: host, service });
        expect(await getNameInfoAsync({ address: "127.0.0.1", port: 53 }, flag)).toEqual({ hostname: host, service });
      },
    );
  }

  test.skipIf(!haveIPv6 || !linux)("the scope of a link-local address is told (needs IPv6 and Linux)", () => {
    const address = new InetSocketAddress("fe80::1", 53, { scopeId: 1 });
    expect(getNameInfo(address, NI_NUMERICHOST | NI_NUMERICSERV)).toEqual({ hostname: "fe80::1%lo", service: "53" });
  });

  test("a name that is wanted and cannot be had: EAI_NONAME", () => {
    const ask = (): unknown => getNameInfo("127.0.0.1:1", NI_NAMEREQD | NI_NUMERICHOST);
    const error = throwsKind(ask, "host-not-found");
    expect(["EAI_NONAME", "EAI_BADFLAGS"]).toContain(error.code);
  });

  test("wrong addresses and flags are refused, the twin's by rejection", async () => {
    throwsNaming(() => getNameInfo("127.0.0.1:70000"), RangeError, "port");
    throwsNaming(() => getNameInfo("localhost:1"), TypeError, "address");
    throwsNaming(() => getNameInfo("127.0.0.1:1", wrong("x")), TypeError, "flags");
    expect(await rejection(getNameInfoAsync("localhost:1"))).toBeInstanceOf(TypeError);
  });
});

describe("hosts", () => {
  test.skipIf(!havePython)("getHostByName and getHostByAddress give what Python gets (needs python3)", async () => {
    await using python = new Python(`
say(gethostbyname_ex("localhost"))
say(gethostbyaddr("127.0.0.1"))`);
    const line = ({ name, aliases, addresses }: ReturnType<typeof getHostByName>): string =>
      `('${name}', [${aliases.map((alias) => `'${alias}'`)}], [${addresses.map((address) => `'${address}'`)}])`;
    const [byName, byAddress] = [await python.line(), await python.line()].map((said) => said.replaceAll(", '", ",'"));
    expect(line(getHostByName("localhost"))).toBe((byName ?? "").replace(",'", ", '").replace("('", "('"));
    expect(line(await getHostByNameAsync("localhost"))).toBe(line(getHostByName("localhost")));
    expect(line(getHostByAddress("127.0.0.1")).replaceAll(" ", "")).toBe((byAddress ?? "").replaceAll(" ", ""));
    expect(line(await getHostByAddressAsync("127.0.0.1"))).toBe(line(getHostByAddress("127.0.0.1")));
  });

  test("a literal is its own host", () => {
    expect(getHostByName("127.0.0.1").addresses.map(String)).toEqual(["127.0.0.1"]);
  });

  test("wrong names, addresses and families are refused", () => {
    throwsNaming(() => getHostByName(wrong(1)), TypeError, "hostname");
    throwsNaming(() => getHostByName("a", wrong(99)), TypeError, "family");
    throwsNaming(() => getHostByAddress("localhost"), TypeError, "text");
    throwsNaming(() => getHostByAddress(wrong(1)), TypeError, "address");
  });

  test.skipIf(!havePython)("hostname and getFullyQualifiedName are Python's (needs python3)", async () => {
    await using python = new Python(`say(gethostname()); say(getfqdn()); say(getfqdn("localhost"))`);
    expect(hostname()).toBe(await python.line());
    const qualified = await python.line();
    expect(getFullyQualifiedName()).toBe(qualified);
    expect(await getFullyQualifiedNameAsync("0.0.0.0")).toBe(qualified);
    expect(getFullyQualifiedName(" localhost ")).toBe(await python.line());
  });

  test("setHostname refuses what is no name", () => {
    throwsNaming(() => setHostname(""), TypeError, "name");
    throwsNaming(() => setHostname(wrong(undefined)), TypeError, "name");
  });
});

describe("services and protocols", () => {
  test.skipIf(!havePython || !haveServices)(
    "are those that Python knows (needs python3 and /etc/services)",
    async () => {
      await using python = new Python(`
say(getservbyname("domain", "udp"), getservbyport(443, "tcp"), getservbyname("https"))`);
      const ours = [
        getServiceByName("domain", "udp").port,
        getServiceByPort(443, "tcp").name,
        getServiceByName("https").port,
      ];
      expect(ours.join(" ")).toBe(await python.line());
    },
  );

  test.skipIf(!haveServices)("come with their aliases, port and protocol (needs /etc/services)", () => {
    expect(getServiceByName("smtp", "tcp")).toEqual({ name: "smtp", aliases: ["mail"], port: 25, protocol: "tcp" });
    expect(getServiceByName("mail", "tcp").name).toBe("smtp");
  });

  test.skipIf(!haveProtocols)("protocols come by name, alias and number (needs /etc/protocols)", () => {
    expect(getProtocolByName("tcp")).toEqual({ name: "tcp", aliases: ["TCP"], number: 6 });
    expect(getProtocolByName("UDP").number).toBe(17);
    expect(getProtocolByNumber(1).name).toBe("icmp");
  });

  test("what nobody has written down is not found", () => {
    for (const ask of [
      () => getServiceByName("no-such-service"),
      () => getServiceByName("http", "no-such-protocol"),
      () => getServiceByPort(1, "no-such-protocol"),
      () => getProtocolByName("no-such-protocol"),
      () => getProtocolByNumber(253),
    ]) {
      expect(throwsKind(ask, "not-found").code).toBe("ENOENT");
    }
  });

  test("wrong arguments are refused", () => {
    throwsNaming(() => getServiceByName(wrong(80)), TypeError, "name");
    throwsNaming(() => getServiceByName("a", wrong(6)), TypeError, "protocol");
    throwsNaming(() => getServiceByPort(65_536), RangeError, "port");
    throwsNaming(() => getProtocolByName(""), TypeError, "name");
    throwsNaming(() => getProtocolByNumber(-1), RangeError, "number");
  });
});

// In namespaces of its own a program has its own /etc/hosts, its own name server, and its own host name.
const canUnshare =
  linux &&
  Bun.which("unshare") !== null &&
  Bun.which("ip") !== null &&
  Bun.spawnSync(["unshare", "-n", "-m", "-u", "mount", "--make-rprivate", "/"]).success;

/** A shell in those namespaces that puts these two files in place. */
function within(hosts: string): { through: string[] } {
  const setUp = [
    "ip link set lo up",
    "mount -t tmpfs none /mnt",
    `printf '${hosts}' > /mnt/hosts`,
    "printf 'nameserver 127.0.0.1\\noptions timeout:1 attempts:1\\n' > /mnt/resolv.conf",
    "mount --bind /mnt/hosts /etc/hosts",
    "mount --bind /mnt/resolv.conf /etc/resolv.conf",
    'exec "$0" "$@"',
  ].join(" && ");
  return { through: ["unshare", "-n", "-m", "-u", "sh", "-c", setUp] };
}

describe("with a host's own files and name server (in namespaces)", () => {
  test.skipIf(!canUnshare)(
    "aliases, several addresses, and the name with a dot are found (needs root, unshare(1) and ip(8))",
    async () => {
      const { report } = await runChild(
        `
      const { getHostByName, getHostByAddress, getFullyQualifiedName, setHostname, hostname } = berkeley;
      setHostname("shire");
      const { name, aliases, addresses } = getHostByName("bag");
      report([name, aliases, addresses.map(String), getHostByAddress("10.1.2.3").name,
        getFullyQualifiedName("bag"), hostname(), getFullyQualifiedName()]);`,
        within(
          String.raw`127.0.0.1 localhost\n10.1.2.3 bagend bag bagend.shire.example\n10.9.9.9 shire shire.example\n`,
        ),
      );
      expect(report).toEqual([
        "bagend",
        ["bag", "bagend.shire.example"],
        ["10.1.2.3"],
        "bagend",
        "bagend.shire.example",
        "shire",
        "shire.example",
      ]);
    },
  );

  test.skipIf(!canUnshare)(
    "a list that does not fit into the first memory is asked for again (needs root, unshare(1) and ip(8))",
    async () => {
      const names = Array.from({ length: 700 }, (_, index) => `alias${index}.example`).join(" ");
      const { report } = await runChild(
        `
      const here = berkeley.getHostByName("many");
      const elsewhere = await berkeley.getHostByNameAsync("many");
      report([here.aliases.length, elsewhere.aliases.length, elsewhere.aliases.at(-1), String(elsewhere.addresses)]);`,
        within(`10.0.0.1 many ${names}\\n`),
      );
      expect(report).toEqual([700, 700, "alias699.example", "10.0.0.1"]);
    },
  );

  test.skipIf(!canUnshare)(
    "the event loop goes on: the name server that is asked runs on it (needs root, unshare(1) and ip(8))",
    async () => {
      const { report, stderr } = await runChild(
        `
      const server = new Socket(AF_INET, SOCK_DGRAM);
      server.bind("127.0.0.1:53");
      const answer = (query) => { // the question comes back, with one address for A
        const type = query[query.length - 3];
        const head = [query[0], query[1], 0x81, 0x80, 0, 1, 0, type === 1 ? 1 : 0, 0, 0, 0, 0];
        const record = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 20, 30, 40];
        return new Uint8Array([...head, ...query.slice(12), ...(type === 1 ? record : [])]);
      };
      let asked = 0;
      const watch = server.watch(POLLIN, () => {
        const buffer = new Uint8Array(512);
        const message = server.tryReceiveFrom(buffer);
        if (message === null) return;
        asked += 1;
        server.sendTo(answer(buffer.slice(0, message.size)), message.address);
      });
      const [first] = await berkeley.getAddressInfoAsync("on.the.loop", 80, { type: SOCK_STREAM, family: AF_INET });
      const host = await berkeley.getHostByNameAsync("on.the.loop");
      watch.close();
      server.close();
      report([String(first.address), String(host.addresses), asked > 0]);`,
        within(String.raw`127.0.0.1 localhost\n`),
      );
      expect({ report, stderr }).toMatchObject({ report: ["10.20.30.40:80", "10.20.30.40", true] });
    },
  );

  test.skipIf(!canUnshare)(
    "a name server that is silent: timeout, cancel and abort end the wait, and the program ends (needs root, unshare(1) and ip(8))",
    async () => {
      const { report, exitCode } = await runChild(
        `
      const silent = new Socket(AF_INET, SOCK_DGRAM);
      silent.bind("127.0.0.1:53");
      const kind = (work) => work.then(() => "found", (error) => error.kind ?? error);
      const cancellable = new Cancellable();
      const late = kind(berkeley.getAddressInfoAsync("a.silent.example", 80, { timeout: 20 }));
      const gone = kind(berkeley.getNameInfoAsync("10.2.3.4:80", 0, { cancellable }));
      const aborted = kind(berkeley.getHostByNameAsync("b.silent.example", AF_INET, { signal: AbortSignal.timeout(20) }));
      const connecting = kind(berkeley.createConnection({ hostname: "c.silent.example", port: 1, timeout: 20 }));
      cancellable.cancel();
      report([await late, await gone, (await aborted).name, await connecting]);
      silent.close();`,
        within(String.raw`127.0.0.1 localhost\n`),
      );
      expect(report).toEqual(["timed-out", "cancelled", "TimeoutError", "timed-out"]);
      expect(exitCode).toBe(0);
    },
  );

  test.skipIf(!canUnshare)(
    "a name server that nobody runs: EAI_AGAIN, kind host-not-found (needs root, unshare(1) and ip(8))",
    async () => {
      const { report } = await runChild(
        `
      const error = await berkeley.getAddressInfoAsync("some.example", 80).catch((error) => error);
      report([error.code, error.kind, error.message.includes("/etc/resolv.conf")]);`,
        within(String.raw`127.0.0.1 localhost\n`),
      );
      expect(report).toEqual(["EAI_AGAIN", "host-not-found", true]);
    },
  );

  test.skipIf(!canUnshare)(
    "a Worker that is ended while it waits for an answer takes nothing with it (needs root, unshare(1) and ip(8))",
    async () => {
      const { report, exitCode, signal } = await runChild(
        `
      const silent = new Socket(AF_INET, SOCK_DGRAM);
      silent.bind("127.0.0.1:53");
      const program = 'import { getAddressInfoAsync } from ' + JSON.stringify(import.meta.resolve(${JSON.stringify(import.meta.resolve("../src/index.ts"))})) +
        '; const asked = getAddressInfoAsync("x.silent.example", 80).catch(() => {}); postMessage("asked"); await asked;';
      for (let round = 0; round < 5; round++) {
        const worker = new Worker(URL.createObjectURL(new Blob([program], { type: "application/typescript" })));
        await new Promise((resolve) => { worker.onmessage = resolve; });
        await silent.receiveAsync(new Uint8Array(512)); // the C library is at it
        worker.terminate();
        Bun.gc(true);
      }
      // longer than the resolver waits: it comes back to memory that is still there
      await new Promise((resolve) => setTimeout(resolve, 1500));
      silent.close();
      report("alive");`,
        { ...within(String.raw`127.0.0.1 localhost\n`), timeout: 20_000 },
      );
      expect({ report, exitCode, signal }).toEqual({ report: "alive", exitCode: 0, signal: null });
    },
  );
});
