// The numbers of netlink against the kernel's headers.

import { expect, test } from "bun:test";
import * as numbers from "../../src/netlink/numbers.ts";
import { compileC, haveCC } from "../support/c.ts";

const reason = process.platform !== "linux" ? " (needs Linux)" : haveCC ? "" : " (no C compiler)";

test.skipIf(reason !== "")(`numbers and sizes are those of linux/netlink.h, rtnetlink.h, inet_diag.h${reason}`, () => {
  const expected: Record<string, number> = {
    ...(numbers as Readonly<Record<string, number>>),
    // what the readers know without a name
    ...{ "sizeof(struct nlmsghdr)": 16, "sizeof(struct nlattr)": 4, "sizeof(struct ifinfomsg)": 16 },
    ...{ "sizeof(struct ifaddrmsg)": 8, "sizeof(struct rtmsg)": 12, "sizeof(struct rtnexthop)": 8 },
    ...{ "sizeof(struct inet_diag_req_v2)": 56, "sizeof(struct inet_diag_msg)": 72, NLMSGERR_ATTR_MSG: 1 },
    ...{ "offsetof(struct inet_diag_msg, id.idiag_sport)": 4, "offsetof(struct inet_diag_msg, id.idiag_dport)": 6 },
    ...{ "offsetof(struct inet_diag_msg, id.idiag_src)": 8, "offsetof(struct inet_diag_msg, id.idiag_dst)": 24 },
    ...{ "offsetof(struct inet_diag_msg, id.idiag_if)": 40, "offsetof(struct inet_diag_msg, id.idiag_cookie)": 44 },
    ...{ "offsetof(struct inet_diag_msg, idiag_expires)": 52, "offsetof(struct inet_diag_msg, idiag_inode)": 68 },
    ...{
      IFLA_ADDRESS: 1,
      IFLA_IFNAME: 3,
      IFLA_MTU: 4,
      IFLA_LINK: 5,
      IFLA_QDISC: 6,
      IFLA_MASTER: 10,
      IFLA_OPERSTATE: 16,
    },
    ...{ IFLA_LINKINFO: 18, IFLA_STATS64: 23, IFLA_PROP_LIST: 52, IFLA_ALT_IFNAME: 53, IFLA_INFO_KIND: 1 },
    ...{ IFA_ADDRESS: 1, IFA_LOCAL: 2, IFA_LABEL: 3, IFA_BROADCAST: 4, IFA_CACHEINFO: 6, IFA_FLAGS: 8 },
    ...{ RTA_DST: 1, RTA_OIF: 4, RTA_GATEWAY: 5, RTA_PRIORITY: 6, RTA_PREFSRC: 7, RTA_MULTIPATH: 9, RTA_TABLE: 15 },
    ...{ RTA_VIA: 18, SOL_NETLINK: 270, NETLINK_SOCK_DIAG: 4, SOCK_DIAG_BY_FAMILY: 20, NETLINK_EXT_ACK: 11 },
    ...{ NETLINK_CAP_ACK: 10, NETLINK_ADD_MEMBERSHIP: 1, NETLINK_DROP_MEMBERSHIP: 2 },
  };
  const names = Object.keys(expected);
  const prints = names.map((name) => `printf("%lld\\n", (long long)(${name}));`);
  const source = `#include <stddef.h>\n#include <stdio.h>\n#include <sys/socket.h>\n#include <linux/rtnetlink.h>\n#include <linux/if_link.h>
#include <linux/sock_diag.h>\n#include <linux/inet_diag.h>\nint main(void) {\n${prints.join("\n")}\nreturn 0;\n}\n`;
  const printed = Bun.spawnSync([compileC(source)])
    .stdout.toString()
    .trim()
    .split("\n")
    .map(Number);
  expect(Object.fromEntries(names.map((name, index) => [name, printed[index]]))).toEqual(expected);
});
