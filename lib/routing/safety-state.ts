import { type FaultEvent, faultEventSchema } from "../contract/fault-event.ts";
import type { Keys } from "../contract/keys.ts";
import type { AdmissionLimits } from "../kernel/admit.ts";
import type { FunctionCaller } from "../kernel/function-call.ts";

type Redis = Pick<FunctionCaller, "command" | "serverNowMs">;

/** A stored string or, where the key holds something else, a word that no valid value equals. */
async function readText(redis: Redis, key: string): Promise<string | undefined> {
  const type = String(await redis.command(["TYPE", key]));
  if (type === "none") return undefined;
  return type === "string" ? String(await redis.command(["GET", key])) : "(unreadable)";
}

/** Safe mode as the admission sees it: on is anything but absent or "0". `ttl_sec` null: until cleared. */
export async function readSafeMode(redis: Redis, keys: Keys) {
  const value = await readText(redis, keys.safeMode);
  const ttlMs = Number(await redis.command(["PTTL", keys.safeMode]));
  const on = value !== undefined && value !== "0";
  return { on, ttl_sec: on && ttlMs >= 0 ? Math.ceil(ttlMs / 1000) : null };
}

/** The kill switch as the admission sees it: only exactly "0" is armed. */
export async function readKill(redis: Redis, keys: Keys) {
  const value = await readText(redis, keys.kill);
  return { engaged: value !== "0", value: value ?? null };
}

/** Admissions inside the window that ends now, and the busiest symbols of the current bucket. */
export async function readRates(redis: Redis, keys: Keys, limits: AdmissionLimits) {
  const nowMs = redis.serverNowMs();
  const bucket = Math.floor(nowMs / 1000 / limits.windowSec);
  const times = await listOf(redis.command(["LRANGE", keys.windowGlobal, "0", String(limits.globalMax)]));
  const top = await listOf(
    redis.command(["ZREVRANGE", `${keys.rateSymbolsPrefix}${bucket}`, "0", "4", "WITHSCORES"]),
  );
  const symbols: { symbol: string; count: number }[] = [];
  for (let at = 0; at + 1 < top.length; at += 2) {
    symbols.push({ symbol: top[at] ?? "", count: Number(top[at + 1]) });
  }
  return {
    window_sec: limits.windowSec,
    global: {
      count: times.filter((time) => nowMs - Number(time) < limits.windowSec * 1000).length,
      max: limits.globalMax,
      bucket: Number((await readText(redis, `${keys.rateGlobalPrefix}${bucket}`)) ?? 0),
    },
    symbols: { max: limits.symbolMax, top: symbols },
  };
}

/** The daily limit and what is used of it, by the server's UTC day. */
export async function readGovernor(redis: Redis, keys: Keys, limits: AdmissionLimits) {
  const day = new Date(redis.serverNowMs()).toISOString().slice(0, 10).replaceAll("-", "");
  const used = Number((await readText(redis, `${keys.dailyTradesPrefix}${day}`)) ?? 0);
  return { day, used, max: limits.dailyMax, left: Math.max(0, limits.dailyMax - used) };
}

/** The newest fault events, newest first; one that does not parse is left out and counted. */
export async function readFaults(redis: Redis, keys: Keys, count: number) {
  const reply = await redis.command(["XREVRANGE", keys.faultStream, "+", "-", "COUNT", String(count)]);
  const faults: (FaultEvent & { id: string })[] = [];
  let unreadable = 0;
  for (const entry of Array.isArray(reply) ? reply : []) {
    const [id, flat] = Array.isArray(entry) ? entry : [];
    const fields = Array.isArray(flat) ? flat.map(String) : [];
    const pairs = fields.flatMap((name, at) => (at % 2 === 0 ? [[name, fields[at + 1] ?? ""]] : []));
    const event = faultEventSchema.safeParse(Object.fromEntries(pairs));
    if (event.success) faults.push({ id: String(id), ...event.data });
    else unreadable += 1;
  }
  return { faults, unreadable };
}

async function listOf(reply: Promise<unknown>): Promise<readonly string[]> {
  const list = await reply;
  return Array.isArray(list) ? list.map(String) : [];
}
