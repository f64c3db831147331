// UDP segmentation offload: UDP_SEGMENT and UDP_GRO of udp(7).

import { LITTLE_ENDIAN } from "../../ffi/memory.ts";
import { platform } from "../../ffi/platform/index.ts";
import { cmsg } from "../../ffi/structs/cmsg.ts";
import { encodeInt } from "../../ffi/structs/int.ts";
import { integer } from "../arguments.ts";
import { notSupported } from "../errors.ts";
import { type ControlBuffer, ControlMessage, type ControlPayload, payloadView, registerControl } from "./control.ts";

function encode(size: number): ControlPayload {
  const { IPPROTO_UDP, UDP_SEGMENT, UDP_SEND_MSG_SIZE } = platform.constants;
  if (UDP_SEGMENT !== undefined) {
    const bytes = new Uint8Array(new ArrayBuffer(2)); // __u16
    payloadView(bytes).setUint16(0, size, LITTLE_ENDIAN);
    return { level: IPPROTO_UDP, type: UDP_SEGMENT, bytes };
  }
  if (UDP_SEND_MSG_SIZE !== undefined) {
    return { level: IPPROTO_UDP, type: UDP_SEND_MSG_SIZE, bytes: encodeInt(size) }; // DWORD
  }
  throw notSupported("SegmentSize", `${platform.name} has no UDP segmentation offload`);
}

/**
 * Of a message that is sent: cut it into datagrams of this size, the last one may be shorter (UDP_SEGMENT: at most 128 of them
 * and 65,507 bytes). Of one that was received with UDP_GRO on: it is several datagrams of this size, joined. Linux, Windows.
 */
export class SegmentSize extends ControlMessage {
  readonly kind = "segment-size" as const;
  /** Bytes of each datagram, 1 to 65,535. */
  readonly size: number;

  /** @throws TypeError, RangeError; SocketError kind "not-supported" */
  constructor(size: number, received?: ControlPayload) {
    super(received ?? encode(integer(size, "size", 1, 65_535)));
    this.size = size;
  }

  // what was received has another type and width than what is sent
  override payloadFor(): ControlPayload {
    return encode(this.size);
  }
}

// An int, where what is sent is a __u16: net/ipv4/udp.c, udp_cmsg_recv.
function sizeAt(view: DataView, offset: number, size: number): number | undefined {
  if (size >= 4) return view.getInt32(offset, LITTLE_ENDIAN);
  return size < 2 ? undefined : view.getUint16(offset, LITTLE_ENDIAN);
}

function decode(payload: ControlPayload): SegmentSize | undefined {
  const size = sizeAt(payloadView(payload.bytes), 0, payload.bytes.length);
  return size === undefined ? undefined : new SegmentSize(size, payload);
}

/** The size of the joined datagrams that came with such control messages, or 0: without making a message of it. Internal. */
export function receivedSegmentSize({ view, start, end }: ControlBuffer, level: number, type: number): number {
  for (let place = cmsg.read(view, start, end); place !== undefined;) {
    if (place.level === level && place.type === type) return sizeAt(view, place.offset, place.size) ?? 0;
    place = place.cut ? undefined : cmsg.read(view, cmsg.next(place), end);
  }
  return 0;
}

registerControl(SegmentSize, "IPPROTO_UDP", "UDP_SEGMENT", decode);
registerControl(SegmentSize, "IPPROTO_UDP", "UDP_GRO", decode);
registerControl(SegmentSize, "IPPROTO_UDP", "UDP_RECV_MAX_COALESCED_SIZE", decode); // UDP_COALESCED_INFO has the same number
