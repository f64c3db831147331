// Which of the optional symbols this system has.

import { optional } from "./library.ts";
import { platform } from "./platform/index.ts";

/** Whether a call is there. */
export function hasCall(name: string): boolean {
  return platform.library.required[name] !== undefined || optional(name) !== undefined;
}
