// Descriptors over unix sockets, within one process: the wire, the limits, and that nothing is left open whatever happens.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { heapStats } from "bun:jsc";
import { closeSync, fstatSync, openSync, readFileSync, readSync, writeSync } from "node:fs";
import { AF_UNIX, SO_PASSCRED, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM, SOL_SOCKET } from "./support/constants.ts";
import {
  Cancellable,
  Credentials,
  type Descriptor,
  receiveCredentials,
  receiveFd,
  receiveFds,
  Rights,
  sendCredentials,
  sendFd,
  sendFds,
  Socket,
  UnixSocketAddress,
} from "../src/index.ts";
import { flagsOf, haveProc, openedBy } from "./support/descriptors.ts";
import { runScript } from "./support/script.ts";
import { Folder, SOON, TcpPair } from "./support/sockets.ts";
import { Thread } from "./support/thread.ts";
import { throwsKind, throwsNaming, wrong } from "./support/throws.ts";

const soon = { timeout: SOON };
const now = { timeout: 0 };
const bytes = (data: string): Uint8Array => new TextEncoder().encode(data);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);

/** Two connected unix sockets, which give up when nothing comes. */
class Pair implements Disposable {
  readonly a: Socket;
  readonly b: Socket;

  constructor(type: number = SOCK_STREAM) {
    [this.a, this.b] = Socket.pair(AF_UNIX, type);
    this.a.timeout = this.b.timeout = SOON;
  }

  [Symbol.dispose](): void {
    this.a.close();
    this.b.close();
  }
}

const types = [
  ["stream", SOCK_STREAM],
  ["datagram", SOCK_DGRAM],
  ["seqpacket", SOCK_SEQPACKET],
] as const;

/** A file to be passed, closed with the tests: what is read through a descriptor proves that it is this one. */
const folder = new Folder();
const path = folder.file("passed.txt");
let file = -1;
let thread: Thread;
beforeAll(async () => {
  await Bun.write(path, "passed");
  file = openSync(path, "r");
  thread = await Thread.start();
});
afterAll(async () => {
  closeSync(file);
  folder[Symbol.dispose]();
  await thread.terminate();
});

function contentOf(fd: number): string {
  const buffer = new Uint8Array(100);
  return text(buffer.subarray(0, readSync(fd, buffer, 0, buffer.length, 0)));
}

function closeAll(fds: readonly number[]): void {
  for (const fd of fds) closeSync(fd);
}

function times(count: number, fd: Descriptor): Descriptor[] {
  return Array.from({ length: count }, () => fd);
}

/** Does it twice, so that what is loaded or made at its first use is not counted; nothing may be left open by the second. */
function leavesNothingOpen(action: () => void): void {
  action();
  expect(haveProc ? openedBy(action) : []).toEqual([]);
}

