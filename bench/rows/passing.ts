/** One descriptor over a unix socket, one thread: sent, received close-on-exec, and closed. */

import { closeSync, fstatSync } from "node:fs";
import { AF_INET, SOCK_DGRAM, Socket, receiveFd, sendFd } from "../../src/index.ts";
import { c } from "../c.ts";
import type { Column, Row } from "../harness.ts";
import { expectEqual } from "../support.ts";

const berkeley: Column = {
  name: "berkeley sendFd, receiveFd",
  setup(resources) {
    const [sender, receiver] = Socket.pair();
    resources.use(sender);
    resources.use(receiver);
    const { fd } = resources.use(new Socket(AF_INET, SOCK_DGRAM));
    return {
      check() {
        sendFd(sender, fd);
        const received = receiveFd(receiver, { timeout: 1000 });
        expectEqual(fstatSync(received).ino, fstatSync(fd).ino);
        closeSync(received);
      },
      run(iterations) {
        for (let i = 0; i < iterations; i++) {
          sendFd(sender, fd);
          closeSync(receiveFd(receiver));
        }
      },
    };
  },
};

/** Rows about passing descriptors. */
export const passing: readonly Row[] = [
  {
    name: "one descriptor passed",
    unit: "ns",
    columns: [c("pass-descriptor"), berkeley],
    targets: [{ column: "berkeley sendFd, receiveFd", ratio: 1.3 }],
  },
];
