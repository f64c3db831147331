// The error of a call on a socket of ours, of which we know more than the error number says.

import { errnoNumber } from "../../ffi/errno.ts";
import { type Failure, failed, type SocketError } from "../errors.ts";
import type { Handle } from "./handle.ts";

const ENDS: readonly number[] = [-errnoNumber("EPIPE"), -errnoNumber("ESHUTDOWN")];

/** The SocketError of a call: of one that sends after this side has ended writing it says so, and blames nobody else. */
export function failedOn(handle: Handle, result: number, failure: Failure): SocketError {
  if (handle.learned.writingEnded !== true || !ENDS.includes(result)) return failed(result, failure);
  const { syscall, address, bytesWritten } = failure;
  return failed(result, {
    syscall,
    address,
    bytesWritten,
    text: "this side was shut down for writing",
    advice: "nothing can be sent after that: send first, or make a new connection",
  });
}
