// Wrong arguments: TypeError or RangeError that names the argument, before anything is sent, received or changed.

import { afterAll, afterEach, describe, expect, test } from "bun:test";
import {
  AF_INET,
  AF_UNIX,
  FIONBIO,
  FIONREAD,
  IPPROTO_TCP,
  POLLIN,
  SO_ATTACH_FILTER,
  SO_RCVBUF,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_NODELAY,
  TCP_ZEROCOPY_RECEIVE,
} from "./support/constants.ts";
import {
  Cancellable,
  Credentials,
  InetAddress,
  InetSocketAddress,
  interfaceIndex,
  interfaceName,
  NativeSocketAddress,
  poll,
  Socket,
  SocketAddress,
  UnixSocketAddress,
} from "../src/index.ts";
import { TcpPair, tcpListener, UdpPair } from "./support/sockets.ts";
import { throwsKind, throwsNaming, wrong } from "./support/throws.ts";

// One pair of each kind for all: what a wrong call sent in spite of its error would be seen by the next test's check.
const shared = new DisposableStack();
const udp = shared.use(new UdpPair());
const tcp = shared.use(new TcpPair());
const listener = shared.use(tcpListener());
const address = udp.b.localAddress;
const spare = new Uint8Array(100);

function nothingCame(): void {
  for (const socket of [udp.a, udp.b, tcp.client, tcp.server]) expect(socket.tryReceive(spare)).toBe(-1);
  expect(listener.tryAccept()).toBeNull();
}
afterEach(nothingCame);
afterAll(() => shared.dispose());

/** A view whose memory was transferred away. */
function detached(): Uint8Array {
  const view = new Uint8Array(10);
  structuredClone(view.buffer, { transfer: [view.buffer] });
  return view;
}

/** A view that a resize has put out of bounds. */
function outOfBounds(): Uint8Array {
  const memory = new ArrayBuffer(20, { maxByteLength: 20 });
  const view = new Uint8Array(memory, 10, 10);
  memory.resize(15);
  return view;
}

function detachedDataView(): DataView {
  const view = new DataView(new ArrayBuffer(10));
  structuredClone(view.buffer, { transfer: [view.buffer] });
  return view;
}

// What is no memory, and memory that is gone.
const noMemory: readonly (readonly [name: string, value: () => unknown])[] = [
  ["undefined", () => undefined],
  ["null", () => null],
  ["a number", () => 5],
  ["a bigint", () => 5n],
  ["a boolean", () => true],
  ["an array of bytes", () => [1, 2, 3]],
  ["an object with a length", () => ({ length: 3, byteLength: 3 })],
  ["a Proxy of a view", () => new Proxy(new Uint8Array(3), {})],
  ["a Blob", () => new Blob(["x"])],
  ["a function", () => () => new Uint8Array(1)],
];
const goneMemory: readonly (readonly [name: string, value: () => unknown])[] = [
  ["a detached view", detached],
  ["a detached ArrayBuffer", () => detached().buffer],
  ["a detached DataView", detachedDataView],
  ["a view that a resize has put out of bounds", outOfBounds],
];

