// `test` and `describe` of bun:test, which skip what the platform under test cannot do (limits.ts).

import * as bunTest from "bun:test";
import { limits } from "./limits.ts";

export * from "bun:test";

const own = limits[process.env["BERKELEY_PLATFORM"] ?? ""] ?? [];
let path: readonly string[] = [];

type Callable = (...args: unknown[]) => unknown;
type Members = Readonly<Record<string | symbol, unknown>>;

function reasonFor(name: string): string | undefined {
  const full = [...path, name].join(" > ");
  const file = Bun.main.replaceAll("\\", "/");
  return own.find((limit) => file.endsWith(limit.file) && limit.tests.test(full))?.reason;
}

// Inside a describe, names have its name before them. Its body is called later, when that of the outer one has ended.
function within(name: string, body: unknown): unknown {
  if (typeof body !== "function") return body;
  const inner = [...path, name];
  return (...args: unknown[]): unknown => {
    const outer = path;
    path = inner;
    try {
      return (body as Callable)(...args);
    } finally {
      path = outer;
    }
  };
}

/** What `register` makes, and what is made of it instead where there is a limit. */
interface Kind {
  readonly register: Callable;
  readonly skip: Callable;
  readonly nests: boolean;
}

function registration({ register, skip, nests }: Kind, name: string, body: unknown, rest: unknown[], row = ""): void {
  const reason = reasonFor(name + row);
  const inner = nests ? within(name + row, body) : body;
  if (reason === undefined) register(name, inner, ...rest);
  else skip(`${name} (${reason})`, inner, ...rest);
}

// The first cell of a row, or its name.
function cell(row: unknown): string {
  const first: unknown = Array.isArray(row) ? row[0] : row;
  const named = typeof first === "object" && first !== null && "name" in first ? first.name : first;
  return ` [${String(named)}]`;
}

// Row by row, so that one may be skipped without the others.
function each(kind: Kind, table: readonly unknown[]): Callable {
  return (name, body, ...rest) => {
    for (const row of table) {
      const one = {
        register: member(kind.register, "each")([row]) as Callable,
        skip: member(kind.skip, "each")([row]) as Callable,
        nests: kind.nests,
      };
      registration(one, String(name), body, rest, cell(row));
    }
  };
}

function member(of: Callable, name: string | symbol): Callable {
  return ((of as unknown as Members)[name] as Callable).bind(of);
}

function limited(kind: Kind): Callable {
  return new Proxy(kind.register, {
    apply(_target, _self, [name, body, ...rest]: unknown[]) {
      registration(kind, String(name), body, rest);
    },
    get(target, name) {
      const found = (target as unknown as Members)[name];
      if (typeof found !== "function") return found;
      if (name === "each") return (table: readonly unknown[]) => each(kind, table);
      const bound = member(target, name);
      if (name === "skipIf" || name === "if" || name === "todoIf" || name === "failingIf" || name === "concurrentIf") {
        return (condition: unknown) => limited({ ...kind, register: bound(condition) as Callable });
      }
      return limited({ ...kind, register: found as Callable });
    },
  });
}

/** `test`, limited. */
export const test: typeof bunTest.test = limited({
  register: bunTest.test as unknown as Callable,
  skip: bunTest.test.skip as unknown as Callable,
  nests: false,
}) as unknown as typeof bunTest.test;

/** `describe`, limited. */
export const describe: typeof bunTest.describe = limited({
  register: bunTest.describe as unknown as Callable,
  skip: bunTest.describe.skip as unknown as Callable,
  nests: true,
}) as unknown as typeof bunTest.describe;
