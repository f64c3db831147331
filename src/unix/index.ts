// What unix sockets alone can do.

import { later } from "../later.ts";
import type { Socket } from "../socket/socket.ts";
import type { BindPathOptions } from "./bind-path.ts";

export {
  type ActivatedSocket,
  listenFds,
  type ListenFdsOptions,
  notify,
  type NotifyOptions,
  watchdogInterval,
} from "./activation.ts";
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