describe("data to send", () => {
  const sending: readonly (readonly [name: string, send: (data: never) => unknown])[] = [
    ["send", (data) => udp.a.send(data)],
    ["trySend", (data) => udp.a.trySend(data)],
    ["sendTo", (data) => udp.a.sendTo(data, address)],
    ["trySendTo", (data) => udp.a.trySendTo(data, address)],
    ["sendAll", (data) => tcp.client.sendAll(data)],
    ["send on a stream", (data) => tcp.client.send(data)],
    ["trySend on a stream", (data) => tcp.client.trySend(data)],
  ];
  describe.each(sending)("%s", (_, send) => {
    test.each(noMemory)("refuses %s", (_name, value) => {
      throwsNaming(() => send(wrong(value())), TypeError, "data must be a typed array, DataView or ArrayBuffer, not ");
    });

    test.each(goneMemory)("refuses %s", (_name, value) => {
      throwsNaming(() => send(wrong(value())), TypeError, "data is detached or out of bounds");
    });
  });

  test.each<[string, (data: string) => unknown]>([
    ["send", (data) => tcp.client.send(data)],
    ["trySend", (data) => tcp.client.trySend(data)],
  ])("refuses text on a stream, where a part of it might be sent: %s", (_, send) => {
    throwsNaming(() => send("text"), TypeError, "only sendAll() takes text");
  });

  test("is refused when reading the options or the address made it vanish", () => {
    const data = new Uint8Array(10);
    const vanish = (): void => void structuredClone(data.buffer, { transfer: [data.buffer] });
    const options = {
      get timeout(): number {
        vanish();
        return 0;
      },
    };
    throwsNaming(() => udp.a.send(data, options), TypeError, "data is detached");
    const more = new Uint8Array(10);
    const to = {
      address: "127.0.0.1",
      get port(): number {
        structuredClone(more.buffer, { transfer: [more.buffer] });
        return (address as InetSocketAddress).port;
      },
    };
    throwsNaming(() => udp.a.sendTo(more, to), TypeError, "data is detached");
  });

  test("has the length that the engine knows, whatever it says itself", () => {
    class Liar extends Uint8Array {
      override get byteLength(): number {
        return 1_000_000;
      }
      override get length(): number {
        return 1_000_000;
      }
    }
    const lie = Object.defineProperty(new Uint8Array(4), "byteLength", { value: 1_000_000 });
    for (const data of [new Liar(4), lie]) {
      expect(udp.a.send(data)).toBe(4);
      expect(udp.b.receive(spare)).toBe(4);
      expect(tcp.client.sendAll(data)).toBe(4);
      expect(tcp.server.receive(spare)).toBe(4);
      expect(udp.a.sendTo(data, address)).toBe(4);
      expect(udp.b.receiveBytes(100)).toHaveLength(4);
    }
  });

  test("that lies about being gone does no harm", () => {
    const lie = Object.defineProperty(detached(), "byteLength", { value: 100 });
    try {
      udp.a.send(lie);
    } catch (error) {
      expect(error).toBeInstanceOf(TypeError);
      return;
    }
    expect(udp.b.receive(spare)).toBe(0); // or an empty datagram
  });

  test("may be any view, shared memory, or memory that has shrunk without leaving the view behind", () => {
    const shrunk = new ArrayBuffer(8, { maxByteLength: 8 });
    const tracking = new Uint8Array(shrunk);
    shrunk.resize(3);
    const views: readonly (readonly [ArrayBufferView | ArrayBuffer, number])[] = [
      [new Uint8Array(5), 5],
      [new Float64Array(2), 16],
      [new DataView(new ArrayBuffer(9), 2, 6), 6],
      [new ArrayBuffer(7), 7],
      [new Uint8Array(new SharedArrayBuffer(4)), 4],
      [new Uint8Array(0), 0],
      [new ArrayBuffer(0), 0],
      [Buffer.from("node"), 4],
      [tracking, 3],
    ];
    for (const [data, size] of views) {
      expect(udp.a.send(data)).toBe(size);
      expect(udp.b.receiveFrom(spare).size).toBe(size);
    }
  });
});

describe("a buffer to receive into", () => {
  const receiving: readonly (readonly [name: string, receive: (buffer: never) => unknown])[] = [
    ["receive", (buffer) => udp.b.receive(buffer)],
    ["tryReceive", (buffer) => udp.b.tryReceive(buffer)],
    ["receiveFrom", (buffer) => udp.b.receiveFrom(buffer)],
    ["tryReceiveFrom", (buffer) => udp.b.tryReceiveFrom(buffer)],
  ];
  describe.each(receiving)("%s", (_, receive) => {
    test.each([...noMemory, ["text", () => "buffer"] as const])(
      "refuses %s, and the datagram stays",
      (_name, value) => {
        udp.a.send("here");
        throwsNaming(() => receive(wrong(value())), TypeError, "buffer must be a typed array, DataView or ArrayBuffer");
        expect(udp.b.receive(spare)).toBe(4);
      },
    );

    test.each(goneMemory)("refuses %s, and the datagram stays", (_name, value) => {
      udp.a.send("here");
      throwsNaming(() => receive(wrong(value())), TypeError, "buffer is detached or out of bounds");
      expect(udp.b.receive(spare)).toBe(4);
    });
  });

  test("is written in its own bounds only", () => {
    const memory = new Uint8Array(32).fill(7);
    udp.a.send(new Uint8Array(20).fill(1));
    expect(udp.b.receive(memory.subarray(8, 16))).toBe(8);
    expect([...memory]).toEqual([...Array(8).fill(7), ...Array(8).fill(1), ...Array(16).fill(7)]);
    udp.a.send(new Uint8Array(20).fill(2));
    expect(udp.b.receiveFrom(new DataView(memory.buffer, 4, 4))).toMatchObject({ size: 4, truncated: true });
    expect([...memory.subarray(0, 10)]).toEqual([7, 7, 7, 7, 2, 2, 2, 2, 1, 1]);
  });

  test.each<[unknown, ErrorConstructor]>([
    [-1, RangeError],
    [1.5, RangeError],
    [Number.NaN, RangeError],
    [Infinity, RangeError],
    [2 ** 31, RangeError],
    ["10", TypeError],
    [10n, TypeError],
    [null, TypeError],
    [undefined, TypeError],
    [new Uint8Array(1), TypeError],
  ])("of one's own has a size, which %p is not", (size, type) => {
    udp.a.send("here");
    throwsNaming(() => udp.b.receiveBytes(wrong(size)), type, "size must be");
    throwsNaming(() => udp.b.receiveBytesFrom(wrong(size)), type, "size must be");
    expect(udp.b.receive(spare)).toBe(4);
  });
});