describe("sendFd and receiveFd", () => {
  test.each(types)("pass a descriptor over a %s socket: a new number, close-on-exec, for the same file", (_, type) => {
    leavesNothingOpen(() => {
      using pair = new Pair(type);
      sendFd(pair.a, file);
      const fd = receiveFd(pair.b);
      expect(fd).not.toBe(file);
      expect(fstatSync(fd).ino).toBe(fstatSync(file).ino);
      expect(contentOf(fd)).toBe("passed");
      if (haveProc) expect(flagsOf(fd).closeOnExec).toBe(true);
      closeSync(fd);
      expect(contentOf(file)).toBe("passed"); // the sender's is still its own
    });
  });

  test("put exactly one NUL byte on the wire", () => {
    using pair = new Pair();
    sendFd(pair.a, file);
    pair.a.shutdown({ write: true });
    const buffer = new Uint8Array(100).fill(7);
    using message = pair.b.receiveMessage({ buffers: [buffer] });
    expect(message.size).toBe(1);
    expect(buffer.subarray(0, 2)).toEqual(Uint8Array.of(0, 7));
    expect([...message.control].map(({ kind }) => kind)).toEqual(["rights"]);
    expect(pair.b.receive(buffer)).toBe(0);
  });

  test("read one byte, whichever it is, and leave what follows it in the stream", () => {
    using pair = new Pair();
    sendFds(pair.a, [file], "abcd");
    closeSync(receiveFd(pair.b));
    expect(text(pair.b.receiveBytes(100))).toBe("bcd");
  });

  test("keep descriptors apart that were sent one after the other", () => {
    using pair = new Pair();
    const other = openSync("/dev/null", "r");
    sendFd(pair.a, file);
    sendFd(pair.a, other);
    pair.a.send(bytes("tail"));
    const [first, second] = [receiveFd(pair.b), receiveFd(pair.b)];
    expect(fstatSync(first).ino).toBe(fstatSync(file).ino);
    expect(fstatSync(second).rdev).toBe(fstatSync(other).rdev);
    expect(text(pair.b.receiveBytes(100))).toBe("tail");
    closeAll([first, second, other]);
  });

  test("take what has a descriptor: a Socket, which works on the other side", () => {
    leavesNothingOpen(() => {
      using pair = new Pair();
      using tcp = new TcpPair();
      sendFd(pair.a, tcp.server);
      using adopted = Socket.fromFd(receiveFd(pair.b));
      expect(adopted.connected).toBe(true);
      adopted.sendAll("through the passed one");
      expect(text(tcp.client.receiveBytes(100, soon))).toBe("through the passed one");
    });
  });

  test("pass the very socket that they go over", () => {
    leavesNothingOpen(() => {
      using pair = new Pair();
      sendFd(pair.a, pair.a);
      using again = Socket.fromFd(receiveFd(pair.b));
      again.sendAll("hello");
      expect(text(pair.b.receiveBytes(100))).toBe("hello");
    });
  });

  test("pass a descriptor to a datagram socket that is bound, over a connected one", () => {
    using receiver = new Socket(AF_UNIX, SOCK_DGRAM);
    receiver.bind(new UnixSocketAddress()); // autobind
    using sender = new Socket(AF_UNIX, SOCK_DGRAM);
    sender.connect(receiver.localAddress);
    sendFd(sender, file);
    const fd = receiveFd(receiver, soon);
    expect(contentOf(fd)).toBe("passed");
    closeSync(fd);
  });

  test("keep the file open while it is under way, and let it go when nobody receives it", () => {
    const pipe = new Pair(); // its end tells when the last descriptor of the other side is gone
    const pair = new Pair();
    sendFd(pair.a, pipe.a);
    pipe.a.close();
    throwsKind(() => pipe.b.receive(new Uint8Array(1), now), "would-block");
    pair[Symbol.dispose]();
    expect(pipe.b.receive(new Uint8Array(1), soon)).toBe(0);
    pipe[Symbol.dispose]();
  });
});

describe("receiveFd refuses, and closes all that came", () => {
  const refused: readonly (readonly [string, (pair: Pair) => void, RegExp])[] = [
    ["a byte without a descriptor", ({ a }) => a.send(bytes("x")), /a byte came without a descriptor/],
    ["two descriptors", ({ a }) => sendFds(a, [file, file]), /one descriptor was expected, and 2 came/],
    ["253 descriptors", ({ a }) => sendFds(a, times(253, file)), /one descriptor was expected, and 253 came/],
    [
      "credentials instead",
      ({ a, b }) => {
        b.setOption(SOL_SOCKET, SO_PASSCRED, true);
        a.send(bytes("x"));
      },
      /a descriptor was expected, and credentials came/,
    ],
    [
      "credentials beside it",
      ({ a, b }) => {
        b.setOption(SOL_SOCKET, SO_PASSCRED, true);
        sendFd(a, file);
      },
      /one control message was expected, and 2 came/,
    ],
  ];
  for (const [type, number] of types) {
    test.each(refused)(`%s (${type})`, (_, send, message) => {
      leavesNothingOpen(() => {
        using pair = new Pair(number);
        send(pair);
        const error = throwsKind(() => receiveFd(pair.b), "invalid-data");
        expect(error.message).toMatch(message);
        expect(error.message).toContain("receiveFd: ");
        expect(error.message).toContain("whatever came with it was closed");
        expect(error).toMatchObject({ code: "EBADMSG", syscall: "receiveFd" });
      });
    });
  }

  test("and goes on after that: the socket is as good as before", () => {
    using pair = new Pair();
    pair.a.send(bytes("x"));
    sendFd(pair.a, file);
    throwsKind(() => receiveFd(pair.b), "invalid-data");
    const fd = receiveFd(pair.b);
    expect(contentOf(fd)).toBe("passed");
    closeSync(fd);
  });
});

