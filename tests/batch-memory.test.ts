// Batches keep their memory, and nothing else: no growth for a datagram, and no byte that a collection could move or take.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { AF_INET, AF_UNIX, SOCK_DGRAM } from "./support/constants.ts";
import { ReceiveBatch, Rights, SendBatch, Socket, TrafficClass } from "../src/index.ts";
import { incoming } from "../src/message/receive-batch.ts";
import { text, texts, WatchedCalls } from "./support/batches.ts";
import { runChild } from "./support/child.ts";
import { openDescriptors, openedBy, openedSince } from "./support/descriptors.ts";
import { random } from "./support/random.ts";
import { connectedPair, SOON, UdpPair, udpSocket } from "./support/sockets.ts";

setDefaultTimeout(30_000); // of work, not of waiting: there may be machines that are slow, or busy

const soon = { timeout: SOON };

/** What a program tells of its memory. */
interface Growth {
  readonly datagrams: number;
  readonly wrong: number;
  /** Bytes and objects on the heap, from after the warm-up to the end. */
  readonly heap: number;
  readonly objects: number;
  /** Bytes of resident memory, likewise. */
  readonly resident: number;
}

/** A program that sends so many datagrams from one socket to another, through one pair of batches, and reads all of them. */
function program(total: number, segmentation: boolean): string {
  const auto = segmentation ? `, segmentation: "auto"` : "";
  return `
    import { heapStats } from "bun:jsc";
    const { SendBatch, ReceiveBatch, SOL_SOCKET, SO_RCVBUF } = berkeley;
    using to = new Socket(AF_INET, SOCK_DGRAM);
    to.setOption(SOL_SOCKET, SO_RCVBUF, 1 << 20);
    to.bind("127.0.0.1:0");
    using from = new Socket(AF_INET, SOCK_DGRAM);
    from.bind("127.0.0.1:0");
    const address = to.localAddress;
    const sender = String(from.localAddress);
    const out = new SendBatch({ capacity: 64, size: 64${auto} });
    const inn = new ReceiveBatch({ capacity: 64, size: 64${auto} });
    to.tryReceiveMessages(inn);
    const data = new Uint8Array(64);
    let known, wrong = 0;
    function send(count) {
      for (let done = 0; done < count;) {
        out.clear();
        for (let i = 0; i < 64; i++) {
          data[0] = i;
          out.push(data, address);
        }
        from.sendMessages(out);
        for (let got = 0; got < 64;) {
          const count = to.receiveMessages(inn, { timeout: 5000 });
          for (let i = 0; i < count; i++) {
            const view = inn.data(i);
            known ??= inn.address(i);
            if (view[0] !== got + i || view.length !== 64 || inn.address(i) !== known) wrong++;
          }
          got += count;
        }
        done += 64;
      }
      return count;
    }
    function measure() {
      Bun.gc(true);
      const { heapSize, objectCount } = heapStats();
      return { heap: heapSize, objects: objectCount, resident: process.memoryUsage.rss() };
    }
    send(${total / 10});
    const before = measure();
    const datagrams = send(${total});
    const after = measure();
    if (String(known) !== sender) wrong++;
    report({ datagrams, wrong, heap: after.heap - before.heap, objects: after.objects - before.objects,
      resident: after.resident - before.resident });
  `;
}

describe("one pair of batches", () => {
  test.each([
    ["1,000,000 datagrams, joined", 1_000_000, true],
    ["250,000 datagrams, one by one", 250_000, false],
  ])(
    "takes %s, and neither the heap nor the process grows",
    async (_name, total, segmentation) => {
      const { report, stderr } = await runChild(program(total, segmentation), { timeout: 60_000 });
      expect(stderr).toBe("");
      const { datagrams, wrong, heap, objects, resident } = report as Growth;
      expect(datagrams).toBe(total);
      expect(wrong).toBe(0);
      // a byte for every tenth datagram would be 100 KB, an object for every thousandth 1000
      expect(heap).toBeLessThan(100_000);
      expect(objects).toBeLessThan(1000);
      expect(resident).toBeLessThan(6 * 1024 * 1024);
    },
    60_000,
  );
});

/** Collects, and writes over what was given up. */
function shake(): void {
  const junk: Uint8Array[] = [];
  for (let index = 0; index < 2000; index++) junk.push(new Uint8Array((index % 64) + 1).fill(0xee));
  Bun.gc(true);
  for (let index = 0; index < 200; index++) junk.push(new Uint8Array(4096).fill(0xdd));
  if (junk.length === 0) throw new Error("never");
}

