// The traffic class of a packet: IP_TOS of ip(7), IPV6_TCLASS of ipv6(7); RFC 2474 and RFC 3168.

import { platform } from "../../ffi/platform/index.ts";
import { decodeInt, encodeInt } from "../../ffi/structs/int.ts";
import { integer } from "../arguments.ts";
import { ControlMessage, type ControlPayload, registerControl } from "./control.ts";

/** What `new TrafficClass` takes. */
export interface TrafficClassFields {
  /** Differentiated services code point, 0 to 63. Default 0. */
  readonly dscp?: number | undefined;
  /** Explicit congestion notification, 0 to 3: not capable, ECT(1), ECT(0), congestion experienced. Default 0. */
  readonly ecn?: number | undefined;
}

function encode(value: number, ipv6: boolean): ControlPayload {
  const { IPPROTO_IP, IP_TOS, IPPROTO_IPV6, IPV6_TCLASS } = platform.constants;
  const bytes = encodeInt(value);
  return ipv6 ? { level: IPPROTO_IPV6, type: IPV6_TCLASS, bytes } : { level: IPPROTO_IP, type: IP_TOS, bytes };
}

/**
 * The traffic class of one packet: received when asked for with `socket.receiveControl(TrafficClass)`, or set for one that is
 * sent, IPv4 and IPv6.
 */
export class TrafficClass extends ControlMessage {
  readonly kind = "traffic-class" as const;
  /** 0 to 63. */
  readonly dscp: number;
  /** 0 to 3; 3 is congestion experienced. */
  readonly ecn: number;

  /** @throws TypeError, RangeError */
  constructor(fields: TrafficClassFields, received?: ControlPayload) {
    const dscp = fields.dscp === undefined ? 0 : integer(fields.dscp, "dscp", 0, 63);
    const ecn = fields.ecn === undefined ? 0 : integer(fields.ecn, "ecn", 0, 3);
    super(received ?? encode((dscp << 2) | ecn, false));
    this.dscp = dscp;
    this.ecn = ecn;
  }

  override payloadFor(ipv6: boolean): ControlPayload {
    return encode((this.dscp << 2) | this.ecn, ipv6);
  }
}

// One byte for IPv4 on Linux, an int for IPv6.
function decode(payload: ControlPayload): TrafficClass | undefined {
  if (payload.bytes.length === 0) return undefined;
  const value = decodeInt(payload.bytes) & 0xff;
  return new TrafficClass({ dscp: value >> 2, ecn: value & 3 }, payload);
}

registerControl(TrafficClass, "IPPROTO_IP", "IP_TOS", decode);
registerControl(TrafficClass, "IPPROTO_IP", "IP_RECVTOS", decode); // FreeBSD and macOS name it by the option
registerControl(TrafficClass, "IPPROTO_IPV6", "IPV6_TCLASS", decode);
