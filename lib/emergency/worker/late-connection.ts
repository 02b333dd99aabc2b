import { within } from "../../daemon/within.ts";
import type { RedisCommands, RedisConnection } from "../../redis/connection.ts";
import type { WorkerClock } from "./worker-parts.ts";

export interface LateConnection extends RedisCommands {
  /** Resolves when a command may be sent; connects if that was not done before. Never rejects. */
  whenReady(): Promise<void>;
  close(): Promise<void>;
}

/**
 * A connection that is made when it is first used: a start does not wait for what only a panic needs. A command
 * that finds it connecting waits for it, one deadline at most. `beside` tells the server's time.
 */
export function lateConnection(
  connect: () => RedisConnection,
  beside: Pick<RedisCommands, "serverNowMs" | "deadlineMs">,
  clock: WorkerClock,
): LateConnection {
  let made: RedisConnection | undefined;
  const connection = () => {
    made ??= connect();
    return made;
  };
  return {
    deadlineMs: beside.deadlineMs,
    serverNowMs: () => beside.serverNowMs(),
    command(args, how) {
      const own = connection();
      if (own.state.kind !== "connecting") return own.command(args, how);
      return within(clock, beside.deadlineMs, own.whenReady()).then(() => own.command(args, how));
    },
    whenReady: () => connection().whenReady(),
    close: async () => made?.close(),
  };
}
