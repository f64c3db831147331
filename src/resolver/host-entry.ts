// Hosts as the older calls tell of them, with aliases: gethostbyname(3), gethostbyaddr(3).

import { errnoNumber } from "../../ffi/errno.ts";
import { platform } from "../../ffi/platform/index.ts";
import {
  hasHostQuestions,
  hostByAddressQuestion,
  hostByNameQuestion,
  type HostRow,
  type Question,
} from "../../ffi/resolver.ts";
import { InetAddress, InetSocketAddress } from "../address/index.ts";
import { record, show } from "../arguments.ts";
import { SocketError } from "../errors.ts";
import { End, type EndOptions } from "../wait/end.ts";
import { type AddressInfo, hostnameFor, lookUp, lookUpAsync, nameFor, nameForAsync } from "./address-info.ts";
import { askElsewhere, askHere } from "./ask.ts";
import { hostLookupFailed } from "./failure.ts";
import { localName } from "./services.ts";

const { constants, core } = platform;
const ERANGE = errnoNumber("ERANGE");

/** A host: struct hostent. */
export interface HostEntry {
  /** Its real name. */
  readonly name: string;
  /** Its other names. Empty on macOS and Windows, whose thread-safe calls do not tell them. */
  readonly aliases: readonly string[];
  readonly addresses: readonly InetAddress[];
}

function familyFor(value: unknown): number {
  if (value === undefined || value === core.AF_INET) return core.AF_INET;
  if (value === core.AF_INET6) return core.AF_INET6;
  throw new TypeError(`family must be AF_INET or AF_INET6, not ${show(value)}`);
}

function addressFor(value: unknown): InetAddress {
  if (value instanceof InetAddress) return value;
  if (typeof value !== "string") throw new TypeError(`address must be an IP address, not ${show(value)}`);
  return InetAddress.parse(value);
}

function entry({ name, aliases, addresses }: HostRow): HostEntry {
  return { name, aliases, addresses: addresses.map((bytes) => InetAddress.fromBytes(bytes)) };
}

function fromInfo(found: readonly AddressInfo[], asked: string): HostEntry {
  const addresses = found.flatMap(({ address }) => (address instanceof InetSocketAddress ? address.address : []));
  return { name: found[0]?.canonicalName ?? asked, aliases: [], addresses };
}

// The calls say when the memory was too small: they are asked again with more. One text for here and elsewhere.
function* asking(
  questionFor: (room: number) => Question<HostRow>,
  target: string,
): Generator<Question<HostRow>, HostEntry, HostRow | number> {
  for (let room = 4096; ; room *= 4) {
    const question = questionFor(room);
    const found = yield question;
    if (typeof found !== "number") return entry(found);
    if (found !== -ERANGE || room > 1_000_000) throw hostLookupFailed(found, question.call, target);
  }
}

function here(questions: ReturnType<typeof asking>): HostEntry {
  let step = questions.next();
  while (step.done !== true) step = questions.next(askHere(step.value).found);
  return step.value;
}

async function elsewhere(
  questions: ReturnType<typeof asking>,
  options: EndOptions,
  target: string,
): Promise<HostEntry> {
  using end = new End(options, "gethostbyname", target);
  let step = questions.next();
  while (step.done !== true) step = questions.next((await end.orEnded(askElsewhere(step.value))).found);
  return step.value;
}

/** `getHostByName` of the public face. */
export function hostByName(hostname: unknown, family: unknown): HostEntry {
  const [name, wanted] = [hostnameFor(hostname), familyFor(family)];
  if (hasHostQuestions()) return here(asking((room) => hostByNameQuestion(name, wanted, room), name));
  return fromInfo(lookUp(name, null, canonical(wanted)), name);
}

function canonical(family: number): { family: number; type: number; flags: number } {
  return { family, type: core.SOCK_STREAM, flags: constants.AI_CANONNAME };
}

/** `getHostByNameAsync` of the public face. */
export async function hostByNameAsync(
  hostname: unknown,
  family: unknown,
  options: EndOptions = {},
): Promise<HostEntry> {
  const [name, wanted] = [hostnameFor(hostname), familyFor(family)];
  if (hasHostQuestions())
    return elsewhere(
      asking((room) => hostByNameQuestion(name, wanted, room), name),
      options,
      name,
    );
  // not spread: what is no object shall be told as such, and has no say in what is looked up
  const { timeout, signal, cancellable } = record(options, "options");
  return fromInfo(await lookUpAsync(name, null, { ...canonical(wanted), timeout, signal, cancellable }), name);
}

/** `getHostByAddress` of the public face. */
export function hostByAddress(address: unknown): HostEntry {
  const wanted = addressFor(address);
  if (hasHostQuestions()) return named(here(asking(byAddress(wanted), wanted.toString())), wanted);
  return fromName(nameFor(new InetSocketAddress(wanted, 0), constants.NI_NAMEREQD).hostname, wanted);
}

/** `getHostByAddressAsync` of the public face. */
export async function hostByAddressAsync(address: unknown, options: EndOptions = {}): Promise<HostEntry> {
  const wanted = addressFor(address);
  if (hasHostQuestions()) {
    return named(await elsewhere(asking(byAddress(wanted), wanted.toString()), options, wanted.toString()), wanted);
  }
  const { hostname } = await nameForAsync(new InetSocketAddress(wanted, 0), constants.NI_NAMEREQD, options);
  return fromName(hostname, wanted);
}

// musl takes the address for the name where nobody knows one
function named(host: HostEntry, address: InetAddress): HostEntry {
  if (InetAddress.tryParse(host.name)?.equals(address) !== true) return host;
  throw hostLookupFailed(1, "gethostbyaddr", address.toString()); // HOST_NOT_FOUND
}

function byAddress(address: InetAddress): (room: number) => Question<HostRow> {
  return (room) => hostByAddressQuestion(address.toBytes(), address.family, room);
}

function fromName(name: string, address: InetAddress): HostEntry {
  return { name, aliases: [], addresses: [address] };
}

function nameToQualify(value: unknown): string {
  const name = value === undefined ? "" : hostnameFor(value).trim();
  return name === "" || name === "0.0.0.0" || name === "::" ? localName() : name;
}

function first(found: readonly AddressInfo[], name: string): InetAddress {
  const address = found[0]?.address;
  if (address instanceof InetSocketAddress) return address.address;
  throw hostLookupFailed(4, "getaddrinfo", name); // NO_DATA
}

// As Python's getfqdn: of all names of the host's first address the first with a dot in it; else the name as it was
function qualified({ name, aliases }: HostEntry): string {
  return [name, ...aliases].find((candidate) => candidate.includes(".")) ?? name;
}

function unknownHost(error: unknown): boolean {
  return error instanceof SocketError && error.kind !== "cancelled" && error.kind !== "timed-out";
}

/** `getFullyQualifiedName` of the public face. */
export function qualifiedName(value: unknown): string {
  const name = nameToQualify(value);
  try {
    return qualified(hostByAddress(InetAddress.tryParse(name) ?? first(lookUp(name, 0, {}), name)));
  } catch (error) {
    if (unknownHost(error)) return name;
    throw error;
  }
}

/** `getFullyQualifiedNameAsync` of the public face. */
export async function qualifiedNameAsync(value: unknown, options: EndOptions = {}): Promise<string> {
  const name = nameToQualify(value);
  try {
    const address = InetAddress.tryParse(name) ?? first(await lookUpAsync(name, 0, options), name);
    return qualified(await hostByAddressAsync(address, options));
  } catch (error) {
    if (unknownHost(error)) return name;
    throw error;
  }
}
