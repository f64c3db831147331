// IP addresses as text, in pure TypeScript. The reference is glibc (resolv/inet_pton.c, inet_ntop.c, inet_addr.c): what
// it takes, refuses and prints is taken, refused and printed here, input by input (tests/inet-text.test.ts). One
// difference: C stops reading at a NUL; here text with a NUL in it is refused.

const DOT = 46;

/**
 * Reads an IPv4 address as inet_pton(3) does: four decimal parts of 0 to 255, no leading zeros, nothing around them.
 *
 * Gives the 4 bytes in network order, or `undefined` where the text is no such address.
 *
 * @example parseIPv4("127.0.0.1") // Uint8Array [127, 0, 0, 1]
 */
export function parseIPv4(text: string): Uint8Array<ArrayBuffer> | undefined {
  const value = readDotted(text, 0);
  return value < 0 ? undefined : writeIPv4(value, newBytes(4), 0);
}

/**
 * Reads an IPv4 address as inet_aton(3) does: one to four parts, decimal, octal (`0`) or hex (`0x`), the last of which
 * fills the bytes that are left. After white space anything may follow, as in C.
 *
 * Gives the 4 bytes in network order, or `undefined` where the text is no such address.
 *
 * @example parseIPv4Lenient("127.1") // Uint8Array [127, 0, 0, 1]
 */
export function parseIPv4Lenient(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.includes("\0")) return undefined;
  const [address = ""] = text.split(/[ \t-\r]/, 1); // isspace(3) of the C locale
  const leading = address.split(".", 5);
  const last = readNumber(leading.pop()!);
  if (leading.length > 3 || !(last < 256 ** (4 - leading.length))) return undefined;
  let value = last;
  for (const [index, part] of leading.entries()) {
    const byte = readNumber(part);
    if (!(byte < 256)) return undefined;
    value += byte * 256 ** (3 - index);
  }
  return writeIPv4(value, newBytes(4), 0);
}

/**
 * Reads an IPv6 address as inet_pton(3) does: groups of one to four hex digits, `::` once for one group of zeros or
 * more, the last two groups as IPv4 if wanted. No zone, no brackets.
 *
 * Gives the 16 bytes in network order, or `undefined` where the text is no such address.
 *
 * @example parseIPv6("::ffff:1.2.3.4")
 */
export function parseIPv6(text: string): Uint8Array<ArrayBuffer> | undefined {
  const bytes = newBytes(16);
  let filled = 0;
  let gap = -1; // where `::` stands, in bytes
  let start = 0;
  if (text.startsWith("::")) {
    gap = 0;
    start = 2;
  }
  while (start < text.length) {
    if (filled === 16) return undefined;
    let group = 0;
    let end = start;
    for (let digit; end < start + 4 && (digit = hexDigit(text.charCodeAt(end))) >= 0; end++)
      group = (group << 4) | digit;
    if (text.charCodeAt(end) === DOT) {
      const value = filled <= 12 ? readDotted(text, start) : -1;
      if (value < 0) return undefined;
      writeIPv4(value, bytes, filled);
      filled += 4;
      break;
    }
    if (end === start) return undefined;
    bytes[filled++] = group >> 8;
    bytes[filled++] = group;
    if (end === text.length) break;
    if (text[end] !== ":") return undefined;
    start = end + 1;
    if (text[start] === ":") {
      if (gap >= 0) return undefined;
      gap = filled;
      start++;
    } else if (start === text.length) return undefined; // ends with a single colon
  }
  if (gap >= 0) {
    if (filled === 16) return undefined; // nothing left that `::` could stand for
    const afterGap = 16 - (filled - gap);
    bytes.copyWithin(afterGap, gap, filled).fill(0, gap, afterGap);
  } else if (filled < 16) return undefined;
  return bytes;
}

/**
 * Writes the 4 bytes at `offset` as inet_ntop(3) does: `"127.0.0.1"`.
 *
 * @throws {RangeError} when there are fewer than 4 bytes at `offset`
 */
export function formatIPv4(bytes: Uint8Array, offset: number = 0): string {
  checkRoom(bytes, offset, 4);
  return `${bytes[offset]}.${bytes[offset + 1]}.${bytes[offset + 2]}.${bytes[offset + 3]}`;
}

/**
 * Writes the 16 bytes at `offset` as inet_ntop(3) of glibc does: lower case, the first longest run of two or more zero
 * groups as `::`, and the last four bytes dotted for v4-mapped and v4-compatible addresses.
 *
 * @throws {RangeError} when there are fewer than 16 bytes at `offset`
 *
 * @example formatIPv6(parseIPv6("1:0:0:2:0:0:0:3")!) // "1:0:0:2::3"
 */
export function formatIPv6(bytes: Uint8Array, offset: number = 0): string {
  checkRoom(bytes, offset, 16);
  const group = (index: number): number => (bytes[offset + 2 * index]! << 8) | bytes[offset + 2 * index + 1]!;
  let runStart = 0;
  let runLength = 1; // a run must be longer than this
  for (let index = 0, zeros = 0; index < 8; index++) {
    zeros = group(index) === 0 ? zeros + 1 : 0;
    if (zeros <= runLength) continue;
    runLength = zeros;
    runStart = index - zeros + 1;
  }
  const runEnd = runLength > 1 ? runStart + runLength : -1;
  const dotted = runEnd === 6 ? runStart === 0 : runEnd === 5 && runStart === 0 && group(5) === 0xffff;
  let text = "";
  for (let index = 0; index < (dotted ? 6 : 8); index++) {
    if (runEnd > 0 && index === runStart) {
      text += index === 0 ? "::" : ":";
      index = runEnd - 1;
    } else text += group(index).toString(16) + (index < 7 ? ":" : "");
  }
  return dotted ? text + formatIPv4(bytes, offset + 12) : text;
}

// Over an ArrayBuffer of their own: small typed arrays made by length alone may move (design.md 4).
function newBytes(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new ArrayBuffer(length));
}

/** The four decimal parts from `start` to the end as one number; -1 where inet_pton(3) would refuse. */
function readDotted(text: string, start: number): number {
  let value = 0;
  let dots = 0;
  let part = -1; // no digit yet
  for (let index = start; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === DOT) {
      if (part < 0 || ++dots > 3) return -1;
      value = value * 256 + part;
      part = -1;
      continue;
    }
    if (code < 48 || code > 57 || part === 0) return -1;
    part = (part < 0 ? 0 : part * 10) + code - 48;
    if (part > 255) return -1;
  }
  return dots === 3 && part >= 0 ? value * 256 + part : -1;
}

/** A number as strtoul(3) reads it with base 0; NaN where something else is there. */
function readNumber(text: string): number {
  if (/^0[0-7]*$/.test(text)) return Number.parseInt(text, 8);
  return /^(?:[1-9][0-9]*|0[xX][0-9a-fA-F]+)$/.test(text) ? Number(text) : Number.NaN;
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const letter = code | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

function writeIPv4(value: number, bytes: Uint8Array<ArrayBuffer>, offset: number): Uint8Array<ArrayBuffer> {
  for (let index = 0; index < 4; index++) bytes[offset + index] = value >>> (24 - 8 * index);
  return bytes;
}

function checkRoom(bytes: Uint8Array, offset: number, size: number): void {
  if (Number.isInteger(offset) && offset >= 0 && offset + size <= bytes.length) return;
  throw new RangeError(`bytes must hold ${size} bytes at offset ${offset}; its length is ${bytes.length}`);
}
