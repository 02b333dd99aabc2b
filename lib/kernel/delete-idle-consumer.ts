import { callFunction, type FunctionCaller, UnexpectedReplyError } from "./function-call.ts";

/**
 * delete_idle_consumer_v1: removes a consumer that is idle and has nothing pending, check and deletion in
 * one call. Returns whether it was removed.
 */
export async function deleteIdleConsumer(
  caller: FunctionCaller,
  zombie: {
    readonly stream: string;
    readonly group: string;
    readonly consumer: string;
    readonly idleMinMs: number;
  },
): Promise<boolean> {
  const reply = await callFunction(caller, "delete_idle_consumer_v1", {
    keys: [zombie.stream],
    args: [zombie.group, zombie.consumer, String(zombie.idleMinMs)],
  });
  if (reply[0] !== "OK") throw new UnexpectedReplyError("delete_idle_consumer_v1", reply);
  return reply[1] === "1";
}
