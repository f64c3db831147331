// The constants that users import: one table for each OS, one union of them, and the few that "berkeley" itself exports.

import { describe, expect, test } from "bun:test";
import * as berkeley from "../src/index.ts";
import * as all from "../src/constants.ts";
import * as darwin from "../ffi/platform/constants/darwin.ts";
import * as freebsd from "../ffi/platform/constants/freebsd.ts";
import * as linux from "../ffi/platform/constants/linux.ts";
import * as windows from "../ffi/platform/constants/windows.ts";
import * as bluetooth from "../src/constants/bluetooth.ts";
import * as hyperv from "../src/constants/hyperv.ts";
import { platform } from "../ffi/platform/index.ts";

const tables: Readonly<Record<string, Readonly<Record<string, number>>>> = { linux, darwin, freebsd, windows };
const union = new Set(Object.values(tables).flatMap((table) => Object.keys(table)));
// those that are text: devices of Bluetooth, partitions of Hyper-V
const texts = { ...bluetooth, ...hyperv } as Readonly<Record<string, string>>;

describe('"berkeley/constants"', () => {
  test("has every name of every system, and no other", () => {
    expect(Object.keys(all).toSorted()).toEqual([...union, ...Object.keys(texts)].toSorted());
  });

  test("has this system's values, and undefined where this system lacks a name", () => {
    const here = tables[platform.name] ?? {};
    for (const [name, value] of Object.entries(all)) {
      if (!(name in texts)) expect([name, value as unknown]).toEqual([name, here[name]]);
    }
  });

  test("has addresses in text where the family is", () => {
    const { AF_BLUETOOTH, AF_BTH, AF_HYPERV } = platform.core;
    const here = {
      ...((AF_BLUETOOTH ?? AF_BTH) === undefined ? {} : bluetooth),
      ...(AF_HYPERV === undefined ? {} : hyperv),
    } as Readonly<Record<string, string>>;
    for (const name of Object.keys(texts))
      expect([name, all[name as keyof typeof all] as unknown]).toEqual([name, here[name]]);
    expect(texts).toMatchObject({
      BDADDR_LOCAL: "00:00:00:FF:FF:FF",
      HV_GUID_PARENT: "A42E7CDA-D03F-480C-9CC2-A4DE20ABB878",
    });
  });
});

describe('"berkeley/constants/<system>"', () => {
  test("has numbers only", () => {
    for (const table of Object.values(tables)) {
      for (const [name, value] of Object.entries(table)) expect([name, typeof value]).toEqual([name, "number"]);
    }
  });

  test("loads on its own system", async () => {
    const own = await import(`../src/constants/${platform.name}.ts`);
    expect(own.SOL_SOCKET).toBe(platform.constants.SOL_SOCKET);
  });

  for (const name of Object.keys(tables).filter((other) => other !== platform.name)) {
    test(`refuses to load ${name} here, and says what to import instead`, async () => {
      const refusal: unknown = await import(`../src/constants/${name}.ts`).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(berkeley.SocketError);
      expect((refusal as berkeley.SocketError).kind).toBe("not-supported");
      expect((refusal as berkeley.SocketError).message).toContain('import "berkeley/constants"');
    });
  }
});

describe('"berkeley"', () => {
  test("exports the common constants with this system's values", () => {
    const exported = Object.entries(berkeley).filter(([name]) => union.has(name));
    expect(exported.length).toBeGreaterThan(80);
    const here = tables[platform.name] ?? {};
    for (const [name, value] of exported) expect([name, value as unknown]).toEqual([name, here[name]]);
  });

  test("does not load the big tables", () => {
    const program = `
      await import(${JSON.stringify(import.meta.resolve("../src/index.ts"))});
      console.log(Object.keys(require.cache).filter((path) => /constants\\/(linux|darwin|freebsd|windows)\\.ts$/.test(path)).length);
    `;
    const { stdout } = Bun.spawnSync([process.execPath, "-e", program]);
    expect(stdout.toString().trim()).toBe("0");
  });
});

// A number of Python's own, or of errno
const notOurs = /^(EBADF|EAGAIN|EWOULDBLOCK|SOMAXCONN|CAPI)$/;

/** The numbers of Python's socket module; undefined without Python, or with one that lacks modules (python3-minimal). */
function pythons(): Readonly<Record<string, number>> | undefined {
  const python = Bun.which("python3");
  if (python === null) return undefined;
  const program = `
import json, re, socket
numbers = {name: value for name, value in vars(socket).items() if isinstance(value, int) and not isinstance(value, bool)}
print(json.dumps({name: int(value) for name, value in numbers.items() if re.match(r"^[A-Z][A-Za-z0-9_]*$", name)}))
`;
  const { stdout, success } = Bun.spawnSync([python, "-c", program]);
  return success ? (JSON.parse(stdout.toString()) as Record<string, number>) : undefined;
}

describe("Python's socket module", () => {
  test.each(Object.entries(tables))(
    "has some numbers on every system, defined or not, and so have we on %s",
    (_, table) => {
      const everywhere = { SOL_IP: 0, SOL_TCP: 6, SOL_UDP: 17, SHUT_RD: 0, SHUT_WR: 1, SHUT_RDWR: 2 };
      expect(table).toMatchObject({ ...everywhere, IPPORT_RESERVED: 1024, IPPORT_USERRESERVED: 5000, INADDR_ANY: 0 });
    },
  );

  const known = pythons();
  const why = known === undefined ? " (no python3 with socket and json)" : "";
  // an int of C that Python shows as a signed number, or the other way round
  const unsigned = (value: number | undefined): number => (value ?? Number.NaN) >>> 0;

  test.skipIf(known === undefined)(`has no number that we lack, and no other value for one${why}`, () => {
    const names = Object.keys(known ?? {}).filter((name) => !notOurs.test(name));
    expect(names.length).toBeGreaterThan(200);
    const here = all as unknown as Readonly<Record<string, number | undefined>>;
    const wrong = names.filter((name) => here[name] === undefined || unsigned(here[name]) !== unsigned(known?.[name]));
    expect(wrong.map((name) => [name, known?.[name], here[name]])).toEqual([]);
  });
});
