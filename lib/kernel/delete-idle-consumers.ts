import { callFunction, type FunctionCaller, UnexpectedReplyError } from "./function-call.ts";

/** Consumers a call removes at most. Each call looks at all of the group, so a call for each would be quadratic. */
const REMOVED_A_CALL_MAX = 500;

/**
 * delete_idle_consumers_v1: removes those of the consumers that are idle and have nothing pending, check and
 * deletion in one call. Returns how many were removed.
 */
export async function deleteIdleConsumers(
  caller: FunctionCaller,
  zombies: {
    readonly stream: string;
    readonly group: string;
    readonly consumers: readonly string[];
    readonly idleMinMs: number;
  },
): Promise<number> {
  let removed = 0;
  for (let at = 0; at < zombies.consumers.length; at += REMOVED_A_CALL_MAX) {
    const consumers = zombies.consumers.slice(at, at + REMOVED_A_CALL_MAX);
    const reply = await callFunction(caller, "delete_idle_consumers_v1", {
      keys: [zombies.stream],
      args: [zombies.group, String(zombies.idleMinMs), ...consumers],
    });
    if (reply[0] !== "OK") throw new UnexpectedReplyError("delete_idle_consumers_v1", reply);
    removed += Number(reply[1]);
  }
  return removed;
}
