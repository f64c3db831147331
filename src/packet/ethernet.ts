// Ethernet: IEEE 802.3, with the tags of 802.1Q and 802.1ad; RFC 894 for what is in it.

import { integer, show } from "../arguments.ts";
import { bufferOf, bytesIn, fieldsOf, flag, get16, holds, put16, roomFor, uint16 } from "./fields.ts";
import { macAt, MAC_LENGTH, macBytes } from "./mac.ts";

/** EtherType of IPv4: RFC 894. */
export const ETHERTYPE_IP = 0x0800;
/** EtherType of ARP: RFC 826. */
export const ETHERTYPE_ARP = 0x0806;
/** EtherType of an 802.1Q tag. */
export const ETHERTYPE_VLAN = 0x8100;
/** EtherType of IPv6: RFC 2464. */
export const ETHERTYPE_IPV6 = 0x86dd;
/** EtherType of the outer one of two tags: 802.1ad. */
export const ETHERTYPE_QINQ = 0x88a8;

const HEADER = 14;
const TAG = 4;
const LARGEST = 0xffff;

/** The tag of a virtual LAN: 802.1Q. */
export interface VlanTag {
  /** ETHERTYPE_VLAN, or ETHERTYPE_QINQ. */
  readonly tpid: number;
  /** 0 to 7. */
  readonly priority: number;
  /** DEI, the former CFI. */
  readonly dropEligible: boolean;
  /** 0 to 4095. */
  readonly id: number;
}

/** An Ethernet header that was read. */
export interface EthernetHeader {
  /** `02:00:5e:10:00:ff` */
  readonly destination: string;
  readonly source: string;
  /** The tags, the outer one first. */
  readonly vlans: readonly VlanTag[];
  /** The EtherType, ETHERTYPE_*; below 1536 the length of an 802.3 frame. */
  readonly type: number;
  /** 14, and 4 for each tag. */
  readonly headerLength: number;
  /** A view of what follows, padding included. */
  readonly payload: Uint8Array;
}

/** An Ethernet header to write. */
export interface EthernetFields {
  /** Text with colons or hyphens, or 6 bytes. */
  readonly destination: string | Uint8Array;
  readonly source: string | Uint8Array;
  /** Default: none. `tpid` is ETHERTYPE_VLAN if absent, `priority` 0, `dropEligible` false. */
  readonly vlans?: readonly (Partial<VlanTag> & Pick<VlanTag, "id">)[] | undefined;
  readonly type: number;
  /** Copied behind the header. It is not padded to 60 bytes: network cards do that. */
  readonly payload?: Uint8Array | undefined;
}

/**
 * Reads an Ethernet header: IEEE 802.3. `undefined` when it is not whole.
 *
 * @throws {TypeError | RangeError} when `bytes` is no Uint8Array, or `offset` not within it
 */
export function parseEthernet(bytes: Uint8Array, offset = 0): EthernetHeader | undefined {
  if (!holds(bytes, offset, HEADER)) return undefined;
  let at = offset + 2 * MAC_LENGTH;
  let type = get16(bytes, at);
  const vlans: VlanTag[] = [];
  while (type === ETHERTYPE_VLAN || type === ETHERTYPE_QINQ) {
    if (at + TAG + 2 > bytes.length) return undefined;
    const control = get16(bytes, at + 2);
    vlans.push({
      tpid: type,
      priority: control >>> 13,
      dropEligible: (control & 0x1000) !== 0,
      id: control & 0xfff,
    });
    at += TAG;
    type = get16(bytes, at);
  }
  return Object.freeze({
    destination: macAt(bytes, offset),
    source: macAt(bytes, offset + MAC_LENGTH),
    vlans,
    type,
    headerLength: at + 2 - offset,
    payload: bytes.subarray(at + 2),
  });
}

/**
 * Writes an Ethernet header, and the payload behind it: IEEE 802.3. Returns how many bytes that were.
 *
 * @throws {TypeError | RangeError} naming the field that is wrong, or when there is no room; nothing is written then
 */
export function writeEthernet(bytes: Uint8Array, offset: number, fields: EthernetFields): number {
  const { destination, source, vlans = [], type, payload } = fieldsOf(fields, "an Ethernet header");
  const to = macBytes(destination, "destination");
  const from = macBytes(source, "source");
  if (!Array.isArray(vlans)) throw new TypeError(`vlans must be an array of tags, not ${show(vlans)}`);
  const tags = (vlans as readonly Partial<VlanTag>[]).map((tag, index) => tagWord(tag, `vlans[${index}]`));
  uint16(type, "type");
  const data = bytesIn(payload, "payload", LARGEST);
  const headerLength = HEADER + tags.length * TAG;
  roomFor(bytes, offset, headerLength + data.length, "an Ethernet frame");
  bytes.set(data, offset + headerLength);
  bytes.set(to, offset);
  bytes.set(from, offset + MAC_LENGTH);
  let at = offset + 2 * MAC_LENGTH;
  for (const [tpid, control] of tags) {
    put16(bytes, at, tpid);
    put16(bytes, at + 2, control);
    at += TAG;
  }
  put16(bytes, at, type);
  return headerLength + data.length;
}

/**
 * A copy of a frame with a tag more, behind the two addresses: what a network card or the kernel has taken out of it, and tells beside
 * it (`vlan` of a CapturedPacket).
 *
 * @throws {TypeError | RangeError} naming the field that is wrong, or when the frame is shorter than two addresses
 */
export function withVlanTag(frame: Uint8Array, tag: VlanTag): Uint8Array<ArrayBuffer> {
  const [tpid, control] = tagWord(tag, "tag");
  const addresses = 2 * MAC_LENGTH;
  const bytes = bufferOf(frame, "frame");
  if (bytes.length < addresses)
    throw new RangeError(`frame must have its ${addresses} bytes of addresses, not ${bytes.length}`);
  const tagged = new Uint8Array(bytes.length + TAG);
  tagged.set(bytes.subarray(0, addresses));
  tagged.set(bytes.subarray(addresses), addresses + TAG);
  put16(tagged, addresses, tpid);
  put16(tagged, addresses + 2, control);
  return tagged;
}

function tagWord(tag: unknown, name: string): readonly [tpid: number, control: number] {
  if (typeof tag !== "object" || tag === null) throw new TypeError(`${name} must be a tag, not ${show(tag)}`);
  const { tpid = ETHERTYPE_VLAN, priority = 0, dropEligible, id } = tag as Partial<VlanTag>;
  if (tpid !== ETHERTYPE_VLAN && tpid !== ETHERTYPE_QINQ) {
    throw new RangeError(`${name}.tpid must be ETHERTYPE_VLAN (0x8100) or ETHERTYPE_QINQ (0x88a8), not ${show(tpid)}`);
  }
  const dei = flag(dropEligible, `${name}.dropEligible`) ? 0x1000 : 0;
  return [tpid, (integer(priority, `${name}.priority`, 0, 7) << 13) | dei | integer(id, `${name}.id`, 0, 0xfff)];
}
