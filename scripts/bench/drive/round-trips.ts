import { GROUPS } from "../../../lib/contract/groups.ts";
import type { Keys } from "../../../lib/contract/keys.ts";
import { LIFETIMES_SEC } from "../../../lib/contract/lifetimes.ts";
import type { AdmissionRequest } from "../../../lib/kernel/admit.ts";
import { OPEN_LIMITS } from "./pending-decisions.ts";

interface Commands {
  command(args: readonly string[]): Promise<unknown>;
}

const DAY = "20240101";

/**
 * The checks of an admission as a router without server-side functions makes them: eight round trips, each
 * decided on before the next (a counter and its lifetime share one). Fewer checks than admit_v1 makes, and
 * not atomic: a crash between two of them loses or doubles an intent.
 */
export async function admitByRoundTrips(
  redis: Commands,
  keys: Keys,
  request: AdmissionRequest,
): Promise<boolean> {
  if (request.kind !== "entry") return false;
  const once = ["NX", "EX"] as const;
  if ((await redis.command(["GET", keys.safeMode])) === "1") return false;
  const message = `${keys.messageDedupPrefix}${request.correlationId}||${request.traceId}||${request.id}`;
  if ((await redis.command(["SET", message, "1", ...once, String(LIFETIMES_SEC.messageDedup)])) === null) {
    return false;
  }
  const intent = `${keys.intentDedupPrefix}${request.intentId}`;
  if ((await redis.command(["SET", intent, "1", ...once, String(LIFETIMES_SEC.intentDedup)])) === null) {
    return false;
  }
  const bucket = Math.floor(Date.now() / 1000 / OPEN_LIMITS.windowSec);
  const globalCount = await countInBucket(redis, `${keys.rateGlobalPrefix}${bucket}`);
  if (globalCount > OPEN_LIMITS.globalMax) return false;
  const symbolCount = await countInBucket(redis, `${keys.rateSymbolPrefix}${request.symbol}:${bucket}`);
  if (symbolCount > OPEN_LIMITS.symbolMax) return false;
  const today = Number(await redis.command(["INCR", `${keys.dailyTradesPrefix}${DAY}`]));
  if (today > OPEN_LIMITS.dailyMax) return false;
  await redis.command(["XADD", keys.intentStream, "*", "data", request.document]);
  await redis.command(["XACK", keys.decisionStream, GROUPS.router, request.id]);
  return true;
}

async function countInBucket(redis: Commands, key: string): Promise<number> {
  const lifetimeSec = String(OPEN_LIMITS.windowSec + LIFETIMES_SEC.rateSlack);
  const [count] = await Promise.all([
    redis.command(["INCR", key]),
    redis.command(["EXPIRE", key, lifetimeSec]),
  ]);
  return Number(count);
}