describe("the options of an operation", () => {
  const operations: readonly (readonly [name: string, call: (options: never) => unknown])[] = [
    ["accept", (options) => listener.accept(options)],
    ["connect", (options) => new DisposableSocket().use((socket) => socket.connect(listener.localAddress, options))],
    ["receive", (options) => udp.a.receive(spare, options)],
    ["receiveBytes", (options) => udp.a.receiveBytes(10, options)],
    ["receiveFrom", (options) => udp.a.receiveFrom(spare, options)],
    ["receiveBytesFrom", (options) => udp.a.receiveBytesFrom(10, options)],
    ["send", (options) => udp.a.send("x", options)],
    ["sendAll", (options) => tcp.client.sendAll("x", options)],
    ["sendTo", (options) => udp.a.sendTo("x", address, options)],
    ["sendFile", (options) => tcp.client.sendFile(0, options)],
    ["conditionWait", (options) => udp.a.conditionWait(POLLIN, options)],
  ];
  const wrongOptions: readonly (readonly [name: string, options: unknown, type: ErrorConstructor, text: string])[] = [
    ["null", null, TypeError, "options must be an object, not null"],
    ["a number: a timeout belongs in { timeout }", 100, TypeError, "options must be an object, not 100"],
    ["true", true, TypeError, "options must be an object"],
    ["a function", () => {}, TypeError, "options must be an object"],
    ["a timeout by text", { timeout: "100" }, TypeError, "timeout must be a number of milliseconds"],
    ["a timeout of null", { timeout: null }, TypeError, "timeout must be a number of milliseconds"],
    ["a timeout of NaN", { timeout: Number.NaN }, RangeError, "timeout must be 0 or more"],
    ["a negative timeout", { timeout: -1 }, RangeError, "timeout must be 0 or more"],
    ["blocking: 0", { blocking: 0 }, TypeError, "blocking must be true or false"],
    ["blocking: null", { blocking: null }, TypeError, "blocking must be true or false"],
    ["a contradiction", { blocking: true, timeout: 0 }, TypeError, "contradict each other"],
    ["the other contradiction", { blocking: false, timeout: 10 }, TypeError, "contradict each other"],
    ["flags by name", { flags: "MSG_PEEK" }, TypeError, "flags must be a number"],
    ["flags of NaN", { flags: Number.NaN }, RangeError, "flags must be an integer"],
    ["flags of 2^32", { flags: 2 ** 32 }, RangeError, "flags must be an integer"],
    ["a cancellable that is none", { cancellable: {} }, TypeError, "cancellable must be a Cancellable"],
    ["a cancellable of null", { cancellable: null }, TypeError, "cancellable must be a Cancellable"],
    ["a signal as a cancellable", { cancellable: AbortSignal.abort() }, TypeError, "must be a Cancellable, not Abort"],
    ["a signal", { signal: new AbortController().signal }, TypeError, "a call that blocks cannot see a signal"],
  ];
  describe.each(operations)("%s", (_, call) => {
    test.each(wrongOptions)("refuses %s", (_name, options, type, text) => {
      throwsNaming(() => call(wrong(options)), type, text);
    });
  });

  /** A socket for one call. */
  class DisposableSocket {
    use(call: (socket: Socket) => unknown): unknown {
      using socket = new Socket(AF_INET, SOCK_STREAM);
      return call(socket);
    }
  }
});

