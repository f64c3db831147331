// Asking the resolver: on this thread, or on one of a few others, so that the event loop goes on.

import { type Answer, callHere, CallingThread, type Outcome } from "../../ffi/blocking-call.ts";
import type { Question } from "../../ffi/resolver.ts";
import { notSupported, SocketError } from "../errors.ts";

const CALLS = ["getaddrinfo", "getnameinfo", "gethostbyname2_r", "gethostbyaddr_r"];
const THREADS = 4; // as many as libuv's pool has: one slow name server must not hold up all others
const PATIENCE = 5000; // milliseconds that an idle thread is kept

/** Asks on this thread, which waits as long as the resolver does. */
export function askHere<Row>(question: Question<Row>): { found: Row | number; errno: number } {
  const outcome = callHere(question.call, question.parameters);
  if (outcome === undefined) throw notSupported(question.call, "the C library of this system has no such call");
  return { found: question.read(outcome), errno: outcome.errno };
}

/** Asks on another thread. */
export async function askElsewhere<Row>(question: Question<Row>): Promise<{ found: Row | number; errno: number }> {
  const outcome = await new Promise<Outcome>((resolve, reject) => {
    waiting.push({ question, resolve, reject });
    serve();
  });
  return { found: question.read(outcome), errno: outcome.errno };
}

interface Job {
  readonly question: Question<unknown>;
  resolve(outcome: Outcome): void;
  reject(error: unknown): void;
}

const waiting: Job[] = [];
const idle: Server[] = [];
let started = 0;
let lastId = 0;
let dismissal: ReturnType<typeof setTimeout> | undefined;

/** One thread and the question that it is at. */
class Server {
  readonly #thread: CallingThread;
  #job: Job | undefined;
  #id = 0;

  constructor() {
    this.#thread = new CallingThread(
      CALLS,
      (answer) => this.#answered(answer),
      (reason) => this.#ended(reason),
    );
  }

  take(job: Job): void {
    this.#job = job;
    this.#id = ++lastId;
    this.#thread.keepAlive(true); // somebody awaits the answer
    this.#thread.call(this.#id, job.question.call, job.question.parameters);
  }

  #answered(answer: Answer): void {
    const job = this.#job;
    if (job === undefined || answer.id !== this.#id) return;
    this.#job = undefined;
    this.#thread.keepAlive(false);
    idle.push(this);
    job.resolve(answer);
    serve();
  }

  #ended(reason: string): void {
    started -= 1;
    const job = this.#job;
    this.#job = undefined;
    this.end();
    const syscall = job?.question.call ?? "getaddrinfo";
    job?.reject(
      new SocketError(`${syscall}: the thread that asks the resolver has failed: ${reason}`, {
        code: "EAI_FAIL",
        syscall,
        kind: "failed",
      }),
    );
    serve();
  }

  end(): void {
    this.#thread.end();
  }
}

function serve(): void {
  while (waiting.length > 0) {
    if (idle.length === 0 && started < THREADS) {
      started += 1;
      idle.push(new Server());
    }
    const server = idle.pop();
    if (server === undefined) return;
    server.take(waiting.shift() as Job);
  }
  clearTimeout(dismissal);
  dismissal = setTimeout(dismiss, PATIENCE);
  dismissal.unref();
}

function dismiss(): void {
  started -= idle.length;
  for (const server of idle.splice(0)) server.end();
}
