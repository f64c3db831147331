// The addresses of a host, for connections and servers.

import { platform } from "../../ffi/platform/index.ts";
import { InetSocketAddress } from "../address/index.ts";
import { getAddressInfoAsync } from "../resolver/index.ts";

const { AF_INET, AF_INET6, AF_UNSPEC, SOCK_STREAM } = platform.core;

/** All addresses of a host in the resolver's order; a literal address is itself. @throws (rejects) kind "host-not-found" */
export async function resolveHost(
  hostname: string,
  port: number,
  family: number = AF_UNSPEC,
): Promise<InetSocketAddress[]> {
  const found = await getAddressInfoAsync(hostname, port, { family, type: SOCK_STREAM });
  return found.map(({ address }) => address).filter((address) => address instanceof InetSocketAddress);
}

/** Families in turn, IPv6 first, each in its own order: section 4 of RFC 8305. */
export function interleave(addresses: readonly InetSocketAddress[]): InetSocketAddress[] {
  const six = addresses.filter(({ family }) => family === AF_INET6);
  const four = addresses.filter(({ family }) => family === AF_INET);
  return Array.from({ length: Math.max(six.length, four.length) }, (_, index) => [six[index], four[index]])
    .flat()
    .filter((address) => address !== undefined);
}
