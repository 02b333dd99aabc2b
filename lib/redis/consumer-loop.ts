import { type BackOff, createBackOff } from "./back-off.ts";
import type { ConsumerStatus, StreamConsumerOptions } from "./consumer-options.ts";
import { createInFlight, type InFlight } from "./in-flight.ts";
import { createPageSize, type PageSize } from "./page-size.ts";
import { isRedisTrouble } from "./redis-errors.ts";
import type { RedisDependency } from "./redis-state.ts";
import type { StreamConsumer } from "./stream-consumer.ts";
import type { StreamEntry, StreamPage } from "./stream-entry.ts";
import { acknowledgeLost, claimStale, ensureGroup, readOwnPending } from "./stream-group.ts";
import { openStreamReader, type StreamReader } from "./stream-reader.ts";
import type { OpenWire } from "./wire.ts";

const SWEEP_EVERY_MS = 10_000;
/** 0 would block for ever. */
const BLOCK_MS_MIN = 50;

/** A cycle of the loop takes no longer than this, whatever it waits for. */
const CYCLE_MS = 1000;

/** Prepares the loop over wires of this kind; nothing happens before `run`. */
export function createConsumerLoop(openWire: OpenWire, options: StreamConsumerOptions): StreamConsumer {
  return new ConsumerLoop(openWire, options);
}

class ConsumerLoop implements StreamConsumer {
  readonly #openWire: OpenWire;
  readonly #options: StreamConsumerOptions;
  readonly #inFlight: InFlight;
  readonly #backOff: BackOff;
  readonly #pageSize: PageSize;
  #kind: ConsumerStatus["kind"] = "starting";
  #reason: string | undefined;
  #handled = 0;
  #groupSeen = false;
  #nextSweepAt = 0;
  /** A handler's Redis error in this session. */
  #interruption: { readonly error: unknown } | undefined;
  /** A handler's error that is not about Redis. */
  #fatal: { readonly error: unknown } | undefined;
  #wake: () => void = () => undefined;

  constructor(openWire: OpenWire, options: StreamConsumerOptions) {
    this.#openWire = openWire;
    this.#options = options;
    this.#inFlight = createInFlight(options.clock);
    this.#pageSize = createPageSize(options.batchMax);
    this.#backOff = createBackOff({ firstMs: 50, maxMs: CYCLE_MS, random: options.random });
  }

  status(): ConsumerStatus {
    return {
      kind: this.#kind,
      reason: this.#reason,
      inFlight: this.#inFlight.size,
      oldestInFlightMs: this.#inFlight.oldestAgeMs(),
      handled: this.#handled,
    };
  }

