/**
 * What is open at the venue, from its REST readings and its user-data stream.
 *
 * Invariants
 * 1. A failed reading ends no position. What could be read of it adds and changes.
 * 2. Of two readings the one that was begun later counts, in whatever order they come back.
 * 3. A position is gone at once when the stream says zero; by readings only when whole ones as far apart as
 *    lists lag, and all between them, lack it: the first of them may lag behind a fill, and any one may be wrong.
 * 4. Of two words about a position the one of the later venue time counts, unless a reading that is begun when no
 *    list can lag any more contradicts it.
 */
import Big from "big.js";
import { planSuffix } from "../contract/position-plan.ts";
import type { Exchange, Position } from "../exchange/exchange.ts";
import { POSITION_LAG_MS_MAX } from "../exchange/position-lag.ts";
import type { UserEvent } from "../exchange/user-stream.ts";
import { type WatchedPosition, watchedPosition } from "./watched-position.ts";

type PositionEvent = Extract<UserEvent, { kind: "position" }>;

interface ReadingTimes {
  /** When the reading was begun, monotonic ms. */
  readonly askedAtMs: number;
  /** Everything that filled before this time (venue's clock) is in the reading. */
  readonly seenAtMs: number;
}

export interface PositionView extends ReadingTimes {
  /** By key; true as far as it is known, however old. */
  readonly positions: ReadonlyMap<string, WatchedPosition>;
  /** Of these, the ones that the last whole reading lacks. */
  readonly missing: ReadonlySet<string>;
  /** The reading since which everything that is not in `positions` is known to be gone; null: none yet. */
  readonly confirmed: ReadingTimes | null;
  /** By key: when the stream said zero, as far as `confirmed` does not cover it. Monotonic ms. */
  readonly flatAtMs: ReadonlyMap<string, number>;
  /** Whether the reading that was begun last, of those that have ended, succeeded. */
  readonly lastRead: boolean;
}

/** A position that is not open any more; times on the venue's clock, epoch ms. */
export interface SeenFlat {
  /** When it closed, or was first seen closed. */
  readonly closedAtMs: number;
  /** Everything that filled before had been seen when it was flat. */
  readonly seenAtMs: number;
}

/** The last word about a position. */
interface Known extends Pick<Position, "symbol" | "positionSide" | "entryPrice"> {
  /** Signed; zero: the stream said so. */
  readonly quantity: string;
  /** As the last whole reading has it; null: it lacks the position. */
  readonly markPrice: string | null;
  readonly venueMs: number;
  /** When the stream said it, or the reading was begun; monotonic ms. */
  readonly atMs: number;
  /** The first of the whole readings since then that lack it. */
  readonly missedBy: ReadingTimes | null;
}

/** Readings at once: one that hangs must not keep the next from being tried. */
const READINGS_MAX = 3;

export class PositionBook {
  readonly #exchange: Pick<Exchange, "positions" | "serverNowMs" | "clockSkewMs">;
  readonly #monotonicMs: () => number;
  readonly #known = new Map<string, Known>();
  /** How positions became flat, until somebody asks for it; null: everything of the last reading had been seen. */
  readonly #flat = new Map<string, { readonly closedAtMs: number; readonly seenAtMs: number | null }>();
  /** Whole ones: the last, those of the 2 s before it, and one before these. */
  readonly #readings: ReadingTimes[] = [];
  #failedAtMs = Number.NEGATIVE_INFINITY;
  #reading = 0;

  constructor(parts: {
    readonly exchange: Pick<Exchange, "positions" | "serverNowMs" | "clockSkewMs">;
    readonly monotonicMs: () => number;
  }) {
    this.#exchange = parts.exchange;
    this.#monotonicMs = parts.monotonicMs;
  }

