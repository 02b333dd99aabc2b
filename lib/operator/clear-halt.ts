import { rmSync } from "node:fs";
import { clearedHalt } from "../contract/trading-state.ts";
import { haltFileStands } from "../daemon/halt-file.ts";
import { newestEntryId } from "../redis/newest-entry-id.ts";
import { encodeFields } from "../redis/stream-entry.ts";
import { transaction } from "../redis/transaction.ts";
import { auditCommand } from "./audit-command.ts";
import type { CommandContext } from "./command-context.ts";
import { readHalt } from "./read-safety.ts";

export type HaltClearing =
  | { readonly kind: "cleared" }
  /** Cleared in Redis; the file stands, and so does the halt, until the worker has seen it. */
  | { readonly kind: "file_stands"; readonly why: string }
  | { readonly kind: "not_halted" }
  | { readonly kind: "refused"; readonly why: string };

/**
 * Clears the halt, also without the emergency exit worker. Refused while positions are open or unreadable,
 * unless forced: what the panic left open would stand beside new entries.
 */
export async function clearHalt(
  context: CommandContext,
  by: { readonly why: string; readonly force: boolean },
): Promise<HaltClearing> {
  const before = await readHalt(context);
  if (!before.halted && !haltFileStands(context.haltFile)) return { kind: "not_halted" };
  const obstacle = by.force ? undefined : await openPositions(context);
  if (obstacle !== undefined) return { kind: "refused", why: obstacle };
  if (!before.readable) {
    const why = `${context.keys.tradingState} is no hash: look at it, then DEL it with redis-cli`;
    return { kind: "refused", why };
  }
  await writeCleared(context, by.why);
  try {
    rmSync(context.haltFile, { force: true });
    return { kind: "cleared" };
  } catch (error) {
    return { kind: "file_stands", why: error instanceof Error ? error.message : String(error) };
  }
}

/** Why the halt should stay, or undefined when the venue says that nothing is open. */
async function openPositions(context: CommandContext): Promise<string | undefined> {
  const exchange = context.exchange();
  const connected = await exchange.connect();
  const positions = connected.ok ? await exchange.positions() : connected;
  if (!positions.ok) return `positions are unreadable (${positions.outcome.message}); --force clears anyway`;
  if (positions.value.length === 0) return undefined;
  const symbols = positions.value.map((position) => position.symbol).join(", ");
  return `positions are open (${symbols}); close them first, or --force`;
}

/** The hash and its audit entry as one; the file goes last, so that a failure leaves the halt standing. */
async function writeCleared(context: CommandContext, why: string): Promise<void> {
  const { redis, keys, who } = context;
  const through = await newestEntryId(redis, keys.panicStream);
  const atMs = redis.serverNowMs();
  await transaction(redis, [
    ["HSET", keys.tradingState, ...encodeFields(clearedHalt({ who, atMs, through }))],
    auditCommand(context, { atMs, what: `halt cleared: ${why}`, before: "halted", after: "cleared" }),
  ]);
}
