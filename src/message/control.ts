// Control messages in general: what all classes have in common, the list of those that are known, and the two ways between
// them and bytes. Each class registers its codec; none is known here.

import { Region } from "../../ffi/memory.ts";
import { platform } from "../../ffi/platform/index.ts";
import type { ConstantName } from "../../ffi/platform/platform.ts";
import { cmsg, type ControlPlace } from "../../ffi/structs/cmsg.ts";
import { int32, integer, show } from "../arguments.ts";
import { inspectAsText } from "../inspect.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** What the kernel is told: level, type and payload, as cmsg(3) has them. */
export interface ControlPayload {
  readonly level: number;
  readonly type: number;
  readonly bytes: Bytes;
}

/** The fields that all have. */
const COMMON: readonly string[] = ["kind", "level", "type", "bytes"];

/** A control message: ancillary data of recvmsg(2) and sendmsg(2). Plain and immutable. */
export abstract class ControlMessage implements ControlPayload {
  /** Tells the classes apart. */
  abstract readonly kind: string;
  /** SOL_SOCKET, IPPROTO_* */
  readonly level: number;
  /** SCM_*, IP_*, ... */
  readonly type: number;
  /** The raw payload. */
  readonly bytes: Bytes;

  protected constructor({ level, type, bytes }: ControlPayload) {
    this.level = level;
    this.type = type;
    this.bytes = bytes;
  }

  static {
    inspectAsText(this.prototype);
  }

  /** What it says: `dscp 0, ecn 3`, or the value alone where there is but one. */
  toString(): string {
    const fields = Object.entries(this).filter(([name, value]) => !COMMON.includes(name) && value !== undefined);
    if (fields.length === 1) return String(fields[0]?.[1]);
    return fields.map(([name, value]) => `${name} ${String(value)}`).join(", ");
  }

  /** What is sent on a socket of a family to a destination of IPv4 or not: some have another level for each. Internal. */
  payloadFor(_ipv6: boolean): ControlPayload {
    return this;
  }
}

/** A class of control messages, to ask for: `message.control.get(PacketInfo)`. */
export interface ControlMessageClass<T extends ControlMessage> {
  readonly prototype: T;
}

/** How a class is read from the kernel's bytes; undefined for a payload that is too short for it. */
export type ControlDecoder = (payload: ControlPayload) => ControlMessage | undefined;

interface Codec {
  readonly types: readonly ControlMessageClass<ControlMessage>[];
  readonly level: ConstantName;
  readonly number: ConstantName;
  readonly decode: ControlDecoder;
}

const registered: Codec[] = [];
let known: Map<number, Codec> | undefined;

function key(level: number, type: number): number {
  return level * 0x1_0000_0000 + (type >>> 0);
}

/** Makes a class (or several) known for a level and type, by the names of their constants. Internal. */
export function registerControl(
  type: ControlMessageClass<ControlMessage> | readonly ControlMessageClass<ControlMessage>[],
  level: ConstantName,
  number: ConstantName,
  decode: ControlDecoder,
): void {
  registered.push({ types: Array.isArray(type) ? type : [type], level, number, decode });
}

// Made when the first control message is looked at, because the numbers are in the big table of constants.
function codecFor(level: number, type: number): Codec | undefined {
  if (known === undefined) {
    known = new Map();
    for (const codec of registered) {
      const [levelNumber, number] = [platform.constants[codec.level], platform.constants[codec.number]];
      if (levelNumber !== undefined && number !== undefined) known.set(key(levelNumber, number), codec);
    }
  }
  return known.get(key(level, type));
}

/** A control message that berkeley has no class for, received or to be sent. Its bytes are the payload. */
export class UnknownControl extends ControlMessage {
  readonly kind = "unknown" as const;

  /** @throws TypeError, RangeError; descriptors in SCM_RIGHTS are checked when it is sent */
  constructor(level: number, type: number, bytes: Uint8Array) {
    if (!(bytes instanceof Uint8Array)) throw new TypeError(`bytes must be a Uint8Array, not ${show(bytes)}`);
    super({ level: int32(level, "level"), type: int32(type, "type"), bytes: copyBytes(bytes) });
  }

  /** `level 1, type 2, 3 bytes` */
  override toString(): string {
    return `level ${this.level}, type ${this.type}, ${this.bytes.length} bytes`;
  }
}

