// ffi/platform/linux.ts against the headers of this system: a C program, made from the record itself, prints what the
// compiler thinks of every constant, every struct, every field and every type size, and it must say the same.

import { describe, expect, test } from "bun:test";
import { linux } from "../../ffi/platform/linux.ts";
import type { Layout } from "../../ffi/platform/platform.ts";
import { compileC, haveCC } from "../support/c.ts";

/** Headers of the C library, and those of the kernel that may stand beside them. */
const LIBC = [
  ...["stddef.h", "errno.h", "fcntl.h", "ifaddrs.h", "limits.h", "netdb.h", "poll.h", "signal.h", "unistd.h"],
  ...["sys/epoll.h", "sys/eventfd.h", "sys/ioctl.h", "sys/select.h", "sys/socket.h", "sys/time.h", "sys/types.h"],
  ...["sys/uio.h", "sys/un.h", "arpa/inet.h", "net/if.h", "netinet/in.h", "netinet/ip.h", "netinet/tcp.h"],
  ...["netinet/udp.h", "netpacket/packet.h", "linux/errqueue.h", "linux/filter.h", "linux/if.h", "linux/mptcp.h"],
  ...["linux/net_tstamp.h", "linux/sockios.h", "net/ethernet.h", "linux/can.h", "linux/can/raw.h"],
  ...["linux/can/isotp.h", "linux/can/j1939.h"],
  ...["linux/if_alg.h", "linux/if_xdp.h", "linux/netfilter_ipv4.h", "linux/netlink.h", "linux/qrtr.h"],
  ...["linux/rds.h", "linux/tipc.h", "linux/vm_sockets.h"],
];
/** Headers of the kernel, which define again what the C library's do. */
const KERNEL = [
  ...[
    "stddef.h",
    "asm/ioctls.h",
    "asm/socket.h",
    "linux/time.h",
    "linux/errno.h",
    "linux/errqueue.h",
    "linux/eventpoll.h",
  ],
  ...["linux/fcntl.h", "linux/if_packet.h", "linux/if_xdp.h", "linux/in.h", "linux/in6.h", "linux/net.h"],
  ...["linux/net_tstamp.h", "linux/poll.h", "linux/sockios.h", "linux/tcp.h", "linux/udp.h", "linux/uio.h"],
];

/** BT_PHY of include/net/bluetooth/bluetooth.h: packets of BR, EDR and LE. */
const PHYS: readonly string[] = Object.keys(linux.constants).filter((name) => name.startsWith("BT_PHY_"));

