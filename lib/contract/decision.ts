import { canonicalDecimal } from "./decimal-text.ts";
import { instantMs } from "./instant.ts";
import type { InvalidDetail } from "./reasons.ts";

/** What an AI engine may ask for. HOLD and SKIP are not intents. */
export const DECISION_SIDES = ["BUY", "SELL", "CLOSE", "HOLD", "SKIP"] as const;
export type DecisionSide = (typeof DECISION_SIDES)[number];
export type IntentAction = Exclude<DecisionSide, "HOLD" | "SKIP">;

/** Ids as the stream entry carries them; "" when absent. */
export interface DecisionIds {
  readonly correlationId: string;
  readonly traceId: string;
}

/** A decision whose fields are all of the right type; whether it may trade is decided elsewhere. */
export interface Decision extends DecisionIds {
  readonly symbol: string;
  readonly action: IntentAction;
  readonly reduceOnly: boolean;
  /** 0 … 1; undefined when absent. */
  readonly confidence: number | undefined;
  readonly entryPrice: string | undefined;
  /** Base units. */
  readonly quantity: string | undefined;
  /** Notional, before leverage. */
  readonly positionSizeUsd: string | undefined;
  readonly leverage: number;
  readonly stopLoss: string | undefined;
  readonly takeProfit: string | undefined;
  /** Percent: 1.5 is 1.5 %. */
  readonly trailPercent: string | undefined;
  readonly model: string;
  readonly regime: string;
  readonly strategy: string | undefined;
  readonly timeframe: string | undefined;
  readonly expectedMoveUsd: string | undefined;
  readonly timestampMs: number;
}

export type DecodedDecision =
  | { readonly kind: "undecodable"; readonly reason: string }
  | { readonly kind: "skip"; readonly ids: DecisionIds }
  | {
      readonly kind: "invalid";
      readonly detail: InvalidDetail;
      readonly field: string;
      readonly ids: DecisionIds;
      readonly symbol: string;
      readonly side: string;
    }
  | { readonly kind: "decision"; readonly decision: Decision };

const SYMBOL = /^[A-Z0-9_]{2,32}$/;
/** What is read of a decision; other fields are kept aside: an engine may say more than we read. */
const DECISION_FIELDS = [
  "symbol",
  "side",
  "action",
  "confidence",
  "entry_price",
  "quantity",
  "position_size_usd",
  "leverage",
  "stop_loss",
  "take_profit",
  "trail_percent",
  "model",
  "regime",
  "strategy",
  "timeframe",
  "expected_move_usd",
  "reduce_only",
  "timestamp",
  "correlation_id",
  "trace_id",
] as const;
type RawValue = string | number | boolean | null | undefined;
type RawDecision = Readonly<Partial<Record<(typeof DECISION_FIELDS)[number], RawValue>>>;

/** The first field that is neither text nor number nor flag; undefined when every one can be read. */
function unreadableField(payload: object): string | undefined {
  const values = payload as Readonly<Record<string, unknown>>;
  return DECISION_FIELDS.find((field) => {
    const value = values[field];
    return value !== null && typeof value === "object";
  });
}

const textOf = (value: RawValue): string =>
  value === null || value === undefined ? "" : String(value).trim();
const optionalText = (value: RawValue): string | undefined => textOf(value) || undefined;

/** A field that is malformed: carried out of the field readers as a value, never thrown. */
class Malformed {
  readonly detail: InvalidDetail;
  constructor(detail: InvalidDetail) {
    this.detail = detail;
  }
}

/** Zero means "not set" here, as the engines write it; negative or not a number is malformed. */
function readAmount(value: RawValue): string | undefined | Malformed {
  const text = textOf(value);
  if (text === "") return undefined;
  const canonical = typeof value === "boolean" ? undefined : canonicalDecimal(text);
  if (canonical === undefined || canonical.startsWith("-")) return new Malformed("NOT_A_NUMBER");
  return canonical === "0" ? undefined : canonical;
}

function readConfidence(value: RawValue): number | undefined | Malformed {
  const text = textOf(value);
  if (text === "") return undefined;
  const canonical = canonicalDecimal(text);
  const number = Number(canonical);
  if (canonical === undefined || number < 0 || number > 1) return new Malformed("NOT_A_NUMBER");
  return number;
}

/** An absent leverage is 1: it costs margin, never risk. */
function readLeverage(value: RawValue): number | Malformed {
  const text = textOf(value);
  if (text === "") return 1;
  const number = Number(canonicalDecimal(text));
  return Number.isInteger(number) && number >= 1 && number <= 125
    ? number
    : new Malformed("LEVERAGE_OUT_OF_BOUNDS");
}

