import fc from "fast-check";
import { decodeResult, encodeResult } from "../../lib/contract/execution-result.ts";
import { faultEventSchema } from "../../lib/contract/fault-event.ts";
import { encodeHeartbeat, heartbeatSchema } from "../../lib/contract/heartbeat.ts";
import {
  encodePanicCompletion,
  encodePanicEvent,
  panicCompletionSchema,
  panicEventSchema,
} from "../../lib/contract/panic.ts";
import { tradingStateSchema } from "../../lib/contract/trading-state.ts";
import { decodeLatch, encodeLatch } from "../../lib/emergency/watchdog/latch.ts";
import { decodeJournalRecord, encodeJournalRecord } from "../../lib/emergency/worker/journal-record.ts";
import { applyRecord, emptyMemory } from "../../lib/emergency/worker/panic-memory.ts";
import { readPlan } from "../../lib/exits/exit-plan.ts";
import { isAmount, isNullOr, isWhole } from "./allowed.ts";
import { fuzz, must } from "./fuzz.ts";
import { hostileJson, hostileText, jsonTexts, mutated } from "./hostile.ts";

const UUID = "6f1c2a34-5b6d-4e7f-8a9b-0c1d2e3f4a5b";
const isUuidV4 = (text: string) =>
  /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i.test(text);
const isCount = (value: unknown) => typeof value === "number" && value >= 0 && Math.floor(value) === value;
const ISSUERS: readonly string[] = ["risk_kernel", "exit_brain", "watchdog", "ops"];
const STATUSES: readonly string[] = [
  "filled",
  "partial",
  "rejected",
  "gate_blocked",
  "denied",
  "expired",
  "duplicate",
];

const RESULT = {
  ...{
    intent_id: "i",
    correlation_id: "c",
    trace_id: "t",
    symbol: "BTCUSDT",
    action: "BUY",
    status: "filled",
  },
  ...{
    order_id: "1",
    client_order_id: "q",
    entry_price: "1",
    quantity: "1",
    position_size_usd: "1",
    leverage: 1,
  },
  ...{ slippage_pct: "0", fee_usd: "0", timestamp: "2026-03-01T10:00:00.000Z" },
};
const PANIC = { event_id: UUID, reason: "r", severity: "CRITICAL", issued_by: "ops", ts: "1772359200000" };
const COMPLETION = {
  ...{ event_id: UUID, status: "flat", detail: "", positions_total: "1", positions_closed: "1" },
  ...{
    positions_failed: "0",
    failed_symbols: "[]",
    ts_started: "1",
    ts_completed: "2",
    execution_time_ms: "1",
  },
  results:
    '[{"symbol":"BTCUSDT","position_side":"BOTH","quantity":"1","closed":true,"orders":["a"],"error":""}]',
};
const BEAT = {
  ...{ service_id: "exit_brain", status: "ALIVE", active_positions: "1", last_decision_ts: "1" },
  ...{ latency_ms: "1", loop_cycle_ms: "1", ts: "1772359200000", instance_id: "a", seq: "7" },
};
const FAULT = {
  ...{
    timestamp: "1772359200",
    reason: "SAFE_MODE_ENABLED",
    symbol: "BTCUSDT",
    side: "BUY",
    global_count: "3",
  },
  ...{ symbol_count: "1", global_max: "2", symbol_max: "1", window_sec: "10", cooldown_sec: "300" },
  ...{ router_pid: "1", correlation_id: "c", trace_id: "t", suppressed: "4" },
};
const PLAN = {
  ...{
    intent_id: "i",
    symbol: "BTCUSDT",
    position_side: "BOTH",
    side: "LONG",
    quantity: "1",
    entry_price: "100",
  },
  ...{
    stop_loss: "98",
    take_profit: "104",
    trail_percent: "0.8",
    opened_at: "1772359200000",
    max_hold_sec: "60",
  },
  mark_extreme: "101",
};
const LATCH = {
  ...{
    event_id: UUID,
    reason: "REDIS_LOST",
    ts: "1772359200000",
    instance_id: "a",
    seq: "7",
    last_decision_ts: "1",
  },
  ...{ stage: "pending", published: "true", recovered: "false" },
};
const JOURNAL: readonly Readonly<Record<string, unknown>>[] = [
  { type: "accepted", at_ms: 1, event: { ...PANIC, ts: 1 }, via: "stream", joins: null },
  { type: "halt_confirmed", event_id: UUID, at_ms: 1 },
  { type: "found", event_id: UUID, legs: [{ symbol: "BTCUSDT", position_side: "BOTH", quantity: "-1" }] },
  {
    ...{
      type: "signed",
      event_id: UUID,
      symbol: "BTCUSDT",
      position_side: "BOTH",
      n: 1,
      client_order_id: "panic-1",
    },
    ...{ quantity: "1", signed_venue_ms: 1, recv_window_ms: 2000 },
  },
  { type: "settled", event_id: UUID, client_order_id: "panic-1", outcome: "accepted" },
  { type: "completed", event_id: UUID, final: true, completion: COMPLETION },
  { type: "published", event_id: UUID, final: true },
  { type: "cleared", at_redis_ms: 1, by: "me", why: "looked" },
  { type: "installed", before_redis_ms: 1 },
];
const fieldsOf = (valid: Readonly<Record<string, string>>) =>
  fc.oneof(
    { weight: 5, arbitrary: mutated(valid, hostileText) },
    { weight: 1, arbitrary: fc.dictionary(hostileText, hostileText, { maxKeys: 5 }) },
  );

