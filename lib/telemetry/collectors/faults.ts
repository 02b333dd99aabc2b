import { isBeforeId } from "../../redis/entry-order.ts";
import { entryTimeMs } from "../../redis/entry-time.ts";
import { integerReply, listReply, textReply } from "../../redis/reply.ts";
import { decodeEntries } from "../../redis/stream-entry.ts";
import type { Collector } from "../collector.ts";
import { labelText } from "../label-text.ts";
import { streamFacts } from "../stream-facts.ts";

const HOUR_MS = 3_600_000;
const RECENT = 10;

export interface RecentFault {
  readonly id: string;
  readonly atMs: number;
  readonly reason: string;
  readonly symbol: string;
  readonly side: string;
  /** `3/2 of all, 0/1 of the symbol`: counts against their limits. */
  readonly counts: { readonly global: string; readonly symbol: string };
  /** Refusals it stands for; 1 for a fault of its own. */
  readonly standsFor: number;
}

export interface FaultsState {
  readonly length: number;
  readonly lastHour: number;
  /** When the events of the last hour were written, newest first. */
  readonly times: readonly number[];
  /** The newest event that is among them. */
  readonly newestId: string | undefined;
  /** Newest first. */
  readonly recent: readonly RecentFault[];
}

/**
 * The fault stream. The last hour is counted by entry ids, and no further back than FAULT_LOOKBACK_MAX events: more
 * than that in an hour shows as exactly that. Only the first sample reads them all; the others read what is new.
 */
export const faultsCollector: Collector<
  | "quantum_safety_fault_stream_length"
  | "quantum_safety_faults_last_1h"
  | "quantum_safety_last_fault_timestamp"
  | "quantum_safety_last_fault_info",
  FaultsState
> = {
  name: "faults",
  commands: ({ keys, nowMs, limits }, before) => [
    ["XINFO", "STREAM", keys.faultStream],
    ["XREVRANGE", keys.faultStream, "+", "-", "COUNT", String(RECENT)],
    [
      ...["XREVRANGE", keys.faultStream, "+", startOf(before?.newestId, nowMs - HOUR_MS)],
      ...["COUNT", String(limits.faultLookbackMax)],
    ],
  ],
  decode(replies, { nowMs, limits }, before) {
    const facts = streamFacts(replies.nextUnlessAbsent());
    const recent = decodeEntries(replies.next()).entries.map(({ id, fields }) => recentFault(id, fields));
    const fresh = listReply(replies.next()).map((entry) => textReply(listReply(entry)[0] ?? null));
    const length = facts === undefined ? 0 : integerReply(facts.get("length") ?? null);
    // Another stream than before, an emptied Redis's: what is known of the old one is not true of it.
    const anew = before?.newestId !== undefined && !endsAtOrAfter(facts, before.newestId);
    const oldest = length === 0 ? Number.POSITIVE_INFINITY : oldestMs(facts);
    const known = anew
      ? recent.map(({ atMs }) => atMs)
      : [...fresh.map(entryTimeMs), ...(before?.times ?? [])];
    const times = known
      .filter((atMs) => atMs >= Math.max(nowMs - HOUR_MS, oldest))
      .slice(0, limits.faultLookbackMax);
    const newestId = anew ? undefined : (fresh[0] ?? before?.newestId);
    return { length, recent, times, newestId, lastHour: times.length };
  },
  readings({ length, lastHour, recent: [last] }) {
    return {
      quantum_safety_fault_stream_length: length,
      quantum_safety_faults_last_1h: lastHour,
      quantum_safety_last_fault_timestamp: last === undefined ? 0 : last.atMs / 1000,
      quantum_safety_last_fault_info:
        last === undefined
          ? []
          : [{ labels: { reason: last.reason, side: last.side, symbol: last.symbol }, value: 1 }],
    };
  },
};

/** After what is known, and not before the hour began. */
function startOf(newestId: string | undefined, hourBeganMs: number): string {
  return newestId !== undefined && entryTimeMs(newestId) >= hourBeganMs
    ? `(${newestId}`
    : String(hourBeganMs);
}

type Facts = ReturnType<typeof streamFacts>;

function endsAtOrAfter(facts: Facts, id: string): boolean {
  const last = facts === undefined ? "0-0" : textReply(facts.get("last-generated-id") ?? null);
  return !isBeforeId(last, id);
}

/** When the oldest event that the stream still holds was written. */
function oldestMs(facts: Facts): number {
  const first = facts?.get("first-entry");
  return first === null || first === undefined ? 0 : entryTimeMs(textReply(listReply(first)[0] ?? null));
}

function recentFault(id: string, fields: Readonly<Record<string, string>>): RecentFault {
  const text = (name: string) => labelText(fields[name] ?? "");
  return {
    id,
    atMs: entryTimeMs(id),
    reason: text("reason"),
    symbol: text("symbol"),
    side: text("side"),
    counts: {
      global: `${text("global_count")}/${text("global_max")}`,
      symbol: `${text("symbol_count")}/${text("symbol_max")}`,
    },
    standsFor: Math.max(1, Number(fields["suppressed"] ?? "1") || 1),
  };
}
