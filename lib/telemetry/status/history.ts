import type { StatusView } from "./status-view.ts";

/** One moment of what is plotted; null: not known then. */
export interface HistoryPoint {
  readonly atMs: number;
  readonly intentsPerMin: number | null;
  readonly rate: number | null;
  readonly backlog: number | null;
  readonly heartbeatAgeSec: number | null;
}

const SPAN_MS = 3_600_000;
/** No closer than this: an hour is 240 points, however often somebody watches. */
const APART_MS_MIN = 14_000;

/** The last hour, in memory: a constant number of points. */
export class History {
  #points: readonly HistoryPoint[] = [];

  /** Oldest first. */
  get points(): readonly HistoryPoint[] {
    return this.#points;
  }

  note(view: StatusView): void {
    const atMs = view.now_ms;
    const last = this.#points.at(-1);
    if (last !== undefined && atMs - last.atMs < APART_MS_MIN && atMs >= last.atMs) return;
    const { heartbeat, rates, backlog } = view;
    const point = {
      ...{ atMs, intentsPerMin: view.intents_per_min, rate: rates.global.sliding, backlog: backlog.now },
      heartbeatAgeSec: heartbeat === null || heartbeat.atMs === undefined ? null : heartbeat.ageSec,
    };
    const kept = this.#points.filter((one) => one.atMs > atMs - SPAN_MS && one.atMs < atMs);
    this.#points = [...kept, point];
  }
}
