// The usual case of passing, one descriptor with one byte, in memory that is made once: a third of the cost of a message of any
// form. What is not that case is a message like others.

import { EAGAIN, EINTR } from "../../ffi/errno.ts";
import { LITTLE_ENDIAN, Region } from "../../ffi/memory.ts";
import { MessageHeader } from "../../ffi/message.ts";
import { platform } from "../../ffi/platform/index.ts";
import { cmsg } from "../../ffi/structs/cmsg.ts";
import { failed } from "../errors.ts";
import { controlBuffer, ReceivedMessage } from "../message/received.ts";
import { QUIET } from "../socket/send.ts";

const { SOL_SOCKET, MSG_CMSG_CLOEXEC } = platform.core;
const SPACE = cmsg.space(4);

/** Sends and receives single descriptors. */
export class OneDescriptor {
  readonly #outgoing = new MessageHeader();
  readonly #incoming = new MessageHeader();
  // held here, because the headers hold their addresses
  readonly #sentByte = new Region(1);
  readonly #receivedByte = new Region(1);
  readonly #sent = new Region(SPACE);
  readonly #received: Region;
  readonly #payload: number;
  readonly #sentWords = new Int32Array(this.#sent.bytes.buffer);
  readonly #receivedWords: Int32Array;

  /** `type` is SCM_RIGHTS, `room` how many bytes of control messages are received. */
  constructor(type: number, room: number) {
    this.#payload = cmsg.write(this.#sent.view, 0, SOL_SOCKET, type, 4);
    this.#received = new Region(Math.ceil(room / 4) * 4);
    this.#receivedWords = new Int32Array(this.#received.bytes.buffer);
    this.#outgoing.setVectors([this.#sentByte.bytes]);
    this.#outgoing.setControl(this.#sent, SPACE);
    this.#incoming.setVectors([this.#receivedByte.bytes]);
  }

  /** `sendmsg(2)`, once: whether it was sent; false where it would have to wait. @throws SocketError */
  send(fd: number, descriptor: number): boolean {
    this.#sent.view.setInt32(this.#payload, descriptor, LITTLE_ENDIAN);
    const size = this.#outgoing.send(fd, QUIET, undefined);
    if (size < 0 && size !== -EAGAIN && size !== -EINTR) throw failed(size, { syscall: "sendmsg" });
    return size >= 0;
  }

  /** `recvmsg(2)`, once: the descriptor, or what came instead; undefined where it would have to wait. @throws SocketError */
  receive(fd: number): number | ReceivedMessage | undefined {
    this.#incoming.setControl(this.#received, this.#received.bytes.length);
    const size = this.#incoming.receive(fd, MSG_CMSG_CLOEXEC ?? 0);
    if (size === 1 && MSG_CMSG_CLOEXEC !== undefined && this.#isOne()) {
      return this.#received.view.getInt32(this.#payload, LITTLE_ENDIAN);
    }
    if (size === -EAGAIN || size === -EINTR) return undefined;
    if (size < 0) throw failed(size, { syscall: "recvmsg" });
    const { flags, controlLength } = this.#incoming;
    const length = Math.min(controlLength, this.#received.bytes.length);
    return new ReceivedMessage(size, null, flags, controlBuffer(this.#received.bytes, length, true));
  }

  // Whether the header is the very one that is sent, and nothing follows it.
  #isOne(): boolean {
    if (this.#incoming.flags !== MSG_CMSG_CLOEXEC || this.#incoming.controlLength !== SPACE) return false;
    for (let index = 0; index < this.#payload / 4; index++) {
      if (this.#receivedWords[index] !== this.#sentWords[index]) return false;
    }
    return true;
  }
}
