import { streamRetentions } from "../contract/groups.ts";
import { heartbeatSchema } from "../contract/heartbeat.ts";
import { deadLetterStreamOf } from "../contract/keys.ts";
import { positionPlanSchema } from "../contract/position-plan.ts";
import { haltFileStands } from "../daemon/halt-file.ts";
import { entryTimeMs } from "../redis/entry-time.ts";
import { RedisReplyError } from "../redis/redis-errors.ts";
import { integerReply, listReply, optionalTextReply, type RedisReply, recordReply } from "../redis/reply.ts";
import type { CommandContext } from "./command-context.ts";
import { readRoles } from "./read-roles.ts";
import { readHalt, readSafeMode, readText, scanKeys } from "./read-safety.ts";
import { newestEntries, readGroups } from "./read-streams.ts";

/** The whole system as Redis has it. */
export async function readStatus(context: CommandContext) {
  const [trading, rates, orders, groups, heartbeat, watchdog, plans, roles, drill] = await Promise.all([
    readTrading(context),
    readRates(context),
    readOrders(context),
    readLag(context),
    readHeartbeat(context),
    readField(context, context.keys.watchdogState, "state"),
    readPlans(context),
    readRoles(context),
    readField(context, context.keys.drillLast, "ts"),
  ]);
  const intents = groups.find((one) => one.stream === context.keys.intentStream);
  const lag = intents?.lag ?? null;
  const backlog = intents === undefined || lag === null ? null : lag + intents.pending;
  const drill_age_ms = drill === null ? null : Math.max(0, context.redis.serverNowMs() - Number(drill));
  return {
    ...{
      ...trading,
      rates,
      ...orders,
      backlog,
      backlog_max: context.limits.backlogMax,
      groups,
      heartbeat,
      watchdog,
      drill_age_ms,
    },
    ...{ plans, venue_positions: null as readonly VenuePosition[] | string | null, roles },
  };
}
export type Status = Awaited<ReturnType<typeof readStatus>>;

/** A position as the venue says it is. */
export interface VenuePosition {
  readonly symbol: string;
  readonly position_side: string;
  readonly quantity: string;
  readonly entry_price: string;
  /** null: the venue's own word cannot be read. */
  readonly mark_price: string | null;
  readonly unrealised_pnl_usd: string | null;
}

/** Open positions by the venue, or in words why it does not say. */
export async function readVenuePositions(
  context: CommandContext,
): Promise<readonly VenuePosition[] | string> {
  const exchange = context.exchange();
  const connected = await exchange.connect();
  const reading = connected.ok ? await exchange.positions() : connected;
  if (!reading.ok) return reading.outcome.message;
  return reading.value.map((one) => ({
    ...{ symbol: one.symbol, position_side: one.positionSide, quantity: one.quantity },
    ...{ entry_price: one.entryPrice, mark_price: one.markPrice, unrealised_pnl_usd: one.unrealisedPnlUsd },
  }));
}

async function readTrading(context: CommandContext) {
  const [kill, halt, safeMode, mode, account] = await Promise.all([
    readText(context, context.keys.kill),
    readHalt(context),
    readSafeMode(context),
    readText(context, context.keys.mode),
    readText(context, context.keys.modeAccount),
  ]);
  const haltFile = haltFileStands(context.haltFile);
  return {
    mode: mode ?? null,
    account: account ?? null,
    armed: kill === "0",
    halted: halt.halted || haltFile,
    halt_reason: halt.halted ? (halt.state?.reason ?? null) : null,
    halt_file: haltFile,
    safe_mode: safeMode,
  };
}

/** What was admitted inside the window that ends now, by symbol in the current bucket, and today. */
async function readRates({ redis, keys, limits }: CommandContext) {
  const nowMs = redis.serverNowMs();
  const bucket = Math.floor(nowMs / 1000 / limits.windowSec);
  const day = new Date(nowMs).toISOString().slice(0, 10).replaceAll("-", "");
  const [window, ranking, used] = await Promise.all([
    redis.command(["LRANGE", keys.windowGlobal, "0", String(limits.globalMax)]).catch(() => null),
    redis
      .command(["ZREVRANGE", `${keys.rateSymbolsPrefix}${bucket}`, "0", "4", "WITHSCORES"])
      .catch(() => null),
    readText({ redis }, `${keys.dailyTradesPrefix}${day}`),
  ]);
  const ranked = ranking === null ? [] : listReply(ranking).map(String);
  const recent = window === null ? null : listReply(window).map(Number);
  return {
    window_sec: limits.windowSec,
    /** null: the counters are unreadable. */
    global: recent?.filter((ms) => nowMs - ms < limits.windowSec * 1000).length ?? null,
    global_max: limits.globalMax,
    symbol_max: limits.symbolMax,
    symbols: ranked.flatMap((symbol, at) =>
      at % 2 === 0 ? [{ symbol, count: Number(ranked[at + 1]) }] : [],
    ),
    daily_trades: Number(used ?? 0),
    daily_max: limits.dailyMax,
  };
}

