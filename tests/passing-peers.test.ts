// Descriptors and credentials to and from programs that are not ours: Python's socket module, GLib's GUnixConnection, socat.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { AF_UNIX, SO_PASSCRED, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM, SOL_SOCKET } from "./support/constants.ts";
import {
  receiveCredentials,
  receiveFd,
  receiveFds,
  sendCredentials,
  sendFd,
  sendFds,
  Socket,
  UnixSocketAddress,
} from "../src/index.ts";
import { compileC, haveCC } from "./support/c.ts";
import { haveProc, openedBy } from "./support/descriptors.ts";
import { havePython, Python } from "./support/peers.ts";
import { Folder, SOON } from "./support/sockets.ts";
import { throwsKind } from "./support/throws.ts";

const soon = { timeout: SOON };
const text = (data: Uint8Array): string => new TextDecoder().decode(data);
const ids = `${process.geteuid?.()} ${process.getegid?.()}`;

const folder = new Folder();
const path = folder.file("passed.txt");
let file = -1;
beforeAll(async () => {
  await Bun.write(path, "passed");
  file = openSync(path, "r");
});
afterAll(() => {
  closeSync(file);
  folder[Symbol.dispose]();
});

function contentOf(fd: number): string {
  const buffer = new Uint8Array(100);
  return text(buffer.subarray(0, readSync(fd, buffer, 0, buffer.length, 0)));
}

function closeAll(fds: readonly number[]): void {
  for (const fd of fds) closeSync(fd);
}

let listeners = 0;

/** A listener on a path of its own, for one peer. */
class Door implements Disposable {
  readonly path: string = folder.file(`door-${listeners++}`);
  readonly #listener: Socket;

  constructor(type: number = SOCK_STREAM) {
    this.#listener = new Socket(AF_UNIX, type);
    this.#listener.bind({ path: this.path });
    this.#listener.listen();
  }

  /** The peer, which gives up when nothing comes. */
  accept(): Socket {
    const socket = this.#listener.accept(soon);
    socket.timeout = SOON;
    return socket;
  }

  [Symbol.dispose](): void {
    this.#listener.close();
  }
}

