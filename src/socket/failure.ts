// The error of a call on a socket of ours, of which we know more than the error number says.

import { errnoNumber } from "../../ffi/errno.ts";
import { platform } from "../../ffi/platform/index.ts";
import { type Failure, failed, type SocketError } from "../errors.ts";
import type { Handle } from "./handle.ts";
import { socketInt } from "./make.ts";

/** What to do about an address that bind(2) says is in use: it depends on what was asked for. */
export function adviceInUse({ fd, family, type }: Handle): string {
  const { AF_INET, AF_INET6, AF_UNIX, SOCK_STREAM, SO_REUSEADDR, SO_REUSEPORT } = platform.core;
  if (family === AF_UNIX) return "something is there: remove it, or let bindPath() do that when nobody listens there";
  const share = SO_REUSEPORT === undefined ? "" : ", or set reusePort on both sockets";
  const reusing = socketInt(fd, SO_REUSEADDR) !== 0;
  if (type !== SOCK_STREAM)
    return `another socket has it: pick another address${share || ", or set allowReuse on both"}`;
  const what = family === AF_INET || family === AF_INET6 ? "TCP " : "";
  if (reusing) return `a ${what}listener has that address: stop it, pick another port${share}`;
  return `a ${what}socket has that address: stop it${share}; where only old connections are left there, { allowReuse: true } helps`;
}

const ENDS: readonly number[] = [-errnoNumber("EPIPE"), -errnoNumber("ESHUTDOWN")];

/** The SocketError of a call: of one that sends after this side has ended writing it says so, and blames nobody else. */
export function failedOn(handle: Handle, result: number, failure: Failure): SocketError {
  if (handle.learned.writingEnded !== true || !ENDS.includes(result)) return failed(result, failure);
  const { syscall, address, bytesWritten, datagram } = failure;
  return failed(result, {
    syscall,
    address,
    bytesWritten,
    datagram,
    text: "this side was shut down for writing",
    advice: "nothing can be sent after that: send first, or make a new connection",
  });
}
