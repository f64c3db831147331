// Calls on descriptors in general: flags, ioctl, close, and the few that make one.

import type { View } from "./calls.ts";
import { errnoNumber } from "./errno.ts";
import { failure, optional, required } from "./library.ts";
import { expectName, nameBytes, nameLengthCell } from "./name.ts";
import { platform } from "./platform/index.ts";

const { core } = platform;
const cAccept = required("accept");
const cAccept4 = optional("accept4");
const cClose = required("close");
const cFcntl = required("fcntl");
const cIoctl = required("ioctl");
const cPipe = required("pipe");
const cWrite = required("write");
const cSigaction = required("sigaction");
const cSignal = required("signal");
const cEventfd = optional("eventfd");
const cDuplicate = optional("duplicate");
const cSetHandleInformation = optional("SetHandleInformation");

/** Flags with which socket(2), socketpair(2) and accept4(2) make a descriptor ready in one step; 0 where they cannot. */
export const SOCK_READY: number = (core.SOCK_NONBLOCK ?? 0) | (core.SOCK_CLOEXEC ?? 0);

/** `close(2)`. Never called again after EINTR: the descriptor is gone, and its number may be somebody else's by then. */
export function close(fd: number): number {
  return cClose(fd) === -1 ? failure() : 0;
}

/** `fcntl(2)` with an integer argument. */
export const fcntl: (fd: number, command: number, argument: number) => number =
  platform.variadicPadding === 0
    ? (fd, command, argument) => {
        const result = cFcntl(fd, command, argument);
        return result === -1 ? failure() : result;
      }
    : (fd, command, argument) => {
        const result = cFcntl(fd, command, 0, 0, 0, 0, 0, 0, argument);
        return result === -1 ? failure() : result;
      };

/** The arguments of ioctl(2): Winsock wants to know how long the memory is, Apple's arm64 wants what is variadic on the stack. */
const ioctlArguments: (fd: number, request: number, argument: View, size: number) => Parameters<typeof cIoctl> =
  platform.library.composed === "winsock"
    ? (fd, request, argument, size) => [fd, request, argument, size]
    : platform.variadicPadding === 0
      ? (fd, request, argument) => [fd, request, argument]
      : (fd, request, argument) => [fd, request, 0, 0, 0, 0, 0, 0, argument];

/** `ioctl(2)` on the memory of a view, of which the request is about `size` bytes. */
export function ioctl(fd: number, request: number, argument: View, size: number = 4): number {
  const result = cIoctl(...ioctlArguments(fd, request, argument, size));
  return result === -1 ? failure() : result;
}

const one = new Int32Array(new ArrayBuffer(4));

/** Makes a descriptor non-blocking: fcntl(2), or FIONBIO on Windows. */
export function setNonblocking(fd: number): number {
  if (core.F_SETFL === undefined) {
    one[0] = 1;
    return ioctl(fd, core.FIONBIO, one);
  }
  const flags = fcntl(fd, core.F_GETFL ?? 0, 0);
  const nonblock = core.O_NONBLOCK ?? 0;
  if (flags < 0 || (flags & nonblock) !== 0) return Math.min(flags, 0);
  return fcntl(fd, core.F_SETFL, flags | nonblock);
}

/** Sets FD_CLOEXEC, so that a program started later does not inherit the descriptor. */
export function setCloexec(fd: number): number {
  if (core.F_SETFD === undefined) return setNotInheritable(fd);
  return fcntl(fd, core.F_SETFD, core.FD_CLOEXEC ?? 1);
}

const HANDLE_FLAG_INHERIT = 1;

// Windows: what accept makes is inherited by every program that is started so that it inherits handles.
function setNotInheritable(fd: number): number {
  return cSetHandleInformation?.(fd, HANDLE_FLAG_INHERIT, 0) === 0 ? failure() : 0;
}

/** Makes a new descriptor non-blocking and close-on-exec where the call that made it could not, closing it on failure. */
export function makeReady(fd: number): number {
  if (fd < 0 || SOCK_READY !== 0) return fd;
  const result = Math.min(setCloexec(fd), setNonblocking(fd));
  if (result < 0) close(fd);
  return result < 0 ? result : fd;
}

