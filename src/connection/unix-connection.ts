// A unix connection, which passes descriptors and credentials.

import { platform } from "../../ffi/platform/index.ts";
import type { Data, Descriptor } from "../arguments.ts";
import { laterAsync } from "../later.ts";
import type { Credentials } from "../message/credentials.ts";
import type { AsyncOptions } from "../socket/loop-operation.ts";
import type { Socket } from "../socket/socket.ts";
import type { ReceivedFds } from "../unix/passing.ts";
import { checkConnected, SocketConnection } from "./socket-connection.ts";

const passing: () => typeof import("../unix/passing-async.ts") = laterAsync(
  () => require("../unix/passing-async.ts") as typeof import("../unix/passing-async.ts"),
);

/** A unix stream or seqpacket connection on the event loop: unix(7). It speaks GUnixConnection's and Python's form. */
export class UnixConnection extends SocketConnection {
  /** @throws TypeError for any other socket; SocketError kind "closed", "not-connected" */
  static override from(socket: Socket): UnixConnection {
    if (checkConnected(socket).family !== platform.core.AF_UNIX) throw new TypeError("socket must be a unix socket");
    return new UnixConnection(socket);
  }

  /** Sends a descriptor with one NUL byte, as the function `sendFd`. The descriptor stays the caller's. */
  sendFd(fd: Descriptor, options?: AsyncOptions): Promise<void> {
    return passing().sendFd(this.socket, fd, options);
  }

  /** Receives a descriptor, as the function `receiveFd`: the caller's to close. */
  receiveFd(options?: AsyncOptions): Promise<number> {
    return passing().receiveFd(this.socket, options);
  }

  /** Sends 1 to 253 descriptors with data, as the function `sendFds`. */
  sendFds(fds: readonly Descriptor[], data?: Data | string, options?: AsyncOptions): Promise<number> {
    return passing().sendFds(this.socket, fds, data, options);
  }

  /** Receives data and at most `max` descriptors, as the function `receiveFds`. */
  receiveFds(max: number, buffer?: Data, options?: AsyncOptions): Promise<ReceivedFds> {
    return passing().receiveFds(this.socket, max, buffer, options);
  }

  /** Sends the credentials of this process, as the function `sendCredentials`. */
  sendCredentials(options?: AsyncOptions): Promise<void> {
    return passing().sendCredentials(this.socket, options);
  }

  /** Receives the credentials of the sender, as the function `receiveCredentials`. */
  receiveCredentials(options?: AsyncOptions): Promise<Credentials> {
    return passing().receiveCredentials(this.socket, options);
  }
}
