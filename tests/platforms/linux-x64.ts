// Linux on x64 with glibc: this machine itself.

import { ownNetwork } from "./network.ts";
import { NotSetUp, type Platform } from "./platform.ts";

/** Native: the Bun that runs this. */
export const linuxX64: Platform = {
  name: "linux-x64",
  async setUp() {
    if (process.platform !== "linux" || process.arch !== "x64") {
      throw new NotSetUp(`this machine is ${process.platform} on ${process.arch}`);
    }
    return { command: [...(await ownNetwork()), process.execPath], environment: {} };
  },
};
