// Loaded before the tests of a platform that has limits: test files get `test` and `describe` from limited.ts.

import { join } from "node:path";
import { type OnLoadArgs, type OnLoadResult, plugin } from "bun";

const limited = join(import.meta.dir, "limited.ts");
// Bun 1.4 takes the drive of a Windows path for a namespace, and gives the rest as the path
const drive = /^([A-Z]):/i.exec(import.meta.dir)?.[1];

async function load({ path }: OnLoadArgs): Promise<OnLoadResult> {
  const source = await Bun.file(drive === undefined ? path : `${drive}:${path}`).text();
  return { contents: source.replace('"bun:test"', JSON.stringify(limited)), loader: "ts" };
}

await plugin({
  name: "limits of the platform",
  setup(build) {
    build.onLoad({ filter: /\.test\.ts$/, namespace: drive ?? "file" }, load);
  },
});
