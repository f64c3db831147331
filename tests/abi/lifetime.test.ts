// Memory and addresses. What the kernel was given must still be there when it writes: memory whose address is kept never
// moves and is never collected; a user's view, which may move, is asked for its address at each call. And whatever a view
// says of itself, the kernel reads and writes inside it.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { dlopen, type Pointer, ptr, read } from "bun:ffi";
import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";
import * as calls from "../../ffi/calls.ts";
import { close, makeWake, wake } from "../../ffi/descriptors.ts";
import { byteLengthOf, EMPTY, Region, setAddress } from "../../ffi/memory.ts";
import { receiveInto, sendFrom } from "../../ffi/message.ts";
import { nameAddress, nameBytes, nameLength } from "../../ffi/name.ts";
import { platform } from "../../ffi/platform/index.ts";
import { PollArray } from "../../ffi/poll.ts";
import { sendfile } from "../../ffi/sendfile.ts";
import { sockaddr } from "../../ffi/structs/sockaddr.ts";
import {
  type Data,
  MSG_WAITALL,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  SO_RCVBUF,
  SOCK_DGRAM,
  Socket,
  SOL_SOCKET,
} from "../../src/index.ts";
import { connectedPair, addressOf, Folder, tcpListener, TcpPair, udpSocket } from "../support/sockets.ts";

setDefaultTimeout(30_000); // of work, not of waiting: there may be machines that are slow, or busy

/** Leaves memory of this size lying about, collects, and lets new memory take the room of what was freed. */
function churn(size: number): void {
  for (let round = 0; round < 2; round++) {
    const junk = Array.from({ length: 500 }, () => [
      new Uint8Array(size).fill(0xee),
      new Uint8Array(new ArrayBuffer(size)).fill(0xee),
    ]);
    if (junk.length > 0) Bun.gc(true);
  }
}

/** Sixty-four bytes that tell themselves from others. */
const pattern = (seed: number): number[] => Array.from({ length: 64 }, (_, index) => (seed * 31 + index * 7) & 0xff);

describe("Region: memory with an address that is kept", () => {
  test("stays where it is, whatever is collected, and whoever asks for its buffer", () => {
    const regions = Array.from({ length: 300 }, () => new Region(64));
    const addresses = regions.map(({ address }) => address);
    churn(64);
    for (const { bytes, view } of regions) {
      void bytes.buffer;
      void view.buffer;
    }
    churn(64);
    expect(regions.map(({ bytes }) => ptr(bytes))).toEqual(addresses);
    expect(regions.map(({ view }) => ptr(view))).toEqual(addresses);
  });

  test("holds at its address what its bytes hold", () => {
    const regions = Array.from({ length: 300 }, (_, seed) => {
      const region = new Region(64);
      region.bytes.set(pattern(seed));
      return region;
    });
    churn(64);
    for (const [seed, { address, bytes }] of regions.entries()) {
      const there = Array.from({ length: 64 }, (_, index) => read.u8(address, index));
      expect(there).toEqual(pattern(seed));
      expect([...bytes]).toEqual(pattern(seed));
    }
  });

  test("has an address even for no bytes at all", () => {
    expect(new Region(0).address).toBeGreaterThan(0);
  });

  test(`of a view without bytes is none, and the kernel is told so: no address, no length`, () => {
    // ptr() does not throw here: it returns the error, which as a number is 0
    expect(ptr(EMPTY)).toBeInstanceOf(Error);
    const [left, right] = connectedPair(SOCK_DGRAM);
    expect(sendFrom(left.fd, EMPTY, 0, 0)).toBe(0);
    expect(receiveInto(right.fd, EMPTY, 0, 0)).toBe(0);
    expect(calls.send(left.fd, EMPTY, 0)).toBe(0);
    expect(calls.recv(right.fd, EMPTY, 0)).toBe(0);
    left.close();
    right.close();
  });

  test(`receives what the kernel writes to its address later`, () => {
    const { symbols, close: unload } = dlopen(
      platform.library.names[0] as string,
      {
        recv: { args: ["u64", "ptr", "u64", "i32"], returns: "i32" },
      } as const,
    );
    const [left, right] = connectedPair();
    const regions = Array.from({ length: 100 }, () => new Region(64));
    for (const [seed, { address }] of regions.entries()) {
      if (seed % 10 === 0) churn(64);
      left.send(Uint8Array.from(pattern(seed)));
      expect(symbols.recv(right.fd, address, 64, 0)).toBe(64);
    }
    churn(64);
    expect(regions.map(({ bytes }) => [...bytes])).toEqual(regions.map((_, seed) => pattern(seed)));
    left.close();
    right.close();
    unload();
  });

  test("an address is written into a struct in two halves that make the whole", () => {
    const struct = new Region(16);
    for (const address of [0, 1, 0xffff_ffff, 0x1_0000_0000, 0x7f12_3456_789a, 0xffff_ffff_ffff] as Pointer[]) {
      setAddress(struct.view, 8, address);
      expect(read.ptr(struct.address, 8)).toBe(address);
    }
    expect(read.ptr(struct.address, 0)).toBe(0);
  });
});

