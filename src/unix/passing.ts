// Passing descriptors and credentials over a unix socket, in the form that GUnixConnection and Python have: unix(7).

import { errnoNumber } from "../../ffi/errno.ts";
import { platform } from "../../ffi/platform/index.ts";
import { credentials } from "../../ffi/structs/credentials.ts";
import { type Data, type Descriptor, descriptor, integer, show } from "../arguments.ts";
import { failed, notSupported, SocketError } from "../errors.ts";
import { CMSG_LEN, CMSG_SPACE, type ControlMessage } from "../message/control.ts";
import { Credentials } from "../message/credentials.ts";
import type { ReceivedMessage } from "../message/received.ts";
import { Rights } from "../message/rights.ts";
import type { IncomingMessage, OutgoingMessage } from "../socket/message.ts";
import type { OperationOptions } from "../socket/operation.ts";
import { Socket } from "../socket/socket.ts";
import { OneDescriptor } from "./one-descriptor.ts";

const { AF_UNIX, SOCK_SEQPACKET, SOCK_STREAM, SOL_SOCKET } = platform.core;

/** As many descriptors as one message takes on Linux: SCM_MAX_FD. */
const MAXIMUM = 253;
/** Room for all that may come with one byte: descriptors, and credentials that somebody has asked for. Internal. */
export const ROOM: number = CMSG_SPACE(MAXIMUM * 4) + 256;

let one: OneDescriptor | undefined;

// Made when it is first used, because SCM_RIGHTS is in the big table of constants.
function oneDescriptor(): OneDescriptor | undefined {
  const { SCM_RIGHTS } = one === undefined ? platform.constants : {};
  if (SCM_RIGHTS !== undefined) one = new OneDescriptor(SCM_RIGHTS, ROOM);
  return one;
}

/** Refuses what is no unix socket. Internal. */
export function unix(socket: Socket, syscall: string): Socket {
  if (!(socket instanceof Socket)) throw new TypeError(`socket must be a Socket, not ${show(socket)}`);
  if (!socket.closed && socket.family !== AF_UNIX)
    throw notSupported(syscall, "only unix sockets pass descriptors and credentials");
  return socket;
}

function unexpected(syscall: string, what: string): SocketError {
  return new SocketError(`${syscall}: ${what}; whatever came with it was closed`, {
    code: "EBADMSG",
    syscall,
    kind: "invalid-data",
  });
}

// The kernel passes on what this process has room for and says MSG_CTRUNC, as if the buffer had been too short.
function noRoom(syscall: string): SocketError {
  return failed(-errnoNumber("EMFILE"), {
    syscall,
    advice:
      "the descriptors that came are lost, and those that fitted were closed; close what is done, or raise ulimit -n",
  });
}

function ended(syscall: string, what: string): SocketError {
  return new SocketError(`${syscall}: the peer closed the stream before it sent ${what}`, {
    code: "ERR_STREAM_END",
    syscall,
    kind: "connection-closed",
  });
}

// One byte, because control messages need something to ride on.
function sendByte(socket: Socket, control: ControlMessage[] | undefined, options: OperationOptions | undefined): void {
  socket.sendMessage({ buffers: [], control }, options);
}

function receiveByte(
  socket: Socket,
  syscall: string,
  what: string,
  options: OperationOptions | undefined,
): ReceivedMessage {
  return notEnded(socket, socket.receiveMessage({ buffers: [], controlSize: ROOM }, options), syscall, what);
}

/** Throws at the end of a stream. Internal. */
export function notEnded(socket: Socket, message: ReceivedMessage, syscall: string, what: string): ReceivedMessage {
  // an empty packet that brings nothing looks like the end of a seqpacket socket; that of a stream may come with credentials
  const nothing = (): boolean => message.control[Symbol.iterator]().next().done === true;
  if (message.size === 0 && (socket.type === SOCK_STREAM || (socket.type === SOCK_SEQPACKET && nothing()))) {
    throw ended(syscall, what);
  }
  return message;
}

/** The only control message of a message; none is undefined. */
function onlyOne(message: ReceivedMessage, syscall: string): ControlMessage | undefined {
  if (message.controlTruncated) throw noRoom(syscall); // ROOM is enough for all that may come
  const control = [...message.control];
  if (control.length > 1) throw unexpected(syscall, `one control message was expected, and ${control.length} came`);
  return control[0];
}

/**
 * Sends a descriptor: SCM_RIGHTS with one NUL byte, as GUnixConnection's `send_fd` does. The descriptor stays the caller's.
 *
 * @throws TypeError, RangeError
 * @throws SocketError kind "not-supported" (no unix socket), "connection-closed", "would-block", "timed-out", "cancelled"
 *
 * @example
 * sendFd(socket, openSync("log.txt", "a"));
 */
export function sendFd(socket: Socket, fd: Descriptor, options?: OperationOptions): void {
  const own = unix(socket, "sendFd").fd;
  const quick = options === undefined && own !== -1 ? oneDescriptor() : undefined;
  if (quick?.send(own, descriptor(fd, "descriptors[0]")) !== true) sendByte(socket, [new Rights([fd])], options);
}

/**
 * Receives a descriptor that was sent with `sendFd` or GUnixConnection: reads one byte, and what comes with it must be one
 * descriptor. It is close-on-exec, and the caller's to close.
 *
 * @throws SocketError kind "connection-closed" at the end of the stream, "invalid-data" when something else came (every
 * descriptor in it is closed), "too-many-open-files", "would-block", "timed-out", "cancelled"
 */
