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
import { gateNumber, positiveNumber } from "./gate-number.ts";
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

/** Engines write 0 for "not set". */
const isGiven = (text: string | null): text is string => text !== null && !gateNumber(text)?.eq(0);

interface Numbers {
  readonly price: Big;
  readonly quantity: Big;
  readonly stop: Big | undefined;
  readonly target: Big | undefined;
  readonly sizeUsd: Big | undefined;
}

function readNumbers(input: GeometryInput): Numbers | Denied {
  const price = positiveNumber(input.entryPrice);
  if (!price) return denied("NOT_A_NUMBER", { field: "entry_price", value: input.entryPrice ?? "missing" });
  const optional = {
    stop_loss: input.stopLoss,
    take_profit: input.takeProfit,
    quantity: input.quantity,
    position_size_usd: input.positionSizeUsd,
    trail_percent: input.trailPercent,
  };
  for (const [field, value] of Object.entries(optional)) {
    if (isGiven(value) && !positiveNumber(value)) return denied("NOT_A_NUMBER", { field, value });
  }
  if (positiveNumber(input.trailPercent)?.gte(100)) {
    return denied("NOT_A_NUMBER", { field: "trail_percent", value: input.trailPercent ?? "" });
  }
  const sizeUsd = positiveNumber(input.positionSizeUsd);
  const quantity = positiveNumber(input.quantity) ?? sizeUsd?.div(price);
  if (!quantity?.gt(0)) return denied("NOT_A_NUMBER", { field: "quantity", value: "missing" });
  const [stop, target] = [positiveNumber(input.stopLoss), positiveNumber(input.takeProfit)];
  return { price, quantity, stop, target, sizeUsd };
}

function sizeMismatch({ price, quantity, sizeUsd }: Numbers): Denied | undefined {
  if (!sizeUsd) return undefined;
  const notional = price.times(quantity);
  // Compared as a product: a notional derived from the size itself must not trip on a rounded quotient.
  if (notional.minus(sizeUsd).abs().times(100).lte(notional.times(SIZE_GAP_PCT_MAX))) return undefined;
  return denied("SIZE_MISMATCH", { notionalUsd: notional.toFixed(), positionSizeUsd: sizeUsd.toFixed() });
}

function offTheMark(input: GeometryInput, price: Big): Denied | undefined {
  const mark = positiveNumber(input.mark?.price ?? null);
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
  const said = { side: input.side, [name]: price.toFixed() };
  const direction = input.side === "BUY" ? 1 : -1;
  if (price.minus(stop).times(direction).lte(0))
    return denied("STOP_WRONG_SIDE", { ...said, stopLoss: stop.toFixed() });
  if (target.minus(price).times(direction).lte(0))
    return denied("TARGET_WRONG_SIDE", { ...said, takeProfit: target.toFixed() });
  return undefined;
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
    offTheMark(input, price) ??
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
