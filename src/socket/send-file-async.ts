// `sendFile` on the event loop: sendfile(2), and for what that cannot read Bun's own threads, and send(2).

import { read as readFile } from "node:fs";
import { promisify } from "node:util";
import { ignoreSigpipe } from "../../ffi/descriptors.ts";
import { errnoName } from "../../ffi/errno.ts";
import { platform } from "../../ffi/platform/index.ts";
import { sendfile } from "../../ffi/sendfile.ts";
import { type Descriptor, descriptor, integer } from "../arguments.ts";
import { failed, SocketError } from "../errors.ts";
import type { Handle } from "./handle.ts";
import { onLoop } from "./loop.ts";
import type { AsyncOptions } from "./loop-operation.ts";
import type { SendFileOptions } from "./send-file.ts";
import { refuseLending } from "./send.ts";
import { sendAll } from "./twins.ts";

const { POLLOUT, SOCK_STREAM, MSG_DONTWAIT = 0 } = platform.core;

/** What `sendFileAsync` takes: its `timeout` is a budget for each progress. */
export type SendFileAsyncOptions = AsyncOptions & Pick<SendFileOptions, "offset" | "count">;

const LARGEST_PIECE = 0x4000_0000; // sendfile(2) sends at most 0x7ffff000 bytes a call
const COPY_PIECE = 1 << 18;
const read = promisify(readFile);

/** `sendfile(2)`; what that cannot read is read by Bun's own threads, and sent. */
export async function sendFile(
  handle: Handle,
  file: Descriptor,
  options: SendFileAsyncOptions | undefined,
): Promise<number> {
  const { offset, count } = options ?? {};
  const fd = descriptor(file, "file");
  const start = offset === undefined ? undefined : integer(offset, "offset", 0, Number.MAX_SAFE_INTEGER);
  const total = count === undefined ? Infinity : integer(count, "count", 0, Number.MAX_SAFE_INTEGER);
  if (handle.type !== SOCK_STREAM) throw new TypeError("sendFile needs a stream socket: a datagram has no parts");
  ignoreSigpipe();
  const flags = (options?.flags ?? 0) & ~MSG_DONTWAIT;
  refuseLending(flags, "sendFileAsync");
  try {
    if (flags === 0) return await sendKernel(handle, fd, start, total, options);
  } catch (error) {
    if (!(error instanceof SocketError) || error.syscall !== "sendfile" || !isUnfit(error)) throw error;
  }
  return sendCopied(handle, fd, start, total, options);
}

// What sendfile(2) says of files that it cannot read (pipes, some of /proc), and systems that lack it.
function isUnfit({ code, bytesWritten }: SocketError): boolean {
  return (bytesWritten ?? 0) === 0 && ["EINVAL", "ENOSYS", "EOPNOTSUPP", "ESPIPE"].includes(code);
}

function sendKernel(
  handle: Handle,
  file: number,
  start: number | undefined,
  total: number,
  options: AsyncOptions | undefined,
): Promise<number> {
  return onLoop(handle, "sendfile", options, () => {
    let written = 0;
    return {
      syscall: "sendfile",
      direction: "write",
      condition: POLLOUT,
      restarts: true,
      get bytesWritten() {
        return written;
      },
      attempt: () =>
        written === total
          ? 0
          : sendfile(
              handle.fd,
              file,
              start === undefined ? undefined : start + written,
              Math.min(total - written, LARGEST_PIECE),
            ),
      continues(size) {
        written += size;
        return size > 0 && written < total;
      },
      finish: () => written,
    };
  });
}

async function sendCopied(
  handle: Handle,
  file: number,
  start: number | undefined,
  total: number,
  options: AsyncOptions | undefined,
): Promise<number> {
  const buffer = new Uint8Array(new ArrayBuffer(COPY_PIECE));
  let written = 0;
  while (written < total) {
    const position = start === undefined ? null : start + written;
    const size = await readPiece(file, buffer, Math.min(total - written, buffer.length), position, written);
    if (size === 0) break;
    try {
      written += await sendAll(handle, buffer.subarray(0, size), options);
    } catch (error) {
      throw error instanceof SocketError ? after(error, written) : error;
    }
  }
  return written;
}

async function readPiece(
  file: number,
  buffer: Uint8Array,
  size: number,
  position: number | null,
  bytesWritten: number,
): Promise<number> {
  try {
    return (await read(file, buffer, 0, size, position)).bytesRead;
  } catch (error) {
    const errno = error instanceof Error && "errno" in error ? error.errno : undefined;
    if (typeof errno !== "number" || errnoName(-errno) === undefined) throw error;
    throw failed(errno, { syscall: "read", bytesWritten });
  }
}

function after(error: SocketError, before: number): SocketError {
  const { code, errno, syscall, kind, address, bytesWritten = 0 } = error;
  return new SocketError(error.message, {
    code,
    errno,
    syscall,
    kind,
    address,
    bytesWritten: before + bytesWritten,
    cause: error,
  });
}
