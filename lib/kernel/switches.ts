import type { Keys } from "../contract/keys.ts";
import type { TradingMode } from "../contract/trading-mode.ts";
import { callFunction, type FunctionCaller, UnexpectedReplyError } from "./function-call.ts";

/**
 * set_switch_v1: an operator's change of a switch together with its audit entry. `value` undefined deletes;
 * `ttlSec` 0 is for ever. Returns the value before, "" when absent.
 */
export async function setSwitch(
  caller: FunctionCaller,
  keys: Keys,
  change: {
    readonly key: string;
    readonly value: string | undefined;
    readonly ttlSec: number;
    readonly role: string;
    readonly instance: string;
    readonly who: string;
    readonly what: string;
  },
): Promise<string> {
  const reply = await callFunction(caller, "set_switch_v1", {
    keys: [change.key, keys.auditStream],
    args: [change.value ?? "", String(change.ttlSec), change.role, change.instance, change.who, change.what],
  });
  if (reply[0] !== "OK") throw new UnexpectedReplyError("set_switch_v1", reply);
  return reply[1] ?? "";
}

export type ModeClaim =
  | { readonly kind: "agreed" }
  | { readonly kind: "absent" }
  | { readonly kind: "differs"; readonly mode: string; readonly account: string };

/**
 * claim_mode_v1: compares mode and account fingerprint with what the first execution recorded; `record`
 * writes them when nothing is recorded yet.
 */
export async function claimMode(
  caller: FunctionCaller,
  keys: Keys,
  claim: { readonly mode: TradingMode; readonly account: string; readonly record: boolean },
): Promise<ModeClaim> {
  const reply = await callFunction(caller, "claim_mode_v1", {
    keys: [keys.mode, keys.modeAccount],
    args: [claim.mode, claim.account, claim.record ? "1" : "0"],
  });
  if (reply[0] === "OK") return { kind: "agreed" };
  if (reply[0] === "ABSENT") return { kind: "absent" };
  if (reply[0] === "DIFFERS") return { kind: "differs", mode: reply[1] ?? "", account: reply[2] ?? "" };
  throw new UnexpectedReplyError("claim_mode_v1", reply);
}
