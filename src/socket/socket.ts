// Socket: making, connecting, closing. What moves data is in transfer.ts, what is an option in ref.ts; what all of them do is
// in the modules of the operations, here is what they promise.

import { platform } from "../../ffi/platform/index.ts";
import type { SocketAddressLike } from "../address/index.ts";
import { AsyncSocket, twins } from "./async-socket.ts";
import { boolean, type Data, type Descriptor, duration, integer } from "../arguments.ts";
import { atCaller } from "../at-caller.ts";
import { conditionCheck, conditionWait } from "./condition.ts";
import * as connection from "./connect.ts";
import { closeWhenForgotten } from "./finalizer.ts";
import { Handle } from "./handle.ts";
import { later } from "../later.ts";
import { adopt, checkKind, makePair, makeSocket } from "./make.ts";
import type { OperationOptions } from "./operation.ts";
import { properties, SocketRef } from "./ref.ts";
import type { AsyncOptions } from "./loop-operation.ts";

const { SOCK_STREAM } = platform.core;

const sharing: () => typeof import("./share.ts") = later(() => require("./share.ts") as typeof import("./share.ts"));
const available: () => typeof import("./available.ts") = later(
  () => require("./available.ts") as typeof import("./available.ts"),
);

/**
 * A socket of the operating system. Its descriptor is always non-blocking and close-on-exec; what blocks is this object:
 * every operation tries first, then waits with poll(2), then tries again.
 *
 * A call that blocks holds up the event loop of its thread, and no SIGINT handler of JavaScript runs meanwhile: give it a
 * timeout, or a Cancellable that another Worker cancels.
 *
 * All methods throw SocketError of kind "closed" after `close`.
 *
 * @example
 * using socket = new Socket(AF_INET, SOCK_DGRAM);
 * socket.bind("127.0.0.1:0");
 * socket.sendTo("hello", socket.localAddress);
 * console.log(new TextDecoder().decode(socket.receiveBytes(1500)));
 */
export class Socket extends AsyncSocket {
  readonly #handle: Handle;

  /**
   * Makes a socket: `socket(2)`. `family`: AF_*; `type`: SOCK_*, default SOCK_STREAM; `protocol`: IPPROTO_*, default 0, the
   * usual one. TCP_NODELAY is on for TCP.
   *
   * @throws TypeError, RangeError
   * @throws SocketError kind "not-supported", "permission-denied" (raw sockets want CAP_NET_RAW), "too-many-open-files"
   */
  constructor(family: number, type?: number, protocol?: number);
  constructor(family: number | Handle, ...rest: [type?: number, protocol?: number]) {
    const handle = family instanceof Handle ? family : newSocket(family, rest);
    super(handle);
    this.#handle = handle;
    closeWhenForgotten(this, handle);
  }

  /**
   * Adopts a descriptor, which is closed with this socket from then on. Family, type, protocol, listening and connected come
   * from the kernel. O_NONBLOCK is set, which other processes that share the open file see too. Where one of them takes it away again, sending
   * and receiving still never block, but `accept`, `connect` and `sendFile` would.
   *
   * @throws SocketError kind "invalid-argument" when it is no socket (ENOTSOCK) or not open (EBADF); it is not taken then
   */
  static fromFd(fd: Descriptor): Socket {
    if (fd instanceof SocketRef) {
      throw new TypeError(
        "fd is a socket of ours, which would have two owners then: use duplicate(), or detach() first",
      );
    }
    return wrap(adopt(fd));
  }

  /**
   * Two sockets that are connected to each other: `socketpair(2)`. Default: AF_UNIX, SOCK_STREAM. Windows, where there is no such
   * call, connects two streams of AF_INET (its default) or AF_INET6 through the loopback, as Python does there.
   */
  static pair(...kind: [family?: number, type?: number, protocol?: number]): [Socket, Socket] {
    const [family, ...rest] = kind.length === 0 ? [platform.core[platform.pairFamily]] : kind;
    const checked = checkKind(family, ...typeAndProtocol(rest));
    const [first, second] = makePair(checked.family, checked.type, checked.protocol);
    return [wrap(first), wrap(second)];
  }

