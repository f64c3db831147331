// Sharing a socket with another process by bytes, and what else Windows alone has.

import { describe, expect, test } from "bun:test";
import { platform } from "../ffi/platform/index.ts";
import { AF_INET, POLLIN, SOCK_DGRAM, SOCK_RAW, SOCK_STREAM, Socket } from "../src/index.ts";
import * as option from "../src/options.ts";
import { moduleOf } from "./support/child.ts";
import { SOON, tcpListener, TcpPair, udpSocket } from "./support/sockets.ts";
import { throwsKind, throwsNaming, wrong } from "./support/throws.ts";

const onWindows = platform.name === "windows";
const needs = onWindows ? "" : " (needs Windows)";
const soon = { timeout: SOON };
const size = 628; // sizeof(WSAPROTOCOL_INFOW)
const {
  SIO_KEEPALIVE_VALS = 0,
  SIO_LOOPBACK_FAST_PATH = 0,
  SIO_RCVALL = 0,
  RCVALL_ON = 1,
  IPPROTO_IP,
} = platform.constants;

describe("share", () => {
  test("and fromShare name their argument when it is wrong", () => {
    using socket = udpSocket();
    throwsNaming(() => socket.share(wrong("1")), TypeError, "processId must be a number");
    throwsNaming(() => socket.share(-1), RangeError, "processId must be an integer from 0");
    throwsNaming(() => Socket.fromShare(wrong(undefined)), TypeError, "bytes must be");
  });

  test.skipIf(onWindows)("and fromShare are not-supported elsewhere, and say by which name (not on Windows)", () => {
    using socket = udpSocket();
    for (const error of [
      throwsKind(() => socket.share(process.pid), "not-supported"),
      throwsKind(() => Socket.fromShare(new Uint8Array(size)), "not-supported"),
    ]) {
      expect(error.message).toContain(platform.name);
      expect(error.message).toContain("sendFd");
    }
  });

  test.skipIf(!onWindows)(`gives bytes of which this very process can make another socket${needs}`, () => {
    using pair = new TcpPair();
    const bytes = pair.server.share(process.pid);
    expect(bytes).toHaveLength(size);
    using other = Socket.fromShare(bytes);
    expect(other.fd).not.toBe(pair.server.fd);
    expect([other.family, other.type, other.connected]).toEqual([AF_INET, SOCK_STREAM, true]);
    expect(other.remoteAddress).toEqual(pair.server.remoteAddress);
    pair.client.sendAll("hello");
    expect(new TextDecoder().decode(other.receiveBytes(10, soon))).toBe("hello");
    throwsKind(() => other.receive(new Uint8Array(1), { timeout: 0 }), "would-block");
  });

  test.skipIf(!onWindows)(`knows a listener as one${needs}`, () => {
    using listener = tcpListener();
    using other = Socket.fromShare(listener.share(process.pid));
    expect(other.listening).toBe(true);
    using client = new Socket(AF_INET);
    client.connect(listener.localAddress, soon);
    other.accept(soon).close();
  });

  test.skipIf(!onWindows)(`gives another process the socket${needs}`, async () => {
    using socket = udpSocket();
    using peer = udpSocket();
    const child = Bun.spawn(
      [
        ...[process.execPath, "-e"],
        `import { Socket } from ${moduleOf("src/index.ts")};
         const text = await Bun.stdin.text();
         using socket = Socket.fromShare(Uint8Array.fromBase64(text));
         socket.sendTo("from the other one", ${JSON.stringify(String(peer.localAddress))});`,
      ],
      { stdin: "pipe", stdout: "inherit", stderr: "inherit" },
    );
    child.stdin.write(socket.share(child.pid).toBase64());
    await child.stdin.end();
    const buffer = new Uint8Array(100);
    const { size: length, address } = await peer.receiveFromAsync(buffer, soon);
    expect(new TextDecoder().decode(buffer.subarray(0, length))).toBe("from the other one");
    expect(address).toEqual(socket.localAddress);
    expect(await child.exited).toBe(0);
  });

  test.skipIf(!onWindows)(`of a process that is not there, and bytes that are no share, are errors${needs}`, () => {
    using socket = udpSocket();
    throwsKind(() => socket.share(0xffff_fff0), "invalid-argument");
    throwsNaming(() => Socket.fromShare(new Uint8Array(size - 1)), RangeError, "bytes must be the 628");
    expect(() => Socket.fromShare(new Uint8Array(size).fill(0xff))).toThrow();
  });
});

describe("Windows' own", () => {
  test.skipIf(!onWindows)(`requests of ioctl take bytes: SIO_KEEPALIVE_VALS${needs}`, () => {
    using socket = new Socket(AF_INET);
    expect(socket.ioctl(SIO_KEEPALIVE_VALS, Uint32Array.of(1, 10_000, 3000))).toBe(0);
  });

  test.skipIf(!onWindows)(`requests of ioctl take a number: SIO_LOOPBACK_FAST_PATH${needs}`, () => {
    using socket = new Socket(AF_INET);
    expect(socket.ioctl(SIO_LOOPBACK_FAST_PATH, 1)).toBe(1);
  });

  test.skipIf(!onWindows)(`SIO_RCVALL shows a raw socket all packets${needs}`, () => {
    using socket = new Socket(AF_INET, SOCK_RAW, IPPROTO_IP);
    socket.bind("127.0.0.1:0");
    expect(socket.ioctl(SIO_RCVALL, RCVALL_ON)).toBe(RCVALL_ON);
    using other = udpSocket();
    other.sendTo("seen", other.localAddress);
    expect(socket.receive(new Uint8Array(100), soon)).toBe(20 + 8 + 4);
  });

  test.skipIf(!onWindows)(`SO_EXCLUSIVEADDRUSE is what allowReuse: false sets${needs}`, () => {
    using socket = new Socket(AF_INET);
    socket.bind("127.0.0.1:0", { allowReuse: false });
    expect(socket.getOption(option.SO_EXCLUSIVEADDRUSE)).toBe(true);
    expect(socket.getOption(option.SO_REUSEADDR)).toBe(false);
    using other = new Socket(AF_INET, SOCK_DGRAM);
    other.bind("127.0.0.1:0", { allowReuse: true });
    expect(other.getOption(option.SO_REUSEADDR)).toBe(true);
    expect(other.conditionCheck(POLLIN)).toBe(0);
  });

  test.skipIf(onWindows)("option is not-supported elsewhere, and says by which name (not on Windows)", () => {
    using socket = new Socket(AF_INET);
    expect(option.SO_EXCLUSIVEADDRUSE.supported).toBe(false);
    const error = throwsKind(() => socket.getOption(option.SO_EXCLUSIVEADDRUSE), "not-supported");
    expect(error.message).toContain(platform.name);
  });
});
