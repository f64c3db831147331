// A socket for another process, by bytes: Windows' way, where POSIX passes descriptors.

import { close } from "../../ffi/descriptors.ts";
import { byteLengthOf } from "../../ffi/memory.ts";
import { platform } from "../../ffi/platform/index.ts";
import { fromShare as fromShareCall, SHARE_SIZE, share as shareCall } from "../../ffi/share.ts";
import { integer, view } from "../arguments.ts";
import { failed, notSupported } from "../errors.ts";
import { type Handle, open } from "./handle.ts";
import { adopt } from "./make.ts";

function sizeOn(call: string): number {
  if (SHARE_SIZE !== undefined) return SHARE_SIZE;
  throw notSupported(call, `${platform.name} shares no sockets by bytes; pass the descriptor with sendFd()`);
}

/** `WSADuplicateSocketW`. */
export function share(handle: Handle, processId: number): Uint8Array<ArrayBuffer> {
  open(handle, "WSADuplicateSocketW");
  const id = integer(processId, "processId", 0, 0xffff_ffff);
  const info = new Uint8Array(new ArrayBuffer(sizeOn("share")));
  const result = shareCall(open(handle, "WSADuplicateSocketW"), id, info);
  if (result < 0) throw failed(result, { syscall: "WSADuplicateSocketW", address: `process ${id}` });
  return info;
}

/** `WSASocketW`. */
export function fromShare(bytes: unknown): Handle {
  const info = view(bytes, "bytes");
  const size = sizeOn("fromShare");
  if (byteLengthOf(info) !== size) {
    throw new RangeError(`bytes must be the ${size} that share() gave, not ${byteLengthOf(info)}`);
  }
  const fd = fromShareCall(info);
  if (fd < 0) throw failed(fd, { syscall: "WSASocketW" });
  try {
    return adopt(fd);
  } catch (error) {
    close(fd);
    throw error;
  }
}
