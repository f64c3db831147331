// Classic BPF programs as option values: socket(7), Documentation/networking/filter.rst of Linux.

import { setUint } from "../../ffi/layout.ts";
import { Region, setAddress } from "../../ffi/memory.ts";
import { integer, show } from "../arguments.ts";
import { notSupported } from "../errors.ts";
import type { BpfInstruction } from "../packet/bpf.ts";
import { record, type WriteCodec } from "./codecs.ts";

const MAXIMUM_INSTRUCTIONS = 4096; // BPF_MAXINSNS: include/uapi/linux/bpf_common.h

/** struct sock_fprog together with the program that it points to: who holds the one holds the other. */
class Program extends Uint8Array<ArrayBuffer> {
  // A part cut from it is no such struct any more.
  static get [Symbol.species](): Uint8ArrayConstructor {
    return Uint8Array;
  }

  /** The program, as the kernel will read it. */
  readonly instructions: Region;

  constructor(size: number, instructions: Region) {
    super(new ArrayBuffer(size));
    this.instructions = instructions;
  }
}

/** SO_ATTACH_FILTER, SO_ATTACH_REUSEPORT_CBPF: a program of 1 to 4096 instructions. */
export const program: WriteCodec<readonly BpfInstruction[]> = {
  encode(value, name, { name: system, structs: { sock_filter: instruction, sock_fprog: header } }) {
    if (instruction === undefined || header === undefined)
      throw notSupported(name, `${system} has no struct sock_fprog`);
    if (!Array.isArray(value)) throw new TypeError(`${name} must be an array of instructions, not ${show(value)}`);
    const length = integer(value.length, `${name}.length`, 1, MAXIMUM_INSTRUCTIONS);
    const instructions = new Region(length * instruction.size);
    for (let index = 0; index < length; index++) {
      const where = `${name}[${index}]`;
      const base = index * instruction.size;
      const { code, jt, jf, k } = record((value as readonly BpfInstruction[])[index], where, "{ code, jt, jf, k }");
      setUint(instructions.view, base, instruction.fields.code, integer(code, `${where}.code`, 0, 0xffff));
      setUint(instructions.view, base, instruction.fields.jt, integer(jt, `${where}.jt`, 0, 0xff));
      setUint(instructions.view, base, instruction.fields.jf, integer(jf, `${where}.jf`, 0, 0xff));
      setUint(instructions.view, base, instruction.fields.k, integer(k, `${where}.k`, -0x8000_0000, 0xffff_ffff));
    }
    const bytes = new Program(header.size, instructions);
    const view = new DataView(bytes.buffer);
    setUint(view, 0, header.fields.len, length);
    setAddress(view, header.fields.filter[0], instructions.address);
    return bytes;
  },
};
