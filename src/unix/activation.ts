// Being started, and watched, by systemd: sd_listen_fds(3), sd_notify(3), sd_watchdog_enabled(3).

import { close, makePipe } from "../../ffi/descriptors.ts";
import { platform } from "../../ffi/platform/index.ts";
import { ownProcessId } from "./process-id.ts";
import { type Descriptor, duration, show } from "../arguments.ts";
import { failed, notSupported, SocketError, timedOut } from "../errors.ts";
import { Rights } from "../message/rights.ts";
import { Socket } from "../socket/socket.ts";
import { deadlineIn } from "../wait/deadline.ts";
import { waitFor } from "../wait/wait.ts";

const { AF_UNIX, SOCK_DGRAM } = platform.core;

/** Where the descriptors that systemd passes begin: SD_LISTEN_FDS_START. */
const FIRST = 3;
/** More than any process may have open. */
const MOST = 1 << 30;
const ACTIVATION = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID"];

/** A socket that was passed to this process at its start. */
export interface ActivatedSocket {
  readonly socket: Socket;
  /** FileDescriptorName= of the socket unit; "unknown" where there is none. */
  readonly name: string;
}

/** What `listenFds` takes. */
export interface ListenFdsOptions {
  /**
   * Removes the variables from `process.env`, so that child processes do not take them for theirs. Default false. (`Bun.spawn`
   * hands on the environment of the start unless it is given `env: process.env`.)
   */
  readonly unsetEnvironment?: boolean | undefined;
}

function number(name: string): number | undefined {
  const text = process.env[name];
  if (text === undefined) return undefined;
  if (!/^[0-9]{1,15}$/.test(text)) throw malformed(name, text);
  return Number(text);
}

function malformed(name: string, text: string): SocketError {
  return new SocketError(`${name} is ${show(text)}: that is not what systemd sets`, {
    code: "EINVAL",
    syscall: "listenFds",
    kind: "invalid-argument",
  });
}

/** `sd_listen_fds(3)`: see index.ts. */
export function listenFds(options?: ListenFdsOptions): ActivatedSocket[] {
  try {
    const count = isForUs() ? (number("LISTEN_FDS") ?? 0) : 0;
    if (count === 0) return [];
    if (count > MOST) throw malformed("LISTEN_FDS", String(count));
    const names = process.env["LISTEN_FDNAMES"]?.split(":");
    if (names !== undefined && names.length !== count) throw malformed("LISTEN_FDNAMES", names.join(":"));
    return adoptAll(count, names);
  } finally {
    if (options?.unsetEnvironment === true) for (const name of ACTIVATION) delete process.env[name];
  }
}

// A process may have the number of one that has ended: newer managers tell what is never used again as well.
function isForUs(): boolean {
  if (number("LISTEN_PID") !== process.pid) return false;
  const wanted = process.env["LISTEN_PIDFDID"];
  if (wanted === undefined) return true;
  if (!/^[0-9]{1,20}$/.test(wanted)) throw malformed("LISTEN_PIDFDID", wanted);
  const own = ownProcessId();
  return own === undefined || own === BigInt(wanted);
}

/**
 * Those that were adopted, by their numbers as they were passed. A number has one owner, whatever has become of it, and is held here:
 * a socket of which nobody has kept hold would be closed when it is collected, as if nobody wanted it.
 */
const adopted = new Map<number, ActivatedSocket>();

function adoptAll(count: number, names: readonly string[] | undefined): ActivatedSocket[] {
  const found: ActivatedSocket[] = [];
  try {
    for (let fd = FIRST; fd < FIRST + count; fd++) {
      found.push(adopted.get(fd) ?? { socket: Socket.fromFd(fd), name: names?.[fd - FIRST] ?? "unknown" });
    }
  } catch (error) {
    for (const [index, one] of found.entries()) {
      if (!adopted.has(FIRST + index)) one.socket.detach(); // as they were: the caller may deal with them
    }
    throw error;
  }
  for (const [index, one] of found.entries()) adopted.set(FIRST + index, one);
  return found;
}

/** What `notify` takes. */
export interface NotifyOptions {
  /** Descriptors to go with it, at most 253: for FDSTORE=1, with FDNAME=. */
  readonly fds?: readonly Descriptor[] | undefined;
  /** Milliseconds to wait, for room in the queue and for BARRIER=1. Default 5000. */
  readonly timeout?: number | undefined;
}

/** `sd_notify(3)`: see index.ts. */
export function notify(state: string, options?: NotifyOptions): boolean {
  if (typeof state !== "string" || state === "")
    throw new TypeError(`state must be text like "READY=1", not ${show(state)}`);
  const timeout = duration(options?.timeout ?? 5000);
  const target = process.env["NOTIFY_SOCKET"];
  if (target === undefined || target === "") return false;
  if (target.startsWith("vsock")) throw notSupported("notify", `${target}: vsock is not spoken here`);
  if (!/^[@/]/.test(target)) throw malformed("NOTIFY_SOCKET", target);
  const path = target.startsWith("@") ? `\0${target.slice(1)}` : target;
  using socket = new Socket(AF_UNIX, SOCK_DGRAM);
  if (state.trimEnd() === "BARRIER=1") {
    if (options?.fds !== undefined) throw new TypeError("fds cannot go with BARRIER=1, which has one of its own");
    barrier(socket, path, timeout);
  } else send(socket, path, state, options?.fds ?? [], timeout);
  return true;
}

function send(socket: Socket, path: string, state: string, fds: readonly Descriptor[], timeout: number): void {
  const control = fds.length === 0 ? undefined : [new Rights(fds)];
  socket.sendMessage({ buffers: [state], address: { path }, control }, { timeout });
}

// The manager closes the write end of a pipe when it comes to the message: sd_notify_barrier(3).
function barrier(socket: Socket, path: string, timeout: number): void {
  const pipe = makePipe();
  if (pipe.result < 0) throw failed(pipe.result, { syscall: "pipe" });
  try {
    const deadline = deadlineIn(timeout);
    try {
      send(socket, path, "BARRIER=1", [pipe.writeEnd], timeout);
    } finally {
      close(pipe.writeEnd);
    }
    if (waitFor(pipe.readEnd, 0, deadline, undefined) === 0) throw timedOut("notify", timeout);
  } finally {
    close(pipe.readEnd);
  }
}

/** `sd_watchdog_enabled(3)`: see index.ts. */
export function watchdogInterval(): number | undefined {
  const microseconds = number("WATCHDOG_USEC");
  if (microseconds === undefined || microseconds === 0) return undefined;
  const pid = number("WATCHDOG_PID");
  return pid === undefined || pid === process.pid ? microseconds / 1000 : undefined;
}
