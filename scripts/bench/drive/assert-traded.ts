import { decodeResult } from "../../../lib/contract/execution-result.ts";
import type { Keys } from "../../../lib/contract/keys.ts";
import { readStream } from "../../stack/read-pipeline.ts";
import type { RedisEye } from "../../stack/redis-process.ts";

/** Of the intents that should trade, how many must have for a figure to be one. */
const TRADED_SHARE_MIN = 0.9;

/** Throws with the reasons of what did not trade when that is more than a few. */
export async function assertTraded(eye: RedisEye, keys: Keys): Promise<void> {
  const results = (await readStream(eye, keys.resultStream)).map(({ fields }) => decodeResult(fields));
  const failed = results.filter(({ status }) => status !== "filled" && status !== "partial");
  if (failed.length <= (1 - TRADED_SHARE_MIN) * results.length) return;
  const reasons = [...new Set(failed.map(({ status, reason }) => `${status} ${reason ?? ""}`))];
  throw new Error(`${failed.length} of ${results.length} did not trade: ${reasons.join(", ")}`);
}
