// The shape of the source tree: who may touch memory, who may import whom, and what every file owes its reader. The rules
// are design, the check is by text, so that nobody has to remember them.

import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

const root = join(import.meta.dir, "../..");

/** From the ground up: a file may import what stands on its own line or on one above it in this list, and nothing below. */
const floors: readonly (readonly string[])[] = [
  ["ffi/platform/"],
  ["ffi/"],
  ["src/errors.ts", "src/errno-text.ts", "src/arguments.ts", "src/inspect.ts", "src/later.ts", "src/at-caller.ts"],
  ["src/constants.ts", "src/common-constants.ts", "src/constants/"],
  ["src/address/", "src/wait/", "src/packet/"],
  ["src/message/", "src/option/", "src/reactor/"],
  ["src/socket/"],
  ["src/resolver/", "src/unix/", "src/netlink/", "src/capture/"],
  ["src/connection/"],
  ["src/index.ts", "src/options.ts", "src/packet.ts", "src/netlink.ts"],
];

/** Long lists of constants, of which nobody reads more than one line at a time. */
const tables = /^(src\/(common-)?constants\.ts|src\/constants\/|ffi\/platform\/constants\/)/;

interface Import {
  readonly path: string;
  /** `import type`, `export type`, `typeof import()`: gone when the program runs. */
  readonly typeOnly: boolean;
}

interface Source {
  readonly path: string;
  readonly text: string;
  /** Without comments and templates. */
  readonly code: string;
  readonly imports: readonly Import[];
}

