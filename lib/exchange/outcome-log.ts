/**
 * What the log says of requests that the venue did not accept: of a venue that is away there are many a second.
 *
 * 1 The first outcome of a kind is told at once, and after it one line a minute at most with how many it stands for;
 *   a kind is one row of the outcome table and one code, of one request.
 * 2 An episode ends when the request is accepted again, or after a minute without another such outcome. Its end is told
 *   where it had more than one, with all of them counted, once a minute at most.
 * 3 What is part of ordinary trading goes to the level debug, every one of it.
 */
import type { Outcome } from "./outcome-classes.ts";
import type { VenueRequest } from "./venue-transport.ts";

const LINE_EVERY_MS = 60_000;
/** More kinds than requests and rows make: beyond it all are forgotten, and told anew. */
const KINDS_MAX = 500;

type Asked = Pick<VenueRequest, "method" | "path">;

interface Episode {
  readonly request: Asked;
  readonly row: string;
  sinceMs: number;
  lastMs: number;
  /** Outcomes of this episode; 0: none stands. */
  count: number;
  /** Those of them that no line stands for yet. */
  untold: number;
  toldAtMs: number;
  endToldAtMs: number;
}

export interface OutcomeLogLines {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export class OutcomeLog {
  readonly #lines: OutcomeLogLines;
  readonly #monotonicMs: () => number;
  readonly #episodes = new Map<string, Episode>();
  #standing = 0;

  constructor(lines: OutcomeLogLines, monotonicMs: () => number) {
    this.#lines = lines;
    this.#monotonicMs = monotonicMs;
  }

  /** Told of every request that was not accepted. */
  note(outcome: Outcome, { method, path }: Asked): void {
    const { row, httpStatus, code, message, retryAfterMs } = outcome;
    const fields = { method, path, row, httpStatus, code, message, retryAfterMs };
    const quiet = row === "WITHHELD" || outcome.class === "ALREADY" || outcome.class === "FINAL";
    if (quiet && outcome.advice !== "STOP_ENTRIES") {
      this.#lines.debug(fields, "VENUE_OUTCOME");
      return;
    }
    const nowMs = this.#monotonicMs();
    const episode = this.#episodeOf({ method, path }, row, code ?? httpStatus ?? "");
    if (episode.count === 0) {
      this.#standing += 1;
      episode.sinceMs = nowMs;
    }
    episode.count += 1;
    episode.lastMs = nowMs;
    if (nowMs - episode.toldAtMs < LINE_EVERY_MS) {
      episode.untold += 1;
      return;
    }
    episode.toldAtMs = nowMs;
    const more = episode.untold === 0 ? {} : { left_out: episode.untold };
    episode.untold = 0;
    this.#lines.warn({ ...fields, ...more }, "VENUE_OUTCOME");
  }

  /** Told of every request that was accepted. */
  accepted({ method, path }: Asked): void {
    if (this.#standing === 0) return;
    const nowMs = this.#monotonicMs();
    for (const episode of this.#episodes.values()) {
      if (episode.count === 0) continue;
      const { request } = episode;
      const same = request.method === method && request.path === path;
      if (same || nowMs - episode.lastMs >= LINE_EVERY_MS) this.#end(episode, nowMs);
    }
  }

  #end(episode: Episode, nowMs: number): void {
    if (episode.count > 1) {
      // It stands until its end may be told: what begins anew within the minute is part of it.
      if (nowMs - episode.endToldAtMs < LINE_EVERY_MS) return;
      episode.endToldAtMs = nowMs;
      const { request, row, count, sinceMs, lastMs } = episode;
      this.#lines.warn({ ...request, row, count, lasted_ms: lastMs - sinceMs }, "VENUE_OUTCOME_OVER");
    }
    this.#standing -= 1;
    episode.count = 0;
    episode.untold = 0;
  }

  #episodeOf(request: Asked, row: string, code: number | string): Episode {
    const kind = `${request.method} ${request.path} ${row} ${code}`;
    const known = this.#episodes.get(kind);
    if (known !== undefined) return known;
    if (this.#episodes.size >= KINDS_MAX) {
      this.#episodes.clear();
      this.#standing = 0;
    }
    const never = Number.NEGATIVE_INFINITY;
    const made = {
      ...{ request, row, sinceMs: 0, lastMs: 0, count: 0, untold: 0 },
      toldAtMs: never,
      endToldAtMs: never,
    };
    this.#episodes.set(kind, made);
    return made;
  }
}
