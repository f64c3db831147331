// Every option of this system: set, read back, and what the kernel refuses. The table itself is support/option-rows, that of
// the other systems support/option-samples.ts.

import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as darwin from "../ffi/platform/constants/darwin.ts";
import * as freebsd from "../ffi/platform/constants/freebsd.ts";
import * as linux from "../ffi/platform/constants/linux.ts";
import * as windows from "../ffi/platform/constants/windows.ts";
import { platform } from "../ffi/platform/index.ts";
import { AF_INET, SOCK_DGRAM, Socket, SocketError } from "../src/index.ts";
import type { Option } from "../src/options.ts";
import * as exported from "../src/options.ts";
import { absent, have, kernelSince, makePlace, type Place, translated } from "./support/option-places.ts";
import type { Row } from "./support/option-rows/builders.ts";
import { rows } from "./support/option-rows/index.ts";
import { samples } from "./support/option-samples.ts";
import { throwsKind } from "./support/throws.ts";

const onLinux = platform.name === "linux";
const options = new Map(Object.entries(exported) as [string, Option<unknown, never>][]);

/** Why a row cannot be tried here; undefined if it can. */
function reasonToSkip(row: Row, place: Place): string | undefined {
  const { needs, since, config } = row;
  const reason = absent(place);
  if (reason !== undefined) return reason;
  if (needs !== undefined && !have(needs)) return `needs ${needs}`;
  if (since !== undefined && !kernelSince(since)) return `needs Linux ${since}`;
  if (config !== undefined && !known(row, place)) return `needs ${config}`;
  return translated && !known(row, place) ? "the translator of system calls does not know it" : undefined;
}

/** Whether the kernel knows what the row does; whatever else may come of it is for the test itself to find out. */
function known(row: Row, place: Place): boolean {
  using stack = new DisposableStack();
  try {
    row.run(makePlace(place, stack));
    return true;
  } catch (error) {
    const { cause = error } = error as Error;
    return !(cause instanceof SocketError && cause.kind === "not-supported");
  }
}

describe.skipIf(!onLinux)("options of Linux (needs Linux)", () => {
  for (const row of onLinux ? rows : []) {
    for (const place of row.on) {
      const reason = reasonToSkip(row, place);
      const title = `${row.option.name} on ${place}`;
      test.skipIf(reason !== undefined)(reason === undefined ? title : `${title} (${reason})`, () => {
        using stack = new DisposableStack();
        row.run(makePlace(place, stack));
      });
    }
  }
});

describe("options that this system lacks", () => {
  for (const [name, option] of options) {
    if (option.supported) continue;
    test(name, () => {
      using socket = new Socket(AF_INET, SOCK_DGRAM);
      if ("get" in option) expect(throwsKind(() => socket.getOption(option), "not-supported").message).toContain(name);
      if ("set" in option) {
        const { message } = throwsKind(() => socket.setOption(option, undefined as never), "not-supported");
        expect(message).toContain(name);
        expect(message).toContain(platform.name);
      }
    });
  }
});

describe("nothing is forgotten", () => {
  const names = [...options.keys()];

  test("every descriptor has the name under which it is exported", () => {
    expect(names.filter((name) => options.get(name)?.name !== name)).toEqual([]);
  });

  test.skipIf(!onLinux)("every descriptor of this system is in the table (needs Linux)", () => {
    const tried = new Set(rows.map(({ option }) => option.name));
    expect(names.filter((name) => options.get(name)?.supported === true && !tried.has(name))).toEqual([]);
  });

  test.skipIf(!onLinux)("every descriptor of other systems is among the samples (needs Linux)", () => {
    const tried = new Set(samples.map(({ option }) => option.name));
    expect(names.filter((name) => options.get(name)?.supported === false && !tried.has(name))).toEqual([]);
  });

  const folder = join(import.meta.dir, "../src/option");
  // "// Left out:" ends each file of descriptors; in parentheses is what to use instead
  const leftOut = new Set(
    readdirSync(folder).flatMap((file) => {
      const [, comment = ""] = readFileSync(join(folder, file), "utf8").split("\n// Left out:\n");
      return comment.replace(/\([^)]*\)/g, "").match(/\b[A-Z]+[A-Z0-9]*_[A-Z0-9_]+\b/g) ?? [];
    }),
  );
  const systems = { linux, darwin, freebsd, windows };

  for (const [system, constants] of Object.entries(systems)) {
    test(`every option of ${system} is a descriptor, or left out with a reason`, () => {
      const all = Object.keys(constants).filter((name) =>
        /^(SO|IP|IPV6|TCP|UDP|UDPLITE|MCAST|LOCAL|MPTCP)_/.test(name),
      );
      expect(all.length).toBeGreaterThan(100);
      expect(all.filter((name) => !options.has(name) && !leftOut.has(name))).toEqual([]);
    });
  }

  test("what is left out is not there, but where the reason names it", () => {
    const reasons = ["MCAST_MSFILTER", "IPV6_FLOWLABEL_MGR", "SO_PROTOCOL_INFOW"];
    expect([...leftOut].filter((name) => options.has(name) && !reasons.includes(name))).toEqual([]);
  });

  test("nixio's options are all there", () => {
    const nixio = {
      SO: "KEEPALIVE REUSEADDR RCVBUF SNDBUF PRIORITY BROADCAST DONTROUTE ERROR OOBINLINE LINGER SNDTIMEO RCVTIMEO BINDTODEVICE",
      TCP: "CORK NODELAY",
      IP: "MTU HDRINCL MULTICAST_LOOP MULTICAST_TTL MULTICAST_IF ADD_MEMBERSHIP DROP_MEMBERSHIP",
      IPV6: "MTU V6ONLY MULTICAST_LOOP MULTICAST_HOPS MULTICAST_IF JOIN_GROUP LEAVE_GROUP",
    };
    const wanted = Object.entries(nixio).flatMap(([level, all]) => all.split(" ").map((name) => `${level}_${name}`));
    expect(wanted.filter((name) => !options.has(name))).toEqual([]);
  });
});
