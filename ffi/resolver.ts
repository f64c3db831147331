// The questions of netdb.h: which call with which memory, and what the answer holds. Who makes the call, here or on
// another thread, is not known here.

import { addressOf, bytesAt, listAt, pointerAt, textAt, uintAt } from "./foreign.ts";
import { callHere, hasCall, type Outcome, type Parameter } from "./blocking-call.ts";
import { errnoNumber } from "./errno.ts";
import { setUint } from "./layout.ts";
import { optional } from "./library.ts";
import { LITTLE_ENDIAN } from "./memory.ts";
import { platform } from "./platform/index.ts";

const { structs } = platform;
const encoder = new TextEncoder();

/** One call to the resolver, and how its answer is read. */
export interface Question<Row> {
  /** The name of the call: "getaddrinfo". */
  readonly call: string;
  readonly parameters: readonly Parameter[];
  /** What the call has found; a number when that is an error: EAI_*, or the number that the call gives. */
  read(outcome: Outcome): Row | number;
}

function memory(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new ArrayBuffer(size));
}

/** Text for C: with its NUL; NULL for none. */
function text(value: string | null): Parameter {
  if (value === null) return 0;
  const bytes = encoder.encode(value);
  const own = memory(bytes.length + 1);
  own.set(bytes);
  return own;
}

function textIn(bytes: Uint8Array<ArrayBuffer>): string {
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
}

/** One element of what getaddrinfo(3) gives. */
export interface AddressRow {
  readonly family: number;
  readonly type: number;
  readonly protocol: number;
  /** struct sockaddr. */
  readonly address: Uint8Array<ArrayBuffer>;
  readonly canonicalName: string | undefined;
}

/** What getaddrinfo(3) is to look for. */
export interface AddressHints {
  readonly family: number;
  readonly type: number;
  readonly protocol: number;
  readonly flags: number;
}

/** `getaddrinfo(3)`. */
export function addressQuestion(
  hostname: string | null,
  service: string | null,
  { family, type, protocol, flags }: AddressHints,
): Question<AddressRow[]> {
  const { size, fields } = structs.addrinfo;
  const hints = memory(size);
  const view = new DataView(hints.buffer);
  setUint(view, 0, fields.ai_flags, flags);
  setUint(view, 0, fields.ai_family, family);
  setUint(view, 0, fields.ai_socktype, type);
  setUint(view, 0, fields.ai_protocol, protocol);
  return {
    call: "getaddrinfo",
    parameters: [text(hostname), text(service), hints, memory(8)],
    read({ result, memory: left }) {
      if (result !== 0) return result;
      const first = pointerAt(addressOf(left.at(-1) as Uint8Array<ArrayBuffer>), [0, 8]);
      const found: AddressRow[] = [];
      for (let at = first; at !== 0; at = pointerAt(at, fields.ai_next)) {
        const name = pointerAt(at, fields.ai_canonname);
        found.push({
          family: uintAt(at, fields.ai_family),
          type: uintAt(at, fields.ai_socktype),
          protocol: uintAt(at, fields.ai_protocol),
          address: bytesAt(pointerAt(at, fields.ai_addr), uintAt(at, fields.ai_addrlen)),
          // musl tells it unasked, and on every element
          canonicalName: name === 0 || (flags & platform.constants.AI_CANONNAME) === 0 ? undefined : textAt(name),
        });
      }
      if (first !== 0) optional("freeaddrinfo")?.(first); // malloc(3)'s, which any thread may give back
      return found;
    },
  };
}

const NI_MAXHOST = 1025;
const NI_MAXSERV = 32;

/** What getnameinfo(3) gives. */
export interface NameRow {
  readonly hostname: string;
  readonly service: string;
}

/** `getnameinfo(3)` of a struct sockaddr. */
export function nameQuestion(address: Uint8Array<ArrayBuffer>, flags: number): Question<NameRow> {
  return {
    call: "getnameinfo",
    parameters: [address, address.length, memory(NI_MAXHOST), NI_MAXHOST, memory(NI_MAXSERV), NI_MAXSERV, flags],
    read({ result, memory: [, hostname, service] }) {
      if (result !== 0) return result;
      return {
        hostname: textIn(hostname as Uint8Array<ArrayBuffer>),
        service: textIn(service as Uint8Array<ArrayBuffer>),
      };
    },
  };
}

/** struct hostent. */
export interface HostRow {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly family: number;
  readonly addresses: readonly Uint8Array<ArrayBuffer>[];
}

/** Whether there are calls that fill a struct hostent of the caller's. */
export function hasHostQuestions(): boolean {
  return hasCall("gethostbyname2_r") && hasCall("gethostbyaddr_r");
}

/** `gethostbyname2_r(3)`; the error is h_errno, or negative: an error number of the call's own. */
export function hostByNameQuestion(hostname: string, family: number, room: number): Question<HostRow> {
  const parameters = [text(hostname), family, ...hostMemory(room)];
  return { call: "gethostbyname2_r", parameters, read: readHost };
}

/** `gethostbyaddr_r(3)` of 4 or 16 bytes; the error as with `hostByNameQuestion`. */
export function hostByAddressQuestion(address: Uint8Array, family: number, room: number): Question<HostRow> {
  const own = memory(address.length);
  own.set(address);
  const parameters = [own, own.length, family, ...hostMemory(room)];
  return { call: "gethostbyaddr_r", parameters, read: readHost };
}

