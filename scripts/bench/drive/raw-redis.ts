import { createReplyCounter } from "./reply-counter.ts";

/**
 * A bare socket to Redis: commands that were encoded before the clock started go out, replies are only
 * counted. What a client library costs is not in its figures, so they are the server's ceiling.
 */
export interface RawRedis {
  /**
   * Sends every command with at most `inFlight` unanswered ones, in order. Returns the time from the first
   * byte to the last reply, ms. Throws with the server's words at the first error reply.
   */
  drive(commands: readonly Buffer[], inFlight: number): Promise<number>;
  close(): void;
}

/** One command as RESP. */
export function encodeCommand(args: readonly string[]): Buffer {
  const parts = args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`);
  return Buffer.from(`*${args.length}\r\n${parts.join("")}`);
}

interface Run {
  readonly commands: readonly Buffer[];
  sent: number;
  answered: number;
  readonly done: PromiseWithResolvers<void>;
}

/** Connects to a server's unix socket. */
export async function openRawRedis(socketPath: string): Promise<RawRedis> {
  const replies = createReplyCounter();
  let run: Run | undefined;
  let unsent: Buffer = Buffer.alloc(0);

  const fail = (error: Error) => run?.done.reject(error);
  const flush = () => {
    const written = socket.write(unsent);
    unsent = unsent.subarray(Math.max(0, written));
  };
  const send = (count: number) => {
    if (run === undefined || count === 0) return;
    const batch = run.commands.slice(run.sent, run.sent + count);
    run.sent += batch.length;
    if (batch.length === 0) return;
    unsent = Buffer.concat([unsent, ...batch]);
    flush();
  };
  const socket = await Bun.connect({
    unix: socketPath,
    socket: {
      data: (_socket, bytes) => {
        if (run === undefined) return;
        try {
          const count = replies.take(bytes);
          run.answered += count;
          if (run.answered === run.commands.length) run.done.resolve();
          else send(count);
        } catch (error) {
          fail(error instanceof Error ? error : new Error(String(error)));
        }
      },
      drain: () => {
        if (unsent.length > 0) flush();
      },
      close: () => fail(new Error("Redis closed the connection")),
      error: (_socket, error) => fail(error),
    },
  });
  return {
    async drive(commands, inFlight) {
      if (commands.length === 0) return 0;
      run = { commands, sent: 0, answered: 0, done: Promise.withResolvers() };
      const started = performance.now();
      send(inFlight);
      await run.done.promise;
      return performance.now() - started;
    },
    close: () => socket.end(),
  };
}