describe("a condition", () => {
  test.each<[unknown, ErrorConstructor]>([
    [-1, RangeError],
    [0x1_0000, RangeError],
    [Number.NaN, RangeError],
    [0.5, RangeError],
    ["in", TypeError],
    [undefined, TypeError],
    [null, TypeError],
  ])("is bits of poll(2), which %p is not", (condition, type) => {
    throwsNaming(() => udp.a.conditionCheck(wrong(condition)), type, "condition");
    throwsNaming(() => udp.a.conditionWait(wrong(condition), { timeout: 0 }), type, "condition");
    throwsNaming(() => poll([{ socket: udp.a, condition: wrong(condition) }], { timeout: 0 }), type, "condition");
  });

  test.each<[string, unknown, ErrorConstructor, string]>([
    ["no list", udp, TypeError, "entries must be an array, not UdpPair"],
    ["nothing", undefined, TypeError, "entries must be an array"],
    ["an entry without a socket", [{ condition: POLLIN }], TypeError, "entries[0].socket must"],
    [
      "a second entry that is wrong",
      [
        { socket: udp.a, condition: 1 },
        { socket: "x", condition: 1 },
      ],
      TypeError,
      "entries[1]",
    ],
    ["a descriptor of 2^32+n", [{ socket: 2 ** 32 + udp.a.fd, condition: 1 }], RangeError, "entries[0].socket must"],
  ])("poll refuses %s", (_, entries, type, text) => {
    throwsNaming(() => poll(wrong(entries), { timeout: 0 }), type, text);
  });

  test("poll refuses wrong options", () => {
    throwsNaming(() => poll([], { timeout: -1 }), RangeError, "timeout");
    throwsNaming(() => poll([], { timeout: wrong("1") }), TypeError, "timeout");
    throwsNaming(() => poll([], { timeout: 0, cancellable: wrong({}) }), TypeError, "cancellable");
  });
});

describe("sendFile", () => {
  test.each<[string, unknown, ErrorConstructor]>([
    ["a path", "/etc/hostname", TypeError],
    ["undefined", undefined, TypeError],
    ["null", null, TypeError],
    ["-1", -1, RangeError],
    ["NaN", Number.NaN, RangeError],
    ["2^32", 2 ** 32, RangeError],
    ["an object whose fd is none", { fd: "1" }, TypeError],
  ])("takes a descriptor, which %s is not", (_, file, type) => {
    throwsNaming(() => tcp.client.sendFile(wrong(file)), type, "file must");
  });

  test.each<[string, object, ErrorConstructor, string]>([
    ["a negative offset", { offset: -1 }, RangeError, "offset must be"],
    ["an offset of NaN", { offset: Number.NaN }, RangeError, "offset must be"],
    ["an offset beyond all integers", { offset: 2 ** 53 }, RangeError, "offset must be"],
    ["an offset by text", { offset: "0" }, TypeError, "offset must be"],
    ["a negative count", { count: -1 }, RangeError, "count must be"],
    ["a count of Infinity", { count: Infinity }, RangeError, "count must be"],
    ["a count by text", { count: "1" }, TypeError, "count must be"],
  ])("refuses %s", (_, options, type, text) => {
    throwsNaming(() => tcp.client.sendFile(0, wrong(options)), type, text);
  });

  test("refuses a datagram socket", () => {
    throwsNaming(() => udp.a.sendFile(0), TypeError, "sendFile needs a stream socket");
  });
});

