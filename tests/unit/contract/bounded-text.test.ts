import { describe, expect, test } from "bun:test";
import { PAYLOAD_LENGTH_MAX, TEXT_LENGTH_MAX } from "../../../lib/contract/bounded-text.ts";
import { decodeDecision } from "../../../lib/contract/decision.ts";
import { decodeIntent } from "../../../lib/contract/trade-intent.ts";
import { decideAdmission } from "../../../lib/routing/decide-admission.ts";

const LONGEST = "x".repeat(TEXT_LENGTH_MAX);
const BEYOND = `${LONGEST}x`;
const HASH = /^sha256:[0-9a-f]{64}$/;

const DECISION = {
  symbol: "BTCUSDT",
  side: "BUY",
  confidence: 0.8,
  quantity: "0.01",
  timestamp: 1_760_000_000,
};
const decision = (change: object, ids: Readonly<Record<string, string>> = {}) =>
  decodeDecision({ payload: JSON.stringify({ ...DECISION, ...change }), ...ids });

const INTENT = {
  symbol: "BTCUSDT",
  action: "BUY",
  quantity: "0.01",
  ts_ms: 1_760_000_000_000,
  trace_id: "t",
};
const intent = (change: object) => decodeIntent({ data: JSON.stringify({ ...INTENT, ...change }) });

describe("a decision", () => {
  test.each(["trace_id", "correlation_id", "model", "regime", "strategy", "timeframe"])(
    "with the longest %s is one, and beyond it is undecodable",
    (name) => {
      expect(decision({ [name]: LONGEST }).kind).toBe("decision");
      const reason = expect.stringMatching(/: longer than 256 characters$/);
      expect(decision({ [name]: BEYOND })).toEqual({ kind: "undecodable", reason });
    },
  );

  test("has its ids bounded where they stand beside the payload, too", () => {
    expect(decision({}, { trace_id: BEYOND })).toMatchObject({ kind: "undecodable" });
  });

  test("that is too long as a whole is undecodable", () => {
    const spare = PAYLOAD_LENGTH_MAX - JSON.stringify({ ...DECISION, note: "" }).length;
    expect(decision({ note: "x".repeat(spare) }).kind).toBe("decision");
    const reason = `payload: longer than ${PAYLOAD_LENGTH_MAX} characters`;
    expect(decision({ note: "x".repeat(spare + 1) })).toEqual({ kind: "undecodable", reason });
  });

  test.each([{ side: "CLOSE" }, { reduce_only: true }])(
    "that can only reduce (%p) is read whatever its length",
    (exit) => {
      const decoded = decision({
        ...exit,
        trace_id: BEYOND,
        model: BEYOND,
        note: "x".repeat(PAYLOAD_LENGTH_MAX),
      });
      if (decoded.kind !== "decision") throw new Error(decoded.kind);
      expect(decoded.decision.traceId).toMatch(HASH);
      expect(decoded.decision.model).toMatch(HASH);
      const other = decision({ ...exit, trace_id: `${LONGEST}y` });
      expect(other).not.toMatchObject({ decision: { traceId: decoded.decision.traceId } });
    },
  );

  test.each<[string, object]>([
    ["not to trade", { side: "HOLD" }],
    ["that is invalid", { timestamp: "never" }],
    ["with a field of another type", { quantity: {} }],
  ])("%s has bounded ids", (_name, change) => {
    const decoded = decision(change, { trace_id: BEYOND, correlation_id: BEYOND });
    expect(decoded).toMatchObject({
      ids: { traceId: expect.stringMatching(HASH), correlationId: expect.stringMatching(HASH) },
    });
  });

  test("that is put aside has bounded ids, and all that it said", () => {
    const fields = { payload: "no JSON", trace_id: BEYOND, correlation_id: BEYOND };
    const bounds = { confidenceMin: 0, leverageMax: 20, ageMaxMs: 600_000 };
    const decoded = decodeDecision(fields);
    const request = decideAdmission({ entryId: "1-0", fields, decoded, bounds, nowMs: 0 });
    expect(request).toMatchObject({
      ...{ kind: "dead", document: JSON.stringify(fields) },
      ...{ traceId: expect.stringMatching(HASH), correlationId: expect.stringMatching(HASH) },
    });
  });
});

describe("an intent", () => {
  test.each(["intent_id", "trace_id", "correlation_id", "model", "regime", "strategy", "reason", "source"])(
    "with the longest %s is one, and beyond it is undecodable",
    (name) => {
      expect(intent({ [name]: LONGEST }).kind).toBe("intent");
      expect(intent({ [name]: BEYOND })).toEqual({
        kind: "undecodable",
        reason: `${name}: longer than 256 characters`,
      });
    },
  );

  test("whose numbers are none is undecodable for its length first", () => {
    expect(intent({ entry_price: "NaN" }).kind).toBe("not_a_number");
    expect(intent({ entry_price: "NaN", trace_id: BEYOND }).kind).toBe("undecodable");
  });

  test("that is too long as a whole is undecodable", () => {
    expect(intent({ note: "x".repeat(PAYLOAD_LENGTH_MAX) })).toMatchObject({ kind: "undecodable" });
  });

  test.each([{ action: "CLOSE" }, { reduce_only: true }])(
    "that can only reduce (%p) is read whatever its length",
    (exit) => {
      const long = { trace_id: BEYOND, intent_id: BEYOND, note: "x".repeat(PAYLOAD_LENGTH_MAX) };
      const decoded = intent({ ...exit, ...long });
      expect(decoded).toMatchObject({
        kind: "intent",
        intent: { trace_id: expect.stringMatching(HASH), intent_id: expect.stringMatching(HASH) },
      });
      expect(intent({ ...exit, intent_id: `${LONGEST}y` })).not.toEqual(
        intent({ ...exit, intent_id: BEYOND }),
      );
    },
  );
});
