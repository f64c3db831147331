// Classic BPF on sockets: programs, and the memory that they are in.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { setsockopt } from "../ffi/calls.ts";
import { linux } from "../ffi/platform/linux.ts";
import { AF_INET, POLLIN, SOCK_DGRAM, Socket } from "../src/index.ts";
import type { BpfInstruction } from "../src/options.ts";
import * as option from "../src/options.ts";
import { addressOf, loopback, Sockets, UdpPair } from "./support/sockets.ts";
import { throwsNaming, wrong } from "./support/throws.ts";

setDefaultTimeout(30_000); // of work, not of waiting: there may be machines that are slow, or busy

const onLinux = process.platform === "linux";
const encode = (program: readonly BpfInstruction[]): Uint8Array<ArrayBuffer> =>
  option.SO_ATTACH_FILTER.set.encode(program, "SO_ATTACH_FILTER", linux);

const keep = (k = 0xffff_ffff): BpfInstruction => ({ code: 0x06, jt: 0, jf: 0, k }); // BPF_RET | BPF_K
const HEADER = 8; // struct udphdr, with which a UDP socket's packets begin

/** Lets datagrams through whose first byte is this one, after many instructions that change nothing. */
function firstByteIs(letter: string, padding = 0): BpfInstruction[] {
  return [
    ...Array.from({ length: padding }, (_, k) => ({ code: 0x00, jt: 0, jf: 0, k })), // BPF_LD | BPF_IMM
    { code: 0x30, jt: 0, jf: 0, k: HEADER }, // BPF_LD | BPF_B | BPF_ABS
    { code: 0x15, jt: 0, jf: 1, k: letter.charCodeAt(0) }, // BPF_JMP | BPF_JEQ | BPF_K
    keep(),
    keep(0),
  ];
}

/** What of these datagrams gets through. */
function received({ a, b }: UdpPair, ...sent: readonly string[]): string[] {
  for (const text of sent) a.send(text);
  const got: string[] = [];
  while (b.conditionCheck(POLLIN) !== 0) got.push(Buffer.from(b.receiveBytes(100)).toString());
  return got;
}

describe("the bytes of a program", () => {
  test("struct sock_filter, and the struct sock_fprog that points to them", () => {
    const bytes = encode([
      { code: 0x0102, jt: 3, jf: 4, k: 0x05060708 },
      { code: 0, jt: 0, jf: 0, k: -4096 }, // SKF_AD_OFF
    ]);
    expect(bytes.length).toBe(16);
    const view = new DataView(bytes.buffer);
    expect(view.getUint16(0, true)).toBe(2);
    const { instructions } = bytes as unknown as { instructions: { bytes: Uint8Array; address: number } };
    expect(Buffer.from(instructions.bytes).toString("hex")).toBe("020103040807060500000000" + "00f0ffff");
    expect(Number(view.getBigUint64(8, true))).toBe(instructions.address);
  });

  test("limits", () => {
    throwsNaming(() => encode([]), RangeError, "SO_ATTACH_FILTER.length must be an integer from 1 to 4096, not 0");
    throwsNaming(() => encode(Array(4097).fill(keep())), RangeError, "SO_ATTACH_FILTER.length");
    expect(encode(Array(4096).fill(keep())).length).toBe(16);
    throwsNaming(() => encode(wrong(keep())), TypeError, "SO_ATTACH_FILTER must be an array of instructions");
    throwsNaming(() => encode([keep(), wrong(6)]), TypeError, "SO_ATTACH_FILTER[1] must be { code, jt, jf, k }");
    throwsNaming(() => encode(Array(1)), TypeError, "SO_ATTACH_FILTER[0]");
    throwsNaming(() => encode([{ ...keep(), code: 0x1_0000 }]), RangeError, "SO_ATTACH_FILTER[0].code");
    throwsNaming(() => encode([{ ...keep(), jt: 256 }]), RangeError, "SO_ATTACH_FILTER[0].jt");
    throwsNaming(() => encode([{ ...keep(), jf: -1 }]), RangeError, "SO_ATTACH_FILTER[0].jf");
    throwsNaming(() => encode([{ ...keep(), k: 2 ** 32 }]), RangeError, "SO_ATTACH_FILTER[0].k");
  });

  test("a part cut from them is plain bytes", () => {
    expect(encode([keep()]).subarray(0, 2).constructor).toBe(Uint8Array);
  });
});

