// Linux, glibc and musl, x86-64 and arm64.

import type { Constants, Platform, Structs } from "./platform.ts";
import * as core from "./constants/linux-core.ts";
import { optionalPosixSymbols, posixSymbols } from "./posix-symbols.ts";
import { posixResolverSymbols, reentrantResolverSymbols } from "./resolver-symbols.ts";

// prettier-ignore
const structs = {
  sockaddr: { size: 16, fields: { sa_family: [0, 2], sa_data: [2, 14] } },
  in_addr: { size: 4, fields: { s_addr: [0, 4] } },
  in6_addr: { size: 16, fields: { s6_addr: [0, 16] } },
  sockaddr_in: { size: 16, fields: { sin_family: [0, 2], sin_port: [2, 2], sin_addr: [4, 4], sin_zero: [8, 8] } },
  sockaddr_in6: { size: 28, fields: { sin6_family: [0, 2], sin6_port: [2, 2], sin6_flowinfo: [4, 4], sin6_addr: [8, 16], sin6_scope_id: [24, 4] } },
  sockaddr_un: { size: 110, fields: { sun_family: [0, 2], sun_path: [2, 108] } },
  sockaddr_storage: { size: 128, fields: { ss_family: [0, 2] } },
  sockaddr_ll: { size: 20, fields: { sll_family: [0, 2], sll_protocol: [2, 2], sll_ifindex: [4, 4], sll_hatype: [8, 2], sll_pkttype: [10, 1], sll_halen: [11, 1], sll_addr: [12, 8] } },
  msghdr: { size: 56, fields: { msg_name: [0, 8], msg_namelen: [8, 4], msg_iov: [16, 8], msg_iovlen: [24, 8], msg_control: [32, 8], msg_controllen: [40, 8], msg_flags: [48, 4] } },
  mmsghdr: { size: 64, fields: { msg_hdr: [0, 56], msg_len: [56, 4] } },
  cmsghdr: { size: 16, fields: { cmsg_len: [0, 8], cmsg_level: [8, 4], cmsg_type: [12, 4] } },
  iovec: { size: 16, fields: { iov_base: [0, 8], iov_len: [8, 8] } },
  pollfd: { size: 8, fields: { fd: [0, 4], events: [4, 2], revents: [6, 2] } },
  addrinfo: { size: 48, fields: { ai_flags: [0, 4], ai_family: [4, 4], ai_socktype: [8, 4], ai_protocol: [12, 4], ai_addrlen: [16, 4], ai_addr: [24, 8], ai_canonname: [32, 8], ai_next: [40, 8] } },
  ip_mreq: { size: 8, fields: { imr_multiaddr: [0, 4], imr_interface: [4, 4] } },
  ip_mreqn: { size: 12, fields: { imr_multiaddr: [0, 4], imr_address: [4, 4], imr_ifindex: [8, 4] } },
  ip_mreq_source: { size: 12, fields: { imr_multiaddr: [0, 4], imr_sourceaddr: [8, 4], imr_interface: [4, 4] } },
  ipv6_mreq: { size: 20, fields: { ipv6mr_multiaddr: [0, 16], ipv6mr_interface: [16, 4] } },
  group_req: { size: 136, fields: { gr_interface: [0, 4], gr_group: [8, 128] } },
  group_source_req: { size: 264, fields: { gsr_interface: [0, 4], gsr_group: [8, 128], gsr_source: [136, 128] } },
  group_filter: { size: 272, fields: { gf_interface: [0, 4], gf_group: [8, 128], gf_fmode: [136, 4], gf_numsrc: [140, 4], gf_slist: [144, 128] } },
  in_pktinfo: { size: 12, fields: { ipi_ifindex: [0, 4], ipi_spec_dst: [4, 4], ipi_addr: [8, 4] } },
  in6_pktinfo: { size: 20, fields: { ipi6_addr: [0, 16], ipi6_ifindex: [16, 4] } },
  ip6_mtuinfo: { size: 32, fields: { ip6m_addr: [0, 28], ip6m_mtu: [28, 4] } },
  linger: { size: 8, fields: { l_onoff: [0, 4], l_linger: [4, 4] } },
  timeval: { size: 16, fields: { tv_sec: [0, 8], tv_usec: [8, 8] } },
  timespec: { size: 16, fields: { tv_sec: [0, 8], tv_nsec: [8, 8] } },
  ucred: { size: 12, fields: { pid: [0, 4], uid: [4, 4], gid: [8, 4] } },
  sock_extended_err: { size: 16, fields: { ee_errno: [0, 4], ee_origin: [4, 1], ee_type: [5, 1], ee_code: [6, 1], ee_pad: [7, 1], ee_info: [8, 4], ee_data: [12, 4] } },
  ifaddrs: { size: 56, fields: { ifa_next: [0, 8], ifa_name: [8, 8], ifa_flags: [16, 4], ifa_addr: [24, 8], ifa_netmask: [32, 8], ifa_dstaddr: [40, 8], ifa_broadaddr: [40, 8], ifa_data: [48, 8] } },
  if_nameindex: { size: 16, fields: { if_index: [0, 4], if_name: [8, 8] } },
  ifreq: { size: 40, fields: { ifr_name: [0, 16], ifr_flags: [16, 2], ifr_ifindex: [16, 4] } },
  ifconf: { size: 16, fields: { ifc_len: [0, 4], ifc_buf: [8, 8] } },
  // packed on x86 only: <sys/epoll.h>
  epoll_event:
    process.arch === "x64"
      ? { size: 12, fields: { events: [0, 4], data: [4, 8] } }
      : { size: 16, fields: { events: [0, 4], data: [8, 8] } },
  hostent: { size: 32, fields: { h_name: [0, 8], h_aliases: [8, 8], h_addrtype: [16, 4], h_length: [20, 4], h_addr_list: [24, 8] } },
  servent: { size: 32, fields: { s_name: [0, 8], s_aliases: [8, 8], s_port: [16, 4], s_proto: [24, 8] } },
  protoent: { size: 24, fields: { p_name: [0, 8], p_aliases: [8, 8], p_proto: [16, 4] } },
  fd_set: { size: 128, fields: { fds_bits: [0, 128] } },
  tcp_info: { size: 104, fields: { tcpi_state: [0, 1], tcpi_options: [5, 1], tcpi_rto: [8, 4], tcpi_rtt: [68, 4], tcpi_rttvar: [72, 4], tcpi_snd_mss: [16, 4] } },
  // <linux/filter.h>
  sock_filter: { size: 8, fields: { code: [0, 2], jt: [2, 1], jf: [3, 1], k: [4, 4] } },
  sock_fprog: { size: 16, fields: { len: [0, 2], filter: [8, 8] } },
} as const satisfies Structs;

