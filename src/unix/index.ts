// What unix sockets alone can do.

import { later } from "../later.ts";
import type { Socket } from "../socket/socket.ts";
import type { ActivatedSocket, ListenFdsOptions, NotifyOptions } from "./activation.ts";
import type { BindPathOptions } from "./bind-path.ts";

export type { ActivatedSocket, ListenFdsOptions, NotifyOptions } from "./activation.ts";
export type { BindPathOptions } from "./bind-path.ts";
export {
  receiveCredentials,
  receiveFd,
  type ReceivedFds,
  receiveFds,
  sendCredentials,
  sendFd,
  sendFds,
} from "./passing.ts";

const activation: () => typeof import("./activation.ts") = later(
  () => require("./activation.ts") as typeof import("./activation.ts"),
);
const binding: () => typeof import("./bind-path.ts") = later(
  () => require("./bind-path.ts") as typeof import("./bind-path.ts"),
);

/**
 * Binds a unix socket to a path, safely: a path that a dead server has left behind is replaced, atomically; one that is alive, or no
 * socket, is not touched; `mode` holds from the first moment; and closing the socket removes the path, if it is still its own.
 *
 * @throws TypeError, RangeError
 * @throws SocketError kind "address-in-use", "filename-too-long", "not-found" (no such folder), "permission-denied"
 *
 * @example
 * using server = new Socket(AF_UNIX);
 * bindPath(server, "/run/app.sock", { mode: 0o660 });
 * server.listen();
 */
export function bindPath(socket: Socket, path: string, options?: BindPathOptions): void {
  binding().bindPath(socket, path, options);
}

/**
 * The sockets that systemd (or any other with its protocol) has passed to this process: `sd_listen_fds(3)`. Each becomes a Socket
 * of its own kind, listening or not, non-blocking and close-on-exec, and is closed with it. None is an empty array.
 *
 * Another call gives the very same objects, in the same places; one that was closed or detached meanwhile is still there, as it is. They
 * are never collected: what is not wanted must be closed. After `unsetEnvironment` there are none any more, as with sd_listen_fds.
 * Workers have modules of their own: call it in one thread only.
 *
 * @throws SocketError kind "invalid-argument" for variables that contradict each other, or a descriptor that is no socket
 *
 * @example
 * const [activated] = listenFds({ unsetEnvironment: true });
 * const listener = activated?.socket ?? ownListener();
 */
export function listenFds(options?: ListenFdsOptions): ActivatedSocket[] {
  return activation().listenFds(options);
}

/**
 * Tells the service manager how this process is: `sd_notify(3)`. "READY=1", "STATUS=...", "STOPPING=1", "WATCHDOG=1",
 * "FDSTORE=1\nFDNAME=..." with descriptors; several on lines of their own. "BARRIER=1", alone, waits until all that was told before
 * has been taken notice of. Returns whether there is somebody to tell (NOTIFY_SOCKET).
 *
 * @throws TypeError; SocketError as `sendTo`; kind "timed-out"; "not-supported" for a manager behind vsock
 *
 * @example
 * notify("READY=1");
 * notify("FDSTORE=1\nFDNAME=listener", { fds: [listener] });
 */
export function notify(state: string, options?: NotifyOptions): boolean {
  return activation().notify(state, options);
}

/**
 * How often the service manager wants to hear "WATCHDOG=1", in milliseconds: `sd_watchdog_enabled(3)`; tell it about twice as often.
 * Undefined where it does not watch this process.
 *
 * @throws SocketError kind "invalid-argument" for variables that are not what systemd sets
 */
export function watchdogInterval(): number | undefined {
  return activation().watchdogInterval();
}