describe.skipIf(!onLinux)("a filter (needs Linux)", () => {
  test("drops what it does not want, until it is taken away", () => {
    using pair = new UdpPair();
    pair.b.setOption(option.SO_ATTACH_FILTER, firstByteIs("A"));
    expect(received(pair, "Ax", "Bx", "Ay")).toEqual(["Ax", "Ay"]);
    pair.b.setOption(option.SO_ATTACH_FILTER, firstByteIs("B"));
    expect(received(pair, "Ax", "Bx")).toEqual(["Bx"]);
    pair.b.setOption(option.SO_DETACH_FILTER, undefined);
    expect(received(pair, "Ax", "Bx")).toEqual(["Ax", "Bx"]);
  });

  test("cuts what it does not want whole", () => {
    using pair = new UdpPair();
    pair.b.setOption(option.SO_ATTACH_FILTER, [keep(HEADER + 3)]);
    expect(received(pair, "abcdef")).toEqual(["abc"]);
  });

  test("chooses among sockets of one port", () => {
    using group = new Sockets();
    const [first, second] = [0, 1].map(() => {
      const socket = group.add(new Socket(AF_INET, SOCK_DGRAM));
      socket.setOption(option.SO_REUSEPORT, true);
      socket.bind(group.all.length === 1 ? loopback(AF_INET) : addressOf(group.all[0] as Socket));
      return socket;
    }) as [Socket, Socket];
    first.setOption(option.SO_ATTACH_REUSEPORT_CBPF, [keep(1)]);
    const sender = group.add(new Socket(AF_INET, SOCK_DGRAM));
    for (let port = 0; port < 8; port++) sender.sendTo("x", addressOf(first));
    let count = 0;
    for (; second.conditionCheck(POLLIN) !== 0; count++) second.receiveBytes(10);
    expect([count, first.conditionCheck(POLLIN)]).toEqual([8, 0]);
  });

  // The kernel is given an address. Whoever has the bytes that hold it has the memory that it is the address of, and that is
  // tried: everything else is collected, and the heap filled with memory of the same size.
  test("is in memory that lives as long as its bytes", () => {
    using pair = new UdpPair();
    const made = Array.from({ length: 200 }, (_, index) => encode(firstByteIs(index % 2 === 0 ? "A" : "B", index)));
    let junk: unknown[] = [];
    for (let round = 0; round < 20; round++) {
      Bun.gc(true);
      junk = Array.from({ length: 2000 }, (_, index) =>
        new Uint8Array(new ArrayBuffer(8 * (4 + (index % 200)))).fill(0xee),
      );
      Bun.gc(true);
    }
    expect(junk.length).toBe(2000);
    const level = option.SO_ATTACH_FILTER.level;
    const number = option.SO_ATTACH_FILTER.number;
    for (const [index, bytes] of made.entries()) {
      expect(setsockopt(pair.b.fd, level, number, bytes)).toBe(0);
      expect(received(pair, "A", "B")).toEqual([index % 2 === 0 ? "A" : "B"]);
    }
  });

  test("is read by the kernel in the call: garbage collection at every moment does no harm", () => {
    using pair = new UdpPair();
    for (let round = 0; round < 200; round++) {
      pair.b.setOption(option.SO_ATTACH_FILTER, firstByteIs(round % 2 === 0 ? "A" : "B", round % 50));
      if (round % 10 === 0) Bun.gc(true);
      expect(received(pair, "A", "B")).toEqual([round % 2 === 0 ? "A" : "B"]);
    }
  });
});
