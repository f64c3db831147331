// What may not be asked for by number, and that nothing else is refused.

import { describe, expect, test } from "bun:test";
import { darwin } from "../ffi/platform/darwin.ts";
import { freebsd } from "../ffi/platform/freebsd.ts";
import { platform } from "../ffi/platform/index.ts";
import { linux } from "../ffi/platform/linux.ts";
import type { Constants, Platform } from "../ffi/platform/platform.ts";
import { windows } from "../ffi/platform/windows.ts";
import { FIONBIO, FIONREAD } from "../src/constants.ts";
import { AF_INET, SO_RCVBUF, SOCK_DGRAM, Socket, SOL_SOCKET } from "../src/index.ts";
import { refuseRaw, refuseRawIoctl } from "../src/option/raw.ts";
import { throwsNaming } from "./support/throws.ts";

type System = Platform["name"];
type Direction = "get" | "set" | "both";

const systems: Readonly<Record<System, Platform>> = { linux, darwin, freebsd, windows };
const allowed = (action: () => void): void => expect(action).not.toThrow();

// level, number, direction, name: written down once more, by the headers and not by the table
const refused: Readonly<Record<System, readonly (readonly [number, number, Direction, string])[]>> = {
  linux: [
    [1, 26, "set", "SO_ATTACH_FILTER"],
    [1, 26, "get", "SO_GET_FILTER"],
    [1, 51, "set", "SO_ATTACH_REUSEPORT_CBPF"],
    [0, 41, "get", "IP_MSFILTER"],
    [0, 48, "get", "MCAST_MSFILTER"],
    [41, 48, "get", "MCAST_MSFILTER"],
    [0, 64, "set", "IPT_SO_SET_REPLACE"],
    [41, 64, "set", "IP6T_SO_SET_REPLACE"],
    [0, 96, "set", "ARPT_SO_SET_REPLACE"],
    [0, 128, "both", "EBT_SO"], // EBT_SO_SET_ENTRIES, EBT_SO_GET_INFO
    [0, 129, "both", "EBT_SO"], // EBT_SO_SET_COUNTERS, EBT_SO_GET_ENTRIES
    [0, 130, "both", "EBT_SO"], // EBT_SO_GET_INIT_INFO
    [0, 131, "both", "EBT_SO"], // EBT_SO_GET_INIT_ENTRIES
    [6, 35, "get", "TCP_ZEROCOPY_RECEIVE"],
    [6, 41, "get", "TCP_AO_GET_KEYS"],
    [132, 103, "get", "SCTP_GET"],
    [132, 104, "get", "SCTP_GET"],
    [132, 105, "get", "SCTP_GET"],
    [132, 106, "get", "SCTP_GET"],
    [132, 111, "get", "SCTP_SOCKOPT_CONNECTX3"],
    [263, 22, "set", "PACKET_FANOUT_DATA"],
    [276, 2, "set", "RDS_GET_MR"],
    [276, 7, "set", "RDS_GET_MR_FOR_DEST"],
    [283, 4, "set", "XDP_UMEM_REG"],
    [284, 4, "get", "MPTCP_FULL_INFO"],
  ],
  darwin: [
    [0, 74, "both", "IP_MSFILTER"],
    [41, 74, "both", "IPV6_MSFILTER"],
    [0xffff, 0x1010, "both", "SO_LABEL"],
    [0xffff, 0x1011, "both", "SO_PEERLABEL"],
  ],
  freebsd: [
    [0, 74, "both", "IP_MSFILTER"],
    [41, 74, "both", "IPV6_MSFILTER"],
    [0xffff, 0x1009, "both", "SO_LABEL"],
    [0xffff, 0x1010, "both", "SO_PEERLABEL"],
    [6, 39, "set", "TCP_TXTLS_ENABLE"],
    [6, 41, "set", "TCP_RXTLS_ENABLE"],
  ],
  windows: [],
};