describe("sendFds and receiveFds", () => {
  test.each(types)("pass 253 descriptors with their data over a %s socket", (_, type) => {
    leavesNothingOpen(() => {
      using pair = new Pair(type);
      const buffer = new Uint8Array(100);
      expect(sendFds(pair.a, times(253, file), "and data")).toBe(8);
      const { size, fds } = receiveFds(pair.b, 253, buffer);
      expect(text(buffer.subarray(0, size))).toBe("and data");
      expect(fds).toHaveLength(253);
      expect(new Set(fds).size).toBe(253);
      for (const fd of fds) {
        expect(fstatSync(fd).ino).toBe(fstatSync(file).ino);
        if (haveProc) expect(flagsOf(fd).closeOnExec).toBe(true);
      }
      closeAll(fds);
    });
  });

  test("refuse 254, and none, before the system call", () => {
    using pair = new Pair();
    throwsNaming(() => sendFds(pair.a, times(254, file)), RangeError, "1 to 253");
    throwsNaming(() => sendFds(pair.a, [], "data"), RangeError, "1 to 253");
    throwsKind(() => pair.b.receive(new Uint8Array(1), now), "would-block"); // nothing was sent
  });

  test.each([0, 254, 1.5, -1, Number.NaN])("refuse to receive at most %p", (max) => {
    using pair = new Pair();
    throwsNaming(() => receiveFds(pair.b, max), RangeError, "max");
  });

  test("send one NUL byte without data, and receive one byte without a buffer", () => {
    using pair = new Pair();
    expect(sendFds(pair.a, [file])).toBe(1);
    expect(sendFds(pair.a, [file], "xyz")).toBe(3);
    const buffer = new Uint8Array(10).fill(7);
    const first = receiveFds(pair.b, 1, buffer);
    expect(first.size).toBe(1);
    expect(buffer[0]).toBe(0);
    const second = receiveFds(pair.b, 1);
    expect([second.size, second.fds.length]).toEqual([1, 1]);
    expect(text(pair.b.receiveBytes(10))).toBe("yz");
    closeAll([...first.fds, ...second.fds]);
  });

  test("take any bytes as data, and any view as the buffer", () => {
    using pair = new Pair();
    expect(sendFds(pair.a, [file], Uint16Array.of(1, 2))).toBe(4);
    const buffer = new ArrayBuffer(4);
    const { size, fds } = receiveFds(pair.b, 1, new DataView(buffer));
    expect(size).toBe(4);
    expect(new Uint16Array(buffer)).toEqual(Uint16Array.of(1, 2));
    closeAll(fds);
  });

  test("receive fewer than at most, and data alone", () => {
    using pair = new Pair();
    sendFds(pair.a, [file], "one");
    const { fds } = receiveFds(pair.b, 253, new Uint8Array(3));
    expect(fds).toHaveLength(1);
    closeAll(fds);
    pair.a.send(bytes("none"));
    expect(receiveFds(pair.b, 5, new Uint8Array(10))).toEqual({ size: 4, fds: [] });
  });

  test("tell the end of a stream with size 0", () => {
    using pair = new Pair();
    pair.a.close();
    expect(receiveFds(pair.b, 5, new Uint8Array(10))).toEqual({ size: 0, fds: [] });
  });

  // with CMSG_SPACE instead of CMSG_LEN one more would be let in
  test.each([1, 2, 3, 4, 5, 251, 252])("close all, and fail, when one more than %d comes", (max) => {
    leavesNothingOpen(() => {
      using pair = new Pair();
      sendFds(pair.a, times(max + 1, file), "x");
      const error = throwsKind(() => receiveFds(pair.b, max, new Uint8Array(1)), "invalid-data");
      expect(error.message).toContain(`more ancillary data came than ${max} descriptors`);
      expect(error).toMatchObject({ code: "EBADMSG", syscall: "receiveFds" });
    });
  });

  test("count credentials that somebody asked for as ancillary data too many", () => {
    leavesNothingOpen(() => {
      using pair = new Pair();
      pair.b.setOption(SOL_SOCKET, SO_PASSCRED, true);
      sendFd(pair.a, file);
      throwsKind(() => receiveFds(pair.b, 1), "invalid-data");
      sendFds(pair.a, [file, file]);
      const { fds } = receiveFds(pair.b, 20); // room for both
      expect(fds).toHaveLength(2);
      closeAll(fds);
    });
  });

  test.each([1, 2, 3, 252, 253])("let in exactly %d of as many", (max) => {
    leavesNothingOpen(() => {
      using pair = new Pair();
      sendFds(pair.a, times(max, file));
      const { fds } = receiveFds(pair.b, max);
      expect(fds).toHaveLength(max);
      closeAll(fds);
    });
  });

  test("refuse a descriptor that is not open, and send nothing", () => {
    using pair = new Pair();
    const error = throwsKind(() => sendFds(pair.a, [file, 0x7fff_0000]), "invalid-argument");
    expect(error.code).toBe("EBADF");
    throwsKind(() => pair.b.receive(new Uint8Array(1), now), "would-block");
  });

  test.each([
    ["a negative one", -1],
    ["one beyond 32 bits", 2 ** 32 + 1],
    ["a fraction", 0.5],
    ["text", "3"],
    ["undefined", undefined],
    ["a closed socket", { fd: -1 }],
  ])("refuse what is no descriptor: %s", (_, fd) => {
    using pair = new Pair();
    expect(() => sendFd(pair.a, wrong(fd))).toThrow(/descriptors\[0\]/);
    expect(() => sendFds(pair.a, [file, wrong(fd)])).toThrow(/descriptors\[1\]/);
    throwsKind(() => pair.b.receive(new Uint8Array(1), now), "would-block");
  });

  test("refuse empty data on a stream, where descriptors need a byte to ride on", () => {
    using pair = new Pair();
    throwsNaming(() => sendFds(pair.a, [file], ""), TypeError, "at least one byte");
  });

  test("pass descriptors with an empty datagram", () => {
    using pair = new Pair(SOCK_DGRAM);
    expect(sendFds(pair.a, [file], "")).toBe(0);
    const { size, fds } = receiveFds(pair.b, 1, new Uint8Array(10));
    expect({ size, count: fds.length }).toEqual({ size: 0, count: 1 });
    closeAll(fds);
  });
});

