// Errors say what was tried and what to do; `kind` is the word to switch on, the same on every system.

import { AF_INET, Socket, SOCK_DGRAM, SocketError } from "berkeley";

function attempt(what: string, action: () => unknown): void {
  try {
    action();
  } catch (error) {
    const kind = error instanceof SocketError ? error.kind : (error as Error).name;
    console.log(`${what} -> ${kind}\n  ${(error as Error).message}`);
  }
}

using stream = new Socket(AF_INET);
using datagram = new Socket(AF_INET, SOCK_DGRAM);
datagram.bind("127.0.0.1:0");

attempt("connect to a port where nobody listens", () => stream.connect("127.0.0.1:1"));
attempt("wait for a datagram that never comes", () => datagram.receiveBytes(10, { timeout: 20 }));
attempt("look for one without waiting", () => datagram.receiveBytes(10, { blocking: false }));
attempt("broadcast without permission", () => datagram.sendTo("hi", "255.255.255.255:9"));
attempt("a name where an address is wanted", () => stream.connect("localhost:80"));
attempt("a port that there is not", () => stream.connect("127.0.0.1:70000"));
