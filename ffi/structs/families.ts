// struct sockaddr of the rarer families, each as the headers of each OS lay it out. Loaded when the first of them is used.
// tests/abi/families.test.ts compares Linux's with the headers where there are any; Bluetooth's are from BlueZ's
// lib/bluetooth.h and FreeBSD's ng_btsocket.h, macOS' from XNU's sys/vsock.h and sys/kern_control.h, Windows' from ws2bth.h
// and hvsocket.h.

import { getUint, setUint } from "../layout.ts";
import { LITTLE_ENDIAN } from "../memory.ts";
import { platform as current } from "../platform/index.ts";
import type { Layout, Platform } from "../platform/platform.ts";
import { sockaddr } from "./sockaddr.ts";

/** The name of a struct that any of them has. */
export type FamilyStruct =
  | "sockaddr_nl"
  | "sockaddr_ll"
  | "sockaddr_vm"
  | "sockaddr_can"
  | "sockaddr_tipc"
  | "sockaddr_l2"
  | "sockaddr_rc"
  | "sockaddr_hci"
  | "sockaddr_sco"
  | "sockaddr_alg"
  | "sockaddr_qrtr"
  | "sockaddr_xdp"
  | "sockaddr_mctp"
  | "sockaddr_ctl"
  | "sockaddr_hv";

type Layouts = Readonly<Partial<Record<FamilyStruct, Layout>>>;

// prettier-ignore
const linux: Layouts = {
  sockaddr_nl: { size: 12, fields: { nl_family: [0, 2], nl_pad: [2, 2], nl_pid: [4, 4], nl_groups: [8, 4] } },
  sockaddr_ll: { size: 20, fields: { sll_family: [0, 2], sll_protocol: [2, 2], sll_ifindex: [4, 4], sll_hatype: [8, 2], sll_pkttype: [10, 1], sll_halen: [11, 1], sll_addr: [12, 8] } },
  sockaddr_vm: { size: 16, fields: { svm_family: [0, 2], svm_reserved1: [2, 2], svm_port: [4, 4], svm_cid: [8, 4], svm_flags: [12, 1], svm_zero: [13, 3] } },
  sockaddr_can: { size: 24, fields: { can_family: [0, 2], can_ifindex: [4, 4], "can_addr.tp.rx_id": [8, 4], "can_addr.tp.tx_id": [12, 4], "can_addr.j1939.name": [8, 8], "can_addr.j1939.pgn": [16, 4], "can_addr.j1939.addr": [20, 1] } },
  sockaddr_tipc: { size: 16, fields: { family: [0, 2], addrtype: [2, 1], scope: [3, 1], "addr.nameseq.type": [4, 4], "addr.nameseq.lower": [8, 4], "addr.nameseq.upper": [12, 4], "addr.name.name.type": [4, 4], "addr.name.name.instance": [8, 4], "addr.name.domain": [12, 4], "addr.id.ref": [4, 4], "addr.id.node": [8, 4] } },
  sockaddr_l2: { size: 14, fields: { l2_family: [0, 2], l2_psm: [2, 2], l2_bdaddr: [4, 6], l2_cid: [10, 2], l2_bdaddr_type: [12, 1] } },
  sockaddr_rc: { size: 10, fields: { rc_family: [0, 2], rc_bdaddr: [2, 6], rc_channel: [8, 1] } },
  sockaddr_hci: { size: 6, fields: { hci_family: [0, 2], hci_dev: [2, 2], hci_channel: [4, 2] } },
  sockaddr_sco: { size: 8, fields: { sco_family: [0, 2], sco_bdaddr: [2, 6] } },
  sockaddr_alg: { size: 88, fields: { salg_family: [0, 2], salg_type: [2, 14], salg_feat: [16, 4], salg_mask: [20, 4], salg_name: [24, 64] } },
  sockaddr_qrtr: { size: 12, fields: { sq_family: [0, 2], sq_node: [4, 4], sq_port: [8, 4] } },
  sockaddr_xdp: { size: 16, fields: { sxdp_family: [0, 2], sxdp_flags: [2, 2], sxdp_ifindex: [4, 4], sxdp_queue_id: [8, 4], sxdp_shared_umem_fd: [12, 4] } },
  sockaddr_mctp: { size: 12, fields: { smctp_family: [0, 2], smctp_network: [4, 4], smctp_addr: [8, 1], smctp_type: [9, 1], smctp_tag: [10, 1] } },
};

