// How many routers a packet may still pass: IP_TTL of ip(7), IPV6_HOPLIMIT of ipv6(7).

import { platform } from "../../ffi/platform/index.ts";
import { decodeInt, encodeInt } from "../../ffi/structs/int.ts";
import { integer } from "../arguments.ts";
import { ControlMessage, type ControlPayload, registerControl } from "./control.ts";

function encode(value: number, ipv6: boolean): ControlPayload {
  const { IPPROTO_IP, IP_TTL, IPPROTO_IPV6, IPV6_HOPLIMIT } = platform.constants;
  const bytes = encodeInt(value);
  return ipv6 ? { level: IPPROTO_IPV6, type: IPV6_HOPLIMIT, bytes } : { level: IPPROTO_IP, type: IP_TTL, bytes };
}

/** The hop limit of one packet: received when asked for with `socket.receiveControl(HopLimit)`, or set for one that is sent. */
export class HopLimit extends ControlMessage {
  readonly kind = "hop-limit" as const;
  /** 0 to 255. */
  readonly value: number;

  /** @throws TypeError, RangeError */
  constructor(value: number, received?: ControlPayload) {
    super(received ?? encode(integer(value, "value", 0, 255), false));
    this.value = value;
  }

  override payloadFor(ipv6: boolean): ControlPayload {
    return encode(this.value, ipv6);
  }
}

function decode(payload: ControlPayload): HopLimit | undefined {
  return payload.bytes.length === 0 ? undefined : new HopLimit(decodeInt(payload.bytes) & 0xff, payload);
}

registerControl(HopLimit, "IPPROTO_IP", "IP_TTL", decode);
registerControl(HopLimit, "IPPROTO_IP", "IP_RECVTTL", decode); // FreeBSD and macOS name it by the option
registerControl(HopLimit, "IPPROTO_IPV6", "IPV6_HOPLIMIT", decode);
