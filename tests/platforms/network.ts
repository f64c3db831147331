// A network of their own for the tests of one file, so that files that run side by side do not hear each other: packet
// sockets see all that goes over the loopback interface.

import { NotSetUp } from "./platform.ts";
import { run } from "./packages.ts";

// A route for 255.255.255.255, as a host that is on a network has it.
const script = 'ip link set lo up && ip route add broadcast 255.255.255.255 dev lo && exec "$@"';
const through: readonly string[] = ["unshare", "--net", "sh", "-c", script, "sh"];

/** What stands before a command to give it such a network; nothing where that cannot be. */
export async function ownNetwork(): Promise<readonly string[]> {
  try {
    await run([...through, "true"]);
    return through;
  } catch (error) {
    if (error instanceof NotSetUp) return [];
    throw error;
  }
}
