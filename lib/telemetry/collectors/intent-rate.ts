import { integerReply } from "../../redis/reply.ts";
import type { Collector } from "../collector.ts";
import { streamFacts } from "../stream-facts.ts";

const WINDOW_MS = 60_000;
/** Two looks that are closer than this say nothing about a minute. */
const APART_MS_MIN = 900;

interface Look {
  readonly atMs: number;
  readonly added: number;
}

export interface IntentRateState {
  readonly length: number;
  /** Of the last minute, the oldest first; one more that is older, so that a minute is covered. */
  readonly looks: readonly Look[];
  readonly perMinute: number | undefined;
}

/**
 * How many intents are published, from the stream's own count of everything ever added: its length stands still
 * once it is trimmed. There is no rate at the first look, nor after the stream began anew.
 */
export const intentRateCollector: Collector<
  "quantum_trade_intent_stream_length" | "quantum_trade_intent_rate_per_min",
  IntentRateState
> = {
  name: "intent-rate",
  commands: ({ keys }) => [["XINFO", "STREAM", keys.intentStream]],
  decode(replies, { nowMs }, before) {
    const facts = streamFacts(replies.nextUnlessAbsent());
    const added = facts === undefined ? 0 : integerReply(facts.get("entries-added") ?? null);
    const looks = withLook(before?.looks ?? [], { atMs: nowMs, added });
    const [first] = looks;
    const spanMs = first === undefined ? 0 : nowMs - first.atMs;
    return {
      length: facts === undefined ? 0 : integerReply(facts.get("length") ?? null),
      looks,
      perMinute:
        first === undefined || spanMs < APART_MS_MIN
          ? undefined
          : ((added - first.added) * WINDOW_MS) / spanMs,
    };
  },
  readings: ({ length, perMinute }) => ({
    quantum_trade_intent_stream_length: length,
    quantum_trade_intent_rate_per_min: perMinute,
  }),
};

function withLook(before: readonly Look[], look: Look): readonly Look[] {
  const last = before.at(-1);
  // Fewer than ever, or a clock that was set back: this is another stream, or another server.
  if (last === undefined || look.added < last.added || look.atMs < last.atMs) return [look];
  const looks = [...before, look];
  const covering = looks.findLastIndex(({ atMs }) => atMs <= look.atMs - WINDOW_MS);
  return looks.slice(Math.max(0, covering));
}