describe("options by number", () => {
  test.each<[string, () => unknown, ErrorConstructor, string]>([
    ["no level", () => udp.a.getOption(wrong(undefined), 1), TypeError, "level must be a number, not undefined"],
    ["no name", () => udp.a.getOption(SOL_SOCKET, wrong(undefined)), TypeError, "name must be a number, not undefined"],
    ["a name of 2^32+1", () => udp.a.getOption(SOL_SOCKET, 2 ** 32 + 1), RangeError, "name must be"],
    ["a level of NaN", () => udp.a.getOption(Number.NaN, 1), RangeError, "level must be"],
    ["an object that is no option", () => udp.a.getOption(wrong({ name: "SO_TYPE" })), TypeError, "level must be"],
    ["an option by its name", () => udp.a.getOption(wrong("SO_TYPE")), TypeError, "level must be"],
    ["a size of 0", () => udp.a.getOption(SOL_SOCKET, SO_RCVBUF, 0), RangeError, "size must be"],
    ["a negative size", () => udp.a.getOption(SOL_SOCKET, SO_RCVBUF, -1), RangeError, "size must be"],
    ["a size of 2^31", () => udp.a.getOption(SOL_SOCKET, SO_RCVBUF, 2 ** 31), RangeError, "size must be"],
    ["a size by text", () => udp.a.getOption(SOL_SOCKET, SO_RCVBUF, wrong("4")), TypeError, "size must be"],
    [
      "to set without a value",
      () => udp.a.setOption(SOL_SOCKET, SO_RCVBUF, wrong(undefined)),
      TypeError,
      "value must be",
    ],
    ["to set to null", () => udp.a.setOption(SOL_SOCKET, SO_RCVBUF, wrong(null)), TypeError, "value must be"],
    ["to set to a text", () => udp.a.setOption(SOL_SOCKET, SO_RCVBUF, wrong("9")), TypeError, "value must be"],
    ["to set to a list", () => udp.a.setOption(SOL_SOCKET, SO_RCVBUF, wrong([9])), TypeError, "value must be"],
    ["to set to 2^32", () => udp.a.setOption(SOL_SOCKET, SO_RCVBUF, 2 ** 32), RangeError, "value must be"],
    ["to set to NaN", () => udp.a.setOption(SOL_SOCKET, SO_RCVBUF, Number.NaN), RangeError, "value must be"],
    [
      "to set to what is gone",
      () => udp.a.setOption(SOL_SOCKET, SO_RCVBUF, detached()),
      TypeError,
      "value is detached",
    ],
  ])("refuses %s, and changes nothing", (_, call, type, text) => {
    const before = udp.a.getOption(SOL_SOCKET, SO_RCVBUF);
    throwsNaming(call, type, text);
    expect(udp.a.getOption(SOL_SOCKET, SO_RCVBUF)).toBe(before);
  });

  test("refuses values that hold a pointer, which the kernel would follow", () => {
    const program = new Uint8Array(16);
    throwsNaming(() => udp.a.setOption(SOL_SOCKET, SO_ATTACH_FILTER, program), TypeError, "pointer");
    throwsNaming(() => tcp.client.getOption(IPPROTO_TCP, TCP_ZEROCOPY_RECEIVE, 64), TypeError, "pointer");
  });

  test("passes on what the kernel says of an option that it has not", () => {
    throwsKind(() => udp.a.getOption(SOL_SOCKET, 9999), "not-supported");
    throwsKind(() => udp.a.setOption(IPPROTO_TCP, TCP_NODELAY, 1), "not-supported");
    throwsKind(() => udp.a.setOption(SOL_SOCKET, SO_RCVBUF, new Uint8Array(1)), "invalid-argument");
  });

  test.each<[string, unknown]>([
    ["a feature that is none", "telepathy"],
    ["a member of every object", "toString"],
    ["undefined", undefined],
    ["null", null],
    ["a number", SO_RCVBUF],
    ["an object", {}],
  ])("supports refuses %s", (_, what) => {
    throwsNaming(() => udp.a.supports(wrong(what)), TypeError, "what must be an option or one of abstractNames, ");
  });
});

describe("ioctl", () => {
  test.each<[string, () => unknown, ErrorConstructor, string]>([
    ["no request", () => udp.a.ioctl(wrong(undefined)), TypeError, "request must be"],
    ["a request by name", () => udp.a.ioctl(wrong("FIONREAD")), TypeError, "request must be"],
    ["a negative request", () => udp.a.ioctl(-1), RangeError, "request must be"],
    ["a request of 2^32+n", () => udp.a.ioctl(2 ** 32 + FIONREAD), RangeError, "request must be"],
    ["an argument by text", () => udp.a.ioctl(FIONREAD, wrong("x")), TypeError, "argument must be"],
    ["an argument of null", () => udp.a.ioctl(FIONREAD, wrong(null)), TypeError, "argument must be"],
    ["an argument of 2^32", () => udp.a.ioctl(FIONREAD, 2 ** 32), RangeError, "argument must be"],
    ["an argument that is gone", () => udp.a.ioctl(FIONREAD, detached()), TypeError, "argument is detached"],
    ["an argument that is too long", () => udp.a.ioctl(FIONREAD, new Uint8Array(1 << 20)), RangeError, "argument must"],
    ["FIONBIO: the descriptor stays non-blocking", () => udp.a.ioctl(FIONBIO, 0), TypeError, "FIONBIO"],
  ])("refuses %s", (_, call, type, text) => {
    throwsNaming(call, type, text);
  });

  test("passes on what the kernel says of a request that it has not", () => {
    const error = throwsKind(() => udp.a.ioctl(0x8fff), "failed");
    expect(error).toMatchObject({ code: "ENOTTY", syscall: "ioctl" });
  });
});

