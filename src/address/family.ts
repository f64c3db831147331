// What the classes of the rarer families share: a codec of their struct, and checks of their fields.

import { platform } from "../../ffi/platform/index.ts";
import { familyCodec, type FamilyCodec, type FamilyStruct } from "../../ffi/structs/families.ts";
import { integer, show } from "../arguments.ts";
import { notSupported } from "../errors.ts";

type FamilyName = Extract<keyof typeof platform.core, `AF_${string}`>;

/** The codec of a struct on this OS. Where this OS lacks the family, making an address throws kind "not-supported". */
export function codecOf(struct: FamilyStruct, ...families: readonly FamilyName[]): FamilyCodec {
  const family = families.map((name) => platform.core[name]).find((number) => number !== undefined);
  const found = familyCodec(struct, family);
  if (found !== undefined) return found;
  const refuse = (): never => {
    throw notSupported("SocketAddress", `${platform.name} has no ${families.join(" or ")} with struct ${struct}`);
  };
  return {
    size: Infinity,
    has: () => false,
    encode: refuse,
    get: refuse,
    getBig: refuse,
    slice: refuse,
    endOf: refuse,
  };
}

/** Checks that fields are an object at all. */
export function fieldsOf<Fields extends object>(fields: Fields, example: string): Fields {
  if (typeof fields === "object" && fields !== null) return fields;
  throw new TypeError(`fields must be an object such as ${example}, not ${show(fields)}`);
}

/** A field of 8 bits. */
export const uint8 = (value: unknown, name: string): number => integer(value, name, 0, 0xff);
/** A field of 16 bits. */
export const uint16 = (value: unknown, name: string): number => integer(value, name, 0, 0xffff);
/** A field of 32 bits. */
export const uint32 = (value: unknown, name: string): number => integer(value, name, 0, 0xffff_ffff);

/** 16 bits in network order as a number of this host, and back. */
export function swap16(value: number): number {
  return new DataView(Uint16Array.of(value).buffer).getUint16(0);
}

/** `0x0800` */
export function hex(value: number, digits = 1): string {
  return `0x${value.toString(16).padStart(digits, "0")}`;
}

/** Bytes as `aa:bb:cc`. */
export function colons(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

/** `aa:bb:cc` as bytes, of one or two digits each; undefined where it is none. */
export function parseColons(text: string): Uint8Array<ArrayBuffer> | undefined {
  const parts = text.split(":");
  if (!parts.every((part) => /^[0-9a-fA-F]{1,2}$/.test(part))) return undefined;
  const bytes = new Uint8Array(new ArrayBuffer(parts.length));
  parts.forEach((part, index) => (bytes[index] = Number.parseInt(part, 16)));
  return bytes;
}
