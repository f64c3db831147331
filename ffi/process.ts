// What the C library knows of this process.

import { required } from "./library.ts";

const cGeteuid = required("geteuid");
const cGetegid = required("getegid");

/** The effective user and group: `geteuid(2)`, `getegid(2)`. */
export function effectiveIds(): { readonly uid: number; readonly gid: number } {
  return { uid: cGeteuid(), gid: cGetegid() };
}
