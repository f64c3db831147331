// Addresses of AF_PACKET: packet(7).

import { show } from "../arguments.ts";
import { codecOf, colons, fieldsOf, hex, parseColons, swap16, uint16, uint8 } from "./family.ts";
import { type InterfaceLike, resolveInterface } from "./interface.ts";
import { Encoded, nativeBytes, SocketAddress } from "./socket-address.ts";

const codec = codecOf("sockaddr_ll", "AF_PACKET");
const LONGEST = 8; // sll_addr; the kernel reports longer ones (InfiniBand) behind the struct's end

/** What a packet address is made of. */
export interface PacketSocketAddressFields {
  /** By name, index or address. Default: all interfaces. */
  readonly interface?: InterfaceLike | undefined;
  /** An EtherType in host order: 0x0800, ETH_P_ALL (3). Default 0: for bind(2) none, or the socket's. */
  readonly protocol?: number | undefined;
  /** ARPHRD_* of the interface: told on receiving. Default 0. */
  readonly hardwareType?: number | undefined;
  /** PACKET_HOST, PACKET_BROADCAST, ...: told on receiving. Default 0. */
  readonly packetType?: number | undefined;
  /** The hardware address, at most 8 bytes, or its text: "02:00:00:00:00:01". Default: none. */
  readonly address?: Uint8Array | string | undefined;
}

/**
 * The address of a packet socket: `struct sockaddr_ll` of packet(7). Linux.
 *
 * @example
 * const socket = new Socket(AF_PACKET, SOCK_RAW); // no protocol: nothing comes before bind
 * socket.bind(new PacketSocketAddress({ interface: "eth0", protocol: 0x0800 }));
 */
export class PacketSocketAddress extends SocketAddress {
  /**
   * @throws TypeError, RangeError naming the field
   * @throws SocketError kind "no-such-device" for an interface that is not there; "not-supported" elsewhere
   */
  constructor(fields: PacketSocketAddressFields | Encoded = {}) {
    super(fields instanceof Encoded ? fields : encode(fields));
  }

  /** The index of the interface; 0 for all. */
  get interfaceIndex(): number {
    return codec.get(nativeBytes(this), "sll_ifindex");
  }

  /** The EtherType in host order. */
  get protocol(): number {
    return swap16(codec.get(nativeBytes(this), "sll_protocol"));
  }

  /** ARPHRD_* of the interface: 1 Ethernet, 772 loopback. */
  get hardwareType(): number {
    return codec.get(nativeBytes(this), "sll_hatype");
  }

  /** Whom the packet was for: PACKET_HOST 0, PACKET_BROADCAST 1, PACKET_MULTICAST 2, PACKET_OTHERHOST 3, PACKET_OUTGOING 4. */
  get packetType(): number {
    return codec.get(nativeBytes(this), "sll_pkttype");
  }

  /** The hardware address: a copy of as many bytes as it has. */
  get address(): Uint8Array<ArrayBuffer> {
    const bytes = nativeBytes(this);
    return codec.slice(bytes, "sll_addr", codec.get(bytes, "sll_halen"));
  }

  /** `packet interface 2 protocol 0x0800 02:00:00:00:00:01` */
  override toString(): string {
    const { address } = this;
    const hardware = address.length === 0 ? "" : ` ${colons(address)}`;
    return `packet interface ${this.interfaceIndex} protocol ${hex(this.protocol, 4)}${hardware}`;
  }
}

function hardwareAddress(value: unknown): Uint8Array {
  const bytes = typeof value === "string" ? (value === "" ? new Uint8Array() : parseColons(value)) : value;
  if (!(bytes instanceof Uint8Array)) {
    throw new TypeError(`address must be a Uint8Array or text like "02:00:00:00:00:01", not ${show(value)}`);
  }
  if (bytes.length > LONGEST) throw new RangeError(`address must have at most 8 bytes, not ${bytes.length}`);
  return bytes;
}

function encode(fields: PacketSocketAddressFields): Encoded {
  const given = fieldsOf(fields, "{ interface, protocol }");
  const { protocol = 0, hardwareType = 0, packetType = 0, address = new Uint8Array() } = given;
  const hardware = hardwareAddress(address);
  return new Encoded(
    codec.encode({
      sll_protocol: swap16(uint16(protocol, "protocol")),
      sll_hatype: uint16(hardwareType, "hardwareType"),
      sll_pkttype: uint8(packetType, "packetType"),
      sll_halen: hardware.length,
      sll_addr: hardware,
      sll_ifindex: given.interface === undefined ? 0 : resolveInterface(given.interface),
    }),
  );
}

/** The address in these bytes: internal. getsockname(2) leaves out what the hardware address does not fill. */
export function decode(bytes: Uint8Array<ArrayBuffer>): SocketAddress | undefined {
  const start = codec.endOf("sll_halen");
  if (bytes.length < start) return undefined;
  const end = start + codec.get(bytes, "sll_halen");
  if (bytes.length < end) return undefined;
  const whole = new Uint8Array(new ArrayBuffer(Math.max(end, codec.size)));
  whole.set(bytes.subarray(0, whole.length));
  return new PacketSocketAddress(new Encoded(whole));
}
