import { expect, test } from "bun:test";
import fc from "fast-check";
import { decideGeometry, type GeometryInput } from "../../lib/gates/decide-geometry.ts";
import { decideProfitGates } from "../../lib/gates/decide-profit-gates.ts";
import { type GateInput, PROFIT_GATES } from "../../lib/gates/profit-gate.ts";
import { VALID_ENTRY } from "../unit/gates/valid-entry.ts";

const decimal = (max: number) => fc.integer({ min: 0, max: max * 1000 }).map((n) => (n / 1000).toFixed(3));

const limits = fc.record({
  MIN_NOTIONAL_USD: decimal(200),
  EDGE_MULTIPLIER: decimal(10),
  MIN_HOLD_SECONDS: fc.integer({ min: 0, max: 1000 }),
  MAX_TRADES_10MIN: fc.integer({ min: 0, max: 10 }),
  MIN_R_TREND: decimal(5),
  MIN_R_RANGE: decimal(5),
  FRICTION_FEE_PCT: decimal(1),
  FRICTION_FUNDING_PCT: decimal(1),
  FRICTION_SLIPPAGE_PCT: decimal(1),
  FRICTION_NOISE_PCT: decimal(1),
});

const entry: fc.Arbitrary<GateInput> = fc.record({
  price: decimal(1000),
  quantity: decimal(10),
  stopLoss: decimal(1000),
  takeProfit: decimal(1000),
  expectedMoveUsd: fc.option(decimal(100)),
  model: fc.constantFrom("NHiTS", "PatchTST", "XGBoost", "LightGBM", "other"),
  regime: fc.constantFrom("TREND", "RANGE", "HIGH_VOL", "LOW_VOL", "other"),
  nowMs: fc.constant(VALID_ENTRY.nowMs),
  lastTradeMs: fc.option(fc.integer({ min: 0, max: 1_000_000 }).map((ago) => VALID_ENTRY.nowMs - ago)),
  tradesLast10Min: fc.nat(10),
  limits,
});

const passes = (input: GateInput) => decideProfitGates(input, "enforce").verdict === "pass";
const raise = (text: string, by: number) => (Number(text) + by).toFixed(3);

/** Each makes one limit tighter by `by` (at least 0). */
const TIGHTER: Readonly<Record<string, (of: GateInput["limits"], by: number) => GateInput["limits"]>> = {
  MIN_NOTIONAL_USD: (of, by) => ({ ...of, MIN_NOTIONAL_USD: raise(of.MIN_NOTIONAL_USD, by) }),
  EDGE_MULTIPLIER: (of, by) => ({ ...of, EDGE_MULTIPLIER: raise(of.EDGE_MULTIPLIER, by) }),
  MIN_HOLD_SECONDS: (of, by) => ({ ...of, MIN_HOLD_SECONDS: of.MIN_HOLD_SECONDS + Math.ceil(by) }),
  MAX_TRADES_10MIN: (of, by) => ({ ...of, MAX_TRADES_10MIN: of.MAX_TRADES_10MIN - Math.ceil(by) }),
  MIN_R_TREND: (of, by) => ({ ...of, MIN_R_TREND: raise(of.MIN_R_TREND, by) }),
  MIN_R_RANGE: (of, by) => ({ ...of, MIN_R_RANGE: raise(of.MIN_R_RANGE, by) }),
  FRICTION_FEE_PCT: (of, by) => ({ ...of, FRICTION_FEE_PCT: raise(of.FRICTION_FEE_PCT, by) }),
  FRICTION_FUNDING_PCT: (of, by) => ({ ...of, FRICTION_FUNDING_PCT: raise(of.FRICTION_FUNDING_PCT, by) }),
  FRICTION_SLIPPAGE_PCT: (of, by) => ({ ...of, FRICTION_SLIPPAGE_PCT: raise(of.FRICTION_SLIPPAGE_PCT, by) }),
  FRICTION_NOISE_PCT: (of, by) => ({ ...of, FRICTION_NOISE_PCT: raise(of.FRICTION_NOISE_PCT, by) }),
};

