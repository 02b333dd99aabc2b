import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { decodeIntent, encodeIntent } from "../../lib/contract/trade-intent.ts";
import type { Position } from "../../lib/exchange/exchange.ts";
import { exitOrderShape } from "../../lib/exchange/exit-order-shape.ts";
import { decideExitOrder } from "../../lib/execution/decide-exit-order.ts";
import { decideAttempt, type ExitAttempt, hasEnded } from "../../lib/exits/decide-attempt.ts";
import { decidePosition } from "../../lib/exits/decide-position.ts";
import {
  decideProtectiveStop,
  type ProtectiveStopInput,
  type RestingStop,
} from "../../lib/exits/decide-protective-stop.ts";
import { exitIntent, exitIntentId } from "../../lib/exits/exit-intent.ts";
import type { ExitPlan } from "../../lib/exits/exit-plan.ts";
import { type WatchedPosition, watchedPosition } from "../../lib/exits/watched-position.ts";

const OPENED_MS = 1_700_000_000_000;
const cents = (min: number, max: number) => fc.integer({ min, max }).map((n) => (n / 100).toFixed(2));
const side = fc.constantFrom("LONG", "SHORT");

const LONG: WatchedPosition = {
  key: "BTCUSDT",
  symbol: "BTCUSDT",
  positionSide: "BOTH",
  side: "LONG",
  quantity: "1",
  entryPrice: "100",
  markPrice: null,
};

/** The step at which a plan is left when these marks come one a second; Infinity: never. */
function leftAt(plan: ExitPlan, marks: readonly string[]): number {
  let followed: ExitPlan | null = null;
  for (const [step, mark] of marks.entries()) {
    const decision = decidePosition({
      position: { ...LONG, side: plan.side },
      reading: { kind: "plan", plan },
      entryInFlight: false,
      standingStop: null,
      followed,
      ageMs: 0,
      mark,
      nowMs: OPENED_MS + step * 1000,
      graceMs: 3000,
      defaults: { stopPct: "2", targetPct: "4", maxHoldSec: 60 },
    });
    if (decision.kind === "exit") return step;
    if (decision.kind === "hold") followed = decision.plan;
  }
  return Number.POSITIVE_INFINITY;
}

describe("a tighter rule never leaves a position later", () => {
  const marks = fc.array(cents(5000, 15_000), { minLength: 1, maxLength: 30 });
  const planOf = (planSide: "LONG" | "SHORT"): ExitPlan => ({
    intentId: "i",
    side: planSide,
    entryPrice: "100",
    stopLoss: planSide === "LONG" ? "0.01" : "100000",
    takeProfit: planSide === "LONG" ? "100000" : "0.01",
    trailPercent: null,
    openedAtMs: OPENED_MS,
    maxHoldSec: 3600,
    extreme: null,
  });

  test("hard stop", () => {
    fc.assert(
      fc.property(side, marks, cents(5000, 15_000), cents(5000, 15_000), (planSide, path, one, other) => {
        const [lower, higher] = Number(one) <= Number(other) ? [one, other] : [other, one];
        const [loose, tight] = planSide === "LONG" ? [lower, higher] : [higher, lower];
        const base = planOf(planSide);
        expect(leftAt({ ...base, stopLoss: tight }, path)).toBeLessThanOrEqual(
          leftAt({ ...base, stopLoss: loose }, path),
        );
      }),
    );
  });

  test("trailing stop", () => {
    fc.assert(
      fc.property(side, marks, cents(1, 5000), cents(1, 5000), (planSide, path, one, other) => {
        const [tight, loose] = Number(one) <= Number(other) ? [one, other] : [other, one];
        const base = planOf(planSide);
        expect(leftAt({ ...base, trailPercent: tight }, path)).toBeLessThanOrEqual(
          leftAt({ ...base, trailPercent: loose }, path),
        );
      }),
    );
  });

  test("time stop, and a rule more", () => {
    fc.assert(
      fc.property(side, marks, fc.nat(40), fc.nat(40), (planSide, path, one, other) => {
        const base = planOf(planSide);
        const [tight, loose] = one <= other ? [one, other] : [other, one];
        const shorter = leftAt({ ...base, maxHoldSec: tight }, path);
        expect(shorter).toBeLessThanOrEqual(leftAt({ ...base, maxHoldSec: loose }, path));
        expect(leftAt({ ...base, maxHoldSec: tight, trailPercent: "3" }, path)).toBeLessThanOrEqual(shorter);
      }),
    );
  });
});

