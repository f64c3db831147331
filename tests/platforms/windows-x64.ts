// Windows on x86-64: Bun's own Windows build in Wine. What Wine lacks is in limits: a named skip each.

import { rmSync } from "node:fs";
import { join } from "node:path";
import { bunFor, folder, run } from "./packages.ts";
import { NotSetUp, type Platform, type Runner } from "./platform.ts";

/** Debian's names of what is needed. */
const packages = ["wine", "wine64", "gcc-mingw-w64-x86-64-win32"] as const;

// Bun wants bcryptprimitives.dll, which Wine 8 lacks; RtlGenRandom, exported as SystemFunction036, fills buffers too.
const bcryptprimitives = `
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG length);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length) {
  while (length > 0) {
    ULONG part = length > 0x40000000 ? 0x40000000 : (ULONG)length;
    if (!SystemFunction036(data, part)) return FALSE;
    data += part;
    length -= part;
  }
  return TRUE;
}
`;

const TOOLS = {
  wine: "wine",
  wineboot: "wineboot",
  wineserver: "wineserver",
  compiler: "x86_64-w64-mingw32-gcc",
} as const;

async function installTools(): Promise<void> {
  const missing = Object.values(TOOLS).filter((tool) => Bun.which(tool) === null);
  if (missing.length === 0) return;
  if (Bun.which("apt-get") === null || process.getuid?.() !== 0) {
    throw new NotSetUp(`needs ${missing.join(", ")}: as root, apt-get install ${packages.join(" ")}`);
  }
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await run(["apt-get", "update", "-q"]);
  await run(["apt-get", "install", "-q", "-y", "--no-install-recommends", ...packages], { env });
}

function environmentOf(prefix: string): Record<string, string> {
  // no windows, no word of Wine's own, and no offer to fetch .NET and a browser
  return { WINEPREFIX: prefix, WINEDEBUG: "-all", DISPLAY: "", WINEDLLOVERRIDES: "mscoree,mshtml=" };
}

async function makePrefix(cache: string): Promise<string> {
  return folder(join(cache, "wine-x64"), async (unfinished) => {
    const env = environmentOf(unfinished);
    await run([TOOLS.wineboot, "-i"], { env });
    const source = join(unfinished, "bcryptprimitives.c");
    await Bun.write(source, bcryptprimitives);
    const library = join(unfinished, "drive_c/windows/system32/bcryptprimitives.dll");
    await run([TOOLS.compiler, "-shared", "-O1", "-o", library, source, "-ladvapi32"]);
    rmSync(source);
    // its registry is written when the last program has ended, and must not be while the folder is renamed
    await run([TOOLS.wineserver, "-w"], { env });
  });
}

// these begin with what is skipped by name elsewhere
const leftOut = {
  "tests/leaks.test.ts": "needs /proc",
  "tests/abi/elsewhere.test.ts": "looks at other systems from Linux",
} as const;

/** Windows x64, in Wine. */
export const windowsX64: Platform = {
  name: "windows-x64",
  async setUp(cache: string): Promise<Runner> {
    if (process.platform !== "linux" || process.arch !== "x64") throw new NotSetUp("Wine wants Linux on x86-64 here");
    await installTools();
    const bun = await bunFor(cache, "windows-x64");
    const prefix = await makePrefix(cache);
    // Wine shows this machine's whole file system as drive Z
    const path = (file: string): string => `Z:${file}`;
    return {
      command: [TOOLS.wine, bun],
      environment: environmentOf(prefix),
      path,
      end: [TOOLS.wineserver, "-k"],
      timeout: 20_000,
      leftOut,
    };
  },
};