  dependency(): RedisDependency {
    const detail = this.#reason === undefined ? this.#kind : `${this.#kind}: ${this.#reason}`;
    return { name: this.#options.stream, ok: this.#kind === "reading", detail };
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.#fatal === undefined) {
      await this.#redisReady(signal);
      try {
        if (!signal.aborted) await this.#session(signal);
      } catch (error) {
        if (this.#fatal !== undefined) break;
        if (!isRedisTrouble(error)) throw error;
        this.#waitFor(error.message);
        await this.#options.clock.sleep(this.#backOff.next(), signal);
        this.#cycle();
      }
    }
    this.#kind = "stopped";
    // A broken invariant ends the process; what else is in flight is own pending at the next start.
    if (this.#fatal !== undefined) throw this.#fatal.error;
    while (this.#inFlight.size > 0) await this.#inFlight.changed();
  }

  async #redisReady(signal: AbortSignal): Promise<void> {
    const { redis } = this.#options;
    while (redis.state.kind !== "ready" && !signal.aborted) {
      if (redis.state.kind === "closed") throw new Error("Redis was closed under its consumer");
      this.#waitFor(redis.dependency().detail);
      await this.#nap(signal, (slice) => redis.whenReady(slice));
      this.#cycle();
    }
  }

  /** From a fresh reader connection to its first trouble, or to the end. */
  async #session(signal: AbortSignal): Promise<void> {
    const { consumer, staleIdleMs } = this.#options;
    this.#interruption = undefined;
    // A read that blocks must not keep the next sweep waiting for too long.
    const blockMs = Math.floor(Math.max(BLOCK_MS_MIN, Math.min(CYCLE_MS, staleIdleMs / 3)));
    const reader = await openStreamReader({
      ...{ ...this.#options, openWire: this.#openWire, name: consumer, blockMs },
    });
    this.#wake = reader.destroy;
    signal.addEventListener("abort", reader.destroy);
    try {
      await this.#makeGroup();
      await this.#sweep(signal);
      if (this.#goesOn(signal)) this.#waitFor(undefined);
      while (this.#goesOn(signal)) {
        if (this.#options.clock.monotonicMs() >= this.#nextSweepAt) await this.#sweep(signal);
        if (!(await this.#readNew(reader, signal))) break;
      }
      const interruption = this.#interrupted();
      if (interruption !== undefined) throw interruption.error;
    } catch (error) {
      if (signal.aborted) return;
      const interruption = this.#interrupted();
      throw interruption === undefined ? error : interruption.error;
    } finally {
      signal.removeEventListener("abort", reader.destroy);
      reader.destroy();
    }
  }

  async #makeGroup(): Promise<void> {
    const { redis, stream, group, log } = this.#options;
    const made = await ensureGroup(redis, this.#options);
    if (made === "created" && this.#groupSeen) {
      log.error(
        { stream, group },
        "the group had vanished: Redis was emptied; made again from the beginning",
      );
      this.#options.onStateLost();
    }
    this.#groupSeen = true;
  }

  /** Own pending, then dead consumers. */
  async #sweep(signal: AbortSignal): Promise<void> {
    const { redis, clock, staleIdleMs: idleMs } = this.#options;
    const began = clock.monotonicMs();
    // Reading own pending renews its idle time: well before it looks like a dead consumer's.
    this.#nextSweepAt = began + Math.min(this.#options.sweepEveryMs ?? SWEEP_EVERY_MS, idleMs / 3);
    let after: string | undefined = "0";
    while (after !== undefined) {
      const from: string = after;
      const page = await this.#page(signal, (count) =>
        readOwnPending(redis, this.#options, { after: from, count }),
      );
      if (page === undefined) return;
      after = page.lastId;
    }
    let cursor = "0-0";
    do {
      const from = cursor;
      const page = await this.#page(signal, (count) =>
        claimStale(redis, this.#options, { idleMs, cursor: from, count }),
      );
      if (page === undefined) return;
      cursor = page.cursor;
    } while (cursor !== "0-0");
    this.#pageSize.passed();
    // What was put off until later must not keep the loop from new entries, however much of it there is.
    const over = clock.monotonicMs();
    this.#nextSweepAt = Math.max(this.#nextSweepAt, over + (over - began));
  }

  /** Asks for new entries when there is room, hands them out; false when there is no going on. */
  async #readNew(reader: StreamReader, signal: AbortSignal): Promise<boolean> {
    const { readMax, batchMax, inFlightMax } = this.#options;
    const room = await this.#room(signal, Math.min(readMax ?? 1, inFlightMax));
    if (room === 0) return false;
    const page = await reader.readNew(Math.min(room, readMax ?? batchMax));
    if (!this.#goesOn(signal)) return false;
    // An id that is given out a second time while it is in flight comes of a group that was set back.
    this.#handOut(
      page.entries.filter(({ id }) => !this.#inFlight.has(id)),
      signal,
    );
    if (page.lostIds.length > 0) await this.#reportLost(page.lostIds);
    this.#cycle();
    return true;
  }

  /** Asks for a page of pending entries when there is room, hands it out; undefined when there is no going on. */
  async #page<Page extends StreamPage>(
    signal: AbortSignal,
    read: (count: number) => Promise<Page>,
  ): Promise<Page | undefined> {
    const count = Math.min(await this.#room(signal, 1), this.#pageSize.now());
    if (count === 0) return undefined;
    const seen = this.#inFlight.observe();
    try {
      const page = await read(count);
      // What came with the end stays pending and is read again after it.
      if (!this.#goesOn(signal)) return undefined;
      const entries = page.entries.filter(({ id }) => !seen.knows(id));
      const lostIds = page.lostIds.filter((id) => !seen.knows(id));
      this.#handOut(entries, signal);
      if (lostIds.length > 0) await this.#reportLost(lostIds);
      this.#cycle();
      return page;
    } catch (error) {
      // A connection that we ended says nothing of its page.
      if (this.#goesOn(signal)) this.#pageSize.failed(error);
      throw error;
    } finally {
      seen.end();
    }
  }

  async #reportLost(ids: readonly string[]): Promise<void> {
    const { redis, stream, log, onLost } = this.#options;
    log.error({ stream, ids: ids.slice(0, 100), count: ids.length }, "entries were trimmed unhandled");
    await onLost(ids);
    await acknowledgeLost(redis, this.#options, ids);
  }

  #handOut(entries: readonly StreamEntry[], signal: AbortSignal): void {
    const { handOut, batchMax } = this.#options;
    const together = handOut === "batch" ? batchMax : 1;
    for (let at = 0; at < entries.length; at += together) {
      const page = entries.slice(at, at + together);
      const ids = page.map(({ id }) => id);
      this.#inFlight.add(ids);
      void this.#work(page, ids, signal);
    }
  }

  /** Never rejects: what a handler throws is kept for the loop. */
  async #work(entries: readonly StreamEntry[], ids: readonly string[], signal: AbortSignal): Promise<void> {
    try {
      const outcome = await this.#options.handle(entries, { signal });
      if (outcome === "done") {
        this.#handled += entries.length;
        this.#backOff.reset();
      } else {
        const again = this.#options.clock.monotonicMs() + (this.#options.retryDelayMs ?? 1000);
        this.#nextSweepAt = Math.min(this.#nextSweepAt, again);
      }
    } catch (error) {
      if (isRedisTrouble(error)) this.#interruption ??= { error };
      else this.#fatal ??= { error };
      this.#wake();
    } finally {
      this.#inFlight.remove(ids);
    }
  }

  /** Through a method, because the compiler would not believe that the field changes during an await. */
  #interrupted(): { readonly error: unknown } | undefined {
    return this.#interruption;
  }

  #goesOn(signal: AbortSignal): boolean {
    return !signal.aborted && this.#interruption === undefined && this.#fatal === undefined;
  }

  /** How many more entries may be in flight; waits until it is `least`, 0 when there is no going on. */
  async #room(signal: AbortSignal, least: number): Promise<number> {
    while (this.#goesOn(signal)) {
      const room = this.#options.inFlightMax - this.#inFlight.size;
      if (room >= least) return room;
      await this.#changeOrCycle(signal);
    }
    return 0;
  }

  async #changeOrCycle(signal: AbortSignal): Promise<void> {
    await this.#nap(signal, () => this.#inFlight.changed());
    this.#cycle();
  }

  /** Waits for something, a cycle's time at most. */
  async #nap(signal: AbortSignal, wait: (slice: AbortSignal) => Promise<void>): Promise<void> {
    const over = new AbortController();
    const slice = AbortSignal.any([signal, over.signal]);
    await Promise.race([wait(slice), this.#options.clock.sleep(CYCLE_MS, slice)]);
    over.abort();
  }

  /** Undefined: it waits for nothing but entries. */
  #waitFor(reason: string | undefined): void {
    const { stream, log } = this.#options;
    if (reason === undefined && this.#reason !== undefined) log.info({ stream }, "consumer goes on");
    if (reason !== undefined && this.#reason !== reason) log.warn({ stream, reason }, "consumer waits");
    this.#kind = reason === undefined ? "reading" : "waiting";
    this.#reason = reason;
  }

  #cycle(): void {
    if (this.#inFlight.oldestAgeMs() <= (this.#options.stuckAfterMs ?? 30_000)) this.#options.progress();
  }
}
