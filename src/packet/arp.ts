// ARP for IPv4 over Ethernet: RFC 826.

import type { InetAddress } from "../address/inet-address.ts";
import { addressAt, addressBytes, fieldsOf, get16, holds, put16, roomFor, uint16 } from "./fields.ts";
import { macAt, MAC_LENGTH, macBytes } from "./mac.ts";

/** Who has this address? RFC 826. */
export const ARPOP_REQUEST = 1;
/** I have it: RFC 826. */
export const ARPOP_REPLY = 2;

const SIZE = 28;
// hardware type Ethernet, protocol IPv4, addresses of 6 and 4 bytes
const PREFIX = [0, 1, 0x08, 0, 6, 4] as const;

/** An ARP packet that was read. */
export interface ArpPacket {
  /** ARPOP_REQUEST, ARPOP_REPLY, ... */
  readonly operation: number;
  /** `02:00:5e:10:00:ff` */
  readonly senderHardwareAddress: string;
  readonly senderAddress: InetAddress;
  readonly targetHardwareAddress: string;
  readonly targetAddress: InetAddress;
}

/** An ARP packet to write. */
export interface ArpFields {
  readonly operation: number;
  /** Text with colons or hyphens, or 6 bytes. */
  readonly senderHardwareAddress: string | Uint8Array;
  /** IPv4. */
  readonly senderAddress: InetAddress | string;
  readonly targetHardwareAddress: string | Uint8Array;
  readonly targetAddress: InetAddress | string;
}

/**
 * Reads an ARP packet: RFC 826. `undefined` when it is not whole, or not about IPv4 over Ethernet.
 *
 * @throws {TypeError | RangeError} when `bytes` is no Uint8Array, or `offset` not within it
 */
export function parseArp(bytes: Uint8Array, offset = 0): ArpPacket | undefined {
  if (!holds(bytes, offset, SIZE)) return undefined;
  for (let index = 0; index < PREFIX.length; index++) if (bytes[offset + index] !== PREFIX[index]) return undefined;
  return Object.freeze({
    operation: get16(bytes, offset + 6),
    senderHardwareAddress: macAt(bytes, offset + 8),
    senderAddress: addressAt(bytes, offset + 14, 4),
    targetHardwareAddress: macAt(bytes, offset + 18),
    targetAddress: addressAt(bytes, offset + 24, 4),
  });
}

/**
 * Writes an ARP packet: RFC 826. Returns how many bytes that were: 28.
 *
 * @throws {TypeError | RangeError} naming the field that is wrong, or when there is no room; nothing is written then
 */
export function writeArp(bytes: Uint8Array, offset: number, fields: ArpFields): number {
  const { operation, senderHardwareAddress, senderAddress, targetHardwareAddress, targetAddress } = fieldsOf(
    fields,
    "an ARP packet",
  );
  uint16(operation, "operation");
  const senderMac = macBytes(senderHardwareAddress, "senderHardwareAddress");
  const sender = addressBytes(senderAddress, "senderAddress", 4);
  const targetMac = macBytes(targetHardwareAddress, "targetHardwareAddress");
  const target = addressBytes(targetAddress, "targetAddress", 4);
  roomFor(bytes, offset, SIZE, "an ARP packet");
  bytes.set(PREFIX, offset);
  put16(bytes, offset + 6, operation);
  bytes.set(senderMac, offset + 8);
  bytes.set(sender, offset + 8 + MAC_LENGTH);
  bytes.set(targetMac, offset + 18);
  bytes.set(target, offset + 18 + MAC_LENGTH);
  return SIZE;
}
