// sendmsg(2) and recvmsg(2) of Winsock: WSASendMsg and WSARecvMsg, which are no exports but pointers that WSAIoctl tells, for
// datagrams with control messages; WSASendTo and WSARecvFrom for all else, streams among it.

import { linkSymbols, type Pointer, read, toArrayBuffer } from "bun:ffi";
import { getUint, setUint } from "./layout.ts";
import type { NativeFunction } from "./library.ts";
import { Region } from "./memory.ts";
import { platform } from "./platform/index.ts";
import * as windows from "./platform/constants/windows-core.ts";
import type { LastError } from "./winsock.ts";

const { msg_name, msg_namelen, msg_iov, msg_iovlen, msg_controllen, msg_flags } = platform.structs.msghdr.fields;
const { iovec } = platform.structs;
const { MSG_TRUNC, MSG_CTRUNC, MSG_WAITALL } = platform.core;
const { WSAEMSGSIZE, WSAEOPNOTSUPP, WSAEINVAL, WSAESHUTDOWN, SIO_GET_EXTENSION_FUNCTION_POINTER } = windows;

// WSAID_WSASENDMSG and WSAID_WSARECVMSG: mswsock.h
const WSASENDMSG = [0xa441e712, 0x754f, 0x43ca, 0x84, 0xa7, 0x0d, 0xee, 0x44, 0xcf, 0x60, 0x6d] as const;
const WSARECVMSG = [0xf689d7c8, 0x6f1f, 0x436b, 0x8a, 0x53, 0xe5, 0x4f, 0xe3, 0x51, 0xc3, 0x22] as const;
type Guid = typeof WSASENDMSG | typeof WSARECVMSG;

function guidBytes([data1, data2, data3, ...data4]: Guid): Region {
  const { view, bytes } = new Region(16);
  view.setUint32(0, data1, true);
  view.setUint16(4, data2, true);
  view.setUint16(6, data3, true);
  bytes.set(data4, 8);
  return { view, bytes, address: 0 as Pointer };
}

/** The two calls. */
export class MessageCalls {
  readonly #call: (name: string) => NativeFunction;
  readonly #lastError: LastError;
  readonly #anySocket: () => number;
  readonly #isStream: (fd: number) => boolean;
  readonly #sendTo: NativeFunction;
  readonly #receiveFrom: NativeFunction;
  readonly #count = new Uint32Array(new ArrayBuffer(4));
  readonly #flags = new Uint32Array(new ArrayBuffer(4));
  #sendMessage: NativeFunction | undefined;
  #receiveMessage: NativeFunction | undefined;

  constructor(
    call: (name: string) => NativeFunction,
    lastError: LastError,
    anySocket: () => number,
    isStream: (fd: number) => boolean,
  ) {
    this.#call = call;
    this.#lastError = lastError;
    this.#anySocket = anySocket;
    this.#isStream = isStream;
    this.#sendTo = call("WSASendTo");
    this.#receiveFrom = call("WSARecvFrom");
  }

