// A C library that does nothing but write down what it is called with, and answer as it was told to. What structs point at is
// read by the layouts of tests/abi/data, which a compiler has read from that system's headers: not by our own records.

import { type Pointer, ptr, read, toArrayBuffer } from "bun:ffi";
import { readFileSync } from "node:fs";
import { join } from "node:path";

type Argument = number | string | bigint | NodeJS.TypedArray | DataView | null;
type Call = (...args: Argument[]) => number;
type Field = readonly [offset: number, size: number];
type Layouts = Readonly<Record<string, { readonly size: number; readonly fields: Readonly<Record<string, Field>> }>>;

const system = process.env["BERKELEY_ELSEWHERE"] ?? "";
const { structs } = JSON.parse(readFileSync(join(import.meta.dir, `../data/${system}.json`), "utf8")) as {
  structs: Layouts;
};

/** A call as it was made: numbers as they are, memory in hex. */
export interface Recorded {
  readonly name: string;
  readonly args: readonly (number | string | null)[];
}

/** What was called, in order. */
export const recorded: Recorded[] = [];

/** What calls answer; without one it is 0. An answer below 0 is an error number. */
export const answers: Map<string, Call> = new Map();

let errno = 0;
let descriptors = 100;

function hex(value: ArrayBufferView): string {
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength).toHex();
}

function shown(value: Argument): number | string | null {
  if (value === null || typeof value === "string" || typeof value === "number") return value;
  return typeof value === "bigint" ? Number(value) : hex(value);
}

function call(name: string): Call {
  return (...args) => {
    recorded.push({ name, args: args.map(shown) });
    const answer = answers.get(name);
    const result =
      answer === undefined ? (name === "socket" || name === "accept" ? ++descriptors : 0) : answer(...args);
    if (result >= 0) return result;
    errno = result;
    return -1;
  };
}

export const required: (name: string) => Call = call;

/** What the library itself exports: nothing, so that whatever a system composes of its own calls is not made. */
export function exported(): undefined {
  return undefined;
}

/** What this system's record has, and only that. */
export function optional(name: string): Call | undefined {
  return names.has(name) ? call(name) : undefined;
}

const names = new Set<string>();

/** Tells which optional calls there are. */
export function offer(optionalNames: readonly string[]): void {
  for (const name of optionalNames) names.add(name);
}
offer((process.env["BERKELEY_OPTIONAL"] ?? "").split(","));

export const failure = (): number => errno;

/** A struct msghdr as it is found in memory. */
export interface Found {
  readonly name: string | null;
  readonly vectors: readonly string[];
  readonly control: string | null;
  readonly flags: number;
  /** What is in no field of the header: padding, which must be zero. */
  readonly padding: string;
}

const windows = structs["WSAMSG"];
const { msghdr = { size: 0, fields: {} }, iovec = { size: 16, fields: {} } } = structs;
const buffer = structs["WSABUF"] ?? iovec;

function field(names_: readonly string[], layout: Layouts[string]): Field {
  for (const name of names_) if (layout.fields[name] !== undefined) return layout.fields[name];
  throw new Error(`no ${names_.join(" or ")} in ${JSON.stringify(layout)}`);
}

const header = windows ?? msghdr;
const control: Field = windows === undefined ? field(["msg_control"], header) : field(["Control"], header);
const places = {
  name: field(["msg_name", "name"], header),
  nameLength: field(["msg_namelen", "namelen"], header),
  vectors: field(["msg_iov", "lpBuffers"], header),
  count: field(["msg_iovlen", "dwBufferCount"], header),
  control: windows === undefined ? control : ([control[0] + field(["buf"], buffer)[0], 8] as const),
  controlLength: windows === undefined ? field(["msg_controllen"], header) : ([control[0], 4] as const),
  flags: field(["msg_flags", "dwFlags"], header),
};
const vector = { base: field(["iov_base", "buf"], buffer), length: field(["iov_len", "len"], buffer) };

function uint(at: number, [offset, size]: Field): number {
  if (size === 4) return read.u32(at as Pointer, offset);
  return Number(read.u64(at as Pointer, offset));
}

function memory(at: number, size: number): Uint8Array {
  return size === 0 ? new Uint8Array(0) : new Uint8Array(toArrayBuffer(at as Pointer, 0, size));
}

/** The struct msghdr (WSAMSG) at an address. */
export function messageAt(at: number): Found {
  const [name, data] = [uint(at, places.name), uint(at, places.control)];
  const raw = memory(at, header.size).slice();
  for (const [offset, size] of Object.values(places)) raw.fill(0, offset, offset + size);
  const first = uint(at, places.vectors);
  return {
    name: name === 0 ? null : memory(name, uint(at, places.nameLength)).toHex(),
    vectors: Array.from({ length: uint(at, places.count) }, (_, index) => {
      const each = first + index * buffer.size;
      return memory(uint(each, vector.base), uint(each, vector.length)).toHex();
    }),
    control: data === 0 ? null : memory(data, uint(at, places.controlLength)).toHex(),
    flags: uint(at, places.flags),
    padding: raw.toHex().replaceAll("00", ""),
  };
}

/** Does what recvmsg(2) does: fills the memory that the struct at an address points at. */
export function fillMessage(at: number, what: { data: string; name: string; control: string; flags: number }): number {
  const write = (place: Field, value: number): void => {
    new DataView(toArrayBuffer((at + place[0]) as Pointer, 0, place[1])).setUint32(0, value, true);
  };
  const put = (pointer: Field, length: Field, bytes: string): void => {
    const from = Uint8Array.fromHex(bytes);
    if (from.length > uint(at, length)) throw new Error(`no room for ${from.length} bytes`);
    if (from.length > 0) memory(uint(at, pointer), from.length).set(from);
    write(length, from.length);
  };
  put(places.name, places.nameLength, what.name);
  put(places.control, places.controlLength, what.control);
  write(places.flags, what.flags);
  const data = Uint8Array.fromHex(what.data);
  const first = uint(at, places.vectors);
  memory(uint(first, vector.base), data.length).set(data);
  return data.length;
}

const kept: Uint8Array[] = []; // what the list of interfaces consists of

function own(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(new ArrayBuffer(size));
  kept.push(bytes);
  return bytes;
}

/** Does what getifaddrs(3) does: a list of one interface with one IPv4 address. */
export function listInterface(head: NodeJS.TypedArray, name: string, address: string): number {
  const { ifaddrs, sockaddr_in } = structs;
  if (ifaddrs === undefined || sockaddr_in === undefined) return -1;
  const [entry, socketAddress, text] = [own(ifaddrs.size), own(sockaddr_in.size), own(name.length + 1)];
  text.set(Buffer.from(name));
  const length = sockaddr_in.fields["sin_len"];
  if (length !== undefined) socketAddress[length[0]] = sockaddr_in.size;
  socketAddress[field(["sin_family"], sockaddr_in)[0]] = 2;
  socketAddress.set(address.split(".").map(Number), field(["sin_addr"], sockaddr_in)[0]);
  const view = new DataView(entry.buffer);
  view.setBigUint64(field(["ifa_name"], ifaddrs)[0], BigInt(ptr(text)), true);
  view.setBigUint64(field(["ifa_addr"], ifaddrs)[0], BigInt(ptr(socketAddress)), true);
  new DataView(head.buffer, head.byteOffset).setBigUint64(0, BigInt(ptr(entry)), true);
  return 0;
}
