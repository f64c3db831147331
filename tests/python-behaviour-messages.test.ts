// How Python's socket module receives, and sends and receives messages, one behaviour after the other: B9, B10, B13 and B16 of
// ../shared/facts/python-socket.md. Where berkeley does otherwise on purpose, the test says "unlike Python".

import { describe, expect, test } from "bun:test";
import { closeSync, fstatSync, openSync } from "node:fs";
import { errnoNumber } from "../ffi/errno.ts";
import {
  AF_UNIX,
  MSG_CTRUNC,
  MSG_DONTWAIT,
  MSG_PEEK,
  MSG_TRUNC,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOL_SOCKET,
} from "./support/constants.ts";
import * as all from "../src/constants.ts";
import {
  AlgSocketAddress,
  CMSG_LEN,
  CMSG_SPACE,
  type ControlMessage,
  NativeSocketAddress,
  ReceiveBatch,
  receiveFds,
  type ReceivedMessage,
  Rights,
  SendBatch,
  sendFds,
  Socket,
  SocketAddress,
  TipcSocketAddress,
  UnknownControl,
} from "../src/index.ts";
import { fillQueue, Pair } from "./support/loop.ts";
import { havePython, Python } from "./support/peers.ts";
import { noPython, pythonSays } from "./support/python-behaviour.ts";
import { canMake, Folder, SOON, TcpPair, UdpPair, udpSocket } from "./support/sockets.ts";
import { throwsKind, throwsNaming, wrong } from "./support/throws.ts";

const soon = { timeout: SOON };
const linux = process.platform === "linux";
const noLinux = linux ? "" : " (needs Linux)";
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytes = (data: string): Uint8Array => new TextEncoder().encode(data);

/** So many files that can be told apart, closed with the test. */
class Files implements Disposable {
  readonly fds: number[];

  constructor(count: number) {
    this.fds = Array.from({ length: count }, () => openSync("/dev/null", "r"));
  }

  [Symbol.dispose](): void {
    this.fds.forEach((fd) => closeSync(fd));
  }
}

/** The descriptors in a message, without taking them. */
function numbersIn(rights: Rights | undefined): number[] {
  return [...new Int32Array((rights?.bytes ?? new Uint8Array()).slice().buffer)];
}

function isOpen(fd: number): boolean {
  try {
    return fstatSync(fd).dev >= 0;
  } catch {
    return false;
  }
}

