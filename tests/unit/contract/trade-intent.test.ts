import { expect, test } from "bun:test";
import fc from "fast-check";
import { decodeIntent, encodeIntent, isExit, type TradeIntent } from "../../../lib/contract/trade-intent.ts";

const decimal = fc
  .tuple(fc.bigInt({ min: 1n, max: 10n ** 12n }), fc.nat(8))
  .map(([digits, places]) => {
    const text = digits.toString().padStart(places + 1, "0");
    const point = text.length - places;
    return `${text.slice(0, point)}.${text.slice(point)}`.replace(/\.?0*$/, "");
  })
  .filter((text) => text !== "" && text !== "0");
const amount = fc.option(decimal, { nil: null });
const word = fc.stringMatching(/^[A-Za-z0-9_-]{0,20}$/);

const intent: fc.Arbitrary<TradeIntent> = fc
  .record({
    intent_id: fc.stringMatching(/^[0-9a-f]{32}$/),
    correlation_id: word,
    trace_id: word,
    symbol: fc.constantFrom("BTCUSDT", "1000PEPEUSDT"),
    action: fc.constantFrom("BUY" as const, "SELL" as const, "CLOSE" as const),
    confidence: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: null }),
    entry_price: amount,
    quantity: amount,
    position_size_usd: amount,
    leverage: fc.integer({ min: 1, max: 125 }),
    stop_loss: amount,
    take_profit: amount,
    trail_percent: amount,
    model: word,
    regime: word,
    strategy: word,
    expected_move_usd: amount,
    reduce_only: fc.boolean(),
    position_side: fc.constantFrom(null, "LONG" as const, "SHORT" as const, "BOTH" as const),
    opened_at_ms: fc.option(fc.nat(), { nil: null }),
    reason: word,
    source: word,
    ts_ms: fc.integer({ min: 1, max: 4_000_000_000_000 }),
  })
  .map((fields) => ({ ...fields, timestamp: new Date(fields.ts_ms).toISOString() }));

test("decoding what was encoded gives the same intent", () => {
  fc.assert(
    fc.property(intent, (one) => {
      const sound = { ...one, confidence: Object.is(one.confidence, -0) ? 0 : one.confidence };
      expect(decodeIntent({ data: encodeIntent(sound) })).toEqual({ kind: "intent", intent: sound });
    }),
  );
});

const ODDITIES = [
  ...[
    null,
    "",
    "0",
    "none",
    "-0",
    "01",
    "1.0",
    "1e3",
    "NaN",
    "-5",
    "BUY",
    "HOLD",
    "LONG",
    "btc usdt",
    "ЖUSDT",
    true,
  ],
  ...[0, -0, 1, 1.5, -1, 126, 0.5, 1e15, 8.64e15, 2 ** 53, 1e300, [], {}, ["1"], "1970-01-01T00:00:00.000Z"],
];

test("an intent as it is written and one that the schema reads are the same intent, or the same refusal", () => {
  const [written] = fc.sample(intent, { numRuns: 1, seed: 1 });
  const sound: Readonly<Record<string, unknown>> = { ...written };
  const changed = Object.keys(sound).flatMap((name) => [
    Object.fromEntries(Object.entries(sound).filter(([other]) => other !== name)),
    ...ODDITIES.map((value) => ({ ...sound, [name]: value })),
  ]);
  for (const one of [sound, ...changed]) {
    // A field that nobody knows leads every reader to the schema, which leaves it out.
    const [text, withStranger] = [JSON.stringify(one), JSON.stringify({ ...one, stranger: 1 })];
    expect([text, decodeIntent({ data: text })]).toEqual([text, decodeIntent({ data: withStranger })]);
  }
});

test("an older writer's entry is read: payload, missing fields, no id, numbers instead of text", () => {
  const old = {
    symbol: "ETHUSDT",
    action: "BUY",
    entry_price: 3000.5,
    quantity: 0.01,
    timestamp: "2026-01-02T03:04:05",
  };
  const decoded = decodeIntent({ payload: JSON.stringify(old) });
  if (decoded.kind !== "intent") throw new Error(decoded.reason);
  expect(decoded.intent).toMatchObject({
    entry_price: "3000.5",
    quantity: "0.01",
    leverage: 1,
    stop_loss: null,
  });
  expect(decoded.intent.intent_id).toMatch(/^[0-9a-f]{32}$/);
});

