// struct sockaddr_in, sockaddr_in6 and sockaddr_un, by the layout data of a platform record: ip(7), ipv6(7), unix(7).

import { getUint, setUint } from "../layout.ts";
import { LITTLE_ENDIAN } from "../memory.ts";
import { platform as current } from "../platform/index.ts";
import type { Field, Platform } from "../platform/platform.ts";

/** The fields of an IPv6 socket address. */
export interface Inet6Fields {
  readonly address: Uint8Array;
  readonly port: number;
  /** Flow label and traffic class, as a number in host order. */
  readonly flowInfo: number;
  readonly scopeId: number;
}

/** Reads and writes socket addresses as one OS lays them out. */
export interface SockaddrCodec {
  /** The family in the header, or undefined where there is none to read. */
  family(bytes: Uint8Array<ArrayBuffer>): number | undefined;
  /** A header for other families: sa_family, and sa_len where there is one. */
  writeHeader(bytes: Uint8Array<ArrayBuffer>, family: number): void;
  encodeInet(address: Uint8Array, port: number): Uint8Array<ArrayBuffer>;
  encodeInet6(fields: Inet6Fields): Uint8Array<ArrayBuffer>;
  /** sun_path as given, and nothing after it. */
  encodeUnix(path: Uint8Array): Uint8Array<ArrayBuffer>;
  inetAddress(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>;
  inet6Address(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>;
  inetPort(bytes: Uint8Array<ArrayBuffer>): number;
  inet6Port(bytes: Uint8Array<ArrayBuffer>): number;
  inet6FlowInfo(bytes: Uint8Array<ArrayBuffer>): number;
  inet6ScopeId(bytes: Uint8Array<ArrayBuffer>): number;
  /** All of sun_path that is there. */
  unixPath(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>;
  readonly inetSize: number;
  readonly inet6Size: number;
  /** How many bytes sun_path has. */
  readonly unixPathCapacity: number;
}

/** The codec for a platform record. */
export function sockaddrCodec({ structs, core }: Pick<Platform, "structs" | "core">): SockaddrCodec {
  const { sockaddr, sockaddr_in, sockaddr_in6, sockaddr_un } = structs;
  const [pathOffset, pathCapacity] = sockaddr_un.fields.sun_path;
  const viewOf = (bytes: Uint8Array<ArrayBuffer>): DataView =>
    new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const bigEndian = (bytes: Uint8Array<ArrayBuffer>, [offset, size]: Field): number =>
    size === 2 ? viewOf(bytes).getUint16(offset) : viewOf(bytes).getUint32(offset);
  const part = (bytes: Uint8Array<ArrayBuffer>, [offset, size]: Field): Uint8Array<ArrayBuffer> =>
    bytes.slice(offset, offset + size);

  function writeHeader(bytes: Uint8Array<ArrayBuffer>, family: number): void {
    const view = viewOf(bytes);
    if (sockaddr.fields.sa_len !== undefined) setUint(view, 0, sockaddr.fields.sa_len, bytes.length);
    setUint(view, 0, sockaddr.fields.sa_family, family);
  }

  function make(size: number, family: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(new ArrayBuffer(size));
    writeHeader(bytes, family);
    return bytes;
  }

  return {
    inetSize: sockaddr_in.size,
    inet6Size: sockaddr_in6.size,
    unixPathCapacity: pathCapacity,
    writeHeader,
    family(bytes) {
      const [offset, size] = sockaddr.fields.sa_family;
      return bytes.length < offset + size ? undefined : getUint(viewOf(bytes), 0, sockaddr.fields.sa_family);
    },
    encodeInet(address, port) {
      const bytes = make(sockaddr_in.size, core.AF_INET);
      viewOf(bytes).setUint16(sockaddr_in.fields.sin_port[0], port);
      bytes.set(address, sockaddr_in.fields.sin_addr[0]);
      return bytes;
    },
    encodeInet6({ address, port, flowInfo, scopeId }) {
      const bytes = make(sockaddr_in6.size, core.AF_INET6);
      const view = viewOf(bytes);
      view.setUint16(sockaddr_in6.fields.sin6_port[0], port);
      view.setUint32(sockaddr_in6.fields.sin6_flowinfo[0], flowInfo); // network order: RFC 3493, section 3.3
      bytes.set(address, sockaddr_in6.fields.sin6_addr[0]);
      view.setUint32(sockaddr_in6.fields.sin6_scope_id[0], scopeId, LITTLE_ENDIAN); // host order, unlike its neighbours
      return bytes;
    },
    encodeUnix(path) {
      const bytes = make(pathOffset + path.length, core.AF_UNIX);
      bytes.set(path, pathOffset);
      return bytes;
    },
    inetAddress: (bytes) => part(bytes, sockaddr_in.fields.sin_addr),
    inet6Address: (bytes) => part(bytes, sockaddr_in6.fields.sin6_addr),
    inetPort: (bytes) => bigEndian(bytes, sockaddr_in.fields.sin_port),
    inet6Port: (bytes) => bigEndian(bytes, sockaddr_in6.fields.sin6_port),
    inet6FlowInfo: (bytes) => bigEndian(bytes, sockaddr_in6.fields.sin6_flowinfo),
    inet6ScopeId: (bytes) => viewOf(bytes).getUint32(sockaddr_in6.fields.sin6_scope_id[0], LITTLE_ENDIAN),
    unixPath: (bytes) => bytes.slice(pathOffset),
  };
}

/** The codec of this OS. */
export const sockaddr: SockaddrCodec = sockaddrCodec(current);
