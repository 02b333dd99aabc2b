import { GROUPS } from "../../lib/contract/groups.ts";
import type { Keys } from "../../lib/contract/keys.ts";
import type { RedisEye } from "./redis-process.ts";
import { waitFor } from "./wait-for.ts";

/** Waits until nothing is unread, nothing pending and no order open. Throws WaitTimeoutError. */
export async function atRest(eye: RedisEye, keys: Keys, timeoutMs: number): Promise<void> {
  const groups = [
    [keys.decisionStream, GROUPS.router],
    [keys.intentStream, GROUPS.executionIntents],
    [keys.exitIntentStream, GROUPS.executionExits],
  ] as const;
  const resting = async () => {
    for (const [stream, group] of groups) {
      const own = (await listOf("GROUPS", stream)).map(recordOf).find((one) => one.get("name") === group);
      if (own === undefined || own.get("pending") !== 0) return false;
      // Not the lag: after a restart Redis may count for ever as unread what was read.
      const stands = recordOf(await listOf("STREAM", stream));
      if (own.get("last-delivered-id") !== stands.get("last-generated-id")) return false;
    }
    return Number(await eye.command("ZCARD", keys.openOrders)) === 0;
  };
  const listOf = async (what: string, stream: string): Promise<readonly unknown[]> => {
    const reply = await eye.command("XINFO", what, stream);
    return Array.isArray(reply) ? reply : [];
  };
  await waitFor("the pipeline comes to rest", resting, { timeoutMs, everyMs: 50 });
}

/** Names and values in turn, as XINFO lists them. */
function recordOf(reply: unknown): ReadonlyMap<unknown, unknown> {
  const flat: readonly unknown[] = Array.isArray(reply) ? reply : [];
  return new Map(flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1]] as const] : [])));
}