describe("B9 messages", () => {
  test.skipIf(!havePython || !linux)(
    `B9 CMSG_LEN and CMSG_SPACE are Python's; sizes that none can have are refused${noPython}${noLinux}`,
    async () => {
      const sizes = [0, 1, 3, 4, 5, 7, 8, 9, 12, 16, 253 * 4, 2 ** 30];
      const theirs = await pythonSays(
        `result = [[CMSG_LEN(n), CMSG_SPACE(n)] for n in json.loads(sys.argv[1])] + [fails(lambda: CMSG_LEN(2**31)), fails(lambda: CMSG_SPACE(-1))]`,
        JSON.stringify(sizes),
      );
      const overflow = ["OverflowError", null];
      expect(theirs).toEqual([...sizes.map((size) => [CMSG_LEN(size), CMSG_SPACE(size)]), overflow, overflow]);
      for (const size of [-1, 2 ** 31, 0.5]) {
        throwsNaming(() => CMSG_LEN(size), RangeError, "size");
        throwsNaming(() => CMSG_SPACE(size), RangeError, "size");
      }
    },
  );

  test.skipIf(!havePython)(
    `B9 data, control messages, flags and sender come together: a record of Python's${noPython}`,
    async () => {
      using folder = new Folder();
      using server = new Socket(AF_UNIX, SOCK_SEQPACKET);
      server.bind({ path: folder.file("server") });
      server.listen();
      await using python = new Python(
        `
import array
s = socket(AF_UNIX, SOCK_SEQPACKET)
s.connect(sys.argv[1])
r, w = os.pipe()
s.sendmsg([b"three ", b"parts ", b"of one"], [(SOL_SOCKET, SCM_RIGHTS, array.array("i", [r, w]))])
data, control, flags, address = s.recvmsg(100, CMSG_SPACE(4))
os.write(control[0][2][0] + 256 * control[0][2][1], b"by way of us")
say(data.decode(), len(control), control[0][0] == SOL_SOCKET, control[0][1] == SCM_RIGHTS, bool(flags & (MSG_TRUNC | MSG_CTRUNC)), address == sys.argv[1])
s.recv(1)`,
        folder.file("server"),
      );
      using accepted = await server.acceptAsync(soon);
      const buffers = [new Uint8Array(6), new Uint8Array(94)];
      using message = accepted.receiveMessage({ buffers }, soon);
      expect([message.size, text(buffers[0] as Uint8Array), text(buffers[1] as Uint8Array).slice(0, 12)]).toEqual([
        18,
        "three ",
        "parts of one",
      ]);
      expect(message).toMatchObject({ truncated: false, controlTruncated: false, address: null });
      const [r = -1, w = -1] = message.control.get(Rights)?.take() ?? [];
      accepted.sendMessage({ buffers: ["back"], control: [new Rights([w])] });
      closeSync(w);
      expect(await python.line()).toBe("back 1 True True False True");
      const read = new Uint8Array(await new Response(Bun.file(r).slice(0, 12)).arrayBuffer());
      expect(text(read)).toBe("by way of us");
      closeSync(r);
    },
  );

  test.skipIf(!havePython)(
    `B9 of three descriptors in room for two, two come with MSG_CTRUNC, and none stays open unseen${noPython}`,
    async () => {
      const theirs = await pythonSays(`
import array
a, b = socketpair()
a.sendmsg([b"x"], [(SOL_SOCKET, SCM_RIGHTS, array.array("i", [0, 1, 2]))])
_, control, flags, _ = b.recvmsg(1, CMSG_LEN(8))
result = [len(control[0][2]), bool(flags & MSG_CTRUNC)]`);
      using pair = new Pair();
      using files = new Files(3);
      pair.a.sendMessage({ buffers: [], control: [new Rights(files.fds)] });
      const message = pair.b.receiveMessage({ buffers: [], controlSize: CMSG_LEN(8) }, soon);
      const rights = message.control.get(Rights);
      expect([rights?.bytes.length, (message.flags & MSG_CTRUNC) !== 0]).toEqual(theirs as never);
      const fds = numbersIn(rights);
      expect([rights?.length, fds.map(isOpen)]).toEqual([2, [true, true]]);
      message[Symbol.dispose]();
      expect(fds.map(isOpen)).toEqual([false, false]);
    },
  );

  test("B9 receiveFds has room for exactly so many: the padding of CMSG_SPACE would let one more in", () => {
    using pair = new Pair();
    using files = new Files(4);
    pair.a.sendMessage({ buffers: [], control: [new Rights(files.fds)] });
    using message = pair.b.receiveMessage({ buffers: [], controlSize: CMSG_SPACE(3 * 4) }, soon);
    expect(message.control.get(Rights)?.length).toBe(4); // four, in room that was made for three
    sendFds(pair.a, files.fds.slice(0, 3));
    expect(receiveFds(pair.b, 3, undefined, soon).fds.map((fd) => (closeSync(fd), fd))).toHaveLength(3);
    sendFds(pair.a, files.fds);
    // unlike Python, which gives three and drops the fourth
    throwsKind(() => receiveFds(pair.b, 3, undefined, soon), "invalid-data");
  });

  test.skipIf(!havePython || !linux)(
    `B9 one message takes 253 descriptors, and a 254th is refused before the kernel is asked${noPython}${noLinux}`,
    async () => {
      const theirs = await pythonSays(`
import array
def send(count):
    a, b = socketpair()
    with a, b: return a.sendmsg([b"x"], [(SOL_SOCKET, SCM_RIGHTS, array.array("i", [0] * count))])
result = [fails(lambda: send(253)), fails(lambda: send(254))]`);
      expect(theirs).toEqual([1, ["OSError", errnoNumber("EINVAL")]]);
      using pair = new Pair();
      expect(sendFds(pair.a, Array<number>(253).fill(0))).toBe(1);
      throwsNaming(() => sendFds(pair.a, Array<number>(254).fill(0)), RangeError, "254");
      const { fds } = receiveFds(pair.b, 253, undefined, soon);
      expect(fds).toHaveLength(253);
      fds.forEach((fd) => closeSync(fd));
    },
  );

  test.skipIf(!havePython || !linux)(
    `B9 there are at most 1024 buffers: a 1025th is refused before the kernel is asked${noPython}${noLinux}`,
    async () => {
      const theirs = await pythonSays(`
a, b = socketpair()
result = [a.sendmsg([b"x"] * 1024), fails(lambda: a.sendmsg([b"x"] * 1025)), fails(lambda: a.recvmsg_into([bytearray(1)] * 1025))]`);
      const EMSGSIZE = ["OSError", errnoNumber("EMSGSIZE")];
      expect(theirs).toEqual([1024, EMSGSIZE, EMSGSIZE]);
      using pair = new Pair();
      const buffers = Array.from({ length: 1025 }, () => new Uint8Array(1));
      expect(pair.a.sendMessage({ buffers: buffers.slice(1) })).toBe(1024);
      throwsNaming(() => pair.a.sendMessage({ buffers }), RangeError, "buffers");
      throwsNaming(() => pair.b.receiveMessage({ buffers }, soon), RangeError, "buffers");
      expect(pair.b.receiveMessage({ buffers: buffers.slice(1) }, soon).size).toBe(1024);
    },
  );

  test("B9 control messages come from any iterable; what it does while it is read changes nothing that is sent", () => {
    using pair = new Pair(SOCK_DGRAM);
    using files = new Files(2);
    const buffers: (string | Uint8Array)[] = ["as it was"];
    function* control(): Generator<ControlMessage> {
      buffers[0] = "changed";
      buffers.push("and more");
      for (const fd of files.fds) yield new Rights([fd]);
    }
    pair.a.sendMessage({ buffers, control: control() });
    const buffer = new Uint8Array(99);
    using message = pair.b.receiveMessage({ buffers: [buffer] }, soon);
    expect(text(buffer.subarray(0, message.size))).toBe("as it was");
    // the kernel joins the descriptors of one message
    expect([...message.control].map((each) => (each as Rights).length)).toEqual([2]);
    throwsNaming(() => pair.a.sendMessage({ buffers: ["x"], control: wrong(["x"]) }), TypeError, "control[0]");
    throwsNaming(() => pair.a.sendMessage({ buffers: wrong(new Set(["x"])) }), TypeError, "buffers"); // unlike Python
  });

  test("B9 too much control data is refused before the kernel is asked; negative room too", () => {
    using pair = new Pair(SOCK_DGRAM);
    const large = new UnknownControl(SOL_SOCKET, 99, new Uint8Array(2 ** 17));
    throwsNaming(() => pair.a.sendMessage({ buffers: ["x"], control: [large] }), RangeError, "control");
    throwsNaming(() => pair.b.receiveMessage({ buffers: [], controlSize: -1 }, soon), RangeError, "controlSize");
    throwsKind(() => pair.b.receiveMessage({ buffers: [] }, { timeout: 0 }), "would-block"); // nothing was sent
  });

  test("B9 descriptors of a message that nobody takes are closed, however it ends", () => {
    using pair = new Pair();
    using files = new Files(1);
    let fds: number[] = [];
    const receive = (): ReceivedMessage => pair.b.receiveMessage({ buffers: [] }, soon);
    sendFds(pair.a, files.fds);
    expect(() => {
      using message = receive();
      fds = numbersIn(message.control.get(Rights));
      expect(fds.map(isOpen)).toEqual([true]);
      throw new Error("something else went wrong");
    }).toThrow("something else");
    expect(fds.map(isOpen)).toEqual([false]);
  });

  test("B9 the sender is null on streams and for who has no name", () => {
    using pair = new Pair();
    using tcp = new TcpPair();
    using datagrams = new Pair(SOCK_DGRAM);
    tcp.client.sendAll("x");
    pair.a.sendAll("x");
    datagrams.a.send("x");
    for (const socket of [tcp.server, pair.b, datagrams.b]) {
      expect(socket.receiveMessage({ buffers: [new Uint8Array(9)] }, soon).address).toBeNull();
    }
  });
});

