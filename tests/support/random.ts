// Random numbers that come again: a failing property test can be run once more with its seed.

/** A stream of random values that its seed decides. */
export interface Random {
  /** An integer from 0 to n - 1; n from 1 to 2^32. */
  int(n: number): number;
  bytes(n: number): Uint8Array<ArrayBuffer>;
  pick<T>(list: ArrayLike<T>): T;
}

/** A small generator (mulberry32), good enough to shake inputs; 32 bits of the seed count. */
export function random(seed: number): Random {
  let state = seed | 0;
  const int = (n: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * n);
  };
  return {
    int,
    bytes: (n) => new Uint8Array(new ArrayBuffer(n)).map(() => int(256)),
    pick<T>(list: ArrayLike<T>): T {
      if (list.length === 0) throw new RangeError("list must not be empty");
      return list[int(list.length)] as T;
    },
  };
}
