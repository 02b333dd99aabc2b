import type { RedisArgument, RedisReply } from "./reply.ts";
import type { Random, RedisClock, RedisLog } from "./surroundings.ts";

export interface CommandOptions {
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
   * A lower bound of the Redis server's clock, epoch ms: what is stamped with it plus a budget can only
   * expire early, never late. Throws RedisUnavailableError before the first connection.
   */
  serverNowMs(): number;
}

export interface RedisState {
  /** `hung`: connected, but a command overran its deadline. `down`: no connection, or a check failed. */
  readonly kind: "connecting" | "ready" | "hung" | "down" | "closed";
  /** Epoch ms of the last change of kind. */
  readonly sinceMs: number;
  /** Why it is not ready, in plain words. */
  readonly lastError: string | undefined;
  /** A ready server that refuses writes (OOM, READONLY, NOREPLICAS, MISCONF) and what it said. */
  readonly refusal: string | undefined;
}

export interface RedisConnection extends RedisCommands {
  readonly state: RedisState;
  /** Resolves when ready; also when the signal aborts (look at it). Never rejects. */
  whenReady(signal?: AbortSignal): Promise<void>;
  /** For `/readyz`. */
  dependency(): { readonly name: string; readonly ok: boolean; readonly detail: string };
  close(): Promise<void>;
}

export interface RedisOptions {
  /** redis://, rediss:// or unix://, user and password allowed. */
  readonly url: string;
  /** CLIENT SETNAME: shown by CLIENT LIST. No blanks. */
  readonly name: string;
  readonly deadlineMs?: number;
  readonly clock: RedisClock;
  readonly random: Random;
  readonly log: RedisLog;
  /** Runs after every (re)connect, before the state is ready; a rejection keeps it not ready and is retried. */
  readonly onConnected?: (commands: RedisCommands) => Promise<void>;
}

/** Connects in the background and never gives up. */
export function connectRedis(_options: RedisOptions): RedisConnection {
  throw new Error("not there yet");
}
