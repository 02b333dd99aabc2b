import { EXIT_CODES } from "../contract/exit-codes.ts";
import type { Keys } from "../contract/keys.ts";
import type { TradingMode } from "../contract/trading-mode.ts";
import { ProcessExit } from "../daemon/process-exit.ts";
import type { RedisCommands } from "../redis/connection.ts";
import { optionalTextReply } from "../redis/reply.ts";

/**
 * Compares our mode and account with what the first execution recorded; what is absent is no fault. Throws
 * ProcessExit 78 when they differ: closing another account's positions helps nobody. Rejects with Redis errors.
 */
export async function compareMode(
  redis: Pick<RedisCommands, "command">,
  keys: Keys,
  own: { readonly mode: TradingMode; readonly account: string },
): Promise<void> {
  const [mode, account] = await Promise.all(
    [keys.mode, keys.modeAccount].map(async (key) => optionalTextReply(await redis.command(["GET", key]))),
  );
  if ((mode ?? own.mode) === own.mode && (account ?? own.account) === own.account) return;
  throw new ProcessExit(
    EXIT_CODES.configuration,
    `this Redis belongs to mode ${mode ?? "(none)"} and account ${account ?? "(none)"}; ` +
      `this process is configured for ${own.mode} and account ${own.account}`,
    { hint: `use the Redis of that account, or delete ${keys.mode} and ${keys.modeAccount} on purpose` },
  );
}
