// One codec for each kind of option value. Layouts come from the platform record, which a test may replace.

import { getUint, setUint } from "../../ffi/layout.ts";
import { EMPTY } from "../../ffi/memory.ts";
import { decodeInt, encodeInt } from "../../ffi/structs/int.ts";
import type { Field, Layout, Platform } from "../../ffi/platform/platform.ts";
import { InetAddress, type InterfaceLike, interfaceName, resolveInterface } from "../address/index.ts";
import { addressOfInterface } from "../address/interface.ts";
import { boolean, descriptor, type Descriptor, duration, integer, show } from "../arguments.ts";

/** Memory of our own, as option values are made of it. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** Reads the kernel's bytes: `bytes` is what it wrote, no more. */
export interface ReadCodec<Get> {
  /** How many bytes to have ready. */
  size(platform: Platform): number;
  decode(bytes: Bytes, platform: Platform): Get;
}

/** Makes the bytes for the kernel; wrong values are TypeError or RangeError naming the option. */
export interface WriteCodec<Set> {
  /** Memory that the bytes point to is theirs: it lives as long as they do. */
  encode(value: Set, name: string, platform: Platform): Bytes;
}

/** Both. */
export interface Codec<Get, Set = Get> extends ReadCodec<Get>, WriteCodec<Set> {}

/** What differs between systems beyond layout; the rest share one. */
export type BySystem<Kind> = Readonly<Partial<Record<Platform["name"], Kind>>>;

/** A value that some systems write in another form. */
export function writtenBySystem<Set>(special: BySystem<WriteCodec<Set>>, other: WriteCodec<Set>): WriteCodec<Set> {
  return { encode: (value, name, platform) => (special[platform.name] ?? other).encode(value, name, platform) };
}

/** A value that some systems read and write in another form. */
export function bySystem<Get, Set>(special: BySystem<Codec<Get, Set>>, other: Codec<Get, Set>): Codec<Get, Set> {
  return {
    ...writtenBySystem(special, other),
    size: (platform) => (special[platform.name] ?? other).size(platform),
    decode: (bytes, platform) => (special[platform.name] ?? other).decode(bytes, platform),
  };
}

const INT: Field = [0, 4];
const LARGEST_INT = 0x7fff_ffff;

/** A view on the bytes, for the layout accessors. */
export function viewOf(bytes: Bytes): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** So many zeroed bytes that never move, and a view on them. */
export function allocate(size: number): { readonly bytes: Bytes; readonly view: DataView } {
  const bytes = new Uint8Array(new ArrayBuffer(size));
  return { bytes, view: viewOf(bytes) };
}

/** A value that must be an object, for the codecs that take its fields. */
export function record<Value>(value: Value, name: string, form: string): NonNullable<Value> {
  if (typeof value === "object" && value !== null) return value;
  throw new TypeError(`${name} must be ${form}, not ${show(value)}`);
}

/** An int from `minimum` to `maximum`. */
export function int(minimum: number = -0x8000_0000, maximum: number = LARGEST_INT): Codec<number> {
  return {
    size: () => 4,
    decode: decodeInt,
    encode: (value, name) => encodeInt(integer(value, name, minimum, maximum)),
  };
}

/** An unsigned int of 32 bits. */
export const uint: Codec<number> = {
  size: () => 4,
  decode: (bytes) => decodeInt(bytes) >>> 0,
  encode: (value, name) => encodeInt(integer(value, name, 0, 0xffff_ffff)),
};

/** An int of the kernel's as a boolean. */
export const bool: Codec<boolean> = {
  size: () => 4,
  decode: (bytes) => decodeInt(bytes) !== 0,
  encode: (value, name) => encodeInt(boolean(value, name) ? 1 : 0),
};

/** What is an int here and one byte on BSD: IP_MULTICAST_TTL and IP_MULTICAST_LOOP of IPv4. */
export function byteOnBsd<Value>(codec: Codec<Value>): Codec<Value> {
  return {
    size: codec.size,
    decode: codec.decode,
    encode(value, name, platform) {
      const bytes = codec.encode(value, name, platform);
      return platform.multicastByteOptions ? Uint8Array.of(decodeInt(bytes)) : bytes;
    },
  };
}

/** An unsigned number of 32 or 64 bits, as a bigint. */
export function bigUint(bits: 32 | 64): Codec<bigint> {
  return {
    size: () => bits / 8,
    decode: (bytes) => (bytes.length < 8 ? BigInt(decodeInt(bytes) >>> 0) : viewOf(bytes).getBigUint64(0, true)),
    encode(value, name) {
      if (typeof value !== "bigint") throw new TypeError(`${name} must be a bigint, not ${show(value)}`);
      if (BigInt.asUintN(bits, value) !== value) {
        throw new RangeError(`${name} must be from 0 to 2^${bits}-1, not ${value}`);
      }
      const { bytes, view } = allocate(8);
      view.setBigUint64(0, value, true);
      return bytes.subarray(0, bits / 8);
    },
  };
}

