// The four platform records against tests/abi/data: constants and layouts that a compiler has read from each system's own
// headers. All four can be loaded anywhere, so this proves on any machine what only a Mac or a Windows could try.

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { darwin } from "../../ffi/platform/darwin.ts";
import { freebsd } from "../../ffi/platform/freebsd.ts";
import { linux } from "../../ffi/platform/linux.ts";
import type { CommonStructs, Field, Layout, Platform } from "../../ffi/platform/platform.ts";
import { windows } from "../../ffi/platform/windows.ts";

type Values = Readonly<Record<string, number>>;
type Layouts = Readonly<Record<string, Layout>>;

/** What a compiler said on one OS: the first target in full, of its variants only what differs. */
interface Headers {
  readonly targets: Readonly<Record<string, string>>;
  readonly variants: Readonly<Record<string, { constants?: Values; structs?: Layouts; absent?: readonly string[] }>>;
  /** sizeof(type) */
  readonly sizes: Values;
  /** "CMSG_LEN(4)", "CMSG_SPACE(4)" */
  readonly controlMessages: Values;
  readonly structs: Layouts;
  readonly constants: Values;
}

const read = (name: string): Headers =>
  JSON.parse(readFileSync(join(import.meta.dir, "data", `${name}.json`), "utf8")) as Headers;

const records: readonly Platform[] = [linux, darwin, freebsd, windows];
const all = records.map((record) => ({
  name: record.name,
  record,
  headers: read(record.name),
  constants: record.constants as Readonly<Record<string, number>>,
  layouts: record.structs as Layouts,
}));

/** The part of a record's layouts that its headers tell of. */
const known = (layouts: Layouts, headers: Layouts): Layouts =>
  Object.fromEntries(Object.keys(headers).map((name) => [name, layouts[name] as Layout]));

const commonStructs = {
  ...{ sockaddr: 1, sockaddr_in: 1, sockaddr_in6: 1, sockaddr_un: 1, sockaddr_storage: 1, msghdr: 1, cmsghdr: 1 },
  ...{ iovec: 1, pollfd: 1, addrinfo: 1, ip_mreq: 1, ip_mreq_source: 1, ipv6_mreq: 1, group_req: 1 },
  ...{ group_source_req: 1, in6_pktinfo: 1, linger: 1, timeval: 1, timespec: 1, hostent: 1, servent: 1, protoent: 1 },
} satisfies Record<keyof CommonStructs, 1>;

const commonConstants = [
  ...["AF_UNSPEC", "AF_UNIX", "AF_INET", "AF_INET6", "SOCK_STREAM", "SOCK_DGRAM", "SOCK_RAW", "SOCK_SEQPACKET"],
  ...["SOL_SOCKET", "SOMAXCONN", "SO_REUSEADDR", "SO_TYPE", "SO_ERROR", "SO_BROADCAST", "SO_SNDBUF", "SO_RCVBUF"],
  ...["SO_KEEPALIVE", "SO_LINGER", "SO_ACCEPTCONN", "SO_RCVTIMEO", "SO_SNDTIMEO", "IPPROTO_IP", "IPPROTO_IPV6"],
  ...["IPPROTO_TCP", "IPPROTO_UDP", "IPPROTO_ICMP", "IPPROTO_ICMPV6", "IPPROTO_RAW", "IP_TTL", "IP_TOS"],
  ...["IP_MULTICAST_IF", "IP_MULTICAST_TTL", "IP_MULTICAST_LOOP", "IP_ADD_MEMBERSHIP", "IP_DROP_MEMBERSHIP"],
  ...["IPV6_V6ONLY", "IPV6_UNICAST_HOPS", "IPV6_MULTICAST_IF", "IPV6_MULTICAST_HOPS", "IPV6_MULTICAST_LOOP"],
  ...["MCAST_JOIN_GROUP", "MCAST_LEAVE_GROUP", "MCAST_JOIN_SOURCE_GROUP", "TCP_NODELAY", "TCP_KEEPINTVL"],
  ...["MSG_OOB", "MSG_PEEK", "MSG_DONTROUTE", "MSG_TRUNC", "MSG_CTRUNC", "MSG_WAITALL", "POLLIN", "POLLOUT", "POLLPRI"],
  ...["POLLERR", "POLLHUP", "POLLNVAL", "AI_PASSIVE", "AI_NUMERICHOST", "NI_NUMERICHOST", "NI_DGRAM", "FIONREAD"],
  ...["IF_NAMESIZE", "INADDR_ANY", "INADDR_LOOPBACK"],
];