describe("the end of the peer", () => {
  const receivers: readonly (readonly [string, (socket: Socket) => unknown])[] = [
    ["receiveFd", (socket) => receiveFd(socket)],
    ["receiveCredentials", (socket) => receiveCredentials(socket)],
  ];
  for (const [type, number] of [types[0], types[2]]) {
    test.each(receivers)(`is an error of its own for %s (${type})`, (name, receive) => {
      leavesNothingOpen(() => {
        using pair = new Pair(number);
        pair.a.close();
        const error = throwsKind(() => receive(pair.b), "connection-closed");
        expect(error.message).toContain(`${name}: the peer closed the stream before it sent`);
        expect(error).toMatchObject({ code: "ERR_STREAM_END", syscall: name });
      });
    });
  }

  test("in the middle: what it sent before arrives, and then the end is told", () => {
    leavesNothingOpen(() => {
      using pair = new Pair();
      sendFd(pair.a, file);
      pair.a.close();
      const fd = receiveFd(pair.b);
      expect(contentOf(fd)).toBe("passed");
      closeSync(fd);
      throwsKind(() => receiveFd(pair.b), "connection-closed");
    });
  });

  test("with our bytes unread is a reset", () => {
    leavesNothingOpen(() => {
      using pair = new Pair();
      sendFd(pair.b, file); // never received
      pair.a.close();
      const error = throwsKind(() => receiveFd(pair.b), "connection-closed");
      expect(error.code).toBe("ECONNRESET");
    });
  });

  test.each([
    ["sendFd", (socket: Socket) => sendFd(socket, file)],
    ["sendFds", (socket: Socket) => sendFds(socket, [file, file], "data")],
    ["sendCredentials", (socket: Socket) => sendCredentials(socket)],
  ] as const)("is EPIPE for %s, and no signal", (_, send) => {
    leavesNothingOpen(() => {
      using pair = new Pair();
      pair.b.close();
      expect(throwsKind(() => send(pair.a), "connection-closed").code).toBe("EPIPE");
    });
  });

  test("ends a wait for a descriptor", async () => {
    using pair = new Pair();
    const closed = thread.close(pair.a);
    throwsKind(() => receiveFd(pair.b, soon), "connection-closed");
    await closed;
  });
});

