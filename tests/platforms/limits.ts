// What an emulator cannot do, and which tests are about that: they are skipped by name, with the reason in it.

/** Some tests of one file. */
export interface Limit {
  readonly file: string;
  /** Where it matches, the test is skipped: "outer > inner > name as it is written", and for a row of a table " [its first cell]". */
  readonly tests: RegExp;
  readonly reason: string;
}

/** By platform. */
export const limits: Readonly<Record<string, readonly Limit[]>> = {
  "linux-arm64": [],
  "windows-x64": [],
};
