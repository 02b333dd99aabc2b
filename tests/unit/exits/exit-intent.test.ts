import { expect, test } from "bun:test";
import { decodeIntent, encodeIntent, isExit } from "../../../lib/contract/trade-intent.ts";
import { exitIntent, exitIntentId } from "../../../lib/exits/exit-intent.ts";
import { LONG_POSITION, OPENED_MS, SHORT_POSITION } from "./exit-fixtures.ts";

const identity = {
  symbol: "BTCUSDT",
  positionSide: "BOTH",
  openedAtMs: OPENED_MS,
  rule: "HARD_STOP",
  n: 0,
} as const;

test("the same exit has the same id, and every part of it counts", () => {
  const ids = [
    identity,
    { ...identity, symbol: "ETHUSDT" },
    { ...identity, positionSide: "LONG" },
    { ...identity, openedAtMs: OPENED_MS + 1 },
    { ...identity, rule: "TIME_STOP" },
    { ...identity, n: 1 },
  ] as const;
  expect(exitIntentId({ ...identity })).toBe(exitIntentId(identity));
  expect(new Set(ids.map(exitIntentId)).size).toBe(ids.length);
});

test.each([
  ["a long is sold", LONG_POSITION, "SELL"],
  ["a short is bought back", SHORT_POSITION, "BUY"],
] as const)("the intent only reduces, and says so in full: %s", (_what, position, action) => {
  const intent = exitIntent({
    intentId: exitIntentId(identity),
    position,
    openedAtMs: OPENED_MS,
    rule: "HARD_STOP",
    nowMs: OPENED_MS + 5,
  });
  expect(isExit(intent)).toBe(true);
  expect(decodeIntent({ data: encodeIntent(intent) })).toEqual({ kind: "intent", intent });
  expect(intent).toMatchObject({
    action,
    reduce_only: true,
    position_side: "BOTH",
    quantity: "0.5",
    opened_at_ms: OPENED_MS,
    reason: "HARD_STOP",
    source: "exit-brain",
    ts_ms: OPENED_MS + 5,
  });
});
