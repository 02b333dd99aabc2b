import { expect, test } from "bun:test";
import { Registry } from "prom-client";
import { keysOf } from "../../../lib/contract/keys.ts";
import { systemClock } from "../../../lib/daemon/clock.ts";
import { RedisReplyError } from "../../../lib/redis/redis-errors.ts";
import { createCollectors } from "../../../lib/telemetry/collectors.ts";
import { createMetricBoard } from "../../../lib/telemetry/metric-board.ts";
import { createSampler } from "../../../lib/telemetry/sampler.ts";
import { KERNEL_LIMITS } from "../../support/kernel-limits.ts";
import { keptLog } from "../../support/quiet-log.ts";

test("a server that is connected and refuses to be read is not taken for one that is up", async () => {
  const board = createMetricBoard(new Registry());
  const sampler = createSampler({
    ...{ keys: keysOf(""), board, clock: systemClock, log: keptLog() },
    limits: KERNEL_LIMITS,
    collectors: createCollectors(board, systemClock.monotonicMs),
    redis: {
      state: { kind: "ready", sinceMs: 0, lastError: undefined, refusal: undefined },
      serverNowMs: () => 0,
      command: () => Promise.reject(new RedisReplyError("LOADING Redis is loading the dataset in memory")),
    },
  });
  expect(await sampler.sample()).toBe(false);
  expect([sampler.refused, sampler.errors, sampler.lastGoodMs]).toEqual([true, 1, 0]);
});
