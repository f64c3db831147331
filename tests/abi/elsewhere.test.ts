// macOS, FreeBSD and Windows, as far as they can be tried here: the whole library runs on the record of that system, and each byte
// that it hands to the C library is compared with what a compiler has read from that system's headers (data/*.json). Nothing of
// our own records is used on this side.

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { Found } from "./elsewhere/library.ts";
import { type Field, System } from "./elsewhere/system.ts";

interface Call {
  readonly name: string;
  readonly args: readonly (number | string | null)[];
}

const DOCUMENTATION = "20010db8000000000000000000000001"; // 2001:db8::1
const FIVE = "20010db8000000000000000000000005"; // 2001:db8::5

// Microsoft's documentation of UDP segmentation offload: mingw's headers do not have them
const UDP_SEND_MSG_SIZE = 2;
const UDP_RECV_MAX_COALESCED_SIZE = 3; // UDP_COALESCED_INFO is 3 too

function mmsghdrOf(system: System): string {
  const { size, fields } = system.layout("mmsghdr");
  return `${size},${fields["msg_len"]?.[0]}`;
}

/** What the library does there. */
function run(system: System, arch: string): Readonly<Record<string, unknown>> {
  const v6info = system.struct("in6_pktinfo", { ipi6_addr: FIVE, ipi6_ifindex: 3 });
  const credentials = system.hasLayout("xucred")
    ? system.struct("xucred", { cr_uid: 501, cr_ngroups: 1, cr_groups: "14000000" })
    : "";
  const { stdout, stderr } = Bun.spawnSync(
    [
      process.execPath,
      `--preload=${join(import.meta.dir, "elsewhere/preload.ts")}`,
      join(import.meta.dir, "elsewhere/program.ts"),
    ],
    {
      stderr: "pipe",
      env: {
        ...process.env,
        BERKELEY_ELSEWHERE: system.name,
        BERKELEY_ARCH: arch,
        BERKELEY_OPTIONAL: [
          ...["sendmsgAt", "recvmsgAt", "getifaddrs", "freeifaddrs"],
          ...(system.name === "darwin" ? ["sendmsg_x", "recvmsg_x"] : []),
          ...(system.name === "linux" ? ["accept4"] : []),
          ...(system.name === "freebsd" ? ["sendmmsg", "recvmmsg", "accept4", "ppoll"] : []),
        ].join(","),
        BERKELEY_NAME: system.inet6(DOCUMENTATION, 53, 0, 7),
        BERKELEY_CONTROL:
          system.control("IPPROTO_IPV6", "IPV6_PKTINFO", v6info) +
          system.control("IPPROTO_IPV6", "IPV6_HOPLIMIT", system.int(33)),
        BERKELEY_FLAGS: String(system.constant("MSG_TRUNC") | system.constant("MSG_CTRUNC")),
        // sizeof(struct mmsghdr) and where its length is; on macOS struct msghdr_x, a msghdr of 48 bytes and a size_t (XNU,
        // bsd/sys/socket_private.h)
        BERKELEY_MMSGHDR: system.name === "freebsd" ? mmsghdrOf(system) : "56,48",
        BERKELEY_CREDENTIALS: credentials,
        BERKELEY_JOINED: system.windows
          ? system.control("IPPROTO_UDP", UDP_RECV_MAX_COALESCED_SIZE, system.int(2))
          : "",
      },
    },
  );
  try {
    return JSON.parse(stdout.toString()) as Record<string, unknown>;
  } catch {
    throw new Error(`${stdout.toString()}\n${stderr.toString()}`);
  }
}

const systems = [
  ["darwin", "arm64"],
  ["darwin", "x64"],
  ["freebsd", "x64"],
  ["windows", "x64"],
] as const;

