// Addresses of AF_HYPERV on Windows: hvsocket.h.

import { codecOf, fieldsOf } from "./family.ts";
import { guidBytes, guidText } from "./guid.ts";
import { Encoded, nativeBytes, SocketAddress } from "./socket-address.ts";

const codec = codecOf("sockaddr_hv", "AF_HYPERV");

/** What a Hyper-V address is made of. */
export interface HypervSocketAddressFields {
  /** The machine: a GUID in text. HV_GUID_ZERO takes connections of all, HV_GUID_PARENT is the host. */
  readonly vmId: string;
  /** The service: a GUID in text. */
  readonly serviceId: string;
}

/**
 * The address of a socket between a Hyper-V machine and its host: SOCKADDR_HV of hvsocket.h. Windows.
 *
 * @example
 * new HypervSocketAddress({
 *   vmId: "a42e7cda-d03f-480c-9cc2-a4de20abb878", // HV_GUID_PARENT
 *   serviceId: "00001388-facb-11e6-bd58-64006a7986d3", // vsock port 5000
 * });
 */
export class HypervSocketAddress extends SocketAddress {
  /** @throws TypeError naming the field; SocketError kind "not-supported" elsewhere */
  constructor(fields: HypervSocketAddressFields | Encoded) {
    super(fields instanceof Encoded ? fields : encode(fields));
  }

  /** The machine. */
  get vmId(): string {
    return guidText(codec.slice(nativeBytes(this), "VmId"));
  }

  /** The service. */
  get serviceId(): string {
    return guidText(codec.slice(nativeBytes(this), "ServiceId"));
  }

  /** `hyperv a42e7cda-...:00001388-...` */
  override toString(): string {
    return `hyperv ${this.vmId}:${this.serviceId}`;
  }
}

function encode(fields: HypervSocketAddressFields): Encoded {
  const { vmId, serviceId } = fieldsOf(fields, "{ vmId, serviceId }");
  const values = { VmId: guidBytes(vmId, "vmId"), ServiceId: guidBytes(serviceId, "serviceId") };
  return new Encoded(codec.encode(values));
}

/** The address in these bytes: internal. */
export function decode(bytes: Uint8Array<ArrayBuffer>): SocketAddress | undefined {
  return bytes.length < codec.size ? undefined : new HypervSocketAddress(new Encoded(bytes.slice(0, codec.size)));
}
