// Classic BPF: the instructions, and an assembler for them. Documentation/networking/filter.rst of Linux, bpf(4) of the BSDs.

import { integer, show } from "../arguments.ts";

/** One instruction of classic BPF: struct sock_filter of linux/filter.h. */
export interface BpfInstruction {
  /** The operation: BPF_LD | BPF_H | BPF_ABS and so on, 0 to 65535. */
  readonly code: number;
  /** How many instructions to skip if the comparison holds, 0 to 255. */
  readonly jt: number;
  /** How many to skip if it does not, 0 to 255. */
  readonly jf: number;
  /** The operand: 32 bits, signed or unsigned. */
  readonly k: number;
}

/** A place in a program. */
export interface BpfLabel {
  readonly label: string;
}

/** An instruction whose jumps may go to labels. */
export interface BpfJump {
  readonly code: number;
  /** A label behind this instruction, or how many instructions to skip. */
  readonly jt: number | string;
  readonly jf: number | string;
  /** For BPF_JA, which has no `jt`: a label, or how many instructions to skip. */
  readonly k: number | string;
}

/** What `assemble` takes. */
export type BpfLine = BpfInstruction | BpfJump | BpfLabel;

/** Class: load into the accumulator. */
export const BPF_LD = 0x00;
/** Class: load into the index register. */
export const BPF_LDX = 0x01;
/** Class: store the accumulator. */
export const BPF_ST = 0x02;
/** Class: store the index register. */
export const BPF_STX = 0x03;
/** Class: arithmetic. */
export const BPF_ALU = 0x04;
/** Class: jumps, forward only. */
export const BPF_JMP = 0x05;
/** Class: the end; how many bytes of the packet to keep, 0 to drop it. */
export const BPF_RET = 0x06;
/** Class: between the registers. */
export const BPF_MISC = 0x07;
/** Size of a load: 32 bits. */
export const BPF_W = 0x00;
/** Size of a load: 16 bits. */
export const BPF_H = 0x08;
/** Size of a load: 8 bits. */
export const BPF_B = 0x10;
/** What to load: the operand. */
export const BPF_IMM = 0x00;
/** What to load: the packet at the operand. */
export const BPF_ABS = 0x20;
/** What to load: the packet at the index register and the operand. */
export const BPF_IND = 0x40;
/** What to load: one of 16 words of scratch memory. */
export const BPF_MEM = 0x60;
/** What to load: the length of the packet. */
export const BPF_LEN = 0x80;
/** What to load: four times the lower half of a byte of the packet, which is the length of an IPv4 header. */
export const BPF_MSH = 0xa0;
/** Arithmetic: +. */
export const BPF_ADD = 0x00;
/** Arithmetic: -. */
export const BPF_SUB = 0x10;
/** Arithmetic: *. */
export const BPF_MUL = 0x20;
/** Arithmetic: /. */
export const BPF_DIV = 0x30;
/** Arithmetic: |. */
export const BPF_OR = 0x40;
/** Arithmetic: &. */
export const BPF_AND = 0x50;
/** Arithmetic: <<. */
export const BPF_LSH = 0x60;
/** Arithmetic: >>. */
export const BPF_RSH = 0x70;
/** Arithmetic: the negative of the accumulator. */
export const BPF_NEG = 0x80;
/** Arithmetic: the remainder (Linux). */
export const BPF_MOD = 0x90;
/** Arithmetic: exclusive or (Linux). */
export const BPF_XOR = 0xa0;
/** Jump: always, by the operand. */
export const BPF_JA = 0x00;
/** Jump: whether equal. */
export const BPF_JEQ = 0x10;
/** Jump: whether greater, unsigned. */
export const BPF_JGT = 0x20;
/** Jump: whether greater or equal, unsigned. */
export const BPF_JGE = 0x30;
/** Jump: whether any of these bits is set. */
export const BPF_JSET = 0x40;
/** Operand: the constant. */
export const BPF_K = 0x00;
/** Operand: the index register. */
export const BPF_X = 0x08;
/** Operand of BPF_RET: the accumulator. */
export const BPF_A = 0x10;
/** Between the registers: the accumulator into the index register. */
export const BPF_TAX = 0x00;
/** Between the registers: the index register into the accumulator. */
export const BPF_TXA = 0x80;

