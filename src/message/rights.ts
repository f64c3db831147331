// Descriptors that travel: SCM_RIGHTS and SCM_PIDFD of unix(7).

import { close, duplicate, setCloexec } from "../../ffi/descriptors.ts";
import { LITTLE_ENDIAN, type Region } from "../../ffi/memory.ts";
import { platform } from "../../ffi/platform/index.ts";
import { type Descriptor, descriptor } from "../arguments.ts";
import { closed, failed, notSupported } from "../errors.ts";
import { ControlMessage, type ControlPayload, controlPlaces, payloadView, registerControl } from "./control.ts";

/** As many as Linux passes in one message: SCM_MAX_FD of include/net/scm.h. */
const MAXIMUM = 253;

// Descriptors that were received and not taken, held apart from the message so that its collection can close them.
class Owned {
  #descriptors: number[];

  constructor(descriptors: number[]) {
    this.#descriptors = descriptors;
  }

  get taken(): boolean {
    return this.#descriptors.length === 0;
  }

  take(): number[] {
    const descriptors = this.#descriptors;
    this.#descriptors = [];
    if (descriptors.length > 0) collected.unregister(this); // a loop that never ends its turn would pile them up
    return descriptors;
  }

  release(): void {
    for (const fd of this.take()) close(fd);
  }
}

const collected = new FinalizationRegistry<Owned>((owned) => owned.release());

function readDescriptors(payload: ControlPayload): number[] {
  const view = payloadView(payload.bytes);
  // a payload that was cut in the middle of one ends before it
  return Array.from({ length: Math.floor(view.byteLength / 4) }, (_, index) => view.getInt32(index * 4, LITTLE_ENDIAN));
}

function fdsOf(payload: ControlPayload): string {
  return readDescriptors(payload)
    .map((fd) => `fd ${fd}`)
    .join(", ");
}

// Made while `received` is: a constructor that the public signature does not show.
class Received {
  readonly payload: ControlPayload;
  constructor(payload: ControlPayload) {
    this.payload = payload;
  }
}

function rightsPayload(descriptors: unknown): ControlPayload {
  if (!Array.isArray(descriptors)) throw new TypeError("descriptors must be an array");
  if (descriptors.length === 0 || descriptors.length > MAXIMUM) {
    throw new RangeError(`descriptors must be 1 to ${MAXIMUM} in one message, not ${descriptors.length}`);
  }
  const type = platform.core.SCM_RIGHTS;
  if (type === undefined) throw notSupported("Rights", `${platform.name} passes no descriptors`);
  const numbers = Array.from(descriptors as unknown[], (value, index) => descriptor(value, `descriptors[${index}]`));
  return {
    level: platform.core.SOL_SOCKET,
    type,
    bytes: new Uint8Array(Int32Array.from(numbers).buffer),
  };
}

/**
 * Descriptors: SCM_RIGHTS of unix(7). Sending borrows them, they stay the sender's to close. Those received belong to the
 * message until `take()`; what is not taken is closed when it is disposed, when its slot in a batch is used again, or when it
 * is collected. They are close-on-exec.
 *
 * @example
 * socket.sendMessage({ buffers: ["x"], control: [new Rights([file.fd])] });
 * const [fd] = peer.receiveMessage({ buffers: [buffer] }).control.get(Rights)?.take() ?? [];
 */
export class Rights extends ControlMessage {
  readonly kind = "rights" as const;
  readonly #owned: Owned;

  /** 1 to 253 descriptors. @throws TypeError, RangeError; SocketError kind "not-supported" on Windows */
  constructor(descriptors: readonly Descriptor[] | Received) {
    const received = descriptors instanceof Received;
    const payload = received ? descriptors.payload : rightsPayload(descriptors);
    super(payload);
    this.#owned = new Owned(received ? readDescriptors(payload) : []);
    if (received) collected.register(this, this.#owned, this.#owned);
  }

  /** `fd 5, fd 6`: as they were passed, taken or not. */
  override toString(): string {
    return fdsOf(this);
  }

  /** How many there are. */
  get length(): number {
    return Math.floor(this.bytes.length / 4);
  }

  /** The descriptors that were received: the caller's to close from now on. Once: then, and for those to be sent, none. */
  take(): number[] {
    return this.#owned.take();
  }

  /** Closes those that were received and not taken. */
  [Symbol.dispose](): void {
    this.#owned.release();
  }
}

/**
 * A process descriptor of the sender: SCM_PIDFD of unix(7), Linux 6.5 and later; ask with `receiveControl(ProcessFd)`. It
 * belongs to the message until `take()`, as in Rights.
 */
export class ProcessFd extends ControlMessage {
  readonly kind = "process-fd" as const;
  readonly #owned: Owned;

