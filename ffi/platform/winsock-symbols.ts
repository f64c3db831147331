// Winsock's calls. A SOCKET is an unsigned 64-bit handle, passed as a plain number (`i64_fast`); lengths are ints.

import type { SymbolSignature } from "./platform.ts";

const SOCKET = "i64_fast";
const SYSTEM = `${process.env["SystemRoot"] ?? "C:\\Windows"}\\System32`;

/** Where a library of Windows is: by its whole path, so that none of that name beside the program is loaded. */
export function systemLibrary(name: string): string {
  return `${SYSTEM}\\${name}.dll`;
}

/** What ws2_32 exports under the names of POSIX, or does as they do. */
export const winsockSymbols: Readonly<Record<string, SymbolSignature>> = {
  WSAStartup: { args: ["u16", "buffer"], returns: "i32" },
  WSASetLastError: { args: ["i32"], returns: "void" },
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
  ioctlsocket: { args: [SOCKET, "u32", "buffer"], returns: "i32" },
  // family, type, protocol, protocol information, group, flags
  WSASocketW: { args: ["i32", "i32", "i32", "ptr", "u32", "u32"], returns: SOCKET },
  // SOCKET, buffers, how many, sent, flags, name, its length, overlapped, completion routine
  WSASendTo: { args: [SOCKET, "ptr", "u32", "buffer", "u32", "ptr", "i32", "ptr", "ptr"], returns: "i32" },
  // SOCKET, buffers, how many, received, flags, name, its length, overlapped, completion routine
  WSARecvFrom: { args: [SOCKET, "ptr", "u32", "buffer", "buffer", "ptr", "ptr", "ptr", "ptr"], returns: "i32" },
  // SOCKET, control code, input, its size, output, its size, bytes returned, overlapped, completion routine
  WSAIoctl: { args: [SOCKET, "u32", "ptr", "u32", "ptr", "u32", "buffer", "ptr", "ptr"], returns: "i32" },
};

/** What may be missing, and what other libraries export. */
export const optionalWinsockSymbols: Readonly<Record<string, SymbolSignature>> = {
  WSADuplicateSocketW: { args: [SOCKET, "u32", "buffer"], returns: "i32" },
  SetHandleInformation: { library: systemLibrary("kernel32"), args: [SOCKET, "u32", "u32"], returns: "i32" },
  memcpy: {
    library: systemLibrary("kernel32"),
    symbol: "RtlMoveMemory",
    args: ["ptr", "buffer", "u64"],
    returns: "void",
  },
  if_nametoindex: { library: systemLibrary("iphlpapi"), args: ["cstring"], returns: "u32" },
  if_indextoname: { library: systemLibrary("iphlpapi"), args: ["u32", "buffer"], returns: "ptr" },
  GetAdaptersAddresses: {
    library: systemLibrary("iphlpapi"),
    args: ["u32", "u32", "ptr", "buffer", "buffer"],
    returns: "u32",
  },
};