/**
 * `accept4(2)`, or accept(2) and two fcntl(2) where there is none: the new descriptor, and then the peer's name. Families whose
 * sockets have no names (AF_ALG) must not be asked for one: the kernel would call the connection aborted.
 */
export function accept(fd: number, named: boolean): number {
  expectName();
  if (!named) nameLengthCell[0] = 0;
  const [name, length] = named ? [nameBytes, nameLengthCell] : [null, null];
  if (cAccept4 !== undefined) {
    const accepted = cAccept4(fd, name, length, SOCK_READY);
    return accepted === -1 ? failure() : accepted;
  }
  const accepted = cAccept(fd, name, length);
  if (accepted === -1) return failure();
  const result = Math.min(setCloexec(accepted), setNonblocking(accepted));
  if (result < 0) close(accepted);
  return result < 0 ? result : accepted;
}

/** A duplicate of the descriptor, close-on-exec from its first moment: F_DUPFD_CLOEXEC of fcntl(2), WSADuplicateSocketW. */
export function duplicate(fd: number): number {
  if (core.F_DUPFD_CLOEXEC === undefined) {
    const copy = cDuplicate?.(fd) ?? -1;
    return cDuplicate === undefined ? -errnoNumber("EOPNOTSUPP") : makeReady(copy === -1 ? failure() : copy);
  }
  return fcntl(fd, core.F_DUPFD_CLOEXEC, 0);
}

const pipeEnds = new Int32Array(new ArrayBuffer(8));

/** Two descriptors, or why there are none. */
export interface Ends {
  readonly result: number;
  readonly readEnd: number;
  readonly writeEnd: number;
}

function noEnds(result: number): Ends {
  return { result, readEnd: -1, writeEnd: -1 };
}

/** `pipe(2)`, non-blocking and close-on-exec. */
export function makePipe(): Ends {
  if (cPipe(pipeEnds) === -1) return noEnds(failure());
  const [readEnd, writeEnd] = [pipeEnds[0] as number, pipeEnds[1] as number];
  for (const fd of [readEnd, writeEnd]) {
    setCloexec(fd);
    setNonblocking(fd);
  }
  return { result: 0, readEnd, writeEnd };
}

/** A wake-up: one descriptor to poll and one to write to. eventfd(2), where both are the same, or a pipe(2). */
export function makeWake(): Ends {
  if (cEventfd === undefined) return makePipe();
  const fd = cEventfd(0, (core.EFD_CLOEXEC ?? 0) | (core.EFD_NONBLOCK ?? 0));
  return fd === -1 ? noEnds(failure()) : { result: 0, readEnd: fd, writeEnd: fd };
}

const wakeValue = new BigUint64Array(1).fill(1n);

/** Makes a wake-up readable, for good: eight bytes are what eventfd(2) wants, and a pipe takes them as well. */
export function wake(fd: number): number {
  const size = cWrite(fd, wakeValue, wakeValue);
  return size === -1 ? failure() : size;
}

const SIG_DFL = 0n;
const SIG_IGN = 1;
// struct sigaction begins with its handler on Linux, macOS and FreeBSD; glibc's, the longest, has 152 bytes
const action = new BigUint64Array(new ArrayBuffer(256));

/**
 * Sees to it that SIGPIPE cannot end the process: for sendfile(2) and splice(2), which have no MSG_NOSIGNAL. Bun ignores it
 * when it starts, but `process.off` of the last handler brings the default back (death), so it is looked at each time; a
 * handler that somebody has set is left alone. sigaction(2), signal(2).
 */
export function ignoreSigpipe(): void {
  if (core.SIGPIPE === undefined || cSigaction(core.SIGPIPE, null, action) === -1) return;
  if (action[0] === SIG_DFL) cSignal(core.SIGPIPE, SIG_IGN);
}

const LOCK_EX_NB = 2 | 4; // the same numbers on Linux, macOS and FreeBSD: <sys/file.h>

/** `flock(2)`: takes the exclusive lock of an open file, or says EAGAIN; closing the file gives it back. */
export function lock(fd: number): number {
  const cFlock = optional("flock");
  if (cFlock === undefined) return -errnoNumber("EOPNOTSUPP");
  return cFlock(fd, LOCK_EX_NB) === -1 ? failure() : 0;
}