const ERANGE = errnoNumber("ERANGE");

// hostent, the memory that it points into and its size, the pointer that says whether anything was found, h_errno
function hostMemory(room: number): Parameter[] {
  return [memory(structs.hostent.size), memory(room), room, memory(8), memory(4)];
}

function readHost({ result, memory: left, addresses }: Outcome): HostRow | number {
  const [, entry, store, found, trouble] = left as [unknown, ...Uint8Array<ArrayBuffer>[]];
  if (entry === undefined || store === undefined || found === undefined || trouble === undefined) return 0;
  const why = new DataView(trouble.buffer).getInt32(0, LITTLE_ENDIAN);
  // ERANGE: the memory is too small. For TRY_AGAIN glibc returns EAGAIN; what it returns says more only where h_errno is -1
  if (result > 0) return result !== ERANGE && why > 0 ? why : -result;
  if (pointerAt(addressOf(found), [0, 8]) === 0) return why;
  // What the struct points at has come along with the memory it is in: an address is as far from its beginning as it was there
  const moved = addressOf(store) - (addresses[2] as number);
  const here = (address: number): number => (address === 0 ? 0 : address + moved);
  const { fields } = structs.hostent;
  const struct = addressOf(entry);
  const length = uintAt(struct, fields.h_length);
  const row = {
    name: textAt(here(pointerAt(struct, fields.h_name))),
    aliases: listAt(here(pointerAt(struct, fields.h_aliases))).map((at) => textAt(here(at))),
    family: uintAt(struct, fields.h_addrtype),
    addresses: listAt(here(pointerAt(struct, fields.h_addr_list))).map((at) => bytesAt(here(at), length)),
  };
  release(entry, store);
  return row;
}

// What is written to here cannot have been collected before, while its address alone was known.
function release(...pieces: readonly Uint8Array<ArrayBuffer>[]): void {
  for (const piece of pieces) piece[0] = 0;
}

/** struct servent. */
export interface ServiceRow {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly port: number;
  readonly protocol: string;
}

/** struct protoent. */
export interface ProtocolRow {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly number: number;
}

const ROOM = 16_384; // more than a line of /etc/services or /etc/protocols can have

// The plain form gives an address in memory of its own, the one with _r writes into ours: 0, or found is NULL.
function entryOf<Row>(name: string, keys: Parameter[], size: number, read: (struct: number) => Row): Row | undefined {
  const found = memory(8);
  const struct = memory(size);
  const store = memory(ROOM);
  const reentrant = callHere(`${name}_r`, [...keys, struct, store, ROOM, found]);
  const at = reentrant === undefined ? (callHere(name, keys)?.result ?? 0) : pointerAt(addressOf(found), [0, 8]);
  const row = at === 0 ? undefined : read(at);
  release(struct, store);
  return row;
}

function readService(struct: number): ServiceRow {
  const { fields } = structs.servent;
  const port = uintAt(struct, fields.s_port) & 0xffff;
  return {
    name: textAt(pointerAt(struct, fields.s_name)),
    aliases: listAt(pointerAt(struct, fields.s_aliases)).map(textAt),
    port: ((port & 0xff) << 8) | (port >>> 8), // network order
    protocol: textAt(pointerAt(struct, fields.s_proto)),
  };
}

function readProtocol(struct: number): ProtocolRow {
  const { fields } = structs.protoent;
  return {
    name: textAt(pointerAt(struct, fields.p_name)),
    aliases: listAt(pointerAt(struct, fields.p_aliases)).map(textAt),
    number: uintAt(struct, fields.p_proto),
  };
}

/** `getservbyname(3)`; undefined for a service that nobody has written down. */
export function serviceByName(name: string, protocol: string | null): ServiceRow | undefined {
  return entryOf("getservbyname", [text(name), text(protocol)], structs.servent.size, readService);
}

/** `getservbyport(3)`; undefined for a port that nobody has written down. */
export function serviceByPort(port: number, protocol: string | null): ServiceRow | undefined {
  const networkOrder = ((port & 0xff) << 8) | (port >>> 8);
  return entryOf("getservbyport", [networkOrder, text(protocol)], structs.servent.size, readService);
}

/** `getprotobyname(3)`; undefined for a protocol that nobody has written down. */
export function protocolByName(name: string): ProtocolRow | undefined {
  return entryOf("getprotobyname", [text(name)], structs.protoent.size, readProtocol);
}

/** `getprotobynumber(3)`; undefined for a number that nobody has written down. */
export function protocolByNumber(number: number): ProtocolRow | undefined {
  return entryOf("getprotobynumber", [number], structs.protoent.size, readProtocol);
}

/** `gethostname(2)`; a negative error number when it fails. */
export function gethostname(): string | number {
  const name = memory(NI_MAXHOST);
  const outcome = callHere("gethostname", [name, NI_MAXHOST - 1]);
  if (outcome === undefined || outcome.result !== 0) return -(outcome?.errno ?? 0);
  return textIn(name);
}

/** `sethostname(2)`: 0 or a negative error number; undefined where there is no such call. */
export function sethostname(name: string): number | undefined {
  const bytes = text(name) as Uint8Array<ArrayBuffer>;
  const outcome = callHere("sethostname", [bytes, bytes.length - 1]);
  if (outcome === undefined) return undefined;
  return outcome.result === 0 ? 0 : -outcome.errno;
}
