// Addresses of AF_SYSTEM on macOS, of kernel controls: sys/kern_control.h.

import { codecOf, fieldsOf, uint32 } from "./family.ts";
import { Encoded, nativeBytes, SocketAddress } from "./socket-address.ts";

const codec = codecOf("sockaddr_ctl", "AF_SYSTEM");
const AF_SYS_CONTROL = 2;

/** What the address of a kernel control is made of. */
export interface SystemSocketAddressFields {
  /** The number that CTLIOCGINFO gives for a name. */
  readonly id: number;
  /** Default 0: the kernel chooses. */
  readonly unit?: number | undefined;
}

/**
 * The address of a kernel control: `struct sockaddr_ctl` of <sys/kern_control.h>. macOS.
 *
 * @example
 * const socket = new Socket(AF_SYSTEM, SOCK_DGRAM, SYSPROTO_CONTROL);
 * const info = new Uint8Array(100); // struct ctl_info: id, name
 * info.set(new TextEncoder().encode("com.apple.net.utun_control"), 4);
 * socket.ioctl(CTLIOCGINFO, info);
 * socket.connect(new SystemSocketAddress({ id: new DataView(info.buffer).getUint32(0, true) }));
 */
export class SystemSocketAddress extends SocketAddress {
  /** @throws TypeError, RangeError naming the field; SocketError kind "not-supported" elsewhere */
  constructor(fields: SystemSocketAddressFields | Encoded) {
    super(fields instanceof Encoded ? fields : encode(fields));
  }

  /** The number of the control. */
  get id(): number {
    return codec.get(nativeBytes(this), "sc_id");
  }

  /** The unit. */
  get unit(): number {
    return codec.get(nativeBytes(this), "sc_unit");
  }

  /** `system control 3 unit 0` */
  override toString(): string {
    return `system control ${this.id} unit ${this.unit}`;
  }
}

function encode(fields: SystemSocketAddressFields): Encoded {
  const { id, unit = 0 } = fieldsOf(fields, "{ id, unit }");
  const values = { ss_sysaddr: AF_SYS_CONTROL, sc_id: uint32(id, "id"), sc_unit: uint32(unit, "unit") };
  return new Encoded(codec.encode(values));
}

/** The address in these bytes: internal. */
export function decode(bytes: Uint8Array<ArrayBuffer>): SocketAddress | undefined {
  if (bytes.length < codec.size || codec.get(bytes, "ss_sysaddr") !== AF_SYS_CONTROL) return undefined;
  return new SystemSocketAddress(new Encoded(bytes.slice(0, codec.size)));
}
