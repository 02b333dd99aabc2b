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

function decide(payload: object | string) {
  const fields = {
    payload: typeof payload === "string" ? payload : JSON.stringify(payload),
    trace_id: "t",
    correlation_id: "c",
  };
  return decideAdmission({
    entryId: "1-1",
    fields,
    decoded: decodeDecision(fields),
    bounds: { ageMaxMs: 600_000, confidenceMin: 0.65, leverageMax: 20 },
    nowMs: NOW,
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
  ["without a size: the whole position", { quantity: null }],
])("an exit passes although it is %s", (_name, change) => {
  expect(decide({ ...SOUND, ...change, side: "CLOSE" }).kind).toBe("exit");
  expect(decide({ ...SOUND, ...change, side: "SELL", reduce_only: true }).kind).toBe("exit");
});

test("what does not parse goes to the dead letters as it came", () => {
  const request = decide("{nonsense");
  expect(request).toMatchObject({ kind: "dead", detail: "payload is not JSON" });
  expect("document" in request ? request.document : "").toContain("{nonsense");
});
