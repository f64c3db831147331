// `socket.watch`: readiness on Bun's event loop.

import { afterEach, describe, expect, test } from "bun:test";
import { MSG_OOB, POLLPRI } from "./support/constants.ts";
import { POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, Socket } from "../src/index.ts";
import { runChild } from "./support/child.ts";
import { drain, fillQueue, looked, wakes, wokenBy } from "./support/loop.ts";
import { RefusingUdp, Sockets, SOON, TcpPair, UdpPair, udpSocket } from "./support/sockets.ts";
import { throwsKind, throwsNaming, wrong } from "./support/throws.ts";

const stack = new DisposableStack();
const sockets = stack.use(new Sockets());
afterEach(() => sockets[Symbol.dispose]());

function pair(): [Socket, Socket] {
  const [a, b] = Socket.pair();
  return [sockets.add(a), sockets.add(b)];
}

/** The first bits that a watch tells. */
function firstBits(socket: Socket, condition: number): Promise<number> {
  const told = Promise.withResolvers<number>();
  const watch = socket.watch(condition, (ready) => {
    watch.close();
    told.resolve(ready);
  });
  return told.promise;
}

describe("a watch", () => {
  test("calls back again and again as long as the socket is ready, and then no more", async () => {
    const [a, b] = pair();
    const enough = Promise.withResolvers<void>();
    let calls = 0;
    b.watch(POLLIN, (ready) => {
      if (ready !== POLLIN) return; // closed, at the end of the test
      if (++calls < 5) return;
      expect(drain(b)).toBe(1);
      enough.resolve();
    });
    await looked();
    expect(calls).toBe(0);
    a.send(new Uint8Array(1));
    await enough.promise;
    await looked();
    expect(calls).toBe(5);
    a.send(new Uint8Array(1)); // and again when something new comes
    await looked();
    expect(calls).toBeGreaterThanOrEqual(6);
  });

  test("is never called before watch() returns", () => {
    const [a, b] = pair();
    a.send(new Uint8Array(1));
    let calls = 0;
    b.watch(POLLIN | POLLOUT, () => void calls++);
    expect(calls).toBe(0);
  });

  test("tells the bits that were asked for, and no others", async () => {
    const [a, b] = pair();
    expect(await firstBits(b, POLLOUT)).toBe(POLLOUT);
    a.send(new Uint8Array(1));
    expect(await firstBits(b, POLLOUT)).toBe(POLLOUT);
    expect(await firstBits(b, POLLIN)).toBe(POLLIN);
    expect(await firstBits(b, POLLIN | POLLOUT)).toBe(POLLIN | POLLOUT);
  });

  test("tells urgent data as POLLPRI", async () => {
    using pair = new TcpPair();
    const ready = firstBits(pair.server, POLLPRI);
    pair.client.send(new Uint8Array(1), { flags: MSG_OOB });
    expect(await ready).toBe(POLLPRI);
  });

  test("tells POLLHUP unasked", async () => {
    const [a, b] = pair();
    const ready = firstBits(b, 0);
    a.close();
    expect(await ready).toBe(POLLHUP);
    expect(await firstBits(b, POLLIN)).toBe(POLLIN | POLLHUP);
  });

  test("tells POLLERR unasked", async () => {
    using refusing = new RefusingUdp();
    const socket = sockets.add(udpSocket());
    socket.connect(refusing.address);
    const ready = firstBits(socket, 0);
    socket.send("x");
    expect((await ready) & POLLERR).toBe(POLLERR);
  });

  test("is told of room to send when the peer has read", async () => {
    const [a, b] = pair();
    const size = fillQueue(a);
    const ready = firstBits(a, POLLOUT);
    await looked();
    expect(drain(b, size)).toBe(size);
    expect(await ready).toBe(POLLOUT);
  });

  test("of a listener tells of a connection", async () => {
    using pair = new UdpPair();
    using listener = new Socket(pair.a.family);
    listener.bind("127.0.0.1:0");
    listener.listen();
    const ready = firstBits(listener, POLLIN);
    using client = new Socket(pair.a.family);
    client.connect(listener.localAddress, { timeout: SOON });
    expect(await ready).toBe(POLLIN);
  });

  test("and a call that takes the data before it leave it nothing to tell", async () => {
    const [a, b] = pair();
    let calls = 0;
    b.watch(POLLIN, () => void calls++);
    a.send(new Uint8Array(1));
    expect(drain(b)).toBe(1);
    await looked();
    expect(calls).toBe(0);
  });
});

