// A service as systemd starts it: its socket is there before it is, and it tells when it is ready. A stand-in plays systemd.

import { closeSync } from "node:fs";
import {
  AF_INET,
  AF_UNIX,
  listenFds,
  notify,
  receiveFds,
  Socket,
  SOCK_DGRAM,
  UnixSocketAddress,
  watchdogInterval,
} from "berkeley";

if (process.env["LISTEN_FDS"] === undefined) manage();
else serve();

// what a service does: all of this works as it is in a unit with Type=notify and a .socket unit beside it
function serve(): void {
  const [activated] = listenFds({ unsetEnvironment: true });
  if (activated === undefined) throw new Error("start me with a socket");
  using listener = activated.socket;
  notify(`READY=1\nSTATUS=serving ${activated.name}`);
  const interval = watchdogInterval(); // milliseconds; WatchdogSec=
  if (interval !== undefined) notify("WATCHDOG=1"); // a real one tells it every interval / 2
  using client = listener.accept({ timeout: 5000 });
  client.sendAll("hello from the service");
  notify("FDSTORE=1\nFDNAME=connection", { fds: [client] }); // it survives our restart
  notify("BARRIER=1"); // until all that has been taken notice of
  notify("STOPPING=1");
}

// what systemd does
function manage(): void {
  using listener = new Socket(AF_INET);
  listener.bind("127.0.0.1:0");
  listener.listen();
  using manager = new Socket(AF_UNIX, SOCK_DGRAM);
  manager.bind(new UnixSocketAddress()); // an abstract name: "@..." in NOTIFY_SOCKET
  const name = new TextDecoder().decode(manager.localAddress.toBytes().subarray(3));

  // LISTEN_PID is the service's own number: known between fork and exec
  Bun.spawn(["sh", "-c", 'LISTEN_PID=$$ exec "$0" "$@"', process.execPath, import.meta.path], {
    stdio: ["ignore", "inherit", "inherit", listener.fd], // the first that is passed has number 3
    env: {
      ...process.env,
      LISTEN_FDS: "1",
      LISTEN_FDNAMES: "web",
      NOTIFY_SOCKET: `@${name}`,
      WATCHDOG_USEC: "2000000",
    },
  });
  using client = new Socket(AF_INET);
  client.connect(listener.localAddress, { timeout: 1000 }); // before the service is there: nobody is refused

  const buffer = new Uint8Array(4096);
  for (let told = ""; !told.includes("STOPPING=1");) {
    const { size, fds } = receiveFds(manager, 253, buffer, { timeout: 10_000 });
    told = new TextDecoder().decode(buffer.subarray(0, size));
    console.log(`${told.replaceAll("\n", ", ")}${fds.length > 0 ? ` (with ${fds.length} descriptor)` : ""}`);
    for (const fd of fds) closeSync(fd); // a real one keeps those of FDSTORE=1
  }
  console.log(new TextDecoder().decode(client.receiveBytes(100, { timeout: 1000 })));
}