export function receiveFd(socket: Socket, options?: OperationOptions): number {
  const own = unix(socket, "receiveFd").fd;
  const quick = options === undefined && own !== -1 ? oneDescriptor()?.receive(own) : undefined;
  if (typeof quick === "number") return quick;
  using message =
    quick === undefined
      ? receiveByte(socket, "receiveFd", "a descriptor", options)
      : notEnded(socket, quick, "receiveFd", "a descriptor");
  return descriptorIn(message);
}

/** The one descriptor that a message must have brought. Internal. */
export function descriptorIn(message: ReceivedMessage): number {
  const control = onlyOne(message, "receiveFd");
  if (control === undefined) throw unexpected("receiveFd", "a byte came without a descriptor");
  if (!(control instanceof Rights))
    throw unexpected("receiveFd", `a descriptor was expected, and ${control.kind} came`);
  if (control.length !== 1) throw unexpected("receiveFd", `one descriptor was expected, and ${control.length} came`);
  return control.take()[0] as number;
}

/**
 * Sends 1 to 253 descriptors with data (one NUL byte without), as Python's `socket.send_fds` does. Returns the bytes sent: on a
 * stream perhaps not all, but the descriptors went with the first of them.
 *
 * @throws as `sendFd`
 */
export function sendFds(
  socket: Socket,
  fds: readonly Descriptor[],
  data?: Data | string,
  options?: OperationOptions,
): number {
  return unix(socket, "sendFds").sendMessage(messageOf(fds, data), options);
}

/** The message of descriptors with data. Internal. */
export function messageOf(fds: readonly Descriptor[], data: Data | string | undefined): OutgoingMessage {
  const buffers = data === undefined ? [] : [typeof data === "string" ? new TextEncoder().encode(data) : data];
  return { buffers, control: [new Rights(fds)] };
}

/** What `receiveFds` returns. */
export interface ReceivedFds {
  /** Bytes received; 0 is the end of a stream. */
  readonly size: number;
  /** The descriptors, close-on-exec, the caller's to close; none when none came. */
  readonly fds: number[];
}

/**
 * Receives data and at most `max` descriptors (1 to 253), as Python's `socket.recv_fds` does. Without a buffer one byte is
 * received and thrown away.
 *
 * @throws SocketError kind "invalid-data" when more descriptors came than asked for, "too-many-open-files" when this process
 * has no room for them: all are closed then
 */
export function receiveFds(socket: Socket, max: number, buffer?: Data, options?: OperationOptions): ReceivedFds {
  const request = requestOf(max, buffer);
  return fdsIn(unix(socket, "receiveFds").receiveMessage(request, options), max);
}

/** What is received of at most so many descriptors with data. Internal. */
export function requestOf(max: number, buffer: Data | undefined): IncomingMessage {
  integer(max, "max", 1, MAXIMUM);
  // CMSG_LEN and not CMSG_SPACE: the padding would let one more in when max is odd
  return { buffers: buffer === undefined ? [] : [buffer], controlSize: CMSG_LEN(max * 4) };
}

/** The descriptors that a message has brought. Internal. */
export function fdsIn(message: ReceivedMessage, max: number): ReceivedFds {
  using owned = message;
  if (message.controlTruncated) {
    const fitted = [...message.control].every((control) => control instanceof Rights && control.length < max);
    throw fitted ? noRoom("receiveFds") : unexpected("receiveFds", `more ancillary data came than ${max} descriptors`);
  }
  return { size: owned.size, fds: message.control.get(Rights)?.take() ?? [] };
}

/**
 * Sends the credentials of this process: SCM_CREDENTIALS with one NUL byte, as GUnixConnection's `send_credentials` does; the byte
 * alone where the system has no such message (macOS: the peer asks the kernel).
 *
 * @throws as `sendFd`
 */
export function sendCredentials(socket: Socket, options?: OperationOptions): void {
  sendByte(unix(socket, "sendCredentials"), ownCredentials(), options);
}

/** What is sent of this process; undefined where the system has no such message. Internal. */
export function ownCredentials(): ControlMessage[] | undefined {
  return credentials === undefined ? undefined : [Credentials.current()];
}

/**
 * Receives the credentials of the sender: reads one byte with SO_PASSCRED on, which is put back as it was. Where none came, or the
 * kernel did not know them, they are those of the peer at connect.
 *
 * @throws SocketError kind "connection-closed" at the end of the stream, "invalid-data" when something else came, "not-supported"
 * when the kernel knows neither
 */
export function receiveCredentials(socket: Socket, options?: OperationOptions): Credentials {
  unix(socket, "receiveCredentials");
  const { SO_PASSCRED } = platform.constants;
  if (SO_PASSCRED === undefined) return readCredentials(socket, options);
  const wasOn = socket.getOption(SOL_SOCKET, SO_PASSCRED) !== 0;
  if (!wasOn) socket.setOption(SOL_SOCKET, SO_PASSCRED, true);
  try {
    return readCredentials(socket, options);
  } finally {
    if (!wasOn && !socket.closed) socket.setOption(SOL_SOCKET, SO_PASSCRED, false);
  }
}

function readCredentials(socket: Socket, options: OperationOptions | undefined): Credentials {
  return credentialsIn(socket, receiveByte(socket, "receiveCredentials", "credentials", options));
}

/** The credentials that a message has brought, or those of the peer at connect. Internal. */
export function credentialsIn(socket: Socket, message: ReceivedMessage): Credentials {
  using owned = message;
  const control = onlyOne(owned, "receiveCredentials");
  if (control instanceof Credentials) return control;
  // of a byte that was sent before SO_PASSCRED was on the kernel may not know the sender: pid 0, uid and gid -1
  const unknown = control?.level === SOL_SOCKET && control.type === platform.core.SCM_CREDENTIALS;
  if (control === undefined || unknown) return socket.credentials;
  throw unexpected("receiveCredentials", `credentials were expected, and ${control.kind} came`);
}