// In this order: what begins first decides what the rest is. A regular expression comes after an operator.
const token =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\[\s\S]|[^`\\])*`|(?<=[=(,:;!&|?[]\s*)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])*\/[a-z]*/g;

/** The text without what is no code; strings stay where they name modules. */
function codeOf(text: string, { strings }: { strings: boolean }): string {
  return text.replace(token, (found) => {
    if (/^["']/.test(found)) return strings ? found : '""';
    if (found.startsWith("/") && !/^\/[/*]/.test(found)) return "/regex/";
    return found.startsWith("`") ? "``" : found.replace(/[^\n]/g, " ");
  });
}

const statement = /^[ \t]*(?:import|export)\s+(type\s+)?(?:[\w*{][^;"']*?\sfrom\s+)?["']([^"']+)["']/gm;
const call = /(\btypeof\s+)?\b(?:import|require)\(\s*["']([^"']+)["']\s*\)/g;

function importsOf(code: string, path: string): Import[] {
  return [statement, call].flatMap((pattern) =>
    [...code.matchAll(pattern)].map(([, type, specifier = ""]) => ({
      path: specifier.startsWith(".") ? posix.join(posix.dirname(path), specifier) : specifier,
      typeOnly: type !== undefined,
    })),
  );
}

function sourcesIn(folder: string): Source[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
    .toSorted()
    .map((path) => {
      const text = readFileSync(join(root, path), "utf8");
      const code = codeOf(text, { strings: true });
      return { path, text, code, imports: importsOf(code, path) };
    });
}

const library = [...sourcesIn("ffi"), ...sourcesIn("src")];
const everything = [...library, ...sourcesIn("tests"), ...sourcesIn("bench"), ...sourcesIn("examples")];
const byPath = new Map(everything.map((source) => [source.path, source]));

const floorOf = (path: string): number => {
  const named = floors.findIndex((places) => places.includes(path));
  if (named !== -1) return named;
  return floors.findIndex((places) => places.some((place) => place.endsWith("/") && path.startsWith(place)));
};

describe("the reader of this test", () => {
  test("finds every import that Bun's own parser finds", () => {
    const transpiler = new Bun.Transpiler({ loader: "ts" });
    for (const { path, text, imports } of library) {
      const seen = new Set(imports.filter(({ typeOnly }) => !typeOnly).map((found) => found.path));
      const real = transpiler
        .scanImports(text)
        .map((found) => (found.path.startsWith(".") ? posix.join(posix.dirname(path), found.path) : found.path));
      expect([path, real.filter((found) => !seen.has(found))]).toEqual([path, []]);
    }
  });

  test("finds files: the rules below are about something", () => {
    expect(library.length).toBeGreaterThan(50);
    expect(library.flatMap(({ imports }) => imports).length).toBeGreaterThan(200);
  });

  test.each([
    ['import { a } from "x";', ["x"]],
    ['import {\n  a,\n  type B,\n} from "x";', ["x"]],
    ['import "x";', ["x"]],
    ['export * from "x";', ["x"]],
    ['export * as name from "x";', ["x"]],
    ['const a = require("x");', ["x"]],
    ['const a = await import("x");', ["x"]],
    ['// import "x";\n/* import "y"; */\nconst a = `\nimport "z";\n`;', []],
    ['const a = /["\'`]/;\nimport "x";', ["x"]],
  ])("reads %j", (text, expected) => {
    expect(importsOf(codeOf(text, { strings: true }), "src/a.ts").map(({ path }) => path)).toEqual(expected);
  });

  test.each(['import type { A } from "x";', 'export type { A } from "x";', 'let a: typeof import("x");'])(
    "tells that %j is about types only",
    (text) => expect(importsOf(text, "src/a.ts")).toEqual([{ path: "x", typeOnly: true }]),
  );
});

describe("the wall around ffi/", () => {
  test("nobody else imports bun:ffi, but the tests of this folder", () => {
    const users = everything.filter(({ imports }) => imports.some(({ path }) => path === "bun:ffi"));
    expect(users.map(({ path }) => path).filter((path) => !/^(ffi|tests\/abi)\//.test(path))).toEqual([]);
  });

  test("ffi/ imports nothing but itself and bun:ffi", () => {
    const foreign = sourcesIn("ffi").flatMap(({ path, imports }) =>
      imports.filter((found) => !/^(ffi\/|bun:ffi$)/.test(found.path)).map((found) => `${path} -> ${found.path}`),
    );
    expect(foreign).toEqual([]);
  });

  test("the library needs no package: what it imports is its own, or Bun's", () => {
    const foreign = library.flatMap(({ imports }) => imports).filter(({ path }) => !/^(ffi|src)\//.test(path));
    expect([...new Set(foreign.map(({ path }) => path))].filter((path) => !/^(bun|node):/.test(path))).toEqual([]);
  });
});

describe("floors", () => {
  test("every file stands on one", () => {
    expect(library.map(({ path }) => path).filter((path) => floorOf(path) === -1)).toEqual([]);
  });

  test("nobody imports from upstairs, not even types", () => {
    const upstairs = library.flatMap(({ path, imports }) =>
      imports
        .filter((found) => byPath.has(found.path) && floorOf(found.path) > floorOf(path))
        .map((found) => `${path} -> ${found.path}`),
    );
    expect(upstairs).toEqual([]);
  });

  test("what is imported is there, by its name with extension", () => {
    const missing = everything.flatMap(({ path, imports }) =>
      imports
        .filter((found) => /^(ffi|src|tests|bench|examples)\//.test(found.path) && !existsSync(join(root, found.path)))
        .map((found) => `${path} -> ${found.path}`),
    );
    expect(missing).toEqual([]);
  });

  test("no two files import each other, directly or around corners; types may", () => {
    const circles: string[] = [];
    const done = new Set<string>();
    const visit = (path: string, trail: readonly string[]): void => {
      const start = trail.indexOf(path);
      if (start !== -1) circles.push([...trail.slice(start), path].join(" -> "));
      if (start !== -1 || done.has(path)) return;
      for (const next of byPath.get(path)?.imports ?? []) {
        if (!next.typeOnly && byPath.has(next.path)) visit(next.path, [...trail, path]);
      }
      done.add(path);
    };
    for (const { path } of library) visit(path, []);
    expect(circles).toEqual([]);
  });
});

describe("habits", () => {
  const offenders = (pattern: RegExp, sources: readonly Source[] = everything): string[] =>
    sources.flatMap(({ path, text }) =>
      codeOf(text, { strings: false })
        .split("\n")
        .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
    );

  test("no default export", () => expect(offenders(/^\s*export\s+default\b|\bas\s+default\b/)).toEqual([]));

  test("no enum and no namespace: types leave nothing behind", () => {
    expect(offenders(/^\s*(export\s+)?(declare\s+)?(const\s+)?(enum|namespace)\s+\w/)).toEqual([]);
  });

  // a variable may have that name, a type may not
  test("no any", () => {
    const type = /(?:[:<|&]|=>|\bas|\bextends)\s*any\b(?!\s*[(:?.])|,\s*any\s*[>,][^()]*>|\bany\[\]/;
    expect(offenders(type)).toEqual([]);
  });

  test("no comment that silences the type checker", () => {
    const silencer = new RegExp(["@ts-(ignore", "expect-error", "nocheck)"].join("|"));
    expect(everything.filter(({ text }) => silencer.test(text)).map(({ path }) => path)).toEqual([]);
  });

  test("no file of the library too long to be read in one go", () => {
    const lines = (text: string): number => text.trimEnd().split("\n").length;
    const long = library.filter(({ path, text }) => !tables.test(path) && lines(text) >= 450);
    expect(long.map(({ path, text }) => `${path}: ${lines(text)} lines`)).toEqual([]);
  });

  test("no Worker by the address of a file, which a compiled program would not find", () => {
    expect(offenders(/\bnew\s+Worker\(\s*(new\s+URL|import\.meta)/, library)).toEqual([]);
  });
});

describe("the public face", () => {
  interface Exported {
    readonly path: string;
    readonly documented: boolean;
  }

  // Each declaration with the comment before it; `// prettier-ignore` may stand between.
  const declaration =
    /^(\/\*\*(?:[^*]|\*(?!\/))*\*\/\n)?(?:\/\/[^\n]*\n)*export\s+(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(?:class|function\*?|const|let|interface|type)\s+(\w+)/gm;
  const list = /^export\s+(?:type\s+)?\{([^}]*)\}(?:\s+from\s+"([^"]+)")?/gm;
  const star = /^export\s+\*\s+from\s+"([^"]+)"/gm;

  function exportsOf(path: string): Map<string, Exported> {
    const found = new Map<string, Exported>();
    const { text } = byPath.get(path) as Source;
    for (const [, comment, name = ""] of text.matchAll(declaration)) {
      if (!found.has(name)) found.set(name, { path, documented: comment !== undefined }); // an overload's is its first
    }
    const from = (specifier: string): Map<string, Exported> => exportsOf(posix.join(posix.dirname(path), specifier));
    for (const [, specifier = ""] of text.matchAll(star)) {
      for (const [name, exported] of from(specifier)) if (!found.has(name)) found.set(name, exported);
    }
    for (const [, names = "", specifier] of text.matchAll(list)) {
      const source = specifier === undefined ? new Map<string, Exported>() : from(specifier);
      for (const entry of names.split(",").map((name) => name.replace(/^\s*type\s/, "").trim())) {
        if (entry === "") continue;
        const [inner = "", outer = inner] = entry.split(/\s+as\s+/);
        found.set(outer, source.get(inner) ?? { path: specifier ?? path, documented: specifier === undefined });
      }
    }
    return found;
  }

  test.each(["src/index.ts", "src/options.ts", "src/packet.ts", "src/netlink.ts"].filter((path) => byPath.has(path)))(
    "every name that %s exports has a comment that says what it is",
    (path) => {
      const exported = [...exportsOf(path)];
      expect(exported.length).toBeGreaterThan(20);
      // a constant is documented by the manual that gave it its name
      const owing = exported.filter(([, { documented, path: where }]) => !documented && !tables.test(where));
      expect(owing.map(([name, { path: where }]) => `${name} (${where})`)).toEqual([]);
    },
  );

  test("this test reads the same names as the modules export", async () => {
    for (const path of ["src/index.ts", "src/options.ts", "src/packet.ts", "src/netlink.ts"].filter((name) =>
      byPath.has(name),
    )) {
      const known = exportsOf(path);
      const names = Object.keys((await import(join(root, path))) as object);
      expect(names.filter((name) => !known.has(name))).toEqual([]);
    }
  });
});
