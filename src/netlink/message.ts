// Netlink messages: struct nlmsghdr of netlink(7), several to a datagram.

import { LITTLE_ENDIAN } from "../../ffi/memory.ts";
import { errnoNumber } from "../../ffi/errno.ts";
import { integer, record } from "../arguments.ts";
import { failed, type SocketError } from "../errors.ts";
import { aligned, attributeMap, attributeText, bytesOf } from "./attribute.ts";
import { NLM_F_ACK_TLVS, NLM_F_CAPPED, NLMSG_ERROR } from "./numbers.ts";

const HEADER = 16; // sizeof(struct nlmsghdr)
const ERROR = 4; // int error of struct nlmsgerr and of NLMSG_DONE
const NLMSGERR_ATTR_MSG = 1;

/** One message, as it was received. */
export interface NetlinkMessage {
  /** NLMSG_*, RTM_*, ... */
  readonly type: number;
  /** NLM_F_* */
  readonly flags: number;
  /** That of the request which it answers; 0 for news. */
  readonly sequence: number;
  /** The port ID of the socket that asked; 0 for news of the kernel. */
  readonly pid: number;
  /** What follows the header: a view on what was received. */
  readonly body: Uint8Array;
}

/** A message to send. */
export interface NetlinkMessageFields {
  /** 0 to 65535. */
  readonly type: number;
  /** NLM_F_*. Default 0. */
  readonly flags?: number | undefined;
  /** Default 0. */
  readonly sequence?: number | undefined;
  /** Default 0: the kernel knows who sends. */
  readonly pid?: number | undefined;
  /** What follows the header. Default: nothing. */
  readonly body?: Uint8Array | undefined;
}

/** The bytes of a message: netlink(7). @throws TypeError, RangeError naming the field */
export function encodeMessage(fields: NetlinkMessageFields): Uint8Array<ArrayBuffer> {
  const { type, flags = 0, sequence = 0, pid = 0, body = new Uint8Array() } = record(fields, "fields");
  bytesOf(body, "body");
  const length = HEADER + body.length;
  const bytes = new Uint8Array(new ArrayBuffer(aligned(length)));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length, LITTLE_ENDIAN);
  view.setUint16(4, integer(type, "type", 0, 0xffff), LITTLE_ENDIAN);
  view.setUint16(6, integer(flags, "flags", 0, 0xffff), LITTLE_ENDIAN);
  view.setUint32(8, integer(sequence, "sequence", 0, 0xffff_ffff), LITTLE_ENDIAN);
  view.setUint32(12, integer(pid, "pid", 0, 0xffff_ffff), LITTLE_ENDIAN);
  bytes.set(body, HEADER);
  return bytes;
}

/**
 * The messages of a datagram, netlink(7); `undefined` when one of them is cut off or shorter than its header. Nothing outside is read.
 *
 * @throws TypeError when `bytes` is no Uint8Array
 */
export function parseMessages(bytes: Uint8Array): NetlinkMessage[] | undefined {
  bytesOf(bytes, "bytes");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: NetlinkMessage[] = [];
  for (let at = 0; at < bytes.length;) {
    if (at + HEADER > bytes.length) return undefined;
    const length = view.getUint32(at, LITTLE_ENDIAN);
    if (length < HEADER || length > bytes.length - at) return undefined;
    found.push({
      type: view.getUint16(at + 4, LITTLE_ENDIAN),
      flags: view.getUint16(at + 6, LITTLE_ENDIAN),
      sequence: view.getUint32(at + 8, LITTLE_ENDIAN),
      pid: view.getUint32(at + 12, LITTLE_ENDIAN),
      body: bytes.subarray(at + HEADER, at + length),
    });
    at += length + (-length & 3); // not aligned(): a length near 2^31 must not become negative
  }
  return found;
}

/**
 * The error that NLMSG_ERROR or NLMSG_DONE tells, with what the kernel says about it (the extended acknowledgement); undefined when it
 * tells success: netlink(7).
 */
export function messageError(message: NetlinkMessage, syscall: string): SocketError | undefined {
  const { body, type } = message;
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  if (body.length < ERROR) return type === NLMSG_ERROR ? malformed(syscall) : undefined;
  const error = view.getInt32(0, LITTLE_ENDIAN);
  if (error >= 0) return undefined;
  const text = extendedText(message, view);
  // what the kernel says is better than what the table knows
  return failed(error, { syscall, advice: text === undefined ? undefined : `the kernel says: ${text}` });
}

function extendedText({ body, flags, type }: NetlinkMessage, view: DataView): string | undefined {
  if ((flags & NLM_F_ACK_TLVS) === 0) return undefined;
  let start = ERROR;
  if (type === NLMSG_ERROR) {
    if (body.length < ERROR + HEADER) return undefined;
    start += (flags & NLM_F_CAPPED) === 0 ? view.getUint32(ERROR, LITTLE_ENDIAN) : HEADER; // the request comes first
    start += -start & 3;
  }
  return start > body.length ? undefined : attributeText(attributeMap(body, start)?.get(NLMSGERR_ATTR_MSG));
}

/** The error of bytes that are no netlink. */
export function malformed(syscall: string): SocketError {
  return failed(-errnoNumber("EBADMSG"), { syscall, advice: "what came is no whole netlink message" });
}
