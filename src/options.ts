/**
 * The socket options of all systems, named as in their manuals: getsockopt(2), setsockopt(2). Each knows its level, its number
 * and the type of its value; `.supported` tells whether this system has it.
 *
 * @example
 * import { AF_INET, Socket } from "berkeley";
 * import * as option from "berkeley/options";
 * using socket = new Socket(AF_INET);
 * socket.setOption(option.TCP_KEEPIDLE, 30);
 * socket.getOption(option.SO_RCVBUF);
 *
 * @module
 */

export type { BpfInstruction } from "./packet/bpf.ts";
export * from "./option/ip.ts";
export * from "./option/ipv6.ts";
export * from "./option/local.ts";
export type { AnycastMembership, GroupMembership, SourceFilter, SourceMembership } from "./option/membership.ts";
export type { Option, ReadableOption, WritableOption } from "./option/option.ts";
export * from "./option/socket.ts";
export * from "./option/socket-linux.ts";
export * from "./option/socket-others.ts";
export type { TcpConnectionInfo, TcpInfo } from "./option/tcp-info.ts";
export * from "./option/tcp.ts";
export * from "./option/udp.ts";
export type {
  AcceptFilter,
  FlowLabelRequest,
  PortRange,
  ProtocolInfo,
  Splice,
  StickyPacketInfo,
  StickyPacketInfoLike,
  TcpMd5ExtendedKey,
  TcpMd5Key,
  TcpStack,
} from "./option/values.ts";
