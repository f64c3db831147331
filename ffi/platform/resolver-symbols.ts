// The C library's questions to the resolver and to its files: netdb.h. Memory goes in by address, because the same call is
// made on another thread as well (`ffi/blocking-call.ts`).

import type { SymbolSignature } from "./platform.ts";

/** What every system has. */
export const resolverSymbols: Readonly<Record<string, SymbolSignature>> = {
  getaddrinfo: { args: ["ptr", "ptr", "ptr", "ptr"], returns: "i32" },
  freeaddrinfo: { args: ["ptr"], returns: "void" },
  getnameinfo: { args: ["ptr", "u32", "ptr", "u32", "ptr", "u32", "i32"], returns: "i32" },
  getservbyname: { args: ["ptr", "ptr"], returns: "ptr" },
  getservbyport: { args: ["i32", "ptr"], returns: "ptr" },
  getprotobyname: { args: ["ptr"], returns: "ptr" },
  getprotobynumber: { args: ["i32"], returns: "ptr" },
  gethostname: { args: ["ptr", "i32"], returns: "i32" },
};

/** What POSIX systems have beyond that. */
export const posixResolverSymbols: Readonly<Record<string, SymbolSignature>> = {
  ...resolverSymbols,
  sethostname: { args: ["ptr", "i32"], returns: "i32" },
  if_nameindex: { args: [], returns: "ptr" },
  if_freenameindex: { args: ["ptr"], returns: "void" },
};

/** The forms that write into the caller's memory, so that two threads do not meet in one: glibc, musl, FreeBSD. */
export const reentrantResolverSymbols: Readonly<Record<string, SymbolSignature>> = {
  gethostbyname2_r: { args: ["ptr", "i32", "ptr", "ptr", "u64", "ptr", "ptr"], returns: "i32" },
  gethostbyaddr_r: { args: ["ptr", "u32", "i32", "ptr", "ptr", "u64", "ptr", "ptr"], returns: "i32" },
  getservbyname_r: { args: ["ptr", "ptr", "ptr", "ptr", "u64", "ptr"], returns: "i32" },
  getservbyport_r: { args: ["i32", "ptr", "ptr", "ptr", "u64", "ptr"], returns: "i32" },
  getprotobyname_r: { args: ["ptr", "ptr", "ptr", "u64", "ptr"], returns: "i32" },
  getprotobynumber_r: { args: ["i32", "ptr", "ptr", "u64", "ptr"], returns: "i32" },
};
