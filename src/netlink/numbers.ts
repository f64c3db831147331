// The numbers of netlink and rtnetlink. tests/abi/netlink.test.ts compares them with the kernel's headers.

// Header flags and types of messages: netlink(7), <linux/netlink.h>
/** A request. */
export const NLM_F_REQUEST = 1;
/** A part of several, which NLMSG_DONE ends. */
export const NLM_F_MULTI = 2;
/** An acknowledgement is wanted. */
export const NLM_F_ACK = 4;
/** The change is to be told to the asker too. */
export const NLM_F_ECHO = 8;
/** What was listed changed meanwhile: the list is inconsistent. */
export const NLM_F_DUMP_INTR = 16;
/** The list was filtered as asked. */
export const NLM_F_DUMP_FILTERED = 32;
/** All of a table, in a request to get. */
export const NLM_F_ROOT = 0x100;
/** All that match, in a request to get. */
export const NLM_F_MATCH = 0x200;
/** All of it: NLM_F_ROOT and NLM_F_MATCH. */
export const NLM_F_DUMP = 0x300;
/** What exists is replaced, in a request to make. */
export const NLM_F_REPLACE = 0x100;
/** What exists is an error, in a request to make. */
export const NLM_F_EXCL = 0x200;
/** What does not exist is made. */
export const NLM_F_CREATE = 0x400;
/** It is added at the end of a list. */
export const NLM_F_APPEND = 0x800;
/** The error does not hold the request. */
export const NLM_F_CAPPED = 0x100;
/** Attributes follow the error: the extended acknowledgement. */
export const NLM_F_ACK_TLVS = 0x200;
/** Nothing. */
export const NLMSG_NOOP = 1;
/** An error, or with number 0 an acknowledgement. */
export const NLMSG_ERROR = 2;
/** The end of a message in several parts. */
export const NLMSG_DONE = 3;
/** Data were lost. */
export const NLMSG_OVERRUN = 4;

// Routing: rtnetlink(7), <linux/rtnetlink.h>
/** An interface is made, or has changed. */
export const RTM_NEWLINK = 16;
/** An interface is removed. */
export const RTM_DELLINK = 17;
/** Asks for interfaces. */
export const RTM_GETLINK = 18;
/** Changes an interface. */
export const RTM_SETLINK = 19;
/** An address is added, or has changed. */
export const RTM_NEWADDR = 20;
/** An address is removed. */
export const RTM_DELADDR = 21;
/** Asks for addresses. */
export const RTM_GETADDR = 22;
/** A route is added, or has changed. */
export const RTM_NEWROUTE = 24;
/** A route is removed. */
export const RTM_DELROUTE = 25;
/** Asks for routes. */
export const RTM_GETROUTE = 26;
/** A neighbour is added, or has changed. */
export const RTM_NEWNEIGH = 28;
/** A neighbour is removed. */
export const RTM_DELNEIGH = 29;
/** Asks for neighbours: the ARP table. */
export const RTM_GETNEIGH = 30;
/** Group: interfaces. */
export const RTNLGRP_LINK = 1;
/** Group: neighbours. */
export const RTNLGRP_NEIGH = 3;
/** Group: IPv4 addresses. */
export const RTNLGRP_IPV4_IFADDR = 5;
/** Group: IPv4 routes. */
export const RTNLGRP_IPV4_ROUTE = 7;
/** Group: IPv4 rules. */
export const RTNLGRP_IPV4_RULE = 8;
/** Group: IPv6 addresses. */
export const RTNLGRP_IPV6_IFADDR = 9;
/** Group: IPv6 routes. */
export const RTNLGRP_IPV6_ROUTE = 11;
/** Group: IPv6 rules. */
export const RTNLGRP_IPV6_RULE = 19;
/** Every table. */
export const RT_TABLE_UNSPEC = 0;
/** The table that is looked at last. */
export const RT_TABLE_DEFAULT = 253;
/** The table that ip(8) shows. */
export const RT_TABLE_MAIN = 254;
/** The table of this host's own addresses. */
export const RT_TABLE_LOCAL = 255;
