// What tells a process from a later one of the same number: the inode of its process descriptor (pidfs).

import { fstatSync } from "node:fs";
import { close, makeWake } from "../../ffi/descriptors.ts";
import { openThisProcess } from "../../ffi/process.ts";

/**
 * The number of this process that is never used again, where the kernel has pidfs (Linux 6.9); undefined elsewhere. Internal.
 */
export function ownProcessId(): bigint | undefined {
  const fd = openThisProcess();
  if (fd < 0) return undefined;
  try {
    const { ino, dev } = fstatSync(fd, { bigint: true });
    return dev === anonymousDevice() ? undefined : ino;
  } finally {
    close(fd);
  }
}

// Before pidfs all process descriptors had one inode, that of eventfd(2) and its like.
function anonymousDevice(): bigint | undefined {
  const { readEnd } = makeWake();
  if (readEnd < 0) return undefined;
  try {
    return fstatSync(readEnd, { bigint: true }).dev;
  } finally {
    close(readEnd);
  }
}
