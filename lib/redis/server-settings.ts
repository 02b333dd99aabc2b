import type { RedisCommands } from "./connection.ts";
import { RedisReplyError } from "./redis-errors.ts";
import { listReply, textReply } from "./reply.ts";

/** Redis may evict keys: orders could be executed twice, limits forgotten. */
class EvictionPolicyError extends Error {
  readonly code = "REDIS_EVICTION_POLICY";
  readonly hint = "Set maxmemory-policy noeviction in redis.conf.";
  constructor(policy: string) {
    super(`Redis would evict keys when full: maxmemory-policy is ${policy}, must be noeviction`);
    this.name = "EvictionPolicyError";
  }
}

/**
 * To be run in `onConnected`: throws EvictionPolicyError unless the policy is `noeviction`. Resolves to
 * "unknown" where the ACL or the host forbids CONFIG: that is said, not failed.
 */
export async function checkEvictionPolicy(redis: RedisCommands): Promise<"noeviction" | "unknown"> {
  try {
    const [, policy] = listReply(await redis.command(["CONFIG", "GET", "maxmemory-policy"]));
    if (policy === undefined) return "unknown";
    if (textReply(policy) !== "noeviction") throw new EvictionPolicyError(textReply(policy));
    return "noeviction";
  } catch (error) {
    if (error instanceof RedisReplyError && !error.transient) return "unknown";
    throw error;
  }
}
