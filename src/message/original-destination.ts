// Where a packet was going before it was diverted here: IP_RECVORIGDSTADDR, IPV6_RECVORIGDSTADDR (TPROXY).

import { decodeSocketAddress, type SocketAddress } from "../address/index.ts";
import { ControlMessage, type ControlPayload, registerControl } from "./control.ts";

/** The destination, address and port, of a packet that a transparent proxy has received; Linux and FreeBSD. */
export class OriginalDestination extends ControlMessage {
  readonly kind = "original-destination" as const;
  readonly address: SocketAddress;

  /** Received, never made. Internal. */
  constructor(payload: ControlPayload, address: SocketAddress) {
    super(payload);
    this.address = address;
  }
}

function decode(payload: ControlPayload): OriginalDestination | undefined {
  const address = decodeSocketAddress(payload.bytes.slice());
  return address === null ? undefined : new OriginalDestination(payload, address);
}

registerControl(OriginalDestination, "IPPROTO_IP", "IP_ORIGDSTADDR", decode);
registerControl(OriginalDestination, "IPPROTO_IPV6", "IPV6_ORIGDSTADDR", decode);