describe("B10 receiving", () => {
  test.skipIf(!havePython)(
    `B10 the view says how much: unlike recv_into there is no size beside it, 0 for the whole${noPython}`,
    async () => {
      const theirs = await pythonSays(`
a, b = socketpair()
a.send(b"abcdef")
buffer = bytearray(b"......")
result = [b.recv_into(buffer, 2), b.recv_into(buffer, 0), buffer.decode(), fails(lambda: b.recv_into(buffer, 7)), fails(lambda: b.recv_into(buffer, -1))]`);
      expect(theirs).toEqual([2, 4, "cdef..", ["ValueError", null], ["ValueError", null]]);
      using pair = new Pair();
      pair.a.sendAll("abcdef");
      const buffer = bytes("......");
      expect(pair.b.receive(buffer.subarray(0, 2), soon)).toBe(2);
      expect(pair.b.receive(buffer.subarray(2), soon)).toBe(4);
      expect(text(buffer)).toBe("abcdef");
    },
  );

  test.skipIf(!havePython)(
    `B10 a datagram that is too long is cut; unlike Python's recvfrom, receiveFrom tells${noPython}`,
    async () => {
      const theirs = await pythonSays(`
b = socket(AF_INET, SOCK_DGRAM); b.bind(("127.0.0.1", 0))
for _ in range(2): b.sendto(b"abcdef", b.getsockname())
first = b.recvfrom(3)[0].decode()
data, _, flags, _ = b.recvmsg(3)
result = [first, data.decode(), bool(flags & MSG_TRUNC)]`);
      expect(theirs).toEqual(["abc", "abc", true]);
      using pair = new UdpPair();
      for (let time = 0; time < 4; time++) pair.a.send("abcdef");
      const buffer = new Uint8Array(3);
      expect(pair.b.receive(buffer, soon)).toBe(3);
      expect(pair.b.receiveFrom(buffer, soon)).toMatchObject({ size: 3, truncated: true });
      expect(pair.b.receiveMessage({ buffers: [buffer] }, soon)).toMatchObject({ size: 3, truncated: true });
      if (linux) expect(pair.b.receive(buffer, { ...soon, flags: MSG_TRUNC })).toBe(6);
      expect(text(buffer)).toBe("abc");
    },
  );

  test("B10 sendTo is told to whom, and takes nothing for an address that is none", () => {
    using socket = udpSocket();
    for (const address of [undefined, null, 0, ["127.0.0.1", 9]]) {
      throwsNaming(() => socket.sendTo("x", wrong(address)), TypeError, "address");
    }
    expect(socket.sendTo("x", socket.localAddress, { flags: MSG_DONTWAIT })).toBe(1);
    expect(socket.receive(new Uint8Array(9), soon)).toBe(1);
  });
});