/** What user-space headers may lack, and why the record has it all the same. */
const absentWithReason: Readonly<Record<string, readonly string[]>> = {
  "newer than Linux 6.1, from include/uapi of Linux 6.18": [
    ...["IP_LOCAL_PORT_RANGE", "IP_PROTOCOL", "MPTCP_FULL_INFO", "SCM_TS_OPT_ID", "SO_DEVMEM_DMABUF"],
    ...["SO_DEVMEM_DONTNEED", "SO_DEVMEM_LINEAR", "SO_INQ", "SO_PASSPIDFD", "SO_PASSRIGHTS", "SO_PEERPIDFD"],
    ...["SO_RCVPRIORITY", "TCP_AO_ADD_KEY", "TCP_AO_DEL_KEY", "TCP_AO_GET_KEYS", "TCP_AO_INFO", "TCP_AO_REPAIR"],
    ...["TCP_DELACK_MAX_US", "TCP_IS_MPTCP", "TCP_RTO_MAX_MS", "TCP_RTO_MIN_US"],
    ...["CAN_RAW_XL_VCID_OPTS", "PACKET_VNET_HDR_SZ"],
  ],
  "in the kernel's own include/linux/socket.h and include/net/udplite.h, which user space does not see; newer C libraries have them":
    ["SCM_PIDFD", "SCM_SECURITY", "SOL_UDPLITE", "SOL_VSOCK", "UDPLITE_RECV_CSCOV", "UDPLITE_SEND_CSCOV"],
  "of no header: Python's socket module has them, and the kernel's own include/linux/socket.h or net/ax25.h": [
    ...["SOL_ATALK", "SOL_AX25", "SOL_IPX", "SOL_NETROM", "SOL_ROSE", "SOL_CAN_BCM", "ALG_OP_SIGN"],
    ...["ALG_OP_VERIFY", "ALG_SET_PUBKEY"],
  ],
  "BlueZ's lib/bluetooth.h, hci.h, l2cap.h and the kernel's include/net/bluetooth": [
    ...["SOL_HCI", "SOL_L2CAP", "SOL_SCO", "SOL_RFCOMM", "BTPROTO_L2CAP", "BTPROTO_HCI", "BTPROTO_SCO"],
    ...["BTPROTO_RFCOMM", "BTPROTO_BNEP", "BTPROTO_CMTP", "BTPROTO_HIDP", "BTPROTO_AVDTP", "BTPROTO_ISO"],
    ...["BDADDR_BREDR", "BDADDR_LE_PUBLIC", "BDADDR_LE_RANDOM", "HCI_DATA_DIR", "HCI_FILTER", "HCI_TIME_STAMP"],
    ...["HCI_DEV_NONE", "HCI_CHANNEL_RAW", "HCI_CHANNEL_USER", "HCI_CHANNEL_MONITOR", "HCI_CHANNEL_CONTROL"],
    ...["HCI_CHANNEL_LOGGING", "L2CAP_LM", "L2CAP_LM_MASTER", "L2CAP_LM_AUTH", "L2CAP_LM_ENCRYPT"],
    ...["L2CAP_LM_TRUSTED", "L2CAP_LM_RELIABLE", "L2CAP_LM_SECURE", "BT_SECURITY", "BT_SECURITY_SDP"],
    ...["BT_SECURITY_LOW", "BT_SECURITY_MEDIUM", "BT_SECURITY_HIGH", "BT_SECURITY_FIPS", "BT_DEFER_SETUP"],
    ...["BT_FLUSHABLE", "BT_FLUSHABLE_OFF", "BT_FLUSHABLE_ON", "BT_POWER", "BT_POWER_FORCE_ACTIVE_OFF"],
    ...["BT_POWER_FORCE_ACTIVE_ON", "BT_CHANNEL_POLICY", "BT_CHANNEL_POLICY_BREDR_ONLY"],
    ...["BT_CHANNEL_POLICY_BREDR_PREFERRED", "BT_VOICE", "BT_VOICE_TRANSPARENT", "BT_VOICE_CVSD_16BIT"],
    "BT_VOICE_TRANSPARENT_16BIT",
    ...["BT_SNDMTU", "BT_RCVMTU", "BT_PHY", ...PHYS, "BT_MODE", "BT_MODE_BASIC", "BT_MODE_ERTM", "BT_MODE_STREAMING"],
    ...["BT_MODE_LE_FLOWCTL", "BT_MODE_EXT_FLOWCTL", "BT_PKT_STATUS", "BT_ISO_QOS", "BT_CODEC"],
  ],
  "compared by families.test.ts": [
    ...["CAN_BCM_CAN_FD_FRAME", "CAN_BCM_RX_ANNOUNCE_RESUME", "CAN_BCM_RX_CHANGED", "CAN_BCM_RX_CHECK_DLC"],
    ...["CAN_BCM_RX_DELETE", "CAN_BCM_RX_FILTER_ID", "CAN_BCM_RX_NO_AUTOTIMER", "CAN_BCM_RX_READ"],
    ...["CAN_BCM_RX_RTR_FRAME", "CAN_BCM_RX_SETUP", "CAN_BCM_RX_STATUS", "CAN_BCM_RX_TIMEOUT", "CAN_BCM_SETTIMER"],
    ...["CAN_BCM_STARTTIMER", "CAN_BCM_TX_ANNOUNCE", "CAN_BCM_TX_COUNTEVT", "CAN_BCM_TX_CP_CAN_ID"],
    ...["CAN_BCM_TX_DELETE", "CAN_BCM_TX_EXPIRED", "CAN_BCM_TX_READ", "CAN_BCM_TX_RESET_MULTI_IDX"],
    ...["CAN_BCM_TX_SEND", "CAN_BCM_TX_SETUP", "CAN_BCM_TX_STATUS", "MCTP_NET_ANY", "MCTP_ADDR_NULL"],
    ...["MCTP_ADDR_ANY", "MCTP_TAG_MASK", "MCTP_TAG_OWNER"],
  ],
  "an extension of musl's <netdb.h>; glibc's getnameinfo(3) refuses it with EAI_BADFLAGS": ["NI_NUMERICSCOPE"],
};