describe.each(Object.keys(systems) as System[])("raw options of %s", (system) => {
  for (const [level, number, direction, name] of refused[system]) {
    test(`${name} (${level}, ${number}) may not be ${direction}`, () => {
      for (const way of ["get", "set"] as const) {
        if (direction === "both" || direction === way) {
          const { message } = throwsNaming(() => refuseRaw(level, number, way, system), TypeError, name);
          expect(message).toContain(`(level ${level}, number ${number}) may not be ${way === "get" ? "read" : "set"}`);
        } else if (!refused[system].some((other) => other[0] === level && other[1] === number && other[2] === way)) {
          allowed(() => refuseRaw(level, number, way, system));
        }
      }
    });
  }

  test("nothing else is refused", () => {
    const found: string[] = [];
    for (const level of [0, 1, 6, 17, 41, 132, 136, 255, 263, 270, 276, 279, 283, 284, 0xffff]) {
      for (let number = -200; number < 0x1100; number++) {
        for (const way of ["get", "set"] as const) {
          try {
            refuseRaw(level, number, way, system);
          } catch {
            found.push(`${level} ${number} ${way}`);
          }
        }
      }
    }
    const expected = refused[system].flatMap(([level, number, direction]) =>
      (direction === "both" ? ["get", "set"] : [direction]).map((way) => `${level} ${number} ${way}`),
    );
    expect(found.toSorted()).toEqual(expected.filter((one) => Number(one.split(" ")[1]) < 0x1100).toSorted());
  });

  test("constants that are pointers are refused under the numbers of this system", () => {
    const { constants } = systems[system];
    const pointers = ["SO_ATTACH_FILTER", "SO_ATTACH_REUSEPORT_CBPF", "SO_LABEL", "SO_PEERLABEL"] as const;
    for (const name of pointers) {
      const number = constants[name];
      if (number !== undefined)
        throwsNaming(() => refuseRaw(constants.SOL_SOCKET, number, "set", system), TypeError, name);
    }
  });
});

test("the message says what to use instead", () => {
  throwsNaming(() => refuseRaw(1, 26, "set", "linux"), TypeError, "use option.SO_ATTACH_FILTER");
  throwsNaming(() => refuseRaw(6, 35, "get", "linux"), TypeError, "its value holds a pointer");
  throwsNaming(() => refuseRaw(6, 35, "get", "linux"), TypeError, "no safe form");
});

describe.each(Object.keys(systems) as System[])("raw ioctls of %s", (system) => {
  const { constants } = systems[system];
  const isRequest = /^(SIOC|FIO|TIOC|SIO_)/;
  const unsafe: readonly string[] = [
    ...[
      "FIONBIO",
      "FIOASYNC",
      "FIONCLEX",
      "SIOCGIFCONF",
      "SIOCETHTOOL",
      "SIOCSHWTSTAMP",
      "SIO_GET_EXTENSION_FUNCTION_POINTER",
    ],
    ...["SIO_GET_QOS", "SIO_SET_QOS", "SIO_ADDRESS_LIST_SORT"],
  ];

  for (const [name, request] of Object.entries<number | undefined>(constants as Constants & Record<string, number>)) {
    if (!isRequest.test(name) || request === undefined) continue;
    test(`${name} is ${unsafe.includes(name) ? "refused" : "let through"}`, () => {
      if (unsafe.includes(name))
        throwsNaming(() => refuseRawIoctl(request, system), TypeError, name === "SIOCGIFCONF" ? "pointer" : name);
      else allowed(() => refuseRawIoctl(request, system));
    });
  }

  test("FIONBIO would break the rule that sockets never block", () => {
    throwsNaming(() => refuseRawIoctl(constants.FIONBIO, system), TypeError, "socket.blocking");
    throwsNaming(() => refuseRawIoctl(constants.FIONBIO | 0, system), TypeError, "socket.blocking");
  });
});

