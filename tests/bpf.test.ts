// Classic BPF: the assembler, and filters made of conditions, run by an interpreter here and by the kernel.

import { describe, expect, test } from "bun:test";
import { AF_INET, POLLIN, SOCK_DGRAM, Socket } from "../src/index.ts";
import * as option from "../src/options.ts";
import * as packet from "../src/packet.ts";
import { random } from "./support/random.ts";
import { SOON } from "./support/sockets.ts";
import { throwsNaming, wrong } from "./support/throws.ts";

const { BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, assemble, jump, keep, label, statement } = packet;

/** How many bytes a program keeps of a packet (from its network header on): net/core/filter.c in small. */
function run(program: readonly packet.BpfInstruction[], bytes: Uint8Array, etherType: number): number {
  let [a, x] = [0, 0];
  const load = (size: number, at: number): number | undefined => {
    if (at === packet.SKF_AD_OFF + packet.SKF_AD_PROTOCOL) return etherType;
    const from = at - packet.SKF_NET_OFF;
    if (from < 0 || from + size > bytes.length) return undefined;
    return bytes.subarray(from, from + size).reduce((sum, byte) => sum * 256 + byte, 0);
  };
  for (let at = 0; at < program.length; at++) {
    const { code, jt, jf, k } = program[at]!;
    const size = (code & 0x18) === packet.BPF_W ? 4 : (code & 0x18) === packet.BPF_H ? 2 : 1;
    if ((code & 7) === BPF_RET) return k;
    if ((code & 7) === packet.BPF_LDX) x = ((load(1, k) ?? 0) & 15) * 4;
    else if ((code & 7) === BPF_LD) {
      const value = load(size, (code & 0xe0) === packet.BPF_IND ? x + k : k);
      if (value === undefined) return 0;
      a = value;
    } else if ((code & 0xf0) === packet.BPF_JA) at += k;
    else {
      const holds: Record<number, boolean> = {
        [BPF_JEQ]: a === k,
        [packet.BPF_JGT]: a > k,
        [packet.BPF_JGE]: a >= k,
        [packet.BPF_JSET]: (a & k) !== 0,
      };
      at += holds[code & 0xf0] ? jt : jf;
    }
  }
  throw new Error("fell out of the program");
}

describe("assemble", () => {
  test("labels become distances", () => {
    const program = assemble([
      statement(BPF_LD | packet.BPF_B | packet.BPF_ABS, 8),
      jump(BPF_JEQ | BPF_K, 1, "yes", "no"),
      label("no"),
      keep(0),
      label("yes"),
      keep(9),
    ]);
    expect(program).toEqual([
      { code: 0x30, jt: 0, jf: 0, k: 8 },
      { code: 0x15, jt: 1, jf: 0, k: 1 },
      { code: 0x06, jt: 0, jf: 0, k: 0 },
      { code: 0x06, jt: 0, jf: 0, k: 9 },
    ]);
  });

  test("BPF_JA goes as far as it takes", () => {
    const far = Array.from({ length: 1000 }, () => statement(BPF_LD | packet.BPF_IMM, 1));
    expect(assemble([packet.jumpTo("end"), ...far, label("end"), keep(1)])[0]!.k).toBe(1000);
  });

  const nothing = statement(BPF_LD | packet.BPF_IMM);
  test.each<[string, readonly unknown[], string]>([
    ["nothing", [], "number of instructions"],
    ["too many", Array(4097).fill(keep(0)), "number of instructions"],
    ["no end", [nothing], "must be BPF_RET"],
    ["an unknown operation", [statement(0xff), keep(0)], "code of instruction 0"],
    ["a jump out", [jump(BPF_JEQ | BPF_K, 1, 1, 0), keep(0)], "out of the program"],
    ["BPF_JA out", [statement(BPF_JMP | packet.BPF_JA, 1), keep(0)], "k of instruction 0"],
    ["a jump too far", [jump(BPF_JEQ, 1, 256, 0), ...Array(300).fill(keep(0))], "jt of instruction 0"],
    [
      "a label too far",
      [jump(BPF_JEQ, 1, 0, "end"), ...Array(300).fill(nothing), label("end"), keep(0)],
      "jf of instruction 0",
    ],
    ["a label that is nowhere", [jump(BPF_JEQ, 1, "away"), keep(0)], "nowhere"],
    ["a label twice", [label("a"), label("a"), keep(0)], "twice"],
    ["a label behind", [label("a"), nothing, packet.jumpTo("a"), keep(0)], "forward"],
    ["a label at the end", [packet.jumpTo("a"), keep(0), label("a")], "k of instruction 0"],
    ["division by zero", [statement(packet.BPF_ALU | packet.BPF_DIV, 0), keep(0)], "zero"],
    ["a shift by 32", [statement(packet.BPF_ALU | packet.BPF_LSH, 32), keep(0)], "k of instruction 0"],
    ["memory beyond 16 words", [statement(packet.BPF_ST, 16), keep(0)], "k of instruction 0"],
    ["memory beyond 16 words", [statement(BPF_LD | packet.BPF_MEM, 16), keep(0)], "k of instruction 0"],
    ["k beyond 32 bits", [statement(BPF_LD | packet.BPF_IMM, 2 ** 32), keep(0)], "k of instruction 0"],
    ["no instruction", [null, keep(0)], "line"],
  ])("refuses %s", (_, lines, text) => {
    throwsNaming(() => assemble(wrong(lines)), Error, text);
  });

  test("agrees with the kernel on random programs", () => {
    if (process.platform !== "linux") return;
    const { int, pick } = random(11);
    using socket = new Socket(AF_INET, SOCK_DGRAM);
    const taken = { true: 0, false: 0 };
    const codes = [
      0, 1, 2, 3, 4, 5, 6, 0x15, 0x20, 0x25, 0x28, 0x30, 0x34, 0x35, 0x40, 0x45, 0x60, 0x64, 0x87, 0xb1, 0x94, 0x16,
      0x7b,
    ];
    for (let turn = 0; turn < 3000; turn++) {
      const lines = Array.from({ length: 1 + int(4) }, () => ({
        code: pick(codes),
        jt: int(3),
        jf: int(3),
        k: int(18),
      }));
      const program = [...lines, ...(int(5) > 0 ? [keep(int(2))] : [])];
      const kernel = accepted(() => socket.setOption(option.SO_ATTACH_FILTER, program));
      // a word of scratch memory that was not written before it is read is for the kernel to find
      const reads = program.some(({ code }) => code === 0x60);
      if (!reads) expect([program, accepted(() => assemble(program))]).toEqual([program, kernel]);
      taken[`${kernel}`]++;
    }
    expect(Math.min(taken.true, taken.false)).toBeGreaterThan(300);
  });
});

