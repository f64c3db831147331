// What the tests of a platform came to, and the grid of all platforms.

/** One platform's results, or why there are none. */
export interface Results {
  readonly name: string;
  readonly notSetUp?: string;
  passed: number;
  failed: number;
  /** Reason: how many tests were skipped for it. */
  readonly skipped: Map<string, number>;
  /** For people: a line for each failure. */
  readonly failures: string[];
  /** Files that failed beside another one and passed when they were run again, alone. */
  readonly again: string[];
}

/** Results to begin with. */
export function noResults(name: string, notSetUp?: string): Results {
  const none = { name, passed: 0, failed: 0, skipped: new Map<string, number>(), failures: [], again: [] };
  return notSetUp === undefined ? none : { ...none, notSetUp };
}

/** Counts tests that were skipped for a reason. */
export function addSkipped(results: Results, reason: string, count = 1): void {
  results.skipped.set(reason, (results.skipped.get(reason) ?? 0) + count);
}

/** Adds the results of one file to those of its platform. */
export function addResults(results: Results, { passed, failed, skipped, failures }: Results): void {
  results.passed += passed;
  results.failed += failed;
  for (const [reason, count] of skipped) addSkipped(results, reason, count);
  results.failures.push(...failures);
}

/** Counts what a junit report of bun test says, and gives how many failures were in it; `limits` are reasons that are known. */
export function addReport(results: Results, xml: string, file: string, limits: readonly string[]): number {
  let failed = 0;
  // a test case is empty, or holds the word of what became of it
  for (const [, attributes = "", outcome] of xml.matchAll(/<testcase\b([^>]*?)(?:\/>|>\s*<(\w+))/g)) {
    const outer = attribute(attributes, "classname");
    const name = attribute(attributes, "name");
    if (outcome === "skipped") {
      if (name === "(unnamed)") continue; // a hook of a group that is skipped
      const known = limits.find((reason) => `${outer} > ${name}`.includes(`(${reason})`));
      addSkipped(results, known ?? reasonIn(name) ?? reasonIn(outer) ?? `no reason given: ${name}`);
    } else if (outcome === "failure" || outcome === "error") {
      failed += 1;
      results.failures.push(`${file}: ${outer === "" ? "" : `${outer} > `}${name}`);
    } else {
      results.passed += 1;
    }
  }
  results.failed += failed;
  return failed;
}

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

function attribute(attributes: string, name: string): string {
  const value = new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? "";
  return value.replace(/&(?:#(\d+)|(\w+));/g, (whole, code?: string, entity?: string) =>
    code === undefined ? (entities[entity ?? ""] ?? whole) : String.fromCodePoint(Number(code)),
  );
}

// The reason why a test is skipped stands in parentheses at the end of its name, or of the name of its group; where a name
// is a sentence about what is left out ("not compared, newer than ..."), it is the reason itself.
function reasonIn(name: string): string | undefined {
  const [, inParentheses] = /\(((?:[^()]|\([^()]*\))+)\)(?: > .*)?$/.exec(name) ?? [];
  // "cmsg(3)" is a page of the manual
  if (inParentheses !== undefined && !/^\d$/.test(inParentheses))
    return inParentheses.replace(/^(?:skipped|skip)[:,]? /, "");
  return /^(not compared, [^:]*)/.exec(name)?.[1];
}

/** The grid, and under it why tests were skipped, as Markdown; the latter folded up, for a page that has more to say. */
export function grid(all: readonly Results[], folded = false): string {
  const lines = ["| platform | passed | skipped | failed |", "| --- | ---: | ---: | ---: |"];
  for (const { name, notSetUp, passed, failed, skipped } of all) {
    const sum = [...skipped.values()].reduce((one, other) => one + other, 0);
    lines.push(
      notSetUp === undefined
        ? `| ${name} | ${passed} | ${sum} | ${failed} |`
        : `| ${name} | not set up: ${notSetUp} | | |`,
    );
  }
  for (const { name, again } of all) {
    if (again.length > 0)
      lines.push("", `Passed on ${name} only when they were run again, alone: ${again.join(", ")}.`);
  }
  for (const { name, skipped } of all) {
    if (skipped.size === 0) continue;
    const reasons = [...skipped].sort(([one, a], [other, b]) => b - a || (one < other ? -1 : 1));
    const list = reasons.map(([reason, count]) => `- ${count}: ${reason}`);
    if (folded) lines.push("", `<details><summary>Skipped on ${name}</summary>`, "", ...list, "", "</details>");
    else lines.push("", `Skipped on ${name}:`, "", ...list);
  }
  return `${lines.join("\n")}\n`;
}

/** The text of a README with another grid in its place. @throws {TypeError} when it has no such place */
export function withGrid(readme: string, text: string): string {
  const place = /(<!-- support grid -->\n)[^]*?(<!-- \/support grid -->)/;
  if (!place.test(readme)) throw new TypeError("README.md has no <!-- support grid --> ... <!-- /support grid -->");
  return readme.replace(place, (_, before: string, after: string) => `${before}\n${text}\n${after}`);
}
