// Turning on the control messages that a program wants to receive: the option for each class, family and system.

import { setsockopt } from "../../ffi/calls.ts";
import { platform } from "../../ffi/platform/index.ts";
import type { ConstantName } from "../../ffi/platform/platform.ts";
import { encodeInt } from "../../ffi/structs/int.ts";
import { show } from "../arguments.ts";
import { failed, notSupported } from "../errors.ts";
import type { ControlMessage, ControlMessageClass } from "../message/control.ts";
import { Credentials } from "../message/credentials.ts";
import { DropCount } from "../message/drop-count.ts";
import { HopLimit } from "../message/hop-limit.ts";
import { OriginalDestination } from "../message/original-destination.ts";
import { PacketInfo } from "../message/packet-info.ts";
import { QueuedError, ZeroCopyDone } from "../message/queued-error.ts";
import { ProcessFd, Rights } from "../message/rights.ts";
import { SegmentSize } from "../message/segment-size.ts";
import { Timestamp } from "../message/timestamp.ts";
import { TrafficClass } from "../message/traffic-class.ts";
import { Handle, open } from "./handle.ts";
import { noteGro } from "./segmentation.ts";

type Level = "SOL_SOCKET" | "IPPROTO_IP" | "IPPROTO_IPV6" | "IPPROTO_UDP";

interface Switch {
  readonly type: ControlMessageClass<ControlMessage>;
  /** By level: the options that ask for it, of which the first that the system has is set. */
  readonly options: Partial<Readonly<Record<Level, readonly ConstantName[]>>>;
  /** What they are set to, where it is not 1. */
  readonly value?: number | undefined;
}

const switches: readonly Switch[] = [
  {
    type: PacketInfo,
    options: {
      IPPROTO_IP: ["IP_RECVPKTINFO", "IP_PKTINFO", "IP_RECVDSTADDR"],
      IPPROTO_IPV6: ["IPV6_RECVPKTINFO", "IPV6_PKTINFO"],
    },
  },
  { type: TrafficClass, options: { IPPROTO_IP: ["IP_RECVTOS"], IPPROTO_IPV6: ["IPV6_RECVTCLASS"] } },
  { type: HopLimit, options: { IPPROTO_IP: ["IP_RECVTTL"], IPPROTO_IPV6: ["IPV6_RECVHOPLIMIT", "IPV6_HOPLIMIT"] } },
  { type: QueuedError, options: { IPPROTO_IP: ["IP_RECVERR"], IPPROTO_IPV6: ["IPV6_RECVERR"] } },
  {
    type: OriginalDestination,
    options: { IPPROTO_IP: ["IP_RECVORIGDSTADDR"], IPPROTO_IPV6: ["IPV6_RECVORIGDSTADDR"] },
  },
  { type: Timestamp, options: { SOL_SOCKET: ["SO_TIMESTAMPNS", "SO_TIMESTAMP"] } },
  { type: DropCount, options: { SOL_SOCKET: ["SO_RXQ_OVFL"] } },
  { type: Credentials, options: { SOL_SOCKET: ["SO_PASSCRED", "LOCAL_CREDS_PERSISTENT"] } },
  { type: ProcessFd, options: { SOL_SOCKET: ["SO_PASSPIDFD"] } },
  { type: ZeroCopyDone, options: { SOL_SOCKET: ["SO_ZEROCOPY"] } },
  {
    type: SegmentSize,
    options: { IPPROTO_UDP: ["UDP_GRO", "UDP_RECV_MAX_COALESCED_SIZE"] },
    value: platform.segmentation?.receiveOn,
  },
  { type: Rights, options: {} }, // come unasked
];

function turnOn(fd: number, level: Level, { options, value = 1 }: Switch): number | undefined {
  const names = options[level];
  const name = names?.find((candidate) => platform.constants[candidate] !== undefined);
  const [levelNumber, number] = [platform.constants[level], name === undefined ? undefined : platform.constants[name]];
  if (levelNumber === undefined || number === undefined) return undefined;
  return setsockopt(fd, levelNumber, number, encodeInt(value));
}

/** Turns the options of these classes on. */
export function receiveControl(
  socket: { readonly fd: number; readonly family: number },
  kinds: readonly ControlMessageClass<ControlMessage>[],
): void {
  const fd = open(socket, "setsockopt");
  if (kinds.length === 0)
    throw new TypeError("receiveControl needs classes of control messages: receiveControl(PacketInfo)");
  const wanted = kinds.map((kind) => {
    const found = switches.find(({ type }) => type === kind);
    const name = typeof kind === "function" ? (kind as { name: string }).name : show(kind);
    if (found === undefined) throw new TypeError(`${name} is no control message that can be asked for`);
    return { found, name };
  });
  for (const { found, name } of wanted) {
    if (Object.keys(found.options).length > 0) request(fd, socket.family, found, name);
    if (socket instanceof Handle) noteGro(socket);
  }
}

function request(fd: number, family: number, found: Switch, name: string): void {
  const { options } = found;
  const { AF_INET, AF_INET6 } = platform.core;
  const level = (["SOL_SOCKET", "IPPROTO_UDP"] as const).find((each) => options[each] !== undefined);
  const result =
    level !== undefined
      ? turnOn(fd, level, found)
      : family === AF_INET6
        ? turnOn(fd, "IPPROTO_IPV6", found)
        : family === AF_INET
          ? turnOn(fd, "IPPROTO_IP", found)
          : undefined;
  if (result === undefined) {
    throw notSupported("receiveControl", `${name} cannot be had on this socket, or not on ${platform.name}`);
  }
  if (result < 0) throw failed(result, { syscall: "setsockopt", address: name });
  // what a dual-stack socket gets from IPv4 peers has the options of IPv4; where they are refused there are no such peers
  if (family === AF_INET6 && level === undefined && options.IPPROTO_IP !== undefined) turnOn(fd, "IPPROTO_IP", found);
}
