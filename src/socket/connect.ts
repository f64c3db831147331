// Connections: accept(2), connect(2) and how it ended, shutdown(2), bind(2), listen(2).

import * as calls from "../../ffi/calls.ts";
import { accept as acceptCall, close as closeCall, duplicate as duplicateCall } from "../../ffi/descriptors.ts";
import { EAGAIN, EINPROGRESS, EINTR, errnoName, errnoNumber } from "../../ffi/errno.ts";
import { platform } from "../../ffi/platform/index.ts";
import { sockaddr } from "../../ffi/structs/sockaddr.ts";
import { type SocketAddress, type SocketAddressLike, toSocketAddress } from "../address/index.ts";
import { reportedAddress } from "../address/sender.ts";
import { boolean, integer, show } from "../arguments.ts";
import { failed, notSupported } from "../errors.ts";
import { encodeInt } from "../../ffi/structs/int.ts";
import { waitFor } from "../wait/wait.ts";
import { adviceInUse } from "./failure.ts";
import { closedInTime } from "./finalizer.ts";
import { Handle, open } from "./handle.ts";
import { applyDefaults, socketInt } from "./make.ts";
import { attemptNow, complete, gate, Operation, type OperationOptions, WOULD_BLOCK } from "./operation.ts";
import { targetBytes } from "./send.ts";
import { keepZeroCopy } from "./zero-copy.ts";

const { core } = platform;
const {
  AF_UNIX,
  AF_UNSPEC,
  SOCK_STREAM,
  SOL_SOCKET,
  POLLIN,
  POLLOUT,
  SO_ACCEPTCONN,
  SO_ERROR,
  SO_REUSEADDR,
  SO_REUSEPORT,
} = core;
const EADDRINUSE = errnoNumber("EADDRINUSE");
const ECONNABORTED = errnoNumber("ECONNABORTED");
const ECONNRESET = errnoNumber("ECONNRESET");
const EISCONN = errnoNumber("EISCONN");
const ENOTCONN = errnoNumber("ENOTCONN");
// SD_RECEIVE, SD_SEND and SD_BOTH on Windows have the same numbers
const { SHUT_RD, SHUT_WR, SHUT_RDWR } = core;

/** What `bind` takes. */
export interface BindOptions {
  /**
   * SO_REUSEADDR: true or false sets it, absent leaves it as it is. On Windows false is SO_EXCLUSIVEADDRUSE, and true, for streams,
   * is no SO_REUSEADDR, which there would take the address from somebody who listens on it.
   */
  readonly allowReuse?: boolean | undefined;
  /** SO_REUSEPORT: true or false sets it, absent leaves it as it is. */
  readonly reusePort?: boolean | undefined;
}

/** `bind(2)`. */
export function bind(handle: Handle, to: SocketAddressLike, options: BindOptions | undefined): void {
  open(handle, "bind");
  const address = toSocketAddress(to);
  if (options !== undefined && (typeof options !== "object" || options === null)) {
    throw new TypeError(`options must be an object, not ${show(options)}`);
  }
  const { allowReuse, reusePort } = options ?? {};
  const reuse = allowReuse === undefined ? undefined : boolean(allowReuse, "allowReuse");
  const share = reusePort === undefined ? undefined : boolean(reusePort, "reusePort");
  const target = targetBytes(handle, address);
  const fd = open(handle, "bind");
  if (reuse !== undefined) setReuse(handle, fd, reuse);
  if (share !== undefined) setFlag(fd, "SO_REUSEPORT", SO_REUSEPORT, share);
  const result = calls.bind(fd, target);
  if (result < 0) throw bindFailed(handle, result, address);
}

function bindFailed(handle: Handle, result: number, address: SocketAddress): Error {
  const advice = result === -EADDRINUSE ? adviceInUse(handle) : undefined;
  return failed(result, { syscall: "bind", address, advice });
}

// Windows gives a stream an address of old connections in any case, and with SO_REUSEADDR one that somebody else listens on:
// what POSIX means there is that this one cannot be stolen. GSocket never sets it for streams either (facts A3).
function setReuse(handle: Handle, fd: number, reuse: boolean): void {
  const stealing = platform.reuse === "stolen";
  if (stealing) setFlag(fd, "SO_EXCLUSIVEADDRUSE", core.SO_EXCLUSIVEADDRUSE, !reuse);
  if (!stealing || (reuse && handle.type !== SOCK_STREAM)) setFlag(fd, "SO_REUSEADDR", SO_REUSEADDR, reuse);
}

