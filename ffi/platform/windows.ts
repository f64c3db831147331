// Windows, x86-64 and arm64: ws2_32.

import type { Constants, Platform, Structs } from "./platform.ts";
import * as core from "./constants/windows-core.ts";
import { resolverSymbols } from "./resolver-symbols.ts";
import { optionalWinsockSymbols, systemLibrary, winsockSymbols } from "./winsock-symbols.ts";

// prettier-ignore
const structs = {
  sockaddr: { size: 16, fields: { sa_family: [0, 2], sa_data: [2, 14] } },
  in_addr: { size: 4, fields: { s_addr: [0, 4] } },
  in6_addr: { size: 16, fields: { s6_addr: [0, 16] } },
  sockaddr_in: { size: 16, fields: { sin_family: [0, 2], sin_port: [2, 2], sin_addr: [4, 4], sin_zero: [8, 8] } },
  sockaddr_in6: { size: 28, fields: { sin6_family: [0, 2], sin6_port: [2, 2], sin6_flowinfo: [4, 4], sin6_addr: [8, 16], sin6_scope_id: [24, 4] } },
  sockaddr_un: { size: 110, fields: { sun_family: [0, 2], sun_path: [2, 108] } },
  sockaddr_storage: { size: 128, fields: { ss_family: [0, 2] } },
  pollfd: { size: 16, fields: { fd: [0, 8], events: [8, 2], revents: [10, 2] } },
  addrinfo: { size: 48, fields: { ai_flags: [0, 4], ai_family: [4, 4], ai_socktype: [8, 4], ai_protocol: [12, 4], ai_addrlen: [16, 8], ai_addr: [32, 8], ai_canonname: [24, 8], ai_next: [40, 8] } },
  ip_mreq: { size: 8, fields: { imr_multiaddr: [0, 4], imr_interface: [4, 4] } },
  ip_mreq_source: { size: 12, fields: { imr_multiaddr: [0, 4], imr_sourceaddr: [4, 4], imr_interface: [8, 4] } },
  ipv6_mreq: { size: 20, fields: { ipv6mr_multiaddr: [0, 16], ipv6mr_interface: [16, 4] } },
  group_req: { size: 136, fields: { gr_interface: [0, 4], gr_group: [8, 128] } },
  group_source_req: { size: 264, fields: { gsr_interface: [0, 4], gsr_group: [8, 128], gsr_source: [136, 128] } },
  group_filter: { size: 272, fields: { gf_interface: [0, 4], gf_group: [8, 128], gf_fmode: [136, 4], gf_numsrc: [140, 4], gf_slist: [144, 128] } },
  in_pktinfo: { size: 8, fields: { ipi_ifindex: [4, 4], ipi_addr: [0, 4] } },
  in6_pktinfo: { size: 20, fields: { ipi6_addr: [0, 16], ipi6_ifindex: [16, 4] } },
  linger: { size: 4, fields: { l_onoff: [0, 2], l_linger: [2, 2] } },
  timeval: { size: 8, fields: { tv_sec: [0, 4], tv_usec: [4, 4] } },
  timespec: { size: 16, fields: { tv_sec: [0, 8], tv_nsec: [8, 4] } },
  hostent: { size: 32, fields: { h_name: [0, 8], h_aliases: [8, 8], h_addrtype: [16, 2], h_length: [18, 2], h_addr_list: [24, 8] } },
  servent: { size: 32, fields: { s_name: [0, 8], s_aliases: [8, 8], s_port: [24, 2], s_proto: [16, 8] } },
  protoent: { size: 24, fields: { p_name: [0, 8], p_aliases: [8, 8], p_proto: [16, 2] } },
  fd_set: { size: 520, fields: { fd_count: [0, 4], fd_array: [8, 512] } },
  WSAMSG: { size: 56, fields: { name: [0, 8], namelen: [8, 4], lpBuffers: [16, 8], dwBufferCount: [24, 4], Control: [32, 16], dwFlags: [48, 4] } },
  WSABUF: { size: 16, fields: { len: [0, 4], buf: [8, 8] } },
  WSACMSGHDR: { size: 16, fields: { cmsg_len: [0, 8], cmsg_level: [8, 4], cmsg_type: [12, 4] } },
  WSAPOLLFD: { size: 16, fields: { fd: [0, 8], events: [8, 2], revents: [10, 2] } },
  WSADATA: { size: 408, fields: { wVersion: [0, 2], wHighVersion: [2, 2], szDescription: [16, 257], szSystemStatus: [273, 129], iMaxSockets: [4, 2], iMaxUdpDg: [6, 2], lpVendorInfo: [8, 8] } },
  GUID: { size: 16, fields: { Data1: [0, 4], Data2: [4, 2], Data3: [6, 2], Data4: [8, 8] } },
  IN_PKTINFO: { size: 8, fields: { ipi_addr: [0, 4], ipi_ifindex: [4, 4] } },
  IN6_PKTINFO: { size: 20, fields: { ipi6_addr: [0, 16], ipi6_ifindex: [16, 4] } },
  ADDRINFOW: { size: 48, fields: { ai_flags: [0, 4], ai_family: [4, 4], ai_socktype: [8, 4], ai_protocol: [12, 4], ai_addrlen: [16, 8], ai_canonname: [24, 8], ai_addr: [32, 8], ai_next: [40, 8] } },
  WSAOVERLAPPED: { size: 32, fields: { Internal: [0, 8], InternalHigh: [8, 8], Offset: [16, 4], OffsetHigh: [20, 4], hEvent: [24, 8] } },
  WSANETWORKEVENTS: { size: 44, fields: { lNetworkEvents: [0, 4], iErrorCode: [4, 40] } },
  tcp_keepalive: { size: 12, fields: { onoff: [0, 4], keepalivetime: [4, 4], keepaliveinterval: [8, 4] } },
  INTERFACE_INFO: { size: 76, fields: { iiFlags: [0, 4], iiAddress: [4, 24], iiBroadcastAddress: [28, 24], iiNetmask: [52, 24] } },
  SOCKADDR_INET: { size: 28, fields: { Ipv4: [0, 16], Ipv6: [0, 28], si_family: [0, 2] } },
  WSAPROTOCOL_INFOW: { size: 628, fields: { dwServiceFlags1: [0, 4], iAddressFamily: [76, 4], iSocketType: [88, 4], iProtocol: [92, 4], szProtocol: [116, 512] } },
  IP_ADAPTER_ADDRESSES: { size: 448, fields: { Length: [0, 4], IfIndex: [4, 4], Next: [8, 8], AdapterName: [16, 8], FirstUnicastAddress: [24, 8], FriendlyName: [72, 8], PhysicalAddress: [80, 8], PhysicalAddressLength: [88, 4], Flags: [92, 4], Mtu: [96, 4], IfType: [100, 4], OperStatus: [104, 4], Ipv6IfIndex: [108, 4] } },
  IP_ADAPTER_UNICAST_ADDRESS: { size: 64, fields: { Length: [0, 4], Flags: [4, 4], Next: [8, 8], Address: [16, 16], PrefixOrigin: [32, 4], SuffixOrigin: [36, 4], DadState: [40, 4], ValidLifetime: [44, 4], PreferredLifetime: [48, 4], LeaseLifetime: [52, 4], OnLinkPrefixLength: [56, 1] } },
  SOCKET_ADDRESS: { size: 16, fields: { lpSockaddr: [0, 8], iSockaddrLength: [8, 4] } },
  // POSIX names for what Winsock calls WSAMSG, WSABUF and WSACMSGHDR; WSAMSG.Control is a WSABUF, length first
  msghdr: {
    size: 56,
    fields: {
      msg_name: [0, 8],
      msg_namelen: [8, 4],
      msg_iov: [16, 8],
      msg_iovlen: [24, 4],
      msg_controllen: [32, 4],
      msg_control: [40, 8],
      msg_flags: [48, 4],
    },
  },
  iovec: { size: 16, fields: { iov_len: [0, 4], iov_base: [8, 8] } },
  cmsghdr: { size: 16, fields: { cmsg_len: [0, 8], cmsg_level: [8, 4], cmsg_type: [12, 4] } },
} as const satisfies Structs;