test.each(Object.entries(TIGHTER))("tightening %s never lets more through", (_name, tighten) => {
  fc.assert(
    fc.property(entry, fc.integer({ min: 0, max: 5000 }), (input, thousandths) => {
      fc.pre(passes({ ...input, limits: tighten(input.limits, thousandths / 1000) }));
      return passes(input);
    }),
    { numRuns: 60, maxSkipsPerRun: 1000 },
  );
});

test("what is reported is the first gate, in order, that holds on its own", () => {
  fc.assert(
    fc.property(entry, (input) => {
      const alone = PROFIT_GATES.find((gate) => gate.decide(input).verdict === "held");
      const decision = decideProfitGates(input, "enforce");
      expect(decision.verdict === "held" ? decision.reason : undefined).toBe(alone?.reason);
    }),
  );
});

test("audit lets everything through and lists exactly the gates that hold", () => {
  fc.assert(
    fc.property(entry, (input) => {
      const decision = decideProfitGates(input, "audit");
      const holding = PROFIT_GATES.filter((gate) => gate.decide(input).verdict === "held");
      expect(decision.verdict === "pass" ? decision.wouldHold.map((held) => held.reason) : "held").toEqual(
        holding.map((gate) => gate.reason),
      );
    }),
  );
});

/** What arrives when something upstream is broken. */
const absurd = fc.oneof(
  fc.constantFrom("NaN", "Infinity", "-Infinity", "", "null", "undefined", "0x10", "1e15", "1e400", "-1"),
  fc.string({ maxLength: 8 }).filter((text) => !/^\s*\+?\d*\.?\d*(?:e[+-]?\d+)?\s*$/i.test(text)),
);

test.each(["price", "quantity", "stopLoss", "takeProfit"] as const)(
  "an absurd %s never passes the gates",
  (field) => {
    fc.assert(fc.property(absurd, (text) => !passes({ ...VALID_ENTRY, [field]: text })));
  },
);

const SOUND: GeometryInput = {
  side: "BUY",
  entryPrice: "100",
  quantity: "2",
  positionSizeUsd: "200",
  stopLoss: "98",
  takeProfit: "105",
  trailPercent: "1",
  mark: { price: "100", ageMs: 0 },
  priceCollarPct: "5",
};

test.each(["entryPrice", "quantity", "positionSizeUsd", "stopLoss", "takeProfit", "trailPercent"] as const)(
  "an absurd %s is never sound",
  (field) => {
    fc.assert(
      fc.property(absurd, (text) => decideGeometry({ ...SOUND, [field]: text }).verdict === "denied"),
    );
  },
);

test("a sound entry has its stop on the losing and its target on the winning side, both off price and mark", () => {
  const price = decimal(200);
  const input = fc.record({
    side: fc.constantFrom("BUY" as const, "SELL" as const),
    entryPrice: price,
    quantity: fc.option(decimal(5)),
    positionSizeUsd: fc.option(decimal(500)),
    stopLoss: price,
    takeProfit: price,
    trailPercent: fc.constant(null),
    mark: fc.record({ price, ageMs: fc.integer({ min: 0, max: 4000 }) }),
    priceCollarPct: fc.constant("60"),
  });
  fc.assert(
    fc.property(input, (given) => {
      const decision = decideGeometry(given);
      if (decision.verdict === "denied") return;
      const sign = given.side === "BUY" ? 1 : -1;
      expect((Number(decision.price) - Number(decision.stopLoss)) * sign).toBeGreaterThan(0);
      expect((Number(decision.takeProfit) - Number(decision.price)) * sign).toBeGreaterThan(0);
      expect((Number(given.mark.price) - Number(decision.stopLoss)) * sign).toBeGreaterThan(0);
      expect((Number(decision.takeProfit) - Number(given.mark.price)) * sign).toBeGreaterThan(0);
      expect(given.mark.ageMs).toBeLessThanOrEqual(2000);
      expect(Number(decision.quantity)).toBeGreaterThan(0);
    }),
    { numRuns: 500 },
  );
});
