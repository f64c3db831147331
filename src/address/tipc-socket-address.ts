// Addresses of AF_TIPC: Documentation/networking/tipc.rst of the kernel, <linux/tipc.h>.

import { integer } from "../arguments.ts";
import { codecOf, fieldsOf, uint32 } from "./family.ts";
import { Encoded, nativeBytes, SocketAddress } from "./socket-address.ts";

const codec = codecOf("sockaddr_tipc", "AF_TIPC");
const RANGE = 1; // TIPC_SERVICE_RANGE
const SERVICE = 2; // TIPC_SERVICE_ADDR
const SOCKET = 3; // TIPC_SOCKET_ADDR
const CLUSTER_SCOPE = 2;

/** What all TIPC addresses have. */
export interface TipcScope {
  /** TIPC_CLUSTER_SCOPE (2), the default, or TIPC_NODE_SCOPE (3); negative takes a name back in bind(2). */
  readonly scope?: number | undefined;
}

/** A range of instances of a service: TIPC_SERVICE_RANGE. */
export interface TipcServiceRange extends TipcScope {
  readonly type: number;
  readonly lower: number;
  readonly upper: number;
}

/** One instance of a service: TIPC_SERVICE_ADDR. */
export interface TipcService extends TipcScope {
  readonly type: number;
  readonly instance: number;
  /** The node where to look for it. Default 0: anywhere. */
  readonly domain?: number | undefined;
}

/** One socket: TIPC_SOCKET_ADDR. */
export interface TipcSocketId extends TipcScope {
  readonly node: number;
  readonly ref: number;
}

/**
 * The address of a TIPC socket: `struct sockaddr_tipc` of <linux/tipc.h>. All numbers are 32 bits. Linux.
 *
 * @example
 * server.bind(new TipcSocketAddress({ type: 18888, lower: 0, upper: 99 }));
 * client.connect(new TipcSocketAddress({ type: 18888, instance: 17 }));
 */
export class TipcSocketAddress extends SocketAddress {
  /** @throws TypeError, RangeError naming the field; SocketError kind "not-supported" elsewhere */
  constructor(fields: TipcServiceRange | TipcService | TipcSocketId | Encoded) {
    super(fields instanceof Encoded ? fields : encode(fields));
  }

  #read(field: string, addressType: number): number | undefined {
    const bytes = nativeBytes(this);
    return codec.get(bytes, "addrtype") === addressType ? codec.get(bytes, field) : undefined;
  }

  /** Which kind it is. */
  get form(): "range" | "service" | "id" {
    const type = codec.get(nativeBytes(this), "addrtype");
    if (type === RANGE) return "range";
    return type === SERVICE ? "service" : "id";
  }

  /** How far the name is known, -128 to 127. */
  get scope(): number {
    return (codec.get(nativeBytes(this), "scope") << 24) >> 24;
  }

  /** The type of the service; undefined for a socket ID. */
  get type(): number | undefined {
    return this.#read("addr.nameseq.type", RANGE) ?? this.#read("addr.name.name.type", SERVICE);
  }

  /** The first instance of a range; undefined in other forms. */
  get lower(): number | undefined {
    return this.#read("addr.nameseq.lower", RANGE);
  }

  /** The last instance of a range; undefined in other forms. */
  get upper(): number | undefined {
    return this.#read("addr.nameseq.upper", RANGE);
  }

  /** The instance of a service; undefined in other forms. */
  get instance(): number | undefined {
    return this.#read("addr.name.name.instance", SERVICE);
  }

  /** Where a service is looked for; undefined in other forms. */
  get domain(): number | undefined {
    return this.#read("addr.name.domain", SERVICE);
  }

  /** The node of a socket ID; undefined in other forms. */
  get node(): number | undefined {
    return this.#read("addr.id.node", SOCKET);
  }

  /** The reference of a socket ID; undefined in other forms. */
  get ref(): number | undefined {
    return this.#read("addr.id.ref", SOCKET);
  }

  /** `tipc {18888, 0, 99}`, `tipc {18888, 17}`, `tipc node 5 ref 7` */
  override toString(): string {
    const { form, type } = this;
    if (form === "range") return `tipc {${type}, ${this.lower}, ${this.upper}}`;
    return form === "service" ? `tipc {${type}, ${this.instance}}` : `tipc node ${this.node} ref ${this.ref}`;
  }
}

function encode(fields: TipcServiceRange | TipcService | TipcSocketId): Encoded {
  fieldsOf(fields, "{ type, instance }");
  const scope = integer(fields.scope ?? CLUSTER_SCOPE, "scope", -128, 127) & 0xff;
  if ("node" in fields) {
    const { node, ref } = fields;
    const values = { "addr.id.node": uint32(node, "node"), "addr.id.ref": uint32(ref, "ref") };
    return new Encoded(codec.encode({ addrtype: SOCKET, scope, ...values }));
  }
  const type = uint32(fields.type, "type");
  if ("instance" in fields) {
    const instance = uint32(fields.instance, "instance");
    const domain = uint32(fields.domain ?? 0, "domain");
    const name = { "addr.name.name.type": type, "addr.name.name.instance": instance, "addr.name.domain": domain };
    return new Encoded(codec.encode({ addrtype: SERVICE, scope, ...name }));
  }
  const lower = uint32(fields.lower, "lower");
  const upper = integer(fields.upper, "upper", lower, 0xffff_ffff);
  const range = { "addr.nameseq.type": type, "addr.nameseq.lower": lower, "addr.nameseq.upper": upper };
  return new Encoded(codec.encode({ addrtype: RANGE, scope, ...range }));
}

/** The address in these bytes: internal. */
export function decode(bytes: Uint8Array<ArrayBuffer>): SocketAddress | undefined {
  if (bytes.length < codec.size) return undefined;
  const type = codec.get(bytes, "addrtype");
  if (type < RANGE || type > SOCKET) return undefined;
  return new TipcSocketAddress(new Encoded(bytes.slice(0, codec.size)));
}
