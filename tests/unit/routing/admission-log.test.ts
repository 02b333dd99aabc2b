import { expect, test } from "bun:test";
import type { AdmissionReason } from "../../../lib/contract/reasons.ts";
import type { AdmissionLimits, AdmissionRequest, AdmissionVerdict } from "../../../lib/kernel/admit.ts";
import { kernelLimitsLine, verdictLine } from "../../../lib/routing/admission-log.ts";

const LIMITS: AdmissionLimits = {
  ...{ windowSec: 10, globalMax: 20, symbolMax: 5, cooldownSec: 300, window: "sliding" },
  ...{ dailyMax: 200, backlogMax: 1000, routerPid: 1 },
};
const REQUEST: AdmissionRequest = {
  ...{ id: "1-1", kind: "entry", symbol: "BTCUSDT", side: "BUY", correlationId: "c", traceId: "t" },
  ...{ intentId: "i", document: "{}" },
};
const denied = (reason: AdmissionReason): AdmissionVerdict => ({ kind: "DENIED", reason, counts: undefined });

test("the line at start is the one that operators grep for", () => {
  expect(kernelLimitsLine(LIMITS).message).toBe(
    "[SAFETY] Safety Kernel initialized | window=10s global_max=20 symbol_max=5 cooldown=300s",
  );
});

test("a trip is an error with both counts against their limits", () => {
  const verdict = {
    kind: "DENIED",
    reason: "SYMBOL_RATE_EXCEEDED",
    counts: { global: 7, symbol: 6 },
  } as const;
  expect(verdictLine(LIMITS, REQUEST, verdict)).toMatchObject({
    level: "error",
    message:
      "[SAFETY] CIRCUIT BREAKER TRIPPED | reason=SYMBOL_RATE_EXCEEDED symbol=BTCUSDT side=BUY | " +
      "global=7/20 symbol=6/5 | SAFE_MODE=ON for 300s | corr=c",
  });
});

test.each([
  ["KILL_SWITCH", "warn", "[SAFETY] BLOCKED | reason=KILL_SWITCH BTCUSDT BUY | corr=c"],
  ["TRADING_HALTED", "warn", "[SAFETY] BLOCKED | reason=TRADING_HALTED BTCUSDT BUY | corr=c"],
  ["SAFE_MODE_ENABLED", "info", "[SAFETY] BLOCKED | reason=SAFE_MODE_ENABLED BTCUSDT BUY | corr=c"],
  ["BACKLOG_FULL", "warn", "[SAFETY] BLOCKED | reason=BACKLOG_FULL BTCUSDT BUY | corr=c"],
  ["EXPIRED", "info", "[SAFETY] BLOCKED | reason=EXPIRED BTCUSDT BUY | corr=c"],
  ["DUPLICATE", "info", "DUPLICATE_SKIP"],
  ["DAILY_LIMIT_REACHED", "warn", "DAILY_COUNT limit reached | max=200"],
] as const)("%s is said as %s: %s", (reason, level, message) => {
  expect(verdictLine(LIMITS, REQUEST, denied(reason))).toMatchObject({ level, message, fields: { reason } });
});

test("INVALID names what is invalid", () => {
  const { id, symbol, side, correlationId, traceId } = REQUEST;
  const ids = { id, symbol, side, correlationId, traceId };
  const request: AdmissionRequest = { ...ids, kind: "INVALID", detail: "SYMBOL_MISSING" };
  expect(verdictLine(LIMITS, request, denied("INVALID"))).toMatchObject({
    message: "INVALID",
    fields: { detail: "SYMBOL_MISSING", trace_id: "t" },
  });
});
