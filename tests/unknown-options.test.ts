// Options that nobody would read are refused: a name of another library's, or a misspelt one, would silently be its default.

import { describe, expect, test } from "bun:test";
import {
  bindHost,
  connectHost,
  createConnection,
  createServer,
  getAddressInfo,
  getAddressInfoAsync,
  getNameInfoAsync,
  ReceiveBatch,
  SendBatch,
  Socket,
} from "../src/index.ts";
import { AF_INET, SOCK_DGRAM } from "../src/constants.ts";
import { CaptureRing } from "../src/packet.ts";
import { thrownBy, wrong } from "./support/throws.ts";

const refusal = (call: () => unknown): unknown => {
  const error = thrownBy(call);
  expect(error).toBeInstanceOf(TypeError);
  return (error as Error).message;
};

const rejection = async (promise: Promise<unknown>): Promise<unknown> => {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TypeError);
  return (error as Error).message;
};

describe("unknown options", () => {
  const host = 'unknown option "host": did you mean hostname?';

  test("of a server: node's host", async () => {
    expect(await rejection(createServer(wrong({ host: "127.0.0.1", port: 0 })))).toBe(host);
    expect(await rejection(createServer(wrong({ path: "/tmp/x", unix: "/tmp/y" })))).toContain(
      '"unix": did you mean path?',
    );
  });

  test("of connections", async () => {
    expect(await rejection(createConnection(wrong({ host: "127.0.0.1", port: 1 })))).toBe(host);
    expect(await rejection(createConnection(wrong({ hostname: "127.0.0.1", port: 1, time_out: 3 })))).toBe(
      'unknown option "time_out": did you mean timeout?',
    );
  });

  test("of sockets by name", () => {
    expect(refusal(() => connectHost(wrong({ host: "x", port: 1 })))).toBe(host);
    expect(refusal(() => bindHost(wrong({ host: "x", port: 1 })))).toBe(host);
    expect(refusal(() => bindHost(wrong({ port: 0, reuseAddress: true })))).toContain("did you mean allowReuse?");
    expect(refusal(() => bindHost(wrong({ port: 0, reuseport: true })))).toContain("did you mean reusePort?");
  });

  test("of batches", async () => {
    const capacity = { capacity: 4, size: 10 };
    expect(refusal(() => new SendBatch(wrong({ ...capacity, segmentaton: "auto" })))).toContain("mean segmentation?");
    expect(refusal(() => new ReceiveBatch(wrong({ ...capacity, controlsize: 3 })))).toContain("mean controlSize?");
    expect(refusal(() => new ReceiveBatch(wrong({ ...capacity, signal: undefined })))).toBe(
      'unknown option "signal": the options are capacity, size, controlSize, segmentation',
    );
    using socket = new Socket(AF_INET, SOCK_DGRAM);
    expect(await rejection(socket.batches(wrong({ ...capacity, abortSignal: null })).next())).toContain("mean signal?");
  });

  test("of the resolver", async () => {
    expect(refusal(() => getAddressInfo("127.0.0.1", 1, wrong({ socktype: 1 })))).toContain("mean type?");
    expect(refusal(() => getAddressInfo("127.0.0.1", 1, wrong({ timeout: 1 })))).toContain('unknown option "timeout"');
    expect(await rejection(getAddressInfoAsync("127.0.0.1", 1, wrong({ familiy: 1 })))).toContain("mean family?");
    expect(await rejection(getNameInfoAsync("127.0.0.1:1", 0, wrong({ Timeout: 1 })))).toContain("mean timeout?");
    expect(await getAddressInfoAsync("127.0.0.1", 1, { timeout: 1000, type: 1 })).toHaveLength(1);
  });

  test.skipIf(process.platform !== "linux")("of a capture ring (needs Linux)", () => {
    expect(refusal(() => new CaptureRing(wrong({ iface: "lo" })))).toContain("mean interface?");
    expect(refusal(() => new CaptureRing(wrong({ fanout: { group: 1, mod: "hash" } })))).toContain("mean mode?");
  });

  test("undefined is no excuse, an inherited name is one as well, and a method of Object's prototype is none", async () => {
    expect(await rejection(createServer(wrong({ port: 0, host: undefined })))).toBe(host);
    expect(await rejection(createServer(Object.create({ port: 0, host: "x" })))).toBe(host);
    expect(await rejection(createServer(wrong({ port: 0, toString: () => "x" })))).toContain(
      'option "toString": the options',
    );
    await using listener = await createServer(Object.create({ port: 0, hostname: "127.0.0.1" }));
    expect(`${listener.localAddress}`).toStartWith("127.0.0.1:");
  });
});
