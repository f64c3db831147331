// Linux on arm64 with glibc: Bun's own binary for it, through qemu's translation of instructions and system calls.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bunFor, debian, folder, run, withLibraries } from "./packages.ts";
import { ownNetwork } from "./network.ts";
import { NotSetUp, type Platform } from "./platform.ts";

/** Bun for arm64, through user-mode qemu. */
export const linuxArm64: Platform = {
  name: "linux-arm64",
  async setUp(cache) {
    if (process.platform !== "linux") throw new NotSetUp("needs Linux");
    const sysroot = await debian(cache, "arm64-sysroot", ["libc6", "libgcc-s1", "libstdc++6"], { cpu: "arm64" });
    // version 10, static: 7.2 refuses an mprotect of nothing, which ends Bun when an ArrayBuffer is resized
    const qemu = join(await debian(cache, "qemu-10", ["qemu-user"], { release: "trixie" }), "usr/bin/qemu-aarch64");
    const libraries = join(sysroot, "lib/aarch64-linux-gnu");
    await register(qemu);
    const bun = await withLibraries(cache, await bunFor(cache, "linux-aarch64"), {
      loader: join(libraries, "ld-linux-aarch64.so.1"),
      folders: [libraries, join(sysroot, "usr/lib/aarch64-linux-gnu")],
    });
    const environment = { CC: await compiler(cache, libraries), BERKELEY_TRANSLATED: "qemu", BERKELEY_PATIENCE: "4" };
    return { command: [...(await ownNetwork()), bun], environment, timeout: 60_000 };
  },
};

// Debian's cross compiler, for the tests that ask the system's headers, and its own C library for what it makes.
async function compiler(cache: string, libraries: string): Promise<string> {
  const names = ["gcc-12", "cpp-12", "binutils"].map((name) => `${name}-aarch64-linux-gnu`);
  const cross = ["libc6", "libc6-dev", "libgcc-12-dev", "libgcc-s1", "linux-libc-dev"].map(
    (name) => `${name}-arm64-cross`,
  );
  const own = ["libgmp10", "libisl23", "libmpc3", "libmpfr6"];
  const packages = await debian(cache, "arm64-compiler", [...names, ...cross, ...own]);
  const into = await folder(join(cache, "arm64-cc"), async (unfinished) => {
    const loader = join(libraries, "ld-linux-aarch64.so.1");
    const script = `#!/bin/sh
export LD_LIBRARY_PATH='${packages}/usr/lib/x86_64-linux-gnu'
exec '${packages}/usr/bin/aarch64-linux-gnu-gcc-12' '--sysroot=${packages}' "$@" \\
  '-Wl,--dynamic-linker=${loader}' '-Wl,-rpath,${libraries}'
`;
    writeFileSync(join(unfinished, "cc"), script, { mode: 0o755 });
  });
  return join(into, "cc");
}

const registry = "/proc/sys/fs/binfmt_misc";
const hex = (bytes: string): string => bytes.replace(/../g, "\\x$&");
// An ELF file of 64 bits, little endian, of any system; an executable or a shared object; of machine 183.
const magic = hex("7f454c460201010000000000000000000200b700");
const mask = hex("ffffffffffffff00fffffffffffffffffeffffff");

// The tests start Bun from Bun, so the kernel has to know by itself what runs it: binfmt_misc. F: qemu is opened now, and is
// found from any root and by any user.
async function register(qemu: string): Promise<void> {
  const entry = join(registry, "berkeley-arm64");
  if (existsSync(entry) && readFileSync(entry, "latin1").includes(`interpreter ${qemu}\n`)) return;
  if (process.getuid?.() !== 0) throw new NotSetUp("needs root, to tell binfmt_misc of qemu");
  if (!existsSync(join(registry, "register"))) await run(["mount", "-t", "binfmt_misc", "binfmt_misc", registry]);
  if (existsSync(entry)) writeFileSync(entry, "-1"); // of another cache
  writeFileSync(join(registry, "register"), `:berkeley-arm64:M::${magic}:${mask}:${qemu}:F`);
}