describe(`memory that the library keeps for itself`, () => {
  test("PollArray: entries survive a collection, also those from before it grew", () => {
    const { readEnd, writeEnd } = makeWake();
    const entries = new PollArray();
    for (let index = 0; index < 100; index++) {
      entries.add(index % 3 === 0 ? readEnd : -1, POLLIN);
      if (index % 20 === 0) churn(32 << (index / 20));
    }
    churn(1024);
    expect(entries.poll(0)).toBe(0);
    wake(writeEnd);
    churn(1024);
    expect(entries.poll(1000)).toBe(34);
    const ready = Array.from({ length: 100 }, (_, index) => entries.ready(index));
    expect(ready).toEqual(ready.map((_, index) => (index % 3 === 0 ? POLLIN : 0)));
    for (const end of new Set([readEnd, writeEnd])) close(end);
  });

  test("PollArray: an array that was cleared and filled again knows nothing of its past", () => {
    const entries = new PollArray();
    const [left, right] = connectedPair();
    for (let index = 0; index < 40; index++) entries.add(0x7fff_fff0, POLLIN);
    expect(entries.poll(0)).toBe(40);
    expect(entries.ready(0)).toBe(POLLNVAL);
    churn(320);
    entries.clear();
    entries.add(left.fd, POLLIN | POLLOUT);
    expect(entries.length).toBe(1);
    expect(entries.poll(0)).toBe(1);
    expect(entries.ready(0)).toBe(POLLOUT);
    left.close();
    right.close();
  });

  test("PollArray: a timeout of less than a millisecond is kept after a collection", () => {
    const entries = new PollArray();
    churn(16);
    expect(entries.poll(0.2)).toBe(0);
  });

  test("msghdr and iovec: messages go out of and come into the right place, round after round", () => {
    const [left, right] = connectedPair(SOCK_DGRAM);
    const out = new Uint8Array(64);
    const into = new Uint8Array(80);
    for (let round = 0; round < 60; round++) {
      if (round % 6 === 0) churn(platform.structs.msghdr.size);
      if (round % 10 === 5) churn(platform.structs.iovec.size);
      if (round === 20) void out.buffer;
      if (round === 40) void into.buffer;
      out.set(pattern(round));
      into.fill(0);
      expect(sendFrom(left.fd, out, 8, 0)).toBe(56);
      expect(receiveInto(right.fd, into, 16, 0)).toBe(56);
      expect([...into.subarray(0, 16)]).toEqual(Array<number>(16).fill(0));
      expect([...into.subarray(16, 72)]).toEqual(pattern(round).slice(8));
      expect([...into.subarray(72)]).toEqual(Array<number>(8).fill(0));
    }
    left.close();
    right.close();
  });

  test("names: what the kernel reports is read from where it was written", () => {
    const sockets = Array.from({ length: 8 }, () => udpSocket());
    const ports = sockets.map((socket) => {
      expect(calls.getsockname(socket.fd)).toBe(0);
      return sockaddr.inetPort(nameBytes.slice(0, nameLength()));
    });
    expect(new Set(ports).size).toBe(8);
    for (let round = 0; round < 5; round++) {
      churn(nameBytes.length);
      expect(ptr(nameBytes)).toBe(nameAddress);
      const again = sockets.map((socket) => (addressOf(socket) as { port?: number }).port);
      expect(again).toEqual(ports);
    }
    // by recvmsg(2), which is told the address of the memory, and by recvfrom(2), which is given the view
    const [first, second] = sockets as [Socket, Socket];
    for (const receive of [
      () => receiveInto(second.fd, new Uint8Array(64), 0, 0),
      () => calls.recvfrom(second.fd, new Uint8Array(64), 0),
    ]) {
      first.sendTo("?", addressOf(second));
      second.conditionWait(POLLIN, { timeout: 4000 });
      churn(nameBytes.length);
      expect(receive()).toBe(1);
      expect(sockaddr.inetPort(nameBytes.slice(0, nameLength()))).toBe(ports[0] as number);
    }
    for (const socket of sockets) socket.close();
  });

  test("names: an accepted peer is the one that connected", () => {
    using listener = tcpListener();
    for (let round = 0; round < 5; round++) {
      using client = new Socket(listener.family);
      client.connect(addressOf(listener), { timeout: 4000 });
      churn(nameBytes.length);
      using server = listener.accept({ timeout: 4000 });
      expect(String(server.remoteAddress)).toBe(String(client.localAddress));
    }
  });

  test.skipIf(platform.sendfile === undefined)(
    "sendfile: the offset is read from where it was put (needs sendfile(2))",
    () => {
      using folder = new Folder();
      using pair = new TcpPair();
      const file = openSync(folder.file("bytes"), "w+");
      writeSync(
        file,
        Uint8Array.from({ length: 256 }, (_, index) => index),
      );
      for (let offset = 0; offset < 256; offset += 32) {
        churn(8);
        expect(sendfile(pair.client.fd, file, offset, 32)).toBe(32);
        const received = new Uint8Array(32);
        expect(pair.server.receive(received, { flags: MSG_WAITALL, timeout: 4000 })).toBe(32);
        expect(received[0]).toBe(offset);
        expect(received[31]).toBe(offset + 31);
      }
      ftruncateSync(file, 0);
      closeSync(file);
    },
  );
});

