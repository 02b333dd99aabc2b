import { tradingStateSchema } from "../contract/trading-state.ts";
import { integerReply, listReply, recordReply } from "../redis/reply.ts";
import type { CommandContext } from "./command-context.ts";

type Source = Pick<CommandContext, "redis" | "keys">;

/** A stored string, undefined when absent, `(unreadable)` where the key holds something else. */
export async function readText(
  { redis }: { readonly redis: Pick<CommandContext["redis"], "command"> },
  key: string,
): Promise<string | undefined> {
  const type = await redis.command(["TYPE", key]);
  if (type === "none") return undefined;
  return type === "string" ? String(await redis.command(["GET", key])) : "(unreadable)";
}

/** Safe mode as the admission sees it: anything but absent or "0" is on. `ttl_sec` null: until cleared. */
export async function readSafeMode(source: Source) {
  const value = await readText(source, source.keys.safeMode);
  const on = value !== undefined && value !== "0";
  const ttlMs = integerReply(await source.redis.command(["PTTL", source.keys.safeMode]));
  return { on, ttl_sec: on && ttlMs >= 0 ? Math.ceil(ttlMs / 1000) : null };
}

/** The halt as those who obey it see it: unreadable is halted, absent is not. */
export async function readHalt(source: Source) {
  const type = await source.redis.command(["TYPE", source.keys.tradingState]);
  if (type === "none") return { halted: false, readable: true, state: undefined } as const;
  if (type !== "hash") return { halted: true, readable: false, state: undefined } as const;
  const fields = recordReply(await source.redis.command(["HGETALL", source.keys.tradingState]));
  const state = tradingStateSchema.safeParse({ halted: "false", ...fields });
  return { halted: fields["halted"] === "true", readable: true, state: state.data } as const;
}

/** Keys of a pattern, by SCAN: never blocks Redis. Bounded: the contract has few role keys. */
export async function scanKeys(
  { redis }: Pick<CommandContext, "redis">,
  prefix: string,
): Promise<readonly string[]> {
  const found = new Set<string>();
  let cursor = "0";
  do {
    const pattern = `${prefix.replaceAll(/[\\*?[\]]/g, "\\$&")}*`;
    const [next, keys] = listReply(await redis.command(["SCAN", cursor, "MATCH", pattern, "COUNT", "1000"]));
    for (const key of listReply(keys)) found.add(String(key));
    cursor = String(next);
  } while (cursor !== "0");
  return [...found].sort();
}
