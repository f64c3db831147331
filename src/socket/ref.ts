// What a borrowed socket and one of our own have in common: options, addresses, credentials, groups.

import { protocolOf } from "../../ffi/identity.ts";
import type { InetAddress, InterfaceLike, SocketAddress } from "../address/index.ts";
import { type Descriptor, descriptor } from "../arguments.ts";
import { type Credentials, peerCredentials } from "../message/credentials.ts";
import type { ReadableOption, WritableOption } from "../option/option.ts";
import type { Capabilities, Feature } from "./capabilities.ts";
import { localAddress, remoteAddress } from "./connect.ts";
import { Handle, type Learned, open } from "./handle.ts";
import { identify } from "./make.ts";
import type { ControlMessage, ControlMessageClass } from "../message/control.ts";
import type { MembershipOptions } from "./multicast.ts";
import { later } from "../later.ts";
import { inspectAs } from "../inspect.ts";

/** The properties that are options: internal. */
export const properties: () => typeof import("./properties.ts") = later(
  () => require("./properties.ts") as typeof import("./properties.ts"),
);
const options: () => typeof import("./options.ts") = later(
  () => require("./options.ts") as typeof import("./options.ts"),
);
const multicast: () => typeof import("./multicast.ts") = later(
  () => require("./multicast.ts") as typeof import("./multicast.ts"),
);
const system: () => typeof import("./capabilities.ts") = later(
  () => require("./capabilities.ts") as typeof import("./capabilities.ts"),
);
const control: () => typeof import("./receive-control.ts") = later(
  () => require("./receive-control.ts") as typeof import("./receive-control.ts"),
);
const description: () => typeof import("./describe.ts") = later(
  () => require("./describe.ts") as typeof import("./describe.ts"),
);
const ioctl: () => typeof import("./ioctl.ts") = later(() => require("./ioctl.ts") as typeof import("./ioctl.ts"));

// A borrowed socket is asked for its descriptor each time: Bun's say -1 once they are closed, and then it may be another's.
class Borrowed {
  readonly #lender: { readonly fd: number };
  readonly family: number;
  readonly type: number;
  readonly protocol: number | undefined;
  readonly peer = null;
  readonly connectedRead = false;
  readonly connectedWrite = false;
  readonly learned: Learned = {};

  constructor(lender: Descriptor) {
    const { fd, family, type, protocol } = identify(lender);
    this.#lender = typeof lender === "object" ? (lender as { readonly fd: number }) : { fd };
    this.family = family;
    this.type = type;
    this.protocol = protocol;
  }

  get fd(): number {
    const { fd } = this.#lender;
    return fd === -1 ? -1 : descriptor(fd);
  }
}

let handleInside: (socket: SocketRef) => Handle | Borrowed;

/**
 * Somebody else's socket, to look at and to configure: that of `Bun.udpSocket`, `Bun.listen`, or any descriptor. It never
 * closes it, and leaves its O_NONBLOCK and CLOEXEC as they are. A plain number may be reused by the OS once its owner has
 * closed it: give the object that has the `fd`, whose -1 then is kind "closed".
 *
 * @example
 * const socket = await Bun.udpSocket({});
 * SocketRef.borrow(socket).dscp = 46;
 */
export class SocketRef {
  readonly #handle: Handle | Borrowed;

  /** Use `SocketRef.borrow`, or `new Socket`. */
  protected constructor(handle: Handle | Borrowed | { readonly borrow: Descriptor }) {
    this.#handle = handle instanceof Handle || handle instanceof Borrowed ? handle : new Borrowed(handle.borrow);
  }

  static {
    handleInside = (socket) => socket.#handle;
    inspectAs(this.prototype, (socket) => describeSocket(socket));
  }

  /**
   * Borrows a socket.
   *
   * @throws SocketError kind "invalid-argument" when it is no socket (ENOTSOCK) or not open (EBADF)
   */
  static borrow(fd: Descriptor): SocketRef {
    // one of ours is the same socket, with the same state
    if (fd instanceof SocketRef) {
      void fd.protocol; // asked while it is open: it is told after that too
      return new SocketRef(handleInside(fd));
    }
    return new SocketRef({ borrow: fd });
  }

  /** The descriptor; -1 once closed. */
  get fd(): number {
    return this.#handle.fd;
  }