/** Counts of what there is, which newer headers may raise. */
const growing = new Set(["AF_MAX", "IPPROTO_MAX"]);

const layouts: [string, Layout][] = Object.entries(linux.structs as Readonly<Record<string, Layout>>);

/** `SO_REUSEADDR=2`, one a line, becomes a table. */
function runC(source: string): Map<string, number> {
  const { stdout, success } = Bun.spawnSync([compileC(source)]);
  if (!success) throw new Error("the program failed");
  const lines = stdout.toString().trim().split("\n");
  return new Map(
    lines.map((line) => line.split("=") as [string, string]).map(([name, value]) => [name, Number(value)]),
  );
}

const PROLOGUE = "#define _GNU_SOURCE\n";
const include = (headers: readonly string[]): string =>
  `${PROLOGUE}${headers.map((name) => `#if __has_include(<${name}>)\n#include <${name}>\n#endif\n`).join("")}`;

/** Enumerators are no macros, so `#ifdef` does not see them: they are read out of the preprocessed headers. */
function enumerators(headers: readonly string[]): ReadonlySet<string> {
  const { stdout } = Bun.spawnSync([process.env["CC"] ?? "cc", "-E", "-P", "-x", "c", "-"], {
    stdin: Buffer.from(include(headers)),
  });
  const bodies = stdout.toString().match(/\benum\b[^{};]*\{[^}]*\}/g) ?? [];
  return new Set(bodies.flatMap((body) => body.slice(body.indexOf("{")).match(/\b[A-Z_][A-Z0-9_]*\b/g) ?? []));
}

function constantsOf(headers: readonly string[]): Map<string, number> {
  const known = enumerators(headers);
  const print = (name: string): string => `printf("${name}=%lld\\n", (long long)(${name}));\n`;
  const lines = Object.keys(linux.constants).map((name) =>
    known.has(name) ? print(name) : `#ifdef ${name}\n${print(name)}#endif\n`,
  );
  return runC(`${include(headers)}#include <stdio.h>\nint main(void) {\n${lines.join("")}return 0;\n}\n`);
}

/** How C spells a struct or a type of the record. */
const spelling: Readonly<Record<string, string>> = { fd_set: "fd_set" };

function structsOf(headers: readonly string[]): Map<string, number> {
  const lines = layouts.flatMap(([name, { fields }]) => {
    const type = spelling[name] ?? `struct ${name}`;
    const at = (field: string): string =>
      `printf("${name}.${field}=%zu\\n${name}.${field}.size=%zu\\n", offsetof(${type}, ${field}), sizeof(((${type} *)0)->${field}));\n`;
    return [`printf("${name}=%zu\\n", sizeof(${type}));\n`, ...Object.keys(fields).map(at)];
  });
  return runC(`${include(headers)}#include <stdio.h>\nint main(void) {\n${lines.join("")}return 0;\n}\n`);
}

/** The macros that glibc and its kernel headers define: who they are, and how old. */
function macros(): string {
  if (!haveCC || process.platform !== "linux") return "";
  const command = [process.env["CC"] ?? "cc", "-E", "-dM", "-x", "c", "-"];
  const stdin = Buffer.from(`${include(LIBC)}#include <linux/version.h>\n`);
  return Bun.spawnSync(command, { stdin }).stdout.toString();
}

const defined = macros();
const versionOf = (macro: string): number => Number(new RegExp(`#define ${macro} (\\d+)`).exec(defined)?.[1] ?? 0);
const isGlibc = versionOf("__GLIBC__") === 2;
const isRecent = versionOf("__GLIBC_MINOR__") >= 36 && versionOf("LINUX_VERSION_CODE") >= 0x06_01_00;

