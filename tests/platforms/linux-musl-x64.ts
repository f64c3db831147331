// Linux on x64 with musl, the C library of Alpine: Bun's own binary for it, on Debian's musl.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { bunFor, debian, folder, run, withLibraries } from "./packages.ts";
import { ownNetwork } from "./network.ts";
import { NotSetUp, type Platform } from "./platform.ts";

/** Bun for musl. */
export const linuxMuslX64: Platform = {
  name: "linux-musl-x64",
  async setUp(cache) {
    if (process.platform !== "linux" || process.arch !== "x64") throw new NotSetUp("needs Linux on x64");
    const packages = await debian(cache, "musl-x64", ["musl", "libstdc++-12-pic", "libgcc-12-dev"]);
    const original = await bunFor(cache, "linux-x64-musl");
    const libraries = await folder(join(cache, `musl-x64-libraries-${Bun.version}`), async (into) => {
      await linkStandardLibrary(original, packages, into);
    });
    const bun = await withLibraries(cache, original, {
      loader: join(packages, "lib/x86_64-linux-musl/libc.so"),
      folders: [libraries],
    });
    return { command: [...(await ownNetwork()), bun], environment: {} };
  },
};

// What libstdc++, which was compiled for glibc, wants of glibc and musl lacks. -1 sends the unwinder the old way, through
// dl_iterate_phdr.
const shim = `
#include <stdlib.h>
#include <unistd.h>
int _dl_find_object(void *address, void *result) { return -1; }
char __libc_single_threaded = 0;
void *__dso_handle = &__dso_handle;
unsigned arc4random(void) {
  unsigned value;
  if (getentropy(&value, sizeof value) != 0) abort();
  return value;
}
void _ZSt21__glibcxx_assert_failPKciS0_S0_(void) { abort(); }
`;

// Debian has no libstdc++ for musl. The whole archive would want all of glibc: only what this binary leaves undefined, or
// copies from a shared object, is taken from it.
async function linkStandardLibrary(bun: string, packages: string, into: string): Promise<void> {
  const symbols = await run(["readelf", "-W", "--dyn-syms", "--relocs", bun]);
  const wanted = new Set<string>();
  for (const line of symbols.split("\n")) {
    const name = / UND (\S+)/.exec(line)?.[1] ?? /R_X86_64_COPY\s+\S+\s+(\S+)/.exec(line)?.[1];
    if (name !== undefined) wanted.add(name.replace(/@.*/, ""));
  }
  const archives = join(packages, "usr/lib/gcc/x86_64-linux-gnu/12");
  writeFileSync(join(into, "shim.c"), shim);
  await run(
    [
      ...["gcc", "-shared", "-fPIC", "-nostdlib", "-Wl,-soname,libstdc++.so.6", "-o", "libstdc++.so.6"],
      ...[...wanted].map((name) => `-Wl,-u,${name}`),
      "shim.c",
      ...["libstdc++_pic.a", "libgcc_eh.a", "libgcc.a"].map((name) => join(archives, name)),
    ],
    { cwd: into },
  );
}
