// The addresses that the kernel reports, made into values: the same bytes give the same object again.

import { nameBytes, nameLength, nameWords } from "../../ffi/name.ts";
import { decodeSocketAddress, SocketAddress } from "./socket-address.ts";

const SLOTS = 256; // a power of two; a hash has a pair of them, so that two senders that alternate do not evict each other
const WORDS = 7; // struct sockaddr_in6; longer names (unix paths) are decoded each time

const known: (SocketAddress | undefined)[] = Array<SocketAddress | undefined>(SLOTS).fill(undefined);
const words = new Uint32Array(SLOTS * WORDS);
const lengths = new Uint8Array(SLOTS);
const recent = new Uint8Array(SLOTS / 2); // which of a pair was used last: the other one goes

/** The name that the kernel has just reported (`ffi/name.ts`); null where it gave none. */
export function reportedAddress(): SocketAddress | null {
  return addressAt(nameBytes, nameWords, 0, nameLength());
}

/** The name in some memory of ours, `length` bytes from word `start` on; null where there is none. */
export function addressAt(
  bytes: Uint8Array<ArrayBuffer>,
  from: Uint32Array<ArrayBuffer>,
  start: number,
  length: number,
): SocketAddress | null {
  const count = length >> 2;
  const first = start << 2;
  if (count > WORDS || (length & 3) !== 0 || count === 0)
    return decodeSocketAddress(bytes.slice(first, first + length));
  let hash = length;
  for (let index = 0; index < count; index++) {
    // a product's low bits know nothing of its factors' high ones, where the port is: they are brought down
    hash = Math.imul(hash ^ (hash >>> 15) ^ (from[start + index] as number), 0x9e37_79b1);
  }
  const pair = (hash >>> 16) & (SLOTS / 2 - 1);
  const slot = 2 * pair + (recent[pair] as number);
  if (lengths[slot] === length && same(slot * WORDS, from, start, count)) return known[slot] as SocketAddress;
  const other = slot ^ 1;
  const isOther = lengths[other] === length && same(other * WORDS, from, start, count);
  const address = isOther ? (known[other] as SocketAddress) : decodeSocketAddress(bytes.slice(first, first + length));
  if (address === null) return null;
  recent[pair] = other & 1;
  if (isOther) return address;
  known[other] = address;
  lengths[other] = length;
  for (let index = 0; index < count; index++) words[other * WORDS + index] = from[start + index] as number;
  return address;
}

function same(at: number, from: Uint32Array<ArrayBuffer>, start: number, count: number): boolean {
  for (let index = 0; index < count; index++) {
    if (words[at + index] !== from[start + index]) return false;
  }
  return true;
}
