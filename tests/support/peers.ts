// Peers that are not ours: programs in Python, whose socket module is the oldest neighbour of the kernel's.

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

/** A Python program that speaks line by line. */
export class Python implements AsyncDisposable {
  readonly #child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly #lines: AsyncIterator<string>;

  /** Starts it; it knows everything of \`socket\`, \`say(...)\` for a line to us, and \`read_all(socket)\`. */
  constructor(code: string, ...words: (string | number)[]) {
    if (executable === undefined) throw new Error("there is no python3: look at havePython first");
    this.#child = Bun.spawn([executable, "-c", preamble + code, ...words.map(String)], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      timeout: 10_000,
      killSignal: "SIGKILL",
    });
    this.#lines = linesOf(this.#child.stdout);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Its next line. */
  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`python said nothing more: ${await new Response(this.#child.stderr).text()}`);
    return value;
  }

  /** Its next line, a number. */
  async number(): Promise<number> {
    return Number(await this.line());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of stream) {
    const parts = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}
