// Control messages as bytes: the arithmetic of cmsg(3) on every system, against C, and with everything that a buffer can say
// that is not true.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { Region } from "../ffi/memory.ts";
import { darwin } from "../ffi/platform/darwin.ts";
import { freebsd } from "../ffi/platform/freebsd.ts";
import { linux } from "../ffi/platform/linux.ts";
import type { Platform } from "../ffi/platform/platform.ts";
import { windows } from "../ffi/platform/windows.ts";
import { type CmsgCodec, cmsg, cmsgCodec, type ControlPlace } from "../ffi/structs/cmsg.ts";
import {
  CMSG_LEN,
  CMSG_SPACE,
  ControlMessage,
  type ControlMessageClass,
  Credentials,
  DropCount,
  HopLimit,
  OriginalDestination,
  PacketInfo,
  ProcessFd,
  QueuedError,
  Rights,
  SegmentSize,
  Timestamp,
  TrafficClass,
  TransmitTime,
  UnknownControl,
  ZeroCopyDone,
} from "../src/index.ts";
import {
  type ControlBuffer,
  ControlMessages,
  type ControlPayload,
  controlPlaces,
  controlSpace,
  findControl,
  writeControl,
} from "../src/message/control.ts";
import { compileC, haveCC } from "./support/c.ts";
import { type Random, random } from "./support/random.ts";
import { throwsNaming, wrong } from "./support/throws.ts";

setDefaultTimeout(30_000); // of work, not of waiting: there may be machines that are slow, or busy

const SEED = Number(process.env["FUZZ_SEED"] ?? 20_261_120);
const systems: readonly (readonly [name: string, platform: Platform])[] = [
  ["linux", linux],
  ["darwin", darwin],
  ["freebsd", freebsd],
  ["windows", windows],
];

describe("CMSG_LEN and CMSG_SPACE", () => {
  // what the headers of each system say, read by a compiler: ../shared/abi
  const LENGTHS = [0, 1, 4, 8, 12, 20];
  test.each<[system: string, lengths: readonly number[], spaces: readonly number[], platform: Platform]>([
    ["linux", [16, 17, 20, 24, 28, 36], [16, 24, 24, 24, 32, 40], linux],
    ["darwin", [12, 13, 16, 20, 24, 32], [12, 16, 16, 20, 24, 32], darwin],
    ["freebsd", [16, 17, 20, 24, 28, 36], [16, 24, 24, 24, 32, 40], freebsd],
    ["windows", [16, 17, 20, 24, 28, 36], [16, 24, 24, 24, 32, 40], windows],
  ])("are those of the headers of %s", (_, lengths, spaces, platform) => {
    const codec = cmsgCodec(platform);
    expect(LENGTHS.map((size) => codec.length(size))).toEqual([...lengths]);
    expect(LENGTHS.map((size) => codec.space(size))).toEqual([...spaces]);
  });

  test("take sizes that a control message can have, and no others", () => {
    expect([CMSG_LEN(0), CMSG_SPACE(0)]).toEqual([cmsg.length(0), cmsg.space(0)]);
    expect([CMSG_LEN(5), CMSG_SPACE(5)]).toEqual([cmsg.length(5), cmsg.space(5)]);
    for (const call of [CMSG_LEN, CMSG_SPACE]) {
      for (const size of [-1, 0.5, NaN, Infinity, 2 ** 31, 2 ** 53]) throwsNaming(() => call(size), RangeError, "size");
      for (const size of [undefined, null, "4", 4n]) throwsNaming(() => call(wrong(size)), TypeError, "size");
      expect(call(0x7fff_ff00)).toBeGreaterThan(0x7fff_ff00);
    }
  });

  const note = haveCC ? "" : " (skipped: no C compiler)";
  test.skipIf(!haveCC || process.platform !== "linux")(`agree with the macros of C up to 5000 bytes${note}`, () => {
    const program = compileC(`
      #define _GNU_SOURCE
      #include <stdio.h>
      #include <sys/socket.h>
      int main(void) {
        for (size_t n = 0; n <= 5000; n++) printf("%zu %zu\\n", CMSG_LEN(n), CMSG_SPACE(n));
      }`);
    const lines = Bun.spawnSync([program]).stdout.toString().trim().split("\n");
    expect(lines.length).toBe(5001);
    expect(lines).toEqual(lines.map((_, size) => `${CMSG_LEN(size)} ${CMSG_SPACE(size)}`));
  });
});

