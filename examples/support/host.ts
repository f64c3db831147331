// A host of the command line: its first address, of a family if one is asked for.

import { AF_INET, AF_INET6, AF_UNSPEC, getAddressInfo, InetSocketAddress, SOCK_DGRAM } from "berkeley";

/** What parseArgs makes of "-4" and "-6". */
export interface FamilyFlags {
  readonly 4?: boolean | undefined;
  readonly 6?: boolean | undefined;
}

/** @throws SocketError kind "host-not-found" */
export function resolve(host: string, flags: FamilyFlags, port = 0): InetSocketAddress {
  const family = flags[4] ? AF_INET : flags[6] ? AF_INET6 : AF_UNSPEC;
  const [found] = getAddressInfo(host, `${port}`, { family, type: SOCK_DGRAM });
  if (found?.address instanceof InetSocketAddress) return found.address;
  throw new Error(`${host} has the address ${found?.address}`); // of the internet they all are
}
