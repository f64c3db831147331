// Making handles: a new socket, a pair, an adopted descriptor.

import { getpeername, getsockname, getsockopt, pairOf, setsockopt, socket, socketpair } from "../../ffi/calls.ts";
import { close, ioctl, makeReady, setCloexec, setNonblocking, SOCK_READY } from "../../ffi/descriptors.ts";
import { familyOf, protocolOf } from "../../ffi/identity.ts";
import { nameBytes, nameLength } from "../../ffi/name.ts";
import { platform } from "../../ffi/platform/index.ts";
import { sockaddr } from "../../ffi/structs/sockaddr.ts";
import { reportedAddress } from "../address/sender.ts";
import { type Descriptor, descriptor, int32 } from "../arguments.ts";
import { failed } from "../errors.ts";
import { decodeInt, encodeInt } from "../../ffi/structs/int.ts";
import { Handle } from "./handle.ts";
import { noteGro } from "./segmentation.ts";

const { core } = platform;
const { AF_INET, AF_INET6, AF_UNSPEC, SOCK_STREAM, SOCK_DGRAM, SOL_SOCKET, SO_TYPE, SO_ACCEPTCONN } = core;
const ON = encodeInt(1);
const OFF = encodeInt(0);

/** family, type and protocol of socket(2), checked; the flags that may be in the type are always set anyway. */
export function checkKind(
  family: unknown,
  type: unknown,
  protocol: unknown,
): { family: number; type: number; protocol: number } {
  return {
    family: int32(family, "family"),
    type: int32(type, "type") & ~SOCK_READY,
    protocol: int32(protocol, "protocol"),
  };
}

/** `socket(2)`, non-blocking and close-on-exec from its first moment where the system can. */
export function makeSocket(family: number, type: number, protocol: number): Handle {
  const fd = makeReady(socket(family, type | SOCK_READY, protocol));
  if (fd < 0) throw failed(fd, { syscall: "socket" });
  const handle = new Handle(fd, family, type);
  applyDefaults(handle);
  // one API: an IPv6 socket speaks IPv4 everywhere, unless its user sets IPV6_V6ONLY; raw sockets never do
  if (platform.ipv6Only && family === AF_INET6 && (type === SOCK_STREAM || type === SOCK_DGRAM)) {
    setsockopt(fd, core.IPPROTO_IPV6, core.IPV6_V6ONLY, OFF);
  }
  return handle;
}

/** `socketpair(2)`. */
export function makePair(family: number, type: number, protocol: number): [Handle, Handle] {
  const result = socketpair(family, type | SOCK_READY, protocol);
  if (result < 0) throw failed(result, { syscall: "socketpair" });
  const [first, second] = pairOf();
  const ready = Math.min(makeReady(first), makeReady(second));
  if (ready < 0) {
    close(first);
    close(second);
    throw failed(ready, { syscall: "fcntl" });
  }
  return [connectedHandle(first, family, type), connectedHandle(second, family, type)];
}

function connectedHandle(fd: number, family: number, type: number): Handle {
  const handle = new Handle(fd, family, type);
  handle.connect(null);
  applyDefaults(handle);
  return handle;
}

/**
 * What every socket gets: no SIGPIPE where that is an option, TCP_NODELAY on TCP, and on Windows no reset of a UDP socket by what
 * one of those that it sent to has answered (SIO_UDP_CONNRESET). Refusals do not matter.
 */
export function applyDefaults({ fd, family, type }: Handle): void {
  if (core.SIO_UDP_CONNRESET !== undefined && type === SOCK_DGRAM) ioctl(fd, core.SIO_UDP_CONNRESET, OFF);
  if (core.SO_NOSIGPIPE !== undefined) setsockopt(fd, SOL_SOCKET, core.SO_NOSIGPIPE, ON);
  if (type === SOCK_STREAM && (family === AF_INET || family === AF_INET6)) {
    setsockopt(fd, core.IPPROTO_TCP, core.TCP_NODELAY, ON);
  }
}

const answer = new Uint8Array(new ArrayBuffer(4));

/** An int option of SOL_SOCKET, or a negative error number where the option may not be there. */
export function socketInt(fd: number, name: number | undefined): number | undefined {
  if (name === undefined) return undefined;
  return getsockopt(fd, SOL_SOCKET, name, answer) < 0 ? undefined : decodeInt(answer);
}

/** What the kernel knows of a descriptor. @throws SocketError when it is no socket (ENOTSOCK) or not open (EBADF) */
export function identify(value: Descriptor): {
  fd: number;
  family: number;
  type: number;
  protocol: number | undefined;
} {
  const fd = descriptor(value);
  const result = getsockopt(fd, SOL_SOCKET, SO_TYPE, answer);
  if (result < 0) throw failed(result, { syscall: "getsockopt", address: `fd ${fd}` });
  const type = decodeInt(answer);
  const family = familyOf(fd) ?? familyOfName(fd);
  return { fd, family, type, protocol: protocolOf(fd) };
}

function familyOfName(fd: number): number {
  if (getsockname(fd) < 0) return AF_UNSPEC;
  return sockaddr.family(nameBytes.slice(0, nameLength())) ?? AF_UNSPEC;
}

/** Adopts a descriptor. Nothing of it is changed before everything that may fail has been done. */
export function adopt(value: Descriptor): Handle {
  const { fd, family, type, protocol } = identify(value);
  const ready = Math.min(setCloexec(fd), setNonblocking(fd));
  if (ready < 0) throw failed(ready, { syscall: "fcntl", address: `fd ${fd}` });
  const handle = new Handle(fd, family, type, protocol);
  if (getpeername(fd) === 0) handle.connect(reportedAddress());
  handle.listening = socketInt(fd, SO_ACCEPTCONN) === 1;
  noteGro(handle);
  applyDefaults(handle);
  return handle;
}
