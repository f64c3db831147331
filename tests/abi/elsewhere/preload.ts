// Makes this process believe that it runs on another OS: the platform record is that of BERKELEY_ELSEWHERE, and the C library is
// one that writes down what it is called with (library.ts beside this).

import { plugin } from "bun";
import { join } from "node:path";

const system = process.env["BERKELEY_ELSEWHERE"] ?? "";
// before a record asks for it: Apple arm64 passes variadic arguments in another way
Object.defineProperty(process, "arch", { value: process.env["BERKELEY_ARCH"] ?? process.arch });
const ffi = join(import.meta.dir, "../../../ffi");

plugin({
  name: "elsewhere",
  setup(build) {
    build.onLoad({ filter: /[\\/]ffi[\\/]platform[\\/]index\.ts$/ }, () => ({
      contents: `export { ${system} as platform } from ${JSON.stringify(join(ffi, `platform/${system}.ts`))};`,
      loader: "ts",
    }));
    build.onLoad({ filter: /[\\/]ffi[\\/]library\.ts$/ }, () => ({
      contents: `export * from ${JSON.stringify(join(import.meta.dir, "library.ts"))};`,
      loader: "ts",
    }));
  },
});
