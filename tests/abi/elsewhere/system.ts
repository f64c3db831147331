// A system's headers as a compiler has read them (tests/abi/data), and values written as they say.

import { readFileSync } from "node:fs";
import { join } from "node:path";

export type Field = readonly [offset: number, size: number];
export type Layout = { readonly size: number; readonly fields: Readonly<Record<string, Field>> };

interface Headers {
  readonly structs: Readonly<Record<string, Layout>>;
  readonly constants: Readonly<Record<string, number>>;
  readonly controlMessages: Readonly<Record<string, number>>;
}

/** The headers of a system, and values written as they say. */
export class System {
  readonly name: string;
  readonly #headers: Headers;

  constructor(name: string) {
    this.name = name;
    this.#headers = JSON.parse(readFileSync(join(import.meta.dir, `../data/${name}.json`), "utf8")) as Headers;
  }

  get windows(): boolean {
    return this.name === "windows";
  }

  constant(name: string): number {
    const value = this.#headers.constants[name];
    if (value === undefined) throw new Error(`${this.name} has no ${name}`);
    return value;
  }

  has(name: string): boolean {
    return this.#headers.constants[name] !== undefined;
  }

  hasLayout(name: string): boolean {
    return this.#headers.structs[name] !== undefined;
  }

  layout(name: string): Layout {
    const layout = this.#headers.structs[name];
    if (layout === undefined) throw new Error(`${this.name} has no struct ${name}`);
    return layout;
  }

  /** A struct in hex: numbers little-endian, text in hex as it is; what is not named is zero. */
  struct(name: string, values: Readonly<Record<string, number | string>>): string {
    const { size, fields } = this.layout(name);
    const bytes = new Uint8Array(size);
    const view = new DataView(bytes.buffer);
    for (const [key, value] of Object.entries(values)) {
      const place = fields[key];
      if (place === undefined) throw new Error(`struct ${name} of ${this.name} has no ${key}`);
      const [offset, width] = place;
      if (typeof value === "string") bytes.set(Uint8Array.fromHex(value), offset);
      else if (width === 1) bytes[offset] = value;
      else if (width === 2) view.setUint16(offset, value, true);
      else view.setUint32(offset, value, true);
    }
    return bytes.toHex();
  }

  /** sin_len and its like, where there is one: with the length of the name. */
  #length(struct: string, prefix: string): Record<string, number> {
    const { size, fields } = this.layout(struct);
    return fields[`${prefix}_len`] === undefined ? {} : { [`${prefix}_len`]: size };
  }

  inet(address: string, port: number): string {
    return this.struct("sockaddr_in", {
      ...this.#length("sockaddr_in", "sin"),
      sin_family: this.constant("AF_INET"),
      sin_port: port.toString(16).padStart(4, "0"),
      sin_addr: new Uint8Array(address.split(".").map(Number)).toHex(),
    });
  }

  inet6(address: string, port: number, flowInfo = 0, scopeId = 0): string {
    return this.struct("sockaddr_in6", {
      ...this.#length("sockaddr_in6", "sin6"),
      sin6_family: this.constant("AF_INET6"),
      sin6_port: port.toString(16).padStart(4, "0"),
      sin6_flowinfo: flowInfo.toString(16).padStart(8, "0"),
      sin6_addr: address,
      sin6_scope_id: scopeId,
    });
  }

  /** One control message with its padding: CMSG_SPACE of the header's own arithmetic. */
  control(level: string, type: string | number, payload: string): string {
    const layout = this.windows ? "WSACMSGHDR" : "cmsghdr";
    const prefix = this.windows ? "WSA_" : "";
    const size = payload.length / 2;
    const [length, space] = [`${prefix}CMSG_LEN(0)`, `${prefix}CMSG_SPACE(${size})`].map(
      (name) => this.#headers.controlMessages[name],
    );
    if (length === undefined || space === undefined)
      throw new Error(`nobody has measured ${prefix}CMSG_SPACE(${size})`);
    const header = this.struct(layout, {
      cmsg_len: length + size,
      cmsg_level: this.constant(level),
      cmsg_type: typeof type === "number" ? type : this.constant(type),
    });
    return (header.padEnd(length * 2, "0") + payload).padEnd(space * 2, "0");
  }

  int(value: number): string {
    return new Uint8Array(Int32Array.of(value).buffer).toHex();
  }
}