/** Numbers of 32 bits, as many as there are. */
export function uints(capacity: number): ReadCodec<number[]> {
  return {
    size: () => capacity * 4,
    decode(bytes) {
      const view = viewOf(bytes);
      return Array.from({ length: bytes.length >> 2 }, (_, index) => getUint(view, index * 4, INT));
    },
  };
}

/** A struct that is nothing but unsigned ints, by their names; those that the kernel did not write are 0. */
export function words<Name extends string>(...names: readonly Name[]): Codec<Readonly<Record<Name, number>>> {
  const size = names.length * 4;
  return {
    size: () => size,
    decode(bytes) {
      const view = viewOf(bytes);
      const entries = names.map((name, index) => [name, index * 4 < bytes.length ? getUint(view, index * 4, INT) : 0]);
      return Object.fromEntries(entries) as Record<Name, number>;
    },
    encode(value, option) {
      const { bytes, view } = allocate(size);
      const fields = record(value, option, `{ ${names.join(", ")} }`);
      names.forEach((name, index) => {
        setUint(view, index * 4, INT, integer(fields[name], `${option}.${name}`, 0, 0xffff_ffff));
      });
      return bytes;
    },
  };
}

/** An array of such structs, of 1 to `maximum`. */
export function listOf<Value>(codec: WriteCodec<Value>, maximum: number): WriteCodec<readonly Value[]> {
  return {
    encode(values, name, platform) {
      if (!Array.isArray(values)) throw new TypeError(`${name} must be an array, not ${show(values)}`);
      integer(values.length, `${name}.length`, 1, maximum);
      const encode = (value: Value, index: number): Bytes => codec.encode(value, `${name}[${index}]`, platform);
      const encoded = Array.from(values as readonly Value[], encode);
      return copyOf(Buffer.concat(encoded));
    },
  };
}

// Seconds to linger, of which the kernel wants `ticks` each.
function lingerIn(ticks: number): Codec<number | false> {
  return {
    size: ({ structs }) => structs.linger.size,
    decode(bytes, { structs: { linger: layout } }) {
      const view = viewOf(bytes);
      return getUint(view, 0, layout.fields.l_onoff) === 0 ? false : getUint(view, 0, layout.fields.l_linger) / ticks;
    },
    encode(value, name, { structs: { linger: layout } }) {
      const { bytes, view } = allocate(layout.size);
      if (value === false) return bytes;
      // so_linger of xnu is a short, and so is l_linger of Windows
      const maximum = ticks > 1 || layout.fields.l_linger[1] === 2 ? Math.floor(0x7fff / ticks) : LARGEST_INT;
      setUint(view, 0, layout.fields.l_onoff, 1);
      setUint(view, 0, layout.fields.l_linger, ticks * integer(value, `${name} (seconds, or false)`, 0, maximum));
      return bytes;
    },
  };
}

/** Seconds to linger on close, false for off; 0 seconds resets the connection. struct linger, socket(7). */
export const lingerSeconds: Codec<number | false> = lingerIn(1);

/** The same where SO_LINGER counts clock ticks, 100 a second: macOS (`uipc_socket.c` of xnu). */
export const linger: Codec<number | false> = bySystem({ darwin: lingerIn(100) }, lingerSeconds);

// Milliseconds, Infinity for none, as a finite number of them; 0 is none in the kernel's form.
function timeLimit(value: unknown, name: string): number {
  const milliseconds = duration(value, name);
  if (milliseconds === 0) throw new RangeError(`${name} must be more than 0 ms; Infinity turns it off`);
  return milliseconds === Infinity ? 0 : Math.min(milliseconds, LARGEST_INT);
}

/** A time in milliseconds, Infinity for none: struct timeval, or a DWORD of milliseconds on Windows. */
export const timeval: Codec<number> = bySystem<number, number>(
  {
    windows: {
      size: () => 4,
      decode: (bytes) => decodeInt(bytes) >>> 0 || Infinity,
      encode: (value, name) => encodeInt(Math.ceil(timeLimit(value, name))),
    },
  },
  {
    size: ({ structs }) => structs.timeval.size,
    decode(bytes, { structs: { timeval: layout } }) {
      const view = viewOf(bytes);
      const seconds = getUint(view, 0, layout.fields.tv_sec);
      return seconds * 1000 + getUint(view, 0, layout.fields.tv_usec) / 1000 || Infinity;
    },
    encode(value, name, { structs: { timeval: layout } }) {
      const { bytes, view } = allocate(layout.size);
      const microseconds = Math.ceil(timeLimit(value, name) * 1000);
      setUint(view, 0, layout.fields.tv_sec, Math.floor(microseconds / 1e6));
      setUint(view, 0, layout.fields.tv_usec, microseconds % 1e6);
      return bytes;
    },
  },
);

