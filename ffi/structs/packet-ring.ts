// The receive ring of AF_PACKET, version 3: <linux/if_packet.h>, Documentation/networking/packet_mmap.rst. The same on all
// architectures, because all fields have a fixed width.

import { setUint } from "../layout.ts";
import { LITTLE_ENDIAN } from "../memory.ts";
import { platform } from "../platform/index.ts";
import type { Layout } from "../platform/platform.ts";

/** <linux/if_packet.h>, <linux/socket.h> */
export const ring = {
  SOL_PACKET: 263,
  PACKET_ADD_MEMBERSHIP: 1,
  PACKET_RX_RING: 5,
  PACKET_STATISTICS: 6,
  PACKET_VERSION: 10,
  PACKET_FANOUT: 18,
  PACKET_IGNORE_OUTGOING: 23,
  PACKET_MR_PROMISC: 1,
  PACKET_FANOUT_FLAG_IGNORE_OUTGOING: 0x4000,
  PACKET_FANOUT_FLAG_DEFRAG: 0x8000,
  TPACKET_V3: 2,
  TP_STATUS_KERNEL: 0,
  TP_STATUS_USER: 1,
  TP_STATUS_CSUMNOTREADY: 8,
  TP_STATUS_VLAN_VALID: 16,
  TP_STATUS_VLAN_TPID_VALID: 64,
  TP_STATUS_CSUM_VALID: 128,
  /** Where the struct sockaddr_ll of a packet is: TPACKET_ALIGN(sizeof(struct tpacket3_hdr)). */
  ADDRESS_OFFSET: 48,
} as const;

/** How packets are spread over the sockets of a fanout group: PACKET_FANOUT of packet(7). */
export const fanoutModes = { hash: 0, balance: 1, cpu: 2, rollover: 3, random: 4, queue: 5 } as const;

/** Their names. */
export interface RingStructs {
  readonly tpacket_req3: Layout<
    | "tp_block_size"
    | "tp_block_nr"
    | "tp_frame_size"
    | "tp_frame_nr"
    | "tp_retire_blk_tov"
    | "tp_sizeof_priv"
    | "tp_feature_req_word"
  >;
  readonly tpacket_block_desc: Layout<"version" | "offset_to_priv" | "hdr">;
  readonly tpacket_hdr_v1: Layout<"block_status" | "num_pkts" | "offset_to_first_pkt" | "blk_len" | "seq_num">;
  readonly tpacket3_hdr: Layout<
    | "tp_next_offset"
    | "tp_sec"
    | "tp_nsec"
    | "tp_snaplen"
    | "tp_len"
    | "tp_status"
    | "tp_mac"
    | "tp_net"
    | "hv1.tp_vlan_tci"
    | "hv1.tp_vlan_tpid"
  >;
  readonly tpacket_stats_v3: Layout<"tp_packets" | "tp_drops" | "tp_freeze_q_cnt">;
  readonly packet_mreq: Layout<"mr_ifindex" | "mr_type" | "mr_alen" | "mr_address">;
}

// prettier-ignore
/** Layouts. The header of a packet has its variant (`hv1`) inside, that of a block begins at 8 of its descriptor. */
export const ringStructs: RingStructs = {
  tpacket_req3: { size: 28, fields: { tp_block_size: [0, 4], tp_block_nr: [4, 4], tp_frame_size: [8, 4], tp_frame_nr: [12, 4], tp_retire_blk_tov: [16, 4], tp_sizeof_priv: [20, 4], tp_feature_req_word: [24, 4] } },
  tpacket_block_desc: { size: 48, fields: { version: [0, 4], offset_to_priv: [4, 4], hdr: [8, 40] } },
  tpacket_hdr_v1: { size: 40, fields: { block_status: [0, 4], num_pkts: [4, 4], offset_to_first_pkt: [8, 4], blk_len: [12, 4], seq_num: [16, 8] } },
  tpacket3_hdr: { size: 48, fields: { tp_next_offset: [0, 4], tp_sec: [4, 4], tp_nsec: [8, 4], tp_snaplen: [12, 4], tp_len: [16, 4], tp_status: [20, 4], tp_mac: [24, 2], tp_net: [26, 2], "hv1.tp_vlan_tci": [32, 4], "hv1.tp_vlan_tpid": [36, 2] } },
  tpacket_stats_v3: { size: 12, fields: { tp_packets: [0, 4], tp_drops: [4, 4], tp_freeze_q_cnt: [8, 4] } },
  packet_mreq: { size: 16, fields: { mr_ifindex: [0, 4], mr_type: [4, 2], mr_alen: [6, 2], mr_address: [8, 8] } },
};

/** The bytes of a struct, its fields set by name. */
export function ringStruct<Name extends keyof RingStructs>(
  name: Name,
  values: Partial<Record<keyof RingStructs[Name]["fields"], number>>,
): Uint8Array<ArrayBuffer> {
  const { size, fields } = ringStructs[name] as Layout;
  const bytes = new Uint8Array(new ArrayBuffer(size));
  const view = new DataView(bytes.buffer);
  for (const [field, value] of Object.entries<number | undefined>(values)) {
    const place = fields[field];
    if (place !== undefined && value !== undefined) setUint(view, 0, place, value);
  }
  return bytes;
}

/** struct sockaddr_ll for bind(2): an interface (0: all) and a protocol in host order, packet(7). */
export function packetAddress(interfaceIndex: number, protocol: number): Uint8Array<ArrayBuffer> {
  const { sockaddr_ll: layout } = platform.structs;
  const bytes = new Uint8Array(new ArrayBuffer(layout?.size ?? 0));
  if (layout === undefined) return bytes;
  const view = new DataView(bytes.buffer);
  setUint(view, 0, layout.fields.sll_family, platform.core.AF_PACKET ?? 0);
  view.setUint16(layout.fields.sll_protocol[0], protocol);
  view.setInt32(layout.fields.sll_ifindex[0], interfaceIndex, LITTLE_ENDIAN);
  return bytes;
}
