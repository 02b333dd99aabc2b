/**
 * What is open at the venue, from its REST readings and its user-data stream.
 *
 * Invariants
 * 1. A failed reading ends no position. What could be read of it is news as the stream's: it adds and changes.
 * 2. Of two readings the one that was begun later counts, in whatever order they come back.
 * 3. The stream only adds what happened after the reading was begun; where both know the same position, the one
 *    whose venue time is later wins.
 */
import Big from "big.js";
import { planSuffix } from "../contract/position-plan.ts";
import type { Exchange, Position } from "../exchange/exchange.ts";
import type { UserEvent } from "../exchange/user-stream.ts";
import { type WatchedPosition, watchedPosition } from "./watched-position.ts";

type PositionEvent = Extract<UserEvent, { kind: "position" }>;

export interface PositionView {
  /** By key; true as far as it is known, however old. */
  readonly positions: ReadonlyMap<string, WatchedPosition>;
  /** Whether the reading that was begun last, of those that have ended, succeeded. */
  readonly lastRead: boolean;
  /** When the reading was begun, monotonic ms. */
  readonly askedAtMs: number;
  /** Everything that filled before this time (venue's clock) is in the reading. */
  readonly seenAtMs: number;
}

/** A position that is not open any more; times on the venue's clock, epoch ms. */
export interface SeenFlat {
  /** When it closed, or was first seen closed. */
  readonly closedAtMs: number;
  /** Everything that filled before had been seen when it was flat. */
  readonly seenAtMs: number;
}

interface Snapshot {
  readonly positions: readonly Position[];
  readonly askedAtMs: number;
  readonly seenAtMs: number;
}

/** Readings at once: one that hangs must not keep the next from being tried. */
const READINGS_MAX = 3;

export class PositionBook {
  readonly #exchange: Pick<Exchange, "positions" | "serverNowMs" | "clockSkewMs">;
  readonly #monotonicMs: () => number;
  readonly #events = new Map<string, { readonly event: PositionEvent; readonly atMs: number }>();
  /** The stream's time of the last zero, until somebody asks for it. */
  readonly #flatSince = new Map<string, number>();
  #snapshot: Snapshot | undefined;
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
    if (!reading.ok) {
      this.#failedAtMs = Math.max(this.#failedAtMs, askedAtMs);
      for (const row of reading.sound ?? []) this.#takeRow(row, askedAtMs);
      return;
    }
    if (this.#snapshot !== undefined && this.#snapshot.askedAtMs >= askedAtMs) return;
    this.#snapshot = { positions: reading.value, askedAtMs, seenAtMs };
    for (const [key, { atMs }] of this.#events) if (atMs <= askedAtMs) this.#events.delete(key);
    for (const row of reading.value) this.#seeOpen(row);
  }

  /** A row of a list that was not read wholly. */
  #takeRow(row: Position, atMs: number): void {
    const { symbol, positionSide, quantity, entryPrice, updateTimeMs: venueMs } = row;
    const key = planSuffix(symbol, positionSide);
    const known = this.#events.get(key);
    if (known !== undefined && known.event.venueMs >= venueMs) return;
    const event = { kind: "position", symbol, positionSide, quantity, entryPrice, venueMs } as const;
    this.#events.set(key, { event, atMs });
    this.#seeOpen(row);
  }

  #seeOpen({ symbol, positionSide, updateTimeMs }: Position): void {
    const key = planSuffix(symbol, positionSide);
    if (updateTimeMs > (this.#flatSince.get(key) ?? Number.POSITIVE_INFINITY)) this.#flatSince.delete(key);
  }

  apply(event: PositionEvent): void {
    const key = planSuffix(event.symbol, event.positionSide);
    this.#events.set(key, { event, atMs: this.#monotonicMs() });
    if (new Big(event.quantity).eq(0)) this.#flatSince.set(key, event.venueMs);
    else this.#flatSince.delete(key);
  }

  /** What is known; undefined before the first successful reading. */
  view(): PositionView | undefined {
    const snapshot = this.#snapshot;
    if (snapshot === undefined) return undefined;
    const positions = new Map<string, WatchedPosition>();
    const listed = new Map<string, Position>();
    for (const position of snapshot.positions) {
      const watched = watchedPosition(position);
      positions.set(watched.key, watched);
      listed.set(watched.key, position);
    }
    for (const [key, { event, atMs }] of this.#events) {
      if (atMs <= snapshot.askedAtMs || (listed.get(key)?.updateTimeMs ?? 0) >= event.venueMs) continue;
      if (new Big(event.quantity).eq(0)) positions.delete(key);
      else positions.set(key, watchedPosition({ ...event, markPrice: listed.get(key)?.markPrice ?? null }));
    }
    return {
      positions,
      lastRead: this.#failedAtMs < snapshot.askedAtMs,
      askedAtMs: snapshot.askedAtMs,
      seenAtMs: snapshot.seenAtMs,
    };
  }

  /** How a position that the view does not list became flat. Forgets it: ask once. */
  takeFlat(key: string, view: PositionView): SeenFlat {
    const closedAtMs = this.#flatSince.get(key);
    this.#flatSince.delete(key);
    if (closedAtMs === undefined) return { closedAtMs: view.seenAtMs, seenAtMs: view.seenAtMs };
    return { closedAtMs, seenAtMs: Math.max(closedAtMs, view.seenAtMs) };
  }
}
