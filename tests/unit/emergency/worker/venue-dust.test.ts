import { expect, test } from "bun:test";
import { Registry } from "prom-client";
import { keysOf } from "../../../../lib/contract/keys.ts";
import { createWorkerMetrics } from "../../../../lib/emergency/worker/metrics.ts";
import { VenueWatch, type VenueWatchParts } from "../../../../lib/emergency/worker/venue-watch.ts";
import { keptLog } from "../../../support/quiet-log.ts";
import { ETH_RULES } from "../../../support/symbol-rules.ts";
import { ok, position } from "./panic-run-stage.ts";

const facts = { fingerprint: "f", hedgeMode: false };

/** The gauge after each look at the venue, which has these quantities open one after the other. */
async function dustAfter(looks: readonly (readonly string[])[]): Promise<readonly number[]> {
  const stop = new AbortController();
  const shown: number[] = [];
  let nowMs = 0;
  let reads = 0;
  const exchange: VenueWatchParts["exchange"] = {
    mode: "PAPER",
    account: () => undefined,
    ...{ connect: async () => ok(facts), probe: async () => ok(facts) },
    ...{ refreshRules: async () => ok(1), syncClock: async () => ok({ offsetMs: 0, errorMs: 1 }) },
    premiumIndex: async () => ok([]),
    positions: async () => ok((looks[reads++] ?? []).map((quantity) => ({ ...position, quantity }))),
    rules: (symbol) => (symbol === "ETHUSDT" ? ETH_RULES : undefined),
  };
  const registry = new Registry();
  const never = () => 0;
  createWorkerMetrics(
    registry,
    {
      ...{
        halted: () => false,
        runningSinceMs: () => undefined,
        waitingForRedis: never,
        unwritten: never,
        nowMs: never,
      },
      dustPositions: () => watch.dustPositions(),
    },
    () => {},
  );
  const watch = new VenueWatch({
    ...{ exchange, firstContact: Promise.resolve(ok(facts)), keys: keysOf(""), log: keptLog() },
    redis: {
      state: { kind: "connecting", sinceMs: 0, lastError: undefined, refusal: undefined },
      command: async () => null,
    },
    clock: {
      ...{ nowMs: () => nowMs, monotonicMs: () => nowMs },
      sleep: async (ms) => {
        nowMs += ms;
        if (shown.length === reads) return;
        const [value] =
          (await registry.getSingleMetric("quantum_emergency_dust_positions")?.get())?.values ?? [];
        shown.push(value?.value ?? Number.NaN);
        if (reads === looks.length) stop.abort();
      },
    },
    ...{ observe: { probed: () => {} }, panicRuns: () => false },
  });
  await watch.run(stop.signal);
  return shown;
}

test("a position under the venue's smallest order is counted, either way, and no more once it is gone or grown", async () => {
  const looks = [["1", "0.001"], ["1", "0.0004"], ["-0.0004", "0.0009"], ["0.0014"], []];
  expect(await dustAfter(looks)).toEqual([0, 1, 2, 0, 0]);
});
