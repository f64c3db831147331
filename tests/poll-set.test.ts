// The readiness set without the kernel's help.

import { expect, test } from "bun:test";
import { PollSet } from "../ffi/poll-set.ts";
import { platform } from "../ffi/platform/index.ts";
import { TcpPair } from "./support/sockets.ts";

const { POLLIN } = platform.core;

// Who was woken looks, takes what there is, looks again and finds nothing, and then orders the next wake-up: to see in the last
// look alone that the wake-up was in vain puts a nap of up to 20 ms into every exchange.
test("knows that something was found since the last copy, though a later look finds nothing more", () => {
  using pair = new TcpPair();
  const set = new PollSet();
  const token = { index: 3, generation: 7 };
  set.copy(pair.client.fd);
  expect(set.update(pair.server.fd, token, undefined, POLLIN)).toBe(0);
  expect([set.look(), set.fruitful]).toEqual([0, false]);
  pair.client.send(new Uint8Array(1));
  pair.server.conditionWait(POLLIN, { timeout: 5000 });
  expect([set.look(), set.index(0), set.generation(0), set.bits(0)]).toEqual([1, 3, 7, POLLIN]);
  pair.server.receive(new Uint8Array(1));
  expect([set.look(), set.fruitful]).toEqual([0, true]);
  set.copy(pair.client.fd);
  expect([set.look(), set.fruitful]).toEqual([0, false]);
});
