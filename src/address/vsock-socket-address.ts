// Addresses of AF_VSOCK: vsock(7).

import { platform } from "../../ffi/platform/index.ts";
import { notSupported } from "../errors.ts";
import { codecOf, fieldsOf, uint32, uint8 } from "./family.ts";
import { Encoded, nativeBytes, SocketAddress } from "./socket-address.ts";

const codec = codecOf("sockaddr_vm", "AF_VSOCK");
const ANY = 0xffff_ffff;

/** What a vsock address is made of. */
export interface VsockSocketAddressFields {
  /** The machine: VMADDR_CID_ANY, VMADDR_CID_HOST (2), or a guest's number. */
  readonly cid: number;
  /** 32 bits; VMADDR_PORT_ANY (2^32-1): the kernel chooses. */
  readonly port: number;
  /** VMADDR_FLAG_TO_HOST of Linux 5.11. Default 0. */
  readonly flags?: number | undefined;
}

/**
 * The address of a socket between a virtual machine and its host: `struct sockaddr_vm` of vsock(7). Linux, macOS.
 *
 * @example
 * listener.bind(new VsockSocketAddress({ cid: VMADDR_CID_ANY, port: 5000 }));
 */
export class VsockSocketAddress extends SocketAddress {
  /** @throws TypeError, RangeError naming the field; SocketError kind "not-supported" elsewhere */
  constructor(fields: VsockSocketAddressFields | Encoded) {
    super(fields instanceof Encoded ? fields : encode(fields));
  }

  /** The machine, 0 to 2^32-1. */
  get cid(): number {
    return codec.get(nativeBytes(this), "svm_cid");
  }

  /** The port, 0 to 2^32-1. */
  get port(): number {
    return codec.get(nativeBytes(this), "svm_port");
  }

  /** Flags, 0 to 255; always 0 where the OS has none. */
  get flags(): number {
    return codec.has("svm_flags") ? codec.get(nativeBytes(this), "svm_flags") : 0;
  }

  /** `vsock 2:5000`, `vsock any:any` */
  override toString(): string {
    const text = (value: number): string => (value === ANY ? "any" : String(value));
    return `vsock ${text(this.cid)}:${text(this.port)}`;
  }
}

function encode(fields: VsockSocketAddressFields): Encoded {
  const { cid, port, flags = 0 } = fieldsOf(fields, "{ cid, port }");
  const values = { svm_cid: uint32(cid, "cid"), svm_port: uint32(port, "port") };
  if (uint8(flags, "flags") === 0) return new Encoded(codec.encode(values));
  if (!codec.has("svm_flags")) throw notSupported("VsockSocketAddress", `${platform.name} has no flags in it`);
  return new Encoded(codec.encode({ ...values, svm_flags: flags }));
}

/** The address in these bytes: internal. */
export function decode(bytes: Uint8Array<ArrayBuffer>): SocketAddress | undefined {
  return bytes.length < codec.size ? undefined : new VsockSocketAddress(new Encoded(bytes.slice(0, codec.size)));
}
