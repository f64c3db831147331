// Every constant of windows, as a number (a few addresses as text): "berkeley/constants/windows". Importing it on another OS fails.

import { requirePlatform } from "./require.ts";

export * from "../../ffi/platform/constants/windows.ts";
export * from "./bluetooth.ts";
export * from "./hyperv.ts";

requirePlatform("windows");