function accepted(action: () => unknown): boolean {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}

describe("conditions", () => {
  interface Sample {
    readonly bytes: Uint8Array;
    readonly type: number;
    readonly source: string;
    readonly destination: string;
    readonly protocol: number;
    readonly ports: readonly number[] | undefined;
  }

  const { int, pick, bytes: randomBytes } = random(12);

  function sample(): Sample {
    const is4 = int(2) === 0;
    const hosts = is4 ? ["192.0.2.1", "192.0.2.2", "198.51.100.7"] : ["2001:db8::1", "2001:db8::2", "fe80::1"];
    const [source, destination, protocol] = [pick(hosts), pick(hosts), pick([6, 17, 1, 58, 132])];
    const ports = [pick([22, 53, 80, 5353]), pick([22, 53, 80, 40_000])] as const;
    const fragmentOffset = is4 && int(4) === 0 ? 8 : 0;
    const payload = randomBytes(20);
    new DataView(payload.buffer).setUint32(0, ports[0] * 65_536 + ports[1]);
    const bytes = new Uint8Array(100);
    const options = new Uint8Array(4 * int(3));
    const size = is4
      ? packet.writeIPv4(bytes, 0, { source, destination, protocol, payload, options, fragmentOffset })
      : packet.writeIPv6(bytes, 0, { source, destination, protocol, payload });
    const carries = [6, 17, 132].includes(protocol) && fragmentOffset === 0;
    return {
      bytes: bytes.subarray(0, size),
      type: is4 ? 0x800 : 0x86dd,
      source,
      destination,
      protocol,
      ports: carries ? ports : undefined,
    };
  }

  type Rule = readonly [packet.BpfCondition, (sample: Sample) => boolean];
  const rules: readonly Rule[] = [
    [packet.etherTypeIs(packet.ETHERTYPE_IPV6), ({ type }) => type === 0x86dd],
    [packet.protocolIs(17), ({ protocol }) => protocol === 17],
    [packet.hostIs("192.0.2.1"), (s) => [s.source, s.destination].includes("192.0.2.1")],
    [packet.hostIs("2001:db8::1"), (s) => [s.source, s.destination].includes("2001:db8::1")],
    [packet.hostIs("2001:db8::2", "source"), (s) => s.source === "2001:db8::2"],
    [packet.hostIs("198.51.100.7", "destination"), (s) => s.destination === "198.51.100.7"],
    [packet.portIs(53), ({ ports }) => ports?.includes(53) ?? false],
    [packet.portIs(22, "source"), ({ ports }) => ports?.[0] === 22],
    [packet.portInRange(50, 90), ({ ports }) => ports?.some((port) => port >= 50 && port <= 90) ?? false],
    [packet.portInRange(50, 6000, "destination"), ({ ports = [0, 0] }) => ports[1]! >= 50 && ports[1]! <= 6000],
  ];

  test.each(rules.map((_, index) => index))("rule %d, alone and negated", (index) => {
    const [condition, holds] = rules[index]!;
    const program = packet.packetFilter(condition, 77);
    const inverse = packet.packetFilter(packet.noneOf(condition));
    let some = 0;
    for (let turn = 0; turn < 2000; turn++) {
      const one = sample();
      expect(run(program, one.bytes, one.type)).toBe(holds(one) ? 77 : 0);
      expect(run(inverse, one.bytes, one.type)).toBe(holds(one) ? 0 : 0x4_0000);
      if (holds(one)) some++;
    }
    expect(some).toBeGreaterThan(50);
  });

  test("random combinations", () => {
    const combine = (depth: number): Rule => {
      if (depth === 0) return pick(rules);
      const parts = Array.from({ length: 1 + int(3) }, () => combine(depth - 1));
      const conditions = parts.map(([condition]) => condition);
      const kind = int(3);
      if (kind === 0) return [packet.allOf(...conditions), (s) => parts.every(([, holds]) => holds(s))];
      if (kind === 1) return [packet.anyOf(...conditions), (s) => parts.some(([, holds]) => holds(s))];
      return [packet.noneOf(...conditions), (s) => !parts.some(([, holds]) => holds(s))];
    };
    for (let turn = 0; turn < 200; turn++) {
      const [condition, holds] = combine(2);
      const program = packet.packetFilter(condition);
      for (let round = 0; round < 20; round++) {
        const one = sample();
        expect(run(program, one.bytes, one.type) > 0).toBe(holds(one));
      }
    }
  });

  test.each([
    ["any of", packet.anyOf, (list: boolean[]) => list.includes(true)],
    [
      "all of, negated",
      (...all: packet.BpfCondition[]) => packet.allOf(...all.map((one) => packet.noneOf(one))),
      (list: boolean[]) => !list.includes(true),
    ],
    ["none of", packet.noneOf, (list: boolean[]) => !list.includes(true)],
  ] as const)(
    "%s more conditions than one jump can pass over, up to what a program can hold",
    (_, combine, expected) => {
      for (const count of [8, 12, 20, 60, 110]) {
        // ports that no sample has, and in a place of its own each rule that some have
        const parts: Rule[] = Array.from({ length: count }, (_, index) => [packet.portIs(10_000 + index), () => false]);
        for (const rule of rules) parts[int(count)] = rule;
        const program = packet.packetFilter(combine(...parts.map(([condition]) => condition)), 77);
        expect(program.length).toBeLessThanOrEqual(4096);
        for (let round = 0; round < 200; round++) {
          const one = sample();
          expect(run(program, one.bytes, one.type)).toBe(expected(parts.map(([, holds]) => holds(one))) ? 77 : 0);
        }
        if (process.platform !== "linux") continue;
        using socket = new Socket(AF_INET, SOCK_DGRAM);
        socket.setOption(option.SO_ATTACH_FILTER, program); // the kernel checks it too
      }
      const tooMany = Array.from({ length: 1000 }, (_, index) => packet.portIs(index));
      throwsNaming(() => packet.packetFilter(combine(...tooMany)), RangeError, "number of instructions");
    },
  );

  test.skipIf(process.platform !== "linux")("the kernel runs them, on a UDP socket (needs Linux)", () => {
    using server = new Socket(AF_INET, SOCK_DGRAM);
    server.bind("127.0.0.1:0");
    using friend = new Socket(AF_INET, SOCK_DGRAM);
    friend.bind("127.0.0.1:0");
    using stranger = new Socket(AF_INET, SOCK_DGRAM);
    const { port } = friend.localAddress as unknown as { port: number };
    const condition = packet.allOf(packet.hostIs("127.0.0.1"), packet.protocolIs(17), packet.portIs(port, "source"));
    server.setOption(option.SO_ATTACH_FILTER, packet.packetFilter(condition));
    for (const socket of [stranger, friend]) socket.sendTo("hello", server.localAddress);
    const { address } = server.receiveFrom(new Uint8Array(10), { timeout: SOON });
    expect(String(address)).toBe(String(friend.localAddress));
    expect(server.conditionCheck(POLLIN)).toBe(0);
  });

  test("wrong arguments are named", () => {
    throwsNaming(() => packet.portIs(65_536), RangeError, "port");
    throwsNaming(() => packet.portInRange(2, 1), RangeError, "last");
    throwsNaming(() => packet.hostIs("localhost"), TypeError, "address");
    throwsNaming(() => packet.hostIs("::1", wrong("both")), TypeError, "direction");
    throwsNaming(() => packet.protocolIs(256), RangeError, "protocol");
    throwsNaming(() => packet.etherTypeIs(-1), RangeError, "type");
    throwsNaming(() => packet.allOf(), TypeError, "conditions");
    throwsNaming(() => packet.packetFilter(wrong(7)), TypeError, "condition");
    throwsNaming(() => packet.packetFilter(packet.portIs(1), 0), RangeError, "snapLength");
  });
});