let constants: Constants | undefined;

function load(): Constants {
  constants ??= Object.freeze({ ...(require("./constants/linux.ts") as typeof import("./constants/linux.ts")) });
  return constants;
}

/** Linux, glibc and musl. */
export const linux: Platform = Object.freeze<Platform>({
  name: "linux",
  core: Object.freeze({ ...core }),
  get constants() {
    return load();
  },
  structs: Object.freeze(structs),
  errnos: core,
  lastError: { symbol: "__errno_location", kind: "cell" },
  library: {
    // This name is always the C library that this program runs on, so that none can be planted in the current directory:
    // glibc's loader answers with the object of that soname that is mapped already, and musl's takes every "libc." for
    // itself (ldso/dynlink.c, load_library)
    names: ["libc.so.6"],
    required: posixSymbols,
    optional: {
      ...optionalPosixSymbols,
      ...posixResolverSymbols,
      ...reentrantResolverSymbols,
      accept4: { args: ["i32", "buffer", "buffer", "i32"], returns: "i32" },
      ppoll: { args: ["buffer", "u64", "buffer", "ptr"], returns: "i32" },
      eventfd: { args: ["u32", "i32"], returns: "i32" },
      sendfile: { args: ["i32", "i32", "ptr", "u64"], returns: "i64_fast" },
      sendmmsg: { args: ["i32", "ptr", "u32", "i32"], returns: "i32" },
      recvmmsg: { args: ["i32", "ptr", "u32", "i32", "ptr"], returns: "i32" },
      epoll_create1: { args: ["i32"], returns: "i32" },
      epoll_ctl: { args: ["i32", "i32", "i32", "buffer"], returns: "i32" },
      epoll_wait: { args: ["i32", "buffer", "i32", "i32"], returns: "i32" },
      mmap: { args: ["ptr", "u64", "i32", "i32", "i32", "i64_fast"], returns: "ptr" },
      munmap: { args: ["ptr", "u64"], returns: "i32" },
      // variadic, but in registers on x86-64 and arm64
      syscall: {
        args: ["i64_fast", "i64_fast", "i64_fast", "i64_fast", "i64_fast", "i64_fast", "i64_fast"],
        returns: "i64_fast",
      },
    },
    // musl copies what it is given, to clear the padding of fields that it has as ints and the kernel as longs (ours is
    // clear): sendmsg has 1 KB for control messages then, too little for 253 descriptors, and sendmmsg is a loop of it
    // (src/network/sendmsg.c, sendmmsg.c). Only glibc has this symbol.
    direct: {
      unless: "gnu_get_libc_version",
      numbers:
        process.arch === "x64"
          ? { sendmsg: 46, sendmsgAt: 46, sendmmsg: 307 }
          : { sendmsg: 211, sendmsgAt: 211, sendmmsg: 269 },
    },
  },
  largestDescriptor: 0x7fff_ffff,
  variadicPadding: 0,
  cmsgAlign: 8,
  abstractNames: true,
  truncTellsLength: true,
  batches: "mmsg",
  segmentation: { send: core.UDP_SEGMENT, sendSize: 2, receive: core.UDP_GRO, receiveOn: 1 },
  polls: "poll",
  pairFamily: "AF_UNIX",
  reuse: "old",
  ipv6Only: false,
  multicastByteOptions: false,
  membership: "ip_mreqn",
  peerCredentials: "SO_PEERCRED",
  bunAdopts: true,
  sendfile: "linux",
});
