// Options of every socket, SOL_SOCKET: socket(7) of Linux, getsockopt(2) of FreeBSD and macOS, "SOL_SOCKET socket options" of
// Windows. Here are those that more than one system has; those of Linux alone are in socket-linux.ts, of the others in
// socket-others.ts.

import type { InterfaceLike } from "../address/index.ts";
import { bigUint, bool, bySystem, int, interfaceByName, linger, timeval } from "./codecs.ts";
import { option, type Option, readable, type ReadableOption } from "./option.ts";

const SOCKET = "SOL_SOCKET";

// What the socket is

/** SOCK_*. */
export const SO_TYPE: ReadableOption<number> = readable(SOCKET, "SO_TYPE", int());
/** AF_*. Linux, FreeBSD; `socket.family` is there on all. */
export const SO_DOMAIN: ReadableOption<number> = readable(SOCKET, "SO_DOMAIN", int());
/** IPPROTO_*. Linux, FreeBSD; `socket.protocol` is there on all. */
export const SO_PROTOCOL: ReadableOption<number> = readable(SOCKET, "SO_PROTOCOL", int());
/** Whether it listens; on macOS it cannot be trusted. */
export const SO_ACCEPTCONN: ReadableOption<boolean> = readable(SOCKET, "SO_ACCEPTCONN", bool);
/** The pending error as a positive error number, 0 for none; reading it clears it. `socket.checkConnectResult()` throws it. */
export const SO_ERROR: ReadableOption<number> = readable(SOCKET, "SO_ERROR", int());

// Addresses

/** bind(2) to an address that old connections still use; on Windows also to one that another socket uses now. */
export const SO_REUSEADDR: Option<boolean> = option(SOCKET, "SO_REUSEADDR", bool);
/** Several sockets on one address: each must say so before bind(2). Linux and FreeBSD 12 (SO_REUSEPORT_LB) share the load. */
export const SO_REUSEPORT: Option<boolean> = option(SOCKET, "SO_REUSEPORT", bool);
/** Only this interface: its name, "" for none; set by name, index or address. CAP_NET_RAW before Linux 5.7. Linux, macOS. */
export const SO_BINDTODEVICE: Option<string, InterfaceLike> = option(SOCKET, "SO_BINDTODEVICE", interfaceByName);
/** Send to hosts on this network only, by no gateway. */
export const SO_DONTROUTE: Option<boolean> = option(SOCKET, "SO_DONTROUTE", bool);
/** A routing socket hears what it says itself. Not Linux. */
export const SO_USELOOPBACK: Option<boolean> = option(SOCKET, "SO_USELOOPBACK", bool);

// Buffers

/** The send buffer in bytes. Linux takes at most wmem_max and reads twice what was set, for its own bookkeeping. */
export const SO_SNDBUF: Option<number> = option(SOCKET, "SO_SNDBUF", int(0));
/** The receive buffer in bytes. Linux takes at most rmem_max and reads twice what was set, for its own bookkeeping. */
export const SO_RCVBUF: Option<number> = option(SOCKET, "SO_RCVBUF", int(0));
/** How many bytes must be there before a stream socket counts as readable; 1 at first. Linux takes 0 for 1. */
export const SO_RCVLOWAT: Option<number> = option(SOCKET, "SO_RCVLOWAT", int(0));
/** How many bytes must be free before it counts as writable. Linux does not let it be set: "not-supported". */
export const SO_SNDLOWAT: Option<number> = option(SOCKET, "SO_SNDLOWAT", int(0));

// Behaviour

/** Send to broadcast addresses; without it they are "permission-denied". Datagram sockets. */
export const SO_BROADCAST: Option<boolean> = option(SOCKET, "SO_BROADCAST", bool);
/** Probe silent connections; when is told by TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT. */
export const SO_KEEPALIVE: Option<boolean> = option(SOCKET, "SO_KEEPALIVE", bool);
/**
 * What close(2) does with unsent data: false, it goes on in the background; seconds, it waits so long where the socket blocks
 * (berkeley's do not); 0 throws them away and resets the connection.
 */
export const SO_LINGER: Option<number | false> = option(SOCKET, "SO_LINGER", linger);
/** Urgent data stays in the stream. */
export const SO_OOBINLINE: Option<boolean> = option(SOCKET, "SO_OOBINLINE", bool);
/** The kernel's own limit for a blocking receive, in ms. No effect on berkeley, whose sockets never block: `socket.timeout`. */
export const SO_RCVTIMEO: Option<number> = option(SOCKET, "SO_RCVTIMEO", timeval);
/** The same for a blocking send, in ms; Infinity for none. */
export const SO_SNDTIMEO: Option<number> = option(SOCKET, "SO_SNDTIMEO", timeval);
/** Keep debugging records; CAP_NET_ADMIN, else "permission-denied". */
export const SO_DEBUG: Option<boolean> = option(SOCKET, "SO_DEBUG", bool);
/** Control messages with the time of arrival, in microseconds: `Timestamp`. Not Windows, where it is a control message. */
export const SO_TIMESTAMP: Option<boolean> = option(SOCKET, "SO_TIMESTAMP", bool, {
  systems: ["linux", "darwin", "freebsd"],
});
/** Bytes per second at most, spread evenly; all bits set for no limit. Linux, FreeBSD (32 bits). */
export const SO_MAX_PACING_RATE: Option<bigint> = option(
  SOCKET,
  "SO_MAX_PACING_RATE",
  bySystem({ freebsd: bigUint(32) }, bigUint(64)),
);
/** A send to a connection that is gone raises no SIGPIPE. berkeley sets it. macOS, FreeBSD. */
export const SO_NOSIGPIPE: Option<boolean> = option(SOCKET, "SO_NOSIGPIPE", bool);

// Left out:
// - a second name: SO_PROTOTYPE (SO_PROTOCOL)
// - their value holds a pointer: SO_LABEL, SO_PEERLABEL