/** Control messages of random levels and types, payloads of 0 to 80 bytes. */
function randomPayloads(from: Random, most = 8): ControlPayload[] {
  return Array.from({ length: from.int(most + 1) }, () => ({
    level: from.int(2 ** 32) | 0,
    type: from.int(2 ** 32) | 0,
    bytes: from.bytes(from.pick([0, 1, 3, 4, 5, 8, 12, 16, 20, from.int(81)])),
  }));
}

/** Writes them as a system lays them out: the memory, exactly as long as they take. */
function written(codec: CmsgCodec, payloads: readonly ControlPayload[]): Uint8Array<ArrayBuffer> {
  const size = payloads.reduce((sum, { bytes }) => sum + codec.space(bytes.length), 0);
  const memory = new Uint8Array(new ArrayBuffer(size));
  const view = new DataView(memory.buffer);
  let base = 0;
  for (const { level, type, bytes } of payloads) {
    memory.set(bytes, codec.write(view, base, level, type, bytes.length));
    base += codec.space(bytes.length);
  }
  return memory;
}

/** The walk over a buffer, as src/message/control.ts does it with the codec of this system. */
function* walk(codec: CmsgCodec, view: DataView, start: number, end: number): Generator<ControlPlace> {
  for (
    let place = codec.read(view, start, end);
    place !== undefined;
    place = place.cut ? undefined : codec.read(view, codec.next(place), end)
  ) {
    yield place;
  }
}

describe.each(systems)("a buffer as %s lays it out", (_, platform) => {
  const codec = cmsgCodec(platform);
  const header = codec.length(0);

  test("gives back what was written, and every header and payload is aligned", () => {
    const from = random(SEED);
    for (let time = 0; time < 2000; time++) {
      const payloads = randomPayloads(from);
      const memory = written(codec, payloads);
      const places = [...walk(codec, new DataView(memory.buffer), 0, memory.length)];
      expect(
        places.map(({ level, type, offset, size }) => ({ level, type, bytes: memory.slice(offset, offset + size) })),
      ).toEqual(payloads);
      for (const { offset, cut } of places) {
        expect(offset % platform.cmsgAlign).toBe(0);
        expect(cut).toBeFalse();
      }
    }
  });

  test("ends where it ends: every shorter buffer shows the messages before, and the last one cut", () => {
    const sizes = [4, 0, 7, 12];
    const payloads = sizes.map((size, type) => ({ level: 1, type, bytes: random(size).bytes(size) }));
    const memory = written(codec, payloads);
    const starts = sizes.map((_size, index) => sizes.slice(0, index).reduce((sum, n) => sum + codec.space(n), 0));
    for (let end = 0; end <= memory.length; end++) {
      const view = new DataView(memory.buffer, 0, end); // reading after the end would throw
      const places = [...walk(codec, view, 0, end)];
      const begun = starts.filter((start) => start + header <= end).length;
      expect(places.map(({ type }) => type)).toEqual([0, 1, 2, 3].slice(0, begun));
      for (const [index, { offset, size, cut }] of places.entries()) {
        expect(size).toBe(Math.min(sizes[index] as number, end - offset));
        expect(cut).toBe(size < (sizes[index] as number));
      }
    }
  });

  test("may begin anywhere in its memory", () => {
    const payloads = randomPayloads(random(SEED + 1), 8);
    const inner = written(codec, payloads);
    for (const start of [0, 8, 64, 1000]) {
      const memory = new Uint8Array(start + inner.length + 50).fill(0xff);
      memory.set(inner, start);
      const places = [...walk(codec, new DataView(memory.buffer), start, start + inner.length)];
      expect(places.map(({ level, type }) => [level, type])).toEqual(payloads.map(({ level, type }) => [level, type]));
    }
  });

  const [, lengthSize] = platform.structs.cmsghdr.fields.cmsg_len;
  test.each<[said: string, length: bigint, read: { size: number; cut: boolean } | undefined]>([
    ["0", 0n, undefined],
    ["1", 1n, undefined],
    ["the header but one", BigInt(header) - 1n, undefined],
    ["the header", BigInt(header), { size: 0, cut: false }],
    ["one more than the header", BigInt(header) + 1n, { size: 1, cut: false }],
    ["all there is", BigInt(header) + 24n, { size: 24, cut: false }],
    ["one more than there is", BigInt(header) + 25n, { size: 24, cut: true }],
    ["2^31", 1n << 31n, { size: 24, cut: true }],
    ["2^32 - 1", (1n << 32n) - 1n, { size: 24, cut: true }],
    ["2^32 and the header", (1n << 32n) + BigInt(header), { size: 24, cut: true }],
    ["2^53 + 1", (1n << 53n) + 1n, { size: 24, cut: true }],
    ["2^63", 1n << 63n, { size: 24, cut: true }],
    ["2^64 - 1", (1n << 64n) - 1n, { size: 24, cut: true }],
  ])("that says %s is its length is read within its bounds", (_said, length, read) => {
    if (lengthSize === 4 && length >= 1n << 32n) return; // cannot be said there
    const memory = written(codec, [{ level: -1, type: -2, bytes: new Uint8Array(24) }]);
    const view = new DataView(memory.buffer);
    if (lengthSize === 4) view.setUint32(0, Number(length), true);
    else view.setBigUint64(0, length, true);
    const place = codec.read(view, 0, memory.length);
    if (read === undefined) expect(place).toBeUndefined();
    else expect(place).toEqual({ level: -1, type: -2, offset: header, ...read });
    expect([...walk(codec, view, 0, memory.length)].length).toBe(read === undefined ? 0 : 1);
  });
});

