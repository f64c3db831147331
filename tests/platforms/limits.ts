// What an emulator cannot do, and which tests are about that: they are skipped by name, with the reason in it.

import { muslLimits } from "./musl-limits.ts";
import { qemuLimits } from "./qemu-limits.ts";
import { windowsLimits } from "./windows-limits.ts";

/** Some tests of one file. */
export interface Limit {
  readonly file: string;
  /**
   * Where it matches, the test is skipped: "outer > inner > name", each as it is written; after one of a table, " [cell]": the
   * first of its row, or the row's name.
   */
  readonly tests: RegExp;
  readonly reason: string;
}

/** By platform. */
export const limits: Readonly<Record<string, readonly Limit[]>> = {
  "linux-arm64": qemuLimits,
  "linux-musl-x64": muslLimits,
  "windows-x64": windowsLimits,
};
