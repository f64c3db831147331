// What a platform is to the command that runs the suite on it.

/** A system whose own Bun can run here: natively, or through an emulator. */
export interface Platform {
  /** The same as in the support grid: "linux-arm64". */
  readonly name: string;
  /**
   * Puts everything that it needs into a folder under the cache; what is there already is used again.
   *
   * @throws {NotSetUp} when this machine cannot
   */
  setUp(cache: string): Promise<Runner>;
}

/** How to run that platform's Bun. */
export interface Runner {
  /** What stands before Bun's own arguments: `[...command, "test"]`. */
  readonly command: readonly string[];
  /** How it names one of this machine's files, where that is another way. */
  readonly path?: (path: string) => string;
  /** Added to the environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Ends what a program that was killed has left running, and others of this platform with it: they are run again. */
  readonly end?: readonly string[];
  /** Milliseconds that one test may take, where the emulator is slow. */
  readonly timeout?: number;
  /** Files whose tests the emulator cannot run, with the reason: each counts as a named skip. */
  readonly leftOut?: Readonly<Record<string, string>>;
}

/** The platform cannot be set up on this machine; the message tells why, in one line. */
export class NotSetUp extends Error {}
