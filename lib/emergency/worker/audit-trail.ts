import { type AuditEntry, encodeAuditEntry } from "../../contract/audit-entry.ts";
import type { Keys } from "../../contract/keys.ts";
import type { RedisCommands } from "../../redis/connection.ts";
import { encodeFields } from "../../redis/stream-entry.ts";
import type { WorkerLog } from "./worker-parts.ts";

/** An entry that says this was written together with what it tells of. */
export const HALT_CLEARED = "halt cleared";
/** Entries that wait for Redis at most; beyond, the oldest stay in the log alone. */
const WAITING_MAX = 1000;

export interface AuditTrail {
  /** Never rejects: a panic that was called while Redis is away is obeyed, and recorded later. */
  record(entry: AuditEntry): Promise<void>;
  /** Writes what Redis did not take before. Never rejects. */
  flush(): Promise<void>;
}

/** Operators' mutations, to the audit stream. The admin server has logged each before it comes here. */
export function createAuditTrail(parts: {
  readonly redis: Pick<RedisCommands, "command">;
  readonly keys: Keys;
  readonly log: WorkerLog;
}): AuditTrail {
  const waiting: AuditEntry[] = [];
  let flushing: Promise<void> | undefined;

  async function write(): Promise<void> {
    for (let entry = waiting[0]; entry !== undefined; entry = waiting[0]) {
      const fields = encodeFields(encodeAuditEntry(entry));
      try {
        await parts.redis.command(["XADD", parts.keys.auditStream, "*", ...fields]);
      } catch (error) {
        parts.log.debug({ err: error, waiting: waiting.length }, "audit entries wait for Redis");
        return;
      }
      if (waiting[0] === entry) waiting.shift();
    }
  }

  const flush = () => {
    flushing ??= write().finally(() => {
      flushing = undefined;
    });
    return flushing;
  };

  return {
    flush,
    async record(entry) {
      if (entry.what === HALT_CLEARED) return;
      waiting.push(entry);
      if (waiting.length > WAITING_MAX) waiting.shift();
      await flush();
    },
  };
}
