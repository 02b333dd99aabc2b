import type { Keys } from "../contract/keys.ts";
import type { FunctionCaller } from "../kernel/function-call.ts";
import { setSwitch } from "../kernel/switches.ts";

/**
 * Sets safe mode, with an entry in the audit stream, unless somebody has said on or off before. By the server-side
 * function, which a server that is out of memory still runs: a router that may not start would hold up exits.
 */
export async function enterSafeModeIfAbsent(
  caller: FunctionCaller,
  keys: Keys,
  instance: string,
): Promise<void> {
  if ((await caller.command(["EXISTS", keys.safeMode])) !== 0) return;
  await setSwitch(caller, keys, {
    ...{ key: keys.safeMode, value: "1", ttlSec: 0, role: "ai-strategy-router", instance },
    ...{ who: "SAFETY_SAFE_MODE_DEFAULT", what: "safe mode on at start" },
  });
}
