import fc from "fast-check";
import { canonicalDecimal } from "../../lib/contract/decimal-text.ts";
import { decodeDecision } from "../../lib/contract/decision.ts";
import { instantMs } from "../../lib/contract/instant.ts";
import { intentIdOf, realId } from "../../lib/contract/intent-id.ts";
import { decodeIntent, encodeIntent, isExit } from "../../lib/contract/trade-intent.ts";
import { isAmount, isInstant, isNullOr, isShare, isSigned, isSymbol, isWhole } from "./allowed.ts";
import { fuzz, must } from "./fuzz.ts";
import { hostileJson, hostileText, jsonTexts, mutated } from "./hostile.ts";

const DECISION = {
  ...{
    symbol: "BTCUSDT",
    side: "BUY",
    confidence: 0.9,
    entry_price: "50000.5",
    quantity: "0.01",
    leverage: 5,
  },
  ...{ stop_loss: "49000", take_profit: "53000", trail_percent: 0.8, model: "NHiTS", regime: "TREND" },
  ...{ strategy: "s", timeframe: "1m", expected_move_usd: 30, reduce_only: false },
  ...{ timestamp: "2026-03-01T10:00:00Z", correlation_id: "c", trace_id: "t" },
};
const INTENT = {
  ...{
    intent_id: "i1",
    correlation_id: "c",
    trace_id: "t",
    symbol: "BTCUSDT",
    action: "BUY",
    confidence: 0.9,
  },
  ...{ entry_price: "50000.5", quantity: "0.01", position_size_usd: "500", leverage: 5, stop_loss: "49000" },
  ...{ take_profit: "53000", trail_percent: "0.8", model: "NHiTS", regime: "TREND", strategy: "s" },
  ...{ expected_move_usd: "30", reduce_only: false, position_side: null, opened_at_ms: null, reason: "" },
  ...{ source: "router", timestamp: "2026-03-01T10:00:00.000Z", ts_ms: 1_772_359_200_000 },
};

/** A stream entry: JSON in its payload, or the fields themselves. */
const entryOf = (field: string, texts: fc.Arbitrary<string>, flat: Readonly<Record<string, string>>) =>
  fc.oneof(
    { weight: 4, arbitrary: texts.map((text): Record<string, string> => ({ [field]: text, trace_id: "t" })) },
    { weight: 1, arbitrary: mutated(flat, hostileText) },
    { weight: 1, arbitrary: fc.dictionary(hostileText, hostileText, { maxKeys: 4 }) },
  );

const flatDecision = Object.fromEntries(
  Object.entries(DECISION).map(([name, value]) => [name, String(value)]),
);
const ACTIONS: readonly string[] = ["BUY", "SELL", "CLOSE"];

fuzz("a decision is decoded to what the contract allows, put aside or refused, and never throws", {
  input: entryOf("payload", jsonTexts(DECISION), flatDecision),
  once: [
    { payload: JSON.stringify({ ...DECISION, quantity: "1e-999" }) },
    { payload: JSON.stringify({ ...DECISION, quantity: `0.${"1".repeat(100_000)}` }) },
    { payload: JSON.stringify({ ...DECISION, timestamp: "9999999999999999" }) },
  ],
  check: (fields) => {
    const decoded = decodeDecision(fields);
    if (decoded.kind !== "decision") return;
    const { decision } = decoded;
    must(isSymbol(decision.symbol), "symbol", decision);
    must(ACTIONS.includes(decision.action), "action", decision);
    must(isInstant(decision.timestampMs), "timestamp", decision);
    must(isNullOr(isShare)(decision.confidence), "confidence", decision);
    must(isWhole(decision.leverage, 1, 125), "leverage", decision);
    const { entryPrice, quantity, positionSizeUsd, stopLoss, takeProfit, trailPercent } = decision;
    for (const amount of [entryPrice, quantity, positionSizeUsd, stopLoss, takeProfit, trailPercent]) {
      must(isNullOr(isAmount)(amount), "amount", decision);
    }
    must(isNullOr(isAmount)(decision.expectedMoveUsd), "expected move", decision);
  },
});

fuzz("whatever says HOLD or SKIP is never a decision to trade", {
  input: mutated({ ...DECISION, side: "HOLD" }, hostileJson).map((one) => ({ ...one, side: "HOLD" })),
  check: (payload) => {
    const decoded = decodeDecision({ payload: JSON.stringify(payload) });
    must(decoded.kind === "skip" || decoded.kind === "invalid", "HOLD", decoded);
  },
});

