// What the errors say: a description by name, and what to do about it where that is known.

const texts: Readonly<Record<string, string>> = {
  E2BIG: "argument list too long",
  EACCES: "permission denied",
  EADDRINUSE: "address already in use",
  EADDRNOTAVAIL: "address not available on this host",
  EAFNOSUPPORT: "address family not supported",
  EAGAIN: "would block",
  EALREADY: "a connect is already in progress",
  EBADF: "bad descriptor",
  EBADMSG: "bad message",
  EBUSY: "device or resource busy",
  ECANCELED: "operation cancelled",
  ECONNABORTED: "connection aborted",
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset by the peer",
  EDESTADDRREQ: "destination address required",
  EDOM: "numerical argument out of domain",
  EEXIST: "already exists",
  EFAULT: "bad address",
  EHOSTDOWN: "host is down",
  EHOSTUNREACH: "no route to host",
  EINPROGRESS: "connect in progress",
  EINTR: "interrupted",
  EINVAL: "invalid argument",
  EIO: "input/output error",
  EISCONN: "already connected",
  EISDIR: "is a directory",
  ELOOP: "too many symbolic links",
  EMFILE: "too many open files in this process",
  EMSGSIZE: "message too long",
  ENAMETOOLONG: "name too long",
  ENETDOWN: "network is down",
  ENETRESET: "connection dropped by the network",
  ENETUNREACH: "network unreachable",
  ENFILE: "too many open files in the system",
  ENOBUFS: "no buffer space",
  ENODEV: "no such device",
  ENOENT: "no such file or directory",
  ENOMEM: "out of memory",
  ENOPROTOOPT: "option not available at this level",
  ENOSPC: "no space left",
  ENOSYS: "not implemented by this kernel",
  ENOTCONN: "not connected",
  ENOTDIR: "not a directory",
  ENOTSOCK: "not a socket",
  ENOTTY: "ioctl does not fit this descriptor",
  ENXIO: "no such device or address",
  EOPNOTSUPP: "operation not supported",
  EPERM: "operation not permitted",
  EPFNOSUPPORT: "protocol family not supported",
  EPIPE: "the other end is closed",
  EPROTO: "protocol error",
  EPROTONOSUPPORT: "protocol not supported",
  EPROTOTYPE: "protocol does not fit the socket type",
  EROFS: "read-only file system",
  ESHUTDOWN: "socket was shut down",
  ESOCKTNOSUPPORT: "socket type not supported",
  ESPIPE: "cannot seek",
  ETIMEDOUT: "connection timed out",
  ETOOMANYREFS: "too many references",
  WSANOTINITIALISED: "Winsock was not started",
  WSASYSNOTREADY: "the network is not ready",
  WSAVERNOTSUPPORTED: "this version of Winsock is not supported",
};

/** A few words for an error name. */
export function describe(code: string): string {
  return texts[code] ?? "failed";
}

const NO_OPTION =
  "this socket does not have that option: it is one of another family, type or protocol, or of another kernel";

// By "CODE call" first, then by "CODE".
const advices: Readonly<Record<string, string>> = {
  "EACCES bind": "ports below 1024 need root or CAP_NET_BIND_SERVICE; for a path, look at the folder's permissions",
  "EACCES connect": "for a unix path, look at its permissions; for a broadcast address set socket.broadcast = true",
  "EACCES sendto": "a broadcast address needs socket.broadcast = true (SO_BROADCAST)",
  "EACCES send": "a broadcast address needs socket.broadcast = true (SO_BROADCAST)",
  "EACCES socket":
    "raw and packet sockets need root or CAP_NET_RAW; ICMP datagram sockets a group in net.ipv4.ping_group_range",
  "EPERM socket": "raw and packet sockets need root or CAP_NET_RAW",
  "EPERM sendmsg": "credentials of another process or user need root; over IP a firewall rule may forbid it",
  "EPERM sendto": "a firewall rule forbids it",
  "EPERM setsockopt": "this option needs root or CAP_NET_ADMIN",
  "EADDRINUSE setsockopt": "this socket has joined that group on that interface before",
  "EADDRINUSE listen": "another socket listens at that address: stop it, or set reusePort when both are bound",
  EADDRINUSE: "another socket has it: pick another address, or bind with { allowReuse: true } or { reusePort: true }",
  "EADDRNOTAVAIL setsockopt":
    "the group was not joined with these arguments, or, when joining, this source was joined before",
  "EPROTO setsockopt": "only datagram and raw sockets join groups",
  "EBADF getsockopt": "no descriptor of that number is open",
  EADDRNOTAVAIL: "use an address of this host, or 0.0.0.0 or [::] for all; a host may also be out of local ports",
  "EAFNOSUPPORT bind": "the address is of another family than the socket",
  "EAFNOSUPPORT connect": "the address is of another family than the socket",
  "EAFNOSUPPORT sendto": "the address is of another family than the socket",
  "EAFNOSUPPORT socket": "this kernel was built or started without that family",
  EAGAIN: "try again when the socket is ready, or allow it to wait (blocking, timeout)",
  EALREADY: "wait for POLLOUT, then call checkConnectResult()",
  ECONNREFUSED: "nobody listens there",
  ECONNRESET: "the peer ended the connection with data under way, or is gone",
  EDESTADDRREQ: "connect() first, or use sendTo()",
  EINPROGRESS: "wait for POLLOUT, then call checkConnectResult()",
  "EINVAL accept": "call listen() first",
  "EINVAL socket": "the type or the protocol is unknown: give SOCK_* and IPPROTO_*",
  "EINVAL socketpair": "the type or the protocol is unknown: give SOCK_* and IPPROTO_*",
  "EINVAL bind": "a socket is bound once, and the address must be of its family",
  EISCONN: "use a new socket, or disconnect() a datagram socket first",
  EMFILE: "close sockets that are done, or raise the limit (ulimit -n)",
  EMSGSIZE: "a datagram may have at most 65,507 bytes over IPv4, less where SO_SNDBUF or the path's MTU says so",
  ENETUNREACH: "there is no route to it from this host",
  ENFILE: "raise fs.file-max",
  ENOBUFS: "the queue of the interface or a limit of the kernel is full: slow down, then try again",
  "ENOENT bind": "a folder of that path is missing: make it first",
  "ENOENT connect": "there is no socket at that path; is the server running?",
  ENOPROTOOPT: NO_OPTION,
  ENOTCONN: "connect() first",
  ENOTSOCK: "the descriptor belongs to a file or a pipe",
  "EOPNOTSUPP getsockopt": NO_OPTION,
  "EOPNOTSUPP setsockopt": NO_OPTION,
  "EOPNOTSUPP listen": "only stream and seqpacket sockets listen",
  "EOPNOTSUPP accept": "only stream and seqpacket sockets accept",
  EPIPE: "the connection was closed or shut down for writing",
  EPROTONOSUPPORT: "the protocol does not go with this family and type, or this kernel lacks it",
  ESOCKTNOSUPPORT: "the type does not go with this family, or this kernel lacks it",
};

const SENDING: readonly string[] = ["sendto", "sendmsg", "sendmmsg"];

/** What to do about an error of a call; empty where nobody knows. */
export function advice(code: string, syscall: string, address?: unknown): string {
  const toNobody = typeof address === "object" && address !== null && "port" in address && address.port === 0;
  if (code === "EINVAL" && toNobody && SENDING.includes(syscall))
    return "nothing can be sent to port 0: give the port at which the other end is bound";
  return advices[`${code} ${syscall}`] ?? advices[code] ?? "";
}
