// What this system can do.

import { getsockopt } from "../../ffi/calls.ts";
import { hasCall } from "../../ffi/features.ts";
import { platform } from "../../ffi/platform/index.ts";
import { show } from "../arguments.ts";
import type { ReadableOption, WritableOption } from "../option/option.ts";
import { type Learned, open } from "./handle.ts";
import { hasOption } from "./segmentation.ts";
import { isOption } from "../option/option.ts";

/** A thing that a system, or a socket, can do or not. */
export type Feature =
  /** unix addresses without a file: unix(7) */
  | "abstractNames"
  /** accept4(2): connections are close-on-exec from their first moment */
  | "accept4"
  /** UDP_GRO, UDP_RECV_MAX_COALESCED_SIZE: joined datagrams can be received on this socket */
  | "gro"
  /** ppoll(2): waits shorter than a millisecond */
  | "ppoll"
  /** recvmmsg(2): many datagrams in one call */
  | "recvmmsg"
  /** SO_REUSEPORT: several sockets on one port */
  | "reusePort"
  /** UDP_SEGMENT, UDP_SEND_MSG_SIZE: joined datagrams can be sent on this socket; false once the kernel or the device has refused */
  | "segmentation"
  /** sendfile(2) */
  | "sendfile"
  /** sendmmsg(2): many datagrams in one call */
  | "sendmmsg"
  /** socketpair(2) */
  | "socketpair";

interface Subject {
  readonly fd: number;
  readonly learned: Learned;
}

// How to find out; asked only when somebody wants to know.
const features: Readonly<Record<Feature, (handle: Subject) => boolean>> = {
  abstractNames: () => platform.abstractNames,
  accept4: () => hasCall("accept4"),
  gro: (handle) => handle.learned.gro ?? hasOption(handle, platform.segmentation?.receive),
  ppoll: () => hasCall("ppoll"),
  recvmmsg: () => hasCall("recvmmsg"),
  reusePort: () => platform.core.SO_REUSEPORT !== undefined,
  segmentation: (handle) => handle.learned.segmentation ?? hasOption(handle, platform.segmentation?.send),
  sendfile: () => hasCall("sendfile"),
  sendmmsg: () => hasCall("sendmmsg"),
  socketpair: () => hasCall("socketpair"),
};

/** What `socket.capabilities` tells. */
export type Capabilities = Readonly<Record<Feature, boolean>>;

/** What this system can do, and this socket. */
export function capabilities(handle: Subject): Capabilities {
  open(handle, "getsockopt");
  const entries = Object.entries(features).map(([name, ask]) => [name, ask(handle)]);
  return Object.freeze(Object.fromEntries(entries) as Record<Feature, boolean>);
}

/** Whether a feature is there, or an option can be read on this socket (or, where it can only be set, exists here). */
export function supports(handle: Subject, what: ReadableOption<unknown> | WritableOption<never> | Feature): boolean {
  const fd = open(handle, "getsockopt");
  if (typeof what === "string" && Object.hasOwn(features, what)) return features[what](handle);
  if (!isOption(what)) {
    throw new TypeError(`what must be an option or one of ${Object.keys(features).join(", ")}, not ${show(what)}`);
  }
  if (!what.supported || !("get" in what)) return what.supported;
  // to read these is to take something: a descriptor, the pending error
  if (what.name === "SO_PEERPIDFD" || what.name === "SO_ERROR") return true;
  const size = what.get.size(platform);
  return getsockopt(fd, what.level, what.number, new Uint8Array(new ArrayBuffer(size))) >= 0;
}
