/**
 * Packets as bytes: headers read and written over a caller's buffer, the internet checksum, filters, and what is captured.
 *
 * Reading gives `undefined` for bytes that are no such header, or not all of it: what comes from a network is no error of the
 * program. Wrong arguments throw, and so do fields that do not fit when a header is written.
 *
 * @example
 * import { parseEthernet, parseIPv4, ETHERTYPE_IP } from "berkeley/packet";
 * const frame = parseEthernet(bytes);
 * const packet = frame?.type === ETHERTYPE_IP ? parseIPv4(frame.payload) : undefined;
 *
 * @module
 */

export { CaptureBlock, CapturedPacket, type ChecksumState, type PacketType } from "./capture/block.ts";
export * from "./capture/pcapng.ts";
export { type CaptureOptions, CaptureRing, type CaptureStatistics, type FanoutOptions } from "./capture/ring.ts";
export * from "./packet/arp.ts";
export * from "./packet/bpf.ts";
export * from "./packet/bpf-filter.ts";
export { checksum, checksumSum, type PseudoHeader, pseudoHeaderSum, updateChecksum } from "./packet/checksum.ts";
export * from "./packet/ethernet.ts";
export * from "./packet/icmp.ts";
export {
  type IPv4Fields,
  type IPv4Header,
  type IPv4Option,
  parseIPv4,
  parseIPv4Options,
  writeIPv4,
} from "./packet/ipv4.ts";
export * from "./packet/ipv6.ts";
export { etherAton, etherNtoa } from "./packet/mac.ts";
export * from "./packet/tcp.ts";
export * from "./packet/tcp-options.ts";
export * from "./packet/udp.ts";