fuzz("an intent is decoded to what the contract allows or refused, and never throws", {
  input: entryOf("data", jsonTexts(INTENT), { data: JSON.stringify(INTENT) }),
  once: [
    { data: JSON.stringify({ ...INTENT, ts_ms: 9_007_199_254_740_991 }) },
    { data: JSON.stringify({ ...INTENT, ts_ms: null, timestamp: "9999999999999999" }) },
    { data: JSON.stringify({ ...INTENT, quantity: "1e-999" }) },
    { data: JSON.stringify({ ...INTENT, stop_loss: "9".repeat(100_000) }) },
  ],
  check: (fields) => {
    const decoded = decodeIntent(fields);
    if (decoded.kind === "undecodable") return;
    const { intent } = decoded;
    must(intent.intent_id.trim() !== "", "intent id", intent);
    must(isSymbol(intent.symbol), "symbol", intent);
    must(ACTIONS.includes(intent.action), "action", intent);
    must(isInstant(intent.ts_ms), "ts_ms", intent);
    must(Date.parse(intent.timestamp) === intent.ts_ms, "timestamp", intent);
    must(isNullOr(isShare)(intent.confidence), "confidence", intent);
    must(isWhole(intent.leverage, 1, 125), "leverage", intent);
    must(typeof intent.reduce_only === "boolean", "reduce_only", intent);
    const { entry_price, quantity, position_size_usd, stop_loss, take_profit, trail_percent } = intent;
    for (const amount of [entry_price, quantity, position_size_usd, stop_loss, take_profit, trail_percent]) {
      must(isNullOr(isSigned)(amount), "amount", intent);
    }
    if (decoded.kind === "not_a_number") return;
    const again = decodeIntent({ data: encodeIntent(intent) });
    must(Bun.deepEquals(again, decoded), "it is read as it was written", { decoded, again });
  },
});

fuzz("a number that is none keeps an entry from trading, and an exit only where it is its size", {
  input: fc.record({
    field: fc.constantFrom(
      ...["quantity", "position_size_usd", "entry_price", "stop_loss", "take_profit", "expected_move_usd"],
    ),
    bad: fc.constantFrom("NaN", "Infinity", "1e999", "abc", "--1", [], {}, true),
    exits: fc.boolean(),
    inUsd: fc.boolean(),
  }),
  check: ({ field, bad, exits, inUsd }) => {
    const size = inUsd ? { quantity: null } : {};
    const data = JSON.stringify({ ...INTENT, ...size, [field]: bad, reduce_only: exits });
    const decoded = decodeIntent({ data });
    must(decoded.kind !== "undecodable", "its ids are kept", decoded);
    const stopped = decoded.kind === "not_a_number";
    must(isExit(decoded.intent) === exits, "an exit stays one", decoded);
    const isSize = field === "quantity" || (field === "position_size_usd" && inUsd);
    must(stopped === (!exits || isSize), "who may trade", decoded);
  },
});

fuzz("a decimal text is canonical or refused: read again it is the same, and as a number equal", {
  input: fc.oneof(
    hostileText,
    fc.double().map(String),
    fc.tuple(fc.bigInt(), fc.nat()).map((pair) => pair.join(".")),
  ),
  once: ["1e-999", "1e-100", "0".repeat(100_000), `0.${"0".repeat(5000)}1`, "1".repeat(15)],
  check: (text) => {
    const canonical = canonicalDecimal(text);
    if (canonical === undefined) return;
    must(isSigned(canonical), "plain decimal", canonical);
    must(canonicalDecimal(canonical) === canonical, "idempotent", canonical);
    must(Math.abs(Number(canonical) - Number(text)) <= Math.abs(Number(text)) * 1e-12, "equal", {
      text,
      canonical,
    });
  },
});

fuzz("an instant is a time that can be written, or none", {
  input: fc.oneof(hostileText, fc.date({ noInvalidDate: false }).map(String), fc.integer().map(String)),
  once: ["9999999999999999", "8640000000000001"],
  check: (text) => {
    const ms = instantMs(text);
    must(ms === undefined || isInstant(ms), "instant", ms);
  },
});

fuzz("an intent id is 32 hex digits, the same for the same, and never made of what is no id", {
  input: fc.record({
    traceId: hostileText,
    symbol: hostileText,
    action: hostileText,
    timestampMs: fc.integer(),
  }),
  check: (identity) => {
    const whole = { ...identity, strategy: undefined, entryPrice: undefined };
    const id = intentIdOf(whole);
    must(/^[0-9a-f]{32}$/.test(id) && id === intentIdOf(whole), "id", id);
    if (realId(identity.traceId) !== undefined) return;
    must(id === intentIdOf({ ...whole, traceId: undefined }), "no id is no id", identity);
  },
});
