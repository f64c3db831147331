/** A program that takes orders: a line on its stdin, answered by a line of numbers on its stdout. It ends with its stdin. */

/** A child that is waiting for orders. One at a time: ask again when it has answered. */
export interface Child {
  readonly pid: number;
  /** Gives an order, and resolves with the numbers that it is answered with. */
  ask(order: string): Promise<readonly number[]>;
}

/** Starts a program, which is ended with `resources`. */
export function startChild(command: readonly string[], resources: AsyncDisposableStack): Child {
  const child = Bun.spawn([...command], { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
  resources.defer(async () => {
    child.kill();
    await child.exited;
  });
  const answers = lines(child.stdout);
  return {
    pid: child.pid,
    async ask(order) {
      child.stdin.write(`${order}\n`);
      child.stdin.flush();
      const { value: answer } = await answers.next();
      if (/^\d+( \d+)*$/.test(answer ?? "")) return answer!.split(" ").map(Number);
      throw new Error(`${command.at(-1)}, ${order}: ${answer ?? "ended without an answer"}`);
    },
  };
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop()!;
    yield* parts;
  }
  return undefined;
}