  /** Begins a reading; resolves when it has ended, well or not. Never rejects. */
  async refresh(): Promise<void> {
    if (this.#reading >= READINGS_MAX) return;
    this.#reading += 1;
    const askedAtMs = this.#monotonicMs();
    const seenAtMs = this.#exchange.serverNowMs() - this.#exchange.clockSkewMs();
    const reading = await this.#exchange.positions();
    this.#reading -= 1;
    if (!reading.ok) this.#failedAtMs = Math.max(this.#failedAtMs, askedAtMs);
    if ((this.#readings.at(-1)?.askedAtMs ?? Number.NEGATIVE_INFINITY) >= askedAtMs) return;
    if (reading.ok) this.#takeWhole(reading.value, { askedAtMs, seenAtMs });
    else for (const row of reading.sound ?? []) this.#takeRow(row, askedAtMs);
  }

  #takeWhole(rows: readonly Position[], times: ReadingTimes): void {
    this.#readings.push(times);
    while (this.#readings[1] !== undefined && isApart(this.#readings[1], times)) this.#readings.shift();
    const listed = new Set<string>();
    for (const row of rows) {
      listed.add(planSuffix(row.symbol, row.positionSide));
      this.#takeRow(row, times.askedAtMs, row.markPrice);
    }
    for (const [key, known] of this.#known) if (!listed.has(key)) this.#miss(key, known, times);
  }

  /** Without `markPrice` that of the last whole reading stays: the view's times are that one's. */
  #takeRow(row: Position, askedAtMs: number, markPrice?: string | null): void {
    const { symbol, positionSide, quantity, entryPrice, updateTimeMs: venueMs } = row;
    const key = planSuffix(symbol, positionSide);
    const known = this.#known.get(key);
    const mark = markPrice === undefined ? (known?.markPrice ?? null) : markPrice;
    if (known !== undefined && known.venueMs > venueMs && askedAtMs < known.atMs + POSITION_LAG_MS_MAX) {
      this.#known.set(key, { ...known, markPrice: mark, missedBy: null });
      return;
    }
    const place = { symbol, positionSide, quantity, entryPrice };
    this.#known.set(key, { ...place, markPrice: mark, venueMs, atMs: askedAtMs, missedBy: null });
    this.#flat.delete(key);
  }

  /** A whole reading has no row of it. */
  #miss(key: string, known: Known, times: ReadingTimes): void {
    if (known.atMs > times.askedAtMs) return;
    if (isZero(known)) {
      if (known.atMs < (this.#confirmed()?.askedAtMs ?? Number.NEGATIVE_INFINITY)) this.#known.delete(key);
      return;
    }
    const missedBy = known.missedBy ?? times;
    if (isApart(missedBy, times)) {
      this.#known.delete(key);
      this.#flat.set(key, { closedAtMs: missedBy.seenAtMs, seenAtMs: missedBy.seenAtMs });
    } else this.#known.set(key, { ...known, markPrice: null, missedBy });
  }

  apply({ symbol, positionSide, quantity, entryPrice, venueMs }: PositionEvent): void {
    const key = planSuffix(symbol, positionSide);
    const before = this.#known.get(key);
    if (before !== undefined && before.venueMs > venueMs) return;
    const markPrice = before?.markPrice ?? null;
    const atMs = this.#monotonicMs();
    const known = { symbol, positionSide, quantity, entryPrice, markPrice, venueMs, atMs, missedBy: null };
    this.#known.set(key, known);
    if (isZero(known)) this.#flat.set(key, { closedAtMs: venueMs, seenAtMs: null });
    else this.#flat.delete(key);
  }

  /** What is known; undefined before the first successful reading. */
  view(): PositionView | undefined {
    const last = this.#readings.at(-1);
    if (last === undefined) return undefined;
    const positions = new Map<string, WatchedPosition>();
    const missing = new Set<string>();
    const flatAtMs = new Map<string, number>();
    for (const [key, known] of this.#known) {
      if (isZero(known)) flatAtMs.set(key, known.atMs);
      else positions.set(key, watchedPosition(known));
      if (known.missedBy !== null) missing.add(key);
    }
    const lastRead = this.#failedAtMs < last.askedAtMs;
    return { ...last, positions, missing, confirmed: this.#confirmed(), flatAtMs, lastRead };
  }

  #confirmed(): ReadingTimes | null {
    const [first] = this.#readings;
    const last = this.#readings.at(-1);
    return first !== undefined && last !== undefined && isApart(first, last) ? first : null;
  }

  /** How a position that the view does not list became flat. Forgets it: ask once. */
  takeFlat(key: string, view: PositionView): SeenFlat {
    const flat = this.#flat.get(key);
    this.#flat.delete(key);
    const closedAtMs = flat?.closedAtMs ?? view.seenAtMs;
    return { closedAtMs, seenAtMs: flat?.seenAtMs ?? Math.max(closedAtMs, view.seenAtMs) };
  }
}

function isApart(first: ReadingTimes, second: ReadingTimes): boolean {
  return second.askedAtMs - first.askedAtMs >= POSITION_LAG_MS_MAX;
}

function isZero({ quantity }: Known): boolean {
  return new Big(quantity).eq(0);
}
