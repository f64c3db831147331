// What the C library knows of this process.

import { errnoNumber } from "./errno.ts";
import { failure, optional, required } from "./library.ts";

const cGeteuid = required("geteuid");
const cGetegid = required("getegid");

/** The effective user and group: `geteuid(2)`, `getegid(2)`. */
export function effectiveIds(): { readonly uid: number; readonly gid: number } {
  return { uid: cGeteuid(), gid: cGetegid() };
}

const SYS_pidfd_open = 434; // the same on all architectures

/** `pidfd_open(2)` of this process: a descriptor, or a negative error number. Linux. */
export function openThisProcess(): number {
  const call = optional("syscall");
  if (call === undefined) return -errnoNumber("ENOSYS");
  const fd = call(SYS_pidfd_open, process.pid, 0, 0, 0, 0, 0);
  return fd === -1 ? failure() : fd;
}