describe("several watches on one socket", () => {
  test("are told each its own", async () => {
    const [a, b] = pair();
    const told: string[] = [];
    const enough = Promise.withResolvers<void>();
    const readers = [1, 2].map((number) =>
      b.watch(POLLIN, (ready) => {
        told.push(`reader ${number}: ${ready}`);
        readers[number - 1]?.close();
        if (told.length === 3) enough.resolve();
      }),
    );
    const writer = b.watch(POLLOUT, (ready) => {
      told.push(`writer: ${ready}`);
      writer.close();
    });
    await looked();
    expect(told).toEqual([`writer: ${POLLOUT}`]);
    a.send(new Uint8Array(1));
    await enough.promise;
    expect(told.slice(1)).toEqual([`reader 1: ${POLLIN}`, `reader 2: ${POLLIN}`]);
  });

  test("that one of them closes are called no more, in the same turn too", async () => {
    const [a, b] = pair();
    let calls = 0;
    const done = Promise.withResolvers<void>();
    const first = b.watch(POLLIN, () => {
      first.close();
      second.close();
      done.resolve();
    });
    const second = b.watch(POLLIN, () => void calls++);
    a.send(new Uint8Array(1));
    await done.promise;
    await looked();
    expect(calls).toBe(0);
  });

  test("may be added in a callback", async () => {
    const [a, b] = pair();
    const inner = Promise.withResolvers<number>();
    const outer = b.watch(POLLIN, () => {
      outer.close();
      const added = b.watch(POLLIN | POLLOUT, (ready) => {
        added.close();
        inner.resolve(ready);
      });
    });
    a.send(new Uint8Array(1));
    expect(await inner.promise).toBe(POLLIN | POLLOUT);
  });

  test("leave an awaited receive its own wake-up", async () => {
    const [a, b] = pair();
    let calls = 0;
    const watch = b.watch(POLLIN, () => void calls++);
    const received = b.receiveBytesAsync(10);
    a.send(new Uint8Array(3));
    expect(await received).toHaveLength(3);
    watch.close();
    expect(calls).toBeLessThanOrEqual(1);
  });
});

describe("close() of a watch", () => {
  test("in its own callback ends it", async () => {
    const [a, b] = pair();
    let calls = 0;
    const watch = b.watch(POLLIN, () => {
      calls++;
      watch.close();
    });
    a.send(new Uint8Array(1));
    await looked();
    await looked();
    expect(calls).toBe(1);
    watch.close(); // again is nothing
  });

  test("is what using does", async () => {
    const [a, b] = pair();
    let calls = 0;
    {
      using _ = b.watch(POLLIN, () => void calls++);
    }
    a.send(new Uint8Array(1));
    await looked();
    expect(calls).toBe(0);
  });

  test("is not followed by POLLNVAL when the socket is closed", async () => {
    const [, b] = pair();
    let calls = 0;
    const before = b.watch(POLLIN, () => void calls++);
    const after = b.watch(POLLIN, () => void calls++);
    before.close();
    b.close();
    after.close(); // between the close and its telling
    await looked();
    expect(calls).toBe(0);
  });
});

describe.each([
  ["close()", (socket: Socket): void => socket.close()],
  ["detach()", (socket: Socket): void => void sockets.add(Socket.fromFd(socket.detach()))],
])("%s of the socket", (_, end) => {
  test("calls every watch back once, with POLLNVAL, when the socket is closed already", async () => {
    const [a, b] = pair();
    const told: [number, boolean][] = [];
    for (const condition of [POLLIN, POLLOUT, 0]) b.watch(condition, (ready) => told.push([ready, b.closed]));
    fillQueue(b);
    await looked();
    told.length = 0;
    a.send(new Uint8Array(1));
    end(b);
    expect(told).toEqual([]); // not from within
    await looked();
    expect(told).toEqual([
      [POLLNVAL, true],
      [POLLNVAL, true],
      [POLLNVAL, true],
    ]);
  });

  test("in its own callback calls back once more, with POLLNVAL, and not the others with what was ready", async () => {
    const [a, b] = pair();
    const told: string[] = [];
    b.watch(POLLIN, (ready) => {
      told.push(`first: ${ready}`);
      if (!b.closed) end(b);
    });
    b.watch(POLLIN, (ready) => told.push(`second: ${ready}`));
    a.send(new Uint8Array(1));
    await looked();
    expect(told).toEqual([`first: ${POLLIN}`, `first: ${POLLNVAL}`, `second: ${POLLNVAL}`]);
  });

  test("in the callback of another one that is ready too delivers nothing of it", async () => {
    const [a, b] = pair();
    const [c, d] = pair();
    const told: string[] = [];
    const watchOn = (name: string, socket: Socket, other: Socket): void => {
      socket.watch(POLLIN, (ready) => {
        told.push(`${name}: ${ready}`);
        if ((ready & POLLNVAL) !== 0) return;
        end(other);
        drain(socket);
      });
    };
    watchOn("b", b, d);
    watchOn("d", d, b);
    a.send(new Uint8Array(1));
    c.send(new Uint8Array(1));
    await looked();
    const [first, second] = told[0] === `b: ${POLLIN}` ? ["b", "d"] : ["d", "b"];
    expect(told).toEqual([`${first}: ${POLLIN}`, `${second}: ${POLLNVAL}`]);
  });
});

