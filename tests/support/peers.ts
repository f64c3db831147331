// Peers that are not ours: programs in Python, whose socket module is the oldest neighbour of the kernel's.

import { Program } from "./program.ts";

// python3 may be a script that starts the real one, which is asked for its name
function findPython(): string | undefined {
  if (Bun.which("python3") === null) return undefined;
  const { success, stdout } = Bun.spawnSync(["python3", "-c", "import socket, sys; print(sys.executable)"]);
  return success ? stdout.toString().trim() : undefined;
}

const executable = findPython();

/** Whether there is a Python with sockets. */
export const havePython: boolean = executable !== undefined;

const preamble = `
import hashlib, os, socket, struct, sys
from socket import *
def say(*words): print(*words, flush=True)
def read_all(s):
    parts = []
    while part := s.recv(65536): parts.append(part)
    return b"".join(parts)
`;

/** A Python program. */
export class Python extends Program {
  /** Starts it; it knows everything of `socket`, `say(...)` for a line to us, and `read_all(socket)`. */
  constructor(code: string, ...words: (string | number)[]) {
    if (executable === undefined) throw new Error("there is no python3: look at havePython first");
    super([executable, "-c", preamble + code, ...words.map(String)]);
  }

  /** Its next line, a number. */
  async number(): Promise<number> {
    return Number(await this.line());
  }
}
