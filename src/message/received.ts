// A message as receiveMessage gives it.

import type { SocketAddress } from "../address/index.ts";
import { bitNames, inspectAs } from "../inspect.ts";
import { type ControlBuffer, ControlMessages, controlPlaces, payloadView } from "./control.ts";
import { ownDescriptors, type ProcessFd, type Rights } from "./rights.ts";
import { platform } from "../../ffi/platform/index.ts";

const { MSG_TRUNC, MSG_CTRUNC, MSG_CMSG_CLOEXEC = 0 } = platform.core;

/** What was received. Descriptors in it that nobody takes are closed when it is disposed, or collected. */
export class ReceivedMessage {
  /** Bytes stored; with MSG_TRUNC in the flags the datagram's real size. */
  readonly size: number;
  /** The sender; null where the kernel gave none (a connected stream). */
  readonly address: SocketAddress | null;
  /** The control messages, decoded as they are asked for. */
  readonly control: ControlMessages;
  /** MSG_* of recvmsg(2): MSG_EOR, MSG_OOB, MSG_TRUNC, ... */
  readonly flags: number;
  readonly #owned: ReadonlyMap<number, Rights | ProcessFd> | undefined;

  constructor(size: number, address: SocketAddress | null, flags: number, control: ControlBuffer & Ownership) {
    this.size = size;
    this.address = address;
    this.flags = flags & ~MSG_CMSG_CLOEXEC; // Linux gives back what it was told
    this.control = new ControlMessages(control);
    this.#owned = control.owned;
  }

  static {
    inspectAs(this.prototype, ({ size, address, flags, control }) =>
      [`${size} bytes`, address === null ? "" : `from ${address}`, bitNames("MSG_", flags), String(control)]
        .filter((part) => part !== "")
        .join(", "),
    );
  }

  /** Whether the datagram was longer than the buffers, and its rest is lost. */
  get truncated(): boolean {
    return (this.flags & MSG_TRUNC) !== 0;
  }

  /** Whether there was more control data than `controlSize`, and it is lost; descriptors in it were closed by the kernel. */
  get controlTruncated(): boolean {
    return (this.flags & MSG_CTRUNC) !== 0;
  }

  /** Closes the descriptors that were received and not taken. */
  [Symbol.dispose](): void {
    for (const message of this.#owned?.values() ?? []) message[Symbol.dispose]();
  }
}

interface Ownership {
  readonly owned?: ReadonlyMap<number, Rights | ProcessFd> | undefined;
}

/** Takes charge of every descriptor in a control buffer at once, so that none is lost if nobody looks. Internal. */
export function ownAll(buffer: ControlBuffer): Map<number, Rights | ProcessFd> | undefined {
  let owned: Map<number, Rights | ProcessFd> | undefined;
  for (const { level, type, offset, size } of controlPlaces(buffer)) {
    const message = ownDescriptors({ level, type, bytes: buffer.bytes.slice(offset, offset + size) });
    if (message !== undefined) (owned ??= new Map()).set(offset, message);
  }
  return owned;
}

/** A control buffer of its own, from the first bytes of the one that the kernel filled. */
export function controlBuffer(
  filled: Uint8Array<ArrayBuffer>,
  length: number,
  mayOwn: boolean,
): ControlBuffer & Ownership {
  const bytes = filled.slice(0, length);
  const buffer = { bytes, view: payloadView(bytes), start: 0, end: length };
  return mayOwn && length > 0 ? { ...buffer, owned: ownAll(buffer) } : buffer;
}