function setFlag(fd: number, name: string, number: number | undefined, value: boolean): void {
  if (number === undefined) throw notSupported("bind", `${platform.name} has no ${name}`);
  const result = calls.setsockopt(fd, SOL_SOCKET, number, encodeInt(value ? 1 : 0));
  if (result < 0) throw failed(result, { syscall: "setsockopt", address: name });
}

/** `listen(2)`. */
export function listen(handle: Handle, backlog: unknown): void {
  const fd = open(handle, "listen");
  const result = calls.listen(fd, integer(backlog, "backlog", 0, 0x7fff_ffff));
  if (result < 0) throw failed(result, { syscall: "listen" });
  handle.listening = true;
}

// A connection that its client gave up while it was queued is no news to the caller: accept(2) says to try again. Winsock has
// another name for it.
function acceptOnce({ fd, family }: Handle): number {
  const named = family !== core.AF_ALG; // its sockets have no names: crypto/af_alg.c
  let result = acceptCall(fd, named);
  const gaveUp = (): boolean => result === -ECONNABORTED || result === -ECONNRESET;
  for (let tries = 0; tries < 1000 && gaveUp(); tries++) result = acceptCall(fd, named);
  return result;
}

function accepted(listener: Handle, fd: number): Handle {
  // the protocol is asked when somebody wants it: an MPTCP listener accepts plain TCP too
  const handle = new Handle(fd, listener.family, listener.type);
  handle.connect(reportedAddress());
  applyDefaults(handle);
  return handle;
}

/** `accept(2)` that waits. */
export function accept(handle: Handle, options: OperationOptions | undefined): Handle {
  const terms = gate(handle, "accept", options);
  const attempt = (): number => acceptOnce(handle);
  const fd = attempt();
  return accepted(handle, fd >= 0 ? fd : complete(fd, handle, "accept", POLLIN, terms, attempt));
}

/** `accept(2)` that never waits. */
export function tryAccept(handle: Handle): Handle | null {
  open(handle, "accept");
  const attempt = (): number => acceptOnce(handle);
  const fd = attemptNow(attempt(), handle, "accept", attempt);
  return fd === WOULD_BLOCK ? null : accepted(handle, fd);
}

/** `connect(2)` that waits until the connect has ended. */
export function connect(handle: Handle, to: SocketAddressLike, options: OperationOptions | undefined): void {
  open(handle, "connect");
  const address = toSocketAddress(to);
  const terms = gate(handle, "connect", options);
  const target = targetBytes(handle, address);
  const operation = new Operation(handle, "connect", POLLOUT, terms, address);
  let result = calls.connect(handle.fd, target);
  // Linux says so once after a connect whose failure was read from SO_ERROR; the socket is free for another one then
  if (result === -ECONNABORTED) result = calls.connect(handle.fd, target);
  // poll(2) cannot wait for room in the backlog of a unix listener: connect(2) says EAGAIN, and nothing is under way
  for (let nap = 1; result === -EAGAIN && handle.family === AF_UNIX; nap = Math.min(nap * 2, 20)) {
    operation.pause(nap, result);
    result = calls.connect(handle.fd, target);
  }
  if (result === 0 || isLate(handle, result)) {
    concludeAtOnce(handle, address);
    return;
  }
  // EINTR: the connect goes on in the kernel, and a second call would say EALREADY. Winsock says would-block.
  if (result !== -EINPROGRESS && result !== -EINTR && result !== -EAGAIN) throw operation.error(result);
  handle.connecting = address;
  operation.wait(-EINPROGRESS);
  concludeConnect(handle);
}

// What Linux answers with 0, Winsock does with EISCONN: the earlier connect has ended, and nobody has asked for it.
function isLate(handle: Handle, result: number): boolean {
  return result === -EISCONN && handle.connecting !== null;
}

// Linux answers 0 once to a stream whose earlier connect has ended meanwhile, whatever address it is given now: that is the
// end of the earlier one, and no new connection.
function concludeAtOnce(handle: Handle, address: SocketAddress): void {
  const stream = handle.type === SOCK_STREAM;
  const isConnected = (): Error => failed(-errnoNumber("EISCONN"), { syscall: "connect", address });
  if (stream && (handle.connectedRead || handle.connectedWrite)) throw isConnected();
  const peer = (stream ? handle.connecting : null) ?? address;
  handle.connect(peer);
  if (!peer.equals(address)) throw isConnected();
}

