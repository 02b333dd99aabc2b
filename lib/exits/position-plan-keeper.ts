/**
 * Keeps the recorded plans true: stores adopted ones, notes the best marks, deletes those of closed positions.
 *
 * Invariants
 * 1. Nothing here is waited for by a cycle; what Redis does not take is tried again in the next one.
 * 2. A close stays on the list until Redis has taken it.
 * 3. Each plan that had to be made is an alarm once: a log line, a metric and a statistic.
 */
import { STATISTICS } from "../contract/statistics.ts";
import { isRedisError } from "../redis/redis-errors.ts";
import { listReply, textReply } from "../redis/reply.ts";
import type { Background } from "./background.ts";
import type { ExitBrainParts } from "./exit-brain-parts.ts";
import { type ExitPlan, storedPlan } from "./exit-plan.ts";
import type { PositionView } from "./position-book.ts";
import type { ClosedPosition, PlanStore } from "./position-plan-store.ts";
import type { RecordedFacts } from "./recorded-facts.ts";
import type { Watch } from "./watch.ts";

const SCAN_COUNT = "1000";

type KeeperParts = Pick<ExitBrainParts, "redis" | "keys" | "log" | "observe" | "statistics"> & {
  readonly store: PlanStore;
  readonly background: Background;
};

export class PlanKeeper {
  readonly #parts: KeeperParts;
  readonly #closed = new Map<string, ClosedPosition>();
  readonly #closing = new Set<string>();

  constructor(parts: KeeperParts) {
    this.#parts = parts;
  }

  /** A position was seen at zero. */
  closed(closed: ClosedPosition): void {
    this.#parts.log.info({ position: closed.key, closedAtMs: closed.closedAtMs }, "position closed");
    this.#parts.observe.closed();
    this.#parts.statistics.add(STATISTICS.positionsClosed);
    this.#closed.set(closed.key, closed);
  }

  /** Starts the writes that a cycle's decisions ask for. */
  tend(watches: Iterable<Watch>, facts: RecordedFacts): void {
    for (const closed of this.#closed.values()) this.#close(closed);
    for (const watch of watches) {
      if (watch.decision.kind === "wait") continue;
      this.#sayStopTaken(watch, watch.decision.plan);
      if (facts.plans.get(watch.key)?.kind === "plan" && watch.decision.adoption === null) {
        watch.adopting = false;
      }
      if (watch.decision.adoption !== null) this.#adopt(watch);
      else this.#noteExtreme(watch, facts);
    }
  }

  /**
   * Closes the plans of positions that closed while nobody watched: those without a position in `view`. Returns
   * false when that is not confirmed yet, or Redis did not answer to the end.
   */
  async closeLeftBehind({ positions, confirmed }: PositionView): Promise<boolean> {
    if (confirmed === null) return false;
    const { redis, keys } = this.#parts;
    const prefix = keys.positionPlanPrefix;
    let cursor = "0";
    try {
      do {
        const match = `${prefix.replaceAll(/[[\]*?\\]/g, "\\$&")}*`;
        const reply = listReply(await redis.command(["SCAN", cursor, "MATCH", match, "COUNT", SCAN_COUNT]));
        cursor = textReply(reply[0]);
        for (const name of listReply(reply[1])) {
          const key = textReply(name).slice(prefix.length);
          if (positions.has(key) || this.#closed.has(key)) continue;
          const symbol = key.split(":", 1)[0] ?? key;
          const { seenAtMs } = confirmed;
          this.closed({ key, symbol, closedAtMs: seenAtMs, seenAtMs });
        }
      } while (cursor !== "0");
    } catch (error) {
      if (!isRedisError(error)) throw error;
      return false;
    }
    return true;
  }

  #close(closed: ClosedPosition): void {
    const { key } = closed;
    if (this.#closing.has(key)) return;
    this.#closing.add(key);
    this.#parts.background.start(async () => {
      const ended = await this.#tried(async () => (await this.#parts.store.close(closed)) !== "expired");
      this.#closing.delete(key);
      if (ended && this.#closed.get(key) === closed) this.#closed.delete(key);
    });
  }

  #adopt(watch: Watch): void {
    const { decision, position } = watch;
    if (decision.kind === "wait" || decision.adoption === null) return;
    const { adoption, plan } = decision;
    if (!watch.adopting) {
      watch.adopting = true;
      watch.adopted = true;
      this.#alarm(watch, adoption.why, adoption.detail);
    }
    if (watch.writing || !adoption.storable) return;
    watch.writing = true;
    this.#parts.background.start(async () => {
      await this.#tried(async () => {
        await this.#parts.store.adopt(storedPlan(plan, position), adoption.replaces);
        return true;
      });
      watch.writing = false;
    });
  }

  #alarm(watch: Watch, why: string, detail: string): void {
    const { log, observe, statistics } = this.#parts;
    const { side, quantity, symbol } = watch.position;
    const { stopLoss, takeProfit } = watch.followed ?? { stopLoss: "", takeProfit: "" };
    const fields = { position: watch.key, why, detail, side, quantity, stopLoss, takeProfit };
    log.error(fields, `POSITION WITHOUT A PLAN ${symbol}: ${why}`);
    observe.adopted(why);
    statistics.add(STATISTICS.planAdopted(why));
  }

  #sayStopTaken(watch: Watch, { stopLoss, defaultStop }: ExitPlan): void {
    if (defaultStop === undefined || stopLoss === defaultStop || watch.stopTaken === stopLoss) return;
    watch.stopTaken = stopLoss;
    const fields = { position: watch.key, stopLoss, defaultStop };
    this.#parts.log.warn(fields, `the default plan takes the stop that rests at ${stopLoss}`);
  }

  /** Only a trailing stop needs it. */
  #noteExtreme(watch: Watch, facts: RecordedFacts): void {
    const { followed, key } = watch;
    const reading = facts.plans.get(key);
    if (followed === null || followed.trailPercent === null || followed.extreme === null) return;
    if (reading?.kind !== "plan" || reading.plan.extreme === followed.extreme || watch.writing) return;
    const { extreme, openedAtMs } = followed;
    watch.writing = true;
    this.#parts.background.start(async () => {
      await this.#tried(async () => {
        await this.#parts.store.noteExtreme(key, openedAtMs, extreme);
        return true;
      });
      watch.writing = false;
    });
  }

  async #tried(write: () => Promise<boolean>): Promise<boolean> {
    try {
      return await write();
    } catch (error) {
      if (!isRedisError(error)) throw error;
      this.#parts.log.debug({ error: error.message }, "plan not written");
      return false;
    }
  }
}
