import { expect, test } from "bun:test";
import Big from "big.js";
import fc from "fast-check";
import { decideOrderSize } from "../../lib/exchange/decide-order-size.ts";
import { decideTriggerPrice } from "../../lib/exchange/decide-trigger-price.ts";
import type { SymbolRules } from "../../lib/exchange/symbol-rules.ts";

/** Decimal text of `digits` places, from integers: no float on the way. */
const decimal = (max: number, digits: number) =>
  fc.integer({ min: 1, max }).map((n) => new Big(n).div(new Big(10).pow(digits)).toFixed());
const power = fc.integer({ min: 0, max: 5 }).map((n) => new Big(10).pow(-n).toFixed());
const range = fc.record({ min: decimal(1000, 3), max: decimal(1_000_000, 3), step: power });

const rules: fc.Arbitrary<SymbolRules> = fc.record({
  symbol: fc.constant("ANYUSDT"),
  status: fc.constant("TRADING"),
  quoteAsset: fc.constant("USDT"),
  tickSize: power,
  priceMin: fc.constant("0"),
  priceMax: fc.constant("0"),
  lot: range,
  marketLot: range,
  minNotionalUsd: decimal(200, 0),
});
const input = fc.record({ rules, quantity: decimal(10_000_000, 4), markPrice: decimal(10_000_000, 2) });

test("an entry that is sized keeps every filter of the venue and never exceeds what was asked", () => {
  fc.assert(
    fc.property(input, (given) => {
      const size = decideOrderSize({ ...given, kind: "entry" });
      if (size.kind === "denied") return;
      const quantity = new Big(size.quantity);
      expect(size.rest).toEqual([]);
      expect(quantity.lte(given.quantity)).toBe(true);
      for (const lot of [given.rules.lot, given.rules.marketLot]) {
        expect(quantity.gte(lot.min) && quantity.lte(lot.max)).toBe(true);
        expect(quantity.mod(lot.step).toFixed()).toBe("0");
      }
      expect(quantity.times(given.markPrice).gte(given.rules.minNotionalUsd)).toBe(true);
    }),
    { numRuns: 400 },
  );
});

test("the parts of an exit and what is left add up to what was asked; none exceeds the maximum", () => {
  fc.assert(
    fc.property(input, (given) => {
      const size = decideOrderSize({ ...given, kind: "exit" });
      if (size.kind === "denied") return;
      const parts = [size.quantity, ...size.rest].map((text) => new Big(text));
      const total = parts.reduce((sum, part) => sum.plus(part), new Big(size.leftover));
      expect(total.toFixed()).toBe(new Big(given.quantity).toFixed());
      for (const part of parts) {
        expect(part.gt(0) && part.lte(given.rules.lot.max) && part.lte(given.rules.marketLot.max)).toBe(true);
      }
      expect(parts.length).toBeLessThanOrEqual(50);
    }),
    { numRuns: 400 },
  );
});

test("a narrower filter never lets an entry through that a wider one denied", () => {
  const narrower = fc.record({
    minBy: decimal(1000, 3),
    maxBy: decimal(1000, 3),
    notionalBy: decimal(100, 0),
  });
  fc.assert(
    fc.property(input, narrower, (given, by) => {
      const { lot } = given.rules;
      const max = new Big(lot.max).minus(by.maxBy);
      const tight = {
        ...given.rules,
        lot: {
          ...lot,
          min: new Big(lot.min).plus(by.minBy).toFixed(),
          max: max.gt(0) ? max.toFixed() : "0.00001",
        },
        minNotionalUsd: new Big(given.rules.minNotionalUsd).plus(by.notionalBy).toFixed(),
      };
      const passed = decideOrderSize({ ...given, rules: tight, kind: "entry" }).kind === "sized";
      if (passed) expect(decideOrderSize({ ...given, kind: "entry" }).kind).toBe("sized");
    }),
  );
});

test("a stop's trigger is on the tick, less than a tick away, and never on the later side", () => {
  fc.assert(
    fc.property(
      decimal(10_000_000, 6),
      rules,
      fc.constantFrom("BUY" as const, "SELL" as const),
      (price, of, side) => {
        const trigger = decideTriggerPrice({ price, side, rules: of });
        if (trigger === undefined) return;
        const moved = new Big(trigger).minus(price).times(side === "SELL" ? 1 : -1);
        expect(new Big(trigger).mod(of.tickSize).toFixed()).toBe("0");
        expect(moved.gte(0) && moved.lt(of.tickSize)).toBe(true);
      },
    ),
  );
});

test.each(["NaN", "Infinity", "", "-1", "0", "1e15", "0x1", "1,5"])(
  'no quantity "%s" is ever sized',
  (quantity) => {
    fc.assert(
      fc.property(rules, fc.constantFrom("entry" as const, "exit" as const), (of, kind) => {
        expect(decideOrderSize({ kind, rules: of, quantity, markPrice: "100" }).kind).toBe("denied");
        expect(decideOrderSize({ kind, rules: null, quantity, markPrice: "100" }).kind).toBe("denied");
      }),
      { numRuns: 10 },
    );
  },
);
