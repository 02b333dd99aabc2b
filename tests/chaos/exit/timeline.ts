import { type PanicCompletion, panicCompletionSchema } from "../../../lib/contract/panic.ts";
import { tradingStateSchema } from "../../../lib/contract/trading-state.ts";
import { entryTimeMs } from "../../../lib/redis/entry-time.ts";
import { readStream } from "../../../scripts/stack/read-pipeline.ts";
import { waitFor } from "../../../scripts/stack/wait-for.ts";
import type { Stage } from "./stage.ts";

/** What happened when, epoch ms; every process of a stage shares this machine's clock. */
export type Timeline = readonly (readonly [atMs: number, what: string])[];

/** How a panic went, read from Redis and the venue and never from a log. */
export interface PanicCourse {
  readonly lastBeatMs: number | undefined;
  readonly panics: readonly { readonly atMs: number; readonly eventId: string; readonly reason: string }[];
  readonly haltedMs: number | undefined;
  readonly firstCloseMs: number | undefined;
  readonly lastCloseMs: number | undefined;
  /** When this program first saw neither a position nor an order that could enlarge one. */
  readonly flatMs: number;
  readonly completions: readonly (PanicCompletion & { readonly atMs: number })[];
  readonly timeline: Timeline;
}

/** Polls the venue until nothing is open and nothing rests; the epoch ms of the first such look. */
export async function seeFlat(stage: Stage, timeoutMs: number): Promise<number> {
  return await waitFor(
    "the account is flat",
    async () => {
      const [positions, resting] = await Promise.all([stage.venue.positions(), stage.venue.resting()]);
      return positions.length === 0 && resting.length === 0 && Date.now();
    },
    { timeoutMs, everyMs: 20 },
  );
}

/** Waits for flat and for a final completion, and reads the course of it. `faultMs`: when it was broken. */
export async function followPanic(
  stage: Stage,
  fault: {
    readonly atMs: number;
    readonly what: string;
    readonly flatWithinMs: number;
    readonly completionWithinMs?: number;
  },
): Promise<PanicCourse> {
  const flatMs = await seeFlat(stage, fault.flatWithinMs);
  await waitFor(
    "a completion says flat",
    async () => (await completionsOf(stage)).some((one) => one.status === "flat"),
    { timeoutMs: fault.completionWithinMs ?? 10_000, everyMs: 50 },
  );
  return await readCourse(stage, { ...fault, flatMs });
}

/** The course so far. */
export async function readCourse(
  stage: Stage,
  seen: { readonly atMs: number; readonly what: string; readonly flatMs: number },
): Promise<PanicCourse> {
  const { eye, keys } = stage;
  const beats = await readStream(eye, keys.heartbeatStream);
  const panics = (await readStream(eye, keys.panicStream)).map(({ id, fields }) => ({
    atMs: entryTimeMs(id),
    eventId: fields["event_id"] ?? "",
    reason: fields["reason"] ?? "",
  }));
  const completions = await completionsOf(stage);
  const closes = (await stage.venue.orders()).filter(
    (order) => order.reduceOnly && order.status === "FILLED" && order.time >= seen.atMs,
  );
  const flat = await eye.command("HGETALL", keys.tradingState).catch(() => []);
  const words = Array.isArray(flat) ? flat.map(String) : [];
  const fields = Object.fromEntries(
    words.flatMap((name, at) => (at % 2 === 0 ? [[name, words[at + 1]]] : [])),
  );
  const state = tradingStateSchema.safeParse(fields).data;
  const haltedMs = state?.halted === "true" ? Number(state.ts) : undefined;
  const lastBeat = beats.map(({ id }) => entryTimeMs(id)).findLast((at) => at <= seen.atMs + 50);
  const times = closes.map((order) => order.time).sort((a, b) => a - b);
  const facts = {
    ...{ lastBeatMs: lastBeat, panics, haltedMs, firstCloseMs: times[0], lastCloseMs: times.at(-1) },
    ...{ flatMs: seen.flatMs, completions },
  };
  return { ...facts, timeline: timelineOf(facts, seen) };
}

async function completionsOf(
  stage: Stage,
): Promise<readonly (PanicCompletion & { readonly atMs: number })[]> {
  const entries = await readStream(stage.eye, stage.keys.panicCompletedStream);
  return entries.map(({ id, fields }) => ({ ...panicCompletionSchema.parse(fields), atMs: entryTimeMs(id) }));
}

function timelineOf(
  facts: Omit<PanicCourse, "timeline">,
  seen: { readonly atMs: number; readonly what: string },
): Timeline {
  const at = (ms: number | undefined, what: string) => (ms === undefined ? [] : [[ms, what] as const]);
  return [
    ...at(facts.lastBeatMs, "last heartbeat"),
    ...at(seen.atMs, seen.what),
    ...facts.panics.map((panic) => [panic.atMs, `panic ${panic.reason}`] as const),
    ...at(facts.haltedMs, "trading halted"),
    ...at(facts.firstCloseMs, "first close"),
    ...at(facts.lastCloseMs, "last close"),
    ...at(facts.flatMs, "seen flat, no order rests"),
    ...facts.completions.map(
      (one) =>
        [one.atMs, `completion ${one.status}: ${one.positions_closed} of ${one.positions_total}`] as const,
    ),
  ].sort(([a], [b]) => a - b);
}

/** The timeline as lines, relative to its first moment. */
export function timelineText(timeline: Timeline): readonly string[] {
  const zero = timeline[0]?.[0] ?? 0;
  return timeline.map(([atMs, what]) => `  ${`+${Math.round(atMs - zero)}`.padStart(7)} ms  ${what}`);
}