/**
 * `connect(2)` in single tries, for the event loop: 0 when it has ended, would-block while it goes on. A unix listener whose
 * backlog is full says would-block too, and is asked again.
 */
export function connectTries(handle: Handle, address: SocketAddress): { attempt(): number; refusal(): Error } {
  const target = targetBytes(handle, address);
  let started = false;
  const attempt = (): number => {
    if (started) {
      if (waitFor(handle.fd, POLLOUT, 0, undefined) === 0) return -EAGAIN;
      concludeConnect(handle);
      return 0;
    }
    let result = calls.connect(handle.fd, target);
    if (result === -ECONNABORTED) result = calls.connect(handle.fd, target);
    if (result === 0 || isLate(handle, result)) {
      concludeAtOnce(handle, address);
      return 0;
    }
    if (result === -EINPROGRESS || result === -EINTR || (result === -EAGAIN && handle.family !== AF_UNIX)) {
      started = true;
      handle.connecting = address;
      return -EAGAIN;
    }
    return result;
  };
  return { attempt, refusal: () => failed(started ? -EINPROGRESS : -EAGAIN, { syscall: "connect", address }) };
}

/** `accept(2)` in single tries, for the event loop. */
export function acceptTries(handle: Handle): { attempt(): number; finish(fd: number): Handle } {
  return { attempt: () => acceptOnce(handle), finish: (fd) => accepted(handle, fd) };
}

/** How a connect that has ended went: SO_ERROR, and then whether there is a peer. */
function concludeConnect(handle: Handle): void {
  const address = handle.connecting ?? undefined;
  const error = socketInt(handle.fd, SO_ERROR) ?? 0;
  if (error !== 0) {
    handle.connecting = null;
    throw failed(-error, { syscall: "connect", address });
  }
  const result = calls.getpeername(handle.fd);
  if (result < 0) {
    handle.connecting = null;
    throw failed(result, { syscall: "connect", address });
  }
  // of one that was connected before, the peer and what was shut down since stay as they are
  const before = handle.peer !== null || handle.connectedRead || handle.connectedWrite;
  if (handle.connecting !== null || !before) handle.connect(handle.connecting);
}

/** The end of a connect that did not wait: kind "pending" until it has ended. */
export function checkConnectResult(handle: Handle): void {
  const fd = open(handle, "connect");
  // without room to send there is no POLLOUT either, but a peer there is
  if (waitFor(fd, POLLOUT, 0, undefined) === 0 && calls.getpeername(fd) < 0) {
    throw failed(-EINPROGRESS, { syscall: "connect", address: handle.connecting ?? undefined });
  }
  concludeConnect(handle);
}

/** `connect(2)` to AF_UNSPEC: a datagram socket has no peer any more, and takes from everybody again. */
export function disconnect(handle: Handle): void {
  const fd = open(handle, "connect");
  const nobody = new Uint8Array(new ArrayBuffer(sockaddr.inetSize));
  sockaddr.writeHeader(nobody, AF_UNSPEC);
  const result = calls.connect(fd, nobody);
  if (result < 0) throw failed(result, { syscall: "connect", address: "AF_UNSPEC" });
  handle.disconnect();
}

/** What `shutdown` takes. */
export interface ShutdownDirections {
  readonly read?: boolean | undefined;
  readonly write?: boolean | undefined;
}

/** `shutdown(2)`. */
export function shutdown(handle: Handle, directions: ShutdownDirections | undefined): void {
  open(handle, "shutdown");
  const checked = checkDirections(directions);
  open(handle, "shutdown"); // a getter of the user's may have closed it
  const result = shutdownCall(handle, checked);
  if (result < 0) throw failed(result, { syscall: "shutdown" });
  // of a unix socket that cannot be written to any more the kernel does not say that it is ready for that
  if (checked.write) handle.loop?.queue("write")?.retry();
}

type Directions = Readonly<Record<"read" | "write", boolean>>;

