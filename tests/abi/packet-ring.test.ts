// The ring of AF_PACKET against the kernel's own header.

import { expect, test } from "bun:test";
import { fanoutModes, ring, ringStructs } from "../../ffi/structs/packet-ring.ts";
import type { Layout } from "../../ffi/platform/platform.ts";
import { compileC, haveCC } from "../support/c.ts";

const reason = process.platform !== "linux" ? " (needs Linux)" : haveCC ? "" : " (no C compiler)";

test.skipIf(reason !== "")(`layouts and constants are those of linux/if_packet.h${reason}`, () => {
  const expected = new Map<string, number>();
  for (const [struct, { size, fields }] of Object.entries(ringStructs) as [string, Layout][]) {
    expected.set(`sizeof(struct ${struct})`, size);
    for (const [field, [offset, width]] of Object.entries(fields)) {
      expected.set(`offsetof(struct ${struct}, ${field})`, offset);
      expected.set(`sizeof(((struct ${struct} *)0)->${field})`, width);
    }
  }
  // PACKET_FANOUT_FLAG_IGNORE_OUTGOING is younger than many a header: checked where it is there
  const { ADDRESS_OFFSET, PACKET_FANOUT_FLAG_IGNORE_OUTGOING: young, ...constants } = ring;
  expect(young).toBe(0x4000);
  for (const [name, value] of Object.entries(constants)) expected.set(name, value);
  expected.set("TPACKET_ALIGN(sizeof(struct tpacket3_hdr))", ADDRESS_OFFSET);
  const modes = { hash: "HASH", balance: "LB", cpu: "CPU", rollover: "ROLLOVER", random: "RND", queue: "QM" } as const;
  for (const mode of Object.keys(modes) as (keyof typeof modes)[]) {
    expected.set(`PACKET_FANOUT_${modes[mode]}`, fanoutModes[mode]);
  }
  const prints = [...expected.keys()].map((expression) => `printf("%lld\\n", (long long)(${expression}));`);
  const source = `#include <stddef.h>\n#include <stdio.h>\n#include <sys/socket.h>\n#include <linux/if_packet.h>\nint main(void) {\n${prints.join("\n")}\nreturn 0;\n}\n`;
  const printed = Bun.spawnSync([compileC(source)])
    .stdout.toString()
    .trim()
    .split("\n")
    .map(Number);
  expect([...expected.keys()].map((name, index) => [name, printed[index]])).toEqual([...expected] as never);
});
