// A line for the system's log: a datagram to a unix socket. Ours stands for /dev/log, and knows from the kernel who wrote.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AF_UNIX, bindPath, Credentials, Socket, SOCK_DGRAM } from "berkeley";

const facilities = { user: 1, daemon: 3, local0: 16 };
const severities = { error: 3, warning: 4, notice: 5, info: 6 };
const folder = mkdtempSync(join(tmpdir(), "berkeley-"));
const path = join(folder, "log"); // "/dev/log" on a real system

using log = new Socket(AF_UNIX, SOCK_DGRAM);
bindPath(log, path, { mode: 0o666 }); // everybody may write
log.receiveControl(Credentials);

// the form of RFC 3164 that syslog(3) writes: <priority>Mmm dd hh:mm:ss tag[pid]: text
function syslog(socket: Socket, facility: keyof typeof facilities, severity: keyof typeof severities, text: string) {
  const now = new Date();
  const month = now.toLocaleString("en", { month: "short" });
  const stamp = `${month} ${String(now.getDate()).padStart(2)} ${now.toTimeString().slice(0, 8)}`;
  socket.send(`<${facilities[facility] * 8 + severities[severity]}>${stamp} example[${process.pid}]: ${text}`);
}

using client = new Socket(AF_UNIX, SOCK_DGRAM);
client.connect({ path }); // once: each line is one send
syslog(client, "daemon", "info", "started");
syslog(client, "local0", "warning", "the disk is nearly full");

const buffer = new Uint8Array(8192);
for (let line = 0; line < 2; line++) {
  const { size, control } = log.receiveMessage({ buffers: [buffer] }, { timeout: 1000 });
  console.log(`${new TextDecoder().decode(buffer.subarray(0, size))}   (${control.get(Credentials)})`);
}
log.close(); // removes the path
rmSync(folder, { recursive: true });
