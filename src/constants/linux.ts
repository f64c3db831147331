// Every constant of linux, as a number: "berkeley/constants/linux". Importing it on another OS fails.

import { requirePlatform } from "./require.ts";

export * from "../../ffi/platform/constants/linux.ts";

requirePlatform("linux");