fuzz("a result is one of the seven outcomes with text for its amounts, or is refused", {
  input: jsonTexts(RESULT),
  check: (payload) => {
    let result: ReturnType<typeof decodeResult>;
    try {
      result = decodeResult({ payload });
    } catch (error) {
      return must(
        error instanceof Error && ["ZodError", "$ZodError", "SyntaxError"].includes(error.name),
        "refusal",
        error,
      );
    }
    must(STATUSES.includes(result.status), "status", result);
    must(["BUY", "SELL", "CLOSE", ""].includes(result.action), "action", result);
    const written = encodeResult(result);
    const again = decodeResult({ payload: written[written.indexOf("payload") + 1] ?? "" });
    must(Bun.deepEquals(again, result), "it is read as it was written", again);
  },
});

fuzz("a panic has a uuid, a listed issuer, CRITICAL and a time, or is none", {
  input: fc.oneof(mutated<unknown>(PANIC, hostileJson), hostileJson),
  check: (input) => {
    const parsed = panicEventSchema.safeParse(input);
    if (!parsed.success) return;
    const { event_id, reason, severity, issued_by, ts } = parsed.data;
    must(isUuidV4(event_id) && severity === "CRITICAL" && ISSUERS.includes(issued_by), "panic", parsed.data);
    must(reason.length >= 1 && reason.length <= 512 && isCount(ts), "reason and time", parsed.data);
    const again = panicEventSchema.safeParse(encodePanicEvent(parsed.data));
    must(Bun.deepEquals(again.data, parsed.data), "it is read as it was written", again);
  },
});

fuzz("a completion counts, names a status and lists its positions, or is none", {
  input: fieldsOf(COMPLETION),
  check: (fields) => {
    const parsed = panicCompletionSchema.safeParse(fields);
    if (!parsed.success) return;
    const { status, positions_total, positions_closed, positions_failed, failed_symbols, results } =
      parsed.data;
    must(["flat", "failed", "refused", "joined"].includes(status), "status", status);
    must([positions_total, positions_closed, positions_failed].every(isCount), "counts", parsed.data);
    must(
      failed_symbols.every((one) => typeof one === "string") && Array.isArray(results),
      "lists",
      parsed.data,
    );
    const again = panicCompletionSchema.safeParse(encodePanicCompletion(parsed.data));
    must(Bun.deepEquals(again.data, parsed.data), "it is read as it was written", again);
  },
});