async function readOrders({ redis, keys }: CommandContext) {
  const sources = [keys.decisionStream, keys.intentStream, keys.exitIntentStream].map(deadLetterStreamOf);
  const [open, oldest, stops, ...letters] = await Promise.all([
    countOf(redis.command(["ZCARD", keys.openOrders])),
    unlessRefused(redis.command(["ZRANGE", keys.openOrders, "0", "0", "WITHSCORES"])),
    countOf(redis.command(["ZCARD", keys.stopsMissing])),
    ...sources.map((stream) => countOf(redis.command(["XLEN", stream]))),
  ]);
  const since = oldest === null ? undefined : listReply(oldest)[1];
  return {
    orders_unsettled: open,
    oldest_unsettled_ms: since === undefined ? null : ageMs(redis.serverNowMs(), Number(since)),
    stops_missing: stops,
    dead_letters: letters.reduce((sum, count) => (sum === null || count === null ? null : sum + count), 0),
  };
}

/** null where the key holds another type: one of them must not hide all the others. */
async function unlessRefused<Reply>(reply: Promise<Reply>): Promise<Reply | null> {
  try {
    return await reply;
  } catch (error) {
    if (error instanceof RedisReplyError && error.code === "WRONGTYPE") return null;
    throw error;
  }
}

async function countOf(reply: Promise<RedisReply>): Promise<number | null> {
  const count = await unlessRefused(reply);
  return count === null ? null : integerReply(count);
}

async function readLag(context: CommandContext) {
  const streams = [
    ...streamRetentions(context.keys).map((one) => one.stream),
    ...[context.keys.panicStream, context.keys.panicCompletedStream],
  ];
  const groups = await Promise.all([...new Set(streams)].map((stream) => readGroups(context.redis, stream)));
  return groups.flat();
}

async function readHeartbeat(context: CommandContext) {
  const entries = await unlessRefused(newestEntries(context.redis, context.keys.heartbeatStream, 1));
  const newest = entries?.[0];
  const beat = newest === undefined ? undefined : heartbeatSchema.safeParse(newest.fields).data;
  if (newest === undefined || beat === undefined) return null;
  const age_ms = ageMs(context.redis.serverNowMs(), entryTimeMs(newest.id));
  return { status: beat.status, age_ms, positions: beat.active_positions, seq: beat.seq };
}

/** A time may be ahead by what a lower bound of the server's clock, and a millisecond's part, are behind. */
const AHEAD_MS_MAX = 1000;

/** null: that time lies ahead, because the server's clock was set back; nobody who looks once knows its age. */
function ageMs(nowMs: number, thenMs: number): number | null {
  return thenMs > nowMs + AHEAD_MS_MAX ? null : Math.max(0, nowMs - thenMs);
}

async function readField({ redis }: CommandContext, key: string, field: string): Promise<string | null> {
  const reply = await redis.command(["HGET", key, field]).catch(() => null);
  return optionalTextReply(reply) ?? null;
}

/** Positions as their plans have them; one whose plan does not parse is shown by its key. */
async function readPlans(context: CommandContext) {
  const found = await scanKeys(context, context.keys.positionPlanPrefix);
  return Promise.all(
    found.map(async (key) => {
      const reply = await context.redis.command(["HGETALL", key]).catch(() => []);
      const plan = positionPlanSchema.safeParse(recordReply(reply)).data;
      const symbol = plan?.symbol ?? key.slice(context.keys.positionPlanPrefix.length);
      if (plan === undefined) return { symbol, readable: false };
      const { side, quantity, entry_price, stop_loss, take_profit, opened_at } = plan;
      return { symbol, readable: true, side, quantity, entry_price, stop_loss, take_profit, opened_at };
    }),
  );
}
