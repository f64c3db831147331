// The modules of one OS refuse to load on another.

import { platform } from "../../ffi/platform/index.ts";
import type { Platform } from "../../ffi/platform/platform.ts";
import { notSupported } from "../errors.ts";

/** @throws SocketError kind "not-supported" unless this is that OS */
export function requirePlatform(name: Platform["name"]): void {
  if (platform.name === name) return;
  throw notSupported(
    `import "berkeley/constants/${name}"`,
    `this is ${platform.name}; import "berkeley/constants", where what an OS lacks is undefined`,
  );
}