test.each([
  [{}, "neither data nor payload"],
  [{ data: "{" }, "data is not JSON"],
  [{ data: "{}" }, "symbol"],
  [{ data: '{"symbol":"ETHUSDT","action":"HOLD"}' }, "action"],
  [{ data: '{"symbol":"ETHUSDT","action":"BUY"}' }, "ts_ms: no timestamp"],
  [{ data: '{"symbol":"ETHUSDT","action":"BUY","quantity":"NaN"}' }, "ts_ms: no timestamp"],
  [{ data: '{"symbol":"?","action":"BUY","ts_ms":1,"quantity":"NaN"}' }, "symbol"],
  [{ data: "[1]" }, "data: Invalid input"],
  [{ data: "null" }, "Invalid input"],
])("%j does not parse, and says why", (fields, reason) => {
  const decoded = decodeIntent(fields);
  expect(decoded.kind).toBe("undecodable");
  expect(decoded.kind === "undecodable" ? decoded.reason : "").toContain(reason);
});

const NAMED = { intent_id: "i", correlation_id: "c", trace_id: "t", symbol: "ETHUSDT", ts_ms: 1 };

test.each([
  ["NaN", { entry_price: "NaN" }, 'field=entry_price value="NaN"'],
  ["infinity", { quantity: "Infinity" }, 'field=quantity value="Infinity"'],
  ["an absurd number", { stop_loss: "1e15" }, 'field=stop_loss value="1e15"'],
  ["no number at all", { take_profit: {} }, "field=take_profit value={}"],
  ["a leverage that is none", { leverage: "ten" }, 'field=leverage value="ten"'],
  ["a negative leverage", { leverage: -1 }, "field=leverage value=-1"],
  ["a confidence that is none", { confidence: "NaN" }, 'field=confidence value="NaN"'],
  ["several", { entry_price: "NaN", quantity: "NaN" }, 'field=quantity value="NaN"'],
])("an entry with %s keeps its ids and says which number it is", (_what, change, reason) => {
  const decoded = decodeIntent({ data: JSON.stringify({ ...NAMED, action: "BUY", ...change }) });
  expect(decoded).toMatchObject({ kind: "not_a_number", reason, intent: { ...NAMED, quantity: null } });
});

test("an exit needs no number but its quantity", () => {
  const bad = { entry_price: "NaN", stop_loss: "x", leverage: "ten", confidence: 7 };
  for (const kind of [{ action: "CLOSE" }, { action: "SELL", reduce_only: true }]) {
    const data = JSON.stringify({ ...NAMED, ...kind, ...bad, quantity: "0.5" });
    expect(decodeIntent({ data })).toMatchObject({
      kind: "intent",
      intent: { quantity: "0.5", stop_loss: null },
    });
    const unsized = decodeIntent({ data: JSON.stringify({ ...NAMED, ...kind, quantity: "NaN" }) });
    expect(unsized).toMatchObject({ kind: "not_a_number", intent: { intent_id: "i", symbol: "ETHUSDT" } });
  }
});

test("an exit that is sized in USD needs that number, and no other exit does", () => {
  const decode = (change: object) =>
    decodeIntent({
      data: JSON.stringify({ ...NAMED, reduce_only: true, position_size_usd: "NaN", ...change }),
    });
  const reason = 'field=position_size_usd value="NaN"';
  expect(decode({ action: "SELL" })).toMatchObject({ kind: "not_a_number", reason });
  expect(decode({ action: "SELL", quantity: "0.5" })).toMatchObject({ kind: "intent" });
  expect(decode({ action: "CLOSE" })).toMatchObject({ kind: "intent" });
});

test("CLOSE and reduce_only are exits, everything else is an entry", () => {
  expect(isExit({ action: "CLOSE", reduce_only: false })).toBe(true);
  expect(isExit({ action: "SELL", reduce_only: true })).toBe(true);
  expect(isExit({ action: "SELL", reduce_only: false })).toBe(false);
});
