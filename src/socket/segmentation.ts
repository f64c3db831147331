// UDP segmentation offload of one socket: what was learned of sending joined datagrams, and whether it may receive them.

import { getsockopt, setsockopt } from "../../ffi/calls.ts";
import { platform } from "../../ffi/platform/index.ts";
import { decodeInt, encodeInt } from "../../ffi/structs/int.ts";
import { waitFor } from "../wait/wait.ts";
import type { Handle } from "./handle.ts";

const { AF_INET, AF_INET6, IPPROTO_UDP, SOCK_DGRAM, POLLIN } = platform.core;

/** As many datagrams as the kernel takes in one message: UDP_MAX_SEGMENTS, 128 since Linux 6.9, 64 before; Windows takes more. */
export const MAXIMUM_SEGMENTS = 128;

/** Whether a socket is UDP, whose datagrams can be joined. */
export function isUdp({ family, type }: Handle): boolean {
  return type === SOCK_DGRAM && (family === AF_INET || family === AF_INET6);
}

/** How many datagrams may be joined in a message of this socket: 1 where it cannot, or has learned that it cannot. */
export function segmentsOf(handle: Handle): number {
  if (!isUdp(handle)) return 1;
  // where the option is unknown (ICMP sockets, Linux before 4.18) its control message is ignored: the datagrams would be one
  handle.learned.segmentation ??= hasOption(handle, platform.segmentation?.send);
  return handle.learned.segmentation ? MAXIMUM_SEGMENTS : 1;
}

/**
 * Lets the kernel give this socket joined datagrams: UDP_GRO. Where it cannot, they come one by one. Once for a socket: what its
 * user sets after that stays.
 */
export function turnGroOn(handle: Handle): void {
  if (handle.learned.gro !== undefined || !isUdp(handle)) return;
  if (handle.gro === "off" && setGro(handle, true) >= 0) handle.gro = "on";
  handle.learned.gro = handle.gro !== "off";
}

function setGro({ fd }: Handle, on: boolean): number {
  const { segmentation } = platform;
  if (segmentation === undefined) return -1;
  return setsockopt(fd, IPPROTO_UDP, segmentation.receive, encodeInt(on ? segmentation.receiveOn : 0));
}

/** Before a receive that drains: the kernel tells the size of joined datagrams only while the option is on (net/ipv4/udp.c). */
export function beginDrain(handle: Handle): void {
  setGro(handle, true);
}

/** After it, whether it would block: then the last joined datagram has been taken, but for what came before the option was off. */
export function endDrain(handle: Handle, wouldBlock: boolean): void {
  setGro(handle, false);
  if (wouldBlock && (waitFor(handle.fd, POLLIN, 0, undefined) & POLLIN) === 0) handle.gro = "off";
}

const answer = new Uint8Array(new ArrayBuffer(4));

/** Whether the kernel knows a UDP option on this very socket; its value is in `answer` then. */
export function hasOption({ fd }: { readonly fd: number }, option: number | undefined): boolean {
  return option !== undefined && getsockopt(fd, IPPROTO_UDP, option, answer) >= 0;
}

/** Takes note of an option that a user has set: it may be GRO. */
export function noteOption(handle: Handle, level: number, number: number): void {
  if (level === IPPROTO_UDP && number === platform.segmentation?.receive) noteGro(handle);
}

/** Takes note of whether GRO is on: where it is turned off it leaves joined datagrams in the queue. */
export function noteGro(handle: Handle): void {
  if (!isUdp(handle) || !hasOption(handle, platform.segmentation?.receive)) return;
  if (decodeInt(answer) !== 0) handle.gro = "on";
  else if (handle.gro === "on") handle.gro = "draining";
}

/** The error of a plain receive on a socket that may be given joined datagrams. */
export function refusePlain(handle: Handle): never {
  const advice =
    handle.gro === "on"
      ? 'receive with a ReceiveBatch of segmentation "auto" or receiveMessage(), or turn UDP_GRO off'
      : "drain the socket with a ReceiveBatch until it would block";
  throw new TypeError(`the socket has UDP_GRO on, and a plain receive could lose joined datagrams: ${advice}`);
}