const AF_ALG = all.AF_ALG;
const algorithms = linux && canMake(AF_ALG, SOCK_SEQPACKET);
describe(`B13 AF_ALG${algorithms ? "" : " (what needs a kernel with it is skipped)"}`, () => {
  test.skipIf(!linux)(
    `B13 and B16: an algorithm is an address; unlike Python's, feature and mask are of 32 bits${noLinux}`,
    () => {
      const address = new AlgSocketAddress({ type: "hash", name: "sha256", feature: 0x1_2345, mask: 0xffff_ffff });
      expect(address).toMatchObject({ type: "hash", name: "sha256", feature: 0x1_2345, mask: 0xffff_ffff });
      expect(SocketAddress.fromBytes(address.toBytes())).toEqual(address);
    },
  );

  test.skipIf(!algorithms)(
    "B13 a socket is bound to one, and to none that the kernel has not (needs a kernel with AF_ALG)",
    () => {
      using socket = new Socket(AF_ALG as number, SOCK_SEQPACKET);
      throwsKind(() => socket.bind(new AlgSocketAddress({ type: "hash", name: "no-such-hash" })), "not-found");
      socket.bind(new AlgSocketAddress({ type: "hash", name: "sha256" }));
    },
  );
});

describe("B16 defects of CPython that are none of ours", () => {
  test("B16 sendFds and receiveFds heed their flags", () => {
    using pair = new Pair();
    using files = new Files(1);
    sendFds(pair.a, files.fds, "x");
    const buffer = new Uint8Array(9);
    const peek = receiveFds(pair.b, 1, buffer, { ...soon, flags: MSG_PEEK });
    const taken = receiveFds(pair.b, 1, buffer, soon);
    expect([peek.size, peek.fds.length, taken.size, taken.fds.length]).toEqual([1, 1, 1, 1]);
    [...peek.fds, ...taken.fds].forEach((fd) => closeSync(fd));
    fillQueue(pair.a);
    throwsKind(() => sendFds(pair.a, files.fds, "x", { flags: MSG_DONTWAIT }), "would-block");
  });

  test("B16 many messages go in one call, and come in one", () => {
    using pair = new UdpPair();
    const out = new SendBatch({ capacity: 3, size: 9 });
    for (const data of ["one", "two", "three"]) out.push(data);
    expect(pair.a.sendMessages(out)).toBe(3);
    const batch = new ReceiveBatch({ capacity: 3, size: 9 });
    expect(pair.b.receiveMessages(batch, { ...soon, waitAll: true })).toBe(3);
    expect([0, 1, 2].map((index) => text(batch.data(index)))).toEqual(["one", "two", "three"]);
  });

  test("B16 an address of a family that nobody knows keeps all its bytes", () => {
    const native = new Uint8Array(60).map((_, index) => index);
    native.set(new Uint8Array(Uint16Array.of(99).buffer)); // sa_family of Linux; the BSDs have a length before it
    const address = SocketAddress.fromBytes(native);
    expect(address).toBeInstanceOf(NativeSocketAddress);
    expect(address.toBytes()).toEqual(native);
  });

  test.skipIf(!linux)(`B16 a TIPC service tells its domain; Python's tuple has the instance twice${noLinux}`, () => {
    const address = new TipcSocketAddress({ type: 18_888, instance: 17, domain: 5 });
    expect(address).toMatchObject({ form: "service", type: 18_888, instance: 17, domain: 5 });
    expect(SocketAddress.fromBytes(address.toBytes())).toEqual(address);
  });
});
