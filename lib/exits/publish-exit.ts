import type { Keys } from "../contract/keys.ts";
import { encodeIntent } from "../contract/trade-intent.ts";
import { appendEntry } from "../kernel/append-entry.ts";
import type { RedisCommands } from "../redis/connection.ts";
import { isRedisTrouble, RedisOutcomeUnknownError } from "../redis/redis-errors.ts";
import { type ExitAttempt, hasEnded, numbered } from "./decide-attempt.ts";
import { exitIntent, exitIntentId } from "./exit-intent.ts";
import type { WatchedPosition } from "./watched-position.ts";

interface PublishParts {
  readonly redis: RedisCommands;
  readonly keys: Keys;
  readonly log: {
    info(fields: object, message: string): void;
    error(fields: object, message: string): void;
  };
}

/** Numbers that are asked for at once, and how often: a day of refusals, as long as the ledger remembers an end. */
const ASKED_AT_ONCE = 64;
const ASKED_TIMES_MAX = 1500;

/**
 * Hands an exit to Redis; the attempt as it stands afterwards. The first one of a process takes up the numbers
 * where the last process left them. A Redis that is out of memory takes it all the same. Never rejects because of Redis.
 */
export async function publishExit(
  parts: PublishParts,
  exit: { readonly position: WatchedPosition; readonly attempt: ExitAttempt; readonly nowMs: number },
): Promise<ExitAttempt> {
  const { position } = exit;
  const attempt = exit.attempt.takenUp ? exit.attempt : await takeUp(parts, position, exit.attempt);
  if (attempt.handover === "sent") return attempt;
  const { intentId, rule, openedAtMs } = attempt;
  const intent = exitIntent({ intentId, position, openedAtMs, rule, nowMs: exit.nowMs });
  const fields = {
    intent_id: intentId,
    position: position.key,
    rule,
    n: attempt.n,
    quantity: position.quantity,
  };
  try {
    await appendEntry(parts.redis, {
      stream: parts.keys.exitIntentStream,
      fields: ["data", encodeIntent(intent)],
    });
    parts.log.info(fields, `EXIT ${rule} ${position.symbol}`);
    return { ...attempt, handover: "sent" };
  } catch (error) {
    if (!isRedisTrouble(error)) throw error;
    const unsure = error instanceof RedisOutcomeUnknownError;
    parts.log.error({ ...fields, error: error.message }, "exit not taken by Redis");
    return { ...attempt, handover: unsure ? "unsure" : "refused" };
  }
}

/** The first number that no earlier process has brought to an end; already sent when it is still under way. */
async function takeUp(
  parts: PublishParts,
  position: WatchedPosition,
  attempt: ExitAttempt,
): Promise<ExitAttempt> {
  let next = attempt;
  for (let times = 0; times < ASKED_TIMES_MAX; times += 1) {
    const found = await firstFree(parts, position, next);
    next = { ...numbered(next, position, found.n), takenUp: found.kind !== "unknown" };
    if (found.kind !== "ended") return found.kind === "under way" ? { ...next, handover: "sent" } : next;
  }
  return next;
}

/** `ended`: so are all that were asked for, and `n` is the one after them. */
async function firstFree(
  { redis, keys }: PublishParts,
  { symbol, positionSide }: WatchedPosition,
  { openedAtMs, rule, n }: ExitAttempt,
): Promise<{ readonly kind: "free" | "under way" | "ended" | "unknown"; readonly n: number }> {
  const asked = Array.from({ length: ASKED_AT_ONCE }, (_, index) => {
    const id = exitIntentId({ symbol, positionSide, openedAtMs, rule, n: n + index });
    return redis.command(["HGET", `${keys.orderLedgerPrefix}${id}`, "state"]);
  });
  const answers = await Promise.allSettled(asked);
  const words = answers.map((one) => (one.status === "fulfilled" ? one.value : null));
  const index = words.findIndex((word) => word === null || !hasEnded(String(word)));
  if (index < 0) return { kind: "ended", n: n + ASKED_AT_ONCE };
  const isKnown = answers.every(({ status }) => status === "fulfilled");
  const kind = typeof words[index] === "string" ? "under way" : isKnown ? "free" : "unknown";
  return { kind, n: n + index };
}