describe("waiting", () => {
  function fill(socket: Socket): void {
    while (socket.trySend(new Uint8Array(65_536)) !== -1);
  }

  const receiving: readonly (readonly [string, (socket: Socket, options: object) => unknown])[] = [
    ["receiveFd", (socket, options) => receiveFd(socket, options)],
    ["receiveFds", (socket, options) => receiveFds(socket, 3, undefined, options)],
    ["receiveCredentials", (socket, options) => receiveCredentials(socket, options)],
  ];
  const sending: readonly (readonly [string, (socket: Socket, options: object) => unknown])[] = [
    ["sendFd", (socket, options) => sendFd(socket, file, options)],
    ["sendFds", (socket, options) => sendFds(socket, [file], "data", options)],
    ["sendCredentials", (socket, options) => sendCredentials(socket, options)],
  ];
  const both = [...receiving, ...sending];

  test.each(both)("%s that may not wait says would-block", (_, call) => {
    leavesNothingOpen(() => {
      using pair = new Pair();
      fill(pair.a);
      throwsKind(() => call(pair.a, { timeout: 0 }), "would-block");
      throwsKind(() => call(pair.a, { blocking: false }), "would-block");
      pair.a.blocking = false;
      throwsKind(() => call(pair.a, {}), "would-block");
    });
  });

  test.each(both)("%s that nobody answers times out", (_, call) => {
    leavesNothingOpen(() => {
      using pair = new Pair();
      fill(pair.a);
      throwsKind(() => call(pair.a, { timeout: 5 }), "timed-out");
      pair.a.timeout = 5;
      throwsKind(() => call(pair.a, {}), "timed-out");
    });
  });

  test.each(both)("%s is cancelled from another thread", async (_, call) => {
    using pair = new Pair();
    fill(pair.a);
    using cancellable = new Cancellable();
    const done = thread.cancel(cancellable);
    throwsKind(() => call(pair.a, { cancellable, timeout: SOON }), "cancelled");
    await done;
    throwsKind(() => call(pair.a, { cancellable }), "cancelled"); // also before it has begun
  });

  test("receiveFd that is cancelled leaves the descriptor where it is", () => {
    using pair = new Pair();
    using cancellable = new Cancellable();
    cancellable.cancel();
    sendFd(pair.a, file);
    throwsKind(() => receiveFd(pair.b, { cancellable }), "cancelled");
    closeSync(receiveFd(pair.b, now));
  });

  test("receiveFd waits for the byte", async () => {
    using pair = new Pair();
    const sent = thread.send(pair.a, "x");
    throwsKind(() => receiveFd(pair.b, soon), "invalid-data"); // it came, without a descriptor
    await sent;
  });

  test("a signal is refused in calls that block", () => {
    using pair = new Pair();
    const options = wrong({ signal: AbortSignal.timeout(1000) });
    throwsNaming(() => receiveFd(pair.b, options), TypeError, "signal");
    throwsNaming(() => sendFd(pair.a, file, options), TypeError, "signal");
  });
});

