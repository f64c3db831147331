// Sockets that are ready to use, on loopback only. All are disposable: `using`.

import { existsSync, mkdtempSync, readdirSync, rmdirSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { platform } from "../../ffi/platform/index.ts";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  interfaceName,
  POLLIN,
  SO_LINGER,
  SO_RCVBUF,
  SO_SNDBUF,
  SOCK_DGRAM,
  SOCK_STREAM,
  Socket,
  type SocketAddress,
  SocketError,
  SOL_SOCKET,
  UnixSocketAddress,
} from "../../src/index.ts";

/** Milliseconds after which a wait that should end has failed. */
export const SOON = 4000;

/** Whether the kernel lets such a socket be made here. */
export function canMake(family: number | undefined, type: number, protocol = 0): boolean {
  if (family === undefined) return false;
  try {
    new Socket(family, type, protocol).close();
    return true;
  } catch (error) {
    if (error instanceof SocketError) return false;
    throw error;
  }
}

/** Whether IPv6 has a loopback address here. */
export const haveIPv6: boolean = ((): boolean => {
  try {
    using socket = new Socket(AF_INET6, SOCK_DGRAM);
    socket.bind("[::1]:0");
    return true;
  } catch {
    return false;
  }
})();

/** The families that this host has, for `describe.each` and `test.each`: `["IPv4", AF_INET]`. */
export const families: readonly (readonly [name: string, family: number])[] = haveIPv6
  ? [
      ["IPv4", AF_INET],
      ["IPv6", AF_INET6],
    ]
  : [["IPv4", AF_INET]];

/** The loopback address of a family, with port 0. */
export function loopback(family: number): string {
  return family === AF_INET6 ? "[::1]:0" : "127.0.0.1:0";
}

/** The name of the loopback interface, which has index 1 wherever there is one. */
export const loopbackName: string = interfaceName(1);

/** The address that a socket is bound to: `localAddress` as a function. */
export function addressOf(socket: Socket): SocketAddress {
  return socket.localAddress;
}

/** A TCP socket that listens on loopback. */
export function tcpListener(family: number = AF_INET, backlog = 10): Socket {
  const listener = new Socket(family, SOCK_STREAM);
  listener.bind(loopback(family));
  listener.listen(backlog);
  return listener;
}

/** A UDP socket that is bound to loopback. */
export function udpSocket(family: number = AF_INET): Socket {
  const socket = new Socket(family, SOCK_DGRAM);
  socket.bind(loopback(family));
  return socket;
}

/** Several sockets, closed together. */
export class Sockets implements Disposable {
  readonly all: Socket[] = [];

  add(socket: Socket): Socket {
    this.all.push(socket);
    return socket;
  }

  [Symbol.dispose](): void {
    for (const socket of this.all.splice(0)) socket.close();
  }
}

/** Two ends of a TCP connection on loopback. */
export class TcpPair implements Disposable {
  readonly client: Socket;
  readonly server: Socket;

  constructor(family: number = AF_INET) {
    using listener = tcpListener(family);
    this.client = new Socket(family, SOCK_STREAM);
    this.client.connect(listener.localAddress, { timeout: SOON });
    this.server = listener.accept({ timeout: SOON });
  }

  [Symbol.dispose](): void {
    this.client.close();
    this.server.close();
  }
}

/** Two UDP sockets that are connected to each other. */
export class UdpPair implements Disposable {
  readonly a: Socket;
  readonly b: Socket;

  constructor(family: number = AF_INET) {
    this.a = udpSocket(family);
    this.b = udpSocket(family);
    this.a.connect(this.b.localAddress);
    this.b.connect(this.a.localAddress);
  }

  [Symbol.dispose](): void {
    this.a.close();
    this.b.close();
  }
}

/** The bytes of struct linger. */
export function lingerValue(on: number, seconds: number): Uint8Array {
  return new Uint8Array(Int32Array.of(on, seconds).buffer);
}

