// The addresses of a host, for connections and servers.

import { lookup } from "node:dns/promises";
import { platform } from "../../ffi/platform/index.ts";
import { InetAddress, InetSocketAddress } from "../address/index.ts";
import { SocketError } from "../errors.ts";

const { AF_INET, AF_INET6 } = platform.core;

// getaddrinfo(3)'s names, by those that Bun's dns gives
const CODES: Readonly<Record<string, string>> = {
  ENOTFOUND: "EAI_NONAME",
  ENODATA: "EAI_NODATA",
  DNS_ENOTFOUND: "EAI_NONAME",
  DNS_ENODATA: "EAI_NODATA",
};

/** All addresses of a host in the resolver's order; a literal address is itself. @throws (rejects) kind "host-not-found" */
export async function resolveHost(
  hostname: string,
  port: number,
  family: number | undefined,
): Promise<InetSocketAddress[]> {
  const literal = InetAddress.tryParse(hostname);
  const found = literal === undefined ? await ask(hostname) : [literal];
  const wanted = found.filter((address) => family === undefined || address.family === family);
  if (wanted.length === 0) throw notFound(hostname, "EAI_ADDRFAMILY", undefined);
  return wanted.map((address) => new InetSocketAddress(address, port));
}

async function ask(hostname: string): Promise<InetAddress[]> {
  let answers: readonly { readonly address: string; readonly family: number }[];
  try {
    answers = await lookup(hostname, { all: true, order: "verbatim" });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    throw notFound(hostname, CODES[code] ?? (code.startsWith("EAI_") ? code : "EAI_FAIL"), error);
  }
  return answers.map(({ address }) => InetAddress.parse(address));
}

function notFound(hostname: string, code: string, cause: unknown): SocketError {
  const why =
    code === "EAI_ADDRFAMILY" ? "has no address of the family that is wanted" : "is not known to the resolver";
  return new SocketError(`getaddrinfo ${hostname}: the name ${why} (${code}); check the spelling, /etc/hosts and DNS`, {
    code,
    syscall: "getaddrinfo",
    kind: "host-not-found",
    address: hostname,
    cause,
  });
}

/** Families in turn, IPv6 first, each in its own order: section 4 of RFC 8305. */
export function interleave(addresses: readonly InetSocketAddress[]): InetSocketAddress[] {
  const six = addresses.filter(({ family }) => family === AF_INET6);
  const four = addresses.filter(({ family }) => family === AF_INET);
  return Array.from({ length: Math.max(six.length, four.length) }, (_, index) => [six[index], four[index]])
    .flat()
    .filter((address) => address !== undefined);
}
