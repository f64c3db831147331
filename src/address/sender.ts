// The address that the last call reported, made into a value; the same bytes give the same object again.

import { nameBytes, nameLength, nameWords } from "../../ffi/name.ts";
import { decodeSocketAddress, SocketAddress } from "./socket-address.ts";

const SLOTS = 256; // a power of two; a sender takes the slot of its hash, so that two that alternate do not evict each other
const WORDS = 7; // struct sockaddr_in6; longer names (unix paths) are decoded each time

const known: (SocketAddress | undefined)[] = Array<SocketAddress | undefined>(SLOTS).fill(undefined);
const words = new Uint32Array(SLOTS * WORDS);
const lengths = new Uint8Array(SLOTS);

/** The name that the kernel has just reported (`ffi/name.ts`); null where it gave none. */
export function reportedAddress(): SocketAddress | null {
  const length = nameLength();
  const count = length >> 2;
  if (count > WORDS || (length & 3) !== 0 || count === 0) return decode(length);
  let hash = length;
  for (let index = 0; index < count; index++) hash = Math.imul(hash ^ (nameWords[index] as number), 0x9e37_79b1);
  const slot = (hash >>> 16) & (SLOTS - 1);
  if (same(slot, length, count)) return known[slot] as SocketAddress;
  const address = decode(length);
  if (address === null) return null;
  known[slot] = address;
  lengths[slot] = length;
  for (let index = 0; index < count; index++) words[slot * WORDS + index] = nameWords[index] as number;
  return address;
}

function same(slot: number, length: number, count: number): boolean {
  if (lengths[slot] !== length) return false;
  for (let index = 0; index < count; index++) {
    if (words[slot * WORDS + index] !== nameWords[index]) return false;
  }
  return true;
}

function decode(length: number): SocketAddress | null {
  return decodeSocketAddress(nameBytes.slice(0, length));
}
