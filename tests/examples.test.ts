// The examples that do a real job, each with a peer that is not ours, over cables that the test has laid (support/examples.ts).

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { haveIPv6 as ipv6, Folder } from "./support/sockets.ts";
import { example, Network, python } from "./support/examples.ts";
import type { Program } from "./support/program.ts";
import { dhcpServers, dnsClient, mdnsResponder, pcapngReader, sleeper, sntpServer } from "./support/examples-peers.ts";

setDefaultTimeout(30_000); // of work, not of waiting: there may be machines that are slow, or busy

const LONG = 20_000;
const [names, asNobody] = [
  ["20-ping", "21-traceroute", "22-capture", "23-mdns", "24-dns", "25-ntp", "26-wake", "27-dhcp", "30-net", "31-ip"],
  ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"],
];
const userReason = process.getuid?.() !== 0 ? "needs root" : Bun.which("setpriv") === null ? "needs setpriv(1)" : "";
const because = (reason: string): string => (reason === "" ? "" : ` (${reason})`);

describe.skipIf(process.platform !== "linux")("without arguments (needs Linux)", () => {
  const run = async (name: string, through: readonly string[] = []): Promise<void> => {
    const start = performance.now();
    const { exitCode, stdout, stderr } = await example(name, [], through).end();
    expect({ name, exitCode, stderr, said: stdout.length > 10 }).toEqual({ name, exitCode: 0, stderr: "", said: true });
    expect(performance.now() - start).toBeLessThan(10_000);
  };
  test("each shows something, and ends", () => Promise.all(names.map((name) => run(name))), LONG);
  test.skipIf(userReason !== "")(
    `and says what it needs where it may not${because(userReason)}`,
    () => Promise.all(names.map((name) => run(name, asNobody))),
    LONG,
  );
});

