/** The columns of the matrix that run in a child: C and Python. */

import { join } from "node:path";
import { c } from "../c.ts";
import { startChild } from "../child.ts";
import { Unavailable, type Column } from "../harness.ts";
import { type Cell, wordsOf } from "./cell.ts";

const SCRIPT = join(import.meta.dir, "../datagrams.py");

/** The column "C": sendmmsg(2), recvmmsg(2), UDP_SEGMENT and UDP_GRO, with a copy where berkeley copies. */
export const inC = (cell: Cell): Column => onLinux(c("datagrams", ...wordsOf(cell)));

/** The column "python3": the socket module, which has no calls for batches; its sendmsg can join and split. */
export const python = (cell: Cell): Column =>
  onLinux({
    name: "python3",
    setup(resources) {
      const interpreter = Bun.which("python3");
      if (interpreter === null) throw new Unavailable("no python3 on PATH");
      const child = startChild([interpreter, SCRIPT], resources);
      const run = async (iterations: number) => {
        const [nanoseconds] = await child.ask(["datagrams", iterations, ...wordsOf(cell)].join(" "));
        return nanoseconds!;
      };
      return { check: async () => void (await run(1)), run };
    },
  });

function onLinux(column: Column): Column {
  if (process.platform === "linux") return column;
  const setup = () => {
    throw new Unavailable("its program is for Linux");
  };
  return { name: column.name, setup };
}
