// What console.log shows: what somebody who looks for a fault wants to know, in a line.

import { describe, expect, test } from "bun:test";
import { inspect } from "node:util";
import {
  Cancellable,
  createConnection,
  createServer,
  InetAddress,
  InetSocketAddress,
  ReceiveBatch,
  SendBatch,
  Socket,
  SocketRef,
} from "../src/index.ts";
import { AF_INET, SOCK_DGRAM } from "./support/constants.ts";

describe("what console.log shows", () => {
  test("of a socket: descriptor, family, type, addresses and state, and nothing that throws", () => {
    const socket = new Socket(AF_INET);
    socket.bind("127.0.0.1:0");
    const name = `fd ${socket.fd}, AF_INET, SOCK_STREAM, ${socket.localAddress}`;
    expect(Bun.inspect(socket)).toBe(`Socket(${name})`);
    expect(inspect(socket)).toBe(`Socket(${name})`);
    expect(Bun.inspect(SocketRef.borrow(socket))).toBe(`SocketRef(${name})`);
    socket.listen();
    expect(Bun.inspect(socket)).toBe(`Socket(${name}, listening)`);
    socket.close();
    expect(Bun.inspect(socket)).toBe("Socket(closed)");
  });

  test("of a connected one also where it goes to", () => {
    using server = new Socket(AF_INET, SOCK_DGRAM);
    server.bind("127.0.0.1:0");
    using client = new Socket(AF_INET, SOCK_DGRAM);
    client.connect(server.localAddress);
    const name = `fd ${client.fd}, AF_INET, SOCK_DGRAM, ${client.localAddress} to ${server.localAddress}`;
    expect(Bun.inspect(client)).toBe(`Socket(${name})`);
  });

  test("of listeners and connections the same", async () => {
    await using listener = await createServer({ hostname: "127.0.0.1", port: 0 });
    const { localAddress } = listener;
    expect(Bun.inspect(listener)).toBe(
      `Listener(fd ${listener.socket.fd}, AF_INET, SOCK_STREAM, ${localAddress}, listening)`,
    );
    const port = localAddress instanceof InetSocketAddress ? localAddress.port : 0;
    const connection = await createConnection({ hostname: "127.0.0.1", port });
    using _ = connection.socket; // closed at once: nobody is there to say good-bye
    expect(Bun.inspect(connection)).toBe(
      `TcpConnection(fd ${connection.socket.fd}, AF_INET, SOCK_STREAM, ${connection.localAddress} to ${localAddress})`,
    );
  });

  test("of batches, addresses and a Cancellable", () => {
    const batch = new SendBatch({ capacity: 4, size: 10 });
    batch.push("one");
    expect(Bun.inspect(batch)).toBe("SendBatch(1 of 4)");
    expect(Bun.inspect(new ReceiveBatch({ capacity: 4, size: 10 }))).toBe("ReceiveBatch(0 of 4)");
    expect(Bun.inspect(InetAddress.parse("::1"))).toBe("InetAddress(::1)");
    using cancellable = new Cancellable();
    expect(Bun.inspect(cancellable)).toBe("Cancellable(not cancelled)");
    cancellable.cancel();
    expect(Bun.inspect(cancellable)).toBe("Cancellable(cancelled)");
  });
});
