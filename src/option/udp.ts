// Options of UDP, IPPROTO_UDP, and UDP-Lite, IPPROTO_UDPLITE: udp(7) and udplite(7) of Linux, udp(4) of FreeBSD,
// "IPPROTO_UDP socket options" of Windows.

import { bool, int, uint } from "./codecs.ts";
import { option, type Option } from "./option.ts";

const UDP = "IPPROTO_UDP";
const UDPLITE = "IPPROTO_UDPLITE";

/** Gather what is sent into one datagram until it is turned off. Linux. */
export const UDP_CORK: Option<boolean> = option(UDP, "UDP_CORK", bool);
/** Send in datagrams of so many bytes what is handed over as one, 0 for as it is; `segmentation: "auto"` does it. Linux 4.18. */
export const UDP_SEGMENT: Option<number> = option(UDP, "UDP_SEGMENT", int(0, 0xffff));
/** Datagrams of one flow come joined, with their size as a control message: `SegmentSize`. Linux 5.0. */
export const UDP_GRO: Option<boolean> = option(UDP, "UDP_GRO", bool);
/** UDP_SEGMENT of Windows: bytes, 0 for off. Windows 10 2004. */
export const UDP_SEND_MSG_SIZE: Option<number> = option(UDP, "UDP_SEND_MSG_SIZE", uint);
/** UDP_GRO of Windows: up to how many bytes are joined, 0 for off. Windows 10 2004. */
export const UDP_RECV_MAX_COALESCED_SIZE: Option<number> = option(UDP, "UDP_RECV_MAX_COALESCED_SIZE", uint);
/** UDP_ENCAP_*: what is carried in UDP, 2 for ESP (RFC 3948); 0 for nothing. Linux, FreeBSD. */
export const UDP_ENCAP: Option<number> = option(UDP, "UDP_ENCAP", int(0));
/** Send without a checksum over IPv6: RFC 6935. Linux. */
export const UDP_NO_CHECK6_TX: Option<boolean> = option(UDP, "UDP_NO_CHECK6_TX", bool);
/** Receive without a checksum over IPv6: RFC 6935. Linux. */
export const UDP_NO_CHECK6_RX: Option<boolean> = option(UDP, "UDP_NO_CHECK6_RX", bool);
/** Send without a checksum over IPv4. macOS. */
export const UDP_NOCKSUM: Option<boolean> = option(UDP, "UDP_NOCKSUM", bool);
/** Send without a checksum. Windows. */
export const UDP_NOCHECKSUM: Option<boolean> = option(UDP, "UDP_NOCHECKSUM", bool);
/** Whether the checksum covers all of the datagram. Windows. */
export const UDP_CHECKSUM_COVERAGE: Option<number> = option(UDP, "UDP_CHECKSUM_COVERAGE", uint);
/** How many bytes of a datagram the checksum covers, 0 for all; below 8 counts as 8. Linux. */
export const UDPLITE_SEND_CSCOV: Option<number> = option(UDPLITE, "UDPLITE_SEND_CSCOV", int(0, 0xffff));
/** How many bytes it must cover at least, 0 for all, or the datagram is dropped. Linux. */
export const UDPLITE_RECV_CSCOV: Option<number> = option(UDPLITE, "UDPLITE_RECV_CSCOV", int(0, 0xffff));

// Left out:
// - a value: UDP_ENCAP_ESPINUDP (UDP_ENCAP)
