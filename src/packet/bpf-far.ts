// Jumps further than 255 instructions, which the 8 bits of jt and jf cannot hold: BPF_JA can, so it stands beside them.

import { type BpfLine, jumpTo } from "./bpf.ts";

const FURTHEST = 255;

/** The lines with help for jumps to labels that are too far. Other jumps are over 0 instructions: nothing is put into their way. */
export function withFarJumps(lines: readonly BpfLine[]): readonly BpfLine[] {
  const places = placesIn(lines);
  let at = 0;
  const helped = lines.flatMap((line): BpfLine[] => {
    if ("label" in line) return [line];
    const from = ++at; // the instruction behind this one
    const { code, jt, jf, k } = line;
    const isFar = (to: number | string): boolean => typeof to === "string" && (places.get(to) ?? 0) - from > FURTHEST;
    if (!isFar(jt) && !isFar(jf)) return [line];
    if (typeof jt !== "string") return [{ code, jt: 1, jf: 0, k }, jumpTo(String(jf))];
    if (typeof jf !== "string") return [{ code, jt: 0, jf: 1, k }, jumpTo(jt)];
    return [{ code, jt: 0, jf: 1, k }, jumpTo(jt), jumpTo(jf)];
  });
  // what was put in may have moved another label too far away
  return helped.length === lines.length ? lines : withFarJumps(helped);
}

function placesIn(lines: readonly BpfLine[]): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  let count = 0;
  for (const line of lines) {
    if ("label" in line) places.set(line.label, count);
    else count++;
  }
  return places;
}
