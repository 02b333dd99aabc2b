import { expect, test } from "bun:test";
import { createFaultInjector } from "../../../lib/paper/faults/fault-injector.ts";
import { faultScriptSchema } from "../../../lib/paper/faults/fault-script.ts";

const script = (...rules: object[]) => faultScriptSchema.parse({ seed: "7", rules });
const request = (method: string, path: string, params: Record<string, string> = {}) => ({
  method,
  path,
  params: new Map(Object.entries(params)),
});
const ORDER = request("POST", "/fapi/v1/order", { symbol: "BTCUSDT", side: "SELL" });

test.each([
  ["its method", { method: "POST" }, true],
  ["another method", { method: "GET" }, false],
  ["its path", { path: "/fapi/v1/order" }, true],
  ["a path that only begins so", { path: "/fapi/v1/ord" }, false],
  ["a prefix", { path: "/fapi/*" }, true],
  ["its symbol", { symbol: "BTCUSDT" }, true],
  ["another symbol", { symbol: "ETHUSDT" }, false],
  ["a parameter's value", { params: { side: "SELL" } }, true],
  ["a parameter's other value", { params: { side: "BUY" } }, false],
  ["a parameter it does not have", { params: { reduceOnly: "true" } }, false],
  ["nothing in particular", {}, true],
])("a rule for %s", (_, match, fires) => {
  const faults = createFaultInjector(script({ match, effect: { kind: "lost_reply" } }));
  expect(faults.planFor(ORDER).disruption !== undefined).toBe(fires);
});

test("a rule lets the first ones pass and fires only so often", () => {
  const faults = createFaultInjector(script({ after: 2, count: 3, effect: { kind: "lost_reply" } }));
  const fired = Array.from({ length: 8 }, () => faults.planFor(ORDER).disruption !== undefined);
  expect(fired).toEqual([false, false, true, true, true, false, false, false]);
  expect(faults.report()[0]).toMatchObject({ matched: 8, fired: 3 });
});

test("the first disruption wins; latency, partial fill and clock skew go with it", () => {
  const faults = createFaultInjector(
    script(
      { effect: { kind: "latency", ms: 5 } },
      { effect: { kind: "lost_request" } },
      { effect: { kind: "garbage" } },
      { effect: { kind: "latency", ms: 7, when: "after" } },
      { effect: { kind: "partial_fill", fraction: 0.5 } },
      { effect: { kind: "clock_skew", ms: -250 } },
    ),
  );
  expect(faults.planFor(ORDER)).toEqual({
    delayBeforeMs: 5,
    delayAfterMs: 7,
    clockSkewMs: -250,
    fillFraction: 0.5,
    disruption: { kind: "lost_request" },
  });
});

test("a probability is drawn from the script's seed: the same again, and about as often", () => {
  const rule = { probability: 0.3, effect: { kind: "lost_reply" } };
  const draw = () => {
    const faults = createFaultInjector(script(rule));
    return Array.from({ length: 1000 }, () => faults.planFor(ORDER).disruption !== undefined);
  };
  const one = draw();
  expect(draw()).toEqual(one);
  const count = one.filter(Boolean).length;
  expect(count).toBeGreaterThan(240);
  expect(count).toBeLessThan(360);
});

test("requests a rule does not match do not shift what it draws", () => {
  const rule = { match: { method: "POST" }, probability: 0.5, effect: { kind: "lost_reply" } };
  const quiet = createFaultInjector(script(rule));
  const busy = createFaultInjector(script(rule));
  for (let count = 0; count < 50; count += 1) {
    busy.planFor(request("GET", "/fapi/v1/time"));
    expect(busy.planFor(ORDER)).toEqual(quiet.planFor(ORDER));
  }
});

test.each([
  ["an unknown effect", { effect: { kind: "meteor" } }],
  ["a misspelt field", { efect: { kind: "lost_reply" } }],
  ["a probability above one", { probability: 2, effect: { kind: "lost_reply" } }],
  ["a fraction above one", { effect: { kind: "partial_fill", fraction: 1.5 } }],
  ["a success status", { effect: { kind: "http", status: 200 } }],
  ["a positive venue code", { effect: { kind: "error", code: 1000 } }],
])("a script with %s is refused", (_, rule) => {
  expect(faultScriptSchema.safeParse({ rules: [rule] }).success).toBe(false);
});