/** Every sort of view of 64 bytes that a user may have; those of the first few lie in the heap until somebody looks. */
const views: readonly (readonly [name: string, make: () => NodeJS.TypedArray | DataView])[] = [
  ["new Uint8Array(64)", () => new Uint8Array(64)],
  ["Buffer.alloc(64)", () => Buffer.alloc(64)],
  ["Buffer.allocUnsafe(64)", () => Buffer.allocUnsafe(64)],
  ["Buffer.from(text)", () => Buffer.from("x".repeat(64))],
  ["new Float64Array(8)", () => new Float64Array(8)],
  ["new BigInt64Array(8)", () => new BigInt64Array(8)],
  ["new Uint16Array(32)", () => new Uint16Array(32)],
  ["Uint8Array.from(array)", () => Uint8Array.from(Array<number>(64).fill(1))],
  ["a slice", () => new Uint8Array(100).slice(10, 74)],
  ["a subarray", () => new Uint8Array(100).subarray(10, 74)],
  ["a subarray of a subarray", () => new Uint8Array(100).subarray(5, 90).subarray(5, 69)],
  ["a view on new ArrayBuffer(64)", () => new Uint8Array(new ArrayBuffer(64))],
  ["a DataView", () => new DataView(new ArrayBuffer(64))],
  ["a DataView in the middle", () => new DataView(new ArrayBuffer(100), 20, 64)],
  ["a view on a SharedArrayBuffer", () => new Uint8Array(new SharedArrayBuffer(100), 10, 64)],
  ["a view on a growable SharedArrayBuffer", () => new Uint8Array(new SharedArrayBuffer(64, { maxByteLength: 256 }))],
  ["a view on a resizable ArrayBuffer", () => new Uint8Array(new ArrayBuffer(100, { maxByteLength: 8192 }), 10, 64)],
  ["a view that tracks its length", () => new Uint8Array(new ArrayBuffer(64, { maxByteLength: 8192 }))],
  ["a DataView that tracks its length", () => new DataView(new ArrayBuffer(64, { maxByteLength: 8192 }))],
  ["a view on a WebAssembly.Memory", () => new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer, 4096, 64)],
];

