// What the system knows of a socket that nobody here has made: SO_DOMAIN and SO_PROTOCOL, or WSAPROTOCOL_INFOW, which has both.

import { getsockopt } from "./calls.ts";
import { getInt } from "./layout.ts";
import { platform } from "./platform/index.ts";
import type { Field } from "./platform/platform.ts";

const { SOL_SOCKET, SO_DOMAIN, SO_PROTOCOL, SO_PROTOCOL_INFOW } = platform.core;
const info = platform.structs["WSAPROTOCOL_INFOW"];
const answer = new DataView(new ArrayBuffer(Math.max(info?.size ?? 0, 4)));
const INT: Field = [0, 4];

function ask(fd: number, option: number | undefined, field: string): number | undefined {
  const own = option === undefined && SO_PROTOCOL_INFOW !== undefined;
  const name = own ? SO_PROTOCOL_INFOW : option;
  if (name === undefined || getsockopt(fd, SOL_SOCKET, name, answer) < 0) return undefined;
  return getInt(answer, 0, own ? (info?.fields[field] ?? INT) : INT);
}

/** AF_*, or undefined where the system does not tell. */
export function familyOf(fd: number): number | undefined {
  return ask(fd, SO_DOMAIN, "iAddressFamily");
}

/** IPPROTO_*, or undefined where the system does not tell. */
export function protocolOf(fd: number): number | undefined {
  return ask(fd, SO_PROTOCOL, "iProtocol");
}
