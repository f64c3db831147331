// Options of every socket that Linux alone has: socket(7), unix(7), Documentation/networking.

import type { InterfaceLike } from "../address/index.ts";
import type { Descriptor } from "../arguments.ts";
import {
  bigUint,
  bool,
  type Bytes,
  command,
  descriptorNumber,
  int,
  interfaceByIndex,
  listOf,
  structBytes,
  text,
  uint,
  uints,
  words,
} from "./codecs.ts";
import type { BpfInstruction } from "../packet/bpf.ts";
import { program } from "./filter.ts";
import { option, type Option, readable, type ReadableOption, writable, type WritableOption } from "./option.ts";

const SOCKET = "SOL_SOCKET";

// What the socket is

/** A number that no other socket of this host has had since it started. */
export const SO_COOKIE: ReadableOption<bigint> = readable(SOCKET, "SO_COOKIE", bigUint(64));
/** The same for the network namespace of the socket. Linux 5.14. */
export const SO_NETNS_COOKIE: ReadableOption<bigint> = readable(SOCKET, "SO_NETNS_COOKIE", bigUint(64));
/** Packets of this socket carry this mark, for routing and filtering; CAP_NET_ADMIN or (5.17) CAP_NET_RAW. */
export const SO_MARK: Option<number> = option(SOCKET, "SO_MARK", uint);
/** Only this interface, by index; set by name, index or address, 0 for none. Linux 5.0. */
export const SO_BINDTOIFINDEX: Option<number, InterfaceLike> = option(SOCKET, "SO_BINDTOIFINDEX", interfaceByIndex);
/** The CPU that handled the last packet, -1 for none yet; set: among SO_REUSEPORT sockets prefer this one for that CPU. */
export const SO_INCOMING_CPU: Option<number> = option(SOCKET, "SO_INCOMING_CPU", int(-1));
/** The receive queue of the network card that the last packet came through; 0 for none. */
export const SO_INCOMING_NAPI_ID: ReadableOption<number> = readable(SOCKET, "SO_INCOMING_NAPI_ID", uint);

// The other end of a unix socket: unix(7)

/** struct ucred of the peer as bytes: `socket.credentials` is the same with names. */
export const SO_PEERCRED: ReadableOption<Bytes> = readable(
  SOCKET,
  "SO_PEERCRED",
  structBytes(({ ucred }) => ucred),
);
/** The supplementary groups of the peer. */
export const SO_PEERGROUPS: ReadableOption<number[]> = readable(SOCKET, "SO_PEERGROUPS", uints(65_536)); // NGROUPS_MAX
/** A new descriptor of the peer's process, which is the caller's to close: pidfd_open(2). Linux 6.5. */
export const SO_PEERPIDFD: ReadableOption<number> = readable(SOCKET, "SO_PEERPIDFD", int());
/** The security context of the peer; "not-supported" without a security module that has one. */
export const SO_PEERSEC: ReadableOption<string> = readable(SOCKET, "SO_PEERSEC", text(4096));
/** Messages come with the sender's credentials: `Credentials`. */
export const SO_PASSCRED: Option<boolean> = option(SOCKET, "SO_PASSCRED", bool);
/** Messages come with a descriptor of the sender's process: `ProcessFd`. Linux 6.5. */
export const SO_PASSPIDFD: Option<boolean> = option(SOCKET, "SO_PASSPIDFD", bool);
/** Messages come with the sender's security context: SCM_SECURITY. */
export const SO_PASSSEC: Option<boolean> = option(SOCKET, "SO_PASSSEC", bool);
/** Whether descriptors are taken, `Rights`; true at first. Linux 6.16. */
export const SO_PASSRIGHTS: Option<boolean> = option(SOCKET, "SO_PASSRIGHTS", bool);
/** Messages come with how many bytes are left: SCM_INQ. Stream sockets, Linux 6.16. */
export const SO_INQ: WritableOption<boolean> = writable(SOCKET, "SO_INQ", bool);

// Buffers

/** SO_SNDBUF beyond wmem_max; CAP_NET_ADMIN, else "permission-denied". */
export const SO_SNDBUFFORCE: WritableOption<number> = writable(SOCKET, "SO_SNDBUFFORCE", int(0));
/** SO_RCVBUF beyond rmem_max; CAP_NET_ADMIN, else "permission-denied". */
export const SO_RCVBUFFORCE: WritableOption<number> = writable(SOCKET, "SO_RCVBUFFORCE", int(0));
/** Which buffers keep their size: 1 the send buffer, 2 the receive buffer, 3 both. Linux 5.15. */
export const SO_BUF_LOCK: Option<number> = option(SOCKET, "SO_BUF_LOCK", int(0, 3));
/** Memory set aside for the socket, in bytes; "not-supported" without a memory cgroup. Linux 5.16. */
export const SO_RESERVE_MEM: Option<number> = option(SOCKET, "SO_RESERVE_MEM", int(0));
/** Where MSG_PEEK begins, in bytes, moving on with each; -1 for always at the front. */
export const SO_PEEK_OFF: Option<number> = option(SOCKET, "SO_PEEK_OFF", int(-1));

