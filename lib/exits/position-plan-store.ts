/**
 * Writes to position plans. Each is one script on the server, because execution settles plans at the same time:
 * what is decided here on a plan may only touch that very plan.
 *
 * The best mark since the entry is kept in the plan's hash and not in the state folder: it belongs to that plan
 * alone, is deleted and replaced together with it by whoever settles or closes, and is there for an exit brain
 * that starts on another machine. While Redis is away it is kept in memory, as the plan itself is.
 */
import type { Keys } from "../contract/keys.ts";
import { planSuffix, type StoredPlan } from "../contract/position-plan.ts";
import type { RedisCommands } from "../redis/connection.ts";
import { textReply } from "../redis/reply.ts";
import adoptPlanLua from "./lua/adopt-plan.lua" with { type: "text" };
import closePositionLua from "./lua/close-position.lua" with { type: "text" };
import noteExtremeLua from "./lua/note-extreme.lua" with { type: "text" };

/** `kept`: another plan stands there, nothing was changed. `expired`: the call came too late to be carried out. */
type PlanWrite = "written" | "kept" | "expired";

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

/** A store over a connection. */
export function createPlanStore(redis: RedisCommands, keys: Keys, holdMinMs: number): PlanStore {
  async function run(script: string, on: readonly string[], args: readonly string[]): Promise<PlanWrite> {
    const deadline = String(Math.floor(redis.serverNowMs() + redis.deadlineMs));
    const said = textReply(
      await redis.command(["EVAL", script, String(on.length), ...on, deadline, ...args]),
    );
    if (said === "OK") return "written";
    return said === "KEPT" ? "kept" : "expired";
  }
  const planOf = (key: string) => `${keys.positionPlanPrefix}${key}`;

  return {
    adopt: (plan, replaces) =>
      run(
        adoptPlanLua,
        [planOf(planSuffix(plan.symbol, plan.position_side))],
        [
          replaces ?? "-",
          ...Object.entries(plan).flatMap(([name, value]) => (value === undefined ? [] : [name, value])),
        ],
      ),
    noteExtreme: (key, openedAtMs, extreme) =>
      run(noteExtremeLua, [planOf(key)], [String(openedAtMs), extreme]),
    close: ({ key, symbol, closedAtMs, seenAtMs }) =>
      run(
        closePositionLua,
        [`${keys.gateLastTradePrefix}${symbol}`, planOf(key)],
        [String(closedAtMs), String(holdMinMs), String(seenAtMs)],
      ),
  };
}
