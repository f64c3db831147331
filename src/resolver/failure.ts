// What the resolver could not find, as a SocketError.

import { platform } from "../../ffi/platform/index.ts";
import { failed, SocketError } from "../errors.ts";

// gai_strerror(3) says as much, and not what to do about it
const texts: Readonly<Record<string, string>> = {
  EAI_ADDRFAMILY: "the name has no address of the family that is wanted; ask for another family",
  EAI_AGAIN: "no name server answered for now; try again, or look at /etc/resolv.conf",
  EAI_BADFLAGS: "the flags contradict each other or are not known here; AI_CANONNAME wants a name, for example",
  EAI_FAIL: "the name server refused for good",
  EAI_FAMILY: "this family is not one that the resolver knows; give AF_INET, AF_INET6 or AF_UNSPEC",
  EAI_MEMORY: "there is no memory left",
  EAI_NODATA: "the name exists, but has no address",
  EAI_NONAME: "the name or the service is not known; check the spelling, /etc/hosts, /etc/services and DNS",
  EAI_OVERFLOW: "the name is longer than the memory for it",
  EAI_SERVICE: "this socket type has no such service; give a port number, or look at /etc/services",
  EAI_SOCKTYPE: "the resolver knows no such socket type or protocol; give SOCK_STREAM or SOCK_DGRAM",
  HOST_NOT_FOUND: "the host is not known; check the spelling, /etc/hosts and DNS",
  TRY_AGAIN: "no name server answered for now; try again, or look at /etc/resolv.conf",
  NO_RECOVERY: "the name server refused for good",
  NO_DATA: "the name exists, but has no address of this family",
};

// h_errno, <netdb.h>: the same numbers everywhere
const hostErrors: readonly string[] = ["", "HOST_NOT_FOUND", "TRY_AGAIN", "NO_RECOVERY", "NO_DATA"];

let names: Map<number, string> | undefined;

function addressErrorName(code: number): string {
  names ??= new Map(
    Object.entries(platform.constants).flatMap(([name, number]) =>
      name.startsWith("EAI_") && number !== undefined ? [[number, name] as const] : [],
    ),
  );
  return names.get(code) ?? `EAI_${code}`;
}

/** The error of getaddrinfo(3) or getnameinfo(3), by what it returned; `errno` is for EAI_SYSTEM. */
export function lookupFailed(result: number, errno: number, syscall: string, target: string): SocketError {
  const code = addressErrorName(result);
  if (code === "EAI_SYSTEM" && errno !== 0) return failed(-errno, { syscall, address: target });
  return notFound(code, syscall, target);
}

/** The error of the calls that give a struct hostent: h_errno, or (negative) an error number. */
export function hostLookupFailed(result: number, syscall: string, target: string): SocketError {
  return result < 0
    ? failed(result, { syscall, address: target })
    : notFound(hostErrors[result] || `H_ERRNO_${result}`, syscall, target);
}

function notFound(code: string, syscall: string, target: string): SocketError {
  const text = texts[code] ?? "the resolver failed";
  return new SocketError(`${syscall} ${target}: ${text} (${code})`, {
    code,
    syscall,
    kind: "host-not-found",
    address: target,
  });
}
