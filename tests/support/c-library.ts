// Which C library this program runs on, where that makes a difference that is none of ours.

import { readFileSync } from "node:fs";

/** Whether it is musl, as on Alpine. */
export const onMusl: boolean =
  process.platform === "linux" && /musl.*\.so/.test(readFileSync("/proc/self/maps", "latin1"));

/** What the name of a test that compares with glibc's own ways ends with, where it is skipped. */
export const noGlibc: string = onMusl ? " (musl has ways of its own)" : "";
