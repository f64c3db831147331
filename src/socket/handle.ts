// What a socket is to the operations: a descriptor with its state. Apart from the class, so that the operations need not
// know it and its finalizer can close what is left of a socket that was forgotten.

import type { SocketAddress } from "../address/index.ts";
import { closed } from "../errors.ts";
import type { Loop } from "./loop.ts";
import type { ZeroCopy } from "./zero-copy.ts";

/** The state of a socket that berkeley owns. */
export class Handle {
  /** -1 once closed. */
  fd: number;
  readonly family: number;
  readonly type: number;
  /** As the kernel has it; undefined until somebody asks. */
  protocol: number | undefined;
  blocking: boolean = true;
  timeout: number = Infinity;
  listenBacklog = 10;
  listening = false;
  connectedRead = false;
  connectedWrite = false;
  /** The peer, where it is known without asking: what accept(2) told, what connect(2) was given. */
  peer: SocketAddress | null = null;
  /** Where a connect that has not ended is going. */
  connecting: SocketAddress | null = null;
  /** An error that a receive has met after it had received something: for the next one. */
  pendingError: Error | undefined;
  /** Memory that the kernel still reads: MSG_ZEROCOPY. */
  zeroCopy: ZeroCopy | undefined;
  /** Where it is bound, when that is not what the kernel tells: a unix socket whose path was moved. */
  bound: SocketAddress | undefined;
  /** To be done when it is closed: removing the path that it is bound to. */
  onClose: (() => void) | undefined;
  /** What it has on the event loop: undefined until something waits there. */
  loop: Loop | undefined;
  /** Whether what waits on the event loop keeps the program alive. */
  alive = true;
  /** What is known of the kernel's socket, which duplicates share. */
  readonly learned: Learned = {};

  constructor(fd: number, family: number, type: number, protocol?: number) {
    this.fd = fd;
    this.family = family;
    this.type = type;
    this.protocol = protocol;
  }

  /** Whether the kernel may give it joined datagrams (UDP_GRO), or may still have some in its queue. */
  get gro(): GroState {
    return this.learned.groState ?? "off";
  }
  set gro(state: GroState) {
    this.learned.groState = state;
  }

  /** Marks both directions as connected. */
  connect(peer: SocketAddress | null): void {
    this.peer = peer;
    this.connecting = null;
    this.connectedRead = true;
    this.connectedWrite = true;
  }

  /** Forgets the peer. */
  disconnect(): void {
    this.peer = null;
    this.connecting = null;
    this.connectedRead = false;
    this.connectedWrite = false;
  }
}

/** Whether joined datagrams are received: no; yes; not any more, but some may still be in the queue. */
export type GroState = "off" | "on" | "draining";

/** What the kernel does not tell, or only by refusing; in part visible in `socket.capabilities`. */
export interface Learned {
  groState?: GroState;
  /** Whether it was shut down for writing by us. */
  writingEnded?: boolean;
  /** The interface that IP_MULTICAST_IF was set to: the kernel does not tell. */
  multicastInterface?: number;
  /** Whether joined datagrams can be sent (UDP_SEGMENT): false once the kernel or the device has refused. */
  segmentation?: boolean;
  /** Whether joined datagrams can be received (UDP_GRO). */
  gro?: boolean;
}

/** The descriptor of a socket that is open. */
export function open(handle: { readonly fd: number }, syscall: string): number {
  if (handle.fd === -1) throw closed(syscall);
  return handle.fd;
}
