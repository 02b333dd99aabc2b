import type { Keys } from "../../contract/keys.ts";
import { encodePanicEvent, type PanicEvent } from "../../contract/panic.ts";
import type { RedisCommands } from "../../redis/connection.ts";
import { isRedisError, RedisUnavailableError } from "../../redis/redis-errors.ts";
import { decodeEntries, encodeFields } from "../../redis/stream-entry.ts";

/** Without Redis taking the panic, or without its own halt following, the worker is called directly after this. */
const REDIS_ALONE_MS = 1000;
const RETRY_EVERY_MS = 250;
const LOOK_EVERY_MS = 20;
/** Entries of the panic stream that are looked through for one of ours whose fate is unknown. */
const LOOK_BACK_ENTRIES = 100;
/** A trouble that lasts is said again this often. */
const SAY_EVERY_MS = 10_000;

export interface PanicCallerParts {
  readonly redis: RedisCommands & { readonly state: { readonly kind: string } };
  readonly keys: Keys;
  readonly clock: { monotonicMs(): number; sleep(ms: number, signal?: AbortSignal): Promise<void> };
  readonly log: {
    info(fields: object, message: string): void;
    error(fields: object, message: string): void;
  };
  /** Hands the panic to the worker over its unix socket; resolves to undefined when it took it, else to why not. */
  askWorker(event: PanicEvent): Promise<string | undefined>;
  /** Whether the halt of this panic stands in Redis: of no other one. */
  haltStands(eventId: string): boolean;
}

interface OpenCall {
  readonly event: PanicEvent;
  /** The latch is on disk, or has had its time. */
  readonly latched: Promise<void>;
  readonly sinceMs: number;
  /** Redis was unreachable when the panic was called: nothing to wait for. */
  readonly withoutRedis: boolean;
  published: boolean;
  /** A publication was sent whose fate is not known: it is looked for before it is sent again. */
  inDoubt: boolean;
  workerTook: boolean;
}

/**
 * Calls one panic by two ways, until it is confirmed.
 *
 * 1. Every attempt on either way carries the same event id, so the worker runs it once.
 * 2. Redis is tried at once and for as long as it takes, also when the worker has the panic already: the audit
 *    reads the stream. What may have been written is looked for before it is written again.
 * 3. The worker's socket is tried at once when Redis is not there, else after REDIS_ALONE_MS without this panic's halt.
 */
export class PanicCaller {
  readonly #parts: PanicCallerParts;
  /** Oldest first; older ones are kept until the stream has them. */
  #calls: readonly OpenCall[] = [];
  #saidAtMs = Number.NEGATIVE_INFINITY;
  /** Aborts when a panic comes, and at the end: both ways wake at once. */
  #wake = new AbortController();

  constructor(parts: PanicCallerParts) {
    this.#parts = parts;
  }

  /** Calls it, in the background. `before`: an earlier process may have published it. */
  call(event: PanicEvent, how: { readonly latched: Promise<void>; readonly before: boolean }): void {
    const { clock, redis } = this.#parts;
    const call = {
      event,
      latched: how.latched,
      sinceMs: clock.monotonicMs(),
      withoutRedis: redis.state.kind !== "ready" && !how.before,
      ...{ published: false, inDoubt: how.before, workerTook: false },
    };
    this.#calls = [...this.#calls.filter((one) => !one.published), call];
    this.#wake.abort();
    this.#wake = new AbortController();
  }

  /** An operator's reset: nothing is left to call. */
  withdraw(): void {
    this.#calls = [];
  }

  /** Of the newest call. */
  progress(): { readonly accepted: boolean; readonly published: boolean } {
    const call = this.#calls.at(-1);
    const published = call?.published ?? false;
    return { accepted: published || (call?.workerTook ?? false), published };
  }

  /** Both ways, each in its own time: a hanging Redis must not hold up the socket. */
  async run(signal: AbortSignal): Promise<void> {
    const wake = () => this.#wake.abort();
    signal.addEventListener("abort", wake, { once: true });
    const way = async (step: (call: OpenCall) => Promise<void>) => {
      while (!signal.aborted) {
        const woken = this.#wake.signal;
        for (const call of this.#calls) await step(call);
        await this.#parts.clock.sleep(this.#pauseMs(), woken);
      }
    };
    await Promise.all([way((call) => this.#publish(call)), way((call) => this.#callWorker(call))]);
  }

  /** Short while a panic is fresh, so that neither a Redis that returns nor the direct call waits for a turn. */
  #pauseMs(): number {
    const newest = this.#calls.at(-1);
    const fresh =
      newest !== undefined && this.#parts.clock.monotonicMs() - newest.sinceMs < 2 * REDIS_ALONE_MS;
    return fresh ? LOOK_EVERY_MS : RETRY_EVERY_MS;
  }

  async #publish(call: OpenCall): Promise<void> {
    if (call.published) return;
    await call.latched;
    const { redis, keys, log } = this.#parts;
    const { event_id, reason } = call.event;
    const doubtBefore = call.inDoubt;
    try {
      if (doubtBefore && (await this.#stands(event_id))) {
        call.published = true;
        return;
      }
      call.inDoubt = true;
      await redis.command(["XADD", keys.panicStream, "*", ...encodeFields(encodePanicEvent(call.event))]);
      call.published = true;
      log.info({ event_id, reason }, "PANIC_PUBLISHED");
    } catch (error) {
      if (!isRedisError(error)) throw error;
      // This attempt was not sent, so it adds no doubt.
      if (error instanceof RedisUnavailableError) call.inDoubt = doubtBefore;
      this.#say({ event_id, reason, error: error.message }, "Redis does not take the panic");
    }
  }

  async #stands(eventId: string): Promise<boolean> {
    const range = ["XREVRANGE", this.#parts.keys.panicStream, "+", "-", "COUNT", String(LOOK_BACK_ENTRIES)];
    const page = decodeEntries(await this.#parts.redis.command(range));
    return page.entries.some((entry) => entry.fields["event_id"] === eventId);
  }

  async #callWorker(call: OpenCall): Promise<void> {
    if (call.workerTook) return;
    const { clock, log } = this.#parts;
    await call.latched;
    const waitedMs = clock.monotonicMs() - call.sinceMs;
    if (!call.withoutRedis && waitedMs < REDIS_ALONE_MS) return;
    if (call.published && this.#parts.haltStands(call.event.event_id)) return;
    const { event_id, reason } = call.event;
    const refusal = await this.#parts.askWorker(call.event);
    if (refusal === undefined) {
      call.workerTook = true;
      log.info({ event_id, reason, published: call.published }, "PANIC_HANDED_OVER");
    } else this.#say({ event_id, reason, error: refusal }, "the worker does not take the panic");
  }

  #say(fields: object, message: string): void {
    const nowMs = this.#parts.clock.monotonicMs();
    if (nowMs - this.#saidAtMs < SAY_EVERY_MS) return;
    this.#saidAtMs = nowMs;
    this.#parts.log.error(fields, message);
  }
}
