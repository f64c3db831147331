// Messages of DNS (RFC 1035) and mDNS (RFC 6762), read and written. What is read comes from anybody: `decodeMessage` gives
// undefined for all that is not well-formed, reads no byte outside, and its work is bounded by the length of the message.
//
// Names are text as in zone files, without the last dot: a dot or backslash within a label is escaped by a backslash, and a byte
// that is no printable UTF-8 is \DDD, so that a name can be shown on a terminal, whoever sent it.

import { InetAddress } from "berkeley";

/** Types. */
export const A = 1;
export const NS = 2;
export const CNAME = 5;
export const PTR = 12;
export const TXT = 16;
export const AAAA = 28;
export const SRV = 33;
export const OPT = 41;
export const ANY = 255;
/** The class of the internet. */
export const IN = 1;
/** In answers of mDNS: forget what you knew of that name and type (RFC 6762 section 10.2). */
export const CACHE_FLUSH = 0x8000;
/** Bits of the flags. */
export const RESPONSE = 0x8000;
export const OPCODE = 0x7800;
export const AUTHORITATIVE = 0x400;
export const TRUNCATED = 0x200;
export const RECURSION_DESIRED = 0x100;
/** Response codes, the lower four bits of the flags. */
export const FORMAT_ERROR = 1;
export const NO_SUCH_NAME = 3;
export const NOT_IMPLEMENTED = 4;
export const REFUSED = 5;

export interface Question {
  readonly name: string;
  readonly type: number;
  readonly class: number;
}

/** Where a service is: RFC 2782. */
export interface Service {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: string;
}

export interface DnsRecord extends Question {
  /** Seconds. */
  readonly ttl: number;
  /** Of A and AAAA an address, of PTR, CNAME and NS a name, of SRV a service, of TXT its texts; bytes of all others. */
  readonly data: InetAddress | string | Service | readonly string[] | Uint8Array;
}

export interface DnsMessage {
  readonly id: number;
  readonly flags: number;
  readonly questions: readonly Question[];
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
}

const LONGEST_NAME = 255;
const LONGEST_LABEL = 63;
const MOST_POINTERS = 32; // in one name: a thousand of them, a thousand times, would keep us busy for seconds
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

class Malformed extends Error {}

