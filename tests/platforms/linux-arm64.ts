// Linux on arm64 with glibc: Bun's own binary for it, through qemu's translation of instructions and system calls.

import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bunFor, debian, run, withLibraries } from "./packages.ts";
import { NotSetUp, type Platform } from "./platform.ts";

/** Bun for arm64, through user-mode qemu. */
export const linuxArm64: Platform = {
  name: "linux-arm64",
  async setUp(cache) {
    if (process.platform !== "linux") throw new NotSetUp("needs Linux");
    const sysroot = await debian(cache, "arm64", ["libc6", "libgcc-s1", "libstdc++6"], "arm64-sysroot");
    const qemu = join(await debian(cache, "amd64", ["qemu-user-static"], "qemu"), "usr/bin/qemu-aarch64-static");
    const libraries = join(sysroot, "lib/aarch64-linux-gnu");
    const bun = await withLibraries(cache, await bunFor(cache, "linux-aarch64"), {
      loader: join(libraries, "ld-linux-aarch64.so.1"),
      folders: [libraries, join(sysroot, "usr/lib/aarch64-linux-gnu")],
    });
    if (!(await starts(bun))) {
      await register(qemu);
      await run([bun, "-e", "1"]);
    }
    return { command: [bun], environment: {} };
  },
};

// The tests start Bun from Bun, so the kernel has to know by itself what runs it.
async function starts(bun: string): Promise<boolean> {
  try {
    await run([bun, "-e", "1"]);
    return true;
  } catch {
    return false;
  }
}

const registry = "/proc/sys/fs/binfmt_misc";
const hex = (bytes: string): string => bytes.replace(/../g, "\\x$&");
// An ELF file of 64 bits, little endian, of any system; an executable or a shared object; of machine 183.
const magic = hex("7f454c460201010000000000000000000200b700");
const mask = hex("ffffffffffffff00fffffffffffffffffeffffff");

// binfmt_misc. F: qemu is opened now, and is found from any root and by any user.
async function register(qemu: string): Promise<void> {
  if (process.getuid?.() !== 0) throw new NotSetUp("needs root, to tell binfmt_misc of qemu");
  if (!existsSync(join(registry, "register"))) await run(["mount", "-t", "binfmt_misc", "binfmt_misc", registry]);
  const entry = join(registry, "berkeley-arm64");
  if (existsSync(entry)) writeFileSync(entry, "-1"); // of a cache that was elsewhere
  writeFileSync(join(registry, "register"), `:berkeley-arm64:M::${magic}:${mask}:${qemu}:F`);
}
