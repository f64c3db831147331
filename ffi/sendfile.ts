// sendfile(2), in the argument order of each system.

import { errnoNumber } from "./errno.ts";
import { failure, optional } from "./library.ts";
import { LITTLE_ENDIAN, Region } from "./memory.ts";
import { platform } from "./platform/index.ts";

const cSendfile = optional("sendfile");
const cell = new Region(8); // off_t: where to start (Linux), how much went out (BSD, macOS)

function sent(result: number, partly: number): number {
  if (result !== -1) return partly;
  const error = failure();
  return partly > 0 ? partly : error; // BSD and macOS report EAGAIN and EINTR beside what did go out
}

/**
 * `sendfile(2)`: bytes sent. Without an offset the file's own position is used and moved, which BSD and macOS cannot: they
 * answer EOPNOTSUPP, as do systems without the call.
 */
export function sendfile(socket: number, file: number, offset: number | undefined, count: number): number {
  if (cSendfile === undefined) return -errnoNumber("EOPNOTSUPP");
  if (platform.sendfile === "linux") {
    if (offset === undefined) {
      const size = cSendfile(socket, file, 0, count);
      return size === -1 ? failure() : size;
    }
    cell.view.setBigInt64(0, BigInt(offset), LITTLE_ENDIAN);
    const size = cSendfile(socket, file, cell.address, count);
    return size === -1 ? failure() : size;
  }
  if (offset === undefined) return -errnoNumber("EOPNOTSUPP");
  cell.view.setBigInt64(0, platform.sendfile === "darwin" ? BigInt(count) : 0n, LITTLE_ENDIAN);
  const result =
    platform.sendfile === "darwin"
      ? cSendfile(file, socket, offset, cell.address, 0, 0)
      : cSendfile(file, socket, offset, count, 0, cell.address, 0);
  return sent(result, Number(cell.view.getBigInt64(0, LITTLE_ENDIAN)));
}