describe.skipIf(!haveCC || process.platform !== "linux")(
  `the buffers of this system${haveCC ? "" : " (skipped: no C compiler)"}`,
  () => {
    test("are walked by CMSG_FIRSTHDR and CMSG_NXTHDR to what was written", () => {
      const program = compileC(`
        #define _GNU_SOURCE
        #include <stdint.h>
        #include <stdio.h>
        #include <sys/socket.h>
        int main(void) {
          static _Alignas(16) unsigned char space[1 << 16];
          uint32_t size;
          while (fread(&size, 4, 1, stdin) == 1 && fread(space, 1, size, stdin) == size) {
            struct msghdr message = {.msg_control = space, .msg_controllen = size};
            for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c != NULL; c = CMSG_NXTHDR(&message, c)) {
              printf("%d,%d,", c->cmsg_level, c->cmsg_type);
              for (size_t i = 0; i < c->cmsg_len - CMSG_LEN(0); i++) printf("%02x", CMSG_DATA(c)[i]);
              printf(" ");
            }
            printf("\\n");
          }
        }`);
      const from = random(SEED + 2);
      const input: Uint8Array[] = [];
      const wanted: string[] = [];
      for (let time = 0; time < 500; time++) {
        const payloads = randomPayloads(from);
        const region = new Region(controlSpace(payloads));
        const end = writeControl(region, 0, payloads);
        expect(end).toBe(controlSpace(payloads));
        input.push(new Uint8Array(Uint32Array.of(end).buffer), region.bytes.subarray(0, end));
        wanted.push(payloads.map(({ level, type, bytes }) => `${level},${type},${bytes.toHex()} `).join(""));
      }
      const { stdout } = Bun.spawnSync([program], { stdin: Buffer.concat(input) });
      expect(stdout.toString().split("\n").slice(0, -1)).toEqual(wanted);
    });

    test("that C has written are walked to what it wrote", () => {
      const program = compileC(`
        #define _GNU_SOURCE
        #include <stdio.h>
        #include <string.h>
        #include <sys/socket.h>
        int main(void) {
          static _Alignas(16) unsigned char space[1 << 16];
          struct msghdr message = {.msg_control = space, .msg_controllen = sizeof space};
          struct cmsghdr *c = CMSG_FIRSTHDR(&message);
          size_t total = 0;
          for (int n = 0; n < 100; n++, c = CMSG_NXTHDR(&message, c)) {
            c->cmsg_level = -n;
            c->cmsg_type = n * 1000;
            c->cmsg_len = CMSG_LEN(n);
            memset(CMSG_DATA(c), n, n);
            total += CMSG_SPACE(n);
          }
          fwrite(space, 1, total, stdout);
        }`);
      const memory = new Uint8Array(Bun.spawnSync([program]).stdout);
      const places = [...walk(cmsg, new DataView(memory.buffer, memory.byteOffset, memory.length), 0, memory.length)];
      expect(places.map(({ level, type, size }) => [level, type, size])).toEqual(
        Array.from({ length: 100 }, (_, n) => [-n | 0, n * 1000, n]),
      );
      for (const [n, { offset, size }] of places.entries()) {
        expect(memory.subarray(offset, offset + size).every((byte) => byte === n)).toBeTrue();
      }
    });
  },
);

