import type { Keys } from "../contract/keys.ts";
import type { AdmissionLimits } from "./admit.ts";
import { callFunction, type FunctionCaller, UnexpectedReplyError } from "./function-call.ts";

/**
 * summarise_refusals_v1: writes the fault event for safe-mode refusals that none speaks for yet, at most one
 * a window. Returns how many it stands for, 0 when nothing was due. Call about once a second.
 */
export async function summariseRefusals(
  caller: FunctionCaller,
  keys: Keys,
  limits: AdmissionLimits,
): Promise<number> {
  const reply = await callFunction(caller, "summarise_refusals_v1", {
    keys: [keys.safeMode, keys.safeModeEpisode, keys.faultStream, `${keys.statsPrefix}ai-strategy-router`],
    args: [limits.windowSec, limits.globalMax, limits.symbolMax, limits.cooldownSec, limits.routerPid].map(
      String,
    ),
  });
  if (reply[0] !== "OK") throw new UnexpectedReplyError("summarise_refusals_v1", reply);
  return Number(reply[1]);
}
