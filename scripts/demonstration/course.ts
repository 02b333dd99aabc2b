import { constants } from "node:os";
import { type ChildProcess, lastLines } from "../stack/child-process.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** A person or a service manager wants the run to end. */
export class InterruptedError extends Error {
  readonly code = "INTERRUPTED";
  /** As a shell reports a program that the signal ended. */
  readonly exitCode: number;
  constructor(signal: (typeof SIGNALS)[number]) {
    super(`interrupted by ${signal}`);
    this.name = "InterruptedError";
    this.exitCode = 128 + constants.signals[signal];
  }
}

interface Stoppable {
  stop(): Promise<void>;
}

/**
 * What a run has started, and what ends it before its time.
 *
 * 1. Whatever is started through it is stopped by `end`, newest first, also what was still starting.
 * 2. Work ends at once, with an error, when a signal comes or when a process that it needs has ended.
 */
export class Course {
  readonly #ends: (() => void | Promise<void>)[] = [];
  readonly #interrupted = new AbortController();
  readonly #cutShort = Promise.withResolvers<never>();
  readonly #signalled = Promise.withResolvers<void>();

  constructor() {
    // Nobody may be at work when it comes.
    this.#cutShort.promise.catch(() => {});
    for (const signal of SIGNALS) {
      process.on(signal, () => {
        this.#cut(new InterruptedError(signal));
        this.#signalled.resolve();
      });
    }
  }

  /** Aborted by a signal, or by the end of a process that is needed. */
  get interrupted(): AbortSignal {
    return this.#interrupted.signal;
  }

  /** Whatever becomes of the processes meanwhile: who looks around may end one. */
  async untilSignalled(): Promise<void> {
    await this.#signalled.promise;
  }

  #cut(error: Error): void {
    this.#interrupted.abort(error);
    this.#cutShort.reject(error);
  }

  /** Throws what cut the run short, if something did. */
  async start<T extends Stoppable>(starting: (signal: AbortSignal) => Promise<T>): Promise<T> {
    this.interrupted.throwIfAborted();
    const started = starting(this.interrupted);
    this.#ends.push(async () => {
      const one = await started.catch(() => undefined);
      await one?.stop();
    });
    return await started;
  }

  defer(end: () => void | Promise<void>): void {
    this.#ends.push(end);
  }

  /** Without it there is nothing to go on with. */
  needs(child: ChildProcess): void {
    void child.exited.then((code) =>
      this.#cut(new Error(`${child.name} has ended with ${code}; its last lines:\n${lastLines(child)}`)),
    );
  }

  /** Throws what the work throws, or what cuts it short. */
  async work<T>(work: () => Promise<T>): Promise<T> {
    return await Promise.race([work(), this.#cutShort.promise]);
  }

  /** Stops everything, whatever of it fails to. */
  async end(): Promise<void> {
    for (let end = this.#ends.pop(); end !== undefined; end = this.#ends.pop()) {
      await Promise.resolve()
        .then(end)
        .catch((error: unknown) => process.stderr.write(`${String(error)}\n`));
    }
  }
}