/** Memory in use by a socket, in bytes but for the last: sk_meminfo of linux/sock_diag.h. */
export type SocketMemory = Readonly<
  Record<
    | "receiveAllocated"
    | "receiveBuffer"
    | "sendAllocated"
    | "sendBuffer"
    | "forwardAllocated"
    | "sendQueued"
    | "optionMemory"
    | "backlog"
    | "drops",
    number
  >
>;

const memory = words(
  "receiveAllocated",
  "receiveBuffer",
  "sendAllocated",
  "sendBuffer",
  "forwardAllocated",
  "sendQueued",
  "optionMemory",
  "backlog",
  "drops",
);

/** Memory in use, and how many packets were dropped. */
export const SO_MEMINFO: ReadableOption<SocketMemory> = readable(SOCKET, "SO_MEMINFO", memory);

// What is told of received packets, as control messages

/** The time of arrival in nanoseconds: `Timestamp`. */
export const SO_TIMESTAMPNS: Option<boolean> = option(SOCKET, "SO_TIMESTAMPNS", bool);
/** SOF_TIMESTAMPING_*: which times of sending and arrival to tell, also by hardware. Documentation/networking/timestamping */
export const SO_TIMESTAMPING: Option<number> = option(SOCKET, "SO_TIMESTAMPING", uint);
/** How many packets have been dropped for want of buffer: `DropCount`. */
export const SO_RXQ_OVFL: Option<boolean> = option(SOCKET, "SO_RXQ_OVFL", bool);
/** SO_MARK of the packet. Linux 6.0. */
export const SO_RCVMARK: Option<boolean> = option(SOCKET, "SO_RCVMARK", bool);
/** SO_PRIORITY of the packet. Linux 6.14. */
export const SO_RCVPRIORITY: Option<boolean> = option(SOCKET, "SO_RCVPRIORITY", bool);
/** Whether a Wi-Fi frame was acknowledged. */
export const SO_WIFI_STATUS: Option<boolean> = option(SOCKET, "SO_WIFI_STATUS", bool);
/** Errors in the queue count as exceptional, POLLPRI, too. */
export const SO_SELECT_ERR_QUEUE: Option<boolean> = option(SOCKET, "SO_SELECT_ERR_QUEUE", bool);

// What is sent

/** The priority in the send queues, which sets the type of service too; above 6 with CAP_NET_ADMIN. */
export const SO_PRIORITY: Option<number> = option(SOCKET, "SO_PRIORITY", uint);
/** Let MSG_ZEROCOPY send from the program's own memory. TCP, UDP, vsock. */
export const SO_ZEROCOPY: Option<boolean> = option(SOCKET, "SO_ZEROCOPY", bool);
/** Datagrams may say when they are to leave: `TransmitTime`. `clockId` CLOCK_*, `flags` 1 deadline, 2 report errors. */
export const SO_TXTIME: Option<Readonly<Record<"clockId" | "flags", number>>> = option(
  SOCKET,
  "SO_TXTIME",
  words("clockId", "flags"),
);
/** A connection that stalls gets a new hash, and so another path: 1 yes, 0 no, -1 as the system has it. Linux 6.0. */
export const SO_TXREHASH: Option<number> = option(SOCKET, "SO_TXREHASH", int(-1, 1));
/** UDP goes out without a checksum. IPv4. */
export const SO_NO_CHECK: Option<boolean> = option(SOCKET, "SO_NO_CHECK", bool);
/** Ethernet frames go out without the checksum, for tests: the card must know how. Packet sockets. */
export const SO_NOFCS: Option<boolean> = option(SOCKET, "SO_NOFCS", bool);
/** 1: the connection is bad, find another route. */
export const SO_CNX_ADVICE: WritableOption<number> = writable(SOCKET, "SO_CNX_ADVICE", int());

// Looking at the card instead of sleeping: Documentation/networking/napi.rst

/** For how many microseconds a blocking call and poll(2) look; raised only with CAP_NET_ADMIN. */
export const SO_BUSY_POLL: Option<number> = option(SOCKET, "SO_BUSY_POLL", int(0));
/** Prefer looking to interrupts; CAP_NET_ADMIN. Linux 5.11. */
export const SO_PREFER_BUSY_POLL: Option<boolean> = option(SOCKET, "SO_PREFER_BUSY_POLL", bool);
/** How many packets at a time, 0 to 65535; raised only with CAP_NET_ADMIN. Linux 5.11. */
export const SO_BUSY_POLL_BUDGET: WritableOption<number> = writable(SOCKET, "SO_BUSY_POLL_BUDGET", int(0, 0xffff));

// Filters: Documentation/networking/filter.rst

