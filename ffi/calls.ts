// The socket calls, one function each: the call and errno in one step. A result is what the manual page says where that
// is not an error, and the negative error number where it is, as the kernel itself does it. Nothing here waits,
// retries, converts or decides.

import { failure, required } from "./library.ts";
import { expectName, nameBytes, nameLengthCell } from "./name.ts";
import { platform } from "./platform/index.ts";

/** Memory as a call takes it: any view. Address and length are read off it by the engine at the moment of the call. */
export type View = NodeJS.TypedArray | DataView;

const cSocket = required("socket");
const cSocketpair = required("socketpair");
const cBind = required("bind");
const cListen = required("listen");
const cConnect = required("connect");
const cShutdown = required("shutdown");
const cGetsockname = required("getsockname");
const cGetpeername = required("getpeername");
const cGetsockopt = required("getsockopt");
const cSetsockopt = required("setsockopt");
const cRecv = required("recv");
const cRecvfrom = required("recvfrom");
const cSend = required("send");
const cSendto = required("sendto");

/**
 * MSG_DONTWAIT, where there is one, is in every call that moves data: O_NONBLOCK is the open file's, and so not ours alone. Whoever
 * else has the file may take it away, and nothing on this floor may wait.
 */
export const DONTWAIT: number = platform.core.MSG_DONTWAIT ?? 0;

/** `socket(2)`. */
export function socket(family: number, type: number, protocol: number): number {
  const fd = cSocket(family, type, protocol);
  return fd === -1 ? failure() : fd;
}

const pair = new Int32Array(new ArrayBuffer(8)); // handles of Windows have 32 bits that count: winnt.h

/** `socketpair(2)`: 0, and then the two descriptors in `pair`. */
export function socketpair(family: number, type: number, protocol: number): number {
  return cSocketpair(family, type, protocol, pair) === -1 ? failure() : 0;
}

/** The descriptors that `socketpair` made. */
export function pairOf(): [number, number] {
  return [pair[0] as number, pair[1] as number];
}

/** `bind(2)` to the address in these bytes. */
export function bind(fd: number, address: View): number {
  return cBind(fd, address, address) === -1 ? failure() : 0;
}

/** `listen(2)`. */
export function listen(fd: number, backlog: number): number {
  return cListen(fd, backlog) === -1 ? failure() : 0;
}

/** `connect(2)` to the address in these bytes. */
export function connect(fd: number, address: View): number {
  return cConnect(fd, address, address) === -1 ? failure() : 0;
}

/** `shutdown(2)`. */
export function shutdown(fd: number, how: number): number {
  return cShutdown(fd, how) === -1 ? failure() : 0;
}

/** `getsockname(2)`: 0, and then the name (`name.ts`). */
export function getsockname(fd: number): number {
  expectName();
  return cGetsockname(fd, nameBytes, nameLengthCell) === -1 ? failure() : 0;
}

/** `getpeername(2)`: 0, and then the name (`name.ts`). */
export function getpeername(fd: number): number {
  expectName();
  return cGetpeername(fd, nameBytes, nameLengthCell) === -1 ? failure() : 0;
}

const optionLength = new Uint32Array(new ArrayBuffer(4));

/** `getsockopt(2)` into `value`: how many bytes the kernel wrote. */
export function getsockopt(fd: number, level: number, name: number, value: View): number {
  optionLength[0] = value.byteLength;
  return cGetsockopt(fd, level, name, value, optionLength) === -1 ? failure() : (optionLength[0] as number);
}

/** `setsockopt(2)` from `value`. */
export function setsockopt(fd: number, level: number, name: number, value: View): number {
  return cSetsockopt(fd, level, name, value, value) === -1 ? failure() : 0;
}

/** `recv(2)`: bytes received. */
export function recv(fd: number, buffer: View, flags: number): number {
  const size = cRecv(fd, buffer, buffer, flags | DONTWAIT);
  return size === -1 ? failure() : size;
}

/** `recvfrom(2)`: bytes received, and then the sender's name (`name.ts`). */
export function recvfrom(fd: number, buffer: View, flags: number): number {
  expectName();
  const size = cRecvfrom(fd, buffer, buffer, flags | DONTWAIT, nameBytes, nameLengthCell);
  return size === -1 ? failure() : size;
}

/** `send(2)`: bytes sent. */
export function send(fd: number, data: View, flags: number): number {
  const size = cSend(fd, data, data, flags | DONTWAIT);
  return size === -1 ? failure() : size;
}

/** `sendto(2)` to the address in these bytes: bytes sent. */
export function sendto(fd: number, data: View, flags: number, address: View): number {
  const size = cSendto(fd, data, data, flags | DONTWAIT, address, address);
  return size === -1 ? failure() : size;
}