describe.skipIf(Network.hindrance !== "")(`over cables${because(Network.hindrance)}`, () => {
  let network: Network;
  beforeAll(() => {
    network = new Network();
  });
  afterAll(() => network[Symbol.dispose]());

  const here = (name: string, ...words: string[]): Program => example(name, words, network.in("here"));
  const families: [string, string, string, string][] = [["IPv4", "10.77.2.2", "10.77.1.1", "10.77.3.3"]];
  if (ipv6) families.push(["IPv6", "fd77:2::2", "fd77:1::1", "fd77:3::3"]);

  describe.each(families)("%s", (_, there, router, nowhere) => {
    test("ping: each is answered, through a router", async () => {
      const { exitCode, stdout } = await here("20", "-c", "3", "-i", "0.05", there).end();
      const lines = stdout.split("\n");
      expect(lines[0]).toBe(`ping ${there}: 56 bytes of data, raw socket`);
      for (const index of [0, 1, 2]) {
        expect(lines[1 + index]).toMatch(
          new RegExp(`^from ${there}: sequence ${index}, hop limit 63, \\d+\\.\\d{3} ms$`),
        );
      }
      expect(lines[4]).toBe("3 sent, 3 received, 0 % lost");
      expect(lines[5]).toMatch(/^min\/avg\/max\/mdev (\d+\.\d{3}\/){3}\d+\.\d{3} ms$/);
      expect([exitCode, lines.length]).toEqual([0, 6]);
    });

    test("ping: who says that there is no way", async () => {
      const { exitCode, stdout } = await here("20", "-c", "1", nowhere).end();
      expect(stdout).toMatch(
        new RegExp(`from ${router}: E(NETUNREACH|ACCES|HOSTUNREACH) \\(ICMP type [13], code \\d\\)`),
      );
      expect(stdout).toContain("1 sent, 0 received, 100 % lost");
      expect(exitCode).toBe(1);
    });

    test("traceroute: the router, then the host", async () => {
      const { exitCode, stdout } = await here("21", there).end();
      const [head, ...hops] = stdout.split("\n");
      const times = "(\\d+\\.\\d{3} ms  ){2}\\d+\\.\\d{3} ms";
      expect(head).toBe(`traceroute to ${there} (${there}), 30 hops at most`);
      expect(hops).toEqual([
        expect.stringMatching(new RegExp(`^ 1  ${router} ${times}$`)),
        expect.stringMatching(new RegExp(`^ 2  ${there} ${times}$`)),
      ]);
      expect(exitCode).toBe(0);
    });

    test("traceroute: no way", async () => {
      // the kernel says so five times at once, and then once a second
      const { stdout } = await here("21", "-m", "3", "-q", "1", "-w", "1.2", nowhere).end();
      expect(stdout).toMatch(new RegExp(`^ [123]  ${router} \\d+\\.\\d{3} ms ![NHX]$`, "m"));
    });
  });

  test("ping as an ordinary user, where the system lets everybody", async () => {
    network.write("here", "net/ipv4/ping_group_range", "0 2147483647");
    const through = [...network.in("here"), ...(userReason === "" ? asNobody : [])];
    for (const [, there] of families) {
      const { stdout } = await example("20", ["-c", "3", "-i", "0.05", there], through).end();
      expect(stdout).toContain("ICMP datagram socket");
      expect(stdout).toContain("sequence 2, hop limit 63");
      expect(stdout).toContain("3 sent, 3 received, 0 % lost");
    }
    network.write("here", "net/ipv4/ping_group_range", "1 0");
  });

  test("ip monitor: links, addresses and routes as ip(8) changes them", async () => {
    await using monitor = here("31", "watch");
    const ip = (words: string): void => {
      expect(Bun.spawnSync([...network.in("here"), "ip", ...words.split(" ")]).success).toBe(true);
    };
    const changing = setInterval(() => {
      for (const action of ["add", "del"]) ip(`address ${action} 10.77.50.1/24 dev h0`);
      for (const action of ["add", "del"]) ip(`route ${action} 10.77.60.0/24 via 10.77.1.1`);
      for (const action of ["add", "del"]) ip(`link ${action} name bell type ifb`);
    }, 100);
    const wanted = new Set([
      ...["set", "removed"].flatMap((change) => [`${change} address 10.77.50.1/24`, `${change} route 10.77.60.0/24`]),
      ...["set", "removed"].map((change) => `${change} link bell down`),
    ]);
    try {
      while (wanted.size > 0) wanted.delete(await monitor.line());
    } finally {
      clearInterval(changing);
    }
    expect(monitor.running).toBe(true);
  });

  test("ip monitor has at most 30 lines", async () => {
    const text = await Bun.file(new URL("../examples/31-ip-monitor.ts", import.meta.url)).text();
    expect(text.split("\n").length - 1).toBeLessThanOrEqual(30);
  });

  test("capture: what the filter lets through is in the file, and nothing else", async () => {
    using folder = new Folder();
    const file = folder.file("capture.pcapng");
    await using capture = here("22", "-w", file, "-c", "4", "-s", "10", "--host", "10.77.1.1", "--protocol", "1", "h0");
    expect(await capture.line()).toBe("capturing on h0");
    await here("20", "-c", "1", "10.77.2.2").end(); // another host
    await here("20", "-c", "2", "-i", "0.05", "10.77.1.1").end();
    const { exitCode, stdout } = await capture.end();
    const lines = stdout.split("\n");
    const time = "\\d\\d:\\d\\d:\\d\\d\\.\\d{6}";
    expect(lines[1]).toMatch(new RegExp(`^${time} out ICMP type 8 10\\.77\\.1\\.2 > 10\\.77\\.1\\.1, 64 bytes$`));
    expect(lines[2]).toMatch(new RegExp(`^${time} in  ICMP type 0 10\\.77\\.1\\.1 > 10\\.77\\.1\\.2, 64 bytes$`));
    expect(lines[5]).toMatch(/^4 packets passed the filter, 0 were lost; \d+ bytes of pcapng in .*capture\.pcapng$/);
    expect([exitCode, lines.length]).toEqual([0, 6]);
    await using reader = python(pcapngReader, [file]);
    const request = [0, 98, 0x800, 1, "10.77.1.2", "10.77.1.1"];
    const reply = [0, 98, 0x800, 1, "10.77.1.1", "10.77.1.2"];
    expect(JSON.parse(await reader.line())).toEqual({
      names: [[1, "h0"]],
      statistics: [4, 0],
      packets: [request, reply, request, reply],
    });
  });

  test(
    "mDNS browser: services by IPv4 and IPv6, beside what is no answer",
    async () => {
      await using four = python(mdnsResponder, ["r0", "4"], network.in("router"));
      await using six = python(mdnsResponder, ["r0", "6"], network.in("router"));
      expect([await four.line(), ipv6 ? await six.line() : "ready"]).toEqual(["ready", "ready"]);
      const { exitCode, stdout, stderr } = await here("23", "-i", "h0", "-s", "1.5").end();
      const instance = (type: string): string => `Evil \\027[31m\\. name.${type}._tcp.local`;
      const expected = ["_http", ...(ipv6 ? ["_ipp"] : [])].flatMap((type) => {
        const [version, address] = type === "_http" ? [4, "10.77.1.1"] : [6, "fd77:1::1"];
        return [
          `there is ${type}._tcp.local`,
          `  ${type}._tcp.local: ${instance(type)}`,
          `    ${instance(type)} is at peer${version}.local, port 8080`,
          `    ${instance(type)} says path=/, a=\\255\\000\\027[m`,
          `    peer${version}.local has address ${address}`,
        ];
      });
      expect(stdout.split("\n").toSorted()).toEqual(expected.toSorted());
      expect([exitCode, stderr]).toEqual([0, ""]);
      expect(await four.line()).toBe("asked 5353 12");
    },
    LONG,
  );

  test(
    "DNS server: UDP, TCP, too long for UDP, and whatever else anybody may send",
    async () => {
      using folder = new Folder();
      const table = folder.file("hosts");
      const many = Array.from({ length: 60 }, (_, index) => `192.0.2.${index + 100} many.test\n`).join("");
      writeFileSync(
        table,
        `# names\n192.0.2.1\trouter.test r # comment\n2001:db8::1 Router.Test\nfe80::1%lo zone.test\nnonsense x\n${many}`,
      );
      await using server = example("24", ["-a", "::", "-p", "5300", table], network.in("router"));
      expect(await server.line()).toBe("65 names, served at [::]:5300 over UDP and TCP");
      // two addresses of it: answers must come from the one that was asked
      const [near, far] = await Promise.all(
        ["10.77.1.1", ipv6 ? "fd77:2::1" : "10.77.2.1"].map(async (address) => {
          await using client = python(dnsClient, [address, "5300"], network.in("here"));
          return JSON.parse(await client.line()) as Record<string, unknown>;
        }),
      );
      expect(near).toEqual({
        a: ["0x1234", "0x8500", ["192.0.2.1"], 0],
        case: true,
        aaaa: ["0x1234", "0x8500", ["2001:db8::1"], 0],
        ptr: true,
        nothing: ["0x1234", "0x8500", [], 0],
        nobody: ["0x1234", "0x8503", [], 0],
        cut: ["0x1234", "0x8700", [], 0],
        edns: ["0x1234", "0x8500", 61, 12 + 15 + 60 * 16 + 11],
        badvers: 41,
        chaos: ["0x1234", "0x8505", [], 0],
        opcode: ["0x1234", "0xa804", [], 0],
        two: ["0x1234", "0x8101", [], 0],
        loop: ["0x1", "0x8001", [], 0],
        tcp: ["0x1234", "0x8500", 60, 12 + 15 + 60 * 16],
        pieces: [
          ["0x1", "0x8500", ["192.0.2.1"], 0],
          ["0x2", "0x8500", ["2001:db8::1"], 0],
        ],
        after: ["0x77", "0x8500", ["192.0.2.1"], 0],
        alive: ["0x78", "0x8500", ["192.0.2.1"], 0],
      });
      expect(far).toEqual(near);
      expect(server.running).toBe(true);
    },
    LONG,
  );

  describe("NTP client", () => {
    const addresses = ["10.77.1.1", ...(ipv6 ? ["fd77:1::1"] : [])];
    test.each(addresses)("%s: how wrong the clock is, whatever else the server says", async (address) => {
      await using server = python(sntpServer, [address, "123", "-3600.25"], network.in("router"));
      expect(await server.line()).toBe("ready");
      const { exitCode, stdout } = await here("25", address).end();
      const [, stratum, offset, delay] = /stratum (\d+), offset (\S+) s, delay (\S+) s/.exec(stdout) ?? [];
      expect([exitCode, stratum]).toEqual([0, "2"]);
      expect(Math.abs(Number(offset) + 3600.25)).toBeLessThan(0.2);
      expect(Number(delay)).toBeWithin(0, 0.5);
      expect(stdout).toMatch(/^this clock is 3600\.\d+ s ahead, give or take 0\.\d+ s$/m);
    });

    test.each([
      ["deny", "refuses: RATE"],
      ["unsynchronised", "does not know the time itself"],
    ])("a server that says %s", async (mood, said) => {
      await using server = python(sntpServer, ["10.77.2.1", "123", mood], network.in("router"));
      expect(await server.line()).toBe("ready");
      const { exitCode, stdout } = await here("25", "10.77.2.1").end();
      expect([exitCode, stdout]).toEqual([1, expect.stringContaining(said)]);
    });

    test("nobody there", async () => {
      const { exitCode, stdout } = await here("25", "-p", "124", "10.77.1.1").end();
      expect([exitCode, stdout]).toEqual([1, expect.stringContaining("ECONNREFUSED")]);
    });
  });

  test("wake-on-LAN: the magic packet, by interface, by address, and everywhere", async () => {
    await using one = python(sleeper, ["r0", "3"], network.in("router"));
    await using other = python(sleeper, ["r2", "1"], network.in("router"));
    expect([await one.line(), await other.line()]).toEqual(["asleep", "asleep"]);
    const magic = `${"f".repeat(12)}${"02005e1000ff".repeat(16)}`;
    for (const where of [["h0"], ["10.77.1.255"], []]) {
      const { exitCode } = await here("26", "02-00-5e-10-00-FF", ...where).end();
      expect([exitCode, await one.line()]).toEqual([0, `${magic} 10.77.1.2`]);
    }
    expect((await other.line()).split(" ")[0]).toBe(magic); // out of an interface without an address
    const { exitCode, stdout } = await here("26", "02-00-5e-10-00-FF", "nothere").end();
    expect([exitCode, stdout]).toEqual([1, 'there is no network interface "nothere" on this host']);
  });

  test("DHCP discover: two offers through noise, on an interface without an address; nothing is requested", async () => {
    await using servers = python(dhcpServers, ["r2"], network.in("router"));
    expect(await servers.line()).toBe("ready");
    const { exitCode, stdout, stderr } = await here("27", "-s", "0.5", "-m", "02:00:00:00:00:07", "h1").end();
    const facts = "netmask 255.255.255.0, router 10.77.9.1, DNS 10.77.9.53 10.77.9.54, domain a??mb, lease 3600 s";
    expect(stdout.split("\n")).toEqual([
      "DHCPDISCOVER sent out of h1, as 020000000007",
      `10.77.9.1 (from 10.77.9.1) offers 10.77.9.100: ${facts}`,
      `10.77.9.2 (from 10.77.9.1) offers 10.77.9.200: ${facts}`,
      "2 offers in 0.5 s",
    ]);
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect(JSON.parse(await servers.line())).toEqual([
      "10.77.1.2",
      68,
      1,
      "8000",
      "020000000007",
      "63825363",
      "350101",
      300,
    ]);
    await here("27", "-s", "0.1", "h1").end();
    expect(JSON.parse(await servers.line())[6]).toBe("350101"); // the next that came is the next discover
  });
});
