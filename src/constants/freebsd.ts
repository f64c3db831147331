// Every constant of freebsd, as a number (a few addresses as text): "berkeley/constants/freebsd". Importing it on another OS fails.

import { requirePlatform } from "./require.ts";

export * from "../../ffi/platform/constants/freebsd.ts";
export * from "./bluetooth.ts";

requirePlatform("freebsd");
