// What a socket is ready for: poll(2), looked at once (conditionCheck) or waited for (conditionWait).

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  AF_INET,
  MSG_OOB,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  POLLPRI,
  POLLRDHUP,
  SOCK_DGRAM,
  SOCK_STREAM,
} from "./support/constants.ts";
import { Cancellable, Socket } from "../src/index.ts";
import {
  connectedPair,
  addressOf,
  FullTcpListener,
  RefusingTcp,
  RefusingUdp,
  reset,
  SOON,
  tcpListener,
  TcpPair,
  UdpPair,
  udpSocket,
} from "./support/sockets.ts";
import { closeBehind } from "./support/descriptors.ts";
import { Thread } from "./support/thread.ts";
import { throwsKind, throwsNaming, wrong } from "./support/throws.ts";

let thread: Thread;
beforeAll(async () => {
  thread = await Thread.start();
});
afterAll(() => thread.terminate());

const soon = { timeout: SOON };
const BOTH = POLLIN | POLLOUT;

/** The bits by name, so that a failure can be read. */
function names(bits: number): string {
  const known = { POLLIN, POLLPRI, POLLOUT, POLLERR, POLLHUP, POLLNVAL, POLLRDHUP };
  const found = Object.entries(known).filter(([, bit]) => (bits & bit) !== 0);
  return found.map(([name]) => name).join("|") || "nothing";
}

function look(socket: Socket, condition: number): string {
  return names(socket.conditionCheck(condition));
}