describe("ioctls by number", () => {
  test("Linux", () => {
    const numbers: Readonly<Record<string, readonly number[]>> = {
      SIOCADDRT: [0x890b, 0x890c],
      SIOCSIFBR: [0x8940, 0x8941],
      SIOCWANDEV: [0x894a],
      SIOCBOND: [0x8990, 0x8991, 0x8992, 0x8993, 0x8994, 0x8995],
      SIOCGHWTSTAMP: [0x89b0, 0x89b1],
      SIOCDEVPRIVATE: [0x89f0, 0x89f8, 0x89ff],
      wireless: [0x8b00, 0x8b1b, 0x8bff],
      TUNATTACHFILTER: [0x4010_54d5, 0x4010_54d6],
      TUNGETFILTER: [0x8010_54db],
      TUNSETTXFILTER: [0x4004_54d1],
      ATM: [0x4010_6183],
      HCIGETDEVLIST: [0x8004_48d2],
      HCIGETCONNLIST: [0x8004_48d4],
      HCIINQUIRY: [0x8004_48f0],
      RFCOMMGETDEVLIST: [0x8004_52d2],
      PPPIOCSPASS: [0x4010_7447],
    };
    for (const [name, all] of Object.entries(numbers)) {
      for (const number of all) throwsNaming(() => refuseRawIoctl(number, "linux"), TypeError, name);
    }
    // SIOCGIFADDR, SIOCGIFMAP, SIOCGARP, SIOCBRADDBR, SIOCGSKNS, TIOCOUTQ, SIOCUNIXFILE, TUNSETIFF
    for (const number of [0x8915, 0x8970, 0x8954, 0x89a0, 0x894c, 0x5411, 0x89e0, 0x4004_54ca]) {
      allowed(() => refuseRawIoctl(number, "linux"));
    }
  });

  test("macOS and FreeBSD", () => {
    const pointers: readonly (readonly [System, number])[] = [
      ["darwin", 0xc00c_6914], // OSIOCGIFCONF
      ["darwin", 0xc02c_6938], // SIOCGIFMEDIA
      ["darwin", 0xc028_697b], // SIOCGDRVSPEC
      ["darwin", 0xc020_7396], // SIOCGASSOCIDS
      ["darwin", 0x8010_4267], // BIOCSETF
      ["freebsd", 0xc030_6938], // SIOCGIFMEDIA
      ["freebsd", 0x8020_6928], // SIOCSIFNAME
      ["freebsd", 0xc020_692a], // SIOCGIFDESCR
      ["freebsd", 0xc028_6988], // SIOCGIFGROUP
      ["freebsd", 0xc010_4279], // BIOCGDLTLIST
    ];
    for (const [system, number] of pointers) throwsNaming(() => refuseRawIoctl(number, system), TypeError, "pointer");
    for (const system of ["darwin", "freebsd"] as const) {
      // SIOCGIFFLAGS, SIOCGIFADDR, SIOCGIFNETMASK, SIOCGIFMTU, SIOCADDMULTI, SIOCATMARK
      for (const number of [0xc020_6911, 0xc020_6921, 0xc020_6925, 0xc020_6933, 0x8020_6931, 0x4004_7307]) {
        allowed(() => refuseRawIoctl(number, system));
      }
    }
  });
});

describe.skipIf(platform.name !== "linux")("a socket (needs Linux)", () => {
  test("refuses before the kernel is asked", () => {
    using socket = new Socket(AF_INET, SOCK_DGRAM);
    throwsNaming(() => socket.getOption(6, 35, 64), TypeError, "TCP_ZEROCOPY_RECEIVE");
    throwsNaming(() => socket.setOption(SOL_SOCKET, 26, new Uint8Array(16)), TypeError, "SO_ATTACH_FILTER");
    throwsNaming(() => socket.setOption(SOL_SOCKET, 51, new Uint8Array(16)), TypeError, "SO_ATTACH_REUSEPORT_CBPF");
    throwsNaming(() => socket.ioctl(0x8912, new Uint8Array(16)), TypeError, "SIOCGIFCONF");
    throwsNaming(() => socket.ioctl(FIONBIO, 0), TypeError, "FIONBIO");
    expect(socket.getOption(SOL_SOCKET, SO_RCVBUF)).toBeGreaterThan(0);
    expect(socket.ioctl(FIONREAD)).toBe(0);
  });

  test("a level or number of 2^32 more is no way around it", () => {
    using socket = new Socket(AF_INET, SOCK_DGRAM);
    expect(() => socket.getOption(2 ** 32 + 6, 35, 64)).toThrow(RangeError);
    expect(() => socket.getOption(6, 2 ** 32 + 35, 64)).toThrow(RangeError);
    expect(() => socket.ioctl(2 ** 32 + 0x8912)).toThrow(RangeError);
  });
});
