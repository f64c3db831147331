// The reactor as programs see it; it is loaded when somebody asks, or waits.

import { inspectAs } from "../inspect.ts";
import { later } from "../later.ts";
import type { WakeKind } from "./wake.ts";

const own: () => typeof import("./reactor.ts") = later(() => require("./reactor.ts") as typeof import("./reactor.ts"));

/** Readiness on Bun's event loop, for this thread. */
export const reactor: {
  /** How a sleeping reactor is woken. Asking makes the reactor. */
  readonly kind: WakeKind;
  /**
   * Chooses how, before the first use in this thread; for tests and for systems where one of them misbehaves.
   *
   * @throws TypeError; SocketError kind "not-supported" when there is a reactor already
   */
  choose(kind: WakeKind): void;
} = {
  get kind() {
    return own().currentReactor().kind;
  },
  choose(kind) {
    own().chooseWake(kind);
  },
};

// looking makes none
inspectAs(reactor, () => own().kindInUse() ?? "not made yet", "reactor");
