// What is otherwise with musl (1.2), and with a copy of Bun that lies in root's cache.

import type { Limit } from "./limits.ts";

const limit = (file: string, tests: RegExp, reason: string): Limit => ({
  file: `tests/${file}.test.ts`,
  tests,
  reason,
});

const types = "musl has no entry for raw sockets";
const aliases = "musl tells no aliases of its files but the name";
const server = "musl asks a name server for localhost with a dot";
const reach = "an ordinary user cannot reach root's cache";

/** By file. */
export const muslLimits: readonly Limit[] = [
  limit("resolver", /localhost null family 2 type 0 flags 0: what Python gets/, types),
  limit("resolver", /127\.0\.0\.1 0 family 0 type 0 flags 0: what Python gets/, types),
  limit("python-behaviour-names", /without a type each address comes for each/, types),
  limit("python-behaviour-names", /each flag does what it does/, "musl has fewer kinds of error"),
  limit("python-behaviour-names", /hosts by address and name are those of Python/, aliases),
  limit("resolver", /localhost\. 9 family 2/, server),
  limit("resolver", /^hosts > getHostByName and getHostByAddress give/, aliases),
  limit("resolver", /come with their aliases|protocols come by name, alias/, aliases),
  limit("resolver", /aliases, several addresses|a list that does not fit into the first memory/, aliases),
  limit("host-errors", /no records/, "musl does not tell a host without addresses from one that is not there"),
  limit("examples", /and says what it needs where it may not|ping as an ordinary user/, reach),
];
