import { boundedText, boundsFault, overlongTexts } from "./bounded-text.ts";
import { canonicalDecimal } from "./decimal-text.ts";
import { isSizedInUsd } from "./exit-size.ts";
import { instantMs } from "./instant.ts";
import { parseJson } from "./json-text.ts";
import type { InvalidDetail } from "./reasons.ts";
import { SYMBOL } from "./symbol.ts";

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
/** What an exit or a decision not to trade stands on; the rest of it may be anything. */
const EXIT_FIELDS: readonly string[] = ["symbol", "side", "action", "reduce_only", "quantity", "timestamp"];
const SKIP_FIELDS: readonly string[] = ["side", "action"];
type RawValue = string | number | boolean | null | undefined;
type RawDecision = Readonly<Partial<Record<(typeof DECISION_FIELDS)[number], RawValue>>>;

/** Fields that are neither text nor number nor flag. */
function unreadableFields(payload: object): readonly (keyof RawDecision)[] {
  const values = payload as Readonly<Record<string, unknown>>;
  return DECISION_FIELDS.filter((field) => {
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

function idsOf(fields: Readonly<Record<string, string>>, raw: RawDecision): DecisionIds {
  return {
    correlationId: fields["correlation_id"] ?? textOf(raw.correlation_id),
    traceId: fields["trace_id"] ?? textOf(raw.trace_id),
  };
}

/**
 * Decodes one entry of the decision stream: `payload` holds JSON, or the entry itself is the decision.
 * Never throws. HOLD and SKIP are told apart first, so that a decision not to trade is never an error; of an exit
 * only what it needs must be well-formed, and a text of it that is too long is replaced by its hash.
 */
export function decodeDecision(fields: Readonly<Record<string, string>>): DecodedDecision {
  const document = fields["payload"];
  const payload = document === undefined ? fields : parseJson(document);
  if (payload === undefined) return { kind: "undecodable", reason: "payload is not JSON" };
  if (payload === null || typeof payload !== "object" || Array.isArray(payload)) {
    return { kind: "undecodable", reason: "payload is not a JSON object" };
  }
  const unreadable = unreadableFields(payload);
  const raw: RawDecision = unreadable.length === 0 ? payload : without(payload, unreadable);
  const decoded = decodeFields(raw, idsOf(fields, raw));
  const field = unreadable.find((name) => neededBy(decoded).includes(name));
  if (field === undefined) return withinBounds(decoded, document?.length ?? 0);
  const ids = { correlationId: fields["correlation_id"] ?? "", traceId: fields["trace_id"] ?? "" };
  return { kind: "invalid", detail: "FIELD_TYPE", field, ids: boundedIds(ids), symbol: "", side: "" };
}

const boundedIds = ({ correlationId, traceId }: DecisionIds): DecisionIds => ({
  correlationId: boundedText(correlationId),
  traceId: boundedText(traceId),
});

const TEXTS = ["correlationId", "traceId", "model", "regime", "strategy", "timeframe"] as const;

function withinBounds(decoded: DecodedDecision, payloadLength: number): DecodedDecision {
  if (decoded.kind === "undecodable") return decoded;
  if (decoded.kind !== "decision") return { ...decoded, ids: boundedIds(decoded.ids) };
  const { decision } = decoded;
  const overlong = overlongTexts(TEXTS, decision);
  if (!closesOnly(decision)) {
    const reason = boundsFault(overlong, payloadLength);
    return reason === undefined ? decoded : { kind: "undecodable", reason };
  }
  const bounded = overlong.map((name) => [name, boundedText(decision[name] ?? "")]);
  return bounded.length === 0
    ? decoded
    : { kind: "decision", decision: { ...decision, ...Object.fromEntries(bounded) } };
}

const closesOnly = ({ reduceOnly, action }: Decision) => reduceOnly || action === "CLOSE";

const without = (payload: object, names: readonly string[]): RawDecision =>
  Object.fromEntries(Object.entries(payload).filter(([name]) => !names.includes(name)));

function neededBy(decoded: DecodedDecision): readonly string[] {
  if (decoded.kind === "skip") return SKIP_FIELDS;
  if (decoded.kind !== "decision" || !closesOnly(decoded.decision)) return DECISION_FIELDS;
  return isSizedInUsd(decoded.decision) ? [...EXIT_FIELDS, "position_size_usd"] : EXIT_FIELDS;
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
  const flag = readFlag(raw.reduce_only);
  const closes = side === "CLOSE" || flag === true;
  const spare = <T>(value: T | Malformed, absent: T) =>
    closes && value instanceof Malformed ? absent : value;
  const quantity = readAmount(raw.quantity);
  const sizeUsd = readAmount(raw.position_size_usd);
  const inUsd = !(quantity instanceof Malformed) && isSizedInUsd({ action: side, quantity });
  const read = {
    reduceOnly: spare(flag, true),
    confidence: spare(readConfidence(raw.confidence), undefined),
    leverage: spare(readLeverage(raw.leverage), 1),
    entryPrice: spare(readAmount(raw.entry_price), undefined),
    quantity,
    // Taken for absent, what is to close a part would close all.
    positionSizeUsd: inUsd ? sizeUsd : spare(sizeUsd, undefined),
    stopLoss: spare(readAmount(raw.stop_loss), undefined),
    takeProfit: spare(readAmount(raw.take_profit), undefined),
    trailPercent: spare(readAmount(raw.trail_percent), undefined),
    expectedMoveUsd: spare(readAmount(raw.expected_move_usd), undefined),
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