/** The text before the first NUL. */
export function decodeText(bytes: Bytes): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end === -1 ? bytes : bytes.subarray(0, end));
}

/** Text that ends with a NUL, of at most so many bytes with it. */
export function text(capacity: number): Codec<string> {
  return {
    size: () => capacity,
    decode: decodeText,
    encode(value, name) {
      if (typeof value !== "string") throw new TypeError(`${name} must be a string, not ${show(value)}`);
      const encoded = new TextEncoder().encode(value);
      if (encoded.length >= capacity || value.includes("\0")) {
        throw new RangeError(`${name} must have at most ${capacity - 1} bytes and no NUL, not ${show(value)}`);
      }
      const { bytes } = allocate(encoded.length + 1);
      bytes.set(encoded);
      return bytes;
    },
  };
}

/** An interface by name ("" for none), as SO_BINDTODEVICE takes it; set by name, index or address. */
export const interfaceByName: Codec<string, InterfaceLike> = {
  size: ({ core }) => core.IF_NAMESIZE,
  decode: decodeText,
  encode(value, name, platform) {
    const index = value === "" ? 0 : resolveInterface(value, name);
    return text(platform.core.IF_NAMESIZE).encode(index === 0 ? "" : interfaceName(index), name, platform);
  },
};

/** An interface by index, in host order; set by name, index or address, 0 for none. */
export const interfaceByIndex: Codec<number, InterfaceLike> = {
  size: () => 4,
  decode: decodeInt,
  encode: (value, name) => encodeInt(resolveInterface(value, name)),
};

/** An interface by index in network order: IP_UNICAST_IF. */
export const interfaceByIndexInNetworkOrder: Codec<number, InterfaceLike> = {
  size: () => 4,
  decode: (bytes) => viewOf(bytes).getUint32(0),
  encode: (value, name) => indexAsAddress(resolveInterface(value, name)),
};

/** An index as the address 0.0.0.n, which is also the index in network order. */
export function indexAsAddress(index: number): Bytes {
  const { bytes, view } = allocate(4);
  view.setUint32(0, index);
  return bytes;
}

/**
 * IP_MULTICAST_IF: read as the address that the kernel tells (0.0.0.0 for an interface set by index), set by name, index or
 * address. struct ip_mreqn where there is one; Windows takes an index as 0.0.0.n, macOS an address.
 */
export const multicastInterface: Codec<InetAddress, InterfaceLike> = {
  size: () => 4,
  decode: (bytes) => InetAddress.fromBytes(bytes.subarray(0, 4)),
  encode(value, name, platform) {
    const index = resolveInterface(value, name);
    const layout = platform.structs.ip_mreqn;
    if (platform.membership === "ip_mreqn" && layout !== undefined) {
      const { bytes, view } = allocate(layout.size);
      setUint(view, 0, layout.fields.imr_ifindex, index);
      // an address also becomes the source of what is sent: ip_mc_setsockopt in net/ipv4/ip_sockglue.c
      const address = typeof value === "string" ? InetAddress.tryParse(value) : value;
      if (address instanceof InetAddress && address.toBytes().length === 4) {
        bytes.set(address.toBytes(), layout.fields.imr_address[0]);
      }
      return bytes;
    }
    return interfaceAsAddress(index, platform);
  },
};

/** An interface as IPv4 options without a field for an index know it: 0.0.0.n on Windows, an address of its own elsewhere. */
export function interfaceAsAddress(index: number, { membership }: Platform): Bytes {
  return membership === "ip_mreq" ? indexAsAddress(index) : addressOfInterface(index).toBytes();
}

/** A copy in memory that is ours. */
export function copyOf(bytes: Uint8Array): Bytes {
  const copy = new Uint8Array(new ArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}

/** Bytes as they are; at most `capacity` of them are read, and none is a value too. */
export function bytes(capacity: number): Codec<Bytes, Uint8Array> {
  return {
    size: () => capacity,
    decode: (value) => copyOf(value),
    encode(value, name) {
      if (!(value instanceof Uint8Array)) throw new TypeError(`${name} must be a Uint8Array, not ${show(value)}`);
      return value.length === 0 ? EMPTY : copyOf(value);
    },
  };
}

/** A struct of the platform record as its bytes. */
export function structBytes(layoutOf: (structs: Platform["structs"]) => Layout | undefined): ReadCodec<Bytes> {
  return { size: ({ structs }) => layoutOf(structs)?.size ?? 0, decode: (value) => copyOf(value) };
}

/** Nothing to say: the option is a command. The value is ignored by the kernel. */
export const command: WriteCodec<undefined> = { encode: () => encodeInt(0) };

/** A descriptor, for the options that take a program by its descriptor. */
export const descriptorNumber: WriteCodec<Descriptor> = {
  encode: (value, name) => encodeInt(descriptor(value, name)),
};
