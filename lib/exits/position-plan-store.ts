/**
 * Writes to position plans, each one function on the server, because execution settles plans at the same time.
 *
 * The best mark since the entry is kept in the plan's hash and not in the state folder: it belongs to that plan
 * alone, is deleted and replaced together with it by whoever settles or closes, and is there for an exit brain
 * that starts on another machine. While Redis is away it is kept in memory, as the plan itself is.
 */
import type { Keys } from "../contract/keys.ts";
import { planSuffix, type StoredPlan } from "../contract/position-plan.ts";
import type { FunctionCaller } from "../kernel/function-call.ts";
import { adoptPlan, closePlan, noteExtreme, type PlanWrite } from "../kernel/position-plans.ts";

/** A position that was seen at zero. */
export interface ClosedPosition {
  /** The suffix of its plan. */
  readonly key: string;
  /** Cooldowns are of symbols, in hedge mode too. */
  readonly symbol: string;
  /** When it closed, or was first seen closed, on the venue's clock. */
  readonly closedAtMs: number;
  /** Everything that filled before this venue time had been seen when the position read zero. */
  readonly seenAtMs: number;
}

/** All of them reject with a Redis error, and may be repeated after one. */
export interface PlanStore {
  /** `replaces`: opened_at of an unfit plan that it may overwrite; null: nothing may stand there. */
  adopt(plan: StoredPlan, replaces: string | null): Promise<PlanWrite>;
  noteExtreme(key: string, openedAtMs: number, extreme: string): Promise<PlanWrite>;
  close(closed: ClosedPosition): Promise<PlanWrite>;
}

/** A store over a connection to a server that has the function library. */
export function createPlanStore(redis: FunctionCaller, keys: Keys, holdMs: number): PlanStore {
  const planOf = (key: string) => `${keys.positionPlanPrefix}${key}`;
  return {
    adopt(plan, replaces) {
      const key = planOf(planSuffix(plan.symbol, plan.position_side));
      const fields = Object.entries(plan).flatMap(([name, value]) =>
        value === undefined ? [] : [name, value],
      );
      return adoptPlan(redis, { key, fields, replaces });
    },
    noteExtreme: (key, openedAtMs, extreme) => noteExtreme(redis, { key: planOf(key), openedAtMs, extreme }),
    close({ key, symbol, closedAtMs, seenAtMs }) {
      const lastTradeKey = `${keys.gateLastTradePrefix}${symbol}`;
      return closePlan(redis, { key: planOf(key), lastTradeKey, closedAtMs, seenAtMs, holdMs });
    },
  };
}
