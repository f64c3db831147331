// sendfile(2), and read(2) with send(2) where that cannot.

import { readSync } from "node:fs";
import { ignoreSigpipe } from "../../ffi/descriptors.ts";
import { EAGAIN, errnoName, errnoThrown } from "../../ffi/errno.ts";
import { sendFrom } from "../../ffi/message.ts";
import { platform } from "../../ffi/platform/index.ts";
import { sendfile } from "../../ffi/sendfile.ts";
import { type Descriptor, descriptor, integer } from "../arguments.ts";
import { failed } from "../errors.ts";
import { waitFor } from "../wait/wait.ts";
import type { Handle } from "./handle.ts";
import { gate, Operation, type OperationOptions } from "./operation.ts";
import { QUIET, refuseLending } from "./send.ts";

const { SOCK_STREAM, POLLIN, POLLOUT, MSG_DONTWAIT, F_SETFL } = platform.core;

/** What `sendFile` takes beside the options of every operation: its `timeout` is a budget for each progress. */
export interface SendFileOptions extends OperationOptions {
  /** Where in the file to start; the file's own position is then neither used nor moved. Default: the file's position. */
  readonly offset?: number | undefined;
  /** How many bytes at most. Default: to the end of the file. */
  readonly count?: number | undefined;
}

// sendfile(2) sends at most 0x7ffff000 bytes a call; less lets a Cancellable be seen in between.
const LARGEST_PIECE = 0x4000_0000;

/** `sendfile(2)` until the count or the end of the file; read(2) and send(2) where that cannot. */
export function sendFile(handle: Handle, file: Descriptor, options: SendFileOptions | undefined): number {
  const terms = gate(handle, "sendfile", options);
  if (handle.type !== SOCK_STREAM) throw new TypeError("sendFile needs a stream socket: a datagram has no parts");
  refuseLending(terms?.flags ?? 0, "sendFile");
  const fd = descriptor(file, "file");
  const { offset, count } = options ?? {};
  const start = offset === undefined ? undefined : integer(offset, "offset", 0, Number.MAX_SAFE_INTEGER);
  const total = count === undefined ? Infinity : integer(count, "count", 0, Number.MAX_SAFE_INTEGER);
  ignoreSigpipe();
  const operation = new Operation(handle, "sendfile", POLLOUT, terms, undefined, 0);
  const flags = (terms?.flags ?? 0) & ~(MSG_DONTWAIT ?? 0);
  let move = flags === 0 ? sendfileMove(handle.fd, fd) : copyMove(operation, fd, flags); // sendfile(2) takes no flags
  while ((operation.bytesWritten as number) < total) {
    operation.checkCancelled();
    const written = operation.bytesWritten as number;
    const piece = Math.min(total - written, LARGEST_PIECE);
    const attempt = (): number => move(start === undefined ? undefined : start + written, piece);
    let size = attempt();
    if (written === 0 && size < 0 && isUnfit(size)) {
      move = copyMove(operation, fd, flags);
      size = attempt();
    }
    size = operation.settle(size, attempt);
    if (size === 0) break;
    operation.bytesWritten = written + size;
    operation.restart();
  }
  return operation.bytesWritten as number;
}

type Move = (offset: number | undefined, count: number) => number;

function sendfileMove(socket: number, file: number): Move {
  return (offset, count) => sendfile(socket, file, offset, count);
}

/** What sendfile(2) says of files that it cannot read (pipes, some of /proc), and systems that lack it. */
export function isUnfit(result: number): boolean {
  return ["EINVAL", "ENOSYS", "EOPNOTSUPP", "ESPIPE"].includes(errnoName(-result) ?? "");
}

function copyMove(operation: Operation, file: number, flags: number): Move {
  const buffer = new Uint8Array(new ArrayBuffer(65_536));
  return (offset, count) => {
    awaitSource(operation, file);
    const size = readPiece(operation, file, buffer, Math.min(count, buffer.length), offset ?? null);
    let sent = 0;
    const piece = buffer.subarray(0, size);
    const attempt = (): number => sendFrom(operation.handle.fd, piece, sent, flags | QUIET);
    while (sent < size) {
      const before = operation.bytesWritten as number;
      const part = operation.settle(attempt(), attempt);
      operation.bytesWritten = before + part; // so that an error in the middle of a piece tells all that was sent
      operation.restart();
      sent += part;
    }
    operation.bytesWritten = (operation.bytesWritten as number) - size;
    return size;
  };
}

// A pipe or a terminal may have nothing to read yet, and read(2) would block for longer than the budget. Of all descriptors
// poll(2) knows, except on Windows, which has no fcntl(2) either.
function awaitSource(operation: Operation, file: number): void {
  if (F_SETFL === undefined || waitFor(file, POLLIN, 0, undefined) !== 0) return;
  operation.wait(-EAGAIN, file, POLLIN);
}

// What read(2) says becomes a SocketError; what Bun itself says, about the arguments, stays what it is.
function readPiece(
  { bytesWritten }: Operation,
  file: number,
  buffer: Uint8Array,
  count: number,
  offset: number | null,
): number {
  try {
    return readSync(file, buffer, 0, count, offset);
  } catch (error) {
    const errno = errnoThrown(error);
    if (errno === 0) throw error;
    throw failed(errno, { syscall: "read", bytesWritten });
  }
}