const commonErrnos = [
  ...["EACCES", "EADDRINUSE", "EADDRNOTAVAIL", "EAFNOSUPPORT", "EAGAIN", "EALREADY", "EBADF", "ECANCELED"],
  ...["ECONNABORTED", "ECONNREFUSED", "ECONNRESET", "EDESTADDRREQ", "EFAULT", "EHOSTUNREACH", "EINPROGRESS", "EINTR"],
  ...["EINVAL", "EISCONN", "EMFILE", "EMSGSIZE", "ENAMETOOLONG", "ENETDOWN", "ENETRESET", "ENETUNREACH", "ENOBUFS"],
  ...["ENOMEM", "ENOPROTOOPT", "ENOTCONN", "ENOTSOCK", "ENOTSUP", "EOPNOTSUPP", "EPROTONOSUPPORT", "EPROTOTYPE"],
  ...["ESHUTDOWN", "ETIMEDOUT", "EWOULDBLOCK"],
];

describe.each(all)("the record of $name", ({ record, headers, constants, layouts }) => {
  test("cannot be changed, nor can its tables", () => {
    const { core, structs, errnos } = record;
    for (const part of [record, core, constants, structs, errnos]) {
      const [first = ""] = Object.keys(part);
      expect(Reflect.set(part, first, -1)).toBe(false);
      expect(Reflect.set(part, "somethingElse", -1)).toBe(false);
      expect(Reflect.deleteProperty(part, first)).toBe(false);
    }
  });

  test("has every struct that code above names without asking", () => {
    expect(Object.keys(commonStructs).filter((name) => layouts[name] === undefined)).toEqual([]);
  });

  test("has every constant that code above names without asking, all of them integers", () => {
    expect(commonConstants.filter((name) => constants[name] === undefined)).toEqual([]);
    expect(Object.entries(constants).filter(([, value]) => !Number.isSafeInteger(value))).toEqual([]);
  });

  test("keeps in `core` what `constants` says, and nothing else", () => {
    const core = Object.entries(record.core);
    expect(core).toEqual(core.map(([name]) => [name, constants[name] as number]));
    expect(core.length).toBeGreaterThan(50);
  });

  test("knows the error numbers that sockets report, none of them 0", () => {
    expect(commonErrnos.filter((name) => !((record.errnos[name] ?? 0) > 0))).toEqual([]);
    expect(record.errnos["EWOULDBLOCK"]).toBe(record.errnos["EAGAIN"] as number);
  });

  test("gives two errors one number only where the manual says that they are one", () => {
    const aliases = /^(EWOULDBLOCK|EDEADLOCK|ENOTSUP|ELAST|ECANCELLED)$/;
    const numbers = Object.entries(record.errnos)
      .filter(([name]) => /^E(?!POLL)[A-Z0-9]+$/.test(name) && !aliases.test(name))
      .map(([, number]) => number);
    expect(numbers.length).toBeGreaterThan(40);
    expect(numbers).toHaveLength(new Set(numbers).size);
  });

  test("has the constants of the headers", () => {
    const names = Object.keys(headers.constants).filter((name) => name !== "SSIZE_MAX"); // above 2^53
    expect(Object.fromEntries(names.map((name) => [name, constants[name]]))).toEqual(
      Object.fromEntries(names.map((name) => [name, headers.constants[name]])),
    );
  });

  test("has the layouts of the headers", () => {
    const expected =
      record === linux
        ? { ...headers.structs, ...headers.variants[`linux-${process.arch}`]?.structs }
        : headers.structs;
    expect(known(layouts, expected)).toEqual(expected);
  });

  test("keeps every field inside its struct, and none but those of a union in the same place", () => {
    const unions = /^(ifaddrs\.ifa_broadaddr|ifreq\.ifr_(flags|ifindex)|SOCKADDR_INET\..*)$/;
    for (const [name, { size, fields }] of Object.entries(layouts)) {
      const taken = new Uint8Array(size);
      for (const [field, [offset, length]] of Object.entries(fields)) {
        expect([`${name}.${field}`, offset + length <= size]).toEqual([`${name}.${field}`, true]);
        if (unions.test(`${name}.${field}`)) continue;
        expect([`${name}.${field}`, Math.max(...taken.subarray(offset, offset + length))]).toEqual([
          `${name}.${field}`,
          0,
        ]);
        taken.fill(1, offset, offset + length);
      }
    }
  });

  test("aligns control messages as CMSG_LEN and CMSG_SPACE of the headers do", () => {
    const align = (n: number): number => Math.ceil(n / record.cmsgAlign) * record.cmsgAlign;
    const start = align(record.structs.cmsghdr.size);
    const expected = Object.keys(headers.controlMessages).map((macro) => {
      const n = Number(/\d+/.exec(macro)?.[0]);
      return [macro, start + (macro.includes("SPACE") ? align(n) : n)];
    });
    expect(expected.length).toBeGreaterThan(9);
    expect(headers.controlMessages).toEqual(Object.fromEntries(expected));
  });

  test("supposes pointers, size_t and socklen_t as wide as they are", () => {
    expect(headers.sizes).toMatchObject({ int: 4, size_t: 8, socklen_t: 4 });
    expect(record.structs.iovec.fields.iov_base[1]).toBe(8);
    expect(record.structs.sockaddr.fields.sa_family[1]).toBe(
      (headers.sizes["sa_family_t"] ?? headers.sizes["ADDRESS_FAMILY"]) as number,
    );
    expect(record.structs.timespec.fields.tv_sec[1]).toBe(headers.sizes["time_t"] as number);
  });

  test("describes calls in the vocabulary of bun:ffi", () => {
    const types = new Set([
      "i32",
      "u16",
      "u32",
      "u64",
      "i64_fast",
      "ptr",
      "cstring",
      "buffer",
      "buffer_length",
      "void",
    ]);
    const { required, optional } = record.library;
    for (const [name, { args, returns }] of Object.entries({ ...required, ...optional })) {
      expect([name, [...args, returns].filter((type) => !types.has(type))]).toEqual([name, []]);
      // a length is read off the view before it: they cannot disagree
      args.forEach((type, index) => {
        if (type === "buffer_length") expect([name, args[index - 1]]).toEqual([name, "buffer"]);
      });
    }
  });
});

