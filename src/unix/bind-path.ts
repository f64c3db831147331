// Binding a unix socket to a path as every server should: not over a live one, not failing on a dead one, and with the right
// permissions from the first moment.

import { randomUUID } from "node:crypto";
import { chmodSync, closeSync, fchmodSync, lstatSync, openSync, renameSync, type Stats, unlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { lock } from "../../ffi/descriptors.ts";
import { EAGAIN, EINTR } from "../../ffi/errno.ts";
import { platform } from "../../ffi/platform/index.ts";
import { UnixSocketAddress } from "../address/index.ts";
import { integer, show } from "../arguments.ts";
import { SocketError } from "../errors.ts";
import { open } from "../socket/handle.ts";
import { handleOf } from "../socket/ref.ts";
import { Socket } from "../socket/socket.ts";
import { deadlineIn } from "../wait/deadline.ts";
import { waitFor } from "../wait/wait.ts";

const { AF_UNIX, SOCK_DGRAM } = platform.core;

/** As long as a path may be everywhere: sun_path of macOS and FreeBSD, less its NUL. */
const LONGEST = 103;
/** Milliseconds to wait for the lock of the folder, which others like us hold for a moment. */
const LOCK_PATIENCE = 500;

/** What `bindPath` takes. */
export interface BindPathOptions {
  /** The permissions of the path, as chmod(2) has them: 0o600, for example. Default: what umask(2) leaves. */
  readonly mode?: number | undefined;
}

function inUse(path: string, why: string): SocketError {
  return new SocketError(`bind ${path}: ${why}`, {
    code: "EADDRINUSE",
    syscall: "bind",
    kind: "address-in-use",
    address: path,
  });
}

// What cannot be looked at cannot be bound either, and bind(2) says why.
function look(path: string): Stats | undefined {
  return attempt(() => lstatSync(path));
}

function attempt<Result>(action: () => Result): Result | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}

// A path without a socket behind it refuses. One that has a socket, though of another type, says so (EPROTOTYPE), before the
// kernel looks whether it listens: so a datagram socket finds out, and no server gets a connection that nobody wants.
function isStale(path: string): boolean {
  using probe = new Socket(AF_UNIX, SOCK_DGRAM);
  try {
    probe.connect({ path }, { blocking: false });
    return false;
  } catch (error) {
    return error instanceof SocketError && error.kind === "connection-refused";
  }
}

/** The implementation of `bindPath`, loaded when it is first called. */
export function bindPath(socket: Socket, path: string, options: BindPathOptions | undefined): void {
  if (!(socket instanceof Socket) || socket.family !== AF_UNIX) throw new TypeError("socket must be a unix Socket");
  if (typeof path !== "string" || path === "" || path.startsWith("\0")) {
    throw new TypeError(`path must be a path, not ${show(path)}`);
  }
  const mode = options?.mode === undefined ? undefined : integer(options.mode, "mode", 0, 0o7777);
  open(handleOf(socket), "bind");
  using _ = lockFolder(dirname(path));
  const found = look(path);
  if (found !== undefined) {
    if (!found.isSocket()) throw inUse(path, "something that is no socket is there; remove it, or use another path");
    if (!isStale(path)) throw inUse(path, "another socket is bound there; stop its owner, or use another path");
  }
  const mayMove = socket.type !== SOCK_DGRAM && Buffer.byteLength(besides(path)) <= LONGEST;
  if (found !== undefined && !mayMove) unlinkSync(path);
  if ((found !== undefined && mayMove) || !bindFree(socket, path, mode)) bindAndMove(socket, path, mode, found);
  removeOnClose(socket, path);
}

// Two processes that find the same dead path must not both replace it: between looking and moving the folder is locked. Where
// that cannot be (Windows, some network file systems, a folder that somebody else keeps locked, as for systemd-tmpfiles(8)) the
// last one wins.
function lockFolder(folder: string): Disposable {
  const fd = attempt(() => openSync(folder, "r"));
  if (fd !== undefined) waitForLock(fd);
  return { [Symbol.dispose]: () => (fd === undefined ? undefined : closeSync(fd)) };
}

function waitForLock(fd: number): void {
  const deadline = deadlineIn(LOCK_PATIENCE);
  for (let result = lock(fd); result === -EINTR || result === -EAGAIN; result = lock(fd)) {
    if (performance.now() >= deadline) return;
    waitFor(-1, 0, deadlineIn(1), undefined);
  }
}

// On Linux the path gets the permissions of the socket's own inode, less the umask (unix_bind in net/unix/af_unix.c): so it is
// never open wider than asked for. Elsewhere a socket has no permissions to set before, and it is made under another name.
function bindFree(socket: Socket, path: string, mode: number | undefined): boolean {
  if (mode !== undefined && attempt(() => (fchmodSync(socket.fd, mode), true)) === undefined) return false;
  socket.bind({ path });
  if (mode !== undefined) chmodSync(path, mode);
  return true;
}

// A name beside the path that nobody knows.
function besides(path: string): string {
  return join(dirname(path), `.${randomUUID().slice(0, 8)}`);
}

// Made and given its permissions under a name that nobody knows, then moved: whoever looks at the path sees the old socket or
// the new one, never none. Not for datagrams: to the kernel the first name stays the sender's, and nobody could answer it.
function bindAndMove(socket: Socket, path: string, mode: number | undefined, before: Stats | undefined): void {
  const temporary = besides(path);
  socket.bind({ path: temporary });
  try {
    if (mode !== undefined) chmodSync(temporary, mode);
    const now = look(path);
    if (now !== undefined && now.ino !== before?.ino) throw inUse(path, "another process has just bound it");
    renameSync(temporary, path);
  } catch (error) {
    unlinkSync(temporary);
    throw error;
  }
  handleOf(socket).bound = new UnixSocketAddress(path); // the kernel goes on telling the other name
}

function removeOnClose(socket: Socket, path: string): void {
  const ours = look(path);
  handleOf(socket).onClose = () => {
    const now = look(path);
    // not if somebody has taken the path over meanwhile
    if (now !== undefined && now.ino === ours?.ino && now.dev === ours.dev) unlinkSync(path);
  };
}
