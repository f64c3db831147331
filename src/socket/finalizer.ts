// A socket that was forgotten is closed when it is collected, and its owner is told once.

import { close } from "../../ffi/descriptors.ts";
import type { Handle } from "./handle.ts";
import { keepZeroCopy } from "./zero-copy.ts";

const forgotten = new FinalizationRegistry<Handle>((handle) => {
  // what waits on the event loop, and its promises, know the state only: they go on until they end
  if (handle.loop === undefined) release(handle);
  else handle.loop.whenIdle(() => release(handle));
});

function release(handle: Handle): void {
  const { fd } = handle;
  if (fd === -1) return;
  handle.loop?.detach();
  handle.fd = -1;
  keepZeroCopy(handle);
  close(fd);
  handle.onClose?.();
  process.emitWarning(`a socket (fd ${fd}) was collected without close(); close it, or declare it with "using"`, {
    type: "ResourceWarning",
    code: "BERKELEY_SOCKET_LEAK",
  });
}

/** Watches over a socket; what is held is its state, never the socket itself. */
export function closeWhenForgotten(socket: object, handle: Handle): void {
  forgotten.register(socket, handle, handle);
}

/** Forgets a socket that was closed: what the registry holds is freed only when the event loop turns. */
export function closedInTime(handle: Handle): void {
  forgotten.unregister(handle);
}
