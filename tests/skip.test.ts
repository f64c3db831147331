// SendBatch.skip: a datagram that the kernel refuses does not hold up the rest of its batch.

import { describe, expect, test } from "bun:test";
import { batchCalls, loopedCalls } from "../ffi/batch.ts";
import { AF_INET, Cancellable, SendBatch, Socket, SOCK_DGRAM } from "../src/index.ts";
import { outgoing } from "../src/message/send-batch.ts";
import { arriving } from "./support/batches.ts";
import { UdpPair } from "./support/sockets.ts";
import { throwsKind } from "./support/throws.ts";

const nowhere = { address: "127.0.0.1", port: 0 }; // EINVAL on Linux; any sender can make a reply go there

/** A batch for a receiver, in which the datagrams of these places cannot be sent. */
function batchFor(receiver: Socket, count: number, refused: readonly number[], looped: boolean): SendBatch {
  const batch = new SendBatch({ capacity: 16, size: 16 });
  outgoing(batch).calls = looped ? loopedCalls : batchCalls;
  for (let index = 0; index < count; index++) {
    batch.push(String(index), refused.includes(index) ? nowhere : receiver.localAddress);
  }
  return batch;
}

function boundSocket(): Socket {
  const socket = new Socket(AF_INET, SOCK_DGRAM);
  socket.bind("127.0.0.1:0");
  return socket;
}

describe.each([
  ["sendmmsg", false],
  ["one call for each", true],
])("with %s", (_, looped) => {
  const cases: readonly (readonly number[])[] = [[], [0], [5], [2], [0, 1], [2, 3, 5], [0, 1, 2, 3, 4, 5]];

  test.each(cases.map((refused) => [refused]))("all but %p of six arrive, on the event loop", async (refused) => {
    using receiver = boundSocket();
    using sender = boundSocket();
    const batch = batchFor(receiver, 6, refused, looped);
    do await sender.sendMessagesAsync(batch).catch(() => 0);
    while (batch.skip());
    const wanted = ["0", "1", "2", "3", "4", "5"].filter((__, index) => !refused.includes(index));
    expect(arriving(receiver, wanted.length)).toEqual(wanted);
    expect(batch.pendingError).toBeUndefined();
    // gone as a whole: it can be sent again
    expect([batch.length, batch.skip()]).toEqual([6, false]);
  });

  test("in calls that block, too, and the counts are exact", () => {
    using receiver = boundSocket();
    using sender = boundSocket();
    const batch = batchFor(receiver, 6, [2, 3], looped);
    expect(sender.sendMessages(batch)).toBe(2);
    expect(batch.pendingError?.kind).toBe("invalid-argument");
    expect(batch.skip()).toBe(true);
    expect(batch.pendingError).toBeUndefined();
    throwsKind(() => sender.sendMessages(batch), "invalid-argument");
    expect(batch.skip()).toBe(true);
    expect(sender.trySendMessages(batch)).toBe(2);
    expect(arriving(receiver, 4)).toEqual(["0", "1", "4", "5"]);
  });
});

describe("skip", () => {
  test("is false, and drops nothing, when nothing was refused", () => {
    using pair = new UdpPair();
    const batch = new SendBatch({ capacity: 4, size: 16 });
    expect(batch.skip()).toBe(false);
    batch.push("a");
    batch.push("b");
    expect(batch.skip()).toBe(false);
    expect(pair.a.sendMessages(batch)).toBe(2);
    expect(batch.skip()).toBe(false);
    expect(arriving(pair.b, 2)).toEqual(["a", "b"]);
  });

  test("does not take a timeout, a cancel or a closed socket for a refusal", async () => {
    using pair = new UdpPair();
    const batch = new SendBatch({ capacity: 4, size: 16 });
    batch.push("a");
    using cancellable = new Cancellable();
    cancellable.cancel();
    throwsKind(() => pair.a.sendMessages(batch, { cancellable }), "cancelled");
    expect(batch.skip()).toBe(false);
    const closed = pair.a.duplicate();
    closed.close();
    await closed.sendMessagesAsync(batch).catch(() => 0);
    expect(batch.skip()).toBe(false);
    expect(pair.a.sendMessages(batch)).toBe(1);
  });

  test("after clear there is nothing to skip", () => {
    using sender = new Socket(AF_INET, SOCK_DGRAM);
    const batch = new SendBatch({ capacity: 4, size: 16 });
    batch.push("a", nowhere);
    throwsKind(() => sender.sendMessages(batch), "invalid-argument");
    batch.clear();
    expect(batch.skip()).toBe(false);
  });

  test("is refused while an asynchronous operation uses the batch", async () => {
    using pair = new UdpPair();
    const batch = new SendBatch({ capacity: 4, size: 16 });
    batch.push("a");
    outgoing(batch).busy = true;
    throwsKind(() => batch.skip(), "pending");
    outgoing(batch).busy = false;
    expect(pair.a.sendMessages(batch)).toBe(1);
  });
});
