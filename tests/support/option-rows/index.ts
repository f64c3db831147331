// The table of all options of Linux.

import type { Row } from "./builders.ts";
import { ipRows } from "./ip.ts";
import { ipv6Rows } from "./ipv6.ts";
import { linuxRows, socketRows } from "./socket.ts";
import { tcpRows, udpRows } from "./transport.ts";

/** Every option of Linux, at least once. */
export const rows: readonly Row[] = [...socketRows, ...linuxRows, ...ipRows, ...ipv6Rows, ...tcpRows, ...udpRows];
