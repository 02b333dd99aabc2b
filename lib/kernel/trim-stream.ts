import type { StreamRetention } from "../contract/groups.ts";
import { callFunction, type FunctionCaller, UnexpectedReplyError } from "./function-call.ts";

/** Entries one call reads and removes at most: keeps Redis busy for well under 10 ms, also when they are large. */
const REMOVED_A_CALL_MAX = 250;

/**
 * trim_v1: trims a stream to its retention, never past what a group of the contract still needs; repeats
 * until nothing more may go. Returns the entries removed.
 */
export async function trimStream(caller: FunctionCaller, retention: StreamRetention): Promise<number> {
  if (retention.entriesKept === undefined) return 0;
  let removed = 0;
  for (;;) {
    const reply = await callFunction(caller, "trim_v1", {
      keys: [retention.stream],
      args: [
        String(retention.entriesKept),
        String(REMOVED_A_CALL_MAX),
        ...retention.groups,
        ...retention.optionalGroups.map((group) => `?${group}`),
      ],
    });
    const [word, count = ""] = reply;
    if (word !== "OK" || !/^\d{1,9}$/.test(count)) throw new UnexpectedReplyError("trim_v1", reply);
    if (count === "0") return removed;
    removed += Number(count);
  }
}
