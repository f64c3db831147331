// Options of every socket that Linux has not: getsockopt(2) of macOS and FreeBSD, "SOL_SOCKET socket options" of Windows.

import type { Descriptor } from "../arguments.ts";
import { bool, type Bytes, bytes, command, int, lingerSeconds, uint, words } from "./codecs.ts";
import { option, type Option, readable, type ReadableOption, writable, type WritableOption } from "./option.ts";
import {
  acceptFilter,
  type AcceptFilter,
  handle,
  protocolInfo,
  type ProtocolInfo,
  splice,
  type Splice,
} from "./values.ts";

const SOCKET = "SOL_SOCKET";

// macOS

/** SO_LINGER: macOS has a second number for seconds, which SO_LINGER counts in clock ticks there. Here both are seconds. */
export const SO_LINGER_SEC: Option<number | false> = option(SOCKET, "SO_LINGER_SEC", lingerSeconds);
/** Control messages with the time of arrival by the monotonic clock. macOS. */
export const SO_TIMESTAMP_MONOTONIC: Option<boolean> = option(SOCKET, "SO_TIMESTAMP_MONOTONIC", bool);
/** How many bytes can be read: `socket.availableBytes`. macOS. */
export const SO_NREAD: ReadableOption<number> = readable(SOCKET, "SO_NREAD", int());
/** How many bytes wait to be sent. macOS. */
export const SO_NWRITE: ReadableOption<number> = readable(SOCKET, "SO_NWRITE", int());
/** How many datagrams wait to be read. macOS. */
export const SO_NUMRCVPKT: ReadableOption<number> = readable(SOCKET, "SO_NUMRCVPKT", int());
/** An address that cannot be had any more makes no error. macOS. */
export const SO_NOADDRERR: Option<boolean> = option(SOCKET, "SO_NOADDRERR", bool);
/** Sockets of one user share an address. macOS. */
export const SO_REUSESHAREUID: Option<boolean> = option(SOCKET, "SO_REUSESHAREUID", bool);
/** Tell when an address conflicts with another's. macOS. */
export const SO_NOTIFYCONFLICT: Option<boolean> = option(SOCKET, "SO_NOTIFYCONFLICT", bool);
/** close(2) waits for upcalls. macOS. */
export const SO_UPCALLCLOSEWAIT: Option<boolean> = option(SOCKET, "SO_UPCALLCLOSEWAIT", bool);
/** bind(2) with port 0 picks a port at random. macOS. */
export const SO_RANDOMPORT: Option<boolean> = option(SOCKET, "SO_RANDOMPORT", bool);
/** Flags beyond POSIX, and which of them are meant: struct so_np_extensions. macOS. */
export const SO_NP_EXTENSIONS: Option<Readonly<Record<"flags" | "mask", number>>> = option(
  SOCKET,
  "SO_NP_EXTENSIONS",
  words("flags", "mask"),
);
/** NET_SERVICE_TYPE_*: 0 best effort to 8 or so. macOS. */
export const SO_NET_SERVICE_TYPE: Option<number> = option(SOCKET, "SO_NET_SERVICE_TYPE", int(0));
/** NETSVC_MRKNG_*: how far the service type is marked in packets. macOS. */
export const SO_NETSVC_MARKING_LEVEL: ReadableOption<number> = readable(SOCKET, "SO_NETSVC_MARKING_LEVEL", int());
/** What of a datagram does not fit waits for the next receive. macOS. */
export const SO_DONTTRUNC: Option<boolean> = option(SOCKET, "SO_DONTTRUNC", bool);
/** Tell whether more is waiting. macOS. */
export const SO_WANTMORE: Option<boolean> = option(SOCKET, "SO_WANTMORE", bool);
/** Tell of urgent data by MSG_OOB. macOS. */
export const SO_WANTOOBFLAG: Option<boolean> = option(SOCKET, "SO_WANTOOBFLAG", bool);
/** What the system's resolver has signed. macOS. */
export const SO_RESOLVER_SIGNATURE: Option<Bytes, Uint8Array> = option(SOCKET, "SO_RESOLVER_SIGNATURE", bytes(1024));

// FreeBSD

