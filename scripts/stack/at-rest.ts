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
      const reply = await eye.command("XINFO", "GROUPS", stream);
      const listed = (Array.isArray(reply) ? reply : []).map((one) => (Array.isArray(one) ? one : []));
      const own = listed.find((one) => one[1] === group);
      if (own === undefined || own[own.indexOf("pending") + 1] !== 0) return false;
      if (own[own.indexOf("lag") + 1] !== 0) return false;
    }
    return Number(await eye.command("ZCARD", keys.openOrders)) === 0;
  };
  await waitFor("the pipeline comes to rest", resting, { timeoutMs, everyMs: 50 });
}
