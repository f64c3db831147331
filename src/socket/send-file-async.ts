// `sendFile` on the event loop: sendfile(2), and read(2) with send(2) where that cannot. One operation, which keeps its place
// in the queue until the last byte.

import { readSync } from "node:fs";
import { ignoreSigpipe } from "../../ffi/descriptors.ts";
import { EAGAIN, errnoThrown } from "../../ffi/errno.ts";
import { sendFrom } from "../../ffi/message.ts";
import { platform } from "../../ffi/platform/index.ts";
import { sendfile } from "../../ffi/sendfile.ts";
import { type Descriptor, descriptor, integer } from "../arguments.ts";
import { failed } from "../errors.ts";
import { waitFor } from "../wait/wait.ts";
import type { Handle } from "./handle.ts";
import { onLoop } from "./loop.ts";
import type { AsyncOptions, LoopOperation } from "./loop-operation.ts";
import { isUnfit, type SendFileOptions } from "./send-file.ts";
import { QUIET, refuseLending } from "./send.ts";

const { POLLIN, POLLOUT, SOCK_STREAM, MSG_DONTWAIT = 0, F_SETFL } = platform.core;

/** What `sendFileAsync` takes: its `timeout` is a budget for each progress. */
export type SendFileAsyncOptions = AsyncOptions & Pick<SendFileOptions, "offset" | "count">;

const LARGEST_PIECE = 0x4000_0000; // sendfile(2) sends at most 0x7ffff000 bytes a call

/** `sendfile(2)`; what that cannot read is read and sent in pieces. */
export function sendFile(handle: Handle, file: Descriptor, options: SendFileAsyncOptions | undefined): Promise<number> {
  return onLoop(handle, "sendfile", options, (terms) => {
    if (handle.type !== SOCK_STREAM) throw new TypeError("sendFile needs a stream socket: a datagram has no parts");
    refuseLending(terms.flags, "sendFileAsync");
    const fd = descriptor(file, "file");
    const { offset, count } = options ?? {};
    const start = offset === undefined ? undefined : integer(offset, "offset", 0, Number.MAX_SAFE_INTEGER);
    const total = count === undefined ? Infinity : integer(count, "count", 0, Number.MAX_SAFE_INTEGER);
    ignoreSigpipe();
    return new FileSending(handle, fd, start, total, terms.flags & ~MSG_DONTWAIT);
  });
}

class FileSending implements LoopOperation<number> {
  readonly syscall = "sendfile";
  readonly direction = "write";
  readonly condition = POLLOUT;
  readonly restarts = true;
  bytesWritten = 0;
  source: number | undefined;
  readonly #handle: Handle;
  readonly #file: number;
  readonly #start: number | undefined;
  readonly #total: number;
  readonly #flags: number;
  // what was read and is still to be sent; undefined as long as sendfile(2) does it
  #piece: Uint8Array<ArrayBuffer> | undefined;
  #sent = 0;
  #read = 0;

  constructor(handle: Handle, file: number, start: number | undefined, total: number, flags: number) {
    this.#handle = handle;
    this.#file = file;
    this.#start = start;
    this.#total = total;
    this.#flags = flags | QUIET;
    if (flags !== 0) this.#piece = newPiece(); // sendfile(2) takes no flags
  }

  attempt(): number {
    const left = this.#total - this.bytesWritten;
    if (left === 0) return 0;
    if (this.#piece === undefined) {
      const size = sendfile(this.#handle.fd, this.#file, this.#position, Math.min(left, LARGEST_PIECE));
      if (this.bytesWritten > 0 || size >= 0 || !isUnfit(size)) return size;
      this.#piece = newPiece();
    }
    return this.#copy(this.#piece, left);
  }

  get #position(): number | undefined {
    return this.#start === undefined ? undefined : this.#start + this.bytesWritten;
  }

  #copy(piece: Uint8Array<ArrayBuffer>, left: number): number {
    this.source = undefined;
    if (this.#sent === this.#read) {
      const size = this.#readPiece(piece, Math.min(left, piece.length));
      if (size <= 0) return size;
      this.#read = size;
      this.#sent = 0;
    }
    const size = sendFrom(this.#handle.fd, piece.subarray(0, this.#read), this.#sent, this.#flags);
    if (size > 0) this.#sent += size;
    return size;
  }

  // A pipe or a terminal may have nothing to read yet, and read(2) would block. Of all descriptors poll(2) knows, except on
  // Windows. What read(2) says becomes a SocketError; what Bun itself says, about the arguments, stays what it is.
  #readPiece(piece: Uint8Array, size: number): number {
    try {
      if (F_SETFL === undefined || waitFor(this.#file, POLLIN, 0, undefined) !== 0) {
        return readSync(this.#file, piece, 0, size, this.#position ?? null);
      }
    } catch (error) {
      const errno = errnoThrown(error);
      if (errno === 0) throw error;
      const { bytesWritten } = this;
      if (errno !== -EAGAIN) throw failed(errno, { syscall: "read", bytesWritten });
    }
    this.source = this.#file;
    return -EAGAIN;
  }

  continues(size: number): boolean {
    this.bytesWritten += size;
    return size > 0 && this.bytesWritten < this.#total;
  }

  finish(): number {
    return this.bytesWritten;
  }
}

function newPiece(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new ArrayBuffer(1 << 16));
}