// prettier-ignore
const darwin: Layouts = {
  sockaddr_vm: { size: 12, fields: { svm_len: [0, 1], svm_family: [1, 1], svm_reserved1: [2, 2], svm_port: [4, 4], svm_cid: [8, 4] } },
  sockaddr_ctl: { size: 32, fields: { sc_len: [0, 1], sc_family: [1, 1], ss_sysaddr: [2, 2], sc_id: [4, 4], sc_unit: [8, 4], sc_reserved: [12, 20] } },
};

// The names of Linux, so that one class serves both.
// prettier-ignore
const freebsd: Layouts = {
  sockaddr_nl: { size: 12, fields: { nl_len: [0, 1], nl_family: [1, 1], nl_pad: [2, 2], nl_pid: [4, 4], nl_groups: [8, 4] } },
  sockaddr_l2: { size: 14, fields: { l2_len: [0, 1], l2_family: [1, 1], l2_psm: [2, 2], l2_bdaddr: [4, 6], l2_cid: [10, 2], l2_bdaddr_type: [12, 1] } },
  sockaddr_rc: { size: 9, fields: { rc_len: [0, 1], rc_family: [1, 1], rc_bdaddr: [2, 6], rc_channel: [8, 1] } },
  sockaddr_sco: { size: 8, fields: { sco_len: [0, 1], sco_family: [1, 1], sco_bdaddr: [2, 6] } },
};

// SOCKADDR_BTH is packed, and its address a number, so that its low six bytes are in the order that the others have.
// prettier-ignore
const windows: Layouts = {
  sockaddr_rc: { size: 30, fields: { rc_family: [0, 2], rc_bdaddr: [2, 6], serviceClassId: [10, 16], rc_channel: [26, 4] } },
  sockaddr_hv: { size: 36, fields: { Family: [0, 2], Reserved: [2, 2], VmId: [4, 16], ServiceId: [20, 16] } },
};

/** The layouts of each OS. */
export const familyStructs: Readonly<Record<Platform["name"], Layouts>> = {
  linux,
  darwin,
  freebsd,
  windows,
};

/** What a field may be given. */
export type FieldValue = number | bigint | Uint8Array;

/** Reads and writes one of these structs as this OS lays it out. */
export interface FamilyCodec {
  readonly size: number;
  has(field: string): boolean;
  /** A new struct: header, these fields, zeros. `size`: how many of its bytes. */
  encode(values: Readonly<Record<string, FieldValue>>, size?: number): Uint8Array<ArrayBuffer>;
  /** An unsigned number in host order, of at most 4 bytes. */
  get(bytes: Uint8Array<ArrayBuffer>, field: string): number;
  /** An unsigned number of 8 bytes in host order. */
  getBig(bytes: Uint8Array<ArrayBuffer>, field: string): bigint;
  /** A copy of the bytes of a field; `length`: how many, where that is not its size. */
  slice(bytes: Uint8Array<ArrayBuffer>, field: string, length?: number): Uint8Array<ArrayBuffer>;
  /** How many bytes reach up to the end of a field. */
  endOf(field: string): number;
}

/** The codec of a struct on this OS, for a family of it; undefined where it has none. */
export function familyCodec(struct: FamilyStruct, family: number | undefined): FamilyCodec | undefined {
  const layout = familyStructs[current.name][struct];
  if (layout === undefined || family === undefined) return undefined;
  const fields: Readonly<Record<string, readonly [offset: number, size: number] | undefined>> = layout.fields;
  const at = (field: string): readonly [offset: number, size: number] => {
    const place = fields[field];
    if (place === undefined) throw new TypeError(`${struct} of ${current.name} has no ${field}`);
    return place;
  };
  const viewOf = (bytes: Uint8Array<ArrayBuffer>): DataView =>
    new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    size: layout.size,
    has: (field) => fields[field] !== undefined,
    encode(values, size = layout.size) {
      const bytes = new Uint8Array(new ArrayBuffer(size));
      const view = viewOf(bytes);
      sockaddr.writeHeader(bytes, family);
      for (const [field, value] of Object.entries(values)) {
        const place = at(field);
        if (typeof value === "number") setUint(view, 0, place, value);
        else if (typeof value === "bigint") view.setBigUint64(place[0], value, LITTLE_ENDIAN);
        else bytes.set(value, place[0]);
      }
      return bytes;
    },
    get: (bytes, field) => getUint(viewOf(bytes), 0, at(field)),
    getBig: (bytes, field) => viewOf(bytes).getBigUint64(at(field)[0], LITTLE_ENDIAN),
    slice(bytes, field, length = at(field)[1]) {
      const [offset] = at(field);
      return bytes.slice(offset, offset + length);
    },
    endOf: (field) => at(field)[0] + at(field)[1],
  };
}