describe.skipIf(!havePython)("Python's socket module (needs python3)", () => {
  /** Python that is connected to a listener of ours, as `s`. */
  function connected(door: Door, code: string, ...words: (string | number)[]): Python {
    return new Python(`s = socket(AF_UNIX, int(sys.argv[2])); s.connect(sys.argv[1])\n${code}`, door.path, ...words);
  }

  const types = [
    ["stream", SOCK_STREAM],
    ["seqpacket", SOCK_SEQPACKET],
  ] as const;

  test.each(types)("send_fds is received, with its data (%s)", async (_, type) => {
    using door = new Door(type);
    await using _python = connected(
      door,
      `fds = [os.open(sys.argv[3], os.O_RDONLY) for _ in range(3)]; send_fds(s, [b"with ", b"data"], fds); s.recv(1)`,
      type,
      path,
    );
    using socket = door.accept();
    const buffer = new Uint8Array(100);
    const { size, fds } = receiveFds(socket, 5, buffer);
    expect(text(buffer.subarray(0, size))).toBe("with data");
    expect(fds.map(contentOf)).toEqual(["passed", "passed", "passed"]);
    closeAll(fds);
  });

  test.each(types)("recv_fds takes what sendFds sends (%s)", async (_, type) => {
    using door = new Door(type);
    await using python = connected(
      door,
      `data, fds, flags, _ = recv_fds(s, 100, 253)
say(data.decode(), len(fds), flags, set(os.pread(fd, 100, 0) for fd in fds))`,
      type,
    );
    using socket = door.accept();
    expect(sendFds(socket, Array<number>(253).fill(file), "with data")).toBe(9);
    expect(await python.line()).toBe("with data 253 0 {b'passed'}");
  });

  test.each(types)("recvmsg sees one NUL byte and one SCM_RIGHTS of one int from sendFd (%s)", async (_, type) => {
    using door = new Door(type);
    await using python = connected(
      door,
      `data, control, flags, address = s.recvmsg(100, 1000)
[(level, type, payload)] = control
fd, = struct.unpack("i", payload)
say(data, level == SOL_SOCKET, type == SCM_RIGHTS, len(payload), flags, os.pread(fd, 100, 0).decode())`,
      type,
    );
    using socket = door.accept();
    sendFd(socket, file);
    expect(await python.line()).toBe("b'\\x00' True True 4 0 passed");
  });

  test.each(types)(
    "sendmsg with SCM_RIGHTS is received by receiveFd, and the bytes after it stay (%s)",
    async (_, type) => {
      using door = new Door(type);
      await using _python = connected(
        door,
        `fd = os.open(sys.argv[3], os.O_RDONLY)
s.sendmsg([b"!"], [(SOL_SOCKET, SCM_RIGHTS, struct.pack("i", fd))]); s.send(b"rest"); s.recv(1)`,
        type,
        path,
      );
      using socket = door.accept();
      const fd = receiveFd(socket);
      expect(contentOf(fd)).toBe("passed");
      closeSync(fd);
      expect(text(socket.receiveBytes(100))).toBe("rest");
    },
  );

  test.each(types)("SCM_CREDENTIALS of sendmsg are received (%s)", async (_, type) => {
    using door = new Door(type);
    await using python = connected(
      door,
      `s.sendmsg([b"\\0"], [(SOL_SOCKET, SCM_CREDENTIALS, struct.pack("iII", os.getpid(), os.getuid(), os.getgid()))]); s.recv(1)`,
      type,
    );
    using socket = door.accept();
    const { pid, uid, gid } = receiveCredentials(socket);
    expect(`${pid} ${uid} ${gid}`).toBe(`${python.pid} ${ids}`);
    expect(socket.getOption(SOL_SOCKET, SO_PASSCRED)).toBe(0);
  });

  test.each(types)("the credentials of sendCredentials are ours (%s)", async (_, type) => {
    using door = new Door(type);
    await using python = connected(
      door,
      `s.setsockopt(SOL_SOCKET, SO_PASSCRED, 1); s.send(b"ready")
data, control, flags, _ = s.recvmsg(100, 1000)
[(level, type, payload)] = control
say(data, level == SOL_SOCKET, type == SCM_CREDENTIALS, flags, *struct.unpack("iII", payload))`,
      type,
    );
    using socket = door.accept();
    socket.receiveBytes(5);
    sendCredentials(socket);
    expect(await python.line()).toBe(`b'\\x00' True True 0 ${process.pid} ${ids}`);
  });

  test("a datagram with descriptors comes to a bound path, and one goes to a Python that is bound", async () => {
    using receiver = new Socket(AF_UNIX, SOCK_DGRAM);
    receiver.bind({ path: folder.file("ours.sock") });
    await using python = new Python(
      `s = socket(AF_UNIX, SOCK_DGRAM); s.bind(sys.argv[2]); s.connect(sys.argv[1])
send_fds(s, [b"datagram"], [os.open(sys.argv[3], os.O_RDONLY)])
data, fds, flags, address = recv_fds(s, 100, 5)
say(data.decode(), len(fds), os.pread(fds[0], 100, 0).decode())`,
      folder.file("ours.sock"),
      folder.file("theirs.sock"),
      path,
    );
    const buffer = new Uint8Array(100);
    const { size, fds } = receiveFds(receiver, 1, buffer, soon);
    expect(text(buffer.subarray(0, size))).toBe("datagram");
    expect(fds.map(contentOf)).toEqual(["passed"]);
    closeAll(fds);
    receiver.connect({ path: folder.file("theirs.sock") });
    sendFds(receiver, [file], "back");
    expect(await python.line()).toBe("back 1 passed");
  });

  test("a Python that is killed in the middle: what it sent is received, and then the end is told", async () => {
    using door = new Door();
    await using _python = connected(
      door,
      `send_fds(s, [b"1"], [os.open(sys.argv[3], os.O_RDONLY)]); os.kill(os.getpid(), 9)`,
      SOCK_STREAM,
      path,
    );
    using socket = door.accept();
    closeSync(receiveFd(socket));
    const refuse = (): void => void throwsKind(() => receiveFd(socket), "connection-closed");
    refuse();
    if (haveProc) expect(openedBy(refuse)).toEqual([]);
    expect(["EPIPE", "ECONNRESET"]).toContain(throwsKind(() => sendFd(socket, file), "connection-closed").code);
  });

  test("a hostile Python sends what it can: each time an error, and nothing stays open", async () => {
    using door = new Door(SOCK_SEQPACKET);
    await using python = connected(
      door,
      `fd = os.open(sys.argv[3], os.O_RDONLY)
try: send_fds(s, [b"x"], [fd] * 254)
except OSError as error: say(errno.errorcode[error.errno])
right = (SOL_SOCKET, SCM_RIGHTS, struct.pack("i", fd))
send_fds(s, [b"x"], [fd] * 253)                 # too many
send_fds(s, [b"x" * 1000], [fd] * 2)            # two, and a long packet
s.sendmsg([b"x"], [right, right])               # two messages, which the kernel joins
s.sendmsg([b""], [right, right])                # an empty packet with two
s.sendmsg([b"x"], [right, (SOL_SOCKET, SCM_CREDENTIALS, struct.pack("iII", os.getpid(), os.getuid(), os.getgid()))]) # fine: nobody asked
s.send(b"x")                                    # none
s.sendmsg([b""], [right])                       # an empty packet with one
say("sent"); s.recv(1)`.replace(/^/, "import errno\n"),
      SOCK_SEQPACKET,
      path,
    );
    using socket = door.accept();
    expect(await python.line()).toBe("EINVAL"); // the kernel lets nobody send 254
    expect(await python.line()).toBe("sent");
    const opened = openedBy(() => {
      for (const _ of [1, 2, 3, 4]) throwsKind(() => receiveFd(socket), "invalid-data");
      closeSync(receiveFd(socket));
      throwsKind(() => receiveFd(socket), "invalid-data");
      closeSync(receiveFd(socket));
    });
    expect(haveProc ? opened : []).toEqual([]);
  });

  test("a listening socket that Python made is passed, and accepts here", async () => {
    using door = new Door();
    await using python = connected(
      door,
      `l = socket(AF_INET); l.bind(("127.0.0.1", 0)); l.listen(); send_fds(s, [b"\\0"], [l.fileno()])
c = create_connection(l.getsockname()); l.close(); say(c.recv(100).decode())`,
      SOCK_STREAM,
    );
    using socket = door.accept();
    using listener = Socket.fromFd(receiveFd(socket));
    expect(listener.listening).toBe(true);
    using connection = listener.accept(soon);
    connection.sendAll("accepted elsewhere");
    expect(await python.line()).toBe("accepted elsewhere");
  });

  test.each([
    ["an abstract name", "\0berkeley-test-%d"],
    ["an abstract name with a NUL in it", "\0berkeley\0test-%d"],
  ])("%s is the same there and here, for streams, datagrams and packets", async (_, pattern) => {
    for (const type of [SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM]) {
      const name = pattern.replace("%d", `${process.pid}-${type}`);
      using socket = new Socket(AF_UNIX, type);
      socket.bind({ path: name });
      if (type !== SOCK_DGRAM) socket.listen();
      await using _python = new Python(
        `s = socket(AF_UNIX, int(sys.argv[1])); s.connect(bytes.fromhex(sys.argv[2]))
send_fds(s, [b"x"], [os.open(sys.argv[3], os.O_RDONLY)]); sys.stdin.read()`,
        type,
        Buffer.from(name).toHex(),
        path,
      );
      using peer = type === SOCK_DGRAM ? socket.duplicate() : socket.accept(soon);
      const fd = receiveFd(peer, soon);
      expect(fstatSync(fd).ino).toBe(statSync(path).ino);
      closeSync(fd);
    }
  });

  test("a name that the kernel chose here (autobind) is found there", async () => {
    using listener = new Socket(AF_UNIX);
    listener.bind(new UnixSocketAddress());
    listener.listen();
    const name = (listener.localAddress as UnixSocketAddress).toBytes().subarray(2);
    await using python = new Python(
      `s = socket(AF_UNIX); s.connect(bytes.fromhex(sys.argv[1])); say(repr(s.getpeername())); s.recv(1)`,
      Buffer.from(name).toHex(),
    );
    using peer = listener.accept(soon);
    expect((peer.remoteAddress as UnixSocketAddress).toBytes()).toHaveLength(2); // unnamed
    expect(await python.line()).toMatch(/^b'\\x00[0-9a-f]{5}'$/);
  });
});

