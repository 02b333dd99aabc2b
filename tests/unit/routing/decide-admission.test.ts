import { expect, test } from "bun:test";
import { decodeDecision } from "../../../lib/contract/decision.ts";
import { decodeIntent } from "../../../lib/contract/trade-intent.ts";
import { decideAdmission } from "../../../lib/routing/decide-admission.ts";

const NOW = Date.UTC(2026, 0, 2);
const SOUND = {
  symbol: "BTCUSDT",
  side: "BUY",
  confidence: 0.8,
  entry_price: 42000,
  quantity: 0.01,
  leverage: 5,
  timestamp: NOW - 1000,
};

function decide(payload: object | string, { nowMs = NOW, traceId = "t" } = {}) {
  const fields = {
    payload: typeof payload === "string" ? payload : JSON.stringify(payload),
    trace_id: traceId,
    correlation_id: "c",
  };
  return decideAdmission({
    entryId: "1-1",
    fields,
    decoded: decodeDecision(fields),
    bounds: { ageMaxMs: 600_000, confidenceMin: 0.65, leverageMax: 20 },
    nowMs,
  });
}

test("a sound decision asks for admission with the intent that would be published", () => {
  const request = decide(SOUND);
  expect(request).toMatchObject({
    kind: "entry",
    symbol: "BTCUSDT",
    side: "BUY",
    correlationId: "c",
    traceId: "t",
  });
  const document = "document" in request ? request.document : "";
  expect(decodeIntent({ data: document })).toMatchObject({
    intent: { entry_price: "42000", quantity: "0.01", ts_ms: NOW - 1000, reduce_only: false },
  });
});

test.each([
  ["too old", { timestamp: NOW - 600_001 }, { kind: "EXPIRED" }],
  ["just young enough", { timestamp: NOW - 600_000 }, { kind: "entry" }],
  ["from the future", { timestamp: NOW + 5001 }, { kind: "INVALID", detail: "TIMESTAMP_IN_FUTURE" }],
  ["a little ahead", { timestamp: NOW + 5000 }, { kind: "entry" }],
  ["unsure", { confidence: 0.64 }, { kind: "INVALID", detail: "CONFIDENCE_TOO_LOW" }],
  ["without confidence", { confidence: null }, { kind: "INVALID", detail: "CONFIDENCE_TOO_LOW" }],
  ["over-levered", { leverage: 21 }, { kind: "INVALID", detail: "LEVERAGE_OUT_OF_BOUNDS" }],
  ["without a size", { quantity: null }, { kind: "INVALID", detail: "SIZE_MISSING" }],
  ["sized in USD", { quantity: null, position_size_usd: 100 }, { kind: "entry" }],
  ["HOLD", { side: "HOLD" }, { kind: "skip" }],
])("an entry that is %s", (_name, change, expected) => {
  expect(decide({ ...SOUND, ...change })).toMatchObject(expected);
});

test.each([
  ["a day old", { timestamp: NOW - 86_400_000 }],
  ["unsure", { confidence: 0.1 }],
  ["over-levered", { leverage: 125 }],
  ["stamped far ahead of our clock", { timestamp: NOW + 86_400_000 }],
  ["without a size: the whole position", { quantity: null }],
])("an exit passes although it is %s", (_name, change) => {
  expect(decide({ ...SOUND, ...change, side: "CLOSE" }).kind).toBe("exit");
  expect(decide({ ...SOUND, ...change, side: "SELL", reduce_only: true }).kind).toBe("exit");
});

test("an exit's time is at most ours, its id of the time it was stamped with: published anew it is a duplicate", () => {
  const stamped = (timestamp: number, nowMs = NOW) => {
    const request = decide({ ...SOUND, side: "CLOSE", timestamp }, { nowMs, traceId: "0" });
    if (request.kind !== "exit") throw new Error(`${request.kind} is no exit`);
    const decoded = decodeIntent({ data: request.document });
    return { id: request.intentId, ms: decoded.kind === "intent" ? decoded.intent.ts_ms : undefined };
  };
  const early = stamped(NOW + 6000);
  expect(early.ms).toBe(NOW);
  expect(stamped(NOW + 6000, NOW + 300.5)).toEqual({ id: early.id, ms: NOW + 300 });
  expect(stamped(NOW + 6000, NOW + 2000)).toEqual({ id: early.id, ms: NOW + 6000 });
  expect(stamped(NOW + 6001).id).not.toBe(early.id);
  expect(stamped(8.6e15).ms).toBe(NOW);
});

test("an exit sized in USD says so to whoever executes it", () => {
  const sized = { ...SOUND, side: "SELL", reduce_only: true, quantity: null, position_size_usd: 300 };
  const request = decide(sized);
  const document = "document" in request ? request.document : "";
  expect(decodeIntent({ data: document })).toMatchObject({
    intent: { reduce_only: true, quantity: null, position_size_usd: "300" },
  });
});

test("what does not parse goes to the dead letters as it came", () => {
  const request = decide("{nonsense");
  expect(request).toMatchObject({ kind: "dead", detail: "payload is not JSON" });
  expect("document" in request ? request.document : "").toContain("{nonsense");
});
