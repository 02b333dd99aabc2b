import { LIFETIMES_SEC } from "../contract/lifetimes.ts";
import type { RedisCommands } from "./connection.ts";
import { isRedisError, RedisReplyError } from "./redis-errors.ts";
import { optionalTextReply } from "./reply.ts";
import type { RedisClock, RedisLog } from "./surroundings.ts";
import { transaction } from "./transaction.ts";

export interface RoleBeatOptions {
  readonly redis: RedisCommands;
  /** `keys.rolePrefix` + role + ":" + instance. */
  readonly roleKey: string;
  /** `keys.statsPrefix` + role: keeps the number of starts. */
  readonly statsKey: string;
  readonly instance: string;
  readonly build: string;
  readonly git: string;
  readonly bootId: string;
  readonly mode: string;
  /** The venue account's fingerprint; "" while it is not known. */
  account(): string;
  /** Whether the venue takes this process's credentials; absent for a role without any. */
  credentials?(): "ok" | "refused";
  readonly clock: RedisClock;
  readonly log: RedisLog;
  /** Default 5000: six beats in the key's life of 30 s. */
  readonly everyMs?: number;
}

/** After a beat that was not written, ms: a start must not look dead for a whole period. */
const RETRY_MS = 250;

/**
 * Says that this instance is alive, until the signal aborts: hash and TTL in one transaction, so that no key
 * is ever left behind that says so for ever. Redis errors are waited out; the key's absence tells the others.
 *
 * Starts are counted as an absolute number that is read once and then written with every beat, so that a
 * write whose fate is unknown cannot count a start twice. One process an instance holds by the lock on its state
 * folder.
 */
export async function keepRoleBeat(options: RoleBeatOptions, signal: AbortSignal): Promise<void> {
  let restarts: number | undefined;
  while (!signal.aborted) {
    let waitMs = options.everyMs ?? 5000;
    try {
      restarts ??= await countRestarts(options);
      await publishRoleBeat(options, restarts);
    } catch (error) {
      if (!isRedisError(error)) throw error;
      options.log.debug({ error: error.message }, "role beat not written");
      waitMs = Math.min(waitMs, RETRY_MS);
    }
    await options.clock.sleep(waitMs, signal);
  }
}

/** One beat. Rejects with a Redis error. */
async function publishRoleBeat(options: RoleBeatOptions, restarts: number): Promise<void> {
  const fields = {
    build: options.build,
    git: options.git,
    boot_id: options.bootId,
    mode: options.mode,
    account: options.account(),
    ...(options.credentials === undefined ? {} : { credentials: options.credentials() }),
    last_beat: String(options.redis.serverNowMs()),
    restarts: String(restarts),
  };
  const live = ["EXPIRE", options.roleKey, String(LIFETIMES_SEC.roleBeat)];
  try {
    await transaction(options.redis, [
      ["HSET", options.roleKey, ...Object.entries(fields).flat()],
      live,
      ["HSET", options.statsKey, `restarts:${options.instance}`, String(restarts)],
    ]);
  } catch (error) {
    // A server that is out of memory still lets the last beat live: all roles would look dead while they run.
    if (error instanceof RedisReplyError && error.code === "OOM") await options.redis.command(live);
    throw error;
  }
}

/** Starts before this one: the number that the last process of this instance wrote, plus one. */
async function countRestarts(options: RoleBeatOptions): Promise<number> {
  const field = `restarts:${options.instance}`;
  const before = optionalTextReply(await options.redis.command(["HGET", options.statsKey, field]));
  return before === undefined || !/^\d{1,15}$/.test(before) ? 0 : Number(before) + 1;
}
