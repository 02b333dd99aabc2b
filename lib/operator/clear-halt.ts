/**
 * Clears the halt, also without the emergency exit worker.
 *
 * 1. Only the halt that was read is cleared: the venue is asked for seconds, in which another panic may halt anew.
 * 2. A panic that came after the first look is not answered by the clearing: the worker runs it.
 */
import { readFileSync, rmSync } from "node:fs";
import { GROUPS } from "../contract/groups.ts";
import { clearedHalt } from "../contract/trading-state.ts";
import { haltFileStands } from "../daemon/halt-file.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { newestEntryId } from "../redis/newest-entry-id.ts";
import { listReply, UnexpectedReplyError } from "../redis/reply.ts";
import { encodeFields } from "../redis/stream-entry.ts";
import { transaction } from "../redis/transaction.ts";
import { auditCommand } from "./audit-command.ts";
import type { CommandContext } from "./command-context.ts";
import { readHalt } from "./read-safety.ts";
import { readGroups } from "./read-streams.ts";

type Source = Pick<CommandContext, "redis" | "keys" | "haltFile">;
type Context = Source &
  Pick<CommandContext, "instance" | "who"> & {
    readonly exchange: () => Pick<Exchange, "connect" | "positions">;
  };

export type HaltClearing =
  | { readonly kind: "cleared" }
  /** Cleared in Redis; the file stands, and so does the halt, until the worker has seen it. */
  | { readonly kind: "file_stands"; readonly why: string }
  | { readonly kind: "not_halted" }
  | { readonly kind: "refused"; readonly why: string };

const MEANWHILE = {
  kind: "refused",
  why: "a panic came in, or the halt changed, while it was being cleared: look at it first",
} as const;

/**
 * Refused while positions are open or unreadable, for what the panic left open would stand beside new entries, and while
 * a panic waits for the worker, unless forced; and always when another panic came meanwhile.
 */
export async function clearHalt(
  context: Context,
  by: { readonly why: string; readonly force: boolean },
): Promise<HaltClearing> {
  const { halted, readable } = await readHalt(context);
  if (!halted && !haltFileStands(context.haltFile)) return { kind: "not_halted" };
  if (!readable) {
    const why = `${context.keys.tradingState} is no hash: look at it, then DEL it with redis-cli`;
    return { kind: "refused", why };
  }
  const seen = await lookAt(context);
  const obstacle = by.force ? undefined : ((await unanswered(context)) ?? (await openPositions(context)));
  if (obstacle !== undefined) return { kind: "refused", why: obstacle };
  if (!(await writeCleared(context, by.why, seen))) return MEANWHILE;
  // A panic's file stands before Redis hears of it; the worker takes away its own once Redis is cleared.
  const file = fileText(context.haltFile);
  if (file !== undefined && file !== seen.file) return MEANWHILE;
  try {
    rmSync(context.haltFile, { force: true });
    return { kind: "cleared" };
  } catch (error) {
    return { kind: "file_stands", why: error instanceof Error ? error.message : String(error) };
  }
}

/** What tells one halt from another. */
interface HaltSight {
  readonly state: string;
  readonly file: string | undefined;
  readonly newestPanicId: string;
}

async function lookAt({ redis, keys, haltFile }: Source): Promise<HaltSight> {
  const state = await redis.command(["HMGET", keys.tradingState, "halted", "event_id", "ts"]);
  const newestPanicId = await newestEntryId(redis, keys.panicStream);
  return { state: JSON.stringify(listReply(state)), file: fileText(haltFile), newestPanicId };
}

/** Undefined when it is not there, or cannot be read: then it cannot be removed either, or names no panic. */
function fileText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** Why the halt should stay, or undefined when every panic has been answered, or there is no worker to answer one. */
async function unanswered({ redis, keys }: Source): Promise<string | undefined> {
  const groups = await readGroups(redis, keys.panicStream);
  const worker = groups.find(({ group }) => group === GROUPS.emergencyExitWorker);
  if (worker === undefined || (worker.pending === 0 && worker.lag === 0)) return undefined;
  return "a panic was called that the emergency exit worker has not answered yet; wait for its completion, or --force";
}

/** Why the halt should stay, or undefined when the venue says that nothing is open. */
async function openPositions(context: Context): Promise<string | undefined> {
  const exchange = context.exchange();
  const connected = await exchange.connect();
  const positions = connected.ok ? await exchange.positions() : connected;
  if (!positions.ok) return `positions are unreadable (${positions.outcome.message}); --force clears anyway`;
  if (positions.value.length === 0) return undefined;
  const symbols = positions.value.map((position) => position.symbol).join(", ");
  return `positions are open (${symbols}); close them first, or --force`;
}

/**
 * The hash and its audit entry as one; the file goes last, so that a failure leaves the halt standing. false: the halt is
 * another than was seen, and stands. Nothing else may be sent on the connection between WATCH and EXEC.
 */
async function writeCleared(context: Context, why: string, seen: HaltSight): Promise<boolean> {
  const { redis, keys, who } = context;
  await redis.command(["WATCH", keys.tradingState]);
  const now = await lookAt(context);
  if (JSON.stringify(now) !== JSON.stringify(seen)) {
    await redis.command(["UNWATCH"]);
    return false;
  }
  const atMs = redis.serverNowMs();
  try {
    await transaction(redis, [
      ["HSET", keys.tradingState, ...encodeFields(clearedHalt({ who, atMs, through: seen.newestPanicId }))],
      auditCommand(context, { atMs, what: `halt cleared: ${why}`, before: "halted", after: "cleared" }),
    ]);
    return true;
  } catch (error) {
    // EXEC gives no list when what is watched has been touched.
    if (error instanceof UnexpectedReplyError) return false;
    throw error;
  }
}
