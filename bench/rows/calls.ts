/** What a call costs when it does nothing: the overhead that every other row contains. */

import { AF_INET, SOCK_DGRAM, Socket, WOULD_BLOCK } from "../../src/index.ts";
import { c } from "../c.ts";
import type { Column, Row } from "../harness.ts";
import { expectEqual, payload } from "../support.ts";

const berkeley: Column = {
  name: "berkeley",
  setup(resources) {
    const socket = resources.use(new Socket(AF_INET, SOCK_DGRAM));
    const buffer = payload(64);
    const run = (iterations: number) => {
      for (let i = 0; i < iterations; i++) expectEqual(socket.tryReceive(buffer), WOULD_BLOCK);
    };
    return { check: () => run(1), run };
  },
};

/** Rows about the bare cost of a call. */
export const calls: readonly Row[] = [
  {
    name: "receive that would block (tryReceive)",
    unit: "ns",
    columns: [c("receive-nothing"), berkeley],
    targets: [{ column: "berkeley", ratio: 1.15 }],
  },
];
