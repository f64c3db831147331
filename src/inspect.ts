// What console.log and util.inspect show of an object: a line that says what it is.

import { platform } from "../ffi/platform/index.ts";

/**
 * Makes console.log and util.inspect show the values of a class and its heirs as `Name(text)`; the name is that of the class where
 * none is given. (A method with that computed name is refused by --isolatedDeclarations.) Internal.
 */
export function inspectAs<T extends object>(prototype: T, text: (value: T) => string, name?: string): void {
  Object.defineProperty(prototype, Symbol.for("nodejs.util.inspect.custom"), {
    configurable: true,
    value(this: T): string {
      const what = name ?? this.constructor.name;
      try {
        return `${what}(${text(this)})`;
      } catch {
        return what; // the prototype itself, memory that was given away: somebody who looks must not be told an error for it
      }
    },
  });
}

/** The same with the text that it is as a string. Internal. */
export function inspectAsText(prototype: object): void {
  inspectAs(prototype, String);
}

/** The names of the bits that are set, as `POLLIN|POLLOUT`; a number for those without. Internal. */
export function bitNames(prefix: "MSG_" | "POLL", bits: number): string {
  let rest = bits;
  const names: string[] = [];
  for (const [name, bit] of Object.entries(platform.core)) {
    if (!name.startsWith(prefix) || typeof bit !== "number" || (rest & bit) === 0) continue;
    names.push(name);
    rest &= ~bit;
  }
  return [...names, ...(rest === 0 ? [] : [`0x${(rest >>> 0).toString(16)}`])].join("|");
}

/** `2026-01-02T03:04:05.123456789Z`; nanoseconds as a number where that is no date. Internal. */
export function timeText(epochNanoseconds: bigint): string {
  const seconds = Number(epochNanoseconds / 1_000_000_000n);
  if (epochNanoseconds < 0n || seconds > 8_640_000_000_000) return `${epochNanoseconds} ns`;
  const fraction = String(epochNanoseconds % 1_000_000_000n).padStart(9, "0");
  return new Date(seconds * 1000).toISOString().replace(".000Z", `.${fraction}Z`);
}