describe("sockets that pass nothing", () => {
  const calls: readonly (readonly [string, (socket: Socket) => unknown])[] = [
    ["sendFd", (socket) => sendFd(socket, file)],
    ["receiveFd", (socket) => receiveFd(socket)],
    ["sendFds", (socket) => sendFds(socket, [file])],
    ["receiveFds", (socket) => receiveFds(socket, 1)],
    ["sendCredentials", (socket) => sendCredentials(socket)],
    ["receiveCredentials", (socket) => receiveCredentials(socket)],
  ];

  test.each(calls)("%s over TCP is not supported", (name, call) => {
    leavesNothingOpen(() => {
      using pair = new TcpPair();
      const error = throwsKind(() => call(pair.client), "not-supported");
      expect(error.message).toContain(`${name}: only unix sockets`);
    });
  });

  test.each(calls)("%s of a closed socket says closed", (_, call) => {
    const pair = new Pair();
    pair[Symbol.dispose]();
    throwsKind(() => call(pair.a), "closed");
  });

  test.each(calls)("%s of what is no Socket is a TypeError", (_, call) => {
    using pair = new Pair();
    for (const value of [undefined, null, 3, {}, { fd: pair.a.fd, family: AF_UNIX }]) {
      throwsNaming(() => call(wrong(value)), TypeError, "socket must be a Socket");
    }
  });

  test("a socket that is not connected has nobody to send to", () => {
    using socket = new Socket(AF_UNIX);
    throwsKind(() => sendFd(socket, file), "not-connected");
    using datagram = new Socket(AF_UNIX, SOCK_DGRAM);
    throwsKind(() => sendFd(datagram, file), "not-connected");
  });
});

test("descriptors that a plain receive meets are closed by the kernel", () => {
  leavesNothingOpen(() => {
    using pair = new Pair();
    sendFds(pair.a, times(10, file), "data");
    expect(text(pair.b.receiveBytes(10))).toBe("data");
  });
});

test("two messages with descriptors in one SCM_RIGHTS are at most 253, too", () => {
  using pair = new Pair();
  const half = new Rights(times(127, file));
  expect(() => pair.a.sendMessage({ buffers: ["x"], control: [half, half] })).toThrow(RangeError);
});

// Linux puts in what fits the limit, and says MSG_CTRUNC: nothing tells it from a short buffer but what was asked for.
describe.skipIf(!haveProc)("with no descriptor left (needs /proc)", () => {
  interface Found {
    readonly fd: { readonly kind: string; readonly message: string };
    readonly fds: { readonly kind: string; readonly message: string };
    readonly partly: { readonly kind: string; readonly message: string };
    readonly leaked: number;
    readonly after: boolean;
  }
  let found: Found;
  beforeAll(async () => {
    const { result } = await runScript(
      `
      import { closeSync, openSync } from "node:fs";
      const { receiveFd, receiveFds, sendFd, sendFds } = berkeley;
      const round = (spare: number, queue: (a: berkeley.Socket) => void, receive: (b: berkeley.Socket) => unknown) => {
        const [a, b] = Socket.pair(AF_UNIX, SOCK_STREAM);
        queue(a);
        const all: number[] = [];
        try { for (;;) all.push(openSync("/dev/null", "r")); } catch {}
        for (const fd of all.splice(0, spare)) closeSync(fd);
        const error = thrown(() => receive(b));
        for (const fd of all) closeSync(fd);
        a.close();
        b.close();
        return error;
      };
      const one = () => round(0, (a) => sendFd(a, 1), (b) => receiveFd(b));
      const many = () => round(0, (a) => sendFds(a, [1, 1, 1]), (b) => receiveFds(b, 3));
      const some = () => round(2, (a) => sendFds(a, [1, 1, 1]), (b) => receiveFds(b, 3));
      for (const call of [one, many, some]) call(); // once for what is loaded at first use
      const before = descriptors();
      const [fd, fds, partly] = [one(), many(), some()];
      const [a, b] = Socket.pair(AF_UNIX, SOCK_STREAM);
      sendFd(a, 1);
      const again = receiveFd(b);
      closeSync(again);
      a.close();
      b.close();
      report({ fd, fds, partly, leaked: descriptors() - before, after: again > 2 });
    `,
      { through: ["sh", "-c", 'ulimit -n 100 && exec "$0" "$@"'] },
    );
    found = result as Found;
  });

  test.each(["fd", "fds", "partly"] as const)("receiving says too-many-open-files (%s)", (name) => {
    expect(found[name].kind).toBe("too-many-open-files");
    expect(found[name].message).toMatch(/ulimit -n|RLIMIT_NOFILE/);
  });

  test("nothing stays open, and all works when there is room again", () => {
    expect(found).toMatchObject({ leaked: 0, after: true });
  });
});