/** A copy in memory of its own. */
export function copyBytes(bytes: Uint8Array): Bytes {
  const copy = new Uint8Array(new ArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}

/** A view on payload bytes, for the layout accessors. */
export function payloadView(bytes: Bytes): DataView<ArrayBuffer> {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A buffer of control messages as the kernel filled it. */
export interface ControlBuffer {
  readonly bytes: Bytes;
  readonly view: DataView;
  readonly start: number;
  readonly end: number;
  /** Those that own descriptors, and so were made at once: by the offset of their payload. */
  readonly owned?: ReadonlyMap<number, ControlMessage> | undefined;
}

function decodeAt({ bytes, owned }: ControlBuffer, { level, type, offset, size }: ControlPlace): ControlMessage {
  const payload = { level, type, bytes: bytes.slice(offset, offset + size) };
  return owned?.get(offset) ?? codecFor(level, type)?.decode(payload) ?? new UnknownControl(level, type, payload.bytes);
}

/** The first message of a class in a buffer, or undefined; the walk is bounded by the buffer, whatever its headers say. */
export function findControl<T extends ControlMessage>(
  buffer: ControlBuffer,
  type: ControlMessageClass<T>,
): T | undefined {
  const { view, start, end } = buffer;
  for (let place = cmsg.read(view, start, end); place !== undefined; place = nextPlace(buffer, place)) {
    const codec = codecFor(place.level, place.type);
    // a payload that is too short for its class is an UnknownControl too
    if ((type as unknown) !== UnknownControl && codec?.types.includes(type) !== true) continue;
    const message = decodeAt(buffer, place);
    if (message instanceof (type as unknown as new () => T)) return message;
  }
  return undefined;
}

function nextPlace({ view, end }: ControlBuffer, place: ControlPlace): ControlPlace | undefined {
  return place.cut ? undefined : cmsg.read(view, cmsg.next(place), end);
}

/** Where the messages of a buffer lie. Internal. */
export function* controlPlaces(buffer: ControlBuffer): Generator<ControlPlace> {
  const { view, start, end } = buffer;
  for (let place = cmsg.read(view, start, end); place !== undefined; place = nextPlace(buffer, place)) yield place;
}

/** The control messages of a message that was received: decoded when they are asked for. */
export class ControlMessages implements Iterable<ControlMessage> {
  readonly #buffer: ControlBuffer;

  constructor(buffer: ControlBuffer) {
    this.#buffer = buffer;
  }

  static {
    inspectAsText(this.prototype);
  }

  /** The first of a class, or undefined. */
  get<T extends ControlMessage>(type: ControlMessageClass<T>): T | undefined {
    return findControl(this.#buffer, type);
  }

  /** All of them, in the kernel's order; those without a class are UnknownControl. */
  *[Symbol.iterator](): Generator<ControlMessage> {
    for (const place of controlPlaces(this.#buffer)) yield decodeAt(this.#buffer, place);
  }

  /** All of them: `PacketInfo(127.0.0.1 on 1), HopLimit(64)`. */
  toString(): string {
    return Array.from(this, (message) => `${message.constructor.name}(${message})`).join(", ");
  }
}

/** `CMSG_LEN` of cmsg(3): what cmsg_len says for a payload of so many bytes. */
export function CMSG_LEN(size: number): number {
  return cmsg.length(integer(size, "size", 0, 0x7fff_ff00));
}

/** `CMSG_SPACE` of cmsg(3): how much of a control buffer a payload of so many bytes takes. */
export function CMSG_SPACE(size: number): number {
  return cmsg.space(integer(size, "size", 0, 0x7fff_ff00));
}

/** The largest control buffer that is sent; Linux's own limit is net.core.optmem_max, 20 to 128 KiB. */
const LARGEST_CONTROL = 1 << 17;

/** Checks a list of control messages that a user gives. */
export function checkControl(control: unknown, name = "control"): ControlMessage[] {
  if (typeof control !== "object" || control === null || !(Symbol.iterator in control)) {
    throw new TypeError(`${name} must be an array of control messages, not ${show(control)}`);
  }
  const messages = [...(control as Iterable<unknown>)]; // once: a generator of the user's may do anything
  for (const [index, message] of messages.entries()) {
    if (!(message instanceof ControlMessage)) {
      throw new TypeError(
        `${name}[${index}] must be a control message (PacketInfo, Rights, ...), not ${show(message)}`,
      );
    }
  }
  return messages as ControlMessage[];
}

/** How much of a control buffer these take. */
export function controlSpace(payloads: readonly ControlPayload[], name = "control"): number {
  const total = payloads.reduce((sum, { bytes }) => sum + cmsg.space(bytes.length), 0);
  if (total > LARGEST_CONTROL) {
    throw new RangeError(`${name} takes ${total} bytes, and at most ${LARGEST_CONTROL} can be sent`);
  }
  return total;
}

/** Writes them into a control buffer from an offset on: where they end. The buffer must be zero: padding counts (cmsg(3)). */
export function writeControl(region: Region, start: number, payloads: readonly ControlPayload[]): number {
  let base = start;
  for (const { level, type, bytes } of payloads) {
    region.bytes.set(bytes, cmsg.write(region.view, base, level, type, bytes.length));
    base += cmsg.space(bytes.length);
  }
  return base;
}
