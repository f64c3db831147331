// What Windows lacks, and what Wine (8.0) lacks of Windows: two lists, because only the second is no matter of the system's.

import type { Limit } from "./limits.ts";

const limit = (file: string, tests: RegExp, reason: string): Limit => ({
  file: `tests/${file}.test.ts`,
  tests,
  reason,
});
const anywhere = (tests: RegExp, reason: string): Limit => ({ file: ".test.ts", tests, reason });
const ALL = /^/;
const lacks = (what: string): string => `Windows has no ${what}`;
const wine = (what: string): string => `Wine has no ${what}`;

const descriptors = lacks("passing of descriptors");
const unix = wine("unix sockets, and Windows no pairs of them");

const ends = "Windows tells ENOTSOCK of a socket that is not open";
const proc = "needs /proc";
const errorQueue = lacks("error queue (MSG_ERRQUEUE)");
const full = lacks("datagrams whose queue fills and makes the sender wait");
const realSize = "MSG_TRUNC tells no size on Windows";
const peerless = "Windows tells ENOTCONN, or EINVAL, of a datagram without a destination";
const shell = "needs a POSIX shell and its programs";
const protocols = lacks("UDP-Lite and MPTCP");
const resets = "Wine tells no reset: a connection that was reset reads as ended";
const byIndex = wine("interfaces of options by index (0.0.0.n)");
const controls = "Wine ignores control messages that are sent, and knows few that are received";
const halfOpen = "a TCP connection is not hung up while its own side is open";
const again = "a stream's address is never refused for old connections on Windows";
const position = "without sendfile(2) a file's own position is where reading has come to";
const icmp = "ICMP answers do not reach a UDP socket, by SIO_UDP_CONNRESET";

