// struct sockaddr of the rarer families against the kernel's headers, a compiler a struct: they do not go together.

import { describe, expect, test } from "bun:test";
import { linux } from "../../ffi/platform/linux.ts";
import type { Layout, Platform } from "../../ffi/platform/platform.ts";
import { familyStructs } from "../../ffi/structs/families.ts";
import { compileC, haveCC } from "../support/c.ts";

const reason = process.platform !== "linux" ? " (needs Linux)" : haveCC ? "" : " (no C compiler)";

const headers: Readonly<Record<string, string>> = {
  sockaddr_nl: "linux/netlink.h",
  sockaddr_ll: "linux/if_packet.h",
  sockaddr_vm: "linux/vm_sockets.h",
  sockaddr_can: "linux/can.h",
  sockaddr_tipc: "linux/tipc.h",
  sockaddr_alg: "linux/if_alg.h",
  sockaddr_qrtr: "linux/qrtr.h",
  sockaddr_xdp: "linux/if_xdp.h",
  sockaddr_mctp: "linux/mctp.h",
  sockaddr_l2: "bluetooth/l2cap.h",
  sockaddr_rc: "bluetooth/rfcomm.h",
  sockaddr_hci: "bluetooth/hci.h",
  sockaddr_sco: "bluetooth/sco.h",
};

const exists = (header: string): boolean =>
  reason === "" &&
  Bun.spawnSync([process.env["CC"] ?? "cc", "-E", "-x", "c", "-"], { stdin: Buffer.from(`#include <${header}>\n`) })
    .success;

function evaluate(header: string, expressions: readonly string[]): number[] {
  const prints = expressions.map((expression) => `printf("%lld\\n", (long long)(${expression}));`);
  const before = header.startsWith("bluetooth/") ? "#include <bluetooth/bluetooth.h>\n" : "";
  const source = `#include <stddef.h>\n#include <stdio.h>\n#include <sys/socket.h>\n${before}#include <${header}>
int main(void) {\n${prints.join("\n")}\nreturn 0;\n}\n`;
  const { stdout } = Bun.spawnSync([compileC(source)]);
  return stdout.toString().trim().split("\n").map(Number);
}

function compare(header: string, expected: ReadonlyMap<string, number>): void {
  const values = evaluate(header, [...expected.keys()]);
  expect([...expected.keys()].map((name, index) => [name, values[index]])).toEqual([...expected] as never);
}

describe("Linux", () => {
  for (const [name, layout] of Object.entries(familyStructs.linux)) {
    const header = headers[name] as string;
    const why = reason !== "" ? reason : exists(header) ? "" : ` (there is no <${header}>)`;
    test.skipIf(why !== "")(`struct ${name} is that of <${header}>${why}`, () => {
      const expected = new Map([[`sizeof(struct ${name})`, layout.size]]);
      for (const [field, [offset, width]] of Object.entries(layout.fields)) {
        expected.set(`offsetof(struct ${name}, ${field})`, offset);
        expected.set(`sizeof(((struct ${name} *)0)->${field})`, width);
      }
      compare(header, expected);
    });
  }

  const constant = (name: string): number => (linux.constants as Readonly<Record<string, number>>)[name] as number;
  const pythons = Object.keys(linux.constants).filter((name) => name.startsWith("CAN_BCM_"));

  test.skipIf(reason !== "")(`CAN_BCM_* are the enumerators of <linux/can/bcm.h>${reason}`, () => {
    const own = (name: string): string => (name === "CAN_BCM_CAN_FD_FRAME" ? "CAN_FD_FRAME" : name.slice(8));
    expect(pythons.length).toBe(24);
    compare("linux/can/bcm.h", new Map(pythons.map((name) => [own(name), constant(name)])));
  });

  test.skipIf(reason !== "" || !exists("linux/mctp.h"))(`MCTP_* are those of <linux/mctp.h>${reason}`, () => {
    const names = Object.keys(linux.constants).filter((name) => name.startsWith("MCTP_"));
    compare("linux/mctp.h", new Map(names.map((name) => [name, constant(name)])));
  });
});

describe.each(Object.entries(familyStructs) as [Platform["name"], Readonly<Record<string, Layout>>][])(
  "the layouts of %s",
  (name, structs) => {
    test("keep every field inside", () => {
      for (const [struct, { size, fields }] of Object.entries(structs)) {
        for (const [field, [offset, width]] of Object.entries(fields)) {
          expect([`${struct}.${field}`, offset + width <= size]).toEqual([`${struct}.${field}`, true]);
        }
      }
    });

    test("begin as struct sockaddr does", () => {
      const length = name === "darwin" || name === "freebsd" ? 1 : 0;
      for (const [struct, { fields }] of Object.entries(structs)) {
        const first = Object.entries(fields)[length] as [string, readonly [number, number]];
        expect([struct, first[0].toLowerCase().endsWith("family"), first[1]]).toEqual([
          struct,
          true,
          length === 1 ? [1, 1] : [0, 2],
        ]);
      }
    });
  },
);