// What Linux numbers its control messages, and which class each is; `from` is the payload that is long enough for it.
interface Known {
  readonly name: string;
  readonly level: number;
  readonly type: number;
  readonly classes: readonly ControlMessageClass<ControlMessage>[];
  readonly from: number;
}

const known: readonly Known[] = (
  [
    ["IP_TOS", 0, 1, [TrafficClass], 1],
    ["IP_TTL", 0, 2, [HopLimit], 1],
    ["IP_PKTINFO", 0, 8, [PacketInfo], 12],
    ["IP_RECVERR", 0, 11, [QueuedError, ZeroCopyDone], 16],
    ["IP_RECVTTL", 0, 12, [HopLimit], 1],
    ["IP_RECVTOS", 0, 13, [TrafficClass], 1],
    ["IP_ORIGDSTADDR", 0, 20, [OriginalDestination], 2],
    ["SCM_RIGHTS", 1, 1, [], 65],
    ["SCM_CREDENTIALS", 1, 2, [Credentials], 12],
    ["SCM_PIDFD", 1, 4, [], 65],
    ["SCM_TIMESTAMP", 1, 29, [Timestamp], 16],
    ["SCM_TIMESTAMPNS", 1, 35, [Timestamp], 16],
    ["SCM_TIMESTAMPING", 1, 37, [Timestamp], 48],
    ["SO_RXQ_OVFL", 1, 40, [DropCount], 4],
    ["SCM_TXTIME", 1, 61, [TransmitTime], 8],
    ["SO_TIMESTAMP_NEW", 1, 63, [Timestamp], 16],
    ["SO_TIMESTAMPNS_NEW", 1, 64, [Timestamp], 16],
    ["SO_TIMESTAMPING_NEW", 1, 65, [Timestamp], 48],
    ["UDP_SEGMENT", 17, 103, [SegmentSize], 2],
    ["UDP_GRO", 17, 104, [SegmentSize], 2],
    ["IPV6_RECVERR", 41, 25, [QueuedError, ZeroCopyDone], 16],
    ["IPV6_PKTINFO", 41, 50, [PacketInfo], 20],
    ["IPV6_HOPLIMIT", 41, 52, [HopLimit], 1],
    ["IPV6_TCLASS", 41, 67, [TrafficClass], 1],
    ["IPV6_ORIGDSTADDR", 41, 74, [OriginalDestination], 2],
  ] as const
).map(([name, level, type, classes, from]) => ({ name, level, type, classes, from }));

const classes: readonly ControlMessageClass<ControlMessage>[] = [
  ...[Credentials, DropCount, HopLimit, OriginalDestination, PacketInfo, ProcessFd, QueuedError, Rights, SegmentSize],
  ...[Timestamp, TrafficClass, TransmitTime, UnknownControl, ZeroCopyDone],
];

function isOf(message: ControlMessage, type: ControlMessageClass<ControlMessage>): boolean {
  return message instanceof (type as unknown as new () => ControlMessage);
}

/** A buffer of one message, and what comes out of it. */
function decoded({ level, type }: { level: number; type: number }, bytes: Uint8Array<ArrayBuffer>): ControlMessage {
  const memory = written(cmsg, [{ level, type, bytes }]);
  const messages = [...new ControlMessages(bufferOf(memory))];
  if (messages.length !== 1) throw new Error(`${messages.length} messages came out of one`);
  return messages[0] as ControlMessage;
}

function bufferOf(bytes: Uint8Array<ArrayBuffer>): ControlBuffer {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length), start: 0, end: bytes.length };
}

