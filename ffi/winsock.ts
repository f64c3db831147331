// The calls of POSIX made of Winsock's: what Winsock lacks, and what it does otherwise. Like all calls of this floor they
// return -1 and leave the reason as the last error.

import { type Pointer, ptr, toArrayBuffer } from "bun:ffi";
import type { NativeFunction } from "./library.ts";
import { getUint, setUint } from "./layout.ts";
import { byteLengthOf } from "./memory.ts";
import { platform } from "./platform/index.ts";
import { SIOCATMARK } from "./platform/constants/windows-calls.ts";
import * as windows from "./platform/constants/windows-core.ts";
import { MessageCalls } from "./winsock-message.ts";

type View = NodeJS.TypedArray | DataView;

const { AF_INET, AF_INET6, SOCK_STREAM, SOCK_DGRAM, SOL_SOCKET, SO_TYPE, MSG_WAITALL, FIONBIO, FIONREAD } = windows;
const { WSAEINVAL, WSAEMSGSIZE, WSAEAFNOSUPPORT, WSAESHUTDOWN, WSAEOPNOTSUPP, WSAECONNABORTED, ERROR_DEV_NOT_EXIST } =
  windows;
const { SO_PROTOCOL_INFOW, WSA_FLAG_OVERLAPPED, WSA_FLAG_NO_HANDLE_INHERIT } = windows;
const FOR_IOCTLSOCKET: readonly number[] = [FIONBIO, FIONREAD, SIOCATMARK];

/** The flags that no call of Winsock takes on a non-blocking socket: it answers WSAEOPNOTSUPP to MSG_WAITALL. */
export function flagsFor(flags: number): number {
  return flags & ~MSG_WAITALL;
}

/** The last error, to look at and to put back: closing a socket meanwhile must not hide it. */
export interface LastError {
  get(): number;
  set(error: number): void;
}

// WSAPROTOCOL_INFOW: ABI table of this OS
const protocolInfo = platform.structs["WSAPROTOCOL_INFOW"];
const infoBytes = new Uint8Array(new ArrayBuffer(protocolInfo?.size ?? 0));
const infoView = new DataView(infoBytes.buffer);
const infoLength = new Uint32Array(new ArrayBuffer(4));
const cell = new Uint32Array(new ArrayBuffer(4));

