import { streamRetentions } from "../../lib/contract/groups.ts";
import type { Keys } from "../../lib/contract/keys.ts";
import type { RedisEye } from "../stack/redis-process.ts";

/** About what an entry of ours is long, so that memory does not grow only because real ones take their place. */
const FILLING_BYTES = 420;
const BATCH = 500;

/**
 * Fills every stream to its retention with history that everyone has read: what takes days to fill is at its
 * plateau from the first minute. Streams that are kept for ever stay empty.
 */
export async function prefillStreams(eye: RedisEye, keys: Keys): Promise<void> {
  const payload = "x".repeat(FILLING_BYTES);
  for (const { stream, groups, optionalGroups, entriesKept } of streamRetentions(keys)) {
    if (entriesKept === undefined) continue;
    for (let from = 0; from < entriesKept; from += BATCH) {
      const entries = Array.from({ length: Math.min(BATCH, entriesKept - from) }, () =>
        eye.command("XADD", stream, "*", "filling", payload),
      );
      await Promise.all(entries);
    }
    for (const group of [...groups, ...optionalGroups]) {
      await eye.command("XGROUP", "CREATE", stream, group, "$");
    }
  }
}
