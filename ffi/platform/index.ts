// The one choice of an operating system. Only the record of this OS is loaded: `require` is synchronous and, in a
// bundle, folded away with the branches that `process.platform` rules out.

import type { Platform } from "./platform.ts";

function choose(): Platform {
  if (process.platform === "linux" || process.platform === "android") {
    return (require("./linux.ts") as typeof import("./linux.ts")).linux;
  }
  if (process.platform === "darwin") return (require("./darwin.ts") as typeof import("./darwin.ts")).darwin;
  if (process.platform === "freebsd") return (require("./freebsd.ts") as typeof import("./freebsd.ts")).freebsd;
  if (process.platform === "win32") return (require("./windows.ts") as typeof import("./windows.ts")).windows;
  throw new TypeError(
    `berkeley has no platform record for ${process.platform}; it knows linux, darwin, freebsd, win32`,
  );
}

/** The record of the OS that this program runs on. */
export const platform: Platform = choose();