// musl differs in a few limits and in how it declares lengths: records.test.ts has that
const reason = process.platform !== "linux" ? "no Linux" : !haveCC ? "no C compiler" : "the headers are not glibc's";
const title = "the Linux record against this system's headers";
describe.skipIf(!isGlibc)(isGlibc ? title : `${title} (skipped: ${reason})`, () => {
  const constants = Object.entries(linux.constants) as [string, number][];
  const libc = isGlibc ? constantsOf(LIBC) : new Map<string, number>();
  const kernel = isGlibc ? constantsOf(KERNEL) : new Map<string, number>();
  const structs = isGlibc ? structsOf(LIBC) : new Map<string, number>();

  const same = (headers: ReadonlyMap<string, number>): void => {
    const values = constants.filter(([name]) => headers.has(name));
    const measured = values.map(([name, value]) => {
      const found = headers.get(name) as number;
      return [name, growing.has(name) && found > value ? value : found];
    });
    expect(measured).toEqual(values);
  };

  test("every constant that the C library's headers define has their value", () => {
    expect(libc.size).toBeGreaterThan(600);
    same(libc);
  });

  test("every constant that the kernel's headers define has their value", () => {
    expect(kernel.size).toBeGreaterThan(400);
    same(kernel);
  });

  const absent = constants.map(([name]) => name).filter((name) => !libc.has(name) && !kernel.has(name));
  const explained = Object.values(absentWithReason).flat();

  const agedHeaders = isRecent ? "" : " (skipped: these are older than glibc 2.36 and Linux 6.1)";
  test.skipIf(!isRecent)(`a constant that no header defines is known to be newer, or internal${agedHeaders}`, () => {
    expect(absent.filter((name) => !explained.includes(name))).toEqual([]);
  });

  test("the list of those holds nothing that the record has not", () => {
    expect(explained.filter((name) => !(name in linux.constants))).toEqual([]);
  });

  // so that the output says which values no header of this system has vouched for
  for (const [why, names] of Object.entries(absentWithReason)) {
    const here = names.filter((name) => absent.includes(name));
    if (here.length > 0) test.skip(`not compared, ${why}: ${here.join(" ")}`, () => {});
  }

  test("every struct has the size that the compiler gives it", () => {
    const measured = layouts.map(([name]) => [name, structs.get(name) ?? -1]);
    expect(measured).toEqual(layouts.map(([name, { size }]) => [name, size]));
  });

  test.each(layouts)("struct %s: every field is where the compiler puts it", (name, { fields }) => {
    const measured = Object.keys(fields).map((field) => [
      field,
      [structs.get(`${name}.${field}`), structs.get(`${name}.${field}.size`)],
    ]);
    expect(fields).toEqual(Object.fromEntries(measured));
  });

  test("types have the sizes that the symbol table supposes", () => {
    const types = {
      ...{ int: 4, long: 8, size_t: 8, ssize_t: 8, socklen_t: 4, nfds_t: 8, off_t: 8, "void *": 8 },
      ...{ sa_family_t: 2, in_port_t: 2 },
    };
    const print = Object.keys(types).map((type) => `printf("${type}=%zu\\n", sizeof(${type}));\n`);
    const sizes = runC(`${include(LIBC)}#include <stdio.h>\nint main(void) {\n${print.join("")}return 0;\n}\n`);
    expect(Object.fromEntries(sizes)).toEqual(types);
  });

  test("control messages are aligned to cmsgAlign: CMSG_LEN and CMSG_SPACE of cmsg(3)", () => {
    const lengths = [0, 1, 4, 7, 8, 9, 12, 16, 20, 64, 65];
    const print = lengths.map((n) => `printf("${n}=%zu\\n%d=%zu\\n", CMSG_LEN(${n}), -${n} - 1, CMSG_SPACE(${n}));\n`);
    const sizes = runC(`${include(LIBC)}#include <stdio.h>\nint main(void) {\n${print.join("")}return 0;\n}\n`);
    const align = (n: number): number => Math.ceil(n / linux.cmsgAlign) * linux.cmsgAlign;
    const header = align(linux.structs.cmsghdr.size);
    for (const n of lengths) {
      expect([n, sizes.get(String(n)), sizes.get(String(-n - 1))]).toEqual([n, header + n, header + align(n)]);
    }
  });

  test("the first and the next control message are where CMSG_FIRSTHDR and CMSG_NXTHDR look for them", () => {
    const sizes = runC(`${include(LIBC)}#include <stdio.h>
      int main(void) {
        _Alignas(16) char space[256] = {0};
        struct msghdr message = {.msg_control = space, .msg_controllen = sizeof space};
        struct cmsghdr *first = CMSG_FIRSTHDR(&message);
        first->cmsg_len = CMSG_LEN(5);
        printf("data=%td\\n", (char *)CMSG_DATA(first) - space);
        printf("next=%td\\n", (char *)CMSG_NXTHDR(&message, first) - space);
      }`);
    const header = linux.structs.cmsghdr.size;
    expect(Object.fromEntries(sizes)).toEqual({ data: header, next: header + linux.cmsgAlign });
  });
});
