// Addresses of AF_CAN: Documentation/networking/can.rst, isotp.rst and j1939.rst of the kernel.

import { integer, show } from "../arguments.ts";
import { codecOf, fieldsOf, hex, uint32, uint8 } from "./family.ts";
import { type InterfaceLike, resolveInterface } from "./interface.ts";
import { Encoded, nativeBytes, SocketAddress } from "./socket-address.ts";

const codec = codecOf("sockaddr_can", "AF_CAN");
// The kernel takes and reports as many bytes as a protocol needs (CAN_REQUIRED_SIZE of net/can), and so which it is can be told
const RAW = 8;
const ISOTP = 16;
const J1939 = 24;
const NO_PGN = 0x40000;
const NO_ADDRESS = 0xff;
const LARGEST_NAME = 0xffff_ffff_ffff_ffffn;

/** What an address of CAN_RAW and CAN_BCM is made of. */
export interface CanRawFields {
  /** By name, index or address. Default: all CAN interfaces. */
  readonly interface?: InterfaceLike | undefined;
}

/** What an address of CAN_ISOTP is made of. */
export interface CanIsotpFields extends CanRawFields {
  /** The CAN ID to receive, with CAN_EFF_FLAG in it where it is an extended one. */
  readonly rxId: number;
  /** The CAN ID to send. */
  readonly txId: number;
}

/** What an address of CAN_J1939 is made of. */
export interface CanJ1939Fields extends CanRawFields {
  /** The 64-bit name of a node. Default J1939_NO_NAME, 0. */
  readonly name?: bigint | number | undefined;
  /** The parameter group: 0 to 0x3ffff. Default J1939_NO_PGN, 0x40000. */
  readonly pgn?: number | undefined;
  /** 0 to 255. Default J1939_NO_ADDR, 255. */
  readonly address?: number | undefined;
}

/**
 * The address of a CAN socket: `struct sockaddr_can` of the kernel's can.rst. Linux, with what CAN_BCM and CAN_J1939 have since 5.4.
 *
 * @example
 * new CanSocketAddress({ interface: "can0" })                        // CAN_RAW, CAN_BCM
 * new CanSocketAddress({ interface: "can0", rxId: 0x7e8, txId: 0x7e0 }) // CAN_ISOTP
 * new CanSocketAddress({ interface: "can0", pgn: 0xea00, address: 0x20 }) // CAN_J1939
 */
export class CanSocketAddress extends SocketAddress {
  /**
   * @throws TypeError, RangeError naming the field
   * @throws SocketError kind "no-such-device" for an interface that is not there; "not-supported" elsewhere
   */
  constructor(fields: CanRawFields | CanIsotpFields | CanJ1939Fields | Encoded = {}) {
    super(fields instanceof Encoded ? fields : encode(fields));
  }

  /** Whose form it has. CAN_BCM has that of CAN_RAW. */
  get form(): "raw" | "isotp" | "j1939" {
    const { length } = nativeBytes(this);
    if (length === RAW) return "raw";
    return length === ISOTP ? "isotp" : "j1939";
  }

  /** The index of the interface; 0 for all. */
  get interfaceIndex(): number {
    return codec.get(nativeBytes(this), "can_ifindex");
  }

  /** The CAN ID that ISO-TP receives; undefined in other forms. */
  get rxId(): number | undefined {
    return this.form === "isotp" ? codec.get(nativeBytes(this), "can_addr.tp.rx_id") : undefined;
  }

  /** The CAN ID that ISO-TP sends; undefined in other forms. */
  get txId(): number | undefined {
    return this.form === "isotp" ? codec.get(nativeBytes(this), "can_addr.tp.tx_id") : undefined;
  }

  /** The name of a J1939 node; undefined in other forms. */
  get name(): bigint | undefined {
    return this.form === "j1939" ? codec.getBig(nativeBytes(this), "can_addr.j1939.name") : undefined;
  }

  /** The parameter group of J1939; undefined in other forms. */
  get pgn(): number | undefined {
    return this.form === "j1939" ? codec.get(nativeBytes(this), "can_addr.j1939.pgn") : undefined;
  }

  /** The address of a J1939 node; undefined in other forms. */
  get address(): number | undefined {
    return this.form === "j1939" ? codec.get(nativeBytes(this), "can_addr.j1939.addr") : undefined;
  }

  /** `can interface 3`, `can interface 3 rx 0x7e8 tx 0x7e0`, `can interface 3 name 0x0 pgn 0xea00 address 0x20` */
  override toString(): string {
    const { rxId, txId, name, pgn, address } = this;
    const start = `can interface ${this.interfaceIndex}`;
    if (rxId !== undefined && txId !== undefined) return `${start} rx ${hex(rxId)} tx ${hex(txId)}`;
    if (name === undefined || pgn === undefined || address === undefined) return start;
    return `${start} name 0x${name.toString(16)} pgn ${hex(pgn)} address ${hex(address)}`;
  }
}

function uint64(value: unknown, name: string): bigint {
  if (typeof value === "number") return BigInt(integer(value, name, 0, Number.MAX_SAFE_INTEGER));
  if (typeof value !== "bigint") throw new TypeError(`${name} must be a bigint or a number, not ${show(value)}`);
  if (value < 0n || value > LARGEST_NAME) throw new RangeError(`${name} must be from 0 to 2^64-1, not ${value}`);
  return value;
}

function encode(fields: CanRawFields & Partial<CanIsotpFields> & CanJ1939Fields): Encoded {
  const given = fieldsOf(fields, '{ interface: "can0" }');
  const index = (): number => (given.interface === undefined ? 0 : resolveInterface(given.interface));
  const { rxId, txId, name = 0n, pgn = NO_PGN, address = NO_ADDRESS } = given;
  const isJ1939 = given.name !== undefined || given.pgn !== undefined || given.address !== undefined;
  if (rxId !== undefined || txId !== undefined) {
    if (isJ1939) throw new TypeError("rxId and txId (ISO-TP) do not go with name, pgn and address (J1939)");
    const rx = uint32(rxId, "rxId");
    const tx = uint32(txId, "txId");
    return new Encoded(codec.encode({ "can_addr.tp.rx_id": rx, "can_addr.tp.tx_id": tx, can_ifindex: index() }, ISOTP));
  }
  if (!isJ1939) return new Encoded(codec.encode({ can_ifindex: index() }, RAW));
  return new Encoded(
    codec.encode(
      {
        "can_addr.j1939.name": uint64(name, "name"),
        "can_addr.j1939.pgn": integer(pgn, "pgn", 0, NO_PGN),
        "can_addr.j1939.addr": uint8(address, "address"),
        can_ifindex: index(),
      },
      J1939,
    ),
  );
}

/** The address in these bytes: internal. */
export function decode(bytes: Uint8Array<ArrayBuffer>): SocketAddress | undefined {
  const size = [J1939, ISOTP, RAW].find((form) => bytes.length >= form);
  return size === undefined ? undefined : new CanSocketAddress(new Encoded(bytes.slice(0, size)));
}