const gio = ((): readonly string[] | undefined => {
  if (!haveCC || Bun.which("pkg-config") === null) return undefined;
  const { success, stdout } = Bun.spawnSync(["pkg-config", "--cflags", "--libs", "gio-unix-2.0"], { stderr: "ignore" });
  return success ? stdout.toString().trim().split(/\s+/) : undefined;
})();

const program = `
#include <gio/gio.h>
#include <gio/gunixconnection.h>
#include <gio/gunixsocketaddress.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int report(GError *error) {
  printf("error %s %d: %s\\n", g_quark_to_string(error->domain), error->code, error->message);
  fflush(stdout);
  return 0;
}

int main(int count, char **words) {
  GError *error = NULL;
  GSocketClient *client = g_socket_client_new();
  GSocketAddress *address = g_unix_socket_address_new(words[1]);
  GSocketConnection *made = g_socket_client_connect(client, G_SOCKET_CONNECTABLE(address), NULL, &error);
  if (made == NULL) return report(error);
  GUnixConnection *connection = G_UNIX_CONNECTION(made);
  for (int i = 2; i < count; i++) {
    error = NULL;
    if (strcmp(words[i], "send-fd") == 0) {
      int fd = open(words[++i], O_RDONLY);
      if (!g_unix_connection_send_fd(connection, fd, NULL, &error)) return report(error);
      close(fd);
      printf("sent\\n");
    } else if (strcmp(words[i], "receive-fd") == 0) {
      char content[100];
      int fd = g_unix_connection_receive_fd(connection, NULL, &error);
      if (fd < 0 && error == NULL) printf("-1 without an error\\n");
      else if (fd < 0) report(error);
      else {
        ssize_t size = pread(fd, content, sizeof content, 0);
        printf("%.*s\\n", (int)size, content);
        close(fd);
      }
    } else if (strcmp(words[i], "send-credentials") == 0) {
      if (!g_unix_connection_send_credentials(connection, NULL, &error)) return report(error);
      printf("sent\\n");
    } else if (strcmp(words[i], "receive-credentials") == 0) {
      GCredentials *credentials = g_unix_connection_receive_credentials(connection, NULL, &error);
      if (credentials == NULL) report(error);
      else printf("%s\\n", g_credentials_to_string(credentials));
    } else if (strcmp(words[i], "read") == 0) {
      char byte;
      gssize size = g_input_stream_read(g_io_stream_get_input_stream(G_IO_STREAM(made)), &byte, 1, NULL, &error);
      printf("%d %c\\n", (int)size, size > 0 ? byte : '-');
    }
    fflush(stdout);
  }
  return 0;
}
`;

