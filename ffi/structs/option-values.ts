// Structs of option values that the platform records do not hold, because one system only has the option.

/**
 * struct tcp_info of Linux 6.18 (include/uapi/linux/tcp.h): kernels before it write less, and those after it may write more.
 * The two bit fields at 6 and 7 are bytes here.
 */
// prettier-ignore
export const linuxTcpInfo = {
  size: 280,
  fields: {
    tcpi_state: [0, 1], tcpi_ca_state: [1, 1], tcpi_retransmits: [2, 1], tcpi_probes: [3, 1], tcpi_backoff: [4, 1], tcpi_options: [5, 1], tcpi_wscale: [6, 1], tcpi_bits: [7, 1],
    tcpi_rto: [8, 4], tcpi_ato: [12, 4], tcpi_snd_mss: [16, 4], tcpi_rcv_mss: [20, 4],
    tcpi_unacked: [24, 4], tcpi_sacked: [28, 4], tcpi_lost: [32, 4], tcpi_retrans: [36, 4], tcpi_fackets: [40, 4],
    tcpi_last_data_sent: [44, 4], tcpi_last_ack_sent: [48, 4], tcpi_last_data_recv: [52, 4], tcpi_last_ack_recv: [56, 4],
    tcpi_pmtu: [60, 4], tcpi_rcv_ssthresh: [64, 4], tcpi_rtt: [68, 4], tcpi_rttvar: [72, 4], tcpi_snd_ssthresh: [76, 4], tcpi_snd_cwnd: [80, 4], tcpi_advmss: [84, 4], tcpi_reordering: [88, 4],
    tcpi_rcv_rtt: [92, 4], tcpi_rcv_space: [96, 4], tcpi_total_retrans: [100, 4],
    tcpi_pacing_rate: [104, 8], tcpi_max_pacing_rate: [112, 8], tcpi_bytes_acked: [120, 8], tcpi_bytes_received: [128, 8], tcpi_segs_out: [136, 4], tcpi_segs_in: [140, 4],
    tcpi_notsent_bytes: [144, 4], tcpi_min_rtt: [148, 4], tcpi_data_segs_in: [152, 4], tcpi_data_segs_out: [156, 4],
    tcpi_delivery_rate: [160, 8], tcpi_busy_time: [168, 8], tcpi_rwnd_limited: [176, 8], tcpi_sndbuf_limited: [184, 8],
    tcpi_delivered: [192, 4], tcpi_delivered_ce: [196, 4], tcpi_bytes_sent: [200, 8], tcpi_bytes_retrans: [208, 8], tcpi_dsack_dups: [216, 4], tcpi_reord_seen: [220, 4],
    tcpi_rcv_ooopack: [224, 4], tcpi_snd_wnd: [228, 4], tcpi_rcv_wnd: [232, 4], tcpi_rehash: [236, 4],
    tcpi_total_rto: [240, 2], tcpi_total_rto_recoveries: [242, 2], tcpi_total_rto_time: [244, 4],
    tcpi_received_ce: [248, 4], tcpi_delivered_e1_bytes: [252, 4], tcpi_delivered_e0_bytes: [256, 4], tcpi_delivered_ce_bytes: [260, 4],
    tcpi_received_e1_bytes: [264, 4], tcpi_received_e0_bytes: [268, 4], tcpi_received_ce_bytes: [272, 4], tcpi_accecn_fail_mode: [276, 2], tcpi_accecn_opt_seen: [278, 2],
  },
} as const;

/** struct tcp_md5sig of Linux (include/uapi/linux/tcp.h). */
// prettier-ignore
export const linuxTcpMd5sig = {
  size: 216,
  fields: { tcpm_addr: [0, 128], tcpm_flags: [128, 1], tcpm_prefixlen: [129, 1], tcpm_keylen: [130, 2], tcpm_ifindex: [132, 4], tcpm_key: [136, 80] },
} as const;

/** struct in6_flowlabel_req of Linux (include/uapi/linux/in6.h). */
// prettier-ignore
export const linuxFlowlabelReq = {
  size: 32,
  fields: { flr_dst: [0, 16], flr_label: [16, 4], flr_action: [20, 1], flr_share: [21, 1], flr_flags: [22, 2], flr_expires: [24, 2], flr_linger: [26, 2] },
} as const;

/** struct splice of FreeBSD 15 (sys/socket.h). */
export const freebsdSplice = {
  size: 32,
  fields: { sp_fd: [0, 4], sp_max: [8, 8], sp_idle: [16, 16] },
} as const;

/** struct tcp_function_set of FreeBSD (netinet/tcp.h). */
export const freebsdTcpFunctionSet = {
  size: 36,
  fields: { function_set_name: [0, 32], pcbcnt: [32, 4] },
} as const;

/** struct group_filter of Linux (include/uapi/linux/in.h): gf_slist is an array of as many as gf_numsrc says. */
// prettier-ignore
export const linuxGroupFilter = {
  size: 272,
  fields: { gf_interface: [0, 4], gf_group: [8, 128], gf_fmode: [136, 4], gf_numsrc: [140, 4], gf_slist: [144, 128] },
} as const;