describe("conditionCheck", () => {
  test("of TCP that was never connected is OUT and HUP", () => {
    using socket = new Socket(AF_INET, SOCK_STREAM);
    expect(look(socket, BOTH)).toBe("POLLOUT|POLLHUP");
    expect(look(socket, POLLIN)).toBe("POLLHUP");
    expect(look(socket, 0)).toBe("POLLHUP");
  });

  test("of TCP that is connecting is nothing", () => {
    using full = new FullTcpListener();
    using socket = new Socket(AF_INET, SOCK_STREAM);
    throwsKind(() => socket.connect(full.address, { timeout: 0 }), "pending");
    expect(look(socket, BOTH)).toBe("nothing");
  });

  test("of TCP whose connect was refused tells so: OUT, ERR and HUP", () => {
    using refusing = new RefusingTcp();
    using socket = new Socket(AF_INET, SOCK_STREAM);
    throwsKind(() => socket.connect(refusing.address, { timeout: 0 }), "pending");
    socket.conditionWait(POLLOUT, soon);
    expect(look(socket, BOTH)).toBe("POLLIN|POLLOUT|POLLERR|POLLHUP");
    throwsKind(() => socket.checkConnectResult(), "connection-refused");
    expect(look(socket, BOTH)).toBe("POLLIN|POLLOUT|POLLHUP");
  });

  test("of a connection is OUT, and with data IN as well", () => {
    using pair = new TcpPair();
    expect(look(pair.server, BOTH)).toBe("POLLOUT");
    expect(look(pair.server, POLLIN)).toBe("nothing");
    pair.client.sendAll("x");
    pair.server.conditionWait(POLLIN, soon);
    expect(look(pair.server, BOTH)).toBe("POLLIN|POLLOUT");
    expect(look(pair.server, POLLIN)).toBe("POLLIN");
    expect(look(pair.server, POLLOUT)).toBe("POLLOUT");
    expect(look(pair.server, 0)).toBe("nothing");
  });

  test("of a connection whose peer has closed is IN and OUT: its end can be read", () => {
    using pair = new TcpPair();
    pair.client.close();
    pair.server.conditionWait(POLLIN, soon);
    expect(look(pair.server, BOTH)).toBe("POLLIN|POLLOUT");
    expect(look(pair.server, BOTH | POLLRDHUP)).toBe("POLLIN|POLLOUT|POLLRDHUP");
  });

  test("of a connection that is shut down in both directions is IN, OUT and HUP", () => {
    using pair = new TcpPair();
    pair.client.shutdown();
    pair.server.shutdown({ write: true });
    pair.client.conditionWait(POLLHUP, soon);
    expect(look(pair.client, BOTH)).toBe("POLLIN|POLLOUT|POLLHUP");
  });

  test("of a connection that the peer has reset is everything", () => {
    using pair = new TcpPair();
    reset(pair.client);
    pair.server.conditionWait(POLLIN, soon);
    expect(look(pair.server, BOTH)).toBe("POLLIN|POLLOUT|POLLERR|POLLHUP");
    throwsKind(() => pair.server.receive(new Uint8Array(1), soon), "connection-closed");
    expect(look(pair.server, BOTH)).toBe("POLLIN|POLLOUT|POLLHUP");
  });

  test("of a unix stream: OUT, IN with data, and HUP once the peer has closed", () => {
    const [a, b] = Socket.pair();
    expect(look(a, BOTH)).toBe("POLLOUT");
    b.sendAll("x");
    expect(look(a, BOTH)).toBe("POLLIN|POLLOUT");
    b.close();
    expect(look(a, BOTH)).toBe("POLLIN|POLLOUT|POLLHUP");
    a.close();
  });

  test("of a full stream is not OUT", () => {
    const [a, b] = Socket.pair();
    while (a.trySend(new Uint8Array(65_536)) !== -1);
    expect(look(a, BOTH)).toBe("nothing");
    while (b.tryReceive(new Uint8Array(65_536)) !== -1);
    expect(look(a, BOTH)).toBe("POLLOUT");
    a.close();
    b.close();
  });

  test("of a listener is IN when somebody is in the queue", () => {
    using listener = tcpListener();
    expect(look(listener, BOTH)).toBe("nothing");
    using client = new Socket(AF_INET, SOCK_STREAM);
    client.connect(addressOf(listener), soon);
    listener.conditionWait(POLLIN, soon);
    expect(look(listener, BOTH)).toBe("POLLIN");
  });

  test("of UDP is OUT, also without a peer, and IN with a datagram, also an empty one", () => {
    using pair = new UdpPair();
    using unbound = new Socket(AF_INET, SOCK_DGRAM);
    expect(look(unbound, BOTH)).toBe("POLLOUT");
    expect(look(pair.a, BOTH)).toBe("POLLOUT");
    pair.b.send("");
    pair.a.conditionWait(POLLIN, soon);
    expect(look(pair.a, BOTH)).toBe("POLLIN|POLLOUT");
  });

  test("of UDP with an ICMP answer is ERR, though only IN was asked for, and looking does not take it", () => {
    using refusing = new RefusingUdp();
    using socket = udpSocket();
    socket.connect(refusing.address);
    socket.send("to nobody");
    socket.conditionWait(0, soon);
    expect(look(socket, POLLIN)).toBe("POLLERR");
    expect(look(socket, POLLIN)).toBe("POLLERR");
    throwsKind(() => socket.receive(new Uint8Array(1), soon), "connection-refused");
    expect(look(socket, POLLIN)).toBe("nothing");
  });

  test("of urgent data is PRI", () => {
    using pair = new TcpPair();
    pair.client.send(new TextEncoder().encode("!"), { flags: MSG_OOB });
    pair.server.conditionWait(POLLPRI, soon);
    expect(look(pair.server, POLLPRI)).toBe("POLLPRI");
    expect(look(pair.client, POLLPRI)).toBe("nothing");
  });

  test("of a closed socket is 0, and does not throw", () => {
    const socket = udpSocket();
    socket.close();
    expect(socket.conditionCheck(BOTH)).toBe(0);
    using detached = udpSocket();
    const fd = detached.detach();
    expect(detached.conditionCheck(BOTH)).toBe(0);
    closeBehind(fd);
  });

  test("of a socket that somebody has closed behind our back is NVAL", () => {
    const socket = udpSocket();
    closeBehind(socket.fd);
    expect(look(socket, BOTH)).toBe("POLLNVAL");
    expect(names(socket.conditionWait(POLLIN, soon))).toBe("POLLNVAL");
    expect(throwsKind(() => socket.close(), "invalid-argument").code).toBe("EBADF");
  });

  test("goes by no timeout, and takes bits", () => {
    using socket = udpSocket();
    socket.timeout = 3_600_000;
    expect(socket.conditionCheck(POLLIN)).toBe(0);
    for (const condition of [-1, 0x1_0000, 1.5, NaN]) {
      throwsNaming(() => socket.conditionCheck(condition), RangeError, "condition");
      throwsNaming(() => socket.conditionWait(condition, { timeout: 0 }), RangeError, "condition");
    }
    for (const condition of ["POLLIN", undefined, null, {}]) {
      throwsNaming(() => socket.conditionCheck(wrong(condition)), TypeError, "condition");
      throwsNaming(() => socket.conditionWait(wrong(condition), { timeout: 0 }), TypeError, "condition");
    }
    socket.close();
    throwsNaming(() => socket.conditionCheck(wrong("POLLIN")), TypeError, "condition");
  });
});

