// getaddrinfo(3) and getnameinfo(3).

import { domainToASCII } from "node:url";
import { platform } from "../../ffi/platform/index.ts";
import { type AddressHints, addressQuestion, type AddressRow, nameQuestion, type NameRow } from "../../ffi/resolver.ts";
import {
  decodeSocketAddress,
  InetAddress,
  type SocketAddress,
  type SocketAddressLike,
  toSocketAddress,
} from "../address/index.ts";
import { int32, integer, type OptionNames, record, refuseUnknown, show } from "../arguments.ts";
import { End, type EndOptions } from "../wait/end.ts";
import { askElsewhere, askHere } from "./ask.ts";
import { lookupFailed } from "./failure.ts";

const { constants } = platform;
const { AI_NUMERICHOST, AI_NUMERICSERV, EAI_NONAME, NI_NUMERICHOST } = constants;

/** One way to reach a service: what `new Socket(family, type, protocol)` and `connect(address)` take. */
export interface AddressInfo {
  /** AF_INET or AF_INET6. */
  readonly family: number;
  /** SOCK_STREAM, SOCK_DGRAM or SOCK_RAW. */
  readonly type: number;
  /** IPPROTO_*. */
  readonly protocol: number;
  readonly address: SocketAddress;
  /** The host's real name: on the first element only, and only with AI_CANONNAME. */
  readonly canonicalName?: string | undefined;
}

/** What `getAddressInfo` is to look for; 0 stands for "any". */
export interface AddressInfoOptions {
  /** AF_INET, AF_INET6 or AF_UNSPEC (the default). */
  readonly family?: number;
  /** SOCK_*: without it each address comes once for each type that has the service. */
  readonly type?: number;
  /** IPPROTO_*. */
  readonly protocol?: number;
  /** AI_*. */
  readonly flags?: number;
}

/** What `getAddressInfoAsync` takes beyond that. */
export interface AddressInfoAsyncOptions extends AddressInfoOptions, EndOptions {}

/** A host and a service by name. */
export interface NameInfo {
  readonly hostname: string;
  readonly service: string;
}

interface Asked {
  readonly hostname: string | null;
  readonly service: string | null;
  readonly hints: AddressHints;
  readonly target: string;
}

/** A host name for the resolver: names beyond ASCII as IDNA; what DNS could not carry is refused here. */
export function hostnameFor(value: unknown, name = "hostname"): string {
  if (typeof value !== "string") throw new TypeError(`${name} must be a host name or an address, not ${show(value)}`);
  if (value.includes("\0")) throw new TypeError(`${name} ${show(value)} has a NUL in it`);
  // what URL.hostname gives for IPv6
  const inner = value.startsWith("[") && value.endsWith("]") ? value.slice(1, -1) : "";
  if (inner.includes(":") && InetAddress.tryParse(inner) !== undefined) return inner;
  const [, host, port] = /^(\[.*\]|[^:]*):(\d+)$/.exec(value) ?? [];
  if (port !== undefined)
    throw new TypeError(`${name} ${show(value)} has a port in it: give ${show(host)} and ${port} apart`);
  // oxlint-disable-next-line no-control-regex
  const ascii = /^[\x00-\x7f]*$/.test(value) ? value : domainToASCII(value);
  if (ascii === "" && value !== "")
    throw new TypeError(`${name} ${show(value)} cannot be written as a domain name (IDNA)`);
  const labels = ascii.replace(/\.$/, "").split(".");
  if (ascii !== "" && labels.some((label) => label === "" || label.length > 63))
    throw new RangeError(`${name} ${show(value)} has a part that is empty or longer than 63 bytes (RFC 1035, 2.3.4)`);
  return ascii;
}

// A port that is too large is refused: glibc would go on with what is left of it after 65536.
function serviceFor(value: unknown, name: string): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value === "number") return String(integer(value, name, 0, 65_535));
  if (typeof value !== "string") throw new TypeError(`${name} must be a name or a port number, not ${show(value)}`);
  if (value.includes("\0")) throw new TypeError(`${name} ${show(value)} has a NUL in it`);
  if (/^\s*[-+]?\d+\s*$/.test(value)) integer(Number(value), name, 0, 65_535);
  return value;
}

const HINTS: OptionNames<AddressInfoOptions> = { family: true, type: true, protocol: true, flags: true };
const ENDS: OptionNames<EndOptions> = { timeout: true, signal: true, cancellable: true };
const HINTS_AND_ENDS: OptionNames<AddressInfoAsyncOptions> = { ...HINTS, ...ENDS };

