// macOS, x86-64 and arm64.

import type { Constants, Platform, Structs } from "./platform.ts";
import * as core from "./constants/darwin-core.ts";
import { optionalPosixSymbols, posixSymbols } from "./posix-symbols.ts";
import { posixResolverSymbols } from "./resolver-symbols.ts";

// prettier-ignore
const structs = {
  sockaddr: { size: 16, fields: { sa_len: [0, 1], sa_family: [1, 1], sa_data: [2, 14] } },
  in_addr: { size: 4, fields: { s_addr: [0, 4] } },
  in6_addr: { size: 16, fields: { s6_addr: [0, 16] } },
  sockaddr_in: { size: 16, fields: { sin_len: [0, 1], sin_family: [1, 1], sin_port: [2, 2], sin_addr: [4, 4], sin_zero: [8, 8] } },
  sockaddr_in6: { size: 28, fields: { sin6_len: [0, 1], sin6_family: [1, 1], sin6_port: [2, 2], sin6_flowinfo: [4, 4], sin6_addr: [8, 16], sin6_scope_id: [24, 4] } },
  sockaddr_un: { size: 106, fields: { sun_len: [0, 1], sun_family: [1, 1], sun_path: [2, 104] } },
  sockaddr_storage: { size: 128, fields: { ss_len: [0, 1], ss_family: [1, 1] } },
  sockaddr_dl: { size: 20, fields: { sdl_len: [0, 1], sdl_family: [1, 1], sdl_index: [2, 2], sdl_type: [4, 1], sdl_nlen: [5, 1], sdl_alen: [6, 1], sdl_slen: [7, 1], sdl_data: [8, 12] } },
  msghdr: { size: 48, fields: { msg_name: [0, 8], msg_namelen: [8, 4], msg_iov: [16, 8], msg_iovlen: [24, 4], msg_control: [32, 8], msg_controllen: [40, 4], msg_flags: [44, 4] } },
  cmsghdr: { size: 12, fields: { cmsg_len: [0, 4], cmsg_level: [4, 4], cmsg_type: [8, 4] } },
  iovec: { size: 16, fields: { iov_base: [0, 8], iov_len: [8, 8] } },
  pollfd: { size: 8, fields: { fd: [0, 4], events: [4, 2], revents: [6, 2] } },
  addrinfo: { size: 48, fields: { ai_flags: [0, 4], ai_family: [4, 4], ai_socktype: [8, 4], ai_protocol: [12, 4], ai_addrlen: [16, 4], ai_addr: [32, 8], ai_canonname: [24, 8], ai_next: [40, 8] } },
  ip_mreq: { size: 8, fields: { imr_multiaddr: [0, 4], imr_interface: [4, 4] } },
  ip_mreqn: { size: 12, fields: { imr_multiaddr: [0, 4], imr_address: [4, 4], imr_ifindex: [8, 4] } },
  ip_mreq_source: { size: 12, fields: { imr_multiaddr: [0, 4], imr_sourceaddr: [4, 4], imr_interface: [8, 4] } },
  ipv6_mreq: { size: 20, fields: { ipv6mr_multiaddr: [0, 16], ipv6mr_interface: [16, 4] } },
  group_req: { size: 132, fields: { gr_interface: [0, 4], gr_group: [4, 128] } },
  group_source_req: { size: 260, fields: { gsr_interface: [0, 4], gsr_group: [4, 128], gsr_source: [132, 128] } },
  in_pktinfo: { size: 12, fields: { ipi_ifindex: [0, 4], ipi_spec_dst: [4, 4], ipi_addr: [8, 4] } },
  in6_pktinfo: { size: 20, fields: { ipi6_addr: [0, 16], ipi6_ifindex: [16, 4] } },
  ip6_mtuinfo: { size: 32, fields: { ip6m_addr: [0, 28], ip6m_mtu: [28, 4] } },
  linger: { size: 8, fields: { l_onoff: [0, 4], l_linger: [4, 4] } },
  timeval: { size: 16, fields: { tv_sec: [0, 8], tv_usec: [8, 4] } },
  timespec: { size: 16, fields: { tv_sec: [0, 8], tv_nsec: [8, 8] } },
  xucred: { size: 76, fields: { cr_version: [0, 4], cr_uid: [4, 4], cr_ngroups: [8, 2], cr_groups: [12, 64] } },
  ifaddrs: { size: 56, fields: { ifa_next: [0, 8], ifa_name: [8, 8], ifa_flags: [16, 4], ifa_addr: [24, 8], ifa_netmask: [32, 8], ifa_dstaddr: [40, 8], ifa_broadaddr: [40, 8], ifa_data: [48, 8] } },
  if_nameindex: { size: 16, fields: { if_index: [0, 4], if_name: [8, 8] } },
  ifreq: { size: 32, fields: { ifr_name: [0, 16], ifr_flags: [16, 2] } },
  ifconf: { size: 12, fields: { ifc_len: [0, 4], ifc_buf: [4, 8] } },
  kevent: { size: 32, fields: { ident: [0, 8], filter: [8, 2], flags: [10, 2], fflags: [12, 4], data: [16, 8], udata: [24, 8] } },
  hostent: { size: 32, fields: { h_name: [0, 8], h_aliases: [8, 8], h_addrtype: [16, 4], h_length: [20, 4], h_addr_list: [24, 8] } },
  servent: { size: 32, fields: { s_name: [0, 8], s_aliases: [8, 8], s_port: [16, 4], s_proto: [24, 8] } },
  protoent: { size: 24, fields: { p_name: [0, 8], p_aliases: [8, 8], p_proto: [16, 4] } },
  fd_set: { size: 128, fields: { fds_bits: [0, 128] } },
  sa_endpoints: { size: 40, fields: { sae_srcif: [0, 4], sae_srcaddr: [8, 8], sae_srcaddrlen: [16, 4], sae_dstaddr: [24, 8], sae_dstaddrlen: [32, 4] } },
  sf_hdtr: { size: 32, fields: { headers: [0, 8], hdr_cnt: [8, 4], trailers: [16, 8], trl_cnt: [24, 4] } },
  tcp_connection_info: { size: 112, fields: { tcpi_state: [0, 1], tcpi_rto: [12, 4], tcpi_srtt: [44, 4] } },
} as const satisfies Structs;