describe("conditionWait", () => {
  test("gives the bits that are ready, of those asked for", () => {
    using pair = new UdpPair();
    expect(pair.a.conditionWait(POLLOUT, soon)).toBe(POLLOUT);
    expect(pair.a.conditionWait(BOTH, soon)).toBe(POLLOUT);
    pair.b.send("x");
    expect(pair.a.conditionWait(POLLIN, soon)).toBe(POLLIN);
    expect(pair.a.conditionWait(BOTH, soon)).toBe(BOTH);
  });

  test("waits for what another thread does", async () => {
    using pair = new UdpPair();
    const sent = thread.send(pair.b, "x");
    expect(pair.a.conditionWait(POLLIN, soon)).toBe(POLLIN);
    await sent;
  });

  test("with timeout 0 looks once, and is timed-out, never would-block", () => {
    using pair = new UdpPair();
    for (const options of [{ timeout: 0 }, { blocking: false }]) {
      const error = throwsKind(() => pair.a.conditionWait(POLLIN, options), "timed-out");
      expect(error).toMatchObject({ code: "ETIMEDOUT", errno: 0, syscall: "poll" });
      expect(pair.a.conditionWait(POLLOUT, options)).toBe(POLLOUT);
    }
    pair.a.blocking = false;
    throwsKind(() => pair.a.conditionWait(POLLIN), "timed-out");
    expect(pair.a.conditionWait(POLLOUT)).toBe(POLLOUT);
  });

  test("ends with ERR and HUP, which nobody need ask for", async () => {
    using refusing = new RefusingUdp();
    using socket = udpSocket();
    socket.connect(refusing.address);
    socket.send("to nobody");
    expect(names(socket.conditionWait(POLLIN, soon))).toBe("POLLERR");
    const [a, b] = connectedPair();
    const closed = thread.close(b);
    expect(names(a.conditionWait(0, soon))).toBe("POLLHUP");
    await closed;
    a.close();
  });

  test("for HUP on TCP waits for both directions: unread data and the peer's end are none", () => {
    using pair = new TcpPair();
    pair.client.sendAll("unread");
    pair.client.shutdown({ write: true });
    pair.server.conditionWait(POLLRDHUP, soon);
    throwsKind(() => pair.server.conditionWait(POLLHUP, { timeout: 5 }), "timed-out");
    pair.server.shutdown({ write: true });
    expect(names(pair.server.conditionWait(POLLHUP, soon))).toBe("POLLHUP");
  });

  test("tells the end of a connect", () => {
    using listener = tcpListener();
    using socket = new Socket(AF_INET, SOCK_STREAM);
    throwsKind(() => socket.connect(addressOf(listener), { timeout: 0 }), "pending");
    expect(socket.conditionWait(POLLOUT, soon)).toBe(POLLOUT);
    socket.checkConnectResult();
    expect(socket.connected).toBe(true);
  });

  test("can be cancelled by another thread, and is when it was before, ready or not", async () => {
    using pair = new UdpPair();
    using cancellable = new Cancellable();
    const cancelling = thread.cancel(cancellable);
    throwsKind(() => pair.a.conditionWait(POLLIN, { cancellable, ...soon }), "cancelled");
    await cancelling;
    throwsKind(() => pair.a.conditionWait(POLLOUT, { cancellable }), "cancelled");
  });

  test("of a closed socket throws", () => {
    const socket = udpSocket();
    socket.close();
    throwsKind(() => socket.conditionWait(POLLIN), "closed");
  });
});