/** The bytes of a view: a look that moves a small one. */
const bytesOf = (view: NodeJS.TypedArray | DataView): Uint8Array =>
  new Uint8Array(view.buffer, view.byteOffset, byteLengthOf(view));

const ways: readonly (readonly [name: string, send: (socket: Socket, data: Data) => number])[] = [
  ["send", (socket, data) => socket.send(data)],
  ["trySend", (socket, data) => socket.trySend(data)],
  ["sendAll", (socket, data) => socket.sendAll(data)],
];
const receivers: readonly (readonly [name: string, receive: (socket: Socket, buffer: Data) => number])[] = [
  ["receive", (socket, buffer) => socket.receive(buffer, { timeout: 4000 })],
  ["receive with MSG_WAITALL", (socket, buffer) => socket.receive(buffer, { flags: MSG_WAITALL, timeout: 4000 })],
  ["tryReceive", (socket, buffer) => socket.tryReceive(buffer)],
  ["receiveFrom", (socket, buffer) => socket.receiveFrom(buffer, { timeout: 4000 }).size],
  ["tryReceiveFrom", (socket, buffer) => socket.tryReceiveFrom(buffer)?.size ?? -1],
];

describe(`a user's view`, () => {
  test("moves when it is small and somebody touches its buffer: what all this is about", () => {
    const small = new Uint8Array(64);
    const before = ptr(small);
    void small.buffer;
    expect(ptr(small)).not.toBe(before);
  });

  test.each(views)("%s is read where it is, before and after it has moved", (_, make) => {
    const [left, right] = connectedPair();
    const data = make();
    const set = (seed: number): void => {
      // by elements, so that the first rounds do not touch the buffer
      for (let index = 0; index < 64; index++) {
        if (data instanceof DataView) data.setUint8(index, pattern(seed)[index] as number);
        else if (data instanceof Uint8Array) data[index] = pattern(seed)[index] as number;
        else bytesOf(data)[index] = pattern(seed)[index] as number;
      }
    };
    for (let round = 0; round < 9; round++) {
      if (round === 3) void data.buffer;
      if (round % 3 === 1) churn(64);
      set(round);
      const [, send] = ways[round % ways.length] as (typeof ways)[number];
      expect(send(left, data)).toBe(64);
      expect([...right.receiveBytes(100)]).toEqual(pattern(round));
    }
    left.close();
    right.close();
  });

  test.each(views)("%s is written where it is, before and after it has moved", (_, make) => {
    const [left, right] = connectedPair();
    const buffer = make();
    for (let round = 0; round < 10; round++) {
      if (round === 5) void buffer.buffer;
      if (round % 3 === 1) churn(64);
      left.send(Uint8Array.from(pattern(round)));
      const [, receive] = receivers[round % receivers.length] as (typeof receivers)[number];
      expect(receive(right, buffer)).toBe(64);
      if (buffer instanceof Uint8Array) expect([...buffer]).toEqual(pattern(round));
      else expect([...bytesOf(buffer)]).toEqual(pattern(round));
    }
    left.close();
    right.close();
  });

  test("that nobody else holds lives as long as its call", () => {
    const [left, right] = connectedPair(SOCK_DGRAM);
    const received = new Uint8Array(64);
    for (let round = 0; round < 20_000; round++) {
      left.send(new Uint8Array(64).fill(round & 0xff));
      expect(right.receive(received)).toBe(64);
      if (received[0] !== (round & 0xff) || received[63] !== (round & 0xff))
        expect(received).toEqual(new Uint8Array(64));
      if (round % 2000 === 0) churn(64);
    }
    left.close();
    right.close();
  });

  test("of an ArrayBuffer itself is all of it", () => {
    const [left, right] = connectedPair(SOCK_DGRAM);
    const buffer = new ArrayBuffer(64);
    new Uint8Array(buffer).set(pattern(3));
    expect(left.send(buffer)).toBe(64);
    const into = new ArrayBuffer(64);
    expect(right.receive(into)).toBe(64);
    expect([...new Uint8Array(into)]).toEqual(pattern(3));
    left.close();
    right.close();
  });

  test("of no bytes sends and receives an empty datagram", () => {
    const [left, right] = connectedPair(SOCK_DGRAM);
    const empty = [
      ...[new Uint8Array(0), new Uint8Array(64).subarray(64), Buffer.alloc(0), new ArrayBuffer(0)],
      ...[new DataView(new ArrayBuffer(8), 8), new Uint8Array(new SharedArrayBuffer(0))],
    ];
    for (const view of empty) {
      expect(left.send(view)).toBe(0);
      expect(right.receiveFrom(view)).toMatchObject({ size: 0, truncated: false });
      expect(left.sendAll(view)).toBe(0);
      expect(right.receive(view)).toBe(0);
    }
    left.send("lost");
    expect(right.receiveFrom(new Uint8Array(0))).toMatchObject({ size: 0, truncated: true });
    left.close();
    right.close();
  });
});

