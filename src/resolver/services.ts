// What the files of a host say: services, protocols, the host's own name. services(5), protocols(5), gethostname(2).

import {
  gethostname,
  protocolByName,
  protocolByNumber,
  type ProtocolRow,
  serviceByName,
  serviceByPort,
  type ServiceRow,
  sethostname,
} from "../../ffi/resolver.ts";
import { integer, port as portNumber, show } from "../arguments.ts";
import { failed, notSupported, SocketError } from "../errors.ts";

/** A service: struct servent. */
export type Service = ServiceRow;

/** A protocol: struct protoent. */
export type Protocol = ProtocolRow;

function text(value: unknown, name: string): string {
  if (typeof value !== "string" || value === "" || value.includes("\0"))
    throw new TypeError(`${name} must be a text without NUL, not ${show(value)}`);
  return value;
}

function transport(value: unknown): string | null {
  return value === undefined ? null : text(value, "protocol");
}

function known<Row>(row: Row | undefined, syscall: string, key: string, file: string): Row {
  if (row !== undefined) return row;
  throw new SocketError(`${syscall} ${key}: not known to this host; look at ${file}`, {
    code: "ENOENT",
    syscall,
    kind: "not-found",
    address: key,
  });
}

/** `getServiceByName` of the public face. */
export function serviceNamed(name: unknown, protocol: unknown): Service {
  const key = text(name, "name");
  return known(serviceByName(key, transport(protocol)), "getservbyname", key, "/etc/services");
}

/** `getServiceByPort` of the public face. */
export function serviceAt(port: unknown, protocol: unknown): Service {
  const number = portNumber(port);
  return known(serviceByPort(number, transport(protocol)), "getservbyport", String(number), "/etc/services");
}

/** `getProtocolByName` of the public face. */
export function protocolNamed(name: unknown): Protocol {
  const key = text(name, "name");
  return known(protocolByName(key), "getprotobyname", key, "/etc/protocols");
}

/** `getProtocolByNumber` of the public face. */
export function protocolNumbered(number: unknown): Protocol {
  const key = integer(number, "number", 0, 0xff_ffff);
  return known(protocolByNumber(key), "getprotobynumber", String(key), "/etc/protocols");
}

/** `hostname` of the public face. */
export function localName(): string {
  const name = gethostname();
  if (typeof name === "number") throw failed(name, { syscall: "gethostname" });
  return name;
}

/** `setHostname` of the public face. */
export function renameHost(name: unknown): void {
  const result = sethostname(text(name, "name"));
  if (result === undefined) throw notSupported("sethostname", "this system has no such call; use its settings");
  if (result < 0) throw failed(result, { syscall: "sethostname", address: String(name) });
}