describe("what differs between machines of one system", () => {
  const variant = (system: Headers, name: string): Headers["variants"][string] => system.variants[name] ?? {};
  const [onLinux, onDarwin, onFreebsd, onWindows] = all.map(({ headers }) => headers) as [
    Headers,
    Headers,
    Headers,
    Headers,
  ];

  test("Linux: epoll_event is packed on x86-64, and that is all that arm64 does otherwise", () => {
    expect(onLinux.structs["epoll_event"]).toEqual({ size: 12, fields: { events: [0, 4], data: [4, 8] } });
    expect(variant(onLinux, "linux-arm64")).toEqual({
      structs: { epoll_event: { size: 16, fields: { events: [0, 4], data: [8, 8] } } },
    });
  });

  test("macOS, FreeBSD and Windows: arm64 is x86-64", () => {
    expect(variant(onDarwin, "macos-arm64")).toEqual({});
    expect(variant(onFreebsd, "freebsd-arm64")).toEqual({});
    expect(variant(onWindows, "windows-arm64")).toEqual({});
  });

  test("musl: three limits are smaller, and no other constant that it defines has another value", () => {
    const { constants = {} } = variant(onLinux, "linux-musl-x64");
    const record = linux.constants as Values;
    const different = Object.keys(constants).filter((name) => record[name] !== constants[name]);
    expect(different.toSorted()).toEqual(["AF_MAX", "NI_MAXHOST", "SOMAXCONN"]);
  });

  test("musl: lengths are 4 bytes and padding, which on little endian our 8 bytes with a zero upper half are as well", () => {
    const { structs = {} } = variant(onLinux, "linux-musl-x64");
    for (const [name, field] of [
      ["msghdr", "msg_iovlen"],
      ["msghdr", "msg_controllen"],
      ["cmsghdr", "cmsg_len"],
    ] as const) {
      const ours = (linux.structs as Layouts)[name]?.fields[field];
      const theirs = structs[name]?.fields[field];
      expect(ours).toEqual([theirs?.[0] as number, 8]);
      expect(theirs?.[1]).toBe(4);
      const behind = (ours?.[0] as number) + 4;
      const neighbours: Field[] = Object.values((structs[name] as Layout).fields);
      expect(neighbours.filter(([offset, size]) => offset < behind + 4 && offset + size > behind)).toEqual([]);
    }
    expect(structs["msghdr"]?.size).toBe(linux.structs.msghdr.size);
    expect(structs["cmsghdr"]?.size).toBe(linux.structs.cmsghdr.size);
  });
});

