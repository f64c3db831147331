// The addresses that the kernel reports: the same bytes give the same object again, as long as not too many others came between.

import { describe, expect, test } from "bun:test";
import { addressAt } from "../src/address/sender.ts";
import { InetSocketAddress, type SocketAddress } from "../src/index.ts";

const bytes = new Uint8Array(new ArrayBuffer(28));
const words = new Uint32Array(bytes.buffer);

function reported(address: InetSocketAddress): SocketAddress | null {
  const own = address.toBytes();
  bytes.set(own);
  return addressAt(bytes, words, 0, own.length);
}

describe.each<[string, (index: number) => InetSocketAddress]>([
  ["ports of one IPv4 host", (index) => new InetSocketAddress("127.0.0.1", 40_000 + index)],
  ["ports of one IPv6 host", (index) => new InetSocketAddress("::1", 40_000 + index)],
  ["IPv4 hosts of one network", (index) => new InetSocketAddress(`10.1.${index >> 8}.${index & 255}`, 5353)],
])("%s, one beside the other,", (_, make) => {
  const addresses = Array.from({ length: 200 }, (_, index) => make(index));

  test("are the same objects in the next round", () => {
    const few = addresses.slice(0, 20);
    const first = few.map(reported);
    const second = few.map(reported);
    expect(first.every((address, index) => address?.equals(few[index] as InetSocketAddress))).toBe(true);
    expect(second.filter((address, index) => address === first[index]).length).toBeGreaterThan(15);
  });

  test("do not evict each other when any two of them take turns", () => {
    for (const one of addresses) {
      for (const other of addresses) {
        const [first, second] = [reported(one), reported(other)];
        if (reported(one) !== first || reported(other) !== second) throw new Error(`${one} and ${other}`);
      }
    }
  });
});