/** Everything that can be asked of a message. */
function lookAt(message: ControlMessage): string {
  if (message instanceof PacketInfo) {
    const { destination, source, interfaceIndex } = message;
    return `${destination} ${source} ${interfaceIndex} ${message.payloadFor(source.unmapped().family === 10).bytes.length}`;
  }
  if (message instanceof OriginalDestination) return `${message.address} ${message.address.toBytes().length}`;
  if (message instanceof QueuedError) return `${message.code} ${message.origin} ${message.offender}`;
  if (message instanceof SegmentSize) return `${message.size}`;
  if (message instanceof Timestamp) return `${message.epochNanoseconds} ${message.hardware}`;
  return String(message);
}

describe.skipIf(process.platform !== "linux")(
  "the codecs, with payloads of every length (the numbers are Linux's)",
  () => {
    test.each(known.map((each) => [each.name, each] as const))("%s is its class or UnknownControl", (_, each) => {
      const from = random(SEED + each.level * 1000 + each.type);
      for (let length = 0; length <= 64; length++) {
        const payloads = [0, 1, 0x7f, 0x80, 0xff].map((byte) => new Uint8Array(length).fill(byte));
        for (let time = 0; time < 60; time++) payloads.push(from.bytes(length));
        for (const bytes of payloads) {
          const message = decoded(each, bytes);
          if (!(message instanceof UnknownControl)) {
            expect(each.classes.some((type) => isOf(message, type))).toBeTrue();
            expect(length).toBeGreaterThanOrEqual(each.from);
          }
          expect([message.level, message.type]).toEqual([each.level, each.type]);
          expect(message.bytes).toEqual(bytes);
          lookAt(message);
        }
        // long enough, and with nothing that means "none" in it
        const sure = decoded(each, new Uint8Array(length).fill(1));
        expect(sure instanceof UnknownControl).toBe(length < each.from);
      }
    });

    test("credentials of nobody, of a process that cannot be, and of no user are UnknownControl", () => {
      const at = { level: 1, type: 2 };
      const ucred = (...fields: number[]): Uint8Array<ArrayBuffer> => new Uint8Array(Int32Array.from(fields).buffer);
      expect(decoded(at, ucred(1, 2, 3))).toMatchObject({ pid: 1, uid: 2, gid: 3 });
      expect(decoded(at, ucred(0x7fff_ffff, -2, -2))).toMatchObject({ pid: 0x7fff_ffff, uid: 2 ** 32 - 2 });
      for (const fields of [
        [0, 0, 0],
        [-1, 0, 0],
        [-0x8000_0000, 0, 0],
        [1, -1, 0],
        [1, 0, -1],
      ]) {
        expect(decoded(at, ucred(...fields))).toBeInstanceOf(UnknownControl);
      }
    });

    test("levels and types that nobody knows are UnknownControl, negative ones too", () => {
      for (const [level, type] of [
        [-1, -1],
        [0, -8],
        [-0x8000_0000, 8],
        [0x7fff_ffff, 0x7fff_ffff],
        [41, 8],
        [8, 0],
      ]) {
        const message = decoded({ level: level as number, type: type as number }, Uint8Array.of(1, 2, 3, 4));
        expect(message).toBeInstanceOf(UnknownControl);
        expect(message).toMatchObject({ kind: "unknown", level, type, bytes: Uint8Array.of(1, 2, 3, 4) });
      }
    });

    test("the one asked for is the first of its class, and what is too short for its class is found as UnknownControl", () => {
      const short = { level: 0, type: 8, bytes: new Uint8Array(11) }; // IP_PKTINFO
      const long = { level: 0, type: 8, bytes: new Uint8Array(12).fill(7) };
      const other = { level: 0, type: 8, bytes: new Uint8Array(12).fill(9) };
      const control = new ControlMessages(bufferOf(written(cmsg, [short, long, other])));
      expect([...control].map(({ kind }) => kind)).toEqual(["unknown", "packet-info", "packet-info"]);
      expect(control.get(PacketInfo)?.bytes).toEqual(long.bytes);
      expect(control.get(UnknownControl)?.bytes).toEqual(short.bytes);
      expect(control.get(Rights)).toBeUndefined();
    });
  },
);

/** A view that knows where the buffer begins and ends, and takes no read outside for granted. */
class Watched extends DataView<ArrayBuffer> {
  start = 0;
  end = 0;

