import { connectRedisOver } from "./lasting-connection.ts";
import type { RedisDependency, RedisState } from "./redis-state.ts";
import type { RedisArgument, RedisReply } from "./reply.ts";
import type { Random, RedisClock, RedisLog } from "./surroundings.ts";
import { openWireClient } from "./wire-client.ts";

/**
 * The commands connection of a process.
 *
 * 1. Every call settles within its deadline, whether the server is gone, hangs or refuses.
 * 2. A call while not ready fails at once: nothing waits in a queue to be executed late.
 * 3. It never gives up: a new connection is tried for ever, with bounded, jittered back-off.
 * 4. `ready` means: connected, clock measured, and the caller's `onConnected` check passed on this
 *    very connection.
 * 5. A connection whose check no longer holds (a function is gone), or whose server stays read-only (a failover may
 *    have moved the address), is given up for a new one; so is, within about a second, one whose server has
 *    another replication id (it was made a replica, or promoted): the data may be another's. And so is one whose
 *    server's clock was set back: what its owner has dated by that clock is dated anew.
 */
export interface RedisConnection extends RedisCommands {
  readonly state: RedisState;
  /** Resolves when ready, closed, or when the signal aborts: look at `state`. Never rejects. */
  whenReady(signal?: AbortSignal): Promise<void>;
  /** For `/readyz`. */
  dependency(): RedisDependency;
  close(): Promise<void>;
}

interface CommandOptions {
  /** Real ms until the call rejects with its outcome unknown; the connection's own default otherwise. */
  readonly deadlineMs?: number;
}

/** What a typed door of a server-side function needs. */
export interface RedisCommands {
  /**
   * Sends one command and returns the raw reply. Rejects with RedisUnavailableError (not sent),
   * RedisOutcomeUnknownError (sent, fate unknown) or RedisReplyError (the server's error), always within
   * the deadline, also when the server hangs. Never give it a blocking command.
   */
  command(args: readonly RedisArgument[], options?: CommandOptions): Promise<RedisReply>;
  /**
   * A lower bound of the Redis server's clock, epoch ms: a deadline stamped with it expires early rather
   * than late. Throws RedisUnavailableError before the first connection.
   */
  serverNowMs(): number;
  /** The connection's own deadline, ms. */
  readonly deadlineMs: number;
}

export interface RedisOptions {
  /** redis://, rediss:// or unix://, user and password allowed. */
  readonly url: string;
  /** CLIENT SETNAME: shown by CLIENT LIST. No blanks. */
  readonly name: string;
  /** Of a command, and of a connection attempt. Default 500. */
  readonly deadlineMs?: number;
  readonly clock: RedisClock;
  readonly random: Random;
  readonly log: RedisLog;
  /** Runs after every (re)connect, before the state is ready; a rejection keeps it not ready and is retried. */
  readonly onConnected?: (commands: RedisCommands) => Promise<void>;
  /**
   * Runs every 10 s on a connection that is ready. What it rejects with makes `dependency` not ok until it passes, and
   * cuts nothing off: during an upgrade the next release's functions are there before its processes are.
   */
  readonly stillSound?: (commands: RedisCommands) => Promise<void>;
}

/** Connects in the background and never gives up. */
export function connectRedis(options: RedisOptions): RedisConnection {
  return connectRedisOver(openWireClient, options);
}
