// Loaded before the tests of a platform that has limits: test files get `test` and `describe` from limited.ts.

import { join } from "node:path";
import { plugin } from "bun";

const limited = join(import.meta.dir, "limited.ts");

await plugin({
  name: "limits of the platform",
  setup(build) {
    build.onLoad({ filter: /\.test\.ts$/ }, async ({ path }) => {
      const source = await Bun.file(path).text();
      return { contents: source.replace('"bun:test"', JSON.stringify(limited)), loader: "ts" };
    });
  },
});