describe.each(systems)("on %s, %s", (name, arch) => {
  const system = new System(name);
  const results = run(system, arch);
  const firstBytes = (scenario: string): unknown => (results[scenario] as Call[])[0]?.args[1];
  const options = (scenario: string): readonly (readonly (number | string)[])[] =>
    results[scenario] as (readonly (number | string)[])[];

  test("a new socket is non-blocking, not inherited, and raises no SIGPIPE", () => {
    const calls = results["a new stream"] as Call[];
    const made = calls.find(({ name: call }) => call === "socket")?.args;
    const ready = system.has("SOCK_CLOEXEC") ? system.constant("SOCK_CLOEXEC") | system.constant("SOCK_NONBLOCK") : 0;
    expect(made).toEqual([system.constant("AF_INET"), system.constant("SOCK_STREAM") | ready, 0]);
    const controls = calls.filter(({ name: call }) => call === "fcntl").map(({ args }) => args.slice(1));
    if (name === "darwin") {
      // fcntl(2) is variadic: on Apple arm64 the third argument is on the stack, behind the eight registers
      const registers = arch === "arm64" ? [0, 0, 0, 0, 0, 0] : [];
      expect(controls).toEqual([
        [system.constant("F_SETFD"), ...registers, system.constant("FD_CLOEXEC")],
        [system.constant("F_GETFL"), ...registers, 0],
        [system.constant("F_SETFL"), ...registers, system.constant("O_NONBLOCK")],
      ]);
    } else expect(controls).toEqual([]);
    const set = calls.filter(({ name: call }) => call === "setsockopt").map(({ args }) => args.slice(1, 4));
    const noSigpipe = [system.constant("SOL_SOCKET"), system.has("SO_NOSIGPIPE") ? system.constant("SO_NOSIGPIPE") : 0];
    const noDelay = [system.constant("IPPROTO_TCP"), system.constant("TCP_NODELAY"), system.int(1)];
    expect(set).toEqual(system.windows ? [noDelay] : [[...noSigpipe, system.int(1)], noDelay]);
  });

  test("addresses of IPv4 and IPv6 are laid out as the headers say", () => {
    expect(firstBytes("bind IPv4")).toBe(system.inet("192.0.2.1", 53));
    expect(firstBytes("bind IPv6")).toBe(system.inet6(DOCUMENTATION, 53, 0x12345, 7));
    expect(firstBytes("connect an IPv6 socket to an IPv4 address")).toBe(
      system.inet6("00000000000000000000ffffc0000201", 80),
    );
  });

  test("a unix address is its header and its path", () => {
    const { fields } = system.layout("sockaddr_un");
    const path = `${Buffer.from("/tmp/s").toString("hex")}00`;
    const [at] = fields["sun_path"] as Field;
    const family = new Uint8Array(at);
    const [familyAt, familySize] = fields["sun_family"] as Field;
    family[familyAt] = system.constant("AF_UNIX");
    expect(familySize).toBe(at === 2 && fields["sun_len"] !== undefined ? 1 : 2);
    if (fields["sun_len"] !== undefined) family[fields["sun_len"][0]] = at + path.length / 2;
    expect(firstBytes("connect unix")).toBe(family.toHex() + path);
  });

  test("the name that the system tells is read", () => {
    expect(results["the name of a peer"]).toEqual([system.constant("AF_INET6"), 53, "2001:db8::1%7", 7]);
  });

  test("struct msghdr points at name, vectors and nothing else", () => {
    expect(results["sendMessage with two buffers"]).toEqual([
      { name: system.inet("192.0.2.9", 4242), vectors: ["0102", "030405"], control: null, flags: 0, padding: "" },
    ]);
  });

  test("control messages have the headers, alignment and numbers of the system", () => {
    const [found] = results["sendMessage with control messages, IPv6"] as Found[];
    const info = system.struct("in6_pktinfo", { ipi6_addr: FIVE, ipi6_ifindex: 3 });
    expect(found?.control).toBe(
      system.control("IPPROTO_IPV6", "IPV6_PKTINFO", info) +
        system.control("IPPROTO_IPV6", "IPV6_HOPLIMIT", system.int(9)) +
        system.control("IPPROTO_IPV6", "IPV6_TCLASS", system.int((10 << 2) | 1)),
    );
    expect(found?.name).toBe(system.inet6(DOCUMENTATION, 53));
  });

  test("an IPv4 datagram leaves from the address that is wanted, each system in its own way", () => {
    const [found] = results["sendMessage with a source, IPv4"] as Found[];
    const source = "c0000205";
    if (name === "freebsd") expect(found?.control).toBe(system.control("IPPROTO_IP", "IP_SENDSRCADDR", source));
    else {
      const where = name === "darwin" ? { ipi_spec_dst: source } : { ipi_addr: source };
      const info = system.struct("in_pktinfo", { ...where, ipi_ifindex: 3 });
      expect(found?.control).toBe(system.control("IPPROTO_IP", "IP_PKTINFO", info));
    }
  });

  test.skipIf(system.windows)("descriptors go as SCM_RIGHTS (skipped on Windows, which has none)", () => {
    const [found] = results["sendMessage with descriptors"] as Found[];
    const fds = [3, 4, 5].map((fd) => system.int(fd)).join("");
    expect(found?.control).toBe(system.control("SOL_SOCKET", "SCM_RIGHTS", fds));
  });

  test("what recvmsg fills in is read: size, sender, control messages, flags", () => {
    expect(results["receiveMessage"]).toEqual({
      size: 5,
      address: "[2001:db8::1%7]:53",
      info: ["2001:db8::5", 3],
      hopLimit: 33,
      truncated: true,
      controlTruncated: true,
    });
  });

  test("batches: sendmsg_x on macOS, sendmmsg on FreeBSD, one by one on Windows", () => {
    const message = (text: string): Found => ({
      name: system.inet("192.0.2.9", 4242),
      vectors: [Buffer.from(text).toString("hex")],
      control: system.windows ? "" : null, // room for the size of joined datagrams, and nothing in it
      flags: 0,
      padding: "",
    });
    const [one, two] = [message("one"), message("two")];
    expect(results["sendMessages"]).toEqual(system.windows ? [[one], [two]] : [[one, two]]);
  });

  test("batches are received: data, lengths and senders of each", () => {
    const from = "[2001:db8::1%7]:53";
    expect(results["receiveMessages"]).toEqual([
      ["0102", from],
      ["030405", from],
    ]);
  });

  test("neighbours of a batch go out joined where the system can: UDP_SEND_MSG_SIZE of Windows, a DWORD", () => {
    const control = system.windows ? system.control("IPPROTO_UDP", UDP_SEND_MSG_SIZE, system.int(3)) : null;
    const [first] = results["sendMessages, joined"] as Found[][];
    const wanted = system.windows ? [{ vectors: ["6f6e6574776f"], control }] : [{ control }, { control }];
    expect(first).toMatchObject(wanted);
  });

  test("and what comes joined is told apart: UDP_COALESCED_INFO of Windows", () => {
    const parts = system.windows ? ["0102", "0304", "05"] : ["0102", "030405"];
    const told = (results["receiveMessages, joined"] as string[][]).map(([data]) => data);
    expect(told).toEqual(parts);
    const asked = [expect.anything(), system.constant("IPPROTO_UDP"), UDP_RECV_MAX_COALESCED_SIZE, system.int(65_535)];
    if (system.windows) expect(results["receiveControl(SegmentSize)"]).toMatchObject(asked);
    else expect(String(results["receiveControl(SegmentSize)"])).toContain("SegmentSize cannot be had");
  });

  test("options have the system's numbers, sizes and layouts", () => {
    const constant = (key: string): number => system.constant(key);
    const socket = constant("SOL_SOCKET");
    const byte = !system.windows;
    const linger = system.windows
      ? [socket, constant("SO_LINGER"), "01000300"]
      : [socket, constant("SO_LINGER"), system.struct("linger", { l_onoff: 1, l_linger: name === "darwin" ? 300 : 3 })];
    const timeout = system.windows ? system.int(1500) : system.struct("timeval", { tv_sec: 1, tv_usec: 500_000 });
    expect(options("options")).toEqual([
      [socket, constant("SO_KEEPALIVE"), system.int(1)],
      linger,
      [socket, constant("SO_RCVTIMEO"), timeout],
      [socket, constant("SO_BROADCAST"), system.int(1)],
      [constant("IPPROTO_IP"), constant("IP_TTL"), system.int(9)],
      [constant("IPPROTO_IP"), constant("IP_MULTICAST_TTL"), byte ? "02" : system.int(2)],
      [constant("IPPROTO_IP"), constant("IP_MULTICAST_LOOP"), byte ? "00" : system.int(0)],
      [constant("IPPROTO_IPV6"), constant("IPV6_MULTICAST_HOPS"), system.int(3)],
      // an IPv6 socket sends IPv4 too: both are told
      ...options("options").slice(8, -1),
      [constant("IPPROTO_IPV6"), constant("IPV6_V6ONLY"), system.int(1)],
    ]);
  });

  test.skipIf(system.windows)("groups are joined on an interface (on Windows by the tests under Wine)", () => {
    const six = system.struct("ipv6_mreq", {
      ipv6mr_multiaddr: "ff020000000000000000000000001234",
      ipv6mr_interface: 1,
    });
    const source = system.struct("group_source_req", {
      gsr_interface: 1,
      gsr_group: system.inet6("ff320000000000000000000000001234", 0),
      gsr_source: system.inet6("fe800000000000000000000000000009", 0),
    });
    const four =
      name === "freebsd"
        ? system.struct("ip_mreqn", { imr_multiaddr: "ef010203", imr_ifindex: 1 })
        : system.struct("ip_mreq", { imr_multiaddr: "ef010203", imr_interface: "7f000001" });
    expect(options("multicast by interface").filter(([, , value]) => String(value).length > 8)).toEqual([
      [system.constant("IPPROTO_IP"), system.constant("IP_ADD_MEMBERSHIP"), four],
      [system.constant("IPPROTO_IPV6"), system.constant("IPV6_JOIN_GROUP"), six],
      [system.constant("IPPROTO_IPV6"), system.constant("MCAST_JOIN_SOURCE_GROUP"), source],
    ]);
  });

  test.skipIf(system.windows)("struct pollfd asks for what is wanted (on Windows by the tests under Wine)", () => {
    const [first] = results["poll"] as string[];
    const { size } = system.layout("pollfd");
    const fd = Number.parseInt((first ?? "").slice(0, 2), 16);
    const wanted = system.constant("POLLIN") | system.constant("POLLOUT");
    expect((first ?? "").slice(0, size * 2)).toBe(system.struct("pollfd", { fd, events: wanted }));
  });

  test.skipIf(system.windows)(
    "credentials are asked for as LOCAL_PEERCRED and read from struct xucred (none on Windows)",
    () => {
      const level = 0; // SOL_LOCAL
      expect(results["the credentials of a peer"]).toEqual({
        asked: [level, system.constant("LOCAL_PEERCRED")],
        told: [501, 20],
      });
    },
  );
});

describe("on linux", () => {
  test("a connection of AF_ALG is accepted without a name, for which the kernel would refuse it (crypto/af_alg.c)", () => {
    const results = run(new System("linux"), "x64");
    const [call] = results["accept of AF_ALG"] as Call[];
    const ready = new System("linux").constant("SOCK_CLOEXEC") | new System("linux").constant("SOCK_NONBLOCK");
    expect(call?.args.slice(1)).toEqual([null, null, ready]);
  });
});
