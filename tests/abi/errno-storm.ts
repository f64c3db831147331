// Failing calls by the hundred thousand, with a garbage collector at work in between. As a Worker it answers a number of
// calls with the mistakes that it met.

import {
  bind,
  connect,
  getpeername,
  getsockopt,
  listen,
  recv,
  send,
  sendto,
  shutdown,
  socket,
} from "../../ffi/calls.ts";
import { close, fcntl, ioctl, makeWake } from "../../ffi/descriptors.ts";
import { errnoNumber } from "../../ffi/errno.ts";
import { platform } from "../../ffi/platform/index.ts";
import { sockaddr } from "../../ffi/structs/sockaddr.ts";

const c = platform.constants;

/** A call that always fails, and how. */
interface Failing {
  readonly errno: string;
  readonly call: () => number;
}

/** What a storm has seen. */
export interface Storm {
  readonly calls: number;
  readonly errnos: readonly string[];
  /** "recv(EAGAIN): 9", the first few of them. */
  readonly wrong: readonly string[];
}

/** A socket that closes with its storm. */
function open(stack: DisposableStack, family: number, type: number): number {
  const fd = socket(family, type | (c.SOCK_NONBLOCK ?? 0), 0);
  if (fd < 0) throw new Error(`socket: ${fd}`);
  stack.defer(() => close(fd));
  return fd;
}

function failing(stack: DisposableStack): Failing[] {
  const tcp = open(stack, c.AF_INET, c.SOCK_STREAM);
  const udp = open(stack, c.AF_INET, c.SOCK_DGRAM);
  const silent = open(stack, c.AF_INET, c.SOCK_DGRAM);
  const wake = makeWake();
  stack.defer(() => close(wake.readEnd));

  const loopback = sockaddr.encodeInet(Uint8Array.of(127, 0, 0, 1), 0);
  if (bind(silent, loopback) < 0) throw new Error("bind to 127.0.0.1");
  const foreign = sockaddr.encodeInet(Uint8Array.of(203, 0, 113, 77), 0); // TEST-NET-3: RFC 5737
  const unix = open(stack, c.AF_UNIX, c.SOCK_STREAM);
  // a path without a file, and a name that nobody has: both are looked up, and neither is there
  const nowhere = new TextEncoder().encode(platform.abstractNames ? "\0berkeley nobody" : "/nonexistent\0");

  const address = sockaddr.encodeUnix(nowhere);
  const small = new Uint8Array(64);
  const huge = new Uint8Array(70_000);
  const value = new Uint8Array(4);
  return [
    { errno: "EAGAIN", call: () => recv(silent, small, 0) },
    { errno: "EBADF", call: () => fcntl(-1, c.F_GETFD ?? 1, 0) },
    { errno: "ENOTSOCK", call: () => getsockopt(wake.readEnd, c.SOL_SOCKET, c.SO_TYPE, value) },
    { errno: "ENOPROTOOPT", call: () => getsockopt(udp, c.SOL_SOCKET, 0x7eee, value) },
    { errno: "EADDRNOTAVAIL", call: () => bind(udp, foreign) },
    { errno: "ENOTCONN", call: () => getpeername(tcp) },
    { errno: "EDESTADDRREQ", call: () => send(udp, small, 0) },
    { errno: "EINVAL", call: () => shutdown(tcp, 99) },
    { errno: "EOPNOTSUPP", call: () => listen(udp, 1) },
    { errno: platform.abstractNames ? "ECONNREFUSED" : "ENOENT", call: () => connect(unix, address) },
    { errno: "EMSGSIZE", call: () => sendto(udp, huge, 0, loopback) },
    { errno: "ENOTTY", call: () => ioctl(udp, 0x54ff, small) }, // nobody's request
    { errno: "EAFNOSUPPORT", call: () => socket(200, c.SOCK_STREAM, 0) },
  ];
}

let junk: unknown[] = [];

// Objects, strings and memory of all sizes, most of which are dropped at once.
function litter(round: number): void {
  junk.push({ round, text: `a string that nobody reads ${round}` }, new Uint8Array(round & 127), [round, [round]]);
  if ((round & 255) === 0) junk.push(new ArrayBuffer(4096), new Float64Array(512));
  if (junk.length > 4000) junk = [];
}

/** So many failing calls, each checked at once; all memory is collected by force 50 times meanwhile. */
export function storm(count: number): Storm {
  using stack = new DisposableStack();
  const cases = failing(stack).map(({ errno, call }) => ({ name: errno, errno: errnoNumber(errno), call }));
  const wrong: string[] = [];
  const collectEvery = Math.floor(count / 50);
  for (let index = 0; index < count; index++) {
    const { name, errno, call } = cases[(index * 7) % cases.length] as (typeof cases)[number];
    const result = call();
    if (result !== -errno && wrong.length < 10) wrong.push(`${name} (${errno}): ${result}`);
    if ((index & 15) === 0) litter(index);
    if (index % collectEvery === 0) Bun.gc(true);
  }
  return { calls: count, errnos: cases.map(({ name }) => name), wrong };
}

declare const self: Worker;

if (!Bun.isMainThread) {
  self.onmessage = ({ data }: MessageEvent<number>): void => {
    self.postMessage("started");
    self.postMessage(storm(data));
  };
}
