// The process at the other end of a unix socket of Windows: SIO_AF_UNIX_GETPEERPID of WSAIoctl.

import { errnoNumber } from "./errno.ts";
import { failure, optional } from "./library.ts";
import { platform } from "./platform/index.ts";

/** Its id, or a negative error number. */
export function peerProcess(fd: number): number {
  const call = optional("WSAIoctl");
  const { SIO_AF_UNIX_GETPEERPID } = platform.constants;
  if (call === undefined || SIO_AF_UNIX_GETPEERPID === undefined) return -errnoNumber("EOPNOTSUPP");
  const id = new Uint32Array(new ArrayBuffer(4));
  const returned = new Uint32Array(new ArrayBuffer(4)); // always 0, a defect of Windows: not looked at
  const result = call(fd, SIO_AF_UNIX_GETPEERPID, null, 0, id, 4, returned, null, null);
  return result === -1 ? failure() : (id[0] as number);
}
