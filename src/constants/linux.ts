// Every constant of linux, as a number (a few addresses as text): "berkeley/constants/linux". Importing it on another OS fails.

import { requirePlatform } from "./require.ts";

export * from "../../ffi/platform/constants/linux.ts";
export * from "./bluetooth.ts";

requirePlatform("linux");