/** Added to an offset of BPF_ABS: what the kernel knows of the packet, SKF_AD_PROTOCOL and so on. Linux. */
export const SKF_AD_OFF: number = -0x1000;
/** At SKF_AD_OFF: the EtherType. */
export const SKF_AD_PROTOCOL = 0;
/** At SKF_AD_OFF: PACKET_HOST, PACKET_OUTGOING, ... */
export const SKF_AD_PKTTYPE = 4;
/** At SKF_AD_OFF: the index of the interface. */
export const SKF_AD_IFINDEX = 8;
/** Added to an offset: from the network header on, whatever the link is. Linux. */
export const SKF_NET_OFF: number = -0x10_0000;

const MOST = 4096; // BPF_MAXINSNS
const WORDS = 16; // BPF_MEMWORDS
const [JUMP, ALU, RET] = [BPF_JMP, BPF_ALU, BPF_RET] as const;

// What the kernel takes: chk_code_allowed of net/core/filter.c
const KNOWN: ReadonlySet<number> = new Set([
  ...[BPF_W, BPF_H, BPF_B].flatMap((size) => [BPF_LD | size | BPF_ABS, BPF_LD | size | BPF_IND]),
  ...[BPF_IMM, BPF_MEM, BPF_LEN].flatMap((mode) => [BPF_LD | BPF_W | mode, BPF_LDX | BPF_W | mode]),
  BPF_LDX | BPF_B | BPF_MSH,
  BPF_ST,
  BPF_STX,
  ...[BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_OR, BPF_AND, BPF_LSH, BPF_RSH, BPF_MOD, BPF_XOR].flatMap((operation) => [
    ALU | operation | BPF_K,
    ALU | operation | BPF_X,
  ]),
  ALU | BPF_NEG,
  JUMP | BPF_JA,
  ...[BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET].flatMap((test) => [JUMP | test | BPF_K, JUMP | test | BPF_X]),
  RET | BPF_K,
  RET | BPF_A,
  BPF_MISC | BPF_TAX,
  BPF_MISC | BPF_TXA,
]);

/** An instruction that does not jump, with its operand, 0 if absent: BPF_STMT of linux/filter.h. `assemble` checks it. */
export function statement(code: number, k = 0): BpfInstruction {
  return { code, jt: 0, jf: 0, k };
}

/**
 * A jump, to labels or over 0 to 255 instructions: BPF_JUMP of linux/filter.h, whose order of arguments it keeps. `assemble` checks
 * where it goes.
 *
 * @throws {TypeError | RangeError} naming `code`
 *
 * @example
 * jump(BPF_JEQ | BPF_K, 53, "accept", "drop")
 */
export function jump(code: number, k: number, jt: number | string = 0, jf: number | string = 0): BpfJump {
  return { code: integer(code, "code", 0, 0xffff) | BPF_JMP, jt, jf, k };
}

/** An unconditional jump to a label behind it: BPF_JMP | BPF_JA. */
export function jumpTo(label: string): BpfJump {
  return { code: BPF_JMP | BPF_JA, jt: 0, jf: 0, k: label };
}

/** A name for the instruction that comes next, once in a program. */
export function label(name: string): BpfLabel {
  return { label: name };
}

/** The end of a program: how many bytes of the packet are kept, 0 to 2^32-1; 0 drops it. `assemble` checks it. */
export function keep(bytes: number): BpfInstruction {
  return statement(BPF_RET | BPF_K, bytes);
}

