// The TCP sockets of this host: sock_diag(7).

import { LITTLE_ENDIAN } from "../../ffi/memory.ts";
import { platform } from "../../ffi/platform/index.ts";
import { InetAddress, InetSocketAddress } from "../address/index.ts";
import { record, show } from "../arguments.ts";
import { bytesOf } from "./attribute.ts";
import { malformed } from "./message.ts";
import { NetlinkSocket } from "./netlink-socket.ts";

const { AF_INET, AF_INET6, IPPROTO_TCP } = platform.core;
const NETLINK_SOCK_DIAG = 4;
const SOCK_DIAG_BY_FAMILY = 20;
const MESSAGE = 72; // sizeof(struct inet_diag_msg)

/** The states of TCP, include/net/tcp_states.h; "bound": not connected and not listening. */
export type TcpState =
  | "established"
  | "syn-sent"
  | "syn-received"
  | "fin-wait-1"
  | "fin-wait-2"
  | "time-wait"
  | "closed"
  | "close-wait"
  | "last-ack"
  | "listen"
  | "closing"
  | "new-syn-received"
  | "bound";

// from 1 on, as the kernel numbers them
const names: readonly TcpState[] = [
  ...(["established", "syn-sent", "syn-received", "fin-wait-1", "fin-wait-2", "time-wait", "closed"] as const),
  ...(["close-wait", "last-ack", "listen", "closing", "new-syn-received", "bound"] as const),
];

/** What a TCP socket waits for: its timer. */
export type TcpTimer = "off" | "retransmit" | "keepalive" | "time-wait" | "probe";

const timers: readonly TcpTimer[] = ["off", "retransmit", "keepalive", "time-wait", "probe"];

/** A TCP socket: struct inet_diag_msg of sock_diag(7). */
export interface TcpSocketInfo {
  readonly state: TcpState;
  readonly localAddress: InetSocketAddress;
  /** null while it is not connected. */
  readonly remoteAddress: InetSocketAddress | null;
  /** Bytes to be received; of a listener the connections to be accepted. */
  readonly receiveQueue: number;
  /** Bytes not acknowledged; of a listener how many connections may be queued. */
  readonly sendQueue: number;
  /** The user who made it. */
  readonly uid: number;
  /** What /proc/<pid>/fd shows: `socket:[4711]`; 0 when no process has it any more. */
  readonly inode: number;
  /** The interface that it is bound to; 0 for none. */
  readonly interfaceIndex: number;
  /** What SO_COOKIE tells: no other socket gets this number. */
  readonly cookie: bigint;
  /** What the socket waits for. */
  readonly timer: TcpTimer;
  /** Milliseconds until that. */
  readonly timerExpires: number;
  /** How often the segment that is waited for has been sent again. */
  readonly retransmits: number;
}

/** Which sockets are listed. */
export interface ListTcpSocketsOptions {
  /** AF_INET or AF_INET6. Default: both. */
  readonly family?: number | undefined;
  /** Default: all. */
  readonly states?: readonly TcpState[] | undefined;
}

/**
 * The TCP sockets of this host, in this network namespace: sock_diag(7), what `ss -ta` shows. Linux.
 *
 * @throws TypeError; SocketError kind "not-supported" where there is no netlink
 *
 * @example
 * for (const { localAddress, uid } of listTcpSockets({ states: ["listen"] })) console.log(`${localAddress} of user ${uid}`);
 */
export function listTcpSockets(options: ListTcpSocketsOptions = {}): TcpSocketInfo[] {
  const { family, states = names } = record(options, "options");
  if (!Array.isArray(states)) throw new TypeError(`states must be a list of states, not ${show(states)}`);
  const mask = (states as readonly TcpState[]).reduce((bits, state) => {
    const number = names.indexOf(state) + 1;
    if (number === 0) throw new TypeError(`states must be of ${names.join(", ")}, not ${show(state)}`);
    return bits | (1 << number);
  }, 0);
  if (family !== undefined && family !== AF_INET && family !== AF_INET6) {
    throw new RangeError(`family must be AF_INET (${AF_INET}) or AF_INET6 (${AF_INET6}), not ${show(family)}`);
  }
  using netlink = new NetlinkSocket(NETLINK_SOCK_DIAG);
  return (family === undefined ? [AF_INET, AF_INET6] : [family]).flatMap((each) => {
    const body = new Uint8Array(new ArrayBuffer(56)); // struct inet_diag_req_v2
    body.set([each, IPPROTO_TCP]);
    new DataView(body.buffer).setUint32(4, mask, LITTLE_ENDIAN);
    return netlink.dump(SOCK_DIAG_BY_FAMILY, { body }).map((message) => {
      const info = parseTcpSocket(message.body);
      if (info === undefined) throw malformed("netlink request 20");
      return info;
    });
  });
}

/**
 * The socket in the body of an answer to SOCK_DIAG_BY_FAMILY, sock_diag(7); `undefined` for what is none.
 *
 * @throws TypeError when `body` is no Uint8Array
 */
export function parseTcpSocket(body: Uint8Array): TcpSocketInfo | undefined {
  const [family = 0, state = 0, timer = 0, retransmits = 0] = bytesOf(body, "body");
  const name = names[state - 1];
  if (body.length < MESSAGE || name === undefined || (family !== AF_INET && family !== AF_INET6)) return undefined;
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const u32 = (at: number): number => view.getUint32(at, LITTLE_ENDIAN);
  const interfaceIndex = u32(40);
  const addressAt = (at: number, portAt: number): InetSocketAddress => {
    const address = InetAddress.fromBytes(body.subarray(at, at + (family === AF_INET ? 4 : 16)));
    const scopeId = address.isLinkLocal && family === AF_INET6 ? interfaceIndex : 0;
    return new InetSocketAddress(address, view.getUint16(portAt), { scopeId }); // ports are in network order
  };
  const remoteAddress = addressAt(24, 6);
  return {
    state: name,
    localAddress: addressAt(8, 4),
    remoteAddress: remoteAddress.port === 0 && remoteAddress.address.isAny ? null : remoteAddress,
    receiveQueue: u32(56),
    sendQueue: u32(60),
    uid: u32(64),
    inode: u32(68),
    interfaceIndex,
    cookie: view.getBigUint64(44, LITTLE_ENDIAN),
    timer: timers[timer] ?? "off",
    timerExpires: u32(52),
    retransmits,
  };
}
