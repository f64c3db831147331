// The calls of POSIX, as bun:ffi takes them. `buffer` with `buffer_length` reads address and length off one view at the
// moment of the call, so that they cannot disagree; results that may exceed an int are `i64_fast`, a plain number.

import type { SymbolSignature } from "./platform.ts";

/** What every POSIX system has. */
export const posixSymbols: Readonly<Record<string, SymbolSignature>> = {
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  socketpair: { args: ["i32", "i32", "i32", "buffer"], returns: "i32" },
  bind: { args: ["i32", "buffer", "buffer_length"], returns: "i32" },
  listen: { args: ["i32", "i32"], returns: "i32" },
  accept: { args: ["i32", "buffer", "buffer"], returns: "i32" },
  connect: { args: ["i32", "buffer", "buffer_length"], returns: "i32" },
  shutdown: { args: ["i32", "i32"], returns: "i32" },
  close: { args: ["i32"], returns: "i32" },
  getsockname: { args: ["i32", "buffer", "buffer"], returns: "i32" },
  getpeername: { args: ["i32", "buffer", "buffer"], returns: "i32" },
  getsockopt: { args: ["i32", "i32", "i32", "buffer", "buffer"], returns: "i32" },
  setsockopt: { args: ["i32", "i32", "i32", "buffer", "buffer_length"], returns: "i32" },
  recv: { args: ["i32", "buffer", "buffer_length", "i32"], returns: "i64_fast" },
  recvfrom: { args: ["i32", "buffer", "buffer_length", "i32", "buffer", "buffer"], returns: "i64_fast" },
  recvmsg: { args: ["i32", "buffer", "i32"], returns: "i64_fast" },
  send: { args: ["i32", "buffer", "buffer_length", "i32"], returns: "i64_fast" },
  sendto: { args: ["i32", "buffer", "buffer_length", "i32", "buffer", "buffer_length"], returns: "i64_fast" },
  sendmsg: { args: ["i32", "buffer", "i32"], returns: "i64_fast" },
  poll: { args: ["buffer", "u64", "i32"], returns: "i32" },
  fcntl: { args: ["i32", "i32", "i64_fast"], returns: "i32" },
  ioctl: { args: ["i32", "u64", "buffer"], returns: "i32" },
  pipe: { args: ["buffer"], returns: "i32" },
  read: { args: ["i32", "buffer", "buffer_length"], returns: "i64_fast" },
  write: { args: ["i32", "buffer", "buffer_length"], returns: "i64_fast" },
  sigaction: { args: ["i32", "ptr", "buffer"], returns: "i32" },
  signal: { args: ["i32", "i64_fast"], returns: "i64_fast" },
  if_nametoindex: { args: ["cstring"], returns: "u32" },
  if_indextoname: { args: ["u32", "buffer"], returns: "ptr" },
  geteuid: { args: [], returns: "u32" },
  getegid: { args: [], returns: "u32" },
};

/** What a POSIX system may lack. */
export const optionalPosixSymbols: Readonly<Record<string, SymbolSignature>> = {
  getifaddrs: { args: ["buffer"], returns: "i32" },
  freeifaddrs: { args: ["ptr"], returns: "void" },
  flock: { args: ["i32", "i32"], returns: "i32" },
  // the same calls on a struct at an address, for one of an array
  sendmsgAt: { symbol: "sendmsg", args: ["i32", "ptr", "i32"], returns: "i64_fast" },
  recvmsgAt: { symbol: "recvmsg", args: ["i32", "ptr", "i32"], returns: "i64_fast" },
  // from a view of any kind into memory of ours, without touching the view's `.buffer`
  memcpy: { args: ["ptr", "buffer", "u64"], returns: "ptr" },
};