  // One pointer serves all sockets of the provider that comes with the system.
  #extension(guid: Guid, args: readonly string[]): NativeFunction {
    const fd = this.#anySocket();
    if (fd === -1) return () => -1;
    const [input, output] = [guidBytes(guid), new Region(8)];
    const { bytes, view } = output;
    const result = this.#call("WSAIoctl")(
      ...[fd, SIO_GET_EXTENSION_FUNCTION_POINTER, input.bytes, 16, bytes, 8, this.#count, null, null],
    );
    const error = this.#lastError.get();
    this.#call("close")(fd);
    this.#lastError.set(error);
    if (result === -1) return () => -1;
    const pointer = getUint(view, 0, [0, 8]) as Pointer;
    const { symbols } = linkSymbols({ extension: { ptr: pointer, args, returns: "i32" } } as unknown as Parameters<
      typeof linkSymbols
    >[0]);
    return symbols["extension"] as unknown as NativeFunction;
  }

  /** sendmsg(2) of the WSAMSG at an address. */
  send(fd: number, header: Pointer, flags: number): number {
    const count = this.#count;
    if (read.u32(header, msg_controllen[0]) !== 0) {
      // SOCKET, message, flags, sent, overlapped, completion routine
      if (read.u32(header, msg_namelen[0]) === 0) clearName(header);
      this.#sendMessage ??= this.#extension(WSASENDMSG, ["i64_fast", "ptr", "u32", "buffer", "ptr", "ptr"]);
      return this.#sendMessage(fd, header, flags, count, null, null) === -1 ? -1 : (count[0] as number);
    }
    const size = read.i32(header, msg_namelen[0]);
    const name = size === 0 ? null : read.ptr(header, msg_name[0]); // an address of no bytes is an error here
    const vectors = read.ptr(header, msg_iov[0]);
    const length = read.u32(header, msg_iovlen[0]);
    const result = this.#sendTo(fd, vectors, length, count, flags, name, size, null, null);
    return result === -1 ? -1 : (count[0] as number);
  }

  /** recvmsg(2) into the WSAMSG at an address, which is also that of `view`. */
  receive(fd: number, header: Pointer, view: DataView, flags: number): number {
    const wanted = flags & ~MSG_WAITALL;
    const room = getUint(view, 0, msg_controllen);
    const nameRoom = getUint(view, 0, msg_namelen);
    let result = room === 0 ? undefined : this.#receiveWithControl(fd, header, view, wanted);
    if (result === undefined) {
      this.#flags[0] = wanted;
      const [vectors, length] = [read.ptr(header, msg_iov[0]), read.u32(header, msg_iovlen[0])];
      const [name, nameLength] = [read.ptr(header, msg_name[0]), header + msg_namelen[0]];
      const [count, told] = [this.#count, this.#flags];
      result = this.#receiveFrom(fd, vectors, length, count, told, name, nameLength, null, null);
      if (result !== -1) setUint(view, 0, msg_flags, 0);
    }
    const error = result === -1 ? this.#lastError.get() : 0;
    if (error !== 0 && error !== WSAEMSGSIZE && error !== WSAESHUTDOWN) {
      setUint(view, 0, msg_controllen, room);
      setUint(view, 0, msg_namelen, nameRoom);
      this.#lastError.set(error);
      return -1;
    }
    if (room === 0 || error === WSAESHUTDOWN) setUint(view, 0, msg_controllen, 0);
    if (getUint(view, 0, msg_namelen) === nameRoom) setUint(view, 0, msg_namelen, 0); // a stream's is left as it was
    if (error === 0) return this.#count[0] as number;
    // the same error is for data and for control messages that found no room: only the flags tell which
    const told = error === WSAEMSGSIZE && room !== 0 ? getUint(view, 0, msg_flags) : 0;
    const cut = error === WSAEMSGSIZE && ((told & MSG_TRUNC) !== 0 || (told & MSG_CTRUNC) === 0);
    setUint(view, 0, msg_flags, cut ? told | MSG_TRUNC : told);
    if (error === WSAESHUTDOWN) return 0;
    return cut ? capacityOf(header) : (this.#count[0] as number);
  }

  /** WSARecvMsg; undefined for a stream, which it does not serve. */
  #receiveWithControl(fd: number, header: Pointer, view: DataView, flags: number): number | undefined {
    setUint(view, 0, msg_flags, flags);
    // SOCKET, message, received, overlapped, completion routine
    this.#receiveMessage ??= this.#extension(WSARECVMSG, ["i64_fast", "ptr", "buffer", "ptr", "ptr"]);
    const result = this.#receiveMessage(fd, header, this.#count, null, null);
    if (result !== -1) return result;
    const error = this.#lastError.get();
    if ((error === WSAEOPNOTSUPP || error === WSAEINVAL) && this.#isStream(fd)) {
      setUint(view, 0, msg_controllen, 0);
      return undefined;
    }
    this.#lastError.set(error);
    return -1;
  }
}

function clearName(header: Pointer): void {
  new BigUint64Array(toArrayBuffer(header, msg_name[0], 8))[0] = 0n;
}

/** How much the vectors of a message hold. */
function capacityOf(header: Pointer): number {
  const vectors = read.ptr(header, msg_iov[0]) as Pointer;
  let room = 0;
  for (let index = 0; index < read.u32(header, msg_iovlen[0]); index++) {
    room += read.u32(vectors, index * iovec.size + iovec.fields.iov_len[0]);
  }
  return room;
}
