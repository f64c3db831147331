// O_NONBLOCK belongs to the open file, which other processes may share and change: fcntl(2), open(2). Nothing that sends or receives
// blocks in the kernel for that.

import { afterEach, describe, expect, test } from "bun:test";
import { fcntl } from "../ffi/descriptors.ts";
import { platform } from "../ffi/platform/index.ts";
import {
  AF_INET,
  AF_UNIX,
  ReceiveBatch,
  receiveFd,
  SendBatch,
  SOCK_DGRAM,
  SOCK_STREAM,
  Socket,
  WOULD_BLOCK,
} from "../src/index.ts";
import { havePython, Python } from "./support/peers.ts";
import { Folder } from "./support/sockets.ts";
import { throwsKind } from "./support/throws.ts";

const { F_GETFL, F_SETFL, O_NONBLOCK, MSG_DONTWAIT } = platform.core;
const can = F_SETFL !== undefined && F_GETFL !== undefined && O_NONBLOCK !== undefined && MSG_DONTWAIT !== undefined;
const note = can ? "" : " (skipped: there is no fcntl(2) here)";

/** What another process can do to a socket of ours. */
function makeBlocking({ fd }: Socket): void {
  const flags = fcntl(fd, F_GETFL ?? 0, 0);
  expect(fcntl(fd, F_SETFL ?? 0, flags & ~(O_NONBLOCK ?? 0))).toBe(0);
}

const open: Socket[] = [];
afterEach(() => {
  for (const socket of open.splice(0)) socket.close();
});

function blockingPair(type: number): [Socket, Socket] {
  const pair = Socket.pair(AF_UNIX, type);
  open.push(...pair);
  pair.forEach(makeBlocking);
  return pair;
}

const soon = { timeout: 30 };
const buffer = new Uint8Array(64);

describe.skipIf(!can)(`with O_NONBLOCK taken away${note}`, () => {
  test("receiving ends with its budget, whichever call it is", async () => {
    const [stream] = blockingPair(SOCK_STREAM);
    const [datagram] = blockingPair(SOCK_DGRAM);
    for (const socket of [stream, datagram]) {
      expect(socket.tryReceive(buffer)).toBe(WOULD_BLOCK);
      throwsKind(() => socket.receive(buffer, { timeout: 0 }), "would-block");
      throwsKind(() => socket.receive(buffer, soon), "timed-out");
      throwsKind(() => socket.receiveFrom(buffer, soon), "timed-out");
      throwsKind(() => socket.receiveMessage({ buffers: [buffer] }, soon), "timed-out");
      const error: unknown = await socket.receiveAsync(buffer, soon).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ kind: "timed-out" });
    }
    const batch = new ReceiveBatch({ capacity: 4, size: 64 });
    expect(datagram.tryReceiveMessages(batch)).toBe(WOULD_BLOCK);
    throwsKind(() => datagram.receiveMessages(batch, soon), "timed-out");
  });

  test("sending to a full queue ends with its budget, whichever call it is", async () => {
    const [stream] = blockingPair(SOCK_STREAM);
    while (stream.trySend(new Uint8Array(65_536)) !== WOULD_BLOCK);
    throwsKind(() => stream.send(buffer, soon), "timed-out");
    throwsKind(() => stream.sendAll(buffer, soon), "timed-out");
    throwsKind(() => stream.sendMessage({ buffers: [buffer] }, soon), "timed-out");
    const error: unknown = await stream.sendAllAsync(buffer, soon).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ kind: "timed-out" });

    const [datagram] = blockingPair(SOCK_DGRAM);
    while (datagram.trySend(buffer) !== WOULD_BLOCK);
    const batch = new SendBatch({ capacity: 4, size: 64 });
    batch.push(buffer);
    expect(datagram.trySendMessages(batch)).toBe(WOULD_BLOCK);
    throwsKind(() => datagram.sendMessages(batch, soon), "timed-out");
  });

  test("a receive of all waits for the rest, and no longer than it may", () => {
    using a = new Socket(AF_INET, SOCK_STREAM);
    using listener = new Socket(AF_INET, SOCK_STREAM);
    listener.bind("127.0.0.1:0");
    listener.listen();
    a.connect(listener.localAddress);
    using b = listener.accept({ timeout: 4000 });
    makeBlocking(b);
    a.sendAll("some");
    expect(b.receive(buffer, { ...soon, flags: platform.core.MSG_WAITALL })).toBe(4); // what came
  });

  test.skipIf(!havePython)("by Python, with which it is shared (needs python3)", async () => {
    using folder = new Folder();
    using listener = new Socket(AF_UNIX, SOCK_STREAM);
    listener.bind({ path: folder.file("s") });
    listener.listen();
    await using python = new Python(
      `
c = socket(AF_UNIX, SOCK_STREAM); c.connect(sys.argv[1])
a, b = socketpair()
send_fds(c, [b"x"], [a.fileno()])
c.recv(1)
a.setblocking(True)
say("blocking")
c.recv(1)`,
      folder.file("s"),
    );
    using channel = listener.accept({ timeout: 4000 });
    using shared = Socket.fromFd(receiveFd(channel, { timeout: 4000 }));
    channel.sendAll("1");
    expect(await python.line()).toBe("blocking");
    expect(shared.tryReceive(buffer)).toBe(WOULD_BLOCK);
    throwsKind(() => shared.receive(buffer, soon), "timed-out");
    channel.sendAll("2");
  });
});
