import {
  CallExpiredError,
  callFunction,
  type FunctionCaller,
  UnexpectedReplyError,
} from "./function-call.ts";

/** `kept`: another plan stands there, nothing was changed. `expired`: the call came too late to be carried out. */
export type PlanWrite = "written" | "kept" | "expired";

/** adopt_plan_v1: stores a plan where none stands, or over the unfit one that was opened at `replaces`. */
export function adoptPlan(
  caller: FunctionCaller,
  plan: {
    readonly key: string;
    readonly fields: readonly string[];
    /** opened_at of an unfit plan that it may overwrite; null: nothing may stand there. */
    readonly replaces: string | null;
  },
): Promise<PlanWrite> {
  const args = [plan.replaces ?? "-", ...plan.fields];
  return write(caller, "adopt_plan_v1", { keys: [plan.key], args });
}

/** note_extreme_v1: the best mark since the entry, kept with the plan of that entry alone. */
export function noteExtreme(
  caller: FunctionCaller,
  note: { readonly key: string; readonly openedAtMs: number; readonly extreme: string },
): Promise<PlanWrite> {
  const args = [String(note.openedAtMs), note.extreme];
  return write(caller, "note_extreme_v1", { keys: [note.key], args });
}

/** close_plan_v1: stamps the last trade and deletes the plan, unless it belongs to a later entry. */
export function closePlan(
  caller: FunctionCaller,
  closed: {
    readonly key: string;
    readonly lastTradeKey: string;
    /** Venue ms. */
    readonly closedAtMs: number;
    /** Venue ms. */
    readonly seenAtMs: number;
    /** How long the stamp lives, ms; 0: it is not kept. */
    readonly holdMs: number;
  },
): Promise<PlanWrite> {
  const args = [closed.closedAtMs, closed.holdMs, closed.seenAtMs].map(String);
  return write(caller, "close_plan_v1", { keys: [closed.lastTradeKey, closed.key], args });
}

async function write(
  caller: FunctionCaller,
  name: string,
  call: { readonly keys: readonly string[]; readonly args: readonly string[] },
): Promise<PlanWrite> {
  try {
    const reply = await callFunction(caller, name, call);
    if (reply[0] === "OK") return "written";
    if (reply[0] === "KEPT") return "kept";
    throw new UnexpectedReplyError(name, reply);
  } catch (error) {
    if (error instanceof CallExpiredError) return "expired";
    throw error;
  }
}
