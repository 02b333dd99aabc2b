import { encodeHeartbeat, type Heartbeat } from "../contract/heartbeat.ts";
import type { Keys } from "../contract/keys.ts";
import { appendEntry } from "../kernel/append-entry.ts";
import type { RedisCommands } from "../redis/connection.ts";
import { isRedisTrouble } from "../redis/redis-errors.ts";
import { encodeFields } from "../redis/stream-entry.ts";

const KEPT = 1000;

/** What a cycle has to say; the rest of a heartbeat is the writer's. */
export type BeatFacts = Omit<Heartbeat, "service_id" | "instance_id" | "seq">;

/** Writes the heartbeats of one process, numbered. */
export class HeartbeatWriter {
  readonly #redis: RedisCommands;
  readonly #keys: Keys;
  readonly #instanceId: string;
  #seq = 0;

  /** `instanceId` is new with every process. */
  constructor(redis: RedisCommands, keys: Keys, instanceId: string) {
    this.#redis = redis;
    this.#keys = keys;
    this.#instanceId = instanceId;
  }

  /** One beat, also where Redis is out of memory; a Redis that does not take it is for those who watch to see, and not thrown. */
  async write(facts: BeatFacts): Promise<void> {
    this.#seq += 1;
    const beat = { service_id: "exit_brain", ...facts, instance_id: this.#instanceId, seq: this.#seq };
    const fields = encodeFields(encodeHeartbeat(beat));
    try {
      await appendEntry(this.#redis, { stream: this.#keys.heartbeatStream, fields, kept: KEPT });
    } catch (error) {
      if (!isRedisTrouble(error)) throw error;
    }
  }
}