fuzz("a heartbeat says one of three states with whole numbers, or is none", {
  input: fieldsOf(BEAT),
  once: [
    { ...BEAT, seq: "9".repeat(400) },
    { ...BEAT, ts: "9".repeat(25) },
  ],
  check: (fields) => {
    const parsed = heartbeatSchema.safeParse(fields);
    if (!parsed.success) return;
    const { status, active_positions, last_decision_ts, ts, seq } = parsed.data;
    must(["ALIVE", "DEGRADED", "STOPPING"].includes(status), "status", status);
    for (const count of [active_positions, last_decision_ts, ts, seq]) {
      must(isWhole(count, 0, Number.MAX_SAFE_INTEGER), "count", parsed.data);
    }
    const again = heartbeatSchema.safeParse(encodeHeartbeat(parsed.data));
    must(Bun.deepEquals(again.data, parsed.data), "it is read as it was written", again);
  },
});

fuzz("a fault event has one of the four reasons and whole numbers, or is none", {
  input: fieldsOf(FAULT),
  once: [{ ...FAULT, timestamp: "9".repeat(400) }],
  check: (fields) => {
    const parsed = faultEventSchema.safeParse(fields);
    if (!parsed.success) return;
    const { reason, timestamp, global_count, symbol_count, suppressed } = parsed.data;
    const reasons: readonly string[] = ["GLOBAL_RATE_EXCEEDED", "SYMBOL_RATE_EXCEEDED", "SAFE_MODE_ENABLED"];
    must([...reasons, "FAIL_OPEN_ERROR"].includes(reason), "reason", reason);
    for (const count of [timestamp, global_count, symbol_count, suppressed ?? 0]) {
      must(isWhole(count, 0, Number.MAX_SAFE_INTEGER), "count", parsed.data);
    }
  },
});

fuzz("the trading state is halted true or false and nothing else", {
  input: fieldsOf({ halted: "true", reason: "r", source: "ops", event_id: UUID, ts: "1", cleared_by: "me" }),
  check: (fields) => {
    const parsed = tradingStateSchema.safeParse(fields);
    must(!parsed.success || ["true", "false"].includes(parsed.data.halted), "halted", parsed);
  },
});

fuzz("a plan has positive levels and whole times, or is unreadable or absent, and never throws", {
  input: fieldsOf(PLAN),
  once: [
    { ...PLAN, opened_at: "9".repeat(400) },
    { ...PLAN, max_hold_sec: "9".repeat(400) },
  ],
  check: (fields) => {
    const reading = readPlan(fields);
    must((reading.kind === "absent") === (Object.keys(fields).length === 0), "absent", reading);
    if (reading.kind !== "plan") return;
    const { stopLoss, takeProfit, trailPercent, openedAtMs, maxHoldSec, extreme } = reading.plan;
    for (const level of [stopLoss, takeProfit]) must(isAmount(level) && Number(level) > 0, "level", reading);
    must(isNullOr(isAmount)(trailPercent) && isNullOr(isAmount)(extreme), "trail", reading);
    must(isWhole(openedAtMs, 0, Number.MAX_SAFE_INTEGER), "opened at", reading);
    must(isWhole(maxHoldSec, 0, Number.MAX_SAFE_INTEGER), "hold", reading);
  },
});

fuzz("a latch is whole or is none, and is read as it was written", {
  input: fc.oneof(mutated<unknown>(LATCH, hostileJson), hostileJson),
  check: (record) => {
    const latch = decodeLatch(record);
    if (latch === undefined) return;
    must(isUuidV4(latch.event.event_id) && latch.event.issued_by === "watchdog", "event", latch);
    must(isCount(latch.event.ts) && isCount(latch.failure.seq), "numbers", latch);
    must(Bun.deepEquals(decodeLatch(encodeLatch(latch)), latch), "it is read as it was written", latch);
  },
});

fuzz("a journal line is a record or is skipped; any order of records is survived", {
  input: fc.array(fc.oneof(...JOURNAL.map(jsonTexts)), { minLength: 1, maxLength: 12 }),
  check: (lines) => {
    const memory = emptyMemory();
    for (const line of lines) {
      const record = decodeJournalRecord(line);
      if (record === undefined) continue;
      const again = decodeJournalRecord(encodeJournalRecord(record));
      must(Bun.deepEquals(again, record), "it is read as it was written", { record, again });
      applyRecord(memory, record);
    }
  },
});
