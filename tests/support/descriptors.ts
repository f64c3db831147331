// The descriptors of this process, to see which ones a call has left open.

import { close } from "../../ffi/descriptors.ts";
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Whether the system tells the descriptors of a process: /proc of Linux. */
export const haveProc: boolean = process.platform === "linux";

/** What is open: `number -> "socket:[4711]"`, without the one that reads the folder. */
export function openDescriptors(): Map<number, string> {
  const found = new Map<number, string>();
  for (const name of readdirSync("/proc/self/fd")) {
    try {
      const what = readlinkSync(`/proc/self/fd/${name}`);
      if (!/^\/proc\/\d+\/statm$/.test(what)) found.set(Number(name), what); // Bun's own, on another thread: how large is it?
    } catch {
      // the folder itself: closed again by now
    }
  }
  return found;
}

/**
 * What is open and was not `before`. What somebody else closes meanwhile is no news, and is why numbers of descriptors are not
 * compared: finalizers do, and Bun, which keeps the pipes of a child for a while after `spawnSync`.
 */
export function openedSince(before: ReadonlyMap<number, string>): string[] {
  return [...openDescriptors()].filter(([fd, what]) => before.get(fd) !== what).map(([fd, what]) => `${fd}: ${what}`);
}

/** What is open after the action and was not before. */
export function openedBy(action: () => void): string[] {
  const before = openDescriptors();
  action();
  return openedSince(before);
}

// O_NONBLOCK and O_CLOEXEC as /proc/self/fdinfo shows them on Linux: octal, x86 and arm64 alike.
const NONBLOCK = 0o4000;
const CLOEXEC = 0o2000000;

/** The flags of a descriptor, as the kernel has them. */
export function flagsOf(fd: number): { nonblocking: boolean; closeOnExec: boolean } {
  const text = /^flags:\s+([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "latin1"))?.[1];
  if (text === undefined) throw new Error(`/proc/self/fdinfo/${fd} tells no flags`);
  const flags = Number.parseInt(text, 8);
  return { nonblocking: (flags & NONBLOCK) !== 0, closeOnExec: (flags & CLOEXEC) !== 0 };
}

/** Something that has a descriptor, and is its only owner. */
interface Opened {
  readonly fd: number;
  close(): void;
}

/** /dev/null, opened. */
export function openNull(): Opened {
  const fd = openSync("/dev/null", "r");
  return { fd, close: () => closeSync(fd) };
}

/**
 * Opens until it is that number, which was closed a moment ago. It need not be the lowest that is free: Bun closes the pipes of a
 * child some time after its end, so that lower ones may come before it.
 */
export function openAs<T extends Opened>(number: number, open: () => T): T {
  const others: Opened[] = [];
  try {
    while (others.length < 500) {
      const opened = open();
      if (opened.fd === number) return opened;
      others.push(opened);
    }
    throw new Error(`descriptor ${number} did not come again`);
  } finally {
    for (const other of others) other.close();
  }
}

/** Closes a socket behind its owner's back. What node closes on Windows are no sockets. */
export function closeBehind(fd: number): void {
  const result = close(fd);
  if (result < 0) throw new Error(`close ${fd}: ${result}`);
}