  #look(at: number, size: number): void {
    if (at < this.start || at + size > this.end)
      throw new Error(`read ${size} at ${at} of ${this.start} to ${this.end}`);
  }

  override getUint32(at: number, little?: boolean): number {
    this.#look(at, 4);
    return super.getUint32(at, little);
  }

  override getInt32(at: number, little?: boolean): number {
    this.#look(at, 4);
    return super.getInt32(at, little);
  }
}

const MOST = 256;
// as bytes, because BigInts would take most of the time
const lies: readonly Uint8Array[] = [
  ...[0n, 1n, 7n, 8n, 11n, 12n, 13n, 15n, 16n, 17n, 20n, 24n, 28n, 64n, 255n, 256n, 257n, 0x7fffn, 0x7fff_fff0n],
  ...[0x7fff_ffffn, 0x8000_0000n, 0xffff_fff0n, 0xffff_ffffn, 1n << 32n, (1n << 32n) + 20n, (1n << 53n) - 1n],
  ...[1n << 53n, (1n << 53n) + 20n, 1n << 62n, (1n << 63n) - 1n, 1n << 63n, (1n << 63n) + 20n, (1n << 64n) - 8n],
  ...[(1n << 64n) - 1n, 0x1414_1414_1414_1414n],
].map((length) => new Uint8Array(BigUint64Array.of(length).buffer));

/** Makes buffers of messages that are known, then lies about them. The memory is one, and is used again. */
class Liar {
  readonly #from: Random;
  readonly #codec: CmsgCodec;
  readonly #lengthSize: number;
  readonly #places: { readonly memory: Uint8Array<ArrayBuffer>; readonly bases: readonly number[] }[] = [];
  readonly view: Watched;
  readonly memory: Uint8Array<ArrayBuffer>;

  constructor(seed: number, platform: Platform) {
    this.#from = random(seed);
    this.#codec = cmsgCodec(platform);
    this.#lengthSize = platform.structs.cmsghdr.fields.cmsg_len[1];
    this.memory = new Uint8Array(new ArrayBuffer(MOST + 64));
    this.view = new Watched(this.memory.buffer);
    for (let time = 0; time < 200; time++) this.#places.push(this.#honest());
  }