describe("descriptor numbers", () => {
  test("that are used again deliver no old event to a new socket", async () => {
    for (let time = 0; time < 20; time++) {
      using lot = new Sockets();
      const pairs = Array.from({ length: 8 }, () => Socket.pair().map((socket) => lot.add(socket)));
      let calls = 0;
      let acted = false;
      const numbers: number[] = [];
      for (const [, b] of pairs) {
        b?.watch(POLLIN, (ready) => {
          if (acted || (ready & POLLNVAL) !== 0) return;
          acted = true;
          for (const [, other] of pairs) {
            numbers.push(other?.fd as number);
            other?.close();
          }
          // until the numbers come again that were closed a moment ago, with events under way: lower ones may be free too
          const again = (): boolean => lot.all.slice(16).some(({ fd }) => numbers.includes(fd));
          for (let index = 0; index < 8 || (index < 200 && !again()); index++) {
            for (const socket of Socket.pair()) lot.add(socket).watch(POLLIN, () => void calls++);
          }
        });
      }
      for (const [a] of pairs) a?.send(new Uint8Array(1));
      await looked();
      expect(acted).toBe(true);
      const reused = lot.all.slice(16).filter(({ fd }) => numbers.includes(fd));
      expect(reused.length).toBeGreaterThan(0);
      expect(calls).toBe(0);
    }
  });

  test("of a duplicate that stays open deliver nothing after the close of the original", async () => {
    const [a, b] = pair();
    const told: number[] = [];
    b.watch(POLLIN, (ready) => told.push(ready));
    const copy = sockets.add(b.duplicate());
    b.close();
    a.send(new Uint8Array(1));
    await looked();
    expect(told).toEqual([POLLNVAL]);
    expect(await firstBits(copy, POLLIN)).toBe(POLLIN);
  });

  test("of original and duplicate may both be watched", async () => {
    const [a, b] = pair();
    const copy = sockets.add(b.duplicate());
    const both = Promise.all([firstBits(b, POLLIN), firstBits(copy, POLLIN)]);
    a.send(new Uint8Array(1));
    expect(await both).toEqual([POLLIN, POLLIN]);
  });

  test("that were detached and adopted again are watched anew", async () => {
    const [a, b] = pair();
    let calls = 0;
    const old = b.watch(POLLIN, () => void calls++);
    old.close();
    const adopted = sockets.add(Socket.fromFd(b.detach()));
    const ready = firstBits(adopted, POLLIN);
    a.send(new Uint8Array(1));
    expect(await ready).toBe(POLLIN);
    expect(calls).toBe(0);
  });
});

describe("is refused", () => {
  test("on a closed socket", () => {
    const [a] = pair();
    a.close();
    throwsKind(() => a.watch(POLLIN, () => {}), "closed");
  });

  test("for a condition that is none", () => {
    const [a] = pair();
    throwsNaming(() => a.watch(wrong(undefined), () => {}), TypeError, "condition");
    throwsNaming(() => a.watch(wrong("1"), () => {}), TypeError, "condition");
    throwsNaming(() => a.watch(1.5, () => {}), RangeError, "condition");
    throwsNaming(() => a.watch(-1, () => {}), RangeError, "condition");
    // EPOLLET and EPOLLONESHOT of epoll(7) would change what a watch is
    throwsNaming(() => a.watch(2 ** 31, () => {}), RangeError, "condition");
    throwsNaming(() => a.watch(2 ** 30, () => {}), RangeError, "condition");
  });

  test("without a function", () => {
    const [a] = pair();
    for (const callback of [undefined, null, {}, "f"])
      throwsNaming(() => a.watch(POLLIN, wrong(callback)), TypeError, "callback");
  });
});

describe.each(wakes)("woken by %s", (kind) => {
  test("what a callback throws goes to reportError, and harms no other", async () => {
    const { report, exitCode, stderr } = await runChild(`${wokenBy(kind)}
      const thrown: string[] = [];
      process.on("uncaughtException", (error) => thrown.push(error.message));
      const pairs = Array.from({ length: 3 }, () => Socket.pair());
      const calls = [0, 0, 0];
      const done = Promise.withResolvers<void>();
      pairs.forEach(([, b], index) => {
        const watch = b.watch(POLLIN, () => {
          if (++calls[index] === 3) watch.close();
          if (calls.every((count) => count === 3)) done.resolve();
          if (index === 1) throw new Error("call " + calls[index]);
        });
      });
      for (const [a] of pairs) a.send(new Uint8Array(1));
      await done.promise;
      pairs.flat().forEach((socket) => socket.close());
      report({ thrown, calls });
    `);
    expect({ report, exitCode }).toEqual({
      report: { thrown: ["call 1", "call 2", "call 3"], calls: [3, 3, 3] },
      exitCode: 0,
    });
    expect(stderr).toBe("");
  });

  test("what a callback throws ends the program when nobody handles it", async () => {
    const { exitCode, stderr } = await runChild(`${wokenBy(kind)}
      const [a, b] = Socket.pair();
      b.watch(POLLIN, () => { b.close(); throw new Error("from the callback"); });
      a.send(new Uint8Array(1));
    `);
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain("from the callback");
  });
});