describe(`a view whose memory has gone`, () => {
  const shrunk = (view: (buffer: ArrayBuffer) => NodeJS.TypedArray | DataView): NodeJS.TypedArray | DataView => {
    const buffer = new ArrayBuffer(64, { maxByteLength: 64 });
    const made = view(buffer);
    buffer.resize(8);
    return made;
  };
  const detached = <View extends NodeJS.TypedArray | DataView>(view: View): View => {
    void (view.buffer as ArrayBuffer).transfer();
    return view;
  };

  test.each([
    ["detached Uint8Array", () => detached(new Uint8Array(64))],
    ["detached Buffer", () => detached(Buffer.from(new ArrayBuffer(64)))],
    ["detached DataView", () => detached(new DataView(new ArrayBuffer(64)))],
    ["detached ArrayBuffer", () => detached(new Uint8Array(64)).buffer],
    ["Uint8Array that a resize has put out of bounds", () => shrunk((buffer) => new Uint8Array(buffer, 0, 64))],
    ["Uint8Array behind the end after a resize", () => shrunk((buffer) => new Uint8Array(buffer, 32))],
    ["DataView that a resize has put out of bounds", () => shrunk((buffer) => new DataView(buffer, 0, 64))],
    ["DataView behind the end after a resize", () => shrunk((buffer) => new DataView(buffer, 32))],
    ["Float64Array that a resize has cut", () => shrunk((buffer) => new Float64Array(buffer, 0, 8))],
  ] as readonly (readonly [string, () => Data])[])("%s is a TypeError, before any call", (_, make) => {
    const [left, right] = connectedPair(SOCK_DGRAM);
    right.send("still there");
    for (const [, send] of ways) expect(() => send(left, make())).toThrow(TypeError);
    for (const [, receive] of receivers) expect(() => receive(left, make())).toThrow(TypeError);
    expect(() => left.setOption(SOL_SOCKET, SO_RCVBUF, make())).toThrow(TypeError);
    expect(right.tryReceive(new Uint8Array(64))).toBe(-1);
    expect(left.receiveBytes(64)).toHaveLength(11);
    left.close();
    right.close();
  });

  test("a view that a resize has made shorter is as long as it is now", () => {
    const [left, right] = connectedPair(SOCK_DGRAM);
    const buffer = new ArrayBuffer(64, { maxByteLength: 128 });
    const tracking = new Uint8Array(buffer);
    buffer.resize(10);
    expect(left.send(tracking)).toBe(10);
    buffer.resize(100);
    expect(right.receive(tracking)).toBe(10);
    left.send(new Uint8Array(128));
    expect(right.receive(tracking)).toBe(100);
    left.close();
    right.close();
  });

  test("options that take the memory away while they are read are met before the view is", () => {
    const [left, right] = connectedPair();
    right.send(Uint8Array.from(pattern(1)));
    const view = new Uint8Array(new ArrayBuffer(64));
    const options = {
      get flags(): number {
        view.buffer.transfer();
        return 0;
      },
    };
    expect(() => left.receive(view, options)).toThrow(TypeError);
    expect([...left.receiveBytes(64)]).toEqual(pattern(1));
    left.close();
    right.close();
  });
});