/** The calls, by the names under which this floor asks for them. */
export function winsockCalls(
  exported: (name: string) => NativeFunction | undefined,
  lastError: LastError,
): Readonly<Record<string, NativeFunction>> {
  const call = (name: string): NativeFunction => exported(name) as NativeFunction;
  const cSocket = call("WSASocketW");
  const cRecv = call("recv");
  const cRecvfrom = call("recvfrom");
  const cGetsockname = call("getsockname");
  const cGetsockopt = call("getsockopt");
  const cIoctlsocket = call("ioctlsocket");
  const cIoctl = call("WSAIoctl");
  const cConnect = call("connect");
  const cClose = call("close");
  const cBind = call("bind");
  const cSend = call("send");

  function fail(error: number): -1 {
    lastError.set(error);
    return -1;
  }

  function closing(error: number, ...sockets: number[]): -1 {
    for (const fd of sockets) cClose(fd);
    return fail(error);
  }

  function socket(family: number, type: number, protocol: number, info: Uint8Array | null = null): number {
    return cSocket(family, type, protocol, info, 0, WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
  }

  /** What a receive that failed means to POSIX: a datagram that was cut is there, and the end of one's own reading is the end. */
  function received(result: number, buffer: View): number {
    if (result !== -1) return result;
    const error = lastError.get();
    if (error === WSAEMSGSIZE) return byteLengthOf(buffer);
    return error === WSAESHUTDOWN ? 0 : -1;
  }

  // winsock tells nothing about a socket that is not bound; POSIX says the address of nobody
  function getsockname(fd: number, name: Uint8Array<ArrayBuffer>, length: Uint32Array): number {
    const result = cGetsockname(fd, name, length);
    if (result !== -1 || lastError.get() !== WSAEINVAL) return result;
    infoLength[0] = infoBytes.length;
    if (cGetsockopt(fd, SOL_SOCKET, SO_PROTOCOL_INFOW, infoBytes, infoLength) === -1) return -1;
    const family = getUint(infoView, 0, protocolInfo?.fields["iAddressFamily"] ?? [76, 4]);
    const { sockaddr, sockaddr_in, sockaddr_in6, sockaddr_un } = platform.structs;
    const size = family === AF_INET ? sockaddr_in.size : family === AF_INET6 ? sockaddr_in6.size : 2;
    name.fill(0, 0, sockaddr_un.size);
    setUint(new DataView(name.buffer, name.byteOffset), 0, sockaddr.fields.sa_family, family);
    length[0] = size;
    return 0;
  }

  function ioctl(fd: number, request: number, argument: View, size = 4): number {
    if (FOR_IOCTLSOCKET.includes(request)) return cIoctlsocket(fd, request, argument);
    return cIoctl(fd, request, argument, size, argument, size, cell, null, null);
  }

  const LOOPBACK: Readonly<Record<number, Uint8Array<ArrayBuffer>>> = {
    [AF_INET]: loopbackAddress(AF_INET),
    [AF_INET6]: loopbackAddress(AF_INET6),
  };
  const name = new Uint8Array(new ArrayBuffer(128));
  const length = new Uint32Array(new ArrayBuffer(4));

  /** Bound to a port of the loopback, whose whole address is in `name`. */
  function bound(family: number, type: number): number {
    const fd = socket(family, type, 0);
    if (fd === -1) return -1;
    length[0] = name.length;
    if (cBind(fd, LOOPBACK[family] as View, LOOPBACK[family] as View) !== -1 && cGetsockname(fd, name, length) !== -1) {
      return fd;
    }
    return closing(lastError.get(), fd);
  }

  const ownName = (): Uint8Array<ArrayBuffer> => name.slice(0, length[0] as number);

  // As Python's socketpair does on Windows: a connection through the loopback; and whoever else has come first is not taken.
  function socketpair(family: number, type: number, protocol: number, pair: Int32Array | Float64Array): number {
    if (family !== AF_INET && family !== AF_INET6) return fail(WSAEAFNOSUPPORT);
    if (type !== SOCK_STREAM || protocol !== 0) return fail(WSAEOPNOTSUPP);
    const listener = bound(family, type);
    if (listener === -1) return -1;
    const address = ownName();
    const client = socket(family, type, protocol);
    if (client === -1) return closing(lastError.get(), listener);
    if (call("listen")(listener, 1) === -1 || cConnect(client, address, address) === -1) {
      return closing(lastError.get(), listener, client);
    }
    length[0] = name.length;
    const server = call("accept")(listener, name, length);
    if (server === -1) return closing(lastError.get(), listener, client);
    const peer = ownName();
    length[0] = name.length;
    cGetsockname(client, name, length);
    if (!equal(peer, ownName())) return closing(WSAECONNABORTED, listener, client, server);
    cClose(listener);
    [pair[0], pair[1]] = [client, server];
    return 0;
  }

  // A wake-up: a datagram socket that is connected to itself, and so takes from nobody else.
  function eventfd(): number {
    const fd = bound(AF_INET, SOCK_DGRAM);
    if (fd === -1) return -1;
    const address = ownName();
    cell[0] = 1;
    if (cConnect(fd, address, address) === -1 || cIoctlsocket(fd, FIONBIO, cell) === -1) {
      return closing(lastError.get(), fd);
    }
    return fd;
  }

  /** WSADuplicateSocketW for a process, and the socket that is made of what it says. */
  function duplicate(fd: number): number {
    const copy = exported("WSADuplicateSocketW");
    if (copy === undefined) return fail(WSAEOPNOTSUPP);
    const info = new Uint8Array(new ArrayBuffer(infoBytes.length));
    return copy(fd, process.pid, info) === -1 ? -1 : socket(-1, -1, -1, info);
  }

  const messages = new MessageCalls(call, lastError, () => socket(AF_INET, SOCK_DGRAM, 0), isStream);

  function isStream(fd: number): boolean {
    infoLength[0] = 4;
    return cGetsockopt(fd, SOL_SOCKET, SO_TYPE, infoBytes, infoLength) !== -1 && infoBytes[0] === SOCK_STREAM;
  }

  // it leaves no error of its own: what a call before it has left would be told
  function nameToIndex(interfaceName: string): number {
    const index = exported("if_nametoindex")?.(interfaceName) ?? 0;
    if (index === 0) lastError.set(ERROR_DEV_NOT_EXIST);
    return index;
  }

  const composed = {
    if_nametoindex: nameToIndex as unknown as NativeFunction,
    socket,
    socketpair,
    eventfd,
    duplicate,
    fromShare: (info: Uint8Array) => socket(-1, -1, -1, info), // FROM_PROTOCOL_INFO
    getsockname,
    ioctl,
    recv: (fd: number, buffer: View, _size: View, flags: number) =>
      received(cRecv(fd, buffer, buffer, flagsFor(flags)), buffer),
    recvfrom(fd: number, buffer: View, _size: View, flags: number, from: Uint8Array, size: Uint32Array) {
      const room = size[0] as number;
      const result = received(cRecvfrom(fd, buffer, buffer, flagsFor(flags), from, size), buffer);
      if (size[0] === room) size[0] = 0; // of a stream it tells no sender, and leaves the length as it was
      return result;
    },
    write: (fd: number, bytes: View) => cSend(fd, bytes, bytes, 0),
    sendmsg: (fd: number, header: Uint8Array, flags: number) => messages.send(fd, ptr(header), flags),
    sendmsgAt: (fd: number, header: Pointer, flags: number) => messages.send(fd, header, flags),
    recvmsg: (fd: number, header: Uint8Array<ArrayBuffer>, flags: number) =>
      messages.receive(fd, ptr(header), new DataView(header.buffer, header.byteOffset), flags),
    recvmsgAt: (fd: number, header: Pointer, flags: number) =>
      messages.receive(fd, header, new DataView(toArrayBuffer(header, 0, platform.structs.msghdr.size)), flags),
  };
  return composed as unknown as Readonly<Record<string, NativeFunction>>;
}

function loopbackAddress(family: number): Uint8Array<ArrayBuffer> {
  const { sockaddr, sockaddr_in, sockaddr_in6 } = platform.structs;
  const inet = family === AF_INET;
  const bytes = new Uint8Array(new ArrayBuffer(inet ? sockaddr_in.size : sockaddr_in6.size));
  setUint(new DataView(bytes.buffer), 0, sockaddr.fields.sa_family, family);
  if (inet) bytes.set([127, 0, 0, 1], sockaddr_in.fields.sin_addr[0]);
  else bytes[sockaddr_in6.fields.sin6_addr[0] + 15] = 1;
  return bytes;
}

function equal(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
