import { GROUPS } from "../../../lib/contract/groups.ts";
import type { Keys } from "../../../lib/contract/keys.ts";
import { entryTimeMs } from "../../../lib/redis/entry-time.ts";
import { waitFor } from "../../stack/wait-for.ts";
import type { BenchRedis } from "../workbench.ts";
import { encodeCommand } from "./raw-redis.ts";

const QUEUED_IN_FLIGHT = 512;

/**
 * Lets all of `entries` appear on the decision stream at one instant and returns how many a second whoever
 * reads it turned into intents: from the ids of the first and the last of them, which are the server's clock.
 * Throws unless every one became an intent and was acknowledged.
 */
export async function drainRate(
  redis: Pick<BenchRedis, "eye" | "raw">,
  keys: Keys,
  entries: readonly (readonly string[])[],
): Promise<number> {
  const before = await newestId(redis, keys);
  const length = async () => Number(await redis.eye.command("XLEN", keys.intentStream));
  const total = (await length()) + entries.length;
  const appends = entries.map((fields) => encodeCommand(["XADD", keys.decisionStream, "*", ...fields]));
  const atOnce = [encodeCommand(["MULTI"]), ...appends, encodeCommand(["EXEC"])];
  await redis.raw.drive(atOnce, QUEUED_IN_FLIGHT);
  // Seldom enough to cost the server nothing.
  const patience = { timeoutMs: 30_000, everyMs: 50 };
  await waitFor("every decision is an intent", async () => (await length()) === total, patience);
  await waitFor("every decision is acknowledged", () => nothingPending(redis, keys), patience);
  const first = await redis.eye.command("XRANGE", keys.intentStream, `(${before}`, "+", "COUNT", "1");
  const elapsedMs = entryTimeMs(await newestId(redis, keys)) - entryTimeMs(idOf(first));
  return (entries.length / elapsedMs) * 1000;
}

async function nothingPending(redis: Pick<BenchRedis, "eye">, keys: Keys): Promise<boolean> {
  const reply = await redis.eye.command("XPENDING", keys.decisionStream, GROUPS.router);
  return Array.isArray(reply) && Number(reply[0]) === 0;
}

/** "0-0" on an empty stream. */
async function newestId(redis: Pick<BenchRedis, "eye">, keys: Keys): Promise<string> {
  return idOf(await redis.eye.command("XREVRANGE", keys.intentStream, "+", "-", "COUNT", "1"));
}

function idOf(reply: unknown): string {
  const [entry] = Array.isArray(reply) ? reply : [];
  return Array.isArray(entry) ? String(entry[0]) : "0-0";
}