/** A program of classic BPF that decides how much of each packet is received, 0 dropping it: 1 to 4096 instructions. */
export const SO_ATTACH_FILTER: WritableOption<readonly BpfInstruction[]> = writable(
  SOCKET,
  "SO_ATTACH_FILTER",
  program,
);
/** The same with a program of extended BPF, by its descriptor: bpf(2). */
export const SO_ATTACH_BPF: WritableOption<Descriptor> = writable(SOCKET, "SO_ATTACH_BPF", descriptorNumber);
/** Take the filter away, `undefined` being the value; "not-found" if there is none, "permission-denied" if it is locked. */
export const SO_DETACH_FILTER: WritableOption<undefined> = writable(SOCKET, "SO_DETACH_FILTER", command);
/** SO_DETACH_FILTER by another name. */
export const SO_DETACH_BPF: WritableOption<undefined> = writable(SOCKET, "SO_DETACH_BPF", command);
/** Nobody can change the filter any more, nor this: false is "permission-denied" then. */
export const SO_LOCK_FILTER: Option<boolean> = option(SOCKET, "SO_LOCK_FILTER", bool);
/** A program of classic BPF that decides which of the SO_REUSEPORT sockets gets a packet: 1 to 4096 instructions. */
export const SO_ATTACH_REUSEPORT_CBPF: WritableOption<readonly BpfInstruction[]> = writable(
  SOCKET,
  "SO_ATTACH_REUSEPORT_CBPF",
  program,
);
/** The same with a program of extended BPF, by its descriptor. */
export const SO_ATTACH_REUSEPORT_EBPF: WritableOption<Descriptor> = writable(
  SOCKET,
  "SO_ATTACH_REUSEPORT_EBPF",
  descriptorNumber,
);
/** Take it away, `undefined` being the value; "not-found" if there is none, "invalid-argument" without SO_REUSEPORT. */
export const SO_DETACH_REUSEPORT_BPF: WritableOption<undefined> = writable(SOCKET, "SO_DETACH_REUSEPORT_BPF", command);
/** Which extensions of classic BPF the kernel knows: SKF_AD_MAX. */
export const SO_BPF_EXTENSIONS: ReadableOption<number> = readable(SOCKET, "SO_BPF_EXTENSIONS", int());

// Device memory: Documentation/networking/devmem.rst

/** Give memory of the card back: as many `count` tokens from `start` on, 128 such ranges at most. TCP, Linux 6.12. */
export const SO_DEVMEM_DONTNEED: WritableOption<readonly Readonly<Record<"start" | "count", number>>[]> = writable(
  SOCKET,
  "SO_DEVMEM_DONTNEED",
  listOf(words("start", "count"), 128),
);

// Left out:
// - variants among which libc chooses by the size of time_t: SO_TIMESTAMP_OLD, SO_TIMESTAMP_NEW, SO_TIMESTAMPNS_OLD,
//   SO_TIMESTAMPNS_NEW, SO_TIMESTAMPING_OLD, SO_TIMESTAMPING_NEW, SO_RCVTIMEO_OLD, SO_RCVTIMEO_NEW, SO_SNDTIMEO_OLD,
//   SO_SNDTIMEO_NEW
// - types of control messages: SO_DEVMEM_LINEAR, SO_DEVMEM_DMABUF
// - values in the error queue: SO_EE_ORIGIN_NONE, SO_EE_ORIGIN_LOCAL, SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6,
//   SO_EE_ORIGIN_TXSTATUS, SO_EE_ORIGIN_TIMESTAMPING, SO_EE_ORIGIN_ZEROCOPY, SO_EE_ORIGIN_TXTIME,
//   SO_EE_CODE_ZEROCOPY_COPIED
// - without effect: SO_BSDCOMPAT (since Linux 2.2), SO_SECURITY_AUTHENTICATION (never had one)
// - SO_PEERNAME: the kernel wants to be asked with the size of the answer; it is `socket.remoteAddress`
// - SO_GET_FILTER: the kernel counts the buffer in instructions, not in bytes
// - of other levels and families, by number: SO_ORIGINAL_DST (SOL_IP, a sockaddr of netfilter's), SO_J1939_FILTER,
//   SO_J1939_PROMISC, SO_J1939_SEND_PRIO, SO_J1939_ERRQUEUE (SOL_CAN_J1939), SO_RDS_TRANSPORT (SOL_RDS),
//   SO_VM_SOCKETS_BUFFER_SIZE, SO_VM_SOCKETS_BUFFER_MIN_SIZE, SO_VM_SOCKETS_BUFFER_MAX_SIZE, SO_VM_SOCKETS_PEER_HOST_VM_ID,
//   SO_VM_SOCKETS_TRUSTED, SO_VM_SOCKETS_CONNECT_TIMEOUT, SO_VM_SOCKETS_NONBLOCK_TXRX (AF_VSOCK is the level)