let constants: Constants | undefined;

function load(): Constants {
  constants ??= Object.freeze({ ...(require("./constants/darwin.ts") as typeof import("./constants/darwin.ts")) });
  return constants;
}

/** macOS. */
export const darwin: Platform = Object.freeze<Platform>({
  name: "darwin",
  core: Object.freeze({ ...core }),
  get constants() {
    return load();
  },
  structs: Object.freeze(structs),
  errnos: core,
  lastError: { symbol: "__error", kind: "cell" },
  library: {
    names: ["/usr/lib/libSystem.B.dylib"],
    required: posixSymbols,
    optional: {
      ...optionalPosixSymbols,
      ...posixResolverSymbols,
      kqueue: { args: [], returns: "i32" },
      kevent: { args: ["i32", "buffer", "i32", "buffer", "i32", "buffer"], returns: "i32" },
      // exported, and in no public header: bsd/sys/socket_private.h
      sendmsg_x: { args: ["i32", "ptr", "u32", "i32"], returns: "i64_fast" },
      recvmsg_x: { args: ["i32", "ptr", "u32", "i32"], returns: "i64_fast" },
      sendfile: { args: ["i32", "i32", "i64_fast", "ptr", "ptr", "i32"], returns: "i32" },
    },
  },
  largestDescriptor: 0x7fff_ffff,
  variadicPadding: process.arch === "arm64" ? 6 : 0,
  cmsgAlign: 4,
  abstractNames: false,
  truncTellsLength: false,
  batches: "msg_x",
  segmentation: undefined,
  polls: "poll",
  pairFamily: "AF_UNIX",
  reuse: "old",
  ipv6Only: false,
  multicastByteOptions: true,
  membership: "group_req",
  peerCredentials: "LOCAL_PEERCRED",
  bunAdopts: true,
  sendfile: "darwin",
});
