// Passing descriptors and credentials on the event loop: the messages of passing.ts, awaited.

import { platform } from "../../ffi/platform/index.ts";
import type { Data, Descriptor } from "../arguments.ts";
import type { Credentials } from "../message/credentials.ts";
import { Rights } from "../message/rights.ts";
import type { AsyncOptions } from "../socket/loop-operation.ts";
import type { Socket } from "../socket/socket.ts";
import {
  credentialsIn,
  descriptorIn,
  fdsIn,
  messageOf,
  notEnded,
  ownCredentials,
  type ReceivedFds,
  requestOf,
  ROOM,
  unix,
} from "./passing.ts";

const { SOL_SOCKET } = platform.core;

/** `sendFd` on the event loop. */
export async function sendFd(socket: Socket, fd: Descriptor, options: AsyncOptions | undefined): Promise<void> {
  await unix(socket, "sendFd").sendMessageAsync({ buffers: [], control: [new Rights([fd])] }, options);
}

/** `receiveFd` on the event loop. */
export async function receiveFd(socket: Socket, options: AsyncOptions | undefined): Promise<number> {
  const received = await unix(socket, "receiveFd").receiveMessageAsync({ buffers: [], controlSize: ROOM }, options);
  using message = notEnded(socket, received, "receiveFd", "a descriptor");
  return descriptorIn(message);
}

/** `sendFds` on the event loop. */
export async function sendFds(
  socket: Socket,
  fds: readonly Descriptor[],
  data: Data | string | undefined,
  options: AsyncOptions | undefined,
): Promise<number> {
  return await unix(socket, "sendFds").sendMessageAsync(messageOf(fds, data), options);
}

/** `receiveFds` on the event loop. */
export async function receiveFds(
  socket: Socket,
  max: number,
  buffer: Data | undefined,
  options: AsyncOptions | undefined,
): Promise<ReceivedFds> {
  const request = requestOf(max, buffer);
  return fdsIn(await unix(socket, "receiveFds").receiveMessageAsync(request, options), max);
}

/** `sendCredentials` on the event loop. */
export async function sendCredentials(socket: Socket, options: AsyncOptions | undefined): Promise<void> {
  const control = ownCredentials();
  await unix(socket, "sendCredentials").sendMessageAsync({ buffers: [], control }, options);
}

// Those who wait for credentials on a socket, and whether SO_PASSCRED was on before the first of them came.
const asking = new WeakMap<Socket, { count: number; readonly wasOn: boolean }>();

/** `receiveCredentials` on the event loop. */
export async function receiveCredentials(socket: Socket, options: AsyncOptions | undefined): Promise<Credentials> {
  unix(socket, "receiveCredentials");
  const release = askForCredentials(socket);
  try {
    const received = await socket.receiveMessageAsync({ buffers: [], controlSize: ROOM }, options);
    return credentialsIn(socket, notEnded(socket, received, "receiveCredentials", "credentials"));
  } finally {
    release();
  }
}

function askForCredentials(socket: Socket): () => void {
  const { SO_PASSCRED } = platform.constants;
  if (SO_PASSCRED === undefined) return () => undefined;
  const before = asking.get(socket);
  const state = before ?? { count: 0, wasOn: socket.getOption(SOL_SOCKET, SO_PASSCRED) !== 0 };
  if (before === undefined) {
    if (!state.wasOn) socket.setOption(SOL_SOCKET, SO_PASSCRED, true);
    asking.set(socket, state);
  }
  state.count++;
  return () => {
    state.count--;
    if (state.count > 0) return;
    asking.delete(socket);
    if (!state.wasOn && !socket.closed) socket.setOption(SOL_SOCKET, SO_PASSCRED, false);
  };
}