describe("a collection with much garbage", () => {
  const count = 50;

  test.each([
    ["one by one", undefined],
    ["joined", "auto"],
  ] as const)("between push and send, and between receive and reading, changes no byte: %s", (_name, segmentation) => {
    using pair = new UdpPair();
    const { bytes, int } = random(25);
    const out = new SendBatch({ capacity: count, size: 100, segmentation });
    const inn = new ReceiveBatch({ capacity: count, size: 100, segmentation });
    pair.b.tryReceiveMessages(inn);
    for (let round = 0; round < 5; round++) {
      const expected: string[] = [];
      out.clear();
      for (let index = 0; index < count; index++) {
        // small typed arrays, which the collector moves; subarrays and parts, which nothing else names
        const data = bytes(1 + int(48));
        expected.push(data.toHex());
        out.push(index % 3 === 0 ? [data.subarray(0, 1), data.subarray(1)] : data.slice());
      }
      shake();
      expect(pair.a.sendMessages(out)).toBe(count);
      shake();
      expect(pair.b.receiveMessages(inn, { ...soon, waitAll: segmentation === undefined })).toBe(count);
      shake();
      const views = expected.map((_, index) => inn.data(index));
      shake();
      expect(views.map((view) => view.toHex())).toEqual(expected);
      expect(expected.map((_, index) => String(inn.address(index)))).toEqual(
        Array<string>(count).fill(String(pair.a.localAddress)),
      );
    }
  });

  test("between the layout of the messages and the call changes neither data nor addresses nor control messages", () => {
    using from = new Socket(AF_INET, SOCK_DGRAM);
    using to = udpSocket();
    to.receiveControl(TrafficClass);
    const out = new SendBatch({ capacity: count, size: 20 });
    const watched = new WatchedCalls(out);
    watched.before = shake;
    const inn = new ReceiveBatch({ capacity: count, size: 20 });
    const receiving = new WatchedCalls(undefined);
    receiving.before = shake;
    receiving.after = shake;
    incoming(inn).calls = receiving;
    for (let round = 0; round < 3; round++) {
      out.clear();
      for (let index = 0; index < count; index++) {
        out.push(`${round}/${index}`, String(to.localAddress), { control: [new TrafficClass({ dscp: index })] });
      }
      expect(from.sendMessages(out)).toBe(count);
      expect(to.receiveMessages(inn, { ...soon, waitAll: true })).toBe(count);
      expect(texts(inn)).toEqual(Array.from({ length: count }, (_, index) => `${round}/${index}`));
      expect(texts(inn).map((_, index) => inn.control(index, TrafficClass)?.dscp)).toEqual(
        Array.from({ length: count }, (_, index) => index),
      );
    }
  });

  test("does not take descriptors that a batch still holds", () => {
    const [a, b] = connectedPair(SOCK_DGRAM);
    using _a = a;
    using _b = b;
    const opened = openedBy(() => {
      using inn = new ReceiveBatch({ capacity: 4, size: 10 });
      for (let index = 0; index < 4; index++) a.sendMessage({ buffers: ["x"], control: [new Rights([a])] });
      expect(b.receiveMessages(inn, soon)).toBe(4);
      shake();
      for (let index = 0; index < 4; index++) {
        const [fd = -1] = inn.control(index, Rights)?.take() ?? [];
        using socket = Socket.fromFd(fd);
        expect(socket.family).toBe(AF_UNIX);
      }
    });
    expect(opened).toEqual([]);
  });

  test("leaves views valid until the batch is used again, though the batch is gone", () => {
    using pair = new UdpPair();
    const views = ((): Uint8Array[] => {
      const inn = new ReceiveBatch({ capacity: 4, size: 20 });
      for (const datagram of ["one", "two", "three"]) pair.a.send(datagram);
      expect(pair.b.receiveMessages(inn, soon)).toBe(3);
      return [0, 1, 2].map((index) => inn.data(index));
    })();
    for (let round = 0; round < 5; round++) shake();
    expect(views.map(text)).toEqual(["one", "two", "three"]);
  });
});

describe("a batch that is forgotten", () => {
  test("closes the descriptors in it when it is collected", async () => {
    const [a, b] = connectedPair(SOCK_DGRAM);
    using _a = a;
    using _b = b;
    const before = openDescriptors();
    (() => {
      for (let round = 0; round < 20; round++) {
        const inn = new ReceiveBatch({ capacity: 2, size: 10 });
        for (let index = 0; index < 2; index++) a.sendMessage({ buffers: ["x"], control: [new Rights([a])] });
        expect(b.receiveMessages(inn, soon)).toBe(2);
      }
    })();
    expect(openedSince(before)).toHaveLength(40);
    const latest = performance.now() + SOON;
    // the last few may be held by what is left of their addresses on the stack
    while (openedSince(before).length > 6 && performance.now() < latest) {
      shake();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(openedSince(before).length).toBeLessThanOrEqual(6);
  });
});
