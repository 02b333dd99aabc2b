import { panicCompletionSchema, panicEventSchema } from "../../contract/panic.ts";
import { clearedThroughOf } from "../../contract/trading-state.ts";
import { isBeforeId } from "../../redis/entry-order.ts";
import { entryTimeMs } from "../../redis/entry-time.ts";
import { listReply, optionalTextReply } from "../../redis/reply.ts";
import { decodeEntries } from "../../redis/stream-entry.ts";
import { addedMs, ageSeconds } from "../age-seconds.ts";
import type { Collector } from "../collector.ts";
import type { Replies } from "../replies.ts";

/** Panics and completions that are looked at; of open ones that more recent panics push out, so many are remembered. */
const PANICS_MAX = 50;
const COMPLETIONS_MAX = 200;

export interface PanicView {
  /** Of its entry. */
  readonly id: string;
  readonly eventId: string;
  readonly reason: string;
  readonly issuedBy: string;
  readonly atMs: number;
  /** Its newest completion; undefined while there is none. */
  readonly status: string | undefined;
  /** Neither flat, joined, refused, nor cleared by an operator. */
  readonly open: boolean;
}

export interface PanicsState {
  /** Newest first. */
  readonly panics: readonly PanicView[];
  readonly openAgeSec: number;
}

/**
 * Panics and how they ended. `failed` is not an end: the worker goes on until all is flat, unless an operator clears
 * the halt after it. Which came first is judged as the worker judges it, by the stream's order: a panic that Redis took
 * while its clock was behind is not one that a clearing answered. Entries that are no panics are refused by the worker
 * and not shown as open here; panics from before its installation it refuses by their time, and here as it recorded it.
 */
export const panicsCollector: Collector<"quantum_panic_open_age_seconds", PanicsState> = {
  name: "panics",
  commands: ({ keys }) => [
    ["XREVRANGE", keys.panicStream, "+", "-", "COUNT", String(PANICS_MAX)],
    ["XREVRANGE", keys.panicCompletedStream, "+", "-", "COUNT", String(COMPLETIONS_MAX)],
    ["HMGET", keys.tradingState, "cleared_through", "cleared_at"],
  ],
  decode(replies, { nowMs }, before) {
    const events = decodeEntries(replies.next()).entries;
    const ended = newestCompletions(decodeEntries(replies.next()).entries);
    const isCleared = clearingOf(replies.nextUnlessUnreadable());
    const judged = (panic: Omit<PanicView, "open">): PanicView => {
      const status = ended.get(panic.eventId) ?? panic.status;
      const open = (status === undefined || status === "failed") && !isCleared(panic.id);
      return { ...panic, status, open };
    };
    const listed = events.flatMap(({ id, fields }): readonly PanicView[] => {
      const event = panicEventSchema.safeParse(fields);
      if (!event.success) return [];
      const { event_id: eventId, reason, issued_by: issuedBy } = event.data;
      const known = before?.panics.find((one) => one.id === id)?.atMs;
      const atMs = addedMs(entryTimeMs(id), nowMs, known);
      return [judged({ id, eventId, reason, issuedBy, atMs, status: undefined })];
    });
    const first = events.length < PANICS_MAX ? undefined : events.at(-1)?.id;
    const pushedOut = (before?.panics ?? [])
      .filter(({ id }) => first !== undefined && isBeforeId(id, first))
      .map(judged)
      .filter(({ open }) => open);
    const panics = [...listed, ...pushedOut.slice(-PANICS_MAX)];
    const oldest = panics.findLast(({ open }) => open);
    return { panics, openAgeSec: oldest === undefined ? 0 : ageSeconds(nowMs, oldest.atMs) };
  },
  readings: ({ openAgeSec }) => ({ quantum_panic_open_age_seconds: openAgeSec }),
};

/** Whether an operator's clearing answers the panic of an entry. */
function clearingOf(reply: ReturnType<Replies["nextUnlessUnreadable"]>): (id: string) => boolean {
  if (typeof reply === "object" && reply !== null && "unreadable" in reply) return () => false;
  const [field, atField] = listReply(reply).map(optionalTextReply);
  const through = clearedThroughOf(field);
  if (through !== undefined) return (id) => !isBeforeId(through, id);
  // Time is all that a clearing by an earlier version left; an id that is none answers nothing.
  const atMs = field === undefined ? Number(atField ?? "0") || 0 : 0;
  return (id) => entryTimeMs(id) <= atMs;
}

/** From entries that begin with the newest. */
function newestCompletions(
  entries: readonly { readonly fields: Readonly<Record<string, string>> }[],
): ReadonlyMap<string, string> {
  const newest = new Map<string, string>();
  for (const { fields } of entries) {
    const completion = completionHead.safeParse(fields);
    if (completion.success && !newest.has(completion.data.event_id)) {
      newest.set(completion.data.event_id, completion.data.status);
    }
  }
  return newest;
}

const completionHead = panicCompletionSchema.pick({ event_id: true, status: true });
