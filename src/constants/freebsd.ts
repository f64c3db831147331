// Every constant of freebsd, as a number: "berkeley/constants/freebsd". Importing it on another OS fails.

import { requirePlatform } from "./require.ts";

export * from "../../ffi/platform/constants/freebsd.ts";

requirePlatform("freebsd");
