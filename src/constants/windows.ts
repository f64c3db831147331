// Every constant of windows, as a number: "berkeley/constants/windows". Importing it on another OS fails.

import { requirePlatform } from "./require.ts";

export * from "../../ffi/platform/constants/windows.ts";

requirePlatform("windows");
