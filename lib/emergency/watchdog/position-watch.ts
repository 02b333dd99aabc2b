import type { Exchange, ListReading, Position } from "../../exchange/exchange.ts";
import { afterPositionsRead, type PositionsView, unreadPositions } from "./positions-view.ts";
import type { WatchClock } from "./watch-clock.ts";
import { WATCH_LIMITS_MS } from "./watch-limits.ts";

const READ_EVERY_MS = 1000;
/** Reads that may be on their way at once: a slow venue must not make them rarer. */
const READS_IN_FLIGHT_MAX = 4;
/** Also keeps the connection warm. */
const CLOCK_EVERY_MS = 20_000;

export interface PositionWatchParts {
  readonly exchange: Pick<Exchange, "positions" | "syncClock">;
  readonly clock: { monotonicMs(): number; sleep(ms: number, signal?: AbortSignal): Promise<void> };
  readonly watchClock: WatchClock;
  readonly log: { warn(fields: object, message: string): void; info(fields: object, message: string): void };
}

/**
 * The watchdog's own reads of the open positions, one a second.
 *
 * 1. A failed or outdated read is "there may be positions", never zero; so is a row that cannot be read.
 * 2. Answers count in the order in which they were asked for: a late one never replaces a newer one.
 * 3. *Silent* means without a word on what we ask: a venue that refuses our credentials is not silent. One that has us
 *    ask nothing for a while (429, 418, a budget that is spent) is, and says besides that it is there: *limited*.
 */
export class PositionWatch {
  readonly #parts: PositionWatchParts;
  #view: PositionsView;
  #asked = 0;
  #applied = 0;
  #inFlight = 0;
  #goodAtMs: number | undefined;
  #answeredAtMs = 0;
  #answeringSinceMs = 0;
  #limited = false;
  #failing = true;
  #trouble = "not read yet";

  constructor(parts: PositionWatchParts) {
    this.#parts = parts;
    this.#view = unreadPositions(parts.watchClock.watchedMs());
  }

  view(): PositionsView {
    const { watchClock } = this.#parts;
    const outdated = watchClock.nowMs() - (this.#goodAtMs ?? 0) > WATCH_LIMITS_MS.venueSilent;
    return outdated ? afterPositionsRead(this.#view, undefined, watchClock.watchedMs()) : this.#view;
  }

  venue(): { readonly silentMs: number; readonly answeringMs: number; readonly limited: boolean } {
    const nowMs = this.#parts.watchClock.nowMs();
    const [silentMs, answeringMs] = [nowMs - this.#answeredAtMs, nowMs - this.#answeringSinceMs];
    return { silentMs, answeringMs, limited: this.#limited };
  }

  /** For `/readyz`. */
  dependency(): { readonly name: string; readonly ok: boolean; readonly detail: string } {
    const view = this.view();
    const detail =
      view.kind === "open" ? `${view.count} open` : view.kind === "flat" ? "flat" : this.#trouble;
    return { name: "venue", ok: view.kind !== "unknown", detail };
  }

  /** Reads until the signal aborts. Never rejects for anything the venue does. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, exchange } = this.#parts;
    // Signed reads pass only with the venue's time. Without an answer they would fail as well.
    await exchange.syncClock();
    let clockDueMs = clock.monotonicMs() + CLOCK_EVERY_MS;
    while (!signal.aborted) {
      if (clock.monotonicMs() >= clockDueMs) {
        clockDueMs = clock.monotonicMs() + CLOCK_EVERY_MS;
        void exchange.syncClock();
      }
      if (this.#inFlight < READS_IN_FLIGHT_MAX) void this.#read();
      await clock.sleep(READ_EVERY_MS, signal);
    }
  }

  async #read(): Promise<void> {
    this.#asked += 1;
    const turn = this.#asked;
    this.#inFlight += 1;
    try {
      this.#observe(turn, await this.#parts.exchange.positions());
    } finally {
      this.#inFlight -= 1;
    }
  }

  #observe(turn: number, reading: ListReading<Position>): void {
    const { watchClock, log } = this.#parts;
    const nowMs = watchClock.nowMs();
    if (answered(reading)) {
      if (nowMs - this.#answeredAtMs > WATCH_LIMITS_MS.venueSilent) this.#answeringSinceMs = nowMs;
      this.#answeredAtMs = nowMs;
    }
    if (turn < this.#applied) return;
    this.#applied = turn;
    const wasFailing = this.#failing;
    this.#failing = !reading.ok;
    this.#limited = isLimited(reading);
    this.#view = afterPositionsRead(this.#view, countOf(reading), watchClock.watchedMs());
    if (reading.ok) {
      this.#goodAtMs = nowMs;
      if (wasFailing) log.info({ positions: reading.value.length }, "positions are read");
      return;
    }
    const { row, code, message } = reading.outcome;
    this.#trouble = `${row} ${code ?? ""} ${message}`.trim();
    if (!wasFailing) log.warn({ outcome: reading.outcome }, "positions cannot be read");
  }
}

/** A row that cannot be read counts as an open position. */
function countOf(reading: ListReading<Position>): number | undefined {
  if (reading.ok) return reading.value.length;
  return reading.sound === undefined ? undefined : reading.sound.length + 1;
}

/** Whether the venue itself said anything of what it was asked; a gateway in front of it does not count. */
function answered(reading: ListReading<Position>): boolean {
  if (reading.ok || reading.sound !== undefined) return true;
  return reading.outcome.code !== null && !isLimited(reading);
}

const isLimited = (reading: ListReading<Position>) => !reading.ok && reading.outcome.class === "LIMITED";
