// An IPv4 or IPv6 address with a port: ip(7), ipv6(7).

import { platform } from "../../ffi/platform/index.ts";
import { sockaddr } from "../../ffi/structs/sockaddr.ts";
import { integer, port as portNumber, record, show } from "../arguments.ts";
import { bytesOf, InetAddress } from "./inet-address.ts";
import { scopeIndex } from "./interface.ts";
import { Encoded, nativeBytes, registerFamily, SocketAddress } from "./socket-address.ts";

const { AF_INET, AF_INET6 } = platform.core;

let mappedInside: (address: InetSocketAddress) => Uint8Array<ArrayBuffer>;

/** What an IPv6 socket address has beside address and port. */
export interface InetSocketAddressOptions {
  /** Traffic class and flow label: a 32-bit number in host order; IPv6 only. Default 0. */
  readonly flowInfo?: number | undefined;
  /** The index of the interface that a link-local address belongs to; IPv6 only. Default: the zone of the address, or 0. */
  readonly scopeId?: number | undefined;
}

/**
 * An IPv4 or IPv6 address with a port.
 *
 * @example
 * new InetSocketAddress("127.0.0.1", 53)
 * new InetSocketAddress("fe80::1%eth0", 5353)
 */
export class InetSocketAddress extends SocketAddress {
  #address: InetAddress | undefined;
  #mapped: Uint8Array<ArrayBuffer> | undefined;

  /**
   * `address`: InetAddress or its text (no names); `port`: 0 to 65535.
   *
   * @throws TypeError, RangeError
   * @throws SocketError kind "no-such-device" when the zone names an interface that is not there
   */
  constructor(address: InetAddress | string, port: number, options?: InetSocketAddressOptions);
  /** From bytes of the kernel: internal. */
  constructor(encoded: Encoded);
  constructor(address: InetAddress | string | Encoded, port?: number, options?: InetSocketAddressOptions) {
    super(address instanceof Encoded ? address : encode(address, port, options));
  }

  static {
    mappedInside = (address) => {
      if (address.family !== AF_INET) return nativeBytes(address);
      address.#mapped ??= sockaddr.encodeInet6({
        address: bytesOf(address.address.mapped()),
        port: address.port,
        flowInfo: 0,
        scopeId: 0,
      });
      return address.#mapped;
    };
  }

  /** The address without the port; an IPv6 address with a scope has it as its zone. */
  get address(): InetAddress {
    this.#address ??= this.#decode();
    return this.#address;
  }

  #decode(): InetAddress {
    const bytes = nativeBytes(this);
    if (this.family === AF_INET) return InetAddress.fromBytes(sockaddr.inetAddress(bytes));
    const scopeId = this.scopeId;
    return InetAddress.fromBytes(sockaddr.inet6Address(bytes), scopeId === 0 ? undefined : scopeId);
  }

  /** 0 to 65535. */
  get port(): number {
    return this.family === AF_INET ? sockaddr.inetPort(nativeBytes(this)) : sockaddr.inet6Port(nativeBytes(this));
  }

  /** Traffic class and flow label in host order; 0 for IPv4. */
  get flowInfo(): number {
    return this.family === AF_INET ? 0 : sockaddr.inet6FlowInfo(nativeBytes(this));
  }

  /** The interface index that a link-local IPv6 address belongs to; 0 for none and for IPv4. */
  get scopeId(): number {
    return this.family === AF_INET ? 0 : sockaddr.inet6ScopeId(nativeBytes(this));
  }

  /** The IPv4 address in a v4-mapped one (`::ffff:1.2.3.4`), as a dual-stack socket gets it; any other address is itself. */
  unmapped(): InetSocketAddress {
    return this.address.isV4Mapped ? new InetSocketAddress(this.address.unmapped(), this.port) : this;
  }

  /** `127.0.0.1:53`, `[::1]:53`, `[fe80::1%4]:53`. */
  override toString(): string {
    return this.family === AF_INET ? `${this.address}:${this.port}` : `[${this.address}]:${this.port}`;
  }
}

/** The bytes with which an AF_INET6 socket is told this address: IPv4 becomes v4-mapped (RFC 3493, section 3.7). Internal. */
export function mappedBytes(address: InetSocketAddress): Uint8Array<ArrayBuffer> {
  return mappedInside(address);
}

function encode(address: unknown, port: unknown, options: InetSocketAddressOptions | undefined): Encoded {
  const inet = typeof address === "string" ? InetAddress.parse(address) : address;
  if (!(inet instanceof InetAddress)) {
    throw new TypeError(`address must be an InetAddress or its text, not ${show(address)}`);
  }
  const number = portNumber(port);
  if (options !== undefined) record(options, "options", "{ flowInfo, scopeId }");
  const flowInfo = options?.flowInfo === undefined ? 0 : integer(options.flowInfo, "flowInfo", 0, 0xffff_ffff);
  const given = options?.scopeId === undefined ? undefined : integer(options.scopeId, "scopeId", 0, 0xffff_ffff);
  if (inet.family === AF_INET) {
    if (flowInfo !== 0 || (given ?? 0) !== 0) throw new TypeError("flowInfo and scopeId belong to IPv6 addresses only");
    return new Encoded(sockaddr.encodeInet(bytesOf(inet), number));
  }
  const scopeId = given ?? (inet.zone === undefined ? 0 : scopeIndex(inet.zone));
  return new Encoded(sockaddr.encodeInet6({ address: bytesOf(inet), port: number, flowInfo, scopeId }));
}

registerFamily(AF_INET, (bytes) =>
  bytes.length < sockaddr.inetSize ? undefined : new InetSocketAddress(new Encoded(bytes.slice(0, sockaddr.inetSize))),
);
registerFamily(AF_INET6, (bytes) =>
  bytes.length < sockaddr.inet6Size
    ? undefined
    : new InetSocketAddress(new Encoded(bytes.slice(0, sockaddr.inet6Size))),
);