/**
 * Makes a program of lines, and checks it as the kernel does (bpf_check_classic of net/core/filter.c): its length, 1 to 4096;
 * operations that exist; jumps that stay within it; no division by zero; an end. For `option.SO_ATTACH_FILTER`.
 *
 * @throws {TypeError | RangeError} telling which instruction is wrong
 *
 * @example
 * socket.setOption(option.SO_ATTACH_FILTER, assemble([
 *   statement(BPF_LD | BPF_B | BPF_ABS, 8),
 *   jump(BPF_JEQ | BPF_K, 0x2a, "accept", "drop"),
 *   label("accept"), keep(0xffff),
 *   label("drop"), keep(0),
 * ]));
 */
export function assemble(lines: readonly BpfLine[]): readonly BpfInstruction[] {
  if (!Array.isArray(lines)) throw new TypeError(`lines must be an array of instructions, not ${show(lines)}`);
  const places = new Map<string, number>();
  const jumps: BpfJump[] = [];
  for (const line of lines as readonly BpfLine[]) {
    if (typeof line !== "object" || line === null) throw new TypeError(`a line must be an object, not ${show(line)}`);
    if (!("label" in line)) jumps.push(line);
    else if (typeof line.label !== "string") throw new TypeError(`label must be a string, not ${show(line.label)}`);
    else if (places.has(line.label)) throw new RangeError(`label ${show(line.label)} is there twice`);
    else places.set(line.label, jumps.length);
  }
  integer(jumps.length, "the number of instructions", 1, MOST);
  const distance = (to: unknown, from: number, name: string): number => {
    if (typeof to !== "string") return integer(to, name, -0x8000_0000, 0xffff_ffff);
    const place = places.get(to);
    if (place === undefined) throw new RangeError(`${name} goes to label ${show(to)}, which is nowhere`);
    if (place > from) return place - from - 1;
    throw new RangeError(`${name} goes back to label ${show(to)}: jumps go forward`);
  };
  const program = jumps.map(({ code, jt, jf, k }, index) => {
    const name = `instruction ${index}`;
    return Object.freeze({
      code,
      jt: distance(jt, index, `jt of ${name}`),
      jf: distance(jf, index, `jf of ${name}`),
      k: distance(k, index, `k of ${name}`),
    });
  });
  program.forEach((instruction, index) => check(instruction, index, program.length));
  return Object.freeze(program);
}

function check({ code, jt, jf, k }: BpfInstruction, index: number, length: number): void {
  const name = `instruction ${index}`;
  if (!KNOWN.has(integer(code, `code of ${name}`, 0, 0xffff))) {
    throw new RangeError(`code of ${name} must be an operation of classic BPF, not 0x${code.toString(16)}`);
  }
  integer(jt, `jt of ${name} (use BPF_JA for longer ways)`, 0, 0xff);
  integer(jf, `jf of ${name} (use BPF_JA for longer ways)`, 0, 0xff);
  const left = length - index - 1; // instructions behind this one
  const [kind, operation] = [code & 7, code & 0xf0];
  if (kind === JUMP && operation === BPF_JA) integer(k, `k of ${name}`, 0, left - 1);
  else if (kind === JUMP && Math.max(jt, jf) >= left) {
    throw new RangeError(
      `${name} jumps out of the program: ${left} instructions are behind it, not ${Math.max(jt, jf) + 1}`,
    );
  }
  const constant = (code & BPF_X) === BPF_K;
  if (kind === ALU && constant && (operation === BPF_DIV || operation === BPF_MOD) && k === 0) {
    throw new RangeError(`${name} divides by zero`);
  }
  if (kind === ALU && constant && (operation === BPF_LSH || operation === BPF_RSH)) integer(k, `k of ${name}`, 0, 31);
  if (code === BPF_ST || code === BPF_STX || (kind <= BPF_LDX && (code & 0xe0) === BPF_MEM)) {
    integer(k, `k of ${name}`, 0, WORDS - 1);
  }
  if (left === 0 && kind !== RET) throw new RangeError(`${name} is the last and must be BPF_RET`);
}
