/**
 * Datagrams from one process to another, as fast as the sender can: nothing holds it back, so what the receiver does not
 * take in time is lost. Times are for a datagram that arrived, by the receiver's clock.
 */

import { join } from "node:path";
import { cProgram } from "../c.ts";
import { startChild } from "../child.ts";
import { type Cell, nameOf, wordsOf } from "../datagrams/cell.ts";
import { Unavailable, type Column, type Row } from "../harness.ts";
import { median } from "../statistics.ts";
import { expectEqual } from "../support.ts";
import { MAIN } from "./datagrams.ts";

const END = join(import.meta.dir, "../datagrams/end.ts");

/** Starts both ends, by the command that runs one, and lets one send to the other. */
const twoProcesses = (name: string, cell: Cell, command: () => readonly string[]): Column => ({
  name,
  async setup(resources) {
    const receiver = startChild(command(), resources);
    const sender = startChild(command(), resources);
    const words = wordsOf(cell).join(" ");
    const [port] = await receiver.ask(`listen 0 ${words}`);
    await sender.ask(`aim 0 ${words} ${port}`);
    const rates: number[] = [];
    const losses: number[] = [];
    async function run(batches: number): Promise<number> {
      const receiving = receiver.ask(`receive ${batches}`);
      const [sent, took] = (await sender.ask(`send ${batches}`)) as [number, number];
      const [received, nanoseconds] = (await receiving) as [number, number];
      if (received < cell.batch) throw new Unavailable(`${received} datagrams of ${sent} arrived`);
      rates.push((sent / took) * 1e3);
      losses.push(1 - received / sent);
      // the clock runs from the first arrival on: with that one a batch has come
      return (nanoseconds * batches * cell.batch) / received;
    }
    return {
      async check() {
        await run(1);
        expectEqual(losses.pop(), 0);
      },
      run,
      remark: () => `sent ${median(rates).toFixed(2)} M, ${(median(losses) * 100).toFixed(1)} % lost`,
    };
  },
});

const inC = (cell: Cell): Column =>
  twoProcesses("C", cell, () => {
    if (process.platform !== "linux") throw new Unavailable("its program is for Linux");
    return [cProgram()];
  });

const inBun = (library: "berkeley" | "Bun.udpSocket", cell: Cell): Column =>
  twoProcesses(library, cell, () => [process.execPath, END, library]);

/** Rows about two processes. */
export const processes: readonly Row[] = MAIN.map((cell) => ({
  name: `two processes: ${nameOf(cell)}`,
  unit: "ns",
  things: cell.batch,
  columns: [inC(cell), inBun("berkeley", cell), inBun("Bun.udpSocket", cell)],
}));
