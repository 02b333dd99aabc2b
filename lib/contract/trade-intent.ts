import { z } from "zod";
import { boundedText, boundsFault, overlongTexts, TEXT_LENGTH_MAX } from "./bounded-text.ts";
import { canonicalDecimal, decimalTextSchema } from "./decimal-text.ts";
import { isSizedInUsd } from "./exit-size.ts";
import { INSTANT_MS_MAX, instantMs } from "./instant.ts";
import { intentIdOf, realId } from "./intent-id.ts";
import { parseJson } from "./json-text.ts";
import { SYMBOL } from "./symbol.ts";

export const INTENT_ACTIONS = ["BUY", "SELL", "CLOSE"] as const;
export const POSITION_SIDES = ["BOTH", "LONG", "SHORT"] as const;

const amount = decimalTextSchema.nullish().transform((value) => value ?? null);
const text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");

/**
 * A trade intent as both sides of the stream read and write it. Prices and quantities are decimal text;
 * `null` is "not given". A reader fills in what an older writer left out and derives a missing id.
 */
const wireIntentSchema = z.object({
  intent_id: text,
  correlation_id: text,
  trace_id: text,
  symbol: z.string().regex(SYMBOL),
  action: z.enum(INTENT_ACTIONS),
  confidence: z
    .number()
    .min(0)
    .max(1)
    .nullish()
    .transform((value) => value ?? null),
  entry_price: amount,
  quantity: amount,
  position_size_usd: amount,
  leverage: z
    .number()
    .int()
    .min(1)
    .max(125)
    .nullish()
    .transform((value) => value ?? 1),
  stop_loss: amount,
  take_profit: amount,
  trail_percent: amount,
  model: text,
  regime: text,
  strategy: text,
  expected_move_usd: amount,
  reduce_only: z
    .boolean()
    .nullish()
    .transform((value) => value ?? false),
  /** Hedge mode: the side an exit closes; absent lets the venue's position and the action decide. */
  position_side: z
    .enum(POSITION_SIDES)
    .nullish()
    .transform((value) => value ?? null),
  /** Exits: when the position that is meant was opened (epoch ms); absent closes whatever is open. */
  opened_at_ms: z
    .number()
    .int()
    .nullish()
    .transform((value) => value ?? null),
  reason: text,
  source: text,
  timestamp: z.union([z.string(), z.number()]).nullish(),
  ts_ms: z.number().int().min(-INSTANT_MS_MAX).max(INSTANT_MS_MAX).nullish(),
});

export type TradeIntent = Omit<z.infer<typeof wireIntentSchema>, "timestamp" | "ts_ms"> & {
  readonly timestamp: string;
  /** Epoch ms of the decision, not of the publication: its age is measured from here. */
  readonly ts_ms: number;
};

export type DecodedIntent =
  | { readonly kind: "undecodable"; readonly reason: string }
  /** A number that the intent stands on is none; here it is null, everything else is as it was written. */
  | { readonly kind: "not_a_number"; readonly reason: string; readonly intent: TradeIntent }
  | { readonly kind: "intent"; readonly intent: TradeIntent };

/** What may be NaN, infinite, negative or absurd, and is then said by name. */
const NUMBERS: readonly string[] = [
  "quantity",
  "entry_price",
  "position_size_usd",
  "stop_loss",
  "take_profit",
  "trail_percent",
  "expected_move_usd",
  "leverage",
  "confidence",
];
/** An exit stands on its size alone: what it does not need must not keep it from closing. */
const EXIT_NUMBERS: readonly string[] = ["quantity"];
const USD_EXIT_NUMBERS: readonly string[] = [...EXIT_NUMBERS, "position_size_usd"];
const VALUE_LENGTH_MAX = 40;

/** Whether the intent can only reduce a position. Everything else is an entry and fails closed. */
export function isExit(intent: Pick<TradeIntent, "action" | "reduce_only">): boolean {
  return intent.action === "CLOSE" || intent.reduce_only;
}

/** The stream entry of an intent: one field, `data`. */
export function encodeIntent(intent: TradeIntent): string {
  return JSON.stringify(intent);
}

/** Decodes an entry of an intent stream (`data`, or `payload` of older writers). Never throws. Its texts are bounded. */
export function decodeIntent(fields: Readonly<Record<string, string>>): DecodedIntent {
  const raw = fields["data"] ?? fields["payload"];
  if (raw === undefined) return { kind: "undecodable", reason: "neither data nor payload" };
  const json = parseJson(raw);
  if (json === undefined) return { kind: "undecodable", reason: "data is not JSON" };
  if (isWritten(json)) return { kind: "intent", intent: json };
  const parsed = wireIntentSchema.safeParse(json);
  const decoded = parsed.success ? completed(parsed.data) : withoutNumbers(json, parsed.error.issues);
  return withinBounds(decoded, raw.length);
}

const TEXTS = [
  "intent_id",
  "correlation_id",
  "trace_id",
  "model",
  "regime",
  "strategy",
  "reason",
  "source",
] as const;