  /** AF_* */
  get family(): number {
    return this.#handle.family;
  }

  /** SOCK_*, without SOCK_NONBLOCK and SOCK_CLOEXEC. */
  get type(): number {
    return this.#handle.type;
  }

  /** The kernel's IPPROTO_* (SO_PROTOCOL): 6 for a socket that was made with 0; -1 where it does not tell. */
  get protocol(): number {
    const handle = this.#handle;
    if (handle.protocol !== undefined || handle.fd === -1) return handle.protocol ?? -1;
    const protocol = protocolOf(handle.fd) ?? -1;
    if (handle instanceof Handle) handle.protocol = protocol;
    return protocol;
  }

  /** The address that it is bound to, 0.0.0.0:0 or [::]:0 while it is not: `getsockname(2)`. @throws SocketError kind "closed" */
  get localAddress(): SocketAddress {
    return localAddress(this.#handle);
  }

  /**
   * The peer: `getpeername(2)`, or what is remembered of a connection that was reset; null when not connected. A peer
   * without a name is an anonymous UnixSocketAddress; v4-mapped ones are as the kernel gave them.
   *
   * @throws SocketError kind "closed"
   */
  get remoteAddress(): SocketAddress | null {
    return remoteAddress(this.#handle);
  }

  /**
   * Who is at the other end of a connected unix socket, as it was at connect, listen or socketpair: SO_PEERCRED of unix(7).
   *
   * @throws SocketError kind "not-supported" for any other socket, "closed"
   */
  get credentials(): Credentials {
    return peerCredentials(open(this.#handle, "getsockopt"), this.#handle.family);
  }

  /** Whether the kernel looks now and then if a quiet peer is still there: SO_KEEPALIVE of socket(7). */
  get keepalive(): boolean {
    return properties().keepalive.get(this.#handle);
  }
  set keepalive(value: boolean) {
    properties().keepalive.set(this.#handle, value);
  }

  /** Whether datagrams may go to broadcast addresses: SO_BROADCAST of socket(7). */
  get broadcast(): boolean {
    return properties().broadcast.get(this.#handle);
  }
  set broadcast(value: boolean) {
    properties().broadcast.set(this.#handle, value);
  }

  /** How many routers a packet may pass, 1 to 255: IP_TTL of ip(7), IPV6_UNICAST_HOPS of ipv6(7). */
  get ttl(): number {
    return properties().ttl.get(this.#handle);
  }
  set ttl(value: number) {
    properties().ttl.set(this.#handle, value);
  }

  /** The same for multicast, 0 to 255: IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS. */
  get multicastTtl(): number {
    return properties().multicastTtl.get(this.#handle);
  }
  set multicastTtl(value: number) {
    properties().multicastTtl.set(this.#handle, value);
  }

  /** Whether this host gets what it sends to a group that it has joined: IP_MULTICAST_LOOP, IPV6_MULTICAST_LOOP. */
  get multicastLoopback(): boolean {
    return properties().multicastLoopback.get(this.#handle);
  }
  set multicastLoopback(value: boolean) {
    properties().multicastLoopback.set(this.#handle, value);
  }

  /**
   * The interface that multicast goes out of: set by name, index or address (0: the kernel's choice), read as an index. On
   * IPv4 the kernel does not tell, so it is what was set here. IP_MULTICAST_IF, IPV6_MULTICAST_IF.
   *
   * @throws SocketError kind "no-such-device"
   */
  get multicastInterface(): number {
    return properties().multicastInterface.get(this.#handle);
  }
  set multicastInterface(value: InterfaceLike) {
    properties().multicastInterface.set(this.#handle, value);
  }

  /** The differentiated services code point, 0 to 63: the upper six bits of IP_TOS or IPV6_TCLASS (RFC 2474). */
  get dscp(): number {
    return properties().dscp.get(this.#handle);
  }
  set dscp(value: number) {
    properties().dscp.set(this.#handle, value);
  }

  /**
   * Reads an option: a descriptor of `berkeley/options`, or level and name by number - an int, or `size` bytes
   * (`getsockopt(2)`).
   *
   * @throws TypeError for raw options whose value holds a pointer
   * @throws SocketError kind "not-supported" where the OS, the kernel or this kind of socket lacks it
   *
   * @example
   * socket.getOption(option.TCP_INFO).rtt
   * socket.getOption(SOL_SOCKET, SO_RCVBUF)
   */
  getOption<Get>(option: ReadableOption<Get>): Get;
  getOption(level: number, name: number): number;
  getOption(level: number, name: number, size: number): Uint8Array<ArrayBuffer>;
  getOption(first: ReadableOption<unknown> | number, name?: number, size?: number): unknown {
    return options().get(this.#handle, first, name, size);
  }

  /**
   * Sets an option: a descriptor of `berkeley/options`, or level and name by number to an int, a boolean or bytes
   * (`setsockopt(2)`).
   *
   * @throws TypeError, RangeError for a value that the option does not take, and for raw options whose value holds a pointer
   * @throws SocketError kind "not-supported", "permission-denied", ...
   */
  setOption<Set>(option: WritableOption<Set>, value: Set): void;
  setOption(level: number, name: number, value: number | boolean | ArrayBufferView | ArrayBuffer): void;
  setOption(first: WritableOption<unknown> | number, second: unknown, value?: unknown): void {
    options().set(this.#handle, first, second, value);
  }

  /**
   * `ioctl(2)`: without argument or with an integer on an int, which is returned; with bytes on a copy of them, which is
   * written back, and the result returned.
   *
   * @throws TypeError for requests whose argument holds a pointer, and for FIONBIO
   * @throws SocketError
   *
   * @example
   * socket.ioctl(SIOCOUTQ)   // how much is sent and not yet acknowledged
   */
  ioctl(request: number, argument?: number | ArrayBufferView | ArrayBuffer): number {
    return ioctl().ioctl(this.#handle, request, argument);
  }

  /** Whether an option can be had on this very socket (the kernel is asked), or a feature on this system. */
  supports(what: ReadableOption<unknown> | WritableOption<never> | Feature): boolean {
    return system().supports(this.#handle, what);
  }

  /** What this system can do, and this socket: `segmentation` turns false once the kernel or the device has refused it. */
  get capabilities(): Capabilities {
    return system().capabilities(this.#handle);
  }

  /**
   * Asks for control messages with what is received: turns the right options on for this system and family. For AF_INET6 sockets
   * those of IPv4 as well, for v4-mapped peers.
   *
   * @throws SocketError kind "not-supported" where this socket or system has them not
   *
   * @example
   * socket.receiveControl(PacketInfo, Timestamp);
   */
  receiveControl(...kinds: ControlMessageClass<ControlMessage>[]): void {
    control().receiveControl(this.#handle, kinds);
  }

  /**
   * Joins a multicast group, of any source or of one, on an interface by name, index or address (default: the zone of the
   * group, or the kernel's choice); and sees to it that this socket gets only the groups that it joined itself (clears
   * IP_MULTICAST_ALL). ip(7), ipv6(7). On IPv6 Linux gives a group that was joined on one interface to the socket from all of them:
   * bind to the interface (SO_BINDTODEVICE) where that matters.
   *
   * @throws TypeError, RangeError when the group is no multicast address or the source is of another family
   * @throws SocketError kind "no-such-device", "address-in-use" when it was joined before
   *
   * @example
   * socket.joinMulticastGroup("239.1.2.3", { interface: "eth0" });
   * socket.joinMulticastGroup("ff3e::8000:1", { interface: 2, source: "2001:db8::1" });
   */
  joinMulticastGroup(group: string | InetAddress, options?: MembershipOptions): void {
    multicast().joinMulticastGroup(this.#handle, group, options);
  }

  /** Leaves a group that was joined with the same arguments. @throws SocketError kind "address-not-available" */
  leaveMulticastGroup(group: string | InetAddress, options?: MembershipOptions): void {
    multicast().leaveMulticastGroup(this.#handle, group, options);
  }

  /** `Socket(fd 3)` */
  toString(): string {
    return `${this.constructor.name}(fd ${this.fd})`;
  }
}

/** What console.log shows of a socket: internal. */
export function describeSocket(socket: SocketRef): string {
  return description().describe(socket);
}

/** The state of a socket of ours, for the floors above: internal. */
export function handleOf(socket: SocketRef): Handle {
  const handle = handleInside(socket);
  if (!(handle instanceof Handle)) throw new TypeError("this needs a Socket: a borrowed one is only looked at");
  return handle;
}
