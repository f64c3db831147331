// The options of TCP: RFC 9293 section 3.2, RFC 7323 (window scale, timestamps), RFC 2018 (selective acknowledgments).

import { boolean, integer, show } from "../arguments.ts";
import { bufferOf, fieldsOf, get16, get32, put16, put32, uint16, uint32 } from "./fields.ts";
import { type IPv4Option, optionsOf } from "./ipv4.ts";

const [MAXIMUM_SEGMENT_SIZE, WINDOW_SCALE, SACK_PERMITTED, SACK, TIMESTAMPS] = [2, 3, 4, 5, 8] as const;
const KNOWN: ReadonlySet<number> = new Set([MAXIMUM_SEGMENT_SIZE, WINDOW_SCALE, SACK_PERMITTED, SACK, TIMESTAMPS]);
const PADDING = 1;
const MOST = 40;

/** The options of a TCP header by name; what is not there is undefined. */
export interface TcpOptions {
  /** In bytes: RFC 9293 section 3.7.1. */
  readonly maximumSegmentSize?: number | undefined;
  /** By how many bits windows are shifted, 0 to 14 (more was said and counts as 14): RFC 7323 section 2. */
  readonly windowScale?: number | undefined;
  /** RFC 2018 section 2. */
  readonly sackPermitted?: boolean | undefined;
  /** What has arrived beyond the acknowledgment number: RFC 2018 section 3. At most 4. */
  readonly sack?: readonly SackBlock[] | undefined;
  /** RFC 7323 section 3. */
  readonly timestamps?: TcpTimestamps | undefined;
  /** All other options. */
  readonly others?: readonly IPv4Option[] | undefined;
}

/** Sequence numbers from `left` to before `right`. */
export interface SackBlock {
  readonly left: number;
  readonly right: number;
}

/** The sender's clock, and what it last heard of the receiver's. */
export interface TcpTimestamps {
  readonly value: number;
  readonly echo: number;
}

/**
 * Takes the options of a TCP header apart, up to the end of the list: RFC 9293 section 3.2. `undefined` when a length is wrong; of
 * options that are there twice the last counts.
 *
 * @throws {TypeError} when `options` is no Uint8Array
 *
 * @example
 * parseTcpOptions(header.options)?.maximumSegmentSize
 */
export function parseTcpOptions(options: Uint8Array): TcpOptions | undefined {
  const list = optionsOf(options);
  if (list === undefined) return undefined;
  const found: { -readonly [Name in keyof TcpOptions]: TcpOptions[Name] } = {};
  const others: IPv4Option[] = [];
  for (const { type, at, end } of list) {
    const length = end - at;
    if (type === MAXIMUM_SEGMENT_SIZE && length === 2) found.maximumSegmentSize = get16(options, at);
    else if (type === WINDOW_SCALE && length === 1) found.windowScale = Math.min(options[at]!, 14);
    else if (type === SACK_PERMITTED && length === 0) found.sackPermitted = true;
    else if (type === TIMESTAMPS && length === 8) {
      found.timestamps = { value: get32(options, at), echo: get32(options, at + 4) };
    } else if (type === SACK && length > 0 && length % 8 === 0) found.sack = blocksIn(options, at, end);
    else if (KNOWN.has(type)) return undefined;
    else others.push({ type, data: options.subarray(at, end) });
  }
  if (others.length > 0) found.others = others;
  return Object.freeze(found);
}

function blocksIn(bytes: Uint8Array, start: number, end: number): SackBlock[] {
  const blocks: SackBlock[] = [];
  for (let at = start; at < end; at += 8) blocks.push({ left: get32(bytes, at), right: get32(bytes, at + 4) });
  return blocks;
}

/**
 * The bytes of TCP options, padded to a multiple of 4: RFC 9293 section 3.2.
 *
 * @throws {TypeError | RangeError} naming the option that is wrong, or when they take more than 40 bytes
 */
export function encodeTcpOptions(options: TcpOptions): Uint8Array<ArrayBuffer> {
  const { maximumSegmentSize, windowScale, sackPermitted, sack, timestamps, others } = fieldsOf(
    options,
    "TCP options",
    "options",
  );
  const bytes: number[] = [];
  if (maximumSegmentSize !== undefined) {
    add(bytes, MAXIMUM_SEGMENT_SIZE, two(uint16(maximumSegmentSize, "maximumSegmentSize")));
  }
  if (windowScale !== undefined) add(bytes, WINDOW_SCALE, [integer(windowScale, "windowScale", 0, 14)]);
  if (sackPermitted !== undefined && boolean(sackPermitted, "sackPermitted")) add(bytes, SACK_PERMITTED, []);
  if (timestamps !== undefined) {
    const { value, echo } = fieldsOf(timestamps, "{ value, echo }", "timestamps");
    add(bytes, TIMESTAMPS, [...four(value, "timestamps.value"), ...four(echo, "timestamps.echo")]);
  }
  if (sack !== undefined) {
    if (!Array.isArray(sack) || sack.length === 0) {
      throw new TypeError(`sack must be an array of { left, right }, not ${show(sack)}`);
    }
    const blocks = (sack as readonly SackBlock[]).flatMap((block, index) => {
      const { left, right } = fieldsOf(block, "{ left, right }", `sack[${index}]`);
      return [...four(left, `sack[${index}].left`), ...four(right, `sack[${index}].right`)];
    });
    add(bytes, SACK, blocks);
  }
  if (others !== undefined && !Array.isArray(others)) {
    throw new TypeError(`others must be an array of { type, data }, not ${show(others)}`);
  }
  (others as readonly IPv4Option[] | undefined)?.forEach((other, index) => {
    const name = `others[${index}]`;
    const { type, data } = fieldsOf(other, "{ type, data }", name);
    integer(type, `${name}.type`, 2, 0xff);
    add(bytes, type, [...bufferOf(data, `${name}.data`)]);
  });
  while (bytes.length % 4 !== 0) bytes.push(PADDING);
  if (bytes.length > MOST) throw new RangeError(`options must take at most ${MOST} bytes, not ${bytes.length}`);
  return Uint8Array.from(bytes);
}

function add(bytes: number[], type: number, data: readonly number[]): void {
  bytes.push(type, data.length + 2, ...data);
}

const scratch = new Uint8Array(new ArrayBuffer(4));

function two(value: number): number[] {
  put16(scratch, 0, value);
  return [...scratch.subarray(0, 2)];
}

function four(value: number, name: string): number[] {
  put32(scratch, 0, uint32(value, name));
  return [...scratch];
}