/** An entry that is too long is put aside; of an exit the texts that are too long are replaced by their hashes. */
function withinBounds(decoded: DecodedIntent, payloadLength: number): DecodedIntent {
  if (decoded.kind === "undecodable") return decoded;
  const { intent } = decoded;
  const overlong = overlongTexts(TEXTS, intent);
  if (!isExit(intent)) {
    const reason = boundsFault(overlong, payloadLength);
    return reason === undefined ? decoded : { kind: "undecodable", reason };
  }
  const bounded = Object.fromEntries(overlong.map((name) => [name, boundedText(intent[name])]));
  return { ...decoded, intent: { ...intent, ...bounded } };
}

const isWrittenText = (value: unknown) => typeof value === "string" && value.length <= TEXT_LENGTH_MAX;

const AMOUNTS =
  "entry_price quantity position_size_usd stop_loss take_profit trail_percent expected_move_usd".split(" ");
/** Besides these: symbol, action, confidence, leverage, reduce_only, position_side, opened_at_ms, timestamp, ts_ms. */
const FIELD_COUNT = TEXTS.length + AMOUNTS.length + 9;

/**
 * Whether it is an intent exactly as `encodeIntent` writes one, which the schema would hand out as it is. All but a
 * stranger's are, and the schema takes a twentieth of the time from a decision to its order.
 */
function isWritten(json: unknown): json is TradeIntent {
  if (json === null || typeof json !== "object" || Object.keys(json).length !== FIELD_COUNT) return false;
  const fields = json as Readonly<Record<string, unknown>>;
  return (
    TEXTS.every((name) => isWrittenText(fields[name])) &&
    AMOUNTS.every((name) => isWrittenAmount(fields[name])) &&
    hasWrittenNumbers(fields) &&
    hasWrittenNames(fields)
  );
}

const isWrittenAmount = (value: unknown) =>
  value === null || (typeof value === "string" && canonicalDecimal(value) === value);

const isWhole = (value: unknown, min: number, max: number) =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max;

function hasWrittenNumbers(fields: Readonly<Record<string, unknown>>): boolean {
  const { confidence, leverage, opened_at_ms: openedAtMs, ts_ms: ms, timestamp } = fields;
  return (
    (confidence === null || (typeof confidence === "number" && confidence >= 0 && confidence <= 1)) &&
    isWhole(leverage, 1, 125) &&
    (openedAtMs === null || isWhole(openedAtMs, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)) &&
    isWhole(ms, -INSTANT_MS_MAX, INSTANT_MS_MAX) &&
    timestamp === new Date(Number(ms)).toISOString()
  );
}

function hasWrittenNames(fields: Readonly<Record<string, unknown>>): boolean {
  const { intent_id: id, symbol, action, position_side: side, reduce_only: reduceOnly } = fields;
  return (
    realId(String(id)) !== undefined &&
    typeof symbol === "string" &&
    SYMBOL.test(symbol) &&
    INTENT_ACTIONS.some((one) => one === action) &&
    (side === null || POSITION_SIDES.some((one) => one === side)) &&
    typeof reduceOnly === "boolean"
  );
}

function completed(wire: z.infer<typeof wireIntentSchema>): DecodedIntent {
  const { timestamp, ts_ms: givenMs, ...rest } = wire;
  const ms = givenMs ?? instantMs(timestamp);
  if (ms === undefined) return { kind: "undecodable", reason: "ts_ms: no timestamp" };
  return { kind: "intent", intent: withId({ ...rest, timestamp: new Date(ms).toISOString(), ts_ms: ms }) };
}

/** The intent without its numbers that are none: its ids are worth keeping, and an exit may not need them. */
function withoutNumbers(json: unknown, issues: readonly z.core.$ZodIssue[]): DecodedIntent {
  const [first] = issues;
  const reason = `${first?.path.join(".") || "data"}: ${first?.message ?? "invalid"}`;
  const bad = new Set(issues.map((issue) => String(issue.path[0])));
  if (json === null || typeof json !== "object" || ![...bad].every((field) => NUMBERS.includes(field))) {
    return { kind: "undecodable", reason };
  }
  const fields = Object.entries(json);
  const parsed = wireIntentSchema.safeParse(Object.fromEntries(fields.filter(([name]) => !bad.has(name))));
  const decoded: DecodedIntent = parsed.success ? completed(parsed.data) : { kind: "undecodable", reason };
  if (decoded.kind !== "intent") return decoded;
  const needed = neededBy(decoded.intent).find((field) => bad.has(field));
  if (needed === undefined) return decoded;
  const written = JSON.stringify(fields.find(([name]) => name === needed)?.[1]) ?? "";
  const value = written.slice(0, VALUE_LENGTH_MAX);
  return { kind: "not_a_number", reason: `field=${needed} value=${value}`, intent: decoded.intent };
}

function neededBy(intent: TradeIntent): readonly string[] {
  if (!isExit(intent)) return NUMBERS;
  return isSizedInUsd(intent) ? USD_EXIT_NUMBERS : EXIT_NUMBERS;
}

function withId(intent: TradeIntent): TradeIntent {
  if (realId(intent.intent_id) !== undefined) return intent;
  const intentId = intentIdOf({
    traceId: intent.trace_id,
    symbol: intent.symbol,
    action: intent.action,
    timestampMs: intent.ts_ms,
    strategy: intent.strategy,
    entryPrice: intent.entry_price ?? undefined,
  });
  return { ...intent, intent_id: intentId };
}
