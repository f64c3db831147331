// Winsock's calls. A SOCKET is an unsigned 64-bit handle, passed as a plain number (`i64_fast`); lengths are ints.

import type { SymbolSignature } from "./platform.ts";

const SOCKET = "i64_fast";

/** What ws2_32 exports. */
export const winsockSymbols: Readonly<Record<string, SymbolSignature>> = {
  WSAStartup: { args: ["u16", "buffer"], returns: "i32" },
  socket: { args: ["i32", "i32", "i32"], returns: SOCKET },
  bind: { args: [SOCKET, "buffer", "buffer_length"], returns: "i32" },
  listen: { args: [SOCKET, "i32"], returns: "i32" },
  accept: { args: [SOCKET, "buffer", "buffer"], returns: SOCKET },
  connect: { args: [SOCKET, "buffer", "buffer_length"], returns: "i32" },
  shutdown: { args: [SOCKET, "i32"], returns: "i32" },
  close: { symbol: "closesocket", args: [SOCKET], returns: "i32" },
  getsockname: { args: [SOCKET, "buffer", "buffer"], returns: "i32" },
  getpeername: { args: [SOCKET, "buffer", "buffer"], returns: "i32" },
  getsockopt: { args: [SOCKET, "i32", "i32", "buffer", "buffer"], returns: "i32" },
  setsockopt: { args: [SOCKET, "i32", "i32", "buffer", "buffer_length"], returns: "i32" },
  recv: { args: [SOCKET, "buffer", "buffer_length", "i32"], returns: "i32" },
  recvfrom: { args: [SOCKET, "buffer", "buffer_length", "i32", "buffer", "buffer"], returns: "i32" },
  send: { args: [SOCKET, "buffer", "buffer_length", "i32"], returns: "i32" },
  sendto: { args: [SOCKET, "buffer", "buffer_length", "i32", "buffer", "buffer_length"], returns: "i32" },
  poll: { symbol: "WSAPoll", args: ["buffer", "u32", "i32"], returns: "i32" },
  ioctl: { symbol: "ioctlsocket", args: [SOCKET, "u32", "buffer"], returns: "i32" },
};