describe("flattening never increases exposure", () => {
  const quantity = fc.integer({ min: -500, max: 500 }).filter((n) => n !== 0);
  const positionOf = (positionSide: Position["positionSide"], amount: number): Position => ({
    symbol: "BTCUSDT",
    positionSide,
    quantity: String(amount / 100),
    entryPrice: "100",
    markPrice: "100",
    unrealisedPnlUsd: "0",
    updateTimeMs: 0,
  });
  /** What the order would do if nothing but itself kept it from opening: signed amounts. */
  function after(
    positions: readonly Position[],
    order: { side: string; positionSide: string; quantity: string },
  ) {
    return positions.map(({ positionSide, quantity: amount }) => {
      if (positionSide !== order.positionSide) return Number(amount);
      return Number(amount) + (order.side === "SELL" ? -1 : 1) * Number(order.quantity);
    });
  }

  const reading = fc.constantFrom("whole", "a part", "nothing");

  test("whatever the position has become when the intent is carried out, or when it cannot be read", () => {
    fc.assert(
      fc.property(quantity, fc.option(quantity), fc.boolean(), reading, (then, now, hedge, read) => {
        const positionSide = hedge ? (then > 0 ? "LONG" : "SHORT") : "BOTH";
        const position = watchedPosition(positionOf(positionSide, then));
        const built = exitIntent({
          intentId: "x",
          position,
          openedAtMs: OPENED_MS,
          rule: "HARD_STOP",
          nowMs: OPENED_MS,
        });
        const decoded = decodeIntent({ data: encodeIntent(built) });
        if (decoded.kind !== "intent") throw new Error(decoded.reason);
        // In hedge mode a leg keeps its sign.
        const amount = now === null ? null : hedge ? Math.abs(now) * Math.sign(then) : now;
        const open = amount === null ? [] : [positionOf(positionSide, amount)];
        const { intent } = decoded;
        const positions = read === "nothing" ? undefined : open;
        const order = decideExitOrder({ intent, hedgeMode: hedge, positions, isWhole: read === "whole" });
        expect(order.kind).not.toBe("read_again");
        if (order.kind !== "close") return;
        const shape = exitOrderShape({ hedgeMode: hedge, closes: position.side });
        expect({ side: order.side, positionSide: order.positionSide }).toEqual({
          side: shape.side,
          positionSide: shape.positionSide,
        });
        if (read !== "whole") return;
        for (const [index, left] of after(open, order).entries()) {
          const before = Number(open[index]?.quantity);
          expect(Math.abs(left)).toBeLessThanOrEqual(Math.abs(before));
          expect(left * before).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("in any order of events", () => {
  const word = fc.constantFrom(
    "ABSENT",
    "RECEIVED",
    "SUBMITTING",
    "UNKNOWN",
    "FILLED",
    "REJECTED",
    undefined,
  );
  const cycle = fc.record({
    ledger: word,
    lagMs: fc.nat(3000),
    stepMs: fc.integer({ min: 1, max: 2000 }),
    shrink: fc.boolean(),
    due: fc.boolean(),
    handover: fc.constantFrom("sent", "refused", "unsure"),
  });

  test("one exit is under way at a time, and numbers follow one another only after an end that was seen", () => {
    fc.assert(
      fc.property(fc.array(cycle, { maxLength: 40 }), (cycles) => {
        let attempt: ExitAttempt | null = null;
        let nowMs = 10_000;
        let quantity = 1000;
        let endSeenAtMs: number | null = null;
        for (const event of cycles) {
          nowMs += event.stepMs;
          if (event.shrink && quantity > 1) quantity -= 1;
          const before: ExitAttempt | null = attempt;
          const askedAtMs = nowMs - event.lagMs;
          const ledger = before === null ? undefined : event.ledger;
          const next = decideAttempt({
            position: { ...LONG, quantity: String(quantity) },
            openedAtMs: OPENED_MS,
            rule: event.due ? "HARD_STOP" : null,
            attempt: before,
            ledger,
            nowMs,
            askedAtMs,
            confirmMs: 2000,
          });
          if (before === null) {
            expect(next.kind).toBe(event.due ? "publish" : "idle");
          } else {
            if (next.kind === "idle") throw new Error("an exit was given up");
            const { n, rule, openedAtMs } = next.attempt;
            const identity = { symbol: LONG.symbol, positionSide: LONG.positionSide, openedAtMs, rule, n };
            expect(next.attempt.intentId).toBe(exitIntentId(identity));
            if (n !== before.n) {
              expect(n).toBe(before.n + 1);
              expect(endSeenAtMs ?? nowMs).toBeLessThan(askedAtMs);
              endSeenAtMs = null;
            } else if (hasEnded(ledger)) endSeenAtMs ??= nowMs;
          }
          if (next.kind === "idle") continue;
          attempt =
            next.kind === "publish"
              ? { ...next.attempt, handover: event.handover, sentAtMs: nowMs }
              : next.attempt;
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("whatever the price does", () => {
  test("the resting stop of one plan only ever tightens, and what was decided is then kept", () => {
    const rules = { tickSize: "0.01", priceMin: "0.01", priceMax: "1000000" };
    fc.assert(
      fc.property(side, fc.array(cents(5000, 15_000), { minLength: 1, maxLength: 25 }), (planSide, path) => {
        let resting: readonly RestingStop[] = [];
        let extreme = "100";
        for (const mark of path) {
          const better =
            planSide === "LONG" ? Number(mark) > Number(extreme) : Number(mark) < Number(extreme);
          if (better) extreme = mark;
          const input: Omit<ProtectiveStopInput, "resting"> = {
            plan: {
              intentId: "i",
              side: planSide,
              entryPrice: "100",
              stopLoss: planSide === "LONG" ? "70" : "140",
              takeProfit: "1",
              trailPercent: "2.5",
              openedAtMs: OPENED_MS,
              maxHoldSec: 60,
              extreme,
            },
            entryInFlight: false,
            exiting: false,
            rules,
            mark,
            stepPct: "0.25",
          };
          const before = resting[0];
          const decision = decideProtectiveStop({ ...input, resting });
          if (decision.kind === "place" || decision.kind === "replace") resting = [decision.stop];
          const [now] = resting;
          if (before !== undefined && now !== undefined) {
            const moved = Number(now.triggerPrice) - Number(before.triggerPrice);
            expect(planSide === "LONG" ? moved : -moved).toBeGreaterThanOrEqual(0);
          }
          expect(decideProtectiveStop({ ...input, resting }).kind).toBe("keep");
        }
      }),
    );
  });
});
