// A descriptor for another process: it writes to a file that it has not opened, and we know who it is.

import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AF_UNIX, Credentials, receiveCredentials, receiveFd, sendCredentials, sendFd, Socket } from "berkeley";

const [name] = process.argv.slice(2);
if (name === undefined) parent();
else child(`\0${name}`);

function parent(): void {
  const name = `berkeley-example-${process.pid}`;
  using listener = new Socket(AF_UNIX);
  listener.bind({ path: `\0${name}` }); // an abstract name: it is in no folder, and gone with the socket
  listener.listen();
  Bun.spawn([process.execPath, import.meta.path, name], { stdio: ["ignore", "inherit", "inherit"] });

  using socket = listener.accept({ timeout: 10_000 });
  const peer = receiveCredentials(socket, { timeout: 1000 }); // the kernel has checked them
  console.log(`${peer} is ${peer.isSameUser(Credentials.current()) ? "one of us" : "somebody else"}`);

  const path = join(tmpdir(), `${name}.txt`);
  const fd = openSync(path, "wx+", 0o600);
  sendFd(socket, fd); // the child's is another number for the same open file
  socket.receiveBytes(1, { timeout: 1000 }); // it has written
  console.log(readFileSync(path, "utf8"));
  closeSync(fd);
  void Bun.file(path).unlink();
}

function child(path: string): void {
  using socket = new Socket(AF_UNIX);
  socket.connect({ path }, { timeout: 1000 });
  sendCredentials(socket);
  const fd = receiveFd(socket, { timeout: 1000 }); // close-on-exec, and ours to close
  writeSync(fd, `written by process ${process.pid} as descriptor ${fd}`);
  closeSync(fd);
  socket.sendAll("!");
}