/** Windows itself. */
const windows: readonly Limit[] = [
  anywhere(/MSG_DONTWAIT/, lacks("MSG_DONTWAIT")),
  anywhere(/MSG_MORE/, lacks("MSG_MORE")),
  anywhere(/MSG_CMSG_CLOEXEC|descriptors apart/, descriptors),
  anywhere(/SIGPIPE/, lacks("signals of sockets")),
  anywhere(/receiveError|error queue/i, errorQueue),
  anywhere(/ICMP (answer|error)/, icmp),
  anywhere(/reusePort|SO_REUSEPORT/, lacks("SO_REUSEPORT")),
  anywhere(/UDP-Lite|MPTCP/, protocols),
  anywhere(/\bunix datagrams?\b|\bseqpacket\b|abstract name/i, lacks("unix datagrams, packets and abstract names")),
  limit("passing", ALL, descriptors),
  limit("passing-peers", ALL, descriptors),
  limit("rights", ALL, descriptors),
  limit("unix-connection", ALL, descriptors),
  limit("credentials", ALL, lacks("credentials over unix sockets")),
  limit("activation", ALL, lacks("socket activation")),
  limit("capture-ring", ALL, lacks("AF_PACKET")),
  limit("netlink", ALL, lacks("AF_NETLINK")),
  limit("zero-copy", ALL, lacks("MSG_ZEROCOPY")),
  limit("unprivileged", ALL, lacks("users by number")),
  limit("compile", ALL, "builds for Linux"),

  limit("accept", /gives a connected socket of the listener's kind/, proc),
  limit("accept", /no descriptor left/, shell),
  limit("adopt", /not open: EBADF|what is no socket, and what is not open/, ends),
  limit("adopt", /before any call \[2147483648\]/, "a SOCKET may be so large"),
  limit("adopt", /makes the descriptor non-blocking|owns it: close|changes no flag/, proc),
  limit("adopt", /credentials of one/, lacks("credentials over unix sockets")),
  limit("close", /gives the descriptor back|detach > |duplicate > |was forgotten/, proc),
  limit("close", /somebody else has closed/, ends),
  limit("condition", /closed behind our back/, ends),
  limit("condition", /never connected/, "WSAPoll tells nothing of a socket that was never connected"),
  limit("condition", /whose peer has closed is IN and OUT|for HUP on TCP/, lacks("POLLRDHUP")),
  limit("condition", /whose connect was refused|ends with ERR and HUP/, "an error stays for WSAPoll when it was read"),
  limit("connect", /tells its failure by checkConnectResult, once/, "SO_ERROR of a refused connect stays on Windows"),
  limit(
    "connect",
    /not-connected where nothing was begun/,
    "WSAPoll tells nothing of a socket that was never connected",
  ),
  limit("connect", /disconnect\(\) forgets the peer/, peerless),
  limit("errors", /becomes a SocketError > E(PIPE|PERM|NOSYS|NFILE|NOSPC|IO) is/, "Winsock has no such error"),
  limit("errors", /becomes a SocketError.*\[E(PIPE|PERM|NOSYS|NFILE|NOSPC|IO)\]/, "Winsock has no such error"),
  limit("bad-input", /passes on what the kernel says/, "Windows has other words for what it does not know"),
  limit("bad-input", /values that hold a pointer/, "names options of Linux"),
  limit("bad-input", /^Credentials/, lacks("credentials over unix sockets")),
  limit("bind", /given options set and clear them/, lacks("SO_REUSEPORT")),
  limit("bind", /allowReuse is for a server/, again),
  limit("bind", /a family that is not the socket's/, "Windows has another error for it"),
  limit("connect-host", /SO_REUSEADDR is on for streams/, "SO_REUSEADDR steals addresses on Windows"),
  limit("connection", /toBun/, "Bun takes no sockets over on Windows"),
  limit("connection", /connectionFor/, unix),
  limit("partial-batches", /full queue|a cancel ends|batch that was cleared|leaves the batch as it is/, full),
  limit("partial-batches", /two calls that went well/, lacks("sendmmsg, whose failure is feigned here")),
  limit("partial-batches", /no address where one is needed/, peerless),
  limit("partial-batches", /meets an error as the first/, icmp),
  limit("poll", /errors and hang-ups that nobody asked for/, icmp),
  limit("receive", /MSG_TRUNC|recvfrom\(2\) and by recvmsg\(2\)/, realSize),
  limit("receive-message", /MSG_TRUNC|longer than the buffers/, realSize),
  limit("receive-message", /comes with its sender's address|MSG_WAITALL on a stream/, unix),
  limit("send", /UDP without a peer/, peerless),
  limit("send", /never connected/, "Windows has another error for it"),
  limit("send", /after shutdown and when the peer is gone/, "Windows has other errors for it"),
  limit("send", /does not go to port 0|IPv6 address from an AF_INET/, "Windows has other errors for it"),
  limit("send", /of a datagram is send/, unix),
  limit("send-file", /a pipe/, shell),
  limit("send-file", /another socket/, "sockets of Windows are no files"),
  limit("send-file", /a datagram has no parts/, unix),
  limit("send-file", /can be continued/, position),
  limit("watch", /tells POLLERR unasked/, icmp),
  limit("watch", /tells POLLHUP unasked/, halfOpen),
  limit("adopt", /one end of a pair/, unix),
  limit("async-operations", /a pipe|what is no file/, shell),
  limit("async-operations", /descriptors that are sent/, descriptors),
  limit("async-operations", /MSG_ZEROCOPY/, lacks("MSG_ZEROCOPY")),
  limit("async-operations", /of errors tells what was queued/, errorQueue),
  limit("async-operations", /part by part/, full),
  limit("async-operations", /told of a hang-up/, halfOpen),
  limit("async-operations", /a path that is not there|with the call that failed/, unix),
  limit("batch-fallback", /calls of macOS/, "the calls of macOS are feigned with those of Linux"),
  limit("batch-fallback", /descriptors/, descriptors),
  limit("batch-fallback", /full queue|middle of a send|cancel in the middle|drains the queue/, full),
  limit("batch-fallback", /an error in the middle of a receive/, icmp),
  limit("batch-fallback", /flags of each datagram/, "Windows shows other flags"),
  limit("batch-reply", /has no sender/, unix),
  limit("receive-batch", /descriptors/, descriptors),
  limit("receive", /MSG_OOB/, "Windows has another error for it"),
  limit("send-batch", /descriptors/, descriptors),
  limit("send-batch", /MSG_ZEROCOPY/, lacks("MSG_ZEROCOPY")),
  limit("send-batch", /what one socket refuses/, unix),
  limit("send-file", /when there are flags|in the middle of what was read/, lacks("MSG_MORE")),
  limit("send-file", /cannot be read at all/, "Windows has another error for it"),
  limit(
    "shutdown",
    /for writing makes sending fail|UDP socket, on this side only/,
    "Windows tells ESHUTDOWN and not EPIPE",
  ),
  limit("shutdown", /what poll\(2\) tells/, "WSAPoll tells nothing of what was shut down on one's own side"),
  limit("shutdown", /ends a TCP listener/, "a listener of Windows is not shut down"),
  limit("socket", /has the protocol that the kernel gave it/, lacks("SO_PROTOCOL")),
  limit("socket", /close-on-exec|descriptor stays non-blocking/, proc),
  limit("socket", /SOCK_NONBLOCK/, lacks("SOCK_NONBLOCK")),
  limit(
    "socket",
    /passes on what the kernel says|kernel lacks a family/,
    "Windows has other words for what it does not know",
  ),
  limit("socket", /Socket.pair > of .*\[(datagrams|packets)\]/, unix),
  limit("socket", /listenBacklog/, lacks("TCP_INFO of a listener")),
  limit("socket-address", /107 bytes of path/, lacks("abstract names")),
  limit("timeouts", /by signals/, lacks("signals that interrupt calls")),
  limit("send-message", /full|does not fit|waits/i, full),
  limit("send-message", /SCM_RIGHTS|descriptors|in part go with its first byte|too many for one message/, descriptors),
  limit("send-message", /names it in the error/, peerless),
  limit("async", /\[(sendMessageAsync|sendMessagesAsync|sendAsync of a datagram)\]/, full),
  limit("async-operations", /batches > (refuse every change|stay in use)/, full),
  limit("control-messages", /QueuedError/, errorQueue),
  limit("control-messages", /ZeroCopyDone/, lacks("MSG_ZEROCOPY")),
  limit("control-messages", /\bRights\b|Credentials|ProcessFd/, descriptors),
  limit("control-messages", /OriginalDestination|DropCount|TransmitTime/, lacks("these control messages")),
  limit("control-messages", /^receiveControl/, "reads back options of Linux"),
  limit("listener", /refused, not ignored.*\[mode \(4\)\]/, lacks("abstract names")),
  limit("listener", /gives no answer does not hold up/, unix),
  limit("reactor", /in a compiled program/, "looks for the word error, and Bun says one in Wine"),
  limit("send-file", /of a closed descriptor/, "a file that is not open is told otherwise on Windows"),
  limit("send", /a link-local address/, "has names of interfaces of POSIX"),
  limit("socket-address", /it takes "\[fe80::1%lo0/, "has names of interfaces of POSIX"),
  limit("socket-address", /it takes/, "has names of interfaces of POSIX"),
  limit(
    "python-behaviour-connections",
    /a peer can be forgotten/,
    "a socket of Windows is bound once, and keeps its port",
  ),
  limit("python-behaviour-connections", /TIME_WAIT/, again),
  limit("python-behaviour-files", /can go on from there/, position),
  limit("python-behaviour-messages", /(receive|send)Fds|any iterable|descriptors of a message/, descriptors),
  limit("python-behaviour-messages", /sender is null/, unix),
  limit("python-behaviour-sockets", /B12 the two ends/, unix),
  limit("python-behaviour-waiting", /that signals interrupt/, lacks("signals that interrupt calls")),
  limit("batch-memory", ALL, "a million datagrams take minutes in Wine"),
];

/** Wine. */
const emulator: readonly Limit[] = [
  limit("bind-path", ALL, unix),
  anywhere(/\bunix\b|\bAF_UNIX\b|\bseqpacket\b|abstract name/i, unix),
  anywhere(/\breset\b(?! while)|data unread/, resets),
  limit("accept", /reset while it was queued/, resets),
  limit("available-bytes", /-1 for a listener/, "Wine tells 0 bytes of a listener"),
  limit("batch-fallback", /1500 messages/, full),
  limit("control-messages", /PacketInfo|TrafficClass|HopLimit|Timestamp|SegmentSize|UnknownControl/, controls),
  limit("send-message", /control messages/, controls),
  limit("send-message", /peer is gone/, resets),
  limit("half-close", /peer is gone/, resets),
  limit("socket", /multicastInterface|an interface that is not there/, byIndex),
  limit("multicast", /hears|takes the interface|one interface is|cannot be left|not there is|is no sender/, byIndex),
  limit("multicast", /can be done for somebody|multicastTtl|multicastInterface is/, byIndex),
  limit("async-operations", /the error of the connection/, resets),
  limit("async-operations", /its timeout is for each progress/, "Wine's buffers take all of it"),
  limit("batch-fallback", /control messages of each|answers from the address|truncation/, controls),
  limit("receive-batch", /^the control messages/, controls),
  limit("reply", ALL, controls),
  limit("send-batch", /copies: what happens|^control messages/, controls),
  limit("socket", /dscp|wrong type is a TypeError|set on a stream socket too/, wine("IPV6_TCLASS")),
  limit("shutdown", /refuses > a socket that is not connected/, "Wine shuts down what is not connected"),
  limit(
    "resolver",
    /without a type|fits into a Socket|a literal is not of|AI_NUMERICHOST/,
    "Wine's getaddrinfo is less strict",
  ),
  limit("resolver", /services and protocols/, "Wine reads a services file that is not there"),
  limit("connect-host", /an unknown name/, "Wine's getaddrinfo finds what is not there"),
  limit("batch-reply", /with PacketInfo|with other control messages/, controls),
  limit("receive-message", /^control messages/, controls),
  limit("share", /SIO_LOOPBACK_FAST_PATH/, wine("SIO_LOOPBACK_FAST_PATH")),
  limit("share", /SIO_RCVALL/, wine("raw IP sockets of all protocols")),
];

/** Both. */
export const windowsLimits: readonly Limit[] = [...windows, ...emulator];
