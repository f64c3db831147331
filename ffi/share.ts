// A socket for another process: WSADuplicateSocketW, whose WSAPROTOCOL_INFOW that process makes a socket of. Windows.

import type { View } from "./calls.ts";
import { errnoNumber } from "./errno.ts";
import { makeReady } from "./descriptors.ts";
import { failure, optional } from "./library.ts";
import { platform } from "./platform/index.ts";

const cDuplicate = optional("WSADuplicateSocketW");
const cFromShare = optional("fromShare");

/** How many bytes tell a socket to another process; undefined where none do. */
export const SHARE_SIZE: number | undefined =
  cDuplicate === undefined ? undefined : platform.structs["WSAPROTOCOL_INFOW"]?.size;

/** `WSADuplicateSocketW` for a process: 0, and then the bytes in `info`, or a negative error number. */
export function share(fd: number, processId: number, info: View): number {
  if (cDuplicate === undefined) return -errnoNumber("EOPNOTSUPP");
  return cDuplicate(fd, processId, info) === -1 ? failure() : 0;
}

/** `WSASocketW` of what another process has shared: the descriptor, ready for use, or a negative error number. */
export function fromShare(info: View): number {
  if (cFromShare === undefined) return -errnoNumber("EOPNOTSUPP");
  const fd = cFromShare(info);
  return makeReady(fd === -1 ? failure() : fd);
}