/** A program that talks line by line. */
class Peer implements AsyncDisposable {
  readonly pid: number;
  readonly #child: Bun.Subprocess<"ignore", "pipe", "pipe">;

  constructor(...words: readonly string[]) {
    this.#child = Bun.spawn([...words], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      timeout: 10_000,
      killSignal: "SIGKILL",
    });
    this.pid = this.#child.pid;
  }

  /** All that it said, when it has ended. */
  async output(): Promise<string[]> {
    return (await new Response(this.#child.stdout).text()).trim().split("\n");
  }

  /** Until it has said this on stderr. */
  async untilItSays(what: string): Promise<void> {
    const reader = this.#child.stderr.getReader();
    for (let all = ""; !all.includes(what);) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`it ended, and said only: ${all}`);
      all += text(value);
    }
    reader.releaseLock();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }
}

describe.skipIf(gio === undefined)("GLib's GUnixConnection (needs cc, pkg-config and libglib2.0-dev)", () => {
  let binary = "";
  beforeAll(() => {
    binary = compileC(program, gio);
  });

  test("send_fd is received by receiveFd", async () => {
    using door = new Door();
    await using peer = new Peer(binary, door.path, "send-fd", path, "send-fd", path);
    using socket = door.accept();
    const fds = [receiveFd(socket), receiveFd(socket)];
    expect(fds.map(contentOf)).toEqual(["passed", "passed"]);
    closeAll(fds);
    expect(await peer.output()).toEqual(["sent", "sent"]);
    throwsKind(() => receiveFd(socket), "connection-closed");
  });

  test("sendFd is received by receive_fd, one byte for each, and what follows is left", async () => {
    using door = new Door();
    await using peer = new Peer(binary, door.path, "receive-fd", "receive-fd", "read", "read");
    using socket = door.accept();
    sendFd(socket, file);
    sendFd(socket, file);
    socket.sendAll("z");
    socket.close();
    expect(await peer.output()).toEqual(["passed", "passed", "1 z", "0 -"]);
  });

  test("what receive_fd refuses, it says itself: no descriptor, and two", async () => {
    using door = new Door();
    await using peer = new Peer(binary, door.path, "receive-fd", "receive-fd", "receive-fd");
    using socket = door.accept();
    socket.sendAll("x");
    sendFds(socket, [file, file]);
    sendFd(socket, file);
    const [none = "", two = "", last = ""] = (await peer.output()).filter((line) => line !== "");
    expect(none).toContain("Expecting 1 control message, got 0");
    expect(two).toContain("Expecting one fd, but got 2");
    expect(last).toBe("passed");
  });

  test("send_credentials is received by receiveCredentials, and SO_PASSCRED is off again", async () => {
    using door = new Door();
    await using peer = new Peer(binary, door.path, "send-credentials");
    using socket = door.accept();
    const { pid, uid, gid } = receiveCredentials(socket);
    expect(`${pid} ${uid} ${gid}`).toBe(`${peer.pid} ${ids}`);
    expect(socket.getOption(SOL_SOCKET, SO_PASSCRED)).toBe(0);
    expect(await peer.output()).toEqual(["sent"]);
  });

  test("sendCredentials is received by receive_credentials", async () => {
    using door = new Door();
    await using peer = new Peer(binary, door.path, "receive-credentials");
    using socket = door.accept();
    sendCredentials(socket);
    const [uid, gid] = ids.split(" ");
    expect(await peer.output()).toEqual([`GCredentials:linux-ucred:pid=${process.pid},uid=${uid},gid=${gid}`]);
  });

  test("descriptors and credentials in turn, both ways on one connection", async () => {
    using door = new Door();
    await using peer = new Peer(
      binary,
      door.path,
      ...["send-credentials", "receive-fd", "send-fd", path, "receive-credentials", "read"],
    );
    using socket = door.accept();
    expect(receiveCredentials(socket).pid).toBe(peer.pid);
    sendFd(socket, file);
    const fd = receiveFd(socket);
    expect(contentOf(fd)).toBe("passed");
    closeSync(fd);
    sendCredentials(socket);
    socket.sendAll("!");
    const said = await peer.output();
    expect(said.slice(0, 3)).toEqual(["sent", "passed", "sent"]);
    expect(said[3]).toContain(`pid=${process.pid}`);
    expect(said[4]).toBe("1 !");
  });
});

