import type { Keys } from "../contract/keys.ts";
import type { RedisCommands } from "../redis/connection.ts";
import { isRedisError, RedisReplyError } from "../redis/redis-errors.ts";
import { optionalTextReply, type RedisReply, recordReply } from "../redis/reply.ts";
import type { LedgerWord } from "./decide-attempt.ts";
import { type PlanReading, readPlan } from "./exit-plan.ts";

/** What Redis says in one cycle; what it did not say in time is not in it. */
export interface RecordedFacts {
  /** By position key. */
  readonly plans: ReadonlyMap<string, PlanReading>;
  /** By intent id. */
  readonly ledger: ReadonlyMap<string, LedgerWord>;
  /** Symbols with an entry that is being submitted or settled; undefined: unknown, so any may be. */
  readonly entriesInFlight: ReadonlySet<string> | undefined;
}

export const NOTHING_RECORDED: RecordedFacts = {
  plans: new Map(),
  ledger: new Map(),
  entriesInFlight: undefined,
};

/**
 * Reads plans, entries in flight and the ledger's word on exits, all in one go. Must be called after the reading
 * of the positions it is compared with has ended. The entries in flight are read before the plans: an entry that
 * is not in flight any more has settled, and its plan is then found. Never rejects.
 */
export async function readRecordedFacts(
  redis: RedisCommands,
  keys: Keys,
  asked: { readonly positions: Iterable<string>; readonly intents: Iterable<string> },
): Promise<RecordedFacts> {
  const positions = [...asked.positions];
  const intents = [...asked.intents];
  const [inFlight, planReplies, ledgerReplies] = await Promise.all([
    replyOf(redis, ["HKEYS", keys.gateInFlight]),
    Promise.all(positions.map((key) => replyOf(redis, ["HGETALL", `${keys.positionPlanPrefix}${key}`]))),
    Promise.all(intents.map((id) => replyOf(redis, ["HGET", `${keys.orderLedgerPrefix}${id}`, "state"]))),
  ]);
  return {
    plans: known(positions, planReplies, planOf),
    ledger: known(intents, ledgerReplies, (answer) =>
      answer.kind === "reply" ? (optionalTextReply(answer.reply) ?? "ABSENT") : undefined,
    ),
    entriesInFlight:
      inFlight.kind === "reply" && Array.isArray(inFlight.reply)
        ? new Set(inFlight.reply.map(String))
        : undefined,
  };
}

type Answer =
  | { readonly kind: "reply"; readonly reply: RedisReply }
  /** The key is of another type. */
  | { readonly kind: "wrong_type" }
  | { readonly kind: "none" };

async function replyOf(redis: RedisCommands, command: readonly string[]): Promise<Answer> {
  try {
    return { kind: "reply", reply: await redis.command(command) };
  } catch (error) {
    if (!isRedisError(error)) throw error;
    const wrongType = error instanceof RedisReplyError && error.code === "WRONGTYPE";
    return { kind: wrongType ? "wrong_type" : "none" };
  }
}

function planOf(answer: Answer): PlanReading | undefined {
  if (answer.kind === "none") return undefined;
  if (answer.kind === "reply") return readPlan(recordReply(answer.reply));
  return { kind: "unreadable", why: "the key is of another type", openedAt: "" };
}

function known<Value>(
  names: readonly string[],
  answers: readonly Answer[],
  read: (answer: Answer) => Value | undefined,
): ReadonlyMap<string, Value> {
  const found = new Map<string, Value>();
  for (const [index, name] of names.entries()) {
    const answer = answers[index];
    const value = answer === undefined ? undefined : read(answer);
    if (value !== undefined) found.set(name, value);
  }
  return found;
}