function readFlag(value: RawValue): boolean | Malformed {
  const text = textOf(value).toLowerCase();
  if (text === "" || text === "false" || text === "0") return false;
  return text === "true" || text === "1" ? true : new Malformed("FIELD_TYPE");
}

function readSide(raw: RawDecision): DecisionSide | Malformed {
  const side = textOf(raw.side).toUpperCase();
  const action = textOf(raw.action).toUpperCase();
  if (side !== "" && action !== "" && side !== action) return new Malformed("SIDE_CONFLICT");
  return DECISION_SIDES.find((known) => known === (side || action)) ?? new Malformed("SIDE_MISSING");
}

function payloadOf(fields: Readonly<Record<string, string>>): unknown {
  const payload = fields["payload"];
  return payload === undefined ? fields : JSON.parse(payload);
}

function idsOf(fields: Readonly<Record<string, string>>, raw: RawDecision): DecisionIds {
  return {
    correlationId: fields["correlation_id"] ?? textOf(raw.correlation_id),
    traceId: fields["trace_id"] ?? textOf(raw.trace_id),
  };
}

/**
 * Decodes one entry of the decision stream: `payload` holds JSON, or the entry itself is the decision.
 * Never throws. HOLD and SKIP are told apart first, so that a decision not to trade is never an error.
 */
export function decodeDecision(fields: Readonly<Record<string, string>>): DecodedDecision {
  let payload: unknown;
  try {
    payload = payloadOf(fields);
  } catch {
    return { kind: "undecodable", reason: "payload is not JSON" };
  }
  if (payload === null || typeof payload !== "object" || Array.isArray(payload)) {
    return { kind: "undecodable", reason: "payload is not a JSON object" };
  }
  const field = unreadableField(payload);
  if (field !== undefined) {
    const ids = { correlationId: fields["correlation_id"] ?? "", traceId: fields["trace_id"] ?? "" };
    return { kind: "invalid", detail: "FIELD_TYPE", field, ids, symbol: "", side: "" };
  }
  const raw = payload as RawDecision;
  return decodeFields(raw, idsOf(fields, raw));
}

function decodeFields(raw: RawDecision, ids: DecisionIds): DecodedDecision {
  const symbol = textOf(raw.symbol).toUpperCase();
  const side = readSide(raw);
  if (side === "HOLD" || side === "SKIP") return { kind: "skip", ids };
  const invalid = (detail: InvalidDetail, field: string): DecodedDecision => ({
    kind: "invalid",
    detail,
    field,
    ids,
    symbol: SYMBOL.test(symbol) ? symbol : "",
    side: side instanceof Malformed ? "" : side,
  });
  if (!SYMBOL.test(symbol)) return invalid("SYMBOL_MISSING", "symbol");
  if (side instanceof Malformed) return invalid(side.detail, "side");
  const timestampMs = instantMs(typeof raw.timestamp === "boolean" ? undefined : raw.timestamp);
  if (timestampMs === undefined) return invalid("TIMESTAMP_MISSING", "timestamp");
  const read = {
    reduceOnly: readFlag(raw.reduce_only),
    confidence: readConfidence(raw.confidence),
    leverage: readLeverage(raw.leverage),
    entryPrice: readAmount(raw.entry_price),
    quantity: readAmount(raw.quantity),
    positionSizeUsd: readAmount(raw.position_size_usd),
    stopLoss: readAmount(raw.stop_loss),
    takeProfit: readAmount(raw.take_profit),
    trailPercent: readAmount(raw.trail_percent),
    expectedMoveUsd: readAmount(raw.expected_move_usd),
  };
  for (const [field, value] of Object.entries(read)) {
    if (value instanceof Malformed) return invalid(value.detail, field);
  }
  return {
    kind: "decision",
    decision: {
      ...ids,
      ...wellFormed(read),
      symbol,
      action: side,
      timestampMs,
      model: textOf(raw.model),
      regime: textOf(raw.regime).toUpperCase(),
      strategy: optionalText(raw.strategy),
      timeframe: optionalText(raw.timeframe),
    },
  };
}

type WellFormed<T> = { [K in keyof T]: Exclude<T[K], Malformed> };

/** Narrows after every field was checked; a malformed one here is a broken invariant. */
function wellFormed<T extends Record<string, unknown>>(read: T): WellFormed<T> {
  if (Object.values(read).some((value) => value instanceof Malformed)) {
    throw new Error("a malformed field passed the check");
  }
  return read as WellFormed<T>;
}