describe("what a record has beyond the headers that were read", () => {
  // Linux has the most; layouts.test.ts compares it with the headers of the machine it runs on
  const [, ...others] = all;

  /** What Python has on every system, whether its headers do or not. */
  const everywhere: Values = { SOL_IP: 0, SOL_TCP: 6, SOL_UDP: 17 };

  /**
   * errno.h of Darwin and FreeBSD, WinError.h, and Microsoft's documentation of Winsock's options; what Python's socket module
   * has beyond those headers, from XNU's sys/socket.h, netinet/in.h, sys/vsock.h and sys/kern_control.h, FreeBSD's netinet/in.h
   * and ng_btsocket.h, Windows' ws2def.h, ws2bth.h, mstcpip.h and hvsocket.h.
   */
  const typedIn: Readonly<Record<string, Values>> = {
    darwin: {
      ...{ ENOEXEC: 8, ENOTBLK: 15, EFBIG: 27, EMLINK: 31, EPROCLIM: 67, EBADRPC: 72, ERPCMISMATCH: 73 },
      ...{ EPROGUNAVAIL: 74, EPROGMISMATCH: 75, EPROCUNAVAIL: 76, ENOLCK: 77, EFTYPE: 79, EAUTH: 80, ENEEDAUTH: 81 },
      ...{ EPWROFF: 82, EDEVERR: 83, EBADEXEC: 85, EBADARCH: 86, ESHLIBVERS: 87, EBADMACHO: 88, ENOATTR: 93 },
      ...{ EMULTIHOP: 95, ENOSR: 98, ENOSTR: 99, ENOPOLICY: 103 },
      ...{ AF_SNA: 11, AF_DECnet: 12, AF_APPLETALK: 16, AF_IPX: 23, PF_SYSTEM: 32, AF_SYS_CONTROL: 2 },
      ...{ SYSPROTO_EVENT: 1, SYSPROTO_CONTROL: 2, CTLIOCGINFO: 0xc0644e03, IPPROTO_IPV4: 4 },
      ...{ IPPROTO_XTP: 36, IPPROTO_HELLO: 63, IPPROTO_EON: 80, IPPROTO_IPCOMP: 108 },
      ...{ INADDR_UNSPEC_GROUP: 0xe0000000, INADDR_ALLHOSTS_GROUP: 0xe0000001 },
      ...{ INADDR_MAX_LOCAL_GROUP: 0xe00000ff, IPV6_RTHDR_TYPE_0: 0, VMADDR_CID_ANY: 0xffffffff },
      ...{ VMADDR_CID_HYPERVISOR: 0, VMADDR_CID_HOST: 2, VMADDR_PORT_ANY: 0xffffffff },
      ...{ IOCTL_VM_SOCKETS_GET_LOCAL_CID: 0x400473d1 },
      ...everywhere,
    },
    freebsd: {
      ...{ ENOEXEC: 8, ENOTBLK: 15, EFBIG: 27, EMLINK: 31, EPROCLIM: 67, EBADRPC: 72, ERPCMISMATCH: 73 },
      ...{ EPROGUNAVAIL: 74, EPROGMISMATCH: 75, EPROCUNAVAIL: 76, ENOLCK: 77, EFTYPE: 79, EAUTH: 80, ENEEDAUTH: 81 },
      ...{ ENOATTR: 87, EDOOFUS: 88, EMULTIHOP: 90, EINTEGRITY: 97 },
      ...{ AF_SNA: 11, AF_DECnet: 12, AF_APPLETALK: 16, AF_IPX: 23, AF_DIVERT: 44, PF_DIVERT: 44 },
      ...{ IPPROTO_IPV4: 4, IPPROTO_XTP: 36, IPPROTO_MOBILE: 55, IPPROTO_HELLO: 63, IPPROTO_EON: 80 },
      ...{ IPPROTO_IPCOMP: 108, IPPROTO_PGM: 113, INADDR_UNSPEC_GROUP: 0xe0000000 },
      ...{ INADDR_ALLHOSTS_GROUP: 0xe0000001, INADDR_MAX_LOCAL_GROUP: 0xe00000ff, IPV6_RTHDR_TYPE_0: 0 },
      ...{ BTPROTO_HCI: 134, BTPROTO_L2CAP: 135, BTPROTO_RFCOMM: 136, BTPROTO_SCO: 137, SOL_HCI: 2050 },
      ...{ SOL_L2CAP: 5641, SOL_RFCOMM: 2070, SOL_SCO: 521 },
      ...{ SO_L2CAP_IMTU: 1, SO_L2CAP_OMTU: 2, SO_L2CAP_IFLOW: 3, SO_L2CAP_OFLOW: 4, SO_L2CAP_FLUSH: 5 },
      ...{ SO_L2CAP_ENCRYPTED: 6, SO_RFCOMM_MTU: 1, SO_RFCOMM_FC_INFO: 2, SO_SCO_MTU: 1, SO_SCO_CONNINFO: 2 },
      ...everywhere,
      IPPORT_USERRESERVED: 5000,
    },
    windows: {
      ...{ SO_REUSE_UNICASTPORT: 0x3007, UDP_SEND_MSG_SIZE: 2, UDP_RECV_MAX_COALESCED_SIZE: 3 },
      ...{ WSAEINVALIDPROCTABLE: 10104, WSAEINVALIDPROVIDER: 10105, WSAEPROVIDERFAILEDINIT: 10106 },
      ...{ WSA_E_NO_MORE: 10110, WSA_E_CANCELLED: 10111, ERROR_FILE_NOT_FOUND: 2, ERROR_DEV_NOT_EXIST: 55 },
      ...{ AF_HYPERV: 34, AF_IPX: 6, AF_SNA: 11, AF_DECnet: 12, AF_APPLETALK: 16, AF_LINK: 33, IPPROTO_IPV4: 4 },
      ...{ IPPROTO_CBT: 7, IPPROTO_IGP: 9, IPPROTO_RDP: 27, IPPROTO_ICLFXBM: 78, IPPROTO_PGM: 113 },
      ...{ INADDR_UNSPEC_GROUP: 0xe0000000, INADDR_ALLHOSTS_GROUP: 0xe0000001 },
      ...{ INADDR_MAX_LOCAL_GROUP: 0xe00000ff, RCVALL_OFF: 0, RCVALL_ON: 1, RCVALL_SOCKETLEVELONLY: 2 },
      ...{ RCVALL_IPLEVEL: 3, BTPROTO_RFCOMM: 3, SOL_RFCOMM: 3, SOL_L2CAP: 256 },
      ...{ SO_BTH_AUTHENTICATE: 0x80000001, SO_BTH_ENCRYPT: 2, SO_BTH_MTU: 0x80000007 },
      ...{ SO_BTH_MTU_MAX: 0x80000008, SO_BTH_MTU_MIN: 0x8000000a, HV_PROTOCOL_RAW: 1 },
      ...{ HVSOCKET_CONNECT_TIMEOUT: 1, HVSOCKET_CONNECT_TIMEOUT_MAX: 0x493e0 },
      ...{ HVSOCKET_CONNECTED_SUSPEND: 4, HVSOCKET_ADDRESS_FLAG_PASSTHRU: 1 },
      ...everywhere,
      ...{ IPPORT_USERRESERVED: 5000, RCVALL_MAX: 3, SHUT_RD: 0, SHUT_WR: 1, SHUT_RDWR: 2 },
    },
  };

  test.each(others)("$name: a constant is one that is known from elsewhere", ({ name, headers, constants }) => {
    const beyond = Object.entries(constants).filter(([constant]) => !(constant in headers.constants));
    expect(Object.fromEntries(beyond)).toEqual(typedIn[name] as Values);
  });

  test.each(others)("$name: a struct is one that has another name there", ({ name, headers, layouts }) => {
    const beyond = Object.keys(layouts).filter((struct) => !(struct in headers.structs));
    expect(beyond).toEqual(name === "windows" ? ["msghdr", "iovec", "cmsghdr"] : []);
  });

  test("Windows: struct msghdr, iovec and cmsghdr are WSAMSG, WSABUF and WSACMSGHDR under POSIX names", () => {
    const { msghdr, iovec, cmsghdr } = windows.structs;
    const { WSAMSG, WSABUF, WSACMSGHDR } = windows.structs as Layouts as Record<
      "WSAMSG" | "WSABUF" | "WSACMSGHDR",
      Layout
    >;
    const [control] = WSAMSG.fields["Control"] ?? [0];
    const field = (layout: Layout, name: string): Layout["fields"][string] => layout.fields[name] ?? [-1, -1];
    expect(msghdr).toEqual({
      size: WSAMSG.size,
      fields: {
        msg_name: field(WSAMSG, "name"),
        msg_namelen: field(WSAMSG, "namelen"),
        msg_iov: field(WSAMSG, "lpBuffers"),
        msg_iovlen: field(WSAMSG, "dwBufferCount"),
        msg_controllen: [control + field(WSABUF, "len")[0], field(WSABUF, "len")[1]],
        msg_control: [control + field(WSABUF, "buf")[0], field(WSABUF, "buf")[1]],
        msg_flags: field(WSAMSG, "dwFlags"),
      },
    });
    expect(iovec).toEqual({
      size: WSABUF.size,
      fields: { iov_len: field(WSABUF, "len"), iov_base: field(WSABUF, "buf") },
    });
    expect(cmsghdr).toEqual(WSACMSGHDR as typeof cmsghdr);
  });
});
