// Descriptors that travel, and who closes them: the caller what it takes, the library all else, each once.

import { afterAll, describe, expect, test } from "bun:test";
import { closeSync, fstatSync, openSync, readSync, writeFileSync, writeSync } from "node:fs";
import { AF_UNIX, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM } from "./support/constants.ts";
import { Credentials, ProcessFd, ReceiveBatch, type ReceivedMessage, Rights, Socket } from "../src/index.ts";
import { runChild } from "./support/child.ts";
import { haveProc, openAs, openDescriptors, openedBy, openNull } from "./support/descriptors.ts";
import { kernelSince } from "./support/option-places.ts";
import { Folder, SOON, tcpListener } from "./support/sockets.ts";
import { throwsKind } from "./support/throws.ts";

const soon = { timeout: SOON };
const noProc = haveProc ? "" : " (skipped: needs /proc)";
const noProcessFd = kernelSince("6.5") ? "" : " (skipped: needs Linux 6.5)";

const folder = new Folder();
afterAll(() => folder[Symbol.dispose]());
let files = 0;

/** A file that is open once, and whose further descriptors can be counted. */
class Travelling implements Disposable {
  readonly path = folder.file(`travelling-${files++}`);
  readonly fd: number;

  constructor() {
    writeFileSync(this.path, "0123456789");
    this.fd = openSync(this.path, "r+");
  }

  /** How many descriptors of it are open in this process besides its own. */
  get others(): number {
    return [...openDescriptors()].filter(([fd, what]) => what === this.path && fd !== this.fd).length;
  }

  [Symbol.dispose](): void {
    closeSync(this.fd);
  }
}

/** A pair, and a file to send over it. */
class Way implements Disposable {
  readonly a: Socket;
  readonly b: Socket;
  readonly file = new Travelling();

  constructor(type: number = SOCK_STREAM) {
    [this.a, this.b] = Socket.pair(AF_UNIX, type);
  }

  send(count = 1): void {
    const control = [new Rights(Array<Travelling>(count).fill(this.file))];
    this.a.sendMessage({ buffers: [Uint8Array.of(1)], control }, soon);
  }

  receive(): ReceivedMessage {
    return this.b.receiveMessage({ buffers: [new Uint8Array(1)] }, soon);
  }

  /** What has just arrived, and its rights. */
  pass(count = 1): { message: ReceivedMessage; rights: Rights } {
    this.send(count);
    const message = this.receive();
    const rights = message.control.get(Rights);
    if (rights === undefined) throw new Error("no rights came");
    return { message, rights };
  }

  [Symbol.dispose](): void {
    this.file[Symbol.dispose]();
    this.a.close();
    this.b.close();
  }
}

