// A netlink socket: requests and their answers, lists, groups.

import { errnoNumber } from "../../ffi/errno.ts";
import { platform } from "../../ffi/platform/index.ts";
import { NetlinkSocketAddress } from "../address/index.ts";
import { duration, integer, record } from "../arguments.ts";
import { failed, notSupported, SocketError } from "../errors.ts";
import { Socket } from "../socket/socket.ts";
import { deadlineIn, remaining } from "../wait/deadline.ts";
import { encodeMessage, malformed, messageError, type NetlinkMessage, parseMessages } from "./message.ts";
import {
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSG_OVERRUN,
} from "./numbers.ts";

const { AF_NETLINK, SOCK_RAW } = platform.core;
const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
const NETLINK_DROP_MEMBERSHIP = 2;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const LARGEST = 65_536; // the kernel fills at most 32 KiB of a list at a time (netlink_dump)
const TRIES = 16;
const PATIENCE = 10_000; // milliseconds

/** What a request is sent with. */
export interface NetlinkRequestOptions {
  /** NLM_F_*, beside NLM_F_REQUEST. Default 0. */
  readonly flags?: number | undefined;
  /** What follows the header. */
  readonly body?: Uint8Array | undefined;
  /** Milliseconds for the whole call. Default 10,000: the kernel answers at once, another process may not. */
  readonly timeout?: number | undefined;
}

/** How requests go and answers come: a NetlinkSocket, or what a test puts in its place. */
export interface NetlinkTransport {
  send(bytes: Uint8Array<ArrayBuffer>, timeout: number): void;
  /** The messages of one datagram. */
  receive(timeout: number): readonly NetlinkMessage[];
  /** Takes messages that answer nothing that was asked. */
  keep(message: NetlinkMessage): void;
  nextSequence(): number;
  /** The port ID that answers carry. */
  readonly pid: number;
}

/**
 * Sends a request and gives what answers it, up to the acknowledgement (or, of a list, to its end): internal.
 *
 * @throws SocketError what the kernel answers; kind "busy" when a list was inconsistent 16 times
 */
export function ask(
  transport: NetlinkTransport,
  type: number,
  flags: number,
  options: NetlinkRequestOptions,
): NetlinkMessage[] {
  const isDump = (flags & NLM_F_DUMP) === NLM_F_DUMP;
  integer(type, "type", 0, 0xffff);
  const deadline = deadlineIn(options.timeout === undefined ? PATIENCE : duration(options.timeout));
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const answers = askOnce(transport, type, flags, options.body, deadline);
    if (!isDump || !answers.some((answer) => (answer.flags & NLM_F_DUMP_INTR) !== 0)) {
      return answers.filter((answer) => answer.type !== NLMSG_DONE);
    }
  }
  throw failed(-errnoNumber("EBUSY"), {
    syscall: `netlink request ${type}`,
    advice: `the list changed while it was told, ${TRIES} times in a row (NLM_F_DUMP_INTR)`,
  });
}

function askOnce(
  transport: NetlinkTransport,
  type: number,
  flags: number,
  body: Uint8Array | undefined,
  deadline: number,
): NetlinkMessage[] {
  const syscall = `netlink request ${type}`;
  const sequence = transport.nextSequence();
  transport.send(encodeMessage({ type, flags: flags | NLM_F_REQUEST, sequence, body }), remaining(deadline));
  const answers: NetlinkMessage[] = [];
  for (;;) {
    let ended = false;
    for (const message of transport.receive(remaining(deadline))) {
      if (message.sequence !== sequence || message.pid !== transport.pid) {
        transport.keep(message);
        continue;
      }
      if (message.type === NLMSG_OVERRUN) throw failed(-errnoNumber("ENOBUFS"), { syscall });
      if (message.type === NLMSG_ERROR || message.type === NLMSG_DONE) {
        const error = messageError(message, syscall);
        if (error !== undefined) throw error;
        ended = true;
        if (message.type === NLMSG_ERROR) continue; // an acknowledgement
      }
      answers.push(message);
    }
    if (ended) return answers;
  }
}

/**
 * A netlink socket, bound to an address that the kernel has chosen: netlink(7). Answers are taken from the kernel only. Linux; FreeBSD
 * 13.2 speaks the routing protocol too.
 *
 * @example
 * using netlink = new NetlinkSocket(); // NETLINK_ROUTE
 * for (const { body } of netlink.dump(RTM_GETLINK, { body: new Uint8Array(16) })) console.log(body);
 */
export class NetlinkSocket implements Disposable {
  /** The socket under it: for options, `watch`, `ref`. */
  readonly socket: Socket;
  /** The port ID of this socket. */
  readonly pid: number;
  readonly #buffer = new Uint8Array(new ArrayBuffer(LARGEST));
  readonly #news: NetlinkMessage[] = [];
  #sequence = 0;
  readonly #transport: NetlinkTransport;