describe.skipIf(Bun.which("socat") === null)("socat (needs socat)", () => {
  const types = [
    ["stream", SOCK_STREAM],
    ["seqpacket", SOCK_SEQPACKET],
  ] as const;
  const nameFor = (what: string): string => `berkeley-socat-${process.pid}-${what}`;

  test.each(types)("ABSTRACT-LISTEN is reached by its name (%s)", async (what, type) => {
    const name = nameFor(`listen-${what}`);
    await using peer = new Peer("socat", "-d", "-d", `ABSTRACT-LISTEN:${name},type=${type}`, "PIPE");
    await peer.untilItSays("listening on");
    using socket = new Socket(AF_UNIX, type);
    socket.timeout = SOON;
    socket.connect({ path: `\0${name}` });
    expect(String(socket.remoteAddress)).toContain(name);
    socket.send(Buffer.from("to socat and back"));
    expect(text(socket.receiveBytes(100))).toBe("to socat and back");
    expect(socket.credentials.pid).toBe(peer.pid);
  });

  test.each(types)("ABSTRACT-CONNECT reaches a name of ours (%s)", async (what, type) => {
    const name = nameFor(`connect-${what}`);
    using listener = new Socket(AF_UNIX, type);
    listener.bind({ path: `\0${name}` });
    listener.listen();
    await using peer = new Peer("socat", `ABSTRACT-CONNECT:${name},type=${type}`, "PIPE");
    using socket = listener.accept(soon);
    socket.timeout = SOON;
    socket.send(Buffer.from("to socat and back"));
    expect(text(socket.receiveBytes(100))).toBe("to socat and back");
    expect(socket.credentials.pid).toBe(peer.pid);
  });

  test("seqpacket keeps the bounds of what goes through it", async () => {
    const name = nameFor("bounds");
    using listener = new Socket(AF_UNIX, SOCK_SEQPACKET);
    listener.bind({ path: `\0${name}` });
    listener.listen();
    await using _peer = new Peer("socat", `ABSTRACT-CONNECT:${name},type=5`, "PIPE");
    using socket = listener.accept(soon);
    for (const packet of ["one", "three", "seventeen"]) {
      socket.send(packet);
      expect(text(socket.receiveBytes(1000, soon))).toBe(packet);
    }
    socket.send("cut off");
    const message = socket.receiveMessage({ buffers: [new Uint8Array(3)] }, soon);
    expect([message.size, message.truncated]).toEqual([3, true]);
  });

  test("datagrams: ABSTRACT-SENDTO reaches a name of ours, from a path that can be answered", async () => {
    const name = nameFor("datagrams");
    using receiver = new Socket(AF_UNIX, SOCK_DGRAM);
    receiver.bind({ path: `\0${name}` });
    const file = folder.file("words.txt");
    await Bun.write(file, "a datagram");
    await using _peer = new Peer("socat", "-u", `OPEN:${file}`, `ABSTRACT-SENDTO:${name}`);
    expect(text(receiver.receiveBytes(100, soon))).toBe("a datagram");
  });

  test("paths: UNIX-CONNECT and UNIX-RECVFROM", async () => {
    using door = new Door();
    await using peer = new Peer("socat", `UNIX-CONNECT:${door.path}`, "PIPE");
    using socket = door.accept();
    socket.sendAll("over a path");
    expect(text(socket.receiveBytes(100))).toBe("over a path");
    expect(socket.credentials.pid).toBe(peer.pid);

    const theirs = folder.file("socat.sock");
    await using echo = new Peer("socat", "-d", "-d", "-d", `UNIX-RECVFROM:${theirs}`, "PIPE");
    await echo.untilItSays("receiving on");
    using datagram = new Socket(AF_UNIX, SOCK_DGRAM);
    datagram.bind({ path: folder.file("asking.sock") });
    datagram.sendTo("ping", { path: theirs });
    const buffer = new Uint8Array(100);
    const { size, address } = datagram.receiveFrom(buffer, soon);
    expect(text(buffer.subarray(0, size))).toBe("ping");
    expect(String(address)).toBe(theirs);
  });
});
