// Finding and opening the C library, once per thread.

import { dlopen, type Pointer, toArrayBuffer } from "bun:ffi";
import type { SymbolSignature } from "./platform/platform.ts";
import { platform } from "./platform/index.ts";

/** A C function as bun:ffi hands it out: numbers, views and strings in, a number or nothing out. */
export type NativeFunction = (...args: (number | string | NodeJS.TypedArray | DataView | null)[]) => number;

type Table = Record<string, { args: readonly string[]; returns: string }>;

// The types of bun:ffi want literal descriptors; ours are data, so the shape is asserted here and nowhere else.
function open(name: string, table: Table): Record<string, NativeFunction> {
  return dlopen(name, table as Parameters<typeof dlopen>[1]).symbols as unknown as Record<string, NativeFunction>;
}

function descriptor(name: string, { symbol, args, returns }: SymbolSignature): [string, Table[string]] {
  return [symbol ?? name, { args: padVariadic(name, args), returns }];
}

// fcntl and ioctl take their third argument through `...`. On Apple arm64 that is passed on the stack, so the six
// registers that are left are filled first (developer.apple.com, "Writing ARM64 code for Apple platforms").
function padVariadic(name: string, args: readonly string[]): readonly string[] {
  if (platform.variadicPadding === 0 || (name !== "fcntl" && name !== "ioctl")) return args;
  return [...args.slice(0, 2), ...Array<string>(platform.variadicPadding).fill("i64_fast"), ...args.slice(2)];
}

const { library, lastError } = platform;
const lastErrorTable: Table = { [lastError.symbol]: { args: [], returns: lastError.kind === "cell" ? "ptr" : "i32" } };
const requiredTable: Table = Object.fromEntries(
  Object.entries(library.required).map(([name, signature]) => descriptor(name, signature)),
);

function openFirst(): { name: string; symbols: Record<string, NativeFunction> } {
  const refusals: string[] = [];
  for (const name of library.names) {
    try {
      return { name, symbols: open(name, { ...requiredTable, ...lastErrorTable }) };
    } catch (error) {
      refusals.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new TypeError(
    `berkeley could not open the C library (${refusals.join("; ")}); it needs Bun >= 1.4 with its JIT on, ` +
      `on Linux (glibc or musl), macOS, FreeBSD or Windows`,
  );
}

const opened = openFirst();

// Winsock wants to be started, once in a process or more often: version 2.2, and a WSADATA to fill (408 bytes).
opened.symbols["WSAStartup"]?.(0x0202, new Uint8Array(new ArrayBuffer(512)));

const tried = new Map<string, NativeFunction | undefined>();

/** What the library itself exports for a call, whatever is composed of it. */
export function exported(name: string): NativeFunction | undefined {
  const found = opened.symbols[library.required[name]?.symbol ?? name];
  if (found !== undefined) return found;
  if (!tried.has(name)) tried.set(name, tryToOpen(name));
  return tried.get(name);
}

function tryToOpen(name: string): NativeFunction | undefined {
  const signature = library.optional[name];
  if (signature === undefined) return undefined;
  try {
    const [symbol, entry] = descriptor(name, signature);
    return open(signature.library ?? opened.name, { [symbol]: entry })[symbol];
  } catch {
    return undefined;
  }
}

function has(symbol: string): boolean {
  try {
    open(opened.name, { [symbol]: { args: [], returns: "ptr" } });
    return true;
  } catch {
    return false;
  }
}

// Calls by number, with the arguments that they have by name; none where they are good by name.
function directCalls({ unless, numbers }: NonNullable<typeof library.direct>): Record<string, NativeFunction> {
  const calls: Record<string, NativeFunction> = {};
  if (has(unless)) return calls;
  for (const [name, number] of Object.entries(numbers)) {
    const signature = library.required[name] ?? library.optional[name];
    if (signature === undefined || exported(name) === undefined) continue;
    const table = { syscall: { args: ["i64_fast", ...signature.args], returns: signature.returns } };
    const call = open(opened.name, table)["syscall"] as NativeFunction;
    calls[name] =
      signature.args.length === 3
        ? (first = 0, second = 0, third = 0): number => call(number, first, second, third)
        : (first = 0, second = 0, third = 0, fourth = 0): number => call(number, first, second, third, fourth);
  }
  return calls;
}

// Calls of POSIX that this library lacks, or has in part, made of those that it has.
const composed: Readonly<Record<string, NativeFunction>> =
  library.composed === "winsock"
    ? (require("./winsock.ts") as typeof import("./winsock.ts")).winsockCalls(exported, {
        get: opened.symbols[lastError.symbol] as NativeFunction,
        set: exported("WSASetLastError") as NativeFunction,
      })
    : library.direct === undefined
      ? {}
      : directCalls(library.direct);

/** A required call, by its name. */
export function required(name: string): NativeFunction {
  // a call that this OS's library lacks altogether is a gap in the platform record: say which, when it is called
  return (
    composed[name] ??
    exported(name) ??
    ((): number => {
      throw new TypeError(`${name} is not in the symbol table of ${platform.name}`);
    })
  );
}

/** An optional call, or undefined where this system lacks it. */
export function optional(name: string): NativeFunction | undefined {
  return composed[name] ?? exported(name);
}

const tellLastError = opened.symbols[lastError.symbol] as NativeFunction;
// errno is an int at an address of this thread's own, read as memory: 2 ns, and no call in which it could change.
const cell = lastError.kind === "cell" ? new Int32Array(toArrayBuffer(tellLastError() as Pointer, 0, 4)) : undefined;

/** The error number that the call just made has left, negative. Read it before anything else is done. */
export const failure: () => number =
  cell === undefined ? (): number => -tellLastError() : (): number => -(cell[0] as number);
