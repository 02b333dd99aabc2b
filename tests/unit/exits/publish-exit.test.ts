import { expect, test } from "bun:test";
import { keysOf } from "../../../lib/contract/keys.ts";
import type { ExitAttempt } from "../../../lib/exits/decide-attempt.ts";
import { publishExit } from "../../../lib/exits/publish-exit.ts";
import { RedisUnavailableError } from "../../../lib/redis/redis-errors.ts";
import { keptLog } from "../../support/quiet-log.ts";
import { LONG_POSITION, OPENED_MS } from "./exit-fixtures.ts";

test("where the ledger cannot be asked it is asked again: nobody knows how far an earlier process came", async () => {
  const attempt: ExitAttempt = {
    ...{ openedAtMs: OPENED_MS, rule: "HARD_STOP", n: 0, intentId: "i", handover: "due", takenUp: false },
    ...{ sentAtMs: 1, endedAtMs: null, progressAtMs: 1, quantity: "0.5" },
  };
  const command = () => Promise.reject(new RedisUnavailableError("down"));
  const redis = { command, deadlineMs: 500, serverNowMs: () => 1 };
  const parts = { redis, keys: keysOf(""), log: keptLog() };
  const after = await publishExit(parts, { position: LONG_POSITION, attempt, nowMs: OPENED_MS });
  expect(after).toMatchObject({ handover: "refused", takenUp: false });
});