describe("many times over", () => {
  const PASSES = 100_000;

  function heapInUse(): number {
    Bun.gc(true);
    return heapStats().heapSize;
  }

  test.skipIf(!haveProc)(
    `${PASSES} passes leave no descriptor and no heap behind (needs /proc)`,
    () => {
      using pair = new Pair();
      const pass = (count: number): void => {
        for (let index = 0; index < count; index++) {
          sendFd(pair.a, file);
          closeSync(receiveFd(pair.b));
        }
      };
      pass(10_000);
      const before = heapInUse();
      expect(openedBy(() => pass(PASSES))).toEqual([]);
      expect(heapInUse() - before).toBeLessThan(1_000_000);
    },
    20_000,
  );

  test.skipIf(!haveProc)("so do failures, 2,000 of each (needs /proc)", () => {
    using pair = new Pair();
    const fail = (count: number): void => {
      for (let index = 0; index < count; index++) {
        sendFds(pair.a, [file, file]);
        throwsKind(() => receiveFd(pair.b), "invalid-data");
        sendFds(pair.a, [file, file, file]);
        throwsKind(() => receiveFds(pair.b, 1), "invalid-data");
      }
    };
    fail(100);
    const before = heapInUse();
    expect(openedBy(() => fail(2000))).toEqual([]);
    expect(heapInUse() - before).toBeLessThan(1_000_000);
  });

  test.skipIf(!haveProc)(
    "a message that is forgotten, and not disposed, gives its descriptors back (needs /proc)",
    async () => {
      using pair = new Pair();
      const sockets = new Pair();
      sendFd(pair.a, sockets.a);
      sockets.a.close();
      (() => void pair.b.receiveMessage({ buffers: [new Uint8Array(1)] }).control.get(Rights)?.length)();
      const deadline = performance.now() + SOON;
      let size = -1;
      while (size === -1 && performance.now() < deadline) {
        Bun.gc(true);
        await new Promise((resolve) => setImmediate(resolve));
        size = sockets.b.tryReceive(new Uint8Array(1));
      }
      expect(size).toBe(0); // the end: the last descriptor of the other side is closed
      sockets[Symbol.dispose]();
    },
  );
});

test("what is written through a passed descriptor arrives in the file", () => {
  using pair = new Pair();
  const target = folder.file("written.txt");
  const fd = openSync(target, "w");
  sendFd(pair.a, fd);
  closeSync(fd);
  const passed = receiveFd(pair.b);
  writeSync(passed, "from afar");
  closeSync(passed);
  expect(readFileSync(target, "utf8")).toBe("from afar");
});

test("credentials and descriptors in one message are told apart by whoever takes whole messages", () => {
  leavesNothingOpen(() => {
    using pair = new Pair();
    pair.b.setOption(SOL_SOCKET, SO_PASSCRED, true);
    sendFd(pair.a, file);
    using message = pair.b.receiveMessage({ buffers: [] });
    expect(message.control.get(Credentials)?.pid).toBe(process.pid);
    expect(message.control.get(Rights)).toHaveLength(1);
  });
});
