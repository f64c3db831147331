// What a socket option is: a level and a name of the manual, and a codec between the kernel's bytes and a value.

import { platform as current } from "../../ffi/platform/index.ts";
import type { ConstantName, Constants, Platform } from "../../ffi/platform/platform.ts";
import { notSupported } from "../errors.ts";
import { inspectAs } from "../inspect.ts";
import type { ReadCodec, WriteCodec } from "./codecs.ts";

/** An option that can be read: `getsockopt(2)`. */
export interface ReadableOption<Get> {
  /** The name in the manual: "SO_RCVBUF". Where one number serves two levels, the second's name says so. */
  readonly name: string;
  /** Whether this OS has it at all; the kernel or the socket may lack it all the same: `socket.supports(option)`. */
  readonly supported: boolean;
  /** SOL_SOCKET, IPPROTO_*. @throws SocketError kind "not-supported" where this OS lacks it */
  readonly level: number;
  /** The number. @throws SocketError kind "not-supported" where this OS lacks it */
  readonly number: number;
  /** How its bytes are read. */
  readonly get: ReadCodec<Get>;
}

/** An option that can be set: `setsockopt(2)`. */
export interface WritableOption<Set> extends Omit<ReadableOption<never>, "get"> {
  /** How its bytes are made. */
  readonly set: WriteCodec<Set>;
}

/** An option that can be read and set; what is set may be more than what is read (an interface by name, say). */
export interface Option<Get, Set = Get> extends ReadableOption<Get>, WritableOption<Set> {}

/** What is seldom said of an option. */
export interface OptionDetails {
  /** Its name, where that is not the constant's: an option that two levels number alike. */
  readonly name?: string;
  /** The systems that have it, where others use the constant for something that is no such option. */
  readonly systems?: readonly Platform["name"][];
  /** Whose constants to use; this OS's if absent. */
  readonly platform?: Platform;
}

class Descriptor {
  readonly name: string;
  readonly #level: ConstantName;
  readonly #number: ConstantName;
  readonly #systems: readonly string[] | undefined;
  readonly #platform: Platform;

  constructor(
    level: ConstantName,
    number: ConstantName,
    { name = number, systems, platform = current }: OptionDetails,
  ) {
    this.name = name;
    this.#level = level;
    this.#number = number;
    this.#systems = systems;
    this.#platform = platform;
  }

  static {
    inspectAs(this.prototype, ({ name }) => name, "Option");
  }

  get supported(): boolean {
    return this.#find(this.#level) !== undefined && this.#find(this.#number) !== undefined;
  }

  get level(): number {
    return this.#constant(this.#level);
  }

  get number(): number {
    return this.#constant(this.#number);
  }

  #find(name: ConstantName): number | undefined {
    if (this.#systems?.includes(this.#platform.name) === false) return undefined;
    // `core` first: the table of all constants is not loaded for what is in it
    return (this.#platform.core as Partial<Constants>)[name] ?? this.#platform.constants[name];
  }

  #constant(name: ConstantName): number {
    const value = this.#find(name);
    if (value !== undefined) return value;
    const missing = name === this.#number ? "such option" : name;
    throw notSupported(this.name, `${this.#platform.name} has no ${missing}; see option.supported`);
  }
}

// The descriptors that this module has made. One that looks alike could have the kernel write more than its `size`, or
// follow a pointer of the user's.
const made = new WeakSet<object>();

function register<T extends object>(descriptor: T): T {
  made.add(descriptor);
  return Object.freeze(descriptor);
}

/** Whether a value is an option that this module has made. */
export function isOption(value: unknown): value is ReadableOption<unknown> & WritableOption<unknown> {
  return typeof value === "object" && value !== null && made.has(value);
}

class TypedDescriptor<Get, Set> extends Descriptor implements Option<Get, Set> {
  readonly get: ReadCodec<Get>;
  readonly set: WriteCodec<Set>;

  constructor(
    level: ConstantName,
    number: ConstantName,
    codec: ReadCodec<Get> & WriteCodec<Set>,
    details: OptionDetails,
  ) {
    super(level, number, details);
    this.get = codec;
    this.set = codec;
  }
}

/** An option that can be read and set. */
export function option<Get, Set = Get>(
  level: ConstantName,
  number: ConstantName,
  codec: ReadCodec<Get> & WriteCodec<Set>,
  details: OptionDetails = {},
): Option<Get, Set> {
  return register(new TypedDescriptor(level, number, codec, details));
}

/** An option that can only be read. */
export function readable<Get>(
  level: ConstantName,
  number: ConstantName,
  codec: ReadCodec<Get>,
  details: OptionDetails = {},
): ReadableOption<Get> {
  return register(Object.assign(new Descriptor(level, number, details), { get: codec }));
}

/** An option that can only be set. */
export function writable<Set>(
  level: ConstantName,
  number: ConstantName,
  codec: WriteCodec<Set>,
  details: OptionDetails = {},
): WritableOption<Set> {
  return register(Object.assign(new Descriptor(level, number, details), { set: codec }));
}