  /**
   * `protocol`: NETLINK_ROUTE (0, the default), NETLINK_SOCK_DIAG (4), NETLINK_GENERIC (16), ...
   *
   * @throws TypeError, RangeError; SocketError kind "not-supported" where there is no netlink, or no such protocol
   */
  constructor(protocol = 0) {
    if (AF_NETLINK === undefined) throw notSupported("NetlinkSocket", `${platform.name} has no netlink`);
    this.socket = new Socket(AF_NETLINK, SOCK_RAW, integer(protocol, "protocol", 0, 31));
    try {
      this.socket.bind(new NetlinkSocketAddress());
      this.#option(NETLINK_EXT_ACK);
      this.#option(NETLINK_CAP_ACK);
      const address = this.socket.localAddress;
      this.pid = address instanceof NetlinkSocketAddress ? address.pid : 0;
    } catch (error) {
      this.socket.close();
      throw error;
    }
    this.#transport = {
      send: (bytes, timeout) => void this.socket.sendTo(bytes, new NetlinkSocketAddress(), { timeout }),
      receive: (timeout) => this.#receive(timeout),
      keep: (message) => {
        // news carry the numbers of the request that caused them; with ours, it answers one that was given up
        if (message.pid !== this.pid) this.#news.push(message);
      },
      nextSequence: () => (this.#sequence = (this.#sequence % 0xffff_ffff) + 1),
      pid: this.pid,
    };
  }

  // a kernel that lacks it tells less about errors, and that is all
  #option(name: number): void {
    try {
      this.socket.setOption(SOL_NETLINK, name, 1);
    } catch (error) {
      if (!(error instanceof SocketError)) throw error;
    }
  }

  #receive(timeout: number): NetlinkMessage[] {
    const { size, address, truncated } = this.socket.receiveFrom(this.#buffer, { timeout });
    return this.#take(this.#buffer, size, address, truncated);
  }

  #take(buffer: Uint8Array<ArrayBuffer>, size: number, address: unknown, truncated: boolean): NetlinkMessage[] {
    // anybody may send to a netlink socket: only the kernel's port ID is 0
    if (!(address instanceof NetlinkSocketAddress) || address.pid !== 0) return [];
    if (truncated) throw failed(-errnoNumber("EMSGSIZE"), { syscall: "recvfrom" });
    const messages = parseMessages(buffer.slice(0, size));
    if (messages === undefined) throw malformed("recvfrom");
    return messages;
  }

  /**
   * Asks for one thing, or for a change, and waits for the acknowledgement: what came before it is returned. News that come meanwhile
   * are kept for `messages()`.
   *
   * @throws TypeError, RangeError naming what is wrong
   * @throws SocketError what the kernel answers, with its own explanation; kind "timed-out"
   */
  request(type: number, options: NetlinkRequestOptions = {}): NetlinkMessage[] {
    return ask(this.#transport, type, NLM_F_ACK | flagsOf(options), options);
  }

  /**
   * Asks for a list (NLM_F_DUMP), and returns all of it. When it changed while the kernel told it, it is asked for again.
   *
   * @throws TypeError, RangeError naming what is wrong
   * @throws SocketError what the kernel answers; kind "timed-out", "busy" when it changed all the time
   */
  dump(type: number, options: NetlinkRequestOptions = {}): NetlinkMessage[] {
    return ask(this.#transport, type, NLM_F_DUMP | flagsOf(options), options);
  }

  /**
   * Joins a multicast group by its number (RTNLGRP_*): its news come out of `messages()`. NETLINK_ADD_MEMBERSHIP of netlink(7).
   *
   * @throws TypeError, RangeError; SocketError kind "permission-denied", "invalid-argument" for a group that the protocol lacks
   */
  join(group: number): void {
    this.socket.setOption(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, integer(group, "group", 1, 0x7fff_ffff));
  }

  /** Leaves a group: NETLINK_DROP_MEMBERSHIP of netlink(7). @throws as `join` */
  leave(group: number): void {
    this.socket.setOption(SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, integer(group, "group", 1, 0x7fff_ffff));
  }

  /**
   * The news of the groups that were joined, one after the other, until the socket is closed.
   *
   * @throws SocketError kind "no-buffers" when the kernel had to drop some: go on, and list again what you keep; the signal's reason
   */
  async *messages(
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<NetlinkMessage, void, undefined> {
    const { signal } = record(options, "options");
    const buffer = new Uint8Array(new ArrayBuffer(LARGEST)); // requests go on meanwhile, in theirs
    for (;;) {
      const kept = this.#news.shift();
      if (kept !== undefined) {
        yield kept;
        continue;
      }
      if (this.socket.closed) return;
      try {
        const { size, address, truncated } = await this.socket.receiveFromAsync(buffer, { signal, timeout: Infinity });
        this.#news.push(...this.#take(buffer, size, address, truncated));
      } catch (error) {
        if (error instanceof SocketError && error.kind === "closed") return;
        throw error;
      }
    }
  }

  /** Closes the socket: `close(2)`. */
  close(): void {
    this.socket.close();
  }

  /** The same as `close`, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }
}

function flagsOf(options: NetlinkRequestOptions): number {
  record(options, "options");
  return integer(options.flags ?? 0, "flags", 0, 0xffff);
}