function check(hostname: unknown, service: unknown, options: AddressInfoOptions, serviceName = "service"): Asked {
  const constant = (name: "family" | "type" | "protocol" | "flags"): number => {
    if (!(name in options)) return 0;
    return int32(options[name], name);
  };
  const hints = {
    family: constant("family"),
    type: constant("type"),
    protocol: constant("protocol"),
    flags: constant("flags"),
  };
  const host = hostname === null || hostname === undefined ? null : hostnameFor(hostname);
  const port = serviceFor(service, serviceName);
  return { hostname: host, service: port, hints, target: `${host ?? "*"}${port === null ? "" : `:${port}`}` };
}

function rows(found: AddressRow[]): AddressInfo[] {
  return found.flatMap(({ family, type, protocol, address: bytes, canonicalName }) => {
    const address = decodeSocketAddress(bytes);
    if (address === null) return [];
    const info = { family, type, protocol, address };
    return canonicalName === undefined ? info : { ...info, canonicalName };
  });
}

/** `getAddressInfo` of the public face; `serviceName` is what errors call the service. */
export function lookUp(
  hostname: unknown,
  service: unknown,
  options: AddressInfoOptions | undefined,
  serviceName?: string,
): AddressInfo[] {
  if (options !== undefined) refuseUnknown(record(options, "options", "{ family, type, protocol, flags }"), HINTS);
  const asked = check(hostname, service, options ?? {}, serviceName);
  const { found, errno } = askHere(addressQuestion(asked.hostname, asked.service, asked.hints));
  if (typeof found === "number") throw lookupFailed(found, errno, "getaddrinfo", asked.target);
  return rows(found);
}

/** `getAddressInfoAsync` of the public face. */
export async function lookUpAsync(
  hostname: unknown,
  service: unknown,
  options: AddressInfoAsyncOptions | undefined,
): Promise<AddressInfo[]> {
  if (options !== undefined)
    refuseUnknown(record(options, "options", "{ family, type, protocol, flags }"), HINTS_AND_ENDS);
  const asked = check(hostname, service, options ?? {});
  using end = new End(options ?? {}, "getaddrinfo", asked.target);
  const { found, errno } = quickly(asked) ?? (await end.orEnded(askElsewhere(questionOf(asked, 0))));
  if (typeof found === "number") throw lookupFailed(found, errno, "getaddrinfo", asked.target);
  return rows(found);
}

function questionOf({ hostname, service, hints }: Asked, more: number): ReturnType<typeof addressQuestion> {
  return addressQuestion(hostname, service, { ...hints, flags: hints.flags | more });
}

// What is no name needs no name server, and so no thread.
function quickly(asked: Asked): ReturnType<typeof askHere<AddressRow[]>> | undefined {
  const numericService = asked.service === null || /^\d+$/.test(asked.service);
  if (!numericService) return undefined;
  const numeric = AI_NUMERICHOST | (asked.service === null ? 0 : AI_NUMERICSERV);
  const answer = askHere(questionOf(asked, asked.hostname === null ? 0 : numeric));
  const mayBeName = asked.hostname !== null && (asked.hints.flags & AI_NUMERICHOST) === 0;
  return mayBeName && answer.found === EAI_NONAME ? undefined : answer;
}

function nameAsked(
  address: SocketAddressLike,
  flags: unknown,
): { question: ReturnType<typeof nameQuestion>; target: string } {
  const { bytes, text } = bytesOf(address);
  return { question: nameQuestion(bytes, flags === undefined ? 0 : int32(flags, "flags")), target: text };
}

function bytesOf(value: SocketAddressLike): { bytes: Uint8Array<ArrayBuffer>; text: string } {
  const address = toSocketAddress(value);
  const bytes = address.toBytes();
  const own = new Uint8Array(new ArrayBuffer(bytes.length));
  own.set(bytes);
  return { bytes: own, text: address.toString() };
}

function nameOf({ found, errno }: { found: NameRow | number; errno: number }, target: string): NameInfo {
  if (typeof found === "number") throw lookupFailed(found, errno, "getnameinfo", target);
  return found;
}

/** `getNameInfo` of the public face. */
export function nameFor(address: SocketAddressLike, flags: unknown): NameInfo {
  const { question, target } = nameAsked(address, flags);
  return nameOf(askHere(question), target);
}

/** `getNameInfoAsync` of the public face. */
export async function nameForAsync(
  address: SocketAddressLike,
  flags: unknown,
  options: EndOptions = {},
): Promise<NameInfo> {
  const { question, target } = nameAsked(address, flags);
  refuseUnknown(record(options, "options", "{ timeout, signal, cancellable }"), ENDS);
  using end = new End(options, "getnameinfo", target);
  const numeric = flags !== undefined && (Number(flags) & NI_NUMERICHOST) !== 0;
  return nameOf(numeric ? askHere(question) : await end.orEnded(askElsewhere(question)), target);
}
