import { panicCompletionSchema, panicEventSchema } from "../../contract/panic.ts";
import { entryTimeMs } from "../../redis/entry-time.ts";
import { listReply, optionalTextReply } from "../../redis/reply.ts";
import { decodeEntries } from "../../redis/stream-entry.ts";
import { ageSeconds } from "../age-seconds.ts";
import type { Collector } from "../collector.ts";

/** Panics and completions that are looked at; a panic that is older than so many others is history. */
const PANICS_MAX = 50;
const COMPLETIONS_MAX = 200;

export interface PanicView {
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
 * the halt after it. Entries that are no panics are refused by the worker and not shown as open here.
 */
export const panicsCollector: Collector<"quantum_panic_open_age_seconds", PanicsState> = {
  name: "panics",
  commands: ({ keys }) => [
    ["XREVRANGE", keys.panicStream, "+", "-", "COUNT", String(PANICS_MAX)],
    ["XREVRANGE", keys.panicCompletedStream, "+", "-", "COUNT", String(COMPLETIONS_MAX)],
    ["HMGET", keys.tradingState, "cleared_at"],
  ],
  decode(replies, { nowMs }) {
    const events = decodeEntries(replies.next()).entries;
    const ended = newestCompletions(decodeEntries(replies.next()).entries);
    const clearedAt = replies.nextUnlessUnreadable();
    const unreadable = typeof clearedAt === "object" && clearedAt !== null && "unreadable" in clearedAt;
    const clearedMs = unreadable ? 0 : Number(optionalTextReply(listReply(clearedAt)[0] ?? null) ?? "0") || 0;
    const panics = events.flatMap(({ id, fields }): readonly PanicView[] => {
      const event = panicEventSchema.safeParse(fields);
      if (!event.success) return [];
      const { event_id: eventId, reason, issued_by: issuedBy } = event.data;
      const atMs = entryTimeMs(id);
      const status = ended.get(eventId);
      const open = (status === undefined || status === "failed") && clearedMs < atMs;
      return [{ eventId, reason, issuedBy, atMs, status, open }];
    });
    const oldest = panics.findLast(({ open }) => open);
    return { panics, openAgeSec: oldest === undefined ? 0 : ageSeconds(nowMs, oldest.atMs) };
  },
  readings: ({ openAgeSec }) => ({ quantum_panic_open_age_seconds: openAgeSec }),
};

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
