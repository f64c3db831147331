// What Python's socket.sendfile does with files, one behaviour after the other: B8 of ../shared/facts/python-socket.md. Where
// berkeley does otherwise on purpose, the test says "unlike Python".

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { closeSync, openSync, readFileSync, readSync, writeFileSync } from "node:fs";
import { SOCK_SEQPACKET } from "./support/constants.ts";
import type { SendFileOptions } from "../src/index.ts";
import { haveProc } from "./support/descriptors.ts";
import { Pair } from "./support/loop.ts";
import { havePython } from "./support/peers.ts";
import { noPython, pythonSays } from "./support/python-behaviour.ts";
import { Folder, SOON, TcpPair, udpSocket } from "./support/sockets.ts";
import { Thread } from "./support/thread.ts";
import { throwsKind, throwsNaming } from "./support/throws.ts";

const soon = { timeout: SOON };
const noProc = haveProc ? "" : " (needs /proc)";
let folder: Folder;
let thread: Thread;
beforeAll(async () => {
  folder = new Folder();
  thread = await Thread.start();
});
afterAll(async () => {
  folder[Symbol.dispose]();
  await thread.terminate();
});

/** An open file that is closed with the test. */
function opened(path: string): { readonly fd: number; [Symbol.dispose](): void } {
  const fd = openSync(path, "r");
  return { fd, [Symbol.dispose]: () => closeSync(fd) };
}

describe("B8 sendFile", () => {
  const alphabet = "abcdefghijklmnopqrstuvwxyz";
  let path: string;
  beforeAll(() => {
    path = folder.file("alphabet");
    writeFileSync(path, alphabet);
  });

  /** Python that prints, of one call of its sendfile: how much it sent, and where the file is then. */
  const theirSendfile = `
def sent(path, *words, **more):
    a, b = socketpair()
    with a, b, open(path, "rb") as file:
        size = a.sendfile(file, *words, **more)
        position = file.tell()
        a.close()
        return [size, read_all(b).decode(), position]
`;

  /** The same of ours. */
  function sent(file: string, options?: SendFileOptions): [size: number, what: string, position: number] {
    using pair = new Pair();
    using opening = opened(file);
    const size = pair.a.sendFile(opening, options);
    pair.a.close();
    const what = new TextDecoder().decode(pair.b.receiveBytes(100, soon));
    const rest = readSync(opening.fd, new Uint8Array(100), 0, 100, null);
    return [size, what, readFileSync(file).length - rest];
  }

  test.skipIf(!havePython)(`B8 from an offset and up to a count, as Python sends it${noPython}`, async () => {
    const theirs = await pythonSays(
      `${theirSendfile}
path = sys.argv[1]
result = [sent(path), sent(path, 0, 4), sent(path, 20), sent(path, 20, 3), sent(path, 25, 100), sent(path, 30)]`,
      path,
    );
    // unlike Python, which moves the file's position to the end of what it sent, an offset neither uses nor moves it
    const [all, ...others] = theirs as [number, string, number][];
    expect(sent(path)).toEqual(all ?? [0, "", 0]);
    expect(all).toEqual([26, alphabet, 26]);
    const asked = [
      { offset: 0, count: 4 },
      { offset: 20 },
      { offset: 20, count: 3 },
      { offset: 25, count: 100 },
      { offset: 30 },
    ];
    expect(asked.map((options) => sent(path, options))).toEqual(others.map(([size, what]) => [size, what, 0]));
    expect(others.map(([, , position]) => position)).toEqual([4, 26, 23, 26, 0]);
  });

  test.skipIf(!havePython)(
    `B8 unlike in Python a count may be 0, and a timeout of 0 never waits${noPython}`,
    async () => {
      const theirs = await pythonSays(
        `${theirSendfile}
path = sys.argv[1]
a, b = socketpair()
a.settimeout(0)
result = [fails(lambda: sent(path, 0, 0)), fails(lambda: a.sendfile(open(path, "rb")))]`,
        path,
      );
      expect(theirs).toEqual([
        ["ValueError", null],
        ["ValueError", null],
      ]);
      expect(sent(path, { count: 0 })).toEqual([0, "", 0]);
      for (const count of [-1, 1.5, NaN]) throwsNaming(() => sent(path, { count }), RangeError, "count");
      using pair = new TcpPair();
      using executable = opened(process.execPath);
      const error = throwsKind(() => pair.client.sendFile(executable, { timeout: 0 }), "would-block");
      expect(error.bytesWritten).toBeGreaterThan(0);
    },
  );

  const unreal = "/proc/self/comm";
  test.skipIf(!havePython || !haveProc)(
    `B8 a file of which the system tells no size is copied; Python sends nothing of it${noPython}${noProc}`,
    async () => {
      const theirs = await pythonSays(`${theirSendfile}result = sent(sys.argv[1])`, unreal);
      expect(theirs).toEqual([0, "", 0]);
      using pair = new Pair();
      using file = opened(unreal);
      const name = readFileSync(unreal, "utf8");
      expect(pair.a.sendFile(file)).toBe(name.length);
      expect(new TextDecoder().decode(pair.b.receiveBytes(100, soon))).toBe(name);
    },
  );

  test.skipIf(!havePython)(
    `B8 only streams: unlike Python's test of one bit, seqpacket is refused${noPython}`,
    async () => {
      const theirs = await pythonSays(
        `
a, b = socketpair(AF_UNIX, SOCK_SEQPACKET)
result = [a.sendfile(open(sys.argv[1], "rb")), fails(lambda: socket(AF_INET, SOCK_DGRAM).sendfile(open(sys.argv[1], "rb")))]`,
        path,
      );
      expect(theirs).toEqual([26, ["ValueError", null]]);
      using pair = new Pair(SOCK_SEQPACKET);
      using datagrams = udpSocket();
      using file = opened(path);
      for (const socket of [pair.a, datagrams]) throwsNaming(() => socket.sendFile(file), TypeError, "stream");
    },
  );

  test("B8 a file that grows meanwhile is followed to its new end", async () => {
    const grown = folder.file("grown");
    writeFileSync(grown, new Uint8Array(4_000_000));
    using pair = new Pair();
    const size = 4_000_000 + alphabet.length;
    const done = Promise.all([
      thread.order({ append: grown, bytes: new TextEncoder().encode(alphabet) }),
      thread.drain(pair.b, { limit: size }),
    ]);
    using file = opened(grown);
    expect(pair.a.sendFile(file, soon)).toBe(size);
    expect(await done).toEqual([alphabet.length, size]);
  });

  test("B8 at an error in the middle it tells how much was sent, and without an offset can go on from there", () => {
    using pair = new Pair();
    using file = opened(process.execPath);
    const error = throwsKind(() => pair.a.sendFile(file, { timeout: 5 }), "timed-out");
    const there = pair.b.receive(new Uint8Array(2 ** 22), { timeout: 0 });
    expect([error.bytesWritten, there > 0]).toEqual([there, true]);
    const next = new Uint8Array(10);
    readSync(file.fd, next, 0, 10, null);
    const expected = new Uint8Array(10);
    readSync(file.fd, expected, 0, 10, there);
    expect(next).toEqual(expected);
  });
});