/** Closes a TCP socket with a reset instead of an end: SO_LINGER of zero seconds. */
export function reset(socket: Socket): void {
  socket.setOption(SOL_SOCKET, SO_LINGER, lingerValue(1, 0));
  socket.close();
}

/** A TCP port that is taken, and refuses connections: bound, and not listening. */
export class RefusingTcp implements Disposable {
  readonly #socket: Socket;
  readonly address: SocketAddress;

  constructor(family: number = AF_INET) {
    this.#socket = new Socket(family, SOCK_STREAM);
    this.#socket.bind(loopback(family));
    this.address = this.#socket.localAddress;
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

/** A UDP port that is taken, and answers with ICMP "port unreachable": its socket is connected to somebody else. */
export class RefusingUdp implements Disposable {
  readonly #pair: UdpPair;
  readonly address: SocketAddress;

  constructor(family: number = AF_INET) {
    this.#pair = new UdpPair(family);
    this.address = this.#pair.a.localAddress;
  }

  [Symbol.dispose](): void {
    this.#pair[Symbol.dispose]();
  }
}

/** A TCP listener whose queue is full: a further connect stays under way until `accept` makes room (and a second later). */
export class FullTcpListener implements Disposable {
  readonly listener: Socket = tcpListener(AF_INET, 0);
  readonly address: SocketAddress = this.listener.localAddress;
  readonly #first = new Socket(AF_INET, SOCK_STREAM);

  constructor() {
    this.#first.connect(this.address, { timeout: SOON });
    this.listener.conditionWait(POLLIN, { timeout: SOON }); // so that it is in the queue, and not only on its way there
  }

  /** Makes room for one. */
  accept(): void {
    this.listener.accept({ timeout: SOON }).close();
  }

  [Symbol.dispose](): void {
    this.listener.close();
    this.#first.close();
  }
}

/** A unix listener whose queue is full. */
export class FullUnixListener implements Disposable {
  readonly listener: Socket = new Socket(AF_UNIX, SOCK_STREAM);
  readonly address: SocketAddress;
  readonly #queued = new Sockets();

  constructor() {
    this.listener.bind(new UnixSocketAddress());
    this.address = this.listener.localAddress;
    this.listener.listen(0);
    for (;;) {
      const socket = this.#queued.add(new Socket(AF_UNIX, SOCK_STREAM));
      try {
        socket.connect(this.address, { timeout: 0 });
      } catch (error) {
        if (error instanceof SocketError && error.kind === "would-block") return;
        throw error;
      }
    }
  }

  [Symbol.dispose](): void {
    this.listener.close();
    this.#queued[Symbol.dispose]();
  }
}

/** Two sockets that are connected to each other: unix ones where this system makes such pairs, else through the loopback. */
export function connectedPair(type: number = SOCK_STREAM): [Socket, Socket] {
  if (platform.pairFamily === "AF_UNIX") return Socket.pair(AF_UNIX, type);
  if (type === SOCK_DGRAM) {
    const { a, b } = new UdpPair();
    return [a, b];
  }
  const pair = Socket.pair(AF_INET, type);
  // queues whose size is told do not grow while they are full
  for (const end of pair) {
    end.setOption(SOL_SOCKET, SO_RCVBUF, 32_768);
    end.setOption(SOL_SOCKET, SO_SNDBUF, 65_536);
  }
  return pair;
}

/** Removes a folder with all that is in it, piece by piece: what rmSync does at once Wine answers with EFAULT. */
export function removeFolder(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const inside = join(path, entry.name);
    if (entry.isDirectory()) removeFolder(inside);
    else unlinkSync(inside);
  }
  rmdirSync(path);
}

/** A folder that is removed with all that is in it. */
export class Folder implements Disposable {
  readonly path: string = mkdtempSync(join(tmpdir(), "berkeley-"));

  /** A path in it. */
  file(name: string): string {
    return join(this.path, name);
  }

  [Symbol.dispose](): void {
    if (existsSync(this.path)) removeFolder(this.path);
  }
}
