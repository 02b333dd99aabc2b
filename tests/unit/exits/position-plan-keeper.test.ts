import { expect, test } from "bun:test";
import { BRAIN_KEYS, brainOf, RULES } from "./brain-fixtures.ts";
import { OPENED_MS } from "./exit-fixtures.ts";

test("a plan that was left behind is closed as of the reading since which its position is known to be gone", async () => {
  const world = {
    ...{ ms: 0, list: { ok: true as const, value: [] }, mark: "100", rules: RULES },
    redis: ([name]: readonly string[]) =>
      name === "SCAN" ? ["0", [`${BRAIN_KEYS.positionPlanPrefix}BTCUSDT`]] : [],
  };
  const brain = brainOf(world);
  const closeLeftBehind = async () => {
    const view = brain.book.view();
    return view !== undefined && (await brain.plans.closeLeftBehind(view));
  };
  await brain.cycle(1000);
  expect(await closeLeftBehind()).toBe(false);
  await brain.cycle(3000);
  expect(await closeLeftBehind()).toBe(true);
  await brain.cycle(4000);
  // The reading at 1000, less the skew of the clock: what filled later may not be in it.
  const seenAtMs = OPENED_MS + 999;
  expect(brain.closed).toEqual([{ key: "BTCUSDT", symbol: "BTCUSDT", closedAtMs: seenAtMs, seenAtMs }]);
});