describe("multicast groups", () => {
  test.each<[string, unknown, unknown, ErrorConstructor, string]>([
    ["nothing", undefined, undefined, TypeError, "group must be"],
    ["a number", 5, undefined, TypeError, "group must be"],
    ["a host name", "localhost", undefined, TypeError, "localhost"],
    ["an address that is no group", "192.0.2.1", undefined, RangeError, "must be a multicast address"],
    ["options that are none", "239.1.2.3", "lo", TypeError, "options must be"],
    ["options of null", "239.1.2.3", null, TypeError, "options must be"],
    ["an interface that is none", "239.1.2.3", { interface: true }, TypeError, "interface must be"],
    ["a negative interface", "239.1.2.3", { interface: -1 }, RangeError, "interface must be"],
    ["a source of the other family", "239.1.2.3", { source: "::1" }, TypeError, "source must be"],
    ["a source that is a group", "239.1.2.3", { source: "239.1.2.4" }, RangeError, "source must be"],
  ])("refuse %s, to join and to leave", (_, group, options, type, text) => {
    for (const call of [
      () => udp.a.joinMulticastGroup(wrong(group), wrong(options)),
      () => udp.a.leaveMulticastGroup(wrong(group), wrong(options)),
    ]) {
      throwsNaming(call, type, text);
    }
  });

  test("know an interface that is not there: no-such-device, by name, index and address", () => {
    for (const where of ["nope0", 0x7fff_fff0, "192.0.2.254", InetAddress.parse("2001:db8::9")]) {
      const error = throwsKind(() => udp.a.joinMulticastGroup("239.1.2.3", { interface: where }), "no-such-device");
      expect(error.message).toContain(String(where));
    }
  });
});

describe("interfaces", () => {
  test.each<[unknown, ErrorConstructor]>([
    ["", TypeError],
    ["lo\0", TypeError],
    [1, TypeError],
    [undefined, TypeError],
  ])("interfaceIndex refuses %p", (name, type) => {
    throwsNaming(() => interfaceIndex(wrong(name)), type, "name must be");
  });

  test.each<[unknown, ErrorConstructor]>([
    [-1, RangeError],
    [2 ** 32, RangeError],
    ["1", TypeError],
    [undefined, TypeError],
  ])("interfaceName refuses %p", (index, type) => {
    throwsNaming(() => interfaceName(wrong(index)), type, "index must be");
  });

  test("one that is not there is no-such-device: by name, by a name that is too long, by index", () => {
    expect(throwsKind(() => interfaceIndex("nope0"), "no-such-device").message).toContain('"nope0"');
    throwsKind(() => interfaceIndex("a-name-of-sixteen"), "no-such-device");
    throwsKind(() => interfaceName(0x7fff_fff0), "no-such-device");
    throwsKind(() => new InetSocketAddress("fe80::1%nope0", 1), "no-such-device");
  });
});