/** The call itself: 0, or a negative error number. */
export function shutdownCall(handle: Handle, { read, write }: Directions): number {
  const result = calls.shutdown(handle.fd, read ? (write ? SHUT_RDWR : SHUT_RD) : SHUT_WR);
  if (result < 0) return result;
  if (read) handle.connectedRead = false;
  if (write) {
    // a connect under way is only given up, and may be begun anew
    if (handle.connectedWrite) handle.learned.writingEnded = true;
    handle.connectedWrite = false;
  }
  // a TCP listener that is shut down for reading listens no more
  if (handle.listening) handle.listening = socketInt(handle.fd, SO_ACCEPTCONN) === 1;
  return result;
}

function checkDirections(directions: ShutdownDirections | undefined): Directions {
  if (directions === undefined) return { read: true, write: true };
  if (typeof directions !== "object" || directions === null) {
    throw new TypeError(`directions must be { read, write }, not ${show(directions)}`);
  }
  const read = directions.read !== undefined && boolean(directions.read, "read");
  const write = directions.write !== undefined && boolean(directions.write, "write");
  if (!read && !write)
    throw new TypeError("shutdown needs { read: true }, { write: true } or both; nothing means both");
  return { read, write };
}

// what closing says of a descriptor that is not open; Windows, whose closesocket closes nothing else: that it is no socket
const CLOSED_BEFORE: readonly (string | undefined)[] = ["EBADF", "ENOTSOCK"];

/** `close(2)`, once: the descriptor is gone whatever it answers, so EINTR is not tried again. */
export function close(handle: Handle): void {
  const fd = handle.fd;
  if (fd === -1) return;
  end(handle);
  const result = closeCall(fd);
  handle.onClose?.(); // whatever it throws, the descriptor is closed
  if (result < 0 && CLOSED_BEFORE.includes(errnoName(-result))) {
    throw failed(result, {
      syscall: "close",
      address: `fd ${fd}`,
      advice: "somebody else has closed it behind our back",
    });
  }
}

/** Gives the descriptor away. */
export function detach(handle: Handle): number {
  const fd = open(handle, "detach");
  end(handle);
  return fd;
}

function end(handle: Handle): void {
  const { loop } = handle;
  handle.loop = undefined;
  const tell = loop?.detach(); // before the descriptor is closed: epoll(7) would go on with a duplicate of it
  handle.fd = -1;
  handle.listening = false;
  handle.disconnect();
  closedInTime(handle);
  keepZeroCopy(handle);
  tell?.();
}

/** A handle on a duplicate of the descriptor, in the same state. */
export function duplicate(handle: Handle): Handle {
  const fd = duplicateCall(open(handle, "fcntl"));
  if (fd < 0) throw failed(fd, { syscall: "fcntl" });
  const copy = new Handle(fd, handle.family, handle.type, handle.protocol);
  const { blocking, timeout, listenBacklog, listening, connectedRead, connectedWrite, peer, connecting } = handle;
  const { learned } = handle; // shared: to the kernel it is the same socket
  return Object.assign(copy, {
    blocking,
    timeout,
    listenBacklog,
    listening,
    connectedRead,
    connectedWrite,
    peer,
    connecting,
    learned,
  });
}

/** The address that the socket is bound to: `getsockname(2)`. */
export function localAddress(handle: {
  readonly fd: number;
  readonly bound?: SocketAddress | undefined;
}): SocketAddress {
  const fd = open(handle, "getsockname");
  if (handle.bound !== undefined) return handle.bound;
  const result = calls.getsockname(fd);
  if (result < 0) throw failed(result, { syscall: "getsockname" });
  const address = reportedAddress();
  if (address === null) throw notSupported("getsockname", "sockets of this family have no local address");
  return address;
}

/** The peer: what accept(2) told, or `getpeername(2)`; null when not connected. */
export function remoteAddress(handle: {
  readonly fd: number;
  readonly peer: SocketAddress | null;
  readonly connectedRead: boolean;
  readonly connectedWrite: boolean;
}): SocketAddress | null {
  const result = calls.getpeername(open(handle, "getpeername"));
  if (result === 0) return reportedAddress() ?? handle.peer;
  // a connection that was reset has no peer for the kernel any more, but had one for us
  if (result === -ENOTCONN || result === -errnoNumber("EINVAL")) {
    return handle.connectedRead || handle.connectedWrite ? handle.peer : null;
  }
  if (result === -errnoNumber("EOPNOTSUPP")) return null; // families without peers: AF_PACKET
  throw failed(result, { syscall: "getpeername" });
}