  #honest(): { memory: Uint8Array<ArrayBuffer>; bases: readonly number[] } {
    const bases: number[] = [];
    const payloads: ControlPayload[] = [];
    let base = 0;
    for (let count = 1 + this.#from.int(5); count > 0; count--) {
      const { level, type, from } = this.#from.pick(known);
      const length = this.#from.pick([0, 1, 4, Math.min(from, 48), Math.min(from, 48) + 4, this.#from.int(65)]);
      if (base + this.#codec.space(length) > MOST) break;
      bases.push(base);
      base += this.#codec.space(length);
      payloads.push({ level, type, bytes: this.#from.bytes(length) });
    }
    return { memory: written(this.#codec, payloads), bases };
  }

  /** The next buffer: in `memory`, from `view.start` to `view.end`. */
  next(): void {
    const { memory, view } = this;
    const from = this.#from;
    const { memory: honest, bases } = from.pick(this.#places);
    const start = from.int(4) * 8;
    memory.fill(from.int(2) === 0 ? 0 : 0xff);
    memory.set(honest, start);
    let end = start + honest.length;
    switch (from.int(8)) {
      case 0: // nothing but noise
        for (let at = start; at < end; at++) memory[at] = from.int(256);
        break;
      case 1: // ends early, or takes what comes after it for more
        end = start + from.int(MOST + 32 - start);
        break;
      case 2: // some bytes are others
        for (let count = 1 + from.int(6); count > 0 && end > start; count--) {
          memory[start + from.int(end - start)] = from.int(256);
        }
        break;
      case 3: // another level and type
        for (const base of bases) {
          const { level, type } = from.pick(known);
          view.setInt32(start + base + this.#lengthSize, from.int(8) === 0 ? -level : level, true);
          view.setInt32(start + base + this.#lengthSize + 4, from.int(8) === 0 ? -type : type, true);
        }
        break;
      case 4: // not where it should be
        end = Math.max(start, end - 1 - from.int(12));
        memory.copyWithin(start, start + from.int(20));
        break;
      default: // a length that is not true
        memory.set(
          (from.pick(lies) as Uint8Array).subarray(0, this.#lengthSize),
          start + (bases.length > 0 ? from.pick(bases) : 0),
        );
    }
    view.start = start;
    view.end = end;
  }
}

/** How many messages there are at most: each takes a header. */
function mostMessages(liar: Liar, header: number): number {
  return Math.floor((liar.view.end - liar.view.start) / header) + 1;
}

function checkPlace({ offset, size, level, type }: ControlPlace, view: Watched, before: number, header: number): void {
  if (offset < view.start + header || offset < before + header)
    throw new Error(`payload at ${offset}, not after ${before}`);
  if (!(size >= 0) || offset + size > view.end)
    throw new Error(`payload of ${size} at ${offset} ends after ${view.end}`);
  if ((level | 0) !== level || (type | 0) !== type) throw new Error(`level ${level}, type ${type}`);
}

const MILLION = 1_000_000;
const cases = Number(process.env["FUZZ_CASES"] ?? MILLION);

describe("a million buffers that lie", () => {
  test.each(systems)(
    "are walked to their end and never past it, as %s lays them out",
    (_, platform) => {
      const codec = cmsgCodec(platform);
      const header = codec.length(0);
      const liar = new Liar(SEED, platform);
      const { view } = liar;
      let messages = 0;
      let cut = 0;
      for (let time = 0; time < cases / 2; time++) {
        liar.next();
        let before = view.start - header;
        let left = mostMessages(liar, header);
        let place = codec.read(view, view.start, view.end);
        while (place !== undefined) {
          if (left-- === 0) throw new Error("the walk does not end");
          checkPlace(place, view, before, header);
          before = place.offset + place.size - header;
          messages++;
          if (place.cut) cut++;
          place = place.cut ? undefined : codec.read(view, codec.next(place), view.end);
        }
      }
      expect(messages).toBeGreaterThan(cases / 4); // there was something to be walked over
      expect(cut).toBeGreaterThan(cases / 100);
    },
    60_000,
  );

  test.skipIf(process.platform !== "linux")(
    "give a class or UnknownControl for each message, and the same by get() (the numbers are Linux's)",
    () => {
      const liar = new Liar(SEED + 7, linux);
      const { view, memory } = liar;
      const header = cmsg.length(0);
      const from = random(SEED + 8);
      const kinds = new Set<string>();
      for (let time = 0; time < cases; time++) {
        liar.next();
        const buffer: ControlBuffer = { bytes: memory, view, start: view.start, end: view.end };
        const wanted = from.pick(classes);
        let first: ControlMessage | undefined;
        let left = mostMessages(liar, header);
        for (const message of new ControlMessages(buffer)) {
          if (left-- === 0) throw new Error("the walk does not end");
          if (first === undefined && isOf(message, wanted)) first = message;
          kinds.add(message.kind);
          if ((time & 15) === 0) lookAt(message);
        }
        const found = findControl(buffer, wanted);
        if (found?.kind !== first?.kind || found?.bytes.length !== first?.bytes.length) {
          throw new Error(
            `get() found ${Bun.inspect(found)} and not ${Bun.inspect(first)}, seed ${SEED}, case ${time}`,
          );
        }
      }
      // all that can come out without a kernel that has put descriptors into this process
      const ours = classes.filter((type) => type !== Rights && type !== ProcessFd);
      expect(kinds.size).toBe(ours.length);
    },
    60_000,
  );

  test.skipIf(process.platform !== "linux")("say the same whatever lies before and after them (needs Linux)", () => {
    const seen = (surroundings: number): string[] => {
      const liar = new Liar(SEED + 9, linux);
      const { view, memory } = liar;
      return Array.from({ length: 50_000 }, () => {
        liar.next();
        memory.fill(surroundings, 0, view.start);
        memory.fill(surroundings, view.end);
        const buffer: ControlBuffer = { bytes: memory, view, start: view.start, end: view.end };
        const places = [...controlPlaces(buffer)].map(({ level, type, offset, size }) => [level, type, offset, size]);
        const messages = [...new ControlMessages(buffer)].map(({ kind, bytes }) => `${kind} ${bytes.toHex()}`);
        return `${places.join()} ${messages.join()}`;
      });
    };
    expect(Bun.hash(seen(0xff).join("\n"))).toBe(Bun.hash(seen(0).join("\n")));
  });
});
