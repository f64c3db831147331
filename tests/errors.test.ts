// SocketError: one class, one kind for each error name on every system, and a text that says what to do.

import { describe, expect, test } from "bun:test";
import { errnoName, errnoNumber } from "../ffi/errno.ts";
import { darwin } from "../ffi/platform/darwin.ts";
import { freebsd } from "../ffi/platform/freebsd.ts";
import { linux } from "../ffi/platform/linux.ts";
import { windows } from "../ffi/platform/windows.ts";
import { cancelled, closed, failed, timedOut } from "../src/errors.ts";
import { SocketError, type SocketErrorKind } from "../src/index.ts";

const kinds: readonly [SocketErrorKind, readonly string[]][] = [
  ["would-block", ["EAGAIN"]],
  ["pending", ["EINPROGRESS", "EALREADY"]],
  ["connection-closed", ["EPIPE", "ECONNRESET", "ECONNABORTED", "ENETRESET", "ESHUTDOWN"]],
  ["connection-refused", ["ECONNREFUSED"]],
  ["address-in-use", ["EADDRINUSE"]],
  ["address-not-available", ["EADDRNOTAVAIL"]],
  ["not-connected", ["ENOTCONN"]],
  ["permission-denied", ["EACCES", "EPERM"]],
  [
    "not-supported",
    ["EOPNOTSUPP", "EPROTONOSUPPORT", "EAFNOSUPPORT", "ESOCKTNOSUPPORT", "ENOPROTOOPT", "ENOSYS", "EPROTOTYPE"],
  ],
  ["no-such-device", ["ENODEV"]],
  ["no-buffers", ["ENOBUFS"]],
  ["message-too-large", ["EMSGSIZE"]],
  ["destination-unset", ["EDESTADDRREQ"]],
  ["host-unreachable", ["EHOSTUNREACH", "EHOSTDOWN"]],
  ["network-unreachable", ["ENETUNREACH", "ENETDOWN"]],
  ["too-many-open-files", ["EMFILE", "ENFILE"]],
  ["filename-too-long", ["ENAMETOOLONG"]],
  ["not-found", ["ENOENT"]],
  ["invalid-argument", ["EINVAL", "ENOTSOCK", "EBADF"]],
  ["timed-out", ["ETIMEDOUT"]],
  ["no-space", ["ENOMEM", "ENOSPC"]],
  ["failed", ["EFAULT", "EIO", "EISCONN"]],
];

describe("an error number becomes a SocketError", () => {
  for (const [kind, codes] of kinds) {
    for (const code of codes) {
      test(`${code} is of kind "${kind}"`, () => {
        const error = failed(-errnoNumber(code), { syscall: "test" });
        expect(error).toBeInstanceOf(SocketError);
        expect(error).toBeInstanceOf(Error);
        expect({ code: error.code, errno: error.errno, kind: error.kind, syscall: error.syscall }).toEqual({
          code,
          errno: -errnoNumber(code),
          kind,
          syscall: "test",
        });
      });
    }
  }

  test("a number that nobody knows keeps it", () => {
    const error = failed(-9999, { syscall: "test" });
    expect(error.code).toBe("E9999");
    expect(error.kind).toBe("failed");
  });

  test("the text says what was tried, with which address, how much was sent, and what to do", () => {
    const error = failed(-errnoNumber("EACCES"), { syscall: "sendto", address: "255.255.255.255:9", bytesWritten: 7 });
    expect(error.message).toBe(
      "sendto 255.255.255.255:9: permission denied (EACCES) after 7 bytes; " +
        "a broadcast address needs socket.broadcast = true (SO_BROADCAST)",
    );
    expect(error.bytesWritten).toBe(7);
    expect(String(error.address)).toBe("255.255.255.255:9");
  });

  test("address and bytesWritten are absent where there is none", () => {
    const error = failed(-errnoNumber("EINVAL"), { syscall: "test" });
    expect("address" in error).toBe(false);
    expect("bytesWritten" in error).toBe(false);
  });
});

describe("errors of our own", () => {
  test("a timeout has errno 0 and syscall poll", () => {
    const error = timedOut("recv", 20);
    expect({ code: error.code, errno: error.errno, syscall: error.syscall, kind: error.kind }).toEqual({
      code: "ETIMEDOUT",
      errno: 0,
      syscall: "poll",
      kind: "timed-out",
    });
    expect(error.message).toContain("within 20 ms");
  });

  test("a cancelled operation is ECANCELED", () => {
    expect({ ...cancelled("recv", 5) }).toMatchObject({ code: "ECANCELED", kind: "cancelled", bytesWritten: 5 });
  });

  test("a closed socket is ERR_SOCKET_CLOSED", () => {
    expect({ ...closed("recv") }).toMatchObject({ code: "ERR_SOCKET_CLOSED", kind: "closed", syscall: "recv" });
  });
});

describe("the maps of errno are whole", () => {
  test("on this system every number that errno(3) lists has a name", () => {
    if (process.platform !== "linux") return;
    for (let errno = 1; errno <= 133; errno++) {
      if (errno === 41 || errno === 58) continue; // not assigned: include/uapi/asm-generic/errno.h
      expect([errno, errnoName(errno)]).toEqual([errno, expect.stringMatching(/^E[A-Z0-9]+$/)]);
    }
    expect(errnoName(11)).toBe("EAGAIN");
    expect(errnoName(95)).toBe("EOPNOTSUPP");
  });

  for (const { name, errnos } of [linux, darwin, freebsd, windows]) {
    test(`${name} has a number for each name that the kinds above know`, () => {
      const absent = kinds.flatMap(([, codes]) => codes).filter((code) => !errnos[code]);
      // Winsock has no numbers for what only files have
      const windowsLacks = ["EPIPE", "EPERM", "ENOSYS", "ENODEV", "ENFILE", "ENOENT", "ENOSPC", "EIO"];
      expect(absent).toEqual(name === "windows" ? windowsLacks.filter((code) => absent.includes(code)) : []);
    });
  }

  test("Winsock's numbers come under POSIX names", () => {
    expect(windows.errnos).toMatchObject({ EAGAIN: 10035, EWOULDBLOCK: 10035, ECONNREFUSED: 10061, EINTR: 10004 });
  });
});
