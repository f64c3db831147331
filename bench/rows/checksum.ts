/** The internet checksum of a packet: arithmetic without a call, against C with -O2. */

import { checksum } from "../../src/packet.ts";
import { c } from "../c.ts";
import type { Column, Row } from "../harness.ts";
import { expectEqual, payload } from "../support.ts";

const berkeley = (size: number): Column => ({
  name: "berkeley",
  setup() {
    const bytes = payload(size);
    return {
      check() {
        expectEqual(checksum(Uint8Array.fromHex("0001f203f4f5f6f7")), 0x220d); // RFC 1071 section 3
        bytes.set([0, 0]);
        new DataView(bytes.buffer).setUint16(0, checksum(bytes));
        expectEqual(checksum(bytes), 0);
      },
      run(iterations) {
        let last = 0;
        for (let i = 0; i < iterations; i++) {
          bytes[0] = i + last; // as in C: no two are alike, and each waits for the one before
          last = checksum(bytes);
        }
      },
    };
  },
});

/** Rows about the checksum: at least half as fast as C. */
export const checksums: readonly Row[] = [64, 1500].map((size) => ({
  name: `internet checksum, ${size} bytes`,
  unit: "ns",
  columns: [c(`checksum-${size}`), berkeley(size)],
  targets: [{ column: "berkeley", ratio: 2 }],
}));
