// Where a packet came in, and from where one goes out: IP_PKTINFO of ip(7), IPV6_PKTINFO of ipv6(7), IP_RECVDSTADDR of BSD.

import { getUint, setUint } from "../../ffi/layout.ts";
import { platform } from "../../ffi/platform/index.ts";
import { InetAddress } from "../address/index.ts";
import { bytesOf } from "../address/inet-address.ts";
import { integer, show } from "../arguments.ts";
import { notSupported } from "../errors.ts";
import { ControlMessage, type ControlMessages, type ControlPayload, payloadView, registerControl } from "./control.ts";

const { structs, core } = platform;
const { in_pktinfo, in6_pktinfo } = structs;

/** What `new PacketInfo` takes. */
export interface PacketInfoFields {
  /** The address of this host to send from. Default: the kernel's choice. */
  readonly source?: InetAddress | string | undefined;
  /** The interface to send out of. Default: the kernel's choice. */
  readonly interfaceIndex?: number | undefined;
}

class Decoded {
  readonly payload: ControlPayload;
  readonly destination: InetAddress;
  readonly source: InetAddress;
  readonly interfaceIndex: number;

  constructor(payload: ControlPayload, destination: InetAddress, source: InetAddress, interfaceIndex: number) {
    this.payload = payload;
    this.destination = destination;
    this.source = source;
    this.interfaceIndex = interfaceIndex;
  }
}

function encodeIPv4(source: InetAddress, interfaceIndex: number): ControlPayload {
  const { IP_PKTINFO, IP_SENDSRCADDR, IPPROTO_IP } = platform.constants;
  if (in_pktinfo === undefined || IP_PKTINFO === undefined) {
    if (IP_SENDSRCADDR === undefined) throw notSupported("PacketInfo", `${platform.name} has no IP_PKTINFO`);
    return { level: IPPROTO_IP, type: IP_SENDSRCADDR, bytes: bytesOf(source).slice() };
  }
  const bytes = new Uint8Array(new ArrayBuffer(in_pktinfo.size));
  setUint(payloadView(bytes), 0, in_pktinfo.fields.ipi_ifindex, interfaceIndex);
  bytes.set(bytesOf(source), (in_pktinfo.fields.ipi_spec_dst ?? in_pktinfo.fields.ipi_addr)[0]);
  return { level: IPPROTO_IP, type: IP_PKTINFO, bytes };
}

function encodeIPv6(source: InetAddress, interfaceIndex: number): ControlPayload {
  const { IPPROTO_IPV6, IPV6_PKTINFO } = platform.constants;
  const bytes = new Uint8Array(new ArrayBuffer(in6_pktinfo.size));
  bytes.set(bytesOf(source), in6_pktinfo.fields.ipi6_addr[0]);
  setUint(payloadView(bytes), 0, in6_pktinfo.fields.ipi6_ifindex, interfaceIndex);
  return { level: IPPROTO_IPV6, type: IPV6_PKTINFO, bytes };
}

function made({ source = InetAddress.any(core.AF_INET), interfaceIndex }: PacketInfoFields): Decoded {
  const from = typeof source === "string" ? InetAddress.tryParse(source) : source;
  if (!(from instanceof InetAddress))
    throw new TypeError(`source must be an InetAddress or its text, not ${show(source)}`);
  const index = interfaceIndex === undefined ? 0 : integer(interfaceIndex, "interfaceIndex", 0, 0x7fff_ffff);
  const payload = from.family === core.AF_INET ? encodeIPv4(from, index) : encodeIPv6(from, index);
  return new Decoded(payload, from, from, index);
}

/**
 * Of a message that was received: where it was sent to, the address to answer from, and the interface it came in on; ask for
 * it with `socket.receiveControl(PacketInfo)`. Of one to be sent: the address and interface to send from.
 *
 * @example
 * socket.sendMessage({ buffers: [data], address, control: [new PacketInfo({ source: "127.0.0.9" })] });
 */