describe("addresses", () => {
  test.each<[string, () => unknown, ErrorConstructor, string]>([
    ["no port", () => new InetSocketAddress("127.0.0.1", wrong(undefined)), TypeError, "port must be"],
    ["port 65536", () => new InetSocketAddress("127.0.0.1", 65_536), RangeError, "port must be"],
    ["a port by text", () => new InetSocketAddress("127.0.0.1", wrong("80")), TypeError, "port must be"],
    ["a host name", () => new InetSocketAddress("localhost", 80), TypeError, '"localhost"'],
    ["bytes for an address", () => new InetSocketAddress(wrong(new Uint8Array(4)), 80), TypeError, "address must be"],
    ["nothing for an address", () => new InetSocketAddress(wrong(undefined), 80), TypeError, "address must be"],
    ["a scope of IPv4", () => new InetSocketAddress("127.0.0.1", 80, { scopeId: 1 }), TypeError, "scopeId"],
    ["a scope of 2^32", () => new InetSocketAddress("::1", 80, { scopeId: 2 ** 32 }), RangeError, "scopeId must be"],
    ["a negative flow", () => new InetSocketAddress("::1", 80, { flowInfo: -1 }), RangeError, "flowInfo must be"],
    ["a path of a number", () => new UnixSocketAddress(wrong(5)), TypeError, "path must be"],
    ["a path of null", () => new UnixSocketAddress(wrong(null)), TypeError, "path must be"],
    ["a path with a NUL inside", () => new UnixSocketAddress("/a\0b"), TypeError, "path must not have a NUL inside"],
    ["text for bytes", () => SocketAddress.fromBytes(wrong("x")), TypeError, "bytes must be a Uint8Array"],
    ["one byte", () => SocketAddress.fromBytes(new Uint8Array(1)), RangeError, "bytes must hold at least the header"],
    ["AF_UNSPEC", () => SocketAddress.fromBytes(new Uint8Array(16)), RangeError, "bytes hold no address"],
    ["native bytes that are none", () => new NativeSocketAddress(wrong([1, 2])), TypeError, "bytes must be"],
    ["native bytes without a header", () => new NativeSocketAddress(new Uint8Array(0)), RangeError, "bytes must hold"],
  ])("refuse %s", (_, make, type, text) => {
    throwsNaming(make, type, text);
  });

  test("a unix path of 108 bytes is filename-too-long wherever it is given, and nothing is made of its beginning", () => {
    const path = `/tmp/${"x".repeat(103)}`;
    using socket = new Socket(AF_UNIX, SOCK_DGRAM);
    for (const use of [
      () => new UnixSocketAddress(path),
      () => socket.bind({ path }),
      () => socket.connect({ path }),
      () => socket.sendTo("x", { path }),
      () => socket.trySendTo("x", { path: new TextEncoder().encode(path) }),
    ]) {
      const error = throwsKind(use, "filename-too-long");
      expect(error.code).toBe("ENAMETOOLONG");
      expect(error.message).toContain("has 108 bytes, and linux allows 107");
    }
    expect(socket.localAddress).toMatchObject({ anonymous: true });
  });

  test.each(["localhost:80", "example.com:80", "xn--bcher-kva.example:80", "*:80"])(
    "the host name in %s is never resolved: TypeError, at once",
    (text) => {
      const start = performance.now();
      for (const use of [() => udp.a.connect(text), () => udp.a.sendTo("x", text)]) {
        throwsNaming(use, TypeError, "names are not resolved here");
      }
      expect(performance.now() - start).toBeLessThan(1000);
      expect(udp.a.remoteAddress?.equals(address)).toBe(true);
    },
  );
});

describe("Cancellable", () => {
  test.each<[string, unknown]>([
    ["nothing", undefined],
    ["an object", {}],
    ["memory that is not shared", { cancellable: new ArrayBuffer(20) }],
    ["shared memory that is none of ours", { cancellable: new SharedArrayBuffer(20) }],
    ["shared memory that is too short", { cancellable: new SharedArrayBuffer(4) }],
  ])("open refuses %s", (_, handle) => {
    throwsNaming(() => Cancellable.open(handle), TypeError, "handle must be the handle of a Cancellable");
  });

  test("from and onCancel refuse what they cannot use", () => {
    throwsNaming(() => Cancellable.from(wrong({ aborted: true })), TypeError, "signal must be an AbortSignal");
    using cancellable = new Cancellable();
    throwsNaming(() => cancellable.onCancel(wrong("call me")), TypeError, "callback must be a function");
  });
});

test("Credentials refuse numbers that are none", () => {
  const fields = { pid: 1, uid: 2, gid: 3 };
  throwsNaming(() => new Credentials({ ...fields, pid: -1 }), RangeError, "pid must be");
  throwsNaming(() => new Credentials({ ...fields, uid: 2 ** 32 - 1 }), RangeError, "uid must be");
  throwsNaming(() => new Credentials({ ...fields, gid: wrong("0") }), TypeError, "gid must be");
  throwsNaming(() => Credentials.current().isSameUser(wrong({ uid: 0 })), TypeError, "other must be Credentials");
});
