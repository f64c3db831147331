// What the older calls say of a host that they cannot find, by the reason. In namespaces, where the name server is ours.

import { describe, expect, test } from "bun:test";
import { runChild } from "./support/child.ts";

const canUnshare =
  process.platform === "linux" &&
  Bun.which("unshare") !== null &&
  Bun.which("ip") !== null &&
  Bun.spawnSync(["unshare", "-n", "-m", "mount", "--make-rprivate", "/"]).success;

const setUp = [
  "ip link set lo up",
  "mount -t tmpfs none /mnt",
  "printf '127.0.0.1 localhost\\n' > /mnt/hosts",
  "printf 'nameserver 127.0.0.1\\noptions timeout:1 attempts:1\\n' > /mnt/resolv.conf",
  "mount --bind /mnt/hosts /etc/hosts",
  "mount --bind /mnt/resolv.conf /etc/resolv.conf",
  'exec "$0" "$@"',
].join(" && ");

describe("a host that is not found, in namespaces (needs root, unshare(1) and ip(8))", () => {
  // what the name server answers: nothing at all, or a response code of RFC 1035
  test.skipIf(!canUnshare).each([
    ["silent", -1, "TRY_AGAIN"],
    ["SERVFAIL", 2, "TRY_AGAIN"],
    ["NXDOMAIN", 3, "HOST_NOT_FOUND"],
    ["REFUSED", 5, "TRY_AGAIN"],
    ["no records", 0, "NO_DATA"],
  ])(
    "name server %s: kind host-not-found, and the code that tells why",
    async (_, code, expected) => {
      const { report, stderr } = await runChild(
        `
      const server = new Socket(AF_INET, SOCK_DGRAM);
      server.bind("127.0.0.1:53");
      const watch = server.watch(POLLIN, () => {
        const buffer = new Uint8Array(512);
        const message = server.tryReceiveFrom(buffer);
        if (message === null || ${code} < 0) return;
        const head = [buffer[0], buffer[1], 0x81, 0x80 | ${code}, 0, 1, 0, 0, 0, 0, 0, 0];
        server.sendTo(Uint8Array.from([...head, ...buffer.slice(12, message.size)]), message.address);
      });
      const why = (work) => work.then(() => "found", ({ kind, code }) => kind + " " + code);
      const answers = [
        await why(berkeley.getHostByNameAsync("one.example")),
        await why(berkeley.getHostByNameAsync("one.example", AF_INET6)),
        await why(berkeley.getHostByAddressAsync("10.1.2.3")),
      ];
      watch.close();
      server.close();
      report(answers);`,
        { through: ["unshare", "-n", "-m", "sh", "-c", setUp], timeout: 20_000 },
      );
      const address = `HOST_NOT_FOUND|${expected}`; // musl knows no other reason there
      expect({ report, stderr }).toEqual({
        report: [
          `host-not-found ${expected}`,
          `host-not-found ${expected}`,
          expect.stringMatching(new RegExp(`^host-not-found (${address})$`)) as unknown as string,
        ],
        stderr: "",
      });
    },
    30_000,
  );
});
