// Every constant of darwin, as a number: "berkeley/constants/darwin". Importing it on another OS fails.

import { requirePlatform } from "./require.ts";

export * from "../../ffi/platform/constants/darwin.ts";

requirePlatform("darwin");
