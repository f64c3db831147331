// Happy Eyeballs: one connect after the other, each given a head start, and the first that succeeds wins (RFC 8305, section 5).

import { platform } from "../../ffi/platform/index.ts";
import type { InetSocketAddress } from "../address/index.ts";
import { noneWorked } from "../errors.ts";
import { Socket } from "../socket/socket.ts";

const { SOCK_STREAM } = platform.core;

/** What a race is told. */
export interface RaceOptions {
  readonly addresses: readonly InetSocketAddress[];
  /** Whose they are, for the error. */
  readonly hostname?: string | undefined;
  /** Milliseconds of head start. */
  readonly delay: number;
  readonly localAddress: InetSocketAddress | undefined;
  /** Ends all attempts: the race is rejected with its reason. */
  readonly signal: AbortSignal;
}

/** Races connects: the socket that won. @throws (rejects) the last attempt's error, with all of them in an AggregateError as cause */
export function race({ addresses, hostname, delay, localAddress, signal }: RaceOptions): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const running = new Set<Socket>();
  const errors: unknown[] = [];
  let next = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const finish = (): void => {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
    next = addresses.length;
    for (const socket of running) socket.close();
    running.clear();
  };
  const abort = (): void => {
    finish();
    reject(signal.reason);
  };
  const start = (): void => {
    clearTimeout(timer);
    const address = addresses[next++];
    if (address === undefined) return;
    if (next < addresses.length) timer = setTimeout(start, delay);
    let socket: Socket | undefined;
    try {
      socket = new Socket(address.family, SOCK_STREAM);
      running.add(socket);
      if (localAddress !== undefined) socket.bind(localAddress);
      void run(socket, address);
    } catch (error) {
      lost(socket, error);
    }
  };
  const run = async (socket: Socket, address: InetSocketAddress): Promise<void> => {
    try {
      await socket.connectAsync(address, { timeout: Infinity });
    } catch (error) {
      if (running.has(socket)) lost(socket, error);
      return;
    }
    running.delete(socket);
    finish();
    resolve(socket);
  };
  const lost = (socket: Socket | undefined, error: unknown): void => {
    if (socket !== undefined) running.delete(socket);
    socket?.close();
    errors.push(error);
    if (next < addresses.length) start();
    else if (running.size === 0) {
      finish();
      reject(noneWorked(errors, hostname));
    }
  };
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  else start();
  return promise;
}