/** Reads a message; undefined for what is none. */
export function decodeMessage(bytes: Uint8Array): DnsMessage | undefined {
  try {
    const reader = new Reader(bytes);
    const [id, flags, questions, ...counts] = Array.from({ length: 6 }, () => reader.uint16());
    const asked = repeat(questions, () => ({ name: reader.name(), type: reader.uint16(), class: reader.uint16() }));
    const [answers = [], authorities = [], additionals = []] = counts.map((count) =>
      repeat(count, () => reader.record()),
    );
    return { id: id as number, flags: flags as number, questions: asked, answers, authorities, additionals };
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

// The count is only a claim: what is made ends with the bytes.
function repeat<Item>(count: number | undefined, make: () => Item): Item[] {
  const items: Item[] = [];
  while (items.length < (count ?? 0)) items.push(make());
  return items;
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  take(size: number): Uint8Array {
    const start = this.#at;
    if (start + size > this.#bytes.length) throw new Malformed();
    this.#at += size;
    return this.#bytes.subarray(start, this.#at);
  }

  uint16(): number {
    const [high, low] = this.take(2) as unknown as [number, number];
    return (high << 8) | low;
  }

  /** A name; pointers lead backwards only, each to before where the last began, so there is no circle. */
  name(): string {
    const labels: string[] = [];
    let back: number | undefined; // where to go on after the first pointer
    for (let start = this.#at, length = 1, pointers = 0; ;) {
      const [first = 0] = this.take(1);
      if (first === 0) break;
      if (first >= 0xc0) {
        const target = ((first & 0x3f) << 8) | (this.take(1)[0] as number);
        back ??= this.#at;
        if (target >= start || ++pointers > MOST_POINTERS) throw new Malformed();
        start = this.#at = target;
      } else {
        length += first + 1;
        if (first > LONGEST_LABEL || length > LONGEST_NAME) throw new Malformed();
        labels.push(labelText(this.take(first)));
      }
    }
    if (back !== undefined) this.#at = back;
    return labels.join(".");
  }

  record(): DnsRecord {
    const [name, type, kind] = [this.name(), this.uint16(), this.uint16()];
    const ttl = this.uint16() * 0x1_0000 + this.uint16();
    const length = this.uint16();
    const end = this.#at + length;
    const data = this.#data(type, length);
    if (this.#at !== end) throw new Malformed(); // a name that is longer or shorter than its record
    return { name, type, class: kind, ttl, data };
  }

  #data(type: number, length: number): DnsRecord["data"] {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new Malformed();
    if ((type === A && length === 4) || (type === AAAA && length === 16))
      return InetAddress.fromBytes(this.take(length));
    if (type === A || type === AAAA) throw new Malformed();
    if (type === PTR || type === CNAME || type === NS) return this.name();
    if (type === SRV) {
      return { priority: this.uint16(), weight: this.uint16(), port: this.uint16(), target: this.name() };
    }
    if (type !== TXT) return this.take(length).slice();
    const texts: string[] = [];
    while (this.#at < end) texts.push(labelText(this.take(this.take(1)[0] as number), /\\/g));
    return texts;
  }
}

/** Writes a message, with names compressed. @throws RangeError for a name that is too long, or a message beyond 65,535 bytes */
export function encodeMessage(message: Partial<DnsMessage>): Uint8Array<ArrayBuffer> {
  const { id = 0, flags = 0, questions = [], answers = [], authorities = [], additionals = [] } = message;
  const writer = new Writer();
  writer.uint16(id, flags, questions.length, answers.length, authorities.length, additionals.length);
  for (const question of questions) writer.question(question);
  for (const record of [...answers, ...authorities, ...additionals]) writer.record(record);
  if (writer.bytes.length > 0xffff) throw new RangeError(`a message of ${writer.bytes.length} bytes is too long`);
  return Uint8Array.from(writer.bytes);
}

class Writer {
  readonly bytes: number[] = [];
  readonly #names = new Map<string, number>();

  uint16(...values: number[]): void {
    for (const value of values) this.bytes.push((value >>> 8) & 0xff, value & 0xff);
  }

  name(name: string, compress = true): void {
    const labels = labelsOf(name).map((label) => String.fromCharCode(label.length, ...label));
    for (const [index, label] of labels.entries()) {
      const rest = labels.slice(index).join("");
      const known = compress ? this.#names.get(rest) : undefined;
      if (known !== undefined) return this.uint16(0xc000 | known);
      if (this.bytes.length < 0x4000) this.#names.set(rest, this.bytes.length);
      for (let at = 0; at < label.length; at++) this.bytes.push(label.charCodeAt(at));
    }
    this.bytes.push(0);
  }

  question({ name, type, class: kind }: Question): void {
    this.name(name);
    this.uint16(type, kind);
  }

  record(record: DnsRecord): void {
    this.question(record);
    this.uint16(record.ttl >>> 16, record.ttl, 0);
    const start = this.bytes.length;
    this.#data(record.data);
    const length = this.bytes.length - start;
    this.bytes.splice(start - 2, 2, length >>> 8, length & 0xff);
  }

  #data(data: DnsRecord["data"]): void {
    if (data instanceof InetAddress) this.bytes.push(...data.toBytes());
    else if (data instanceof Uint8Array) this.bytes.push(...data);
    else if (typeof data === "string") this.name(data);
    else if ("target" in data) {
      this.uint16(data.priority, data.weight, data.port);
      this.name(data.target, false); // RFC 2782
    } else {
      for (const text of data.length === 0 ? [""] : data) {
        const bytes = Array.from(pieces(text)).flat();
        if (bytes.length > 255) throw new RangeError(`a text of ${bytes.length} bytes is too long`);
        this.bytes.push(bytes.length, ...bytes);
      }
    }
  }
}

/** The labels of a name, as bytes. */
function labelsOf(name: string): number[][] {
  const labels: number[][] = name === "" ? [] : [[]];
  for (const piece of pieces(name)) {
    if (piece === DOT) labels.push([]);
    else labels.at(-1)?.push(...piece);
  }
  const wrong = labels.some(({ length }) => length === 0 || length > LONGEST_LABEL);
  if (wrong || labels.reduce((sum, { length }) => sum + length + 1, 1) > LONGEST_NAME) {
    throw new RangeError(`${JSON.stringify(name)} is no name of DNS`);
  }
  return labels;
}

const DOT = [0x2e];

/** What a text stands for, character by character; an unescaped dot is DOT itself. */
function* pieces(text: string): Generator<number[]> {
  for (const [, code, escaped, plain] of text.matchAll(/\\(\d{3})|\\(.)|(.)/gsu)) {
    if (plain === ".") yield DOT;
    else if (code !== undefined) yield [Number(code) & 0xff];
    else yield Array.from(new TextEncoder().encode(escaped ?? plain));
  }
}

/** Bytes as text that can be shown, and read again. */
function labelText(bytes: Uint8Array, special: RegExp = /[.\\]/g): string {
  const code = (byte: number): string => `\\${`${byte}`.padStart(3, "0")}`;
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return Array.from(bytes, (byte) =>
      byte > 0x20 && byte < 0x7f && byte !== 0x2e && byte !== 0x5c ? String.fromCharCode(byte) : code(byte),
    ).join("");
  }
  const unseen = (character: string): string => Array.from(new TextEncoder().encode(character), code).join("");
  return text.replace(special, "\\$&").replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, unseen);
}

/** A name to compare with others: DNS knows upper and lower case of ASCII only (RFC 4343). */
export function lowerCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