export class PacketInfo extends ControlMessage {
  readonly kind = "packet-info" as const;
  /** The destination in the packet's header: a multicast or broadcast address perhaps. */
  readonly destination: InetAddress;
  /** The address of this host to answer from. */
  readonly source: InetAddress;
  /** The interface; 0 where the system does not tell, or leaves the choice to the kernel. */
  readonly interfaceIndex: number;

  /** @throws TypeError, RangeError; SocketError kind "not-supported" */
  constructor(fields: PacketInfoFields | Decoded) {
    const decoded = fields instanceof Decoded ? fields : made(fields);
    super(decoded.payload);
    this.destination = decoded.destination;
    this.source = decoded.source;
    this.interfaceIndex = decoded.interfaceIndex;
  }

  /** @throws TypeError when the source is IPv6, and the packet IPv4, or the other way round */
  override payloadFor(ipv6: boolean): ControlPayload {
    // "any" of either family leaves the choice to the kernel
    const source = this.source.isAny ? InetAddress.any(ipv6 ? core.AF_INET6 : core.AF_INET) : this.source;
    const unmapped = source.unmapped();
    if ((unmapped.family === core.AF_INET6) !== ipv6) {
      throw new TypeError(`source ${source} of PacketInfo cannot be that of a message over IPv${ipv6 ? 6 : 4}`);
    }
    return ipv6 ? encodeIPv6(source, this.interfaceIndex) : encodeIPv4(unmapped, this.interfaceIndex);
  }

  /** `239.9.9.9 on 1`: the destination and the interface, where it is known. */
  override toString(): string {
    return this.interfaceIndex === 0 ? String(this.destination) : `${this.destination} on ${this.interfaceIndex}`;
  }
}

function decodeIPv4(payload: ControlPayload): PacketInfo | undefined {
  if (in_pktinfo === undefined || payload.bytes.length < in_pktinfo.size) return undefined;
  const { ipi_addr, ipi_spec_dst = ipi_addr, ipi_ifindex } = in_pktinfo.fields;
  const at = ([offset]: readonly [number, number]): InetAddress =>
    InetAddress.fromBytes(payload.bytes.subarray(offset, offset + 4));
  const index = getUint(payloadView(payload.bytes), 0, ipi_ifindex);
  return new PacketInfo(new Decoded(payload, at(ipi_addr), at(ipi_spec_dst), index));
}

function decodeIPv6(payload: ControlPayload): PacketInfo | undefined {
  if (payload.bytes.length < in6_pktinfo.size) return undefined;
  const [offset, size] = in6_pktinfo.fields.ipi6_addr;
  const address = InetAddress.fromBytes(payload.bytes.subarray(offset, offset + size));
  const index = getUint(payloadView(payload.bytes), 0, in6_pktinfo.fields.ipi6_ifindex);
  // a group is no address to answer from
  const source = address.unmapped().isMulticast ? InetAddress.any(core.AF_INET6) : address;
  return new PacketInfo(new Decoded(payload, address, source, index));
}

function decodeDestination(payload: ControlPayload): PacketInfo | undefined {
  if (payload.bytes.length < 4) return undefined;
  const address = InetAddress.fromBytes(payload.bytes.subarray(0, 4));
  return new PacketInfo(new Decoded(payload, address, address, 0));
}

/**
 * What to send with an answer, so that it leaves from the address and interface that the message came to. A dual-stack socket
 * is told of an IPv4 packet twice, and only IP_PKTINFO tells the address of this host that stands for a broadcast. Internal.
 */
export function answeringInfo(control: ControlMessages): PacketInfo | undefined {
  const info = control.get(PacketInfo);
  if (info === undefined || !info.destination.isV4Mapped) return info;
  for (const other of control) if (other instanceof PacketInfo && !other.destination.isV4Mapped) return other;
  return info;
}

registerControl(PacketInfo, "IPPROTO_IP", "IP_PKTINFO", decodeIPv4);
registerControl(PacketInfo, "IPPROTO_IPV6", "IPV6_PKTINFO", decodeIPv6);
registerControl(PacketInfo, "IPPROTO_IP", "IP_RECVDSTADDR", decodeDestination);