describe(`a view that lies about itself`, () => {
  /** Bytes with a guard of as many on either side. */
  class Guarded {
    readonly all = new Uint8Array(new ArrayBuffer(192)).fill(0xaa);
    readonly view: Uint8Array<ArrayBuffer> = this.all.subarray(64, 128);

    guards(): number[] {
      return [...this.all.subarray(0, 64), ...this.all.subarray(128)];
    }
  }

  const whole = Array<number>(128).fill(0xaa);
  const own = (view: Uint8Array, property: string, value: unknown): Uint8Array =>
    Object.defineProperty(view, property, { value });
  class Boaster extends Uint8Array<ArrayBuffer> {
    override get byteLength(): number {
      return 128;
    }
    override get length(): number {
      return 128;
    }
  }
  const boast = ({ all }: Guarded): Uint8Array => new Boaster(all.buffer, 64, 64);

  const lies: readonly (readonly [string, (guarded: Guarded) => Uint8Array])[] = [
    ["byteLength: 128", ({ view }) => own(view, "byteLength", 128)],
    ["byteLength: 2^40", ({ view }) => own(view, "byteLength", 2 ** 40)],
    ["byteLength: -1", ({ view }) => own(view, "byteLength", -1)],
    ["byteLength: NaN", ({ view }) => own(view, "byteLength", Number.NaN)],
    ["byteLength: a string", ({ view }) => own(view, "byteLength", "128")],
    ["byteLength: 1", ({ view }) => own(view, "byteLength", 1)],
    ["length: 128", ({ view }) => own(view, "length", 128)],
    ["byteOffset: 0", ({ view }) => own(view, "byteOffset", 0)],
    ["buffer: another", ({ view }) => own(view, "buffer", new ArrayBuffer(8))],
    ["a subclass with a longer byteLength", boast],
    ["another prototype", ({ view }) => Object.setPrototypeOf(view, DataView.prototype) as Uint8Array],
    ["no prototype", ({ view }) => Object.setPrototypeOf(view, null) as Uint8Array],
  ];

  /** What a lie may lead to: the call is made with the memory as it is, or refused. */
  function attempt(action: () => number): number | "refused" {
    try {
      return action();
    } catch (error) {
      expect(error).toBeInstanceOf(TypeError);
      return "refused";
    }
  }

  describe.each(lies)("%s", (_, lie) => {
    test.each(receivers)("%s writes nothing outside", (_name, receive) => {
      const [left, right] = connectedPair();
      const guarded = new Guarded();
      const view = lie(guarded);
      left.send(new Uint8Array(192).fill(0x55));
      const size = attempt(() => receive(right, view));
      expect(guarded.guards()).toEqual(whole);
      if (size !== "refused") expect(size).toBeLessThanOrEqual(64);
      left.close();
      right.close();
    });

    test.each(receivers)("%s of a datagram writes nothing outside", (_name, receive) => {
      const [left, right] = connectedPair(SOCK_DGRAM);
      const guarded = new Guarded();
      const view = lie(guarded);
      left.send(new Uint8Array(192).fill(0x55));
      const size = attempt(() => receive(right, view));
      expect(guarded.guards()).toEqual(whole);
      if (size !== "refused") expect(size).toBeLessThanOrEqual(64);
      left.close();
      right.close();
    });

    test.each(ways)("%s reads nothing outside", (_name, send) => {
      const [left, right] = connectedPair(SOCK_DGRAM);
      const guarded = new Guarded();
      guarded.view.fill(0x55);
      const view = lie(guarded);
      const size = attempt(() => send(left, view));
      if (size !== "refused") {
        const sent = right.receiveBytes(4096, { timeout: 4000 });
        expect(sent.length).toBeLessThanOrEqual(64);
        expect([...sent]).toEqual(Array<number>(sent.length).fill(0x55));
      }
      left.close();
      right.close();
    });

    test("sendAll in parts reads nothing outside", async () => {
      const [left, right] = connectedPair();
      const guarded = new Guarded();
      guarded.view.fill(0x55);
      const view = lie(guarded);
      // so little room that not all goes at once: the rest is taken from an offset
      while (left.trySend(new Uint8Array(4096)) !== -1);
      const size = attempt(() => {
        try {
          return left.sendAll(view, { timeout: 1 });
        } catch (error) {
          if (error instanceof TypeError) throw error;
          return 0;
        }
      });
      left.close();
      let last = new Uint8Array(0);
      for (;;) {
        const part = right.receiveBytes(65_536, { timeout: 4000 });
        if (part.length === 0) break;
        last = part;
      }
      expect(last.subarray(-64).every((byte) => byte === 0 || byte === 0x55)).toBe(true);
      if (size !== "refused") expect(size).toBeLessThanOrEqual(64);
      right.close();
    });

    test("a raw option and an ioctl stay inside", () => {
      const [left, right] = connectedPair();
      left.send(new Uint8Array(5));
      const guarded = new Guarded();
      guarded.view.fill(0);
      const view = lie(guarded);
      // what it is refused with does not matter here: a lie may make the value too short, too long, or no view at all
      for (const action of [
        () => right.setOption(SOL_SOCKET, SO_RCVBUF, view),
        () => right.ioctl(platform.constants.FIONREAD, view),
      ]) {
        try {
          action();
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }
      expect(guarded.guards()).toEqual(whole);
      left.close();
      right.close();
    });
  });

  test("byteLengthOf tells what the engine knows", () => {
    const view = new Uint8Array(64);
    Object.defineProperty(view, "byteLength", { value: 1000 });
    expect(byteLengthOf(view)).toBe(64);
    const data = new DataView(new ArrayBuffer(32), 8);
    Object.defineProperty(data, "byteLength", { value: 1000 });
    expect(byteLengthOf(data)).toBe(24);
  });

  test("a lie over memory that has gone reaches nothing", () => {
    const [left, right] = connectedPair();
    left.send(new Uint8Array(64).fill(0x55));
    const view = new Uint8Array(new ArrayBuffer(64));
    const kept = view.buffer.transfer();
    Object.defineProperty(view, "byteLength", { value: 64 });
    for (const [, receive] of receivers) {
      try {
        expect(receive(right, view)).toBe(0);
      } catch (error) {
        expect(error).toBeInstanceOf(Error); // TypeError, or EFAULT
      }
    }
    expect([...new Uint8Array(kept)]).toEqual(Array<number>(64).fill(0));
    left.close();
    right.close();
  });

  test("a lie over memory that was resized away reaches nothing behind the new end", () => {
    const [left, right] = connectedPair();
    left.send(new Uint8Array(64).fill(0x55));
    for (const make of [
      (buffer: ArrayBuffer) => new Uint8Array(buffer, 0, 64),
      (buffer: ArrayBuffer) => new DataView(buffer, 0, 64),
    ]) {
      const buffer = new ArrayBuffer(64, { maxByteLength: 64 });
      const view = make(buffer);
      buffer.resize(8);
      Object.defineProperty(view, "byteLength", { value: 64 });
      for (const [, receive] of receivers) {
        try {
          expect(receive(right, view)).toBeLessThanOrEqual(8);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }
      buffer.resize(64);
      expect([...new Uint8Array(buffer, 8)]).toEqual(Array<number>(56).fill(0));
    }
    left.close();
    right.close();
  });
});
