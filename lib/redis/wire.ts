import type { RedisArgument, RedisReply } from "./reply.ts";

/**
 * One connection that is used until its first trouble and never repaired.
 *
 * 1. Every `send` settles within its deadline plus a timer's lag, also when the server hangs.
 * 2. After the first overrun the connection is destroyed: a late reply can never be taken for another's.
 * 3. Nothing is queued while there is no connection, and the queue of what is unanswered is bounded.
 */
export interface WireClient {
  send(args: readonly RedisArgument[], deadlineMs: number): Promise<RedisReply>;
  /** Resolves once, with the reason, when the connection is of no more use. */
  readonly ended: Promise<WireEnd>;
  destroy(): void;
  /** Ends it as lost, with a reason of ours: another connection may be better. */
  abandon(why: string): void;
}

export interface WireEnd {
  readonly kind: "overrun" | "lost" | "destroyed";
  readonly error: Error;
}

export interface WireOptions {
  readonly url: string;
  readonly name: string;
  /** Bounds TCP, TLS, AUTH and SELECT together: node-redis' own connect timeout covers the first alone. */
  readonly connectDeadlineMs: number;
  /** Ms without a byte received that end the connection; keep it above every deadline. */
  readonly socketTimeoutMs: number;
  /** Destroys the connection, also while it is being made. */
  readonly signal?: AbortSignal;
  /** After every command, before its promise settles. */
  readonly onSettled?: (args: readonly RedisArgument[], error: Error | undefined) => void;
}

/** Connects. Rejects with RedisUnavailableError, RedisReplyError (AUTH) or, in time, RedisOutcomeUnknownError. */
export type OpenWire = (options: WireOptions) => Promise<WireClient>;