/** Collects, and lets finalizers run, until it is so; false when it is not within two seconds. */
async function collectedUntil(is: () => boolean): Promise<boolean> {
  const latest = performance.now() + 2000;
  while (!is()) {
    if (performance.now() > latest) return false;
    Bun.gc(true);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return true;
}

/** Collects a few times, for what should not happen then. */
async function collect(): Promise<void> {
  for (let time = 0; time < 5; time++) {
    Bun.gc(true);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe.skipIf(!haveProc)(`descriptors that were received${noProc}`, () => {
  test("are the caller's once they are taken, and only once", () => {
    using way = new Way();
    const { message, rights } = way.pass(3);
    expect([rights.length, way.file.others]).toEqual([3, 3]);
    const fds = rights.take();
    expect(fds).toHaveLength(3);
    expect(rights.take()).toEqual([]);
    expect(message.control.get(Rights)?.take()).toEqual([]);
    message[Symbol.dispose]();
    rights[Symbol.dispose]();
    expect(way.file.others).toBe(3);
    fds.forEach((fd) => closeSync(fd));
    expect(way.file.others).toBe(0);
  });

  test("are of the same open file: position and all", () => {
    using way = new Way();
    const { rights } = way.pass();
    const [fd = -1] = rights.take();
    const buffer = new Uint8Array(4);
    readSync(fd, buffer);
    expect(new TextDecoder().decode(buffer)).toBe("0123");
    readSync(way.file.fd, buffer);
    expect(new TextDecoder().decode(buffer)).toBe("4567");
    writeSync(fd, "!");
    expect(fstatSync(way.file.fd).ino).toBe(fstatSync(fd).ino);
    closeSync(fd);
  });

  test("arrive though the sender has closed its own", () => {
    using way = new Way();
    using second = new Travelling();
    const sent = openSync(second.path, "r");
    way.a.sendMessage({ buffers: [], control: [new Rights([sent])] });
    closeSync(sent);
    using message = way.receive();
    expect(message.control.get(Rights)?.length).toBe(1);
    expect(second.others).toBe(1);
  });

  test("may be sockets, which go on working", () => {
    using way = new Way();
    const listener = tcpListener();
    const { localAddress } = listener;
    way.a.sendMessage({ buffers: [], control: [new Rights([listener])] });
    listener.close();
    const [fd = -1] = way.receive().control.get(Rights)?.take() ?? [];
    using taken = Socket.fromFd(fd);
    expect(taken).toMatchObject({ listening: true, localAddress });
  });

  test("can be sent on without being taken", () => {
    using way = new Way();
    using next = new Way();
    using message = way.pass(2).message;
    next.a.sendMessage({ buffers: [], control: message.control });
    using last = next.receive();
    expect(last.control.get(Rights)?.length).toBe(2);
    expect(way.file.others).toBe(4);
  });

  test("that nobody takes are closed when the message is disposed, or they are", () => {
    using way = new Way();
    {
      using message = way.pass(2).message;
      expect([message.size, way.file.others]).toEqual([1, 2]);
    }
    expect(way.file.others).toBe(0);
    {
      using rights = way.pass(2).rights;
      expect([rights.length, way.file.others]).toEqual([2, 2]);
    }
    expect(way.file.others).toBe(0);
    // a message without any has nothing to close
    way.a.send(Uint8Array.of(1));
    way.receive()[Symbol.dispose]();
  });

  test("are closed once: a number that somebody else has got meanwhile stays open", () => {
    using way = new Way();
    const { message, rights } = way.pass();
    const [number] = new Int32Array(rights.bytes.slice().buffer);
    message[Symbol.dispose]();
    const other = openAs(number as number, openNull);
    message[Symbol.dispose]();
    rights[Symbol.dispose]();
    expect(rights.take()).toEqual([]);
    expect(fstatSync(other.fd).isCharacterDevice()).toBeTrue();
    other.close();
  });

  test("are nobody's before: those to be sent are neither taken nor closed", async () => {
    using way = new Way();
    for (let count = 0; count < 50; count++) {
      using rights = new Rights([way.file]);
      expect(rights.take()).toEqual([]);
    }
    await collect();
    expect(fstatSync(way.file.fd).size).toBe(10);
    // nor does sending take them
    const rights = new Rights([way.file]);
    way.a.sendMessage({ buffers: [], control: [rights] });
    way.a.sendMessage({ buffers: [], control: [rights] });
    way.receive()[Symbol.dispose]();
    way.receive()[Symbol.dispose]();
    expect(fstatSync(way.file.fd).size).toBe(10);
  });

  test("are there as long as the socket's peer may read them, and gone with the socket", () => {
    const way = new Way();
    const opened = openedBy(() => {
      way.send(10);
      way.send(10);
      way.b.close();
    });
    expect(opened).toEqual([]);
    way[Symbol.dispose]();
  });
});

describe.skipIf(!haveProc)(`collection${noProc}`, () => {
  const MANY = 50;

  test("closes the descriptors of messages that nobody looks at", async () => {
    using way = new Way();
    (() => {
      for (let count = 0; count < MANY; count++) {
        way.send(3);
        way.receive();
      }
    })();
    expect(await collectedUntil(() => way.file.others === 0)).toBeTrue();
  });

  test("closes those that were looked at, and not taken", async () => {
    using way = new Way();
    (() => {
      for (let count = 0; count < MANY; count++) expect(way.pass(3).rights.length).toBe(3);
    })();
    expect(await collectedUntil(() => way.file.others === 0)).toBeTrue();
  });

  test("closes those that a peek has brought, and leaves those in the queue", async () => {
    using way = new Way(SOCK_DGRAM);
    way.send(2);
    (() => {
      for (let count = 0; count < MANY; count++) {
        way.b.receiveMessage({ buffers: [] }, { ...soon, flags: 2 }); // MSG_PEEK
      }
    })();
    expect(await collectedUntil(() => way.file.others === 0)).toBeTrue();
    using message = way.receive();
    expect([message.control.get(Rights)?.length, way.file.others]).toEqual([2, 2]);
  });

  test("leaves those that were taken", async () => {
    using way = new Way();
    const taken = (() => Array.from({ length: MANY }, () => way.pass(2).rights.take()).flat())();
    await collect();
    expect(way.file.others).toBe(MANY * 2);
    taken.forEach((fd) => closeSync(fd));
    expect(way.file.others).toBe(0);
  });

  test("leaves them while the rights, or the control messages, are held without their message", async () => {
    using way = new Way();
    const rights = (() => Array.from({ length: MANY }, () => way.pass().rights))();
    const controls = (() => Array.from({ length: MANY }, () => way.pass().message.control))();
    const messages = (() => Array.from({ length: MANY }, () => way.pass().message))();
    await collect();
    expect(way.file.others).toBe(MANY * 3);
    for (const each of rights) each[Symbol.dispose]();
    for (const control of controls) control.get(Rights)?.[Symbol.dispose]();
    for (const message of messages) message[Symbol.dispose]();
    expect(way.file.others).toBe(0);
  });

  test.skipIf(!kernelSince("6.5"))(`closes descriptors of processes${noProcessFd}`, async () => {
    using way = new Way();
    way.b.receiveControl(ProcessFd);
    const pidfds = (): number => [...openDescriptors().values()].filter((what) => /pidfd/.test(what)).length;
    const before = pidfds();
    (() => {
      for (let count = 0; count < MANY; count++) {
        way.a.send(Uint8Array.of(1));
        way.receive();
      }
    })();
    expect(await collectedUntil(() => pidfds() === before)).toBeTrue();
  });

  test("closes those of a batch that was forgotten", async () => {
    using way = new Way(SOCK_SEQPACKET);
    (() => {
      for (let count = 0; count < 10; count++) {
        way.send(2);
        way.send(3);
        expect(way.b.receiveMessages(new ReceiveBatch({ capacity: 4, size: 10 }), soon)).toBe(2);
      }
    })();
    expect(await collectedUntil(() => way.file.others === 0)).toBeTrue();
  });
});

describe.skipIf(!haveProc).each([
  ["datagram", SOCK_DGRAM],
  ["seqpacket", SOCK_SEQPACKET],
] as const)(`descriptors in a batch of %s messages${noProc}`, (_, type) => {
  const make = (): ReceiveBatch => new ReceiveBatch({ capacity: 4, size: 10 });

  test("are closed when the batch is used again, cleared, or disposed", () => {
    using way = new Way(type);
    const batch = make();
    for (const end of [
      (): unknown => batch.clear(),
      (): unknown => batch[Symbol.dispose](),
      (): unknown => way.b.tryReceiveMessages(batch),
    ]) {
      way.send(2);
      way.send(1);
      expect(way.b.receiveMessages(batch, soon)).toBe(2);
      expect([0, 1].map((index) => batch.control(index, Rights)?.length)).toEqual([2, 1]);
      expect(way.file.others).toBe(3);
      end();
      expect(way.file.others).toBe(0);
    }
  });

  test("are the caller's once they are taken, slot by slot", () => {
    using way = new Way(type);
    const batch = make();
    way.send(2);
    way.send(2);
    way.b.receiveMessages(batch, soon);
    const taken = batch.control(1, Rights)?.take() ?? [];
    expect(taken).toHaveLength(2);
    expect(batch.control(1, Rights)?.take()).toEqual([]);
    way.send(1);
    way.b.receiveMessages(batch, soon); // into the first slot
    expect(way.file.others).toBe(3);
    expect(batch.control(0, Rights)?.length).toBe(1);
    batch.clear();
    expect(way.file.others).toBe(2);
    taken.forEach((fd) => closeSync(fd));
  });

  test("that were held on to are gone with the next use of their slot", () => {
    using way = new Way(type);
    const batch = make();
    way.send(2);
    way.b.receiveMessages(batch, soon);
    const held = batch.control(0, Rights);
    way.send(1);
    way.b.receiveMessages(batch, soon);
    expect(held?.take()).toEqual([]);
    expect(way.file.others).toBe(1);
    batch.clear();
  });

  test("are not mistaken for what comes into their slot after them", () => {
    using way = new Way(type);
    const batch = make();
    way.send(2);
    way.b.receiveMessages(batch, soon);
    way.b.receiveControl(Credentials);
    way.a.send(Uint8Array.of(1));
    way.b.receiveMessages(batch, soon);
    expect([...batch.control(0)].map(({ kind }) => kind)).toEqual(["credentials"]);
    expect(batch.control(0, Credentials)?.pid).toBe(process.pid);
    expect(batch.control(0, Rights)).toBeUndefined();
  });

  test("that find no room in their slot are closed by the kernel, and the flags show it", () => {
    using way = new Way(type);
    const batch = new ReceiveBatch({ capacity: 4, size: 10, controlSize: 24 }); // two descriptors
    const opened = openedBy(() => {
      way.send(5);
      way.send(1);
      way.b.receiveMessages(batch, soon);
      expect([0, 1].map((index) => batch.control(index, Rights)?.length)).toEqual([2, 1]);
      expect([0, 1].map((index) => batch.flags(index) & 8)).toEqual([8, 0]); // MSG_CTRUNC
      batch.clear();
    });
    expect(opened).toEqual([]);
  });
});

describe.skipIf(!haveProc || Bun.which("sh") === null)("with hardly a descriptor left (needs /proc and sh)", () => {
  const through = ["sh", "-c", 'ulimit -n 64 && exec "$0" "$@"'];
  const preparations = `
    const { Rights, ProcessFd, Credentials } = berkeley;
    const { readdirSync } = await import("node:fs");
    const open = () => readdirSync("/proc/self/fd").length; // the folder itself counts each time
    const [a, b] = Socket.pair(AF_UNIX, SOCK_STREAM);
    const send = (count) => a.sendMessage({ buffers: [new Uint8Array(1)], control: [new Rights(Array(count).fill(0))] });
    const receive = () => b.receiveMessage({ buffers: [new Uint8Array(1)] }, { timeout: 4000 });
    // whatever is loaded at first use is loaded now, with descriptors to read it by
    b.receiveControl(Credentials);
    send(1);
    receive()[Symbol.dispose]();
    kindOf(() => b.receiveMessage({ buffers: [] }, { timeout: 0 }));
    const dispose = Symbol.dispose;
    /** Takes all descriptors but so many. */
    const held = [];
    function leave(count) {
      while (kindOf(() => held.push(new Socket(AF_UNIX))) === "nothing");
      for (; count > 0; count--) held.pop().close();
    }
  `;

  test("as many come as there are, the rest shows as MSG_CTRUNC, and none is lost", async () => {
    const { report, stderr } = await runChild(
      `${preparations}
      const before = open();
      for (let time = 0; time < 4; time++) send(5);
      leave(3);
      const some = receive();
      const none = receive();
      const counts = [some, none].map((m) => [m.size, m.control.get(Rights)?.length ?? 0, m.controlTruncated]);
      some[dispose]();
      const again = receive();
      counts.push([again.size, again.control.get(Rights).take().length, again.controlTruncated]);
      for (const socket of held.splice(0)) socket.close();
      const after = open();
      const all = receive();
      counts.push([all.size, all.control.get(Rights).length, all.controlTruncated]);
      all[dispose]();
      report({ counts, left: after - before, leftLater: open() - before });
      `,
      { through },
    );
    expect({ report, stderr }).toEqual({
      report: {
        counts: [
          [1, 3, true],
          [1, 0, true],
          [1, 3, true],
          [1, 5, false],
        ],
        left: 3, // those that were taken
        leftLater: 3,
      },
      stderr: "",
    });
  });

  test.skipIf(!kernelSince("6.5"))(`a process descriptor that could not be made says why${noProcessFd}`, async () => {
    const { report, stderr } = await runChild(
      `${preparations}
      b.receiveControl(ProcessFd);
      a.send(new Uint8Array(1));
      receive()[dispose]();
      const before = open();
      a.send(new Uint8Array(1));
      leave(0);
      const message = receive();
      for (const socket of held.splice(0)) socket.close();
      const found = message.control.get(ProcessFd);
      const kinds = [kindOf(() => found.take()), kindOf(() => found.take())];
      message[dispose]();
      report({ kinds, pid: message.control.get(Credentials)?.pid === process.pid, left: open() - before });
      `,
      { through },
    );
    expect({ report, stderr }).toEqual({
      report: { kinds: ["too-many-open-files", "closed"], pid: true, left: 0 },
      stderr: "",
    });
  });
});

describe.skipIf(!kernelSince("6.5"))(`a process descriptor${noProcessFd}`, () => {
  test("is taken once, and closed if it is not", () => {
    using way = new Way();
    way.b.receiveControl(ProcessFd);
    const opened = openedBy(() => {
      for (const end of [
        (fd: ProcessFd): void => fd[Symbol.dispose](),
        (fd: ProcessFd): void => closeSync(fd.take()),
        (_fd: ProcessFd, message: ReceivedMessage): void => message[Symbol.dispose](),
      ]) {
        way.a.send(Uint8Array.of(1));
        const message = way.receive();
        const fd = message.control.get(ProcessFd);
        if (fd === undefined) throw new Error("none came");
        end(fd, message);
        throwsKind(() => fd.take(), "closed");
        message[Symbol.dispose]();
      }
    });
    expect(opened).toEqual([]);
  });
});