let constants: Constants | undefined;
function load(): typeof import("./constants/windows.ts") {
  return require("./constants/windows.ts") as typeof import("./constants/windows.ts");
}

// Socket calls report Winsock's numbers (WSAGetLastError), which this table gives under the POSIX names. EAGAIN and
// EWOULDBLOCK are one: WSAEWOULDBLOCK.
function posixNames(): Readonly<Record<string, number>> {
  const winsock = Object.entries(core).filter(([name]) => /^WSAE[A-Z]+$/.test(name));
  return Object.freeze({
    ...Object.fromEntries(winsock.map(([name, number]) => [name.slice("WSA".length), number])),
    EAGAIN: core.WSAEWOULDBLOCK,
    ECANCELED: core.WSAECANCELLED,
    ENOTSUP: core.WSAEOPNOTSUPP,
    ENOMEM: core.WSA_NOT_ENOUGH_MEMORY,
    ENODEV: core.ERROR_DEV_NOT_EXIST,
    ENOENT: core.ERROR_FILE_NOT_FOUND,
    EISDIR: core.EISDIR,
    WSANOTINITIALISED: core.WSANOTINITIALISED,
    WSASYSNOTREADY: core.WSASYSNOTREADY,
    WSAVERNOTSUPPORTED: core.WSAVERNOTSUPPORTED,
    WSASYSCALLFAILURE: core.WSASYSCALLFAILURE,
    WSA_INVALID_HANDLE: core.WSA_INVALID_HANDLE,
    WSA_INVALID_PARAMETER: core.WSA_INVALID_PARAMETER,
    WSA_OPERATION_ABORTED: core.WSA_OPERATION_ABORTED,
    WSA_IO_PENDING: core.WSA_IO_PENDING,
  });
}

/** Windows. */
export const windows: Platform = Object.freeze<Platform>({
  name: "windows",
  core: Object.freeze({ ...core }),
  get constants() {
    constants ??= Object.freeze({ ...load() });
    return constants;
  },
  structs: Object.freeze(structs),
  errnos: posixNames(),
  lastError: { symbol: "WSAGetLastError", kind: "call" },
  library: {
    names: [systemLibrary("ws2_32")],
    required: winsockSymbols,
    optional: {
      ...resolverSymbols,
      ...optionalWinsockSymbols,
    },
    composed: "winsock",
  },
  largestDescriptor: 0xffff_fffe, // handles have 32 bits that count, and INVALID_SOCKET is none
  variadicPadding: 0,
  cmsgAlign: 8,
  abstractNames: false,
  truncTellsLength: false,
  batches: "loop",
  segmentation: {
    send: core.UDP_SEND_MSG_SIZE,
    sendSize: 4,
    receive: core.UDP_RECV_MAX_COALESCED_SIZE, // UDP_COALESCED_INFO has the same number
    receiveOn: 65_535,
  },
  polls: "WSAPoll",
  pairFamily: "AF_INET",
  reuse: "stolen",
  ipv6Only: true,
  multicastByteOptions: false,
  membership: "ip_mreq",
  peerCredentials: "SIO_AF_UNIX_GETPEERPID",
  bunAdopts: false,
  sendfile: undefined,
});