  /**
   * Adopts a socket that another process has shared with this one: `WSASocketW`. Once, and while that process has it open. Its
   * family, type, protocol, listening and connected come from the system.
   *
   * @throws RangeError when it has not the size of what `share` gives
   * @throws SocketError kind "invalid-argument" when it is for another process; "not-supported" but on Windows
   *
   * @example
   * process.on("message", (bytes: Uint8Array) => { using socket = Socket.fromShare(bytes); });
   */
  static fromShare(bytes: Data): Socket {
    return wrap(sharing().fromShare(bytes));
  }

  /** Whether it was closed or detached. */
  get closed(): boolean {
    return this.#handle.fd === -1;
  }

  /** Whether it was connected and not shut down in both directions since; the peer may be gone all the same. */
  get connected(): boolean {
    return this.#handle.connectedRead || this.#handle.connectedWrite;
  }

  /** Whether it listens. */
  get listening(): boolean {
    return this.#handle.listening;
  }

  /** Whether it takes and reaches IPv4: an AF_INET socket, or an AF_INET6 one without IPV6_V6ONLY. */
  get speaksIPv4(): boolean {
    return properties().speaksIPv4(this.#handle);
  }

  /** Bytes that could be received now; of datagrams the next one (of a unix seqpacket socket all). -1 when closed. */
  get availableBytes(): number {
    return available().availableBytes(this.#handle);
  }

  /** Whether operations wait, where their options do not say: default true. The descriptor is non-blocking either way. */
  get blocking(): boolean {
    return this.#handle.blocking;
  }
  set blocking(value: boolean) {
    this.#handle.blocking = boolean(value, "blocking");
  }

  /** How many milliseconds an operation waits at most, where its options do not say: default Infinity; 0 never waits. */
  get timeout(): number {
    return this.#handle.timeout;
  }
  set timeout(value: number) {
    this.#handle.timeout = duration(value);
  }

  /** How many connections may be queued, for the next `listen()`: default 10. */
  get listenBacklog(): number {
    return this.#handle.listenBacklog;
  }
  set listenBacklog(value: number) {
    this.#handle.listenBacklog = integer(value, "listenBacklog", 0, 0x7fff_ffff);
  }

  /**
   * Binds to an address of this host: `bind(2)`. `allowReuse` sets SO_REUSEADDR, `reusePort` SO_REUSEPORT; absent leaves them
   * as they are. Port 0: the kernel chooses, see `localAddress`.
   *
   * @throws SocketError kind "address-in-use", "address-not-available", "permission-denied" (ports below 1024)
   */
  bind(address: SocketAddressLike, options?: connection.BindOptions): void {
    connection.bind(this.#handle, address, options);
  }

  /** Takes connections: `listen(2)`. `backlog`: how many may be queued, default `listenBacklog`. */
  listen(...backlog: [backlog?: number]): void {
    connection.listen(this.#handle, backlog.length > 0 ? backlog[0] : this.#handle.listenBacklog);
  }

  /**
   * The next connection: `accept4(2)`. Its `blocking` and `timeout` are the defaults, not the listener's. Connections that
   * were given up while queued (ECONNABORTED) are passed over.
   *
   * @throws SocketError kind "would-block", "timed-out", "cancelled", "too-many-open-files"
   */
  accept(options?: OperationOptions): Socket {
    return wrap(connection.accept(this.#handle, options));
  }

  /** `accept` on the event loop. */
  async acceptAsync(options?: AsyncOptions): Promise<Socket> {
    try {
      return wrap(await twins().accept(this.#handle, options));
    } catch (error) {
      throw atCaller(error, Socket.prototype.acceptAsync);
    }
  }

  /** `accept` that never waits: null when nobody is there. */
  tryAccept(): Socket | null {
    const handle = connection.tryAccept(this.#handle);
    return handle === null ? null : wrap(handle);
  }

  /**
   * Connects, and waits until that has ended: `connect(2)`. A unix listener whose backlog is full is waited for. On a datagram
   * socket it sets the peer, and may be repeated.
   *
   * @throws SocketError kind "connection-refused", "timed-out" (it goes on in the kernel: see `checkConnectResult`),
   * "cancelled", "pending" when it may not wait, "host-unreachable", "not-found" (unix path)
   */
  connect(address: SocketAddressLike, options?: OperationOptions): void {
    connection.connect(this.#handle, address, options);
  }

  /**
   * How a connect that did not wait has ended: nothing for success, and its error once. Also fetches a pending error of any
   * connected socket (SO_ERROR of socket(7)).
   *
   * @throws SocketError kind "pending" until it has ended (wait for POLLOUT), "connection-refused", ...
   */
  checkConnectResult(): void {
    connection.checkConnectResult(this.#handle);
  }

  /**
   * Forgets the peer of a datagram socket: `connect(2)` to AF_UNSPEC. A port that the kernel chose (port 0) goes with it on Linux: bind
   * anew, or the next send gets another one.
   */
  disconnect(): void {
    connection.disconnect(this.#handle);
  }

  /**
   * Ends receiving, sending, or (without argument) both: `shutdown(2)`. The peer reads the end of the stream. At once: what waits on
   * the event loop to be sent fails (EPIPE). Await that first, or use `end()` of a connection, which stands in the queue behind it.
   *
   * @throws TypeError when neither is asked for
   * @throws SocketError kind "not-connected"
   */
  shutdown(directions?: connection.ShutdownDirections): void {
    connection.shutdown(this.#handle, directions);
  }

  /** Closes: `close(2)`. Again is nothing. Never tried again after EINTR. */
  close(): void {
    connection.close(this.#handle);
  }

  /** The same as `close`, for `using`. */
  [Symbol.dispose](): void {
    connection.close(this.#handle);
  }

  /** Gives the descriptor away, open and non-blocking: this socket is closed then, and the caller owns it. */
  detach(): number {
    return connection.detach(this.#handle);
  }

  /** Another socket on a duplicate of the descriptor (F_DUPFD_CLOEXEC of fcntl(2)), with the same settings. */
  duplicate(): Socket {
    return wrap(connection.duplicate(this.#handle));
  }

  /**
   * Bytes of which the process of that id makes a socket of its own with `Socket.fromShare`: `WSADuplicateSocketW`. Keep this one
   * open until it has. POSIX systems pass descriptors instead: `sendFd`.
   *
   * @throws SocketError kind "invalid-argument" when there is no such process; "not-supported" but on Windows
   */
  share(processId: number): Uint8Array<ArrayBuffer> {
    return sharing().share(this.#handle, processId);
  }

  /** What it is ready for now, of POLLIN, POLLOUT, POLLPRI, and unasked POLLERR, POLLHUP, POLLNVAL: `poll(2)`. 0 when closed. */
  conditionCheck(condition: number): number {
    return conditionCheck(this.#handle, condition);
  }

  /**
   * Waits until it is ready for the condition, or in error, and returns the bits; `timeout: 0` looks once.
   *
   * @throws SocketError kind "timed-out", "cancelled"
   */
  conditionWait(condition: number, options?: OperationOptions): number {
    return conditionWait(this.#handle, condition, options);
  }
}

// What is absent has a default; an explicit undefined is a constant that this OS lacks, and an error.
function typeAndProtocol(rest: readonly unknown[]): [unknown, unknown] {
  return [rest.length > 0 ? rest[0] : SOCK_STREAM, rest.length > 1 ? rest[1] : 0];
}

function newSocket(family: unknown, rest: readonly unknown[]): Handle {
  const checked = checkKind(family, ...typeAndProtocol(rest));
  return makeSocket(checked.family, checked.type, checked.protocol);
}

// The constructor takes a handle too, which its public signature does not say.
const FromHandle = Socket as unknown as new (handle: Handle) => Socket;

function wrap(handle: Handle): Socket {
  return new FromHandle(handle);
}

/** The Socket around a handle that another module of ours has made: internal. */
export { wrap };