/** SO_REUSEPORT that shares the load among the sockets. FreeBSD 12. */
export const SO_REUSEPORT_LB: Option<boolean> = option(SOCKET, "SO_REUSEPORT_LB", bool);
/** Receive calls fail when datagrams were lost for want of buffer. FreeBSD 14. */
export const SO_RERROR: Option<boolean> = option(SOCKET, "SO_RERROR", bool);
/** Hold connections back until there is something to accept them for; after listen(2): accept_filter(9). FreeBSD. */
export const SO_ACCEPTFILTER: Option<AcceptFilter> = option(SOCKET, "SO_ACCEPTFILTER", acceptFilter);
/** Leave TCP to the kernel rather than to the card. FreeBSD. */
export const SO_NO_OFFLOAD: Option<boolean> = option(SOCKET, "SO_NO_OFFLOAD", bool);
/** No direct data placement by the card. FreeBSD. */
export const SO_NO_DDP: Option<boolean> = option(SOCKET, "SO_NO_DDP", bool);
/** Control messages with the time of arrival as struct bintime. FreeBSD. */
export const SO_BINTIME: Option<boolean> = option(SOCKET, "SO_BINTIME", bool);
/** SO_TS_*: which clock SO_TIMESTAMP reads; 0 to 3. FreeBSD. */
export const SO_TS_CLOCK: Option<number> = option(SOCKET, "SO_TS_CLOCK", int(0, 3));
/** The backlog that listen(2) was given. FreeBSD. */
export const SO_LISTENQLIMIT: ReadableOption<number> = readable(SOCKET, "SO_LISTENQLIMIT", int());
/** How many connections wait for accept(2). FreeBSD. */
export const SO_LISTENQLEN: ReadableOption<number> = readable(SOCKET, "SO_LISTENQLEN", int());
/** How many connections are being made. FreeBSD. */
export const SO_LISTENINCQLEN: ReadableOption<number> = readable(SOCKET, "SO_LISTENINCQLEN", int());
/** Which of the routing tables to use: setfib(2). FreeBSD. */
export const SO_SETFIB: WritableOption<number> = writable(SOCKET, "SO_SETFIB", int(0));
/** A mark for packet filters: ipfw(8). FreeBSD. */
export const SO_USER_COOKIE: WritableOption<number> = writable(SOCKET, "SO_USER_COOKIE", uint);
/** Pass on what is received to another TCP socket, within the kernel; read: how many bytes went through. FreeBSD 15. */
export const SO_SPLICE: Option<number, Splice> = option(SOCKET, "SO_SPLICE", splice);

// Windows

/** Nobody else can bind to this address, whatever SO_REUSEADDR says: for servers. Windows. */
export const SO_EXCLUSIVEADDRUSE: Option<boolean> = option(SOCKET, "SO_EXCLUSIVEADDRUSE", bool);
/** Local ports of outgoing connections may be used twice. Windows 10. */
export const SO_REUSE_UNICASTPORT: Option<boolean> = option(SOCKET, "SO_REUSE_UNICASTPORT", bool);
/** Connections are not accepted before accept(2) is called. Windows. */
export const SO_CONDITIONAL_ACCEPT: Option<boolean> = option(SOCKET, "SO_CONDITIONAL_ACCEPT", bool);
/** Not to linger: the opposite of SO_LINGER's being on. Windows. */
export const SO_DONTLINGER: Option<boolean> = option(SOCKET, "SO_DONTLINGER", bool);
/** The largest datagram, in bytes. Windows. */
export const SO_MAX_MSG_SIZE: ReadableOption<number> = readable(SOCKET, "SO_MAX_MSG_SIZE", uint);
/** The largest datagram that is sent fast, in bytes. Windows. */
export const SO_MAXDG: ReadableOption<number> = readable(SOCKET, "SO_MAXDG", uint);
/** The largest datagram that is sent fast from a file, in bytes. Windows. */
export const SO_MAXPATHDG: ReadableOption<number> = readable(SOCKET, "SO_MAXPATHDG", uint);
/** For how many seconds the socket has been connected; -1 for not connected. Windows. */
export const SO_CONNECT_TIME: ReadableOption<number> = readable(SOCKET, "SO_CONNECT_TIME", int());
/** Tells a socket of AcceptEx its listener. Windows. */
export const SO_UPDATE_ACCEPT_CONTEXT: WritableOption<Descriptor> = writable(
  SOCKET,
  "SO_UPDATE_ACCEPT_CONTEXT",
  handle,
);
/** Tells a socket of ConnectEx that it is connected, `undefined` being the value. Windows. */
export const SO_UPDATE_CONNECT_CONTEXT: WritableOption<undefined> = writable(
  SOCKET,
  "SO_UPDATE_CONNECT_CONTEXT",
  command,
);
/** Family, type and protocol: WSAPROTOCOL_INFOW. Windows. */
export const SO_PROTOCOL_INFOW: ReadableOption<ProtocolInfo> = readable(SOCKET, "SO_PROTOCOL_INFOW", protocolInfo);

// Left out:
// - values of options: SO_TS_REALTIME_MICRO, SO_TS_BINTIME, SO_TS_REALTIME, SO_TS_MONOTONIC, SO_SYNCHRONOUS_ALERT,
//   SO_SYNCHRONOUS_NONALERT
// - other forms of SO_PROTOCOL_INFOW: SO_PROTOCOL_INFO, SO_PROTOCOL_INFOA
// - SO_NKE: network kernel extensions are gone from macOS
// - SO_OPENTYPE: is set on no socket, for those to come
// - SO_CONNDATA: DECnet's; SO_GROUP_ID, SO_GROUP_PRIORITY: reserved and never made
// - Bluetooth's, of another level: SO_BTH_AUTHENTICATE, SO_BTH_ENCRYPT, SO_BTH_MTU, SO_BTH_MTU_MAX, SO_BTH_MTU_MIN,
//   SO_L2CAP_ENCRYPTED, SO_L2CAP_FLUSH, SO_L2CAP_IFLOW, SO_L2CAP_IMTU, SO_L2CAP_OFLOW, SO_L2CAP_OMTU, SO_RFCOMM_FC_INFO,
//   SO_RFCOMM_MTU, SO_SCO_CONNINFO, SO_SCO_MTU
