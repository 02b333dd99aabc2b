/**
 * The end of the chain in Redis, outside the reach of whoever can change the files: a chain cannot say by itself
 * that its end is missing.
 *
 * 1. It is written after the lines are on the disk, so it is never ahead of what was written.
 * 2. Files that end before it, or there with another line, are reported at the start; it is then kept beside
 *    (`head_missing_seq`, `head_missing_hash`) before the chain goes on with numbers that were used.
 * 3. Nothing waits for it but the comparison before the first write.
 */
import { isRedisTrouble } from "../redis/redis-errors.ts";
import { optionalTextReply, type RedisArgument, type RedisReply } from "../redis/reply.ts";
import type { LineHead } from "./audit-line.ts";

const RETRY_MS = 500;
const IDLE_MS = 60_000;

export interface HeadRecordParts {
  readonly redis: { command(args: readonly RedisArgument[]): Promise<RedisReply> };
  /** The role's statistics hash. */
  readonly key: string;
  /** The end of the files at the start. */
  readonly found: LineHead;
  readonly clock: { sleep(ms: number, signal?: AbortSignal): Promise<void> };
  readonly log: { error(fields: object, message: string): void; warn(fields: object, message: string): void };
  /** So many lines that Redis knows of are not in the files. */
  missing(lines: number): void;
}

export class HeadRecord {
  readonly #parts: HeadRecordParts;
  #compared: Promise<void> | undefined;
  #complained = false;

  constructor(parts: HeadRecordParts) {
    this.#parts = parts;
  }

  /** Compares, once, what Redis remembers with the files. Rejects with Redis errors; then it may be called again. */
  compare(): Promise<void> {
    this.#compared ??= this.#compareOnce().catch((error: unknown) => {
      this.#compared = undefined;
      throw error;
    });
    return this.#compared;
  }

  /** Never rejects: the next page brings a newer head. */
  async remember({ seq, hash }: LineHead): Promise<void> {
    const { redis, key, log } = this.#parts;
    try {
      await redis.command(["HSET", key, "head_seq", String(seq), "head_hash", hash]);
      this.#complained = false;
    } catch (error) {
      if (!this.#complained) log.warn({ err: error, key }, "Redis does not take the end of the audit chain");
      this.#complained = true;
    }
  }

  /** Compares as soon as Redis lets it; then idle until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    let compared = false;
    while (!signal.aborted) {
      try {
        if (!compared) await this.compare();
        compared = true;
      } catch (error) {
        if (!isRedisTrouble(error)) throw error;
      }
      await clock.sleep(compared ? IDLE_MS : RETRY_MS, signal);
    }
  }

  async #compareOnce(): Promise<void> {
    const { redis, key, found, log, missing } = this.#parts;
    const field = async (name: string) => optionalTextReply(await redis.command(["HGET", key, name]));
    const [seqText, hash = ""] = await Promise.all([field("head_seq"), field("head_hash")]);
    const seq = Number(seqText ?? "0");
    const ends = seq > found.seq;
    if (!ends && (seq !== found.seq || seq === 0 || hash === found.hash)) return;
    missing(Math.max(1, seq - found.seq));
    const hint = "Keep the files as they are and compare them with a copy: --verify FILE… --head SEQ:HASH.";
    const words = ends ? "the audit files end before" : "the audit files' last line is another than";
    log.error({ remembered: { seq, hash }, found, hint }, `${words} what Redis remembers`);
    await redis.command(["HSET", key, "head_missing_seq", String(seq), "head_missing_hash", hash]);
  }
}
