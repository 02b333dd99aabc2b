/**
 * The shape of an entry: what is denied in every mode, LIVE too, whatever the gates' mode.
 *
 * Invariants
 * 1. An entry passes only with a finite positive price, quantity, stop and target, the stop on the losing
 *    and the target on the winning side of the price, neither at it.
 * 2. A mark that is absent, unreadable or older than 2 s denies: the collar has nothing to measure from.
 * 3. The first reason in the order of DENY_REASONS is the one reported.
 */
import type Big from "big.js";
import type { DenyReason } from "../contract/reasons.ts";
import { gateNumber, positiveNumber, ZERO } from "./gate-number.ts";
import type { HoldDetail } from "./profit-gate.ts";

/** Older marks are no reference; the design's figure. */
const MARK_AGE_MS_MAX = 2000;
/** quantity × price and position_size_usd may differ by this part of the former, in percent. */
const SIZE_GAP_PCT_MAX = 1;

export interface GeometryInput {
  readonly side: "BUY" | "SELL";
  readonly entryPrice: string | null;
  /** Base units; wins over positionSizeUsd. */
  readonly quantity: string | null;
  /** Notional, before leverage. */
  readonly positionSizeUsd: string | null;
  readonly stopLoss: string | null;
  readonly takeProfit: string | null;
  readonly trailPercent: string | null;
  /** Age by the receiver's monotonic clock. */
  readonly mark: { readonly price: string; readonly ageMs: number } | null;
  readonly priceCollarPct: string;
}

type GeometryReason = Extract<
  DenyReason,
  | "NOT_A_NUMBER"
  | "STOP_MISSING"
  | "TARGET_MISSING"
  | "STOP_WRONG_SIDE"
  | "TARGET_WRONG_SIDE"
  | "SIZE_MISMATCH"
  | "REFERENCE_STALE"
  | "PRICE_COLLAR"
>;
type Denied = { readonly verdict: "denied"; readonly reason: GeometryReason; readonly detail: HoldDetail };

export type GeometryDecision =
  | Denied
  /** Canonical decimal text; `quantity` derived from the notional when the intent gave none. */
  | {
      readonly verdict: "sound";
      readonly price: string;
      readonly quantity: string;
      readonly stopLoss: string;
      readonly takeProfit: string;
    };

const denied = (reason: GeometryReason, detail: HoldDetail): Denied => ({
  verdict: "denied",
  reason,
  detail,
});

interface Numbers {
  readonly price: Big;
  readonly quantity: Big;
  /** As the intent states it. */
  readonly base: Big | undefined;
  readonly stop: Big | undefined;
  readonly target: Big | undefined;
  readonly sizeUsd: Big | undefined;
}

/** Undefined: not set, which engines also write as 0; null: given, and no positive number. */
function optionalNumber(text: string | null): Big | undefined | null {
  if (text === null) return undefined;
  const value = gateNumber(text);
  if (value === undefined || value.lt(ZERO)) return null;
  return value.eq(ZERO) ? undefined : value;
}

const malformed = (field: string, value: string | null): Denied =>
  denied("NOT_A_NUMBER", { field, value: value ?? "missing" });

function readNumbers(input: GeometryInput): Numbers | Denied {
  const price = positiveNumber(input.entryPrice);
  const stop = optionalNumber(input.stopLoss);
  const target = optionalNumber(input.takeProfit);
  const base = optionalNumber(input.quantity);
  const sizeUsd = optionalNumber(input.positionSizeUsd);
  const trail = optionalNumber(input.trailPercent);
  if (price === undefined) return malformed("entry_price", input.entryPrice);
  if (stop === null) return malformed("stop_loss", input.stopLoss);
  if (target === null) return malformed("take_profit", input.takeProfit);
  if (base === null) return malformed("quantity", input.quantity);
  if (sizeUsd === null) return malformed("position_size_usd", input.positionSizeUsd);
  if (trail === null || trail?.gte(100)) return malformed("trail_percent", input.trailPercent);
  const quantity = base ?? sizeUsd?.div(price);
  if (!quantity?.gt(ZERO)) return malformed("quantity", null);
  return { price, quantity, base, stop, target, sizeUsd };
}

/** Of an entry that states both; a quantity that was derived from the size fits it. */
function sizeMismatch({ price, base, sizeUsd }: Numbers): Denied | undefined {
  if (!base || !sizeUsd) return undefined;
  const notional = price.times(base);
  if (notional.minus(sizeUsd).abs().times(100).lte(notional.times(SIZE_GAP_PCT_MAX))) return undefined;
  return denied("SIZE_MISMATCH", { notionalUsd: notional.toFixed(), positionSizeUsd: sizeUsd.toFixed() });
}

function offTheMark(input: GeometryInput, price: Big, mark: Big | undefined): Denied | undefined {
  const ageMs = input.mark?.ageMs ?? Number.NaN;
  if (!mark || !(ageMs >= 0 && ageMs <= MARK_AGE_MS_MAX)) {
    return denied("REFERENCE_STALE", {
      markPrice: input.mark?.price ?? "absent",
      ageMs: input.mark?.ageMs ?? "absent",
      ageMsMax: MARK_AGE_MS_MAX,
    });
  }
  const collarPct = gateNumber(input.priceCollarPct);
  const gap = price.minus(mark).abs();
  if (collarPct && gap.times(100).lte(mark.times(collarPct))) return undefined;
  return denied("PRICE_COLLAR", {
    entryPrice: price.toFixed(),
    markPrice: mark.toFixed(),
    gapPct: gap.times(100).div(mark).round(4).toFixed(),
    priceCollarPct: input.priceCollarPct,
  });
}

/** A stop or target that the price has reached is on its wrong side. */
function wrongSide(
  input: GeometryInput,
  { stop, target }: { readonly stop: Big; readonly target: Big },
  { name, price }: { readonly name: "entryPrice" | "markPrice"; readonly price: Big },
): Denied | undefined {
  const [below, above] = input.side === "BUY" ? [stop, target] : [target, stop];
  if (below.lt(price) && above.gt(price)) return undefined;
  const said = { side: input.side, [name]: price.toFixed() };
  const stopIsWrong = input.side === "BUY" ? stop.gte(price) : stop.lte(price);
  return stopIsWrong
    ? denied("STOP_WRONG_SIDE", { ...said, stopLoss: stop.toFixed() })
    : denied("TARGET_WRONG_SIDE", { ...said, takeProfit: target.toFixed() });
}

/**
 * Checks an entry's numbers against each other and against the mark, at which it would fill. Never asked of an exit.
 */
export function decideGeometry(input: GeometryInput): GeometryDecision {
  const numbers = readNumbers(input);
  if ("verdict" in numbers) return numbers;
  const { price, quantity, stop, target } = numbers;
  if (!stop) return denied("STOP_MISSING", { stopLoss: input.stopLoss ?? "missing" });
  if (!target) return denied("TARGET_MISSING", { takeProfit: input.takeProfit ?? "missing" });
  const markPrice = positiveNumber(input.mark?.price ?? null);
  const refused =
    wrongSide(input, { stop, target }, { name: "entryPrice", price }) ??
    sizeMismatch(numbers) ??
    offTheMark(input, price, markPrice) ??
    (markPrice && wrongSide(input, { stop, target }, { name: "markPrice", price: markPrice }));
  if (refused) return refused;
  return {
    verdict: "sound",
    price: price.toFixed(),
    quantity: quantity.toFixed(),
    stopLoss: stop.toFixed(),
    takeProfit: target.toFixed(),
  };
}
