// How much could be received now.

import { getsockopt } from "../../ffi/calls.ts";
import { platform } from "../../ffi/platform/index.ts";
import { decodeInt } from "../../ffi/structs/int.ts";
import { ioctlInt } from "./ioctl.ts";

const { SO_NREAD, SOL_SOCKET, FIONREAD } = platform.core;
const answer = new Uint8Array(new ArrayBuffer(4));

/**
 * Bytes that could be received without waiting, -1 when closed or where the kernel cannot tell (a listener). A look does not
 * consume a pending error, as a peek would. SO_NREAD on macOS, FIONREAD (ioctl(2)) elsewhere.
 */
export function availableBytes({ fd }: { readonly fd: number }): number {
  if (fd === -1) return -1;
  if (SO_NREAD === undefined) return Math.max(ioctlInt(fd, FIONREAD), -1);
  return getsockopt(fd, SOL_SOCKET, SO_NREAD, answer) < 0 ? -1 : decodeInt(answer);
}
