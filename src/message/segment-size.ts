// UDP segmentation offload: UDP_SEGMENT and UDP_GRO of udp(7).

import { LITTLE_ENDIAN } from "../../ffi/memory.ts";
import { platform } from "../../ffi/platform/index.ts";
import { cmsg } from "../../ffi/structs/cmsg.ts";
import { integer } from "../arguments.ts";
import { notSupported } from "../errors.ts";
import { type ControlBuffer, ControlMessage, type ControlPayload, payloadView, registerControl } from "./control.ts";

const { IPPROTO_UDP } = platform.core;

function setSize(view: DataView, offset: number, sendSize: 2 | 4, size: number): void {
  if (sendSize === 2) view.setUint16(offset, size, LITTLE_ENDIAN);
  else view.setUint32(offset, size, LITTLE_ENDIAN);
}

function encode(size: number): ControlPayload {
  const { segmentation } = platform;
  if (segmentation === undefined) throw notSupported("SegmentSize", `${platform.name} has no UDP segmentation offload`);
  const bytes = new Uint8Array(new ArrayBuffer(segmentation.sendSize));
  setSize(payloadView(bytes), 0, segmentation.sendSize, size);
  return { level: IPPROTO_UDP, type: segmentation.send, bytes };
}

/** Room for the control message that sends joined datagrams; 0 where there is none. Internal. */
export const SEGMENT_CONTROL: number =
  platform.segmentation === undefined ? 0 : cmsg.space(platform.segmentation.sendSize);

/** Writes that control message, without making an object of it. Internal. */
export function writeSegmentSize(view: DataView, start: number, size: number): void {
  const { segmentation } = platform;
  if (segmentation === undefined) return; // nothing is joined there
  const { send, sendSize } = segmentation;
  setSize(view, cmsg.write(view, start, IPPROTO_UDP, send, sendSize), sendSize, size);
}

/**
 * Of a message that is sent: cut it into datagrams of this size, the last one may be shorter (UDP_SEGMENT, UDP_SEND_MSG_SIZE: at most 128 of them
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
export function receivedSegmentSize({ view, start, end }: ControlBuffer): number {
  const type = platform.segmentation?.receive;
  for (let place = cmsg.read(view, start, end); place !== undefined;) {
    if (place.level === IPPROTO_UDP && place.type === type) return sizeAt(view, place.offset, place.size) ?? 0;
    place = place.cut ? undefined : cmsg.read(view, cmsg.next(place), end);
  }
  return 0;
}

registerControl(SegmentSize, "IPPROTO_UDP", "UDP_SEGMENT", decode);
registerControl(SegmentSize, "IPPROTO_UDP", "UDP_GRO", decode);
registerControl(SegmentSize, "IPPROTO_UDP", "UDP_RECV_MAX_COALESCED_SIZE", decode); // UDP_COALESCED_INFO has the same number