  /** Received, never made. Internal. */
  constructor(received: Received) {
    super(received.payload);
    this.#owned = new Owned(readDescriptors(received.payload));
    collected.register(this, this.#owned, this.#owned);
  }

  /** `fd 5`: as it was passed, taken or not. */
  override toString(): string {
    return fdsOf(this);
  }

  /**
   * The descriptor: the caller's to close from now on.
   *
   * @throws SocketError kind "closed" when it was taken before; "too-many-open-files" when the kernel could not make one
   */
  take(): number {
    const [fd] = this.#owned.take();
    if (fd === undefined) throw closed("take", "process descriptor");
    if (fd < 0) throw failed(fd, { syscall: "recvmsg", address: "SCM_PIDFD" }); // Linux says why it could make none
    return fd;
  }

  /** Closes it if it was not taken. */
  [Symbol.dispose](): void {
    this.#owned.release();
  }
}

/** A message that owns what the kernel has just put into this process, or undefined for any other payload. Internal. */
export function ownDescriptors(payload: ControlPayload): Rights | ProcessFd | undefined {
  const { core } = platform; // what is there without reading a file: at the limit of descriptors none can be read
  if (payload.level !== core.SOL_SOCKET) return undefined;
  if (payload.type === core.SCM_RIGHTS) {
    if (core.MSG_CMSG_CLOEXEC === undefined) readDescriptors(payload).forEach(setCloexec);
    return new Rights(new Received(payload));
  }
  return payload.type === core.SCM_PIDFD ? new ProcessFd(new Received(payload)) : undefined;
}

/** Checks the descriptors of one message, also those in payloads that a user made by hand. Internal. */
export function checkDescriptors(payloads: readonly ControlPayload[], name: string): void {
  let total = 0;
  for (const [index, payload] of payloads.entries()) {
    const { level, type, bytes } = payload;
    if (level !== platform.core.SOL_SOCKET || type !== platform.core.SCM_RIGHTS) continue;
    if (bytes.length === 0 || bytes.length % 4 !== 0 || bytes.length / 4 > MAXIMUM) {
      throw new RangeError(`${name}[${index}]: SCM_RIGHTS holds 1 to ${MAXIMUM} ints, not ${bytes.length} bytes`);
    }
    readDescriptors(payload).forEach((fd, at) => descriptor(fd, `${name}[${index}]: descriptor ${at}`));
    total += bytes.length / 4;
  }
  if (total > MAXIMUM) throw new RangeError(`${name} has ${total} descriptors, and one message takes ${MAXIMUM}`);
}

/** Duplicates of descriptors that wait to be sent: the originals may be closed meanwhile, and their numbers be others'. */
export class Duplicates {
  readonly #duplicates = new Map<number, number>();

  /** Puts duplicates into control data that has been written. @throws SocketError when there can be no more descriptors */
  substitute({ view, bytes }: Region): void {
    for (const { level, type, offset, size } of controlPlaces({ bytes, view, start: 0, end: bytes.length })) {
      if (level !== platform.core.SOL_SOCKET || type !== platform.core.SCM_RIGHTS) continue;
      for (let at = offset; at + 4 <= offset + size; at += 4) {
        view.setInt32(at, this.#of(view.getInt32(at, LITTLE_ENDIAN)), LITTLE_ENDIAN);
      }
    }
  }

  #of(fd: number): number {
    const known = this.#duplicates.get(fd);
    if (known !== undefined) return known;
    const made = duplicate(fd);
    if (made < 0) throw failed(made, { syscall: "fcntl", address: "a descriptor to be sent" });
    this.#duplicates.set(fd, made);
    return made;
  }

  /** Closes them: what was sent is the kernel's by now. */
  release(): void {
    for (const fd of this.#duplicates.values()) close(fd);
    this.#duplicates.clear();
  }
}

// Known by class, so that `get(Rights)` finds them; made at once when they are received, never by a later look.
registerControl(Rights, "SOL_SOCKET", "SCM_RIGHTS", () => undefined);
registerControl(ProcessFd, "SOL_SOCKET", "SCM_PIDFD", () => undefined);
