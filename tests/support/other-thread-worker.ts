// The thread of `OtherThread`.

import { readFileSync } from "node:fs";
import { AF_INET, Cancellable, Socket } from "../../src/index.ts";
import type { Order } from "./other-thread.ts";

declare const self: Worker;

// The state of the main thread, whose number is that of the process: S is asleep, in poll(2) or on the way there.
function mainThreadSleeps(): boolean {
  return / \(.*\) S /s.test(readFileSync(`/proc/self/task/${process.pid}/stat`, "latin1"));
}

/** Uses somebody else's descriptor for a moment, without closing it. */
function borrowed(fd: number, use: (socket: Socket) => void): void {
  const socket = Socket.fromFd(fd);
  try {
    use(socket);
  } finally {
    socket.detach();
  }
}

self.onmessage = ({ data }: MessageEvent<Order>): void => {
  const latest = performance.now() + 4000;
  if (process.platform !== "linux") Bun.sleepSync(30); // nobody tells: it gets a while
  while (process.platform === "linux" && !mainThreadSleeps() && performance.now() < latest);
  switch (data.what) {
    case "cancel": {
      using cancellable = Cancellable.open(data.handle);
      cancellable.cancel();
      break;
    }
    case "accept":
      borrowed(data.fd, (listener) => listener.accept({ timeout: 4000 }).close());
      break;
    case "connect": {
      using client = new Socket(AF_INET);
      client.connect(data.address, { timeout: 4000 });
      client.sendAll("hello");
      break;
    }
  }
};

self.postMessage("ready");
