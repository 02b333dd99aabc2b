import type { Keys } from "../../lib/contract/keys.ts";
import { LIFETIMES_SEC } from "../../lib/contract/lifetimes.ts";
import type { RedisEye } from "../stack/redis-process.ts";
import { SHORT_LIVED } from "./key-causes.ts";

/** Keys by family, and how many of them never expire. */
export interface KeyCensus {
  readonly byFamily: ReadonlyMap<string, number>;
  readonly lasting: number;
}

const DAY_SEC = Math.min(LIFETIMES_SEC.intentDedup, LIFETIMES_SEC.orderLedger);

/**
 * Counts every key. Whatever was given up to a day to live gets `daySec` at most, so that a run sees as many
 * days as it has of those: only keys that the product itself lets expire are touched, none is given a new end
 * that had none.
 */
export async function takeCensus(eye: RedisEye, keys: Keys, daySec: number): Promise<KeyCensus> {
  const byFamily = new Map<string, number>();
  let lasting = 0;
  let cursor = "0";
  do {
    const reply = await eye.command("SCAN", cursor, "COUNT", "1000");
    const [next, page] = Array.isArray(reply) ? reply : ["0", []];
    const names: string[] = Array.isArray(page) ? page.map(String) : [];
    const ttls = await Promise.all(names.map(async (name) => Number(await eye.command("PTTL", name))));
    const shortened: Promise<unknown>[] = [];
    for (const [at, name] of names.entries()) {
      const ttlMs = ttls[at] ?? -2;
      const family = familyOf(name, keys);
      byFamily.set(family, (byFamily.get(family) ?? 0) + 1);
      if (ttlMs === -1) lasting += 1;
      if (SHORT_LIVED.has(family) && ttlMs > daySec * 1000 && ttlMs <= DAY_SEC * 1000)
        shortened.push(eye.command("PEXPIRE", name, String(daySec * 1000)));
    }
    await Promise.all(shortened);
    cursor = String(next);
  } while (cursor !== "0");
  return { byFamily, lasting };
}

type Families = readonly (readonly [string, ...string[]])[];

/** Families by their prefixes, apart from the three that share one. */
const familiesOf = (keys: Keys): Families => [
  ["rate counters", keys.rateGlobalPrefix, keys.rateSymbolPrefix, keys.rateSymbolsPrefix],
  ["rate windows", keys.windowGlobal, keys.windowSymbolPrefix],
  ["gates", keys.gateLastTradePrefix, keys.gateTrades, keys.gateInFlight],
  ["plans", keys.positionPlanPrefix],
];

function familyOf(name: string, keys: Keys): string {
  if (name.startsWith(keys.orderLedgerPrefix)) return "order ledger";
  if (name.startsWith(keys.messageDedupPrefix)) {
    return name.includes("||") ? "dedup by message" : "dedup by intent";
  }
  const found = familiesOf(keys).find(([, ...prefixes]) =>
    prefixes.some((prefix) => name.startsWith(prefix)),
  );
  return found?.[0] ?? "single keys";
}
